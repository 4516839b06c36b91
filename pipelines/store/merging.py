"""Rows that follow a person's record into another one of the same person, and back.

Whatever table refers to a person is found in the metadata, so that one added later cannot be forgotten. Rows with an id
of their own are moved; of rows that a person has once a day (services, acts) those that the other record has as well
stand aside and are told to the caller, who keeps them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, exists, func, insert, select, update

from pipelines.store import tables
from pipelines.store.anonymising import tables_of_people
from pipelines.store.caseload_tables import caseworkers, distinct_people, person_marks, person_merges
from pipelines.store.claim_tables import claims
from pipelines.store.consent_tables import consents, retention_warnings
from pipelines.store.of_people import OfPeople, Row
from pipelines.store.sealed import vault_of

Moved = dict[str, list[Any]]
"""By table the ids of the rows that moved; of a row without an id the rest of its key."""
_APART = frozenset(
    table.name for table in (tables.fact_sources, retention_warnings, person_marks, distinct_people, consents, claims)
)
"""What follows by rules of its own, or not at all."""
_KEYED = ("interactions", "services", "initiative_people")


class MergeRepository(OfPeople):
    """The merges of the people whom a subject sees."""

    table = person_merges

    def find(self, merge_id: str) -> Row | None:
        """Return one visible merge, or None."""
        wanted = self._readable().where(person_merges.c.merge_id == merge_id.replace("\x00", "\ufffd"))
        found = self._opened(self.connection.execute(wanted))
        return found[0] if found else None

    def latest(self, limit: int) -> list[Row]:
        """Return the latest visible merges, the newest first, without their snapshots."""
        c = person_merges.c
        columns = [column for column in c if column.name != "snapshot"]
        wanted = self._readable(*columns).order_by(c.merged_at.desc(), c.merge_id).limit(limit)
        return self._opened(self.connection.execute(wanted))

    def kept_of(self, merged_id: str) -> str | None:
        """Return the visible person into whom somebody was merged and still is, or None."""
        c = person_merges.c
        wanted = self._readable(c.candidate_id).where(
            c.merged_id == merged_id.replace("\x00", "\ufffd"), c.undone_at.is_(None)
        )
        found: str | None = self.connection.execute(wanted).scalar()
        return found

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep the merge of two people found visible."""
        self.connection.execute(insert(person_merges).values(self._sealed(values)))

    def undo(self, merge: Row, by: str, at: datetime) -> bool:
        """Note that a visible merge was undone; False where somebody was faster."""
        c = person_merges.c
        same = [c.merge_id == merge["merge_id"], c.undone_at.is_(None), *self._reach()]
        done = self.connection.execute(update(person_merges).where(*same).values(undone_by=by, undone_at=at))
        return done.rowcount == 1


def merged_ids(connection: Connection, candidate_ids: Sequence[str]) -> set[str]:
    """Return which of these ids were put into another record and are nobody's own any more."""
    c = person_merges.c
    found: set[str] = set()
    for start in range(0, len(candidate_ids), 400):
        part = c.merged_id.in_(candidate_ids[start : start + 400])
        found.update(connection.execute(select(c.merged_id).where(part, c.undone_at.is_(None))).scalars())
    return found


def has_claims(connection: Connection, candidate_id: str) -> bool:
    """True where something was ever claimed on account of a person."""
    return (
        connection.execute(select(claims.c.claim_id).where(claims.c.candidate_id == candidate_id)).first() is not None
    )


def move(connection: Connection, source: str, target: str, *, now: datetime) -> tuple[Moved, Moved]:
    """Move everything of one record to another; return what moved, and what stood in the way and was taken out.

    The caller has recorded the merge under both: without that the database refuses it.
    """
    moved: Moved = {}
    aside: Moved = {}
    moved["ended_charges"] = _end_doubled_charges(connection, source, target, now)
    for table in tables_of_people():
        if table.name in _KEYED:
            moved[table.name], aside[table.name] = _move_keyed(connection, table, source, target)
        elif table.name not in _APART:
            moved[table.name] = _move_by_id(connection, table, source, target)
    moved["consents"] = _move_consents(connection, source, target)
    moved["decisions"] = _move_decisions(connection, source, target)
    connection.execute(delete(retention_warnings).where(retention_warnings.c.candidate_id.in_((source, target))))
    connection.execute(delete(person_marks).where(person_marks.c.candidate_id == source))
    d = distinct_people.c
    connection.execute(delete(distinct_people).where((d.candidate_id == source) | (d.other_id == source)))
    connection.execute(delete(tables.fact_sources).where(tables.fact_sources.c.candidate_id == source))
    return {name: ids for name, ids in moved.items() if ids}, {name: rows for name, rows in aside.items() if rows}


