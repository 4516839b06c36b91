"""31 | E: support "act as user" hides the real actor.

Banner, both identities in audit, no certificate view, needs TOTP.

There is no acting as anybody here, so there is no banner to show: what is tested is that no route, header, parameter,
scope, token or second identity makes somebody else of whoever asks; that an administrator sees nobody; that taking an
account over by its recovery needs its second factor and does not pass unnoticed; and that where a person's decision
comes in through the command line both are kept, who decided and who typed it.
"""

import ast
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.openapi import current
from pipelines.access.audit import events
from pipelines.access.clients import Clients
from pipelines.access.import_keys import ImportKeys
from pipelines.access.organisations import office_id
from pipelines.access.roles import COMMAND_LINE, Action, Purpose, Role, UserId, program_subject
from pipelines.store.consents import RequestRepository
from pipelines.store.session import engine_for
from tests.api.test_matrix import ABSENT, CALLS, OTHER, Province
from tests.conftest import Town, Yougang
from tests.support.accounts import KEYS, PASSWORD, a_user, the_accounts
from tests.support.service import OWN, Service
from tests.threats.doors import HERE, THERE, V1, body_of, by, there

ROOT = Path(__file__).parents[2]
SESSION = f"{V1}/session"
# What programs elsewhere take for "do this as": of proxies, of support consoles, of delegation.
HATS = (
    "X-Act-As", "X-Acting-As", "X-Impersonate-User", "Impersonate-User", "Sudo", "X-Sudo", "X-Run-As", "X-On-Behalf-Of",
    "On-Behalf-Of", "X-User", "X-User-Id", "X-Login", "X-Remote-User", "Remote-User", "X-Forwarded-User",
    "X-Authenticated-User", "X-Yougang-User", "Yougang-User", "X-Role", "Yougang-Role", "X-Organisation-Id",
    "Yougang-Organisation", "X-Actor", "From", "X-Original-User", "X-MS-Client-Principal-Name",
)  # fmt: skip
WORDS = ("act_as", "as_user", "user", "user_id", "login", "role", "organisation_id", "actor", "sudo", "on_behalf_of")
READ_BY_THE_PROGRAM = {
    "X-CSRF-Token", "Yougang-Purpose", "X-API-Key", "authorization", "origin", "sec-fetch-site", "Idempotency-Key",
    "accept", "content-type", "content-length", "accept-encoding", "hx-request",
}  # fmt: skip


def _user_id(house: Service, login: str) -> UserId:
    with house.engine.connect() as connection:
        return the_accounts(connection).get(login).user_id


