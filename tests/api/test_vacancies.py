"""Vacancies and employers over HTTP: who may call what, versions, repeats, pages, and what problems say."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event, func, select
from starlette.testclient import TestClient

from api.access import Access
from api.app import create_app
from api.settings import Settings
from matching.vocabulary import YesNo
from pipelines.access.audit import events
from pipelines.access.roles import Role
from pipelines.schema import CANDIDATES, PLACEMENTS, VACANCIES
from pipelines.store.repositories import CandidateRepository, PlacementRepository, VacancyRepository
from pipelines.store.session import engine_for
from pipelines.store.tables import users
from pipelines.store.workflow_tables import vacancy_workflow
from tests.support.accounts import KEYS, give_second_factor, the_accounts
from tests.support.firms import DAY, ELSEWHERE, FIRM, HERE, OTHER_FIRM, in_role, somebody, two_firms
from tests.support.stores import PROGRAM, noted

HOST = "https://yougang.test"
VACANCIES_PATH, EMPLOYERS_PATH = "/api/v1/vacancies", "/api/v1/employers"
BODY: dict[str, Any] = {
    "title": "文员",
    "description": "整理档案，录入数据。",
    "kind": "open",
    "region": HERE,
    "openings": 2,
    "wage_min": "3000",
    "wage_max": "4000.50",
    "demands": {"hands": 3, "sitting": 2},
    "accommodations": {"screen_reader": "declared"},
    "closes_on": "2027-06-30",
    "tasks": [{"text": "录入数据", "functions": ["hands"]}],
    "accommodation_contact": "人事部 0931-0000000",
}
CANARY = "canary-62010219900101123X"


@dataclass
class Doors:
    """A service with two companies, an office in each county, and everybody's headers."""

    engine: Engine
    client: TestClient
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def enter(self, login: str, role: Role, at: str = HERE) -> None:
        """Add somebody and sign them in past the form."""
        access: Access = self.client.app.state.access  # type: ignore[attr-defined]  # the application is ours
        with self.engine.begin() as connection:
            subject = somebody(connection, login, role, at)
            account = the_accounts(connection).get(login)
            if role not in (Role.COMPANY_POSTER, Role.COMPANY_APPROVER):
                give_second_factor(connection, account.user_id, login)
            ready = {"must_change_password": False}
            connection.execute(users.update().where(users.c.user_id == account.user_id).values(**ready))
            assert subject.organisation_id is not None
            opened = access.sessions(connection).open(account.user_id, subject.organisation_id, role)
        self.headers[login] = {"Cookie": f"__Host-yougang={opened.token}", "X-CSRF-Token": opened.csrf_token}

    def call(self, who: str, method: str, path: str, *, version: str | None = None, **more: Any) -> Any:
        """Call a route as somebody, with a version or a fresh key where one is needed."""
        headers = {**self.headers[who], **more.pop("headers", {})}
        if version is not None:
            headers["If-Match"] = version
        if method == "POST":
            headers["Idempotency-Key"] = more.pop("key", uuid4().hex)
        return self.client.request(method, path, headers=headers, **more)

    def draft(self, who: str = "poster", **different: Any) -> Any:
        """Make a draft."""
        answer = self.call(who, "POST", VACANCIES_PATH, json={**BODY, **different})
        assert answer.status_code == 201, answer.text
        return answer

    def act(self, who: str, answer: Any, act: str, **more: Any) -> Any:
        """Do an act to what an answer told of."""
        document = answer.json()
        vacancy_id = document.get("vacancy", document)["vacancy_id"]
        path = f"{VACANCIES_PATH}/{vacancy_id}/{act}"
        return self.call(who, "POST", path, version=answer.headers["ETag"], **more)

    def published(self, **different: Any) -> Any:
        """Take a draft as far as published."""
        approved = self.act("approver", self.act("poster", self.draft(**different), "check"), "approve")
        assert approved.status_code == 200, approved.text
        return self.act("poster", approved, "publish")


