"""Imports: every row is accounted for, a bad row goes alone, nothing known is lost, a second run changes nothing."""

import csv
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from matching.entities import FactSource
from matching.vocabulary import Accommodation, AccommodationState, Function, Term
from pipelines.errors import PipelineError, SheetError
from pipelines.export import export
from pipelines.ingest import ImportBroken, IngestReport, ingest
from pipelines.mapping_protocol import Note, Translated
from pipelines.placement_faults import placement_faults
from pipelines.schema import TABLES, CellError, ColumnSpec, TableSpec
from pipelines.store.repositories import CandidateRepository, ImportRepository, TableRepository, VacancyRepository
from tests.support.builders import certificate_number
from tests.support.sent_files import VACANCY_HEADERS, a_csv, a_file, a_gzip, an_xlsx, csv_text, vacancy_rows
from tests.support.stores import PROGRAM, noted
from tests.support.stores import a_file as an_empty_store

TODAY = date(2026, 11, 23)
WAGES = ("vacancy_id", "title", "wage_min", "wage_max")
PEOPLE = ("candidate_id", "certificate_number")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return an_engine(tmp_path)


def an_engine(folder: Path) -> Engine:
    return an_empty_store(folder / "store.db")


def take(engine: Engine, name: str, path: Path, **options: Any) -> IngestReport:
    report = ingest(engine, TABLES[name], path, **{"subject": PROGRAM, "supplied_by": "县残联", "on": TODAY, **options})
    assert report.accepted + report.unchanged + report.rejected == report.read
    return report


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.read, report.accepted, report.unchanged, report.rejected


def reasons(report: IngestReport) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.reason) for one in report.rejections]


def people(engine: Engine) -> Mapping[str, Any]:
    with engine.connect() as connection:
        return {
            person.candidate_id: person for person in CandidateRepository(connection, PROGRAM).all(with_identity=True)
        }


def test_a_second_import_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    path = a_csv(tmp_path, rows=vacancy_rows(10))
    assert counts(take(engine, "vacancies", path)) == (10, 10, 0, 0)
    assert counts(take(engine, "vacancies", path)) == (10, 0, 10, 0)


def test_a_bad_row_goes_alone_with_every_reason(engine: Engine, tmp_path: Path) -> None:
    rows = [["v1", "焊工", "一千", "x"], ["v2", "客服", "3000", "4000"]]
    report = take(engine, "vacancies", a_csv(tmp_path, WAGES, rows))
    assert counts(report) == (2, 1, 0, 1)
    assert [(row, column) for row, column, _ in reasons(report)] == [(2, "wage_min"), (2, "wage_max")]


def test_a_dry_run_counts_and_writes_nothing(engine: Engine, tmp_path: Path) -> None:
    report = take(engine, "vacancies", a_csv(tmp_path, rows=vacancy_rows(3)), dry_run=True)
    assert counts(report) == (3, 3, 0, 0)
    with engine.connect() as connection:
        assert VacancyRepository(connection, PROGRAM).count() == 0
        assert ImportRepository(connection).count() == 0


def test_a_file_that_breaks_off_keeps_what_was_read_and_can_be_sent_again(engine: Engine, tmp_path: Path) -> None:
    content = csv_text(VACANCY_HEADERS, vacancy_rows(20_000)).encode()
    with pytest.raises(ImportBroken, match="只能读到第") as caught:
        take(engine, "vacancies", a_gzip(tmp_path, content, keep=0.5))
    broken = caught.value.report
    assert 5_000 < broken.read == broken.accepted < 15_000
    whole = take(engine, "vacancies", a_gzip(tmp_path, content))
    assert counts(whole) == (20_000, 20_000 - broken.accepted, broken.accepted, 0)


def test_a_wrong_header_stores_nothing(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="您是否指"):
        take(engine, "vacancies", a_csv(tmp_path, ("岗位编号", "岗位名"), [["v1", "焊工"]]))
    with engine.connect() as connection:
        assert VacancyRepository(connection, PROGRAM).count() == 0


