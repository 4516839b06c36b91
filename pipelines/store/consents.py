"""Consents, people's requests and retention as rows: every query starts from the people whom the subject sees."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, insert, select, update

from pipelines.access.roles import Subject
from pipelines.access.vault import Place
from pipelines.store import tables
from pipelines.store.consent_tables import consents, person_requests, retention_warnings
from pipelines.store.reach import reach
from pipelines.store.sealed import vault_of

Row = dict[str, Any]
SEALED: Mapping[str, tuple[str, ...]] = {"consents": ("particulars",), "person_requests": ("words", "decision")}
"""What people say of themselves or others in words of their own."""
_KEYS = {"consents": "consent_id", "person_requests": "request_id"}
_MANY = 400


class _OfPeople:
    """Rows of one table that speak of people."""

    table: Table

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject
        self._reach = reach("candidates", subject)

    def _readable(self, *columns: Any) -> Select[Any]:
        """Return the statement that every other one starts from: rows of people whom the subject sees."""
        return select(*(columns or (self.table,))).where(*self._visible())

    def _visible(self) -> list[ColumnElement[bool]]:
        """Return the condition of the people whom the subject sees, in a list; an empty one where it sees everybody."""
        if self._reach is None:
            return []
        people = tables.CASE_TABLES["candidates"].c
        return [self.table.c.candidate_id.in_(select(people.candidate_id).where(self._reach))]

    def _sealed(self, values: Mapping[str, Any]) -> Row:
        own, vault = values[_KEYS[self.table.name]], vault_of(self.connection)
        written = dict(values)
        for name in SEALED[self.table.name]:
            if written.get(name) is not None:
                plain = json.dumps(written[name], ensure_ascii=False)
                written[name] = vault.seal(plain, Place(self.table.name, name, own))
        return written

    def _opened(self, row: Any) -> Row:
        values = dict(row._mapping)
        own, vault = values[_KEYS[self.table.name]], vault_of(self.connection)
        for name in SEALED[self.table.name]:
            if values.get(name) is not None:
                values[name] = json.loads(vault.open(values[name], Place(self.table.name, name, own)))
        return values


class ConsentRepository(_OfPeople):
    """What people stated, in the order in which it was recorded; nothing here changes a row."""

    table = consents

    def of(self, candidate_id: str) -> list[Row]:
        """Return everything that one person stated."""
        c = consents.c
        wanted = self._readable().where(c.candidate_id == candidate_id).order_by(c.number)
        return [self._opened(row) for row in self.connection.execute(wanted)]

    def find(self, consent_id: str) -> Row | None:
        """Return one statement, or None."""
        row = self.connection.execute(self._readable().where(consents.c.consent_id == consent_id)).first()
        return None if row is None else self._opened(row)

    def add(self, values: Mapping[str, Any]) -> int:
        """Add a statement with the person's next number and return that number."""
        c = consents.c
        last = select(func.max(c.number)).where(c.candidate_id == values["candidate_id"])
        number = int(self.connection.execute(last).scalar() or 0) + 1
        self.connection.execute(insert(consents).values(**self._sealed({**values, "number": number})))
        return number

    def latest(self, purpose: str, *, recipient: str | None = None) -> dict[str, Row]:
        """Return the last statement of each person on a purpose (and recipient), by candidate id.

        What was stated later counts, whenever it was entered; of two stated at once the one entered later.
        """
        c = consents.c
        wanted = self._readable(c.candidate_id, c.consent_id, c.act, c["items"], c.ends_on, c.stated_at, c.number)
        wanted = wanted.where(c.purpose == purpose).order_by(c.candidate_id, c.stated_at, c.number)
        if recipient is not None:
            wanted = wanted.where(c.recipient == recipient)
        return {row.candidate_id: dict(row._mapping) for row in self.connection.execute(wanted)}

    def latest_of(self, purpose: str, candidate_ids: Sequence[str]) -> dict[str, Row]:
        """Return what `latest` returns of some people, with the version of the text that they were told."""
        c, found = consents.c, dict[str, Row]()
        columns = (c.candidate_id, c.act, c.ends_on, c.text_version, c.stated_at, c.number)
        for start in range(0, len(candidate_ids), 400):
            part = c.candidate_id.in_(candidate_ids[start : start + 400])
            wanted = self._readable(*columns).where(c.purpose == purpose, part)
            rows = self.connection.execute(wanted.order_by(c.candidate_id, c.stated_at, c.number))
            found.update({row.candidate_id: dict(row._mapping) for row in rows})
        return found

    def count(self) -> int:
        """Return how many statements there are."""
        return int(self.connection.execute(self._readable(func.count(consents.c.consent_id))).scalar_one())


