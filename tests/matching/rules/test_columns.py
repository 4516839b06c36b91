"""Columns: what each holds, is and becomes row by row is what the single values say, exactly."""

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from matching.rules import columns as col
from matching.rules.columns import Column, Reasons, Records
from matching.rules.values import NOTHING, Kind, Lack, Unknown, Value, Why, all_of, any_of, because, missing, rounded

F = Fraction
A, B = missing("a"), missing("b")
NUMBERS: tuple[Value, ...] = (F(0), F(1, 3), F(-7, 2), F(2**40), F(2**62 - 1), F(-(2**70), 3), A)


def column(values: Sequence[Value], kind: Kind, reasons: Reasons) -> Column:
    """Return a column of values."""
    return col.from_values(values, kind, reasons)


def rows(found: Column, reasons: Reasons, size: int) -> list[Value]:
    """Return the values of a column."""
    return [found.value(row, reasons) for row in range(size)]


def pairs(values: Sequence[Value], kind: Kind, reasons: Reasons) -> tuple[Column, Column, list[tuple[Value, Value]]]:
    """Return two columns that meet every value with every other."""
    both = list(product(values, values))
    return column([x for x, _ in both], kind, reasons), column([y for _, y in both], kind, reasons), both


# -- what a column holds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.FLAG, (True, False, A, True)),
        (Kind.NUMBER, NUMBERS),
        (Kind.NUMBER, (F(1, 2), B, F(1, 3))),
        (Kind.TEXT, ("x", "y", "x", A)),
        (Kind.TEXTS, (("x", "y"), (), A, ("x",))),
        (Kind.DATE, (date(2024, 2, 29), date(1969, 12, 31), A)),
        (Kind.MONTH, (date(2024, 2, 1), A)),
        (Kind.NUMBER, ()),
        (Kind.TEXT, (A,)),
    ],
)
def test_values_come_back_as_they_went_in(kind: Kind, values: tuple[Value, ...]) -> None:
    reasons = Reasons()
    held = column(values, kind, reasons)
    assert held.kind is kind
    assert len(held) == max(len(values), 0)
    assert rows(held, reasons, len(values)) == list(values)
    assert held.known.tolist() == [not isinstance(value, Unknown) for value in values]
    order = np.arange(len(values))[::-1]
    assert rows(held.take(order), reasons, len(values)) == list(values)[::-1]
    assert rows(held.full(len(values)), reasons, len(values)) == list(values)


def test_equal_texts_share_one_label() -> None:
    assert column(["x", "y", "x"], Kind.TEXT, Reasons()).labels == ("x", "y")


def test_small_numbers_stay_machine_words_and_wide_ones_do_not() -> None:
    reasons = Reasons()
    assert column([F(2**62 - 1), F(-(2**62) + 1)], Kind.NUMBER, reasons).data.dtype == np.int64
    assert column([F(2**62)], Kind.NUMBER, reasons).data.dtype == object
    assert column([F(-(2**62))], Kind.NUMBER, reasons).data.dtype == object


@pytest.mark.parametrize("value", [True, False, F(2, 3), F(2**80), "甲", ("a", "b"), (), date(2024, 1, 31), A, NOTHING])
def test_constant_is_the_same_in_every_row(value: Value) -> None:
    reasons = Reasons()
    held = col.constant(value, reasons)
    assert len(held) == 1
    assert rows(held, reasons, 3) == [value] * 3
    assert rows(held.take(np.array([2, 0])), reasons, 2) == [value] * 2
    full = held.full(4)
    assert len(full) == 4
    assert len(full.data) == len(full.why) == 4
    assert rows(full, reasons, 4) == [value] * 4


def test_column_of_nothing_known_has_its_kind_and_reason() -> None:
    reasons = Reasons()
    for kind in (Kind.FLAG, Kind.NUMBER, Kind.TEXT, Kind.TEXTS, Kind.DATE):
        held = col.unknown(kind, A, reasons)
        assert held.kind is kind
        assert len(held) == 1
        assert rows(held, reasons, 2) == [A, A]
        assert not held.known.any()
    assert col.unknown(Kind.TEXT, A, reasons).labels == ("",)
    assert col.unknown(Kind.TEXTS, A, reasons).labels == ((),)
    assert col.unknown(Kind.NUMBER, A, reasons).labels == ()
    assert col.unknown(Kind.FLAG, A, reasons).data.dtype == bool


