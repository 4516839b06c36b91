"""Rows asked for by thousands of codes, on both databases alike."""

from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, insert, select

from pipelines.store.listed import listed
from tests.support.stores import BACKENDS, an_empty_database

_CODES = [f"c-{n:05d}" for n in range(3000)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n", [0, 1, 400, 401, 1999])
def test_each_row_that_is_asked_for_is_found_once(backend: str, n: int, tmp_path: Path) -> None:
    units = Table("units", MetaData(), Column("code", Text, primary_key=True))
    with an_empty_database(backend, tmp_path) as engine, engine.begin() as connection:
        units.create(connection)
        connection.execute(insert(units), [{"code": code} for code in _CODES])
        asked = [*_CODES[1 : n + 1], *_CODES[1 : n + 1], *(["nobody' OR 1=1"] if n else [])]
        parts = listed(connection, units.c.code, asked)
        found = [code for part in parts for code in connection.execute(select(units.c.code).where(part)).scalars()]
    assert sorted(found) == _CODES[1 : n + 1]
