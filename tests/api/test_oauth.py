"""Machines at the door: tokens that are scope and role at every request, keys that open imports and nothing else."""

import base64
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from api.access import OWN_SESSION, SignedInDep, SubjectDep, for_action
from api.rates import RateLimit
from pipelines.access.audit import events
from pipelines.access.clients import OVERLAP, TOKEN_FOR, Client, Clients
from pipelines.access.errors import AccountRefused
from pipelines.access.import_keys import ImportKeys
from pipelines.access.organisations import office_id
from pipelines.access.roles import COMMAND_LINE, Action, Purpose, Role
from pipelines.store.machine_tables import access_tokens, client_secrets, clients, import_keys
from tests.support.accounts import FIRM
from tests.support.builders import certificate_number
from tests.support.service import OWN, Service, a_service
from tests.support.stores import BACKENDS, noted

TOKEN = "/api/v1/oauth/token"
CANARY = certificate_number()
GRANT = {"grant_type": "client_credentials"}
READING, WRITING = {Action.READ_SERVICES}, {Action.READ_SERVICES, Action.WRITE_SERVICES}


def who(subject: SubjectDep) -> dict[str, Any]:
    acts = (Action.READ_SERVICES, Action.WRITE_SERVICES)
    return {
        "by": subject.by.actor,
        "organisation": subject.organisation_id,
        "purpose": subject.purpose,
        "may": [act.value for act in acts if subject.may(act)],
    }


def mine(signed_in: SignedInDep) -> dict[str, str]:
    return {"login": signed_in.login}


@pytest.fixture(params=BACKENDS)
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with a_service(request.param, tmp_path) as running:
        running.route("GET", "/api/v1/who", for_action(Action.READ_SERVICES, Purpose.JOB_MATCHING), who)
        running.route("POST", "/api/v1/who", for_action(Action.WRITE_SERVICES, Purpose.JOB_MATCHING), who)
        running.route("POST", "/api/v1/sent", for_action(Action.WRITE_IMPORTS, Purpose.JOB_MATCHING), who)
        running.route("GET", "/api/v1/own", OWN_SESSION, mine)
        yield running


def the_clients(service: Service, connection: Connection, at: datetime | None = None) -> Clients:
    return Clients(connection, vault=service.access.vault, now=at or datetime.now(UTC))


def a_client(
    service: Service, scopes: set[Action] = WRITING, role: Role = Role.CASEWORKER, at: str = office_id(OWN)
) -> tuple[Client, str]:
    with service.engine.begin() as connection:
        return the_clients(service, connection).add("平台", at, role, scopes, by=COMMAND_LINE)


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"}


def a_token(service: Service, client: Client, secret: str, **more: str) -> dict[str, str]:
    answer = service.client.post(TOKEN, data={**GRANT, **more}, headers=basic(client.client_id, secret))
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


# ---- the token ----


@pytest.mark.parametrize("in_form", [True, False])
def test_a_client_gets_a_token_of_a_quarter_of_an_hour(service: Service, in_form: bool) -> None:
    client, secret = a_client(service)
    form = {"client_id": client.client_id, "client_secret": secret} if in_form else {}
    headers = {} if in_form else basic(client.client_id, secret)
    answer = service.client.post(TOKEN, data={**GRANT, **form}, headers=headers)
    told = answer.json()
    assert (answer.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 900)
    assert told["scope"] == "services.read services.write"
    assert answer.headers["Cache-Control"] == "no-store"
    seen = service.client.get("/api/v1/who", headers={"Authorization": f"Bearer {told['access_token']}"}).json()
    assert seen == {
        "by": f"client:{client.client_id}",
        "organisation": office_id(OWN),
        "purpose": "data_exchange",
        "may": ["services.read", "services.write"],
    }


