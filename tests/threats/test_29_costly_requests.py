"""29 | D: costly shortlist or export as denial of service.

Budgets per call; 100 parallel requests keep p95 within target, others 429.
"""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from api.budgets import BUDGETS, Budgets
from api.limits import BY_PREFIX, USUAL
from pipelines.access.roles import Role
from tests.api.test_matrix import DAY, OTHER, THEIRS, Province
from tests.threats.doors import V1

LIST = f"{V1}/candidates/c/shortlist"
SECONDS, TARGET = 0.02, 3.5


class _Slow:
    """An application whose lists keep a processor busy, one at a time, and whose other answers cost nothing."""

    def __init__(self) -> None:
        self.at_once = self.most_at_once = 0

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        if scope["path"] == LIST:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await asyncio.sleep(SECONDS * self.at_once)  # shared: each more makes all of them later
            self.at_once -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


async def _asked(app: Any, path: str) -> tuple[int, float]:
    began, statuses = time.perf_counter(), list[int]()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app({"type": "http", "path": path, "method": "GET", "headers": [], "state": {}}, receive, send)
    return statuses[0], time.perf_counter() - began


def check_hundred_lists_at_once(layer: Any) -> list[tuple[int, float]]:
    """Ask for a hundred lists at once."""

    async def all_at_once() -> list[tuple[int, float]]:
        return await asyncio.gather(*(_asked(layer, LIST) for _ in range(100)))

    answers = asyncio.run(all_at_once())
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) == {200, 429}
    assert float(np.quantile([took for status, took in answers if status == 200], 0.95)) < TARGET
    assert max(took for status, took in answers if status == 429) < TARGET
    return answers


def test_of_a_hundred_lists_at_once_those_in_budget_are_soon_answered_and_the_others_told_at_once() -> None:
    inner = _Slow()
    budget = BUDGETS[0]
    answers = check_hundred_lists_at_once(Budgets(inner))
    assert inner.most_at_once <= budget.at_once
    assert sum(status == 200 for status, _ in answers) == budget.at_once + budget.waiting


def test_service_itself_answers_a_hundred_lists_or_says_to_wait_and_goes_on_reading_people(whole: Province) -> None:
    headers = whole.enter(Role.CASEWORKER, OTHER)
    path = f"{V1}/candidates/{THEIRS}/shortlist"
    whole.client.get(path, params={"as_of": DAY}, headers=headers)

    def ask(_: int) -> int:
        status: int = whole.client.get(path, params={"as_of": DAY}, headers=headers).status_code
        return status

    with ThreadPoolExecutor(100) as pool:
        statuses = Counter(pool.map(ask, range(100)))
    assert set(statuses) <= {200, 429}
    assert statuses[200] >= BUDGETS[0].at_once
    assert whole.client.get(f"{V1}/candidates/{THEIRS}", headers=headers).status_code == 200


def test_every_costly_address_has_a_budget_and_every_answer_an_end() -> None:
    for path in (LIST, f"{V1}/candidates/c/unlock", f"{V1}/vacancies/v/candidates", f"{V1}/imports/candidates"):
        assert any(budget.addresses.fullmatch(path) for budget in BUDGETS), path
    assert USUAL.answer <= 60
    assert all(limit.answer <= 600 for limit in BY_PREFIX.values())


def test_list_of_more_than_two_hundred_and_page_of_more_than_a_hundred_are_refused(whole: Province) -> None:
    headers = whole.enter(Role.CASEWORKER, OTHER)
    for path, asked in (
        (f"{V1}/candidates/{THEIRS}/shortlist", {"k": "100000"}),
        (f"{V1}/candidates", {"limit": "100000"}),
        (f"{V1}/interactions", {"limit": "101"}),
    ):
        assert whole.client.get(path, params=asked, headers=headers).status_code == 422
