"""Export: what is stored comes back equal, whatever its texts look like, and the file appears whole or not at all."""

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import Connection, create_engine

from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    Concession,
    DisabilityCategory,
    Function,
    HouseholdKind,
    WorkMode,
)
from pipelines.access.vault import Vault
from pipelines.errors import PipelineError
from pipelines.export import export
from pipelines.mapping_protocol import Translated
from pipelines.placement_faults import placement_faults
from pipelines.schema import CANDIDATES, EMPLOYERS, INTERACTIONS, TABLES, VACANCIES, ColumnSpec, TableSpec
from pipelines.sheets import open_sheet, plain, resolve_headers
from pipelines.store.repositories import TableRepository
from pipelines.store.sealed import VAULT_OPTION
from pipelines.store.whole import metadata
from tests.support.accounts import KEYS
from tests.support.builders import certificate_number
from tests.support.stores import PROGRAM

NASTY = (
    "=1+1", "+86 1", "-1+2", "@x", "'=1", "''", "'引", "\"引\"", "甲,乙", "甲\n乙", "甲\r\n乙", "甲\r乙", "甲\t乙",
    "🙂", "𠮷", "_x0041_", "_x005F_", "甲\x01乙", "\ufeff甲", "007", "1E5", "TRUE", "2026-03-01 x", "甲\u2028乙",
    "NULL", "#N/A",
)  # fmt: skip
CREDIT_CODES = ("91620000MA00000007", "91110000600037341L")
_NO_CONTROLS = st.characters(exclude_categories=["Cs", "Cc"])
_TEXTS = st.one_of(
    st.sampled_from(NASTY), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
).map(str.strip).filter(bool)  # fmt: skip
_PARTS = st.text(_NO_CONTROLS, max_size=6).map(lambda t: t.replace(";", "").replace("；", "").strip()).filter(bool)
_DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
_LISTS: Mapping[str, Any] = {
    "welcomes": DisabilityCategory,
    "concessions": Concession,
    "work_modes": WorkMode,
    "accommodations_needed": Accommodation,
    "household_kinds": HouseholdKind,
    "accommodations": Accommodation,
}


def values_of(table: TableSpec, column: ColumnSpec) -> st.SearchStrategy[Any]:
    """Return what may lie in a column."""
    if column.choices:
        return st.sampled_from([column.parse(choice) for choice in column.choices])
    if column.name in ("demands", "functions"):
        return st.dictionaries(st.sampled_from(Function), st.integers(0, 4), min_size=1)
    if (table.name, column.name) == ("vacancies", "accommodations"):
        states = st.sampled_from((AccommodationState.VERIFIED, AccommodationState.DECLARED))
        return st.dictionaries(st.sampled_from(Accommodation), states, min_size=1)
    if column.name in _LISTS:
        return st.lists(st.sampled_from(list(_LISTS[column.name])), min_size=1, unique=True).map(tuple)
    by_name: Mapping[str, st.SearchStrategy[Any]] = {
        **{name: st.sampled_from(CREDIT_CODES) for name in _CODES},
        "certificate_number": st.integers(100, 999).map(lambda n: certificate_number(sequence=str(n))),
        "region": st.sampled_from(("620102", "620500")),
        "wished_regions": st.just(("620102", "620500")),
        **{name: st.text(_NO_CONTROLS, max_size=20).map(str.strip).filter(bool) for name in _IDS},
    }
    by_kind = {
        "text": _TEXTS,
        "date": _DAYS,
        "integer": st.integers(1, 4),
        "float": st.floats(-90, 90),
        "decimal": st.decimals(0, 7, allow_nan=False, places=3),
        "packed": st.lists(_PARTS, min_size=1, unique=True).map(tuple),
    }
    return by_name.get(column.name, by_kind.get(column.stored, _TEXTS))


_CODES = ("employer_id", "insured_by", "dispatch_agency", "dispatch_host")
_IDS = ("vacancy_id", "candidate_id", "household_id", "placement_id", "course_id")
_ORDERED = (
    ("wage_min", "wage_max"),
    ("opens_on", "closes_on"),
    ("starts_on", "ends_on"),
    ("hard_to_employ_since", "hard_to_employ_until"),
)


@st.composite
def rows_of(draw: st.DrawFn, table: TableSpec) -> list[dict[str, Any]]:
    """Return rows with keys of their own, some columns unknown."""
    columns = {}
    for column in table.columns:
        values = values_of(table, column)
        is_needed = column.required or column.name in table.key
        columns[column.name] = values if is_needed else st.none() | values
    rows = draw(
        st.lists(
            st.fixed_dictionaries(columns),
            min_size=1,
            max_size=4,
            # A certificate belongs to one person; who states none stands for nobody else.
            unique_by=(
                lambda r: tuple(r[k] for k in table.key),
                lambda r: r.get("certificate_number") or tuple(r[k] for k in table.key),
            ),
        )
    )
    for row in rows:
        for low, high in _ORDERED:
            pair: list[Any] = [row.get(low), row.get(high)]
            if None not in pair:
                row[low], row[high] = sorted(pair)
        if table.name == "placements" and any(placement_faults(row)):
            row |= {"dispatch_agency": None, "dispatch_host": None}
    return rows


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """A store in memory that does not ask for the rows referred to."""
    engine = create_engine("sqlite://", execution_options={VAULT_OPTION: Vault.read(KEYS)})
    metadata.create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def store(connection: Connection, table: TableSpec, rows: list[dict[str, Any]]) -> None:
    """Put rows into the store, in place of what was there."""
    connection.rollback()
    TableRepository(connection, table, PROGRAM).insert(rows)


