"""A list over HTTP is made from what is stored now: the same as a desk opened anew would give."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from api import desk_keeper
from api.app import create_app
from api.settings import Settings
from tests.conftest import Town, Yougang
from tests.support.model_cards import ANOTHERS_REASON
from tests.support.province import TODAY
from tests.support.service import LOCAL

V1 = "/api/v1"
DAY = {"as_of": TODAY.isoformat()}
PERSON = "demo-c-00001"


@pytest.fixture
def client(own_town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr("api.routes.vacancies.today", lambda: TODAY)
    with TestClient(create_app(Settings.of(own_town.url, TODAY)), base_url=LOCAL) as opened:
        opened.get(f"{V1}/candidates/{PERSON}/shortlist", params=DAY)  # the desk is open before anything changes
        yield opened


def send(client: TestClient, method: str, path: str, body: Any = None, version: str | None = None) -> Any:
    headers = {"Idempotency-Key": str(uuid4()), **({} if version is None else {"If-Match": version})}
    answer = client.request(method, V1 + path, json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer


def shortlist(client: TestClient, person: str = PERSON, k: int = 100) -> Any:
    answer = client.get(f"{V1}/candidates/{person}/shortlist", params={**DAY, "k": k})
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name not in ("run_id", "in_charge")}


def anew(town: Town, person: str = PERSON) -> Any:
    document = town.desk().document(person, k=100)
    return {name: value for name, value in document.items() if name not in ("run_id", "in_charge")}


def test_a_person_registered_a_moment_ago_has_a_list(client: TestClient, own_town: Town) -> None:
    send(client, "POST", "/candidates", {"candidate_id": "new-1", "region": "620102", "education": "junior"})
    assert shortlist(client, "new-1") == anew(own_town, "new-1")


def test_a_changed_fact_changes_the_next_list(client: TestClient, own_town: Town) -> None:
    before = shortlist(client)
    version = client.get(f"{V1}/candidates/{PERSON}").headers["etag"]
    send(client, "PATCH", f"/candidates/{PERSON}", {"functions": {"hands": 4, "seeing": 4}}, version)
    after = shortlist(client)
    assert after == anew(own_town)
    assert after["counts"] != before["counts"]


def test_what_happened_with_a_vacancy_stands_at_its_line(client: TestClient, own_town: Town) -> None:
    line = shortlist(client)["items"][0]
    act = {
        "candidate_id": PERSON,
        "vacancy_id": line["vacancy_id"],
        "kind": "declined_by_candidate",
        "at": "2026-11-20",
    }
    send(client, "POST", "/interactions", act)
    after = shortlist(client)
    assert after == anew(own_town)
    assert after != {**after, "items": [line, *after["items"][1:]]}


def test_a_closed_vacancy_is_on_no_list_any_more(client: TestClient, own_town: Town) -> None:
    before = shortlist(client)
    closed = before["items"][0]["vacancy_id"]
    close(client, closed)
    after = shortlist(client)
    assert closed not in {item["vacancy_id"] for item in after["items"]}
    assert after == anew(own_town)


def close(client: TestClient, vacancy_id: str) -> None:
    version = client.get(f"{V1}/vacancies/{vacancy_id}").headers["etag"]
    send(client, "POST", f"/vacancies/{vacancy_id}/close", {"reason": "filled"}, version)


def test_where_opening_takes_long_nobody_waits_and_the_new_posts_come_after(
    client: TestClient, own_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_keeper, "_MOMENT_SECONDS", -1.0)
    monkeypatch.setattr(desk_keeper, "_REST", 0)
    closed = shortlist(client)["items"][0]["vacancy_id"]
    close(client, closed)
    assert closed in {item["vacancy_id"] for item in shortlist(client)["items"]}
    until = time.monotonic() + 60
    while closed in {item["vacancy_id"] for item in shortlist(client)["items"]} and time.monotonic() < until:
        time.sleep(0.05)
    assert shortlist(client) == anew(own_town)


def test_a_promotion_and_going_back_take_effect_at_the_next_list_and_it_says_which_version_made_it(
    client: TestClient, own_town: Town, yougang: Yougang
) -> None:
    """The command is another process to the service: nothing is restarted."""
    first = shortlist(client)["model_version"]
    second = own_town.train()
    assert shortlist(client)["model_version"] == first
    assert yougang("models", "promote", second, *ANOTHERS_REASON, at=own_town).code == 0
    assert shortlist(client)["model_version"] == second
    stored = client.get(f"{V1}/shortlists", params={"candidate_id": PERSON, "limit": 1}).json()["items"][0]
    assert stored["model_version"] == second
    assert yougang("models", "rollback", at=own_town).code == 0
    assert shortlist(client)["model_version"] == first


def test_reading_opens_no_desk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("a desk was opened")

    monkeypatch.setattr("pipelines.desk.Desk.open", opened)
    monkeypatch.setattr("pipelines.desk.Desk.with_people", opened)
    for _ in range(3):
        assert shortlist(client)["items"]
        assert client.get(f"{V1}/candidates/{PERSON}").status_code == 200
        assert client.get(f"{V1}/candidates", params={"limit": 5}).status_code == 200
