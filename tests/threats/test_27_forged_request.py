"""27 | T: CSRF on HTMX or form.

Each state-changing route without token or with foreign origin: 403.
"""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from fastapi import Response
from starlette.requests import Request

from api.access import CSRF_HEADER, OPEN, policy_of, set_cookie
from api.forms import unmasked
from pipelines.access.audit import events
from pipelines.access.roles import Role
from pipelines.access.sessions import Opened
from tests.api.test_matrix import CALLS, OTHER, Call, Province
from tests.console.test_matrix import PAGES, ask, pages_of
from tests.support.pages import Read
from tests.support.service import HOST, Service
from tests.threats.claims import NOW
from tests.threats.doors import HERE, V1, by, writing_routes

FORGED: dict[str, dict[str, str | None]] = {
    "without the token": {CSRF_HEADER: None},
    "with another's token": {CSRF_HEADER: "0" * 64},
    "from a foreign page": {"Origin": "https://evil.example"},
    "from a page whose name begins alike": {"Origin": f"{HOST}.evil.example"},
    "from a page without an origin": {"Origin": "null"},
    "from another site": {"Sec-Fetch-Site": "cross-site"},
    "from a neighbour": {"Sec-Fetch-Site": "same-site"},
    "as htmx would from elsewhere": {CSRF_HEADER: None, "HX-Request": "true", "Origin": "https://evil.example"},
}


def _forged(headers: dict[str, str], change: dict[str, str | None]) -> dict[str, str]:
    own = {name: value for name, value in headers.items() if name not in change}
    return own | {name: value for name, value in change.items() if value is not None}


def test_every_route_that_changes_something_refuses_what_did_not_come_from_our_own_page(whole: Province) -> None:
    headers = {**whole.enter(Role.CASEWORKER, OTHER), "Idempotency-Key": str(uuid4()), "If-Match": '"1"'}
    routes = [
        (method, path) for method, path, route in writing_routes(whole.client.app) if policy_of(route.endpoint) != OPEN
    ]
    assert len(routes) > 25
    with whole.engine.connect() as connection:
        before = [event["sequence"] for event in events(connection)][-1]
    for method, path in routes:
        call = CALLS.get((method, path))
        address = path
        for name, kind in (call.names if call else {}).items():
            address = address.replace(f"{{{name}}}", whole.theirs[kind])
        more: dict[str, Any] = {"json": call.body} if call and call.body is not None else {}
        for how, change in FORGED.items():
            answer = whole.client.request(method, address, headers=_forged(headers, change), **more)
            assert answer.status_code == 403, (how, method, path, answer.text)
            assert answer.json()["type"] == "/problems/request-refused", (how, method, path)
    with whole.engine.connect() as connection:
        assert list(events(connection, after=before)) == []


def test_every_page_that_changes_something_refuses_what_did_not_come_from_our_own_page(whole: Province) -> None:
    headers = {**whole.enter(Role.CASEWORKER, OTHER), "Accept": "text/html"}
    pages = [
        (method, path, policy_of(route.endpoint))
        for method, path, route in pages_of(whole.client.app)
        if method not in ("GET", "HEAD")
    ]
    assert len(pages) > 8
    with whole.engine.connect() as connection:
        before = [event["sequence"] for event in events(connection)][-1]
    for method, path, policy in pages:
        call = PAGES.get((method, path), Call())
        ways = {**FORGED, "with a mask of nothing": {CSRF_HEADER: None, "Cookie": headers["Cookie"]}}
        if policy is not None and not policy.needs_session:
            ways = {how: change for how, change in FORGED.items() if CSRF_HEADER not in change}
        for how, change in ways.items():
            form = replace(call, form={**(call.form or {}), "csrf_token": "x"})
            answer = ask(whole, method, path, form, whole.theirs, _forged(headers, change))
            assert answer.status_code == 403, (how, method, path)
            assert "请求未通过来源校验" in answer.text, (how, method, path)
    with whole.engine.connect() as connection:
        assert list(events(connection, after=before)) == []


def test_token_in_a_page_is_masked_anew_each_time_and_counts_for_its_session_alone(whole: Province) -> None:
    headers = whole.enter(Role.CASEWORKER, OTHER)
    cookie = {"Cookie": headers["Cookie"]}
    texts = [whole.client.get("/people/new", headers=cookie).text for _ in range(2)]
    first, second = (Read(text).form("/people/new").fields["csrf_token"][0] for text in texts)
    assert first != second
    assert unmasked(first) == unmasked(second) == headers[CSRF_HEADER]
    assert headers[CSRF_HEADER] not in texts[0]
    call = Call(form={"who": "x", "csrf_token": first})
    assert ask(whole, "POST", "/people/search", call, whole.theirs, cookie).status_code == 200
    other = {"Cookie": whole.enter(Role.CASEWORKER, OTHER)["Cookie"]}
    assert ask(whole, "POST", "/people/search", call, whole.theirs, other).status_code == 403


def check_form_of_another_site_changes_nothing(house: Service) -> None:
    """Send a change with somebody's cookie and without the token of our own page."""
    person = f"{V1}/candidates/{HERE}"
    headers = by(house)
    etag = house.client.get(person, headers=headers).headers["ETag"]
    forged = _forged({**headers, "If-Match": etag}, {CSRF_HEADER: None})
    assert house.client.patch(person, json={"hukou": "rural"}, headers=forged).status_code == 403
    assert house.client.get(person, headers=headers).json()["hukou"] is None


def test_form_of_another_site_changes_nothing(house: Service) -> None:
    check_form_of_another_site_changes_nothing(house)


def test_token_of_another_session_of_the_same_person_does_not_count(house: Service) -> None:
    first, second = by(house), by(house)
    mixed = {**first, CSRF_HEADER: second[CSRF_HEADER]}
    answer = house.client.post(f"{V1}/candidates", json={"region": "620102"}, headers=mixed)
    assert answer.status_code == 403


def test_cookie_is_sent_along_by_no_other_sites_form() -> None:
    scope = {"type": "http", "scheme": "https", "path": "/", "headers": [], "server": ("yougang.test", 443)}
    response = Response()
    set_cookie(Request(scope), response, Opened("token", "csrf", NOW))
    cookie = response.headers["set-cookie"].lower()
    assert "samesite=lax" in cookie or "samesite=strict" in cookie
    assert "httponly" in cookie
    assert "secure" in cookie
    assert cookie.startswith("__host-")
