"""The service: the same answer as the command line, and errors that repeat nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.cli import run
from api.settings import Settings
from tests.support.builders import certificate_number
from tests.support.province import TODAY, a_copy, trained
from tests.support.service import LOCAL

DAY = {"as_of": TODAY.isoformat()}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(
        create_app(Settings.of(trained().url, TODAY)), base_url=LOCAL, raise_server_exceptions=False
    ) as opened:
        yield opened


def test_a_list_is_the_command_lines_list(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    over_http = client.get("/api/v1/candidates/demo-c-00001/shortlist", params={"k": 5, **DAY}).json()
    run(["--db", trained().url, "--as-of", TODAY.isoformat(), "--json", "shortlist", "demo-c-00001", "-k", "5"])
    on_terminal = json.loads(capsys.readouterr().out)
    assert {**over_http, "run_id": ""} == {**on_terminal, "run_id": ""}


def test_health_says_that_it_answers_and_can_answer(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ready"


def test_an_unknown_person_is_a_problem_document_that_repeats_nothing(client: TestClient) -> None:
    canary = certificate_number()
    answer = client.get(f"/api/v1/candidates/{canary}/shortlist", params=DAY)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert canary not in answer.text


def test_a_wrong_parameter_is_named_and_never_repeated(client: TestClient) -> None:
    answer = client.get("/api/v1/candidates/demo-c-00001/shortlist", params={"k": "99999canary"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "/query/k", "kind": "int_parsing", "detail": "应为整数"}]
    assert "canary" not in answer.text


def test_the_description_of_the_api_is_where_it_should_be(client: TestClient) -> None:
    description = client.get("/api/v1/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    assert "/api/v1/candidates/{candidate_id}/shortlist" in description["paths"]


def test_a_new_import_is_seen_at_the_next_request(tmp_path: Path) -> None:
    store, sheet = a_copy(tmp_path), tmp_path / "people.csv"
    sheet.write_text("candidate_id,region\nnew-1,620102\n", encoding="utf-8")
    with TestClient(create_app(Settings.of(store.url, TODAY)), base_url=LOCAL, raise_server_exceptions=False) as opened:
        path = "/api/v1/candidates/new-1/shortlist"
        assert opened.get(path, params=DAY).status_code == 404
        assert run(["--db", store.url, "--as-of", TODAY.isoformat(), "import", "candidates", str(sheet)]) == 0
        assert opened.get(path, params=DAY).status_code == 200


def test_without_a_model_the_service_says_that_it_is_not_ready(tmp_path: Path) -> None:
    settings = Settings.of(f"sqlite:///{tmp_path / 'empty.db'}", TODAY)
    with TestClient(create_app(settings), base_url=LOCAL, raise_server_exceptions=False) as opened:
        assert opened.get("/healthz").status_code == 200
        assert opened.get("/readyz").status_code == 503
