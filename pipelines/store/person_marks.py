"""Marks by which records of the same person are found: keyed hashes of what identifies somebody, never the thing.

A mark is made when a record is looked at for the first time or has changed since, so that each search opens only what
is new. Whoever reads the table learns who resembles whom, and nothing of whom it is.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select

from matching.identity import parse_certificate
from pipelines.access.keyed import keyed_hash
from pipelines.access.vault import Place
from pipelines.store import tables
from pipelines.store.caseload_tables import distinct_people, person_marks
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
        vault, c, m = vault_of(self.connection), _people.c, person_marks.c
        wanted = select(c.candidate_id, c.row_version, m.candidate_id.label("marked"), *(c[name] for name in _OPENED))
        wanted = wanted.select_from(_people.outerjoin(person_marks, m.candidate_id == c.candidate_id))
        unmarked = and_(m.phone.is_(None), c.phone.is_not(None))
        stale = or_(m.candidate_id.is_(None), m.row_version != c.row_version, m.key_id != vault.current, unmarked)
        n = 0
        while n < limit:
            part = wanted.where(stale, *self._visible()).order_by(c.candidate_id).limit(min(BLOCK, limit - n))
            rows = self.connection.execute(part).all()
            if not rows:
                return n
            made = [
                {"candidate_id": row.candidate_id, "row_version": row.row_version, "key_id": vault.current}
                | _marks(vault, row)
                for row in rows
            ]
            again = [row.candidate_id for row in rows if row.marked is not None]
            if again:
                self.connection.execute(delete(person_marks).where(m.candidate_id.in_(again)))
            self.connection.execute(insert(person_marks), made)
            n += len(rows)
        return n

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


def _marks(vault: Any, row: Any) -> dict[str, str | None]:
    opened = {
        name: None
        if getattr(row, name) is None
        else vault.open(getattr(row, name), Place("candidates", name, row.candidate_id))
        for name in _OPENED
    }
    number, name, phone = opened["certificate_number"], plain_name(opened["name"]), plain_phone(opened["phone"])
    citizen = None if number is None else number[:_CITIZEN]
    born = opened["birth_date"]
    if born is None and number is not None:
        told = parse_certificate(number).birth_date
        born = None if told is None else told.isoformat()
    secrets = {
        "citizen": (citizen,),
        "name_birth": (name, born),
        "name_phone": (name, phone),
        "birth_phone": (born, phone),
    }
    marks = {
        kind: None if None in parts else keyed_hash(vault, f"person.{kind}", "\x1f".join(map(str, parts)))
        for kind, parts in secrets.items()
    }
    own = "" if phone is None else keyed_hash(vault, "person.phone", phone)
    return {**marks, "phone": None if opened["phone"] is None else own}


def plain_name(name: str | None) -> str | None:
    """Return a name as two writings of it agree: without spaces and dots, wide letters narrow."""
    if name is None:
        return None
    return re.sub(r"[\s·•.．・]", "", unicodedata.normalize("NFKC", name)).casefold() or None


def plain_phone(phone: str | None) -> str | None:
    """Return the last eleven digits of a telephone number; of fewer than seven nobody is known."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone or ""))[-_PHONE:]
    return digits if len(digits) >= 7 else None
