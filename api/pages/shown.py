"""Stored values as people read them; what is unknown says so, and is never shown as no."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from matching.regions import region_name
from matching.vocabulary import Function, Term
from pipelines.schema import ColumnSpec

_REGIONS = frozenset({"region", "wished_regions"})
BETWEEN = "、"


def shown(column: ColumnSpec, value: Any) -> str | None:
    """Return a value in words, or None where it is unknown."""
    if value in (None, (), {}):
        return None
    if column.name == "grade":
        return "一二三四"[int(value) - 1] + "级"
    if isinstance(value, Mapping):
        return BETWEEN.join(f"{_word(name, key)} {_word(name, one)}" for name, (key, one) in _pairs(column, value))
    if isinstance(value, tuple):
        return BETWEEN.join(_word(column.name, one) for one in value)
    return _word(column.name, value)


def _pairs(column: ColumnSpec, value: Mapping[Any, Any]) -> list[tuple[str, tuple[Any, Any]]]:
    return [(column.name, pair) for pair in value.items()]


def _word(name: str, value: Any) -> str:
    if name in _REGIONS:
        return region_name(str(value))
    if isinstance(value, Term):
        return value.label
    if isinstance(value, date):
        return value.isoformat()
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def level_word(t: Any, level: int) -> str:
    """Return how far a function is limited, in words."""
    return str(t(f"level.l{level}"))


FUNCTIONS = tuple(Function)
