"""The table of the plan's orders: what it names is there, and what it quotes stands in the plan."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLAN = Path(os.environ.get("YOUGANG_SHARED", ROOT.parent / "shared")) / "policy" / "gansu-2022-97-plan.txt"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "plan-coverage.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [一二三]", line)
]
CLAUSES = {f"二({n})" for n in "一二三四五六七八九十"} | {f"三({n})" for n in "一二三四五"} | {"一"}


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}-{row[1][:12]}" for row in ROWS])
def test_row_names_files_that_are_there_or_says_not_yet(row: list[str]) -> None:
    files = re.findall(r"`([a-z_]+/[^`]+)`", row[2])
    assert files or row[2].startswith("not yet")
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_every_clause_of_the_plan_has_a_row() -> None:
    assert {row[0] for row in ROWS} == CLAUSES


def test_quotes_stand_in_the_plan() -> None:
    if not PLAN.exists():
        pytest.skip("the text of the plan is not at hand")
    plan = re.sub(r"\s", "", PLAN.read_text(encoding="utf-8")).replace("(", "（").replace(")", "）")
    quotes = [re.sub(r"\s", "", row[1]) for row in ROWS]
    assert [quote for quote in quotes if quote.replace("(", "（").replace(")", "）") not in plan] == []
