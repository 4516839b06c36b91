"""Models of two sides: a vector per feature, and one per person or vacancy with history, which is added to these."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from models.arrays import Floats, Mask, Positions, Sparse, Vectors
from models.artefact import Artefact, pack_strings, unpack_strings
from models.base import Recommender, rows_at
from models.errors import InvalidInput, NotFitted
from models.ids import IdMap


@dataclass(frozen=True, eq=False)
class Owned:
    """Vectors (n, d) and biases (n,) that n people have of their own, with their ids."""

    ids: Sequence[str]
    vectors: Vectors
    biases: Vectors


@dataclass(frozen=True, eq=False)
class Side:
    """What was learnt of one side: a vector and a bias per feature, and per person or vacancy with history."""

    features: Vectors
    feature_biases: Vectors
    identities: Vectors
    identity_biases: Vectors
    known: IdMap

    def represent(self, features: Sparse, ids: Sequence[str], identity_weight: float) -> tuple[Vectors, Vectors]:
        if features.shape != (len(ids), len(self.features)):
            raise InvalidInput(
                f"The features must have shape ({len(ids)}, {len(self.features)}), one row per id and the columns of "
                f"fitting; they have {features.shape}."
            )
        vectors = np.asarray(features @ self.features, dtype=np.float32)
        biases = np.asarray(features @ self.feature_biases, dtype=np.float32)
        positions = self.known.positions(ids)
        warm = positions >= 0
        vectors[warm] += identity_weight * self.identities[positions[warm]]
        biases[warm] += identity_weight * self.identity_biases[positions[warm]]
        return vectors, biases

    def own_of(self, ids: Sequence[str]) -> "Owned":
        """Return what was learnt of those of these ids that had history."""
        known = [id_ for id_ in ids if id_ in self.known]
        positions = self.known.positions(known)
        return Owned(known, self.identities[positions], self.identity_biases[positions])

    def pack(self, name: str) -> dict[str, np.ndarray[Any, Any]]:
        """Return it as plain arrays under the name of the side."""
        return {
            f"{name}.features": self.features,
            f"{name}.feature_biases": self.feature_biases,
            f"{name}.identities": self.identities,
            f"{name}.identity_biases": self.identity_biases,
            f"{name}.known": pack_strings(self.known.ids),
        }

    @classmethod
    def unpack(cls, name: str, artefact: Artefact) -> "Side":
        """Return a side as it was packed."""
        arrays = artefact.arrays
        return cls(
            arrays[f"{name}.features"],
            arrays[f"{name}.feature_biases"],
            arrays[f"{name}.identities"],
            arrays[f"{name}.identity_biases"],
            IdMap(unpack_strings(arrays[f"{name}.known"])),
        )


class TwoSided(Recommender):
    """A recommender whose scores are inner products of a person's and a vacancy's vector; `_fit` sets both sides."""

    def __init__(self) -> None:
        super().__init__()
        self._candidate_side: Side | None = None
        self._vacancy_side: Side | None = None
        self._vacancy_vectors: tuple[Vectors, Vectors] | None = None

    @property
    def identity_weight(self) -> float:
        """Weight of the own vector of a person or vacancy with history."""
        return 1.0

    def candidate_vectors(self, features: Sparse, ids: Sequence[str]) -> Vectors:
        """Return one vector per person, float32 (n, no_components).

        Parameters
        ----------
        features
            Rows of the candidates' feature space, (n, n_features).
        ids
            Outside ids; one that had no history in fitting is represented by features alone.
        """
        if self._candidate_side is None:
            raise NotFitted(self)
        return self._candidate_side.represent(features, ids, self.identity_weight)[0]

    def vacancy_vectors(self, features: Sparse, ids: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Return one vector per vacancy, float32 (n, no_components), and its bias (n,)."""
        if self._vacancy_side is None:
            raise NotFitted(self)
        return self._vacancy_side.represent(features, ids, self.identity_weight)

    def people(self, ids: Sequence[str]) -> Owned:
        """Return what was learnt of those of these people who had history."""
        if self._candidate_side is None:
            raise NotFitted(self)
        return self._candidate_side.own_of(ids)

    def knowing(self, people: Owned) -> Self:
        """Return the model for its vectors alone, as it would be had only these people a history."""
        if self._candidate_side is None or self._vacancy_side is None:
            raise NotFitted(self)
        made = self._from_settings(self._settings())
        known = replace(
            self._candidate_side,
            identities=people.vectors,
            identity_biases=people.biases,
            known=IdMap(people.ids),
        )
        made._learnt(known, self._vacancy_side)
        return made

    @staticmethod
    def pair_scores(candidate_vector: Vectors, vacancy_vectors: Vectors, biases: Vectors) -> Vectors:
        """Return the scores of vacancies for one person (n,), or for many as (m, n)."""
        return candidate_vector @ vacancy_vectors.T + biases

    def _learnt(self, candidate_side: Side | None, vacancy_side: Side) -> None:
        """Take what a fit learned."""
        self._candidate_side, self._vacancy_side, self._vacancy_vectors = candidate_side, vacancy_side, None

    def _scores(self, candidates: Positions) -> Floats:
        dataset = self.dataset
        if self._vacancy_vectors is None:
            self._vacancy_vectors = self.vacancy_vectors(dataset.vacancy_features, dataset.vacancy_ids.ids)
        ids = [dataset.candidate_ids.ids[at] if at >= 0 else "" for at in candidates.tolist()]
        vectors = self.candidate_vectors(rows_at(dataset.candidate_features, candidates), ids)
        return self.pair_scores(vectors, *self._vacancy_vectors).astype(np.float64)

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """Return the configuration as plain values."""

    @classmethod
    @abstractmethod
    def _from_settings(cls, settings: dict[str, Any]) -> Self:
        """Return an unfitted model with this configuration."""

    @property
    def keeps_people(self) -> bool:
        """True where it holds vectors of people and of their features."""
        return self._candidate_side is not None

    def to_artefact(self, *, with_candidates: bool = True) -> Artefact:
        """Return the learnt vectors as plain arrays, those of people and of their features only where asked for."""
        if self._vacancy_side is None or (with_candidates and self._candidate_side is None):
            raise NotFitted(self)
        people = self._candidate_side.pack("candidate") if with_candidates and self._candidate_side else {}
        return Artefact({**people, **self._vacancy_side.pack("vacancy")}, self._settings())

    @classmethod
    def load(cls, artefact: Artefact) -> Self:
        """Return the saved model for its vectors alone; `recommend` needs `from_artefact`.

        One saved without people has the vacancies' vectors only.
        """
        model = cls._from_settings(dict(artefact.metadata))
        people = Side.unpack("candidate", artefact) if "candidate.known" in artefact.arrays else None
        model._learnt(people, Side.unpack("vacancy", artefact))
        return model

    @classmethod
    def from_artefact(cls, artefact: Artefact, dataset: Any) -> Self:
        """Return the model as it was saved, recommending to the people of this data set."""
        model = cls.load(artefact)
        model._dataset = dataset
        return model


def ids_where(ids: IdMap, keep: Mask) -> IdMap:
    """Return the ids at the places marked."""
    return IdMap(ids.at(np.flatnonzero(keep)))
