"""Stores to test on: SQLite always; PostgreSQL where `YOUGANG_TEST_POSTGRES` gives the URL of a database for tests."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, Connection, Engine, make_url, text

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
    url = _for_tests()
    schema = f"test_{uuid4().hex}"
    _tell(url, f"CREATE SCHEMA {schema}")
    engine = _engine(url.update_query_dict({"options": f"-csearch_path={schema}"}))
    try:
        yield engine
    finally:
        engine.dispose()
        _tell(url, f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def a_store(backend: str, folder: Path) -> Iterator[Engine]:
    """Give an empty store at the newest schema.

    On PostgreSQL it is a database of its own, copied from one that was migrated once, and dropped afterwards: whom the
    tests come in as there must be allowed to make databases.
    """
    if backend == "sqlite":
        engine = a_file(folder / f"{uuid4().hex}.db")
        yield engine
        engine.dispose()
        return
    url = _for_tests()
    name = f"{url.database}_{uuid4().hex}"
    _tell(url, f'CREATE DATABASE "{name}" TEMPLATE "{_template(url)}"')
    engine = _engine(url.set(database=name))
    try:
        yield engine
    finally:
        engine.dispose()
        _tell(url, f'DROP DATABASE "{name}" WITH (FORCE)')  # a server that a test killed may still be on it


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


@cache
def _template(url: URL) -> str:
    """Return the name of a PostgreSQL database that others are copied from, made once and gone with this process."""
    name = f"{url.database}_{uuid4().hex}"
    _tell(url, f'CREATE DATABASE "{name}" TEMPLATE template0')
    atexit.register(_tell, url, f'DROP DATABASE "{name}" WITH (FORCE)')
    engine = _engine(url.set(database=name))
    upgrade(engine)
    engine.dispose()  # nobody may be on a database while it is copied
    return name


def _for_tests() -> URL:
    url = os.environ.get(POSTGRES)
    if not url:
        pytest.skip(f"{POSTGRES} names no PostgreSQL database")
    return make_url(url)


def _engine(url: URL) -> Engine:
    return engine_for(url.render_as_string(hide_password=False), KEYS)


def _tell(url: URL, statement: str) -> None:
    """Have one statement done that makes or drops a place for tables; no database is made within a transaction."""
    engine = _engine(url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
