"""What a rule answers for one case: outcome, amount, results, and the tree of conditions with their grounds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from matching.rules.parameters import Parameter, Version
from matching.rules.rulebook import NOTICE, Amount, Rule, RuleVersion
from matching.rules.values import Lack, Unknown, Value, Why, as_decimal, plain, shown


class Outcome(StrEnum):
    """The three values of an answer."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """As a caseworker reads it."""
        return {"met": "符合", "not_met": "不符合", "unknown": "待核实"}[self.value]


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """A condition with what the case has, what the rule needs, and the ground."""

    text: str
    outcome: Outcome
    have: str
    need: str
    code: str
    document: str
    clause: str
    day: date | None
    why: frozenset[Why]
    children: tuple["ConditionTrace", ...] = ()
    form: str = ""
    """How the children stand together: all, any or not; empty for a condition without children."""

    def leaves(self) -> Iterator["ConditionTrace"]:
        """Return the conditions that have no children, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def as_dict(self) -> dict[str, object]:
        """Return the trace as it travels in JSON."""
        document: dict[str, object] = {"text": self.text, "outcome": self.outcome.value}
        if self.children:
            document["conditions"] = [child.as_dict() for child in self.children]
        else:
            document |= {"have": self.have, "need": self.need}
        return document | {"source": {"document": self.document, "clause": self.clause}}


@dataclass(frozen=True, slots=True)
class Lacking:
    """One thing that an unknown answer waits for: a fact, a number, a decision, a rule."""

    lack: Lack
    name: str
    label: str
    who_can_supply: str

    def as_dict(self) -> dict[str, str]:
        """Return it as it travels in JSON."""
        return {
            "kind": self.lack.value,
            "fact": self.name,
            "label": self.label,
            "who_can_supply": self.who_can_supply,
        }


@dataclass(frozen=True, slots=True)
class UsedParameter:
    """A row of the law that an answer rests on."""

    parameter: Parameter
    version: Version | None

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        head: dict[str, object] = {"parameter": self.parameter.id, "title": self.parameter.title}
        if self.version is None:
            return head | {"status": "not_in_force"}
        source = self.version.source
        return head | {
            "value": None
            if self.version.value is None
            else self.version.value
            if not isinstance(self.version.value, date)
            else self.version.value.isoformat(),
            "unit": self.parameter.unit,
            "region": self.version.region,
            "valid_from": self.version.valid_from.isoformat(),
            "valid_to": None if self.version.valid_to is None else self.version.valid_to.isoformat(),
            "source": {"document": source.document, "clause": source.clause},
            "status": source.status,
        }

    def needs_review(self, day: date) -> bool:
        """True where the value is likely to have been replaced by now, or is not confirmed."""
        if self.version is None or self.version.value is None:
            return True
        late = self.version.review_after is not None and day > self.version.review_after
        return late or self.version.source.status not in ("confirmed", "convention")


