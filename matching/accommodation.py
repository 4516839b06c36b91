"""Which accommodation closes which gap: the data file as tables, and the choice for one function.

The file is `data/accommodations.yaml`; nothing here holds a number of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from matching.packaged import parsed
from matching.source import Source
from matching.vocabulary import Accommodation, AccommodationState, Function

MAX_LEVEL = 4


class WorkContext(IntFlag):
    """What the work is like, as far as it decides what an accommodation can do; flags add up to a table position."""

    PLAIN = 0
    SCREEN = 1
    PHONE = 2
    HEAVY = 4
    MOVING = 8


N_CONTEXTS = 16
ContextName = Literal["screen", "phone", "heavy", "moving"]


def _flag(name: str) -> WorkContext:
    return WorkContext[name.upper()]


class _ContextRule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    traits: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    stated: Mapping[Function, int] = Field(default_factory=dict)


class _Closing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    function: Function
    levels: int = Field(ge=1, le=MAX_LEVEL)
    demand_max: int = Field(ge=1, le=MAX_LEVEL)
    only_for: ContextName | None = None
    not_for: tuple[ContextName, ...] = ()
    if_complete: bool = True

    def works_in(self, context: WorkContext) -> bool:
        """True where the accommodation helps in this kind of work."""
        if self.only_for is not None and not _flag(self.only_for) & context:
            return False
        return not any(_flag(name) & context for name in self.not_for)


class _SourceModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    document: str
    clause: str
    status: str


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    closes: tuple[_Closing, ...]
    who_arranges: str
    who_pays: str
    source: _SourceModel


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    max_per_function: int = Field(ge=1)
    contexts: Mapping[ContextName, _ContextRule]
    accommodations: Mapping[Accommodation, _Entry]


@dataclass(frozen=True, slots=True)
class AccommodationFacts:
    """Who arranges and pays for an accommodation, and where that is written."""

    who_arranges: str
    who_pays: str
    source: Source


@cache
def _file() -> _File:
    path = Path(__file__).parent / "data" / "accommodations.yaml"
    loaded = _File.model_validate(parsed(path.read_text(encoding="utf-8")))
    absent = [a.value for a in Accommodation if a not in loaded.accommodations]
    if absent:
        raise ValueError(f"{path.name}: no entry for {', '.join(absent)}")
    return loaded


def max_per_function() -> int:
    """Return how many accommodations are counted for one function."""
    return _file().max_per_function


def facts(accommodation: Accommodation) -> AccommodationFacts:
    """Return who arranges and pays for an accommodation, with its source."""
    entry = _file().accommodations[accommodation]
    source = Source(entry.source.document, entry.source.clause)
    return AccommodationFacts(entry.who_arranges, entry.who_pays, source)


def context_of(traits: frozenset[str], group: str | None, stated: Mapping[Function, int]) -> WorkContext:
    """Return what work is like by the traits and group of its occupation and by what is stated of it."""
    found = WorkContext.PLAIN
    for name, rule in _file().contexts.items():
        by_statement = any(stated.get(function, 0) >= level for function, level in rule.stated.items())
        if rule.traits & traits or group in rule.groups or by_statement:
            found |= _flag(name)
    return found


@cache
def closing_table() -> NDArray[np.int8]:
    """Return levels closed, indexed by [limitation is complete, context, function, demand 0 to 4, accommodation]."""
    functions, accommodations = list(Function), list(Accommodation)
    table = np.zeros((2, N_CONTEXTS, len(functions), MAX_LEVEL + 1, len(accommodations)), dtype=np.int8)
    for column, accommodation in enumerate(accommodations):
        for closing in _file().accommodations[accommodation].closes:
            row = functions.index(closing.function)
            for context in range(N_CONTEXTS):
                if closing.works_in(WorkContext(context)):
                    demands = slice(1, closing.demand_max + 1)
                    table[0, context, row, demands, column] = closing.levels
                    table[1, context, row, demands, column] = closing.levels if closing.if_complete else 0
    return table


_ROW: Mapping[Function, int] = {function: row for row, function in enumerate(Function)}
_COLUMN: Mapping[Accommodation, int] = {accommodation: column for column, accommodation in enumerate(Accommodation)}


@cache
def most_closable() -> NDArray[np.int8]:
    """Return what the best accommodations together close, by [limitation is complete, context, function, demand]."""
    best = np.sort(closing_table(), axis=-1)[..., -max_per_function() :]
    closed: NDArray[np.int8] = best.sum(axis=-1, dtype=np.int8)
    return closed


def levels_closed(
    accommodation: Accommodation, function: Function, limitation: int, demand: int, *, context: WorkContext
) -> int:
    """Return how many levels of a gap one accommodation closes for one function at one limitation and demand."""
    row, column = _ROW[function], _COLUMN[accommodation]
    return int(closing_table()[int(limitation == MAX_LEVEL), context, row, demand, column])


def choose(
    function: Function,
    limitation: int,
    demand: int,
    offered: Mapping[Accommodation, AccommodationState],
    *,
    context: WorkContext,
) -> tuple[tuple[Accommodation, AccommodationState], ...] | None:
    """Choose accommodations that close a gap: offered ones first (verified before declared), then ones to arrange.

    Returns
    -------
    The accommodations with their state, none for no gap; or None where no combination closes the gap.
    """
    gap = limitation + demand - MAX_LEVEL
    if gap <= 0:
        return ()
    order = {AccommodationState.VERIFIED: 0, AccommodationState.DECLARED: 1, AccommodationState.TO_ARRANGE: 2}
    helpful = [
        (accommodation, offered.get(accommodation, AccommodationState.TO_ARRANGE), levels)
        for accommodation in Accommodation
        if (levels := levels_closed(accommodation, function, limitation, demand, context=context)) > 0
    ]
    enough = [
        chosen
        for n in range(1, max_per_function() + 1)
        for chosen in combinations(helpful, n)
        if sum(levels for _, _, levels in chosen) >= gap
    ]
    if not enough:
        return None
    # What is sure comes first, then fewer, then the stronger; `min` keeps the first of equals, so the order is stable.
    best = min(
        enough,
        key=lambda chosen: (
            max(order[state] for _, state, _ in chosen),
            len(chosen),
            -sum(levels for _, _, levels in chosen),
        ),
    )
    return tuple((accommodation, state) for accommodation, state, _ in best)
