"""A table of the plan's work as it is shown and travels: title, clause, columns under labels, rows, notes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from matching.regions import region_name
from matching.source import Source

PLAN = "甘政办发〔2022〕97号"
Cell = str | int | None
"""None is what nobody knows."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of the plan's work: its title, clause, columns under their labels, rows, and what to know of it."""

    name: str
    title: str
    source: Source
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Mapping[str, Cell], ...]
    notes: tuple[str, ...] = ()

    def as_dict(self, on: date) -> dict[str, Any]:
        """Return it as it travels in JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "as_of": on.isoformat(),
            "source": self.source.as_dict(),
            "columns": [{"name": name, "label": label} for name, label in self.columns],
            "rows": [dict(row) for row in self.rows],
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """Return it in plain Chinese, a row a line."""
        told = [f"{self.title}〔{self.source.document} {self.source.clause}〕"]
        for row in self.rows:
            cells = [f"{label} {'待核实' if row[name] is None else row[name]}" for name, label in self.columns]
            told.append("，".join(cells))
        return [*told, *([] if self.rows else ["没有登记"]), *(f"说明：{note}" for note in self.notes)]


def place_of(code: str | None) -> str:
    """Return the name of a division, or that none is registered."""
    return "地区未登记" if code is None else region_name(code)
