"""Saved models: each version is a folder that is never written again, and one row that says what it is.

The first version becomes champion by itself, since a desk without a model cannot answer; later ones are promoted. One
that has not passed the gates of a cycle, or that no cycle has held against them, only for another person's reason.
What a version is used for changes by somebody's act, written into the audit first.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from models.errors import ModelError
from pipelines.access.audit import record, take_turn
from pipelines.access.roles import Action, By
from pipelines.errors import PipelineError
from pipelines.live_tests import LiveTests, Switched, TestRefused, check, switched_in
from pipelines.ranking_model import RankingModel
from pipelines.store.model_records import Card, ModelRecords, Promotion
from pipelines.store.repositories import ModelVersion, ModelVersionRepository
from pipelines.store.sealed import vault_of

NOT_GATED = "no_cycle"
"""Stands among the gates that were not passed where no cycle has held a version against any."""


class NoModel(PipelineError):
    """No model version answers: none was trained, or none of that name."""


class PromotionRefused(PipelineError):
    """A version has not passed its gates, and nobody said why it may answer all the same; says which."""


class FilesChanged(PromotionRefused):
    """The files of a version are not those that were saved, so that it cannot answer."""


class SecondPersonNeeded(PromotionRefused):
    """Gates are overruled by another person than the one who made the version, by name."""


@dataclass(frozen=True, slots=True)
class Despite:
    """Why a version is promoted although it has not passed its gates, and who says so.

    `is_named` where it is known who that is, and not only at which machine somebody sits.
    """

    reason: str
    by: str
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """The versions in one store, with their files under `folder`."""

    connection: Connection
    folder: Path

    def save(
        self,
        model: RankingModel,
        *,
        by: By,
        gate: Mapping[str, object] | None = None,
        card: Mapping[str, Any] | None = None,
        made_by: str | None = None,
    ) -> ModelVersion:
        """Write a model as a new version; champion where there is none yet, else candidate.

        `gate` is what was found when it was held against the version in use (`pipelines.retraining`); `card` is what
        a cycle keeps with it (`pipelines.quarter`), its gates among it, and `made_by` who ran that or the training.
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
                {
                    "checksum": checksum,
                    **model.summary,
                    **({} if gate is None else {"gate": gate}),
                    **({} if card is not None or made_by is None else {"made_by": made_by}),
                },
                ensure_ascii=False,
            ),
            champion_since=None if has_champion else now,
        )
        repository.save(version)
        if card is not None:
            ModelRecords(self.connection).keep(Card(name, {**card, "model_sha256": checksum}, made_by or by.actor, now))
        return version

    def champion(self) -> tuple[str, RankingModel]:
        """Return the version that answers.

        Raises
        ------
        NoModel
            When none was trained yet.
        """
        version = self.in_use()
        return version.version, self.load(version)

    def answering(self) -> tuple[str, RankingModel, LiveTests]:
        """Return the version that answers, and what is tried out on its lists.

        Raises
        ------
        NoModel
            When none was trained yet.
        """
        version = self.in_use()
        summary = json.loads(version.summary)
        shadow, challenger = switched_in(summary, "shadow"), None
        if shadow is not None:
            other = self.challenger()
            challenger = None if other is None else (other.version, self.load(other))
        tests = LiveTests(switched_in(summary, "lot"), shadow if challenger else None, challenger)
        return version.version, self.load(version), tests

    def switch(self, name: str, share: float | None, *, seed: int, by: By, said_by: str, reason: str) -> ModelVersion:
        """Switch a live test (`lot`, `shadow`) of the version in use on, or off with no share; audited.

        Raises
        ------
        NoModel
            When none was trained yet.
        TestRefused
            When the share is out of bounds, nobody says why, or there is no challenger to be asked beside.
        """
        version = self.in_use()
        summary: dict[str, Any] = json.loads(version.summary)
        tests: dict[str, Any] = {k: v for k, v in summary.get("live_tests", {}).items() if k != name}
        if share is not None:
            check(name, share, reason)
            if name == "shadow" and self.challenger() is None:
                raise TestRefused("没有可以对照的新版本：请先运行 yougang quarter")
            tests[name] = Switched(share, seed, said_by, datetime.now(UTC).isoformat(), reason.strip()).as_dict()
        self._record(by, "models.live_test", version.version)
        summary["live_tests"] = tests
        ModelVersionRepository(self.connection).set_summary(
            version.version, json.dumps(summary, ensure_ascii=False, sort_keys=True)
        )
        return self.get(version.version)

    def in_use(self) -> ModelVersion:
        """Return the row of the version that answers.

        Raises
        ------
        NoModel
            When none was trained yet.
        """
        for version in ModelVersionRepository(self.connection).all():
            if version.status == "champion":
                return version
        raise NoModel("还没有训练好的模型：请先运行 yougang train")

    def load(self, version: ModelVersion) -> RankingModel:
        """Read one version's files, checked against the checksum of its row."""
        summary: dict[str, Any] = json.loads(version.summary)
        return RankingModel.load(
            self.folder / version.folder, expected=summary["checksum"], vault=vault_of(self.connection)
        )

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

    def challenger(self) -> ModelVersion | None:
        """Return the newest version that a cycle made and nobody has decided on; None where there is none."""
        made = ModelRecords(self.connection).cards_made()
        return next((v for v in self.all() if v.version in made and v.status == "candidate"), None)

    def card(self, name: str) -> Card | None:
        """Return what a cycle kept with a version; None where it was made by training alone."""
        return ModelRecords(self.connection).card(self.get(name).version)

    def made_by_run(self, run_id: str) -> str | None:
        """Return the version that a cycle's run registered; None where it registered none."""
        return ModelRecords(self.connection).made_by_run(run_id)

    def promotions(self, name: str) -> Sequence[Promotion]:
        """Return the acts by which a version came to answer, the earliest first."""
        return ModelRecords(self.connection).promotions(name)

    def promote(self, name: str, *, by: By, despite: Despite | None = None) -> ModelVersion:
        """Make a version champion and retire the present one; a reason given is kept with who gave it.

        The version that answers already goes on answering, and nothing is asked.

        Raises
        ------
        PromotionRefused
            When it has not passed its gates, or no cycle has held it against any, and nobody says why it may be
            promoted all the same.
        FilesChanged
            When its files are not those that were saved.
        SecondPersonNeeded
            When who says so is not known by name, or is who made the version.
        """
        version = self.get(name)
        if version.status == "champion":
            self._record(by, "models.promote", name)
            return version
        failed = self._not_passed(version, despite)
        self._check_files(version)
        self._record(by, "models.promote", name)
        said_by = by.actor if despite is None else despite.by
        self._keep_act(name, "promote", said_by, failed, None if despite is None else despite.reason)
        return self._make_champion(name)

    def made_by(self, name: str) -> str | None:
        """Return who ran the cycle or the training that made a version; None where nobody was noted."""
        card = self.card(name)
        made: str | None = json.loads(self.get(name).summary).get("made_by") if card is None else card.made_by
        return made

    def _not_passed(self, version: ModelVersion, despite: Despite | None) -> tuple[str, ...]:
        """Return the gates that a version has not passed, checked that somebody who may says why it answers."""
        card = self.card(version.version)
        failed = (NOT_GATED,) if card is None else tuple(card.document["gates"]["failed"])
        if failed and (despite is None or not despite.reason.strip()):
            trips = json.loads(version.summary).get("gate", {}).get("trips", [])
            found = "；".join([*trips, *(_gate_words(card) if card else (f"没有经过季度核查（{_CYCLE}）",))])
            raise PromotionRefused(
                f"{found}。核实后仍要启用，由制作人以外的另一人写明理由："
                f"models promote {version.version} --despite 理由 --login 登录名（还没有账号的数据库：--by 姓名）"
            )
        if failed and despite is not None and (not despite.is_named or despite.by == self.made_by(version.version)):
            raise SecondPersonNeeded("没有经过核查或核查未通过的版本，须由制作人以外、写明姓名的另一人说明理由后启用")
        return failed

    def _check_files(self, version: ModelVersion) -> None:
        """Read a version before it answers: one that cannot be read would leave the desk without a model."""
        try:
            self.load(version)
        except (ModelError, OSError) as error:
            raise FilesChanged("这个版本的文件已损坏、缺失或被改动，不能启用；请用备份恢复，或重新训练") from error

    def _keep_act(self, name: str, act: str, by: str, failed: tuple[str, ...], reason: str | None) -> None:
        ModelRecords(self.connection).add(
            Promotion(
                promotion_id=str(uuid4()),
                version=name,
                act=act,
                made_by=self.made_by(name),
                failed=failed,
                reason=reason,
                by=by,
                at=datetime.now(UTC),
            )
        )

    def _make_champion(self, name: str) -> ModelVersion:
        repository = ModelVersionRepository(self.connection)
        now = datetime.now(UTC)
        for version in repository.all():
            if version.status == "champion" and version.version != name:
                repository.set_status(version.version, "retired", None)
                self._end_tests(version)
        repository.set_status(name, "champion", now)
        return self.get(name)

    def _end_tests(self, version: ModelVersion) -> None:
        """What was tried out on a version's lists ends with its use; what was logged stays with the lists."""
        summary: dict[str, Any] = json.loads(version.summary)
        if summary.pop("live_tests", None):
            ModelVersionRepository(self.connection).set_summary(
                version.version, json.dumps(summary, ensure_ascii=False)
            )

    def rollback(self, *, by: By) -> ModelVersion:
        """Make the version champion that was so before the present one.

        Raises
        ------
        NoModel
            When no version was champion before.
        FilesChanged
            When its files are not those that were saved.
        """
        take_turn(self.connection)
        earlier = [v for v in self.all() if v.status == "retired" and v.champion_since is not None]
        if not earlier:
            raise NoModel("没有可以恢复的上一版本")
        before = max(earlier, key=lambda v: v.champion_since or v.created_at)
        self._check_files(before)
        self._record(by, "models.rollback", before.version)
        self._keep_act(before.version, "rollback", by.actor, (), None)
        present = next((v for v in self.all() if v.status == "champion"), None)
        restored = self._make_champion(before.version)
        if present is not None:
            # What was rolled back from is no earlier champion to return to; it waits to be promoted again.
            ModelVersionRepository(self.connection).set_status(present.version, "candidate", None)
        return restored

    def _record(self, by: By, action: str, name: str) -> None:
        record(self.connection, by, action, object_kind="model", object_id=name)


_CYCLE = "yougang quarter"


def _gate_words(card: Card) -> Iterator[str]:
    """Return what each gate that was not passed found."""
    for result in card.document["gates"]["results"]:
        if result["id"] in card.document["gates"]["failed"]:
            # What nobody could measure says so in its reason.
            word = "" if result["reason"].startswith(result["word"]) else f"{result['word']}，"
            yield f"{result['label']}：{word}{result['reason']}"
