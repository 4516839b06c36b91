"""A supervisor's pages: progress, units, inspections, approvals, placements, who read whom, rule releases."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook
from sqlalchemy import select, text

from api.pages.audit_words import act_word, acts, details_in_words, objects
from matching.vocabulary import YesNo
from pipelines.access.audit import events
from pipelines.access.roles import Action, Purpose, Role
from pipelines.inspections.queue import Draw, Inspections
from pipelines.registers.trail import chain_state
from pipelines.reports.plan.progress import progress_of
from pipelines.rule_release.releases import Releases
from pipelines.schema import PLACEMENTS
from pipelines.store.repositories import TableRepository
from pipelines.store.tables import CASE_TABLES
from pipelines.store.workflow_tables import vacancy_workflow
from tests.support.accounts import a_user
from tests.support.firms import moment_of
from tests.support.pages import Read, Visitor
from tests.support.province import TODAY
from tests.support.service import OWN, Service
from tests.support.staffed import a_checked_vacancy, a_staffed_province, subject_of, visitor, worked_out
from tests.support.stores import PROGRAM, noted
from tests.threats.rule_books import a_changed_book

PROGRESS = "/supervision"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for tests that only look."""
    with a_staffed_province(tmp_path_factory.mktemp("looking")) as opened:
        yield opened


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service of its own, for tests that change something."""
    with a_staffed_province(tmp_path) as opened:
        yield opened


# ---- progress ----


def figures(service: Service, login: str) -> dict[str, Any]:
    subject = subject_of(service, login, Purpose.SUPERVISION)
    with service.engine.connect() as connection:
        return progress_of(connection, subject, TODAY.year, TODAY)


def test_progress_shows_every_figure_with_the_numbers_of_the_report(whole: Service) -> None:
    told, expected = worked_out(visitor(whole, "province"), PROGRESS), figures(whole, "province")["report"]
    for figure in expected["figures"]:
        assert figure["title"] in told.text
        assert figure["source"]["document"] in told.text
        total = figure["rows"][-1]["counts"]
        assert all(str(n) in told.text for n in total.values())
    assert all(one["title"] in told.text for one in expected["not_counted"])


def test_every_chart_has_a_title_a_description_and_a_table(whole: Service) -> None:
    told = worked_out(visitor(whole, "province"), PROGRESS)
    tags = [tag for tag, _ in told.tags]
    charts = [held for tag, held in told.tags if tag == "svg"]
    assert len(charts) == len(figures(whole, "province")["report"]["figures"]) + 1
    assert all(held["role"] == "img" and held["aria-labelledby"] for held in charts)
    assert tags.count("desc") == len(charts)
    assert tags.count("table") == len(charts) + 1


def test_each_figure_is_one_line_with_its_number_until_it_is_opened(whole: Service) -> None:
    told, expected = worked_out(visitor(whole, "province"), PROGRESS), figures(whole, "province")["report"]
    folded = [held for tag, held in told.tags if tag == "details" and held.get("class") == "folded"]
    assert ["open" in held for held in folded] == [True] + [False] * len(expected["figures"])
    new = next(one for one in expected["figures"] if one["name"] == "placed")
    assert f"合计 {new['rows'][-1]['counts']['all']} 人" in told.text


def test_services_still_due_by_county_add_up_to_the_report(whole: Service) -> None:
    found = figures(whole, "province")
    for figure in found["report"]["figures"]:
        if figure["name"] in found["counties"]["figures"]:
            due = sum(row["counts"][figure["name"]]["due"] for row in found["counties"]["rows"])
            assert due == figure["rows"][-1]["counts"]["due"]


def test_county_sees_its_own_place_only(whole: Service) -> None:
    rows = figures(whole, "chief")["counties"]["rows"]
    assert {row["region"] for row in rows} == {OWN}
    told = worked_out(visitor(whole, "chief"), PROGRESS).text
    assert "兰州市城关区" in told
    assert "天水市" not in told


@pytest.mark.parametrize("public", [False, True])
def test_report_is_handed_out_as_documents(whole: Service, public: bool) -> None:
    who = visitor(whole, "province")
    address = f"/supervision/report.{{}}?year={TODAY.year}{'&public=1' if public else ''}"
    word = who.client.get(address.format("docx"), headers=who.headers)
    assert "attachment" in word.headers["content-disposition"]
    said = "\n".join(paragraph.text for paragraph in Document(BytesIO(word.content)).paragraphs)
    assert ("不公布" in said) == public
    assert ("仅供内部使用" in said) != public
    sheets = load_workbook(BytesIO(who.client.get(address.format("xlsx"), headers=who.headers).content))
    assert len(sheets.sheetnames) > 5


def test_units_that_have_not_met_the_quota_can_be_told_apart(whole: Service) -> None:
    who = visitor(whole, "province")
    everything = worked_out(who, "/supervision/units?duty=quota")
    missing = who.open("/supervision/units?duty=quota&state=not_done")
    assert "尚未做到" in missing.text
    n_all, n_missing = (int(re.findall(r"共 (\d+) 个单位", told.text)[0]) for told in (everything, missing))
    assert 0 < n_missing < n_all
    assert "期限" in worked_out(who, "/supervision/units?duty=min_one").text


def test_households_lead_to_their_members_and_the_look_is_recorded(whole: Service) -> None:
    who = visitor(whole, "province")
    told = worked_out(who, "/supervision/households?state=without")
    people = [held["href"].rpartition("/")[2] for tag, held in told.tags if held.get("href", "").startswith("/people/")]
    assert people
    with whole.engine.connect() as connection:
        read = {row["object_id"] for row in events(connection) if row["action"] == "candidates.read"}
    assert set(people) <= read


@pytest.mark.parametrize("login", ["analyst", "auditor"])
@pytest.mark.parametrize("address", [PROGRESS, "/supervision/units", "/supervision/households", "/supervision/reads"])
def test_who_sees_no_people_has_none_of_these_pages(whole: Service, login: str, address: str) -> None:
    visitor(whole, login).open(address, 403)


# ---- inspections ----


def drawn(service: Service) -> str:
    """Let the supervisor of the county draw on the page, and return the first inspection with a hint."""
    who = visitor(service, "province")
    form = who.open("/supervision/inspections").form("/supervision/inspections")
    told = who.send(form, seed="7", n_random="3", n_risk="3")
    assert "已抽取" in told.text
    found = [held["href"] for _, held in told.tags if held.get("href", "").startswith("/supervision/inspections/")]
    assert len(found) >= 3
    return next(one for one in found if "请看" in who.open(one).text)


def test_units_are_drawn_by_the_seed_and_decided_with_reason_and_papers(service: Service) -> None:
    address = drawn(service)
    who = visitor(service, "province")
    told = worked_out(who, f"{address}?evidence=1")
    assert "不是违规结论" in told.text
    assert "权益保护" in told.text
    form = told.form(f"{address}/decision")
    refused = who.send(form, 409, outcome="corrected", ground="", evidence="")
    assert "须写明理由和看过的材料" in refused.text
    assert "须选一项结论" in who.send(form, 409, ground="已核实", evidence="合同").text
    again = who.send(form, outcome="corrected", ground="换工作当月的交接", evidence="两份合同")
    assert "登记后不能修改" in again.text
    assert who.open(address).form(f"{address}/decision")  # nothing is kept yet
    back = who.send(again.form(f"{address}/decision"), change="1")
    assert "换工作当月的交接" in back.text
    assert back.form(f"{address}/decision").fields["outcome"] == ["corrected"]
    done = who.send_twice(form, outcome="corrected", ground="换工作当月的交接", evidence="两份合同")
    for part in ("记录有误，已更正", "换工作当月的交接", "两份合同", "province"):
        assert part in done.text
    assert "/decision" not in str([held.action for held in done.forms])
    who.send(form, 409, outcome="handed_on", ground="再来一次", evidence="x")
    assert address in str(who.open("/supervision/inspections?decided=1").tags)


def test_draw_with_words_for_numbers_is_told_what_would_be_right(service: Service) -> None:
    who = visitor(service, "province")
    form = who.open("/supervision/inspections").form("/supervision/inspections")
    told = who.send(form, 422, year="今年")
    assert "请填写数字" in told.text
    assert told.form("/supervision/inspections").fields["year"] == ["今年"]
    who.send(form, 422, year="1900")
    assert "这项核查不能这样办理" in who.send(form, 409, n_random="5000").text


def test_the_same_draw_on_the_page_and_in_the_service(service: Service) -> None:
    who = visitor(service, "province")
    subject = subject_of(service, "province", Purpose.SUPERVISION)
    with service.engine.connect() as connection:  # undone at the end
        queue = Inspections(noted(connection), subject, on=TODAY, now=moment_of(TODAY))
        expected = {one.employer_id for one in queue.draw(Draw(TODAY.year, 11, 2, 2))}
    form = who.open("/supervision/inspections").form("/supervision/inspections")
    told = who.send(form, seed="11", n_random="2", n_risk="2")
    assert expected
    assert all(one in told.text for one in expected)


# ---- vacancies that wait for another person ----


def state_of(service: Service, vacancy_id: str) -> tuple[str, str | None]:
    c = vacancy_workflow.c
    with service.engine.connect() as connection:
        return tuple(connection.execute(select(c.state, c.return_note).where(c.vacancy_id == vacancy_id)).one())


def test_vacancy_is_approved_by_another_person_after_seeing_what_the_check_found(service: Service) -> None:
    standing = a_checked_vacancy(service)
    who = visitor(service, "chief")
    address = f"/supervision/vacancies/{standing.vacancy_id}"
    assert "文员" in who.open("/supervision/vacancies").text
    told = who.open(address)
    assert "甘政办发〔2023〕83号" in told.text
    assert "录入数据" in told.text
    assert "编写：caseworker" in told.text
    who.send(told.form(f"{address}/approve"))
    assert who.path == "/supervision/vacancies"
    assert "没有等待复核的岗位" in who.open("/supervision/vacancies").text
    assert state_of(service, standing.vacancy_id)[0] == "approved"


def test_nobody_approves_what_they_wrote(service: Service) -> None:
    standing = a_checked_vacancy(service, "chief")
    who, address = visitor(service, "chief"), f"/supervision/vacancies/{standing.vacancy_id}"
    told = who.open(address)
    assert "须由另一人复核" in told.text
    assert "不能复核本人编写的岗位" in who.send(told.form(f"{address}/approve"), 409).text
    assert state_of(service, standing.vacancy_id)[0] == "checked"


def test_vacancy_is_sent_back_with_the_reason_only(service: Service) -> None:
    standing = a_checked_vacancy(service)
    who, address = visitor(service, "chief"), f"/supervision/vacancies/{standing.vacancy_id}"
    form = who.open(address).form(f"{address}/send-back")
    assert "请写明退回的理由" in who.send(form, 422).text
    who.send(form, note="请写明每天几点上下班")
    assert state_of(service, standing.vacancy_id) == ("draft", "请写明每天几点上下班")
    who.send(form, 412, note="再退一次")


def test_other_county_has_nothing_to_approve_there(service: Service) -> None:
    standing = a_checked_vacancy(service)
    who = visitor(service, "elsewhere")
    assert "没有等待复核的岗位" in who.open("/supervision/vacancies").text
    who.open(f"/supervision/vacancies/{standing.vacancy_id}", 404)


# ---- placements ----


def waiting(who: Visitor) -> list[str]:
    told = who.open("/supervision/placements")
    return [
        held["href"].rpartition("/")[2]
        for _, held in told.tags
        if held.get("href", "").startswith("/supervision/placements/")
    ]


def stored(service: Service, placement_id: str) -> dict[str, Any]:
    with service.engine.connect() as connection:
        return TableRepository(connection, PLACEMENTS, PROGRAM).find([(placement_id,)])[placement_id,]


def test_placement_is_confirmed_and_what_nobody_knows_stays_unknown(service: Service) -> None:
    who = visitor(service, "province")
    first = waiting(who)[0]
    before = stored(service, first)
    assert before["attendance_confirmed"] is None
    address = f"/supervision/placements/{first}"
    form = who.open(address).form(address)
    told = who.send(form, attendance_confirmed="yes")
    assert "就业安置已更新" in told.text
    assert first not in waiting(who)
    assert stored(service, first) == {**before, "attendance_confirmed": YesNo.YES}
    who.send(form, 412, attendance_confirmed="no")


def test_day_that_cannot_be_comes_back_with_what_was_typed(service: Service) -> None:
    who = visitor(service, "province")
    address = f"/supervision/placements/{waiting(who)[0]}"
    told = who.send(who.open(address).form(address), 422, starts_on="2026-02-30", attendance_confirmed="yes")
    assert told.form(address).fields["starts_on"] == ["2026-02-30"]
    assert "有几处需要修改" in told.text


def test_placements_that_ended_or_are_confirmed_do_not_wait(service: Service) -> None:
    with service.engine.connect() as connection:
        p = CASE_TABLES["placements"].c
        rows = connection.execute(select(p.placement_id, p.attendance_confirmed, p.ends_on)).all()
    expected = {i for i, confirmed, ends in rows if confirmed is None and (ends is None or ends >= TODAY)}
    found, address = set(), "/supervision/placements"
    who = visitor(service, "province")
    while address:
        told = who.open(address)
        hrefs = [held.get("href", "") for _, held in told.tags]
        found |= {one.rpartition("/")[2] for one in hrefs if one.startswith("/supervision/placements/")}
        address = next((one for one in hrefs if one.startswith("/supervision/placements?cursor")), "")
    assert found <= expected
    assert found


# ---- who read whom ----


def test_supervisor_sees_who_of_the_own_office_read_whom_and_why(service: Service) -> None:
    at_home = visitor(service, "caseworker")
    mine = next(
        held["href"]
        for _, held in at_home.open("/people").tags
        if re.fullmatch("/people/demo-c-[0-9]+", held.get("href", ""))
    )
    at_home.open(mine)
    visitor(service, "elsewhere").open("/people")
    told = visitor(service, "chief").open("/supervision/reads")
    assert "caseworker" in told.text
    assert "查看求职者" in told.text
    assert "推荐就业" in told.text
    assert mine.rpartition("/")[2] in told.text
    assert "elsewhere" not in told.text
    only = visitor(service, "chief").open(f"/supervision/reads?object_id={mine.rpartition('/')[2]}&purpose=contact")
    assert "没有这样的记录" in only.text
    with service.engine.connect() as connection:
        assert [row["action"] for row in events(connection)].count("audit.reads") == 2


def test_reads_are_all_that_a_supervisor_sees_of_the_audit(service: Service) -> None:
    who = visitor(service, "chief")
    who.open(PROGRESS)
    told = who.open("/supervision/reads").text
    assert "reports.read" not in told
    who.open("/audit", 403)


def test_person_who_left_the_place_is_not_named_to_the_supervisor(service: Service) -> None:
    who = visitor(service, "caseworker")
    people = [held.get("href", "") for _, held in who.open("/people").tags]
    person = next(one for one in people if re.fullmatch("/people/demo-c-[0-9]+", one)).rpartition("/")[2]
    with service.engine.begin() as connection:
        noted(connection)
        c = CASE_TABLES["candidates"]
        connection.execute(c.update().where(c.c.candidate_id == person).values(region="620502"))
    told = visitor(service, "chief").open("/supervision/reads").text
    assert person not in told
    assert "已不在本辖区" in told


def test_broken_chain_is_told_on_the_page(service: Service) -> None:
    visitor(service, "caseworker").open("/people")
    who = visitor(service, "chief")
    assert "逐条相接" in who.open("/supervision/reads").text
    assert "逐条相接" in worked_out(who, "/supervision/reads/chain").text
    with service.engine.begin() as connection:
        for name in ("audit_no_update", "audit_no_delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        last = max(row["sequence"] for row in events(connection))
        connection.execute(text("UPDATE audit SET object_id = 'another' WHERE sequence = :n"), {"n": last - 1})
    told = who.open("/supervision/reads").text
    assert "请立即告知" in told
    assert f"第 {last - 1} 条" in told


def test_looking_at_the_latest_rows_begins_with_their_own_hash(service: Service) -> None:
    visitor(service, "caseworker").open("/people")
    subject = subject_of(service, "auditor", Purpose.AUDIT)
    with service.engine.connect() as connection:
        found = chain_state(connection, subject, latest=3)
        assert (found.since, found.broken) == (found.last - 2, ())


def rows_of(who: Visitor, address: str) -> str:
    """Return what stands in the rows of a table, without the form above it."""
    who.open(address)
    return Read(who.answer.text.partition("<tbody>")[2].partition("</tbody>")[0]).text


def test_auditor_sees_the_audit_of_the_own_office_and_nothing_else(service: Service) -> None:
    visitor(service, "caseworker").open("/people")
    visitor(service, "elsewhere").open("/people")
    who = visitor(service, "auditor")
    told = rows_of(who, "/audit")
    assert "查看求职者" in told
    assert "caseworker" in told
    assert "elsewhere" not in told
    assert re.search(r"\b[a-z_]+\.[a-z]+\b", told) is None, "the audit is told in words, not in those of the program"
    assert "reads" not in [link["href"] for tag, link in who.open("/").tags if tag == "a" and "href" in link]
    filtered = rows_of(who, "/audit?action=audit.read")
    assert "查看审计记录" in filtered
    assert "查看求职者" not in filtered
    assert "逐条相接" in worked_out(who, "/audit/chain").text
    for address in ("/people", PROGRESS, "/models", "/supervision/inspections", "/supervision/vacancies"):
        who.open(address, 403)


def test_auditor_of_the_province_reads_what_analysts_did_as_well(service: Service) -> None:
    with service.engine.begin() as connection:
        a_user(noted(connection), "of-province", Role.AUDITOR, "620000")
    visitor(service, "analyst").open("/models/drift")
    who = Visitor(service.client, service.enter("of-province", Role.AUDITOR, "620000"))
    assert "drift" in rows_of(who, "/audit?action=models.read")
    assert "drift" not in rows_of(visitor(service, "auditor"), "/audit?action=models.read")


def test_every_act_of_the_audit_has_words() -> None:
    told = {**acts(), **objects()}
    assert {name for name, label in told.items() if re.search("[A-Za-z]", label)} == set()
    assert {action.value for action in Action} <= set(acts())
    assert act_word("candidates.read.refused") == "未获准：查看求职者"
    assert act_word("of.tomorrow") == "of.tomorrow"
    assert details_in_words({"dry-run": True, "by-actor": True, "by-action": False, "role": "auditor", "rows": 3}) == [
        "试导入：是",
        "按谁查找",
        "角色：审计人员",
        "行数：3",
    ]


# ---- rule releases ----


def proposed(service: Service, folder: Path) -> str:
    subject = subject_of(service, "province", Purpose.SUPERVISION)
    with service.engine.begin() as connection:
        releases = Releases(noted(connection), at=moment_of(TODAY))
        return releases.propose(a_changed_book(folder), {"rules": []}, subject, as_of=TODAY).release_id


def test_rules_are_released_by_a_second_person_of_the_province(service: Service, tmp_path: Path) -> None:
    release = proposed(service, tmp_path)
    address = f"/supervision/rules/{release}"
    told = visitor(service, "province").open("/supervision/rules")
    assert "须由另一位省级主管人员签发" in told.text
    assert [form.action for form in told.forms if form.action.startswith(address)] == []
    county = visitor(service, "chief").open("/supervision/rules")
    assert [form.action for form in county.forms if "rules" in form.action] == []
    second = visitor(service, "second")
    form = second.open("/supervision/rules").form(f"{address}/approve")
    assert "规则已签发" in second.send(form).text
    assert "提出人不能" not in second.open("/supervision/rules").text
    again = second.send(form, 409)
    assert "已经签发" in again.text
    gone = second.send(second.open("/supervision/rules").form(f"{address}/retire"))
    assert "已停用" in gone.text


def test_proposer_and_county_cannot_release_by_sending_the_form(service: Service, tmp_path: Path) -> None:
    address = f"/supervision/rules/{proposed(service, tmp_path)}/approve"
    for login, says in (("province", "须由另一人签发"), ("chief", "省级主管人员")):
        who = visitor(service, login)
        form = who.open("/supervision/rules").form("/sign-out")
        form.action = address
        assert says in who.send(form, 409).text
