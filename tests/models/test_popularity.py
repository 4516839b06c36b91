from datetime import date

import pandas as pd
import pytest

from models.base import Dataset, Recommender
from models.columns import Columns
from models.errors import InvalidInput
from models.ids import IdMap
from models.interactions import Interactions
from models.popularity import PopularityConfig, PopularityRecommender, popularity
from tests.support.recommender_contract import RecommenderContract, checkerboard, listed

CANDIDATES, VACANCIES = IdMap(["ann", "bo", "cy"]), IdMap(["guard", "cook", "clerk"])


def acts(*rows: tuple[str, str, str]) -> Interactions:
    table = pd.DataFrame(rows, columns=[Columns.CANDIDATE, Columns.VACANCY, Columns.TIME]).assign(weight=1.0)
    return Interactions.from_table(table, CANDIDATES, VACANCIES)


class TestContract(RecommenderContract):
    def make(self, dataset: Dataset) -> Recommender:
        return PopularityRecommender()


def test_act_of_one_half_life_ago_counts_half() -> None:
    history = acts(("ann", "guard", "2025-01-01"), ("bo", "cook", "2025-01-31"))
    assert popularity(history, half_life_days=30).tolist() == [0.5, 1.0, 0.0]


def test_without_half_life_all_acts_count_alike() -> None:
    history = acts(("ann", "guard", "2020-01-01"), ("bo", "guard", "2025-01-31"))
    assert popularity(history).tolist() == [2.0, 0.0, 0.0]


def test_acts_after_the_day_are_not_foreseen() -> None:
    history = acts(("ann", "guard", "2025-01-01"), ("bo", "cook", "2025-01-31"))
    assert popularity(history, on=date(2025, 1, 15)).tolist() == [1.0, 0.0, 0.0]


def test_nothing_is_popular_without_history() -> None:
    assert popularity(acts(), half_life_days=30).tolist() == [0.0, 0.0, 0.0]


def test_latest_vacancy_beats_an_older_one_with_as_many_acts() -> None:
    history = acts(("ann", "guard", "2025-01-01"), ("bo", "cook", "2025-03-01"))
    model = PopularityRecommender().fit(Dataset.without_features(history))
    assert listed(model, "cy", k=3) == ["cook", "guard", "clerk"]


def test_vacancies_of_the_own_region_come_before_more_popular_ones() -> None:
    history = acts(("ann", "guard", "2025-01-01"), ("bo", "guard", "2025-01-01"), ("bo", "cook", "2025-01-01"))
    model = PopularityRecommender(
        candidate_groups=["620102", None, "620802"], vacancy_groups=["620102", "620802", None]
    ).fit(Dataset.without_features(history))
    assert listed(model, "cy", k=3) == ["cook", "guard", "clerk"]
    assert listed(model, "bo", k=3) == ["guard", "cook", "clerk"]


def test_groups_of_one_side_only_are_refused() -> None:
    with pytest.raises(InvalidInput):
        PopularityRecommender(candidate_groups=["620102"])


def test_saved_popularity_of_other_vacancies_is_refused() -> None:
    saved = PopularityRecommender().fit(Dataset.without_features(acts())).to_artefact()
    with pytest.raises(InvalidInput):
        PopularityRecommender.from_artefact(saved, checkerboard())


def test_half_life_must_be_above_zero() -> None:
    with pytest.raises(InvalidInput):
        PopularityConfig(half_life_days=0)
