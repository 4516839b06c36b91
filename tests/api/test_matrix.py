"""Two counties: every route × every role × every related object of the other county, called as the wrong county.

Routes are found by walking the application; one without an entry in `CALLS` fails here, so that none is forgotten. What
is the other county's has to be answered exactly as what is not there, or refused by the role alone.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Connection, Engine, select, update
from starlette.testclient import TestClient

from api.access import OPEN, OWN_SESSION, policy_of
from api.app import create_app
from api.rates import Left, RateLimit
from api.settings import Settings
from pipelines.access.audit import events
from pipelines.access.organisations import Organisations, office_id
from pipelines.access.roles import Purpose, Role, local_subject
from pipelines.caseload.merges import Merges, Wish
from pipelines.consent.words import ConsentAct, ConsentPurpose
from pipelines.registers.people import People
from pipelines.store.inspections import Inspection, InspectionRepository
from pipelines.store.session import engine_for
from pipelines.store.tables import CASE_TABLES, organisations
from tests.support.accounts import FIRM, KEYS, a_user, gansu_with_others, place_of, the_accounts
from tests.support.builders import certificate_number
from tests.support.people import says
from tests.support.province import TODAY, a_copy
from tests.support.stores import noted

HOST = "https://yougang.test"
OWN, OTHER = "620102", "620502"
TRACE = {"traceparent": f"00-{'5' * 32}-{'6' * 16}-01"}
CANARY = certificate_number()
DAY = TODAY.isoformat()
MINE, THEIRS = "mine-1", "theirs-1"
STAFF = frozenset({Role.CASEWORKER, Role.SUPERVISOR})
COMPANY = frozenset({Role.COMPANY_POSTER, Role.COMPANY_APPROVER})
EVERYBODY = frozenset(Role)
NOBODY: frozenset[Role] = frozenset()


@dataclass(frozen=True)
class Call:
    """How a route is called: which object stands in for each parameter, and whose business that object is not.

    `{name}` in a path, query or body is the id of the other county's object of that name.
    """

    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] | None = None
    wrong_for: frozenset[Role] = EVERYBODY
    names: Mapping[str, str] = field(default_factory=dict)
    is_change: bool = False
    is_filter: bool = False
    """A list that is empty for what is not visible, as it is for what is not there."""


PERSON = Call(names={"candidate_id": "candidate"})
PUBLIC = Call(wrong_for=NOBODY)
_BY_PERSON = Call(query={"candidate_id": "{candidate}"})
V1 = "/api/v1"
_VACANCY, _EMPLOYER = {"vacancy_id": "vacancy"}, {"employer_id": "employer"}
CONSENT = {"purpose": "contact", "act": "refused", "stated_at": f"{DAY}T08:00:00+08:00"}
DECISION = {"is_granted": True, "reason": "x"}
NOTE = {"purpose": "visit", "happened_on": DAY, "words": "x"}
HANDOVER = {"words": "x", "happened_on": "2026-11-20", "candidate_ids": ["{candidate}"]}
PLANNED = {"words": "x", "begins_on": "2030-01-01", "to_user_id": "{user}", "candidate_ids": ["{candidate}"]}
MERGE = {"kept_id": MINE, "merged_id": "{candidate}", "kept_version": 1, "merged_version": 1, "words": "x"}
PLAN = {"kind": "assistance", "level": "hard"}
TASK = {"kind": "contact", "due_on": "2030-01-01", "words": "x"}
CLAIM = {
    "rule_id": "benefit.nursing_tier",
    "candidate_id": "{candidate}",
    "from_month": "2026-01",
    "to_month": "2026-07",
    "cost_basis": "living",
    "county": OTHER,
}
CALLS: dict[tuple[str, str], Call] = {
    ("GET", f"{V1}/candidates"): PUBLIC,
    ("POST", f"{V1}/candidates"): Call(body={"region": OWN}, wrong_for=NOBODY),
    ("GET", f"{V1}/candidates/{{candidate_id}}"): PERSON,
    ("GET", f"{V1}/candidates/{{candidate_id}}/identity"): PERSON,
    ("PATCH", f"{V1}/candidates/{{candidate_id}}"): Call(
        names={"candidate_id": "candidate"}, body={"skills": ["x"]}, is_change=True
    ),
    ("GET", f"{V1}/candidates/{{candidate_id}}/assignments"): PERSON,
    ("POST", f"{V1}/candidates/{{candidate_id}}/assignments"): Call(names={"candidate_id": "candidate"}, body={}),
    ("POST", f"{V1}/candidates/{{candidate_id}}/assignments/{{assignment_id}}/end"): Call(
        names={"candidate_id": "candidate", "assignment_id": "assignment"}
    ),
    ("GET", f"{V1}/candidates/{{candidate_id}}/shortlist"): PERSON,
    ("GET", f"{V1}/candidates/{{candidate_id}}/unlock"): PERSON,
    ("GET", f"{V1}/candidates/{{candidate_id}}/recourse/{{vacancy_id}}"): Call(
        names={"candidate_id": "candidate", "vacancy_id": "vacancy"}
    ),
    ("GET", f"{V1}/candidates/{{candidate_id}}/benefits"): PERSON,
    ("GET", f"{V1}/interactions"): _BY_PERSON,
    ("POST", f"{V1}/interactions"): Call(
        body={"candidate_id": "{candidate}", "vacancy_id": "{vacancy}", "kind": "referred", "at": DAY}
    ),
    ("GET", f"{V1}/placements"): _BY_PERSON,
    ("POST", f"{V1}/placements"): Call(body={"candidate_id": "{candidate}", "starts_on": DAY}),
    ("GET", f"{V1}/placements/{{placement_id}}"): Call(names={"placement_id": "placement"}),
    ("PATCH", f"{V1}/placements/{{placement_id}}"): Call(
        names={"placement_id": "placement"}, body={"form": "quota"}, is_change=True
    ),
    ("GET", f"{V1}/services"): _BY_PERSON,
    ("POST", f"{V1}/services"): Call(body={"candidate_id": "{candidate}", "kind": "training", "on": DAY}),
    ("GET", f"{V1}/due"): PUBLIC,
    ("GET", f"{V1}/due/households"): PUBLIC,
    ("GET", f"{V1}/due/units"): PUBLIC,
    ("GET", f"{V1}/courses"): PUBLIC,
    ("POST", f"{V1}/courses"): Call(body={"title": "电脑基础"}, wrong_for=NOBODY),
    ("GET", f"{V1}/courses/{{course_id}}"): Call(names={"course_id": "course"}, wrong_for=NOBODY),
    ("PATCH", f"{V1}/courses/{{course_id}}"): Call(
        names={"course_id": "course"}, body={"places": 3}, is_change=True, wrong_for=NOBODY
    ),
    ("GET", f"{V1}/shortlists"): _BY_PERSON,
    ("GET", f"{V1}/shortlists/{{run_id}}"): Call(names={"run_id": "run"}),
    ("GET", f"{V1}/vacancies/{{vacancy_id}}/candidates"): Call(names={"vacancy_id": "vacancy"}, wrong_for=COMPANY),
    ("GET", f"{V1}/rules"): PUBLIC,
    ("GET", f"{V1}/rules/{{rule_id}}"): Call(names={"rule_id": "rule"}, wrong_for=NOBODY),
    ("POST", f"{V1}/rules/{{rule_id}}/evaluations"): Call(names={"rule_id": "rule"}, body={}, wrong_for=NOBODY),
    ("GET", f"{V1}/quota/{{employer_id}}"): Call(names={"employer_id": "employer"}, query={"year": "2025"}),
    ("GET", f"{V1}/benefits/candidates/{{candidate_id}}"): PERSON,
    ("GET", f"{V1}/benefits/employers/{{employer_id}}"): Call(names={"employer_id": "employer"}),
    ("GET", f"{V1}/benefits/placements/{{placement_id}}"): Call(names={"placement_id": "placement"}),
    ("GET", f"{V1}/models"): PUBLIC,
    ("GET", f"{V1}/models/drift"): PUBLIC,
    ("GET", f"{V1}/models/{{version}}"): Call(names={"version": "model"}, wrong_for=NOBODY),
    ("GET", f"{V1}/models/{{version}}/card"): Call(names={"version": "model"}, wrong_for=NOBODY),
    ("POST", f"{V1}/models/{{version}}/promotion"): Call(names={"version": "model"}, wrong_for=NOBODY),
    ("POST", f"{V1}/models/rollback"): PUBLIC,
    ("GET", f"{V1}/imports"): PUBLIC,
    ("POST", f"{V1}/imports/{{table}}"): Call(names={"table": "table"}, form={"dry_run": "true"}, wrong_for=NOBODY),
    ("GET", f"{V1}/imports/{{import_id}}"): Call(names={"import_id": "upload"}),
    ("GET", f"{V1}/imports/{{import_id}}/rejects"): Call(names={"import_id": "upload"}),
    # Of another county's acts an auditor reads nothing: filtered by one of its people the page is empty.
    ("GET", f"{V1}/audit"): Call(query={"object_id": "{candidate}"}, is_filter=True),
}
# ---- consents, requests and reviews of a person; what companies are shown; reports ----
_OF_PERSON = {"candidate_id": "candidate"}
_PERSON_IN = f"{V1}/candidates/{{candidate_id}}"
CALLS |= {
    ("GET", f"{_PERSON_IN}/consents"): PERSON,
    ("POST", f"{_PERSON_IN}/consents"): Call(names=_OF_PERSON, body=CONSENT),
    ("GET", f"{_PERSON_IN}/consents/{{consent_id}}/receipt"): Call(names={**_OF_PERSON, "consent_id": "consent"}),
    ("GET", f"{_PERSON_IN}/extract"): PERSON,
    ("GET", f"{_PERSON_IN}/requests"): PERSON,
    ("POST", f"{_PERSON_IN}/requests"): Call(names=_OF_PERSON, body={"kind": "erasure"}),
    ("GET", f"{_PERSON_IN}/requests/{{request_id}}"): Call(names={**_OF_PERSON, "request_id": "request"}),
    ("POST", f"{_PERSON_IN}/requests/{{request_id}}/decision"): Call(
        names={**_OF_PERSON, "request_id": "request"}, body=DECISION, is_change=True
    ),
    ("GET", f"{_PERSON_IN}/reviews"): PERSON,
    ("POST", f"{_PERSON_IN}/reviews"): Call(names=_OF_PERSON, body={}),
    ("GET", f"{_PERSON_IN}/reviews/{{request_id}}"): Call(names={**_OF_PERSON, "request_id": "review"}),
    ("POST", f"{_PERSON_IN}/reviews/{{request_id}}/decision"): Call(
        names={**_OF_PERSON, "request_id": "review"}, body=DECISION, is_change=True
    ),
    ("GET", f"{_PERSON_IN}/caseworkers"): PERSON,
    ("POST", f"{_PERSON_IN}/caseworkers"): Call(names=_OF_PERSON, body={}),
    ("GET", f"{V1}/caseload"): PUBLIC,
    ("GET", f"{V1}/caseload/handovers"): PUBLIC,
    ("GET", f"{V1}/notices"): PUBLIC,
    ("GET", f"{_PERSON_IN}/messages"): PERSON,
    ("POST", f"{_PERSON_IN}/messages"): Call(names=_OF_PERSON, body={"template": "call_back"}),
    ("PUT", f"{_PERSON_IN}/messages/choice"): Call(names=_OF_PERSON, body={"act": "stopped"}),
    ("GET", f"{V1}/messages"): PUBLIC,
    ("PUT", f"{V1}/messages/{{message_id}}/cancellation"): Call(names={"message_id": "message"}),
    ("PUT", f"{V1}/notices/seen"): PUBLIC,
    ("PUT", f"{V1}/notices/{{notice_id}}/seen"): Call(names={"notice_id": "notice"}, body={"is_read": True}),
    # Refused alike for whoever is not in one's own charge, seen or not.
    ("POST", f"{V1}/caseload/handovers"): Call(body=HANDOVER, wrong_for=NOBODY),
    ("GET", f"{V1}/caseload/planned"): PUBLIC,
    ("POST", f"{V1}/caseload/planned"): Call(body=PLANNED, wrong_for=NOBODY),
    ("POST", f"{V1}/caseload/planned/{{planned_id}}/cancellation"): Call(names={"planned_id": "planned"}),
    ("GET", f"{V1}/duplicates"): PUBLIC,
    ("POST", f"{V1}/duplicates/distinct"): Call(body={"candidate_ids": ["{candidate}", MINE], "words": "x"}),
    ("GET", f"{_PERSON_IN}/compared/{{other_id}}"): Call(names={**_OF_PERSON, "other_id": "candidate"}),
    ("GET", f"{V1}/merges"): PUBLIC,
    ("POST", f"{V1}/merges"): Call(body=MERGE),
    ("PUT", f"{V1}/merges/{{merge_id}}/undoing"): Call(names={"merge_id": "merge"}),
    ("GET", f"{_PERSON_IN}/notes"): PERSON,
    ("POST", f"{_PERSON_IN}/notes"): Call(names=_OF_PERSON, body=NOTE),
    ("GET", f"{_PERSON_IN}/tasks"): PERSON,
    ("POST", f"{_PERSON_IN}/tasks"): Call(names=_OF_PERSON, body=TASK),
    ("GET", f"{_PERSON_IN}/plans"): PERSON,
    ("POST", f"{_PERSON_IN}/plans"): Call(names=_OF_PERSON, body=PLAN),
    ("GET", f"{_PERSON_IN}/lead-posts"): PERSON,
    ("GET", f"{V1}/plan-work/{{name}}"): Call(names={"name": "plan-work"}, wrong_for=NOBODY),
    ("GET", f"{_PERSON_IN}/assistance"): PERSON,
    ("GET", f"{V1}/plans"): Call(query={"kind": "assistance"}, wrong_for=NOBODY),
    ("GET", f"{V1}/plans/students-without"): PUBLIC,
    ("PUT", f"{V1}/plans/{{plan_id}}"): Call(names={"plan_id": "plan"}, body={"ending": "other"}, is_change=True),
    ("GET", f"{_PERSON_IN}/course-gaps"): PERSON,
    ("GET", f"{_PERSON_IN}/enrolments"): PERSON,
    ("POST", f"{_PERSON_IN}/enrolments"): Call(names=_OF_PERSON, body={"course_id": "demo-k-001"}),
    ("PUT", f"{V1}/enrolments/{{enrolment_id}}/attendance"): Call(
        names={"enrolment_id": "enrolment"}, body={"sessions": 2, "attended": 1}, is_change=True
    ),
    ("PUT", f"{V1}/enrolments/{{enrolment_id}}/completion"): Call(
        names={"enrolment_id": "enrolment"}, body={}, is_change=True
    ),
    ("POST", f"{V1}/enrolments/{{enrolment_id}}/facts"): Call(names={"enrolment_id": "enrolment"}),
    ("POST", f"{V1}/enrolments/{{enrolment_id}}/claim"): Call(names={"enrolment_id": "enrolment"}),
    ("GET", f"{V1}/publicity"): PUBLIC,
    ("POST", f"{V1}/publicity"): Call(body={"region": OTHER, "medium": "news", "on": DAY}, wrong_for=NOBODY),
    ("GET", f"{V1}/publicity/of-year"): PUBLIC,
    ("GET", f"{V1}/publicity/{{publicity_id}}"): Call(names={"publicity_id": "publicity"}, wrong_for=NOBODY),
    ("PATCH", f"{V1}/publicity/{{publicity_id}}"): Call(
        names={"publicity_id": "publicity"}, body={"title": "x"}, is_change=True, wrong_for=NOBODY
    ),
    ("GET", f"{V1}/course-reviews"): PUBLIC,
    ("POST", f"{V1}/course-reviews"): Call(
        body={"course_id": "{course}", "kind": "evaluation", "on": DAY}, wrong_for=NOBODY
    ),
    ("GET", f"{V1}/course-reviews/{{review_id}}"): Call(names={"review_id": "course_review"}, wrong_for=NOBODY),
    ("PATCH", f"{V1}/course-reviews/{{review_id}}"): Call(
        names={"review_id": "course_review"}, body={"result": "x"}, is_change=True, wrong_for=NOBODY
    ),
    ("GET", f"{V1}/ventures"): _BY_PERSON,
    ("POST", f"{V1}/ventures"): Call(body={"candidate_id": "{candidate}", "kind": "startup"}),
    ("GET", f"{V1}/ventures/{{venture_id}}"): Call(names={"venture_id": "venture"}),
    ("PATCH", f"{V1}/ventures/{{venture_id}}"): Call(
        names={"venture_id": "venture"}, body={"ends_on": DAY}, is_change=True
    ),
    ("POST", f"{V1}/ventures/{{venture_id}}/claim"): Call(names={"venture_id": "venture"}),
    ("GET", f"{V1}/visits"): _BY_PERSON,
    ("POST", f"{V1}/visits"): Call(
        body={"candidate_id": "{candidate}", "kind": "coach_visit", "on": DAY, "by": "刘老师"}
    ),
    ("GET", f"{V1}/visits/{{visit_id}}"): Call(names={"visit_id": "visit"}),
    ("PATCH", f"{V1}/visits/{{visit_id}}"): Call(names={"visit_id": "visit"}, body={"about": "x"}, is_change=True),
    ("GET", f"{_PERSON_IN}/ventures"): PERSON,
    ("GET", f"{V1}/enrolments"): _BY_PERSON,
    ("POST", f"{V1}/enrolments"): Call(body={"candidate_id": "{candidate}", "kind": "course"}),
    ("GET", f"{V1}/enrolments/{{enrolment_id}}"): Call(names={"enrolment_id": "enrolment"}),
    ("PATCH", f"{V1}/enrolments/{{enrolment_id}}"): Call(
        names={"enrolment_id": "enrolment"}, body={"title": "x"}, is_change=True
    ),
    ("GET", f"{V1}/tasks"): Call(wrong_for=NOBODY),
    ("GET", f"{V1}/tasks/{{task_id}}"): Call(names={"task_id": "task"}),
    ("PUT", f"{V1}/tasks/{{task_id}}/step"): Call(names={"task_id": "task"}, body={"act": "done"}, is_change=True),
    ("GET", f"{V1}/consent-texts"): PUBLIC,
    ("GET", f"{V1}/vacancies/{{vacancy_id}}/released"): Call(names=_VACANCY, wrong_for=EVERYBODY - STAFF),
    ("POST", f"{V1}/vacancies/{{vacancy_id}}/released/{{person}}/answers"): Call(
        names={**_VACANCY, "person": "candidate"}, body={"kind": "interviewed"}, wrong_for=EVERYBODY - STAFF
    ),
    ("POST", f"{V1}/vacancies/{{vacancy_id}}/released/{{person}}/answers/undo"): Call(
        names={**_VACANCY, "person": "candidate"}, wrong_for=EVERYBODY - STAFF
    ),
    ("GET", f"{V1}/inspections"): PUBLIC,
    ("POST", f"{V1}/inspections"): Call(body={"year": TODAY.year, "seed": 1, "region": OTHER}, wrong_for=NOBODY),
    ("GET", f"{V1}/inspections/{{inspection_id}}"): Call(names={"inspection_id": "inspection"}),
    ("PUT", f"{V1}/inspections/{{inspection_id}}/decision"): Call(
        names={"inspection_id": "inspection"},
        body={"outcome": "nothing_found", "ground": "x", "evidence": "x"},
        is_change=True,
    ),
    ("GET", f"{V1}/exchange/certification"): Call(query={"employer_id": "{employer}", "year": "2025"}),
    ("GET", f"{V1}/exchange/files/{{kind}}"): Call(
        names={"kind": "exchange"}, query={"year": "2025"}, wrong_for=NOBODY
    ),
    ("GET", f"{V1}/effects"): PUBLIC,
    ("GET", f"{V1}/effects/{{measure}}"): Call(names={"measure": "measure"}, wrong_for=NOBODY),
    ("GET", f"{V1}/reports"): PUBLIC,
    ("GET", f"{V1}/reports/plan"): Call(query={"year": "2026"}, wrong_for=NOBODY),
    ("GET", f"{V1}/reports/plan/rows"): Call(query={"year": "2026", "figure": "trained"}, wrong_for=NOBODY),
    ("GET", f"{V1}/reports/{{name}}"): Call(names={"name": "report"}, wrong_for=NOBODY),
}
# ---- campaigns and programmes are seen by all staff, so that people can be sent across counties ----
_INITIATIVE = {"initiative_id": "initiative"}
CALLS |= {
    ("GET", f"{V1}/initiatives"): PUBLIC,
    ("POST", f"{V1}/initiatives"): Call(body={"kind": "fair", "title": "招聘会"}, wrong_for=NOBODY),
    ("GET", f"{V1}/initiatives/{{initiative_id}}"): Call(names=_INITIATIVE, wrong_for=NOBODY),
    ("PATCH", f"{V1}/initiatives/{{initiative_id}}"): Call(
        names=_INITIATIVE, body={"places": 3}, is_change=True, wrong_for=NOBODY
    ),
    ("PUT", f"{V1}/initiatives/{{initiative_id}}/posts"): Call(
        names=_INITIATIVE, body={"vacancy_id": "{vacancy}"}, wrong_for=NOBODY
    ),
    ("GET", f"{V1}/initiatives/{{initiative_id}}/suggestions"): Call(names=_INITIATIVE, wrong_for=NOBODY),
    ("PUT", f"{V1}/initiatives/{{initiative_id}}/people"): Call(
        names=_INITIATIVE, body={"candidate_id": "{candidate}", "step": "invited", "on": DAY}
    ),
    ("GET", f"{_PERSON_IN}/offers"): PERSON,
    ("GET", f"{V1}/unit-records"): Call(query={"employer_id": "{employer}"}, is_filter=True),
    ("POST", f"{V1}/unit-records"): Call(
        body={"employer_id": "91620000MA00000007", "kind": "service_point"}, wrong_for=NOBODY
    ),
    ("GET", f"{V1}/unit-records/lists/{{name}}"): Call(names={"name": "unit_list"}, wrong_for=NOBODY),
    ("GET", f"{V1}/unit-records/{{record_id}}"): Call(names={"record_id": "unit_record"}),
    ("PATCH", f"{V1}/unit-records/{{record_id}}"): Call(
        names={"record_id": "unit_record"}, body={"posts": 2}, is_change=True
    ),
    ("GET", f"{V1}/employers/{{employer_id}}/social-report"): Call(names={"employer_id": "employer"}),
}
# ---- claims ----
CALLS |= {
    ("GET", f"{V1}/benefits/claims"): Call(query={"candidate_id": "{candidate}"}, is_filter=True),
    ("POST", f"{V1}/benefits/claims"): Call(body=CLAIM),
    ("GET", f"{V1}/benefits/claims/{{claim_id}}"): Call(names={"claim_id": "claim"}),
    ("PUT", f"{V1}/benefits/claims/{{claim_id}}/decision"): Call(
        names={"claim_id": "claim"}, body={"decision": "approved"}, is_change=True
    ),
    ("PUT", f"{V1}/benefits/claims/{{claim_id}}/withdrawal"): Call(names={"claim_id": "claim"}, is_change=True),
}
# ---- employers, and vacancies: published ones are seen by all staff, so that people can be sent across counties ----
CALLS |= {
    ("GET", f"{V1}/employers"): PUBLIC,
    ("POST", f"{V1}/employers"): Call(body={"employer_id": "91620100MA7XXXXX1X"}, wrong_for=NOBODY),
    ("GET", f"{V1}/employers/{{employer_id}}"): Call(names=_EMPLOYER),
    ("PATCH", f"{V1}/employers/{{employer_id}}"): Call(names=_EMPLOYER, body={"industry": "x"}, is_change=True),
    ("GET", f"{V1}/employers/{{employer_id}}/review-items"): Call(names=_EMPLOYER, query={"year": "2025"}),
    ("PUT", f"{V1}/employers/{{employer_id}}/verification"): Call(
        names=_EMPLOYER, body={"method": "site_visit"}, is_change=True
    ),
    ("DELETE", f"{V1}/employers/{{employer_id}}/verification"): Call(names=_EMPLOYER, is_change=True),
    ("GET", f"{V1}/vacancies"): PUBLIC,
    ("POST", f"{V1}/vacancies"): Call(body={"title": "文员"}, wrong_for=NOBODY),
    ("POST", f"{V1}/vacancies/job-posting"): Call(body={"@type": "JobPosting", "title": "文员"}, wrong_for=NOBODY),
    **{
        (method, f"{V1}/vacancies/{{vacancy_id}}{rest}"): Call(
            names=_VACANCY, body=body, is_change=method != "GET", wrong_for=EVERYBODY - STAFF
        )
        for method, rest, body in (
            ("GET", "", None),
            ("PATCH", "", {"openings": 2}),
            ("GET", "/job-posting", None),
            ("GET", "/check", None),
            ("GET", "/preview", None),
            ("POST", "/check", None),
            ("POST", "/send-back", {"note": "x"}),
            ("POST", "/approve", None),
            ("POST", "/publish", None),
            ("POST", "/confirm", None),
            ("POST", "/close", {"reason": "filled"}),
        )
    },
}
ABSENT: Mapping[str, str] = {
    "consent": str(uuid4()),
    "request": str(uuid4()),
    "review": str(uuid4()),
    "claim": str(uuid4()),
    "task": str(uuid4()),
    "plan": str(uuid4()),
    "plan-work": "workshops",
    "enrolment": "absent-7",
    "venture": "absent-9",
    "publicity": "absent-11",
    "course_review": "absent-12",
    "visit": "absent-10",
    "merge": str(uuid4()),
    "notice": str(uuid4()),
    "message": str(uuid4()),
    "inspection": str(uuid4()),
    "report": "people",
    "exchange": "training",
    "candidate": "absent-1",
    "placement": str(uuid4()),
    "assignment": str(uuid4()),
    "run": str(uuid4()),
    "upload": str(uuid4()),
    "employer": "absent-2",
    "vacancy": "absent-3",
    "course": "absent-4",
    "initiative": "absent-7",
    "unit_record": "absent-8",
    "unit_list": "directed",
    "rule": "absent-5",
    "planned": str(uuid4()),
    "measure": "services:absent-7",
    "user": str(uuid4()),
    "model": "absent-6",
    "table": "candidates",
}


@dataclass
class Province:
    """A service over two counties; `theirs` are the objects of the other one."""

    engine: Engine
    client: TestClient
    theirs: dict[str, str] = field(default_factory=dict)

    def enter(self, role: Role, code: str = OWN) -> dict[str, str]:
        """Sign in as a role and return the headers of its own page."""
        login = f"{role.value}-{code}"
        access: Any = self.client.app.state.access  # type: ignore[attr-defined]  # the application is ours
        with self.engine.begin() as connection:
            account = the_accounts(connection).get(login)
            opened = access.sessions(noted(connection)).open(account.user_id, place_of(role, code), role)
        self.client.cookies.clear()
        return {"Cookie": f"__Host-yougang={opened.token}", "X-CSRF-Token": opened.csrf_token}

    def call(self, method: str, path: str, call: Call, objects: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        """Call a route with some objects in its places."""
        for name, kind in call.names.items():
            path = path.replace(f"{{{name}}}", objects[kind])
        sent = {**TRACE, **headers}
        if method != "GET":
            sent["Idempotency-Key"] = str(uuid4())
        if call.is_change:
            sent["If-Match"] = '"1"'
        more: dict[str, Any] = {} if call.body is None else {"json": _filled(call.body, objects)}
        if call.form is not None:
            more = {"data": dict(call.form), "files": {"file": ("sheet.csv", b"candidate_id\nnew-1\n")}}
        return self.client.request(method, path, params=_filled(dict(call.query), objects), headers=sent, **more)


def _filled(held: Any, objects: Mapping[str, str]) -> Any:
    if isinstance(held, dict):
        return {name: _filled(value, objects) for name, value in held.items()}
    if isinstance(held, list):
        return [_filled(value, objects) for value in held]
    if isinstance(held, str) and held.startswith("{") and held.endswith("}"):
        return objects[held[1:-1]]
    return held


def _put(connection: Connection, table: str, **values: Any) -> None:
    connection.execute(CASE_TABLES[table].insert().values(**values))


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """One service for all: what the tests add is this county's, and what they compare is computed anew."""
    store = a_copy(tmp_path_factory.mktemp("two-counties"))
    engine = engine_for(store.url, KEYS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RateLimit, "take", _no_limit)  # nobody else asks so often
        app = create_app(Settings(database_url=store.url, models=store.models, as_of=TODAY, keys=KEYS))
        with TestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
            whole = Province(engine, client)
            _settle(whole)
            yield whole
    engine.dispose()


