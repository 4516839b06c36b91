"""How well lists would have met what people did later: split at one day for everyone, never at random.

Models see only what was known up to the split day. Each is measured on warm and cold people and on cold vacancies
apart, with bootstrap intervals over people, beside the paired difference to the next simpler model. In every model
equals stand by how sought they are, as in the product's own list: to somebody of whom nothing is known, all are equal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.components import COMPONENTS, Asked, VacancyIndex, components
from matching.entities import Candidate, CandidateId, VacancyId
from matching.ranking import Weights, rank
from matching.retrieval import retrieve
from matching.rules.dated import Rules, rules_on
from matching.vocabulary import InteractionKind
from models.factors import FactorConfig
from models.metrics.calibration import calibration_error
from models.metrics.intervals import Interval, mean_interval, paired_difference
from models.metrics.ndcg import ndcg
from models.metrics.recall import recall
from pipelines.casebook import Casebook
from pipelines.errors import PipelineError
from pipelines.groups import groups_of as groups_of
from pipelines.ranking_model import RankingModel
from pipelines.static import static_columns
from pipelines.train import TrainConfig, train

MODELS = ("popularity", "text", "content_and_place", "content", "collaborative", "factors", "hybrid", "shortlist")
"""`text` is likeness of words alone, `content_and_place` the same with the place; `content` is everything stated, under
the weights that hold before any behaviour is known. `collaborative` are LightFM's own vectors of people and vacancies,
`factors` those of the factor model in closed form, learned from the same. `hybrid` is the learned score alone,
`shortlist` what a caseworker would have been shown: exclusions and bands as well."""
_COMPARED = (
    ("text", "popularity"),
    ("factors", "collaborative"),
    ("content_and_place", "popularity"),
    ("content", "popularity"),
    ("hybrid", "popularity"),
    ("hybrid", "text"),
    ("hybrid", "content_and_place"),
    ("hybrid", "content"),
    ("shortlist", "hybrid"),
)
_LEARNED_FROM_OTHERS = ("collaborative", "direction", "popularity", "employer_uptake", "area_uptake", "freshness")
"""Components that know what others did, or when: never part of `content`. A person's own earlier vacancies are."""
SEGMENTS = ("all", "warm_people", "cold_people", "cold_vacancies")
SMALL_GROUP = 10


class NothingToEvaluate(PipelineError):
    """There are no acts on both sides of the split day."""


@dataclass(frozen=True, slots=True)
class EvaluateConfig:
    """Settings of an evaluation; at most `max_people` are measured, drawn with the seed."""

    k: int = 10
    split_at: date | None = None
    split_share: float = 0.8
    max_people: int = 5000
    seed: int = 20221104
    train: TrainConfig = field(default_factory=lambda: TrainConfig(left_out=("freshness",), factors=FactorConfig()))


@dataclass(frozen=True, slots=True)
class MeasuredPerson:
    """One person's values: model to the first k, what was relevant, and which segment they belong to."""

    candidate: Candidate
    is_warm: bool
    relevant: frozenset[str]
    relevant_cold: frozenset[str]
    lists: Mapping[str, Sequence[str]]


Scorer = Callable[[CandidateId, Sequence[VacancyId]], NDArray[np.float64]]
"""Scores of vacancies for one person, to be measured beside the models: the right order, where a world knows it."""


def evaluate(
    casebook: Casebook,
    config: EvaluateConfig,
    *,
    progress: Callable[[str], None] | None = None,
    beside: Mapping[str, Scorer] | None = None,
) -> dict[str, Any]:
    """Train on what was known up to the split day and measure on what people did after it.

    `beside` are scorers by name that are measured with the models, over the same people and vacancies.

    Raises
    ------
    NothingToEvaluate
        When there are no acts before or none after the split day.
    """
    tell = progress or (lambda _: None)
    casebook = casebook.learnable()
    split = config.split_at or split_day(casebook, config.split_share)
    relevant_after(
        casebook, split
    )  # before anything is trained: where there is nothing to measure on, it is said at once
    tell(f"以 {split.isoformat()} 为界：之前的数据用于训练，之后的用于检验")
    model = train(casebook, until=split, config=config.train, progress=tell)
    people = measured_people(casebook, model, split, config, tell=tell, beside=beside)
    return measured_document(casebook, model, people, split, config, beside=tuple(beside or {}))


