"""Campaigns and programmes as rows, with their posts, their people and what followed for them, as a subject sees it.

What followed is read off acts and placements; nobody types it in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from pipelines.access.roles import Subject
from pipelines.plan_tables import INITIATIVES
from pipelines.store import tables
from pipelines.store.reach import reach
from pipelines.store.repositories import TableRepository

Key = tuple[date, str]
_FOREVER = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which campaigns and programmes are asked for: those that touch some days, of some kinds, in some places."""

    first: date | None = None
    last: date | None = None
    kinds: frozenset[str] | None = None
    codes: frozenset[str] | None = None
    running: bool = False
    """Leaves out what was cancelled."""


class InitiativeRows(TableRepository):
    """Campaigns and programmes."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, INITIATIVES, subject)

    def listed(self, wanted: Wanted, *, after: Key | None, limit: int) -> list[dict[str, Any]]:
        """Return the next ones by first day; one without a first day is open from the start and stands first."""
        c = self.table.c
        starts = func.coalesce(c.starts_on, date.min)
        conditions: list[ColumnElement[bool]] = []
        if wanted.first is not None:
            conditions.append(or_(c.ends_on.is_(None), c.ends_on >= wanted.first))
        if wanted.last is not None:
            conditions.append(or_(c.starts_on.is_(None), c.starts_on <= wanted.last))
        if wanted.kinds is not None:
            conditions.append(c.kind.in_(sorted(wanted.kinds)))
        if wanted.codes is not None:
            conditions.append(or_(c.region.in_(sorted(wanted.codes)), c.region.is_(None), c.online == "yes"))
        if wanted.running:
            conditions.append(c.cancelled_on.is_(None))
        if after is not None:
            day, last_id = after
            conditions.append(or_(starts > day, and_(starts == day, c.initiative_id > last_id)))
        statement = self._readable().where(*conditions).order_by(starts, c.initiative_id).limit(limit)
        return [self._values(row) for row in self.connection.execute(statement)]


class InitiativeBeside:
    """What belongs to campaigns and programmes: posts, people, and what followed."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _readable(self, table: str, *columns: Any) -> Select[Any]:
        """Return the statement that every other one starts from: of one table, what the subject sees."""
        statement, condition = select(*columns), reach(table, self.subject)
        return statement if condition is None else statement.where(condition)

    def posts(self, initiative_id: str) -> list[Mapping[str, Any]]:
        """Return the posts that stand at one, by employer and title."""
        p, v, e = (tables.CASE_TABLES[name] for name in ("initiative_posts", "vacancies", "employers"))
        wanted = (
            self._readable(
                "initiative_posts",
                v.c.vacancy_id, v.c.title, v.c.employer_id, v.c.kind, v.c.region, v.c.openings, v.c.closes_on,
                func.coalesce(e.c.name, v.c.employer_name).label("employer_name"),
            )
            .select_from(p.join(v, v.c.vacancy_id == p.c.vacancy_id).outerjoin(e, e.c.employer_id == v.c.employer_id))
            .where(p.c.initiative_id == initiative_id)
            .order_by(v.c.employer_id, v.c.title, v.c.vacancy_id)
        )  # fmt: skip
        return [dict(row._mapping) for row in self.connection.execute(wanted)]

    def post_counts(self, initiative_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return how many posts of how many employers stand at each."""
        p, v = tables.CASE_TABLES["initiative_posts"], tables.CASE_TABLES["vacancies"]
        wanted = (
            self._readable(
                "initiative_posts",
                p.c.initiative_id, func.count(), func.count(func.distinct(v.c.employer_id)),
            )
            .select_from(p.join(v, v.c.vacancy_id == p.c.vacancy_id))
            .where(p.c.initiative_id.in_(initiative_ids))
            .group_by(p.c.initiative_id)
        )  # fmt: skip
        return {row[0]: (row[1], row[2]) for row in self.connection.execute(wanted)}

    def people(self, initiative_id: str) -> list[tuple[str, str, date]]:
        """Return the steps of the visible people of one: whose, which, when, in the order of the days."""
        p = tables.CASE_TABLES["initiative_people"].c
        wanted = self._readable("initiative_people", p.candidate_id, p.step, p.on)
        wanted = wanted.where(p.initiative_id == initiative_id).order_by(p.on, p.candidate_id, p.step)
        return [(row[0], row[1], row[2]) for row in self.connection.execute(wanted)]

    def of_person(self, candidate_id: str) -> list[tuple[str, str, date]]:
        """Return the steps of one person: at which one, which, when, the latest first."""
        p = tables.CASE_TABLES["initiative_people"].c
        wanted = self._readable("initiative_people", p.initiative_id, p.step, p.on)
        wanted = wanted.where(p.candidate_id == candidate_id).order_by(p.on.desc(), p.initiative_id, p.step)
        return [(row[0], row[1], row[2]) for row in self.connection.execute(wanted)]

    def steps(self, initiative_ids: Sequence[str]) -> list[tuple[str, str, str, date]]:
        """Return the steps of the visible people of several: at which one, whose, which, when, by day."""
        p = tables.CASE_TABLES["initiative_people"].c
        wanted = self._readable("initiative_people", p.initiative_id, p.candidate_id, p.step, p.on)
        wanted = wanted.where(p.initiative_id.in_(initiative_ids)).order_by(p.on, p.candidate_id, p.step)
        return [(row[0], row[1], row[2], row[3]) for row in self.connection.execute(wanted)]

    def acts(self, initiative_id: str, since: date, until: date | None) -> list[Mapping[str, Any]]:
        """Return the acts between people who came to one and the posts that stand at it, in some days."""
        i, p = tables.CASE_TABLES["interactions"].c, tables.CASE_TABLES["initiative_posts"].c
        wanted = (
            self._readable("interactions", i.candidate_id, i.vacancy_id, i.kind, i["at"])
            .where(
                i.candidate_id.in_(self._who_came(initiative_id)),
                i.vacancy_id.in_(select(p.vacancy_id).where(p.initiative_id == initiative_id)),
                i.kind != "viewed",
                i["at"] >= since,
                i["at"] <= (until or _FOREVER),
            )
            .order_by(i["at"], i.candidate_id, i.vacancy_id, i.kind)
        )
        return [dict(row._mapping) for row in self.connection.execute(wanted)]

    def placements(
        self, initiative_id: str, since: date, until: date | None, *, with_any: bool
    ) -> list[Mapping[str, Any]]:
        """Return the placements that people who came to one began in some days.

        With employers or in posts that stand at it; `with_any` employer for a programme, which leads to all of them.
        """
        p = tables.CASE_TABLES["placements"].c
        wanted = self._readable(
            "placements", p.placement_id, p.candidate_id, p.employer_id, p.vacancy_id, p.form, p.starts_on, p.ends_on
        ).where(
            p.candidate_id.in_(self._who_came(initiative_id)),
            p.starts_on >= since,
            p.starts_on <= (until or _FOREVER),
        )
        if not with_any:
            own, v = tables.CASE_TABLES["initiative_posts"].c, tables.CASE_TABLES["vacancies"].c
            here = select(own.vacancy_id).where(own.initiative_id == initiative_id)
            firms = select(v.employer_id).where(v.vacancy_id.in_(here), v.employer_id.is_not(None))
            wanted = wanted.where(
                or_(p.vacancy_id.in_(here), and_(p.vacancy_id.is_(None), p.employer_id.in_(firms)))
            )  # fmt: skip
        found = self.connection.execute(wanted.order_by(p.starts_on, p.placement_id))
        return [dict(row._mapping) for row in found]

    def _who_came(self, initiative_id: str) -> Select[Any]:
        p = tables.CASE_TABLES["initiative_people"].c
        came = self._readable("initiative_people", p.candidate_id)
        return came.where(p.initiative_id == initiative_id, p.step.in_(("attended", "joined")))

    def in_region(self, codes: frozenset[str]) -> set[str]:
        """Return the visible people who live in some places."""
        c = tables.CASE_TABLES["candidates"].c
        wanted = self._readable("candidates", c.candidate_id).where(c.region.in_(sorted(codes)))
        return set(self.connection.execute(wanted).scalars())
