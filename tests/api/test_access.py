"""The threats at the doors: who sees whom, sessions, forged requests, and what is kept of it."""

import ast
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyotp
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Connection, Engine, func, select, update
from starlette.routing import Route
from starlette.testclient import TestClient

from api.access import OPEN, Access, guard, policy_of
from api.app import create_app
from api.openapi import current
from api.rates import RateLimit
from api.settings import Settings, today
from pipelines.access.audit import breaks, events, record
from pipelines.access.roles import COMMAND_LINE, Role
from pipelines.access.sessions import Sessions
from pipelines.store.session import engine_for
from pipelines.store.tables import CASE_TABLES, memberships, shortlist_runs
from tests.conftest import Town
from tests.support.accounts import KEYS, PASSWORD, a_user, gansu_with_others, place_of, the_accounts
from tests.support.builders import certificate_number
from tests.support.province import TODAY
from tests.support.service import LOCAL
from tests.support.stores import noted

ROOT = Path(__file__).resolve().parents[2]
HOST = "https://yougang.test"
DAY = {"as_of": TODAY.isoformat()}
OWN, OTHER = "620102", "620502"
CANARY = certificate_number()
SESSION = "/api/v1/session"
TRACE = {"traceparent": f"00-{'5' * 32}-{'6' * 16}-01"}
"""One trace for every request of a test: answers that must not differ then differ in nothing."""


@dataclass
class House:
    """A service with accounts: a person of each of two counties, and one whose county is unknown."""

    engine: Engine
    client: TestClient

    @property
    def access(self) -> Access:
        access: Access = self.client.app.state.access  # type: ignore[attr-defined]  # the application is ours
        return access

    def user(self, login: str, role: Role, code: str = OWN, *, second_factor: bool = True) -> None:
        with self.engine.begin() as connection:
            a_user(connection, login, role, code, second_factor=second_factor)

    def enter(self, login: str, role: Role, code: str = OWN) -> dict[str, str]:
        """Sign somebody in past the form and return the headers of their own page."""
        with self.engine.begin() as connection:
            account = the_accounts(connection).get(login)
            opened = self.access.sessions(noted(connection)).open(account.user_id, place_of(role, code), role)
        self.client.cookies.clear()
        return {"Cookie": f"__Host-yougang={opened.token}", "X-CSRF-Token": opened.csrf_token}

    def list_of(self, person: str, headers: dict[str, str], **more: str) -> Any:
        return self.client.get(f"/api/v1/candidates/{person}/shortlist", params=DAY, headers={**headers, **more})

    def audit(self) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return list(events(connection))


def move(connection: Connection, person: str, code: str | None) -> None:
    c = CASE_TABLES["candidates"]
    record(connection, COMMAND_LINE, "candidates.move", object_kind="candidate", object_id=person)
    connection.execute(update(c).where(c.c.candidate_id == person).values(region=code))


MINE, THEIRS, NOWHERE, ABSENT = "demo-c-00001", "demo-c-00002", "demo-c-00003", "demo-c-99999"


@pytest.fixture
def house(own_town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("YOUGANG_KEYS", KEYS)
    engine = engine_for(own_town.url)
    with engine.begin() as connection:
        gansu_with_others(connection)
        for person, code in ((MINE, OWN), (THEIRS, OTHER), (NOWHERE, None)):
            move(connection, person, code)
    app = create_app(Settings.of(own_town.url, TODAY))
    with TestClient(app, base_url=HOST, headers=TRACE, raise_server_exceptions=False) as client:
        house = House(engine, client)
        house.user("first-admin", Role.ADMINISTRATOR)
        yield house
    engine.dispose()


# ---- threats 1 and 2: who sees whom ----


def test_threat_1_a_person_of_another_county_is_the_same_as_nobody(house: House) -> None:
    house.user("liwei", Role.CASEWORKER)
    headers = house.enter("liwei", Role.CASEWORKER)
    assert house.list_of(MINE, headers).status_code == 200
    absent = house.list_of(ABSENT, headers)
    assert absent.status_code == 404
    for person in (THEIRS, NOWHERE):
        answer = house.list_of(person, headers)
        assert (answer.status_code, answer.content) == (404, absent.content)
        assert set(answer.headers) == set(absent.headers)


@pytest.mark.parametrize("role", Role)
def test_threat_1_each_role_sees_the_people_of_its_subtree_or_nobody(house: House, role: Role) -> None:
    house.user("somebody", role)
    headers = house.enter("somebody", role)
    sees = role in (Role.CASEWORKER, Role.SUPERVISOR)
    found = {person: house.list_of(person, headers).status_code for person in (MINE, THEIRS, NOWHERE, ABSENT)}
    assert found == {MINE: 200 if sees else 404, THEIRS: 404, NOWHERE: 404, ABSENT: 404}


def test_an_upper_office_sees_the_counties_below_it(house: House) -> None:
    house.user("liwei", Role.CASEWORKER, "620000")
    headers = house.enter("liwei", Role.CASEWORKER, "620000")
    assert [house.list_of(person, headers).status_code for person in (MINE, THEIRS)] == [200, 200]


def test_threat_2_a_refused_list_leaves_no_run_behind(house: House) -> None:
    house.user("liwei", Role.CASEWORKER)
    headers = house.enter("liwei", Role.CASEWORKER)
    with house.engine.connect() as connection:
        before = connection.execute(select(func.count()).select_from(shortlist_runs)).scalar_one()
    house.list_of(THEIRS, headers)
    with house.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(shortlist_runs)).scalar_one() == before


