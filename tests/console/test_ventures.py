"""Start-ups, household industries and coaches' visits: from sheets to the page, the due list, the grant, the counts."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.cli import main
from pipelines.ingest import IngestReport, ingest
from pipelines.plan_schema import IMPORTED
from tests.support.pages import Visitor
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, visitor
from tests.support.stores import PROGRAM

DAY = TODAY.isoformat()


def ago(days: int) -> str:
    """Return the day so many days ago, or to come."""
    return (TODAY - timedelta(days=days)).isoformat()


def person(candidate_id: str, **facts: str) -> dict[str, str]:
    """Return somebody of Lanzhou's Chengguan."""
    return {"candidate_id": candidate_id, "region": "620102", "hukou": "rural", **facts}


SHEETS: dict[str, list[dict[str, str]]] = {
    "candidates": [
        person("baker", name="马师傅", hard_to_employ_since=ago(400)),
        person("tailor"),
        person("farmer", household_id="h-1", household_kinds="monitored", job_wish="yes", unemployed_since=ago(90)),
        person("herder", household_id="h-2", household_kinds="poverty_exited", job_wish="yes",
               unemployed_since=ago(90), birth_date="1990-01-01", sex="male"),
        person("learner"), person("pupil"),
    ],
    "ventures": [
        {"venture_id": "s-1", "candidate_id": "baker", "kind": "创业", "title": "老马馍馍店", "starts_on": ago(400)},
        {"venture_id": "s-2", "candidate_id": "tailor", "kind": "startup", "title": "裁缝铺", "starts_on": ago(300),
         "grant_paid_on": ago(10)},
        {"venture_id": "s-3", "candidate_id": "tailor", "kind": "startup", "title": "改衣摊"},
        {"venture_id": "i-1", "candidate_id": "farmer", "kind": "产业帮扶", "industry": "养殖",
         "services": "技术指导、农副产品收购销售", "for_whom": "家庭成员", "starts_on": ago(60)},
    ],
    "enrolments": [
        {"enrolment_id": "k-1", "candidate_id": "learner", "kind": "coaching", "tutor": "刘老师",
         "status": "attending", "starts_on": ago(100)},
        {"enrolment_id": "k-2", "candidate_id": "pupil", "kind": "coaching", "tutor": "刘老师",
         "status": "attending", "starts_on": ago(10)},
    ],
    "visits": [
        {"visit_id": "w-1", "candidate_id": "tailor", "kind": "创业经营核查", "on": ago(20), "venture_id": "s-2",
         "by": "李伟", "is_running": "是"},
        {"visit_id": "w-2", "candidate_id": "tailor", "kind": "startup_check", "on": ago(20), "venture_id": "s-3",
         "is_running": "no"},
        {"visit_id": "w-3", "candidate_id": "learner", "kind": "辅导员走访", "on": ago(20), "by": "刘老师",
         "minutes": "40", "about": "教认路线", "next_on": ago(5)},
    ],
}  # fmt: skip


