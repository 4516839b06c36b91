"""The check before a vacancy may be approved: lawful conditions, pay, demands tied to tasks, and what must be stated.

The answer is a list of findings with their sources. A blocking one has to be mended; a question is for a person to
settle, since nobody knows yet (an unknown wage is no low wage); advice is advice. The rules are those of one day.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from matching.body_conditions import BodyCondition, find_body_conditions, joined_clauses
from matching.entities import Employer, Vacancy
from matching.identity import IdentityError, check_credit_code
from matching.occupations import classify
from matching.reading import read_vacancy
from matching.regions import region_name
from matching.rules.dated import Rules
from matching.rules.wage import minimum_wage
from matching.source import Source
from matching.vocabulary import EmployerKind, Function, Term, VacancyKind
from pipelines.vacancy_workflow.content import Content

TIED_FROM = 3
"""A demand from this level on has to name the task that needs it (a convention: 3 and 4 shut people out)."""
_PART_TIME_HOURS, _PART_TIME_WEEK = Decimal(4), Decimal(24)  # 劳动合同法 第六十八条: 非全日制
_WEEKS_A_MONTH = Fraction(52, 12)
_LONGEST = timedelta(days=366)
_PAID_OTHERWISE = (VacancyKind.INTERNSHIP, VacancyKind.AUXILIARY, VacancyKind.RURAL_PUBLIC_WELFARE)
_PUBLIC = (EmployerKind.ORGAN, EmployerKind.INSTITUTION)
EXPLAINABLE = frozenset({"eyesight", "hearing", "speech", "limbs", "health", "height", "weight"})
"""Conditions that a task may need; no task explains sex, looks, age, marriage, disability or 户籍."""

PROMOTION = "就业促进法"
EQUAL_TREATMENT = Source("残疾人保障法", "第三十八条")
FAIR_CONDITIONS = Source("残疾人就业条例", "第十三条")
ANNOUNCEMENT = Source("就业服务与就业管理规定", "第十一条")
PART_TIME = Source("劳动合同法", "第六十八条、第七十二条")
PUBLIC_BODIES = Source("甘政办发〔2025〕67号", "一")


class Weight(Term):
    """What a finding means for the vacancy."""

    BLOCKING = "blocking", "须更正"
    QUESTION = "question", "待核实"
    ADVICE = "advice", "建议"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its code, the column, a Chinese sentence, the words of the vacancy itself, and the source."""

    code: str
    weight: Weight
    field: str
    text: str
    source: Source | None = None
    quote: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the finding as it travels."""
        return {
            "code": self.code,
            "weight": self.weight.value,
            "field": self.field,
            "text": self.text,
            "quote": self.quote,
            "source": None if self.source is None else self.source.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Announced:
    """What is checked: the content, who announces it, and whether an office verified that employer."""

    content: Content
    vacancy: Vacancy
    employer: Employer | None
    is_verified: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings of one day under one state of the rules."""

    on: date
    rules_version: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """True where nothing blocks."""
        return not self.blocking

    @property
    def blocking(self) -> tuple[str, ...]:
        """The codes of what blocks, each once."""
        return tuple(dict.fromkeys(f.code for f in self.findings if f.weight is Weight.BLOCKING))


def check_vacancy(announced: Announced, rules: Rules) -> Checked:
    """Return what the check finds, in a fixed order; nothing is looked up beyond what is given."""
    found = [finding for part in _PARTS for finding in part(announced, rules)]
    return Checked(rules.on, rules.version, tuple(found))


# ---- lawful conditions ----


def _body_conditions(announced: Announced, _: Rules) -> Iterator[Finding]:
    vacancy, content = announced.vacancy, announced.content
    family = classify(vacancy.title) or (classify(vacancy.occupation) if vacancy.occupation else None)
    listed = "\n".join((*vacancy.skills, *vacancy.certificates))
    text = "\n".join((vacancy.title, vacancy.description or "", content.task_text(), listed))
    for condition in find_body_conditions(text, family=family):
        yield _condition(condition, content)


