"""What can be claimed: every benefit rule for a person, an employer or a placement, and the best that goes together.

A benefit is met when its own conditions and those of the rules that it requires are met (Kleene's and). Which benefits
exclude each other is data (`excludes` of the rules); the best combination is found by an exact search.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from matching.rules.decision import Decision, Lacking, Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import Rule, Rulebook, Subject
from matching.rules.values import Lack, Value

MONTHS = {"month": 12, "year": 1, "once": 1, "day": 1, "total": 1}
"""How often a sum is paid within the first year, for comparing combinations."""


PAYEES: Mapping[str, str] = {"person": "本人", "employer": "用人单位", "institution": "机构", "household": "家庭"}
FUNDS: Mapping[str, str] = {
    "employment_fund": "就业补助资金",
    "levy_fund": "残疾人就业保障金",
    "social_assistance": "社会救助资金",
    "two_subsidies": "残疾人两项补贴资金",
    "tax": "税费优惠",
    "employer": "用人单位",
}


_SAME_QUESTION: Mapping[str, str] = {
    "hard_to_employ_since": "recognised_hard_to_employ",
    "hard_to_employ_until": "recognised_hard_to_employ",
    "birth": "birth_date",
    "age": "birth_date",
    "min_wage_class": "employer_region",
    "certificate_issued_on": "certificate_valid_until",
    "subsidy_first_approved_on": "subsidy_months_used",
}
"""Facts that one question settles: where both are lacking only the second is asked for."""


def to_ask(lacking: Iterable[Lacking]) -> tuple[Lacking, ...]:
    """Return what to ask for, each thing once."""
    found = {item.name: item for item in lacking}
    return tuple(item for name, item in found.items() if _SAME_QUESTION.get(name) not in found)


def asked_line(lacking: Iterable[Lacking]) -> str:
    """Return what is lacking in one line, by who can supply it, each once."""
    of: dict[str, dict[str, None]] = {}
    lists = set()
    for item in to_ask(lacking):
        label = item.label
        head, colon, field = label.partition("：")
        if colon and item.lack is Lack.MISSING:  # a field of a list: the list is named once
            label = field if head in lists else label
            lists.add(head)
        of.setdefault(item.who_can_supply, {})[label] = None
    return "；".join(f"{'、'.join(labels)}（问{who}）" for who, labels in of.items())


@dataclass(frozen=True, slots=True)
class Benefit:
    """One benefit with the rules it requires; `outcome` takes all of them together."""

    decision: Decision
    required: tuple[Decision, ...]

    @property
    def rule_id(self) -> str:
        """The benefit's rule."""
        return self.decision.rule.id

    @property
    def outcome(self) -> Outcome:
        """Kleene's and over the benefit and what it requires."""
        return together((self.decision.outcome, *(told.outcome for told in self.required)))

    @property
    def lacking(self) -> tuple[Lacking, ...]:
        """What the answer waits for, each once."""
        found = {item: None for told in (*self.required, self.decision) for item in told.lacking}
        return tuple(found)

    @property
    def yearly(self) -> Decimal | None:
        """The sum within the first year, None where it is unknown or no money."""
        money = self.decision.money
        if money is None or self.decision.amount_rule is None or self.decision.amount_rule.unit != "CNY":
            return None
        return money * MONTHS[self.decision.amount_rule.per]

    def as_dict(self) -> dict[str, object]:
        """Return the benefit as it travels in JSON."""
        rule = self.decision.rule
        return self.decision.as_dict() | {
            "outcome": self.outcome.value,
            "missing": [item.as_dict() for item in self.lacking],
            "requires": [told.as_dict() for told in self.required],
            "excludes": list(rule.excludes),
            "materials": list(rule.materials),
            "claims": rule.claims.model_dump(),
        }

    def lines(self) -> list[str]:
        """Return the benefit in plain Chinese: in full where it is met, else only the ground and what decides."""
        own = self.decision.lines()
        head = own[0]
        if self.outcome is not self.decision.outcome:
            head = f"{self.decision.rule.title}：{self.outcome.label}（{self._first_reason()}）"
        if self.outcome is Outcome.NOT_MET:
            return [head, *(line for line in own[1:] if "✗" in line or line.startswith("  依据")), *self._refusals()]
        lines = [line for line in own[1:] if not line.strip().startswith("还缺：")]
        if self.outcome is Outcome.UNKNOWN:
            lines = [line for line in lines if line.startswith("  依据")]
            lines += [f"  先决条件“{told.rule.title}”：{told.outcome.label}" for told in self.required]
        asked = asked_line(self.lacking)
        lines += [f"  还缺：{asked}"] if asked else []
        return [head, *lines, *self._claiming()]

    def _refusals(self) -> list[str]:
        return [
            f"  先决条件“{told.rule.title}”：{told.outcome.label}"
            for told in self.required
            if told.outcome is Outcome.NOT_MET
        ]

    def _claiming(self) -> list[str]:
        """Who gets it from which fund, how often, where to apply and with what."""
        rule = self.decision.rule
        parts = [f"由{PAYEES[rule.payee]}享受" if rule.payee in PAYEES else "", FUNDS.get(rule.fund, "")]
        claims = rule.claims
        parts += ["只能享受一次"] if claims.once_in_all else []
        parts += [f"每年不超过{claims.per_year}次"] if claims.per_year else []
        parts += [f"累计不超过{claims.in_all}次"] if claims.in_all else []
        handled = f"办理：{rule.handled_by}" if rule.handled_by else ""
        line = "；".join(part for part in (handled, "，".join(part for part in parts if part)) if part)
        lines = [f"  {line}"] if line else []
        if rule.materials and self.outcome is Outcome.MET:
            lines.append(f"  材料：{'、'.join(rule.materials)}")
        return lines

    def _first_reason(self) -> str:
        for told in self.required:
            if told.outcome is self.outcome:
                return f"{told.rule.title}{told.outcome.label}"
        return ""


