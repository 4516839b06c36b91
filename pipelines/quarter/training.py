"""The models of a cycle: the search over the stated space, the two that know only the past, and the one for today.

Each is learned from the extract alone. What is to be tested in time is learned from cases in which nothing after the
split day is there at all, so that nothing of the future can leak into it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from models.metrics.intervals import paired_difference
from pipelines.access.vault import Vault
from pipelines.casebook import Casebook
from pipelines.evaluate import EvaluateConfig, measured_people, split_day, values_of
from pipelines.quarter.settings import Point, QuarterSettings
from pipelines.quarter.workers import Workers
from pipelines.ranking_model import RankingModel
from pipelines.train import TrainConfig, train

Values = Sequence[float | None]
_NOT_IN_TIME = ("freshness",)
"""A test looks at vacancies that opened later; how fresh one is would tell when people acted."""


def known_until(casebook: Casebook, day: date) -> Casebook:
    """Return the cases with nothing that happened after a day; vacancies that opened later stay to be ranked."""
    return replace(
        casebook,
        interactions=[i for i in casebook.interactions if i.at <= day],
        placements=[p for p in casebook.placements if p.starts_on is None or p.starts_on <= day],
    )


def learn(
    casebook: Casebook, until: date, point: Point, *, seed: int, is_for_test: bool, base: TrainConfig | None = None
) -> RankingModel:
    """Train at a point of the space on what was known up to a day."""
    config = point.config(seed=seed, base=base)
    if is_for_test:
        config = replace(config, left_out=_NOT_IN_TIME)
    return train(known_until(casebook, until), until=until, config=config)


def some_of(casebook: Casebook, most: int, seed: int) -> Casebook:
    """Return the cases of at most so many people, the same ones for the same cases."""
    people = sorted(casebook.candidates)
    if len(people) <= most:
        return casebook
    drawn = np.sort(np.random.default_rng(seed).choice(len(people), size=most, replace=False))
    kept = {people[i] for i in drawn}
    return replace(
        casebook,
        candidates={i: c for i, c in casebook.candidates.items() if i in kept},
        interactions=[i for i in casebook.interactions if i.candidate_id in kept],
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """One point to be tried, on what was known up to the split day."""

    point: Point
    split: date
    settings: QuarterSettings
    base: TrainConfig | None


def tried(casebook: Casebook, _: Vault, trial: Trial) -> Values:
    """Return how well the lists of a point answer what people did between the validation day and the split day.

    No chance is learned, since it orders nothing, and weights from fewer choices: points are held against each other.
    """
    settings = trial.settings
    whole = known_until(some_of(casebook, settings.search.people, settings.seed), trial.split)
    validation = split_day(whole, 1 - settings.search.validation_share)
    held = trial.base or TrainConfig()
    base = replace(held, states_chance=False, n_choices=min(held.n_choices, settings.search.choices))
    model = learn(whole, validation, trial.point, seed=settings.seed, is_for_test=True, base=base)
    config = EvaluateConfig(split_at=validation, max_people=settings.search.measured_people, seed=settings.seed)
    people = measured_people(whole, model, validation, config, only=("shortlist",))
    return values_of([(p, p.relevant) for p in people], "shortlist", config.k)[f"ndcg@{config.k}"]


def search(
    workers: Workers,
    split: date,
    settings: QuarterSettings,
    *,
    base: TrainConfig | None = None,
    known: Mapping[int, Values] | None = None,
    done: Callable[[int, Values], None] = lambda _, __: None,
) -> dict[str, Any]:
    """Try each point before the test period and return what each reached, and which is taken.

    What is `known` of a point is not tried again; `done` is told of each that was. The first point is
    taken unless another's lists are better by more than one standard error on the same people.
    """
    whole = known_until(some_of(workers.casebook, settings.search.people, settings.seed), split)
    validation = split_day(whole, 1 - settings.search.validation_share)
    held: dict[int, Values] = dict(known or {})
    left = [at for at in range(len(settings.search.points)) if at not in held]
    trials = [Trial(settings.search.points[at], split, settings, base) for at in left]

    def told(at: int, values: Values) -> None:
        done(left[at], values)

    held |= dict(zip(left, workers.each(tried, trials, done=told), strict=True))
    found = [held[at] for at in range(len(settings.search.points))]
    points: list[dict[str, Any]] = []
    for point, values in zip(settings.search.points, found, strict=True):
        own = [value for value in values if value is not None]
        points.append(
            {"point": point.model_dump(), "ndcg": round(float(np.mean(own)), 6) if own else None, "n": len(own)}
        )
    taken = 0
    for at in range(1, len(found)):
        gain = paired_difference(found[at], found[0], seed=settings.seed, level=0.6827)
        if gain is not None and gain.low > 0 and (points[at]["ndcg"] or 0.0) > (points[taken]["ndcg"] or 0.0):
            taken = at
    return {
        "validation_from": validation.isoformat(),
        "points": points,
        "taken": settings.search.points[taken].model_dump(),
        "is_default": taken == 0,
    }