def test_reasons_are_bits_and_come_back() -> None:
    reasons = Reasons()
    whys = [Why(Lack.MISSING, f"fact{place}") for place in range(63)]
    words = [int(reasons.mask(Unknown(frozenset({why})))) for why in whys]
    assert words == [1 << place for place in range(63)]
    assert int(reasons.mask(Unknown(frozenset(whys[:2])))) == 3
    assert reasons.decode(5) == Unknown(frozenset({whys[0], whys[2]}))
    with pytest.raises(OverflowError, match=r"^one rule has more than 63 facts and numbers$"):
        reasons.mask(missing("one more"))


# -- three values ---------------------------------------------------------------------------------------------------

TRUTHS: tuple[bool | Unknown, ...] = (True, False, A, B)


def test_logic_of_columns_is_the_logic_of_values() -> None:
    reasons = Reasons()
    cases = list(product(TRUTHS, repeat=3))
    held = [column([case[place] for case in cases], Kind.FLAG, reasons) for place in range(3)]
    assert rows(col.both(held), reasons, len(cases)) == [all_of(case) for case in cases]
    assert rows(col.either(held), reasons, len(cases)) == [any_of(case) for case in cases]
    assert rows(col.both(held[:1]), reasons, len(cases)) == [case[0] for case in cases]
    assert rows(col.negated(held[0]), reasons, len(cases)) == [
        case[0] if isinstance(case[0], Unknown) else not case[0] for case in cases
    ]
    assert rows(col.both([]), reasons, 1) == [True]
    assert rows(col.either([]), reasons, 1) == [False]
    assert col.both(held).kind is col.either(held).kind is Kind.FLAG


def test_constant_beside_a_column_decides_its_rows() -> None:
    reasons = Reasons()
    held = column(TRUTHS, Kind.FLAG, reasons)
    no, yes = col.constant(False, reasons), col.constant(True, reasons)
    assert rows(col.both([no, held]), reasons, 4) == [False] * 4
    assert rows(col.either([held, yes]), reasons, 4) == [True] * 4
    assert rows(col.both([held, yes]), reasons, 4) == list(TRUTHS)


# -- exact numbers --------------------------------------------------------------------------------------------------


def alone(work: Callable[[Fraction, Fraction], Value]) -> Callable[[Value, Value], Value]:
    """Return the work on single values, unknown where a side is."""

    def done(x: Value, y: Value) -> Value:
        if isinstance(x, Fraction) and isinstance(y, Fraction):
            return work(x, y)
        return because(x, y)

    return done


def ragged(values: Sequence[Value], reasons: Reasons) -> Column:
    """Return a column with a denominator for each row, as a quotient has."""
    ones = column([F(1)] * len(values), Kind.NUMBER, reasons)
    upper = column([F(v.numerator) if isinstance(v, Fraction) else v for v in values], Kind.NUMBER, reasons)
    lower = column([F(v.denominator) if isinstance(v, Fraction) else F(2) for v in values], Kind.NUMBER, reasons)
    return col.divide(col.multiply(upper, ones), lower, reasons)


@pytest.mark.parametrize("one_each", [False, True])
@pytest.mark.parametrize("other_each", [False, True])
def test_arithmetic_of_columns_is_that_of_fractions(one_each: bool, other_each: bool) -> None:
    reasons = Reasons()
    left, right, both = pairs(NUMBERS, Kind.NUMBER, reasons)
    if one_each:
        left = ragged([x for x, _ in both], reasons)
    if other_each:
        right = ragged([y for _, y in both], reasons)
    size = len(both)
    for found, work in (
        (col.add(left, right), F.__add__),
        (col.subtract(left, right), F.__sub__),
        (col.multiply(left, right), F.__mul__),
    ):
        assert found.kind is Kind.NUMBER
        assert rows(found, reasons, size) == [alone(work)(x, y) for x, y in both]
    quotient = col.divide(left, right, reasons)
    assert quotient.kind is Kind.NUMBER
    assert rows(quotient, reasons, size) == [alone(lambda x, y: x / y if y else NOTHING)(x, y) for x, y in both]
    for sign, test in (("<", F.__lt__), ("<=", F.__le__), ("==", F.__eq__), (">=", F.__ge__), (">", F.__gt__)):
        found = col.compare(sign, left, right)
        assert found.kind is Kind.FLAG
        assert rows(found, reasons, size) == [alone(test)(x, y) for x, y in both]
    unlike = col.compare("!=", left, right)
    assert rows(unlike, reasons, size) == [alone(lambda x, y: x != y)(x, y) for x, y in both]


