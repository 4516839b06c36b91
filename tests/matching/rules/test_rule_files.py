"""Rule files are refused at load with file, line and mend; an engine module reads no clock, file or random number."""

import ast
from datetime import date
from fractions import Fraction
from pathlib import Path
from textwrap import dedent

import pytest

from matching.errors import RuleError, RuleInputError
from matching.rules.decision import Outcome
from matching.rules.evaluation import decide, known_facts, read_facts
from matching.rules.rulebook import HOME, Rulebook, load_rulebook
from matching.rules.values import Unknown

PURE = (
    "values",
    "columns",
    "expressions",
    "parsing",
    "functions",
    "evaluation",
    "bulk",
    "decision",
    "benefits",
    "what_if",
)
FORBIDDEN = {"time", "random", "secrets", "os", "io", "pathlib", "socket", "urllib", "subprocess", "uuid"}
TODAY = date(2026, 11, 23)

FACTS = """
facts:
  months: {label: 经营月数, kind: number, who: 本人}
  operating: {label: 是否正常经营, kind: flag, who: 本人}
  county_pays: {label: 县区是否发放, kind: flag, who: 县区人民政府, decided_by: county}
  place: {label: 地区, kind: text, who: 本人}
"""
PARAMETER = """
id: grant.amount
title: 补贴标准
unit: CNY
versions:
  - valid_from: 2018-07-10
    valid_to: 2024-12-31
    region: "620000"
    value: "5000"
    source: {document: 甲文件, clause: 一, status: confirmed}
  - valid_from: 2025-01-01
    region: "620000"
    value: null
    reason: unconfirmed
    source: {document: 甲文件, clause: 一, status: unknown}
"""
RULE = """
id: grant
title: 某补贴
kind: benefit
subject: person
payee: person
inputs: [months, operating, county_pays]
body:
  conditions:
    all:
      - {is: months >= 12, code: too_short, text: 正常经营满一年}
      - {is: operating, code: closed, text: 仍在经营}
      - {is: county_pays, code: county, text: 本县区发放}
  amount: {is: p.amount, per: once}
versions:
  - valid_from: 2018-07-10
    source: {document: 甲文件, clause: 二, status: confirmed}
    force: may
"""


def a_book(folder: Path, rule: str = RULE, parameter: str = PARAMETER, facts: str = FACTS) -> Rulebook:
    """Write a small rule book and read it."""
    for name, text in (("parameters/amount", parameter), ("facts/all", facts), ("rulebook/grant", rule)):
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip(), encoding="utf-8")
    return load_rulebook(folder)


def line_of(text: str, wanted: str) -> int:
    """Return the line on which a piece of text stands in the file as written."""
    lines = dedent(text).lstrip().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if wanted in line)


@pytest.mark.parametrize(
    ("before", "after", "at", "told"),
    [
        ("payee: person", "payer: person", "payer", "payee"),
        ("payee: person", "payee: nobody", "payee", "payee"),
        ("  - valid_from: 2018-07-10", "  - valid_form: 2018-07-10", "valid_form", "valid_from"),
        ("is: months >= 12", "is: month >= 12", "正常经营满一年", "months"),
        ("is: months >= 12", "is: months >= 13", "正常经营满一年", "13"),
        ("is: months >= 12", "is: months >=", "正常经营满一年", "不是有效的算式"),
        ("is: p.amount", "is: p.amuont", "amount:", "grant.amount"),
        ("is: p.amount", "is: ceill(1)", "amount:", "ceil"),
        ("inputs: [months, operating, county_pays]", "inputs: [months, operatng]", "inputs", "operatng"),
        ("title: 某补贴", "title: 某补贴\ntitle: 又一个", "又一个", "两次"),
    ],
)
def test_faulty_rule_is_refused_with_file_line_and_mend(
    tmp_path: Path, before: str, after: str, at: str, told: str
) -> None:
    faulty = RULE.replace(before, after)
    assert faulty != RULE
    with pytest.raises(RuleError) as caught:
        a_book(tmp_path, rule=faulty)
    assert "grant.yaml" in str(caught.value)
    assert told in str(caught.value)
    near = line_of(faulty, at)
    assert f"第 {near} 行" in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("valid_to: 2024-12-31", "valid_to: 2025-01-01", "重叠"),
        ("valid_to: 2024-12-31", "valid_to: 2024-12-30", "没有版本"),
        ("valid_to: 2024-12-31", "valid_to: 2018-07-09", "早于"),
        ("    reason: unconfirmed\n", "", "reason"),
        ("source: {document: 甲文件, clause: 一, status: unknown}", "", "source"),
        ("status: unknown", "status: rumour", "status"),
        ('region: "620000"', "region: 甘肃", "region"),
    ],
)
def test_faulty_number_is_refused_with_file_line_and_mend(tmp_path: Path, before: str, after: str, told: str) -> None:
    faulty = PARAMETER.replace(before, after)
    assert faulty != PARAMETER
    with pytest.raises(RuleError, match=r"amount\.yaml 第 \d+ 行") as caught:
        a_book(tmp_path, parameter=faulty)
    assert told in str(caught.value)


