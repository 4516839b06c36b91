"""One person in one statement: what is handed out is in the audit, and what cannot be recorded is not handed out."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from pipelines.access.audit import breaks, events
from pipelines.access.roles import OrganisationId, Purpose, Role, Subject, UserId
from pipelines.schema import CANDIDATES
from pipelines.store.repositories import CandidateRepository, TableRepository
from pipelines.store.session import each_by_itself
from pipelines.store.single_rows import Person, PersonRepository
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

OWN, OTHER, READ = "620102", "620502", "candidates.read"
WORKER = Subject(
    UserId("u-1"), OrganisationId(f"office-{OWN}"), Role.CASEWORKER, frozenset({OWN}), Purpose.JOB_MATCHING
)
REFUSAL = {
    "sqlite": "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END",
    "postgresql": 'CREATE TRIGGER "full" BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()',
}


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            people = [
                {"candidate_id": "c-here", "region": OWN, "name": "张三"},
                {"candidate_id": "c-there", "region": OTHER},
            ]
            rows: list[dict[str, Any]] = [{**dict.fromkeys(CANDIDATES.by_name), **person} for person in people]
            TableRepository(noted(connection), CANDIDATES, PROGRAM).insert(rows)
            facts = [("c-here", "region"), ("c-here", "name"), ("c-there", "region")]
            CandidateRepository(connection, PROGRAM).note_sources(facts, 'a "source"', date(2026, 11, 2))
        yield opened


def read(engine: Engine, candidate_id: str) -> Person | None:
    with each_by_itself(engine)() as connection:
        return PersonRepository(connection, WORKER).read(candidate_id, READ)


def reads(engine: Engine) -> list[tuple[str, str, str | None]]:
    with engine.connect() as connection:
        told = [event for event in events(connection) if event["action"] == READ]
        assert list(breaks(connection)) == []
    return [(event["actor"], event["purpose"], event["object_id"]) for event in told]


def test_a_person_comes_with_who_supplied_each_fact_and_the_read_is_recorded(engine: Engine) -> None:
    found = read(engine, "c-here")
    assert found is not None
    assert (found.values["name"], found.values["region"], found.values["skills"], found.version) == (
        "张三",
        OWN,
        None,
        1,
    )
    assert found.sources == dict.fromkeys(("region", "name"), ('a "source"', "2026-11-02"))
    assert reads(engine) == [("user:u-1", "job_matching", "c-here")]


def test_of_who_is_not_there_or_not_visible_nothing_is_told_or_recorded(engine: Engine) -> None:
    assert read(engine, "c-there") is None
    assert read(engine, "c-nobody") is None
    assert reads(engine) == []


def test_what_cannot_be_recorded_is_not_handed_out(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(REFUSAL[engine.dialect.name]))
    with pytest.raises(DBAPIError):
        read(engine, "c-here")
    assert reads(engine) == []


def test_many_readers_at_once_leave_one_chain_with_a_row_for_each(engine: Engine) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: read(engine, "c-here"), range(30)))
    assert all(found)
    assert len(reads(engine)) == 30
