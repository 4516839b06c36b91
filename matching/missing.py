"""What is not known: named facts, what people call them, and who can supply them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matching.accommodation import MAX_LEVEL, closing_table
from matching.entities import Candidate
from matching.fit import FUNCTIONS, Fit, limitation_vector
from matching.licences import licences
from matching.packaged import parsed
from matching.retrieval import Retrieval
from matching.rules.benefits import benefit_rules, together
from matching.rules.decision import Outcome
from matching.rules.evaluation import weigh
from matching.rules.functions import plus_months
from matching.rules.rulebook import FactDefinition, Rule, Rulebook
from matching.rules.values import Kind, Value
from matching.stock import KINDS, LICENCES, Stock, StockItem
from matching.vocabulary import Accommodation, Function, VacancyKind


@dataclass(frozen=True, slots=True)
class MissingFact:
    """A fact that nobody has supplied; `fact` is a stable name, `label` what people call it."""

    fact: str
    label: str
    who_can_supply: str


@dataclass(frozen=True, slots=True)
class BenefitWait:
    """A benefit that waits for a fact; `decides` where this fact alone settles it, whatever it turns out to be."""

    rule_id: str
    title: str
    decides: bool


@dataclass(frozen=True, slots=True)
class Unlock:
    """What one missing fact holds up: in how many listed vacancies it is asked for, where it alone is, which benefits.

    A fact that only benefits ask for has no vacancies.
    """

    missing: MissingFact
    n_vacancies: int
    n_alone: int
    benefits: tuple[BenefitWait, ...] = ()


@cache
def _facts() -> Mapping[str, Mapping[str, str]]:
    path = Path(__file__).parent / "data" / "facts.yaml"
    loaded: Mapping[str, Mapping[str, str]] = parsed(path.read_text(encoding="utf-8"))
    return loaded


def missing_fact(fact: str) -> MissingFact:
    """Return a fact with its label and who can supply it; `functions.walking` names one function."""
    head, _, function = fact.partition(".")
    if head == "functions":
        entry = _facts()["functions"]
        return MissingFact(fact, Function(function).label + entry["label"], entry["who"])
    entry = _facts()[fact]
    return MissingFact(fact, entry["label"], entry["who"])


def missing_for(candidate: Candidate, item: StockItem, fit: Fit) -> tuple[MissingFact, ...]:
    """Return what would have to be known to decide about one vacancy, the person's facts first."""
    levels = {f.function: f.demand or 0 for f in fit.functions}
    wanted = sorted(fit.missing_limitations, key=lambda function: -levels[function])  # what the task asks most, first
    names = [f"functions.{function.value}" for function in wanted]
    if asks_category(candidate, item):
        names.insert(0, "category")
    if item.vacancy.certificates and not candidate.certificates:
        names.insert(0, "certificates")
    if item.vacancy.education_min is not None and item.vacancy.education_min.rank > 0 and candidate.education is None:
        names.insert(0, "education")
    if candidate.region is None and candidate.longitude is None:
        names.append("region")
    if item.vacancy.kind is VacancyKind.PUBLIC_WELFARE and candidate.hard_to_employ_since is None:
        names.append("hard_to_employ_since")
    if item.vacancy.kind is VacancyKind.RURAL_PUBLIC_WELFARE and not candidate.household_kinds:
        names.append("household_kinds")
    if fit.demands_missing or fit.demands_derived:
        names.append("vacancy.demands")
    if fit.context_missing:
        names.append("vacancy.screen_work")
    if item.vacancy.region is None:
        names.append("vacancy.region")
    if item.vacancy.wage_min is None and item.vacancy.wage_max is None:
        names.append("vacancy.wage")
    return tuple(missing_fact(name) for name in names)


def asks_category(candidate: Candidate, item: StockItem) -> bool:
    """True where a post is announced for some categories and the person's is not known."""
    kind = item.vacancy.kind
    announced = kind is not None and kind.is_announced_for_disabled_people
    return announced and bool(item.vacancy.welcomes) and candidate.known_category is None


