"""The audit as an auditor reads it: the newest rows first, of the organisations that the auditor answers for."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, Table, or_, select

from pipelines.access.roles import OrganisationKind, Subject
from pipelines.store import tables
from pipelines.store.reach import among

READS = (".read", ".identity", ".extract", ".released", ".refused")
"""How the words of acts end by which something of a person is handed out, or was refused."""


class Trail:
    """The audit rows of a subject's organisation and everything below it; the root of the tree reads all."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _readable(self) -> Select[Any]:
        statement = select(tables.audit)
        o = tables.organisations
        if self.subject.is_local or self._is_root(o):
            return statement
        below = select(o.c.organisation_id).where(o.c.organisation_id == self.subject.organisation_id)
        tree = below.cte("own_and_below", recursive=True)
        tree = tree.union(select(o.c.organisation_id).join(tree, o.c.parent_id == tree.c.organisation_id))
        return statement.where(among(tables.audit.c.organisation_id, select(tree.c.organisation_id)))

    def _is_root(self, o: Table) -> bool:
        """True at the root of the tree: it reads also what companies, analysts and the program itself did."""
        own = select(o.c.kind).where(o.c.organisation_id == self.subject.organisation_id)
        return self.connection.execute(own).scalar() == OrganisationKind.PROVINCE.value

    def page(
        self, *, before: int | None, limit: int, filters: Mapping[str, str | None], reads_only: bool = False
    ) -> list[dict[str, Any]]:
        """Return the next rows before a number, the newest first; filters are equal values by column.

        `reads_only`: of what was done about people only what handed something out, and attempts that were refused.
        """
        c = tables.audit.c
        wanted = self._readable().order_by(c.sequence.desc()).limit(limit)
        if reads_only:
            read = or_(*(c.action.like(f"%{ending}") for ending in READS))
            wanted = wanted.where(c.object_kind == "candidate", read)
        if before is not None:
            wanted = wanted.where(c.sequence < before)
        for name, value in filters.items():
            if value is not None:
                wanted = wanted.where(c[name] == value.replace("\x00", "\ufffd"))
        return [dict(row._mapping) for row in self.connection.execute(wanted)]
