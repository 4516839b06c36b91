"""Of two days in the database the later and the earlier, or the known one, on both databases alike."""

from pathlib import Path

import pytest
from sqlalchemy import literal, null, select

from pipelines.store.day_numbers import earliest, latest
from tests.support.stores import BACKENDS, an_empty_database

_PAIRS = [(1, 2), (2, 1), (-5, 3), (4, 4), (None, 7), (7, None), (None, None)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_two_days_the_known_one_where_one_is_unknown(backend: str, tmp_path: Path) -> None:
    with an_empty_database(backend, tmp_path) as engine, engine.connect() as connection:
        for pair in _PAIRS:
            first, second = (null() if day is None else literal(day) for day in pair)
            known = [day for day in pair if day is not None]
            found = connection.execute(select(latest(first, second), earliest(first, second))).one()
            assert tuple(found) == ((max(known), min(known)) if known else (None, None)), pair
