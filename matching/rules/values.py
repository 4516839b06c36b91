"""Values of the rules: exact, and unknown where a fact is missing, with what would make them known.

Numbers are `Fraction`, so that nothing is rounded before the rule says so. `Unknown` carries its reasons; it is never
read as zero, no, or an empty list (Kleene's strong three-valued logic).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from matching.errors import RuleInputError


class Lack(StrEnum):
    """Kinds of reason for which an answer is unknown."""

    MISSING = "missing"
    """A fact of the case that nobody supplied."""
    COUNTY = "county_decides"
    """The text leaves it to the county (有条件的地区可…), whose decision nobody supplied."""
    UNCONFIRMED = "unconfirmed"
    """A number that nobody could confirm (需人工核实)."""
    EXPIRED = "expired"
    """A number whose period is over and whose successor was not seen."""
    NOT_SEEN = "not_seen"
    """A number that the sources read do not give for this place, class or period."""
    NOT_IN_FORCE = "not_in_force"
    """No version of the rule or number on the day."""
    NOTHING = "nothing"
    """Not unknown at all: the rule answers 'none' (无), as for a deadline that does not apply."""


class Why(NamedTuple):
    """One reason: its kind, and the fact, number or rule that it concerns."""

    lack: Lack
    name: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer yet; `why` says what each answer waits for."""

    why: frozenset[Why]

    @property
    def is_nothing(self) -> bool:
        """True where the rule's answer is 'none', not a lack of facts."""
        return all(reason.lack is Lack.NOTHING for reason in self.why)


NOTHING = Unknown(frozenset({Why(Lack.NOTHING, "")}))

Record = Mapping[str, "Value"]
Value = bool | Fraction | str | date | tuple[str, ...] | tuple[Record, ...] | Unknown


class Kind(StrEnum):
    """Types of facts and results."""

    FLAG = "flag"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    MONTH = "month"
    """Given as YYYY-MM; kept as the first day."""
    TEXTS = "texts"
    RECORDS = "records"
    """A list of entries with fields of their own, such as the months of a person."""


@lru_cache(maxsize=4096)
def missing(name: str, lack: Lack = Lack.MISSING) -> Unknown:
    """Return the unknown that one reason makes."""
    return Unknown(frozenset({Why(lack, name)}))


def because(*values: object) -> Unknown:
    """Return the unknown whose reasons are those of all unknown values given."""
    unknown = [value for value in values if isinstance(value, Unknown)]
    if len(unknown) == 1:
        return unknown[0]
    return Unknown(frozenset().union(*(value.why for value in unknown)))


_MONTH = re.compile(r"(\d{4})-(\d{2})")


def read_number(raw: object) -> Fraction:
    """Return an exact number from a JSON number, a decimal or a fraction written as text.

    Raises
    ------
    ValueError
        For anything else, and for what is not finite.
    """
    if isinstance(raw, bool):
        raise ValueError("a truth value is no number")
    if isinstance(raw, int | Fraction):
        return Fraction(raw)
    if isinstance(raw, float | Decimal | str):
        try:
            return Fraction(str(raw)) if "/" in str(raw) else Fraction(Decimal(str(raw)))
        except (InvalidOperation, OverflowError, ZeroDivisionError) as error:
            raise ValueError("not a number") from error
    raise ValueError("not a number")


def _read_day(raw: object, kind: Kind) -> date:
    if isinstance(raw, date):
        return raw.replace(day=1) if kind is Kind.MONTH else raw
    if kind is Kind.MONTH:
        match = _MONTH.fullmatch(str(raw))
        if match is None:
            raise ValueError("not YYYY-MM")
        return date(int(match[1]), int(match[2]), 1)
    return date.fromisoformat(str(raw))


_WORDS = {
    Kind.FLAG: "是/否（true/false）",
    Kind.NUMBER: "数字",
    Kind.TEXT: "文字",
    Kind.DATE: "日期 YYYY-MM-DD",
    Kind.MONTH: "月份 YYYY-MM",
    Kind.TEXTS: "文字列表",
    Kind.RECORDS: "列表",
}


