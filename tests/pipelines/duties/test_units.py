"""Organs, institutions and state enterprises: counts as for one unit, the duty of one, lists not for companies."""

from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from matching.duties.terms import terms_on
from matching.regions import GANSU
from matching.rules.rulebook import rulebook
from matching.rules.subjects import people_of
from matching.vocabulary import DisabilityCategory, EmployerKind, Level, PlacementForm, Sex, YesNo
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.case import load_case
from pipelines.counted import count_range, counted_persons
from pipelines.duties.places import Area
from pipelines.duties.unit_counts import counts_of
from pipelines.duties.units import UnitState, unit_lines, unit_list, units_of
from pipelines.quota import quota
from pipelines.schema import EMPLOYERS, PLACEMENTS
from pipelines.store.repositories import TableRepository
from pipelines.store.session import engine_for
from pipelines.store.staff_rows import StaffRows
from tests.support.accounts import KEYS
from tests.support.builders import TODAY, certificate_number
from tests.support.people import a_person
from tests.support.province import trained
from tests.support.stores import PROGRAM, a_store, noted

EVERYWHERE = Area(GANSU, "甘肃省", None)
ORGAN = "11620000MB00000001"


def test_counts_of_all_employers_are_those_of_each() -> None:
    book, day = rulebook(), date(TODAY.year + 1, 7, 1)
    engine = engine_for(trained().url, KEYS)
    with engine.begin() as connection:
        case = load_case(connection, PROGRAM)
        units = units_of(connection, PROGRAM, terms_on(TODAY))
        staff = StaffRows(connection, PROGRAM).staff(date(TODAY.year, 1, 1), date(TODAY.year, 12, 31))
    engine.dispose()
    together = counts_of(staff, book, TODAY.year, TODAY, day)
    assert len(staff.employers) == len(case.employers)
    for employer in staff.employers:
        persons = counted_persons(case, book, employer, TODAY.year, TODAY)
        assert together[employer.employer_id] == count_range(book, persons, day)
    assert any(certain != possible for certain, possible in together.values())
    for unit in units:
        one = quota(case, book, unit.employer.employer_id, TODAY.year, TODAY)
        assert (unit.certain, unit.possible) == (one.certain_count, one.possible_count)
        assert unit.required in (None, one.required.results["required"])
        told = {decision.rule.id: decision for decision in one.others}.get("quota.public_sector_min_one")
        assert (unit.min_one is UnitState.NOT_CONCERNED) is (told is None)
    assert len(units) > 3


def an_organ(
    folder: Path, *, establishment: int | None, staff: int, level: Level = Level.PREFECTURE
) -> list[UnitState]:
    """Return how an organ of 200 with so many placed people stands with the duty of one."""
    with a_store("sqlite", folder) as engine, engine.begin() as connection:
        row = {
            "employer_id": ORGAN, "name": "某局", "kind": EmployerKind.ORGAN, "level": level, "region": "620100",
            "headcount": Decimal(200), "establishment": establishment, "is_school": YesNo.NO,
        }  # fmt: skip
        noted(connection)
        TableRepository(connection, EMPLOYERS, PROGRAM).insert([{**dict.fromkeys(EMPLOYERS.by_name), **row}])
        for number in range(staff):
            owner = a_person(connection, f"c-{number}")
            placed = {
                "placement_id": f"p-{number}", "candidate_id": owner, "employer_id": ORGAN,
                "form": PlacementForm.QUOTA, "starts_on": date(2026, 3, 1),
            }  # fmt: skip
            TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert(
                [{**dict.fromkeys(PLACEMENTS.by_name), **placed}]
            )
        return [unit.min_one for unit in units_of(connection, PROGRAM, terms_on(TODAY))]


def test_duty_of_one_at_fifty_posts(tmp_path: Path) -> None:
    assert an_organ(tmp_path, establishment=50, staff=1) == [UnitState.DONE]
    assert an_organ(tmp_path, establishment=49, staff=0) == [UnitState.NOT_CONCERNED]
    assert an_organ(tmp_path, establishment=50, staff=0, level=Level.COUNTY) == [UnitState.NOT_CONCERNED]


def test_nobody_recorded_is_not_nobody_employed(tmp_path: Path) -> None:
    assert an_organ(tmp_path, establishment=50, staff=0) == [UnitState.TO_VERIFY]
    assert an_organ(tmp_path, establishment=None, staff=0) == [UnitState.TO_VERIFY]


