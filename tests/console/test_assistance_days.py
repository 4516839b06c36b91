"""Levels of assistance entered and left on dated days, with why: any day and any days of the ledger, at every door."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text

from matching.assistance import AssistanceLevel
from matching.plans import PlanEnd, PlanKind
from pipelines.access.roles import Purpose
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.plans import NewPlan, PlanChange, Plans
from pipelines.registers.errors import RowRefused
from tests.support.plan_sheets import imported
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, subject_of, visitor

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
Yougang = Callable[..., Any]
JUNE, OCTOBER = date(2026, 6, 30), date(2026, 10, 8)
HARD, POLICY = AssistanceLevel.HARD, AssistanceLevel.POLICY


@dataclass(frozen=True)
class Store:
    """Where the command line is pointed to."""

    url: str


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One who left a level in June and came back in October, one who changed levels, one of before without reasons."""
    folder = tmp_path_factory.mktemp("days")
    with a_staffed_province(folder) as opened:
        assert imported(opened.engine, folder, "candidates", "candidate_id,region", *PEOPLE).rejected == 0
        chief = subject_of(opened, "province", Purpose.JOB_MATCHING)
        with opened.engine.begin() as connection:
            plans = Plans(connection, chief, on=TODAY)

            def entered(owner: str, level: AssistanceLevel, on: date, why: str) -> dict[str, Any]:
                wanted = NewPlan(PlanKind.ASSISTANCE, level, entered_on=on, entry_words=why)
                return plans.open(owner, wanted, now=NOW)

            def left(plan: dict[str, Any], ending: PlanEnd, on: date, why: str) -> None:
                change = PlanChange(ending=ending, left_on=on, exit_words=why)
                assert plans.change(plan["plan_id"], change, version=plan["row_version"], now=NOW)

            first = entered("d-back", HARD, date(2025, 12, 31), "认定为就业困难人员")
            left(first, PlanEnd.OTHER, JUNE, "认定到期")
            entered("d-back", HARD, OCTOBER, "再次认定，重新进入")
            left(entered("d-moved", HARD, date(2026, 1, 1), ""), PlanEnd.CHANGED, JUNE, "收入变化，改列专项政策援助")
            entered("d-moved", POLICY, JUNE, "由困难援助改列")
        yield opened


PEOPLE = ["d-back,620102", "d-moved,620102", "d-far,620502"]


def numbers(service: Service, asked: str) -> dict[str, tuple[int, ...]]:
    told = service.client.get(f"/api/v1/plans?kind=assistance&{asked}").json()["moves"]
    names = ("before", "entered", "left", "after")
    return {one["level"]: tuple(one[name] for name in names) for one in told if any(one[name] for name in names)}


@pytest.mark.parametrize(
    ("day", "levels"),
    [
        ("2025-12-30", []),
        ("2025-12-31", [("d-back", "hard")]),
        ("2026-01-01", [("d-back", "hard"), ("d-moved", "hard")]),
        ("2026-06-29", [("d-back", "hard"), ("d-moved", "hard")]),
        ("2026-06-30", [("d-moved", "policy")]),
        ("2026-10-07", [("d-moved", "policy")]),
        ("2026-10-08", [("d-back", "hard"), ("d-moved", "policy")]),
    ],
)
def test_who_is_in_which_level_on_any_day(service: Service, day: str, levels: list[tuple[str, str]]) -> None:
    visitor(service, "province").open("/")
    told = service.client.get(f"/api/v1/plans?kind=assistance&held_on={day}").json()
    assert sorted((one["candidate_id"], one["level"]) for one in told["items"]) == levels
    assert sum(one["after"] for one in told["moves"]) == len(levels)


def test_any_days_tell_who_entered_and_left_and_add_up(service: Service) -> None:
    visitor(service, "province").open("/")
    assert numbers(service, "since=2026-01-01&until=2026-12-31") == {"hard": (1, 2, 2, 1), "policy": (0, 1, 0, 1)}
    assert numbers(service, "since=2026-06-01&until=2026-06-30") == {"hard": (2, 0, 2, 0), "policy": (0, 1, 0, 1)}
    assert numbers(service, "since=2026-07-01&until=2026-10-07") == {"policy": (1, 0, 0, 1)}
    assert numbers(service, "since=2025-01-01&until=2025-12-31") == {"hard": (0, 1, 0, 1)}
    for since, until in (("2026-03-01", "2026-06-30"), ("2026-06-30", "2026-11-01"), ("2024-01-01", "2026-11-23")):
        for before, entered, left, after in numbers(service, f"since={since}&until={until}").values():
            assert before + entered - left == after
    reasons = service.client.get("/api/v1/plans?kind=assistance&since=2026-06-30&until=2026-06-30").json()["items"]
    assert {(one["candidate_id"], one["level"]): one["exit_words"] for one in reasons if one["ended_on"]} == {
        ("d-back", "hard"): "认定到期",
        ("d-moved", "hard"): "收入变化，改列专项政策援助",
    }


