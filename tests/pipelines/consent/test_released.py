"""Threats 5, 6 and 32: what a company gets of the people referred to it, before a consent, with it, and after."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from matching.entities import FactSource
from matching.vocabulary import Function, InteractionKind, YesNo
from pipelines.access.audit import events
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Role, Subject
from pipelines.consent.effects import disclosed_to
from pipelines.consent.released import banded, pseudonym, released
from pipelines.consent.words import ConsentAct, ConsentPurpose, DisclosedItem
from pipelines.desk import NoSuchVacancy
from pipelines.store.repositories import CandidateRepository
from pipelines.store.sealed import vault_of
from tests.support.firms import FIRM, OTHER_FIRM, somebody, two_firms
from tests.support.people import NOW, a_person, a_vacancy, acted, agrees_to_tell, says, with_certificate
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

TODAY = date(2026, 11, 24)
WITHDRAWN = ConsentAct.WITHDRAWN


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Two companies with a vacancy each; one person referred to both, one to the first."""
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            two_firms(connection)
            a_person(connection, "c-1", **with_certificate(1))
            a_person(connection, "c-2", name="李小红", functions={Function.WALKING: 4})
            a_vacancy(connection, "v-1", FIRM)
            a_vacancy(connection, "v-2", OTHER_FIRM)
            for person, vacancy in (("c-1", "v-1"), ("c-1", "v-2"), ("c-2", "v-1")):
                acted(connection, person, vacancy)
            acted(connection, "c-2", "v-1", InteractionKind.VIEWED)
        yield opened


@pytest.fixture
def firm(engine: Engine) -> Subject:
    """Who posts for the first company."""
    with engine.begin() as connection:
        return somebody(connection, "poster", Role.COMPANY_POSTER, FIRM)


def seen(engine: Engine, firm: Subject, vacancy_id: str = "v-1") -> dict[str, Any]:
    with engine.begin() as connection:
        return released(connection, firm, vacancy_id, on=TODAY)


def of(engine: Engine, document: dict[str, Any], candidate_id: str, firm: str = FIRM) -> dict[str, Any]:
    with engine.connect() as connection:
        wanted = pseudonym(vault_of(connection), candidate_id, firm)
    found: dict[str, Any] = next(item for item in document["items"] if item["person"] == wanted)
    return found


IDENTITY = ("王小明", "李小红", "13900001111", "某某路7号", "福利厂", "c-1", "c-2", "1990", "肢体", "category", "grade")


def test_threat_5_before_a_consent_nothing_tells_who_it_is_or_what_they_have(engine: Engine, firm: Subject) -> None:
    document = seen(engine, firm)
    assert len(document["items"]) == 2
    assert [item["agreed"] for item in document["items"]] == [None, None]
    assert not [word for word in IDENTITY if word in str(document["items"])]


def test_threat_5_with_a_consent_exactly_what_was_agreed_is_told_to_this_company(engine: Engine, firm: Subject) -> None:
    with engine.begin() as connection:
        agrees_to_tell(connection, "c-1", FIRM, DisclosedItem.NAME, DisclosedItem.PHONE)
    document = seen(engine, firm)
    assert of(engine, document, "c-1")["agreed"] == {"name": "王小明", "phone": "13900001111"}
    assert of(engine, document, "c-2")["agreed"] is None
    with engine.begin() as connection:
        other = somebody(connection, "other", Role.COMPANY_POSTER, OTHER_FIRM)
    assert seen(engine, other, "v-2")["items"][0]["agreed"] is None


def test_threat_32_a_withdrawn_disclosure_is_gone_at_the_next_read(engine: Engine, firm: Subject) -> None:
    with engine.begin() as connection:
        agrees_to_tell(connection, "c-1", FIRM)
    assert of(engine, seen(engine, firm), "c-1")["agreed"]
    with engine.begin() as connection:
        says(connection, "c-1", WITHDRAWN, ConsentPurpose.DISCLOSURE, recipient=FIRM, at=NOW)
    assert of(engine, seen(engine, firm), "c-1")["agreed"] is None


def test_threat_32_who_withdrew_from_matching_is_not_there_at_all(engine: Engine, firm: Subject) -> None:
    with engine.begin() as connection:
        agrees_to_tell(connection, "c-1", FIRM)
        says(connection, "c-1", WITHDRAWN, at=NOW)
    assert len(seen(engine, firm)["items"]) == 1
    assert "王小明" not in str(seen(engine, firm))


