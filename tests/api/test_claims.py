"""Claims over HTTP: who may propose, who may decide, and what the second one for the same is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response

from pipelines.access.roles import Role
from pipelines.schema import TABLES
from pipelines.store.repositories import TableRepository
from tests.support.service import OTHER, OWN, Service, a_service
from tests.support.stores import PROGRAM, noted

CLAIMS = "/api/v1/benefits/claims"
CLAIM: dict[str, Any] = {
    "rule_id": "flex.social_subsidy",
    "candidate_id": "c-own",
    "from_month": "2026-03",
    "to_month": "2026-06",
    "cost_basis": "social_insurance",
    "county": OWN,
    "amount": "1203.50",
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with a person in each of two counties and staff of both."""
    with a_service("sqlite", tmp_path) as opened:
        with opened.engine.begin() as connection:
            people = [{"candidate_id": "c-own", "region": OWN}, {"candidate_id": "c-other", "region": OTHER}]
            TableRepository(noted(connection), TABLES["candidates"], PROGRAM).insert(people)
        for login, role, code in (
            ("proposer", Role.CASEWORKER, OWN),
            ("decider", Role.CASEWORKER, OWN),
            ("elsewhere", Role.CASEWORKER, OTHER),
            ("auditor", Role.AUDITOR, OWN),
        ):
            opened.user(login, role, code)
        yield opened


def _as(
    service: Service, login: str, role: Role = Role.CASEWORKER, code: str = OWN, *, version: int | None = None
) -> dict[str, str]:
    more = {} if version is None else {"If-Match": f'"{version}"'}
    return {**service.enter(login, role, code), "Idempotency-Key": str(uuid4()), **more}


def _proposed(service: Service, **different: Any) -> Response:
    return service.client.post(CLAIMS, json=CLAIM | different, headers=_as(service, "proposer"))


def _decided(service: Service, login: str, claim_id: str, version: int = 1, **body: Any) -> Response:
    headers = _as(service, login, version=version)
    return service.client.put(f"{CLAIMS}/{claim_id}/decision", json={"decision": "approved"} | body, headers=headers)


def test_claim_is_proposed_by_one_and_approved_by_another(service: Service) -> None:
    made = _proposed(service)
    assert made.status_code == 201, made.text
    claim = made.json()
    assert (claim["status"], claim["from_month"], claim["amount"]) == ("proposed", "2026-03", "1203.50")
    own = _decided(service, "proposer", claim["claim_id"])
    assert (own.status_code, own.json()["type"]) == (409, "/problems/claim-refused")
    approved = _decided(service, "decider", claim["claim_id"])
    assert (approved.status_code, approved.headers["ETag"]) == (200, '"2"')
    assert approved.json()["status"] == "approved"
    assert approved.json()["decided_by"] != approved.json()["proposed_by"]
    shown = service.client.get(f"{CLAIMS}/{claim['claim_id']}", headers=_as(service, "proposer"))
    assert shown.json() == approved.json()


def test_second_claim_for_the_same_months_is_told_which_other_holds_and_not_by_whom(service: Service) -> None:
    first = _proposed(service).json()
    refused = _proposed(service, from_month="2026-05", to_month="2026-08")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/claim-overlaps")
    (other,) = refused.json()["claims"]
    assert (other["claim_id"], other["from_month"], other["to_month"]) == (first["claim_id"], "2026-03", "2026-06")
    assert (other["rule_id"], other["status"], refused.json()["claims_not_shown"]) == (
        "flex.social_subsidy", "proposed", 0,
    )  # fmt: skip
    assert "c-own" not in refused.text
    assert first["proposed_by"] not in refused.text


def test_notice_of_a_claim_leads_to_the_page_where_it_is_seen_and_acted_upon(service: Service) -> None:
    claim_id = _proposed(service).json()["claim_id"]
    _proposed(service, from_month="2026-05", to_month="2026-08")
    _decided(service, "decider", claim_id, decision="refused", ground="材料不齐")
    told = service.client.get("/api/v1/notices", headers=_as(service, "proposer")).json()["items"]
    pages = {(one["kind"], one["what"][:3]): one["page"] for one in told}
    assert pages["claim_decided", "您提出"] == f"/claims/{claim_id}"
    assert pages["claim_crossed", "您提出"] == "/claims?candidate_id=c-own"
    for address in pages.values():
        shown = service.client.get(address, headers=_as(service, "proposer") | {"Accept": "text/html"})
        assert shown.status_code == 200
        assert "不予批准" in shown.text
        hidden = service.client.get(address, headers=_as(service, "elsewhere", code=OTHER) | {"Accept": "text/html"})
        assert "材料不齐" not in hidden.text
        assert hidden.status_code == (404 if claim_id in address else 200)


