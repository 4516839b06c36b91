"""Rules with conditions, versions, other rules and lists: a case alone, a row of many, and what each is told."""

from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from matching.errors import RuleInputError
from matching.rules import columns as col
from matching.rules.bulk import Answers, columns_of, decide_all, list_results
from matching.rules.columns import Reasons
from matching.rules.decision import Decision, Outcome
from matching.rules.evaluation import decide, known_facts, read_facts
from matching.rules.rulebook import Rulebook
from matching.rules.values import Kind
from tests.support.small_rules import (
    DAY,
    NUMBERS,
    SOURCE,
    a_book,
    a_number,
    a_rule,
    both_ways,
    since,
    told,
)

F = Fraction
MET, NOT_MET, UNKNOWN = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN
SIGNS = {1: MET, 0: NOT_MET, -1: UNKNOWN}


def is_(expression: str, code: str = "", **more: str) -> dict[str, str]:
    """Return a condition."""
    return {"is": expression, "text": more.pop("text", expression), "code": code, **more}


def outcomes(alone: list[Decision], bulk: Answers) -> list[Outcome]:
    """Return the outcomes, which have to be the same both ways."""
    found = [one.outcome for one in alone]
    assert [SIGNS[int(sign)] for sign in bulk.outcomes()] == found
    return found


def amounts(alone: list[Decision], bulk: Answers) -> list[object]:
    """Return the amounts of what is not refused, which have to be the same both ways."""
    found = [None if one.amount is None else told(one.amount) for one in alone]
    assert bulk.amount is not None
    assert [told(bulk.amount.value(row, bulk.reasons)) for row in range(len(alone))] == found
    return found


def named(name: str, alone: list[Decision], bulk: Answers) -> list[object]:
    """Return a result, which has to be the same both ways."""
    found = [told(one.results[name]) for one in alone]
    assert [told(bulk.results[name].value(row, bulk.reasons)) for row in range(len(alone))] == found
    return found


CASES: list[dict[str, object]] = [
    {"flag": True, "other": True, "n": 3},
    {"flag": True, "other": False, "n": 3},
    {"flag": False, "n": 3},
    {"flag": True, "n": 3},
    {"flag": True, "other": True},
    {},
]


def test_amount_waits_for_what_is_unknown_and_is_none_where_refused() -> None:
    body = {"conditions": {"all": [is_("flag"), is_("other")]}, "amount": {"is": "n / 12"}}
    found = both_ways(a_book(a_rule(body=body)), "t", CASES)
    assert outcomes(*found) == [MET, NOT_MET, NOT_MET, UNKNOWN, MET, UNKNOWN]
    assert amounts(*found) == [F("0.25"), None, None, F("0.25"), {"n"}, {"n"}]
    assert [{item.name for item in one.lacking} for one in found[0]] == [
        set(),
        set(),
        set(),
        {"other"},
        {"n"},
        {"flag", "other", "n"},
    ]


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ({}, "0.58"),
        ({"rounding": {"base": "1", "direction": "up"}}, "1"),
        ({"rounding": {"base": "0.1", "direction": "down"}}, "0.5"),
        ({"rounding": None}, "7/12"),
    ],
)
def test_amount_is_rounded_as_the_rule_says_and_to_the_cent_otherwise(rounding: dict[str, Any], expected: str) -> None:
    found = both_ways(a_book(a_rule(body={"amount": {"is": "n / 12", **rounding}})), "t", [{"n": 7}, {}])
    assert amounts(*found) == [F(expected), {"n"}]
    assert [one.outcome for one in found[0]] == [MET, MET]


def test_any_not_and_nested_conditions_decide_as_their_parts() -> None:
    condition = {"any": [{"all": [is_("flag"), is_("n > 1")]}, {"not": is_("other")}]}
    found = both_ways(a_book(a_rule(body={"conditions": condition})), "t", CASES)
    assert outcomes(*found) == [MET, MET, UNKNOWN, MET, UNKNOWN, UNKNOWN]
    found = both_ways(a_book(a_rule(body={"conditions": {"not": is_("flag and other")}})), "t", CASES)
    assert outcomes(*found) == [NOT_MET, MET, MET, UNKNOWN, NOT_MET, UNKNOWN]


