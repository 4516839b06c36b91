"""Flags F5, F7 and F12 from an imported sheet to what the command, the queue, the API and the page tell: the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pipelines.access.roles import Role
from tests.support.accounts import KEYS
from tests.support.builders import TODAY
from tests.support.pages import Visitor, on_that_day
from tests.support.service import OWN, Service, a_service
from tests.support.staffed import worked_out
from tests.threats.doors import V1

Yougang = Callable[..., Any]
AGENCY, HOST, PAYER, LOCAL, SILENT = (
    "91620102MA7100001A",
    "91620102MA7200001W",
    "91620102MA7300001F",
    "91620102MA74000012",
    "91620102MA7500001L",
)
YEAR, PROVINCE = TODAY.year, "620000"
_HEADS = (
    "安置编号,求职者编号,统一社会信用代码,岗位编号,就业形式,开始日期,月工资,合同期限（月）,是否缴纳社会保险,"
    "工资是否银行发放,是否确认实际在岗,缴费基数,缴费基数上下限,参保单位,居家办公约定,劳务派遣,派遣单位,用工单位,是否计入"
)
_USUAL = f"quota,{YEAR}-01-01,3000,24,是,是,是"
SHEETS = {
    "employers": [
        "employer_id,name,kind,region,headcount",
        *(f"{code},某单位{n},private,{OWN},90" for n, code in enumerate((AGENCY, HOST, PAYER, LOCAL, SILENT))),
    ],
    "candidates": [
        "candidate_id,region,longitude,latitude,phone",
        *(f"{name},{OWN},103.80,36.05,0931-000000{n}" for n, name in enumerate(("c-base", "c-sent", "c-plain"))),
        "c-far,620921,94.90,40.40,0931-0000009",
    ],
    "vacancies": [
        "vacancy_id,employer_id,title,region,longitude,latitude,accommodations",
        f"v-far,{LOCAL},话务员,{OWN},103.83,36.06,dormitory=declared",
    ],
    "placements": [
        _HEADS,
        f"p-payer,c-base,{LOCAL},,{_USUAL},2000,between,{PAYER},是,否,,,是",
        f"p-far,c-far,{LOCAL},v-far,{_USUAL},3000,between,{LOCAL},否,否,,,是",
        f"p-agency,c-sent,{AGENCY},,{_USUAL},3000,between,{AGENCY},否,是,,{HOST},是",
        f"p-host,c-sent,{HOST},,{_USUAL},,,,,,,,是",
        f"p-silent,c-plain,{SILENT},,{_USUAL},,,,,,,,",
    ],
}


@dataclass(frozen=True)
class Store:
    """Where the command line is pointed to."""

    url: str


@dataclass(frozen=True)
class Told:
    """What one way of asking tells of an employer: flags with their placements, evidence, and what is not known."""

    flags: list[tuple[str, str | None]]
    evidence: dict[str, list[str]]
    asks: list[tuple[str, str, int]]


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("YOUGANG_KEYS", KEYS)
    with on_that_day(), a_service("sqlite", tmp_path) as opened:
        opened.user("chief", Role.SUPERVISOR, PROVINCE)
        opened.user("county", Role.SUPERVISOR, OWN)
        yield opened


@pytest.fixture
def store(service: Service, yougang: Yougang, tmp_path: Path) -> Store:
    """The service's store with the sheets, imported as a county does it."""
    found = Store(service.engine.url.render_as_string(hide_password=False))
    for table, lines in SHEETS.items():
        file = tmp_path / f"{table}.csv"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        said = yougang("import", table, file, at=found)
        assert said.code == 0, said.out + said.err
    return found


def told_by(document: dict[str, Any], items: str, asks: str) -> Told:
    return Told(
        [(one["rule_id"], one["placement_id"]) for one in document[items]],
        {one["rule_id"]: one["evidence"] for one in document[items]},
        [(one["label"], one["who_can_supply"], one["placements"]) for one in document[asks]],
    )


def by_command(yougang: Yougang, store: Store, employer_id: str) -> Told:
    said = yougang("quota", employer_id, "--year", str(YEAR), "--json", at=store)
    return told_by(said.document, "review_hints", "review_asks")


