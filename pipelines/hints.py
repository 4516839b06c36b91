"""Review hints (核查提示) on the placements of an employer: what to look at, with the evidence, for a person to judge.

A hint is no finding. It never blocks anything, and the disabled person may be the victim (残疾人就业条例 第二十四条).
The rules are `fraud.f1` to `fraud.f13`; what nobody stated stays unknown, gives no hint, and is named with whom to ask.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from matching.entities import Candidate, Employer, Placement
from matching.rules.decision import Decision, Outcome
from matching.rules.evaluation import decide
from matching.rules.functions import completed_months
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import employer_facts, record_of, runs_on
from matching.rules.values import Record, Value, shown
from matching.vocabulary import EmployerKind, PlacementForm
from pipelines.case import Case
from pipelines.counted import CountedPerson, count_range, counted_persons
from pipelines.placement_evidence import evidence_of

NO_FINDING = "这是给工作人员的核查提示，不是违规结论，不得据此拒绝、暂停或撤销任何办理"
VICTIM = "残疾人可能是受害者：先单独听本人说明，告知可以得到权益保护和法律援助（残疾人就业条例第二十四条）"
_LOOK_AT = "请看的材料："
_PAID_OTHERWISE = (PlacementForm.AUXILIARY, PlacementForm.FLEXIBLE, PlacementForm.FARMING)
"""Forms whose pay is agreed otherwise than by the monthly minimum wage."""
_MANY_SEVERE_BY_NATURE = (EmployerKind.MASSAGE, EmployerKind.AUXILIARY, EmployerKind.CONCENTRATED)
_SEVERE = (1, 2)


@dataclass(frozen=True, slots=True)
class Hint:
    """One hint: which rule, on whom, and what was seen."""

    decision: Decision
    placement: Placement | None
    seen: tuple[str, ...] = ()

    @property
    def evidence(self) -> tuple[str, ...]:
        """The conditions that were seen to hold, in words, with the facts that they were held against."""
        told = self.decision
        seen = [leaf.text for leaf in told.tree.leaves() if leaf.outcome is Outcome.MET] if told.tree else []
        if self.placement is None:
            labels = told.rule.body.results
            numbers = {name: value for name, value in told.results.items() if isinstance(value, Fraction)}
            seen += [f"{labels[name].label}：{shown(value)}" for name, value in numbers.items() if name in labels]
        return (*seen, *self.seen)

    @property
    def look_at(self) -> str:
        """The papers to look at, and what is no ground for suspicion."""
        notes = self.decision.rule.notes
        return next((note.removeprefix(_LOOK_AT) for note in notes if note.startswith(_LOOK_AT)), "")

    def as_dict(self) -> dict[str, object]:
        """Return the hint as it travels in JSON."""
        version = self.decision.version
        return {
            "rule_id": self.decision.rule.id,
            "title": self.decision.rule.title,
            "placement_id": None if self.placement is None else self.placement.placement_id,
            "candidate_id": None if self.placement is None else self.placement.candidate_id,
            "evidence": list(self.evidence),
            "look_at": self.look_at,
            "source": None if version is None else version.cited.as_dict(),
        }


def hint_lines(hints: Sequence[Hint]) -> list[str]:
    """Return the hints in plain Chinese, each kind once with all whom it concerns; nothing where there is none."""
    if not hints:
        return []
    lines = [f"核查提示（内部使用）：{NO_FINDING}"]
    by_rule: dict[str, list[Hint]] = {}
    for hint in hints:
        by_rule.setdefault(hint.decision.rule.id, []).append(hint)
    for group in by_rule.values():
        lines.append(f"  {group[0].decision.rule.title.removeprefix('核查提示')}")
        for hint in group:
            whom = "" if hint.placement is None else f"{hint.placement.candidate_id}（{hint.placement.placement_id}）："
            lines.append(f"    {whom}{'；'.join(hint.evidence)}")
        lines.append(f"    请看：{group[0].look_at}")
    return [*lines, f"  {VICTIM}"]


@dataclass(frozen=True, slots=True)
class Ask:
    """A fact that nobody has stated, for want of which rules say nothing of some placements: neither yes nor no."""

    name: str
    label: str
    who_can_supply: str
    rule_ids: tuple[str, ...]
    placements: tuple[Placement, ...]
    n_not_shown: int = 0
    """How many more placements lack it, of people whom the asker does not see."""

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON, with how many placements lack it."""
        return {
            "fact": self.name,
            "label": self.label,
            "who_can_supply": self.who_can_supply,
            "rule_ids": list(self.rule_ids),
            "placements": len(self.placements),
            "placement_ids": [one.placement_id for one in self.placements],
            "placements_not_shown": self.n_not_shown,
        }

    def line(self) -> str:
        """Return it in plain Chinese."""
        flags = "、".join(flag_of(rule_id) for rule_id in self.rule_ids)
        others = f"，其中{self.n_not_shown}条是您看不到的人的" if self.n_not_shown else ""
        n = len(self.placements) + self.n_not_shown
        return f"{self.label}：{n}条记录没有填{others}（{flags}），可问{self.who_can_supply}"


