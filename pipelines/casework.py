"""The caseworker's questions about money and duty: an employer's quota and levy, what a subject may claim.

Everything is answered by the rules from what is stored; what is not stored stays unknown and is asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from sqlalchemy import Connection

from matching.entities import Candidate, CandidateId, Employer, EmployerId, Placement, Service, Vacancy, VacancyId
from matching.rules.benefits import Package, asked_line, package
from matching.rules.decision import ConditionTrace, Decision, Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import NO_ESTABLISHMENT, candidate_facts, employer_facts, placement_facts, runs_on
from matching.rules.values import Value, as_decimal, month_index, plain, rounded, shown
from matching.rules.what_if import Marginal, one_more
from matching.vocabulary import EmployerKind
from pipelines.access.roles import Subject
from pipelines.errors import PipelineError
from pipelines.store.repositories import (
    CandidateRepository,
    EmployerRepository,
    PlacementRepository,
    ServiceRepository,
    VacancyRepository,
)

_SHOWN_MONTHS = (1, 4, 7, 10, 12)
_LAST_MONTH = 12
_MAY_BE_CONCENTRATED = (EmployerKind.CONCENTRATED, EmployerKind.MASSAGE, EmployerKind.AUXILIARY)
_PUBLIC_BODIES = (EmployerKind.ORGAN, EmployerKind.INSTITUTION)
_SOCIAL_WAGE = "local_social_avg_wage"


@dataclass(frozen=True)
class Case:
    """Everything stored that a question about money or duty needs."""

    candidates: Mapping[CandidateId, Candidate]
    employers: Mapping[EmployerId, Employer]
    placements: Sequence[Placement]
    services: Sequence[Service] = ()
    vacancies: Mapping[VacancyId, Vacancy] | None = None
    same_phone: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Who else has the same telephone, by id; found by marks, so that nobody's is opened."""

    @cached_property
    def placements_of(self) -> Mapping[str, Sequence[Placement]]:
        """Placements by the id of the person and by the id of the employer."""
        found: dict[str, list[Placement]] = {}
        for placement in self.placements:
            found.setdefault(placement.candidate_id, []).append(placement)
            if placement.employer_id is not None:
                found.setdefault(placement.employer_id, []).append(placement)
        return found

    @cached_property
    def _services_of(self) -> Mapping[str, Sequence[Service]]:
        found: dict[str, list[Service]] = {}
        for service in self.services:
            found.setdefault(service.candidate_id, []).append(service)
        return found

    @cached_property
    def _years_with_services(self) -> frozenset[int]:
        return frozenset(service.on.year for service in self.services)

    def services_for(self, candidate_id: CandidateId, day: date) -> Sequence[Service] | None:
        """Return a person's services; None in a year for which no service of anybody was entered."""
        return self._services_of.get(candidate_id, ()) if day.year in self._years_with_services else None

    def person_facts(self, candidate: Candidate, day: date) -> dict[str, Value]:
        """Return what is stored of a person on a day, placements and services included."""
        own = self.placements_of.get(candidate.candidate_id, ())
        return candidate_facts(candidate, day, own, self.services_for(candidate.candidate_id, day))

    def employer_facts(self, employer: Employer, day: date) -> dict[str, Value]:
        """Return what is stored of an employer on a day, its placements included."""
        return employer_facts(employer, day, self.placements_of.get(employer.employer_id, ()))

    def placement_facts(self, placement: Placement, day: date) -> dict[str, Value]:
        """Return what is stored of a placement, its person and its employer on a day."""
        facts: dict[str, Value] = {}
        if placement.employer_id is not None and placement.employer_id in self.employers:
            facts |= self.employer_facts(self.employers[placement.employer_id], day)
        candidate = self.candidates.get(placement.candidate_id)
        if candidate is not None:
            facts |= self.person_facts(candidate, day)
            # Whether the person has work is asked of the time before and beside this placement.
            others = [one for one in self.placements_of[placement.candidate_id] if one is not placement]
            if not any(runs_on(one, day) for one in others):
                facts.pop("employed", None)
        return facts | placement_facts(placement, day)

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