def test_refusals_are_those_of_rfc_6749(service: Service) -> None:
    client, secret = a_client(service, READING)
    own = basic(client.client_id, secret)
    form = {"client_id": client.client_id, "client_secret": secret}

    def asked(data: dict[str, Any], headers: dict[str, str] | None = None) -> tuple[int, str]:
        answer = service.client.post(TOKEN, data=data, headers=headers or own)
        return answer.status_code, answer.json()["error"]

    assert asked({}) == (400, "invalid_request")
    assert asked({"grant_type": "password", "username": "u", "password": "p"}) == (400, "unsupported_grant_type")
    assert asked({**GRANT, "scope": "services.write"}) == (400, "invalid_scope")
    assert asked({**GRANT, "scope": CANARY}) == (400, "invalid_scope")
    assert asked({**GRANT, "scope": ["services.read", "services.read"]}) == (400, "invalid_request")
    assert asked({**GRANT, **form}) == (401, "invalid_client")  # two ways at once
    assert service.client.post(TOKEN, json=GRANT, headers=own).json()["error"] == "invalid_request"


def test_every_client_that_is_refused_gets_the_same_answer(service: Service) -> None:
    client, secret = a_client(service)
    shut, its_secret = a_client(service)
    with service.engine.begin() as connection:
        the_clients(service, connection).disable(shut.client_id, by=COMMAND_LINE)
    tried = [
        basic(client.client_id, "wrong"), basic("nobody", secret), basic(shut.client_id, its_secret),
        basic(client.client_id, its_secret), basic("", ""), basic(CANARY, CANARY), {"Authorization": "Basic %%%"},
        {"Authorization": f"Bearer {secret}"}, {},
    ]  # fmt: skip
    answers = [service.client.post(TOKEN, data={**GRANT, "state": CANARY}, headers=headers) for headers in tried]
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert answers[0].json()["error"] == "invalid_client"
    assert all(answer.headers["WWW-Authenticate"].startswith("Basic ") for answer in answers)
    assert CANARY not in answers[0].text


def test_a_secret_is_not_taken_over_a_channel_that_can_be_read(service: Service) -> None:
    client, secret = a_client(service)
    answer = service.client.post(f"http://yougang.test{TOKEN}", data=GRANT, headers=basic(client.client_id, secret))
    assert answer.status_code == 403
    headers = a_token(service, client, secret)
    assert service.client.get("http://yougang.test/api/v1/who", headers=headers).status_code == 403


def test_many_attempts_from_one_place_are_told_to_wait(service: Service) -> None:
    service.access.by_client = RateLimit(3, 60)
    answers = [service.client.post(TOKEN, data=GRANT, headers=basic("x", "y")) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_neither_secrets_nor_tokens_are_kept_or_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    client, secret = a_client(service)
    with caplog.at_level(logging.DEBUG):
        token = a_token(service, client, secret)["Authorization"].removeprefix("Bearer ")
        service.client.get("/api/v1/who", headers={"Authorization": f"Bearer {token}"})
    with service.engine.connect() as connection:
        kept = [str(connection.execute(select(t)).all()) for t in (clients, client_secrets, access_tokens)]
        kept += [str(list(events(connection)))]
    told = "".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))
    for canary in (secret, token):
        assert canary not in "".join(kept) + told


# ---- threat 4: scope and role at every request ----


def test_threat_4_a_token_is_its_scopes_of_these_the_clients_of_these_the_roles(service: Service) -> None:
    client, secret = a_client(service, WRITING)
    whole, narrow = a_token(service, client, secret), a_token(service, client, secret, scope="services.read")

    def may(headers: dict[str, str]) -> list[str]:
        found: list[str] = service.client.get("/api/v1/who", headers=headers).json()["may"]
        return found

    assert (may(whole), may(narrow)) == (["services.read", "services.write"], ["services.read"])
    with service.engine.begin() as connection:
        the_clients(service, connection).limit(client.client_id, READING, by=COMMAND_LINE)
    assert (may(whole), may(narrow)) == (["services.read"], ["services.read"])
    with service.engine.begin() as connection:
        the_clients(service, connection).limit(client.client_id, WRITING, by=COMMAND_LINE)
        connection.execute(update(clients).values(role=Role.ANALYST.value))
    assert (may(whole), may(narrow)) == ([], [])


