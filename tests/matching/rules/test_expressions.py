"""The language of the rules: each operator and function on known values, alone and as columns, with facts missing."""

from datetime import date
from fractions import Fraction

import pytest

from matching.errors import RuleError
from matching.rules.bulk import columns_of, decide_all
from matching.rules.evaluation import decide, known_facts
from tests.support.builders import certificate_number
from tests.support.small_rules import DAY, a_book, a_number, a_rule, ask, both_ways, since, told

F = Fraction
SIX = [
    {"flag": one, "other": two}
    for one, two in ((True, True), (True, False), (False, False), (True, None), (False, None), (None, None))
]

# -- three values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("flag and other", [True, False, False, {"other"}, False, {"flag", "other"}]),
        ("flag or other", [True, True, False, True, {"other"}, {"flag", "other"}]),
        ("other and flag", [True, False, False, {"other"}, False, {"flag", "other"}]),
        ("other or flag", [True, True, False, True, {"other"}, {"flag", "other"}]),
        ("not flag", [False, False, True, False, True, {"flag"}]),
        ("not (flag and not other)", [True, False, True, {"other"}, True, {"flag", "other"}]),
        (
            "flag and other and county",
            [{"county"}, False, False, {"county", "other"}, False, {"county", "flag", "other"}],
        ),
        ("flag == other", [True, False, True, {"other"}, {"other"}, {"flag", "other"}]),
        ("flag != other", [False, True, False, {"other"}, {"other"}, {"flag", "other"}]),
        ("flag and True", [True, True, False, True, False, {"flag"}]),
        ("None or flag", [True, True, None, True, None, {"flag"}]),
    ],
)
def test_logic_follows_kleene(expression: str, expected: list[object]) -> None:
    found = ask(expression, *SIX)
    if expression == "None or flag":  # 'none' is no answer of its own: beside a missing fact only the fact is named
        expected[-1] = {"flag", ""}
    assert found == expected


# -- numbers --------------------------------------------------------------------------------------------------------

PAIRS: list[dict[str, object]] = [
    {"n": 7, "m": 2},
    {"n": "1/3", "m": "0.07"},
    {"n": -5, "m": "2.5"},
    {"n": 0, "m": -3},
    {"n": 3 * 10**18, "m": 4 * 10**18},
    {"n": "1/999999937", "m": "1/999999893"},
]
VALUES = [(F(str(pair["n"])), F(str(pair["m"]))) for pair in PAIRS]


@pytest.mark.parametrize("sign", ["+", "-", "*", "/"])
def test_arithmetic_is_exact_for_fractions_and_beyond_sixty_four_bits(sign: str) -> None:
    work = {"+": F.__add__, "-": F.__sub__, "*": F.__mul__, "/": F.__truediv__}[sign]
    assert ask(f"n {sign} m", *PAIRS) == [work(n, m) for n, m in VALUES]
    assert ask(f"n {sign} 12", *PAIRS) == [work(n, F(12)) for n, _ in VALUES]
    for pair, (n, m) in zip(PAIRS, VALUES, strict=True):
        assert ask(f"n {sign} m", pair) == [work(n, m)]


def test_long_products_and_quotients_stay_exact() -> None:
    assert ask("n * n * n * m / 12 - m / (n + 1)", *PAIRS) == [n**3 * m / 12 - m / (n + 1) for n, m in VALUES]
    assert ask("(n / m) / (m / 12) + n / 12 * m", *PAIRS) == [(n / m) / (m / 12) + n / 12 * m for n, m in VALUES]
    assert ask("(n + m) * (n - m) - (m - n) / (m * 12)", *PAIRS) == [
        (n + m) * (n - m) - (m - n) / (m * 12) for n, m in VALUES
    ]


def test_number_over_sums_of_many_terms_leaves_sixty_four_bits_quietly() -> None:
    edge = 2**62
    cases = [{"n": edge - 1, "m": 1}, {"n": edge, "m": edge}, {"n": -edge, "m": -edge}, {"n": 2**63, "m": 2**64}]
    assert ask("n + m", *cases) == [F(edge), F(2 * edge), F(-2 * edge), F(2**63 + 2**64)]
    assert ask("n * 12 - m", *cases) == [12 * (edge - 1) - 1, 11 * edge, -11 * edge, 12 * 2**63 - 2**64]
    small = [{"n": 2**61, "m": 2**61}, {"n": 2**31, "m": 2**32}, {"n": -(2**61), "m": 2**61}]
    assert ask("n + m", *small) == [F(2**62), F(2**31 + 2**32), F(0)]
    assert ask("n * m", *small) == [F(2**122), F(2**63), F(-(2**122))]
    assert ask("n * m", {"n": 2**31, "m": 2**31}, {"n": 2**31, "m": 2**32}) == [F(2**62), F(2**63)]


