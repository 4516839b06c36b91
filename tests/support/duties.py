"""People as duties see them: whole files with a few facts, and a drawn world of them for comparisons."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import Connection

from matching.duties.duty import CaseFile
from matching.entities import Candidate, CandidateId, Interaction, Placement, Service, VacancyId
from matching.plans import Enrolment, EnrolmentKind, EnrolmentStatus, Plan, PlanKind
from matching.ventures import Venture, VentureKind, Visit, VisitKind
from matching.vocabulary import (
    Education,
    HouseholdKind,
    Hukou,
    InteractionKind,
    PlacementForm,
    ServiceKind,
    Sex,
    YesNo,
)
from pipelines.plan_schema import ENROLMENTS
from pipelines.schema import CANDIDATES, INTERACTIONS, PLACEMENTS, SERVICES, VACANCIES, TableSpec
from pipelines.store.plans import PlanRepository
from pipelines.store.repositories import CandidateRepository, TableRepository
from pipelines.store.tasks import TaskRepository
from pipelines.venture_tables import VENTURES, VISITS
from tests.support.stores import PROGRAM, noted

PLACES = ("620102", "620103", "620100", "620502", "620171", "620299", "620201", None)
_VACANCIES = 4


def a_file(**facts: Any) -> CaseFile:
    """Return a file: `placements`, `services` and `interactions` beside the facts of the person."""
    beside = {
        name: tuple(facts.pop(name, ()))
        for name in ("placements", "services", "interactions", "plans", "enrolments", "ventures", "visits")
    }
    strong, told = facts.pop("strong_matches", None), facts.pop("household_told_on", None)
    person = Candidate(candidate_id=CandidateId(facts.pop("id", "c-1")), **facts)
    return CaseFile(person, **beside, strong_matches=strong, household_told_on=told)


def looking(**facts: Any) -> CaseFile:
    """Return a man of 36 who has been registered as out of work for years and wishes to work."""
    usual = {
        "birth_date": date(1990, 1, 1), "sex": Sex.MALE, "job_wish": YesNo.YES, "unemployed_since": date(2020, 5, 4),
    }  # fmt: skip
    return a_file(**{**usual, **facts})


def served(kind: ServiceKind, on: date, owner: str = "c-1") -> Service:
    """Return a service given."""
    return Service(candidate_id=CandidateId(owner), kind=kind, on=on)


def job(starts: date | None, ends: date | None = None, **facts: Any) -> Placement:
    """Return a placement."""
    usual = {"placement_id": "p-1", "candidate_id": CandidateId("c-1")}
    return Placement(**{**usual, "starts_on": starts, "ends_on": ends, **facts})


def act(kind: InteractionKind, at: date, vacancy: str = "v-1") -> Interaction:
    """Return an act."""
    return Interaction(candidate_id=CandidateId("c-1"), vacancy_id=VacancyId(vacancy), kind=kind, at=at)


class World:
    """People drawn so that every fact is now and then unknown, and days fall on both sides of every term."""

    def __init__(self, seed: int, on: date, n_people: int = 60) -> None:
        self.rng, self.on = np.random.default_rng(seed), on
        self.files = [self._file(f"c-{number:03d}") for number in range(n_people)]

    def _one(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def _day(self, first: int, last: int) -> date:
        return self.on + timedelta(days=int(self.rng.integers(first, last + 1)))

    def _maybe(self, share: float, value: Any) -> Any:
        return value if self.rng.random() < share else None

    def _birthday(self) -> date:
        """Return a birth date, often close to the ends of the band, some on 29 February."""
        years = self._one(15, 16, 17, 30, 45, 54, 55, 59, 60, 70)
        born = self._one(self.on.replace(day=1), self.on, self.on + timedelta(days=self._one(-1, 1, 40)))
        born = born.replace(year=born.year - years, day=min(born.day, 28))
        return date(1972, 2, 29) if self.rng.random() < 0.05 else born

    def _file(self, owner: str) -> CaseFile:
        key = CandidateId(owner)
        person = Candidate(
            candidate_id=key,
            birth_date=self._maybe(0.85, self._birthday()),
            sex=self._maybe(0.8, self._one(*Sex)),
            region=self._one(*PLACES),
            hukou=self._maybe(0.8, self._one(*Hukou)),
            job_wish=self._maybe(0.7, self._one(YesNo.YES, YesNo.YES, YesNo.NO)),
            unemployed_since=self._maybe(0.75, self._day(-900, 20)),
            education=self._maybe(0.8, self._one(*Education)),
            graduated_on=self._maybe(0.4, self._day(-800, 200)),
            certificate_valid_until=self._maybe(0.5, self._day(-100, 200)),
            hard_to_employ_until=self._maybe(0.4, self._day(-250, 120)),
            household_id=self._maybe(0.7, f"h-{int(self.rng.integers(25)):02d}"),
            household_kinds=self._maybe(0.6, (self._one(*HouseholdKind),)) or (),
        )
        placements = tuple(self._placement(key, n) for n in range(self._one(0, 0, 1, 1, 2)))
        services = {
            (kind, day): Service(candidate_id=key, kind=kind, on=day)
            for kind, day in ((self._one(*ServiceKind), self._day(-700, 15)) for _ in range(self._one(0, 1, 3, 6)))
        }
        acts = {
            (one.vacancy_id, one.kind, one.at): one for one in (self._act(key) for _ in range(self._one(0, 1, 4, 7)))
        }
        enrolments = tuple(self._enrolment(key, number) for number in range(self._one(0, 0, 1, 2)))
        ventures = tuple(self._venture(key, number) for number in range(self._one(0, 0, 1, 2)))
        visits = tuple(self._visit(key, number, ventures) for number in range(self._one(0, 0, 1, 3)))
        plans = tuple(self._plan(owner, kind) for kind in PlanKind if self.rng.random() < 0.5)
        return CaseFile(
            person, placements, tuple(services.values()), tuple(acts.values()), plans=plans, enrolments=enrolments,
            ventures=ventures, visits=visits,
            household_told_on=self._maybe(0.6, self._day(-130, 0)) if person.household_kinds else None,
        )  # fmt: skip

    def _enrolment(self, owner: str, number: int) -> Enrolment:
        starts = self._maybe(0.9, self._day(-90, 90))
        ends = self._maybe(0.9, self._day(-90, 90))
        if starts is not None and ends is not None and ends < starts:
            starts, ends = ends, starts
        kind = self._one(
            EnrolmentKind.EXAM, EnrolmentKind.CONTINUING, EnrolmentKind.APPRAISAL, EnrolmentKind.COURSE,
            EnrolmentKind.COACHING,
        )  # fmt: skip
        status = self._maybe(0.7, self._one(*EnrolmentStatus))
        return Enrolment(
            enrolment_id=f"e-{owner}-{number}", candidate_id=owner, kind=kind, starts_on=starts, ends_on=ends,
            status=status,
        )  # fmt: skip

    def _venture(self, owner: CandidateId, number: int) -> Venture:
        starts = self._maybe(0.9, self._day(-800, 10))
        return Venture(
            venture_id=f"v-{owner}-{number}", candidate_id=owner, starts_on=starts,
            kind=self._one(VentureKind.STARTUP, VentureKind.STARTUP, VentureKind.INDUSTRY),
            ends_on=self._maybe(0.1, self._day(11, 60) if starts is None else starts + timedelta(days=90)),
            next_check_on=self._maybe(0.3, self._day(-60, 60)),
        )  # fmt: skip

    def _visit(self, owner: CandidateId, number: int, ventures: tuple[Venture, ...]) -> Visit:
        on = self._day(-300, 3)
        is_check = bool(ventures) and self.rng.random() < 0.6
        return Visit(
            visit_id=f"w-{owner}-{number}", candidate_id=owner, on=on, by="刘老师",
            kind=VisitKind.STARTUP_CHECK if is_check else VisitKind.COACH_VISIT,
            venture_id=self._one(*ventures).venture_id if is_check else None,
            is_running=self._maybe(0.8, self._one(YesNo.YES, YesNo.YES, YesNo.NO)) if is_check else None,
            next_on=self._maybe(0.5, on + timedelta(days=self._one(1, 20, 90))),
        )  # fmt: skip

    def _plan(self, owner: str, kind: PlanKind) -> Plan:
        opened = self._day(-200, 1)
        touched = self._maybe(0.5, self._day(-60, 0))
        return Plan(
            owner, kind, opened, next_due_on=self._maybe(0.8, self._day(-20, 60)), touched_on=touched
        )  # fmt: skip

    def _placement(self, owner: CandidateId, number: int) -> Placement:
        starts = self._maybe(0.85, self._day(-900, 20))
        ends = self._maybe(0.5, self._day(-200, 200))
        if starts is not None and ends is not None and ends < starts:
            starts, ends = ends, starts
        return Placement(
            placement_id=f"p-{owner}-{number}",
            candidate_id=owner,
            vacancy_id=self._maybe(0.6, VacancyId(f"v-{int(self.rng.integers(_VACANCIES))}")),
            form=self._maybe(0.9, self._one(*PlacementForm)),
            starts_on=starts,
            ends_on=ends,
            monthly_wage=self._maybe(0.7, Decimal(1500)),
            contract_months=self._maybe(0.7, self._one(0, 1, 6, 12, 24)),
        )

    def _act(self, owner: CandidateId) -> Interaction:
        kind, at = self._one(*InteractionKind, InteractionKind.REFERRED), self._day(-250, 10)
        vacancy = VacancyId(f"v-{int(self.rng.integers(_VACANCIES))}")
        return Interaction(candidate_id=owner, vacancy_id=vacancy, kind=kind, at=at)

    def store(self, connection: Connection) -> None:
        """Write everything."""
        noted(connection)
        posts = [{"vacancy_id": f"v-{number}", "title": "文员"} for number in range(_VACANCIES)]
        _insert(connection, VACANCIES, posts)
        _insert(connection, CANDIDATES, [_values(CANDIDATES, file.candidate) for file in self.files])
        for spec, name in ((PLACEMENTS, "placements"), (SERVICES, "services"), (INTERACTIONS, "interactions")):
            _insert(connection, spec, [_values(spec, one) for file in self.files for one in getattr(file, name)])
        _insert(connection, ENROLMENTS, [_values(ENROLMENTS, one) for file in self.files for one in file.enrolments])
        for spec, name in ((VENTURES, "ventures"), (VISITS, "visits")):
            _insert(connection, spec, [_values(spec, one) for file in self.files for one in getattr(file, name)])
        people = CandidateRepository(connection, PROGRAM)
        for file in self.files:
            if file.household_told_on is not None:
                people.note_sources([(file.candidate.candidate_id, "household_kinds")], "x", file.household_told_on)
            for plan in file.plans:
                _insert_plan(connection, plan, self.on)


def _insert_plan(connection: Connection, plan: Plan, on: date) -> None:
    """Write a plan with a step that is open and one that is done; or without an open one."""
    plan_id, at = f"{plan.candidate_id}-{plan.kind.value}", datetime(2026, 1, 1, tzinfo=UTC)
    PlanRepository(connection, PROGRAM).add(
        {
            "plan_id": plan_id, "candidate_id": plan.candidate_id, "kind": plan.kind.value,
            "level": "basic" if plan.kind is PlanKind.ASSISTANCE else None, "opened_on": plan.opened_on,
            "opened_at": at, "opened_by": "local", "touched_on": plan.touched_on,
        }
    )  # fmt: skip
    steps = [("done", on), ("dropped", on - timedelta(days=400))]
    if plan.next_due_on is not None:
        steps += [("open", plan.next_due_on), ("open", plan.next_due_on + timedelta(days=3))]
    for number, (status, day) in enumerate(steps):
        TaskRepository(connection, PROGRAM).add(
            {
                "task_id": f"{plan_id}-{number}", "candidate_id": plan.candidate_id, "kind": "visit", "words": "x",
                "due_on": day, "status": status, "made_at": at, "made_by": "local", "plan_id": plan_id,
            }
        )  # fmt: skip


def _values(spec: TableSpec, entity: Any) -> dict[str, Any]:
    return {column.name: getattr(entity, column.attribute) for column in spec.columns}


def _insert(connection: Connection, spec: TableSpec, rows: list[dict[str, Any]]) -> None:
    TableRepository(connection, spec, PROGRAM).insert([{**dict.fromkeys(spec.by_name), **row} for row in rows])
