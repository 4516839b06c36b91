"""The effect of a measure from imported sheets to what is told: planted ones found, confounded ones not."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from matching.effects import EffectOutcome, StartingFrom
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.duties.places import area_of
from pipelines.effects.errors import EffectNotAsked, NoSuchMeasure
from pipelines.effects.report import Question, effect_document, measures_document
from pipelines.effects.sheets import effect_layout, effect_lines
from pipelines.reports.plan.files import write_layout
from tests.support.builders import TODAY
from tests.support.effects import MEASURE, World, taken_in
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

JUNE = (date(2025, 6, 1), date(2025, 6, 1))
ANALYST = Subject(None, None, Role.ANALYST, frozenset(), Purpose.STATISTICS)


def told(engine: Engine, subject: Subject = PROGRAM, on: date = TODAY, **asked: Any) -> dict[str, Any]:
    """Return the effect of the service of June 2025."""
    with engine.begin() as connection:
        question = Question(**{"measure": MEASURE, "first": JUNE[0], "last": JUNE[1], **asked})
        return effect_document(noted(connection), subject, question, on, area_of(connection, None, on))


@pytest.fixture(scope="module", params=BACKENDS)
def confounded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A world where who is served finds work more often, and not because of the service."""
    folder = tmp_path_factory.mktemp("confounded")
    with a_store(request.param, folder) as engine:
        taken_in(engine, folder, World())
        yield engine


@pytest.fixture(scope="module", params=BACKENDS)
def effective(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A world where the service adds 25 points to the share that finds work."""
    folder = tmp_path_factory.mktemp("effective")
    with a_store(request.param, folder) as engine:
        taken_in(engine, folder, World(effect=0.25, seed=2))
        yield engine


def test_what_only_goes_together_is_told_as_no_difference(confounded: Engine) -> None:
    found = told(confounded)
    assert found["outcome_code"] == "not_seen"
    assert found["naive"]["low"] > 0
    assert found["effect"]["difference"]["low"] <= 0 <= found["effect"]["difference"]["high"]
    assert "不等于没有作用" in found["verdict"]
    uneven = {row["fact"] for row in found["balance"] if row["before"] > 0.3}
    assert {"services", "worked"} <= uneven
    assert all(row["after"] < 0.1 for row in found["balance"])


def test_a_planted_effect_is_told_with_its_interval(effective: Engine) -> None:
    found = told(effective)
    assert found["outcome_code"] == "more"
    assert found["effect"]["difference"]["low"] <= 0.25 <= found["effect"]["difference"]["high"]
    assert found["effect"]["e_value"] > found["effect"]["e_value_of_bound"] > 1
    assert found["effect"]["difference"]["value"] < found["naive"]["value"]


def test_work_that_lasts_is_asked_of_its_length(effective: Engine) -> None:
    placed, kept = (
        told(effective, outcome=one)["effect"]["received_share"]
        for one in (EffectOutcome.PLACED, EffectOutcome.RETAINED_3M)
    )
    assert 0.3 * placed < kept < 0.7 * placed  # half of the placements end after 40 days


def test_nobody_is_followed_before_the_time_is_over(effective: Engine) -> None:
    found = told(effective, on=date(2025, 12, 29))
    assert (found["outcome_code"], found["effect"], found["refusal"]) == ("by_hand", None, "few_received")
    assert found["verdict"].startswith("需人工核实")
    assert {one["why"] for one in found["left_out"]} == {"not_followed"}
    assert told(effective, on=date(2025, 12, 30))["effect"] is not None


def test_of_who_is_in_work_few_are_left_and_no_number_is_told(effective: Engine) -> None:
    found = told(effective, start=StartingFrom.IN_WORK)
    assert (found["effect"], found["naive"], found["counts"]["received"]) == (None, None, None)


def test_an_analyst_is_told_rounded_numbers_of_the_province(effective: Engine) -> None:
    exact, coarse = told(effective), told(effective, ANALYST)
    assert coarse["counts"]["received"] % 10 == 0
    assert abs(coarse["counts"]["received"] - exact["counts"]["received"]) <= 5
    share = coarse["effect"]["received_share"]
    assert share == round(share, 2)


def test_a_county_is_told_of_its_own_people_only(effective: Engine) -> None:
    far = Subject(None, None, Role.SUPERVISOR, frozenset({"620502"}), Purpose.SUPERVISION)
    here = Subject(None, None, Role.SUPERVISOR, frozenset({"620102"}), Purpose.SUPERVISION)
    assert told(effective, far)["refusal"] == "few_received"
    assert told(effective, here)["effect"] is not None


def test_the_measures_of_a_time_are_listed_with_who_received_them(effective: Engine) -> None:
    with effective.begin() as connection:
        found = measures_document(
            noted(connection), PROGRAM, *JUNE[:1], date(2025, 6, 30), area_of(connection, None, TODAY)
        )
    assert [(one["name"], one["label"]) for one in found["items"]] == [(MEASURE, "服务：职业能力评估")]
    assert found["items"][0]["people"] == told(effective)["counts"]["received"]


def test_the_document_says_how_and_what_not(effective: Engine, tmp_path: Path) -> None:
    found = told(effective)
    layout = effect_layout(found)
    write_layout(layout, tmp_path / "effect.docx")
    assert (tmp_path / "effect.docx").stat().st_size > 10_000
    lines = "\n".join(effect_lines(found))
    for words in ("倾向得分", "自助法", "E值", "不是试验", "不得据此停发", "工程约定"):
        assert words in lines
    for category in ("视力", "听力", "精神"):
        assert category not in lines


@pytest.mark.parametrize(("name", "error"), [("claim:no.such", NoSuchMeasure), ("placement:quota", NoSuchMeasure)])
def test_a_measure_that_is_none_is_refused(effective: Engine, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        told(effective, measure=name)


def test_months_out_of_order_are_refused(effective: Engine) -> None:
    with pytest.raises(EffectNotAsked, match="晚于"):
        told(effective, first=date(2025, 7, 1))
