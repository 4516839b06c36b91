"""From the gap over the course to the certificate, the fact, and the subsidy that is claimed once."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.ingest import ingest
from pipelines.plan_schema import ENROLMENTS
from pipelines.schema import COURSES, TableSpec
from pipelines.store.repositories import CandidateRepository
from tests.support.pages import Visitor
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, visitor
from tests.support.stores import PROGRAM

PERSON, OTHER, WINNER = "demo-c-00002", "demo-c-00004", "demo-c-00001"
PAGE = f"/people/{PERSON}/learning"
GOT = "专项职业能力证书"
SOON, LATER = (TODAY + timedelta(days=days) for days in (7, 40))


def _sheet(service: Service, folder: Path, spec: TableSpec, rows: list[dict[str, str]]) -> None:
    """Take a sheet in, as an office does that gets one."""
    file = folder / f"{spec.name}.csv"
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(dict.fromkeys(name for row in rows for name in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
    told = ingest(service.engine, spec, file, subject=PROGRAM, supplied_by="培训机构", on=TODAY)
    assert told.rejected == 0, told.rejections


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The province with a course that teaches what the person's own list asks for, and a competition."""
    folder = tmp_path_factory.mktemp("learning")
    with a_staffed_province(folder) as opened:
        gaps = visitor(opened, "province")
        told = gaps.client.get(f"/api/v1/candidates/{PERSON}/course-gaps").json()
        assert told["skills"], "the list of this person asks for nothing new"
        skill = told["skills"][0]["skill"]
        _sheet(opened, folder, COURSES, [
            {"course_id": "near", "title": "就近技能班", "provider": "城关区培训中心", "skills": skill, "places": "1",
             "certificate": "专项职业能力证书", "starts_on": SOON.isoformat(), "ends_on": LATER.isoformat(),
             "class": "A"},
            {"course_id": "contest", "title": "全省残疾人职业技能竞赛", "class": "职业技能竞赛"},
        ])  # fmt: skip
        _sheet(opened, folder, ENROLMENTS, [
            {"enrolment_id": "w-1", "candidate_id": WINNER, "kind": "competition", "course_id": "contest",
             "status": "completed", "result": "第二名"},
        ])  # fmt: skip
        opened.app.state.skill = skill
        yield opened


@pytest.fixture
def chief(service: Service) -> Visitor:
    """A supervisor of the province, who sees everybody."""
    return visitor(service, "province")


def facts_of(service: Service, person: str = PERSON) -> Any:
    with service.engine.begin() as connection:
        people = CandidateRepository(connection, PROGRAM)
        return people.get(person), people.sources(person).get(person, {})


def test_course_that_closes_the_gap_says_what_it_gives_and_what_the_subsidy_waits_for(
    service: Service, chief: Visitor
) -> None:
    skill = service.app.state.skill
    told = service.client.get(f"/api/v1/candidates/{PERSON}/course-gaps").json()
    line = next(one for one in told["courses"] if one["course_id"] == "near")
    asked = next(one for one in told["skills"] if one["skill"] == skill)
    assert line["teaches"] == [skill]
    assert line["n_posts"] == asked["n_posts"] > 0
    assert line["subsidy"]["outcome"] in ("met", "unknown", "not_met")
    if line["subsidy"]["outcome"] == "unknown":
        assert line["subsidy"]["missing"]
    shown = chief.open(PAGE).text
    assert "就近技能班" in shown
    assert f"教 {skill}" in shown