def test_the_same_key_twice_is_unchanged_when_equal_and_rejected_when_not(engine: Engine, tmp_path: Path) -> None:
    headers = ("vacancy_id", "title", "demands")
    rows = [["v1", "t", "walking=2;hands=3"], ["v1", "t", "hands=3;walking=2"], ["v1", "t", "walking=1"]]
    report = take(engine, "vacancies", a_csv(tmp_path, headers, rows))
    assert counts(report) == (3, 1, 1, 1)
    assert reasons(report) == [(4, "vacancy_id", "与第 2 行编号相同而内容不同")]


def test_a_row_that_contradicts_what_is_stored_is_rejected_each_time_it_comes(engine: Engine, tmp_path: Path) -> None:
    take(engine, "vacancies", a_csv(tmp_path, WAGES, [["v1", "t", "", "5000"]]))
    report = take(engine, "vacancies", a_csv(tmp_path, WAGES, [["v1", "t", "9000", ""], ["v1", "t", "9000", ""]]))
    assert counts(report) == (2, 0, 0, 2)


def test_an_empty_cell_or_a_missing_column_never_erases_a_known_fact(engine: Engine, tmp_path: Path) -> None:
    headers = ("candidate_id", "phone", "skills", "hukou")
    take(engine, "candidates", a_csv(tmp_path, headers, [["c1", "0931-1", "打字", "城镇"]]))
    report = take(engine, "candidates", a_csv(tmp_path, headers[:3], [["c1", "", "焊接"]]))
    assert counts(report) == (1, 1, 0, 0)
    assert report.notes == {"kept_known_fact": 1}
    person = people(engine)["c1"]
    assert (person.phone, person.skills, person.hukou) == ("0931-1", ("焊接",), "urban")


def test_each_new_or_changed_fact_has_who_supplied_it_and_when(engine: Engine, tmp_path: Path) -> None:
    headers = ("candidate_id", "hukou", "education")
    take(engine, "candidates", a_csv(tmp_path, headers, [["c1", "城镇", "高中"]]))
    later = date(2026, 12, 1)
    again = a_csv(tmp_path, headers, [["c1", "城镇", "大专"]])
    take(engine, "candidates", again, supplied_by="本人", on=later)
    assert people(engine)["c1"].sources == {
        "hukou": FactSource("县残联", TODAY),
        "education": FactSource("本人", later),
    }


@pytest.mark.parametrize(
    ("column", "value"), [("grade", "4"), ("category", "视力"), ("sex", "女"), ("birth_date", "1990-01-02")]
)
def test_what_is_stated_must_agree_with_the_certificate_also_when_it_comes_later(
    engine: Engine, tmp_path: Path, column: str, value: str
) -> None:
    number = certificate_number(category=4, grade=2, birth="19900101", sequence="123")
    report = take(engine, "candidates", a_csv(tmp_path, (*PEOPLE, column), [["c1", number, value]]))
    assert reasons(report) == [(2, column, "与残疾人证号所载不符")]
    assert number not in str(report)
    take(engine, "candidates", a_csv(tmp_path, PEOPLE, [["c1", number]]))
    later = take(engine, "candidates", a_csv(tmp_path, ("candidate_id", column), [["c1", value]]))
    assert reasons(later) == [(2, column, "与残疾人证号所载不符")]


def test_one_certificate_belongs_to_one_person_whatever_its_reissue(engine: Engine, tmp_path: Path) -> None:
    number = certificate_number()
    report = take(engine, "candidates", a_csv(tmp_path, PEOPLE, [["c1", number], ["c2", f"{number}B1"]]))
    assert counts(report) == (2, 1, 0, 1)
    assert "c1" in reasons(report)[0][2]
    again = take(engine, "candidates", a_csv(tmp_path, PEOPLE, [["c3", f"{number}B2"], ["c1", f"{number}B1"]]))
    assert counts(again) == (2, 1, 0, 1)
    assert number[:18] not in str(report) + str(again)


