import math
from pathlib import Path

import numpy as np
import pytest

from models.arrays import Floats
from models.artefact import load_artefact, save_artefact
from models.blend import BlendConfig, PairwiseBlend, sample_negatives, smallest_as_good
from models.errors import InvalidInput, NotFitted

NAMES = ("likeness", "distance", "noise")
TRUTH = np.array([4.0, -0.2, 0.0])


def choices(n_groups: int, *, seed: int = 5, n_others: int = 6, weights: Floats = TRUTH) -> tuple[Floats, Floats]:
    """Groups in which the chosen one is drawn by the softmax of a known score; distance in km, likeness 0 to 1."""
    rng = np.random.default_rng(seed)
    scale = np.array([1.0, 20.0, 3.0])
    pairs = rng.random((n_groups, n_others + 1, 3)) * scale
    chosen = np.argmax(pairs @ weights + rng.gumbel(size=pairs.shape[:2]), axis=1)
    rows = np.arange(n_groups)
    others = np.array([np.delete(group, at, axis=0) for group, at in zip(pairs, chosen, strict=True)])
    return pairs[rows, chosen], others.reshape(n_groups, n_others, 3)


def fitted(n_groups: int = 3000, **settings: object) -> PairwiseBlend:
    config = BlendConfig(NAMES, **settings)  # type: ignore[arg-type]  # each test hands in what its setting takes
    return PairwiseBlend(config).fit(*choices(n_groups))


def test_weights_by_which_people_chose_are_found_again() -> None:
    weights = fitted(6000, prior_strength=0.01).weights_
    assert weights["likeness"] == pytest.approx(4.0, rel=0.1)
    assert weights["distance"] == pytest.approx(-0.2, rel=0.1)
    assert abs(weights["noise"]) < 0.05


def test_without_choices_the_weights_are_the_prior() -> None:
    prior = {"likeness": 2.0, "distance": -0.1}
    blend = PairwiseBlend(BlendConfig(NAMES, prior=prior)).fit(np.zeros((0, 3)), np.zeros((0, 4, 3)))
    assert blend.weights_ == {"likeness": 2.0, "distance": -0.1, "noise": 0.0}


def test_few_choices_stay_nearer_to_the_prior_than_many() -> None:
    prior = {"likeness": 0.5}
    few, many = (fitted(n, prior=prior, prior_strength=20.0).weights_["likeness"] for n in (10, 3000))
    assert 0.5 <= few < many


def test_contributions_add_up_to_the_score() -> None:
    blend = fitted()
    pairs = choices(50, seed=9)[0]
    np.testing.assert_allclose(blend.contributions(pairs).sum(axis=1), blend.scores(pairs))


def test_unknown_component_contributes_exactly_nothing() -> None:
    blend = fitted()
    known = np.array([[0.9, 5.0, 1.0]])
    unknown = np.array([[0.9, math.nan, 1.0]])
    assert blend.contributions(unknown)[0, 1] == 0.0
    np.testing.assert_array_equal(blend.contributions(unknown)[0, [0, 2]], blend.contributions(known)[0, [0, 2]])


def test_unknown_stands_between_near_and_far() -> None:
    near, unknown, far = fitted().scores(np.array([[0.5, 0.1, 1.0], [0.5, math.nan, 1.0], [0.5, 19.0, 1.0]]))
    assert near > unknown > far


def test_unknowns_in_fitting_do_not_turn_a_weight() -> None:
    positives, negatives = choices(3000)
    rng = np.random.default_rng(1)
    positives = np.where(rng.random(positives.shape) < 0.3, math.nan, positives)
    negatives = np.where(rng.random(negatives.shape) < 0.3, math.nan, negatives)
    weights = PairwiseBlend(BlendConfig(NAMES)).fit(positives, negatives).weights_
    assert weights["likeness"] > 1
    assert weights["distance"] < -0.05


