"""`python -m bench.exposure [--seed N …]`: exposure at equal true fit, and placements, in worlds whose truth is known.

The worlds are those of `bench.worlds`, with groups added that truth does not look at: what people like and how likely
a look ends in work is the same in every group. But people of some groups state less and were shown less before, as
happens. So whatever gap there is at equal true fit was made by records and lists, and is seen before and after
`balance`. Nothing true is known to what is measured: lifts and prices come from the product's own numbers.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.world import TODAY, World
from bench.worlds import WORLDS, invent, write
from matching.components import VacancyIndex
from matching.exposure import ExposureRule, exposure_rule
from models.exposure import Offers, attention, gap_of, lift_of
from models.metrics.ndcg import discount
from pipelines.balancing import balanced, openings_reckoned_with
from pipelines.desk import Desk
from pipelines.exposure import ByGroup, by_group, grouped, offers_of, told
from pipelines.groups import with_county
from pipelines.ranking_model import index_of
from pipelines.store.crowding import CrowdedPost
from pipelines.train import TrainConfig, train
from pipelines.worlds import load_world

Floats = npt.NDArray[np.float64]
_GROUPS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "category": (("physical", 0.5, 0.0), ("vision", 0.2, 0.2), ("intellectual", 0.3, 0.45)),
    "grade": (("1", 0.2, 0.3), ("2", 0.3, 0.1), ("3", 0.25, 0.0), ("4", 0.25, 0.0)),
    "sex": (("male", 0.55, 0.0), ("female", 0.45, 0.1)),
    "hukou": (("rural", 0.6, 0.25), ("urban", 0.4, 0.0)),
}
"""By attribute: group, share of the people, and the chance that a fact they would state stays empty."""
_FACTS = ("education", "experience", "wished_occupations", "wished_wage_min")
_TRUE_CHANCE = 0.3
_LINES = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """Gaps at equal true fit by attribute, before and after, and what is placed if everybody follows their list."""

    looks: Mapping[str, ByGroup]
    shown: Mapping[str, tuple[float, float]]
    placed: tuple[float, float]
    liking: tuple[float, float]


def with_groups(world: World, seed: int) -> World:
    """Return the world with groups of people, some of whom state less and have fewer acts on record."""
    rng = np.random.default_rng(seed + 1)
    head, *people = world.tables["candidates"]
    named = {name: i for i, name in enumerate(head)}
    silence, columns = np.zeros(len(people)), []
    for values in _GROUPS.values():
        drawn = rng.choice(len(values), len(people), p=[share for _, share, _ in values])
        silence = 1 - (1 - silence) * (1 - np.array([values[i][2] for i in drawn]))
        columns.append([values[i][0] for i in drawn])
    rows = []
    for at, person in enumerate(people):
        row = list(person)
        for fact in _FACTS:
            if fact in named and rng.random() < silence[at]:
                row[named[fact]] = ""
        rows.append([*row, *(column[at] for column in columns)])
    acts_head, *acts = world.tables["interactions"]
    kept = [act for act in acts if rng.random() >= 0.7 * silence[world.people[act[0]]]]
    tables: dict[str, list[list[Any]]] = {
        **world.tables,
        "candidates": [[*head, *_GROUPS], *rows],
        "interactions": [acts_head, *kept],
    }
    return replace(world, tables=tables)


def desk_of(world: World, folder: Path) -> Desk:
    """Train on the world and open the desk of its last day."""
    write(world, folder)
    casebook = load_world(folder, today=TODAY)
    return Desk.open(casebook, train(casebook, until=TODAY, config=TrainConfig()), "bench", TODAY)


def measured(world: World, desk: Desk, rule: ExposureRule) -> Outcome:
    """Balance and hold both sides of exposure against the truth."""
    found = balanced(desk)
    if found.looks is None:
        raise SystemExit("nobody can be put before any post")
    even = replace(desk, index=_priced(desk, found.posts))
    people = desk.active()
    held = grouped([with_county(desk.casebook.candidates[one]) for one in people], rule)
    members = told(held.members, rule.least)
    lifts = {a: {name: found.looks.forward.lifts.get(a, {}).get(next(iter(held.joins[a][name])), 0.0) for name in of}
             for a, of in members.items()}  # fmt: skip
    offers = _true_offers(world, desk, rule)
    before = attention(offers, np.zeros(len(people)), rule.places)
    after = attention(offers, lift_of(lifts, members, len(people)), rule.places)
    looks = by_group(offers, held, rule, before, after)
    plain, priced = (_followed(world, one) for one in (desk, even))
    shown = {a: tuple(gap_of([float(one.share[rows].mean()) for rows in of.values()]) for one in (plain, priced))
             for a, of in members.items()}  # fmt: skip
    return Outcome(looks, shown, (plain.placed, priced.placed), (plain.liking, priced.liking))  # type: ignore[arg-type]


def _priced(desk: Desk, posts: Sequence[CrowdedPost]) -> VacancyIndex:
    return index_of(desk.model, replace(desk.casebook, crowding=tuple(posts)), TODAY, "bench")


def _true_offers(world: World, desk: Desk, rule: ExposureRule) -> Offers:
    """Return how the product orders people for posts, with the true liking as merit."""
    people, rows = desk.active(), np.sort(desk.index.stock.open_rows(TODAY))
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), rule.posts)).astype(np.intp)]
    ids = [desk.index.stock.items[row].vacancy.vacancy_id for row in rows]
    told_of, _ = offers_of(desk, people, rows)
    merit = np.stack([world.right(one, ids) for one in people], axis=1)
    return replace(told_of, merit=merit, states=np.ones(len(people), dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class _Lists:
    share: Floats
    placed: float
    liking: float


def _followed(world: World, desk: Desk) -> _Lists:
    """Follow everybody's list: a look at rank r counts 1 / log2(r + 1) and ends in work by the true liking."""
    stock = desk.index.stock
    open_rows = np.sort(stock.open_rows(TODAY))
    ids = [stock.items[row].vacancy.vacancy_id for row in open_rows]
    at_row = {int(row): i for i, row in enumerate(open_rows)}
    weights = np.array([discount(place) for place in range(1, _LINES + 1)])
    people, demand = desk.active(), np.zeros(len(open_rows))
    share, liking = np.zeros(len(people)), np.zeros(len(people))
    for at, one in enumerate(people):
        utility = world.right(one, ids)
        # What a look is worth is told within a person: 1 for what they truly like best, halved for each 0.7 below it.
        worth = np.exp(utility - utility.max())
        rows = [at_row[int(row)] for row in desk.lines(one, k=_LINES).rows]
        looks = weights[: len(rows)]
        demand[rows] += looks * _TRUE_CHANCE * worth[rows]
        best = np.sort(worth)[::-1][: len(rows)]
        share[at] = float(looks @ worth[rows] / (looks @ best)) if len(rows) else 0.0
        liking[at] = float(looks @ utility[rows] / looks.sum()) if len(rows) else np.nan
    openings = openings_reckoned_with(desk)[open_rows]
    return _Lists(share, float(np.minimum(demand, openings).sum()), float(np.nanmean(liking)))