def test_first_failure_and_all_failures_are_named_by_code_or_text() -> None:
    conditions = {
        "all": [
            is_("flag", "甲"),
            {"any": [is_("other", "乙"), is_('n >= p.range["to"]', "丙")]},
            is_("n < 12", text="少于十二"),
        ]
    }
    results = {"first": "first_failure()", "every": "failures()", "none": "is_none(first_failure())"}
    found = both_ways(
        a_book(a_rule(body={"conditions": conditions, "results": results})),
        "t",
        [
            {"flag": True, "other": True, "n": 5},
            {"flag": False, "other": False, "n": 5},
            {"flag": True, "other": False, "n": 2},
            {"flag": False, "other": False, "n": 1},
            {"flag": True, "other": True, "n": 12},
            {"other": False, "n": 1},
            {},
        ],
    )
    assert named("first", *found) == [None, "甲", "乙", "甲", "少于十二", "乙", None]
    assert named("every", *found) == [(), ("甲",), ("乙", "丙"), ("甲", "乙", "丙"), ("少于十二",), ("乙", "丙"), ()]
    assert named("none", *found) == [True, False, False, False, False, False, True]
    plain = both_ways(a_book(a_rule(body={"results": {"first": "first_failure()", "every": "failures()"}})), "t", [{}])
    assert (named("first", *plain), named("every", *plain)) == ([None], [()])


def test_steps_are_worked_out_once_and_rounded_before_they_are_used() -> None:
    let = {
        "third": {"is": "n / m", "rounding": {"base": "0.01", "direction": "up"}},
        "twice": "third + third",
        "held": "twice > 1",
    }
    results = {
        "twice": "twice",
        "far": {"is": "twice / 12", "rounding": {"base": "0.1", "direction": "half_up"}},
        "held": "held",
        "listed": "sum(rows, value * third)",
    }
    cases = [{"n": 1, "m": 3, "rows": [{"value": 1}, {"value": 2}]}, {"n": 5, "m": 2, "rows": []}, {"n": 1}, {}]
    found = both_ways(a_book(a_rule(body={"let": let, "results": results})), "t", cases)
    assert named("twice", *found) == [F("0.68"), F(5), {"m"}, {"n", "m"}]
    assert named("far", *found) == [F("0.1"), F("0.4"), {"m"}, {"n", "m"}]
    assert named("held", *found) == [False, True, {"m"}, {"n", "m"}]
    assert named("listed", *found) == [F("1.02"), 0, {"rows"}, {"rows"}]
    assert outcomes(*found) == [MET, MET, UNKNOWN, UNKNOWN]


def version(first: date, last: date | None = None, **more: Any) -> dict[str, Any]:
    """Return one wording."""
    return {"valid_from": first, "valid_to": last, "source": SOURCE, **more}


WORDINGS = [
    version(date(2020, 1, 1), date(2020, 12, 31), body={"conditions": is_("n > 1"), "results": {"x": "n + 1"}}),
    version(
        date(2021, 1, 1),
        date(2022, 12, 31),
        body={
            "conditions": is_("word == second"),
            "amount": {"is": "n / 12", "rounding": None},
            "results": {"x": "n / m", "word": "word", "extra": "later"},
        },
    ),
    version(date(2023, 1, 1), date(2023, 12, 31), body={"results": {"x": "m", "word": '"new"'}}),
]
DATED: list[dict[str, object]] = [
    {"day": "2019-12-31", "n": 5},
    {"day": "2020-01-01", "n": 5},
    {"day": "2020-12-31", "n": 1, "m": 4},
    {"day": "2021-01-01", "n": 1, "m": 3, "word": "a", "second": "a", "later": "2024-01-01"},
    {"day": "2022-12-31", "n": 2, "m": 7, "word": "b", "second": "c"},
    {"day": "2023-01-01", "m": 9},
    {"day": "2023-06-01"},
    {"day": "2024-01-01"},
    {"n": 1},
]


