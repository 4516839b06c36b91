"""Threats 9 and 11 over a whole invented province, and who gets which figures."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from matching.rules.person import age_on
from matching.vocabulary import Education
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.consent.errors import NoSuchReport
from pipelines.consent.words import ConsentAct, ConsentPurpose
from pipelines.reports.bands import age_band, education_band
from pipelines.reports.extract import COLUMNS, analysts_extract
from pipelines.reports.generalise import generalise
from pipelines.reports.reading import EXTRACT, report_for, reports_for
from pipelines.reports.suppress import derivable_cells, suppressed
from pipelines.reports.tables import ALL, REPORTS, everything, exact, month_end, published
from pipelines.store.repositories import CandidateRepository, InteractionRepository
from pipelines.store.session import engine_for
from tests.conftest import Town
from tests.support.accounts import KEYS
from tests.support.people import says
from tests.support.province import TODAY
from tests.support.stores import PROGRAM

ANALYST = Subject(None, None, Role.ANALYST, frozenset(), Purpose.STATISTICS, actor="analyst")


def staff(*codes: str) -> Subject:
    return Subject(None, None, Role.CASEWORKER, frozenset(codes), Purpose.JOB_MATCHING, actor="staff")


@pytest.fixture(scope="module")
def engine(town: Town) -> Iterator[Engine]:
    """The shared province; nothing is written to it."""
    opened = engine_for(town.url, KEYS)
    yield opened
    opened.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as opened:
        yield opened


# ---- threat 9 ----


def test_threat_9_nothing_small_and_nothing_that_gives_it_away_is_published(connection: Connection) -> None:
    tally = everything(connection, month_end(TODAY))
    hidden = suppressed(tally.cells, tally.lines, small=tally.of_few)
    shown = [cell for cell in tally.cells if cell not in hidden]
    assert len(shown) >= 40
    assert min(tally.cells[cell] for cell in shown) >= 10
    assert derivable_cells(tally.cells, tally.lines, hidden) == []
    for line in tally.lines:
        missing = [cell for cell in line.parts if cell in hidden]
        if line.total not in hidden and missing:
            assert len(missing) >= 2
            assert sum(tally.cells[cell] for cell in missing) >= 10


def test_threat_9_no_difference_of_any_two_published_tables_is_a_small_number(connection: Connection) -> None:
    numbers: set[int] = set()
    for name in REPORTS:
        for on in (date(2026, 11, 23), date(2026, 10, 23), date(2026, 9, 23)):
            for row in published(connection, name, on)["rows"]:
                numbers |= {n for n in row["counts"].values() if n is not None}
    assert len(numbers) >= 5
    assert all(n >= 10 for n in numbers)
    assert all(a == b or abs(a - b) >= 10 for a, b in combinations(sorted(numbers), 2))


def test_analysts_get_the_last_months_end_and_the_same_figures_all_month(connection: Connection) -> None:
    first, last = published(connection, "services", date(2026, 11, 1)), published(connection, "services", TODAY)
    assert first == last
    assert first["as_of"] == "2026-10-31"
    assert first["is_exact"] is False


def test_who_does_not_want_to_be_counted_is_in_no_published_figure(own_town: Town) -> None:
    opened = engine_for(own_town.url, KEYS)
    with opened.begin() as connection:
        before = everything(connection, TODAY).cells["people", "620000", ALL]
        people = CandidateRepository(connection, PROGRAM).ids()
        says(connection, people[0], ConsentAct.REFUSED, ConsentPurpose.STATISTICS_AND_TRAINING)
        says(connection, people[1], ConsentAct.WITHDRAWN)
        assert everything(connection, TODAY).cells["people", "620000", ALL] == before - 2
        assert exact(connection, PROGRAM, "people", TODAY)["rows"][0]["counts"][ALL] == before
    opened.dispose()


# ---- staff ----


@pytest.mark.parametrize("name", REPORTS)
def test_staff_get_exact_figures_over_their_own_people_alone(connection: Connection, name: str) -> None:
    document = exact(connection, staff("620102"), name, TODAY)
    assert document["is_exact"] is True
    assert {row["place"] for row in document["rows"]} <= {"620000", "620100", "620102"}
    for row in document["rows"]:
        words = [n for word, n in row["counts"].items() if word != ALL]
        assert sum(words) == row["counts"][ALL]


def test_exact_figures_are_those_of_the_records(connection: Connection) -> None:
    people = CandidateRepository(connection, PROGRAM).all()
    found = exact(connection, PROGRAM, "education", TODAY)["rows"]
    by_place = {row["place"]: row["counts"] for row in found}
    expected = Counter(education_band(p.education) for p in people)
    assert by_place["620000"]["初中及以下"] == expected["初中及以下"]
    assert by_place["620000"]["unknown"] == expected[None]
    own = [p for p in people if p.region == "620102"]
    assert by_place["620102"][ALL] == len(own)


def test_who_may_have_which_report(engine: Engine) -> None:
    assert EXTRACT in {report["name"] for report in reports_for(ANALYST)}
    assert EXTRACT not in {report["name"] for report in reports_for(staff("620102"))}
    for role in (Role.AUDITOR, Role.ADMINISTRATOR, Role.COMPANY_POSTER):
        with pytest.raises(Forbidden):
            reports_for(Subject(None, None, role, frozenset(), Purpose.STATISTICS))
    with pytest.raises(NoSuchReport), engine.connect() as connection:
        report_for(connection, staff("620102"), EXTRACT, on=TODAY)


# ---- threat 11 ----


def test_threat_11_the_extract_holds_no_id_no_day_and_no_text_of_a_person(connection: Connection) -> None:
    document = analysts_extract(connection, TODAY)
    assert document["columns"] == list(COLUMNS)
    assert len(document["rows"]) >= 300
    ids = {str(p.candidate_id) for p in CandidateRepository(connection, PROGRAM).all()}
    written = {str(value) for row in document["rows"] for value in row}
    assert not written & ids
    assert all(len(row[0]) == 7 for row in document["rows"])


def test_threat_11_linking_the_extract_to_the_roster_fails_for_all_but_one_in_a_hundred(
    connection: Connection,
) -> None:
    """The attacker has the whole roster and guesses, for each row, one of those who fit what it says."""
    roster = CandidateRepository(connection, PROGRAM).all()
    day = month_end(TODAY)
    known = [(p.region, age_band(age_on(p, day)), education_band(p.education)) for p in roster]
    acts = Counter(i.candidate_id for i in InteractionRepository(connection, PROGRAM).all())
    active = [facts for facts, p in zip(known, roster, strict=True) if acts[p.candidate_id]]

    def fits(row: list[Any], facts: tuple[Any, ...]) -> bool:
        place = row[3] is None or row[3] == facts[0] or (row[3].endswith("00") and (facts[0] or "")[:4] == row[3][:4])
        return place and row[4] in (None, facts[1]) and row[5] in (None, facts[2])

    rows = analysts_extract(connection, TODAY)["rows"]
    fitting = {tuple(row[3:]): sum(fits(row, facts) for facts in active) for row in rows}
    assert min(fitting.values()) >= 10
    linked = [row for row in rows if fitting[tuple(row[3:])] == 1]
    assert len(linked) <= 0.01 * len(rows)


def test_threat_11_a_class_that_goes_out_holds_ten_people_not_ten_rows() -> None:
    busy = [("one", "A")] * 30 + [(f"p{i}", "B") for i in range(10)]
    shown = generalise(busy, lambda row: row[0], (lambda row: (row[1],), lambda _: (None,)))
    assert shown == [None] * 30 + [("B",)] * 10


def test_what_is_left_over_is_counted_without_those_who_went_out_finer() -> None:
    rows = [(f"a{i}", "A") for i in range(12)] + [(f"b{i}", "B") for i in range(6)] + [(f"c{i}", "C") for i in range(5)]
    shown = generalise(rows, lambda row: row[0], (lambda row: (row[1],), lambda _: (None,)))
    assert shown == [("A",)] * 12 + [(None,)] * 11
    assert generalise(rows[:20], lambda row: row[0], (lambda row: (row[1],), lambda _: (None,)))[12:] == [None] * 8


def test_bands_cover_every_education_and_age_and_leave_the_unknown_unknown() -> None:
    assert all(education_band(education) for education in Education)
    assert all(age_band(age) for age in range(120))
    assert (education_band(None), age_band(None)) == (None, None)


@pytest.mark.parametrize("name", list(REPORTS))
def test_each_place_stands_once_in_a_report(connection: Connection, name: str) -> None:
    for document in (exact(connection, PROGRAM, name, TODAY), published(connection, name, TODAY)):
        places = [row["place"] for row in document["rows"]]
        assert len(places) == len(set(places))
        is_of_nobody = name.startswith("assistance_") and document["is_exact"]  # the demonstration has no plans
        assert len(places) > 1 or is_of_nobody
