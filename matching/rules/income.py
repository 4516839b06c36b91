"""What a job leaves a household each month, as a function of the wage: wage, insurance, tax, 低保 and both subsidies.

Every sum is a rule's answer (`decide_all` over the wages), so it is dated and cited. What a rule cannot say stays
unknown: where a missing fact has two natural ends (no work cost deducted or all of the wage, no further tax deductions
or enough of them), the part is a band between them; else it is left out of the curve and named.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import product

from matching.rules.benefits import Benefit, benefit
from matching.rules.bulk import Answers, columns_of, decide_all
from matching.rules.decision import Decision, Lacking, Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import Rulebook
from matching.rules.values import Lack, Unknown, Value, plain

YEAR = 12
ZERO = Fraction(0)
DIBAO = "dibao"
Facts = Mapping[str, Value]

PARTS: Mapping[str, str] = {
    "wage": "工资",
    "insurance": "本人缴纳的社会保险费和住房公积金",
    "tax": "个人所得税（残疾人减征后）",
    "dibao": "低保金",
    "living": "困难残疾人生活补贴",
    "nursing": "重度残疾人护理补贴",
}
"""Parts of the income, in the order in which they are told; what is paid out is negative."""

RULES = ("iit.monthly_tax", "iit.disabled_reduction", "benefit.dibao_taper", "benefit.two_subsidies",
         "benefit.nursing_tier", "benefit.nursing_work")  # fmt: skip
"""The rules that answer, for citation."""


@dataclass(frozen=True, slots=True)
class Band:
    """A sum between two ends, which are the same where it is known."""

    low: Fraction
    high: Fraction

    @property
    def is_known(self) -> bool:
        """True where both ends are the same."""
        return self.low == self.high

    def __add__(self, other: "Band") -> "Band":
        return Band(self.low + other.low, self.high + other.high)

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        return {"low": plain(self.low), "high": plain(self.high)}


NONE = Band(ZERO, ZERO)


def _exactly(sum_: Fraction) -> Band:
    return Band(sum_, sum_)


def _between(values: Sequence[Value]) -> Band | None:
    known = [value for value in values if isinstance(value, Fraction)]
    return Band(min(known), max(known)) if len(known) == len(values) else None


def _rows(answers: Answers, output: str, rows: int) -> list[Value]:
    return [answers.results[output].value(row, answers.reasons) for row in range(rows)]


def _paid(tax: Band | None, after: Value, certificate: Outcome) -> Band | None:
    """Return what is withheld a month, below zero: after the reduction where the certificate is valid."""
    if tax is None:
        return None
    least = after if isinstance(after, Fraction) and certificate is not Outcome.NOT_MET else tax.high
    if not isinstance(after, Fraction):  # nobody can say by how much the tax is reduced
        least = ZERO
    most = tax.high if certificate is not Outcome.MET or not isinstance(after, Fraction) else least
    return Band(-most / YEAR, -(least if tax.is_known else ZERO) / YEAR)


@dataclass(frozen=True, slots=True)
class Point:
    """A month's income at one wage; a part that nobody can say is None and not in `income`."""

    wage: Fraction
    parts: Mapping[str, Band | None]
    income: Band


