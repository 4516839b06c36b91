"""The three exchange files (三(三)) as tables: 联网认证 of an employer's year, 实名制, training and certificates.

Columns are those that notices and guides show (FACTS data.cert_platform, data.realname); what no row of ours tells has
its column and stays empty. How a platform names its columns is the affair of a mapping file.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from matching.vocabulary import Term
from pipelines.schema import CANDIDATES, EMPLOYERS, PLACEMENTS, SERVICES, ColumnSpec, TableSpec, text_column

_YEAR = replace(EMPLOYERS.column("establishment"), name="year", label="年度", required=True)


def _number(name: str, label: str) -> ColumnSpec:
    return replace(EMPLOYERS.column("establishment"), name=name, label=label)


def _of(table: TableSpec, column: str, name: str | None = None, label: str | None = None, **other: Any) -> ColumnSpec:
    """Return a column of ours as it stands in an exchange file."""
    spec = table.column(column)
    if spec.stored == "term":
        # Platforms are for people: words are the Chinese ones, which are read back as well.
        other["format_value"] = _label
    return replace(spec, name=name or spec.name, label=label or spec.label, field="", required=False, **other)


def _label(value: Term) -> str:
    return value.label


_IDENTITY = (
    _of(CANDIDATES, "name", label="姓名"),
    text_column("citizen_number", "公民身份号码", sensitive=True),
    _of(CANDIDATES, "certificate_number", label="残疾人证号"),
    _of(CANDIDATES, "certificate_valid_until", label="残疾人证有效期至"),
)
_ASKS = text_column("asks", "待补")

CERTIFICATION = TableSpec(
    "certification",
    "按比例就业联网认证",
    ("placement_id",),
    (
        _YEAR,
        _of(PLACEMENTS, "placement_id", label="就业记录编号"),
        text_column("unit_name", "单位名称"),
        _of(EMPLOYERS, "employer_id", label="统一社会信用代码"),
        _of(EMPLOYERS, "kind", "unit_kind", "单位类型"),
        _of(EMPLOYERS, "industry", label="行业"),
        _of(EMPLOYERS, "region", "unit_region", "单位所在地"),
        *_IDENTITY,
        text_column("military_certificate", "残疾军人证号", sensitive=True),
        text_column("post", "岗位"),
        text_column("contract_kind", "合同类型"),
        _of(PLACEMENTS, "starts_on", label="合同开始日期"),
        _of(PLACEMENTS, "ends_on", label="合同结束日期"),
        _of(PLACEMENTS, "contract_months", label="合同月数"),
        _of(PLACEMENTS, "monthly_wage", label="月工资"),
        _number("months_in_year", "年度内在册月数"),
        text_column("wage_months", "发放工资月数"),
        text_column("pension_months", "养老保险缴费月数"),
        text_column("medical_months", "医疗保险缴费月数"),
        _of(PLACEMENTS, "social_insurance", label="是否缴纳社会保险"),
        _of(PLACEMENTS, "wage_paid_by_bank", label="工资是否银行发放"),
        _of(PLACEMENTS, "attendance_confirmed", label="是否实际在岗"),
        text_column("dispatch_agreement", "劳务派遣协议"),
        text_column("undertaking", "如实申报承诺书"),
        text_column("checked", "预审"),
        _ASKS,
    ),
    dict,
)

REALNAME = TableSpec(
    "realname",
    "就业和培训实名制",
    ("candidate_id",),
    (
        _of(CANDIDATES, "candidate_id", label="人员编号"),
        *_IDENTITY,
        _of(CANDIDATES, "sex"),
        _of(CANDIDATES, "region"),
        _of(CANDIDATES, "hukou"),
        _of(CANDIDATES, "education"),
        text_column("standing", "就业状况"),
        _of(PLACEMENTS, "form", label="就业形式"),
        _of(PLACEMENTS, "starts_on", "employed_on", "就业日期"),
        text_column("unit_name", "就业单位"),
        _of(CANDIDATES, "unemployed_since", label="登记失业日期"),
        _of(CANDIDATES, "job_wish", label="是否有就业意愿"),
        _ASKS,
    ),
    dict,
)

TRAINING = TableSpec(
    "training",
    "职业培训和证书",
    ("candidate_id", "trained_on"),
    (
        _of(CANDIDATES, "candidate_id", label="人员编号"),
        *_IDENTITY,
        _of(CANDIDATES, "region"),
        _of(SERVICES, "on", "trained_on", "培训日期"),
        text_column("provider", "培训机构"),
        text_column("project", "培训项目"),
        text_column("length", "培训时长"),
        text_column("outcome", "培训结果"),
        _of(CANDIDATES, "certificates", "skill_certificates", "已登记的职业证书"),
        _ASKS,
    ),
    dict,
)

SHEETS: Mapping[str, TableSpec] = {sheet.name: sheet for sheet in (CERTIFICATION, REALNAME, TRAINING)}