def read_back(table: TableSpec, path: Path) -> list[dict[str, Any]]:
    """Return the rows of an exported file as an import parses them."""
    with open_sheet(path) as sheet:
        names = resolve_headers(sheet.headers, table)
        rows = []
        for row in sheet.rows:
            assert row.problem is None
            rows.append({name: table.column(name).parse(plain(row.cells[header])) for header, name in names.items()})
    return rows


def by_key(table: TableSpec, rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return rows by key."""
    return {tuple(row[name] for name in table.key): row for row in rows}


def a_vacancy_row(**values: Any) -> dict[str, Any]:
    """Return a stored vacancy of which only this is known."""
    return {**dict.fromkeys(VACANCIES.by_name), "vacancy_id": "v-1", "title": "文员", **values}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_table_comes_back_equal(
    connection: Connection, tmp_path: Path, table: TableSpec, suffix: str, data: st.DataObject
) -> None:
    rows = data.draw(rows_of(table))
    store(connection, table, rows)
    out = tmp_path / f"out{suffix}"
    assert export(connection, table, out, subject=PROGRAM) == len(rows)
    assert by_key(table, read_back(table, out)) == by_key(table, rows)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=_TEXTS)
@example(text="'=1")
@example(text="甲\r\n乙")
def test_nasty_text_comes_back_equal(connection: Connection, tmp_path: Path, suffix: str, text: str) -> None:
    store(connection, VACANCIES, [a_vacancy_row(description=text)])
    out = tmp_path / f"out{suffix}"
    export(connection, VACANCIES, out, subject=PROGRAM)
    assert read_back(VACANCIES, out)[0]["description"] == text


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_empty_table_has_its_headers(connection: Connection, tmp_path: Path, suffix: str) -> None:
    store(connection, INTERACTIONS, [])
    out = tmp_path / f"out{suffix}"
    assert export(connection, INTERACTIONS, out, subject=PROGRAM) == 0
    with open_sheet(out) as sheet:
        assert sheet.headers == tuple(INTERACTIONS.by_name)
        assert list(sheet.rows) == []


def test_csv_holds_no_formula_and_opens_as_chinese(connection: Connection, tmp_path: Path) -> None:
    store(connection, VACANCIES, [a_vacancy_row(title="=HYPERLINK(A1)", description="@x", address="+1 2")])
    out = tmp_path / "out.csv"
    export(connection, VACANCIES, out, subject=PROGRAM)
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    with out.open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["title"], row["description"], row["address"]) == ("'=HYPERLINK(A1)", "'@x", "'+1 2")


def test_workbook_cells_are_text_only(connection: Connection, tmp_path: Path) -> None:
    store(connection, VACANCIES, [a_vacancy_row(title="=1+1", wage_min=Decimal(2500), opens_on=date(2026, 3, 1))])
    out = tmp_path / "out.xlsx"
    export(connection, VACANCIES, out, subject=PROGRAM)
    book = load_workbook(out)
    cells = {header.value: cell for header, cell in zip(*book.worksheets[0].iter_rows(), strict=True)}
    book.close()
    assert (cells["title"].data_type, cells["title"].value) == ("s", "=1+1")
    assert (cells["wage_min"].data_type, cells["wage_min"].value) == ("s", "2500")
    assert cells["opens_on"].number_format == "@"


class _Foreign:
    """A mapping with headers of its own."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.export_headers = headers

    def check_headers(self, headers: Any) -> None:
        """Accept all."""

    def translate(self, raw: Mapping[str, str]) -> Translated:
        """Take nothing over."""
        return Translated({})


def test_mapping_gives_the_headers(connection: Connection, tmp_path: Path) -> None:
    store(connection, VACANCIES, [a_vacancy_row()])
    out = tmp_path / "out.csv"
    export(connection, VACANCIES, out, mapping=_Foreign({"title": "职位"}), subject=PROGRAM)
    with open_sheet(out) as sheet:
        assert sheet.headers[:4] == ("vacancy_id", "employer_id", "employer_name", "职位")
        assert next(sheet.rows).cells["职位"] == "文员"


def test_mapping_with_one_header_for_two_columns_is_refused(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="同一个表头“名称”"):
        export(
            connection,
            VACANCIES,
            tmp_path / "a.csv",
            mapping=_Foreign({"title": "名称", "employer_name": "名称"}),
            subject=PROGRAM,
        )


@pytest.mark.parametrize("name", ["a.xls", "a.csv.gz", "a"])
def test_other_suffix_is_refused(connection: Connection, tmp_path: Path, name: str) -> None:
    with pytest.raises(PipelineError, match=r"\.csv 或 \.xlsx"):
        export(connection, EMPLOYERS, tmp_path / name, subject=PROGRAM)


def test_missing_folder_is_refused(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="无法写入"):
        export(connection, EMPLOYERS, tmp_path / "无" / "a.csv", subject=PROGRAM)


def test_failed_export_leaves_the_old_file_and_no_draft(connection: Connection, tmp_path: Path) -> None:
    store(connection, VACANCIES, [a_vacancy_row(description="长" * 40_000)])
    out = tmp_path / "out.xlsx"
    out.write_bytes(b"old")
    with pytest.raises(PipelineError, match=r"请导出为 \.csv"):
        export(connection, VACANCIES, out, subject=PROGRAM)
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]


def test_exported_people_are_readable_by_their_owner_only(connection: Connection, tmp_path: Path) -> None:
    store(connection, CANDIDATES, [])
    out = tmp_path / "out.csv"
    export(connection, CANDIDATES, out, subject=PROGRAM)
    assert out.stat().st_mode & 0o077 == 0
