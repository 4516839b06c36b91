import math

import numpy as np
import pytest

from models.errors import InvalidInput
from models.metrics import coverage, exposure, mean_interval, paired_difference

LISTS = [["a", "b", "c"], ["a", "d"], []]
GROUPS = {"a": "open", "b": "directed", "c": "directed", "d": None, "e": "reserved"}


def test_coverage_is_the_share_of_the_stock_shown_to_anybody() -> None:
    assert coverage(LISTS, 8, k=2) == 3 / 8
    assert coverage(LISTS, 8, k=3) == 4 / 8


def test_coverage_of_no_stock_is_unknown_and_of_no_list_zero() -> None:
    assert coverage([], 0, k=5) is None
    assert coverage([], 4, k=5) == 0.0


def test_exposure_shares_attention_by_rank() -> None:
    second = 1 / math.log2(3)
    total = 2 + 2 * second
    shares = exposure(LISTS, GROUPS, k=2)
    assert shares == pytest.approx(
        {"open": 2 / total, "directed": second / total, "unknown": second / total, "reserved": 0.0}
    )
    assert sum(shares.values()) == pytest.approx(1.0)


def test_exposure_of_no_list_is_empty() -> None:
    assert exposure([], GROUPS, k=5) == {}
    assert exposure([[], []], GROUPS, k=5) == {}


def test_interval_holds_the_mean_and_counts_the_people() -> None:
    interval = mean_interval([0.0, 1.0, None, 1.0, 0.0], seed=1)
    assert interval is not None
    assert (interval.mean, interval.n) == (0.5, 4)
    assert 0 <= interval.low <= 0.5 <= interval.high <= 1


def test_interval_holds_the_true_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for seed in range(200):
        interval = mean_interval((rng.random(60) < 0.3).astype(float).tolist(), seed=seed, rounds=200)
        assert interval is not None
        held += interval.low <= 0.3 <= interval.high
    assert held / 200 == pytest.approx(0.95, abs=0.05)


def test_interval_is_the_same_for_a_seed() -> None:
    values = [0.1, 0.7, 0.3, 0.9]
    assert mean_interval(values, seed=4) == mean_interval(values, seed=4)
    assert mean_interval(values, seed=4) != mean_interval(values, seed=5)


def test_nobody_has_no_interval() -> None:
    assert mean_interval([], seed=1) is None
    assert mean_interval([None], seed=1) is None
    assert paired_difference([None, 1.0], [1.0, None], seed=1) is None


def test_pairing_shows_a_small_steady_gain_that_separate_intervals_hide() -> None:
    rng = np.random.default_rng(6)
    hard = rng.random(80)
    left, right = (hard + 0.02).tolist(), hard.tolist()
    difference = paired_difference(left, right, seed=1)
    apart = mean_interval(left, seed=1), mean_interval(right, seed=1)
    assert difference is not None
    assert difference.low > 0
    assert apart[0] is not None
    assert apart[1] is not None
    assert apart[0].low < apart[1].high


def test_difference_of_other_people_is_refused() -> None:
    with pytest.raises(InvalidInput, match="the same people"):
        paired_difference([1.0], [1.0, 0.0], seed=1)


def test_interval_prints_mean_and_bounds() -> None:
    assert str(mean_interval([1.0, 1.0], seed=1)) == "1.000 [1.000, 1.000]"
