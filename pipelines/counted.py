"""Whom an employer may count in a year, month by month: what counts, what does not and why, what waits for a fact."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from matching.entities import Employer, Placement
from matching.rules.benefits import asked_line
from matching.rules.decision import Decision, Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import NO_ESTABLISHMENT, candidate_facts, employer_facts, placement_facts
from matching.rules.values import Value, month_index, plain, shown
from pipelines.case import Case


@dataclass(frozen=True, slots=True)
class CountedPerson:
    """A placement within a year: which months count, which do not and why, which wait for a fact."""

    placement: Placement
    weight: Decision
    months: tuple[tuple[date, Decision], ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many months have an outcome."""
        return sum(decision.outcome is outcome for _, decision in self.months)

    @property
    def factor(self) -> Fraction | None:
        """The weight, None where the grade is not known."""
        found = self.weight.results.get("weight")
        return found if isinstance(found, Fraction) else None

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        return {
            "placement_id": self.placement.placement_id,
            "candidate_id": self.placement.candidate_id,
            "weight": plain(self.factor) if self.factor is not None else None,
            "months_counted": self.count(Outcome.MET),
            "months_not_counted": self.count(Outcome.NOT_MET),
            "months_unknown": self.count(Outcome.UNKNOWN),
            "reasons": sorted({why for _, decision in self.months for why in _failed(decision)}),
            "missing": missing_facts([self.weight, *(decision for _, decision in self.months)]),
        }

    def lines(self) -> list[str]:
        """Return it in plain Chinese."""
        weight = "折算人数待核实" if self.factor is None else f"折算 {shown(self.factor)} 人"
        head = f"  {self.placement.candidate_id}：{weight}，计入 {self.count(Outcome.MET)} 个月"
        refused, open_ = self.count(Outcome.NOT_MET), self.count(Outcome.UNKNOWN)
        lines = [head + (f"，不计 {refused} 个月" if refused else "") + (f"，待核实 {open_} 个月" if open_ else "")]
        lines += [f"    不计，因不符合“{why}”" for why in sorted({w for _, d in self.months for w in _failed(d)})]
        asked = _asked([self.weight, *(decision for _, decision in self.months)])
        return lines + ([f"    还缺：{asked}"] if asked else [])


def _failed(decision: Decision) -> list[str]:
    if decision.tree is None or decision.outcome is not Outcome.NOT_MET:
        return []
    return [leaf.text for leaf in decision.tree.leaves() if leaf.outcome is Outcome.NOT_MET]


def missing_facts(decisions: Iterable[Decision]) -> list[dict[str, str]]:
    """Return every fact that open answers wait for, once, as it travels in JSON."""
    found = {
        item.name: item.as_dict() for told in decisions if told.outcome is Outcome.UNKNOWN for item in told.lacking
    }
    return list(found.values())


def _asked(decisions: Iterable[Decision]) -> str:
    """Return what open answers wait for in one line, by who can supply it."""
    return asked_line(item for told in decisions if told.outcome is Outcome.UNKNOWN for item in told.lacking)


def count_range(book: Rulebook, persons: Sequence[CountedPerson], day: date) -> tuple[Fraction, Fraction]:
    """Return the count that is certain and the count if every open question is answered yes."""
    least, most = (weight_of(book, name, day) for name in ("other_weight", "severe_weight"))
    certain = possible = Fraction(0)
    for person in persons:
        low = least if person.factor is None else person.factor
        high = most if person.factor is None else person.factor
        certain += low * person.count(Outcome.MET) / 12
        possible += high * (person.count(Outcome.MET) + person.count(Outcome.UNKNOWN)) / 12
    return certain, possible


def weight_of(book: Rulebook, name: str, day: date) -> Fraction:
    """Return what one person counts as on a day, by the name of the weight."""
    parameter = book.parameters[f"quota.person_weight.{name}"]
    value = parameter.read(parameter.on(day))
    return value if isinstance(value, Fraction) else Fraction(1)


