"""一生一策: from the education office's sheet over the plan, its steps and posts, to the placement that ends it."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from matching.vocabulary import EmployerKind
from pipelines.duties.due import due_list
from pipelines.ingest import ingest
from pipelines.plan_schema import ENROLMENTS
from pipelines.schema import EMPLOYERS, PLACEMENTS, VACANCIES
from pipelines.store.repositories import CandidateRepository, TableRepository
from tests.support.pages import Visitor
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, visitor
from tests.support.stores import PROGRAM, noted

STUDENT, GRADUATE = "demo-c-00002", "demo-c-00004"
LEFT = date(2026, 9, 30)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The province, with the sheet of the education office taken in."""
    folder = tmp_path_factory.mktemp("plans")
    sheet = folder / "students.csv"
    rows = [
        {"学习记录编号": "s-1", "求职者编号": STUDENT, "类型": "在校就读", "学校或机构": "兰州大学",
         "专业或项目": "计算机", "开始日期": "2023-09-01", "结束日期": "2027-06-30", "进展": "进行中"},
        {"学习记录编号": "s-2", "求职者编号": GRADUATE, "类型": "在校就读", "学校或机构": "西北师范大学",
         "专业或项目": "会计", "开始日期": "2022-09-01", "结束日期": LEFT.isoformat(), "进展": "已完成"},
        {"学习记录编号": "s-3", "求职者编号": "nobody", "类型": "在校就读"},
        {"学习记录编号": "s-4", "求职者编号": STUDENT, "类型": "闲逛"},
    ]  # fmt: skip
    names = list(dict.fromkeys(name for row in rows for name in row))
    with sheet.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    with a_staffed_province(folder) as opened:
        told = ingest(opened.engine, ENROLMENTS, sheet, subject=PROGRAM, supplied_by="省教育厅", on=TODAY)
        assert (told.read, told.accepted, told.rejected) == (4, 2, 2)
        again = ingest(opened.engine, ENROLMENTS, sheet, subject=PROGRAM, supplied_by="省教育厅", on=TODAY)
        assert (again.accepted, again.unchanged, again.rejected) == (0, 2, 2)
        yield opened


@pytest.fixture
def chief(service: Service) -> Visitor:
    """A supervisor of the province, who sees everybody."""
    return visitor(service, "province")


def address(of: str) -> str:
    return f"/people/{of}/plans"


def test_student_without_a_plan_gets_one_with_dated_steps_and_leaves_the_list(service: Service, chief: Visitor) -> None:
    listed = chief.open("/plans/students").text
    assert "兰州大学 计算机" in listed
    assert "西北师范大学 会计" in listed
    shown = chief.send(chief.open(address(STUDENT)).form(address(STUDENT)), plan_words="想回兰州做软件测试")
    assert "计划已建立" in shown.text
    assert "想回兰州做软件测试" in shown.text
    assert "步骤已办 0/6" in shown.text
    assert "2027-07-30" in shown.text  # 30 days after leaving school, which only the sheet knew
    assert "兰州大学" not in chief.open("/plans/students").text
    with service.engine.begin() as connection:
        person = CandidateRepository(connection, PROGRAM).get(STUDENT)
        source = CandidateRepository(connection, PROGRAM).sources(STUDENT)[STUDENT]["graduated_on"]
    assert person.graduated_on == date(2027, 6, 30)
    assert (source.by, source.on) == ("教育部门在校数据", TODAY)
    assert "一生一策" in chief.open(f"/people/{STUDENT}").text  # among the services that were given


def test_second_plan_of_the_kind_is_refused(chief: Visitor) -> None:
    chief.open(address(STUDENT))
    shown = chief.send(chief.open(address(STUDENT)).form(address(STUDENT)), 409)
    assert "已有一份进行中的同类计划" in shown.text


def test_step_done_counts_and_what_is_late_stands_in_the_due_list(service: Service, chief: Visitor) -> None:
    tasks = chief.open(f"/people/{STUDENT}/notes")
    step = next(form for form in tasks.forms if form.action.endswith("/step"))
    chief.send(step, act="done", reason="谈过了")
    assert "步骤已办 1/6" in chief.open(address(STUDENT)).text
    assert "1/6" in chief.open("/plans").text
    later = (TODAY + timedelta(days=40)).isoformat()
    with service.engine.begin() as connection:
        due = due_list(connection, PROGRAM, date.fromisoformat(later), limit=5000)
        reasons = [one.duty.reason for one in due.items if one.duty.candidate_id == STUDENT]
    assert any("一生一策：有一步应于" in one for one in reasons), reasons


def test_posts_of_the_leading_actions_are_those_of_the_list_in_its_order(service: Service, chief: Visitor) -> None:
    assert "还没有推荐名单" in chief.open(address(STUDENT)).text
    chief.open(f"/people/{STUDENT}/list")
    shown = chief.open(address(STUDENT)).text
    assert "机关、事业单位" in shown
    assert "国有企业" in shown
    answer = service.client.get(f"/api/v1/candidates/{STUDENT}/lead-posts")
    told = answer.json()
    assert sum(one["n_posts"] for one in told["actions"]) > 0
    with service.engine.begin() as connection:
        for action, kinds in (
            ("state", {EmployerKind.STATE_OWNED}),
            ("private", {EmployerKind.PRIVATE, EmployerKind.PLATFORM}),
        ):
            posts = next(one for one in told["actions"] if one["action"] == action)["posts"]
            ranks = [one["rank"] for one in posts]
            assert ranks == sorted(ranks)
            for one in posts:
                post = TableRepository(connection, VACANCIES, PROGRAM).find([(one["vacancy_id"],)])[
                    (one["vacancy_id"],)
                ]
                firm = TableRepository(connection, EMPLOYERS, PROGRAM).find([(post["employer_id"],)])
                assert firm[(post["employer_id"],)]["kind"] in kinds


def test_graduate_is_followed_after_leaving_until_in_work_and_the_plan_ends_with_the_placement(
    service: Service, chief: Visitor
) -> None:
    chief.send(chief.open(address(GRADUATE)).form(address(GRADUATE)))
    with service.engine.begin() as connection:
        row = {
            **dict.fromkeys(PLACEMENTS.by_name), "placement_id": "graduate-job", "candidate_id": GRADUATE,
            "starts_on": TODAY,
        }  # fmt: skip
        TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert([row])
    assert "已经就业，请核对就业安置并结束计划" in chief.open("/?kind=graduate_follow").text
    form = next(one for one in chief.open(address(GRADUATE)).forms if "ending" in one.fields)
    told = chief.send(form, 422, ending="declined", placement_id="graduate-job")
    assert "以已就业结束" in told.text
    shown = chief.send(form, ending="placed", placement_id="graduate-job")
    assert "计划已结束" in shown.text
    assert "已就业" in shown.text
    assert GRADUATE not in chief.open("/?kind=graduate_follow").text
    assert GRADUATE in chief.open("/plans?kind=graduate&ended=true").text
    assert "计划结束：已就业" in chief.open(f"/people/{GRADUATE}/notes").text
    assert "已被他人修改" in chief.send(form, 412, ending="placed").text


def test_other_county_sees_neither_plan_nor_enrolment(service: Service) -> None:
    far = visitor(service, "caseworker")
    far.open(address(STUDENT), 404)
    assert STUDENT not in far.open("/plans").text
    assert STUDENT not in far.open("/plans/students").text
