"""The five real posting sets: every row accounted for, wages and places understood, speed; skipped without the data.

The sets may not be redistributed: they are found through `YOUGANG_SHARED` or `../shared` beside the repository.
"""

import csv
import gzip
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.schema import TABLES, CellError
from pipelines.sources.mapping import Mapping
from pipelines.sources.places import read_place
from pipelines.sources.quality import LABELS
from pipelines.sources.wages import read_wage

SHARED = Path(os.environ.get("YOUGANG_SHARED", Path(__file__).resolve().parents[3] / "shared"))

# set, columns of the wage, columns of the place in the order they are asked
SETS = (
    ("jobs_51job_2023", ("salary",), (("area",),)),
    ("jobs_bluecollar_2015", ("工资",), (("地区",),)),
    ("jobs_boss_2023_capitals", ("最低薪资", "最高薪资"), (("工作地址",),)),
    ("jobs_it_2019_multi", ("wage",), (("location",), ("city", "district"))),
    ("jobs_zhaopin_2024", ("2_salary",), (("4_location",),)),
)


@dataclass(frozen=True)
class Result:
    """What came of one set."""

    rows: int
    accepted: int
    rejected: Counter[str]
    notes: Counter[str]
    ids: int
    wages: tuple[int, int]
    places: tuple[int, int]
    seconds: float


def _open(name: str) -> Path:
    path = SHARED / "data" / name / "jobs.csv.gz"
    if not path.is_file():
        pytest.skip(f"real postings not here: set YOUGANG_SHARED to the folder that holds data/{name}")
    return path


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


def _stated(row: dict[str, str], columns: Sequence[str]) -> str:
    return "-".join(part for part in (row[column].strip() for column in columns) if part)


def _translate(name: str, wage: Sequence[str], places: Sequence[Sequence[str]]) -> Result:
    path = _open(name)
    rows = list(_rows(path))
    mapping = Mapping.load(name)
    mapping.check_headers(list(rows[0]))
    columns = TABLES["vacancies"].columns
    started = time.perf_counter()
    translated = [mapping.translate(row) for row in rows]
    seconds = time.perf_counter() - started
    rejected: Counter[str] = Counter()
    for result in translated:
        try:
            for column in columns:
                column.parse(result.cells.get(column.name))
        except CellError as error:
            rejected[f"{column.name}: {error}"] += 1
    wages = [reading for reading in (read_wage(_stated(row, wage)) for row in rows) if reading.stated]
    texts = [next((text for text in (_stated(row, part) for part in places) if text), "") for row in rows]
    stated_places = [place for place in map(read_place, texts) if place.stated]
    return Result(
        rows=len(rows),
        accepted=len(rows) - rejected.total(),
        rejected=rejected,
        notes=Counter(note.code for result in translated for note in result.notes),
        ids=len({result.cells["vacancy_id"] for result in translated}),
        wages=(sum(reading.understood for reading in wages), len(wages)),
        places=(sum(place.understood for place in stated_places), len(stated_places)),
        seconds=seconds,
    )


@pytest.fixture(scope="module", params=SETS, ids=[name for name, _, _ in SETS])
def result(request: pytest.FixtureRequest) -> Result:
    name, wage, places = request.param
    found = _translate(name, wage, places)
    with_capture = request.config.pluginmanager.getplugin("capturemanager")
    if with_capture is not None:
        with with_capture.global_and_fixture_disabled():
            _report(name, found)
    return found


def _report(name: str, found: Result) -> None:
    wages, places = (f"{a}/{b} = {a / b:.2%}" for a, b in (found.wages, found.places))
    print(f"\n{name}: rows {found.rows}, accepted {found.accepted}, rejected {dict(found.rejected)}")  # noqa: T201  the figures asked for
    print(f"  wages understood {wages}; places understood {places}; {found.rows / found.seconds:,.0f} rows/s")  # noqa: T201
    print(f"  notes {dict(found.notes.most_common())}")  # noqa: T201


def test_every_row_is_accepted_or_rejected_for_a_named_reason(result: Result) -> None:
    assert result.accepted + result.rejected.total() == result.rows
    assert result.accepted >= 0.999 * result.rows
    assert set(result.rejected) <= {"title: 此列不能为空"}


def test_every_vacancy_has_its_own_number(result: Result) -> None:
    assert result.ids == result.rows


def test_at_least_98_of_100_stated_wages_are_understood(result: Result) -> None:
    understood, stated = result.wages
    assert understood >= 0.98 * stated


def test_at_least_97_of_100_stated_places_are_understood(result: Result) -> None:
    understood, stated = result.places
    assert understood >= 0.97 * stated


def test_low_quality_is_named_by_known_codes_only(result: Result) -> None:
    assert set(result.notes) <= set(LABELS)


def test_rows_are_translated_at_a_usable_speed(result: Result) -> None:
    assert (
        result.rows / result.seconds > 1_000
    )  # measured 8,000 to 20,000 on one core; a slip to cpca per row gives 200