def test_who_sees_a_person_but_may_not_use_the_list_for_that_purpose_is_told_so(house: House) -> None:
    house.user("liwei", Role.CASEWORKER)
    house.user("zhaoli", Role.SUPERVISOR)
    supervising = {"Yougang-Purpose": "supervision"}
    worker, supervisor = house.enter("liwei", Role.CASEWORKER), house.enter("zhaoli", Role.SUPERVISOR)
    assert house.list_of(MINE, worker, **supervising).status_code == 403
    assert house.list_of(THEIRS, worker, **supervising).status_code == 404
    assert house.list_of(MINE, supervisor, **supervising).status_code == 200
    assert house.list_of(MINE, worker, **{"Yougang-Purpose": CANARY}).status_code == 422


# ---- threat 3: no route without a policy, no way around the door ----


def routes(router: Any) -> Iterator[Any]:
    """Walk the application, also into included routers."""
    for route in router.routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if isinstance(route, Route):
            yield route
        else:
            assert inner is not None, f"unknown kind of route: {route!r}"
            yield from routes(inner)


def test_threat_3_every_route_declares_a_policy_and_has_the_guard(house: House) -> None:
    app: Any = house.client.app
    found = list(routes(app))
    assert {route.path for route in found if not isinstance(route, APIRoute)} == {"/api/v1/openapi.json"}
    endpoints = [route for route in found if isinstance(route, APIRoute)]
    assert len(endpoints) >= 9
    assert [route.path for route in endpoints if policy_of(route.endpoint) is None] == []
    assert guard in [dependency.dependency for dependency in app.router.dependencies]
    open_to_all = {route.name for route in endpoints if policy_of(route.endpoint) == OPEN}
    assert open_to_all == {"healthz", "readyz", "metrics", "sign_in", "explain", "token"}


def test_threat_3_a_route_without_a_policy_is_refused(house: House) -> None:
    app: Any = house.client.app

    def forgotten() -> str:
        return "everything"

    app.add_api_route("/api/v1/forgotten", forgotten)
    assert house.client.get("/api/v1/forgotten").status_code == 403
    assert [route.path for route in routes(app) if isinstance(route, APIRoute) and not policy_of(route.endpoint)] == [
        "/api/v1/forgotten"
    ]