@pytest.mark.parametrize("birth", ["20901231", "18000101"])
def test_a_birth_date_in_the_future_or_too_long_ago_is_rejected(engine: Engine, tmp_path: Path, birth: str) -> None:
    stated = f"{birth[:4]}-{birth[4:6]}-{birth[6:]}"
    report = take(engine, "candidates", a_csv(tmp_path, ("candidate_id", "birth_date"), [["c1", stated]]))
    assert counts(report) == (1, 0, 0, 1)
    assert birth[:4] not in str(report.rejections)


def test_a_certificate_of_somebody_not_yet_born_is_rejected(engine: Engine, tmp_path: Path) -> None:
    rows = [["c1", certificate_number(birth="20900101")]]
    assert counts(take(engine, "candidates", a_csv(tmp_path, PEOPLE, rows))) == (1, 0, 0, 1)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("vacancies", {"vacancy_id": "v", "title": "t", "wage_min": "5000", "wage_max": "4000"}),
        ("vacancies", {"vacancy_id": "v", "title": "t", "opens_on": "2026-02-01", "closes_on": "2026-01-01"}),
        (
            "candidates",
            {"candidate_id": "c", "hard_to_employ_since": "2026-02-01", "hard_to_employ_until": "2026-01-01"},
        ),
        ("courses", {"course_id": "k", "starts_on": "2026-02-01", "ends_on": "2026-01-01"}),
    ],
)
def test_an_end_before_its_beginning_is_rejected(
    engine: Engine, tmp_path: Path, name: str, row: dict[str, str]
) -> None:
    assert counts(take(engine, name, a_csv(tmp_path, tuple(row), [list(row.values())]))) == (1, 0, 0, 1)


def test_an_act_of_an_unknown_person_or_on_an_unknown_vacancy_is_rejected(engine: Engine, tmp_path: Path) -> None:
    take(engine, "candidates", a_csv(tmp_path, ("candidate_id",), [["c1"]]))
    take(engine, "vacancies", a_csv(tmp_path, rows=[["v1", "t", "", "", "", ""]]))
    headers = ("candidate_id", "vacancy_id", "kind", "at")
    rows = [["c1", "v1", "应聘", "2026-01-01"], ["c9", "v1", "浏览", "2026-01-01"], ["c1", "v9", "浏览", "2026-01-01"]]
    report = take(engine, "interactions", a_csv(tmp_path, headers, rows))
    assert counts(report) == (3, 1, 0, 2)
    assert [(row, column) for row, column, _ in reasons(report)] == [(3, "candidate_id"), (4, "vacancy_id")]


@pytest.mark.parametrize("wage", ["1e99999", "1e999999999", "1e-999999999"])
def test_a_number_that_would_fill_the_memory_is_rejected(engine: Engine, tmp_path: Path, wage: str) -> None:
    rows = [["v1", "t", wage, ""], ["v2", "t", "3000", ""]]
    report = take(engine, "vacancies", a_csv(tmp_path, WAGES, rows))
    assert counts(report) == (2, 1, 0, 1)


def test_the_noise_of_a_binary_fraction_is_a_number(engine: Engine, tmp_path: Path) -> None:
    take(engine, "vacancies", a_csv(tmp_path, WAGES, [["v1", "t", "0.30000000000000004", ""]]))
    with engine.connect() as connection:
        assert VacancyRepository(connection, PROGRAM).all()[0].wage_min == Decimal("0.30000000000000004")


def test_rejects_hide_personal_cells_also_in_the_wrong_column_and_run_no_formula(
    engine: Engine, tmp_path: Path
) -> None:
    number = certificate_number()
    headers = (*PEOPLE, "grade", "birth_date", "education")
    rows = [["c1", "123", number, "昨天", "=HYPERLINK(1)"], [number, "", "9", "", ""]]
    out = tmp_path / "out" / "rejects.csv"
    report = take(engine, "candidates", a_csv(tmp_path, headers, rows), rejects_path=out)
    assert report.rejected == 2
    with out.open(encoding="utf-8-sig", newline="") as handle:
        written = list(csv.reader(handle))
    assert written[0] == ["行号", "列", "值", "原因"]
    assert [(line[0], line[1], line[2]) for line in written[1:]] == [
        ("2", "certificate_number", "***"),
        ("2", "grade", "***"),
        ("2", "birth_date", "***"),
        ("2", "education", "'=HYPERLINK(1)"),
        ("3", "candidate_id", "***"),
        ("3", "grade", "9"),
    ]
    assert number not in out.read_text(encoding="utf-8-sig") + str(report)


