"""A factor model with feature priors in closed form: alternating least squares over all pairs, observed or not.

Each person's vector is drawn towards a linear map of the person's features, each vacancy's likewise, so that somebody
without history stands where people of such features stand. The maps are ridge regressions, the vectors small linear
systems: nothing is sampled, so that the same input gives the same vectors, and retraining can be compared.

    sum over observed pairs of  w (1 - u v)^2  +  a sum over all other pairs of (u v)^2
    + sum over people of  l |u - x B|^2  +  sum over vacancies of  m |v - y C|^2  +  r (|B|^2 + |C|^2)

`l` and `m` grow with how much is known of a row (Rendle and others, 2022, "Revisiting the Performance of iALS").
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.arrays import Mask, Sparse
from models.base import Dataset
from models.errors import InvalidInput, NotEnoughData
from models.ids import IdMap
from models.two_sided import Side, TwoSided, ids_where

_Wide = NDArray[np.float64]
_Acts = sparse.csr_matrix[np.float64]
_BLOCK, _ENTRIES = 2048, 200_000
_STEPS = 30
_ENOUGH = 1e-10


@dataclass(frozen=True)
class FactorConfig:
    """Settings of the factor model.

    Attributes
    ----------
    no_components
        Length of a vector.
    epochs
        Rounds over both sides.
    unobserved_weight
        Weight of a pair that nobody acted on, against a mean of 1 for those that somebody did.
    regularisation, growth
        A row with n acts is drawn to its prior with weight regularisation * (1 + n) ** growth.
    ridge
        Regularisation of the maps from features to vectors.
    random_state
        Seed of where the vectors start.
    """

    no_components: int = 48
    epochs: int = 10
    unobserved_weight: float = 0.02
    regularisation: float = 0.5
    growth: float = 0.6
    ridge: float = 1.0
    random_state: int = 20221104

    def __post_init__(self) -> None:
        if self.no_components < 1 or self.epochs < 1:
            raise InvalidInput("A factor model has at least one component and one round.")
        if not (0 < self.unobserved_weight < 1 and self.regularisation > 0 and self.ridge > 0):
            raise InvalidInput("Weights and regularisation are above 0, the weight of unobserved pairs below 1.")


class FactorModel(TwoSided):
    """Ranks people and vacancies with history and without in one space; deterministic.

    As in the hybrid only rows with history are learned from: what nobody was shown yet was not passed over.
    """

    def __init__(self, config: FactorConfig | None = None) -> None:
        super().__init__()
        self.config = config or FactorConfig()

    def _settings(self) -> dict[str, Any]:
        return asdict(self.config)

    @classmethod
    def _from_settings(cls, settings: dict[str, Any]) -> Self:
        return cls(FactorConfig(**settings))

    def _fit(self, dataset: Dataset) -> None:
        history, config = dataset.interactions, self.config
        if not len(history):
            raise NotEnoughData("The factor model learns from interactions, and there is none.")
        candidates, vacancies = history.warm_candidates(), history.warm_vacancies()
        acts: _Acts = sparse.csr_matrix(history.to_csr()[candidates][:, vacancies]).astype(np.float64)
        acts.data /= acts.data.mean()
        people = _Rows(dataset.candidate_features[candidates], acts, config)
        posts = _Rows(dataset.vacancy_features[vacancies], acts.T.tocsr(), config)
        start = np.random.default_rng(config.random_state)
        posts.start(start.normal(0, 1 / np.sqrt(config.no_components), (posts.features.shape[1], config.no_components)))
        for _ in range(config.epochs):
            people.update(posts.vectors)
            posts.update(people.vectors)
        self._learnt(people.side(dataset.candidate_ids, candidates), posts.side(dataset.vacancy_ids, vacancies))


class _Rows:
    """One side while it is learned: n rows with features (n, f) and acts (n, m)."""

    def __init__(self, features: Sparse, acts: _Acts, config: FactorConfig) -> None:
        self.features: _Acts = features.astype(np.float64)
        self._turned: _Acts = self.features.T.tocsr()
        self._acts, self._config = acts, config
        counts = np.diff(acts.indptr)
        self._pull: _Wide = config.regularisation * (1.0 + counts) ** config.growth
        self._blocks = list(_alike(counts))
        self._map: _Wide = np.zeros((self.features.shape[1], config.no_components))
        self.vectors: _Wide = np.zeros((self.features.shape[0], config.no_components))

    def start(self, feature_vectors: _Wide) -> None:
        """Begin with vectors of the features."""
        self._map = feature_vectors
        self.vectors = np.asarray(self.features @ self._map)

    def update(self, others: _Wide) -> None:
        """Solve every row against the other side's vectors, then the map that these rows are drawn to."""
        prior = np.asarray(self.features @ self._map)
        a, acts = self._config.unobserved_weight, self._acts
        everywhere = a * (others.T @ others)
        for rows in self._blocks:
            left = everywhere + self._pull[rows][:, None, None] * np.eye(len(everywhere))
            right = self._pull[rows][:, None] * prior[rows]
            columns, weights = _padded(acts, rows)
            seen = others[columns]
            left += np.matmul((seen * np.where(weights > 0, weights - a, 0.0)[..., None]).transpose(0, 2, 1), seen)
            right += np.einsum("rk,rkd->rd", weights, seen)
            self.vectors[rows] = np.linalg.solve(left, right[..., None])[..., 0]
        self._map = self._ridge()

    def _ridge(self) -> _Wide:
        """Return the map whose rows come nearest to the vectors, by conjugate gradients from the one before."""
        weights, ridge = self._pull[:, None], self._config.ridge

        def applied(mapping: _Wide) -> _Wide:
            return np.asarray(self._turned @ (weights * (self.features @ mapping)) + ridge * mapping)

        wanted = np.asarray(self._turned @ (weights * self.vectors))
        found = self._map.copy()
        rest = wanted - applied(found)
        step, size = rest.copy(), (rest * rest).sum(axis=0)
        enough = _ENOUGH * np.maximum((wanted * wanted).sum(axis=0), 1e-30)
        for _ in range(_STEPS):
            if (size <= enough).all():
                break
            moved = applied(step)
            length = size / np.maximum((step * moved).sum(axis=0), 1e-30)
            found += length * step
            rest -= length * moved
            before, size = size, (rest * rest).sum(axis=0)
            step = rest + size / np.maximum(before, 1e-30) * step
        return found

    def side(self, ids: IdMap, kept: Mask) -> Side:
        """Return what was learnt: vectors of features, and how far each row with history is from its prior."""
        offsets = (self.vectors - np.asarray(self.features @ self._map)).astype(np.float32)
        no_biases = np.zeros(len(self._map), dtype=np.float32), np.zeros(len(offsets), dtype=np.float32)
        return Side(self._map.astype(np.float32), no_biases[0], offsets, no_biases[1], ids_where(ids, kept))


def _alike(counts: NDArray[np.int32]) -> Iterator[NDArray[np.intp]]:
    """Yield the rows in blocks of about as many acts each, so that little is padded."""
    order = np.argsort(counts, kind="stable")
    at = 0
    while at < len(order):
        most = max(counts[order[at]] + 2, 1.3 * counts[order[at]])
        # At most so many entries side by side, lest a block of much-acted rows outgrow the memory.
        n = min(_BLOCK, max(1, int(_ENTRIES // max(most, 1))))
        end = at + max(1, int(np.searchsorted(counts[order[at : at + n]], most, side="right")))
        yield order[at:end]
        at = end


def _padded(acts: _Acts, rows: NDArray[np.intp]) -> tuple[NDArray[np.int64], _Wide]:
    """Return the columns and weights of some rows side by side, (n, most); what is padded weighs 0."""
    starts, lengths = acts.indptr[rows], np.diff(acts.indptr)[rows]
    place = np.arange(max(1, int(lengths.max(initial=0))))
    is_there = place < lengths[:, None]
    entry = np.where(is_there, starts[:, None] + place, 0)
    return np.where(is_there, acts.indices[entry], 0).astype(np.int64), np.where(is_there, acts.data[entry], 0.0)
