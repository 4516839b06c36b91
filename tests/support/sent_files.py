"""Files as people really send them: sound ones, broken ones and hostile ones, made on the spot."""

import csv
import gzip
import io
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook

VACANCY_HEADERS = ("vacancy_id", "title", "region", "openings", "wage_min", "wage_max")


def vacancy_rows(n: int, *, start: int = 1) -> list[list[str]]:
    """Return sound vacancies under `VACANCY_HEADERS`."""
    return [[f"v-{i:05d}", f"文员{i}", "兰州市城关区", "2", "3000", "4500"] for i in range(start, start + n)]


def csv_text(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return CSV text."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([headers, *rows])
    return buffer.getvalue()


def a_csv(
    folder: Path,
    headers: Sequence[str] = VACANCY_HEADERS,
    rows: Iterable[Sequence[str]] = (),
    *,
    encoding: str = "utf-8",
    name: str = "file.csv",
) -> Path:
    """Write a CSV."""
    return a_file(folder, csv_text(headers, rows).encode(encoding), name)


def a_file(folder: Path, content: bytes, name: str = "file.csv") -> Path:
    """Write bytes as they are."""
    path = folder / name
    path.write_bytes(content)
    return path


def an_xlsx(
    folder: Path,
    headers: Sequence[Any] = VACANCY_HEADERS,
    rows: Iterable[Sequence[Any]] = (),
    *,
    name: str = "file.xlsx",
) -> Path:
    """Write a worksheet; values keep their type, text that starts with = is a formula."""
    book = Workbook()
    sheet: Any = book.active
    for row in [headers, *rows]:
        sheet.append(list(row))
    path = folder / name
    book.save(path)
    book.close()
    return path


def a_gzip(folder: Path, content: bytes, *, keep: float = 1.0, name: str = "file.csv.gz") -> Path:
    """Write a gzip, of which only the first part may be kept."""
    packed = gzip.compress(content, mtime=0)
    return a_file(folder, packed[: int(len(packed) * keep)], name)


def with_part(path: Path, parts: Mapping[str, bytes]) -> Path:
    """Put parts into an XLSX, in place of those of the same name."""
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**kept, **parts}.items():
            archive.writestr(name, content)
    return path


def sheet_xml(rows: str) -> bytes:
    """Return the XML of a worksheet."""
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{name}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def inline(reference: str, text: str) -> str:
    """Return the XML of one text cell."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def a_zip_bomb(folder: Path) -> Path:
    """Write an XLSX of some 200 kB whose worksheet unpacks to 200 MB."""
    return with_part(an_xlsx(folder), {"xl/worksheets/sheet1.xml": sheet_xml(" " * 200_000_000)})


def a_lying_zip(folder: Path) -> Path:
    """Write an XLSX whose worksheet is said to be smaller than it is, in both of the places that say so."""
    path = a_zip_bomb(folder)
    content = bytearray(path.read_bytes())
    true_size = struct.pack("<I", len(sheet_xml(" " * 200_000_000)))
    path.write_bytes(bytes(content).replace(true_size, struct.pack("<I", 1000)))
    return path


def an_entity_bomb(folder: Path) -> Path:
    """Write an XLSX with nested entities (billion laughs)."""
    entities = '<!ENTITY a "ha">' + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    body = sheet_xml(f'<row r="1">{inline("A1", "&j;")}</row>').decode()
    head = '<?xml version="1.0"?>'
    return with_part(
        an_xlsx(folder),
        {"xl/worksheets/sheet1.xml": body.replace(head, f"{head}<!DOCTYPE x [{entities}]>").encode()},
    )


def a_macro_file(folder: Path, name: str = "file.xlsx") -> Path:
    """Write a workbook with a macro project inside."""
    return with_part(an_xlsx(folder, name=name), {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 macro"})


def a_day(text: str) -> datetime:
    """Return a day as Excel hands it over."""
    return datetime.fromisoformat(text)
