"""Statements of people: what may be recorded, by whom, and that the database keeps them as they were."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from matching.vocabulary import DisabilityCategory, YesNo
from pipelines.access.audit import events
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import Purpose, Role
from pipelines.access.vault import Vault
from pipelines.consent.effects import disclosed_to
from pipelines.consent.errors import ConsentError, NotTold, NotYetStated, UnknownRecipient, WitnessNeeded
from pipelines.consent.ledger import Consents
from pipelines.consent.texts import automated_decision_notice, current_texts, working_days_after
from pipelines.consent.words import ConsentAct, ConsentPurpose, DisclosedItem, Speaker, StatementForm
from pipelines.store.consents import ConsentRepository, reseal
from pipelines.store.repositories import CandidateRepository
from pipelines.store.sealed import VAULT_OPTION
from tests.support.accounts import KEYS
from tests.support.firms import FIRM, somebody, two_firms
from tests.support.people import EARLIER, NOW, a_person, agrees_to_tell, says
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

GIVEN, REFUSED, WITHDRAWN = ConsentAct.GIVEN, ConsentAct.REFUSED, ConsentAct.WITHDRAWN


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A store with two companies and a person."""
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            two_firms(connection)
            a_person(connection)
        yield opened


def state_of(engine: Engine, purpose: ConsentPurpose = ConsentPurpose.MATCHING) -> list[str]:
    with engine.begin() as connection:
        now = Consents(connection, PROGRAM).of("c-1", on=NOW.date())["now"]
    return [entry["state"] for entry in now if entry["purpose"] == purpose]


def test_who_was_never_asked_is_unknown_not_refused(engine: Engine) -> None:
    assert state_of(engine) == ["unknown"]
    assert state_of(engine, ConsentPurpose.CONTACT) == ["unknown"]


def test_an_imported_day_of_consent_counts_until_something_was_recorded(engine: Engine) -> None:
    with engine.begin() as connection:
        a_person(connection, "c-2", consent_matching_on=date(2026, 1, 1))
        now = Consents(connection, PROGRAM).of("c-2", on=NOW.date())["now"]
        assert (now[0]["state"], now[0]["since"]) == ("given", "2026-01-01")
        says(connection, "c-2", WITHDRAWN)
        assert Consents(connection, PROGRAM).of("c-2", on=NOW.date())["now"][0]["state"] == "withdrawn"


def test_what_was_stated_later_counts_whenever_it_was_entered(engine: Engine) -> None:
    with engine.begin() as connection:
        says(connection, "c-1", WITHDRAWN, at=EARLIER + timedelta(days=1))
        says(connection, "c-1", GIVEN, at=EARLIER)
    assert state_of(engine) == ["withdrawn"]


def test_a_withdrawal_has_a_receipt_that_says_what_ends_and_when(engine: Engine) -> None:
    with engine.begin() as connection:
        consent_id = says(connection, "c-1", WITHDRAWN)["consent_id"]
        receipt = Consents(connection, PROGRAM).receipt("c-1", consent_id)
    assert receipt["receipt_id"] == consent_id
    assert {"模型训练", "批量匹配"} <= {end["what"] for end in receipt["ends"]}
    assert receipt["stated_at"].startswith("2026-11-13")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"text_version": None}, NotTold),
        ({"text_version": "1999-01"}, NotTold),
        ({"form": StatementForm.ORAL}, WitnessNeeded),
        ({"recipient": FIRM}, UnknownRecipient),
        ({"items": (DisclosedItem.NAME,)}, NotTold),
        ({"purpose": ConsentPurpose.DISCLOSURE, "items": (DisclosedItem.NAME,)}, UnknownRecipient),
        ({"purpose": ConsentPurpose.DISCLOSURE, "recipient": FIRM}, NotTold),
        (
            {"purpose": ConsentPurpose.DISCLOSURE, "recipient": "9" * 18, "items": (DisclosedItem.NAME,)},
            UnknownRecipient,
        ),
        ({"at": NOW + timedelta(seconds=1)}, NotYetStated),
    ],
)
def test_a_consent_that_cannot_have_been_given_like_this_is_refused(
    engine: Engine, wrong: dict[str, Any], error: type[ConsentError]
) -> None:
    with pytest.raises(error), engine.begin() as connection:
        says(connection, "c-1", GIVEN, **wrong)
    assert state_of(engine) == ["unknown"]


def test_a_consent_that_ran_out_is_unknown_again_and_a_refusal_does_not_run_out(engine: Engine) -> None:
    with engine.begin() as connection:
        says(connection, "c-1", GIVEN, ends_on=date(2026, 11, 20))
    assert state_of(engine) == ["unknown"]
    with engine.begin() as connection:
        says(connection, "c-1", WITHDRAWN, at=NOW - timedelta(days=1))
    assert state_of(engine) == ["withdrawn"]


def test_withdrawing_asks_for_neither_text_nor_witness(engine: Engine) -> None:
    with engine.begin() as connection:
        says(connection, "c-1", WITHDRAWN, form=StatementForm.ORAL)
    assert state_of(engine) == ["withdrawn"]


def test_a_child_under_fourteen_agrees_through_the_guardian_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        a_person(connection, "c-2", birth_date=date(2012, 11, 14))
        a_person(connection, "c-3", birth_date=date(2012, 11, 13))
    with pytest.raises(WitnessNeeded), engine.begin() as connection:
        says(connection, "c-2", GIVEN, has_witness=True)
    with engine.begin() as connection:
        says(connection, "c-3", GIVEN)  # fourteen on the day
        says(connection, "c-2", GIVEN, speaker=Speaker.GUARDIAN)


