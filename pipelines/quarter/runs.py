"""A run's folder: which stages are done, what they wrote, and the hash of every file.

A stage is done when its files are written whole and stand in `run.json` with their hashes. A run that was killed goes
on with the first stage that is not done; a file that is not the one that was written is refused, and so is a run that
was begun with other data or settings.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pipelines.errors import PipelineError
from pipelines.quarter.files import write_whole

RUN = "run.json"


class RunRefused(PipelineError):
    """A folder that cannot be gone on with: a changed file, or a run of something else."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run in its folder; `head` says what it is a run of."""

    folder: Path
    head: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path, head: Mapping[str, Any]) -> "Run":
        """Begin a run, or go on with one of the same head.

        Raises
        ------
        RunRefused
            When the folder holds a run of something else.
        """
        told = json.loads(json.dumps(head))
        file = folder / RUN
        if file.exists():
            held = _read(file)
            if held["head"] != told:
                changed = sorted(k for k in {*held["head"], *told} if held["head"].get(k) != told.get(k))
                if changed == ["as_of"]:  # begun before midnight, gone on with after it
                    day = held["head"]["as_of"]
                    raise RunRefused(
                        f"这次运行是按 {day} 开始的：接着运行，请写明同一天（yougang --as-of {day} quarter）"
                    )
                raise RunRefused(f"这个文件夹是另一次运行（{'、'.join(changed)} 不同）：请换一个文件夹，或先移走它")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            os.chmod(folder, 0o700)
            _write(file, {"head": told, "id": str(uuid4()), "stages": {}})
        return cls(folder, told)

    @property
    def id(self) -> str:
        """What tells this run from every other one."""
        found: str = _read(self.folder / RUN)["id"]
        return found

    @property
    def stages(self) -> dict[str, Any]:
        """What is done, by stage: its files with their hashes, and what it told."""
        found: dict[str, Any] = _read(self.folder / RUN)["stages"]
        return found

    def is_done(self, stage: str) -> bool:
        """True where a stage is done and its files are those that it wrote.

        Raises
        ------
        RunRefused
            When a file was changed or is gone.
        """
        held = self.stages.get(stage)
        if held is None:
            return False
        for name, digest in held["files"].items():
            if not (self.folder / name).is_file() or file_hash(self.folder / name) != digest:
                raise RunRefused(f"文件 {name} 不是这次运行写下的那一份，不再使用；请在新的文件夹重新运行")
        return True

    def told(self, stage: str) -> dict[str, Any]:
        """Return what a finished stage told."""
        found: dict[str, Any] = self.stages[stage]["told"]
        return found

    def done(self, stage: str, files: list[str], told: Mapping[str, Any] | None = None) -> None:
        """Note that a stage is done, with the files that it wrote (names within the folder)."""
        document = _read(self.folder / RUN)
        hashes = {name: file_hash(self.folder / name) for name in sorted(files)}
        document["stages"][stage] = {"files": hashes, "told": dict(told or {})}
        _write(self.folder / RUN, document)

    def write(self, name: str, document: Any) -> str:
        """Write a JSON file whole, the same bytes for the same document, and return its name."""
        _write(self.folder / name, document)
        return name

    def write_text(self, name: str, text: str) -> str:
        """Write a text whole and return the file's name."""
        write_whole(self.folder / name, text)
        return name

    def read(self, name: str) -> Any:
        """Read a JSON file of the run."""
        return _read(self.folder / name)

    def fresh_folder(self, name: str) -> Path:
        """Return a folder that is not there yet; what a killed stage left in it goes."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        return self.folder / name

    def files_of(self, name: str) -> list[str]:
        """Return the files within a folder of the run."""
        return [path.relative_to(self.folder).as_posix() for path in sorted((self.folder / name).iterdir())]


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunRefused(f"文件 {path.name} 无法读取，不能接着运行") from error


def _write(path: Path, document: Any) -> None:
    write_whole(path, json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False))
