"""Marks by which records of the same person are found: keyed hashes of what identifies somebody, never the thing.

A mark is made when a record is looked at for the first time or has changed since, so that each search opens only what
is new. Whoever reads the table learns who resembles whom, and nothing of whom it is.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select

from matching.identity import read_certificate
from pipelines.access.keyed import keyed_hasher
from pipelines.access.vault import Vault
from pipelines.store import tables
from pipelines.store.caseload_tables import distinct_people, person_marks
from pipelines.store.duty_rows import ready_for_many
from pipelines.store.of_people import OfPeople, Row
from pipelines.store.reach import reach
from pipelines.store.sealed import vault_of

KINDS = ("citizen", "name_birth", "name_phone", "birth_phone")
"""From the surest likeness to the weakest; one telephone alone is none, families share it."""
BLOCK = 500
_MANY = 400  # values in one statement: SQLite takes a limited number of parameters
_CITIZEN, _PHONE = 18, 11
_OPENED = ("certificate_number", "name", "phone", "birth_date")
_people = tables.CASE_TABLES["candidates"]


class PersonMarks(OfPeople):
    """The marks of the people whom a subject sees."""

    table = person_marks

    def refresh(self, limit: int) -> int:
        """Mark up to so many visible records that are new, have changed, or are marked under an older key."""
        n, after = 0, ""
        while n < limit:
            part = self._stale().where(_people.c.candidate_id > after)
            rows = self.connection.execute(part.order_by(_people.c.candidate_id).limit(min(BLOCK, limit - n))).all()
            if not rows:
                break
            self._mark(rows)
            n, after = n + len(rows), rows[-1].candidate_id
        return n

    def sweep(self, after: str | None, size: int) -> tuple[int, str | None]:
        """Do the same among the next so many records after an id: how many were marked, and the last id looked at.

        None is the end. Each record is looked at once, however many are marked: whoever looks for the next unmarked one
        from the beginning passes all those again that are marked already, and of hundreds of thousands does not end.
        """
        c = _people.c
        ready_for_many(self.connection)
        after = "" if after is None else after
        ids = select(c.candidate_id).where(c.candidate_id > after).order_by(c.candidate_id)
        last: str | None = self.connection.execute(ids.offset(size - 1).limit(1)).scalar()
        # Both sides within the same ids: whatever way the database takes, it reads no more than these.
        part = self._stale(after, last).order_by(c.candidate_id)
        rows = self.connection.execute(part).all()
        for start in range(0, len(rows), BLOCK):
            self._mark(rows[start : start + BLOCK])
        return len(rows), last

    def _stale(self, after: str = "", last: str | None = None) -> Select[Any]:
        """Return the visible records that want a mark, with what it is made of; of the ids between two, if any."""
        vault, c, m = vault_of(self.connection), _people.c, person_marks.c
        same = [m.candidate_id == c.candidate_id]
        within: list[ColumnElement[bool]] = []
        for column, conditions in ((c.candidate_id, within), (m.candidate_id, same)):
            if after:
                conditions.append(column > after)
            if last is not None:
                conditions.append(column <= last)
        unmarked = and_(m.phone.is_(None), c.phone.is_not(None))
        stale = or_(m.candidate_id.is_(None), m.row_version != c.row_version, m.key_id != vault.current, unmarked)
        wanted = select(c.candidate_id, c.row_version, m.candidate_id.label("marked"), *(c[name] for name in _OPENED))
        return wanted.select_from(_people.outerjoin(person_marks, and_(*same))).where(stale, *within, *self._visible())

    def _mark(self, rows: Sequence[Any]) -> None:
        """Put the marks of these records in the place of their older ones."""
        key_id = vault_of(self.connection).current
        made = [
            {"candidate_id": row.candidate_id, "row_version": row.row_version, "key_id": key_id} | self._maker(row)
            for row in rows
        ]
        again = [row.candidate_id for row in rows if row.marked is not None]
        if again:
            c = person_marks.c
            mine = self._readable(c.candidate_id).where(c.candidate_id.in_(again))
            self.connection.execute(delete(person_marks).where(c.candidate_id.in_(mine)))
        self.connection.execute(insert(person_marks), made)

    @cached_property
    def _maker(self) -> "_Maker":
        return _Maker(vault_of(self.connection))

    def _visible(self) -> list[ColumnElement[bool]]:
        """Return the condition of the visible people, on their own table."""
        condition = reach("candidates", self.subject)
        return [] if condition is None else [condition]

    def alike(self) -> list[tuple[str, str, str]]:
        """Return pairs of visible people with the same mark, as the two ids in order and the kind of mark."""
        found: list[tuple[str, str, str]] = []
        for kind in KINDS:
            one, two = person_marks.alias("one"), person_marks.alias("two")
            shared = self._readable(person_marks.c[kind]).where(person_marks.c[kind].is_not(None))
            shared = shared.group_by(person_marks.c[kind]).having(func.count() > 1)
            wanted = select(one.c.candidate_id, two.c.candidate_id).select_from(
                one.join(two, and_(one.c[kind] == two.c[kind], one.c.candidate_id < two.c.candidate_id))
            )
            mine = self._readable(person_marks.c.candidate_id)
            wanted = wanted.where(one.c[kind].in_(shared), one.c.candidate_id.in_(mine), two.c.candidate_id.in_(mine))
            found += [(row[0], row[1], kind) for row in self.connection.execute(wanted)]
        return found


def sharing_phones(connection: Connection, candidate_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return for people who else has the same telephone, as far as both are marked as they stand; nobody is opened.

    Everybody counts, seen or not: how many there are is asked, never who.
    """
    one, two, c = person_marks.alias("one"), person_marks.alias("two"), _people.c
    wanted = (
        select(one.c.candidate_id, two.c.candidate_id)
        .join(two, and_(one.c.phone == two.c.phone, one.c.candidate_id != two.c.candidate_id))
        .join(_people, and_(c.candidate_id == two.c.candidate_id, c.row_version == two.c.row_version))
        .where(one.c.phone != "")
    )
    found: dict[str, set[str]] = {}
    people = list(dict.fromkeys(candidate_ids))
    for start in range(0, len(people), _MANY):
        part = wanted.where(one.c.candidate_id.in_(people[start : start + _MANY]))
        for owner, other in connection.execute(part):
            found.setdefault(owner, set()).add(other)
    return found