@pytest.mark.parametrize("each", [False, True])
def test_one_number_beside_a_column_works_on_every_row(each: bool) -> None:
    reasons = Reasons()
    values: list[Value] = [F(1, 3), F(-5), A, F(2**62 - 1)]
    held = ragged(values, reasons) if each else column(values, Kind.NUMBER, reasons)
    for number in (F(3, 7), F(-2), F(2**40)):
        one = col.constant(number, reasons)
        scaled = alone(F.__mul__)
        expected = [scaled(value, number) for value in values]
        assert rows(col.multiply(held, one), reasons, 4) == expected
        assert rows(col.multiply(one, held), reasons, 4) == expected
        assert rows(col.add(one, held), reasons, 4) == [alone(F.__add__)(value, number) for value in values]
        assert rows(col.divide(held, one, reasons), reasons, 4) == [
            alone(F.__truediv__)(value, number) for value in values
        ]
        assert rows(col.divide(one, held, reasons), reasons, 4) == [
            alone(F.__truediv__)(number, value) for value in values
        ]
    assert rows(col.multiply(col.constant(F(3, 4), reasons), col.constant(F(2, 3), reasons)), reasons, 1) == [F(1, 2)]


def test_machine_words_hold_while_they_can() -> None:
    reasons = Reasons()
    half, word = col.constant(F(2**31), reasons), col.constant(F(2**30), reasons)
    assert col.multiply(half, word).data.dtype == np.int64
    assert col.multiply(half, half).data.dtype == object
    below = column([F(2**61 - 1), F(0)], Kind.NUMBER, reasons)
    assert col.add(below, below).data.dtype == np.int64
    assert col.add(below, column([F(2**61), F(1)], Kind.NUMBER, reasons)).data.dtype == np.int64
    above = column([F(2**61), F(0)], Kind.NUMBER, reasons)
    assert col.add(above, above).data.dtype == object
    negative = column([F(-(2**61)), F(0)], Kind.NUMBER, reasons)
    assert rows(col.add(negative, negative), reasons, 2) == [F(-(2**62)), F(0)]
    assert col.add(negative, negative).data.dtype == object
    small = column([F(1, 2), F(3, 4)], Kind.NUMBER, reasons)
    assert col.multiply(small, col.constant(F(1, 5), reasons)).den == 20
    assert col.multiply(col.constant(F(2), reasons), col.constant(F(1, 2), reasons)).den == 1


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("direction", ["half_up", "down", "up"])
def test_rounding_of_columns_is_that_of_values(direction: str, each: bool) -> None:
    reasons = Reasons()
    values: list[Value] = [F(n, d) for n in (-301, -5, -1, 0, 1, 5, 299) for d in (1, 2, 3, 200)]
    values += [F(2**61), F(2**70, 3), A]
    held = ragged(values, reasons) if each else column(values, Kind.NUMBER, reasons)
    for base in (F(1, 100), F(1), F(5), F(3, 2)):
        expected = [rounded(v, base, direction) if isinstance(v, Fraction) else v for v in values]
        found = col.rounded(held, base, direction)
        assert found.kind is Kind.NUMBER
        assert rows(found, reasons, len(values)) == expected


def test_smaller_and_greater_of_two_columns() -> None:
    reasons = Reasons()
    known = [value for value in NUMBERS if isinstance(value, Fraction)]
    left, right, both = pairs(known, Kind.NUMBER, reasons)
    assert rows(col.least(left, right), reasons, len(both)) == [min(pair) for pair in both]  # type: ignore[type-var]  # numbers
    assert rows(col.greatest(left, right), reasons, len(both)) == [max(pair) for pair in both]  # type: ignore[type-var]  # numbers


# -- choice ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.NUMBER, (F(1, 3), F(2), B)),
        (Kind.TEXT, ("x", "y", B)),
        (Kind.TEXTS, (("x",), (), B)),
        (Kind.DATE, (date(2024, 1, 1), date(2024, 1, 2), B)),
        (Kind.FLAG, (True, False, B)),
    ],
)
def test_choice_answers_where_both_sides_agree(kind: Kind, values: tuple[Value, ...]) -> None:
    reasons = Reasons()
    tests: tuple[Value, ...] = (True, False, A)
    cases = list(product(tests, values, values))
    where, yes, no = ([case[place] for case in cases] for place in range(3))
    found = col.choose(
        column(where, Kind.FLAG, reasons),
        column(yes, kind, reasons),
        column(no[::-1], kind, reasons).take(np.arange(len(no))[::-1]),
    )

    def chosen(test: Value, first: Value, second: Value) -> Value:
        if isinstance(test, Unknown):
            return first if first == second and not isinstance(first, Unknown) else test
        return first if test else second

    assert found.kind is kind
    assert rows(found, reasons, len(cases)) == [chosen(*case) for case in cases]
    first, second, both = pairs(values, kind, reasons)
    assert rows(col.given(first, second), reasons, len(both)) == [y if isinstance(x, Unknown) else x for x, y in both]


