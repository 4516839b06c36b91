"""Many days that lie close together are taken apart by a table: the same answers as each day by itself."""

import numpy as np
import pytest

from matching.rules import functions
from matching.rules.columns import distinct

_SPREAD = [
    np.random.default_rng(7).integers(-9000, 21_000, 40_000),
    np.random.default_rng(8).integers(-700_000, 700_000, 4_000),
    np.array([20_000] * 3000),
    np.array([], dtype=np.int64),
    np.array([-1, 0, -1]),
]


@pytest.mark.parametrize("days", _SPREAD)
def test_the_different_ones_are_those_of_numpy(days: np.ndarray) -> None:
    different, back = distinct(days)
    wanted, at = np.unique(days, return_inverse=True)
    assert different.tolist() == wanted.tolist()
    assert back.tolist() == at.tolist()


@pytest.mark.parametrize("days", _SPREAD)
def test_month_and_day_are_those_of_each_day_alone(days: np.ndarray) -> None:
    months, of_month = functions._parts(days)
    each = [functions._parts(days[at : at + 1]) for at in range(0, len(days), 37)]
    assert months[::37].tolist() == [int(month[0]) for month, _ in each]
    assert of_month[::37].tolist() == [int(day[0]) for _, day in each]
    assert functions._first_of(months).tolist() == (days - of_month + 1).tolist()
