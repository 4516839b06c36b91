"""The tables of publicity, and of publication and evaluation of training projects, as they travel."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from matching.publicity import CourseReview, Medium, Publicity, ReviewKind, Topic
from matching.regions import region_code
from pipelines.schema import ColumnSpec, TableSpec, date_column, id_column, integer_column, term_column, text_column

PUBLICITY = TableSpec(
    "publicity",
    "宣传台账",
    ("publicity_id",),
    (
        id_column("publicity_id", "宣传编号"),
        ColumnSpec("region", "地区", region_code, str, required=True),
        date_column("on", "宣传日期", required=True),
        term_column("medium", "宣传方式", Medium, required=True),
        term_column("topic", "宣传内容", Topic),
        text_column("title", "主题"),
        text_column("place", "媒体或地点"),
        text_column("by", "由谁开展"),
        integer_column("reached", "受众人数", 0, 100_000_000),
    ),
    Publicity,
)
COURSE_REVIEWS = TableSpec(
    "course_reviews",
    "培训项目公示和评估",
    ("review_id",),
    (
        id_column("review_id", "公示或评估编号"),
        id_column("course_id", "课程编号"),
        term_column("kind", "公示或评估", ReviewKind, required=True),
        date_column("on", "公示或评估日期", required=True),
        date_column("until", "公示截止日期"),
        text_column("place", "在哪里公示"),
        text_column("by", "由谁办理"),
        text_column("result", "结果"),
    ),
    CourseReview,
)
PUBLICITY_TABLES: Mapping[str, TableSpec] = {table.name: table for table in (PUBLICITY, COURSE_REVIEWS)}


def publicity_faults(values: Mapping[str, Any], on: date) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a record of publicity."""
    if values.get("on") is not None and values["on"] > on:
        yield "on", "不能晚于今天"


def review_faults(values: Mapping[str, Any], on: date) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a publication or evaluation: the column, and what would be right."""
    kind, day, until = values.get("kind"), values.get("on"), values.get("until")
    if day is not None and day > on:
        yield "on", "不能晚于今天"
    if day is not None and until is not None and until < day:
        yield "until", "截止日期早于公示日期"
    if kind is ReviewKind.PUBLICATION and values.get("place") is None:
        yield "place", "须写明在哪里公示"
    if kind is ReviewKind.EVALUATION and until is not None:
        yield "until", "评估没有截止日期"
