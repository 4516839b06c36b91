"""A world of people, some of whom received a service, as sheets: who seeks work more is served more and finds more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from tests.support.plan_sheets import imported

MONTH_END = date(2025, 6, 30)
MEASURE = "service:ability_assessment"
SHEETS = ("candidates", "placements", "services")


@dataclass(frozen=True, slots=True)
class World:
    """How many people, what the service adds to the share that finds work, and how far seekers are served more."""

    n: int = 900
    effect: float = 0.0
    pull: float = 2.0
    seed: int = 1
    work_of: Callable[[int], float] = lambda seeking: 0.15 + 0.3 * seeking


def taken_in(engine: Engine, folder: Path, world: World) -> None:
    """Import the people of a world with what happened to them, the service in June 2025."""
    lines = _lines(world)
    for name in SHEETS:
        told = imported(engine, folder, name, *lines[name])
        assert told.rejected == 0, name


def _lines(world: World) -> dict[str, list[str]]:
    rng = np.random.default_rng(world.seed)
    lines = {
        "candidates": ["candidate_id,region,sex,birth_date,education,hukou"],
        "placements": ["placement_id,candidate_id,form,starts_on,ends_on"],
        "services": ["candidate_id,kind,on,by"],
    }
    for number in range(world.n):
        who, seeking = f"p{number:04d}", int(rng.integers(0, 2))
        is_served = rng.random() < (0.5 if seeking else 0.5 / (1 + world.pull * 2))
        sex, year = rng.choice(["male", "female"]), int(rng.integers(1975, 2000))
        lines["candidates"].append(f"{who},620102,{sex},{year}-03-01,senior,urban")
        # Who seeks was registered, and worked, in the year before: that is how it shows in the records.
        if seeking:
            lines["services"].append(f"{who},need_registration,2025-02-03,县残联")
            lines["placements"].append(f"old-{who},{who},flexible,2023-01-01,2024-06-30")
        if is_served:
            lines["services"].append(f"{who},ability_assessment,2025-06-{rng.integers(1, 30):02d},县残联")
        if rng.random() < world.work_of(seeking) + world.effect * is_served:
            begun = MONTH_END + timedelta(days=int(rng.integers(1, 150)))
            ended = "" if rng.random() < 0.5 else (begun + timedelta(days=40)).isoformat()
            lines["placements"].append(f"new-{who},{who},quota,{begun.isoformat()},{ended}")
    return lines