def test_threat_3_routes_reach_people_through_the_scoped_door_only() -> None:
    around = {"CandidateRepository", "TableRepository", "CASE_TABLES", "tables", "load_casebook"}
    for path in sorted((ROOT / "api/routes").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not {alias.name for alias in node.names} & around, path.name


# ---- threat 4: what was taken away is gone at the next request ----


def test_threat_4_a_moved_caseworker_is_out_at_the_next_request(house: House) -> None:
    house.user("liwei", Role.CASEWORKER)
    headers = house.enter("liwei", Role.CASEWORKER)
    assert house.list_of(MINE, headers).status_code == 200
    with house.engine.begin() as connection:
        accounts = the_accounts(connection)
        user_id = accounts.get("liwei").user_id
        accounts.withdraw(user_id, place_of(Role.CASEWORKER, OWN), Role.CASEWORKER, by=COMMAND_LINE)
        accounts.grant(user_id, place_of(Role.CASEWORKER, OTHER), Role.CASEWORKER, by=COMMAND_LINE, since=TODAY)
    assert house.list_of(MINE, headers).status_code == 401
    moved = house.enter("liwei", Role.CASEWORKER, OTHER)
    with house.engine.begin() as connection:
        noted(connection).execute(update(memberships).values(valid_from=TODAY.replace(year=2020)))
    assert house.list_of(MINE, moved).status_code == 404
    assert house.list_of(THEIRS, moved).status_code == 200


def test_threat_4_a_person_who_moved_away_is_gone_at_the_next_request(house: House) -> None:
    house.user("liwei", Role.CASEWORKER)
    headers = house.enter("liwei", Role.CASEWORKER)
    with house.engine.begin() as connection:
        move(connection, MINE, OTHER)
    assert house.list_of(MINE, headers).status_code == 404


def test_threat_4_a_locked_account_is_out_at_the_next_request(house: House) -> None:
    house.user("liwei", Role.CASEWORKER)
    headers = house.enter("liwei", Role.CASEWORKER)
    with house.engine.begin() as connection:
        accounts = the_accounts(connection)
        accounts.lock(accounts.get("liwei").user_id, by=COMMAND_LINE)
    assert house.list_of(MINE, headers).status_code == 401


# ---- threats 7 and 8: a certificate number leaves no trace ----


def test_threats_7_and_8_a_certificate_number_leaves_no_trace(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.user("liwei", Role.CASEWORKER)
    headers = house.enter("liwei", Role.CASEWORKER)
    odd: list[Any] = [{"login": CANARY}, {CANARY: CANARY}, [CANARY], CANARY, {"login": CANARY, "password": CANARY}]
    odd += [{"login": CANARY, "password": CANARY, "code": CANARY, "role": CANARY}]
    odd += [{"login": CANARY * 9, "password": CANARY * 99}]
    with caplog.at_level(logging.DEBUG):
        answers = [house.client.post(SESSION, json=body) for body in odd]
        answers += [house.client.post(SESSION, content=f'{{"login": "{CANARY}'.encode(), headers=headers)]
        answers += [house.client.post(f"{SESSION}/password", json=body, headers=headers) for body in odd]
        answers += [house.client.put(f"{SESSION}/second-factor", json=body, headers=headers) for body in odd]
        answers += [house.list_of(CANARY, headers), house.list_of(MINE, headers, **{"Yougang-Purpose": CANARY})]
        answers += [house.client.get(SESSION, headers={"Cookie": f"__Host-yougang={CANARY}"})]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert CANARY not in answer.text + str(dict(answer.headers))
    assert CANARY not in "".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))
    assert CANARY not in str(house.audit())


# ---- threat 13 to 15: the audit of reads ----


def test_threat_15_each_read_of_a_person_says_who_for_whom_and_why(house: House) -> None:
    house.user("liwei", Role.CASEWORKER)
    headers = house.enter("liwei", Role.CASEWORKER)
    house.list_of(MINE, headers)
    house.list_of(THEIRS, headers)
    read, refused = house.audit()[-2:]
    with house.engine.connect() as connection:
        user_id = the_accounts(connection).get("liwei").user_id
        assert list(breaks(connection)) == []
    told = ("actor", "organisation_id", "purpose", "action", "object_kind", "object_id")
    assert tuple(read[name] for name in told) == (
        f"user:{user_id}", "office-620102", "job_matching", "shortlists.read", "candidate", MINE,
    )  # fmt: skip
    assert (refused["action"], refused["object_id"]) == ("shortlists.read.refused", None)