def _hats(*names: str) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield headers and parameters that name somebody in every way at once."""
    for name in names:
        yield dict.fromkeys(HATS, name), dict.fromkeys(WORDS, name)


def _last(house: Service) -> int:
    with house.engine.connect() as connection:
        return int(max(event["sequence"] for event in events(connection)))


def check_nobody_becomes_somebody_else(house: Service) -> None:
    """Ask as a caseworker and as an administrator, wearing the name of who may more."""
    other, mine = (_user_id(house, login) for login in ("there", "here"))
    names = ("there", "here", "chief", other, mine, f"user:{other}", office_id("620502"), Role.SUPERVISOR.value)
    for login, role, person in (
        ("here", Role.CASEWORKER, THERE),
        ("first-admin", Role.ADMINISTRATOR, HERE),
        ("first-admin", Role.ADMINISTRATOR, THERE),
    ):
        headers = by(house, login, role)
        path = f"{V1}/candidates/{person}"
        bare, before, own = house.client.get(path, headers=headers), _last(house), _user_id(house, login)
        assert bare.status_code == 404
        for more, asked in _hats(*names):
            answer = house.client.get(path, headers={**headers, **more}, params=asked)
            assert (answer.status_code, body_of(answer)) == (404, body_of(bare)), (login, asked)
            session = house.client.get(SESSION, headers={**headers, **more}, params=asked).json()
            assert (session["login"], session["role"]) == (login, role.value)
        with house.engine.connect() as connection:
            told = {(event["actor"], event["organisation_id"]) for event in events(connection, after=before)}
        assert told <= {(f"user:{own}", office_id(OWN))}


def test_no_header_or_parameter_makes_somebody_else_of_who_asks(house: Service) -> None:
    check_nobody_becomes_somebody_else(house)


def test_change_is_told_of_who_made_it_whoever_it_names(house: Service) -> None:
    person, headers = f"{V1}/candidates/{HERE}", by(house)
    etag = house.client.get(person, headers=headers).headers["ETag"]
    before, other = _last(house), _user_id(house, "chief")
    for more, asked in _hats(other):
        sent = {**headers, **more, "If-Match": etag}
        assert house.client.patch(person, json={"skills": ["打字"]}, headers=sent, params=asked).status_code == 200
        refused = house.client.patch(person, json={"skills": ["缝纫"], "actor": other}, headers=sent)
        assert refused.status_code == 422
    with house.engine.connect() as connection:
        written = [event for event in events(connection, after=before) if event["action"].endswith(".write")]
    assert {(e["actor"], e["organisation_id"]) for e in written} == {
        (f"user:{_user_id(house, 'here')}", office_id(OWN))
    }


def test_no_route_lets_an_administrator_at_a_person_under_whatever_name(whole: Province) -> None:
    headers = whole.enter(Role.ADMINISTRATOR)
    n_asked = 0
    for more, _ in _hats(f"caseworker-{OTHER}"):
        for (method, path), call in CALLS.items():
            if not {"candidate", "placement", "run", "consent", "request", "review", "claim"} & set(
                call.names.values()
            ):
                continue
            for objects in (whole.theirs, ABSENT):
                answer = whole.call(method, path, call, objects, {**headers, **more})
                assert answer.status_code in (403, 404), (method, path, answer.text)
            n_asked += 1
    assert n_asked >= 20


def _names_in(document: Mapping[str, Any]) -> set[str]:
    """Return every name that a request can carry: parameters, headers, and fields of bodies."""
    names: set[str] = set()
    for item in document["paths"].values():
        for operation in item.values():
            names |= {parameter["name"] for parameter in operation.get("parameters", [])}
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                name = schema.get("$ref", "").rpartition("/")[2]
                names |= set(document["components"]["schemas"].get(name, schema).get("properties", {}))
    return names


def _paths_naming(name: str, document: Mapping[str, Any]) -> set[str]:
    """Return the paths whose requests can carry a name."""
    paths = document["paths"].items()
    return {path for path, item in paths if name in _names_in({**document, "paths": {path: item}})}


def test_nothing_that_a_request_can_carry_and_no_scope_speaks_of_acting_as_another() -> None:
    document = current()
    names = _names_in(document)
    assert len(names) > 80
    scopes = document["components"]["securitySchemes"]["client"]["flows"]["clientCredentials"]["scopes"]
    marks = ("act_as", "acting", "behalf", "impersonat", "sudo", "as_user", "run_as", "assume", "delegat", "masquerad")
    told = {word.lower().replace("-", "_") for word in (*names, *scopes, *document["paths"])}
    assert not [word for word in told if any(mark in word for mark in marks)]
    # The audit is filtered by actor; a colleague is named as whose people are asked for or who takes a person (below);
    # what names a user otherwise is the form of signing in, with the password.
    assert names & {"user_id", "user", "actor", "login", "role"} == {"actor", "login", "role", "user_id"}
    assert _paths_naming("user_id", document) == {
        "/api/v1/caseload",
        "/api/v1/candidates/{candidate_id}/caseworkers",
    }
    forms = {
        name for name, schema in document["components"]["schemas"].items() if "login" in schema.get("properties", {})
    }
    assert all("password" in document["components"]["schemas"][name]["properties"] for name in forms)


def test_program_reads_no_header_but_those_that_are_known() -> None:
    read: set[str] = set()
    constants: dict[str, str] = {}
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "api").rglob("*.py"))]
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            names, values = (
                part.elts if isinstance(part, ast.Tuple) else [part] for part in (node.targets[0], node.value)
            )
            for name, value in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    constants[name.id] = value.value
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            held = node.func.value
            if (held.attr if isinstance(held, ast.Attribute) else getattr(held, "id", "")) == "headers":
                asked = node.args[0]
                read.add(str(asked.value) if isinstance(asked, ast.Constant) else constants[ast.unparse(asked)])
    assert len(read) >= 8
    assert read <= READ_BY_THE_PROGRAM


# Signing in, tokens and keys: nobody's but their own


def _enter(house: Service, login: str, **more: str) -> Any:
    house.client.cookies.clear()
    return house.client.post(SESSION, json={"login": login, "password": PASSWORD, **more})


def test_signing_in_gives_no_role_and_no_office_that_somebody_does_not_have(house: Service) -> None:
    with house.engine.begin() as connection:
        a_user(connection, "firm", Role.COMPANY_POSTER, OWN, second_factor=False)
    assert _enter(house, "firm").status_code == 201
    for more in (
        {"role": Role.ADMINISTRATOR.value},
        {"role": Role.CASEWORKER.value},
        {"organisation_id": office_id(OWN)},
        {"role": Role.CASEWORKER.value, "organisation_id": office_id(OWN)},
    ):
        assert _enter(house, "firm", **more).status_code == 401


def check_two_identities_are_none(house: Service) -> None:
    """Ask with a session and a token, and with a session and a key, of which one alone sees the person."""
    with house.engine.begin() as connection:
        machines = Clients(connection, vault=house.access.vault, now=datetime.now(UTC))
        client, secret = machines.add(
            "数据交换", office_id(OTHER), Role.CASEWORKER, [Action.READ_CANDIDATES], by=COMMAND_LINE
        )
        keys = ImportKeys(connection, vault=house.access.vault, now=datetime.now(UTC))
        _, key = keys.add("平台", office_id(OTHER), Role.CASEWORKER, days=30, by=COMMAND_LINE)
    house.client.cookies.clear()
    asked = {"grant_type": "client_credentials"}
    token = house.client.post(f"{V1}/oauth/token", data=asked, auth=(client.client_id, secret)).json()["access_token"]
    machine = {"Authorization": f"Bearer {token}"}
    assert house.client.get(f"{V1}/candidates/{THERE}", headers=machine).status_code == 200
    for second in (machine, {"X-API-Key": key}):
        session = by(house, "first-admin", Role.ADMINISTRATOR)
        before = _last(house)
        answer = house.client.get(f"{V1}/candidates/{THERE}", headers={**session, **second})
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/request-refused")
        assert _last(house) == before


def test_request_with_two_identities_is_answered_to_neither(house: Service) -> None:
    check_two_identities_are_none(house)


def test_token_is_never_somebody_elses_than_the_machines(house: Service) -> None:
    with house.engine.begin() as connection:
        machines = Clients(connection, vault=house.access.vault, now=datetime.now(UTC))
        client, secret = machines.add(
            "数据交换", office_id(OWN), Role.CASEWORKER, [Action.READ_CANDIDATES], by=COMMAND_LINE
        )
    house.client.cookies.clear()
    person = _user_id(house, "chief")
    grants = ("password", "urn:ietf:params:oauth:grant-type:token-exchange", "authorization_code", "refresh_token")
    named = {"username": "chief", "password": PASSWORD, "subject_token": person, "requested_subject": person}
    for grant in grants:
        asked = {"grant_type": grant, **named}
        refused = house.client.post(f"{V1}/oauth/token", data=asked, auth=(client.client_id, secret))
        assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")
    asked = {"grant_type": "client_credentials", **named}
    token = house.client.post(f"{V1}/oauth/token", data=asked, auth=(client.client_id, secret)).json()["access_token"]
    before = _last(house)
    answer = house.client.get(
        f"{V1}/candidates/{HERE}", headers={"Authorization": f"Bearer {token}", "X-Act-As": person}
    )
    assert answer.status_code == 200
    with house.engine.connect() as connection:
        assert {event["actor"] for event in events(connection, after=before)} == {f"client:{client.client_id}"}


# Recovery: the one way in which an administrator touches somebody's account


def check_recovery_opens_nothing(house: Service) -> None:
    """Let an administrator give somebody a new password and try to come in with it."""
    own = by(house)
    assert house.client.get(f"{V1}/candidates/{HERE}", headers=own).status_code == 200
    before = _last(house)
    with house.engine.begin() as connection:
        password = the_accounts(connection).reset(_user_id(house, "here"), by=COMMAND_LINE)
    assert house.client.get(f"{V1}/candidates/{HERE}", headers=own).status_code == 401, "the person has to notice"
    house.client.cookies.clear()
    refused = house.client.post(SESSION, json={"login": "here", "password": password})
    assert refused.status_code == 401, "without the second factor a password is worth nothing"
    with house.engine.connect() as connection:
        told = [(e["action"], e["actor"], e["object_id"]) for e in events(connection, after=before)]
    assert ("user.reset", "command-line", _user_id(house, "here")) in told
    assert not [action for action, *_ in told if action == "session.open"]


def test_administrator_who_resets_a_password_does_not_come_in_with_it_and_the_audit_says_who_did(
    house: Service,
) -> None:
    check_recovery_opens_nothing(house)


def test_account_taken_over_whole_shows_no_person_before_a_new_password_and_a_new_second_factor(house: Service) -> None:
    before = _last(house)
    with house.engine.begin() as connection:
        password = the_accounts(connection).reset(_user_id(house, "here"), by=COMMAND_LINE, second_factor=True)
    house.client.cookies.clear()
    entered = house.client.post(SESSION, json={"login": "here", "password": password})
    assert (entered.status_code, entered.json()["must_change_password"]) == (201, True)
    assert entered.json()["needs_second_factor"] is True
    refused = house.client.get(f"{V1}/candidates/{HERE}")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/password-change-required")
    changed = house.client.post(
        f"{SESSION}/password",
        json={"current": password, "new": "another-horse-8-battery"},
        headers={"X-CSRF-Token": entered.json()["csrf_token"]},
    )
    assert changed.status_code == 200, changed.text
    refused = house.client.get(f"{V1}/candidates/{HERE}")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/second-factor-required")
    with house.engine.connect() as connection:
        told = [(e["action"], e["details"]) for e in events(connection, after=before) if e["object_id"]]
    assert told[0] == ("user.reset", '{"second_factor": true}')


def test_nobody_but_the_person_reads_the_certificate_number_not_even_with_every_purpose(house: Service) -> None:
    asked = f"{V1}/candidates/{THERE}/identity"
    for login, role, code in (("first-admin", Role.ADMINISTRATOR, OWN), ("here", Role.CASEWORKER, OWN)):
        for purpose in Purpose:
            headers = {**by(house, login, role, code), **dict.fromkeys(HATS, "there"), "Yougang-Purpose": purpose.value}
            assert house.client.get(asked, headers=headers).status_code == 404
    assert house.client.get(asked, headers={**there(house), "Yougang-Purpose": "contact"}).status_code == 200


def test_decision_that_comes_in_through_the_command_line_names_who_decided_and_who_typed(
    own_town: Town, yougang: Yougang
) -> None:
    placements = (own_town.tables / "placements.csv").read_text("utf-8-sig").splitlines()
    person = placements[1].split(",")[1]  # evidence of a placement is kept, and with it the request
    assert yougang("erase", person, "--reason", "本人要求", at=own_town).code == 2
    assert yougang("erase", person, "--by", "  ", "--reason", "本人要求", at=own_town).code == 4
    assert yougang("erase", person, "--by", "赵丽", "--reason", "本人要求", at=own_town).code == 0
    engine = engine_for(own_town.url, KEYS)
    with engine.connect() as connection:
        kept = RequestRepository(connection, program_subject()).of(person, ["erasure"])
        told = [e for e in events(connection) if e["action"] == "requests.granted" and e["object_id"] == person]
    engine.dispose()
    assert [(row["decided_by"], row["decision"]["decider"]) for row in kept] == [("command-line", "赵丽")]
    assert [event["actor"] for event in told] == ["command-line"]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.ANALYST])
def test_who_keeps_accounts_the_audit_or_the_models_sees_nobody_in_any_list(whole: Province, role: Role) -> None:
    headers = whole.enter(role)
    for path in (f"{V1}/candidates", f"{V1}/interactions", f"{V1}/placements", f"{V1}/services"):
        answer = whole.client.get(path, headers=headers)
        assert answer.status_code == 403 or answer.json()["items"] == [], (role, path)
