"""Word, trade and place tables of the demo province, read once from `pipelines/data/synthetic_*.yaml`.

Everything in them is invented or set by hand; how they are put to use is left to the sibling modules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.packaged import parsed
from matching.regions import divisions, prefecture
from matching.vocabulary import Accommodation, DisabilityCategory, Education, EmployerKind, Function, VacancyKind
from pipelines import schema

Levels = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FUNCTIONS: tuple[Function, ...] = tuple(Function)
ACCOMMODATIONS: tuple[Accommodation, ...] = tuple(Accommodation)
CATEGORIES: tuple[DisabilityCategory, ...] = tuple(DisabilityCategory)
OPEN_ENDED = 10_000_000
"""Day number of a post that names no closing day."""

_DEFAULT_KINDS = (VacancyKind.OPEN, VacancyKind.DIRECTED, VacancyKind.RESERVED, VacancyKind.INTERNSHIP)
_OWN_AREAS = ("620171", "620299")  # counted apart from the prefecture that they lie in


@cache
def load(name: str) -> Mapping[str, Any]:
    """Return one of the tables `people`, `places`, `trades`, `words`."""
    path = Path(__file__).parent.parent / "data" / f"synthetic_{name}.yaml"
    table: dict[str, Any] = parsed(path.read_text(encoding="utf-8"))
    return table


def levels(text: str) -> Levels:
    """Return `walking=2;hands=3` as a row over `FUNCTIONS`; a function left out is 0."""
    parsed = schema.VACANCIES.column("demands").parse(text) or {}
    return np.array([parsed.get(function, 0) for function in FUNCTIONS], dtype=np.int8)


@dataclass(frozen=True, slots=True)
class Trade:
    """One invented trade: what it is called, pays and asks for."""

    key: str
    index: int
    family: str
    weight: float
    titles: tuple[str, ...]
    says: tuple[str, ...]
    occupation: str
    industry: str
    at: Mapping[EmployerKind, float]
    kinds: frozenset[VacancyKind]
    wage: tuple[float, float]
    education: Education | None
    experience: int
    skills: tuple[str, ...]
    certificates: tuple[str, ...]
    demands: Levels
    remote: float
    night: float
    unlawful: float
    hours: float
    days: float
    duties: tuple[str, ...]
    welcomes: tuple[DisabilityCategory, ...]


def _trade(key: str, index: int, row: Mapping[str, Any]) -> Trade:
    low, high = row["wage"]
    return Trade(
        key=key,
        index=index,
        family=row["family"],
        weight=float(row["weight"]),
        titles=tuple(row["titles"]),
        says=tuple(row["says"]),
        occupation=row["occupation"],
        industry=row["industry"],
        at={EmployerKind.parse(kind): float(weight) for kind, weight in row["at"].items()},
        kinds=frozenset(VacancyKind.parse(kind) for kind in row.get("kinds", _DEFAULT_KINDS)),
        wage=(float(low), float(high)),
        education=Education.parse(row["education"]) if "education" in row else None,
        experience=int(row.get("experience", 0)),
        skills=tuple(row["skills"]),
        certificates=tuple(row.get("certificates", ())),
        demands=levels(row["demands"]),
        remote=float(row.get("remote", 0)),
        night=float(row.get("night", 0.04)),
        unlawful=float(row.get("unlawful", 0.04)),
        hours=float(row.get("hours", 8)),
        days=float(row.get("days", 5.5)),
        duties=tuple(row["duties"]),
        welcomes=tuple(DisabilityCategory.parse(category) for category in row.get("welcomes", ())),
    )


@cache
def trades() -> tuple[Trade, ...]:
    """Every trade, in the order of its table."""
    return tuple(_trade(key, index, row) for index, (key, row) in enumerate(load("trades").items()))


@cache
def licences() -> tuple[str, ...]:
    """Every certificate that some trade asks for."""
    return tuple(dict.fromkeys(name for trade in trades() for name in trade.certificates))


@dataclass(frozen=True, slots=True)
class County:
    """A county with its invented weight, pay class and share of rural people; `area` groups counties by prefecture."""

    code: str
    name: str
    point: tuple[float, float]
    weight: float
    pay_class: int
    rural_share: float
    area: str

    @property
    def pay_level(self) -> float:
        """Factor on the wages of `synthetic_trades.yaml`."""
        return float(load("places")["pay_level"][self.pay_class])

    @property
    def pay_floor(self) -> float:
        """Yuan a month below which no full-time post of the invented province pays."""
        return float(load("places")["pay_floor"][self.pay_class])


@cache
def counties() -> tuple[County, ...]:
    """Every county of the province, in code order."""
    found = []
    for code, (weight, pay_class, rural_share) in sorted(load("places")["counties"].items()):
        region = divisions()[code]
        if region.point is None:
            raise ValueError(f"the county {code} has no point in the division table")
        area = code if code in _OWN_AREAS else prefecture(code)
        found.append(County(code, region.name, region.point, float(weight), int(pay_class), float(rural_share), area))
    return tuple(found)


@cache
def areas() -> tuple[str, ...]:
    """The 14 prefectures, 兰州新区 and 甘肃矿区, by code."""
    return tuple(sorted({county.area for county in counties()}))


@cache
def county_area() -> Ints:
    """Return the position in `areas()` of each county."""
    positions = {area: position for position, area in enumerate(areas())}
    return np.array([positions[county.area] for county in counties()], dtype=np.int64)


def spread_over_counties(n: int, weights: Floats, rng: np.random.Generator, *, start: int = 0) -> Ints:
    """Draw `n` counties by weight; those from `start` on go once round the areas, so that none stays empty."""
    area_of = county_area()
    drawn = rng.choice(len(weights), size=n, p=weights / weights.sum())
    for area in range(min(n - start, len(areas()))):
        inside = np.flatnonzero(area_of == area)
        drawn[start + area] = rng.choice(inside, p=weights[inside] / weights[inside].sum())
    return np.asarray(drawn, dtype=np.int64)


def pick(rng: np.random.Generator, options: Mapping[str, float]) -> str:
    """Draw one key by weight."""
    keys = list(options)
    weights = np.array([options[key] for key in keys], dtype=float)
    return keys[int(rng.choice(len(keys), p=weights / weights.sum()))]


def gumbel_choice(scores: Floats, rng: np.random.Generator) -> Ints:
    """Draw one column per row with probability proportional to exp(score)."""
    return np.asarray(np.argmax(scores + rng.gumbel(size=scores.shape), axis=1), dtype=np.int64)


@cache
def closings() -> Levels:
    """Levels that each accommodation closes in this invented world, (accommodations, functions)."""
    table = np.zeros((len(ACCOMMODATIONS), len(FUNCTIONS)), dtype=np.int8)
    for name, closed in load("people")["closings"].items():
        for function, level in closed.items():
            table[ACCOMMODATIONS.index(Accommodation.parse(name)), FUNCTIONS.index(Function.parse(function))] = level
    return table
