"""Tables of the plan's casework that come from outside, beside the seven of `pipelines.schema`."""

from collections.abc import Mapping

from matching.plans import Enrolment, EnrolmentKind, EnrolmentStatus
from pipelines.schema import (
    TABLES,
    TableSpec,
    date_column,
    id_column,
    integer_column,
    term_column,
    text_column,
)

ENROLMENTS = TableSpec(
    "enrolments",
    "学习和参加",
    ("enrolment_id",),
    (
        id_column("enrolment_id", "学习记录编号"),
        id_column("candidate_id", "求职者编号"),
        term_column("kind", "类型", EnrolmentKind, required=True),
        id_column("course_id", "课程编号", required=False),
        text_column("title", "专业或项目"),
        text_column("place", "学校或机构"),
        text_column("tutor", "师傅或辅导员"),
        date_column("starts_on", "开始日期"),
        date_column("ends_on", "结束日期"),
        term_column("status", "进展", EnrolmentStatus),
        integer_column("sessions", "应到次数"),
        integer_column("attended", "实到次数"),
        text_column("result", "成绩或名次"),
        text_column("certificate", "所获证书"),
        date_column("certificate_on", "发证日期"),
    ),
    Enrolment,
)

MORE_TABLES: Mapping[str, TableSpec] = {table.name: table for table in (ENROLMENTS,)}
IMPORTED: Mapping[str, TableSpec] = {**TABLES, **MORE_TABLES}
"""Every table that sheets come in for and go out of."""
