"""Work of the plan that is counted by place: auxiliary workshops, job coaches, blind massage, offices, bought services.

People are counted as far as the subject sees them; places, contracts and checklists are everybody's to read.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.duties.terms import DutyKind, terms_on
from matching.regions import region_name
from matching.sites import OfficeItem, SiteKind
from matching.source import Source
from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.plan_massage import massage, shops
from pipelines.plan_schema import LABOUR_PROJECTS, OFFICE_CHECKS, SERVICE_CONTRACTS, SITES
from pipelines.plan_sheet import PLAN, Cell, Sheet
from pipelines.plan_ventures import industry, startups, unhelped
from pipelines.registers.rows import require
from pipelines.store.duty_rows import DutyRows
from pipelines.store.plan_counts import PlanCounts
from pipelines.store.repositories import TableRepository
from pipelines.store.venture_rows import CoachVisits, visits_by_coach

_MOST = 5000


def plan_sheet(connection: Connection, subject: Subject, name: str, on: date) -> Sheet:
    """Return one of the tables; that it was read is recorded.

    Raises
    ------
    Forbidden
        When the role may not read services for the stated purpose.
    KeyError
        When there is no table of this name.
    """
    require(subject, Action.READ_SERVICES)
    made = _EACH[name](connection, subject, on)
    record(connection, subject.by, Action.READ_SERVICES.value, object_kind="plan-work")
    return made


def _rows(connection: Connection, subject: Subject, spec: Any) -> list[dict[str, Any]]:
    return [values for values, _ in TableRepository(connection, spec, subject).page(None, _MOST)]


def _place(code: str | None) -> str | None:
    return None if code is None else region_name(code)


def _city(code: str | None) -> str | None:
    return None if code is None else region_name(f"{code[:4]}00")


def _workshops(connection: Connection, subject: Subject, on: date) -> Sheet:
    sites = [one for one in _rows(connection, subject, SITES) if one["kind"] is SiteKind.AUXILIARY_WORKSHOP]
    projects = [one for one in _rows(connection, subject, LABOUR_PROJECTS) if _runs(one, on)]
    working = PlanCounts(connection, subject, on).in_auxiliary_work([one["unit_id"] for one in sites])
    rows: list[dict[str, Cell]] = []
    for site in sorted(sites, key=lambda one: (one["region"] or "", one["site_id"])):
        own = [one for one in projects if one["site_id"] == site["site_id"]]
        n = None if site["unit_id"] is None else working.get(site["unit_id"], 0)
        free = None if site["capacity"] is None or n is None else max(0, site["capacity"] - n)
        rows.append(
            {
                "site": site["name"] or site["site_id"],
                "city": _city(site["region"]),
                "capacity": site["capacity"],
                "working": n,
                "free": free,
                "projects": "；".join(_project(one, site["region"]) for one in own) or "无",
                "places": sum(one["places"] or 0 for one in own),
            }
        )
    notes = []
    for one in (one for one in projects if one["site_id"] is None):
        free = [row for row in rows if isinstance(row["free"], int) and row["free"] > 0]
        where = max(free, key=lambda row: (int(row["free"] or 0), str(row["city"])), default=None)
        told = (
            "没有机构有空余能力"
            if where is None
            else f"{where['city']}的{where['site']}空余 {where['free']} 人，可以商量调配"
        )
        notes.append(f"{_project(one, None)}还没有承接机构；{told}")
    columns = (
        ("site", "机构"), ("city", "市州"), ("capacity", "可安置人数"), ("working", "在岗人数"), ("free", "空余"),
        ("projects", "在做的劳动项目"), ("places", "项目用工"),
    )  # fmt: skip
    source = Source(PLAN, "二(五)")
    return Sheet("workshops", "辅助性就业机构和劳动项目调配", source, columns, tuple(rows), tuple(notes))


def _runs(row: Mapping[str, Any], on: date) -> bool:
    return (row["starts_on"] is None or row["starts_on"] <= on) and (row["ends_on"] is None or row["ends_on"] >= on)


def _project(one: Mapping[str, Any], at: str | None) -> str:
    came = _city(one["region"])
    is_elsewhere = at is not None and one["region"] is not None and at[:4] != one["region"][:4]
    head = f"{one['title']}（{one['places'] if one['places'] is not None else '人数待核实'}人"
    return head + (f"，由{came}调入）" if is_elsewhere else f"，{came or '来源待核实'}）")


def _coaches(connection: Connection, subject: Subject, on: date) -> Sheet:
    found = PlanCounts(connection, subject, on).coaching()
    made = visits_by_coach(connection, subject, on)
    due = {key[1] for key in DutyRows(connection, subject, terms_on(on)).keys((DutyKind.COACHING,))}
    none = CoachVisits()
    rows: list[dict[str, Cell]] = []
    for one in found:
        own = made.get(one["tutor"], none)
        rows.append(
            {
                "coach": one["tutor"],
                "place": one["place"],
                "people": one["people"],
                "planned": one["sessions"],
                "made": one["attended"],
                "visits": own.this_year,
                "last": "无" if own.last is None else own.last.isoformat(),
                "next": "没有约定" if own.next is None else own.next.isoformat(),
                "due": sum(candidate_id in due for candidate_id in one["ids"]),
                "who": one["who"],
            }
        )
    columns = (
        ("coach", "辅导员"), ("place", "机构"), ("people", "正在辅导"), ("planned", "计划走访"), ("made", "已走访"),
        ("visits", "本年逐次登记"), ("last", "最近走访"), ("next", "约定下次"), ("due", "应走访"), ("who", "辅导的人"),
    )  # fmt: skip
    notes = (
        "每位辅导员带多少人没有规定，人多的请考虑增配。",
        "计划走访和已走访取自辅导记录的次数；本年逐次登记的是一次一条、写明日期的走访，按辅导员姓名计。",
        f"约定的日期到了，或 {terms_on(on).coach_visit_days} 天没有走访，“今日”里会提醒。",
    )
    return Sheet("coaches", "就业辅导员", Source(PLAN, "二(五)"), columns, tuple(rows), notes)


def _offices(connection: Connection, subject: Subject, on: date) -> Sheet:
    held: dict[str, dict[OfficeItem, dict[str, Any]]] = {}
    for one in _rows(connection, subject, OFFICE_CHECKS):
        if one["checked_on"] is None or one["checked_on"] <= on:
            held.setdefault(one["region"], {})[one["item"]] = one
    rows: list[dict[str, Cell]] = []
    for region, items in sorted(held.items()):
        met = [item for item, one in items.items() if one["is_met"] is not None and one["is_met"].value == "yes"]
        lacks = [item.label for item, one in items.items() if one["is_met"] is not None and one["is_met"].value == "no"]
        unknown = [item.label for item in OfficeItem if item not in items or items[item]["is_met"] is None]
        days = [one["checked_on"] for one in items.values() if one["checked_on"] is not None]
        rows.append(
            {
                "office": _place(region),
                "met": f"{len(met)}/{len(OfficeItem)}",
                "lacks": "、".join(lacks) or "无",
                "unknown": "、".join(unknown) or "无",
                "checked_on": max(days).isoformat() if days else None,
                "done": "已完成" if len(met) == len(OfficeItem) else "待核实" if not lacks else "未完成",
            }
        )
    columns = (
        ("office", "机构所在地"), ("done", "规范化建设"), ("met", "达到项数"), ("lacks", "未达到"),
        ("unknown", "待核实"), ("checked_on", "最近检查"),
    )  # fmt: skip
    return Sheet("offices", "县级以上机构规范化建设", Source(PLAN, "二(九)"), columns, tuple(rows))


def _bought(connection: Connection, subject: Subject, on: date) -> Sheet:
    counts = PlanCounts(connection, subject, on)
    rows: list[dict[str, Cell]] = []
    for one in _rows(connection, subject, SERVICE_CONTRACTS):
        is_countable = one["provider"] is not None and one["starts_on"] is not None
        given = (
            counts.services_by(one["provider"], one["kind"], one["starts_on"], one["ends_on"]) if is_countable else None
        )
        left = None if one["ordered"] is None or given is None else max(0, one["ordered"] - given)
        rows.append(
            {
                "contract": one["contract_id"],
                "provider": one["provider"],
                "place": _place(one["region"]),
                "kind": "全部" if one["kind"] is None else one["kind"].label,
                "period": f"{one['starts_on'] or '待核实'}–{one['ends_on'] or '未定'}",
                "ordered": one["ordered"],
                "given": given,
                "left": left,
                "amount": None if one["amount"] is None else f"{one['amount']:f}",
            }
        )
    columns = (
        ("contract", "合同"), ("provider", "承接机构"), ("place", "地区"), ("kind", "服务"), ("period", "期限"),
        ("ordered", "购买次数"), ("given", "已提供"), ("left", "还差"), ("amount", "金额（元）"),
    )  # fmt: skip
    notes = ("已提供按服务记录里写明由承接机构提供的计，只计您能看到的人。",)
    return Sheet("bought", "政府购买残疾人就业服务", Source(PLAN, "二(九)"), columns, tuple(rows), notes)


_EACH: Mapping[str, Callable[[Connection, Subject, date], Sheet]] = {
    "workshops": _workshops,
    "coaches": _coaches,
    "startups": startups,
    "industry": industry,
    "unhelped": unhelped,
    "massage": massage,
    "shops": shops,
    "offices": _offices,
    "bought": _bought,
}
SHEETS: Sequence[str] = tuple(_EACH)
"""The names of the tables."""
