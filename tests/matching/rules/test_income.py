"""What a job leaves a household over wages: every sum is the rule's, and what nobody knows is named, never zero."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import pytest

from matching.rules.evaluation import decide, known_facts
from matching.rules.income import Band, Curve, Stretch, income_curve, wages_up_to
from matching.rules.rulebook import rulebook
from matching.rules.values import Value

BOOK = rulebook()
DAY = date(2026, 11, 23)
WAGES = wages_up_to(8000)
HOUSEHOLD: Mapping[str, object] = {
    "holds_certificate": True,
    "certificate_category": 4,
    "certificate_grade": 1,
    "region": "620924",
    "hukou": "rural",
    "household_kinds": ["dibao"],
    "household_size": 3,
    "dibao_month_standard": 450,
    "household_other_income": 0,
    "dibao_month_benefit": 1350,
    "work_cost_month": 300,
    "taper_months": 6,
    "own_insurance_share": "0.1",
    "iit_additional_month": 0,
}
"""A county in which both subsidies are known (阿克塞县, 2025)."""


def facts(*without: str, **changed: object) -> dict[str, Value]:
    """Return the household's facts, some left out, some changed."""
    return known_facts(BOOK, {name: v for name, v in {**HOUSEHOLD, **changed}.items() if name not in without})


def curve(*without: str, month: int | None = None, **changed: object) -> Curve:
    """Return the curve of the household."""
    return income_curve(BOOK, facts(*without, **changed), DAY, WAGES, month=month)


def at(found: Curve, wage: int, part: str) -> Band | None:
    """Return a part at a wage."""
    return next(point for point in found.points if point.wage == wage).parts[part]


def exactly(sum_: int | str) -> Band:
    """Return a known sum."""
    return Band(Fraction(sum_), Fraction(sum_))


def is_left_out(found: Curve, part: str) -> bool:
    """True where the curve does not count a part."""
    return any(entry.part == part and entry.is_left_out for entry in found.open_parts)


def named(found: Curve, part: str) -> set[str]:
    """Return what a part waits for."""
    return {item.name for entry in found.open_parts if entry.part == part for item in entry.lacking}


@pytest.mark.parametrize(("month", "dibao"), [(1, 1350), (6, 1350), (7, 0)])
def test_dibao_is_kept_through_the_last_month_of_the_taper_and_not_longer(month: int, dibao: int) -> None:
    assert at(curve(month=month), 3000, "dibao") == exactly(dibao)


def test_after_the_taper_dibao_falls_by_what_the_wage_adds_beyond_the_work_cost() -> None:
    after = curve()
    assert [at(after, wage, "dibao") for wage in (0, 300, 400, 1600, 1700)] == [
        exactly(sum_) for sum_ in (1350, 1350, 1250, 50, 0)
    ]
    assert after.dibao_ends_at == 1700


def test_without_a_taper_the_first_month_is_like_the_months_after() -> None:
    assert [p.income for p in curve(month=1, taper_months=0).points] == [p.income for p in curve().points]


def test_the_living_subsidy_ends_with_dibao_and_makes_a_cliff_there() -> None:
    after = curve("own_insurance_share", own_insurance_share=0)
    assert (at(after, 1600, "living"), at(after, 1700, "living")) == (exactly(230), exactly(0))
    cliffs = curve(own_insurance_share=0).cliffs
    # 100 more in wage, the last 50 of 低保 and 230 of subsidy less
    assert cliffs == (Stretch(Fraction(1600), Fraction(1700), Fraction(180), True),)


def test_a_cliff_is_where_the_income_falls_and_a_plateau_where_it_stands() -> None:
    found = curve(own_insurance_share=0)
    income = {point.wage: point.income.low for point in found.points}
    falls = {wage for wage in income if wage and income[wage] < income[wage - 100]}
    stands = {wage for wage in income if wage and income[wage] == income[wage - 100]}
    assert falls == {1700}
    assert {(flat.from_wage, flat.to_wage) for flat in found.plateaus} == {(min(stands) - 100, max(stands))}
    assert curve(month=1, own_insurance_share=0).cliffs == ()


def test_work_pays_from_the_least_wage_above_which_every_wage_brings_more_than_before() -> None:
    found = curve(own_insurance_share=0, work_cost_month=0)
    assert found.before == exactly(1350 + 230 + 230)
    income = {point.wage: point.income.low for point in found.points}
    assert found.pays_from == 1600
    assert income[Fraction(1500)] <= found.before.low < income[Fraction(1600)]
    assert curve(month=1, own_insurance_share=0, work_cost_month=0).pays_from == 100
    assert curve(own_insurance_share=0, work_cost_month=300).pays_from == 100


def test_what_is_drawn_before_the_job_is_what_the_household_is_paid_not_the_formula() -> None:
    assert curve(dibao_month_benefit=900).before == exactly(900 + 230 + 230)
    computed = curve("dibao_month_benefit", month=1)
    assert computed.before == exactly(1350 + 230 + 230)
    assert at(computed, 3000, "dibao") == exactly(1350)
    assert computed.is_before_computed
    assert not curve().is_before_computed


def test_the_nursing_subsidy_is_the_same_at_every_wage() -> None:
    for month in (1, None):
        assert {point.parts["nursing"] for point in curve(month=month).points} == {exactly(230)}
    assert {point.parts["nursing"] for point in curve(certificate_grade=3).points} == {exactly(0)}