def test_the_rejects_never_overwrite_the_file_that_is_imported(engine: Engine, tmp_path: Path) -> None:
    path = a_csv(tmp_path, rows=vacancy_rows(1))
    before = path.read_bytes()
    with pytest.raises(PipelineError, match="换一个文件名"):
        take(engine, "vacancies", path, rejects_path=path)
    assert path.read_bytes() == before


def test_a_formula_in_a_workbook_rejects_its_row(engine: Engine, tmp_path: Path) -> None:
    rows = [["v1", "焊工", "兰州市", 2, 3000, 4000], ["v2", "客服", "兰州市", "=1+1", 3000, 4000]]
    report = take(engine, "vacancies", an_xlsx(tmp_path, rows=rows))
    assert counts(report) == (2, 1, 0, 1)
    assert "公式" in reasons(report)[0][2]


def test_progress_counts_rows_as_they_are_read(engine: Engine, tmp_path: Path) -> None:
    seen: list[int] = []
    take(engine, "vacancies", a_csv(tmp_path, rows=vacancy_rows(4_500)), progress=lambda n, total=None: seen.append(n))
    assert seen == [2000, 4000, 4500]


def test_the_import_is_on_record(engine: Engine, tmp_path: Path) -> None:
    take(engine, "vacancies", a_csv(tmp_path, rows=vacancy_rows(1)))
    with engine.connect() as connection:
        assert ImportRepository(connection).count() == 1


class Foreign:
    """A mapping that takes every row but those marked, and has doubts about the title."""

    export_headers: Mapping[str, str] = {}

    def check_headers(self, headers: Sequence[str]) -> None:
        if "职位" not in headers:
            raise SheetError("缺少列“职位”")

    def translate(self, raw: Mapping[str, str]) -> Translated:
        if raw["职位"] == "不是岗位":
            raise CellError("这一行不是岗位")
        note = Note("title", "short_title", "岗位名称过短")
        return Translated({"vacancy_id": raw["号"], "title": raw["职位"]}, (note,))


def test_a_mapping_translates_notes_and_refuses_rows_with_one_reason(engine: Engine, tmp_path: Path) -> None:
    path = a_csv(tmp_path, ("号", "职位"), [["1", "工"], ["2", "不是岗位"], ["3", "匠"]])
    report = take(engine, "vacancies", path, mapping=Foreign())
    assert counts(report) == (3, 2, 0, 1)
    assert report.notes == {"short_title": 2}
    assert reasons(report) == [(3, "", "这一行不是岗位")]


def test_a_hostile_file_leaves_the_store_as_it_was(engine: Engine, tmp_path: Path) -> None:
    for content in (b"", b"\x00" * 50, "岗位编号\n".encode() + b"\xff\xfe\xff", b"PK\x03\x04"):
        with pytest.raises(SheetError):
            take(engine, "vacancies", a_file(tmp_path, content))
    with engine.connect() as connection:
        assert VacancyRepository(connection, PROGRAM).count() == 0


# What comes out goes in again: rows of every table, with whatever text people may write.

TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("=+-@'\";,\n\t ：；甲乙_x0041"), st.characters(exclude_categories=["C"], max_codepoint=0xFFFF)
    ),
    min_size=1,
    max_size=12,
).filter(lambda text: text.strip() == text)
LIST_TEXTS = TEXTS.filter(lambda text: not set(text) & set(";；"))
LEVELS = st.dictionaries(st.sampled_from(list(Function)), st.integers(0, 4), min_size=1, max_size=4)
STATES = st.sampled_from([AccommodationState.VERIFIED, AccommodationState.DECLARED])


