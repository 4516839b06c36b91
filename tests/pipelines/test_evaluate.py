"""An evaluation as its reader relies on it: split in time, the same each time, no small group shown."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matching.entities import Candidate, Interaction
from matching.ranking import Weights
from matching.vocabulary import InteractionKind
from models.chance import ChanceConfig, ChanceModel
from models.factors import FactorConfig
from pipelines.casebook import Casebook
from pipelines.evaluate import MODELS, SEGMENTS, SMALL_GROUP, EvaluateConfig, evaluate, measured_chance
from pipelines.quarter.group_words import ATTRIBUTES
from pipelines.readings import read_all
from pipelines.static import STATIC
from pipelines.train import train
from tests.conftest import Town, Yougang
from tests.support.province import QUICK, TODAY

SPLIT = date(2026, 6, 30)
CONFIG = EvaluateConfig(k=5, split_at=SPLIT, train=replace(QUICK, left_out=("freshness",)))


@pytest.fixture(scope="module")
def casebook(town: Town) -> Casebook:
    return town.casebook()


@pytest.fixture(scope="module")
def found(casebook: Casebook) -> dict[str, Any]:
    return evaluate(casebook, CONFIG)


def test_every_model_is_measured_on_every_segment_between_0_and_1(found: dict[str, Any]) -> None:
    assert set(found["models"]) == set(MODELS) - {"factors"}  # not learned here, and so not measured
    for segments in found["models"].values():
        for segment in SEGMENTS:
            for name in ("recall@5", "ndcg@5"):
                interval = segments[segment][name]
                assert interval is None or 0 <= interval["low"] <= interval["mean"] <= interval["high"] <= 1


def test_warm_and_cold_people_together_are_all(found: dict[str, Any]) -> None:
    for segments in found["models"].values():
        assert segments["warm_people"]["n_people"] + segments["cold_people"]["n_people"] == segments["all"]["n_people"]


def test_cold_people_and_cold_vacancies_have_no_record_of_any_kind_before_the_split(casebook: Casebook) -> None:
    """A refusal is nothing to learn from, and yet whoever refused, or was refused, is no newcomer."""
    known = replace(casebook, interactions=[i for i in casebook.interactions if i.at > SPLIT] + refusals(casebook))
    found = evaluate(known, CONFIG)
    for segments in found["models"].values():
        assert segments["cold_people"]["n_people"] == 0
        assert segments["cold_vacancies"]["n_people"] == 0


def refusals(casebook: Casebook) -> list[Interaction]:
    """Let everybody refuse one of two vacancies nobody acts on later, and one person all others, before the split."""
    later = sorted({i.vacancy_id for i in casebook.interactions if i.at > SPLIT})
    unused = next(v.vacancy_id for v in casebook.vacancies if v.vacancy_id not in later)
    spare = next(c for c in casebook.candidates if not any(i.candidate_id == c for i in casebook.interactions))
    pairs = [(person, unused) for person in casebook.candidates] + [(spare, vacancy) for vacancy in later]
    refused = InteractionKind.DECLINED_BY_CANDIDATE
    return [Interaction(candidate_id=c, vacancy_id=v, kind=refused, at=SPLIT, reason=None) for c, v in pairs]


def test_content_knows_nothing_of_what_others_did(casebook: Casebook, found: dict[str, Any]) -> None:
    """Turning all earlier acts to other vacancies leaves newcomers' lists by content alone, not those by popularity."""
    before = [i for i in casebook.interactions if i.at <= SPLIT]
    turned = [replace(i, vacancy_id=j.vacancy_id) for i, j in zip(before, reversed(before), strict=True)]
    after = [i for i in casebook.interactions if i.at > SPLIT]
    other = evaluate(replace(casebook, interactions=[*turned, *after]), CONFIG)
    assert other["models"]["content"]["cold_people"] == found["models"]["content"]["cold_people"]
    assert other["models"]["popularity"]["cold_people"] != found["models"]["popularity"]["cold_people"]


def test_to_people_of_whom_nothing_is_known_every_model_lists_the_most_sought(casebook: Casebook) -> None:
    """Silence is no taste, and an order by id would be no answer.

    Set aside: work at home, which is near to everyone, work that takes training, which few have, and how sought the
    employer is, which is another answer to the same question.
    """
    config = replace(CONFIG, train=replace(CONFIG.train, left_out=("freshness", "employer_uptake")))
    blank = {c: Candidate(candidate_id=c) for c in casebook.candidates}
    placed = [replace(v, work_mode=None, title="保洁员") for v in casebook.vacancies]
    found = evaluate(replace(casebook, candidates=blank, vacancies=placed, texts=read_all(placed)), config)["models"]
    assert found["popularity"]["cold_people"]["n_people"] > 0
    for name in ("text", "content_and_place", "content", "hybrid"):
        assert found[name]["cold_people"] == found["popularity"]["cold_people"]


