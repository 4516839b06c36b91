"""What is due to people with an open plan: a step whose day has come, a next step, a contact after leaving school."""

from datetime import date, timedelta

from matching.duties.duty import CaseFile, Duty
from matching.duties.terms import DutyKind, DutyState, DutyTerms
from matching.plans import Plan, PlanKind
from matching.rules.subjects import employed_on


def graduate_follow_up(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that the plan of a student has to be gone on with, until they are employed (离校不断线).

    Source: 甘政办发〔2022〕97号 二(七).
    """
    return _follow_up(file, terms, DutyKind.GRADUATE_FOLLOW, PlanKind.GRADUATE)


def assistance_follow_up(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that the plan of who gets assistance has to be gone on with.

    Source: 甘政办发〔2022〕97号 二(五).
    """
    return _follow_up(file, terms, DutyKind.ASSISTANCE, PlanKind.ASSISTANCE)


def _follow_up(file: CaseFile, terms: DutyTerms, kind: DutyKind, of: PlanKind) -> Duty | None:
    ground = terms.grounds.get(kind)
    if ground is None:
        return None
    open_ones = [one for one in file.plans if one.kind is of and one.ended_on is None and one.opened_on <= terms.on]
    found = [told for one in open_ones if (told := _waits(file, terms, one)) is not None]
    if not found:
        return None
    since, reason, by = min(found, key=lambda told: told[0])
    return Duty(
        candidate_id=file.candidate.candidate_id,
        kind=kind,
        state=DutyState.DUE,
        since=since,
        by=by,
        waiting_since=since,
        reason=f"{of.label}：{reason}",
        ground=ground,
        strong_matches=file.strong_matches,
    )


def _waits(file: CaseFile, terms: DutyTerms, plan: Plan) -> tuple[date, str, date | None] | None:
    """Return since when a plan waits for somebody and for what, or None where its next step is yet to come."""
    on, touched = terms.on, max(plan.touched_on or plan.opened_on, plan.opened_on)
    if employed_on(file.candidate, file.placements, on) is True:
        return on, "已经就业，请核对就业安置并结束计划", None
    if plan.next_due_on is None:
        return touched, "没有下一步，请安排或结束计划", None
    if plan.next_due_on <= on:
        return plan.next_due_on, f"有一步应于 {plan.next_due_on.isoformat()} 办理", plan.next_due_on
    left = file.candidate.graduated_on
    if plan.kind is PlanKind.GRADUATE and left is not None and left <= on:
        contact = max([touched, left, *(one.on for one in file.services if one.on <= on)])
        since = contact + timedelta(days=terms.plan_contact_days)
        if since <= on:
            return since, f"{left.isoformat()} 离校，{terms.plan_contact_days} 天以上没有联系，仍不知已就业", None
    return None
