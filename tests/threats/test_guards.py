"""Each threat's test fails when its guard is taken out; here the quick ones, all of them by `python -m ...guards`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from api.budgets import Budgets
from pipelines.access.audit import record
from tests.support.firms import Firm, a_firm
from tests.support.people import a_person, a_vacancy, acted, with_certificate
from tests.support.service import Service
from tests.support.stores import PROGRAM, a_store
from tests.threats.doors import HERE, V1, a_house, by
from tests.threats.guards import GUARDS, ROOT
from tests.threats.test_01_person_of_another_county import check_other_county_is_nobody
from tests.threats.test_03_forgotten_scope import check_undeclared_route_is_refused
from tests.threats.test_04_access_kept_after_a_move import check_moved_caseworker_is_out
from tests.threats.test_06_membership_inferred import check_drafts_run_out
from tests.threats.test_07_certificate_number_leaks import check_no_sink_has_it
from tests.threats.test_08_refusal_echoes import check_refused_person_is_not_repeated
from tests.threats.test_13_stolen_dump import check_dump_is_of_no_use
from tests.threats.test_14_altered_ciphertext_or_audit import ALTERED, check_alteration_is_found
from tests.threats.test_15_denied_reading import check_raw_writes_are_refused
from tests.threats.test_16_stuffed_passwords import check_code_counts_once
from tests.threats.test_17_fake_employer import check_unverified_company_publishes_nothing_directed
from tests.threats.test_18_lent_certificate import _ring, check_ring_is_seen_at_every_company
from tests.threats.test_19_bait_and_switch import CHANGES, check_change_goes_back_to_review
from tests.threats.test_23_double_submit import check_fifty_at_once_are_one
from tests.threats.test_24_lost_update import check_second_of_two_is_told
from tests.threats.test_25_hostile_import import check_exported_cells_are_text
from tests.threats.test_26_stored_script import check_answer_is_inert
from tests.threats.test_27_forged_request import check_form_of_another_site_changes_nothing
from tests.threats.test_28_request_led_astray import check_company_link_is_refused
from tests.threats.test_29_costly_requests import _Slow, check_hundred_lists_at_once
from tests.threats.test_30_pickled_model import check_pickle_is_refused
from tests.threats.test_31_act_as_user import check_recovery_opens_nothing

Check = Callable[[Path], None]


def _in_a_house(check: Callable[[Service], None]) -> Check:
    def run(folder: Path) -> None:
        with a_house(folder) as house:
            check(house)

    return run


def _of_a_firm(check: Callable[[Firm], None]) -> Check:
    def run(folder: Path) -> None:
        with a_store("sqlite", folder) as engine:
            check(a_firm(engine))

    return run


def _in_a_store(check: Callable[[Any], None]) -> Check:
    def run(folder: Path) -> None:
        with a_store("sqlite", folder) as engine:
            with engine.begin() as connection:
                a_person(connection, "c-1", **with_certificate(1))
                a_vacancy(connection, "v-1", None)
                acted(connection, "c-1", "v-1")
                for number in range(8):
                    record(connection, PROGRAM.by, "test.read", object_kind="test", object_id=f"t{number}")
            check(engine)

    return run


def _with_budgets(_: Path) -> None:
    check_hundred_lists_at_once(Budgets(_Slow()))


CHECKS: Mapping[str, Check] = {
    "scope": _in_a_house(check_other_county_is_nobody),
    "policy": _in_a_house(check_undeclared_route_is_refused),
    "membership": _in_a_house(check_moved_caseworker_is_out),
    "draft-quota": check_drafts_run_out,
    "masks": _in_a_house(check_no_sink_has_it),
    "own-422": _in_a_house(check_refused_person_is_not_repeated),
    "sealing": _in_a_store(check_dump_is_of_no_use),
    "chain": _in_a_store(lambda engine: check_alteration_is_found(engine, ALTERED["another actor"])),
    "audited-writes": _in_a_store(check_raw_writes_are_refused),
    "one-time-codes": _in_a_house(check_code_counts_once),
    "verified-employers": _of_a_firm(check_unverified_company_publishes_nothing_directed),
    "rings": lambda _: check_ring_is_seen_at_every_company(_ring()),
    "back-to-review": _of_a_firm(lambda firm: check_change_goes_back_to_review(firm, CHANGES[2])),
    "idempotency": _in_a_house(check_fifty_at_once_are_one),
    "versions": _in_a_house(check_second_of_two_is_told),
    "inert-cells": lambda folder: _in_a_house(lambda house: check_exported_cells_are_text(house, folder))(folder),
    "content-policy": _in_a_house(
        lambda house: check_answer_is_inert(house.client.get(f"{V1}/candidates/{HERE}", headers=by(house)))
    ),
    "own-page": _in_a_house(check_form_of_another_site_changes_nothing),
    "links": lambda _: check_company_link_is_refused("http://169.254.169.254/latest/meta-data/"),
    "budgets": _with_budgets,
    "no-pickles": check_pickle_is_refused,
    "sessions-end": _in_a_house(check_recovery_opens_nothing),
}


@pytest.mark.parametrize("name", CHECKS)
def test_check_of_the_threat_fails_without_its_guard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    GUARDS[name].take_out(monkeypatch)
    # Only what is asserted counts: an error on the way would show nothing.
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        CHECKS[name](tmp_path)


def test_every_threat_has_a_guard_to_take_out_and_a_test_that_is_there() -> None:
    assert {guard.threat for guard in GUARDS.values()} == set(range(1, 35))
    for guard in GUARDS.values():
        file, _, function = guard.node.partition("::")
        assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), guard.node
    assert len({GUARDS[name].threat for name in CHECKS}) >= 20
