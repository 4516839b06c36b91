"""Invented facts for any rule: values on both sides of its thresholds and days, with some of them missing."""

import ast
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from matching.rules.rulebook import AS_OF, FactDefinition, ReadRule, Rulebook
from matching.rules.values import Kind, Value

PLACES = ("620102", "620200", "620502", "620503", "620922", "621022", "622901", "620300", "620000")
"""Counties with values of their own, their prefectures, and places that only have the province's."""

_WORD = re.compile(r"""["']([^"']+)["']""")


class FactMaker:
    """Draws cases for one rule from a seeded generator."""

    def __init__(self, book: Rulebook, rule_id: str, seed: int) -> None:
        self.book = book
        self.rule_ids = _with_asked(book, rule_id)
        self.reads = [book.rule(asked) for asked in self.rule_ids]
        self.draw = np.random.default_rng(seed)
        self.words = tuple(sorted({word for read in self.reads for word in _words(read)}))
        self.numbers = _numbers(book, self.rule_ids)
        self.days = _days(book, self.reads, self.rule_ids)

    @property
    def facts(self) -> tuple[str, ...]:
        """Names of every fact that the rule, or a rule that it asks, looks at."""
        return tuple(sorted({fact for read in self.reads for fact in read.inputs.values()}))

    @property
    def alternatives(self) -> frozenset[str]:
        """Facts that stand in for others, `given(this, that)`: with both, one may contradict the other."""
        found: set[str] = set()
        for read in self.reads:
            for body in _bodies(read):
                texts = [read.rule.day, read.rule.region or AS_OF, *_expressions(body)]
                names = {name for text in texts if text for name in _preferred(text)}
                found |= {read.inputs[name] for name in _resolved(names, body) if name in read.inputs}
        return frozenset(found)

    def case(self, missing_share: float) -> dict[str, Value]:
        """Return one case; each fact is missing with the probability given."""
        return {name: self.value(self.book.facts[name]) for name in self.facts if self.draw.random() >= missing_share}

    def cases(self, count: int, missing_share: float) -> list[dict[str, Value]]:
        """Return many cases."""
        return [self.case(missing_share) for _ in range(count)]

    def day(self) -> date:
        """Return a day from 2015 to 2028, often one on which some law begins, or the day before."""
        if self.draw.random() < 0.5:
            return self.days[int(self.draw.integers(0, len(self.days)))]
        return date(2015, 1, 1) + timedelta(days=int(self.draw.integers(0, 14 * 365 + 3)))

    def _pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.draw.integers(0, len(options)))]

    def value(self, definition: FactDefinition) -> Value:
        """Return a value of a fact's kind."""
        if "区划代码" in definition.label:
            return str(self._pick(PLACES))
        if definition.values and definition.kind is Kind.TEXT:
            return str(self._pick(tuple(definition.values)))
        return self._of_kind(definition.kind, definition.fields)

    def _of_kind(self, kind: Kind, fields: Mapping[str, Kind]) -> Value:
        if kind is Kind.FLAG:
            return bool(self.draw.random() < 0.5)
        if kind is Kind.NUMBER:
            return self._number()
        if kind is Kind.TEXT:
            return str(self._pick((*self.words, "620102", "620922", "一个别处没有的词")))
        if kind in (Kind.DATE, Kind.MONTH):
            day = self.day()
            return day.replace(day=1) if kind is Kind.MONTH else day
        if kind is Kind.TEXTS:
            wanted = [word for word in self.words if self.draw.random() < 0.2]
            return tuple(wanted)
        entries = int(self.draw.integers(0, 5))
        return tuple({name: self._of_kind(inner, {}) for name, inner in fields.items()} for _ in range(entries))

    def _number(self) -> Fraction:
        way = self.draw.random()
        if way < 0.4:
            return Fraction(self._pick(self.numbers)) + Fraction(self._pick((-1, 0, 0, 1)))
        if way < 0.6:
            return Fraction(self._pick(self.numbers)) + Fraction(int(self.draw.integers(-1, 2)), 100)
        if way < 0.8:
            return Fraction(int(self.draw.integers(0, 40)))
        return Fraction(int(self.draw.integers(0, 50_000_000)), 100)


def _with_asked(book: Rulebook, rule_id: str) -> tuple[str, ...]:
    found: list[str] = []
    waiting = [rule_id]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.append(current)
            text = book.rule(current).rule.model_dump_json().replace('\\"', '"').replace("'", '"')
            waiting += re.findall(r'result\("([^"]+)"', text)
    return tuple(found)


def _names(tree: ast.AST) -> set[str]:
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return found | {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def _preferred(text: str) -> set[str]:
    """Return the names in the first argument of every `given`."""
    calls = [node for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.Call)]
    firsts = [node.args[0] for node in calls if isinstance(node.func, ast.Name) and node.func.id == "given"]
    return {name for first in firsts for name in _names(first)}


def _resolved(names: set[str], body: Any) -> set[str]:
    """Return the names with those of the steps that they stand for."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            if name in body.let:
                waiting += _names(ast.parse(body.let[name].value.strip(), mode="eval"))
    return found


def _bodies(read: ReadRule) -> list[Any]:
    return [read.rule.body, *(version.body for version in read.rule.versions if version.body)]


def _words(read: ReadRule) -> list[str]:
    texts = [text for body in _bodies(read) for text in _expressions(body)]
    return [word for text in texts for word in _WORD.findall(text) if "." not in word]


def _expressions(body: Any) -> list[str]:
    found = [step.value for step in body.let.values()]
    if body.conditions is not None:
        found += [leaf.value for leaf in body.conditions.leaves() if leaf.value]
    for result in body.results.values():
        found += [result.value or "", *result.fields.values()]
    return found


def _numbers(book: Rulebook, rule_ids: Sequence[str]) -> tuple[Fraction, ...]:
    found = {Fraction(0), Fraction(1), Fraction(12), Fraction(2019), Fraction(2025), Fraction(2026)}
    for name, users in book.citing.items():
        if set(users) & set(rule_ids):
            for version in book.parameters[name].versions:
                value = book.parameters[name].read(version)
                held = value.values() if isinstance(value, Mapping) else [value]
                found |= {item for item in held if isinstance(item, Fraction)}
    return tuple(sorted(found))


def _days(book: Rulebook, reads: Sequence[ReadRule], rule_ids: Sequence[str]) -> tuple[date, ...]:
    starts = {version.valid_from for read in reads for version in read.rule.versions}
    starts |= {version.valid_to for read in reads for version in read.rule.versions if version.valid_to}
    for name, users in book.citing.items():
        if set(users) & set(rule_ids):
            starts |= {version.valid_from for version in book.parameters[name].versions}
    near = {start + timedelta(days=step) for start in starts for step in (-1, 0, 1)}
    return tuple(sorted(day for day in near if date(2014, 1, 1) <= day <= date(2029, 1, 1))) or (date(2026, 1, 1),)
