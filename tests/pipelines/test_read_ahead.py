"""Rows that are read ahead are those of the statements, whatever is gone through first, and faults are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Select, column, func, literal, select, table, text
from sqlalchemy.exc import DBAPIError, OperationalError

from pipelines.store.read_ahead import Reading, ReadingAhead, read_ahead
from tests.support.stores import BACKENDS, an_empty_database


@pytest.fixture(params=BACKENDS)
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    with an_empty_database(request.param, tmp_path) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (n INTEGER NOT NULL)"))
        connection.execute(_NUMBERS.insert(), [{"n": n} for n in range(12_000)])
        yield connection


_NUMBERS = table("numbers", column("n"))


def _below(limit: int) -> Select[tuple[int]]:
    return select(_NUMBERS.c.n).where(_NUMBERS.c.n < limit).order_by(_NUMBERS.c.n)


def test_each_statement_gives_its_rows_in_order_of_asking_or_another(connection: Connection) -> None:
    with read_ahead(connection) as reading:
        first, second, third = (reading.rows(_below(limit)) for limit in (11_000, 3, 12_000))
        assert [n for (n,) in first] == list(range(11_000))
        assert [n for (n,) in third] == list(range(12_000))
        assert [n for (n,) in second] == [0, 1, 2]
    assert connection.scalar(select(func.count()).select_from(_NUMBERS)) == 12_000


def test_all_is_read_although_little_may_lie_ready(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.store.read_ahead._BLOCK", 100)
    monkeypatch.setattr("pipelines.store.read_ahead._MOST", 3)
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        with read_ahead(connection) as reading:
            asked = [reading.rows(_below(2000 + nth)) for nth in range(3)]
            assert {nth: sum(1 for _ in asked[nth]) for nth in order} == {0: 2000, 1: 2001, 2: 2002}


def test_what_is_left_unread_is_let_go_of(connection: Connection) -> None:
    with read_ahead(connection) as reading:
        some, _ = reading.rows(_below(12_000)), reading.rows(_below(12_000))
        assert next(some) == (0,)
    assert connection.scalar(select(literal(1))) == 1


def test_a_fault_of_the_database_is_told_where_the_rows_are_wanted(connection: Connection) -> None:
    with read_ahead(connection) as reading:
        good = reading.rows(_below(5))
        bad = reading.rows(select(column("nowhere")).select_from(_NUMBERS))
        assert len(list(good)) == 5
        with pytest.raises(DBAPIError):
            list(bad)


def test_sqlite_reads_when_asked_and_postgresql_ahead(connection: Connection) -> None:
    with read_ahead(connection) as reading:
        assert isinstance(reading, Reading)
        assert isinstance(reading, ReadingAhead) is (connection.dialect.name == "postgresql")


@pytest.fixture(params=BACKENDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    """A connection that has written nothing, beside numbers that everybody sees."""
    with an_empty_database(request.param, tmp_path) as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE numbers (n INTEGER NOT NULL)"))
            connection.execute(_NUMBERS.insert(), [{"n": n} for n in range(12_000)])
        with engine.connect() as connection:
            yield connection


@pytest.mark.parametrize("most", [2, 100])
def test_over_two_connections_each_statement_gives_its_own_rows(
    kept: Connection, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("pipelines.store.read_ahead._BLOCK", 100)
    monkeypatch.setattr("pipelines.store.read_ahead._MOST", most)
    for order in ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)):
        with read_ahead(kept, beside=True) as reading:
            asked = [reading.rows(_below(1000 + nth)) for nth in range(4)]
            assert {nth: [n for (n,) in asked[nth]] for nth in order} == {nth: list(range(1000 + nth)) for nth in order}
    with read_ahead(kept, beside=True) as reading:
        some, _ = reading.rows(_below(12_000)), reading.rows(_below(12_000))
        assert next(some) == (0,)
    assert kept.scalar(select(literal(1))) == 1


def test_what_this_transaction_wrote_is_read_over_two_connections_too(kept: Connection) -> None:
    kept.execute(_NUMBERS.insert(), [{"n": -1}])
    with read_ahead(kept, beside=True) as reading:
        asked = [reading.rows(_below(0)) for _ in range(4)]
        assert [list(rows) for rows in asked] == [[(-1,)]] * 4


def test_a_fault_of_one_statement_leaves_the_others_and_without_a_second_connection_the_first_does_all(
    kept: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kept.dialect.name == "postgresql":
        with read_ahead(kept, beside=True) as reading:
            good, bad = reading.rows(_below(5)), reading.rows(select(column("nowhere")).select_from(_NUMBERS))
            assert len(list(good)) == 5
            with pytest.raises(DBAPIError):
                list(bad)
        kept.rollback()

    def nowhere(*_: object, **__: object) -> None:
        raise OperationalError("no connection is left", None, Exception())

    monkeypatch.setattr("pipelines.store.read_ahead.create_engine", nowhere)
    with read_ahead(kept, beside=True) as reading:
        asked = [reading.rows(_below(2000 + nth)) for nth in range(3)]
        assert [sum(1 for _ in rows) for rows in asked] == [2000, 2001, 2002]
