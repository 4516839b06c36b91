"""The plan's report: cells equal independent counts of the rows, small ones stay hidden, files say the same."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook
from sqlalchemy import Connection, text

from matching.duties.clocks import standing
from matching.duties.terms import CLOCKS, terms_on
from matching.regions import GANSU
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.consent.errors import NoSuchReport
from pipelines.duties.households import all_households, household_list
from pipelines.duties.unit_ledger import LISTS
from pipelines.reports.plan.count import ELSEWHERE, count_plan, label_of
from pipelines.reports.plan.figures import ALL, FIGURES, NOT_COUNTED
from pipelines.reports.plan.files import NoSuchKind, write_report
from pipelines.reports.plan.layout import laid_out, lines_of
from pipelines.reports.plan.report import plan_report, rows_behind
from pipelines.reports.suppress import derivable_cells, rounded, suppressed
from pipelines.schema import PLACEMENTS
from pipelines.store.repositories import TableRepository
from tests.support.builders import TODAY
from tests.support.duties import World
from tests.support.people import a_person
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

YEAR = TODAY.year
AREA = {
    "620102": "620100", "620103": "620100", "620100": "620100", "620502": "620500", "620171": "620171",
    "620299": "620299", "620201": "620200",
}  # fmt: skip
ANALYST = Subject(None, None, Role.ANALYST, frozenset(), Purpose.STATISTICS)


@pytest.fixture(params=BACKENDS)
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with a_store(request.param, tmp_path) as engine, engine.begin() as opened:
        yield opened


def cells(report: Mapping[str, Any], figure: str) -> dict[tuple[str, str], Any]:
    """Return the cells of a figure that are not nought, by place and word."""
    found = next(one for one in report["figures"] if one["name"] == figure)
    return {(row["place"], word): n for row in found["rows"] for word, n in row["counts"].items() if n != 0}


def with_province(counted: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Return counts by area with those of the province."""
    whole: Counter[tuple[str, str]] = Counter(counted)
    for (_, word), n in counted.items():
        whole[GANSU, word] += n
    return dict(whole)


def area_of(region: str | None) -> str:
    """Return the area that a region of the drawn world is counted in."""
    return AREA.get(region or "", ELSEWHERE)


@pytest.mark.parametrize("seed", range(2))
def test_cells_equal_independent_sql_over_the_rows(connection: Connection, seed: int) -> None:
    World(seed, TODAY, 150).store(connection)
    report = plan_report(connection, PROGRAM, YEAR, TODAY, is_exact=True)
    days = {"first": f"{YEAR}-01-01", "last": TODAY.isoformat()}
    trained = connection.execute(
        text(
            "SELECT c.region, COUNT(DISTINCT c.candidate_id) FROM candidates c JOIN services s "
            'ON s.candidate_id = c.candidate_id WHERE s.kind = \'training\' AND s."on" >= :first AND s."on" <= :last '
            "GROUP BY c.region"
        ),
        days,
    )
    expected: Counter[tuple[str, str]] = Counter()
    for region, n in trained:
        expected[area_of(region), "trained"] += n
    assert cells(report, "trained") == with_province(expected)
    rows = connection.execute(text("SELECT candidate_id, form, starts_on, ends_on, placement_id FROM placements"))
    begun: dict[str, tuple[str, str, str]] = {}
    every = [tuple(None if value is None else str(value) for value in row) for row in rows]
    for owner, form, starts, _, key in every:
        if starts is None or not days["first"] <= starts <= days["last"]:
            continue
        eve = (date.fromisoformat(starts) - timedelta(days=1)).isoformat()
        if any(o == owner and s is not None and s < starts and (e is None or e >= eve) for o, _, s, e, _ in every):
            continue
        entry = (starts, str(key), form or "unknown")
        begun[str(owner)] = min(begun.get(str(owner), entry), entry)
    places = {row[0]: row[1] for row in connection.execute(text("SELECT candidate_id, region FROM candidates"))}
    placed: Counter[tuple[str, str]] = Counter()
    for owner, (_, _, form) in begun.items():
        placed[area_of(places[owner]), form] += 1
        placed[area_of(places[owner]), ALL] += 1
    assert cells(report, "placed") == with_province(placed)
    assert len(placed) > 5


