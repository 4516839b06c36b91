"""Threat 29: what a request may bring, how long it may take, how often it may come, and how much runs at once."""

import asyncio
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import Request

from api.access import OPEN, SubjectDep, declare, for_action
from api.budgets import Budget, Budgets
from api.limits import BY_PREFIX, MIB, USUAL, Limit, Limits
from api.rates import PEOPLE, Rate, RateLimit, Rates
from pipelines.access.errors import TooManyRequests
from pipelines.access.roles import Action, Purpose, Role, Subject, local_subject
from tests.support.service import Service, a_service

PATH = "/api/v1/things"
READING = for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)


async def digest(request: Request) -> dict[str, Any]:
    body = await request.body()
    return {"n": len(body), "own": hashlib.sha256(body).hexdigest(), "kept": request.state.body_digest}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with a_service("sqlite", tmp_path_factory.mktemp("service"), accounts=False) as running:
        for path in (PATH, "/api/v1/imports/things/whole"):
            running.app.post(path)(declare(OPEN)(digest))
        yield running


# ---- size ----


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, MIB])
def test_a_body_arrives_whole_with_its_digest(service: Service, size: int) -> None:
    told = service.client.post(PATH, content=b"x" * size).json()
    assert told["n"] == size
    assert told["own"] == told["kept"]


def test_a_body_over_the_limit_is_refused(service: Service) -> None:
    answer = service.client.post(PATH, content=b"x" * (MIB + 1))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/request-too-large")
    pieces = (b"x" * 1024 for _ in range(1025))
    assert service.client.post(PATH, content=pieces).status_code == 413


def test_a_file_may_be_larger_than_a_row(service: Service) -> None:
    assert service.client.post("/api/v1/imports/things/whole", content=b"x" * (2 * MIB)).json()["n"] == 2 * MIB
    assert BY_PREFIX["/api/v1/imports"].body == 50 * MIB


class Sent:
    """One request spoken to a layer by hand, to see what of it is read."""

    def __init__(self, *pieces: bytes, headers: dict[str, str], stays_open: bool = False, path: str = PATH) -> None:
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.scope: dict[str, Any] = {
            "type": "http", "method": "POST", "path": path, "headers": raw, "state": {}, "scheme": "https",
        }  # fmt: skip
        self.pieces, self.stays_open, self.n_read, self.status = list(pieces), stays_open, 0, 0

    async def receive(self) -> dict[str, Any]:
        if not self.pieces:
            if self.stays_open:
                await asyncio.sleep(60)
            return {"type": "http.disconnect"}
        self.n_read += 1
        piece = self.pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces) or self.stays_open}

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)

    async def to(self, layer: Any) -> int:
        await layer(self.scope, self.receive, self.send)
        return self.status