def test_division_by_zero_has_no_result_and_a_missing_number_stays_named() -> None:
    cases = [{"n": 1, "m": 0}, {"n": 0, "m": 0}, {"m": 0}, {"n": 1}, {}, {"n": 6, "m": -4}, {"n": -6, "m": -4}]
    assert ask("n / m", *cases) == [None, None, {"n"}, {"m"}, {"n", "m"}, F(-3, 2), F(3, 2)]
    assert ask("n / 0", {"n": 3}) == [None]
    assert ask("12 / n", {"n": 5}, {"n": -5}, {}) == [F(12, 5), F(-12, 5), {"n"}]
    assert ask("n / 12", {"n": 5}, {"n": "-0.5"}, {}) == [F(5, 12), F(-1, 24), {"n"}]


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
        ("==", [False, True, False]),
        ("!=", [True, False, True]),
        (">=", [False, True, True]),
        (">", [False, False, True]),
    ],
)
def test_comparisons_of_numbers_and_days_are_exact_at_the_edge(sign: str, expected: list[bool]) -> None:
    numbers = [{"n": "0.3333", "m": "1/3"}, {"n": "2/6", "m": "1/3"}, {"n": "0.3334", "m": "1/3"}]
    days = [
        {"day": "2024-02-28", "later": "2024-02-29"},
        {"day": "2024-02-29", "later": "2024-02-29"},
        {"day": "2024-03-01", "later": "2024-02-29"},
    ]
    assert ask(f"n {sign} m", *numbers, {"n": 1}, {}) == [*expected, {"m"}, {"n", "m"}]
    assert ask(f"day {sign} later", *days, {"later": "2024-01-01"}) == [*expected, {"day"}]
    assert ask(f"n / 12 {sign} m / 12", *numbers) == expected
    assert ask(f"n {sign} 1", {"n": "0.5"}, {"n": 1}, {"n": 2}) == expected


def test_chained_comparison_holds_where_both_do() -> None:
    assert ask("1 < n <= 12", {"n": 1}, {"n": 2}, {"n": 12}, {"n": 13}, {}) == [False, True, True, False, {"n"}]


def test_texts_are_compared_and_looked_up() -> None:
    cases = [{"word": "甲", "second": "甲"}, {"word": "甲", "second": "乙"}, {"word": "乙"}, {"second": "丙"}, {}]
    assert ask("word == second", *cases) == [True, False, {"second"}, {"word"}, {"word", "second"}]
    assert ask("word != second", *cases) == [False, True, {"second"}, {"word"}, {"word", "second"}]
    assert ask('word in ("甲", "丙")', *cases) == [True, True, False, {"word"}, {"word"}]
    assert ask('word not in ("甲", "丙")', *cases) == [False, False, True, {"word"}, {"word"}]
    assert ask('word == "乙"', *cases) == [False, False, True, {"word"}, {"word"}]
    assert ask('word in ["乙"]', *cases) == [False, False, True, {"word"}, {"word"}]
    inside = [{"word": "a", "words": ["a", "b"]}, {"word": "c", "words": ["a", "b"]}, {"word": "a"}, {"words": ["a"]}]
    assert ask("word in words", *inside) == [True, False, {"words"}, {"word"}]
    assert ask("word in second", {"word": "a", "second": "a"}, {"word": "a", "second": "ab"}) == [True, False]
    assert ask("word in words", {"words": ["a"]}, {}) == [{"word"}, {"word", "words"}]
    assert ask("word not in words", {"word": "a"}, {"word": "b"}) == [{"words"}, {"words"}]


def test_choice_takes_the_branch_or_what_both_share() -> None:
    cases = [
        {"flag": True, "n": 1, "m": 2},
        {"flag": False, "n": 1, "m": 2},
        {"n": 1, "m": 2},
        {"n": "1/2", "m": "0.5"},
    ]
    assert ask("n if flag else m", *cases) == [1, 2, {"flag"}, F(1, 2)]
    assert ask("n if flag else m", {"flag": True, "m": 1}, {"flag": False, "m": 1}, {"m": 3}) == [{"n"}, 1, {"flag"}]
    assert ask("n / m if flag else m / n", {"flag": True, "n": 1, "m": 3}, {"flag": False, "n": 7, "m": 3}) == [
        F(1, 3),
        F(3, 7),
    ]
    words = [
        {"flag": True, "word": "a", "second": "b"},
        {"flag": False, "word": "a", "second": "b"},
        {"word": "a", "second": "a"},
    ]
    assert ask("word if flag else second", *words) == ["a", "b", "a"]
    assert ask('"x" if flag else second', *words) == ["x", "b", {"flag"}]
    assert ask("day if flag else later", {"flag": False, "day": "2024-01-01", "later": "2024-02-01"}) == [
        date(2024, 2, 1)
    ]
    assert ask("other if flag else not other", {"flag": True, "other": False}, {"flag": False, "other": False}, {}) == [
        False,
        True,
        {"flag"},
    ]
    assert ask("None if flag else n", {"flag": True, "n": 3}, {"flag": False, "n": 3}, {"n": 3}) == [None, 3, {"flag"}]
    assert ask("word if flag else None", {"flag": True, "word": "a"}, {"flag": False, "word": "a"}) == ["a", None]
    assert ask("1 if flag else 0", {"flag": True}, {"flag": False}, {}) == [1, 0, {"flag"}]