@dataclass(frozen=True, slots=True)
class Combination:
    """Benefits that can be claimed together, with their known sum in the first year."""

    benefits: tuple[str, ...]
    known_sum: Decimal
    unknown_sums: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        return {
            "benefits": list(self.benefits),
            "known_first_year": {"amount": str(self.known_sum), "currency": "CNY"},
            "amount_to_verify": list(self.unknown_sums),
        }


@dataclass(frozen=True, slots=True)
class Package:
    """All benefits of a subject, the best combination of those met, and the others with their difference."""

    benefits: tuple[Benefit, ...]
    best: Combination
    alternatives: tuple[tuple[Combination, Decimal], ...]
    conflicts: tuple[tuple[str, str], ...]

    def with_outcome(self, outcome: Outcome) -> tuple[Benefit, ...]:
        """Return the benefits of one outcome."""
        return tuple(benefit for benefit in self.benefits if benefit.outcome is outcome)

    def as_dict(self) -> dict[str, object]:
        """Return the package as it travels in JSON."""
        return {
            "benefits": [benefit.as_dict() for benefit in self.benefits],
            "best": self.best.as_dict(),
            "alternatives": [
                option.as_dict() | {"difference": {"amount": str(difference), "currency": "CNY"}}
                for option, difference in self.alternatives
            ],
            "conflicts": [list(pair) for pair in self.conflicts],
        }


def benefit(book: Rulebook, rule_id: str, facts: Mapping[str, Value], as_of: date, *, is_told: bool = True) -> Benefit:
    """Answer one benefit with the rules that it requires; `is_told` as `decide` takes it."""
    own = decide(book, rule_id, facts, as_of, is_told=is_told)
    return Benefit(own, tuple(decide(book, other, facts, as_of, is_told=is_told) for other in own.rule.requires))


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """Return Kleene's and over a benefit and what it requires."""
    found = set(outcomes)
    if Outcome.NOT_MET in found:
        return Outcome.NOT_MET
    return Outcome.UNKNOWN if Outcome.UNKNOWN in found else Outcome.MET


