"""What tasks demand held against what a person can do: function by function, never from category or grade.

Two readings of one rule: `compare` for one vacancy with every detail, `compare_all` for a whole stock as arrays.
A test holds them equal. A function suffices where limitation + demand <= 4; each level above is a gap that
accommodations may close (`matching.accommodation`). Either side unknown: unknown, but for what decides alone
(no limitation suffices for any demand, no stated demand suffices for any limitation).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.accommodation import MAX_LEVEL, WorkContext, choose, closing_table, max_per_function, most_closable
from matching.vocabulary import Accommodation, AccommodationState, Function, Outcome

UNKNOWN = -1
FUNCTIONS = tuple(Function)
_FEW_VACANCIES = 10


@dataclass(frozen=True, slots=True)
class Demands:
    """What a vacancy demands: stated by the employer, or derived from its text and then never certain.

    `context` is None where nobody can tell what kind of work it is.
    """

    levels: Mapping[Function, int]
    is_stated: bool
    context: WorkContext | None = None


@dataclass(frozen=True, slots=True)
class FunctionFit:
    """One function of one person against one vacancy."""

    function: Function
    limitation: int | None
    demand: int | None
    gap: int
    closed_by: tuple[tuple[Accommodation, AccommodationState], ...]
    is_closable: bool

    @property
    def is_open(self) -> bool:
        """True where a gap stays that no accommodation closes."""
        return not self.is_closable


@dataclass(frozen=True, slots=True)
class Fit:
    """The answer for one vacancy: outcome, and what the known or derived numbers suggest where it is unknown.

    `deciding` are the functions with a gap that nothing closes, whatever the work turns out to be like.
    """

    outcome: Outcome
    outlook: Outcome | None
    functions: tuple[FunctionFit, ...]
    missing_limitations: tuple[Function, ...]
    demands_missing: bool
    demands_derived: bool
    context_missing: bool
    deciding: tuple[FunctionFit, ...]

    @property
    def accommodations(self) -> Mapping[Accommodation, AccommodationState]:
        """What closes the gaps, each once."""
        return {a: state for f in self.functions for a, state in f.closed_by}


def compare(
    limitations: Mapping[Function, int],
    demands: Demands,
    offered: Mapping[Accommodation, AccommodationState],
    needed: tuple[Accommodation, ...] = (),
) -> Fit:
    """Hold one person's functional profile against one vacancy."""
    rows = tuple(_compare_one(f, limitations.get(f), demands, offered) for f in FUNCTIONS)
    open_rows = [row for row in rows if row.is_open]
    missing = tuple(row.function for row in rows if row.limitation is None and (row.demand is None or row.demand > 0))
    undecided = bool(missing) or any(
        (row.limitation or 0) > 0 and (row.demand is None or not demands.is_stated) for row in rows
    )
    context_missing = demands.context is None and any(
        row.is_open and row.gap <= _closable_at_screen(row) for row in open_rows
    )
    hard_open = [row for row in open_rows if demands.context is not None or row.gap > _closable_at_screen(row)]
    has_gap = any(row.gap > 0 for row in rows) or bool(needed)
    outlook = (
        Outcome.DOES_NOT_FIT
        if hard_open
        else None
        if not demands.levels
        else Outcome.FITS_WITH_ACCOMMODATION
        if has_gap
        else Outcome.FITS
    )
    if demands.is_stated and hard_open:
        outcome = Outcome.DOES_NOT_FIT
    elif undecided or open_rows:
        outcome = Outcome.UNKNOWN
    else:
        outcome = Outcome.FITS_WITH_ACCOMMODATION if has_gap else Outcome.FITS
    return Fit(
        outcome=outcome,
        outlook=outlook if outcome is Outcome.UNKNOWN else None,
        functions=rows,
        missing_limitations=missing,
        demands_missing=not demands.levels,
        demands_derived=bool(demands.levels) and not demands.is_stated,
        context_missing=context_missing,
        deciding=tuple(hard_open),
    )


