"""Suppression of small cells, so that no published number and no sum or difference of published numbers gives one away.

Cells that add up to another are a line (counties to a prefecture, statuses to a total). First every count below k is
suppressed, nought included; then further ones, until along each line at least two are missing that together hold at
least k people; then whatever linear algebra can still work out from all published cells at once. What is left is shown
rounded to tens, so that the difference of two publications is nought or at least ten as well.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import lsqr

from pipelines.reports.generalise import K

Cell = Hashable
CellT = TypeVar("CellT", bound=Hashable)
_NOUGHT, _STILL = 1e-13, 1e-6
_SEED = 20221104


@dataclass(frozen=True, slots=True)
class Line:
    """Cells that add up to another one."""

    total: Cell
    parts: tuple[Cell, ...]


def suppressed(
    counts: Mapping[CellT, int], lines: Sequence[Line], *, small: Collection[CellT] = (), k: int = K
) -> frozenset[CellT]:
    """Return the cells that are not published; `small` are some to be hidden whatever their count."""
    hidden: set[Cell] = {cell for cell, n in counts.items() if n < k or cell in small}
    while True:
        before = len(hidden)
        for line in lines:
            _cover(line, counts, hidden, k)
        if len(hidden) == before:
            derivable = derivable_cells(counts, lines, hidden)
            if not derivable:
                return frozenset(cell for cell in counts if cell in hidden)
            for cell in derivable:
                _hide_beside(cell, counts, lines, hidden)
            if len(hidden) == before:
                return frozenset(counts)  # nothing is left that could be hidden beside it: publish nothing


def _cover(line: Line, counts: Mapping[Any, int], hidden: set[Cell], k: int) -> None:
    """Hide more of a line until what is missing of it cannot be told by subtraction."""
    while True:
        missing = [cell for cell in line.parts if cell in hidden]
        is_total_hidden = line.total in hidden
        shown = sorted((cell for cell in line.parts if cell not in hidden), key=lambda cell: (counts[cell], str(cell)))
        if not missing and not is_total_hidden:
            return
        if is_total_hidden and not missing:
            enough = False
        else:
            enough = is_total_hidden or (len(missing) >= 2 and sum(counts[cell] for cell in missing) >= k)
        if enough:
            return
        if not shown:
            hidden.add(line.total)
            return
        hidden.add(shown[0])


def derivable_cells(counts: Mapping[Any, int], lines: Iterable[Line], hidden: Iterable[Cell]) -> list[Cell]:
    """Return the hidden cells that follow from the published ones and the lines alone.

    A cell follows where no change of the hidden cells that keeps every line leaves it anything but unchanged.
    """
    out = set(hidden)
    unknown = [cell for cell in counts if cell in out]
    if not unknown:
        return []
    column = {cell: i for i, cell in enumerate(unknown)}
    entries: list[tuple[int, int, float]] = []
    n_rows = 0
    for line in lines:
        row = [(column[cell], 1.0) for cell in line.parts if cell in column]
        if line.total in column:
            row.append((column[line.total], -1.0))
        entries += [(n_rows, place, value) for place, value in row]
        n_rows += bool(row)
    if not n_rows:
        return []
    rows, places, values = zip(*entries, strict=True)
    equations = sparse.csr_matrix((values, (rows, places)), shape=(n_rows, len(unknown)))
    # A random change, less the part of it that the lines would notice, is nought where no change is possible at all.
    change = np.random.default_rng(_SEED).normal(size=len(unknown))
    noticed = lsqr(equations, equations @ change, atol=_NOUGHT, btol=_NOUGHT, iter_lim=20 * len(unknown))[0]
    return [cell for cell, moved in zip(unknown, change - noticed, strict=True) if abs(moved) < _STILL]


def _hide_beside(cell: Cell, counts: Mapping[Any, int], lines: Sequence[Line], hidden: set[Cell]) -> None:
    for line in lines:
        members = (line.total, *line.parts)
        if cell not in members:
            continue
        shown = [one for one in members if one not in hidden]
        if shown:
            hidden.add(min(shown, key=lambda one: (counts[one], str(one))))


def rounded(n: int) -> int:
    """Return a count to the nearest ten, halves up; never below ten, since smaller ones are not published."""
    return max(K, (n + 5) // 10 * 10)