@dataclass(frozen=True, slots=True)
class Decision:
    """How a request was decided: granted or refused, by which named person, when and why."""

    status: str
    decided_by: str
    decided_at: datetime
    said: Mapping[str, Any]


class RequestRepository(_OfPeople):
    """What people asked for: an extract, a correction, erasure, or the review of a list."""

    table = person_requests

    def of(self, candidate_id: str, kinds: Sequence[str]) -> list[Row]:
        """Return one person's requests of these kinds, oldest first."""
        c = person_requests.c
        wanted = self._readable().where(c.candidate_id == candidate_id, c.kind.in_(kinds))
        rows = self.connection.execute(wanted.order_by(c.recorded_at, c.request_id))
        return [self._opened(row) for row in rows]

    def find(self, candidate_id: str, request_id: str, kinds: Sequence[str]) -> Row | None:
        """Return one request of one person, or None."""
        c = person_requests.c
        wanted = self._readable().where(c.candidate_id == candidate_id, c.request_id == request_id, c.kind.in_(kinds))
        row = self.connection.execute(wanted).first()
        return None if row is None else self._opened(row)

    def add(self, values: Mapping[str, Any]) -> None:
        """Add an open request."""
        self.connection.execute(insert(person_requests).values(**self._sealed({**values, "status": "open"})))

    def decide(self, request_id: str, decision: Decision, *, version: int) -> bool:
        """Write a decision where the request is still open and as it was read; False where it is not."""
        c = person_requests.c
        written = self._sealed({"request_id": request_id, "decision": dict(decision.said)})
        done = self.connection.execute(
            update(person_requests)
            .where(c.request_id == request_id, c.row_version == version, c.status == "open", *self._visible())
            .values(
                status=decision.status,
                decided_by=decision.decided_by,
                decided_at=decision.decided_at,
                decision=written["decision"],
                row_version=c.row_version + 1,
            )
        )
        return done.rowcount == 1

    def granted_erasures(self) -> dict[str, datetime]:
        """Return whose erasure was granted and not carried out yet, and since when."""
        c = person_requests.c
        wanted = self._readable(c.candidate_id, c.decided_at).where(c.kind == "erasure", c.status == "granted")
        return {row.candidate_id: row.decided_at for row in self.connection.execute(wanted)}


class WarningRepository:
    """Who was warned that their record will be anonymised; the program's own work, over everybody."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def all(self) -> dict[str, Row]:
        """Return every warning by candidate id."""
        return {row.candidate_id: dict(row._mapping) for row in self.connection.execute(select(retention_warnings))}

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add warnings."""
        if rows:
            self.connection.execute(insert(retention_warnings), [dict(row) for row in rows])

    def drop(self, candidate_ids: Iterable[str]) -> None:
        """Take warnings back."""
        wanted = list(candidate_ids)
        for start in range(0, len(wanted), _MANY):
            part = wanted[start : start + _MANY]
            self.connection.execute(delete(retention_warnings).where(retention_warnings.c.candidate_id.in_(part)))


def stated_days(connection: Connection, fact: str) -> dict[str, date]:
    """Return on which day a fact was supplied last, by candidate id."""
    c = tables.fact_sources.c
    rows = connection.execute(select(c.candidate_id, c.supplied_on).where(c.fact == fact))
    return {row.candidate_id: row.supplied_on for row in rows}


def reseal(connection: Connection) -> int:
    """Seal what these tables hold with the current key; return how many values changed.

    The caller records it first: the database takes no write that nobody answers for.
    """
    vault, n = vault_of(connection), 0
    for table in (consents, person_requests):
        own = table.c[_KEYS[table.name]]
        for name in SEALED[table.name]:
            rows = connection.execute(select(own, table.c[name]).where(table.c[name].is_not(None))).all()
            for row_id, kept in rows:
                if not vault.is_current(kept):
                    place = Place(table.name, name, row_id)
                    again = vault.seal(vault.open(kept, place), place)
                    connection.execute(update(table).where(own == row_id).values({name: again}))
                    n += 1
    return n
