"""A company's year of the quota: what it says itself is reckoned by the rules, what is stored it is told as a range."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from matching.rules.rulebook import rulebook
from matching.vocabulary import EmployerKind, PlacementForm
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Role, Subject
from pipelines.registers.errors import NoSuchEmployer
from pipelines.registers.quota_year import Staff, quota_year
from pipelines.schema import EMPLOYERS, PLACEMENTS
from pipelines.store.repositories import TableRepository
from pipelines.store.tables import CASE_TABLES
from tests.support.firms import FIRM, OTHER_FIRM, somebody, two_firms
from tests.support.people import a_person
from tests.support.stores import PROGRAM, a_store, noted

DAY = date(2026, 7, 1)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A company of 200 with one placement of somebody of grade 2."""
    with a_store("sqlite", tmp_path) as opened:
        with opened.begin() as connection:
            two_firms(connection)
            facts = {"kind": EmployerKind.PRIVATE.value, "headcount": Decimal(200), "average_wage": Decimal(60000)}
            rows = CASE_TABLES[EMPLOYERS.name]
            connection.execute(update(rows).where(rows.c.employer_id == FIRM).values(facts))
            a_person(connection, "c-1")
            row = dict.fromkeys(PLACEMENTS.by_name) | {"placement_id": "p", "candidate_id": "c-1", "employer_id": FIRM}
            row |= {"form": PlacementForm.QUOTA, "starts_on": date(2025, 1, 1)}
            TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert([row])
        yield opened


def asked(engine: Engine, role: Role = Role.COMPANY_POSTER, **more: object) -> dict[str, object]:
    """Ask as somebody of the company."""
    with engine.begin() as connection:
        who: Subject = somebody(connection, f"u-{role.value}-{len(more)}", role, FIRM)
        return quota_year(connection, who, rulebook(), FIRM, 2025, DAY, **more)  # type: ignore[arg-type]


def test_own_numbers_are_reckoned_month_by_month_with_the_weights_of_the_law(engine: Engine) -> None:
    staff = [Staff(1, True, 1, 12), Staff(2, False, 7, 12)]
    told = asked(engine, staff=staff, social_wage=Fraction(80000))
    assert [row["certain"] for row in told["months"]] == [2] * 6 + [4] * 6  # type: ignore[attr-defined]
    assert told["placed"] == {"certain": 3, "if_all_confirmed": 3}
    assert told["levy"]["certain"]["results"]["status"] == "quota_met"  # type: ignore[index]
    assert told["is_own_count"] is True


def test_a_gap_costs_by_its_tier_and_one_more_says_what_it_saves(engine: Engine) -> None:
    told = asked(engine, staff=[Staff(1, True, 1, 12)], social_wage=Fraction(80000))
    assert told["monthly_line"] == 3
    assert told["levy"]["certain"]["amount"]["amount"] == "30000.00"  # type: ignore[index]
    january = next(one for one in told["one_more_placement"] if (one["from_month"], one["weight"]) == (1, 1))  # type: ignore[attr-defined]
    assert (january["payable"], january["saved"]) == (0, 30000)


def test_of_stored_placements_a_company_is_told_a_range_from_which_no_grade_can_be_read(engine: Engine) -> None:
    told = asked(engine)
    assert told["is_own_count"] is False
    assert "c-1" not in str(told)
    months = told["months"]
    assert {(row["certain"], row["if_all_confirmed"]) for row in months} == {(0, 2)}  # type: ignore[attr-defined]
    with engine.begin() as connection:
        people = CASE_TABLES["candidates"]
        noted(connection).execute(update(people).values(grade=4))
    assert asked(engine, role=Role.COMPANY_APPROVER)["months"] == months


def test_other_companies_and_roles_have_no_answer(engine: Engine) -> None:
    with engine.begin() as connection:
        stranger = somebody(connection, "stranger", Role.COMPANY_POSTER, OTHER_FIRM)
        with pytest.raises(NoSuchEmployer):
            quota_year(connection, stranger, rulebook(), FIRM, 2025, DAY)
        auditor = somebody(connection, "auditor", Role.AUDITOR, "620102")
        with pytest.raises((Forbidden, NoSuchEmployer)):
            quota_year(connection, auditor, rulebook(), FIRM, 2025, DAY)
