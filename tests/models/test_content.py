from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.base import Dataset, Recommender
from models.columns import Columns
from models.content import ContentConfig, ContentRecommender, history_rows, likeness
from models.errors import InvalidInput
from models.ids import IdMap
from models.interactions import Interactions
from models.text import TextSpace
from tests.support.recommender_contract import SideRecommenderContract, listed

CANDIDATES, VACANCIES = IdMap(["ann", "bo"]), IdMap(["massage", "spa", "guard"])
SPACE = TextSpace(min_df=1)
VACANCY_ROWS = SPACE.fit_transform([["推拿", "按摩"], ["按摩", "养生"], ["保安", "巡逻"]])


def acts(*rows: tuple[str, str, str]) -> Interactions:
    table = pd.DataFrame(rows, columns=[Columns.CANDIDATE, Columns.VACANCY, Columns.TIME]).assign(weight=1.0)
    return Interactions.from_table(table, CANDIDATES, VACANCIES)


class TestContract(SideRecommenderContract):
    def make(self, dataset: Dataset) -> Recommender:
        return ContentRecommender(dataset.candidate_features, dataset.vacancy_features)


def test_profile_without_history_finds_the_vacancy_with_its_words() -> None:
    profiles = SPACE.transform([["保安"], ["养生"]])
    model = ContentRecommender(profiles, VACANCY_ROWS).fit(Dataset.without_features(acts()))
    assert listed(model, "ann", k=1) == ["guard"]
    assert listed(model, "bo", k=1) == ["spa"]


def test_history_without_profile_finds_the_like_of_what_was_chosen() -> None:
    profiles = SPACE.transform([[], []])
    model = ContentRecommender(profiles, VACANCY_ROWS).fit(
        Dataset.without_features(acts(("ann", "massage", "2025-01-01")))
    )
    assert listed(model, "ann", k=2) == ["massage", "spa"]


def test_history_weight_of_zero_leaves_the_profile_alone() -> None:
    profiles = SPACE.transform([["保安"], []])
    world = Dataset.without_features(acts(("ann", "massage", "2025-01-01")))
    model = ContentRecommender(profiles, VACANCY_ROWS, ContentConfig(history_weight=0.0)).fit(world)
    assert listed(model, "ann", k=1) == ["guard"]


def test_history_of_one_vacancy_is_that_vacancy_and_of_none_is_empty() -> None:
    rows = history_rows(acts(("ann", "spa", "2025-01-01")), VACANCY_ROWS)
    np.testing.assert_allclose(rows[0].toarray(), VACANCY_ROWS[1].toarray(), rtol=1e-6)
    assert rows[1].nnz == 0


def test_older_acts_count_less_and_later_ones_not_at_all() -> None:
    history = acts(("ann", "guard", "2025-01-01"), ("ann", "massage", "2025-03-02"), ("ann", "spa", "2025-06-01"))
    rows = history_rows(history, VACANCY_ROWS, on=date(2025, 3, 2), half_life_days=30)
    alike = likeness(rows, VACANCY_ROWS)[0]
    assert alike[0] > alike[2] > 0
    assert alike[1] < alike[0]


def test_likeness_is_one_with_itself_and_zero_without_a_shared_word() -> None:
    alike = likeness(VACANCY_ROWS, VACANCY_ROWS)
    np.testing.assert_allclose(np.diag(alike), 1.0, rtol=1e-6)
    assert alike[0, 2] == 0


def test_rows_of_another_text_space_or_data_set_are_refused() -> None:
    with pytest.raises(InvalidInput, match="one text space"):
        ContentRecommender(TextSpace(min_df=1).fit_transform([["保安"]]), VACANCY_ROWS)
    with pytest.raises(InvalidInput, match="another data set"):
        ContentRecommender(SPACE.transform([["保安"]]), VACANCY_ROWS).fit(Dataset.without_features(acts()))
    with pytest.raises(InvalidInput, match="rows of text"):
        history_rows(acts(), VACANCY_ROWS[:2])
