"""Review hints (核查提示) on the placements of an employer: what to look at, with the evidence, for a person to judge.

A hint is no finding. It never blocks anything, and the disabled person may be the victim (残疾人就业条例 第二十四条).
The rules are `fraud.f1` to `fraud.f13`; what the tables cannot support stays unknown and gives no hint.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from matching.entities import Candidate, Employer, Placement
from matching.rules.decision import Decision, Outcome
from matching.rules.evaluation import decide
from matching.rules.functions import completed_months
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import employer_facts, known, placement_facts, record_of, runs_on
from matching.rules.values import Record, Value, shown
from matching.vocabulary import EmployerKind, PlacementForm, YesNo
from pipelines.casework import (
    Case,
    CountedPerson,
    certificate_valid_at_audit,
    count_range,
    counted_persons,
    in_month,
)

NO_FINDING = "这是给工作人员的核查提示，不是违规结论，不得据此拒绝、暂停或撤销任何办理"
VICTIM = "残疾人可能是受害者：先单独听本人说明，告知可以得到权益保护和法律援助（残疾人就业条例第二十四条）"
_LOOK_AT = "请看的材料："
_PAID_OTHERWISE = (PlacementForm.AUXILIARY, PlacementForm.FLEXIBLE, PlacementForm.FARMING)
"""Forms whose pay is agreed otherwise than by the monthly minimum wage."""
_MANY_SEVERE_BY_NATURE = (EmployerKind.MASSAGE, EmployerKind.AUXILIARY, EmployerKind.CONCENTRATED)
_OTHER_WORK = (PlacementForm.SELF_EMPLOYED, PlacementForm.FLEXIBLE)
_SEVERE = (1, 2)


@dataclass(frozen=True, slots=True)
class Hint:
    """One hint: which rule, on whom, and what was seen."""

    decision: Decision
    placement: Placement | None

    @property
    def evidence(self) -> tuple[str, ...]:
        """The conditions that were seen to hold, in words; of an employer's staff also the numbers."""
        told = self.decision
        seen = [leaf.text for leaf in told.tree.leaves() if leaf.outcome is Outcome.MET] if told.tree else []
        if self.placement is None:
            labels = told.rule.body.results
            numbers = {name: value for name, value in told.results.items() if isinstance(value, Fraction)}
            seen += [f"{labels[name].label}：{shown(value)}" for name, value in numbers.items() if name in labels]
        return tuple(seen)

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


