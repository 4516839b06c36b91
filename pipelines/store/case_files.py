"""What is stored of some people as far as duties go: the people, their placements, services and acts, by id."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, null, select

from matching.duties.duty import CaseFile
from matching.entities import Candidate
from matching.identity import birth_and_sex_of
from matching.vocabulary import Sex
from pipelines.access.roles import Subject
from pipelines.plan_schema import ENROLMENTS
from pipelines.schema import INTERACTIONS, PLACEMENTS, SERVICES
from pipelines.store.plans import PlanRepository
from pipelines.store.repositories import CandidateRepository, TableRepository
from pipelines.store.tables import fact_sources
from pipelines.venture_tables import VENTURES, VISITS

_MANY = 400  # keys in one statement: SQLite takes a limited number of parameters
_CLOSED = frozenset({"name", "phone", "address"})
Birth = tuple[date | None, Sex | None]


class CaseFiles(CandidateRepository):
    """The files of people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, subject)
        # By the person and what is sealed: the birth date as it is written in ISO 8601.
        self.open_birth = self._vault.opener("candidates", "birth_date")
        self._open_number = self._vault.opener("candidates", "certificate_number")
        self._beside = [
            TableRepository(connection, spec, subject)
            for spec in (PLACEMENTS, SERVICES, INTERACTIONS, ENROLMENTS, VENTURES, VISITS)
        ]

    def files(self, candidate_ids: Sequence[str]) -> dict[str, CaseFile]:
        """Return the files of some people by id; who is not visible is left out. Good matches are not filled in."""
        told = self._told("household_kinds", candidate_ids)
        plans = PlanRepository(self.connection, self.subject).as_duties_see(candidate_ids)
        each = (_of_people(one, candidate_ids) for one in self._beside)
        placements, services, interactions, enrolments, ventures, visits = each
        return {
            candidate_id: CaseFile(
                person,
                tuple(placements.get(candidate_id, ())),
                tuple(services.get(candidate_id, ())),
                tuple(interactions.get(candidate_id, ())),
                plans=tuple(plans.get(candidate_id, ())),
                enrolments=tuple(enrolments.get(candidate_id, ())),
                ventures=tuple(ventures.get(candidate_id, ())),
                visits=tuple(visits.get(candidate_id, ())),
                household_told_on=told.get(candidate_id),
            )
            for candidate_id, person in self._some(candidate_ids).items()
        }

    def _told(self, fact: str, candidate_ids: Sequence[str]) -> dict[str, date]:
        """Return the day on which a fact of these visible people was supplied."""
        c, found = fact_sources.c, dict[str, date]()
        for part in _parts(candidate_ids):
            within = self._readable(self.table.c.candidate_id).where(self.table.c.candidate_id.in_(part))
            wanted = select(c.candidate_id, c.supplied_on).where(c.fact == fact, c.candidate_id.in_(within))
            found.update({row.candidate_id: row.supplied_on for row in self.connection.execute(wanted)})
        return found

    def _some(self, candidate_ids: Sequence[str]) -> dict[str, Candidate]:
        """Return some people by id; name, phone and address stay closed."""
        columns = [null() if c.name in _CLOSED else c for c in self._columns]
        found: dict[str, Candidate] = {}
        for part in _parts(candidate_ids):
            wanted = self._readable(*columns).where(self.table.c.candidate_id.in_(part))
            found.update((person.candidate_id, person) for person in self._entities(wanted))
        return found

    def births(self, candidate_ids: Sequence[str]) -> dict[str, Birth]:
        """Return birth date and sex of some people, from the certificate where they were not stated."""
        c, found = self.table.c, dict[str, Birth]()
        for part in _parts(candidate_ids):
            wanted = self._readable(c.candidate_id, c.birth_date, c.certificate_number, c.sex)
            for row in self.connection.execute(wanted.where(c.candidate_id.in_(part))):
                found[row.candidate_id] = self.birth_of(*row)
        return found

    def birth_of(self, candidate_id: str, birth_date: str | None, number: str | None, sex: str | None) -> Birth:
        """Return birth date and sex as they follow from the stored columns; the number is opened where it is needed."""
        born, known = self.birth_texts(candidate_id, birth_date, number, sex)
        return None if born is None else date.fromisoformat(born), None if known is None else Sex(known)

    def birth_texts(
        self, candidate_id: str, birth_date: str | None, number: str | None, sex: str | None
    ) -> tuple[str | None, str | None]:
        """Return the same as they are stored: a day as ISO 8601, and the value of a sex."""
        born = None if birth_date is None else self.open_birth(candidate_id, birth_date)
        if number is None or (born is not None and sex is not None):
            return born, sex
        told, known = birth_and_sex_of(self._open_number(candidate_id, number))
        return born or told, sex or known


def _of_people(repository: TableRepository, candidate_ids: Sequence[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for part in _parts(candidate_ids):
        wanted = repository._select().where(repository.table.c.candidate_id.in_(part))
        for entity in repository._entities(wanted):
            found.setdefault(entity.candidate_id, []).append(entity)
    return found


def _parts(candidate_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (candidate_ids[start : start + _MANY] for start in range(0, len(candidate_ids), _MANY))
