"""What choices teach: how much each component counts, and no more of what others did than serves the head of a list."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from matching.components import COMPONENTS
from matching.entities import CandidateId, Interaction
from pipelines.casebook import Casebook
from pipelines.choices import ChoiceConfig, Choices, columns_at, learn_weights
from pipelines.ranking_model import RankingModel
from pipelines.train import train
from tests.conftest import Town
from tests.support.accounts import VAULT
from tests.support.province import QUICK, TODAY

CONFIG = ChoiceConfig(n_negatives=20, prior_strength=5.0)
AREA, NEAR = COMPONENTS.index("area_uptake"), COMPONENTS.index("nearness")


@pytest.fixture(scope="module")
def casebook(town: Town) -> Casebook:
    return town.casebook()


def invented(*, by_area: float, by_nearness: float, n: int = 400, seed: int = 3) -> Choices:
    """Draw choices among 31 vacancies by the softmax of two components; the others do not vary."""
    rng = np.random.default_rng(seed)
    found = Choices()
    for _ in range(n):
        columns = np.zeros((31, len(COMPONENTS)), dtype=np.float32)
        columns[:, AREA], columns[:, NEAR] = rng.normal(0.0, 1.0, 31), rng.random(31)
        score = by_area * columns[:, AREA] + by_nearness * columns[:, NEAR]
        best = int(np.argmax(score + rng.gumbel(size=31)))
        columns[[0, best]] = columns[[best, 0]]
        found.positives.append(columns[0].astype(np.float64))
        found.negatives.append(columns[1:21].astype(np.float64))
        found.stand_for.append(np.full(20, 1.5))
        found.weights.append(1.0)
        found.checked.append(columns)
    return found


def test_what_neighbours_did_counts_where_it_tells_what_people_choose() -> None:
    weights = learn_weights(invented(by_area=2.0, by_nearness=2.0), CONFIG).weights_
    assert weights["area_uptake"] > 0.8
    assert weights["nearness"] > 0.8


def test_what_neighbours_did_counts_nothing_where_it_helps_no_list() -> None:
    weights = learn_weights(invented(by_area=0.05, by_nearness=4.0), CONFIG).weights_
    assert weights["area_uptake"] == 0.0
    assert weights["nearness"] > 2.0


def test_without_whole_lists_to_look_at_the_weights_are_as_fitted() -> None:
    choices = invented(by_area=2.0, by_nearness=2.0)
    careful, fitted = (learn_weights(c, CONFIG).weights_ for c in (choices, replace(choices, checked=[])))
    assert 0 < careful["area_uptake"] <= fitted["area_uptake"] + 1e-6


def test_a_model_with_what_areas_did_comes_back_as_it_was_and_ranks_an_arrival_by_it(
    casebook: Casebook, tmp_path: Path
) -> None:
    model = train(casebook, until=TODAY, config=QUICK)
    assert model.uptake is not None
    back = RankingModel.load(tmp_path / "model", expected=model.save(tmp_path / "model"), vault=VAULT)
    assert back.uptake is not None
    index = back.index(casebook.stock(TODAY), casebook.texts)
    rows = np.arange(len(index.stock))
    arrival = replace(next(c for c in casebook.candidates.values() if c.region), candidate_id=CandidateId("c-arrival"))
    before = model.index(casebook.stock(TODAY), casebook.texts)
    assert index.uptake is not None
    assert before.uptake is not None
    for found, was in zip(index.uptake.at(arrival.region, rows), before.uptake.at(arrival.region, rows), strict=True):
        assert found.tolist() == was.tolist()
        assert (found != 0).any()


def test_a_model_saved_before_areas_were_counted_is_read_and_ranks_without(casebook: Casebook, tmp_path: Path) -> None:
    model = replace(train(casebook, until=TODAY, config=QUICK), uptake=None)
    model.save(tmp_path / "model")
    back = RankingModel.load(tmp_path / "model", vault=VAULT)
    index = back.index(casebook.stock(TODAY), casebook.texts)
    assert back.uptake is None
    asked = back.ask(next(iter(casebook.candidates.values())), [], index)
    columns = columns_at(asked, index, np.arange(len(index.stock)), TODAY)
    assert not columns[:, AREA].any()
    assert columns[:, NEAR].any()


def test_acts_on_vacancies_of_unknown_opening_day_are_not_held_against_days_on_offer(casebook: Casebook) -> None:
    undated = replace(casebook, vacancies=[replace(v, opens_on=None) for v in casebook.vacancies])
    assert train(undated, until=TODAY, config=QUICK).uptake is None


def test_only_people_with_a_known_place_count_for_an_area(casebook: Casebook) -> None:
    nowhere = replace(casebook, candidates={k: replace(c, region=None) for k, c in casebook.candidates.items()})
    model = train(nowhere, until=TODAY, config=QUICK)
    assert model.uptake is not None
    assert len(model.uptake.areas) == 0
    assert model.uptake.totals.sum() > 0


def test_later_acts_do_not_reach_what_areas_did(casebook: Casebook) -> None:
    split = date(2026, 6, 30)
    past = replace(casebook, interactions=[i for i in casebook.interactions if i.at <= split])
    later: list[Interaction] = [i for i in casebook.interactions if i.at > split]
    assert later
    now, then = (train(c, until=split, config=QUICK).uptake for c in (casebook, past))
    assert now is not None
    assert then is not None
    for name in ("totals", "rates"):
        assert getattr(now, name).tolist() == getattr(then, name).tolist()


def test_training_never_counts_less_than_the_list_settings_allow_whatever_was_chosen() -> None:
    choices, lacking = invented(by_area=2.0, by_nearness=2.0), COMPONENTS.index("training_gap")
    rng = np.random.default_rng(1)
    for at, (chosen, others) in enumerate(zip(choices.positives, choices.negatives, strict=True)):
        chosen[lacking], others[:, lacking] = -float(at % 2), -rng.integers(0, 2, len(others))  # chosen either way
    weights = learn_weights(choices, CONFIG).weights_
    assert weights["training_gap"] >= 0.7
    assert weights["nearness"] > 0.8
