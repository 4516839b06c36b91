"""Templates: an empty sheet that says what it wants and can be imported once filled in."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from pipelines.errors import PipelineError
from pipelines.schema import CANDIDATES, TABLES, VACANCIES, ColumnSpec, TableSpec
from pipelines.sheets import open_sheet, resolve_headers
from pipelines.template import EXPLANATION, allowed, choice_labels, example, write_template

COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns]
EVERY_COLUMN = pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{t.name}.{c.name}" for t, c in COLUMNS])
EVERY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def template(tmp_path: Path, table: TableSpec) -> Any:
    """Write a template and open it."""
    write_template(table, tmp_path / "a.xlsx")
    return load_workbook(tmp_path / "a.xlsx")


@EVERY_TABLE
def test_filled_template_can_be_imported(tmp_path: Path, table: TableSpec) -> None:
    book = template(tmp_path, table)
    book[table.label].append([example(table, column) for column in table.columns])
    book.save(tmp_path / "a.xlsx")
    with open_sheet(tmp_path / "a.xlsx") as sheet:
        names = resolve_headers(sheet.headers, table)
        (row,) = sheet.rows
    values = {name: table.column(name).parse(row.cells[header]) for header, name in names.items()}
    assert list(values) == [column.name for column in table.columns]
    assert None not in values.values()


@EVERY_TABLE
def test_empty_template_has_labels_and_no_rows(tmp_path: Path, table: TableSpec) -> None:
    write_template(table, tmp_path / "a.xlsx")
    with open_sheet(tmp_path / "a.xlsx") as sheet:
        assert sheet.headers == tuple(column.label for column in table.columns)
        assert list(sheet.rows) == []


@EVERY_COLUMN
def test_example_is_one_that_the_column_takes(table: TableSpec, column: ColumnSpec) -> None:
    assert column.parse(example(table, column)) is not None


def test_choices_drop_down_in_chinese_and_are_taken(tmp_path: Path) -> None:
    book = template(tmp_path, VACANCIES)
    sheet = book[VACANCIES.label]
    column = list(VACANCIES.by_name).index("kind")
    found = [v for v in sheet.data_validations.dataValidation if sheet.cell(2, column + 1).coordinate in v.sqref]
    assert [v.type for v in found] == ["list"]
    labels = found[0].formula1.strip('"').split(",")
    assert labels[:2] == ["公开招聘", "定向招聘"]
    assert [VACANCIES.column("kind").parse(label).value for label in labels] == list(VACANCIES.column("kind").choices)


@EVERY_COLUMN
def test_lists_of_choices_fit_into_the_cell_rule(table: TableSpec, column: ColumnSpec) -> None:
    labels = choice_labels(column)
    assert not any("," in label for label in labels)
    assert len(",".join(labels)) + 2 <= 255


def test_columns_are_text_and_the_header_stays_in_sight(tmp_path: Path) -> None:
    sheet = template(tmp_path, CANDIDATES)[CANDIDATES.label]
    assert sheet.freeze_panes == "A2"
    assert {sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[1]} == {"@"}
    assert all(sheet.column_dimensions[cell.column_letter].width >= 2 * len(cell.value) for cell in sheet[1])


def test_explanation_lists_every_column(tmp_path: Path) -> None:
    book = template(tmp_path, VACANCIES)
    rows = {row[0]: row for row in book[EXPLANATION].iter_rows(min_row=2, values_only=True)}
    assert book.sheetnames == [VACANCIES.label, EXPLANATION]
    assert list(rows) == [column.name for column in VACANCIES.columns]
    assert rows["title"][1:3] == ("岗位名称", "必填")
    assert "remote（居家）" in rows["work_mode"][3]
    assert rows["openings"][2].startswith("可空")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("welcomes", "vision（视力）"),
        ("demands", "walking（行走）"),
        ("demands", "0至4"),
        ("accommodations", "已核实"),
        ("opens_on", "YYYY-MM-DD"),
        ("skills", "以 ; 分隔"),
        ("description", "文字"),
    ],
)
def test_allowed_values_are_said_in_chinese(name: str, said: str) -> None:
    assert said in allowed(VACANCIES.column(name))


def test_other_suffix_and_missing_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"\.xlsx"):
        write_template(VACANCIES, tmp_path / "a.csv")
    with pytest.raises(PipelineError, match="无法写入"):
        write_template(VACANCIES, tmp_path / "无" / "a.xlsx")
