"""Organs, institutions and state enterprises: counts as for one unit, the duty of one, lists not for companies."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from matching.duties.terms import terms_on
from matching.regions import GANSU
from matching.rules.rulebook import rulebook
from matching.vocabulary import EmployerKind, Level, PlacementForm, YesNo
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.casework import count_range, counted_persons, load_case, quota
from pipelines.duties.places import Area
from pipelines.duties.unit_counts import counts_of
from pipelines.duties.units import UnitState, unit_lines, unit_list, units_of
from pipelines.schema import EMPLOYERS, PLACEMENTS
from pipelines.store.repositories import TableRepository
from pipelines.store.session import engine_for
from tests.support.accounts import KEYS
from tests.support.builders import TODAY
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
    engine.dispose()
    employers = list(case.employers.values())
    together = counts_of(case, book, employers, TODAY.year, TODAY, day)
    for employer in employers:
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
        assert any("是否已公示需人工核实" in line for line in publish)
        company = Subject(None, None, Role.COMPANY_POSTER, frozenset(), Purpose.RECRUITMENT, employer_id=ORGAN)
        with pytest.raises(Forbidden):
            unit_list(connection, company, terms_on(TODAY), EVERYWHERE, "quota")
        connection.rollback()
    engine.dispose()
