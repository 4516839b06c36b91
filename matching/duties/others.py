"""Duties beside the four yearly services: graduates' plans, papers and contracts that end, follow-ups, referrals."""

from collections.abc import Iterable
from datetime import date, timedelta

from matching.duties.clocks import negated
from matching.duties.duty import LEFT_SCHOOL, SCHOOL, WORK, CaseFile, Duty, Question
from matching.duties.terms import DutyKind, DutyState, DutyTerms
from matching.entities import Placement
from matching.rules.functions import plus_months
from matching.rules.subjects import employed_on, graduate_of_college, runs_on
from matching.vocabulary import InteractionKind, ServiceKind

_RETAINED = {3: InteractionKind.RETAINED_3M, 6: InteractionKind.RETAINED_6M}
"""Acts that say that somebody is still in the job after so many months."""
_NO_ANSWER = (InteractionKind.REFERRED, InteractionKind.VIEWED)


def graduate_plan(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that a student or recent graduate without work has no plan of their own (一生一策) yet.

    Only who is known to have been at college, or to have left some school within the years, is asked about.

    Source: 甘政办发〔2022〕97号 二(七).
    """
    ground, person, on = terms.grounds.get(DutyKind.GRADUATE_PLAN), file.candidate, terms.on
    plans = sum(one.kind is ServiceKind.GRADUATE_PLAN and one.on <= on for one in file.services)
    employed = employed_on(person, file.placements, on)
    if ground is None or plans >= terms.graduate_plans or employed is True:
        return None
    college, left = graduate_of_college(person), person.graduated_on
    if college is False or (college is None and left is None):
        return None
    if left is not None and plus_months(left, terms.graduate_years * 12) <= on:
        return None
    asks = [question for question, fact in ((SCHOOL, college), (LEFT_SCHOOL, left), (WORK, employed)) if fact is None]
    is_student = left is None or left > on
    since = terms.year_start if is_student or left is None else left
    since = max(since, terms.graduate_from or since)
    by = left if left is not None and left > on else None if left is None else _last_day(left, terms.graduate_years)
    when = "毕业日期未登记" if left is None else f"{left.isoformat()} 毕业"
    return Duty(
        candidate_id=person.candidate_id,
        kind=DutyKind.GRADUATE_PLAN,
        state=DutyState.ASK if asks else DutyState.DUE,
        since=since,
        by=by,
        waiting_since=since,
        reason=f"残疾人高校毕业生（{when}），没有一生一策服务记录",
        ground=ground,
        missing=() if asks else (ServiceKind.GRADUATE_PLAN,),
        open=(ServiceKind.GRADUATE_PLAN,) if asks else (),
        asks=tuple(asks),
        strong_matches=file.strong_matches,
        bonus_days=terms.strong_days if file.strong_matches else 0,
    )


def _last_day(left: date, years: int) -> date:
    return plus_months(left, years * 12) - timedelta(days=1)


def certificate(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that a certificate ends soon or has ended; which day it ends on is not asked for here."""
    until = file.candidate.certificate_valid_until
    if until is None or until - timedelta(days=terms.certificate_days) > terms.on:
        return None
    told = f"残疾人证有效期到 {until.isoformat()}" + ("，已过期" if until < terms.on else "")
    return _plain(file, terms, DutyKind.CERTIFICATE, until - timedelta(days=terms.certificate_days), until, told)


def contract(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that the contract of a running placement ends soon, by its last day or else by its months."""
    found = []
    for one in file.placements:
        end = _contract_end(one)
        if end is not None and runs_on(one, terms.on) and end - timedelta(days=terms.contract_days) <= terms.on:
            found.append((end, one.placement_id))
    if not found:
        return None
    end = min(found)[0]
    told = f"劳动合同到 {end.isoformat()}" + ("，是否续签没有登记" if end < terms.on else "，请了解续签还是另找岗位")
    since = end - timedelta(days=terms.contract_days)
    return _plain(file, terms, DutyKind.CONTRACT, since, end, told, (placement_id for _, placement_id in found))


def _contract_end(placement: Placement) -> date | None:
    if placement.ends_on is not None:
        return placement.ends_on
    if placement.starts_on is None or not placement.contract_months:
        return None
    return plus_months(placement.starts_on, placement.contract_months) - timedelta(days=1)


def follow_up(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that somebody in work was not visited since the last of the months at which it is due.

    Any service given on that day or later is a visit, and so is a record that the person is still in the job.
    """
    contacts = [one.on for one in file.services if one.on <= terms.on]
    found = []
    for one in file.placements:
        due = _follow_up_day(one, terms)
        if due is None or any(day >= due[1] for day in contacts) or _is_retained(file, one, due[0], terms.on):
            continue
        found.append((due[1], due[0], one.placement_id))
    if not found:
        return None
    day, months, _ = min(found)
    told = f"就业满 {months} 个月（{day.isoformat()}）还没有回访记录"
    about = (placement_id for _, _, placement_id in found)
    return _plain(file, terms, DutyKind.FOLLOW_UP, day, None, told, about)


def _follow_up_day(placement: Placement, terms: DutyTerms) -> tuple[int, date] | None:
    """Return the last of the months that a running placement has reached, with its day, while it is reminded of."""
    if placement.starts_on is None or not runs_on(placement, terms.on):
        return None
    reached = [(months, plus_months(placement.starts_on, months)) for months in terms.follow_up_months]
    reached = [(months, day) for months, day in reached if day <= terms.on]
    if not reached or plus_months(reached[-1][1], terms.follow_up_within_months) <= terms.on:
        return None
    return reached[-1]


def _is_retained(file: CaseFile, placement: Placement, months: int, on: date) -> bool:
    kind = _RETAINED.get(months)
    return kind is not None and any(
        act.kind is kind
        and act.vacancy_id == placement.vacancy_id
        and act.at <= on
        and placement.starts_on is not None
        and act.at >= placement.starts_on
        for act in file.interactions
    )


def hard_to_employ(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that recognition as 就业困难人员 ends soon, or ended not long ago, for somebody not known to work."""
    until, on = file.candidate.hard_to_employ_until, terms.on
    if until is None or until - timedelta(days=terms.hard_to_employ_days) > on:
        return None
    if until + timedelta(days=terms.hard_to_employ_lapsed_days) < on:
        return None
    unemployed = negated(employed_on(file.candidate, file.placements, on))
    if unemployed is False:
        return None
    told = f"就业困难人员认定到 {until.isoformat()}" + ("，已到期，仍未就业的可重新申请" if until < on else "")
    since = until - timedelta(days=terms.hard_to_employ_days)
    asks = () if unemployed else (WORK,)
    return _plain(file, terms, DutyKind.HARD_TO_EMPLOY, since, until, told, asks=asks)


def referral(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that an employer never answered a referral of somebody who is not known to have found work since."""
    first, last = (terms.on - timedelta(days=days) for days in (terms.referral_within_days, terms.referral_days))
    if employed_on(file.candidate, file.placements, terms.on) is True:
        return None
    sent: dict[str, date] = {}
    answered: dict[str, date] = {}
    for act in file.interactions:
        held = sent if act.kind is InteractionKind.REFERRED else answered
        if act.at <= terms.on and (act.kind is InteractionKind.REFERRED or act.kind not in _NO_ANSWER):
            held[act.vacancy_id] = max(act.at, held.get(act.vacancy_id, act.at))
    found = sorted(
        (day, vacancy_id)
        for vacancy_id, day in sent.items()
        if first <= day <= last and answered.get(vacancy_id, date.min) < day
    )
    if not found:
        return None
    day = found[0][0]
    told = f"{day.isoformat()} 推荐后没有回音，共 {len(found)} 个岗位"
    since = day + timedelta(days=terms.referral_days)
    return _plain(file, terms, DutyKind.REFERRAL, since, None, told, (vacancy_id for _, vacancy_id in found))


def _plain(
    file: CaseFile,
    terms: DutyTerms,
    kind: DutyKind,
    since: date,
    by: date | None,
    told: str,
    about: Iterable[str] = (),
    *,
    asks: tuple[Question, ...] = (),
) -> Duty | None:
    ground = terms.grounds.get(kind)
    if ground is None:
        return None
    return Duty(
        candidate_id=file.candidate.candidate_id,
        kind=kind,
        state=DutyState.ASK if asks else DutyState.DUE,
        since=since,
        by=by,
        waiting_since=since,
        reason=told,
        ground=ground,
        asks=asks,
        about=tuple(sorted(about)),
        strong_matches=file.strong_matches,
    )
