"""Blind massage by city: training to work to a shop of one's own, titles, shops, and the grants they were opened with.

A grant is what the register of claims says of the claim that a shop names, as far as whoever looks sees it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection

from matching.plans import EnrolmentKind
from matching.regions import region_name
from matching.sites import MASSAGE_PLACES, SiteKind
from matching.source import Source
from pipelines.access.roles import Action, Subject
from pipelines.claims.ledger import Ledger
from pipelines.plan_schema import SITES
from pipelines.plan_sheet import PLAN, Cell, Sheet, place_of
from pipelines.store.plan_counts import PlanCounts
from pipelines.store.repositories import TableRepository

_SOURCE = Source(PLAN, "二(八)")
_MOST = 5000
_TRAININGS = (EnrolmentKind.MASSAGE_CLASS, EnrolmentKind.MASSAGE_MASTER, EnrolmentKind.MASSAGE_SHOP)
_HOLDING = {"proposed": "申领待决定", "approved": "申领已批准", "refused": "申领不予批准", "withdrawn": "申领已撤回"}
_UNSEEN = "申领待核实"
"""The shop names a claim that is not there, or is not visible to whoever looks."""


def massage(connection: Connection, subject: Subject, on: date) -> Sheet:
    """Return training, work, own shops, titles, and shops with and without a grant, by city."""
    counts = PlanCounts(connection, subject, on)
    by_city, titles, sites = counts.massage(), counts.titles(), _open_sites(connection, subject, on)
    grants = _grants(connection, subject, on, sites)
    cities = sorted(
        {city for city in (*by_city, *titles) if city} | {one["region"][:4] for one in sites if one["region"]}
    )
    rows: list[dict[str, Cell]] = []
    for city in cities:
        held = {**by_city.get(city, {}), **titles.get(city, {})}
        own = [one for one in sites if one["region"] and one["region"][:4] == city]
        states = [grants[one["site_id"]] for one in own if _is_to_open(one)]
        rows.append(
            {
                "city": region_name(f"{city}00"),
                **{kind.value: held.get(kind.value, 0) for kind in _TRAININGS},
                "finished": held.get("finished", 0),
                "working": held.get("working", 0),
                "operating": held.get("operating", 0),
                "appraised": held.get("appraised", 0),
                "titled": held.get("titled", 0),
                "shops": sum(one["kind"] is SiteKind.MASSAGE_SHOP for one in own),
                "brand": sum(bool(one["brand"]) for one in own),
                "practices": sum(one["kind"] is SiteKind.MASSAGE_PRACTICE for one in own),
                "granted": states.count(_HOLDING["approved"]),
                "claimed": states.count(_HOLDING["proposed"]),
            }
        )
    columns = (
        ("city", "市州"), *((kind.value, f"{kind.label}在学") for kind in _TRAININGS), ("finished", "培训完成"),
        ("working", "其中已就业"), ("operating", "其中自己开店"), ("appraised", "职称评审中"), ("titled", "取得职称"),
        ("shops", "保健按摩店"), ("brand", "其中品牌店"), ("practices", "医疗按摩所"),
        ("granted", "店、所有创业补贴"), ("claimed", "店、所申领待决定"),
    )  # fmt: skip
    notes = [
        "考试、继续教育和职称评审的日期在“今日”按“资格考试和继续教育”提醒；开店的一次性创业补贴在“申领”里办理。",
        "有创业补贴的，是店、所登记的申领编号在申领台账里已批准的；没有登记编号不等于没有补贴。",
    ]
    unseen = list(grants.values()).count(_UNSEEN)
    if unseen:
        notes.append(f"{unseen} 家登记的申领编号查不到，或不在您的范围，待核实。")
    return Sheet("massage", "盲人按摩：培训、就业、运行", _SOURCE, columns, tuple(rows), tuple(notes))


def shops(connection: Connection, subject: Subject, on: date) -> Sheet:
    """Return each open shop and practice with its brand and how far its grant came."""
    sites = [one for one in _open_sites(connection, subject, on) if _is_to_open(one)]
    grants = _grants(connection, subject, on, sites)
    rows: tuple[dict[str, Cell], ...] = tuple(
        {
            "site": one["name"] or one["site_id"],
            "place": place_of(one["region"]),
            "kind": one["kind"].label,
            "brand": one["brand"] or "无",
            "opened_on": None if one["opened_on"] is None else one["opened_on"].isoformat(),
            "claim": one["claim_id"] or "没有登记",
            "grant": grants[one["site_id"]],
        }
        for one in sorted(sites, key=lambda one: (one["region"] or "", one["site_id"]))
    )
    columns = (
        ("site", "店、所"), ("place", "县区"), ("kind", "类型"), ("brand", "品牌"), ("opened_on", "开办日期"),
        ("claim", "创业补贴申领编号"), ("grant", "创业补贴"),
    )  # fmt: skip
    notes = ("金额以申领台账为准，没有写明的需人工核实。",)
    return Sheet("shops", "盲人按摩店、医疗按摩所和创业补贴", _SOURCE, columns, rows, notes)


def _open_sites(connection: Connection, subject: Subject, on: date) -> list[dict[str, Any]]:
    rows = [values for values, _ in TableRepository(connection, SITES, subject).page(None, _MOST)]
    return [
        one for one in rows if one["kind"] in MASSAGE_PLACES and (one["closed_on"] is None or one["closed_on"] >= on)
    ]


def _is_to_open(one: Mapping[str, Any]) -> bool:
    """Return whether a place is one that a person opens: a shop or a practice, no training base."""
    return one["kind"] is not SiteKind.MASSAGE_BASE


def _grants(connection: Connection, subject: Subject, on: date, sites: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return of each site how far the claim that it names came."""
    named = [one["claim_id"] for one in sites if one["claim_id"] is not None]
    found: Mapping[str, str] = {}
    if named and subject.may(Action.READ_BENEFITS):
        found = Ledger(connection, subject, at=datetime.combine(on, time(), UTC)).statuses(named)
    return {
        one["site_id"]: "没有登记申领"
        if one["claim_id"] is None
        else _HOLDING.get(found.get(one["claim_id"], ""), _UNSEEN)
        for one in sites
    }
