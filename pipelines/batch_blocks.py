"""One block of a batch: the lists of some people as columns, all of them or those that a change touches.

The same whoever works it out: this process, another one of this machine, or another machine.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from matching.entities import CandidateId
from matching.fit import OUTCOMES
from matching.matcher import Lines
from pipelines.batch_changes import Changes, write_whole
from pipelines.desk import Desk

if TYPE_CHECKING:
    from matching.many.lists import Lists

logger = logging.getLogger(__name__)
TOGETHER = 1000
"""So many people are worked out together."""


def lists_together(desk: Desk) -> "Lists":
    """Return what makes the lists of many people over a desk at once, ready compiled."""
    # Here and not above: what is compiled takes a second to load, and only a batch needs it.
    from matching.many.lists import Lists

    made = Lists(desk.index, desk.rules, desk.model.weights)
    made.of(desk.ask_many(desk.active()[:2]), k=1)  # compiled before the processes part
    return made


@dataclass(frozen=True, slots=True)
class Office:
    """A desk, what makes lists of many people over it (None: they are made one by one), and what changed since."""

    desk: Desk
    lists: "Lists | None"
    changes: Changes | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One block to write, whole or as an update of what is there; `data` is the hash of what it is made from."""

    path: Path
    people: tuple[CandidateId, ...]
    k: int
    with_reasons: bool
    data: str
    is_update: bool = False


def write_block(office: Office, task: Task) -> int:
    """Write one block and return for how many people lists were made."""
    table, n_made = block_of(office, task.people, held_block(task), k=task.k, with_reasons=task.with_reasons)
    write_whole(table.replace_schema_metadata({"data": task.data}), task.path)
    return n_made


def held_block(task: Task) -> pa.Table | None:
    """Return what is there of a block that is to be updated; None where it is made whole."""
    return pq.read_table(task.path) if task.is_update else None


def block_of(
    office: Office, people: Sequence[CandidateId], before: pa.Table | None, *, k: int, with_reasons: bool
) -> tuple[pa.Table, int]:
    """Return the lines of some people and for how many of them lists were made; others keep the lines of `before`."""
    stays = None
    if before is not None and office.changes is not None:
        touched = office.changes.touched(office.desk, office.lists, people, before, k=k)
        left = [i for i in people if i not in touched]
        stays = before.filter(pc.is_in(before["candidate_id"], pa.array(left, pa.string())))
        people = [i for i in people if i in touched]
    make = _with_reasons if with_reasons else lines_of
    table = make(office, people, k)
    if stays is not None:
        table = pa.concat_tables([stays.replace_schema_metadata(None), table])
    return table, len(people)


def _with_reasons(office: Office, people: Sequence[CandidateId], k: int) -> pa.Table:
    rows = [_row(document, item) for document in office.desk.documents(people, k=k) for item in document["items"]]
    return pa.Table.from_pylist(rows, schema=SCHEMA_WITH_REASONS)


def _lists_of(office: Office, people: Sequence[CandidateId], k: int) -> list[Lines]:
    desk, lists = office.desk, office.lists
    if lists is not None:
        found: list[Lines] = []
        for start in range(0, len(people), TOGETHER):
            found += lists.of(desk.ask_many(people[start : start + TOGETHER]), k=k)
        if not people or _are_equal(found[0], desk.lines(people[0], k=k)):
            return found
        logger.warning("a list made together differs from the one made alone; the block is made one by one")
    return [desk.lines(person, k=k) for person in people]


def _are_equal(one: Lines, other: Lines) -> bool:
    return all(np.array_equal(getattr(one, n), getattr(other, n)) for n in ("rows", "outcome", "band", "fit", "score"))


def lines_of(office: Office, people: Sequence[CandidateId], k: int) -> pa.Table:
    """Return the lines of some people as they stand in their documents, rounded alike."""
    found, desk = _lists_of(office, people, k), office.desk
    lengths = [len(lines.rows) for lines in found]
    items = desk.index.stock.items

    def whole(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(columns) if columns else np.zeros(0)

    def repeated(values: Sequence[str]) -> list[str]:
        return [value for value, n in zip(values, lengths, strict=True) for _ in range(n)]

    has_chance = desk.model.weights.chance is not None
    chances = whole([lines.chance for lines in found if lines.chance is not None])
    return pa.table(
        {
            "run_id": repeated([desk.head()["run_id"] for _ in people]),
            "candidate_id": repeated(list(people)),
            "rank": whole([np.arange(1, n + 1) for n in lengths]).astype(np.int32),
            "vacancy_id": [items[row].vacancy.vacancy_id for row in whole([lines.rows for lines in found]).astype(int)],
            "outcome": [OUTCOMES[code].value for code in whole([lines.outcome for lines in found]).astype(int)],
            "band": whole([lines.band for lines in found]).astype(np.int8),
            "fit": whole([lines.fit for lines in found]),
            "chance": chances if has_chance else pa.nulls(sum(lengths), pa.float64()),
            "score": whole([lines.score for lines in found]),
        },
        schema=SCHEMA,
    )


SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("candidate_id", pa.string()),
        ("rank", pa.int32()),
        ("vacancy_id", pa.string()),
        ("outcome", pa.string()),
        ("band", pa.int8()),
        ("fit", pa.float64()),
        ("chance", pa.float64()),
        ("score", pa.float64()),
    ]
)
_REASONS = ("reasons", "missing", "accommodations")
SCHEMA_WITH_REASONS = pa.schema([*SCHEMA, *((name, pa.string()) for name in _REASONS)])


def _row(document: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    def packed(name: str) -> str:
        return json.dumps(item[name], ensure_ascii=False)

    return {
        "run_id": document["run_id"],
        "candidate_id": document["candidate_id"],
        "band": item["policy_order"]["band"],
        **{name: item[name] for name in ("rank", "vacancy_id", "outcome", "fit", "chance", "score")},
        **{name: packed(name) for name in _REASONS},
    }
