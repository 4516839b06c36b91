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

from matching.accommodation import MAX_LEVEL
from matching.components import COMPONENTS, Demanded, VacancyIndex
from matching.entities import Vacancy, VacancyId
from matching.features import address_words, provider_key
from matching.fit import FUNCTIONS
from matching.ranking import Weights
from matching.regions import prefecture
from matching.settings import ranking_settings
from models.base import Dataset
from models.chance import ChanceConfig, ChanceModel
from models.columns import Columns as Names
from models.errors import NotEnoughData
from models.factors import FactorConfig, FactorModel
from models.features import FeatureSpace, FeatureWeighting
from models.hybrid import HybridConfig, HybridModel
from models.ids import IdMap
from models.interactions import Interactions
from models.taste import TasteConfig
from models.text import TextSpace
from models.uptake import NOWHERE, Acts, Offers, Uptake, UptakeConfig
from pipelines.casebook import Casebook
from pipelines.choices import ChoiceConfig, Choices, gather_choices, learn_weights
from pipelines.engines.features import FeatureRows
from pipelines.influence import within_influence
from pipelines.ranking_model import Collaborative, RankingModel
from pipelines.static import STATIC, static_columns
from pipelines.taste import learn_taste

logger = logging.getLogger(__name__)
# Place decides more than any word, and a row has one place and many words: measured on real job views.
PLACE_WEIGHTS = dict.fromkeys(
    ("county", "prefecture", "place", "home_county", "home_prefecture", "wished_county", "wished_prefecture"), 3.0
)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainConfig(ChoiceConfig):
    """Settings of training; `inner_share` of the acts, the latest, teach the weights of the components.

    LightFM takes time in proportion to acts, and learns from `n_acts` at most, those of people drawn evenly.
    With `factors` the factor model is learned beside the hybrid, to be compared with it. Taste is learned of at most
    `n_taught` people, since what is stated of each of their pairs is worked out for it. Without `states_chance` no
    chance is learned: it orders nothing, and takes a third of the time. `rows` makes the rows of features, the same
    rows on a cluster as here.
    """

    hybrid: HybridConfig = field(default_factory=HybridConfig)
    factors: FactorConfig | None = None
    taste: TasteConfig | None = field(default_factory=TasteConfig)
    n_taught: int = 20_000
    n_acts: int = 250_000
    uptake: UptakeConfig = field(default_factory=UptakeConfig)
    inner_share: float = 0.2
    min_acts: int = 200
    outcome_settled_days: int = 60
    min_outcomes: int = 50
    n_outcomes: int = 6000
    states_chance: bool = True
    rows: FeatureRows = field(default_factory=FeatureRows)


def train(
    casebook: Casebook, *, until: date, config: TrainConfig | None = None, progress: Progress | None = None
) -> RankingModel:
    """Fit a ranking model on everything known up to a day.

    Without acts the model orders by wishes, words and place with the stated prior weights; with few, near to them.
    """
    config, bounded = config or TrainConfig(), within_influence(casebook.learnable(), until)
    casebook = bounded.casebook
    tell = progress or (lambda _: None)
    acts = casebook.acts(until=until)
    weights, n_choices = Weights.prior().values, 0
    choices = taught_choices(casebook, until=until, config=config, progress=tell)
    if choices is not None:
        tell("学习各项因素的权重")
        blend = learn_weights(choices, config)
        weights = np.array([blend.weights_[name] for name in COMPONENTS])
        n_choices = blend.n_groups_
    tell(f"第二遍：学习到 {until.isoformat()} 为止的全部互动")
    learned = learn_parts(casebook, until=until, config=config)
    chance = None
    if choices is not None and config.states_chance:
        tell("学习推荐之后的结果")
        chance = _learn_chance(casebook, learned, learned.index(casebook.stock(until), casebook.texts), until, config)
    summary = {
        "n_candidates": len(casebook.candidates),
        "n_vacancies": len(casebook.vacancies),
        "n_pairs": len(acts),
        "n_choices": n_choices,
        "influence": bounded.as_dict(),
        "names_key": casebook.names.key_id,
        "weights": dict(zip(COMPONENTS, np.round(weights, 4).tolist(), strict=True)),
        "has_collaborative": learned.collaborative is not None,
        "keeps_people": learned.collaborative is not None and bool(weights[COMPONENTS.index("collaborative")]),
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
        uptake=learned.uptake,
        schooling=learned.schooling,
        demanded=learned.demanded,
        names=casebook.names,
    )


