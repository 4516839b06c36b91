"""The tables of the plan's actions as they travel: campaigns and programmes, their posts and people, units by year.

They are imported, exported and mapped like the seven tables of the interface and by the same code
(`pipelines.plan_schema.IMPORTED`).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from matching.body_conditions import find_body_conditions
from matching.plan_actions import (
    AllianceService,
    Initiative,
    InitiativePerson,
    InitiativePost,
    PointRelief,
    RecordKind,
    Relaxation,
    Step,
    UnitRecord,
    initiative_labels,
)
from matching.vocabulary import Accommodation, Concession, YesNo
from pipelines.schema import (
    CellError,
    ColumnSpec,
    TableSpec,
    code_column,
    date_column,
    id_column,
    integer_column,
    region_column,
    term_column,
    terms_column,
    text_column,
)

_YEARLY = frozenset({RecordKind.PROJECT_PLAN, RecordKind.POST_PROPOSAL, RecordKind.DIRECTED_PROMISE})
_HAPPENED = frozenset({RecordKind.PUBLICATION, RecordKind.LEVY_PAID, RecordKind.ALLIANCE_SERVICE})
_OF_A_DAY = frozenset({*_HAPPENED, RecordKind.ALLIANCE_MEMBER})
_OPEN_TO_PUBLIC_BODIES = frozenset({"age", "hukou"})
"""What a public body may ask and is wanted to relax; every other condition needs a task that explains it."""


def unit_record_faults(values: Mapping[str, Any], on: date) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a record of a unit: the column, and what would be right."""
    kind, year, day, until = (values.get(name) for name in ("kind", "year", "on", "until"))
    needs_year = kind in _YEARLY or kind in _HAPPENED
    if needs_year and year is None:
        yield "year", "须写明年度"
    if kind in _YEARLY and values.get("posts") is None:
        yield "posts", "须写明岗位数"
    if kind in _OF_A_DAY and day is None:
        yield "on", "须写明日期"
    if kind in _HAPPENED and day is not None and day > on:
        yield "on", "不能晚于今天"
    if kind is RecordKind.PUBLICATION and values.get("place") is None:
        yield "place", "须写明在哪里公示"
    if kind is RecordKind.ALLIANCE_SERVICE and not values.get("alliance_services"):
        yield "alliance_services", "须写明提供的服务"
    if day is not None and until is not None and until < day:
        yield "until", "期限早于日期"
    for condition in find_body_conditions(values.get("conditions") or "", family=None):
        if condition.task is None and condition.kind not in _OPEN_TO_PUBLIC_BODIES:
            yield "conditions", f"含有{condition.label}条件，没有写明哪项工作任务需要它：与岗位无关的条件不能写"


def _kind(text: str) -> str:
    known = initiative_labels()
    if text in known:
        return text
    code = next((code for code, label in known.items() if label == text), None)
    if code is None:
        raise CellError(f"应为下列之一：{'、'.join(known.values())}")
    return code


INITIATIVES = TableSpec(
    "initiatives",
    "活动和项目",
    ("initiative_id",),
    (
        id_column("initiative_id", "活动编号"),
        ColumnSpec("kind", "活动或项目", _kind, str, required=True),
        text_column("title", "名称", required=True),
        text_column("organiser", "主办单位"),
        region_column("region", "举办地区"),
        text_column("address", "举办地点"),
        term_column("online", "是否线上", YesNo),
        date_column("starts_on", "开始日期"),
        date_column("ends_on", "结束日期"),
        integer_column("places", "名额"),
        text_column("contact", "联系方式"),
        terms_column("accommodations", "提供的合理便利", Accommodation),
        text_column("description", "说明"),
        date_column("cancelled_on", "取消日期"),
    ),
    Initiative,
)
INITIATIVE_POSTS = TableSpec(
    "initiative_posts",
    "活动岗位",
    ("initiative_id", "vacancy_id"),
    (id_column("initiative_id", "活动编号"), id_column("vacancy_id", "岗位编号")),
    InitiativePost,
)
INITIATIVE_PEOPLE = TableSpec(
    "initiative_people",
    "活动人员",
    ("candidate_id", "initiative_id", "step", "on"),
    (
        id_column("candidate_id", "求职者编号"),
        id_column("initiative_id", "活动编号"),
        term_column("step", "进展", Step, required=True),
        date_column("on", "日期", required=True),
    ),
    InitiativePerson,
)
UNIT_RECORDS = TableSpec(
    "unit_records",
    "单位台账",
    ("record_id",),
    (
        id_column("record_id", "记录编号"),
        code_column("employer_id", "统一社会信用代码", required=True),
        term_column("kind", "记录种类", RecordKind, required=True),
        integer_column("year", "年度", 2000, 2100),
        date_column("on", "日期"),
        date_column("until", "期限或截止日期"),
        integer_column("posts", "岗位数"),
        integer_column("reserved", "其中预留给残疾人的岗位数"),
        id_column("vacancy_id", "岗位编号", required=False),
        terms_column("relaxations", "放宽的条件", Relaxation),
        terms_column("reliefs", "减免", PointRelief),
        terms_column("concessions", "平台优惠", Concession),
        text_column("place", "公示或服务点地址"),
        text_column("conditions", "岗位条件"),
        terms_column("alliance_services", "联盟提供的服务", AllianceService),
        integer_column("served", "服务的创业企业和个体工商户数"),
    ),
    UnitRecord,
)
PLAN_TABLES: Mapping[str, TableSpec] = {
    table.name: table for table in (INITIATIVES, INITIATIVE_POSTS, INITIATIVE_PEOPLE, UNIT_RECORDS)
}