@dataclass(frozen=True, slots=True)
class Open:
    """A part of the income that is not known for certain at some wage, with what it waits for."""

    part: str
    is_left_out: bool
    lacking: tuple[Lacking, ...]

    @property
    def label(self) -> str:
        """What the part is called."""
        return PARTS[self.part]

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        missing = [item.as_dict() for item in self.lacking]
        return {"part": self.part, "label": self.label, "left_out": self.is_left_out, "missing": missing}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Wages between which the income falls (a cliff, `loss` above 0) or stands still while the wage rises."""

    from_wage: Fraction
    to_wage: Fraction
    loss: Fraction
    is_certain: bool

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        ends = {"from_wage": plain(self.from_wage), "to_wage": plain(self.to_wage)}
        return {**ends, "loss": plain(self.loss), "is_certain": self.is_certain}


@dataclass(frozen=True, slots=True)
class Curve:
    """Income over wages, in the `month`-th month of work; None stands for the time after any taper (渐退期)."""

    month: int | None
    points: tuple[Point, ...]
    before: Band
    open_parts: tuple[Open, ...]
    is_before_computed: bool = False
    """True where nobody said what 低保 was drawn before the job, and the standard less the income stands in."""

    def ends(self) -> tuple[list[Fraction], list[Fraction]]:
        """Return the lower and the upper end of the income at each wage."""
        return [point.income.low for point in self.points], [point.income.high for point in self.points]

    @property
    def cliffs(self) -> tuple[Stretch, ...]:
        """Where a higher wage brings less; certain where both ends of the band fall."""
        return self._stretches(lambda step: step < 0)

    @property
    def plateaus(self) -> tuple[Stretch, ...]:
        """Where a higher wage brings nothing, because 低保 falls by as much."""
        return self._stretches(lambda step: step == 0)

    def _stretches(self, holds: Callable[[Fraction], bool]) -> tuple[Stretch, ...]:
        lows, highs = self.ends()
        found: list[Stretch] = []
        for place in range(1, len(self.points)):
            steps = (lows[place] - lows[place - 1], highs[place] - highs[place - 1])
            if not any(holds(step) for step in steps):
                continue
            start, end = self.points[place - 1].wage, self.points[place].wage
            piece = Stretch(start, end, max(ZERO, -min(steps)), all(holds(step) for step in steps))
            if found and found[-1].to_wage == start and found[-1].is_certain == piece.is_certain:
                first = found.pop()
                piece = Stretch(first.from_wage, end, first.loss + piece.loss, piece.is_certain)
            found.append(piece)
        return tuple(found)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The parts that no point counts."""
        return tuple(part.part for part in self.open_parts if part.is_left_out)

    @property
    def can_compare(self) -> bool:
        """True where the curve can be held against the time before: a curve without an unknown 低保 says nothing."""
        return "dibao" not in self.left_out

    @property
    def pays_from(self) -> Fraction | None:
        """The least wage from which on the parts counted certainly bring more than before; None where none does.

        None as well where nobody can compare (`can_compare`).
        """
        found = None
        for point in reversed(self.points):
            if not self.can_compare or point.wage == 0 or point.income.low <= self.before.high:
                break
            found = point.wage
        return found

    @property
    def dibao_ends_at(self) -> Fraction | None:
        """The least wage from which on 低保 is certainly no longer paid; None where it never was or never ends."""
        found = None
        for point in reversed(self.points):
            part = point.parts["dibao"]
            if part is None:
                return None
            if part.high > 0:
                return found
            found = point.wage
        return None

    def as_dict(self) -> dict[str, object]:
        """Return the curve as it travels in JSON, every point with its parts."""
        return {
            "month_of_work": self.month,
            "before": self.before.as_dict(),
            "dibao_before_is_computed": self.is_before_computed,
            "points": [
                {
                    "wage": plain(point.wage),
                    "income": point.income.as_dict(),
                    "parts": {name: None if part is None else part.as_dict() for name, part in point.parts.items()},
                }
                for point in self.points
            ],
            "not_certain": [part.as_dict() for part in self.open_parts],
            "cliffs": [stretch.as_dict() for stretch in self.cliffs],
            "plateaus": [stretch.as_dict() for stretch in self.plateaus],
            "can_compare": self.can_compare,
            "pays_from": None if self.pays_from is None else plain(self.pays_from),
            "dibao_ends_at": None if self.dibao_ends_at is None else plain(self.dibao_ends_at),
        }


def wages_up_to(highest: int, step: int = 100) -> tuple[Fraction, ...]:
    """Return the wages of a curve, in yuan a month."""
    return tuple(Fraction(wage) for wage in range(0, highest + 1, step))


def income_curve(
    book: Rulebook, facts: Facts, as_of: date, wages: Sequence[Fraction], *, month: int | None = None
) -> Curve:
    """Return the income over wages in the `month`-th month of work, or after any taper.

    `facts` are those of a person; what stands there of a wage or a month of work is replaced. Other income of the
    household does not depend on the wage and is not in the curve, but it is counted for 低保.
    """
    known = _with_dibao_before(book, facts, as_of)
    asked = _Asked(book, known, as_of, tuple(wages), month)
    parts = asked.parts()
    left_out = frozenset(name for name, bands in parts.items() if None in bands)
    points = tuple(
        _point(wage, {name: bands[row] for name, bands in parts.items()}, left_out) for row, wage in enumerate(wages)
    )
    without_job = _Asked(book, known, as_of, (ZERO,), month, is_before=True).parts()
    before = _point(ZERO, {name: bands[0] for name, bands in without_job.items()}, left_out).income
    open_parts = tuple(
        Open(name, name in left_out, asked.lacking(name, bands))
        for name, bands in parts.items()
        if any(band is None or not band.is_known for band in bands)
    )
    is_computed = "dibao_month_benefit" in known.keys() - facts.keys() and any(
        part is None or part.high > 0 for part in parts["dibao"]
    )
    return Curve(month, points, before, open_parts, is_computed)


