"""How often people acted on what a provider offered, against what its time on offer lets expect: overall and by area.

A count alone speaks for what has long been there and against what is new. Here acts are held against exposure: the days
that offers stood open, near or far. Counts are drawn towards what was to be expected (Gamma prior of mean 1 on the
ratio, the posterior mean is used), so of a provider or an area of which little was seen nothing is said: a ratio of 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from scipy import sparse

from models.arrays import AnyArray, Floats, Positions, Sparse
from models.artefact import Artefact, pack_sparse, pack_strings, unpack_sparse, unpack_strings
from models.errors import InvalidInput
from models.ids import UNKNOWN, IdMap

NOWHERE = ""
"""Name of an area or place that is not known."""
_SAME, _WIDER, _ELSEWHERE = range(3)


@dataclass(frozen=True)
class UptakeConfig:
    """Settings of uptake.

    Attributes
    ----------
    half_life_days
        An act, and a day on offer, of so many days ago count half.
    overall_strength, area_strength
        How many expected acts the prior is worth, for everybody's acts and for those of one area.
    """

    half_life_days: float = 180.0
    overall_strength: float = 1.0
    area_strength: float = 0.5

    def __post_init__(self) -> None:
        if not min(self.half_life_days, self.overall_strength, self.area_strength) > 0:
            raise InvalidInput("The half-life and both strengths must be above 0.")


@dataclass(frozen=True, eq=False)
class Acts:
    """One row per act: area of the person, provider, place of the offer (`NOWHERE` where unknown), age in days, who."""

    areas: Sequence[str]
    providers: Sequence[str]
    places: Sequence[str]
    ages: Floats
    people: Sequence[str]


@dataclass(frozen=True, eq=False)
class Offers:
    """One row per offer: provider, place, and how many days ago it was opened and closed (0 where still open)."""

    providers: Sequence[str]
    places: Sequence[str]
    opened: Floats
    closed: Floats


@dataclass(frozen=True, eq=False)
class Uptake:
    """What was counted and what was to be expected.

    `counts` (n_areas, n_providers) are decayed acts by area, `totals` (n_providers,) those of everybody; `exposures`
    (n_places, n_providers) are decayed days on offer. `rates` are acts per act of the area and day on offer, for offers
    in the same area, in the same wider one, and elsewhere. `area_wider` and `place_wider` name the wider area of each.
    `people` (n_areas, n_providers) are how many different people acted; of what few did nothing is to be said aloud.
    """

    config: UptakeConfig
    areas: IdMap
    places: IdMap
    providers: IdMap
    area_wider: tuple[str, ...]
    place_wider: tuple[str, ...]
    counts: Sparse
    totals: Floats
    exposures: Sparse
    rates: Floats
    people: Sparse

    @classmethod
    def fit(cls, acts: Acts, offers: Offers, wider: Callable[[str], str], config: UptakeConfig | None = None) -> Self:
        """Count acts and days on offer; `wider` names the area that an area or place lies in.

        Raises
        ------
        InvalidInput
            When an act is on a provider or in a place without an offer, or an offer was closed before it was opened.
        """
        config = config or UptakeConfig()
        if (offers.closed > offers.opened).any():
            raise InvalidInput("An offer cannot have been closed before it was opened.")
        providers, places = IdMap(sorted(set(offers.providers))), IdMap(sorted(set(offers.places)))
        areas = IdMap(sorted(set(acts.areas) - {NOWHERE}))
        of_act = providers.positions(acts.providers)
        if (of_act == UNKNOWN).any() or (places.positions(acts.places) == UNKNOWN).any():
            raise InvalidInput("Every act is on a provider, and in a place, that has an offer.")
        decay = np.log(2) / config.half_life_days
        weights = np.exp(-decay * acts.ages)
        days = (np.exp(-decay * offers.closed) - np.exp(-decay * offers.opened)) / decay
        area_of_act = areas.positions(acts.areas)
        known = area_of_act != UNKNOWN
        counts = _summed(weights[known], area_of_act[known], of_act[known], (len(areas), len(providers)))
        exposures = _summed(
            days, places.positions(offers.places), providers.positions(offers.providers), (len(places), len(providers))
        )
        area_wider = tuple(wider(area) for area in areas)
        place_wider = tuple(wider(place) if place != NOWHERE else NOWHERE for place in places)
        uptake = cls(
            config,
            areas,
            places,
            providers,
            area_wider,
            place_wider,
            counts,
            np.bincount(of_act, weights=weights, minlength=len(providers)).astype(np.float64),
            exposures,
            np.zeros(3),
            _different(acts.people, area_of_act, of_act, counts.shape),
        )
        rates = uptake._rates(area_of_act[known], places.positions(acts.places)[known], weights[known])
        return replace(uptake, rates=rates)

    def overall(self) -> Floats:
        """Return ln of everybody's acts against those to be expected of the days on offer, (n_providers,)."""
        days = self._days()
        expected = days * (self.totals.sum() / max(float(days.sum()), 1e-9))
        strength = self.config.overall_strength
        return np.asarray(np.log((self.totals + strength) / (expected + strength)))

    def people_of(self, area: str | None, provider: int) -> int:
        """Return how many different people of an area acted on the provider at a position."""
        position = self.areas.position(area) if area else UNKNOWN
        return 0 if UNKNOWN in (position, provider) else int(self.people[position, provider])

    def of_area(self, area: str | None) -> Floats:
        """Return ln of an area's acts against those to be expected, (n_providers,).

        0 for an area of which nothing was seen.
        """
        position = self.areas.position(area) if area else UNKNOWN
        if position == UNKNOWN:
            return np.zeros(len(self.providers))
        counted = np.asarray(self.counts[position].toarray(), dtype=np.float64).ravel()
        expected = counted.sum() * (self.rates @ self._days_by_nearness(position))
        strength = self.config.area_strength
        return np.asarray(np.log((counted + strength) / (expected + strength)))

    def to_artefact(self) -> Artefact:
        """Return everything counted as plain arrays and settings."""
        arrays: dict[str, AnyArray] = {
            "areas": pack_strings(self.areas),
            "places": pack_strings(self.places),
            "providers": pack_strings(self.providers),
            "area_wider": pack_strings(self.area_wider),
            "place_wider": pack_strings(self.place_wider),
            "totals": self.totals,
            "rates": self.rates,
        }
        arrays |= pack_sparse("counts", self.counts) | pack_sparse("exposures", self.exposures)
        arrays |= pack_sparse("people", self.people)
        return Artefact(arrays, asdict(self.config))

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> Self:
        """Return what was saved; one from before people were counted knows of nobody, and says nothing aloud."""
        arrays = artefact.arrays
        counts = unpack_sparse("counts", arrays)
        return cls(
            UptakeConfig(**artefact.metadata),
            IdMap(unpack_strings(arrays["areas"])),
            IdMap(unpack_strings(arrays["places"])),
            IdMap(unpack_strings(arrays["providers"])),
            tuple(unpack_strings(arrays["area_wider"])),
            tuple(unpack_strings(arrays["place_wider"])),
            counts,
            arrays["totals"].astype(np.float64),
            unpack_sparse("exposures", arrays),
            arrays["rates"].astype(np.float64),
            unpack_sparse("people", arrays)
            if "people.data" in arrays
            else sparse.csr_matrix(np.zeros(counts.shape, dtype=np.float32)),
        )

    def _rates(self, areas: Positions, places: Positions, weights: Floats) -> Floats:
        """Return acts by nearness, per act of an area and day on offer."""
        seen, possible = np.zeros(3), np.zeros(3)
        for area in range(len(self.areas)):
            own = areas == area
            near = self._nearness(area)
            seen += np.bincount(near[places[own]], weights=weights[own], minlength=3)
            possible += weights[own].sum() * self._days_by_nearness(area).sum(axis=1)
        return np.divide(seen, possible, out=np.zeros(3), where=possible > 0)

    def _days(self) -> Floats:
        return np.asarray(self.exposures.sum(axis=0), dtype=np.float64).ravel()

    def _days_by_nearness(self, area: int) -> Floats:
        """Return the days on offer in the area, in the wider one, and elsewhere, (3, n_providers)."""
        near = self._nearness(area)
        chooser = sparse.csr_matrix((np.ones(len(near)), (near, np.arange(len(near)))), shape=(3, len(near)))
        return np.asarray((chooser @ self.exposures).toarray(), dtype=np.float64)

    def _nearness(self, area: int) -> Positions:
        """Return how near each place is to an area, (n_places,)."""
        names, codes = self._wider
        near = np.where(codes == names.get(self.area_wider[area], UNKNOWN), _WIDER, _ELSEWHERE).astype(np.int64)
        if (same := self.places.position(self.areas.ids[area])) != UNKNOWN:
            near[same] = _SAME
        return near

    @cached_property
    def _wider(self) -> tuple[dict[str, int], Positions]:
        """Number the wider areas of places; a place that is not known lies in none."""
        names = {name: i for i, name in enumerate(dict.fromkeys(self.place_wider)) if name != NOWHERE}
        return names, np.array([names.get(name, -2) for name in self.place_wider], dtype=np.int64)


def _summed(values: Floats, rows: Positions, columns: Positions, shape: tuple[int, int]) -> Sparse:
    matrix = sparse.coo_matrix((values.astype(np.float32), (rows, columns)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return sparse.csr_matrix(matrix, dtype=np.float32)


def _different(people: Sequence[str], areas: Positions, providers: Positions, shape: tuple[int, int]) -> Sparse:
    """Return how many different people of each area acted on each provider; who lives nowhere known is in none."""
    _, who = np.unique(np.asarray(people, dtype=object), return_inverse=True)
    rows = np.stack([who.ravel(), areas, providers], axis=1)[areas != UNKNOWN]
    rows = np.unique(rows, axis=0) if len(rows) else rows
    return _summed(np.ones(len(rows)), rows[:, 1], rows[:, 2], shape)