def read_value(
    raw: object, kind: Kind, name: str, fields: Mapping[str, Kind] | None = None, fact: str | None = None
) -> Value:
    """Read a fact as given from outside; None is unknown, for want of `fact` where that is named otherwise.

    Raises
    ------
    RuleInputError
        When what was given is not of the kind; the message names the fact and what is expected, not what was given.
    """
    if raw is None:
        return missing(fact or name)
    try:
        if kind is Kind.NUMBER:
            return read_number(raw)
        if kind in (Kind.DATE, Kind.MONTH):
            return _read_day(raw, kind)
        if kind is Kind.FLAG and isinstance(raw, bool):
            return raw
        if kind is Kind.TEXT and isinstance(raw, str | int):
            return str(raw)
        if kind is Kind.TEXTS and isinstance(raw, Sequence) and not isinstance(raw, str):
            return tuple(str(item) for item in raw)
        if kind is Kind.RECORDS and isinstance(raw, Sequence) and not isinstance(raw, str):
            return tuple(_read_record(item, fields or {}, name, fact or name) for item in raw)
    except ValueError as error:
        raise RuleInputError(f"{name} 应为{_WORDS[kind]}") from error
    raise RuleInputError(f"{name} 应为{_WORDS[kind]}")


def _read_record(raw: object, fields: Mapping[str, Kind], name: str, fact: str) -> Record:
    if not isinstance(raw, Mapping):
        if set(fields) == {"value"}:
            return {"value": read_value(raw, fields["value"], f"{name}.value", None, f"{fact}.value")}
        raise RuleInputError(f"{name} 的每一项应为对象，含 {'、'.join(fields)}")
    return {key: read_value(raw.get(key), kind, f"{name}.{key}", None, f"{fact}.{key}") for key, kind in fields.items()}


def rounded(number: Fraction, base: Fraction, direction: str) -> Fraction:
    """Round to a multiple of `base`: `half_up` (away from zero at the half), `down` or `up`."""
    steps = number / base
    whole = steps.numerator // steps.denominator
    if direction == "up":
        return -((-steps.numerator) // steps.denominator) * base
    if direction == "down":
        return whole * base
    sign = 1 if steps >= 0 else -1
    doubled = abs(steps) * 2 + 1
    return sign * (doubled.numerator // (doubled.denominator * 2)) * base


def as_decimal(number: Fraction, places: int = 6) -> Decimal:
    """Return a decimal, exact where it ends within `places`, else rounded half up there."""
    shown = rounded(number, Fraction(1, 10**places), "half_up")
    return (Decimal(shown.numerator) / Decimal(shown.denominator)).normalize()


def plain(value: Value | None) -> object:
    """Return a value as it travels in JSON: numbers as int or float, days as text, unknown and none as null."""
    if value is None or isinstance(value, Unknown):
        return None
    if isinstance(value, Fraction):
        shown = as_decimal(value)
        return int(shown) if shown == shown.to_integral_value() else float(shown)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [{k: plain(v) for k, v in item.items()} if isinstance(item, Mapping) else item for item in value]
    return value


def shown(value: Value | None) -> str:
    """Return a value as a caseworker reads it."""
    if value is None or (isinstance(value, Unknown) and value.is_nothing):
        return "无"
    if isinstance(value, Unknown):
        return "未知"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Fraction):
        return f"{value.numerator:,}" if value.denominator == 1 else f"{as_decimal(value, 4):,f}"
    if isinstance(value, tuple):
        return (
            "、".join(str(item) for item in value)
            if value and not isinstance(value[0], Mapping)
            else f"{len(value)} 项"
        )
    return value.isoformat() if isinstance(value, date) else value


def day_number(day: date) -> int:
    """Return days since 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def day_of(number: int) -> date:
    """Return the day `number` days after 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=number)


def month_index(day: date) -> int:
    """Return months since year 0, for whole-month arithmetic."""
    return day.year * 12 + day.month - 1


def all_of(values: Iterable[bool | Unknown]) -> bool | Unknown:
    """Kleene's and: false where any is false, else unknown where any is, else true."""
    given = list(values)
    if any(value is False for value in given):
        return False
    return because(*given) if any(isinstance(value, Unknown) for value in given) else True


def any_of(values: Iterable[bool | Unknown]) -> bool | Unknown:
    """Kleene's or: true where any is true, else unknown where any is, else false."""
    given = list(values)
    if any(value is True for value in given):
        return True
    return because(*given) if any(isinstance(value, Unknown) for value in given) else False
