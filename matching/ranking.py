"""Scores to an ordered list: two numbers for people to read, one score, and the bands of the policy order.

The order is: band, then score, then, between equals, how sought a vacancy is, how few questions stand open, and its id;
further posts of one kind by one employer step behind others, and crowded posts behind less crowded ones. The bands are
stated reasons, never weights in the score.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from matching.components import (
    COMPONENTS,
    Asked,
    Columns,
    VacancyIndex,
    named_components,
    own_scores,
    plain_match,
    plain_wishes,
    wished_families,
)
from matching.entities import Candidate
from matching.fit import FitArrays
from matching.lots import PLACE, Drawn, drawn_order
from matching.reach import comfortable_km
from matching.retrieval import Retrieval, in_regions
from matching.rules.dated import Rules
from matching.rules.person import is_recent_graduate, is_recognised_hard_to_employ
from matching.settings import ranking_settings
from matching.source import Source
from matching.stock import ACCOMMODATIONS, CATEGORIES, EMPLOYER_KINDS, KINDS, MODES, Stock
from matching.vocabulary import Accommodation, EmployerKind, HouseholdKind, VacancyKind, WorkMode
from models.chance import ChanceModel


class Band(IntEnum):
    """Where in the list a vacancy stands before its score is looked at."""

    ANNOUNCED = 0
    PRIORITY = 1
    GENERAL = 2
    ASK_FIRST = 3

    @property
    def label(self) -> str:
        """The band in the words of a caseworker."""
        return ("面向残疾人的定向或预留岗位", "政策重点照顾", "一般顺序", "先核实再推荐")[self]


@dataclass(frozen=True, slots=True)
class Probability:
    """A chance with its interval, each 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The linear score: one weight per component; `chance` is None while too few outcomes are recorded."""

    values: NDArray[np.float64]
    chance: ChanceModel | None = None

    @classmethod
    def prior(cls) -> "Weights":
        """Return the weights that hold before anything was learned."""
        prior = ranking_settings().prior_weights
        return cls(np.array([prior[name] for name in COMPONENTS]))


@dataclass(frozen=True, slots=True)
class FitParts:
    """`fit` of n vacancies, float64 (n,), as the sum of its parts (each float64 (n,)) and of the share not known."""

    total: NDArray[np.float64]
    parts: Mapping[str, NDArray[np.float64]]
    known_share: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The head of one person's list: positions within `retrieval.rows` in order, and what ordered them, in that order.

    `n_ranked` says how long the whole list is. `repeats` int32 (n,) is the place of the employer's first post of the
    same kind, where that moved a post, else -1. `uncrowded` int32 (n,) is the place that a crowded post would have
    if crowding did not count, else -1.
    """

    retrieval: Retrieval
    n_ranked: int
    order: NDArray[np.intp]
    band: NDArray[np.int8]
    repeats: NDArray[np.int32]
    uncrowded: NDArray[np.int32]
    band_reason: tuple[str | None, ...]
    score: NDArray[np.float64]
    columns: Columns
    fit: FitParts
    weights: Weights
    drawn: Drawn | None = None

    def __len__(self) -> int:
        return self.n_ranked


@dataclass(frozen=True, slots=True)
class PriorityGround:
    """Why a person's group goes first for some vacancies."""

    code: str
    text: str
    source: Source
    is_ended: bool


