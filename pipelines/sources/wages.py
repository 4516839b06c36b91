"""Wages (工资) as postings write them, to yuan a month: `1-1.5万·13薪`, `8千-1.2万/月`, `150-200元/天`, `面议`.

Bases of conversion are data (`pipelines/data/wage_periods.yaml`). Amounts are exact decimals, rounded half up to whole
yuan at the end. Extra months (13薪) are told apart and never multiplied in. Nothing is guessed: where unit or period
cannot be told, the wage is stated but not understood, and `problem` says why.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from pathlib import Path

from matching.packaged import parsed

_DATA = Path(__file__).resolve().parent.parent / "data" / "wage_periods.yaml"

MONTH, YEAR, WEEK, DAY, HOUR, PIECE = "month", "year", "week", "day", "hour", "piece"

BROKEN = "broken_characters"
CURRENCY = "foreign_currency"
PER_PIECE = "per_piece"
IMPOSSIBLE = "impossible"
UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Wage:
    """What a wage text says, in yuan a month.

    `stated` is false for an empty cell and for 面议; `understood` is false when something was stated that could not be
    turned into yuan a month, and `problem` then names why. `basis` is the period that the text gave. `months_per_year`
    is 13 for 13薪, None where nothing was said. A wage is `doubtful` when it is read as written but hardly believable.
    """

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    basis: str = MONTH
    months_per_year: int | None = None
    understood: bool = True
    stated: bool = True
    problem: str = ""
    doubtful: bool = False


_NUMBER = r"(?:\d+(?:\.\d+)?|\.\d+)"
_UNIT = r"(?:万|千|[kKwW])"
_AMOUNT = rf"({_NUMBER})(?:({_UNIT})(?:(\d)(千)?(?!\d))?)?元?"
_RANGE = re.compile(rf"{_AMOUNT}(?:/?(?:月|年|天|日|时|小时))?(?:-+|至|到){_AMOUNT}")
_SINGLE = re.compile(_AMOUNT)
_EXTRA_MONTHS = re.compile(r"(?:[·*×xX]\s*)?(?<!\d)(1[2-9]|2[0-4])(?:个月)?薪|[*×xX](1[2-9]|2[0-4])(?!\d)")
_THOUSANDS = re.compile(r"(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)")
_TOO_LONG = re.compile(r"[\d.]{10,}")  # a telephone number, not a wage
_BRACKETS = re.compile(r"[()\[\]【】<>《》「」]")
_NO_AMOUNT = re.compile(r"面议|面谈|电议|详谈|另议|待议|协商|保密|不限|^无$|^-+$|^暂无$|竞争力|优厚|从优")
_CURRENCY = re.compile(r"美元|美金|港币|港元|欧元|英镑|日元|[$€£]|USD|HKD|EUR", re.IGNORECASE)
_ONLY_FROM = re.compile(r"以上|及以上|起(?!薪)|保底|底薪|不低于|不少于|至少|最低|起薪|无责")
_ONLY_TO = re.compile(r"以下|及以下|以内|之内|最高|不超过|不高于|(?<!不)封顶")
_PERIODS = (
    (PIECE, re.compile(r"/?(?:每)?(?:次|件|单|个(?!月)|篇|场|趟|套|平米|方|吨|课时|节|票)(?:$|[^薪])|计件")),
    (HOUR, re.compile(r"/(?:小时|时|h\b)|时薪|每小?时|元小时|一小时")),
    (DAY, re.compile(r"/(?:天|日)|日薪|每[天日]|日结|元[天日]|一天")),
    (WEEK, re.compile(r"/(?:周|星期)|周薪|每周|一周")),
    (YEAR, re.compile(r"/年|年薪|每年|一年")),
    (MONTH, re.compile(r"/?(?:个)?月|月薪|每月")),
)
_CHINESE_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {"两": "2"}
_CHINESE_AMOUNT = re.compile(r"[一二两三四五六七八九](?=[万千])|(?<=[万千])[一二三四五六七八九](?![一-鿿])")


@cache
def _bases() -> dict[str, Decimal]:
    loaded = parsed(_DATA.read_text(encoding="utf-8"))
    return {name: Decimal(entry["value"]) for name, entry in loaded.items()}


def per_month(basis: str) -> Decimal | None:
    """Return what an amount by that period is multiplied with for a month, or None where it cannot be told."""
    bases = _bases()
    days = bases["paid_days_per_month"]
    factors = {
        MONTH: Decimal(1),
        YEAR: 1 / bases["months_per_year"],
        WEEK: days / bases["days_per_week"],
        DAY: days,
        HOUR: days * bases["hours_per_day"],
    }
    return factors.get(basis)


@lru_cache(maxsize=65_536)
def read_wage(text: str) -> Wage:
    """Read one wage cell; an empty cell and 面议 are `stated=False`."""
    if "�" in text:
        return _not_understood(BROKEN)
    tidy = _tidy(text)
    if not tidy or not any(c.isdigit() for c in tidy):
        nothing = not tidy or bool(_NO_AMOUNT.search(tidy)) or tidy.strip("/") in ("元", "元/月", "月", "元月")
        return Wage(stated=False) if nothing else _not_understood(PER_PIECE if "计件" in tidy else UNCLEAR)
    if _TOO_LONG.search(tidy):
        return _not_understood(UNCLEAR)
    if _CURRENCY.search(tidy):
        return _not_understood(CURRENCY)
    months, tidy = _take_extra_months(tidy)
    basis, is_given = _basis(tidy)
    low, high, is_scaled = _amounts(tidy)
    if basis == PIECE:
        return _not_understood(PER_PIECE, basis, months)
    if low is None and high is None:
        return _not_understood(UNCLEAR, basis, months)
    if not is_scaled and not is_given and (high or low or Decimal(0)) < _bases()["bare_number_from"]:
        return _not_understood(UNCLEAR, basis, months)
    return _monthly(low, high, basis, months)


def _not_understood(problem: str, basis: str = MONTH, months: int | None = None) -> Wage:
    return Wage(basis=basis, months_per_year=months, understood=False, problem=problem)


def _tidy(text: str) -> str:
    tidy = _THOUSANDS.sub(lambda m: m.group().replace(",", ""), unicodedata.normalize("NFKC", text))
    tidy = re.sub(r"[\s¥￥]|人民币|RMB|rmb", "", tidy)
    tidy = (
        re.sub(r"[~～—–―−‐－]+", "-", tidy)
        .replace("块", "元")
        .replace("圆", "元")
        .replace("仟", "千")
        .replace("萬", "万")
    )
    tidy = _BRACKETS.sub("", tidy)
    return _CHINESE_AMOUNT.sub(lambda m: _CHINESE_DIGITS[m.group()], tidy)


def _take_extra_months(tidy: str) -> tuple[int | None, str]:
    found = _EXTRA_MONTHS.search(tidy)
    if found is None:
        return None, tidy
    return int(found.group(1) or found.group(2)), tidy[: found.start()] + tidy[found.end() :]


def _basis(tidy: str) -> tuple[str, bool]:
    for basis, pattern in _PERIODS:
        if pattern.search(tidy):
            return basis, True
    return MONTH, False


def _value(number: str, unit: str | None, tail: str | None, thousand: str | None) -> Decimal:
    scale = {"万": 10_000, "w": 10_000, "千": 1_000, "k": 1_000}.get((unit or "").lower(), 1)
    value = Decimal(number) * scale
    if tail:  # 1万5, 1万5千, 3千5
        value += Decimal(tail) * (scale // 10 if not thousand else 1_000)
    return value


def _amounts(tidy: str) -> tuple[Decimal | None, Decimal | None, bool]:
    """Return lowest and highest amount as written, and whether a scale (万, 千, k, w) was given."""
    found = _RANGE.search(tidy)
    if found is not None:
        low_number, low_unit, low_tail, low_thousand, high_number, high_unit, high_tail, high_thousand = found.groups()
        # `1-1.5万` and `3-5千`: the unit stands once, after the second number; `8千-12000` has its own.
        shared = high_unit if low_unit is None and Decimal(low_number) < 1_000 else low_unit
        low = _value(low_number, shared, low_tail, low_thousand)
        high = _value(high_number, high_unit, high_tail, high_thousand)
        return low, high, bool(low_unit or high_unit)
    numbers = list(_SINGLE.finditer(tidy))
    if len(numbers) != 1:
        return None, None, False
    amount = _value(*numbers[0].groups())
    is_scaled = bool(numbers[0].group(2))
    if _ONLY_TO.search(tidy):
        return None, amount, is_scaled
    if _ONLY_FROM.search(tidy) or "+" in tidy:
        return amount, None, is_scaled
    return amount, amount, is_scaled


def _monthly(low: Decimal | None, high: Decimal | None, basis: str, months: int | None) -> Wage:
    minimum, maximum = (_to_month(value, basis) for value in (low, high))
    if minimum is not None and maximum is not None and minimum > maximum:
        return _not_understood(UNCLEAR, basis, months)
    given = [value for value in (minimum, maximum) if value is not None]
    if max(given) > _bases()["impossible_from_monthly"] or max(given) <= 0:
        return _not_understood(IMPOSSIBLE, basis, months)
    doubtful = max(given) >= _bases()["doubtful_from_monthly"]
    return Wage(minimum, maximum, basis, months, doubtful=doubtful)


def _to_month(value: Decimal | None, basis: str) -> Decimal | None:
    factor = per_month(basis)
    if value is None or factor is None:
        return None
    if basis == YEAR:  # divide, so that 20 万 a year is not first rounded to 28 digits
        return (value / _bases()["months_per_year"]).quantize(Decimal(1), ROUND_HALF_UP)
    return (value * factor).quantize(Decimal(1), ROUND_HALF_UP)
