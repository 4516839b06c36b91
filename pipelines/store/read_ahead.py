"""Rows of several statements, read ahead by a thread while those before are worked on.

PostgreSQL works in a process of its own, and who waits for its rows does nothing meanwhile: the yearly report of a
province waited for a third of its time. All statements go over the one connection, so that they see what its
transaction sees. SQLite works in the process that asks: there a statement is carried out once its rows are wanted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from threading import Condition, Thread
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Row, Select

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
        return chain.from_iterable(self._blocks(statement))

    def _blocks(self, statement: Select[Any]) -> Iterator[_Block]:
        with self.connection.execute(statement, execution_options={"yield_per": _BLOCK}) as found:
            for block in found.partitions():
                yield list(block)


class _Waiting:
    """One statement with the blocks of it that have come and nobody took."""

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement
        self.blocks: list[_Block] = []
        self.is_done = False


class ReadingAhead(Reading):
    """Carries out all statements one after another from the moment on at which rows of one are wanted.

    From then on until all rows were gone through, nobody else may use the connection. Whoever takes rows of a later
    statement first gets them: those of the earlier ones lie ready meanwhile, however many they are.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._changed = Condition()
        self._asked: list[_Waiting] = []
        self._wanted = 0
        self._is_over = False
        self._failure: BaseException | None = None
        self._thread: Thread | None = None

    def rows(self, statement: Select[Any]) -> Iterator[Any]:
        """Note a statement, and return its rows, to be gone through once.

        Raises
        ------
        Exception
            While the rows are gone through: whatever the database said to this statement or to one before.
        """
        with self._changed:
            self._asked.append(_Waiting(statement))
            self._changed.notify_all()
            return chain.from_iterable(self._taken(len(self._asked) - 1))

    def _taken(self, nth: int) -> Iterator[_Block]:
        waiting = self._asked[nth]
        while True:
            with self._changed:
                if self._thread is None:
                    self._thread = Thread(target=self._read, name="read-ahead", daemon=True)
                    self._thread.start()
                self._wanted = max(self._wanted, nth)
                self._changed.notify_all()
                self._changed.wait_for(lambda: waiting.blocks or waiting.is_done or self._failure is not None)
                if not waiting.blocks:
                    if waiting.is_done or self._failure is None:
                        return
                    raise self._failure
                block = waiting.blocks.pop(0)
            yield block

    def _read(self) -> None:
        nth = 0
        try:
            while self._has(nth):
                waiting = self._asked[nth]
                for block in self._blocks(waiting.statement):
                    if not self._has_room(nth):
                        return
                    with self._changed:
                        waiting.blocks.append(block)
                        self._changed.notify_all()
                with self._changed:
                    waiting.is_done = True
                    self._changed.notify_all()
                nth += 1
        except BaseException as error:  # it is raised again where the rows are wanted
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _has(self, nth: int) -> bool:
        """Wait for the statement of this number; False when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or nth < len(self._asked))
            return not self._is_over

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
        """Give the connection back: what is being read is read to its next block and no further."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()


@contextmanager
def read_ahead(connection: Connection) -> Iterator[Reading]:
    """Give what reads the statements of a block, on PostgreSQL ahead of who works on their rows."""
    if connection.dialect.name != "postgresql":
        yield Reading(connection)
        return
    with ReadingAhead(connection) as ahead:
        yield ahead
