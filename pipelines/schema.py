"""The seven tables as they travel: every column once, with its Chinese label and its kind of value.

Import, export, template and store are all driven by these specifications; a column is added here and nowhere else.
Values are parsed by `ColumnSpec.parse` (one cell of text to a value, `None` for an empty cell) and written by
`ColumnSpec.format`, which are inverse to each other up to spelling.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from matching.entities import Candidate, Course, Employer, Interaction, Placement, Service, Vacancy
from matching.identity import (
    IdentityError,
    check_citizen_number,
    check_credit_code,
    normalise_certificate,
    parse_certificate,
)
from matching.regions import RegionError, region_code
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    BaseLimit,
    Concession,
    DisabilityCategory,
    Education,
    EmployerKind,
    Function,
    HouseholdKind,
    Hukou,
    InteractionKind,
    Level,
    PlacementForm,
    ServiceKind,
    Sex,
    Term,
    Transport,
    VacancyKind,
    WorkMode,
    YesNo,
)

LIST_SEPARATOR = ";"
MAX_DIGITS, MAX_FRACTION = 15, 40  # a spreadsheet keeps 15; a program may write the noise of a binary fraction


class CellError(ValueError):
    """A cell that cannot be taken; the message says what would be right and never repeats the cell."""


Stored = Literal["text", "date", "integer", "float", "decimal", "term", "packed"]
"""How a value lies in a database; `packed` is the canonical cell of a list or of levels."""

Parse = Callable[[str], Any]
Format = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column: its name (also the entity's field), label, and how a cell becomes a value and back."""

    name: str
    label: str
    parse_text: Parse
    format_value: Format
    required: bool = False
    sensitive: bool = False
    choices: tuple[str, ...] = ()
    field: str = ""
    stored: Stored = "text"
    synonyms: tuple[str, ...] = ()
    """What the column is called elsewhere: taken as a header on the way in, never written."""

    @property
    def attribute(self) -> str:
        """Name of the entity's field; differs from the column only where the column is a Python keyword."""
        return self.field or self.name

    def parse(self, cell: str | None) -> Any:
        """Return the value of a cell; an empty cell is unknown (`None`).

        Raises
        ------
        CellError
            When the cell is not of this kind, or empty in a required column.
        """
        text = (cell or "").strip()
        if not text:
            if self.required:
                raise CellError("此列不能为空")
            return None
        try:
            return self.parse_text(text)
        except (IdentityError, RegionError) as error:
            raise CellError(str(error)) from error

    def format(self, value: Any) -> str:
        """Write a value as a cell; unknown and empty are the empty cell."""
        if value is None or value == () or value == {}:
            return ""
        return self.format_value(value)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One of the seven tables: its columns, its key, and the entity that a row becomes."""

    name: str
    label: str
    key: tuple[str, ...]
    columns: tuple[ColumnSpec, ...]
    entity: type[Any]

    def column(self, name: str) -> ColumnSpec:
        """Return the column of that name.

        Raises
        ------
        KeyError
            When there is none.
        """
        return self.by_name[name]

    @property
    def by_name(self) -> Mapping[str, ColumnSpec]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    def build(self, values: Mapping[str, Any]) -> Any:
        """Make the entity of parsed values; unknown values are left to the entity's own 'not stated'."""
        given = {c.attribute: values[c.name] for c in self.columns if values.get(c.name) is not None}
        return self.entity(**given)

    def values(self, entity: Any) -> dict[str, Any]:
        """Return the entity's values by column name; empty collections count as unknown."""
        found = {c.name: getattr(entity, c.attribute) for c in self.columns}
        return {name: (None if value in ((), {}) else value) for name, value in found.items()}


