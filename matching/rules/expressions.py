"""The small language of conditions and amounts: read once, evaluated for one case or for columns of cases.

It is a part of Python's own expression syntax: names of facts and of the rule's earlier steps, `p.name` for the rule's
own parameter and `param("rule.name")` for another's, `table[key]`, `and or not`, comparisons, `+ - * /`,
`a if c else b`, and the functions of `matching.rules.functions`. Nothing here reads a clock, a file or a random number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from matching.errors import RuleError
from matching.rules import columns as col
from matching.rules.columns import Array, Column, Reasons, Records
from matching.rules.parameters import Parameter, Version
from matching.rules.values import (
    NOTHING,
    Kind,
    Lack,
    Record,
    Unknown,
    Value,
    all_of,
    any_of,
    because,
    day_of,
    missing,
    shown,
)

if TYPE_CHECKING:
    from matching.rules.functions import Function


class OtherRules(Protocol):
    """Answers of other rules, asked for with the facts of one case."""

    def one(self, case: "Case", rule_id: str, output: str) -> Value:
        """Return another rule's result for this case."""
        ...


class OtherColumns(Protocol):
    """Answers of other rules, asked for with the facts of these cases."""

    def many(self, batch: "Batch", rule_id: str, output: str) -> Column:
        """Return another rule's results for these cases."""
        ...


@dataclass(slots=True)
class Case:
    """One case under evaluation; `used` gathers the versions of parameters that were looked up."""

    facts: Mapping[str, Value]
    lets: Mapping[str, "Node"]
    day: date | int | Unknown
    region: str | Unknown | None
    others: OtherRules
    as_of: date
    used: dict[tuple[str, date | None], tuple[Parameter, Version | None]] = field(default_factory=dict)
    memo: dict[str, Value] = field(default_factory=dict)
    failing: tuple[tuple[str, "bool | Unknown"], ...] = ()
    entries: Sequence[Record] = ()
    place: int = -1

    def version(self, parameter: Parameter) -> Version | Unknown | None:
        """Return the version of a parameter that holds for this case's day and place."""
        if isinstance(self.day, Unknown):
            return self.day
        region = self.region
        if isinstance(region, Unknown):
            if parameter.varies_by_place:
                return region
            region = None
        found = parameter.in_year(self.day, region) if isinstance(self.day, int) else parameter.on(self.day, region)
        self.used[(parameter.id, None if found is None else found.valid_from)] = (parameter, found)
        return found