def test_threat_15_a_read_that_cannot_be_recorded_is_not_given(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.user("liwei", Role.CASEWORKER)
    headers = house.enter("liwei", Role.CASEWORKER)

    def broken(*_: object, **__: object) -> int:
        raise RuntimeError("disk full")

    monkeypatch.setattr("pipelines.access.scope.record", broken)
    answer = house.list_of(MINE, headers)
    assert answer.status_code == 500
    assert "items" not in answer.json()


# ---- threat 16: signing in ----


def sign_in(house: House, login: str, password: str = PASSWORD, code: str | None = None, **headers: str) -> Any:
    body = {"login": login, "password": password, "code": code}
    house.client.cookies.clear()
    return house.client.post(SESSION, json=body, headers=headers)


def test_threat_16_every_refused_login_is_answered_alike(house: House) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    house.user("locked", Role.COMPANY_POSTER, second_factor=False)
    house.user("liwei", Role.CASEWORKER)
    with house.engine.begin() as connection:
        accounts = the_accounts(connection)
        accounts.lock(accounts.get("locked").user_id, by=COMMAND_LINE)
    answers = [
        sign_in(house, "nobody"),
        sign_in(house, "poster", "wrong-password"),
        sign_in(house, "locked"),
        sign_in(house, "liwei"),
        sign_in(house, "liwei", code="000000"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert sign_in(house, "poster").status_code == 201


def test_threat_16_attempts_are_counted_even_though_they_are_refused(house: House) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    for _ in range(5):
        assert sign_in(house, "poster", "wrong-password").status_code == 401
    assert sign_in(house, "poster").status_code == 401


@pytest.mark.parametrize("login", ["poster", "nobody"])
def test_threat_16_many_attempts_are_told_to_wait_account_or_not(house: House, login: str) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    house.access.by_login = RateLimit(3, 60)
    answers = [sign_in(house, login, "wrong-password") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61


def test_threat_16_attempts_on_many_logins_from_one_place_are_told_to_wait(house: House) -> None:
    house.access.by_client = RateLimit(3, 60)
    assert [sign_in(house, f"guess-{n}").status_code for n in range(4)] == [401, 401, 401, 429]


def test_a_new_user_sets_password_and_second_factor_before_seeing_anybody(house: House) -> None:
    with house.engine.begin() as connection:
        accounts = the_accounts(connection)
        account, one_time = accounts.create("liwei", "李", by=COMMAND_LINE)
        at = place_of(Role.CASEWORKER, OWN)
        accounts.grant(account.user_id, at, Role.CASEWORKER, by=COMMAND_LINE, since=TODAY.replace(year=2020))
    first = sign_in(house, "liwei", one_time)
    assert first.json()["must_change_password"]
    page = {"X-CSRF-Token": first.json()["csrf_token"]}
    assert house.list_of(MINE, {}).json()["type"] == "/problems/password-change-required"
    old_token = house.client.cookies["__Host-yougang"]
    second = house.client.post(f"{SESSION}/password", json={"current": one_time, "new": PASSWORD}, headers=page)
    assert second.status_code == 200
    assert house.client.cookies["__Host-yougang"] != old_token
    assert house.list_of(MINE, {}).json()["type"] == "/problems/second-factor-required"
    page = {"X-CSRF-Token": second.json()["csrf_token"]}
    uri = house.client.post(f"{SESSION}/second-factor", headers=page).json()["uri"]
    totp = pyotp.parse_uri(uri)
    assert isinstance(totp, pyotp.TOTP)
    code = totp.now()
    wrong = "000000" if code != "000000" else "111111"
    put = f"{SESSION}/second-factor"
    assert house.client.put(put, json={"code": wrong}, headers=page).status_code == 401
    assert house.client.put(put, json={"code": code}, headers=page).status_code == 200
    assert house.list_of(MINE, {}).status_code == 200
    assert sign_in(house, "liwei", code=code).status_code == 401  # used up


def test_a_changed_password_ends_the_other_sessions(house: House) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    elsewhere, here = house.enter("poster", Role.COMPANY_POSTER), house.enter("poster", Role.COMPANY_POSTER)
    body = {"current": PASSWORD, "new": "another-horse-8"}
    assert house.client.post(f"{SESSION}/password", json=body, headers=here).status_code == 200
    house.client.cookies.clear()
    assert house.client.get(SESSION, headers=elsewhere).status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_other_hosts(house: House) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    cookie = sign_in(house, "poster").headers["set-cookie"].lower()
    assert cookie.startswith("__host-yougang=")
    assert {"path=/", "secure", "httponly", "samesite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "domain" not in cookie


def test_a_password_is_not_taken_over_a_channel_that_can_be_read(house: House) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    body = {"login": "poster", "password": PASSWORD}
    assert house.client.post(f"http://yougang.test{SESSION}", json=body).status_code == 403
    local = house.client.post(f"http://127.0.0.1{SESSION}", json=body)
    assert local.status_code == 201
    assert local.headers["set-cookie"].startswith("yougang=")


def test_signing_out_ends_the_session(house: House) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    headers = house.enter("poster", Role.COMPANY_POSTER)
    assert house.client.get(SESSION, headers=headers).json()["login"] == "poster"
    assert house.client.delete(SESSION, headers=headers).status_code == 204
    assert house.client.get(SESSION, headers=headers).status_code == 401


def test_without_signing_in_nobody_is_seen(house: House) -> None:
    assert {house.list_of(person, {}).status_code for person in (MINE, ABSENT)} == {401}
    assert house.list_of(MINE, {"Cookie": "__Host-yougang=made-up"}).status_code == 401
    assert house.client.get("/healthz").status_code == 200


# ---- threat 27: forged requests ----


@cache
def state_changing() -> list[tuple[str, str]]:
    """Find every state-changing route of the application, signing in apart: there is no session to forge."""
    paths = current()["paths"]
    found = [(method, path) for path, item in paths.items() for method in item if method not in ("get", "head")]
    return [entry for entry in found if entry not in (("post", SESSION), ("post", "/api/v1/oauth/token"))]


@pytest.mark.parametrize(
    "more",
    [{"X-CSRF-Token": ""}, {"X-CSRF-Token": "made-up"}, {"Origin": "https://evil.test"}, {"Origin": "null"},
     {"Origin": "http://yougang.test"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
def test_threat_27_forged_requests_change_nothing(house: House, more: dict[str, str]) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    headers = house.enter("poster", Role.COMPANY_POSTER)
    found = state_changing()
    assert len(found) >= 4
    for method, path in found:
        body = {"current": PASSWORD, "new": "another-horse-8", "code": "000000"}
        answer = house.client.request(method, path, json=body, headers={**headers, **more})
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/request-refused"), path
    assert house.client.get(SESSION, headers=headers).status_code == 200


def test_threat_27_another_sessions_token_does_not_count(house: House) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    first, second = house.enter("poster", Role.COMPANY_POSTER), house.enter("poster", Role.COMPANY_POSTER)
    mixed = {"Cookie": first["Cookie"], "X-CSRF-Token": second["X-CSRF-Token"]}
    assert house.client.delete(SESSION, headers=mixed).status_code == 403


def test_threat_27_nobody_is_signed_in_from_another_site(house: House) -> None:
    house.user("poster", Role.COMPANY_POSTER, second_factor=False)
    assert sign_in(house, "poster", Origin="https://evil.test").status_code == 403
    assert sign_in(house, "poster", Origin=HOST).status_code == 201


# ---- before the first account ----


def test_without_an_account_the_local_user_is_served_and_audited_and_with_one_no_longer(own_town: Town) -> None:
    engine = engine_for(own_town.url)
    with TestClient(
        create_app(Settings.of(own_town.url, TODAY)), base_url=LOCAL, raise_server_exceptions=False
    ) as client:
        path = f"/api/v1/candidates/{MINE}/shortlist"
        assert client.get(path, params=DAY).status_code == 200
        with engine.begin() as connection:
            assert [e["actor"] for e in events(connection) if e["action"] == "shortlists.read"] == ["local"]
            gansu_with_others(connection)
            the_accounts(connection).create("first-admin", "x", by=COMMAND_LINE)
        assert client.get(path, params=DAY).status_code == 401
    engine.dispose()


def test_sessions_are_asked_on_the_day_in_gansu(house: House) -> None:
    with house.engine.connect() as connection:
        sessions: Sessions = house.access.sessions(connection)
    assert sessions.on == today()


def test_without_an_account_another_name_for_this_machine_opens_nothing(own_town: Town) -> None:
    # A foreign page whose name is made to lead here (DNS rebinding) asks under that name, and from its own origin.
    app = create_app(Settings.of(own_town.url, TODAY))
    with TestClient(app, base_url="http://evil.example:8000", raise_server_exceptions=False) as client:
        headers = {"Origin": "http://evil.example:8000"}
        answers = [
            client.get("/api/v1/candidates", headers=headers),
            client.get(f"/api/v1/candidates/{MINE}/identity", headers={**headers, "Yougang-Purpose": "contact"}),
            client.post("/api/v1/candidates", json={}, headers={**headers, "Idempotency-Key": "rebinding-1"}),
        ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert {answer.json()["type"] for answer in answers} == {"/problems/request-refused"}
    for name in ("http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"):
        with TestClient(app, base_url=name, raise_server_exceptions=False) as client:
            assert client.get("/api/v1/candidates").status_code == 200, name
