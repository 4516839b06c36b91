"""Lists for every active candidate, written as columns (parquet) with the run's facts beside them.

Rows go out in blocks, so memory stays bounded; a block is written whole or not at all, and a batch that was stopped
goes on with the first person whose block is not there. People of one place and functional profile stand in one block:
what they share of the stock is worked out once. One person of every block is asked for alone as well, and a block of
which that list differs is made again one by one.
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from matching.entities import CandidateId
from matching.fit import OUTCOMES
from matching.matcher import Lines
from pipelines.consent.texts import automated_decision_notice
from pipelines.desk import Desk

if TYPE_CHECKING:
    from matching.many.lists import Lists

logger = logging.getLogger(__name__)
BLOCK = 1000
TOGETHER = 200
"""So many people are worked out together."""
TOGETHER_FROM = 300
"""Fewer people are not worth the seconds that compiling takes."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch did: people with lists, lines written, and blocks found from an earlier, stopped run."""

    n_candidates: int
    n_lines: int
    n_blocks_kept: int
    folder: Path


def run_batch(
    desk: Desk,
    out: Path,
    *,
    k: int,
    with_reasons: bool = False,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> BatchReport:
    """Write `block-00000.parquet` … and `run.json` under `out`, one block for every 1,000 people.

    Parameters
    ----------
    with_reasons
        Whether each line carries its reasons, questions and accommodations; whoever looks at one person's list gets
        them from the same desk, so that a whole province need not have them written out.
    workers
        Processes that work at once; they share the desk's memory, and what they write does not depend on their number.
    """
    out.mkdir(parents=True, exist_ok=True)
    people = _neighbours_together(desk)
    facts = _facts(desk, people, k, with_reasons)
    run_file = out / "run.json"
    if _facts_of(run_file) != facts:
        # The old facts go first and the new ones come whole: whatever stops this, no block outlives its run.
        run_file.unlink(missing_ok=True)
        for old in (*out.glob("block-*.parquet"), *out.glob("block-*.partial")):
            old.unlink()
        half_written = run_file.with_suffix(".partial")
        half_written.write_text(json.dumps(facts, ensure_ascii=False, indent=2), encoding="utf-8")
        half_written.replace(run_file)
    blocks = {
        out / f"block-{number:05d}.parquet": people[start : start + BLOCK]
        for number, start in enumerate(range(0, len(people), BLOCK))
    }
    kept = [path for path in blocks if path.exists()]
    n_lines = sum(pq.read_metadata(path).num_rows for path in kept)
    n_done = sum(len(blocks[path]) for path in kept)
    to_do = [_Task(path, tuple(block), k, with_reasons) for path, block in blocks.items() if path not in kept]
    together = not with_reasons and len(people) - n_done >= TOGETHER_FROM
    for task, written in _written(_Office(desk, _lists(desk) if together else None), to_do, workers):
        n_lines += written
        n_done += len(task.people)
        if progress is not None:
            progress(n_done, len(people))
    return BatchReport(len(people), n_lines, len(kept), out)


def _neighbours_together(desk: Desk) -> list[CandidateId]:
    people = desk.casebook.candidates
    return sorted(
        desk.active(),
        key=lambda i: (people[i].region or "", sorted((f.value, n) for f, n in people[i].functions.items()), i),
    )


def _lists(desk: Desk) -> "Lists":
    # Here and not above: what is compiled takes a second to load, and only a batch needs it.
    from matching.many.lists import Lists

    made = Lists(desk.index, desk.rules, desk.model.weights)
    made.of(desk.ask_many(desk.active()[:2]), k=1)  # compiled before the processes part
    return made


@dataclass(frozen=True, slots=True)
class _Office:
    """A desk, and what makes lists of many people over it; None where they are made one by one."""

    desk: Desk
    lists: "Lists | None"


@dataclass(frozen=True, slots=True)
class _Task:
    """One block to write."""

    path: Path
    people: tuple[CandidateId, ...]
    k: int
    with_reasons: bool


def _written(office: _Office, tasks: Sequence[_Task], workers: int) -> Iterator[tuple[_Task, int]]:
    """Write the blocks, each as one whole, and yield how many lines each has."""
    if min(workers, len(tasks)) < 2:
        yield from ((task, _write_block(office, task.people, task.path, task.k, task.with_reasons)) for task in tasks)
        return
    # Forked, so that the desk is there without being copied; a worker opens no database.
    pool = ProcessPoolExecutor(min(workers, len(tasks)), get_context("fork"), initializer=_take, initargs=(office,))
    with pool:
        running = {pool.submit(_work, task): task for task in tasks}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


_OFFICES: list[_Office] = []
"""The office of a worker process."""


def _take(office: _Office) -> None:
    _OFFICES[:] = [office]


def _work(task: _Task) -> int:
    return _write_block(_OFFICES[0], task.people, task.path, task.k, task.with_reasons)


def _facts_of(run_file: Path) -> dict[str, Any] | None:
    """Return the facts of the run whose blocks lie in the folder; None where that cannot be told."""
    try:
        facts: dict[str, Any] = json.loads(run_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return facts


def _facts(desk: Desk, people: Sequence[CandidateId], k: int, with_reasons: bool) -> dict[str, Any]:
    head = desk.head()
    del head["run_id"]  # a batch that goes on is the same run
    about = {"notice": automated_decision_notice(), "k": k, "block": BLOCK, "n_candidates": len(people)}
    about["with_reasons"] = with_reasons
    return {**head, **about, "data": desk.casebook.fingerprint()}


def _write_block(office: _Office, people: Sequence[CandidateId], path: Path, k: int, with_reasons: bool) -> int:
    table = _with_reasons(office.desk, people, k) if with_reasons else _lines(office, people, k)
    half_written = path.with_suffix(".partial")
    pq.write_table(table, half_written)
    half_written.replace(path)
    n_rows: int = table.num_rows
    return n_rows


def _with_reasons(desk: Desk, people: Sequence[CandidateId], k: int) -> pa.Table:
    rows = [_row(document, item) for document in desk.documents(people, k=k) for item in document["items"]]
    return pa.Table.from_pylist(rows, schema=SCHEMA_WITH_REASONS)


def _lists_of(office: _Office, people: Sequence[CandidateId], k: int) -> list[Lines]:
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


def _lines(office: _Office, people: Sequence[CandidateId], k: int) -> pa.Table:
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
