"""What a model is fitted on, and the contract that every recommender keeps: fit, recommend, newcomers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from scipy import sparse

from models.arrays import Floats, Mask, Positions, Sparse, empty_rows, top_positions
from models.artefact import Artefact
from models.columns import Columns
from models.errors import InvalidInput, NotFitted
from models.ids import UNKNOWN, IdMap
from models.interactions import Interactions


@dataclass(frozen=True, eq=False)
class Dataset:
    """Everything a recommender is fitted on; rows of features are in the order of the id maps.

    People and vacancies without history belong in it too: they have features, and are recommended by them.
    """

    interactions: Interactions
    candidate_features: Sparse
    vacancy_features: Sparse

    def __post_init__(self) -> None:
        _check_rows("candidate", self.candidate_features, len(self.candidate_ids))
        _check_rows("vacancy", self.vacancy_features, len(self.vacancy_ids))

    @property
    def candidate_ids(self) -> IdMap:
        """Ids of all candidates."""
        return self.interactions.candidate_ids

    @property
    def vacancy_ids(self) -> IdMap:
        """Ids of all vacancies."""
        return self.interactions.vacancy_ids

    @classmethod
    def without_features(cls, interactions: Interactions) -> "Dataset":
        """Return a data set of history alone, for models that look at nothing else."""
        return cls(
            interactions,
            empty_rows(len(interactions.candidate_ids), 0),
            empty_rows(len(interactions.vacancy_ids), 0),
        )


class Recommender(ABC):
    """Ranks vacancies for people of a data set.

    A model writes `_fit` and `_scores`; arguments, ids, ties and the cut at `k` are dealt with here.
    """

    recommends_for_cold: ClassVar[bool] = True
    """Whether people without history get a list; where not, their list is empty."""

    def __init__(self) -> None:
        self._dataset: Dataset | None = None

    @property
    def is_fitted(self) -> bool:
        """Whether `fit` was called."""
        return self._dataset is not None

    @property
    def dataset(self) -> Dataset:
        """The data set it was fitted on.

        Raises
        ------
        NotFitted
            Before `fit`.
        """
        if self._dataset is None:
            raise NotFitted(self)
        return self._dataset

    def fit(self, dataset: Dataset) -> Self:
        """Learn from a data set; what was learnt before is forgotten.

        Raises
        ------
        NotEnoughData
            When this model cannot learn from so little.
        """
        self._fit(dataset)
        self._dataset = dataset
        return self

    def scores(self, candidate_ids: Sequence[str]) -> Floats:
        """Return a score of every vacancy for each candidate, shape (n_candidates, n_vacancies); higher is better.

        A candidate that is not in the data set is treated as one of whom nothing is known.
        """
        dataset = self.dataset
        return self._scores(dataset.candidate_ids.positions(candidate_ids))

    def recommend(self, candidate_ids: Sequence[str], *, k: int, allowed: Mask | None = None) -> pd.DataFrame:
        """Rank vacancies for each candidate.

        Parameters
        ----------
        k
            Length of the list asked for; fewer come back where fewer are allowed, never padding.
        allowed
            Which vacancies may be listed, shape (n_vacancies,); all where not given.

        Returns
        -------
        DataFrame with the columns `Columns.RECOMMENDATIONS`
            By candidate in the order given, then by rank from 1; equal scores keep the order of the vacancy ids.

        Raises
        ------
        NotFitted
            Before `fit`.
        InvalidInput
            When `k` is below 1 or `allowed` has another length.
        """
        dataset = self.dataset
        if k < 1:
            raise InvalidInput(f"k is the length of a list and at least 1; it was {k}.")
        if allowed is not None and allowed.shape != (len(dataset.vacancy_ids),):
            raise InvalidInput(f"allowed needs one value for each of the {len(dataset.vacancy_ids)} vacancies.")
        positions = dataset.candidate_ids.positions(candidate_ids)
        lists = [_top(row, k, allowed) for row in self._scores(positions)]
        if not self.recommends_for_cold:
            warm = np.append(dataset.interactions.warm_candidates(), False)  # position -1, unknown, is cold too
            nothing = (np.zeros(0, dtype=np.int64), np.zeros(0))
            lists = [found if warm[at] else nothing for found, at in zip(lists, positions, strict=True)]
        return self._table(candidate_ids, lists)

    @abstractmethod
    def to_artefact(self) -> Artefact:
        """Return what was learnt as plain arrays and settings."""

    @classmethod
    @abstractmethod
    def from_artefact(cls, artefact: Artefact, dataset: Dataset) -> Self:
        """Return the model as it was saved; the data set says whom it recommends to and what."""

    @abstractmethod
    def _fit(self, dataset: Dataset) -> None: ...

    @abstractmethod
    def _scores(self, candidates: Positions) -> Floats:
        """Return scores for these positions, -1 being a person of whom nothing is known."""

    def _table(self, candidate_ids: Sequence[str], lists: Sequence[tuple[Positions, Floats]]) -> pd.DataFrame:
        lengths = [len(found) for found, _ in lists]
        positions = np.concatenate([found for found, _ in lists]) if lists else np.zeros(0, dtype=np.int64)
        return pd.DataFrame(
            {
                Columns.CANDIDATE: np.repeat(np.array(candidate_ids, dtype=object), lengths),
                Columns.VACANCY: np.array(self.dataset.vacancy_ids.at(positions), dtype=object),
                Columns.SCORE: np.concatenate([score for _, score in lists]) if lists else np.zeros(0),
                Columns.RANK: np.concatenate([np.arange(1, n + 1) for n in lengths]) if lengths else np.zeros(0, int),
            }
        )


def rows_at(matrix: Sparse, positions: Positions) -> Sparse:
    """Return the rows at these positions; `UNKNOWN` (-1) gives an empty row."""
    empty = empty_rows(1, matrix.shape[1])
    padded = sparse.vstack([matrix, empty], format="csr") if (positions == UNKNOWN).any() else matrix
    return sparse.csr_matrix(padded[positions])


def _top(scores: Floats, k: int, allowed: Mask | None) -> tuple[Positions, Floats]:
    visible = scores if allowed is None else np.where(allowed, scores, -np.inf)
    found = top_positions(visible, k)
    return found, visible[found]


def _check_rows(side: str, features: Sparse, expected: int) -> None:
    if features.shape[0] != expected:
        raise InvalidInput(f"There are {features.shape[0]} rows of {side} features for {expected} {side} ids.")