def test_component_that_may_not_harm_is_stopped_at_zero() -> None:
    free = fitted().weights_
    bound = fitted(non_negative=frozenset({"distance"})).weights_
    assert free["distance"] < 0
    assert bound["distance"] == 0.0
    assert bound["likeness"] > 1


def test_negatives_that_are_not_there_are_not_learnt_from() -> None:
    positives, negatives = choices(400, n_others=3)
    padded = np.concatenate([negatives, np.full((400, 2, 3), 50.0)], axis=1)
    valid = np.concatenate([np.ones((400, 3), dtype=np.bool_), np.zeros((400, 2), dtype=np.bool_)], axis=1)
    plain = PairwiseBlend(BlendConfig(NAMES)).fit(positives, negatives).weights_
    masked = PairwiseBlend(BlendConfig(NAMES)).fit(positives, padded, valid=valid).weights_
    assert masked == pytest.approx(plain, rel=1e-3, abs=1e-6)


def test_negatives_drawn_for_looking_right_do_not_turn_the_weights_when_they_say_how_many_they_stand_for() -> None:
    positives, others = choices(4000, n_others=60)
    rng = np.random.default_rng(3)
    order = np.argsort(-others[:, :, 0], axis=1)
    hard = np.array([rng.choice(row[:15], 6, replace=False) for row in order])
    even = np.array([rng.choice(row[15:], 6, replace=False) for row in order])
    drawn = np.take_along_axis(others, np.concatenate([hard, even], axis=1)[:, :, None], axis=1)
    counts = np.tile(np.repeat([15 / 6, 45 / 6], 6), (4000, 1))
    config = BlendConfig(NAMES, prior_strength=0.01)
    told = PairwiseBlend(config).fit(positives, drawn, stand_for=counts).weights_["likeness"]
    untold = PairwiseBlend(config).fit(positives, drawn).weights_["likeness"]
    assert told == pytest.approx(4.0, rel=0.1)
    assert untold < 0.85 * told


def test_a_negative_that_stands_for_none_is_refused() -> None:
    positives, negatives = choices(5)
    with pytest.raises(InvalidInput, match="stand_for"):
        PairwiseBlend(BlendConfig(NAMES)).fit(positives, negatives, stand_for=np.zeros((5, 6)))
    with pytest.raises(InvalidInput, match="stand_for"):
        PairwiseBlend(BlendConfig(NAMES)).fit(positives, negatives, stand_for=np.ones((5, 2)))


def test_group_of_weight_zero_is_the_same_as_no_group() -> None:
    positives, negatives = choices(200)
    opposite = -negatives[:, 0], np.repeat(-positives[:, None], negatives.shape[1], axis=1)
    both = np.concatenate([positives, opposite[0]]), np.concatenate([negatives, opposite[1]])
    only_first = np.concatenate([np.ones(200), np.zeros(200)])
    weights = PairwiseBlend(BlendConfig(NAMES)).fit(*both, group_weights=only_first).weights_
    assert weights["likeness"] > 1
    assert weights["distance"] < -0.05


def test_unit_of_a_component_does_not_change_the_ranking() -> None:
    positives, negatives = choices(500)
    metres = np.array([1.0, 1000.0, 1.0])
    in_km = PairwiseBlend(BlendConfig(NAMES)).fit(positives, negatives)
    in_m = PairwiseBlend(BlendConfig(NAMES)).fit(positives * metres, negatives * metres)
    np.testing.assert_allclose(in_m.scores(positives * metres), in_km.scores(positives), rtol=1e-3, atol=1e-3)


def test_group_without_any_other_choice_teaches_nothing() -> None:
    blend = PairwiseBlend(BlendConfig(NAMES, prior={"likeness": 1.5})).fit(choices(20)[0], np.zeros((20, 0, 3)))
    assert blend.weights_["likeness"] == pytest.approx(1.5)


def test_fit_is_the_same_every_time() -> None:
    assert fitted(200).weights_ == fitted(200).weights_


