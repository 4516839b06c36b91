"""How sure a mean over people is, and a difference between two models on the same people: seeded bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from models.errors import InvalidInput


@dataclass(frozen=True)
class Interval:
    """A mean over `n` people, and the bounds that hold the given share of resampled means."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def mean_interval(
    values: Sequence[float | None], *, seed: int, level: float = 0.95, rounds: int = 1000
) -> Interval | None:
    """Return the mean over people with its interval; `None` where nobody has a value.

    People without a value (`None`: nothing was relevant for them) are left out.
    """
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not len(known):
        return None
    rng = np.random.default_rng(seed)
    means = np.array([known[rng.integers(0, len(known), len(known))].mean() for _ in range(rounds)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(known.mean()), float(low), float(high), len(known))


def paired_difference(
    left: Sequence[float | None], right: Sequence[float | None], *, seed: int, level: float = 0.95, rounds: int = 1000
) -> Interval | None:
    """Return the mean of left − right over the same people with its interval; `None` where nobody has both.

    Pairing takes out how hard a person is to serve, so a difference shows that separate intervals would hide.

    Raises
    ------
    InvalidInput
        When the two are not of the same people.
    """
    if len(left) != len(right):
        raise InvalidInput(f"A paired difference needs the same people; there are {len(left)} and {len(right)}.")
    differences = [None if a is None or b is None else a - b for a, b in zip(left, right, strict=True)]
    return mean_interval(differences, seed=seed, level=level, rounds=rounds)


def student_interval(values: Sequence[float | None], *, level: float) -> Interval | None:
    """Return the mean with Student's interval; `None` with fewer than two values.

    For levels near 1, whose bounds a bootstrap of some thousand rounds cannot reach; says the same every time.
    """
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if len(known) < 2:
        return None
    half = float(stdtrit(len(known) - 1, (1 + level) / 2) * known.std(ddof=1) / np.sqrt(len(known)))
    mean = float(known.mean())
    return Interval(mean, mean - half, mean + half, len(known))


def wilson_interval(successes: int, n: int, *, level: float) -> Interval | None:
    """Return a share with Wilson's score interval; `None` of nobody."""
    if n == 0:
        return None
    z = float(ndtri((1 + level) / 2))
    share, weight = successes / n, z * z / n
    centre = (share + weight / 2) / (1 + weight)
    half = z * float(np.sqrt(share * (1 - share) / n + weight / (4 * n))) / (1 + weight)
    # Rounding can leave a bound a hair inside the share at 0 and 1.
    return Interval(share, min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half)), n)


def share_difference(left: Interval, right: Interval) -> Interval:
    """Return the difference of two independent shares with their Wilson intervals joined (Newcombe 1998, method 10)."""
    mean = left.mean - right.mean
    below = float(np.hypot(left.mean - left.low, right.high - right.mean))
    above = float(np.hypot(left.high - left.mean, right.mean - right.low))
    return Interval(mean, mean - below, mean + above, min(left.n, right.n))