def test_threat_4_a_disabled_client_is_out_at_the_next_request(service: Service) -> None:
    client, secret = a_client(service)
    headers = a_token(service, client, secret)
    assert service.client.get("/api/v1/who", headers=headers).status_code == 200
    with service.engine.begin() as connection:
        the_clients(service, connection).disable(client.client_id, by=COMMAND_LINE)
    refused = service.client.get("/api/v1/who", headers=headers)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="yougang"')
    assert service.client.post(TOKEN, data=GRANT, headers=basic(client.client_id, secret)).status_code == 401


def test_a_token_ends_after_a_quarter_of_an_hour(service: Service) -> None:
    client, secret = a_client(service)
    headers = a_token(service, client, secret)
    with service.engine.begin() as connection:
        earlier = datetime.now(UTC) - TOKEN_FOR
        ended = {"created_at": earlier - timedelta(seconds=1), "expires_at": earlier + TOKEN_FOR}
        noted(connection).execute(update(access_tokens).values(**ended))
    assert service.client.get("/api/v1/who", headers=headers).status_code == 401


def test_a_machine_states_no_purpose_that_its_role_has_not(service: Service) -> None:
    client, secret = a_client(service)
    headers = a_token(service, client, secret)
    stated = service.client.get("/api/v1/who", headers={**headers, "Yougang-Purpose": "audit"})
    assert stated.json()["may"] == []


# ---- one identity at a time ----


def test_a_machine_needs_no_page_and_a_person_still_does(service: Service) -> None:
    client, secret = a_client(service)
    service.user("liwei", Role.CASEWORKER)
    cookie = {"Cookie": service.enter("liwei", Role.CASEWORKER)["Cookie"]}
    assert service.client.post("/api/v1/who", headers=a_token(service, client, secret)).status_code == 200
    assert service.client.post("/api/v1/who", headers=cookie).status_code == 403


def test_a_request_with_two_identities_is_refused(service: Service) -> None:
    client, secret = a_client(service)
    service.user("liwei", Role.CASEWORKER)
    token, person = a_token(service, client, secret), service.enter("liwei", Role.CASEWORKER)
    key = {"X-API-Key": a_key(service)[1]}
    for mixed in ({**token, **person}, {**person, **key}, {**token, **key}):
        assert service.client.get("/api/v1/who", headers=mixed).json()["type"] == "/problems/request-refused"


