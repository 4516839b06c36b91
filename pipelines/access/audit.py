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

from sqlalchemy import CTE, Connection, Integer, String, bindparam, cast, exists, func, insert, select, text, update

from pipelines.access.roles import By
from pipelines.store import tables
from pipelines.store.base import UtcDateTime
from pipelines.store.migrations.audited import FUNCTION, SETTING

GENESIS = "0" * 64
_TEXTS = ("actor", "organisation_id", "purpose", "action", "object_kind", "object_id", "details")
_PARTS = ("before", "between", "after")
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
    event = _event(by, action, object_kind, told, at)
    if len(object_ids) == 1 and connection.dialect.name == "postgresql":
        return _linked_there(connection, {**event, "object_id": object_ids[0]})
    return _linked_here(connection, event, object_ids)


def _linked_here(connection: Connection, event: Mapping[str, Any], object_ids: Sequence[str | None]) -> int:
    last, previous = _locked_head(connection, more=len(object_ids))
    rows: list[dict[str, Any]] = []
    for sequence, object_id in enumerate(object_ids, start=last + 1):
        row = {**event, "sequence": sequence, "object_id": object_id, "previous_hash": previous}
        previous = _hash(row)
        rows.append({**row, "hash": previous})
    connection.execute(_INSERT, rows)
    return last + len(rows)


def _linked_there(connection: Connection, event: Mapping[str, Any]) -> int:
    """Let PostgreSQL take the end of the chain, write the row and its hash, and note its number, in one statement.

    Whoever reads a person waits for the end of the chain: it is held for no longer than it has to be.
    """
    told = {**event, **dict(zip(_PARTS, _around_what_is_unknown(event), strict=True))}
    return int(connection.execute(_LINK, told).scalar_one())


def wait_for_turn(connection: Connection) -> None:
    """Wait until nobody else is writing, and keep it so until the transaction ends; for who reads and then writes over.

    Every write has an audit row, and these are written one after another: who holds the end of the chain meets no
    other writer. SQLite begins a transaction with its first write and reads before that what anybody may still change.
    """
    if connection.dialect.name == "postgresql":
        head = tables.audit_head
        connection.execute(select(head.c.sequence).where(head.c.id == 1).with_for_update())
    else:
        _locked_head(connection)


def linked_to(found: CTE) -> CTE:
    """Return the part of a PostgreSQL statement that writes the audit row of what another part of it finds.

    Nothing is written where nothing is found. The parameters are those of `event_of`; the part tells the number.
    """
    given = {name: bindparam(f"audit_{name}", type_=String) for name in (*_TEXTS, *_PARTS)}
    head = tables.audit_head
    end = (
        update(head)
        .values(id=1)
        .where(exists().select_from(found))
        .returning(head.c.sequence, head.c.hash)
        .cte("audit_end")
    )
    number = end.c.sequence + 1
    writing = given["before"] + end.c.hash + given["between"] + cast(number, String) + given["after"]
    told = {
        "sequence": number,
        "at": bindparam("audit_at", type_=UtcDateTime()),
        **{name: given[name] for name in _TEXTS},
        "previous_hash": end.c.hash,
        "hash": func.encode(func.sha256(func.convert_to(writing, "UTF8")), "hex"),
    }
    return (
        insert(tables.audit)
        .from_select([*told], select(*told.values()))
        .returning(tables.audit.c.sequence)
        .cte("audit_row")
    )


def event_of(by: By, action: str, *, object_kind: str, object_id: str) -> dict[str, Any]:
    """Return the parameters of `linked_to`: the event without details, and what its writing is put together of."""
    event = _event(by, action, object_kind, {}, None) | {"object_id": object_id}
    told = {**event, **dict(zip(_PARTS, _around_what_is_unknown(event), strict=True))}
    return {f"audit_{name}": value for name, value in told.items()}


def _event(by: By, action: str, object_kind: str, told: Mapping[str, Any], at: datetime | None) -> dict[str, Any]:
    return {
        "at": at or datetime.now(UTC),
        "actor": by.actor,
        "organisation_id": by.organisation_id,
        "purpose": by.purpose.value,
        "action": action,
        "object_kind": object_kind,
        "details": json.dumps(told, sort_keys=True),
    }


