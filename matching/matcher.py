"""`match`: one person and a stock to an explained list; the project's main verb."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from matching.components import COMPONENTS, Asked, VacancyIndex
from matching.entities import Candidate
from matching.explanation import explain, needed_at
from matching.fit import Fit, compare
from matching.line import Line, Reason
from matching.lots import PLACE, Drawn
from matching.missing import LicenceUnlock, MissingFact, Unlock, licence_unlocks, missing_for, unlocks
from matching.notes import Employment, PersonNote, list_notes, lot_notes, person_notes, wish_notes
from matching.ranking import Band, Probability, Ranking, Weights, rank
from matching.retrieval import Exclusion, retrieve
from matching.rules.dated import Rules
from matching.settings import ranking_settings
from matching.stock import StockItem
from matching.vocabulary import Accommodation, AccommodationState, Outcome


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a shortlist; `stands_behind` is the rank of the employer's similar post before it, if it moved.

    `crowding` is there where a post stepped back because too many lists would begin with it.
    """

    rank: int
    stock_item: StockItem
    outcome: Outcome
    outlook: Outcome | None
    band: Band
    fit: float
    fit_parts: Mapping[str, float]
    chance: Probability | None
    score: float
    score_parts: Mapping[str, float]
    reasons: tuple[Reason, ...]
    missing: tuple[MissingFact, ...]
    accommodations: Mapping[Accommodation, AccommodationState]
    stands_behind: int | None = None
    crowding: "SteppedBack | None" = None


@dataclass(frozen=True, slots=True)
class ExcludedCount:
    """How many open vacancies one reason leaves out."""

    exclusion: Exclusion
    n_vacancies: int


@dataclass(frozen=True, slots=True)
class Shortlist:
    """One person's list: `items` are the first k of `n_ranked`; with `excluded` they are all `n_open` vacancies."""

    candidate: Candidate
    items: tuple[Item, ...]
    n_open: int
    n_ranked: int
    excluded: tuple[ExcludedCount, ...]
    unlocks: tuple[Unlock, ...]
    licence_unlocks: tuple[LicenceUnlock, ...] = field(default=())
    notes: tuple[PersonNote, ...] = field(default=())
    drawn: Drawn | None = None


def match(
    asked: Asked,
    index: VacancyIndex,
    rules: Rules,
    weights: Weights,
    *,
    k: int,
    employment: Employment | None = None,
) -> Shortlist:
    """Hold one person against every open vacancy, rank what may be listed, and explain the first k."""
    retrieval = retrieve(asked.candidate, index.stock, rules)
    ranking = rank(asked, index, retrieval, rules, weights, k=k)
    first_fits = _first_fits(asked, index, ranking) if k else []
    common = list_notes(asked.candidate, first_fits)
    drawn = ranking.drawn if k >= PLACE else None  # a shorter list does not reach the place
    counts = np.bincount(retrieval.excluded_by[retrieval.excluded_by >= 0], minlength=len(retrieval.exclusions))
    return Shortlist(
        candidate=asked.candidate,
        items=explain_lines(asked, index, ranking, rules, range(min(k, len(ranking))), fits=first_fits),
        n_open=len(retrieval.rows),
        n_ranked=len(ranking),
        excluded=tuple(
            ExcludedCount(exclusion, int(count)) for exclusion, count in zip(retrieval.exclusions, counts, strict=True)
        ),
        unlocks=unlocks(asked.candidate, index.stock, retrieval),
        licence_unlocks=licence_unlocks(retrieval),
        notes=(
            *person_notes(asked.candidate, rules, employment),
            *wish_notes(asked.candidate, index.stock, retrieval),
            *common,
            *lot_notes(drawn),
        ),
        drawn=drawn,
    )


@dataclass(frozen=True, slots=True)
class SteppedBack:
    """Why a crowded post stands where it does: people per opening who would look at it, and its rank without that."""

    looks: float
    openings: float
    rank_without: int
    price: float
    is_crowded: bool
    """False where it is other posts' stepping back that would crowd it."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The first lines of one person's list as columns, without their reasons; each has as many rows as lines.

    `rows` are positions in the stock; `outcome` are positions in `fit.OUTCOMES`; `chance` is None where none is known.
    """

    rows: NDArray[np.intp]
    outcome: NDArray[np.int8]
    band: NDArray[np.int8]
    fit: NDArray[np.float64]
    chance: NDArray[np.float64] | None
    score: NDArray[np.float64]


