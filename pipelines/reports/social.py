"""Figures of one employer for its report on social responsibility (社会责任报告), each with the rows it counts.

A company is told only of people whom it reports itself (quota and concentrated placements), by placement and never by
person; the office of its place sees all. Whether somebody stayed is asked of the day: one who left is no failure named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.plan_actions import UNIT_RECORDS, RecordKind, named
from matching.rules.rulebook import NOTICE, rulebook
from matching.vocabulary import Accommodation, AccommodationState, Concession, PlacementForm, VacancyKind
from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject, program_subject
from pipelines.registers.errors import NoSuchEmployer
from pipelines.registers.rows import require
from pipelines.reports.plan.layout import Layout, Sheet
from pipelines.schema import EMPLOYERS
from pipelines.store.claims import ClaimRepository
from pipelines.store.repositories import TableRepository
from pipelines.store.unit_records import Directed, UnitFacts, UnitRecordRows

_REPORTED_BY_COMPANY = (PlacementForm.QUOTA.value, PlacementForm.CONCENTRATED.value)
_STAY_MONTHS = 6
_DIRECTED = (VacancyKind.DIRECTED.value, VacancyKind.RESERVED.value)
_MOST_CLAIMS = 10_000
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its code, words, how it is counted, its number, and the rows that it counts."""

    name: str
    label: str
    told: str
    count: int
    columns: Mapping[str, str]
    rows: Sequence[Row]

    def as_dict(self) -> dict[str, Any]:
        """Return it as it travels in JSON."""
        return {
            "name": self.name,
            "label": self.label,
            "told": self.told,
            "count": self.count,
            "columns": [{"name": name, "label": label} for name, label in self.columns.items()],
            "rows": list(self.rows),
        }


def social_report(connection: Connection, subject: Subject, employer_id: str, year: int, on: date) -> dict[str, Any]:
    """Return the figures of a visible employer for a year until its end or today; the read is recorded.

    Raises
    ------
    NoSuchEmployer
        When there is none, or none that is visible.
    Forbidden
        When the role may not read an employer's quota for the stated purpose.
    """
    key = (employer_id.replace("\x00", "\ufffd"),)
    employer = TableRepository(connection, EMPLOYERS, subject).find([key]).get(key)
    if employer is None:
        raise NoSuchEmployer("没有这个用人单位编号")
    require(subject, Action.READ_QUOTA)
    until = min(on, date(year, 12, 31))
    is_company = subject.employer_id is not None
    facts = UnitFacts(connection, program_subject("social-report", subject.purpose))
    placements = facts.placements(key[0], until, _REPORTED_BY_COMPANY if is_company else None)
    posts = facts.posts(key[0], year, until)
    records = UnitRecordRows(connection, subject)
    directed = facts.directed(year, until, key[0]).get(key[0], Directed())
    found = [
        _hired(placements, year, until, with_people=not is_company),
        _staying(placements, until, with_people=not is_company),
        _stayed(placements, year, until, with_people=not is_company),
        _promised(records, key[0], year),
        _directed(posts, year, until, directed),
        _accommodations(posts),
        _concessions(posts, records, key[0], until),
        _benefits(connection, subject, key[0], year),
        _published(records, key[0], year),
    ]
    member = records.of((RecordKind.ALLIANCE_MEMBER,), year=None, on=until, employer_id=key[0])
    record(connection, subject.by, Action.READ_QUOTA.value, object_kind="employer", object_id=key[0])
    ground = named(UNIT_RECORDS, until).get(RecordKind.ALLIANCE_MEMBER.value)
    return {
        "employer_id": key[0],
        "name": employer["name"],
        "year": year,
        "as_of": until.isoformat(),
        "alliance_since": next((_day(one["on"]) for one in member), None),
        "figures": [one.as_dict() for one in found],
        "source": {
            "document": "甘政办发〔2022〕97号", "clause": "二(三)",
            "status": "unknown" if ground is None else ground.ground.status,
        },
        "notice": NOTICE,
    }  # fmt: skip


_PLACEMENT = {"placement_id": "就业记录", "title": "岗位", "form": "就业形式", "starts_on": "开始", "ends_on": "结束"}


def _placement(one: Mapping[str, Any], *, with_people: bool) -> Row:
    told = {
        "placement_id": one["placement_id"],
        "title": one["title"],
        "form": None if one["form"] is None else PlacementForm(one["form"]).label,
        "starts_on": _day(one["starts_on"]),
        "ends_on": _day(one["ends_on"]),
    }
    return {"candidate_id": one["candidate_id"], **told} if with_people else told


