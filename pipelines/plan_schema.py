"""Tables of the plan's casework that come from outside, beside the seven of `pipelines.schema`."""

from collections.abc import Mapping

from matching.plans import Enrolment, EnrolmentKind, EnrolmentStatus
from matching.regions import region_code
from matching.sites import LabourProject, OfficeCheck, OfficeItem, ServiceContract, Site, SiteKind
from matching.vocabulary import ServiceKind, YesNo
from pipelines.plan_tables import PLAN_TABLES
from pipelines.publicity_tables import PUBLICITY_TABLES
from pipelines.schema import (
    TABLES,
    ColumnSpec,
    TableSpec,
    code_column,
    date_column,
    decimal_column,
    id_column,
    integer_column,
    region_column,
    term_column,
    text_column,
)
from pipelines.venture_tables import VENTURE_TABLES

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

SITES = TableSpec(
    "sites",
    "就业场所",
    ("site_id",),
    (
        id_column("site_id", "场所编号"),
        term_column("kind", "场所类型", SiteKind, required=True),
        text_column("name", "名称"),
        code_column("unit_id", "单位统一社会信用代码"),
        region_column("region", "所在地区"),
        integer_column("capacity", "可安置人数"),
        text_column("brand", "品牌"),
        id_column("claim_id", "创业补贴申领编号", required=False),
        date_column("opened_on", "开办日期"),
        date_column("closed_on", "停办日期"),
    ),
    Site,
)

LABOUR_PROJECTS = TableSpec(
    "labour_projects",
    "劳动项目",
    ("project_id",),
    (
        id_column("project_id", "项目编号"),
        text_column("title", "项目名称", required=True),
        region_column("region", "项目来源地区"),
        id_column("site_id", "承接机构编号", required=False),
        integer_column("places", "用工人数"),
        date_column("starts_on", "开始日期"),
        date_column("ends_on", "结束日期"),
    ),
    LabourProject,
)

OFFICE_CHECKS = TableSpec(
    "office_checks",
    "规范化建设检查",
    ("region", "item"),
    (
        ColumnSpec("region", "机构所在地区", region_code, str, required=True),
        term_column("item", "检查项", OfficeItem, required=True),
        term_column("is_met", "是否达到", YesNo),
        date_column("checked_on", "检查日期"),
        text_column("note", "说明"),
    ),
    OfficeCheck,
)

SERVICE_CONTRACTS = TableSpec(
    "service_contracts",
    "政府购买服务合同",
    ("contract_id",),
    (
        id_column("contract_id", "合同编号"),
        text_column("provider", "承接机构"),
        region_column("region", "购买地区"),
        term_column("kind", "服务类型", ServiceKind),
        integer_column("ordered", "购买次数"),
        decimal_column("amount", "金额（元）"),
        date_column("starts_on", "开始日期"),
        date_column("ends_on", "结束日期"),
    ),
    ServiceContract,
)

MORE_TABLES: Mapping[str, TableSpec] = {
    table.name: table for table in (ENROLMENTS, SITES, LABOUR_PROJECTS, OFFICE_CHECKS, SERVICE_CONTRACTS)
}
IMPORTED: Mapping[str, TableSpec] = {**TABLES, **MORE_TABLES, **PLAN_TABLES, **VENTURE_TABLES, **PUBLICITY_TABLES}
"""Every table that sheets come in for and go out of."""
