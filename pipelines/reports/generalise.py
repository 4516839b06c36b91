"""Makes rows coarser until nobody stands alone: every class that goes out holds at least k people.

A row goes out at the finest level at which enough people share what it says, counted over those alone that go out at
this level. What is left at the end goes out at the coarsest level if enough people are left, and otherwise not at all.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

K = 10
"""The fewest people in a class or count that leaves the house."""
Row = TypeVar("Row")
Shown = tuple[Hashable, ...]


def generalise(
    rows: Sequence[Row],
    owner: Callable[[Row], Hashable],
    levels: Sequence[Callable[[Row], Shown]],
    *,
    k: int = K,
) -> list[Shown | None]:
    """Return what may be said of each row, or None where nothing may.

    Parameters
    ----------
    rows : what is known.
    owner : whom a row is about; k counts these.
    levels : what would be said of a row, the finest level first.
    """
    said: list[Shown | None] = [None] * len(rows)
    left = list(range(len(rows)))
    for level in levels:
        classes: dict[Shown, list[int]] = defaultdict(list)
        for i in left:
            classes[level(rows[i])].append(i)
        left = []
        for shown, members in classes.items():
            if len({owner(rows[i]) for i in members}) >= k:
                for i in members:
                    said[i] = shown
            else:
                left += members
    return said
