"""One row by its id, with what belongs to it, in one statement that is put together once for whom it is asked.

A row is asked for at nearly every request; putting the statement together would take longer than the database does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from pipelines.access.audit import event_of, linked_to, record
from pipelines.access.roles import Subject
from pipelines.schema import CANDIDATES
from pipelines.store import tables
from pipelines.store.reach import reach
from pipelines.store.repositories import TableRepository

KEPT = 512
"""So many statements are kept of each kind: one for each who asks, the latest."""
WANTED = "wanted"
"""The parameter of the id."""


class Rows(FunctionElement[Any]):
    """The rows of a query of its own as one JSON array of arrays; null where there are none."""

    inherit_cache = True
    name = "rows_as_json"
    type = NullType()


@compiles(Rows)
def _of_sqlite(element: Rows, compiler: SQLCompiler, **kw: Any) -> str:
    return f"nullif(json_group_array(json_array({compiler.process(element.clauses, **kw)})), '[]')"


@compiles(Rows, "postgresql")
def _of_postgresql(element: Rows, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(element.clauses, **kw)}))::text"


@dataclass(frozen=True, slots=True)
class Person:
    """A person's values, the version, and by fact who supplied it and the day."""

    values: dict[str, Any]
    version: int
    sources: Mapping[str, tuple[str, str]]


class PersonRepository(TableRepository):
    """One person, with who supplied each fact and when."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, CANDIDATES, subject)

    def one(self, candidate_id: str) -> Person | None:
        """Return a visible person, or None for nobody; who hands it out records that."""
        row = self.connection.execute(_person(self.subject), {WANTED: candidate_id}).first()
        return None if row is None else self._read(row)

    def read(self, candidate_id: str, action: str) -> Person | None:
        """Return a visible person and record the read, or return None for nobody, of whom nothing is recorded.

        On PostgreSQL it is one statement: either both are done or neither, and the end of the audit's chain, for which
        every reader waits, is not held while anything comes and goes between the program and the database.
        """
        if self.connection.dialect.name != "postgresql":
            found = self.one(candidate_id)
            if found is not None:
                record(self.connection, self.subject.by, action, object_kind="candidate", object_id=candidate_id)
            return found
        event = event_of(self.subject.by, action, object_kind="candidate", object_id=candidate_id)
        row = self.connection.execute(_read_person(self.subject), {WANTED: candidate_id, **event}).first()
        return None if row is None else self._read(row[:-1])

    def _read(self, row: Sequence[Any]) -> Person:
        *values, version, sources = row
        by_fact = {fact: (by, on) for fact, by, on in json.loads(sources or "[]")}
        return Person(self._values(values), int(version), by_fact)


@lru_cache(maxsize=KEPT)
def _person(subject: Subject) -> Select[Any]:
    people, f = tables.CASE_TABLES["candidates"].c, tables.fact_sources.c
    sources = select(Rows(f.fact, f.supplied_by, f.supplied_on)).where(f.candidate_id == people.candidate_id)
    columns = [people[column.name] for column in CANDIDATES.columns]
    statement = select(*columns, people.row_version, sources.scalar_subquery().label("sources"))
    condition = reach("candidates", subject)
    statement = statement.where(people.candidate_id == bindparam(WANTED))
    return statement if condition is None else statement.where(condition)


@lru_cache(maxsize=KEPT)
def _read_person(subject: Subject) -> Select[Any]:
    found = _person(subject).cte("found")
    row = linked_to(found)
    return select(found, row.c.sequence).select_from(found.join(row, true()))
