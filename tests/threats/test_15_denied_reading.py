"""15 | R: "I never looked at / changed that".

Every sensitive read and write has actor, purpose, object, time; writes without audit context are refused *by the
database* (raw SQL test).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from pipelines.access.audit import events
from pipelines.access.clients import Clients, new_token
from pipelines.access.import_keys import ImportKeys
from pipelines.access.organisations import office_id
from pipelines.access.roles import Action, Role
from pipelines.access.sessions import Sessions
from pipelines.access.vault import Vault
from pipelines.registers.uploads import begin
from pipelines.store.bulk import triggers
from pipelines.store.migrations.audited import trigger_names
from pipelines.store.repositories import ModelVersion, ModelVersionRepository
from pipelines.store.whole import metadata
from tests.api.test_matrix import CALLS, OTHER, THEIRS, Province
from tests.support.accounts import KEYS, a_user, gansu_with_others, the_accounts
from tests.support.people import a_person, a_vacancy, acted
from tests.support.service import OWN, Service
from tests.support.stores import BACKENDS, PROGRAM, a_store
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
            gansu_with_others(connection)
            everything_of_access(connection)
        yield opened


def everything_of_access(connection: Connection) -> None:
    """Store somebody signed in, a machine with a token, an import key, a model and a sheet."""
    now, vault, office = datetime.now(UTC), Vault.read(KEYS), office_id(OWN)
    account, at = a_user(connection, "liwei", Role.CASEWORKER, OWN)
    Sessions(connection, now=now, on=now.date()).open(account.user_id, at, Role.CASEWORKER)
    clients = Clients(connection, vault=vault, now=now)
    client, _ = clients.add("数据交换", office, Role.CASEWORKER, [Action.READ_SERVICES], by=PROGRAM.by)
    clients.issue(client, client.scopes, new_token())
    ImportKeys(connection, vault=vault, now=now).add("导入", office, Role.CASEWORKER, days=30, by=PROGRAM.by)
    model = ModelVersion("m-1", now, now.date(), "candidate", "m-1", "{}", None)
    ModelVersionRepository(connection).save(model)
    begin(connection, replace(PROGRAM, organisation_id=office), "courses", is_dry_run=False, at=now)


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
    "INSERT INTO memberships (membership_id, user_id, organisation_id, role, valid_from)"
    " SELECT 'm', user_id, 'office-620000', 'administrator', '2026-01-01' FROM users",
    "UPDATE users SET password_hash = '$argon2id$mine'",
    "INSERT INTO organisations (organisation_id, kind, name) VALUES ('o', 'province', 'n')",
    "INSERT INTO organisation_codes (organisation_id, code, valid_from)"
    " VALUES ('office-620102', '620502', '2026-01-01')",
    f"INSERT INTO sessions SELECT '{'0' * 64}', user_id, organisation_id, role, csrf_hash, created_at, last_seen_at,"
    " expires_at, revoked_at FROM sessions",
    "UPDATE clients SET scopes = 'candidates.read'",
    f"INSERT INTO client_secrets (secret_hash, client_id, created_at) SELECT 'k1.{'0' * 64}', client_id, created_at"
    " FROM clients",
    f"INSERT INTO access_tokens SELECT '{'0' * 64}', client_id, scopes, created_at, expires_at FROM access_tokens",
    "UPDATE import_keys SET expires_at = '2099-01-01'",
    "UPDATE model_versions SET status = 'champion'",
    f"INSERT INTO model_cards (version, payload, sha256, made_by, made_at)"
    f" VALUES ('m-1', '{{}}', '{'0' * 64}', 'x', '2026-01-01')",
    'INSERT INTO model_promotions (promotion_id, version, act, failed, "by", at)'
    " VALUES ('p', 'm-1', 'promote', '[]', 'x', '2026-01-01')",
    "DELETE FROM uploads",
    "INSERT INTO person_merges (merge_id, candidate_id, kept_id, merged_id, words, snapshot, merged_at, merged_by)"
    " VALUES ('m', 'c-1', 'c-1', 'c-2', 'x', 'x', '2026-01-01', 'user:1')",
    "INSERT INTO caseworkers (charge_id, candidate_id, organisation_id, user_id, since)"
    " SELECT 'x', 'c-1', 'office-620102', user_id, '2026-01-01' FROM users",
    "INSERT INTO case_notes (note_id, candidate_id, happened_on, purpose, words, recorded_at, recorded_by)"
    " VALUES ('n', 'c-1', '2026-01-01', 'visit', 'x', '2026-01-01', 'user:1')",
    "INSERT INTO plans (plan_id, candidate_id, kind, opened_on, opened_at, opened_by)"
    " VALUES ('p', 'c-1', 'graduate', '2026-01-01', '2026-01-01', 'user:1')",
    "INSERT INTO planned_handovers (planned_id, from_user_id, from_organisation_id, to_user_id, begins_on, is_whole,"
    " words, status, made_at, made_by) SELECT 'p', user_id, 'office-620102', 'x', '2026-01-01', true, 'x', 'waiting',"
    " '2026-01-01', 'user:1' FROM users",
    "INSERT INTO planned_people (row_id, planned_id, candidate_id) VALUES ('r', 'p', 'c-1')",
    "INSERT INTO messages (message_id, candidate_id, template, mark, status, queued_at, queued_by)"
    " VALUES ('m', 'c-1', 'call_back', 'm', 'queued', '2026-01-01', 'user:1')",
    "INSERT INTO message_choices (choice_id, candidate_id, act, recorded_at, recorded_by)"
    " VALUES ('c', 'c-1', 'stopped', '2026-01-01', 'user:1')",
    "INSERT INTO notices (notice_id, reader, kind, because, happened_on, mark, made_at)"
    " VALUES ('n', 'user:1', 'task', 'owner', '2026-01-01', 'm', '2026-01-01')",
    "INSERT INTO sites (site_id, kind) VALUES ('s', 'massage_shop')",
    "INSERT INTO service_contracts (contract_id) VALUES ('c')",
    "INSERT INTO enrolments (enrolment_id, candidate_id, kind) VALUES ('e', 'c-1', 'school')",
    "INSERT INTO tasks (task_id, candidate_id, kind, words, due_on, status, made_at, made_by)"
    " VALUES ('t', 'c-1', 'visit', 'x', '2026-01-01', 'open', '2026-01-01', 'user:1')",
)


def check_raw_writes_are_refused(engine: Engine) -> None:
    """Write past the program, without an audit row of the same transaction."""
    for statement in WRITES:
        with pytest.raises(DBAPIError, match="audit"), engine.begin() as connection:
            connection.execute(text(statement))


def test_database_refuses_raw_writes_without_a_word_in_the_audit(engine: Engine) -> None:
    check_raw_writes_are_refused(engine)


ANSWERS_FOR_ITSELF = {
    "audit": "append-only by triggers of its own",
    "audit_head": "follows the audit by triggers of its own",
    "rule_books": "written once, found by the hash of its content; which one answers is released under audit",
    "claim_rules": "written once, with the rule book that they are of",
    "claim_exclusions": "written once, with the rule book that they are of",
    "imports": "counts of what came in; each block of rows has its audit row",
    "kept_answers": "sealed answers to repeated requests, dropped after a day; the first request has its audit row",
    "vacancy_readings": "reckoned anew from the text of the vacancy",
    "vault_keys": "which keys a process brought along; a false one stops the next start, and opens nothing",
}


def test_every_table_is_under_audit_unless_it_is_said_here_why_not(engine: Engine) -> None:
    # Walked, so that a new table cannot be forgotten.
    with engine.connect() as connection:
        held = {(table, name) for table, name, _ in triggers(connection)}
    assert set(metadata.tables) >= set(ANSWERS_FOR_ITSELF)
    for name in set(metadata.tables) - set(ANSWERS_FOR_ITSELF):
        assert {(name, trigger) for trigger in trigger_names(name, engine.dialect.name)} <= held, name


ACCESS = (
    "organisations", "organisation_codes", "users", "memberships", "sessions", "clients", "client_secrets",
    "access_tokens", "import_keys", "model_versions", "uploads",
)  # fmt: skip
LAST_USE = {("sessions", "last_seen_at"), ("import_keys", "last_used_at")}
"""Written beside reads that have a row of their own; nobody's act."""


def test_no_column_that_says_who_may_do_what_is_changed_without_a_word_in_the_audit(engine: Engine) -> None:
    columns = [column for table in ACCESS for column in metadata.tables[table].columns]
    for column in columns:
        table, name = column.table.name, column.name
        change = text(f'UPDATE {table} SET "{name}" = "{name}"')
        if (table, name) in LAST_USE:
            with engine.begin() as connection:
                assert connection.execute(change).rowcount == 1
        else:
            with pytest.raises(DBAPIError, match="audit"), engine.begin() as connection:
                connection.execute(change)


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
