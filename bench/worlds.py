"""`python -m bench.worlds [--world NAME …]`: worlds whose right order is known, and how much of the way to it is gone.

Nothing here is shared with the demonstration province. People choose by topic, way, pay, schooling, the pull of an
employer, and a taste that no table states; each world weighs these otherwise, and a choice is drawn in proportion to
exp(utility) among what is open that day. `--keep DIR` leaves the tables there, for `yougang evaluate --world DIR/NAME`.
Worlds of other seeds (`--seed`) are for holding back: what was chosen on the ones named here is measured on those.
"""

import argparse
import csv
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.entities import CandidateId, VacancyId
from matching.occupations import families
from matching.regions import divisions, point
from pipelines.evaluate import SEGMENTS, EvaluateConfig, evaluate
from pipelines.worlds import load_world

TODAY = date(2026, 11, 23)
N_DAYS, N_TOPICS, N_TASTES = 540, 16, 4
MODELS = ("popularity", "text", "content", "collaborative", "factors", "hybrid", "right")
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WorldConfig:
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


WORLDS = {
    "even": WorldConfig(seed=1),
    "taste": WorldConfig(seed=2, topic=1.2, way=0.6, taste=2.0, acts=8.0),
    "topic": WorldConfig(seed=3, topic=3.0, way=2.0, taste=0.5, employer=0.2, acts=3.0),
    "busy": WorldConfig(seed=4, n_vacancies=800, topic=2.5, way=0.4, taste=1.5, acts=10.0),
}


@dataclass(frozen=True, slots=True)
class World:
    """The tables by name, header first, and the utility of every vacancy for every person, (people, vacancies)."""

    tables: dict[str, list[list[Any]]]
    utility: Floats
    people: dict[str, int]
    vacancies: dict[str, int]

    def right(self, candidate_id: CandidateId, vacancy_ids: Sequence[VacancyId]) -> Floats:
        """Return how well vacancies truly are liked."""
        return self.utility[self.people[candidate_id], [self.vacancies[one] for one in vacancy_ids]]


