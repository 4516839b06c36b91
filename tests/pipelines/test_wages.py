"""Wage texts of every kind that postings use, invented by hand, with the yuan a month that each must become."""

from decimal import Decimal

import pytest

from pipelines.sources import wages
from pipelines.sources.wages import read_wage

# text, lowest, highest (yuan a month; None is unknown)
UNDERSTOOD: tuple[tuple[str, int | None, int | None], ...] = (
    # 万 and 千, one unit for both or each its own
    ("1-1.5万", 10000, 15000),
    ("1万-1.5万", 10000, 15000),
    ("0.4-2万/月", 4000, 20000),
    ("1.2-1.25万", 12000, 12500),
    ("8千-1.2万/月", 8000, 12000),
    ("8千-1万2", 8000, 12000),
    ("6-8千", 6000, 8000),
    ("3.5千-5千", 3500, 5000),
    ("4.5-6千/月", 4500, 6000),
    ("6千-1.2万元/月", 6000, 12000),
    ("1万5-2万", 15000, 20000),
    ("1万5千-2万", 15000, 20000),
    ("3仟-5仟", 3000, 5000),
    ("1萬-2萬", 10000, 20000),
    ("1-2w", 10000, 20000),
    ("1W-2W", 10000, 20000),
    # k
    ("5k-8k", 5000, 8000),
    ("5K-8K", 5000, 8000),
    ("5-8K", 5000, 8000),
    ("2.5k-4.5k", 2500, 4500),
    ("15k-25k", 15000, 25000),
    # plain yuan
    ("3000-5000", 3000, 5000),
    ("3000-5000元", 3000, 5000),
    ("3000元-5000元", 3000, 5000),
    ("3,000-5,000元/月", 3000, 5000),
    ("3000元/月-5000元/月", 3000, 5000),
    ("3000～5000", 3000, 5000),
    ("3000—5000", 3000, 5000),
    ("3000 至 5000 元", 3000, 5000),
    ("3000到5000", 3000, 5000),
    ("３０００－５０００元", 3000, 5000),
    ("￥3000-5000", 3000, 5000),
    ("8000-1.2万", 8000, 12000),
    ("800-1500", 800, 1500),
    ("13000元/月", 13000, 13000),
    ("5000元每月", 5000, 5000),
    ("月薪5000元", 5000, 5000),
    ("5000左右", 5000, 5000),
    ("5000块", 5000, 5000),
    ("（3000-5000）", 3000, 5000),
    # Chinese numerals
    ("五千到八千", 5000, 8000),
    ("一万五", 15000, 15000),
    ("两千五", 2500, 2500),
    # open on one side
    ("8000以上", 8000, None),
    ("8000元及以上", 8000, None),
    ("30k以上", 30000, None),
    ("5000元/月起", 5000, None),
    ("5000起", 5000, None),
    ("不低于3000元", 3000, None),
    ("底薪3000+提成", 3000, None),
    ("底薪3500加提成,月入过万", 3500, None),
    ("3000起上不封顶", 3000, None),
    ("9千及以下", None, 9000),
    ("9千以下", None, 9000),
    ("8000封顶", None, 8000),
    ("最高6000", None, 6000),
    # extra months are told, not multiplied
    ("1-1.5万·13薪", 10000, 15000),
    ("6-10K·13薪", 6000, 10000),
    ("15-25K*16薪", 15000, 25000),
    ("15k*14", 15000, 15000),
    ("10000-15000×13", 10000, 15000),
    ("8千-1.6万·24薪", 8000, 16000),
    # by the year
    ("15-25万/年", 12500, 20833),
    ("年薪20万-30万", 16667, 25000),
    ("6.5-12万/年", 5417, 10000),
    ("3万及以下/年", None, 2500),
    ("1万以下/年", None, 833),
    ("12万/年", 10000, 10000),
    # by the week, day and hour
    ("500-1000元/周", 2175, 4350),
    ("150/天", 3263, 3263),
    ("150-200/天", 3263, 4350),
    ("150-200元/天", 3263, 4350),
    ("1.5千/天", 32625, 32625),
    ("日薪200元", 4350, 4350),
    ("200元/日", 4350, 4350),
    ("200元/人/天", 4350, 4350),
    ("40-60元/时", 6960, 10440),
    ("20元/小时", 3480, 3480),
    ("时薪25", 4350, 4350),
    # a figure beside 面议 is a figure
    ("面议（3000-5000）", 3000, 5000),
    ("0-5k", 0, 5000),
)

