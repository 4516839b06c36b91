"""Hand-overs for a later day from imported tables to what a caseworker sees: by command, over HTTP and on the page."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from pipelines.access.organisations import office_id
from pipelines.access.roles import Role, Subject
from pipelines.caseload.handover import Caseload
from pipelines.store.session import engine_for
from tests.conftest import Town
from tests.support.accounts import KEYS, the_accounts
from tests.support.caseload import two_counties
from tests.support.pages import Visitor, on_that_day
from tests.support.province import TODAY
from tests.support.service import Service
from tests.threats.doors import HERE, V1, a_house

Yougang = Callable[..., Any]
NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 4, tzinfo=UTC)
LATER, BACK = TODAY + timedelta(days=5), TODAY + timedelta(days=12)
OFFICE = office_id("620102")


@pytest.fixture
def staffed(own_town: Town) -> tuple[Town, dict[str, Subject], list[str]]:
    """An imported province in which a caseworker is in charge of two people of the county."""
    engine = engine_for(own_town.url, KEYS)
    with engine.begin() as connection:
        who = two_counties(connection)
        found = connection.execute(
            text("SELECT candidate_id FROM candidates WHERE region = '620102' ORDER BY candidate_id LIMIT 2")
        )
        ids = [str(one) for one in found.scalars()]
        for one in ids:
            Caseload(connection, who["liwei"], on=TODAY, now=NOW).take_on(one, None)
    engine.dispose()
    assert len(ids) == 2
    return own_town, who, ids


def in_charge(town: Town, subject: Subject) -> list[str]:
    engine = engine_for(town.url, KEYS)
    with engine.begin() as connection:
        found, _ = Caseload(connection, subject, on=TODAY, now=NOW).page(None, after=None, limit=50)
    engine.dispose()
    return [one["candidate_id"] for one in found]


def test_planned_by_command_it_is_done_on_its_day_once_and_given_back(
    yougang: Yougang, staffed: tuple[Town, dict[str, Subject], list[str]]
) -> None:
    town, who, ids = staffed
    plan = ("handovers", "plan", "--office", OFFICE, "--from", "liwei", "--to", "mali", "--note", "休假", "--json")
    said = yougang(*plan, "--on", LATER.isoformat(), "--returns", BACK.isoformat(), at=town)
    assert said.code == 0, said.err
    made = said.document
    assert (made["begins_on"], made["returns_on"], made["n_people"]) == (LATER.isoformat(), BACK.isoformat(), None)

    def run(day: str) -> tuple[int, int, int]:
        done = yougang("--as-of", day, "handovers", "run", "--json", at=town).document
        return done["begun"], done["ended"], done["held"]

    assert run(TODAY.isoformat()) == (0, 0, 0)
    assert in_charge(town, who["liwei"]) == ids
    assert run(LATER.isoformat()) == (1, 0, 0)
    assert run(LATER.isoformat()) == (0, 0, 0)
    assert (in_charge(town, who["liwei"]), in_charge(town, who["mali"])) == ([], ids)
    assert run(BACK.isoformat()) == (0, 1, 0)
    assert (in_charge(town, who["liwei"]), in_charge(town, who["mali"])) == (ids, [])
    told = yougang("handovers", "list", "--office", OFFICE, at=town)
    assert "已了结" in told.out
    assert LATER.isoformat() in told.out


def test_command_says_what_it_cannot_take_and_cancels(
    yougang: Yougang, staffed: tuple[Town, dict[str, Subject], list[str]]
) -> None:
    town, who, ids = staffed
    plan = ("handovers", "plan", "--office", OFFICE, "--from", "liwei", "--to", "mali", "--note", "休假")
    for wrong, word in (("昨天", "应为日期"), (TODAY.isoformat(), "明天以后")):
        refused = yougang(*plan, "--on", wrong, at=town)
        assert (refused.code, refused.out) == (4, "")
        assert word in refused.err
    nobody = yougang(*plan[:6], "--to", "nobody", *plan[8:], "--on", LATER.isoformat(), at=town)
    assert "没有这个登录名" in nobody.err
    assert yougang("handovers", "list", "--office", OFFICE, at=town).out.strip() == "没有预定的转交"
    made = yougang(*plan, "--on", LATER.isoformat(), "--person", ids[0], "--json", at=town).document
    assert made["n_people"] == 1
    left = yougang("handovers", "cancel", made["planned_id"], "--office", OFFICE, "--json", at=town).document
    assert [one["status"] for one in left["items"]] == ["cancelled"]
    assert yougang("--as-of", LATER.isoformat(), "handovers", "run", "--json", at=town).document["begun"] == 0
    assert in_charge(town, who["liwei"]) == ids


@pytest.fixture
def house(tmp_path: Any) -> Iterator[Service]:
    """A service with a person of this county, and a colleague."""
    with on_that_day(), a_house(tmp_path) as opened:
        opened.user("colleague", Role.CASEWORKER)
        yield opened


def test_planned_on_the_page_it_is_told_shown_over_http_and_cancelled_by_a_button(house: Service) -> None:
    headers = house.enter("here", Role.CASEWORKER)
    li = Visitor(house.client, headers)
    li.send(li.open(f"/people/{HERE}/notes").form(f"/people/{HERE}/caseworker"))
    with house.engine.connect() as connection:
        colleague = str(the_accounts(connection).get("colleague").user_id)
    form = li.open("/caseload").form("/caseload/handovers")
    wanted: dict[str, Any] = {"to_user_id": colleague, "handover_words": "休产假", "handed_on": LATER.isoformat()}
    refused = li.send(form, 422, **wanted, which="all", returns_on=TODAY.isoformat())
    assert "应晚于转交的日期" in refused.text
    assert "休产假" in refused.text
    shown = li.send(form, **wanted, which="all", returns_on=BACK.isoformat())
    assert "已预定" in shown.text
    assert f"{LATER} 起，{BACK} 交回" in shown.text
    assert HERE in shown.text  # nobody went yet
    assert f"从 {LATER} 起" in Visitor(house.client, house.enter("colleague", Role.CASEWORKER)).open("/notices").text
    client = house.client
    client.cookies.clear()
    (one,) = client.get(f"{V1}/caseload/planned", headers=headers).json()["items"]
    assert (one["status"], one["words"], one["n_people"]) == ("waiting", "休产假", None)
    again = client.post(
        f"{V1}/caseload/planned",
        headers={**headers, "Idempotency-Key": str(uuid4())},
        json={"words": "x", "begins_on": LATER.isoformat(), "to_user_id": colleague},
    )
    assert again.status_code == 409
    assert "这段时间已有预定的转交" in again.text
    li = Visitor(client, headers)
    cancel = next(one for one in li.open("/caseload").forms if one.action.endswith("/cancellation"))
    shown = li.send(cancel)
    assert "已取消" in shown.text
    assert not [one for one in shown.forms if one.action.endswith("/cancellation")]