def measured_document(
    casebook: Casebook,
    model: RankingModel,
    people: Sequence[MeasuredPerson],
    split: date,
    config: EvaluateConfig,
    *,
    beside: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the measures of a model that knows nothing after the split day, over people measured under it."""
    said = [name for name in MODELS if name not in _unsaid(model)]
    return {
        "split_at": split.isoformat(),
        "k": config.k,
        "n_people": len(people),
        "n_relevant_pairs": sum(len(p.relevant) for p in people),
        "relevant_kinds": sorted(kind.value for kind in relevant_kinds(casebook, split)),
        "training": dict(model.summary),
        "models": {name: _measured(people, name, config) for name in (*said, *beside)},
        "differences": {
            f"{better} - {simpler}": _differences(people, better, simpler, config)
            for better, simpler in _COMPARED
            if {better, simpler} <= set(said)
        },
        "chance": measured_chance(casebook, model, split, config),
        "groups": _groups(people, config),
    }


def _unsaid(model: RankingModel) -> Iterator[str]:
    """Yield the models of which nothing was learned or kept: their lists would be those of `popularity`."""
    held = model.collaborative
    if held is None or held.candidate_space is None or not held.model.keeps_people:
        yield "collaborative"
    if held is None or held.factors is None:
        yield "factors"


def split_day(casebook: Casebook, share: float) -> date:
    """Return the day by which so large a share of the acts had happened.

    Raises
    ------
    NothingToEvaluate
        When all acts are of one day.
    """
    days = casebook.act_days()
    if len(days) < 2 or days[0] == days[-1]:
        raise NothingToEvaluate("互动记录不足：至少要有不同日期的两条，才能按时间划分")
    day: date = days[min(len(days) - 1, int(len(days) * share))].item()
    return day - timedelta(days=1) if day > days[0].item() else day


def relevant_kinds(casebook: Casebook, split: date) -> frozenset[InteractionKind]:
    """Acts that count as right: those stronger than a look where there are any, else looks."""
    refusals = {InteractionKind.DECLINED_BY_CANDIDATE, InteractionKind.DECLINED_BY_EMPLOYER}
    later = {i.kind for i in casebook.interactions if i.at > split} - refusals
    return frozenset(later - {InteractionKind.VIEWED}) or frozenset(later)


def relevant_after(casebook: Casebook, split: date) -> Mapping[CandidateId, set[VacancyId]]:
    """Return for each person the vacancies first acted on after the split day.

    Raises
    ------
    NothingToEvaluate
        When there is nothing before or nothing after it.
    """
    kinds = relevant_kinds(casebook, split)
    before = {(i.candidate_id, i.vacancy_id) for i in casebook.interactions if i.at <= split}
    found: dict[CandidateId, set[VacancyId]] = {}
    for i in casebook.interactions:
        if i.at > split and i.kind in kinds and (i.candidate_id, i.vacancy_id) not in before:
            found.setdefault(i.candidate_id, set()).add(i.vacancy_id)
    if not found or not before:
        raise NothingToEvaluate(f"{split.isoformat()} 之前或之后没有可用的互动记录，请换一个划分日期")
    return found


def measured_people(
    casebook: Casebook,
    model: RankingModel,
    split: date,
    config: EvaluateConfig,
    *,
    tell: Callable[[str], None] = lambda _: None,
    beside: Mapping[str, Scorer] | None = None,
    only: Sequence[str] = MODELS,
) -> list[MeasuredPerson]:
    """Return the first k of every model for those who acted after the split day; the same people for the same cases.

    With `only` the lists of some models alone; `shortlist` by itself takes half of the time.
    """
    relevant = relevant_after(casebook, split)
    index = model.index(casebook.stock(split), casebook.texts)
    pool = pool_of(casebook, index, split)
    history = casebook.history(split)
    # Refusals are no acts to learn from, but whoever refused, or was refused, is no newcomer.
    before = [(i.candidate_id, i.vacancy_id) for i in casebook.interactions if i.at <= split]
    seen_people, seen_vacancies = {person for person, _ in before}, {vacancy for _, vacancy in before}
    chosen = sorted(candidate_id for candidate_id in relevant if candidate_id in casebook.candidates)
    if len(chosen) > config.max_people:
        rng = np.random.default_rng(config.seed)
        chosen = [chosen[i] for i in np.sort(rng.choice(len(chosen), size=config.max_people, replace=False))]
    rules, people = rules_on(split), []
    alone = _Alone(casebook, model, index)
    for n, candidate_id in enumerate(chosen, start=1):
        acts = history.get(candidate_id, [])
        asked = model.ask(casebook.candidates[candidate_id], acts, index)
        right = {v for v in relevant[candidate_id] if v in index.stock.position}
        people.append(
            MeasuredPerson(
                candidate=asked.candidate,
                is_warm=candidate_id in seen_people,
                relevant=frozenset(right),
                relevant_cold=frozenset(right - seen_vacancies),
                lists=_lists(asked, index, pool, rules, model, alone, beside or {}, config.k, only),
            )
        )
        if n % 200 == 0:
            tell(f"已检验 {n}/{len(chosen)} 人")
    return people


def measured_chance(
    casebook: Casebook, model: RankingModel, split: date, config: EvaluateConfig
) -> dict[str, Any] | None:
    """Hold the stated chance against how proposals after the split ended; None where none is stated or too few ended.

    Only proposals whose end has had its time count: of younger ones only the quick endings would be known.
    """
    if model.weights.chance is None:
        return None
    last = max(i.at for i in casebook.interactions)
    settled = last - timedelta(days=config.train.outcome_settled_days)
    later = casebook.outcomes(since=split + timedelta(days=1), until=last, settled_before=settled)
    index = model.index(casebook.stock(split), casebook.texts)
    known = [
        (act, is_placed)
        for act, is_placed in later
        if act.candidate_id in casebook.candidates and act.vacancy_id in index.stock.position
    ]
    if len(known) < SMALL_GROUP:
        return None
    columns = static_columns(model, index)
    rows = [columns(casebook.candidates[act.candidate_id], act.vacancy_id, act.at)[0] for act, _ in known]
    used = [COMPONENTS.index(name) for name in model.weights.chance.config.names]
    stated = model.weights.chance.probability(np.array(rows, dtype=np.float64)[:, used])
    ended = np.array([float(is_placed) for _, is_placed in known])
    return {
        "n": len(known),
        "share_placed": round(float(ended.mean()), 5),
        "mean_stated": round(float(stated.mean()), 5),
        "calibration_error": round(float(calibration_error(stated, ended) or 0.0), 5),
        "brier": round(float(np.mean((stated - ended) ** 2)), 5),
        "brier_of_mean": round(float(np.mean((ended.mean() - ended) ** 2)), 5),
    }


def pool_of(casebook: Casebook, index: VacancyIndex, split: date) -> NDArray[np.intp]:
    """Return the vacancies that were open on some day of the test period."""
    last = max(i.at for i in casebook.interactions)
    stock = index.stock
    return np.flatnonzero((stock.opens <= last.toordinal()) & (stock.closes > split.toordinal()))


def _lists(
    asked: Asked,
    index: VacancyIndex,
    pool: NDArray[np.intp],
    rules: Rules,
    model: RankingModel,
    alone: "_Alone",
    beside: Mapping[str, Scorer],
    k: int,
    only: Sequence[str],
) -> Mapping[str, Sequence[str]]:
    """Return the first k of each model for one person; vacancies the person acted on before are left out of all."""
    rows = pool[~np.isin(pool, asked.history.rows)]
    retrieval = retrieve(asked.candidate, index.stock, rules, rows=rows)
    ids = index.stock.items
    ranking = rank(asked, index, retrieval, rules, _without_freshness(model.weights), k=k)
    shortlist = [ids[rows[i]].vacancy.vacancy_id for i in ranking.order[:k]]
    if only == ("shortlist",):
        return {"shortlist": shortlist}
    columns = components(asked, index, rows, distance=retrieval.distance, fit=retrieval.fit, on=rules.on)
    # The pool holds vacancies that opened after the split day; how fresh one is would tell when people acted.
    columns[:, COMPONENTS.index("freshness")] = 0.0

    def column(name: str) -> NDArray[np.float64]:
        return columns[:, COMPONENTS.index(name)].astype(np.float64)

    scores = {
        "popularity": column("popularity"),
        "text": column("profile_text") + column("history_text"),
        "content_and_place": _content_and_place(column),
        "content": columns.astype(np.float64) @ _stated_weights(),
        **{name: found[rows] for name, found in alone.scores(asked).items()},
        "hybrid": columns.astype(np.float64) @ model.weights.values,
    }
    if beside:
        names = [ids[row].vacancy.vacancy_id for row in rows]
        scores |= {name: scorer(asked.candidate.candidate_id, names) for name, scorer in beside.items()}
    sought = -column("popularity")  # orders equals, as `rank` does
    lists = {
        name: [ids[rows[i]].vacancy.vacancy_id for i in np.lexsort((rows, sought, -np.round(score, 6)))[:k]]
        for name, score in scores.items()
    }
    return {**lists, "shortlist": shortlist}


class _Alone:
    """LightFM's own vectors, and those of the factor model, by themselves: to be compared, not part of the score."""

    def __init__(self, casebook: Casebook, model: RankingModel, index: VacancyIndex) -> None:
        self._nothing = np.zeros(len(index.stock))
        self._hybrid = self._posts = self._factors = None
        if model.collaborative is not None and model.collaborative.model.keeps_people:
            self._hybrid = replace(model.collaborative, taste=None)
            self._posts = self._hybrid.vacancies(index.stock, casebook.texts)
            self._factors = self._hybrid.factor_vectors(index.stock, casebook.texts)

    def scores(self, asked: Asked) -> Mapping[str, NDArray[np.float64]]:
        """Return the scores of every vacancy for one person, float64 (n,) each; 0 of whom nothing is known."""
        found = {"collaborative": self._nothing, "factors": self._nothing}
        if self._hybrid is not None and self._posts is not None and asked.vector is not None:
            own = self._hybrid.vector(asked.candidate, asked.words)
            found["collaborative"] = np.asarray(self._posts.vectors @ own + self._posts.biases, dtype=np.float64)
        if self._hybrid is not None and self._factors is not None:
            found["factors"] = self._hybrid.factor_scores(asked.candidate, self._factors)
        return found


def _content_and_place(column: Callable[[str], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Likeness of words and of place, weighed alike: a second plain baseline, hard to beat where distance rules."""
    place = (column("same_county") + column("same_prefecture") + column("wished_region")) / 3
    return column("profile_text") + column("history_text") + np.maximum(place, column("address_text"))


def _stated_weights() -> NDArray[np.float64]:
    """Return the weights that hold before any behaviour is known, over what is stated alone."""
    values = Weights.prior().values.copy()
    values[[COMPONENTS.index(name) for name in _LEARNED_FROM_OTHERS]] = 0.0
    return values


def _without_freshness(weights: Weights) -> Weights:
    values = weights.values.copy()
    values[COMPONENTS.index("freshness")] = 0.0
    return Weights(values, weights.chance)


def _segment(people: Sequence[MeasuredPerson], segment: str) -> list[tuple[MeasuredPerson, frozenset[str]]]:
    if segment == "cold_vacancies":
        return [(p, p.relevant_cold) for p in people if p.relevant_cold]
    wanted = {"all": (True, False), "warm_people": (True,), "cold_people": (False,)}[segment]
    return [(p, p.relevant) for p in people if p.is_warm in wanted and p.relevant]


def values_of(
    members: Sequence[tuple[MeasuredPerson, frozenset[str]]], model: str, k: int
) -> dict[str, list[float | None]]:
    """Return recall and NDCG of each member under a model, None where nothing was relevant."""
    return {
        f"recall@{k}": [recall(p.lists[model], right, k=k) for p, right in members],
        f"ndcg@{k}": [ndcg(p.lists[model], right, k=k) for p, right in members],
    }


def interval_document(interval: Interval | None) -> dict[str, float] | None:
    """Return an interval as it travels in JSON."""
    return None if interval is None else {name: round(float(value), 5) for name, value in asdict(interval).items()}


def _measured(people: Sequence[MeasuredPerson], model: str, config: EvaluateConfig) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for segment in SEGMENTS:
        members = _segment(people, segment)
        values = values_of(members, model, config.k)
        found[segment] = {"n_people": len(members)} | {
            name: interval_document(mean_interval(listed, seed=config.seed)) for name, listed in values.items()
        }
    found["n_vacancies_shown"] = len({vacancy_id for p in people for vacancy_id in p.lists[model]})
    return found


def _differences(people: Sequence[MeasuredPerson], better: str, simpler: str, config: EvaluateConfig) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for segment in SEGMENTS:
        members = _segment(people, segment)
        left, right = values_of(members, better, config.k), values_of(members, simpler, config.k)
        found[segment] = {
            name: interval_document(paired_difference(left[name], right[name], seed=config.seed)) for name in left
        }
    return found


def _groups(people: Sequence[MeasuredPerson], config: EvaluateConfig) -> dict[str, Any]:
    """Measure the shortlist by group; the groups are looked at here only, no model ever sees them."""
    by_group: dict[str, dict[str, list[MeasuredPerson]]] = {}
    for person in people:
        for name, value in groups_of(person.candidate).items():
            by_group.setdefault(name, {}).setdefault(value, []).append(person)
    found: dict[str, Any] = {}
    for name, groups in sorted(by_group.items()):
        found[name] = {}
        for value, members in sorted(groups.items()):
            if len(members) < SMALL_GROUP:
                found[name][value] = {"n_people": f"<{SMALL_GROUP}"}
                continue
            values = values_of([(p, p.relevant) for p in members if p.relevant], "shortlist", config.k)
            found[name][value] = {"n_people": len(members)} | {
                metric: interval_document(mean_interval(listed, seed=config.seed)) for metric, listed in values.items()
            }
    return found