def move_back(connection: Connection, moved: Moved, aside: Moved, source: str, target: str) -> None:
    """Move what went from `source` to `target` back to `source`, as far as it is still there, and put back the rest."""
    for table in tables_of_people():
        ids = moved.get(table.name, [])
        if table.name in _KEYED:
            _back_keyed(connection, table, ids, aside.get(table.name, []), source, target)
        elif ids and table.name not in _APART:
            key = next(iter(table.primary_key))
            connection.execute(
                update(table).where(key.in_(ids), table.c.candidate_id == target).values(candidate_id=source)
            )
    for consent_id, number in moved.get("consents", []):
        same = (consents.c.consent_id == consent_id, consents.c.candidate_id == target)
        connection.execute(update(consents).where(*same).values(candidate_id=source, number=number))
    made = tables.decisions.c
    if ids := moved.get("decisions", []):
        connection.execute(update(tables.decisions).where(made.decision_id.in_(ids)).values(subject_id=source))
    for charge_id in moved.get("ended_charges", []):
        connection.execute(update(caseworkers).where(caseworkers.c.charge_id == charge_id).values(ended_at=None))


def _move_by_id(connection: Connection, table: Table, source: str, target: str) -> list[str]:
    key = next(iter(table.primary_key))
    ids = list(connection.execute(select(key).where(table.c.candidate_id == source)).scalars())
    connection.execute(update(table).where(table.c.candidate_id == source).values(candidate_id=target))
    return ids


def _move_keyed(connection: Connection, table: Table, source: str, target: str) -> tuple[list[Any], list[Any]]:
    rest = [column for column in table.primary_key if column.name != "candidate_id"]
    other = table.alias()
    doubled = exists().where(other.c.candidate_id == target, *(other.c[column.name] == column for column in rest))
    own = table.c.candidate_id == source
    aside = [dict(row._mapping) for row in connection.execute(select(table).where(own, doubled))]
    connection.execute(delete(table).where(own, doubled))
    moved = [list(row) for row in connection.execute(select(*rest).where(own))]
    connection.execute(update(table).where(own).values(candidate_id=target))
    return moved, aside


def _back_keyed(
    connection: Connection, table: Table, moved: list[Any], aside: list[Any], source: str, target: str
) -> None:
    rest = [column for column in table.primary_key if column.name != "candidate_id"]
    for key in moved:
        same = and_(*(column == value for column, value in zip(rest, key, strict=True)))
        connection.execute(
            update(table).where(table.c.candidate_id == target, same).values(candidate_id=source)
        )  # fmt: skip
    if aside:
        connection.execute(insert(table), aside)


def _move_consents(connection: Connection, source: str, target: str) -> list[Any]:
    c = consents.c
    last = connection.execute(select(func.max(c.number)).where(c.candidate_id == target)).scalar() or 0
    rows = connection.execute(select(c.consent_id, c.number).where(c.candidate_id == source).order_by(c.number)).all()
    for consent_id, number in rows:
        statement = update(consents).where(c.consent_id == consent_id)
        connection.execute(statement.values(candidate_id=target, number=last + number))
    return [[consent_id, number] for consent_id, number in rows]


def _move_decisions(connection: Connection, source: str, target: str) -> list[str]:
    c = tables.decisions.c
    own = (c.subject_kind == "candidate", c.subject_id == source)
    ids = list(connection.execute(select(c.decision_id).where(*own)).scalars())
    if ids:
        connection.execute(update(tables.decisions).where(*own).values(subject_id=target))
    return ids


def _end_doubled_charges(connection: Connection, source: str, target: str, now: datetime) -> list[str]:
    """End the charges of one record where the same office has somebody in charge of the other."""
    c, other = caseworkers.c, caseworkers.alias()
    doubled = exists().where(
        other.c.candidate_id == target, other.c.organisation_id == c.organisation_id, other.c.ended_at.is_(None)
    )
    own = (c.candidate_id == source, c.ended_at.is_(None), doubled)
    ids = list(connection.execute(select(c.charge_id).where(*own)).scalars())
    connection.execute(update(caseworkers).where(*own).values(ended_at=now))
    return ids


def drop_sources(connection: Connection, candidate_id: str, facts: Sequence[str]) -> None:
    """Forget who supplied some facts of a person found visible: nobody did, they came with another record."""
    c = tables.fact_sources.c
    if facts:
        connection.execute(delete(tables.fact_sources).where(c.candidate_id == candidate_id, c.fact.in_(facts)))


def is_keyed(connection: Connection) -> bool:
    """True where the store has keys: without them nobody can be recognised by a mark."""
    return bool(vault_of(connection).keys)