@dataclass(slots=True)
class Batch:
    """Many cases under evaluation, as columns."""

    rows: int
    facts: Mapping[str, Column | Records]
    lets: Mapping[str, "Node"]
    day: Column
    region: Column | None
    others: OtherColumns
    as_of: Column
    reasons: Reasons
    memo: dict[str, Column] = field(default_factory=dict)
    looked_up: dict[str, tuple[Array, list[Version | None], Array]] = field(default_factory=dict)
    failing: tuple[tuple[str, Column], ...] = ()
    records: Records | None = None
    outer: "Batch | None" = None

    def versions(self, parameter: Parameter) -> tuple[Array, list[Version | None], Array]:
        """Return for each row which of the parameter's versions holds: places, the versions, reasons."""
        found = self.looked_up.get(parameter.id)
        if found is None:
            found = self.looked_up[parameter.id] = self._look_up(parameter)
        return found

    def _look_up(self, parameter: Parameter) -> tuple[Array, list[Version | None], Array]:
        places: dict[int, int] = {}
        versions: list[Version | None] = []

        def place(version: Version | None) -> int:
            key = id(version)
            if key not in places:
                places[key] = len(versions)
                versions.append(version)
            return places[key]

        why = self.day.why
        by_year = self.day.kind is Kind.NUMBER
        ask: Callable[[Any, str | None], Version | None] = parameter.in_year if by_year else parameter.on
        days, back = col.distinct(_whole(self.day) if by_year else self.day.data)
        asked = [int(day) if by_year else day_of(int(day)) for day in days]
        if parameter.varies_by_place and self.region is not None:
            why = why | self.region.why
            labels = [str(label) for label in self.region.labels]
            pairs = back * len(labels) + self.region.data
            different, home = col.distinct(pairs)
            known = [
                place(ask(asked[int(pair) // len(labels)], labels[int(pair) % len(labels)] or None))
                for pair in different
            ]
            return np.array(known, dtype=np.int64)[home], versions, why
        known = [place(ask(day, None)) for day in asked]
        return np.array(known, dtype=np.int64)[back], versions, why


def _whole(column: Column) -> Array:
    whole: Array = column.data // column.den
    return whole


class Node(Protocol):
    """One part of an expression."""

    def one(self, case: Case) -> Value:
        """Evaluate for one case."""
        ...

    def many(self, batch: Batch) -> Column:
        """Evaluate for columns of cases."""
        ...

    def told(self, case: Case) -> str:
        """Write with the case's values, as a line of working."""
        ...


@dataclass(frozen=True, slots=True)
class Const:
    """A word, number, list of words or `None` in the text."""

    value: Value

    def one(self, case: Case) -> Value:
        """Return the value."""
        return self.value

    def many(self, batch: Batch) -> Column:
        """Return the value for all rows."""
        return col.constant(self.value, batch.reasons)

    def told(self, case: Case) -> str:
        """Write the value."""
        return shown(self.value)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the case, or a field of the entry under evaluation."""

    name: str

    def one(self, case: Case) -> Value:
        """Return the fact, unknown where it is missing."""
        if case.place >= 0 and self.name in case.entries[case.place]:
            return case.entries[case.place][self.name]
        return case.facts[self.name]

    def many(self, batch: Batch) -> Column:
        """Return the column of the fact."""
        if batch.records is not None and batch.outer is not None:
            if self.name in batch.records.fields:
                return batch.records.fields[self.name]
            return Fact(self.name).many(batch.outer).take(batch.records.owner)
        found = batch.facts[self.name]
        if isinstance(found, Records):
            raise RuleError(f"{self.name} 是列表，应放在 sum、size 等之内")
        return found

    def told(self, case: Case) -> str:
        """Write the fact's value."""
        return shown(self.one(case))


@dataclass(frozen=True, slots=True)
class Position:
    """The place of the entry under evaluation in its list, from 0."""

    def one(self, case: Case) -> Value:
        """Return the place."""
        return Fraction(case.place)

    def many(self, batch: Batch) -> Column:
        """Return the places."""
        if batch.records is None:
            raise RuleError("position 只能用在列表之内")
        places = col.positions(batch.records)
        return Column(Kind.NUMBER, places, np.zeros(1, dtype=np.uint64))

    def told(self, case: Case) -> str:
        """Write the place, counted from 1."""
        return f"第{case.place + 1}项"


@dataclass(frozen=True, slots=True)
class Let:
    """A step that the rule worked out before."""

    name: str

    def one(self, case: Case) -> Value:
        """Return the step's value; worked out once a case, or once an entry inside a list."""
        if case.place >= 0:
            return case.lets[self.name].one(case)
        if self.name not in case.memo:
            case.memo[self.name] = case.lets[self.name].one(case)
        return case.memo[self.name]

    def many(self, batch: Batch) -> Column:
        """Return the step's column."""
        if self.name not in batch.memo:
            batch.memo[self.name] = batch.lets[self.name].many(batch)
        return batch.memo[self.name]

    def told(self, case: Case) -> str:
        """Write the step's value."""
        return shown(self.one(case))


@dataclass(frozen=True, slots=True)
class Number:
    """A dated parameter; with keys, one entry of its table."""

    parameter: Parameter
    keys: tuple[Node, ...] = ()

    def one(self, case: Case) -> Value:
        """Return the value in force for the case."""
        version = case.version(self.parameter)
        if isinstance(version, Unknown):
            return version
        value = self.parameter.read(version)
        if isinstance(value, Unknown):
            return value
        if not self.keys:
            if isinstance(value, Mapping):
                raise RuleError(f"{self.parameter.id} 是一张表，应写明取哪一项")
            return value
        given = [key.one(case) for key in self.keys]
        lacking = because(*given)
        if lacking.why:
            return lacking
        return _entry(self.parameter, value, tuple(_key(item) for item in given))

    def many(self, batch: Batch) -> Column:
        """Return the values in force for the rows."""
        place, versions, why = batch.versions(self.parameter)
        values = [self.parameter.read(version) for version in versions]
        if not self.keys:
            return _with_why(_table(list(values), batch.reasons).take(place), why)
        keys = [key.many(batch) for key in self.keys]
        tables = [_key_labels(key) for key in keys]
        index = place
        found: list[Value] = []
        combined: list[tuple[str, ...]] = [()]
        for labels, codes in tables:
            index = index * len(labels) + codes
            combined = [(*before, label) for before in combined for label in labels]
        for value in values:
            found += [value if isinstance(value, Unknown) else _entry(self.parameter, value, one) for one in combined]
        asked = np.zeros(1, dtype=np.uint64)
        for key in keys:
            asked = asked | key.why
        # As for one case: first whether a number is in force at all, then whether its key is known.
        valueless = np.array([isinstance(value, Unknown) for value in values], dtype=bool)[place]
        column = _table(found, batch.reasons).take(index)
        column.why = np.where(valueless | (asked == 0), column.why, asked)
        return _with_why(column, why)

    def told(self, case: Case) -> str:
        """Write the value in force."""
        return shown(self.one(case))


def _key(value: Value) -> str:
    return str(value)


def _entry(parameter: Parameter, table: Any, keys: tuple[str, ...]) -> Value:
    found = table
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            return missing(parameter.id, Lack.NOT_SEEN)
        found = found[key]
    return found  # type: ignore[no-any-return]  # a table's leaves are values


def _key_labels(key: Column) -> tuple[list[str], Array]:
    if key.kind is Kind.TEXT:
        return [str(label) for label in key.labels], key.data
    if isinstance(key.den, int):
        numbers, back = np.unique(key.data, return_inverse=True)
        return [_key(Fraction(int(number), key.den)) for number in numbers], back.reshape(-1)
    size = len(key)
    pairs = zip(np.broadcast_to(key.data, (size,)).tolist(), np.broadcast_to(key.den, (size,)).tolist(), strict=True)
    places: dict[str, int] = {}
    codes = [places.setdefault(_key(Fraction(int(upper), int(lower))), len(places)) for upper, lower in pairs]
    return list(places), np.array(codes, dtype=np.int64)


def _table(values: list[Any], reasons: Reasons) -> Column:
    kind = Kind.NUMBER
    for value in values:
        if not isinstance(value, Unknown):
            kind = _kind_of(value)
            break
    return col.from_values(values, kind, reasons)


def _kind_of(value: Value) -> Kind:
    if isinstance(value, bool):
        return Kind.FLAG
    if isinstance(value, Fraction):
        return Kind.NUMBER
    if isinstance(value, str):
        return Kind.TEXT
    return Kind.DATE if isinstance(value, date) else Kind.TEXTS


def _with_why(column: Column, why: Array) -> Column:
    column.why = np.where(why != 0, why, column.why) if len(why) > 1 or why.any() else column.why
    return column


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, `or`, `not` over three values."""

    sign: str
    parts: tuple[Node, ...]

    def one(self, case: Case) -> Value:
        """Evaluate by Kleene's tables."""
        values = [_flag(part.one(case)) for part in self.parts]
        if self.sign == "not":
            return values[0] if isinstance(values[0], Unknown) else not values[0]
        return all_of(values) if self.sign == "and" else any_of(values)

    def many(self, batch: Batch) -> Column:
        """Evaluate by Kleene's tables, as columns."""
        found = [_flag_column(part.many(batch)) for part in self.parts]
        if self.sign == "not":
            return col.negated(found[0])
        return col.both(found) if self.sign == "and" else col.either(found)

    def told(self, case: Case) -> str:
        """Write the answer."""
        return shown(self.one(case))


def _flag(value: Value) -> bool | Unknown:
    if isinstance(value, bool | Unknown):
        return value
    raise RuleError("and、or、not 只能连接是非")


def _flag_column(column: Column) -> Column:
    if column.kind is Kind.FLAG:
        return column
    if column.why.all():
        return col.flags(np.zeros(len(column.data), dtype=bool), column.why)
    raise RuleError("and、or、not 只能连接是非")


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison."""

    sign: str
    left: Node
    right: Node

    def one(self, case: Case) -> Value:
        """Compare; unknown where a side is."""
        left, right = self.left.one(case), self.right.one(case)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return because(left, right)
        if self.sign in ("in", "not in"):
            held = left in right if isinstance(right, tuple) else left == right
            return held if self.sign == "in" else not held
        return _SIGNS[self.sign](left, right)

    def many(self, batch: Batch) -> Column:
        """Compare columns."""
        left, right = self.left.many(batch), self.right.many(batch)
        if self.sign in ("in", "not in"):
            held = _contained(left, right)
            return held if self.sign == "in" else col.negated(held)
        if left.kind is not right.kind:
            if not (left.why.all() or right.why.all()):
                raise RuleError("比较的两边不是同一类值")
            return col.flags(np.zeros(1, dtype=bool), left.why | right.why)
        return col.compare(self.sign, left, right)

    def told(self, case: Case) -> str:
        """Write both sides."""
        return f"{self.left.told(case)} {_TOLD.get(self.sign, self.sign)} {self.right.told(case)}"


def _contained(left: Column, right: Column) -> Column:
    size = max(len(left), len(right))
    if left.why.all() or right.why.all():
        return col.flags(np.zeros(size, dtype=bool), (left.why | right.why).repeat(1))
    # One text is in another only where they are the same, never as a part of it.
    table = np.array(
        [[one in many if isinstance(many, tuple) else one == many for many in right.labels] for one in left.labels],
        dtype=bool,
    )
    return col.flags(table[left.data, right.data], left.why | right.why)


_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}
_TOLD = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "in": "属于", "not in": "不属于", "*": "×", "/": "÷", "-": "−"}


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Exact sums, differences, products and quotients."""

    sign: str
    left: Node
    right: Node

    def one(self, case: Case) -> Value:
        """Calculate; unknown where a side is."""
        left, right = self.left.one(case), self.right.one(case)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return because(left, right)
        if not isinstance(left, Fraction) or not isinstance(right, Fraction):
            raise RuleError("加减乘除只能用于数字")
        if self.sign == "/":
            return NOTHING if right == 0 else left / right
        return left + right if self.sign == "+" else left - right if self.sign == "-" else left * right

    def many(self, batch: Batch) -> Column:
        """Calculate columns."""
        left, right = self.left.many(batch), self.right.many(batch)
        if self.sign == "/":
            return col.divide(left, right, batch.reasons)
        work = {"+": col.add, "-": col.subtract, "*": col.multiply}[self.sign]
        return work(left, right)

    def told(self, case: Case) -> str:
        """Write the calculation with its values."""
        first, second = self.left.told(case), self.right.told(case)
        if self.sign in "*/":
            first = f"（{first}）" if isinstance(self.left, Arithmetic) and self.left.sign in "+-" else first
            second = f"（{second}）" if isinstance(self.right, Arithmetic) else second
        return f"{first} {_TOLD.get(self.sign, self.sign)} {second}"


@dataclass(frozen=True, slots=True)
class If:
    """One of two, by a condition; where that is unknown, the answer that both share."""

    test: Node
    yes: Node
    no: Node

    def one(self, case: Case) -> Value:
        """Choose."""
        found = _flag(self.test.one(case))
        if isinstance(found, Unknown):
            yes, no = self.yes.one(case), self.no.one(case)
            same = not isinstance(yes, Unknown) and not isinstance(no, Unknown) and yes == no
            return yes if same else found
        return self.yes.one(case) if found else self.no.one(case)

    def many(self, batch: Batch) -> Column:
        """Choose, row by row."""
        return col.choose(_flag_column(self.test.many(batch)), self.yes.many(batch), self.no.many(batch))

    def told(self, case: Case) -> str:
        """Write the branch taken."""
        found = self.test.one(case)
        return shown(self.one(case)) if isinstance(found, Unknown) else (self.yes if found else self.no).told(case)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of `matching.rules.functions`."""

    function: "Function"
    parts: tuple[Node, ...]

    def one(self, case: Case) -> Value:
        """Call for one case."""
        return self.function.one(case, *self.parts)

    def many(self, batch: Batch) -> Column:
        """Call for columns."""
        return self.function.many(batch, *self.parts)

    def told(self, case: Case) -> str:
        """Write the call with its values."""
        return self.function.told(case, *self.parts) if self.function.told else shown(self.one(case))
