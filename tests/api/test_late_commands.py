"""What a command needs is read in when it is called, and nothing of the others."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
import typer

from api.cli import app

_HEAVY = ("pandas", "sklearn", "jieba", "fastapi", "lightfm", "alembic")


def read_in_by(arguments: Sequence[str]) -> set[str]:
    """Return which of the heavy libraries a process has read in after a command."""
    told = f"from api.cli import run; import sys; run({list(arguments)!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=120
    )
    return set(_HEAVY) & set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["rules", "show", "quota.required"], ["due", "--help"], ["report", "--help"]])
def test_a_list_of_duties_reads_no_model_in(arguments: list[str]) -> None:
    assert read_in_by(arguments) == set()


def test_every_command_of_the_table_is_there_under_its_name_and_says_what_it_does() -> None:
    group: Any = typer.main.get_command(app)
    assert len(group.commands) > 35
    for name, command in group.commands.items():
        assert command.name == name
        told = command.get_short_help_str(200)
        assert told.strip("."), name
