"""A small invented province, imported and trained once for all tests that need a whole system."""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from models.hybrid import HybridConfig
from pipelines.access.roles import program_subject
from pipelines.casebook import Casebook, load_casebook
from pipelines.desk import Desk
from pipelines.ingest import ingest
from pipelines.registry import Registry
from pipelines.schema import TABLES
from pipelines.store.session import engine_for, upgrade
from pipelines.synthetic import Province, ProvinceConfig, invent, write_tables
from pipelines.train import TrainConfig, train
from tests.support.accounts import KEYS

TODAY = date(2026, 11, 23)
QUICK = TrainConfig(
    hybrid=HybridConfig(no_components=8, epochs=3), n_choices=300, n_negatives=20, n_looked_at=200, min_acts=50
)
ORDER = ("employers", "vacancies", "candidates", "interactions", "placements", "services", "courses")


@dataclass(frozen=True)
class Trained:
    """A store with a trained champion, the tables it came from, and where its files lie."""

    folder: Path
    url: str
    models: Path
    tables: Path
    province: Province


def fill(engine: Engine, tables: Path) -> None:
    """Import every table of a folder."""
    upgrade(engine)
    for name in ORDER:
        report = ingest(
            engine, TABLES[name], tables / f"{name}.csv", subject=program_subject(), supplied_by="test", on=TODAY
        )
        assert report.rejected == 0, report.rejections


@cache
def trained() -> Trained:
    """Return the province; made at the first call, the same for all."""
    folder = Path(tempfile.mkdtemp(prefix="yougang-tests-"))
    province = invent(ProvinceConfig(today=TODAY, n_candidates=250, n_vacancies=120, seed=7))
    write_tables(province, folder / "tables")
    url = f"sqlite:///{folder / 'small.db'}"
    # Where the command line looks for keys, with the tests' own in it.
    (folder / "small.keys").write_text(f"{KEYS}\n", encoding="utf-8")
    (folder / "small.keys").chmod(0o600)
    engine = engine_for(url, KEYS)
    fill(engine, folder / "tables")
    with engine.begin() as connection:
        model = train(load_casebook(connection, program_subject()), until=TODAY, config=QUICK)
        Registry(connection, folder / "small-models").save(model, by=program_subject().by)
    engine.dispose()
    return Trained(folder, url, folder / "small-models", folder / "tables", province)


def a_copy(tmp_path: Path) -> Trained:
    """Return the province in files of its own, for tests that change it."""
    whole = trained()
    for name in ("small.db", "small.db-wal", "small.db-shm", "small.keys"):
        if (whole.folder / name).exists():
            shutil.copy(whole.folder / name, tmp_path / name)
    shutil.copytree(whole.models, tmp_path / "small-models")
    return Trained(
        tmp_path, f"sqlite:///{tmp_path / 'small.db'}", tmp_path / "small-models", whole.tables, whole.province
    )


def a_casebook(of: Trained | None = None) -> Casebook:
    """Return everything stored."""
    engine = engine_for((of or trained()).url, KEYS)
    with engine.begin() as connection:
        casebook = load_casebook(connection, program_subject())
    engine.dispose()
    return casebook


@cache
def a_desk() -> Desk:
    """Return an open desk over the province."""
    whole = trained()
    engine = engine_for(whole.url, KEYS)
    with engine.begin() as connection:
        version, model = Registry(connection, whole.models).champion()
        desk = Desk.open(load_casebook(connection, program_subject()), model, version, TODAY)
    engine.dispose()
    return desk
