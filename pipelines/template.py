"""An empty sheet to fill in: Chinese headers, drop-down values, and a second sheet that explains each column."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.styles.numbers import FORMAT_TEXT
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.errors import PipelineError
from pipelines.schema import CellError, ColumnSpec, TableSpec
from pipelines.workbooks import MAX_XLSX_ROWS, escape

EXPLANATION = "说明"
_EXPLAINED = ("列名", "中文表头", "是否必填", "可填内容", "示例")
_MAX_LIST = 255  # characters in a list of values that is written into the validation itself
_PROBES = ("?", "?=0", "ramp=?")  # cells that no column but free text takes: each refusal says what would be right

_BY_KIND: Mapping[str, str] = {"date": "2026-03-01", "integer": "2", "float": "103.83", "decimal": "8"}
# All invented; the citizen number is of nobody (a birth date in 1900, sequence 000).
_BY_NAME: Mapping[str, str] = {
    "employer_id": "91620000MA00000007",
    "name": "示例",
    "employer_name": "示例有限公司",
    "region": "兰州市城关区",
    "address": "示例路1号",
    "industry": "家政服务",
    "average_wage": "84000",
    "headcount": "120.5",
    "contact": "0931-0000000",
    "vacancy_id": "V-0001",
    "title": "数据标注员",
    "description": "在电脑上为图片加标签",
    "occupation": "数据标注",
    "welcomes": "视力;听力",
    "latitude": "36.06",
    "wage_min": "2500",
    "wage_max": "3500",
    "days_per_week": "5",
    "experience_years_min": "1",
    "skills": "打字;电子表格",
    "certificates": "保健按摩师",
    "contract_months": "12",
    "demands": "行走=1;手部操作=3",
    "accommodations": "坡道;读屏软件",
    "concessions": "加盟费减免",
    "candidate_id": "C-0001",
    "certificate_number": "62000019000101000442",
    "phone": "0931-0000000",
    "experience": "做过两年客服",
    "experience_years": "2",
    "wished_occupations": "客服;数据标注",
    "wished_regions": "兰州市;620500",
    "wished_wage_min": "2000",
    "work_modes": "到岗;居家",
    "max_commute_km": "10",
    "functions": "行走=3;手部操作=0",
    "accommodations_needed": "坡道",
    "household_id": "H-0001",
    "household_kinds": "脱贫户",
    "reason": "距离过远",
    "placement_id": "P-0001",
    "monthly_wage": "2800",
    "insurance_base": "2800",
    "insurance_base_limit": "在上下限之间",
    "insured_by": "91620000MA0000001A",
    "dispatch_agency": "91620000MA0000001A",
    "dispatch_host": "91620000MA00000007",
    "by": "城关区残联",
    "outcome": "已登记",
    "course_id": "K-0001",
    "provider": "示例培训学校",
    "certificate": "电子商务师",
    "class": "线上",
    "places": "30",
}
_BY_COLUMN: Mapping[tuple[str, str], str] = {
    ("vacancies", "accommodations"): "坡道=已核实;读屏软件=单位自报",
    ("employers", "name"): "示例有限公司",
    ("courses", "title"): "电子商务基础",
    ("courses", "description"): "网店开设与客服",
}


def write_template(table: TableSpec, path: Path, rows: Sequence[Mapping[str, str]] = ()) -> None:
    """Write an XLSX for a table to fill in; filled in, it can be imported as it is.

    `rows` are cells by column name that stand in it already. An import erases nothing by an empty cell, so that what is
    left out here stays as it is stored.

    Raises
    ------
    PipelineError
        For a suffix other than .xlsx, or a file that cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise PipelineError(f"空表应以 .xlsx 结尾，不能是“{path.suffix or path.name}”")
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = table.label
    _write_headers(sheet, table)
    _write_rows(sheet, table, rows)
    _write_explanation(book.create_sheet(EXPLANATION), table)
    try:
        book.save(path)
    except OSError as error:
        raise PipelineError(f"无法写入 {path.name}：文件夹不存在或不可写") from error


def _write_headers(sheet: Worksheet, table: TableSpec) -> None:
    sheet.freeze_panes = "A2"
    for index, column in enumerate(table.columns, start=1):
        letter = get_column_letter(index)
        header = sheet.cell(1, index, column.label)
        header.font = Font(bold=True, underline="single" if column.required else None)
        header.number_format = FORMAT_TEXT
        sheet.column_dimensions[letter].number_format = FORMAT_TEXT
        sheet.column_dimensions[letter].width = _width(column)
        if column.choices:
            _add_choices(sheet, letter, column)


def _write_rows(sheet: Worksheet, table: TableSpec, rows: Sequence[Mapping[str, str]]) -> None:
    for number, cells in enumerate(rows, start=2):
        for index, column in enumerate(table.columns, start=1):
            text = cells.get(column.name, "")
            if text:
                cell = sheet.cell(number, index)
                # Set as a text and not guessed: a cell that begins with = would be taken for a formula.
                cell.value = escape(text)
                cell.data_type = "s"
                cell.number_format = FORMAT_TEXT


def _width(column: ColumnSpec) -> int:
    """Return a width in Latin characters at which the header is seen whole; a Chinese character takes two."""
    needed = max(2 * len(column.label) + 2, 12)
    return max(needed, 24) if column.stored in ("text", "packed") else needed


def _add_choices(sheet: Worksheet, letter: str, column: ColumnSpec) -> None:
    formula = '"' + ",".join(choice_labels(column)) + '"'
    if len(formula) > _MAX_LIST:
        raise PipelineError(f"“{column.label}”的可选值过多，放不进下拉列表")
    choices = DataValidation(type="list", formula1=formula, allow_blank=True, showErrorMessage=True)
    choices.errorTitle, choices.error = column.label, "请从下拉列表中选择；不清楚的请留空"
    choices.add(f"{letter}2:{letter}{MAX_XLSX_ROWS}")
    sheet.add_data_validation(choices)


def choice_labels(column: ColumnSpec) -> list[str]:
    """Return the Chinese labels of the values that a column is chosen from."""
    return [column.parse(value).label for value in column.choices]


def _write_explanation(sheet: Worksheet, table: TableSpec) -> None:
    sheet.append(_EXPLAINED)
    for column in table.columns:
        required = "必填" if column.required else "可空（空即未知）"
        sheet.append([column.name, column.label, required, allowed(column), example(table, column)])
    for row in sheet.iter_rows():
        for cell in row:
            cell.number_format = FORMAT_TEXT
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=cell.row == 1)
    for letter, width in zip("ABCDE", (24, 24, 18, 70, 32), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"


def allowed(column: ColumnSpec) -> str:
    """Return what may stand in a column, in Chinese, as its own refusals say it."""
    said: dict[str, None] = {}
    for probe in _PROBES:
        try:
            column.parse(probe)
        except CellError as refusal:
            said[str(refusal)] = None
    if column.stored == "packed":
        said["可写多个，以 ; 分隔"] = None
    return "；".join(said) or "文字"


def example(table: TableSpec, column: ColumnSpec) -> str:
    """Return an invented cell that the column takes."""
    if column.choices:
        return choice_labels(column)[0]
    by_kind = _BY_KIND.get(column.stored, "")
    return _BY_COLUMN.get((table.name, column.name), _BY_NAME.get(column.name, by_kind))
