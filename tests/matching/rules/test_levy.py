"""What employers rely on: the levy is never negative, falls with each person-month, and steps down at one percent."""

from datetime import date
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.rules.decision import Decision
from matching.rules.evaluation import decide, read_facts
from matching.rules.rulebook import rulebook

BOOK = rulebook()
TYPES = ("企业", "机关", "事业单位", "团体", "民办非企业单位", "个体工商户")
DAYS = st.dates(date(2016, 1, 1), date(2027, 12, 31))


def levy(headcount: int, person_months: int, wage: int, social: int, kind: str, day: date) -> Decision:
    """Return the levy of an employer whose disabled staff add up to so many weighted person-months."""
    given_facts = {
        "headcount": headcount,
        "actual_count": Fraction(person_months, 12),
        "avg_wage": wage,
        "local_social_avg_wage": social,
        "employer_type": kind,
        "levy_date": day.isoformat(),
        "registered_on": "2001-01-01",
    }
    return decide(BOOK, "levy.payable", read_facts(BOOK, BOOK.rule("levy.payable"), given_facts), day)


def payable(decision: Decision) -> Fraction:
    """Return the sum to pay."""
    found = decision.results["payable"]
    assert isinstance(found, Fraction), decision.lacking
    return found


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    headcount=st.integers(1, 3000),
    months=st.integers(0, 600),
    wage=st.integers(0, 400_000),
    social=st.integers(1, 150_000),
    kind=st.sampled_from(TYPES),
    day=DAYS,
)
def test_levy_is_never_negative_and_never_rises_with_one_more_person_month(
    headcount: int, months: int, wage: int, social: int, kind: str, day: date
) -> None:
    before = payable(levy(headcount, months, wage, social, kind, day))
    after = payable(levy(headcount, months + 1, wage, social, kind, day))
    assert before >= after >= 0


def test_one_person_month_at_one_percent_changes_the_share_to_pay() -> None:
    below, at = (levy(300, months, 70_000, 80_000, "企业", date(2026, 9, 1)) for months in (35, 36))
    assert (payable(below), payable(at)) == (Fraction(99_750), Fraction(52_500))
    assert [told.results["tier_factor"] for told in (below, at)] == [Fraction(9, 10), Fraction(1, 2)]


def test_levy_of_last_year_is_worked_out_by_last_years_law() -> None:
    then, now = (levy(200, 24, 60_000, 70_000, "企业", day) for day in (date(2019, 12, 31), date(2020, 1, 1)))
    assert (payable(then), payable(now)) == (Fraction(60_000), Fraction(30_000))


def test_after_2027_nothing_is_guessed_and_the_unreduced_sum_is_shown() -> None:
    told = levy(300, 24, 70_000, 80_000, "企业", date(2028, 1, 1))
    assert told.money is None
    assert told.results_dict()["payable"] is None
    assert told.results_dict()["status"] == "policy_expired_unverified"
    assert told.results_dict()["unreduced"] == 175_000
    assert told.unconfirmed
