"""Rules, quota, benefits, lists, models and the audit over HTTP: the commands' own answers, to whom they concern."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from matching.rules.rulebook import rulebook
from pipelines.access.audit import events
from pipelines.access.roles import Purpose, Role, local_subject
from pipelines.case import load_case
from pipelines.quota import quota
from pipelines.registers.cases import quota_document
from pipelines.store.session import engine_for
from pipelines.store.tables import CASE_TABLES, organisations
from tests.conftest import Town, Yougang
from tests.support.accounts import FIRM, KEYS, a_user, gansu_with_others
from tests.support.province import TODAY, a_copy
from tests.support.service import HOST, LOCAL, OTHER, OWN, Service
from tests.support.stores import PROGRAM, noted

V1 = "/api/v1"
DAY = {"as_of": TODAY.isoformat()}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service over the invented province, with a company of its own in this county."""
    store = a_copy(tmp_path_factory.mktemp("registers"))
    engine = engine_for(store.url, KEYS)
    app = create_app(Settings(database_url=store.url, models=store.models, as_of=TODAY, keys=KEYS))
    with TestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
        running = Service(engine, client, app)
        with engine.begin() as connection:
            gansu_with_others(noted(connection))
            employer = company(running)
            e, p = CASE_TABLES["employers"], CASE_TABLES["candidates"]
            connection.execute(update(e).where(e.c.employer_id == employer).values(region=OWN))
            staff = select(CASE_TABLES["placements"].c.candidate_id).where(
                CASE_TABLES["placements"].c.employer_id == employer
            )
            connection.execute(update(p).where(p.c.candidate_id.in_(staff)).values(region=OWN))
            connection.execute(
                update(organisations).where(organisations.c.organisation_id == FIRM).values(employer_id=employer)
            )
            for login, role, code in (
                ("first-admin", Role.ADMINISTRATOR, OWN), ("liwei", Role.CASEWORKER, OWN),
                ("others", Role.CASEWORKER, OTHER), ("poster", Role.COMPANY_POSTER, OWN),
                ("analyst", Role.ANALYST, OWN), ("auditor", Role.AUDITOR, OWN), ("upper", Role.AUDITOR, "620100"),
            ):  # fmt: skip
                a_user(connection, login, role, code)
        yield running
    engine.dispose()


def company(service: Service) -> str:
    """Return the employer with the most placements."""
    with service.engine.connect() as connection:
        rows = connection.execute(select(CASE_TABLES["placements"].c.employer_id)).scalars()
        held = [one for one in rows if one is not None]
    return str(max(sorted(set(held)), key=held.count))


def staff_of(service: Service, employer: str) -> list[str]:
    c = CASE_TABLES["placements"].c
    with service.engine.connect() as connection:
        return sorted(set(connection.execute(select(c.candidate_id).where(c.employer_id == employer)).scalars()))


@pytest.fixture
def worker(service: Service) -> dict[str, str]:
    return service.enter("liwei", Role.CASEWORKER)


@pytest.fixture
def poster(service: Service) -> dict[str, str]:
    return service.enter("poster", Role.COMPANY_POSTER)


def get(service: Service, path: str, headers: dict[str, str], **query: Any) -> Any:
    return service.client.get(f"{V1}{path}", params=query, headers=headers)


# ---- one case and the whole store ----


def test_the_few_rows_of_an_employer_answer_as_the_whole_store_does(service: Service) -> None:
    with service.engine.begin() as connection:
        case = load_case(connection, PROGRAM)
        subject = local_subject(Purpose.JOB_MATCHING)
        employers = [one for one in case.employers if case.placements_of.get(one)]
        assert len(employers) > 5
        for employer_id in employers:
            whole = quota(case, rulebook(), employer_id, 2025, TODAY).as_dict()
            narrow = quota_document(connection, subject, rulebook(), employer_id, 2025, TODAY)
            assert {name: narrow[name] for name in whole} == whole


