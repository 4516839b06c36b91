"""A plugin of pytest for a process of `guards`: takes the named guard out before any test is read."""

import os

import pytest

from tests.threats.guards import GUARDS, NAMED

_patch = pytest.MonkeyPatch()


def pytest_configure() -> None:
    """Take the guard out."""
    GUARDS[os.environ[NAMED]].take_out(_patch)


def pytest_unconfigure() -> None:
    """Put it back."""
    _patch.undo()