def drawn_by_http(service: Service) -> dict[str, dict[str, Any]]:
    """Draw every unit into the queue, and return them by employer."""
    headers = {
        **service.enter("chief", Role.SUPERVISOR, PROVINCE),
        "Yougang-Purpose": "supervision",
        "Idempotency-Key": str(uuid4()),
    }
    how = {"year": YEAR, "seed": 3, "n_random": 9, "n_risk": 0}
    answer = service.client.post(f"{V1}/inspections", json=how, headers=headers)
    assert answer.status_code == 201, answer.text
    return {one["employer_id"]: one for one in answer.json()["items"]}


def by_http(service: Service, employer_id: str) -> Told:
    who = service.enter("chief", Role.SUPERVISOR, PROVINCE)
    answer = service.client.get(f"{V1}/employers/{employer_id}/review-items?year={YEAR}", headers=who)
    assert answer.status_code == 200, answer.text
    assert answer.json()["items_not_shown"] == 0
    return told_by(answer.json(), "items", "asks")


CASES = {
    "fraud.f5": (LOCAL, "p-payer", ["参保单位不是签订合同的单位", f"参保单位统一社会信用代码：{PAYER}", "：2,000元"]),
    "fraud.f7": (LOCAL, "p-far", ["相距超过100公里", "没有居家或远程办公约定", "岗位经纬度直线约", "提供宿舍"]),
    "fraud.f12": (AGENCY, "p-agency", ["派遣单位把本人计入", "用工单位把本人计入", f"用工单位：{HOST}"]),
}  # fmt: skip


def test_each_flag_is_told_alike_by_command_queue_api_and_page(
    yougang: Yougang, service: Service, store: Store
) -> None:
    who = Visitor(service.client, service.enter("chief", Role.SUPERVISOR, PROVINCE))
    queue = drawn_by_http(service)
    assert set(queue) == {AGENCY, HOST, LOCAL, SILENT}
    for rule_id, (employer_id, placement_id, words) in CASES.items():
        told = by_http(service, employer_id)
        assert (rule_id, placement_id) in told.flags
        said = "；".join(told.evidence[rule_id])
        assert [word for word in words if word not in said] == []
        assert by_command(yougang, store, employer_id) == told
        kept = {flag["rule_id"]: flag["placements"] for flag in queue[employer_id]["flags"]}
        assert kept == {one: sum(rule == one for rule, _ in told.flags) for one, _ in told.flags}
        page = worked_out(who, f"/supervision/inspections/{queue[employer_id]['inspection_id']}?evidence=1").text
        assert [part for part in told.evidence[rule_id] if part not in page] == []
        assert "不是违规结论" in page
    assert ("fraud.f12", "p-host") in by_http(service, HOST).flags


def test_what_nobody_stated_gives_no_flag_and_is_asked_for_everywhere(
    yougang: Yougang, service: Service, store: Store
) -> None:
    told = by_http(service, SILENT)
    assert told.flags == []
    asked = {label: (who, n) for label, who, n in told.asks}
    assert asked["社会保险缴费基数（月）"] == ("医保社保经办机构", 1)
    assert asked["参保单位统一社会信用代码"] == ("用人单位或医保社保经办机构", 1)
    assert asked["是否劳务派遣"] == ("用人单位", 1)
    assert "是否有居家或远程办公约定" not in asked  # at home and at work in one county: nobody has to say it
    assert by_command(yougang, store, SILENT) == told
    assert "可问医保社保经办机构" in yougang("quota", SILENT, "--year", str(YEAR), at=store).out
    who = Visitor(service.client, service.enter("chief", Role.SUPERVISOR, PROVINCE))
    own = drawn_by_http(service)[SILENT]
    page = worked_out(who, f"/supervision/inspections/{own['inspection_id']}?evidence=1")
    assert [label for label in asked if label not in page.text] == []
    assert "没填不等于没有" in page.text
    assert "/supervision/placements/p-silent" in [held.get("href") for tag, held in page.tags if tag == "a"]


def test_answers_on_the_page_of_the_placement_turn_the_question_into_a_flag(service: Service, store: Store) -> None:
    assert by_http(service, SILENT).flags == []
    who = Visitor(service.client, service.enter("chief", Role.SUPERVISOR, PROVINCE))
    form = who.open("/supervision/placements/p-silent").form("/supervision/placements/p-silent")
    refused = who.send(form, 422, is_dispatch="no", dispatch_agency=AGENCY)
    assert "写明不是劳务派遣" in refused.text
    who.send(form, is_dispatch="no", insured_by=PAYER)
    assert by_http(service, SILENT).flags == [("fraud.f5", "p-silent")]


