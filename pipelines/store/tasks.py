"""Tasks as rows, each with the steps that led to where it stands."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update

from pipelines.store import tables
from pipelines.store.caseload_tables import task_steps, tasks
from pipelines.store.of_people import OfPeople, Row

Key = tuple[date, str]


class TaskRepository(OfPeople):
    """The tasks about the people whom a subject sees."""

    table = tasks

    def find(self, task_id: str) -> Row | None:
        """Return one visible task, or None."""
        wanted = self._readable().where(tasks.c.task_id == task_id.replace("\x00", "\ufffd"))
        found = self._opened(self.connection.execute(wanted))
        return found[0] if found else None

    def of(self, candidate_id: str) -> list[Row]:
        """Return the tasks about one person, by day."""
        c = tasks.c
        wanted = self._readable().where(c.candidate_id == candidate_id).order_by(c.due_on, c.task_id)
        return self._opened(self.connection.execute(wanted))

    def page(
        self,
        *,
        after: Key | None,
        limit: int,
        status: str | None = None,
        until: date | None = None,
        owner_id: str | None = None,
        codes: frozenset[str] | None = None,
    ) -> list[Row]:
        """Return the next tasks by day; a filter that is None is none. With an owner: the owner's and nobody's."""
        c, people = tasks.c, tables.CASE_TABLES["candidates"].c
        wanted = self._readable().order_by(c.due_on, c.task_id).limit(limit)
        if status is not None:
            wanted = wanted.where(c.status == status)
        if until is not None:
            wanted = wanted.where(c.due_on <= until)
        if owner_id is not None:
            wanted = wanted.where(or_(c.owner_id == owner_id, c.owner_id.is_(None)))
        if codes is not None:
            there = select(people.candidate_id).where(people.region.in_(sorted(codes)))
            wanted = wanted.where(c.candidate_id.in_(there))
        if after is not None:
            day, task_id = after
            wanted = wanted.where(or_(c.due_on > day, and_(c.due_on == day, c.task_id > task_id)))
        return self._opened(self.connection.execute(wanted))

    def due_of(self, owner_id: str, on: date) -> list[Row]:
        """Return the open tasks of somebody about visible people that are due by a day, without their words."""
        c = tasks.c
        wanted = self._readable(c.task_id, c.candidate_id, c.kind, c.due_on)
        wanted = wanted.where(c.owner_id == owner_id, c.status == "open", c.due_on <= on)
        return [dict(row._mapping) for row in self.connection.execute(wanted.order_by(c.due_on, c.task_id))]

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep a task about a person found visible."""
        self.connection.execute(insert(tasks).values(self._sealed(values)))

    def change(self, task: Row, values: Mapping[str, Any]) -> bool:
        """Change a visible open task of this version; False where somebody was faster."""
        c = tasks.c
        same = (c.task_id == task["task_id"], c.row_version == task["row_version"], c.status == "open")
        statement = update(tasks).where(*same, *self._reach()).values(**values, row_version=c.row_version + 1)
        return self.connection.execute(statement).rowcount == 1


class TaskStepRepository(OfPeople):
    """What was done about the tasks of the people whom a subject sees; nothing here changes a row."""

    table = task_steps

    def of(self, task_ids: Sequence[str]) -> dict[str, list[Row]]:
        """Return the steps of some tasks, the first one first."""
        c = task_steps.c
        found: dict[str, list[Row]] = {}
        if task_ids:
            wanted = self._readable().where(c.task_id.in_(task_ids)).order_by(c.task_id, c.number)
            for row in self._opened(self.connection.execute(wanted)):
                found.setdefault(row["task_id"], []).append(row)
        return found

    def add(self, values: Mapping[str, Any]) -> None:
        """Add a step to a task that was found visible, with the next number."""
        c = task_steps.c
        last = self.connection.execute(select(func.max(c.number)).where(c.task_id == values["task_id"])).scalar()
        self.connection.execute(insert(task_steps).values(self._sealed({**values, "number": (last or 0) + 1})))
