"""The store on both databases: migrations, constraints, and rows that come back as they went in."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Engine, insert, inspect, text
from sqlalchemy.exc import IntegrityError

from matching.entities import FactSource, VacancyId
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    DisabilityCategory,
    Function,
    HouseholdKind,
    InteractionKind,
    ServiceKind,
    WorkMode,
    YesNo,
)
from pipelines.schema import CANDIDATES, INTERACTIONS, TABLES, VACANCIES
from pipelines.store.errors import NotFound
from pipelines.store.repositories import (
    CandidateRepository,
    InteractionRepository,
    ModelVersion,
    ModelVersionRepository,
    ReadingRepository,
    RunRepository,
    StoredReading,
    TableRepository,
    VacancyRepository,
)
from pipelines.store.session import downgrade, is_current, upgrade
from pipelines.store.tables import rule_books
from pipelines.store.visible_runs import VisibleRuns
from pipelines.store.whole import metadata
from tests.support.builders import certificate_number
from tests.support.stores import BACKENDS, PROGRAM, a_store, an_empty_database, noted

TODAY = date(2026, 11, 23)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty store."""
    with a_store(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture(params=BACKENDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    with an_empty_database(request.param, tmp_path) as opened:
        yield opened


def put(engine: Engine, name: str, *rows: Mapping[str, Any]) -> None:
    with engine.begin() as connection:
        TableRepository(noted(connection), TABLES[name], PROGRAM).insert(rows)


def stored(engine: Engine, name: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return list(TableRepository(connection, TABLES[name], PROGRAM).rows())


# Migrations


def test_migrated_schema_is_the_declared_one(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrated_checks_say_what_the_declared_ones_say(tmp_path: Path) -> None:
    # Alembic does not compare them. PostgreSQL keeps them in words of its own, so SQLite speaks for both.
    with a_store("sqlite", tmp_path) as engine:
        for table in metadata.tables.values():
            declared = {str(c.name): str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint)}
            found = {str(c["name"]): c["sqltext"] for c in inspect(engine).get_check_constraints(table.name)}
            assert found == declared


def test_schema_goes_up_down_and_up_again(empty: Engine) -> None:
    assert not is_current(empty)
    upgrade(empty)
    put(empty, "vacancies", {"vacancy_id": "v1", "title": "文员"})
    upgrade(empty)
    assert len(stored(empty, "vacancies")) == 1
    downgrade(empty, "base")
    assert not is_current(empty)
    assert set(inspect(empty).get_table_names()) == {"alembic_version"}
    upgrade(empty)
    assert is_current(empty)
    assert stored(empty, "vacancies") == []


# Constraints

_IMPORT = "'t', 'f', 'x', '2026-01-01 00:00:00', 'me'"
_DECISION = "'d', 'e', 'quota', '2026-01-01', 'kept', '2026-01-01 00:00:00', '{}'"
_VERSION = "'m', '2026-01-01 00:00:00', '2026-01-01', 'f', '{}'"
_USER = "users (user_id, login, display_name, created_at, status, failed_attempts, must_change_password, password_hash)"
_USER_VALUES = "VALUES ('u', '{login}', 'n', '2026-01-01 00:00:00', '{status}', {attempts}, {no}, '{hash}')"
_SESSION = "sessions (token_hash, user_id, organisation_id, role, csrf_hash, created_at, last_seen_at, expires_at)"
_AUDIT = "audit (sequence, at, actor, purpose, action, object_kind, details, previous_hash, hash)"
_H = "0" * 64


def _a_user(**different: str) -> str:
    values = {"login": "l", "status": "active", "attempts": "0", "no": "false", "hash": "$argon2id$x", **different}
    return f"{_USER} {_USER_VALUES.format(**values)}"


def _a_session(role: str = "auditor", token: str = _H, until: str = "2026-01-02") -> str:
    return f"{_SESSION} VALUES ('{token}', 'u', 'o', '{role}', '{_H}', '2026-01-01', '2026-01-01', '{until}')"


def _an_audit_row(sequence: int = 1, actor: str = "a", action: str = "x", own: str = _H) -> str:
    return f"{_AUDIT} VALUES ({sequence}, '2026-01-01', '{actor}', 'p', '{action}', 'o', '{{}}', '{_H}', '{own}')"


def _a_client(role: str = "caseworker", scopes: str = "candidates.read") -> str:
    columns = "client_id, name, organisation_id, role, scopes, created_at"
    return f"clients ({columns}) VALUES ('m', 'n', 'o', '{role}', '{scopes}', '2026-01-01')"


def _a_secret(kept: str = f"k1.{_H}", until: str = "2026-01-02") -> str:
    columns = "secret_hash, client_id, created_at, ends_at"
    return f"client_secrets ({columns}) VALUES ('{kept}', 'm', '2026-01-01', '{until}')"


def _a_token(kept: str = _H, until: str = "2026-01-02") -> str:
    columns = "token_hash, client_id, scopes, created_at, expires_at"
    return f"access_tokens ({columns}) VALUES ('{kept}', 'm', 's', '2026-01-01', '{until}')"


def _an_import_key(role: str = "caseworker", kept: str = f"k1.{_H}", until: str = "2026-01-02") -> str:
    columns = "key_id, key_hash, name, organisation_id, role, created_at, expires_at"
    return f"import_keys ({columns}) VALUES ('i', '{kept}', 'n', 'o', '{role}', '2026-01-01', '{until}')"


def _a_kept_answer(fingerprint: str = _H, status: int = 201) -> str:
    columns = "key_hash, fingerprint, created_at, status, answer"
    return f"kept_answers ({columns}) VALUES ('x', '{fingerprint}', '2026-01-01', {status}, '')"


def _a_vacancy_version(version: int = 1, author: str = "user:1") -> str:
    columns = "vacancy_id, version, content, author, created_at"
    return f"vacancy_versions ({columns}) VALUES ('v', {version}, '{{}}', '{author}', '2026-01-01')"


def _a_vacancy_on_its_way(**different: str) -> str:
    given = {"vacancy_id": "'v'", "version": "2", "state": "'draft'", "author": "'user:1'", "row_version": "1"}
    values = given | {"changed_at": "'2026-01-01'"} | different
    return f"vacancy_workflow ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def _an_approval(approved_by: str) -> str:
    columns = "approval_id, vacancy_id, version, author, approved_by, approved_at"
    return f"vacancy_approvals ({columns}) VALUES ('a', 'v', 1, 'user:1', '{approved_by}', '2026-01-01')"


def _a_verification(**different: str) -> str:
    given = {"verification_id": "'x'", "employer_id": "'e'", "employer_name": "'n'", "method": "'licence_seen'"}
    values = given | {"verified_by": "'user:1'", "verified_at": "'2026-01-02'"} | different
    return f"employer_verifications ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def _a_consent(**different: str) -> str:
    columns = "consent_id, candidate_id, number, purpose, recipient, items, act, stated_by, form, has_witness"
    given = {
        "number": "1", "purpose": "'matching'", "recipient": "NULL", "items": "NULL", "act": "'given'",
        "by": "'person'", "form": "'written'", "witness": "false", "told": "'2026-11'", "at": "'2026-01-01'",
        **different,
    }  # fmt: skip
    values = ", ".join(given[name] for name in ("number", "purpose", "recipient", "items", "act", "by", "form"))
    return (
        f"consents ({columns}, text_version, stated_at, recorded_at, recorded_by)"
        f" VALUES ('s', 'known', {values}, {given['witness']}, {given['told']}, {given['at']}, '2026-01-01', 'me')"
    )


def _a_request(**different: str) -> str:
    given = {
        "kind": "'erasure'", "by": "'person'", "asked": "'2026-01-05'", "status": "'open'", "when": "NULL",
        "who": "NULL", "why": "NULL", **different,
    }  # fmt: skip
    columns = "request_id, candidate_id, due_on, recorded_at, recorded_by, kind, asked_by, asked_on, status"
    return (
        f"person_requests ({columns}, decided_at, decided_by, decision) VALUES ('r', 'known', '2026-01-26',"
        f" '2026-01-05', 'me', {', '.join(given.values())})"
    )


_DECIDED = {"status": "'granted'", "when": "'2026-01-06'", "who": "'user:1'", "why": "'x'"}


def _an_upload(state: str = "done", counts: str = "1, 1, 0, 0", until: str = "'2026-01-01 00:00:00'") -> str:
    columns = "upload_id, actor, table_name, is_dry_run, state, started_at, ended_at"
    counted = "read, accepted, unchanged, rejected"
    held = f"'u', 'a', 't', FALSE, '{state}', '2026-01-01 00:00:00', {until}, {counts}"
    return f"uploads ({columns}, {counted}) VALUES ({held})"


def _a_claim(**different: str) -> str:
    given = {
        "claim_id": "'x'", "claimant_kind": "'candidate'", "candidate_id": "'known'", "rules_version": "'kept'",
        "rule_id": "'r'", "from_month": "202603", "to_month": "202606", "cost_basis": "'wage'", "county": "'620102'",
        "status": "'proposed'", "proposed_by": "'user:1'", "proposed_at": "'2026-01-05'", **different,
    }  # fmt: skip
    return f"claims ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _a_proposal(by: str = "user:1", content: str = _H) -> str:
    columns = "release_id, version, content, proposed_by, proposed_at, as_of, effects"
    return f"rule_proposals ({columns}) VALUES ('r', 'kept', '{content}', '{by}', '2026-01-01', '2026-01-01', '{{}}')"


def _a_release(proposed_by: str, approved_by: str) -> str:
    columns = "release_id, version, proposed_by, approved_by, approved_at"
    return f"rule_releases ({columns}) VALUES ('r', 'kept', '{proposed_by}', '{approved_by}', '2026-01-01')"


_DECIDED_CLAIM = {"decided_by": "'user:2'", "decided_at": "'2026-01-06'"}
_WITHDRAWN_CLAIM = {"status": "'withdrawn'", "withdrawn_by": "'user:1'", "withdrawn_at": "'2026-01-06'"}


def _a_crowded_post(price: str = "1", openings: str = "1") -> str:
    columns = "vacancy_id, model_version, as_of, price, looks, expected, openings, bound"
    return f"crowded_posts ({columns}) VALUES ('v', 'm', '2026-01-01', {price}, 1, 1, {openings}, 1)"


def _a_lift(lift: str = "0.1") -> str:
    return (
        f"exposure_lifts (attribute, value, model_version, as_of, lift) VALUES ('sex', 'v', 'm', '2026-01-01', {lift})"
    )


def _a_card(sha256: str = _H, made_by: str = "user:1") -> str:
    values = f"'m', '{{}}', '{sha256}', '{made_by}', '2026-01-01 00:00:00'"
    return f"model_cards (version, payload, sha256, made_by, made_at) VALUES ({values})"


def _a_promotion(
    act: str = "promote", failed: str = "[]", reason: str = "NULL", by: str = "user:2", made_by: str = "user:1"
) -> str:
    columns = 'promotion_id, version, act, made_by, failed, reason, "by", "at"'
    values = f"'p', 'm', '{act}', '{made_by}', '{failed}', {reason}, '{by}', '2026-01-01 00:00:00'"
    return f"model_promotions ({columns}) VALUES ({values})"


def _an_inspection(chosen: str = "random", outcome: str = "NULL", decided: bool = False) -> str:
    columns = "inspection_id, employer_id, year, chosen, seed, flags, rules_version, drawn_by, drawn_at, outcome"
    values = f"'i', 'e', 2026, '{chosen}', 1, '[]', 'x', 'user:1', '2026-01-01 00:00:00', {outcome}"
    if decided:
        columns += ", ground, evidence, decided_by, decided_at"
        values += ", 'g', 'e', 'user:2', '2026-01-02 00:00:00'"
    return f"inspections ({columns}) VALUES ({values})"


def _a_note(**different: str) -> str:
    given = {
        "note_id": "'n'", "candidate_id": "'known'", "happened_on": "'2026-01-05'", "purpose": "'visit'",
        "words": "'v1.k1.x'", "corrects": "NULL", "recorded_at": "'2026-01-05'", "recorded_by": "'user:1'", **different,
    }  # fmt: skip
    return f"case_notes ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _a_task(**different: str) -> str:
    given = {
        "task_id": "'t'", "candidate_id": "'known'", "kind": "'visit'", "words": "'v1.k1.x'", "due_on": "'2026-01-05'",
        "status": "'open'", "made_at": "'2026-01-05'", "made_by": "'user:1'", **different,
    }  # fmt: skip
    return f"tasks ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _a_plan(**different: str) -> str:
    given = {
        "plan_id": "'p'", "candidate_id": "'known'", "kind": "'graduate'", "level": "NULL", "opened_on": "'2026-01-05'",
        "opened_at": "'2026-01-05'", "opened_by": "'user:1'", "ended_on": "NULL", "ending": "NULL",
        "placement_id": "NULL", "ended_by": "NULL", **different,
    }  # fmt: skip
    return f"plans ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _a_step(**different: str) -> str:
    given = {
        "step_id": "'s'", "task_id": "'t'", "candidate_id": "'known'", "number": "1", "act": "'done'",
        "due_on": "NULL", "reason": "NULL", '"at"': "'2026-01-05'", '"by"': "'user:1'", **different,
    }  # fmt: skip
    return f"task_steps ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _a_charge(**different: str) -> str:
    given = {
        "charge_id": "'x'", "candidate_id": "'known'", "organisation_id": "'root'", "user_id": "'u'",
        "since": "'2026-01-05'", "ended_at": "NULL", **different,
    }  # fmt: skip
    return f"caseworkers ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _a_handover(**different: str) -> str:
    given = {
        "handover_id": "'x'", "from_user_id": "'u'", "from_organisation_id": "'root'", "to_user_id": "'u'",
        "to_organisation_id": "'root'", "happened_on": "'2026-01-05'", "words": "'v1.k1.x'", "n_people": "1",
        "made_at": "'2026-01-05'", "made_by": "'user:1'", **different,
    }  # fmt: skip
    return f"handovers ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _a_merge(**different: str) -> str:
    given = {
        "merge_id": "'x'", "candidate_id": "'known'", "kept_id": "'known'", "merged_id": "'gone'", "words": "'x'",
        "snapshot": "'x'", "merged_at": "'2026-01-05'", "merged_by": "'user:1'", "undone_at": "NULL",
        "undone_by": "NULL", **different,
    }  # fmt: skip
    return f"person_merges ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _two_people(other: str = "x", by: str = "user:1") -> str:
    columns = "decision_id, candidate_id, other_id, words, decided_at, decided_by"
    return f"distinct_people ({columns}) VALUES ('x', 'known', '{other}', 'x', '2026-01-05', '{by}')"


def _a_notice(**different: str) -> str:
    given = {
        "notice_id": "'n'", "reader": "'user:1'", "kind": "'task'", "because": "'owner'", "mark": "'m'", "n": "NULL",
        "happened_on": "'2026-01-05'", "made_at": "'2026-01-05'", **different,
    }  # fmt: skip
    return f"notices ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _a_message(**different: str) -> str:
    given = {
        "message_id": "'m'", "candidate_id": "'known'", "employer_id": "NULL", "template": "'call_back'",
        "mark": "'m'", "status": "'queued'", "reason": "NULL", "queued_at": "'2026-01-05'", "queued_by": "'user:1'",
        "settled_at": "NULL", "written_on": "NULL", **different,
    }  # fmt: skip
    return f"messages ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _a_choice(act: str = "stopped", by: str = "user:1") -> str:
    columns = "choice_id, candidate_id, act, recorded_at, recorded_by"
    return f"message_choices ({columns}) VALUES ('c', 'known', '{act}', '2026-01-05', '{by}')"


def _a_planned(**different: str) -> str:
    given = {
        "planned_id": "'p'", "from_user_id": "'u'", "from_organisation_id": "'root'", "to_user_id": "'other'",
        "begins_on": "'2026-01-05'", "returns_on": "NULL", "is_whole": "true", "words": "'v1.k1.x'",
        "status": "'waiting'", "handover_id": "NULL", "return_id": "NULL", "made_at": "'2026-01-01'",
        "made_by": "'user:1'", **different,
    }  # fmt: skip
    return f"planned_handovers ({', '.join(given)}) VALUES ({', '.join(given.values())})"


_SETTLED = {"settled_at": "'2026-01-06'"}
REFUSED_BY = {
    "ck_planned_handovers_status_known": _a_planned(status="'lost'"),
    "ck_planned_handovers_days_in_order": _a_planned(returns_on="'2026-01-05'"),
    "ck_planned_handovers_to_another": _a_planned(to_user_id="'u'"),
    "ck_planned_handovers_begun_with_a_handover": _a_planned(handover_id="'h'"),
    "ck_planned_handovers_ended_with_a_return": _a_planned(return_id="'h'"),
    "ck_planned_handovers_by_a_person": _a_planned(made_by="'client:1'"),
    "ck_messages_to_one": _a_message(employer_id="'e'"),
    "ck_messages_status_known": _a_message(status="'lost'", **_SETTLED),
    "ck_messages_failed_for_a_reason": _a_message(status="'failed'", **_SETTLED),
    "ck_messages_settled_when_no_longer_queued": _a_message(settled_at="'2026-01-06'"),
    "ck_messages_written_on_a_day": _a_message(status="'written'", **_SETTLED),
    "ck_messages_by_a_person": _a_message(queued_by="'client:1'"),
    "ck_message_choices_act_known": _a_choice(act="maybe"),
    "ck_message_choices_by_a_person": _a_choice(by="client:1"),
    "ck_notices_read_by_a_person": _a_notice(reader="'client:1'"),
    "ck_notices_says_what": _a_notice(mark="''"),
    "ck_notices_of_somebody": _a_notice(n="0"),
    "ck_initiatives_days_in_order": "initiatives (initiative_id, kind, title, starts_on, ends_on)"
    " VALUES ('i', 'fair', 't', '2026-02-02', '2026-02-01')",
    "ck_course_reviews_days_in_order": 'course_reviews (review_id, course_id, kind, "on", until)'
    " VALUES ('r', 'k', 'publication', '2026-02-02', '2026-02-01')",
    "ck_ventures_days_in_order": "ventures (venture_id, candidate_id, kind, starts_on, ends_on)"
    " VALUES ('v', 'known', 'startup', '2026-02-02', '2026-02-01')",
    "ck_visits_next_is_later": 'visits (visit_id, candidate_id, kind, "on", next_on)'
    " VALUES ('w', 'known', 'coach_visit', '2026-02-02', '2026-02-02')",
    "ck_visits_check_of_a_venture": 'visits (visit_id, candidate_id, kind, "on")'
    " VALUES ('w', 'known', 'startup_check', '2026-02-02')",
    "ck_unit_records_reserved_among_posts": "unit_records (record_id, employer_id, kind, year, posts, reserved)"
    " VALUES ('u', 'e', 'project_plan', 2026, 1, 2)",
    "ck_person_marks_keyed_hash_only": "person_marks (candidate_id, row_version, key_id, citizen)"
    " VALUES ('known', 1, 'k1', '620102199001010011')",
    "ck_distinct_people_ids_in_order": _two_people(other="a"),
    "ck_distinct_people_by_a_person": _two_people(by="client:1"),
    "ck_person_merges_of_two": _a_merge(merged_id="'known'"),
    "ck_person_merges_by_a_person": _a_merge(merged_by="'client:1'"),
    "ck_person_merges_undone_by_somebody": _a_merge(undone_at="'2026-01-06'"),
    "ck_person_merges_moments_in_order": _a_merge(undone_at="'2026-01-04'", undone_by="'user:1'"),
    "ck_caseworkers_moments_in_order": _a_charge(ended_at="'2026-01-04'"),
    "ck_handovers_of_somebody": _a_handover(n_people="0"),
    "ck_handovers_by_a_person": _a_handover(made_by="'client:1'"),
    "ck_handovers_to_somebody_or_elsewhere": _a_handover(to_user_id="NULL"),
    "ck_case_notes_purpose_known": _a_note(purpose="'gossip'"),
    "ck_case_notes_corrects_another": _a_note(corrects="'n'"),
    "ck_case_notes_by_a_person": _a_note(recorded_by="'client:1'"),
    "ck_plans_kind_known": _a_plan(kind="'party'"),
    "ck_plans_level_known": _a_plan(kind="'assistance'", level="'best'"),
    "ck_plans_assistance_has_a_level": _a_plan(kind="'assistance'"),
    "ck_plans_ending_known": _a_plan(ending="'lost'", ended_on="'2026-01-06'", ended_by="'user:1'"),
    "ck_plans_ended_for_a_reason": _a_plan(ended_on="'2026-01-06'", ended_by="'user:1'"),
    "ck_plans_ended_by_somebody": _a_plan(ended_on="'2026-01-06'", ending="'other'"),
    "ck_plans_days_in_order": _a_plan(ended_on="'2026-01-04'", ending="'other'", ended_by="'user:1'"),
    "ck_plans_placement_where_placed": _a_plan(placement_id="'p'"),
    "ck_plans_by_a_person": _a_plan(opened_by="'client:1'"),
    "ck_sites_days_in_order": "sites (site_id, kind, opened_on, closed_on)"
    " VALUES ('s', 'massage_shop', '2026-01-05', '2026-01-04')",
    "ck_labour_projects_days_in_order": "labour_projects (project_id, title, starts_on, ends_on)"
    " VALUES ('p', 'x', '2026-01-05', '2026-01-04')",
    "ck_service_contracts_days_in_order": "service_contracts (contract_id, starts_on, ends_on)"
    " VALUES ('c', '2026-01-05', '2026-01-04')",
    "ck_enrolments_days_in_order": "enrolments (enrolment_id, candidate_id, kind, starts_on, ends_on)"
    " VALUES ('e', 'known', 'course', '2026-01-05', '2026-01-04')",
    "ck_tasks_kind_known": _a_task(kind="'party'"),
    "ck_tasks_status_known": _a_task(status="'lost'"),
    "ck_tasks_row_version_from_1": _a_task(row_version="0"),
    "ck_task_steps_numbered_from_one": _a_step(number="0"),
    "ck_task_steps_act_known": _a_step(act="'burnt'"),
    "ck_task_steps_says_the_new_day": _a_step(act="'made'"),
    "ck_task_steps_says_why": _a_step(act="'dropped'"),
    "ck_crowded_posts_price_not_negative": _a_crowded_post(price="-1"),
    "ck_crowded_posts_openings_above_zero": _a_crowded_post(openings="0"),
    "ck_exposure_lifts_lift_above_zero": _a_lift(lift="0"),
    "ck_model_cards_hash_of_sha256": _a_card(sha256="x"),
    "ck_model_cards_says_who": _a_card(made_by=""),
    "ck_model_promotions_act_known": _a_promotion(act="crown"),
    "ck_model_promotions_overruled_for_a_reason": _a_promotion(failed='["recall"]'),
    "ck_model_promotions_overruled_by_another": _a_promotion(failed='["recall"]', reason="'x'", by="user:1"),
    "ck_model_promotions_says_who": _a_promotion(by=""),
    "ck_inspections_chosen_known": _an_inspection(chosen="hunch"),
    "ck_inspections_outcome_known": _an_inspection(outcome="'guilty'", decided=True),
    "ck_inspections_decided_whole": _an_inspection(outcome="'corrected'"),
    "ck_claims_claimant_known": _a_claim(claimant_kind="'somebody'"),
    "ck_claims_person_named": _a_claim(candidate_id="NULL"),
    "ck_claims_employer_named": _a_claim(claimant_kind="'employer'"),
    "ck_claims_months_in_order": _a_claim(to_month="202603"),
    "ck_claims_months_of_a_year": _a_claim(to_month="202613"),
    "ck_claims_cost_known": _a_claim(cost_basis="'bribe'"),
    "ck_claims_amount_not_negative": _a_claim(amount="'-1'"),
    "ck_claims_county_of_6_digits": _a_claim(county="'6201'"),
    "ck_claims_status_known": _a_claim(status="'lost'"),
    "ck_claims_says_who": _a_claim(proposed_by="''"),
    "ck_claims_decided_by_another": _a_claim(status="'approved'", **_DECIDED_CLAIM | {"decided_by": "'user:1'"}),
    "ck_claims_decided_by_a_person": _a_claim(status="'approved'", **_DECIDED_CLAIM | {"decided_by": "'client:1'"}),
    "ck_claims_decided_by_somebody": _a_claim(status="'approved'"),
    "ck_claims_nobody_decided_a_proposal": _a_claim(**_DECIDED_CLAIM),
    "ck_claims_refused_for_a_reason": _a_claim(status="'refused'", **_DECIDED_CLAIM),
    "ck_claims_acts_have_their_moment": _a_claim(status="'withdrawn'"),
    "ck_claims_decided_after_it_was_proposed": _a_claim(
        status="'approved'", **_DECIDED_CLAIM | {"decided_at": "'2026-01-04'"}
    ),
    "ck_claims_withdrawn_after_it_was_proposed": _a_claim(**_WITHDRAWN_CLAIM | {"withdrawn_at": "'2026-01-04'"}),
    "ck_claim_exclusions_smaller_id_first": "claim_exclusions (rules_version, rule_id, other_id)"
    " VALUES ('kept', 'b', 'a')",
    "ck_rule_proposals_proposed_by_a_person": _a_proposal("client:1"),
    "ck_rule_proposals_content_of_sha256": _a_proposal(content="abc"),
    "ck_rule_releases_approved_by_another": _a_release("user:1", "user:1"),
    "ck_rule_releases_approved_by_a_person": _a_release("user:1", "client:1"),
    "ck_rule_signatures_signature_of_sha256": "rule_signatures (release_id, key_id, signature) VALUES ('r', 'k', 'x')",
    "ck_rule_retirements_retired_by_a_person": "rule_retirements (release_id, retired_by, retired_at)"
    " VALUES ('r', 'client:1', '2026-01-01')",
    "ck_consents_numbered_from_one": _a_consent(number="0"),
    "ck_consents_purpose_known": _a_consent(purpose="'sale'"),
    "ck_consents_recipient_of_each_disclosure": _a_consent(recipient="'firm'"),
    "ck_consents_items_of_disclosure_only": _a_consent(items="'name'"),
    "ck_consents_says_what_is_disclosed": _a_consent(purpose="'disclosure'", recipient="'firm'"),
    "ck_consents_act_known": _a_consent(act="'assumed'"),
    "ck_consents_given_after_being_told": _a_consent(told="NULL"),
    "ck_consents_speaker_known": _a_consent(by="'neighbour'"),
    "ck_consents_form_known": _a_consent(form="'silence'"),
    "ck_consents_spoken_consent_has_witness": _a_consent(form="'oral'"),
    "ck_consents_moments_in_order": _a_consent(at="'2026-01-02'"),
    "ck_person_requests_kind_known": _a_request(kind="'wish'"),
    "ck_person_requests_speaker_known": _a_request(by="'neighbour'"),
    "ck_person_requests_days_in_order": _a_request(asked="'2026-01-27'"),
    "ck_person_requests_status_known": _a_request(**{**_DECIDED, "status": "'lost'"}),
    "ck_person_requests_nobody_decided_what_is_open": _a_request(**{**_DECIDED, "status": "'open'"}),
    "ck_person_requests_decided_when_and_why": _a_request(**{**_DECIDED, "why": "NULL"}),
    "ck_person_requests_no_machine_decides": _a_request(**{**_DECIDED, "who": "'client:1'"}),
    "ck_person_requests_moments_in_order": _a_request(**{**_DECIDED, "when": "'2026-01-04'"}),
    "ck_retention_warnings_days_in_order": "retention_warnings (candidate_id, inactive_since, warned_on, due_on)"
    " VALUES ('known', '2024-01-01', '2026-01-01', '2026-01-01')",
    "ck_archived_people_prefecture_or_wider": "archived_people (archive_id, prefecture) VALUES ('a', '620102')",
    "ck_archived_events_month_and_no_day": "archived_events (archive_id, kind, month) VALUES ('a', 'k', '2026-01-01')",
    "ck_archived_events_prefecture_or_wider": "archived_events (archive_id, kind, prefecture)"
    " VALUES ('a', 'k', '620102')",
    "ck_vacancy_versions_version_from_1": _a_vacancy_version(version=0),
    "ck_vacancy_versions_says_who": _a_vacancy_version(author=""),
    "ck_vacancy_workflow_state_known": _a_vacancy_on_its_way(state="'open'"),
    "ck_vacancy_workflow_approved_by_another": _a_vacancy_on_its_way(approved_by="'user:1'"),
    "ck_vacancy_workflow_approved_by_somebody": _a_vacancy_on_its_way(state="'approved'"),
    "ck_vacancy_workflow_published_is_a_version": _a_vacancy_on_its_way(
        published_version="3", published_on="'2026-01-01'", confirm_from="'2026-04-01'"
    ),
    "ck_vacancy_workflow_published_is_the_newest": _a_vacancy_on_its_way(
        state="'published'",
        approved_by="'user:2'",
        published_version="1",
        published_on="'2026-01-01'",
        confirm_from="'2026-04-01'",
    ),
    "ck_vacancy_workflow_published_has_its_days": _a_vacancy_on_its_way(published_version="1"),
    "ck_vacancy_workflow_days_in_order": _a_vacancy_on_its_way(
        published_version="1", published_on="'2026-04-01'", confirm_from="'2026-04-01'"
    ),
    "ck_vacancy_workflow_closed_has_a_reason": _a_vacancy_on_its_way(state="'closed'"),
    "ck_vacancy_workflow_reason_known": _a_vacancy_on_its_way(state="'closed'", close_reason="'x'"),
    "ck_vacancy_workflow_row_version_from_1": _a_vacancy_on_its_way(row_version="0"),
    "ck_vacancy_approvals_by_another": _an_approval("user:1"),
    "ck_vacancy_approvals_by_a_person": _an_approval("client:1"),
    "ck_employer_verifications_method_known": _a_verification(method="'rumour'"),
    "ck_employer_verifications_by_a_person": _a_verification(verified_by="'client:1'"),
    "ck_employer_verifications_moments_in_order": _a_verification(withdrawn_by="'user:2'", withdrawn_at="'2026-01-01'"),
    "ck_employer_verifications_withdrawn_by_somebody": _a_verification(withdrawn_at="'2026-01-03'"),
    "ck_clients_role_known": _a_client(role="king"),
    "ck_clients_has_a_scope": _a_client(scopes=""),
    "ck_client_secrets_keyed_hash_only": _a_secret(kept="a-secret-in-clear"),
    "ck_client_secrets_moments_in_order": _a_secret(until="2025-12-31"),
    "ck_access_tokens_hash_only": _a_token(kept="a-token-in-clear"),
    "ck_access_tokens_moments_in_order": _a_token(until="2025-12-31"),
    "ck_import_keys_role_known": _an_import_key(role="analyst"),
    "ck_import_keys_keyed_hash_only": _an_import_key(kept="a-key-in-clear"),
    "ck_import_keys_moments_in_order": _an_import_key(until="2025-12-31"),
    "ck_kept_answers_fingerprint_is_a_hash": _a_kept_answer(fingerprint="x"),
    "ck_kept_answers_only_what_was_done": _a_kept_answer(status=404),
    "ck_uploads_state_known": _an_upload(state="lost"),
    "ck_uploads_every_row_accounted_for": _an_upload(counts="3, 1, 1, 0"),
    "ck_uploads_ended_when_no_longer_running": _an_upload(state="done", until="NULL"),
    "ck_uploads_moments_in_order": _an_upload(until="'2025-12-31 00:00:00'"),
    "ck_organisations_only_a_company_has_a_credit_code": "organisations (organisation_id, kind, name, employer_id)"
    " VALUES ('o', 'analyst_office', 'n', 'x')",
    "ck_assignments_moments_in_order": "assignments (assignment_id, candidate_id, organisation_id, since, ended_at)"
    " VALUES ('a', 'known', 'o', '2026-02-01', '2026-01-31')",
    "ck_vault_keys_check_is_a_hash": "vault_keys (key_id, check_value, made_at)"
    " VALUES ('k', 'a-key-in-clear', '2026-01-01')",
    "ck_vault_keys_moments_in_order": "vault_keys (key_id, check_value, made_at, retired_at)"
    f" VALUES ('k', '{_H}', '2026-01-01', '2025-12-31')",
    "ck_organisations_kind_known": "organisations (organisation_id, kind, name, parent_id)"
    " VALUES ('o', 'club', 'n', 'root')",
    "ck_organisations_division_has_parent": "organisations (organisation_id, kind, name) VALUES ('o', 'county', 'n')",
    "ck_organisations_province_is_root": "organisations (organisation_id, kind, name, parent_id)"
    " VALUES ('o', 'province', 'n', 'root')",
    "ck_organisations_not_its_own_parent": "organisations (organisation_id, kind, name, parent_id)"
    " VALUES ('o', 'county', 'n', 'o')",
    "ck_organisation_codes_code_of_6_or_9_digits": "organisation_codes (organisation_id, code, valid_from)"
    " VALUES ('root', '62', '2026-01-01')",
    "ck_organisation_codes_days_in_order": "organisation_codes (organisation_id, code, valid_from, valid_to)"
    " VALUES ('root', '620102', '2026-02-01', '2026-01-31')",
    "ck_users_status_known": _a_user(status="king"),
    "ck_users_attempts_not_negative": _a_user(attempts="-1"),
    "ck_users_password_is_argon2id": _a_user(hash="secret"),
    "ck_users_login_in_lower_case": _a_user(login="Li"),
    "ck_users_confirmed_secret_is_there": _a_user()
    .replace("password_hash)", "password_hash, totp_confirmed_at)")
    .replace("$x')", "$x', '2026-01-01 00:00:00')"),
    "ck_memberships_role_known": "memberships (membership_id, user_id, organisation_id, role, valid_from)"
    " VALUES ('m', 'u', 'o', 'king', '2026-01-01')",
    "ck_memberships_days_in_order": "memberships (membership_id, user_id, organisation_id, role, valid_from, valid_to)"
    " VALUES ('m', 'u', 'o', 'auditor', '2026-02-01', '2026-01-31')",
    "ck_sessions_role_known": _a_session(role="king"),
    "ck_sessions_hashes_only": _a_session(token="a-token-in-clear"),
    "ck_sessions_moments_in_order": _a_session(until="2025-12-31"),
    "ck_audit_hashes_of_sha256": _an_audit_row(own="x"),
    "ck_audit_says_who_why_and_what": _an_audit_row(action=""),
    "ck_audit_person_acts_for_organisation": _an_audit_row(actor="user:1"),
    "ck_vacancies_wages_in_order": "vacancies (vacancy_id, title, wage_min, wage_max) VALUES ('v', 't', 10000, 9000)",
    "ck_vacancies_days_in_order": "vacancies (vacancy_id, title, opens_on, closes_on)"
    " VALUES ('v', 't', '2026-02-01', '2026-01-31')",
    "ck_vacancies_openings_not_negative": "vacancies (vacancy_id, title, openings) VALUES ('v', 't', -1)",
    "ck_candidates_grade_1_to_4": "candidates (candidate_id, grade) VALUES ('c', 0)",
    "ck_candidates_recognition_in_order": "candidates (candidate_id, hard_to_employ_since, hard_to_employ_until)"
    " VALUES ('c', '2026-02-01', '2026-01-31')",
    "ck_placements_days_in_order": "placements (placement_id, candidate_id, starts_on, ends_on)"
    " VALUES ('p', 'known', '2026-02-01', '2026-01-31')",
    "ck_courses_days_in_order": "courses (course_id, starts_on, ends_on) VALUES ('k', '2026-02-01', '2026-01-31')",
    "ck_model_versions_status_known": "model_versions (version, created_at, trained_until, folder, summary, status)"
    f" VALUES ({_VERSION}, 'king')",
    "ck_imports_every_row_accounted_for": "imports (table_name, file_name, file_sha256, started_at, supplied_by,"
    f" read, accepted, unchanged, rejected) VALUES ({_IMPORT}, 3, 1, 1, 0)",
    "ck_decisions_subject_known": "decisions (decision_id, subject_id, question, as_of, rules_version, created_at,"
    f" payload, subject_kind) VALUES ({_DECISION}, 'somebody')",
}


def test_every_check_has_a_row_that_it_refuses() -> None:
    declared = {str(c.name) for t in metadata.tables.values() for c in t.constraints if isinstance(c, CheckConstraint)}
    assert set(REFUSED_BY) == declared


@pytest.mark.parametrize("name", REFUSED_BY)
def test_database_refuses_what_cannot_be_and_names_the_constraint(engine: Engine, name: str) -> None:
    is_audit = name.startswith("ck_audit_")  # its rows follow the first of all
    if not is_audit:
        put(engine, "candidates", {"candidate_id": "known"})
    book = {"version": "kept", "kept_at": datetime(2026, 1, 1, tzinfo=UTC), "files": b""}
    with engine.begin() as connection:
        connection.execute(insert(rule_books).values(**book))
    with pytest.raises(IntegrityError, match=name), engine.begin() as connection:
        (connection if is_audit else noted(connection)).execute(text(f"INSERT INTO {REFUSED_BY[name]}"))


@pytest.mark.parametrize(
    "row",
    [
        "vacancies (vacancy_id, title, wage_min, wage_max) VALUES ('v', 't', 900, 10000)",  # as text 900 is more
        "vacancies (vacancy_id, title, wage_min, wage_max, openings) VALUES ('v', 't', 3000, 3000, 0)",
        "vacancies (vacancy_id, title, wage_min) VALUES ('v', 't', 10000)",
        "courses (course_id, starts_on, ends_on) VALUES ('k', '2026-02-01', '2026-02-01')",
        "candidates (candidate_id, grade) VALUES ('c', 4)",
    ],
)
def test_database_takes_what_is_equal_or_unknown(engine: Engine, row: str) -> None:
    with engine.begin() as connection:
        assert noted(connection).execute(text(f"INSERT INTO {row}")).rowcount == 1


@pytest.mark.parametrize(
    "row",
    [
        "interactions (candidate_id, vacancy_id, kind, at) VALUES ('nobody', 'v', 'viewed', '2026-01-01')",
        "interactions (candidate_id, vacancy_id, kind, at) VALUES ('c', 'nothing', 'viewed', '2026-01-01')",
        "services (candidate_id, kind, \"on\") VALUES ('nobody', 'other', '2026-01-01')",
        "placements (placement_id, candidate_id) VALUES ('p', 'nobody')",
        "fact_sources (candidate_id, fact, supplied_by, supplied_on) VALUES ('nobody', 'sex', 'me', '2026-01-01')",
        "vacancy_readings (vacancy_id, version, text_hash, payload) VALUES ('nothing', '1', 'x', '{}')",
    ],
)
def test_database_refuses_what_refers_to_nobody(engine: Engine, row: str) -> None:
    put(engine, "candidates", {"candidate_id": "c"})
    put(engine, "vacancies", {"vacancy_id": "v", "title": "t"})
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), engine.begin() as connection:
        noted(connection).execute(text(f"INSERT INTO {row}"))


# Rows

PERSON: dict[str, Any] = {
    "candidate_id": "c1",
    "name": "甲某",
    "certificate_number": certificate_number(),
    "category": DisabilityCategory.PHYSICAL,
    "grade": 2,
    "birth_date": date(1990, 1, 1),
    "longitude": 103.8253070001,
    "latitude": -0.1,
    "skills": ("打字", "Excel 表格"),
    "experience_years": Decimal("2.50"),
    "wished_regions": ("620102", "620500"),
    "work_modes": (WorkMode.REMOTE, WorkMode.ONSITE),
    "functions": {Function.WALKING: 0, Function.HANDS: 4},
    "accommodations_needed": (Accommodation.RAMP,),
    "household_kinds": (HouseholdKind.DIBAO,),
    "job_wish": YesNo.NO,
}
VACANCY: dict[str, Any] = {
    "vacancy_id": "v1",
    "title": "客服\n（居家）",
    "description": "𠮷 🙂 'quoted' %s :name \\",
    "welcomes": (DisabilityCategory.HEARING, DisabilityCategory.VISION),
    "wage_min": Decimal("3333.333333333333333333"),
    "wage_max": Decimal("123456789012.5"),
    "openings": 0,
    "demands": {Function.SEEING: 0},
    "accommodations": {Accommodation.SEAT: AccommodationState.DECLARED},
    "opens_on": date(2026, 1, 1),
}


@pytest.mark.parametrize(("name", "row"), [("candidates", PERSON), ("vacancies", VACANCY)])
def test_row_comes_back_equal_and_what_was_not_said_is_unknown(engine: Engine, name: str, row: dict[str, Any]) -> None:
    put(engine, name, row)
    assert stored(engine, name) == [{column.name: row.get(column.name) for column in TABLES[name].columns}]


def test_entity_comes_back_equal(engine: Engine) -> None:
    put(engine, "candidates", PERSON)
    with engine.connect() as connection:
        assert CandidateRepository(connection, PROGRAM).get("c1") == CANDIDATES.build(PERSON)


def test_empty_collections_are_unknown_as_well(engine: Engine) -> None:
    put(engine, "vacancies", {"vacancy_id": "v1", "title": "t", "skills": (), "demands": {}})
    assert (stored(engine, "vacancies")[0]["skills"], stored(engine, "vacancies")[0]["demands"]) == (None, None)


def acts(engine: Engine, n: int = 3) -> list[dict[str, Any]]:
    """Store acts of one person on one vacancy, a day apart, and return them."""
    put(engine, "candidates", {"candidate_id": "c1"})
    put(engine, "vacancies", {"vacancy_id": "v1", "title": "t"})
    rows = [
        {"candidate_id": "c1", "vacancy_id": "v1", "kind": InteractionKind.VIEWED, "at": date(2026, 1, 1 + i)}
        for i in range(n)
    ]
    put(engine, "interactions", *rows)
    return rows


def test_rows_are_found_by_a_key_of_four_columns(engine: Engine) -> None:
    rows = acts(engine)
    wanted = ("c1", "v1", InteractionKind.VIEWED, date(2026, 1, 2))
    absent = ("c1", "v1", InteractionKind.APPLIED, date(2026, 1, 2))
    with engine.connect() as connection:
        found = TableRepository(connection, INTERACTIONS, PROGRAM).find([wanted, absent])
    assert found == {wanted: {**rows[1], "reason": None}}


def test_replacing_changes_that_row_only(engine: Engine) -> None:
    rows = acts(engine)
    with engine.begin() as connection:
        InteractionRepository(noted(connection), PROGRAM).replace([{**rows[1], "reason": "距离远"}])
        assert [act.reason for act in InteractionRepository(connection, PROGRAM).all()] == [
            None,
            "距离远",
            None,
        ]


def test_one_service_a_day_and_kind(engine: Engine) -> None:
    put(engine, "candidates", {"candidate_id": "c1"})
    service = {"candidate_id": "c1", "kind": ServiceKind.TRAINING, "on": TODAY, "by": "甲"}
    put(engine, "services", service)
    with pytest.raises(IntegrityError):
        put(engine, "services", {**service, "by": "乙"})
    assert [row["by"] for row in stored(engine, "services")] == ["甲"]


def test_blocks_give_every_vacancy_once_while_rows_are_written(engine: Engine) -> None:
    put(engine, "vacancies", *({"vacancy_id": f"V-{i}", "title": "t"} for i in range(23)))
    seen: list[VacancyId] = []
    with engine.begin() as connection:
        for block in VacancyRepository(connection, PROGRAM).blocks(5):
            seen += [vacancy.vacancy_id for vacancy in block]
            ReadingRepository(connection).upsert([StoredReading(v.vacancy_id, "1", "x", "{}") for v in block])
        assert sorted(seen) == sorted(f"V-{i}" for i in range(23))
        assert len(ReadingRepository(connection).find(seen)) == 23


def test_reading_a_table_leaves_the_connection_as_it_was(engine: Engine) -> None:
    put(engine, "vacancies", {"vacancy_id": "v1", "title": "t"})
    with engine.connect() as connection:
        before = dict(connection.get_execution_options())
        assert len(list(TableRepository(connection, VACANCIES, PROGRAM).rows())) == 1
        assert dict(connection.get_execution_options()) == before


def test_holder_of_a_certificate_is_found_whatever_its_reissue(engine: Engine) -> None:
    number, other = certificate_number(), certificate_number(sequence="456")
    put(engine, "candidates", {"candidate_id": "c1", "certificate_number": f"{number}B1"}, {"candidate_id": "c2"})
    with engine.connect() as connection:
        assert CandidateRepository(connection, PROGRAM).holders([number, other]) == {number: "c1"}


def test_fact_supplied_again_has_its_newest_source_and_others_keep_theirs(engine: Engine) -> None:
    put(engine, "candidates", {"candidate_id": "c1"}, {"candidate_id": "c2"})
    with engine.begin() as connection:
        people = CandidateRepository(noted(connection), PROGRAM)
        people.note_sources([("c1", "sex"), ("c1", "phone"), ("c2", "sex")], "县残联", date(2026, 1, 1))
        people.note_sources([("c1", "sex")], "本人", TODAY)
        early = FactSource("县残联", date(2026, 1, 1))
        assert people.get("c1").sources == {"sex": FactSource("本人", TODAY), "phone": early}
        assert people.get("c2").sources == {"sex": early}


def test_reading_made_anew_takes_the_place_of_the_old(engine: Engine) -> None:
    put(engine, "vacancies", {"vacancy_id": "v1", "title": "t"})
    with engine.begin() as connection:
        readings = ReadingRepository(connection)
        readings.upsert([StoredReading(VacancyId("v1"), "1", "a", "{}")])
        readings.upsert([StoredReading(VacancyId("v1"), "2", "b", "{}")])
        assert readings.find([VacancyId("v1"), VacancyId("v2")]) == {
            "v1": StoredReading(VacancyId("v1"), "2", "b", "{}")
        }


def test_shortlist_is_kept_under_its_run_id(engine: Engine) -> None:
    put(engine, "candidates", {"candidate_id": "c1"})
    document = {
        "run_id": "r1",
        "candidate_id": "c1",
        "as_of": "2026-11-23",
        "model_version": "m1",
        "rules_version": "x",
        "items": [{"title": "岗位", "outcome": "unknown"}],
    }
    with engine.begin() as connection:
        RunRepository(noted(connection)).save_document(document)
        assert VisibleRuns(connection, PROGRAM).get("r1") == document
        assert VisibleRuns(connection, PROGRAM).get("r2") is None


def test_retired_model_keeps_the_day_since_when_it_was_champion(engine: Engine) -> None:
    moment = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    version = ModelVersion("m1", moment, TODAY, "candidate", "folder", "{}", None)
    with engine.begin() as connection:
        registry = ModelVersionRepository(noted(connection))
        registry.save(version)
        registry.set_status("m1", "champion", moment)
        registry.set_status("m1", "retired", None)
        (kept,) = registry.all()
    assert (kept.status, kept.champion_since, kept.created_at) == ("retired", moment, moment)


def test_missing_candidate_is_told_without_a_number(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(NotFound) as caught:
        CandidateRepository(connection, PROGRAM).get("canary")
    assert "canary" not in str(caught.value)