def _no_limit(limit: RateLimit, key: str, cost: int = 1) -> Left:
    return Left(limit.rate, limit.rate.most, limit.rate.seconds)


def _settle(whole: Province) -> None:
    with whole.engine.begin() as connection:
        gansu_with_others(noted(connection))
        employers = sorted(connection.execute(select(CASE_TABLES["employers"].c.employer_id)).scalars())
        for employer_id, region in zip(employers[:2], (OWN, OTHER), strict=True):
            c = CASE_TABLES["employers"]
            connection.execute(update(c).where(c.c.employer_id == employer_id).values(region=region))
        connection.execute(
            update(organisations).where(organisations.c.organisation_id == FIRM).values(employer_id=employers[0])
        )
        people = People(connection, local_subject(Purpose.JOB_MATCHING))
        facts = {"name": "赵秘密", "phone": "13911112222", "certificate_number": CANARY}
        people.add({"candidate_id": THEIRS, "region": OTHER, **facts}, on=TODAY)
        people.add({"candidate_id": MINE, "region": OWN}, on=TODAY)
        people.add({"candidate_id": "theirs-twin", "region": OTHER}, on=TODAY)
        joined = Merges(connection, people.subject, on=TODAY, now=datetime(2026, 11, 1, tzinfo=UTC))
        merge_id = joined.merge(Wish(THEIRS, "theirs-twin", 1, 1, "x"))
        assigned = people.assign(THEIRS, office_id(OTHER), at=datetime(2026, 11, 1, tzinfo=UTC))
        vacancies = CASE_TABLES["vacancies"]
        vacancy = connection.execute(select(vacancies.c.vacancy_id).order_by(vacancies.c.vacancy_id)).scalars().first()
        connection.execute(
            update(vacancies).where(vacancies.c.vacancy_id == vacancy).values(employer_id=employers[1], closes_on=None)
        )
        _put(connection, "placements", placement_id="theirs-p", candidate_id=THEIRS, employer_id=employers[1])
        _put(connection, "interactions", candidate_id=THEIRS, vacancy_id=vacancy, kind="viewed", at=date(2026, 1, 2))
        drawn: dict[str, Any] = {
            **dict.fromkeys(Inspection.__dataclass_fields__),
            "inspection_id": str(uuid4()),
            "chosen": "random",
        }
        drawn |= {"employer_id": employers[1], "year": 2025, "seed": 1, "flags": "[]", "rules_version": "r"}
        drawn |= {"drawn_by": "user:x", "drawn_at": datetime(2026, 11, 1, tzinfo=UTC), "row_version": 1}
        InspectionRepository(connection, local_subject(Purpose.SUPERVISION)).add(Inspection(**drawn))
        _put(connection, "services", candidate_id=THEIRS, kind="training", on=date(2026, 1, 2))
        _put(connection, "unit_records", record_id="theirs-u", employer_id=employers[1], kind="service_point")
        a_user(connection, "first-admin", Role.ADMINISTRATOR, OWN)
        for role in Role:
            a_user(connection, f"{role.value}-{OWN}", role, OWN)
        there, _ = a_user(connection, f"caseworker-{OTHER}", Role.CASEWORKER, OTHER)
    whole.theirs = {**ABSENT, "candidate": THEIRS, "placement": "theirs-p", "assignment": assigned.assignment_id}
    whole.theirs["inspection"] = drawn["inspection_id"]
    whole.theirs["merge"] = merge_id
    whole.theirs["unit_record"] = "theirs-u"
    whole.theirs |= {"employer": employers[1], "vacancy": str(vacancy), "user": there.user_id}
    other = whole.enter(Role.CASEWORKER, OTHER)
    listed = whole.client.get(f"{V1}/candidates/{THEIRS}/shortlist", params={"as_of": DAY}, headers=other)
    whole.theirs["run"] = listed.json()["run_id"]
    sheet = {"file": ("sheet.csv", b"candidate_id,grade\ntheirs-2,9\n")}
    sent = whole.client.post(
        f"{V1}/imports/candidates", files=sheet, headers={**other, "Idempotency-Key": str(uuid4())}
    )
    assert sent.json()["rejected"] == 1, sent.text
    whole.theirs["upload"] = sent.json()["import_id"]
    (told,) = whole.client.get(f"{V1}/notices", headers=other).json()["items"]
    whole.theirs["notice"] = told["notice_id"]
    person = f"{V1}/candidates/{THEIRS}"
    claim = _filled(CLAIM, whole.theirs)
    made = {
        "message": (f"{person}/messages", {"template": "call_back"}, "message_id"),
        "consent": (f"{person}/consents", CONSENT, "consent_id"),
        "request": (f"{person}/requests", {"kind": "erasure"}, "request_id"),
        "review": (f"{person}/reviews", {}, "request_id"),
        "claim": (f"{V1}/benefits/claims", claim, "claim_id"),
        "task": (f"{person}/tasks", TASK, "task_id"),
        "plan": (f"{person}/plans", PLAN, "plan_id"),
        "enrolment": (f"{V1}/enrolments", {"candidate_id": THEIRS, "kind": "school"}, "enrolment_id"),
        "venture": (f"{V1}/ventures", {"candidate_id": THEIRS, "kind": "startup"}, "venture_id"),
        "visit": (
            f"{V1}/visits",
            {"candidate_id": THEIRS, "kind": "coach_visit", "on": DAY, "by": "刘老师"},
            "visit_id",
        ),
    }
    with whole.engine.begin() as connection:
        says(connection, THEIRS, ConsentAct.GIVEN, ConsentPurpose.CONTACT)
    for kind, (path, body, name) in made.items():
        answer = whole.client.post(path, json=body, headers={**other, "Idempotency-Key": str(uuid4())})
        assert answer.status_code == 201, (path, answer.text)
        whole.theirs[kind] = answer.json()[name]


