"""The pages in two counties: every page × every role × the other county's objects, called as the wrong county.

Pages are found by walking the application; one without an entry in `PAGES` fails here, so that none is forgotten. What
is the other county's has to be answered exactly as what is not there, or refused by the role alone.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api.access import policy_of
from pipelines.access.roles import Role
from tests.api.test_matrix import ABSENT, CANARY, DAY, THEIRS, TRACE, Call, Province, _filled, all_routes_of
from tests.threats.doors import a_province

STAFF = frozenset({Role.CASEWORKER, Role.SUPERVISOR})
_OF_PERSON = {"candidate_id": "candidate"}
_OF_ENROLMENT = {**_OF_PERSON, "enrolment_id": "enrolment"}
_OF_VENTURE = {**_OF_PERSON, "venture_id": "venture"}
_INITIATIVE = {"initiative_id": "initiative"}
_OF_LIST = {**_OF_PERSON, "run_id": "run"}
_POST, _EMPLOYER = {"vacancy_id": "vacancy"}, {"employer_id": "employer"}
_VACANCY, _PLACEMENT = {"vacancy_id": "vacancy"}, {"placement_id": "placement"}
ANYBODY: frozenset[Role] = frozenset()
"""Pages that are about nobody: nothing of another county can be asked of them."""
PAGES: dict[tuple[str, str], Call] = {
    ("GET", "/"): Call(wrong_for=ANYBODY),
    ("GET", "/people"): Call(wrong_for=ANYBODY),
    ("POST", "/people/search"): Call(form={"who": "赵秘密"}, wrong_for=ANYBODY),
    ("GET", "/people/new"): Call(wrong_for=ANYBODY),
    ("POST", "/people/new"): Call(form={"name": "李四", "request_key": "0123456789ab"}, wrong_for=ANYBODY),
    ("POST", "/people/certificate"): Call(form={"certificate_number": "1"}, wrong_for=ANYBODY),
    ("GET", "/people/{candidate_id}"): Call(names=_OF_PERSON),
    ("POST", "/people/{candidate_id}/identity"): Call(names=_OF_PERSON, form={"purpose": "contact"}),
    ("GET", "/people/{candidate_id}/facts/{group}"): Call(names=_OF_PERSON),
    ("POST", "/people/{candidate_id}/facts/{group}"): Call(
        names=_OF_PERSON, form={"skills": "打字", "row_version": "1"}
    ),
    ("GET", "/people/{candidate_id}/list"): Call(names=_OF_PERSON),
    ("GET", "/people/{candidate_id}/ask"): Call(names=_OF_PERSON, query={"post": "客服"}),
    ("GET", "/people/{candidate_id}/recourse/{vacancy_id}"): Call(names={**_OF_PERSON, **_POST}),
    ("GET", "/people/{candidate_id}/lists/{run_id}"): Call(names=_OF_LIST),
    ("GET", "/people/{candidate_id}/lists/{run_id}/compare"): Call(names=_OF_LIST),
    ("POST", "/people/{candidate_id}/lists/{run_id}/answers"): Call(
        names=_OF_LIST, form={"fact": "skills", "skills": "打字", "row_version": "1"}
    ),
    ("POST", "/people/{candidate_id}/acts"): Call(
        names=_OF_PERSON, form={"kind": "referred", "vacancy_id": "{vacancy}"}
    ),
    ("GET", "/people/{candidate_id}/income"): Call(names=_OF_PERSON, query={"vacancy": "{vacancy}"}),
    ("GET", "/people/{candidate_id}/lists/{run_id}/map"): Call(names=_OF_LIST),
    ("GET", "/people/{candidate_id}/sheets/{kind}"): Call(names=_OF_PERSON, query={"v": "{vacancy}", "run": "{run}"}),
    ("GET", "/people/{candidate_id}/offline.xlsx"): Call(names=_OF_PERSON),
    ("GET", "/offline"): Call(wrong_for=ANYBODY),
    ("GET", "/offline/empty.xlsx"): Call(wrong_for=ANYBODY),
    ("POST", "/offline"): Call(form={"request_key": "0123456789ab"}, wrong_for=ANYBODY),
    ("GET", "/offline/{import_id}"): Call(names={"import_id": "upload"}),
    ("GET", "/people/{candidate_id}/services"): Call(names=_OF_PERSON),
    ("POST", "/people/{candidate_id}/services"): Call(names=_OF_PERSON, form={"kind": "training", "on": DAY}),
    ("GET", "/people/{candidate_id}/consents"): Call(names=_OF_PERSON),
    ("POST", "/people/{candidate_id}/consents"): Call(
        names=_OF_PERSON,
        form={
            "purpose": "contact",
            "act": "refused",
            "stated_on": DAY,
            "stated_by": "person",
            "form": "oral",
        },
    ),
    ("GET", "/people/{candidate_id}/consents/{consent_id}/receipt"): Call(
        names={**_OF_PERSON, "consent_id": "consent"}
    ),
    ("GET", "/events"): Call(wrong_for=ANYBODY),
    ("GET", "/publicity"): Call(wrong_for=ANYBODY),
    ("POST", "/publicity"): Call(
        form={"region": "620102", "medium": "news", "on": DAY, "request_key": "0123456789a6"}, wrong_for=ANYBODY
    ),
    ("POST", "/courses/{course_id}/reviews"): Call(
        names={"course_id": "course"},
        form={"kind": "publication", "on": DAY, "request_key": "0123456789a7"},
        wrong_for=ANYBODY,
    ),
    ("POST", "/people/{candidate_id}/learning/dated"): Call(
        names=_OF_PERSON, form={"kind": "exam", "request_key": "0123456789a8"}
    ),
    ("GET", "/events/new"): Call(wrong_for=ANYBODY),
    ("POST", "/events/new"): Call(form={"title": "招聘会", "request_key": "0123456789ba"}, wrong_for=ANYBODY),
    ("GET", "/events/{initiative_id}"): Call(names=_INITIATIVE, wrong_for=ANYBODY),
    ("GET", "/events/{initiative_id}/edit"): Call(names=_INITIATIVE, wrong_for=ANYBODY),
    ("POST", "/events/{initiative_id}/edit"): Call(names=_INITIATIVE, form={"row_version": "1"}, wrong_for=ANYBODY),
    ("GET", "/events/{initiative_id}/suggestions"): Call(names=_INITIATIVE, wrong_for=ANYBODY),
    ("POST", "/events/{initiative_id}/posts"): Call(
        names=_INITIATIVE, form={"vacancy_id": "{vacancy}"}, wrong_for=ANYBODY
    ),
    ("POST", "/events/{initiative_id}/people"): Call(
        names=_INITIATIVE, form={"candidate_id": "{candidate}", "step": "invited", "on": DAY}
    ),
    ("POST", "/people/{candidate_id}/offers"): Call(names=_OF_PERSON, form={"initiative_id": "x", "step": "invited"}),
    ("GET", "/tasks"): Call(wrong_for=ANYBODY),
    ("GET", "/caseload"): Call(wrong_for=ANYBODY),
    ("GET", "/notices"): Call(wrong_for=ANYBODY),
    ("GET", "/people/{candidate_id}/messages"): Call(names=_OF_PERSON),
    ("POST", "/people/{candidate_id}/messages"): Call(
        names=_OF_PERSON, form={"template": "call_back", "request_key": "0123456789a9"}
    ),
    ("POST", "/people/{candidate_id}/messages/choice"): Call(names=_OF_PERSON, form={"act": "stopped"}),
    ("POST", "/people/{candidate_id}/messages/{message_id}/cancellation"): Call(
        names={**_OF_PERSON, "message_id": "message"}, form={}
    ),
    ("POST", "/notices/seen"): Call(form={}, wrong_for=ANYBODY),
    ("POST", "/notices/{notice_id}/seen"): Call(names={"notice_id": "notice"}, form={}),
    ("GET", "/imports/{import_id}"): Call(names={"import_id": "upload"}),
    ("GET", "/duplicates"): Call(wrong_for=ANYBODY),
    ("GET", "/people/{candidate_id}/compared/{other_id}"): Call(names={**_OF_PERSON, "other_id": "candidate"}),
    ("POST", "/people/{candidate_id}/compared/{other_id}"): Call(
        names={**_OF_PERSON, "other_id": "candidate"},
        form={"what": "merge", "words": "x", "request_key": "0123456789af", "kept_version": "1", "merged_version": "1"},
    ),
    ("GET", "/merges/{merge_id}"): Call(names={"merge_id": "merge"}),
    ("POST", "/merges/{merge_id}/undoing"): Call(names={"merge_id": "merge"}, form={}),
    ("POST", "/caseload/handovers"): Call(
        form={"handover_words": "x", "handed_on": DAY, "request_key": "0123456789ae"}, wrong_for=ANYBODY
    ),
    ("POST", "/caseload/planned/{planned_id}/cancellation"): Call(names={"planned_id": "planned"}, form={}),
    ("POST", "/people/{candidate_id}/caseworker"): Call(names=_OF_PERSON, form={}),
    ("GET", "/people/{candidate_id}/notes"): Call(names=_OF_PERSON),
    ("POST", "/people/{candidate_id}/notes"): Call(
        names=_OF_PERSON, form={"purpose": "visit", "happened_on": DAY, "words": "x", "request_key": "0123456789ac"}
    ),
    ("POST", "/people/{candidate_id}/tasks"): Call(
        names=_OF_PERSON,
        form={"kind": "contact", "due_on": "2030-01-01", "task_words": "x", "request_key": "0123456789ad"},
    ),
    ("POST", "/people/{candidate_id}/tasks/{task_id}/step"): Call(
        names={**_OF_PERSON, "task_id": "task"}, form={"act": "done", "row_version": "1"}
    ),
    ("GET", "/people/{candidate_id}/plans"): Call(names=_OF_PERSON),
    ("POST", "/people/{candidate_id}/plans"): Call(
        names=_OF_PERSON, form={"plan_kind": "graduate", "request_key": "0123456789a1"}
    ),
    ("POST", "/people/{candidate_id}/plans/{plan_id}/steps"): Call(
        names={**_OF_PERSON, "plan_id": "plan"},
        form={"kind": "contact", "due_on": "2030-01-01", "task_words": "x", "request_key": "0123456789a2"},
    ),
    ("POST", "/people/{candidate_id}/plans/{plan_id}/change"): Call(
        names={**_OF_PERSON, "plan_id": "plan"}, form={"what": "end", "ending": "other", "row_version": "1"}
    ),
    ("GET", "/people/{candidate_id}/learning"): Call(names=_OF_PERSON),
    ("POST", "/people/{candidate_id}/learning"): Call(
        names=_OF_PERSON, form={"course_id": "demo-k-001", "request_key": "0123456789a3"}
    ),
    ("POST", "/people/{candidate_id}/learning/{enrolment_id}/attendance"): Call(
        names=_OF_ENROLMENT, form={"sessions": "2", "attended": "1", "row_version": "1"}
    ),
    ("POST", "/people/{candidate_id}/learning/{enrolment_id}/completion"): Call(
        names=_OF_ENROLMENT, form={"status": "completed", "row_version": "1"}
    ),
    ("POST", "/people/{candidate_id}/learning/{enrolment_id}/facts"): Call(names=_OF_ENROLMENT, form={}),
    ("POST", "/people/{candidate_id}/learning/{enrolment_id}/claim"): Call(names=_OF_ENROLMENT, form={}),
    ("GET", "/people/{candidate_id}/ventures"): Call(names=_OF_PERSON),
    ("POST", "/people/{candidate_id}/ventures"): Call(
        names=_OF_PERSON, form={"kind": "startup", "request_key": "0123456789a4"}
    ),
    ("POST", "/people/{candidate_id}/ventures/{venture_id}/change"): Call(
        names=_OF_VENTURE, form={"ends_on": DAY, "row_version": "1"}
    ),
    ("POST", "/people/{candidate_id}/ventures/{venture_id}/claim"): Call(names=_OF_VENTURE, form={}),
    ("POST", "/people/{candidate_id}/visits"): Call(
        names=_OF_PERSON, form={"on": DAY, "by": "刘老师", "request_key": "0123456789a5"}
    ),
    ("GET", "/plan-work/{name}"): Call(names={"name": "plan-work"}, wrong_for=ANYBODY),
    ("GET", "/courses"): Call(wrong_for=ANYBODY),
    ("GET", "/courses/{course_id}"): Call(names={"course_id": "course"}, wrong_for=ANYBODY),
    ("GET", "/plans"): Call(query={"kind": "assistance"}, wrong_for=ANYBODY),
    ("GET", "/claims"): Call(wrong_for=ANYBODY),
    ("GET", "/people/{candidate_id}/benefits"): Call(names=_OF_PERSON),
    ("GET", "/employers/{employer_id}/benefits"): Call(names=_EMPLOYER),
    ("GET", "/claims/new"): Call(query={"rule_id": "benefit.nursing_tier", "candidate_id": "{candidate}"}),
    ("POST", "/claims"): Call(
        form={"rule_id": "benefit.nursing_tier", "candidate_id": "{candidate}", "request_key": "0123456789b1"}
    ),
    ("GET", "/claims/{claim_id}"): Call(names={"claim_id": "claim"}),
    ("POST", "/claims/{claim_id}/decision"): Call(
        names={"claim_id": "claim"}, form={"decision": "approved", "row_version": "1"}
    ),
    ("POST", "/claims/{claim_id}/withdrawal"): Call(names={"claim_id": "claim"}, form={"row_version": "1"}),
    ("GET", "/plans/students"): Call(wrong_for=ANYBODY),
    ("POST", "/people/{candidate_id}/acts/undo"): Call(
        names=_OF_PERSON, form={"kind": "referred", "vacancy_id": "{vacancy}"}
    ),
}
PAGES |= {
    ("GET", "/supervision"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/report.{kind}"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/units"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/ledger"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/ledger.csv"): Call(wrong_for=ANYBODY),
    ("POST", "/supervision/ledger"): Call(
        form={"employer_id": "{employer}", "kind": "service_point", "request_key": "0123456789bb"}, wrong_for=ANYBODY
    ),
    ("GET", "/supervision/effects"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/tables"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/tables.csv"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/effects.docx"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/households"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/inspections"): Call(wrong_for=ANYBODY),
    ("POST", "/supervision/inspections"): Call(
        form={"year": "2026", "seed": "1", "n_random": "1", "n_risk": "0", "request_key": "0123456789ab"},
        wrong_for=ANYBODY,
    ),
    ("GET", "/supervision/inspections/{inspection_id}"): Call(
        names={"inspection_id": "inspection"}, query={"evidence": "1"}
    ),
    ("POST", "/supervision/inspections/{inspection_id}/decision"): Call(
        names={"inspection_id": "inspection"},
        form={"outcome": "nothing_found", "ground": "x", "evidence": "x", "row_version": "1"},
    ),
    ("GET", "/supervision/vacancies"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/vacancies/{vacancy_id}"): Call(names=_VACANCY),
    ("POST", "/supervision/vacancies/{vacancy_id}/approve"): Call(names=_VACANCY, form={"row_version": "1"}),
    ("POST", "/supervision/vacancies/{vacancy_id}/send-back"): Call(
        names=_VACANCY, form={"row_version": "1", "note": "x"}
    ),
    ("GET", "/supervision/placements"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/placements/{placement_id}"): Call(names=_PLACEMENT),
    ("POST", "/supervision/placements/{placement_id}"): Call(
        names=_PLACEMENT, form={"row_version": "1", "attendance_confirmed": "yes"}
    ),
    ("GET", "/exchange"): Call(query={"employer_id": "{employer}"}, wrong_for=ANYBODY),
    ("GET", "/exchange/files/{kind}"): Call(names={"kind": "exchange"}, wrong_for=ANYBODY),
    ("GET", "/supervision/reads"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/reads/chain"): Call(wrong_for=ANYBODY),
    ("GET", "/accounts"): Call(wrong_for=ANYBODY),
    ("POST", "/accounts/{user_id}/lock"): Call(names={"user_id": "user"}, form={}),
    ("POST", "/accounts/{user_id}/unlock"): Call(names={"user_id": "user"}, form={}),
    ("GET", "/audit"): Call(wrong_for=ANYBODY),
    ("GET", "/audit/chain"): Call(wrong_for=ANYBODY),
    ("GET", "/supervision/rules"): Call(wrong_for=ANYBODY),
    ("POST", "/supervision/rules/{release_id}/approve"): Call(names={"release_id": "run"}, form={}, wrong_for=ANYBODY),
    ("POST", "/supervision/rules/{release_id}/retire"): Call(names={"release_id": "run"}, form={}, wrong_for=ANYBODY),
    ("GET", "/models"): Call(wrong_for=ANYBODY),
    ("GET", "/models/compare"): Call(wrong_for=ANYBODY),
    ("GET", "/models/runs"): Call(wrong_for=ANYBODY),
    ("GET", "/models/runs/{name}"): Call(names={"name": "model"}, wrong_for=ANYBODY),
    ("GET", "/models/drift"): Call(wrong_for=ANYBODY),
    ("GET", "/models/{version}"): Call(names={"version": "model"}, wrong_for=ANYBODY),
    ("POST", "/models/{version}/promotion"): Call(names={"version": "model"}, form={}, wrong_for=ANYBODY),
    ("POST", "/models/rollback"): Call(form={}, wrong_for=ANYBODY),
}
# ---- a company's pages; published posts are seen by all staff, so that people can be sent across counties ----
PAGES |= {
    ("GET", "/company"): Call(wrong_for=ANYBODY),
    ("GET", "/company/edit"): Call(wrong_for=ANYBODY),
    ("POST", "/company/edit"): Call(form={"industry": "x", "row_version": "1"}, wrong_for=ANYBODY),
    ("GET", "/company/quota"): Call(wrong_for=ANYBODY),
    ("POST", "/company/quota"): Call(form={"year": "2026", "n.0": "1"}, wrong_for=ANYBODY),
    ("GET", "/company/benefits"): Call(wrong_for=ANYBODY),
    ("GET", "/company/report"): Call(wrong_for=ANYBODY),
    ("GET", "/employers/{employer_id}/report"): Call(names=_EMPLOYER),
    ("GET", "/employers"): Call(wrong_for=ANYBODY),
    ("POST", "/employers/find"): Call(form={"code": "{employer}"}, wrong_for=ANYBODY),
    ("GET", "/employers/{employer_id}"): Call(names=_EMPLOYER),
    ("POST", "/employers/{employer_id}/verification"): Call(
        names=_EMPLOYER, form={"method": "site_visit", "row_version": "1"}
    ),
    ("GET", "/posts"): Call(wrong_for=ANYBODY),
    ("GET", "/posts/new"): Call(wrong_for=ANYBODY),
    ("POST", "/posts/new"): Call(form={"title": "x", "request_key": "0123456789ab"}, wrong_for=ANYBODY),
    ("GET", "/posts/sheet"): Call(wrong_for=ANYBODY),
    ("GET", "/posts/sheet/empty.xlsx"): Call(wrong_for=ANYBODY),
    ("POST", "/posts/sheet"): Call(form={"request_key": "0123456789ab"}, wrong_for=ANYBODY),
    ("GET", "/posts/sheet/{import_id}"): Call(names={"import_id": "upload"}),
    ("GET", "/posts/sheet/{import_id}/rejects.csv"): Call(names={"import_id": "upload"}),
    **{
        (method, f"/posts/{{vacancy_id}}{rest}"): Call(names=_POST, form=form, wrong_for=frozenset(Role) - STAFF)
        for method, rest, form in (
            ("GET", "", None),
            ("GET", "/steps/{name}", None),
            ("POST", "/steps/{name}", {"row_version": "1"}),
            ("POST", "/check", {"row_version": "1"}),
            ("POST", "/approve", {"row_version": "1"}),
            ("POST", "/send-back", {"row_version": "1", "note": "x"}),
            ("POST", "/publish", {"row_version": "1"}),
            ("POST", "/confirm", {"row_version": "1"}),
            ("POST", "/close", {"row_version": "1", "reason": "filled"}),
            ("GET", "/candidates", None),
        )
    },
    **{
        ("POST", f"/posts/{{vacancy_id}}/candidates/{{person}}{rest}"): Call(
            names={**_POST, "person": "candidate"}, form=form, wrong_for=frozenset(Role) - STAFF
        )
        for rest, form in (("", {"kind": "interviewed"}), ("/undo", {}))
    },
}
_CHANGING = re.compile(r'(name="(?:csrf_token|request_key)" value=")[^"]*|(<p id="ends">)[^<]*|(<style nonce=")[^"]*')
"""What differs in each answer: mask of the token, key of a form, nonce, and by which minute the session ends."""


def pages_of(app: Any) -> Iterator[tuple[str, str, APIRoute]]:
    """Yield every page with its method and path."""
    for method, path, route in all_routes_of(app):
        policy = policy_of(route.endpoint)
        if policy is not None and policy.is_page:
            yield method, path, route


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A province of two counties."""
    with a_province(tmp_path_factory.mktemp("pages")) as opened:
        yield opened


