"""From stored cases to a fitted ranking model, looking only at what was known up to a day.

Two passes. The first stops at an inner day: what people did after it teaches how much each component counts
(against what else was open to them that day) and how likely a placement is. The second learns the rest from all.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from matching.components import COMPONENTS, Asked, Columns, VacancyIndex, components
from matching.entities import CandidateId, Vacancy, VacancyId
from matching.features import address_words, candidate_features, candidate_words, vacancy_features
from matching.ranking import Weights
from matching.retrieval import retrieve
from matching.rules.dated import rules_on
from matching.settings import ranking_settings
from models.base import Dataset
from models.blend import BlendConfig, PairwiseBlend
from models.chance import ChanceConfig, ChanceModel
from models.columns import Columns as Names
from models.errors import NotEnoughData
from models.features import FeatureSpace, FeatureWeighting
from models.hybrid import HybridConfig, HybridModel
from models.ids import IdMap
from models.interactions import Interactions
from models.text import TextSpace
from pipelines.casebook import Casebook
from pipelines.ranking_model import Collaborative, Prepared, RankingModel, pseudonym

logger = logging.getLogger(__name__)
# Place decides more than any word, and a row has one place and many words: measured on real job views.
PLACE_WEIGHTS = dict.fromkeys(
    ("county", "prefecture", "place", "home_county", "home_prefecture", "wished_county", "wished_prefecture"), 3.0
)
# A vector of its own that one or two acts taught says little: with choices to learn from, it starts from nothing.
_MUST_EARN = {"collaborative": 0.0}
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Settings of training; `inner_share` of the acts, the latest, teach the weights of the components."""

    hybrid: HybridConfig = field(default_factory=HybridConfig)
    inner_share: float = 0.2
    n_choices: int = 3000
    n_negatives: int = 60
    prior_strength: float = 100.0
    n_looked_at: int = 1000
    seed: int = 20221104
    min_acts: int = 200
    outcome_settled_days: int = 60
    min_outcomes: int = 50
    n_outcomes: int = 6000
    left_out: tuple[str, ...] = ()


def train(
    casebook: Casebook, *, until: date, config: TrainConfig | None = None, progress: Progress | None = None
) -> RankingModel:
    """Fit a ranking model on everything known up to a day.

    Without acts the model orders by wishes, words and place with the stated prior weights; with few, near to them.
    """
    config = config or TrainConfig()
    tell = progress or (lambda _: None)
    acts = casebook.acts(until=until)
    inner = _inner_day(acts, config)
    weights, n_choices = Weights.prior().values, 0
    if inner is not None:
        tell(f"第一遍：学习到 {inner.isoformat()} 为止的互动")
        early = _learn(casebook, casebook.acts(until=inner), inner, config)
        index = early.index(casebook.stock(inner), casebook.texts)
        tell("学习各项因素的权重")
        blend = _learn_weights(casebook, early, index, inner, until, config)
        weights = np.array([blend.weights_[name] for name in COMPONENTS])
        n_choices = blend.n_groups_
    tell(f"第二遍：学习到 {until.isoformat()} 为止的全部互动")
    learned = _learn(casebook, acts, until, config)
    chance = None
    if inner is not None:
        tell("学习推荐之后的结果")
        chance = _learn_chance(casebook, learned, learned.index(casebook.stock(until), casebook.texts), until, config)
    summary = {
        "n_candidates": len(casebook.candidates),
        "n_vacancies": len(casebook.vacancies),
        "n_pairs": len(acts),
        "n_choices": n_choices,
        "weights": dict(zip(COMPONENTS, np.round(weights, 4).tolist(), strict=True)),
        "has_collaborative": learned.collaborative is not None,
        "has_chance": chance is not None,
        "chance_calibration": None
        if chance is None
        else {"slope": chance.calibration.slope, "n": chance.calibration.n},
    }
    return RankingModel(
        trained_until=until,
        text_space=learned.text_space,
        address_space=learned.address_space,
        collaborative=learned.collaborative,
        popularity=learned.popularity,
        weights=Weights(weights, chance),
        summary=summary,
    )


