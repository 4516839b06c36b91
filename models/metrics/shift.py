"""How far a distribution has moved: the population stability index, less what chance explains, with its interval.

PSI = sum over bins of (p - q) ln(p / q), the symmetric Kullback-Leibler divergence. Of two samples from one
distribution it is not 0 but about (bins - 1)(1/n + 1/m) (Yurdakul and Naranjo 2020, "Statistical properties of the
population stability index"), so that small months always look moved; that much is taken off. By habit below 0.1 is no
change, above 0.25 a marked one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.metrics.intervals import Interval

_SMOOTHING = 0.5


def population_shift(
    before: Mapping[str, int], now: Mapping[str, int], *, level: float = 0.95, seed: int, rounds: int = 400
) -> Interval | None:
    """Return how far counts by bin moved, 0 where they did not; `None` where one side has nobody.

    The interval is that of a parametric bootstrap: both sides drawn again from what was seen.
    """
    bins = sorted(set(before) | set(now))
    left = np.array([before.get(name, 0) for name in bins], dtype=np.float64)
    right = np.array([now.get(name, 0) for name in bins], dtype=np.float64)
    n, m = int(left.sum()), int(right.sum())
    if n == 0 or m == 0:
        return None
    expected = (np.count_nonzero(left + right) - 1) * (1 / n + 1 / m)
    value = _psi(left[None, :], right[None, :])[0] - expected
    rng = np.random.default_rng(seed)
    drawn = _psi(rng.multinomial(n, left / n, rounds), rng.multinomial(m, right / m, rounds))
    # Drawing anew adds the same once more; and what is drawn is centred on what was seen.
    low, high = np.quantile(drawn - 2 * expected, [(1 - level) / 2, (1 + level) / 2])
    return Interval(max(0.0, float(value)), max(0.0, float(min(low, value))), max(0.0, float(max(high, value))), m)


def _psi(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    """Return the index of each row of counts against each, (rounds,)."""
    held = (left + right).sum(axis=0) > 0
    p, q = left[:, held] + _SMOOTHING, right[:, held] + _SMOOTHING
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=1))