def benefit_rules(book: Rulebook, subjects: Iterable[Subject]) -> list[Rule]:
    """Return the benefit rules of the subjects, in the order of their ids."""
    wanted = set(subjects)
    rules = [read.rule for _, read in sorted(book.rules.items())]
    return [rule for rule in rules if rule.kind == "benefit" and rule.subject in wanted]


def benefits_for(
    book: Rulebook, subjects: Iterable[Subject], facts: Mapping[str, Value], as_of: date, *, is_told: bool = True
) -> tuple[Benefit, ...]:
    """Answer every benefit rule of the subjects, in the order of their ids; `is_told` as `decide` takes it."""
    required: dict[str, Decision] = {}  # most benefits require the same few rules
    found = []
    for rule in benefit_rules(book, subjects):
        own = decide(book, rule.id, facts, as_of, is_told=is_told)
        for other in own.rule.requires:
            if other not in required:
                required[other] = decide(book, other, facts, as_of, is_told=is_told)
        found.append(Benefit(own, tuple(required[other] for other in own.rule.requires)))
    return tuple(found)


def conflicts_of(book: Rulebook, rule_ids: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the pairs that may not be claimed together (避免交叉使用), each once."""
    present = set(rule_ids)
    pairs = {
        (min(first, second), max(first, second))
        for first in rule_ids
        for second in book.rule(first).rule.excludes
        if second in present and first != second
    }
    return tuple(sorted(pairs))


def package(book: Rulebook, subjects: Iterable[Subject], facts: Mapping[str, Value], as_of: date) -> Package:
    """Answer every benefit and find the best combination of those that are met."""
    found = benefits_for(book, subjects, facts, as_of)
    met = [item for item in found if item.outcome is Outcome.MET]
    conflicts = conflicts_of(book, [item.rule_id for item in met])
    options = sorted(
        _combinations(met, conflicts), key=lambda option: (-option.known_sum, -len(option.benefits), option)
    )
    best, *others = [_combination(met, chosen.benefits) for chosen in options] or [_combination((), ())]
    return Package(found, best, tuple((other, best.known_sum - other.known_sum) for other in others), conflicts)


@dataclass(frozen=True, slots=True, order=True)
class _Option:
    benefits: tuple[str, ...]
    known_sum: Decimal


def _combinations(met: Sequence[Benefit], conflicts: Sequence[tuple[str, str]]) -> list[_Option]:
    """Return every combination to which no further benefit can be added: one choice for each group of conflicts."""
    sums = {item.rule_id: item.yearly or Decimal(0) for item in met}
    against: dict[str, set[str]] = {rule_id: set() for rule_id in sums}
    for first, second in conflicts:
        against[first].add(second)
        against[second].add(first)
    free = sorted(rule_id for rule_id, others in against.items() if not others)
    fought = sorted(rule_id for rule_id, others in against.items() if others)
    options = []
    for chosen in _maximal(fought, against):
        together = tuple(sorted((*free, *chosen)))
        options.append(_Option(together, sum((sums[rule_id] for rule_id in together), Decimal(0))))
    return options


def _maximal(names: Sequence[str], against: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """Return all maximal sets without a conflict (Bron and Kerbosch 1973, on the graph of what goes together)."""
    found: list[tuple[str, ...]] = []

    def grow(chosen: tuple[str, ...], open_: set[str], done: set[str]) -> None:
        if not open_ and not done:
            found.append(chosen)
            return
        pivot = max(sorted(open_ | done), key=lambda name: len(open_ - against[name] - {name}))
        for name in sorted(open_ - (open_ - against[pivot] - {pivot})):
            beside = against[name] | {name}
            grow((*chosen, name), open_ - beside, done - beside)
            open_ = open_ - {name}
            done = done | {name}

    grow((), set(names), set())
    return found


def _combination(met: Sequence[Benefit], chosen: Sequence[str]) -> Combination:
    kept = [item for item in met if item.rule_id in set(chosen)]
    unknown = tuple(item.rule_id for item in kept if item.yearly is None and item.decision.amount_rule is not None)
    return Combination(tuple(chosen), sum((item.yearly or Decimal(0) for item in kept), Decimal(0)), unknown)
