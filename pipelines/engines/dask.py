"""Blocks of a batch by the workers of a cluster; this process packs the people, and writes what comes back.

No disk has to be shared, and no worker opens the database. The list of one person of every block is made here as well;
a block in which it differs (another kind of processor may round otherwise) is made here.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.batch_blocks import Office, Task, block_of, lines_of
from pipelines.batch_changes import Changes, write_whole
from pipelines.desk import Desk
from pipelines.engines.cluster import Cluster, Work, each
from pipelines.engines.parcels import Broadcast, Parcel, with_ids, worked_out

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DaskEngine:
    """Works on a cluster."""

    cluster: Cluster

    def written(
        self, desk: Desk, tasks: Sequence[Task], changes: Changes | None, *, together: bool
    ) -> Iterator[tuple[Task, int]]:
        """Write the blocks as `Engine.written` says.

        Raises
        ------
        ClusterError
            When there is no cluster to work on, or it lost more workers than allowed; blocks written so far stay.
        """
        if not tasks:
            return
        shared = Broadcast.of(desk, changes, together=together)
        parcels = ((task, Parcel.of(desk, task, changes)) for task in tasks)
        with self.cluster.client() as client:
            for task, (table, n_made) in each(client, _BLOCKS, shared, parcels, cluster=self.cluster):
                lines = with_ids(table, task)
                if not _agree(desk, task, lines):
                    logger.warning("a worker's list differs from the one made here; the block is made here")
                    office = Office(desk, None, changes)
                    lines, n_made = block_of(office, task.people, None, k=task.k, with_reasons=task.with_reasons)
                write_whole(lines.replace_schema_metadata({"data": task.data}), task.path)
                yield task, n_made


def _agree(desk: Desk, task: Task, table: pa.Table) -> bool:
    person = task.people[0] if task.people else None
    if person is None:
        return True
    own = table.filter(pc.equal(table["candidate_id"], person))
    here = lines_of(Office(desk, None), [person], task.k)
    return all(own[name].equals(here[name]) for name in ("vacancy_id", "outcome", "band", "fit", "score"))


_BLOCKS = Work(Broadcast.open, worked_out)
