"""Sheets of worked cases: each case evaluated and held against what was expected of it."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from matching.errors import RuleInputError
from matching.rules.evaluation import decide, read_facts
from matching.rules.rulebook import Rulebook
from pipelines.errors import PipelineError

COLUMNS = ("case_id", "rule_id", "inputs", "expected", "source_why", "basis")
CONFIRMED = "confirmed"
TOLERANCE = 5.1e-7
"""Expected numbers are written with six decimals."""


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """One case: what differs (nothing where it passes), and whether its basis makes a difference a failure."""

    case_id: str
    rule_id: str
    basis: str
    differences: tuple[str, ...]

    @property
    def passes(self) -> bool:
        """True where nothing differs."""
        return not self.differences

    @property
    def is_failure(self) -> bool:
        """A difference in a confirmed case; any other is a point to review."""
        return not self.passes and self.basis == CONFIRMED

    def as_dict(self) -> dict[str, object]:
        """Return it as it travels in JSON."""
        return {
            "case_id": self.case_id,
            "rule_id": self.rule_id,
            "basis": self.basis,
            "passes": self.passes,
            "differences": list(self.differences),
        }


def same(expected: object, found: object) -> bool:
    """True where a result is the one expected; of an object only the entries named have to agree."""
    numbers = (int, float)
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, numbers) and isinstance(found, numbers):
        return abs(expected - found) <= TOLERANCE
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(same(a, b) for a, b in zip(expected, found, strict=True))
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return all(key in found and same(value, found[key]) for key, value in expected.items())
    return expected == found


def check_cases(path: Path, book: Rulebook, as_of: date) -> Iterator[CaseOutcome]:
    """Evaluate every case of a sheet (`case_id, rule_id, inputs, expected, source_why, basis`).

    Raises
    ------
    PipelineError
        When the file cannot be read, lacks a column, or a cell is no JSON object.
    """
    for number, row in enumerate(_rows(path), start=2):
        inputs, expected = (_object(row[name], name, number) for name in ("inputs", "expected"))
        differences = tuple(_differences(book, row["rule_id"], inputs, expected, as_of))
        yield CaseOutcome(row["case_id"], row["rule_id"], row["basis"].strip(), differences)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                raise PipelineError(f"案例表缺少列：{'、'.join(lacking)}")
            yield from reader
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PipelineError("案例表读不出来：应是 UTF-8 的 CSV 文件") from error


def _object(text: str, column: str, line: int) -> dict[str, object]:
    try:
        held = json.loads(text)
    except ValueError as error:
        raise PipelineError(f"案例表第 {line} 行的 {column} 不是有效的 JSON") from error
    if not isinstance(held, dict):
        raise PipelineError(f"案例表第 {line} 行的 {column} 应是 JSON 对象")
    return held


def _differences(
    book: Rulebook, rule_id: str, inputs: Mapping[str, object], expected: Mapping[str, object], as_of: date
) -> Iterator[str]:
    if rule_id not in book.rules:
        yield f"没有规则 {rule_id}"
        return
    try:
        found = decide(book, rule_id, read_facts(book, book.rule(rule_id), inputs), as_of).results_dict()
    except RuleInputError as error:
        yield str(error)
        return
    for name, value in expected.items():
        if name not in found:
            yield f"{name}：应为 {_told(value)}，没有这项结果"
        elif not same(value, found[name]):
            yield f"{name}：应为 {_told(value)}，实为 {_told(found[name])}"


def _told(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
