"""A stock as many people share it: what one fact of a person says of every vacancy, worked out once for each value.

Vacancies with equal demands are one pattern, and vacancies at one point are one spot; whatever depends on a demand or a
place alone is worked out by pattern or spot. The functions that answer are those that answer for one person.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.components import COMPONENTS, VacancyIndex, is_of_kind, strain
from matching.entities import Candidate
from matching.fit import DemandArrays, FitArrays, compare_all, limitation_vector
from matching.ranking import lead_codes
from matching.reach import SpotArrays
from matching.retrieval import excluded_at_sight
from matching.rules.dated import Rules
from matching.rules.person import (
    is_past_retirement,
    is_recent_graduate,
    is_recognised_hard_to_employ,
    is_under_working_age,
)
from matching.settings import ranking_settings
from matching.stock import ACCOMMODATIONS, MODES, Stock
from matching.vocabulary import Accommodation, WorkMode

_ROOM = 64 * 2**20
"""Bytes for the answers of one kind."""
T = TypeVar("T")


class Kept:
    """Answers by key, worked out when first asked for; when their room is full the older half goes.

    Parameters
    ----------
    size
        Bytes that one answer takes, about.
    """

    def __init__(self, size: int) -> None:
        self._most = max(16, _ROOM // max(1, size))
        self._found: dict[Hashable, Any] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key, made now if it is not there."""
        if key not in self._found:
            if len(self._found) >= self._most:
                for old in list(self._found)[: self._most // 2]:
                    del self._found[old]
            self._found[key] = make()
        found: T = self._found[key]
        return found


@dataclass(frozen=True, slots=True)
class Patterns:
    """The different demands of a stock: `of` int32 (n,) tells a vacancy's, `demands` holds each once."""

    of: NDArray[np.int32]
    demands: DemandArrays

    @classmethod
    def find(cls, stock: Stock) -> "Patterns":
        """Find equal demands, offers and contexts."""
        own = stock.demands
        table = np.column_stack([own.levels, own.is_stated, own.context, own.offered]).astype(np.int8)
        first, of = _equal_rows(table)
        return cls(of, own.take(first))


@dataclass(frozen=True, slots=True)
class Spots:
    """The different places of a stock: `of` int32 (n,) tells a vacancy's, `places` holds each once.

    `unit` float64 (m, 3) are points of the unit sphere, NaN where no place is known.
    """

    of: NDArray[np.int32]
    places: SpotArrays
    unit: NDArray[np.float64]

    @classmethod
    def find(cls, spots: SpotArrays) -> "Spots":
        """Find equal places."""
        table = np.column_stack([spots.longitude, spots.latitude, spots.radius_km, spots.region.astype(np.float64)])
        first, of = _equal_rows(np.nan_to_num(table, nan=-999.0))
        places = spots.take(first)
        return cls(of, places, on_sphere(places.longitude, places.latitude))


def on_sphere(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points given in degrees as points of the unit sphere, (n, 3)."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _equal_rows(table: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return the first row of each kind, and for every row its kind."""
    if not len(table):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.int32)
    packed = np.ascontiguousarray(table).view(np.dtype((np.void, table.dtype.itemsize * table.shape[1]))).ravel()
    _, first, of = np.unique(packed, return_index=True, return_inverse=True)
    return first.astype(np.intp), of.astype(np.int32).ravel()


@dataclass(frozen=True, slots=True)
class ByFunction:
    """What a functional profile with its needs says of every pattern: fit, who stands behind, share offered, strain."""

    fit: FitArrays
    behind: NDArray[np.bool_]
    offered: NDArray[np.float64]
    strain: NDArray[np.float64]


class Facets:
    """What people share of a stock; everything is made when first needed, and the same whoever needs it.

    Parameters
    ----------
    index, rules
        As for one list; they must not change afterwards.
    """

    def __init__(self, index: VacancyIndex, rules: Rules) -> None:
        self.index, self.rules = index, rules
        stock = index.stock
        self.patterns, self.spots = Patterns.find(stock), Spots.find(stock.spots)
        self.open_rows = stock.open_rows(rules.on)
        self.is_remote = stock.mode == MODES.index(WorkMode.REMOTE)
        self.dorm = stock.demands.offered[:, ACCOMMODATIONS.index(Accommodation.DORMITORY)]
        self.shuttle = stock.demands.offered[:, ACCOMMODATIONS.index(Accommodation.SHUTTLE)]
        self.freshness = freshness(stock, rules.on)
        self.no_wage = np.isnan(stock.wage_min) & np.isnan(stock.wage_max)
        self.no_place = (stock.spots.region == 0) & ~self.is_remote
        self.states_skills = np.asarray(stock.skills.sum(axis=1)).ravel() > 0
        self.skills = stock.skills.tocsr()
        self.kinds = kinds_of_post(stock)
        uptake = index.uptake
        self.employer = np.full(len(stock), -1, dtype=np.int64) if uptake is None else uptake.employer
        self.overall = np.zeros(len(stock)) if uptake is None else uptake.overall[uptake.employer]
        n, a_pattern = len(stock), 42
        self._sight, self._leads, self._plain = Kept(n), Kept(n), Kept(n)
        self._functions = Kept(a_pattern * len(self.patterns.demands.context))
        self._areas = Kept(8 * (0 if uptake is None else len(uptake.overall)))
        self._recognised = Kept(1000)

    def at_sight(self, candidate: Candidate) -> tuple[Hashable, Callable[[], NDArray[np.bool_]]]:
        """Return the key of the exclusions by law and wish that need no distance and no fit, and how to find them.

        The mask is bool (n,), True for what stays; it is False for what is not open.
        """
        key = (
            bool(is_under_working_age(candidate, self.rules)),
            bool(is_past_retirement(candidate, self.rules)),
            candidate.known_category,
            frozenset(candidate.certificates),
            frozenset(candidate.work_modes),
            candidate.hours_per_day_max,
        )

        def make() -> NDArray[np.bool_]:
            stays = np.zeros(len(self.index.stock), dtype=np.bool_)
            stays[self.open_rows] = ~excluded_at_sight(candidate, self.index.stock, self.open_rows, self.rules)
            return stays

        return key, lambda: self._sight.get(key, make)

    def by_function(self, candidate: Candidate) -> tuple[Hashable, Callable[[], ByFunction]]:
        """Return the key of a functional profile with its needs, and how to find what it says of every pattern."""
        limitations = limitation_vector(candidate.functions)
        key = (limitations.tobytes(), candidate.accommodations_needed)

        def make() -> ByFunction:
            demands, settings = self.patterns.demands, ranking_settings()
            needs_any = bool(candidate.accommodations_needed)
            fit = compare_all(limitations, demands, needs_any=needs_any, expected=self.index.stock.expected)
            behind = (fit.outlook == 3) & (fit.open_gap >= settings.derived_gap_behind)
            behind |= fit.unread_hard >= settings.unread_behind
            offered = np.zeros(len(behind))
            if needs_any:
                needed = [ACCOMMODATIONS.index(a) for a in candidate.accommodations_needed]
                offered = demands.offered[:, needed].mean(axis=1)
            strains = strain(limitations, fit, demands.is_stated, self.index.demanded)
            return ByFunction(fit, behind, offered, strains)

        return key, lambda: self._functions.get(key, make)

    def leads(self, candidate: Candidate) -> tuple[Hashable, Callable[[], NDArray[np.int8]]]:
        """Return the key of the policy grounds that a person has, and how to find the ground of every vacancy."""
        key = (
            candidate.known_category,
            frozenset(candidate.household_kinds),
            self._is_recognised(candidate),
            bool(is_recent_graduate(candidate, self.rules)),
        )

        def make() -> NDArray[np.int8]:
            n = len(self.index.stock)
            if self.rules.find_or_none("plan.policy_order") is None:
                return np.full(n, -1, dtype=np.int8)
            return lead_codes(candidate, self.index.stock, np.arange(n), self.rules)

        return key, lambda: self._leads.get(key, make)

    def _is_recognised(self, candidate: Candidate) -> bool:
        # The rule reads the two days alone (a test holds it to that), and asking it for each person would cost most.
        key = (candidate.hard_to_employ_since, candidate.hard_to_employ_until)
        return self._recognised.get(key, lambda: bool(is_recognised_hard_to_employ(candidate, self.rules.on)))

    def plain(self, wished: frozenset[int]) -> NDArray[np.bool_]:
        """Return where a vacancy is of any of the plain wishes at these positions of the settings, bool (n,)."""

        def make() -> NDArray[np.bool_]:
            stock, found = self.index.stock, np.zeros(len(self.index.stock), dtype=np.bool_)
            for position in wished:
                found |= is_of_kind(ranking_settings().plain_wishes[position], stock, np.arange(len(stock)))
            return found

        return self._plain.get(wished, make)

    def area_uptake(self, region: str | None) -> NDArray[np.float64]:
        """Return ln of the acts of a region's people against those to be expected, by employer.

        float64 (n_employers + 1,), the last for an employer never seen; `employer` points into it.
        """

        def make() -> NDArray[np.float64]:
            held = self.index.uptake
            return np.zeros(1) if held is None else np.append(held.uptake.of_area(region), 0.0)

        return self._areas.get(region, make)


def freshness(stock: Stock, on: date) -> NDArray[np.float32]:
    """Return the component of that name, float32 (n,)."""
    days = np.maximum(0, on.toordinal() - stock.opens)
    return np.where(stock.opens > 0, np.exp(-days / ranking_settings().freshness_days), 0.0).astype(np.float32)


def kinds_of_post(stock: Stock) -> NDArray[np.int64]:
    """Return one number for each employer and occupation family, int64 (n,)."""
    return stock.employer.astype(np.int64) * 100_000 + stock.family


def weight_of(values: NDArray[np.float64], name: str) -> float:
    """Return the weight of a component."""
    return float(values[COMPONENTS.index(name)])