def _inner_day(acts: pd.DataFrame, config: TrainConfig) -> date | None:
    if len(acts) < config.min_acts:
        return None
    days = acts[Names.TIME].to_numpy()
    inner: date = days[int(len(days) * (1 - config.inner_share))].astype("datetime64[D]").item()
    first, last = days[0].astype("datetime64[D]").item(), days[-1].astype("datetime64[D]").item()
    return inner - timedelta(days=1) if first < inner < last or first < inner == last else None


def _learn(casebook: Casebook, acts: pd.DataFrame, until: date, config: TrainConfig) -> RankingModel:
    """Learn everything but the weights of the components."""
    # What opened later is not known: not its words, nor that its features exist.
    known = [v for v in casebook.vacancies if v.opens_on is None or v.opens_on <= until]
    texts = [casebook.texts[v.vacancy_id].words for v in known]
    return RankingModel(
        trained_until=until,
        text_space=_text_space(texts),  # words of vacancies alone: what people wrote of themselves is never learned
        address_space=_address_space(known),
        collaborative=_collaborative(replace(casebook, vacancies=known), acts, until, config),
        popularity=_popularity(acts, until),
        weights=Weights.prior(),
        summary={},
    )


def _text_space(texts: Sequence[Sequence[str]]) -> TextSpace:
    try:
        return TextSpace(min_df=2).fit(texts)
    except NotEnoughData:
        return TextSpace(min_df=1).fit([*texts, ["岗位"]])


def _address_space(vacancies: Sequence[Vacancy]) -> TextSpace | None:
    """Words of vacancies' addresses only; people's addresses are held against them and never learned."""
    try:
        return TextSpace(min_df=1).fit([address_words(v.address) for v in vacancies if v.address])
    except NotEnoughData:
        return None


def _popularity(acts: pd.DataFrame, until: date) -> dict[VacancyId, float]:
    if acts.empty:
        return {}
    age = (np.datetime64(until) - acts[Names.TIME].to_numpy().astype("datetime64[D]")).astype(float)
    recent = 0.5 ** (age / ranking_settings().popularity_half_life_days)
    counts = pd.Series(recent).groupby(acts[Names.VACANCY].to_numpy()).sum()
    return {VacancyId(str(vacancy_id)): float(count) for vacancy_id, count in counts.items()}


def _collaborative(casebook: Casebook, acts: pd.DataFrame, until: date, config: TrainConfig) -> Collaborative | None:
    if len(acts) < config.min_acts:
        return None
    stock = casebook.stock(until)
    people = list(casebook.candidates.values())
    rows = [candidate_features(c, candidate_words(c)) for c in people]
    vacancy_rows = [vacancy_features(i, casebook.texts[i.vacancy.vacancy_id].words) for i in stock.items]
    weighting = FeatureWeighting(PLACE_WEIGHTS)
    candidate_space = FeatureSpace.fit(rows, min_count=2, weighting=weighting)
    vacancy_space = FeatureSpace.fit(vacancy_rows, min_count=2, weighting=weighting)
    candidate_ids = IdMap(pseudonym(c.candidate_id) for c in people)
    vacancy_ids = IdMap(item.vacancy.vacancy_id for item in stock.items)
    table = acts.assign(**{Names.CANDIDATE: [pseudonym(CandidateId(c)) for c in acts[Names.CANDIDATE]]})
    interactions = Interactions.from_table(table, candidate_ids, vacancy_ids, drop_unknown=True)
    candidate_matrix, vacancy_matrix = candidate_space.transform(rows), vacancy_space.transform(vacancy_rows)
    model = HybridModel(config.hybrid).fit(Dataset(interactions, candidate_matrix, vacancy_matrix))
    sample = np.random.default_rng(config.seed).choice(len(people), size=min(300, len(people)), replace=False)
    vectors = model.candidate_vectors(candidate_matrix[sample], [pseudonym(people[i].candidate_id) for i in sample])
    factors, biases = model.vacancy_vectors(vacancy_matrix, [item.vacancy.vacancy_id for item in stock.items])
    scale = float(np.std(vectors @ factors.T + biases)) or 1.0
    return Collaborative(model, candidate_space, vacancy_space, scale)


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


