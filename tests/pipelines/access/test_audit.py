"""Threats 14 and 15: an altered audit is found, and the database itself refuses to alter it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from pipelines.access.audit import (
    GENESIS,
    _around_what_is_unknown,
    _canonical,
    breaks,
    events,
    record,
    record_each,
)
from pipelines.access.roles import COMMAND_LINE
from pipelines.consistency import check
from tests.support.stores import BACKENDS, a_store


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def audited(engine: Engine) -> Engine:
    """Five events."""
    for number in range(5):
        with engine.begin() as connection:
            record(connection, COMMAND_LINE, "test.act", object_kind="thing", object_id=f"t{number}")
    return engine


def without_guards(connection: Connection) -> None:
    """Do what an intruder with the rights of the owner does first."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        return
    for name in ("audit_no_update", "audit_no_delete", "audit_follows", "audit_advances"):
        connection.execute(text(f"DROP TRIGGER {name}"))


def test_a_whole_chain_has_no_break(audited: Engine) -> None:
    with audited.connect() as connection:
        assert list(breaks(connection)) == []
        assert [event["sequence"] for event in events(connection)] == [1, 2, 3, 4, 5]


_ODD = 'a","previous_hash":"0\\张\U0001f600\n'


def test_rows_written_singly_and_by_the_page_are_one_chain(engine: Engine) -> None:
    with engine.begin() as connection:
        assert record(connection, COMMAND_LINE, "test.act", object_kind="thing", object_id=_ODD, details={"n": 1}) == 1
        assert record_each(connection, COMMAND_LINE, "test.act", object_kind="thing", object_ids=["a", _ODD, None]) == 4
        assert record(connection, COMMAND_LINE, "test.act", object_kind="thing", details={"is_so": True}) == 5
    with engine.connect() as connection:
        assert list(breaks(connection)) == []
        told = [event["object_id"] for event in events(connection)]
    assert told == [_ODD, "a", _ODD, None, None]


def test_the_writing_that_a_database_hashes_is_the_one_that_is_checked() -> None:
    event = {
        "at": datetime(2026, 11, 30, 8, 0, 0, 5, tzinfo=UTC), "actor": _ODD, "organisation_id": None,
        "purpose": "audit", "action": "test.act", "object_kind": "thing", "object_id": _ODD, "details": '{"n": 1}',
    }  # fmt: skip
    before, between, after = _around_what_is_unknown(event)
    written = f"{before}{GENESIS}{between}7{after}"
    assert written == _canonical({**event, "previous_hash": GENESIS, "sequence": 7})


_ROW = "sequence, at, actor, organisation_id, purpose, action, object_kind, object_id, details, previous_hash, hash"
TAMPERED = {
    "one_flipped_letter": (["UPDATE audit SET object_id = 't9' WHERE sequence = 3"], "3"),
    "one_changed_time": (["UPDATE audit SET at = '2026-01-01 00:00:00' WHERE sequence = 3"], "3"),
    "one_changed_hash": ([f"UPDATE audit SET hash = '{'f' * 64}' WHERE sequence = 3"], "3"),
    "one_deleted_row": (["DELETE FROM audit WHERE sequence = 3"], "4"),
    "first_row_deleted": (["DELETE FROM audit WHERE sequence = 1"], "2"),
    "last_row_deleted": (["DELETE FROM audit WHERE sequence = 5"], "4"),
    "one_reordered_pair": (
        [
            "UPDATE audit SET sequence = 99 WHERE sequence = 2",
            "UPDATE audit SET sequence = 2 WHERE sequence = 3",
            "UPDATE audit SET sequence = 3 WHERE sequence = 99",
        ],
        "2",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_threat_14_an_altered_deleted_or_reordered_row_is_found_by_the_check(audited: Engine, name: str) -> None:
    statements, where = TAMPERED[name]
    with audited.begin() as connection:
        without_guards(connection)
        for statement in statements:
            connection.execute(text(statement))
    with audited.connect() as connection:
        found = [finding for finding in check(connection) if finding.table == "audit"]
    assert found
    assert found[0].id == where
    assert all(finding.is_error for finding in found)


_INSERT = (
    "INTO audit (sequence, at, actor, purpose, action, object_kind, details, previous_hash, hash) VALUES"
    " ({0}, '2026-01-01', 'a', 'p', 'x', 'o', '{{}}', '{1}', '{2}')"
)
REFUSED = [
    "UPDATE audit SET object_id = 't9' WHERE sequence = 3",
    "DELETE FROM audit WHERE sequence = 5",
    "DELETE FROM audit",
    "INSERT " + _INSERT.format(6, "0" * 64, "1" * 64),
    "INSERT " + _INSERT.format(7, "0" * 64, "1" * 64),
    "UPDATE audit_head SET sequence = 4",
    f"UPDATE audit_head SET hash = '{'0' * 64}'",
    f"UPDATE audit_head SET sequence = 6, hash = '{'0' * 64}'",
    "DELETE FROM audit_head",
    f"INSERT INTO audit_head (id, sequence, hash) VALUES (2, 0, '{'0' * 64}')",
]
ONLY_ON = {
    "sqlite": [
        "INSERT OR REPLACE " + _INSERT.format(5, "0" * 64, "1" * 64),
        f"INSERT OR REPLACE INTO audit_head (id, sequence, hash) VALUES (1, 0, '{'0' * 64}')",
        "UPDATE OR REPLACE audit SET sequence = 1 WHERE sequence = 5",
    ],
    "postgresql": ["TRUNCATE audit", "TRUNCATE audit_head"],
}


def test_threat_15_the_database_refuses_raw_changes_of_the_audit(audited: Engine) -> None:
    for statement in [*REFUSED, *ONLY_ON[audited.dialect.name]]:
        with pytest.raises(DBAPIError, match="audit"), audited.begin() as connection:
            connection.execute(text(statement))
    with audited.connect() as connection:
        assert list(breaks(connection)) == []
        assert len(list(events(connection))) == 5


def test_an_event_goes_with_the_transaction_that_it_speaks_of(audited: Engine) -> None:
    with audited.connect() as connection, connection.begin() as transaction:
        record(connection, COMMAND_LINE, "test.undone", object_kind="thing")
        transaction.rollback()
    with audited.connect() as connection:
        assert "test.undone" not in {event["action"] for event in events(connection)}
        assert list(breaks(connection)) == []


@pytest.mark.parametrize("sent", ["张三", "62010219900101123X42", "Li Si", "a" * 41, "13912345678"])
def test_threat_7_details_take_no_words_from_outside(audited: Engine, sent: str) -> None:
    with audited.begin() as connection, pytest.raises(ValueError, match="detail") as refused:
        record(connection, COMMAND_LINE, "test.act", object_kind="thing", details={"said": sent})
    assert sent not in str(refused.value)
