"""Campaigns, programmes and the yearly records of units: what the plan's actions one to four ask to be kept.

Which campaigns and programmes there are, and by which clause, is dated data (`plan.initiatives`); a category stands
there as whom a programme was made for and is never asked of anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NewType

from matching.duties.terms import Ground
from matching.entities import CandidateId, EmployerId, VacancyId
from matching.rules.dated import rules_on
from matching.source import Source
from matching.vocabulary import Accommodation, Concession, Term, YesNo

InitiativeId = NewType("InitiativeId", str)
INITIATIVES, UNIT_RECORDS, SELF_EMPLOYMENT = "plan.initiatives", "plan.unit_records", "plan.self_employment"
CAMPAIGN, PROGRAMME = "campaign", "programme"
_RESULTS = "plan.initiative_results_days"
_FIRST_DAY = date(2022, 8, 4)


class Step(Term):
    """How far somebody came with a campaign or programme; a person decides each."""

    INVITED = "invited", "已邀请"
    ACCEPTED = "accepted", "愿意参加"
    DECLINED = "declined", "不参加"
    ATTENDED = "attended", "到场参加"
    JOINED = "joined", "进入项目"
    LEFT = "left", "离开项目"

    @property
    def takes_part(self) -> bool:
        """True for who came to it: of them the results are counted."""
        return self in (Step.ATTENDED, Step.JOINED)


class RecordKind(Term):
    """What is recorded of a unit for a year."""

    PROJECT_PLAN = "project_plan", "安排残疾人就业项目计划"
    POST_PROPOSAL = "post_proposal", "岗位申报"
    PUBLICATION = "publication", "向社会公示"
    DIRECTED_PROMISE = "directed_promise", "年度定向招聘承诺"
    LEVY_PAID = "levy_paid", "残保金缴纳"
    SERVICE_POINT = "service_point", "社区公共服务点"
    CONCESSION = "concession", "平台减免和帮扶"
    ALLIANCE_MEMBER = "alliance_member", "助残就业创业企业联盟成员"
    ALLIANCE_SERVICE = "alliance_service", "联盟提供的服务"


class Relaxation(Term):
    """What a public body relaxes for a post (plan 二(一))."""

    RATIO = "ratio", "放宽开考比例"
    AGE = "age", "放宽年龄"
    HUKOU = "hukou", "放宽户籍"


class PointRelief(Term):
    """What is waived at a community service point (plan 二(二))."""

    STALL_FEE = "stall_fee", "减免摊位费"
    RENT = "rent", "减免租赁费"
    FREE_PREMISES = "free_premises", "免费提供店面"


class AllianceService(Term):
    """What the alliance gives to businesses of disabled people (plan 二(三))."""

    OUTSOURCING = "outsourcing", "人力资源服务外包"
    TRAINING = "training", "就业创业培训"
    EMPLOYER_TRAINING = "employer_training", "雇主培训"
    OTHER = "other", "其他服务"


@dataclass(frozen=True, slots=True, kw_only=True)
class Initiative:
    """活动或项目点: a campaign on some days, or a place of a programme."""

    initiative_id: InitiativeId
    kind: str
    title: str
    organiser: str | None = None
    region: str | None = None
    address: str | None = None
    online: YesNo | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    places: int | None = None
    contact: str | None = None
    accommodations: tuple[Accommodation, ...] = ()
    description: str | None = None
    cancelled_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiativePost:
    """活动岗位: a vacancy that stands at a campaign or programme."""

    initiative_id: InitiativeId
    vacancy_id: VacancyId


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiativePerson:
    """活动人员: one step of one person."""

    candidate_id: CandidateId
    initiative_id: InitiativeId
    step: Step
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRecord:
    """单位台账: what a unit plans, promises, publishes, pays, waives, joined or gives, of a year or from a day.

    `served` is how many businesses of disabled people a service of the alliance went to.
    """

    record_id: str
    employer_id: EmployerId
    kind: RecordKind
    year: int | None = None
    on: date | None = None
    until: date | None = None
    posts: int | None = None
    reserved: int | None = None
    vacancy_id: VacancyId | None = None
    relaxations: tuple[Relaxation, ...] = ()
    reliefs: tuple[PointRelief, ...] = ()
    concessions: tuple[Concession, ...] = ()
    place: str | None = None
    conditions: str | None = None
    alliance_services: tuple[AllianceService, ...] = ()
    served: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """Something that the plan names: its words, what it rests on, and what else stands beside it."""

    code: str
    label: str
    ground: Ground
    more: Mapping[str, Any]

    @property
    def is_ended(self) -> bool:
        """True where the plan's period is over and the successor's clause was not seen."""
        return self.ground.status == "ended"

    def as_dict(self) -> dict[str, Any]:
        """Return it as it travels in JSON."""
        return {"code": self.code, "label": self.label, "source": self.ground.as_dict()}


@cache
def named(parameter: str, on: date) -> Mapping[str, Named]:
    """Return what the plan names under a parameter on a day, by code; nothing on a day without a plan."""
    version = rules_on(on).find_or_none(parameter)
    if version is None:
        return {}
    source = version.source
    return {
        code: Named(code, told["text"], Ground(Source(source.document, told["clause"]), source.status), told)
        for code, told in version.value.items()
    }


@cache
def initiative_labels() -> Mapping[str, str]:
    """Return every campaign and programme that any version names, by code."""
    versions = rules_on(_FIRST_DAY).parameters[INITIATIVES].versions
    return {code: told["text"] for version in versions for code, told in version.value.items()}


def what_of(kind: str, on: date) -> str:
    """Return whether a kind is a campaign or a programme; of a day before the plan, what it is later."""
    found = named(INITIATIVES, max(on, _FIRST_DAY)).get(kind)
    return CAMPAIGN if found is None else str(found.more["what"])


def results_days(on: date) -> int:
    """Return for how many days after its end what happens counts as the result of a campaign."""
    version = rules_on(on).find_or_none(_RESULTS)
    return 0 if version is None else int(version.value)


SELF_WORDS = ("创业", "自主", "个体", "自营", "开店", "网店", "小店", "零售", "摆摊", "经营", "商贩")
"""Words of a wished occupation that speak of work for oneself."""


def wishes_to_work_for_oneself(wished: tuple[str, ...]) -> bool | None:
    """Return True where a wish speaks of it; None where none does: nobody is asked whether they would."""
    return True if any(word in wish for wish in wished for word in SELF_WORDS) else None