def _condition(condition: BodyCondition, content: Content) -> Finding:
    source = Source(PROMOTION, joined_clauses([condition.kind]))
    task = condition.task
    if task is None and condition.kind in EXPLAINABLE:
        task = next((one.text for one in content.tasks if condition.kind in one.explains), None)
    if task is None:
        text = f"含有{condition.label}条件，没有写明哪项工作任务需要它：请删去，改写为工作任务本身"
        return Finding("condition_without_task", Weight.BLOCKING, "description", text, source, condition.quote)
    text = f"含有{condition.label}条件，由工作任务“{task}”解释：请复核人核对是否确有必要"
    return Finding("condition_with_task", Weight.ADVICE, "description", text, source, condition.quote)


def _demands(announced: Announced, _: Rules) -> Iterator[Finding]:
    demands = announced.vacancy.demands
    if not demands:
        text = "没有写明岗位功能要求，匹配时只能由职业和描述推断"
        yield Finding("demands_not_stated", Weight.ADVICE, "demands", text)
        return
    told = read_vacancy(announced.vacancy).demands
    is_public = announced.employer is not None and announced.employer.kind in _PUBLIC
    source = PUBLIC_BODIES if is_public else EQUAL_TREATMENT
    tied = {function for task in announced.content.tasks for function in task.functions}
    for function, level in _high(demands):
        derived = told.get(function)
        is_in_text = derived is not None and derived.basis == "text" and derived.level >= level - 1
        if function not in tied and not is_in_text:
            text = f"要求{function.label}达到{level}级，没有写明哪项工作任务需要：请在任务中写明，或降低要求"
            yield Finding("demand_without_task", Weight.BLOCKING, f"demands.{function.value}", text, source)


def _high(demands: Mapping[Function, int]) -> list[tuple[Function, int]]:
    return [(function, demands[function]) for function in Function if demands.get(function, 0) >= TIED_FROM]


# ---- pay ----


def _wage(announced: Announced, rules: Rules) -> Iterator[Finding]:
    vacancy = announced.vacancy
    offered = vacancy.wage_min if vacancy.wage_min is not None else vacancy.wage_max
    floor = minimum_wage(vacancy.region, rules)
    if offered is None:
        yield Finding("wage_unknown", Weight.QUESTION, "wage_min", "没有写明工资，无法与当地最低工资比较", ANNOUNCEMENT)
        return
    if floor is None:
        text = "工作地区不明或不在最低工资分类之内，无法与当地最低工资比较（需人工核实）"
        yield Finding("minimum_wage_unknown", Weight.QUESTION, "region", text)
        return
    if _is_part_time(vacancy):
        yield from _hourly(vacancy, offered, rules)
        return
    place = region_name(vacancy.region or "")
    if offered < floor.amount:
        text = f"月工资低于{place}月最低工资{floor.amount}元"
        if vacancy.kind in _PAID_OTHERWISE:
            text += f"；{vacancy.kind.label}的报酬另有规定，请核实"
            yield Finding("wage_below_minimum", Weight.QUESTION, "wage_min", text, floor.source)
        else:
            yield Finding("wage_below_minimum", Weight.BLOCKING, "wage_min", text, floor.source)
    elif floor.to_confirm:
        text = f"不低于已知的{place}月最低工资{floor.amount}元；该标准可能已调整，请核实现行数额"
        yield Finding("minimum_wage_to_confirm", Weight.ADVICE, "wage_min", text, floor.source)


def _is_part_time(vacancy: Vacancy) -> bool:
    hours, days = vacancy.hours_per_day, vacancy.days_per_week
    return hours is not None and days is not None and hours <= _PART_TIME_HOURS and hours * days <= _PART_TIME_WEEK