@dataclass(frozen=True, slots=True)
class Decision:
    """A rule's answer for one case on one day. The same object serves page, API, command line and bulk."""

    rule: Rule
    version: RuleVersion | None
    as_of: date
    outcome: Outcome
    amount_rule: Amount | None
    amount: Fraction | Unknown | None
    results: Mapping[str, Value | list[object]]
    tree: ConditionTrace | None
    working: tuple[str, ...]
    lacking: tuple[Lacking, ...]
    used: tuple[UsedParameter, ...]
    rules_version: str
    notes: tuple[str, ...] = ()
    conditions_wait_for: frozenset[str] = frozenset()
    """Names of what leaves the conditions open; of a rule without conditions, of everything that is lacking."""

    @property
    def headline(self) -> str:
        """The outcome in the rule's own words, such as 须缴纳; 已算出 for a calculation without conditions."""
        if self.outcome.value in self.rule.labels:
            return self.rule.labels[self.outcome.value]
        if self.tree is None and self.rule.kind == "calculation":
            return "已算出" if self.outcome is Outcome.MET else "待补齐"
        return self.outcome.label

    @property
    def money(self) -> Decimal | None:
        """The amount in yuan, None where there is none or it is unknown."""
        if not isinstance(self.amount, Fraction):
            return None
        return Decimal(f"{as_decimal(self.amount, 2):f}").quantize(Decimal("0.01"))

    @property
    def unconfirmed(self) -> tuple[Lacking, ...]:
        """Numbers that nobody could confirm: to be checked by hand (需人工核实)."""
        kinds = (Lack.UNCONFIRMED, Lack.EXPIRED, Lack.NOT_SEEN, Lack.NOT_IN_FORCE)
        return tuple(item for item in self.lacking if item.lack in kinds)

    @property
    def to_check(self) -> tuple[UsedParameter, ...]:
        """Numbers in use that a caseworker should confirm, for age or for want of a confirmed source."""
        return tuple(item for item in self.used if item.needs_review(self.as_of))

    def amount_dict(self) -> dict[str, object] | None:
        """Return the amount as it travels in JSON; null inside where it is unknown, None where there is none."""
        if self.amount_rule is None:
            return None
        unknown = isinstance(self.amount, Unknown)
        return {
            "amount": None if self.money is None else str(self.money),
            "currency": "CNY",
            "per": self.amount_rule.per,
            "is_ceiling": self.amount_rule.is_ceiling,
            "status": "需人工核实" if unknown and self.unconfirmed else "unknown" if unknown else "known",
        }

    def results_dict(self) -> dict[str, object]:
        """Return the named results as they travel in JSON."""
        return {name: _plain(value) for name, value in self.results.items()}

    def as_dict(self) -> dict[str, object]:
        """Return the decision as it travels in JSON."""
        return {
            "rule_id": self.rule.id,
            "title": self.rule.title,
            "as_of": self.as_of.isoformat(),
            "outcome": self.outcome.value,
            "amount": self.amount_dict(),
            "results": self.results_dict(),
            "conditions": None if self.tree is None else self.tree.as_dict(),
            "working": list(self.working),
            "missing": [item.as_dict() for item in self.lacking],
            "parameters": [item.as_dict() for item in self.used],
            "source": None if self.version is None else self.version.cited.as_dict(),
            "status": None if self.version is None else self.version.source.status,
            "payee": self.rule.payee,
            "fund": self.rule.fund,
            "handled_by": self.rule.handled_by,
            "notes": list(self.notes),
            "notice": NOTICE,
            "rules_version": self.rules_version,
        }

    def lines(self) -> list[str]:
        """Return the decision in plain Chinese, line by line, fit to be read aloud; what is unknown is told once."""
        told = [f"{self.rule.title}：{self.headline}{self._amount_words()}"]
        if self.version is not None:
            told.append(f"  依据：{self.version.source.document} {self.version.source.clause}".rstrip())
        if self.tree is not None:
            told += [f"  {line}" for line in _tree_lines(self.tree, self._ground)]
        told += [f"  算式：{line}" for line in self.working if UNKNOWN_WORD not in line]
        told += [f"  {label}：{value}" for label, value in self._labelled()]
        told += [f"  还缺：{item.label}（{item.who_can_supply}）" for item in self.lacking]
        named = {item.name for item in self.lacking}
        told += [
            f"  请核对：{item.parameter.title}（{_check_words(item)}）"
            for item in self.to_check
            if item.parameter.id not in named
        ]
        told += [f"  说明：{note}" for note in self.notes]
        return told

    @property
    def _ground(self) -> tuple[str, str]:
        return ("", "") if self.version is None else (self.version.source.document, self.version.source.clause)

    def _labelled(self) -> list[tuple[str, str]]:
        shown_already = " ".join(self.working)
        labelled = []
        for name, value in self.results.items():
            body = self.version.body if self.version is not None and self.version.body else self.rule.body
            label = body.results[name].label
            told_before = label in shown_already
            if label and not told_before and not isinstance(value, list | Unknown):
                labelled.append((label, shown(value)))
        return labelled

    def _amount_words(self) -> str:
        if self.amount_rule is None or self.outcome is Outcome.NOT_MET:
            return ""
        if self.money is None:
            return "，金额需人工核实" if self.unconfirmed else "，金额待补齐事实后计算"
        per = {"month": "每月", "year": "每年", "day": "每天", "once": "一次性", "total": ""}[self.amount_rule.per]
        ceiling = "最多" if self.amount_rule.is_ceiling else ""
        return f"，{per}{ceiling}{self.money:,.2f}元"


def _plain(value: "Value | list[object]") -> object:
    if isinstance(value, list):
        return [
            {key: plain(item) for key, item in entry.items()} if isinstance(entry, Mapping) else plain(entry)  # type: ignore[arg-type]  # lists hold values
            for entry in value
        ]
    return plain(value)


def _check_words(item: UsedParameter) -> str:
    if item.version is None:
        return "当日没有有效数值"
    if item.version.value is None:
        return "未能确认，需人工核实"
    if item.version.source.status not in ("confirmed", "convention"):
        return f"{item.version.source.document}，来源未逐字核对"
    return f"所用为 {item.version.valid_from} 起的数值，可能已有新值"


def _tree_lines(tree: ConditionTrace, ground: tuple[str, str], depth: int = 0) -> list[str]:
    pad = "  " * depth
    if tree.children:
        head = [f"{pad}{tree.text}：{tree.outcome.label}"] if tree.text and depth else []
        below = depth + 1 if head or not depth else depth
        return head + [line for child in tree.children for line in _tree_lines(child, ground, below)]
    mark = {"met": "✓", "not_met": "✗", "unknown": "？"}[tree.outcome.value]
    need = f"，对照 {tree.need}" if tree.need not in ("", UNKNOWN_WORD) and tree.need not in tree.text else ""
    facts = f"（{tree.have}{need}）" if tree.have not in ("", "是", "否", UNKNOWN_WORD) else ""
    other = (tree.document, tree.clause) != ground
    return [f"{pad}{mark} {tree.text}{facts}{f'〔{tree.document} {tree.clause}〕' if other else ''}"]


UNKNOWN_WORD = "未知"
"""How `values.shown` writes a value that nobody knows."""