def test_truth_is_asked_of_truth_values_only() -> None:
    for expression in ("not n", "n and flag", "1 if n else 0"):
        with pytest.raises(RuleError, match="只能连接是非"):
            ask(expression, {"n": 1, "flag": True})
    with pytest.raises(RuleError, match="只能用于数字"):
        ask("n + word", {"n": 1, "word": "a"})


# -- rounding, days -------------------------------------------------------------------------------------------------


def test_rounding_functions_take_the_direction_that_is_named() -> None:
    cases = [{"n": "2.5"}, {"n": "-2.5"}, {"n": 3}, {"n": "2.001"}, {}]
    assert ask("ceil(n)", *cases) == [3, -2, 3, 3, {"n"}]
    assert ask("floor(n)", *cases) == [2, -3, 3, 2, {"n"}]
    assert ask('round_to(n, 1, "half_up")', *cases) == [3, -3, 3, 2, {"n"}]
    assert ask('round_to(n, 12, "up")', *cases) == [12, 0, 12, 12, {"n"}]
    assert ask('round_to(n, p.step, "down")', {"n": "0.3"}, {"n": "-0.3"}) == [F(1, 4), F(-3, 8)]
    assert ask('round_to(n, p.open, "down")', {"n": 1}, {}) == [{"t.open"}, {"n", "t.open"}]


def test_smaller_and_greater_need_every_side() -> None:
    cases = [{"n": 1, "m": 2}, {"n": "0.5", "m": "1/3"}, {"n": 1}, {"m": 1}]
    assert ask("min(n, m)", *cases) == [1, F(1, 3), {"m"}, {"n"}]
    assert ask("max(n, m)", *cases) == [2, F(1, 2), {"m"}, {"n"}]
    assert ask("min(n, m, 1)", *cases) == [1, F(1, 3), {"m"}, {"n"}]
    assert ask("max(0, n - m)", *cases) == [0, F(1, 6), {"m"}, {"n"}]


MONTH_ENDS = [
    {"day": "2024-01-31", "later": "2024-02-29"},
    {"day": "2023-12-31", "later": "2024-12-31"},
    {"day": "2024-02-29", "later": "2025-02-28"},
    {"day": "2024-03-15", "later": "2024-03-14"},
    {"day": "2024-03-15", "later": "2023-03-15"},
    {"day": "2024-03-15"},
]


def test_months_and_days_between_days() -> None:
    assert ask("months_between(day, later)", *MONTH_ENDS) == [0, 12, 11, -1, -12, {"later"}]
    assert ask("whole_months(day, later)", *MONTH_ENDS) == [1, 12, 12, 0, -12, {"later"}]
    assert ask("days_between(day, later)", *MONTH_ENDS) == [29, 366, 365, -1, -366, {"later"}]
    assert ask("year(day)", *MONTH_ENDS) == [2024, 2023, 2024, 2024, 2024, 2024]
    assert ask("month_start(later)", *MONTH_ENDS[:2], {}) == [date(2024, 2, 1), date(2024, 12, 1), {"later"}]
    assert ask("months_between(day, as_of)", {"day": "2024-06-15"}, {"day": "2024-05-16"}) == [0, 0]
    assert ask("year(day)", {"day": "1969-12-31"}, {"day": "1970-01-01"}) == [1969, 1970]
    assert ask("month == month_start(day)", {"month": "2024-03", "day": "2024-03-31"}) == [True]


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2024-11-30", 1, "2024-12-30"),
        ("2024-12-31", 2, "2025-02-28"),
        ("2024-05-15", 0, "2024-05-15"),
        ("2024-10-31", "1.9", "2024-11-30"),
        ("2024-12-01", 12, "2025-12-01"),
        ("2024-01-15", -1, "2023-12-15"),
        ("1968-05-31", 21, "1970-02-28"),
        ("2024-01-15", 10**7, "9998-12-15"),
        ("2024-01-15", -(10**7), "0001-01-15"),
    ],
)
def test_months_are_added_to_the_end_of_a_shorter_month(start: str, months: object, expected: str) -> None:
    case = {"day": start, "n": months}
    assert ask("add_months(day, n)", case, {"day": start}) == [date.fromisoformat(expected), {"n"}]


