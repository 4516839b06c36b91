"""The report as a Word document, a workbook or a page, from one layout; the ending of the file's name says which."""

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from pipelines.errors import PipelineError
from pipelines.reports.plan.layout import BY_HAND, Layout, Sheet, bar, laid_out

_FONT = "宋体"
_MANY, _SMALL = 6, 8
_A4, _MARGIN, _DRAWN = (210, 297), 20, (45, 95, 30)
"""In millimetres. The longest bar stands in one line: folded it would be as long as half of it."""
_BY_HAND_HEAD = ("事项", "条款", "在哪里看、向谁核实")


class NoSuchKind(PipelineError):
    """A file whose ending is none of those that can be written."""


def write_report(report: Mapping[str, Any], out: Path) -> None:
    """Write a report of `plan_report` to a file.

    Raises
    ------
    NoSuchKind
        When its ending is not .docx, .xlsx or .html.
    """
    write_layout(laid_out(report), out)


def write_layout(layout: Layout, out: Path) -> None:
    """Write text and tables to a file.

    Raises
    ------
    NoSuchKind
        When its ending is not .docx, .xlsx or .html.
    """
    check_ending(out)
    _WRITERS[out.suffix.lower()](layout, out)


def check_ending(out: Path) -> None:
    """Refuse a name that no report can be written to; asked before a province is counted for it.

    Raises
    ------
    NoSuchKind
        When its ending is not .docx, .xlsx or .html.
    """
    if out.suffix.lower() not in _WRITERS:
        raise NoSuchKind("报告文件的名称应以 .docx、.xlsx 或 .html 结尾")


# ---- Word -----------------------------------------------------------------------------------------------------------


def _word(layout: Layout, out: Path) -> None:
    document = Document()
    normal: Any = document.styles["Normal"]
    normal.font.name = _FONT
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    for section in document.sections:
        section.page_width, section.page_height = map(Mm, _A4)
        section.left_margin = section.right_margin = Mm(_MARGIN)
    document.core_properties.title = layout.title
    document.core_properties.language = "zh-CN"
    document.add_heading(layout.title, level=0)
    for line in layout.lead:
        document.add_paragraph(line)
    for sheet in layout.sheets:
        document.add_heading(sheet.title, level=1)
        for note in sheet.notes:
            document.add_paragraph(note)
        _word_table(document, sheet.head, sheet.rows)
        if sheet.chart:
            document.add_paragraph(f"图：{sheet.chart_title}")
            most = max(value for _, value in sheet.chart)
            drawn = [(label, bar(value, most), value) for label, value in sheet.chart]
            _word_table(document, ("地区", "图示", sheet.chart_title), drawn, _DRAWN)
    if layout.by_hand:
        document.add_heading(BY_HAND, level=1)
        _word_table(document, _BY_HAND_HEAD, layout.by_hand)
    document.add_paragraph(layout.notice)
    document.save(str(out))


def _word_table(document: Any, head: tuple[str, ...], rows: Any, widths: tuple[int, ...] = ()) -> None:
    table = document.add_table(rows=1, cols=len(head), style="Table Grid")
    if widths:
        table.autofit = False
    for cell, text in zip(table.rows[0].cells, head, strict=True):
        cell.text = text
    # A reader that reads aloud, and every page after the first, is told which row is the head.
    properties = table.rows[0]._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:tblHeader"))
    for row in rows:
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = str(value)
    for column, width in zip(table.columns, widths, strict=False):
        for cell in (column, *column.cells):
            cell.width = Mm(width)
    if widths or len(head) > _MANY:
        for cell in (cell for row in table.rows for cell in row.cells):
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(_SMALL)


# ---- a workbook -----------------------------------------------------------------------------------------------------


