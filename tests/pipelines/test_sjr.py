import gzip
import os
from pathlib import Path

import pandas as pd
import pytest

from pipelines.errors import SheetError
from pipelines.schema import TABLES
from pipelines.sources.sjr import Counts, write_world

VIEWS = """\
Applicant.ID,Job.ID,Title,Position,Company,City,State.Name,State.Code,Industry,View.Start,View.End,View.Duration
7,100,Night Guard @ Acme,Night Guard,Acme,los angeles,California,CA,,2014-12-18 21:52:18 UTC,,
7,100,Night Guard @ Acme,Night Guard,Acme,los angeles,California,CA,,2014-12-18 22:00:00 UTC,,
7,100,Night Guard @ Acme,Night Guard,Acme,los angeles,California,CA,,2014-12-19 08:00:00 UTC,,
7,101,Cook,Cook,,Bellingham,Washington,WA,Food and Beverages,2014-12-20 08:00:00 UTC,,
8,101,Cook,Cook,,Bellingham,Washington,WA,Food and Beverages,2014-12-17 08:00:00 UTC,,
8,,Cook,Cook,,Bellingham,Washington,WA,,2014-12-17 08:00:00 UTC,,
8,102,Clerk,Clerk,,Bellingham,Washington,WA,,some day,,
"""
EXPERIENCE = """\
Applicant.ID,Position.Name,City,State.Name,State.Code,Start.Year,End.Year,Salary,Created.At
7,Porter,Reno,Nevada,NV,2001,2012,,2014-12-01 00:00:00 UTC
7,Guard; unarmed,Austin ,Texas,TX,2012,,,2014-12-01 00:00:00 UTC
7,Night Guard,Los Angeles,California,CA,2014,,,2014-12-18 23:00:00 UTC
8,Baker,,,,2010,2011,,2014-12-01 00:00:00 UTC
9,Driver,oakland,California,CA,113,2068,,2015-03-01 00:00:00 UTC
"""
WISHES = """\
Applicant.ID,Position.Of.Interest,Created.At,Updated.At
8,Server,2014-08-14 15:56:42 UTC,2015-02-26 20:35:12 UTC
8,Host,2014-08-14 15:56:42 UTC,2015-02-26 20:35:12 UTC
8,Server,2014-08-14 15:56:42 UTC,2015-02-26 20:35:12 UTC
8,Cook,2014-12-17 09:00:00 UTC,2015-02-26 20:35:12 UTC
"""


def a_source(folder: Path, *, views: str = VIEWS) -> Path:
    folder.mkdir()
    texts = {"job_views": views, "experience": EXPERIENCE, "positions_of_interest": WISHES}
    for name, text in texts.items():
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    return folder


@pytest.fixture
def world(tmp_path: Path) -> dict[str, pd.DataFrame]:
    write_world(a_source(tmp_path / "source"), tmp_path / "out")
    return {name: read(tmp_path / "out", name) for name in ("candidates", "vacancies", "interactions")}


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)


def row(table: pd.DataFrame, id_: str) -> dict[str, str]:
    return {str(key): str(value) for key, value in table.set_index(table.columns[0]).loc[id_].items()}


def test_every_view_is_accounted_for(tmp_path: Path) -> None:
    counts = write_world(a_source(tmp_path / "source"), tmp_path / "out")
    assert counts == Counts(candidates=3, vacancies=2, interactions=4, repeated_views=1, unusable_views=2, late_facts=2)
    assert counts.interactions + counts.repeated_views + counts.unusable_views == 7


def test_tables_have_the_interface_columns_and_every_cell_can_be_taken(world: dict[str, pd.DataFrame]) -> None:
    for name, table in world.items():
        assert list(table.columns) == [column.name for column in TABLES[name].columns]
        for record in table.to_dict("records"):
            parsed = {column.name: column.parse(str(record[column.name])) for column in TABLES[name].columns}
            assert TABLES[name].build(parsed) is not None


def test_vacancy_keeps_its_place_as_address_and_its_region_unknown(world: dict[str, pd.DataFrame]) -> None:
    guard = row(world["vacancies"], "sjr-100")
    assert (guard["title"], guard["employer_name"]) == ("Night Guard", "Acme")
    assert (guard["address"], guard["region"]) == ("Los Angeles, CA", "")


def test_vacancy_opens_on_the_day_of_its_first_view_and_never_closes(world: dict[str, pd.DataFrame]) -> None:
    cook = row(world["vacancies"], "sjr-101")
    assert (cook["opens_on"], cook["closes_on"]) == ("2014-12-17", "")


def test_view_repeated_on_a_day_is_one_interaction_and_on_another_day_a_second(world: dict[str, pd.DataFrame]) -> None:
    acts = world["interactions"]
    mine = acts[(acts["candidate_id"] == "sjr-7") & (acts["vacancy_id"] == "sjr-100")]
    assert mine["at"].tolist() == ["2014-12-18", "2014-12-19"]
    assert set(acts["kind"]) == {"viewed"}


def test_fact_entered_after_the_first_view_is_left_out(world: dict[str, pd.DataFrame]) -> None:
    assert row(world["candidates"], "sjr-7")["experience"] == "Porter;Guard, unarmed"
    assert row(world["candidates"], "sjr-8")["wished_occupations"] == "Server;Host"


def test_person_lives_where_the_present_or_latest_job_was(world: dict[str, pd.DataFrame]) -> None:
    assert row(world["candidates"], "sjr-7")["address"] == "Austin, TX"
    assert row(world["candidates"], "sjr-9")["address"] == "Oakland, CA"


def test_person_who_stated_no_place_has_none(world: dict[str, pd.DataFrame]) -> None:
    baker = row(world["candidates"], "sjr-8")
    assert (baker["address"], baker["region"], baker["category"]) == ("", "", "")


def test_second_run_writes_the_same(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    for out in ("one", "two"):
        write_world(source, tmp_path / out)
    for name in ("candidates", "vacancies", "interactions"):
        assert (tmp_path / "one" / f"{name}.csv").read_bytes() == (tmp_path / "two" / f"{name}.csv").read_bytes()


def test_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"缺少列：View\.Start"):
        write_world(a_source(tmp_path / "source", views=VIEWS.replace("View.Start", "Viewed")), tmp_path / "out")


def test_missing_file_is_named(tmp_path: Path) -> None:
    source = a_source(tmp_path / "source")
    (source / "experience.csv.gz").unlink()
    with pytest.raises(SheetError, match="experience"):
        write_world(source, tmp_path / "out")


def test_real_set_becomes_a_world_without_losing_a_view(tmp_path: Path) -> None:
    shared = Path(os.environ.get("YOUGANG_SHARED", Path(__file__).parents[2].parent / "shared"))
    source = shared / "data" / "sjr_job_views_2014"
    if not source.is_dir():
        pytest.skip("the behaviour set sjr_job_views_2014 is not here (YOUGANG_SHARED)")
    counts = write_world(source, tmp_path)
    assert counts.interactions + counts.repeated_views + counts.unusable_views == 9912
    assert counts.vacancies == 5844
    vacancies, acts = read(tmp_path, "vacancies"), read(tmp_path, "interactions")
    assert set(acts["vacancy_id"]) == set(vacancies["vacancy_id"])
    assert set(acts["candidate_id"]) <= set(read(tmp_path, "candidates")["candidate_id"])
    assert acts.groupby("vacancy_id")["at"].min().equals(vacancies.set_index("vacancy_id")["opens_on"].rename("at"))