def routes_of(router: Any) -> Iterator[tuple[str, str, APIRoute]]:
    """Yield every route of the application that is no page for people; of those see `tests.console.test_matrix`."""
    for method, path, route in all_routes_of(router):
        policy = policy_of(route.endpoint)
        if policy is None or not policy.is_page:
            yield method, path, route


def all_routes_of(router: Any, prefix: str = "") -> Iterator[tuple[str, str, APIRoute]]:
    """Yield every route of the application with its method and path, into included routers."""
    for route in router.routes:
        context = getattr(route, "include_context", None)
        if isinstance(route, APIRoute):
            yield from ((method, prefix + route.path, route) for method in sorted((route.methods or set()) - {"HEAD"}))
        elif context is not None:
            yield from all_routes_of(route.original_router, prefix + context.prefix)


def test_threat_1_every_route_has_an_entry_here(province: Province) -> None:
    found = {
        (method, path)
        for method, path, route in routes_of(province.client.app)
        if policy_of(route.endpoint) not in (OPEN, OWN_SESSION)
    }
    assert len(found) > 40
    assert found - set(CALLS) == set(), "say in CALLS how these are called, and whose business their objects are not"
    assert set(CALLS) - found == set()


def _foreign_is_absent(province: Province, role: Role, more: Mapping[str, str]) -> None:
    """Call everything that is not the role's business, once with the other county's objects and once with none."""
    headers = {**province.enter(role), **more}
    called = [(where, call) for where, call in CALLS.items() if role in call.wrong_for]
    assert called
    for (method, path), call in called:
        theirs = province.call(method, path, call, province.theirs, headers)
        absent = province.call(method, path, call, ABSENT, headers)
        where = (role, method, path, more, theirs.text)
        if call.is_filter and theirs.status_code == 200:
            assert theirs.json()["items"] == [], where
        else:
            assert theirs.status_code in (403, 404), where
        assert (theirs.status_code, theirs.content) == (absent.status_code, absent.content), where
        assert set(theirs.headers) == set(absent.headers), where


