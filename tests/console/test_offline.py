"""A sheet of a person goes out, is filled in without a line, and comes back; sealed facts are never in it."""

import io
from collections.abc import Iterator

import openpyxl
import pytest

from pipelines.access.roles import Action, Role
from pipelines.registers.people import People
from tests.api.test_matrix import CANARY, MINE, Province
from tests.support.pages import Visitor
from tests.support.province import TODAY
from tests.support.stores import PROGRAM, noted
from tests.threats.doors import a_province

FORMULA = "=HYPERLINK(1)"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A province in which one person has everything that a sheet could spoil or tell."""
    with a_province(tmp_path_factory.mktemp("offline")) as opened:
        with opened.engine.begin() as connection:
            people = People(noted(connection), PROGRAM)
            version = people.one(MINE, Action.READ_CANDIDATES).row.version
            cells = {"name": "孙小秘", "phone": "13933334444", "experience": FORMULA, "functions": "walking=3;hands=0"}
            assert people.change(MINE, cells, version, on=TODAY) is not None
        yield opened


def a_visitor(own: Province) -> Visitor:
    """Return a caseworker of the county."""
    return Visitor(own.client, own.enter(Role.CASEWORKER))


def sheet_of(visitor: Visitor, address: str) -> openpyxl.Workbook:
    """Return a sheet as it comes."""
    answer = visitor.client.get(address, headers=visitor.headers)
    assert answer.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(answer.content))


def test_sheet_of_a_person_goes_out_and_comes_back_filled_in(own: Province) -> None:
    visitor = a_visitor(own)
    book = sheet_of(visitor, f"/people/{MINE}/offline.xlsx")
    sheet = book.worksheets[0]
    names = [cell.value for cell in sheet[1]]
    held = dict(zip(names, sheet[2], strict=False))
    assert held["功能受限程度"].value == "行走=3;手部操作=0"
    assert (held["工作经历"].value, held["工作经历"].data_type) == (FORMULA, "s")
    told = " ".join(str(cell.value) for row in sheet.iter_rows() for cell in row)
    assert "孙小秘" not in told
    assert "13933334444" not in told
    held["技能"].value, held["技能"].data_type = "打字;客服", "s"
    out = io.BytesIO()
    book.save(out)

    form = visitor.open("/offline").form("/offline")
    sent = {"file": ("sheet.xlsx", out.getvalue())}
    fields = {name: values[0] for name, values in form.fields.items() if name != "file"}
    for _ in range(2):  # sent twice it is taken once
        answer = visitor.client.post("/offline", data=fields, files=sent, headers=visitor.headers)
        assert answer.status_code == 200
        assert "接收 1" in answer.text
    shown = visitor.open(f"/people/{MINE}")
    assert "打字、客服" in shown.text
    assert "孙**" in shown.text


def test_rows_that_cannot_be_taken_are_told_with_their_reason_and_without_the_number(own: Province) -> None:
    visitor = a_visitor(own)
    form = visitor.open("/offline").form("/offline")
    fields = {name: values[0] for name, values in form.fields.items() if name != "file"}
    rows = f"candidate_id,certificate_number,grade\nsent-1,{CANARY},9\n".encode()
    answer = visitor.client.post("/offline", data=fields, files={"file": ("a.csv", rows)}, headers=visitor.headers)
    assert "没有接收 1" in answer.text
    assert "有 1 行没有接收</h1>" in answer.text
    assert CANARY not in answer.text
    assert "残疾等级" in answer.text


def test_without_a_file_the_page_says_so(own: Province) -> None:
    visitor = a_visitor(own)
    told = visitor.send(visitor.open("/offline").form("/offline"), 422, file=[])
    assert "请先选择一个文件" in told.text


def test_empty_sheet_has_the_columns_and_no_row(own: Province) -> None:
    sheet = sheet_of(a_visitor(own), "/offline/empty.xlsx").worksheets[0]
    assert sheet.max_row == 1
    assert "残疾人证号" in [cell.value for cell in sheet[1]]
