"""A table out of the store as CSV or XLSX, so that what was imported comes back equal.

The file appears whole or not at all; reading it back is `pipelines.sheets` and `pipelines.ingest`.
"""

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles.numbers import FORMAT_TEXT
from openpyxl.utils import get_column_letter
from sqlalchemy import Connection

from pipelines.access.roles import Subject
from pipelines.consent.effects import matching_refused
from pipelines.errors import PipelineError
from pipelines.mapping_protocol import RowMapping
from pipelines.schema import TableSpec
from pipelines.sheets import inert, plain
from pipelines.store.repositories import TableRepository
from pipelines.workbooks import MAX_XLSX_CELL, MAX_XLSX_ROWS, escape

Cells = Sequence[str]
_LEFT_WITH_CONSENT = frozenset({"candidates", "interactions", "services", "initiative_people", "visits"})
_Write = Callable[[Path, str, Iterable[Cells]], int]


def export(
    connection: Connection,
    table: TableSpec,
    out: Path,
    *,
    subject: Subject,
    mapping: RowMapping | None = None,
    handed_out: Callable[[str], None] | None = None,
) -> int:
    """Write every row of a table that the subject sees by its key, and return how many there were.

    `handed_out` is told the person of each row that has one, so that the caller can record the read.

    Who does not want to be matched is left out; placements stay, since they are evidence that the law wants kept.

    The headers are the column names, or those of the mapping where it has any. Empty cells are unknown values.

    Raises
    ------
    PipelineError
        For a suffix other than .csv and .xlsx, a folder that cannot be written, a text or a number of rows that XLSX
        cannot hold.
    """
    headers = _headers(table, mapping)
    left_out = matching_refused(connection) if table.name in _LEFT_WITH_CONSENT else frozenset()
    stored = TableRepository(connection, table, subject).rows()
    rows = _told_of((row for row in stored if row.get("candidate_id") not in left_out), handed_out)
    cells = ([column.format(row[column.name]) for column in table.columns] for row in rows)
    return write_sheet(out, table.label, headers, cells)


def write_sheet(out: Path, title: str, headers: Cells, rows: Iterable[Cells]) -> int:
    """Write cells under headers to a .csv or .xlsx file, whole or not at all, and return how many rows there were.

    Raises
    ------
    PipelineError
        For another suffix, the same header twice, a folder that cannot be written, or what XLSX cannot hold.
    """
    write = _WRITERS.get(out.suffix.lower())
    if write is None:
        raise PipelineError(f"导出文件应以 .csv 或 .xlsx 结尾，不能是“{out.suffix or out.name}”")
    _refuse_twice(headers)
    with _beside(out) as draft:
        return write(draft, title, _with_headers(headers, rows))


def _refuse_twice(headers: Cells) -> None:
    twice = next((header for header in headers if list(headers).count(header) > 1), None)
    if twice is not None:
        raise PipelineError(f"映射给了两列同一个表头“{twice}”，无法导出")


def _told_of(rows: Iterable[dict[str, Any]], handed_out: Callable[[str], None] | None) -> Iterator[dict[str, Any]]:
    for row in rows:
        if handed_out is not None and row.get("candidate_id") is not None:
            handed_out(row["candidate_id"])
        yield row


def _headers(table: TableSpec, mapping: RowMapping | None) -> list[str]:
    renamed = {} if mapping is None else mapping.export_headers
    return [renamed.get(column.name, column.name) for column in table.columns]


def _with_headers(headers: Cells, rows: Iterable[Cells]) -> Iterator[Cells]:
    yield headers
    yield from rows


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Give a file beside the wanted one, readable by its owner only, and move it into place when all went well."""
    draft: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.stem}-", suffix=out.suffix)
        os.close(handle)
        draft = Path(name)
        yield draft
        draft.replace(out)
    except OSError as error:
        raise PipelineError(f"无法写入 {out.name}：文件夹不存在、不可写或空间不足") from error
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


def _write_csv(path: Path, _: str, rows: Iterable[Cells]) -> int:
    count = -1  # the header is no row
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        for count, row in enumerate(rows):  # noqa: B007  the last number is the count of rows
            writer.writerow([inert(cell) for cell in row])
    return count


def csv_text(rows: Iterable[Cells]) -> bytes:
    """Return rows of cells, the head first, as a CSV that opens in Excel; no cell is taken for a formula."""
    held = io.StringIO(newline="")
    csv.writer(held).writerows([inert(cell) for cell in row] for row in rows)
    return held.getvalue().encode("utf-8-sig")


def _write_xlsx(path: Path, title: str, rows: Iterable[Cells]) -> int:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    try:
        count = _append(sheet, rows)
    finally:
        sheet.close()  # also where a row fails: openpyxl would otherwise end its half-written part much later
    book.save(path)
    return count


def _append(sheet: Any, rows: Iterable[Cells]) -> int:
    """Write the header and the rows, and return the number of rows.

    The stubs of openpyxl know too little of a write-only sheet for it to be named here.
    """
    sheet.freeze_panes = "A2"
    count = -1
    for count, row in enumerate(rows):
        if count == 0:
            for index in range(1, len(row) + 1):
                sheet.column_dimensions[get_column_letter(index)].number_format = FORMAT_TEXT
        if count >= MAX_XLSX_ROWS:
            raise PipelineError("行数超过 XLSX 的上限，请导出为 .csv")
        sheet.append([_text_cell(sheet, cell) for cell in row])
    return count


def _text_cell(sheet: Any, text: str) -> Cell | None:
    """Return a cell of text, whatever the text looks like; None leaves it empty."""
    if not text:
        return None
    # Text is not calculated here, so only what an import would take for an apostrophe of ours needs one.
    written = escape(text if plain(text) == text else inert(text))
    if len(written) > MAX_XLSX_CELL:
        raise PipelineError(f"有单元格超过 {MAX_XLSX_CELL} 个字，XLSX 放不下，请导出为 .csv")
    cell = WriteOnlyCell(sheet, written)
    cell.data_type = "s"
    cell.number_format = FORMAT_TEXT
    return cell


_WRITERS: dict[str, _Write] = {".csv": _write_csv, ".xlsx": _write_xlsx}
