"""How much each component counts, learned from what people chose against what else was open to them that day.

The weights of the whole score are fitted at once. Those of what other people did (`LEANING`) are then made as small as
the first ten of a list allow: a long-known employer is no better for being known, and what was never shown cannot
have been chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.components import COMPONENTS, Asked, Columns, VacancyIndex, components
from matching.entities import CandidateId, VacancyId
from matching.ranking import Weights
from matching.retrieval import retrieve
from matching.rules.dated import rules_on
from matching.settings import ranking_settings
from models.blend import BlendConfig, PairwiseBlend, smallest_as_good
from pipelines.casebook import Casebook
from pipelines.ranking_model import Prepared, RankingModel

LEANING = ("employer_uptake", "area_uptake")
"""Components that repeat what others did; their weights are kept as small as serves."""
_STEPS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_HEAD = 10
# A vector of its own that one or two acts taught says little: with choices to learn from, it starts from nothing.
_MUST_EARN = {"collaborative": 0.0}


@dataclass(frozen=True, slots=True)
class ChoiceConfig:
    """Settings of learning from choices.

    Attributes
    ----------
    n_choices, n_negatives, n_looked_at
        At most so many choices, each against so many others, drawn from at most so many that were open.
    n_checked
        Of so many choices the whole list is kept, to see where in it the chosen one stands.
    left_out
        Components that are treated as unknown.
    """

    n_choices: int = 3000
    n_negatives: int = 60
    n_looked_at: int = 1000
    n_checked: int = 2000
    prior_strength: float = 100.0
    seed: int = 20221104
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class Choices:
    """Rows of what was chosen beside rows of what was not; `checked` holds some whole lists, the chosen one first."""

    positives: list[NDArray[np.float64]] = field(default_factory=list)
    negatives: list[NDArray[np.float64]] = field(default_factory=list)
    stand_for: list[NDArray[np.float64]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    checked: list[Columns] = field(default_factory=list)


def columns_at(asked: Asked, index: VacancyIndex, rows: NDArray[np.intp], on: date) -> Columns:
    """Return the components of one person and some vacancies as they stood on a day."""
    retrieval = retrieve(asked.candidate, index.stock, rules_on(on), rows=rows)
    return components(asked, index, rows, distance=retrieval.distance, fit=retrieval.fit, on=on)


class _Askers:
    """People as they stood before each of their choices; what does not change with their acts is prepared once."""

    def __init__(self, casebook: Casebook, model: RankingModel, index: VacancyIndex, until: date) -> None:
        self._casebook, self._model, self._index = casebook, model, index
        self._prepared: dict[CandidateId, Prepared] = {}
        self._acts: dict[CandidateId, list[tuple[date, VacancyId, float]]] = {}
        table = casebook.acts(until=until, first_day=True)
        for candidate_id, vacancy_id, weight, time in table.itertuples(index=False):
            self._acts.setdefault(candidate_id, []).append((pd.Timestamp(time).date(), vacancy_id, float(weight)))

    def before(self, candidate_id: CandidateId, chosen: VacancyId, day: date) -> Asked | None:
        """Return a person with the acts that came before a choice; None where nobody knows the person.

        Acts of the same day count, since a day is all that is recorded, but never those on the chosen vacancy itself.
        """
        if candidate_id not in self._casebook.candidates:
            return None
        if candidate_id not in self._prepared:
            self._prepared[candidate_id] = self._model.prepare(self._casebook.candidates[candidate_id])
        acts = [(v, weight) for when, v, weight in self._acts.get(candidate_id, []) if when <= day and v != chosen]
        return self._model.ask_prepared(self._prepared[candidate_id], acts, self._index)


def gather_choices(
    casebook: Casebook, model: RankingModel, index: VacancyIndex, inner: date, until: date, config: ChoiceConfig
) -> Choices:
    """Return what people chose after the inner day, and what else was open to them on the day of the choice."""
    stock, rng = index.stock, np.random.default_rng(config.seed)
    askers = _Askers(casebook, model, index, until)
    known = {(i, v) for i, acts in casebook.history(inner).items() for v, _ in acts}
    later = casebook.acts(since=inner + timedelta(days=1), until=until, first_day=True)
    if len(later) > config.n_choices:
        later = later.iloc[np.sort(rng.choice(len(later), size=config.n_choices, replace=False))]
    found = Choices()
    checked = set(np.random.default_rng(config.seed).permutation(len(later))[: config.n_checked].tolist())
    open_by_day: dict[date, NDArray[np.intp]] = {}
    left_out = [COMPONENTS.index(name) for name in config.left_out]
    for place, (candidate_id, vacancy_id, weight, time) in enumerate(later.itertuples(index=False)):
        day = pd.Timestamp(time).date()
        if vacancy_id not in stock.position or (candidate_id, vacancy_id) in known:
            continue
        asked = askers.before(candidate_id, vacancy_id, day)
        if asked is None:
            continue
        if day not in open_by_day:
            open_by_day[day] = stock.open_rows(day)
        chosen = stock.position[vacancy_id]
        # What the person acted on before was no alternative that was passed over.
        others = open_by_day[day][~np.isin(open_by_day[day], [chosen, *asked.history.rows])]
        if len(others) < 2:
            continue
        n_others = len(others)
        if n_others > config.n_looked_at:
            others = rng.choice(others, size=config.n_looked_at, replace=False)
        columns = columns_at(asked, index, np.concatenate([[chosen], others]), day)
        columns[:, left_out] = 0.0
        drawn, counts = _negatives(columns[1:].astype(np.float64), config.n_negatives, rng)
        found.positives.append(columns[0].astype(np.float64))
        found.negatives.append(drawn)
        found.stand_for.append(counts * (n_others / len(others)))
        found.weights.append(float(weight))
        if place in checked:
            found.checked.append(columns)
    return found


def learn_weights(choices: Choices, config: ChoiceConfig) -> PairwiseBlend:
    """Fit the weights; those of what others did are the smallest that serve the head of a list as well as any.

    As well means: within one standard error of the best, over the same choices (the rule of one standard error).
    """
    free = fitted(choices, config, {})
    own = {name: free.weights_[name] for name in LEANING}
    if not choices.checked or not any(own.values()):
        return free
    blends, heads = {}, {}
    for step in _STEPS:
        blends[step] = fitted(choices, config, {name: step * weight for name, weight in own.items()})
        heads[step] = _heads(choices.checked, np.array([blends[step].weights_[name] for name in COMPONENTS]))
    return blends[smallest_as_good(heads)]


def fitted(choices: Choices, config: ChoiceConfig, fixed: Mapping[str, float]) -> PairwiseBlend:
    """Fit the weights with some fixed; those that fall below what `data/ranking.yaml` allows are held there."""
    blend = _blend(choices, config, fixed)
    floors = ranking_settings().not_below
    held = {name: least for name, least in floors.items() if name not in fixed and blend.weights_[name] < least}
    return _blend(choices, config, {**fixed, **held}) if held else blend


def _blend(choices: Choices, config: ChoiceConfig, fixed: Mapping[str, float]) -> PairwiseBlend:
    settings, n = ranking_settings(), len(COMPONENTS)
    blend = PairwiseBlend(
        BlendConfig(
            COMPONENTS,
            {**settings.prior_weights, **_MUST_EARN},
            prior_strength=config.prior_strength,
            non_negative=frozenset(settings.not_negative),
            fixed=fixed,
        )
    )
    return blend.fit(
        np.array(choices.positives).reshape(-1, n),
        np.array(choices.negatives).reshape(-1, config.n_negatives, n),
        group_weights=np.array(choices.weights),
        stand_for=np.array(choices.stand_for).reshape(-1, config.n_negatives),
    )


def _heads(lists: Sequence[Columns], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each list how near its head the chosen one, its first row, stands: NDCG of one right vacancy."""
    popularity = COMPONENTS.index("popularity")
    found = np.zeros(len(lists))
    for at, columns in enumerate(lists):
        score = np.round(columns.astype(np.float64) @ weights, 6)
        sought = columns[:, popularity]
        before = int(np.count_nonzero((score > score[0]) | ((score == score[0]) & (sought > sought[0]))))
        found[at] = 1.0 / np.log2(before + 2) if before < _HEAD else 0.0
    return found


def _negatives(
    columns: NDArray[np.float64], n: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return n of the vacancies not chosen, and how many of them each stands for.

    Half are drawn from those that look best beforehand: vacancies at the other end of the province teach only that near
    is better than far; who belongs among the first ten is learned from those that could have been there. The counts let
    both halves speak for as many as there are, so that being drawn for looking right does not count against a vacancy.
    """
    order = np.argsort(-(columns @ Weights.prior().values), kind="stable")
    likely, rest = order[: 2 * n], order[2 * n :]
    n_likely = n // 2 if len(rest) else n
    drawn = [_draw(likely, n_likely, rng), _draw(rest, n - n_likely, rng)]
    counts = np.repeat([len(likely) / max(1, n_likely), len(rest) / max(1, n - n_likely)], [n_likely, n - n_likely])
    return np.asarray(columns[np.concatenate(drawn)]), counts


def _draw(rows: NDArray[np.intp], n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return rng.choice(rows, size=n, replace=len(rows) < n) if n else rows[:0]