def test_every_point_is_what_the_rules_say_one_by_one() -> None:
    given = facts()
    for month in (1, 7):
        for point in curve(month=month).points:
            case = {**given, "monthly_wage": point.wage, "months_since_work": Fraction(month)}
            tax = decide(BOOK, "iit.monthly_tax", case, DAY).results["tax_year"]
            reduced = {**case, "iit_income_kind": "comprehensive", "iit_tax_payable": tax}
            after = decide(BOOK, "iit.disabled_reduction", reduced, DAY).results["tax_after"]  # type: ignore[arg-type]  # a number
            dibao = decide(BOOK, "benefit.dibao_taper", case, DAY).amount
            assert isinstance(after, Fraction)
            assert isinstance(dibao, Fraction)
            living = Fraction(230 if dibao else 0)
            assert point.parts["tax"] == Band(-after / 12, -after / 12)
            assert point.parts["dibao"] == Band(dibao, dibao)
            assert point.parts["living"] == Band(living, living)
            total = point.wage * Fraction("0.9") - after / 12 + dibao + living + 230
            assert point.income == Band(total, total)


def test_wage_tax_is_halved_and_withheld() -> None:
    found = curve(own_insurance_share=0)
    assert [at(found, wage, "tax") for wage in (5000, 8000)] == [exactly(0), exactly(-45)]
    assert at(curve(own_insurance_share=0, holds_certificate=False), 8000, "tax") == exactly(-90)


def test_tax_lies_between_its_ends_where_deductions_are_unknown() -> None:
    found = curve("iit_additional_month", own_insurance_share=0)
    assert at(found, 5000, "tax") == exactly(0)
    assert at(found, 8000, "tax") == Band(Fraction(-45), Fraction(0))
    assert named(found, "tax") == {"iit_additional_month"}
    unproved = curve("holds_certificate", own_insurance_share=0)
    assert at(unproved, 8000, "tax") == Band(Fraction(-90), Fraction(-45))
    assert "holds_certificate" in named(unproved, "tax")


def test_an_unknown_standard_is_named_and_not_zero() -> None:
    found = curve("dibao_month_standard")
    assert at(found, 1000, "dibao") is None
    assert is_left_out(found, "dibao")
    assert "benefit.dibao_standard.rural_year" in named(found, "dibao")
    assert found.pays_from is None
    assert not found.can_compare
    assert found.dibao_ends_at is None


def test_an_unknown_insurance_share_is_left_out_and_named() -> None:
    found = curve("own_insurance_share")
    assert is_left_out(found, "insurance")
    assert named(found, "insurance") == {"own_insurance_share"}
    assert next(point.income for point in found.points if point.wage == 3000) == exactly(3000 + 230)


def test_an_unknown_work_cost_gives_the_two_ends_of_what_may_be_deducted() -> None:
    found = curve("work_cost_month")
    assert at(found, 1000, "dibao") == Band(Fraction(350), Fraction(1350))
    assert named(found, "dibao") == {"benefit.dibao_taper.work_cost"}
    for cost in (0, 250, 1000):
        known = at(curve(work_cost_month=cost), 1000, "dibao")
        assert known is not None
        assert Fraction(350) <= known.low <= Fraction(1350)


def test_an_unknown_taper_gives_the_benefit_with_it_and_without() -> None:
    found = curve("taper_months", month=1)
    assert at(found, 3000, "dibao") == Band(Fraction(0), Fraction(1350))
    assert "benefit.dibao_taper.max_months" in named(found, "dibao")


def test_a_taper_that_the_prefecture_sets_is_used_also_where_the_work_cost_is_unknown() -> None:
    tianshui = curve("taper_months", "work_cost_month", month=6, region="620521")
    assert at(tianshui, 3000, "dibao") == exactly(1350)
    later = curve("taper_months", "work_cost_month", month=7, region="620521")
    assert at(later, 3000, "dibao") == Band(Fraction(0), Fraction(1350))


def test_a_subsidy_whose_sum_nobody_confirmed_is_left_out_where_it_is_paid_and_where_it_ends() -> None:
    found = curve(region="620102")
    assert is_left_out(found, "living")
    assert at(found, 1000, "living") is None
    assert at(found, 3000, "living") == exactly(0)
    assert found.points[10].income == exactly(1000 - 100 + 650 + 110)


def test_a_household_not_on_dibao_gets_none_and_needs_none_of_its_facts() -> None:
    found = curve("household_size", "dibao_month_standard", "work_cost_month", household_kinds=["monitored"])
    assert {point.parts["dibao"] for point in found.points} == {exactly(0)}
    assert {point.parts["living"] for point in found.points} == {exactly(0)}
    assert found.pays_from == 100
    assert found.dibao_ends_at is None


def test_whether_a_household_is_on_dibao_is_asked_and_not_assumed() -> None:
    found = curve("household_kinds")
    assert at(found, 1000, "dibao") == Band(Fraction(0), Fraction(650))
    assert at(found, 1000, "living") == Band(Fraction(0), Fraction(230))
    assert "household_kinds" in named(found, "dibao")


def test_a_wage_or_month_among_the_facts_changes_nothing() -> None:
    assert curve(monthly_wage=4000, months_since_work=1) == curve()


def test_the_document_holds_every_point_and_what_is_not_certain() -> None:
    document = curve("own_insurance_share").as_dict()
    points = document["points"]
    assert isinstance(points, list)
    assert [point["wage"] for point in points] == list(range(0, 8001, 100))
    assert points[0]["parts"]["insurance"] == {"low": 0, "high": 0}
    assert points[1]["parts"]["insurance"] is None
    assert [entry["part"] for entry in document["not_certain"]] == ["insurance", "tax"]  # type: ignore[attr-defined]  # a list
