"""The functions that rules may call: pure, each with one answer for a case and the same answers for columns.

A function is strict unless it says otherwise: where an argument is unknown, so is the answer, for the same reasons.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from matching.errors import RuleError
from matching.identity import IdentityError, parse_certificate
from matching.regions import RegionError, region_code
from matching.rules import columns as col
from matching.rules.columns import Array, Column, Records
from matching.rules.expressions import Batch, Case, Const, Fact, Node, Number
from matching.rules.values import (
    NOTHING,
    Kind,
    Lack,
    Unknown,
    Value,
    because,
    day_number,
    missing,
    month_index,
    rounded,
    shown,
)

PLACE_NAME = "place_name"
"""What is named as lacking where a text is no place."""

_KNOWN = np.zeros(1, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how many arguments, its two evaluations, and how a line of working writes it."""

    least: int
    most: int | None
    one: Callable[..., Value]
    many: Callable[..., Column]
    told: Callable[..., str] | None = None


def _strict(work: Callable[..., Value], columns: Callable[..., Column], count: int) -> Function:
    def one(case: Case, *parts: Node) -> Value:
        values = [part.one(case) for part in parts]
        lacking = because(*values)
        return lacking if any(isinstance(value, Unknown) for value in values) else work(*values)

    def many(batch: Batch, *parts: Node) -> Column:
        return columns(batch, *(part.many(batch) for part in parts))

    return Function(count, count, one, many)


# -- numbers ------------------------------------------------------------------------------------------------------


def _fold(pick: Callable[[Column, Column], Column], choose: Callable[..., Any], word: str) -> Function:
    def one(case: Case, *parts: Node) -> Value:
        values = [part.one(case) for part in parts]
        lacking = because(*values)
        return lacking if any(isinstance(value, Unknown) for value in values) else choose(values)

    def many(batch: Batch, *parts: Node) -> Column:
        found = [part.many(batch) for part in parts]
        result = found[0]
        for column in found[1:]:
            # `choose` would answer from one side alone where the test is unknown; both sides have to be known here.
            result = replace(pick(result, column), why=result.why | column.why)
        return result

    def told(case: Case, *parts: Node) -> str:
        return f"（{'、'.join(part.told(case) for part in parts)}）中{word}的"

    return Function(2, None, one, many, told)


def _whole(direction: str) -> Function:
    base = Fraction(1)
    return _strict(lambda number: rounded(number, base, direction), lambda _, c: col.rounded(c, base, direction), 1)


def _round_one(case: Case, number: Node, base: Node, direction: Node) -> Value:
    value, step, way = number.one(case), base.one(case), direction.one(case)
    if isinstance(value, Unknown) or isinstance(step, Unknown):
        return because(value, step)
    if not isinstance(value, Fraction) or not isinstance(step, Fraction) or not isinstance(way, str):
        raise RuleError("round_to（数字，单位，方向）")
    return rounded(value, step, way)


def _round_many(batch: Batch, number: Node, base: Node, direction: Node) -> Column:
    step, way = base.many(batch), direction.many(batch)
    if len(step.data) != 1 or not isinstance(step.den, int):
        raise RuleError("round_to 的单位应是一个数")
    size = Fraction(int(step.data[0]) if step.known[0] else 1, step.den)
    result = col.rounded(number.many(batch), size, str(way.labels[0]))
    return replace(result, why=result.why | step.why)


# -- days ---------------------------------------------------------------------------------------------------------


_MANY = 1000
_FIRST_MONTH, _LAST_MONTH = 12, 9998 * 12 + 11
"""Months that a calendar has; senseless numbers end there instead of failing."""


def completed_months(first: date, last: date) -> int:
    """Return whole months from one day to another; the same day of the month completes a month."""
    return month_index(last) - month_index(first) - (last.day < first.day)


def plus_months(day: date, months: int) -> date:
    """Return the day `months` later, the last day of the month where it has no such day."""
    index = min(max(month_index(day) + months, _FIRST_MONTH), _LAST_MONTH)
    year, month = divmod(index, 12)
    following = date(year + (month == 11), 1 if month == 11 else month + 2, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))


