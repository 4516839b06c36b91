"""Scores to an ordered list: two numbers for people to read, one score, and the bands of the policy order.

The order is: band, then score, then how sought a vacancy is (which decides only between equals), then vacancy id. The
bands are stated reasons, never weights in the score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from matching.components import COMPONENTS, Asked, Columns, VacancyIndex, components, wished_families
from matching.entities import Candidate
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
    """One person's whole list: positions within `retrieval.rows` in order, and what ordered them, in that order."""

    retrieval: Retrieval
    order: NDArray[np.intp]
    band: NDArray[np.int8]
    band_reason: tuple[str | None, ...]
    score: NDArray[np.float64]
    columns: Columns
    fit: FitParts
    weights: Weights

    def __len__(self) -> int:
        return len(self.order)


@dataclass(frozen=True, slots=True)
class PriorityGround:
    """Why a person's group goes first for some vacancies."""

    code: str
    text: str
    source: Source
    is_ended: bool


def rank(asked: Asked, index: VacancyIndex, retrieval: Retrieval, rules: Rules, weights: Weights) -> Ranking:
    """Order what may be listed for one person; nothing that may be listed is dropped."""
    listed = retrieval.listed
    rows = retrieval.rows[listed]
    distance, function_fit = retrieval.distance.take(listed), retrieval.fit.take(listed)
    columns = components(asked, index, rows, distance=distance, fit=function_fit, on=rules.on)
    # Sums over many rows differ in their last bits with the number of rows; a score must not.
    score = np.round(columns.astype(np.float64) @ weights.values, 9)
    fit = fit_parts(asked.candidate, index.stock, rows, columns)
    leads = lead_codes(asked.candidate, index.stock, rows, rules)
    if rules.find_or_none("plan.policy_order") is None:
        leads[:] = -1  # no plan in force on the day: no order by policy that nobody could cite
    can_lead = _can_lead(asked.candidate, index.stock, rows, distance.typical, columns)
    band = np.full(len(rows), Band.GENERAL, dtype=np.int8)
    band[np.isin(leads, _PRIORITY) & can_lead] = Band.PRIORITY
    band[np.isin(leads, _ANNOUNCED) & can_lead] = Band.ANNOUNCED
    behind = (function_fit.outlook == 3) & (function_fit.open_gap >= ranking_settings().derived_gap_behind)
    behind |= np.isin(rows, asked.refused)
    band[behind] = Band.ASK_FIRST
    # Rounding keeps the order free of the last bits, which differ between processors; then the id decides.
    # Where nothing known tells two vacancies apart, the more sought one goes first.
    order = np.lexsort((rows, -index.popularity[rows], -np.round(score, 6), band))
    return Ranking(
        retrieval=retrieval,
        order=listed[order],
        band=band[order],
        band_reason=tuple(LEADS[code] if code >= 0 else None for code in leads[order]),
        score=score[order],
        columns=columns[order],
        fit=FitParts(fit.total[order], {name: part[order] for name, part in fit.parts.items()}, fit.known_share[order]),
        weights=weights,
    )


LEADS = ("directed", "reserved", "rural_household", "hard_to_employ", "zero_employment", "graduate")
"""Codes of `lead_codes`, also the keys of the rule `plan.policy_order`."""
_ANNOUNCED = (0, 1)
_PRIORITY = (2, 3, 4, 5)


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
    welcomes = stock.welcomes[rows]
    for_all = np.asarray(~welcomes.any(axis=1))
    category = candidate.known_category
    return for_all if category is None else np.asarray(for_all | welcomes[:, CATEGORIES.index(category)])


def _can_lead(
    candidate: Candidate, stock: Stock, rows: NDArray[np.intp], typical_km: NDArray[np.float64], columns: Columns
) -> NDArray[np.bool_]:
    limit = ranking_settings().lead.reach_factor * max(1.0, comfortable_km(candidate))
    # A county's seat stands for the whole county: within the own county a post is in reach.
    own = in_regions(stock.spots.region[rows], (candidate.region,) if candidate.region else ())
    reached = np.isnan(typical_km) | (typical_km <= limit) | own
    reached |= stock.mode[rows] == MODES.index(WorkMode.REMOTE)
    lodging = stock.demands.offered[rows][:, ACCOMMODATIONS.index(Accommodation.DORMITORY)]
    reached |= in_regions(stock.spots.region[rows], candidate.wished_regions) & lodging
    return np.asarray(reached & (columns[:, COMPONENTS.index("education_gap")] >= 0), dtype=np.bool_)


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
    if candidate.wished_occupations:
        by_words = np.clip(2.0 * column("profile_text"), 0.0, 1.0)
        values["occupation"] = np.maximum(column("occupation"), by_words * (0.5 if wished_families(candidate) else 1.0))
    if candidate.region or candidate.wished_regions or candidate.longitude is not None:
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