def test_day_of_the_year_is_read_from_a_table() -> None:
    cases = [{"n": 2024}, {"n": "2023.5"}, {}, {"n": -5}, {"n": 10**6}]
    assert ask("day_in(n, p.word)", *cases) == [
        date(2024, 9, 30),
        date(2023, 9, 30),
        {"n"},
        date(1, 9, 30),
        date(9998, 9, 30),
    ]
    assert ask("day_in(n, word)", {"n": 2024, "word": "12-01"}, {"n": 2023, "word": "01-31"}, {"n": 2020}) == [
        date(2024, 12, 1),
        date(2023, 1, 31),
        {"word"},
    ]


# -- unknown and none -----------------------------------------------------------------------------------------------


def test_first_known_of_two_is_taken_and_none_is_told_from_unknown() -> None:
    assert ask("given(n, m)", {"n": 1, "m": 2}, {"m": 2}, {"n": 1}, {}) == [1, 2, 1, {"m"}]
    assert ask("given(word, second)", {"word": "a", "second": "b"}, {"second": "b"}) == ["a", "b"]
    assert ask("given(n, 0)", {"n": "1/3"}, {}) == [F(1, 3), 0]
    assert ask("given(n / m, 12)", {"n": 1, "m": 0}, {"n": 1, "m": 3}) == [12, F(1, 3)]
    assert ask("is_none(n / m)", {"n": 1, "m": 0}, {"n": 1, "m": 3}, {"n": 1}) == [True, False, {"m"}]
    assert ask("is_none(p.cap)", {}) == [True]


# -- numbers of the law ---------------------------------------------------------------------------------------------


def test_rule_of_a_past_day_takes_the_number_of_that_day_alone_and_as_columns() -> None:
    book = a_book(a_rule(body={"results": {"answer": "p.step"}}, day="day"))
    days = ["2019-12-31", "2020-01-01", "2022-12-31", "2023-01-01"]
    alone, bulk = both_ways(book, "t", [{"day": day} for day in days])
    assert [told(one.results["answer"]) for one in alone] == [{"t.step"}, F(10), F(10), F(1, 8)]
    assert [told(bulk.results["answer"].value(row, bulk.reasons)) for row in range(4)] == [
        {"t.step"},
        F(10),
        F(10),
        F(1, 8),
    ]
    alone, bulk = both_ways(book, "t", [{"day": "2021-01-01"}, {}])
    assert alone[1].outcome == "unknown"
    assert [item.name for item in alone[1].lacking] == ["day"]
    assert told(bulk.held.value(1, bulk.reasons)) == {"day"}


def test_table_is_read_by_word_number_and_two_keys() -> None:
    cases = [{"word": "a", "n": 3}, {"word": "b", "n": "0.5"}, {"word": "c", "n": 4}, {}]
    assert ask("p.table[word]", *cases) == [1, F(5, 2), {"t.table"}, {"word"}]
    assert ask("p.table[n]", {"n": 3}, {"n": 4}, {}) == [7, {"t.table"}, {"n"}]
    assert ask("p.table[3]", {}) == [7]
    nested = [{"word": "x", "n": 1}, {"word": "x", "n": 2}, {"word": "y", "n": 1}, {"word": "y", "n": 2}, {"n": 1}, {}]
    assert ask("p.nested[word, n]", *nested) == [5, 6, 8, {"t.nested"}, {"word"}, {"word", "n"}]
    assert ask('p.nested["x"][n]', *nested[:2]) == [5, 6]
    assert ask("p.nested[word, n / 12]", {"word": "x", "n": 12}, {"word": "y", "n": 12}, {"word": "x", "n": 24}) == [
        5,
        8,
        6,
    ]
    assert ask("p.table[n / m]", {"n": 6, "m": 2}, {"n": 9, "m": 3}, {"n": 1, "m": 7}) == [7, 7, {"t.table"}]
    assert ask('param("t.table")[word]', {"word": "b"}) == [F(5, 2)]
    with pytest.raises(RuleError, match="是一张表"):
        ask("p.table", {})