@pytest.fixture
def doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    monkeypatch.setenv("YOUGANG_KEYS", KEYS)
    for module in ("vacancies", "employers"):
        monkeypatch.setattr(f"api.routes.{module}.today", lambda: DAY)
    url = f"sqlite:///{tmp_path / 'doors.db'}"
    app = create_app(Settings.of(url, DAY))
    engine = engine_for(url, KEYS)
    with engine.begin() as connection:
        two_firms(connection)
    with TestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
        doors = Doors(engine, client)
        doors.enter("poster", Role.COMPANY_POSTER, FIRM)
        doors.enter("approver", Role.COMPANY_APPROVER, FIRM)
        doors.enter("stranger", Role.COMPANY_APPROVER, OTHER_FIRM)
        doors.enter("liwei", Role.CASEWORKER, HERE)
        doors.enter("wangfang", Role.CASEWORKER, ELSEWHERE)
        yield doors
    engine.dispose()


# ---- the way over HTTP ----


def test_a_vacancy_goes_from_draft_to_closed_over_http(doors: Doors) -> None:
    draft = doors.draft()
    assert draft.headers["Location"] == f"{VACANCIES_PATH}/{draft.json()['vacancy_id']}"
    assert (draft.json()["wage_max"], draft.json()["employer_name"]) == ("4000.5", "甲公司")
    assert draft.json()["work"]["possible"] == ["change", "check", "close"]
    checked = doors.act("poster", draft, "check")
    assert (checked.json()["check"]["passed"], checked.json()["vacancy"]["work"]["state"]) == (True, "checked")
    approved = doors.act("approver", checked, "approve")
    published = doors.act("poster", approved, "publish")
    assert (published.json()["work"]["state"], published.json()["work"]["live"]) == ("published", "published")
    confirmed = doors.act("poster", published, "confirm")
    closed = doors.act("poster", confirmed, "close", json={"reason": "filled"})
    assert closed.json()["work"]["state"] == "closed"
    latest = doors.call("poster", "GET", f"{VACANCIES_PATH}/{draft.json()['vacancy_id']}/check")
    assert latest.json() == checked.json()["check"]


def test_an_act_that_is_not_possible_is_a_409_that_says_what_is(doors: Doors) -> None:
    refused = doors.act("poster", doors.draft(), "publish")
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/not-possible"
    assert (refused.json()["state"], refused.json()["possible"]) == ("draft", ["change", "check", "close"])


def test_threat_17_own_work_is_a_403_of_its_own(doors: Doors) -> None:
    checked = doors.act("approver", doors.draft("approver"), "check")
    refused = doors.act("approver", checked, "approve")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/own-work")
    assert doors.act("poster", checked, "approve").json()["type"] == "/problems/forbidden"
    assert doors.act("liwei", checked, "approve").status_code == 200  # nobody else of the company may


def test_a_change_needs_the_version_and_a_stale_one_is_refused(doors: Doors) -> None:
    draft = doors.draft()
    path = f"{VACANCIES_PATH}/{draft.json()['vacancy_id']}"
    assert doors.call("poster", "PATCH", path, json={"openings": 3}).status_code == 428
    changed = doors.call("poster", "PATCH", path, json={"openings": 3}, version=draft.headers["ETag"])
    assert (changed.status_code, changed.json()["openings"], changed.json()["title"]) == (200, 3, "文员")
    stale = doors.call("poster", "PATCH", path, json={"openings": 9}, version=draft.headers["ETag"])
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/stale-version")
    for act in ("check", "approve", "publish", "confirm"):
        assert doors.call("approver", "POST", f"{path}/{act}").status_code == 428


def test_a_merge_patch_takes_away_with_null_and_merges_objects(doors: Doors) -> None:
    draft = doors.draft()
    path = f"{VACANCIES_PATH}/{draft.json()['vacancy_id']}"
    body = {
        "description": None,
        "demands": {"sitting": None, "walking": 1},
        "tasks": None,
        "accommodation_contact": None,
    }
    changed = doors.call("poster", "PATCH", path, json=body, version=draft.headers["ETag"]).json()
    assert (changed["description"], changed["demands"]) == (None, {"hands": 3, "walking": 1})
    assert (changed["tasks"], changed["accommodation_contact"]) == (None, None)


def test_the_employer_of_a_vacancy_never_changes(doors: Doors) -> None:
    draft = doors.draft()
    path = f"{VACANCIES_PATH}/{draft.json()['vacancy_id']}"
    refused = doors.call("poster", "PATCH", path, json={"employer_id": OTHER_FIRM}, version=draft.headers["ETag"])
    assert refused.status_code == 422


