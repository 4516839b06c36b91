"""Stored lists of the people whom a subject sees: a list is visible exactly when its person is."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from pipelines.access.roles import Subject
from pipelines.documents import shown_document
from pipelines.store import tables
from pipelines.store.reach import reach

Place = tuple[datetime, str]


class VisibleRuns:
    """The stored lists as a subject reaches them."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _readable(self, *columns: Any) -> Select[Any]:
        runs, people = tables.shortlist_runs.c, tables.CASE_TABLES["candidates"].c
        statement = select(*columns)
        condition = reach("candidates", self.subject)
        if condition is None:
            return statement
        return statement.where(runs.candidate_id.in_(select(people.candidate_id).where(condition)))

    def get(self, run_id: str) -> dict[str, Any] | None:
        """Return a visible list as it was given out, or None."""
        runs = tables.shortlist_runs.c
        wanted = self._readable(runs.payload).where(runs.run_id == run_id.replace("\x00", "\ufffd"))
        payload = self.connection.execute(wanted).scalar()
        return None if payload is None else shown_document(json.loads(payload))

    def page(self, candidate_id: str, *, before: Place | None, limit: int) -> list[dict[str, Any]]:
        """Return the heads of a person's lists, the newest first."""
        runs = tables.shortlist_runs.c
        columns = (runs.run_id, runs.candidate_id, runs.as_of, runs.model_version, runs.rules_version, runs.created_at)
        wanted = self._readable(*columns).where(runs.candidate_id == candidate_id)
        if before is not None:
            at, run_id = before
            wanted = wanted.where(or_(runs.created_at < at, and_(runs.created_at == at, runs.run_id < run_id)))
        wanted = wanted.order_by(runs.created_at.desc(), runs.run_id.desc()).limit(limit)
        return [dict(row._mapping) for row in self.connection.execute(wanted)]
