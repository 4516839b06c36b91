"""Lists of many people: the first lines that `matching.matcher.lines` returns for each, made together.

Where the bound of the first stage does not settle the head of a list, more is kept; where that does not either, or a
score of the first stage was not near enough, or one line is drawn by lot, the person's list is made alone. So the
answer is the same either way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.components import Asked, VacancyIndex
from matching.many.columns import BAND_STEP
from matching.many.facets import Facets
from matching.many.first_stage import TOLERANCE, FirstStage, Kept
from matching.many.people import People
from matching.many.second_stage import Pairs, SecondStage
from matching.matcher import Lines, lines, written
from matching.ranking import Band, Weights
from matching.rules.dated import Rules
from matching.settings import ranking_settings

_MOST_SCORE = BAND_STEP / 2
_KEPT_FIRST = 200
_SPARE = 100


@dataclass(slots=True)
class Counts:
    """How many lists were made together at the first try, with more kept, and alone."""

    first: int = 0
    widened: int = 0
    alone: int = 0


class Lists:
    """Lists over one stock under one model; made once, asked for any people."""

    def __init__(self, index: VacancyIndex, rules: Rules, weights: Weights) -> None:
        self._index, self._rules, self._weights = index, rules, weights
        facets = Facets(index, rules)
        self.facets = facets
        self.first, self._second = FirstStage(facets, weights), SecondStage(facets, weights)
        self.counts = Counts()

    def best_among(self, asked: Sequence[Asked], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return for each person the highest key of some vacancies: score less `BAND_STEP` for each band, (n,).

        Near to `TOLERANCE`, never lower than that; minus infinity where none of them may be listed.
        """
        if not asked:
            return np.zeros(0)
        people = People.of(asked, self.facets)
        return self.first.keep(people, most=1, among=np.intersect1d(rows, self.facets.open_rows).astype(np.int32)).best

    def of(self, asked: Sequence[Asked], *, k: int) -> list[Lines]:
        """Return the first k lines of each person; reasons are made when asked for."""
        found: list[Lines | None] = [None] * len(asked)
        by_lot = [at for at, one in enumerate(asked) if one.lot is not None]
        left = [at for at, one in enumerate(asked) if one.lot is None]
        within = ranking_settings().repeats_within
        for most in (max(_KEPT_FIRST, 2 * k), max(within, k) + _SPARE):
            if not left:
                break
            people = People.of([asked[at] for at in left], self.facets)
            made = self._settled(people, most=most, k=k)
            for at, one in zip(left, made, strict=True):
                found[at] = one
            n_left, left = len(left), [at for at in left if found[at] is None]
            if most <= max(_KEPT_FIRST, 2 * k):
                self.counts.first += n_left - len(left)
            else:
                self.counts.widened += n_left - len(left)
        left += by_lot
        self.counts.alone += len(left)
        for at in left:
            found[at] = lines(asked[at], self._index, self._rules, self._weights, k=k)
        return [one for one in found if one is not None]

    def _settled(self, people: People, *, most: int, k: int) -> list[Lines | None]:
        """Return the lists that this many kept pairs settle, and None for the others."""
        kept = self.first.keep(people, most=most)
        pairs = self._second.score(people, kept)
        settled = _near_enough(len(people), pairs, kept)
        order = _order(pairs, self._index.popularity)
        standing = pairs.standing(order)
        head, adjusted = _spread(standing, self.facets.kinds)
        settled &= _is_settled(len(people), standing, head, adjusted, kept.left_out, k)
        place = _places(standing.person[head], len(people))
        # What is not shown is put in order by its keys alone.
        return self._lines(people, pairs.take(order[head[place < k]]), settled)

    def _lines(self, people: People, first: Pairs, settled: NDArray[np.bool_]) -> list[Lines | None]:
        fit, chance = self._second.fit_totals(people, first), self._second.chances(first)
        ends = np.searchsorted(first.person, np.arange(len(people) + 1))
        found: list[Lines | None] = []
        for person, done in enumerate(settled.tolist()):
            own = slice(int(ends[person]), int(ends[person + 1]))
            found.append(
                Lines(
                    rows=first.row[own],
                    outcome=first.outcome[own],
                    band=first.band[own],
                    fit=written(fit[own], 4),
                    chance=None if chance is None else written(chance[own], 4),
                    score=written(first.score[own], 6),
                )
                if done
                else None
            )
        return found