def test_each_row_is_answered_by_the_wording_of_its_day() -> None:
    book = a_book(a_rule(versions=WORDINGS, day="day"))
    alone, bulk = both_ways(book, "t", DATED)
    assert outcomes(alone, bulk) == [UNKNOWN, MET, NOT_MET, MET, NOT_MET, MET, UNKNOWN, UNKNOWN, UNKNOWN]
    assert [told(bulk.results["x"].value(row, bulk.reasons)) for row in range(9)] == [
        {"t"},
        6,
        2,
        F(1, 3),
        F(2, 7),
        9,
        {"m"},
        {"t"},
        {"day"},
    ]
    assert [told(bulk.results["word"].value(row, bulk.reasons)) for row in range(9)] == [
        {"t"},
        None,
        None,
        "a",
        "b",
        "new",
        "new",
        {"t"},
        {"day"},
    ]
    assert [told(bulk.results["extra"].value(row, bulk.reasons)) for row in (1, 3, 4, 5)] == [
        None,
        date(2024, 1, 1),
        {"later"},
        None,
    ]
    assert bulk.amount is not None
    assert [told(bulk.amount.value(row, bulk.reasons)) for row in range(1, 7)] == [
        None,
        None,
        F(1, 12),
        None,
        None,
        None,
    ]
    assert [told(one.amount) for one in alone[1:7]] == [None, None, F(1, 12), None, None, None]
    lacks = {row: [(item.lack.value, item.name) for item in alone[row].lacking] for row in (0, 7, 8)}
    assert lacks == {0: [("not_in_force", "t")], 7: [("expired", "t")], 8: [("missing", "day")]}
    assert [item.label for item in alone[0].lacking + alone[7].lacking] == [
        "某规则：当日尚未施行",
        "某规则：期限已满，新规定未见到，需人工核实",
    ]
    for row in (0, 7):
        held = bulk.held.value(row, bulk.reasons)
        assert held == alone[row].amount


def test_day_of_the_question_may_differ_by_case() -> None:
    book = a_book(a_rule(versions=WORDINGS))
    facts = known_facts(book, {"n": 5, "m": 2, "word": "a", "second": "a"})
    days = [date(2019, 1, 1), date(2020, 6, 1), date(2021, 6, 1), date(2023, 6, 1)]
    reasons = Reasons()
    bulk = decide_all(book, "t", columns_of(book, [facts] * 4), col.from_values(days, Kind.DATE, reasons))
    assert [told(bulk.results["x"].value(row, bulk.reasons)) for row in range(4)] == [{"t"}, 6, F(5, 2), 2]
    assert bulk.outcomes().tolist() == [-1, 1, 1, 1]


YEARS: list[Any] = [*({"n": year} for year in (2019, 2020, 2021, 2022, 2023, 2024, 0, 10000)), {}]


def test_rule_of_a_year_takes_the_wording_of_mid_year() -> None:
    wordings = [
        version(date(2020, 9, 1), date(2021, 6, 30), body={"results": {"x": "0"}}),
        version(date(2021, 7, 1), date(2022, 2, 1), body={"results": {"x": "1"}}),
        version(date(2022, 2, 2), date(2023, 3, 1), body={"results": {"x": "12"}}),
    ]
    alone, bulk = both_ways(a_book(a_rule(versions=wordings, day="n")), "t", YEARS)
    found = [told(bulk.results["x"].value(row, bulk.reasons)) for row in range(9)]
    assert found == [{"t"}, 0, 1, 12, 12, {"t"}, {"t"}, {"t"}, {"n"}]
    assert [told(one.results.get("x", one.amount)) for one in alone] == found
    assert [one.lacking[0].lack.value for one in alone if one.lacking] == [
        "not_in_force",
        "expired",
        "not_in_force",
        "expired",
        "missing",
    ]


