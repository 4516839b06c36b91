"""Worlds whose right order is known, where people choose by topic, way, pay, schooling, employer and hidden taste.

Nothing here is shared with the demonstration province. Each world weighs these otherwise, and a choice is drawn in
proportion to exp(utility) among what is open that day.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.world import LEVELS, N_DAYS, N_TOPICS, Words, World, as_day, choices, gansu

N_TASTES = 4


@dataclass(frozen=True, slots=True)
class PlainConfig:
    """How much of what decides; `acts` is the mean number of choices of a person."""

    seed: int
    n_people: int = 2000
    n_vacancies: int = 1200
    topic: float = 2.0
    way: float = 1.2
    pay: float = 0.8
    taste: float = 1.0
    employer: float = 0.5
    acts: float = 5.0


PLAIN = {
    "even": PlainConfig(seed=1),
    "taste": PlainConfig(seed=2, topic=1.2, way=0.6, taste=2.0, acts=8.0),
    "topic": PlainConfig(seed=3, topic=3.0, way=2.0, taste=0.5, employer=0.2, acts=3.0),
    "busy": PlainConfig(seed=4, n_vacancies=800, topic=2.5, way=0.4, taste=1.5, acts=10.0),
}


def invent_plain(config: PlainConfig) -> World:
    """Invent a world."""
    rng = np.random.default_rng(config.seed)
    words = Words(rng)
    places, spots = gansu()
    weights = rng.gamma(1.0, 1.0, len(places))
    weights /= weights.sum()
    n, m, n_employers = config.n_people, config.n_vacancies, max(10, config.n_vacancies // 4)
    # vacancies
    seat = rng.choice(len(places), n_employers, p=weights)
    owner = rng.integers(0, n_employers, m)
    where = np.where(rng.random(m) < 0.8, seat[owner], rng.choice(len(places), m, p=weights))
    topic = rng.integers(0, N_TOPICS, m)
    pay = np.exp(rng.normal(8.05, 0.25, m))
    asked = rng.choice(6, m, p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05])
    nature = rng.normal(size=(m, N_TASTES))
    nature[:, 0] = 0.7 * rng.normal(size=N_TOPICS)[topic] + 0.7 * nature[:, 0]  # partly as the topic is
    nature[:, 1] = 0.8 * rng.normal(size=n_employers)[owner] + 0.6 * nature[:, 1]  # partly as the employer is
    opens = rng.integers(-60, N_DAYS, m)
    closes = opens + rng.integers(40, 200, m)
    # people
    home = rng.choice(len(places), n, p=weights)
    first, second = rng.integers(0, N_TOPICS, n), rng.integers(0, N_TOPICS, n)
    schooling = rng.choice(6, n, p=[0.25, 0.3, 0.2, 0.1, 0.1, 0.05])
    wish = np.exp(rng.normal(8.0, 0.25, n))
    taste = rng.normal(size=(n, N_TASTES))
    near = rng.normal(size=(N_TOPICS, N_TOPICS))
    alike = np.eye(N_TOPICS) + 0.25 * (near @ near.T / N_TOPICS > 0.25) * (1 - np.eye(N_TOPICS))
    east = (spots[home][:, None, 0] - spots[where][None, :, 0]) * 0.81
    north = spots[home][:, None, 1] - spots[where][None, :, 1]
    general = (
        config.topic * (alike[first] + 0.5 * alike[second])[:, topic]
        - config.way * np.log1p(111 * np.hypot(east, north) / 15)
        + config.pay * np.tanh(3 * (pay[None] / wish[:, None] - 1))
        - 0.7 * np.maximum(0, asked[None] - schooling[:, None])
        + config.employer * rng.normal(size=n_employers)[owner][None]
    )
    nature *= config.taste / np.sqrt(N_TASTES)
    utility = general + taste @ nature.T
    days = np.stack([opens, closes], axis=1)
    people = [f"w-c-{i:05d}" for i in range(n)]
    vacancies = [f"w-v-{i:05d}" for i in range(m)]

    def unless(value: Any, share: float) -> Any:
        return value if rng.random() < share else ""

    tables: dict[str, list[list[Any]]] = {
        "vacancies": [
            ["vacancy_id", "employer_name", "title", "description", "kind", "region", "openings", "wage_min",
             "wage_max", "education_min", "opens_on", "closes_on"],
            *(
                [vacancies[i], f"单位{owner[i]:04d}", words.titles[topic[i]][int(rng.integers(0, 3))],
                 words.text(int(topic[i]), 18), "open", places[where[i]], 3, int(pay[i]), int(1.2 * pay[i]),
                 LEVELS[asked[i]], as_day(opens[i]), as_day(closes[i])]
                for i in range(m)
            ),
        ],
        "candidates": [
            ["candidate_id", "region", "education", "experience", "wished_occupations", "wished_wage_min"],
            *(
                [people[i], unless(places[home[i]], 0.95), unless(LEVELS[schooling[i]], 0.85),
                 unless(words.text(int(first[i]), 8), 0.6), unless(words.titles[first[i]][0], 0.55),
                 unless(int(wish[i]), 0.6)]
                for i in range(n)
            ),
        ],
    }  # fmt: skip

    def kind() -> str:
        return "applied" if rng.random() < 0.7 else "referred"

    acts = choices(rng, config.acts, utility, days, kind=kind)
    tables["interactions"] = [
        ["candidate_id", "vacancy_id", "kind", "at", "reason"],
        *([people[i], vacancies[j], name, as_day(day), ""] for i, j, name, day in acts),
    ]
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
