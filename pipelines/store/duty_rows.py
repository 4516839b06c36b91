"""Who is due what, in order, by the database: ids, kinds and keys; what exactly is due is said by `matching.duties`.

What stands here is the same definition as columns, for as many people as there are. Birth dates are sealed, so that
nobody is left out by age here: the caller opens those that it comes to. A test holds both to the same list.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    text,
    tuple_,
    union_all,
)

from matching.duties.alerts import DATED
from matching.duties.terms import FOR_EVERYBODY, DutyKind, DutyTerms
from matching.duties.visits import RUNS
from matching.plans import ENDED, EnrolmentKind, PlanKind
from matching.ventures import VentureKind, VisitKind
from matching.vocabulary import Education, HouseholdKind, InteractionKind, ServiceKind
from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.caseload_tables import plans, tasks
from pipelines.store.day_numbers import day_number, earliest, latest, months_later, number
from pipelines.store.reach import reach

Key = tuple[int, str, str]
"""Where a duty stands in the order: the number of the day waited from, the person, the kind."""
_NEVER = -(10**6)
_FIRST_LOOK, _FURTHER_LOOKS = 2000, 10
_COLLEGE = sorted(term.value for term in Education if term.rank >= Education.COLLEGE.rank)
_RETAINED = {3: InteractionKind.RETAINED_3M, 6: InteractionKind.RETAINED_6M}
Number = ColumnElement[Any]


class DutyRows:
    """The duties of a day as a subject sees them, of everybody or of the people of some codes."""

    def __init__(
        self,
        connection: Connection,
        subject: Subject,
        terms: DutyTerms,
        codes: frozenset[str] | None = None,
        *,
        beside: Sequence[ColumnElement[Any]] = (),
    ) -> None:
        """`beside` are further columns of people, carried along so that nobody has to be looked up a second time."""
        self.connection, self.terms = connection, terms
        self._beside = tuple(beside)
        ready_for_many(connection)
        self._on, self._today = terms.on, number(terms.on)
        self._is_everybody = reach("candidates", subject) is None and codes is None
        self.people = self._people(subject, codes)
        self.standing = self._standing()
        self.given = self._given()
        self._met = self._standing_with_contact()
        self._acts = self._answers()
        self._lists = self._newest_lists()

    def has_more_people_than(self, n: int) -> bool:
        """Return whether there are more people within reach than so many; no more are counted than that."""
        some = select(literal(1)).select_from(self.people).limit(n + 1).subquery()
        return (self.connection.execute(select(func.count()).select_from(some)).scalar() or 0) > n

    def keys(self, kinds: Sequence[DutyKind] = (), after: Key | None = None) -> Iterator[Key]:
        """Yield what may be due, in order, after a key; of a person past the age of work too."""
        wanted = [kind for kind in (kinds or tuple(DutyKind)) if kind in self.terms.grounds]
        if not wanted:
            return
        each: dict[DutyKind, Callable[[], Select[Any]]] = {
            DutyKind.FOUR_ONES: self._four_ones,
            DutyKind.GRADUATE_PLAN: self._graduates,
            DutyKind.CERTIFICATE: self._certificates,
            DutyKind.CONTRACT: self._contracts,
            DutyKind.FOLLOW_UP: self._follow_ups,
            DutyKind.HARD_TO_EMPLOY: self._hard_to_employ,
            DutyKind.REFERRAL: self._referrals,
            DutyKind.GRADUATE_FOLLOW: partial(self._plans, DutyKind.GRADUATE_FOLLOW, PlanKind.GRADUATE),
            DutyKind.ASSISTANCE: partial(self._plans, DutyKind.ASSISTANCE, PlanKind.ASSISTANCE),
            DutyKind.HOUSEHOLD: self._households,
            DutyKind.LEARNING: self._learning,
            DutyKind.STARTUP: self._startups,
            DutyKind.COACHING: self._coachings,
        }
        found = union_all(*(each[kind]() for kind in wanted)).subquery("due")
        place = (found.c.place, found.c.candidate_id, found.c.kind)
        statement, last, size = select(*place).order_by(*place), after, _FIRST_LOOK
        while True:
            # The first few of a province are found without putting everybody in order; who looks further gets more.
            part = statement.limit(size)
            if last is not None:
                part = part.where(tuple_(*place) > tuple_(*(literal(value) for value in last)))
            rows = self.connection.execute(part).all()
            for row in rows:
                yield (int(row[0]), row[1], row[2])
            if len(rows) < size:
                return
            last, size = (int(rows[-1][0]), rows[-1][1], rows[-1][2]), size * _FURTHER_LOOKS

    def clock_columns(self, *beside: str) -> Select[Any]:
        """Return who is not known to work, with what says which of the four services is owed and given this year.

        Person, region, that, and the columns that were asked for beside. What is owed and given is one number, since
        hundreds of thousands of rows are read: 1 where work is not known; 2 for a wish to work, 4 for none; 6, 12, 24,
        48 for each of the four services that was given as often as it is owed.
        """
        s, given = self.standing.c, self._given_this_year()
        unsure = case((s.employed.is_(None), 1), else_=0)
        wish = case((s.job_wish == "yes", 2), (s.job_wish == "no", 4), else_=0)
        return (
            select(s.candidate_id, s.region, (unsure + wish + func.coalesce(given.c.done, 0)).label("code"),
                   *(s[name] for name in beside))
            .select_from(self.standing.outerjoin(given, given.c.candidate_id == s.candidate_id))
            .where(func.coalesce(s.employed, 0) == 0)
        )  # fmt: skip

    def plans_given(self) -> ColumnElement[Any]:
        """Return how often somebody of the standing was given 一生一策 until the day; looked up for each by the key."""
        s = tables.CASE_TABLES["services"].c
        return (
            select(func.count())
            .where(
                s.candidate_id == self.standing.c.candidate_id,
                s.kind == ServiceKind.GRADUATE_PLAN.value,
                s.on <= self._on,
            )
            .scalar_subquery()
        )

    def _given_this_year(self) -> Subquery:
        """Return which of the four services each person was given this year as often as owed, as one number."""
        s = tables.CASE_TABLES["services"].c
        done: Number = literal(0)
        for nth, (kind, times) in enumerate(self.terms.times.items()):
            given = func.sum(case((s.kind == kind.value, 1), else_=0))
            done = done + case((given >= times, 6 << nth), else_=0)
        kinds = [kind.value for kind in self.terms.times]
        return (
            select(s.candidate_id, done.label("done"))
            .where(s.on.between(self.terms.year_start, self._on), s.kind.in_(kinds), *self._visible(s.candidate_id))
            .group_by(s.candidate_id)
            .subquery("this_year")
        )

    # ---- what everything is made of ----

    def _people(self, subject: Subject, codes: frozenset[str] | None) -> CTE:
        c = tables.CASE_TABLES["candidates"].c
        columns = (
            c.candidate_id, c.region, c.job_wish, c.unemployed_since, c.education, c.graduated_on,
            c.certificate_valid_until, c.hard_to_employ_until, c.household_kinds, *self._beside,
        )  # fmt: skip
        statement, condition = select(*columns), reach("candidates", subject)
        if condition is not None:
            statement = statement.where(condition)
        if codes is not None:
            statement = statement.where(c.region.in_(sorted(codes)))
        return statement.cte("people")

    def _visible(self, column: ColumnElement[Any], employed: int | None = None) -> Sequence[ColumnElement[bool]]:
        """Return that somebody is visible, and works (1) or is not known to (0) where only of them it is asked."""
        if self._is_everybody:
            return ()
        if employed is None:
            return (column.in_(select(self.people.c.candidate_id)),)
        s = self.standing.c
        return (column.in_(select(s.candidate_id).where(func.coalesce(s.employed, 0) == employed)),)

    def _standing(self) -> CTE:
        """Return each person with whether they work, and the number of the day since which they do not."""
        p, c = tables.CASE_TABLES["placements"].c, self.people.c
        may_run = or_(p.ends_on.is_(None), p.ends_on >= self._on)
        work = (
            select(
                p.candidate_id,
                func.sum(case((and_(p.starts_on <= self._on, may_run), 1), else_=0)).label("running"),
                func.sum(case((and_(p.starts_on.is_(None), may_run), 1), else_=0)).label("unclear"),
                func.max(case((p.ends_on < self._on, day_number(p.ends_on) + 1))).label("ended"),
            )
            .where(*self._visible(p.candidate_id))
            .group_by(p.candidate_id)
            .cte("work")
        )
        registered = case((c.unemployed_since <= self._on, day_number(c.unemployed_since)))
        employed = case(
            (func.coalesce(work.c.running, 0) > 0, 1),
            (and_(c.unemployed_since <= self._on, func.coalesce(work.c.unclear, 0) == 0), 0),
            else_=null(),
        )
        return (
            select(c.candidate_id, c.region, c.job_wish, c.education, c.graduated_on, c.hard_to_employ_until,
                   c.household_kinds, employed.label("employed"), work.c.ended,
                   latest(registered, work.c.ended).label("entered"), *(c[str(one.key)] for one in self._beside))
            .select_from(self.people.outerjoin(work, work.c.candidate_id == c.candidate_id))
            .cte("standing")
        )  # fmt: skip

    def _given(self) -> CTE:
        """Return how often each service was given this year, and when each was last given."""
        s, columns = tables.CASE_TABLES["services"].c, []
        for kind in self.terms.times:
            is_kind = s.kind == kind.value
            this_year = and_(is_kind, s.on >= self.terms.year_start)
            columns.append(func.sum(case((this_year, 1), else_=0)).label(f"done_{kind.value}"))
            columns.append(func.max(case((is_kind, day_number(s.on)))).label(f"last_{kind.value}"))
        plans = func.sum(case((s.kind == ServiceKind.GRADUATE_PLAN.value, 1), else_=0)).label("plans")
        return (
            select(s.candidate_id, *columns, plans, func.max(day_number(s.on)).label("contact"))
            .where(s.on <= self._on, *self._visible(s.candidate_id))
            .group_by(s.candidate_id)
            .cte("given")
        )

    def _standing_with_contact(self) -> CTE:
        """Return each person's standing with the number of the day on which any service was last given.

        Worked out once and whole: what asks of a few of these people would else be joined to the services of
        everybody person by person, as PostgreSQL takes the few to be fewer than they are.
        """
        s, g = self.standing.c, self.given.c
        joined = self.standing.outerjoin(self.given, g.candidate_id == s.candidate_id)
        met = select(s.candidate_id, s.household_kinds, s.graduated_on, s.employed, s.ended, g.contact)
        return met.select_from(joined).cte("met").prefix_with("MATERIALIZED", dialect="postgresql")

    def _answers(self) -> CTE:
        """Return for each person and vacancy the number of the day of the last referral, and of the last act after it.

        What is due was sent within the days of the rule, and what answers it came later: older acts are not read.
        """
        i = tables.CASE_TABLES["interactions"].c
        day, is_sent = day_number(i.at), i.kind == InteractionKind.REFERRED.value
        first = self._on - timedelta(days=self.terms.referral_within_days)
        return (
            select(
                i.candidate_id,
                i.vacancy_id,
                func.max(case((is_sent, day))).label("sent"),
                func.max(case((is_sent, null()), else_=day)).label("answered"),
            )
            .where(
                i.kind != InteractionKind.VIEWED.value,
                i.at.between(first, self._on),
                *self._visible(i.candidate_id, employed=0),
            )
            .group_by(i.candidate_id, i.vacancy_id)
            .cte("acts")
        )

    def _stayed(self, months: int) -> ColumnElement[Any]:
        """Return of a placement the number of the day of the last stay in the job; looked up for each by its key."""
        i, p = tables.CASE_TABLES["interactions"].c, tables.CASE_TABLES["placements"].c
        return (
            select(func.max(day_number(i.at)))
            .where(
                i.candidate_id == p.candidate_id,
                i.vacancy_id == p.vacancy_id,
                i.kind == _RETAINED[months].value,
                i.at <= self._on,
            )
            .scalar_subquery()
        )

    def _newest_lists(self) -> CTE:
        """Return of each person the newest stored list with its good matches."""
        r = tables.shortlist_runs.c
        nth = func.row_number().over(partition_by=r.candidate_id, order_by=(r.created_at.desc(), r.run_id.desc()))
        runs = select(r.candidate_id, r.n_strong, nth.label("nth")).where(*self._visible(r.candidate_id)).subquery()
        return select(runs.c.candidate_id, runs.c.n_strong).where(runs.c.nth == 1).cte("lists")

    def strong_matches(self, candidate_ids: Sequence[str]) -> dict[str, int]:
        """Return how many good matches the newest lists of these people hold; who has no list is left out."""
        c = self._lists.c
        wanted = select(c.candidate_id, c.n_strong).where(c.candidate_id.in_(candidate_ids), c.n_strong.is_not(None))
        return {row[0]: int(row[1]) for row in self.connection.execute(wanted)}

    # ---- the kinds ----

    def _row(self, owner: Any, kind: DutyKind, place: Number) -> tuple[Any, Any, Any]:
        return owner.label("candidate_id"), literal(kind.value).label("kind"), place.label("place")

    def _bonus(self) -> Number:
        return case((func.coalesce(self._lists.c.n_strong, 0) > 0, self.terms.strong_days), else_=0)

    def _four_ones(self) -> Select[Any]:
        s, g = self.standing.c, self.given.c
        waiting: Number = null()
        for kind, times in self.terms.times.items():
            is_open = func.coalesce(g[f"done_{kind.value}"], 0) < times
            if kind is not FOR_EVERYBODY:
                is_open = and_(is_open, or_(s.job_wish.is_(None), s.job_wish != "no"))
            waited = latest(s.entered, g[f"last_{kind.value}"] + 1)
            since = case((is_open, func.coalesce(waited, number(self.terms.year_start))))
            waiting = earliest(waiting, since)
        # Nobody waits from a day to come; who waits for nothing has no day at all.
        waiting = case((waiting.is_not(None), earliest(waiting, self._today)))
        joined = self.standing.outerjoin(self.given, g.candidate_id == s.candidate_id).outerjoin(
            self._lists, self._lists.c.candidate_id == s.candidate_id
        )
        found = (
            select(s.candidate_id, waiting.label("waiting"), self._bonus().label("bonus"))
            .select_from(joined)
            .where(func.coalesce(s.employed, 0) == 0)
            .subquery("clocks")
        )
        row = self._row(found.c.candidate_id, DutyKind.FOUR_ONES, found.c.waiting - found.c.bonus)
        return select(*row).where(found.c.waiting.is_not(None))

    def _graduates(self) -> Select[Any]:
        s, g, terms = self.standing.c, self.given.c, self.terms
        left, is_college = s.graduated_on, s.education.in_(_COLLEGE)
        year = number(terms.year_start)
        since: Number = case((or_(left.is_(None), left > self._on), year), else_=day_number(left))
        if terms.graduate_from is not None:
            since = latest(since, number(terms.graduate_from))
        joined = self.standing.outerjoin(self.given, g.candidate_id == s.candidate_id).outerjoin(
            self._lists, self._lists.c.candidate_id == s.candidate_id
        )
        return (
            select(*self._row(s.candidate_id, DutyKind.GRADUATE_PLAN, since - self._bonus()))
            .select_from(joined)
            .where(
                func.coalesce(g.plans, 0) < terms.graduate_plans,
                func.coalesce(s.employed, 0) == 0,
                or_(is_college, and_(s.education.is_(None), left.is_not(None))),
                or_(left.is_(None), months_later(left, terms.graduate_years * 12) > self._on),
            )
        )

    def _certificates(self) -> Select[Any]:
        c, days = self.people.c, self.terms.certificate_days
        until = c.certificate_valid_until
        row = self._row(c.candidate_id, DutyKind.CERTIFICATE, day_number(until) - days)
        return select(*row).where(until <= self._on + timedelta(days=days))

    def _running(self, placement: Any) -> ColumnElement[bool]:
        return and_(placement.starts_on <= self._on, or_(placement.ends_on.is_(None), placement.ends_on >= self._on))

    def _contracts(self) -> Select[Any]:
        p = tables.CASE_TABLES["placements"].c
        by_term = day_number(months_later(p.starts_on, func.nullif(p.contract_months, 0))) - 1
        end = func.coalesce(day_number(p.ends_on), by_term)
        place = func.min(end) - self.terms.contract_days
        return (
            select(*self._row(p.candidate_id, DutyKind.CONTRACT, place))
            .where(
                self._running(p),
                *self._visible(p.candidate_id, employed=1),
                end <= self._today + self.terms.contract_days,
            )
            .group_by(p.candidate_id)
        )

    def _follow_ups(self) -> Select[Any]:
        p, g = tables.CASE_TABLES["placements"].c, self.given.c
        months = self.terms.follow_up_months
        days = {month: months_later(p.starts_on, month) for month in months}
        reached = [(days[month] <= self._on, days[month]) for month in reversed(months)]
        stays = [(days[month] <= self._on, self._stayed(month) if month in _RETAINED else null())
                 for month in reversed(months)]  # fmt: skip
        day = case(*reached)
        joined = tables.CASE_TABLES["placements"].outerjoin(self.given, g.candidate_id == p.candidate_id)
        stayed = func.coalesce(case(*stays), _NEVER)
        return (
            select(*self._row(p.candidate_id, DutyKind.FOLLOW_UP, func.min(day_number(day))))
            .select_from(joined)
            .where(
                self._running(p),
                *self._visible(p.candidate_id, employed=1),
                day.is_not(None),
                months_later(day, self.terms.follow_up_within_months) > self._on,
                func.coalesce(g.contact, _NEVER) < day_number(day),
                stayed < day_number(p.starts_on),
            )
            .group_by(p.candidate_id)
        )

    def _hard_to_employ(self) -> Select[Any]:
        s, terms = self.standing.c, self.terms
        until = s.hard_to_employ_until
        row = self._row(s.candidate_id, DutyKind.HARD_TO_EMPLOY, day_number(until) - terms.hard_to_employ_days)
        return select(*row).where(
            until <= self._on + timedelta(days=terms.hard_to_employ_days),
            until >= self._on - timedelta(days=terms.hard_to_employ_lapsed_days),
            func.coalesce(s.employed, 0) == 0,
        )

    def _referrals(self) -> Select[Any]:
        s, a, terms = self.standing.c, self._acts.c, self.terms
        place = func.min(a.sent) + terms.referral_days
        return (
            select(*self._row(a.candidate_id, DutyKind.REFERRAL, place))
            .select_from(self._acts.join(self.standing, s.candidate_id == a.candidate_id))
            .where(
                a.sent.between(self._today - terms.referral_within_days, self._today - terms.referral_days),
                func.coalesce(a.answered, _NEVER) < a.sent,
                func.coalesce(s.employed, 0) == 0,
            )
            .group_by(a.candidate_id)
        )

    def _plans(self, kind: DutyKind, of: PlanKind) -> Select[Any]:
        """Return the open plans with a step that is due, without a next one, to be ended, or without a contact."""
        c, t, s = plans.c, tasks.c, self._met.c
        undone = (
            select(t.plan_id, func.min(t.due_on).label("next_due_on"))
            .where(t.status == "open", t.plan_id.is_not(None))
            .group_by(t.plan_id)
            .subquery("undone")
        )
        next_due = undone.c.next_due_on
        touched = latest(day_number(c.touched_on), day_number(c.opened_on))
        since = [
            (func.coalesce(s.employed, 0) == 1, literal(self._today)),
            (next_due.is_(None), touched),
            (next_due <= self._on, day_number(next_due)),
        ]
        if of is PlanKind.GRADUATE:
            contact = latest(latest(touched, s.contact), day_number(s.graduated_on)) + self.terms.plan_contact_days
            since.append((and_(s.graduated_on <= self._on, contact <= self._today), contact))
        place = func.min(case(*since))
        joined = plans.join(self._met, s.candidate_id == c.candidate_id).outerjoin(
            undone, undone.c.plan_id == c.plan_id
        )
        return (
            select(*self._row(c.candidate_id, kind, place))
            .select_from(joined)
            .where(c.kind == of.value, c.ended_on.is_(None), c.opened_on <= self._on, *self._visible(c.candidate_id))
            .group_by(c.candidate_id)
            .having(place.is_not(None))
        )

    def _households(self) -> Select[Any]:
        """Return the households exited from poverty or monitored that something befell without a service since."""
        s, f = self._met.c, tables.fact_sources.c
        first, contact = self._today - self.terms.household_alert_days, func.coalesce(s.contact, _NEVER)
        is_monitored = func.coalesce(s.household_kinds, "").contains(HouseholdKind.MONITORED.value)
        is_exited = func.coalesce(s.household_kinds, "").contains(HouseholdKind.POVERTY_EXITED.value)
        lost, told = s.ended, day_number(f.supplied_on)
        is_lost = and_(func.coalesce(s.employed, 0) == 0, lost.between(first, self._today), contact < lost)
        is_told = and_(is_monitored, told.between(first, self._today), contact < told)
        since = case((and_(is_lost, is_told), case((lost < told, lost), else_=told)), (is_lost, lost), else_=told)
        joined = self._met.outerjoin(
            tables.fact_sources, and_(f.candidate_id == s.candidate_id, f.fact == "household_kinds")
        )
        return (
            select(*self._row(s.candidate_id, DutyKind.HOUSEHOLD, since))
            .select_from(joined)
            .where(or_(is_monitored, is_exited), or_(is_lost, is_told))
        )

    def _learning(self) -> Select[Any]:
        """Return the examinations that come, the continuing education to be finished, and the titles to be decided."""
        e, days = tables.CASE_TABLES["enrolments"].c, self.terms.learning_days
        day = case((e.kind == EnrolmentKind.EXAM.value, e.starts_on), else_=e.ends_on)
        return (
            select(*self._row(e.candidate_id, DutyKind.LEARNING, func.min(day_number(day)) - days))
            .where(
                e.kind.in_(sorted(one.value for one in DATED)),
                or_(e.status.is_(None), e.status.not_in(sorted(one.value for one in ENDED))),
                day.between(self._on - timedelta(days=days), self._on + timedelta(days=days)),
                *self._visible(e.candidate_id),
            )
            .group_by(e.candidate_id)
        )

    def _startups(self) -> Select[Any]:
        """Return the start-ups that run, as far as is known, and were not looked at since a stated day."""
        v, c = tables.CASE_TABLES["ventures"].c, tables.CASE_TABLES["visits"].c
        stopped = func.max(case((c.is_running == "no", c.on)))
        seen = (
            select(
                c.venture_id,
                func.max(day_number(c.on)).label("last"),
                func.max(day_number(c.next_on)).label("agreed"),
                case((stopped == func.max(c.on), 1), else_=0).label("stopped"),
            )
            .where(c.kind == VisitKind.STARTUP_CHECK.value, c.on <= self._on, *self._visible(c.candidate_id))
            .group_by(c.venture_id)
            .subquery("seen")
        )
        marks = [months_later(v.starts_on, month) for month in reversed(self.terms.startup_check_months)]
        mark = case(*((day <= self._on, day_number(day)) for day in marks))
        due = self._first_due(latest(seen.c.agreed, day_number(v.next_check_on)), mark, seen.c.last)
        joined = tables.CASE_TABLES["ventures"].outerjoin(seen, seen.c.venture_id == v.venture_id)
        return (
            select(*self._row(v.candidate_id, DutyKind.STARTUP, func.min(due)))
            .select_from(joined)
            .where(
                v.kind == VentureKind.STARTUP.value,
                or_(v.ends_on.is_(None), v.ends_on > self._on),
                func.coalesce(seen.c.stopped, 0) == 0,
                due.is_not(None),
                *self._visible(v.candidate_id),
            )
            .group_by(v.candidate_id)
        )

    def _coachings(self) -> Select[Any]:
        """Return who has a job coach and was not visited since the day agreed, or for so many days."""
        e, c, days = tables.CASE_TABLES["enrolments"].c, tables.CASE_TABLES["visits"].c, self.terms.coach_visit_days
        seen = (
            select(
                c.candidate_id,
                func.max(day_number(c.on)).label("last"),
                func.max(day_number(c.next_on)).label("agreed"),
            )
            .where(c.kind == VisitKind.COACH_VISIT.value, c.on <= self._on, *self._visible(c.candidate_id))
            .group_by(c.candidate_id)
            .subquery("seen")
        )
        base = latest(seen.c.last, day_number(e.starts_on))
        late = case((base.is_(None), self._today), (base + days <= self._today, base + days))
        agreed = case(
            (and_(seen.c.agreed <= self._today, func.coalesce(seen.c.last, _NEVER) < seen.c.agreed), seen.c.agreed)
        )
        due = earliest(agreed, late)
        joined = tables.CASE_TABLES["enrolments"].outerjoin(seen, seen.c.candidate_id == e.candidate_id)
        return (
            select(*self._row(e.candidate_id, DutyKind.COACHING, func.min(due)))
            .select_from(joined)
            .where(
                e.kind == EnrolmentKind.COACHING.value,
                or_(e.status.is_(None), e.status.in_(sorted(one.value for one in RUNS if one is not None))),
                or_(e.starts_on.is_(None), e.starts_on <= self._on),
                or_(e.ends_on.is_(None), e.ends_on >= self._on),
                due.is_not(None),
                *self._visible(e.candidate_id),
            )
            .group_by(e.candidate_id)
        )

    def _first_due(self, agreed: Number, mark: Number, last: Number) -> Number:
        """Return the earlier of two days that have come and since which nobody looked; unknown where neither is."""
        since = [
            case((and_(day <= self._today, func.coalesce(last, _NEVER) < day), day)) for day in (agreed, mark)
        ]  # fmt: skip
        return earliest(*since)


def ready_for_many(connection: Connection) -> None:
    """Have PostgreSQL carry out statements over everybody as they are, until the end of the transaction."""
    if connection.dialect.name == "postgresql":
        # Compiling these statements takes longer than carrying them out: of a prefecture thrice as long.
        connection.execute(text("SET LOCAL jit = off"))


def ready_to_read_whole(connection: Connection) -> None:
    """Have PostgreSQL read whole lists by cursors, until the end of the transaction, as it is best.

    What is brought together of each person has room in memory instead of in files, and all rows are wanted, not the
    first tenth soon. Not for the list of what is due, which takes a third longer so.
    """
    if connection.dialect.name == "postgresql":
        for setting in ("work_mem = '64MB'", "cursor_tuple_fraction = 1"):
            connection.execute(text(f"SET LOCAL {setting}"))