class _Words:
    """What topics sound like: titles of an occupation family, words of the topic's own, and words of no topic."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        named = [family for family in families().values() if family.words]
        chosen = [named[i] for i in rng.permutation(len(named))[:N_TOPICS]]
        self.titles = [[family.words[i % len(family.words)] for i in range(3)] for family in chosen]
        self._own = [[*titles, *(f"kw{k}x{i}" for i in range(25))] for k, titles in enumerate(self.titles)]

    def text(self, topic: int, n: int) -> str:
        """Return n words of a topic, the frequent ones often, among half as many of no topic."""
        own = self._own[topic]
        drawn = [own[min(int(i) - 1, len(own) - 1)] for i in self._rng.geometric(0.12, n)]
        drawn += [f"nz{i}" for i in self._rng.integers(0, 400, n // 2)]
        return " ".join(drawn[i] for i in self._rng.permutation(len(drawn)))


def invent(config: WorldConfig) -> World:
    """Invent a world."""
    rng = np.random.default_rng(config.seed)
    words = _Words(rng)
    places = [code for code in sorted(divisions()) if code.startswith("62") and not code.endswith("00") and point(code)]
    spots = np.array([point(code) for code in places])
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
    utility = (
        config.topic * (alike[first] + 0.5 * alike[second])[:, topic]
        - config.way * np.log1p(111 * np.hypot(east, north) / 15)
        + config.pay * np.tanh(3 * (pay[None] / wish[:, None] - 1))
        - 0.7 * np.maximum(0, asked[None] - schooling[:, None])
        + config.taste * (taste @ nature.T) / np.sqrt(N_TASTES)
        + config.employer * rng.normal(size=n_employers)[owner][None]
    )
    people = [f"w-c-{i:05d}" for i in range(n)]
    vacancies = [f"w-v-{i:05d}" for i in range(m)]
    levels = ("none", "primary", "junior", "senior", "college", "bachelor")

    def unless(value: Any, share: float) -> Any:
        return value if rng.random() < share else ""

    tables: dict[str, list[list[Any]]] = {
        "vacancies": [
            ["vacancy_id", "employer_name", "title", "description", "kind", "region", "openings", "wage_min",
             "wage_max", "education_min", "opens_on", "closes_on"],
            *(
                [vacancies[i], f"单位{owner[i]:04d}", words.titles[topic[i]][int(rng.integers(0, 3))],
                 words.text(int(topic[i]), 18), "open", places[where[i]], 3, int(pay[i]), int(1.2 * pay[i]),
                 levels[asked[i]], _day(opens[i]), _day(closes[i])]
                for i in range(m)
            ),
        ],
        "candidates": [
            ["candidate_id", "region", "education", "experience", "wished_occupations", "wished_wage_min"],
            *(
                [people[i], unless(places[home[i]], 0.95), unless(levels[schooling[i]], 0.85),
                 unless(words.text(int(first[i]), 8), 0.6), unless(words.titles[first[i]][0], 0.55),
                 unless(int(wish[i]), 0.6)]
                for i in range(n)
            ),
        ],
        "interactions": [
            ["candidate_id", "vacancy_id", "kind", "at", "reason"],
            *(
                [people[i], vacancies[j], kind, _day(day), ""]
                for i, j, kind, day in _choices(rng, config, utility, opens, closes)
            ),
        ],
    }  # fmt: skip
    return World(tables, utility, {one: i for i, one in enumerate(people)}, {one: i for i, one in enumerate(vacancies)})


def _choices(
    rng: np.random.Generator, config: WorldConfig, utility: Floats, opens: Ints, closes: Ints
) -> list[tuple[int, int, str, int]]:
    """Draw who chose what and when; a fifth of the people came late."""
    n = config.n_people
    came = np.where(rng.random(n) < 0.2, rng.integers(3 * N_DAYS // 4, N_DAYS, n), rng.integers(0, N_DAYS // 3, n))
    found = []
    for person, n_acts in enumerate(rng.poisson(rng.gamma(1.2, config.acts / 1.2, n))):
        free = np.ones(config.n_vacancies, dtype=bool)
        for day in np.sort(rng.integers(came[person], N_DAYS, n_acts)):
            offered = np.flatnonzero(free & (opens <= day) & (closes >= day))
            if not len(offered):
                continue
            chosen = int(offered[np.argmax(utility[person, offered] + rng.gumbel(size=len(offered)))])
            free[chosen] = False
            found.append((person, chosen, "applied" if rng.random() < 0.7 else "referred", int(day)))
    return found


def _day(number: int | np.int64) -> str:
    return (TODAY - timedelta(days=N_DAYS) + timedelta(days=int(number))).isoformat()


def write(world: World, folder: Path) -> None:
    """Write the tables as a world that `yougang evaluate --world` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in world.tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows(rows)


def measure(world: World, folder: Path) -> dict[str, dict[str, float]]:
    """Return NDCG@10 by model and segment."""
    write(world, folder)
    document = evaluate(load_world(folder, today=TODAY), EvaluateConfig(), beside={"right": world.right})
    found: dict[str, dict[str, float]] = {}
    for model in MODELS:
        measured = document["models"][model]
        found[model] = {s: i["mean"] if (i := measured[s]["ndcg@10"]) else float("nan") for s in SEGMENTS}
    return found


def gone(found: dict[str, dict[str, float]], segment: str) -> float:
    """Return the share of the way from the better of LightFM alone and text to the right order that the score goes."""
    start = max(found["collaborative"][segment], found["text"][segment])
    return (found["hybrid"][segment] - start) / (found["right"][segment] - start)


def main() -> int:
    """Invent worlds, measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--world", action="append", choices=sorted(WORLDS), help="all where not given")
    asked.add_argument("--seed", type=int, help="another world of the same kind")
    asked.add_argument("--keep", type=Path, help="where the tables stay")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="yougang-worlds-") as scratch:
        for name in given.world or sorted(WORLDS):
            config = WORLDS[name] if given.seed is None else replace(WORLDS[name], seed=given.seed)
            found = measure(invent(config), (given.keep or Path(scratch)) / name)
            print(f"{name}, seed {config.seed}: NDCG@10 for {', '.join(SEGMENTS)}")
            for model, by_segment in found.items():
                print(f"  {model:<14} {'  '.join(f'{by_segment[s]:.3f}' for s in SEGMENTS)}")
            print(f"  {'way gone':<14} {'  '.join(f'{gone(found, s):5.0%}' for s in SEGMENTS)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
