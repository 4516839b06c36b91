"""What units plan, promise, publish and pay, each list against what the records of posts and placements say.

One document serves the page, the sheet, the command line and HTTP: columns with their labels, and rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.duties.terms import terms_on
from matching.plan_actions import UNIT_RECORDS, RecordKind, named
from matching.regions import region_name
from matching.rules.rulebook import NOTICE
from matching.vocabulary import Concession, EmployerKind, Level
from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject, program_subject
from pipelines.consent.errors import NoSuchReport
from pipelines.duties.places import Area
from pipelines.duties.units import Unit, UnitState, units_of
from pipelines.registers.rows import require
from pipelines.store.unit_records import Directed, UnitFacts, UnitRecordRows

Row = dict[str, Any]
_UNIT = {"name": "单位", "employer_id": "统一社会信用代码", "kind": "性质", "level": "层级", "region": "所在地"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a list is made of: whose eyes, which year, until which day, where."""

    connection: Connection
    subject: Subject
    year: int
    on: date
    area: Area

    @property
    def until(self) -> date:
        """The last day that counts: the end of the year, or today within it."""
        return min(self.on, date(self.year, 12, 31))

    def records(self, *kinds: RecordKind, yearly: bool = True) -> list[Row]:
        """Return the records of some kinds of the year, or such as hold on its last day."""
        rows = UnitRecordRows(self.connection, self.subject)
        return rows.of(kinds, year=self.year if yearly else None, on=None if yearly else self.until)

    def facts(self) -> UnitFacts:
        """Return what else is known; of people whom an employer employs, everybody's (counts alone leave)."""
        return UnitFacts(self.connection, program_subject("plan", self.subject.purpose))

    def units(self) -> list[Unit]:
        """Return the organs, institutions and state enterprises of the place with their numbers of the year."""
        found = units_of(self.connection, self.subject, terms_on(self.until))
        return [one for one in found if self.is_here(one.employer.region)]

    def is_here(self, region: str | None) -> bool:
        """True for a unit of the place."""
        return self.area.codes is None or region in self.area.codes


@dataclass(frozen=True, slots=True)
class UnitList:
    """One of the lists: its title, the kind of record that it rests on, its own columns, and what makes its rows."""

    title: str
    ground: RecordKind
    columns: Mapping[str, str]
    rows: Callable[[_Asked], list[Row]]
    note: str = ""
    has_units: bool = True
    is_long: bool = False
    """Needs the numbers of every unit month by month, which takes long for a province."""


def _of_unit(asked: _Asked, rows: Sequence[Row]) -> list[Row]:
    """Put what every list shows of a unit before its rows; units of other places are left out."""
    known = UnitFacts(asked.connection, asked.subject).employers([row["employer_id"] for row in rows])
    told = []
    for row in rows:
        unit = known.get(row["employer_id"])
        if unit is None or not asked.is_here(unit["region"]):
            continue
        told.append({**_told_unit(unit), **row})
    return told


def _told_unit(unit: Mapping[str, Any]) -> Row:
    return {
        "name": unit["name"],
        "employer_id": unit["employer_id"],
        "kind": None if unit["kind"] is None else EmployerKind(unit["kind"]).label,
        "level": None if unit["level"] is None else Level(unit["level"]).label,
        "region": None if unit["region"] is None else region_name(unit["region"]),
    }


def _plans(asked: _Asked) -> list[Row]:
    posted, wanted = asked.facts().directed(asked.year, asked.until), asked.records(RecordKind.PROJECT_PLAN)
    return _of_unit(asked, [{**_head(one), **_against(one, posted)} for one in wanted])


def _directed(asked: _Asked) -> list[Row]:
    """Return every unit that promised, and every one that posted without a promise."""
    posted, promised = asked.facts().directed(asked.year, asked.until), asked.records(RecordKind.DIRECTED_PROMISE)
    rows = [{**_head(one), **_against(one, posted)} for one in promised]
    said = {one["employer_id"] for one in promised}
    rows += [
        {"employer_id": one, "promised": None, **_posted(told)}
        for one, told in sorted(posted.items())
        if one not in said
    ]
    return _of_unit(asked, rows)