def test_unconfirmed_number_is_named_before_a_missing_key() -> None:
    numbers = [a_number("t.open", None, versions=[since(date(2020, 1, 1), None, reason="expired")])]
    book = a_book(a_rule(body={"results": {"answer": "p.open[word]"}}), numbers=numbers)
    alone, bulk = both_ways(book, "t", [{}, {"word": "a"}])
    assert [told(one.results["answer"]) for one in alone] == [{"t.open"}, {"t.open"}]
    assert [told(bulk.results["answer"].value(row, bulk.reasons)) for row in (0, 1)] == [{"t.open"}, {"t.open"}]
    assert [item.label for item in alone[0].lacking] == ["参数t.open：原规定期限已满，新规定未见到，需人工核实"]


def test_place_takes_the_nearest_value() -> None:
    places = ["620102", "620103", "620100", "620502", "620000"]
    cases = [{"word": place} for place in places]
    assert ask("p.place", *cases, {}, region="word") == [300, 200, 200, 100, 100, {"word"}]
    assert ask("p.step", *cases, {}, region="word") == [F(1, 8)] * 6
    assert ask("p.place", *cases) == [100] * 5


def test_place_and_day_are_looked_up_together() -> None:
    book = a_book(a_rule(body={"results": {"answer": "p.place"}}, day="day", region="word"))
    cases: list[dict[str, object]] = [
        {"day": day, "word": place}
        for day in ("2019-12-31", "2021-12-31", "2022-01-01")
        for place in ("620102", "620123", "629999")
    ]
    expected: list[object] = [*[{"t.place"}] * 3, 200, 200, 100, 300, 200, 100]
    alone, bulk = both_ways(book, "t", cases)
    assert [told(one.results["answer"]) for one in alone] == expected
    assert [told(bulk.results["answer"].value(row, bulk.reasons)) for row in range(len(cases))] == expected


def test_number_lies_within_bounds_that_belong_to_it() -> None:
    cases = [{"n": "0.99"}, {"n": 1}, {"n": 3}, {"n": "3.01"}, {}]
    assert ask("within(n, p.range)", *cases) == [False, True, True, False, {"n"}]
    with pytest.raises(RuleError, match="within"):
        ask("within(n, m)", {"n": 1, "m": 1})


# -- lists ----------------------------------------------------------------------------------------------------------

LISTS: list[dict[str, object]] = [
    {"rows": [{"value": 1, "held": True}, {"value": "1/3", "held": False}, {"value": 5, "held": True}]},
    {"rows": []},
    {"rows": [{"value": "0.25", "held": True}]},
    {},
    {"rows": [{"value": 2, "held": None}, {"value": None, "held": False}], "n": 4},
]


def test_lists_are_summed_and_counted() -> None:
    assert ask("sum(rows, value)", *LISTS) == [F(19, 3), 0, F(1, 4), {"rows"}, {"rows.value"}]
    assert ask("sum(rows, 1 if held else 0)", *LISTS) == [2, 0, 1, {"rows"}, {"rows.held"}]
    assert ask("sum(rows, value * n)", *LISTS) == [{"n"}, 0, {"n"}, {"rows"}, {"rows.value"}]
    assert ask("size(rows)", *LISTS) == [3, 0, 1, {"rows"}, 2]
    assert ask("size(words)", {"words": ["a", "b"]}, {"words": []}, {}) == [2, 0, {"words"}]
    assert ask("sum(rows, position)", *LISTS) == [3, 0, 0, {"rows"}, 1]
    assert ask("sum(rows, value / (position + 1))", *LISTS[:3]) == [1 + F(1, 6) + F(5, 3), 0, F(1, 4)]
    huge = [{"rows": [{"value": 2**61}] * 5}, {"rows": [{"value": -(2**61)}] * 4}]
    assert ask("sum(rows, value)", *huge) == [5 * 2**61, -(2**63)]
    assert ask("sum(rows, value)", {"rows": [{"value": 1}, {"value": "1/3"}]}) == [F(4, 3)]
    assert ask("sum(rows, value)", {}, {}) == [{"rows"}, {"rows"}]


@pytest.mark.parametrize(
    "entry",
    [
        "value / (position + 1) if held else 0",
        "value if held else n / m",
        "1 if held and flag else 0",
        "before(running(value / (position + 1)))",
        "p.nested[what, position]",
        "min(value, n / m)",
    ],
)
def test_lists_that_are_empty_for_every_case_sum_to_nothing(entry: str) -> None:
    case = {"rows": [], "n": 1, "m": 2, "flag": True}
    assert ask(f"sum(rows, {entry})", case, case) == [0, 0]
    assert ask(f"sum(rows, {entry})", {}, case) == [{"rows"}, 0]