def load_case(connection: Connection, subject: Subject) -> Case:
    """Read what the subject sees of people, employers, placements, services and vacancies from the store."""
    return Case(
        {person.candidate_id: person for person in CandidateRepository(connection, subject).all()},
        {employer.employer_id: employer for employer in EmployerRepository(connection, subject).all()},
        PlacementRepository(connection, subject).all(),
        ServiceRepository(connection, subject).all(),
        {vacancy.vacancy_id: vacancy for vacancy in VacancyRepository(connection, subject).all()},
    )


def employer_claims(case: Case, book: Rulebook, employer: Employer, day: date) -> dict[str, Value]:
    """Return an employer's facts for a claim made today: with the count of the last full year where it is settled."""
    facts: dict[str, Value] = {**case.employer_facts(employer, day), "levy_date": day}
    persons = counted_persons(case, book, employer, day.year - 1, day)
    certain, possible = count_range(book, persons, day)
    if persons and certain == possible:
        facts["annual_count"] = certain
    return facts


def all_facts(case: Case, book: Rulebook, day: date) -> dict[str, dict[str, Mapping[str, Value]]]:
    """Return the facts of every person, employer and placement, by kind of subject and id."""
    return {
        "person": {key: case.person_facts(person, day) for key, person in case.candidates.items()},
        "employer": {key: employer_claims(case, book, employer, day) for key, employer in case.employers.items()},
        "placement": {one.placement_id: case.placement_facts(one, day) for one in case.placements},
    }


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
        lines += [f"    不计，因不符合“{why}”" for why in sorted({w for _, d in self.months for w in _failed(d)})]
        asked = _asked([self.weight, *(decision for _, decision in self.months)])
        return lines + ([f"    还缺：{asked}"] if asked else [])


def _failed(decision: Decision) -> list[str]:
    if decision.tree is None or decision.outcome is not Outcome.NOT_MET:
        return []
    return [leaf.text for leaf in decision.tree.leaves() if leaf.outcome is Outcome.NOT_MET]


def _missing(decisions: Iterable[Decision]) -> list[dict[str, str]]:
    found = {
        item.name: item.as_dict() for told in decisions if told.outcome is Outcome.UNKNOWN for item in told.lacking
    }
    return list(found.values())


def _asked(decisions: Iterable[Decision]) -> str:
    """Return what open answers wait for in one line, by who can supply it."""
    return asked_line(item for told in decisions if told.outcome is Outcome.UNKNOWN for item in told.lacking)


