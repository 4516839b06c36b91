"""Text messages on pages: from an imported person to the file of the day, by forms and by command."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from api.cli import run
from pipelines.access.roles import Role
from pipelines.consent.words import ConsentAct, ConsentPurpose
from tests.support.accounts import KEYS
from tests.support.pages import Visitor, on_that_day
from tests.support.people import says
from tests.support.province import TODAY
from tests.support.service import OTHER, Service
from tests.threats.doors import V1, a_house

PHONE = "13911113333"
ADDRESS = "/people/imp-1/messages"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service into which a person was imported."""
    with on_that_day(), a_house(tmp_path_factory.mktemp("messages")) as opened:
        sheet = f"candidate_id,name,region,phone\nimp-1,孙一鸣,620102,{PHONE}\n"
        headers = {**opened.enter("here", Role.CASEWORKER), "Idempotency-Key": str(uuid4())}
        sent = opened.client.post(
            f"{V1}/imports/candidates", headers=headers, files={"file": ("people.csv", sheet.encode())}
        )
        assert sent.json()["accepted"] == 1, sent.text
        yield opened


def test_from_an_imported_person_to_the_file_of_the_day_and_the_history(
    house: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pipelines.messages.delivery.is_quiet", lambda now, on: False)
    keys = tmp_path / "keys"
    keys.write_text(KEYS, encoding="utf-8")
    keys.chmod(0o600)
    monkeypatch.setenv("YOUGANG_KEY_FILE", str(keys))
    li = Visitor(house.client, house.enter("here", Role.CASEWORKER))
    shown = li.open(ADDRESS)
    assert "现在不能发：还没有问本人是否同意短信联系" in shown.text
    assert not [form for form in shown.forms if form.action == ADDRESS]
    with house.engine.begin() as connection:
        says(connection, "imp-1", ConsentAct.GIVEN, ConsentPurpose.CONTACT)
    form = li.open(ADDRESS).form(ADDRESS)
    assert "应为今天或以后的日期" in li.send(form, 422, template="interview", day="").text
    shown = li.send(form, template="interview", day="2026-12-01")
    assert "已排队" in shown.text
    assert "等待写入" in shown.text
    assert (
        "今天已有同样的短信"
        in li.send(li.open(ADDRESS).form(ADDRESS), 409, template="interview", day="2026-12-01").text
    )
    li.send(li.open(ADDRESS).form(ADDRESS), template="call_back", day="")
    cancel = next(form for form in li.open(ADDRESS).forms if form.action.endswith("/cancellation"))
    assert "已取消" in li.send(cancel).text
    folder = tmp_path / "out"
    url = house.engine.url.render_as_string(hide_password=False)
    for expected in (1, 0):
        assert run(["--db", url, "--as-of", TODAY.isoformat(), "--json", "messages", "write", str(folder)]) == 0
        out = capfd.readouterr()
        assert json.loads(out.out)["written"] == expected
        assert PHONE not in out.out + out.err
    (line,) = (folder / f"messages-{TODAY.isoformat()}.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["phone"] == PHONE
    assert "孙" not in line
    assert run(["--db", url, "--as-of", TODAY.isoformat(), "messages", "list"]) == 0
    told = capfd.readouterr().out
    assert re.search(r"imp-1 (约定面试|请回电)：已写入发送文件", told)
    assert PHONE not in told
    assert "短信：" in li.open("/people/imp-1/notes").text
    assert "已写入发送文件" in li.open("/people/imp-1/notes").text


def test_stop_is_recorded_by_one_press_and_taken_back_by_another(house: Service) -> None:
    li = Visitor(house.client, house.enter("here", Role.CASEWORKER))
    choice = f"{ADDRESS}/choice"
    assert "本人不再收短信" in li.send(li.open(ADDRESS).form(choice)).text
    assert "现在不能发：本人说过不再收短信" in li.open(ADDRESS).text
    assert "恢复收短信" in li.send(li.open(ADDRESS).form(choice)).text
    assert [form for form in li.open(ADDRESS).forms if form.action == ADDRESS]


def test_other_county_finds_neither_person_nor_log(house: Service) -> None:
    far = Visitor(house.client, house.enter("there", Role.CASEWORKER, OTHER))
    far.open(ADDRESS, 404)
    told = house.client.get(f"{V1}/messages", headers=house.enter("there", Role.CASEWORKER, OTHER)).json()
    assert told["items"] == []
    own = house.client.get(f"{V1}/messages?status=written", headers=house.enter("here", Role.CASEWORKER)).json()
    assert {one["candidate_id"] for one in own["items"]} == {"imp-1"}
    assert PHONE not in str(own)


def test_same_over_http(house: Service) -> None:
    headers = house.enter("here", Role.CASEWORKER)
    at = f"{V1}/candidates/imp-1/messages"
    sent = house.client.post(
        at, json={"template": "papers", "day": "2026-12-20"}, headers={**headers, "Idempotency-Key": str(uuid4())}
    )
    assert (sent.status_code, sent.json()["status"]) == (201, "queued")
    assert house.client.get(at, headers=headers).json()["items"][0]["template"] == "papers"
    gone = f"{V1}/messages/{sent.json()['message_id']}/cancellation"
    assert house.client.put(gone, headers=headers).status_code == 204
    assert house.client.put(gone, headers=headers).status_code == 409
    assert house.client.put(f"{at}/choice", json={"act": "stopped"}, headers=headers).status_code == 204
    assert house.client.get(at, headers=headers).json()["why_not"] == "stopped"
    refused = house.client.post(
        at, json={"template": "call_back"}, headers={**headers, "Idempotency-Key": str(uuid4())}
    )
    assert refused.status_code == 409
