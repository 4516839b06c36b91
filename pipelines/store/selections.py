"""The few rows that one person's or one employer's question needs, each found by its index."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from sqlalchemy import Connection, or_

from matching.entities import Candidate, Employer, Placement, Service, Vacancy
from pipelines.access.roles import Subject
from pipelines.store.repositories import (
    CandidateRepository,
    EmployerRepository,
    PlacementRepository,
    ServiceRepository,
    VacancyRepository,
)

_MANY = 400  # values in one statement: SQLite takes a limited number of parameters


def _parts(values: Iterable[str]) -> Iterator[Sequence[str]]:
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), _MANY):
        yield wanted[start : start + _MANY]


class SomeCandidates(CandidateRepository):
    """People by their ids."""

    def of(self, candidate_ids: Iterable[str]) -> list[Candidate]:
        """Return the visible ones of these people, without who supplied their facts."""
        c = self.table.c.candidate_id
        return [one for part in _parts(candidate_ids) for one in self._entities(self._select().where(c.in_(part)))]


class SomeEmployers(EmployerRepository):
    """Employers by their ids."""

    def of(self, employer_id: str) -> Employer | None:
        """Return one visible employer, or None."""
        found = self._entities(self._select().where(self.table.c.employer_id == employer_id))
        return found[0] if found else None


class SomePlacements(PlacementRepository):
    """Placements by whom they are of."""

    def of_employer(self, employer_id: str) -> list[Placement]:
        """Return the visible placements with an employer."""
        return self._entities(self._select().where(self.table.c.employer_id == employer_id))

    def of_employers(self, employer_ids: Iterable[str], first: date, last: date) -> list[Placement]:
        """Return the visible placements with some employers that may touch the days from the first to the last."""
        c = self.table.c
        runs = (or_(c.starts_on.is_(None), c.starts_on <= last), or_(c.ends_on.is_(None), c.ends_on >= first))
        return [
            one
            for part in _parts(employer_ids)
            for one in self._entities(self._select().where(c.employer_id.in_(part), *runs))
        ]

    def of_id(self, placement_id: str) -> Placement | None:
        """Return one visible placement, or None."""
        found = self._entities(self._select().where(self.table.c.placement_id == placement_id))
        return found[0] if found else None

    def of_candidates(self, candidate_ids: Iterable[str]) -> list[Placement]:
        """Return the visible placements of people."""
        c = self.table.c.candidate_id
        return [one for part in _parts(candidate_ids) for one in self._entities(self._select().where(c.in_(part)))]

    def of_days(self, days: Iterable[date]) -> list[Placement]:
        """Return the visible placements that begin on some days."""
        c, wanted = self.table.c.starts_on, list(dict.fromkeys(days))
        parts = (wanted[start : start + _MANY] for start in range(0, len(wanted), _MANY))
        return [one for part in parts for one in self._entities(self._select().where(c.in_(part)))]


class SomeVacancies(VacancyRepository):
    """Vacancies by their ids."""

    def of(self, vacancy_ids: Iterable[str]) -> list[Vacancy]:
        """Return the visible ones of these vacancies."""
        c = self.table.c.vacancy_id
        return [one for part in _parts(vacancy_ids) for one in self._entities(self._select().where(c.in_(part)))]


class SomeServices(ServiceRepository):
    """Services by whom they were for."""

    def of_candidate(self, candidate_id: str) -> list[Service]:
        """Return the visible services for a person."""
        return self._entities(self._select().where(self.table.c.candidate_id == candidate_id))

    def any_in(self, year: int) -> list[Service]:
        """Return one visible service of anybody in a year, or none."""
        c = self.table.c.on
        within = self._readable().where(c >= date(year, 1, 1), c <= date(year, 12, 31)).limit(1)
        return self._entities(within)


def some(connection: Connection, subject: Subject) -> tuple[SomeCandidates, SomePlacements, SomeServices]:
    """Return the repositories of people, placements and services for a subject."""
    return (
        SomeCandidates(connection, subject),
        SomePlacements(connection, subject),
        SomeServices(connection, subject),
    )
