"""The tables of start-ups, household industries and single visits as they travel (`pipelines.plan_schema.IMPORTED`)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from matching.ventures import (
    INDUSTRIES,
    INDUSTRY_SERVICES,
    ForWhom,
    Venture,
    VentureKind,
    Visit,
    VisitKind,
    labels_of,
)
from matching.vocabulary import YesNo
from pipelines.schema import (
    LIST_SEPARATOR,
    CellError,
    ColumnSpec,
    TableSpec,
    date_column,
    id_column,
    integer_column,
    split_list,
    term_column,
    text_column,
)


def _word(parameter: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        known = labels_of(parameter)
        code = text if text in known else next((code for code, label in known.items() if label == text), None)
        if code is None:
            raise CellError(f"应为下列之一：{'、'.join(known.values())}")
        return code

    return parse


def _services(text: str) -> tuple[str, ...]:
    for mark in "、，,":
        text = text.replace(mark, LIST_SEPARATOR)
    return tuple(dict.fromkeys(map(_word(INDUSTRY_SERVICES), split_list(text))))


VENTURES = TableSpec(
    "ventures",
    "创业和产业帮扶",
    ("venture_id",),
    (
        id_column("venture_id", "创业或产业编号"),
        id_column("candidate_id", "求职者编号"),
        term_column("kind", "种类", VentureKind, required=True),
        text_column("title", "名称"),
        ColumnSpec("industry", "行业", _word(INDUSTRIES), str),
        ColumnSpec("services", "帮扶服务", _services, LIST_SEPARATOR.join, stored="packed"),
        term_column("for_whom", "由谁从事", ForWhom),
        date_column("starts_on", "登记或开始日期"),
        date_column("ends_on", "停止日期"),
        date_column("next_check_on", "约定核查日期"),
        date_column("grant_paid_on", "创业补贴到账日期"),
    ),
    Venture,
)
VISITS = TableSpec(
    "visits",
    "走访和核查",
    ("visit_id",),
    (
        id_column("visit_id", "走访编号"),
        id_column("candidate_id", "求职者编号"),
        term_column("kind", "走访种类", VisitKind, required=True),
        date_column("on", "走访日期", required=True),
        id_column("venture_id", "创业或产业编号", required=False),
        id_column("enrolment_id", "学习记录编号", required=False),
        text_column("by", "走访人或辅导员"),
        integer_column("minutes", "时长（分钟）", 1, 1440),
        text_column("about", "走访事项"),
        term_column("is_running", "是否仍在经营", YesNo),
        date_column("next_on", "约定下次日期"),
    ),
    Visit,
)
VENTURE_TABLES: Mapping[str, TableSpec] = {table.name: table for table in (VENTURES, VISITS)}


def venture_faults(values: Mapping[str, Any], on: date) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a start-up or an industry: the column, and what would be right."""
    kind, paid = values.get("kind"), values.get("grant_paid_on")
    if kind is VentureKind.INDUSTRY and values.get("industry") is None:
        yield "industry", "须写明行业"
    if kind is VentureKind.INDUSTRY and (paid is not None or values.get("next_check_on") is not None):
        yield "kind", "核查日期和创业补贴只登记在创业上"
    if paid is not None and paid > on:
        yield "grant_paid_on", "不能晚于今天"


def visit_faults(values: Mapping[str, Any], on: date) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a visit: the column, and what would be right."""
    kind, day = values.get("kind"), values.get("on")
    if day is not None and day > on:
        yield "on", "不能晚于今天"
    if day is not None and values.get("next_on") is not None and values["next_on"] <= day:
        yield "next_on", "应晚于走访日期"
    if kind is VisitKind.STARTUP_CHECK and values.get("venture_id") is None:
        yield "venture_id", "须写明核查的是哪一项创业"
    if kind is VisitKind.COACH_VISIT and values.get("by") is None:
        yield "by", "须写明辅导员"
    if kind is VisitKind.COACH_VISIT and (values.get("venture_id") is not None or values.get("is_running") is not None):
        yield "kind", "经营情况只在创业经营核查里登记"