def taken(service: Service, folder: Path, name: str, rows: list[dict[str, str]]) -> IngestReport:
    """Import rows as an office imports its sheet."""
    file = folder / f"{name}.csv"
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(dict.fromkeys(n for row in rows for n in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return ingest(service.engine, IMPORTED[name], file, subject=PROGRAM, supplied_by="县残联", on=TODAY)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The province, with the sheets taken in."""
    with a_staffed_province(tmp_path) as opened:
        for name, rows in SHEETS.items():
            told = taken(opened, tmp_path, name, rows)
            assert (told.accepted, told.rejected) == (len(rows), 0), (name, told.rejections)
        yield opened


@pytest.fixture
def chief(service: Service) -> Visitor:
    """A supervisor of the province, who sees everybody."""
    return visitor(service, "province")


def rows_of(service: Service, name: str) -> list[dict[str, str | int | None]]:
    """Return the rows of a table of the plan's work."""
    rows: list[dict[str, str | int | None]] = service.client.get(f"/api/v1/plan-work/{name}").json()["rows"]
    return rows


def test_startup_is_due_for_a_check_until_somebody_looked(service: Service, chief: Visitor) -> None:
    due = chief.open("/?kind=startup").text
    assert "老马馍馍店" in due
    assert "裁缝铺" not in due  # looked at since the half year
    shown = chief.open("/people/baker/ventures")
    assert "应于" in shown.text
    assert "还没有核查过" in shown.text
    form = next(one for one in shown.forms if "s-1" in one.fields.get("venture_id", ()))
    told = chief.send(form, on=DAY, is_running="yes", by="李伟", about="上门看了")
    assert "走访已登记" in told.text
    assert "核查仍在经营" in told.text
    assert "老马馍馍店" not in chief.open("/?kind=startup").text


def test_day_that_was_agreed_is_due_as_well_and_a_stopped_one_is_not(service: Service, chief: Visitor) -> None:
    shown = chief.open("/people/tailor/ventures")
    form = next(one for one in shown.forms if one.action.endswith("/s-2/change"))
    assert "已修改" in chief.send(form, next_check_on=DAY).text
    due = chief.open("/?kind=startup").text
    assert f"裁缝铺（{ago(300)} 登记）应于 {DAY} 核查" in due
    assert "改衣摊" not in due


def test_grant_is_claimed_once_through_the_register_and_its_amount_is_nobodys_guess(
    service: Service, chief: Visitor
) -> None:
    shown = chief.open("/people/baker/ventures")
    form = next(one for one in shown.forms if one.action.endswith("/s-1/claim"))
    told = chief.send(form).text
    assert "创业补贴申领已提出" in told
    assert "已申领，待决定" in told
    assert "金额需人工核实" in told
    (claim,) = service.client.get("/api/v1/candidates/baker/ventures").json()["grants"]
    assert (claim["rule_id"], claim["status"], claim["amount"]) == ("startup.lump_sum", "proposed", None)
    assert not [one for one in chief.open("/people/baker/ventures").forms if one.action.endswith("/claim")]
    again = chief.send(form, 409).text
    assert "同一时期已申领过" in again


def test_outcomes_are_counted_by_county(service: Service, chief: Visitor) -> None:
    shown = chief.open("/plan-work/startups").text
    assert "创业补贴和经营情况跟踪" in shown
    (row,) = (one for one in rows_of(service, "startups") if "城关区" in str(one["place"]))
    counted = [row[name] for name in ("startups", "running", "stopped", "unknown", "due", "claimed", "paid")]
    assert counted == [3, 1, 1, 1, 1, 0, 1]
    visitor(service, "elsewhere").open("/")
    assert rows_of(service, "startups") == []


def test_watched_households_without_an_industry_come_first(service: Service, chief: Visitor) -> None:
    chief.open("/plan-work/industry")
    (row,) = (one for one in rows_of(service, "industry") if "城关区" in str(one["place"]))
    assert (row["watched_helped"], row["breeding"], row["others_helped"]) == (1, 1, 0)
    named = {one["household"] for one in rows_of(service, "unhelped")}
    assert "h-2" in named
    assert "h-1" not in named
    assert "请优先联系" in chief.open("/people/herder/ventures").text
    shown = chief.open("/people/farmer/ventures").text
    assert "请优先联系" not in shown
    assert "技术指导、农副产品收购销售" in shown
    assert "养殖" in shown


def test_industry_is_one_that_the_plan_names_and_is_chosen_on_the_page(service: Service, chief: Visitor) -> None:
    shown = chief.open("/people/herder/ventures")
    form = next(one for one in shown.forms if one.action == "/people/herder/ventures")
    wrong = chief.send(form, 422, kind="industry").text
    assert "须写明行业" in wrong
    told = chief.send(form, kind="industry", industry="planting", services=["guidance", "finance"]).text
    assert "种植" in told
    assert "技术指导、融资" in told
    assert "h-2" not in {one["household"] for one in rows_of(service, "unhelped")}


def test_coach_is_due_on_the_day_agreed_and_after_days_without_a_visit(service: Service, chief: Visitor) -> None:
    due = chief.open("/?kind=coaching").text
    assert f"约定 {ago(5)} 走访，还没有记录" in due
    assert "pupil" not in due  # coached for ten days
    shown = chief.open("/people/learner/ventures")
    assert "教认路线" in shown.text
    form = next(one for one in shown.forms if "k-1" in one.fields.get("enrolment_id", ()))
    told = chief.send(form, on=DAY, about="陪同面试", minutes="90")
    assert "陪同面试" in told.text
    assert "learner" not in chief.open("/?kind=coaching").text
    (row,) = rows_of(service, "coaches")
    assert (row["coach"], row["people"], row["visits"], row["last"], row["due"]) == ("刘老师", 2, 2, DAY, 0)


def test_a_check_of_somebody_elses_startup_is_not_taken(service: Service, tmp_path: Path) -> None:
    rows = [
        {"visit_id": "x-1", "candidate_id": "baker", "kind": "startup_check", "on": DAY, "venture_id": "s-2"},
        {"visit_id": "x-2", "candidate_id": "baker", "kind": "startup_check", "on": DAY},
        {"visit_id": "x-3", "candidate_id": "baker", "kind": "coach_visit", "on": DAY},
        {"visit_id": "x-4", "candidate_id": "baker", "kind": "coach_visit", "on": DAY, "by": "李", "next_on": DAY},
    ]
    told = taken(service, tmp_path, "visits", rows)
    assert (told.accepted, told.rejected) == (0, 4)
    assert {one.reason for one in told.rejections} == {
        "须写明核查的是哪一项创业", "须写明辅导员", "应晚于走访日期", "是另一位求职者的记录",
    }  # fmt: skip


def test_other_offices_see_nothing_of_it(service: Service) -> None:
    elsewhere = visitor(service, "elsewhere")
    elsewhere.open("/")
    assert service.client.get("/api/v1/ventures/s-1").status_code == 404
    assert service.client.get("/api/v1/candidates/baker/ventures").status_code == 404
    assert service.client.get("/api/v1/ventures").json()["items"] == []


def test_command_tells_the_same(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--db", str(service.engine.url), "--as-of", DAY, "ventures", "tailor"])
    assert ended.value.code in (0, None)
    told = capsys.readouterr().out
    assert "裁缝铺" in told
    assert "核查仍在经营" in told
