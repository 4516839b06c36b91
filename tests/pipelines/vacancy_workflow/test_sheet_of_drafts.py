"""Many posts of a company by one sheet: each a draft of its own, the wrong ones told alone, none ever made twice."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.access.errors import Forbidden
from pipelines.access.roles import Role
from pipelines.registers.uploads import rejected_rows
from pipelines.vacancy_workflow import service
from pipelines.vacancy_workflow.listing import Filters, page_of_vacancies
from pipelines.vacancy_workflow.service import Work
from pipelines.vacancy_workflow.sheet import begin_sheet, shown_rows, take_sheet
from pipelines.vacancy_workflow.states import State
from tests.support.firms import HERE, Firm, a_firm, moment_of, somebody
from tests.support.stores import a_store

HEAD = "岗位名称,月工资下限,岗位功能要求,提供的合理便利,基本工作任务,便利联系人,截止日期"
GOOD = "文员,3000,手部操作=3,读屏软件=已核实,录入数据;核对数据,人事部 0931-0000000,2027-06-30"


def sent(firm: Firm, folder: Path, *rows: str, is_dry_run: bool = False, day: date | None = None) -> dict[str, Any]:
    """Send a sheet in and return what became of it."""
    path = folder / "posts.csv"
    path.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    at = moment_of(day or firm.day)
    with firm.engine.begin() as connection:
        upload = begin_sheet(connection, firm.poster, is_dry_run=is_dry_run, at=at)
    return take_sheet(firm.engine, firm.poster, upload, path, on=day or firm.day, now=at)


def counts(told: dict[str, Any]) -> tuple[int, int, int, int]:
    """Return read, accepted, unchanged and rejected."""
    return told["read"], told["accepted"], told["unchanged"], told["rejected"]


def drafts(firm: Firm) -> list[Work]:
    """Return the company's posts."""
    with firm.engine.begin() as connection:
        seen, _ = page_of_vacancies(firm.work(connection, firm.poster), Filters(), after=None, limit=100)
    return [one for one in seen if isinstance(one, Work)]


@pytest.fixture
def firm(tmp_path: Path) -> Any:
    """A company."""
    with a_store("sqlite", tmp_path) as engine:
        yield a_firm(engine)


def test_each_row_becomes_a_draft_that_nobody_sees_yet(firm: Firm, tmp_path: Path) -> None:
    assert counts(sent(firm, tmp_path, GOOD)) == (1, 1, 0, 0)
    (made,) = drafts(firm)
    assert made.standing.state is State.DRAFT
    assert made.published is None
    assert [task.text for task in made.content.tasks] == ["录入数据", "核对数据"]
    assert made.content.accommodation_contact == "人事部 0931-0000000"
    offered = made.content.values["accommodations"]
    assert {state.value for state in offered.values()} == {
        "declared"
    }  # that it was verified is not the company's to say


def test_try_keeps_nothing_and_tells_what_would_become_of_the_rows(firm: Firm, tmp_path: Path) -> None:
    told = sent(firm, tmp_path, GOOD, "保洁员,很多,,,,,", is_dry_run=True)
    assert counts(told) == (2, 1, 0, 1)
    assert drafts(firm) == []


def test_wrong_rows_are_told_alone_and_a_mended_sheet_makes_nothing_twice(firm: Firm, tmp_path: Path) -> None:
    wrong = "保洁员,很多,手部操作=9,,,,2027-02-30"
    told = sent(firm, tmp_path, GOOD, wrong)
    assert counts(told) == (2, 1, 0, 1)
    with firm.engine.begin() as connection:
        rows = shown_rows(rejected_rows(connection, firm.poster, told["import_id"]))
    assert {row[1] for row in rows} == {"月工资下限", "岗位功能要求", "截止日期"}
    assert {row[0] for row in rows} == {"3"}
    again = sent(firm, tmp_path, GOOD, "保洁员,2500,手部操作=2,,,,2027-02-28", GOOD)
    assert counts(again) == (3, 1, 2, 0)
    assert len(drafts(firm)) == 2


def test_rows_beyond_the_days_limit_wait_and_are_taken_the_next_day(
    firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "DRAFTS_A_DAY", 2)
    rows = [GOOD.replace("文员", f"文员{n}") for n in range(3)]
    assert counts(sent(firm, tmp_path, *rows)) == (3, 2, 0, 1)
    firm.later(1)
    assert counts(sent(firm, tmp_path, *rows)) == (3, 1, 2, 0)


def test_sheet_that_is_none_is_said_to_be_unreadable(firm: Firm, tmp_path: Path) -> None:
    path = tmp_path / "posts.xlsx"
    path.write_bytes(b"no sheet")
    with firm.engine.begin() as connection:
        upload = begin_sheet(connection, firm.poster, is_dry_run=False, at=moment_of(firm.day))
    told = take_sheet(firm.engine, firm.poster, upload, path, on=firm.day, now=moment_of(firm.day))
    assert told["state"] == "unreadable"
    assert drafts(firm) == []


def test_who_may_not_write_posts_sends_no_sheet_in(firm: Firm) -> None:
    with firm.engine.begin() as connection, pytest.raises(Forbidden):
        begin_sheet(
            connection, somebody(connection, "auditor", Role.AUDITOR, HERE), is_dry_run=True, at=moment_of(firm.day)
        )
