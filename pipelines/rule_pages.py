"""The documentation of the rules, made from the rules: one page each, with dates, sources, status and cases.

`python -m pipelines.rule_pages docs/rules` writes the pages; a test holds the committed ones against it.
"""

import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from matching.rules.decision import Decision
from matching.rules.evaluation import decide, read_facts
from matching.rules.parameters import Parameter, Version
from matching.rules.rulebook import NOTICE, Example, ReadRule, Rulebook, rulebook

KINDS = {
    "benefit": "待遇与补贴",
    "duty": "义务",
    "standing": "身份与认定",
    "calculation": "计算",
    "flag": "核查提示",
}
STATUS = {
    "confirmed": "已见原文",
    "known-high": "可信，待核对原文",
    "known-medium": "较可信，待核对原文",
    "known-low": "不可靠，待核对原文",
    "unknown": "未知",
    "convention": "工程约定",
    "ended": "已到期",
}


def status_in_words(text: str) -> str:
    """Return a note of the rules with how sure a source is said in words: `known-high` is for who writes rules."""
    for status in ("known-high", "known-medium", "known-low"):
        text = re.sub(rf" ?{status} ?", STATUS[status], text)
    return text


def pages(book: Rulebook) -> dict[str, str]:
    """Return every page by its file name, the index included."""
    found = {f"{rule_id}.md": "\n".join(_page(book, read)) + "\n" for rule_id, read in sorted(book.rules.items())}
    return found | {"README.md": "\n".join(_index(book)) + "\n"}


def write_pages(book: Rulebook, folder: Path) -> int:
    """Write the pages into a folder, remove those of rules that are gone, and return how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    found = pages(book)
    for path in folder.glob("*.md"):
        if path.name not in found:
            path.unlink()
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    return len(found)


def _index(book: Rulebook) -> Iterator[str]:
    yield "# 规则"
    yield ""
    yield f"由规则文件生成，请勿手改。{NOTICE}。"
    for kind, label in KINDS.items():
        rules = [read.rule for _, read in sorted(book.rules.items()) if read.rule.kind == kind]
        if not rules:
            continue
        yield ""
        yield f"## {label}"
        yield ""
        yield "| 规则 | 名称 | 起 | 止 | 依据 | 依据状态 |"
        yield "|---|---|---|---|---|---|"
        for rule in rules:
            last = rule.versions[-1]
            until = last.valid_to.isoformat() if last.valid_to else "—"
            yield (
                f"| [{rule.id}]({rule.id}.md) | {rule.title} | {rule.versions[0].valid_from} | {until} "
                f"| {last.source.document} {last.source.clause} | {STATUS[last.source.status]} |"
            )


def _page(book: Rulebook, read: ReadRule) -> Iterator[str]:
    rule = read.rule
    yield f"# {rule.title}（`{rule.id}`）"
    yield ""
    yield f"{KINDS[rule.kind]}。由规则文件 `{rule.file}` 生成，请勿手改。"
    yield ""
    yield "## 依据"
    yield ""
    yield "| 起 | 止 | 文件 | 条款 | 摘要 | 状态 | 由…接替 |"
    yield "|---|---|---|---|---|---|---|"
    for version in rule.versions:
        until = version.valid_to.isoformat() if version.valid_to else "—"
        source = version.source
        yield (
            f"| {version.valid_from} | {until} | {source.document} | {source.clause} | {source.quote or '—'} "
            f"| {STATUS[source.status]} | {version.replaced_by or '—'} |"
        )
    yield from _facts(book, read)
    yield from _conditions(read)
    yield from _numbers(book, rule.id)
    for title, items in (("材料", rule.materials), ("说明", rule.notes)):
        if items:
            yield from ("", f"## {title}", "")
            yield from (f"- {item}" for item in items)
    for title, others in (("不得同时享受", rule.excludes), ("先决条件", rule.requires)):
        if others:
            yield from ("", f"## {title}", "")
            yield from (f"- [{book.rule(other).rule.title}]({other}.md)" for other in others if other in book.rules)
    if rule.examples:
        yield from ("", "## 算例", "", "| 已知 | 按哪一天 | 结果 | 为什么 |", "|---|---|---|---|")
        yield from (_example(example) for example in rule.examples)


def _facts(book: Rulebook, read: ReadRule) -> Iterator[str]:
    if not read.inputs:
        return
    yield from ("", "## 需要的事实", "", "| 名称 | 事实 | 由谁提供 |", "|---|---|---|")
    for name, fact in read.inputs.items():
        yield f"| `{name}` | {book.facts[fact].label} | {book.facts[fact].who} |"


def _conditions(read: ReadRule) -> Iterator[str]:
    bodies = [read.rule.body, *(version.body for version in read.rule.versions if version.body is not None)]
    steps = [(step.text, step.value) for body in bodies[:1] for step in body.let.values() if step.text]
    leaves = [leaf for body in bodies for leaf in (body.conditions.leaves() if body.conditions else ())]
    if leaves:
        yield from ("", "## 条件", "")
        for leaf in dict.fromkeys(leaves):
            clause = f"（{leaf.clause}）" if leaf.clause else ""
            yield f"- {leaf.text.replace('{need}', '规定值').replace('{have}', '实际值')}{clause}"
    if steps:
        yield from ("", "## 算法", "")
        yield from (f"- {text}：`{value}`" for text, value in steps)


def _numbers(book: Rulebook, rule_id: str) -> Iterator[str]:
    names = sorted(name for name, users in book.citing.items() if rule_id in users)
    if not names:
        return
    yield from ("", "## 数值", "", "| 数值 | 地区 | 起 | 止 | 值 | 依据 | 状态 |", "|---|---|---|---|---|---|---|")
    for name in names:
        parameter = book.parameters[name]
        for version in parameter.versions:
            yield _number(parameter, version)


def _number(parameter: Parameter, version: Version) -> str:
    until = version.valid_to.isoformat() if version.valid_to else "—"
    if version.value is None:
        value = "需人工核实"
    elif isinstance(version.value, dict) and len(version.value) > 6:
        value = f"表，{len(version.value)} 项"
    else:
        value = (
            json.dumps(version.value, ensure_ascii=False, default=str)
            if isinstance(version.value, dict)
            else str(version.value)
        )
    source = version.source
    return (
        f"| {parameter.title} | {version.region} | {version.valid_from} | {until} | {value} "
        f"| {source.document} {source.clause} | {STATUS[source.status]} |"
    )


def _example(example: Example) -> str:
    given = json.dumps(example.given, ensure_ascii=False, default=str)
    expect = json.dumps(example.expect, ensure_ascii=False, default=str)
    return f"| `{given}` | {example.as_of or '—'} | `{expect}` | {example.why or '—'} |"


def run_example(book: Rulebook, read: ReadRule, example: Example, day: date) -> dict[str, Any]:
    """Return what a rule answers to an example, under the names that it expects."""
    given = {name: value.isoformat() if isinstance(value, date) else value for name, value in example.given.items()}
    decision: Decision = decide(book, read.rule.id, read_facts(book, read, given), example.as_of or day)
    amount = None if decision.money is None else float(decision.money)
    head: dict[str, Any] = {"outcome": decision.outcome.value, "amount": amount}
    return head | decision.results_dict()


if __name__ == "__main__":
    print(write_pages(rulebook(), Path(sys.argv[1])), "pages")  # noqa: T201 - a command line answers
