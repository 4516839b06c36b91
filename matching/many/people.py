"""Some people side by side as columns, as `first_stage` and `second_stage` read them."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.components import (
    Asked,
    match_by_family,
    plain_wishes,
    telling_words,
    training_gap_by_family,
)
from matching.entities import Candidate
from matching.features import address_words
from matching.many.facets import ByFunction, Facets, on_sphere
from matching.ranking import names_a_place, trust_in_words, wishes_something
from matching.reach import comfortable_km, spot
from matching.regions import is_prefecture_wide
from matching.settings import ranking_settings
from matching.stock import FAMILIES, MODES

NOTHING_IS = -1
"""Number of a region that is not there; no place has it."""


class _Numbered:
    """Values that several people share, each once, with the number of each."""

    def __init__(self) -> None:
        self._number: dict[Hashable, int] = {}
        self.values: list[Any] = []

    def add(self, key: Hashable, make: Callable[[], Any]) -> int:
        number = self._number.setdefault(key, len(self.values))
        if number == len(self.values):
            self.values.append(make())
        return number


@dataclass(frozen=True, slots=True)
class Homes:
    """Where people live and how far they travel, one row for each different answer.

    `unit` (m, 3) on the unit sphere, `longitude`, `latitude` in degrees and `radius` km: NaN where no home is known;
    `region` int64, 0 unknown; `is_wide` bool, the region is a whole prefecture; `is_told` bool, something is known of
    it; `daily` km, at least 1; `limit` km, infinite where none is stated; `own` (m, 2) and `wished` (m, w, 2): regions
    as numbers and widths (`regions_of`).
    """

    unit: NDArray[np.float64]
    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    radius: NDArray[np.float64]
    region: NDArray[np.int64]
    is_wide: NDArray[np.bool_]
    is_told: NDArray[np.bool_]
    daily: NDArray[np.float64]
    limit: NDArray[np.float64]
    own: NDArray[np.int64]
    wished: NDArray[np.int64]

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> "Homes":
        """Set homes side by side."""
        spots = [spot(c.longitude, c.latitude, c.region) for c in candidates]
        longitude = np.array([s.longitude if s else np.nan for s in spots])
        latitude = np.array([s.latitude if s else np.nan for s in spots])
        wished = [regions_of(c.wished_regions) for c in candidates]
        table = np.full((len(candidates), max([1, *(len(w) for w in wished)]), 2), NOTHING_IS, dtype=np.int64)
        table[:, :, 1] = 1
        for row, regions in enumerate(wished):
            if regions:
                table[row, : len(regions)] = regions
        return cls(
            unit=on_sphere(longitude, latitude),
            longitude=longitude,
            latitude=latitude,
            radius=np.array([s.radius_km if s else np.nan for s in spots]),
            region=np.array([int(c.region) if c.region else 0 for c in candidates], dtype=np.int64),
            is_wide=np.array([bool(c.region) and is_prefecture_wide(str(c.region)) for c in candidates]),
            is_told=np.array([c.region is not None or c.longitude is not None for c in candidates]),
            daily=np.array([max(1.0, comfortable_km(c)) for c in candidates]),
            limit=np.array([np.inf if c.max_commute_km is None else float(c.max_commute_km) for c in candidates]),
            own=np.array(
                [regions_of((c.region,) if c.region else ())[0] if c.region else (NOTHING_IS, 1) for c in candidates],
                dtype=np.int64,
            ).reshape(-1, 2),
            wished=table,
        )


def regions_of(regions: Sequence[str]) -> list[tuple[int, int]]:
    """Return each region as a number and the width that codes are divided by to be compared with it."""
    found = []
    for region in regions:
        number = int(region)
        width = 10_000 if number % 10_000 == 0 else 100 if number % 100 == 0 else 1
        found.append((number // width, width))
    return found


@dataclass(frozen=True, slots=True)
class Queries:
    """Sparse rows by person, as three arrays; `weights` float64."""

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, matrix: sparse.csr_matrix) -> "Queries":
        """Take a matrix apart."""
        return cls(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float64))

    @classmethod
    def gathered(cls, columns: Sequence[Sequence[int]], weights: Sequence[Sequence[float]] | None = None) -> "Queries":
        """Put together the columns of each person, all of weight 1 where none is given."""
        ends = np.cumsum([0, *(len(own) for own in columns)], dtype=np.int64)
        flat = np.array([column for own in columns for column in own], dtype=np.int32)
        given = [w for own in weights for w in own] if weights is not None else [1.0] * len(flat)
        return cls(ends, flat, np.array(given, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class People:
    """Some people; every array has a row for each, but for the tables that they point into.

    `sight`, `function`, `lead`, `plain`, `area` and `home` are positions in the tables of the same names: bool (m, n),
    `ByFunction` (m,), int8 (m, n), bool (m, n), float64 (m, n_employers + 1) and `Homes`. `by_family` float64
    (3, p, n_families + 1): wished, done before, training lacked. `education` int64, -1 unknown; `wage` and `years`
    float64, NaN unknown. `modes` bool (p, n_modes). Queries: words, own address, skills; `history` with weights;
    `refused`. `vector` and `direction` float32 (p, d), zero where there is none; `has_vector` bool. `says_…` bool and
    `trust_in_words` float64: what of `fit` is asked for.
    """

    asked: Sequence[Asked]
    sight: NDArray[np.int64]
    sights: NDArray[np.bool_]
    function: NDArray[np.int64]
    functions: Sequence[ByFunction]
    lead: NDArray[np.int64]
    leads: NDArray[np.int8]
    plain: NDArray[np.int64]
    plains: NDArray[np.bool_]
    area: NDArray[np.int64]
    areas: NDArray[np.float64]
    home: NDArray[np.int64]
    homes: Homes
    by_family: NDArray[np.float64]
    education: NDArray[np.int64]
    wage: NDArray[np.float64]
    years: NDArray[np.float64]
    modes: NDArray[np.bool_]
    words: Queries
    address: Queries
    skills: Queries
    history: Queries
    refused: Queries
    vector: NDArray[np.float32]
    direction: NDArray[np.float32]
    has_vector: NDArray[np.bool_]
    says_work: NDArray[np.bool_]
    trust_in_words: NDArray[np.float64]
    says_place: NDArray[np.bool_]
    says_skills: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.asked)

    @classmethod
    def of(cls, asked: Sequence[Asked], facets: Facets) -> "People":
        """Set people side by side who are asked about one stock."""
        index, people = facets.index, [one.candidate for one in asked]
        sights, functions, leads, plains, areas, homes = (_Numbered() for _ in range(6))
        plain_of = [frozenset(_plain_positions(person)) for person in people]
        home_of = [(p.longitude, p.latitude, p.region, p.max_commute_km, p.transport, p.wished_regions) for p in people]
        space, address_space = index.text.space, index.address.space if index.address else None
        words = space.transform([telling_words(one) for one in asked])
        columns = index.stock.skill_column
        nothing = np.zeros(0 if index.factors is None else index.factors.shape[1], dtype=np.float32)
        nowhere = np.zeros(0 if index.units is None else index.units.shape[1], dtype=np.float32)

        def ids(found: Sequence[int]) -> NDArray[np.int64]:
            return np.array(found, dtype=np.int64)

        def directed(one: Asked) -> NDArray[np.float32]:
            # As for one list: no direction counts without a vector.
            return nowhere if one.vector is None or one.direction is None or index.units is None else one.direction

        return cls(
            asked=asked,
            sight=ids([sights.add(*facets.at_sight(person)) for person in people]),
            sights=np.stack(sights.values),
            function=ids([functions.add(*facets.by_function(person)) for person in people]),
            functions=functions.values,
            lead=ids([leads.add(*facets.leads(person)) for person in people]),
            leads=np.stack(leads.values),
            plain=ids([plains.add(key, partial(facets.plain, key)) for key in plain_of]),
            plains=np.stack(plains.values),
            area=ids([areas.add(p.region, partial(facets.area_uptake, p.region)) for p in people]),
            areas=np.stack(areas.values),
            home=ids([homes.add(key, partial(_itself, p)) for key, p in zip(home_of, people, strict=True)]),
            homes=Homes.of(homes.values),
            by_family=np.stack(
                [
                    np.stack([match_by_family(person) for person in people]),
                    np.stack([_done_before(one, facets) for one in asked]),
                    np.stack([training_gap_by_family(person) for person in people]),
                ]
            ),
            education=ids([-1 if p.education is None else p.education.rank for p in people]),
            wage=np.array([float(p.wished_wage_min) if p.wished_wage_min else np.nan for p in people]),
            years=np.array([np.nan if p.experience_years is None else float(p.experience_years) for p in people]),
            modes=np.array([[mode in p.work_modes for mode in MODES] for p in people], dtype=np.bool_),
            words=Queries.of(words),
            address=Queries.of(address_space.transform([address_words(p.address) for p in people]))
            if address_space is not None
            else Queries.gathered([[] for _ in people]),
            skills=Queries.gathered(
                [[columns[s] for skill in p.skills if (s := skill.casefold()) in columns] for p in people]
            ),
            history=Queries.gathered(
                [one.history.rows.tolist() for one in asked], [one.history.weights.tolist() for one in asked]
            ),
            refused=Queries.gathered([one.refused for one in asked]),
            vector=np.stack([nothing if one.vector is None else one.vector for one in asked]),
            direction=np.stack([directed(one) for one in asked]),
            has_vector=np.array([one.vector is not None and index.factors is not None for one in asked]),
            says_work=np.array([wishes_something(p) for p in people]),
            trust_in_words=np.array([trust_in_words(p) for p in people]),
            says_place=np.array([names_a_place(p) for p in people]),
            says_skills=np.array([bool(p.skills) for p in people]),
        )


def _itself(person: Candidate) -> Candidate:
    return person


def _plain_positions(person: Candidate) -> set[int]:
    return {position for wish in person.wished_occupations for position in _plain_of(wish)}


@cache
def _plain_of(wish: str) -> tuple[int, ...]:
    return tuple(ranking_settings().plain_wishes.index(plain) for plain in plain_wishes(wish))


def _done_before(one: Asked, facets: Facets) -> NDArray[np.float64]:
    """Return the share of earlier acts by occupation family, (n_families + 1,), 0 for one that nobody knows."""
    share = np.zeros(len(FAMILIES) + 1)
    if len(one.history.rows):
        np.add.at(share, facets.index.stock.family[one.history.rows], one.history.weights)
        share[-1] = 0.0
        share = share / one.history.weights.sum()
    return share
