"""Reading files: ordinary, broken and hostile ones; every refusal is one sentence and no row is lost unsaid."""

import gzip
import time
import tracemalloc
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from pipelines.errors import PipelineError
from pipelines.schema import CANDIDATES, INTERACTIONS, VACANCIES
from pipelines.sheets import RawRow, Sheet, SheetError, inert, open_sheet, plain, resolve_headers
from tests.support.files import (
    compress,
    cut,
    entity_bomb,
    gzip_bomb,
    half_sheet,
    inline,
    write_csv,
    write_sheet_xml,
    write_xlsx,
    zip_bomb,
)

HEADER = "岗位编号,岗位名称\n"


def read(path: Path) -> list[RawRow]:
    """Return every row."""
    with open_sheet(path) as sheet:
        return list(sheet.rows)


def texts(path: Path) -> list[list[str]]:
    """Return every row's cells."""
    return [list(row.cells.values()) for row in read(path)]


def until_broken(path: Path) -> tuple[list[RawRow], SheetError]:
    """Return the rows before the file breaks, and how it breaks."""
    rows: list[RawRow] = []
    with open_sheet(path) as sheet, pytest.raises(SheetError) as caught:
        _take(sheet, rows)
    return rows, caught.value


def _take(sheet: Sheet, rows: list[RawRow]) -> None:
    for row in sheet.rows:
        rows.append(row)


