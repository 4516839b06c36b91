"""Claiming any benefit by the console: from imported tables to what may be claimed, the form and the register."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.console.test_ventures import taken
from tests.support.pages import Read, Visitor
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, visitor

FIRM = "91620102MA7TEAT013"
SHEETS: dict[str, list[dict[str, str]]] = {
    "candidates": [
        {"candidate_id": "weaver", "name": "马织工", "region": "620102", "grade": "2"},
    ],
    "employers": [{"employer_id": FIRM, "name": "兰州织造厂", "region": "620102", "kind": "private"}],
    "placements": [
        {"placement_id": "job-1", "candidate_id": "weaver", "employer_id": FIRM, "form": "quota",
         "starts_on": (TODAY - timedelta(days=100)).isoformat()},
        {"placement_id": "job-0", "candidate_id": "weaver", "employer_id": FIRM, "form": "quota",
         "starts_on": "2020-01-01", "ends_on": "2020-06-30"},
    ],
}  # fmt: skip


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with a_staffed_province(tmp_path) as opened:
        for name, rows in SHEETS.items():
            told = taken(opened, tmp_path, name, rows)
            assert (told.accepted, told.rejected) == (len(rows), 0), (name, told.rejections)
        yield opened


@pytest.fixture
def chief(service: Service) -> Visitor:
    return visitor(service, "province")


def ways(shown: Read) -> list[str]:
    return [held["href"] for tag, held in shown.tags if tag == "a" and held.get("href", "").startswith("/claims/new")]


def way(shown: Read, rule_id: str) -> str:
    return next(one for one in ways(shown) if f"rule_id={rule_id}&" in one)


def test_each_benefit_of_a_person_and_of_the_running_job_leads_to_the_form(chief: Visitor) -> None:
    shown = chief.open("/people/weaver/benefits")
    assert "提出申领" in shown.text
    assert "兰州织造厂" in shown.text
    assert "candidate_id=weaver" in way(shown, "flex.social_subsidy")
    assert [one for one in ways(shown) if "placement_id=job-1" in one]
    assert not [one for one in ways(shown) if "job-0" in one]  # over long ago
    assert "待遇和申领" in chief.open("/people/weaver").text


def test_claim_is_begun_from_the_benefit_and_waits_for_another_person(chief: Visitor) -> None:
    shown = chief.open(way(chief.open("/people/weaver/benefits"), "flex.social_subsidy"))
    form = shown.form("/claims")
    assert form.fields["from_month"] == [f"{TODAY:%Y-%m}"]
    assert form.fields["cost_basis"] == ["social_insurance"]
    assert form.fields["county"] == ["620102"]
    assert form.fields["amount"] == [""]  # nobody's guess
    kept = chief.send(form)
    assert "已提出" in kept.text
    assert "灵活就业社会保险补贴" in kept.text
    assert "需人工核实" in kept.text
    assert "须由另一位工作人员决定" in kept.text
    address = chief.answer.url.path
    assert address.startswith("/claims/")
    chief.send(form)  # pressed twice it is the same claim
    assert chief.answer.url.path == address


def test_claim_that_crosses_another_names_it_and_keeps_what_was_typed(chief: Visitor) -> None:
    form = chief.open(way(chief.open("/people/weaver/benefits"), "flex.social_subsidy")).form("/claims")
    chief.send(form, from_month="2026-03", to_month="2026-06")
    first = chief.answer.url.path
    again = chief.open(way(chief.open("/people/weaver/benefits"), "flex.social_subsidy")).form("/claims")
    told = chief.send(again, 409, from_month="2026-05", to_month="2026-08", amount="12.5")
    assert "灵活就业社会保险补贴（2026-03 起，2026-06 前，待决定）" in told.text
    assert first in [held.get("href") for tag, held in told.tags if tag == "a"]
    kept = told.form("/claims").fields
    assert (kept["from_month"], kept["to_month"], kept["amount"]) == (["2026-05"], ["2026-08"], ["12.5"])
    assert "12.50" in chief.send(told.form("/claims"), from_month="2026年6月").text


def test_what_is_wrong_stands_at_its_field_with_what_was_typed(chief: Visitor) -> None:
    form = chief.open(way(chief.open("/people/weaver/benefits"), "flex.social_subsidy")).form("/claims")
    told = chief.send(form, 422, from_month="三月", amount="一千", cost_basis="")
    for name, words in (("from_month", "应为年月"), ("amount", "应为数字"), ("cost_basis", "请选择补的是哪项费用")):
        assert words in told.text
        assert [held for _, held in told.tags if held.get("id") == f"e-{name}"], name
    assert told.form("/claims").fields["amount"] == ["一千"]
    assert "应晚于起始月份" in chief.send(told.form("/claims"), 422, from_month="2026-03", to_month="2026-03",
                                    amount="", cost_basis="social_insurance").text  # fmt: skip


def test_employer_claims_for_a_job_and_on_its_own_account(chief: Visitor) -> None:
    shown = chief.open("/people/weaver/benefits")
    job = chief.open(way(shown, "subsidy.employer_social_insurance"))
    kept = chief.send(job.form("/claims"))
    assert "马" in kept.text
    assert "兰州织造厂" in kept.text
    firm = chief.open(f"/employers/{FIRM}/benefits")
    form = chief.open(way(firm, "reward.over_quota")).form("/claims")
    assert "cost_basis" in form.fields
    assert "请选择补的是哪项费用" in chief.send(form, 422).text  # asked, where none is usual
    assert "兰州织造厂" in chief.send(form, cost_basis="wage").text
    assert f"/employers/{FIRM}/benefits" in [
        held.get("href") for tag, held in chief.open(f"/employers/{FIRM}").tags if tag == "a"
    ]


def test_other_county_and_an_auditor_claim_nothing(service: Service) -> None:
    far = visitor(service, "elsewhere")
    far.open("/people/weaver/benefits", 404)
    far.open("/claims/new?rule_id=flex.social_subsidy&candidate_id=weaver", 404)
    far.open("/claims/new?rule_id=flex.social_subsidy&placement_id=job-1", 404)
    visitor(service, "auditor").open("/claims/new?rule_id=flex.social_subsidy&candidate_id=weaver", 403)
    chief = visitor(service, "province")
    chief.open("/claims/new?rule_id=nothing&candidate_id=weaver", 404)
    chief.open("/claims/new", 404)
