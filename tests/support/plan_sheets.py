"""Sheets of the plan's actions, imported as an office imports them."""

from pathlib import Path

from sqlalchemy import Engine

from pipelines.access.roles import Subject
from pipelines.ingest import IngestReport, ingest
from pipelines.plan_schema import IMPORTED
from tests.support.builders import TODAY
from tests.support.stores import PROGRAM


def imported(engine: Engine, folder: Path, table: str, *lines: str, subject: Subject = PROGRAM) -> IngestReport:
    """Import a sheet of these lines, the first one its headers."""
    path = folder / f"{table}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ingest(engine, IMPORTED[table], path, subject=subject, supplied_by="县残联", on=TODAY)
