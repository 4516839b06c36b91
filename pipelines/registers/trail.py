"""The audit as an auditor reads it, and of it who read whom as a supervisor does; each look into it is recorded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from pipelines.access.audit import Break, breaks, last_event, record
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject
from pipelines.registers.rows import require
from pipelines.store.trail import Trail


def trail_page(
    connection: Connection, subject: Subject, *, before: int | None, limit: int, filters: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    """Return the next rows before a number, the newest first.

    Raises
    ------
    Forbidden
        When the role may not read the audit for the stated purpose.
    """
    require(subject, Action.READ_AUDIT)
    found = Trail(connection, subject).page(before=before, limit=limit, filters=filters)
    details = {f"by-{name.replace('_', '-')}": value is not None for name, value in filters.items()}
    record(connection, subject.by, Action.READ_AUDIT.value, object_kind="audit", details=details)
    return [{**row, "at": row["at"].isoformat(), "details": json.loads(row["details"])} for row in found]


def reads_page(
    connection: Connection, subject: Subject, *, before: int | None, limit: int, filters: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    """Return who read whom for which purpose, the newest first, in the own organisation and below.

    Raises
    ------
    Forbidden
        When the role may not see it for the stated purpose.
    """
    require(subject, Action.READ_READS)
    found = Trail(connection, subject).page(before=before, limit=limit, filters=filters, reads_only=True)
    details = {f"by-{name.replace('_', '-')}": value is not None for name, value in filters.items()}
    record(connection, subject.by, Action.READ_READS.value, object_kind="audit", details=details)
    return [{**row, "at": row["at"].isoformat(), "details": json.loads(row["details"])} for row in found]


@dataclass(frozen=True, slots=True)
class ChainState:
    """Whether the chain holds: from which row on it was looked at, the last one, and where it breaks first."""

    last: int
    since: int
    broken: tuple[Break, ...]


MOST_TOLD = 20


def chain_state(connection: Connection, subject: Subject, *, latest: int | None = None) -> ChainState:
    """Return whether the chain holds: of the latest rows, or the whole of it.

    Raises
    ------
    Forbidden
        When the role sees nothing of the audit for the stated purpose.
    """
    if not (subject.may(Action.READ_AUDIT) or subject.may(Action.READ_READS)):
        raise Forbidden("您的角色不能为这一目的查看")
    last = last_event(connection)
    after = 0 if latest is None else max(0, last - latest)
    found = tuple(islice(breaks(connection, after=after), MOST_TOLD))
    return ChainState(last, after + 1, found)
