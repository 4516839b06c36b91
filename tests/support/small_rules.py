"""Small rule books for tests: facts of every kind, a few numbers of the law, and rules written in the test itself.

`ask` answers one expression for several cases, alone and as columns, and holds the one against the other.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from matching.rules.bulk import Answers, columns_of, decide_all
from matching.rules.decision import Decision
from matching.rules.evaluation import decide, known_facts
from matching.rules.rulebook import Rulebook, load_rulebook
from matching.rules.values import Unknown, Value

DAY = date(2024, 6, 15)

FACTS = """
facts:
  n: {label: 甲数, kind: number, who: 本人, signed: true}
  m: {label: 乙数, kind: number, who: 用人单位, signed: true}
  flag: {label: 是否甲, kind: flag, who: 本人}
  other: {label: 是否乙, kind: flag, who: 县级人社部门}
  county: {label: 县区是否发放, kind: flag, who: 县区人民政府, decided_by: county}
  word: {label: 甲词, kind: text, who: 本人}
  second: {label: 乙词, kind: text, who: 本人}
  choice: {label: 选项, kind: text, who: 本人, values: {a: 甲, b: 乙}}
  words: {label: 词表, kind: texts, who: 本人}
  more: {label: 又一词表, kind: texts, who: 本人}
  day: {label: 日期, kind: date, who: 本人}
  later: {label: 后来的日期, kind: date, who: 本人}
  month: {label: 月份, kind: month, who: 本人}
  rows:
    label: 各项
    kind: records
    who: 用人单位
    signed: true
    fields: {value: number, held: flag, since: date, what: text}
"""
INPUTS = tuple(yaml.safe_load(FACTS)["facts"])
SOURCE = {"document": "甲文件", "clause": "一", "status": "confirmed"}


def a_number(name: str, value: Any, *, unit: str = "CNY", **more: Any) -> dict[str, Any]:
    """Return a parameter with one value from 2020 on, or with the versions given."""
    version = {"valid_from": date(2020, 1, 1), "region": "620000", "value": value, "source": SOURCE}
    return {"id": name, "title": f"参数{name}", "unit": unit, "versions": [version], **more}


def since(day: date, value: Any, until: date | None = None, region: str = "620000", **more: Any) -> dict[str, Any]:
    """Return one version of a parameter."""
    return {"valid_from": day, "valid_to": until, "region": region, "value": value, "source": SOURCE, **more}


NUMBERS = (
    a_number(
        "t.step",
        None,
        versions=[since(date(2020, 1, 1), "10", date(2022, 12, 31)), since(date(2023, 1, 1), "0.125")],
    ),
    a_number("t.table", {"a": "1", "b": "2.5", "3": "7", "0.5": "9"}),
    a_number("t.nested", {"x": {"1": "5", "2": "6"}, "y": {"1": "8"}}),
    a_number(
        "t.place",
        None,
        versions=[
            since(date(2020, 1, 1), "100"),
            since(date(2020, 1, 1), "200", region="620100"),
            since(date(2022, 1, 1), "300", region="620102"),
        ],
    ),
    a_number("t.open", None, versions=[since(date(2020, 1, 1), None, reason="unconfirmed")]),
    a_number("t.range", {"from": "1", "to": "3"}),
    a_number("t.word", "09-30", unit="month_day"),
    a_number("t.cap", "none"),
)


def a_rule(rule_id: str = "t", **more: Any) -> dict[str, Any]:
    """Return a rule over every fact, in force from 2000 on."""
    versions = [{"valid_from": date(2000, 1, 1), "source": SOURCE}]
    base = {"id": rule_id, "title": "某规则", "kind": "calculation", "subject": "person", "inputs": list(INPUTS)}
    return {**base, "versions": versions, **more}


def a_book(*rules: Mapping[str, Any], numbers: Sequence[Mapping[str, Any]] = NUMBERS, facts: str = FACTS) -> Rulebook:
    """Write rules and numbers as files and read them."""
    with TemporaryDirectory() as scratch:
        home = Path(scratch)
        for part, documents in (("parameters", numbers), ("rulebook", rules)):
            (home / part).mkdir()
            for document in documents:
                text = yaml.safe_dump(dict(document), allow_unicode=True, sort_keys=False)
                (home / part / f"{document['id']}.yaml").write_text(text, encoding="utf-8")
        (home / "facts").mkdir()
        (home / "facts" / "all.yaml").write_text(facts, encoding="utf-8")
        return load_rulebook(home)


def told(value: object) -> object:
    """Return a value as it is, 'none' as None, and what is unknown as the set of names that it waits for."""
    if isinstance(value, Unknown):
        return None if value.is_nothing else {reason.name for reason in value.why}
    return value


def both_ways(book: Rulebook, rule_id: str, cases: Sequence[Any], day: date = DAY) -> tuple[list[Decision], Answers]:
    """Answer a rule for some cases, one by one and as columns."""
    known = [known_facts(book, case) for case in cases]
    return [decide(book, rule_id, facts, day) for facts in known], decide_all(
        book, rule_id, columns_of(book, known), day
    )


def ask(expression: str, *cases: Any, day: date = DAY, **rule: Any) -> list[object]:
    """Return what an expression gives for each case; alone and as columns it has to give the same."""
    body = {"let": rule.pop("let", {}), "results": {"answer": expression}}
    book = a_book(*rule.pop("others", ()), a_rule(body=body, **rule))
    alone, bulk = both_ways(book, "t", cases, day)
    found = [one.results["answer"] for one in alone]
    rows: list[Value] = [bulk.results["answer"].value(row, bulk.reasons) for row in range(len(cases))]
    for one, row in zip(found, rows, strict=True):
        same = told(one) == told(row) if isinstance(one, Unknown) and one.is_nothing else one == row
        assert same, (expression, one, row)
    return [told(value) for value in found]
