"""Rows as they travel in JSON: one shape for each column, derived from the tables' own specification.

Decimals are texts, so that no digit is lost; days are texts `YYYY-MM-DD`; a list is an array, levels are an object.
Unknown is null, never an empty list: nothing stated and nothing needed are two things.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from matching.vocabulary import Term
from pipelines.schema import ColumnSpec, TableSpec

Kind = Literal["text", "date", "integer", "number", "decimal", "word", "texts", "words", "levels", "states"]
_SCALARS: Mapping[str, Kind] = {
    "text": "text",
    "date": "date",
    "integer": "integer",
    "float": "number",
    "decimal": "decimal",
    "term": "word",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How a column travels: its kind, and the words where there is a fixed list of them."""

    kind: Kind
    words: type[Term] | None = None
    states: type[Term] | None = None


@cache
def shape_of(spec: TableSpec, name: str) -> Shape:
    """Return the shape of a column, read off the specification and the entity's own type."""
    column = spec.column(name)
    hint = _inner(get_type_hints(spec.entity)[column.attribute])
    if column.stored != "packed":
        return Shape(_SCALARS[column.stored], hint if _is_term(hint) else None)
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        return Shape("words", arguments[0]) if _is_term(arguments[0]) else Shape("texts")
    return Shape("states", *arguments) if _is_term(arguments[1]) else Shape("levels", arguments[0])


def _inner(hint: Any) -> Any:
    """Return the type beside None."""
    if get_origin(hint) in (Union, UnionType):
        return next(part for part in get_args(hint) if part is not NoneType)
    return hint


def _is_term(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Term)


def row_document(spec: TableSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row as they travel, every column by its name."""
    get = values.get
    return {
        name: None if (value := get(name)) is None or value == () or value == {} else told(value)
        for name, told in _tellers(spec)
    }


def _tellers(spec: TableSpec) -> Sequence[tuple[str, Callable[[Any], Any]]]:
    """Return how a value of each column travels that is known; looked up by name, for a whole table is long to hash."""
    known = _TELLERS.get(spec.name)
    if known is None or known[0] is not spec:
        told = [(column.name, _teller(column, shape_of(spec, column.name).kind)) for column in spec.columns]
        known = _TELLERS[spec.name] = (spec, told)
    return known[1]


_TELLERS: dict[str, tuple[TableSpec, Sequence[tuple[str, Callable[[Any], Any]]]]] = {}


def _teller(column: ColumnSpec, kind: Kind) -> Callable[[Any], Any]:
    if kind in ("texts", "words"):
        return lambda value: [str(one) for one in value]
    if kind == "levels":
        return lambda value: {key.value: int(level) for key, level in value.items()}
    if kind == "states":
        return lambda value: {key.value: state.value for key, state in value.items()}
    return _as_it_is if kind in ("integer", "number") else column.format


def _as_it_is(value: Any) -> Any:
    return value


def cell(spec: TableSpec, column: ColumnSpec, value: Any) -> str:
    """Return a value that came as JSON as the cell of a sheet, so that both go through one door; null is empty."""
    if value is None:
        return ""
    kind = shape_of(spec, column.name).kind
    if kind in ("texts", "words"):
        return ";".join(value)
    if kind in ("levels", "states"):
        return ";".join(f"{key}={one}" for key, one in value.items() if one is not None)
    return repr(value) if kind == "number" else str(value)
