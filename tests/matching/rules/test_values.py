"""Values of the rules: read exactly, rounded as the law says, unknown with reasons, shown as people read them."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from matching.errors import RuleInputError
from matching.rules.values import (
    NOTHING,
    Kind,
    Lack,
    Unknown,
    Value,
    Why,
    all_of,
    any_of,
    as_decimal,
    because,
    day_number,
    day_of,
    missing,
    month_index,
    plain,
    read_number,
    read_value,
    rounded,
    shown,
)

F = Fraction
A, B = missing("a"), missing("b", Lack.COUNTY)
AB = Unknown(frozenset({Why(Lack.MISSING, "a"), Why(Lack.COUNTY, "b")}))

# -- three values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "every", "some"),
    [
        ([True, True], True, True),
        ([True, False], False, True),
        ([False, False], False, False),
        ([True, A], A, True),
        ([A, True], A, True),
        ([False, A], False, A),
        ([A, False], False, A),
        ([A, B], AB, AB),
        ([A, B, True], AB, True),
        ([A, B, False], False, AB),
        ([], True, False),
    ],
)
def test_and_and_or_follow_kleene(values: list[bool | Unknown], every: bool | Unknown, some: bool | Unknown) -> None:
    assert all_of(iter(values)) == every
    assert any_of(iter(values)) == some


def test_reasons_are_gathered_from_what_is_unknown() -> None:
    assert because(A, True, F(1), B) == AB
    assert because(True).why == frozenset()


def test_none_is_no_lack_of_facts() -> None:
    assert NOTHING.is_nothing
    assert not A.is_nothing
    assert not because(NOTHING, A).is_nothing


# -- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (3, F(3)),
        (-3, F(-3)),
        (0.1, F(1, 10)),
        ("0.1", F(1, 10)),
        (" 2.50 ", F(5, 2)),
        ("1/3", F(1, 3)),
        ("1e3", F(1000)),
        (Decimal("2.50"), F(5, 2)),
        (F(2, 7), F(2, 7)),
    ],
)
def test_numbers_are_read_exactly(raw: object, expected: Fraction) -> None:
    found = read_number(raw)
    assert (found, type(found)) == (expected, Fraction)


@pytest.mark.parametrize("raw", [True, False, "many", "", "1/0", float("nan"), float("inf"), None, [1]])
def test_what_is_no_number_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match=r"number|integer"):
        read_number(raw)


@pytest.mark.parametrize(
    ("raw", "kind", "expected"),
    [
        (True, Kind.FLAG, True),
        (False, Kind.FLAG, False),
        ("0.5", Kind.NUMBER, F(1, 2)),
        ("甲", Kind.TEXT, "甲"),
        (620102, Kind.TEXT, "620102"),
        ("2024-02-29", Kind.DATE, date(2024, 2, 29)),
        (date(2024, 2, 29), Kind.DATE, date(2024, 2, 29)),
        ("2024-02", Kind.MONTH, date(2024, 2, 1)),
        (date(2024, 2, 29), Kind.MONTH, date(2024, 2, 1)),
        (["a", 1], Kind.TEXTS, ("a", "1")),
        ((), Kind.TEXTS, ()),
        (None, Kind.NUMBER, missing("fact")),
        ([], Kind.RECORDS, ()),
    ],
)
def test_facts_are_read_by_their_kind(raw: object, kind: Kind, expected: Value) -> None:
    assert read_value(raw, kind, "fact") == expected


@pytest.mark.parametrize(
    ("raw", "kind", "word"),
    [
        (1, Kind.FLAG, "是/否（true/false）"),
        ("true", Kind.FLAG, "是/否（true/false）"),
        ("many", Kind.NUMBER, "数字"),
        (True, Kind.NUMBER, "数字"),
        (1.5, Kind.TEXT, "文字"),
        ("2024-02-30", Kind.DATE, "日期 YYYY-MM-DD"),
        ("2024-02", Kind.DATE, "日期 YYYY-MM-DD"),
        ("2024-13", Kind.MONTH, "月份 YYYY-MM"),
        ("2024-02-01", Kind.MONTH, "月份 YYYY-MM"),
        ("abc", Kind.TEXTS, "文字列表"),
        (5, Kind.TEXTS, "文字列表"),
        ("abc", Kind.RECORDS, "列表"),
        ({"a": 1}, Kind.RECORDS, "列表"),
    ],
)
def test_fact_of_another_kind_is_refused_without_repeating_it(raw: object, kind: Kind, word: str) -> None:
    with pytest.raises(RuleInputError) as caught:
        read_value(raw, kind, "fact", {"x": Kind.NUMBER})
    assert str(caught.value) == f"fact 应为{word}"


def test_entries_of_a_list_have_fields_of_their_own() -> None:
    fields = {"pay": Kind.NUMBER, "since": Kind.DATE}
    found = read_value([{"pay": "1.5", "since": "2024-01-01", "more": 1}, {"pay": None}], Kind.RECORDS, "rows", fields)
    assert found == (
        {"pay": F(3, 2), "since": date(2024, 1, 1)},
        {"pay": missing("rows.pay"), "since": missing("rows.since")},
    )
    with pytest.raises(RuleInputError) as caught:
        read_value([{"pay": "x"}], Kind.RECORDS, "rows", fields)
    assert str(caught.value) == "rows.pay 应为数字"
    with pytest.raises(RuleInputError) as caught:
        read_value([3], Kind.RECORDS, "rows", fields)
    assert str(caught.value) == "rows 的每一项应为对象，含 pay、since"


def test_list_of_one_field_may_be_written_as_bare_values() -> None:
    assert read_value([1, "2", None], Kind.RECORDS, "rows", {"value": Kind.NUMBER}) == (
        {"value": F(1)},
        {"value": F(2)},
        {"value": missing("rows.value")},
    )


# -- rounding and showing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "half_up", "down", "up"),
    [
        ("0.125", "0.13", "0.12", "0.13"),
        ("-0.125", "-0.13", "-0.13", "-0.12"),
        ("0.1249", "0.12", "0.12", "0.13"),
        ("0.12", "0.12", "0.12", "0.12"),
        ("-0.12", "-0.12", "-0.12", "-0.12"),
        ("1/3", "0.33", "0.33", "0.34"),
        ("2/3", "0.67", "0.66", "0.67"),
        ("0", "0", "0", "0"),
        ("-0.005", "-0.01", "-0.01", "0"),
    ],
)
def test_rounding_goes_the_way_that_is_named(number: str, half_up: str, down: str, up: str) -> None:
    cent = F(1, 100)
    found = [rounded(F(number), cent, way) for way in ("half_up", "down", "up")]
    assert found == [F(half_up), F(down), F(up)]
    assert rounded(F(7), F(5), "half_up") == 5
    assert rounded(F(15, 2), F(5), "half_up") == 10


@pytest.mark.parametrize(
    ("number", "places", "expected"),
    [
        (F(1, 3), 6, "0.333333"),
        (F(2, 3), 6, "0.666667"),
        (F(5, 2), 6, "2.5"),
        (F(1, 8), 2, "0.13"),
        (F(-1, 8), 2, "-0.13"),
        (F(100), 6, "1E+2"),
    ],
)
def test_decimals_are_exact_where_they_end(number: Fraction, places: int, expected: str) -> None:
    assert str(as_decimal(number, places)) == expected
    assert as_decimal(F(1, 3)) == Decimal("0.333333")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (A, None),
        (NOTHING, None),
        (F(3), 3),
        (F(1, 3), 0.333333),
        (True, True),
        ("甲", "甲"),
        (date(2024, 2, 29), "2024-02-29"),
        (("a", "b"), ["a", "b"]),
        (({"pay": F(1, 2), "since": date(2024, 1, 1)},), [{"pay": 0.5, "since": "2024-01-01"}]),
        ((), []),
    ],
)
def test_values_travel_as_plain_json(value: Value | None, expected: object) -> None:
    found = plain(value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "无"),
        (NOTHING, "无"),
        (A, "未知"),
        (True, "是"),
        (False, "否"),
        (F(12345), "12,345"),
        (F(1, 3), "0.3333"),
        (F(100), "100"),
        (F(5, 2), "2.5"),
        (("a", "b"), "a、b"),
        ((), "0 项"),
        (({"pay": F(1)}, {"pay": F(2)}), "2 项"),
        (date(2024, 2, 29), "2024-02-29"),
        ("甲", "甲"),
    ],
)
def test_values_are_shown_as_people_read_them(value: Value | None, expected: str) -> None:
    assert shown(value) == expected


def test_days_and_months_are_counted() -> None:
    assert day_number(date(1970, 1, 1)) == 0
    assert day_number(date(2024, 2, 29)) == 19782
    assert day_of(19782) == date(2024, 2, 29)
    assert day_of(-1) == date(1969, 12, 31)
    assert month_index(date(2024, 1, 31)) == 2024 * 12
    assert month_index(date(2023, 12, 1)) == 2024 * 12 - 1