def _closable_at_screen(row: FunctionFit) -> int:
    is_complete = int(row.limitation == MAX_LEVEL)
    return int(most_closable()[is_complete, WorkContext.SCREEN, FUNCTIONS.index(row.function), row.demand or 0])


def _compare_one(
    function: Function,
    limitation: int | None,
    demands: Demands,
    offered: Mapping[Accommodation, AccommodationState],
) -> FunctionFit:
    demand = demands.levels.get(function, 0 if demands.is_stated else None)
    if limitation is None or demand is None:
        return FunctionFit(function, limitation, demand, 0, (), True)
    gap = max(0, limitation + demand - MAX_LEVEL)
    chosen = choose(function, limitation, demand, offered, context=demands.context or WorkContext.PLAIN)
    return FunctionFit(function, limitation, demand, gap, chosen or (), chosen is not None)


@dataclass(frozen=True, slots=True)
class DemandArrays:
    """Demands of n vacancies as arrays; see `Demands` for the meaning.

    `levels` int8 (n, 15) with -1 for unknown; `is_stated` bool (n,); `context` int8 (n,), -1 for unknown;
    `offered` bool (n, 18); `closable`, `closable_at_screen`, `closed_by_offered` int8
    (2, n, 15), derived: for a limitation that is not complete, and for one that is; `has_levels` bool (n,), derived.
    A function's column lies in one piece, since one person is limited in few functions.
    """

    levels: NDArray[np.int8]
    is_stated: NDArray[np.bool_]
    context: NDArray[np.int8]
    offered: NDArray[np.bool_]
    closable: NDArray[np.int8]
    closable_at_screen: NDArray[np.int8]
    closed_by_offered: NDArray[np.int8]
    has_levels: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        levels: NDArray[np.int8],
        is_stated: NDArray[np.bool_],
        context: NDArray[np.int8],
        offered: NDArray[np.bool_],
    ) -> "DemandArrays":
        """Derive what can be closed at each vacancy's demand, and what the offered accommodations close."""
        demand = np.maximum(levels, 0)
        columns = np.arange(levels.shape[1])[None, :]
        known_context = np.maximum(context, WorkContext.PLAIN)[:, None]
        closable = most_closable()[:, known_context, columns, demand]
        closable_at_screen = most_closable()[:, WorkContext.SCREEN, columns, demand]
        closed = np.zeros((2, *levels.shape), dtype=np.int8)
        table = closing_table()
        # Most vacancies offer nothing: only those that do are looked at, a block at a time to bound the memory.
        rows = np.flatnonzero(offered.any(axis=1))
        for start in range(0, len(rows), 4096):
            block = rows[start : start + 4096]
            helps = table[:, known_context[block], columns, demand[block]] * offered[block][:, None, :]
            closed[:, block] = np.sort(helps, axis=-1)[..., -max_per_function() :].sum(axis=-1)
        return cls(
            np.asfortranarray(levels),
            is_stated,
            context,
            offered,
            _by_column(closable),
            _by_column(closable_at_screen),
            _by_column(closed),
            is_stated | np.asarray((levels >= 0).any(axis=1)),
        )

    def take(self, rows: NDArray[np.intp]) -> "DemandArrays":
        """Return some vacancies, in the order of `rows`."""
        return DemandArrays(
            self.levels[rows],
            self.is_stated[rows],
            self.context[rows],
            self.offered[rows],
            self.closable[:, rows],
            self.closable_at_screen[:, rows],
            self.closed_by_offered[:, rows],
            self.has_levels[rows],
        )


