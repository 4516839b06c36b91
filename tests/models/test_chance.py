import math
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from models.arrays import Floats
from models.artefact import load_artefact, save_artefact
from models.chance import ChanceConfig, ChanceModel
from models.errors import InvalidInput

NAMES = ("fit", "distance", "noise")
BASE, WEIGHTS = -1.0, np.array([2.0, -0.1, 0.0])
CONFIG = ChanceConfig(NAMES)


def outcomes(n: int, *, seed: int = 11) -> tuple[Floats, Floats, Floats]:
    """Pairs, how they ended, and the true probability; fit 0 to 1, distance in km."""
    rng = np.random.default_rng(seed)
    pairs = rng.random((n, 3)) * np.array([1.0, 20.0, 1.0])
    truth = expit(BASE + pairs @ WEIGHTS)
    return pairs, (rng.random(n) < truth).astype(np.float64), truth


def fitted(n: int = 4000, config: ChanceConfig = CONFIG) -> ChanceModel:
    pairs, placed, _ = outcomes(n)
    model = ChanceModel.fit_if_enough(config, pairs, placed)
    assert model is not None
    return model


@pytest.mark.parametrize(("n_placed", "n_not", "refused"), [(49, 500, True), (500, 49, True), (50, 50, False)])
def test_too_few_outcomes_of_either_kind_give_no_model(n_placed: int, n_not: int, refused: bool) -> None:
    placed = np.concatenate([np.ones(n_placed), np.zeros(n_not)])
    pairs = outcomes(len(placed))[0]
    assert (ChanceModel.fit_if_enough(CONFIG, pairs, placed) is None) == refused


def test_nothing_at_all_gives_no_model() -> None:
    assert ChanceModel.fit_if_enough(CONFIG, np.zeros((0, 3)), np.zeros(0)) is None


def test_true_weights_are_found_again() -> None:
    weights = fitted(20000).weights_
    assert weights["fit"] == pytest.approx(2.0, rel=0.15)
    assert weights["distance"] == pytest.approx(-0.1, rel=0.15)


def test_stated_probability_is_what_happens() -> None:
    pairs, placed, _ = outcomes(4000, seed=12)
    stated = fitted().probability(pairs)
    for low, high in [(0.0, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 1.0)]:
        among = (stated >= low) & (stated < high)
        assert among.sum() > 100
        assert placed[among].mean() == pytest.approx(stated[among].mean(), abs=0.05)


def test_interval_holds_the_truth_as_often_as_it_says() -> None:
    pairs, _, truth = outcomes(2000, seed=13)
    held = []
    for seed in range(20):
        learnt, placed, _ = outcomes(1500, seed=100 + seed)
        model = ChanceModel.fit_if_enough(CONFIG, learnt, placed)
        assert model is not None
        chances = model.chances(pairs)
        held.append(np.mean((chances.low <= truth) & (truth <= chances.high)))
    assert np.mean(held) == pytest.approx(0.9, abs=0.06)


def test_interval_surrounds_the_probability_and_narrows_with_data() -> None:
    pairs = outcomes(50, seed=14)[0]
    few, many = fitted(600).chances(pairs), fitted(8000).chances(pairs)
    assert (few.low <= few.probability).all()
    assert (few.probability <= few.high).all()
    assert np.mean(many.high - many.low) < np.mean(few.high - few.low)


def test_pair_unlike_any_seen_has_a_wider_interval() -> None:
    usual_and_far = fitted(600).chances(np.array([[0.5, 10.0, 0.5], [0.5, 200.0, 0.5]]))
    width = logit(usual_and_far.high) - logit(usual_and_far.low)
    assert width[1] > 3 * width[0]


def test_contributions_and_base_add_up_to_the_log_odds() -> None:
    model = fitted()
    pairs = outcomes(30, seed=15)[0]
    np.testing.assert_allclose(
        expit(model.base + model.contributions(pairs).sum(axis=1)), model.probability(pairs), rtol=1e-12
    )


def test_unknown_component_adds_exactly_nothing() -> None:
    model = fitted()
    assert model.contributions(np.array([[0.5, math.nan, 0.5]]))[0, 1] == 0.0
    all_unknown = model.probability(np.full((1, 3), math.nan))
    assert all_unknown[0] == pytest.approx(expit(model.base))