def _around_what_is_unknown(event: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what stands in the canonical writing before, between and after the hash before and the number."""
    names = sorted({*event, "previous_hash", "sequence"})
    at, number = names.index("previous_hash"), names.index("sequence")
    parts = (names[:at], names[at + 1 : number], names[number + 1 :])
    before, between, after = (_canonical({name: event[name] for name in part})[1:-1] for part in parts)
    return (
        "{" + before + ("," if before else "") + '"previous_hash":"',
        '",' + between + ("," if between else "") + '"sequence":',
        ("," if after else "") + after + "}",
    )


def take_turn(connection: Connection) -> None:
    """Take the lock on the end of the chain before a look that the event and its writes rest on.

    The lock comes before those on other rows, so that of two transactions neither waits for the other.
    """
    _locked_head(connection)


def _locked_head(connection: Connection, more: int = 0) -> tuple[int, str]:
    """Take the lock on the end of the chain and return it; others wait until the transaction ends.

    With more to come the database is told the number that will answer for the writes of this transaction: the head has
    to have got there by then; see `migrations.audited`.
    """
    is_told_there = more and connection.dialect.name == "postgresql"
    taken = (
        connection.execute(_TAKE_AND_TELL, {"more": more}).one() if is_told_there else connection.execute(_TAKE).one()
    )
    if more and not is_told_there:
        connection.info[FUNCTION] = taken.sequence + more
    return taken.sequence, taken.hash


# Asked with every act: put together once.
# An update that changes nothing locks the row on PostgreSQL and the file on SQLite, which has no SELECT FOR UPDATE.
_TAKE = update(tables.audit_head).values(id=1).returning(tables.audit_head.c.sequence, tables.audit_head.c.hash)
_TAKE_AND_TELL = _TAKE.returning(
    func.set_config(SETTING, cast(tables.audit_head.c.sequence + bindparam("more", type_=Integer), String), True)
)
_INSERT = insert(tables.audit)
_LINK = text(f"""
WITH head AS (UPDATE audit_head SET id = 1 RETURNING sequence, hash)
INSERT INTO audit (sequence, at, actor, organisation_id, purpose, action, object_kind, object_id, details,
                   previous_hash, hash)
SELECT sequence + 1, :at, :actor, :organisation_id, :purpose, :action, :object_kind, :object_id, :details,
       hash, encode(sha256(convert_to(:before || hash || :between || (sequence + 1) || :after, 'UTF8')), 'hex')
FROM head
RETURNING sequence, set_config('{SETTING}', sequence::text, true)
""").bindparams(bindparam("at", type_=UtcDateTime()), *(bindparam(name, type_=String) for name in _TEXTS + _PARTS))  # noqa: S608


def _hash(row: Mapping[str, Any]) -> str:
    """Return the hash of a row without its own, in one canonical writing."""
    return hashlib.sha256(_canonical(row).encode()).hexdigest()


def _canonical(told: Mapping[str, Any]) -> str:
    if "at" in told:
        told = {**told, "at": told["at"].astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def events(connection: Connection, *, after: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the rows in their order."""
    table = tables.audit
    statement = select(table).where(table.c.sequence > after).order_by(table.c.sequence)
    for row in connection.execute(statement, execution_options={"yield_per": 2000}):
        yield dict(row._mapping)


def _hash_of(connection: Connection, sequence: int) -> str:
    """Return the hash of a row; of one that is gone none, which nothing follows on."""
    found = select(tables.audit.c.hash).where(tables.audit.c.sequence == sequence)
    return connection.execute(found).scalar() or ""


def last_event(connection: Connection) -> int:
    """Return the number of the newest row."""
    return int(connection.execute(select(tables.audit_head.c.sequence)).scalar_one())


def breaks(connection: Connection, *, after: int = 0) -> Iterator[Break]:
    """Yield every place where the chain does not hold; none when it is whole.

    After a row only what follows it is looked at, from its own hash on: what came before may be altered all the same.
    """
    sequence, previous = after, GENESIS if after == 0 else _hash_of(connection, after)
    for row in events(connection, after=after):
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