@dataclass(frozen=True, slots=True)
class Quota:
    """An employer's quota and levy for one year of work (`data_year`), certified and paid in the next.

    `uncapped` is the levy if the employer's average wage is below the cap, where only the social average is not known.
    """

    employer: Employer
    data_year: int
    as_of: date
    levy_date: date
    persons: tuple[CountedPerson, ...]
    required: Decision
    certain: Decision
    possible: Decision
    uncapped: Decision | None
    window: Decision
    others: tuple[Decision, ...]
    one_more: tuple[Marginal, ...]
    certain_count: Fraction
    possible_count: Fraction
    last_seen_wage: str
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
            "levy": {
                "certain": self.certain.as_dict(),
                "if_all_confirmed": self.possible.as_dict(),
                "if_below_cap": None if self.uncapped is None else self.uncapped.as_dict(),
            },
            "certification": self.window.as_dict(),
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
        placed = f"实际安排（按登记的就业记录折算）：{shown(self.certain_count)} 人"
        if not self.is_settled:
            placed += f"；待核实的月份全部认定后为 {shown(self.possible_count)} 人"
        lines = [self._head(), self._required_line(), placed]
        lines += [line for person in self.persons for line in person.lines()]
        if not self.persons:
            lines.append("  这一年没有登记的就业记录；单位如有残疾职工，请先登记")
        lines += self._window_lines() + self._levy_lines() + self._more_lines()
        for told in self.others:
            lines += _duty_lines(told)
        return lines

    def _head(self) -> str:
        employer = self.employer
        words = [
            "单位类型未填" if employer.kind is None else employer.kind.label,
            "" if employer.level is None else employer.level.label,
        ]
        head = f"{employer.name or employer.employer_id}（{'，'.join(word for word in words if word)}）"
        year = f"{self.data_year} 年度用工，{self.data_year + 1} 年申报缴费"
        if self.as_of.year <= self.data_year:
            year += f"；年度未完，只算到 {self.as_of.isoformat()}，以后各月在岗的还会增加安排人数"
        return f"{head}{year}"

    @property
    def _is_not_liable(self) -> bool:
        return self.certain.results.get("status") == "not_liable"

    def _required_line(self) -> str:
        if self._is_not_liable:
            return "应安排：不适用，不属于应当按比例安排残疾人就业的单位"
        required = self.required.results.get("required")
        version = self.required.version
        cited = "" if version is None else f"〔{version.source.document} {version.source.clause}〕"
        if not isinstance(required, Fraction):
            return f"应安排：待补齐，还缺{asked_line(self.required.lacking)}{cited}"
        told = next((line.partition(" = ")[2] for line in self.required.working if line.startswith("应安排人数")), "")
        return f"应安排：{shown(required)} 人（{told}，不取整）{cited}"

    def _window_lines(self) -> list[str]:
        results = self.window.results
        opens, closes = results.get("opens_on"), results.get("closes_on")
        if not isinstance(opens, date) or not isinstance(closes, date) or not self.persons or self._is_not_liable:
            return []
        state = f"{shown(results.get('state_in_words'))}"  # type: ignore[arg-type]  # a text by the rule
        return [f"联网认证：{opens.isoformat()} 至 {closes.isoformat()}（{self.as_of.isoformat()} {state}）"]

    def _levy_lines(self) -> list[str]:
        if self.certain.outcome is Outcome.NOT_MET:
            why = _NOTHING_DUE.get(str(self.certain.results.get("status")), "")
            return [*self.certain.lines()[:2], *([f"  原因：{why}"] if why else [])]
        lines = [line for line in self.certain.lines() if not line.strip().startswith(_LEFT_OUT_OF_LEVY)]
        if asked := asked_line(self.certain.lacking):
            lines.append(f"  还缺：{asked}")
        if self.uncapped is not None and self.uncapped.money is not None:
            lines.append(
                f"  单位年平均工资没有超过封顶数的，{self.data_year + 1} 年应缴 {self.uncapped.money:,.2f} 元；"
                "超过的按封顶数计，会少一些"
            )
        if self.last_seen_wage and any(item.name == _SOCIAL_WAGE for item in self.certain.lacking):
            lines.append(f"  {self.last_seen_wage}")
        if self.certain.results.get("year_boundary") is True:
            lines.append("  数据年度与缴费日的减免规定不同，须向税务部门核对")
        if not self.is_settled and self.possible.lines()[0] != self.certain.lines()[0]:
            told = self.possible
            lines.append(f"  待核实的月份全部认定后：{told.headline}" + _sum_words(told))
        return lines

    def _more_lines(self) -> list[str]:
        if self.certain.outcome is not Outcome.MET:
            return []
        gone = self.as_of.month if self.as_of.year == self.data_year else 0
        known = [option for option in self.one_more if option.saved is not None and option.from_month > gone]
        if gone == _LAST_MONTH:
            return []
        if not known:
            return ["再安排一人能少缴多少：缺少上列事实，暂不能算"]
        head = "当年多安排一人（全日制，签约一年以上）能少缴多少"
        if self.as_of.year > self.data_year:
            head += "（这一年已过，供安排以后年度参考）"
        lines = [head + ("，按没有超过封顶数计：" if self.uncapped is not None else "：")]
        for weight, label in ((1, "一般残疾职工"), (2, "一、二级残疾职工")):
            told = [
                _saving(option) for option in known if option.weight == weight and option.from_month in _SHOWN_MONTHS
            ]
            lines.append(f"  {label}：{'；'.join(told)}")
        return lines