def within_year(case: Case, employer: Employer, year: int) -> list[Placement]:
    """Return the placements with an employer that touch a year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    return [
        placement
        for placement in case.placements_of.get(employer.employer_id, ())
        if (placement.starts_on is None or placement.starts_on <= last)
        and (placement.ends_on is None or placement.ends_on >= first)
    ]


def counted_persons(
    case: Case, book: Rulebook, employer: Employer, year: int, as_of: date
) -> tuple[CountedPerson, ...]:
    """Answer month by month which placements of a year count."""
    return tuple(
        _counted(case, book, employer, placement, year, as_of) for placement in within_year(case, employer, year)
    )


def _counted(
    case: Case, book: Rulebook, employer: Employer, placement: Placement, year: int, as_of: date
) -> CountedPerson:
    candidate = case.candidates.get(placement.candidate_id)
    person = {} if candidate is None else candidate_facts(candidate, as_of)
    weight = decide(book, "quota.person_weight", person, date(year, 12, 31))
    elsewhere = [
        other
        for other in case.placements_of.get(placement.candidate_id, ())
        if other.employer_id is not None and other.employer_id != placement.employer_id
    ]
    months = tuple(
        (month, _month(book, employer, placement, person, elsewhere, month, as_of))
        for month in (date(year, number, 1) for number in range(1, 13))
        if in_month(placement, month) and month <= as_of
    )
    return CountedPerson(placement, weight, months)


def in_month(placement: Placement, month: date) -> bool:
    """True where a placement may touch a month; an unknown end or beginning does not end it."""
    begun = placement.starts_on is None or month_index(placement.starts_on) <= month_index(month)
    return begun and (placement.ends_on is None or month_index(placement.ends_on) >= month_index(month))


def _month(
    book: Rulebook,
    employer: Employer,
    placement: Placement,
    person: Mapping[str, Value],
    elsewhere: Sequence[Placement],
    month: date,
    as_of: date,
) -> Decision:
    age = decide(book, "person.working_age_statutory", {**person}, month).outcome
    in_range = None if age is Outcome.UNKNOWN else age is Outcome.MET
    facts = month_facts(employer, placement, person, elsewhere, month, as_of, in_range)
    return decide(book, "quota.person_month_eligible", facts, month)


def month_facts(
    employer: Employer,
    placement: Placement,
    person: Mapping[str, Value],
    elsewhere: Sequence[Placement],
    month: date,
    as_of: date,
    in_range: bool | None,
) -> dict[str, Value]:
    """Return the facts of one month of a placement; `in_range` says whether the person was of working age in it."""
    facts: dict[str, Value] = {
        **employer_facts(employer),
        **placement_facts(placement, as_of),
        "quota_month": month,
    }
    if in_range is not None:
        facts["age_in_range"] = in_range
    valid = certificate_valid_at_audit(person.get("certificate_valid_until"), month.year, as_of)
    if valid is not None:
        facts["cert_valid"] = valid
    elif "certificate_valid_until" in person:
        facts["certificate_valid_until"] = person["certificate_valid_until"]
    if employer.kind in NO_ESTABLISHMENT:
        facts["in_establishment"] = False
    # Where another employer has the same person in the month, who counts them is for a person to decide.
    if not any(in_month(other, month) for other in elsewhere):
        facts["counted_elsewhere"] = False
    if placement.starts_on is None:
        # Whether the person was there at all in this month nobody knows.
        facts.pop("on_duty", None)
    return facts


def certificate_valid_at_audit(valid_until: Value | None, year: int, as_of: date) -> bool | None:
    """Whether a certificate was or is valid when the employer hands in a year's data; the day is not stored.

    Data of a year are handed in from the first day of the next on: a certificate that ended before is not valid on any
    such day, one that runs today was valid on every day until now; between the two nobody knows.
    """
    if not isinstance(valid_until, date):
        return None
    if valid_until < min(as_of, date(year + 1, 1, 1)):
        return False
    return True if valid_until >= as_of else None
