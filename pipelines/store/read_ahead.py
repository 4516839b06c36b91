"""Rows of several statements, read ahead by threads while those before are worked on.

PostgreSQL works in processes of its own, and who waits for its rows does nothing meanwhile: the yearly report of a
province waited for a third of its time. All statements go over the one connection, so that they see what its
transaction sees; only where that has written nothing, whose statements then see what everybody sees, a second
connection may carry out every other one. SQLite works in the process that asks: there a statement is carried out once
its rows are wanted.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from threading import Condition, Thread
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, NullPool, Row, Select, create_engine, text

from pipelines.store.duty_rows import ready_for_many, ready_to_read_whole

_BLOCK = 5000
_MOST = 100
"""Blocks that lie ready at most: what nobody has asked for yet must not fill the memory. With 40 the database waited
half a second for the services of a province to be gone through, which stay in memory anyway."""
_Block = list[Row[Any]]


class Reading:
    """Carries out each statement when its rows are wanted."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def rows(self, statement: Select[Any]) -> Iterator[Any]:
        """Return the rows of a statement, to be gone through once."""
        # Blocks, not rows: a cursor that is asked for each of hundreds of thousands takes as long as the work.
        return chain.from_iterable(_blocks(self.connection, statement))


def _blocks(connection: Connection, statement: Select[Any]) -> Iterator[_Block]:
    with connection.execute(statement, execution_options={"yield_per": _BLOCK}) as found:
        for block in found.partitions():
            yield list(block)


class _Waiting:
    """One statement with the blocks of it that have come and nobody took."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self.blocks: list[_Block] = []
        self.is_done = False
        self.failure: BaseException | None = None


class ReadingAhead(Reading):
    """Carries out all statements one after another from the moment on at which rows of one are wanted.

    From then on until all rows were gone through, nobody else may use the connection. Whoever takes rows of a later
    statement first gets them: those of the earlier ones lie ready meanwhile, however many they are.
    """

    def __init__(self, connection: Connection, *, beside: bool = False) -> None:
        """`beside`: a second connection may carry out statements at the same time."""
        super().__init__(connection)
        self._changed = Condition()
        self._asked: list[_Waiting] = []
        self._n_begun = 0
        self._wanted = 0
        self._is_over = False
        self._readers = [self._read_here, self._read_beside] if beside else [self._read_here]
        self._n_reading = len(self._readers)
        self._failure: BaseException | None = None
        """What ended the last reader: of statements that nobody carries out any more."""
        self._threads: list[Thread] = []

    def rows(self, statement: Select[Any]) -> Iterator[Any]:
        """Note a statement, and return its rows, to be gone through once.

        Raises
        ------
        Exception
            While the rows are gone through: whatever the database said to this statement, or to the last one that
            could be carried out before it.
        """
        with self._changed:
            self._asked.append(_Waiting(statement))
            self._changed.notify_all()
            return chain.from_iterable(self._taken(len(self._asked) - 1))

    def _taken(self, nth: int) -> Iterator[_Block]:
        waiting = self._asked[nth]
        while True:
            with self._changed:
                if not self._threads:
                    self._threads = [
                        Thread(target=self._run, args=(read,), name="read-ahead", daemon=True) for read in self._readers
                    ]
                    for thread in self._threads:
                        thread.start()
                self._wanted = max(self._wanted, nth)
                self._changed.notify_all()
                self._changed.wait_for(
                    lambda: waiting.blocks or waiting.is_done or waiting.failure is not None or self._n_reading == 0
                )
                if not waiting.blocks:
                    failure = waiting.failure or self._failure
                    if waiting.is_done or failure is None:
                        return
                    raise failure
                block = waiting.blocks.pop(0)
            yield block

    def _run(self, read: Callable[[], BaseException | None]) -> None:
        failure: BaseException | None = None
        try:
            failure = read()
        except BaseException as error:  # there is no second connection to be had: the first carries out everything
            failure = error
        with self._changed:
            self._n_reading -= 1
            self._failure = failure or self._failure
            self._changed.notify_all()

    def _read_here(self) -> BaseException | None:
        return self._read(self.connection)

    def _read_beside(self) -> BaseException | None:
        # Of its own, and not out of the pool: who holds one connection must not wait there for a second one.
        engine = create_engine(self.connection.engine.url, poolclass=NullPool, hide_parameters=True)
        with engine.connect() as connection:
            ready_for_many(connection)
            ready_to_read_whole(connection)
            return self._read(connection)

    def _read(self, connection: Connection) -> BaseException | None:
        """Carry out statements that nobody carries out yet, until there are no more; return what ended it before."""
        while (begun := self._next()) is not None:
            nth, waiting = begun
            try:
                for block in _blocks(connection, waiting.statement):
                    if not self._has_room(nth):
                        return None
                    with self._changed:
                        waiting.blocks.append(block)
                        self._changed.notify_all()
            except BaseException as error:  # it is raised again where the rows are wanted
                with self._changed:
                    waiting.failure = error
                    self._changed.notify_all()
                return error
            with self._changed:
                waiting.is_done = True
                self._changed.notify_all()
        return None

    def _next(self) -> tuple[int, _Waiting] | None:
        """Wait for a statement that nobody carries out yet; None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._n_begun < len(self._asked))
            if self._is_over:
                return None
            self._n_begun += 1
            return self._n_begun - 1, self._asked[self._n_begun - 1]

    def _has_room(self, nth: int) -> bool:
        """Wait until a further block may lie there, or somebody waits for it or a later one; False when all is over."""
        own = self._asked[nth]

        def may_lie_there() -> bool:
            is_waited_for = nth < self._wanted or (nth == self._wanted and not own.blocks)
            return is_waited_for or sum(len(one.blocks) for one in self._asked) < _MOST

        with self._changed:
            self._changed.wait_for(lambda: self._is_over or may_lie_there())
            return not self._is_over

    def __enter__(self) -> "ReadingAhead":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Give the connections back: what is being read is read to its next block and no further."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()


@contextmanager
def read_ahead(connection: Connection, *, beside: bool = False) -> Iterator[Reading]:
    """Give what reads the statements of a block, on PostgreSQL ahead of who works on their rows.

    `beside`: for half a million rows, over a second connection as well, unless what this transaction wrote is to be
    seen.
    """
    if connection.dialect.name != "postgresql":
        yield Reading(connection)
        return
    if beside:
        beside = connection.execute(text("SELECT txid_current_if_assigned()")).scalar() is None
    with ReadingAhead(connection, beside=beside) as ahead:
        yield ahead
