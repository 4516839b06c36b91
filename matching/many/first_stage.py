"""The first stage for many people: the few hundred vacancies of each that can lead a list, and a bound on the rest.

Scores here are nearly those of the ranker (`TOLERANCE`), bands and exclusions are those of the ranker or, at the edge
of a distance, kinder. What is left out therefore stands behind `left_out` in the order that counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.components import COMPONENTS, education_gaps, experience_asked
from matching.many.columns import BAND_STEP, LANES, OUT, SAMPLED, Found, Persons, Posts, Sparse, Weighed
from matching.many.facets import Facets
from matching.many.kernel import fill_first
from matching.many.people import People, Queries
from matching.many.usual import usual_places
from matching.ranking import Weights
from matching.reach import reach_settings
from matching.settings import ranking_settings
from models.arrays import empty_rows

TOLERANCE = 1e-3
"""How far a score of the first stage may be from the ranker's; the second stage checks every one that it sees."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The pairs that stay, by person: `person`, `row` and near `score` (n,); the others by person (m,).

    A key is the score less `BAND_STEP` for each band. `best` is the highest key of all and `left_out` the highest among
    what was left out, minus infinity where there is none.
    """

    person: NDArray[np.int64]
    row: NDArray[np.int64]
    score: NDArray[np.float64]
    left_out: NDArray[np.float64]
    best: NDArray[np.float64]


class FirstStage:
    """The first stage over one stock under one set of weights; made once, asked for any people."""

    def __init__(self, facets: Facets, weights: Weights) -> None:
        self.facets, self._weights = facets, weights
        self._of = dict(zip(COMPONENTS, weights.values.tolist(), strict=True))
        self._weighed, self._factors = self._weighed_settings(), self._learned_of_stock()
        plain = [facets.plain(frozenset({at})) for at in range(len(ranking_settings().plain_wishes))]
        # Bit by bit, which of the plain wishes a vacancy answers.
        self._plain_classes = np.zeros(len(facets.index.stock), dtype=np.int64)
        for at, wish in enumerate(plain):
            self._plain_classes |= wish.astype(np.int64) << at
        self._posts = self._posts_of(facets.open_rows.astype(np.int32))
        self._sample = _sampled(self._posts)

    def keep(self, people: People, *, most: int, among: NDArray[np.int32] | None = None) -> Kept:
        """Return the `most` best pairs of each person, among all open vacancies or those of them at some positions."""
        posts = self._posts if among is None else self._posts_of(among)
        n = len(people)
        found = Found(
            rows=np.zeros((n, most), dtype=np.int32),
            scores=np.zeros((n, most)),
            n=np.zeros(n, dtype=np.int64),
            left_out=np.full(n, -np.inf),
            best=np.full(n, -np.inf),
        )
        if n and len(posts.row):
            order, ends = _side_by_side(people)
            columns = self._person_columns(people, posts)
            sample = self._sample if among is None else _sampled(posts)
            fill_first(posts, sample, columns, self._weighed, ends, order, most, found)
        taken = np.arange(most)[None, :] < found.n[:, None]
        return Kept(
            person=np.repeat(np.arange(n), found.n),
            row=found.rows[taken].astype(np.int64),
            score=found.scores[taken],
            left_out=found.left_out,
            best=found.best,
        )

    def _posts_of(self, rows: NDArray[np.int32]) -> Posts:
        """Return the columns of some vacancies, those that anybody anywhere may be listed for first, then by place."""
        facets, of = self.facets, self._of
        index, stock = facets.index, facets.index.stock
        fixed = of["popularity"] * index.popularity.astype(np.float64) + of["freshness"] * facets.freshness
        fixed += of["employer_uptake"] * facets.overall
        if index.crowding is not None:
            fixed -= index.crowding.price
        spots = facets.spots.places
        stays = facets.is_remote[rows] | facets.dorm[rows]
        spot = facets.spots.of[rows]
        # Neighbouring places side by side: a block of vacancies is then out of most people's reach as a whole.
        leave = (facets.shuttle[rows], facets.dorm[rows], facets.is_remote[rows])
        by_place = np.lexsort((*leave, spot, spots.longitude[spot], spots.region[spot], ~stays))
        row = rows[by_place].astype(np.int64)
        site_table = np.column_stack([facets.spots.of, facets.is_remote, facets.dorm, facets.shuttle])[row]
        starts = np.ones(len(row), dtype=np.bool_)
        starts[1:] = (site_table[1:] != site_table[:-1]).any(axis=1)
        sites = site_table[starts]
        kinds, kind = np.unique(
            stock.family[row].astype(np.int64) * 2**32 + self._plain_classes[row], return_inverse=True
        )
        kind_row = np.zeros(len(kinds), dtype=np.int64)
        kind_row[kind] = row
        texts, addresses = index.text.rows, index.address.rows if index.address else empty_rows(len(stock), 0)
        words = sparse.hstack([texts, facets.skills], format="csr") if of["skills"] else texts
        return Posts(
            row=row.astype(np.int32),
            pattern=facets.patterns.of[row],
            site=(np.cumsum(starts) - 1).astype(np.int32),
            kind=kind.astype(np.int32).ravel(),
            kind_family=stock.family[kind_row],
            kind_row=kind_row,
            education=stock.education[row],
            usual_education=education_gaps(-1, index.schooling),
            wage_min=np.nan_to_num(stock.wage_min[row], nan=-1.0).astype(np.float32),
            wage_max=np.nan_to_num(stock.wage_max[row], nan=-1.0).astype(np.float32),
            years=np.nan_to_num(experience_asked(stock, row)).astype(np.float32),
            employer=facets.employer[row],
            fixed=fixed[row],
            site_spot=sites[:, 0],
            site_remote=sites[:, 1].astype(np.bool_),
            site_dorm=sites[:, 2].astype(np.bool_),
            site_shuttle=sites[:, 3].astype(np.bool_),
            spot_unit=facets.spots.unit,
            spot_radius=spots.radius_km,
            spot_region=spots.region.astype(np.int64),
            factors=np.ascontiguousarray(self._factors[row]),
            words=sparse_parts(words[row]),
            addresses=sparse_parts(addresses[row]),
            stock_words=sparse_parts(texts),
            stock_addresses=sparse_parts(addresses),
            stock_family=stock.family,
            n_words=texts.shape[1],
            n_columns=texts.shape[1] + facets.skills.shape[1],
            n_addresses=addresses.shape[1],
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

    def _person_columns(self, people: People, posts: Posts) -> Persons:
        of, homes = self._of, people.homes
        # By vacancy, so that what people side by side ask of one lies together.
        leads = np.take(np.ascontiguousarray(people.leads.T), posts.row, axis=0)
        behind = np.stack([f.behind for f in people.functions])
        scores = np.stack(
            [
                -of["function_gap"] * (f.fit.open_gap + f.fit.unread_open)
                - of["to_arrange"] * (f.fit.to_arrange + f.fit.unread_to_arrange)
                - of["strain"] * f.strain
                + of["accommodation_offered"] * f.offered
                for f in people.functions
            ]
        )
        # What a step of the band costs is in the score already, so that one comparison tells what may matter.
        scores = np.where(np.stack([f.fit.outcome == 3 for f in people.functions]), OUT, scores - BAND_STEP * behind)
        return Persons(
            sight=people.sight,
            sights=np.take(np.ascontiguousarray(people.sights.T), posts.row, axis=0),
            function=people.function,
            function_score=scores.astype(np.float32),
            lead=people.lead,
            leads=leads,
            may_lead=leads.max(axis=1) >= 0,
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
            vectors=self._vectors(people),
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


_BY_POST = ("row", "pattern", "site", "kind", "education", "wage_min", "wage_max", "years", "employer", "fixed")


def _sampled(posts: Posts) -> Posts:
    """Return every `SAMPLED`-th of the posts; the tables that they point into stay whole."""
    at = np.arange(0, len(posts.row), SAMPLED)
    own = {name: getattr(posts, name)[at] for name in (*_BY_POST, "factors")}
    return posts._replace(**own, words=_rows_of(posts.words, at), addresses=_rows_of(posts.addresses, at))


def _rows_of(parts: Sparse, at: NDArray[np.intp]) -> Sparse:
    starts, columns, values = parts
    n = np.diff(starts)[at]
    ends = np.concatenate([[0], np.cumsum(n)])
    held = np.repeat(starts[at] - ends[:-1], n) + np.arange(ends[-1])
    return ends, columns[held], values[held]


def _side_by_side(people: People) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return an order of people, and the ends of those in it that are worked through side by side.

    They are of one area, at most `LANES`, and travel about as far, so that they reach about the same vacancies.
    """
    order = np.lexsort((people.home, people.homes.limit[people.home], people.area))
    area, ends = people.area[order], []
    for start, end in zip(*_runs(area), strict=True):
        ends += [*range(start + LANES, end, LANES), end]
    return order, np.array(ends, dtype=np.int64)


def _runs(values: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]).tolist()
    return starts, [*starts[1:], len(values)]


def sparse_parts(
    matrix: sparse.csr_matrix | sparse.csc_matrix,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return a matrix as starts, places and values."""
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float32)


def _query(queries: Queries) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    return queries.starts, queries.columns, queries.weights
