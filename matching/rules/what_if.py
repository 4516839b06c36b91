"""What would change an answer: the fewest conditions, one more placement, a job's effect on a household's income."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from matching.rules.decision import ConditionTrace, Decision, Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import Rulebook
from matching.rules.values import Value

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Change:
    """A condition that would have to hold and does not, or of which nobody knows."""

    text: str
    have: str
    need: str
    is_unknown: bool

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        return {"condition": self.text, "have": self.have, "need": self.need, "is_unknown": self.is_unknown}


def smallest_change(decision: Decision) -> tuple[Change, ...] | None:
    """Return the fewest conditions that turn a no or an unknown into a yes; none where it is a yes.

    Returns None where no change of conditions can do it: the rule has none, or is not in force.
    """
    if decision.outcome is Outcome.MET:
        return ()
    if decision.tree is None:
        return None
    return tuple(
        Change(leaf.text, leaf.have, leaf.need, leaf.outcome is Outcome.UNKNOWN)
        for leaf in _to_hold(decision.tree, True)
    )


def _to_hold(tree: ConditionTrace, wanted: bool) -> list[ConditionTrace]:
    goal = Outcome.MET if wanted else Outcome.NOT_MET
    if tree.outcome is goal:
        return []
    if not tree.children:
        return [tree]
    if tree.form == "not":
        return _to_hold(tree.children[0], not wanted)
    needs = [_to_hold(child, wanted) for child in tree.children]
    if (tree.form == "all") == wanted:
        return [leaf for need in needs for leaf in need]
    return min(needs, key=len)


@dataclass(frozen=True, slots=True)
class Marginal:
    """One more full-time placement from a month on: what the levy would be, and what it saves."""

    from_month: int
    weight: int
    payable: Fraction | None
    saved: Fraction | None
    crosses_line: bool


def one_more(
    book: Rulebook, facts: Mapping[str, Value], as_of: date, weights: Sequence[int] = (1, 2)
) -> tuple[Marginal, ...]:
    """Return for each month the value in levy of one more ordinary (1) or severe (2) placement from that month on.

    `facts` are those of `levy.payable`. A placement in January counts twelve months, in December one; the levy is
    worked out by the rule itself, so the line at one percent shows as a jump.
    """
    before = decide(book, "levy.payable", facts, as_of)
    count = facts.get("annual_count")
    found = []
    for weight in weights:
        for month in range(1, MONTHS + 1):
            if not isinstance(count, Fraction):
                found.append(Marginal(month, weight, None, None, False))
                continue
            more = count + Fraction(weight * (MONTHS + 1 - month), MONTHS)
            after = decide(book, "levy.payable", {**facts, "annual_count": more}, as_of)
            found.append(_marginal(before, after, month, weight))
    return tuple(found)


def _marginal(before: Decision, after: Decision, month: int, weight: int) -> Marginal:
    first, second = before.results.get("payable"), after.results.get("payable")
    crossed = before.results.get("tier_factor") != after.results.get("tier_factor")
    if not isinstance(first, Fraction) or not isinstance(second, Fraction):
        return Marginal(month, weight, second if isinstance(second, Fraction) else None, None, False)
    return Marginal(month, weight, second, first - second, crossed)
