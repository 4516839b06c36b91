"""Tables and charts as templates show them: every chart has its table, every cell is text or unknown."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its caption, its heads, and rows whose first cell is the row's own head; None is unknown."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str | None]]
    numbers: bool = True
    """All but the first column are numbers, and stand at the right."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its table; without a drawing the table stands alone."""

    title: str
    drawing: Markup | None
    table: Table
    notes: Sequence[str] = ()
    total: str = ""
    """What it comes to, to be read while the chart is folded up."""