def test_number_of_a_year_is_that_of_mid_year_or_the_last_that_touches_it() -> None:
    numbers = [
        a_number(
            "t.y",
            None,
            versions=[
                since(date(2020, 9, 1), "1", date(2021, 6, 30)),
                since(date(2021, 7, 1), "2", date(2022, 2, 1)),
                since(date(2022, 2, 2), None, date(2023, 12, 31), reason="not_seen"),
            ],
        )
    ]
    book = a_book(a_rule(day="n", body={"results": {"x": "p.y"}}), numbers=numbers)
    found = both_ways(book, "t", [{"n": year} for year in (2020, 2021, 2022, 2023, 2024)])
    assert named("x", *found) == [1, 2, 2, {"t.y"}, {"t.y"}]


def two_rules(**other: Any) -> Rulebook:
    """Return a rule that asks another for everything it can answer."""
    inner = a_rule(
        "inner",
        body={
            "let": {"step": {"is": "n / 12", "rounding": {"base": "0.1", "direction": "up"}}},
            "conditions": is_("flag"),
            "amount": {"is": "step * 12"},
            "results": {
                "x": {"is": "n / m", "rounding": {"base": "0.01", "direction": "down"}},
                "why": "first_failure()",
            },
        },
        **other,
    )
    asked = ("x", "met", "amount", "step", "why")
    outer = a_rule("t", body={"results": {f"its_{name}": f'result("inner", "{name}")' for name in asked}})
    return a_book(inner, outer)


def test_rule_is_told_what_another_answers() -> None:
    cases = [{"n": 5, "m": 3, "flag": True}, {"n": 5, "m": 3, "flag": False}, {"n": 5}, {"flag": True}]
    found = both_ways(two_rules(), "t", cases)
    assert named("its_x", *found) == [F("1.66"), F("1.66"), {"m"}, {"n", "m"}]
    assert named("its_met", *found) == [True, False, {"flag"}, True]
    assert named("its_amount", *found) == [6, None, 6, {"n"}]
    assert named("its_step", *found) == [F("0.5"), F("0.5"), F("0.5"), {"n"}]
    assert named("its_why", *found) == [None, "flag", None, None]


def test_rule_out_of_force_answers_others_as_unknown() -> None:
    past = [{"valid_from": date(2020, 1, 1), "valid_to": date(2020, 12, 31), "source": SOURCE}]
    found = both_ways(two_rules(versions=past), "t", [{"n": 5, "m": 3, "flag": True}])
    for name in ("its_x", "its_met", "its_amount", "its_step"):
        assert named(name, *found) == [{"inner"}]
    assert {item.lack.value for item in found[0][0].lacking} == {"expired"}


def test_rule_without_conditions_is_met_for_others() -> None:
    inner, outer = (
        a_rule("inner", body={"results": {"x": "n"}}),
        a_rule(body={"results": {"m": 'result("inner", "met")'}}),
    )
    assert told(decide(a_book(inner, outer), "t", {}, DAY).results["m"]) is True


def test_numbers_used_by_another_rule_are_cited_too() -> None:
    inner = a_rule("inner", body={"results": {"x": 'param("t.step")'}})
    outer = a_rule(body={"results": {"x": 'result("inner", "x") + param("t.cap")'}})
    used = decide(a_book(inner, outer), "t", {}, DAY).used
    assert {item.parameter.id for item in used} == {"t.step", "t.cap"}
    assert {item.version.valid_from for item in used if item.version} == {date(2023, 1, 1), date(2020, 1, 1)}


