"""Stores to test on: SQLite always; PostgreSQL where `YOUGANG_TEST_POSTGRES` gives the URL of a database for tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url

from pipelines.access.audit import record
from pipelines.access.roles import program_subject
from pipelines.store.session import engine_for, upgrade
from tests.support.accounts import KEYS

POSTGRES = "YOUGANG_TEST_POSTGRES"
BACKENDS = ("sqlite", "postgresql")
PROGRAM = program_subject("test")


def noted(connection: Connection) -> Connection:
    """Write an audit row, without which the database takes no write in this transaction; return the connection."""
    record(connection, PROGRAM.by, "test.write", object_kind="test")
    return connection


@contextmanager
def an_empty_database(backend: str, folder: Path) -> Iterator[Engine]:
    """Give a database without any table: a file of its own, or a PostgreSQL schema that is dropped afterwards."""
    if backend == "sqlite":
        engine = engine_for(f"sqlite:///{folder / f'{uuid4().hex}.db'}", KEYS)
        yield engine
        engine.dispose()
        return
    url = os.environ.get(POSTGRES)
    if not url:
        pytest.skip(f"{POSTGRES} names no PostgreSQL database")
    schema = f"test_{uuid4().hex}"
    door = engine_for(url)
    with door.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = make_url(url).update_query_dict({"options": f"-csearch_path={schema}"})
    engine = engine_for(own.render_as_string(hide_password=False), KEYS)
    try:
        yield engine
    finally:
        engine.dispose()
        with door.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
        door.dispose()


@contextmanager
def a_store(backend: str, folder: Path) -> Iterator[Engine]:
    """Give an empty store at the newest schema."""
    if backend == "sqlite":
        engine = a_file(folder / f"{uuid4().hex}.db")
        yield engine
        engine.dispose()
        return
    with an_empty_database(backend, folder) as engine:
        upgrade(engine)
        yield engine


def a_file(file: Path) -> Engine:
    """Return an empty SQLite store at the newest schema in this file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(_migrated(), file)
    return engine_for(f"sqlite:///{file}", KEYS)


@cache
def _migrated() -> Path:
    """Return a SQLite file at the newest schema, made once: migrating takes longer than most tests."""
    file = Path(tempfile.mkdtemp(prefix="yougang-tests-")) / "empty.db"
    engine = engine_for(f"sqlite:///{file}", KEYS)
    upgrade(engine)
    engine.dispose()  # the last connection leaves everything in the one file
    return file
