"""Taste: what people choose beyond what is stated already explains, as one vector per person and vacancy.

    chance of a choice among what was open  ~  exp(known + u v + b)

`known` is what is known of a pair beforehand (way, wage, words …) and stays as it is; only the rest is learned. A
person's vector u is a linear map of the person's features and an own part, a vacancy's v likewise, and b is a number of
the vacancy's. Likelihood with normal priors on every part, all steps over all choices at once (Adam), so that the same
input gives the same vectors. Its scores are in the unit of `known`: logarithms of odds.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.arrays import Floats, Positions, Sparse, Vectors
from models.base import Dataset
from models.errors import InvalidInput, NotEnoughData
from models.ids import IdMap
from models.two_sided import Side, TwoSided

_BLOCK = 4096
_MOMENTUM, _MEMORY, _TINY = 0.9, 0.98, 1e-6
_SETTLES_AFTER, _SETTLED = 0.7, 0.3


@dataclass(frozen=True)
class TasteConfig:
    """Settings of taste.

    Attributes
    ----------
    no_components
        Length of a vector.
    rounds
        Steps over all choices.
    learning_rate
        Length of a step; three tenths of it in the last third.
    regularisation
        Precision of the normal priors: the larger, the more must speak for a taste before it counts.
    random_state
        Seed of where the vectors start.
    """

    no_components: int = 8
    rounds: int = 50
    learning_rate: float = 0.05
    regularisation: float = 6.0
    random_state: int = 20221104

    def __post_init__(self) -> None:
        if self.no_components < 1 or self.rounds < 1:
            raise InvalidInput("Taste has at least one component and one round.")
        if not (self.learning_rate > 0 and self.regularisation > 0):
            raise InvalidInput("The learning rate and the regularisation are above 0.")


@dataclass(frozen=True, eq=False)
class Offered:
    """Choices: who chose, among what, and what was known of each pair.

    `person` (n,) and `rows` (n, 1 + m) are positions in the data set, the chosen vacancy first; `known` (n, 1 + m) is
    what is known of each pair beforehand, with ln of how many vacancies one that was drawn stands for.
    """

    person: Positions
    rows: Positions
    known: Floats

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or self.rows.shape != self.known.shape or len(self.person) != len(self.rows):
            raise InvalidInput("Every choice has a person, and what is known of each vacancy that was open.")


class TasteModel(TwoSided):
    """Vectors of people and vacancies, learned from choices; newcomers of both sides stand where their features do."""

    def __init__(self, config: TasteConfig | None = None, offered: Offered | None = None) -> None:
        super().__init__()
        self.config = config or TasteConfig()
        self._offered = offered

    def _settings(self) -> dict[str, Any]:
        return asdict(self.config)

    @classmethod
    def _from_settings(cls, settings: dict[str, Any]) -> Self:
        return cls(TasteConfig(**settings))

    def _fit(self, dataset: Dataset) -> None:
        offered = self._offered
        if offered is None or not len(offered.person):
            raise NotEnoughData("Taste is learned from choices, and there is none.")
        people, posts = _Rows(dataset.candidate_features), _Rows(dataset.vacancy_features)
        config, rng = self.config, np.random.default_rng(self.config.random_state)
        size = config.no_components
        steps = {name: _Stepped(part) for name, part in people.start(rng, size).items()}
        steps |= {f"of_{name}": _Stepped(part) for name, part in posts.start(rng, size).items()}
        n_choices, n_offered = offered.rows.shape
        ends = np.arange(0, n_choices * n_offered + 1, n_offered)
        shape = (n_choices, posts.features.shape[0])
        whose: Sparse = sparse.csr_matrix(
            (np.ones(n_choices, dtype=np.float32), (offered.person, np.arange(n_choices))),
            shape=(people.features.shape[0], n_choices),
        )
        known = offered.known.astype(np.float32)
        for at in range(config.rounds):
            tastes = people.vectors(steps["map"].value, steps["own"].value)
            natures = posts.vectors(steps["of_map"].value, steps["of_own"].value)
            pulls = posts.vectors(steps["of_pull"].value, steps["of_own_pull"].value)[:, 0]
            asked = tastes[offered.person]
            off = _surprise(known, asked, natures, pulls, offered.rows)
            pairs = sparse.csr_matrix((off.ravel(), offered.rows.ravel(), ends), shape=shape)
            turned = pairs.T.tocsr()
            for_people, for_posts = np.asarray(whose @ (pairs @ natures)), np.asarray(turned @ asked)
            for_pulls = np.asarray(turned @ np.ones((n_choices, 1), dtype=np.float32))
            slopes = {"map": people.turned @ for_people, "own": for_people}
            slopes |= {"of_map": posts.turned @ for_posts, "of_own": for_posts}
            slopes |= {"of_pull": posts.turned @ for_pulls, "of_own_pull": for_pulls}
            rate = config.learning_rate * (1.0 if at < _SETTLES_AFTER * config.rounds else _SETTLED)
            for name, slope in slopes.items():
                steps[name].step(np.asarray(slope), config.regularisation, rate)
        values = {name: step.value for name, step in steps.items()}
        nobody = np.zeros(len(values["map"]), dtype=np.float32), np.zeros(len(values["own"]), dtype=np.float32)
        self._learnt(
            people.side(values["map"], nobody[0], values["own"], nobody[1], dataset.candidate_ids, offered.person),
            posts.side(
                values["of_map"],
                values["of_pull"][:, 0],
                values["of_own"],
                values["of_own_pull"][:, 0],
                dataset.vacancy_ids,
                offered.rows.ravel(),
            ),
        )


class _Rows:
    """One side while it is learned."""

    def __init__(self, features: Sparse) -> None:
        self.features = sparse.csr_matrix(features, dtype=np.float32)
        self.turned: Sparse = self.features.T.tocsr()

    def start(self, rng: np.random.Generator, size: int) -> dict[str, Vectors]:
        n, n_features = self.features.shape
        return {
            "map": rng.normal(0, 0.1, (n_features, size)).astype(np.float32),
            "own": rng.normal(0, 0.1, (n, size)).astype(np.float32),
            "pull": np.zeros((n_features, 1), dtype=np.float32),
            "own_pull": np.zeros((n, 1), dtype=np.float32),
        }

    def vectors(self, mapping: Vectors, own: Vectors) -> Vectors:
        return np.asarray(self.features @ mapping + own, dtype=np.float32)

    def side(
        self, mapping: Vectors, biases: Vectors, own: Vectors, own_biases: Vectors, ids: IdMap, seen: Positions
    ) -> Side:
        """Keep what choices told something of: the rest is still as it was drawn, and must not speak."""
        rows = np.unique(seen)
        used = np.diff(self.features[rows].tocsc().indptr) > 0
        mapping, biases = np.where(used[:, None], mapping, 0), np.where(used, biases, 0)
        return Side(mapping, biases, own[rows], own_biases[rows], IdMap(ids.at(rows)))


class _Stepped:
    """One part of the parameters with the memory of its steps (Kingma and Ba, 2015, "Adam")."""

    def __init__(self, value: Vectors) -> None:
        self.value = value
        self._mean, self._square, self._n = np.zeros_like(value), np.zeros_like(value), 0

    def step(self, slope: Vectors, precision: float, rate: float) -> None:
        slope = slope + np.float32(precision) * self.value
        self._n += 1
        self._mean = np.float32(_MOMENTUM) * self._mean + np.float32(1 - _MOMENTUM) * slope
        self._square = np.float32(_MEMORY) * self._square + np.float32(1 - _MEMORY) * slope * slope
        mean = self._mean / np.float32(1 - _MOMENTUM**self._n)
        square = self._square / np.float32(1 - _MEMORY**self._n)
        self.value = self.value - np.float32(rate) * mean / (np.sqrt(square) + np.float32(_TINY))


def _surprise(
    known: NDArray[np.float32], asked: Vectors, natures: Vectors, pulls: Vectors, rows: Positions
) -> NDArray[np.float32]:
    """Return how far each offered vacancy's stated chance is from what was chosen, (n, 1 + m)."""
    score = known + pulls[rows]
    for start in range(0, len(rows), _BLOCK):
        some = slice(start, start + _BLOCK)
        score[some] += np.einsum("nd,nmd->nm", asked[some], natures[rows[some]])
    score -= score.max(axis=1, keepdims=True)
    chance = np.exp(score)
    chance /= chance.sum(axis=1, keepdims=True)
    chance[:, 0] -= 1.0
    return np.asarray(chance, dtype=np.float32)
