"""A column among values that the program holds: one array on PostgreSQL, so many at a time elsewhere."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY

_PART = 400


def listed(connection: Connection, column: ColumnElement[Any], values: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together hold for the rows whose text column is one of the values, each row once.

    To write thousands of parameters into a statement and to take them out of it takes longer than to carry it out.
    """
    wanted = list(dict.fromkeys(values))
    if wanted and connection.dialect.name == "postgresql":
        yield column == any_(literal(wanted, ARRAY(Text)))
        return
    for start in range(0, len(wanted), _PART):
        yield column.in_(wanted[start : start + _PART])
