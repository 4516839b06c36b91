"""The inner loops of the first stage, compiled: what many people may be listed for, scored nearly, the best kept.

People of one area are worked through side by side, up to `LANES` of them, against blocks of vacancies that lie in one
place: a vacancy's row of scores is the sum of rows of small tables, one column for each person, which a processor
adds many at a time. Whole blocks that nobody can reach are left out. Only scores above a person's limit are looked at
one by one: exclusions, band, what was acted on before. Nothing here knows a person or a vacancy but by its columns.
"""

import numpy as np

from matching.many.columns import (
    BAND_STEP,
    BLOCK,
    CHUNK,
    IS_OUT,
    LANES,
    NEVER,
    OUT,
    SAMPLED,
    Array,
    Best,
    Found,
    Lanes,
    Persons,
    Posts,
    Sparse,
    Tables,
    Told,
    Weighed,
    Wording,
)
from matching.many.compiled import compiled
from matching.many.tables import (
    fill_addresses,
    fill_sites,
    fill_tables,
    fill_words,
    lanes_of,
    new_tables,
    new_wording,
    with_fixed,
)


def _nth_highest(keys: Array, m: int, nth: int, scratch: Array) -> float:
    """Return the nth highest of m keys; what is in `scratch`, as long as they, is lost."""
    for i in range(m):
        scratch[i] = keys[i]
    low, high, wanted = 0, m - 1, m - nth
    while low < high:
        a, b, c = scratch[low], scratch[(low + high) // 2], scratch[high]
        middle = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while scratch[i] < middle:
                i += 1
            while scratch[j] > middle:
                j -= 1
            if i <= j:
                scratch[i], scratch[j] = scratch[j], scratch[i]
                i += 1
                j -= 1
        if wanted <= j:
            high = j
        elif wanted >= i:
            low = i
        else:
            break
    found: float = scratch[wanted]
    return found


_nth = compiled(_nth_highest)


def _shrink(best: Best, j: int, m: int, most: int) -> float:
    """Keep the `most` highest of m keys of a lane in place; return the highest key that may have been left out."""
    keys, at, scores = best.keys[j], best.at[j], best.scores[j]
    limit: float = _nth(keys, m, most, best.scratch)
    n_equal = most
    for i in range(m):
        n_equal -= keys[i] > limit
    to = 0
    for i in range(m):
        key, is_equal = keys[i], keys[i] == limit and n_equal > 0
        # Written whether it stays or not, so that nothing hangs on a guess of which.
        keys[to], at[to], scores[to] = key, at[i], scores[i]
        to += key > limit or is_equal
        n_equal -= is_equal
    return limit


_keep_best = compiled(_shrink)


def _told_words(rows: Sparse, i: int, slot: Array, told: Told) -> int:
    """Gather the words of one vacancy that somebody here has, a multiple of four with nothing behind the last."""
    starts, columns, values = rows
    slots, weights = told
    n = 0
    for e in range(starts[i], starts[i + 1]):
        own = slot[columns[e]]
        # Written whether anybody has it or not, so that nothing hangs on a guess of which.
        slots[n], weights[n] = own, values[e]
        n += own != 0
    whole = (n + 3) // 4 * 4
    for e in range(n, whole):
        slots[e], weights[e] = 0, 0.0
    return whole


_gathered = compiled(_told_words)


def _product(told: Told, n: int, worth: Array, into: Array, r: int, width: int) -> None:
    """Add what n words are worth to a row of lanes, four words at a time."""
    slots, weights = told
    for e in range(0, n, 4):
        a, b, c, d = slots[e], slots[e + 1], slots[e + 2], slots[e + 3]
        u, v, w, x = weights[e], weights[e + 1], weights[e + 2], weights[e + 3]
        for j in range(width):
            into[r, j] += u * worth[a, j] + v * worth[b, j] + w * worth[c, j] + x * worth[d, j]


_add_words = compiled(_product, fastmath={"contract", "nsz", "nnan"})


def _score_block(
    posts: Posts,
    weights: Weighed,
    tables: Tables,
    wording: Wording,
    n_words: int,
    addresses: Wording,
    n_addresses: int,
    first: int,
    last: int,
    block: Array,
    beside: Array,
    told: Told,
) -> None:
    """Score the vacancies from `first` to `last` for every lane, (last - first, w)."""
    width = block.shape[1]
    if tables.vectors.shape[0] > 0:
        np.dot(posts.factors[first:last], tables.vectors, block[: last - first])
    else:
        block[:] = 0.0
    weight, experience = np.float32(weights.address_text), np.float32(weights.experience_gap)
    for i in range(first, last):
        r = i - first
        pattern, site, kind = posts.pattern[i], posts.site[i], posts.kind[i]
        fixed = tables.fixed[i]
        for j in range(width):
            block[r, j] += fixed + tables.pattern[pattern, j] + tables.site[site, j] + tables.kind[kind, j]
        rank = posts.education[i]
        if rank > 0 and weights.education_gap != 0.0:
            for j in range(width):
                block[r, j] += tables.education[rank, j]
        if weights.wage_gap != 0.0:
            top, low = posts.wage_max[i], posts.wage_min[i]
            if top >= 0:
                for j in range(width):
                    gap = min(np.float32(0.5), max(np.float32(-1.0), top * tables.per_yuan[j] - np.float32(1.0)))
                    block[r, j] += tables.wage_weight[j] * gap
            elif low >= 0:
                for j in range(width):
                    gap = min(np.float32(0.5), max(np.float32(0.0), low * tables.per_yuan[j] - np.float32(1.0)))
                    block[r, j] += tables.wage_weight[j] * gap
        if experience != 0.0 and posts.years[i] > 0:
            years = posts.years[i]
            for j in range(width):
                block[r, j] -= experience * min(np.float32(10.0), max(np.float32(0.0), years - tables.years[j]))
        if n_words > 0:
            n = _gathered(posts.words, i, wording.slot, told)
            _add_words(told, n, wording.told, block, r, width)
        n = _gathered(posts.addresses, i, addresses.slot, told) if n_addresses > 0 else 0
        if n > 0:
            beside[:, :width] = 0.0
            _add_words(told, n, addresses.told, beside, 0, width)
            _add_words(told, n, addresses.earlier, beside, 1, width)
            for j in range(width):
                block[r, j] += weight * max(beside[0, j], beside[1, j])


_fill_block = compiled(_score_block, fastmath={"contract", "nsz", "nnan"})


def _acted_on(posts: Posts, persons: Persons, weights: Weighed, wording: Wording, p: int, j: int, i: int) -> float:
    """Return what the score of a vacancy acted on before holds of earlier acts: it is not like itself."""
    is_own, v = False, posts.row[i]
    for h in range(persons.history[0][p], persons.history[0][p + 1]):
        is_own |= persons.history[1][h] == v
    if not is_own:
        return 0.0
    held: float = weights.history_family * persons.by_family[1, p, posts.stock_family[v]]
    starts, columns, values = posts.words
    for e in range(starts[i], starts[i + 1]):
        held += values[e] * wording.told[wording.slot[columns[e]], j]
        for at in range(persons.words[0][p], persons.words[0][p + 1]):
            if persons.words[1][at] == columns[e]:
                held -= weights.profile_text * persons.words[2][at] * values[e]
        if weights.skills != 0.0:
            for at in range(persons.skills[0][p], persons.skills[0][p + 1]):
                if posts.n_words + persons.skills[1][at] == columns[e]:
                    held -= weights.skills * values[e]
    return held


_of_earlier_acts = compiled(_acted_on)


def _hold(best: Best, j: int, key: float, i: int, score: float, most: int) -> None:
    """Keep a vacancy for a lane if it is among the best so far; where room ends, raise what a score must exceed."""
    if key <= best.left_out[j]:
        return
    m = best.n[j]
    best.keys[j, m], best.at[j, m], best.scores[j, m] = key, i, score
    best.n[j] = m + 1
    if m + 1 == best.keys.shape[1]:
        left_out = _keep_best(best, j, m + 1, most)
        best.n[j], best.left_out[j] = most, left_out
        for band in range(3):
            best.limits[band, j] = left_out + band * BAND_STEP


_held = compiled(_hold)


def _scan(
    posts: Posts,
    lanes: Lanes,
    unreached: Array,
    acts: Array,
    first: int,
    last: int,
    block: Array,
    limits: Array,
    best: Best,
    most: int,
) -> None:
    """Look at every score of a block above its lane's limit; `acts` (stock,) has a bit for those that are left here."""
    sights, sight, leads, lead, schooling = lanes.sights, lanes.sight, lanes.leads, lanes.lead, lanes.schooling
    width = block.shape[1]
    for i in range(first, last):
        r, site = i - first, posts.site[i]
        for j in range(width):
            limits[j] = best.limits[2, j]
        if lanes.may_lead[i]:
            asked = np.float32(posts.education[i])
            for at in range(lanes.kinds.shape[0]):
                ground = leads[i, lanes.kinds[at]]
                if ground >= 0:
                    band = 0 if ground < 2 else 1
                    for j in range(width):
                        lacks = np.float32(0.0) if asked <= schooling[j] else NEVER
                        held_back = lanes.of_kind[at, j] + unreached[site, j] + lacks
                        limits[j] = min(limits[j], best.limits[band, j] + held_back)
        for chunk in range(0, width, CHUNK):
            highest = block[r, chunk] - limits[chunk]
            for j in range(chunk + 1, chunk + CHUNK):
                highest = max(highest, block[r, j] - limits[j])
            if highest <= 0:
                continue
            apart = acts[posts.row[i]]
            for j in range(chunk, chunk + CHUNK):
                score = block[r, j]
                if score > limits[j] and not (apart >> np.uint64(j)) & np.uint64(1) and sights[i, sight[j]]:
                    band = _band_of(score, leads[i, lead[j]], unreached[site, j], posts.education[i], schooling[j])
                    _held(best, j, score - BAND_STEP * band, i, score, most)


_scan_block = compiled(_scan, fastmath={"contract", "nsz", "nnan", "reassoc"})


def _band(score: float, lead: int, unreached: float, asked: float, schooling: float) -> int:
    """Return the band of a vacancy that may lead; behind it stands whose score has the step of the band in it."""
    if score < -BAND_STEP / 2 or lead < 0 or unreached > 0 or asked > schooling:
        return 2
    return 0 if lead < 2 else 1


_band_of = compiled(_band)


def _apart(
    posts: Posts,
    persons: Persons,
    weights: Weighed,
    wording: Wording,
    lanes: Lanes,
    unreached: Array,
    acts: Array,
    first: int,
    last: int,
    block: Array,
    best: Best,
    most: int,
) -> None:
    """Look at what was acted on before: it is not like itself, and stands behind where it was refused."""
    for i in range(first, last):
        bits, v = acts[posts.row[i]], posts.row[i]
        if not bits:
            continue
        for j in range(lanes.of.shape[0]):
            score, p = float(block[i - first, j]), lanes.of[j]
            if not (bits >> np.uint64(j)) & np.uint64(1) or score <= IS_OUT or not lanes.sights[i, lanes.sight[j]]:
                continue
            score -= _of_earlier_acts(posts, persons, weights, wording, p, j, i)
            lead = lanes.leads[i, lanes.lead[j]]
            band = _band_of(score, lead, unreached[posts.site[i], j], posts.education[i], lanes.schooling[j])
            for at in range(persons.refused[0][p], persons.refused[0][p + 1]):
                if persons.refused[1][at] == v and score > -BAND_STEP / 2:
                    score -= BAND_STEP
                    band = 2
            _held(best, j, score - BAND_STEP * band, i, score, most)


_look_at_acts = compiled(_apart)


def _order_of_blocks(posts: Posts, tables: Tables, n_lanes: int) -> Array:
    """Return the blocks that anybody can reach, those of the highest places first."""
    n, n_sites = posts.row.shape[0], posts.site_spot.shape[0]
    highest = np.full(n_sites, OUT)
    for t in range(n_sites):
        for j in range(n_lanes):
            highest[t] = max(highest[t], tables.site[t, j])
    of_block = np.full((n + BLOCK - 1) // BLOCK, OUT)
    for b in range(of_block.shape[0]):
        for t in range(posts.site[b * BLOCK], posts.site[min(n, (b + 1) * BLOCK) - 1] + 1):
            of_block[b] = max(of_block[b], highest[t])
    order = np.argsort(-of_block)
    return order[: (of_block > IS_OUT).sum()]


_blocks = compiled(_order_of_blocks)


def _mark(history: Sparse, lanes: Array, touched: Array, is_on: bool) -> None:
    for j in range(lanes.shape[0]):
        for h in range(history[0][lanes[j]], history[0][lanes[j] + 1]):
            if is_on:
                touched[history[1][h]] |= np.uint64(1) << np.uint64(j)
            else:
                touched[history[1][h]] = np.uint64(0)


_marked = compiled(_mark)


def _every_sampled(table: Array) -> Array:
    return table[::SAMPLED].copy()


_every = compiled(_every_sampled)


def _empty_best(keys: Array, at: Array, scores: Array, n_lanes: int, width: int) -> Best:
    limits = np.full((3, width), IS_OUT)
    limits[:, n_lanes:] = np.inf
    scratch = np.empty(keys.shape[1])
    return Best(keys, at, scores, np.zeros(width, np.int64), np.full(width, -np.inf), limits, scratch)


_new_best = compiled(_empty_best)


def _bounded(best: Best, sampled: Best, lanes: Lanes, most: int) -> None:
    """Leave out from the beginning what stands behind the so many best of a sample: more than are kept stand before it.

    Where they are fewer after all, the bound is true all the same.
    """
    for j in range(lanes.of.shape[0]):
        m, limit = sampled.n[j], sampled.left_out[j]
        if m > most:
            limit = _keep_best(sampled, j, m, most)
        if limit > -np.inf:
            best.left_out[j] = limit
            for band in range(3):
                best.limits[band, j] = limit + band * BAND_STEP


_bound = compiled(_bounded)


def _give(posts: Posts, best: Best, lanes: Array, most: int, found: Found) -> None:
    for j in range(lanes.shape[0]):
        p, m = lanes[j], best.n[j]
        if m > most:
            best.left_out[j] = _keep_best(best, j, m, most)
            m = most
        found.n[p], found.left_out[p], found.best[p] = m, best.left_out[j], -np.inf
        for e in range(m):
            score = best.scores[j, e]
            found.rows[p, e] = posts.row[best.at[j, e]]
            found.scores[p, e] = score + BAND_STEP if score < -BAND_STEP / 2 else score
            found.best[p] = max(found.best[p], best.keys[j, e])


_given = compiled(_give)


def _first(
    posts: Posts, sample: Posts, persons: Persons, weights: Weighed, ends: Array, order: Array, most: int, found: Found
) -> None:
    """Fill `found` for the people in `order`, side by side up to each of `ends`; one area and `LANES` at most.

    `sample` holds every `SAMPLED`-th of the posts.
    """
    n, n_sample, n_stock = posts.row.shape[0], sample.row.shape[0], posts.stock_family.shape[0]
    room, in_block = most + max(most, 2 * CHUNK) * 2, BLOCK // SAMPLED
    acts, nothing = np.zeros(n_stock, np.uint64), np.zeros(n_stock, np.uint64)
    slot, used = np.zeros(posts.n_columns, np.int32), np.zeros(posts.n_columns + 1, np.int32)
    place_slot, place_used = np.zeros(posts.n_addresses, np.int32), np.zeros(posts.n_addresses + 1, np.int32)
    centre, place_centre = np.zeros(posts.n_columns), np.zeros(posts.n_addresses)
    keys, at, scores = np.empty((LANES, room)), np.empty((LANES, room), np.int32), np.empty((LANES, room))
    beside, limits = np.zeros((2, LANES), np.float32), np.zeros(LANES, np.float32)
    longest = 0
    for starts in (posts.words[0], posts.addresses[0]):
        for i in range(n):
            longest = max(longest, starts[i + 1] - starts[i])
    told = (np.empty(longest + 4, np.int32), np.empty(longest + 4, np.float32))
    most_sampled = int(most / SAMPLED + 3.3 * np.sqrt(most / SAMPLED)) + 2
    # Little room for the sample: what a score must exceed is then known after the first few.
    few_keys, few_at = np.empty((LANES, 4 * most_sampled)), np.empty((LANES, 4 * most_sampled), np.int32)
    few_scores = np.empty((LANES, 4 * most_sampled))
    few_sights, few_leads = _every(persons.sights), _every(persons.leads)
    few_may_lead = persons.may_lead[::SAMPLED].copy()
    start = 0
    for end in ends:
        lanes = order[start:end]
        start = end
        n_lanes = lanes.shape[0]
        width = (n_lanes + CHUNK - 1) // CHUNK * CHUNK
        tables = new_tables(posts, persons, n, width)
        fill_sites(posts, persons, weights, lanes, tables)
        fill_tables(posts, persons, weights, lanes, tables)
        few = with_fixed(tables, tables.fixed[::SAMPLED].copy())
        words = new_wording(slot, used, centre, width, False)
        n_words = fill_words(posts, persons, weights, lanes, words)
        places = new_wording(place_slot, place_used, place_centre, width, True)
        n_places = fill_addresses(posts, persons, weights, lanes, places)
        _marked(persons.history, lanes, acts, True)
        _marked(persons.refused, lanes, acts, True)
        block, blocks = np.zeros((BLOCK, width), np.float32), _blocks(posts, tables, n_lanes)
        side = lanes_of(persons, persons.sights, persons.leads, persons.may_lead, lanes, width)
        side_few = lanes_of(persons, few_sights, few_leads, few_may_lead, lanes, width)
        sampled = _new_best(few_keys, few_at, few_scores, n_lanes, width)
        for b in blocks:
            first, last = b * in_block, min(n_sample, (b + 1) * in_block)
            _fill_block(sample, weights, few, words, n_words, places, n_places, first, last, block, beside, told)
            _scan_block(sample, side_few, tables.unreached, nothing, first, last, block, limits, sampled, most_sampled)
        best = _new_best(keys, at, scores, n_lanes, width)
        _bound(best, sampled, side, most_sampled)
        for b in blocks:
            first, last = b * BLOCK, min(n, (b + 1) * BLOCK)
            _fill_block(posts, weights, tables, words, n_words, places, n_places, first, last, block, beside, told)
            _scan_block(posts, side, tables.unreached, acts, first, last, block, limits, best, most)
            _look_at_acts(posts, persons, weights, words, side, tables.unreached, acts, first, last, block, best, most)
        _marked(persons.history, lanes, acts, False)
        _marked(persons.refused, lanes, acts, False)
        for e in range(1, n_words + 1):
            slot[used[e]] = 0
        for e in range(1, n_places + 1):
            place_slot[place_used[e]] = 0
        _given(posts, best, lanes, most, found)


fill_first = compiled(_first)