def test_refusal_needs_a_ground(service: Service) -> None:
    claim_id = _proposed(service).json()["claim_id"]
    assert _decided(service, "decider", claim_id, decision="refused").status_code == 409
    refused = _decided(service, "decider", claim_id, decision="refused", ground="材料不齐")
    assert refused.json()["ground"] == "材料不齐"
    assert _decided(service, "decider", claim_id, 2).status_code == 409


def test_decision_on_a_version_that_is_not_the_newest_is_refused(service: Service) -> None:
    claim_id = _proposed(service).json()["claim_id"]
    assert _decided(service, "decider", claim_id, 7).status_code == 412


def test_withdrawn_claim_can_be_made_again(service: Service) -> None:
    claim_id = _proposed(service).json()["claim_id"]
    headers = _as(service, "decider", version=1)
    withdrawn = service.client.put(f"{CLAIMS}/{claim_id}/withdrawal", headers=headers)
    assert withdrawn.json()["status"] == "withdrawn"
    assert _proposed(service).status_code == 201


def test_other_county_is_answered_as_if_there_were_no_claim(service: Service) -> None:
    claim_id = _proposed(service).json()["claim_id"]
    headers = _as(service, "elsewhere", code=OTHER)
    theirs, nobody = (service.client.get(f"{CLAIMS}/{i}", headers=headers) for i in (claim_id, "nothing"))
    bodies = [{k: v for k, v in r.json().items() if k != "trace_id"} for r in (theirs, nobody)]
    assert theirs.status_code == nobody.status_code == 404
    assert bodies[0] == bodies[1]
    assert service.client.get(CLAIMS, headers=headers).json()["items"] == []
    sent = service.client.post(CLAIMS, json=CLAIM | {"county": OTHER}, headers=headers)
    assert sent.status_code == 404


def test_auditor_sees_no_claim(service: Service) -> None:
    claim_id = _proposed(service).json()["claim_id"]
    headers = _as(service, "auditor", Role.AUDITOR)
    assert service.client.get(f"{CLAIMS}/{claim_id}", headers=headers).status_code == 404
    assert service.client.get(CLAIMS, headers=headers).status_code == 403


def test_list_is_handed_out_page_by_page(service: Service) -> None:
    made = {
        _proposed(service, from_month=f"2026-0{m}", to_month=f"2026-0{m + 1}").json()["claim_id"] for m in (1, 3, 5)
    }
    headers = _as(service, "decider")
    first = service.client.get(CLAIMS, params={"limit": 2, "candidate_id": "c-own"}, headers=headers).json()
    asked = {"limit": 2, "candidate_id": "c-own", "cursor": first["next_cursor"]}
    second = service.client.get(CLAIMS, params=asked, headers=headers).json()
    assert {one["claim_id"] for one in first["items"] + second["items"]} == made
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("different", "column"),
    [
        ({"rule_id": "no.such.rule"}, "rule_id"),
        ({"from_month": "2010-01", "to_month": "2010-03"}, "from_month"),
        ({"to_month": "2026-03"}, "to_month"),
        ({"county": OTHER}, "county"),
        ({"rule_id": "subsidy.post_allowance"}, "employer_id"),
    ],
)
def test_what_cannot_be_claimed_like_this_names_the_column(
    service: Service, different: dict[str, Any], column: str
) -> None:
    refused = _proposed(service, **different)
    assert refused.status_code == 422
    assert column in refused.text


def test_without_accounts_nobody_is_named_and_so_nobody_decides(tmp_path: Path) -> None:
    with a_service("sqlite", tmp_path, accounts=False) as service:
        with service.engine.begin() as connection:
            people = [{"candidate_id": "c-own", "region": OWN}]
            TableRepository(noted(connection), TABLES["candidates"], PROGRAM).insert(people)
        made = service.client.post(CLAIMS, json=CLAIM, headers={"Idempotency-Key": "12345678"})
        assert made.status_code == 201
        at = f"{CLAIMS}/{made.json()['claim_id']}/decision"
        decided = service.client.put(at, json={"decision": "approved"}, headers={"If-Match": '"1"'})
        assert (decided.status_code, decided.json()["type"]) == (409, "/problems/claim-refused")
