"""Lists ask the database as often for many rows as for few: no statement for each row (N+1), on either database.

The lists are found by walking the application; one that is not called here fails.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints
from uuid import uuid4

import pytest
from sqlalchemy import update

from api.access import policy_of
from api.cursors import Page
from api.rates import RateLimit
from api.settings import today
from matching.plan_actions import RecordKind
from matching.vocabulary import HouseholdKind
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.consent.words import ConsentAct, ConsentPurpose
from pipelines.plan_tables import UNIT_RECORDS
from pipelines.schema import COURSES, EMPLOYERS, PLACEMENTS
from pipelines.store.inspections import Inspection, InspectionRepository
from pipelines.store.repositories import RunRepository, TableRepository
from pipelines.store.tables import organisations
from pipelines.store.uploads import UploadRepository
from tests.api.test_matrix import NOTE, PLAN, TASK, Province, routes_of
from tests.support.accounts import FIRM
from tests.support.people import acted, agrees_to_tell, says
from tests.support.province import TODAY
from tests.support.service import OWN, Service
from tests.support.stores import BACKENDS, PROGRAM, noted
from tests.threats.doors import HERE, V1, a_house, a_post, a_province, add_case, by, statements

EMPLOYER, POST = "91620100MA7XXXXX1X", "v-many"
_PERSON = f"{V1}/candidates/{HERE}"
LISTS = {
    f"{V1}/candidates": f"{V1}/candidates",
    f"{V1}/interactions": f"{V1}/interactions",
    f"{V1}/placements": f"{V1}/placements",
    f"{V1}/services": f"{V1}/services",
    f"{V1}/courses": f"{V1}/courses",
    f"{V1}/due": f"{V1}/due",
    f"{V1}/initiatives": f"{V1}/initiatives",
    f"{V1}/unit-records": f"{V1}/unit-records",
    f"{V1}/enrolments": f"{V1}/enrolments",
    f"{V1}/ventures": f"{V1}/ventures",
    f"{V1}/visits": f"{V1}/visits",
    f"{V1}/publicity": f"{V1}/publicity",
    f"{V1}/course-reviews": f"{V1}/course-reviews",
    f"{V1}/plans": f"{V1}/plans?kind={PLAN['kind']}",
    f"{V1}/plans/students-without": f"{V1}/plans/students-without",
    f"{V1}/inspections": f"{V1}/inspections",
    f"{V1}/tasks": f"{V1}/tasks",
    f"{V1}/caseload": f"{V1}/caseload",
    f"{V1}/notices": f"{V1}/notices",
    f"{V1}/messages": f"{V1}/messages",
    f"{V1}/duplicates": f"{V1}/duplicates",
    f"{V1}/due/households": f"{V1}/due/households?state=with_work",
    f"{V1}/reports/plan/rows": f"{V1}/reports/plan/rows?year={TODAY.year}&figure=trained",
    f"{V1}/shortlists": f"{V1}/shortlists?candidate_id={HERE}",
    f"{V1}/imports": f"{V1}/imports",
    f"{V1}/employers": f"{V1}/employers",
    f"{V1}/vacancies": f"{V1}/vacancies",
    f"{V1}/benefits/claims": f"{V1}/benefits/claims",
    f"{V1}/audit": f"{V1}/audit",
}
"""Lists in pages, and how they are asked for."""
OTHERS = (
    f"{_PERSON}/consents",
    f"{_PERSON}/offers",
    f"{_PERSON}/ventures",
    f"{V1}/publicity/of-year",
    f"{V1}/unit-records/lists/plans?year={TODAY.year}",
    f"{V1}/employers/{EMPLOYER}/social-report",
    f"{_PERSON}/requests",
    f"{_PERSON}/notes",
    f"{_PERSON}/tasks",
    f"{V1}/quota/{EMPLOYER}?year={TODAY.year}",
    f"{V1}/benefits/employers/{EMPLOYER}",
    f"{V1}/employers/{EMPLOYER}/review-items?year={TODAY.year}",
    f"{V1}/vacancies/{POST}/released",
    f"{V1}/reports/people",
    f"{V1}/reports/plan?year={TODAY.year}",
)
"""What tells of several rows without pages."""
_SAME_LENGTH = {
    f"{V1}/benefits/employers/{EMPLOYER}",
    f"{V1}/employers/{EMPLOYER}/review-items?year={TODAY.year}",
    f"{V1}/reports/people",
    f"{V1}/reports/plan?year={TODAY.year}",
    f"{V1}/audit",
}
"""Worked out from all rows and told in as many words, or a whole page either way."""
FEW, MANY = 4, 15
"""Few are more than one, of whom one is told: a single row goes into the audit in fewer statements."""


@pytest.fixture(params=BACKENDS)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with a_house(tmp_path, request.param) as opened:
        opened.access.rates.people = opened.access.rates.records = RateLimit(10**6, 3600)
        opened.user("firm", Role.COMPANY_POSTER)
        opened.user("auditor", Role.AUDITOR)
        with opened.engine.begin() as connection:
            noted(connection)
            row = {**dict.fromkeys(EMPLOYERS.by_name), "employer_id": EMPLOYER, "name": "某公司", "region": OWN}
            TableRepository(connection, EMPLOYERS, PROGRAM).insert([row])
            of_firm = update(organisations).where(organisations.c.organisation_id == FIRM)
            connection.execute(of_firm.values(employer_id=EMPLOYER))
        a_post(opened.engine, POST, employer_id=EMPLOYER)
        yield opened


def grown(house: Service, first: int, last: int) -> None:
    """Add one more of everything for each number."""
    for n in range(first, last):
        person = f"c-{n:03d}"
        a_post(house.engine, f"v-{n:03d}", employer_id=EMPLOYER)
        ends = today() + timedelta(days=30)
        add_case(
            house.engine,
            person,
            OWN,
            f"v-{n:03d}",
            name=f"张{n // 2}",
            phone="13900001111",
            functions={},
            certificate_valid_until=ends,
            household_kinds=(HouseholdKind.MONITORED,),
        )
        with house.engine.begin() as connection:
            placed = TableRepository(noted(connection), PLACEMENTS, PROGRAM)
            placed.replace([{**placed.find([(f"p-{person}",)])[(f"p-{person}",)], "employer_id": EMPLOYER}])
            acted(connection, person, POST)
            if n % 2:
                agrees_to_tell(connection, person, EMPLOYER)
            at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=n)
            says(connection, person, ConsentAct.GIVEN, ConsentPurpose.CONTACT, at=datetime(2026, 11, 1, tzinfo=UTC))
            says(connection, HERE, ConsentAct.REFUSED, ConsentPurpose.CONTACT, at=at)
            courses = TableRepository(connection, COURSES, PROGRAM)
            courses.insert([{**dict.fromkeys(COURSES.by_name), "course_id": f"k-{n:03d}", "title": "电脑基础"}])
            employer = {"employer_id": f"9162010{n:03d}MA7XXXX1X"[:18], "name": f"公司{n}", "region": OWN}
            TableRepository(connection, EMPLOYERS, PROGRAM).insert([{**dict.fromkeys(EMPLOYERS.by_name), **employer}])
            drawn: dict[str, Any] = {
                **dict.fromkeys(Inspection.__dataclass_fields__),
                "inspection_id": f"i-{n}",
                "chosen": "random",
            }
            drawn |= {"employer_id": employer["employer_id"], "year": 2025, "seed": 1, "flags": "[]", "row_version": 1}
            drawn |= {"rules_version": "r", "drawn_by": "user:x", "drawn_at": at}
            InspectionRepository(connection, PROGRAM).add(Inspection(**drawn))
            plan = {"record_id": f"u-{n}", "employer_id": EMPLOYER, "kind": RecordKind.PROJECT_PLAN, "posts": n}
            records = TableRepository(connection, UNIT_RECORDS, PROGRAM)
            records.insert([{**dict.fromkeys(UNIT_RECORDS.by_name), **plan, "year": TODAY.year}])
            RunRepository(connection).save_document(
                {
                    "run_id": str(uuid4()), "candidate_id": HERE, "as_of": TODAY.isoformat(),
                    "model_version": "m", "rules_version": "r",
                }
            )  # fmt: skip
            _sent(connection, at)
        claim = {
            "rule_id": "benefit.nursing_tier", "candidate_id": person, "from_month": "2026-01", "to_month": "2026-07",
            "cost_basis": "living", "county": OWN,
        }  # fmt: skip
        for path, body in (
            (f"{V1}/benefits/claims", claim),
            (f"{_PERSON}/requests", {"kind": "correction"}),
            (f"{_PERSON}/notes", NOTE),
            (f"{_PERSON}/tasks", TASK),
            (f"{V1}/candidates/{person}/tasks", TASK),
            (f"{V1}/candidates/{person}/caseworkers", {}),
            (f"{V1}/candidates/{person}/messages", {"template": "call_back"}),
            (f"{V1}/enrolments", {"candidate_id": person, "kind": "school"}),
            (f"{V1}/ventures", {"candidate_id": HERE, "kind": "startup"}),
            (f"{V1}/visits", {"candidate_id": HERE, "kind": "coach_visit", "on": TODAY.isoformat(), "by": "刘老师"}),
            *([(f"{V1}/candidates/{person}/plans", PLAN)] if n % 2 else []),
            (f"{V1}/publicity", {"region": OWN, "medium": "news", "on": TODAY.isoformat()}),
            (f"{V1}/course-reviews", {"course_id": f"k-{n:03d}", "kind": "evaluation", "on": TODAY.isoformat()}),
            (f"{V1}/vacancies", {"title": "文员", "employer_id": EMPLOYER}),
            (f"{V1}/initiatives", {"kind": "fair", "title": "招聘会", "initiative_id": f"i-{n}"}),
            (f"{V1}/initiatives", {"kind": "crafts", "title": "工坊", "initiative_id": f"s-{n}"}),
        ):
            answer = house.client.post(path, json=body, headers=by(house))
            assert answer.status_code == 201, answer.text
    house.client.get(f"{V1}/duplicates", headers=by(house))  # marks whoever is new
    house.client.get(f"{V1}/notices", headers=by(house))  # reminds of what is due


def _sent(connection: Any, at: datetime) -> None:
    UploadRepository(connection, _worker()).add(
        {
            "upload_id": str(uuid4()), "organisation_id": f"office-{OWN}", "actor": "user:x", "table_name": "courses",
            "is_dry_run": True, "state": "running", "started_at": at,
        }
    )  # fmt: skip


def _worker() -> Subject:
    return Subject(None, None, Role.CASEWORKER, frozenset({OWN}), Purpose.JOB_MATCHING)


def _headers(house: Service, address: str) -> Any:
    if address.endswith("/released"):
        return by(house, "firm", Role.COMPANY_POSTER)
    return by(house, "auditor", Role.AUDITOR) if address.startswith(f"{V1}/audit") else by(house)


def _asked(house: Service, address: str) -> tuple[list[str], int]:
    """Return the statements of one request, and how many rows it told of."""
    headers = _headers(house, address)
    with statements(house.access.engine) as asked:
        answer = house.client.get(address, params=None if "?" in address else {"limit": 100}, headers=headers)
    assert answer.status_code == 200, (address, answer.text)
    return asked, len(answer.text)


def test_lists_take_as_many_statements_for_many_rows_as_for_few(house: Service) -> None:
    addresses = (*LISTS.values(), *OTHERS)
    grown(house, 0, FEW)
    for address in addresses:
        _asked(house, address)  # what is read once and kept
    few = {address: _asked(house, address) for address in addresses}
    grown(house, FEW, MANY)
    for address in addresses:
        asked, size = _asked(house, address)
        before, size_before = few[address]
        assert size > size_before or address in _SAME_LENGTH, address
        assert len(asked) == len(before), (address, len(before), sorted(set(asked) - set(before)))
        assert len(asked) <= 20, (address, asked)


def test_every_list_in_pages_is_among_these(house: Service) -> None:
    paged = {
        path
        for method, path, route in routes_of(house.app)
        if method == "GET" and policy_of(route.endpoint) and Page in _types(route.endpoint)
    }
    assert paged == set(LISTS)


def _types(endpoint: Any) -> set[Any]:
    hints = get_type_hints(endpoint, include_extras=True).values()
    return {part for hint in hints for part in (hint, *get_args(hint)) if isinstance(part, type)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    with a_province(tmp_path_factory.mktemp("whole")) as opened:
        yield opened


def test_people_for_a_vacancy_take_as_many_statements_for_many_as_for_few(whole: Province) -> None:
    counted = []
    for k in (1, 1, 40):
        headers = whole.enter(Role.CASEWORKER, "620502")
        address = f"{V1}/vacancies/{whole.theirs['vacancy']}/candidates"
        app: Any = whole.client.app
        with statements(app.state.access.engine) as asked:
            answer = whole.client.get(address, params={"as_of": TODAY.isoformat(), "k": k}, headers=headers)
        counted.append((len(json.loads(answer.text)["items"]), len(asked)))
    assert counted[2][0] > counted[1][0] == 1
    assert counted[2][1] == counted[1][1]
