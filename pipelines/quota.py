"""An employer's quota and levy for a year of work: required, counted, gap, duties, and what the next hire changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from matching.entities import Employer
from matching.rules.benefits import asked_line
from matching.rules.decision import ConditionTrace, Decision, Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import employer_facts
from matching.rules.values import Value, as_decimal, plain, rounded, shown
from matching.rules.what_if import Marginal, one_more
from matching.vocabulary import EmployerKind
from pipelines.case import Case
from pipelines.counted import CountedPerson, count_range, counted_persons, missing_facts

_SHOWN_MONTHS = (1, 4, 7, 10, 12)
_LAST_MONTH = 12
_MAY_BE_CONCENTRATED = (EmployerKind.CONCENTRATED, EmployerKind.MASSAGE, EmployerKind.AUXILIARY)
_PUBLIC_BODIES = (EmployerKind.ORGAN, EmployerKind.INSTITUTION)
_SOCIAL_WAGE = "local_social_avg_wage"


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
            "missing": missing_facts([self.required, self.certain, *self.others]),
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
        state = results.get("state_in_words", "")
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
