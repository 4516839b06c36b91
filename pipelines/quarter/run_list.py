"""The runs of a store: how far each has come, and what it reported; nothing is gone on with here.

Most lie beside the models; where one was put elsewhere, its folder is noted beside them.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.quarter.files import write_whole
from pipelines.quarter.runs import RUN

_LEARNING = ("past", "today", "champion_past")
STAGES = ("extract", "split", "search", *_LEARNING, "evaluate", "compare", "gates", "report", "register")
_ONLY_WHERE_NEEDED = frozenset({"champion_past"})
FOLDER = "quarters"
"""Beside the models: where `yougang quarter` puts its runs."""
_ELSEWHERE = "elsewhere.json"


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
    """Return the runs of a folder of models, the latest first; what cannot be read is none."""
    found = (_state(name, path) for name, path in _folders(models))
    return sorted((one for one in found if one is not None), key=lambda one: (one.as_of, one.name), reverse=True)


def report_beside(models: Path, name: str) -> tuple[RunState, dict[str, Any] | None] | None:
    """Return one run with its report, None in its place while there is none; None where there is no such run."""
    for own, path in _folders(models):
        if own == name and (state := _state(own, path)) is not None:
            return state, _read(path / "report.json")
    return None


def note_elsewhere(models: Path, folder: Path) -> None:
    """Note a run that lies elsewhere than beside the models, so that it is listed too."""
    home, own = (models.parent / FOLDER).resolve(), folder.resolve()
    if own.parent == home:
        return
    held = _elsewhere(models)
    if str(own) not in held:
        home.mkdir(parents=True, exist_ok=True)
        write_whole(home / _ELSEWHERE, json.dumps(sorted({*held, str(own)}), ensure_ascii=False, indent=1))


def _elsewhere(models: Path) -> list[str]:
    try:
        held = json.loads((models.parent / FOLDER / _ELSEWHERE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [path for path in held if isinstance(path, str)] if isinstance(held, list) else []


def _folders(models: Path) -> Iterator[tuple[str, Path]]:
    """Yield each run's folder with the name that it is shown under, which tells folders of one name apart."""
    folder = models.parent / FOLDER
    if folder.is_dir():
        yield from ((path.name, path) for path in sorted(folder.iterdir()) if path.is_dir())
    for path in map(Path, _elsewhere(models)):
        yield f"{path.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}", path


def _state(name: str, folder: Path) -> RunState | None:
    held = _read(folder / RUN)
    if held is None:
        return None
    head, stages = held["head"], held["stages"]
    return RunState(
        name=name,
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
