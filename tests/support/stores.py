"""Stores to test on: SQLite always; PostgreSQL where `YOUGANG_TEST_POSTGRES` gives the URL of a database for tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from pipelines.access.roles import program_subject
from pipelines.store.session import engine_for, upgrade

POSTGRES = "YOUGANG_TEST_POSTGRES"
BACKENDS = ("sqlite", "postgresql")
PROGRAM = program_subject("test")


@contextmanager
def an_empty_database(backend: str, folder: Path) -> Iterator[Engine]:
    """Give a database without any table: a file of its own, or a PostgreSQL schema that is dropped afterwards."""
    if backend == "sqlite":
        engine = engine_for(f"sqlite:///{folder / f'{uuid4().hex}.db'}")
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
    engine = engine_for(own.render_as_string(hide_password=False))
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
    with an_empty_database(backend, folder) as engine:
        upgrade(engine)
        yield engine