@pytest.mark.parametrize("role", Role)
def test_threats_1_and_2_the_other_countys_objects_are_what_is_not_there(province: Province, role: Role) -> None:
    _foreign_is_absent(province, role, {})


@pytest.mark.parametrize("purpose", sorted(Purpose))
def test_threat_1_no_stated_purpose_opens_the_other_county(province: Province, purpose: Purpose) -> None:
    _foreign_is_absent(province, Role.SUPERVISOR, {"Yougang-Purpose": purpose.value})


@pytest.mark.parametrize("role", Role)
def test_threat_2_no_answer_to_anybody_of_this_county_names_what_is_the_others(province: Province, role: Role) -> None:
    headers = province.enter(role)
    marks = [THEIRS, "theirs-p", "赵秘密", "13911112222", CANARY, province.theirs["run"], province.theirs["upload"]]
    public = {
        "course",
        "plan-work",
        "rule",
        "model",
        "table",
        "report",
        "exchange",
        "measure",
        "initiative",
        "unit_list",
    }
    for (method, path), call in CALLS.items():
        plain = Call(names=call.names, body=call.body, form=call.form, query={"year": "2025"}, wrong_for=call.wrong_for)
        if set(call.names.values()) - public or (method == "POST" and call.wrong_for):
            continue  # asked for above
        answer = province.call(method, path, plain, ABSENT, headers)
        assert answer.status_code < 500, (role, method, path, answer.text)
        assert [mark for mark in marks if mark in answer.text] == [], (role, method, path)


