"""Imports on both databases: counts that add up, personal cells hidden, broken files, and a whole round trip."""

import csv
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from matching.entities import Candidate, FactSource
from matching.vocabulary import Sex, YesNo
from pipelines.errors import PipelineError, SheetError
from pipelines.export import export
from pipelines.ingest import BLOCK, ImportBroken, IngestReport, ingest
from pipelines.readings import refresh_texts
from pipelines.schema import TABLES
from pipelines.sources.mapping import Mapping as MappingOfASheet
from pipelines.store.repositories import CandidateRepository, TableRepository
from pipelines.store.whole import metadata
from tests.support.builders import certificate_number
from tests.support.files import compress, gzip_bomb, half_sheet, inline, write_csv, write_xlsx, zip_bomb
from tests.support.stores import BACKENDS, PROGRAM, a_store

TODAY = date(2026, 11, 23)
PEOPLE = ("candidate_id", "certificate_number")
Rows = Sequence[Sequence[str]]


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty store on either database."""
    with a_store(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """An empty store where the database does not matter."""
    with a_store("sqlite", tmp_path) as opened:
        yield opened


def take(engine: Engine, name: str, path: Path, **options: Any) -> IngestReport:
    report = ingest(engine, TABLES[name], path, **{"subject": PROGRAM, "supplied_by": "县残联", "on": TODAY, **options})
    assert report.accepted + report.unchanged + report.rejected == report.read
    return report


def sent(folder: Path, header: Sequence[str], *rows: Sequence[str]) -> Path:
    """Write a CSV as it is sent."""
    return write_csv(folder / "sent.csv", [header, *rows])


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    """Return read, accepted, unchanged and rejected."""
    return report.read, report.accepted, report.unchanged, report.rejected


def rejected(report: IngestReport) -> list[tuple[int, str]]:
    """Return row and column of what was rejected."""
    return [(one.row, one.column) for one in report.rejections]


def stored(engine: Engine, name: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return list(TableRepository(connection, TABLES[name], PROGRAM).rows())


def person(engine: Engine, candidate_id: str = "c1") -> Candidate:
    with engine.connect() as connection:
        return CandidateRepository(connection, PROGRAM).get(candidate_id)


def row_counts(engine: Engine) -> dict[str, int]:
    """Return the number of rows in every table of the store, the program's own too.

    The audit's head is a row that the schema brings, the keys of the vault are noted when it is opened.
    """
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.tables.values()
            if table.name not in ("audit_head", "vault_keys")
        }


# Every row is accounted for

_CELLS = (
    st.sampled_from(("v1", "v2", "v3", "", "v\x07")),
    st.sampled_from(("文员", "焊工", "")),
    st.sampled_from(("620102", "兰州市城关区", "月球", "朝阳区", "")),
    st.sampled_from(("3000", "3,000", "3000.00", "面议", "1,5", "-1", "NaN", "")),
    st.sampled_from(("2", "2.5", "99999999999", "")),
    st.sampled_from(("2026-02-30", "2026/3/1", "2026-03-01", "")),
)
_HEADER = ("vacancy_id", "title", "region", "wage_min", "openings", "opens_on")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*_CELLS), max_size=8))
@example(rows=[("v1", "文员", "", "3000", "", ""), ("v1", "文员", "", "3,000.00", "", "")])
def test_every_row_is_accepted_unchanged_or_rejected_for_a_reason(sqlite: Engine, tmp_path: Path, rows: Rows) -> None:
    path = sent(tmp_path, _HEADER, *rows)
    dry = take(sqlite, "vacancies", path, dry_run=True)
    report = take(sqlite, "vacancies", path)
    assert counts(dry) == counts(report)
    assert report.read == sum(any(row) for row in rows)
    assert report.rejected == len({one.row for one in report.rejections})
    assert all(one.reason for one in report.rejections)
    taken = {row[0] for number, row in enumerate(rows, start=2) if number not in {o.row for o in report.rejections}}
    assert taken - {""} <= {row["vacancy_id"] for row in stored(sqlite, "vacancies")}
    _is_settled(sqlite, path, rows, report)


def _is_settled(engine: Engine, path: Path, rows: Rows, first: IngestReport) -> None:
    """Assert that a second import stores nothing where no vacancy is told twice."""
    before = stored(engine, "vacancies")
    again = take(engine, "vacancies", path)
    if len({row[0] for row in rows}) == len(rows):
        assert (again.accepted, again.rejected) == (0, first.rejected)
        assert stored(engine, "vacancies") == before


def test_reimport_on_either_database_is_unchanged_throughout(engine: Engine, tmp_path: Path) -> None:
    rows = [[f"v{i}", f"文员{i}", "620102", f"{3000 + i}.50", "2", "2026-03-01"] for i in range(50)]
    path = sent(tmp_path, _HEADER, *rows)
    assert counts(take(engine, "vacancies", path)) == (50, 50, 0, 0)
    assert counts(take(engine, "vacancies", path)) == (50, 0, 50, 0)


@pytest.mark.parametrize(
    ("cell", "spelled"),
    [("3000", "3,000.00"), ("2026-03-01", "2026年3月1日"), ("620102", "兰州市城关区"), ("是", "yes")],
)
def test_same_fact_in_another_spelling_is_unchanged(sqlite: Engine, tmp_path: Path, cell: str, spelled: str) -> None:
    column = {"3000": "wage_min", "2026-03-01": "opens_on", "620102": "region", "是": "night_shift"}[cell]
    header = ("vacancy_id", "title", column)
    report = take(sqlite, "vacancies", sent(tmp_path, header, ["v1", "文员", cell], ["v1", "文员", spelled]))
    assert counts(report) == (2, 1, 1, 0)
    assert counts(take(sqlite, "vacancies", sent(tmp_path, header, ["v1", "文员", spelled]))) == (1, 0, 1, 0)


def test_rejection_tells_row_column_value_and_reason(sqlite: Engine, tmp_path: Path) -> None:
    path = sent(tmp_path, ("岗位编号", "岗位名称", "招聘人数"), ["v1", "焊工", "2"], ["v2", "客服", "两人"])
    out = tmp_path / "rejects.csv"
    (one,) = take(sqlite, "vacancies", path, rejects_path=out).rejections
    assert astuple(one) == (3, "openings", "两人", "应为数字，如 3000")
    with out.open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream))[1:] == [["3", "openings", "两人", "应为数字，如 3000"]]


def test_rejects_file_holds_all_and_the_report_the_first(sqlite: Engine, tmp_path: Path) -> None:
    rows = [[f"v{i}", ""] for i in range(BLOCK + 10)]
    out = tmp_path / "rejects.csv"
    report = take(sqlite, "vacancies", sent(tmp_path, ("vacancy_id", "title"), *rows), rejects_path=out)
    assert counts(report) == (BLOCK + 10, 0, 0, BLOCK + 10)
    assert len(report.rejections) == 50
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == 1 + BLOCK + 10


def test_mended_rows_are_taken_and_the_others_unchanged(engine: Engine, tmp_path: Path) -> None:
    header = ("vacancy_id", "title", "openings")
    good = [["v1", "焊工", "1"], ["v3", "保洁", "3"]]
    assert counts(take(engine, "vacancies", sent(tmp_path, header, *good, ["v2", "客服", "两人"]))) == (3, 2, 0, 1)
    assert counts(take(engine, "vacancies", sent(tmp_path, header, *good, ["v2", "客服", "2"]))) == (3, 1, 2, 0)


# What a dry run and a wrong file leave behind


def test_dry_run_writes_nothing_at_all(engine: Engine, tmp_path: Path) -> None:
    people = sent(tmp_path, ("candidate_id", "sex"), *([f"c{i}", "男"] for i in range(BLOCK + 5)))
    told = take(engine, "candidates", people, dry_run=True)
    assert set(row_counts(engine).values()) == {0}
    assert told.dry_run
    assert counts(take(engine, "candidates", people)) == counts(told)


def test_dry_run_over_stored_rows_leaves_facts_sources_and_readings(engine: Engine, tmp_path: Path) -> None:
    take(engine, "vacancies", sent(tmp_path, ("vacancy_id", "title"), ["v1", "仓库搬运工"]))
    take(engine, "candidates", sent(tmp_path, ("candidate_id", "sex"), ["c1", "男"]))
    with engine.begin() as connection:
        refresh_texts(connection)
    before = row_counts(engine)
    change = sent(tmp_path, ("candidate_id", "sex", "phone"), ["c1", "女", "1"])
    assert take(engine, "candidates", change, supplied_by="本人", dry_run=True).accepted == 1
    assert (
        take(engine, "vacancies", sent(tmp_path, ("vacancy_id", "title"), ["v1", "文员"]), dry_run=True).accepted == 1
    )
    assert row_counts(engine) == before
    assert (person(engine).sex, person(engine).phone) == ("male", None)
    assert person(engine).sources["sex"].by == "县残联"
    assert stored(engine, "vacancies")[0]["title"] == "仓库搬运工"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("岗位编号,岗位名称,岗位编号\nv1,文员,v2\n", "表头重复"),
        ("岗位编号,岗位名\nv1,文员\n", "您是否指“岗位名称”"),
        ("岗位编号,岗位名称,颜色\nv1,文员,红\n", "颜色"),
        ("岗位编号\nv1\n", "缺少必需的列：岗位名称"),
        ("岗位编号,岗位名称\nv1,文员\n".encode() + "v2,客服\n".encode("gb18030"), "混用了 UTF-8 和 GB18030"),
    ],
)
def test_wrong_file_is_one_sentence_and_stores_nothing(
    sqlite: Engine, tmp_path: Path, content: str | bytes, said: str
) -> None:
    path = tmp_path / "sent.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SheetError, match=said):
        take(sqlite, "vacancies", path)
    assert set(row_counts(sqlite).values()) == {0}


@pytest.mark.parametrize("bomb", [zip_bomb, gzip_bomb])
def test_bomb_stores_nothing(sqlite: Engine, tmp_path: Path, bomb: Any) -> None:
    path = bomb(tmp_path / ("sent.xlsx" if bomb is zip_bomb else "sent.csv.gz"), 100 << 20)
    with pytest.raises(PipelineError, match="压缩炸弹"):
        take(sqlite, "vacancies", path)
    assert row_counts(sqlite)["vacancies"] == 0


def test_rejects_written_over_the_file_itself_by_another_path_are_refused(sqlite: Engine, tmp_path: Path) -> None:
    path = sent(tmp_path, ("vacancy_id", "title"), ["v1", "文员"])
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    with pytest.raises(PipelineError):
        take(sqlite, "vacancies", path, rejects_path=link)
    assert path.read_text(encoding="utf-8").startswith("vacancy_id")


# Kinds of file

_LABELS = ("岗位编号", "岗位名称", "工作地区", "月工资下限", "是否夜班", "开始招聘日期")
_LABELLED = ("v1", "客服（居家）", "天水市秦州区", "3500", "否", "2026-03-01")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_labels_and_encodings_give_the_same_row(engine: Engine, tmp_path: Path, encoding: str) -> None:
    take(engine, "vacancies", write_csv(tmp_path / "sent.csv", [_LABELS, _LABELLED], encoding))
    _is_the_labelled_row(engine)


def test_workbook_gives_the_same_row(engine: Engine, tmp_path: Path) -> None:
    row = [*_LABELLED[:3], 3500, _LABELLED[4], date(2026, 3, 1)]
    take(engine, "vacancies", write_xlsx(tmp_path / "sent.xlsx", [_LABELS, row]))
    _is_the_labelled_row(engine)


def _is_the_labelled_row(engine: Engine) -> None:
    (row,) = stored(engine, "vacancies")
    assert (row["title"], row["region"], row["wage_min"]) == ("客服（居家）", "620502", 3500)
    assert (row["night_shift"], row["opens_on"], row["openings"]) == ("no", date(2026, 3, 1), None)


def test_formula_rejects_its_row_alone_and_shows_nothing_of_it(sqlite: Engine, tmp_path: Path) -> None:
    rows = [["求职者编号", "姓名"], ["c1", "甲某"], ["c2", '="乙"&"某"'], ["c3", "丙某"]]
    report = take(sqlite, "candidates", write_xlsx(tmp_path / "sent.xlsx", rows))
    assert counts(report) == (3, 2, 0, 1)
    assert [astuple(one)[:3] for one in report.rejections] == [(3, "name", "")]
    assert "公式" in report.rejections[0].reason


# Files that break off


def _cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def test_packed_file_cut_off_keeps_what_was_read_and_goes_on_when_mended(engine: Engine, tmp_path: Path) -> None:
    lines = "".join(f"v-{i},岗位{i * 7919 % 100_003}\n" for i in range(9000))
    whole = ("岗位编号,岗位名称\n" + lines).encode()
    progress: list[int] = []
    with pytest.raises(ImportBroken, match=r"压缩文件不完整.*修好文件后可再次导入") as caught:
        take(
            engine,
            "vacancies",
            _cut(compress(tmp_path / "sent.csv.gz", whole), 0.7),
            progress=lambda count, total=None: progress.append(count),
        )
    report = caught.value.report
    assert 0 < report.read == report.accepted == len(stored(engine, "vacancies")) == progress[-1] < 9000
    assert str(report.read) in str(caught.value)
    assert row_counts(engine)["imports"] == 1
    mended = take(engine, "vacancies", compress(tmp_path / "sent.csv.gz", whole))
    assert counts(mended) == (9000, 9000 - report.accepted, report.accepted, 0)


def test_workbook_whose_rows_stop_keeps_what_was_read(sqlite: Engine, tmp_path: Path) -> None:
    header = f'<row r="1">{inline("A1", "岗位编号")}{inline("B1", "岗位名称")}</row>'
    rows = "".join(f'<row r="{n}">{inline(f"A{n}", f"v{n}")}{inline(f"B{n}", "文员")}</row>' for n in (2, 3))
    with pytest.raises(ImportBroken, match="已读 2 行") as caught:
        take(sqlite, "vacancies", half_sheet(tmp_path / "sent.xlsx", header + rows + '<row r="4"><c r="A4"'))
    assert counts(caught.value.report) == (2, 2, 0, 0)
    assert [row["vacancy_id"] for row in stored(sqlite, "vacancies")] == ["v2", "v3"]


def test_workbook_cut_off_stores_nothing_and_says_so(sqlite: Engine, tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "sent.xlsx", [["岗位编号", "岗位名称"], ["v1", "文员"]])
    with pytest.raises(SheetError, match="不完整"):
        take(sqlite, "vacancies", _cut(path, 0.6))
    assert set(row_counts(sqlite).values()) == {0}


def test_dry_run_of_a_file_cut_off_says_so_and_writes_nothing(sqlite: Engine, tmp_path: Path) -> None:
    path = tmp_path / "sent.csv"
    path.write_bytes('岗位编号,岗位名称\nv1,文员\nv2,"客'.encode())
    with pytest.raises(ImportBroken, match="已读 1 行"):
        take(sqlite, "vacancies", path, dry_run=True)
    assert set(row_counts(sqlite).values()) == {0}


# People: what is personal, what is known, who said so

SECRETS = {
    "certificate_number": "62010219900101123X49",
    "birth_date": "1990年13月1日",
    "longitude": "经度一百零三度",
    "latitude": "北纬三十六度",
}


@pytest.mark.parametrize("column", SECRETS)
def test_personal_cell_is_never_repeated(
    sqlite: Engine, tmp_path: Path, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = sent(tmp_path, ("candidate_id", "name", "phone", column), ["c1", "欧阳某", "13900000000", SECRETS[column]])
    out = tmp_path / "rejects.csv"
    with caplog.at_level("DEBUG"):
        report = take(sqlite, "candidates", path, rejects_path=out)
    assert [(one.row, one.column, one.value) for one in report.rejections] == [(2, column, "***")]
    said = str(report) + out.read_text(encoding="utf-8-sig") + caplog.text
    assert not [secret for secret in (SECRETS[column], "欧阳某", "13900000000") if secret in said]


def test_every_personal_column_is_marked() -> None:
    marked = {column.name for column in TABLES["candidates"].columns if column.sensitive}
    assert marked == {"name", "certificate_number", "birth_date", "address", "longitude", "latitude", "phone"}


def test_person_rejected_for_another_reason_does_not_hold_the_certificate(sqlite: Engine, tmp_path: Path) -> None:
    number = certificate_number()
    rows = [["c1", "", "男"], ["c1", number, "男"], ["c2", number, "男"]]
    report = take(sqlite, "candidates", sent(tmp_path, (*PEOPLE, "sex"), *rows))
    assert counts(report) == (3, 2, 0, 1)
    assert rejected(report) == [(3, "candidate_id")]
    assert person(sqlite, "c2").certificate_number == number


def test_certificate_used_far_up_in_the_file_is_found_also_in_a_dry_run(engine: Engine, tmp_path: Path) -> None:
    number = certificate_number()
    between = [[f"x{i}", ""] for i in range(BLOCK)]
    path = sent(tmp_path, PEOPLE, ["c1", number], *between, ["c2", f"{number}B1"])
    dry = take(engine, "candidates", path, dry_run=True)
    report = take(engine, "candidates", path)
    assert dry.rejections == report.rejections
    assert rejected(report) == [(BLOCK + 3, "certificate_number")]
    assert "求职者 c1" in report.rejections[0].reason
    assert number[:18] not in str(report)


def test_what_a_later_file_does_not_say_stays_known(engine: Engine, tmp_path: Path) -> None:
    header = ("candidate_id", "functions", "skills", "job_wish", "wished_wage_min")
    take(engine, "candidates", sent(tmp_path, header, ["c1", "walking=0;hands=2", "打字", "否", "0"]))
    report = take(engine, "candidates", sent(tmp_path, (*header[:3], "sex"), ["c1", "", "焊接", "男"]))
    assert counts(report) == (1, 1, 0, 0)
    found = person(engine)
    assert (found.functions, found.skills) == ({"walking": 0, "hands": 2}, ("焊接",))
    assert (found.job_wish, found.wished_wage_min, found.sex) == (YesNo.NO, Decimal(0), Sex.MALE)


def test_newest_supplier_of_a_changed_fact_is_on_record(engine: Engine, tmp_path: Path) -> None:
    header = ("candidate_id", "sex", "hukou", "region")
    take(engine, "candidates", sent(tmp_path, header, ["c1", "男", "农村", ""]))
    second = sent(tmp_path, header, ["c1", "男", "城镇", "620102"])
    take(engine, "candidates", second, supplied_by="本人", on=TODAY + timedelta(7))
    first_source, second_source = FactSource("县残联", TODAY), FactSource("本人", TODAY + timedelta(7))
    assert person(engine).sources == {"sex": first_source, "hukou": second_source, "region": second_source}


def test_rejected_change_leaves_facts_and_sources(engine: Engine, tmp_path: Path) -> None:
    number = certificate_number(category=4, grade=2)
    take(engine, "candidates", sent(tmp_path, PEOPLE, ["c1", number]))
    header = ("candidate_id", "grade", "sex", "phone")
    report = take(engine, "candidates", sent(tmp_path, header, ["c1", "3", "", "1"]), supplied_by="本人")
    assert rejected(report) == [(2, "grade")]
    assert person(engine).phone is None
    assert set(person(engine).sources) == {"certificate_number"}


@pytest.mark.parametrize(
    ("name", "header", "row", "column"),
    [
        (
            "interactions",
            ("candidate_id", "vacancy_id", "kind", "at"),
            ("?", "v1", "浏览", "2026-01-01"),
            "candidate_id",
        ),
        ("interactions", ("candidate_id", "vacancy_id", "kind", "at"), ("c1", "?", "浏览", "2026-01-01"), "vacancy_id"),
        ("services", ("candidate_id", "kind", "on"), ("?", "培训", "2026-01-01"), "candidate_id"),
        ("placements", ("placement_id", "candidate_id"), ("p1", "?"), "candidate_id"),
    ],
)
def test_row_that_refers_to_nobody_is_rejected(
    engine: Engine, tmp_path: Path, name: str, header: Sequence[str], row: Sequence[str], column: str
) -> None:
    take(engine, "candidates", sent(tmp_path, ("candidate_id",), ["c1"]))
    take(engine, "vacancies", sent(tmp_path, ("vacancy_id", "title"), ["v1", "文员"]))
    good = [{"?": "c1" if column == "candidate_id" else "v1"}.get(cell, cell) for cell in row]
    good = ["p2", "c1"] if name == "placements" else good
    report = take(engine, name, sent(tmp_path, header, row, good))
    assert counts(report) == (2, 1, 0, 1)
    assert rejected(report) == [(2, column)]
    assert "请先导入" in report.rejections[0].reason


# Foreign sheets and the way back

_MAPPING = """
table: candidates
columns: {编号: candidate_id, 证号: certificate_number, 男女: sex, 文化程度: education, 家庭: household_kinds}
words:
  sex: {男性: male, 女性: female}
  household_kinds: {低保: dibao, 脱贫: poverty_exited}