def test_blend_loads_as_it_was_saved(tmp_path: Path) -> None:
    blend = fitted(200, prior={"likeness": 1.0}, non_negative=frozenset({"likeness"}))
    save_artefact(blend.to_artefact(), tmp_path / "blend")
    loaded = PairwiseBlend.from_artefact(load_artefact(tmp_path / "blend"))
    pairs = choices(20, seed=2)[0]
    np.testing.assert_array_equal(loaded.scores(pairs), blend.scores(pairs))
    assert (loaded.config, loaded.weights_, loaded.n_groups_) == (blend.config, blend.weights_, 200)


def test_blend_is_refused_before_fit_and_with_wrong_shapes() -> None:
    blend = PairwiseBlend(BlendConfig(NAMES))
    with pytest.raises(NotFitted):
        blend.scores(np.zeros((1, 3)))
    with pytest.raises(InvalidInput, match="positives has shape"):
        blend.fit(np.zeros((2, 3)), np.zeros((3, 4, 3)))
    with pytest.raises(InvalidInput, match="infinite"):
        blend.fit(np.full((1, 3), math.inf), np.zeros((1, 4, 3)))


def test_settings_that_contradict_one_another_are_refused() -> None:
    with pytest.raises(InvalidInput, match="cannot have a prior below 0"):
        BlendConfig(NAMES, prior={"distance": -1.0}, non_negative=frozenset({"distance"}))
    with pytest.raises(InvalidInput, match="Not a component"):
        BlendConfig(NAMES, prior={"wage": 1.0})
    with pytest.raises(InvalidInput, match="prior_strength"):
        BlendConfig(NAMES, prior_strength=0.0)
    with pytest.raises(InvalidInput, match="name of its own"):
        BlendConfig(("likeness", "likeness"))


def test_drawn_negatives_were_never_chosen_and_are_the_same_for_a_seed() -> None:
    chosen = [[0, 1, 2], [5]]
    drawn = sample_negatives(chosen, [0, 0, 1], 7, n_negatives=20, seed=3)
    assert drawn.shape == (3, 20)
    assert set(drawn[:2].ravel()) == {3, 4, 5, 6}
    assert 5 not in drawn[2]
    np.testing.assert_array_equal(drawn, sample_negatives(chosen, [0, 0, 1], 7, n_negatives=20, seed=3))


def test_person_who_chose_everything_has_no_negatives() -> None:
    with pytest.raises(InvalidInput, match="nothing left"):
        sample_negatives([[0, 1]], [0], 2, n_negatives=1, seed=3)


def test_a_given_weight_stays_and_the_others_are_learnt_beside_it() -> None:
    rng = np.random.default_rng(5)
    positives, negatives = rng.normal(1.0, 1.0, (200, 2)), rng.normal(0.0, 1.0, (200, 8, 2))
    names = ("near", "sought")
    free = PairwiseBlend(BlendConfig(names)).fit(positives, negatives)
    held = PairwiseBlend(BlendConfig(names, fixed={"sought": 0.25})).fit(positives, negatives)
    assert free.weights_["sought"] > 0.5
    assert held.weights_["sought"] == pytest.approx(0.25)
    assert held.weights_["near"] > 0.3
    assert PairwiseBlend.from_artefact(held.to_artefact()).config.fixed == {"sought": 0.25}


def test_the_smallest_step_that_is_not_clearly_worse_is_taken() -> None:
    noise = np.random.default_rng(6).normal(0.0, 0.1, 400)
    clear = {0.0: noise * 0, 0.5: noise + 0.1, 1.0: noise + 0.101 + noise[::-1] * 0.5}
    assert smallest_as_good(clear) == 0.5
    assert smallest_as_good({0.0: noise, 1.0: noise}) == 0.0
    assert smallest_as_good({0.0: noise - 0.2, 1.0: noise}) == 1.0
