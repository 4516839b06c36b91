"""Fixtures over the small invented province (`tests.support.province`); tests that change it get a copy."""

import gc
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from pipelines.access.roles import program_subject
from pipelines.casebook import Casebook, load_casebook
from pipelines.desk import Desk
from pipelines.registry import Registry
from pipelines.store.session import engine_for
from pipelines.synthetic import Province
from pipelines.train import train
from tests.support.accounts import KEYS
from tests.support.province import QUICK, TODAY, trained

SETTINGS = ("YOUGANG_DATABASE_URL", "YOUGANG_MODELS", "YOUGANG_DEBUG", "YOUGANG_KEYS", "YOUGANG_KEY_FILE")


def pytest_collection_finish() -> None:
    """Leave what the modules and the tests themselves hold out of every later search for garbage: it stays anyway."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True, slots=True)
class Town:
    """A store with its models beside it, and the tables that it was filled from."""

    folder: Path
    province: Province

    @property
    def url(self) -> str:
        """The address of the store."""
        return f"sqlite:///{self.folder / 'small.db'}"

    @property
    def models(self) -> Path:
        """The folder of models, where the settings put it by themselves."""
        return self.folder / "small-models"

    @property
    def tables(self) -> Path:
        """The folder of the tables as they were imported."""
        return self.folder / "tables"

    def casebook(self) -> Casebook:
        """Read everything stored."""
        engine = engine_for(self.url, KEYS)
        try:
            with engine.begin() as connection:
                return load_casebook(connection, program_subject())
        finally:
            engine.dispose()

    def desk(self) -> Desk:
        """Open the desk of the tests' day under the champion."""
        casebook, engine = self.casebook(), engine_for(self.url, KEYS)
        try:
            with engine.begin() as connection:
                version, model = Registry(connection, self.models).champion()
        finally:
            engine.dispose()
        return Desk.open(casebook, model, version, TODAY)

    def train(self) -> str:
        """Train and save one more version; return its name."""
        model, engine = train(self.casebook(), until=TODAY, config=QUICK), engine_for(self.url, KEYS)
        try:
            with engine.begin() as connection:
                return Registry(connection, self.models).save(model, by=program_subject().by).version
        finally:
            engine.dispose()


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; anything beside it is an error here."""
        return json.loads(self.out)


Yougang = Callable[..., Said]


def copied_town(folder: Path) -> Town:
    whole = trained()
    shutil.copytree(whole.folder, folder)
    return Town(folder, whole.province)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The shared store: ask it for lists, but import, train and promote nothing."""
    return copied_town(tmp_path_factory.mktemp("town") / "shared")


@pytest.fixture
def own_town(tmp_path: Path) -> Town:
    """A store of the test's own."""
    return copied_town(tmp_path / "own")


@pytest.fixture(scope="session")
def desk(town: Town) -> Desk:
    """The desk of the shared store."""
    return town.desk()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment of whoever runs the tests out of them."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def yougang(capsys: pytest.CaptureFixture[str]) -> Yougang:
    """Run the command line in this process, on the tests' day unless another is named."""

    def call(*arguments: str | Path, at: Town | None = None) -> Said:
        words = [str(argument) for argument in arguments]
        front = ["--db", at.url] if at else []
        day = [] if any(word.startswith("--as-of") for word in words) else ["--as-of", TODAY.isoformat()]
        capsys.readouterr()
        code = run([*front, *day, *words])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call