def test_list_results_give_a_value_for_each_entry() -> None:
    results = {
        "each": {
            "each": "rows",
            "fields": {"double": "value + value", "place": "position", "what": "what"},
            "rounding": {"base": "1", "direction": "up"},
        },
        "plain": {"each": "rows", "is": "value * n"},
    }
    book = a_book(a_rule(body={"let": {"n2": "n * n"}, "results": results}))
    cases = [
        known_facts(book, case)
        for case in (
            {"n": 2, "rows": [{"value": "1.2", "what": "a"}, {"value": 3, "what": None}]},
            {"n": 3, "rows": []},
            {"n": 5, "rows": [{"value": None, "what": "b"}]},
        )
    ]
    alone = [decide(book, "t", facts, DAY).results for facts in cases]
    first = alone[0]["each"]
    assert first == [
        {"double": F(3), "place": F(0), "what": "a"},
        {"double": F(6), "place": F(1), "what": first[1]["what"]},  # type: ignore[index]  # a list
    ]
    assert alone[0]["plain"] == [F("2.4"), F(6)]
    assert alone[1]["each"] == []
    columns = columns_of(book, cases)
    bulk, reasons = list_results(book, "t", columns, DAY, "each")
    assert [told(bulk["double"].value(row, reasons)) for row in range(3)] == [3, 6, {"rows.value"}]
    assert [told(bulk["place"].value(row, reasons)) for row in range(3)] == [0, 1, 0]
    assert [told(bulk["what"].value(row, reasons)) for row in range(3)] == ["a", {"rows.what"}, "b"]
    bulk, reasons = list_results(book, "t", columns, DAY, "plain")
    assert [told(bulk[""].value(row, reasons)) for row in range(3)] == [F("2.4"), 6, {"rows.value"}]
    unknown = decide(book, "t", {}, DAY)
    assert told(unknown.results["each"]) == {"rows"}
    assert unknown.outcome is UNKNOWN


def test_unknown_result_may_have_a_word_of_its_own() -> None:
    book = a_book(a_rule(body={"results": {"x": {"is": "word", "unknown_as": "unverified"}}}))
    alone, _ = both_ways(book, "t", [{"word": "a"}, {}])
    assert [one.results["x"] for one in alone] == ["a", "unverified"]


def test_columns_of_missing_facts_know_nothing() -> None:
    book = a_book(a_rule(body={"results": {"x": "n", "days": "days_between(day, later)", "month": "year(month)"}}))
    alone, bulk = both_ways(book, "t", [{}, {"n": 1, "month": "2024-02"}])
    assert named("x", alone, bulk) == [{"n"}, 1]
    assert named("days", alone, bulk) == [{"day", "later"}, {"day", "later"}]
    assert named("month", alone, bulk) == [{"month"}, 2024]
    columns = columns_of(book, [known_facts(book, case) for case in ({}, {"n": 1, "rows": [{"value": None}]})])
    assert sorted(columns.facts) == ["n", "rows"]
    assert columns.facts["n"].why.tolist() == [1, 0]
    assert columns.rows == 2
    taken = columns.take(np.array([1]))
    assert (taken.rows, taken.facts["n"].why.tolist()) == (1, [0])


# -- facts as given -------------------------------------------------------------------------------------------------


def test_facts_are_given_by_the_rules_own_names_or_in_groups() -> None:
    rule = a_rule(
        inputs={"person.age": "n", "person.word": "choice", "list": "rows", "flag": "flag"},
        body={"results": {"x": "person.age + 1"}},
    )
    book = a_book(rule)
    read = book.rule("t")
    flat = read_facts(book, read, {"person.age": "1.5", "flag": None})
    assert flat == {"n": F(3, 2)}
    assert read_facts(book, read, {"person": {"age": 3, "word": "a"}}) == {"n": F(3), "choice": "a"}
    for given, message in (
        ({"person": {"wage": 3}}, "规则 t 没有名为 person.wage 的事实；它的事实有 person.age、person.word、list、flag"),
        ({"person": {"word": "c"}}, "person.word 只能是 a、b 之一"),
        ({"flag": 3}, "flag 应为是/否（true/false）"),
        ({"list": 3}, "list 应为列表"),
    ):
        with pytest.raises(RuleInputError) as caught:
            read_facts(book, read, given)
        assert str(caught.value) == message
    with pytest.raises(RuleInputError) as caught:
        known_facts(book, {"nn": 3})
    assert str(caught.value) == "没有名为 nn 的事实"
    assert known_facts(book, {"n": None, "choice": "b"}) == {"choice": "b"}


