"""Blocks of a batch by the processes of one machine, which share the desk's memory."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

from threadpoolctl import threadpool_limits

from pipelines.batch_blocks import Office, Task, lists_together, write_block
from pipelines.batch_changes import Changes
from pipelines.desk import Desk


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """So many processes at once; with one, this process itself."""

    workers: int = 1

    def written(
        self, desk: Desk, tasks: Sequence[Task], changes: Changes | None, *, together: bool
    ) -> Iterator[tuple[Task, int]]:
        """Write the blocks as `Engine.written` says."""
        office = Office(desk, lists_together(desk) if together else None, changes)
        if min(self.workers, len(tasks)) < 2:
            yield from ((task, write_block(office, task)) for task in tasks)
            return
        # Forked, so that the desk is there without being copied; a worker opens no database.
        n = min(self.workers, len(tasks))
        with ProcessPoolExecutor(n, get_context("fork"), initializer=_take, initargs=(office,)) as pool:
            running = {pool.submit(_work, task): task for task in tasks}
            try:
                for done in as_completed(running):
                    yield running[done], done.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


_OFFICES: list[Office] = []
"""The office of a worker process."""


def _take(office: Office) -> None:
    _OFFICES[:] = [office]
    threadpool_limits(1)  # every processor has a process of its own


def _work(task: Task) -> int:
    return write_block(_OFFICES[0], task)
