"""Hand-overs for a later day: nothing before the day, everybody on it, back on the day of return; twice is once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from pipelines.access.audit import breaks
from pipelines.access.errors import Forbidden
from pipelines.access.roles import COMMAND_LINE, Subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.handover import Caseload, Handover
from pipelines.caseload.merges import Merges, Wish
from pipelines.caseload.planned import CarriedOut, Planned, carry_out
from pipelines.caseload.tasks import NewTask, Tasks
from pipelines.caseload.words import TaskKind
from pipelines.consent.erasure import erase
from pipelines.notices.inbox import Inbox, Wanted
from pipelines.registers.errors import NoSuchRecord, RowRefused
from tests.support.builders import TODAY
from tests.support.caseload import NOW, THERE, two_counties
from tests.support.people import a_person
from tests.support.stores import BACKENDS, a_store, noted

BEGINS, RETURNS = TODAY + timedelta(days=7), TODAY + timedelta(days=21)


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


def plan(engine: Engine, subject: Subject, returns_on: date | None = RETURNS, **given: Any) -> dict[str, Any]:
    with engine.begin() as connection:
        handover = Handover(**{"words": "休产假", "happened_on": BEGINS, **given})
        return Planned(connection, subject, on=TODAY, now=NOW).plan(handover, returns_on)


def run(engine: Engine, on: date) -> tuple[int, int, int]:
    with engine.begin() as connection:
        done = carry_out(connection, on=on, now=moment(on))
    return done.begun, done.ended, done.held


def moment(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, 1, tzinfo=UTC)


def held(engine: Engine, subject: Subject) -> list[str]:
    with engine.begin() as connection:
        found, _ = Caseload(connection, subject, on=TODAY, now=NOW).page(None, after=None, limit=50)
    return [one["candidate_id"] for one in found]


def plans(engine: Engine, subject: Subject) -> list[dict[str, Any]]:
    with engine.begin() as connection:
        return Planned(connection, subject, on=TODAY, now=NOW).open_and_latest()


def told(engine: Engine, subject: Subject) -> list[str]:
    with engine.begin() as connection:
        found, _ = Inbox(connection, subject, on=TODAY).page(Wanted(), after=None, limit=50)
    return sorted(one["kind"] for one in found)


def lock(engine: Engine, subject: Subject) -> None:
    with engine.begin() as connection:
        noted(connection).execute(
            text("UPDATE users SET status = 'locked' WHERE user_id = :id"), {"id": subject.user_id}
        )


def test_people_go_on_the_day_and_come_back_on_the_other_with_their_tasks(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        new = NewTask(TaskKind.VISIT, "走访", RETURNS, who["liwei"].user_id)
        Tasks(connection, who["liwei"], on=TODAY).add("c-1", new, now=NOW)
    made = plan(engine, who["liwei"], to_user_id=who["mali"].user_id)
    assert (made["begins_on"], made["returns_on"], made["status"]) == (
        BEGINS.isoformat(),
        RETURNS.isoformat(),
        "waiting",
    )
    assert told(engine, who["mali"]) == ["handover_planned"]
    assert run(engine, BEGINS - timedelta(days=1)) == (0, 0, 0)
    assert held(engine, who["liwei"]) == ["c-1", "c-2", "c-3"]
    with engine.begin() as connection:
        Caseload(connection, who["liwei"], on=TODAY, now=NOW).take_on("c-4", None)  # whoever came meanwhile goes too
    assert run(engine, BEGINS) == (1, 0, 0)
    assert run(engine, BEGINS) == (0, 0, 0)
    assert held(engine, who["mali"]) == ["c-1", "c-2", "c-3", "c-4"]
    assert held(engine, who["liwei"]) == []
    assert "handed" in told(engine, who["mali"])
    assert run(engine, RETURNS - timedelta(days=1)) == (0, 0, 0)
    assert run(engine, RETURNS) == (0, 1, 0)
    assert run(engine, RETURNS) == (0, 0, 0)
    assert held(engine, who["liwei"]) == ["c-1", "c-2", "c-3", "c-4"]
    with engine.begin() as connection:
        owners = [one["owner_id"] for one in Tasks(connection, who["liwei"], on=TODAY).of("c-1")]
        history = [one["name"] for one in Caseload(connection, who["liwei"], on=TODAY, now=NOW).of("c-1")]
        assert list(breaks(connection)) == []
    assert owners == [who["liwei"].user_id]
    assert history == ["liwei", "mali", "liwei"]
    assert [one["status"] for one in plans(engine, who["liwei"])] == ["ended"]


def test_whoever_was_handed_on_or_ended_meanwhile_does_not_come_back(engine: Engine, who: dict[str, Subject]) -> None:
    plan(engine, who["liwei"], to_user_id=who["mali"].user_id)
    run(engine, BEGINS)
    with engine.begin() as connection:
        caseload = Caseload(connection, who["mali"], on=BEGINS, now=moment(BEGINS) + timedelta(hours=1))
        caseload.hand_over(Handover("更合适", BEGINS, to_user_id=who["chief"].user_id, candidate_ids=("c-2",)))
        caseload.take_on("c-4", None)
    assert run(engine, RETURNS) == (0, 1, 0)
    assert held(engine, who["liwei"]) == ["c-1", "c-3"]
    assert held(engine, who["chief"]) == ["c-2"]
    assert held(engine, who["mali"]) == ["c-4"]


def test_chosen_ones_go_for_good_and_a_missed_day_is_made_up_for_from_that_day_on(
    engine: Engine, who: dict[str, Subject]
) -> None:
    made = plan(engine, who["liwei"], None, to_user_id=who["mali"].user_id, candidate_ids=("c-2", "c-3"))
    assert made["n_people"] == 2
    with engine.begin() as connection:
        noted(connection).execute(text(f"UPDATE candidates SET region = '{THERE}' WHERE candidate_id = 'c-3'"))
    late = BEGINS + timedelta(days=3)
    assert run(engine, late) == (1, 0, 0)
    assert held(engine, who["mali"]) == ["c-2"]
    with engine.begin() as connection:
        last = Caseload(connection, who["mali"], on=late, now=moment(late)).of("c-2")[-1]
    assert last["since"].startswith((BEGINS - timedelta(days=1)).isoformat())  # midnight in Gansu, as UTC
    assert run(engine, late + timedelta(days=400)) == (0, 0, 0)


def test_days_that_all_went_by_move_nobody(engine: Engine, who: dict[str, Subject]) -> None:
    plan(engine, who["liwei"], to_user_id=who["mali"].user_id)
    assert run(engine, RETURNS) == (0, 1, 0)
    assert held(engine, who["liwei"]) == ["c-1", "c-2", "c-3"]


def test_receiver_who_left_holds_the_day_until_there_is_another_way_and_is_told_of_once(
    engine: Engine, who: dict[str, Subject]
) -> None:
    plan(engine, who["liwei"], to_user_id=who["mali"].user_id)
    lock(engine, who["mali"])
    assert run(engine, BEGINS) == (0, 0, 1)
    assert run(engine, BEGINS + timedelta(days=1)) == (0, 0, 1)
    assert held(engine, who["liwei"]) == ["c-1", "c-2", "c-3"]
    (one,) = plans(engine, who["chief"])
    assert "接手人已不在本机构工作" in one["held_for"]
    for login in ("liwei", "chief"):
        assert told(engine, who[login]) == ["handover_held"]
    with engine.begin() as connection:
        Planned(connection, who["chief"], on=TODAY, now=NOW).cancel(one["planned_id"])
    assert run(engine, BEGINS + timedelta(days=2)) == (0, 0, 0)


def test_what_is_no_plan_is_refused(engine: Engine, who: dict[str, Subject]) -> None:
    mali = who["mali"].user_id
    wrong: list[dict[str, Any]] = [
        {"to_user_id": None},
        {"to_user_id": who["liwei"].user_id},
        {"to_user_id": who["far"].user_id},
        {"to_user_id": mali, "words": " "},
        {"to_user_id": mali, "happened_on": TODAY},
        {"to_user_id": mali, "happened_on": TODAY + timedelta(days=400)},
        {"to_user_id": mali, "returns_on": BEGINS},
        {"to_user_id": mali, "candidate_ids": ("c-4",)},
        {"to_user_id": mali, "to_organisation_id": who["far"].organisation_id},
    ]
    for given in wrong:
        with pytest.raises(RowRefused):
            plan(engine, who["liwei"], **given)
    with pytest.raises(Forbidden):
        plan(engine, who["mali"], to_user_id=who["chief"].user_id, from_user_id=who["liwei"].user_id)
    with pytest.raises(Forbidden):
        plan(engine, replace(who["liwei"], client_id="m-1", user_id=None), to_user_id=mali)
    assert plans(engine, who["liwei"]) == []


def test_two_plans_for_the_same_days_are_told_apart_from_two_that_follow(
    engine: Engine, who: dict[str, Subject]
) -> None:
    mali = who["mali"].user_id
    plan(engine, who["liwei"], to_user_id=mali)
    with pytest.raises(CaseworkRefused, match="已有预定"):
        plan(engine, who["chief"], to_user_id=who["chief"].user_id, from_user_id=who["liwei"].user_id)
    plan(engine, who["liwei"], None, to_user_id=mali, happened_on=RETURNS)
    assert len(plans(engine, who["liwei"])) == 2
    assert plans(engine, who["far"]) == []
    with engine.begin() as connection, pytest.raises(NoSuchRecord):
        Planned(connection, who["far"], on=TODAY, now=NOW).cancel(plans(engine, who["liwei"])[0]["planned_id"])


def test_two_plans_and_two_runs_at_once_are_one_each(engine: Engine, who: dict[str, Subject]) -> None:
    start = threading.Barrier(2)

    def planned(subject: Subject, to: Subject) -> Any:
        start.wait()
        try:
            return plan(engine, subject, to_user_id=to.user_id, from_user_id=who["liwei"].user_id)
        except CaseworkRefused as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        made = [
            one.result()
            for one in (
                pool.submit(planned, who["liwei"], who["mali"]), pool.submit(planned, who["chief"], who["chief"]),
            )
        ]  # fmt: skip
    assert [isinstance(one, dict) for one in made].count(True) == 1

    def ran() -> CarriedOut:
        start.wait()
        with engine.begin() as connection:
            return carry_out(connection, on=BEGINS, now=moment(BEGINS))

    with ThreadPoolExecutor(2) as pool:
        done = [one.result() for one in (pool.submit(ran), pool.submit(ran))]
    assert sum(one.begun for one in done) == 1
    assert held(engine, who["liwei"]) == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM handovers")).scalar_one() == 1
        running = connection.execute(text("SELECT count(*) FROM caseworkers WHERE ended_at IS NULL")).scalar_one()
        assert running == 3
        assert list(breaks(connection)) == []


def test_note_is_sealed_and_people_chosen_follow_a_merge_and_go_with_the_person(
    engine: Engine, who: dict[str, Subject]
) -> None:
    plan(engine, who["liwei"], to_user_id=who["mali"].user_id, candidate_ids=("c-1", "c-2"))
    with engine.begin() as connection:
        words = connection.execute(text("SELECT words FROM planned_handovers")).scalar_one()
        assert words.startswith("v1.k1.")
        merges = Merges(connection, who["liwei"], on=TODAY, now=NOW)
        _, versions = merges.compare("c-1", "c-2")
        merges.merge(Wish("c-1", "c-2", *versions, "同一人", frozenset()))
    assert [one["n_people"] for one in plans(engine, who["liwei"])] == [1]
    assert run(engine, BEGINS) == (1, 0, 0)
    assert held(engine, who["mali"]) == ["c-1"]
    with engine.begin() as connection:
        erase(connection, ["c-1"], by=COMMAND_LINE, why="request", on=TODAY)
        assert connection.execute(text("SELECT count(*) FROM planned_people")).scalar_one() == 0