def test_entry_sees_those_before_it() -> None:
    cases = LISTS[:3]
    assert ask("sum(rows, running(value))", *cases) == [1 + F(4, 3) + F(19, 3), 0, F(1, 4)]
    assert ask("sum(rows, before(value))", *cases) == [F(4, 3), 0, 0]
    assert ask("sum(rows, running(1 if held else 0))", *cases, LISTS[3]) == [4, 0, 1, {"rows"}]
    assert ask("sum(rows, before(position + 1))", *cases) == [3, 0, 0]
    huge = [{"rows": [{"value": 2**61}, {"value": 2**61}, {"value": 2**61}]}, {"rows": [{"value": 1}]}]
    assert ask("sum(rows, running(value))", *huge) == [6 * 2**61, 1]
    gap = [{"rows": [{"value": 1}, {"value": None}, {"value": 3}]}, {"rows": [{"value": 4}, {"value": 5}]}]
    assert ask("sum(rows, running(value))", *gap) == [{"rows.value"}, 13]
    assert ask("sum(rows, before(value))", *gap) == [{"rows.value"}, 4]
    assert ask("sum(rows, before(value / (position + 1)))", *LISTS[:3]) == [1 + F(1, 6), 0, 0]


def test_lists_of_words_overlap() -> None:
    cases = [{"words": ["a", "b"], "more": ["b"]}, {"words": ["a"], "more": ["b", "c"]}, {"words": []}, {"more": ["a"]}]
    assert ask("overlap(words, more)", *cases) == [True, False, {"more"}, {"words"}]
    assert ask('overlap(words, ("b", "x"))', *cases) == [True, False, False, {"words"}]
    assert ask("overlap(words, more)", {"words": ["a"]}, {}) == [{"more"}, {"words", "more"}]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("sum(n, n)", "不是列表"),
        ("sum(n + 1, n)", "列表函数的第一项"),
        ("position + n", "position"),
        ("running(n)", "running"),
        ("before(n)", "before"),
        ("rows == n", "是列表"),
        ('result(n, "answer")', "result"),
    ],
)
def test_list_functions_refuse_what_is_no_list(expression: str, message: str) -> None:
    book = a_book(a_rule(body={"results": {"answer": expression}}))
    known = known_facts(book, {"n": 1})
    with pytest.raises(RuleError, match=message):
        decide_all(book, "t", columns_of(book, [known]), DAY)


# -- places and certificates ----------------------------------------------------------------------------------------


def test_place_names_become_codes() -> None:
    cases = [{"word": word} for word in ("甘肃省", "省", "province", "甘肃", "620102", "兰州市", "没有此地")]
    assert ask("region_code(word)", *cases, {}) == [
        "620000",
        "620000",
        "620000",
        "620000",
        "620102",
        "620100",
        {"place_name"},
        {"word"},
    ]
    assert ask("region_code(word)", {"word": "没有此地"}) == [{"place_name"}]


GOOD = certificate_number(category=4, grade=2, birth="19900101", sequence="123")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("valid", True),
        ("birth", date(1990, 1, 1)),
        ("sex", "male"),
        ("category", 4),
        ("grade", 2),
        ("severe", True),
        ("reissue", 0),
        ("category_name", "肢体"),
        ("reason", None),
    ],
)
def test_certificate_number_says_whose_it_is(part: str, expected: object) -> None:
    found = ask(f'certificate(word, "{part}")', {"word": GOOD}, {})
    assert found == [expected, {"word"}]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (GOOD[:-1], "format"),
        (GOOD[:3] + "A" + GOOD[4:], "format"),
        (GOOD[:6] + "19901301" + GOOD[14:], "birth_date"),
        (GOOD[:18] + "8" + GOOD[19:], "category"),
        (GOOD[:18] + "0" + GOOD[19:], "category"),
        (GOOD[:19] + "5", "grade"),
        (GOOD[:19] + "0", "grade"),
        (GOOD[:16] + ("1" if GOOD[16] != "1" else "2") + GOOD[17:], "check_digit"),
        (GOOD + "B", "format"),
        (GOOD + "B0", "format"),
        (GOOD[:17] + "x" + GOOD[18:], "format"),
        (GOOD[:17] + ("X" if GOOD[17] != "X" else "1") + GOOD[18:] + "B1", "check_digit"),
    ],
)
def test_wrong_certificate_number_says_what_is_wrong(number: str, reason: str) -> None:
    assert ask('certificate(word, "reason")', {"word": number}) == [reason]
    assert ask('certificate(word, "valid")', {"word": number}, {"word": GOOD}) == [False, True]
    assert ask('certificate(word, "grade")', {"word": number}) == [None]


