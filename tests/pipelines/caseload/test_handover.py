"""Whose people they are: one at a time, handed over with note and tasks; nothing of it opens a person's record."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from pipelines.access.audit import events
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.organisations import office_id
from pipelines.access.roles import Subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.handover import Caseload, Handover
from pipelines.caseload.notes import NewNote, Notes
from pipelines.caseload.tasks import NewTask, Tasks, Wanted
from pipelines.caseload.words import NotePurpose, TaskKind
from pipelines.duties.due import duties_for
from pipelines.registers.errors import RowRefused
from tests.support.builders import TODAY
from tests.support.caseload import HERE, NOW, THERE, two_counties
from tests.support.people import a_person
from tests.support.stores import BACKENDS, a_store, noted

LATER = NOW + timedelta(days=1)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            for n in range(1, 5):
                a_person(connection, f"c-{n}")
        yield opened


@pytest.fixture
def who(engine: Engine) -> dict[str, Subject]:
    with engine.begin() as connection:
        subjects = two_counties(connection)
        for n in range(1, 4):
            Caseload(connection, subjects["liwei"], on=TODAY, now=NOW).take_on(f"c-{n}", None)
    return subjects


def held(engine: Engine, subject: Subject, user_id: Any = None) -> list[str]:
    with engine.begin() as connection:
        found, _ = Caseload(connection, subject, on=TODAY, now=NOW).page(user_id, after=None, limit=50)
    return [one["candidate_id"] for one in found]


def hand(engine: Engine, subject: Subject, now: datetime = LATER, **given: Any) -> dict[str, Any]:
    with engine.begin() as connection:
        handover = Handover(**{"words": "下周起休产假", "happened_on": TODAY, **given})
        return Caseload(connection, subject, on=TODAY, now=now).hand_over(handover)


def history(engine: Engine, subject: Subject, candidate_id: str) -> list[tuple[str | None, bool]]:
    with engine.begin() as connection:
        told = Caseload(connection, subject, on=TODAY, now=NOW).of(candidate_id)
    return [(one["name"], one["ended_at"] is None) for one in told]


def move(engine: Engine, candidate_id: str, region: str) -> None:
    with engine.begin() as connection:
        noted(connection).execute(
            text("UPDATE candidates SET region = :region WHERE candidate_id = :id"),
            {"region": region, "id": candidate_id},
        )


def test_all_go_to_a_colleague_with_open_tasks_and_the_history_stays(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        tasks = Tasks(connection, who["liwei"], on=TODAY)
        own = tasks.add("c-1", NewTask(TaskKind.VISIT, "走访", TODAY, who["liwei"].user_id), now=NOW)
        tasks.add("c-2", NewTask(TaskKind.VISIT, "谁都可以", TODAY), now=NOW)
    done = hand(engine, who["liwei"], to_user_id=who["mali"].user_id)
    assert (done["n_people"], done["n_tasks"]) == (3, 1)
    assert held(engine, who["liwei"]) == []
    assert held(engine, who["mali"]) == ["c-1", "c-2", "c-3"]
    assert history(engine, who["mali"], "c-1") == [("liwei", False), ("mali", True)]
    with engine.begin() as connection:
        found, _ = Tasks(connection, who["mali"], on=TODAY).page(Wanted(is_mine=True), after=None, limit=9)
        told = Caseload(connection, who["mali"], on=TODAY, now=NOW).handovers()
        raw = connection.execute(text("SELECT words FROM handovers")).scalar_one()
    assert {one["task_id"]: one["owner_name"] for one in found}[own["task_id"]] == "mali"
    assert (told[0]["words"], told[0]["from_name"], told[0]["to_name"], told[0]["n_people"]) == (
        "下周起休产假", "liwei", "mali", 3,
    )  # fmt: skip
    assert raw.startswith("v1.k1.")


def test_chosen_ones_go_and_the_others_stay(engine: Engine, who: dict[str, Subject]) -> None:
    hand(engine, who["liwei"], to_user_id=who["mali"].user_id, candidate_ids=("c-2",))
    assert held(engine, who["liwei"]) == ["c-1", "c-3"]
    assert held(engine, who["mali"]) == ["c-2"]
    with pytest.raises(RowRefused):
        hand(engine, who["liwei"], to_user_id=who["mali"].user_id, candidate_ids=("c-1", "c-2"))
    with pytest.raises(RowRefused):
        hand(engine, who["liwei"], to_user_id=who["mali"].user_id, candidate_ids=("c-4",))
    assert held(engine, who["liwei"]) == ["c-1", "c-3"]


def test_what_is_no_handover_is_refused(engine: Engine, who: dict[str, Subject]) -> None:
    mali = who["mali"].user_id
    wrong: list[dict[str, Any]] = [
        {"to_user_id": None},
        {"to_user_id": who["liwei"].user_id},
        {"to_user_id": who["far"].user_id},
        {"to_user_id": mali, "words": " "},
        {"to_user_id": mali, "happened_on": TODAY + timedelta(days=1)},
        {"to_user_id": mali, "happened_on": TODAY - timedelta(days=32)},
    ]
    for given in wrong:
        with pytest.raises(RowRefused):
            hand(engine, who["liwei"], **given)
    with pytest.raises(CaseworkRefused):
        hand(engine, who["mali"], to_user_id=who["liwei"].user_id)
    assert held(engine, who["liwei"]) == ["c-1", "c-2", "c-3"]


def test_others_people_are_a_supervisors_to_see_and_to_hand_over(engine: Engine, who: dict[str, Subject]) -> None:
    liwei, mali = who["liwei"].user_id, who["mali"].user_id
    with pytest.raises(Forbidden):
        hand(engine, who["mali"], from_user_id=liwei, to_user_id=mali)
    with pytest.raises(Forbidden):
        held(engine, who["mali"], liwei)
    assert held(engine, who["chief"], liwei) == ["c-1", "c-2", "c-3"]
    assert hand(engine, who["chief"], from_user_id=liwei, to_user_id=mali)["n_people"] == 3
    with pytest.raises(Forbidden):
        hand(engine, replace(who["chief"], client_id="exchange"), from_user_id=mali, to_user_id=liwei)


def test_an_earlier_day_ends_and_begins_there_but_never_before_the_charge(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        noted(connection).execute(
            text("UPDATE caseworkers SET since = :at WHERE candidate_id = 'c-1'"), {"at": "2026-11-01 00:00:00+00:00"}
        )
    day = date(2026, 11, 20)
    hand(engine, who["liwei"], to_user_id=who["mali"].user_id, happened_on=day)
    with engine.begin() as connection:
        caseload = Caseload(connection, who["mali"], on=TODAY, now=NOW)
        one, other = (caseload.of(candidate_id)[-1]["since"] for candidate_id in ("c-1", "c-2"))
    assert datetime.fromisoformat(one) == datetime(2026, 11, 19, 16, tzinfo=UTC)
    assert datetime.fromisoformat(other) == NOW


def test_there_is_one_at_a_time_whoever_writes(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection, pytest.raises(CaseworkRefused):
        Caseload(connection, who["mali"], on=TODAY, now=NOW).take_on("c-1", None)
    with engine.begin() as connection, pytest.raises(RowRefused):
        Caseload(connection, who["mali"], on=TODAY, now=NOW).take_on("c-4", who["far"].user_id)
    again = (
        "INSERT INTO caseworkers SELECT 'x', candidate_id, organisation_id, user_id, since, NULL, NULL FROM caseworkers"
    )
    with engine.connect() as connection, pytest.raises((IntegrityError, DBAPIError), match=r"(?i)unique"):
        noted(connection).execute(text(again + " WHERE candidate_id = 'c-1'"))


def test_being_in_charge_opens_nothing_and_who_moves_is_gone_for_the_old_office(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        Notes(connection, who["liwei"]).add("c-1", NewNote(NotePurpose.VISIT, TODAY, "见到本人"), on=TODAY, now=NOW)
        Tasks(connection, who["liwei"], on=TODAY).add("c-1", NewTask(TaskKind.PAPERS, "换证", TODAY), now=NOW)
        before = duties_for(connection, who["liwei"], "c-1", TODAY)
    move(engine, "c-1", THERE)
    assert held(engine, who["liwei"]) == ["c-2", "c-3"]
    with engine.begin() as connection, pytest.raises(NoSuchPerson):
        Caseload(connection, who["liwei"], on=TODAY, now=NOW).of("c-1")
    with engine.begin() as connection:
        far = who["far"]
        assert [note["words"] for note in Notes(connection, far).of("c-1")] == ["见到本人"]
        assert [task["words"] for task in Tasks(connection, far, on=TODAY).of("c-1")] == ["换证"]
        assert duties_for(connection, far, "c-1", TODAY) == before
        Caseload(connection, far, on=TODAY, now=LATER).take_on("c-1", None)
    assert history(engine, who["far"], "c-1") == [("liwei", False), ("far", True)]


def test_a_supervisor_hands_to_another_office_which_then_sees_the_person(
    engine: Engine, who: dict[str, Subject]
) -> None:
    there = office_id(THERE)
    with pytest.raises(Forbidden):
        hand(engine, who["liwei"], to_organisation_id=there)
    with engine.begin() as connection, pytest.raises(NoSuchPerson):
        Notes(connection, who["far"]).of("c-1")
    liwei, far = who["liwei"].user_id, who["far"].user_id
    hand(
        engine, who["chief"], from_user_id=liwei, to_organisation_id=there, to_user_id=far, candidate_ids=("c-1",)
    )  # fmt: skip
    hand(engine, who["chief"], from_user_id=liwei, to_organisation_id=there, candidate_ids=("c-2",))
    assert held(engine, who["far"]) == ["c-1"]
    assert history(engine, who["far"], "c-1") == [("liwei", False), ("far", True)]
    assert history(engine, who["far"], "c-2") == [("liwei", False)]
    assert history(engine, who["chief"], "c-2") == [("liwei", False)]


def test_each_is_in_the_audit_under_the_person(engine: Engine, who: dict[str, Subject]) -> None:
    hand(engine, who["liwei"], to_user_id=who["mali"].user_id)
    with engine.begin() as connection:
        told = {(e["action"], e["object_id"]) for e in events(connection) if e["action"].startswith("candidates.")}
    assert told >= {("candidates.charge", "c-1"), ("candidates.hand-over", "c-1"), ("candidates.hand-over", "c-3")}
    assert who["liwei"].codes == {HERE}