def rank(
    asked: Asked, index: VacancyIndex, retrieval: Retrieval, rules: Rules, weights: Weights, *, k: int | None = None
) -> Ranking:
    """Order what may be listed for one person; nothing that may be listed is dropped.

    With `k` only the first k are put in order, or a few more; the same that come first in the whole list.
    """
    listed = retrieval.listed
    rows = retrieval.rows[listed]
    distance, function_fit = retrieval.distance.take(listed), retrieval.fit.take(listed)
    weighs_own = weights.values[COMPONENTS.index("collaborative")] != 0
    named = named_components(
        asked, index, rows, distance=distance, fit=function_fit, on=rules.on, with_own=bool(weighs_own)
    )
    score = _score(named, weights)
    leads = lead_codes(asked.candidate, index.stock, rows, rules)
    if rules.find_or_none("plan.policy_order") is None:
        leads[:] = -1  # no plan in force on the day: no order by policy that nobody could cite
    band = np.full(len(rows), Band.GENERAL, dtype=np.int8)
    leading = np.flatnonzero(leads >= 0)
    leading = leading[_can_lead(asked.candidate, index.stock, rows[leading], distance.typical[leading])]
    if asked.candidate.education is not None:
        leading = leading[named["education_gap"][leading] >= 0]
    band[leading] = np.where(np.isin(leads[leading], _ANNOUNCED), Band.ANNOUNCED, Band.PRIORITY)
    behind = (function_fit.outlook == 3) & (function_fit.open_gap >= ranking_settings().derived_gap_behind)
    behind |= function_fit.unread_hard >= ranking_settings().unread_behind
    behind |= np.isin(rows, asked.refused)
    band[behind] = Band.ASK_FIRST
    # Rounding keeps the order free of the last bits, which differ between processors; then the id decides.
    # Where nothing known tells two vacancies apart, the more sought one goes first.
    rounded = np.round(score, 6)
    price = np.zeros(len(rows)) if index.crowding is None else index.crowding.price[rows]
    priced = np.round(rounded - price, 6)
    members = first_by(band, priced, None if k is None else max(k, ranking_settings().repeats_within))
    first = rows[members]
    questions = _open_questions(asked.candidate, index.stock, first, function_fit.take(members))

    def ordered(by: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        own = members[np.lexsort((first, questions, -index.popularity[first], -by[members], band[members]))]
        return _spread(own, band, by, index.stock, rows)

    head, repeats = ordered(priced)
    uncrowded = np.full(len(head), -1, dtype=np.int32)
    if price.any():
        place = np.empty(len(rows), dtype=np.int32)
        place[ordered(rounded)[0]] = np.arange(len(head))
        uncrowded[price[head] > 0] = place[head[price[head] > 0]]
    at_head = {name: column[head] for name, column in named.items()}
    if not weighs_own:
        at_head["collaborative"] = own_scores(asked, index, rows[head]).astype(np.float32)
    columns = np.stack([at_head[name] for name in COMPONENTS], axis=1)
    ranking = Ranking(
        retrieval=retrieval,
        n_ranked=len(rows),
        order=listed[head],
        band=band[head],
        repeats=repeats,
        uncrowded=uncrowded,
        band_reason=tuple(_LEAD_NAMES[leads[head]].tolist()),
        score=score[head],
        columns=columns,
        fit=fit_parts(asked.candidate, index.stock, rows[head], columns),
        weights=weights,
    )
    return ranking if asked.lot is None else _by_lot(ranking, asked.lot)


def _by_lot(ranking: Ranking, lot: float) -> Ranking:
    """Return the ranking with one place given by lot; as it is where nothing else may stand there."""
    found = drawn_order(lot, ranking.band)
    if found is None:
        return ranking
    order, chosen, n = found
    pool = ranking.retrieval.rows[ranking.order[PLACE - 1 : PLACE - 1 + n]]
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order))
    repeats = ranking.repeats[order]
    return replace(
        ranking,
        order=ranking.order[order],
        band=ranking.band[order],
        repeats=np.where(repeats >= 0, place[np.maximum(repeats, 0)], -1).astype(np.int32),
        uncrowded=ranking.uncrowded[order],
        band_reason=tuple(ranking.band_reason[at] for at in order.tolist()),
        score=ranking.score[order],
        columns=ranking.columns[order],
        fit=FitParts(
            ranking.fit.total[order],
            {name: part[order] for name, part in ranking.fit.parts.items()},
            ranking.fit.known_share[order],
        ),
        drawn=Drawn(chosen + 1, tuple(int(row) for row in pool)),
    )


def _score(named: Mapping[str, NDArray[np.float32]], weights: Weights) -> NDArray[np.float64]:
    """Return the weighted sum of the components, one after the other, so that it does not depend on how many rows."""
    total = np.zeros(len(named[COMPONENTS[0]]))
    for name, weight in zip(COMPONENTS, weights.values.tolist(), strict=True):
        if weight:
            total += weight * named[name].astype(np.float64)
    return np.round(total, 9)


def first_by(band: NDArray[np.int8], score: NDArray[np.float64], n: int | None) -> NDArray[np.intp]:
    """Return the positions of the first n by band and score, with all that equal the last of them; in no order."""
    if n is None or len(score) <= n:
        return np.arange(len(score))
    left, found = n, []
    for value in range(int(band.max()) + 1):
        members = np.flatnonzero(band == value)
        if len(members) > left:
            own = score[members]
            members = members[own >= np.partition(own, len(own) - left)[len(own) - left]]
        found.append(members)
        left -= len(members)
        if left <= 0:
            break
    return np.concatenate(found)


def _open_questions(candidate: Candidate, stock: Stock, rows: NDArray[np.intp], fit: FitArrays) -> NDArray[np.int16]:
    """Return how much would have to be asked about each vacancy, int16 (len(rows),)."""
    asks_education = (stock.education[rows] > 0) & (candidate.education is None)
    no_wage = np.isnan(stock.wage_min[rows]) & np.isnan(stock.wage_max[rows])
    no_place = (stock.spots.region[rows] == 0) & (stock.mode[rows] != MODES.index(WorkMode.REMOTE))
    return np.asarray(fit.n_missing + asks_education + no_wage + no_place, dtype=np.int16)


