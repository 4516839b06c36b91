"""What some people side by side add for each value of a column of a vacancy, compiled: one column for each person.

Here a component of the score gets its table; `kernel` adds the rows up. A component whose worth depends on one column
of a vacancy alone needs one more line here or one more table.
"""

import math

import numpy as np

from matching.many.columns import (
    EARTH_KM,
    EDGE_KM,
    NEVER,
    OUT,
    Array,
    Lanes,
    Persons,
    Posts,
    Sparse,
    Tables,
    Weighed,
    Wording,
)
from matching.many.compiled import compiled


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


def _at_sites(posts: Posts, persons: Persons, weights: Weighed, lanes: Array, tables: Tables) -> None:
    """Fill what every site adds for each lane, and whether it is reached."""
    n_spots = posts.spot_region.shape[0]
    score, flags, at_home = np.zeros((n_spots, 2)), np.zeros(n_spots, dtype=np.uint8), -1
    for j in range(lanes.shape[0]):
        if persons.home[lanes[j]] != at_home:
            at_home = persons.home[lanes[j]]
            _fill_places(posts, persons, weights, at_home, score, flags)
        for t in range(posts.site_spot.shape[0]):
            flag = flags[posts.site_spot[t]]
            remote, dorm = posts.site_remote[t], posts.site_dorm[t]
            stays = remote or dorm or (posts.site_shuttle[t] and not flag & _BEYOND_DAILY)
            tables.site[t, j] = score[posts.site_spot[t], 1 if remote else 0]
            if flag & _BEYOND and not stays:
                tables.site[t, j] = OUT
            is_reached = flag & _REACHED or remote or (flag & _WISHED and dorm)
            tables.unreached[t, j] = np.float32(0.0) if is_reached else NEVER


fill_sites = compiled(_at_sites)


def _by_value(posts: Posts, persons: Persons, weights: Weighed, lanes: Array, tables: Tables) -> None:
    """Fill the tables of what depends on one column of a vacancy alone."""
    for j in range(lanes.shape[0]):
        p = lanes[j]
        own = persons.function[p]
        for at in range(tables.pattern.shape[0]):
            tables.pattern[at, j] = persons.function_score[own, at]
        for at in range(posts.kind_family.shape[0]):
            family = posts.kind_family[at]
            wished = persons.by_family[0, p, family]
            if persons.plains[persons.plain[p], posts.kind_row[at]]:
                wished = max(0.5, wished)
            done, lacked = persons.by_family[1, p, family], persons.by_family[2, p, family]
            tables.kind[at, j] = (
                weights.occupation * wished + weights.history_family * done - weights.training_gap * lacked
            )
        education = persons.education[p]
        for rank in range(1, tables.education.shape[0]):
            gap = posts.usual_education[rank] if education < 0 else max(0.0, float(rank - education))
            tables.education[rank, j] = -weights.education_gap * gap
        if not math.isnan(persons.wage[p]):
            tables.per_yuan[j], tables.wage_weight[j] = 1.0 / persons.wage[p], weights.wage_gap
        tables.years[j] = 1e6 if math.isnan(persons.years[p]) else persons.years[p]
        for d in range(tables.vectors.shape[0]):
            tables.vectors[d, j] = persons.vectors[p, d]
    area = persons.areas[persons.area[lanes[0]]]
    for i in range(posts.fixed.shape[0]):
        tables.fixed[i] = posts.fixed[i] + weights.area_uptake * area[posts.employer[i]]


fill_tables = compiled(_by_value)


def _slot(wording: Wording, n: int, column: int) -> int:
    """Return how many slots are taken once a column has its own; a new one begins with zeros."""
    if wording.slot[column] == 0:
        n += 1
        wording.slot[column] = n
        wording.used[n] = column
        wording.told[n, :] = 0.0
        if wording.earlier.shape[0] > 1:
            wording.earlier[n, :] = 0.0
    return n


_with_slot = compiled(_slot)


def _add_earlier(
    rows: Sparse, history: Sparse, p: int, wording: Wording, into: Array, n: int, j: int, weight: float
) -> int:
    """Add the weighed centre of a person's earlier texts at unit length to a lane; return how many slots are taken."""
    starts, columns, values = rows
    first, last = history[0][p], history[0][p + 1]
    centre, square = wording.centre, 0.0
    for h in range(first, last):
        for e in range(starts[history[1][h]], starts[history[1][h] + 1]):
            centre[columns[e]] += history[2][h] * values[e]
    for h in range(first, last):
        for e in range(starts[history[1][h]], starts[history[1][h] + 1]):
            square += history[2][h] * values[e] * centre[columns[e]]
    if square > 0.0:
        each = weight / math.sqrt(square)
        for h in range(first, last):
            for e in range(starts[history[1][h]], starts[history[1][h] + 1]):
                n = _with_slot(wording, n, columns[e])
                into[wording.slot[columns[e]], j] += each * history[2][h] * values[e]
    for h in range(first, last):
        for e in range(starts[history[1][h]], starts[history[1][h] + 1]):
            centre[columns[e]] = 0.0
    return n