def test_missing_fact_a_county_and_a_number_are_told_apart(tmp_path: Path) -> None:
    book = a_book(tmp_path)
    told = decide(book, "grant", known_facts(book, {"operating": True}), TODAY)
    assert told.outcome is Outcome.UNKNOWN
    assert {(item.lack.value, item.who_can_supply) for item in told.lacking} == {
        ("missing", "本人"),
        ("county_decides", "县区人民政府"),
        ("unconfirmed", "主管部门"),
    }


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"months": 12, "operating": True, "county_pays": True}, Outcome.MET),
        ({"months": 11}, Outcome.NOT_MET),
        ({"operating": False}, Outcome.NOT_MET),
        ({"months": 12, "operating": True}, Outcome.UNKNOWN),
        ({}, Outcome.UNKNOWN),
    ],
)
def test_one_refuted_condition_decides_and_a_missing_one_never_does(
    tmp_path: Path, facts: dict[str, object], outcome: Outcome
) -> None:
    book = a_book(tmp_path)
    assert decide(book, "grant", known_facts(book, facts), date(2024, 1, 1)).outcome is outcome


@pytest.mark.parametrize(("day", "lack"), [(date(2018, 7, 9), "not_in_force"), (date(2025, 1, 1), "unconfirmed")])
def test_day_without_a_rule_or_a_number_never_answers_no(tmp_path: Path, day: date, lack: str) -> None:
    book = a_book(tmp_path)
    told = decide(book, "grant", known_facts(book, {"months": 12, "operating": True, "county_pays": True}), day)
    assert told.money is None
    assert isinstance(told.amount, Unknown)
    assert lack in {item.lack.value for item in told.lacking}


def test_last_years_answer_stays_what_it_was(tmp_path: Path) -> None:
    book = a_book(tmp_path)
    facts = known_facts(book, {"months": 12, "operating": True, "county_pays": True})
    then = decide(book, "grant", facts, date(2024, 12, 31))
    assert (then.amount, str(then.money)) == (Fraction(5000), "5000.00")
    assert any("2018-07-10" in str(item.as_dict()) for item in then.used)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"monthz": 3}, "monthz"),
        ({"months": "很多"}, "months"),
        ({"months": float("inf")}, "months"),
        ({"months": -1}, "months 不能小于 0"),
        ({"operating": 1}, "operating"),
    ],
)
def test_wrong_input_is_named_and_not_repeated(tmp_path: Path, given: dict[str, object], told: str) -> None:
    book = a_book(tmp_path)
    with pytest.raises(RuleInputError, match=told) as caught:
        read_facts(book, book.rule("grant"), given)
    assert "很多" not in str(caught.value)


def test_same_files_have_the_same_version_and_a_change_another(tmp_path: Path) -> None:
    first, again = a_book(tmp_path / "a"), a_book(tmp_path / "b")
    changed = a_book(tmp_path / "c", parameter=PARAMETER.replace("5000", "6000"))
    assert first.version == again.version != changed.version


@pytest.mark.parametrize("module", PURE)
def test_rules_are_evaluated_without_clock_file_or_chance(module: str) -> None:
    tree = ast.parse((HOME / f"{module}.py").read_text(encoding="utf-8"))
    imported = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not imported & FORBIDDEN
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    assert not named & {"today", "now", "utcnow", "default_rng", "read_text", "open"}


def test_numbers_of_the_law_stand_in_dated_files_only() -> None:
    allowed = {0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 17, 18, 19, 20, 62, 63, 1970, 4096}
    found = {}
    for module in ("evaluation", "bulk", "benefits", "what_if", "decision"):
        tree = ast.parse((HOME / f"{module}.py").read_text(encoding="utf-8"))
        numbers = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and type(n.value) in (int, float)}
        found[module] = numbers - allowed
    assert not any(found.values()), found
