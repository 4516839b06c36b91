"""The register of claims as pages: seen, decided by another, taken back; empty it says what fills it."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from pipelines.access.roles import Role
from tests.support.company import companies
from tests.support.pages import Visitor
from tests.support.service import Service
from tests.support.staffed import GANSU, a_staffed_province, visitor
from tests.support.stores import noted

PERSON = "demo-c-00002"
CLAIM: dict[str, Any] = {
    "rule_id": "flex.social_subsidy", "candidate_id": PERSON, "from_month": "2026-03", "to_month": "2026-06",
    "cost_basis": "social_insurance", "county": "620102",
}  # fmt: skip


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with a_staffed_province(tmp_path_factory.mktemp("claims")) as opened:
        yield opened


def proposed(service: Service, login: str = "province", **different: Any) -> str:
    headers = {**service.enter(login, Role.SUPERVISOR, GANSU), "Idempotency-Key": str(uuid4())}
    made = service.client.post("/api/v1/benefits/claims", json=CLAIM | different, headers=headers)
    assert made.status_code == 201, made.text
    return str(made.json()["claim_id"])


def test_empty_register_says_what_fills_it(service: Service) -> None:
    chief = visitor(service, "province")
    shown = chief.open("/claims").text
    assert "还没有这样的申领" in shown
    assert "技能和培训" in shown
    assert "待遇申领" in chief.open("/").text  # at the head of every page


def test_claim_is_listed_and_decided_by_another_than_who_proposed_it(service: Service) -> None:
    address = f"/claims/{proposed(service)}"
    own = visitor(service, "province").open(address)
    assert "须由另一位工作人员决定" in own.text
    assert "需人工核实" in own.text  # nobody said the amount
    assert not [one for one in own.forms if one.action.endswith("/decision")]
    second = visitor(service, "second")
    assert "2026-03 起，2026-06 前" in second.open("/claims?status=proposed").text
    form = next(one for one in second.open(address).forms if one.action.endswith("/decision"))
    assert "不予批准须写明理由" in second.send(form, 409, decision="refused").text
    assert "请选择" in second.send(form, 422, decision="").text
    shown = second.send(form, decision="refused", ground="材料不齐").text
    assert "不予批准" in shown
    assert "材料不齐" in shown
    assert "已经办结" in second.send(form, 409, decision="approved").text
    assert PERSON in second.open("/claims?status=refused").text
    assert "还没有这样的申领" in second.open("/claims?status=approved").text
    told = visitor(service, "province").open("/notices")
    assert address in [held.get("href") for tag, held in told.tags if tag == "a"]


def test_claim_taken_back_makes_room_for_another(service: Service) -> None:
    address = f"/claims/{proposed(service)}"
    chief = visitor(service, "province")
    form = next(one for one in chief.open(address).forms if one.action.endswith("/withdrawal"))
    assert "已撤回" in chief.send(form).text
    assert f"/claims/{proposed(service)}" != address


def test_other_county_finds_nothing(service: Service) -> None:
    claim_id = proposed(service)
    far = visitor(service, "caseworker")
    assert PERSON not in far.open("/claims").text
    far.open(f"/claims/{claim_id}", 404)
    for login in ("auditor", "analyst"):
        visitor(service, login).open("/claims", 403)


def test_company_without_claims_is_told_where_it_sees_what_it_may_claim(service: Service) -> None:
    with service.engine.begin() as connection:
        companies(noted(connection))
    signed_in = Visitor(service.client, service.enter("poster", Role.COMPANY_POSTER))
    shown = signed_in.open("/claims").text
    assert "还没有贵单位的申领" in shown
    assert "按比例就业" in shown
    assert "技能和培训" not in shown
