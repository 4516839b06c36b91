"""A vacancy from draft to closed: who may do what, and what people are ranked on meanwhile."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from pipelines.access.audit import events
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Purpose, Role, Subject, local_subject
from pipelines.desk import NoSuchVacancy
from pipelines.registers.errors import NoSuchEmployer, RowRefused
from pipelines.schema import VACANCIES
from pipelines.store.repositories import VacancyRepository
from pipelines.store.tables import users
from pipelines.store.workflow_tables import vacancy_approvals
from pipelines.vacancy_workflow import service
from pipelines.vacancy_workflow.errors import (
    CheckFails,
    DraftQuota,
    NotPossible,
    OfficeNotNeeded,
    OutdatedWork,
    OwnWork,
)
from pipelines.vacancy_workflow.repository import Standing, Workflows
from pipelines.vacancy_workflow.service import Published, Work
from pipelines.vacancy_workflow.states import CloseReason, Live, State
from tests.support.firms import ELSEWHERE, FIRM, OTHER_FIRM, Firm, a_firm, in_role, lawful, somebody
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

CANARY = "canary-4242"


@pytest.fixture(params=BACKENDS)
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    with a_store(request.param, tmp_path) as engine:
        yield a_firm(engine)


def row_of(engine: Engine, vacancy_id: str) -> dict[str, Any] | None:
    with engine.connect() as connection:
        return VacancyRepository(connection, PROGRAM).find([(vacancy_id,)]).get((vacancy_id,))


def open_ids(firm: Firm, day: date) -> list[str]:
    with firm.engine.connect() as connection:
        return [vacancy.vacancy_id for vacancy in VacancyRepository(connection, PROGRAM).open_on(day)]


def seen(firm: Firm, standing: Standing, by: str = "poster") -> Work | Published:
    with firm.engine.connect() as connection:
        return firm.work(connection, getattr(firm, by)).get(standing.vacancy_id)


# ---- the way ----


def test_what_was_checked_and_approved_by_another_is_published_and_people_are_ranked_on_it(firm: Firm) -> None:
    draft = firm.draft()
    assert row_of(firm.engine, draft.vacancy_id) is None
    checked = firm.do("check", firm.poster, draft)
    approved = firm.do("approve", firm.approver, checked)
    assert (checked.state, approved.state) == (State.CHECKED, State.APPROVED)
    assert row_of(firm.engine, draft.vacancy_id) is None
    published = firm.do("publish", firm.poster, approved)
    row = row_of(firm.engine, draft.vacancy_id)
    assert row is not None
    assert (published.state, row["title"], row["employer_id"]) == (State.PUBLISHED, "文员", FIRM)
    assert open_ids(firm, firm.day) == [draft.vacancy_id]


def test_each_act_is_in_the_audit_with_who_and_what(firm: Firm) -> None:
    published = firm.published()
    firm.do("close", firm.poster, published, CloseReason.FILLED)
    with firm.engine.connect() as connection:
        told = [(e["action"], e["actor"]) for e in events(connection) if e["object_id"] == published.vacancy_id]
    poster, approver = firm.poster.by.actor, firm.approver.by.actor
    words = ("draft", "check", "approve", "publish", "close")
    assert told == [(f"vacancy.{word}", approver if word == "approve" else poster) for word in words]


def test_what_the_state_does_not_allow_is_refused_and_says_what_it_does(firm: Firm) -> None:
    draft = firm.draft()
    for act, more in (("approve", ()), ("publish", ()), ("send_back", ("更正工资",)), ("confirm", ())):
        with pytest.raises(NotPossible) as caught:
            firm.do(act, firm.approver, draft, *more)
        assert caught.value.told == {"state": "draft", "possible": ["change", "check", "close"]}, act


def test_a_draft_that_fails_the_check_stays_a_draft_and_keeps_what_was_found(firm: Firm) -> None:
    checked = firm.do("check", firm.poster, firm.draft(wage_min="900", wage_max="1000"))
    assert checked.state is State.DRAFT
    with firm.engine.connect() as connection:
        found = firm.work(connection, firm.poster).latest_check(checked.vacancy_id)
    assert found is not None
    assert not found.passed
    assert [f["code"] for f in found.findings if f["weight"] == "blocking"] == ["wage_below_minimum"]


def test_a_check_that_no_longer_holds_stops_the_publishing(firm: Firm) -> None:
    approved = firm.approved(closes_on="2026-12-31")
    firm.later(60)
    with pytest.raises(CheckFails) as caught:
        firm.do("publish", firm.poster, approved)
    assert caught.value.told == {"findings": ["closing_day_past"]}
    assert row_of(firm.engine, approved.vacancy_id) is None


def test_what_was_sent_back_says_what_to_mend_and_is_a_draft_again(firm: Firm) -> None:
    checked = firm.do("check", firm.poster, firm.draft())
    back = firm.do("send_back", firm.approver, checked, "请写明班次")
    assert (back.state, back.return_note) == (State.DRAFT, "请写明班次")


def test_what_was_sent_back_after_the_approval_needs_both_again(firm: Firm) -> None:
    back = firm.do("send_back", firm.approver, firm.approved(), "请再核对")
    assert back.approved_by is None
    again = firm.do("approve", firm.approver, firm.do("check", firm.poster, back))
    assert firm.do("publish", firm.poster, again).state is State.PUBLISHED


# ---- two people (threat 17) ----


def test_threat_17_nobody_approves_what_they_wrote(firm: Firm) -> None:
    checked = firm.do("check", firm.approver, firm.draft(firm.approver))
    with pytest.raises(OwnWork):
        firm.do("approve", firm.approver, checked)


def test_threat_17_the_same_human_in_another_role_does_not_approve_either(firm: Firm) -> None:
    with firm.engine.begin() as connection:
        both = in_role(connection, "poster", Role.COMPANY_APPROVER, FIRM)
        office = in_role(connection, "poster", Role.CASEWORKER)
    checked = firm.do("check", firm.poster, firm.draft())
    for subject in (both, office):
        with pytest.raises(OwnWork):
            firm.do("approve", subject, checked)


def test_threat_17_who_wrote_an_earlier_version_of_the_same_change_does_not_approve_it(firm: Firm) -> None:
    draft = firm.draft(firm.approver)
    changed = firm.change(firm.poster, draft, title="档案员")
    checked = firm.do("check", firm.poster, changed)
    with pytest.raises(OwnWork):
        firm.do("approve", firm.approver, checked)


def test_a_poster_may_not_approve_what_another_wrote(firm: Firm) -> None:
    with firm.engine.begin() as connection:
        second = somebody(connection, "second", Role.COMPANY_POSTER, FIRM)
    checked = firm.do("check", firm.poster, firm.draft())
    with pytest.raises(Forbidden):
        firm.do("approve", second, checked)


def test_an_office_approves_only_where_the_company_has_nobody_who_may(firm: Firm) -> None:
    checked = firm.do("check", firm.poster, firm.draft())
    with pytest.raises(OfficeNotNeeded):
        firm.do("approve", firm.caseworker, checked)
    with firm.engine.begin() as connection:
        noted(connection).execute(users.update().where(users.c.login == "approver").values(status="locked"))
    assert firm.do("approve", firm.caseworker, checked).state is State.APPROVED


def test_the_single_person_of_a_company_needs_the_office(firm: Firm) -> None:
    with firm.engine.begin() as connection:
        office = somebody(connection, "wangfang", Role.CASEWORKER, ELSEWHERE)
    checked = firm.do("check", firm.stranger, firm.draft(firm.stranger, region=ELSEWHERE))
    with pytest.raises(OwnWork):
        firm.do("approve", firm.stranger, checked)
    assert firm.do("approve", office, checked).approved_by == office.by.actor


def test_a_machine_and_the_local_user_approve_nothing(firm: Firm) -> None:
    checked = firm.do("check", firm.poster, firm.draft())
    machine = replace(firm.approver, user_id=None, client_id="hr")
    for subject in (machine, local_subject(Purpose.JOB_MATCHING)):
        with pytest.raises(Forbidden):
            firm.do("approve", subject, checked)


def test_threat_17_the_database_itself_refuses_an_approval_by_the_author(firm: Firm) -> None:
    standing = firm.do("check", firm.poster, firm.draft())
    own = replace(standing, state=State.APPROVED, approved_by=standing.author)
    with pytest.raises(IntegrityError, match="approved_by_another"), firm.engine.begin() as connection:
        Workflows(noted(connection), PROGRAM).move(own, firm.work(connection, firm.poster).now)
    with pytest.raises(IntegrityError, match=r"by_another"), firm.engine.begin() as connection:
        Workflows(noted(connection), PROGRAM).add_approval("a", own, None, firm.work(connection, firm.poster).now)
    pretended = replace(own, author="user:somebody-else")
    with pytest.raises(IntegrityError), firm.engine.begin() as connection:
        Workflows(noted(connection), PROGRAM).add_approval("a", pretended, None, firm.work(connection, firm.poster).now)


@pytest.mark.parametrize("kind", ["directed", "reserved"])
def test_threat_17_directed_and_reserved_posts_need_an_employer_whom_an_office_verified(firm: Firm, kind: str) -> None:
    draft = firm.draft(kind=kind, welcomes="hearing")
    assert firm.do("check", firm.poster, draft).state is State.DRAFT
    firm.verify()
    checked = firm.do("check", firm.poster, replace(draft, row_version=draft.row_version + 1))
    assert firm.do("publish", firm.poster, firm.do("approve", firm.approver, checked)).state is State.PUBLISHED


def test_an_unverified_employer_may_announce_an_open_post(firm: Firm) -> None:
    assert firm.published(kind="open").state is State.PUBLISHED


# ---- changes after the approval (threat 19) ----


CHANGES = (
    {"demands": "hands=2"},
    {"wage_min": "2500"},
    {"region": "620103"},
    {"address": "别处"},
    {"title": "夜班文员"},
    {"description": "另有其他工作。"},
    {"openings": "1"},
    {"closes_on": "2027-03-31"},
    {"night_shift": "yes"},
)


def test_threat_19_any_change_goes_back_to_the_check_and_people_are_ranked_on_the_approved_version(firm: Firm) -> None:
    for cells in CHANGES:
        published = firm.published()
        before = row_of(firm.engine, published.vacancy_id)
        changed = firm.change(firm.poster, published, **cells)
        assert (changed.state, changed.version, changed.published_version) == (State.DRAFT, 2, 1), cells
        assert row_of(firm.engine, published.vacancy_id) == before
        with pytest.raises(NotPossible):
            firm.do("publish", firm.poster, changed)


def test_threat_19_the_change_takes_the_place_of_the_old_version_once_another_person_approved_it(firm: Firm) -> None:
    changed = firm.change(firm.poster, firm.published(), wage_min="3200")
    approved = firm.do("approve", firm.approver, firm.do("check", firm.poster, changed))
    row = row_of(firm.engine, approved.vacancy_id)
    assert row is not None
    assert row["wage_min"] == 3000
    again = firm.do("publish", firm.poster, approved)
    row = row_of(firm.engine, approved.vacancy_id)
    assert row is not None
    assert (row["wage_min"], again.published_version) == (3200, 2)


def test_threat_19_a_change_between_approval_and_publishing_loses_the_approval(firm: Firm) -> None:
    changed = firm.change(firm.poster, firm.approved(), wage_min="2100")
    assert (changed.state, changed.approved_by) == (State.DRAFT, None)


def test_a_change_that_changes_nothing_writes_nothing(firm: Firm) -> None:
    published = firm.published()
    assert firm.change(firm.poster, published, wage_min="3000.0", title=" 文员 ") == published


def test_versions_checks_and_approvals_are_written_once(firm: Firm) -> None:
    firm.published()
    for table in ("vacancy_versions", "vacancy_checks", "vacancy_approvals"):
        for statement in (f"UPDATE {table} SET vacancy_id = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="written once"), firm.engine.begin() as connection:
                noted(connection).execute(text(statement))


def test_threat_15_a_write_without_a_word_in_the_audit_is_refused(firm: Firm) -> None:
    draft = firm.draft()
    with pytest.raises(DBAPIError, match="audit"), firm.engine.begin() as connection:
        connection.execute(text("UPDATE vacancy_workflow SET state = 'closed', close_reason = 'other'"))
    assert seen(firm, draft).standing.state is State.DRAFT  # type: ignore[union-attr]  # the poster's own work


# ---- confirmation ----


def test_a_vacancy_is_asked_about_after_90_days_and_paused_14_days_later_not_closed(firm: Firm) -> None:
    published = firm.published(closes_on="2027-11-01")
    found = {}
    for days in (0, 89, 90, 104, 105):
        firm.day = date(2026, 11, 24) + timedelta(days=days)
        work = seen(firm, published)
        assert isinstance(work, Work)
        found[days] = (work.live, published.vacancy_id in open_ids(firm, firm.day))
    assert found == {
        0: (Live.PUBLISHED, True),
        89: (Live.PUBLISHED, True),
        90: (Live.CONFIRMATION_DUE, True),
        104: (Live.CONFIRMATION_DUE, True),
        105: (Live.PAUSED, False),
    }
    assert published.state is State.PUBLISHED


def test_a_confirmed_vacancy_is_shown_again_until_its_own_last_day(firm: Firm) -> None:
    published = firm.published(closes_on="2027-04-30")
    firm.later(120)
    assert open_ids(firm, firm.day) == []
    firm.do("confirm", firm.poster, published)
    assert open_ids(firm, firm.day) == [published.vacancy_id]
    assert open_ids(firm, date(2027, 4, 30)) == [published.vacancy_id]
    assert open_ids(firm, date(2027, 5, 1)) == []


def test_confirming_does_not_prolong_what_the_company_itself_ended(firm: Firm) -> None:
    published = firm.published(closes_on="2026-12-31")
    firm.later(60)
    with pytest.raises(NotPossible):
        firm.do("confirm", firm.poster, published)


def test_while_a_change_is_on_its_way_the_published_version_can_be_confirmed(firm: Firm) -> None:
    changed = firm.change(firm.poster, firm.published(), title="档案员")
    firm.later(100)
    confirmed = firm.do("confirm", firm.poster, changed)
    assert (confirmed.state, confirmed.confirm_from) == (State.DRAFT, firm.day + timedelta(days=90))


def test_a_closed_vacancy_is_shown_to_nobody_from_the_same_day_on_and_stays_closed(firm: Firm) -> None:
    published = firm.published(opens_on="2026-11-24")
    closed = firm.do("close", firm.poster, published, CloseReason.FILLED)
    assert open_ids(firm, firm.day) == []
    with pytest.raises(NotPossible) as caught:
        firm.change(firm.poster, closed, title="档案员")
    assert caught.value.possible == ()


# ---- two at the same time (threat 24) ----


def test_threat_24_of_two_acts_on_the_same_version_one_wins(firm: Firm) -> None:
    with firm.engine.begin() as connection:
        second = somebody(connection, "second", Role.COMPANY_APPROVER, FIRM)
    checked = firm.do("check", firm.poster, firm.draft())
    firm.do("approve", firm.approver, checked)
    for act, subject in (("approve", second), ("check", firm.poster)):
        with pytest.raises(OutdatedWork):
            firm.do(act, subject, checked)


def test_threat_24_of_two_approvals_side_by_side_one_wins(firm: Firm) -> None:
    with firm.engine.begin() as connection:
        second = somebody(connection, "second", Role.COMPANY_APPROVER, FIRM)
    checked = firm.do("check", firm.poster, firm.draft())

    def approve(subject: Subject) -> str:
        try:
            return str(firm.do("approve", subject, checked).approved_by)
        except OutdatedWork:
            return "too late"

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(approve, [firm.approver, second]))
    assert told.count("too late") == 1
    with firm.engine.connect() as connection:
        standing = Workflows(connection, PROGRAM).get(checked.vacancy_id)
        assert connection.execute(select(func.count()).select_from(vacancy_approvals)).scalar_one() == 1
    assert standing is not None
    assert standing.approved_by in told


def test_a_change_under_the_eyes_of_the_approver_is_not_approved(firm: Firm) -> None:
    checked = firm.do("check", firm.poster, firm.draft())
    firm.do("check", firm.poster, firm.change(firm.poster, checked, wage_min="2100"))
    with pytest.raises(OutdatedWork):
        firm.do("approve", firm.approver, checked)


# ---- reach ----


def test_another_company_sees_neither_draft_nor_published(firm: Firm) -> None:
    for standing in (firm.draft(), firm.published()):
        with pytest.raises(NoSuchVacancy):
            seen(firm, standing, by="stranger")
        with pytest.raises(NoSuchVacancy):
            firm.do("close", firm.stranger, standing, CloseReason.OTHER)


def test_an_office_elsewhere_sees_what_is_published_and_no_draft_and_changes_neither(firm: Firm) -> None:
    with firm.engine.begin() as connection:
        elsewhere = somebody(connection, "wangfang", Role.CASEWORKER, ELSEWHERE)
    firm.poster_elsewhere = elsewhere  # type: ignore[attr-defined]  # for `seen`
    published = firm.published()
    changed = firm.change(firm.poster, published, title="改后的名称")
    found = seen(firm, published, by="poster_elsewhere")
    assert isinstance(found, Published)
    assert found.values["title"] == "文员"
    with pytest.raises(NoSuchVacancy):
        seen(firm, firm.draft(), by="poster_elsewhere")
    with pytest.raises(Forbidden):
        firm.do("close", elsewhere, changed, CloseReason.OTHER)


def test_the_office_of_the_place_works_on_it(firm: Firm) -> None:
    draft = firm.draft(firm.caseworker)
    assert draft.author == firm.caseworker.by.actor
    assert firm.do("approve", firm.approver, firm.do("check", firm.caseworker, draft)).state is State.APPROVED


def test_a_draft_for_another_company_or_an_unknown_one_is_for_nobody(firm: Firm) -> None:
    for subject, employer in ((firm.poster, OTHER_FIRM), (firm.caseworker, OTHER_FIRM), (firm.caseworker, "无")):
        with pytest.raises(NoSuchEmployer), firm.engine.begin() as connection:
            firm.work(connection, subject).draft(lawful(), employer)


def test_who_has_no_business_with_vacancies_is_told_so_or_sees_nothing(firm: Firm) -> None:
    published = firm.published()
    with firm.engine.begin() as connection:
        auditor = somebody(connection, "auditor", Role.AUDITOR)
    with pytest.raises(NoSuchVacancy), firm.engine.begin() as connection:
        firm.work(connection, auditor).get(published.vacancy_id)
    with pytest.raises(Forbidden), firm.engine.begin() as connection:
        firm.work(connection, auditor).draft(lawful(), FIRM)


# ---- what a company may say, and how often ----


def test_a_company_declares_and_only_an_office_verifies_an_accommodation(firm: Firm) -> None:
    said = firm.published(accommodations="ramp=verified")
    row = row_of(firm.engine, said.vacancy_id)
    assert row is not None
    assert VACANCIES.column("accommodations").format(row["accommodations"]) == "ramp=declared"
    verified = firm.change(firm.caseworker, said, accommodations="ramp=verified")
    kept = firm.change(firm.poster, verified, title="档案员")
    moved = firm.change(firm.poster, kept, address="新地址")
    with firm.engine.connect() as connection:
        contents = Workflows(connection, PROGRAM)
        states = [
            VACANCIES.column("accommodations").format(
                contents.content(one.vacancy_id, one.version).values["accommodations"]
            )
            for one in (verified, kept, moved)
        ]
    assert states == ["ramp=verified", "ramp=verified", "ramp=declared"]


def test_threat_6_a_company_makes_so_many_drafts_a_day_and_no_more(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "DRAFTS_A_DAY", 2)
    monkeypatch.setattr(service, "VERSIONS_A_DAY", 3)
    firm.draft()
    second = firm.draft()
    with pytest.raises(DraftQuota) as caught:
        firm.draft()
    assert caught.value.seconds == 14 * 3600  # two o'clock UTC is ten in Gansu
    third = firm.change(firm.poster, second, title="档案员")
    with pytest.raises(DraftQuota):
        firm.change(firm.poster, third, title="图书管理员")
    firm.later(1)
    assert firm.draft().state is State.DRAFT


def test_what_an_import_would_refuse_is_refused_without_repeating_it(firm: Firm) -> None:
    for cells in ({"wage_min": "5000", "wage_max": "4000"}, {"description": f"见 http://127.0.0.1/{CANARY}"}):
        with pytest.raises(RowRefused) as caught:
            firm.draft(**cells)
        assert CANARY not in repr(caught.value.faults)
        assert caught.value.faults


# ---- imported vacancies ----


def imported(firm: Firm, **values: Any) -> Standing:
    row = {**dict.fromkeys(VACANCIES.by_name), "vacancy_id": "old-1", "title": "保安", "employer_id": FIRM, **values}
    with firm.engine.begin() as connection:
        VacancyRepository(noted(connection), PROGRAM).insert([row])
        found = firm.work(connection, firm.poster).get("old-1")
    assert isinstance(found, Published)
    return service.imported_standing(found, firm.day)


def test_an_imported_vacancy_counts_as_published_and_its_company_changes_it_on_the_same_way(firm: Firm) -> None:
    changed = firm.change(firm.poster, imported(firm), title="门卫")
    assert (changed.state, changed.version, changed.published_version) == (State.DRAFT, 2, 1)
    row = row_of(firm.engine, "old-1")
    assert row is not None
    assert row["title"] == "保安"


def test_an_imported_vacancy_is_closed_by_its_company_but_by_no_other(firm: Firm) -> None:
    standing = imported(firm)
    with pytest.raises(NoSuchVacancy):
        firm.do("close", firm.stranger, standing, CloseReason.OTHER)
    firm.do("close", firm.poster, standing, CloseReason.EMPLOYER_CLOSED)
    assert open_ids(firm, firm.day) == []


def test_an_imported_vacancy_in_another_version_than_read_is_not_taken_over(firm: Firm) -> None:
    standing = imported(firm)
    with pytest.raises(OutdatedWork):
        firm.change(firm.poster, replace(standing, row_version=7), title="门卫")
    with firm.engine.connect() as connection:
        assert connection.execute(select(Workflows(connection, PROGRAM).ids(()).subquery())).all() == []