def unlocks(candidate: Candidate, stock: Stock, retrieval: Retrieval) -> tuple[Unlock, ...]:
    """Count, over everything listed for a person, what each of the person's own missing facts holds up.

    A function counts for the vacancies that demand it, stated or derived. Facts of vacancies are the employers' to
    supply and are not counted here.
    """
    listed = retrieval.listed
    rows = retrieval.rows[listed]
    held: dict[str, NDArray[np.bool_]] = {}
    for position, function in enumerate(FUNCTIONS):
        if function not in candidate.functions:
            held[f"functions.{function.value}"] = np.asarray(stock.demands.levels[rows, position] > 0)
    if candidate.known_category is None:
        announced = np.isin(
            stock.kind[rows], [i for i, kind in enumerate(KINDS) if kind.is_announced_for_disabled_people]
        )
        held["category"] = np.asarray(announced & stock.is_choosy[rows])
    if not candidate.certificates:
        held["certificates"] = np.asarray(stock.needs_licence[rows])
    if candidate.region is None and candidate.longitude is None:
        held["region"] = np.ones(len(rows), dtype=np.bool_)
    if candidate.hard_to_employ_since is None:
        held["hard_to_employ_since"] = np.isin(stock.kind[rows], [KINDS.index(VacancyKind.PUBLIC_WELFARE)])
    if not candidate.household_kinds:
        held["household_kinds"] = np.isin(stock.kind[rows], [KINDS.index(VacancyKind.RURAL_PUBLIC_WELFARE)])
    return _counted(held)


def _counted(held: Mapping[str, NDArray[np.bool_]]) -> tuple[Unlock, ...]:
    if not held:
        return ()
    n_held = np.zeros(len(next(iter(held.values()))), dtype=np.int8)
    for where in held.values():
        n_held += where
    found = [
        Unlock(missing_fact(name), int(where.sum()), int((where & (n_held == 1)).sum()))
        for name, where in held.items()
        if where.any()
    ]
    return tuple(sorted(found, key=lambda unlock: (-unlock.n_vacancies, unlock.missing.fact)))


_CALLED: Mapping[str, str] = {"certificate_category": "category", "has_certificates": "certificates"}
"""Facts of the rules that have another name among the facts of matching."""

_TRIED = 3
"""A benefit that waits for more facts than this is not tried out: hardly one of them settles it alone."""


def benefit_waits(book: Rulebook, facts: Mapping[str, Value], day: date) -> Mapping[str, tuple[BenefitWait, ...]]:
    """Return for each missing fact of a person, by its name in the rules, the benefits that wait for it.

    Of a benefit that is open, what its conditions wait for; of one that is met, what its sum waits for.
    """
    found: dict[str, list[BenefitWait]] = {}
    tries = _Tries(book, facts, day)
    for rule in benefit_rules(book, ("person",)):
        outcome, waits = tries.weigh(rule)
        for name in sorted(waits & book.facts.keys()):
            decides = len(waits) <= _TRIED and tries.settle(rule, outcome, name)
            found.setdefault(name, []).append(BenefitWait(rule.id, rule.title, decides))
    return {name: tuple(waits) for name, waits in found.items()}


class _Tries:
    """Benefits of a person as things stand, and with answers to missing facts; what they require is asked once."""

    def __init__(self, book: Rulebook, facts: Mapping[str, Value], day: date) -> None:
        self.book, self.facts, self.day = book, facts, day
        self._required: dict[tuple[str, tuple[str, Value] | None], tuple[Outcome, frozenset[str]]] = {}

    def weigh(self, rule: Rule, more: tuple[str, Value] | None = None) -> tuple[Outcome, frozenset[str]]:
        """Return the outcome of a benefit and what it waits for, with an answer to one more fact."""
        facts = self.facts if more is None else {**self.facts, more[0]: more[1]}
        own = weigh(self.book, rule.id, facts, self.day)
        if own[0] is Outcome.NOT_MET:
            return own
        parts = [own]
        for rule_id in rule.requires:
            if (rule_id, more) not in self._required:
                self._required[rule_id, more] = weigh(self.book, rule_id, facts, self.day)
            parts.append(self._required[rule_id, more])
        outcome = together(part for part, _ in parts)
        if outcome is not Outcome.UNKNOWN:
            return outcome, own[1] if outcome is Outcome.MET else frozenset()
        return outcome, frozenset().union(*(waits for part, waits in parts if part is Outcome.UNKNOWN))

    def settle(self, rule: Rule, outcome: Outcome, name: str) -> bool:
        """Try out answers to a fact: it settles a benefit where each of them does.

        An open benefit is settled once it is due or not, one that is met once its sum is known.
        """
        values = _answers(self.book.facts[name], rule, self.day)
        tried = (self.weigh(rule, (name, value)) for value in values)
        if outcome is Outcome.UNKNOWN:
            return bool(values) and all(after is not Outcome.UNKNOWN for after, _ in tried)
        return bool(values) and not any(waits for _, waits in tried)


