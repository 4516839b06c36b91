"""TF-IDF likeness of a vacancy with a person's profile, and with the vacancies that the person acted on before."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Self

import numpy as np
from scipy import sparse

from models.arrays import Floats, Positions, Sparse, unit_rows
from models.artefact import Artefact, pack_sparse, unpack_sparse
from models.base import Dataset, Recommender, rows_at
from models.errors import InvalidInput
from models.interactions import Interactions


@dataclass(frozen=True)
class ContentConfig:
    """Settings of the content model.

    Attributes
    ----------
    profile_weight, history_weight
        How much the likeness with the profile and with earlier vacancies counts.
    half_life_days
        An act of so many days ago counts half in the history; `None` lets all count alike.
    """

    profile_weight: float = 1.0
    history_weight: float = 1.0
    half_life_days: float | None = None


def history_rows(
    interactions: Interactions,
    vacancy_rows: Sparse,
    *,
    on: date | None = None,
    half_life_days: float | None = None,
) -> Sparse:
    """Return for each candidate the unit-length mean of the texts acted on, float32 (n_candidates, n_words).

    Parameters
    ----------
    vacancy_rows
        Unit rows of the vacancies' texts, in the order of the interactions' vacancy ids.
    on
        Day from which age is counted; the last day of the interactions where not given. Later acts are left out.

    Returns
    -------
    sparse matrix
        The row of a candidate without history is empty.
    """
    if vacancy_rows.shape[0] != len(interactions.vacancy_ids):
        raise InvalidInput(
            f"There are {vacancy_rows.shape[0]} rows of text for {len(interactions.vacancy_ids)} vacancies."
        )
    day = on or interactions.last_day
    known = interactions if day is None else interactions.until(day)
    weights = known.weights
    if half_life_days is not None and day is not None:
        weights = weights * np.exp2(-(np.datetime64(day) - known.days).astype(np.float64) / half_life_days)
    shape = (len(known.candidate_ids), len(known.vacancy_ids))
    acts = sparse.coo_matrix((weights.astype(np.float32), (known.candidates, known.vacancies)), shape=shape)
    return unit_rows(sparse.csr_matrix(acts.tocsr() @ vacancy_rows))


def likeness(left: Sparse, right: Sparse) -> Floats:
    """Return the likeness (0 to 1) of every left unit row with every right one, shape (n_left, n_right)."""
    return np.asarray((left @ right.T).toarray(), dtype=np.float64)


class ContentRecommender(Recommender):
    """Ranks by likeness of text alone; a person without profile and history gets every vacancy at 0.

    Parameters
    ----------
    profile_rows, vacancy_rows
        Unit rows of one text space, (n_candidates, n_words) and (n_vacancies, n_words), in the order of the ids.
    """

    def __init__(self, profile_rows: Sparse, vacancy_rows: Sparse, config: ContentConfig | None = None) -> None:
        super().__init__()
        if profile_rows.shape[1] != vacancy_rows.shape[1]:
            raise InvalidInput("Profiles and vacancies must be rows of one text space.")
        self.config = config or ContentConfig()
        self._profile_rows = profile_rows
        self._vacancy_rows = vacancy_rows
        self._history_rows = profile_rows

    def _fit(self, dataset: Dataset) -> None:
        self._check(dataset)
        self._history_rows = history_rows(
            dataset.interactions, self._vacancy_rows, half_life_days=self.config.half_life_days
        )

    def _scores(self, candidates: Positions) -> Floats:
        profile = likeness(rows_at(self._profile_rows, candidates), self._vacancy_rows)
        history = likeness(rows_at(self._history_rows, candidates), self._vacancy_rows)
        return self.config.profile_weight * profile + self.config.history_weight * history

    def _check(self, dataset: Dataset) -> None:
        shape = (self._profile_rows.shape[0], self._vacancy_rows.shape[0])
        if shape != (len(dataset.candidate_ids), len(dataset.vacancy_ids)):
            raise InvalidInput("The rows of text belong to another data set.")

    def to_artefact(self) -> Artefact:
        """Return the rows of text, with the history of each person."""
        self.dataset  # noqa: B018  raises before `fit`
        arrays = {
            **pack_sparse("profile", self._profile_rows),
            **pack_sparse("history", self._history_rows),
            **pack_sparse("vacancy", self._vacancy_rows),
        }
        return Artefact(arrays, asdict(self.config))

    @classmethod
    def from_artefact(cls, artefact: Artefact, dataset: Dataset) -> Self:
        """Return the model as it was saved."""
        rows = {name: unpack_sparse(name, artefact.arrays) for name in ("profile", "history", "vacancy")}
        model = cls(rows["profile"], rows["vacancy"], ContentConfig(**artefact.metadata))
        model._check(dataset)
        model._history_rows = rows["history"]
        model._dataset = dataset
        return model