_earlier = compiled(_add_earlier)


def _words(posts: Posts, persons: Persons, weights: Weighed, lanes: Array, wording: Wording) -> int:
    """Fill what each word and skill is worth to each lane; return how many slots are taken."""
    n = 0
    for j in range(lanes.shape[0]):
        p = lanes[j]
        if weights.profile_text != 0.0:
            for at in range(persons.words[0][p], persons.words[0][p + 1]):
                column = persons.words[1][at]
                n = _with_slot(wording, n, column)
                wording.told[wording.slot[column], j] += weights.profile_text * persons.words[2][at]
        if weights.skills != 0.0:
            for at in range(persons.skills[0][p], persons.skills[0][p + 1]):
                column = posts.n_words + persons.skills[1][at]
                n = _with_slot(wording, n, column)
                wording.told[wording.slot[column], j] += weights.skills
        if weights.history_text != 0.0:
            n = _earlier(posts.stock_words, persons.history, p, wording, wording.told, n, j, weights.history_text)
    return n


def _address_words(posts: Posts, persons: Persons, weights: Weighed, lanes: Array, wording: Wording) -> int:
    """Fill the words of each lane's own address and of those acted on before; return how many slots are taken."""
    n = 0
    if weights.address_text == 0.0 or posts.n_addresses == 0:
        return n
    for j in range(lanes.shape[0]):
        p = lanes[j]
        for at in range(persons.address[0][p], persons.address[0][p + 1]):
            column = persons.address[1][at]
            n = _with_slot(wording, n, column)
            wording.told[wording.slot[column], j] += persons.address[2][at]
        n = _earlier(posts.stock_addresses, persons.history, p, wording, wording.earlier, n, j, 1.0)
    return n


fill_words, fill_addresses = compiled(_words), compiled(_address_words)


def _look_of(persons: Persons, sights: Array, leads: Array, may_lead: Array, of: Array, width: int) -> Lanes:
    n, sight, schooling = of.shape[0], np.zeros(width, np.int64), np.full(width, NEVER)
    lead, known, n_known = np.zeros(width, np.int64), np.zeros(width, np.int64), 0
    of_kind = np.full((width, width), NEVER)
    for j in range(n):
        sight[j] = persons.sight[of[j]]
        if persons.education[of[j]] >= 0:
            schooling[j] = persons.education[of[j]]
        at = 0
        while at < n_known and known[at] != persons.lead[of[j]]:
            at += 1
        if at == n_known:
            known[at] = persons.lead[of[j]]
            n_known += 1
        lead[j], of_kind[at, j] = persons.lead[of[j]], 0.0
    return Lanes(of, sight, sights, lead, leads, may_lead, known[:n_known], of_kind[:n_known], schooling)


lanes_of = compiled(_look_of)


def _empty_tables(posts: Posts, persons: Persons, n: int, width: int) -> Tables:
    n_sites = posts.site_spot.shape[0]
    return Tables(
        np.zeros((persons.function_score.shape[1], width), np.float32),
        np.zeros((n_sites, width), np.float32),
        np.zeros((n_sites, width), np.float32),
        np.zeros((posts.kind_family.shape[0], width), np.float32),
        np.zeros((posts.usual_education.shape[0], width), np.float32),
        np.zeros(width, np.float32),
        np.zeros(width, np.float32),
        np.zeros(width, np.float32),
        np.zeros((posts.factors.shape[1], width), np.float32),
        np.zeros(n, np.float32),
    )


def _other_fixed(tables: Tables, fixed: Array) -> Tables:
    return Tables(
        tables.pattern,
        tables.site,
        tables.unreached,
        tables.kind,
        tables.education,
        tables.per_yuan,
        tables.wage_weight,
        tables.years,
        tables.vectors,
        fixed,
    )


def _empty_wording(slot: Array, used: Array, centre: Array, width: int, apart: bool) -> Wording:
    """Return words that nobody has told yet; `apart` keeps those of earlier acts by themselves."""
    told = np.empty((used.shape[0], width), np.float32)
    told[0, :] = 0.0
    earlier = np.empty((used.shape[0] if apart else 1, width), np.float32)
    earlier[0, :] = 0.0
    return Wording(slot, told, earlier, used, centre)


new_tables, with_fixed, new_wording = compiled(_empty_tables), compiled(_other_fixed), compiled(_empty_wording)
