"""Notebooks: they run whole over the invented province, keep nothing that they show, hold no logic."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Town
from tests.support.accounts import KEYS

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
_LOGIC = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Try, ast.With, ast.comprehension)


def cells(path: Path) -> list[dict[str, Any]]:
    """Return the cells of code."""
    held: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in held if cell["cell_type"] == "code"]


def test_notebooks_are_numbered_without_gaps() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{n:02d}" for n in range(1, len(NOTEBOOKS) + 1)]
    assert len(NOTEBOOKS) >= 5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_keeps_nothing_that_it_showed_and_holds_no_logic(path: Path) -> None:
    for cell in cells(path):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        tree = ast.parse("".join(cell["source"]))
        assert not [node for node in ast.walk(tree) if isinstance(node, _LOGIC)]


def test_every_notebook_runs_and_shows_tables_with_its_charts(own_town: Town, tmp_path: Path) -> None:
    lacking = [name for name in ("nbclient", "nbformat", "ipykernel") if importlib.util.find_spec(name) is None]
    if lacking:
        pytest.skip(f"not installed: {', '.join(lacking)}")
    settings = {"YOUGANG_DATABASE_URL": own_town.url, "YOUGANG_MODELS": str(own_town.models), "YOUGANG_KEYS": KEYS}
    own = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython")}
    ran = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", "tests.checks.notebooks", str(tmp_path / "shown")],
        cwd=ROOT,
        env={**os.environ, **settings, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    for path in NOTEBOOKS:
        outputs = [output for cell in cells(tmp_path / "shown" / path.name) for output in cell["outputs"]]
        pages = ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]
        assert any(pages)
        assert sum(page.count("<table") for page in pages) >= sum(page.count("<svg") for page in pages)
