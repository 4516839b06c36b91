"""A small invented province, imported and trained once for the whole suite; tests that change it get a copy."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from models.hybrid import HybridConfig
from pipelines.casebook import Casebook, load_casebook
from pipelines.desk import Desk
from pipelines.ingest import ingest
from pipelines.readings import refresh_texts
from pipelines.registry import Registry
from pipelines.schema import TABLES
from pipelines.store.session import engine_for, upgrade
from pipelines.synthetic import Province, ProvinceConfig, invent, write_tables
from pipelines.train import TrainConfig, train
from tests.support.builders import TODAY

SMALL = TrainConfig(hybrid=HybridConfig(no_components=8, epochs=3), n_choices=150, n_outcomes=300)
SETTINGS = ("YOUGANG_DATABASE_URL", "YOUGANG_MODELS", "YOUGANG_DEBUG")


@dataclass(frozen=True, slots=True)
class Town:
    """A store with its models beside it, and the tables that it was filled from."""

    folder: Path
    province: Province

    @property
    def url(self) -> str:
        """The address of the store."""
        return f"sqlite:///{self.folder / 'town.db'}"

    @property
    def models(self) -> Path:
        """The folder of models, where the settings put it by themselves."""
        return self.folder / "town-models"

    @property
    def tables(self) -> Path:
        """The folder of the tables as they were imported."""
        return self.folder / "tables"

    def casebook(self) -> Casebook:
        """Read everything stored."""
        engine = engine_for(self.url)
        try:
            with engine.begin() as connection:
                return load_casebook(connection)
        finally:
            engine.dispose()

    def desk(self) -> Desk:
        """Open the desk of the tests' day under the champion."""
        casebook, engine = self.casebook(), engine_for(self.url)
        try:
            with engine.begin() as connection:
                version, model = Registry(connection, self.models).champion()
        finally:
            engine.dispose()
        return Desk.open(casebook, model, version, TODAY)

    def train(self, config: TrainConfig = SMALL) -> str:
        """Train and save one more version; return its name."""
        model, engine = train(self.casebook(), until=TODAY, config=config), engine_for(self.url)
        try:
            with engine.begin() as connection:
                return Registry(connection, self.models).save(model).version
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


def fill(folder: Path, province: Province) -> Town:
    """Write the province as tables into a folder and import them into a store there."""
    town = Town(folder, province)
    write_tables(province, town.tables)
    engine = engine_for(town.url)
    upgrade(engine)
    for name, table in TABLES.items():
        report = ingest(engine, table, town.tables / f"{name}.csv", supplied_by="tests", on=TODAY)
        assert report.rejected == 0, report
    with engine.begin() as connection:
        refresh_texts(connection)
    engine.dispose()
    return town


@pytest.fixture(scope="session")
def province() -> Province:
    """Invent 250 people and 120 vacancies."""
    return invent(ProvinceConfig(n_candidates=250, n_vacancies=120, seed=7, today=TODAY))


@pytest.fixture(scope="session")
def _untouched(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The original, which no test gets: a request for a list already writes a run."""
    town = fill(tmp_path_factory.mktemp("untouched"), province)
    town.train()
    return town


@pytest.fixture(scope="session")
def town(_untouched: Town, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The shared store: ask it for lists, but import, train and promote nothing."""
    return copied(_untouched, tmp_path_factory.mktemp("town") / "copy")


@pytest.fixture
def own_town(_untouched: Town, tmp_path: Path) -> Town:
    """A store of the test's own."""
    return copied(_untouched, tmp_path / "own")


def copied(town: Town, folder: Path) -> Town:
    """Copy a store that nobody has open, with its models and tables."""
    shutil.copytree(town.folder, folder)
    return Town(folder, town.province)


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