_DAY_AND_TIME = re.compile(r"(\S+?)(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_MAX_CERTIFICATE = 24  # 20 characters and a re-issue suffix
_CITIZEN = re.compile(r"(?<!\d)(\d{17}[\dXx])(?=[1-7][1-4](?:\D|$)|\D|$)", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}([,，]\d{3})+(\.\d*)?")


def _text(text: str) -> str:
    return text


def _date(text: str) -> date:
    # A time of day after the date is dropped; anything else there is not, since it may change what is meant.
    match = _DAY_AND_TIME.fullmatch(text)
    head = match[1] if match else ""
    for layout in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"):
        try:
            day = datetime.strptime(head, layout).date()  # noqa: DTZ007  a plain business date has no zone
        except ValueError:
            continue
        # 2026111 may be either of two days.
        if layout != "%Y%m%d" or len(head) == 8:
            return day
    raise CellError("日期应写作 YYYY-MM-DD，且当日存在")


def _decimal(minimum: Decimal | None = None, maximum: Decimal | None = None) -> Parse:
    def parse(text: str) -> Decimal:
        if _GROUPED.fullmatch(text):  # elsewhere a comma may be a slip for a point: 1,5
            text = text.replace(",", "").replace("，", "")
        try:
            value = Decimal(text)
        except InvalidOperation as error:
            raise CellError("应为数字，如 3000") from error
        if not value.is_finite():
            raise CellError("应为有限的数字")
        # 1e999999999 is a right number of ten characters, and a gigabyte when it is written out.
        if not value:  # and so is 0e999999999
            value = Decimal(0)
        if value.adjusted() >= MAX_DIGITS or int(value.as_tuple().exponent) < -MAX_FRACTION:
            raise CellError("数字过大，或小数位过多")
        if minimum is not None and value < minimum:
            raise CellError(f"不应小于 {minimum}")
        if maximum is not None and value > maximum:
            raise CellError(f"不应大于 {maximum}")
        return value

    return parse


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _integer(minimum: int = 0, maximum: int | None = None) -> Parse:
    decimal = _decimal(Decimal(minimum), None if maximum is None else Decimal(maximum))

    def parse(text: str) -> int:
        value = decimal(text)
        if value != value.to_integral_value():
            raise CellError("应为整数")
        return int(value)

    return parse


_GRADES = {"一级": 1, "二级": 2, "三级": 3, "四级": 4, "一": 1, "二": 2, "三": 3, "四": 4}


def _grade(text: str) -> int:
    """Read a grade as a digit or in the certificate's own words."""
    return _GRADES[text] if text in _GRADES else int(_integer(1, 4)(text))


def _coordinate(limit: float) -> Parse:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError as error:
            raise CellError("应为十进制度数") from error
        if not math.isfinite(value) or abs(value) > limit:
            raise CellError(f"应在 -{limit:g} 至 {limit:g} 之间")
        return value

    return parse


def _term(terms: type[Term]) -> Parse:
    def parse(text: str) -> Term:
        try:
            return terms.parse(text)
        except ValueError as error:
            raise CellError(str(error)) from error

    return parse


def split_list(text: str) -> list[str]:
    """Split a list cell at `;` (also full-width), drop empty parts and repeats, keep the order."""
    parts = [part.strip() for part in text.replace("；", LIST_SEPARATOR).split(LIST_SEPARATOR)]
    return list(dict.fromkeys(part for part in parts if part))


def _split_words(text: str) -> list[str]:
    """Split a list of known words also at the marks that people type between them (、 ， ,)."""
    for mark in "、，,":
        text = text.replace(mark, LIST_SEPARATOR)
    return split_list(text)


def _terms(terms: type[Term]) -> Parse:
    return lambda text: tuple(_term(terms)(part) for part in _split_words(text))


def _list(parse_one: Parse) -> Parse:
    return lambda text: tuple(parse_one(part) for part in split_list(text))


def _format_list(format_one: Format) -> Format:
    return lambda values: LIST_SEPARATOR.join(format_one(value) for value in values)


def _levels(text: str) -> dict[Function, int]:
    levels: dict[Function, int] = {}
    for part in _split_words(text):
        name, equals, level = part.partition("=")
        if not equals or level.strip() not in ("0", "1", "2", "3", "4"):
            raise CellError("应写作 功能=0至4，如 行走=2；手部操作=3")
        function = _term(Function)(name)
        if levels.get(function, int(level)) != int(level):
            raise CellError(f"{function.label} 写了两个不同的程度")
        levels[function] = int(level)
    return levels


def _format_levels(levels: Mapping[Function, int]) -> str:
    return LIST_SEPARATOR.join(f"{f.value}={levels[f]}" for f in Function if f in levels)


def _accommodations(text: str) -> dict[Accommodation, AccommodationState]:
    offered: dict[Accommodation, AccommodationState] = {}
    for part in _split_words(text):
        name, equals, state = part.partition("=")
        # A bare name is an employer's own word: declared, not verified.
        offered[_term(Accommodation)(name)] = (
            _term(AccommodationState)(state) if equals else AccommodationState.DECLARED
        )
    if AccommodationState.TO_ARRANGE in offered.values():
        raise CellError("岗位的便利只能是 verified（已核实）或 declared（单位自报）")
    return offered


def _format_accommodations(offered: Mapping[Accommodation, AccommodationState]) -> str:
    return LIST_SEPARATOR.join(f"{a.value}={offered[a].value}" for a in Accommodation if a in offered)


def _credit_code(text: str) -> str:
    code = text.upper().replace(" ", "")
    check_credit_code(code)
    return code


def _certificate(text: str) -> str:
    number = normalise_certificate(text)
    if len(number) > _MAX_CERTIFICATE:
        raise CellError("残疾人证号过长")
    parse_certificate(number)
    return number


def _identifier(text: str) -> str:
    if len(text) > 128 or any(ord(character) < 32 for character in text):
        raise CellError("编号最长 128 个字符，不含控制字符")
    if holds_citizen_number(text):
        # An id stands in addresses, logs and the audit, where such a number must never be.
        raise CellError("编号里不能有身份证号或残疾人证号，请换用其他编号")
    return text


def holds_citizen_number(text: str) -> bool:
    """True where a text holds a citizen number, by itself or as the head of a certificate number."""
    return any(_is_citizen_number(found[1]) for found in _CITIZEN.finditer(text))


def _is_citizen_number(text: str) -> bool:
    try:
        check_citizen_number(text.upper())
    except IdentityError:
        return False
    return True


def _value(value: Term) -> str:
    return value.value


def also(column: ColumnSpec, *synonyms: str) -> ColumnSpec:
    """Return a column that is known by other headers as well."""
    return replace(column, synonyms=synonyms)


def text_column(name: str, label: str, *, required: bool = False, sensitive: bool = False) -> ColumnSpec:
    """A column of free text."""
    return ColumnSpec(name, label, _text, str, required=required, sensitive=sensitive)


def id_column(name: str, label: str, *, required: bool = True) -> ColumnSpec:
    """Return a column of ids."""
    return ColumnSpec(name, label, _identifier, str, required=required)


def code_column(name: str, label: str, *, required: bool = False) -> ColumnSpec:
    """Return a column of credit codes."""
    return ColumnSpec(name, label, _credit_code, str, required=required)


def date_column(name: str, label: str, *, required: bool = False, sensitive: bool = False) -> ColumnSpec:
    """Return a column of days."""
    return ColumnSpec(name, label, _date, date.isoformat, required=required, sensitive=sensitive, stored="date")


def decimal_column(name: str, label: str, maximum: int | None = None) -> ColumnSpec:
    """Return a column of amounts."""
    bound = None if maximum is None else Decimal(maximum)
    return ColumnSpec(name, label, _decimal(Decimal(0), bound), _plain, stored="decimal")


def integer_column(name: str, label: str, minimum: int = 0, maximum: int | None = 10_000_000) -> ColumnSpec:
    """Return a column of whole numbers."""
    return ColumnSpec(name, label, _integer(minimum, maximum), str, stored="integer")


def _degree_column(name: str, label: str, limit: float, *, sensitive: bool = False) -> ColumnSpec:
    return ColumnSpec(name, label, _coordinate(limit), repr, sensitive=sensitive, stored="float")


def term_column(name: str, label: str, terms: type[Term], *, required: bool = False) -> ColumnSpec:
    """Return a column of one word of a fixed list."""
    return ColumnSpec(
        name, label, _term(terms), _value, required=required, choices=tuple(t.value for t in terms), stored="term"
    )


def terms_column(name: str, label: str, terms: type[Term]) -> ColumnSpec:
    """A column of several words of a vocabulary."""
    return ColumnSpec(name, label, _terms(terms), _format_list(_value), stored="packed")


def texts_column(name: str, label: str) -> ColumnSpec:
    """Return a column of a list of free texts."""
    return ColumnSpec(name, label, _list(_text), _format_list(str), stored="packed")


def region_column(name: str, label: str) -> ColumnSpec:
    """Return a column of places by code."""
    return ColumnSpec(name, label, region_code, str)


def _levels_column(name: str, label: str) -> ColumnSpec:
    return ColumnSpec(name, label, _levels, _format_levels, stored="packed")


EMPLOYERS = TableSpec(
    "employers",
    "用人单位",
    ("employer_id",),
    (
        code_column("employer_id", "统一社会信用代码", required=True),
        text_column("name", "单位名称"),
        term_column("kind", "单位性质", EmployerKind),
        term_column("level", "层级", Level),
        term_column("is_school", "是否中小学或幼儿园", YesNo),
        region_column("region", "所在地区"),
        text_column("address", "单位地址"),
        text_column("industry", "行业"),
        decimal_column("headcount", "在职职工人数"),
        integer_column("establishment", "编制数"),
        decimal_column("average_wage", "职工年平均工资"),
        date_column("registered_on", "登记注册日期"),
        text_column("contact", "联系方式"),
    ),
    Employer,
)

VACANCIES = TableSpec(
    "vacancies",
    "招聘岗位",
    ("vacancy_id",),
    (
        id_column("vacancy_id", "岗位编号"),
        code_column("employer_id", "用人单位统一社会信用代码"),
        text_column("employer_name", "招聘单位名称"),
        text_column("title", "岗位名称", required=True),
        text_column("description", "岗位描述"),
        text_column("occupation", "职业"),
        term_column("kind", "岗位类型", VacancyKind),
        terms_column("welcomes", "面向残疾类别", DisabilityCategory),
        region_column("region", "工作地区"),
        text_column("address", "工作地址"),
        _degree_column("longitude", "经度", 180.0),
        _degree_column("latitude", "纬度", 90.0),
        term_column("work_mode", "工作方式", WorkMode),
        integer_column("openings", "招聘人数"),
        decimal_column("wage_min", "月工资下限"),
        decimal_column("wage_max", "月工资上限"),
        decimal_column("hours_per_day", "每日工时", 24),
        decimal_column("days_per_week", "每周天数", 7),
        term_column("night_shift", "是否夜班", YesNo),
        term_column("education_min", "最低学历", Education),
        decimal_column("experience_years_min", "最低工作年限", 80),
        texts_column("skills", "技能要求"),
        texts_column("certificates", "证书要求"),
        integer_column("contract_months", "合同期限（月）"),
        term_column("social_insurance", "是否缴纳社会保险", YesNo),
        _levels_column("demands", "岗位功能要求"),
        ColumnSpec("accommodations", "提供的合理便利", _accommodations, _format_accommodations, stored="packed"),
        terms_column("concessions", "平台优惠", Concession),
        date_column("opens_on", "开始招聘日期"),
        date_column("closes_on", "截止日期"),
    ),
    Vacancy,
)

CANDIDATES = TableSpec(
    "candidates",
    "求职者",
    ("candidate_id",),
    (
        id_column("candidate_id", "求职者编号"),
        text_column("name", "姓名", sensitive=True),
        ColumnSpec("certificate_number", "残疾人证号", _certificate, str, sensitive=True),
        date_column("certificate_valid_until", "残疾人证有效期至"),
        term_column("category", "残疾类别", DisabilityCategory),
        ColumnSpec("grade", "残疾等级", _grade, str, stored="integer"),
        term_column("sex", "性别", Sex),
        date_column("birth_date", "出生日期", sensitive=True),
        term_column("hukou", "户籍性质", Hukou),
        region_column("region", "居住地区"),
        text_column("address", "居住地址", sensitive=True),
        _degree_column("longitude", "居住地经度", 180.0, sensitive=True),
        _degree_column("latitude", "居住地纬度", 90.0, sensitive=True),
        text_column("phone", "联系电话", sensitive=True),
        term_column("education", "学历", Education),
        date_column("graduated_on", "毕业日期"),
        texts_column("skills", "技能"),
        text_column("experience", "工作经历"),
        decimal_column("experience_years", "工作年限", 80),
        texts_column("certificates", "职业证书"),
        texts_column("wished_occupations", "意向职业"),
        ColumnSpec("wished_regions", "意向地区", _list(region_code), _format_list(str), stored="packed"),
        decimal_column("wished_wage_min", "期望最低月工资"),
        terms_column("work_modes", "可接受的工作方式", WorkMode),
        decimal_column("max_commute_km", "最远通勤公里数"),
        term_column("transport", "出行方式", Transport),
        decimal_column("hours_per_day_max", "每日最长工时", 24),
        _levels_column("functions", "功能受限程度"),
        terms_column("accommodations_needed", "需要的合理便利", Accommodation),
        term_column("job_wish", "是否有就业意愿", YesNo),
        date_column("unemployed_since", "失业登记日期"),
        date_column("hard_to_employ_since", "就业困难人员认定日期"),
        date_column("hard_to_employ_until", "就业困难人员认定到期日"),
        id_column("household_id", "家庭编号", required=False),
        terms_column("household_kinds", "家庭类型", HouseholdKind),
        date_column("consent_matching_on", "同意参与匹配日期"),
        term_column("consent_disclosure", "是否同意向单位告知残疾", YesNo),
    ),
    Candidate,
)

INTERACTIONS = TableSpec(
    "interactions",
    "互动记录",
    ("candidate_id", "vacancy_id", "kind", "at"),
    (
        id_column("candidate_id", "求职者编号"),
        id_column("vacancy_id", "岗位编号"),
        term_column("kind", "类型", InteractionKind, required=True),
        date_column("at", "日期", required=True),
        text_column("reason", "原因"),
    ),
    Interaction,
)

PLACEMENTS = TableSpec(
    "placements",
    "就业安置",
    ("placement_id",),
    (
        id_column("placement_id", "安置编号"),
        id_column("candidate_id", "求职者编号"),
        code_column("employer_id", "统一社会信用代码"),
        id_column("vacancy_id", "岗位编号", required=False),
        term_column("form", "就业形式", PlacementForm),
        date_column("starts_on", "开始日期"),
        date_column("ends_on", "结束日期"),
        decimal_column("monthly_wage", "月工资"),
        integer_column("contract_months", "合同期限（月）"),
        term_column("social_insurance", "是否缴纳社会保险", YesNo),
        term_column("wage_paid_by_bank", "工资是否银行发放", YesNo),
        term_column("attendance_confirmed", "是否确认实际在岗", YesNo),
        also(decimal_column("insurance_base", "社会保险缴费基数（月）"), "缴费基数", "社保缴费基数", "月缴费基数"),
        also(term_column("insurance_base_limit", "缴费基数是否按上下限", BaseLimit), "缴费基数上下限"),
        also(code_column("insured_by", "参保单位统一社会信用代码"), "参保单位", "社保缴纳单位", "缴费单位"),
        also(term_column("remote_agreement", "是否有居家或远程办公约定", YesNo), "居家办公约定", "远程办公约定"),
        also(term_column("is_dispatch", "是否劳务派遣", YesNo), "劳务派遣", "是否派遣", "是否劳务派遣用工"),
        also(code_column("dispatch_agency", "派遣单位统一社会信用代码"), "派遣单位", "劳务派遣单位"),
        also(code_column("dispatch_host", "用工单位统一社会信用代码"), "用工单位", "实际用工单位", "接受单位"),
        also(term_column("counted", "本单位是否计入安排残疾人数", YesNo), "是否计入", "是否计入安排人数"),
    ),
    Placement,
)

SERVICES = TableSpec(
    "services",
    "就业服务",
    ("candidate_id", "kind", "on"),
    (
        id_column("candidate_id", "求职者编号"),
        term_column("kind", "服务类型", ServiceKind, required=True),
        date_column("on", "服务日期", required=True),
        text_column("by", "服务人员"),
        text_column("outcome", "结果"),
    ),
    Service,
)

COURSES = TableSpec(
    "courses",
    "培训课程",
    ("course_id",),
    (
        id_column("course_id", "课程编号"),
        text_column("provider", "培训机构"),
        text_column("title", "课程名称"),
        text_column("description", "课程说明"),
        texts_column("skills", "所授技能"),
        text_column("certificate", "可获证书"),
        ColumnSpec("class", "培训类别", _text, str, field="class_"),
        region_column("region", "培训地区"),
        date_column("starts_on", "开班日期"),
        date_column("ends_on", "结束日期"),
        integer_column("places", "名额"),
        terms_column("accommodations", "提供的合理便利", Accommodation),
    ),
    Course,
)

TABLES: Mapping[str, TableSpec] = {
    table.name: table for table in (EMPLOYERS, VACANCIES, CANDIDATES, INTERACTIONS, PLACEMENTS, SERVICES, COURSES)
}
