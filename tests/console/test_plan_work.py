"""Assistance by rule, workshops, coaches, massage, offices and bought services: from sheets to what is seen."""

import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.ingest import ingest
from pipelines.plan_schema import IMPORTED
from tests.support.pages import Visitor
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, visitor
from tests.support.stores import PROGRAM

DAY = TODAY.isoformat()
LATER, AGO = ((TODAY + timedelta(days=days)).isoformat() for days in (30, -30))
SHEETS: dict[str, list[dict[str, str]]] = {
    "candidates": [
        {"candidate_id": "hard", "region": "620102", "sex": "male", "birth_date": "1990-01-01", "job_wish": "yes",
         "unemployed_since": AGO, "hard_to_employ_since": AGO, "hard_to_employ_until": LATER,
         "household_kinds": "dibao", "education": "primary"},
        {"candidate_id": "unsure", "region": "620102", "sex": "male", "birth_date": "1990-01-01",
         "unemployed_since": AGO},
        {"candidate_id": "watched", "region": "620102", "job_wish": "yes", "unemployed_since": AGO,
         "household_kinds": "monitored"},
        {"candidate_id": "blind", "region": "620102"},
        {"candidate_id": "worker", "region": "620103"},
    ],
    "placements": [
        {"placement_id": "aux-1", "candidate_id": "worker", "form": "auxiliary", "starts_on": AGO},
        {"placement_id": "shop-1", "candidate_id": "blind", "form": "self_employed", "starts_on": AGO},
    ],
    "services": [
        {"candidate_id": "worker", "kind": "employment_service", "on": DAY, "by": "兰州市心桥社工中心"},
        {"candidate_id": "hard", "kind": "training", "on": DAY, "by": "兰州市心桥社工中心"},
    ],
    "sites": [
        {"site_id": "w-1", "kind": "auxiliary_workshop", "name": "七里河阳光家园", "region": "620103",
         "capacity": "20"},
        {"site_id": "w-2", "kind": "辅助性就业机构", "name": "秦州辅助工场", "region": "620502"},
        {"site_id": "m-1", "kind": "massage_shop", "name": "金手指一店", "region": "620102", "brand": "陇原金手指"},
        {"site_id": "m-2", "kind": "massage_practice", "name": "城关医疗按摩所", "region": "620102"},
    ],
    "labour_projects": [
        {"project_id": "l-1", "title": "纸盒粘贴", "region": "620502", "site_id": "w-1", "places": "8"},
        {"project_id": "l-2", "title": "中药分拣", "region": "620502", "places": "5"},
    ],
    "office_checks": [
        {"region": "620102", "item": item, "is_met": "是", "checked_on": AGO}
        for item in ("content", "standard", "process", "staff", "premises", "records", "feedback")
    ] + [{"region": "620502", "item": "staff", "is_met": "no", "checked_on": DAY}],
    "service_contracts": [
        {"contract_id": "g-1", "provider": "兰州市心桥社工中心", "region": "620102", "kind": "employment_service",
         "ordered": "100", "amount": "50000", "starts_on": AGO, "ends_on": LATER},
    ],
    "enrolments": [
        {"enrolment_id": "k-1", "candidate_id": "worker", "kind": "coaching", "tutor": "刘老师", "sessions": "12",
         "attended": "3", "status": "attending"},
        {"enrolment_id": "k-2", "candidate_id": "hard", "kind": "coaching", "tutor": "刘老师", "sessions": "12",
         "attended": "1", "status": "attending"},
        {"enrolment_id": "b-1", "candidate_id": "blind", "kind": "massage_master", "status": "completed"},
        {"enrolment_id": "b-2", "candidate_id": "blind", "kind": "exam", "starts_on": LATER, "status": "enrolled"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The province, with the sheets taken in."""
    folder: Path = tmp_path_factory.mktemp("work")
    with a_staffed_province(folder) as opened:
        for name, rows in SHEETS.items():
            file = folder / f"{name}.csv"
            with file.open("w", encoding="utf-8", newline="") as handle:
                writer = csv.DictWriter(handle, list(dict.fromkeys(n for row in rows for n in row)), restval="")
                writer.writeheader()
                writer.writerows(rows)
            told = ingest(opened.engine, IMPORTED[name], file, subject=PROGRAM, supplied_by="县残联", on=TODAY)
            assert (told.accepted, told.rejected) == (len(rows), 0), (name, told.rejections)
        yield opened


@pytest.fixture
def chief(service: Service) -> Visitor:
    """A supervisor of the province, who sees everybody."""
    return visitor(service, "province")


def test_rules_propose_a_level_with_reasons_and_a_caseworker_decides(service: Service, chief: Visitor) -> None:
    shown = chief.open("/people/hard/plans")
    assert "建议：困难残疾人就业援助" in shown.text
    assert "已认定为就业困难人员" in shown.text
    told = service.client.get("/api/v1/candidates/hard/assistance").json()
    assert (told["proposed"], told["advice"], told["held"]) == ("hard", "enter", None)
    form = next(one for one in shown.forms if "plan_kind" in one.fields)
    assert "计划已建立" in chief.send(form, plan_kind="assistance", level="hard").text
    told = service.client.get("/api/v1/candidates/hard/assistance").json()
    assert (told["held"], told["advice"]) == ("hard", "stay")
    assert "hard" in chief.open("/plans?kind=assistance").text


def test_what_is_not_known_is_asked_and_is_no_refusal(service: Service, chief: Visitor) -> None:
    chief.open("/")
    told = service.client.get("/api/v1/candidates/unsure/assistance").json()
    assert (told["proposed"], told["advice"]) == (None, "ask")
    assert {one["outcome"] for one in told["levels"]} == {"unknown"}
    assert "没有可以确定建议的类别" in chief.open("/people/unsure/plans").text


def test_workshops_show_room_and_work_from_other_prefectures(service: Service, chief: Visitor) -> None:
    shown = chief.open("/plan-work/workshops").text
    assert "纸盒粘贴（8人，由天水市调入）" in shown
    assert "中药分拣（5人，天水市）还没有承接机构" in shown
    rows = service.client.get("/api/v1/plan-work/workshops").json()["rows"]
    assert [row["capacity"] for row in rows] == [20, None]
    assert [row["working"] for row in rows] == [None, None]  # no unit is named, so nobody can say who works there


def test_load_of_a_coach_counts_whom_they_coach_and_their_visits(service: Service, chief: Visitor) -> None:
    assert "刘老师" in chief.open("/plan-work/coaches").text
    row = service.client.get("/api/v1/plan-work/coaches").json()["rows"][0]
    assert (row["coach"], row["people"], row["planned"], row["made"]) == ("刘老师", 2, 24, 4)
    visitor(service, "elsewhere").open("/")
    assert service.client.get("/api/v1/plan-work/coaches").json()["rows"] == []


def test_massage_from_training_to_the_own_shop_by_city_and_the_examination_is_due(
    service: Service, chief: Visitor
) -> None:
    chief.open("/plan-work/massage")
    row = next(one for one in service.client.get("/api/v1/plan-work/massage").json()["rows"] if one["city"] == "兰州市")
    found = [row[name] for name in ("finished", "working", "operating", "shops", "brand", "practices")]
    assert found == [1, 1, 1, 1, 1, 1]
    due = chief.open("/?kind=learning").text
    assert f"资格考试应于 {LATER} 参加" in due


def test_offices_and_bought_services_are_counted_against_what_was_wanted(service: Service, chief: Visitor) -> None:
    assert "已完成" in chief.open("/plan-work/offices").text
    rows = {row["office"]: row for row in service.client.get("/api/v1/plan-work/offices").json()["rows"]}
    assert [row["done"] for row in rows.values()] == ["已完成", "未完成"]
    assert "服务标准" in next(row["unknown"] for row in rows.values() if row["done"] == "未完成")
    chief.open("/plan-work/bought")
    row = service.client.get("/api/v1/plan-work/bought").json()["rows"][0]
    assert (row["ordered"], row["given"], row["left"]) == (100, 1, 99)  # the training was not bought


def test_newly_monitored_household_is_an_alert_until_somebody_helped(chief: Visitor) -> None:
    shown = chief.open("/?kind=household").text
    assert "watched" in shown
    assert "登记为防返贫监测对象" in shown
    form = chief.open("/people/watched/services").form("/people/watched/services")
    chief.send(form, kind="other", on=DAY)
    assert "watched" not in chief.open("/?kind=household").text