def taught_choices(
    casebook: Casebook, *, until: date, config: TrainConfig, progress: Progress | None = None
) -> Choices | None:
    """Return the latest choices up to a day, as a model that stops before them sees them; None with too few acts."""
    inner = _inner_day(casebook.acts(until=until), config)
    if inner is None:
        return None
    if progress is not None:
        progress(f"第一遍：学习到 {inner.isoformat()} 为止的互动")
    early = learn_parts(casebook, until=inner, config=config)
    index = early.index(casebook.stock(inner), casebook.texts)
    return gather_choices(casebook, early, index, inner, until, config)


def _inner_day(acts: pd.DataFrame, config: TrainConfig) -> date | None:
    if len(acts) < config.min_acts:
        return None
    days = acts[Names.TIME].to_numpy()
    inner: date = days[int(len(days) * (1 - config.inner_share))].astype("datetime64[D]").item()
    first, last = days[0].astype("datetime64[D]").item(), days[-1].astype("datetime64[D]").item()
    return inner - timedelta(days=1) if first < inner < last or first < inner == last else None


def learn_parts(casebook: Casebook, *, until: date, config: TrainConfig) -> RankingModel:
    """Learn everything but the weights of the components, and how proposals end."""
    acts = casebook.acts(until=until)
    # What opened later is not known: not its words, nor that its features exist.
    known = [v for v in casebook.vacancies if v.opens_on is None or v.opens_on <= until]
    texts = [casebook.texts[v.vacancy_id].words for v in known]
    learned = RankingModel(
        trained_until=until,
        text_space=_text_space(texts),  # words of vacancies alone: what people wrote of themselves is never learned
        address_space=_address_space(known),
        collaborative=_collaborative(replace(casebook, vacancies=known), acts, until, config),
        popularity=_popularity(acts, until),
        weights=Weights.prior(),
        summary={},
        uptake=_uptake(casebook, known, acts, until, config),
        schooling=_schooling(casebook),
        demanded=_demanded(known),
        names=casebook.names,
    )
    if learned.collaborative is None or config.taste is None:
        return learned
    taste = learn_taste(replace(casebook, vacancies=known), learned, until, config, config.taste, config.n_taught)
    return replace(learned, collaborative=replace(learned.collaborative, taste=taste))


def learned_vectors(casebook: Casebook, *, until: date, config: TrainConfig) -> Collaborative | None:
    """Learn vectors alone, from what was known up to a day; None where too few acts are recorded."""
    known = [v for v in casebook.vacancies if v.opens_on is None or v.opens_on <= until]
    return _collaborative(replace(casebook, vacancies=known), casebook.acts(until=until), until, config)


def _schooling(casebook: Casebook) -> tuple[float, ...]:
    """Return the share of people at each rank of education, of those who state it; nothing where too few do."""
    ranks = [c.education.rank for c in casebook.candidates.values() if c.education is not None]
    if len(ranks) < _FEW_PEOPLE:
        return ()
    counts = np.bincount(ranks)
    return tuple((counts / counts.sum()).tolist())


def _demanded(vacancies: Sequence[Vacancy]) -> Demanded:
    """Return the share of vacancies at each level of each function, of those that state demands; nothing if few do."""
    stating = [v.demands for v in vacancies if v.demands]
    if len(stating) < _FEW_VACANCIES:
        return ()
    counts = np.zeros((len(FUNCTIONS), MAX_LEVEL + 1))
    for demands in stating:
        counts[np.arange(len(FUNCTIONS)), [demands.get(function, 0) for function in FUNCTIONS]] += 1
    return tuple(tuple(row) for row in (counts / len(stating)).tolist())


_FEW_PEOPLE = 50
_FEW_VACANCIES = 10


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


