"""Lists for every active candidate, written as columns (parquet) with the run's facts beside them.

Rows go out in blocks, so memory stays bounded; a block is written whole or not at all, and a batch that was stopped
goes on with the first person whose block is not there. People of one place and functional profile stand in one block:
what they share of the stock is worked out once. One person of every block is asked for alone as well, and a block of
which that list differs is made again one by one.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from matching.entities import CandidateId
from matching.fit import OUTCOMES
from matching.matcher import Lines
from pipelines.batch_changes import Changes, Snapshot, write_whole
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
    """What a batch did: people with lists, lines, blocks that were there and stayed, and people whose list was made."""

    n_candidates: int
    n_lines: int
    n_blocks_kept: int
    n_made: int
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

    What lies there from a run that was stopped is gone on with. What lies there from a whole run of the same day,
    model, rules and length is brought up to date: only lists that a changed person or vacancy touches are made again.

    Parameters
    ----------
    with_reasons
        Whether each line carries its reasons, questions and accommodations; whoever looks at one person's list gets
        them from the same desk, so that a whole province need not have them written out. Such a run is made whole.
    workers
        Processes that work at once; they share the desk's memory, and what they write does not depend on their number.
    """
    out.mkdir(parents=True, exist_ok=True)
    plan = _plan(desk, out, _facts(desk, k, with_reasons))
    n_made, n_done = 0, sum(len(plan.blocks[path]) for path in plan.kept)
    n_people, n_kept = sum(len(people) for people in plan.blocks.values()), len(plan.kept)
    together = plan.wants_lists(with_reasons, n_people - n_done)
    office = _Office(desk, lists_together(desk) if together else None, plan.changes)
    for task, made in _written(office, plan.tasks(k, with_reasons), workers):
        n_made += made
        n_kept += task.is_update and made == 0
        n_done += len(task.people)
        if progress is not None:
            progress(n_done, n_people)
    plan.finish()
    n_lines = sum(pq.read_metadata(path).num_rows for path in plan.blocks)
    return BatchReport(n_people, n_lines, n_kept, n_made, out)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be written: people by block, blocks that are `kept`, blocks to `update`; others are made whole."""

    facts: Mapping[str, Any]
    out: Path
    now: Snapshot
    blocks: Mapping[Path, Sequence[CandidateId]]
    kept: frozenset[Path]
    update: frozenset[Path] = frozenset()
    changes: Changes | None = None

    def wants_lists(self, with_reasons: bool, n_left: int) -> bool:
        """True where making lists together is worth its start, or is needed to tell whom a changed vacancy touches."""
        return not with_reasons and (
            n_left >= TOGETHER_FROM or (self.changes is not None and len(self.changes.vacancies) > 0)
        )

    def tasks(self, k: int, with_reasons: bool) -> list["_Task"]:
        """Return the blocks to write."""
        data = str(self.facts["data"])
        return [
            _Task(path, tuple(people), k, with_reasons, data, path in self.update)
            for path, people in self.blocks.items()
            if path not in self.kept
        ]

    def begin(self) -> None:
        """Clear the folder for a run of which nothing is there."""
        # The old facts go first and the new ones come whole: whatever stops this, no block outlives its run.
        (self.out / _RUN).unlink(missing_ok=True)
        for old in (*self.out.glob("block-*.parquet"), *self.out.glob("*.partial")):
            old.unlink()
        self.finish()

    def finish(self) -> None:
        """Write what the blocks were made from."""
        self.now.save(self.out, {i: _number(path) for path, people in self.blocks.items() for i in people})
        half_written = (self.out / _RUN).with_suffix(".partial")
        half_written.write_text(json.dumps(self.facts, ensure_ascii=False, indent=2), encoding="utf-8")
        half_written.replace(self.out / _RUN)


_RUN = "run.json"
_OF_THE_DATA = ("data", "n_candidates")


def _plan(desk: Desk, out: Path, facts: Mapping[str, Any]) -> _Plan:
    now, people = Snapshot.of(desk), neighbours_together(desk)
    stored, held = _facts_of(out / _RUN), Snapshot.load(out)
    if stored is not None and held is not None and _without_data(stored) == _without_data(facts):
        before, numbers = held
        blocks = _by_block(out, numbers, people)
        if stored == facts:
            return _Plan(facts, out, now, blocks, frozenset(p for p in blocks if _data_of(p) == facts["data"]))
        # Lines hold scores, not what crowded posts step back by: where a new post would come to stand cannot be told.
        settled = desk.index.crowding is None and not facts["with_reasons"]
        if settled and all(path.exists() for path in blocks):
            return _update(desk, out, facts, stored["data"], before, now, blocks)
    fresh = _Plan(facts, out, now, _chunks(out, people, 0), frozenset())
    fresh.begin()
    return fresh


def _update(
    desk: Desk,
    out: Path,
    facts: Mapping[str, Any],
    was: str,
    before: Snapshot,
    now: Snapshot,
    blocks: dict[Path, list[CandidateId]],
) -> _Plan:
    """Plan to bring a whole run up to date; blocks that an earlier, stopped update has reached are kept."""
    known = {i for people in blocks.values() for i in people}
    newcomers = [i for i in neighbours_together(desk) if i not in known]
    n_blocks = max((_number(path) for path in blocks), default=-1) + 1
    every = {**blocks, **_chunks(out, newcomers, n_blocks)}
    for path in out.glob("block-*.parquet"):
        if path not in every:
            path.unlink()
    data = {path: _data_of(path) for path in every}
    return _Plan(
        facts,
        out,
        now,
        every,
        kept=frozenset(path for path in every if data[path] == facts["data"]),
        update=frozenset(path for path in blocks if data[path] == was),
        changes=Changes.between(before, now, desk),
    )


def _without_data(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in _OF_THE_DATA}


def _path(out: Path, number: int) -> Path:
    return out / f"block-{number:05d}.parquet"


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("block-"))


def _chunks(out: Path, people: Sequence[CandidateId], first: int) -> dict[Path, list[CandidateId]]:
    starts = range(0, len(people), BLOCK)
    return {_path(out, first + n): list(people[start : start + BLOCK]) for n, start in enumerate(starts)}


def _by_block(
    out: Path, numbers: Mapping[CandidateId, int], people: Sequence[CandidateId]
) -> dict[Path, list[CandidateId]]:
    """Return who of these people stands in which block of an earlier run."""
    found: dict[Path, list[CandidateId]] = {_path(out, number): [] for number in sorted(set(numbers.values()))}
    for candidate_id in people:
        if candidate_id in numbers:
            found[_path(out, numbers[candidate_id])].append(candidate_id)
    return found


def _data_of(path: Path) -> str | None:
    """Return the hash of the data that a block was written from; None where it is not there."""
    if not path.exists():
        return None
    found: bytes = (pq.read_metadata(path).metadata or {}).get(b"data", b"")
    return found.decode()


def neighbours_together(desk: Desk) -> list[CandidateId]:
    """Return everybody to whom lists are made, people of one place and functional profile side by side."""
    people = desk.casebook.candidates
    return sorted(
        desk.active(),
        key=lambda i: (people[i].region or "", sorted((f.value, n) for f, n in people[i].functions.items()), i),
    )


def lists_together(desk: Desk) -> "Lists":
    """Return what makes the lists of many people over a desk at once, ready compiled."""
    # Here and not above: what is compiled takes a second to load, and only a batch needs it.
    from matching.many.lists import Lists

    made = Lists(desk.index, desk.rules, desk.model.weights)
    made.of(desk.ask_many(desk.active()[:2]), k=1)  # compiled before the processes part
    return made


@dataclass(frozen=True, slots=True)
class _Office:
    """A desk, what makes lists of many people over it (None: they are made one by one), and what changed since."""

    desk: Desk
    lists: "Lists | None"
    changes: Changes | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """One block to write, whole or as an update of what is there; `data` is the hash of what it is made from."""

    path: Path
    people: tuple[CandidateId, ...]
    k: int
    with_reasons: bool
    data: str
    is_update: bool = False


def _written(office: _Office, tasks: Sequence[_Task], workers: int) -> Iterator[tuple[_Task, int]]:
    """Write the blocks, each as one whole, and yield for how many people each was made."""
    if min(workers, len(tasks)) < 2:
        yield from ((task, _write_block(office, task)) for task in tasks)
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
    threadpool_limits(1)  # every processor has a process of its own


def _work(task: _Task) -> int:
    return _write_block(_OFFICES[0], task)


def _facts_of(run_file: Path) -> dict[str, Any] | None:
    """Return the facts of the run whose blocks lie in the folder; None where that cannot be told."""
    try:
        facts: dict[str, Any] = json.loads(run_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def _facts(desk: Desk, k: int, with_reasons: bool) -> dict[str, Any]:
    head = desk.head()
    del head["run_id"]  # a batch that goes on is the same run
    about = {"notice": automated_decision_notice(), "k": k, "block": BLOCK, "n_candidates": len(desk.active())}
    about["with_reasons"] = with_reasons
    about["balanced"] = None if desk.index.crowding is None else sha256(desk.index.crowding.price.tobytes()).hexdigest()
    return {**head, **about, "data": desk.casebook.fingerprint()}


def _write_block(office: _Office, task: _Task) -> int:
    """Write one block and return for how many people lists were made."""
    people, stays = list(task.people), None
    if task.is_update and office.changes is not None:
        before = pq.read_table(task.path)
        touched = office.changes.touched(office.desk, office.lists, people, before, k=task.k)
        left = [i for i in people if i not in touched]
        stays = before.filter(pc.is_in(before["candidate_id"], pa.array(left, pa.string())))
        people = [i for i in people if i in touched]
    make = _with_reasons if task.with_reasons else _lines
    table = make(office, people, task.k)
    if stays is not None:
        table = pa.concat_tables([stays.replace_schema_metadata(None), table])
    write_whole(table.replace_schema_metadata({"data": task.data}), task.path)
    return len(people)


def _with_reasons(office: _Office, people: Sequence[CandidateId], k: int) -> pa.Table:
    rows = [_row(document, item) for document in office.desk.documents(people, k=k) for item in document["items"]]
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
