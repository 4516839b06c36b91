"""What a company answers to referrals: by pseudonym, with a reason of the list, taken back on the same day only."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from matching.vocabulary import InteractionKind
from pipelines.access.audit import events, last_event
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import Role, Subject
from pipelines.consent.answers import answer, take_back, unanswered
from pipelines.consent.released import released
from pipelines.consent.words import Refusal
from pipelines.desk import NoSuchVacancy
from pipelines.registers.errors import NothingToUndo, RowRefused
from pipelines.schema import INTERACTIONS
from pipelines.store.repositories import TableRepository
from tests.support.firms import FIRM, OTHER_FIRM, somebody, two_firms
from tests.support.people import a_person, a_vacancy, with_certificate
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted
from tests.threats.doors import statements

DAY = date(2026, 11, 24)
INVITED, HIRED, REFUSED = (
    InteractionKind.INTERVIEWED,
    InteractionKind.PLACED,
    InteractionKind.DECLINED_BY_EMPLOYER,
)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A store in which two people were referred to a vacancy of the first company."""
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            two_firms(connection)
            a_vacancy(connection, "v-1", FIRM)
            for number in (1, 2):
                a_person(connection, f"c-{number}", **with_certificate(number))
                row = dict.fromkeys(INTERACTIONS.by_name) | {
                    "candidate_id": f"c-{number}",
                    "vacancy_id": "v-1",
                    "kind": InteractionKind.REFERRED,
                    "at": DAY - timedelta(days=number),
                }
                TableRepository(noted(connection), INTERACTIONS, PROGRAM).insert([row])
        yield opened


def poster(engine: Engine, firm: str = FIRM, role: Role = Role.COMPANY_POSTER) -> Subject:
    """Return somebody new of a company."""
    with engine.begin() as connection:
        return somebody(connection, f"u{last_event(connection)}", role, firm)


def seen(engine: Engine, who: Subject) -> dict[str, object]:
    """Return the answer to each person as the company sees it."""
    with engine.begin() as connection:
        return {one["person"]: one["answer"] for one in released(connection, who, "v-1", on=DAY)["items"]}


def test_answer_is_shown_and_is_an_act_of_the_person_and_in_the_audit(engine: Engine) -> None:
    who = poster(engine)
    person = sorted(seen(engine, who))[0]
    for _ in range(2):  # pressed twice it is one answer
        with engine.begin() as connection:
            answer(connection, who, "v-1", person, INVITED, None, on=DAY)
    told = seen(engine, who)[person]
    assert isinstance(told, dict)
    assert (told["kind"], told["at"], told["is_of_today"]) == ("interviewed", "2026-11-24", True)
    with engine.begin() as connection:
        acts = TableRepository(connection, INTERACTIONS, PROGRAM).page(None, 10, [])
        assert sum(values["kind"] is INVITED for values, _ in acts) == 1
        found = [event for event in events(connection) if event["action"] == "candidates.answer"]
        assert {event["actor"] for event in found} == {f"user:{who.user_id}"}
        assert {event["object_kind"] for event in found} == {"candidate"}


def test_refusal_needs_a_reason_of_the_list_and_nothing_else_is_an_answer(engine: Engine) -> None:
    who = poster(engine)
    person = sorted(seen(engine, who))[0]
    for kind, reason in ((REFUSED, None), (InteractionKind.RETAINED_6M, None), (InteractionKind.REFERRED, None)):
        with engine.begin() as connection, pytest.raises(RowRefused):
            answer(connection, who, "v-1", person, kind, reason, on=DAY)
    with engine.begin() as connection:
        answer(connection, who, "v-1", person, REFUSED, Refusal.HOURS, on=DAY)
    told = seen(engine, who)[person]
    assert isinstance(told, dict)
    assert told["reason"] == "工作时间谈不拢"
    assert not any("残疾" in reason.label for reason in Refusal)


def test_what_an_office_typed_as_a_reason_does_not_go_to_the_company(engine: Engine) -> None:
    who = poster(engine)
    with engine.begin() as connection:
        row = dict.fromkeys(INTERACTIONS.by_name) | {"candidate_id": "c-1", "vacancy_id": "v-1", "at": DAY}
        row |= {"kind": REFUSED, "reason": "单位说听力不好"}
        TableRepository(noted(connection), INTERACTIONS, PROGRAM).insert([row])
    (told,) = [one for one in seen(engine, who).values() if one is not None]
    assert isinstance(told, dict)
    assert (told["kind"], told["reason"]) == ("declined_by_employer", None)


def test_home_asks_as_often_for_many_posts_as_for_few(engine: Engine) -> None:
    who = poster(engine)
    asked = []
    for n in (2, 12):
        with engine.begin() as connection:
            for number in range(2, n + 1):
                if number > 2 or n == 2:
                    a_vacancy(connection, f"v-{number}", FIRM)
        with statements(engine) as said, engine.begin() as connection:
            unanswered(connection, who, [f"v-{number}" for number in range(1, n + 1)])
        asked.append(len(said))
    assert asked[0] == asked[1]


def test_answer_of_today_is_taken_back_and_one_of_yesterday_is_not(engine: Engine) -> None:
    who = poster(engine)
    first, second = sorted(seen(engine, who))
    with engine.begin() as connection:
        answer(connection, who, "v-1", first, HIRED, None, on=DAY)
        answer(connection, who, "v-1", second, INVITED, None, on=DAY - timedelta(days=1))
    with engine.begin() as connection:
        take_back(connection, who, "v-1", first, on=DAY)
    assert seen(engine, who)[first] is None
    for person in (first, second):
        with engine.begin() as connection, pytest.raises(NothingToUndo):
            take_back(connection, who, "v-1", person, on=DAY)


def test_other_company_and_pseudonyms_of_others_answer_nothing(engine: Engine) -> None:
    who, stranger = poster(engine), poster(engine, OTHER_FIRM)
    person = sorted(seen(engine, who))[0]
    with engine.begin() as connection, pytest.raises(NoSuchVacancy):
        answer(connection, stranger, "v-1", person, INVITED, None, on=DAY)
    for unknown in ("p-0", "c-1"):
        with engine.begin() as connection, pytest.raises(NoSuchPerson):
            answer(connection, who, "v-1", unknown, INVITED, None, on=DAY)
    office = poster(engine, "620102", Role.CASEWORKER)
    with engine.begin() as connection, pytest.raises(Forbidden):
        answer(connection, office, "v-1", person, INVITED, None, on=DAY)


def test_what_waits_for_an_answer_is_counted_until_it_has_one_and_a_new_referral_waits_anew(engine: Engine) -> None:
    who = poster(engine)
    person = sorted(seen(engine, who))[0]

    def waiting() -> int:
        with engine.begin() as connection:
            found = unanswered(connection, who, ["v-1", "v-none"])
        return found["v-1"].n if found else 0

    assert waiting() == 2
    with engine.begin() as connection:
        answer(connection, who, "v-1", person, REFUSED, Refusal.FILLED, on=DAY - timedelta(days=1))
    assert waiting() == 1
    with engine.begin() as connection:
        rows = TableRepository(connection, INTERACTIONS, PROGRAM).page(None, 10, [])
        one = next(values["candidate_id"] for values, _ in rows if values["kind"] is REFUSED)
        row = dict.fromkeys(INTERACTIONS.by_name) | {"candidate_id": one, "vacancy_id": "v-1", "at": DAY}
        TableRepository(noted(connection), INTERACTIONS, PROGRAM).insert([row | {"kind": InteractionKind.REFERRED}])
    assert waiting() == 2
