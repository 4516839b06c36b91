"""The rules as files: facts, conditions, amounts, dates and sources; read, checked and made ready to evaluate.

`facts/*.yaml` say which facts exist, of which kind, and who can supply them. `rulebook/*.yaml` hold one rule each.
A rule book is named by the hash of all its files, parameters included, and never changes once read.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from matching.errors import RuleError
from matching.rules.expressions import Node
from matching.rules.functions import FUNCTIONS
from matching.rules.parameters import CitedSource, Parameter, check_follows, load_parameters
from matching.rules.parsing import Scope, parse
from matching.rules.values import Kind, Lack
from matching.rules.yaml_files import Place, at_line, read_model
from matching.source import Source

HOME = Path(__file__).parent
AS_OF = "as_of"
"""The name by which an expression asks for the day of the question."""

NOTICE = "以主管税务、残联、人社、民政部门审核为准"
"""Said with every answer (FACTS section 0.2)."""

Payee = Literal["person", "employer", "institution", "household", "none"]
Subject = Literal["person", "employer", "placement", "other"]
RuleKind = Literal["benefit", "duty", "standing", "calculation", "flag"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FactDefinition(_Strict):
    """A fact that rules ask for: what it is called, its kind, who can supply it."""

    label: str
    kind: Kind
    who: str
    decided_by: Literal["county"] | None = None
    unit: str = ""
    signed: bool = False
    """A number that may be below zero; counts, ages and sums may not."""
    values: dict[str, str] = Field(default_factory=dict)
    fields: dict[str, Kind] = Field(default_factory=dict)
    field_labels: dict[str, str] = Field(default_factory=dict)

    @property
    def lack(self) -> Lack:
        """How a lack of this fact is named."""
        return Lack.COUNTY if self.decided_by == "county" else Lack.MISSING


class Rounding(_Strict):
    """Rounding is part of the law: to which unit, in which direction."""

    base: str
    direction: Literal["half_up", "down", "up"]


class Step(_Strict):
    """One step of the working: a name, the expression, and what it is called in a line of working."""

    value: str = Field(alias="is")
    text: str = ""
    unit: str = ""
    rounding: Rounding | None = None


class Condition(_Strict):
    """A condition: all, any or not of others, or an expression that is true, false or unknown."""

    all: tuple["Condition", ...] | None = None
    any: tuple["Condition", ...] | None = None
    negated: "Condition | None" = Field(default=None, alias="not")
    value: str | None = Field(default=None, alias="is")
    code: str = ""
    text: str = ""
    clause: str = ""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        forms = [form for form in (self.all, self.any, self.negated, self.value) if form is not None]
        if len(forms) != 1:
            raise ValueError("一个条件只写 all、any、not、is 之一")
        if self.value is not None and not self.text:
            raise ValueError("条件要写 text：给人看的一句话")
        return self

    def leaves(self) -> Iterator["Condition"]:
        """Return the conditions that are expressions, in order."""
        if self.value is not None:
            yield self
        for group in (self.all, self.any, None if self.negated is None else (self.negated,)):
            for child in group or ():
                yield from child.leaves()


class Amount(_Strict):
    """What is paid, owed or relieved when the conditions are met."""

    value: str = Field(alias="is")
    unit: str = "CNY"
    per: Literal["once", "month", "year", "day", "total"] = "total"
    is_ceiling: bool = False
    rounding: Rounding | None = Rounding(base="0.01", direction="half_up")


class Result(_Strict):
    """A named result: an expression, or one for each entry of a list (`each` with `is` or `fields`)."""

    value: str | None = Field(default=None, alias="is")
    each: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    rounding: Rounding | None = None
    unknown_as: str | None = None
    label: str = ""


class Body(_Strict):
    """What a version says; a version without a body of its own has the rule's."""

    let: dict[str, Step] = Field(default_factory=dict)
    conditions: Condition | None = None
    amount: Amount | None = None
    results: dict[str, Result] = Field(default_factory=dict)


class RuleVersion(_Strict):
    """The days on which the rule runs in one wording, with its source."""

    valid_from: date
    valid_to: date | None = None
    source: CitedSource
    force: Literal["shall", "may"] = "shall"
    replaced_by: str = ""
    body: Body | None = None

    def holds_on(self, day: date) -> bool:
        """True on the days on which this wording is in force."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def cited(self) -> Source:
        """Document and clause."""
        return self.source.cited


class Example(_Strict):
    """An invented case with what the rule must answer; run as a test and printed on the rule's page."""

    given: dict[str, Any]
    expect: dict[str, Any]
    as_of: date | None = None
    why: str = ""


class Claims(_Strict):
    """How often a benefit may be claimed."""

    once_in_all: bool = False
    per_year: int | None = None
    in_all: int | None = None


