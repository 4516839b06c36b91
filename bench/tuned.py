"""A LightFM hybrid as somebody would tune it: 64 dimensions, 10 epochs, rows weighted by rarity and of unit length.

It has the features that the product's own has. Out of the same data it learns one vector per person and vacancy, and
scores by their product: the reference that a score has to leave behind.
"""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.entities import CandidateId, VacancyId
from matching.features import candidate_words
from models.hybrid import HybridConfig
from pipelines.casebook import Casebook
from pipelines.train import TrainConfig, learned_vectors

TUNED = HybridConfig(no_components=64, epochs=10)


def tuned_lightfm(casebook: Casebook, until: date) -> Callable[[CandidateId, Sequence[VacancyId]], NDArray[np.float64]]:
    """Return the scores of a reference learned from what was known up to a day."""
    learned = learned_vectors(casebook, until=until, config=TrainConfig(hybrid=TUNED))
    if learned is None:
        return lambda _, vacancy_ids: np.zeros(len(vacancy_ids))
    stock = casebook.stock(until)
    posts = learned.vacancies(stock, casebook.texts)

    def scores(candidate_id: CandidateId, vacancy_ids: Sequence[VacancyId]) -> NDArray[np.float64]:
        candidate = casebook.candidates[candidate_id]
        at = [stock.position[one] for one in vacancy_ids]
        own = learned.vector(candidate, candidate_words(candidate))
        return np.asarray(posts.vectors[at] @ own + posts.biases[at], dtype=np.float64)

    return scores
