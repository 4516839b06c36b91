"""Consistency: contradictions between stored rows are found, named by id, and nothing else is."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from pipelines.consistency import Finding, check
from pipelines.schema import TABLES
from pipelines.store.repositories import TableRepository
from tests.support.builders import certificate_number
from tests.support.stores import PROGRAM, a_file, noted

KNOWN, UNKNOWN = "91620000MA00000007", "91110000600037341L"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A store with one employer, one vacancy for one person, and two people."""
    engine = a_file(tmp_path / "store.db")
    with engine.begin() as opened:
        noted(opened)
        put(opened, "employers", employer_id=KNOWN)
        put(opened, "vacancies", **A_VACANCY)
        put(opened, "candidates", candidate_id="c-1", name="甲某", certificate_number=certificate_number(4, 2))
        put(opened, "candidates", candidate_id="c-2")
        yield opened
    engine.dispose()


A_VACANCY = {
    "vacancy_id": "v-1",
    "employer_id": KNOWN,
    "title": "文员",
    "openings": 1,
    "opens_on": date(2026, 3, 1),
    "closes_on": date(2026, 6, 1),
}


def put(connection: Connection, table: str, **values: Any) -> None:
    """Store one row."""
    repository = TableRepository(connection, TABLES[table], PROGRAM)
    stored = repository.stored(values)
    if values.pop("unlisted", False):  # as a database from before certificates were unique was taken over
        stored["certificate_index"] = None
    connection.execute(insert(repository.table).values(stored))


def place(connection: Connection, id: str, candidate: str, **values: Any) -> None:
    """Store a placement on the vacancy."""
    put(connection, "placements", **{"placement_id": id, "candidate_id": candidate, "vacancy_id": "v-1", **values})


def see(connection: Connection, at: date, kind: str = "viewed") -> None:
    """Store an interaction."""
    kinds = TABLES["interactions"].column("kind")
    put(connection, "interactions", candidate_id="c-1", vacancy_id="v-1", kind=kinds.parse(kind), at=at)


def test_nothing_is_found_where_all_agrees(connection: Connection) -> None:
    place(connection, "p-1", "c-1", employer_id=KNOWN)
    see(connection, date(2026, 3, 1))
    see(connection, date(2026, 6, 1))
    assert check(connection) == []


def test_more_placements_than_openings_is_an_error(connection: Connection) -> None:
    place(connection, "p-1", "c-1")
    place(connection, "p-2", "c-2")
    assert check(connection) == [Finding("vacancies", "v-1", "招聘 1 人，在岗安置已有 2 人", is_error=True)]


def test_ended_placements_leave_their_opening(connection: Connection) -> None:
    place(connection, "p-1", "c-1", ends_on=date(2026, 5, 1))
    place(connection, "p-2", "c-2")
    assert check(connection, on=date(2026, 5, 2)) == []
    assert [finding.id for finding in check(connection, on=date(2026, 5, 1))] == ["v-1"]


def test_unknown_openings_are_never_overfilled(connection: Connection) -> None:
    put(connection, "vacancies", vacancy_id="v-2", title="保洁")
    place(connection, "p-1", "c-1", vacancy_id="v-2")
    place(connection, "p-2", "c-2", vacancy_id="v-2")
    assert check(connection) == []


def test_certificate_held_twice_is_an_error_that_names_ids_only(connection: Connection) -> None:
    number = certificate_number(4, 2)
    put(connection, "candidates", candidate_id="c-3", name="乙某", certificate_number=number + "B1", unlisted=True)
    (finding,) = check(connection)
    assert (finding.table, finding.id, finding.is_error) == ("candidates", "c-3", True)
    assert "c-1" in finding.text
    assert number not in finding.text
    assert "某" not in finding.text


def test_statement_that_differs_from_the_certificate_is_an_error(connection: Connection) -> None:
    number = certificate_number(4, 2, sequence="124")
    put(connection, "candidates", candidate_id="c-3", certificate_number=number, grade=3, birth_date=date(1990, 1, 1))
    (finding,) = check(connection)
    assert finding == Finding("candidates", "c-3", "所填残疾等级与残疾人证号不符", is_error=True)


def test_interactions_outside_the_open_days_are_advice_by_vacancy(connection: Connection) -> None:
    see(connection, date(2026, 2, 28))
    see(connection, date(2026, 6, 2))
    see(connection, date(2026, 6, 3), "applied")
    (finding,) = check(connection)
    assert (finding.id, finding.is_error) == ("v-1", False)
    assert "开始招聘前有 1 条" in finding.text
    assert "截止后有 2 条" in finding.text


def test_what_follows_a_placement_may_lie_after_closing(connection: Connection) -> None:
    see(connection, date(2026, 9, 1), "retained_3m")
    assert check(connection) == []


def test_unknown_employers_and_vacancies_are_advice(connection: Connection) -> None:
    put(connection, "vacancies", vacancy_id="v-2", title="保洁", employer_id=UNKNOWN)
    place(connection, "p-1", "c-1", vacancy_id="v-9")
    assert [(f.table, f.id, f.is_error) for f in check(connection)] == [
        ("vacancies", "v-2", False),
        ("placements", "p-1", False),
    ]


def test_person_counted_at_two_employers_is_advice(connection: Connection) -> None:
    put(connection, "employers", employer_id=UNKNOWN)
    form = TABLES["placements"].column("form").parse("quota")
    place(connection, "p-1", "c-1", employer_id=KNOWN, form=form)
    place(connection, "p-2", "c-1", employer_id=UNKNOWN, form=form, vacancy_id=None)
    (finding,) = check(connection)
    assert (finding.table, finding.id, finding.is_error) == ("candidates", "c-1", False)
    assert "2 个单位" in finding.text


def test_errors_come_before_advice(connection: Connection) -> None:
    see(connection, date(2026, 2, 28))
    place(connection, "p-1", "c-1")
    place(connection, "p-2", "c-2")
    assert [finding.is_error for finding in check(connection)] == [True, False]
