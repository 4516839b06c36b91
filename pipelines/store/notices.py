"""Notices as rows: made for who has to know, once for each reader, and read by that reader alone.

A notice about a person is shown while the reader sees the person, and one about a company to who acts for it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.notice_tables import notices
from pipelines.store.of_people import Row
from pipelines.store.reach import reach

Key = tuple[date, str]
_MANY, _AT_ONCE = 400, 50


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What one reader is told; `mark` makes it the same notice however often it is come upon."""

    reader: str
    kind: str
    because: str
    mark: str
    happened_on: date
    candidate_id: str | None = None
    employer_id: str | None = None
    vacancy_id: str | None = None
    object_id: str | None = None
    detail: str | None = None
    n: int | None = None
    asks: tuple[tuple[str, str], ...] = ()
    due_on: date | None = None


def make(connection: Connection, new: Iterable[NewNotice], *, now: datetime | None = None) -> int:
    """Keep notices that are not there yet, and open anew those that had ended; return how many.

    The caller has written into the audit what they tell of, in the same transaction.
    """
    at = now or datetime.now(UTC)
    rows = [
        {
            **asdict(one),
            "asks": json.dumps(one.asks, ensure_ascii=False) if one.asks else None,
            "notice_id": str(uuid4()),
            "made_at": at,
        }
        for one in new
    ]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    n, same, again = 0, [notices.c.reader, notices.c.mark], {"seen_at": None, "ended_at": None, "made_at": at}
    for start in range(0, len(rows), _AT_ONCE):
        statement = dialect.insert(notices).values(rows[start : start + _AT_ONCE])
        statement = statement.on_conflict_do_update(
            index_elements=same, set_=again, where=notices.c.ended_at.is_not(None)
        )
        n += len(connection.execute(statement.returning(notices.c.notice_id)).all())
    return n


def end_marked(connection: Connection, mark: str, at: datetime) -> None:
    """End the notices of something that was taken back, whoever reads them."""
    c = notices.c
    connection.execute(update(notices).where(c.mark == mark, c.ended_at.is_(None)).values(ended_at=at))


def n_out_of_term(connection: Connection, terms: "Terms") -> int:
    """Return how many notices are kept beyond their term, whoever reads them."""
    return int(connection.execute(select(func.count()).select_from(notices).where(terms.over())).scalar_one())


def drop_out_of_term(connection: Connection, terms: "Terms") -> int:
    """Delete the notices that are kept beyond their term; return how many.

    The caller has written into the audit that it does, in the same transaction.
    """
    return connection.execute(delete(notices).where(terms.over())).rowcount


@dataclass(frozen=True, slots=True)
class Terms:
    """Until when what was read or ended, and what was not read, is old; what comes from days stays until it ends.

    Such a notice would be made anew, unread, by the next look at what is due.
    """

    read_before: datetime
    unread_before: datetime
    from_days: tuple[str, ...]

    def over(self) -> ColumnElement[bool]:
        """Return the condition of the notices that are kept beyond their term."""
        c = notices.c
        was_read = and_(c.kind.not_in(self.from_days), c.seen_at < self.read_before)
        unread = and_(c.kind.not_in(self.from_days), c.seen_at.is_(None), c.made_at < self.unread_before)
        return or_(c.ended_at < self.read_before, was_read, unread)


class NoticeRepository:
    """The notices of whoever asks."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject, self.reader = connection, subject, subject.by.actor

    def _reach(self) -> list[ColumnElement[bool]]:
        """Return the conditions of the own notices that still may be told."""
        c, people = notices.c, tables.CASE_TABLES["candidates"].c
        found: list[ColumnElement[bool]] = [c.reader == self.reader]
        condition = reach("candidates", self.subject)
        if condition is not None:
            visible = select(people.candidate_id).where(condition)
            found.append(or_(c.candidate_id.is_(None), c.candidate_id.in_(visible)))
        if not self.subject.sees_people:
            found.append(or_(c.employer_id.is_(None), c.employer_id == self.subject.employer_id))
        return found

    def _readable(self) -> Select[Any]:
        return select(notices).where(*self._reach())

    def page(self, *, after: Key | None, limit: int, is_unread: bool = False, kinds: Sequence[str] = ()) -> list[Row]:
        """Return the next notices, the newest day first."""
        c = notices.c
        wanted = self._readable().order_by(c.happened_on.desc(), c.notice_id).limit(limit)
        if is_unread:
            wanted = wanted.where(*_UNREAD)
        if kinds:
            wanted = wanted.where(c.kind.in_(kinds))
        if after is not None:
            day, notice_id = after
            wanted = wanted.where(or_(c.happened_on < day, and_(c.happened_on == day, c.notice_id > notice_id)))
        return [_told(row._mapping) for row in self.connection.execute(wanted)]

    def unread(self, most: int) -> int:
        """Return how many are unread, counted no further than `most`."""
        some = select(notices.c.notice_id).where(*self._reach(), *_UNREAD).limit(most).subquery()
        return int(self.connection.execute(select(func.count()).select_from(some)).scalar_one())

    def find(self, notice_id: str) -> Row | None:
        """Return one of the own notices, or None."""
        row = self.connection.execute(self._readable().where(notices.c.notice_id == _storable(notice_id))).first()
        return None if row is None else _told(row._mapping)

    def see(self, at: datetime, notice_ids: Sequence[str] | None = None) -> int:
        """Note that unread ones were read, all (None) or some; return how many."""
        c, n = notices.c, 0
        unread = update(notices).where(*self._reach(), c.seen_at.is_(None)).values(seen_at=at)
        if notice_ids is None:
            return self.connection.execute(unread).rowcount
        for start in range(0, len(notice_ids), _MANY):
            part = [_storable(one) for one in notice_ids[start : start + _MANY]]
            n += self.connection.execute(unread.where(c.notice_id.in_(part))).rowcount
        return n

    def unsee(self, notice_id: str) -> int:
        """Note that one is unread again; return how many."""
        c = notices.c
        own = update(notices).where(*self._reach(), c.notice_id == _storable(notice_id), c.seen_at.is_not(None))
        return self.connection.execute(own.values(seen_at=None)).rowcount

    def running(self, kinds: Sequence[str]) -> dict[str, str]:
        """Return the ids of notices of some kinds that have not ended, by mark; of people gone from sight too."""
        c = notices.c
        own = select(c.mark, c.notice_id).where(c.reader == self.reader, c.kind.in_(kinds), c.ended_at.is_(None))
        return {row.mark: row.notice_id for row in self.connection.execute(own)}

    def end(self, notice_ids: Sequence[str], at: datetime) -> None:
        """Note that what some of the own notices tell of is due no more."""
        c = notices.c
        for start in range(0, len(notice_ids), _MANY):
            part = c.notice_id.in_(notice_ids[start : start + _MANY])
            self.connection.execute(update(notices).where(c.reader == self.reader, part).values(ended_at=at))


_UNREAD = (notices.c.seen_at.is_(None), notices.c.ended_at.is_(None))


def _told(row: Mapping[Any, Any]) -> Row:
    return {**row, "asks": [tuple(one) for one in json.loads(row["asks"] or "[]")]}


def _storable(text: str) -> str:
    # PostgreSQL takes no NUL in a text: nothing has such an id.
    return text.replace("\x00", "\ufffd")