def _of_placements(name: str, label: str, told: str, rows: Sequence[Mapping[str, Any]], *, with_people: bool) -> Figure:
    columns = {"candidate_id": "求职者编号", **_PLACEMENT} if with_people else _PLACEMENT
    people = {one["candidate_id"] for one in rows}
    return Figure(name, label, told, len(people), columns, [_placement(one, with_people=with_people) for one in rows])


def _hired(rows: Sequence[Mapping[str, Any]], year: int, until: date, *, with_people: bool) -> Figure:
    found = [one for one in rows if date(year, 1, 1) <= one["starts_on"] <= until]
    return _of_placements("hired", "本年新招用残疾人", "本年开始的就业记录，每人计一次", found, with_people=with_people)


def _staying(rows: Sequence[Mapping[str, Any]], until: date, *, with_people: bool) -> Figure:
    found = [one for one in rows if one["ends_on"] is None or one["ends_on"] >= until]
    told = "截至当日没有结束的就业记录，每人计一次"
    return _of_placements("staying", "在岗残疾人", told, found, with_people=with_people)


def _stayed(rows: Sequence[Mapping[str, Any]], year: int, until: date, *, with_people: bool) -> Figure:
    """Count who began in this year or the one before and was at work half a year later, where that day has come."""
    found = [
        one
        for one in rows
        if one["starts_on"].year in (year - 1, year)
        and (half := _months_later(one["starts_on"], _STAY_MONTHS)) <= until
        and (one["ends_on"] is None or one["ends_on"] >= half)
    ]
    told = f"本年或上年开始、满{_STAY_MONTHS}个月时仍在岗的就业记录，每人计一次"
    return _of_placements("stayed_6m", f"稳定就业满{_STAY_MONTHS}个月", told, found, with_people=with_people)


def _months_later(day: date, months: int) -> date:
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(day.day, last))


def _promised(records: UnitRecordRows, employer_id: str, year: int) -> Figure:
    found = records.of((RecordKind.DIRECTED_PROMISE,), year=year, employer_id=employer_id)
    rows = [{"record_id": one["record_id"], "posts": one["posts"], "until": _day(one["until"])} for one in found]
    return Figure(
        "promised", "承诺的定向岗位", "单位台账中本年的定向招聘承诺", sum(one["posts"] for one in rows),
        {"record_id": "记录", "posts": "岗位数", "until": "期限"}, rows,
    )  # fmt: skip


def _directed(posts: Sequence[Mapping[str, Any]], year: int, until: date, told: Directed) -> Figure:
    rows = [
        {
            "vacancy_id": one["vacancy_id"],
            "title": one["title"],
            "kind": VacancyKind(one["kind"]).label,
            "openings": one["openings"],
            "opens_on": _day(one["opens_on"]),
        }
        for one in posts
        if one["kind"] in _DIRECTED and one["opens_on"] is not None and date(year, 1, 1) <= one["opens_on"] <= until
    ]
    words = f"本年开始招聘的定向、预留岗位；其中已上岗 {told.filled} 人"
    columns = {
        "vacancy_id": "岗位编号", "title": "岗位", "kind": "类型", "openings": "招聘人数", "opens_on": "开始招聘",
    }  # fmt: skip
    return Figure("directed", "发布的定向、预留岗位", words, len(rows), columns, rows)


def _accommodations(posts: Sequence[Mapping[str, Any]]) -> Figure:
    rows = []
    for one in posts:
        for part in filter(None, (one["accommodations"] or "").split(";")):
            name, _, state = part.partition("=")
            rows.append(
                {
                    "vacancy_id": one["vacancy_id"],
                    "title": one["title"],
                    "accommodation": Accommodation(name).label,
                    "state": AccommodationState(state).label,
                }
            )
    columns = {"vacancy_id": "岗位编号", "title": "岗位", "accommodation": "便利", "state": "是否核实"}
    posts_with = len({row["vacancy_id"] for row in rows})
    return Figure("accommodations", "提供合理便利的岗位", "本年招聘的岗位写明的便利", posts_with, columns, rows)


