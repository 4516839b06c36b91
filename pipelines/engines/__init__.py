"""Who works out the blocks of a batch: processes of this machine (`local`) or a cluster's (`dask`).

Whatever works, the lines are the same; a block is written whole or not at all, and by whom it was worked out is not
seen in it.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from pipelines.batch_blocks import Task
from pipelines.batch_changes import Changes
from pipelines.desk import Desk


class Engine(Protocol):
    """Works out blocks."""

    def written(
        self, desk: Desk, tasks: Sequence[Task], changes: Changes | None, *, together: bool
    ) -> Iterator[tuple[Task, int]]:
        """Write the blocks, each as one whole, and yield for how many people of each lists were made.

        Parameters
        ----------
        changes
            What changed since the blocks that are to be updated were written.
        together
            Whether the lists of many people are made at once.
        """
        ...