def _with_dibao_before(book: Rulebook, facts: Facts, as_of: date) -> Facts:
    """Add what the household draws before the job, by the rule at no wage, where nobody stated it."""
    if "dibao_month_benefit" in facts:
        return facts
    at_home: Facts = {**facts, "monthly_wage": ZERO, "work_cost_month": ZERO, "taper_months": ZERO}
    answered = decide(book, "benefit.dibao_taper", {**at_home, "months_since_work": Fraction(1)}, as_of)
    drawn = answered.results.get("benefit")
    return {**facts, "dibao_month_benefit": drawn} if isinstance(drawn, Fraction) else facts


def citations(book: Rulebook, facts: Facts, as_of: date, wage: Fraction) -> tuple[Decision, ...]:
    """Return what each rule says at one wage, for its document and clause and what to check by hand."""
    asked = _Asked(book, facts, as_of, (wage,), 1)
    case = {**asked.cases[0], **asked.reduction_facts(0, asked.tax_before()[0])}
    return tuple(decide(book, rule_id, case, as_of) for rule_id in RULES)


def _point(wage: Fraction, parts: Mapping[str, Band | None], left_out: frozenset[str]) -> Point:
    # A part known at some wages only would make a step of its own where it becomes known: it stays out everywhere.
    counted = (part for name, part in parts.items() if part is not None and name not in left_out)
    return Point(wage, parts, sum(counted, NONE))


