"""Who entered and who left each level of assistance: from people and their plans to page, sheet and analysts."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from matching.assistance import AssistanceLevel
from matching.plans import PlanEnd, PlanKind
from pipelines.access.roles import Purpose
from pipelines.caseload.plans import NewPlan, PlanChange, Plans
from tests.support.plan_sheets import imported
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, subject_of, visitor, worked_out
from tests.support.stores import noted

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
HERE = "/supervision/tables"
BEFORE = date(2025, 6, 1)
N, FEW, LEFT = 14, 3, 12


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """People with plans: fourteen entered one level this year, three another, one last year; twelve left."""
    folder: Path = tmp_path_factory.mktemp("moves")
    with a_staffed_province(folder) as opened:
        lines = [f"m-{n:02d},{'620102' if n < 16 else '620103'}" for n in range(N + FEW + 1)]
        assert imported(opened.engine, folder, "candidates", "candidate_id,region", *lines).rejected == 0
        chief = subject_of(opened, "province", Purpose.JOB_MATCHING)
        with opened.engine.begin() as connection:
            noted(connection)
            plans = Plans(connection, chief, on=TODAY.replace(month=9))
            for n in range(N + FEW):
                level = AssistanceLevel.HARD if n < N else AssistanceLevel.URGENT
                made = plans.open(f"m-{n:02d}", NewPlan(PlanKind.ASSISTANCE, level), now=NOW)
                if n < LEFT:
                    ending = PlanChange(ending=PlanEnd.OTHER)
                    plans.change(made["plan_id"], ending, version=made["row_version"], now=NOW)
            last_year = Plans(connection, chief, on=BEFORE)
            last_year.open(f"m-{N + FEW:02d}", NewPlan(PlanKind.ASSISTANCE, AssistanceLevel.BASIC), now=NOW)
        yield opened


def test_page_shows_entries_and_exits_by_level_place_and_year(service: Service) -> None:
    chief = visitor(service, "province")
    shown = worked_out(chief, f"{HERE}?name=assistance_in").text
    assert "就业援助：本年进入，按类别" in shown
    assert "困难残疾人就业援助" in shown
    told = service.client.get("/api/v1/reports/assistance_in").json()
    rows = {row["place"]: row["counts"] for row in told["rows"]}
    assert (rows["620102"]["hard"], rows["620102"]["urgent"], rows["620103"]["urgent"]) == (14, 2, 1)
    assert (rows["620000"]["all"], rows["620000"]["basic"]) == (17, 0)
    left = service.client.get("/api/v1/reports/assistance_out").json()["rows"]
    assert {row["place"]: row["counts"]["all"] for row in left}["620000"] == LEFT
    before = worked_out(chief, f"{HERE}?name=assistance_in&year=2025").text
    assert "截至 2025-12-31" in before or "2025-12-31" in before
    sheet = service.client.get(f"{HERE}.csv?name=assistance_in&year=2025").content.decode("utf-8-sig")
    assert [line.split(",")[1] for line in sheet.splitlines() if line.startswith("甘肃省")] == ["1"]


def test_numbers_are_those_of_the_rows(service: Service) -> None:
    visitor(service, "province").open("/")
    with service.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT c.region, p.level FROM plans p JOIN candidates c ON c.candidate_id = p.candidate_id"
                " WHERE p.kind = 'assistance' AND p.opened_on BETWEEN '2026-01-01' AND '2026-11-23'"
            )
        ).all()
    counted = Counter((region, level) for region, level in rows)
    told = service.client.get("/api/v1/reports/assistance_in").json()["rows"]
    for row in told:
        if row["place"] in ("620102", "620103"):
            for level in AssistanceLevel:
                assert row["counts"][level.value] == counted[row["place"], level.value]


def test_analysts_see_no_small_number(service: Service) -> None:
    shown = worked_out(visitor(service, "analyst"), f"{HERE}?name=assistance_in").text
    assert "不公布" in shown
    told = service.client.get("/api/v1/reports/assistance_in").json()
    assert told["as_of"] == "2026-10-31"
    assert len({row["label"] for row in told["rows"]}) == len(told["rows"])  # 嘉峪关市 and its own districts
    assert "null" not in shown
    numbers = {n for row in told["rows"] for n in row["counts"].values() if n is not None}
    assert all(n >= 10 and n % 10 == 0 for n in numbers)
    chengguan = next(row["counts"] for row in told["rows"] if row["place"] == "620102")
    assert chengguan["urgent"] is None


def test_a_caseworker_counts_the_people_of_their_own_place_alone(service: Service) -> None:
    visitor(service, "elsewhere").open("/")
    told = service.client.get("/api/v1/reports/assistance_in").json()
    assert told["rows"] == []


@pytest.mark.parametrize("login", ["analyst", "province", "caseworker"])
def test_who_sees_the_tables_may_open_every_page_beside_them(service: Service, login: str) -> None:
    who = visitor(service, login)
    beside = {
        held["href"]
        for tag, held in who.open(HERE).tags
        if tag == "a" and held.get("href", "").startswith("/supervision") and "?" not in held["href"]
    }
    assert len(beside) >= 2
    for address in sorted(beside):
        who.open(address)