def _uptake(
    casebook: Casebook, known: Sequence[Vacancy], acts: pd.DataFrame, until: date, config: TrainConfig
) -> Uptake | None:
    """Count how often people of each county acted on each employer, against the days its vacancies stood open.

    A vacancy whose first day is not known is left out with its acts: how long it stood open is not known either.
    """
    offers = {v.vacancy_id: v for v in known if v.opens_on is not None}
    rows = [row for row in acts.itertuples(index=False) if row[1] in offers]
    if len(rows) < config.min_acts:
        return None
    opened = np.array([_days_ago(v.opens_on, until) for v in offers.values()])
    people = casebook.candidates
    regions = [people[person].region if person in people else None for person, *_ in rows]
    return Uptake.fit(
        Acts(
            areas=[region or NOWHERE for region in regions],
            providers=[provider_key(offers[vacancy_id]) for _, vacancy_id, *_ in rows],
            places=[offers[vacancy_id].region or NOWHERE for _, vacancy_id, *_ in rows],
            ages=np.array([(until - pd.Timestamp(row[3]).date()).days for row in rows], dtype=np.float64),
            people=[str(person) for person, *_ in rows],
        ),
        Offers(
            providers=[provider_key(v) for v in offers.values()],
            places=[v.region or NOWHERE for v in offers.values()],
            opened=opened,
            # A vacancy that says it closed before it opened was open on no day that is known.
            closed=np.minimum(opened, [_days_ago(v.closes_on, until) for v in offers.values()]),
        ),
        prefecture,
        config.uptake,
    )


def _days_ago(day: date | None, until: date) -> float:
    """Return how many days before the last one a day was, 0 where it is not known or has not come."""
    return 0.0 if day is None else float(max(0, (until - day).days))


def _collaborative(casebook: Casebook, acts: pd.DataFrame, until: date, config: TrainConfig) -> Collaborative | None:
    if len(acts) < config.min_acts:
        return None
    stock = casebook.stock(until)
    names = casebook.names
    # In the order of the names: that of the ids would tell who is who.
    people = sorted(casebook.candidates.values(), key=lambda candidate: names.of(candidate.candidate_id))
    rows, vacancy_rows = config.rows.of_people(people), config.rows.of_vacancies(stock.items, casebook.texts)
    weighting = FeatureWeighting(PLACE_WEIGHTS)
    candidate_space = FeatureSpace.fit_coded(rows, min_count=2, weighting=weighting)
    vacancy_space = FeatureSpace.fit_coded(vacancy_rows, min_count=2, weighting=weighting)
    candidate_ids = IdMap(names.of(c.candidate_id) for c in people)
    vacancy_ids = IdMap(item.vacancy.vacancy_id for item in stock.items)
    table = acts.assign(**{Names.CANDIDATE: [names.of(c) for c in acts[Names.CANDIDATE]]})
    interactions = Interactions.from_table(table, candidate_ids, vacancy_ids, drop_unknown=True)
    candidate_matrix = candidate_space.transform_parts(rows)
    vacancy_matrix = vacancy_space.transform_parts(vacancy_rows)
    dataset = Dataset(interactions, candidate_matrix, vacancy_matrix)
    drawn = replace(dataset, interactions=interactions.of_some(config.n_acts, config.seed))
    model = HybridModel(config.hybrid).fit(drawn)
    sample = np.random.default_rng(config.seed).choice(len(people), size=min(300, len(people)), replace=False)
    vectors = model.candidate_vectors(candidate_matrix[sample], [names.of(people[i].candidate_id) for i in sample])
    towards, biases = model.vacancy_vectors(vacancy_matrix, [item.vacancy.vacancy_id for item in stock.items])
    scale = float(np.std(vectors @ towards.T + biases)) or 1.0
    factors = None if config.factors is None else FactorModel(config.factors).fit(dataset)
    return Collaborative(model, candidate_space, vacancy_space, scale, names, factors)


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
    columns = static_columns(model, index)
    for act, is_placed in outcomes:
        candidate = casebook.candidates.get(act.candidate_id)
        if candidate is None or act.vacancy_id not in index.stock.position:
            continue
        pairs.append(columns(candidate, act.vacancy_id, act.at)[0].astype(np.float64))
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
