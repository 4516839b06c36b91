"""18 | S: 挂靠: certificate lent to many employers.

Seeded rings raise a review item; honest part-time holders of two jobs do not get blocked.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from matching.entities import EmployerId, Placement
from matching.rules.decision import Outcome
from matching.rules.rulebook import rulebook
from matching.vocabulary import YesNo
from pipelines.case import Case
from pipelines.casework import benefits_of_candidate
from pipelines.hints import hint_lines, hints_of
from pipelines.quota import quota
from tests.pipelines.test_casework import FIRM, OTHER_FIRM, TODAY, a_case, a_firm, a_job

YEAR = 2025
RING = tuple(f"9162010200000000{n}X" for n in range(1, 6))


def _ring() -> Case:
    """Return one certificate with five companies at once, each with contract and insurance."""
    firms = tuple(a_firm(code) for code in RING)
    jobs = tuple(
        a_job(f"p-{number}", firm=code, contract_months=24, social_insurance=YesNo.YES)
        for number, code in enumerate(RING)
    )
    return a_case(*jobs, firms=firms)


def check_ring_is_seen_at_every_company(case: Case) -> None:
    """Look at each company of a ring."""
    for code in RING:
        raised = hints_of(case, rulebook(), code, YEAR, TODAY)
        assert "fraud.f1" in {hint.decision.rule.id for hint in raised}, code
        assert {hint.placement.candidate_id for hint in raised if hint.placement} == {"c-1"}


def test_certificate_at_five_companies_raises_a_review_item_at_each() -> None:
    check_ring_is_seen_at_every_company(_ring())


def test_review_item_is_no_finding_and_says_so() -> None:
    text = "\n".join(hint_lines(hints_of(_ring(), rulebook(), RING[0], YEAR, TODAY)))
    assert "不是违规结论" in text
    assert "不得据此拒绝" in text
    assert "可能是受害者" in text


def _two_part_time_jobs() -> tuple[Placement, Placement]:
    half: dict[str, Any] = {"monthly_wage": Decimal(2500), "contract_months": 24, "starts_on": date(2025, 1, 1)}
    return a_job("p-1", **half), a_job("p-2", firm=OTHER_FIRM, **half)


def test_honest_holder_of_two_jobs_is_blocked_nowhere() -> None:
    firms = (a_firm(), a_firm(OTHER_FIRM))
    first, second = _two_part_time_jobs()
    both, one = a_case(first, second, firms=firms), a_case(first, firms=firms)
    answered = {item.rule_id: item.outcome for item in benefits_of_candidate(both, rulebook(), "c-1", TODAY).benefits}
    alone = {item.rule_id: item.outcome for item in benefits_of_candidate(one, rulebook(), "c-1", TODAY).benefits}
    lost = [i for i, outcome in alone.items() if outcome is Outcome.MET and answered[i] is not Outcome.MET]
    assert lost == []
    for code in (FIRM, OTHER_FIRM):
        counted = quota(both, rulebook(), code, YEAR, TODAY).as_dict()
        assert "c-1" in str(counted["persons"])


def test_change_of_job_within_a_month_raises_nothing() -> None:
    before = a_job("p-1", contract_months=6, starts_on=date(2025, 1, 1), ends_on=date(2025, 3, 14))
    after = a_job("p-2", firm=OTHER_FIRM, contract_months=24, starts_on=date(2025, 3, 15))
    case = a_case(before, after, firms=(a_firm(), a_firm(OTHER_FIRM)))
    for code in (FIRM, OTHER_FIRM):
        assert "fraud.f1" not in {hint.decision.rule.id for hint in hints_of(case, rulebook(), code, YEAR, TODAY)}


@pytest.mark.parametrize("code", [FIRM, OTHER_FIRM])
def test_two_jobs_are_a_question_to_a_person_and_no_answer_of_the_program(code: str) -> None:
    case = a_case(*_two_part_time_jobs(), firms=(a_firm(), a_firm(OTHER_FIRM)))
    document = quota(case, rulebook(), EmployerId(code), YEAR, TODAY).as_dict()
    assert "fraud" not in str(document)