def _concessions(posts: Sequence[Mapping[str, Any]], records: UnitRecordRows, employer_id: str, until: date) -> Figure:
    rows: list[Row] = [
        {"from": "单位承诺", "id": one["record_id"], "concession": word.label}
        for one in records.of((RecordKind.CONCESSION,), year=None, on=until, employer_id=employer_id)
        for word in one["concessions"] or ()
    ]
    rows += [
        {"from": "岗位", "id": one["vacancy_id"], "concession": Concession(word).label}
        for one in posts
        for word in filter(None, (one["concessions"] or "").split(";"))
    ]
    kinds = len({row["concession"] for row in rows})
    columns = {"from": "来自", "id": "编号", "concession": "减免或帮扶"}
    return Figure("concessions", "平台减免和帮扶的种类", "单位台账和本年岗位写明的，每种计一次", kinds, columns, rows)


def _benefits(connection: Connection, subject: Subject, employer_id: str, year: int) -> Figure:
    """Count what was approved for the employer itself; what hangs on one person is not a company's to see."""
    claims = ClaimRepository(connection, subject).page(
        after=None, limit=_MOST_CLAIMS, filters={"employer_id": employer_id, "status": "approved"}
    )
    rows = [
        {
            "claim_id": one.claim_id,
            "benefit": _title(one.rule_id),
            "from_month": _month(one.from_month),
            "to_month": _month(one.to_month),
            "amount": None if one.amount is None else f"{one.amount:f}",
        }
        for one in claims
        if one.claimant_kind == "employer" and one.from_month // 100 <= year and one.to_month > year * 100 + 1
    ]
    columns = {
        "claim_id": "申领编号", "benefit": "待遇", "from_month": "从", "to_month": "到（不含）", "amount": "金额（元）",
    }  # fmt: skip
    return Figure("benefits", "享受的扶持", "已批准的、涉及本年的单位申领；没有金额的须核实", len(rows), columns, rows)


def _title(rule_id: str) -> str:
    """Return what a rule is called today; of a rule that is gone its id."""
    try:
        return rulebook().rule(rule_id).rule.title
    except KeyError:
        return rule_id


def _published(records: UnitRecordRows, employer_id: str, year: int) -> Figure:
    found = records.of((RecordKind.PUBLICATION,), year=year, employer_id=employer_id)
    rows = [{"record_id": one["record_id"], "on": _day(one["on"]), "place": one["place"]} for one in found]
    columns = {"record_id": "记录", "on": "日期", "place": "在哪里公示"}
    return Figure("published", "向社会公示", "单位台账中本年的公示", len(rows), columns, rows)


def _month(number: int) -> str:
    return f"{number // 100}-{number % 100:02d}"


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def social_layout(report: Mapping[str, Any]) -> Layout:
    """Return a report as text and tables, for a Word document or a page."""
    source = report["source"]
    since = report["alliance_since"]
    lead = (
        f"{report['name'] or report['employer_id']}，{report['year']} 年，截至 {report['as_of']}。",
        f"依据：{source['document']} {source['clause']}。",
        f"助残就业创业企业联盟成员，{since} 加入。" if since else "没有助残就业创业企业联盟成员记录。",
    )
    sheets = tuple(
        Sheet(
            one["name"], f"{one['label']}：{one['count']}", (one["told"],),
            tuple(column["label"] for column in one["columns"]),
            tuple(tuple(_cell(row.get(column["name"])) for column in one["columns"]) for row in one["rows"]), (), "",
        )
        for one in report["figures"]
    )  # fmt: skip
    return Layout(f"{report['year']} 年助残就业社会责任报告数据", lead, sheets, (), report["notice"])


def social_cells(report: Mapping[str, Any]) -> list[list[str]]:
    """Return the figures as cells, one line each, its head first."""
    head = ["单位", "年度", "截至", "指标", "数目", "怎么数的", "记录"]
    rows = []
    for one in report["figures"]:
        first = one["columns"][0]["name"] if one["columns"][0]["name"] != "candidate_id" else one["columns"][1]["name"]
        ids = ";".join(dict.fromkeys(str(row["id"] if "id" in row else row[first]) for row in one["rows"]))
        rows.append(
            [
                report["name"] or report["employer_id"], str(report["year"]), report["as_of"],
                one["label"], str(one["count"]), one["told"], ids,
            ]
        )  # fmt: skip
    return [head, *rows]


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def social_lines(report: Mapping[str, Any]) -> list[str]:
    """Return the figures in plain Chinese."""
    return [
        *social_layout(report).lead,
        *(f"{one['label']}：{one['count']}（{one['told']}）" for one in report["figures"]),
        report["notice"],
    ]
