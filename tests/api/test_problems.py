"""What a refusal says: in Chinese, what would be right, with a page behind it, and nothing of what was sent."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import TELLING, kinds
from api.routes.problems import advised
from api.settings import Settings
from tests.conftest import Town
from tests.support.province import TODAY
from tests.support.service import LOCAL

ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary-62010219930412998442"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
V1 = "/api/v1"


@pytest.fixture
def client(town: Town) -> Iterator[TestClient]:
    with TestClient(create_app(Settings.of(town.url, TODAY)), base_url=LOCAL) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "body", "pointer", "said"),
    [
        ("/interactions", {}, "/body/kind", "没有给出"),
        ("/interactions", {"kind": CANARY}, "/body/kind", "applied"),
        ("/interactions", {CANARY: 1}, "/body", "不是这里的项目"),
        ("/candidates", {"candidate_id": "c-1", "functions": {"walking": 9}}, "/body/functions/walking", "不能大于4"),
        ("/candidates", {"candidate_id": "c-1", "name": 7}, "/body/name", "应为文字"),
        ("/candidates", {"candidate_id": "c-1", "birth_date": CANARY}, "/body/birth_date", "过长"),
        ("/candidates/demo-c-00001/consents", {"stated_at": CANARY}, "/body/stated_at", "日期"),
    ],
)
def test_each_fault_says_what_would_be_right(
    client: TestClient, path: str, body: dict[str, object], pointer: str, said: str
) -> None:
    answer = client.post(V1 + path, json=body, headers={"Idempotency-Key": "a-key-of-its-own"})
    assert answer.status_code == 422
    told = [one["detail"] for one in answer.json()["errors"] if one["pointer"] == pointer]
    assert any(said in one for one in told), answer.text
    assert all(CHINESE.search(one["detail"]) for one in answer.json()["errors"])
    assert CANARY not in answer.text


def test_a_day_that_is_none_is_named_by_its_own_field(client: TestClient) -> None:
    asked = {"kind": "correction", "asked_on": "2026-02-31"}
    path = f"{V1}/candidates/demo-c-00001/requests"
    answer = client.post(path, json=asked, headers={"Idempotency-Key": "a-key-of-its-own"})
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/body/asked_on"]


def test_the_full_identity_is_refused_with_what_has_to_be_said(client: TestClient) -> None:
    path = f"{V1}/candidates/demo-c-00001/identity"
    assert "Yougang-Purpose" in client.get(path).json()["detail"]
    unknown = client.get(path, headers={"Yougang-Purpose": CANARY})
    assert "identity_check" in unknown.json()["detail"]
    assert CANARY not in unknown.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/candidates", 405)])
def test_an_address_or_method_that_is_not_there_leads_to_a_page_of_its_own(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, V1 + path)
    page = client.get(answer.json()["type"])
    assert (answer.status_code, page.status_code) == (status, 200)
    assert f"状态码：{status}" in page.text


def test_every_kind_has_a_chinese_title_and_advice() -> None:
    for status, title in kinds().values():
        assert CHINESE.search(title)
        assert CHINESE.search(advised(status))


def test_the_words_that_are_told_are_written_in_the_program() -> None:
    """A message put together from what was sent must not be among those that leave."""
    names = {error.__name__ for error in TELLING} - {"PasswordRefused"}
    found = 0
    for file in [*(ROOT / "api").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                found += 1
                told = node.args[0]
                is_constant = isinstance(told, ast.Constant) or (isinstance(told, ast.Name) and told.id.isupper())
                # The label of a term is written where the term is.
                is_label = isinstance(told, ast.Attribute) and told.attr == "label"
                assert is_constant or is_label, f"{file}:{node.lineno}"
    assert found > 20