@pytest.mark.parametrize("day", [TODAY, date(2026, 12, 31), date(2027, 1, 1)])
def test_coverage_has_the_denominators_of_each_persons_own_standing(connection: Connection, day: date) -> None:
    world, terms = World(4, day, 200), terms_on(day)
    world.store(connection)
    report = plan_report(connection, PROGRAM, day.year, day, is_exact=True)
    expected: dict[str, Counter[tuple[str, str]]] = {kind.value: Counter() for kind in CLOCKS}
    for file in world.files:
        stands = standing(file, terms)
        for kind in CLOCKS:
            if stands.owed(kind) is True:
                word = "done" if stands.done[kind] >= terms.times[kind] else "due"
                expected[kind.value][area_of(file.candidate.region), word] += 1
    for name, counted in expected.items():
        own = {cell: n for cell, n in cells(report, name).items() if cell[1] != ALL}
        assert own == with_province(counted)
        assert counted


def test_rows_behind_a_cell_are_as_many_as_it_says(connection: Connection) -> None:
    World(6, TODAY, 120).store(connection)
    report = plan_report(connection, PROGRAM, YEAR, TODAY, is_exact=True)
    for name in FIGURES:
        for (place, word), n in cells(report, name).items():
            found, has_more = rows_behind(connection, PROGRAM, YEAR, TODAY, (name, place, word))
            assert (len(found), has_more) == (n, False)
    with pytest.raises(NoSuchReport):
        rows_behind(connection, PROGRAM, YEAR, TODAY, ("trained", GANSU, "nothing"))


def test_nothing_small_is_told_nor_follows_from_what_is(connection: Connection) -> None:
    World(7, date(YEAR, 12, 31), 400).store(connection)
    told = plan_report(connection, PROGRAM, YEAR, date(YEAR + 1, 2, 1), is_exact=False)
    shown = [
        n
        for figure in told["figures"]
        if figure["counts"] not in ("units", "events")
        for row in figure["rows"]
        for n in row["counts"].values()
        if n is not None
    ]
    assert shown
    assert all(n >= 10 and n % 10 == 0 for n in shown)
    tally = count_plan(connection, PROGRAM, YEAR, date(YEAR, 12, 31))
    people = {cell: n for cell, n in tally.cells.items() if not FIGURES[cell[0]].is_public}
    hidden = suppressed(people, tally.lines)
    assert derivable_cells(people, tally.lines, hidden) == []
    assert all(cell in hidden for cell, n in people.items() if n < 10)


def test_no_difference_of_two_published_reports_is_small(connection: Connection) -> None:
    """Between places, words, years and days alike: a difference of two figures of people is nought or ten and more."""
    World(11, date(YEAR, 12, 31), 500).store(connection)
    asked = [(YEAR, date(YEAR, 10, 31)), (YEAR, date(YEAR, 12, 31)), (YEAR - 1, TODAY), (YEAR, date(YEAR + 1, 2, 1))]
    told: dict[tuple[str, str, str], list[int]] = {}
    for year, on in asked:
        for figure in plan_report(connection, ANALYST, year, on)["figures"]:
            for row in figure["rows"] if figure["counts"] not in ("units", "events") else ():
                for word, n in row["counts"].items():
                    if n is not None:
                        told.setdefault((figure["name"], row["place"], word), []).append(n)
    numbers = sorted({n for found in told.values() for n in found})
    assert len(numbers) > 5
    assert all(n >= 10 for n in numbers)
    assert all(other - one >= 10 for one, other in pairwise(numbers))
    assert any(len(set(found)) > 1 for found in told.values())