def _against(one: Row, posted: Mapping[str, Directed]) -> Row:
    told = posted.get(one["employer_id"], Directed())
    return {"promised": one["posts"], "until": _day(one["until"]), **_posted(told)}


def _posted(told: Directed) -> Row:
    return {
        "vacancies": told.vacancies,
        "openings": None if told.unknown_openings else told.openings,
        "filled": told.filled,
    }


def _proposals(asked: _Asked) -> list[Row]:
    rows = [
        {
            **_head(one),
            "posts": one["posts"],
            "relaxations": _labels(one["relaxations"]),
            "vacancy_id": one["vacancy_id"],
            "conditions": one["conditions"],
        }
        for one in asked.records(RecordKind.POST_PROPOSAL)
    ]
    return _of_unit(asked, rows)


def _publication(asked: _Asked) -> list[Row]:
    """Return the units that placed somebody or have to publish, with when and where they did; those to do first."""
    done = {one["employer_id"]: one for one in asked.records(RecordKind.PUBLICATION)}
    rows = []
    for unit in asked.units():
        kept = done.get(unit.employer.employer_id)
        if unit.must_publish is False or (not unit.placed and unit.must_publish is None and kept is None):
            continue
        rows.append(
            {
                **_told_unit(_as_row(unit)),
                "placed": unit.placed,
                "must_publish": {True: "应当公示", None: "待核实"}[unit.must_publish],
                "published_on": None if kept is None else _day(kept["on"]),
                "place": None if kept is None else kept["place"],
            }
        )
    return sorted(rows, key=lambda row: (row["published_on"] is not None, row["employer_id"]))


def _levy(asked: _Asked) -> list[Row]:
    """Return state enterprises under the quota of the year without a record that the levy was paid."""
    paid = {one["employer_id"] for one in asked.records(RecordKind.LEVY_PAID)}
    return [
        {
            **_told_unit(_as_row(unit)),
            "required": _number(unit.required),
            "counted": _number(unit.certain),
            "gap": _number(unit.gap),
            "state": unit.quota.label,
        }
        for unit in asked.units()
        if unit.employer.kind is EmployerKind.STATE_OWNED
        and unit.quota in (UnitState.NOT_DONE, UnitState.TO_VERIFY)
        and unit.employer.employer_id not in paid
    ]


def _levels(asked: _Asked) -> list[Row]:
    """Return organs and institutions by level and kind: how many, their posts, whom they placed."""
    together: dict[tuple[str, str], list[Unit]] = {}
    for unit in asked.units():
        if unit.employer.kind in (EmployerKind.ORGAN, EmployerKind.INSTITUTION):
            level = "层级未登记" if unit.employer.level is None else unit.employer.level.label
            together.setdefault((level, unit.employer.kind.label), []).append(unit)
    order = {**{level.label: place for place, level in enumerate(Level)}, "层级未登记": len(Level)}
    return [
        {
            "level": level,
            "kind": kind,
            "units": len(units),
            "establishment": sum(one.employer.establishment or 0 for one in units),
            "establishment_unknown": sum(one.employer.establishment is None for one in units),
            "placed": sum(one.placed or 0 for one in units),
            "placed_unknown": sum(one.placed is None for one in units),
            "with_somebody": sum(bool(one.placed) for one in units),
            "quota_done": sum(one.quota is UnitState.DONE for one in units),
            "min_one_not_done": sum(one.min_one is UnitState.NOT_DONE for one in units),
        }
        for (level, kind), units in sorted(together.items(), key=lambda one: (order[one[0][0]], one[0][1]))
    ]


def _points(asked: _Asked) -> list[Row]:
    rows = [
        {
            **_head(one),
            "place": one["place"],
            "posts": one["posts"],
            "reserved": one["reserved"],
            "reliefs": _labels(one["reliefs"]),
            "vacancy_id": one["vacancy_id"],
        }
        for one in asked.records(RecordKind.SERVICE_POINT, yearly=False)
    ]
    return _of_unit(asked, rows)


