"""Saved models: each version is a folder that is never written again, and one row that says what it is.

The first version becomes champion by itself, since a desk without a model cannot answer; later ones are promoted.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from pipelines.errors import PipelineError
from pipelines.ranking_model import RankingModel
from pipelines.store.repositories import ModelVersion, ModelVersionRepository


class NoModel(PipelineError):
    """No model version answers: none was trained, or none of that name."""


@dataclass(frozen=True, slots=True)
class Registry:
    """The versions in one store, with their files under `folder`."""

    connection: Connection
    folder: Path

    def save(self, model: RankingModel) -> ModelVersion:
        """Write a model as a new version; champion where there is none yet, else candidate."""
        now = datetime.now(UTC)
        repository = ModelVersionRepository(self.connection)
        taken = {version.version for version in repository.all()}
        stem = f"{model.trained_until.isoformat()}-{now:%Y%m%dT%H%M%S}"
        name = next(n for i in range(1000) if (n := stem if i == 0 else f"{stem}-{i}") not in taken)
        checksum = model.save(self.folder / name)
        has_champion = any(version.status == "champion" for version in repository.all())
        version = ModelVersion(
            version=name,
            created_at=now,
            trained_until=model.trained_until,
            status="candidate" if has_champion else "champion",
            folder=name,
            summary=json.dumps({"checksum": checksum, **model.summary}, ensure_ascii=False),
            champion_since=None if has_champion else now,
        )
        repository.save(version)
        return version

    def champion(self) -> tuple[str, RankingModel]:
        """Return the version that answers.

        Raises
        ------
        NoModel
            When none was trained yet.
        """
        for version in ModelVersionRepository(self.connection).all():
            if version.status == "champion":
                return version.version, self.load(version)
        raise NoModel("还没有训练好的模型：请先运行 yougang train")

    def load(self, version: ModelVersion) -> RankingModel:
        """Read one version's files, checked against the checksum of its row."""
        summary: dict[str, Any] = json.loads(version.summary)
        return RankingModel.load(self.folder / version.folder, expected=summary["checksum"])

    def all(self) -> list[ModelVersion]:
        """Return every version, newest first."""
        return sorted(ModelVersionRepository(self.connection).all(), key=lambda v: v.created_at, reverse=True)

    def get(self, name: str) -> ModelVersion:
        """Return one version.

        Raises
        ------
        NoModel
            When there is none of that name.
        """
        for version in self.all():
            if version.version == name:
                return version
        raise NoModel("没有这个模型版本")

    def promote(self, name: str) -> ModelVersion:
        """Make a version champion and retire the present one."""
        self.get(name)
        repository = ModelVersionRepository(self.connection)
        now = datetime.now(UTC)
        for version in repository.all():
            if version.status == "champion" and version.version != name:
                repository.set_status(version.version, "retired", None)
        repository.set_status(name, "champion", now)
        return self.get(name)

    def rollback(self) -> ModelVersion:
        """Make the version champion that was so before the present one.

        Raises
        ------
        NoModel
            When no version was champion before.
        """
        earlier = [v for v in self.all() if v.status == "retired" and v.champion_since is not None]
        if not earlier:
            raise NoModel("没有可以恢复的上一版本")
        before = max(earlier, key=lambda v: v.champion_since or v.created_at)
        present = next((v for v in self.all() if v.status == "champion"), None)
        restored = self.promote(before.version)
        if present is not None:
            # What was rolled back from is no earlier champion to return to; it waits to be promoted again.
            ModelVersionRepository(self.connection).set_status(present.version, "candidate", None)
        return restored
