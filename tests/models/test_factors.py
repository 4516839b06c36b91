"""The factor model: the contract of every recommender, and that its vectors are the solution that it states."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from models.arrays import empty_rows
from models.base import Dataset, Recommender
from models.columns import Columns
from models.errors import InvalidInput, NotEnoughData
from models.factors import FactorConfig, FactorModel
from models.interactions import Interactions
from tests.support.recommender_contract import (
    COLD_CANDIDATE,
    N_VACANCIES,
    SideRecommenderContract,
    checkerboard,
)

SMALL = FactorConfig(no_components=6, epochs=12, regularisation=0.2, ridge=0.1)


class TestContract(SideRecommenderContract):
    def make(self, dataset: Dataset) -> Recommender:
        return FactorModel(SMALL)


def loss(model: FactorModel, world: Dataset) -> float:
    """Return the sum that the fit makes small, over rows with history, worked out pair by pair."""
    config, history = model.config, world.interactions
    people, posts = history.warm_candidates(), history.warm_vacancies()
    u = model.candidate_vectors(world.candidate_features, world.candidate_ids.ids)[people].astype(float)
    v = model.vacancy_vectors(world.vacancy_features, world.vacancy_ids.ids)[0][posts].astype(float)
    weights = history.to_csr()[people][:, posts].toarray().astype(float)
    weights /= weights[weights > 0].mean()
    scores = u @ v.T
    total = float(np.where(weights > 0, weights * (1 - scores) ** 2, config.unobserved_weight * scores**2).sum())
    sides = ((model._candidate_side, u, world.candidate_features[people], (weights > 0).sum(axis=1)),
             (model._vacancy_side, v, world.vacancy_features[posts], (weights > 0).sum(axis=0)))  # fmt: skip
    for side, vectors, features, counts in sides:
        assert side is not None
        mapping = side.features.astype(float)
        away = vectors - features @ mapping
        pull = config.regularisation * (1.0 + counts) ** config.growth
        total += float((pull * (away**2).sum(axis=1)).sum() + config.ridge * (mapping**2).sum())
    return total


def test_more_rounds_never_make_the_stated_loss_larger_and_it_settles() -> None:
    world = checkerboard()
    found = [
        loss(FactorModel(FactorConfig(no_components=6, epochs=n, regularisation=0.2, ridge=0.1)).fit(world), world)
        for n in (1, 2, 4, 8, 16, 64, 128)
    ]
    assert all(later <= earlier * (1 + 1e-5) for earlier, later in pairwise(found))
    assert found[-1] > 0.97 * found[-2]
    assert found[-1] < 0.8 * found[0]


def with_a_busy_person() -> Dataset:
    """Return the checkerboard where the first person acted on everything: unequal rows are padded to be solved."""
    world = checkerboard()
    table, name = world.interactions.to_table(), Columns.CANDIDATE
    first = world.candidate_ids.ids[0]
    rest = sorted(set(world.vacancy_ids.ids) - set(table.loc[table[name] == first, Columns.VACANCY]))
    row = {**table.iloc[0].to_dict(), name: first}
    table = pd.concat([table, pd.DataFrame([{**row, Columns.VACANCY: vacancy_id} for vacancy_id in rest])])
    busy = Interactions.from_table(table, world.candidate_ids, world.vacancy_ids)
    return Dataset(busy, world.candidate_features, world.vacancy_features)


def test_no_single_vector_can_be_moved_to_a_smaller_loss() -> None:
    world = with_a_busy_person()
    model = FactorModel(FactorConfig(no_components=4, epochs=300, regularisation=0.5, ridge=0.5)).fit(world)
    best = loss(model, world)
    for side in (model._candidate_side, model._vacancy_side):
        assert side is not None
        for row in (0, 5, 11, len(side.identities) - 1):
            for step in (0.05, -0.05):
                moved = side.identities[row].copy()
                side.identities[row] += np.float32(step)
                assert loss(model, world) > best
                side.identities[row] = moved


def test_the_same_data_give_the_same_vectors_and_another_start_hardly_another_list() -> None:
    world = checkerboard()
    one, again = (FactorModel(SMALL).fit(world).scores([COLD_CANDIDATE])[0] for _ in range(2))
    np.testing.assert_array_equal(one, again)
    other = FactorModel(FactorConfig(no_components=6, epochs=12, regularisation=0.2, ridge=0.1, random_state=3))
    assert np.corrcoef(one, other.fit(world).scores([COLD_CANDIDATE])[0])[0, 1] > 0.95


def test_a_newcomer_stands_where_people_of_the_same_features_stand() -> None:
    world = checkerboard()
    model = FactorModel(SMALL).fit(world)
    scores = model.scores([COLD_CANDIDATE])[0]
    odd = np.arange(N_VACANCIES) % 2 == 1  # the newcomer's colour is odd
    assert scores[odd].min() > scores[~odd].max()


def test_without_history_there_is_nothing_to_learn() -> None:
    world = checkerboard()
    nothing = Dataset.without_features(
        Interactions.from_table(world.interactions.to_table().iloc[:0], world.candidate_ids, world.vacancy_ids)
    )
    with pytest.raises(NotEnoughData):
        FactorModel(SMALL).fit(nothing)


def test_features_of_another_shape_are_refused() -> None:
    model = FactorModel(SMALL).fit(checkerboard())
    with pytest.raises(InvalidInput, match="shape"):
        model.candidate_vectors(empty_rows(1, 7), ["x"])


@pytest.mark.parametrize("wrong", [{"no_components": 0}, {"epochs": 0}, {"unobserved_weight": 1.0}, {"ridge": 0.0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        FactorConfig(**wrong)  # type: ignore[arg-type]  # wrong on purpose
