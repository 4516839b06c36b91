"""Everything stored that a question about money or duty needs: people, employers, placements, services, vacancies.

What is not stored stays unknown and is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from sqlalchemy import Connection

from matching.entities import Candidate, CandidateId, Employer, EmployerId, Placement, Service, Vacancy, VacancyId
from matching.rules.subjects import candidate_facts, employer_facts, placement_facts, runs_on
from matching.rules.values import Value
from pipelines.access.roles import Subject
from pipelines.errors import PipelineError
from pipelines.store.repositories import (
    CandidateRepository,
    EmployerRepository,
    PlacementRepository,
    ServiceRepository,
    VacancyRepository,
)


@dataclass(frozen=True)
class Case:
    """Everything stored that a question about money or duty needs."""

    candidates: Mapping[CandidateId, Candidate]
    employers: Mapping[EmployerId, Employer]
    placements: Sequence[Placement]
    services: Sequence[Service] = ()
    vacancies: Mapping[VacancyId, Vacancy] | None = None
    same_phone: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Who else has the same telephone, by id; found by marks, so that nobody's is opened."""

    @cached_property
    def placements_of(self) -> Mapping[str, Sequence[Placement]]:
        """Placements by the id of the person and by the id of the employer."""
        found: dict[str, list[Placement]] = {}
        for placement in self.placements:
            found.setdefault(placement.candidate_id, []).append(placement)
            if placement.employer_id is not None:
                found.setdefault(placement.employer_id, []).append(placement)
        return found

    @cached_property
    def _services_of(self) -> Mapping[str, Sequence[Service]]:
        found: dict[str, list[Service]] = {}
        for service in self.services:
            found.setdefault(service.candidate_id, []).append(service)
        return found

    @cached_property
    def _years_with_services(self) -> frozenset[int]:
        return frozenset(service.on.year for service in self.services)

    def services_for(self, candidate_id: CandidateId, day: date) -> Sequence[Service] | None:
        """Return a person's services; None in a year for which no service of anybody was entered."""
        return self._services_of.get(candidate_id, ()) if day.year in self._years_with_services else None

    def person_facts(self, candidate: Candidate, day: date) -> dict[str, Value]:
        """Return what is stored of a person on a day, placements and services included."""
        own = self.placements_of.get(candidate.candidate_id, ())
        return candidate_facts(candidate, day, own, self.services_for(candidate.candidate_id, day))

    def employer_facts(self, employer: Employer, day: date) -> dict[str, Value]:
        """Return what is stored of an employer on a day, its placements included."""
        return employer_facts(employer, day, self.placements_of.get(employer.employer_id, ()))

    def placement_facts(self, placement: Placement, day: date) -> dict[str, Value]:
        """Return what is stored of a placement, its person and its employer on a day."""
        facts: dict[str, Value] = {}
        if placement.employer_id is not None and placement.employer_id in self.employers:
            facts |= self.employer_facts(self.employers[placement.employer_id], day)
        candidate = self.candidates.get(placement.candidate_id)
        if candidate is not None:
            facts |= self.person_facts(candidate, day)
            # Whether the person has work is asked of the time before and beside this placement.
            others = [one for one in self.placements_of[placement.candidate_id] if one is not placement]
            if not any(runs_on(one, day) for one in others):
                facts.pop("employed", None)
        return facts | placement_facts(placement, day)

    def employer(self, employer_id: str) -> Employer:
        """Return an employer.

        Raises
        ------
        PipelineError
            When there is none with this id.
        """
        found = self.employers.get(EmployerId(employer_id))
        if found is None:
            raise PipelineError("没有这个用人单位编号")
        return found

    def candidate(self, candidate_id: str) -> Candidate:
        """Return a person.

        Raises
        ------
        PipelineError
            When there is none with this id.
        """
        found = self.candidates.get(CandidateId(candidate_id))
        if found is None:
            raise PipelineError("没有这个求职者编号")
        return found


def load_case(connection: Connection, subject: Subject) -> Case:
    """Read what the subject sees of people, employers, placements, services and vacancies from the store."""
    return Case(
        {person.candidate_id: person for person in CandidateRepository(connection, subject).all()},
        {employer.employer_id: employer for employer in EmployerRepository(connection, subject).all()},
        PlacementRepository(connection, subject).all(),
        ServiceRepository(connection, subject).all(),
        {vacancy.vacancy_id: vacancy for vacancy in VacancyRepository(connection, subject).all()},
    )
