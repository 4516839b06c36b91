"""Who received a measure and when, and the dated history of people, as a subject sees them: for comparing outcomes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, func, select

from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.caseload_tables import plans
from pipelines.store.claim_tables import claims
from pipelines.store.reach import reach

Receipt = tuple[str, date]
"""Whose, and the day, or the first of the month where only the month is kept."""
_MANY = 400  # keys in one statement: SQLite takes a limited number of parameters


@dataclass(slots=True)
class History:
    """What is stored of a person for a comparison: unchanging facts, and what happened with its days."""

    facts: Any
    placements: list[tuple[date | None, date | None, str | None]] = field(default_factory=list)
    services: list[tuple[date, str]] = field(default_factory=list)
    acts: list[tuple[date, str]] = field(default_factory=list)
    trainings: list[date] = field(default_factory=list)


class EffectRows:
    """The rows of the people whom a subject sees; of some places only where codes are given."""

    def __init__(self, connection: Connection, subject: Subject, codes: frozenset[str] | None = None) -> None:
        self.connection, self.subject, self.codes = connection, subject, codes

    def _readable(self, *columns: Any) -> Select[Any]:
        """Return the statement over visible people that every other one starts from."""
        statement, condition = select(*columns), reach("candidates", self.subject)
        people = tables.CASE_TABLES["candidates"].c
        if self.codes is not None:
            statement = statement.where(people.region.in_(sorted(self.codes)))
        return statement if condition is None else statement.where(condition)

    def ids(self) -> list[str]:
        """Return everybody by id."""
        own = tables.CASE_TABLES["candidates"].c.candidate_id
        return list(self.connection.execute(self._readable(own).order_by(own)).scalars())

    def receipts(self, table: str, kind: str, until: date) -> list[Receipt]:
        """Return who received a measure up to a day, by person and day: approved claims, plans, services and so on."""
        owner, day, own, conditions = self._source(table)
        people = tables.CASE_TABLES["candidates"].c
        last = _months(until) if table == "claim" else until
        wanted = self._readable(owner, day).where(
            people.candidate_id == owner, own == kind, day <= last, *conditions
        )  # fmt: skip
        return [(who, _day(when)) for who, when in self.connection.execute(wanted.order_by(owner, day))]

    def received(self, table: str, first: date, last: date) -> dict[str, int]:
        """Return by kind how many people received a measure of a table between two days."""
        owner, day, own, conditions = self._source(table)
        people = tables.CASE_TABLES["candidates"].c
        bounds = (_months(first), _months(last)) if table == "claim" else (first, last)
        wanted = self._readable(own, func.count(owner.distinct())).where(
            people.candidate_id == owner, day >= bounds[0], day <= bounds[1], *conditions
        )  # fmt: skip
        return {row[0]: int(row[1]) for row in self.connection.execute(wanted.group_by(own))}

    def _source(self, table: str) -> tuple[Any, Any, Any, list[Any]]:
        """Return whose a row is, its day, its kind, and what else has to hold of it."""
        if table == "claim":
            c = claims.c
            return c.candidate_id, c.from_month, c.rule_id, [c.status == "approved"]
        if table == "plan":
            return plans.c.candidate_id, plans.c.opened_on, plans.c.kind, []
        if table == "service":
            s = tables.CASE_TABLES["services"].c
            return s.candidate_id, s.on, s.kind, []
        if table in ("learning", "coaching"):
            e = tables.CASE_TABLES["enrolments"].c
            is_coaching = e.kind == "coaching"
            if table == "coaching":
                return e.candidate_id, e.starts_on, e.kind, [is_coaching]
            return e.candidate_id, e.ends_on, e.kind, [e.status == "completed", ~is_coaching]
        i, w = tables.CASE_TABLES["initiatives"].c, tables.CASE_TABLES["initiative_people"].c
        same = w.initiative_id == i.initiative_id
        return w.candidate_id, w.on, i.kind, [same, w.step.in_(("attended", "joined"))]

    def histories(self, candidate_ids: Sequence[str]) -> dict[str, History]:
        """Return what is stored of these visible people."""
        c = tables.CASE_TABLES["candidates"].c
        columns = (
            c.candidate_id, c.region, c.sex, c.category, c.grade, c.education, c.hukou, c.household_kinds,
            c.hard_to_employ_since,
        )  # fmt: skip
        found: dict[str, History] = {}
        for part in _parts(candidate_ids):
            rows = self.connection.execute(self._readable(*columns).where(c.candidate_id.in_(part))).all()
            found.update((row.candidate_id, History(row)) for row in rows)
            self._fill(found, [row.candidate_id for row in rows])
        return found

    def _fill(self, found: dict[str, History], part: Sequence[str]) -> None:
        p, s, a, e = (tables.CASE_TABLES[name].c for name in ("placements", "services", "interactions", "enrolments"))
        for who, begun, ended, form in self._of(part, p.candidate_id, p.starts_on, p.ends_on, p.form):
            found[who].placements.append((begun, ended, form))
        for who, on, kind in self._of(part, s.candidate_id, s.on, s.kind):
            found[who].services.append((on, kind))
        for who, on, kind in self._of(part, a.candidate_id, a.at, a.kind):
            found[who].acts.append((on, kind))
        for who, ended, status in self._of(part, e.candidate_id, e.ends_on, e.status):
            if status == "completed" and ended is not None:
                found[who].trainings.append(ended)

    def _of(self, part: Sequence[str], owner: Any, *columns: Any) -> Iterator[Any]:
        return iter(self.connection.execute(select(owner, *columns).where(owner.in_(part))))


def _months(day: date) -> int:
    """Return the month of a day as claims keep it."""
    return day.year * 100 + day.month


def _day(kept: date | int) -> date:
    return kept if isinstance(kept, date) else date(kept // 100, kept % 100, 1)


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _MANY] for start in range(0, len(ids), _MANY))
