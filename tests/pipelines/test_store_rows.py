"""The store: the schema goes both ways, its constraints hold, and what is written comes back to the last digit."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from matching.entities import FactSource
from matching.vocabulary import Function
from pipelines.schema import CANDIDATES, TABLES, VACANCIES
from pipelines.store import tables
from pipelines.store.errors import UnsupportedDatabase
from pipelines.store.repositories import (
    CandidateRepository,
    ModelVersion,
    ModelVersionRepository,
    TableRepository,
    VacancyRepository,
)
from pipelines.store.session import downgrade, engine_for, is_current, upgrade
from pipelines.store.whole import metadata
from tests.support.stores import PROGRAM, a_file, noted

TODAY = date(2026, 11, 23)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return a_file(tmp_path / "folder" / "store.db")


def test_the_folder_of_the_file_is_made_and_a_second_upgrade_changes_nothing(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path / 'a' / 'b' / 'store.db'}")
    assert not is_current(engine)
    upgrade(engine)
    upgrade(engine)
    assert is_current(engine)


def test_the_migrations_make_exactly_the_tables_and_downgrade_removes_them(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        found = inspect(connection)
        for table in metadata.tables.values():
            declared = {str(check.name) for check in table.constraints if isinstance(check, CheckConstraint)}
            assert {str(check["name"]) for check in found.get_check_constraints(table.name)} == declared
    downgrade(engine, "base")
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]


@pytest.mark.parametrize("url", ["mysql://host/db", "no url at all", "oracle://secret@host/db"])
def test_another_database_is_refused_without_repeating_its_address(url: str) -> None:
    with pytest.raises(UnsupportedDatabase) as caught:
        engine_for(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO vacancies (vacancy_id, title, wage_min, wage_max) VALUES ('v', 't', '10000', '9000')",
        "INSERT INTO vacancies (vacancy_id, title, opens_on, closes_on) VALUES ('v', 't', '2026-02-01', '2026-01-01')",
        "INSERT INTO vacancies (vacancy_id) VALUES ('v')",
        "INSERT INTO candidates (candidate_id, grade) VALUES ('c', 5)",
        "INSERT INTO placements (placement_id, candidate_id) VALUES ('p', 'nobody')",
        "INSERT INTO imports (table_name, file_name, file_sha256, started_at, supplied_by, read, accepted, unchanged,"
        " rejected) VALUES ('t', 'f', 'x', '2026-01-01', 'me', 3, 1, 1, 0)",
    ],
)
def test_the_database_itself_refuses_what_cannot_be(engine: Engine, statement: str) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text(statement))


def test_a_decimal_comes_back_to_the_last_digit(engine: Engine) -> None:
    wage = Decimal("3333.333333333333333333")
    with engine.begin() as connection:
        VacancyRepository(noted(connection), PROGRAM).insert([{"vacancy_id": "v", "title": "t", "wage_min": wage}])
        assert VacancyRepository(connection, PROGRAM).all()[0].wage_min == wage


def test_a_moment_comes_back_with_its_zone(engine: Engine) -> None:
    moment = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    version = ModelVersion("m1", moment, TODAY, "champion", "folder", "{}", moment)
    with engine.begin() as connection:
        ModelVersionRepository(noted(connection)).save(version)
        assert ModelVersionRepository(connection).all() == [version]


def test_unknown_comes_back_as_unknown_and_never_as_no(engine: Engine) -> None:
    with engine.begin() as connection:
        VacancyRepository(noted(connection), PROGRAM).insert([{"vacancy_id": "v", "title": "t"}])
        vacancy = VacancyRepository(connection, PROGRAM).all()[0]
    assert vacancy.night_shift is None
    assert vacancy.openings is None
    assert vacancy.demands == {}


def test_a_vacancy_with_no_known_days_is_open_and_the_last_day_counts(engine: Engine) -> None:
    rows: list[dict[str, Any]] = [
        {"vacancy_id": "unknown", "title": "t"},
        {"vacancy_id": "last-day", "title": "t", "closes_on": TODAY},
        {"vacancy_id": "closed", "title": "t", "closes_on": date(2026, 11, 22)},
        {"vacancy_id": "first-day", "title": "t", "opens_on": TODAY},
        {"vacancy_id": "later", "title": "t", "opens_on": date(2026, 11, 24)},
    ]
    with engine.begin() as connection:
        VacancyRepository(noted(connection), PROGRAM).insert(rows)
        found = {vacancy.vacancy_id for vacancy in VacancyRepository(connection, PROGRAM).open_on(TODAY)}
    assert found == {"unknown", "last-day", "first-day"}


def test_a_candidate_comes_with_who_supplied_each_fact(engine: Engine) -> None:
    with engine.begin() as connection:
        people = CandidateRepository(noted(connection), PROGRAM)
        people.insert([{"candidate_id": "c", "functions": {Function.WALKING: 0, Function.SEEING: 3}}])
        people.note_sources([("c", "functions")], "城关区残联", date(2026, 1, 1))
        people.note_sources([("c", "functions")], "省残联", TODAY)
        candidate = people.get("c")
    assert candidate.functions == {Function.WALKING: 0, Function.SEEING: 3}
    assert candidate.sources == {"functions": FactSource("省残联", TODAY)}


def test_rows_are_found_by_more_keys_than_one_statement_takes(engine: Engine) -> None:
    with engine.begin() as connection:
        VacancyRepository(noted(connection), PROGRAM).insert(
            [{"vacancy_id": f"v{i}", "title": "t"} for i in range(1500)]
        )
        assert len(TableRepository(connection, VACANCIES, PROGRAM).find((f"v{i}",) for i in range(3000))) == 1500


@pytest.mark.parametrize("name", list(TABLES))
def test_every_column_of_the_interface_is_stored(name: str) -> None:
    beside = {"row_version", "certificate_index"}
    stored = [column.name for column in tables.CASE_TABLES[name].columns if column.name not in beside]
    assert stored == [c.name for c in TABLES[name].columns]
    assert set(tables.CASE_TABLES[name].primary_key.columns.keys()) == set(TABLES[name].key)


def test_no_entity_shows_a_certificate_number(engine: Engine) -> None:
    with engine.begin() as connection:
        TableRepository(noted(connection), CANDIDATES, PROGRAM).insert(
            [{"candidate_id": "c", "certificate_number": "canary"}]
        )
        assert "canary" not in repr(CandidateRepository(connection, PROGRAM).get("c"))