def test_a_machine_has_no_session_to_look_after(service: Service) -> None:
    client, secret = a_client(service)
    assert service.client.get("/api/v1/own", headers=a_token(service, client, secret)).status_code == 403


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer x", "Basic eDp5", "Digest x", f"Bearer {CANARY}"])
def test_what_is_no_token_of_ours_is_nobody(service: Service, authorization: str) -> None:
    answer = service.client.get("/api/v1/who", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert CANARY not in answer.text


# ---- administration ----


def test_a_new_secret_takes_over_while_the_old_one_still_holds_for_a_week(service: Service) -> None:
    client, first = a_client(service)
    now = datetime.now(UTC)
    with service.engine.begin() as connection:
        second = the_clients(service, connection, now).rotate(client.client_id, by=COMMAND_LINE)
        for at, expected in ((now, (True, True)), (now + OVERLAP, (False, True))):
            later = the_clients(service, connection, at)
            assert tuple(later.check(client.client_id, s) is not None for s in (first, second)) == expected


def test_secrets_move_to_the_new_key_when_they_are_used(service: Service) -> None:
    client, secret = a_client(service)
    vault = service.access.vault
    service.access.vault = type(vault)({"k2": b"2" * 32, **vault.keys})
    with service.engine.begin() as connection:
        assert the_clients(service, connection).outdated_secrets() == 1
        assert the_clients(service, connection).check(client.client_id, secret) is not None
        assert the_clients(service, connection).outdated_secrets() == 0
    service.access.vault = type(vault)({"k2": b"2" * 32})
    a_token(service, client, secret)


@pytest.mark.parametrize(
    ("role", "at", "scopes"),
    [
        (Role.ADMINISTRATOR, office_id(OWN), {Action.ADMINISTER}),
        (Role.AUDITOR, office_id(OWN), {Action.READ_AUDIT}),
        (Role.COMPANY_APPROVER, FIRM, {Action.APPROVE_VACANCIES}),
        (Role.CASEWORKER, FIRM, READING),
        (Role.CASEWORKER, "nowhere", READING),
        (Role.CASEWORKER, office_id(OWN), set()),
        (Role.SUPERVISOR, office_id(OWN), {Action.ERASE_CANDIDATE}),
        (Role.COMPANY_POSTER, FIRM, {Action.READ_CANDIDATES}),
    ],
)
def test_a_machine_gets_no_role_or_scope_that_is_for_people(
    service: Service, role: Role, at: str, scopes: set[Action]
) -> None:
    with pytest.raises(AccountRefused), service.engine.begin() as connection:
        the_clients(service, connection).add("x", at, role, scopes, by=COMMAND_LINE)


def test_what_becomes_of_a_client_is_in_the_audit(service: Service) -> None:
    client, secret = a_client(service)
    a_token(service, client, secret)
    service.client.post(TOKEN, data=GRANT, headers=basic(client.client_id, "wrong"))
    with service.engine.begin() as connection:
        the_clients(service, connection).disable(client.client_id, by=COMMAND_LINE)
        told = [(e["actor"], e["action"]) for e in events(connection) if e["object_id"] == client.client_id]
    assert told == [
        ("command-line", "client.create"),
        (f"client:{client.client_id}", "client.token"),
        ("door", "client.refused"),
        ("command-line", "client.disable"),
    ]


# ---- keys for imports ----


def a_key(service: Service, role: Role = Role.CASEWORKER, at: str = office_id(OWN), days: int = 30) -> tuple[str, str]:
    with service.engine.begin() as connection:
        keys = ImportKeys(connection, vault=service.access.vault, now=datetime.now(UTC))
        key, text = keys.add("报送", at, role, days=days, by=COMMAND_LINE)
    return key.key_id, text


def test_an_import_key_opens_imports_and_nothing_else(service: Service) -> None:
    key_id, text = a_key(service)
    headers = {"X-API-Key": text}
    sent = service.client.post("/api/v1/sent", headers=headers)
    assert (sent.status_code, sent.json()["by"]) == (200, f"client:import-key-{key_id}")
    for method, path in (("GET", "/api/v1/who"), ("POST", "/api/v1/who"), ("GET", "/api/v1/own")):
        assert service.client.request(method, path, headers=headers).status_code == 403, path
    with service.engine.connect() as connection:
        (row,) = connection.execute(select(import_keys)).all()
    assert text not in str(row)
    assert row.last_used_at is not None


def test_an_import_key_ends_within_a_year_or_when_it_is_revoked(service: Service) -> None:
    for days in (0, 366):
        with pytest.raises(AccountRefused):
            a_key(service, days=days)
    key_id, text = a_key(service, days=365)
    headers = {"X-API-Key": text}
    assert service.client.post("/api/v1/sent", headers=headers).status_code == 200
    with service.engine.begin() as connection:
        ImportKeys(connection, vault=service.access.vault, now=datetime.now(UTC)).revoke(key_id, by=COMMAND_LINE)
    assert service.client.post("/api/v1/sent", headers=headers).status_code == 401
    _, other = a_key(service)
    with service.engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(days=40)
        noted(connection).execute(update(import_keys).values(created_at=past, expires_at=past + timedelta(days=30)))
    assert service.client.post("/api/v1/sent", headers={"X-API-Key": other}).status_code == 401
    assert service.client.post("/api/v1/sent", headers={"X-API-Key": CANARY}).status_code == 401
