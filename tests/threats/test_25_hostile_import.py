"""25 | T/E: spreadsheet formula, macro, zip bomb, oversized or mixed-encoding import.

Corpus of hostile files: rejected or inert, bounded time and memory; exported cells are text.
"""

import csv
import io
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from pipelines.export import export
from pipelines.schema import COURSES
from pipelines.store.repositories import TableRepository
from pipelines.store.tables import CASE_TABLES
from tests.support.sent_files import (
    a_csv,
    a_file,
    a_lying_zip,
    a_macro_file,
    a_zip_bomb,
    an_entity_bomb,
    an_xlsx,
    inline,
    sheet_xml,
    with_part,
)
from tests.support.service import Service
from tests.support.stores import PROGRAM, noted
from tests.threats.doors import V1, by

FORMULAE = (
    '=HYPERLINK("http://evil.example","x")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|'x'!A1",
    "@SUM(1+1)",
    "\t=1+1",
    "＝1+1",
)
HEADERS = ("course_id", "title")


def _mixed(folder: Path) -> Path:
    return a_file(folder, "course_id,title\nk-1,电脑\n".encode() + "k-2,缝纫\n".encode("gb18030"))


def _far(folder: Path) -> Path:
    cells = f'<row r="1">{inline("A1", "course_id")}</row><row r="1048576">{inline("XFD1048576", "x")}</row>'
    return with_part(an_xlsx(folder, HEADERS), {"xl/worksheets/sheet1.xml": sheet_xml(cells)})


def _outside(folder: Path) -> Path:
    return with_part(an_xlsx(folder, HEADERS), {"../../outside.xml": b"x", "xl/../../../tmp/x": b"x"})


CORPUS = {
    "zip bomb": a_zip_bomb,
    "zip that lies about its size": a_lying_zip,
    "entity bomb": an_entity_bomb,
    "macro": a_macro_file,
    "mixed encoding": _mixed,
    "utf-16": lambda folder: a_file(folder, "course_id,title\nk,电脑\n".encode("utf-16")),
    "nul bytes": lambda folder: a_file(folder, b"course_id,title\nk\x00,x\n"),
    "endless line": lambda folder: a_file(folder, b"course_id,title\nk," + b"x" * 3_000_000),
    "endless cell in quotes": lambda folder: a_file(folder, b'course_id,title\nk,"' + b"x\n" * 1_500_000),
    "program under another name": lambda folder: a_file(folder, b"MZ\x90\x00" + b"\x00" * 4096, "file.xlsx"),
    "page under another name": lambda folder: a_file(folder, b"<html><script>alert(1)</script></html>"),
    "cell at the far end": _far,
    "parts outside": _outside,
    "no table": lambda folder: a_file(folder, b""),
    "a hundred thousand columns": lambda folder: a_file(folder, b",".join(b"c%d" % n for n in range(100_000))),
}  # fmt: skip


def _n_courses(house: Service) -> int:
    with house.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(CASE_TABLES["courses"])).scalar_one())


def _sent(house: Service, file: Path) -> Any:
    with file.open("rb") as stream:
        return house.client.post(f"{V1}/imports/courses", files={"file": (file.name, stream.read())}, headers=by(house))


@pytest.mark.parametrize("name", CORPUS)
def test_hostile_file_is_refused_soon_in_little_memory_and_leaves_nothing(
    house: Service, tmp_path: Path, name: str
) -> None:
    make: Any = CORPUS[name]
    file = make(tmp_path)
    tracemalloc.start()
    began = time.perf_counter()
    answer = _sent(house, file)
    took, (_, peak) = time.perf_counter() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code in (201, 422), answer.text
    assert answer.status_code == 422 or answer.json()["state"] in ("unreadable", "broken", "done"), answer.text
    assert answer.status_code == 422 or answer.json()["accepted"] in (None, 0), answer.text
    assert _n_courses(house) == 0
    assert "alert(1)" not in answer.text
    assert took < 30
    assert peak < 120_000_000


def test_file_beyond_the_limit_is_refused_before_it_is_read(house: Service) -> None:
    headers = {**by(house), "Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(51 * 1024 * 1024)}
    answer = house.client.post(f"{V1}/imports/courses", content=b"--x", headers=headers)
    assert answer.status_code == 413


def check_exported_cells_are_text(house: Service, folder: Path) -> None:
    """Store texts that a spreadsheet would run, and look at what is exported."""
    rows = [
        {**dict.fromkeys(COURSES.by_name), "course_id": f"k-{n}", "title": text, "description": text}
        for n, text in enumerate(FORMULAE)
    ]
    with house.engine.begin() as connection:
        TableRepository(noted(connection), COURSES, PROGRAM).insert(rows)
    with house.engine.begin() as connection:
        noted(connection)
        for suffix in (".csv", ".xlsx"):
            export(connection, COURSES, folder / f"out{suffix}", subject=PROGRAM)
    lines = list(csv.DictReader(io.StringIO((folder / "out.csv").read_text(encoding="utf-8-sig"), newline="")))
    assert [line["title"] for line in lines] == [f"'{text}" for text in FORMULAE]
    book = load_workbook(folder / "out.xlsx")
    cells = [cell for row in book.worksheets[0].iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    book.close()


def test_exported_cells_are_text_and_run_nowhere(house: Service, tmp_path: Path) -> None:
    check_exported_cells_are_text(house, tmp_path)


def test_formula_in_a_workbook_is_the_fault_of_its_row_and_its_result_is_not_taken(
    house: Service, tmp_path: Path
) -> None:
    answer = _sent(house, an_xlsx(tmp_path, HEADERS, [["k-1", "=1+1"], ["k-2", "电脑"]]))
    assert [answer.json()[name] for name in ("read", "accepted", "rejected")] == [2, 1, 1]


def test_rejects_handed_back_are_inert(house: Service, tmp_path: Path) -> None:
    told = _sent(house, a_csv(tmp_path, ("course_id", "title", "starts_on"), [["k-1", FORMULAE[0], "=1"]])).json()
    assert told["rejected"] == 1
    handed = house.client.get(f"{V1}/imports/{told['import_id']}/rejects", headers=by(house))
    cells = [cell for row in csv.reader(io.StringIO(handed.text.lstrip("﻿"), newline="")) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+@" and cell]