def _learn_weights(
    casebook: Casebook, model: RankingModel, index: VacancyIndex, inner: date, until: date, config: TrainConfig
) -> PairwiseBlend:
    """Learn what people chose after the inner day against what else was open that day."""
    stock, rng = index.stock, np.random.default_rng(config.seed)
    askers = _Askers(casebook, model, index, until)
    known = {(i, v) for i, acts in casebook.history(inner).items() for v, _ in acts}
    later = casebook.acts(since=inner + timedelta(days=1), until=until, first_day=True)
    if len(later) > config.n_choices:
        later = later.iloc[np.sort(rng.choice(len(later), size=config.n_choices, replace=False))]
    positives: list[NDArray[np.float64]] = []
    negatives: list[NDArray[np.float64]] = []
    stand_for: list[NDArray[np.float64]] = []
    weights: list[float] = []
    open_by_day: dict[date, NDArray[np.intp]] = {}
    left_out = [COMPONENTS.index(name) for name in config.left_out]
    for candidate_id, vacancy_id, weight, time in later.itertuples(index=False):
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
        found = columns_at(asked, index, np.concatenate([[chosen], others]), day).astype(np.float64)
        found[:, left_out] = 0.0
        positives.append(found[0])
        drawn, counts = _negatives(found[1:], config.n_negatives, rng)
        negatives.append(drawn)
        stand_for.append(counts * (n_others / len(others)))
        weights.append(float(weight))
    settings = ranking_settings()
    blend = PairwiseBlend(
        BlendConfig(
            COMPONENTS,
            {**settings.prior_weights, **_MUST_EARN},
            prior_strength=config.prior_strength,
            non_negative=frozenset(settings.not_negative),
        )
    )
    n = len(COMPONENTS)
    return blend.fit(
        np.array(positives).reshape(-1, n),
        np.array(negatives).reshape(-1, config.n_negatives, n),
        group_weights=np.array(weights),
        stand_for=np.array(stand_for).reshape(-1, config.n_negatives),
    )


STATIC = tuple(
    name
    for name in COMPONENTS
    if name
    not in ("collaborative", "direction", "history_text", "history_family", "popularity", "freshness", "address_text")
)
"""Components that no act changes: outcomes of the whole past can teach these without looking ahead."""


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


def _learn_chance(
    casebook: Casebook, model: RankingModel, index: VacancyIndex, until: date, config: TrainConfig
) -> ChanceModel | None:
    """Learn how proposals ended, from what was known before any of them; None while too few ended either way."""
    settled = until - timedelta(days=config.outcome_settled_days)
    outcomes = casebook.outcomes(since=date.min, until=until, settled_before=settled)
    if len(outcomes) > config.n_outcomes:
        drawn = np.random.default_rng(config.seed).choice(len(outcomes), size=config.n_outcomes, replace=False)
        outcomes = [outcomes[i] for i in np.sort(drawn)]
    pairs: list[NDArray[np.float64]] = []
    ended: list[int] = []
    people: list[str] = []
    asked: dict[CandidateId, Asked] = {}
    for act, is_placed in outcomes:
        candidate = casebook.candidates.get(act.candidate_id)
        if candidate is None or act.vacancy_id not in index.stock.position:
            continue
        if act.candidate_id not in asked:
            asked[act.candidate_id] = model.ask(candidate, [], index)
        row = np.array([index.stock.position[act.vacancy_id]], dtype=np.intp)
        pairs.append(columns_at(asked[act.candidate_id], index, row, act.at)[0].astype(np.float64))
        ended.append(int(is_placed))
        people.append(act.candidate_id)
    static = [COMPONENTS.index(name) for name in STATIC]
    chance = ChanceModel.fit_if_enough(
        ChanceConfig(STATIC),
        np.array(pairs).reshape(-1, len(COMPONENTS))[:, static],
        np.array(ended),
        groups=np.unique(np.array(people), return_inverse=True)[1] if people else None,
        minimum=config.min_outcomes,
    )
    # A chance that states no more than the mean rate does is not shown.
    return chance if chance is not None and chance.calibration.holds else None
