"""Drift as an analyst relies on it: what was planted is named by month and feature, and quiet data stays quiet."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from matching.entities import Vacancy
from matching.regions import prefecture
from matching.vocabulary import VacancyKind
from models.metrics.shift import population_shift
from pipelines.casebook import Casebook
from pipelines.quarter.drift import drift, months_before
from pipelines.quarter.drift_now import drift_of_store
from pipelines.quarter.drift_page import drift_html
from pipelines.store.session import engine_for
from pipelines.store.tables import vacancy_readings
from pipelines.synthetic import ProvinceConfig, invent
from tests.conftest import Town, Yougang
from tests.support.accounts import KEYS
from tests.support.province import TODAY, a_copy
from tests.support.stores import noted

ON = date(2026, 11, 23)
MONTH = "2026-09"
LANZHOU = "620100"


@cache
def a_province() -> Casebook:
    """Return a province with enough posts a month to say anything of a month."""
    made = invent(ProvinceConfig(today=ON, n_candidates=600, n_vacancies=2400, seed=3))
    return Casebook(
        candidates={c.candidate_id: c for c in made.candidates},
        vacancies=made.vacancies,
        employers={e.employer_id: e for e in made.employers},
        interactions=made.interactions,
        placements=made.placements,
        courses=(),
        texts={},
    )


def planted(change: Callable[[Vacancy], Vacancy]) -> Casebook:
    """Return the province with every post that opened in one month changed."""
    casebook = a_province()
    return replace(
        casebook,
        vacancies=[
            change(v) if v.opens_on is not None and f"{v.opens_on:%Y-%m}" == MONTH else v for v in casebook.vacancies
        ],
    )


def alerts(casebook: Casebook) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = drift(casebook, None, ON)["alerts"]
    return found


def test_a_province_that_nothing_happened_to_is_quiet_about_its_posts() -> None:
    assert [a for a in alerts(a_province()) if a["feature"].startswith("vacancies.")] == []


def test_wages_lost_in_one_month_are_named_by_month_and_feature_with_the_cause() -> None:
    found = [
        a for a in alerts(planted(lambda v: replace(v, wage_min=None, wage_max=None))) if "vacancies" in a["feature"]
    ]
    assert [(a["month"], a["feature"]) for a in found] == [(MONTH, "vacancies.wage")]
    assert "未填写" in found[0]["text"]
    assert "导入时少了这一列" in found[0]["likely_cause"]


def test_a_word_that_was_not_there_before_points_at_the_coding() -> None:
    found = [a for a in alerts(planted(lambda v: replace(v, kind=VacancyKind.INTERNSHIP))) if a["month"] == MONTH]
    assert [a["feature"] for a in found] == ["vacancies.kind"]


def test_what_is_told_speaks_the_words_of_the_vocabulary() -> None:
    found = [a for a in alerts(planted(lambda v: replace(v, kind=VacancyKind.INTERNSHIP))) if a["month"] == MONTH]
    assert VacancyKind.INTERNSHIP.label in found[0]["text"]
    assert VacancyKind.INTERNSHIP.value not in found[0]["text"]


def test_a_shift_that_one_place_makes_names_the_place() -> None:
    def lost(vacancy: Vacancy) -> Vacancy:
        is_there = vacancy.region is not None and prefecture(vacancy.region) == LANZHOU
        return replace(vacancy, hours_per_day=None, openings=None) if is_there else vacancy

    found = {a["feature"]: a for a in alerts(planted(lost)) if a["month"] == MONTH}
    assert "vacancies.openings" in found
    assert "兰州市" in found["vacancies.openings"]["likely_cause"]


def test_a_month_that_was_imported_twice_or_not_at_all_is_named() -> None:
    casebook = a_province()
    month = [i for i in casebook.interactions if f"{i.at:%Y-%m}" == MONTH]
    others = [i for i in casebook.interactions if f"{i.at:%Y-%m}" != MONTH]
    for acts, words in ((others, "没有导入"), ([*casebook.interactions, *month, *month], "重复导入")):
        found = [a for a in alerts(replace(casebook, interactions=acts)) if a["month"] == MONTH]
        named = {a["feature"]: a["likely_cause"] for a in found}
        assert words in named["acts.volume"]


def test_a_month_whose_outcomes_are_not_all_due_is_not_told_by_its_first_days() -> None:
    outcomes = drift(a_province(), None, ON)["outcomes"]
    for name, last in (("推荐后入职", "2026-08"), ("稳岗三个月", "2026-06"), ("稳岗六个月", "2026-03")):
        due = [month for month, told in outcomes[name].items() if told.get("because") != "结果还没有都到期"]
        assert max(due) == last
        assert any("mean" in outcomes[name][month] for month in due)


def test_months_are_whole_ones_before_the_day() -> None:
    assert months_before(date(2026, 3, 1), 3) == ["2025-12", "2026-01", "2026-02"]


@pytest.mark.parametrize("n", [30, 3000])
def test_shift_of_nothing_is_nothing_however_few_rows_and_a_real_one_is_seen(n: int) -> None:
    before = {"a": 50 * n, "b": 30 * n, "c": 20 * n}
    same = population_shift(before, {"a": n // 2, "b": 3 * n // 10, "c": n // 5}, seed=1)
    assert same is not None
    assert same.low == 0
    assert same.mean < 0.01
    other = population_shift(before, {"a": n // 10, "b": 3 * n // 10, "c": 6 * n // 10}, seed=1)
    assert other is not None
    assert other.low > 0.1
    assert population_shift(before, {}, seed=1) is None


def test_the_command_writes_a_page_in_which_each_chart_has_its_table(town: Town, yougang: Yougang) -> None:
    found = yougang("--json", "drift", "--months", "3", at=town).document
    assert len(found["months"]) == 3
    assert "scores.acted" in found["features"]
    page = drift_html(found)
    assert page.count("<table") >= page.count("<svg") >= 1


def test_others_may_write_while_drift_is_reckoned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that was not read yet is kept; on SQLite whoever wrote would keep everybody else from writing."""
    store = a_copy(tmp_path)
    engine = engine_for(store.url, KEYS)
    with engine.begin() as connection:
        connection.execute(delete(vacancy_readings))

    def meanwhile(*_: Any, **__: Any) -> dict[str, Any]:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 50")
            noted(connection)
        return {"written": True}

    monkeypatch.setattr("pipelines.quarter.drift_now.drift", meanwhile)
    assert drift_of_store(engine, store.models, TODAY) == {"written": True}
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(vacancy_readings)).scalar_one() > 0
    engine.dispose()
