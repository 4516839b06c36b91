"""What every recommender must keep, and a world whose right answer is known by construction.

A new model's test starts as two lines::

    class TestPopularity(RecommenderContract):
        def make(self, dataset): return PopularityRecommender()
"""

from abc import ABC, abstractmethod
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.arrays import AnyArray
from models.artefact import load_artefact, save_artefact
from models.base import Dataset, Recommender
from models.columns import Columns
from models.errors import InvalidInput, NotFitted
from models.features import FeatureSpace
from models.ids import IdMap
from models.interactions import Interactions

N_CANDIDATES, N_VACANCIES = 24, 20
COLD_CANDIDATE, COLD_VACANCY = "candidate-23", "vacancy-19"
STRANGER = "candidate-not-in-the-data"
FIRST_DAY = date(2025, 1, 1)


def checkerboard(*, omit: tuple[str, str] | None = None) -> Dataset:
    """Return a world where even people act on even vacancies and odd ones on odd ones.

    The feature `colour:` tells which side somebody is on. The last candidate and the last vacancy have no history; a
    pair may be left out, and is then the one right answer for that person among those not acted on.
    """
    candidates, vacancies = checkerboard_ids()
    rows = [
        (person, vacancy, 1.0, FIRST_DAY + timedelta(days=(i * 7 + j) % 60))
        for i, person in enumerate(candidates)
        for j, vacancy in enumerate(vacancies)
        if (i + j) % 2 == 0 and person != COLD_CANDIDATE and vacancy != COLD_VACANCY and (person, vacancy) != omit
    ]
    table = pd.DataFrame(rows, columns=list(Columns.INTERACTIONS))
    space = FeatureSpace.fit([{"colour:0": 1.0}, {"colour:1": 1.0}])
    return Dataset(
        Interactions.from_table(table, candidates, vacancies),
        space.transform([{f"colour:{i % 2}": 1.0} for i in range(N_CANDIDATES)]),
        space.transform([{f"colour:{j % 2}": 1.0} for j in range(N_VACANCIES)]),
    )


def checkerboard_ids() -> tuple[IdMap, IdMap]:
    """Return the ids of the checkerboard's people and vacancies."""
    return (
        IdMap(f"candidate-{i:02}" for i in range(N_CANDIDATES)),
        IdMap(f"vacancy-{j:02}" for j in range(N_VACANCIES)),
    )


def is_even(id_: str) -> bool:
    """Tell on which side of the checkerboard an id is."""
    return int(id_[-2:]) % 2 == 0


def listed(model: Recommender, candidate: str, *, k: int, allowed: AnyArray | None = None) -> list[str]:
    """Return the ids recommended to one person, best first."""
    return model.recommend([candidate], k=k, allowed=allowed)[Columns.VACANCY].tolist()