@pytest.mark.parametrize("noun", ["candidate", "placement", "employer"])
def test_benefits_over_http_are_the_commands(own_town: Town, yougang: Yougang, noun: str) -> None:
    engine = engine_for(own_town.url)
    with engine.connect() as connection:
        ids = {
            "candidate": connection.execute(select(CASE_TABLES["placements"].c.candidate_id)).scalars().first(),
            "placement": connection.execute(select(CASE_TABLES["placements"].c.placement_id)).scalars().first(),
            "employer": connection.execute(select(CASE_TABLES["employers"].c.employer_id)).scalars().first(),
        }
    engine.dispose()
    with TestClient(
        create_app(Settings.of(own_town.url, TODAY)), base_url=LOCAL, raise_server_exceptions=False
    ) as client:
        over_http = client.get(f"{V1}/benefits/{noun}s/{ids[noun]}", params=DAY).json()
    told = yougang("--json", "benefits", noun, str(ids[noun]), at=own_town).document
    assert {name: value for name, value in told.items() if name != "decision_id"} == over_http


def test_the_quota_over_http_is_the_commands_with_the_lines_of_who_is_visible(service: Service, worker: Any) -> None:
    employer = company(service)
    told = get(service, f"/quota/{employer}", worker, year=2025, **DAY).json()
    with service.engine.connect() as connection:
        whole = quota(load_case(connection, PROGRAM), rulebook(), employer, 2025, TODAY).as_dict()
    assert told["persons_not_shown"] == 0
    assert {name: told[name] for name in whole} == json.loads(json.dumps(whole))
    read = [one for one in audit(service) if one["action"] == "quota.read" and one["actor"] != "local"]
    assert {one["object_id"] for one in read} == {line["candidate_id"] for line in told["persons"]}


def audit(service: Service) -> list[dict[str, Any]]:
    with service.engine.connect() as connection:
        return list(events(connection))


def test_threat_5_a_companys_own_figures_are_the_same_whatever_its_peoples_grades(
    service: Service, poster: Any
) -> None:
    employer, answers = company(service), []
    staff = staff_of(service, employer)
    c = CASE_TABLES["candidates"]
    for grade, category in ((1, "vision"), (4, "physical")):
        with service.engine.begin() as connection:
            facts = {"grade": grade, "category": category, "certificate_number": None, "certificate_index": None}
            connection.execute(update(noted_table(connection, c)).where(c.c.candidate_id.in_(staff)).values(facts))
        answers.append(
            [
                get(service, f"/quota/{employer}", poster, year=2025, **DAY).content,
                get(service, f"/benefits/employers/{employer}", poster, **DAY).content,
            ]
        )
    assert answers[0] == answers[1]
    assert not [one for one in staff if one.encode() in b"".join(answers[0])]


def noted_table(connection: Any, table: Any) -> Any:
    noted(connection)
    return table


def test_a_company_reads_its_own_figures_and_no_others(service: Service, poster: Any) -> None:
    with service.engine.connect() as connection:
        employers = connection.execute(select(CASE_TABLES["employers"].c.employer_id)).scalars().all()
    other = next(one for one in employers if one != company(service))
    for path, query in (("/quota/", {"year": 2025}), ("/benefits/employers/", {})):
        assert get(service, path + company(service), poster, **query).status_code == 200
        assert get(service, path + other, poster, **query).status_code == 404


# ---- rules ----


def test_rules_are_listed_as_of_the_day_and_one_is_tried_on_given_facts(service: Service, worker: Any) -> None:
    listed = get(service, "/rules", worker, as_of="2016-01-01").json()
    assert listed["as_of"] == "2016-01-01"
    assert any(rule["rule_id"] == "quota.required" for rule in listed["rules"])
    assert get(service, "/rules/quota.required", worker).json()["versions"]
    tried = service.client.post(
        f"{V1}/rules/quota.required/evaluations",
        json={"inputs": {"headcount": 200}, "as_of": "2026-01-01"},
        headers=worker,
    )
    assert (tried.status_code, tried.json()["required"]) == (200, 3)


