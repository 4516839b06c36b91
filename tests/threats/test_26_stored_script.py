"""26 | T/I: stored script in vacancy text, HTMX swap, PDF.

Payload corpus in each text field: escaped; strict CSP with nonces, no inline script.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select, update
from starlette.requests import Request

from api.errors import kinds
from api.logs import FOR_DATA, for_pages, nonce_of
from pipelines.access.roles import Action, Role
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES, COURSES, INTERACTIONS, PLACEMENTS, SERVICES, VACANCIES, TableSpec
from pipelines.store.repositories import TableRepository
from pipelines.store.tables import CASE_TABLES
from tests.api.test_matrix import Province
from tests.support.accounts import a_user
from tests.support.pages import Visitor, on_that_day
from tests.support.province import TODAY
from tests.support.service import OWN, Service
from tests.support.stores import PROGRAM, noted
from tests.threats.doors import HERE, V1, a_province, by

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "<div hx-get='/api/v1/session' hx-trigger='load'>",
    "'-alert(1)-'",
    "<!--<iframe srcdoc='<script>alert(1)</script>'>",
    "＜script＞alert(1)＜/script＞",
)
TABLES: tuple[tuple[TableSpec, str], ...] = (
    (VACANCIES, "vacancies/x-1"),
    (COURSES, "courses/x-1"),
    (CANDIDATES, "candidates/x-1"),
    (PLACEMENTS, "placements/x-1"),
    (SERVICES, "services"),
)


def _free_texts(spec: TableSpec) -> list[str]:
    """Return the columns in which anything may be written."""
    own = {"candidate_id", "vacancy_id", "employer_id", "region", "household_id", "certificate_number"}
    return [c.name for c in spec.columns if c.stored == "text" and c.name not in own and c.name not in spec.key]


def _put(house: Service, spec: TableSpec, payload: str) -> None:
    row = {**dict.fromkeys(spec.by_name), **dict.fromkeys(_free_texts(spec), payload)}
    row |= {name: "x-1" for name in spec.key if name != "kind" and name != "on"}
    if spec in (PLACEMENTS, SERVICES):
        row["candidate_id"] = HERE
    if spec is SERVICES:
        row |= {"kind": spec.column("kind").parse("training"), "on": spec.column("on").parse("2026-01-01")}
    if spec is CANDIDATES:
        row["region"] = OWN
    with house.engine.begin() as connection:
        TableRepository(noted(connection), spec, PROGRAM).insert([row])


def check_answer_is_inert(answer: Any) -> None:
    """See that whatever an answer holds, a browser runs nothing of it."""
    kind = answer.headers["Content-Type"]
    assert kind.split(";")[0] in ("application/json", "application/problem+json"), kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert policy == FOR_DATA
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    json.loads(answer.text)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_script_in_any_text_comes_out_as_data_that_no_browser_runs(house: Service, payload: str) -> None:
    headers = by(house)
    n_texts = 0
    for spec, path in TABLES:
        _put(house, spec, payload)
        n_texts += len(_free_texts(spec))
        answer = house.client.get(f"{V1}/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        check_answer_is_inert(answer)
    assert n_texts >= 12
    for path in ("vacancies", "candidates", "courses", "services", "placements"):
        check_answer_is_inert(house.client.get(f"{V1}/{path}", headers=headers))


class _Page(HTMLParser):
    """What a browser would see on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_pages_hold_no_script_and_no_handler_and_only_what_carries_the_nonce_may_run(house: Service) -> None:
    nonces = set()
    for kind in [*kinds(), "x"]:
        answer = house.client.get(f"/problems/{kind}")
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
        if answer.status_code != 200:
            continue
        page = _Page()
        page.feed(answer.text)
        assert not {"script", "style", "iframe", "object"} & set(page.tags)
        assert not [name for name in page.attributes if name.startswith(("on", "hx-")) or name == "style"]
        nonces |= set(re.findall(r"'nonce-([^']+)'", policy))
    assert len(nonces) > 3


