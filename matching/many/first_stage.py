"""The first stage for many people: the few hundred vacancies of each that can lead a list, and a bound on the rest.

Scores here are nearly those of the ranker (`TOLERANCE`), bands and exclusions are those of the ranker or, at the edge
of a distance, kinder. What is left out therefore stands behind `left_out` in the order that counts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.components import COMPONENTS, education_gaps, experience_asked
from matching.many.facets import Facets
from matching.many.kernel import Found, Persons, Posts, Weighed, fill_first
from matching.many.people import People, Queries
from matching.many.usual import usual_places
from matching.ranking import Weights
from matching.reach import reach_settings
from matching.settings import ranking_settings
from models.arrays import empty_rows

TOLERANCE = 1e-3
"""How far a score of the first stage may be from the ranker's; the second stage checks every one that it sees."""
_AT_ONCE = 50
"""People of whom the learned scores of all vacancies are in memory at the same time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The pairs that stay, by person: `person`, `row` and near `score` (n,); the others by person (m,).

    A key is the score less `BAND_STEP` for each band. `best` is the highest key of all and `left_out` the highest among
    what was left out, minus infinity where there is none; `n_listed` counts what may be listed.
    """

    person: NDArray[np.int64]
    row: NDArray[np.int64]
    score: NDArray[np.float64]
    n_listed: NDArray[np.int64]
    left_out: NDArray[np.float64]
    best: NDArray[np.float64]