def values_of(table: TableSpec, column: ColumnSpec) -> st.SearchStrategy[Any]:
    """Return what a column may hold, beside unknown."""
    special: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(
            ("employer_id", "insured_by", "dispatch_agency", "dispatch_host"), st.just("91620000MA00000007")
        ),
        "certificate_number": st.nothing(),
        "category": st.nothing(),
        "region": st.sampled_from(["620102", "620502"]),
        "wished_regions": st.just(("620102", "620502")),
        "demands": LEVELS,
        "functions": LEVELS,
        "grade": st.integers(1, 4),
    }
    if column.name in special:
        return special[column.name]
    if column.choices:
        return st.sampled_from(column.choices).map(column.parse)
    if column.stored == "packed":
        return _packed(table, column)
    return {  # "household_id" is an identifier: no control characters
        "date": st.dates(date(2000, 1, 1), date(2000, 12, 31)),
        "integer": st.integers(0, 100),
        "decimal": st.decimals(0, 7, places=3),
        "float": st.floats(-90, 90),
        "text": st.just("h-1") if column.name == "household_id" else TEXTS,
    }[column.stored]


def _packed(table: TableSpec, column: ColumnSpec) -> st.SearchStrategy[Any]:
    if (table.name, column.name) == ("vacancies", "accommodations"):
        return st.dictionaries(st.sampled_from(list(Accommodation)), STATES, min_size=1, max_size=3)
    for terms in Term.__subclasses__():
        try:
            column.parse(next(iter(terms)).value)
            column.parse("?")
        except CellError as error:
            if next(iter(terms)).value in str(error):
                members: st.SearchStrategy[Any] = st.sampled_from(list(terms))
                return st.lists(members, min_size=1, max_size=3, unique=True).map(tuple)
    return st.lists(LIST_TEXTS, min_size=1, max_size=3, unique=True).map(tuple)


PAIRS = (("wage_min", "wage_max"), ("opens_on", "closes_on"), ("starts_on", "ends_on"))


@st.composite
def rows_of(draw: st.DrawFn, table: TableSpec) -> list[dict[str, Any]]:
    rows = []
    for number in range(draw(st.integers(1, 3))):
        row = {c.name: draw(st.one_of(st.none(), values_of(table, c))) for c in table.columns}
        row |= {c.name: draw(values_of(table, c)) for c in table.columns if c.required}
        row |= {table.key[0]: f"id-{number}"} if table.name != "employers" else {}
        row |= {name: "id-0" for name in ("candidate_id", "vacancy_id") if name in row and name != table.key[0]}
        for low, high in (*PAIRS, ("hard_to_employ_since", "hard_to_employ_until")):
            ends: list[Any] = [row.get(low), row.get(high)]
            if None not in ends:
                row[low], row[high] = sorted(ends)
        if table.name == "placements" and any(placement_faults(row)):
            row |= {"dispatch_agency": None, "dispatch_host": None}
        rows.append(row)
    return rows[:1] if table.name == "employers" else rows


def _with_targets(engine: Engine) -> Engine:
    with engine.begin() as connection:
        for name in ("candidates", "vacancies"):
            row = {TABLES[name].key[0]: "id-{}", "title": "t"}
            found = [{k: v.format(i) for k, v in row.items()} for i in range(3)]
            TableRepository(noted(connection), TABLES[name], PROGRAM).insert(found)
    return engine


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("name", list(TABLES))
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_exported_comes_back_equal_and_then_unchanged(name: str, ending: str, data: st.DataObject) -> None:
    table = TABLES[name]
    rows = data.draw(rows_of(table))
    with tempfile.TemporaryDirectory() as folder:
        first, second = (an_engine(Path(folder) / one) for one in ("first", "second"))
        if name in ("interactions", "services", "placements"):
            _with_targets(first), _with_targets(second)
        with first.begin() as connection:
            TableRepository(noted(connection), table, PROGRAM).insert(rows)
            before = list(TableRepository(connection, table, PROGRAM).rows())
            path = Path(folder) / f"out{ending}"
            export(connection, table, path, subject=PROGRAM)
        report = take(second, name, path)
        again = take(second, name, path)
        with second.connect() as connection:
            after = list(TableRepository(connection, table, PROGRAM).rows())
        for engine in (first, second):
            engine.dispose()
    assert report.rejections == ()
    assert after == before
    assert again.unchanged == again.read == len(before)
