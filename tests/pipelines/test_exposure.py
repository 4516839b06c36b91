"""Equal exposure at equal fit through the store: what a caseworker sees, and that nothing but places moves."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from api.balance_commands import balance_document, balance_lists, balance_words, unbalance_lists
from matching.exposure import ExposureRule, exposure_rule
from pipelines.access.roles import program_subject
from pipelines.balancing import balanced, openings_reckoned_with
from pipelines.desk import Desk
from pipelines.documents import exposure_document, person_lines
from pipelines.exposure import grouped, looks_of
from pipelines.groups import with_county
from pipelines.store.crowding import GroupLift, replace_crowding
from pipelines.store.session import engine_for
from tests.conftest import Town, copied_town
from tests.support.accounts import KEYS
from tests.support.province import TODAY

WHOLE = {"looks", "shown"}


@pytest.fixture(scope="module")
def rule() -> ExposureRule:
    """The rule of today over groups as small as the small province has."""
    found = exposure_rule(TODAY)
    assert found is not None
    return found.model_copy(update={"least": 20})


@pytest.fixture(scope="module")
def even_town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A store in which women come forward, and people of the fourth grade a little."""
    town = copied_town(tmp_path_factory.mktemp("exposure") / "even")
    desk = town.desk()
    lifts = [GroupLift("sex", "female", desk.model_version, TODAY, 0.1)]
    lifts.append(GroupLift("grade", "4", desk.model_version, TODAY, 0.02))
    engine = engine_for(town.url, KEYS)
    with engine.begin() as connection:
        replace_crowding(connection, (), program_subject().by, lifts=lifts)
    engine.dispose()
    return town


def post_of(desk: Desk) -> str:
    """Return an open post for which many people may be put forward."""
    ids = desk.index.stock.items
    rows = desk.index.stock.open_rows(desk.rules.on)
    documents = [desk.candidates_for(ids[row].vacancy.vacancy_id, k=1) for row in rows[:12]]
    return str(max(documents, key=lambda one: one["counts"]["ranked"])["vacancy_id"])


def test_a_list_of_people_says_who_came_forward_and_who_made_room_and_changes_no_number(
    desk: Desk, even_town: Town
) -> None:
    even, post = even_town.desk(), post_of(desk)
    before = {item["candidate_id"]: item for item in desk.candidates_for(post, k=1000)["items"]}
    after = even.candidates_for(post, k=1000)["items"]
    assert set(before) == {item["candidate_id"] for item in after}
    assert all(item["exposure"] is None for item in before.values())
    directions = set()
    for item in after:
        was = before[item["candidate_id"]]
        for name in ("score", "score_parts", "fit", "chance", "reasons", "outcome", "policy_order", "missing"):
            assert item[name] == was[name]
        told = item["exposure"]
        if told is None:
            assert item["rank"] == was["rank"]
            continue
        assert told["rank_without"] == was["rank"] != item["rank"]
        assert told["text"] in "\n".join(person_lines(item))
        directions.add(item["rank"] < was["rank"])
        groups = with_county(even.casebook.candidates[item["candidate_id"]])
        assert ("sex" in told["attributes"]) == (groups["sex"] == "female")
    assert directions == {True, False}
    bands = [item["policy_order"]["band"] for item in after]
    assert bands == sorted(bands)


def test_no_group_is_named_in_what_a_line_says() -> None:
    text = exposure_document(2, 5, {"sex": 0.1, "grade": 0.02})
    assert text is not None
    assert "性别" in text["text"]
    assert not any(word in text["text"] for word in ("女", "男", "一级", "四级"))
    assert exposure_document(3, 3, {"sex": 0.1}) is None


def test_a_persons_own_list_does_not_know_of_it(desk: Desk, even_town: Town) -> None:
    even = even_town.desk()
    for one in desk.active()[:10]:
        before, after = desk.document(one, k=30)["items"], even.document(one, k=30)["items"]
        assert before == after


def test_who_comes_forward_does_so_under_its_model_and_for_its_days_only(even_town: Town) -> None:
    desk = even_town.desk()
    assert desk.forward.lifts["sex"] == {"female": 0.1}
    assert not Desk.open(desk.casebook, desk.model, "another", TODAY).forward.lifts
    for days in (-1, 40):
        assert not Desk.open(desk.casebook, desk.model, desk.model_version, TODAY + timedelta(days)).forward.lifts


