"""The audit as an auditor reads it: the newest rows first, of the organisations that the auditor answers for."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, select

from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.reach import among


class Trail:
    """The audit rows of a subject's organisation and everything below it; the root of the tree reads all."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _readable(self) -> Select[Any]:
        statement = select(tables.audit)
        if self.subject.is_local or self.subject.is_whole_province:
            return statement
        o = tables.organisations
        below = select(o.c.organisation_id).where(o.c.organisation_id == self.subject.organisation_id)
        tree = below.cte("own_and_below", recursive=True)
        tree = tree.union(select(o.c.organisation_id).join(tree, o.c.parent_id == tree.c.organisation_id))
        return statement.where(among(tables.audit.c.organisation_id, select(tree.c.organisation_id)))

    def page(self, *, before: int | None, limit: int, filters: Mapping[str, str | None]) -> list[dict[str, Any]]:
        """Return the next rows before a number, the newest first; filters are equal values by column."""
        c = tables.audit.c
        wanted = self._readable().order_by(c.sequence.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(c.sequence < before)
        for name, value in filters.items():
            if value is not None:
                wanted = wanted.where(c[name] == value.replace("\x00", "\ufffd"))
        return [dict(row._mapping) for row in self.connection.execute(wanted)]
