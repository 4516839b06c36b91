"""Everything that is due to one person on one day: the one definition that lists and reports go back to."""

from matching.duties.alerts import household_alert, learning
from matching.duties.clocks import four_ones
from matching.duties.duty import CaseFile, Duty
from matching.duties.others import certificate, contract, follow_up, graduate_plan, hard_to_employ, referral
from matching.duties.plans import assistance_follow_up, graduate_follow_up
from matching.duties.terms import DutyTerms
from matching.duties.visits import coach_visit, startup_check

_PLANS = (graduate_follow_up, assistance_follow_up, household_alert, learning, startup_check, coach_visit)
_EACH = (four_ones, graduate_plan, certificate, contract, follow_up, hard_to_employ, referral, *_PLANS)


def duties_of(file: CaseFile, terms: DutyTerms) -> tuple[Duty, ...]:
    """Return what is due to a person, who waits longest first; nothing where nothing is due or open."""
    found = [duty for each in _EACH if (duty := each(file, terms)) is not None]
    return tuple(sorted(found, key=lambda duty: duty.key))
