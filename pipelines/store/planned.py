"""Hand-overs for a later day as rows: those of an office, and for the program those whose day has come."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from pipelines.access.roles import Subject
from pipelines.access.vault import Place
from pipelines.store import tables
from pipelines.store.of_people import Row
from pipelines.store.planned_tables import planned_handovers, planned_people
from pipelines.store.reach import reach
from pipelines.store.sealed import vault_of

_OPEN = ("waiting", "begun")


class PlannedRepository:
    """The hand-overs for a later day from the office of a subject; the program sees all."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject, self.vault = connection, subject, vault_of(connection)

    def _own(self) -> list[ColumnElement[bool]]:
        if self.subject.is_local:
            return []
        return [planned_handovers.c.from_organisation_id == self.subject.organisation_id]

    def latest(self, limit: int) -> list[Row]:
        """Return the latest plans, open ones first by day."""
        c = planned_handovers.c
        order = (c.status.in_(_OPEN).desc(), c.begins_on, c.planned_id)
        return self._told(select(planned_handovers).where(*self._own()).order_by(*order).limit(limit))

    def find(self, planned_id: str) -> Row | None:
        """Return one, or None."""
        own = planned_handovers.c.planned_id == planned_id.replace("\x00", "\ufffd")
        found = self._told(select(planned_handovers).where(own, *self._own()))
        return found[0] if found else None

    def open_of(self, organisation_id: str, user_id: str) -> list[Row]:
        """Return the open plans by which somebody gives people of an office away."""
        c = planned_handovers.c
        mine = (c.from_organisation_id == organisation_id, c.from_user_id == user_id, c.status.in_(_OPEN))
        return self._told(select(planned_handovers).where(*mine, *self._own()).order_by(c.begins_on, c.planned_id))

    def due(self, on: date) -> list[Row]:
        """Return the plans whose first or last day has come, the earliest first."""
        c = planned_handovers.c
        come = or_(and_(c.status == "waiting", c.begins_on <= on), and_(c.status == "begun", c.returns_on <= on))
        return self._told(select(planned_handovers).where(come, *self._own()).order_by(c.begins_on, c.planned_id))

    def people_of(self, planned_id: str) -> list[str]:
        """Return the people chosen for a plan, as far as the subject sees them, by id."""
        c, people = planned_people.c, tables.CASE_TABLES["candidates"].c
        wanted = select(c.candidate_id).where(c.planned_id == planned_id).distinct().order_by(c.candidate_id)
        condition = reach("candidates", self.subject)
        if condition is not None:
            wanted = wanted.where(c.candidate_id.in_(select(people.candidate_id).where(condition)))
        return list(self.connection.execute(wanted).scalars())

    def add(self, values: Mapping[str, Any], candidate_ids: Sequence[str]) -> None:
        """Keep a plan of people found visible, its words sealed."""
        words = self.vault.seal(values["words"], _place(values["planned_id"]))
        self.connection.execute(insert(planned_handovers).values({**values, "words": words}))
        if candidate_ids:
            rows = [
                {"row_id": str(uuid4()), "planned_id": values["planned_id"], "candidate_id": one}
                for one in candidate_ids
            ]
            self.connection.execute(insert(planned_people), rows)

    def change(self, row: Row, values: Mapping[str, Any]) -> bool:
        """Change a plan of this version; False where somebody was faster."""
        c = planned_handovers.c
        same = (c.planned_id == row["planned_id"], c.row_version == row["row_version"], *self._own())
        statement = update(planned_handovers).where(*same).values(**values, row_version=c.row_version + 1)
        return self.connection.execute(statement).rowcount == 1

    def _told(self, wanted: Any) -> list[Row]:
        rows = [dict(row._mapping) for row in self.connection.execute(wanted)]
        return [{**row, "words": self.vault.open(row["words"], _place(row["planned_id"]))} for row in rows]


def _place(planned_id: str) -> Place:
    return Place("planned_handovers", "words", planned_id)
