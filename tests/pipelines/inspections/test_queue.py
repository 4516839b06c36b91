"""Inspections: drawn again by the same seed, once a year for a unit, decided by a named person with what was seen."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from matching.rules.rulebook import rulebook
from matching.vocabulary import EmployerKind, PlacementForm, YesNo
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, OrganisationId, Purpose, Role, Subject, UserId
from pipelines.case import load_case
from pipelines.hints import hints_of
from pipelines.inspections.errors import InspectionRefused, NoSuchInspection
from pipelines.inspections.queue import Draw, InspectionOutcome, Inspections, inspection_document
from pipelines.registers.cases import review_case
from pipelines.schema import EMPLOYERS, PLACEMENTS
from pipelines.store.inspections import Inspection
from pipelines.store.person_marks import PersonMarks
from pipelines.store.repositories import CandidateRepository, TableRepository
from tests.support.builders import TODAY
from tests.support.people import a_person, a_vacancy
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
N_UNITS, N_HINTED = 12, 3
HERE, ELSEWHERE = "620102", "620502"


@pytest.fixture(params=BACKENDS)
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with a_store(request.param, tmp_path) as engine, engine.begin() as opened:
        for number in range(N_UNITS):
            _unit(opened, number)
        yield opened


def _unit(connection: Connection, number: int) -> None:
    """Store a unit with one placed person; the first few never had anybody see the person at work."""
    key = f"9162010{number:03d}MA7XXXX1X"[:18]
    unit = {
        "employer_id": key,
        "name": "某公司",
        "kind": EmployerKind.PRIVATE,
        "region": HERE,
        "headcount": Decimal(90),
    }
    TableRepository(noted(connection), EMPLOYERS, PROGRAM).insert([{**dict.fromkeys(EMPLOYERS.by_name), **unit}])
    owner = a_person(connection, f"c-{number}", phone=f"1390000{number:04d}")
    placed = {
        "placement_id": f"p-{number}", "candidate_id": owner, "employer_id": key, "form": PlacementForm.QUOTA,
        "starts_on": date(2026, 1, 1), "monthly_wage": Decimal(3000 + number), "contract_months": 12,
        "attendance_confirmed": YesNo.NO if number < N_HINTED else YesNo.YES, "wage_paid_by_bank": YesNo.YES,
        "social_insurance": YesNo.YES,
    }  # fmt: skip
    TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert([{**dict.fromkeys(PLACEMENTS.by_name), **placed}])


def a_supervisor(code: str = HERE, purpose: Purpose = Purpose.SUPERVISION, role: Role = Role.SUPERVISOR) -> Subject:
    """Return somebody of an office."""
    return Subject(UserId("u-1"), OrganisationId(f"office-{code}"), role, frozenset({code}), purpose)


def queue(connection: Connection, subject: Subject | None = None) -> Inspections:
    """Return the queue as somebody reaches it."""
    return Inspections(connection, subject or a_supervisor(), on=TODAY, now=NOW)


def draw(connection: Connection, **different: Any) -> list[Inspection]:
    """Draw two by chance and two for their hints."""
    how = Draw(**{"year": 2026, "seed": 7, "n_random": 2, "n_risk": 2, **different})
    return queue(connection).draw(how)


def test_draw_is_by_chance_and_for_hints_and_the_same_for_the_same_seed(connection: Connection) -> None:
    nested = connection.begin_nested()
    first = [(one.employer_id, one.chosen) for one in draw(connection)]
    nested.rollback()
    again = draw(connection)
    assert [(one.employer_id, one.chosen) for one in again] == first
    assert [chosen for _, chosen in first] == ["random", "random", "risk", "risk"]
    hinted = {f"9162010{number:03d}MA7XXXX1X"[:18] for number in range(N_HINTED)}
    assert {one.employer_id for one in again if one.chosen == "risk"} <= hinted
    told = json.loads(again[-1].flags)
    assert {flag["rule_id"] for flag in told} >= {"fraud.f6"}
    assert all(flag["look_at"] for flag in told)


def test_another_seed_draws_otherwise(connection: Connection) -> None:
    drawn = set()
    for seed in range(6):
        nested = connection.begin_nested()
        drawn.add(tuple(one.employer_id for one in draw(connection, seed=seed, n_risk=0)))
        nested.rollback()
    assert len(drawn) > 1


def test_unit_is_drawn_once_for_a_year(connection: Connection) -> None:
    found = [one.employer_id for n in range(8) for one in draw(connection, seed=n)]
    assert len(found) == len(set(found)) == N_UNITS
    assert draw(connection) == []


def test_what_is_kept_names_no_person(connection: Connection) -> None:
    told = [inspection_document(one) for one in draw(connection, n_random=9)]
    kept = json.dumps([one["flags"] for one in told], ensure_ascii=False)
    assert "fraud.f6" in kept
    assert not any(f"c-{number}" in kept or f"p-{number}" in kept for number in range(N_UNITS))
    assert all("不是违规结论" in one["notice"] and "残疾人可能是受害者" in one["notice"] for one in told)


def test_decision_needs_a_named_person_ground_and_evidence_and_is_final(connection: Connection) -> None:
    one = draw(connection)[0]
    own = queue(connection)
    told: dict[str, Any] = {"ground": "工资流水与合同一致", "evidence": "2026年1至10月银行流水", "version": 1}
    for blank in ("ground", "evidence"):
        with pytest.raises(InspectionRefused):
            own.decide(one.inspection_id, InspectionOutcome.NOTHING_FOUND, **{**told, blank: " "})
    with pytest.raises(InspectionRefused):
        queue(connection, PROGRAM).decide(one.inspection_id, InspectionOutcome.NOTHING_FOUND, **told)
    assert own.decide(one.inspection_id, InspectionOutcome.NOTHING_FOUND, **{**told, "version": 2}) is None
    decided = own.decide(one.inspection_id, InspectionOutcome.RIGHTS_PROTECTION, **told)
    assert decided is not None
    assert (decided.outcome, decided.decided_by, decided.row_version) == ("rights_protection", "user:u-1", 2)
    assert own.one(one.inspection_id) == decided
    with pytest.raises(InspectionRefused):
        own.decide(one.inspection_id, InspectionOutcome.NOTHING_FOUND, **{**told, "version": 2})
    assert one.inspection_id not in {x.inspection_id for x in own.page(after=None, limit=9, year=2026, is_open=True)[0]}


def test_other_counties_companies_and_caseworkers_do_not_reach_it(connection: Connection) -> None:
    one = draw(connection)[0]
    with pytest.raises(NoSuchInspection):
        queue(connection, a_supervisor(ELSEWHERE)).one(one.inspection_id)
    company = Subject(None, None, Role.COMPANY_POSTER, frozenset(), Purpose.RECRUITMENT, employer_id=one.employer_id)
    with pytest.raises(NoSuchInspection):
        queue(connection, company).one(one.inspection_id)
    worker = a_supervisor(role=Role.CASEWORKER, purpose=Purpose.JOB_MATCHING)
    assert queue(connection, worker).one(one.inspection_id) == one
    with pytest.raises(Forbidden):
        queue(connection, worker).draw(Draw(2026, 1))
    with pytest.raises(Forbidden):
        queue(connection, worker).decide(
            one.inspection_id, InspectionOutcome.NOTHING_FOUND, ground="x", evidence="x", version=1
        )
    assert queue(connection, a_supervisor(ELSEWHERE)).draw(Draw(2026, 1)) == []


def test_too_much_at_once_is_refused(connection: Connection) -> None:
    for how in (Draw(2026, 1, n_random=201), replace(Draw(2026, 1), n_looked_at=2001), Draw(2026, -1)):
        with pytest.raises(InspectionRefused):
            queue(connection).draw(how)


def test_contracts_alike_of_other_units_are_seen_as_over_everything(connection: Connection) -> None:
    for number in (5, 6, 7):
        a_vacancy(connection, f"v-{number}", None, title="保洁员" if number < 7 else "保安员")
        connection.execute(
            text("UPDATE placements SET vacancy_id = :post, monthly_wage = '2600' WHERE placement_id = :own"),
            {"post": f"v-{number}", "own": f"p-{number}"},
        )
    drawn = draw(connection, n_random=N_UNITS, n_risk=0)
    case = load_case(connection, PROGRAM)

    told = {one.employer_id: {flag["rule_id"] for flag in json.loads(one.flags)} for one in drawn}
    whole = {
        str(unit): {hint.decision.rule.id for hint in hints_of(case, rulebook(), unit, 2026, TODAY)}
        for unit in case.employers
    }
    assert told == whole
    assert {one for one, found in told.items() if "fraud.f13" in found} == {
        f"9162010{number:03d}MA7XXXX1X"[:18] for number in (5, 6)
    }


def test_telephone_shared_with_the_staff_of_other_units_is_seen_once_it_is_marked(connection: Connection) -> None:
    """By keyed marks: how many share it and with how many units is told, and nothing of who they are."""
    for number in (5, 6, 7):
        CandidateRepository(noted(connection), PROGRAM).replace(
            [{**stored, "phone": "13911112222"} for stored in found_people(connection, f"c-{number}")]
        )
    units = [f"9162010{number:03d}MA7XXXX1X"[:18] for number in (5, 6, 7)]

    def told(unit: str) -> list[str]:
        case = review_case(connection, a_supervisor(), unit, Action.READ_INSPECTIONS).case
        return [one for hint in hints_of(case, rulebook(), unit, 2026, TODAY) for one in hint.evidence]

    assert [told(unit) for unit in units] == [[], [], []]
    assert PersonMarks(noted(connection), PROGRAM).refresh(100) == N_UNITS
    for unit in units:
        assert any("共用一个电话的残疾职工3人，在3个单位" in line for line in told(unit))
        assert not [line for line in told(unit) if "c-" in line or "139" in line]
    drawn = draw(connection, n_random=N_UNITS, n_risk=0)
    assert {one.employer_id for one in drawn if "fraud.f9" in one.flags} == set(units)
    connection.execute(text("UPDATE candidates SET row_version = row_version + 1 WHERE candidate_id = 'c-7'"))
    assert told(units[0]) == []  # what was marked of a record that has changed since says nothing


def found_people(connection: Connection, candidate_id: str) -> list[dict[str, Any]]:
    return list(CandidateRepository(connection, PROGRAM).find([(candidate_id,)]).values())
