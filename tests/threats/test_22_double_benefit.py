"""22 | T: double benefit by overlapping periods or two counties.

Exclusion property test; concurrent claims: exactly one succeeds.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from threading import Barrier, Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from matching.rules.benefits import conflicts_of
from matching.rules.rulebook import rulebook
from pipelines.claims.errors import ClaimOverlaps
from pipelines.claims.ledger import Proposal
from pipelines.store.claim_tables import claims
from pipelines.store.claims import Claim
from tests.support.stores import BACKENDS
from tests.threats.claims import (
    EMPLOYER,
    FLEXIBLE,
    HERE,
    INSURANCE,
    OTHER_PERSON,
    PERSON,
    POST,
    PUBLIC_POST,
    THERE,
    Counties,
    a_proposal,
    audited,
    by,
    propose,
    two_counties,
)

ONCE = "startup.lump_sum"
EXAMPLES = {"sqlite": 60, "postgresql": 15}
RULES = (FLEXIBLE, INSURANCE, POST, PUBLIC_POST, "vat.refund_period", "keygroup.employer_deduction", ONCE)
OF_THE_PERSON, OF_THE_EMPLOYER = {FLEXIBLE, ONCE}, {"vat.refund_period"}


@pytest.fixture(params=BACKENDS)
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counties]:
    """Two counties over one store."""
    with two_counties(request.param, tmp_path) as opened:
        yield opened


def _excludes(first: str, second: str) -> bool:
    return (min(first, second), max(first, second)) in set(conflicts_of(rulebook(), [first, second]))


def _may_stand_beside(one: Proposal, other: Proposal) -> bool:
    """Say by another way than the database's, month by month, whether two claims may both hold."""
    person = one.candidate_id is not None and one.candidate_id == other.candidate_id
    nobody_in_particular = one.candidate_id is None or other.candidate_id is None
    employer = one.employer_id is not None and one.employer_id == other.employer_id
    if not (person or (employer and nobody_in_particular)):
        return True
    once = rulebook().rule(one.rule_id).rule.claims.once_in_all
    if one.rule_id == other.rule_id and once:
        return False
    months = [{m for m in range(c.from_month, c.to_month) if 1 <= m % 100 <= 12} for c in (one, other)]
    if not months[0] & months[1]:
        return True
    return one.rule_id != other.rule_id and not _excludes(one.rule_id, other.rule_id)


@st.composite
def proposals(draw: st.DrawFn) -> Proposal:
    """Draw a claim among two people and one employer over two years."""
    rule_id = draw(st.sampled_from(RULES))
    person = None if rule_id in OF_THE_EMPLOYER else draw(st.sampled_from((PERSON, OTHER_PERSON)))
    employer = None if rule_id in OF_THE_PERSON else EMPLOYER
    months = [*range(202401, 202413), *range(202501, 202513)]
    first = draw(st.integers(0, len(months) - 2))
    last = draw(st.integers(first + 1, min(first + 6, len(months) - 1)))
    # Only the county of an employer claims on its own account; for a person either office may.
    county = HERE if person is None else draw(st.sampled_from((HERE, THERE)))
    return Proposal(rule_id, months[first], months[last], "other", county, person, employer)


def _claimed(at: Counties) -> list[Claim]:
    with at.engine.connect() as connection:
        return [Claim(*row) for row in connection.execute(select(*(claims.c[n] for n in Claim.__dataclass_fields__)))]