def _by_column(table: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return a table (2, n, 15) with each function's column in one piece."""
    return np.ascontiguousarray(table.transpose(0, 2, 1)).transpose(0, 2, 1)


OUTCOMES = (Outcome.FITS, Outcome.FITS_WITH_ACCOMMODATION, Outcome.UNKNOWN, Outcome.DOES_NOT_FIT)
"""Meaning of the codes in `FitArrays.outcome` and, with -1 for none, `FitArrays.outlook`."""


@dataclass(frozen=True, slots=True)
class FitArrays:
    """Answers for n vacancies.

    `outcome`, `outlook` int8 (n,), positions in `OUTCOMES`, outlook -1 where nothing suggests anything;
    `open_gap` int16 (n,) levels that nothing closes; `to_arrange` int16 (n,) levels that nothing offered closes yet;
    `deciding` int8 (n,) first function with an open gap, -1 for none; `n_missing` int16 (n,) limitations not known;
    `stated_gap` int16 (n,) levels by which stated demands go beyond the person, whatever closes them; 0 where none is.
    Where the person is limited and nobody knows what is demanded: `unread_open`, `unread_to_arrange` float32 (n,), the
    levels to expect, and `unread_hard` float32 (n,), the share of other vacancies whose demand nothing would close.
    """

    outcome: NDArray[np.int8]
    outlook: NDArray[np.int8]
    open_gap: NDArray[np.int16]
    to_arrange: NDArray[np.int16]
    deciding: NDArray[np.int8]
    n_missing: NDArray[np.int16]
    stated_gap: NDArray[np.int16]
    unread_open: NDArray[np.float32]
    unread_to_arrange: NDArray[np.float32]
    unread_hard: NDArray[np.float32]

    def take(self, rows: NDArray[np.intp]) -> "FitArrays":
        """Return some vacancies' answers, in the order of `rows`."""
        return FitArrays(
            self.outcome[rows],
            self.outlook[rows],
            self.open_gap[rows],
            self.to_arrange[rows],
            self.deciding[rows],
            self.n_missing[rows],
            self.stated_gap[rows],
            self.unread_open[rows],
            self.unread_to_arrange[rows],
            self.unread_hard[rows],
        )


@dataclass(frozen=True, slots=True)
class ExpectedGaps:
    """What a limitation meets where the demand is known: the measure for a demand that nobody knows.

    Means over the vacancies of a stock that demand a known level of the function, float32 (5, 15) by the level of the
    limitation and the function: levels that nothing closes (`open`), levels that nothing offered closes (`to_arrange`),
    and the share of vacancies with a gap that nothing closes (`hard`). A few vacancies say little: the means are drawn
    towards 0 as if some more without a gap had been seen.
    """

    open: NDArray[np.float32]
    to_arrange: NDArray[np.float32]
    hard: NDArray[np.float32]

    @classmethod
    def none(cls) -> "ExpectedGaps":
        """Return the expectation of somebody who has seen no vacancy: no gap."""
        nothing = np.zeros((MAX_LEVEL + 1, len(FUNCTIONS)), dtype=np.float32)
        return cls(nothing, nothing, nothing)

    @classmethod
    def of(cls, demands: DemandArrays) -> "ExpectedGaps":
        """Measure a stock."""
        n_known = (demands.levels >= 0).sum(axis=0) + _FEW_VACANCIES
        found = np.zeros((3, MAX_LEVEL + 1, len(FUNCTIONS)), dtype=np.float32)
        context_unknown = demands.context < 0
        for level in range(1, MAX_LEVEL + 1):
            for position in range(len(FUNCTIONS)):
                gaps = _Column(demands, position, None).gaps(level, context_unknown)
                found[0, level, position] = gaps.open.sum() / n_known[position]
                found[1, level, position] = gaps.to_arrange.sum() / n_known[position]
                found[2, level, position] = gaps.is_hard.sum() / n_known[position]
        return cls(*found)


def limitation_vector(limitations: Mapping[Function, int]) -> NDArray[np.int8]:
    """Return the functional profile as int8 (15,) with -1 for unknown."""
    return np.array([limitations.get(f, UNKNOWN) for f in FUNCTIONS], dtype=np.int8)


@dataclass(frozen=True, slots=True)
class _Gaps:
    """Gaps in one function by vacancy, each (n,): all of them, those that nothing closes, and by how much."""

    gap: NDArray[np.int8]
    is_open: NDArray[np.bool_]
    is_hard: NDArray[np.bool_]
    open: NDArray[np.int8]
    to_arrange: NDArray[np.int8]


class _Column:
    """One function's column of the demands, of all vacancies or of some."""

    def __init__(self, demands: DemandArrays, position: int, rows: NDArray[np.intp] | None) -> None:
        self._demands, self._position, self._rows = demands, position, rows
        self.level = self._of(demands.levels)

    def _of(self, table: NDArray[np.int8]) -> NDArray[np.int8]:
        column = table[:, self._position]
        return column if self._rows is None else column[self._rows]

    def gaps(self, limitation: int, context_unknown: NDArray[np.bool_]) -> _Gaps:
        """Return what a known limitation leaves open, and what of it nothing closes."""
        whole, demands = int(limitation == MAX_LEVEL), self._demands
        gap = np.maximum(np.where(self.level >= 0, self.level + np.int8(limitation - MAX_LEVEL), 0), 0).astype(np.int8)
        closable = self._of(demands.closable[whole])
        is_open = gap > closable
        is_hard = is_open & ~(context_unknown & (gap <= self._of(demands.closable_at_screen[whole])))
        return _Gaps(
            gap=gap,
            is_open=is_open,
            is_hard=is_hard,
            open=np.where(is_hard, gap - closable, 0).astype(np.int8),
            to_arrange=np.maximum(gap - self._of(demands.closed_by_offered[whole]), 0).astype(np.int8),
        )


def compare_all(
    limitations: NDArray[np.int8],
    demands: DemandArrays,
    *,
    rows: NDArray[np.intp] | None = None,
    needs_any: bool = False,
    expected: ExpectedGaps | None = None,
) -> FitArrays:
    """Hold one person's functional profile against every vacancy of a stock, or against those at `rows`.

    A function without limitation leaves no gap and no question, so that only the others are looked at.

    Parameters
    ----------
    limitations
        int8 (15,), -1 for unknown.
    needs_any
        Whether the person stated an accommodation that they need in any case.
    expected
        What to expect where a demand is not known; nothing when None.
    """

    def of(column: NDArray[Any]) -> NDArray[Any]:
        return column if rows is None else column[rows]

    is_stated, context_unknown = of(demands.is_stated), of(demands.context) < 0
    n = len(is_stated)
    has_hard, undecided = np.zeros((2, n), dtype=np.bool_)
    has_gap = np.full(n, needs_any)
    open_gap, to_arrange, n_missing, stated_gap = np.zeros((4, n), dtype=np.int16)
    deciding = np.full(n, -1, dtype=np.int8)
    expecting = expected or ExpectedGaps.none()
    unread_open, unread_to_arrange, unread_hard = np.zeros((3, n), dtype=np.float32)
    for position in np.flatnonzero(limitations):
        own, column = int(limitations[position]), _Column(demands, int(position), rows)
        if own < 0:
            asked = column.level != 0
            n_missing += asked
            undecided |= asked
            continue
        gaps, unread = column.gaps(own, context_unknown), column.level < 0
        undecided |= unread | ~is_stated | gaps.is_open
        has_gap |= gaps.gap > 0
        open_gap += gaps.open
        to_arrange += gaps.to_arrange
        stated_gap += np.where(is_stated, gaps.gap, 0)
        deciding[gaps.is_hard & ~has_hard] = position
        has_hard |= gaps.is_hard
        # One function after the other, not as a product of matrices: sums must not depend on the number of vacancies.
        unread_open[unread] += expecting.open[own, position]
        unread_to_arrange[unread] += expecting.to_arrange[own, position]
        unread_hard[unread] = np.maximum(unread_hard[unread], expecting.hard[own, position])
    outcome = np.where(is_stated & has_hard, 3, np.where(undecided, 2, np.where(has_gap, 1, 0))).astype(np.int8)
    suggested = np.where(has_hard, 3, np.where(~of(demands.has_levels), -1, np.where(has_gap, 1, 0)))
    outlook = np.where(outcome == 2, suggested, -1).astype(np.int8)
    return FitArrays(
        outcome,
        outlook,
        open_gap,
        to_arrange,
        deciding,
        n_missing,
        stated_gap,
        unread_open,
        unread_to_arrange,
        unread_hard,
    )