def test_a_consent_that_ran_out_tells_nothing_more(engine: Engine) -> None:
    with engine.begin() as connection:
        says(
            connection,
            "c-1",
            ConsentAct.GIVEN,
            ConsentPurpose.DISCLOSURE,
            recipient=FIRM,
            items=(DisclosedItem.NAME,),
            ends_on=TODAY,
        )
        assert disclosed_to(connection, FIRM, TODAY) == {"c-1": frozenset({DisclosedItem.NAME})}
        assert disclosed_to(connection, FIRM, TODAY + timedelta(days=1)) == {}


def test_an_imported_yes_opens_nothing_and_a_later_imported_no_takes_back(engine: Engine) -> None:
    with engine.begin() as connection:
        people = CandidateRepository(noted(connection), PROGRAM)
        row = people.find([("c-1",)])["c-1",]
        people.replace([{**row, "consent_disclosure": YesNo.YES}])
        assert disclosed_to(connection, FIRM, TODAY) == {}
        agrees_to_tell(connection, "c-1", FIRM)
        assert set(disclosed_to(connection, FIRM, TODAY)) == {"c-1"}
        people.replace([{**row, "consent_disclosure": YesNo.NO}])
        people.note_sources([("c-1", "consent_disclosure")], "import", date(2026, 11, 1))
        assert set(disclosed_to(connection, FIRM, TODAY)) == {"c-1"}  # the consent of 11-13 came after that no
        people.note_sources([("c-1", "consent_disclosure")], "import", date(2026, 11, 20))
        assert disclosed_to(connection, FIRM, TODAY) == {}
        assert people.sources("c-1")["c-1"]["consent_disclosure"] == FactSource("import", date(2026, 11, 20))


def test_who_declined_since_is_not_shown(engine: Engine, firm: Subject) -> None:
    with engine.begin() as connection:
        acted(connection, "c-1", "v-1", InteractionKind.DECLINED_BY_CANDIDATE, date(2026, 10, 2))
    assert len(seen(engine, firm)["items"]) == 1


def test_threat_6_two_companies_cannot_join_what_they_see(engine: Engine, firm: Subject) -> None:
    with engine.begin() as connection:
        other = somebody(connection, "other", Role.COMPANY_POSTER, OTHER_FIRM)
    mine = {item["person"] for item in seen(engine, firm)["items"]}
    theirs = {item["person"] for item in seen(engine, other, "v-2")["items"]}
    assert not mine & theirs
    assert mine == {item["person"] for item in seen(engine, firm)["items"]}


def test_threat_6_the_only_count_follows_no_vacancy_and_small_ones_have_no_number(
    engine: Engine, firm: Subject
) -> None:
    with engine.begin() as connection:
        a_vacancy(connection, "v-3", FIRM, demands=dict.fromkeys(Function, 4), title="经理", skills=("很少有人会的",))
    assert seen(engine, firm)["pool"] == seen(engine, firm, "v-3")["pool"]
    assert seen(engine, firm)["pool"]["people"] == "少于10"
    with engine.begin() as connection:
        for i in range(3, 12):
            a_person(connection, f"c-{i}")
    assert seen(engine, firm)["pool"]["people"] == "10—19"


def test_threat_6_one_person_more_or_less_shows_at_no_band_but_its_edge() -> None:
    assert {banded(n) for n in range(10)} == {"少于10"}
    assert {banded(n) for n in range(10, 20)} == {"10—19"}
    assert banded(130) == "130—139"


def test_a_company_sees_no_vacancy_but_its_own_and_staff_no_released_view(engine: Engine, firm: Subject) -> None:
    for vacancy in ("v-2", "nothing"):
        with pytest.raises(NoSuchVacancy):
            seen(engine, firm, vacancy)
    with engine.begin() as connection:
        staff = somebody(connection, "liwei", Role.CASEWORKER)
    with pytest.raises(Forbidden):
        seen(engine, staff)


def test_each_person_shown_is_recorded_as_read_by_the_company(engine: Engine, firm: Subject) -> None:
    seen(engine, firm)
    with engine.connect() as connection:
        last = [e for e in events(connection) if e["action"] == "candidates.released"]
    assert [e["object_id"] for e in last] == ["c-1", "c-2"]
    assert {(e["organisation_id"], e["purpose"]) for e in last} == {("firm-7", "recruitment")}
