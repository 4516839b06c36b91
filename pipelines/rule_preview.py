"""What a changed rule book would change for the stored people and employers, before it is published."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from matching.rules.bulk import Answers, Columns, decide_all
from matching.rules.decision import Outcome
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import stored_columns
from matching.rules.values import Unknown, Value, as_decimal

_OUTCOMES = {1: Outcome.MET, 0: Outcome.NOT_MET, -1: Outcome.UNKNOWN}
_SHOWN = 20


@dataclass(slots=True)
class RuleChange:
    """How one rule's answers differ between two rule books."""

    rule_id: str
    title: str
    moves: dict[tuple[str, str], int] = field(default_factory=dict)
    amounts_changed: int = 0
    results_changed: int = 0
    difference: Decimal = Decimal(0)
    subjects: list[str] = field(default_factory=list)
    priced: int = 0
    """How many of those concerned have an amount that is known under either book."""
    unknown: int = 0
    """How many subjects nobody can say anything of for want of a fact, or not how much, under the proposed book."""

    @property
    def concerned(self) -> int:
        """How many subjects get another answer."""
        return sum(self.moves.values()) + self.amounts_changed + self.results_changed

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        return {
            "rule_id": self.rule_id,
            "title": self.title,
            "concerned": self.concerned,
            "outcomes": [{"from": a, "to": b, "count": n} for (a, b), n in sorted(self.moves.items())],
            "amounts_changed": self.amounts_changed,
            "results_changed": self.results_changed,
            "amount_difference": {"amount": str(self.difference), "currency": "CNY"},
            "examples": self.subjects[:_SHOWN],
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """Both versions, the rules whose answers change, and rules that one of the books does not have."""

    before: str
    after: str
    changes: tuple[RuleChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        return {
            "rules_version": self.before,
            "proposed_version": self.after,
            "rules": [change.as_dict() for change in self.changes],
            "added": list(self.added),
            "removed": list(self.removed),
        }


def preview(
    now: Rulebook,
    proposed: Rulebook,
    people: Mapping[str, Mapping[str, Value]],
    employers: Mapping[str, Mapping[str, Value]],
    as_of: date,
    placements: Mapping[str, Mapping[str, Value]] | None = None,
) -> Preview:
    """Hold two rule books against each other on the facts of people, employers and placements, by their ids."""
    held = {"person": people, "employer": employers, "placement": placements or {}}
    groups = {subject: _Group.of(now, proposed, facts) for subject, facts in held.items() if facts}
    changes = []
    for rule_id in sorted(set(now.rules) & set(proposed.rules)):
        group = groups.get(now.rule(rule_id).rule.subject)
        if group is not None:
            change = _change(now, proposed, rule_id, group, as_of)
            if change.concerned:
                changes.append(change)
    added, removed = set(proposed.rules) - set(now.rules), set(now.rules) - set(proposed.rules)
    return Preview(now.version, proposed.version, tuple(changes), tuple(sorted(added)), tuple(sorted(removed)))


@dataclass(frozen=True, slots=True)
class _Group:
    """The subjects of one kind, as columns under either book; either may know facts that the other does not."""

    ids: tuple[str, ...]
    before: Columns
    after: Columns

    @classmethod
    def of(cls, now: Rulebook, proposed: Rulebook, facts: Mapping[str, Mapping[str, Value]]) -> "_Group":
        before, after = (stored_columns(book, facts.values()) for book in (now, proposed))
        return cls(tuple(facts), before, after)


def _change(now: Rulebook, proposed: Rulebook, rule_id: str, group: _Group, as_of: date) -> RuleChange:
    first = decide_all(now, rule_id, group.before, as_of)
    second = decide_all(proposed, rule_id, group.after, as_of)
    change = RuleChange(rule_id, now.rule(rule_id).rule.title)
    for row, (before, after) in enumerate(zip(first.outcomes().tolist(), second.outcomes().tolist(), strict=True)):
        paid_before, paid_after = _paid(first, row, before), _paid(second, row, after)
        change.unknown += after == -1 or (after == 1 and second.amount is not None and paid_after is None)
        if before != after:
            move = (_OUTCOMES[before].value, _OUTCOMES[after].value)
            change.moves[move] = change.moves.get(move, 0) + 1
        elif paid_before != paid_after:
            change.amounts_changed += 1
        elif _differ(first, second, row):
            change.results_changed += 1  # as how many people a unit must employ, where its levy is not known
        else:
            continue
        change.subjects.append(group.ids[row])
        change.priced += paid_before is not None or paid_after is not None
        change.difference += (paid_after or Decimal(0)) - (paid_before or Decimal(0))
    return change


def _differ(first: Answers, second: Answers, row: int) -> bool:
    """Say whether any named result that both know is another; where one of them knows none, nothing is said."""
    for name in first.results.keys() & second.results.keys():
        before = first.results[name].value(row, first.reasons)
        after = second.results[name].value(row, second.reasons)
        if not isinstance(before, Unknown) and not isinstance(after, Unknown) and before != after:
            return True
    return False


def _paid(answers: Answers, row: int, outcome: int) -> Decimal | None:
    if outcome != 1 or answers.amount is None:
        return None
    value = answers.amount.value(row, answers.reasons)
    return None if isinstance(value, Unknown) or not isinstance(value, Fraction) else as_decimal(value, 2)