def test_balance_measures_both_sides_keeps_the_gap_and_tells_the_price(
    own_town: Town, rule: ExposureRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.balancing.exposure_rule", lambda _: rule)
    engine, desk = engine_for(own_town.url, KEYS), own_town.desk()
    with engine.begin() as connection:
        found = balance_lists(connection, desk)
    document = balance_document(found, desk)
    told = document["exposure"]
    assert json.loads(json.dumps(document)) == document
    assert set(told) >= WHOLE
    for attribute, of in told["looks"]["by_attribute"].items():
        assert of["is_kept"] == (of["gap"]["after"] <= told["gap_allowed"])
        assert of["gap"]["after"] <= max(of["gap"]["before"], told["gap_allowed"]), attribute
        assert all(group["people"] >= rule.least for group in of["groups"].values())
    assert told["shown"]["placed_if_followed"] is None or told["shown"]["placed_if_followed"]["after"] >= 0
    assert 0 <= told["shown"]["steps_back_by"] <= 1
    assert all(of["gap_of_change"] <= told["gap_allowed"] for of in told["shown"]["by_attribute"].values())
    words = "\n".join(balance_words(document))
    assert "同等露出" in words
    assert own_town.desk().forward.lifts == {a: dict(of) for a, of in found.looks.forward.lifts.items() if of}  # type: ignore[union-attr]
    with engine.begin() as connection:
        unbalance_lists(connection)
    engine.dispose()
    assert not own_town.desk().forward.lifts


def test_switched_off_it_is_measured_and_moves_nobody(
    desk: Desk, rule: ExposureRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.balancing.exposure_rule", lambda _: rule.model_copy(update={"is_on": False}))
    found = balanced(desk)
    assert found.lifts == ()
    assert found.looks is not None
    assert found.looks.n_moved == 0
    assert all(of.before == of.after for of in found.looks.by_attribute.values())
    assert found.shown is not None
    assert found.shown.scale == 1.0


def test_without_a_rule_in_force_posts_step_back_as_before(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.balancing.exposure_rule", lambda _: None)
    found = balanced(desk)
    assert found.looks is None
    assert found.shown is None
    assert found.posts
    assert balance_document(found, desk)["exposure"] is None


def test_those_silent_about_themselves_are_short_at_equal_fit_and_come_forward(desk: Desk, rule: ExposureRule) -> None:
    people = list(desk.casebook.candidates.values())
    silent = {
        one.candidate_id: replace(
            one, skills=(), wished_wage_min=None, work_modes=(), sex=None, certificate_number=None
        )
        for one in people[::3]
    }
    quiet = replace(desk, casebook=replace(desk.casebook, candidates={**desk.casebook.candidates, **silent}))
    found = looks_of(quiet, openings_reckoned_with(desk), rule)
    assert found is not None
    groups = found.by_attribute["sex"]
    assert groups.before["unknown"].mean < 0.95 < 1.0 < max(one.mean for one in groups.before.values())
    assert groups.gap_after < groups.gap_before
    assert found.forward.lifts["sex"]["unknown"] > 0


def test_small_groups_are_joined_and_counties_with_their_prefecture(rule: ExposureRule) -> None:
    everybody: list[dict[str, Any]] = [
        {"category": "vision", "grade": "1", "sex": "female", "hukou": "rural", "county": code}
        for code, n in (("620102", 60), ("620103", 15), ("620104", 12), ("620302", 3), ("620502", 40))
        for _ in range(n)
    ]
    held = grouped(everybody, rule.model_copy(update={"attributes": ("county", "sex"), "least": 20}))
    sizes = {name: len(rows) for name, rows in held.members["county"].items()}
    assert sizes == {"620102": 60, "620502": 40, "small_groups": 30}
    spread = held.spread({"county": {"620102": 0.0, "620502": 0.1, "small_groups": 0.2}})
    assert spread == {"county": {"620502": 0.1, "620103": 0.2, "620104": 0.2, "620302": 0.2}}


def test_the_rule_is_dated_and_every_figure_of_it_is_checked() -> None:
    assert exposure_rule(date(2025, 12, 31)) is None
    found = exposure_rule(date(2026, 6, 1))
    assert found is not None
    assert found.gap <= 0.10
    assert {"category", "grade", "sex", "hukou", "county"} <= set(found.attributes)
    with pytest.raises(ValueError, match="gap"):
        ExposureRule.model_validate(yaml.safe_load("{from: 2026-01-01, is_on: true, gap: 2.0}"))
