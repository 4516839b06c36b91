"""What a reason is, and one line of a ranking as explaining needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.components import COMPONENTS, Asked, VacancyIndex
from matching.entities import Candidate
from matching.fit import Fit
from matching.ranking import Ranking
from matching.rules.dated import Rules
from matching.source import Source
from matching.stock import StockItem
from matching.vocabulary import ReasonKind


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence with its kind, the facts it rests on, and its source where it cites one.

    `weight` orders reasons among each other, larger first; it is not shown.
    """

    kind: ReasonKind
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: Source | None = None
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ranking, as explaining needs it."""

    asked: Asked
    index: VacancyIndex
    ranking: Ranking
    place: int
    fit: Fit
    rules: Rules
    words: NDArray[np.float32]
    """How much each word of the text space says of the person, (n_words,); made once for all lines."""

    @property
    def row(self) -> int:
        """Position of the vacancy in the stock."""
        return int(self.ranking.retrieval.rows[self.ranking.order[self.place]])

    @property
    def item(self) -> StockItem:
        """The vacancy."""
        return self.index.stock.items[self.row]

    @property
    def candidate(self) -> Candidate:
        """The person."""
        return self.asked.candidate

    @property
    def km(self) -> float | None:
        """Straight-line km, or None where either place is not known."""
        typical = float(self.ranking.retrieval.distance.typical[self.ranking.order[self.place]])
        return None if np.isnan(typical) else typical

    @property
    def is_exact_place(self) -> bool:
        """True where both places are given as points."""
        distance, position = self.ranking.retrieval.distance, self.ranking.order[self.place]
        return bool(distance.typical[position] == distance.least[position])

    def component(self, name: str) -> float:
        """Return one component of the score as it stands in the columns."""
        return float(self.ranking.columns[self.place, COMPONENTS.index(name)])

    def counts(self, name: str) -> bool:
        """Say whether a component has a weight in the score."""
        return bool(self.ranking.weights.values[COMPONENTS.index(name)])

    def points(self, name: str) -> float:
        """Return what a component adds to the score, in the score's unit."""
        return float(self.ranking.weights.values[COMPONENTS.index(name)]) * self.component(name)