def _answers(definition: FactDefinition, rule: Rule, day: date) -> list[Value]:
    """Return answers to try: every one that can be listed, else some on all sides."""
    if definition.kind is Kind.FLAG:
        return [True, False]
    if definition.kind is Kind.NUMBER:
        return [Fraction(number) for number in (0, 1, 2, 3, 4, 12, 60, 1_000_000)]
    if definition.kind in (Kind.DATE, Kind.MONTH):
        return [plus_months(day, months) for months in (-360, -13, -1, 0, 13)]
    if definition.kind is Kind.TEXT:
        return [*(definition.values or _words(rule))]
    return [(), *((word,) for word in _words(rule))] if definition.kind is Kind.TEXTS else []


def _words(rule: Rule) -> list[str]:
    """Return the words in quotation marks within a rule's expressions, and one that it does not know."""
    return sorted({*re.findall(r'\\"([^"\\]+)\\"', rule.model_dump_json(include={"body", "versions"})), "其他"})


def with_benefits(
    found: Iterable[Unlock], waits: Mapping[str, tuple[BenefitWait, ...]], book: Rulebook
) -> tuple[Unlock, ...]:
    """Return what missing facts hold up with the benefits added.

    Facts without vacancies stand last, those with most benefits first.
    """
    named = {_CALLED.get(name, name): held for name, held in waits.items()}
    with_vacancies = tuple(replace(unlock, benefits=named.pop(unlock.missing.fact, ())) for unlock in found)
    only_benefits = [Unlock(_called(name, waits, book), 0, 0, held) for name, held in named.items()]
    only_benefits.sort(key=lambda unlock: (-len(unlock.benefits), unlock.missing.fact))
    return (*with_vacancies, *only_benefits)


def _called(name: str, waits: Mapping[str, tuple[BenefitWait, ...]], book: Rulebook) -> MissingFact:
    if name in _facts() or name not in waits:
        return missing_fact(name)
    definition = book.facts[name]
    return MissingFact(name, definition.label, definition.who)


@dataclass(frozen=True, slots=True)
class LicenceUnlock:
    """A legally required licence that would open vacancies now left out."""

    licence_id: str
    label: str
    n_vacancies: int


def licence_unlocks(retrieval: Retrieval) -> tuple[LicenceUnlock, ...]:
    """Return the licences whose absence leaves vacancies out, and how many."""
    found = []
    for position, exclusion in enumerate(retrieval.exclusions):
        licence_id = exclusion.code.removeprefix("licence_")
        if licence_id in LICENCES and licence_id != exclusion.code:
            n = int((retrieval.excluded_by == position).sum())
            found.append(LicenceUnlock(licence_id, licences()[licence_id].label, n))
    return tuple(sorted(found, key=lambda unlock: (-unlock.n_vacancies, unlock.licence_id)))


@dataclass(frozen=True, slots=True)
class AccommodationUnlock:
    """An accommodation that, arranged, closes every gap that is left in some listed vacancies."""

    accommodation: Accommodation
    n_vacancies: int


def accommodation_unlocks(candidate: Candidate, stock: Stock, retrieval: Retrieval) -> tuple[AccommodationUnlock, ...]:
    """Return in how many listed vacancies each accommodation alone closes the gaps that nothing offered closes."""
    waiting = retrieval.listed[retrieval.fit.to_arrange[retrieval.listed] > 0]
    demands = stock.demands.take(retrieval.rows[waiting])
    limitations = limitation_vector(candidate.functions)[None, :]
    is_known = (limitations >= 0) & (demands.levels >= 0)
    gap = np.where(is_known, np.maximum(limitations + demands.levels - MAX_LEVEL, 0), 0)
    is_complete = (limitations == MAX_LEVEL).astype(np.int8)
    closed = np.where(is_complete, demands.closed_by_offered[1], demands.closed_by_offered[0])
    left = np.maximum(gap - closed, 0)
    functions = np.arange(gap.shape[1])[None, :]
    closes = closing_table()[
        is_complete, np.maximum(demands.context, 0)[:, None], functions, np.maximum(demands.levels, 0)
    ]
    enough = (closes >= left[:, :, None]) | (left == 0)[:, :, None]
    n_opened = (enough.all(axis=1) & ~demands.offered).sum(axis=0)
    found = [
        AccommodationUnlock(accommodation, int(n))
        for accommodation, n in zip(Accommodation, n_opened, strict=True)
        if n
    ]
    return tuple(sorted(found, key=lambda unlock: (-unlock.n_vacancies, unlock.accommodation.value)))
