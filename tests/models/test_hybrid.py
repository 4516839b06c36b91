import numpy as np
import pytest
from scipy import sparse

from models.arrays import empty_rows, unit_vectors
from models.artefact import Artefact
from models.base import Dataset, Recommender
from models.errors import InvalidInput, NotEnoughData, NotFitted
from models.features import FeatureSpace
from models.hybrid import HybridConfig, HybridModel
from models.interactions import Interactions
from tests.support.recommender_contract import (
    COLD_CANDIDATE,
    COLD_VACANCY,
    SideRecommenderContract,
    checkerboard,
)

SMALL = HybridConfig(no_components=8, epochs=15)


class TestContract(SideRecommenderContract):
    def make(self, dataset: Dataset) -> Recommender:
        return HybridModel(SMALL)


def with_features(names: list[dict[str, float]]) -> tuple[FeatureSpace, Dataset]:
    """The checkerboard with these further features of its candidates, by position."""
    world = checkerboard()
    rows = [{f"colour:{i % 2}": 1.0, **extra} for i, extra in enumerate(names)]
    space = FeatureSpace.fit(rows)
    return space, Dataset(world.interactions, space.transform(rows), world.vacancy_features)


def test_two_newcomers_with_equal_features_get_equal_vectors() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    features = world.candidate_features[[1, 1]]
    left, right = model.candidate_vectors(features, ["new-1", "new-2"])
    np.testing.assert_array_equal(left, right)


def test_a_person_with_history_differs_from_a_newcomer_with_equal_features() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    warm, new = model.candidate_vectors(world.candidate_features[[1, 1]], ["candidate-01", "new"])
    assert np.abs(warm - new).max() > 0.01


def test_identity_weight_of_zero_ranks_by_features_alone() -> None:
    world = checkerboard()
    model = HybridModel(HybridConfig(no_components=8, epochs=5, identity_weight=0.0)).fit(world)
    warm, new = model.candidate_vectors(world.candidate_features[[1, 1]], ["candidate-01", "new"])
    np.testing.assert_array_equal(warm, new)


def test_feature_that_only_a_newcomer_has_says_nothing() -> None:
    extras: list[dict[str, float]] = [{} for _ in range(24)]
    extras[23] = {"skill:never-seen-in-training": 1.0}
    space, world = with_features(extras)
    model = HybridModel(SMALL).fit(world)
    only_that = space.transform([{"skill:never-seen-in-training": 1.0}])
    assert only_that.nnz == 1
    np.testing.assert_array_equal(model.candidate_vectors(only_that, [COLD_CANDIDATE]), np.zeros((1, 8)))


def test_vacancy_without_history_is_not_learnt_as_a_bad_one() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    nothing = np.zeros(20, dtype=np.bool_)
    nothing[19] = True
    cold, _ = model.vacancy_vectors(world.vacancy_features[[19]], [COLD_VACANCY])
    features_only, _ = model.vacancy_vectors(world.vacancy_features[[19]], ["posted-this-morning"])
    np.testing.assert_array_equal(cold, features_only)


def test_same_seed_learns_bit_equal_vectors_and_another_seed_others() -> None:
    world = checkerboard()
    first, second = (HybridModel(SMALL).fit(world).scores(["candidate-00"]) for _ in range(2))
    other = HybridModel(HybridConfig(no_components=8, epochs=15, random_state=1)).fit(world).scores(["candidate-00"])
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_pair_scores_are_the_scores_of_the_recommender() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    person = model.candidate_vectors(world.candidate_features[[3]], ["candidate-03"])[0]
    vectors, biases = model.vacancy_vectors(world.vacancy_features, world.vacancy_ids.ids)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(
        model.pair_scores(person, vectors, biases), model.scores(["candidate-03"])[0], rtol=1e-4, atol=1e-5
    )


def test_unit_of_the_weights_changes_nothing() -> None:
    world = checkerboard()
    acts = world.interactions
    tenfold = Interactions(
        acts.candidates, acts.vacancies, acts.weights * 8, acts.days, acts.candidate_ids, acts.vacancy_ids
    )
    scaled = Dataset(tenfold, world.candidate_features, world.vacancy_features)
    np.testing.assert_array_equal(
        HybridModel(SMALL).fit(world).scores(["candidate-00"]), HybridModel(SMALL).fit(scaled).scores(["candidate-00"])
    )