def test_reports_of_the_calendar_year_are_the_same_numbers(service: Service) -> None:
    visitor(service, "province").open("/")
    for name, place in (("assistance_in", 1), ("assistance_out", 2)):
        rows = service.client.get(f"/api/v1/reports/{name}").json()["rows"]
        province = next(row["counts"] for row in rows if row["place"] == "620000")
        told = numbers(service, f"since=2026-01-01&until={TODAY.isoformat()}")
        assert {level: n[place] for level, n in told.items()} == {level: province[level] for level in told}


def test_page_and_command_tell_the_same(service: Service, yougang: Yougang) -> None:
    chief = visitor(service, "province")
    shown = chief.open("/plans?kind=assistance&since=2026-06-01&until=2026-06-30").text
    assert "2026-06-01 至 2026-06-30 的进入和退出" in shown
    assert "退出理由：认定到期" in shown
    chief.open("/plans?kind=assistance&since=2026-06-31", 422)
    assert "止日不能早于起日" in chief.open("/plans?kind=assistance&since=2026-06-30&until=2026-06-01", 422).text
    store = Store(service.engine.url.render_as_string(hide_password=False))
    said = yougang("plans", "--kind", "assistance", "--since", "2026-06-01", "--until", "2026-06-30", at=store)
    assert "困难残疾人就业援助：期初 2，进入 0，退出 2，期末 0" in said.out
    day = yougang("plans", "--kind", "assistance", "--on", "2026-10-08", "--json", at=store).document
    assert {one["level"]: one["after"] for one in day["moves"] if one["after"]} == {"hard": 1, "policy": 1}
    own = chief.open("/people/d-back/plans").text
    assert "2025-12-31 至 2026-06-30" in own
    assert "进入理由：再次认定，重新进入" in own
    assert "认定到期" in yougang("extract", "d-back", at=store).out


def test_days_that_cannot_be_are_refused(service: Service) -> None:
    chief = subject_of(service, "province", Purpose.JOB_MATCHING)
    with service.engine.connect() as connection:
        plans = Plans(connection, chief, on=TODAY)

        def entered(owner: str, on: date) -> dict[str, Any]:
            return plans.open(owner, NewPlan(PlanKind.ASSISTANCE, HARD, entered_on=on), now=NOW)

        with pytest.raises(CaseworkRefused):
            entered("d-back", TODAY)
        with pytest.raises(RowRefused) as late:
            entered("d-far", date(2026, 11, 24))
        assert late.value.faults[0].reason == "进入日期不能晚于今天"
        plan = entered("d-far", date(2026, 3, 1))
        for change in (
            PlanChange(ending=PlanEnd.OTHER, left_on=date(2026, 2, 28)),
            PlanChange(ending=PlanEnd.OTHER, left_on=date(2026, 11, 24)),
            PlanChange(adviser_id=chief.user_id, left_on=date(2026, 4, 1)),
        ):
            with pytest.raises(RowRefused):
                plans.change(plan["plan_id"], change, version=1, now=NOW)
        done = PlanChange(ending=PlanEnd.OTHER, left_on=date(2026, 4, 1))
        assert plans.change(plan["plan_id"], done, version=1, now=NOW)
        with pytest.raises(RowRefused) as early:
            entered("d-far", date(2026, 3, 31))
        assert "2026-04-01 才结束" in early.value.faults[0].reason
        assert entered("d-far", date(2026, 4, 1))["opened_on"] == "2026-04-01"


def test_form_takes_the_day_and_why_and_words_lie_sealed(service: Service) -> None:
    chief = visitor(service, "province")
    address = "/people/demo-c-00007/plans"
    form = chief.open(address).form(address)
    told = chief.send(form, 422, plan_kind="assistance", level="hard", entered_on="2026-02-29")
    assert "应为实有的日期" in told.text
    chief.send(chief.open(address).form(address), plan_kind="assistance", level="hard", entered_on="2026-02-28",
               entry_words="零就业家庭")  # fmt: skip
    ending = next(one for one in chief.open(address).forms if "ending" in one.fields)
    shown = chief.send(ending, ending="other", left_on="2026-09-01", exit_words="本人外出务工").text
    assert "2026-02-28 至 2026-09-01" in shown
    assert "退出理由：本人外出务工" in shown
    with service.engine.connect() as connection:
        kept = connection.execute(text("SELECT entry_words, exit_words FROM plans WHERE entry_words IS NOT NULL"))
        assert not [one for row in kept for one in row if one and ("零就业" in one or "务工" in one)]


def test_county_sees_its_own_alone(service: Service) -> None:
    visitor(service, "elsewhere").open("/")
    assert numbers(service, "since=2025-01-01") == {}