class _Asked:
    """One question to the rules: the facts at each wage, and the parts that the rules answer."""

    def __init__(
        self,
        book: Rulebook,
        facts: Facts,
        as_of: date,
        wages: tuple[Fraction, ...],
        month: int | None,
        *,
        is_before: bool = False,
    ) -> None:
        self.book, self.as_of, self.wages, self.month = book, as_of, wages, month
        self.facts = {name: value for name, value in facts.items() if name not in ("monthly_wage", "months_since_work")}
        self.cases = [{**self.facts, **self._at_work(wage, is_before)} for wage in wages]

    def _at_work(self, wage: Fraction, is_before: bool) -> dict[str, Value]:
        at = {"monthly_wage": wage, "months_since_work": Fraction(self.month or 1)}
        if is_before and "dibao_month_benefit" in self.facts:
            return {**at, "months_since_work": Fraction(1), "taper_months": Fraction(1)}  # what is drawn before the job
        if is_before or self.month is None:
            return {**at, "taper_months": ZERO}
        return {**at}

    def parts(self) -> dict[str, list[Band | None]]:
        """Return each part at each wage."""
        dibao = self._dibao()
        return {
            "wage": [_exactly(wage) for wage in self.wages],
            "insurance": self._insurance(),
            "tax": self._tax(),
            "dibao": dibao,
            "living": self._living(dibao),
            "nursing": [self._granted(benefit(self.book, "benefit.nursing_tier", self.facts, self.as_of))]
            * len(self.wages),
        }

    def _insurance(self) -> list[Band | None]:
        share = self.facts.get("own_insurance_share")
        if not isinstance(share, Fraction):  # nothing is withheld from no wage, whatever the share
            return [NONE if wage == 0 else None for wage in self.wages]
        return [_exactly(-wage * share) for wage in self.wages]

    # ---- tax ---------------------------------------------------------------------------------------------------------

    def _answers(self, rule_id: str, cases: Sequence[Facts], *outputs: str) -> list[list[Value]]:
        answers = decide_all(self.book, rule_id, columns_of(self.book, cases), self.as_of)
        return [_rows(answers, output, len(cases)) for output in outputs]

    def tax_before(self) -> list[Band | None]:
        """Return a year's tax before the reduction; where deductions are not known, between none and without any."""
        (stated,) = self._answers("iit.monthly_tax", self.cases, "tax_year")
        bare = {name: self.facts.get(name, ZERO) for name in ("own_insurance_share", "iit_additional_month")}
        (most,) = self._answers("iit.monthly_tax", [{**case, **bare} for case in self.cases], "tax_year")
        return [
            _exactly(tax) if isinstance(tax, Fraction) else Band(ZERO, top) if isinstance(top, Fraction) else None
            for tax, top in zip(stated, most, strict=True)
        ]

    def reduction_facts(self, row: int, tax: Band | None) -> dict[str, Value]:
        """Return what the reduction asks for: this job's tax as comprehensive income."""
        known: dict[str, Value] = {} if tax is None else {"iit_tax_payable": tax.high}
        return {"iit_income_kind": "comprehensive", **known}

    def _tax(self) -> list[Band | None]:
        before = self.tax_before()
        valid = decide(self.book, "id.cert_valid", self.facts, self.as_of).outcome
        cases = [{**case, **self.reduction_facts(row, before[row])} for row, case in enumerate(self.cases)]
        (reduced,) = self._answers("iit.disabled_reduction", cases, "tax_after")
        return [_paid(tax, after, valid) for tax, after in zip(before, reduced, strict=True)]

    # ---- 低保 and the subsidy that follows it -------------------------------------------------------------

    def _in_dibao(self) -> Value:
        found = decide(self.book, "benefit.nursing_work", self.facts, self.as_of).results.get("living_continues")
        return found if isinstance(found, bool | Unknown) else Unknown(frozenset())

    def _dibao(self) -> list[Band | None]:
        is_in = self._in_dibao()
        if is_in is False:
            return [NONE] * len(self.wages)
        stated, counted, tapering = self._answers(
            "benefit.dibao_taper", self.cases, "benefit", "counted_income", "in_taper"
        )
        open_rows = [row for row, sum_ in enumerate(stated) if not isinstance(sum_, Fraction)]
        ends = {row: self._ends(self.cases[row], counted[row], tapering[row]) for row in open_rows}
        spread = self._answers("benefit.dibao_taper", [case for cases in ends.values() for case in cases], "benefit")
        answered = iter(spread[0])
        sums = {row: [next(answered) for _ in cases] for row, cases in ends.items()}
        found: list[Band | None] = []
        for row, sum_ in enumerate(stated):
            band = _between(sums.get(row, [sum_]))
            found.append(band if band is None or is_in is True else Band(ZERO, band.high))
        return found

    @staticmethod
    def _ends(case: Facts, counted: Value, tapering: Value) -> list[Facts]:
        """Return a case with what is not known of work cost and taper at its ends."""
        costs: list[Facts] = [{}]
        tapers: list[Facts] = [{}]
        if isinstance(counted, Unknown):
            costs = [{"work_cost_month": ZERO}, {"work_cost_month": case["monthly_wage"]}]
        if isinstance(tapering, Unknown):
            tapers = [{"taper_months": ZERO}, {"taper_months": case["months_since_work"]}]
        return [{**cost, **taper, **case} for cost, taper in product(costs, tapers)]

    def _living(self, dibao: Sequence[Band | None]) -> list[Band | None]:
        """Return the living subsidy: paid as long as 低保 is, the taper included; it ends where 低保 ends."""
        is_in = self._in_dibao()
        if is_in is False:
            return [NONE] * len(self.wages)
        granted = self._granted(self._living_benefit((DIBAO,)))
        ended = self._granted(self._living_benefit(()))
        if granted is None or ended is None:
            return [ended if band is not None and band.high == 0 else None for band in dibao]
        either = Band(min(granted.low, ended.low), max(granted.high, ended.high))
        return [
            either if band is None else granted if band.low > 0 else ended if band.high == 0 else either
            for band in dibao
        ]

    def _living_benefit(self, kinds: tuple[str, ...]) -> Benefit:
        stated = self.facts.get("household_kinds")
        others = tuple(kind for kind in stated if kind != DIBAO) if isinstance(stated, tuple) else ()
        facts = {**self.facts, "household_kinds": (*(str(kind) for kind in others), *kinds)}
        return benefit(self.book, "benefit.two_subsidies", facts, self.as_of)

    @staticmethod
    def _granted(found: Benefit) -> Band | None:
        """Return a benefit's sum; from nothing to the sum where it is open whether it is due."""
        if found.outcome is Outcome.NOT_MET:
            return NONE
        amount = found.decision.amount
        if not isinstance(amount, Fraction):
            return None
        return _exactly(amount) if found.outcome is Outcome.MET else Band(ZERO, amount)

    # ---- what is missing ---------------------------------------------------------------------------------

    def lacking(self, part: str, bands: Sequence[Band | None]) -> tuple[Lacking, ...]:
        """Return what a part waits for, at the first wage at which it is not certain."""
        if part == "insurance":
            return (self._fact("own_insurance_share"),)
        case = self.cases[next(row for row, band in enumerate(bands) if band is None or not band.is_known)]
        found: list[Lacking] = []
        if part in ("dibao", "living"):
            if isinstance(self._in_dibao(), Unknown):
                found.append(self._fact("household_kinds"))
            found += decide(self.book, "benefit.dibao_taper", case, self.as_of).lacking
        if part == "tax":
            found += decide(self.book, "iit.monthly_tax", case, self.as_of).lacking
            found += decide(self.book, "id.cert_valid", self.facts, self.as_of).lacking
        if part == "living":
            found += self._living_benefit((DIBAO,)).lacking
        if part == "nursing":
            found += benefit(self.book, "benefit.nursing_tier", self.facts, self.as_of).lacking
        return tuple(dict.fromkeys(found))

    def _fact(self, name: str) -> Lacking:
        definition = self.book.facts[name]
        return Lacking(Lack.MISSING, name, definition.label, definition.who)
