"""Notices of what others decide: claims decided and crossed, vacancies approved or sent back, companies verified."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matching.entities import EmployerId
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Role, Subject
from pipelines.claims.errors import ClaimOverlaps
from pipelines.claims.ledger import Proposal
from pipelines.notices.inbox import Inbox, Wanted
from pipelines.schema import EMPLOYERS
from pipelines.store.repositories import TableRepository
from pipelines.vacancy_workflow.employers import Employers
from tests.support.firms import DAY, FIRM, OTHER_FIRM, Firm, a_firm, moment_of, somebody
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted
from tests.threats.claims import (
    EMPLOYER,
    HERE,
    INSURANCE,
    NOW,
    OTHER_PERSON,
    PERSON,
    THERE,
    Counties,
    a_proposal,
    by,
    propose,
    two_counties,
)


@pytest.fixture(params=BACKENDS)
def counties(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counties]:
    with two_counties(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture(params=BACKENDS)
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    with a_store(request.param, tmp_path) as engine:
        yield a_firm(engine)


def told(at: Counties | Firm, subject: Subject, **wanted: Any) -> list[dict[str, Any]]:
    on = at.day if isinstance(at, Firm) else NOW.date()
    with at.engine.begin() as connection:
        return Inbox(connection, subject, on=on).page(Wanted(**wanted), after=None, limit=100)[0]


def decided(at: Counties, subject: Subject, claim_id: str, *, is_approved: bool, ground: str | None = None) -> None:
    with at.engine.begin() as connection:
        done = by(subject, connection).decide(claim_id, is_approved=is_approved, ground=ground, version=1)
        assert done is not None


def crossed(at: Counties, subject: Subject, proposal: Proposal) -> None:
    """Propose what another claim holds against, and tell of it as the routes do."""
    with pytest.raises(ClaimOverlaps) as refused, at.engine.begin() as connection:
        by(subject, connection).propose(rulebook(), proposal)
    with at.engine.begin() as connection:
        by(subject, connection).tell_crossed(refused.value.claim, rulebook())


# ---- claims ----


@pytest.mark.parametrize(("is_approved", "words"), [(True, "已批准"), (False, "不予批准")])
def test_who_proposed_a_claim_is_told_what_was_decided_and_nobody_else(
    counties: Counties, is_approved: bool, words: str
) -> None:
    claim = propose(counties, counties.here, a_proposal())
    assert told(counties, counties.here) == []
    decided(counties, counties.colleague, claim.claim_id, is_approved=is_approved, ground="材料不全")
    (one,) = told(counties, counties.here)
    assert (one["kind"], one["candidate_id"], one["object_id"]) == ("claim_decided", PERSON, claim.claim_id)
    assert words in one["what"]
    assert one["why"] == "申领由您提出"
    assert "材料不全" not in str(one)
    assert told(counties, counties.colleague) == told(counties, counties.there) == []


def test_decision_that_came_too_late_tells_nobody(counties: Counties) -> None:
    claim = propose(counties, counties.here, a_proposal())
    with counties.engine.begin() as connection:
        assert (
            by(counties.colleague, connection).decide(claim.claim_id, is_approved=True, ground=None, version=9) is None
        )
    assert told(counties, counties.here) == []


def test_refusal_names_the_other_claim_to_who_sees_it_and_counts_it_for_who_does_not(counties: Counties) -> None:
    held = propose(counties, counties.there, a_proposal(county=THERE))
    with pytest.raises(ClaimOverlaps) as refused, counties.engine.begin() as connection:
        by(counties.here, connection).propose(rulebook(), a_proposal())
    far = replace(counties.here, organisation_id=None, codes=frozenset({"620982"}))
    for subject, seen in ((counties.here, True), (far, False)):
        with counties.engine.begin() as connection:
            by(subject, connection).name_others(refused.value, rulebook())
        error = refused.value
        assert [one["claim_id"] for one in error.others] == ([held.claim_id] if seen else [])
        assert error.n_not_shown == (0 if seen else 1)
        assert ("2026-03 起，2026-06 前，待决定" in error.words) is seen
        assert held.proposed_by not in error.words
    assert "另有 1 项不在您的可见范围" in refused.value.words


def test_crossed_claim_is_told_to_both_and_names_neither_the_other_nor_the_place(counties: Counties) -> None:
    claim = propose(counties, counties.here, a_proposal())
    crossed(counties, counties.there, a_proposal(from_month=202605, to_month=202608, county=THERE))
    (holds,), (refused,) = told(counties, counties.here), told(counties, counties.there)
    assert (holds["kind"], refused["kind"]) == ("claim_crossed", "claim_crossed")
    assert holds["object_id"] == claim.claim_id
    assert "您的申领不变" in holds["what"]
    assert "没有接收" in refused["what"]
    assert claim.claim_id not in str(refused)
    for one, other in ((holds, counties.there), (refused, counties.here)):
        assert str(other.user_id) not in str(one)
    assert told(counties, counties.colleague) == []


def test_same_crossing_of_a_day_is_told_once(counties: Counties) -> None:
    propose(counties, counties.here, a_proposal())
    for _ in range(2):
        crossed(counties, counties.there, a_proposal(county=THERE))
    assert len(told(counties, counties.here)) == len(told(counties, counties.there)) == 1


def test_two_crossed_claims_of_a_day_are_told_each(counties: Counties) -> None:
    """Claims for two people, and for a company and a person with it, are not one."""
    for person in (PERSON, OTHER_PERSON):
        propose(counties, counties.here, a_proposal(candidate_id=person))
        crossed(counties, counties.there, a_proposal(candidate_id=person, county=THERE))
    for person in (PERSON, OTHER_PERSON):
        of_employer = a_proposal(rule_id=INSURANCE, candidate_id=person, employer_id=EMPLOYER, county=THERE)
        crossed(counties, counties.there, of_employer)
    assert sorted((one["candidate_id"], one["object_id"].split(":")[0]) for one in told(counties, counties.there)) == [
        (PERSON, a_proposal().rule_id), (PERSON, INSURANCE),
        (OTHER_PERSON, a_proposal().rule_id), (OTHER_PERSON, INSURANCE),
    ]  # fmt: skip


def test_crossed_claims_of_two_companies_are_told_each(counties: Counties) -> None:
    other = EmployerId("91620102MA00000023")
    with counties.engine.begin() as connection:
        row = {**dict.fromkeys(EMPLOYERS.by_name), "employer_id": other, "name": "另一公司", "region": HERE}
        TableRepository(noted(connection), EMPLOYERS, PROGRAM).insert([row])
    for unit in (EMPLOYER, other):
        reward = a_proposal(rule_id="reward.over_quota", candidate_id=None, employer_id=unit)
        propose(counties, counties.here, reward)
        crossed(counties, counties.colleague, reward)
    assert len(told(counties, counties.here)) == 2
    assert {one["object_id"].rpartition(":")[2] for one in told(counties, counties.colleague)} == {EMPLOYER, other}


def test_claim_of_somebody_out_of_sight_is_told_no_more(counties: Counties) -> None:
    claim = propose(counties, counties.here, a_proposal())
    decided(counties, counties.colleague, claim.claim_id, is_approved=True)
    assert len(told(counties, counties.here)) == 1
    nowhere = replace(counties.here, organisation_id=None, codes=frozenset({"620502"}))
    assert [one["candidate_id"] for one in told(counties, nowhere)] == []


# ---- vacancies ----


def test_author_of_a_vacancy_is_told_that_it_was_approved_and_the_approver_is_not(firm: Firm) -> None:
    approved = firm.approved()
    (one,) = told(firm, firm.poster)
    assert (one["kind"], one["vacancy_id"], one["why"]) == ("approved", approved.vacancy_id, "这个版本由您编写")
    assert one["happened_on"] == DAY.isoformat()
    assert one["candidate_id"] is None
    assert told(firm, firm.approver) == told(firm, firm.stranger) == told(firm, firm.caseworker) == []


def test_vacancy_sent_back_and_approved_later_is_told_twice(firm: Firm) -> None:
    checked = firm.do("check", firm.poster, firm.draft())
    back = firm.do("send_back", firm.approver, checked, "请写明工时")
    firm.later(1)
    again = firm.do("check", firm.poster, firm.change(firm.poster, back, hours_per_day="8"))
    firm.do("approve", firm.approver, again)
    assert [one["kind"] for one in told(firm, firm.poster)] == ["approved", "sent_back"]
    assert "请写明工时" not in str(told(firm, firm.poster))
    assert told(firm, firm.approver) == []


def test_author_who_left_the_company_is_not_told_what_becomes_of_its_vacancy(firm: Firm) -> None:
    firm.approved()
    moved = replace(firm.poster, employer_id=OTHER_FIRM)
    assert told(firm, moved) == []


# ---- companies ----


def test_everybody_who_acts_for_a_company_is_told_that_it_was_verified(firm: Firm) -> None:
    firm.verify()
    for subject in (firm.poster, firm.approver):
        (one,) = told(firm, subject)
        assert (one["kind"], one["why"]) == ("verified", "这是您单位的事项")
        assert "已核验" in one["what"]
    assert told(firm, firm.stranger) == told(firm, firm.caseworker) == []


def test_verification_after_a_withdrawal_is_told_anew(firm: Firm) -> None:
    firm.verify()
    with firm.engine.begin() as connection:
        employers = Employers(connection, firm.caseworker, on=firm.day, now=moment_of(firm.day))
        employers.withdraw_verification(FIRM, employers.one(FIRM).row.version)
    firm.later(1)
    firm.verify()
    assert [one["kind"] for one in told(firm, firm.poster)] == ["verified", "verified"]


def test_who_joins_a_company_later_is_not_told_of_what_was_before(firm: Firm) -> None:
    firm.verify()
    with firm.engine.begin() as connection:
        late = somebody(connection, "late", Role.COMPANY_POSTER, FIRM)
    assert told(firm, late) == []