@pytest.mark.parametrize("seed", range(3))
def test_a_hidden_cell_stays_wide_open_whatever_is_told_around_it(connection: Connection, seed: int) -> None:
    """Every true number within what was told, rounded: no hidden cell of people can be narrowed to fewer than ten."""
    World(20 + seed, date(YEAR, 12, 31), 350).store(connection)
    tally = count_plan(connection, PROGRAM, YEAR, date(YEAR, 12, 31))
    people = {cell: n for cell, n in tally.cells.items() if not FIGURES[cell[0]].is_public}
    hidden = suppressed(people, tally.lines)
    bounds: dict[Any, tuple[int, int]] = {
        cell: (0, 10**6) if cell in hidden else (max(10, rounded(n) - 5), rounded(n) + 5) for cell, n in people.items()
    }
    for _ in range(20):
        for line in tally.lines:
            whole, parts = bounds[line.total], [bounds[part] for part in line.parts]
            low, high = sum(one[0] for one in parts), sum(one[1] for one in parts)
            bounds[line.total] = (max(whole[0], low), min(whole[1], high))
            for part, (least, most) in zip(line.parts, parts, strict=True):
                bounds[part] = (max(least, whole[0] - high + most), min(most, whole[1] - low + least))
    assert hidden
    assert all(bounds[cell][0] <= people[cell] <= bounds[cell][1] for cell in people)
    assert [cell for cell in hidden if people[cell] and bounds[cell][1] - bounds[cell][0] < 9] == []


def test_a_contract_that_goes_on_over_the_year_end_is_no_new_placement(connection: Connection) -> None:
    for owner, (ends, starts) in {
        "c-1": (date(2025, 12, 31), date(2026, 1, 1)), "c-2": (date(2025, 12, 30), date(2026, 1, 1)),
    }.items():  # fmt: skip
        a_person(connection, owner)
        rows = [
            {"placement_id": f"p-{owner}-1", "candidate_id": owner, "starts_on": date(2024, 5, 1), "ends_on": ends},
            {"placement_id": f"p-{owner}-2", "candidate_id": owner, "starts_on": starts},
        ]
        TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert(
            [{**dict.fromkeys(PLACEMENTS.by_name), **row} for row in rows]
        )
    tally = count_plan(connection, PROGRAM, 2026, TODAY)
    assert [row[0] for row in tally.rows_of("placed", ALL, GANSU)] == ["c-2"]


def test_target_is_stated_where_the_plan_was_read_and_else_to_be_verified(connection: Connection) -> None:
    ended = plan_report(connection, PROGRAM, 2024, TODAY, is_exact=True)
    assert (ended["target"]["value"], ended["plan_begins"]) == (30000, "2022-01-01")
    assert ended["target"]["source"]["clause"] == "一"
    now = plan_report(connection, PROGRAM, YEAR, TODAY, is_exact=True)
    assert (now["target"]["value"], now["target"]["state"]) == (None, "to_verify")
    assert now["target"]["source"]["document"] == "甘政办发〔2025〕67号"
    before = plan_report(connection, PROGRAM, 2021, TODAY, is_exact=True)
    assert (before["plan_begins"], before["target"]["state"]) == (None, "to_verify")


def test_what_no_row_tells_is_to_be_verified_by_hand(connection: Connection) -> None:
    report = plan_report(connection, PROGRAM, YEAR, TODAY, is_exact=True)
    assert {one["state"] for one in report["not_counted"]} == {"需人工核实"}
    assert len(report["not_counted"]) == len(NOT_COUNTED)
    told = lines_of(laid_out(report))
    for one in NOT_COUNTED:
        assert any(one.title in line and one.knows in line and (one.kept or "") in line for line in told), one.title
    ledgers = {f"单位台账：{one.title}" for one in LISTS.values()}
    assert {one.kept for one in NOT_COUNTED if (one.kept or "").startswith("单位台账")} <= ledgers


