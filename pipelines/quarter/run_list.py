"""The runs that lie beside the models: how far each has come, and what it reported; nothing is gone on with here."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.quarter.runs import RUN

_LEARNING = ("past", "today", "champion_past")
STAGES = ("extract", "split", "search", *_LEARNING, "evaluate", "compare", "gates", "report", "register")
_ONLY_WHERE_NEEDED = frozenset({"champion_past"})
FOLDER = "quarters"
"""Beside the models: where `yougang quarter` puts its runs."""


@dataclass(frozen=True, slots=True)
class RunState:
    """How far a run has come; `version` is what it registered."""

    name: str
    as_of: str
    champion: str
    code: str
    done: tuple[str, ...]
    version: str | None

    @property
    def left(self) -> tuple[str, ...]:
        """The stages that are not done yet."""
        return tuple(one for one in STAGES if one not in self.done and one not in _ONLY_WHERE_NEEDED)


def runs_beside(models: Path) -> list[RunState]:
    """Return the runs beside a folder of models, the latest first; what cannot be read is none."""
    found = (_state(path) for path in _folders(models))
    return sorted((one for one in found if one is not None), key=lambda one: (one.as_of, one.name), reverse=True)


def report_beside(models: Path, name: str) -> tuple[RunState, dict[str, Any] | None] | None:
    """Return one run with its report, None in its place while there is none; None where there is no such run."""
    for path in _folders(models):
        if path.name == name and (state := _state(path)) is not None:
            return state, _read(path / "report.json")
    return None


def _folders(models: Path) -> Iterator[Path]:
    folder = models.parent / FOLDER
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.is_dir())


def _state(folder: Path) -> RunState | None:
    held = _read(folder / RUN)
    if held is None:
        return None
    head, stages = held["head"], held["stages"]
    return RunState(
        name=folder.name,
        as_of=str(head["as_of"]),
        champion=str(head["champion"]),
        code=str(head["code"]),
        done=tuple(one for one in STAGES if one in stages),
        version=stages.get("register", {}).get("told", {}).get("version"),
    )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found
