"""24 | T: lost update between two caseworkers.

Stale `If-Match` gets 412; no silent overwrite.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipelines.access.roles import Role
from tests.api.test_matrix import CALLS, OTHER, Province
from tests.support.service import OWN, Service
from tests.support.stores import BACKENDS
from tests.threats.doors import HERE, V1, a_house, by

PERSON = f"{V1}/candidates/{HERE}"


@pytest.fixture(params=BACKENDS)
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """The house, on either database."""
    with a_house(tmp_path, request.param) as opened:
        yield opened


def _patch(house: Service, headers: Any, etag: str, **facts: Any) -> Any:
    return house.client.patch(PERSON, json=facts, headers={**headers, "If-Match": etag})


def check_second_of_two_is_told(house: Service) -> None:
    """Let two caseworkers read a person and both change the same version."""
    house.user("colleague", Role.CASEWORKER, OWN)
    first, second = by(house), by(house, "colleague")
    etag = house.client.get(PERSON, headers=first).headers["ETag"]
    assert house.client.get(PERSON, headers=second).headers["ETag"] == etag
    assert _patch(house, first, etag, skills=["打字"]).status_code == 200
    refused = _patch(house, second, etag, skills=["缝纫"], hukou="rural")
    assert refused.status_code == 412
    assert refused.json()["type"] == "/problems/stale-version"
    kept = house.client.get(PERSON, headers=second).json()
    assert (kept["skills"], kept["hukou"]) == (["打字"], None)


def test_second_of_two_caseworkers_is_told_and_overwrites_nothing(anywhere: Service) -> None:
    check_second_of_two_is_told(anywhere)


def test_of_ten_changes_at_once_on_one_version_exactly_one_is_taken(anywhere: Service) -> None:
    headers = by(anywhere)
    etag = anywhere.client.get(PERSON, headers=headers).headers["ETag"]

    def change(number: int) -> int:
        status: int = _patch(anywhere, headers, etag, experience=f"经验{number}").status_code
        return status

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(change, range(10)))
    assert sorted(statuses) == [200, *[412] * 9]
    taken = anywhere.client.get(PERSON, headers=headers).json()["experience"]
    assert taken == f"经验{statuses.index(200)}"


def test_every_route_that_changes_a_row_asks_for_the_version_that_was_read(whole: Province) -> None:
    headers = whole.enter(Role.CASEWORKER, OTHER)
    changing = [(key, call) for key, call in CALLS.items() if call.is_change and "release" not in key[1]]
    assert len(changing) >= 8
    for (method, path), call in changing:
        address = path
        for name, kind in call.names.items():
            address = address.replace(f"{{{name}}}", whole.theirs[kind])
        more = {} if call.body is None else {"json": call.body}
        for version, statuses in (
            (None, {428, 403, 404, 409}),
            ("W/x", {422, 403, 404}),
            ('"99"', {412, 403, 404, 409, 422}),
        ):
            sent = {**headers, **({} if version is None else {"If-Match": version})}
            answer = whole.client.request(method, address, headers=sent, **more)
            assert answer.status_code in statuses, (method, path, version, answer.text)