def _near_enough(n_people: int, pairs: Pairs, kept: Kept) -> NDArray[np.bool_]:
    """Return for each person whether every score of the first stage was as near as the bound takes it to be."""
    wrong = (np.abs(pairs.priced - kept.score) > TOLERANCE) | (np.abs(pairs.priced) > _MOST_SCORE)
    near = np.ones(n_people, dtype=np.bool_)
    near[pairs.person[wrong]] = False
    return near


_SCORES, _PLACES = 2**31, 2**13
"""So many scores (millionths, half of them below 0) and places of one person a key of 64 bits tells apart."""


def _keys(person: NDArray[np.int64], band: NDArray[np.int8], score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return numbers that grow from person to person, then by band, then as the score falls; scores of 6 digits."""
    falling = _SCORES // 2 - np.rint(np.clip(score, -1000.0, 1000.0) * 1e6).astype(np.int64)
    return np.asarray((person * 4 + band) * _SCORES + falling)


def _order(pairs: Pairs, popularity: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return where the listed pairs stand, by person, band, score, how sought and how well known they are.

    Most are told apart by the first three; only equals are held against the others.
    """
    listed = np.flatnonzero(pairs.is_listed)
    keys = _keys(pairs.person[listed], pairs.band[listed], pairs.priced[listed])
    by_key = np.argsort(keys)
    order, keys = listed[by_key], keys[by_key]
    is_equal = np.zeros(len(keys), dtype=np.bool_)
    is_equal[1:] = keys[1:] == keys[:-1]
    is_equal[:-1] |= is_equal[1:]
    at, equal = order[is_equal], keys[is_equal]
    row = pairs.row[at]
    order[is_equal] = at[np.lexsort((row, pairs.questions[at], -popularity[row], equal))]
    return order


def _places(person: NDArray[np.int64], n_people: int) -> NDArray[np.int64]:
    """Return the place from 0 of each line in its person's list; lines of one person stand together."""
    starts = np.searchsorted(person, np.arange(n_people))
    return np.arange(len(person)) - starts[person]


def _spread(pairs: Pairs, kinds: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the order in which an employer's further posts of one kind step behind, and the keys in that order.

    As in `matching.ranking`: only so many places from the head are looked at, and no post leaves its band.
    """
    settings = ranking_settings()
    n_people = int(pairs.person[-1]) + 1 if len(pairs.person) else 0
    place = _places(pairs.person, n_people)
    kind = kinds[pairs.row]
    own = (pairs.person * 4 + pairs.band) * (int(kinds.max(initial=0)) + 1) + kind
    by_kind = np.argsort(own * _PLACES + place)
    starts = np.ones(len(kind), dtype=np.bool_)
    starts[1:] = own[by_kind][1:] != own[by_kind][:-1]
    nth = np.zeros(len(kind), dtype=np.int64)
    at = np.arange(len(kind))
    nth[by_kind] = at - np.maximum.accumulate(np.where(starts, at, 0))
    nth[(pairs.band < Band.GENERAL) | (place >= settings.repeats_within)] = 0
    adjusted = np.round(pairs.priced - settings.repeat_step * nth.astype(np.float64), 6)
    behind = place >= settings.repeats_within
    # Those that are not looked at stay behind in their order.
    looked_at = np.flatnonzero(~behind)
    keys = _keys(pairs.person[looked_at], pairs.band[looked_at], adjusted[looked_at])
    head = at.copy()
    head[looked_at] = looked_at[np.argsort(keys, kind="stable")]
    return head, adjusted[head]


def _is_settled(
    n_people: int,
    pairs: Pairs,
    head: NDArray[np.intp],
    adjusted: NDArray[np.float64],
    left_out: NDArray[np.float64],
    k: int,
) -> NDArray[np.bool_]:
    """Return for each person whether nothing that was left out can change the first k lines."""
    within = ranking_settings().repeats_within
    bound = left_out + TOLERANCE
    ends = np.searchsorted(pairs.person, np.arange(n_people + 1))
    n_kept = np.diff(ends)

    def key_at(place: int, scores: NDArray[np.float64], band: NDArray[np.int8]) -> NDArray[np.float64]:
        at = np.minimum(ends[:-1] + place, max(0, len(scores) - 1))
        found = scores[at] - BAND_STEP * band[at] if len(scores) else np.zeros(n_people)
        return np.where(n_kept > place, found, -np.inf)

    last_line = key_at(k - 1, adjusted, pairs.band[head])
    last_of_head = key_at(within - 1, pairs.priced, pairs.band)
    settled = np.isneginf(left_out)
    settled |= (n_kept <= within) & (last_line > bound)
    settled |= (last_of_head > bound) & (k <= within)
    return np.asarray(settled)
