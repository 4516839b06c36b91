"""Files as they arrive: ordinary, broken and hostile ones, made on the spot from invented rows."""

import csv
import gzip
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles.numbers import FORMAT_DATE_YYYYMMDD2

_SHEET = "xl/worksheets/sheet1.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def write_csv(path: Path, rows: Iterable[Sequence[str]], encoding: str = "utf-8") -> Path:
    """Write rows, the header first, as an ordinary CSV."""
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


def write_xlsx(path: Path, rows: Iterable[Sequence[Any]]) -> Path:
    """Write rows, the header first, as openpyxl writes them: days as day numbers, texts at `=` as formulas."""
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    for cells in book.worksheets[0].iter_rows():
        for cell in cells:
            if isinstance(cell.value, date):
                cell.number_format = FORMAT_DATE_YYYYMMDD2
    book.save(path)
    return path


def write_sheet_xml(path: Path, sheet: str, *, strings: str = "", styles: str = "", workbook: str = "") -> Path:
    """Write an XLSX whose rows are the given XML, for what no library would write."""
    kinds = {"worksheet": "worksheets/sheet1.xml", "sharedStrings": "sharedStrings.xml", "styles": "styles.xml"}
    links = "".join(
        f'<Relationship Id="{kind}" Type="{_DOCUMENT}/{kind}" Target="{target}"/>' for kind, target in kinds.items()
    )
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="b" Type="{_DOCUMENT}/officeDocument"'
        ' Target="/xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": workbook
        or f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets><sheet name="s" r:id="worksheet"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>',
        _SHEET: f'<worksheet xmlns="{_MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def inline(reference: str, text: str) -> str:
    """Return the XML of one text cell."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def cut(path: Path, share: float) -> Path:
    """Cut a file off, as a transfer that broke."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def compress(path: Path, data: bytes) -> Path:
    """Write a file in gzip."""
    path.write_bytes(gzip.compress(data, mtime=0))
    return path


def zip_bomb(path: Path, size: int) -> Path:
    """Write an XLSX whose sheet is `size` bytes of nothing behind a few thousand."""
    write_sheet_xml(path, "")
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist() if name != _SHEET}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
        with archive.open(_SHEET, "w", force_zip64=True) as stream:
            _fill(stream, size)
    return path


def gzip_bomb(path: Path, size: int) -> Path:
    """Write a CSV in gzip with `size` bytes of one comma after another, in lines."""
    with gzip.open(path, "wb") as stream:
        stream.write(b"vacancy_id,title\n")
        _fill(stream, size, (b"," * 1023 + b"\n") * 1024)
    return path


def _fill(stream: Any, size: int, block: bytes = b" " * (1 << 20)) -> None:
    for _ in range(size // len(block)):
        stream.write(block)


def entity_bomb(path: Path) -> Path:
    """Write an XLSX whose rows are entities of entities."""
    write_sheet_xml(path, "")
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE worksheet [<!ENTITY e0 "ha">{entities}]>'
    sheet = f'<row r="1">{inline("A1", "&e9;")}</row>'
    return _with_sheet(path, f'{doctype}<worksheet xmlns="{_MAIN}"><sheetData>{sheet}</sheetData></worksheet>')


def half_sheet(path: Path, sheet: str) -> Path:
    """Write an XLSX in which the XML of the rows stops in the middle."""
    write_sheet_xml(path, "")
    return _with_sheet(path, f'<worksheet xmlns="{_MAIN}"><sheetData>{sheet}')


def _with_sheet(path: Path, text: str) -> Path:
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[_SHEET] = text.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    path.write_bytes(buffer.getvalue())
    return path