ignore: [填表人]
"""


def _county(folder: Path) -> MappingOfASheet:
    (folder / "county.yaml").write_text(_MAPPING, encoding="utf-8")
    return MappingOfASheet.load(folder / "county.yaml")


def test_foreign_sheet_is_taken_through_its_mapping_and_comes_back_through_it(sqlite: Engine, tmp_path: Path) -> None:
    header = ("编号", "证号", "男女", "文化程度", "家庭", "填表人")
    number = certificate_number(sequence="124")
    rows = [["=1", number, "女性", "大专", "低保；脱贫", "甲"], ["c2", "123", "男性", "初中", "", "甲"]]
    report = take(sqlite, "candidates", sent(tmp_path, header, *rows), mapping=_county(tmp_path))
    assert counts(report) == (2, 1, 0, 1)
    assert [astuple(one)[:3] for one in report.rejections] == [(3, "certificate_number", "***")]
    found = person(sqlite, "=1")
    assert (found.sex, found.education, found.household_kinds) == ("female", "college", ("dibao", "poverty_exited"))
    out = tmp_path / "out.csv"
    with sqlite.connect() as connection:
        export(connection, TABLES["candidates"], out, mapping=_county(tmp_path), subject=PROGRAM)
    assert counts(take(sqlite, "candidates", out, mapping=_county(tmp_path))) == (1, 0, 1, 0)


def test_foreign_sheet_without_a_needed_column_is_refused(sqlite: Engine, tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="缺少列“男女”"):
        take(sqlite, "candidates", sent(tmp_path, ("编号", "证号"), ["c1", ""]), mapping=_county(tmp_path))


WORLD: Mapping[str, tuple[Sequence[str], Rows]] = {
    "employers": (
        ("employer_id", "name", "headcount", "is_school", "region"),
        [("91620000MA00000007", "=甲公司", "50.50", "否", "兰州新区")],
    ),
    "vacancies": (
        ("vacancy_id", "title", "demands", "accommodations", "longitude", "wage_min", "welcomes"),
        [
            # 板凳 is no word of ours: this row is rejected, the next is taken
            ("v1", "+客服\n居家", "walking=0;hands=3", "ramp=verified;板凳", "103.1234567", "0", "视力；听力"),
            ("v2", "'@客服", "hands=3;walking=0", "ramp=verified;seat", "103.1234567", "3000.10", "视力；听力"),
        ],
    ),
    "candidates": (
        ("candidate_id", "certificate_number", "functions", "skills", "phone", "consent_matching_on"),
        [
            ("c1", certificate_number() + "B1", "seeing=4", "打字;-1+2", "-13900000000", "2026-01-01"),
            ("007",) + ("",) * 5,
        ],
    ),
    "interactions": (
        ("candidate_id", "vacancy_id", "kind", "at", "reason"),
        [("c1", "v2", "本人婉拒", "2026-01-01", "太远\n不去"), ("c1", "v2", "浏览", "2026-01-01", "")],
    ),
    "placements": (("placement_id", "candidate_id", "form", "social_insurance"), [("p1", "007", "按比例就业", "否")]),
    "services": (("candidate_id", "kind", "on", "outcome"), [("007", "一生一策", "2026-02-28", "@完成")]),
    "courses": (("course_id", "class", "places", "accommodations"), [("k1", "技能", "0", "手语翻译;ramp")]),
}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_world_that_is_exported_comes_back_equal_in_a_fresh_store(engine: Engine, tmp_path: Path, suffix: str) -> None:
    for name, (header, rows) in WORLD.items():
        assert take(engine, name, sent(tmp_path, header, *rows)).rejected == (name == "vacancies")
    with a_store("sqlite", tmp_path) as fresh:
        for name, table in TABLES.items():
            out = tmp_path / f"out{suffix}"
            with engine.connect() as connection:
                n_rows = export(connection, table, out, subject=PROGRAM)
            assert counts(take(fresh, name, out)) == (n_rows, n_rows, 0, 0)
            assert counts(take(engine, name, out)) == (n_rows, 0, n_rows, 0)
            assert stored(fresh, name) == stored(engine, name)


# Size


def test_sixty_thousand_acts_are_taken_in_bounded_memory(sqlite: Engine, tmp_path: Path) -> None:
    people, vacancies = range(300), range(200)
    take(sqlite, "candidates", sent(tmp_path, ("candidate_id",), *([f"c{i}"] for i in people)))
    take(sqlite, "vacancies", sent(tmp_path, ("vacancy_id", "title"), *([f"v{i}", "文员"] for i in vacancies)))
    acts = ([f"c{i}", f"v{j}", "浏览", "2026-01-01", ""] for i in people for j in vacancies)
    path = sent(tmp_path, ("candidate_id", "vacancy_id", "kind", "at", "reason"), *acts)
    seen: list[int] = []

    def progress(count: int, total: int | None = None) -> None:
        seen.append(count)
        if count == 50_000:  # tracing is slow: the last sixth tells how memory grows by then
            tracemalloc.start()

    report = take(sqlite, "interactions", path, progress=progress)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts(report) == (60_000, 60_000, 0, 0)
    assert seen[-2:] == [60_000, 60_000]  # the last block may be empty
    assert len(seen) > 60_000 // BLOCK
    assert peak < 12_000_000  # one block, and about 0.4 kB for each row that was seen