def _walked(province: Province, path: str, headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return every item of a list, in small pages."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = {"limit": "7"} | ({} if cursor is None else {"cursor": cursor})
        page = province.client.get(path, params=query, headers=headers).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


@pytest.mark.parametrize("code", [OWN, "620100", "620000"])
def test_threat_2_lists_and_counts_are_those_of_a_recomputation_over_the_visible_people(
    province: Province, code: str
) -> None:
    if code != OWN:
        with province.engine.begin() as connection:
            a_user(connection, f"caseworker-{code}", Role.CASEWORKER, code)
    with province.engine.connect() as connection:
        codes = Organisations(connection).codes_of_subtree(office_id(code), TODAY)
        held = {
            name: [dict(row._mapping) for row in connection.execute(select(CASE_TABLES[name]))]
            for name in ("candidates", "interactions", "services", "placements")
        }
    people = {row["candidate_id"]: row for row in held["candidates"] if code == "620000" or row["region"] in codes}
    assert len(people) >= 2
    headers = province.enter(Role.CASEWORKER, code)
    assert [item["candidate_id"] for item in _walked(province, f"{V1}/candidates", headers)] == sorted(people)
    for name in ("interactions", "services", "placements"):
        expected = sum(row["candidate_id"] in people for row in held[name])
        assert len(_walked(province, f"{V1}/{name}", headers)) == expected, name
    vacancy = province.theirs["vacancy"]
    found = province.client.get(
        f"{V1}/vacancies/{vacancy}/candidates", params={"as_of": DAY, "k": 100}, headers=headers
    )
    counts = found.json()["counts"]
    assert counts["active"] == sum(row["job_wish"] != "no" for row in people.values())
    assert counts["ranked"] + sum(one["candidates"] for one in found.json()["excluded"]) == counts["active"]
    assert {item["candidate_id"] for item in found.json()["items"]} <= set(people)


# ---- threats 7 and 8: a certificate number in every body ----


def _bodies(province: Province, path: str, method: str) -> Iterator[Any]:
    """Yield bodies with the canary: in place of the whole, as a name, and in each field of a right one."""
    yield from (CANARY, [CANARY], {CANARY: CANARY}, {CANARY: {CANARY: [CANARY]}})
    right = CALLS[method, path].body
    document = province.client.app.openapi()  # type: ignore[attr-defined]  # the application is ours
    operation = document["paths"][path][method.lower()]
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return
    name = content["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
    for field_name in document["components"]["schemas"].get(name, {}).get("properties", {}):
        mine = _filled(right or {}, {**province.theirs, "candidate": MINE})
        for odd in (CANARY, [CANARY], {CANARY: CANARY}):
            yield {**mine, field_name: odd}


def test_threats_7_and_8_no_refusal_of_any_body_and_no_log_shows_a_certificate_number(
    province: Province, caplog: pytest.LogCaptureFixture
) -> None:
    headers = province.enter(Role.CASEWORKER)
    n_refused = 0
    with caplog.at_level(logging.DEBUG):
        for (method, path), call in CALLS.items():
            if method == "GET" or call.form is not None:
                continue
            for body in _bodies(province, path, method):
                odd = Call(names=call.names, query=call.query, is_change=call.is_change)
                objects = {**province.theirs, "candidate": MINE}
                target = path
                for name, kind in odd.names.items():
                    target = target.replace(f"{{{name}}}", objects[kind])
                sent = {**headers, "Idempotency-Key": str(uuid4()), "If-Match": '"1"'}
                answer = province.client.request(method, target, json=body, headers=sent)
                assert answer.status_code < 500, (method, path, body)
                if answer.status_code >= 400:
                    n_refused += 1
                    assert CANARY not in answer.text + str(dict(answer.headers)), (method, path, body)
    assert n_refused > 100
    told = [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")]
    assert CANARY not in "".join(told)
    with province.engine.connect() as connection:
        assert CANARY not in json.dumps([str(event) for event in events(connection)])
