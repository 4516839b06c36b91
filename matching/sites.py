"""Places and orders of the plan's work that are of no person: workshops, shops, projects, checklists, contracts."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from matching.vocabulary import ServiceKind, Term, YesNo


class SiteKind(Term):
    """What a place is."""

    AUXILIARY_WORKSHOP = "auxiliary_workshop", "辅助性就业机构"
    RURAL_WORKSHOP = "rural_workshop", "乡村就业工厂（帮扶车间）"
    RURAL_BASE = "rural_base", "农村残疾人就业帮扶基地"
    MASSAGE_SHOP = "massage_shop", "盲人保健按摩店"
    MASSAGE_PRACTICE = "massage_practice", "盲人医疗按摩所"
    MASSAGE_BASE = "massage_base", "盲人保健按摩实训基地"


MASSAGE_PLACES = frozenset({SiteKind.MASSAGE_SHOP, SiteKind.MASSAGE_PRACTICE, SiteKind.MASSAGE_BASE})


class OfficeItem(Term):
    """What an office of county level or above needs to be up to the standard; the wording of the items is ours."""

    CONTENT = "content", "服务内容和清单"
    STANDARD = "standard", "服务标准"
    PROCESS = "process", "办事流程"
    STAFF = "staff", "专职人员"
    PREMISES = "premises", "服务场所和无障碍设施"
    RECORDS = "records", "台账和信息管理"
    FEEDBACK = "feedback", "监督和反馈"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place; `capacity` is how many people it can employ, `unit_id` the unit that runs it, `brand` its mark.

    `claim_id` is the claim of the grant with which it was opened, in the register of claims.
    """

    site_id: str
    kind: SiteKind
    name: str | None = None
    unit_id: str | None = None
    region: str | None = None
    capacity: int | None = None
    brand: str | None = None
    claim_id: str | None = None
    opened_on: date | None = None
    closed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabourProject:
    """劳动项目: work for auxiliary workshops; `region` is where it comes from, `site_id` which workshop does it."""

    project_id: str
    title: str
    region: str | None = None
    site_id: str | None = None
    places: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeCheck:
    """Whether the office of a place is up to one item of the standard, as of a day."""

    region: str
    item: OfficeItem
    is_met: YesNo | None = None
    checked_on: date | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContract:
    """政府购买服务: how many services of a kind a provider was asked for; None for services of every kind."""

    contract_id: str
    provider: str | None = None
    region: str | None = None
    kind: ServiceKind | None = None
    ordered: int | None = None
    amount: Decimal | None = None
    starts_on: date | None = None
    ends_on: date | None = None