class RecommenderContract(ABC):
    """Inherit and write `make`."""

    @abstractmethod
    def make(self, dataset: Dataset) -> Recommender:
        """Return an unfitted model for this world."""

    @pytest.fixture
    def world(self) -> Dataset:
        return checkerboard()

    @pytest.fixture
    def model(self, world: Dataset) -> Recommender:
        return self.make(world).fit(world)

    def test_refuses_before_fit(self, world: Dataset) -> None:
        model = self.make(world)
        assert not model.is_fitted
        with pytest.raises(NotFitted, match="call `fit` first"):
            model.recommend(["candidate-00"], k=3)
        with pytest.raises(NotFitted):
            model.to_artefact()

    def test_second_fit_forgets_the_first_and_gives_equal_scores(self, model: Recommender, world: Dataset) -> None:
        before = model.scores(world.candidate_ids.ids)
        other = checkerboard(omit=("candidate-00", "vacancy-00"))
        model.fit(other).fit(world)
        np.testing.assert_array_equal(model.scores(world.candidate_ids.ids), before)

    def test_loads_as_it_was_saved(self, model: Recommender, world: Dataset, tmp_path: Path) -> None:
        digest = save_artefact(model.to_artefact(), tmp_path / "model")
        loaded = type(model).from_artefact(load_artefact(tmp_path / "model", expected=digest), world)
        everyone = [*world.candidate_ids, STRANGER]
        np.testing.assert_array_equal(loaded.scores(everyone), model.scores(everyone))

    def test_lists_are_ranked_from_one_by_falling_score(self, model: Recommender, world: Dataset) -> None:
        table = model.recommend(world.candidate_ids.ids[:4], k=5)
        assert tuple(table.columns) == Columns.RECOMMENDATIONS
        assert table[Columns.CANDIDATE].tolist() == [id_ for id_ in world.candidate_ids.ids[:4] for _ in range(5)]
        for _, rows in table.groupby(Columns.CANDIDATE):
            assert rows[Columns.RANK].tolist() == [1, 2, 3, 4, 5]
            assert rows[Columns.SCORE].is_monotonic_decreasing
            assert rows[Columns.VACANCY].is_unique

    def test_list_is_no_longer_than_the_stock(self, model: Recommender) -> None:
        assert len(listed(model, "candidate-00", k=10 * N_VACANCIES)) == N_VACANCIES

    def test_only_allowed_vacancies_are_listed(self, model: Recommender, world: Dataset) -> None:
        allowed = np.zeros(N_VACANCIES, dtype=np.bool_)
        allowed[[3, 4]] = True
        assert set(listed(model, "candidate-00", k=9, allowed=allowed)) == {"vacancy-03", "vacancy-04"}
        assert listed(model, "candidate-00", k=9, allowed=np.zeros(N_VACANCIES, dtype=np.bool_)) == []
        with pytest.raises(InvalidInput):
            model.recommend(["candidate-00"], k=1, allowed=allowed[:-1])

    def test_refuses_an_empty_list_length(self, model: Recommender) -> None:
        with pytest.raises(InvalidInput, match="at least 1"):
            model.recommend(["candidate-00"], k=0)

    def test_nobody_asked_for_is_an_empty_table(self, model: Recommender) -> None:
        table = model.recommend([], k=3)
        assert table.empty
        assert tuple(table.columns) == Columns.RECOMMENDATIONS

    def test_newcomer_and_stranger_get_a_list_if_the_model_says_so(self, model: Recommender) -> None:
        expected = 5 if model.recommends_for_cold else 0
        assert len(listed(model, COLD_CANDIDATE, k=5)) == expected
        assert len(listed(model, STRANGER, k=5)) == expected

    def test_scores_are_finite_for_everyone(self, model: Recommender, world: Dataset) -> None:
        assert np.isfinite(model.scores([*world.candidate_ids, STRANGER])).all()

    def test_asking_for_one_or_for_many_gives_the_same_list(self, model: Recommender, world: Dataset) -> None:
        together = model.recommend(world.candidate_ids.ids, k=4).groupby(Columns.CANDIDATE)[Columns.VACANCY].agg(list)
        for candidate in ("candidate-00", "candidate-11", COLD_CANDIDATE):
            assert listed(model, candidate, k=4) == together[candidate]

    def test_list_is_the_best_of_the_allowed(self, model: Recommender, world: Dataset) -> None:
        rng = np.random.default_rng(7)
        all_scores = model.scores(["candidate-07"])[0]
        for _ in range(25):
            k, allowed = int(rng.integers(1, 30)), rng.random(N_VACANCIES) < rng.random()
            best = np.argsort(np.where(allowed, -all_scores, np.inf), kind="stable")[: min(k, int(allowed.sum()))]
            assert listed(model, "candidate-07", k=k, allowed=allowed) == world.vacancy_ids.at(best)


class SideRecommenderContract(RecommenderContract):
    """The contract of a model that looks at features, and so can tell the two sides of the checkerboard."""

    def test_warm_person_gets_the_vacancy_left_out_of_their_side(self) -> None:
        person, missing = "candidate-04", "vacancy-10"
        world = checkerboard(omit=(person, missing))
        model = self.make(world).fit(world)
        at = world.candidate_ids.position(person)
        unseen = world.interactions.to_csr()[[at]].toarray()[0] == 0
        assert listed(model, person, k=1, allowed=unseen) == [missing]

    def test_cold_person_gets_their_own_side_first(self, model: Recommender) -> None:
        warm_of_their_side = N_VACANCIES // 2 - 1
        assert not any(is_even(id_) for id_ in listed(model, COLD_CANDIDATE, k=warm_of_their_side))

    def test_cold_vacancy_stands_above_the_other_side(self, model: Recommender) -> None:
        assert COLD_VACANCY in listed(model, "candidate-05", k=N_VACANCIES // 2)