def _parts(days: Array) -> tuple[Array, Array]:
    """Return month and day of the month; of many days that lie close together each day is taken apart once."""
    if len(days) > _MANY:
        low = int(days.min())
        span = int(days.max()) - low + 1
        if span <= len(days):
            months, of_month = _taken_apart(np.arange(low, low + span))
            return months[days - low], of_month[days - low]
    return _taken_apart(days)


def _taken_apart(days: Array) -> tuple[Array, Array]:
    stamps = days.astype("datetime64[D]")
    months = stamps.astype("datetime64[M]")
    return months.astype(np.int64) + 1970 * 12, (stamps - months.astype("datetime64[D]")).astype(np.int64) + 1


def _first_of(index: Array) -> Array:
    if len(index) > _MANY:
        low = int(index.min())
        span = int(index.max()) - low + 1
        if span <= len(index):
            each: Array = _first_of_each(np.arange(low, low + span))[index - low]
            return each
    return _first_of_each(index)


def _first_of_each(index: Array) -> Array:
    days: Array = (index - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return days


def _number(data: Array, why: Array) -> Column:
    return Column(Kind.NUMBER, data, why)


def _months_columns(_: Batch, first: Column, last: Column) -> Column:
    (start, start_day), (end, end_day) = _parts(first.data), _parts(last.data)
    return _number(end - start - (end_day < start_day), first.why | last.why)


def _whole_months_columns(_: Batch, first: Column, last: Column) -> Column:
    return _number(_parts(last.data)[0] - _parts(first.data)[0], first.why | last.why)


def _plus_months_columns(_: Batch, day: Column, months: Column) -> Column:
    if not isinstance(months.den, int):
        raise RuleError("add_months 要整月数")
    index, of_month = _parts(day.data)
    moved = np.clip(index + months.data // months.den, _FIRST_MONTH, _LAST_MONTH).astype(np.int64)
    length = _first_of(moved + 1) - _first_of(moved)
    data = _first_of(moved) + np.minimum(of_month, length) - 1
    return Column(Kind.DATE, data, day.why | months.why)


def _days_columns(_: Batch, first: Column, last: Column) -> Column:
    return _number(last.data - first.data, first.why | last.why)


def _year_columns(_: Batch, day: Column) -> Column:
    return _number(_parts(day.data)[0] // 12, day.why)


def _month_start_columns(_: Batch, day: Column) -> Column:
    return Column(Kind.DATE, _first_of(_parts(day.data)[0]), day.why)


def _on(year: Value, month_day: Value) -> Value:
    month, day = (int(part) for part in str(month_day).split("-"))
    whole = min(max(math.floor(year), _FIRST_MONTH // 12), _LAST_MONTH // 12)  # type: ignore[arg-type]  # a year is a number
    return date(whole, month, day)


def _on_columns(batch: Batch, year: Column, month_day: Column) -> Column:
    years = np.clip(year.data // year.den, _FIRST_MONTH // 12, _LAST_MONTH // 12).astype(np.int64)
    pieces = [str(label).split("-") if "-" in str(label) else ["1", "1"] for label in month_day.labels]
    months = np.array([int(piece[0]) for piece in pieces], dtype=np.int64)[month_day.data]
    days = np.array([int(piece[1]) for piece in pieces], dtype=np.int64)[month_day.data]
    data = _first_of(years * 12 + months - 1) + days - 1
    return Column(Kind.DATE, data, year.why | month_day.why)


# -- unknown and none ---------------------------------------------------------------------------------------------


def _given_one(case: Case, first: Node, second: Node) -> Value:
    value = first.one(case)
    return second.one(case) if isinstance(value, Unknown) else value


def _given_many(batch: Batch, first: Node, second: Node) -> Column:
    return col.given(first.many(batch), second.many(batch))


def _given_told(case: Case, first: Node, second: Node) -> str:
    return (second if isinstance(first.one(case), Unknown) else first).told(case)


def _is_none_one(case: Case, part: Node) -> Value:
    value = part.one(case)
    if isinstance(value, Unknown):
        return True if value.is_nothing else value
    return False


def _is_none_many(batch: Batch, part: Node) -> Column:
    found = part.many(batch)
    nothing = batch.reasons.mask(NOTHING)
    none = found.why == nothing
    return col.flags(none, np.where(none, np.uint64(0), found.why))


# -- lists --------------------------------------------------------------------------------------------------------


def _list_name(node: Node) -> str:
    if not isinstance(node, Fact):
        raise RuleError("列表函数的第一项应是列表事实的名字")
    return node.name


def _entries_one(case: Case, node: Node) -> Any:
    return case.facts[_list_name(node)]


def _inside(case: Case, entries: Any, place: int) -> Case:
    return Case(
        case.facts,
        case.lets,
        case.day,
        case.region,
        case.others,
        case.as_of,
        case.used,
        {},
        case.failing,
        entries,
        place,
    )


def inside_columns(batch: Batch, name: str) -> tuple[Batch, Records]:
    """Return a batch over the entries of a list."""
    records = batch.facts[name]
    if not isinstance(records, Records):
        raise RuleError(f"{name} 不是列表")
    owner = records.owner
    inner = Batch(
        len(owner),
        batch.facts,
        batch.lets,
        batch.day.take(owner),
        None if batch.region is None else batch.region.take(owner),
        batch.others,
        batch.as_of.take(owner),
        batch.reasons,
        records=records,
        outer=batch,
    )
    return inner, records


def each_one(case: Case, entries: Any, part: Node) -> list[Value]:
    """Return an expression's value for each entry of a list."""
    return [part.one(_inside(case, entries, place)) for place in range(len(entries))]


def _sum_one(case: Case, name: Node, part: Node) -> Value:
    entries = _entries_one(case, name)
    if isinstance(entries, Unknown):
        return entries
    values = each_one(case, entries, part)
    if any(isinstance(value, Unknown) for value in values):
        return because(*values)
    return sum((value for value in values if isinstance(value, Fraction)), Fraction(0))


def _sum_many(batch: Batch, name: Node, part: Node) -> Column:
    inner, records = inside_columns(batch, _list_name(name))
    return col.total(records, part.many(inner))


def _sum_told(case: Case, name: Node, part: Node) -> str:
    entries = _entries_one(case, name)
    if isinstance(entries, Unknown) or not entries:
        return shown(entries) if isinstance(entries, Unknown) else "0"
    return " + ".join(f"（{part.told(_inside(case, entries, place))}）" for place in range(len(entries)))


def _size_one(case: Case, name: Node) -> Value:
    entries = _entries_one(case, name)
    return entries if isinstance(entries, Unknown) else Fraction(len(entries))


def _size_many(batch: Batch, name: Node) -> Column:
    found = batch.facts[_list_name(name)]
    if isinstance(found, Records):
        return col.entries(found)
    sizes = np.array([len(label) for label in found.labels], dtype=np.int64)
    return Column(Kind.NUMBER, sizes[found.data], found.why)


def _running_one(case: Case, part: Node) -> Value:
    values = [part.one(_inside(case, case.entries, place)) for place in range(case.place + 1)]
    if any(isinstance(value, Unknown) for value in values):
        return because(*values)
    return sum((value for value in values if isinstance(value, Fraction)), Fraction(0))


def _running_many(batch: Batch, part: Node) -> Column:
    if batch.records is None:
        raise RuleError("running 只能用在列表之内")
    return col.running(batch.records, part.many(batch))


def _before_one(case: Case, part: Node) -> Value:
    return Fraction(0) if case.place == 0 else part.one(_inside(case, case.entries, case.place - 1))


def _before_many(batch: Batch, part: Node) -> Column:
    if batch.records is None:
        raise RuleError("before 只能用在列表之内")
    return col.before(batch.records, part.many(batch))


def _overlap(first: Value, second: Value) -> Value:
    return bool(set(first) & set(second))  # type: ignore[arg-type]  # two lists of words


def _overlap_columns(_: Batch, first: Column, second: Column) -> Column:
    if first.why.all() or second.why.all():
        return col.flags(np.zeros(1, dtype=bool), first.why | second.why)
    table = np.array([[bool(set(a) & set(b)) for b in second.labels] for a in first.labels], dtype=bool)
    return col.flags(table[first.data, second.data], first.why | second.why)


# -- the rule's own conditions ------------------------------------------------------------------------------------


def _first_failure_one(case: Case) -> Value:
    for code, held in case.failing:
        if held is False:
            return code
    return NOTHING


def _first_failure_many(batch: Batch) -> Column:
    codes = tuple(code for code, _ in batch.failing)
    data: Array = np.zeros(1, dtype=np.int64)
    found: Array = np.zeros(1, dtype=bool)
    for place, (_, held) in enumerate(batch.failing):
        fails = held.known & ~held.data & ~found
        data = np.where(fails, place, data)
        found = found | fails
    why = np.where(found, np.uint64(0), batch.reasons.mask(NOTHING))
    return Column(Kind.TEXT, data, why, labels=codes or ("",))


def _failures_one(case: Case) -> Value:
    return tuple(code for code, held in case.failing if held is False)


def _failures_many(batch: Batch) -> Column:
    bits: Array = np.zeros(1, dtype=np.int64)
    for place, (_, held) in enumerate(batch.failing):
        bits = bits | np.where(held.known & ~held.data, 1 << place, 0)
    codes = [code for code, _ in batch.failing]
    different, data = np.unique(bits, return_inverse=True)
    labels = tuple(tuple(code for place, code in enumerate(codes) if int(word) >> place & 1) for word in different)
    return Column(Kind.TEXTS, data.reshape(-1), _KNOWN, labels=labels)


def _result_parts(parts: tuple[Node, ...]) -> tuple[str, str]:
    names = [part.value for part in parts if isinstance(part, Const) and isinstance(part.value, str)]
    if len(names) != 2:
        raise RuleError("result 要写两个加引号的名字：规则与结果")
    return names[0], names[1]


# -- places and certificates --------------------------------------------------------------------------------------


def _region_code(name: str) -> str | None:
    if name in ("province", "省", "甘肃省", "甘肃"):
        return "620000"
    try:
        return region_code(name)
    except RegionError:
        return None


def _text_map(work: Callable[[str], Value]) -> Callable[[Batch, Column], Column]:
    def many(batch: Batch, texts: Column) -> Column:
        if not texts.labels:
            return texts
        answers = [work(str(label)) for label in texts.labels]
        kinds = [value for value in answers if not isinstance(value, Unknown)]
        kind = Kind.TEXT
        if kinds:
            first = kinds[0]
            kind = (
                Kind.FLAG
                if isinstance(first, bool)
                else Kind.NUMBER
                if isinstance(first, Fraction)
                else Kind.DATE
                if isinstance(first, date)
                else Kind.TEXT
            )
        column = col.from_values(answers, kind, batch.reasons).take(texts.data)
        return replace(column, why=np.where(texts.why != 0, texts.why, column.why))

    return many


def _place(name: Value) -> Value:
    code = _region_code(str(name))
    return missing(PLACE_NAME, Lack.NOT_SEEN) if code is None else code


_REISSUE = "B"


def _certificate(number: str) -> Mapping[str, Value]:
    """Return the parts of a certificate number, or which part is wrong."""
    try:
        held = parse_certificate(number)
    except IdentityError:
        return {"valid": False, "reason": _certificate_fault(number)}
    reissue = number.split(_REISSUE)[1] if _REISSUE in number else "0"
    return {
        "valid": True,
        "birth": held.birth_date,
        "sex": held.sex.value,
        "category": Fraction(int(number[18])),
        "category_name": held.category.label,
        "grade": Fraction(held.grade),
        "severe": held.is_severe,
        "reissue": Fraction(int(reissue)),
    }


def _certificate_fault(number: str) -> str:
    body = number.split(_REISSUE)[0]
    if len(body) != 20 or not (body[:17].isdigit() and body[17:18] in "0123456789X" and body[18:].isdigit()):
        return "format"
    try:
        date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        return "birth_date"
    if body[18] not in "1234567":
        return "category"
    if body[19] not in "1234":
        return "grade"
    return "format" if number[20:] != "" and not _is_reissue(number[20:]) else "check_digit"


def _is_reissue(tail: str) -> bool:
    return tail.startswith(_REISSUE) and tail[1:].isdigit() and tail[1] != "0"


def _certificate_part(number: str, part: str) -> Value:
    return _certificate(number).get(part, NOTHING)


def _certificate_one(case: Case, number: Node, part: Node) -> Value:
    value, wanted = number.one(case), part.one(case)
    if isinstance(value, Unknown):
        return value
    return _certificate_part(str(value), str(wanted))


def _certificate_many(batch: Batch, number: Node, part: Node) -> Column:
    wanted = str(part.many(batch).labels[0])
    return _text_map(partial(_certificate_part, part=wanted))(batch, number.many(batch))


def _within_one(case: Case, number: Node, bounds: Node) -> Value:
    low, high = _bounds(bounds)
    values = [number.one(case), low.one(case), high.one(case)]
    if any(isinstance(value, Unknown) for value in values):
        return because(*values)
    return values[1] <= values[0] <= values[2]  # type: ignore[operator]  # three numbers


def _within_many(batch: Batch, number: Node, bounds: Node) -> Column:
    low, high = (bound.many(batch) for bound in _bounds(bounds))
    value = number.many(batch)
    held = col.compare("<=", low, value).data & col.compare("<=", value, high).data
    return col.flags(held, value.why | low.why | high.why)


def _bounds(node: Node) -> tuple[Number, Number]:
    if not isinstance(node, Number):
        raise RuleError("within 的第二项应是写明 from 与 to 的参数")
    return Number(node.parameter, (*node.keys, Const("from"))), Number(node.parameter, (*node.keys, Const("to")))


def _within_told(case: Case, number: Node, bounds: Node) -> str:
    low, high = _bounds(bounds)
    return f"{low.told(case)} ≤ {number.told(case)} ≤ {high.told(case)}"


FUNCTIONS: Mapping[str, Function] = {
    "min": _fold(col.least, min, "较小"),
    "max": _fold(col.greatest, max, "较大"),
    "ceil": _whole("up"),
    "floor": _whole("down"),
    "round_to": Function(3, 3, _round_one, _round_many),
    "months_between": _strict(lambda a, b: Fraction(completed_months(a, b)), _months_columns, 2),
    "whole_months": _strict(lambda a, b: Fraction(month_index(b) - month_index(a)), _whole_months_columns, 2),
    "add_months": _strict(lambda day, months: plus_months(day, math.floor(months)), _plus_months_columns, 2),
    "days_between": _strict(lambda a, b: Fraction(day_number(b) - day_number(a)), _days_columns, 2),
    "year": _strict(lambda day: Fraction(day.year), _year_columns, 1),
    "month_start": _strict(lambda day: day.replace(day=1), _month_start_columns, 1),
    "day_in": _strict(_on, _on_columns, 2),
    "given": Function(2, 2, _given_one, _given_many, _given_told),
    "is_none": Function(1, 1, _is_none_one, _is_none_many),
    "sum": Function(2, 2, _sum_one, _sum_many, _sum_told),
    "size": Function(1, 1, _size_one, _size_many),
    "running": Function(1, 1, _running_one, _running_many),
    "before": Function(1, 1, _before_one, _before_many),
    "overlap": _strict(_overlap, _overlap_columns, 2),
    "first_failure": Function(0, 0, _first_failure_one, _first_failure_many),
    "failures": Function(0, 0, _failures_one, _failures_many),
    "result": Function(
        2,
        2,
        lambda case, *parts: case.others.one(case, *_result_parts(parts)),
        lambda batch, *parts: batch.others.many(batch, *_result_parts(parts)),
    ),
    "region_code": _strict(_place, _text_map(_place), 1),
    "certificate": Function(2, 2, _certificate_one, _certificate_many),
    "within": Function(2, 2, _within_one, _within_many, _within_told),
}
