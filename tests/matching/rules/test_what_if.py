"""What would change an answer: the fewest conditions, and the levy with one more placement, month by month."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from matching.rules.evaluation import decide, known_facts, read_facts
from matching.rules.rulebook import rulebook
from matching.rules.values import Value
from matching.rules.what_if import Change, one_more, smallest_change
from tests.support.small_rules import DAY, SOURCE, a_book, a_rule

F = Fraction


def is_(name: str) -> dict[str, str]:
    """Return a condition that one flag decides."""
    return {"is": name, "text": name}


BOTH = {"all": [is_("flag"), is_("other"), is_("county")]}
ONE = {"any": [BOTH, {"is": "n > m", "text": "甲多"}]}


@pytest.mark.parametrize(
    ("conditions", "case", "expected"),
    [
        (BOTH, {"flag": True, "other": True, "county": True}, []),
        (BOTH, {"flag": False, "other": True}, ["flag", "county"]),
        (BOTH, {"flag": False, "other": False, "county": False}, ["flag", "other", "county"]),
        (ONE, {"n": 1, "m": 2}, ["甲多"]),
        (ONE, {"n": 1, "m": 2, "flag": True, "other": True, "county": False}, ["county"]),
        (ONE, {"n": 3, "m": 2, "flag": False}, []),
        ({"not": is_("flag")}, {"flag": True}, ["flag"]),
        ({"not": is_("flag")}, {"flag": False}, []),
        ({"not": BOTH}, {"flag": True, "other": True, "county": True}, ["flag"]),
        ({"not": BOTH}, {"flag": True, "other": True}, ["flag"]),
        ({"not": {"any": [is_("flag"), is_("other")]}}, {"flag": True, "other": True}, ["flag", "other"]),
        ({"all": [{"not": {"not": is_("flag")}}, is_("other")]}, {"flag": False, "other": True}, ["flag"]),
    ],
)
def test_fewest_conditions_that_turn_the_answer(
    conditions: dict[str, Any], case: dict[str, object], expected: list[str]
) -> None:
    book = a_book(a_rule(body={"conditions": conditions}))
    found = smallest_change(decide(book, "t", known_facts(book, case), DAY))
    assert found is not None
    assert [change.text for change in found] == expected


def test_change_says_what_is_there_and_what_is_needed() -> None:
    book = a_book(a_rule(body={"conditions": {"all": [{"is": "n > m", "text": "甲多"}, is_("flag")]}}))
    found = smallest_change(decide(book, "t", known_facts(book, {"n": 1, "m": 2}), DAY))
    assert found == (Change("甲多", "1", "2", False), Change("flag", "未知", "", True))
    assert found[0].as_dict() == {"condition": "甲多", "have": "1", "need": "2", "is_unknown": False}
    assert found[1].as_dict() == {"condition": "flag", "have": "未知", "need": "", "is_unknown": True}


def test_nothing_changes_a_rule_without_conditions_or_out_of_force() -> None:
    waiting = a_book(a_rule(body={"results": {"x": "n"}}))
    assert smallest_change(decide(waiting, "t", {}, DAY)) is None
    past = {"valid_from": date(2020, 1, 1), "valid_to": date(2020, 12, 31), "source": SOURCE}
    gone = a_book(a_rule(body={"conditions": BOTH}, versions=[past]))
    assert smallest_change(decide(gone, "t", {}, DAY)) is None


FIRM: dict[str, object] = {
    "employer_type": "enterprise",
    "legal_form": "企业",
    "headcount": 200,
    "actual_count": "1.5",
    "avg_wage": 60000,
    "local_social_avg_wage": 80000,
    "registered_on": "2010-01-01",
    "levy_date": "2025-10-01",
    "data_year": 2024,
}


def firm(**changes: object) -> dict[str, Value]:
    """Return an employer of two hundred, short of the line at one percent."""
    book = rulebook()
    return read_facts(book, book.rule("levy.payable"), {**FIRM, **changes})


def payable(count: Fraction) -> Fraction:
    """Return the levy by hand: three per thousand short of 1.5 percent, halved from one percent on."""
    gap = max(F(200) * F(15, 1000) - count, F(0))
    return gap * 60000 * (F(1, 2) if count / 200 >= F(1, 100) else F(9, 10))


def test_one_more_placement_is_worth_what_the_levy_falls_by() -> None:
    book, day = rulebook(), date(2025, 10, 1)
    found = one_more(book, firm(), day)
    assert [(one.weight, one.from_month) for one in found] == [(w, m) for w in (1, 2) for m in range(1, 13)]
    before = decide(book, "levy.payable", firm(), day).results["payable"]
    for one in found:
        more = F(3, 2) + F(one.weight * (13 - one.from_month), 12)
        after = decide(book, "levy.payable", {**firm(), "annual_count": more}, day).results["payable"]
        assert isinstance(before, Fraction)
        assert isinstance(after, Fraction)
        assert (one.payable, one.saved) == (after, before - after)
        assert one.crosses_line is (more >= 2)
    jumps = [one for one in found if one.weight == 1 and one.crosses_line]
    assert [one.from_month for one in jumps] == [1, 2, 3, 4, 5, 6, 7]
    assert {one.weight for one in one_more(book, firm(), day, (3,))} == {3}


def test_without_a_count_or_a_wage_the_value_is_unknown() -> None:
    book, day = rulebook(), date(2025, 10, 1)
    lost = one_more(book, {name: value for name, value in firm().items() if name != "annual_count"}, day)
    assert len(lost) == 24
    assert {(one.payable, one.saved, one.crosses_line) for one in lost} == {(None, None, False)}
    blind = one_more(book, {name: value for name, value in firm().items() if name != "average_wage"}, day)
    assert [one.from_month for one in blind if one.payable is not None] == [1, 2, 3, 4, 5, 6][:0] + [
        one.from_month for one in blind if one.weight == 2 and F(3, 2) + F(2 * (13 - one.from_month), 12) >= 3
    ]
    assert {one.saved for one in blind} == {None}
    assert not any(one.crosses_line for one in blind)
