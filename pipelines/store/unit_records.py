"""Yearly records of units, and what vacancies and placements say against them, as a subject sees the units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from matching.plan_actions import RecordKind
from pipelines.access.roles import Subject
from pipelines.plan_tables import UNIT_RECORDS
from pipelines.store import tables
from pipelines.store.listed import listed
from pipelines.store.reach import reach
from pipelines.store.repositories import TableRepository

_DIRECTED = ("directed", "reserved")


@dataclass(frozen=True, slots=True)
class Directed:
    """The directed and reserved posts of one employer in a year: how many, their openings, and people who began."""

    vacancies: int = 0
    openings: int = 0
    unknown_openings: int = 0
    filled: int = 0


class UnitRecordRows(TableRepository):
    """Records of units."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, UNIT_RECORDS, subject)

    def of(
        self, kinds: Sequence[RecordKind], *, year: int | None, on: date | None = None, employer_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Return records of some kinds, of a year, or such as hold on a day, by unit, day and id."""
        c = self.table.c
        wanted = self._readable().where(c.kind.in_([kind.value for kind in kinds]))
        if year is not None:
            wanted = wanted.where(c.year == year)
        if on is not None:
            wanted = wanted.where(or_(c.on.is_(None), c.on <= on), or_(c.until.is_(None), c.until >= on))
        if employer_id is not None:
            wanted = wanted.where(c.employer_id == employer_id)
        found = self.connection.execute(wanted.order_by(c.employer_id, c.on, c.record_id))
        return [self._values(row) for row in found]


class UnitFacts:
    """What else is known of units."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _readable(self, table: str, *columns: Any) -> Select[Any]:
        """Return the statement that every other one starts from: of one table, what the subject sees."""
        statement, condition = select(*columns), reach(table, self.subject)
        return statement if condition is None else statement.where(condition)

    def employers(self, employer_ids: Sequence[str] | None) -> dict[str, Mapping[str, Any]]:
        """Return name, kind, level and place of the visible units, all or some of them, by credit code."""
        e = tables.CASE_TABLES["employers"].c
        wanted = self._readable("employers", e.employer_id, e.name, e.kind, e.level, e.region)
        if employer_ids is None:
            return {row.employer_id: row._asdict() for row in self.connection.execute(wanted)}
        parts = listed(self.connection, e.employer_id, employer_ids)
        return {row.employer_id: row._asdict() for part in parts for row in self.connection.execute(wanted.where(part))}

    def directed(self, year: int, until: date, employer_id: str | None = None) -> dict[str, Directed]:
        """Return the directed and reserved posts opened in a year by employer, with who began to work in them.

        People are counted once each; an unknown number of openings is told apart.
        """
        v, p = tables.CASE_TABLES["vacancies"].c, tables.CASE_TABLES["placements"].c
        first = date(year, 1, 1)
        opened = (v.kind.in_(_DIRECTED), v.employer_id.is_not(None), v.opens_on.between(first, until))
        posts = self._readable(
            "vacancies", v.employer_id, func.count(), func.coalesce(func.sum(v.openings), 0), func.count(v.openings)
        ).where(*opened)
        filled = self._readable("placements", v.employer_id, func.count(func.distinct(p.candidate_id))).where(
            p.vacancy_id == v.vacancy_id, *opened, p.starts_on.between(first, until)
        )
        if employer_id is not None:
            posts, filled = (one.where(v.employer_id == employer_id) for one in (posts, filled))
        began = {row[0]: int(row[1]) for row in self.connection.execute(filled.group_by(v.employer_id))}
        return {
            row[0]: Directed(int(row[1]), int(row[2]), int(row[1]) - int(row[3]), began.get(row[0], 0))
            for row in self.connection.execute(posts.group_by(v.employer_id))
        }

    def posts(self, employer_id: str, year: int, until: date) -> list[Mapping[str, Any]]:
        """Return the vacancies of an employer that were open in a year, by id."""
        v = tables.CASE_TABLES["vacancies"].c
        wanted = (
            self._readable(
                "vacancies", v.vacancy_id, v.title, v.kind, v.openings, v.opens_on, v.accommodations, v.concessions
            )
            .where(
                v.employer_id == employer_id,
                or_(v.opens_on.is_(None), v.opens_on <= until),
                or_(v.closes_on.is_(None), v.closes_on >= date(year, 1, 1)),
            )
            .order_by(v.vacancy_id)
        )
        return [dict(row._mapping) for row in self.connection.execute(wanted)]

    def with_concessions(self, on: date) -> list[Mapping[str, Any]]:
        """Return the vacancies open on a day that name concessions, by employer."""
        v = tables.CASE_TABLES["vacancies"].c
        wanted = (
            self._readable("vacancies", v.vacancy_id, v.title, v.employer_id, v.concessions, v.region)
            .where(
                v.concessions.is_not(None),
                v.employer_id.is_not(None),
                or_(v.opens_on.is_(None), v.opens_on <= on),
                or_(v.closes_on.is_(None), v.closes_on >= on),
            )
            .order_by(v.employer_id, v.vacancy_id)
        )
        return [dict(row._mapping) for row in self.connection.execute(wanted)]

    def placements(self, employer_id: str, until: date, forms: Sequence[str] | None) -> list[Mapping[str, Any]]:
        """Return the placements with an employer that began by a day, of some forms or all, by first day."""
        p, v = tables.CASE_TABLES["placements"].c, tables.CASE_TABLES["vacancies"].c
        wanted = self._readable(
            "placements", p.placement_id, p.candidate_id, p.vacancy_id, p.form, p.starts_on, p.ends_on, v.title, v.kind
        ).select_from(
            tables.CASE_TABLES["placements"].outerjoin(tables.CASE_TABLES["vacancies"], v.vacancy_id == p.vacancy_id)
        )
        wanted = wanted.where(p.employer_id == employer_id, p.starts_on <= until)
        if forms is not None:
            wanted = wanted.where(p.form.in_(list(forms)))
        found = self.connection.execute(wanted.order_by(p.starts_on, p.placement_id))
        return [dict(row._mapping) for row in found]