class DistinctRepository(OfPeople):
    """Which visible people, though alike, were found to be two."""

    table = distinct_people

    def pairs(self) -> set[tuple[str, str]]:
        """Return them as pairs of ids in order."""
        c = distinct_people.c
        return {(row[0], row[1]) for row in self.connection.execute(self._readable(c.candidate_id, c.other_id))}

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep that two people found visible are two."""
        self.connection.execute(insert(distinct_people).values(self._sealed(values)))

    def of(self, first: str, second: str) -> Row | None:
        """Return what was found of a pair, or None."""
        c = distinct_people.c
        wanted = self._readable().where(c.candidate_id == first, c.other_id == second)
        found = self._opened(self.connection.execute(wanted))
        return found[0] if found else None


class _Maker:
    """Makes the marks of one record after another; what belongs to the keys is got ready once."""

    def __init__(self, vault: Vault) -> None:
        self._open = {name: vault.opener("candidates", name) for name in _OPENED}
        self._hash = {kind: keyed_hasher(vault, f"person.{kind}") for kind in (*KINDS, "phone")}

    def __call__(self, row: Any) -> dict[str, str | None]:
        number, name, phone = (self._opened(row, column) for column in ("certificate_number", "name", "phone"))
        is_without_phone = phone is None
        name, phone, born = plain_name(name), plain_phone(phone), self._opened(row, "birth_date")
        if born is None and number is not None:
            born = read_certificate(number).birth_date.isoformat()
        secrets = {
            "citizen": (None if number is None else number[:_CITIZEN],),
            "name_birth": (name, born),
            "name_phone": (name, phone),
            "birth_phone": (born, phone),
        }
        marks = {
            kind: None if None in parts else self._hash[kind]("\x1f".join(map(str, parts)))
            for kind, parts in secrets.items()
        }
        own = "" if phone is None else self._hash["phone"](phone)
        return {**marks, "phone": None if is_without_phone else own}

    def _opened(self, row: Any, column: str) -> str | None:
        sealed = getattr(row, column)
        return None if sealed is None else self._open[column](row.candidate_id, sealed)


def plain_name(name: str | None) -> str | None:
    """Return a name as two writings of it agree: without spaces and dots, wide letters narrow."""
    if name is None:
        return None
    return re.sub(r"[\s·•.．・]", "", unicodedata.normalize("NFKC", name)).casefold() or None


def plain_phone(phone: str | None) -> str | None:
    """Return the last eleven digits of a telephone number; of fewer than seven nobody is known."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone or ""))[-_PHONE:]
    return digits if len(digits) >= 7 else None
