"""LightFM over interactions and features of both sides; the only file that says user and item.

A person's vector is the sum of the vectors of their features, and of their own vector where they have history. LightFM
learns these vectors; everything after that is plain matrix arithmetic here, so nothing of the library is kept or saved.
`LightFM.predict` is never called: it builds both sides anew for every person.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from lightfm import LightFM
from scipy import sparse

from models.arrays import Mask, Sparse, Vectors, unit_vectors
from models.base import Dataset
from models.errors import InvalidInput, NotEnoughData, NotFitted
from models.ids import IdMap
from models.two_sided import Side, TwoSided, ids_where


@dataclass(frozen=True)
class HybridConfig:
    """Settings of the hybrid.

    Attributes
    ----------
    no_components
        Length of a vector.
    epochs
        Passes over the interactions.
    learning_rate, loss, max_sampled, regularisation
        As in LightFM (adagrad); `regularisation` is its `user_alpha` and `item_alpha`.
    identity_weight
        Weight of the own vector of a person or vacancy with history, against 1 for the features together.
    profile_weight
        Weight of the profile beside the history in `directions`; it says nothing to the fit.
    random_state
        Seed.
    num_threads
        With one thread the same input gives bit-equal vectors; with more it does not.
    """

    no_components: int = 48
    epochs: int = 12
    learning_rate: float = 0.1
    loss: str = "warp"
    identity_weight: float = 1.0
    profile_weight: float = 0.3
    max_sampled: int = 20
    regularisation: float = 0.0
    random_state: int = 20221104
    num_threads: int = 1


class HybridModel(TwoSided):
    """WARP hybrid: ranks people and vacancies with history and without in one space.

    Only rows with history are trained on, and a feature that none of them has keeps no vector: a newcomer is ranked by
    known features alone, and two newcomers with equal features get equal vectors.
    """

    def __init__(self, config: HybridConfig | None = None) -> None:
        super().__init__()
        self.config = config or HybridConfig()

    @property
    def identity_weight(self) -> float:
        """Weight of the own vector of a person or vacancy with history."""
        return self.config.identity_weight

    def _settings(self) -> dict[str, Any]:
        return asdict(self.config)

    @classmethod
    def _from_settings(cls, settings: dict[str, Any]) -> Self:
        return cls(HybridConfig(**settings))

    @staticmethod
    def history_vectors(acts: Sparse, vacancy_vectors: Vectors) -> Vectors:
        """Return for each person the direction of the vacancies acted on, float32 (n, no_components), of length 1 or 0.

        A person of one or two acts is described better by what was acted on than by an own vector that one or two acts
        have taught; and it is up to date without training anew. Compare it with `unit_vectors(vacancy_vectors)`.

        Parameters
        ----------
        acts
            Weights of the acts, (n, n_vacancies); the row of a person without history is empty.
        vacancy_vectors
            As `vacancy_vectors` returns them, (n_vacancies, no_components).
        """
        return unit_vectors(np.asarray(acts @ unit_vectors(vacancy_vectors), dtype=np.float32))

    def profile_vectors(self, features: Sparse) -> Vectors:
        """Return the direction in which vacancies with these features lie, float32 (n, no_components), length 1 or 0.

        A newcomer's wishes and place, written as features of the vacancy they would like (`region:620102`), are known
        from every vacancy that has them, while few people with history may share the newcomer's own features. Compare
        it with `unit_vectors(vacancy_vectors)`.

        Parameters
        ----------
        features
            Rows of the vacancies' feature space, (n, n_features).
        """
        if self._vacancy_side is None:
            raise NotFitted(self)
        nobody = [""] * features.shape[0]
        return unit_vectors(self._vacancy_side.represent(features, nobody, 0.0)[0])

    def directions(self, acts: Sparse, vacancy_vectors: Vectors, profile_features: Sparse) -> Vectors:
        """Return one direction per person of history and profile together, float32 (n, no_components), length 1 or 0.

        History leads and the profile corrects (`profile_weight`); a newcomer's direction is that of the profile alone,
        so one weight on this likeness serves everyone. On real job views it ranked far better than own vectors did, for
        people with few acts and for newcomers.

        Parameters
        ----------
        acts, vacancy_vectors
            As `history_vectors` takes them.
        profile_features
            As `profile_vectors` takes them, a row per person.
        """
        profile = self.profile_vectors(profile_features)
        return unit_vectors(self.history_vectors(acts, vacancy_vectors) + self.config.profile_weight * profile)

    def _fit(self, dataset: Dataset) -> None:
        history = dataset.interactions
        if not len(history):
            raise NotEnoughData("The hybrid learns from interactions, and there is none.")
        candidates, vacancies = history.warm_candidates(), history.warm_vacancies()
        user_features = _with_identities(dataset.candidate_features, candidates, self.config.identity_weight)
        item_features = _with_identities(dataset.vacancy_features, vacancies, self.config.identity_weight)
        weights = history.to_csr()[candidates][:, vacancies].tocoo()
        model = self._learn(weights, user_features, item_features)
        self._learnt(
            _side(
                model.user_embeddings, model.user_biases, user_features, ids_where(dataset.candidate_ids, candidates)
            ),
            _side(model.item_embeddings, model.item_biases, item_features, ids_where(dataset.vacancy_ids, vacancies)),
        )

    def _learn(self, weights: sparse.coo_matrix[np.float32], users: Sparse, items: Sparse) -> LightFM:
        config = self.config
        model = LightFM(
            no_components=config.no_components,
            learning_rate=config.learning_rate,
            loss=config.loss,
            max_sampled=config.max_sampled,
            item_alpha=config.regularisation,
            user_alpha=config.regularisation,
            random_state=config.random_state,
        )
        # Scaled to a mean of 1, so that the learning rate means the same whatever unit the weights have.
        data = (weights.data / weights.data.mean()).astype(np.float32)
        sample_weight = sparse.coo_matrix((data, (weights.row, weights.col)), shape=weights.shape)
        ones = sparse.coo_matrix((np.ones_like(data), (weights.row, weights.col)), shape=weights.shape)
        try:
            # A diverging fit is an error below; numpy's warning on the way to it says less.
            with np.errstate(all="ignore"):
                return model.fit(
                    ones,
                    user_features=users,
                    item_features=items,
                    sample_weight=sample_weight,
                    epochs=config.epochs,
                    num_threads=config.num_threads,
                )
        except ValueError as error:
            raise InvalidInput("LightFM did not converge; a smaller learning rate or fewer epochs may help.") from error


def _with_identities(features: Sparse, warm: Mask, identity_weight: float) -> Sparse:
    """Return the rows with history, each with a column of its own behind the features."""
    own = sparse.identity(int(warm.sum()), dtype=np.float32, format="csr") * np.float32(identity_weight)
    return sparse.csr_matrix(sparse.hstack([features[warm], own], format="csr"), dtype=np.float32)


def _side(vectors: Vectors, biases: Vectors, features: Sparse, known: IdMap) -> Side:
    # LightFM starts every vector at random; one that no row used still is random and must not speak.
    used = np.diff(features.tocsc().indptr) > 0
    vectors, biases = np.where(used[:, None], vectors, 0), np.where(used, biases, 0)
    n_features = features.shape[1] - len(known)
    return Side(vectors[:n_features], biases[:n_features], vectors[n_features:], biases[n_features:], known)
