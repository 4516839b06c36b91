"""The caseworker's questions about money and duty: an employer's quota and levy, what a subject may claim.

Everything is answered by the rules from what is stored; what is not stored stays unknown and is asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy import Connection

from matching.entities import Candidate, CandidateId, Employer, EmployerId, Placement
from matching.rules.benefits import Package, package
from matching.rules.decision import Decision, Outcome
from matching.rules.evaluation import decide
from matching.rules.functions import completed_months
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import candidate_facts, employer_facts
from matching.rules.values import Value, month_index, plain, shown
from matching.rules.what_if import Marginal, one_more
from matching.vocabulary import EmployerKind, YesNo
from pipelines.errors import PipelineError
from pipelines.store.repositories import CandidateRepository, EmployerRepository, PlacementRepository

_NO_ESTABLISHMENT = frozenset(
    {EmployerKind.PRIVATE, EmployerKind.PLATFORM, EmployerKind.STATE_OWNED, EmployerKind.INDIVIDUAL_BUSINESS}
)
"""Kinds of employer that have no posts on an establishment (编制)."""

_SHOWN_MONTHS = (1, 4, 7, 10, 12)


@dataclass(frozen=True, slots=True)
class Case:
    """People, employers and placements as stored, by id."""

    candidates: Mapping[CandidateId, Candidate]
    employers: Mapping[EmployerId, Employer]
    placements: Sequence[Placement]

    def employer(self, employer_id: str) -> Employer:
        """Return an employer.

        Raises
        ------
        PipelineError
            When there is none with this id.
        """
        found = self.employers.get(EmployerId(employer_id))
        if found is None:
            raise PipelineError("没有这个用人单位编号")
        return found

    def candidate(self, candidate_id: str) -> Candidate:
        """Return a person.

        Raises
        ------
        PipelineError
            When there is none with this id.
        """
        found = self.candidates.get(CandidateId(candidate_id))
        if found is None:
            raise PipelineError("没有这个求职者编号")
        return found


def load_case(connection: Connection) -> Case:
    """Read people, employers and placements from the store."""
    return Case(
        {person.candidate_id: person for person in CandidateRepository(connection).all()},
        {employer.employer_id: employer for employer in EmployerRepository(connection).all()},
        PlacementRepository(connection).all(),
    )


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
            "missing": _missing([self.weight, *(decision for _, decision in self.months)]),
        }

    def lines(self) -> list[str]:
        """Return it in plain Chinese."""
        weight = "折算人数待核实" if self.factor is None else f"折算 {shown(self.factor)} 人"
        head = f"  {self.placement.candidate_id}：{weight}，计入 {self.count(Outcome.MET)} 个月"
        refused, open_ = self.count(Outcome.NOT_MET), self.count(Outcome.UNKNOWN)
        lines = [head + (f"，不计 {refused} 个月" if refused else "") + (f"，待核实 {open_} 个月" if open_ else "")]
        lines += [f"    不计：{why}" for why in sorted({w for _, d in self.months for w in _failed(d)})]
        asked = _missing([self.weight, *(decision for _, decision in self.months)])
        return lines + [f"    还缺：{item['label']}（{item['who_can_supply']}）" for item in asked]


def _failed(decision: Decision) -> list[str]:
    if decision.tree is None or decision.outcome is not Outcome.NOT_MET:
        return []
    return [leaf.text for leaf in decision.tree.leaves() if leaf.outcome is Outcome.NOT_MET]


def _missing(decisions: Iterable[Decision]) -> list[dict[str, str]]:
    found = {
        item.name: item.as_dict() for told in decisions if told.outcome is Outcome.UNKNOWN for item in told.lacking
    }
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Quota:
    """An employer's quota and levy for one year of work (`data_year`), certified and paid in the next."""

    employer: Employer
    data_year: int
    levy_date: date
    persons: tuple[CountedPerson, ...]
    required: Decision
    certain: Decision
    possible: Decision
    others: tuple[Decision, ...]
    one_more: tuple[Marginal, ...]
    certain_count: Fraction
    possible_count: Fraction
    rules_version: str

    @property
    def is_settled(self) -> bool:
        """True where no month of anybody waits for a fact."""
        return self.certain_count == self.possible_count

    def as_dict(self) -> dict[str, object]:
        """Return the answer as it travels in JSON."""
        required = self.required.results.get("required")
        return {
            "employer_id": self.employer.employer_id,
            "employer": self.employer.name,
            "data_year": self.data_year,
            "levy_year": self.data_year + 1,
            "levy_date": self.levy_date.isoformat(),
            "required": plain(required) if isinstance(required, Fraction) else None,
            "placed": {"certain": plain(self.certain_count), "if_all_confirmed": plain(self.possible_count)},
            "gap": self.certain.results_dict().get("gap"),
            "levy": {"certain": self.certain.as_dict(), "if_all_confirmed": self.possible.as_dict()},
            "persons": [person.as_dict() for person in self.persons],
            "one_more_placement": [
                {
                    "from_month": option.from_month,
                    "weight": option.weight,
                    "payable": plain(option.payable) if option.payable is not None else None,
                    "saved": plain(option.saved) if option.saved is not None else None,
                    "changes_tier": option.crosses_line,
                }
                for option in self.one_more
            ],
            "duties": [told.as_dict() for told in self.others],
            "missing": _missing([self.required, self.certain, *self.others]),
            "rules_version": self.rules_version,
        }

    def lines(self) -> list[str]:
        """Return the answer in plain Chinese, fit to be read aloud."""
        name = self.employer.name or self.employer.employer_id
        head = f"{name} {self.data_year} 年度用工，{self.data_year + 1} 年申报缴费"
        placed = f"实际安排（折算）：{shown(self.certain_count)} 人"
        if not self.is_settled:
            placed += f"；待核实的月份全部认定后为 {shown(self.possible_count)} 人"
        lines = [head, *self.required.lines(), placed]
        lines += [line for person in self.persons for line in person.lines()]
        lines += self.certain.lines()
        if not self.is_settled:
            lines += ["待核实的月份全部认定后：", *(f"  {line}" for line in self.possible.lines()[:1])]
        lines += self._more_lines()
        for told in self.others:
            lines += told.lines()
        return lines

    def _more_lines(self) -> list[str]:
        known = [option for option in self.one_more if option.saved is not None]
        if not known:
            return ["再安排一人能少缴多少：缺少计算残保金所需的事实，暂不能算"]
        lines = ["再安排一人（全日制，签约一年以上）能少缴多少："]
        for weight, label in ((1, "一般残疾职工"), (2, "重度残疾职工")):
            told = [
                _saving(option) for option in known if option.weight == weight and option.from_month in _SHOWN_MONTHS
            ]
            lines.append(f"  {label}：{'；'.join(told)}")
        return lines