def _spread(
    order: NDArray[np.intp], band: NDArray[np.int8], score: NDArray[np.float64], stock: Stock, rows: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Let an employer's further posts of one kind step behind others within their band.

    Posts of which no occupation is known are one kind: nothing tells them apart.

    Returns
    -------
    The new order, and by place in it the place of the first post of that kind, or -1.
    """
    settings = ranking_settings()
    head, rest = order[: settings.repeats_within], order[settings.repeats_within :]
    # Announced and priority posts are the policy's order, and stand outside this one.
    nth = _nth_of_kind(stock.employer[rows[head]], stock.family[rows[head]], band[head])
    moved = np.lexsort((np.arange(len(head)), -np.round(score[head] - settings.repeat_step * nth, 6), band[head]))
    head = head[moved]
    repeats = np.full(len(order), -1, dtype=np.int32)
    first: dict[tuple[int, int, int], int] = {}
    employer, family = stock.employer[rows[head]].tolist(), stock.family[rows[head]].tolist()
    kinds = zip(employer, family, band[head].tolist(), strict=True)
    for place, (kind, nth_here) in enumerate(zip(kinds, nth[moved].tolist(), strict=True)):
        if nth_here == 0:
            first[kind] = place
        else:
            repeats[place] = first[kind]
    return np.concatenate((head, rest)), repeats


def _nth_of_kind(employer: NDArray[np.int32], family: NDArray[np.int16], band: NDArray[np.int8]) -> NDArray[np.intp]:
    """Return for each post how many of its employer's posts of that kind and band stand before it, 0 for the first."""
    seen: dict[tuple[int, int, int], int] = {}
    found, general = [], int(Band.GENERAL)
    for kind in zip(employer.tolist(), family.tolist(), band.tolist(), strict=True):
        found.append(seen.get(kind, 0))
        if kind[2] >= general:
            seen[kind] = found[-1] + 1
    return np.array(found, dtype=np.intp)


LEADS = ("directed", "reserved", "rural_household", "hard_to_employ", "zero_employment", "graduate")
"""Codes of `lead_codes`, also the keys of the rule `plan.policy_order`."""
_LEAD_NAMES = np.array([*LEADS, None], dtype=object)  # position -1, no ground, is the last
_ANNOUNCED = (0, 1)


def lead_codes(candidate: Candidate, stock: Stock, rows: NDArray[np.intp], rules: Rules) -> NDArray[np.int8]:
    """Return the policy ground of each vacancy for this person, a position in `LEADS` or -1, int8 (len(rows),)."""
    codes = np.full(len(rows), -1, dtype=np.int8)
    kind = stock.kind[rows]
    for code, applies in reversed(list(enumerate(_grounds(candidate, stock, rows, kind, rules)))):
        codes[applies] = code
    return codes


def _grounds(
    candidate: Candidate, stock: Stock, rows: NDArray[np.intp], kind: NDArray[np.int8], rules: Rules
) -> list[NDArray[np.bool_]]:
    def of_kind(*kinds: VacancyKind) -> NDArray[np.bool_]:
        return np.isin(kind, [KINDS.index(k) for k in kinds])

    nothing = np.zeros(len(rows), dtype=np.bool_)
    household = set(candidate.household_kinds)
    for_me = _announced_for(candidate, stock, rows)
    welfare = of_kind(VacancyKind.PUBLIC_WELFARE)
    rural = of_kind(VacancyKind.RURAL_PUBLIC_WELFARE)
    return [
        of_kind(VacancyKind.DIRECTED) & for_me,
        of_kind(VacancyKind.RESERVED) & for_me,
        rural if household & {HouseholdKind.POVERTY_EXITED, HouseholdKind.MONITORED} else nothing,
        welfare if is_recognised_hard_to_employ(candidate, rules.on) else nothing,
        welfare if HouseholdKind.ZERO_EMPLOYMENT in household else nothing,
        np.isin(stock.employer_kind[rows], _LEADING_EMPLOYERS) if is_recent_graduate(candidate, rules) else nothing,
    ]


_LEADING_EMPLOYERS = [
    EMPLOYER_KINDS.index(kind) for kind in (EmployerKind.ORGAN, EmployerKind.INSTITUTION, EmployerKind.STATE_OWNED)
]


def _announced_for(candidate: Candidate, stock: Stock, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    for_all = np.asarray(~stock.is_choosy[rows])
    category = candidate.known_category
    return for_all if category is None else np.asarray(for_all | stock.welcomes[rows, CATEGORIES.index(category)])


def _can_lead(
    candidate: Candidate, stock: Stock, rows: NDArray[np.intp], typical_km: NDArray[np.float64]
) -> NDArray[np.bool_]:
    limit = ranking_settings().lead.reach_factor * max(1.0, comfortable_km(candidate))
    # A county's seat stands for the whole county: within the own county a post is in reach.
    own = in_regions(stock.spots.region[rows], (candidate.region,) if candidate.region else ())
    reached = np.isnan(typical_km) | (typical_km <= limit) | own
    reached |= stock.mode[rows] == MODES.index(WorkMode.REMOTE)
    lodging = stock.demands.offered[rows][:, ACCOMMODATIONS.index(Accommodation.DORMITORY)]
    reached |= in_regions(stock.spots.region[rows], candidate.wished_regions) & lodging
    return np.asarray(reached, dtype=np.bool_)


def priority_ground(code: str, rules: Rules) -> PriorityGround | None:
    """Return the text and source of a policy ground on the day, or None where no plan is in force."""
    version = rules.find_or_none("plan.policy_order")
    if version is None:
        return None
    ground = version.value[code]
    return PriorityGround(
        code, ground["text"], Source(ground["document"], ground["clause"]), ground["status"] == "ended"
    )


def fit_parts(candidate: Candidate, stock: Stock, rows: NDArray[np.intp], columns: Columns) -> FitParts:
    """Return how well each vacancy answers what the person asked for, part by part.

    Each part is 0 to 1 where both sides are known; `fit` is their weighted mean, drawn towards one half by what is
    not known. The parts and `unknown` add up to the total.
    """
    settings = ranking_settings().fit
    values = _part_values(candidate, stock, rows, columns)
    weighed = {
        name: (np.where(np.isnan(value), 0.0, settings.weights[name]), np.nan_to_num(value))
        for name, value in values.items()
    }
    known = np.sum([weight for weight, _ in weighed.values()], axis=0)
    total_weight = known + settings.unknown_weight
    parts = {name: weight * value / total_weight for name, (weight, value) in weighed.items()}
    parts["unknown"] = 0.5 * settings.unknown_weight / total_weight
    total = np.clip(np.sum(list(parts.values()), axis=0), 0.0, 1.0)
    return FitParts(total, parts, known / sum(settings.weights.values()))


def _part_values(
    candidate: Candidate, stock: Stock, rows: NDArray[np.intp], columns: Columns
) -> Mapping[str, NDArray[np.float64]]:
    def column(name: str) -> NDArray[np.float64]:
        return columns[:, COMPONENTS.index(name)].astype(np.float64)

    unknown = np.full(len(rows), np.nan)
    values = dict.fromkeys(ranking_settings().fit.weights, unknown)
    if wishes_something(candidate):
        by_words = np.clip(2.0 * column("profile_text"), 0.0, 1.0)
        named = np.maximum(column("occupation"), by_words * trust_in_words(candidate))
        values["occupation"] = np.where(plain_match(candidate, stock, rows), 1.0, named)
    if names_a_place(candidate):
        place = np.maximum(np.maximum(column("wished_region"), column("remote")), column("nearness"))
        is_nowhere = (stock.spots.region[rows] == 0) & (stock.mode[rows] != MODES.index(WorkMode.REMOTE))
        values["place"] = np.where(is_nowhere, np.nan, place)
    if candidate.wished_wage_min:
        wished = float(candidate.wished_wage_min)
        meets = np.where(stock.wage_min[rows] >= wished, 1.0, np.nan)
        values["wage"] = np.where(
            np.isnan(stock.wage_max[rows]), meets, np.clip(stock.wage_max[rows] / wished, 0.0, 1.0)
        )
    if candidate.work_modes:
        mode = stock.mode[rows]
        accepted = np.isin(mode, [MODES.index(m) for m in candidate.work_modes]).astype(float)
        values["work_mode"] = np.where(mode < 0, np.nan, accepted)
    if candidate.skills:
        states_skills = np.asarray(stock.skills[rows].sum(axis=1)).ravel() > 0
        values["skills"] = np.where(states_skills, column("skills"), np.nan)
    return values


def wishes_something(candidate: Candidate) -> bool:
    """True where a wish says something of the work."""
    return any(not plain_wishes(wish) or _says_something(wish) for wish in candidate.wished_occupations)


def trust_in_words(candidate: Candidate) -> float:
    """Return how much likeness of words says of the work: less where the wishes name an occupation."""
    return 0.5 if wished_families(candidate) else 1.0


def names_a_place(candidate: Candidate) -> bool:
    """True where it is known where the person lives or wishes to work."""
    return bool(candidate.region or candidate.wished_regions or candidate.longitude is not None)


def _says_something(wish: str) -> bool:
    """True where a wish that names no trade still says what the work is to be like; 什么都行 does not."""
    return any(plain.at_most or plain.at_least or plain.is_remote for plain in plain_wishes(wish))