def test_county_office_is_told_that_there_is_a_hint_on_somebody_of_elsewhere_and_not_on_whom(
    service: Service, store: Store
) -> None:
    queue = drawn_by_http(service)
    who = Visitor(service.client, service.enter("county", Role.SUPERVISOR))
    page = worked_out(who, f"/supervision/inspections/{queue[LOCAL]['inspection_id']}?evidence=1")
    assert "另有 1 条提示涉及您看不到的人" in page.text
    assert "p-payer" in page.text
    assert "c-far" not in page.text
    assert "p-far" not in page.text


@pytest.mark.parametrize(
    ("unit", "cells", "reason"),
    [
        (LOCAL, f"否,{AGENCY},", "写明不是劳务派遣"),
        (HOST, f"是,{HOST},{HOST}", "不能是同一家"),
        (LOCAL, f"是,{AGENCY},{HOST}", "应是派遣单位或用工单位"),
    ],
)
def test_sheet_that_contradicts_itself_on_a_dispatch_is_rejected_with_the_reason(
    yougang: Yougang, store: Store, tmp_path: Path, unit: str, cells: str, reason: str
) -> None:
    file, rejects = tmp_path / "again.csv", tmp_path / "rejects.csv"
    head = "placement_id,candidate_id,employer_id,是否派遣,派遣单位,用工单位"
    file.write_text(f"{head}\np-x,c-plain,{unit},{cells}\n", encoding="utf-8")
    said = yougang("import", "placements", file, "--rejects", rejects, at=store)
    assert said.code == 3
    assert reason in rejects.read_text(encoding="utf-8")


def test_telephone_shared_with_somebody_without_a_first_day_is_asked_for_alike_and_becomes_a_hint_with_the_day(
    yougang: Yougang, service: Service, store: Store, tmp_path: Path
) -> None:
    """Two surely in the year and one perhaps: no hint at any door, the day is asked for; entered, all doors have it."""
    people, work = tmp_path / "people.csv", tmp_path / "work.csv"
    same = [f"s-{n},{region},0931-7777777" for n, region in enumerate((OWN, OWN, "620921"), 1)]
    people.write_text("\n".join(["candidate_id,region,phone", *same]) + "\n", encoding="utf-8")
    jobs = [
        f"ps-1,s-1,{SILENT},quota,{YEAR}-02-01",
        f"ps-2,s-2,{SILENT},quota,{YEAR}-02-01",
        f"ps-3,s-3,{LOCAL},quota,",
    ]
    head = "placement_id,candidate_id,employer_id,form,starts_on"
    work.write_text("\n".join([head, *jobs]) + "\n", encoding="utf-8")
    for table, file in (("candidates", people), ("placements", work)):
        assert yougang("import", table, file, at=store).code == 0
    marked = yougang("duplicates", "--marks-only", at=store)
    assert (marked.code, "s-1" in marked.out) == (0, False)

    def asked(told: Told) -> list[tuple[str, str, int]]:
        return [one for one in told.asks if one[0] == "开始日期"]

    told = by_http(service, SILENT)
    assert "fraud.f9" not in told.evidence
    assert asked(told) == [("开始日期", "用人单位", 1)]
    assert by_command(yougang, store, SILENT) == told
    assert "开始日期：1条记录没有填（F9），可问用人单位" in yougang("quota", SILENT, "--year", str(YEAR), at=store).out
    own = drawn_by_http(service)[SILENT]
    who = Visitor(service.client, service.enter("chief", Role.SUPERVISOR, PROVINCE))
    page = worked_out(who, f"/supervision/inspections/{own['inspection_id']}?evidence=1")
    assert "/supervision/placements/ps-3" in [held.get("href") for tag, held in page.tags if tag == "a"]
    county = Visitor(service.client, service.enter("county", Role.SUPERVISOR))
    seen = worked_out(county, f"/supervision/inspections/{own['inspection_id']}?evidence=1")
    assert "另有 1 条是您看不到的人的" in seen.text
    assert "ps-3" not in seen.text

    again = Visitor(service.client, service.enter("chief", Role.SUPERVISOR, PROVINCE))
    again.send(
        again.open("/supervision/placements/ps-3").form("/supervision/placements/ps-3"), starts_on=f"{YEAR}-05-01"
    )
    told = by_http(service, SILENT)
    assert "共用一个电话的残疾职工3人，在2个单位" in told.evidence["fraud.f9"]
    assert asked(told) == []
    assert by_command(yougang, store, SILENT) == told
