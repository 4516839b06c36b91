"""The inner loop of the first stage, compiled: every vacancy that a person may be listed for, scored nearly, best kept.

Plain loops over arrays; nothing here knows a person or a vacancy but by its columns. Numba compiles it at first use and
keeps what it compiled beside this file where that can be written.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.many.compiled import compiled

Array = NDArray[Any]
EARTH_KM = 6371.0
BAND_STEP = 1000.0
"""A key is the score less this for each band; scores are far smaller, and a run checks that they are."""
EDGE_KM = 0.01
"""Within this of a limit the near distance decides nothing; the exact one does so later."""


class Posts(NamedTuple):
    """Columns of n vacancies, and of their patterns (p,) and spots (s,)."""

    pattern: Array  # int32 (n,)
    spot: Array  # int32 (n,)
    remote: Array  # bool (n,)
    dorm: Array  # bool (n,)
    shuttle: Array  # bool (n,)
    family: Array  # int16 (n,)
    education: Array  # int8 (n,)
    usual_education: Array  # float64 (n_ranks,), ranks commonly lacking where nobody knows
    wage_min: Array  # float64 (n,)
    wage_max: Array  # float64 (n,)
    years: Array  # float64 (n,)
    employer: Array  # int64 (n,)
    fixed: Array  # float64 (n,), what is the same for everybody
    spot_unit: Array  # float64 (s, 3)
    spot_radius: Array  # float64 (s,)
    spot_region: Array  # int64 (s,)
    looked_at: Array  # int32, the vacancies that are looked at
    word_rows: tuple[Array, Array, Array]  # rows of texts: starts, columns, weights
    word_columns: tuple[Array, Array, Array]  # the same by word
    place_rows: tuple[Array, Array, Array]
    place_columns: tuple[Array, Array, Array]
    skill_columns: tuple[Array, Array, Array]
    n_words: int
    n_places: int


class Persons(NamedTuple):
    """Columns of m people and the tables that they point into."""

    sight: Array
    sights: Array
    function: Array
    function_score: Array  # float64 (f, p)
    function_out: Array  # bool (f, p)
    behind: Array  # bool (f, p)
    lead: Array
    leads: Array  # int8 (l, n)
    plain: Array
    plains: Array
    area: Array
    areas: Array
    home: Array
    unit: Array
    radius: Array
    region: Array
    is_wide: Array
    is_told: Array
    daily: Array
    limit: Array
    own: Array
    wished: Array
    usual: Array  # float64 (h, 2): nearness and doublings of the usual place
    by_family: Array  # float64 (3, m, n_families + 1)
    education: Array
    wage: Array
    years: Array
    words: tuple[Array, Array, Array]
    address: tuple[Array, Array, Array]
    skills: tuple[Array, Array, Array]
    history: tuple[Array, Array, Array]
    refused: tuple[Array, Array, Array]
    learned: Array  # float32 (m, n), what the learned vectors say, weighed


class Weighed(NamedTuple):
    """Weights of the components and the settings that the loop needs."""

    profile_text: float
    history_text: float
    address_text: float
    occupation: float
    history_family: float
    skills: float
    nearness: float
    far: float
    remote: float
    same_county: float
    same_prefecture: float
    wished_region: float
    area_uptake: float
    wage_gap: float
    education_gap: float
    training_gap: float
    experience_gap: float
    reach_factor: float
    shuttle_km: float
    own_county_km: float
    own_prefecture_km: float


class Found(NamedTuple):
    """What the first stage keeps: by person `rows` and `scores` (m, most), how many, and the highest key left out.

    `best` (m,) is the highest key of all, minus infinity where nothing may be listed.
    """

    rows: Array
    scores: Array
    n: Array
    n_listed: Array
    left_out: Array
    best: Array


def _in_region(code: int, regions: Array) -> bool:
    for position in range(regions.shape[0]):  # noqa: SIM110  # compiled: no generators
        if code // regions[position, 1] == regions[position, 0]:
            return True
    return False


_inside = compiled(_in_region)

# Flags of a spot for one home.
_BEYOND, _BEYOND_DAILY, _REACHED, _WISHED = 1, 2, 4, 8


def _places(posts: Posts, persons: Persons, weights: Weighed, home: int, score: Array, flags: Array) -> None:
    """Work out for one home what every spot adds, not remote and remote (s, 2), and its flags (s,)."""
    own_code, wide = persons.region[home], persons.is_wide[home]
    daily, limit, home_radius = persons.daily[home], persons.limit[home], persons.radius[home]
    x, y, z = persons.unit[home]
    for s in range(posts.spot_region.shape[0]):
        code = posts.spot_region[s]
        a, b, c = posts.spot_unit[s, 0] - x, posts.spot_unit[s, 1] - y, posts.spot_unit[s, 2] - z
        half = 0.5 * math.sqrt(a * a + b * b + c * c)
        square = half * half
        if math.isnan(half):
            arc = half
        elif half < 0.2:  # the series is exact to a millimetre below 2,500 km
            arc = half * (1.0 + square * (1 / 6 + square * (3 / 40 + square * (15 / 336 + square * (105 / 3456)))))
        else:
            arc = math.asin(min(1.0, half))
        km = 2.0 * EARTH_KM * arc
        slack = posts.spot_radius[s] + home_radius
        least = max(0.0, km - slack) if not math.isnan(km) else km
        if own_code > 0 and slack > 0:
            if code == own_code // 100 * 100 or (wide and code // 100 == own_code // 100):
                km = max(km, weights.own_prefecture_km / 2)
            if code == own_code and not wide:
                km = max(km, weights.own_county_km)
        wished = _inside(code, persons.wished[home])
        known = not math.isnan(km)
        ratio = km / daily if known else 1.0
        nearness = 1.0 / (1.0 + ratio * math.sqrt(ratio))
        far = 0.0
        if known and km > 2.0 * daily and not wished:
            far = min(4.0, math.log2(km / (2.0 * daily)))
        base = weights.wished_region if wished else 0.0
        if own_code > 0:
            if code // 100 == own_code // 100:
                base += weights.same_prefecture
            if code == own_code and not wide:
                base += weights.same_county
        nowhere = math.isnan(posts.spot_unit[s, 0]) and persons.is_told[home]
        score[s, 1] = base + weights.remote + weights.nearness * nearness
        if nowhere:
            score[s, 0] = (
                base + weights.nearness * min(0.5, persons.usual[home, 0]) - weights.far * persons.usual[home, 1]
            )
        else:
            score[s, 0] = base + weights.nearness * nearness - weights.far * far
        flag = 0
        if least > limit + EDGE_KM and not wished:
            flag |= _BEYOND
        if known and km > weights.shuttle_km + EDGE_KM:
            flag |= _BEYOND_DAILY
        if not known or km <= weights.reach_factor * daily + EDGE_KM or _inside(code, persons.own[home : home + 1]):
            flag |= _REACHED
        if wished:
            flag |= _WISHED
        flags[s] = flag


_fill_places = compiled(_places)


def _add_postings(columns: tuple[Array, Array, Array], column: int, weight: float, into: Array) -> None:
    starts, rows, values = columns
    for at in range(starts[column], starts[column + 1]):
        into[rows[at]] += np.float32(weight * values[at])


_add = compiled(_add_postings)


def _centre(rows: tuple[Array, Array, Array], history: tuple[Array, Array, Array], person: int, into: Array) -> float:
    """Add the weighed earlier texts of a person into a row of zeros; return its length."""
    starts, columns, values = rows
    for h in range(history[0][person], history[0][person + 1]):
        row, weight = history[1][h], history[2][h]
        for at in range(starts[row], starts[row + 1]):
            into[columns[at]] += weight * values[at]
    return math.sqrt((into * into).sum())


_centre_of = compiled(_centre)


def _texts(
    posts: Posts,
    persons: Persons,
    weights: Weighed,
    p: int,
    total: Array,
    own: Array,
    past: Array,
    word: Array,
    place: Array,
) -> None:
    """Add to `total` what texts, skills and addresses of one person are worth for every vacancy."""
    total[:] = 0.0
    for at in range(persons.words[0][p], persons.words[0][p + 1]):
        _add(posts.word_columns, persons.words[1][at], weights.profile_text * persons.words[2][at], total)
    if weights.skills != 0.0:
        for at in range(persons.skills[0][p], persons.skills[0][p + 1]):
            _add(posts.skill_columns, persons.skills[1][at], weights.skills, total)
    first, last = persons.history[0][p], persons.history[0][p + 1]
    if first < last:
        # A vacancy acted on before is not like itself: neither by its text nor by its occupation.
        kept = np.empty(last - first, dtype=np.float32)
        for h in range(first, last):
            kept[h - first] = total[persons.history[1][h]]
        word[:] = 0.0
        length = _centre_of(posts.word_rows, persons.history, p, word) if weights.history_text != 0.0 else 0.0
        if length > 0.0:
            for column in range(posts.n_words):
                if word[column] != 0.0:
                    _add(posts.word_columns, column, weights.history_text * word[column] / length, total)
        for h in range(first, last):
            row = persons.history[1][h]
            done = persons.by_family[1, p, posts.family[row]]
            total[row] = kept[h - first] - np.float32(weights.history_family * done)
    if weights.address_text == 0.0:
        return
    has_own = persons.address[0][p] < persons.address[0][p + 1]
    if has_own:
        own[:] = 0.0
        for at in range(persons.address[0][p], persons.address[0][p + 1]):
            _add(posts.place_columns, persons.address[1][at], weights.address_text * persons.address[2][at], own)
    length = 0.0
    if first < last and posts.n_places > 0:
        place[:] = 0.0
        length = _centre_of(posts.place_rows, persons.history, p, place)
    if length > 0.0:
        past[:] = 0.0
        for column in range(posts.n_places):
            if place[column] != 0.0:
                _add(posts.place_columns, column, weights.address_text * place[column] / length, past)
        if has_own:
            for v in range(total.shape[0]):
                total[v] += max(own[v], past[v])
        else:
            for v in range(total.shape[0]):
                total[v] += past[v]
    elif has_own:
        for v in range(total.shape[0]):
            total[v] += own[v]


_add_texts = compiled(_texts)


def _shrink(keys: Array, rows: Array, scores: Array, m: int, most: int) -> float:
    """Keep the `most` highest of m keys in place; return the highest key that may have been left out."""
    limit: float = np.partition(keys[:m].copy(), m - most)[m - most]
    at = 0
    n_equal = most
    for i in range(m):
        if keys[i] > limit:
            n_equal -= 1
    for i in range(m):
        keep = keys[i] > limit
        if keys[i] == limit and n_equal > 0:
            keep = True
            n_equal -= 1
        if keep:
            keys[at], rows[at], scores[at] = keys[i], rows[i], scores[i]
            at += 1
    return limit


_keep_best = compiled(_shrink)


def _first(posts: Posts, persons: Persons, weights: Weighed, most: int, found: Found) -> None:
    """Fill `found` for every person."""
    n, n_people, has_learned = posts.pattern.shape[0], persons.home.shape[0], persons.learned.shape[1] > 0
    n_spots = posts.spot_region.shape[0]
    place_score, place_flags = np.zeros((n_spots, 2)), np.zeros(n_spots, dtype=np.uint8)
    texts, own, past = np.zeros(n, np.float32), np.zeros(n, np.float32), np.zeros(n, np.float32)
    word, place = np.zeros(posts.n_words), np.zeros(posts.n_places)
    keys, rows, scores = np.empty(2 * most), np.empty(2 * most, np.int32), np.empty(2 * most)
    listed, is_refused = np.empty(n, np.int32), np.zeros(n, np.bool_)
    by_education, by_family = np.zeros(128), np.zeros((2, persons.by_family.shape[2]))
    at_home = -1
    for p in range(n_people):
        if persons.home[p] != at_home:
            at_home = persons.home[p]
            _fill_places(posts, persons, weights, at_home, place_score, place_flags)
        sight, out = persons.sights[persons.sight[p]], persons.function_out[persons.function[p]]
        function_score, behind = persons.function_score[persons.function[p]], persons.behind[persons.function[p]]
        leads, plain = persons.leads[persons.lead[p]], persons.plains[persons.plain[p]]
        area = persons.areas[persons.area[p]]
        n_listed = 0
        for v in posts.looked_at:
            if not sight[v] or out[posts.pattern[v]]:
                continue
            flag = place_flags[posts.spot[v]]
            stays = posts.remote[v] or posts.dorm[v] or (posts.shuttle[v] and not flag & _BEYOND_DAILY)
            if flag & _BEYOND and not stays:
                continue
            listed[n_listed] = v
            n_listed += 1
        found.n[p], found.n_listed[p], found.left_out[p], found.best[p] = 0, n_listed, -np.inf, -np.inf
        if n_listed == 0:
            continue
        _add_texts(posts, persons, weights, p, texts, own, past, word, place)
        for at in range(persons.refused[0][p], persons.refused[0][p + 1]):
            is_refused[persons.refused[1][at]] = True
        wage, years, education = persons.wage[p], persons.years[p], persons.education[p]
        learned = persons.learned[p]
        for f in range(by_family.shape[1]):
            wished, rest = persons.by_family[0, p, f], weights.history_family * persons.by_family[1, p, f]
            rest -= weights.training_gap * persons.by_family[2, p, f]
            by_family[0, f] = weights.occupation * wished + rest
            by_family[1, f] = weights.occupation * max(0.5, wished) + rest
        for at in range(128):
            by_education[at] = 0.0 if at <= education else -float(at - education)
        if education < 0:
            by_education[:] = 0.0
            by_education[: len(posts.usual_education)] = -posts.usual_education
        m, limit, best = 0, -np.inf, -np.inf
        for i in range(n_listed):
            v = listed[i]
            family, education_gap = posts.family[v], 0.0
            if posts.education[v] > 0:
                education_gap = by_education[posts.education[v]]
            flag = place_flags[posts.spot[v]]
            score = posts.fixed[v] + texts[v] + function_score[posts.pattern[v]]
            score += place_score[posts.spot[v], 1 if posts.remote[v] else 0]
            score += weights.area_uptake * area[posts.employer[v]]
            score += by_family[1 if plain[v] else 0, family]
            score += weights.education_gap * education_gap
            if not math.isnan(wage):
                top = posts.wage_max[v]
                if math.isnan(top) and not math.isnan(posts.wage_min[v]):
                    top = max(posts.wage_min[v], wage)
                if not math.isnan(top):
                    score += weights.wage_gap * min(0.5, max(-1.0, (top - wage) / wage))
            if not math.isnan(years) and not math.isnan(posts.years[v]):
                score -= weights.experience_gap * min(10.0, max(0.0, posts.years[v] - years))
            if has_learned:
                score += learned[v]
            band = 2
            reached = flag & _REACHED or posts.remote[v] or (flag & _WISHED and posts.dorm[v])
            if leads[v] >= 0 and (education < 0 or education_gap >= 0.0) and reached:
                band = 0 if leads[v] < 2 else 1
            if behind[posts.pattern[v]] or is_refused[v]:
                band = 3
            key = score - BAND_STEP * band
            best = max(best, key)
            if key > limit:
                keys[m], rows[m], scores[m] = key, v, score
                m += 1
                if m == 2 * most:
                    limit = _keep_best(keys, rows, scores, m, most)
                    m = most
        if m > most:
            limit = _keep_best(keys, rows, scores, m, most)
            m = most
        for at in range(persons.refused[0][p], persons.refused[0][p + 1]):
            is_refused[persons.refused[1][at]] = False
        found.rows[p, :m] = rows[:m]
        found.scores[p, :m] = scores[:m]
        found.n[p] = m
        found.left_out[p] = limit
        found.best[p] = best


fill_first = compiled(_first)