def test_choice_between_quotients_keeps_each_rows_denominator() -> None:
    reasons = Reasons()
    first, second = ragged([F(1, 3), F(2, 7)], reasons), ragged([F(5, 11), F(3, 13)], reasons)
    where = column([True, False], Kind.FLAG, reasons)
    assert rows(col.choose(where, first, second), reasons, 2) == [F(1, 3), F(3, 13)]
    one = col.constant(F(1, 9), reasons)
    assert rows(col.choose(where, one, second), reasons, 2) == [F(1, 9), F(3, 13)]
    yes = col.constant(True, reasons)
    assert rows(col.choose(yes, first, one), reasons, 2) == [F(1, 3), F(2, 7)]


def test_column_of_nothing_known_takes_the_kind_of_the_other() -> None:
    reasons = Reasons()
    where = column([True, False], Kind.FLAG, reasons)
    none = col.constant(NOTHING, reasons)
    words, days = column(["x", "y"], Kind.TEXT, reasons), column([date(2024, 1, 1)] * 2, Kind.DATE, reasons)
    truths = column([True, True], Kind.FLAG, reasons)
    for other, second in ((words, "y"), (days, date(2024, 1, 1)), (truths, True)):
        assert rows(col.choose(where, none, other), reasons, 2) == [NOTHING, second]
        assert col.choose(where, none, other).kind is other.kind
        assert rows(col.choose(col.negated(where), other, none), reasons, 2) == [NOTHING, second]
        assert col.choose(where, other, none).kind is other.kind
    blank = col.unlike(none, truths)
    assert (blank.kind, str(blank.data.dtype)) == (Kind.FLAG, "bool")
    assert col.unlike(none, words).labels == ("x", "y")


def test_texts_with_other_labels_are_compared_by_their_words() -> None:
    reasons = Reasons()
    left, right = column(["x", "y", "z"], Kind.TEXT, reasons), column(["z", "y", "x"], Kind.TEXT, reasons)
    assert rows(col.compare("==", left, right), reasons, 3) == [False, True, False]
    assert rows(col.compare("!=", left, right), reasons, 3) == [True, False, True]
    assert rows(col.compare("==", left, left), reasons, 3) == [True] * 3
    days = column([date(2024, 1, 1), date(2024, 1, 3)], Kind.DATE, reasons)
    assert rows(col.compare("<", days, col.constant(date(2024, 1, 2), reasons)), reasons, 2) == [True, False]


# -- lists ----------------------------------------------------------------------------------------------------------


def lists(entries: Sequence[Sequence[Value] | None], reasons: Reasons) -> tuple[Records, Column]:
    """Return lists of numbers, None where a whole list is unknown."""
    owner = np.repeat(np.arange(len(entries)), [len(row or ()) for row in entries])
    values = column([value for row in entries for value in row or ()], Kind.NUMBER, reasons)
    why = np.array([reasons.mask(B) if row is None else 0 for row in entries], dtype=np.uint64)
    return Records(len(entries), owner, {"value": values}, why), values


CASES: tuple[list[Value] | None, ...] = (
    [F(1), F(1, 2), F(-3)],
    [],
    [F(2), A, F(4)],
    None,
    [A],
    [F(5)],
    [F(2**61), F(2**61), F(2**61)],
)


def test_lists_are_summed_counted_and_run_through() -> None:
    reasons = Reasons()
    records, values = lists(CASES, reasons)
    totals: list[Value] = [F(-3, 2), F(0), A, B, A, F(5), F(3 * 2**61)]
    assert rows(col.total(records, values), reasons, len(CASES)) == totals
    counts: list[Value] = [F(3), F(0), F(3), B, F(1), F(1), F(3)]
    assert rows(col.entries(records), reasons, len(CASES)) == counts
    assert col.positions(records).tolist() == [0, 1, 2, 0, 1, 2, 0, 0, 0, 1, 2]
    so_far: list[Value] = [F(1), F(3, 2), F(-3, 2), F(2), A, A, A, F(5), F(2**61), F(2**62), F(3 * 2**61)]
    assert rows(col.running(records, values), reasons, 11) == so_far
    last: list[Value] = [F(0), F(1), F(1, 2), F(0), F(2), A, F(0), F(0), F(0), F(2**61), F(2**61)]
    assert rows(col.before(records, values), reasons, 11) == last
    assert {
        found.kind for found in (col.total(records, values), col.entries(records), col.running(records, values))
    } == {Kind.NUMBER}
    assert col.before(records, values).kind is Kind.NUMBER