NOT_STATED = ("", "  ", "面议", "薪资面议", "面谈", "电议", "保密", "元/月", "元", "待遇从优", "-", "暂无")

NOT_UNDERSTOOD = (
    ("6000-12000元/次", wages.PER_PIECE),
    ("200元/件", wages.PER_PIECE),
    ("8元/单", wages.PER_PIECE),
    ("计件", wages.PER_PIECE),
    ("9�-1.5万·13薪", wages.BROKEN),
    ("40-70万/月", wages.IMPOSSIBLE),
    ("0元/月", wages.IMPOSSIBLE),
    ("$3000", wages.CURRENCY),
    ("2000美元/月", wages.CURRENCY),
    ("HKD15000", wages.CURRENCY),
    ("5000-3000", wages.UNCLEAR),
    ("8-1.2万", wages.UNCLEAR),
    ("5-8", wages.UNCLEAR),
    ("150", wages.UNCLEAR),
    ("150-200元", wages.UNCLEAR),
    ("高薪", wages.UNCLEAR),
    ("01234567890", wages.UNCLEAR),
    ("3000,4000,5000", wages.UNCLEAR),
)


def _yuan(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


@pytest.mark.parametrize(("text", "minimum", "maximum"), UNDERSTOOD)
def test_wage_text_becomes_yuan_a_month(text: str, minimum: int | None, maximum: int | None) -> None:
    wage = read_wage(text)
    assert (wage.minimum, wage.maximum) == (_yuan(minimum), _yuan(maximum))
    assert wage.understood
    assert wage.stated


@pytest.mark.parametrize("text", NOT_STATED)
def test_wage_by_agreement_is_unknown_and_not_a_fault(text: str) -> None:
    wage = read_wage(text)
    assert (wage.minimum, wage.maximum, wage.understood, wage.stated) == (None, None, True, False)


@pytest.mark.parametrize(("text", "problem"), NOT_UNDERSTOOD)
def test_wage_that_cannot_be_told_is_unknown_and_its_problem_named(text: str, problem: str) -> None:
    wage = read_wage(text)
    assert (wage.minimum, wage.maximum) == (None, None)
    assert wage.stated
    assert not wage.understood
    assert wage.problem == problem


@pytest.mark.parametrize(
    ("text", "months"), [("1-2万·13薪", 13), ("15-25K*16薪", 16), ("8千·十三薪", None), ("8千", None)]
)
def test_extra_months_are_kept_apart(text: str, months: int | None) -> None:
    assert read_wage(text).months_per_year == months


def test_wage_by_the_day_is_turned_into_months_by_the_paid_days_of_the_notice() -> None:
    assert wages.per_month(wages.DAY) == Decimal("21.75")
    assert wages.per_month(wages.HOUR) == Decimal(174)
    assert wages.per_month(wages.PIECE) is None


def test_half_a_yuan_is_rounded_up() -> None:
    assert read_wage("150/天").minimum == Decimal(3263)  # 3262.50


@pytest.mark.parametrize(
    ("text", "basis"), [("150/天", "day"), ("20元/时", "hour"), ("12万/年", "year"), ("5千", "month")]
)
def test_basis_is_the_period_that_the_text_gave(text: str, basis: str) -> None:
    assert read_wage(text).basis == basis


def test_unbelievably_high_wage_is_read_and_marked_doubtful() -> None:
    wage = read_wage("10000元/天")
    assert wage.minimum == Decimal(217500)
    assert wage.doubtful
    assert not read_wage("2-3万").doubtful