def test_staff_get_their_own_places_exactly_and_analysts_never(connection: Connection) -> None:
    World(8, TODAY, 150).store(connection)
    worker = Subject(None, None, Role.CASEWORKER, frozenset({"620502"}), Purpose.JOB_MATCHING)
    own = plan_report(connection, worker, YEAR, TODAY)
    assert own["is_exact"]
    assert {row["place"] for row in own["figures"][0]["rows"]} <= {"620500", GANSU}
    assert not plan_report(connection, ANALYST, YEAR, TODAY)["is_exact"]
    with pytest.raises(Forbidden):
        plan_report(connection, ANALYST, YEAR, TODAY, is_exact=True)
    with pytest.raises(Forbidden):
        rows_behind(connection, ANALYST, YEAR, TODAY, ("trained", GANSU, "trained"))


def test_households_are_listed_by_place_in_pages(connection: Connection) -> None:
    World(9, TODAY, 200).store(connection)
    whole = [one.household_id for one in all_households(connection, PROGRAM, terms_on(TODAY))]
    states = tuple({one.standing.state for one in all_households(connection, PROGRAM, terms_on(TODAY))})
    found: list[str] = []
    after = None
    while (page := household_list(connection, PROGRAM, TODAY, None, 5, states=states, after=after)).next_key:
        found += [one.household_id for one in page.items]
        after = page.next_key
    assert [*found, *(one.household_id for one in page.items)] == whole
    assert len(states) >= 3
    here = household_list(connection, PROGRAM, TODAY, "天水市", 1000, states=states).items
    assert here
    assert all(any(member.region == "620502" for member in one.members) for one in here)


def test_files_say_what_the_report_says(connection: Connection, tmp_path: Path) -> None:
    World(10, TODAY, 150).store(connection)
    report = plan_report(connection, PROGRAM, YEAR, TODAY, is_exact=True)
    total = cells(report, "placed")[GANSU, ALL]
    for ending in (".docx", ".xlsx", ".html"):
        write_report(report, tmp_path / f"plan{ending}")
    word = Document(str(tmp_path / "plan.docx"))
    rows = [[cell.text for cell in row.cells] for row in word.tables[0].rows]
    assert rows[0][0] == "地区"
    assert (rows[-1][0], rows[-1][-1]) == ("甘肃省", str(total))
    (chart, *_) = (table for table in word.tables if table.rows[0].cells[1].text == "图示")
    drawn = [row.cells[1] for row in chart.rows[1:]]
    size = drawn[0].paragraphs[0].runs[0].font.size
    assert size is not None
    # A letter of a Chinese font is as wide as it is high: no bar is folded into two lines.
    assert all(size * len(cell.text) < (cell.width or 0) for cell in drawn)
    texts = "\n".join(paragraph.text for paragraph in word.paragraphs)
    assert "需人工核实" in texts
    assert "仅供内部使用" in texts
    book = load_workbook(tmp_path / "plan.xlsx")
    page = book.worksheets[1]
    assert total in [cell.value for row in page.iter_rows() for cell in row]
    assert page._charts  # type: ignore[attr-defined]  # what the library keeps of charts it read
    html = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert html.count("<h1>") == 1
    assert f"<td>{total}</td>" in html
    with pytest.raises(NoSuchKind):
        write_report(report, tmp_path / "plan.pdf")


def test_year_is_counted_until_its_end_and_not_beyond(connection: Connection) -> None:
    assert plan_report(connection, PROGRAM, 2025, TODAY, is_exact=True)["as_of"] == "2025-12-31"
    assert plan_report(connection, PROGRAM, YEAR, TODAY, is_exact=True)["as_of"] == TODAY.isoformat()


def test_the_two_places_beside_the_prefectures_stand_under_their_own_names() -> None:
    assert [label_of(code) for code in ("620100", "620171", "620299")] == ["兰州市", "兰州新区", "甘肃矿区"]
