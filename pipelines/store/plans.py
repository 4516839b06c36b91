"""Plans as rows, with how their steps stand; and the students of whom there is none yet."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, case, exists, func, insert, or_, select, update

from matching.plans import EnrolmentKind, Plan, PlanKind
from matching.rules.functions import plus_months
from matching.vocabulary import EmployerKind
from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.caseload_tables import plans, tasks
from pipelines.store.of_people import OfPeople, Row
from pipelines.store.reach import reach

Key = tuple[date, str]
_STEPS = ("n_steps", "n_done", "n_overdue", "next_due_on")


class Span(NamedTuple):
    """Some days from first to last, or the end of one day: then whoever left on it is there no more."""

    since: date
    until: date
    is_day: bool = False


class Moves(NamedTuple):
    """Plans that ran before a span, began in it, ended in it, and run at the end of its last day."""

    before: int = 0
    entered: int = 0
    left: int = 0
    after: int = 0


class LedgerWanted(NamedTuple):
    """Plans of which kind; a filter that is None is none."""

    kind: str
    level: str | None = None
    adviser_id: str | None = None
    codes: frozenset[str] | None = None


class PlanRepository(OfPeople):
    """The plans with the people whom a subject sees."""

    table = plans

    def find(self, plan_id: str) -> Row | None:
        """Return one visible plan, or None."""
        wanted = self._readable().where(plans.c.plan_id == plan_id.replace("\x00", "\ufffd"))
        found = self._opened(self.connection.execute(wanted))
        return found[0] if found else None

    def of(self, candidate_id: str) -> list[Row]:
        """Return the plans with one person, open ones first, the newest first."""
        c = plans.c
        order = (c.ended_on.is_not(None), c.opened_on.desc(), c.plan_id)
        wanted = self._readable().where(c.candidate_id == candidate_id).order_by(*order)
        return self._opened(self.connection.execute(wanted))

    def page(
        self,
        on: date,
        wanted_ones: LedgerWanted,
        *,
        after: Key | None,
        limit: int,
        is_open: bool = True,
        span: Span | None = None,
    ) -> list[Row]:
        """Return the next plans by the day they were opened, each with `n_steps`, `n_done`, `n_overdue`, `next_due_on`.

        With a span those that ran in it, open or ended by now; the day of leaving is the first one without.
        """
        c, t = plans.c, tasks.c
        is_undone, other = t.status == "open", plans.alias()
        theirs = other.c
        steps = (
            select(
                t.plan_id,
                func.sum(case((or_(t.status != "dropped", theirs.ended_on.is_not(None)), 1), else_=0)).label("n_steps"),
                func.sum(case((t.status == "done", 1), else_=0)).label("n_done"),
                func.sum(case((and_(is_undone, t.due_on < on), 1), else_=0)).label("n_overdue"),
                func.min(case((is_undone, t.due_on))).label("next_due_on"),
            )
            .select_from(tasks.join(other, theirs.plan_id == t.plan_id))
            .group_by(t.plan_id)
            .subquery("steps")
        )
        s = steps.c
        counts = [func.coalesce(s[name], 0).label(name) for name in _STEPS[:3]]
        wanted = self._select(wanted_ones, plans, *counts, s.next_due_on).select_from(
            plans.outerjoin(steps, s.plan_id == c.plan_id)
        )
        if span is None:
            wanted = wanted.where(c.ended_on.is_(None) if is_open else c.ended_on.is_not(None))
        else:
            is_there = c.ended_on > span.until if span.is_day else c.ended_on >= span.since
            wanted = wanted.where(c.opened_on <= span.until, or_(c.ended_on.is_(None), is_there))
        if after is not None:
            day, plan_id = after
            wanted = wanted.where(or_(c.opened_on > day, and_(c.opened_on == day, c.plan_id > plan_id)))
        wanted = wanted.order_by(c.opened_on, c.plan_id).limit(limit)
        return self._opened(self.connection.execute(wanted))

    def moves(self, span: Span, wanted: LedgerWanted) -> dict[str | None, Moves]:
        """Return by level how many visible plans ran before a span, began and ended in it, and run at its end."""
        c, since, until = plans.c, span.since, span.until
        counted = [
            func.sum(case((one, 1), else_=0))
            for one in (
                and_(c.opened_on < since, or_(c.ended_on.is_(None), c.ended_on >= since)),
                c.opened_on.between(since, until),
                c.ended_on.between(since, until),
                and_(c.opened_on <= until, or_(c.ended_on.is_(None), c.ended_on > until)),
            )
        ]
        found = self.connection.execute(self._select(wanted, c.level, *counted).group_by(c.level))
        return {name: Moves(*(int(n or 0) for n in numbers)) for name, *numbers in found}

    def _select(self, wanted: LedgerWanted, *columns: Any) -> Select[Any]:
        """Return the statement over plans of a kind, through every filter that is not None."""
        c, people = plans.c, tables.CASE_TABLES["candidates"].c
        found = self._readable(*columns).where(c.kind == wanted.kind)
        if wanted.level is not None:
            found = found.where(c.level == wanted.level)
        if wanted.adviser_id is not None:
            found = found.where(c.adviser_id == wanted.adviser_id)
        if wanted.codes is not None:
            there = select(people.candidate_id).where(people.region.in_(sorted(wanted.codes)))
            found = found.where(c.candidate_id.in_(there))
        return found

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep a plan with a person found visible."""
        self.connection.execute(insert(plans).values(self._sealed(values)))

    def change(self, plan: Row, values: Mapping[str, Any]) -> bool:
        """Change a visible open plan of this version; False where somebody was faster."""
        c = plans.c
        same = (c.plan_id == plan["plan_id"], c.row_version == plan["row_version"], c.ended_on.is_(None))
        sealed = self._sealed({**values, "plan_id": plan["plan_id"]})
        statement = update(plans).where(*same, *self._reach()).values(**sealed, row_version=c.row_version + 1)
        return self.connection.execute(statement).rowcount == 1

    def touch(self, plan_id: str, on: date) -> None:
        """Note that a step of a visible plan was done on a day; no new version, nobody read what it changes."""
        c = plans.c
        later = or_(c.touched_on.is_(None), c.touched_on < on)
        self.connection.execute(
            update(plans).where(c.plan_id == plan_id, later, *self._reach()).values(touched_on=on)
        )  # fmt: skip

    def as_duties_see(self, candidate_ids: Sequence[str]) -> dict[str, list[Plan]]:
        """Return the open plans of some people as duties see them; who is not visible is left out."""
        c, t = plans.c, tasks.c
        next_due = (
            select(func.min(t.due_on)).where(t.plan_id == c.plan_id, t.status == "open").scalar_subquery()
        )  # fmt: skip
        found: dict[str, list[Plan]] = {}
        for start in range(0, len(candidate_ids), 400):
            part = c.candidate_id.in_(candidate_ids[start : start + 400])
            columns = (c.candidate_id, c.kind, c.opened_on, c.touched_on, next_due.label("next_due_on"))
            for row in self.connection.execute(self._readable(*columns).where(part, c.ended_on.is_(None))):
                plan = Plan(
                    row.candidate_id, PlanKind(row.kind), row.opened_on,
                    next_due_on=row.next_due_on, touched_on=row.touched_on,
                )  # fmt: skip
                found.setdefault(row.candidate_id, []).append(plan)
        return found