def _hourly(vacancy: Vacancy, offered: Decimal, rules: Rules) -> Iterator[Finding]:
    """Compare the pay of part-time work by the hour; 非全日制 has an hourly minimum of its own."""
    classes, amounts = rules.find_or_none("wage.minimum.area_class"), rules.find_or_none("wage.minimum.hourly")
    hours = Fraction(vacancy.hours_per_day or 0) * Fraction(vacancy.days_per_week or 0) * _WEEKS_A_MONTH
    if classes is None or amounts is None or not hours:
        text = "非全日制用工按小时最低工资比较，目前没有可用的标准（需人工核实）"
        yield Finding("minimum_wage_unknown", Weight.QUESTION, "wage_min", text, PART_TIME)
        return
    by_class = {str(key): value for key, value in amounts.value.items()}
    floor = Decimal(str(by_class[str(classes.value[vacancy.region])]))
    if Fraction(offered) / hours < Fraction(floor):
        text = f"折合小时工资低于小时最低工资{floor}元（非全日制用工）"
        yield Finding("hourly_wage_below_minimum", Weight.BLOCKING, "wage_min", text, amounts.cited)


# ---- what must be stated ----


def _stated(announced: Announced, rules: Rules) -> Iterator[Finding]:
    vacancy = announced.vacancy
    if not (announced.content.accommodation_contact or "").strip():
        text = "没有写明申请合理便利时找谁：请写一个联系方式"
        yield Finding("accommodation_contact_missing", Weight.BLOCKING, "accommodation_contact", text, FAIR_CONDITIONS)
    if not vacancy.openings:
        text = "没有写明招聘人数，或人数为零"
        yield Finding("openings_missing", Weight.BLOCKING, "openings", text, ANNOUNCEMENT)
    if vacancy.region is None:
        yield Finding("region_unknown", Weight.QUESTION, "region", "没有写明工作地区", ANNOUNCEMENT)
    yield from _last_day(vacancy.closes_on, rules.on)
    if vacancy.welcomes and not (vacancy.kind and vacancy.kind.is_announced_for_disabled_people):
        text = "只有定向招聘和预留岗位可以写明面向的残疾类别：请改岗位类型，或删去类别"
        yield Finding("welcomes_without_direction", Weight.BLOCKING, "welcomes", text, EQUAL_TREATMENT)


def _last_day(closes_on: date | None, on: date) -> Iterator[Finding]:
    if closes_on is None:
        yield Finding("closing_day_missing", Weight.BLOCKING, "closes_on", "没有写明截止日期")
    elif closes_on < on:
        yield Finding("closing_day_past", Weight.BLOCKING, "closes_on", "截止日期已过")
    elif closes_on - on > _LONGEST:
        yield Finding("closing_day_far", Weight.ADVICE, "closes_on", "截止日期在一年以后，请核对")


# ---- who announces it ----


def _employer(announced: Announced, _: Rules) -> Iterator[Finding]:
    is_directed = announced.vacancy.kind is not None and announced.vacancy.kind.is_announced_for_disabled_people
    employer_id = announced.vacancy.employer_id
    if employer_id is None or announced.employer is None:
        yield Finding("employer_unknown", Weight.BLOCKING, "employer_id", "用人单位不在单位表中", ANNOUNCEMENT)
        return
    try:
        check_credit_code(employer_id)
    except IdentityError:
        text = "用人单位的统一社会信用代码校验不通过"
        yield Finding("credit_code_invalid", Weight.BLOCKING, "employer_id", text, ANNOUNCEMENT)
    if not announced.is_verified:
        weight = Weight.BLOCKING if is_directed else Weight.ADVICE
        text = "用人单位的营业执照或登记信息尚未经工作人员核验" + (
            "：定向招聘和预留岗位须先核验" if is_directed else ""
        )
        yield Finding("employer_unverified", weight, "employer_id", text, ANNOUNCEMENT)


_PARTS: tuple[Callable[[Announced, Rules], Iterator[Finding]], ...] = (
    _body_conditions,
    _demands,
    _wage,
    _stated,
    _employer,
)