def hints_of(case: Case, book: Rulebook, employer_id: str, year: int, as_of: date) -> tuple[Hint, ...]:
    """Return the hints on an employer's year, by rule and placement.

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
    for person in persons:
        facts = placement_evidence(case, person.placement, year, as_of)
        for rule_id in _ON_PLACEMENTS:
            told = decide(book, rule_id, facts, as_of)
            if told.outcome is Outcome.MET:
                found.append(Hint(told, person.placement))
    return tuple(sorted(found, key=lambda hint: (int(hint.decision.rule.id.removeprefix("fraud.f")), _id(hint))))


_ON_PLACEMENTS = ("fraud.f1", "fraud.f2", "fraud.f4", "fraud.f6", "fraud.f8", "fraud.f9", "fraud.f13")


def _id(hint: Hint) -> str:
    return "" if hint.placement is None else hint.placement.placement_id


def placement_evidence(case: Case, placement: Placement, year: int, as_of: date) -> dict[str, Value]:
    """Return the facts of one placement that the hints ask for and the tables hold."""
    candidate = case.candidates.get(placement.candidate_id)
    own = case.placements_of.get(placement.candidate_id, ())
    facts = placement_facts(placement, as_of)
    facts["person_month_employers"] = months_with_employers(own, year, as_of)
    if any(other.form in _OTHER_WORK and _overlap(placement, other) for other in own if other is not placement):
        facts["other_work_record"] = True
    facts |= known({"identical_contract_employers": _identical_contracts(case, placement)})
    return facts if candidate is None else facts | _papers(candidate, year, as_of) | _shared(case, candidate, year)


def months_with_employers(placements: Sequence[Placement], year: int, as_of: date) -> tuple[Record, ...]:
    """Return for each month how many employers had the person under contract, and insured, on one and the same day.

    Leaving one employer and starting with another in the same month is no doubling. Of placements without a first day
    nobody knows the months; they are left out.
    """
    held = [one for one in placements if one.employer_id is not None and one.starts_on is not None]
    months = [date(year, number, 1) for number in range(1, 13)]
    return tuple(
        record_of(
            "person_month_employers",
            {
                "on_month": month,
                "contract_employers": _most_at_once(held, month, _signed),
                "insuring_employers": _most_at_once(held, month, _insured),
            },
        )
        for month in months
        if month <= as_of and any(in_month(one, month) for one in held)
    )


def _signed(placement: Placement) -> bool | None:
    return True if placement.contract_months is not None else None


def _insured(placement: Placement) -> bool | None:
    return None if placement.social_insurance is None else placement.social_insurance is YesNo.YES


def _most_at_once(placements: Sequence[Placement], month: date, does: Callable[[Placement], bool | None]) -> int | None:
    """Return the most employers on one day of a month; None where an open answer could change it from one to two."""
    next_month = (month + timedelta(days=31)).replace(day=1)
    least = most = 0
    for number in range((next_month - month).days):
        day = month + timedelta(days=number)
        running = [one for one in placements if runs_on(one, day)]
        sure = {one.employer_id for one in running if does(one)}
        open_ = {one.employer_id for one in running if does(one) is None} - sure
        least, most = max(least, len(sure)), max(most, len(sure | open_))
    return least if least > 1 or least == most else None


def _overlap(first: Placement, second: Placement) -> bool:
    """True where two placements surely share a day."""
    if first.starts_on is None or second.starts_on is None:
        return False
    begun = max(first.starts_on, second.starts_on)
    return all(one.ends_on is None or one.ends_on >= begun for one in (first, second))


def _papers(candidate: Candidate, year: int, as_of: date) -> dict[str, Value]:
    facts = known(
        {
            "certificate_number": candidate.certificate_number,
            "certificate_category": None if candidate.category is None else int(candidate.category.code),
            "certificate_grade": candidate.grade,
        }
    )
    valid = certificate_valid_at_audit(candidate.certificate_valid_until, year, as_of)
    if valid is not None and candidate.certificate_valid_until is not None:
        facts["certificate_valid_until"] = candidate.certificate_valid_until
    return facts


def _shared(case: Case, candidate: Candidate, year: int) -> dict[str, Value]:
    """Return how many placed people share the person's telephone, the person included.

    Addresses are left alone: in the country they name the village, and families and dormitories share one.
    """
    if not candidate.phone:
        return {}
    placed = {one.candidate_id for one in case.placements if one.employer_id is not None and _touches(one, year)}
    others = [case.candidates[one] for one in placed | {candidate.candidate_id} if one in case.candidates]
    return {"shared_contact_persons": Fraction(sum(other.phone == candidate.phone for other in others))}


def _touches(placement: Placement, year: int) -> bool:
    begun = placement.starts_on is None or placement.starts_on.year <= year
    return begun and (placement.ends_on is None or placement.ends_on.year >= year)


def _identical_contracts(case: Case, placement: Placement) -> int | None:
    """Return at how many employers a contract has the same day, term, wage and post; None where one is not stored."""
    terms = _terms(case, placement)
    if terms is None:
        return None
    return len({one.employer_id for one in case.placements if _terms(case, one) == terms})


def _terms(case: Case, placement: Placement) -> tuple[object, ...] | None:
    vacancy = (case.vacancies or {}).get(placement.vacancy_id) if placement.vacancy_id is not None else None
    if vacancy is None or placement.employer_id is None:
        return None
    terms = (placement.starts_on, placement.contract_months, placement.monthly_wage, vacancy.title)
    return None if None in terms else terms


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
