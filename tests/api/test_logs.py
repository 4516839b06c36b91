"""Threat 7 at the sinks of the service: a log line, a metric and an error hold nothing that was sent."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.access import for_action
from api.errors import kinds
from api.logs import JsonLines, for_pages
from api.routes.problems import advised
from pipelines.access.keyed import metrics_tokens
from pipelines.access.roles import Action, Purpose
from tests.support.builders import certificate_number
from tests.support.service import HOST, Service, a_service

CANARY = certificate_number()
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
READING = for_action(Action.READ_SERVICES, Purpose.JOB_MATCHING)


def thing(thing_id: str) -> dict[str, str]:
    if thing_id == "broken":
        raise RuntimeError(CANARY)
    return {"id": thing_id}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with a_service("sqlite", tmp_path_factory.mktemp("service"), accounts=False) as running:
        running.route("GET", "/api/v1/things/{thing_id}", READING, thing)
        yield running


def lines(caplog: pytest.LogCaptureFixture, name: str = "") -> list[dict[str, Any]]:
    own = (record for record in caplog.records if not record.name.startswith("httpx") and name in record.name)
    return [json.loads(JsonLines().format(record)) for record in own]


def scraped(service: Service) -> str:
    (token,) = metrics_tokens(service.access.vault)
    return service.client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text


def test_threat_7_what_was_sent_is_in_no_line_metric_or_error(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        sent = [
            service.client.get(f"/api/v1/{CANARY}?{CANARY}={CANARY}"),
            service.client.get(f"/{CANARY}", headers={"User-Agent": CANARY, "Referer": CANARY, "X-Request-Id": CANARY}),
            service.client.get("/api/v1/things/broken"),
            service.client.request(CANARY, "/healthz"),
            service.client.get("/healthz", headers={"traceparent": CANARY, "Yougang-Purpose": CANARY}),
            service.client.get(f"/problems/{CANARY}"),
            service.client.post("/api/v1/oauth/token", data={CANARY: CANARY}, headers={"Authorization": CANARY}),
        ]
        found = service.client.get(f"/api/v1/things/{CANARY}")
    assert found.status_code == 200
    assert CANARY not in "".join(answer.text + str(dict(answer.headers)) for answer in sent)
    assert CANARY not in json.dumps(lines(caplog))
    assert CANARY not in scraped(service)


def test_a_line_tells_the_route_and_not_the_path(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        service.client.get("/api/v1/things/c-1?a=b", headers=PARENT)
    (line,) = lines(caplog, "yougang.requests")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/things/{thing_id}", 200)
    assert line["trace_id"] == TRACE
    assert line["milliseconds"] >= 0
    assert set(line) == {
        "at", "level", "logger", "message", "trace_id", "method", "route", "status", "milliseconds",
    }  # fmt: skip


def test_an_unexpected_fault_tells_its_kind_and_the_trace(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answer = service.client.get("/api/v1/things/broken", headers=PARENT)
    assert (answer.status_code, answer.json()["trace_id"]) == (500, TRACE)
    fault, request = lines(caplog, "yougang.requests")
    assert "RuntimeError" in fault["message"]
    assert TRACE in fault["message"]
    assert request["status"] == 500


def test_an_exception_in_a_line_is_told_by_its_kind_only() -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "went wrong", (), (type(error), error, None))
    line = json.loads(JsonLines().format(record))
    assert (line["fault"], CANARY in json.dumps(line)) == ("ValueError", False)


@pytest.mark.parametrize("parent", [None, "", "00-x", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"01-{TRACE}"])
def test_a_request_without_a_trace_gets_one(service: Service, parent: str | None) -> None:
    headers = {} if parent is None else {"traceparent": parent}
    first, second = (service.client.get("/nowhere", headers=headers) for _ in range(2))
    assert first.headers["Trace-Id"] == first.json()["trace_id"]
    assert len({first.headers["Trace-Id"], second.headers["Trace-Id"], "0" * 32, TRACE}) == 4


def test_requests_are_counted_by_template_method_and_status(service: Service) -> None:
    for path in ("/api/v1/things/a", "/api/v1/things/b", "/nowhere"):
        service.client.get(path)
    told = scraped(service)
    label = 'yougang_requests_total{method="GET",route="/api/v1/things/{thing_id}",status="200"} '
    assert float(told.split(label)[1].split("\n")[0]) >= 2
    assert 'route="(none)",status="404"' in told


def test_counts_are_for_this_machine_or_the_token_and_for_others_there_is_nothing(service: Service) -> None:
    (token,) = metrics_tokens(service.access.vault)
    nothing = service.client.get("/nowhere", headers=PARENT)
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": token}):
        answer = service.client.get("/metrics", headers={**PARENT, **headers})
        assert (answer.status_code, answer.content) == (404, nothing.content)
    here = TestClient(service.app, base_url=HOST, client=("127.0.0.1", 4000))
    assert here.get("/metrics").status_code == 200
    assert here.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 404


# ---- headers of safety, and the pages of problems ----


def test_every_answer_forbids_sniffing_framing_referring_and_keeping(service: Service) -> None:
    for answer in (service.client.get("/healthz"), service.client.get("/nowhere"), service.client.post("/healthz")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    local = service.client.get("http://127.0.0.1/healthz")
    assert "Strict-Transport-Security" not in local.headers


def test_a_page_gets_a_nonce_of_its_own_and_no_inline_script(service: Service) -> None:
    first, second = (service.client.get("/problems/forbidden").headers["Content-Security-Policy"] for _ in range(2))
    assert first != second
    assert "unsafe" not in first
    assert "script-src 'self' 'nonce-n1'" in for_pages("n1")


@pytest.mark.parametrize("kind", kinds())
def test_the_type_of_every_problem_leads_to_a_page_that_says_what_to_do(service: Service, kind: str) -> None:
    answer = service.client.get(f"/problems/{kind}")
    status, title = kinds()[kind]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert title in answer.text
    assert advised(status) in answer.text