def ask(whole: Province, method: str, path: str, call: Call, objects: Mapping[str, str], headers: Any) -> Any:
    """Ask for a page with some objects in its places."""
    for name, kind in call.names.items():
        path = path.replace(f"{{{name}}}", objects[kind])
    path = path.replace("{group}", "abilities").replace("{kind}", "employer").replace("{name}", "demands")
    form = {name: objects[text[1:-1]] if text.startswith("{") else text for name, text in (call.form or {}).items()}
    more: dict[str, Any] = {"data": form} if method == "POST" else {"params": _filled(dict(call.query), objects)}
    sent = {**TRACE, "Accept": "text/html", **headers}
    return whole.client.request(method, path, headers=sent, follow_redirects=False, **more)


def same(answer: Any) -> tuple[int, str, str]:
    """Return what an answer says, without what differs in each."""
    return answer.status_code, _CHANGING.sub(r"\1\2\3", answer.text), answer.headers.get("location", "")


def test_every_page_has_an_entry_here(whole: Province) -> None:
    found = {
        (method, path)
        for method, path, route in pages_of(whole.client.app)
        if (policy := policy_of(route.endpoint)) is not None and policy.needs_subject and policy.needs_session
    }
    assert found - set(PAGES) == set(), "say in PAGES how these are called, and whose business their objects are not"
    assert set(PAGES) - found == set()


