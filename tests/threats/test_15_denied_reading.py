"""15 | R: "I never looked at / changed that".

Every sensitive read and write has actor, purpose, object, time; writes without audit context are refused *by the
database* (raw SQL test).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from pipelines.access.audit import events
from pipelines.access.organisations import office_id
from pipelines.access.roles import Role
from pipelines.store.bulk import triggers
from pipelines.store.migrations.audited import trigger_names
from pipelines.store.whole import metadata
from tests.api.test_matrix import CALLS, OTHER, THEIRS, Province
from tests.support.accounts import the_accounts
from tests.support.people import a_person, a_vacancy, acted
from tests.support.service import OWN, Service
from tests.support.stores import BACKENDS, a_store
from tests.threats.doors import HERE, V1, by

READS_OF_A_PERSON = [
    path
    for (method, path), call in CALLS.items()
    if method == "GET" and call.names == {"candidate_id": "candidate"} and not path.endswith("extract")
]


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A store with somebody in it."""
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            a_person(connection, "c-1")
            a_vacancy(connection, "v-1", None)
            acted(connection, "c-1", "v-1")
        yield opened


WRITES = (
    "UPDATE candidates SET education = 'none'",
    "DELETE FROM interactions",
    "INSERT INTO services (candidate_id, kind, \"on\") VALUES ('c-1', 'other', '2026-01-01')",
    "INSERT INTO placements (placement_id, candidate_id) VALUES ('p', 'c-1')",
    "UPDATE vacancies SET wage_min = 9000",
    "INSERT INTO employers (employer_id) VALUES ('e')",
    "INSERT INTO courses (course_id) VALUES ('k')",
    "INSERT INTO fact_sources (candidate_id, fact, supplied_by, supplied_on) VALUES ('c-1', 'sex', 'x', '2026-01-01')",
    "INSERT INTO shortlist_runs (run_id, candidate_id, as_of, model_version, rules_version, created_at, payload)"
    " VALUES ('r', 'c-1', '2026-01-01', 'm', 'r', '2026-01-01', '{}')",
    "INSERT INTO rule_retirements (release_id, retired_by, retired_at) VALUES ('r', 'user:1', '2026-01-01')",
)


def check_raw_writes_are_refused(engine: Engine) -> None:
    """Write past the program, without an audit row of the same transaction."""
    for statement in WRITES:
        with pytest.raises(DBAPIError, match="audit"), engine.begin() as connection:
            connection.execute(text(statement))


def test_database_refuses_raw_writes_without_a_word_in_the_audit(engine: Engine) -> None:
    check_raw_writes_are_refused(engine)


def test_every_table_that_speaks_of_a_person_an_employer_or_a_vacancy_is_under_audit(engine: Engine) -> None:
    # Walked, so that a new table cannot be forgotten.
    with engine.connect() as connection:
        held = {(table, name) for table, name, _ in triggers(connection)}
    ids = {"candidate_id", "employer_id", "vacancy_id", "release_id"}
    wanted = [table.name for table in metadata.tables.values() if ids & set(table.columns.keys())]
    assert len(wanted) >= 20
    # What an office is has the id of its employer; what was read of a vacancy is reckoned anew from its text.
    reckoned = {"organisations", "vacancy_readings"}
    for name in set(wanted) - reckoned:
        assert {(name, trigger) for trigger in trigger_names(name, engine.dialect.name)} <= held, name


def test_word_in_the_audit_of_an_earlier_transaction_is_none(engine: Engine) -> None:
    with engine.begin() as connection:
        a_person(connection, "c-2")
    check_raw_writes_are_refused(engine)


def test_audit_itself_is_not_changed_by_anybody(engine: Engine) -> None:
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "UPDATE audit_head SET sequence = 0"):
        with pytest.raises(DBAPIError, match="audit"), engine.begin() as connection:
            connection.execute(text(statement))


def test_every_read_of_a_person_says_who_for_whom_why_and_when(whole: Province) -> None:
    headers = whole.enter(Role.CASEWORKER, OTHER)
    assert len(READS_OF_A_PERSON) >= 8
    with whole.engine.connect() as connection:
        actor = f"user:{the_accounts(connection).get(f'caseworker-{OTHER}').user_id}"
    for path in READS_OF_A_PERSON:
        with whole.engine.connect() as connection:
            before = max(event["sequence"] for event in events(connection))
        purpose = {"Yougang-Purpose": "identity_check"} if path.endswith("identity") else {}
        answer = whole.client.get(path.replace("{candidate_id}", THEIRS), headers={**headers, **purpose})
        assert answer.status_code == 200, (path, answer.text)
        with whole.engine.connect() as connection:
            told = [e for e in events(connection, after=before) if e["object_id"] == THEIRS]
        assert told, path
        for event in told:
            assert (event["actor"], event["organisation_id"]) == (actor, office_id(OTHER))
            assert event["purpose"] == ("identity_check" if purpose else event["purpose"]) != ""
            assert datetime.now(UTC) - event["at"] < timedelta(minutes=1)


def test_change_is_recorded_in_the_transaction_that_makes_it(house: Service) -> None:
    headers = by(house)
    person = f"{V1}/candidates/{HERE}"
    etag = house.client.get(person, headers=headers).headers["ETag"]
    changed = house.client.patch(person, json={"skills": ["打字"]}, headers={**headers, "If-Match": etag})
    assert changed.status_code == 200
    with house.engine.connect() as connection:
        last = [event for event in events(connection) if event["object_id"] == HERE][-1]
        actor = f"user:{the_accounts(connection).get('here').user_id}"
    assert (last["action"], last["actor"], last["organisation_id"]) == ("candidates.write", actor, office_id(OWN))