def test_check_holds_where_the_components_tell_something() -> None:
    calibration = fitted().calibration
    assert calibration.holds
    assert calibration.slope == pytest.approx(1.0, abs=0.25)
    assert calibration.brier < calibration.brier_of_mean
    assert sum(n for _, _, n in calibration.bins) == calibration.n == 4000


def test_components_that_tell_nothing_leave_everybody_near_the_mean_rate() -> None:
    rng = np.random.default_rng(3)
    placed = (rng.random(400) < 0.3).astype(np.float64)
    model = ChanceModel.fit_if_enough(CONFIG, rng.random((400, 3)), placed)
    assert model is not None
    assert not model.calibration.holds
    stated = model.probability(rng.random((200, 3)))
    np.testing.assert_allclose(stated, placed.mean(), atol=0.08)


def test_too_bold_statements_are_drawn_towards_the_mean_and_keep_the_rate() -> None:
    rng = np.random.default_rng(8)
    names = tuple(f"c{i}" for i in range(40))
    pairs = rng.random((160, 40))
    placed = (rng.random(160) < 0.5).astype(np.float64)
    model = ChanceModel.fit_if_enough(ChanceConfig(names, prior_strength=0.01), pairs, placed)
    assert model is not None
    assert model.calibration.slope < 0.7
    assert model.probability(pairs).mean() == pytest.approx(placed.mean(), abs=1e-6)
    assert np.ptp(model.probability(pairs)) < 0.7


def test_one_persons_pairs_are_not_split_between_learning_and_check() -> None:
    # Whether somebody is placed depends on the person alone, and a component gives the person away.
    rng = np.random.default_rng(4)
    people = np.repeat(np.arange(40), 10)
    luck = rng.random(40) < 0.5
    pairs = np.eye(40)[people]
    placed = luck[people].astype(np.float64)
    config = ChanceConfig(tuple(f"person-{n}" for n in range(40)))
    apart = ChanceModel.fit_if_enough(config, pairs, placed, groups=people)
    mixed = ChanceModel.fit_if_enough(config, pairs, placed)
    assert apart is not None
    assert mixed is not None
    assert mixed.calibration.brier < 0.01
    assert apart.calibration.brier >= apart.calibration.brier_of_mean - 0.01


def test_component_that_may_not_harm_is_stopped_at_zero() -> None:
    model = fitted(config=ChanceConfig(NAMES, non_negative=frozenset({"distance"})))
    assert model.weights_["distance"] == 0.0


def test_strong_prior_outweighs_the_data() -> None:
    model = fitted(600, ChanceConfig(NAMES, prior={"fit": 5.0}, prior_strength=1e6))
    raw = model.weights_["fit"] / min(model.calibration.slope, 1.0)
    assert raw == pytest.approx(5.0, rel=0.01)


def test_fit_is_the_same_every_time() -> None:
    pairs = outcomes(20, seed=16)[0]
    np.testing.assert_array_equal(fitted(500).probability(pairs), fitted(500).probability(pairs))


def test_model_loads_as_it_was_saved(tmp_path: Path) -> None:
    model = fitted(500)
    save_artefact(model.to_artefact(), tmp_path / "chance")
    loaded = ChanceModel.from_artefact(load_artefact(tmp_path / "chance"))
    pairs = outcomes(20, seed=16)[0]
    np.testing.assert_array_equal(loaded.chances(pairs).high, model.chances(pairs).high)
    assert (loaded.config, loaded.calibration) == (model.config, model.calibration)


@pytest.mark.parametrize("placed", [np.full(3, 0.5), np.zeros(2), np.array([0.0, 1.0, math.nan])])
def test_outcome_that_is_not_yes_or_no_is_refused(placed: Floats) -> None:
    with pytest.raises(InvalidInput, match="one outcome, 0 or 1"):
        ChanceModel.fit_if_enough(CONFIG, np.zeros((3, 3)), placed)


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(InvalidInput, match="level"):
        ChanceConfig(NAMES, level=1.0)
    with pytest.raises(InvalidInput, match="folds"):
        ChanceConfig(NAMES, n_folds=1)
