"""Cycles over the small invented province: little is tried and few are asked, so that one takes seconds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.casebook import Casebook, load_casebook
from pipelines.quarter import cycle as cycles
from pipelines.quarter.cycle import Cycle, run_cycle
from pipelines.quarter.settings import QuarterSettings
from pipelines.registry import Despite, Registry
from pipelines.store.session import engine_for
from tests.conftest import Town
from tests.support.accounts import KEYS
from tests.support.province import QUICK, TODAY
from tests.support.stores import PROGRAM

POINT = {"no_components": 8, "epochs": 3, "prior_strength": 100.0}
SMALL = QuarterSettings.model_validate(
    {
        "seed": 7,
        "test_share": 0.3,
        "measured_people": 250,
        "asked_people": 250,
        "asked_posts": 20,
        "search": {
            "people": 150,
            "measured_people": 100,
            "choices": 300,
            "validation_share": 0.2,
            "points": [POINT, {**POINT, "epochs": 4}],
        },
        "timed_lists": 3,
        "shadow_days": 60,
    }
)


def a_cycle(town: Town, folder: Path, *, tell: Callable[[str], None] = lambda _: None, **changed: Any) -> Cycle:
    """Return a cycle over a town's store; the caller gives its engine back."""
    held: dict[str, Any] = {"settings": SMALL, "base": QUICK, "made_by": "named:甲", **changed}
    return Cycle(
        engine=engine_for(town.url, KEYS),
        models=town.models,
        folder=folder,
        as_of=TODAY,
        by=PROGRAM.by,
        tell=tell,
        **held,
    )


def run(town: Town, folder: Path, **changed: Any) -> dict[str, Any]:
    """Run a cycle and return its report."""
    cycle = a_cycle(town, folder, **changed)
    try:
        return run_cycle(cycle)
    finally:
        cycle.engine.dispose()


def run_over(monkeypatch: Any, town: Town, folder: Path, plant: Callable[[Casebook], Casebook]) -> dict[str, Any]:
    """Run a cycle over cases that somebody, or a fault, has changed."""
    with monkeypatch.context() as patched:
        patched.setattr(cycles, "load_casebook", lambda *given: plant(load_casebook(*given)))
        return run(town, folder)


def promote(town: Town, version: str) -> None:
    """Let a version answer, for a reason that another person gives."""
    engine = engine_for(town.url, KEYS)
    with engine.begin() as connection:
        despite = Despite("首次运行，没有可比的登记", "named:乙", is_named=True)
        Registry(connection, town.models).promote(version, by=PROGRAM.by, despite=despite)
    engine.dispose()


def outcome(report: dict[str, Any], gate: str) -> dict[str, Any]:
    """Return how one gate came out."""
    found: dict[str, Any] = next(result for result in report["gates"]["results"] if result["id"] == gate)
    return found