def _saving(option: Marginal) -> str:
    line = "（跨过分档线）" if option.crosses_line else ""
    return f"{option.from_month}月起 {float(option.saved or 0):,.2f}元{line}"


def quota(case: Case, book: Rulebook, employer_id: str, year: int, as_of: date) -> Quota:
    """Work out required, counted, gap and levy for an employer's year of work.

    The levy is asked for on `as_of` where that lies in the year of payment, else at that year's middle.

    Raises
    ------
    PipelineError
        When there is no such employer.
    """
    employer = case.employer(employer_id)
    levy_date = as_of if as_of.year == year + 1 else date(year + 1, 7, 1)
    facts = employer_facts(employer)
    held = _within(case, employer, year)
    persons = tuple(_counted(case, book, employer, placement, year, as_of) for placement in held)
    certain, possible = _counts(book, persons, levy_date)
    base: dict[str, Value] = {**facts, "levy_date": levy_date}
    levy = {
        name: decide(book, "levy.payable", {**base, "annual_count": count}, as_of)
        for name, count in (("certain", certain), ("possible", possible))
    }
    duties = ("quota.public_sector_min_one", "quota.publicity_duty", "quota.concentrated_employer")
    natural = Fraction(len({person.placement.candidate_id for person in persons if person.count(Outcome.MET)}))
    own = {**facts, "annual_count": certain, "disabled_employed": natural, "as_of_year": Fraction(as_of.year)}
    answered = (decide(book, rule, own, as_of) for rule in duties if rule in book.rules)
    return Quota(
        employer,
        year,
        levy_date,
        persons,
        decide(book, "quota.required", {**facts, "annual_count": certain}, levy_date),
        levy["certain"],
        levy["possible"],
        tuple(told for told in answered if _concerns(told)),
        one_more(book, {**base, "annual_count": certain}, as_of),
        certain,
        possible,
        book.version,
    )


def _concerns(decision: Decision) -> bool:
    return decision.outcome is not Outcome.NOT_MET or decision.rule.kind == "duty"


def _counts(book: Rulebook, persons: Sequence[CountedPerson], day: date) -> tuple[Fraction, Fraction]:
    """Return the count that is certain and the count if every open question is answered yes."""
    least, most = (_weight(book, name, day) for name in ("other_weight", "severe_weight"))
    certain = possible = Fraction(0)
    for person in persons:
        low = least if person.factor is None else person.factor
        high = most if person.factor is None else person.factor
        certain += low * person.count(Outcome.MET) / 12
        possible += high * (person.count(Outcome.MET) + person.count(Outcome.UNKNOWN)) / 12
    return certain, possible


