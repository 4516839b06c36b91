"""Rows that speak of people, with sealed words: what the repositories of casework share."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Connection, Select, Table, select, update

from pipelines.access.roles import Subject
from pipelines.access.vault import Place, Vault
from pipelines.store import tables
from pipelines.store.caseload_tables import (
    case_notes,
    distinct_people,
    handovers,
    person_merges,
    plans,
    task_steps,
    tasks,
)
from pipelines.store.planned_tables import planned_handovers
from pipelines.store.reach import reach
from pipelines.store.sealed import vault_of

Row = dict[str, Any]
SEALED: Mapping[str, tuple[str, ...]] = {
    "case_notes": ("words",),
    "plans": ("words", "entry_words", "exit_words"),
    "tasks": ("words",),
    "task_steps": ("reason",),
    "handovers": ("words",),
    "distinct_people": ("words",),
    "person_merges": ("words", "snapshot"),
    "planned_handovers": ("words",),
}
"""What staff write of people in words of their own."""
_KEYS = {
    "case_notes": "note_id",
    "plans": "plan_id",
    "tasks": "task_id",
    "task_steps": "step_id",
    "handovers": "handover_id",
    "distinct_people": "decision_id",
    "person_merges": "merge_id",
    "planned_handovers": "planned_id",
}


class OfPeople:
    """Rows of one table, of the people whom a subject sees."""

    table: ClassVar[Table]

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _reach(self) -> list[ColumnElement[bool]]:
        """Return the condition of the people whom the subject sees, in a list; an empty one where it sees everybody."""
        condition = reach("candidates", self.subject)
        if condition is None:
            return []
        people = tables.CASE_TABLES["candidates"].c
        return [self.table.c.candidate_id.in_(select(people.candidate_id).where(condition))]

    def _readable(self, *columns: Any) -> Select[Any]:
        """Return the statement that every other one starts from."""
        return select(*(columns or (self.table,))).where(*self._reach())

    def _sealed(self, values: Mapping[str, Any]) -> Row:
        return {**values, **_seal(vault_of(self.connection), self.table.name, values)}

    def _opened(self, rows: Iterable[Any]) -> list[Row]:
        vault, name = vault_of(self.connection), self.table.name
        return [
            {**row._mapping, **_open(vault, name, row._mapping[_KEYS[self.table.name]], row._mapping)} for row in rows
        ]


def _seal(vault: Vault, table: str, values: Mapping[str, Any]) -> Row:
    row = values[_KEYS[table]]
    names = [name for name in SEALED[table] if values.get(name) is not None]
    return {name: vault.seal(values[name], Place(table, name, row)) for name in names}


def _open(vault: Vault, table: str, row: str, values: Mapping[str, Any]) -> Row:
    names = [name for name in SEALED[table] if values.get(name) is not None]
    return {name: vault.open(values[name], Place(table, name, row)) for name in names}


def reseal(connection: Connection) -> int:
    """Seal what these tables hold with the current key; return how many values changed.

    The caller records it first: the database takes no write that nobody answers for.
    """
    vault, n = vault_of(connection), 0
    for table in (case_notes, plans, tasks, task_steps, handovers, distinct_people, person_merges, planned_handovers):
        key = _KEYS[table.name]
        for name in SEALED[table.name]:
            rows = connection.execute(select(table.c[key], table.c[name]).where(table.c[name].is_not(None))).all()
            for row, kept in rows:
                if vault.is_current(kept):
                    continue
                place = Place(table.name, name, row)
                again = vault.seal(vault.open(kept, place), place)
                connection.execute(update(table).where(table.c[key] == row).values({name: again}))
                n += 1
    return n
