"""Work over the extract by several processes, each of which opens it once; the same results as by one."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import TypeVar

from pipelines.access.vault import Vault
from pipelines.casebook import Casebook
from pipelines.quarter.extract import load_extract

Task = TypeVar("Task")
Result = TypeVar("Result")
Work = Callable[[Casebook, Vault, Task], Result]
_opened: dict[str, tuple[Casebook, Vault]] = {}


class Workers(AbstractContextManager["Workers"]):
    """Does tasks over one extract; with one process in this very one."""

    def __init__(self, extract: Path, vault: Vault, n: int) -> None:
        self._extract, self._vault, self._n = extract, vault, n
        self._held: Casebook | None = None
        self._pool: ProcessPoolExecutor | None = None

    @property
    def casebook(self) -> Casebook:
        """The cases of the extract, opened when they are first needed here."""
        if self._held is None:
            self._held = load_extract(self._extract, self._vault).casebook
        return self._held

    def each(
        self,
        work: Work[Task, Result],
        tasks: Sequence[Task],
        *,
        done: Callable[[int, Result], None] = lambda _, __: None,
    ) -> list[Result]:
        """Return what comes of each task, in their order; `done` is told as soon as one is done."""
        if self._n == 1 or len(tasks) < 2:
            found = []
            for at, task in enumerate(tasks):
                found.append(work(self.casebook, self._vault, task))
                done(at, found[-1])
            return found
        if self._pool is None:
            # Fresh processes: the libraries' threads do not survive a fork.
            self._pool = ProcessPoolExecutor(
                self._n, mp_context=get_context("spawn"), initializer=_open, initargs=(self._extract, self._vault.keys)
            )
        begun = {self._pool.submit(_do, work, task): at for at, task in enumerate(tasks)}
        results: dict[int, Result] = {}
        for future in as_completed(begun):
            results[begun[future]] = future.result()
            done(begun[future], results[begun[future]])
        return [results[at] for at in range(len(tasks))]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _open(extract: Path, keys: dict[str, bytes]) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    vault = Vault(keys)
    _opened["extract"] = (load_extract(extract, vault).casebook, vault)


def _end_with_parent() -> None:
    """Leave when the process that asked is gone: nobody may write into a run that is gone on with."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _do(work: Work[Task, Result], task: Task) -> Result:
    casebook, vault = _opened["extract"]
    return work(casebook, vault, task)
