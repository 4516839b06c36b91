"""Columns of facts and results for many cases at once; the arithmetic is exact, as for one case.

A number column holds integers over a denominator (one for all rows, or one each); where a product would leave 64 bits
the column turns to Python integers by itself, slower and still exact. `why` has one bit for each reason for which a row
is unknown; zero is known. What stands in `data` where a row is unknown means nothing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.rules.values import NOTHING, Kind, Unknown, Value, Why, day_number, day_of

Array = npt.NDArray[Any]
Label = str | tuple[str, ...]
_LIMIT = 2**62
_WORDS = 63
_FEW = 1000


@dataclass(slots=True)
class Reasons:
    """Which bit stands for which reason, within one rule's evaluation."""

    bits: dict[Why, int] = field(default_factory=dict)

    def mask(self, unknown: Unknown) -> np.uint64:
        """Return the word whose set bits are the reasons.

        Raises
        ------
        OverflowError
            When one rule has more than 63 different reasons.
        """
        word = 0
        for reason in unknown.why:
            place = self.bits.setdefault(reason, len(self.bits))
            if place >= _WORDS:
                raise OverflowError("one rule has more than 63 facts and numbers")
            word |= 1 << place
        return np.uint64(word)

    def decode(self, word: int) -> Unknown:
        """Return the reasons of one row."""
        return Unknown(frozenset(reason for reason, place in self.bits.items() if word >> place & 1))


@dataclass(slots=True)
class Column:
    """One value a row, or one value for all rows (length 1)."""

    kind: Kind
    data: Array
    why: Array
    den: Array | int = 1
    labels: tuple[Label, ...] = ()

    def __len__(self) -> int:
        sizes = (len(self.data), len(self.why), 1 if isinstance(self.den, int) else len(self.den))
        return max(sizes) if all(sizes) else 0

    @property
    def known(self) -> Array:
        """True where the row has a value."""
        return np.asarray(self.why == 0)

    def take(self, rows: Array) -> "Column":
        """Return the rows asked for, a constant stays one value."""
        den = self.den if isinstance(self.den, int) else _pick(self.den, rows)
        return replace(self, data=_pick(self.data, rows), why=_pick(self.why, rows), den=den)

    def full(self, rows: int) -> "Column":
        """Return the column with one entry a row."""
        den = self.den if isinstance(self.den, int) else np.broadcast_to(self.den, (rows,))
        return replace(self, data=np.broadcast_to(self.data, (rows,)), why=np.broadcast_to(self.why, (rows,)), den=den)

    def value(self, row: int, reasons: Reasons) -> Value:
        """Return one row as the single evaluation would give it."""
        word = int(_at(self.why, row))
        if word:
            return reasons.decode(word)
        found = _at(self.data, row)
        if self.kind is Kind.FLAG:
            return bool(found)
        if self.kind is Kind.NUMBER:
            return Fraction(int(found), self.den if isinstance(self.den, int) else int(_at(self.den, row)))
        if self.kind in (Kind.DATE, Kind.MONTH):
            return day_of(int(found))
        return self.labels[int(found)]


@dataclass(slots=True)
class Records:
    """A list of entries for each row: `owner` says which row an entry belongs to, ascending."""

    rows: int
    owner: Array
    fields: Mapping[str, Column]
    why: Array

    def take(self, rows: Array) -> "Records":
        """Return the lists of the rows asked for."""
        order = np.full(self.rows, -1, dtype=np.int64)
        order[rows] = np.arange(len(rows))
        new = order[self.owner]
        kept = np.flatnonzero(new >= 0)
        kept = kept[np.argsort(new[kept], kind="stable")]
        fields = {name: column.take(kept) for name, column in self.fields.items()}
        why = self.why if len(self.why) == 1 else self.why[rows]
        return Records(len(rows), new[kept], fields, why)


def _pick(array: Array, rows: Array) -> Array:
    return array if len(array) == 1 else array[rows]


def _at(array: Array, row: int) -> Any:
    return array[0] if len(array) == 1 else array[row]


def _zeros(size: int) -> Array:
    return np.zeros(size, dtype=np.uint64)


def constant(value: Value, reasons: Reasons) -> Column:
    """Return a column of one value for all rows."""
    if isinstance(value, Unknown):
        return Column(Kind.NUMBER, np.zeros(1, dtype=np.int64), np.array([reasons.mask(value)], dtype=np.uint64))
    if isinstance(value, bool):
        return Column(Kind.FLAG, np.array([value]), _zeros(1))
    if isinstance(value, Fraction):
        return Column(Kind.NUMBER, _integers([value.numerator]), _zeros(1), value.denominator)
    if isinstance(value, str):
        return Column(Kind.TEXT, np.zeros(1, dtype=np.int64), _zeros(1), labels=(value,))
    if isinstance(value, tuple):
        texts = tuple(str(item) for item in value)
        return Column(Kind.TEXTS, np.zeros(1, dtype=np.int64), _zeros(1), labels=(texts,))
    return Column(Kind.DATE, np.array([day_number(value)], dtype=np.int64), _zeros(1))


