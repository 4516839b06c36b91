"""Administrative divisions: GB/T 2260 codes, names, points and distances.

The code table is the one packaged with `cpca` (MIT), plus the few divisions that it lacks (`data/regions.yaml`).
Points are seats of government or centroids, most likely GCJ-02, up to about 500 m off WGS-84.
Parsing of free addresses is left to `pipelines.sources.places`.
"""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from matching.packaged import parsed

GANSU = "620000"
_SUFFIXES = ("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "自治州", "自治县", "自治旗", "地区")
_EARTH_KM = 6371.0


class RegionError(ValueError):
    """A place that is no division, or more than one; the message says which were meant."""


@dataclass(frozen=True, slots=True)
class Region:
    """One division; the point is None where none is known."""

    code: str
    name: str
    longitude: float | None
    latitude: float | None

    @property
    def point(self) -> tuple[float, float] | None:
        """Longitude and latitude in degrees."""
        return None if self.longitude is None or self.latitude is None else (self.longitude, self.latitude)


@cache
def _own() -> Mapping[str, Mapping[str, Any]]:
    text = (Path(__file__).parent / "data" / "regions.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, Any]] = parsed(text)
    return loaded


@cache
def divisions() -> Mapping[str, Region]:
    """Every division by its six-digit code."""
    spec = find_spec("cpca")  # found, not imported: its table is wanted, not its parser
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the package cpca, which carries the division table, is not installed")
    table = Path(next(iter(spec.submodule_search_locations))) / "resources" / "adcodes.csv"
    found: dict[str, Region] = {}
    with table.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            code = row["adcode"][:6]
            has_point = bool(row["longitude"] and row["latitude"])
            found[code] = Region(
                code,
                row["name"],
                float(row["longitude"]) if has_point else None,
                float(row["latitude"]) if has_point else None,
            )
    for code, own in _own()["divisions"].items():
        found[code] = Region(code, str(own["name"]), float(own["longitude"]), float(own["latitude"]))
    return {code: region for code, region in found.items() if code not in _own()["replaced"]}


def prefecture(code: str) -> str:
    """Return the code of the prefecture that a county lies in (the code itself for a prefecture or province)."""
    return code if code.endswith("0000") else code[:4] + "00"


def province(code: str) -> str:
    """Return the code of the province."""
    return code[:2] + "0000"


def is_prefecture_wide(code: str) -> bool:
    """True for a prefecture's or province's code: more than a county is meant."""
    return code.endswith("00")


def point(code: str) -> tuple[float, float] | None:
    """Return the point of a division, of its prefecture where the division itself has none, or None."""
    for candidate in (code, prefecture(code)):
        region = divisions().get(candidate)
        if region is not None and region.point is not None:
            return region.point
    return None


def region_name(code: str) -> str:
    """Return a name a caseworker reads at once: 兰州市城关区; municipalities and provinces by themselves."""
    table = divisions()
    own = table.get(code)
    own_name = own.name if own else code
    if code.endswith("0000"):
        return own_name
    upper_code = prefecture(code) if not code.endswith("00") else province(code)
    upper = table.get(upper_code)
    if upper is None or upper.name in ("市辖区", "县"):  # municipalities: the province carries the name
        upper = table.get(province(code))
    if own_name == "市辖区":
        return upper.name if upper else code
    if upper is None or upper.name == own_name or (upper.code.endswith("0000") and code.endswith("00")):
        return own_name
    if upper.name in ("省直辖县级行政区划", "自治区直辖县级行政区划"):
        return own_name
    return upper.name + own_name


def _short(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name[: -len(suffix)]
    return name[:-1] if len(name) > 2 and name[-1] in "省市区县州旗" else name


@cache
def _codes_by_name() -> Mapping[str, tuple[str, ...]]:
    names: dict[str, dict[str, None]] = {}
    for code, region in divisions().items():
        if region.name in ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"):
            continue
        for name in {region.name, _short(region.name), region_name(code)}:
            names.setdefault(name, {})[code] = None
        parents = (divisions().get(prefecture(code)), divisions().get(province(code)))
        for parent in parents:
            if parent is None or parent.code == code:
                continue
            for upper in (parent.name, _short(parent.name)):
                for lower in (region.name, _short(region.name)):
                    names.setdefault(upper + lower, {})[code] = None
        city, top = parents
        if city and top and city.code != code and top.code != code:
            names.setdefault(top.name + city.name + region.name, {})[code] = None
    own = {str(name): str(code) for name, code in _own()["names"].items()}
    names.update({name: {code: None} for name, code in own.items()})
    return {name: tuple(codes) for name, codes in names.items()}


def region_code(text: str) -> str:
    """Return the six-digit code of a code or name; a name that several divisions share must say more.

    Within several, a prefecture goes before its namesake county (嘉峪关), and Gansu before elsewhere.

    Raises
    ------
    RegionError
        When it is no division, or several.
    """
    wanted = text.strip().replace(" ", "")
    if wanted.isascii() and wanted.isdigit():
        code = str(_own()["replaced"].get(wanted[:6], wanted[:6]))
        if len(wanted) not in (6, 9, 12) or not (code in divisions() or _is_plausible(code)):
            raise RegionError("没有这个行政区划代码（GB/T 2260 六位）")
        return code
    found = _codes_by_name().get(wanted, ())
    for keep in (lambda c: c.endswith("00"), lambda c: province(c) == GANSU):
        if len(found) > 1 and any(keep(code) for code in found):
            found = tuple(code for code in found if keep(code))
    if len(found) == 1:
        return found[0]
    if not found:
        raise RegionError("没有这个行政区划名称；请写全称或六位代码")
    several = "、".join(region_name(code) for code in found[:4])
    raise RegionError(f"有 {len(found)} 个同名地区（{several}…），请写上所属市州或六位代码")


def _is_plausible(code: str) -> bool:
    # The packaged table is of 2021: elsewhere in the country a new county of a known prefecture is taken as it is.
    return not code.startswith("62") and (prefecture(code) in divisions() or province(code) in divisions())


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the great-circle distance in km between two points of (longitude, latitude) in degrees."""
    lon_a, lat_a, lon_b, lat_b = map(math.radians, (*a, *b))
    h = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, h)))
