"""Most sought vacancies, of late and perhaps nearby: the baseline, and the answer where nothing else is known."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Self

import numpy as np

from models.arrays import Floats, Positions
from models.artefact import Artefact
from models.base import Dataset, Recommender
from models.errors import InvalidInput
from models.ids import UNKNOWN
from models.interactions import Interactions


@dataclass(frozen=True)
class PopularityConfig:
    """Settings of popularity.

    Attributes
    ----------
    half_life_days
        An act of so many days ago counts half; `None` lets all acts count alike.
    """

    half_life_days: float | None = 30.0

    def __post_init__(self) -> None:
        if self.half_life_days is not None and not self.half_life_days > 0:
            raise InvalidInput(f"The half-life is a number of days above 0, or None; it was {self.half_life_days}.")


def popularity(interactions: Interactions, *, on: date | None = None, half_life_days: float | None = None) -> Floats:
    """Return the weight of acts on each vacancy, shape (n_vacancies,), older acts counting less.

    Parameters
    ----------
    on
        Day from which age is counted; the last day of the interactions where not given. Later acts are left out.
    """
    day = on or interactions.last_day
    counts = np.zeros(len(interactions.vacancy_ids))
    if day is None:
        return counts
    known = interactions.until(day)
    weights = known.weights
    if half_life_days is not None:
        ages = (np.datetime64(day) - known.days).astype(np.float64)
        weights = weights * np.exp2(-ages / half_life_days)
    return np.bincount(known.vacancies, weights=weights, minlength=len(counts)).astype(np.float64)


class PopularityRecommender(Recommender):
    """Ranks by popularity; with groups given, vacancies in a candidate's own groups come first.

    Parameters
    ----------
    candidate_groups, vacancy_groups
        For each id in its order a group such as the region; `None` where it is unknown. Both or neither.
    """

    def __init__(
        self,
        config: PopularityConfig | None = None,
        *,
        candidate_groups: Sequence[str | None] | None = None,
        vacancy_groups: Sequence[str | None] | None = None,
    ) -> None:
        super().__init__()
        if (candidate_groups is None) != (vacancy_groups is None):
            raise InvalidInput("Groups are given for candidates and vacancies, or for neither.")
        self.config = config or PopularityConfig()
        self._candidate_groups = candidate_groups
        self._vacancy_groups = vacancy_groups
        self.popularity_: Floats = np.zeros(0)

    def _fit(self, dataset: Dataset) -> None:
        self.popularity_ = popularity(dataset.interactions, half_life_days=self.config.half_life_days)

    def _scores(self, candidates: Positions) -> Floats:
        scores = np.tile(self.popularity_, (len(candidates), 1))
        if self._candidate_groups is not None and self._vacancy_groups is not None:
            groups = np.array([group if group is not None else "" for group in self._vacancy_groups], dtype=object)
            above = float(self.popularity_.max(initial=0.0)) + 1.0
            for row, candidate in enumerate(candidates):
                group = None if candidate == UNKNOWN else self._candidate_groups[candidate]
                if group:
                    scores[row, groups == group] += above
        return scores

    def to_artefact(self) -> Artefact:
        """Return the popularity of each vacancy; groups are the caller's and are not saved."""
        self.dataset  # noqa: B018  raises before `fit`
        return Artefact({"popularity": self.popularity_}, asdict(self.config))

    @classmethod
    def from_artefact(cls, artefact: Artefact, dataset: Dataset) -> Self:
        """Return the model as it was saved, without groups."""
        model = cls(PopularityConfig(**artefact.metadata))
        model.popularity_ = artefact.arrays["popularity"]
        if len(model.popularity_) != len(dataset.vacancy_ids):
            raise InvalidInput("The saved popularity belongs to another list of vacancies.")
        model._dataset = dataset
        return model
