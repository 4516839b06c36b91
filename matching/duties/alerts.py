"""Households exited from poverty or monitored that something befell, and examinations and education whose day comes."""

from datetime import date, timedelta

from matching.duties.duty import CaseFile, Duty, the_day_after
from matching.duties.terms import DutyKind, DutyState, DutyTerms
from matching.plans import ENDED, Enrolment, EnrolmentKind
from matching.rules.subjects import employed_on
from matching.vocabulary import HouseholdKind

WATCHED = frozenset({HouseholdKind.MONITORED, HouseholdKind.POVERTY_EXITED})
DATED = frozenset({EnrolmentKind.EXAM, EnrolmentKind.CONTINUING, EnrolmentKind.APPRAISAL})
_WHAT = {EnrolmentKind.EXAM: "参加", EnrolmentKind.CONTINUING: "完成", EnrolmentKind.APPRAISAL: "出结果"}


def household_alert(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that a household exited from poverty or monitored needs a look: a job was lost, or it is newly monitored.

    Any service given on the day or later closes the alert.

    Source: 甘政办发〔2022〕97号 二(六).
    """
    ground, on, kinds = terms.grounds.get(DutyKind.HOUSEHOLD), terms.on, set(file.candidate.household_kinds)
    if ground is None or not kinds & WATCHED:
        return None
    found = []
    ended = [the_day_after(one.ends_on) for one in file.placements if one.ends_on is not None and one.ends_on < on]
    if ended and employed_on(file.candidate, file.placements, on) is not True:
        found.append((max(ended), "失去了工作"))
    if HouseholdKind.MONITORED in kinds and file.household_told_on is not None:
        found.append((file.household_told_on, "登记为防返贫监测对象"))
    first = on - timedelta(days=terms.household_alert_days)
    contact = max((one.on for one in file.services if one.on <= on), default=None)
    found = [(day, why) for day, why in found if first <= day <= on and (contact is None or contact < day)]
    if not found:
        return None
    since = min(found)[0]
    told = "；".join(f"{day.isoformat()} {why}" for day, why in sorted(found))
    return _duty(file, DutyKind.HOUSEHOLD, terms, since, None, f"脱贫户或监测对象家庭：{told}，还没有帮扶记录")


def learning(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return that an examination (盲人医疗按摩人员考试) comes, education ends, or a title is to be decided on.

    Source: 甘政办发〔2022〕97号 二(八).
    """
    if terms.grounds.get(DutyKind.LEARNING) is None:
        return None
    days = terms.learning_days
    first, last = terms.on - timedelta(days=days), terms.on + timedelta(days=days)
    found = [(day, one) for one in file.enrolments if (day := _day(one)) is not None and first <= day <= last]
    if not found:
        return None
    day, one = min(found, key=lambda pair: (pair[0], pair[1].enrolment_id))
    told = f"{one.kind.label}应于 {day.isoformat()} {_WHAT[one.kind]}" + ("，结果还没有登记" if day < terms.on else "")
    return _duty(file, DutyKind.LEARNING, terms, day - timedelta(days=days), day, told)


def _day(one: Enrolment) -> date | None:
    if one.kind not in DATED or one.status in ENDED:
        return None
    return one.starts_on if one.kind is EnrolmentKind.EXAM else one.ends_on


def _duty(file: CaseFile, kind: DutyKind, terms: DutyTerms, since: date, by: date | None, told: str) -> Duty:
    return Duty(
        candidate_id=file.candidate.candidate_id,
        kind=kind,
        state=DutyState.DUE,
        since=since,
        by=by,
        waiting_since=since,
        reason=told,
        ground=terms.grounds[kind],
        strong_matches=file.strong_matches,
    )
