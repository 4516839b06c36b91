"""Start-ups, household industries and visits of the people whom a subject sees, with the grants claimed for them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from matching.ventures import Venture, Visit, VisitKind
from pipelines.access.roles import Subject
from pipelines.store import claim_tables, tables
from pipelines.store.reach import reach
from pipelines.store.repositories import TableRepository
from pipelines.venture_tables import VENTURES, VISITS

GRANTS = ("startup.lump_sum", "startup.lump_sum_general")
"""The benefits of which one is claimed for a first start-up."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a venture is, as far as counting by place and household goes."""

    region: str | None
    household_id: str | None


@dataclass(frozen=True, slots=True)
class CoachVisits:
    """The recorded visits of one coach: how many this year, the last one, and the next one agreed."""

    this_year: int = 0
    last: date | None = None
    next: date | None = None


class VentureRows:
    """Ventures with their visits and owners."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _readable(self, table: str, *columns: Any) -> Select[Any]:
        """Return the statement that every other one starts from: of one table, what the subject sees."""
        statement, condition = select(*columns), reach(table, self.subject)
        return statement if condition is None else statement.where(condition)

    def ventures(self, kind: str) -> list[Venture]:
        """Return the visible ventures of a kind, by id."""
        held = TableRepository(self.connection, VENTURES, self.subject)
        return _entities(held, [held.table.c.kind == kind])

    def checks(self) -> Mapping[str, Sequence[Visit]]:
        """Return the visible checks by venture."""
        held = TableRepository(self.connection, VISITS, self.subject)
        found: dict[str, list[Visit]] = defaultdict(list)
        for one in _entities(held, [held.table.c.kind == VisitKind.STARTUP_CHECK.value]):
            found[one.venture_id].append(one)
        return found

    def owners(self) -> dict[str, Owner]:
        """Return place and household of everybody visible who has a venture."""
        v, c = tables.CASE_TABLES["ventures"].c, tables.CASE_TABLES["candidates"].c
        wanted = self._readable("ventures", v.candidate_id, c.region, c.household_id).where(
            c.candidate_id == v.candidate_id
        )
        return {row[0]: Owner(row[1], row[2]) for row in self.connection.execute(wanted.distinct())}

    def grants(self) -> dict[str, set[str]]:
        """Return the states of the claims for a start-up grant by person, of who has a venture that is visible."""
        v, c = tables.CASE_TABLES["ventures"].c, claim_tables.claims.c
        wanted = self._readable("ventures", c.candidate_id, c.status).where(
            c.candidate_id == v.candidate_id, c.rule_id.in_(GRANTS)
        )
        found: dict[str, set[str]] = defaultdict(set)
        for owner, status in self.connection.execute(wanted.distinct()):
            found[owner].add(status)
        return found


def _entities(held: TableRepository, where: Sequence[ColumnElement[bool]]) -> list[Any]:
    return held._entities(held._select().where(*where))


def visits_by_coach(connection: Connection, subject: Subject, on: date) -> dict[str, CoachVisits]:
    """Return the visits of coaches to visible people until a day, by the name that was written down."""
    held = TableRepository(connection, VISITS, subject)
    own: dict[str, list[Visit]] = defaultdict(list)
    for one in _entities(held, [held.table.c.kind == VisitKind.COACH_VISIT.value]):
        if one.on <= on and one.by is not None:
            own[one.by].append(one)
    return {
        coach: CoachVisits(
            sum(one.on.year == on.year for one in visits),
            max(one.on for one in visits),
            min((one.next_on for one in visits if one.next_on is not None and one.next_on > on), default=None),
        )
        for coach, visits in own.items()
    }