def test_reissued_certificate_tells_how_often() -> None:
    cases = [{"word": f"{GOOD}B3"}, {"word": GOOD}, {"word": certificate_number(category=7, grade=3, sequence="122")}]
    assert ask('certificate(word, "reissue")', *cases) == [3, 0, 0]
    assert ask('certificate(word, "severe")', *cases) == [True, True, False]
    assert ask('certificate(word, "sex")', *cases) == ["male", "male", "female"]
    assert ask('certificate(word, "birth")', *cases, {"word": "x"}) == [date(1990, 1, 1)] * 3 + [None]


# -- edges ----------------------------------------------------------------------------------------------------------


def test_quotients_by_numbers_below_zero_compare_rightly() -> None:
    cases = [{"n": 6, "m": -4}, {"n": 6, "m": 4}, {"n": -6, "m": -4}, {"n": 6, "m": 0}]
    assert ask("n / m < 0", *cases) == [True, False, False, None]
    assert ask("ceil(n / m)", *cases) == [-1, 2, 2, None]
    assert ask("min(n / m, 1)", *cases[:3]) == [F(-3, 2), 1, 1]
    assert ask("12 / (0 - 1) < 0", {}) == [True]


def test_side_that_is_never_known_compares_with_any_kind() -> None:
    cases = [{"word": "a", "n": 1}, {}]
    assert ask("word == p.open", *cases) == [{"t.open"}, {"t.open", "word"}]
    assert ask("p.open == word", *cases) == [{"t.open"}, {"t.open", "word"}]
    assert ask("day < p.open", {"day": "2024-01-01"}) == [{"t.open"}]
    assert ask("word in p.open", *cases) == [{"t.open"}, {"t.open", "word"}]
    assert ask("overlap(words, more)", {"more": ["a"]}, {"more": ["b"]}) == [{"words"}, {"words"}]
    assert ask("p.open and flag", {"flag": True}, {"flag": False}) == [{"t.open"}, False]


def bulk_refuses(expression: str) -> str:
    """Return the message with which columns refuse an expression."""
    book = a_book(a_rule(body={"results": {"answer": expression}}))
    cases = [known_facts(book, {"n": 1, "word": "a", "m": "1/3"}), known_facts(book, {"n": 2, "word": "b", "m": 3})]
    with pytest.raises(RuleError) as caught:
        decide_all(book, "t", columns_of(book, cases), DAY)
    return str(caught.value)


def one_refuses(expression: str) -> str:
    """Return the message with which a single case is refused an expression."""
    book = a_book(a_rule(body={"results": {"answer": expression}}))
    with pytest.raises(RuleError) as caught:
        decide(book, "t", known_facts(book, {"n": 1, "word": "a"}), DAY)
    return str(caught.value)


def test_senseless_expressions_are_refused_in_words() -> None:
    assert bulk_refuses("n == word") == "比较的两边不是同一类值"
    assert bulk_refuses("n and flag") == one_refuses("n and flag") == "and、or、not 只能连接是非"
    assert bulk_refuses("position + n") == "position 只能用在列表之内"
    assert bulk_refuses("running(n)") == "running 只能用在列表之内"
    assert bulk_refuses("before(n)") == "before 只能用在列表之内"
    assert bulk_refuses("sum(n, n)") == "n 不是列表"
    assert bulk_refuses("rows + n") == "rows 是列表，应放在 sum、size 等之内"
    assert bulk_refuses('round_to(m, n, "up")') == "round_to 的单位应是一个数"
    assert bulk_refuses("add_months(as_of, n / m)") == "add_months 要整月数"
    assert one_refuses("n + word") == "加减乘除只能用于数字"
    assert one_refuses('round_to(word, 1, "up")') == "round_to（数字，单位，方向）"
    assert one_refuses('round_to(n, word, "up")') == "round_to（数字，单位，方向）"
    assert one_refuses("round_to(n, 1, 1)") == "round_to（数字，单位，方向）"
    assert one_refuses("within(n, n)") == "within 的第二项应是写明 from 与 to 的参数"
    assert one_refuses("sum(n + 1, n)") == "列表函数的第一项应是列表事实的名字"
    assert one_refuses('result("t", n)') == "result 要写两个加引号的名字：规则与结果"
    assert one_refuses("p.table") == "t.table 是一张表，应写明取哪一项"