def test_threat_24_of_two_approvals_at_the_same_time_one_wins(doors: Doors) -> None:
    doors.enter("second", Role.COMPANY_APPROVER, FIRM)
    checked = doors.act("poster", doors.draft(), "check")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda who: doors.act(who, checked, "approve"), ["approver", "second"]))
    assert sorted(answer.status_code for answer in answers) == [200, 412]


def test_threat_23_a_draft_sent_twice_is_made_once(doors: Doors) -> None:
    key = uuid4().hex
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: doors.call("poster", "POST", VACANCIES_PATH, json=BODY, key=key), range(8)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    with doors.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(vacancy_workflow)).scalar_one() == 1


# ---- who sees what ----


def test_not_visible_is_byte_for_byte_absent(doors: Doors) -> None:
    draft, published = doors.draft(), doors.published()
    absent = doors.call("stranger", "GET", f"{VACANCIES_PATH}/{uuid4()}")
    assert absent.status_code == 404
    for who, answer in (("stranger", draft), ("stranger", published), ("wangfang", draft)):
        path = f"{VACANCIES_PATH}/{answer.json()['vacancy_id']}"
        for method, tail in (
            ("GET", ""),
            ("GET", "/check"),
            ("GET", "/job-posting"),
            ("POST", "/check"),
            ("PATCH", ""),
        ):
            more: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
            refused = doors.call(who, method, path + tail, version='"1"', **more)
            assert refused.status_code == 404, (who, method, tail)
            assert _same_problem(refused, absent)


def _same_problem(one: Any, other: Any) -> bool:
    return {**one.json(), "trace_id": ""} == {**other.json(), "trace_id": ""}


def test_an_office_elsewhere_reads_what_is_published_and_may_not_touch_it(doors: Doors) -> None:
    published = doors.published()
    path = f"{VACANCIES_PATH}/{published.json()['vacancy_id']}"
    found = doors.call("wangfang", "GET", path).json()
    assert (found["title"], found["work"]["state"], found["work"]["author"]) == ("文员", "published", None)
    assert found["accommodation_contact"] == BODY["accommodation_contact"]
    assert doors.call("wangfang", "POST", f"{path}/check", version='"1"').status_code == 403


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_roles_without_business_here_see_nothing(doors: Doors, role: Role) -> None:
    published = doors.published()
    doors.enter("other", role)
    assert doors.call("other", "GET", VACANCIES_PATH).status_code == 403
    assert doors.call("other", "GET", f"{VACANCIES_PATH}/{published.json()['vacancy_id']}").status_code == 404
    assert doors.call("other", "POST", VACANCIES_PATH, json=BODY).status_code == 403
    assert doors.call("other", "GET", EMPLOYERS_PATH).status_code == 403
    assert doors.call("other", "GET", f"{EMPLOYERS_PATH}/{FIRM}").status_code == 404


# ---- pages ----


