"""Stored values as people read them; what is unknown says so, and is never shown as no."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from api.pages.words import words
from matching.regions import region_name
from matching.vocabulary import Function, Term
from pipelines.schema import ColumnSpec

_LEVELS = {"functions": "level", "demands": "demand"}
"""Which words say the levels of a column."""
_REGIONS = frozenset({"region", "wished_regions"})
BETWEEN = "、"


def shown(column: ColumnSpec, value: Any) -> str | None:
    """Return a value in words, or None where it is unknown."""
    if value in (None, (), {}):
        return None
    if column.name == "grade":
        return "一二三四"[int(value) - 1] + "级"
    if isinstance(value, Mapping):
        return "；".join(_pair(column.name, key, one) for key, one in value.items())
    if isinstance(value, tuple):
        return BETWEEN.join(_word(column.name, one) for one in value)
    return _word(column.name, value)


def _pair(name: str, key: Any, value: Any) -> str:
    """Return what is said of one function or accommodation: a level in words, never its bare number."""
    t, label = words(), _word(name, key)
    if name in _LEVELS:
        return f"{label}{t('form.colon')}{t(f'{_LEVELS[name]}.l{value}')}"
    return t("form.said_of", what=label, word=_word(name, value))


def _word(name: str, value: Any) -> str:
    if name in _REGIONS:
        return region_name(str(value))
    if isinstance(value, Term):
        return value.label
    if isinstance(value, date):
        return value.isoformat()
    t, text = words(), f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
    return t(f"unit.{name}", n=text) if f"unit.{name}" in t else text


def level_word(t: Any, level: int) -> str:
    """Return how far a function is limited, in words."""
    return str(t(f"level.l{level}"))


FUNCTIONS = tuple(Function)