def a_file(tmp_path: Path, content: str | bytes, name: str = "岗位.csv") -> Path:
    """Write a file."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# Encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_chinese_encodings_give_the_same_rows(tmp_path: Path, encoding: str) -> None:
    path = write_csv(tmp_path / "a.csv", [["岗位编号", "岗位名称"], ["v-1", "数据标注员"]], encoding)
    with open_sheet(path) as sheet:
        assert sheet.headers == ("岗位编号", "岗位名称")
        assert list(sheet.rows) == [RawRow(2, {"岗位编号": "v-1", "岗位名称": "数据标注员"})]


def test_rare_characters_of_gb18030_are_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [["岗位编号", "岗位名称"], ["v-1", "𬭚𠮷镕堃"], ["v-2", "联通"]], "gb18030")
    assert texts(path) == [["v-1", "𬭚𠮷镕堃"], ["v-2", "联通"]]


@pytest.mark.parametrize(("first", "second"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
@pytest.mark.parametrize("word", ["保洁员", "仓库管理员", "按摩师傅"])
def test_encoding_mix_names_the_first_differing_line(tmp_path: Path, first: str, second: str, word: str) -> None:
    content = (HEADER + "v-1,数据标注员\n").encode(first) + f"v-2,{word}\n".encode(second)
    with pytest.raises(SheetError, match=r"混用了.*第 3 行"):
        read(a_file(tmp_path, content))


def test_encoding_mix_within_one_line_is_found(tmp_path: Path) -> None:
    content = HEADER.encode("gbk") + "数据标注员,".encode() + "保洁员\n".encode("gbk")
    with pytest.raises(SheetError, match=r"混用了.*第 2 行"):
        read(a_file(tmp_path, content))


def test_encoding_mix_far_down_is_found_before_any_row_is_given(tmp_path: Path) -> None:
    many = "".join(f"v-{i},数据标注员\n" for i in range(100_000))
    with pytest.raises(SheetError, match="第 100002 行"):
        read(a_file(tmp_path, (HEADER + many).encode() + "v,保洁员\n".encode("gbk")))


def test_neither_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="第 2 行既不是 UTF-8 也不是 GB18030"):
        read(a_file(tmp_path, HEADER.encode() + b"v-1,\xff\xfe\xff\n"))


def test_utf16_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="另存为“CSV UTF-8”"):
        read(a_file(tmp_path, HEADER.encode("utf-16")))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_nul_bytes_are_refused_with_their_line(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(SheetError, match="第 3 行含有空字符"):
        read(a_file(tmp_path, (HEADER + "v-1,文员\nv-2,\0文员\n").encode(encoding)))


# Files that break off


def test_unterminated_quote_is_told_with_the_last_good_row(tmp_path: Path) -> None:
    rows, error = until_broken(a_file(tmp_path, HEADER + 'v-1,文员\nv-2,"保洁\nv-3,收银\n'))
    assert [row.number for row in rows] == [2]
    assert error.row == 2
    assert "第 2 行" in str(error)
    assert "引号没有成对" in str(error)


def test_misplaced_quote_is_told_not_guessed_at(tmp_path: Path) -> None:
    _, error = until_broken(a_file(tmp_path, HEADER + 'v-1,"文员"兼出纳\n'))
    assert "引号用法有误" in str(error)


def test_last_line_cut_short_is_told_and_not_taken(tmp_path: Path) -> None:
    rows, error = until_broken(a_file(tmp_path, HEADER + "v-1,文员\nv-2"))
    assert [row.number for row in rows] == [2]
    assert "末行不完整" in str(error)


def test_last_line_without_line_end_but_with_all_cells_is_taken(tmp_path: Path) -> None:
    assert texts(a_file(tmp_path, HEADER + "v-1,文员")) == [["v-1", "文员"]]


def test_short_line_within_a_file_has_unknown_cells(tmp_path: Path) -> None:
    assert texts(a_file(tmp_path, HEADER + "v-1\nv-2,文员\n")) == [["v-1", ""], ["v-2", "文员"]]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_half_a_character_at_the_end_is_a_file_that_broke_off(tmp_path: Path, encoding: str) -> None:
    rows, error = until_broken(a_file(tmp_path, (HEADER + "v-1,文员\nv-2,保洁").encode(encoding)[:-1]))
    assert [row.number for row in rows] == [2]
    assert "半个字" in str(error)


def test_packed_csv_is_read(tmp_path: Path) -> None:
    assert texts(compress(tmp_path / "a.csv.gz", (HEADER + "v-1,文员\n").encode("gb18030"))) == [["v-1", "文员"]]


def test_truncated_gzip_gives_what_is_there_and_then_tells(tmp_path: Path) -> None:
    lines = "".join(f"v-{i},岗位{i * 7919 % 100_003}\n" for i in range(50_000))
    rows, error = until_broken(cut(compress(tmp_path / "a.csv.gz", (HEADER + lines).encode()), 0.5))
    assert 10_000 < len(rows) < 40_000
    assert error.row == rows[-1].number
    assert "压缩文件不完整" in str(error)
    assert rows[-1].cells["岗位编号"] == f"v-{len(rows) - 1}"


def test_corrupt_gzip_is_told(tmp_path: Path) -> None:
    path = compress(tmp_path / "a.csv.gz", (HEADER + "v-1,文员\n" * 1000).encode())
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF  # the checksum
    path.write_bytes(data)
    _, error = until_broken(path)
    assert "不完整或已损坏" in str(error)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_truncated_workbook_is_refused(tmp_path: Path, share: float) -> None:
    path = cut(write_xlsx(tmp_path / "a.xlsx", [["岗位编号"], ["v-1"]]), share)
    with pytest.raises(SheetError, match="不完整或不是 XLSX"):
        read(path)


def test_workbook_whose_rows_stop_gives_what_is_there_and_then_tells(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}">{inline(f"A{n}", f"v-{n}")}</row>' for n in range(1, 4))
    taken, error = until_broken(half_sheet(tmp_path / "a.xlsx", rows + '<row r="4"><c r="A4"'))
    assert [row.number for row in taken] == [2, 3]
    assert "只能读到第 3 行" in str(error)


# Headers and rows


@pytest.mark.parametrize("content", ["", "\n\n", ",,\n", "\ufeff"])
def test_empty_file_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(SheetError, match="是空的"):
        read(a_file(tmp_path, content))


def test_blank_first_row_is_no_header(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="表头应在第 1 行"):
        read(a_file(tmp_path, ",\n" + HEADER))


def test_duplicate_header_names_both_columns(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="第 1 列和第 3 列都是“岗位编号”"):
        read(a_file(tmp_path, "岗位编号,岗位名称, 岗位编号 \nv-1,文员,v-2\n"))


def test_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert read(a_file(tmp_path, HEADER)) == []


def test_other_separators_are_told(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="英文逗号"):
        read(a_file(tmp_path, "岗位编号;岗位名称\nv-1;文员\n"))


def test_row_with_more_cells_than_headers_has_a_problem_and_the_others_none(tmp_path: Path) -> None:
    rows = read(a_file(tmp_path, HEADER + "v-1,文员,多\nv-2,保洁\n"))
    assert rows[0].problem == ("", "第 3 列有内容而没有表头（多出的单元格）")
    assert rows[0].cells == {"岗位编号": "v-1", "岗位名称": "文员"}
    assert rows[1].problem is None


def test_trailing_empty_cells_and_rows_are_nothing(tmp_path: Path) -> None:
    rows = read(a_file(tmp_path, "岗位编号,岗位名称,,\nv-1,文员,,\n,,,\n\nv-2,保洁, ,\n , ,\n\n"))
    assert [(row.number, row.problem) for row in rows] == [(2, None), (5, None)]


def test_quoted_line_breaks_stay_and_count_as_one_row(tmp_path: Path) -> None:
    rows = read(a_file(tmp_path, HEADER + 'v-1,"甲\r\n乙"\nv-2,丙\n'))
    assert [(row.number, row.cells["岗位名称"]) for row in rows] == [(2, "甲\r\n乙"), (3, "丙")]


def test_cell_beyond_one_megabyte_is_an_error_with_its_row(tmp_path: Path) -> None:
    _, error = until_broken(a_file(tmp_path, HEADER + "v-1,文员\nv-2," + "x" * 1_100_000 + "\n"))
    assert "只能读到第 2 行" in str(error)
    assert "1 MB" in str(error)


def test_cell_of_nearly_one_megabyte_is_read(tmp_path: Path) -> None:
    assert len(texts(a_file(tmp_path, HEADER + "v-1," + "x" * 1_000_000 + "\n"))[0][1]) == 1_000_000


def test_endless_line_is_an_error(tmp_path: Path) -> None:
    _, error = until_broken(a_file(tmp_path, HEADER + "v," * 5_000_000))
    assert "过长的一行" in str(error)


# Kinds of file


@pytest.mark.parametrize("suffix", [".xls", ".xlsm", ".xlsb", ".ods", ".pdf", ".txt", ""])
def test_other_kinds_of_file_are_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(SheetError, match=r"\.xlsx|\.csv"):
        read(a_file(tmp_path, "x", f"a{suffix}"))


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("a.xlsx", b"\xd0\xcf\x11\xe0rest", "密码"),
        ("a.xlsx", b"a,b\n1,2\n", "不是 XLSX"),
        ("a.csv", b"PK\x03\x04rest", "后缀"),
        ("a.csv", b"\x1f\x8brest", "后缀"),
        ("a.csv.gz", b"a,b\n", "不是 gzip"),
    ],
)
def test_content_that_belies_the_name_is_refused(tmp_path: Path, name: str, head: bytes, said: str) -> None:
    with pytest.raises(SheetError, match=said):
        read(a_file(tmp_path, head, name))


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="找不到文件"):
        read(tmp_path / "无.csv")
    (tmp_path / "夹.csv").mkdir()
    with pytest.raises(PipelineError, match="无法打开"):
        read(tmp_path / "夹.csv")


# Workbooks


def test_values_of_a_workbook_become_canonical_text(tmp_path: Path) -> None:
    values = ["文", 3.0, 2500, 0.1 + 0.2, -103.5, True, False, date(2026, 3, 1), datetime(2026, 3, 1, 9, 30), None]  # noqa: DTZ001  a sheet's time has no zone
    path = write_xlsx(tmp_path / "a.xlsx", [[f"列{i}" for i in range(len(values))], values])
    assert texts(path) == [["文", "3", "2500", "0.3", "-103.5", "是", "否", "2026-03-01", "2026-03-01", ""]]


def test_formula_is_the_problem_of_its_row_alone_and_its_stored_result_is_not_taken(tmp_path: Path) -> None:
    cells = '<c r="A2"><v>1</v></c><c r="B2"><f>1+1</f><v>2</v></c>'
    path = write_sheet_xml(
        tmp_path / "a.xlsx",
        f'<row r="1">{inline("A1", "甲")}{inline("B1", "乙")}</row><row r="2">{cells}</row>'
        f'<row r="3">{inline("A3", "x")}</row>',
    )
    first, second = read(path)
    assert first.problem is not None
    assert first.problem[0] == "乙"
    assert "单元格是公式" in first.problem[1]
    assert first.cells == {"甲": "1", "乙": ""}
    assert second.problem is None


def test_every_cell_of_an_array_formula_is_a_formula(tmp_path: Path) -> None:
    path = write_sheet_xml(
        tmp_path / "a.xlsx",
        f'<row r="1">{inline("A1", "甲")}</row>'
        '<row r="2"><c r="A2"><f t="array" ref="A2:A3">B2:B3*2</f><v>2</v></c></row>'
        '<row r="3"><c r="A3"><v>4</v></c></row><row r="4"><c r="A4"><v>5</v></c></row>',
    )
    assert [row.problem is None for row in read(path)] == [False, False, True]


@pytest.mark.parametrize("number", ["6.2010219900101123E+17", "620102199001011230", "1234567890123456"])
def test_digits_lost_by_excel_are_the_problem_of_their_row(tmp_path: Path, number: str) -> None:
    path = write_sheet_xml(
        tmp_path / "a.xlsx", f'<row r="1">{inline("A1", "号")}</row><row r="2"><c r="A2"><v>{number}</v></c></row>'
    )
    (row,) = read(path)
    assert row.problem is not None
    assert row.problem[0] == "号"
    assert "丢失末尾" in row.problem[1]
    assert number not in row.problem[1]


@pytest.mark.parametrize(("number", "text"), [("123456789012345", "123456789012345"), ("1.5E3", "1500"), ("0", "0")])
def test_numbers_that_excel_keeps_are_taken(tmp_path: Path, number: str, text: str) -> None:
    path = write_sheet_xml(
        tmp_path / "a.xlsx", f'<row r="1">{inline("A1", "号")}</row><row r="2"><c r="A2"><v>{number}</v></c></row>'
    )
    assert texts(path) == [[text]]


@pytest.mark.parametrize(
    ("format_id", "text"), [("14", "2026-03-01"), ("31", "2026-03-01"), ("58", "2026-03-01"), ("2", "46082")]
)
def test_chinese_day_formats_are_days(tmp_path: Path, format_id: str, text: str) -> None:
    path = write_sheet_xml(
        tmp_path / "a.xlsx",
        f'<row r="1">{inline("A1", "日期")}</row><row r="2"><c r="A2" s="1"><v>46082</v></c></row>',
        styles=f'<cellXfs><xf numFmtId="0"/><xf numFmtId="{format_id}"/></cellXfs>',
    )
    assert texts(path) == [[text]]


def test_error_values_are_problems(tmp_path: Path) -> None:
    path = write_sheet_xml(
        tmp_path / "a.xlsx", f'<row r="1">{inline("A1", "号")}</row><row r="2"><c r="A2" t="e"><v>#N/A</v></c></row>'
    )
    (row,) = read(path)
    assert row.problem == ("号", "单元格是错误值（如 #N/A）")


def test_shared_strings_keep_runs_and_drop_readings(tmp_path: Path) -> None:
    path = write_sheet_xml(
        tmp_path / "a.xlsx",
        '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>',
        strings="<si><t>名称</t></si><si><r><t>数据</t></r><r><t>标注_x000D_员</t></r><rPh><t>shuju</t></rPh></si>",
    )
    assert texts(path) == [["数据标注\r员"]]


def test_first_visible_sheet_is_read(tmp_path: Path) -> None:
    book = Workbook()
    for name, cell in (("隐藏", "甲"), ("岗位", "乙"), ("说明", "丙")):
        book.create_sheet(name).append([cell])
    del book[book.sheetnames[0]]
    book["隐藏"].sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    with open_sheet(tmp_path / "a.xlsx") as sheet:
        assert sheet.headers == ("乙",)


def test_workbook_without_a_visible_sheet_is_refused(tmp_path: Path) -> None:
    path = write_sheet_xml(
        tmp_path / "a.xlsx",
        f'<row r="1">{inline("A1", "甲")}</row>',
        workbook='<workbook xmlns:r="r"><sheets><sheet name="h" state="hidden" r:id="worksheet"/></sheets></workbook>',
    )
    with pytest.raises(SheetError, match="没有可见的工作表"):
        read(path)


@pytest.mark.parametrize(
    "rows",
    [
        f'<row r="1">{inline("A1", "甲")}</row><row r="3"/><row r="2">{inline("A2", "x")}</row>',
        f'<row r="1">{inline("A1", "甲")}</row><row r="99999999999">{inline("A2", "x")}</row>',
        f'<row r="1">{inline("A1", "甲")}</row><row r="2">{inline("ZZZ2", "x")}</row>',
        f'<row r="1">{inline("A1", "甲")}</row><row r="2">{inline("A2", "x")}{inline("A2", "y")}</row>',
        f'<row r="1">{inline("A1", "甲")}</row><row r="2"><c r="A2" t="s"><v>7</v></c></row>',
    ],
)
def test_rows_and_cells_out_of_place_are_told_not_dropped(tmp_path: Path, rows: str) -> None:
    _, error = until_broken(write_sheet_xml(tmp_path / "a.xlsx", rows))
    assert error.row == 1


def test_far_column_costs_nothing_and_is_a_problem(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}">{inline(f"XFD{n}", "x")}</row>' for n in range(2, 3000))
    started = time.perf_counter()
    taken = read(write_sheet_xml(tmp_path / "a.xlsx", f'<row r="1">{inline("A1", "甲")}</row>{rows}'))
    assert time.perf_counter() - started < 5
    assert all(row.problem is not None for row in taken)


# Bombs and size


def test_zip_bomb_is_refused_at_once(tmp_path: Path) -> None:
    path = zip_bomb(tmp_path / "a.xlsx", 200 << 20)
    started = time.perf_counter()
    with pytest.raises(SheetError, match="压缩炸弹"):
        read(path)
    assert time.perf_counter() - started < 1


def test_gzip_bomb_is_refused_soon(tmp_path: Path) -> None:
    path = gzip_bomb(tmp_path / "a.csv.gz", 200 << 20)
    started = time.perf_counter()
    with pytest.raises(SheetError, match="压缩炸弹"):
        read(path)
    assert time.perf_counter() - started < 10


def test_entity_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="表头无法读取"):
        read(entity_bomb(tmp_path / "a.xlsx"))


def test_repetitive_workbook_is_no_bomb(tmp_path: Path) -> None:
    rows = [["编号", "名称"], *([f"v-{i}", "保洁员"] for i in range(20_000))]
    assert len(read(write_xlsx(tmp_path / "a.xlsx", rows))) == 20_000


def test_two_hundred_thousand_rows_take_bounded_memory(tmp_path: Path) -> None:
    line = "v-{},数据标注员,在电脑上为图片加标签,620102,2500,3500\n"
    path = tmp_path / "a.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as stream:
        stream.write("岗位编号,岗位名称,岗位描述,工作地区,月工资下限,月工资上限\n")
        stream.writelines(line.format(i) for i in range(200_000))
    tracemalloc.start()
    with open_sheet(path) as sheet:
        count = sum(1 for _ in sheet.rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 12_000_000


def test_workbook_rows_take_bounded_memory(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}">{inline(f"A{n}", f"v-{n}")}</row>' for n in range(2, 20_000))
    path = write_sheet_xml(tmp_path / "a.xlsx", f'<row r="1">{inline("A1", "甲")}</row>{rows}')
    tracemalloc.start()
    with open_sheet(path) as sheet:
        count = sum(1 for _ in sheet.rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 19_998
    assert peak < 4_000_000


# Damage anywhere


def _sound(path: Path) -> bytes:
    rows = [["编号", "名称"], *([f"v-{i}", f"岗位{i * 7919 % 1009}"] for i in range(300))]
    if path.suffix == ".xlsx":
        return write_xlsx(path, rows).read_bytes()
    text = "".join(",".join(row) + "\n" for row in rows).encode("gb18030")
    return compress(path, text).read_bytes() if path.suffix == ".gz" else text


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.xlsx"])
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), is_cut=st.booleans())
def test_damage_gives_rows_or_one_sentence_and_nothing_else(
    tmp_path: Path, name: str, where: float, value: int, is_cut: bool
) -> None:
    path = tmp_path / name
    data = bytearray(_sound(path))
    place = int(where * len(data))
    data[place:] = b"" if is_cut else bytes([value]) + data[place + 1 :]
    path.write_bytes(data)
    numbers, said = [], ""
    try:
        numbers = [row.number for row in read(path)]
    except SheetError as error:
        said = str(error)
    assert numbers == sorted(set(numbers))
    assert "\n" not in said


# Headers to columns


def test_headers_are_names_or_labels() -> None:
    assert resolve_headers(["vacancy_id", "岗位名称", "Region"], VACANCIES) == {
        "vacancy_id": "vacancy_id",
        "岗位名称": "title",
        "Region": "region",
    }


@pytest.mark.parametrize(
    ("header", "meant"),
    [("岗位名", "岗位名称"), ("月工资上線", "月工资上限"), ("opening", "openings"), ("wage_mim", "wage_min")],
)
def test_wrong_header_is_told_with_what_was_meant(header: str, meant: str) -> None:
    with pytest.raises(SheetError, match=f"“{header}”，您是否指“{meant}”？"):
        resolve_headers(["岗位编号", header], VACANCIES)


def test_all_wrong_headers_are_told_at_once() -> None:
    with pytest.raises(SheetError, match=r"“天气”；“类別”，您是否指“类型”"):
        resolve_headers(["求职者编号", "天气", "类別"], INTERACTIONS)


def test_name_and_label_of_one_column_are_a_duplicate() -> None:
    with pytest.raises(SheetError, match="“title”和“岗位名称”是同一列"):
        resolve_headers(["vacancy_id", "title", "岗位名称"], VACANCIES)


def test_missing_required_columns_are_named() -> None:
    with pytest.raises(SheetError, match=r"缺少必需的列：岗位编号（vacancy_id）"):
        resolve_headers(["title"], VACANCIES)


def test_data_in_place_of_a_header_is_not_repeated() -> None:
    with pytest.raises(SheetError) as caught:
        resolve_headers(["张三", "13900000000"], CANDIDATES)
    assert "不是表头" in str(caught.value)
    assert "张三" not in str(caught.value)


# Formula-like text


@pytest.mark.parametrize("text", ["=1+1", "+86 139", "-1+1", "@SUM(A1)", "\t=1", "＝1", "'=1", "''@x"])
def test_formula_like_text_is_made_inert(text: str) -> None:
    assert inert(text) == "'" + text


@pytest.mark.parametrize("text", ["-12.5", "文员", "'引", "a=b", ""])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert inert(text) == text


@given(st.text(alphabet=st.sampled_from("'=+-@\t a1＝"), max_size=6) | st.text())
def test_plain_undoes_inert(text: str) -> None:
    assert plain(inert(text)) == text
