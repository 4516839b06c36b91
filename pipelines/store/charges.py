"""Whose people they are within an office, and the hand-overs of an office, as rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, insert, or_, select, update

from pipelines.access.roles import Subject
from pipelines.access.vault import Place
from pipelines.store import tables
from pipelines.store.caseload_tables import caseworkers, handovers
from pipelines.store.of_people import OfPeople, Row
from pipelines.store.sealed import vault_of

_MANY = 400


class ChargeRepository(OfPeople):
    """Who is the caseworker of the people whom a subject sees."""

    table = caseworkers

    def of(self, candidate_id: str) -> list[Row]:
        """Return who was and is the caseworker of a person, the earliest first."""
        c = caseworkers.c
        wanted = self._readable().where(c.candidate_id == candidate_id).order_by(c.since, c.charge_id)
        return [dict(row._mapping) for row in self.connection.execute(wanted)]

    def held_by(
        self, organisation_id: str, user_id: str, *, after: str | None = None, limit: int | None = None
    ) -> list[Row]:
        """Return the visible people whose caseworker at an office somebody is, by id."""
        c = caseworkers.c
        wanted = self._readable().where(
            c.organisation_id == organisation_id, c.user_id == user_id, c.ended_at.is_(None)
        )
        if after is not None:
            wanted = wanted.where(c.candidate_id > after)
        found = self.connection.execute(wanted.order_by(c.candidate_id).limit(limit))
        return [dict(row._mapping) for row in found]

    def running(self, organisation_id: str, candidate_ids: Sequence[str]) -> dict[str, Row]:
        """Return who is the caseworker of some visible people at an office now, by person."""
        c, found = caseworkers.c, {}
        for start in range(0, len(candidate_ids), _MANY):
            wanted = self._readable().where(
                c.organisation_id == organisation_id,
                c.ended_at.is_(None),
                c.candidate_id.in_(candidate_ids[start : start + _MANY]),
            )
            found.update({row.candidate_id: dict(row._mapping) for row in self.connection.execute(wanted)})
        return found

    def add(self, values: Mapping[str, Any]) -> None:
        """Put somebody in charge of a person found visible; the database holds that there is one at a time."""
        self.connection.execute(insert(caseworkers).values(**values))

    def end(self, charge_id: str, at: datetime) -> bool:
        """End the charge of a visible person; False where somebody ended it before."""
        c = caseworkers.c
        same = [c.charge_id == charge_id, c.ended_at.is_(None), *self._reach()]
        return self.connection.execute(update(caseworkers).where(*same).values(ended_at=at)).rowcount == 1

    def end_where_it_moved_from(self, candidate_id: str, organisation_id: str, at: datetime) -> None:
        """End the charge of other offices that neither answer for the visible person's place nor took the person on."""
        c, k, a = caseworkers.c, tables.organisation_codes.c, tables.assignments.c
        people = tables.CASE_TABLES["candidates"].c
        answers = exists().where(
            k.organisation_id == c.organisation_id,
            k.valid_to.is_(None),
            k.code == select(people.region).where(people.candidate_id == candidate_id).scalar_subquery(),
        )
        took_on = exists().where(
            a.organisation_id == c.organisation_id, a.candidate_id == c.candidate_id, a.ended_at.is_(None)
        )
        others = [c.candidate_id == candidate_id, c.organisation_id != organisation_id, c.ended_at.is_(None)]
        statement = update(caseworkers).where(*others, ~or_(answers, took_on), *self._reach())
        self.connection.execute(statement.values(ended_at=at))


class HandoverRepository:
    """The hand-overs from and to the office of a subject; the root of the tree and the local user see all."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep a hand-over, its words sealed."""
        words = vault_of(self.connection).seal(values["words"], Place("handovers", "words", values["handover_id"]))
        self.connection.execute(insert(handovers).values({**values, "words": words}))

    def latest(self, limit: int) -> list[Row]:
        """Return the latest hand-overs, the newest first."""
        c, vault = handovers.c, vault_of(self.connection)
        wanted = select(handovers).order_by(c.made_at.desc(), c.handover_id).limit(limit)
        if not (self.subject.is_local or self.subject.is_whole_province):
            own = self.subject.organisation_id
            wanted = wanted.where(or_(c.from_organisation_id == own, c.to_organisation_id == own))
        rows = [dict(row._mapping) for row in self.connection.execute(wanted)]
        return [
            {**row, "words": vault.open(row["words"], Place("handovers", "words", row["handover_id"]))} for row in rows
        ]