def _integers(numbers: Sequence[int]) -> Array:
    small = all(-_LIMIT < number < _LIMIT for number in numbers)
    return np.array(numbers, dtype=np.int64 if small else object)


def from_values(values: Sequence[Value], kind: Kind, reasons: Reasons) -> Column:
    """Return a column of values read one by one (`Fraction`, `date`, …, `Unknown`)."""
    why = np.array([reasons.mask(v) if isinstance(v, Unknown) else 0 for v in values], dtype=np.uint64)
    known = [None if isinstance(v, Unknown) else v for v in values]
    if kind is Kind.FLAG:
        return Column(kind, np.array([v is True for v in known], dtype=bool), why)
    if kind is Kind.NUMBER:
        numbers = [v if isinstance(v, Fraction) else Fraction(0) for v in known]
        den = math.lcm(*{number.denominator for number in numbers}) if numbers else 1
        return Column(kind, _integers([n.numerator * (den // n.denominator) for n in numbers]), why, den)
    if kind in (Kind.DATE, Kind.MONTH):
        days = [0 if v is None else day_number(v) for v in known]  # type: ignore[arg-type]  # a date by its kind
        return Column(kind, np.array(days, dtype=np.int64), why)
    labels: dict[Any, int] = {}
    codes = [0 if v is None else labels.setdefault(v, len(labels)) for v in known]
    return Column(kind, np.array(codes, dtype=np.int64), why, labels=tuple(labels) or ("",))


def distinct(whole: Array) -> tuple[Array, Array]:
    """Return the different whole numbers in order, and for each entry which of them it is.

    As `numpy.unique` does; but days and months of many cases lie close together, and then nothing is sorted.
    """
    if whole.dtype != object and len(whole) > _FEW:
        low = int(whole.min())
        span = int(whole.max()) - low + 1
        if span <= 2 * len(whole):
            at, there = whole - low, np.zeros(span, dtype=bool)
            there[at] = True
            return np.flatnonzero(there) + low, (np.cumsum(there) - 1)[at]
    different, back = np.unique(whole, return_inverse=True)
    return different, back.reshape(-1)


def unknown(kind: Kind, reason: Unknown, reasons: Reasons) -> Column:
    """Return a column of which nothing is known, for one reason; one entry stands for all rows."""
    blank: Label = () if kind is Kind.TEXTS else ""
    labels = (blank,) if kind in (Kind.TEXT, Kind.TEXTS) else ()
    data = np.zeros(1, dtype=bool if kind is Kind.FLAG else np.int64)
    return Column(kind, data, np.array([reasons.mask(reason)], dtype=np.uint64), labels=labels)


def flags(data: Array, why: Array) -> Column:
    """Return a truth column."""
    return Column(Kind.FLAG, data, why)


# -- three-valued logic -------------------------------------------------------------------------------------------


def both(columns: Sequence[Column]) -> Column:
    """Kleene's and over columns."""
    data: Array = np.ones(1, dtype=bool)
    why: Array = _zeros(1)
    refuted: Array = np.zeros(1, dtype=bool)
    for column in columns:
        refuted = refuted | (column.known & ~column.data)
        data = data & column.data
        why = why | column.why
    return flags(data & ~refuted, np.where(refuted, np.uint64(0), why))


def either(columns: Sequence[Column]) -> Column:
    """Kleene's or over columns."""
    why: Array = _zeros(1)
    proved: Array = np.zeros(1, dtype=bool)
    for column in columns:
        proved = proved | (column.known & column.data)
        why = why | column.why
    return flags(proved, np.where(proved, np.uint64(0), why))


def negated(column: Column) -> Column:
    """Kleene's not."""
    return flags(~column.data, column.why)


# -- exact numbers ------------------------------------------------------------------------------------------------


def _bound(array: Array) -> int:
    if array.dtype == object or len(array) == 0:
        return 0 if len(array) == 0 else max(abs(int(item)) for item in array)
    return max(abs(int(array.max())), abs(int(array.min())))


def _times(left: Array, right: Array | int) -> Array:
    if isinstance(right, int):
        if right == 1:
            return left
        right = _integers([right])
    if left.dtype != object and right.dtype != object and _bound(left) * _bound(right) >= _LIMIT:
        left = left.astype(object)
    product: Array = left * right
    return product


def _added(left: Array, right: Array) -> Array:
    if left.dtype != object and right.dtype != object and _bound(left) + _bound(right) >= _LIMIT:
        left = left.astype(object)
    total: Array = left + right
    return total


def _same_base(left: Column, right: Column) -> tuple[Array, Array, Array | int]:
    if isinstance(left.den, int) and isinstance(right.den, int):
        base = math.lcm(left.den, right.den)
        return _times(left.data, base // left.den), _times(right.data, base // right.den), base
    first = left.den if not isinstance(left.den, int) else _integers([left.den])
    second = right.den if not isinstance(right.den, int) else _integers([right.den])
    return _times(left.data, second), _times(right.data, first), _times(first, second)


def add(left: Column, right: Column) -> Column:
    """Sum."""
    first, second, base = _same_base(left, right)
    return Column(Kind.NUMBER, _added(first, second), left.why | right.why, base)


def subtract(left: Column, right: Column) -> Column:
    """Difference."""
    return add(left, replace(right, data=-right.data))


def multiply(left: Column, right: Column) -> Column:
    """Product."""
    data, den = left.data, left.den
    if isinstance(den, int) and isinstance(right.den, int):
        common = den * right.den
        product = _times(data, right.data)
        if product.dtype != object and len(product) == 1 and common > 1:
            shared = math.gcd(int(product[0]), common)
            product, common = product // shared, common // shared
        return Column(Kind.NUMBER, product, left.why | right.why, common)
    first = den if not isinstance(den, int) else _integers([den])
    second = right.den if not isinstance(right.den, int) else _integers([right.den])
    return Column(Kind.NUMBER, _times(data, right.data), left.why | right.why, _times(first, second))


def divide(left: Column, right: Column, reasons: Reasons) -> Column:
    """Quotient; by zero there is none."""
    zero = right.data == 0
    den = np.where(zero, 1, right.data)
    sign = np.where(den < 0, -1, 1)
    upper = _times(left.data, right.den) * sign
    lower = _times(den, left.den) * sign
    nothing = np.where(zero & (right.why == 0) & (left.why == 0), reasons.mask(NOTHING), np.uint64(0))
    why = left.why | right.why | nothing
    if len(lower) == 1 and lower.dtype != object:
        return Column(Kind.NUMBER, upper, why, int(lower[0]))
    return Column(Kind.NUMBER, upper, why, lower)


def rounded(column: Column, base: Fraction, direction: str) -> Column:
    """Round to multiples of `base`, as `values.rounded` does."""
    upper = _times(column.data, base.denominator)
    lower = column.den * base.numerator if isinstance(column.den, int) else _times(column.den, base.numerator)
    if isinstance(lower, int):
        lower = _integers([lower])
    if direction == "up":
        steps = -((-upper) // lower)
    elif direction == "down":
        steps = upper // lower
    else:
        sign = np.where(upper < 0, -1, 1)
        steps = sign * ((_times(abs(upper), 2) + lower) // _times(lower, 2))
    return Column(Kind.NUMBER, _times(steps, base.numerator), column.why, base.denominator)


def least(left: Column, right: Column) -> Column:
    """The smaller of two, row by row."""
    return choose(compare("<=", left, right), left, right)


def greatest(left: Column, right: Column) -> Column:
    """The greater of two, row by row."""
    return choose(compare(">=", left, right), left, right)


# -- comparison and choice ----------------------------------------------------------------------------------------

_COMPARE: Mapping[str, Callable[[Array, Array], Array]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def compare(sign: str, left: Column, right: Column) -> Column:
    """Compare two columns of one kind."""
    if left.kind is Kind.NUMBER:
        first, second, _ = _same_base(left, right)
    elif left.kind in (Kind.TEXT, Kind.TEXTS):
        left, right = _same_labels(left, right)
        first, second = left.data, right.data
    else:
        first, second = left.data, right.data
    return flags(np.asarray(_COMPARE[sign](first, second), dtype=bool), left.why | right.why)


def _same_labels(left: Column, right: Column) -> tuple[Column, Column]:
    if left.labels == right.labels:
        return left, right
    places = {label: place for place, label in enumerate(left.labels)}
    labels = list(left.labels)
    moved = []
    for label in right.labels:
        if label not in places:
            places[label] = len(labels)
            labels.append(label)
        moved.append(places[label])
    table = np.array(moved, dtype=np.int64)
    return replace(left, labels=tuple(labels)), replace(right, data=table[right.data], labels=tuple(labels))


def _one_kind(left: Column, right: Column) -> tuple[Column, Column]:
    # A column of which nothing is ever known (None, a number never confirmed) takes the other's kind.
    if left.kind is right.kind:
        return left, right
    if left.why.all():
        return replace(unlike(left, right), why=left.why), right
    return left, replace(unlike(right, left), why=right.why)


def unlike(blank: Column, model: Column) -> Column:
    """Return `blank`, of which nothing is known, in the kind of `model`."""
    data = np.zeros(len(blank.data), dtype=bool if model.kind is Kind.FLAG else np.int64)
    return Column(model.kind, data, blank.why, labels=model.labels)


def choose(where: Column, yes: Column, no: Column) -> Column:
    """The one where true, the other where false; where unknown, the answer that both share, else unknown."""
    yes, no = _one_kind(yes, no)
    if yes.kind in (Kind.TEXT, Kind.TEXTS):
        yes, no = _same_labels(yes, no)
    first, second, base = _same_base(yes, no) if yes.kind is Kind.NUMBER else (yes.data, no.data, 1)
    shared = yes.known & no.known & np.asarray(first == second, dtype=bool)
    known = where.known
    data = np.where(known & ~where.data, second, first)
    why = np.where(known, np.where(where.data, yes.why, no.why), np.where(shared, np.uint64(0), where.why))
    if not isinstance(base, int):
        base = np.broadcast_to(base, np.broadcast(data, why, base).shape)
    return Column(yes.kind, data, why, base, yes.labels)


def given(first: Column, second: Column) -> Column:
    """The first where it is known, else the second."""
    return choose(flags(first.known, _zeros(1)), first, second)


# -- lists --------------------------------------------------------------------------------------------------------


def total(records: Records, column: Column) -> Column:
    """Sum over each row's entries; unknown where one entry is."""
    size = len(records.owner)
    wide = _one_base(column.full(size))
    if size and _bound(wide.data) * size >= _LIMIT:
        wide = replace(wide, data=wide.data.astype(object))
    sums = np.zeros(records.rows, dtype=wide.data.dtype)
    np.add.at(sums, records.owner, np.where(wide.known, wide.data, 0))
    return Column(Kind.NUMBER, sums, records.why | _entry_reasons(records, wide), wide.den)


def _one_base(wide: Column) -> Column:
    if isinstance(wide.den, int):
        return wide
    numbers = [Fraction(int(upper), int(lower)) for upper, lower in zip(wide.data, wide.den, strict=True)]
    base = math.lcm(*{number.denominator for number in numbers}) if numbers else 1
    return replace(wide, data=_integers([n.numerator * (base // n.denominator) for n in numbers]), den=base)


def _entry_reasons(records: Records, wide: Column) -> Array:
    why = _zeros(records.rows)
    np.bitwise_or.at(why, records.owner, wide.why)
    return why


def entries(records: Records) -> Column:
    """How many entries each row has."""
    counts = np.bincount(records.owner, minlength=records.rows).astype(np.int64)
    return Column(Kind.NUMBER, counts, records.why)


def positions(records: Records) -> Array:
    """Return each entry's place in its row's list, from 0."""
    first = np.searchsorted(records.owner, records.owner, side="left")
    return np.arange(len(records.owner), dtype=np.int64) - first


def running(records: Records, column: Column) -> Column:
    """Sum of this entry and those before it in its row; unknown from the first unknown entry on."""
    wide = _one_base(column.full(len(records.owner)))
    data = np.where(wide.known, wide.data, 0)
    if len(data) and _bound(data) * len(data) >= _LIMIT:
        data = data.astype(object)
    sums = np.cumsum(data)
    first = np.searchsorted(records.owner, records.owner, side="left")
    before = np.where(first > 0, sums[first - 1], 0) if len(sums) else sums
    why = np.bitwise_or.accumulate(wide.why) if len(wide.why) else wide.why
    if len(why) and wide.why.any():  # reasons must not run on into the next row
        why = wide.why.copy()
        place = positions(records)
        for entry in np.flatnonzero(place > 0):
            why[entry] |= why[entry - 1]
    return Column(Kind.NUMBER, sums - before, why, wide.den)


def before(records: Records, column: Column) -> Column:
    """The value of the entry before; zero for the first."""
    wide = column.full(len(records.owner))
    is_first = positions(records) == 0
    shifted = np.where(is_first, 0, np.roll(wide.data, 1))
    why = np.where(is_first, np.uint64(0), np.roll(wide.why, 1))
    den = wide.den if isinstance(wide.den, int) else np.where(is_first, 1, np.roll(wide.den, 1))
    return Column(Kind.NUMBER, shifted, why, den)
