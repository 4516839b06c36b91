"""The second stage for many people: what the first stage kept, scored and put in order exactly as for one list.

Every step repeats the arithmetic of `matching.components` and `matching.ranking` on pairs of person and vacancy, in the
same order and width, so that scores come out equal to the last digit that counts. Tests hold both against each other.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from matching.components import COMPONENTS, N_RANKS, education_gaps, experience_asked
from matching.many.facets import Facets
from matching.many.first_stage import Kept, sparse_parts
from matching.many.pairs import pair_likeness, pair_products, pair_skills
from matching.many.people import People, Queries
from matching.many.usual import distances_of, doublings_by, inside, nearness_by, usual_places
from matching.ranking import Band, Weights
from matching.reach import reach_settings
from matching.settings import ranking_settings

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scored pairs, each array (n,); `is_listed` is False where the exact distance excludes after all.

    `priced` orders them: the score less what a crowded vacancy steps back by.
    """

    person: NDArray[np.int64]
    row: NDArray[np.int64]
    is_listed: NDArray[np.bool_]
    band: NDArray[np.int8]
    score: Floats
    priced: Floats
    questions: NDArray[np.int16]
    outcome: NDArray[np.int8]
    columns: Columns

    def standing(self, at: NDArray[np.intp]) -> "Pairs":
        """Return some pairs in the order of `at`, without what their scores are made of."""
        return replace(self, columns={}).take(at)

    def take(self, at: NDArray[np.intp]) -> "Pairs":
        """Return some pairs in the order of `at`."""
        return Pairs(
            self.person[at],
            self.row[at],
            self.is_listed[at],
            self.band[at],
            self.score[at],
            self.priced[at],
            self.questions[at],
            self.outcome[at],
            {name: column[at] for name, column in self.columns.items()},
        )


