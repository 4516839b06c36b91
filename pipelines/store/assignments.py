"""Who has taken on whom: the people an office, or one of its caseworkers, sees beside those of its own places."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, insert, select, update

from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.reach import reach


@dataclass(frozen=True, slots=True)
class Assignment:
    """One person taken on by an office, or by one of its caseworkers; ended once it has an end."""

    assignment_id: str
    candidate_id: str
    organisation_id: str
    user_id: str | None
    since: datetime
    ended_at: datetime | None


class AssignmentRepository:
    """The assignments of the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _readable(self) -> Select[Any]:
        a = tables.assignments.c
        statement = select(a.assignment_id, a.candidate_id, a.organisation_id, a.user_id, a.since, a.ended_at)
        condition = self._reach()
        return statement if condition is None else statement.where(condition)

    def _reach(self) -> ColumnElement[bool] | None:
        """Return the condition of the people whom the subject sees, or None where it sees everybody."""
        people, condition = tables.CASE_TABLES["candidates"].c, reach("candidates", self.subject)
        if condition is None:
            return None
        return tables.assignments.c.candidate_id.in_(select(people.candidate_id).where(condition))

    def of(self, candidate_id: str) -> list[Assignment]:
        """Return the assignments of a person, the earliest first."""
        a = tables.assignments.c
        wanted = self._readable().where(a.candidate_id == candidate_id).order_by(a.since, a.assignment_id)
        return [Assignment(*row) for row in self.connection.execute(wanted)]

    def add(self, assignment: Assignment) -> None:
        """Keep a new assignment."""
        self.connection.execute(
            insert(tables.assignments).values(
                assignment_id=assignment.assignment_id,
                candidate_id=assignment.candidate_id,
                organisation_id=assignment.organisation_id,
                user_id=assignment.user_id,
                since=assignment.since,
                ended_at=assignment.ended_at,
            )
        )

    def end(self, assignment_id: str, at: datetime) -> None:
        """Give an assignment of a visible person its end."""
        a, condition = tables.assignments.c, self._reach()
        same = [a.assignment_id == assignment_id, a.ended_at.is_(None), *([] if condition is None else [condition])]
        self.connection.execute(update(tables.assignments).where(*same).values(ended_at=at))
