"""The words and numbers of duties on one day: which kinds, how often, how early to remind, by which text.

Numbers are dated parameters (`service.four_ones.*`, `duty.*`, `person.working_age_realname.*`); a kind whose text is
not in force on the day has no terms and so no duty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from matching.rules.dated import Rules, rules_on
from matching.rules.rulebook import rulebook
from matching.source import Source
from matching.vocabulary import ServiceKind, Term


class DutyKind(Term):
    """What is due to a person."""

    FOUR_ONES = "four_ones", "就业服务“四个一”"
    GRADUATE_PLAN = "graduate_plan", "毕业生一生一策"
    CERTIFICATE = "certificate", "残疾人证换证"
    CONTRACT = "contract", "劳动合同到期"
    FOLLOW_UP = "follow_up", "就业后回访"
    HARD_TO_EMPLOY = "hard_to_employ", "就业困难人员认定到期"
    REFERRAL = "referral", "推荐没有回音"
    GRADUATE_FOLLOW = "graduate_follow", "一生一策跟进"
    ASSISTANCE = "assistance", "就业援助计划跟进"
    HOUSEHOLD = "household", "脱贫户、监测对象预警"
    LEARNING = "learning", "资格考试和继续教育"
    STARTUP = "startup", "创业经营核查"
    COACHING = "coaching", "就业辅导员走访"


class DutyState(Term):
    """Whether something is due for certain, or a fact has to be asked for first."""

    DUE = "due", "应办"
    ASK = "ask", "待核实"


CLOCKS: Mapping[ServiceKind, str] = {
    ServiceKind.INFORMATION_CHECK: "service.four_ones.info_check",
    ServiceKind.ABILITY_ASSESSMENT: "service.four_ones.assessment",
    ServiceKind.NEED_REGISTRATION: "service.four_ones.need_registration",
    ServiceKind.EMPLOYMENT_SERVICE: "service.four_ones.service",
}
"""The four once-a-year services with the parameter that says how often; the first has the wider denominator."""
FOR_EVERYBODY = ServiceKind.INFORMATION_CHECK
"""The one of the four that is owed whether the person wishes to work or not."""
_FOUR_ONES = "service.four_ones"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a duty rests on: document and clause, and how sure the text is."""

    source: Source
    status: str

    def as_dict(self) -> dict[str, str]:
        """Return it as it travels in JSON."""
        return {**self.source.as_dict(), "status": self.status}


@dataclass(frozen=True, slots=True)
class AgeBand:
    """The years of working age by the statistics of the real-name system, first and last inclusive."""

    male: tuple[int, int]
    female: tuple[int, int]


@dataclass(frozen=True, slots=True)
class DutyTerms:
    """Every number that duties of one day are counted with; `grounds` holds the kinds that are in force."""

    on: date
    times: Mapping[ServiceKind, int]
    band: AgeBand | None
    grounds: Mapping[DutyKind, Ground]
    four_ones_from: date | None
    certificate_days: int
    contract_days: int
    hard_to_employ_days: int
    hard_to_employ_lapsed_days: int
    follow_up_months: tuple[int, ...]
    follow_up_within_months: int
    referral_days: int
    referral_within_days: int
    graduate_plans: int
    graduate_years: int
    graduate_from: date | None
    plan_contact_days: int
    household_alert_days: int
    learning_days: int
    startup_check_months: tuple[int, ...]
    coach_visit_days: int
    strong_fit: Decimal
    strong_days: int

    @property
    def year_start(self) -> date:
        """The first day of the year of the clocks."""
        return self.on.replace(month=1, day=1)

    @property
    def year_end(self) -> date:
        """The last day on which this year's services can be given."""
        return self.on.replace(month=12, day=31)