@pytest.mark.parametrize("category", [DisabilityCategory.INTELLECTUAL, DisabilityCategory.MENTAL])
def test_who_may_need_help_to_understand_has_a_witness_or_a_guardian(
    engine: Engine, category: DisabilityCategory
) -> None:
    with engine.begin() as connection:
        a_person(connection, "c-2", category=category)
    with pytest.raises(WitnessNeeded), engine.begin() as connection:
        says(connection, "c-2", GIVEN)
    with engine.begin() as connection:
        says(connection, "c-2", GIVEN, has_witness=True)
        says(connection, "c-2", REFUSED)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consents SET act = 'given'",
        "UPDATE consents SET stated_at = recorded_at",
        "UPDATE consents SET candidate_id = 'c-1', act = 'given'",
        "UPDATE consents SET particulars = NULL",
        "DELETE FROM consents",
    ],
)
def test_the_database_keeps_statements_as_they_were(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        says(connection, "c-1", WITHDRAWN, particulars={"witness_name": "李四"}, has_witness=True)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        noted(connection).execute(text(statement))
    assert state_of(engine) == ["withdrawn"]


def test_the_database_takes_no_statement_that_nobody_answers_for(engine: Engine) -> None:
    values = {"consent_id": "x", "candidate_id": "c-1", "purpose": "matching", "act": "withdrawn"}
    more = {"stated_by": "person", "form": "written", "has_witness": False, "stated_at": EARLIER, "recorded_at": NOW}
    with pytest.raises(DBAPIError, match="audit row"), engine.begin() as connection:
        ConsentRepository(connection, PROGRAM).add({**values, **more, "recorded_by": "me"})


def test_guardian_and_witness_lie_sealed_and_outlive_a_new_key(engine: Engine) -> None:
    with engine.begin() as connection:
        says(connection, "c-1", WITHDRAWN, particulars={"guardian_name": "王大明"})
        raw = connection.execute(text("SELECT particulars FROM consents")).scalar_one()
    assert "王大明" not in raw
    assert raw.startswith("v1.k1.")
    both = Vault.read(f"k2:{'B' * 43}=\n{KEYS}")
    with engine.execution_options(**{VAULT_OPTION: both}).begin() as connection:
        assert reseal(noted(connection)) == 1
        assert reseal(noted(connection)) == 0
        assert ConsentRepository(connection, PROGRAM).of("c-1")[0]["particulars"] == {"guardian_name": "王大明"}
        assert connection.execute(text("SELECT particulars FROM consents")).scalar_one().startswith("v1.k2.")


def test_consents_of_another_county_are_those_of_nobody(engine: Engine) -> None:
    with engine.begin() as connection:
        theirs = somebody(connection, "liwei", Role.CASEWORKER, "620502")
    with pytest.raises(NoSuchPerson), engine.begin() as connection:
        Consents(connection, theirs).of("c-1", on=NOW.date())
    with pytest.raises(NoSuchPerson), engine.begin() as connection:
        says(connection, "c-1", WITHDRAWN, subject=theirs)
    with engine.begin() as connection:
        own = somebody(connection, "zhaoli", Role.CASEWORKER, "620102", Purpose.CONTACT)
        with pytest.raises(Forbidden):
            says(connection, "c-1", WITHDRAWN, subject=own)


def test_reading_and_recording_a_consent_stand_in_the_audit(engine: Engine) -> None:
    with engine.begin() as connection:
        agrees_to_tell(connection, "c-1", FIRM)
        Consents(connection, PROGRAM).of("c-1", on=NOW.date())
        stated, read = list(events(connection))[-2:]
    assert (stated["action"], stated["object_id"]) == ("consents.given", "c-1")
    assert stated["details"] == '{"purpose": "disclosure"}'
    assert read["action"] == "consents.read"


def test_every_text_names_the_articles_it_answers_to_and_every_purpose_has_one() -> None:
    told = current_texts()
    assert [text.purpose for text in told] == list(ConsentPurpose)
    for one in told:
        assert one.law
        assert "撤回" in one.text
    assert automated_decision_notice()["source"] == {"document": "个人信息保护法", "clause": "第二十四条"}


def test_working_days_leave_out_weekends() -> None:
    assert working_days_after(date(2026, 11, 20), 1) == date(2026, 11, 23)
    assert working_days_after(date(2026, 11, 21), 1) == date(2026, 11, 23)
    assert working_days_after(date(2026, 11, 23), 15) == date(2026, 12, 14)


def test_what_holds_of_a_disclosure_is_told_as_it_is_acted_on(engine: Engine) -> None:
    """A no that was supplied on the day of the consent or after it takes it back; one that ran out is unknown."""
    with engine.begin() as connection:
        agrees_to_tell(connection, "c-1", FIRM)
        held = Consents(connection, PROGRAM).of("c-1", on=NOW.date())["now"]
        assert [entry["state"] for entry in held if entry["purpose"] == "disclosure"] == ["given"]
        people = CandidateRepository(noted(connection), PROGRAM)
        row = people.find([("c-1",)])["c-1",]
        people.replace([{**row, "consent_disclosure": YesNo.NO}])
        people.note_sources([("c-1", "consent_disclosure")], "import", NOW.date())
        held = Consents(connection, PROGRAM).of("c-1", on=NOW.date())["now"]
        told = [entry for entry in held if entry["purpose"] == "disclosure"]
        assert [(entry["state"], entry["since"]) for entry in told] == [("withdrawn", NOW.date().isoformat())]
        assert disclosed_to(connection, FIRM, NOW.date()) == {}


def test_texts_have_no_space_within_a_sentence() -> None:
    for told in (*(one.text for one in current_texts()), automated_decision_notice()["text"]):
        assert " " not in told
