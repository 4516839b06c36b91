"""People and what hangs on them over HTTP: masked, recorded, checked as an import checks, changed as they were read."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from pipelines.access.audit import breaks, events
from pipelines.access.roles import Role
from pipelines.schema import VACANCIES
from pipelines.store.repositories import TableRepository
from tests.support.builders import certificate_number
from tests.support.pages import Visitor
from tests.support.service import OTHER, OWN, Service, a_service
from tests.support.stores import BACKENDS, PROGRAM, noted

PEOPLE = "/api/v1/candidates"
NAME, PHONE, ADDRESS = "欧阳秘密", "13912345678", "秘密路1号"


@pytest.fixture(scope="module", params=BACKENDS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with a_service(request.param, tmp_path_factory.mktemp("service")) as running:
        running.user("liwei", Role.CASEWORKER)
        running.user("zhaoli", Role.SUPERVISOR)
        running.user("others", Role.CASEWORKER, OTHER)
        running.user("upper", Role.CASEWORKER, "620000")
        yield running


@pytest.fixture
def worker(service: Service) -> dict[str, str]:
    return service.enter("liwei", Role.CASEWORKER)


@pytest.fixture
def other(service: Service) -> dict[str, str]:
    return service.enter("others", Role.CASEWORKER, OTHER)


def once() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def add(service: Service, headers: dict[str, str], path: str = PEOPLE, **body: Any) -> Any:
    return service.client.post(path, json=body, headers={**headers, **once()})


def a_person(service: Service, headers: dict[str, str], **facts: Any) -> str:
    answer = add(service, headers, **{"region": OWN, **facts})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["candidate_id"])


def change(service: Service, headers: dict[str, str], person: str, version: int | None, **facts: Any) -> Any:
    tag = {} if version is None else {"If-Match": f'"{version}"'}
    return service.client.patch(f"{PEOPLE}/{person}", json=facts, headers={**headers, **tag})


def acts_on(service: Service, person: str) -> list[tuple[str, str]]:
    with service.engine.connect() as connection:
        assert list(breaks(connection)) == []
        return [(one["action"], one["purpose"]) for one in events(connection) if one["object_id"] == person]


# ---- what is shown ----


def test_a_person_comes_back_masked_and_what_was_not_stated_is_unknown(service: Service, worker: Any) -> None:
    certificate = certificate_number(3, 1, sequence="201")
    person = a_person(
        service, worker, name=NAME, phone=PHONE, address=ADDRESS, certificate_number=certificate,
        birth_date="1990-01-01", longitude=103.8, functions={"walking": 2}, wished_wage_min="3000.5",
    )  # fmt: skip
    answer = service.client.get(f"{PEOPLE}/{person}", headers=worker)
    told = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert (told["name"], told["phone"], told["birth_date"]) == ("欧***", "********678", "1990")
    assert (told["certificate_number"], told["address"], told["longitude"]) == ("*" * 18 + "31", "***", None)
    assert (told["functions"], told["wished_wage_min"]) == ({"walking": 2}, "3000.5")
    assert (told["skills"], told["job_wish"], told["latitude"]) == (None, None, None)
    assert sorted(told["masked"]) == ["address", "birth_date", "certificate_number", "longitude", "name", "phone"]
    assert told["sources"]["functions"]["by"].startswith("user:")
    for secret in (NAME, PHONE, ADDRESS, certificate[:18], "103.8"):
        assert secret not in answer.text
        assert secret not in service.client.get(PEOPLE, headers=worker).text


def test_the_identity_in_full_needs_a_stated_purpose_and_is_recorded_apart(service: Service, worker: Any) -> None:
    person = a_person(service, worker, name=NAME, phone=PHONE)
    path = f"{PEOPLE}/{person}/identity"
    assert service.client.get(path, headers=worker).status_code == 403
    assert service.client.get(path, headers={**worker, "Yougang-Purpose": "job_matching"}).status_code == 403
    full = service.client.get(path, headers={**worker, "Yougang-Purpose": "contact"})
    assert (full.json()["name"], full.json()["phone"], full.json()["address"]) == (NAME, PHONE, None)
    assert [act for act in acts_on(service, person) if act[0] == "candidates.identity"][-1:] == [
        ("candidates.identity", "contact")
    ]


def test_each_person_on_a_page_is_recorded_as_read(service: Service, worker: Any) -> None:
    people = [a_person(service, worker) for _ in range(2)]
    before = [len(acts_on(service, person)) for person in people]
    service.client.get(PEOPLE, params={"limit": 100}, headers=worker)
    for person, count in zip(people, before, strict=True):
        assert acts_on(service, person)[count:] == [("candidates.read", "job_matching")]


def test_a_page_asks_the_database_as_often_for_many_people_as_for_two(service: Service, worker: Any) -> None:
    for _ in range(6):
        a_person(service, worker, name=NAME)

    def asked(limit: int) -> int:
        statements: list[str] = []

        def note(*arguments: Any) -> None:
            statements.append(arguments[2])

        event.listen(service.access.engine, "before_cursor_execute", note)
        answer = service.client.get(PEOPLE, params={"limit": limit}, headers=worker)
        event.remove(service.access.engine, "before_cursor_execute", note)
        assert len(answer.json()["items"]) == limit
        return len(statements)

    assert asked(6) == asked(2)


def test_pages_follow_each_other_and_a_cursor_holds_for_its_own_question(service: Service, worker: Any) -> None:
    for n in range(3):
        a_person(service, worker, job_wish="no", household_id=f"h-{n}")
    first = service.client.get(PEOPLE, params={"limit": 2, "job_wish": "no"}, headers=worker).json()
    more = {"limit": 2, "job_wish": "no", "cursor": first["next_cursor"]}
    second = service.client.get(PEOPLE, params=more, headers=worker).json()
    ids = [one["candidate_id"] for one in first["items"] + second["items"]]
    assert ids == sorted(set(ids))
    assert {one["job_wish"] for one in first["items"] + second["items"]} == {"no"}
    foreign = service.client.get(PEOPLE, params={**more, "job_wish": "yes"}, headers=worker)
    assert (foreign.status_code, foreign.json()["type"]) == (422, "/problems/cursor-refused")


# ---- registering ----


def test_a_taken_certificate_is_refused_without_saying_whose_or_where(
    service: Service, worker: Any, other: Any
) -> None:
    number = certificate_number(sequence="301")
    holder = a_person(service, worker, certificate_number=number)
    answer = add(service, other, region=OTHER, certificate_number=number + "B1")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/certificate-taken")
    assert holder not in answer.text
    assert number not in answer.text
    assert "620" not in answer.text


def test_who_has_no_region_is_seen_by_the_office_that_registered_and_by_the_province(
    service: Service, worker: Any, other: Any
) -> None:
    person = a_person(service, worker, region=None, name=NAME)
    upper = service.enter("upper", Role.CASEWORKER, "620000")
    seen = [service.client.get(f"{PEOPLE}/{person}", headers=who).status_code for who in (worker, other, upper)]
    assert seen == [200, 404, 200]


@pytest.mark.parametrize(
    ("facts", "column"),
    [
        ({"region": OTHER}, "region"),
        ({"birth_date": "2090-01-01"}, "birth_date"),
        ({"certificate_number": certificate_number()[:-3] + "942"}, "certificate_number"),
        ({"certificate_number": certificate_number(sequence="401"), "category": "vision"}, "category"),
        ({"hard_to_employ_since": "2026-02-01", "hard_to_employ_until": "2026-01-01"}, "hard_to_employ_until"),
        ({"candidate_id": certificate_number(sequence="402")}, "candidate_id"),
        ({"unemployed_since": "2026-02-30"}, "unemployed_since"),
    ],
)
def test_a_row_that_an_import_rejects_is_refused_with_column_and_reason_and_without_the_value(
    service: Service, worker: Any, facts: dict[str, Any], column: str
) -> None:
    answer = add(service, worker, **{"region": OWN, **facts})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/row-refused")
    assert [one["pointer"] for one in answer.json()["errors"]] == [f"/body/{column}"]
    assert all(one["detail"] for one in answer.json()["errors"])
    assert not [value for value in facts.values() if value in answer.text and len(value) > 6]


def test_an_id_of_another_countys_person_is_taken_and_nothing_more(service: Service, worker: Any, other: Any) -> None:
    person = a_person(service, worker, name=NAME)
    answer = add(service, other, candidate_id=person, region=OTHER)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-registered")
    assert service.client.get(f"{PEOPLE}/{person}", headers=other).status_code == 404


# ---- changing ----


def test_a_change_needs_the_version_that_was_read(service: Service, worker: Any) -> None:
    person = a_person(service, worker, skills=["打字"])
    assert change(service, worker, person, None, skills=["缝纫"]).status_code == 428
    first = change(service, worker, person, 1, skills=["缝纫"])
    assert (first.status_code, first.headers["etag"], first.json()["skills"]) == (200, '"2"', ["缝纫"])
    late = change(service, worker, person, 1, skills=["焊接"])
    assert (late.status_code, late.json()["type"]) == (412, "/problems/stale-version")
    assert service.client.get(f"{PEOPLE}/{person}", headers=worker).json()["skills"] == ["缝纫"]


def test_null_says_unknown_again_an_object_is_merged_and_what_is_not_named_stays(service: Service, worker: Any) -> None:
    person = a_person(service, worker, job_wish="yes", hukou="rural", functions={"walking": 2, "hands": 0})
    told = change(service, worker, person, 1, job_wish=None, functions={"hands": 3, "walking": None}).json()
    assert (told["job_wish"], told["hukou"], told["functions"]) == (None, "rural", {"hands": 3})
    again = service.client.get(f"{PEOPLE}/{person}", headers=worker).json()
    assert (again["job_wish"], again["functions"]) == (None, {"hands": 3})
    assert set(again["sources"]) >= {"job_wish", "functions", "hukou"}


def test_who_loses_the_region_stays_with_the_office(service: Service, worker: Any, other: Any) -> None:
    person = a_person(service, worker)
    told = change(service, worker, person, 1, region=None)
    assert (told.status_code, told.headers["etag"], told.json()["region"]) == (200, '"2"', None)
    seen = [service.client.get(f"{PEOPLE}/{person}", headers=who).status_code for who in (worker, other)]
    assert seen == [200, 404]


@pytest.mark.parametrize("name", ["甲-1 号", "ü\U0001f3fb±", "a?c#d"])
def test_an_id_of_any_letters_has_an_address(service: Service, worker: Any, name: str) -> None:
    made = add(service, worker, candidate_id=f"{name}{uuid4()}", region=OWN)
    assert made.status_code == 201, made.text
    found = service.client.get(made.headers["location"], headers=worker)
    assert found.json()["candidate_id"] == made.json()["candidate_id"]


@pytest.mark.parametrize("name", ["..", "a/b", "a\\b", " a", "a\x00"])
def test_an_id_that_would_lead_elsewhere_is_refused(service: Service, worker: Any, name: str) -> None:
    assert add(service, worker, candidate_id=name, region=OWN).status_code == 422


def test_a_mask_that_comes_back_is_not_written_over_what_it_stands_for(service: Service, worker: Any) -> None:
    person = a_person(service, worker, name=NAME, phone=PHONE)
    masked = service.client.get(f"{PEOPLE}/{person}", headers=worker).json()
    answer = change(service, worker, person, 1, name=masked["name"], phone=masked["phone"])
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/body/name", "/body/phone"]
    full = service.client.get(f"{PEOPLE}/{person}/identity", headers={**worker, "Yougang-Purpose": "contact"})
    assert (full.json()["name"], full.json()["phone"]) == (NAME, PHONE)


def test_a_person_is_not_written_out_of_the_own_reach(service: Service, worker: Any) -> None:
    person = a_person(service, worker)
    answer = change(service, worker, person, 1, region=OTHER)
    assert answer.json()["errors"][0]["pointer"] == "/body/region"
    assert service.client.get(f"{PEOPLE}/{person}", headers=worker).json()["region"] == OWN


def test_reading_for_another_purpose_than_casework_changes_nothing(service: Service, worker: Any) -> None:
    person = a_person(service, worker)
    answer = change(service, {**worker, "Yougang-Purpose": "contact"}, person, 1, hukou="urban")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")


# ---- who has taken the person on ----


def test_only_a_supervisor_hands_a_person_to_another_office_and_its_end_ends_the_sight(
    service: Service, worker: Any, other: Any
) -> None:
    person, there = a_person(service, worker), {"organisation_id": f"office-{OTHER}"}
    path = f"{PEOPLE}/{person}/assignments"
    assert add(service, worker, path, **there).status_code == 403
    supervisor = service.enter("zhaoli", Role.SUPERVISOR)
    made = add(service, supervisor, path, **there)
    assert made.status_code == 201
    assert add(service, supervisor, path, **there).status_code == 409
    assert service.client.get(f"{PEOPLE}/{person}", headers=other).status_code == 200
    listed = service.client.get(path, headers=worker).json()["items"]
    assert [(one["organisation_id"], one["ended_at"]) for one in listed] == [(f"office-{OTHER}", None)]
    assert change(service, other, person, 1, hukou="rural").status_code == 200
    end = f"{path}/{made.json()['assignment_id']}/end"
    assert service.client.post(end, headers=worker).status_code == 403
    assert service.client.post(end, headers=supervisor).json()["ended_at"] is not None
    assert service.client.get(f"{PEOPLE}/{person}", headers=other).status_code == 404


# ---- what hangs on a person ----


def test_threat_23_two_referrals_by_double_click_are_one(service: Service, worker: Any) -> None:
    person = a_person(service, worker)
    vacancy = a_vacancy(service)
    referral = {"candidate_id": person, "vacancy_id": vacancy, "kind": "referred", "at": "2026-11-02"}
    answers = [add(service, worker, "/api/v1/interactions", **referral) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    found = service.client.get("/api/v1/interactions", params={"candidate_id": person}, headers=worker)
    assert found.json()["items"] == [{**referral, "reason": None}]
    other_words = add(service, worker, "/api/v1/interactions", **referral, reason="更正")
    assert (other_words.status_code, other_words.json()["type"]) == (409, "/problems/already-registered")
    assert other_words.json()["detail"].endswith("都相同的一条已登记")


def test_service_entered_twice_is_told_in_the_same_words_at_every_door(service: Service, worker: Any) -> None:
    person = a_person(service, worker)
    served = {"candidate_id": person, "kind": "training", "on": "2026-11-02"}
    assert add(service, worker, "/api/v1/services", **served, by="张三").status_code == 201
    again = add(service, worker, "/api/v1/services", **served, by="李四")
    assert again.status_code == 409
    words = "这位求职者这一天的这项服务已登记，内容不同；同一天的同一项服务只登记一条"
    assert again.json()["detail"] == words
    at_a_page = Visitor(service.client, worker)
    form = at_a_page.open(f"/people/{person}/services").form(f"/people/{person}/services")
    told = at_a_page.send(form, 409, kind="training", on="2026-11-02", by="王五")
    assert words in told.text
    assert told.form(form.action).fields["by"] == ["王五"]


def a_vacancy(service: Service) -> str:
    vacancy = str(uuid4())
    with service.engine.begin() as connection:
        TableRepository(noted(connection), VACANCIES, PROGRAM).insert([{"vacancy_id": vacancy, "title": "文员"}])
    return vacancy


@pytest.mark.parametrize("noun", ["interactions", "services"])
def test_what_happened_is_added_to_and_never_changed(service: Service, worker: Any, noun: str) -> None:
    for method in ("PATCH", "PUT", "DELETE"):
        assert service.client.request(method, f"/api/v1/{noun}", json={}, headers=worker).status_code == 405


def test_a_row_about_nobody_visible_is_the_same_as_about_nobody(service: Service, worker: Any, other: Any) -> None:
    person = a_person(service, worker)
    for path, facts in (
        ("/api/v1/services", {"kind": "training", "on": "2026-01-02"}),
        ("/api/v1/placements", {"starts_on": "2026-01-02"}),
        ("/api/v1/interactions", {"vacancy_id": a_vacancy(service), "kind": "viewed", "at": "2026-01-02"}),
    ):
        answers = [add(service, other, path, candidate_id=who, **facts) for who in (person, "nobody")]
        bodies = [{name: value for name, value in a.json().items() if name != "trace_id"} for a in answers]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert bodies[0] == bodies[1]


def test_a_placement_gets_an_id_and_ends_by_a_change(service: Service, worker: Any) -> None:
    person = a_person(service, worker)
    made = add(service, worker, "/api/v1/placements", candidate_id=person, starts_on="2026-01-01")
    path = made.headers["location"]
    assert path == f"/api/v1/placements/{made.json()['placement_id']}"
    tag = {"If-Match": made.headers["etag"]}
    early = service.client.patch(path, json={"ends_on": "2025-12-31"}, headers={**worker, **tag})
    assert [one["pointer"] for one in early.json()["errors"]] == ["/body/ends_on"]
    assert service.client.patch(path, json={"ends_on": "2026-06-30"}, headers={**worker, **tag}).status_code == 200
    assert service.client.get(path, headers=worker).json()["ends_on"] == "2026-06-30"
    assert ("placements.write", "job_matching") in acts_on(service, person)


def test_a_course_is_seen_in_every_county_and_changed_as_it_was_read(service: Service, worker: Any, other: Any) -> None:
    made = add(service, worker, "/api/v1/courses", title="盲人按摩", **{"class": "技能"}, accommodations=["ramp"])
    path = made.headers["location"]
    assert service.client.get(path, headers=other).json() == made.json()
    changed = service.client.patch(path, json={"places": 12}, headers={**other, "If-Match": '"1"'})
    assert (changed.json()["places"], changed.json()["accommodations"]) == (12, ["ramp"])
    assert service.client.patch(path, json={"places": 9}, headers={**worker, "If-Match": '"1"'}).status_code == 412