def test_list_names_the_deadline_and_is_not_for_companies() -> None:
    engine = engine_for(trained().url, KEYS)
    with engine.connect() as connection:
        told = unit_list(connection, PROGRAM, terms_on(TODAY), EVERYWHERE, "min_one")
        assert told["deadline"] == "2027-12-31"
        assert "期限 2027-12-31" in unit_lines(told)[0]
        publish = unit_lines(unit_list(connection, PROGRAM, terms_on(TODAY), EVERYWHERE, "publish"))
        assert any("见单位台账的公示表" in line for line in publish)
        company = Subject(None, None, Role.COMPANY_POSTER, frozenset(), Purpose.RECRUITMENT, employer_id=ORGAN)
        with pytest.raises(Forbidden):
            unit_list(connection, company, terms_on(TODAY), EVERYWHERE, "quota")
        connection.rollback()
    engine.dispose()


def placed_with(connection: Connection, owner: str, employer_id: str, **facts: Any) -> None:
    """Store a placement that counts but for the facts given."""
    usual = {
        "placement_id": f"p-{owner}-{employer_id[-1]}-{facts.get('starts_on')}", "candidate_id": owner,
        "employer_id": employer_id, "form": PlacementForm.QUOTA, "starts_on": date(2025, 5, 20),
        "monthly_wage": Decimal(3000), "contract_months": 36, "social_insurance": YesNo.YES,
        "wage_paid_by_bank": YesNo.YES, "attendance_confirmed": YesNo.YES,
    }  # fmt: skip
    TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert(
        [{**dict.fromkeys(PLACEMENTS.by_name), **usual, **facts}]
    )


@pytest.mark.parametrize("on", [TODAY, date(2026, 12, 31), date(2026, 2, 1)])
def test_months_count_alike_for_one_and_for_all(tmp_path: Path, on: date) -> None:
    """Each of the facts that a month hangs on, known and unknown, at one employer and beside another."""
    other, year = ORGAN[:-1] + "2", on.year
    with a_store("sqlite", tmp_path) as engine, engine.begin() as connection:
        noted(connection)
        rows = [
            {"employer_id": ORGAN, "kind": EmployerKind.ORGAN, "region": "620102", "headcount": Decimal(200)},
            {"employer_id": other, "kind": EmployerKind.PRIVATE, "region": "620502", "headcount": Decimal(90)},
        ]
        TableRepository(connection, EMPLOYERS, PROGRAM).insert(
            [{**dict.fromkeys(EMPLOYERS.by_name), "name": "某单位", **row} for row in rows]
        )
        people: list[dict[str, Any]] = [
            {}, {"grade": 1}, {"grade": None, "category": None}, {"birth_date": date(1966, 8, 15), "sex": Sex.MALE},
            {"birth_date": None}, {"sex": None, "birth_date": date(1973, 6, 1)},
            {"certificate_valid_until": date(2026, 3, 1)}, {"certificate_valid_until": date(2030, 11, 30)},
            {"certificate_number": "", "birth_date": None, "sex": None, "grade": None},
        ]  # fmt: skip
        placed: list[dict[str, Any]] = [
            {}, {"starts_on": None}, {"ends_on": date(2026, 6, 1)}, {"monthly_wage": Decimal(1500)},
            {"monthly_wage": None}, {"contract_months": 6}, {"contract_months": None}, {"social_insurance": YesNo.NO},
            {"social_insurance": None}, {"attendance_confirmed": None}, {"attendance_confirmed": YesNo.NO},
        ]  # fmt: skip
        usual = {"birth_date": date(1985, 3, 9), "sex": Sex.FEMALE, "grade": 3, "category": DisabilityCategory.PHYSICAL}
        for number, (person, placement) in enumerate(product(people, placed)):
            if "certificate_number" in person:
                person["certificate_number"] = certificate_number(sequence=f"{number:03d}")
            owner = a_person(connection, f"c-{number:03d}", **{**usual, **person})
            placed_with(connection, owner, ORGAN if number % 3 else other, **placement)
            if number % 5 == 0:
                placed_with(connection, owner, other if number % 3 else ORGAN, starts_on=date(2026, 4, 1))
            if number % 7 == 0:
                placed_with(connection, owner, ORGAN if number % 3 else other, starts_on=date(2026, 9, 1))
        case = load_case(connection, PROGRAM)
        staff = StaffRows(connection, PROGRAM).staff(date(year, 1, 1), date(year, 12, 31))
        book, day = rulebook(), date(year + 1, 7, 1)
        together = counts_of(staff, book, year, on, day)
        for employer in case.employers.values():
            persons = counted_persons(case, book, employer, year, on)
            assert together[employer.employer_id] == count_range(book, persons, day)
        assert all(0 < certain < possible for certain, possible in together.values())


def test_who_has_one_placement_that_runs_is_there_whatever_became_of_another() -> None:
    assert people_of([("c-1", True), ("c-1", False), ("c-2", False)]) == 1
    assert people_of([("c-1", True), ("c-1", None)]) == 1
    assert people_of([("c-1", True), ("c-2", None)]) is None
    assert people_of([("c-1", False)]) is None