_NOTHING_DUE: Mapping[str, str] = {
    "not_liable": "不属于应当按比例安排残疾人就业的单位",
    "exempt_small_enterprise": "在职职工30人（含）以下的企业免征",
    "exempt_startup_3y": "登记三年内的小企业免征",
    "quota_met": "安排人数已达到规定比例",
}
_LEFT_OUT_OF_LEVY = ("说明：", "还缺：", "是否在年度交界", "算式：规定比例", "算式：应安排人数")


def _sum_words(decision: Decision) -> str:
    if decision.outcome is Outcome.NOT_MET:
        return ""
    return "，金额同样待补齐" if decision.money is None else f"，{decision.money:,.2f} 元"


def _duty_lines(decision: Decision) -> list[str]:
    """Return a duty in a few lines: whether it is done, by when, the ground, and what is lacking."""
    lines = [f"{decision.rule.title}：{decision.headline}"]
    if decision.version is not None:
        lines.append(f"  依据：{decision.version.source.document} {decision.version.source.clause}".rstrip())
    deadline = decision.results.get("deadline")
    if isinstance(deadline, date):
        lines.append(f"  完成期限：{deadline.isoformat()}")
    if decision.tree is not None:
        lines += [f"  {_leaf_line(leaf)}" for leaf in _own_leaves(decision.tree)]
    asked = asked_line(decision.lacking)
    return lines + ([f"  还缺：{asked}"] if asked else [])


def _own_leaves(tree: ConditionTrace) -> list[ConditionTrace]:
    return [child for child in tree.children if not child.children] or ([] if tree.children else [tree])


def _leaf_line(leaf: ConditionTrace) -> str:
    mark = {Outcome.MET: "✓", Outcome.NOT_MET: "✗", Outcome.UNKNOWN: "？"}[leaf.outcome]
    have = f"（登记 {leaf.have}，须 {leaf.need}）" if leaf.need and leaf.outcome is not Outcome.UNKNOWN else ""
    return f"{mark} {leaf.text}{have}"


def _saving(option: Marginal) -> str:
    saved = rounded(option.saved or Fraction(0), Fraction(1, 100), "half_up")
    line = "（达到规定比例，不用缴）" if option.payable == 0 else "（跨过1%分档线）" if option.crosses_line else ""
    return f"{option.from_month}月起 {as_decimal(saved, 2):,.2f}元{line}"


def quota(
    case: Case,
    book: Rulebook,
    employer_id: str,
    year: int,
    as_of: date,
    social_wage: Fraction | None = None,
    count: Fraction | None = None,
) -> Quota:
    """Work out required, counted, gap and levy for an employer's year of work.

    The levy is asked for on `as_of` where that lies in the year of payment, else at that year's middle. `social_wage`
    is the place's average wage of the year in yuan, for the cap; without it the cap is unknown. `count` is what an
    employer says that it has placed in the year, in place of what follows from the stored placements.

    Raises
    ------
    PipelineError
        When there is no such employer.
    """
    employer = case.employer(employer_id)
    levy_date = as_of if as_of.year == year + 1 else date(year + 1, 7, 1)
    persons = counted_persons(case, book, employer, year, as_of)
    certain, possible = count_range(book, persons, levy_date) if count is None else (count, count)
    base: dict[str, Value] = {**employer_facts(employer), "levy_date": levy_date}
    if social_wage is not None:
        base[_SOCIAL_WAGE] = social_wage
    required = decide(book, "quota.required", {**base, "annual_count": certain}, levy_date)
    told = decide(book, "levy.payable", {**base, "annual_count": certain}, as_of)
    below_cap = _below_cap(base, told)
    window: dict[str, Value] = {"cert_window_date": as_of, "cert_window_year": Fraction(year + 1)}
    if employer.region is not None:
        window["cert_window_scope"] = employer.region
    return Quota(
        employer,
        year,
        as_of,
        levy_date,
        persons,
        required,
        told,
        decide(book, "levy.payable", {**base, "annual_count": possible}, as_of),
        None if below_cap is None else decide(book, "levy.payable", {**below_cap, "annual_count": certain}, as_of),
        decide(book, "levy.cert_window", window, as_of),
        _duties(case, book, employer, as_of, required, certain, possible),
        one_more(book, {**(below_cap or base), "annual_count": certain}, as_of),
        certain,
        possible,
        _last_seen_wage(book, employer.region),
        book.version,
    )