def _clear(at: Counties) -> None:
    with at.engine.begin() as connection:
        audited(connection)
        for claim in _claimed(at):
            held = {"status": "withdrawn", "withdrawn_by": "user:t", "withdrawn_at": claim.proposed_at}
            if claim.status == "proposed":
                connection.execute(update(claims).where(claims.c.claim_id == claim.claim_id).values(**held))


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_any_claims_those_stand_that_may_stand_together_and_no_other(
    backend: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with two_counties(backend, tmp_path_factory.mktemp("claims")) as at:

        @settings(max_examples=EXAMPLES[backend], deadline=None, derandomize=True)
        @given(st.lists(proposals(), min_size=2, max_size=8))
        def check(sent: list[Proposal]) -> None:
            _clear(at)
            held: list[Proposal] = []
            for proposal in sent:
                subject = at.here if proposal.county == HERE else at.there
                is_free = all(_may_stand_beside(proposal, other) for other in held)
                try:
                    propose(at, subject, proposal)
                except ClaimOverlaps:
                    assert not is_free
                else:
                    assert is_free
                    held.append(proposal)
            standing = [c for c in _claimed(at) if c.status == "proposed"]
            assert len(standing) == len(held)
            assert all(_may_stand_beside(one, other) for one, other in combinations(held, 2))

        check()


def test_of_two_counties_that_claim_at_once_exactly_one_succeeds(at: Counties) -> None:
    start, outcomes = Barrier(8), list[str]()

    def claim(number: int) -> None:
        subject, county = ((at.here, HERE), (at.there, THERE))[number % 2]
        start.wait()
        try:
            propose(at, subject, a_proposal(county=county, from_month=202601 + number % 3))
            outcomes.append("held")
        except ClaimOverlaps:
            outcomes.append("refused")

    threads = [Thread(target=claim, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["held"] + ["refused"] * 7
    assert len(_claimed(at)) == 1


def test_two_benefits_that_exclude_each_other_are_not_claimed_at_once_from_both_sides(at: Counties) -> None:
    start, outcomes = Barrier(2), list[str]()

    def claim(number: int) -> None:
        mine = (
            (at.here, a_proposal()),
            (at.there, a_proposal(rule_id=INSURANCE, county=THERE, employer_id=EMPLOYER)),
        )[number]
        start.wait()
        try:
            propose(at, *mine)
            outcomes.append("held")
        except ClaimOverlaps:
            outcomes.append("refused")

    threads = [Thread(target=claim, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["held", "refused"]


def test_months_that_only_touch_are_claimed_one_after_the_other(at: Counties) -> None:
    propose(at, at.here, a_proposal())
    propose(at, at.there, a_proposal(from_month=202606, to_month=202609, county=THERE))
    with pytest.raises(ClaimOverlaps):
        propose(at, at.here, a_proposal(from_month=202605, to_month=202607))


def test_withdrawn_and_refused_claims_leave_their_months_free(at: Counties) -> None:
    first = propose(at, at.here, a_proposal())
    with at.engine.begin() as connection:
        assert by(at.here, connection).withdraw(first.claim_id, version=1) is not None
    second = propose(at, at.there, a_proposal(county=THERE))
    with at.engine.begin() as connection:
        by(at.here, connection).decide(second.claim_id, is_approved=False, ground="已由原单位申领", version=1)
    assert propose(at, at.here, a_proposal()).status == "proposed"


def test_database_refuses_a_second_claim_written_past_the_program(at: Counties) -> None:
    held = propose(at, at.here, a_proposal())
    copied = asdict(replace(held, claim_id="x"))
    late = copied | {"status": "approved", "decided_by": "user:x", "decided_at": held.proposed_at}
    with pytest.raises(IntegrityError, match="claims overlap"), at.engine.begin() as connection:
        audited(connection).execute(insert(claims).values(copied))
    with pytest.raises(IntegrityError, match="claims overlap"), at.engine.begin() as connection:
        audited(connection).execute(insert(claims).values(late))
    with at.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(claims)).scalar() == 1


def test_database_refuses_to_write_a_claim_over_or_away(at: Counties) -> None:
    held = propose(at, at.here, a_proposal())
    propose(at, at.here, a_proposal(from_month=202609, to_month=202612))
    own = claims.c.claim_id == held.claim_id
    for values in ({"from_month": 202609, "to_month": 202612}, {"candidate_id": OTHER_PERSON}, {"amount": 1}):
        with pytest.raises(IntegrityError, match="not written over"), at.engine.begin() as connection:
            audited(connection).execute(update(claims).where(own).values(**values))
    with pytest.raises(IntegrityError, match="not written over"), at.engine.begin() as connection:
        audited(connection).execute(delete(claims).where(own))
    with at.engine.begin() as connection:
        by(at.here, connection).withdraw(held.claim_id, version=1)
    back = {"status": "proposed", "withdrawn_by": None, "withdrawn_at": None}
    with pytest.raises(IntegrityError, match="not written over"), at.engine.begin() as connection:
        audited(connection).execute(update(claims).where(own).values(**back))


@pytest.mark.parametrize("table", ["claim_rules", "claim_exclusions"])
def test_database_refuses_to_forget_what_excludes_what(at: Counties, table: str) -> None:
    propose(at, at.here, a_proposal())
    with pytest.raises(IntegrityError, match="written once"), at.engine.begin() as connection:
        audited(connection).execute(text(f"DELETE FROM {table}"))