def test_missing_things_are_named_with_who_can_supply_them() -> None:
    numbers = [
        *NUMBERS,
        *(
            a_number(f"t.{reason}", None, versions=[since(date(2020, 1, 1), None, reason=reason)])
            for reason in ("unconfirmed", "expired", "not_seen")
        ),
        a_number("t.later", None, versions=[since(date(2025, 1, 1), "1")]),
    ]
    results = {
        "a": "n",
        "b": "county",
        "c": "region_code(word)",
        "d": "sum(rows, value)",
        **{name: f"p.{name}" for name in ("unconfirmed", "expired", "not_seen", "later")},
    }
    book = a_book(a_rule(body={"results": results}), numbers=numbers)
    one = decide(book, "t", known_facts(book, {"word": "没有此地", "rows": [{"value": None}]}), DAY)
    assert {(item.lack.value, item.name, item.who_can_supply) for item in one.lacking} == {
        ("missing", "n", "本人"),
        ("county_decides", "county", "县区人民政府"),
        ("not_seen", "place_name", "填报人"),
        ("missing", "rows.value", "用人单位"),
        ("unconfirmed", "t.unconfirmed", "主管部门"),
        ("expired", "t.expired", "主管部门"),
        ("not_seen", "t.not_seen", "主管部门"),
        ("not_in_force", "t.later", "主管部门"),
    }
    labels = {item.name: item.label for item in one.lacking}
    assert labels["n"] == "甲数"
    assert labels["place_name"] == "地名未能识别，请写全称或六位代码"
    assert labels["t.unconfirmed"] == "参数t.unconfirmed：数值未能确认，需人工核实"
    assert labels["t.expired"] == "参数t.expired：原规定期限已满，新规定未见到，需人工核实"
    assert labels["t.not_seen"] == "参数t.not_seen：所见来源未给出该地区或类别的数值，需人工核实"
    assert labels["t.later"] == "参数t.later：当日没有有效数值，需人工核实"
    assert "各项" in labels["rows.value"]
    assert "value" in labels["rows.value"]


# -- wordings put together again ------------------------------------------------------------------------------------


def test_wordings_with_wide_numbers_and_quotients_are_put_together_exactly() -> None:
    wordings = [
        version(date(2020, 1, 1), date(2020, 12, 31), body={"results": {"x": "n * n", "y": "1 / (n * n)", "z": "n"}}),
        version(date(2021, 1, 1), date(2021, 12, 31), body={"results": {"x": "n / m", "y": "n / m", "z": "m"}}),
        version(date(2022, 1, 1), body={"results": {"x": "n", "y": "n / 12", "z": "None"}}),
    ]
    days = ("2020-05-01", "2021-05-01", "2022-05-01", "2020-06-01", "2021-06-01", "2019-01-01")
    numbers = ((2**40, 3), (5, 7), (9, 2), (2**41, 1), (3, 11), (1, 1))
    cases: list[dict[str, object]] = [{"day": day, "n": n, "m": m} for day, (n, m) in zip(days, numbers, strict=True)]
    _, bulk = both_ways(a_book(a_rule(versions=wordings, day="day")), "t", cases)
    found = {name: [told(bulk.results[name].value(row, bulk.reasons)) for row in range(6)] for name in "xyz"}
    assert found == {
        "x": [2**80, F(5, 7), 9, 2**82, F(3, 11), {"t"}],
        "y": [F(1, 2**80), F(5, 7), F(3, 4), F(1, 2**82), F(3, 11), {"t"}],
        "z": [2**40, 7, None, 2**41, 11, {"t"}],
    }
    assert bulk.rule_id == "t"
    assert bulk.amount is None or not bulk.amount.known.any()
    narrow = both_ways(a_book(a_rule(versions=wordings, day="day")), "t", cases[1:3])[1].results["z"]
    assert (str(narrow.data.dtype), narrow.den) == ("int64", 1)