def all_pages(doors: Doors, who: str, **filters: Any) -> list[dict[str, Any]]:
    """Return every item, two a page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        answer = doors.call(who, "GET", VACANCIES_PATH, params={**filters, **more, "limit": 2})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


def some_vacancies(doors: Doors) -> dict[str, str]:
    """Make a vacancy in each state; return the ids by what they are."""
    imported = {**dict.fromkeys(VACANCIES.by_name), "vacancy_id": "old-1", "title": "保安", "region": ELSEWHERE}
    with doors.engine.begin() as connection:
        VacancyRepository(noted(connection), PROGRAM).insert([imported])
    published = doors.published()
    changed = doors.call(
        "poster",
        "PATCH",
        f"{VACANCIES_PATH}/{doors.published().json()['vacancy_id']}",
        json={"openings": 3},
        version='"4"',
    )
    assert changed.status_code == 200, changed.text
    closed = doors.act("poster", doors.published(), "close", json={"reason": "other"})
    named = {
        "draft": doors.draft(kind="internship"),
        "checked": doors.act("poster", doors.draft(), "check"),
        "published": published,
        "changed": changed,
        "closed": closed,
        "theirs": doors.draft("stranger", region=ELSEWHERE),
    }
    ids = {name: answer.json().get("vacancy", answer.json())["vacancy_id"] for name, answer in named.items()}
    return {**ids, "imported": "old-1"}


def test_a_list_holds_what_is_visible_once_and_the_filters_hold_for_it(doors: Doors) -> None:
    ids = some_vacancies(doors)

    def found(who: str, **filters: Any) -> set[str]:
        items = [item["vacancy_id"] for item in all_pages(doors, who, **filters)]
        assert items == sorted(items)
        assert len(items) == len(set(items))
        return {name for name, one in ids.items() if one in items}

    own = {"draft", "checked", "published", "changed", "closed"}
    assert found("poster") == own
    assert found("stranger") == {"theirs"}
    assert found("liwei") == own | {"imported"}
    assert found("wangfang") == {"published", "changed", "closed", "imported", "theirs"}
    assert found("poster", state="draft") == {"draft", "changed"}
    assert found("poster", state="checked") == {"checked"}
    assert found("poster", state="published") == {"published", "changed"}
    assert found("liwei", state="published") == {"published", "changed", "imported"}
    assert found("poster", state="closed") == {"closed"}
    assert found("poster", state="paused") == set()
    assert found("poster", kind="internship") == {"draft"}
    assert found("liwei", region=ELSEWHERE) == {"imported"}
    assert found("poster", open=True) == {"published", "changed"}
    assert found("poster", open=False) == {"draft", "checked", "closed"}
    assert found("liwei", employer_id=OTHER_FIRM) == set()


def test_a_list_shows_for_each_state_the_vacancies_that_say_so(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    some_vacancies(doors)
    doors.published(closes_on="2026-12-31")
    for days in (0, 60, 95, 110):
        monkeypatch.setattr("api.routes.vacancies.today", lambda days=days: DAY + timedelta(days=days))
        told = {item["vacancy_id"]: item["work"] for item in all_pages(doors, "poster")}
        for state in ("published", "confirmation_due", "paused", "ended"):
            listed = {item["vacancy_id"] for item in all_pages(doors, "poster", state=state)}
            assert listed == {one for one, work in told.items() if work["live"] == state}, (days, state)


def test_a_page_takes_the_same_number_of_statements_however_long_it_is(doors: Doors) -> None:
    def statements(limit: int) -> int:
        seen: list[str] = []
        engine = doors.client.app.state.access.engine  # type: ignore[attr-defined]  # the application is ours

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            assert doors.call("liwei", "GET", VACANCIES_PATH, params={"limit": limit}).status_code == 200
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    for _ in range(3):
        doors.published()
    statements(1)
    assert statements(1) == statements(3)


# ---- what is sent ----


def test_threat_8_a_body_that_cannot_be_taken_is_not_repeated(doors: Doors) -> None:
    bodies: list[Any] = [
        {**BODY, "wage_min": CANARY},
        {**BODY, "demands": {CANARY: 3}},
        {**BODY, CANARY: 1},
        {**BODY, "tasks": [{"text": CANARY, "functions": [CANARY]}]},
        {**BODY, "description": f"http://127.0.0.1/{CANARY}"},
        {**BODY, "title": f"{CANARY}\u0000"},
        {**BODY, "title": f"{CANARY}\ud800"},
        {**BODY, "closes_on": "2026-02-31"},
        {**BODY, "wage_min": "5000", "wage_max": "4000"},
        [CANARY],
    ]
    for body in bodies:
        kind = {"Content-Type": "application/json"}
        answer = doors.call("poster", "POST", VACANCIES_PATH, content=json.dumps(body), headers=kind)
        assert answer.status_code in (400, 422), body
        assert CANARY not in answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_text_of_marks_comes_back_as_the_text_it_is(doors: Doors) -> None:
    marks = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
    draft = doors.draft(description=marks)
    assert draft.json()["description"] == marks
    posting = doors.call("poster", "GET", f"{VACANCIES_PATH}/{draft.json()['vacancy_id']}/job-posting")
    assert "<script" not in posting.json()["description"]


def test_too_many_drafts_a_day_are_a_429_with_the_time_to_wait(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.vacancy_workflow.service.DRAFTS_A_DAY", 1)
    doors.draft()
    refused = doors.call("poster", "POST", VACANCIES_PATH, json=BODY)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/draft-quota")
    assert int(refused.headers["Retry-After"]) > 0


# ---- JobPosting ----


def test_a_posting_becomes_a_draft_and_comes_out_as_it_went_in(doors: Doors) -> None:
    draft = doors.draft()
    path = f"{VACANCIES_PATH}/{draft.json()['vacancy_id']}/job-posting"
    out = doors.call("poster", "GET", path)
    assert out.headers["content-type"] == "application/ld+json"
    again = doors.call("poster", "POST", f"{VACANCIES_PATH}/job-posting", json=out.json())
    assert again.status_code == 201
    kept = {name: value for name, value in draft.json().items() if name not in ("vacancy_id", "work")}
    assert {name: again.json()["vacancy"][name] for name in kept} == kept


def test_threat_28_a_posting_with_a_link_inside_is_refused_and_other_addresses_are_dropped(doors: Doors) -> None:
    posting = {"@type": "JobPosting", "title": "保洁", "url": "http://169.254.169.254/", "image": "http://10.0.0.1/x"}
    taken = doors.call("poster", "POST", f"{VACANCIES_PATH}/job-posting", json=posting)
    assert taken.status_code == 201
    assert taken.json()["left_out"] == ["image", "url"]
    assert "169.254" not in taken.text
    inside = {**posting, "description": f"<p>见 http://169.254.169.254/{CANARY}</p>"}
    refused = doors.call("poster", "POST", f"{VACANCIES_PATH}/job-posting", json=inside)
    assert (refused.status_code, CANARY in refused.text) == (422, False)


# ---- employers ----


def test_an_office_sees_the_employers_of_its_places_and_a_company_its_own_row(doors: Doors) -> None:
    listed = {
        who: [item["employer_id"] for item in doors.call(who, "GET", EMPLOYERS_PATH).json()["items"]]
        for who in ("liwei", "wangfang", "poster", "stranger")
    }
    assert listed == {"liwei": [FIRM], "wangfang": [OTHER_FIRM], "poster": [FIRM], "stranger": [OTHER_FIRM]}
    absent = doors.call("liwei", "GET", f"{EMPLOYERS_PATH}/91620000MA99999990")
    for who, other in (("liwei", OTHER_FIRM), ("poster", OTHER_FIRM)):
        refused = doors.call(who, "GET", f"{EMPLOYERS_PATH}/{other}")
        assert refused.status_code == 404
        assert _same_problem(refused, absent)
        assert doors.call(who, "PATCH", f"{EMPLOYERS_PATH}/{other}", json={}, version='"1"').status_code == 404


def test_a_company_changes_its_address_but_not_what_decides_its_rules(doors: Doors) -> None:
    path = f"{EMPLOYERS_PATH}/{FIRM}"
    read = doors.call("poster", "GET", path)
    changed = doors.call("poster", "PATCH", path, json={"address": "东岗路1号"}, version=read.headers["ETag"])
    assert changed.json()["address"] == "东岗路1号"
    for body in ({"kind": "organ"}, {"region": "620103"}, {"establishment": 20}):
        refused = doors.call("poster", "PATCH", path, json=body, version=changed.headers["ETag"])
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/office-only")
    stale = doors.call("liwei", "PATCH", path, json={"kind": "organ"}, version=read.headers["ETag"])
    assert stale.status_code == 412
    assert (
        doors.call("liwei", "PATCH", path, json={"kind": "organ"}, version=changed.headers["ETag"]).status_code == 200
    )


def test_an_office_registers_an_employer_of_its_places_only(doors: Doors) -> None:
    new = {"employer_id": "91620102MA7123456T", "name": "丙公司", "region": HERE}
    assert doors.call("poster", "POST", EMPLOYERS_PATH, json=new).status_code in (403, 422)
    assert doors.call("liwei", "POST", EMPLOYERS_PATH, json={**new, "region": ELSEWHERE}).status_code == 422
    made = doors.call("liwei", "POST", EMPLOYERS_PATH, json=new)
    assert made.status_code == 201, made.text
    assert made.json()["verification"] is None
    wrong = doors.call("liwei", "POST", EMPLOYERS_PATH, json={**new, "employer_id": "91620102MA71234561"})
    assert wrong.status_code == 422


def test_threat_17_an_employer_is_verified_by_a_named_person_of_an_office(doors: Doors) -> None:
    path = f"{EMPLOYERS_PATH}/{FIRM}/verification"
    body = {"method": "public_register"}
    for who in ("poster", "approver"):
        assert doors.call(who, "PUT", path, json=body, version='"1"').status_code == 403
    assert doors.call("wangfang", "PUT", path, json=body, version='"1"').status_code == 404
    assert doors.call("liwei", "PUT", path, json=body).status_code == 428
    verified = doors.call("liwei", "PUT", path, json=body, version='"1"').json()["verification"]
    with doors.engine.connect() as connection:
        liwei = the_accounts(connection).get("liwei").user_id
    assert (verified["method"], verified["verified_by"]) == ("public_register", f"user:{liwei}")
    assert doors.call("liwei", "PUT", path, json=body, version='"1"').status_code == 409


def test_threat_17_who_acts_for_the_company_does_not_verify_it(doors: Doors) -> None:
    with doors.engine.begin() as connection:
        in_role(connection, "liwei", Role.COMPANY_POSTER, FIRM)
    body = {"method": "licence_seen"}
    answer = doors.call("liwei", "PUT", f"{EMPLOYERS_PATH}/{FIRM}/verification", json=body, version='"1"')
    assert answer.status_code == 403


def test_threat_17_a_renamed_company_has_to_be_verified_anew(doors: Doors) -> None:
    path = f"{EMPLOYERS_PATH}/{FIRM}"
    body = {"method": "site_visit"}
    doors.call("liwei", "PUT", f"{path}/verification", json=body, version='"1"')
    renamed = doors.call("poster", "PATCH", path, json={"name": "某某局"}, version='"1"')
    assert (renamed.status_code, renamed.json()["verification"]) == (200, None)
    directed = doors.act("poster", doors.draft(kind="directed"), "check").json()
    assert "employer_unverified" in [f["code"] for f in directed["check"]["findings"] if f["weight"] == "blocking"]
    again = doors.call("liwei", "PUT", f"{path}/verification", json=body, version=renamed.headers["ETag"])
    assert again.json()["verification"] is not None


def test_threat_17_without_its_verification_nothing_directed_is_published(doors: Doors) -> None:
    path = f"{EMPLOYERS_PATH}/{FIRM}/verification"
    doors.call("liwei", "PUT", path, json={"method": "site_visit"}, version='"1"')
    checked = doors.act("poster", doors.draft(kind="directed"), "check")
    approved = doors.act("approver", checked, "approve")
    assert doors.call("liwei", "DELETE", path, version='"1"').json()["verification"] is None
    refused = doors.act("poster", approved, "publish")
    assert (refused.status_code, refused.json()["findings"]) == (409, ["employer_unverified"])


def test_threat_18_a_certificate_lent_to_many_employers_is_a_review_item_and_stops_nothing(doors: Doors) -> None:
    with doors.engine.begin() as connection:
        noted(connection)
        people = [{**dict.fromkeys(CANDIDATES.by_name), "candidate_id": "c-1", "region": HERE}]
        CandidateRepository(connection, PROGRAM).insert(people)
        rows = [
            {
                **dict.fromkeys(PLACEMENTS.by_name),
                "placement_id": f"p-{code}",
                "candidate_id": "c-1",
                "employer_id": code,
                "starts_on": date(2026, 1, 1),
                "contract_months": 12,
                "social_insurance": YesNo.YES,
            }
            for code in (FIRM, OTHER_FIRM)
        ]
        PlacementRepository(connection, PROGRAM).insert(rows)
    answer = doors.call("liwei", "GET", f"{EMPLOYERS_PATH}/{FIRM}/review-items", params={"year": 2026})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [(item["rule_id"], item["candidate_id"]) for item in found["items"]] == [("fraud.f1", "c-1")]
    assert "不得据此拒绝" in found["notice"]
    assert doors.published().json()["work"]["state"] == "published"
    assert doors.call("poster", "GET", f"{EMPLOYERS_PATH}/{FIRM}/review-items").status_code == 403
    with doors.engine.connect() as connection:
        read = [e for e in events(connection) if e["object_kind"] == "candidate" and e["object_id"] == "c-1"]
    assert [e["action"] for e in read] == ["placements.read"]