def test_a_fact_that_a_rule_does_not_know_is_refused_and_not_repeated(service: Service, worker: Any) -> None:
    path = f"{V1}/rules/quota.required/evaluations"
    for inputs in ({"canary": 1}, {"headcount": "canary"}, {"headcount": -1}):
        answer = service.client.post(path, json={"inputs": inputs}, headers=worker)
        assert answer.status_code == 422, answer.text
        assert "canary" not in answer.text
    assert get(service, "/rules/canary", worker).status_code == 404


# ---- stored lists ----


def test_a_stored_list_comes_back_as_it_was_given_out_and_stands_among_the_persons_lists(
    service: Service, worker: Any
) -> None:
    person = staff_of(service, company(service))[0]
    given = [get(service, f"/candidates/{person}/shortlist", worker, k=3, **DAY).json() for _ in range(3)]
    assert get(service, f"/shortlists/{given[0]['run_id']}", worker).json() == given[0]
    first = get(service, "/shortlists", worker, candidate_id=person, limit=2).json()
    rest = get(service, "/shortlists", worker, candidate_id=person, limit=2, cursor=first["next_cursor"]).json()
    heads = [run["run_id"] for run in first["items"] + rest["items"]]
    assert heads[:3] == [run["run_id"] for run in reversed(given)]
    assert rest["next_cursor"] is None


def test_what_would_open_more_is_the_desks_own_answer(service: Service, worker: Any) -> None:
    person = staff_of(service, company(service))[0]
    told = get(service, f"/candidates/{person}/unlock", worker, **DAY).json()
    keeper: Any = service.app.state.keeper
    own = keeper.desk(TODAY).unlock(person)
    assert told == json.loads(json.dumps(own))


# ---- models ----


def test_models_are_the_analysts_and_what_they_do_is_recorded(service: Service, worker: Any) -> None:
    analyst = service.enter("analyst", Role.ANALYST)
    versions = get(service, "/models", analyst).json()["items"]
    assert [one["status"] for one in versions] == ["champion"]
    version = versions[0]["version"]
    assert get(service, f"/models/{version}", analyst).json() == versions[0]
    assert get(service, "/models/canary", analyst).status_code == 404
    path = f"{V1}/models/{version}/promotion"
    assert service.client.post(path, headers={**worker, "Idempotency-Key": str(uuid4())}).status_code == 403
    done = service.client.post(path, headers={**analyst, "Idempotency-Key": str(uuid4())})
    assert (done.status_code, done.json()["status"]) == (200, "champion")
    assert [one["object_id"] for one in audit(service) if one["action"] == "models.promote"] == [version]
    back = service.client.post(f"{V1}/models/rollback", headers={**analyst, "Idempotency-Key": str(uuid4())})
    assert (back.status_code, back.json()["type"]) == (409, "/problems/nothing-to-restore")


# ---- the audit ----


def test_the_audit_is_read_by_auditors_newest_first_and_that_is_in_it_too(service: Service, worker: Any) -> None:
    auditor = service.enter("auditor", Role.AUDITOR)
    person = staff_of(service, company(service))[0]
    get(service, f"/candidates/{person}", worker)
    told = get(service, "/audit", auditor, object_id=person, action="candidates.read").json()["items"]
    assert told[0]["object_id"] == person
    assert told[0]["purpose"] == "job_matching"
    newest = get(service, "/audit", auditor, limit=1).json()
    assert newest["items"][0]["action"] == "audit.read"
    following = get(service, "/audit", auditor, limit=1, cursor=newest["next_cursor"]).json()
    assert following["items"][0]["sequence"] < newest["items"][0]["sequence"]
    assert get(service, "/audit", worker).status_code == 403


def test_an_auditor_reads_of_the_own_office_and_those_below_it(service: Service) -> None:
    other = service.enter("others", Role.CASEWORKER, OTHER)
    get(service, "/candidates", other)
    for login, code, seen in (("auditor", OWN, {f"office-{OWN}"}), ("upper", "620100", None)):
        headers = service.enter(login, Role.AUDITOR, code)
        told = get(service, "/audit", headers, limit=100).json()["items"]
        offices = {one["organisation_id"] for one in told}
        assert f"office-{OTHER}" not in offices
        assert None not in offices
        assert seen is None or offices <= seen
        assert f"office-{OWN}" in offices