def _alliance(asked: _Asked) -> list[Row]:
    rows = [
        {**_head(one), "on": _day(one["on"]), "until": _day(one["until"])}
        for one in asked.records(RecordKind.ALLIANCE_MEMBER, yearly=False)
    ]
    return _of_unit(asked, rows)


def _alliance_services(asked: _Asked) -> list[Row]:
    """Return what members of the alliance gave in the year, the latest first."""
    given = sorted(asked.records(RecordKind.ALLIANCE_SERVICE), key=lambda one: one["on"] or date.min, reverse=True)
    rows = [
        {
            **_head(one),
            "on": _day(one["on"]),
            "alliance_services": _labels(one["alliance_services"]),
            "served": one["served"],
            "place": one["place"],
        }
        for one in given
    ]
    return _of_unit(asked, rows)


def _concessions(asked: _Asked) -> list[Row]:
    """Return what companies waive or give: as recorded of the company, and as its open vacancies name it."""
    rows = [
        {**_head(one), "concessions": _labels(one["concessions"]), "vacancy_id": None, "on": _day(one["on"])}
        for one in asked.records(RecordKind.CONCESSION, yearly=False)
    ]
    rows += [
        {
            "employer_id": one["employer_id"],
            "concessions": "、".join(Concession(word).label for word in one["concessions"].split(";")),
            "vacancy_id": one["vacancy_id"],
            "on": None,
        }
        for one in UnitFacts(asked.connection, asked.subject).with_concessions(asked.until)
    ]
    return _of_unit(asked, sorted(rows, key=lambda row: (row["employer_id"], row["vacancy_id"] or "")))


def _head(one: Row) -> Row:
    return {"employer_id": one["employer_id"]}


def _as_row(unit: Unit) -> Row:
    one = unit.employer
    return {
        "name": one.name,
        "employer_id": one.employer_id,
        "kind": None if one.kind is None else one.kind.value,
        "level": None if one.level is None else one.level.value,
        "region": one.region,
    }


def _labels(terms: Sequence[Any] | None) -> str | None:
    return "、".join(one.label for one in terms) if terms else None


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _number(value: Any) -> str | None:
    return None if value is None else f"{float(value):.4f}".rstrip("0").rstrip(".")


_POSTED = {"promised": "承诺岗位", "vacancies": "发布的定向岗位", "openings": "招聘人数", "filled": "已上岗人数"}
LISTS: Mapping[str, UnitList] = {
    "levels": UnitList(
        "各级机关、事业单位安排残疾人就业情况", RecordKind.PROJECT_PLAN,
        {
            "level": "层级", "kind": "性质", "units": "单位数", "establishment": "编制数合计",
            "establishment_unknown": "编制未登记的单位", "placed": "已安排人数", "placed_unknown": "安排情况未知的单位",
            "with_somebody": "已安排残疾人的单位", "quota_done": "达到比例的单位",
            "min_one_not_done": "至少1名尚未做到的单位",
        },
        _levels, "县乡两级按编制总数统筹，看县级、乡级两行的合计。", has_units=False, is_long=True,
    ),
    "plans": UnitList(
        "机关、事业单位年度项目计划", RecordKind.PROJECT_PLAN,
        {**_POSTED, "promised": "计划岗位", "until": "完成期限"},
        _plans, "发布和上岗由定向、预留岗位和就业记录得出。",
    ),
    "proposals": UnitList(
        "放宽条件的岗位申报", RecordKind.POST_PROPOSAL,
        {"posts": "岗位数", "relaxations": "放宽的条件", "vacancy_id": "岗位编号", "conditions": "岗位条件"},
        _proposals,
        "与岗位无关的身体、性别等条件在登记时就不接收。",
    ),
    "publication": UnitList(
        "安排残疾人就业情况公示", RecordKind.PUBLICATION,
        {"placed": "已安排人数", "must_publish": "是否应当公示", "published_on": "公示日期", "place": "在哪里公示"},
        _publication, "没有公示记录的在前。", is_long=True,
    ),
    "directed": UnitList(
        "定向招聘承诺与落实", RecordKind.DIRECTED_PROMISE, {**_POSTED, "until": "期限"}, _directed,
        "承诺为空的是没有承诺而发布了定向岗位的单位；招聘人数为空的是有岗位没有写明人数。",
    ),
    "levy": UnitList(
        "未达比例、没有缴纳记录的国有企业", RecordKind.LEVY_PAID,
        {"required": "应安排", "counted": "已计入", "gap": "差额", "state": "是否达到比例"}, _levy,
        "没有缴纳记录不等于没有缴纳，请与税务部门核实。", is_long=True,
    ),
    "points": UnitList(
        "社区公共服务点的预留岗位", RecordKind.SERVICE_POINT,
        {"place": "服务点", "posts": "岗位数", "reserved": "预留岗位", "reliefs": "减免", "vacancy_id": "岗位编号"},
        _points,
    ),
    "alliance": UnitList(
        "助残就业创业企业联盟成员", RecordKind.ALLIANCE_MEMBER, {"on": "加入日期", "until": "退出日期"}, _alliance
    ),
    "alliance_services": UnitList(
        "联盟提供的服务", RecordKind.ALLIANCE_SERVICE,
        {"on": "日期", "alliance_services": "服务", "served": "服务的创业企业和个体工商户数", "place": "地点"},
        _alliance_services, "数目为空的是没有登记服务了几家，需人工核实。",
    ),
    "concessions": UnitList(
        "平台企业的减免和帮扶", RecordKind.CONCESSION,
        {"concessions": "减免和帮扶", "vacancy_id": "岗位编号", "on": "登记日期"}, _concessions,
        "没有岗位编号的是单位的承诺，有编号的写在岗位上。",
    ),
}  # fmt: skip