def students_without(
    connection: Connection,
    subject: Subject,
    on: date,
    *,
    years: int,
    after: str | None,
    limit: int,
    codes: frozenset[str] | None = None,
) -> list[Row]:
    """Return the visible students, and who left school at most so many years ago, with whom no plan was ever made.

    By person, each with the school that ends last; a day of leaving that is not known counts as to come.
    """
    e, people = tables.CASE_TABLES["enrolments"].c, tables.CASE_TABLES["candidates"].c
    made = exists().where(plans.c.candidate_id == e.candidate_id, plans.c.kind == PlanKind.GRADUATE.value)
    earliest = plus_months(on, -12 * years)
    nth = func.row_number().over(partition_by=e.candidate_id, order_by=(e.ends_on.desc(), e.enrolment_id))
    # Of a day that is not known the two databases disagree whether it comes first: what is listed is any of them.
    schools = select(e.candidate_id, e.place, e.title, e.ends_on, nth.label("nth")).where(
        e.kind == EnrolmentKind.SCHOOL.value, or_(e.ends_on.is_(None), e.ends_on > earliest), ~made
    )
    condition = reach("enrolments", subject)
    if condition is not None:
        schools = schools.where(condition)
    if codes is not None:
        there = select(people.candidate_id).where(people.region.in_(sorted(codes)))
        schools = schools.where(e.candidate_id.in_(there))
    if after is not None:
        schools = schools.where(e.candidate_id > after)
    last = schools.subquery("schools").c
    wanted = select(last.candidate_id, last.place, last.title, last.ends_on).where(last.nth == 1)
    found = connection.execute(wanted.order_by(last.candidate_id).limit(limit))
    return [dict(row._mapping) for row in found]


def employer_kinds(connection: Connection, employer_ids: Sequence[str]) -> dict[str, EmployerKind]:
    """Return what kind of unit these employers of published posts are; whom nobody knows the kind of is left out."""
    e = tables.CASE_TABLES["employers"].c
    wanted = select(e.employer_id, e.kind).where(e.employer_id.in_(sorted(set(employer_ids))), e.kind.is_not(None))
    return {row.employer_id: EmployerKind(row.kind) for row in connection.execute(wanted)}
