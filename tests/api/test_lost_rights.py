"""Threat 4: what was answered once is not answered again to who may no longer see it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.access.clients import Clients
from pipelines.access.organisations import office_id
from pipelines.access.roles import COMMAND_LINE, Action, Role
from pipelines.consent.erasure import erase
from pipelines.schema import CANDIDATES
from pipelines.store.repositories import TableRepository
from tests.support.province import TODAY
from tests.support.service import OTHER, Service
from tests.support.stores import BACKENDS, PROGRAM, noted
from tests.threats.doors import HERE, V1, a_house, by

SERVED = {"candidate_id": HERE, "kind": "training", "on": "2026-11-02"}
CLAIMED = {
    "rule_id": "benefit.nursing_tier",
    "candidate_id": HERE,
    "from_month": "2026-01",
    "to_month": "2026-07",
    "cost_basis": "living",
    "county": "620102",
}
STATED = {"purpose": "contact", "act": "refused", "stated_at": "2026-11-02T08:00:00+08:00"}
MADE = (
    (f"{V1}/services", SERVED),
    (f"{V1}/benefits/claims", CLAIMED),
    (f"{V1}/candidates/{HERE}/consents", STATED),
    (f"{V1}/candidates/{HERE}/requests", {"kind": "correction"}),
)


@pytest.fixture(params=BACKENDS)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with a_house(tmp_path, request.param) as opened:
        yield opened


def moved(house: Service) -> None:
    """Let the person move to the other county."""
    with house.engine.begin() as connection:
        people = TableRepository(noted(connection), CANDIDATES, PROGRAM)
        people.replace([{**people.find([(HERE,)])[(HERE,)], "region": OTHER}])


def erased(house: Service) -> None:
    """Erase the person."""
    with house.engine.begin() as connection:
        erase(noted(connection), [HERE], by=COMMAND_LINE, why="test", on=TODAY)


@pytest.mark.parametrize(("path", "body"), MADE, ids=[path for path, _ in MADE])
@pytest.mark.parametrize("gone", [moved, erased])
def test_threat_4_a_repeat_gets_no_answer_about_a_person_who_is_out_of_sight(
    house: Service, path: str, body: dict[str, Any], gone: Any
) -> None:
    headers = by(house)
    assert house.client.post(path, json=body, headers=headers).status_code == 201
    again = house.client.post(path, json=body, headers=headers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    gone(house)
    refused = house.client.post(path, json=body, headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/no-such-candidate")
    assert "Idempotency-Replayed" not in refused.headers


def test_threat_4_a_repeat_gets_no_answer_for_a_purpose_that_does_not_permit_the_act(house: Service) -> None:
    headers = by(house)
    assert house.client.post(f"{V1}/services", json=SERVED, headers=headers).status_code == 201
    for_another = {**headers, "Yougang-Purpose": "statistics"}
    assert house.client.post(f"{V1}/services", json=SERVED, headers=for_another).status_code == 403


def test_threat_4_a_machine_whose_scopes_were_cut_gets_no_kept_answer(house: Service) -> None:

    def of(connection: Any) -> Clients:
        return Clients(connection, vault=house.access.vault, now=datetime.now(UTC))

    with house.engine.begin() as connection:
        both = [Action.WRITE_SERVICES, Action.READ_SERVICES]
        client, secret = of(connection).add("HR", office_id("620102"), Role.CASEWORKER, both, by=COMMAND_LINE)
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": secret}
    house.client.cookies.clear()
    token = house.client.post(f"{V1}/oauth/token", data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "machine-once-1"}
    assert house.client.post(f"{V1}/services", json=SERVED, headers=headers).status_code == 201
    with house.engine.begin() as connection:
        of(connection).limit(client.client_id, [Action.READ_SERVICES], by=COMMAND_LINE)
    assert house.client.post(f"{V1}/services", json=SERVED, headers=headers).status_code == 403


def test_an_id_that_no_database_can_hold_is_a_person_who_is_not_there(house: Service) -> None:
    headers = {**by(house), "If-Match": '"1"'}
    answer = house.client.patch(f"{V1}/candidates/a%00b", json={"functions": {"walking": 1}}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-candidate")