def test_heavier_act_pulls_more() -> None:
    world = checkerboard()
    acts = world.interactions
    heavy = np.where(acts.vacancies == 2, 5.0, 1.0)
    pulled = Dataset(
        Interactions(acts.candidates, acts.vacancies, heavy, acts.days, acts.candidate_ids, acts.vacancy_ids),
        world.candidate_features,
        world.vacancy_features,
    )
    plain, heavier = (HybridModel(SMALL).fit(d).scores(world.candidate_ids.ids) for d in (world, pulled))
    assert heavier[::2, 2].mean() - heavier[::2].mean() > plain[::2, 2].mean() - plain[::2].mean()


def test_refuses_to_learn_from_no_interaction() -> None:
    world = checkerboard()
    empty = Dataset(
        world.interactions.where(np.zeros(len(world.interactions), dtype=np.bool_)),
        world.candidate_features,
        world.vacancy_features,
    )
    with pytest.raises(NotEnoughData, match="learns from interactions"):
        HybridModel(SMALL).fit(empty)


def test_other_columns_than_those_of_fitting_are_refused() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    wider = FeatureSpace.fit([{"a:1": 1.0, "b:1": 1.0, "c:1": 1.0}]).transform([{"a:1": 1.0}])
    with pytest.raises(InvalidInput, match="must have shape"):
        model.candidate_vectors(wider, ["new"])


def test_vectors_are_refused_before_fit() -> None:
    features = checkerboard().candidate_features
    with pytest.raises(NotFitted):
        HybridModel().candidate_vectors(features, checkerboard().candidate_ids.ids)
    with pytest.raises(NotFitted):
        HybridModel().vacancy_vectors(features, checkerboard().candidate_ids.ids)


def test_loaded_for_its_vectors_alone_it_serves_a_newcomer() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    saved = model.to_artefact()
    loaded = HybridModel.load(Artefact(saved.arrays, saved.metadata))
    np.testing.assert_array_equal(
        loaded.candidate_vectors(world.candidate_features[[0]], ["new"]),
        model.candidate_vectors(world.candidate_features[[0]], ["new"]),
    )


def test_learning_rate_that_diverges_is_named_as_the_cause() -> None:
    with pytest.raises(InvalidInput, match="smaller learning rate"):
        HybridModel(HybridConfig(no_components=8, epochs=30, learning_rate=1e30)).fit(checkerboard())


def test_history_vector_points_to_the_side_that_was_acted_on_and_none_has_no_direction() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    vectors, _ = model.vacancy_vectors(world.vacancy_features, world.vacancy_ids.ids)
    acts = world.interactions.to_csr()[[0, 1, 23]]
    history = model.history_vectors(acts, vectors)
    alike = history @ unit_vectors(vectors).T
    np.testing.assert_allclose(np.linalg.norm(history, axis=1), [1, 1, 0], rtol=1e-5)
    assert alike[0, ::2].min() > alike[0, 1::2].max()
    assert alike[1, 1::2].min() > alike[1, ::2].max()
    assert not alike[2].any()


def test_profile_written_as_features_of_a_vacancy_points_to_such_vacancies() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    vectors, _ = model.vacancy_vectors(world.vacancy_features, world.vacancy_ids.ids)
    profiles = sparse.vstack([world.vacancy_features[[0]], empty_rows(1, 2)], format="csr")
    profile = model.profile_vectors(profiles)
    alike = profile @ unit_vectors(vectors).T
    np.testing.assert_allclose(np.linalg.norm(profile, axis=1), [1, 0], rtol=1e-5)
    assert alike[0, ::2].min() > alike[0, 1::2].max()
    with pytest.raises(NotFitted):
        HybridModel().profile_vectors(profiles)


def test_direction_of_a_newcomer_is_the_profile_and_of_an_empty_profile_the_history() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    vectors, _ = model.vacancy_vectors(world.vacancy_features, world.vacancy_ids.ids)
    acts = world.interactions.to_csr()[[0, 23]]
    profiles = sparse.vstack([empty_rows(1, 2), world.vacancy_features[[1]]], format="csr")
    directions = model.directions(acts, vectors, profiles)
    np.testing.assert_allclose(directions[0], model.history_vectors(acts, vectors)[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(directions[1], model.profile_vectors(profiles)[1], rtol=1e-5, atol=1e-6)


def test_history_outweighs_a_profile_that_says_otherwise() -> None:
    world = checkerboard()
    model = HybridModel(SMALL).fit(world)
    vectors, _ = model.vacancy_vectors(world.vacancy_features, world.vacancy_ids.ids)
    directions = model.directions(world.interactions.to_csr()[[0]], vectors, world.vacancy_features[[1]])
    alike = (directions @ unit_vectors(vectors).T)[0]
    assert alike[::2].mean() > alike[1::2].mean()
