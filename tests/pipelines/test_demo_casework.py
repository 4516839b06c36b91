"""The invented facts of the plan's actions: every row passes the import, and no list of them stays empty."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Connection

from matching.duties.terms import DutyKind
from pipelines.duties.due import due_list
from pipelines.duties.places import area_of
from pipelines.duties.unit_ledger import LISTS, unit_ledger
from pipelines.ingest import ingest
from pipelines.plan_schema import IMPORTED
from pipelines.plan_work import SHEETS, plan_sheet
from pipelines.synthetic import ProvinceConfig, invent, invent_casework, write_casework, write_tables
from tests.support.stores import PROGRAM, a_store

TODAY = date(2026, 11, 23)
_CONFIG = ProvinceConfig(today=TODAY, n_candidates=600, n_vacancies=240, seed=5)
_FIRST = ("employers", "vacancies", "candidates", "interactions", "placements", "services", "courses")


def test_the_same_configuration_gives_the_same_rows_and_leaves_the_province_as_it_is() -> None:
    province = invent(_CONFIG)
    rows = invent_casework(province, _CONFIG)
    assert rows == invent_casework(invent(_CONFIG), _CONFIG)
    assert province == invent(_CONFIG)
    assert all(rows.values()), [name for name, found in rows.items() if not found]


@pytest.mark.parametrize(("n_candidates", "n_vacancies"), [(0, 0), (3, 1), (60, 40)])
def test_a_province_with_hardly_anybody_has_such_facts_as_fit(n_candidates: int, n_vacancies: int) -> None:
    config = ProvinceConfig(today=TODAY, n_candidates=n_candidates, n_vacancies=n_vacancies, seed=5)
    rows = invent_casework(invent(config), config)
    assert len(rows.get("initiatives", ())) == (0 if n_candidates == 0 else 8)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    folder = tmp_path_factory.mktemp("demo")
    province = invent(_CONFIG)
    rows = invent_casework(province, _CONFIG)
    write_tables(province, folder)
    write_casework(rows, folder)
    with a_store("sqlite", folder) as engine:
        for name in (*_FIRST, *rows):
            file = folder / f"{name}.csv"
            report = ingest(engine, IMPORTED[name], file, subject=PROGRAM, supplied_by="demo", on=TODAY)
            assert (report.rejected, report.accepted) == (0, report.read), (name, report)
        with engine.begin() as opened:
            yield opened


@pytest.mark.parametrize("name", SHEETS)
def test_every_table_of_the_plans_work_has_rows(connection: Connection, name: str) -> None:
    assert plan_sheet(connection, PROGRAM, name, TODAY).rows


@pytest.mark.parametrize("name", list(LISTS))
def test_every_list_of_units_has_rows(connection: Connection, name: str) -> None:
    area = area_of(connection, None, TODAY)
    assert unit_ledger(connection, PROGRAM, name, TODAY.year, TODAY, area)["rows"]


@pytest.mark.parametrize("kind", [DutyKind.STARTUP, DutyKind.COACHING, DutyKind.LEARNING])
def test_visits_and_examinations_fall_due(connection: Connection, kind: DutyKind) -> None:
    assert due_list(connection, PROGRAM, TODAY, kinds=(kind,)).items
