"""The audit as an auditor reads it; each look into it is recorded."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from pipelines.access.audit import record
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