def test_lists_of_quotients_are_summed_exactly() -> None:
    reasons = Reasons()
    numbers: list[Value] = [F(1, 3), F(1, 7), F(2, 5)]
    records, _ = lists([numbers[:2], numbers[2:]], reasons)
    each = ragged(numbers, reasons)
    assert rows(col.total(records, each), reasons, 2) == [F(10, 21), F(2, 5)]
    assert rows(col.running(records, each), reasons, 3) == [F(1, 3), F(10, 21), F(2, 5)]
    assert rows(col.before(records, each), reasons, 3) == [F(0), F(1, 3), F(0)]
    ones = col.constant(F(1, 4), reasons)
    assert rows(col.total(records, ones), reasons, 2) == [F(1, 2), F(1, 4)]
    assert rows(col.running(records, ones), reasons, 3) == [F(1, 4), F(1, 2), F(1, 4)]
    assert rows(col.before(records, ones), reasons, 3) == [F(0), F(1, 4), F(0)]


def test_known_lists_run_through_without_reasons() -> None:
    reasons = Reasons()
    records, values = lists([[F(1), F(2)], [F(3)]], reasons)
    assert rows(col.running(records, values), reasons, 3) == [F(1), F(3), F(3)]
    none, blank = lists([[], []], reasons)
    assert rows(col.total(none, blank), reasons, 2) == [F(0), F(0)]
    assert len(col.running(none, blank).data) == 0


