"""Consent, requests, reviews, extract, released people and reports over HTTP, as each of those who use them."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from pipelines.access.roles import Role
from pipelines.consent.texts import current_texts
from pipelines.schema import VACANCIES
from pipelines.store.repositories import TableRepository
from pipelines.store.tables import organisations
from tests.api.test_access import ABSENT, CANARY, MINE, OWN, THEIRS, House, house  # noqa: F401  # a fixture
from tests.support.firms import FIRM
from tests.support.people import a_vacancy, acted
from tests.support.stores import PROGRAM, noted

TOLD = current_texts()[0].version
STATED = "2026-11-20T09:00:00+08:00"
WORKER, SUPERVISOR = Role.CASEWORKER, Role.SUPERVISOR


@pytest.fixture
def worker(house: House) -> dict[str, str]:  # noqa: F811  # the fixture above
    house.user("liwei", WORKER)
    return house.enter("liwei", WORKER)


def post(house: House, path: str, body: Any, headers: dict[str, str], **more: str) -> Any:  # noqa: F811  # a value
    key = {"Idempotency-Key": str(uuid4())}
    return house.client.post(f"/api/v1{path}", json=body, headers={**headers, **key, **more})


def get(house: House, path: str, headers: dict[str, str], **more: str) -> Any:  # noqa: F811  # a value
    return house.client.get(f"/api/v1{path}", headers={**headers, **more})


def withdrawal(**different: Any) -> dict[str, Any]:
    return {"purpose": "matching", "act": "withdrawn", "stated_at": STATED, **different}


# ---- consents ----


def test_threat_32_a_withdrawal_at_the_desk_ends_the_list_at_once_and_leaves_a_receipt(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    assert house.list_of(MINE, worker).status_code == 200
    done = post(house, f"/candidates/{MINE}/consents", withdrawal(), worker)
    assert (done.status_code, done.json()["title"]) == (201, "撤回同意回执")
    again = get(house, f"/candidates/{MINE}/consents/{done.json()['receipt_id']}/receipt", worker)
    assert again.json() == done.json()
    refused = house.list_of(MINE, worker)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/matching-refused")
    assert "撤回" in refused.json()["title"]
    unlock = get(house, f"/candidates/{MINE}/unlock", worker)
    assert unlock.status_code == 409
    assert get(house, f"/candidates/{MINE}/consents", worker).json()["now"][0]["state"] == "withdrawn"


def test_threat_32_after_a_withdrawal_a_stored_list_serves_a_review_and_nothing_else(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    run = f"/shortlists/{house.list_of(MINE, worker).json()['run_id']}"
    assert get(house, run, worker).status_code == 200
    post(house, f"/candidates/{MINE}/consents", withdrawal(), worker)
    refused = get(house, run, worker)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/matching-refused")
    for_review = get(house, run, worker, **{"Yougang-Purpose": "persons_request"})
    assert (for_review.status_code, for_review.json()["candidate_id"]) == (200, MINE)


@pytest.mark.parametrize("act", ["withdrawn", "refused"])
def test_threat_32_who_does_not_want_to_be_telephoned_has_no_number_given_out_for_it(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
    act: str,
) -> None:
    path, why = f"/candidates/{MINE}/identity", "Yougang-Purpose"
    assert get(house, path, worker, **{why: "contact"}).status_code == 200
    post(house, f"/candidates/{MINE}/consents", withdrawal(purpose="contact", act=act), worker)
    refused = get(house, path, worker, **{why: "contact"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/contact-refused")
    assert get(house, path, worker, **{why: "identity_check"}).status_code == 200
    again = withdrawal(purpose="contact", act="given", stated_at="2026-11-21T09:00:00+08:00", text_version=TOLD)
    assert post(house, f"/candidates/{MINE}/consents", again, worker).status_code == 201
    assert get(house, path, worker, **{why: "contact"}).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("consents", withdrawal(stated_at="0001-01-01T08:00:00+14:00")),
        ("consents", withdrawal(stated_at="9999-12-31T23:00:00-14:00")),
        ("requests", {"kind": "erasure", "asked_on": "9999-12-30"}),
        ("requests", {"kind": "erasure", "asked_on": "0001-01-01"}),
        ("reviews", {"asked_on": "2199-01-01"}),
    ],
)
def test_what_is_dated_impossibly_is_refused(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
    path: str,
    body: dict[str, Any],
) -> None:
    answer = post(house, f"/candidates/{MINE}/{path}", body, worker)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-yet-stated")


def test_the_same_statement_sent_twice_is_one_statement(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    path = f"/api/v1/candidates/{MINE}/consents"
    answers = [house.client.post(path, json=withdrawal(), headers={**worker, **key}) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert len(get(house, f"/candidates/{MINE}/consents", worker).json()["statements"]) == 1


def test_threats_1_and_8_consents_of_others_are_absent_and_nothing_sent_comes_back(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    for person in (THEIRS, ABSENT):
        for answer in (
            get(house, f"/candidates/{person}/consents", worker),
            post(house, f"/candidates/{person}/consents", withdrawal(), worker),
            post(house, f"/candidates/{person}/requests", {"kind": "erasure"}, worker),
            get(house, f"/candidates/{person}/extract", worker),
        ):
            assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-such-candidate")
    bodies = [
        withdrawal(purpose=CANARY),
        withdrawal(stated_at=CANARY),
        withdrawal(ends_on="2026-02-30"),
        withdrawal(**{CANARY: 1}),
        withdrawal(recipient=CANARY),
        withdrawal(act="given", text_version=CANARY),
        withdrawal(particulars={"guardian_name": "\x00"}),
    ]
    for body in bodies:
        answer = post(house, f"/candidates/{MINE}/consents", body, worker)
        assert answer.status_code == 422, body
        assert CANARY not in answer.text


def test_what_has_to_be_read_out_can_be_asked_for(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    texts = get(house, "/consent-texts", worker).json()["items"]
    assert {text["version"] for text in texts} == {TOLD}
    assert len(texts) == 4


# ---- requests and reviews ----


def test_threat_34_a_review_is_recorded_with_the_human_who_answers_it(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    document = house.list_of(MINE, worker).json()
    assert document["in_charge"]["person"] == "liwei"
    assert document["notice"]["review"]
    asked = post(house, f"/candidates/{MINE}/reviews", {"run_id": document["run_id"], "words": "太远"}, worker)
    assert asked.status_code == 201
    path = f"/candidates/{MINE}/reviews/{asked.json()['request_id']}"
    body = {"is_granted": True, "reason": "已把通勤范围改为10公里"}
    assert post(house, f"{path}/decision", body, worker).status_code == 428
    done = post(house, f"{path}/decision", body, worker, **{"If-Match": asked.headers["ETag"]})
    assert (done.status_code, done.json()["decided_by"], done.json()["status"]) == (200, "liwei", "granted")
    late = post(house, f"{path}/decision", body, worker, **{"If-Match": asked.headers["ETag"]})
    assert late.status_code == 412
    kept = get(house, f"/candidates/{MINE}/reviews", worker).json()["items"]
    assert [(one["about"], one["words"], one["reason"]) for one in kept] == [
        (document["run_id"], "太远", "已把通勤范围改为10公里")
    ]


def test_a_review_of_somebody_elses_list_is_a_review_of_none(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    answer = post(house, f"/candidates/{MINE}/reviews", {"run_id": str(uuid4())}, worker)
    assert answer.status_code == 404


def test_erasure_is_decided_by_a_supervisor_and_then_the_person_is_gone(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    asked = post(house, f"/candidates/{MINE}/requests", {"kind": "erasure"}, worker)
    path = f"/candidates/{MINE}/requests/{asked.json()['request_id']}/decision"
    body, match = {"is_granted": True, "reason": "本人要求"}, {"If-Match": asked.headers["ETag"]}
    assert post(house, path, body, worker, **match).status_code == 403
    house.user("zhaoli", SUPERVISOR)
    supervisor = house.enter("zhaoli", SUPERVISOR)
    done = post(house, path, body, supervisor, **match)
    assert (done.status_code, done.json()["status"]) == (200, "granted")
    gone = house.list_of(MINE, supervisor)
    assert gone.status_code == (404 if done.json()["is_erased"] else 409)


def test_an_extract_holds_everything_and_says_who_looked(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    made = house.list_of(MINE, worker).json()["run_id"]
    post(house, f"/candidates/{MINE}/consents", withdrawal(particulars={"witness_name": "张三"}), worker)
    assert get(house, f"/candidates/{MINE}/extract", worker, **{"Yougang-Purpose": "job_matching"}).status_code == 403
    document = get(house, f"/candidates/{MINE}/extract", worker).json()
    facts = {fact["name"]: fact for fact in document["facts"]}
    assert facts["name"]["value"]
    assert facts["region"]["value"] == OWN
    assert document["consents"]["statements"][0]["particulars"] == {"witness_name": "张三"}
    assert made in {kept["run_id"] for kept in document["shortlists"]}
    assert [look["act"] for look in document["looked"]][-2:] == ["consents.withdrawn", "candidates.extract"]
    assert "shortlists.read" in [look["act"] for look in document["looked"]]
    assert "liwei" not in str(document["looked"])
    text = get(house, f"/candidates/{MINE}/extract", worker, accept="text/plain")
    assert text.headers["content-type"].startswith("text/plain")
    assert facts["name"]["value"] in text.text
    assert "撤回同意：参与岗位匹配" in text.text


# ---- released and reports ----


def test_a_company_gets_the_released_view_of_its_own_vacancy_alone(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    with house.engine.begin() as connection:
        noted(connection).execute(
            update(organisations).where(organisations.c.organisation_id == "firm").values(employer_id=FIRM)
        )
        a_vacancy(connection, "v-own", FIRM)
        acted(connection, MINE, "v-own")
        other = next(iter(TableRepository(noted(connection), VACANCIES, PROGRAM).rows()))["vacancy_id"]
    house.user("poster", Role.COMPANY_POSTER)
    poster = house.enter("poster", Role.COMPANY_POSTER)
    document = get(house, "/vacancies/v-own/released", poster).json()
    assert [item["agreed"] for item in document["items"]] == [None]
    assert MINE not in str(document)
    assert get(house, f"/vacancies/{other}/released", poster).status_code == 404
    staff = house.enter("liwei", WORKER)
    assert get(house, "/vacancies/v-own/released", staff).status_code == 403


def test_staff_count_their_own_people_and_analysts_only_what_is_safe(
    house: House,  # noqa: F811  # the fixture above
    worker: dict[str, str],
) -> None:
    own = get(house, "/reports/people", worker).json()
    assert own["is_exact"] is True
    assert {row["place"] for row in own["rows"]} <= {"620000", "620100", OWN}
    house.user("wang", Role.ANALYST)
    analyst = house.enter("wang", Role.ANALYST)
    safe = get(house, "/reports/people", analyst).json()
    shown = [n for row in safe["rows"] for n in row["counts"].values() if n is not None]
    assert shown
    assert all(n >= 10 and n % 10 == 0 for n in shown)
    assert get(house, "/reports/extract", analyst).json()["rows"]
    assert get(house, "/reports/extract", house.enter("liwei", WORKER)).status_code == 404
    house.user("audit", Role.AUDITOR)
    assert get(house, "/reports/people", house.enter("audit", Role.AUDITOR)).status_code == 403
