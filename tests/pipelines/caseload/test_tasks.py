"""Tasks: due on a day, somebody's or everybody's; each step stays, with its reason; two at once do not overwrite."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Role, Subject
from pipelines.caseload.errors import CaseworkRefused, NoSuchTask
from pipelines.caseload.tasks import NewTask, Step, Tasks, Wanted
from pipelines.caseload.words import TaskAct, TaskKind, TaskStatus
from pipelines.registers.errors import RowRefused
from tests.support.builders import TODAY
from tests.support.caseload import HERE, NOW, THERE, two_counties
from tests.support.people import a_person
from tests.support.stores import BACKENDS, a_store, noted

SOON = TODAY + timedelta(days=7)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            a_person(connection, "c-1")
            a_person(connection, "c-2")
            a_person(connection, "c-far", region=THERE)
        yield opened


@pytest.fixture
def who(engine: Engine) -> dict[str, Subject]:
    with engine.begin() as connection:
        return two_counties(connection)


def put(engine: Engine, subject: Subject, *, on: date = SOON, owner: Any = None, of: str = "c-1") -> str:
    with engine.begin() as connection:
        task = NewTask(TaskKind.CONTACT, "问清能不能上夜班", on, owner)
        return str(Tasks(connection, subject, on=TODAY).add(of, task, now=NOW)["task_id"])


def step(engine: Engine, subject: Subject, task_id: str, done: Step, version: int = 1) -> dict[str, Any] | None:
    with engine.begin() as connection:
        return Tasks(connection, subject, on=TODAY).step(task_id, done, version=version, now=NOW)


def listed(engine: Engine, subject: Subject, on: date = TODAY, **wanted: Any) -> list[str]:
    with engine.begin() as connection:
        found, _ = Tasks(connection, subject, on=on).page(Wanted(**wanted), after=None, limit=50)
    return [one["task_id"] for one in found]


def test_list_is_by_day_and_mine_keeps_nobodys_too(engine: Engine, who: dict[str, Subject]) -> None:
    late = put(engine, who["liwei"], on=SOON + timedelta(days=1), owner=who["liwei"].user_id)
    anybodys = put(engine, who["liwei"])
    mas = put(engine, who["liwei"], on=TODAY, owner=who["mali"].user_id, of="c-2")
    far = put(engine, who["far"], of="c-far")
    assert listed(engine, who["liwei"]) == [mas, anybodys, late]
    assert listed(engine, who["liwei"], is_mine=True) == [anybodys, late]
    assert listed(engine, who["mali"], is_mine=True) == [mas, anybodys]
    assert listed(engine, who["liwei"], until=TODAY) == [mas]
    assert set(listed(engine, who["head"])) == {mas, anybodys, late, far}
    assert listed(engine, who["head"], region=THERE) == [far]


def test_pages_go_on_where_the_one_before_ended(engine: Engine, who: dict[str, Subject]) -> None:
    made = {put(engine, who["liwei"], on=SOON + timedelta(days=n // 3)) for n in range(7)}
    seen: list[str] = []
    after = None
    with engine.begin() as connection:
        while True:
            found, has_more = Tasks(connection, who["liwei"], on=TODAY).page(Wanted(), after=after, limit=2)
            seen += [one["task_id"] for one in found]
            after = (date.fromisoformat(found[-1]["due_on"]), found[-1]["task_id"])
            if not has_more:
                break
    assert len(seen) == 7
    assert set(seen) == made


def test_putting_off_says_why_and_every_step_stays(engine: Engine, who: dict[str, Subject]) -> None:
    task = put(engine, who["liwei"])
    later = TODAY + timedelta(days=30)
    with pytest.raises(RowRefused, match="不能接收"):
        step(engine, who["liwei"], task, Step(TaskAct.POSTPONED, "", later))
    step(engine, who["liwei"], task, Step(TaskAct.POSTPONED, "本人住院", later))
    step(engine, who["liwei"], task, Step(TaskAct.HANDED, owner_id=who["mali"].user_id), version=2)
    told = step(engine, who["mali"], task, Step(TaskAct.DONE, "已联系上"), version=3)
    assert told is not None
    assert (told["status_label"], told["due_on"], told["owner_name"]) == ("已办", later.isoformat(), "mali")
    assert [(one["act_label"], one["reason"], one["by_name"]) for one in told["steps"]] == [
        ("建立", None, "liwei"), ("延期", "本人住院", "liwei"), ("转交", None, "liwei"), ("办结", "已联系上", "mali"),
    ]  # fmt: skip
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT reason FROM task_steps WHERE reason IS NOT NULL")).scalars().all()
    assert all(reason.startswith("v1.k1.") for reason in kept)
    assert listed(engine, who["liwei"]) == []
    assert listed(engine, who["liwei"], status=TaskStatus.DONE) == [task]


def test_what_has_ended_is_not_ended_again_and_an_old_version_overwrites_nothing(
    engine: Engine, who: dict[str, Subject]
) -> None:
    task = put(engine, who["liwei"])
    assert step(engine, who["mali"], task, Step(TaskAct.POSTPONED, "改期", SOON)) is not None
    assert step(engine, who["liwei"], task, Step(TaskAct.DROPPED, "已上岗")) is None
    step(engine, who["liwei"], task, Step(TaskAct.DROPPED, "已上岗"), version=2)
    with pytest.raises(CaseworkRefused):
        step(engine, who["liwei"], task, Step(TaskAct.DONE), version=3)


def test_an_owner_is_a_colleague_of_the_office_and_a_day_is_to_come(engine: Engine, who: dict[str, Subject]) -> None:
    for owner in (who["far"].user_id, who["head"].user_id, "nobody"):
        with pytest.raises(RowRefused):
            put(engine, who["liwei"], owner=owner)
    for day in (TODAY - timedelta(days=1), TODAY.replace(year=TODAY.year + 6)):
        with pytest.raises(RowRefused):
            put(engine, who["liwei"], on=day)


def test_somebody_who_left_the_office_owns_no_new_task(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        noted(connection).execute(
            text("UPDATE memberships SET valid_to = '2026-01-31' WHERE user_id = :user"), {"user": who["mali"].user_id}
        )
    with pytest.raises(RowRefused):
        put(engine, who["liwei"], owner=who["mali"].user_id)


def test_the_other_county_sees_and_does_nothing(engine: Engine, who: dict[str, Subject]) -> None:
    task = put(engine, who["liwei"])
    assert listed(engine, who["far"]) == []
    with pytest.raises(NoSuchTask):
        step(engine, who["far"], task, Step(TaskAct.DONE))
    with engine.begin() as connection, pytest.raises(NoSuchTask):
        Tasks(connection, who["far"], on=TODAY).one(task)
    with pytest.raises(NoSuchPerson):
        put(engine, who["far"])


def test_overdue_days_are_counted_over_the_year_and_leap_day(engine: Engine, who: dict[str, Subject]) -> None:
    put(engine, who["liwei"], on=date(2028, 2, 28))
    with engine.begin() as connection:
        tasks = [Tasks(connection, who["liwei"], on=day).of("c-1")[0] for day in (date(2028, 3, 1), date(2028, 2, 28))]
    assert [task["overdue_days"] for task in tasks] == [2, 0]


def test_the_database_keeps_the_steps_as_they_were(engine: Engine, who: dict[str, Subject]) -> None:
    put(engine, who["liwei"])
    for statement in ("UPDATE task_steps SET act = 'done', due_on = NULL", "DELETE FROM task_steps"):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            noted(connection).execute(text(statement))


def test_a_supervisor_of_the_office_owns_tasks_as_well(engine: Engine, who: dict[str, Subject]) -> None:
    assert who["chief"].role is Role.SUPERVISOR
    assert who["chief"].codes == {HERE}
    assert put(engine, who["liwei"], owner=who["chief"].user_id)