def test_enrolled_attended_finished_and_the_certificate_is_a_fact_with_source_and_day(
    service: Service, chief: Visitor
) -> None:
    form = next(one for one in chief.open(PAGE).forms if one.fields.get("course_id") == ["near"])
    assert "已报名" in chief.send(form).text
    assert "已经报名参加这门课程" in chief.send(_again(form), 409).text
    other = replace(_again(form), action=f"/people/{OTHER}/learning")
    other.fields["request_key"] = ["anotherpress0002"]
    assert "名额已满" in chief.send(other, 409).text
    attend = next(one for one in chief.open(PAGE).forms if one.action.endswith("/attendance"))
    assert "实到次数多于应到次数" in chief.send(attend, 422, sessions="10", attended="11").text
    assert "实到 9 次，应到 10 次" in chief.send(attend, sessions="10", attended="9").text
    assert "已被他人修改" in chief.send(attend, 412, sessions="10", attended="9").text
    done = next(one for one in chief.open(PAGE).forms if one.action.endswith("/completion"))
    assert "证书和发证日期须一并填写" in chief.send(done, 422, result="合格", certificate=GOT).text
    shown = chief.send(done, result="合格", certificate=GOT, certificate_on=TODAY.isoformat())
    assert "已在档案里" in shown.text
    person, sources = facts_of(service)
    assert service.app.state.skill in person.skills
    assert "专项职业能力证书" in person.certificates
    assert (sources["certificates"].by, sources["certificates"].on) == ("城关区培训中心", TODAY)
    told = service.client.get(f"/api/v1/candidates/{PERSON}/course-gaps").json()
    assert service.app.state.skill not in {one["skill"] for one in told["skills"]}
    assert "培训" in chief.open(f"/people/{PERSON}").text


def _again(form: Any) -> Any:
    """Return the same form as another press sends it."""
    form.fields["request_key"] = ["anotherpress0001"]
    return form


def test_subsidy_is_claimed_once_for_a_course(service: Service, chief: Visitor) -> None:
    claim = next(one for one in chief.open(PAGE).forms if one.action.endswith("/claim"))
    assert "已提出" in chief.send(claim).text
    assert "同一时期已申领过这项待遇" in chief.send(claim, 409).text
    second = visitor(service, "second")
    again = next(one for one in second.open(PAGE).forms if one.action.endswith("/claim"))
    assert "同一时期已申领过这项待遇" in second.send(again, 409).text


def test_competition_shows_entrants_and_results_to_who_sees_them(service: Service, chief: Visitor) -> None:
    shown = chief.open("/courses/contest").text
    assert WINNER in shown
    assert "第二名" in shown
    assert WINNER not in visitor(service, "elsewhere").open("/courses/contest").text
    assert "全省残疾人职业技能竞赛" in chief.open("/courses?limit=100").text


def test_result_that_a_sheet_brought_is_taken_over_by_a_named_person(
    service: Service, chief: Visitor, tmp_path: Path
) -> None:
    _sheet(service, tmp_path, ENROLMENTS, [
        {"enrolment_id": "m-1", "candidate_id": OTHER, "kind": "massage_class", "place": "省盲人按摩实训基地",
         "status": "completed", "certificate": "保健按摩师（五级）", "certificate_on": TODAY.isoformat()},
    ])  # fmt: skip
    assert "保健按摩师（五级）" not in facts_of(service, OTHER)[0].certificates
    form = next(one for one in chief.open(f"/people/{OTHER}/learning").forms if one.action.endswith("/facts"))
    assert "技能和证书已写入档案" in chief.send(form).text
    person, sources = facts_of(service, OTHER)
    assert "保健按摩师（五级）" in person.certificates
    assert sources["certificates"].by == "省盲人按摩实训基地"


def test_other_county_sees_no_enrolment(service: Service) -> None:
    far = visitor(service, "caseworker")
    far.open(PAGE, 404)


def test_what_is_asked_for_the_subsidy_of_every_course_is_said_once(
    service: Service, chief: Visitor, tmp_path: Path
) -> None:
    more = [
        {
            "course_id": f"more-{n}",
            "title": f"技能班{n}",
            "skills": service.app.state.skill,
            "starts_on": LATER.isoformat(),
        }
        for n in range(2)
    ]
    _sheet(service, tmp_path, COURSES, more)
    told = service.client.get(f"/api/v1/candidates/{OTHER}/course-gaps").json()["courses"]
    asked = [{item["label"] for item in one["subsidy"]["missing"]} for one in told]
    assert len(asked) > 1
    of_all = set.intersection(*asked)
    assert of_all, "some facts are lacking whatever the course"
    shown = chief.open(f"/people/{OTHER}/learning").text
    assert [label for label in of_all if shown.count(label) != 1] == []
    assert shown.count("要问的见上面") == sum(asks == of_all for asks in asked)