class Inner:
    """The application behind a layer: answers after some time, and tells whether it was reached."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds, self.n_reached, self.n_ended = seconds, 0, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.n_reached += 1
        await asyncio.sleep(self.seconds)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        self.n_ended += 1


def test_a_body_that_says_it_is_too_large_is_not_read_at_all() -> None:
    sent, inner = Sent(b"x" * 10, headers={"Content-Length": str(MIB + 1)}), Inner()
    assert asyncio.run(sent.to(Limits(inner))) == 413
    assert (sent.n_read, inner.n_reached) == (0, 0)


def test_a_body_that_hides_its_size_is_read_as_far_as_the_limit() -> None:
    sent, inner = Sent(*[b"x" * MIB] * 50, headers={"Transfer-Encoding": "chunked"}), Inner()
    assert asyncio.run(sent.to(Limits(inner))) == 413
    assert (sent.n_read, inner.n_reached) == (2, 0)


# ---- time ----


def test_a_body_that_does_not_come_to_its_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_PREFIX, PATH, Limit(MIB, arrival=0.02, answer=5))
    sent, inner = Sent(b"x", headers={"Content-Length": "10"}, stays_open=True), Inner()
    assert asyncio.run(sent.to(Limits(inner))) == 408
    assert inner.n_reached == 0


def test_half_a_body_is_not_taken_for_a_whole_one() -> None:
    sent, inner = Sent(headers={"Content-Length": "10"}), Inner()
    assert asyncio.run(sent.to(Limits(inner))) == 408
    assert inner.n_reached == 0


def test_an_answer_that_takes_too_long_is_given_up_and_the_work_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_PREFIX, PATH, Limit(MIB, arrival=1, answer=0.02))
    inner = Inner(seconds=0.1)

    async def given_up() -> int:
        status = await Sent(headers={}).to(Limits(inner))
        await asyncio.sleep(0.2)
        return status

    assert asyncio.run(given_up()) == 504
    assert inner.n_ended == 1
    assert USUAL.answer <= 60


# ---- how much at once ----


def test_threat_29_so_many_lists_at_once_some_wait_and_others_are_told_at_once() -> None:
    inner = Inner(seconds=0.05)
    layer = Budgets(inner)
    (lists, *_) = layer._gates
    most = lists.budget.at_once + lists.budget.waiting

    async def all_at_once() -> list[int]:
        path = "/api/v1/candidates/c/shortlist"
        return await asyncio.gather(*(Sent(headers={}, path=path).to(layer) for _ in range(100)))

    answers = asyncio.run(all_at_once())
    assert (answers.count(200), answers.count(429)) == (most, 100 - most)
    assert inner.n_reached == most


def test_who_waits_too_long_for_a_place_is_told_so_and_the_place_is_free_again() -> None:
    inner = Inner(seconds=0.1)
    layer = Budgets(inner, (Budget(re.compile(PATH), 1, 5, 0.02),))

    async def two_then_one() -> list[int]:
        both = await asyncio.gather(*(Sent(headers={}).to(layer) for _ in range(2)))
        return [*both, await Sent(headers={}).to(layer)]

    assert asyncio.run(two_then_one()) == [200, 429, 200]


def test_lists_of_the_service_stand_under_the_budget(service: Service) -> None:
    gates = Budgets(service.app)
    for path in ("/api/v1/candidates/c-1/shortlist", "/api/v1/candidates/c-1/unlock", "/api/v1/imports/candidates"):
        assert gates._gate({"type": "http", "path": path}) is not None
    assert gates._gate({"type": "http", "path": "/api/v1/candidates/c-1"}) is None


# ---- how often ----


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_lets_so_many_through_and_then_says_how_long_to_wait() -> None:
    clock = Clock()
    limit = RateLimit(100, 3600, "people", clock)
    assert limit.take("a", 60).remaining == 40
    clock.now += 1800
    assert limit.take("a", 40).remaining == 0
    with pytest.raises(TooManyRequests) as caught:
        limit.take("a", 20)
    assert 1800 <= caught.value.seconds <= 1861
    assert limit.take("b").remaining == 99
    clock.now += caught.value.seconds
    assert limit.take("a", 20).remaining == 40


def test_what_was_refused_is_not_counted_and_what_can_never_be_is_refused() -> None:
    limit = RateLimit(10, 60, "x", Clock())
    for _ in range(3):
        with pytest.raises(TooManyRequests):
            limit.take("a", 11)
    assert limit.take("a", 10).remaining == 0


def test_counts_of_who_does_not_come_back_are_forgotten() -> None:
    clock = Clock()
    limit = RateLimit(10, 60, "x", clock)
    for n in range(100):
        limit.take(str(n))
    clock.now += 200
    limit.take("new")
    assert len(limit._counts) == 1


def test_a_user_sees_so_many_people_an_hour_and_each_user_for_itself(tmp_path: Path) -> None:
    with a_service("sqlite", tmp_path) as running:
        running.route("GET", f"{PATH}/{{candidate_id}}", READING, one)
        running.access.rates.people = RateLimit(120, 3600, "people")
        for login in ("liwei", "wangfang"):
            running.user(login, Role.CASEWORKER)
        headers = running.enter("liwei", Role.CASEWORKER)
        first = running.client.get(f"{PATH}/c-1", headers=headers)
        assert first.headers["RateLimit"].startswith('"people";r=119;')
        assert first.headers["RateLimit-Policy"] == '"people";q=120;w=3600'
        statuses = [running.client.get(f"{PATH}/c-1?limit=100", headers=headers).status_code for _ in range(118)]
        assert set(statuses) == {200}
        assert running.client.get(f"{PATH}/c-1", headers=headers).status_code == 200
        refused = running.client.get(f"{PATH}/c-1", headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
        assert 1 <= int(refused.headers["Retry-After"]) <= 3661
        others = running.enter("wangfang", Role.CASEWORKER)
        assert running.client.get(f"{PATH}/c-1", headers=others).status_code == 200


def one(subject: SubjectDep, candidate_id: str) -> dict[str, str]:
    return {"id": candidate_id}


def test_a_page_of_people_counts_as_many_as_it_may_show() -> None:
    subject = Subject(None, None, Role.CASEWORKER, frozenset(), Purpose.JOB_MATCHING)
    rates = Rates()
    left = rates.take(subject, Action.READ_CANDIDATES, 100)
    assert left is not None
    assert left.remaining == PEOPLE.most - 100


PERSON, PLACED = "/api/v1/candidates/c-1", "/api/v1/placements"


@pytest.mark.parametrize(
    ("address", "people", "records"),
    [
        (PERSON, 1, None),
        (f"{PERSON}/consents", 1, None),
        ("/api/v1/candidates?limit=100", 100, None),
        # What a route does not know is ignored, and makes nothing cheaper.
        ("/api/v1/candidates?limit=100&candidate_id=c-1", 100, None),
        ("/api/v1/vacancies/v-1/candidates?k=100&limit=1", 100, None),
        ("/api/v1/consent-texts", 0, None),
        (f"{PERSON}/benefits", None, 1),
        (PLACED, None, 20),
        (f"{PLACED}?limit=7", None, 7),
        (f"{PLACED}?limit=100&candidate_id=c-1", None, 1),
        ("/api/v1/interactions?limit=50", None, 50),
        ("/api/v1/services?limit=50", None, 50),
        ("/api/v1/benefits/claims?limit=50", None, 50),
        ("/api/v1/courses?limit=50", None, None),
    ],
)
def test_every_table_of_people_is_counted(
    address: str, people: int | None, records: int | None, tmp_path: Path
) -> None:
    with a_service("sqlite", tmp_path) as running:
        running.user("liwei", Role.CASEWORKER)
        running.client.get(address, headers=running.enter("liwei", Role.CASEWORKER))
        assert _counted(running.access.rates.people) == people
        assert _counted(running.access.rates.records) == records


def _counted(limit: RateLimit) -> int | None:
    return next((counts.total for counts in limit._counts.values()), None)


def test_the_one_trusted_user_of_a_machine_is_not_counted() -> None:
    assert Rates().take(local_subject(Purpose.JOB_MATCHING), Action.READ_CANDIDATES, 1) is None


@pytest.mark.parametrize("action", [Action.READ_IDENTITY, Action.EXTRACT_CANDIDATE, Action.WRITE_IMPORTS])
def test_identities_extracts_and_imports_have_limits_of_their_own(action: Action) -> None:
    subject = Subject(None, None, Role.CASEWORKER, frozenset(), Purpose.CONTACT)
    rates = Rates()
    rate: Rate = rates.beside[action].rate
    for _ in range(rate.most):
        rates.take(subject, action, 1)
    with pytest.raises(TooManyRequests):
        rates.take(subject, action, 1)
