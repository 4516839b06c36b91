"""What a changed rule book would change for the stored people and employers, before it is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from matching.rules.bulk import Answers, columns_of, decide_all
from matching.rules.decision import Outcome
from matching.rules.rulebook import Rulebook
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
    difference: Decimal = Decimal(0)
    subjects: list[str] = field(default_factory=list)

    @property
    def concerned(self) -> int:
        """How many subjects get another answer."""
        return sum(self.moves.values()) + self.amounts_changed

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        return {
            "rule_id": self.rule_id,
            "title": self.title,
            "concerned": self.concerned,
            "outcomes": [{"from": a, "to": b, "count": n} for (a, b), n in sorted(self.moves.items())],
            "amounts_changed": self.amounts_changed,
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
) -> Preview:
    """Hold two rule books against each other on the facts of people and employers, by their ids."""
    changes = []
    for rule_id in sorted(set(now.rules) & set(proposed.rules)):
        subject = now.rule(rule_id).rule.subject
        held = people if subject == "person" else employers if subject == "employer" else {}
        if held:
            change = _change(now, proposed, rule_id, held, as_of)
            if change.concerned:
                changes.append(change)
    added, removed = set(proposed.rules) - set(now.rules), set(now.rules) - set(proposed.rules)
    return Preview(now.version, proposed.version, tuple(changes), tuple(sorted(added)), tuple(sorted(removed)))


def _change(
    now: Rulebook, proposed: Rulebook, rule_id: str, held: Mapping[str, Mapping[str, Value]], as_of: date
) -> RuleChange:
    ids = list(held)
    first, second = (_answers(book, rule_id, list(held.values()), as_of) for book in (now, proposed))
    change = RuleChange(rule_id, now.rule(rule_id).rule.title)
    for row, (before, after) in enumerate(zip(first.outcomes().tolist(), second.outcomes().tolist(), strict=True)):
        paid_before, paid_after = _paid(first, row, before), _paid(second, row, after)
        if before != after:
            move = (_OUTCOMES[before].value, _OUTCOMES[after].value)
            change.moves[move] = change.moves.get(move, 0) + 1
        elif paid_before != paid_after:
            change.amounts_changed += 1
        else:
            continue
        change.subjects.append(ids[row])
        change.difference += (paid_after or Decimal(0)) - (paid_before or Decimal(0))
    return change


def _answers(book: Rulebook, rule_id: str, cases: Sequence[Mapping[str, Value]], as_of: date) -> Answers:
    kept = [{name: value for name, value in case.items() if name in book.facts} for case in cases]
    return decide_all(book, rule_id, columns_of(book, kept), as_of)


def _paid(answers: Answers, row: int, outcome: int) -> Decimal | None:
    if outcome != 1 or answers.amount is None:
        return None
    value = answers.amount.value(row, answers.reasons)
    return None if isinstance(value, Unknown) or not isinstance(value, Fraction) else as_decimal(value, 2)
