"""Drift of a store as of a day, under the version in use: the same at the command line, over HTTP and on the page."""

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from pipelines.access.audit import record
from pipelines.access.roles import Action, Purpose, Subject, program_subject
from pipelines.casebook import load_casebook
from pipelines.quarter.drift import drift
from pipelines.registers.rows import require
from pipelines.registry import NoModel, Registry
from pipelines.store.repositories import ImportRepository

MONTHS, MOST_MONTHS = 6, 24


def drift_of_store(engine: Engine, models: Path, on: date, *, months: int = MONTHS) -> dict[str, Any]:
    """Return what moved by month in the whole store; without a model in use no scores are looked at.

    The store is left before anything is reckoned: texts that are read for the first time are kept, and on SQLite
    whoever wrote keeps all others from writing until its transaction ends.
    """
    with engine.begin() as connection:
        casebook = load_casebook(connection, program_subject("quarter", Purpose.MODEL_TRAINING)).learnable()
        try:
            model = Registry(connection, models).champion()[1]
        except NoModel:
            model = None
    return drift(casebook, model, on, months=months)


def state_of_store(connection: Connection, models: Path) -> tuple[str | None, int]:
    """Return what the drift of a day hangs on: the version in use, and how many imports there were."""
    champion = next((v.version for v in Registry(connection, models).all() if v.status == "champion"), None)
    return champion, ImportRepository(connection).count()


def note_drift_read(connection: Connection, subject: Subject) -> None:
    """Record that somebody looks at the drift.

    Raises
    ------
    Forbidden
        When the role may not look at models for the stated purpose.
    """
    require(subject, Action.READ_MODELS)
    record(connection, subject.by, Action.READ_MODELS.value, object_kind="model", object_id="drift")
