"""`python -m tests.threats.guards [NAME ...]`: takes one guard after the other out and runs the test of its threat.

A test that still passes shows nothing. Each runs in a process of its own, into which `guards_plugin` patches the guard
away before any test is read; no file is changed. Ends with 1 where a test did not notice.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from sqlalchemy import true

from api import access, app, errors
from api.budgets import Budgets
from models import artefact
from pipelines import backup, export, influence, placement_evidence
from pipelines.access import audit, clients, sessions
from pipelines.access.accounts import Accounts
from pipelines.access.kept_answers import KeptAnswers
from pipelines.access.sessions import SignedIn
from pipelines.access.vault import Vault
from pipelines.consent import effects, employer_view, erasure, released
from pipelines.names_in_models import Names
from pipelines.registers import masks
from pipelines.registers.rows import Register
from pipelines.reports import extract, tables
from pipelines.rule_release.releases import Releases
from pipelines.store import reach
from pipelines.vacancy_workflow import content, service
from tests.support import stores

NAMED = "YOUGANG_TEST_WITHOUT"
"""The variable that says in a process which guard is taken out there."""
ROOT = Path(__file__).parents[2]
_SECONDS = 600
_NOT_SO = ("AssertionError", "assert ", "Failed: DID NOT RAISE")
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Guard:
    """A guard of the program: the threat against which it stands, how it is taken out, and the test that notices."""

    threat: int
    words: str
    take_out: Callable[[Patch], None]
    test: str
    """The file and the function, without the number that the file begins with."""

    @property
    def node(self) -> str:
        """Return the test as pytest names it."""
        file, _, function = self.test.partition("::")
        return f"tests/threats/test_{self.threat:02d}_{file}.py::{function}"


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _yes(*_: Any, **__: Any) -> bool:
    return True


def _set(owner: Any, name: str, value: Any) -> Callable[[Patch], None]:
    def take_out(patch: Patch) -> None:
        patch.setattr(owner, name, value)

    return take_out


def _any_membership(patch: Patch) -> None:
    patch.setattr(sessions, "holds_on", lambda on: on.is_not(None))
    patch.setattr(sessions, "_CURRENT", sessions._current())


def _open_to_all(patch: Patch) -> None:
    declared = access.policy_of
    patch.setattr(access, "policy_of", lambda endpoint: declared(endpoint) or access.OPEN)


def _category_to_employers(patch: Patch) -> None:
    view = employer_view.employer_view
    patch.setattr(released, "employer_view", lambda c, v: {**view(c, v), "note": c.known_category})


def _answers_that_repeat(patch: Patch) -> None:
    added = errors.add_handlers

    def add_handlers(to: Any) -> None:
        added(to)
        to.add_exception_handler(RequestValidationError, request_validation_exception_handler)

    patch.setattr(app, "add_handlers", add_handlers)


def _names_in_models(patch: Patch) -> None:
    patch.setattr(Names, "of", lambda _, candidate_id: str(candidate_id))


def _names_unkeyed(patch: Patch) -> None:
    patch.setattr(Names, "of", lambda _, candidate_id: hashlib.sha256(candidate_id.encode()).hexdigest()[:20])


def _numbers_in_order(patch: Patch) -> None:
    taken = iter(range(10**9))
    patch.setattr(erasure, "_fresh", lambda: f"{next(taken):09d}")
    patch.setattr(erasure, "generalise", _as_it_is)


def _as_it_is(rows: Any, _: Any, levels: Any, **__: Any) -> list[Any]:
    return [levels[0](row) for row in rows]


def _unsealed(patch: Patch) -> None:
    patch.setattr(Vault, "seal", lambda vault, plain, _: f"v1.{vault.current}.{plain}")
    patch.setattr(Vault, "open", lambda _, sealed, __: sealed.split(".", 2)[2])


def _without_triggers(like: str) -> Callable[[Patch], None]:
    """Let new SQLite stores have none of the triggers of this name."""
    migrated = stores._migrated

    def stripped() -> Path:
        file = Path(tempfile.mkdtemp(prefix="yougang-tests-")) / "stripped.db"
        shutil.copy(migrated(), file)
        with sqlite3.connect(file) as raw:
            names = raw.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE ?", (like,)
            ).fetchall()
            for (name,) in names:
                raw.execute(f"DROP TRIGGER {name}")
        raw.close()
        assert names
        return file

    return _set(stores, "_migrated", stripped)


def _content_blind(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{row['sequence']} {row['previous_hash']}".encode()).hexdigest()


def _no_key_kept(patch: Patch) -> None:
    patch.setattr(KeptAnswers, "begin", _nothing)
    patch.setattr(KeptAnswers, "finish", _nothing)


def _last_one_wins(patch: Patch) -> None:
    change = Register.change

    def over(register: Register, key: Any, cells: Any, _: int, action: Any, **more: Any) -> Any:
        return change(register, key, cells, register.repository.versions([tuple(key)])[tuple(key)], action, **more)

    patch.setattr(Register, "change", over)


def _changed_while_published(patch: Patch) -> None:
    change = service.VacancyWork.change

    def straight(work: service.VacancyWork, *given: Any) -> Any:
        done = change(work, *given)
        work._write_row(replace(done.standing, published_version=done.standing.version))
        return done

    patch.setattr(service.VacancyWork, "change", straight)


def _pickles(raw: bytes) -> Any:
    import io

    import numpy as np

    with np.load(io.BytesIO(raw), allow_pickle=True) as packed:
        return {name: packed[name] for name in packed.files}


def _any_key(patch: Patch) -> None:
    patch.setattr(backup, "_has_its_keys", _yes)
    patch.setattr(backup, "_opened", lambda *_: 1)
    patch.setattr(backup, "accept_keys", _nothing)


GUARDS: Mapping[str, Guard] = {
    "scope": Guard(
        1, "an office sees only the codes it answers for", _set(reach, "_in_codes", lambda *_: true()),
        "person_of_another_county::test_person_of_another_county_is_answered_as_nobody",
    ),
    "scope-of-lists": Guard(
        2, "what speaks of people is reached through them", _set(reach, "_people", lambda _: true()),
        "related_objects::test_whoever_is_added_in_another_county_changes_no_list_count_or_report_of_this_one",
    ),
    "policy": Guard(
        3, "a route that declares nothing is refused", _open_to_all,
        "forgotten_scope::test_route_that_says_nothing_answers_nobody",
    ),
    "membership": Guard(
        4, "a session asks at each request whether the role still holds", _any_membership,
        "access_kept_after_a_move::test_session_of_a_moved_caseworker_ends_at_the_next_request",
    ),
    "employer-view": Guard(
        5, "a company is told functions only", _category_to_employers,
        "diagnosis_inferred::test_two_people_alike_in_function_look_alike_to_the_byte",
    ),
    "draft-quota": Guard(
        6, "so many drafts a day", _set(service.VacancyWork, "_take_from_quota", _nothing),
        "membership_inferred::test_company_that_drafts_one_narrow_vacancy_after_another_is_stopped_for_the_day",
    ),
    "masks": Guard(
        7, "a number is shown masked", _set(masks, "_mask", lambda _, value: value),
        "certificate_number_leaks::test_number_is_in_no_answer_log_metric_audit_row_or_stored_text",
    ),
    "own-422": Guard(
        8, "a refusal says where and never what", _answers_that_repeat,
        "refusal_echoes::test_person_who_cannot_be_taken_is_not_repeated",
    ),
    "suppression": Guard(
        9, "small cells are hidden", _set(tables, "suppressed", lambda *_, **__: frozenset()),
        "small_cells::test_no_published_figure_and_no_difference_of_two_is_small",
    ),
    "pseudonyms": Guard(
        10, "a model knows people by pseudonyms", _names_in_models,
        "model_memorises::test_model_files_hold_no_id_name_number_or_address",
    ),
    "keyed-names": Guard(
        10, "a model's pseudonyms are made with a key", _names_unkeyed,
        "model_memorises::test_who_holds_the_roster_cannot_tell_from_files_who_was_learned_from",
    ),
    "generalising": Guard(
        11, "the extract is made coarser until ten share a row", _set(extract, "generalise", _as_it_is),
        "training_extract::test_linking_the_extract_to_the_roster_fails_for_99_of_100_rows",
    ),
    "fresh-keys": Guard(
        12, "what is archived has fresh random keys and is coarse", _numbers_in_order,
        "archive_relinked::test_no_order_of_the_archive_leads_back_to_the_people",
    ),
    "sealing": Guard(
        13, "sensitive columns are sealed", _unsealed, "stolen_dump::test_dump_holds_nothing_sensitive_and_no_key",
    ),
    "chain": Guard(
        14, "the hash of an audit row is over what it says", _set(audit, "_hash", _content_blind),
        "altered_ciphertext_or_audit::test_verification_finds",
    ),
    "audited-writes": Guard(
        15, "the database takes no write without an audit row", _without_triggers("%_audited_%"),
        "denied_reading::test_database_refuses_raw_writes_without_a_word_in_the_audit",
    ),
    "lockout": Guard(
        16, "wrong passwords are counted", _set(Accounts, "_count_failure", _nothing),
        "stuffed_passwords::test_account_shuts_after_a_few_wrong_passwords",
    ),
    "one-time-codes": Guard(
        16, "a code is used up", _set(Accounts, "_is_unused", _yes),
        "stuffed_passwords::test_code_of_a_second_factor_counts_once",
    ),
    "verified-employers": Guard(
        17, "directed posts are of verified employers", _set(service, "is_verified", _yes),
        "fake_employer::test_directed_post_of_a_company_that_no_office_verified_is_not_published",
    ),
    "rings": Guard(
        18, "employers of one person at the same time are counted", _set(placement_evidence, "_most_at_once", _nothing),
        "lent_certificate::test_certificate_at_five_companies_raises_a_review_item_at_each",
    ),
    "back-to-review": Guard(
        19, "people are ranked on what was approved", _changed_while_published,
        "bait_and_switch::test_any_change_of_demands_pay_or_place_goes_back_and_people_are_ranked_on_what_was_approved",
    ),
    "influence": Guard(
        20, "one source is heard no louder than its cap",
        _set(influence, "_kept", lambda strongest, *_: strongest),
        "poisoned_feedback::test_one_source_is_heard_no_louder_than_its_cap",
    ),
    "released-rules": Guard(
        21, "only released rules answer", _set(Releases, "check", _nothing),
        "rule_file_changed::test_changed_book_answers_only_after_a_second_person_released_it",
    ),
    "written-once": Guard(
        21, "what was released is not written over", _without_triggers("rule_%"),
        "rule_file_changed::test_database_refuses_to_change_what_was_released",
    ),
    "exclusions": Guard(
        22, "the database refuses what overlaps", _without_triggers("claims_%"),
        "double_benefit::test_of_two_counties_that_claim_at_once_exactly_one_succeeds",
    ),
    "idempotency": Guard(
        23, "a repeated request is answered from what was kept", _no_key_kept,
        "double_submit::test_fifty_equal_referrals_at_once_are_one_row_and_one_answer",
    ),
    "versions": Guard(
        24, "a change names the version that was read", _last_one_wins,
        "lost_update::test_second_of_two_caseworkers_is_told_and_overwrites_nothing",
    ),
    "inert-cells": Guard(
        25, "exported cells are text", _set(export, "inert", lambda cell: cell),
        "hostile_import::test_exported_cells_are_text_and_run_nowhere",
    ),
    "content-policy": Guard(
        26, "a browser runs nothing of an answer", _set(sys.modules["api.logs"], "FOR_DATA", "default-src *"),
        "stored_script::test_script_in_any_text_comes_out_as_data_that_no_browser_runs",
    ),
    "own-page": Guard(
        27, "a change carries the token of our own page", _set(SignedIn, "is_own_page", _yes),
        "forged_request::test_form_of_another_site_changes_nothing",
    ),
    "links": Guard(
        28, "links that lead astray are refused", _set(content, "leads_astray", lambda _: False),
        "request_led_astray::test_link_to_a_private_metadata_or_look_alike_host_is_refused_wherever_it_stands",
    ),
    "budgets": Guard(
        29, "only so many lists at once", _set(Budgets, "_gate", _nothing),
        "costly_requests::test_of_a_hundred_lists_at_once_those_in_budget_are_soon_answered_and_the_others_told_at_once",
    ),
    "no-pickles": Guard(
        30, "arrays are loaded without pickles", _set(artefact, "_arrays", _pickles),
        "pickled_model::test_pickle_in_a_model_is_refused_and_runs_nothing",
    ),
    "sessions-end": Guard(
        31, "recovery ends the sessions of the person", _set(Accounts, "end_sessions", _nothing),
        "act_as_user::test_administrator_who_resets_a_password_does_not_come_in_with_it_and_the_audit_says_who_did",
    ),
    "consent": Guard(
        32, "who withdrew is not matched, shown or learned from", _set(effects, "_said_no", lambda _: set()),
        "consent_withdrawn::test_withdrawn_person_is_in_no_list_no_view_of_a_company_and_no_extract_from_then_on",
    ),
    "keys-of-backup": Guard(
        33, "a backup is restored with its own keys", _any_key,
        "backup_unusable::test_archive_for_which_there_is_no_key_is_refused_and_the_target_stays_empty",
    ),
    "people-decide": Guard(
        34, "no machine is given what people decide", _set(clients, "FOR_PEOPLE_ONLY", frozenset()),
        "automated_no::test_machine_ends_no_case_whatever_its_role_and_scopes",
    ),
}  # fmt: skip


def failed_without(name: str) -> tuple[list[str], str]:
    """Run the test of a guard's threat without the guard; return what failed there, and what pytest said.

    Only what was asserted and did not hold counts: an error on the way shows nothing.
    """
    command = [sys.executable, "-m", "pytest", "-p", "tests.threats.guards_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(  # noqa: S603  # this interpreter, and names from the table above
        [*command, "--tb=short", GUARDS[name].node],
        cwd=ROOT,
        env={**os.environ, NAMED: name, "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    told = [line.removeprefix("FAILED ").partition(" - ") for line in lines]
    failed = [node.rpartition("::")[2] for node, _, why in told if why.startswith(_NOT_SO)]
    return (failed if done.returncode == 1 else []), done.stdout + done.stderr


def main(names: list[str]) -> int:
    """Print a table of threat, guard and test, and return 1 where a test did not notice."""
    unnoticed = 0
    for name in names or list(GUARDS):
        guard, began = GUARDS[name], time.monotonic()
        failed, said = failed_without(name)
        unnoticed += not failed
        verdict = f"fails: {failed[0]}" + (f" and {len(failed) - 1} more" if len(failed) > 1 else "")
        if not failed:
            verdict = f"NOT NOTICED by {guard.test}"
            sys.stderr.write(said[-2000:])
        line = f"{guard.threat:2d} | {name:18s} | {guard.words:62s} | {time.monotonic() - began:5.1f} s | {verdict}\n"
        sys.stdout.write(line)
        sys.stdout.flush()
    return min(unnoticed, 1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
