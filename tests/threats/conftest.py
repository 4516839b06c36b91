"""What several threats are tried on."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from fastapi import FastAPI

from api.rates import Rates
from tests.api.test_matrix import Province
from tests.support.service import Service
from tests.threats.doors import a_house, a_province


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own, with a person in each of two counties."""
    with a_house(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def _province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    with a_province(tmp_path_factory.mktemp("whole")) as opened:
        yield opened


@pytest.fixture
def whole(_province: Province) -> Province:
    """The trained province of two counties, shared: nothing of this county is changed in it.

    What earlier tests asked is not counted against this one, in whatever order they run.
    """
    cast("FastAPI", _province.client.app).state.access.rates = Rates()
    return _province
