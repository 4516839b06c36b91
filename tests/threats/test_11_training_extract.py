"""11 | I: analyst re-identifies the training extract.

Extract has no id, month dates, county or coarser when k < 10; linkage test against the roster fails on ≥ 99 %.
"""

import re
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Connection

from matching.entities import Candidate
from matching.rules.person import age_on
from pipelines.reports.bands import age_band, education_band
from pipelines.reports.extract import analysts_extract
from pipelines.reports.tables import month_end
from pipelines.store.repositories import CandidateRepository, InteractionRepository
from pipelines.store.session import engine_for
from tests.conftest import Town
from tests.support.accounts import KEYS
from tests.support.province import TODAY
from tests.support.stores import PROGRAM

K = 10


def _extract(connection: Connection) -> list[dict[str, Any]]:
    document = analysts_extract(connection, TODAY)
    return [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]


@pytest.fixture
def rows(town: Town) -> list[dict[str, Any]]:
    """The extract of the shared province."""
    engine = engine_for(town.url, KEYS)
    with engine.connect() as connection:
        found = _extract(connection)
    engine.dispose()
    assert len(found) >= 300
    return found


def _could_be(row: dict[str, Any], person: Candidate) -> bool:
    """True where what a row says of a person fits somebody of the roster."""
    day, place = month_end(TODAY), row["place"]
    here = place is None or place == person.region or (place[4:] == "00" and (person.region or "")[:4] == place[:4])
    facts = (age_band(age_on(person, day)), education_band(person.education))
    return here and all(
        said in (None, own) for said, own in zip((row["age_band"], row["education"]), facts, strict=True)
    )


def check_linkage_fails(town: Town) -> None:
    """Let an attacker with the whole roster and everybody's record of acts guess the person of each row."""
    engine = engine_for(town.url, KEYS)
    with engine.connect() as connection:
        found = _extract(connection)
        roster = CandidateRepository(connection, PROGRAM).all()
        acts = InteractionRepository(connection, PROGRAM).all()
    engine.dispose()
    active = {act.candidate_id for act in acts}
    people = [person for person in roster if person.candidate_id in active]
    classes = Counter((row["place"], row["age_band"], row["education"]) for row in found)
    linked = 0
    for row_class, count in classes.items():
        row = dict(zip(("place", "age_band", "education"), row_class, strict=True))
        fitting = sum(_could_be(row, person) for person in people)
        linked += count if fitting == 1 else 0
        assert fitting >= K
    assert linked <= 0.01 * len(found)


def test_linking_the_extract_to_the_roster_fails_for_99_of_100_rows(town: Town) -> None:
    check_linkage_fails(town)


def test_extract_has_no_id_no_day_and_nothing_that_somebody_wrote(town: Town, rows: list[dict[str, Any]]) -> None:
    people = town.casebook().candidates.values()
    own = {
        str(v) for p in people for v in (p.candidate_id, p.experience, p.household_id, p.birth_date) if v is not None
    }
    written = {str(value) for row in rows for value in row.values()}
    assert not written & own
    assert all(row["month"] is None or re.fullmatch(r"\d{4}-\d{2}", row["month"]) for row in rows)


def test_place_is_a_county_only_where_ten_people_share_the_row_and_a_prefecture_or_nothing_else(
    town: Town, rows: list[dict[str, Any]]
) -> None:
    active = {act.candidate_id for act in town.casebook().interactions}
    people = [person for i, person in town.casebook().candidates.items() if i in active]
    for row in rows:
        if row["place"] is not None and row["place"][4:] != "00":
            assert sum(person.region == row["place"] for person in people) >= K