@pytest.mark.parametrize("role", Role)
def test_the_other_countys_pages_are_those_of_what_is_not_there(whole: Province, role: Role) -> None:
    headers = whole.enter(role)
    for (method, path), call in PAGES.items():
        if role not in call.wrong_for:
            continue
        theirs = ask(whole, method, path, call, whole.theirs, headers)
        absent = ask(whole, method, path, call, ABSENT, headers)
        assert theirs.status_code in (403, 404), (role, method, path, theirs.status_code)
        assert same(theirs) == same(absent), (role, method, path)
        assert set(theirs.headers) == set(absent.headers), (role, method, path)


@pytest.mark.parametrize("role", Role)
def test_no_page_names_anybody_of_the_other_county(whole: Province, role: Role) -> None:
    headers = whole.enter(role)
    marks = [THEIRS, "theirs-p", "赵秘密", "13911112222", CANARY, whole.theirs["run"]]
    for (method, path), call in PAGES.items():
        if call.names or (method == "POST" and role not in STAFF):
            continue
        answer = ask(whole, method, path, call, ABSENT, headers)
        assert answer.status_code < 500, (role, method, path)
        assert [mark for mark in marks if mark in answer.text] == [], (role, method, path)


def test_only_staff_see_people_at_all(whole: Province) -> None:
    for role in set(Role) - STAFF:
        headers = whole.enter(role)
        for path in ("/people", "/people/new"):
            assert ask(whole, "GET", path, Call(), ABSENT, headers).status_code == 403, (role, path)
        assert "/people" not in ask(whole, "GET", "/", Call(), ABSENT, headers).text


def test_without_a_session_every_page_leads_to_sign_in(whole: Province) -> None:
    whole.client.cookies.clear()
    for (method, path), call in PAGES.items():
        answer = ask(whole, method, path, call, whole.theirs, {})
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/sign-in"), (method, path)
        assert answer.text == ""