def _below_cap(base: Mapping[str, Value], told: Decision) -> dict[str, Value] | None:
    """Where nothing but the place's average wage is lacking: the facts of an employer that pays no more than that."""
    if {item.name for item in told.lacking} != {_SOCIAL_WAGE} or "average_wage" not in base:
        return None
    return {**base, _SOCIAL_WAGE: base["average_wage"]}


def _last_seen_wage(book: Rulebook, region: str | None) -> str:
    """Say which average wages are stored for the place: old, of another kind, and not used."""
    places = {"620000"} if region is None else {region[:4] + "00"}
    told = []
    for name, label in (("non_private", "非私营单位"), ("private", "私营单位")):
        parameter = book.parameters.get(f"wage.social_average.{name}")
        seen = [
            version
            for version in (() if parameter is None else parameter.versions)
            if version.value is not None and version.region in places
        ]
        if seen:
            last = max(seen, key=lambda version: version.valid_from)
            told.append(f"{last.valid_from.year}年{label} {Decimal(str(last.value)):,} 元")
    return f"（所见最近的当地平均工资是{'、'.join(told)}，年份和口径都不同，没有用来计算）" if told else ""


def _duties(
    case: Case,
    book: Rulebook,
    employer: Employer,
    as_of: date,
    required: Decision,
    certain: Fraction,
    possible: Fraction,
) -> tuple[Decision, ...]:
    """Answer the duties beside the levy that concern this employer, as of today."""
    facts: dict[str, Value] = {
        **case.employer_facts(employer, as_of),
        "annual_count": certain,
        "as_of_year": Fraction(as_of.year),
    }
    line = required.results.get("required")
    if isinstance(line, Fraction) and (certain >= line or possible < line):
        facts["quota_met"] = certain >= line
    found = []
    for rule_id, mark in (
        ("quota.public_sector_min_one", "applies"),
        ("quota.publicity_duty", "must_publish"),
        ("quota.dpf_cadre_share", "applies"),
        ("quota.concentrated_employer", "concentrated"),
    ):
        if rule_id in book.rules and _concerns(book, rule_id, mark, employer, facts, as_of):
            found.append(decide(book, rule_id, facts, as_of))
    return tuple(found)


def _concerns(
    book: Rulebook, rule_id: str, mark: str, employer: Employer, facts: Mapping[str, Value], as_of: date
) -> bool:
    """False where the rule, or its last wording, says that it does not apply to the employer."""
    told = decide(book, rule_id, facts, as_of)
    if told.version is None and (until := told.rule.versions[-1].valid_to) is not None:
        told = decide(book, rule_id, facts, until)
    applies = told.results.get(mark)
    if isinstance(applies, bool):
        return applies
    if rule_id == "quota.concentrated_employer":
        return employer.kind in _MAY_BE_CONCENTRATED
    # Open because the level or the size is not known: worth asking only of those kinds that the duty is for.
    return employer.kind in _PUBLIC_BODIES


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


def benefits_of_candidate(case: Case, book: Rulebook, candidate_id: str, as_of: date) -> Package:
    """Return what a person may claim.

    Raises
    ------
    PipelineError
        When there is no such person.
    """
    return package(book, ("person",), case.person_facts(case.candidate(candidate_id), as_of), as_of)


def benefits_of_employer(case: Case, book: Rulebook, employer_id: str, as_of: date) -> Package:
    """Return what an employer may claim; the count of the last full year goes in where nothing of it is open.

    Raises
    ------
    PipelineError
        When there is no such employer.
    """
    facts = employer_claims(case, book, case.employer(employer_id), as_of)
    return package(book, ("employer",), facts, as_of)


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
    facts: dict[str, Value] = {**case.placement_facts(placement, as_of), "levy_date": as_of}
    return package(book, ("person", "employer", "placement"), facts, as_of)
