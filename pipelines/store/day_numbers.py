"""Days as numbers and months added to days, the same on both databases, so that lists are put in order by the database.

SQLite adds months without stopping at the month's end; there it asks the function that `pipelines.store.session`
registers, which is the rules' own.
"""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from matching.rules.functions import plus_months

PLUS_MONTHS = "yougang_plus_months"
EPOCH = date(1970, 1, 1)


class DayNumber(FunctionElement[int]):
    """Days since 1970-01-01 of a date; unknown stays unknown."""

    inherit_cache = True
    name = "day_number"
    type = Integer()


class PlusMonths(FunctionElement[date]):
    """The day so many months later, the month's last where it has no such day."""

    inherit_cache = True
    name = "plus_months"
    type = Date()


class Latest(FunctionElement[int]):
    """The later of two numbers, the known one where one is unknown."""

    inherit_cache = True
    name = "latest"
    type = Integer()


class Earliest(FunctionElement[int]):
    """The earlier of two numbers, the known one where one is unknown."""

    inherit_cache = True
    name = "earliest"
    type = Integer()


@compiles(DayNumber)
def _julian(element: DayNumber, compiler: SQLCompiler, **kw: Any) -> str:
    (day,) = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST(julianday({day}) - 2440587.5 AS INTEGER)"


@compiles(DayNumber, "postgresql")
def _difference(element: DayNumber, compiler: SQLCompiler, **kw: Any) -> str:
    (day,) = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({day} - DATE '1970-01-01')"


@compiles(PlusMonths)
def _own_function(element: PlusMonths, compiler: SQLCompiler, **kw: Any) -> str:
    day, months = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{PLUS_MONTHS}({day}, {months})"


@compiles(PlusMonths, "postgresql")
def _interval(element: PlusMonths, compiler: SQLCompiler, **kw: Any) -> str:
    day, months = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST({day} + make_interval(months => CAST({months} AS INTEGER)) AS DATE)"


@compiles(Latest, "postgresql")
@compiles(Earliest, "postgresql")
def _ignoring_unknown(element: Latest | Earliest, compiler: SQLCompiler, **kw: Any) -> str:
    # Named once each: what a CASE names twice at every step, PostgreSQL works out twice at every step.
    first, second = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{'GREATEST' if isinstance(element, Latest) else 'LEAST'}({first}, {second})"


@compiles(Latest)
@compiles(Earliest)
def _of_known(element: Latest | Earliest, compiler: SQLCompiler, **kw: Any) -> str:
    first, second = (compiler.process(clause, **kw) for clause in element.clauses)
    of_two = "MAX" if isinstance(element, Latest) else "MIN"  # unknown where one of the two is
    return f"{of_two}(COALESCE({first}, {second}), COALESCE({second}, {first}))"


def plus_months_text(day: str | None, months: int | None) -> str | None:
    """Return the day so many months later, as SQLite keeps days."""
    if day is None or months is None:
        return None
    return plus_months(date.fromisoformat(day), months).isoformat()


def number(day: date) -> int:
    """Return the number of a day."""
    return (day - EPOCH).days


def day_number(day: Any) -> ColumnElement[int]:
    """Return the number of a column of days."""
    return DayNumber(day)


def months_later(day: Any, months: Any) -> ColumnElement[date]:
    """Return a column of days moved by months."""
    return PlusMonths(day, months)


def latest(first: Any, second: Any) -> ColumnElement[int]:
    """Return the later of two day numbers, the known one where one is unknown."""
    return Latest(first, second)


def earliest(first: Any, second: Any) -> ColumnElement[int]:
    """Return the earlier of two day numbers, the known one where one is unknown."""
    return Earliest(first, second)
