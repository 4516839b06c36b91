"""Distances of many homes, as `matching.reach` works out those of one."""

import numpy as np
from numpy.typing import NDArray

from matching.many.people import Homes
from matching.reach import EARTH_KM, SpotArrays, reach_settings
from matching.stock import Stock


def distances_of(
    homes: Homes, home: NDArray[np.int64], places: SpotArrays
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the typical and the least distance of places from homes; `home` is broadcast against the places.

    The steps are those of `matching.reach.distances` in their order, so that the last digit is the same.
    """
    lon, lat = np.radians(places.longitude), np.radians(places.latitude)
    home_lon, home_lat = np.radians(homes.longitude)[home], np.radians(homes.latitude)[home]
    h = np.sin((lat - home_lat) / 2) ** 2 + np.cos(lat) * np.cos(home_lat) * np.sin((lon - home_lon) / 2) ** 2
    straight = 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(1.0, h)))
    slack = places.radius_km + homes.radius[home]
    least = np.maximum(0.0, straight - slack)
    own, is_wide, settings = homes.region[home], homes.is_wide[home], reach_settings()
    vague = (slack > 0) & (own > 0)
    same_county = vague & (places.region == own) & ~is_wide
    same_prefecture = vague & ((places.region == own // 100 * 100) | ((places.region // 100 == own // 100) & is_wide))
    typical = np.where(same_prefecture, np.maximum(straight, settings.own_prefecture_km / 2), straight)
    return np.where(same_county, np.maximum(typical, settings.own_county_km), typical), least


def nearness_by(daily: NDArray[np.float64], km: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the component `nearness`; `daily` is how far each person comfortably travels, at least 1 km."""
    return 1.0 / (1.0 + (np.where(np.isnan(km), daily, km) / daily) ** 1.5)


def doublings_by(daily: NDArray[np.float64], km: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many doublings a place lies beyond twice the daily way, 0 to 4, 0 where it is not known."""
    twice = 2.0 * daily
    return np.clip(np.log2(np.maximum(np.nan_to_num(km, nan=0.0), twice) / twice), 0.0, 4.0)


def inside(codes: NDArray[np.integer], regions: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where a code lies in any of the regions (…, w, 2) of its own row."""
    found = np.zeros(np.broadcast_shapes(codes.shape, regions.shape[:-2]), dtype=np.bool_)
    for position in range(regions.shape[-2]):
        found |= codes // regions[..., position, 1] == regions[..., position, 0]
    return found


def usual_places(stock: Stock, homes: Homes) -> NDArray[np.float64]:
    """Return how near, and how many doublings too far, a stock's known places are to each home on the mean, (m, 2)."""
    usual, m = stock.usual_places, len(homes.daily)
    if not len(usual.share):
        return np.tile([0.5, 0.0], (m, 1))
    typical, _ = distances_of(homes, np.arange(m)[:, None], usual.spots)
    daily = homes.daily[:, None]
    far = doublings_by(daily, typical)
    far = np.where(inside(usual.spots.region[None, :], homes.wished[:, None]), 0.0, far)
    return np.column_stack([nearness_by(daily, typical) @ usual.share, far @ usual.share])
