"""A line drawn by lot: in a list that takes part, one place is given to one of the lines that stand from there on.

So it becomes known what people make of posts that no list would have begun with. The line comes from the same band, has
passed every exclusion, and what stands before it stays where it is; everything else moves down by one at most.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PLACE, UNTIL = 10, 30
"""The place that is given by lot, and the last of those that may get it, counted from 1."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: the line at `PLACE` stood at `from_place`; `pool` are the rows that could stand there."""

    from_place: int
    pool: tuple[int, ...]

    @property
    def propensity(self) -> float:
        """How likely each line of the pool was to stand there."""
        return 1 / len(self.pool)


def drawn_order(lot: float, band: NDArray[np.int8]) -> tuple[NDArray[np.intp], int, int] | None:
    """Return the new order of a list's lines, the line drawn and the number of those it was drawn from.

    None where nothing else of the band could stand at the place. `band` are those of the lines in their order.
    """
    if len(band) < PLACE:
        return None
    first = PLACE - 1
    last = min(len(band), UNTIL)
    within = np.flatnonzero(band[first:last] != band[first])
    n = int(within[0]) if len(within) else last - first
    if n < 2:
        return None
    chosen = first + min(int(lot * n), n - 1)
    order = np.arange(len(band))
    order[first : chosen + 1] = np.roll(order[first : chosen + 1], 1)
    return order, chosen, n