def unit_ledger(connection: Connection, subject: Subject, name: str, year: int, on: date, area: Area) -> dict[str, Any]:
    """Return one of the lists for a year and a place; the read is recorded.

    Raises
    ------
    NoSuchReport
        When there is no such list.
    Forbidden
        When the role may not read records of units for the stated purpose.
    """
    if name not in LISTS:
        raise NoSuchReport("没有这个名单")
    require(subject, Action.READ_UNIT_RECORDS)
    wanted = LISTS[name]
    rows = wanted.rows(_Asked(connection, subject, year, on, area))
    ground = named(UNIT_RECORDS, min(on, date(year, 12, 31))).get(wanted.ground.value)
    columns = {**(_UNIT if wanted.has_units else {}), **wanted.columns}
    record(connection, subject.by, Action.READ_UNIT_RECORDS.value, object_kind="report", object_id=name)
    return {
        "list": name,
        "title": wanted.title,
        "year": year,
        "as_of": on.isoformat(),
        "region": area.code,
        "region_name": area.name,
        "source": None if ground is None else ground.ground.as_dict(),
        "note": wanted.note,
        "columns": [{"name": one, "label": label} for one, label in columns.items()],
        "rows": [{one: row.get(one) for one in columns} for row in rows],
        "notice": NOTICE,
    }


def ledger_cells(document: Mapping[str, Any]) -> list[list[str]]:
    """Return a list as cells, its head first; what is unknown is empty."""
    names = [one["name"] for one in document["columns"]]
    head = [one["label"] for one in document["columns"]]
    return [head, *([_cell(row[name]) for name in names] for row in document["rows"])]


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def unit_ledger_lines(document: Mapping[str, Any]) -> list[str]:
    """Return a list in plain Chinese."""
    source = document["source"]
    cited = f"〔{source['document']} {source['clause']}〕" if source else ""
    lines = [f"{document['region_name']}，{document['year']} 年，{document['title']}{cited}"]
    for row in document["rows"]:
        lines.append("，".join(f"{one['label']} {_cell(row[one['name']]) or '未知'}" for one in document["columns"]))
    lines += [] if document["rows"] else ["没有记录"]
    return [*lines, *([document["note"]] if document["note"] else []), document["notice"]]


__all__ = ["LISTS", "ledger_cells", "unit_ledger", "unit_ledger_lines"]
