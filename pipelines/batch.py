"""Lists for every active candidate, written as columns (parquet) with the run's facts beside them.

Rows go out in blocks, so memory stays bounded; a block is written whole or not at all, and a batch that was stopped
goes on with the first person whose block is not there.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from matching.entities import CandidateId
from pipelines.consent.texts import automated_decision_notice
from pipelines.desk import Desk

logger = logging.getLogger(__name__)
BLOCK = 200


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What a batch did: people with lists, lines written, and blocks found from an earlier, stopped run."""

    n_candidates: int
    n_lines: int
    n_blocks_kept: int
    folder: Path


def run_batch(desk: Desk, out: Path, *, k: int, progress: Callable[[int, int], None] | None = None) -> BatchReport:
    """Write `block-00000.parquet` … and `run.json` under `out`, one block for every 200 people."""
    out.mkdir(parents=True, exist_ok=True)
    people = desk.active()
    facts = _facts(desk, people, k)
    run_file = out / "run.json"
    if _facts_of(run_file) != facts:
        # The old facts go first and the new ones come whole: whatever stops this, no block outlives its run.
        run_file.unlink(missing_ok=True)
        for old in (*out.glob("block-*.parquet"), *out.glob("block-*.partial")):
            old.unlink()
        half_written = run_file.with_suffix(".partial")
        half_written.write_text(json.dumps(facts, ensure_ascii=False, indent=2), encoding="utf-8")
        half_written.replace(run_file)
    n_lines = n_kept = 0
    for number, start in enumerate(range(0, len(people), BLOCK)):
        path = out / f"block-{number:05d}.parquet"
        block = people[start : start + BLOCK]
        if path.exists():
            n_kept += 1
            n_lines += pq.read_metadata(path).num_rows
        else:
            n_lines += _write_block(desk, block, path, k)
        if progress is not None:
            progress(start + len(block), len(people))
    return BatchReport(len(people), n_lines, n_kept, out)


def _facts_of(run_file: Path) -> dict[str, Any] | None:
    """Return the facts of the run whose blocks lie in the folder; None where that cannot be told."""
    try:
        facts: dict[str, Any] = json.loads(run_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return facts


def _facts(desk: Desk, people: Sequence[CandidateId], k: int) -> dict[str, Any]:
    head = desk.head()
    del head["run_id"]  # a batch that goes on is the same run
    about = {"notice": automated_decision_notice(), "k": k, "block": BLOCK, "n_candidates": len(people)}
    return {**head, **about, "data": desk.casebook.fingerprint()}


def _write_block(desk: Desk, people: Sequence[CandidateId], path: Path, k: int) -> int:
    rows = [_row(document, item) for document in desk.documents(people, k=k) for item in document["items"]]
    half_written = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), half_written)
    half_written.replace(path)
    return len(rows)


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
        ("reasons", pa.string()),
        ("missing", pa.string()),
        ("accommodations", pa.string()),
    ]
)


def _row(document: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    def packed(name: str) -> str:
        return json.dumps(item[name], ensure_ascii=False)

    return {
        "run_id": document["run_id"],
        "candidate_id": document["candidate_id"],
        "band": item["policy_order"]["band"],
        **{name: item[name] for name in ("rank", "vacancy_id", "outcome", "fit", "chance", "score")},
        **{name: packed(name) for name in ("reasons", "missing", "accommodations")},
    }