def test_lists_go_with_their_rows() -> None:
    reasons = Reasons()
    records, _ = lists(CASES, reasons)
    order = np.array([6, 2, 0, 3])
    taken = records.take(order)
    assert (taken.rows, taken.owner.tolist()) == (4, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    found = rows(taken.fields["value"], reasons, 9)
    assert found == [F(2**61)] * 3 + [F(2), A, F(4)] + [F(1), F(1, 2), F(-3)]
    assert rows(col.total(taken, taken.fields["value"]), reasons, 4) == [F(3 * 2**61), A, F(-3, 2), B]
    one_word = Records(2, np.array([0, 1]), {}, np.array([reasons.mask(B)], dtype=np.uint64))
    assert one_word.take(np.array([1])).why.tolist() == one_word.why.tolist()


# -- edges ----------------------------------------------------------------------------------------------------------


def test_quotients_with_a_denominator_each_are_taken_spread_and_chosen_row_by_row() -> None:
    reasons = Reasons()
    values: list[Value] = [F(1, 3), F(-2, 7), A, F(5, 11)]
    held = ragged(values, reasons)
    assert rows(held.take(np.array([3, 1, 0])), reasons, 3) == [F(5, 11), F(-2, 7), F(1, 3)]
    assert rows(held.full(4), reasons, 4) == values
    one = col.divide(col.constant(F(1), reasons), col.constant(F(2**70), reasons), reasons)
    assert not isinstance(one.den, int)
    assert np.shape(one.full(3).den) == (3,)
    assert rows(one.full(3), reasons, 3) == [F(1, 2**70)] * 3
    assert len(Column(Kind.NUMBER, one.data, one.why, np.array([1, 2, 3]))) == 3
    assert rows(col.rounded(held, F(1, 2), "up"), reasons, 2) == [F(1, 2), F(0)]
    assert rows(col.add(one, held), reasons, 2) == [F(1, 2**70) + F(1, 3), F(1, 2**70) - F(2, 7)]


def test_divisor_below_zero_keeps_comparisons_right() -> None:
    reasons = Reasons()
    upper = column([F(6), F(6), F(-6)], Kind.NUMBER, reasons)
    quotient = col.divide(upper, column([F(-4), F(4), F(-4)], Kind.NUMBER, reasons), reasons)
    zero = col.constant(F(0), reasons)
    assert rows(col.compare("<", quotient, zero), reasons, 3) == [True, False, False]
    assert rows(col.least(quotient, col.constant(F(-2), reasons)), reasons, 3) == [F(-2)] * 3
    single = col.divide(col.constant(F(6), reasons), col.constant(F(-4), reasons), reasons)
    assert rows(col.compare("<", single, zero), reasons, 1) == [True]
    assert rows(col.rounded(single, F(1), "down"), reasons, 1) == [F(-2)]
    assert (single.den, isinstance(quotient.den, int)) == (4, False)


def test_choice_of_one_row_stays_exact_with_one_denominator_each() -> None:
    reasons = Reasons()
    where = column([True, False, A], Kind.FLAG, reasons)
    third, wide = col.constant(F(1, 3), reasons), ragged([F(1, 2**40), F(1, 2**41), F(1, 3)], reasons)
    assert rows(col.choose(where, third, wide), reasons, 3) == [F(1, 3), F(1, 2**41), F(1, 3)]
    yes = col.constant(True, reasons)
    assert rows(col.choose(yes, wide, third), reasons, 3) == [F(1, 2**40), F(1, 2**41), F(1, 3)]
    rowwise = col.choose(where, col.divide(third, col.constant(F(2**70), reasons), reasons), third)
    assert rows(rowwise, reasons, 2) == [F(1, 3 * 2**70), F(1, 3)]


def test_products_of_long_denominators_do_not_overflow() -> None:
    reasons = Reasons()
    fine = ragged([F(1, 2**50), F(3, 2**49)], reasons)
    coarse = col.constant(F(1, 2**50), reasons)
    assert rows(col.multiply(fine, coarse), reasons, 2) == [F(1, 2**100), F(3, 2**99)]
    assert rows(col.multiply(coarse, fine), reasons, 2) == [F(1, 2**100), F(3, 2**99)]
    assert rows(col.rounded(fine, F(2**20, 3), "up"), reasons, 2) == [F(2**20, 3)] * 2
    assert rows(col.compare("<", fine, coarse), reasons, 2) == [False, False]


def test_sums_leave_machine_words_exactly_at_the_limit() -> None:
    reasons = Reasons()
    inside, values = lists([[F(2**60)] * 3], reasons)
    assert col.total(inside, values).data.dtype == np.int64
    assert col.running(inside, values).data.dtype == np.int64
    outside, wide = lists([[F(2**60)] * 4], reasons)
    assert col.total(outside, wide).data.dtype == object
    assert col.running(outside, wide).data.dtype == object
    assert rows(col.total(outside, wide), reasons, 1) == [F(2**62)]


def test_lists_at_the_end_may_be_empty_and_the_first_entry_of_a_later_row_starts_anew() -> None:
    reasons = Reasons()
    records, values = lists([[F(1)], [F(2), F(3)], [A], [F(4), F(5), F(6)], [], []], reasons)
    assert rows(col.entries(records), reasons, 6) == [F(1), F(2), F(1), F(3), F(0), F(0)]
    assert rows(col.running(records, values), reasons, 7) == [F(1), F(2), F(5), A, F(4), F(9), F(15)]
    assert rows(col.total(records, values), reasons, 6) == [F(1), F(5), A, F(15), F(0), F(0)]
    taken = records.take(np.array([5, 3]))
    assert rows(col.total(taken, taken.fields["value"]), reasons, 2) == [F(0), F(15)]
    lost, unknown = lists([[F(1), A, F(2)]], reasons)
    assert rows(col.running(lost, unknown), reasons, 3) == [F(1), A, A]


def test_values_behind_an_unknown_row_do_not_matter() -> None:
    reasons = Reasons()
    assert column([A, F(1, 3)], Kind.NUMBER, reasons).den == 3
    assert column([], Kind.NUMBER, reasons).den == 1
    assert rows(column([A, "x", A], Kind.TEXT, reasons), reasons, 3) == [A, "x", A]
    assert rows(col.compare("==", column([A], Kind.TEXT, reasons), column(["x"], Kind.TEXT, reasons)), reasons, 1) == [
        A
    ]
    assert col.unknown(Kind.NUMBER, A, reasons).data.dtype == np.int64
    number = col.constant(F(2), reasons)
    blank = col.unlike(col.constant(NOTHING, reasons), number)
    assert (blank.kind, str(blank.data.dtype)) == (Kind.NUMBER, "int64")
    assert rows(blank, reasons, 1) == [NOTHING]
    assert col.constant(A, reasons).kind is Kind.NUMBER
    assert col.constant(("a",), reasons).kind is Kind.TEXTS
