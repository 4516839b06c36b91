"""How far a vacancy is for a person, by the means that the person can use, and how sure that distance is.

Distances are straight lines: a road is never shorter, so a limit that the straight line breaks is surely broken.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from matching.entities import Candidate
from matching.packaged import parsed
from matching.regions import distance_km, is_prefecture_wide, point, prefecture
from matching.vocabulary import Transport

EARTH_KM = 6371.0
MUNICIPALITIES = ("11", "12", "31", "50")


class ReachSettings(BaseModel):
    """The data file `data/reach.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    comfortable_km: dict[Transport, float]
    comfortable_km_unknown: float
    county_radius_km: float
    prefecture_radius_km: float
    own_county_km: float
    own_prefecture_km: float
    shuttle_km: float


@cache
def reach_settings() -> ReachSettings:
    """Return the settings of the data file."""
    path = Path(__file__).parent / "data" / "reach.yaml"
    return ReachSettings.model_validate(parsed(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map: degrees, and the radius in km within which the real place lies."""

    longitude: float
    latitude: float
    radius_km: float


def spot(longitude: float | None, latitude: float | None, region: str | None) -> Spot | None:
    """Return the spot of a row: its own point, else its division's seat, else None."""
    if longitude is not None and latitude is not None:
        return Spot(longitude, latitude, 0.0)
    is_municipality = region is not None and region[:2] in MUNICIPALITIES
    if region is None or (region.endswith("0000") and not is_municipality):
        return None  # a whole province is no place to travel to; a municipality is one city
    found = point(region)
    if found is None:
        return None
    settings = reach_settings()
    wide = is_prefecture_wide(region) or (found == point(prefecture(region)) and not is_municipality)
    return Spot(*found, settings.prefecture_radius_km if wide else settings.county_radius_km)


def apart(one: Spot, other: Spot) -> tuple[float, float]:
    """Return how far two spots are apart in km, at least and at most: a straight line, give or take both radii."""
    straight = distance_km((one.longitude, one.latitude), (other.longitude, other.latitude))
    slack = one.radius_km + other.radius_km
    return max(0.0, straight - slack), straight + slack


@dataclass(frozen=True, slots=True)
class SpotArrays:
    """Spots of n vacancies: degrees and radius float64 (n,), NaN where no place is known; region codes int32 (n,)."""

    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    radius_km: NDArray[np.float64]
    region: NDArray[np.int32]

    def take(self, rows: NDArray[np.intp]) -> "SpotArrays":
        """Return some vacancies' spots, in the order of `rows`."""
        return SpotArrays(self.longitude[rows], self.latitude[rows], self.radius_km[rows], self.region[rows])


@dataclass(frozen=True, slots=True)
class UsualPlaces:
    """Where the vacancies of a stock lie: each known spot once, and the share of vacancies there, float64 (m,)."""

    spots: SpotArrays
    share: NDArray[np.float64]

    @classmethod
    def of(cls, spots: SpotArrays) -> "UsualPlaces":
        """Count the places of a stock by region; vacancies without a known place are left out."""
        known = np.flatnonzero((spots.region > 0) & ~np.isnan(spots.longitude))
        _, first, count = np.unique(spots.region[known], return_index=True, return_counts=True)
        return cls(spots.take(known[first]), count / max(1, len(known)))


@dataclass(frozen=True, slots=True)
class Distances:
    """Straight-line km from a person to n vacancies, float64 (n,), NaN where either place is unknown.

    `typical` is the best estimate, `least` what it is at least; equal where both points are exact.
    """

    typical: NDArray[np.float64]
    least: NDArray[np.float64]

    def take(self, rows: NDArray[np.intp]) -> "Distances":
        """Return some vacancies' distances, in the order of `rows`."""
        return Distances(self.typical[rows], self.least[rows])


def distances(candidate: Candidate, vacancies: SpotArrays) -> Distances:
    """Return how far each vacancy is from where the person lives."""
    home = spot(candidate.longitude, candidate.latitude, candidate.region)
    if home is None:
        nowhere = np.full(vacancies.longitude.shape, np.nan)
        return Distances(nowhere, nowhere)
    lon, lat = np.radians(vacancies.longitude), np.radians(vacancies.latitude)
    home_lon, home_lat = np.radians(home.longitude), np.radians(home.latitude)
    h = np.sin((lat - home_lat) / 2) ** 2 + np.cos(lat) * np.cos(home_lat) * np.sin((lon - home_lon) / 2) ** 2
    straight = 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(1.0, h)))
    slack = vacancies.radius_km + home.radius_km
    least = np.maximum(0.0, straight - slack)
    typical = straight.copy()
    if candidate.region is not None:
        settings, own = reach_settings(), int(candidate.region)
        vague = slack > 0
        is_wide = is_prefecture_wide(candidate.region)
        same_county = vague & (vacancies.region == own) & (not is_wide)
        same_prefecture = vague & (
            (vacancies.region == own // 100 * 100) | (vacancies.region // 100 == own // 100) & is_wide
        )
        typical[same_prefecture] = np.maximum(typical[same_prefecture], settings.own_prefecture_km / 2)
        typical[same_county] = np.maximum(typical[same_county], settings.own_county_km)
    return Distances(typical, least)


def comfortable_km(candidate: Candidate) -> float:
    """Return how far the person comfortably travels: the stated limit, else by means, else a general figure."""
    settings = reach_settings()
    by_means = settings.comfortable_km_unknown
    if candidate.transport is not None:
        by_means = settings.comfortable_km[candidate.transport]
    return float(candidate.max_commute_km) if candidate.max_commute_km is not None else by_means
