"""Inspections as a subject reaches them: those of the employers that it sees; a company sees none."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, false, insert, or_, select, update

from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.inspection_tables import inspections
from pipelines.store.reach import reach


@dataclass(frozen=True, slots=True)
class Inspection:
    """One unit drawn for a year; `flags` is JSON, the hints by rule with how many placements each concerned."""

    inspection_id: str
    employer_id: str
    year: int
    chosen: str
    seed: int
    flags: str
    rules_version: str
    drawn_by: str
    drawn_at: datetime
    outcome: str | None = None
    ground: str | None = None
    evidence: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    row_version: int = 1


class InspectionRepository:
    """The inspections of visible employers."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _reach(self) -> ColumnElement[bool] | None:
        if not self.subject.sees_people:
            return false()
        employers, e = reach("employers", self.subject), tables.CASE_TABLES["employers"].c
        if employers is None:
            return None
        return exists().where(e.employer_id == inspections.c.employer_id, employers)

    def _readable(self) -> Select[Any]:
        statement = select(*(inspections.c[name] for name in Inspection.__dataclass_fields__))
        condition = self._reach()
        return statement if condition is None else statement.where(condition)

    def find(self, inspection_id: str) -> Inspection | None:
        """Return a visible inspection, or None."""
        own = inspections.c.inspection_id == inspection_id.replace("\x00", "\ufffd")
        row = self.connection.execute(self._readable().where(own)).first()
        return None if row is None else Inspection(*row)

    def page(self, *, after: str | None, limit: int, year: int | None, is_open: bool | None) -> list[Inspection]:
        """Return the next visible inspections by id; a filter that is None is none."""
        wanted = self._readable()
        if year is not None:
            wanted = wanted.where(inspections.c.year == year)
        if is_open is not None:
            decided = inspections.c.outcome
            wanted = wanted.where(decided.is_(None) if is_open else decided.is_not(None))
        if after is not None:
            wanted = wanted.where(inspections.c.inspection_id > after)
        return [
            Inspection(*row)
            for row in self.connection.execute(wanted.order_by(inspections.c.inspection_id).limit(limit))
        ]

    def drawn(self, year: int) -> set[str]:
        """Return the visible employers that were drawn for a year already."""
        return {row.employer_id for row in self.connection.execute(self._readable().where(inspections.c.year == year))}

    def candidates(self, year: int, codes: frozenset[str] | None) -> list[str]:
        """Return the visible employers of some places with a placement that may touch a year, by id."""
        e, p = tables.CASE_TABLES["employers"].c, tables.CASE_TABLES["placements"].c
        first, last = date(year, 1, 1), date(year, 12, 31)
        placed = exists().where(
            p.employer_id == e.employer_id,
            or_(p.starts_on.is_(None), p.starts_on <= last),
            or_(p.ends_on.is_(None), p.ends_on >= first),
        )
        wanted, condition = select(e.employer_id).where(placed), reach("employers", self.subject)
        if condition is not None:
            wanted = wanted.where(condition)
        if codes is not None:
            wanted = wanted.where(e.region.in_(sorted(codes)))
        return list(self.connection.execute(wanted.order_by(e.employer_id)).scalars())

    def add(self, inspection: Inspection) -> None:
        """Keep one of an employer found among `candidates`, which are within `reach`."""
        self.connection.execute(insert(inspections).values(**asdict(inspection)))

    def settle(self, inspection: Inspection, values: Mapping[str, Any]) -> bool:
        """Write what came of a visible inspection of this version; False where somebody was faster."""
        c, condition = inspections.c, self._reach()
        same = [c.inspection_id == inspection.inspection_id, c.row_version == inspection.row_version]
        statement = update(inspections).where(*same, *([] if condition is None else [condition]))
        done = self.connection.execute(statement.values(**values, row_version=c.row_version + 1))
        return done.rowcount == 1