class FirstStage:
    """The first stage over one stock under one set of weights; made once, asked for any people."""

    def __init__(self, facets: Facets, weights: Weights) -> None:
        self.facets, self._weights = facets, weights
        self._of = dict(zip(COMPONENTS, weights.values.tolist(), strict=True))
        self._posts, self._weighed = self._stock_columns(), self._weighed_settings()
        self._factors = self._learned_of_stock()

    def keep(self, people: People, *, most: int, among: NDArray[np.int32] | None = None) -> Kept:
        """Return the `most` best pairs of each person, among all vacancies or those at some positions."""
        posts = self._posts if among is None else self._posts._replace(looked_at=among)
        n = len(people)
        found = Found(
            rows=np.zeros((n, most), dtype=np.int32),
            scores=np.zeros((n, most)),
            n=np.zeros(n, dtype=np.int64),
            n_listed=np.zeros(n, dtype=np.int64),
            left_out=np.zeros(n),
            best=np.zeros(n),
        )
        columns, vectors = self._person_columns(people), self._vectors(people)
        for start in range(0, n, _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            # All vacancies at once: a product of matrices is quicker than one for each pair that may be listed.
            learned = vectors[some] @ self._factors.T if vectors.shape[1] else vectors[some]
            fill_first(posts, _some(columns, some, learned), self._weighed, most, Found(*(a[some] for a in found)))
        taken = np.arange(most)[None, :] < found.n[:, None]
        return Kept(
            person=np.repeat(np.arange(n), found.n),
            row=found.rows[taken].astype(np.int64),
            score=found.scores[taken],
            n_listed=found.n_listed,
            left_out=found.left_out,
            best=found.best,
        )

    def _stock_columns(self) -> Posts:
        facets, of = self.facets, self._of
        index, stock = facets.index, facets.index.stock
        fixed = of["popularity"] * index.popularity.astype(np.float64) + of["freshness"] * facets.freshness
        fixed += of["employer_uptake"] * facets.overall
        if index.crowding is not None:
            fixed -= index.crowding.price
        texts, addresses = index.text, index.address
        n = len(stock)
        nothing = empty_rows(n, 0)
        return Posts(
            pattern=facets.patterns.of,
            spot=facets.spots.of,
            remote=facets.is_remote,
            dorm=facets.dorm,
            shuttle=facets.shuttle,
            family=stock.family,
            education=stock.education,
            usual_education=education_gaps(-1, index.schooling),
            wage_min=stock.wage_min,
            wage_max=stock.wage_max,
            years=experience_asked(stock, np.arange(n)),
            employer=facets.employer,
            fixed=fixed,
            spot_unit=facets.spots.unit,
            spot_radius=facets.spots.places.radius_km,
            spot_region=facets.spots.places.region.astype(np.int64),
            looked_at=facets.open_rows.astype(np.int32),
            word_rows=sparse_parts(texts.rows),
            word_columns=sparse_parts(texts.by_word),
            place_rows=sparse_parts(addresses.rows if addresses else nothing),
            place_columns=sparse_parts(addresses.by_word if addresses else nothing.tocsc()),
            skill_columns=sparse_parts(stock.skills),
            n_words=texts.rows.shape[1],
            n_places=addresses.rows.shape[1] if addresses else 0,
        )

    def _learned_of_stock(self) -> NDArray[np.float32]:
        """Return what the learned vectors of vacancies are multiplied with, weighed, float32 (n, d)."""
        index, parts = self.facets.index, []
        if index.units is not None and self._of["direction"]:
            parts.append(self._of["direction"] * index.units)
        if index.factors is not None and index.biases is not None and self._of["collaborative"]:
            parts.append(self._of["collaborative"] * np.column_stack([index.factors, index.biases]))
        whole = np.concatenate(parts, axis=1) if parts else np.zeros((len(index.stock), 0))
        return np.ascontiguousarray(whole, dtype=np.float32)

    def _vectors(self, people: People) -> NDArray[np.float32]:
        index, parts = self.facets.index, []
        if index.units is not None and self._of["direction"]:
            parts.append(people.direction)
        if index.factors is not None and index.biases is not None and self._of["collaborative"]:
            parts.append(np.column_stack([people.vector, people.has_vector]))
        whole = np.concatenate(parts, axis=1) if parts else np.zeros((len(people), 0))
        return np.ascontiguousarray(whole, dtype=np.float32)

    def _person_columns(self, people: People) -> Persons:
        of, homes = self._of, people.homes
        scores = [
            -of["function_gap"] * (f.fit.open_gap + f.fit.unread_open)
            - of["to_arrange"] * (f.fit.to_arrange + f.fit.unread_to_arrange)
            + of["accommodation_offered"] * f.offered
            for f in people.functions
        ]
        return Persons(
            sight=people.sight,
            sights=people.sights,
            function=people.function,
            function_score=np.stack(scores).astype(np.float64),
            function_out=np.stack([f.fit.outcome == 3 for f in people.functions]),
            behind=np.stack([f.behind for f in people.functions]),
            lead=people.lead,
            leads=people.leads,
            plain=people.plain,
            plains=people.plains,
            area=people.area,
            areas=people.areas,
            home=people.home,
            unit=homes.unit,
            radius=homes.radius,
            region=homes.region,
            is_wide=homes.is_wide,
            is_told=homes.is_told,
            daily=homes.daily,
            limit=homes.limit,
            own=homes.own,
            wished=homes.wished,
            usual=usual_places(self.facets.index.stock, homes),
            by_family=people.by_family,
            education=people.education,
            wage=people.wage,
            years=people.years,
            words=_query(people.words),
            address=_query(people.address),
            skills=_query(people.skills),
            history=_query(people.history),
            refused=_query(people.refused),
            learned=np.zeros((0, 0), dtype=np.float32),
        )

    def _weighed_settings(self) -> Weighed:
        settings, reach = ranking_settings(), reach_settings()
        others = {
            "reach_factor": settings.lead.reach_factor,
            "shuttle_km": reach.shuttle_km,
            "own_county_km": reach.own_county_km,
            "own_prefecture_km": reach.own_prefecture_km,
        }
        return Weighed(**{name: float({**self._of, **others}[name]) for name in Weighed._fields})


_BY_PERSON = ("sight", "function", "lead", "plain", "area", "home", "education", "wage", "years")
_QUERIES = ("words", "address", "skills", "history", "refused")


def _some(columns: Persons, some: slice, learned: NDArray[np.float32]) -> Persons:
    """Return the columns of some of the people; the tables that they point into stay whole."""
    own: dict[str, Any] = {name: getattr(columns, name)[some] for name in _BY_PERSON}
    for name in _QUERIES:
        starts, places, values = getattr(columns, name)
        own[name] = (starts[some.start : some.stop + 1], places, values)
    return columns._replace(**own, by_family=np.ascontiguousarray(columns.by_family[:, some]), learned=learned)


def sparse_parts(
    matrix: sparse.csr_matrix | sparse.csc_matrix,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return a matrix as starts, places and values."""
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32)


def _query(queries: Queries) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    return queries.starts, queries.columns, queries.weights