class SecondStage:
    """The second stage over one stock under one set of weights."""

    def __init__(self, facets: Facets, weights: Weights) -> None:
        self.facets, self._weights = facets, weights
        index, stock = facets.index, facets.index.stock
        self._years = experience_asked(stock, np.arange(len(stock)))
        # By rank of education; the last row, which -1 points at, is for a person whose education is not known.
        self._education_gaps = np.stack([education_gaps(rank, index.schooling) for rank in (*range(N_RANKS), -1)])
        self._texts = sparse_parts(index.text.rows)
        self._addresses = None if index.address is None else sparse_parts(index.address.rows)
        self._skills = sparse_parts(facets.skills)
        self._price = np.zeros(len(stock)) if index.crowding is None else index.crowding.price
        chance = weights.chance
        used = set(chance.config.names) if chance else set()
        used |= {name for name, weight in zip(COMPONENTS, weights.values.tolist(), strict=True) if weight}
        self._with_own = "collaborative" in used

    def score(self, people: People, kept: Kept) -> Pairs:
        """Score pairs."""
        facets, stock = self.facets, self.facets.index.stock
        p, v = kept.person, kept.row
        home, pattern = people.home[p], facets.patterns.of[v]
        typical, least = distances_of(people.homes, home, stock.spots.take(v))
        columns = self._columns(people, p, v, typical)
        total = np.zeros(len(p))
        for name, weight in zip(COMPONENTS, self._weights.values.tolist(), strict=True):
            if weight:
                total += weight * columns[name].astype(np.float64)
        score = np.round(total, 9)
        n_missing = np.stack([f.fit.n_missing for f in people.functions])[people.function[p], pattern]
        asks_education = (stock.education[v] > 0) & (people.education[p] < 0)
        questions = n_missing + asks_education + facets.no_wage[v] + facets.no_place[v]
        outcome = np.stack([f.fit.outcome for f in people.functions])[people.function[p], pattern]
        return Pairs(
            person=p,
            row=v,
            is_listed=~self._beyond(people, p, v, typical, least),
            band=self._bands(people, p, v, typical, columns["education_gap"]),
            score=score,
            priced=np.round(np.round(score, 6) - self._price[v], 6),
            questions=questions.astype(np.int16),
            outcome=outcome,
            columns=columns,
        )

    def _beyond(
        self, people: People, p: NDArray[np.int64], v: NDArray[np.int64], typical: Floats, least: Floats
    ) -> NDArray[np.bool_]:
        facets, home = self.facets, people.home[p]
        brought = facets.dorm[v] | (
            facets.shuttle[v] & (np.nan_to_num(typical, nan=0.0) <= reach_settings().shuttle_km)
        )
        moves = inside(facets.index.stock.spots.region[v], people.homes.wished[home])
        return np.asarray((least > people.homes.limit[home]) & ~brought & ~facets.is_remote[v] & ~moves)

    def _bands(
        self,
        people: People,
        p: NDArray[np.int64],
        v: NDArray[np.int64],
        typical: Floats,
        education_gap: NDArray[np.float32],
    ) -> NDArray[np.int8]:
        facets, homes, home = self.facets, people.homes, people.home[p]
        code = facets.index.stock.spots.region[v]
        leads = people.leads[people.lead[p], v]
        limit = ranking_settings().lead.reach_factor * homes.daily[home]
        reached = np.isnan(typical) | (typical <= limit) | inside(code, homes.own[home][:, None, :])
        reached |= facets.is_remote[v] | (inside(code, homes.wished[home]) & facets.dorm[v])
        leading = (leads >= 0) & reached & ((education_gap >= 0) | (people.education[p] < 0))
        band = np.where(leading, np.where(leads < 2, Band.ANNOUNCED, Band.PRIORITY), Band.GENERAL)
        behind = np.stack([f.behind for f in people.functions])[people.function[p], facets.patterns.of[v]]
        behind |= _in_own(people.refused, p, v)
        return np.where(behind, Band.ASK_FIRST, band).astype(np.int8)

    def _columns(self, people: People, p: NDArray[np.int64], v: NDArray[np.int64], typical: Floats) -> Columns:
        facets, index, stock = self.facets, self.facets.index, self.facets.index.stock
        own = _in_own(people.history, p, v)
        family, plain = stock.family[v], people.plains[people.plain[p], v]
        done = people.by_family[1][p, family]
        named: dict[str, NDArray[np.floating]] = {
            "popularity": index.popularity[v],
            "employer_uptake": facets.overall[v],
            "area_uptake": people.areas[people.area[p], facets.employer[v]],
            "freshness": facets.freshness[v],
            "occupation": np.maximum(np.where(plain, 0.5, 0.0), people.by_family[0][p, family]),
            "history_family": np.where(own, 0.0, done),
            "training_gap": -people.by_family[2][p, family],
            "skills": pair_skills(self._skills, _parts(people.skills), p, v),
            "direction": _products(index.units, people.direction, p, v),
            "collaborative": np.zeros(len(p)),
        }
        if self._with_own and index.factors is not None and index.biases is not None:
            scores = _products(index.factors, people.vector, p, v) + index.biases[v]
            named["collaborative"] = np.where(people.has_vector[p], scores, 0.0)
        named |= self._likeness(people, p, v, own)
        named |= self._places(people, p, v, typical)
        named |= self._gaps(people, p, v)
        return {name: named[name].astype(np.float32) for name in COMPONENTS}

    def _likeness(
        self, people: People, p: NDArray[np.int64], v: NDArray[np.int64], own: NDArray[np.bool_]
    ) -> dict[str, NDArray[np.floating]]:
        n_words = self.facets.index.text.rows.shape[1]
        profile, past = pair_likeness(self._texts, n_words, _parts(people.words), _parts(people.history), p, v)
        addresses = np.zeros(len(p), dtype=np.float32)
        if self._addresses is not None and self.facets.index.address is not None:
            n_words = self.facets.index.address.rows.shape[1]
            here, before = pair_likeness(self._addresses, n_words, _parts(people.address), _parts(people.history), p, v)
            addresses = np.maximum(here.astype(np.float32), before.astype(np.float32))
        return {
            "profile_text": profile.astype(np.float32),
            "history_text": np.where(own, 0.0, past.astype(np.float32)),
            "address_text": addresses,
        }

    def _places(
        self, people: People, p: NDArray[np.int64], v: NDArray[np.int64], typical: Floats
    ) -> dict[str, NDArray[np.floating]]:
        facets, homes, home = self.facets, people.homes, people.home[p]
        stock, daily = facets.index.stock, homes.daily[home]
        code, remote = stock.spots.region[v], facets.is_remote[v]
        usual = usual_places(stock, homes)[home]
        wished = inside(code, homes.wished[home])
        nowhere = np.isnan(stock.spots.longitude[v]) & ~remote & homes.is_told[home]
        far = np.where(remote | wished, 0.0, doublings_by(daily, typical))
        region = homes.region[home]
        county = (region > 0) & ~homes.is_wide[home] & (code == region)
        wide = (region > 0) & (code // 100 == region // 100)
        return {
            "nearness": np.where(nowhere, np.minimum(0.5, usual[:, 0]), nearness_by(daily, typical)),
            "far": -np.where(nowhere, usual[:, 1], far),
            "remote": remote.astype(np.float64),
            "same_county": county.astype(np.float64),
            "same_prefecture": wide.astype(np.float64),
            "wished_region": wished.astype(np.float64),
        }

    def _gaps(self, people: People, p: NDArray[np.int64], v: NDArray[np.int64]) -> dict[str, NDArray[np.floating]]:
        facets, stock = self.facets, self.facets.index.stock
        wished, lowest, highest = people.wage[p], stock.wage_min[v], stock.wage_max[v]
        top = np.where(np.isnan(highest), np.maximum(lowest, wished), highest)
        top = np.where(facets.no_wage[v], np.nan, top)
        wage = np.nan_to_num(np.clip((top - wished) / wished, -1.0, 0.5))
        education = -self._education_gaps[people.education[p], np.maximum(stock.education[v], 0)]
        experience = -np.nan_to_num(np.maximum(0.0, self._years[v] - people.years[p]))
        function, pattern = people.function[p], facets.patterns.of[v]
        gap = np.stack([-(f.fit.open_gap + f.fit.unread_open) for f in people.functions])
        arrange = np.stack([-(f.fit.to_arrange + f.fit.unread_to_arrange) for f in people.functions])
        return {
            "wage_gap": wage,
            "education_gap": education,
            "experience_gap": np.maximum(experience, -10.0),
            "function_gap": gap[function, pattern],
            "to_arrange": arrange[function, pattern],
            "strain": np.stack([-f.strain for f in people.functions])[function, pattern],
            "accommodation_offered": np.stack([f.offered for f in people.functions])[function, pattern],
        }

    def fit_totals(self, people: People, pairs: Pairs) -> Floats:
        """Return `fit` of pairs, float64 (n,), as `matching.ranking.fit_parts` works it out."""
        settings, facets, stock = ranking_settings().fit, self.facets, self.facets.index.stock
        p, v = pairs.person, pairs.row

        def column(name: str) -> Floats:
            return pairs.columns[name].astype(np.float64)

        by_words = np.clip(2.0 * column("profile_text"), 0.0, 1.0)
        named = np.maximum(column("occupation"), by_words * people.trust_in_words[p])
        plain = people.plains[people.plain[p], v]
        place = np.maximum(np.maximum(column("wished_region"), column("remote")), column("nearness"))
        wished = people.wage[p]
        meets = np.where(stock.wage_min[v] >= wished, 1.0, np.nan)
        mode = stock.mode[v]
        accepted = people.modes[p, mode].astype(np.float64)
        values = {
            "occupation": np.where(people.says_work[p], np.where(plain, 1.0, named), np.nan),
            "place": np.where(people.says_place[p] & ~facets.no_place[v], place, np.nan),
            "wage": np.where(
                np.isnan(wished),
                np.nan,
                np.where(np.isnan(stock.wage_max[v]), meets, np.clip(stock.wage_max[v] / wished, 0.0, 1.0)),
            ),
            "work_mode": np.where((mode < 0) | ~people.modes[p].any(axis=1), np.nan, accepted),
            "skills": np.where(people.says_skills[p] & facets.states_skills[v], column("skills"), np.nan),
        }
        weighed = [
            (np.where(np.isnan(values[name]), 0.0, weight), np.nan_to_num(values[name]))
            for name, weight in settings.weights.items()
        ]
        known = np.sum([weight for weight, _ in weighed], axis=0)
        total_weight = known + settings.unknown_weight
        parts = [weight * value / total_weight for weight, value in weighed]
        parts.append(0.5 * settings.unknown_weight / total_weight)
        return np.asarray(np.clip(np.sum(parts, axis=0), 0.0, 1.0), dtype=np.float64)

    def chances(self, pairs: Pairs) -> Floats | None:
        """Return the probability of a placement for pairs, float64 (n,), or None where none is learned."""
        chance = self._weights.chance
        if chance is None:
            return None
        return chance.probability(
            np.stack([pairs.columns[name] for name in chance.config.names], axis=1).astype(np.float64)
        )


def _parts(queries: Queries) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats]:
    return queries.starts, queries.columns, queries.weights


def _in_own(held: Queries, p: NDArray[np.int64], v: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where a pair's vacancy is among those held of its person."""
    if not len(held.columns):
        return np.zeros(len(p), dtype=np.bool_)
    owner = np.repeat(np.arange(len(held.starts) - 1), np.diff(held.starts))
    width = int(max(v.max(initial=0), held.columns.max(initial=0))) + 1
    return np.isin(p * width + v, owner * width + held.columns)


def _products(
    matrix: Floats | None, vectors: NDArray[np.float32], p: NDArray[np.int64], v: NDArray[np.int64]
) -> Floats:
    """Return inner products of pairs in double width."""
    if matrix is None:
        return np.zeros(len(p))
    return np.asarray(pair_products(matrix, vectors.astype(np.float64), p, v))
