"""Text messages and what people said of them, as rows."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update

from pipelines.store.message_tables import message_choices, messages
from pipelines.store.of_people import OfPeople, Row

Key = tuple[datetime, str]
_MANY = 400


class MessageRepository(OfPeople):
    """The messages to the people whom a subject sees, and those to companies that the own office queued."""

    table = messages

    def _reach(self) -> list[ColumnElement[bool]]:
        conditions = super()._reach()
        if not conditions:
            return []
        own = and_(messages.c.candidate_id.is_(None), messages.c.organisation_id == self.subject.organisation_id)
        return [or_(*conditions, own)]

    def of(self, candidate_id: str) -> list[Row]:
        """Return the messages to a person, the newest first."""
        c = messages.c
        wanted = self._readable().where(c.candidate_id == candidate_id).order_by(c.queued_at.desc(), c.message_id)
        return [dict(row._mapping) for row in self.connection.execute(wanted)]

    def page(self, *, after: Key | None, limit: int, status: str | None = None) -> list[Row]:
        """Return the next visible messages, the earliest queued first."""
        c = messages.c
        wanted = self._readable().order_by(c.queued_at, c.message_id).limit(limit)
        if status is not None:
            wanted = wanted.where(c.status == status)
        if after is not None:
            at, message_id = after
            wanted = wanted.where(or_(c.queued_at > at, and_(c.queued_at == at, c.message_id > message_id)))
        return [dict(row._mapping) for row in self.connection.execute(wanted)]

    def find(self, message_id: str) -> Row | None:
        """Return one visible message, or None."""
        row = self.connection.execute(self._readable().where(messages.c.message_id == message_id)).first()
        return None if row is None else dict(row._mapping)

    def known(self, marks: Sequence[str]) -> set[str]:
        """Return which of these marks a message has, whoever's it is."""
        found: set[str] = set()
        for start in range(0, len(marks), _MANY):
            part = messages.c.mark.in_(marks[start : start + _MANY])
            found.update(self.connection.execute(select(messages.c.mark).where(part)).scalars())
        return found

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Queue messages to people found visible, or to companies."""
        if rows:
            self.connection.execute(insert(messages), [dict(row) for row in rows])

    def written_since(self, candidate_ids: Sequence[str], employer_ids: Sequence[str], since: date) -> dict[str, int]:
        """Return how many messages each person and company was written since a day."""
        c, found = messages.c, dict[str, int]()
        for column, ids in ((c.candidate_id, candidate_ids), (c.employer_id, employer_ids)):
            for start in range(0, len(ids), _MANY):
                wanted = select(column, func.count()).where(
                    column.in_(ids[start : start + _MANY]), c.status == "written", c.written_on > since
                )
                for to, n in self.connection.execute(wanted.group_by(column)):
                    found[to] = n
        return found

    def settle(self, message_id: str, values: Mapping[str, Any]) -> bool:
        """Note what became of a visible queued message; False where somebody was faster."""
        c = messages.c
        own = update(messages).where(c.message_id == message_id, c.status == "queued", *self._reach())
        return self.connection.execute(own.values(**values)).rowcount == 1


class ChoiceRepository(OfPeople):
    """What the people whom a subject sees said of text messages; nothing here changes a row."""

    table = message_choices

    def last(self, candidate_ids: Sequence[str]) -> dict[str, str]:
        """Return the last word of each of some visible people; who said nothing is not there."""
        c, found = message_choices.c, dict[str, str]()
        for start in range(0, len(candidate_ids), _MANY):
            part = c.candidate_id.in_(candidate_ids[start : start + _MANY])
            wanted = self._readable(c.candidate_id, c.act).where(part)
            for row in self.connection.execute(wanted.order_by(c.recorded_at, c.choice_id)):
                found[row.candidate_id] = row.act
        return found

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep what a person found visible said."""
        self.connection.execute(insert(message_choices).values(dict(values)))
