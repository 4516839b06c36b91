"""Visits whose day has come: whether a start-up still runs, and a job coach to somebody whom they coach."""

from collections.abc import Sequence
from datetime import date, timedelta

from matching.duties.duty import CaseFile, Duty
from matching.duties.terms import DutyKind, DutyState, DutyTerms
from matching.plans import Enrolment, EnrolmentKind, EnrolmentStatus
from matching.rules.functions import plus_months
from matching.ventures import Venture, VentureKind, Visit, VisitKind
from matching.vocabulary import YesNo

RUNS = frozenset({None, EnrolmentStatus.ENROLLED, EnrolmentStatus.ATTENDING})


def startup_check(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that nobody has looked since the last stated day whether a start-up still runs.

    Such days are those agreed at the start-up or at a check, and so many months after it was registered. A start-up
    that ended, or that the last check found stopped, is looked at no more.

    Source: 甘政办发〔2022〕97号 二(六).
    """
    if terms.grounds.get(DutyKind.STARTUP) is None:
        return None
    found = []
    for one in file.ventures:
        due = check_due(one, checks_of(one, file.visits, terms.on), terms)
        if due is not None:
            found.append((due, one.venture_id, one))
    if not found:
        return None
    day, _, one = min(found, key=lambda told: told[:2])
    begun = "登记日期未知" if one.starts_on is None else f"{one.starts_on.isoformat()} 登记"
    told = f"{one.title or '所办企业或个体经营'}（{begun}）应于 {day.isoformat()} 核查是否仍在经营，还没有记录"
    return _duty(file, DutyKind.STARTUP, terms, day, told, (one.venture_id,))


def checks_of(venture: Venture, visits: Sequence[Visit], on: date) -> list[Visit]:
    """Return the checks of a start-up until a day, the earliest first."""
    own = [one for one in visits if one.kind is VisitKind.STARTUP_CHECK and one.venture_id == venture.venture_id]
    return sorted((one for one in own if one.on <= on), key=lambda one: (one.on, one.visit_id))


def is_stopped(venture: Venture, checks: Sequence[Visit], on: date) -> bool:
    """Return whether a start-up is known to have ended, by its own record or by the last day of checks."""
    last = max((one.on for one in checks), default=None)
    found = any(one.is_running is YesNo.NO for one in checks if one.on == last)
    return found or (venture.ends_on is not None and venture.ends_on <= on)


def check_due(venture: Venture, checks: Sequence[Visit], terms: DutyTerms) -> date | None:
    """Return the earliest stated day since which nobody looked whether a start-up runs; None where none is due."""
    on = terms.on
    if venture.kind is not VentureKind.STARTUP or is_stopped(venture, checks, on):
        return None
    last = max((one.on for one in checks), default=None)
    agreed = [day for day in (venture.next_check_on, *(one.next_on for one in checks)) if day is not None]
    marks = [] if venture.starts_on is None else [plus_months(venture.starts_on, n) for n in terms.startup_check_months]
    days = [max(agreed)] if agreed else []
    days += [max(reached)] if (reached := [day for day in marks if day <= on]) else []
    return min((day for day in days if day <= on and (last is None or last < day)), default=None)


def coach_visit(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that a job coach is to visit: on the day agreed, or after so many days without a visit.

    Where neither a visit nor the first day of the coaching is recorded, one is due now.

    Source: 甘政办发〔2022〕97号 二(五).
    """
    if terms.grounds.get(DutyKind.COACHING) is None:
        return None
    visits = [one for one in file.visits if one.kind is VisitKind.COACH_VISIT and one.on <= terms.on]
    found = []
    for one in file.enrolments:
        if is_coached(one, terms.on) and (told := visit_due(one, visits, terms)) is not None:
            found.append((told[0], one.enrolment_id, told[1], one.tutor))
    if not found:
        return None
    day, enrolment_id, why, tutor = min(found, key=lambda told: told[:2])
    return _duty(file, DutyKind.COACHING, terms, day, f"就业辅导（{tutor or '辅导员未写明'}）：{why}", (enrolment_id,))


def is_coached(one: Enrolment, on: date) -> bool:
    """Return whether a coaching runs on a day."""
    has_begun = one.starts_on is None or one.starts_on <= on
    return (
        one.kind is EnrolmentKind.COACHING
        and one.status in RUNS
        and has_begun
        and (one.ends_on is None or one.ends_on >= on)
    )


def visit_due(one: Enrolment, visits: Sequence[Visit], terms: DutyTerms) -> tuple[date, str] | None:
    """Return since when a visit of the coach is due, and why; the visits are those of the person until the day."""
    last = max((visit.on for visit in visits), default=None)
    agreed = max((visit.next_on for visit in visits if visit.next_on is not None), default=None)
    days = []
    if agreed is not None and agreed <= terms.on and (last is None or last < agreed):
        days.append((agreed, f"约定 {agreed.isoformat()} 走访，还没有记录"))
    base = max((day for day in (last, one.starts_on) if day is not None), default=None)
    if base is None:
        days.append((terms.on, "还没有走访记录，开始日期也没有登记"))
    elif base + timedelta(days=terms.coach_visit_days) <= terms.on:
        what = "开始辅导以来没有走访" if base != last else f"上次走访是 {base.isoformat()}"
        days.append((base + timedelta(days=terms.coach_visit_days), f"{what}，已满 {terms.coach_visit_days} 天"))
    return min(days, default=None)


def _duty(file: CaseFile, kind: DutyKind, terms: DutyTerms, day: date, told: str, about: tuple[str, ...]) -> Duty:
    return Duty(
        candidate_id=file.candidate.candidate_id,
        kind=kind,
        state=DutyState.DUE,
        since=day,
        by=None,
        waiting_since=day,
        reason=told,
        ground=terms.grounds[kind],
        about=about,
        strong_matches=file.strong_matches,
    )