def main() -> int:
    """Invent worlds with groups, balance, and print gaps and placements."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--world", action="append", choices=sorted(WORLDS), help="even where not given")
    asked.add_argument("--seed", action="append", type=int, help="1 and 2 where not given")
    asked.add_argument("--people", type=int, default=2000)
    asked.add_argument("--keep", type=Path, help="where the tables stay, for `python -m bench.groups --world`")
    given = asked.parse_args()
    rule = exposure_rule(TODAY)
    if rule is None:
        raise SystemExit("no rule of exposure is in force")
    with tempfile.TemporaryDirectory(prefix="yougang-exposure-") as scratch:
        for name in given.world or ["even"]:
            for seed in given.seed or [1, 2]:
                size = given.people / WORLDS[name].n_people
                n_vacancies = int(WORLDS[name].n_vacancies * size)
                config = replace(WORLDS[name], seed=seed, n_people=given.people, n_vacancies=n_vacancies)
                world = with_groups(invent(config), seed)
                found = measured(world, desk_of(world, (given.keep or Path(scratch)) / f"{name}{seed}"), rule)
                print(f"{name}, seed {seed}, {given.people} people")
                for attribute, of in found.looks.items():
                    low = {one: min(getattr(of, one).values(), key=lambda i: i.mean) for one in ("before", "after")}
                    print(f"  looks  {attribute:<9} {of.gap_before:.3f} -> {of.gap_after:.3f}", end="")
                    print(f"  lowest {low['before']} -> {low['after']}")
                print("  shown ", "  ".join(f"{a} {b:.3f} -> {c:.3f}" for a, (b, c) in found.shown.items()))
                more = found.placed[1] / found.placed[0] - 1
                print(f"  placed {found.placed[0]:.0f} -> {found.placed[1]:.0f} ({more:+.0%})", end="")
                print(f"  true liking shown {found.liking[0]:.2f} -> {found.liking[1]:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
