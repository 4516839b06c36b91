"""Worlds whose right order is known, where people choose by what they can do and reach, and employers decide as well.

Nothing here is shared with the demonstration province. Way by the person's means, wage against the wish, strain against
what the record holds of functions, accommodations offered, an employer's welcome, what a county thinks of an employer,
freshness, and a taste that follows what people state only in part; each world weighs these otherwise and in another
form. Employers take or turn down who applies, so that how proposals end can be learned as well.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.world import LEVELS, N_DAYS, N_TOPICS, Act, Floats, Words, World, as_day, choices, gansu
from matching.vocabulary import Function

FUNCTIONS = tuple(function.value for function in Function)
MEANS = {"walk": 3.0, "wheelchair": 4.0, "tricycle": 8.0, "bus": 25.0, "car": 45.0}
AIDS = {
    "seeing": "screen_reader", "hearing": "text_communication", "speaking": "text_communication",
    "understanding": "simple_steps", "interacting": "job_coach", "walking": "ramp", "standing": "seat",
    "lifting": "lifting_aid", "hands": "adapted_tools", "stamina": "flexible_hours", "concentrating": "quiet_space",
}  # fmt: skip
N_TASTES = 6


@dataclass(frozen=True, slots=True)
class AbleConfig:
    """How much of what decides; `acts` is the mean number of choices of a person.

    `way_form` is how a way counts: `log`, `share` of what the means allow (to 4), or a `step` once it is too far.
    `stated_taste` is the share of the taste that follows from what people state, `recorded` how much is on record.
    """

    seed: int
    n_people: int = 2000
    n_vacancies: int = 1000
    topic: float = 1.6
    way: float = 1.0
    way_form: str = "log"
    pay: float = 1.0
    strain: float = 0.8
    aid: float = 0.5
    welcome: float = 0.5
    county: float = 0.6
    fresh: float = 0.0
    taste: float = 1.0
    stated_taste: float = 0.4
    recorded: float = 0.7
    acts: float = 6.0


ABLE = {
    "means": AbleConfig(seed=5, way=1.6, way_form="share", topic=1.2, pay=1.2, taste=0.6, acts=5.0),
    "strain": AbleConfig(seed=6, strain=1.6, aid=1.0, way=0.8, way_form="step", taste=0.7, recorded=0.8),
    "county": AbleConfig(seed=7, county=1.6, welcome=1.0, taste=1.0, fresh=1.0, topic=1.2, acts=7.0),
    "latent": AbleConfig(seed=8, taste=2.0, stated_taste=0.3, topic=1.0, way=0.8, county=0.4, acts=8.0),
}


def invent_able(config: AbleConfig) -> World:
    """Invent a world."""
    rng = np.random.default_rng(config.seed)
    words, (places, spots) = Words(rng), gansu()
    weights = rng.gamma(0.8, 1.0, len(places))
    weights /= weights.sum()
    n, m, n_employers = config.n_people, config.n_vacancies, max(10, config.n_vacancies // 4)
    # vacancies
    seat = rng.choice(len(places), n_employers, p=weights)
    owner = rng.integers(0, n_employers, m)
    where = np.where(rng.random(m) < 0.85, seat[owner], rng.choice(len(places), m, p=weights))
    topic = rng.integers(0, N_TOPICS, m)
    spot = spots[where] + rng.normal(0, 0.06, (m, 2))
    asked = rng.choice(6, m, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05])
    pay = np.exp(rng.normal(7.9, 0.22, m) + 0.05 * asked)
    typical = np.minimum(4, rng.poisson(0.9, (N_TOPICS, len(FUNCTIONS))))
    demand = np.clip(typical[topic] + rng.integers(-1, 2, (m, len(FUNCTIONS))), 0, 4)
    offers = rng.random((n_employers, len(FUNCTIONS)))[owner] < 0.3
    welcome, quality = rng.normal(size=n_employers), rng.normal(size=n_employers)
    opens = rng.integers(-60, N_DAYS, m)
    closes = opens + rng.integers(40, 180, m)
    # people
    home = rng.choice(len(places), n, p=weights)
    own_spot = spots[home] + rng.normal(0, 0.08, (n, 2))
    first, second = rng.integers(0, N_TOPICS, n), rng.integers(0, N_TOPICS, n)
    schooling = rng.choice(6, n, p=[0.25, 0.3, 0.2, 0.1, 0.1, 0.05])
    wish = np.exp(rng.normal(7.85, 0.2, n) + 0.05 * schooling)
    means = rng.choice(len(MEANS), n, p=[0.25, 0.1, 0.2, 0.3, 0.15])
    reach = np.array(list(MEANS.values()))[means] * np.exp(rng.normal(0, 0.3, n))
    limits = (rng.random((n, len(FUNCTIONS))) < 0.2) * rng.integers(1, 5, (n, len(FUNCTIONS)))
    # what decides
    east = (own_spot[:, None, 0] - spot[None, :, 0]) * 0.81
    km = 111 * np.hypot(east, own_spot[:, None, 1] - spot[None, :, 1])
    far = _far(km, reach[:, None], config.way_form)
    aided = np.minimum(1.0, (limits > 0).astype(float) @ offers.T.astype(float))
    strain = np.zeros((n, m))
    for at in range(len(FUNCTIONS)):
        gap = np.maximum(0, limits[:, at, None] + demand[None, :, at] - 4)
        strain += gap * np.where(offers[None, :, at], 0.4, 1.0)
    liking = (rng.normal(size=(len(places), 2)) @ rng.normal(size=(2, n_employers))) / np.sqrt(2)
    kinship = np.eye(N_TOPICS) + 0.3 * (rng.random((N_TOPICS, N_TOPICS)) < 0.12)
    nature, stated = _nature(rng, topic, owner, demand, pay), _leaning(rng, first, schooling, means, limits)
    leaning = np.sqrt(config.stated_taste) * stated
    general = (
        config.topic * (kinship[first] + 0.6 * kinship[second])[:, topic]
        - config.way * far
        + config.pay * np.clip(2.5 * np.log(pay[None] / wish[:, None]), -2, 1)
        - config.strain * np.minimum(strain, 4)
        + config.aid * aided
        - 0.6 * np.maximum(0, asked[None] - schooling[:, None])
        + config.welcome * (0.6 * welcome + 0.6 * quality)[owner][None]
        + config.county * liking[home][:, owner]
        + config.taste * leaning @ nature.T / np.sqrt(N_TASTES)
    )
    nature *= config.taste * np.sqrt(1 - config.stated_taste) / np.sqrt(N_TASTES)
    utility = general + rng.normal(size=(n, N_TASTES)) @ nature.T
    days = np.stack([opens, closes], axis=1)
    acts = [
        (person, vacancy, ("viewed", "referred", "applied")[int(rng.choice(3, p=[0.3, 0.25, 0.45]))], day)
        for person, vacancy, _, day in choices(rng, config.acts, utility, days, fresh=config.fresh)
    ]
    # An employer takes those who are welcome, have the schooling and can do the work.
    taken = -1.3 + welcome[owner][None] - 0.8 * strain - 0.8 * np.maximum(0, asked[None] - schooling[:, None])
    ends = [end for act in acts if act[2] != "viewed" for end in _ended(rng, act, float(taken[act[0], act[1]]))]
    people = [f"w-c-{i:05d}" for i in range(n)]
    vacancies = [f"w-v-{i:05d}" for i in range(m)]

    def unless(value: Any, share: float) -> Any:
        return value if rng.random() < share else ""

    def levels(row: Floats, share: float) -> str:
        told = zip(FUNCTIONS, row.tolist(), strict=True)
        return ";".join(f"{name}={int(level)}" for name, level in told if rng.random() < share)

    def aids(row: Floats) -> str:
        named = {AIDS[name] for name, has in zip(FUNCTIONS, row.tolist(), strict=True) if has and name in AIDS}
        return ";".join(sorted(named))

    known = config.recorded
    tables: dict[str, list[list[Any]]] = {
        "vacancies": [
            ["vacancy_id", "employer_name", "title", "description", "kind", "region", "longitude", "latitude",
             "openings", "wage_min", "wage_max", "education_min", "demands", "accommodations", "opens_on", "closes_on"],
            *(
                [vacancies[i], f"单位{owner[i]:04d}", words.titles[topic[i]][int(rng.integers(0, 3))],
                 words.text(int(topic[i]), 18), "open", places[where[i]], *spot[i].round(4), 3, int(pay[i]),
                 int(1.15 * pay[i]), LEVELS[asked[i]], unless(levels(demand[i], 0.9), known),
                 ";".join(f"{aid}=declared" for aid in aids(offers[i]).split(";") if aid), as_day(opens[i]),
                 as_day(closes[i])]
                for i in range(m)
            ),
        ],
        "candidates": [
            ["candidate_id", "region", "longitude", "latitude", "education", "experience", "wished_occupations",
             "wished_wage_min", "transport", "functions", "accommodations_needed"],
            *(
                [people[i], unless(places[home[i]], 0.95),
                 *(own_spot[i].round(4) if rng.random() < known else ("", "")),
                 unless(LEVELS[schooling[i]], 0.85), unless(words.text(int(first[i]), 8), 0.5),
                 unless(words.titles[first[i]][0], known), unless(int(wish[i]), known),
                 unless(list(MEANS)[means[i]], known), levels(limits[i], known),
                 unless(aids(limits[i] >= 2), known)]
                for i in range(n)
            ),
        ],
        "interactions": [
            ["candidate_id", "vacancy_id", "kind", "at", "reason"],
            *(
                [people[i], vacancies[j], kind, as_day(day), ""]
                for i, j, kind, day in sorted([*acts, *ends], key=_when)
            ),
        ],
    }  # fmt: skip
    return World(
        tables=tables,
        utility=utility,
        general=general,
        nature=nature,
        open=days,
        choices=acts,
        people={one: i for i, one in enumerate(people)},
        vacancies={one: i for i, one in enumerate(vacancies)},
    )


def _far(km: Floats, reach: Floats, form: str) -> Floats:
    """Return how much a way counts against a vacancy, about 0 to 4."""
    if form == "share":
        return np.minimum(4.0, km / (2 * reach))
    if form == "step":
        return np.asarray(4.0 / (1 + np.exp(-(km - 2.5 * reach) / (0.5 * reach))))
    return np.log1p(km / (0.5 * reach))


def _nature(rng: np.random.Generator, topic: Any, owner: Any, demand: Any, pay: Floats) -> Floats:
    """Return what tastes are for or against, (vacancies, tastes): partly as topic, employer or work are, partly not."""
    m = len(topic)
    nature = rng.normal(size=(m, N_TASTES))
    nature[:, 0] = 0.8 * rng.normal(size=N_TOPICS)[topic] + 0.6 * nature[:, 0]
    nature[:, 1] = 0.8 * rng.normal(size=int(owner.max()) + 1)[owner] + 0.6 * nature[:, 1]
    body = demand @ rng.normal(size=demand.shape[1])
    nature[:, 2] = 0.8 * (body - body.mean()) / body.std() + 0.6 * nature[:, 2]
    nature[:, 3] = 0.8 * (np.log(pay) - np.log(pay).mean()) / np.log(pay).std() + 0.6 * nature[:, 3]
    nature[:, 4] = 0.8 * rng.normal(size=N_TOPICS)[topic] + 0.6 * nature[:, 4]
    return nature


def _leaning(rng: np.random.Generator, first: Any, schooling: Any, means: Any, limits: Any) -> Floats:
    """Return the part of each person's taste that follows from what they state, (people, tastes), of unit spread."""
    found = rng.normal(size=(N_TOPICS, N_TASTES))[first] + 0.5 * rng.normal(size=(6, N_TASTES))[schooling]
    found += 0.5 * rng.normal(size=(len(MEANS), N_TASTES))[means]
    found += 0.3 * (limits > 0) @ rng.normal(size=(limits.shape[1], N_TASTES))
    return np.asarray((found - found.mean(axis=0)) / found.std(axis=0))


def _ended(rng: np.random.Generator, act: Act, taken: float) -> list[Act]:
    """Return how a proposal ended, if anybody wrote it down."""
    person, vacancy, _, day = act
    later = int(day + rng.integers(5, 40))
    if later >= N_DAYS:
        return []
    if rng.random() < 1 / (1 + np.exp(-taken)):
        return [(person, vacancy, "placed", later)]
    return [(person, vacancy, "declined_by_employer", later)] if rng.random() < 0.6 else []


def _when(act: Act) -> tuple[int, int, int]:
    return act[3], act[0], act[1]