def _workbook(layout: Layout, out: Path) -> None:
    book = Workbook()
    lead: Any = book.active
    lead.title = "说明"
    for line in (layout.title, *layout.lead, layout.notice):
        lead.append([line])
    lead.column_dimensions["A"].width = 100
    for number, sheet in enumerate(layout.sheets, 1):
        _worksheet(book.create_sheet(f"{number}"), sheet)
    if layout.by_hand:
        by_hand = book.create_sheet(BY_HAND)
        for row in (_BY_HAND_HEAD, *layout.by_hand):
            by_hand.append(list(row))
    book.save(out)


def _worksheet(page: Any, sheet: Sheet) -> None:
    page.append([sheet.title])
    page["A1"].font = Font(bold=True, size=14)
    for note in sheet.notes:
        page.append([note])
    first = page.max_row + 1
    page.append(list(sheet.head))
    for row in sheet.rows:
        page.append(list(row))
    for column in range(1, len(sheet.head) + 1):
        page.cell(first, column).font = Font(bold=True)
        page.column_dimensions[get_column_letter(column)].width = 24
    page.freeze_panes = page.cell(first + 1, 2)
    if not sheet.chart:
        return
    # What is drawn stands beside the table: cells that are not told would be drawn as nought.
    at = len(sheet.head) + 2
    for offset, (label, value) in enumerate((("地区", sheet.chart_title), *sheet.chart)):
        page.cell(first + offset, at, label)
        page.cell(first + offset, at + 1, value)
    last = first + len(sheet.chart)
    chart = BarChart()
    chart.type, chart.title, chart.legend = "bar", sheet.chart_title, None
    chart.add_data(Reference(page, min_col=at + 1, min_row=first, max_row=last), titles_from_data=True)
    chart.set_categories(Reference(page, min_col=at, min_row=first + 1, max_row=last))
    page.add_chart(chart, f"A{first + len(sheet.rows) + 3}")


# ---- a page ---------------------------------------------------------------------------------------------------------


def _page(layout: Layout, out: Path) -> None:
    parts = [
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">',
        f"<title>{escape(layout.title)}</title>",
        "<style>body{font-family:sans-serif;max-width:75rem;margin:auto;padding:1rem}table{border-collapse:collapse}"
        "th,td{border:1px solid #555;padding:.25rem .5rem;text-align:right}th:first-child,td:first-child"
        "{text-align:left}.words td,.drawn :nth-child(2){text-align:left}caption{text-align:left;font-weight:bold}",
        "</style></head><body><main>",
        f"<h1>{escape(layout.title)}</h1>",
        *(f"<p>{escape(line)}</p>" for line in layout.lead),
    ]
    for sheet in layout.sheets:
        parts.append(f"<h2>{escape(sheet.title)}</h2>")
        parts += [f"<p>{escape(note)}</p>" for note in sheet.notes]
        parts.append(_html_table(sheet.title, sheet.head, sheet.rows))
        if sheet.chart:
            most = max(value for _, value in sheet.chart)
            drawn = [(label, bar(value, most), value) for label, value in sheet.chart]
            parts.append(_html_table(f"图：{sheet.chart_title}", ("地区", "图示", sheet.chart_title), drawn, "drawn"))
    if layout.by_hand:
        parts.append(f"<h2>{BY_HAND}</h2>")
        parts.append(_html_table(BY_HAND, _BY_HAND_HEAD, layout.by_hand, "words"))
    parts.append(f"<p>{escape(layout.notice)}</p></main></body></html>")
    out.write_text("\n".join(parts), encoding="utf-8")


def _html_table(caption: str, head: tuple[str, ...], rows: Any, kind: str = "numbers") -> str:
    columns = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    body = "".join(
        f'<tr><th scope="row">{escape(str(row[0]))}</th>'
        + "".join(f"<td>{escape(str(value))}</td>" for value in row[1:])
        + "</tr>"
        for row in rows
    )
    caption = f"<caption>{escape(caption)}</caption>"
    return f'<table class="{kind}">{caption}<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>'


_WRITERS: Mapping[str, Callable[[Layout, Path], None]] = {".docx": _word, ".xlsx": _workbook, ".html": _page}
