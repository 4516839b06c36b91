"""23 | T: replay or double submit creates two referrals.

Same Idempotency-Key 50 × in parallel: one row, same answer.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from pipelines.access.audit import breaks, events
from pipelines.store.tables import CASE_TABLES
from tests.support.service import Service
from tests.support.stores import BACKENDS
from tests.threats.doors import HERE, V1, a_house, a_post, by

REFERRAL = {"candidate_id": HERE, "kind": "referred", "at": "2026-11-02"}
INTERACTIONS = f"{V1}/interactions"


@pytest.fixture(params=BACKENDS)
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """The house, on either database."""
    with a_house(tmp_path, request.param) as opened:
        yield opened


def _rows(house: Service) -> list[tuple[str, str]]:
    c = CASE_TABLES["interactions"].c
    with house.engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(select(c.candidate_id, c.kind))]


def check_fifty_at_once_are_one(house: Service) -> None:
    """Send the same referral fifty times at once."""
    body = REFERRAL | {"vacancy_id": a_post(house.engine, "v-1")}
    headers = by(house)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: house.client.post(INTERACTIONS, json=body, headers=headers), range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert _rows(house) == [(HERE, "referred")]


def test_fifty_equal_referrals_at_once_are_one_row_and_one_answer(anywhere: Service) -> None:
    check_fifty_at_once_are_one(anywhere)
    with anywhere.engine.connect() as connection:
        assert list(breaks(connection)) == []
        written = [event["object_id"] for event in events(connection) if event["action"] == "interactions.write"]
    # The row itself, and the import through which it came.
    assert 1 <= len(written) <= 2


def test_same_key_for_another_referral_is_refused(house: Service) -> None:
    headers = by(house)
    first, other = ({**REFERRAL, "vacancy_id": a_post(house.engine, name)} for name in ("v-1", "v-2"))
    assert house.client.post(INTERACTIONS, json=first, headers=headers).status_code == 201
    refused = house.client.post(INTERACTIONS, json=other, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/idempotency-key-refused")
    assert len(_rows(house)) == 1


def test_referral_without_a_key_is_not_made(house: Service) -> None:
    headers = {name: value for name, value in by(house).items() if name != "Idempotency-Key"}
    body = REFERRAL | {"vacancy_id": a_post(house.engine, "v-1")}
    assert house.client.post(INTERACTIONS, json=body, headers=headers).status_code == 400
    assert _rows(house) == []


def test_same_referral_under_two_keys_is_still_one_row(house: Service) -> None:
    body = REFERRAL | {"vacancy_id": a_post(house.engine, "v-1")}
    statuses = [house.client.post(INTERACTIONS, json=body, headers=by(house)).status_code for _ in range(2)]
    assert statuses == [201, 200]
    assert len(_rows(house)) == 1
