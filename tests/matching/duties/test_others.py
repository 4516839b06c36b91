"""Papers and contracts that end, graduates' plans, follow-ups, recognition, referrals: both sides of each term."""

from datetime import date, timedelta

import pytest

from matching.duties.all import duties_of
from matching.duties.duty import LEFT_SCHOOL, WORK, CaseFile, Duty
from matching.duties.terms import DutyKind, DutyState, terms_on
from matching.entities import VacancyId
from matching.vocabulary import Education, InteractionKind, ServiceKind
from tests.support.builders import TODAY
from tests.support.duties import a_file, act, job, served

T = terms_on(TODAY)


def the(kind: DutyKind, file: CaseFile, on: date = TODAY) -> Duty | None:
    """Return the duty of a kind."""
    return next((duty for duty in duties_of(file, terms_on(on)) if duty.kind is kind), None)


def days(n: int) -> date:
    """Return the day so many days from the tests' day."""
    return TODAY + timedelta(days=n)


def test_certificate_is_due_from_the_notice_on_and_after_its_end() -> None:
    assert the(DutyKind.CERTIFICATE, a_file(certificate_valid_until=days(91))) is None
    duty = the(DutyKind.CERTIFICATE, a_file(certificate_valid_until=days(90)))
    assert duty is not None
    assert (duty.since, duty.by) == (TODAY, days(90))
    expired = the(DutyKind.CERTIFICATE, a_file(certificate_valid_until=days(-1)))
    assert expired is not None
    assert "已过期" in expired.reason


def test_contract_ends_by_its_day_or_by_its_months() -> None:
    by_day = a_file(placements=[job(date(2026, 1, 1), days(60))])
    assert the(DutyKind.CONTRACT, by_day) is not None
    assert the(DutyKind.CONTRACT, a_file(placements=[job(date(2026, 1, 1), days(61))])) is None
    months = a_file(placements=[job(date(2026, 2, 1), contract_months=12)])
    assert the(DutyKind.CONTRACT, months, date(2026, 12, 1)) is None
    duty = the(DutyKind.CONTRACT, months, date(2026, 12, 2))
    assert duty is not None
    assert (duty.by, duty.about) == (date(2027, 1, 31), ("p-1",))


@pytest.mark.parametrize(
    ("started", "months"), [(date(2026, 8, 23), 3), (date(2026, 8, 24), None), (date(2026, 5, 23), 6),
                            (date(2025, 11, 23), 12), (date(2024, 11, 24), 12), (date(2024, 11, 23), None)]
)  # fmt: skip
def test_follow_up_at_three_six_and_twelve_months(started: date, months: int | None) -> None:
    duty = the(DutyKind.FOLLOW_UP, a_file(placements=[job(started)]))
    assert (None if duty is None else f"满 {months} 个月" in duty.reason) is (None if months is None else True)


def test_follow_up_is_done_by_a_visit_or_a_record_of_staying() -> None:
    placed = job(date(2026, 8, 23), vacancy_id=VacancyId("v-1"))
    visited = a_file(placements=[placed], services=[served(ServiceKind.OTHER, TODAY)])
    stayed = a_file(placements=[placed], interactions=[act(InteractionKind.RETAINED_3M, date(2026, 11, 20))])
    elsewhere = a_file(placements=[placed], interactions=[act(InteractionKind.RETAINED_3M, TODAY, "v-2")])
    earlier = a_file(placements=[placed], services=[served(ServiceKind.OTHER, days(-1))])
    assert the(DutyKind.FOLLOW_UP, visited) is None
    assert the(DutyKind.FOLLOW_UP, stayed) is None
    assert the(DutyKind.FOLLOW_UP, elsewhere) is not None
    assert the(DutyKind.FOLLOW_UP, earlier) is not None


def test_follow_up_months_stop_at_the_end_of_a_shorter_month() -> None:
    placed = a_file(placements=[job(date(2025, 11, 30))])
    assert the(DutyKind.FOLLOW_UP, placed, date(2026, 2, 27)) is None
    assert the(DutyKind.FOLLOW_UP, placed, date(2026, 2, 28)) is not None


def test_graduate_without_work_has_a_plan_due_until_the_years_are_over() -> None:
    left = a_file(education=Education.COLLEGE, graduated_on=date(2025, 6, 30), unemployed_since=date(2025, 7, 1))
    duty = the(DutyKind.GRADUATE_PLAN, left)
    assert duty is not None
    assert (duty.state, duty.since, duty.by) == (
        DutyState.DUE,
        date(2025, 6, 30),
        date(2027, 6, 29),
    )
    assert the(DutyKind.GRADUATE_PLAN, left, date(2027, 6, 29)) is not None
    assert the(DutyKind.GRADUATE_PLAN, left, date(2027, 6, 30)) is None


def test_graduate_questions_are_named_and_a_plan_or_work_settles_them() -> None:
    unknown = the(DutyKind.GRADUATE_PLAN, a_file(education=Education.BACHELOR))
    assert unknown is not None
    assert (unknown.state, unknown.asks) == (DutyState.ASK, (LEFT_SCHOOL, WORK))
    left = {"education": Education.BACHELOR, "graduated_on": date(2026, 6, 30)}
    assert the(DutyKind.GRADUATE_PLAN, a_file(**left, services=[served(ServiceKind.GRADUATE_PLAN, TODAY)])) is None
    assert the(DutyKind.GRADUATE_PLAN, a_file(**left, placements=[job(date(2026, 7, 1))])) is None
    assert the(DutyKind.GRADUATE_PLAN, a_file(education=Education.SENIOR, graduated_on=date(2026, 6, 30))) is None


def test_recognition_is_reminded_of_before_its_end_and_for_a_while_after() -> None:
    found = [the(DutyKind.HARD_TO_EMPLOY, a_file(hard_to_employ_until=days(n))) for n in (61, 60, -180, -181)]
    assert [duty is not None for duty in found] == [False, True, True, False]
    assert found[1] is not None
    assert found[1].asks == (WORK,)
    assert the(DutyKind.HARD_TO_EMPLOY, a_file(hard_to_employ_until=TODAY, placements=[job(days(-5))])) is None


def test_referral_waits_for_an_answer_of_the_same_vacancy() -> None:
    sent = act(InteractionKind.REFERRED, days(-14))
    assert the(DutyKind.REFERRAL, a_file(interactions=[sent])) is not None
    assert the(DutyKind.REFERRAL, a_file(interactions=[act(InteractionKind.REFERRED, days(-13))])) is None
    assert the(DutyKind.REFERRAL, a_file(interactions=[sent, act(InteractionKind.INTERVIEWED, days(-14))])) is None
    looked = a_file(interactions=[sent, act(InteractionKind.VIEWED, TODAY), act(InteractionKind.OFFERED, TODAY, "v-2")])
    duty = the(DutyKind.REFERRAL, looked)
    assert duty is not None
    assert duty.about == ("v-1",)
    assert the(DutyKind.REFERRAL, a_file(interactions=[sent], placements=[job(TODAY)])) is None


def test_numbers_of_reminders_are_not_in_force_before_the_plan() -> None:
    assert duties_of(a_file(certificate_valid_until=date(2022, 8, 1)), terms_on(date(2022, 8, 3))) == ()