class Rule(_Strict):
    """One rule of the law, over time."""

    id: str
    title: str
    kind: RuleKind
    subject: Subject
    payee: Payee = "none"
    fund: str = ""
    handled_by: str = ""
    materials: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    claims: Claims = Claims()
    day: str = AS_OF
    region: str = ""
    inputs: dict[str, str] = Field(default_factory=dict)
    body: Body = Body()
    versions: tuple[RuleVersion, ...] = Field(min_length=1)
    labels: dict[Literal["met", "not_met", "unknown"], str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    file: str = ""

    def version_on(self, day: date) -> RuleVersion | None:
        """Return the wording in force on a day."""
        return next((version for version in self.versions if version.holds_on(day)), None)

    def version_in_year(self, year: int) -> RuleVersion | None:
        """Return the wording in force at mid-year, else the last that touches the year."""
        if not MINYEAR <= year < MAXYEAR:
            return None
        middle = self.version_on(date(year, 7, 1))
        touching = [
            version
            for version in self.versions
            if version.valid_from <= date(year, 12, 31)
            and (version.valid_to is None or version.valid_to >= date(year, 1, 1))
        ]
        return middle or (touching[-1] if touching else None)


@dataclass(frozen=True, slots=True)
class ReadCondition:
    """A condition whose expression has been read."""

    source: Condition
    node: Node | None
    children: tuple["ReadCondition", ...]


@dataclass(frozen=True, slots=True)
class ReadBody:
    """A body whose expressions have been read."""

    steps: Mapping[str, Step]
    lets: Mapping[str, Node]
    conditions: ReadCondition | None
    amount: tuple[Amount, Node] | None
    results: Mapping[str, tuple[Result, Mapping[str, Node]]]


@dataclass(frozen=True, slots=True)
class ReadRule:
    """A rule made ready to evaluate."""

    rule: Rule
    day: Node
    region: Node | None
    bodies: tuple[ReadBody, ...]

    @property
    def inputs(self) -> Mapping[str, str]:
        """The rule's own names of its facts, with the names in the dictionary."""
        return self.rule.inputs

    def body_of(self, version: RuleVersion) -> ReadBody:
        """Return the body that a version has."""
        return next(body for held, body in zip(self.rule.versions, self.bodies, strict=True) if held is version)


@dataclass(frozen=True)
class Rulebook:
    """All rules, facts and parameters, under one hash."""

    facts: Mapping[str, FactDefinition]
    parameters: Mapping[str, Parameter]
    rules: Mapping[str, ReadRule]
    version: str

    def rule(self, rule_id: str) -> ReadRule:
        """Return a rule.

        Raises
        ------
        KeyError
            When there is no such rule.
        """
        return self.rules[rule_id]

    @cached_property
    def citing(self) -> Mapping[str, tuple[str, ...]]:
        """For each parameter, the rules whose expressions name it."""
        found: dict[str, list[str]] = {}
        for rule_id, read in self.rules.items():
            text = read.rule.model_dump_json()
            for name in self.parameters:
                own = name.startswith(f"{rule_id}.") and f"p.{name[len(rule_id) + 1 :]}" in text
                if own or f'param(\\"{name}\\")' in text or f"param('{name}')" in text:
                    found.setdefault(name, []).append(rule_id)
        return {name: tuple(rules) for name, rules in found.items()}


class _FactFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    facts: dict[str, FactDefinition]


def _load_facts(folder: Path) -> dict[str, FactDefinition]:
    found: dict[str, FactDefinition] = {}
    for path in sorted(folder.glob("*.yaml")):
        held, lines = read_model(path, _FactFile)
        for name, definition in held.facts.items():
            if name in found:
                raise at_line(path, lines, ("facts", name), f"事实 {name} 已在另一文件中")
            found[name] = definition
    return found


def _spelled(document: Any) -> Any:
    """Let a step, a result or an amount be written as its expression alone."""
    for body in [document.get("body"), *(version.get("body") for version in document.get("versions") or ())]:
        if not isinstance(body, dict):
            continue
        for group in ("let", "results"):
            entries = body.get(group) or {}
            body[group] = {
                name: entry if isinstance(entry, dict) else {"is": _text(entry)} for name, entry in entries.items()
            }
    if isinstance(document.get("inputs"), list):
        document["inputs"] = {name: name for name in document["inputs"]}
    return document


def _text(entry: Any) -> str:
    return "True" if entry is True else "False" if entry is False else str(entry)


class _RuleFile(Rule):
    @model_validator(mode="before")
    @classmethod
    def _spell(cls, document: Any) -> Any:
        return _spelled(dict(document)) if isinstance(document, dict) else document


def _load_rules(
    folder: Path, facts: Mapping[str, FactDefinition], parameters: Mapping[str, Parameter]
) -> dict[str, ReadRule]:
    found: dict[str, ReadRule] = {}
    for path in sorted(folder.rglob("*.yaml")):
        rule, lines = read_model(path, _RuleFile)
        rule = rule.model_copy(update={"file": path.name})
        if rule.id in found:
            raise at_line(path, lines, ("id",), f"规则 {rule.id} 已在另一文件中")
        found[rule.id] = _read_rule(path, lines, rule, facts, parameters)
    for read in found.values():
        for other in read.rule.requires:
            if other not in found:
                raise RuleError(f"{read.rule.file}：requires 写了不存在的规则 {other}")
    return found


def _read_rule(
    path: Path,
    lines: dict[Place, int],
    rule: Rule,
    facts: Mapping[str, FactDefinition],
    parameters: Mapping[str, Parameter],
) -> ReadRule:
    for name, fact in rule.inputs.items():
        if fact not in facts:
            raise at_line(path, lines, ("inputs", name), f"事实 {fact} 没有说明，请先写入 facts")
    for number, version in enumerate(rule.versions[1:], start=1):
        check_follows(path, lines, ("versions", number, "valid_from"), rule.versions[number - 1], version)
    fields = frozenset(field for fact in rule.inputs.values() for field in facts[fact].fields)
    bodies = []
    for number, version in enumerate(rule.versions):
        home: Place = ("body",) if version.body is None else ("versions", number, "body")
        reader = _BodyReader(path, lines, rule, parameters, fields, home)
        bodies.append(reader.read(version.body or rule.body))
    scope = _scope(rule, frozenset(), parameters)
    return ReadRule(
        rule,
        _parsed(path, lines, ("day",), rule.day, scope),
        _parsed(path, lines, ("region",), rule.region, scope) if rule.region else None,
        tuple(bodies) if any(version.body for version in rule.versions) else (bodies[0],) * len(bodies),
    )


def _scope(
    rule: Rule, lets: frozenset[str], parameters: Mapping[str, Parameter], fields: frozenset[str] = frozenset()
) -> Scope:
    return Scope(rule.id, frozenset({*rule.inputs, *fields, AS_OF}), lets, parameters, FUNCTIONS)


def _parsed(path: Path, lines: dict[Place, int], place: Place, text: str, scope: Scope) -> Node:
    try:
        return parse(text, scope)
    except RuleError as error:
        raise at_line(path, lines, place, str(error)) from error


@dataclass(frozen=True, slots=True)
class _BodyReader:
    path: Path
    lines: dict[Place, int]
    rule: Rule
    parameters: Mapping[str, Parameter]
    fields: frozenset[str]
    home: Place

    def read(self, body: Body) -> ReadBody:
        """Read every expression of a body; a step may use those before it."""
        lets: dict[str, Node] = {}
        for name, step in body.let.items():
            lets[name] = self._node(("let", name), step.value, lets)
        conditions = None if body.conditions is None else self._condition(("conditions",), body.conditions, lets)
        amount = None if body.amount is None else (body.amount, self._node(("amount",), body.amount.value, lets))
        results: dict[str, tuple[Result, Mapping[str, Node]]] = {}
        for name, result in body.results.items():
            texts = result.fields if result.value is None else {"": result.value}
            nodes = {key: self._node(("results", name), text, lets) for key, text in texts.items()}
            results[name] = (result, nodes)
        return ReadBody(body.let, lets, conditions, amount, results)

    def _node(self, place: Place, text: str, lets: Mapping[str, Node]) -> Node:
        scope = _scope(self.rule, frozenset(lets), self.parameters, self.fields)
        return _parsed(self.path, self.lines, (*self.home, *place), text, scope)

    def _condition(self, place: Place, condition: Condition, lets: Mapping[str, Node]) -> ReadCondition:
        if condition.value is not None:
            return ReadCondition(condition, self._node((*place, "is"), condition.value, lets), ())
        if condition.negated is not None:
            return ReadCondition(condition, None, (self._condition((*place, "not"), condition.negated, lets),))
        form = "all" if condition.all is not None else "any"
        children = condition.all or condition.any or ()
        read = (self._condition((*place, form, number), child, lets) for number, child in enumerate(children))
        return ReadCondition(condition, None, tuple(read))


def load_rulebook(folder: Path) -> Rulebook:
    """Read parameters, facts and rules from a folder with `parameters/`, `facts/` and `rulebook/`.

    Raises
    ------
    RuleError
        With file, line and mend.
    """
    parameters = load_parameters(folder / "parameters")
    facts = _load_facts(folder / "facts")
    rules = _load_rules(folder / "rulebook", facts, parameters)
    return Rulebook(facts, parameters, rules, fingerprint(folder))


def rule_files(folder: Path) -> list[Path]:
    """Return the files of a rule book, in a fixed order."""
    return [path for part in ("parameters", "facts", "rulebook") for path in sorted((folder / part).rglob("*.yaml"))]


def fingerprint(folder: Path) -> str:
    """Return the hash that names the files of a rule book."""
    digest = hashlib.sha256()
    for path in rule_files(folder):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def rulebook() -> Rulebook:
    """Return the project's own rule book."""
    return load_rulebook(HOME)