def _weight(book: Rulebook, name: str, day: date) -> Fraction:
    parameter = book.parameters[f"quota.person_weight.{name}"]
    value = parameter.read(parameter.on(day))
    return value if isinstance(value, Fraction) else Fraction(1)


def _within(case: Case, employer: Employer, year: int) -> list[Placement]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    return [
        placement
        for placement in case.placements
        if placement.employer_id == employer.employer_id
        and (placement.starts_on is None or placement.starts_on <= last)
        and (placement.ends_on is None or placement.ends_on >= first)
    ]


def _counted(
    case: Case, book: Rulebook, employer: Employer, placement: Placement, year: int, as_of: date
) -> CountedPerson:
    candidate = case.candidates.get(placement.candidate_id)
    person = {} if candidate is None else candidate_facts(candidate, as_of)
    if "certificate_grade" in person:
        person["certificate_kind"] = "cdpf"
    weight = decide(book, "quota.person_weight", person, date(year, 12, 31))
    elsewhere = [
        other
        for other in case.placements
        if other.candidate_id == placement.candidate_id and other.employer_id != placement.employer_id
    ]
    months = tuple(
        (month, _month(book, employer, placement, person, elsewhere, month, as_of))
        for month in (date(year, number, 1) for number in range(1, 13))
        if _in_month(placement, month) and month <= as_of
    )
    return CountedPerson(placement, weight, months)


def _in_month(placement: Placement, month: date) -> bool:
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
    facts: dict[str, Value] = {**employer_facts(employer), "quota_month": month, "submitted_on": as_of}
    age = decide(book, "person.working_age_statutory", {**person}, month).outcome
    if age is not Outcome.UNKNOWN:
        facts["age_in_range"] = age is Outcome.MET
    if isinstance(valid := person.get("certificate_valid_until"), date):
        facts["cert_valid"] = valid >= as_of
    if employer.kind in _NO_ESTABLISHMENT:
        facts["in_establishment"] = False
    if placement.contract_months is not None:
        facts["contract_months"] = Fraction(placement.contract_months)
    if placement.monthly_wage is not None:
        facts["gross_wage"] = Fraction(placement.monthly_wage)
    for name, told in (
        ("social_insurance_paid", placement.social_insurance),
        ("on_duty", placement.attendance_confirmed),
    ):
        if told is not None:
            facts[name] = told is YesNo.YES
    # Where another employer has the same person in the month, who counts them is for a person to decide.
    if not any(_in_month(other, month) for other in elsewhere):
        facts["counted_elsewhere"] = False
    return decide(book, "quota.person_month_eligible", facts, month)


def benefits_of_candidate(case: Case, book: Rulebook, candidate_id: str, as_of: date) -> Package:
    """Return what a person may claim.

    Raises
    ------
    PipelineError
        When there is no such person.
    """
    candidate = case.candidate(candidate_id)
    own = [placement for placement in case.placements if placement.candidate_id == candidate.candidate_id]
    return package(book, ("person",), candidate_facts(candidate, as_of, own), as_of)


def benefits_of_employer(case: Case, book: Rulebook, employer_id: str, as_of: date) -> Package:
    """Return what an employer may claim.

    Raises
    ------
    PipelineError
        When there is no such employer.
    """
    return package(book, ("employer",), employer_facts(case.employer(employer_id)), as_of)


def benefits_of_placement(case: Case, book: Rulebook, placement_id: str, as_of: date) -> Package:
    """Return what can be claimed together for a placement of this person with this employer, and by whom.

    Raises
    ------
    PipelineError
        When there is no such placement.
    """
    placement = next((one for one in case.placements if one.placement_id == placement_id), None)
    if placement is None:
        raise PipelineError("没有这个就业记录编号")
    facts: dict[str, Value] = {}
    if placement.employer_id is not None and placement.employer_id in case.employers:
        facts |= employer_facts(case.employers[placement.employer_id])
    candidate = case.candidates.get(placement.candidate_id)
    if candidate is not None:
        facts |= candidate_facts(candidate, as_of, [placement])
    if placement.contract_months is not None:
        facts["contract_months"] = Fraction(placement.contract_months)
    if placement.starts_on is not None:
        facts["months_employed"] = Fraction(max(0, completed_months(placement.starts_on, as_of)))
    kept = {name: value for name, value in facts.items() if name in book.facts}
    return package(book, ("person", "employer", "placement"), kept, as_of)
