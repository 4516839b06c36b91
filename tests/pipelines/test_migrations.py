"""Each step of the schema up and down over rows that are there, on both databases: none is lost or changed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, inspect, select, text

from pipelines.access.audit import breaks, record
from pipelines.access.roles import COMMAND_LINE
from pipelines.store import bulk, tables
from pipelines.store.repositories import CandidateRepository
from pipelines.store.session import alembic_config, downgrade, newest_revision, upgrade
from pipelines.store.whole import metadata
from tests.support.builders import certificate_number
from tests.support.stores import BACKENDS, PROGRAM, an_empty_database

OLD = "0003"
"""The schema of the release before: accounts and an audit, people's names in clear."""
N = 1_100  # more than two blocks of the migration that seals
MOMENT = datetime(2026, 3, 4, 5, 6, 7, 891_011, tzinfo=UTC)


@pytest.fixture(params=BACKENDS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database as the release before left it, with rows in every table that it had."""
    with an_empty_database(request.param, tmp_path) as engine:
        with engine.connect() as connection, bulk.whole_transaction(connection):
            bulk.migrate(connection, OLD)
        with engine.begin() as connection:
            record(connection, COMMAND_LINE, "test.event", object_kind="test", at=MOMENT)
            for whole in bulk.tables_of(connection):
                if whole.name in ROWS:
                    connection.execute(insert(whole.table), ROWS[whole.name])
        yield engine


def a_person(n: int) -> dict[str, Any]:
    return {
        "candidate_id": f"c-{n:04d}",
        "name": f"王小明{n}",
        "certificate_number": certificate_number(sequence="001") if n < 2 else None,  # two share one
        "phone": f"139{n:08d}" if n % 2 else None,
        "address": "某某路7号\n二楼",
        "birth_date": date(1990, 1, 1) if n % 3 else None,
        "region": "620102",
        "experience_years": "2.50" if n == 1 else None,
    }


ROWS: dict[str, list[dict[str, Any]]] = {
    "candidates": [a_person(n) for n in range(N)],
    "employers": [{"employer_id": "e", "name": "公司"}],
    "vacancies": [{"vacancy_id": "v", "title": "文员", "wage_min": "3333.3333333333", "employer_id": "e"}],
    "courses": [{"course_id": "k", "starts_on": date(2026, 1, 1)}],
    "interactions": [{"candidate_id": "c-0001", "vacancy_id": "v", "kind": "viewed", "at": date(2026, 1, 1)}],
    "placements": [{"placement_id": "p", "candidate_id": "c-0001", "vacancy_id": "v"}],
    "services": [{"candidate_id": "c-0001", "kind": "other", "on": date(2026, 1, 1)}],
    "fact_sources": [{"candidate_id": "c-0001", "fact": "sex", "supplied_by": "x", "supplied_on": date(2026, 1, 1)}],
    "organisations": [
        {"organisation_id": "root", "kind": "province", "name": "省", "parent_id": None},
        {"organisation_id": "o", "kind": "county", "name": "区", "parent_id": "root"},
    ],
    "organisation_codes": [{"organisation_id": "o", "code": "620102", "valid_from": date(2020, 1, 1)}],
    "users": [
        {
            "user_id": "u", "login": "l", "display_name": "n", "password_hash": "$argon2id$x", "status": "active",
            "failed_attempts": 0, "must_change_password": False, "created_at": MOMENT,
        }
    ],
    "memberships": [
        {
            "membership_id": "m", "user_id": "u", "organisation_id": "o", "role": "auditor",
            "valid_from": date(2020, 1, 1),
        }
    ],
    "rule_books": [{"version": "b", "kept_at": MOMENT, "files": b"\x00\xff"}],
    "decisions": [
        {
            "decision_id": "d", "subject_kind": "candidate", "subject_id": "c-0001", "question": "q",
            "as_of": date(2026, 1, 1), "rules_version": "b", "created_at": MOMENT, "payload": "{}",
        }
    ],
}  # fmt: skip


def revisions() -> list[str]:
    """Return every revision, the earliest first."""
    found = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    return [step.revision for step in reversed(list(found))]


def test_the_newest_revision_is_the_one_that_alembic_says() -> None:
    """Every command asks for it, and reads it off the names of the files instead of reading them all in."""
    assert newest_revision() == revisions()[-1]


def step_up(engine: Engine, revision: str) -> None:
    with engine.connect() as connection, bulk.whole_transaction(connection):
        bulk.migrate(connection, revision)


def rows_of(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        return {whole.name: list(whole.lines(connection)) for whole in bulk.tables_of(connection)}


def shape_of(engine: Engine) -> dict[str, Any]:
    """Return what a database says of its tables, without the order of columns, which a step back may change."""
    found = inspect(engine)
    shape: dict[str, Any] = {
        name: (
            sorted((c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)),
            sorted((str(i["name"]), i["column_names"], bool(i["unique"])) for i in found.get_indexes(name)),
            sorted(str(c["name"]) for c in found.get_check_constraints(name)),
            sorted(str(c["name"]) for c in found.get_foreign_keys(name)),
        )
        for name in found.get_table_names()
    }
    with engine.connect() as connection:
        return {**shape, "triggers": bulk.triggers(connection)}


def test_every_step_up_and_down_again_leaves_rows_and_schema_as_they_were(old: Engine) -> None:
    before = rows_of(old)
    assert len(before["candidates"]) == N
    assert {name for name, rows in before.items() if rows} >= {*ROWS, "audit"}
    later = revisions()[revisions().index(OLD) + 1 :]
    shapes, rows = {OLD: shape_of(old)}, {OLD: before}
    for revision in later:
        step_up(old, revision)
        shapes[revision], rows[revision] = shape_of(old), rows_of(old)
        changed = {name for name in before if rows[revision][name] != before[name]}
        # Every table of the seven got a version; people are sealed, organisations may name a company.
        assert changed <= {*tables.CASE_TABLES, "organisations"}
        assert {name: len(kept) for name, kept in before.items()} == {n: len(rows[revision][n]) for n in before}
    for revision in reversed([OLD, *later[:-1]]):
        downgrade(old, revision)
        assert shape_of(old) == shapes[revision]
        assert rows_of(old) == rows[revision]


def test_people_of_the_release_before_are_sealed_and_are_who_they_were(old: Engine) -> None:
    upgrade(old)
    with old.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert list(breaks(connection)) == []
        found = CandidateRepository(connection, PROGRAM).all(with_identity=True)
        assert len(found) == N
        one = found[1]
        assert (one.name, one.phone, one.address) == ("王小明1", "13900000001", "某某路7号\n二楼")
        assert one.birth_date == date(1990, 1, 1)
        raw = connection.execute(select(tables.CASE_TABLES["candidates"])).all()
    assert "王小明" not in repr(raw)
    assert "1990-01-01" not in repr(raw)


def test_a_step_that_breaks_off_leaves_everything_as_it_was(old: Engine) -> None:
    before, shape = rows_of(old), shape_of(old)
    with old.begin() as connection:  # in the way of a later step
        connection.execute(text("CREATE TABLE claims (x INTEGER)"))
    with pytest.raises(Exception, match="claims"):
        upgrade(old)
    with old.begin() as connection:
        connection.execute(text("DROP TABLE claims"))
    assert (rows_of(old), shape_of(old)) == (before, shape)