def test_who_knows_the_answers_is_measured_as_right_beside_the_models(
    casebook: Casebook, found: dict[str, Any]
) -> None:
    later = {(i.candidate_id, i.vacancy_id) for i in casebook.interactions if i.at > SPLIT}

    def right(candidate_id: str, vacancy_ids: Sequence[str]) -> Any:
        return np.array([float((candidate_id, one) in later) for one in vacancy_ids])

    measured = evaluate(casebook, CONFIG, beside={"right": right, "nobody": lambda _, ids: np.zeros(len(ids))})[
        "models"
    ]
    assert {name: measured[name] for name in found["models"]} == found["models"]
    assert measured["right"]["all"]["ndcg@5"]["mean"] > 0.8 > found["models"]["hybrid"]["all"]["ndcg@5"]["mean"]
    assert measured["nobody"]["all"] == measured["popularity"]["all"]  # equals stand by how sought they are


def test_the_factor_model_is_compared_where_it_was_learned(casebook: Casebook, found: dict[str, Any]) -> None:
    with_factors = replace(CONFIG, train=replace(CONFIG.train, factors=FactorConfig(no_components=8, epochs=4)))
    measured = evaluate(casebook, with_factors)["models"]
    assert {n: m for n, m in measured.items() if n != "factors"} == found["models"]
    assert measured["factors"]["all"] != found["models"]["popularity"]["all"]


def test_the_stated_chance_is_held_against_how_later_proposals_ended(casebook: Casebook) -> None:
    split = date(2026, 5, 31)
    model = train(casebook, until=split, config=CONFIG.train)
    rng = np.random.default_rng(4)
    chance = ChanceModel.fit_if_enough(
        ChanceConfig(STATIC), rng.random((400, len(STATIC))), (rng.random(400) < 0.5).astype(int)
    )
    bold = replace(model, weights=replace(model.weights, chance=chance))
    measured = measured_chance(casebook, bold, split, CONFIG)
    assert measured is not None
    assert measured["n"] >= SMALL_GROUP
    nobody = replace(
        casebook,
        placements=[],
        interactions=[i for i in casebook.interactions if not i.kind.value.startswith(("placed", "retained"))],
    )
    without = measured_chance(nobody, bold, split, CONFIG)
    assert without is not None
    assert without["share_placed"] == 0
    assert without["calibration_error"] == pytest.approx(without["mean_stated"], abs=1e-4)
    assert without["calibration_error"] > measured["calibration_error"]
    assert measured_chance(casebook, replace(model, weights=Weights.prior()), split, CONFIG) is None


def test_without_proposals_that_ended_no_chance_is_measured(casebook: Casebook) -> None:
    looks = [i for i in casebook.interactions if i.kind is InteractionKind.VIEWED]
    assert evaluate(replace(casebook, interactions=looks, placements=[]), CONFIG)["chance"] is None


def test_an_evaluation_is_the_same_each_time_whatever_the_order_of_people(
    casebook: Casebook, found: dict[str, Any]
) -> None:
    again = evaluate(replace(casebook, interactions=list(casebook.interactions)), CONFIG)
    assert again == found


def test_what_people_did_later_moves_the_measure_and_not_what_was_learned(
    casebook: Casebook, found: dict[str, Any]
) -> None:
    target = next(v.vacancy_id for v in casebook.vacancies if v.closes_on is None or v.closes_on > TODAY)
    turned = [replace(i, vacancy_id=target) if i.at > SPLIT else i for i in casebook.interactions]
    other = evaluate(replace(casebook, interactions=turned), CONFIG)
    assert other["training"] == found["training"]
    assert other["models"] != found["models"]


def test_no_group_of_fewer_than_ten_is_shown(found: dict[str, Any]) -> None:
    hidden = 0
    for groups in found["groups"].values():
        for shown in groups.values():
            if isinstance(shown["n_people"], str):
                hidden += 1
                assert set(shown) == {"n_people"}
            else:
                assert shown["n_people"] >= SMALL_GROUP
    assert hidden > 0


def test_no_person_is_named(casebook: Casebook, found: dict[str, Any]) -> None:
    text = json.dumps(found, ensure_ascii=False)
    for person in casebook.candidates.values():
        for said in (person.candidate_id, person.name, person.certificate_number, person.phone):
            assert not said or said not in text


def test_the_command_evaluates_a_folder_without_touching_the_store(
    town: Town, yougang: Yougang, tmp_path: Path
) -> None:
    words = ("evaluate", "--world", town.tables, "--split-at", SPLIT.isoformat(), "-k", "5")
    url = f"sqlite:///{tmp_path / 'none.db'}"
    said = yougang("--db", url, *words, "--json")
    assert said.code == 0
    assert said.document["split_at"] == SPLIT.isoformat()
    assert said.document["n_people"] > 0
    assert not (tmp_path / "none.db").exists()
    told = yougang("--db", url, *words).out
    assert "没有记录的岗位" in told
    assert said.document["groups"]
    for group in said.document["groups"]:
        assert f"按{ATTRIBUTES[group]}：" in told
    assert not [word for word in ("warm_people", "cold_", "unknown", *ATTRIBUTES) if word in told]
