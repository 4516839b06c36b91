"""The service where things go wrong or change while it runs; its ordinary answers are in `test_http`."""

import json
import logging
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from pipelines.store.session import engine_for
from pipelines.store.visible_runs import VisibleRuns
from tests.conftest import Town, Yougang
from tests.support.builders import certificate_number
from tests.support.model_cards import ANOTHERS_REASON
from tests.support.province import TODAY
from tests.support.service import LOCAL
from tests.support.stores import PROGRAM

DAY = {"as_of": TODAY.isoformat()}
LIST = "/api/v1/candidates/demo-c-00001/shortlist"
CANARY = certificate_number()


def service(town: Town) -> TestClient:
    return TestClient(create_app(Settings.of(town.url, TODAY)), base_url=LOCAL, raise_server_exceptions=False)


@pytest.fixture
def client(town: Town) -> Iterator[TestClient]:
    with service(town) as opened:
        yield opened


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/api/v1/candidates/{CANARY}/shortlist", 404),
        ("GET", f"/api/v1/candidates/{CANARY}/shortlist?k={CANARY}", 422),
        ("GET", f"{LIST}?as_of={CANARY}", 422),
        ("GET", f"{LIST}?k=0", 422),
        ("GET", f"{LIST}?k=100000", 422),
        ("GET", f"/api/v1/nothing/{CANARY}", 404),
        ("GET", f"/{CANARY}?name={CANARY}", 404),
        ("POST", f"/api/v1/candidates/{CANARY}/shortlist", 405),
        ("GET", f"/api/v1/candidates/%00{CANARY}%FF/shortlist", 404),
        ("GET", f"/api/v1/candidates/{CANARY}'%20OR%20'1'='1/shortlist", 404),
    ],
)
def test_every_refusal_is_a_problem_document_without_what_was_sent(
    client: TestClient, caplog: pytest.LogCaptureFixture, method: str, path: str, status: int
) -> None:
    with caplog.at_level(logging.DEBUG, logger="api"), caplog.at_level(logging.DEBUG, logger="pipelines"):
        answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json().keys() >= {"type", "title", "status"}
    assert answer.json()["status"] == status
    assert CANARY not in answer.text
    assert CANARY not in str(dict(answer.headers))
    assert CANARY not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx2")


def test_a_method_that_is_not_offered_says_which_are(client: TestClient) -> None:
    assert client.delete(LIST).headers["allow"] == "GET"


def test_a_fault_inside_is_a_problem_document_that_says_nothing_of_it_and_goes_no_further(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What goes further than the application is written to the server's log with all its words."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("pipelines.desk.Desk.document", broken)
    with TestClient(create_app(Settings.of(town.url, TODAY)), base_url=LOCAL, raise_server_exceptions=True) as strict:
        answer = strict.get(LIST, params=DAY)
    assert answer.status_code == 500
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert CANARY not in answer.text


def test_without_a_model_a_list_is_503_and_health_still_answers(own_town: Town, yougang: Yougang) -> None:
    empty = Town(own_town.folder / "empty", own_town.province)
    assert yougang("db", "upgrade", at=empty).code == 0
    with service(empty) as client:
        answer = client.get(LIST, params=DAY)
        assert answer.status_code == 503
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert client.get("/healthz").status_code == 200


def test_a_damaged_model_is_503_not_a_wrong_list(own_town: Town) -> None:
    arrays = next(own_town.models.rglob("*.npz"))
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"?")
    with service(own_town) as client:
        for path in (LIST, "/readyz"):
            answer = client.get(path, params=DAY)
            assert answer.status_code == 503
            assert answer.headers["content-type"].startswith("application/problem+json")
            assert str(own_town.folder) not in answer.text


def test_a_promoted_model_answers_at_the_next_request(own_town: Town, yougang: Yougang) -> None:
    with service(own_town) as client:
        first = client.get(LIST, params=DAY).json()["model_version"]
        second = own_town.train()
        assert client.get(LIST, params=DAY).json()["model_version"] == first
        assert yougang("models", "promote", second, *ANOTHERS_REASON, at=own_town).code == 0
        assert client.get(LIST, params=DAY).json()["model_version"] == second


def test_a_person_changed_by_an_import_is_seen_changed(own_town: Town, yougang: Yougang) -> None:
    sheet = own_town.folder / "people.csv"
    with service(own_town) as client:
        too_long: list[int] = []
        for hours in ("8", "2"):
            sheet.write_text(f"candidate_id,region,hours_per_day_max\nnew-1,620102,{hours}\n", encoding="utf-8")
            assert yougang("import", "candidates", sheet, at=own_town).code == 0
            answer = client.get("/api/v1/candidates/new-1/shortlist", params=DAY).json()
            too_long.append(sum(e["vacancies"] for e in answer["excluded"] if e["code"] == "hours"))
    assert too_long[0] < too_long[1]


def test_a_list_asked_for_over_http_is_kept_as_a_run(own_town: Town) -> None:
    with service(own_town) as client:
        document = client.get(LIST, params=DAY).json()
    engine = engine_for(own_town.url)
    with engine.connect() as connection:
        assert VisibleRuns(connection, PROGRAM).get(document["run_id"]) == document
    engine.dispose()


def test_the_description_is_openapi_and_names_no_person(client: TestClient) -> None:
    text = client.get("/api/v1/openapi.json").text
    paths = json.loads(text)["paths"]
    assert all(path.startswith("/api/v1/") or path in {"/healthz", "/readyz"} for path in paths)
    assert "demo-c-" not in text
