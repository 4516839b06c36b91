"""A decision as people and programs read it: outcome, money, working, grounds, and what is missing, word by word."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from matching.rules.decision import Decision, Outcome
from matching.rules.evaluation import decide, known_facts
from matching.rules.rulebook import NOTICE
from tests.support.small_rules import DAY, NUMBERS, SOURCE, a_book, a_number, a_rule, since

F = Fraction
OTHER = {"document": "乙文件", "clause": "二", "status": "known-high"}
BODY: dict[str, Any] = {
    "let": {
        "gap": {"is": "max(n - m, 0)", "text": "差额", "unit": "人"},
        "due": {
            "is": "(n + m) * p.step / 12",
            "text": "应缴",
            "unit": "元",
            "rounding": {"base": "0.01", "direction": "half_up"},
        },
        "same": {"is": "m", "text": "乙数", "unit": "人"},
        "hidden": "n + m",
    },
    "conditions": {
        "all": [
            {"is": "n > m", "text": "甲多于乙", "code": "few"},
            {
                "any": [{"is": "flag", "text": "是甲", "clause": "三"}, {"is": "other", "text": "是乙"}],
                "text": "甲乙之一",
            },
            {"not": {"is": "word == second", "text": "两词相同"}},
        ]
    },
    "amount": {"is": "due", "per": "month"},
    "results": {
        "gap": {"is": "gap", "label": "差"},
        "due": {"is": "due", "label": "应缴"},
        "place": {"is": "word", "label": "地方"},
        "quiet": "n",
    },
}
FULL = {"n": 1234, "m": 3, "flag": False, "other": True, "word": "a", "second": "b"}


def decided(case: Mapping[str, object], day: date = DAY, **more: Any) -> Decision:
    """Answer the rule above, or a changed one."""
    numbers = more.pop("numbers", NUMBERS)
    rule = a_rule(**{"body": BODY, "kind": "benefit", "notes": ["一句说明"], **more})
    book = a_book(rule, numbers=numbers)
    return decide(book, "t", known_facts(book, case), day)


def test_answer_is_told_line_by_line() -> None:
    assert decided(FULL).lines() == [
        "某规则：符合，每月12.89元",
        "  依据：甲文件 一",
        "    ✓ 甲多于乙（1,234，对照 3）",
        "    甲乙之一：符合",
        "      ✗ 是甲〔甲文件 三〕",
        "      ✓ 是乙",
        "    ✗ 两词相同（a，对照 b）",
        "  算式：差额 = （1,234 − 3、0）中较大的 = 1,231人",
        "  算式：应缴 = （1,234 + 3） × 0.125 ÷ 12 = 12.89元",
        "  算式：乙数 = 3人",
        "  地方：a",
        "  说明：一句说明",
    ]


def test_what_is_unknown_is_told_once_with_who_can_supply_it() -> None:
    told = decided({"n": 5, "other": None, "word": "a"}).lines()
    assert told[0] == "某规则：待核实，金额待补齐事实后计算"
    assert "    ？ 甲多于乙（5）" in told or "    ？ 甲多于乙（5，对照 未知）" in told
    assert [line for line in told if "还缺" in line] == [
        "  还缺：是否甲（本人）",
        "  还缺：乙数（用人单位）",
        "  还缺：是否乙（县级人社部门）",
        "  还缺：乙词（本人）",
    ]
    assert not [line for line in told if line.startswith("  算式") and "未知" in line]


def test_refused_answer_names_no_sum() -> None:
    told = decided({**FULL, "n": 2})
    assert told.lines()[0] == "某规则：不符合"
    assert (told.outcome, told.amount, told.money, told.lacking) == (Outcome.NOT_MET, None, None, ())


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ({"per": "month"}, "，每月1,500.50元"),
        ({"per": "year"}, "，每年1,500.50元"),
        ({"per": "day"}, "，每天1,500.50元"),
        ({"per": "once"}, "，一次性1,500.50元"),
        ({"per": "total"}, "，1,500.50元"),
        ({"per": "once", "is_ceiling": True}, "，一次性最多1,500.50元"),
    ],
)
def test_sum_is_told_with_how_often_and_whether_it_is_a_ceiling(amount: dict[str, Any], words: str) -> None:
    told = decided({"n": "1500.5"}, body={"amount": {"is": "n", **amount}})
    assert told.lines()[0] == f"某规则：符合{words}"
    assert told.amount_dict() == {
        "amount": "1500.50",
        "currency": "CNY",
        "per": amount["per"],
        "is_ceiling": amount.get("is_ceiling", False),
        "status": "known",
    }
    assert told.money == Decimal("1500.50")


def test_unknown_sum_says_whether_a_fact_or_a_number_is_missing() -> None:
    fact = decided({}, body={"amount": {"is": "n"}})
    number = decided({}, body={"amount": {"is": "p.open"}})
    assert [told.amount_dict() for told in (fact, number)] == [
        {"amount": None, "currency": "CNY", "per": "total", "is_ceiling": False, "status": status}
        for status in ("unknown", "需人工核实")
    ]
    assert fact.lines()[0].endswith("，金额待补齐事实后计算")
    assert number.lines()[0].endswith("，金额需人工核实")
    assert ([item.name for item in number.unconfirmed], fact.unconfirmed) == (["t.open"], ())
    assert decided({}, body={"results": {"x": "n"}}).amount_dict() is None
    assert "  请核对：参数t.open（未能确认，需人工核实）" not in number.lines()


@pytest.mark.parametrize(
    ("more", "case", "expected"),
    [
        ({"labels": {"met": "须缴纳", "unknown": "说不准"}}, {"flag": True}, "须缴纳"),
        ({"labels": {"met": "须缴纳", "unknown": "说不准"}}, {"flag": False}, "不符合"),
        ({"labels": {"met": "须缴纳", "unknown": "说不准"}}, {}, "说不准"),
        ({}, {"flag": True}, "符合"),
        ({}, {}, "待核实"),
    ],
)
def test_headline_uses_the_rules_own_words(more: dict[str, Any], case: dict[str, object], expected: str) -> None:
    body = {"conditions": {"is": "flag", "text": "是甲"}}
    assert decided(case, body=body, **more).headline == expected
    assert decided(case, body=body, kind="calculation", **more).headline == expected


def test_calculation_without_conditions_is_done_or_waits() -> None:
    body = {"results": {"x": "n"}}
    assert [decided(case, body=body, kind="calculation").headline for case in ({"n": 1}, {})] == ["已算出", "待补齐"]
    assert [decided(case, body=body).headline for case in ({"n": 1}, {})] == ["符合", "待核实"]


def test_numbers_to_check_are_named_with_the_reason() -> None:
    numbers = [
        a_number("t.old", None, versions=[since(date(2020, 1, 1), "1", review_after=date(2024, 6, 14))]),
        a_number("t.today", None, versions=[since(date(2020, 1, 1), "1", review_after=DAY)]),
        a_number("t.weak", None, versions=[{**since(date(2020, 1, 1), "1"), "source": OTHER}]),
        a_number("t.open", None, versions=[since(date(2020, 1, 1), None, reason="unconfirmed")]),
        a_number("t.later", None, versions=[since(date(2025, 1, 1), "1")]),
        a_number("t.sure", "1"),
    ]
    names = [number["id"].removeprefix("t.") for number in numbers]
    told = decided({}, body={"results": {name: f"p.{name}" for name in names}}, numbers=numbers)
    assert [item.parameter.id for item in told.to_check] == ["t.old", "t.weak", "t.open", "t.later"]
    assert [line for line in told.lines() if "请核对" in line] == [
        "  请核对：参数t.old（所用为 2020-01-01 起的数值，可能已有新值）",
        "  请核对：参数t.weak（乙文件，来源未逐字核对）",
    ]
    assert told.results == {**told.results, "sure": F(1)}
    quiet = decided({}, body={"conditions": {"is": "False and p.open > p.later", "text": "不成立"}}, numbers=numbers)
    assert [line for line in quiet.lines() if "请核对" in line] == [
        "  请核对：参数t.open（未能确认，需人工核实）",
        "  请核对：参数t.later（当日没有有效数值）",
    ]


def test_decision_travels_as_json() -> None:
    more: dict[str, Any] = {"payee": "person", "fund": "就业资金", "handled_by": "人社局"}
    document = decided(FULL, **more).as_dict()
    condition = {
        "text": "甲多于乙",
        "outcome": "met",
        "have": "1,234",
        "need": "3",
        "source": {"document": "甲文件", "clause": "一"},
    }
    conditions = document.pop("conditions")
    assert isinstance(conditions, dict)
    assert conditions["conditions"][0] == condition
    assert conditions["conditions"][1]["conditions"][0]["source"] == {"document": "甲文件", "clause": "三"}
    assert (conditions["text"], conditions["outcome"], "have" in conditions) == ("", "met", False)
    version = document.pop("rules_version")
    assert isinstance(version, str)
    assert len(version) == 12
    assert document == {
        "rule_id": "t",
        "title": "某规则",
        "as_of": "2024-06-15",
        "outcome": "met",
        "amount": {"amount": "12.89", "currency": "CNY", "per": "month", "is_ceiling": False, "status": "known"},
        "results": {"gap": 1231, "due": 12.89, "place": "a", "quiet": 1234},
        "working": [
            "差额 = （1,234 − 3、0）中较大的 = 1,231人",
            "应缴 = （1,234 + 3） × 0.125 ÷ 12 = 12.89元",
            "乙数 = 3人",
        ],
        "missing": [],
        "parameters": [
            {
                "parameter": "t.step",
                "title": "参数t.step",
                "value": "0.125",
                "unit": "CNY",
                "region": "620000",
                "valid_from": "2023-01-01",
                "valid_to": None,
                "source": {"document": "甲文件", "clause": "一"},
                "status": "confirmed",
            }
        ],
        "source": {"document": "甲文件", "clause": "一"},
        "status": "confirmed",
        "payee": "person",
        "fund": "就业资金",
        "handled_by": "人社局",
        "notes": ["一句说明"],
        "notice": NOTICE,
    }


def test_rule_out_of_force_says_so_and_nothing_else() -> None:
    versions = [{"valid_from": date(2020, 1, 1), "valid_to": date(2020, 12, 31), "source": SOURCE}]
    told = decided(FULL, versions=versions)
    document = told.as_dict()
    assert told.outcome is Outcome.UNKNOWN
    assert {
        name: document[name]
        for name in ("outcome", "amount", "results", "conditions", "working", "parameters", "source", "status")
    } == {
        "outcome": "unknown",
        "amount": None,
        "results": {"gap": None, "due": None, "place": None, "quiet": None},
        "conditions": None,
        "working": [],
        "parameters": [],
        "source": None,
        "status": None,
    }
    assert document["missing"] == [
        {
            "kind": "expired",
            "fact": "t",
            "label": "某规则：期限已满，新规定未见到，需人工核实",
            "who_can_supply": "主管部门",
        }
    ]
    assert document["notes"] == ["一句说明"]
    assert told.lines() == [
        "某规则：待核实",
        "  还缺：某规则：期限已满，新规定未见到，需人工核实（主管部门）",
        "  说明：一句说明",
    ]


def test_lists_and_days_travel_as_plain_values() -> None:
    results = {
        "each": {"each": "rows", "fields": {"a": "value", "b": "since"}},
        "plain": {"each": "rows", "is": "value"},
        "on": "day",
    }
    rows = [{"value": "0.5", "since": "2024-01-01"}, {"value": None}]
    told = decided({"rows": rows, "day": "2024-02-29"}, body={"results": results})
    assert told.results_dict() == {
        "each": [{"a": 0.5, "b": "2024-01-01"}, {"a": None, "b": None}],
        "plain": [0.5, None],
        "on": "2024-02-29",
    }


def test_conditions_are_walked_to_their_leaves() -> None:
    tree = decided({"n": 5, "m": 3, "flag": True}).tree
    assert tree is not None
    assert [(leaf.text, leaf.outcome.value, leaf.code) for leaf in tree.leaves()] == [
        ("甲多于乙", "met", "few"),
        ("是甲", "met", ""),
        ("是乙", "unknown", ""),
        ("两词相同", "unknown", ""),
    ]
    assert [child.form for child in tree.children] == ["", "any", "not"]
    assert tree.form == "all"
    assert {reason.name for reason in tree.why} == {"word", "second"}
    assert {reason.name for leaf in tree.leaves() for reason in leaf.why} == {"other", "word", "second"}
    assert {leaf.day for leaf in tree.leaves()} == {DAY}


def test_condition_tells_what_it_needs_in_its_own_words() -> None:
    conditions = {
        "all": [
            {"is": "n >= p.step", "text": "不少于{need}，现有{have}"},
            {"is": 'word in ("a", "b")', "text": "在列"},
            {"is": "n != m", "text": "不等"},
            {"is": 'word not in ("c", "d")', "text": "不在列"},
            {"is": "flag", "text": "是甲"},
        ]
    }
    told = decided({"n": 5, "m": 3, "word": "a", "flag": True}, body={"conditions": conditions})
    assert told.tree is not None
    leaves = list(told.tree.leaves())
    assert [(leaf.text, leaf.have, leaf.need) for leaf in leaves] == [
        ("不少于0.125，现有5", "5", "0.125"),
        ("在列", "a", "a、b"),
        ("不等", "5", ""),
        ("不在列", "a", ""),
        ("是甲", "是", ""),
    ]
    assert told.lines()[2:] == [
        "    ✓ 不少于0.125，现有5（5）",
        "    ✓ 在列（a，对照 a、b）",
        "    ✓ 不等（5）",
        "    ✓ 不在列（a）",
        "    ✓ 是甲",
        "  说明：一句说明",
    ]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("n + m * n", "5 + 3 × 5 = 20"),
        ("(n - m) / m", "（5 − 3） ÷ 3 = 0.6667"),
        ("n / (m * n)", "5 ÷ （3 × 5） = 0.3333"),
        ("n - (m - n)", "5 − 3 − 5 = 7"),
        ("n * m * n", "5 × 3 × 5 = 75"),
        ("min(n, m) + max(n, 0)", "（5、3）中较小的 + （5、0）中较大的 = 8"),
        ("n > m", "5 > 3 = 是"),
        ("n >= m and n != m", "是"),
        ("not flag", "否"),
        ("n != m", "5 ≠ 3 = 是"),
        ("n == m", "5 = 3 = 否"),
        ("n <= m", "5 ≤ 3 = 否"),
        ("n >= m", "5 ≥ 3 = 是"),
        ('word in ("a", "b")', "a 属于 a、b = 是"),
        ('word not in ("a", "b")', "a 不属于 a、b = 否"),
        ("n * 12 if flag else m", "5 × 12 = 60"),
        ("n if not flag else m - 1", "3 − 1 = 2"),
        ("given(n * 1, m)", "5 × 1 = 5"),
        ("given(county, n > m)", "5 > 3 = 是"),
        ("p.table[word] * n", "1 × 5 = 5"),
        ("within(m, p.range)", "1 ≤ 3 ≤ 3 = 是"),
        ("sum(rows, value * 12)", "（1 × 12） + （0.5 × 12） = 18"),
        ("sum(rows, position + value)", "（第1项 + 1） + （第2项 + 0.5） = 2.5"),
        ("ceil(n / m)", "2"),
        ("size(rows)", "2"),
        ("before_ + n", "15 + 5 = 20"),
    ],
)
def test_working_is_written_with_the_values(expression: str, told: str) -> None:
    rows = [{"value": 1}, {"value": "0.5"}]
    case = {"n": 5, "m": 3, "flag": True, "word": "a", "rows": rows}
    body = {"let": {"before_": "n * m", "step": {"is": expression, "text": "步"}}, "results": {"x": "step"}}
    assert decided(case, body=body).working == (f"步 = {told}",)


def test_empty_and_unknown_lists_are_told_too() -> None:
    body = {"let": {"step": {"is": "sum(rows, value)", "text": "合计"}}, "results": {"x": "step"}}
    assert decided({"rows": []}, body=body).working == ("合计 = 0",)
    assert decided({}, body=body).working == ("合计 = 未知",)
    choice = {"let": {"step": {"is": "n if flag else m", "text": "步"}}, "results": {"x": "step"}}
    assert decided({"n": 1, "m": 1}, body=choice).working == ("步 = 1",)
    assert decided({"n": 1, "m": 2}, body=choice).working == ("步 = 未知",)
    assert decided({}, body={"results": {"x": "n"}}).working == ()


def test_rows_of_the_law_travel_with_their_dates_and_status() -> None:
    agreed = {"document": "约定", "clause": "一", "status": "convention"}
    numbers = [
        a_number("t.day", None, unit="date", versions=[since(date(2020, 1, 1), date(2024, 2, 29), date(2024, 12, 31))]),
        a_number("t.later", None, versions=[since(date(2025, 1, 1), "1")]),
        a_number("t.open", None, versions=[since(date(2020, 1, 1), None, reason="unconfirmed")]),
        a_number("t.agreed", None, versions=[{**since(date(2020, 1, 1), "1"), "source": agreed}]),
        a_number(
            "t.aged", None, versions=[{**since(date(2020, 1, 1), "1", review_after=date(2021, 1, 1)), "source": agreed}]
        ),
    ]
    names = ("day", "later", "open", "agreed", "aged")
    told = decided({}, body={"results": {name: f"p.{name}" for name in names}}, numbers=numbers)
    rows = {str(row.as_dict()["parameter"]): row.as_dict() for row in told.used}
    assert rows["t.later"] == {"parameter": "t.later", "title": "参数t.later", "status": "not_in_force"}
    assert {name: rows["t.day"][name] for name in ("value", "valid_from", "valid_to", "unit")} == {
        "value": "2024-02-29",
        "valid_from": "2020-01-01",
        "valid_to": "2024-12-31",
        "unit": "date",
    }
    assert rows["t.open"]["value"] is None
    assert [row.parameter.id for row in told.to_check] == ["t.later", "t.open", "t.aged"]
    assert [line for line in told.lines() if "请核对" in line] == [
        "  请核对：参数t.aged（所用为 2020-01-01 起的数值，可能已有新值）"
    ]


def test_results_are_labelled_by_the_wording_in_force() -> None:
    own = {"results": {"x": {"is": "n", "label": "新"}, "y": {"is": "m", "label": "乙"}, "z": "n"}}
    versions = [{"valid_from": date(2020, 1, 1), "source": SOURCE, "body": own}]
    told = decided({"n": 5}, versions=versions, body={"results": {"x": {"is": "n", "label": "旧"}}})
    assert told.lines()[2:] == ["  新：5", "  还缺：乙数（用人单位）", "  说明：一句说明"]
    body = {
        "let": {"a": {"is": "n", "text": "甲"}, "b": {"is": "m", "text": "乙"}},
        "results": {"x": {"is": "n", "label": "甲乙"}},
    }
    assert "  甲乙：5" in decided({"n": 5, "m": 3}, body=body).lines()


def test_unknown_side_of_a_condition_is_not_held_against_the_other() -> None:
    body = {"conditions": {"is": "n > m", "text": "甲多"}}
    assert decided({"n": 5}, body=body).lines()[2] == "  ？ 甲多（5）"
    assert decided({"m": 5}, body=body).lines()[2] == "  ？ 甲多"
    empty = {"conditions": {"is": "word == second", "text": "同"}}
    assert decided({"word": "", "second": ""}, body=empty).lines()[2] == "  ✓ 同"