def test_entry_of_a_list_sees_the_facts_steps_numbers_and_place_of_its_case() -> None:
    cases = [
        {"rows": [{"value": 1, "since": "2024-06-01"}, {"value": 2, "since": "2023-06-15"}], "n": 3, "word": "620102"},
        {"rows": [{"value": 4, "since": "2024-06-15"}], "n": 5, "word": "620502"},
    ]
    let = {"twice": "n + n"}
    assert ask("sum(rows, value * twice)", *cases, let=let) == [18, 40]
    assert ask("sum(rows, value * p.place)", *cases, region="word") == [900, 400]
    assert ask("sum(rows, running(value * p.place))", *cases, region="word") == [1200, 400]
    assert ask("sum(rows, before(value * twice))", *cases, let=let) == [6, 0]
    assert ask("sum(rows, months_between(since, as_of))", *cases) == [12, 0]
    assert ask("sum(rows, size(words))", {"rows": [{"value": 1}], "words": ["a", "b"]}) == [2]
    assert ask('sum(rows, result("u", "x"))', *cases, others=[a_rule("u", body={"results": {"x": "n + 1"}})]) == [8, 6]


def test_entry_takes_the_number_of_the_day_of_its_case() -> None:
    book = a_book(a_rule(body={"results": {"answer": "sum(rows, value * p.step)"}}, day="day"))
    cases: list[dict[str, object]] = [
        {"rows": [{"value": 1}, {"value": 2}], "day": "2021-01-01"},
        {"rows": [{"value": 8}], "day": "2024-01-01"},
    ]
    alone, bulk = both_ways(book, "t", cases)
    assert [one.results["answer"] for one in alone] == [30, 1]
    assert [bulk.results["answer"].value(row, bulk.reasons) for row in (0, 1)] == [30, 1]


def test_table_and_place_change_with_the_day_or_year_of_the_case() -> None:
    numbers = [
        a_number(
            "t.table",
            None,
            versions=[
                since(date(2020, 1, 1), {"a": "1", "b": "2"}, date(2021, 12, 31)),
                since(date(2022, 1, 1), None, date(2022, 12, 31), reason="not_seen"),
                since(date(2023, 1, 1), {"a": "3"}),
            ],
        ),
        a_number(
            "t.place", None, versions=[since(date(2020, 1, 1), "1"), since(date(2022, 1, 1), "2", region="620100")]
        ),
    ]
    results = {"answer": "p.table[word]", "place": "p.place"}
    days = ("2019-12-31", "2021-12-31", "2022-06-01", "2023-01-01")
    by_day = a_book(a_rule(body={"results": results}, day="day", region="second"), numbers=numbers)
    cases: list[dict[str, object]] = [
        {"day": day, "n": int(day[:4]), "word": word, "second": "620102"} for day in days for word in ("a", "b")
    ]
    expected: list[object] = [{"t.table"}, {"t.table"}, 1, 2, {"t.table"}, {"t.table"}, 3, {"t.table"}]
    places: list[object] = [{"t.place"}, {"t.place"}, 1, 1, 2, 2, 2, 2]
    by_year = a_book(a_rule(body={"results": results}, day="n", region="second"), numbers=numbers)
    for book in (by_day, by_year):
        alone, bulk = both_ways(book, "t", cases)
        for name, values in (("answer", expected), ("place", places)):
            assert [told(one.results[name]) for one in alone] == values
            assert [told(bulk.results[name].value(row, bulk.reasons)) for row in range(8)] == values
        lacks = [[item.label for item in one.lacking] for one in alone]
        assert lacks[7] == ["参数t.table：所见来源未给出该地区或类别的数值，需人工核实"]
        assert lacks[2] == []
        used = [{item.version.valid_from if item.version else None for item in one.used} for one in alone]
        assert used[2] == {date(2020, 1, 1)}
        assert used[6] == {date(2023, 1, 1), date(2022, 1, 1)}
        assert used[0] == {None}


def test_certificate_of_any_month_and_day_is_read_before_its_check_digit() -> None:
    other = certificate_number(category=4, grade=2, birth="10001210", sequence="123")
    wrong = other[:17] + ("1" if other[17] != "1" else "2") + other[18:]
    assert ask('certificate(word, "reason")', {"word": wrong}, {"word": wrong[:12] + "00" + wrong[14:]}) == [
        "check_digit",
        "birth_date",
    ]


@pytest.mark.parametrize("word", ["甘肃省", "甘肃", "省"])
def test_province_has_its_code_by_any_of_its_names(word: str) -> None:
    assert ask("region_code(word)", {"word": word}) == ["620000"]


def test_text_that_gives_no_answer_stays_unknown_whatever_its_kind() -> None:
    cases = [{"word": "没有此地"}, {"word": "也没有此地"}, {}]
    assert ask("region_code(word)", *cases) == [{"place_name"}, {"place_name"}, {"word"}]
    assert ask('is_none(certificate(word, "grade"))', {"word": "x"}, {"word": GOOD}, {}) == [True, False, {"word"}]
    assert ask("region_code(p.open)", {}) == [{"t.open"}]