def test_wording_without_a_known_value_takes_the_kind_of_the_others() -> None:
    wordings = [
        version(date(2020, 1, 1), date(2020, 12, 31), body={"results": {"x": "None", "d": "None", "f": "p.open"}}),
        version(date(2021, 1, 1), body={"results": {"x": "word", "d": "later", "f": "flag"}}),
    ]
    cases: list[dict[str, object]] = [
        {"day": "2020-05-01", "word": "a"},
        {"day": "2021-05-01", "word": "b", "later": "2024-01-01", "flag": True},
        {"day": "2021-06-01"},
    ]
    found = both_ways(a_book(a_rule(versions=wordings, day="day")), "t", cases)
    assert named("x", *found) == [None, "b", {"word"}]
    assert named("d", *found) == [None, date(2024, 1, 1), {"later"}]
    assert named("f", *found) == [{"t.open"}, True, {"flag"}]


def test_rule_may_ask_a_rule_that_asks_a_rule() -> None:
    last = a_rule(
        "u", body={"conditions": is_("flag"), "amount": {"is": "n"}, "results": {"x": "n + 1", "amount": "m"}}
    )
    middle = a_rule("v", body={"results": {"x": 'result("u", "x") + 1'}, "amount": {"is": "m"}})
    outer = a_rule(
        body={"results": {"x": 'result("v", "x")', "paid": 'result("u", "amount")', "own": 'result("v", "amount")'}}
    )
    alone, bulk = both_ways(a_book(last, middle, outer), "t", [{"n": 1, "m": 5, "flag": True}, {"n": 2, "flag": False}])
    assert named("x", alone, bulk) == [3, 4]
    assert named("own", alone, bulk) == [5, {"m"}]
    assert named("paid", alone, bulk) == [5, {"m"}], "a result of that name goes before the sum"


def test_list_results_see_steps_other_rules_and_the_day() -> None:
    inner = a_rule("u", body={"results": {"x": "n + 1"}})
    fields = {"a": "value * twice", "b": 'result("u", "x")', "c": "days_between(since, as_of)", "d": "p.step * value"}
    rule = a_rule(body={"let": {"twice": "n + n"}, "results": {"each": {"each": "rows", "fields": fields}}})
    book = a_book(inner, rule)
    cases = [
        known_facts(book, case)
        for case in (
            {"n": 3, "rows": [{"value": 1, "since": "2024-06-14"}, {"value": 2, "since": "2024-06-13"}]},
            {"n": 5, "rows": [{"value": 3, "since": "2024-06-15"}]},
        )
    ]
    expected = [(6, 4, 1, F(1, 8)), (12, 4, 2, F(1, 4)), (30, 6, 0, F(3, 8))]
    decided: list[Any] = [decide(book, "t", facts, DAY).results["each"] for facts in cases]
    alone = [entry for entries in decided for entry in entries]
    assert [tuple(entry.values()) for entry in alone] == expected
    bulk, reasons = list_results(book, "t", columns_of(book, cases), DAY, "each")
    assert [tuple(bulk[name].value(row, reasons) for name in "abcd") for row in range(3)] == expected


def test_facts_below_zero_are_refused_where_they_make_no_sense() -> None:
    facts = (
        "facts:\n  count: {label: 人数, kind: number, who: 本人}\n"
        "  staff: {label: 逐人, kind: records, who: 本人, fields: {paid: number}}\n"
        "  change: {label: 增减, kind: number, who: 本人, signed: true}\n"
    )
    book = a_book(a_rule(inputs=["count"], body={"results": {"x": "count"}}), facts=facts)
    assert known_facts(book, {"count": 0, "change": -1, "staff": [{"paid": 0}]})["change"] == -1
    for given in ({"count": -1}, {"staff": [{"paid": 1}, {"paid": "-0.5"}]}):
        with pytest.raises(RuleInputError) as caught:
            known_facts(book, given)
        assert str(caught.value) == f"{next(iter(given))} 不能小于 0"