def _poisoned(whole: Province, person: str) -> None:
    """Write payloads into every vacancy and employer, and into what is free of a person."""
    with whole.engine.begin() as connection:
        noted(connection)
        for table, key, columns in (
            ("vacancies", "vacancy_id", ("title", "description", "address", "employer_name")),
            ("employers", "employer_id", ("name", "address", "industry", "contact")),
        ):
            of = CASE_TABLES[table]
            for place, one in enumerate(sorted(connection.execute(select(of.c[key])).scalars())):
                payload = PAYLOADS[place % len(PAYLOADS)]
                connection.execute(update(of).where(of.c[key] == one).values(**dict.fromkeys(columns, payload)))
        people = People(connection, PROGRAM)
        version = people.one(person, Action.READ_CANDIDATES).row.version
        cells = {"experience": PAYLOADS[0], "skills": PAYLOADS[1], "name": PAYLOADS[0], "address": PAYLOADS[3]}
        assert people.change(person, cells, version, on=TODAY) is not None
        facts = {"vacancy_id": "demo-v-0001", "kind": "declined_by_candidate", "at": TODAY.isoformat()}
        row = {"candidate_id": person, **facts, "reason": PAYLOADS[2]}
        Register(connection, INTERACTIONS, PROGRAM).add(row, Action.WRITE_INTERACTIONS, on=TODAY)


def test_no_page_about_a_person_runs_what_was_written_into_a_vacancy_or_a_record(tmp_path: Path) -> None:
    with on_that_day(), a_province(tmp_path) as own:
        person = "demo-c-00001"
        _poisoned(own, person)
        with own.engine.begin() as connection:
            a_user(connection, "caseworker-620000", Role.CASEWORKER, "620000")
        visitor = Visitor(own.client, own.enter(Role.CASEWORKER, "620000"))
        shown = visitor.open(f"/people/{person}/list")
        run = visitor.path.rpartition("/")[2]
        payload = quote(PAYLOADS[0])
        pages = [
            f"/people/{person}", f"/people/{person}/list", f"/people/{person}/lists/{run}/map",
            f"/people/{person}/lists/{run}/compare?v=demo-v-0001&v=demo-v-0002", f"/people/{person}/ask?post={payload}",
            f"/people/{person}/ask?post=demo-v-0001", f"/people/{person}/income?vacancy=demo-v-0001",
            f"/people/{person}/recourse/demo-v-0001",
            f"/people/{person}/sheets/person?run={run}", f"/people/{person}/sheets/file?run={run}",
            f"/people/{person}/sheets/employer?v=demo-v-0001", "/", "/people", f"/sign-in?next={payload}",
        ]  # fmt: skip
        n_shown = 0
        for path in pages:
            shown = visitor.open(path)
            policy = visitor.answer.headers["Content-Security-Policy"]
            assert "unsafe" not in policy
            n_shown += "alert(1)" in shown.text
            for tag, attributes in shown.tags:
                assert tag not in ("iframe", "object", "img", "style"), (path, tag)
                assert tag != "script" or attributes["src"].startswith("/static/"), path
                assert not [name for name in attributes if name.startswith("on") or name == "style"], (path, tag)
                assert not attributes.get("href", "").startswith("javascript:"), path
        assert n_shown >= 8
        told = visitor.client.get(f"/people/{person}/sheets/file.pdf?run={run}", headers=visitor.headers)
        assert told.headers["Content-Type"] == "application/pdf"
        assert b"/JavaScript" not in told.content
        assert b"/JS" not in told.content


def test_address_of_a_page_is_never_part_of_it(house: Service) -> None:
    for payload in PAYLOADS:
        answer = house.client.get(f"/problems/{payload}")
        assert answer.status_code == 404
        assert "alert(1)" not in answer.text


def test_nonce_of_each_answer_is_its_own() -> None:
    first, second = (Request({"type": "http", "state": {}}) for _ in range(2))
    assert nonce_of(first) == nonce_of(first) != nonce_of(second)
    assert f"script-src 'self' 'nonce-{nonce_of(first)}'" in for_pages(nonce_of(first))


def test_refused_script_is_not_repeated(house: Service) -> None:
    for payload in PAYLOADS:
        answer = house.client.post(f"{V1}/candidates", json={"grade": payload, payload: 1}, headers=by(house))
        assert answer.status_code == 422
        assert "alert(1)" not in answer.text
        check_answer_is_inert(answer)
        check_answer_is_inert(house.client.get(f"{V1}/candidates", headers=by(house, "chief", Role.SUPERVISOR)))
