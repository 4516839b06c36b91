"""14 | T: ciphertext or audit row altered.

Hash chain verification job finds one flipped byte, one deleted row, one reordered pair.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from pipelines.access.audit import breaks, record
from pipelines.access.errors import VaultError
from pipelines.consistency import check
from pipelines.store.repositories import CandidateRepository
from tests.conftest import Town, Yougang
from tests.support.people import a_person, with_certificate
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A store with one person and some events."""
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            a_person(connection, "c-1", **with_certificate(1))
            for number in range(8):
                record(connection, PROGRAM.by, "test.read", object_kind="test", object_id=f"t{number}")
        yield opened


def powerless(connection: Connection) -> None:
    """Do what an intruder with the owner's rights does first: take the triggers away."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        connection.execute(text("ALTER TABLE audit_head DISABLE TRIGGER ALL"))
        return
    names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"))
    for name in names.scalars().all():
        connection.execute(text(f"DROP TRIGGER {name}"))


ALTERED = {
    "one flipped byte": ("UPDATE audit SET object_id = 't7' WHERE sequence = 5",),
    "another actor": ("UPDATE audit SET actor = 'nobody' WHERE sequence = 5",),
    "one deleted row": ("DELETE FROM audit WHERE sequence = 5",),
    "the last row deleted": ("DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)",),
    "one reordered pair": (
        "UPDATE audit SET sequence = 900 WHERE sequence = 4",
        "UPDATE audit SET sequence = 4 WHERE sequence = 5",
        "UPDATE audit SET sequence = 5 WHERE sequence = 900",
    ),
}


def check_alteration_is_found(engine: Engine, statements: tuple[str, ...]) -> None:
    """Alter the audit past its triggers, and verify the chain."""
    with engine.connect() as connection:
        assert list(breaks(connection)) == []
    with engine.begin() as connection:
        powerless(connection)
        for statement in statements:
            connection.execute(text(statement))
    with engine.connect() as connection:
        assert list(breaks(connection)) != []
        assert [finding for finding in check(connection) if finding.table == "audit" and finding.is_error]


@pytest.mark.parametrize("name", ALTERED)
def test_verification_finds(engine: Engine, name: str) -> None:
    check_alteration_is_found(engine, ALTERED[name])


def test_verification_is_a_command_that_fails(own_town: Town, yougang: Yougang) -> None:
    assert "audit" not in yougang("--json", "db", "check", at=own_town).out
    with sqlite3.connect(own_town.folder / "small.db") as raw:
        for (name,) in raw.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit%'"
        ).fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE audit SET purpose = 'contact' WHERE sequence = 2")
    raw.close()
    said = yougang("--json", "db", "check", at=own_town)
    assert said.code == 1
    assert [f["id"] for f in said.document["findings"] if f["table"] == "audit"] == ["2"]


def test_ciphertext_with_one_flipped_letter_does_not_open(engine: Engine) -> None:
    with engine.begin() as connection:
        sealed = connection.execute(text("SELECT phone FROM candidates")).scalar_one()
    for place in (len(sealed) // 2, len(sealed) - 3, 12):
        flipped = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with engine.begin() as connection:
            noted(connection).execute(text("UPDATE candidates SET phone = :v"), {"v": flipped})
        with engine.connect() as connection, pytest.raises(VaultError):
            CandidateRepository(connection, PROGRAM).find([("c-1",)])
