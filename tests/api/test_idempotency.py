"""Threat 23: what is sent twice happens once, also when it is sent fifty times at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Body, Request
from sqlalchemy import Connection, insert, select, update

from api.access import AccessDep, SubjectDep, for_action
from api.idempotency import KEPT_FOR, Answer, once
from api.problems import StaleVersion
from pipelines.access.audit import breaks, events, record
from pipelines.access.roles import Action, Purpose, Role
from pipelines.store.machine_tables import kept_answers
from pipelines.store.tables import organisation_codes
from tests.support.accounts import KEYS
from tests.support.builders import certificate_number
from tests.support.service import OTHER, Service, a_service
from tests.support.stores import BACKENDS

CANARY = certificate_number()
MAKING = for_action(Action.WRITE_SERVICES, Purpose.JOB_MATCHING)
KEY = {"Idempotency-Key": "0b5f-first-one"}
PATH = "/api/v1/things"


def make(request: Request, access: AccessDep, subject: SubjectDep, code: Annotated[str, Body(embed=True)]) -> Any:
    def work(connection: Connection) -> Answer:
        if code == "stale":
            raise StaleVersion("x")
        n = len(connection.execute(select(organisation_codes.c.code)).all())
        values = {"organisation_id": "analysts", "code": str(100000 + n), "valid_from": date(2026, 1, 1)}
        record(connection, subject.by, "things.write", object_kind="thing")
        connection.execute(insert(organisation_codes).values(values))
        return Answer(201, {"made": n, "code": code}, {"Location": f"{PATH}/{n}"}, about=("thing", str(n)))

    return once(request, access, subject, work)


@pytest.fixture(params=BACKENDS)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with a_service(request.param, tmp_path) as running:
        running.route("POST", PATH, MAKING, make)
        running.user("liwei", Role.CASEWORKER)
        yield running


def n_made(service: Service) -> int:
    with service.engine.connect() as connection:
        wanted = select(organisation_codes.c.code).where(organisation_codes.c.organisation_id == "analysts")
        return len(connection.execute(wanted).all())


def test_threat_23_fifty_equal_requests_at_once_make_one_row_and_get_one_answer(service: Service) -> None:
    headers = service.enter("liwei", Role.CASEWORKER) | KEY
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: service.client.post(PATH, json={"code": "x"}, headers=headers), range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({(answer.content, answer.headers["Location"]) for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert n_made(service) == 1
    with service.engine.connect() as connection:
        assert list(breaks(connection)) == []
        assert sum(event["action"] == "things.write" for event in events(connection)) == 1
        replays = [event["object_id"] for event in events(connection) if event["action"] == "answer.replay"]
    assert len(replays) == 49
    assert len(set(replays)) == 1


def test_the_same_key_for_another_request_is_refused(service: Service) -> None:
    headers = service.enter("liwei", Role.CASEWORKER) | KEY
    assert service.client.post(PATH, json={"code": "x"}, headers=headers).status_code == 201
    other = service.client.post(PATH, json={"code": CANARY}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-refused")
    assert CANARY not in other.text
    assert service.client.post(f"{PATH}?a=1", json={"code": "x"}, headers=headers).status_code == 422
    assert n_made(service) == 1


def test_another_subject_has_keys_of_its_own(service: Service) -> None:
    service.user("wangfang", Role.CASEWORKER, OTHER)
    for login, code in (("liwei", "620102"), ("wangfang", OTHER)):
        headers = service.enter(login, Role.CASEWORKER, code) | KEY
        assert service.client.post(PATH, json={"code": "x"}, headers=headers).status_code == 201
    assert n_made(service) == 2


@pytest.mark.parametrize(
    ("key", "expected"), [(None, (400, "idempotency-key-missing")), ("short", (422, "idempotency-key-refused"))]
)
def test_a_request_that_makes_something_needs_a_usable_key(
    service: Service, key: str | None, expected: tuple[int, str]
) -> None:
    headers = service.enter("liwei", Role.CASEWORKER) | ({} if key is None else {"Idempotency-Key": key})
    answer = service.client.post(PATH, json={"code": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (expected[0], f"/problems/{expected[1]}")
    assert n_made(service) == 0


def test_what_failed_left_nothing_and_may_be_tried_again(service: Service) -> None:
    headers = service.enter("liwei", Role.CASEWORKER) | KEY
    assert service.client.post(PATH, json={"code": "stale"}, headers=headers).status_code == 412
    assert service.client.post(PATH, json={"code": "x"}, headers=headers).status_code == 201
    assert n_made(service) == 1


def test_after_a_day_a_key_is_free_again(service: Service) -> None:
    headers = service.enter("liwei", Role.CASEWORKER) | KEY
    service.client.post(PATH, json={"code": "x"}, headers=headers)
    with service.engine.begin() as connection:
        (kept_at,) = connection.execute(select(kept_answers.c.created_at)).scalars()
        earlier = kept_at - KEPT_FOR - timedelta(seconds=1)
        connection.execute(update(kept_answers).values(created_at=earlier))
    assert service.client.post(PATH, json={"code": "y"}, headers=headers).status_code == 201
    assert n_made(service) == 2


def test_what_is_kept_of_an_answer_says_nothing(service: Service) -> None:
    headers = service.enter("liwei", Role.CASEWORKER) | {"Idempotency-Key": CANARY}
    answer = service.client.post(PATH, json={"code": CANARY}, headers=headers)
    assert CANARY in answer.text
    with service.engine.connect() as connection:
        (row,) = connection.execute(select(kept_answers)).all()
    assert CANARY not in str(row)
    assert row.answer.startswith("v1.k1.")


def test_a_repeat_is_known_after_the_keys_were_changed(service: Service) -> None:
    headers = service.enter("liwei", Role.CASEWORKER) | KEY
    first = service.client.post(PATH, json={"code": "x"}, headers=headers)
    service.access.vault = type(service.access.vault).read(f"k2:{'B' * 43}=\n{KEYS}")
    again = service.client.post(PATH, json={"code": "x"}, headers=headers)
    assert (again.content, n_made(service)) == (first.content, 1)
    assert "Idempotency-Replayed" in again.headers
