"""The invented people as they really are: arrays that behaviour is made from, whatever of it gets recorded.

Records with their gaps are left to `records`, behaviour to `history`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from matching.vocabulary import Education, Function, Transport
from pipelines.synthetic.words import (
    ACCOMMODATIONS,
    CATEGORIES,
    FUNCTIONS,
    Bools,
    Floats,
    Ints,
    Levels,
    closings,
    counties,
    gumbel_choice,
    levels,
    licences,
    load,
    spread_over_counties,
    trades,
)

HISTORY_DAYS = 730
PERSONAS = 3
"""The first rows stand for the personas: nothing about them is drawn into the records, and they never act."""
TRANSPORTS = tuple(Transport)
EDUCATIONS = tuple(Education)
_HIDDEN_TYPES = 14
_LICENCE_RARITY = {"健康证": 0.12, "机动车驾驶证": 0.14}


@dataclass(slots=True)
class People:
    """The truth about n people, one row each; day numbers are `date.toordinal`."""

    county: Ints
    rural: Bools
    village: Ints
    longitude: Floats
    latitude: Floats
    category: Ints
    grade: Ints
    born: Ints
    male: Bools
    limitations: Levels
    visible: Floats
    needs: Bools
    transport: Ints
    reach_km: Floats
    education: Ints
    worked_as: Ints  # trade, or -1
    experience_years: Ints
    licences: Bools
    taste: Floats  # over trades
    wish_lean: Floats  # over trades: what the person would say, not only like
    wishes: Ints  # three trades that the person would name, (people, 3), repeats possible
    reservation_wage: Floats
    hours_max: Floats
    night_aversion: Floats
    wish: Ints  # 0 wants a job, 1 does not, 2 nobody asked
    bare: Bools
    active: Bools
    registered: Ints
    activity: Floats
    lapse: Floats  # share of choices made without weighing anything
    online: Floats
    sociable: Floats

    def __len__(self) -> int:
        """Number of people."""
        return len(self.county)


def invent_people(n: int, today: date, rng: np.random.Generator) -> People:
    """Invent `n` people; the first of them are replaced by the personas in the records, and never act."""
    weights = np.array([county.weight for county in counties()])
    county = spread_over_counties(n, weights, rng, start=PERSONAS)
    rural = rng.random(n) < np.array([c.rural_share for c in counties()])[county]
    village, longitude, latitude = _homes(county, rural, rng)
    body = _bodies(n, today, rng)
    education = _educations(rural, body["category"], today.toordinal() - body["born"], rng)
    work = _working_lives(village, education, body, today, rng)
    transport, reach = _means(body, rural, rng)
    age = (today.toordinal() - body["born"]) / 365.25
    pay = np.array([c.pay_floor for c in counties()])[county]
    wish = rng.choice(3, size=n, p=(0.84, 0.06, 0.10)).astype(np.int64)
    bare = rng.random(n) < 0.08
    limit = body["limitations"].sum(axis=1)
    quiet = rng.random(n) < 0.16 + 0.004 * limit + 0.05 * rural
    # Half have been on the books for long; the rest came in growing numbers over the two years.
    late = today.toordinal() - (HISTORY_DAYS * (1 - np.sqrt(rng.random(n)))).astype(np.int64)
    long_known = rng.random(n) < 0.48
    registered = np.where(long_known, today.toordinal() - HISTORY_DAYS - rng.integers(1, 900, n), late)
    return People(
        county=county,
        rural=rural,
        village=village,
        longitude=longitude,
        latitude=latitude,
        **body,
        transport=transport,
        reach_km=reach,
        education=education,
        **work,
        reservation_wage=np.maximum(400, pay * rng.lognormal(0.02, 0.28, n) * (0.8 + 0.06 * education)),
        hours_max=np.where(
            body["limitations"][:, FUNCTIONS.index(Function.STAMINA)] >= 2, rng.choice([4, 5, 6], n), 8.0
        ),
        night_aversion=rng.gamma(2.0, 0.7, n),
        wish=wish,
        bare=bare,
        active=(wish != 1) & ~bare & (age >= 16) & ~quiet & (np.arange(n) >= PERSONAS),
        registered=registered.astype(np.int64),
        activity=rng.gamma(2.2, 0.45, n),
        lapse=rng.beta(2, 5, n),
        online=np.clip(rng.beta(2, 3, n) + 0.05 * (education - 2) - 0.006 * (age - 35) - 0.15 * rural, 0.02, 0.9),
        sociable=rng.beta(2, 4, n) + 0.1 * rural,
    )


def _homes(county: Ints, rural: Bools, rng: np.random.Generator) -> tuple[Ints, Floats, Floats]:
    """Place people in villages or neighbourhoods of about 25, each with its own point."""
    n = len(county)
    village = np.zeros(n, dtype=np.int64)
    longitude, latitude = np.zeros(n), np.zeros(n)
    next_village = 0
    for position, place in enumerate(counties()):
        for is_rural in (False, True):
            inside = np.flatnonzero((county == position) & (rural == is_rural))
            if not len(inside):
                continue
            count = max(1, round(len(inside) / 25))
            spread = 0.11 if is_rural else 0.022  # degrees: about 11 km and 2 km
            points = np.array(place.point) + rng.normal(0, spread, (count, 2))
            own = rng.integers(0, count, len(inside))
            village[inside] = next_village + own
            home = points[own] + rng.normal(0, 0.006, (len(inside), 2))
            longitude[inside], latitude[inside] = home[:, 0].round(4), home[:, 1].round(4)
            next_village += count
    return village, longitude, latitude


def _bodies(n: int, today: date, rng: np.random.Generator) -> dict[str, Any]:
    """Category, grade, age, limitations, visibility and needs."""
    table = load("people")["categories"]
    category = rng.choice(len(CATEGORIES), size=n, p=[table[c.value]["share"] for c in CATEGORIES]).astype(np.int64)
    grade = np.zeros(n, dtype=np.int64)
    age = np.zeros(n)
    limits = np.zeros((n, len(FUNCTIONS)), dtype=float)
    visible = np.zeros(n)
    profile = np.zeros(n, dtype=np.int64)
    for position, term in enumerate(CATEGORIES):
        inside = np.flatnonzero(category == position)
        row = table[term.value]
        grade[inside] = rng.choice([1, 2, 3, 4], size=len(inside), p=row["grades"])
        age[inside] = rng.normal(row["age"][0], row["age"][1], len(inside))
        for person in inside:
            fitting = [k for k, p in enumerate(row["profiles"]) if grade[person] in p.get("grades", (1, 2, 3, 4))]
            shares = np.array([row["profiles"][k]["weight"] for k in fitting], dtype=float)
            profile[person] = fitting[int(rng.choice(len(fitting), p=shares / shares.sum()))]
        base = np.array([levels(p["functions"]) for p in row["profiles"]], dtype=float)
        limits[inside] = base[profile[inside]]
        visible[inside] = np.array([p["visible"] for p in row["profiles"]])[profile[inside]]
    age = _ages_within(age, rng)
    factor = np.array([0.0, *(load("people")["grade_factor"][g] for g in (1, 2, 3, 4))])[grade]
    varied = limits * factor[:, None] * rng.uniform(0.75, 1.3, limits.shape) + (limits > 0) * rng.normal(
        0, 0.3, limits.shape
    )
    # Anyone may have a further mild limitation, more often with age.
    extra = (rng.random(limits.shape) < (0.02 + 0.0016 * np.clip(age - 25, 0, 40))[:, None]) * rng.integers(
        1, 3, limits.shape
    )
    limitations = np.clip(np.rint(np.maximum(varied, extra)), 0, 4).astype(np.int8)
    born = today.toordinal() - (age * 365.25).astype(np.int64)
    return {
        "category": category,
        "grade": grade,
        "born": born,
        "male": rng.random(n) < 0.56,
        "limitations": limitations,
        "visible": visible * factor,
        "needs": _needs(limitations, rng),
    }


def _ages_within(age: Floats, rng: np.random.Generator) -> Floats:
    """Fold ages into 16 to 59, with a few people of 15 and some of 60 to 66."""
    folded = np.where((age < 16) | (age >= 60), rng.uniform(18, 58, len(age)), age)
    draw = rng.random(len(age))
    folded = np.where(draw < 0.004, rng.uniform(15, 16, len(age)), folded)
    return np.where(draw > 0.965, rng.uniform(60, 66, len(age)), folded)


def _needs(limitations: Levels, rng: np.random.Generator) -> Bools:
    needs = np.zeros((len(limitations), len(ACCOMMODATIONS)), dtype=bool)
    for position, accommodation in enumerate(ACCOMMODATIONS):
        function, minimum, share = load("people")["needs"][accommodation.value]
        limited = limitations[:, [f.value for f in FUNCTIONS].index(function)] >= minimum
        needs[:, position] = limited & (rng.random(len(limitations)) < share)
    return needs


def _means(body: dict[str, Any], rural: Bools, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """How people travel, by what they can do more than by category, and how far they get."""
    walking = body["limitations"][:, FUNCTIONS.index(Function.WALKING)]
    seeing = body["limitations"][:, FUNCTIONS.index(Function.SEEING)]
    alone = body["limitations"][:, FUNCTIONS.index(Function.TRAVELLING_ALONE)]
    n = len(rural)
    names = [t.value for t in TRANSPORTS]
    scores = np.full((n, len(names)), -9.0)
    scores[:, names.index("walk")] = np.where(walking <= 2, 0.6, -3)
    scores[:, names.index("wheelchair")] = np.where(walking >= 4, 2.2, np.where(walking == 3, -0.2, -9))
    scores[:, names.index("tricycle")] = np.where(seeing >= 3, -9, np.where(walking >= 2, 1.0, 0.1)) + 0.6 * rural
    scores[:, names.index("bus")] = np.where(walking >= 4, -3.0, 1.2) - 0.7 * rural - 0.5 * (alone >= 3)
    scores[:, names.index("car")] = np.where((seeing >= 2) | (alone >= 3), -9, -0.9)
    scores[:, names.index("accompanied")] = -3.0 + 1.1 * alone
    scores[:, names.index("none")] = -5.5 + 0.8 * (walking >= 4) + 0.6 * (alone >= 3)
    transport = gumbel_choice(scores, rng)
    table = load("people")["reach_km"]
    middle = np.array([table[name][0] for name in names])[transport]
    spread = np.log(np.array([table[name][1] for name in names]))[transport]
    return transport, np.maximum(0.5, middle * np.exp(rng.normal(0, 1, n) * spread))


def _educations(rural: Bools, category: Ints, age_days: Ints, rng: np.random.Generator) -> Ints:
    n = len(rural)
    drawn = np.zeros(n, dtype=np.int64)
    for hukou, inside in (("urban", ~rural), ("rural", rural)):
        shares = load("people")["education"][hukou]
        weights = np.array([shares.get(e.value, 0) for e in EDUCATIONS], dtype=float)
        drawn[inside] = rng.choice(len(EDUCATIONS), size=int(inside.sum()), p=weights / weights.sum())
    young = (age_days < 30 * 365.25) & (rng.random(n) < 0.4)
    learning = np.isin(category, [CATEGORIES.index(c) for c in CATEGORIES if c.value in ("intellectual", "multiple")])
    drawn = np.where(young & (drawn < 7), drawn + 1, drawn)
    drawn = np.where(learning, np.minimum(drawn, rng.integers(0, 4, n)), drawn)
    at_most = np.select([age_days < 17 * 365.25, age_days < 20 * 365.25, age_days < 23 * 365.25], [2, 4, 5], 8)
    return np.asarray(np.minimum(drawn, at_most), dtype=np.int64)


def _working_lives(
    village: Ints, education: Ints, body: dict[str, Any], today: date, rng: np.random.Generator
) -> dict[str, Any]:
    """Past trade, licences, and tastes: a hidden type, the village's habits, families of trades, and chance.

    The hidden types and the village habits show in no recorded fact; the saturation keeps taste from being a sum.
    """
    n, n_trades = len(village), len(trades())
    families = {family: k for k, family in enumerate(dict.fromkeys(t.family for t in trades()))}
    family_of = np.array([families[t.family] for t in trades()])
    hidden = rng.normal(0, 0.8, (_HIDDEN_TYPES, n_trades))[rng.integers(0, _HIDDEN_TYPES, n)]
    habit = rng.normal(0, 0.55, (int(village.max(initial=0)) + 1, n_trades))[village]
    inclination = hidden + habit + rng.normal(0, 0.5, (n, len(families)))[:, family_of]
    lean = leanings(body["category"]) + np.log([t.weight for t in trades()])[None, :]
    hardness = _gaps(body["limitations"])
    schooling = np.array([t.education.rank if t.education else 0 for t in trades()])
    ranks = np.array([e.rank for e in EDUCATIONS])[education]
    untaught = np.clip(schooling[None, :] - ranks[:, None], 0, 3)
    age = (today.toordinal() - body["born"]) / 365.25
    worked_as = gumbel_choice(0.7 * inclination + lean - 0.5 * hardness - 0.8 * untaught, rng)
    years = np.clip(rng.gamma(1.2, np.clip(age - 20, 0.3, 25) / 5), 0, np.clip(age - 17, 0, 40)).astype(np.int64)
    worked_as = np.where((years > 0) & (rng.random(n) < 0.8), worked_as, -1)
    past = np.zeros((n, n_trades))
    has = np.flatnonzero(worked_as >= 0)
    past[has, worked_as[has]] = rng.normal(0.8, 0.9, len(has))  # many have had enough of what they did
    taste = 2.0 * np.tanh(0.9 * (inclination + past + rng.normal(0, 0.45, (n, n_trades))))
    wish_lean = 0.8 * taste + 0.7 * lean - 0.55 * hardness - 0.6 * untaught
    wish_lean[has, worked_as[has]] += rng.choice([0.0, 2.5], len(has), p=(0.4, 0.6))
    return {
        "worked_as": worked_as,
        "experience_years": np.where(worked_as >= 0, np.maximum(years, 1), 0),
        "licences": _licences(worked_as, body, age, rng),
        "taste": taste,
        "wish_lean": wish_lean,
        "wishes": np.stack([gumbel_choice(1.3 * wish_lean, rng) for _ in range(3)], axis=1),
    }


def leanings(category: Ints) -> Floats:
    """Return how wishes lean by category, as logarithms, (people, trades)."""
    table = load("people")["categories"]
    rows = np.array([[np.log(table[c.value]["tilt"].get(t.key, 1.0)) for t in trades()] for c in CATEGORIES])
    return np.asarray(rows[category])


def _gaps(limitations: Levels) -> Floats:
    """Levels by which each person falls short of each trade, at most 2 counted per function."""
    demands = np.array([t.demands for t in trades()])
    total = np.zeros((len(limitations), len(demands)))
    for position in range(len(FUNCTIONS)):
        total += np.clip(limitations[:, [position]] + demands[None, :, position] - 4, 0, 2)
    return total


def _licences(worked_as: Ints, body: dict[str, Any], age: Floats, rng: np.random.Generator) -> Bools:
    n = len(worked_as)
    held = np.zeros((n, len(licences())), dtype=bool)
    for position, name in enumerate(licences()):
        held[:, position] = rng.random(n) < _LICENCE_RARITY.get(name, 0.006)
        users = [t.index for t in trades() if name in t.certificates]
        held[:, position] |= np.isin(worked_as, users) & (rng.random(n) < 0.7)
        if "驾驶" in name:  # 机动车驾驶证申领和使用规定 asks for sight; the invented people follow it roughly
            held[:, position] &= (body["limitations"][:, FUNCTIONS.index(Function.SEEING)] <= 1) & (age >= 18)
    return held


def best_closings(accommodations: Bools) -> Levels:
    """Return the levels that a set of accommodations closes per function, the best one counting."""
    table = closings()
    result = np.zeros((len(accommodations), len(FUNCTIONS)), dtype=np.int8)
    for position in range(len(ACCOMMODATIONS)):
        result = np.maximum(result, accommodations[:, [position]] * table[position][None, :])
    return result