@lru_cache(maxsize=64)
def terms_on(on: date) -> DutyTerms:
    """Return the terms of a day; a number that is not in force leaves its kind out."""
    rules = rules_on(on)
    numbers = _Numbers(rules)
    grounds: dict[DutyKind, Ground] = {}
    times = {kind: numbers.whole(name) for kind, name in CLOCKS.items() if numbers.has(name)}
    version = rulebook().rule(_FOUR_ONES).rule.version_on(on)
    band = _band(rules)
    if version is not None and band is not None and len(times) == len(CLOCKS):
        grounds[DutyKind.FOUR_ONES] = Ground(version.cited, version.source.status)
    if numbers.has("duty.graduate_plan") and numbers.has("person.graduate_unemployed.within_years"):
        grounds[DutyKind.GRADUATE_PLAN] = numbers.ground("duty.graduate_plan")
    for kind, name in _BY_ONE_NUMBER.items():
        if numbers.has(name):
            grounds[kind] = numbers.ground(name)
    return DutyTerms(
        on=on,
        times=times,
        band=band,
        grounds=grounds,
        four_ones_from=rulebook().rule(_FOUR_ONES).rule.versions[0].valid_from,
        certificate_days=numbers.whole("duty.certificate_notice_days"),
        contract_days=numbers.whole("duty.contract_notice_days"),
        hard_to_employ_days=numbers.whole("duty.hard_to_employ_notice_days"),
        hard_to_employ_lapsed_days=numbers.whole("duty.hard_to_employ_lapsed_days"),
        follow_up_months=tuple(sorted(int(month) for month in numbers.raw("duty.follow_up_months") or ())),
        follow_up_within_months=numbers.whole("duty.follow_up_within_months"),
        referral_days=numbers.whole("duty.referral_answer_days"),
        referral_within_days=numbers.whole("duty.referral_within_days"),
        graduate_plans=numbers.whole("duty.graduate_plan"),
        graduate_years=numbers.whole("person.graduate_unemployed.within_years"),
        graduate_from=rules.parameters["duty.graduate_plan"].versions[0].valid_from,
        plan_contact_days=numbers.whole("duty.plan_contact_days"),
        household_alert_days=numbers.whole("duty.household_alert_days"),
        learning_days=numbers.whole("duty.learning_notice_days"),
        startup_check_months=tuple(sorted(int(month) for month in numbers.raw("duty.startup_check_months") or ())),
        coach_visit_days=numbers.whole("duty.coach_visit_days"),
        strong_fit=Decimal(str(numbers.raw("duty.strong_fit") or "2")),
        strong_days=numbers.whole("duty.strong_days"),
    )


_BY_ONE_NUMBER: Mapping[DutyKind, str] = {
    DutyKind.CERTIFICATE: "duty.certificate_notice_days",
    DutyKind.CONTRACT: "duty.contract_notice_days",
    DutyKind.FOLLOW_UP: "duty.follow_up_months",
    DutyKind.HARD_TO_EMPLOY: "duty.hard_to_employ_notice_days",
    DutyKind.REFERRAL: "duty.referral_answer_days",
    DutyKind.GRADUATE_FOLLOW: "duty.plan_contact_days",
    DutyKind.ASSISTANCE: "duty.assistance_plan",
    DutyKind.HOUSEHOLD: "duty.household_alert_days",
    DutyKind.LEARNING: "duty.learning_notice_days",
    DutyKind.STARTUP: "duty.startup_check_months",
    DutyKind.COACHING: "duty.coach_visit_days",
}


@dataclass(frozen=True, slots=True)
class _Numbers:
    rules: Rules

    def has(self, name: str) -> bool:
        return self.rules.find_or_none(name) is not None

    def raw(self, name: str) -> Any:
        version = self.rules.find_or_none(name)
        return None if version is None else version.value

    def whole(self, name: str) -> int:
        """Return a number, nought where none is in force: its kind is then left out."""
        return int(self.raw(name) or 0)

    def ground(self, name: str) -> Ground:
        version = self.rules.find(name)
        return Ground(version.cited, version.source.status)


def _band(rules: Rules) -> AgeBand | None:
    male, female = (rules.find_or_none(f"person.working_age_realname.{sex}") for sex in ("male", "female"))
    if male is None or female is None:
        return None
    return AgeBand((male.value["from"], male.value["to"]), (female.value["from"], female.value["to"]))
