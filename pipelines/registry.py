"""Saved models: each version is a folder that is never written again, and one row that says what it is.

The first version becomes champion by itself, since a desk without a model cannot answer; later ones are promoted.
What a version is used for changes by somebody's act, written into the audit first.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from pipelines.access.audit import record, take_turn
from pipelines.access.roles import Action, By
from pipelines.errors import PipelineError
from pipelines.ranking_model import RankingModel
from pipelines.store.repositories import ModelVersion, ModelVersionRepository


class NoModel(PipelineError):
    """No model version answers: none was trained, or none of that name."""


class PromotionRefused(PipelineError):
    """The gate of its training found a version unlike the one in use, or learned from one source; says what."""


@dataclass(frozen=True, slots=True)
class Despite:
    """Why a version is promoted although the gate tripped, and who says so."""

    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The versions in one store, with their files under `folder`."""

    connection: Connection
    folder: Path

    def save(self, model: RankingModel, *, by: By, gate: Mapping[str, object] | None = None) -> ModelVersion:
        """Write a model as a new version; champion where there is none yet, else candidate.

        `gate` is what was found when it was held against the version in use (`pipelines.retraining`).
        """
        now = datetime.now(UTC)
        repository = ModelVersionRepository(self.connection)
        taken = {version.version for version in repository.all()}
        stem = f"{model.trained_until.isoformat()}-{now:%Y%m%dT%H%M%S}"
        name = next(n for i in range(1000) if (n := stem if i == 0 else f"{stem}-{i}") not in taken)
        checksum = model.save(self.folder / name)
        self._record(by, Action.WRITE_MODELS.value, name)
        has_champion = any(version.status == "champion" for version in repository.all())
        version = ModelVersion(
            version=name,
            created_at=now,
            trained_until=model.trained_until,
            status="candidate" if has_champion else "champion",
            folder=name,
            summary=json.dumps(
                {"checksum": checksum, **model.summary, **({} if gate is None else {"gate": gate})}, ensure_ascii=False
            ),
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

    def promote(self, name: str, *, by: By, despite: Despite | None = None) -> ModelVersion:
        """Make a version champion and retire the present one; a reason given is kept with who gave it.

        Raises
        ------
        PromotionRefused
            When the gate tripped and nobody says why it may be promoted all the same.
        """
        version = self.get(name)
        summary: dict[str, Any] = json.loads(version.summary)
        trips = summary.get("gate", {}).get("trips", [])
        if trips and despite is None:
            found = "；".join(trips)
            raise PromotionRefused(f"{found}。核实后仍要启用，请写明理由：models promote {name} --despite 理由")
        self._record(by, "models.promote", name)
        if trips and despite is not None:
            summary["promoted_despite"] = {"reason": despite.reason, "by": despite.by}
            ModelVersionRepository(self.connection).set_summary(name, json.dumps(summary, ensure_ascii=False))
        return self._make_champion(name)

    def _make_champion(self, name: str) -> ModelVersion:
        repository = ModelVersionRepository(self.connection)
        now = datetime.now(UTC)
        for version in repository.all():
            if version.status == "champion" and version.version != name:
                repository.set_status(version.version, "retired", None)
        repository.set_status(name, "champion", now)
        return self.get(name)

    def rollback(self, *, by: By) -> ModelVersion:
        """Make the version champion that was so before the present one.

        Raises
        ------
        NoModel
            When no version was champion before.
        """
        take_turn(self.connection)
        earlier = [v for v in self.all() if v.status == "retired" and v.champion_since is not None]
        if not earlier:
            raise NoModel("没有可以恢复的上一版本")
        before = max(earlier, key=lambda v: v.champion_since or v.created_at)
        self._record(by, "models.rollback", before.version)
        present = next((v for v in self.all() if v.status == "champion"), None)
        restored = self._make_champion(before.version)
        if present is not None:
            # What was rolled back from is no earlier champion to return to; it waits to be promoted again.
            ModelVersionRepository(self.connection).set_status(present.version, "candidate", None)
        return restored

    def _record(self, by: By, action: str, name: str) -> None:
        record(self.connection, by, action, object_kind="model", object_id=name)