@dataclass(frozen=True, slots=True)
class Review:
    """What a person should look at in an employer's year: the hints, and the facts whose lack keeps rules silent."""

    hints: tuple[Hint, ...]
    asks: tuple[Ask, ...]
    n_not_shown: int = 0
    """How many hints are on people whom the asker does not see."""

    def shown_to(self, people: frozenset[str]) -> "Review":
        """Return what may be told of some people alone; what is about the whole employer stays."""
        hints = tuple(one for one in self.hints if one.placement is None or one.placement.candidate_id in people)
        asks = []
        for ask in self.asks:
            placements = tuple(one for one in ask.placements if one.candidate_id in people)
            asks.append(replace(ask, placements=placements, n_not_shown=len(ask.placements) - len(placements)))
        return Review(hints, tuple(asks), len(self.hints) - len(hints))


def flag_of(rule_id: str) -> str:
    """Return the short name of a flag (F1 to F13)."""
    return rule_id.removeprefix("fraud.").upper()


def ask_lines(asks: Sequence[Ask]) -> list[str]:
    """Return what is not known in plain Chinese; nothing where nothing is lacking."""
    if not asks:
        return []
    head = "核查提示要看而没有人填过的事实（没填不等于没有，也不等于有问题，所以不提示）："
    return [head, *(f"  {ask.line()}" for ask in asks)]


def review_of(case: Case, book: Rulebook, employer_id: str, year: int, as_of: date) -> Review:
    """Return the hints on an employer's year, by rule and placement, and what nobody has stated.

    Raises
    ------
    PipelineError
        When there is no such employer.
    """
    employer = case.employer(employer_id)
    persons = counted_persons(case, book, employer, year, as_of)
    evidence = employer_evidence(case, book, employer, persons, year, as_of)
    own = (decide(book, rule_id, evidence, as_of) for rule_id in ("fraud.f3", "fraud.f10", "fraud.f11"))
    found = [Hint(told, None) for told in own if told.outcome is Outcome.MET]
    asked: dict[tuple[str, str, str], dict[str, list[Placement]]] = {}
    for person in persons:
        seen = evidence_of(case, book, person.placement, year, as_of)
        for rule_id in _ON_PLACEMENTS:
            told = decide(book, rule_id, seen.facts, as_of)
            if told.outcome is Outcome.MET:
                found.append(Hint(told, person.placement, seen.words.get(rule_id, ())))
            elif told.outcome is Outcome.UNKNOWN:
                for ask, of in dict.fromkeys(one for item in told.lacking for one in seen.asks(item)):
                    asked.setdefault(ask, {}).setdefault(rule_id, []).append(of)
    return Review(tuple(sorted(found, key=lambda hint: (_number(hint.decision.rule.id), _id(hint)))), _asks(asked))


def hints_of(case: Case, book: Rulebook, employer_id: str, year: int, as_of: date) -> tuple[Hint, ...]:
    """Return the hints of `review_of` alone.

    Raises
    ------
    PipelineError
        When there is no such employer.
    """
    return review_of(case, book, employer_id, year, as_of).hints


