"""Notices on pages: from imported tables, and from what others did, to the count in the head and where it leads."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from matching.vocabulary import DisabilityCategory
from pipelines.access.roles import Role
from pipelines.store.tables import audit
from tests.support.accounts import the_accounts
from tests.support.builders import certificate_number
from tests.support.pages import Visitor, on_that_day
from tests.support.province import TODAY
from tests.support.service import OTHER, Service
from tests.threats.doors import V1, a_house

NUMBER = certificate_number(sequence="077")
PEOPLE = f"candidate_id,name,region,certificate_number\nimp-1,孙一鸣,620102,{NUMBER}\nimp-2,李二,620102,\n"
PLACED = "placement_id,candidate_id,starts_on\nimp-p,imp-1,2026-08-10\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service into which two sheets were imported: people, and a placement three months old."""
    with on_that_day(), a_house(tmp_path_factory.mktemp("notices")) as opened:
        opened.user("colleague", Role.CASEWORKER)
        for table, sheet in (("candidates", PEOPLE), ("placements", PLACED)):
            sent = send(opened, f"{V1}/imports/{table}", files={"file": (f"{table}.csv", sheet.encode())})
            assert sent["rejected"] == 0, sent
        yield opened


def send(house: Service, path: str, **given: Any) -> Any:
    headers = {**house.enter("here", Role.CASEWORKER), "Idempotency-Key": str(uuid4())}
    answer = house.client.post(path, headers=headers, **given)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def li(house: Service) -> Visitor:
    """A caseworker of this county."""
    return Visitor(house.client, house.enter("here", Role.CASEWORKER))


def test_from_imported_tables_to_a_visit_that_is_due_and_done(house: Service, li: Visitor) -> None:
    assert "没有未读的提醒" in li.open("/notices").text
    li.send(li.open("/people/imp-1/notes").form("/people/imp-1/caseworker"))
    shown = li.open("/notices")
    assert "就业后回访" in shown.text
    assert "就业满 3 个月（2026-11-10），应回访" in shown.text
    assert "您是这位求职者的负责人" in shown.text
    assert NUMBER not in li.answer.text
    assert "孙一鸣" not in li.answer.text  # the surname alone, as in every list
    assert "孙" in shown.text
    assert not [term.label for term in DisabilityCategory if term.label in shown.text]
    assert "（1 条未读）" in li.open("/people").text
    leads = [
        held["href"] for tag, held in li.open("/notices").tags if tag == "a" and "/services" in held.get("href", "")
    ]
    assert leads[0] == "/people/imp-1/services"
    form = li.open("/people/imp-1/services").form("/people/imp-1/services")
    li.send(form, kind="other", on=TODAY.isoformat())
    assert "没有未读的提醒" in li.open("/notices").text
    assert "已办或不再需要" in li.open("/notices?all=1").text
    assert "条未读" not in li.open("/people").text
    with house.engine.connect() as connection:
        found = connection.execute(
            select(audit.c.action).where(audit.c.object_id == "imp-1", audit.c.action == "candidates.read")
        ).all()
    assert found, "who was shown stands in the audit"


def test_task_of_a_colleague_is_read_marked_and_marked_back_by_forms(house: Service, li: Visitor) -> None:
    with house.engine.connect() as connection:
        colleague = str(the_accounts(connection).get("colleague").user_id)
    tasks = "/people/imp-2/tasks"
    form = li.open("/people/imp-2/notes").form(tasks)
    for words in ("请打电话给家里", "请走访"):
        li.send(form, kind="visit", task_words=words, due_on="2026-12-20", owner_id=colleague, request_key=uuid4().hex)
    other = Visitor(house.client, house.enter("colleague", Role.CASEWORKER))
    assert "（2 条未读）" in other.open("/").text
    shown = other.open("/notices")
    assert "上门走访，2026-12-20 前办" in shown.text
    assert "请打电话给家里" not in shown.text
    mark = next(form for form in shown.forms if form.action.startswith("/notices/") and form.action != "/notices/seen")
    assert "已标为已读" in other.send(mark).text
    assert "（1 条未读）" in other.open("/tasks").text
    shown = other.open("/notices?all=1")
    back = next(form for form in shown.forms if form.action == mark.action)
    other.send(back)
    assert "（2 条未读）" in other.open("/").text
    assert "已把 2 条提醒标为已读" in other.send(other.open("/notices").form("/notices/seen")).text
    assert "条未读" not in other.open("/").text
    assert "imp-2" not in other.open("/notices?kind=handed&all=1").text
    assert "imp-2" in other.open("/notices?kind=task&all=1").text


def test_sheet_with_a_rejected_row_leads_to_the_rows_and_nowhere_for_others(house: Service, li: Visitor) -> None:
    sheet = f"candidate_id,grade,certificate_number\nimp-9,9,{NUMBER[:-1]}\n"
    sent = send(house, f"{V1}/imports/candidates", files={"file": ("x.csv", sheet.encode())})
    assert sent["rejected"] == 1
    shown = li.open("/notices")
    assert "部分行被拒收：1 行" in shown.text
    address = f"/imports/{sent['import_id']}"
    assert address in li.answer.text
    shown = li.open(address)
    assert "拒收 1" in shown.text
    assert any(held.get("href", "").endswith(f"{sent['import_id']}/rejects") for tag, held in shown.tags if tag == "a")
    Visitor(house.client, house.enter("there", Role.CASEWORKER, OTHER)).open(address, 404)


def test_same_over_http_and_machines_have_none(house: Service) -> None:
    headers = house.enter("colleague", Role.CASEWORKER)
    told = house.client.get(f"{V1}/notices", headers=headers).json()
    assert told["unread"] == 0
    assert {one["page"] for one in told["items"]} == {"/people/imp-2/notes"}
    assert NUMBER not in str(told)
    one = told["items"][0]["notice_id"]
    assert house.client.put(f"{V1}/notices/{one}/seen", json={"is_read": False}, headers=headers).status_code == 204
    assert house.client.get(f"{V1}/notices?unread=true", headers=headers).json()["unread"] == 1
    there = house.enter("there", Role.CASEWORKER, OTHER)
    assert house.client.put(f"{V1}/notices/{one}/seen", json={"is_read": True}, headers=there).status_code == 404
    assert house.client.put(f"{V1}/notices/seen", headers=headers).status_code == 204
    assert house.client.get(f"{V1}/notices?unread=true", headers=headers).json()["items"] == []


def test_job_that_goes_on_says_since_when(li: Visitor) -> None:
    shown = li.open("/people/imp-1").text
    assert "2026-08-10 至今" in shown
    assert "至 至今" not in shown
