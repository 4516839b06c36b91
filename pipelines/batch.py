"""Lists for every active candidate, written as columns (parquet) with the run's facts beside them.

Rows go out in blocks, so memory stays bounded; a block is written whole or not at all, and a batch that was stopped
goes on with the first person whose block is not there. People of one place who travel about as far stand in one block:
what they share of the stock is worked out once. One person of every block is asked for alone as well, and a block of
which that list differs is made again one by one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from matching.entities import CandidateId
from pipelines.batch_blocks import Task
from pipelines.batch_changes import Changes, Snapshot
from pipelines.consent.texts import automated_decision_notice
from pipelines.desk import Desk
from pipelines.engines import Engine
from pipelines.engines.local import LocalEngine
from pipelines.one_at_a_time import alone_in

BLOCK = 1000
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
    engine: Engine | None = None,
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
    engine
        Who works the blocks out: where not given this process alone. What is written does not depend on it.

    Raises
    ------
    FolderInUse
        When another command is writing there.
    """
    with alone_in(out):
        return _run(desk, out, k, with_reasons, engine, progress)


def _run(
    desk: Desk,
    out: Path,
    k: int,
    with_reasons: bool,
    engine: Engine | None,
    progress: Callable[[int, int], None] | None,
) -> BatchReport:
    plan = _plan(desk, out, _facts(desk, k, with_reasons), Snapshot.of(desk))
    n_made, n_done = 0, sum(len(plan.blocks[path]) for path in plan.kept)
    n_people, n_kept = sum(len(people) for people in plan.blocks.values()), len(plan.kept)
    together = plan.wants_lists(with_reasons, n_people - n_done)
    written = (engine or LocalEngine()).written(desk, plan.tasks(k, with_reasons), plan.changes, together=together)
    for task, made in written:
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

    def tasks(self, k: int, with_reasons: bool) -> list[Task]:
        """Return the blocks to write."""
        data = str(self.facts["data"])
        return [
            Task(path, tuple(people), k, with_reasons, data, path in self.update)
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


def _plan(desk: Desk, out: Path, about: Mapping[str, Any], now: Snapshot) -> _Plan:
    facts = {**about, "data": now.fingerprint(desk.casebook)}
    people = neighbours_together(desk)
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
    """Return everybody to whom lists are made, people of one place who travel about as far side by side."""
    people = desk.casebook.candidates

    def reach(candidate_id: CandidateId) -> tuple[str, Decimal, str]:
        person = people[candidate_id]
        limit = Decimal("Infinity") if person.max_commute_km is None else person.max_commute_km
        return (person.region or "", limit, candidate_id)

    return sorted(desk.active(), key=reach)


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
    return {**head, **about}
