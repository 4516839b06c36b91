"""The audit: append-only rows, each with the hash of the one before, written in the transaction they speak of.

Details hold words of the program and counts, never what a person sent. The database refuses changes (migration 0003);
`breaks` finds what somebody with more power than that altered, cut out, reordered or cut off the end.
Rebuilding the whole chain with its head is not found: for that the head has to be kept elsewhere as well.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, String, bindparam, func, insert, select, update

from pipelines.access.roles import By
from pipelines.store import tables
from pipelines.store.migrations.audited import FUNCTION, SETTING

GENESIS = "0" * 64
_WORD = re.compile(r"[a-z][a-z_.-]{0,39}")


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the chain does not hold."""

    sequence: int
    text: str


def record(
    connection: Connection,
    by: By,
    action: str,
    *,
    object_kind: str,
    object_id: str | None = None,
    details: Mapping[str, str | int | bool] | None = None,
    at: datetime | None = None,
) -> int:
    """Write an event in the caller's transaction and return its number.

    Raises
    ------
    ValueError
        When a detail is not a word of the program: what people send does not belong here.
    """
    return record_each(connection, by, action, object_kind=object_kind, object_ids=[object_id], details=details, at=at)


def record_each(
    connection: Connection,
    by: By,
    action: str,
    *,
    object_kind: str,
    object_ids: Sequence[str | None],
    details: Mapping[str, str | int | bool] | None = None,
    at: datetime | None = None,
) -> int:
    """Write the same event for each of some objects, in their order, and return the number of the last.

    A page hands out many people at once: each has a row of its own, and the end of the chain is taken once.

    Raises
    ------
    ValueError
        When a detail is not a word of the program, or there is no object.
    """
    told = dict(details or {})
    if any(isinstance(value, str) and not _WORD.fullmatch(value) for value in told.values()):
        raise ValueError("an audit detail has to be a word of the program, a number, or yes or no")
    if not object_ids:
        raise ValueError("an event without an object cannot be written")
    last, previous = _locked_head(connection)
    moment, rows = at or datetime.now(UTC), []
    for sequence, object_id in enumerate(object_ids, start=last + 1):
        row: dict[str, Any] = {
            "sequence": sequence,
            "at": moment,
            "actor": by.actor,
            "organisation_id": by.organisation_id,
            "purpose": by.purpose.value,
            "action": action,
            "object_kind": object_kind,
            "object_id": object_id,
            "details": json.dumps(told, sort_keys=True),
            "previous_hash": previous,
        }
        previous = _hash(row)
        rows.append({**row, "hash": previous})
    connection.execute(insert(tables.audit), rows)
    _answer_for_writes(connection, last + len(rows))
    return last + len(rows)


def _answer_for_writes(connection: Connection, sequence: int) -> None:
    """Let the database know the row that answers for the writes of this transaction; see `migrations.audited`."""
    if connection.dialect.name == "postgresql":
        connection.execute(_SET, {"sequence": str(sequence)})
    else:
        connection.info[FUNCTION] = sequence


def take_turn(connection: Connection) -> None:
    """Take the lock on the end of the chain before a look that the event and its writes rest on.

    The lock comes before those on other rows, so that of two transactions neither waits for the other.
    """
    _locked_head(connection)


def _locked_head(connection: Connection) -> tuple[int, str]:
    """Take the lock on the end of the chain and return it; others wait until the transaction ends."""
    taken = connection.execute(_TAKE).one()
    return taken.sequence, taken.hash


# Asked with every act: put together once.
# An update that changes nothing locks the row on PostgreSQL and the file on SQLite, which has no SELECT FOR UPDATE.
_TAKE = update(tables.audit_head).values(id=1).returning(tables.audit_head.c.sequence, tables.audit_head.c.hash)
_SET = select(func.set_config(SETTING, bindparam("sequence", type_=String), True))


def _hash(row: Mapping[str, Any]) -> str:
    """Return the hash of a row without its own, in one canonical writing."""
    told = {**row, "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds")}
    return hashlib.sha256(
        json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ).hexdigest()


def events(connection: Connection, *, after: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the rows in their order."""
    table = tables.audit
    statement = select(table).where(table.c.sequence > after).order_by(table.c.sequence)
    for row in connection.execute(statement, execution_options={"yield_per": 2000}):
        yield dict(row._mapping)


def last_event(connection: Connection) -> int:
    """Return the number of the newest row."""
    return int(connection.execute(select(tables.audit_head.c.sequence)).scalar_one())


def breaks(connection: Connection) -> Iterator[Break]:
    """Yield every place where the chain does not hold; none when it is whole."""
    sequence, previous = 0, GENESIS
    for row in events(connection):
        own = row.pop("hash")
        if row["sequence"] != sequence + 1:
            yield Break(row["sequence"], f"审计记录缺失：{sequence} 之后是 {row['sequence']}")
        elif row["previous_hash"] != previous:
            yield Break(row["sequence"], "与前一条审计记录不相接")
        if own != _hash(row):
            yield Break(row["sequence"], "审计记录的内容与其校验值不符")
        sequence, previous = row["sequence"], own
    head = connection.execute(select(tables.audit_head.c.sequence, tables.audit_head.c.hash)).first()
    if head is None or tuple(head) != (sequence, previous):
        yield Break(sequence, "审计记录的末尾与登记的末尾不符，末尾的记录可能被删去")
