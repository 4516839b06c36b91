"""Worlds made elsewhere: foreign words become unknown, and nobody is lost for them."""

import csv
import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from matching.entities import CandidateId, VacancyId
from pipelines.schema import TABLES
from pipelines.worlds import WorldError, load_world
from tests.conftest import Town
from tests.support.cases import cases_of
from tests.support.province import TODAY

NEEDED = ("vacancies", "candidates", "interactions")
Row = dict[str, str]


def a_world(town: Town, folder: Path, change: Callable[[str, Row], Row] | None = None) -> Path:
    """Write the needed tables only, each row changed."""
    folder.mkdir()
    for name in NEEDED:
        with (town.tables / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
            rows = [change(name, row) if change else row for row in csv.DictReader(handle)]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def test_the_three_needed_tables_alone_give_every_person_vacancy_and_act(town: Town, tmp_path: Path) -> None:
    casebook = load_world(a_world(town, tmp_path / "w"), today=TODAY)
    province = town.province
    assert set(casebook.candidates) == {c.candidate_id for c in province.candidates}
    assert {v.vacancy_id for v in casebook.vacancies} == {v.vacancy_id for v in province.vacancies}
    assert len(casebook.interactions) == len(province.interactions)


def test_every_optional_cell_may_be_unreadable_and_becomes_unknown(town: Town, tmp_path: Path) -> None:
    needed = {name: {c.name for c in TABLES[name].columns if c.required} for name in NEEDED}

    def garbled(table: str, row: Row) -> Row:
        return {name: cell if name in needed[table] else "§ foreign §" for name, cell in row.items()}

    casebook = load_world(a_world(town, tmp_path / "w", garbled), today=TODAY)
    assert len(casebook.candidates) == len(town.province.candidates)
    assert len(casebook.vacancies) == len(town.province.vacancies)
    assert len(casebook.interactions) == len(town.province.interactions)
    person = casebook.candidates[CandidateId("demo-c-00001")]
    assert (person.region, person.birth_date, person.functions, person.transport) == (None, None, {}, None)


def test_a_readable_cell_beside_an_unreadable_one_is_kept(town: Town, tmp_path: Path) -> None:
    def abroad(_: str, row: Row) -> Row:
        return {**row, "region": "Springfield"} if "region" in row else row

    casebook = load_world(a_world(town, tmp_path / "w", abroad), today=TODAY)
    stated = {v.vacancy_id: v for v in town.province.vacancies}
    for vacancy in casebook.vacancies:
        assert vacancy.region is None
        assert vacancy.wage_max == stated[VacancyId(vacancy.vacancy_id)].wage_max


def test_packed_tables_and_chinese_headers_are_read_too(town: Town, tmp_path: Path) -> None:
    folder = a_world(town, tmp_path / "w")
    labels = {column.name: column.label for column in TABLES["candidates"].columns}
    header, _, rest = (folder / "candidates.csv").read_text(encoding="utf-8").partition("\n")
    text = ",".join(labels[name] for name in header.strip().split(",")) + "\n" + rest
    (folder / "candidates.csv.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "candidates.csv").unlink()
    casebook = load_world(folder, today=TODAY)
    assert casebook.candidates[CandidateId("demo-c-00001")].region is not None


def test_a_world_read_twice_gives_everybody_the_same_name(town: Town, tmp_path: Path) -> None:
    # Names order what is learned: under a key drawn at random the same tables would give other figures each time.
    one, other = (load_world(a_world(town, tmp_path / name), today=TODAY) for name in ("w", "x"))
    assert [one.names.of(i) for i in one.candidates] == [other.names.of(i) for i in other.candidates]


def test_a_missing_table_or_key_column_is_named(town: Town, tmp_path: Path) -> None:
    folder = a_world(town, tmp_path / "w")
    (folder / "interactions.csv").write_text("candidate_id,kind,at\n", encoding="utf-8")
    with pytest.raises(WorldError, match="vacancy_id"):
        load_world(folder, today=TODAY)
    (folder / "interactions.csv").unlink()
    with pytest.raises(WorldError, match=r"interactions\.csv"):
        load_world(folder, today=TODAY)


def test_a_whole_province_as_a_world_is_the_province_as_stored(town: Town, tmp_path: Path) -> None:
    shutil.copytree(town.tables, tmp_path / "w")
    assert cases_of(load_world(tmp_path / "w", today=TODAY)) == cases_of(town.casebook())