_ON_PLACEMENTS = tuple(f"fraud.f{number}" for number in (1, 2, 4, 5, 6, 7, 8, 9, 12, 13))


def _asks(asked: Mapping[tuple[str, str, str], Mapping[str, Sequence[Placement]]]) -> tuple[Ask, ...]:
    """Return each lacking fact once, those first for want of which most rules and placements stay open."""
    found = [
        Ask(
            *of,
            rule_ids=tuple(sorted(rules, key=_number)),
            placements=tuple({one.placement_id: one for held in rules.values() for one in held}.values()),
        )
        for of, rules in asked.items()
    ]
    return tuple(sorted(found, key=lambda ask: (-len(ask.placements), _number(ask.rule_ids[0]), ask.name)))


def _number(rule_id: str) -> int:
    return int(rule_id.removeprefix("fraud.f"))


def _id(hint: Hint) -> str:
    return "" if hint.placement is None else hint.placement.placement_id


def employer_evidence(
    case: Case, book: Rulebook, employer: Employer, persons: Sequence[CountedPerson], year: int, as_of: date
) -> dict[str, Value]:
    """Return the facts of an employer's year that the hints ask for and the tables hold."""
    certain, possible = count_range(book, persons, as_of)
    facts: dict[str, Value] = {
        **employer_facts(employer),
        "data_year": Fraction(year),
        "staff_pay": tuple(_pay(book, employer, person) for person in persons if _is_paid_by_month(person)),
        "disabled_hires": tuple(_hire(person, as_of) for person in persons),
    }
    if persons and certain == possible:
        facts["annual_count"] = certain
    grades = _grades(case, [person.placement for person in persons], year, as_of)
    if employer.kind not in _MANY_SEVERE_BY_NATURE and grades and None not in grades:
        facts["disabled_employed"] = Fraction(len(grades))
        facts["severe_staff"] = Fraction(sum(grade in _SEVERE for grade in grades))
    return facts


def _is_paid_by_month(person: CountedPerson) -> bool:
    return person.placement.form not in _PAID_OTHERWISE and bool(person.months)


def _pay(book: Rulebook, employer: Employer, person: CountedPerson) -> Record:
    """Return the wage on record against the minimum wage of the last month: one wage is stored, the latest."""
    facts: dict[str, Value] = {"wage_date": person.months[-1][0]}
    if employer.region is not None:
        facts["employer_region"] = employer.region
    floor = decide(book, "wage.minimum", facts, person.months[-1][0]).results.get("monthly")
    return record_of(
        "staff_pay",
        {"pay": person.placement.monthly_wage, "floor": floor if isinstance(floor, Fraction) else None},
    )


def _hire(person: CountedPerson, as_of: date) -> Record:
    placement = person.placement
    left = placement.ends_on is not None and placement.ends_on <= as_of
    last = placement.ends_on if left and placement.ends_on is not None else as_of
    settled = person.factor is not None and person.count(Outcome.UNKNOWN) == 0
    stayed = None if placement.starts_on is None else max(0, completed_months(placement.starts_on, last))
    weighted = person.factor * person.count(Outcome.MET) if settled and person.factor is not None else None
    return record_of(
        "disabled_hires",
        {"hired": placement.starts_on, "has_left": left, "months_stayed": stayed, "weighted_months": weighted},
    )


def _grades(case: Case, placements: Iterable[Placement], year: int, as_of: date) -> list[int | None]:
    """Return the grade of each person employed at the end of the year, or today; None where it is not stored."""
    day = min(as_of, date(year, 12, 31))
    people: Mapping[str, Candidate | None] = {
        one.candidate_id: case.candidates.get(one.candidate_id) for one in placements if runs_on(one, day)
    }
    return [_grade(person) for person in people.values()]


def _grade(person: Candidate | None) -> int | None:
    if person is None:
        return None
    certificate = person.certificate
    return certificate.grade if certificate else person.grade