def lines(asked: Asked, index: VacancyIndex, rules: Rules, weights: Weights, *, k: int) -> Lines:
    """Return the first k lines that `match` would return, for many people at once: reasons are made when asked for."""
    retrieval = retrieve(asked.candidate, index.stock, rules)
    ranking = rank(asked, index, retrieval, rules, weights, k=k)
    at = ranking.order[:k]
    chances = _chances(ranking, range(len(at)))
    return Lines(
        rows=retrieval.rows[at],
        outcome=retrieval.fit.outcome[at],
        band=ranking.band[:k],
        fit=written(ranking.fit.total[:k], 4),
        chance=None if weights.chance is None else written(np.array([c.value for c in chances if c is not None]), 4),
        score=written(ranking.score[:k], 6),
    )


def written(numbers: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    """Return numbers as every list writes them: numpy's rounding and Python's part ways where the next digit is a 5."""
    return np.asarray(np.round(numbers, digits))


def _first_fits(asked: Asked, index: VacancyIndex, ranking: Ranking) -> list[Fit]:
    """Return the fits of the first lines, the same few however long a list is asked for."""
    return [
        _fit(asked, index, ranking, place) for place in range(min(ranking_settings().said_once.lines, len(ranking)))
    ]


def explain_lines(
    asked: Asked, index: VacancyIndex, ranking: Ranking, rules: Rules, places: range, *, fits: Sequence[Fit] = ()
) -> tuple[Item, ...]:
    """Explain some lines of a ranking; reasons are made only for lines that somebody looks at.

    `fits` are those of the ranking's first places, where somebody has made them already.
    """
    chances = _chances(ranking, places)
    words = index.text.space.transform([asked.words]).toarray().ravel()
    found = []
    for place, chance in zip(places, chances, strict=True):
        fit = fits[place] if place < len(fits) else _fit(asked, index, ranking, place)
        found.append(_item(Line(asked, index, ranking, place, fit, rules, words), chance))
    return tuple(found)


def _fit(asked: Asked, index: VacancyIndex, ranking: Ranking, place: int) -> Fit:
    item = index.stock.items[int(ranking.retrieval.rows[ranking.order[place]])]
    candidate = asked.candidate
    return compare(candidate.functions, item.demands, item.offered, needed_at(candidate, item))


def _chances(ranking: Ranking, places: range) -> list[Probability | None]:
    chance = ranking.weights.chance
    if chance is None or not len(places):
        return [None] * len(places)
    used = [COMPONENTS.index(name) for name in chance.config.names]
    found = chance.chances(ranking.columns[places.start : places.stop, used].astype(np.float64))
    return [
        Probability(float(value), float(low), float(high))
        for value, low, high in zip(found.probability, found.low, found.high, strict=True)
    ]


def _item(line: Line, chance: Probability | None) -> Item:
    ranking, place = line.ranking, line.place
    columns: NDArray[np.float64] = ranking.columns[place].astype(np.float64)
    parts = columns * ranking.weights.values
    return Item(
        rank=place + 1,
        stock_item=line.item,
        outcome=line.fit.outcome,
        outlook=line.fit.outlook,
        band=Band(int(ranking.band[place])),
        fit=float(ranking.fit.total[place]),
        fit_parts={name: float(values[place]) for name, values in ranking.fit.parts.items()},
        chance=chance,
        score=float(ranking.score[place]),
        score_parts={name: float(part) for name, part in zip(COMPONENTS, parts, strict=True) if part != 0.0},
        reasons=explain(line),
        missing=missing_for(line.candidate, line.item, line.fit),
        accommodations=_accommodations(line),
        stands_behind=int(ranking.repeats[place]) + 1 if ranking.repeats[place] >= 0 else None,
        crowding=_stepped_back(line),
    )


def _stepped_back(line: Line) -> SteppedBack | None:
    crowded, without = line.index.crowding, int(line.ranking.uncrowded[line.place])
    if crowded is None or not 0 <= without < line.place:
        return None
    row = int(line.ranking.retrieval.rows[line.ranking.order[line.place]])
    return SteppedBack(
        looks=float(crowded.looks[row]),
        openings=float(crowded.openings[row]),
        rank_without=without + 1,
        price=float(crowded.price[row]),
        is_crowded=bool(crowded.is_crowded[row]),
    )


def _accommodations(line: Line) -> Mapping[Accommodation, AccommodationState]:
    """What closes the gaps, and what the person stated as needed in any case."""
    found = dict(line.fit.accommodations)
    for accommodation in needed_at(line.candidate, line.item):
        found.setdefault(accommodation, line.item.offered.get(accommodation, AccommodationState.TO_ARRANGE))
    return found
