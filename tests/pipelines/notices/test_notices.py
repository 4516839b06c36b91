"""Notices: who is told what, once, within their sight, read by them alone, ended with what they tell of."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from matching.vocabulary import InteractionKind, ServiceKind
from pipelines.access.errors import Forbidden
from pipelines.access.roles import COMMAND_LINE, Action, Purpose, Role, Subject
from pipelines.caseload.handover import Caseload, Handover
from pipelines.caseload.merges import Merges, Wish
from pipelines.caseload.tasks import NewTask, Step, Tasks
from pipelines.caseload.words import TaskAct, TaskKind
from pipelines.consent.answers import answer, take_back
from pipelines.consent.erasure import erase
from pipelines.consent.released import released
from pipelines.notices.inbox import Inbox, NoSuchNotice, Wanted, notice_lines
from pipelines.notices.reminders import remind, remind_all
from pipelines.notices.words import NoticeKind
from pipelines.registers.rows import Register
from pipelines.schema import EMPLOYERS, INTERACTIONS, SERVICES
from pipelines.store.repositories import TableRepository
from tests.support.accounts import FIRM, a_user
from tests.support.builders import TODAY
from tests.support.caseload import HERE, NOW, THERE, staff, two_counties
from tests.support.people import a_person, a_vacancy, acted, placed
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

EMPLOYER = "91620100MA7XXXXX1X"
BEGAN = date(2026, 8, 10)
"""Three months before 2026-11-10: a visit is due on TODAY."""


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            a_person(connection, "c-1")
            a_person(connection, "c-2")
            row = {**dict.fromkeys(EMPLOYERS.by_name), "employer_id": EMPLOYER, "name": "某公司", "region": HERE}
            TableRepository(noted(connection), EMPLOYERS, PROGRAM).insert([row])
            a_vacancy(connection, "v-1", EMPLOYER)
        yield opened


@pytest.fixture
def who(engine: Engine) -> dict[str, Subject]:
    with engine.begin() as connection:
        subjects = two_counties(connection)
        connection.execute(
            text("UPDATE organisations SET employer_id = :id WHERE organisation_id = :firm"),
            {"id": EMPLOYER, "firm": FIRM},
        )
        account, at = a_user(connection, "firm", Role.COMPANY_POSTER, HERE)
        firm = Subject(account.user_id, at, Role.COMPANY_POSTER, frozenset(), Purpose.RECRUITMENT, employer_id=EMPLOYER)
        Caseload(connection, subjects["liwei"], on=TODAY, now=NOW).take_on("c-1", None)
    return {**subjects, "firm": firm}


def told(engine: Engine, subject: Subject, on: date = TODAY, **wanted: Any) -> list[dict[str, Any]]:
    with engine.begin() as connection:
        found, _ = Inbox(connection, subject, on=on).page(Wanted(**wanted), after=None, limit=100)
    return found


def kinds(engine: Engine, subject: Subject, **wanted: Any) -> list[tuple[str, str | None]]:
    return [(one["kind"], one["candidate_id"]) for one in told(engine, subject, **wanted)]


def reminded(engine: Engine, subject: Subject, on: date = TODAY) -> tuple[int, int]:
    with engine.begin() as connection:
        done = remind(connection, subject, on=on, now=NOW)
    return done.made, done.ended


# ---- from what happens ----


def answered(engine: Engine, firm: Subject, kind: InteractionKind = InteractionKind.INTERVIEWED) -> str:
    with engine.begin() as connection:
        (item,) = released(connection, firm, "v-1", on=TODAY)["items"]
        answer(connection, firm, "v-1", item["person"], kind, None, on=TODAY)
    return str(item["person"])


def test_answer_of_a_company_comes_to_who_is_in_charge_and_ends_when_it_is_taken_back(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        acted(connection, "c-1", "v-1", at=TODAY)
    person = answered(engine, who["firm"])
    (one,) = told(engine, who["liwei"])
    assert (one["kind"], one["candidate_id"], one["vacancy_id"], one["title"]) == ("answered", "c-1", "v-1", "录入员")
    assert one["happened_on"] == TODAY.isoformat()
    assert "面试" in one["what"]
    assert one["why"] == "您是这位求职者的负责人"
    assert told(engine, who["mali"]) == []
    assert told(engine, who["firm"]) == []
    with engine.begin() as connection:
        take_back(connection, who["firm"], "v-1", person, on=TODAY)
    assert [one["is_over"] for one in told(engine, who["liwei"])] == [True]
    assert told(engine, who["liwei"], is_unread=True) == []
    answered(engine, who["firm"])
    assert [(one["is_over"], one["is_read"]) for one in told(engine, who["liwei"])] == [(False, False)]


def test_where_nobody_is_in_charge_the_whole_office_of_the_place_is_told_and_no_other(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        acted(connection, "c-2", "v-1", at=TODAY)
    answered(engine, who["firm"])
    for login in ("liwei", "mali", "chief"):
        (one,) = told(engine, who[login])
        assert one["why"].startswith("这位求职者还没有负责人")
    assert told(engine, who["far"]) == []
    assert told(engine, who["head"]) == []


def test_company_is_told_of_referrals_and_of_nobody(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        register = Register(connection, INTERACTIONS, who["liwei"])
        for owner in ("c-1", "c-2"):
            cells = {"candidate_id": owner, "vacancy_id": "v-1", "kind": "referred", "at": TODAY.isoformat()}
            register.add(cells, Action.WRITE_INTERACTIONS, on=TODAY)
    (one,) = told(engine, who["firm"])
    assert (one["kind"], one["vacancy_id"], one["candidate_id"]) == ("referred", "v-1", None)
    assert "王" not in str(one)
    assert reminded(engine, who["firm"]) == (0, 0)
    with engine.begin() as connection:
        for item in released(connection, who["firm"], "v-1", on=TODAY)["items"]:
            answer(connection, who["firm"], "v-1", item["person"], InteractionKind.INTERVIEWED, None, on=TODAY)
    assert reminded(engine, who["firm"]) == (0, 1)
    assert [one["is_over"] for one in told(engine, who["firm"])] == [True]


def test_referrals_that_came_by_a_sheet_reach_the_company_by_the_day(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        acted(connection, "c-1", "v-1", at=TODAY - timedelta(days=3))
        acted(connection, "c-2", "v-1", at=TODAY)
    assert reminded(engine, who["firm"]) == (1, 0)
    assert reminded(engine, who["firm"]) == (0, 0)
    (one,) = told(engine, who["firm"])
    assert one["what"] == "2 位推荐人员等待答复"


def test_handed_people_and_tasks_are_told_to_who_gets_them_and_to_nobody_else(
    engine: Engine, who: dict[str, Subject]
) -> None:
    mali = who["mali"].user_id
    with engine.begin() as connection:
        tasks = Tasks(connection, who["liwei"], on=TODAY)
        own = tasks.add("c-1", NewTask(TaskKind.VISIT, "走访", TODAY, who["liwei"].user_id), now=NOW)
        tasks.add("c-2", NewTask(TaskKind.CONTACT, "请你打电话", TODAY, mali), now=NOW)
    assert told(engine, who["liwei"]) == []
    assert kinds(engine, who["mali"]) == [("task", "c-2")]
    with engine.begin() as connection:
        Tasks(connection, who["chief"], on=TODAY).step(
            own["task_id"], Step(TaskAct.HANDED, owner_id=mali), version=1, now=NOW + timedelta(hours=1)
        )
        Caseload(connection, who["liwei"], on=TODAY, now=NOW).hand_over(Handover("休假", TODAY, to_user_id=mali))
    found = told(engine, who["mali"])
    assert sorted((one["kind"], one["candidate_id"]) for one in found) == [
        ("handed", "c-1"), ("task", "c-1"), ("task", "c-2"),
    ]  # fmt: skip
    assert not [one for one in found if "走访" in str(one) and one["kind"] == "handed"]
    assert "1 位求职者转交给您" in next(one["what"] for one in found if one["kind"] == "handed")
    assert "请你打电话" not in str(found)


def test_people_for_another_office_come_to_its_supervisors_where_nobody_is_named(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        chief = staff(connection, "chief-there", Role.SUPERVISOR, THERE)
        Caseload(connection, who["chief"], on=TODAY, now=NOW).hand_over(
            Handover("迁居", TODAY, to_organisation_id=chief.organisation_id, from_user_id=who["liwei"].user_id)
        )
    assert kinds(engine, chief) == [("handed", "c-1")]
    assert told(engine, who["far"]) == []


# ---- from days ----


def test_visit_after_three_months_is_told_once_however_often_and_ends_with_the_service(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        placed(connection, "p-1", "c-1", BEGAN, None)
        placed(connection, "p-2", "c-2", BEGAN, None)
    due = date(2026, 11, 10)
    assert reminded(engine, who["liwei"], due - timedelta(days=1)) == (0, 0)
    assert reminded(engine, who["liwei"], due) == (1, 0)
    assert reminded(engine, who["liwei"], due) == (0, 0)
    assert reminded(engine, who["liwei"], due + timedelta(days=1)) == (0, 0)
    (one,) = told(engine, who["liwei"])
    assert (one["kind"], one["candidate_id"], one["happened_on"]) == ("follow_up", "c-1", due.isoformat())
    assert one["source"] is not None
    assert one["what"] == "就业满 3 个月（2026-11-10），应回访"
    with engine.begin() as connection:
        row = {"candidate_id": "c-1", "kind": ServiceKind.OTHER, "on": due}
        TableRepository(noted(connection), SERVICES, PROGRAM).insert([{**dict.fromkeys(SERVICES.by_name), **row}])
    assert reminded(engine, who["liwei"], due + timedelta(days=1)) == (0, 1)
    assert told(engine, who["liwei"], is_unread=True) == []
    six = date(2027, 2, 10)
    assert reminded(engine, who["liwei"], six) == (1, 0)
    assert [one["happened_on"] for one in told(engine, who["liwei"], is_unread=True)] == [six.isoformat()]


def test_what_is_not_known_is_asked_for_with_who_can_tell(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        noted(connection).execute(
            text("UPDATE candidates SET hard_to_employ_until = :day WHERE candidate_id = 'c-1'"),
            {"day": (TODAY + timedelta(days=5)).isoformat()},
        )
    assert reminded(engine, who["liwei"]) == (1, 0)
    (one,) = told(engine, who["liwei"])
    assert one["kind"] == "hard_to_employ"
    assert "待核实" in one["what"]
    assert [(ask["label"], "用人单位" in ask["who_can_supply"]) for ask in one["asks"]] == [("目前是否就业", True)]
    assert any("待核实：目前是否就业" in line for line in notice_lines([one], has_more=False))


def test_own_task_is_told_on_its_day_and_ends_when_it_is_done(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        tasks = Tasks(connection, who["liwei"], on=TODAY)
        task = tasks.add(
            "c-1", NewTask(TaskKind.VISIT, "走访", TODAY + timedelta(days=2), who["liwei"].user_id), now=NOW
        )
        tasks.add("c-1", NewTask(TaskKind.VISIT, "谁都可以", TODAY), now=NOW)
    assert reminded(engine, who["liwei"]) == (0, 0)
    assert reminded(engine, who["liwei"], TODAY + timedelta(days=2)) == (1, 0)
    with engine.begin() as connection:
        Tasks(connection, who["liwei"], on=TODAY).step(task["task_id"], Step(TaskAct.DONE), version=1, now=NOW)
    assert reminded(engine, who["liwei"], TODAY + timedelta(days=3)) == (0, 1)


def test_everybody_is_reminded_at_once_and_a_second_time_of_nothing(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        Caseload(connection, who["mali"], on=TODAY, now=NOW).take_on("c-2", None)
        placed(connection, "p-1", "c-1", BEGAN, None)
        placed(connection, "p-2", "c-2", BEGAN, None)
        acted(connection, "c-1", "v-1", at=TODAY)
    for expected in (3, 0):
        with engine.begin() as connection:
            assert remind_all(connection, on=TODAY, now=NOW).made == expected
    assert [k for k, _ in kinds(engine, who["mali"])] == ["follow_up"]
    assert [k for k, _ in kinds(engine, who["firm"])] == ["referred"]


# ---- whose they are ----


def test_who_moved_out_of_sight_is_told_of_no_more(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        placed(connection, "p-1", "c-1", BEGAN, None)
    reminded(engine, who["liwei"])
    with engine.begin() as connection:
        noted(connection).execute(text(f"UPDATE candidates SET region = '{THERE}' WHERE candidate_id = 'c-1'"))
    assert told(engine, who["liwei"]) == []
    with engine.begin() as connection:
        assert Inbox(connection, who["liwei"], on=TODAY).unread() == 0


def test_read_and_unread_are_each_readers_own(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        acted(connection, "c-2", "v-1", at=TODAY)
    answered(engine, who["firm"])
    (own,), (other,) = told(engine, who["liwei"]), told(engine, who["mali"])
    with engine.begin() as connection:
        inbox = Inbox(connection, who["liwei"], on=TODAY)
        assert inbox.unread() == 1
        assert inbox.see(own["notice_id"], now=NOW) == 1
        assert inbox.see(own["notice_id"], now=NOW) == 0
        assert inbox.unread() == 0
        with pytest.raises(NoSuchNotice):
            inbox.see(other["notice_id"], now=NOW)
        assert Inbox(connection, who["mali"], on=TODAY).unread() == 1
        assert inbox.unsee(own["notice_id"]) == 1
        assert inbox.see(None, now=NOW) == 1
    assert told(engine, who["liwei"], kind=NoticeKind.TASK) == []


def test_programs_have_no_notices(engine: Engine, who: dict[str, Subject]) -> None:
    machine = replace(who["liwei"], client_id="m-1", user_id=None)
    with engine.begin() as connection, pytest.raises(Forbidden):
        Inbox(connection, machine, on=TODAY)


def test_pages_follow_each_other_without_gap_or_double(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        tasks = Tasks(connection, who["chief"], on=TODAY)
        for n in range(5):
            tasks.add("c-1", NewTask(TaskKind.VISIT, f"{n}", TODAY, who["liwei"].user_id), now=NOW)
        inbox, after, seen = Inbox(connection, who["liwei"], on=TODAY), None, []
        while True:
            found, has_more = inbox.page(Wanted(), after=after, limit=2)
            seen += [one["notice_id"] for one in found]
            if not has_more:
                break
            after = (date.fromisoformat(found[-1]["happened_on"]), found[-1]["notice_id"])
    assert len(seen) == len(set(seen)) == 5


# ---- with the person ----


def test_notices_go_with_the_person_and_follow_a_merge(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        for owner in ("c-1", "c-2"):
            Tasks(connection, who["chief"], on=TODAY).add(
                owner, NewTask(TaskKind.VISIT, owner, TODAY, who["liwei"].user_id), now=NOW
            )
        merges = Merges(connection, who["liwei"], on=TODAY, now=NOW)
        _, versions = merges.compare("c-1", "c-2")
        merge_id = merges.merge(Wish("c-1", "c-2", *versions, "同一人", frozenset()))
    assert [owner for _, owner in kinds(engine, who["liwei"])] == ["c-1", "c-1"]
    with engine.begin() as connection:
        Merges(connection, who["liwei"], on=TODAY, now=NOW).undo(merge_id)
    assert sorted(str(owner) for _, owner in kinds(engine, who["liwei"])) == ["c-1", "c-2"]
    with engine.begin() as connection:
        erase(connection, ["c-1"], by=COMMAND_LINE, why="request", on=TODAY)
        assert connection.execute(text("SELECT DISTINCT candidate_id FROM notices")).scalars().all() == ["c-2"]


def test_notice_is_made_with_what_it_tells_of_or_not_at_all(engine: Engine, who: dict[str, Subject]) -> None:
    mali = who["mali"].user_id
    with engine.connect() as connection:
        Tasks(connection, who["liwei"], on=TODAY).add("c-1", NewTask(TaskKind.VISIT, "x", TODAY, mali), now=NOW)
        assert Inbox(connection, who["mali"], on=TODAY).unread() == 1
        connection.rollback()
    assert told(engine, who["mali"]) == []
