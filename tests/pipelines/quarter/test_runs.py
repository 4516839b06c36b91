"""A run's folder: what counts as done is on the disk."""

import os
from pathlib import Path

import pytest

from models.artefact import Artefact, save_artefact
from pipelines.quarter.files import write_whole
from pipelines.quarter.runs import Run, RunRefused


def _no_disk(_: int) -> None:
    raise OSError("no space left")


def test_what_could_not_be_forced_to_the_disk_does_not_count_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run.open(tmp_path / "run", {"as_of": "2026-11-23"})
    run.done("extract", [run.write("profile.json", {"a": 1})])
    monkeypatch.setattr(os, "fsync", _no_disk)
    with pytest.raises(OSError, match="no space"):
        run.write("profile.json", {"a": 2})
    with pytest.raises(OSError, match="no space"):
        run.done("search", [])
    with pytest.raises(OSError, match="no space"):
        save_artefact(Artefact(), tmp_path / "run" / "today")
    assert run.is_done("extract")
    assert set(run.stages) == {"extract"}
    assert run.read("profile.json") == {"a": 1}
    assert not (tmp_path / "run" / "today").exists()


def test_files_of_a_run_are_readable_to_their_owner_alone(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "run", {"as_of": "2026-11-23"})
    run.write("search.json", {})
    run.write_text("report.html", "<p>")
    write_whole(run.folder / "open", "x", mode=0o644)
    modes = {path.name: path.stat().st_mode & 0o777 for path in run.folder.iterdir()}
    assert modes == {"run.json": 0o600, "search.json": 0o600, "report.html": 0o600, "open": 0o644}


def test_a_run_gone_on_with_on_another_day_says_which_day_to_give(tmp_path: Path) -> None:
    head = {"as_of": "2026-11-23", "seed": 1}
    Run.open(tmp_path / "run", head)
    with pytest.raises(RunRefused, match="--as-of 2026-11-23"):
        Run.open(tmp_path / "run", {**head, "as_of": "2026-11-24"})
    with pytest.raises(RunRefused, match="另一次运行"):
        Run.open(tmp_path / "run", {"as_of": "2026-11-24", "seed": 2})
