"""Notes and tasks on pages: written, corrected, done and put off by forms alone, and seen on the first page."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipelines.access.roles import Role
from tests.support.accounts import the_accounts
from tests.support.builders import certificate_number
from tests.support.pages import Visitor, on_that_day
from tests.support.people import a_person
from tests.support.province import TODAY
from tests.support.service import OTHER, Service
from tests.threats.doors import HERE, THERE, a_house

NOTES, TASKS = f"/people/{HERE}/notes", f"/people/{HERE}/tasks"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a person in each of two counties."""
    with on_that_day(), a_house(tmp_path_factory.mktemp("house")) as opened:
        yield opened


@pytest.fixture
def li(house: Service) -> Visitor:
    """A caseworker of this county."""
    return Visitor(house.client, house.enter("here", Role.CASEWORKER))


def test_note_is_written_shown_and_corrected_by_another(li: Visitor) -> None:
    shown = li.send(li.open(NOTES).form(NOTES), purpose="visit", happened_on=TODAY.isoformat(), words="愿意做保安")
    assert "记录已保存" in shown.text
    address = next(held["href"] for tag, held in shown.tags if tag == "a" and "?correct=" in held.get("href", ""))
    form = li.open(address.partition("#")[0]).form(NOTES)
    shown = li.send(form, words="愿意做客服")
    assert "原来的记录保留" in shown.text
    assert "已更正" in shown.text
    assert "愿意做保安" in shown.text
    assert "愿意做客服" in shown.text


def test_what_is_refused_comes_back_with_what_was_written_and_never_with_a_number(li: Visitor) -> None:
    shown = li.send(li.open(NOTES).form(NOTES), 422, happened_on="2026-02-30", words="下次再谈")
    assert "应为实有的日期" in shown.text
    assert "下次再谈" in shown.text
    number = certificate_number()
    shown = li.send(li.open(NOTES).form(NOTES), 422, words=f"证号{number}")
    assert "不要写身份证号或残疾人证号" in shown.text
    assert number not in li.answer.text


def test_task_stands_on_the_first_page_until_it_is_done(li: Visitor) -> None:
    due = (TODAY + timedelta(days=3)).isoformat()
    li.send(li.open(NOTES).form(TASKS), kind="visit", due_on=due, task_words="看家里能不能放轮椅坡道")
    assert "看家里能不能放轮椅坡道" in li.open("/").text
    assert "看家里能不能放轮椅坡道" in li.open("/tasks").text
    step = next(form for form in li.open(NOTES).forms if form.action.endswith("/step"))
    told = li.send(step, 422, act="postponed", due_on=(TODAY + timedelta(days=9)).isoformat())
    assert "须写明内容" in told.text
    told = li.send(step, act="postponed", due_on=(TODAY + timedelta(days=9)).isoformat(), reason="本人外出")
    assert "任务已延期" in told.text
    assert "本人外出" in told.text
    assert "看家里能不能放轮椅坡道" not in li.open("/").text
    told = li.send(step, 412, act="done")
    assert "已被他人修改" in told.text
    step = next(form for form in li.open(NOTES).forms if form.action.endswith("/step"))
    assert "任务已办结" in li.send(step, act="done").text
    assert "没有待办任务" in li.open("/tasks").text


def test_a_form_that_is_sent_twice_makes_one_task(li: Visitor) -> None:
    form = li.open(NOTES).form(TASKS)
    for _ in range(2):
        li.send(form, kind="contact", task_words="只此一件", due_on="2030-01-01")
    assert li.open(NOTES).text.count("只此一件") == 1


def test_other_county_finds_nothing(house: Service, li: Visitor) -> None:
    li.open(f"/people/{THERE}/notes", 404)
    far = Visitor(house.client, house.enter("there", Role.CASEWORKER, OTHER))
    assert HERE not in far.open("/tasks?whose=all").text


def test_people_are_taken_on_and_handed_to_a_colleague_by_forms(house: Service) -> None:
    house.user("colleague", Role.CASEWORKER)
    li = Visitor(house.client, house.enter("here", Role.CASEWORKER))
    assert "还没有写明由谁负责" in li.open(NOTES).text
    assert "已确定负责人" in li.send(li.open(NOTES).form(f"/people/{HERE}/caseworker")).text
    shown = li.open("/caseload")
    assert HERE in shown.text
    form = shown.form("/caseload/handovers")
    assert "应为实有的日期" in li.send(form, 422, handed_on="昨天").text
    with house.engine.connect() as connection:
        colleague = str(the_accounts(connection).get("colleague").user_id)
    shown = li.send(form, candidate_ids=HERE, to_user_id=colleague, handover_words="休假，接着跟进换证")
    assert "已转交 1 人" in shown.text
    assert "休假，接着跟进换证" in shown.text
    assert "没有由您负责的求职者" in shown.text
    mine = Visitor(house.client, house.enter("colleague", Role.CASEWORKER)).open("/caseload")
    assert HERE in mine.text


def test_same_person_twice_is_compared_joined_and_taken_apart_by_forms(house: Service) -> None:
    with house.engine.begin() as connection:
        a_person(connection, "twin-1", skills=("打字",))
        a_person(connection, "twin-2", skills=("缝纫",))
    li = Visitor(house.client, house.enter("here", Role.CASEWORKER))
    shown = li.open("/duplicates")
    assert "姓名和出生日期相同" in shown.text
    assert "系统不自动合并" in shown.text
    address = "/people/twin-1/compared/twin-2"
    shown = li.open(address)
    assert "打字" in shown.text
    assert "缝纫" in shown.text
    form = shown.form(address)
    assert "须写明内容" in li.send(form, 422, what="merge").text
    shown = li.send(form, 200, **{"what": "merge", "take-skills": "merged", "words": "见过本人和证件"})
    assert "已合并" in shown.text
    assert "缝纫" in shown.text
    old = li.open("/people/twin-2")
    assert "已与另一份合并" in old.text, "a sheet printed before the merge carries the old number"
    assert "twin-1" in old.text
    merge = next(
        held["href"] for tag, held in li.open("/duplicates").tags if held.get("href", "").startswith("/merges/")
    )
    shown = li.send(li.open(merge).form(f"{merge}/undoing"))
    assert "已撤销合并" in shown.text
    assert "打字" in li.open("/people/twin-1").text
    assert "缝纫" in li.open("/people/twin-2").text
    li.send(li.open(address).form(address), what="two", words="双胞胎")
    assert "twin-1" not in li.open("/duplicates").text.partition("最近的合并")[0]


def test_the_old_number_of_a_merged_file_says_nothing_to_another_office(house: Service) -> None:
    with house.engine.begin() as connection:
        a_person(connection, "old-1")
        a_person(connection, "old-2")
    li = Visitor(house.client, house.enter("here", Role.CASEWORKER))
    form = li.open("/people/old-1/compared/old-2").form("/people/old-1/compared/old-2")
    li.send(form, 200, what="merge", words="见过本人和证件")
    far = Visitor(house.client, house.enter("there", Role.CASEWORKER, OTHER))
    assert "old-1" not in far.open("/people/old-2", 404).text
