"""A sheet that came over HTTP: kept as an upload, imported as the subject that sent it, its rejected rows beside it.

The file lies in a folder of its own under a name of ours, and is gone when it was read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine

from pipelines.access.audit import record
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject
from pipelines.consent.effects import SHANGHAI
from pipelines.errors import PipelineError
from pipelines.ingest import ImportBroken, IngestReport, ingest
from pipelines.mapping_protocol import RowMapping
from pipelines.notices.tell import of_import
from pipelines.plan_schema import IMPORTED
from pipelines.registers.errors import NoSuchRecord
from pipelines.registers.rows import require
from pipelines.schema import TableSpec
from pipelines.sheets import SheetError
from pipelines.store.uploads import Before, UploadRepository

WRITES: Mapping[str, Action] = {
    "employers": Action.WRITE_EMPLOYERS,
    "vacancies": Action.WRITE_VACANCIES,
    "candidates": Action.WRITE_CANDIDATES,
    "interactions": Action.WRITE_INTERACTIONS,
    "placements": Action.WRITE_PLACEMENTS,
    "services": Action.WRITE_SERVICES,
    "courses": Action.WRITE_COURSES,
    "enrolments": Action.WRITE_SERVICES,
    "sites": Action.WRITE_SERVICES,
    "labour_projects": Action.WRITE_SERVICES,
    "office_checks": Action.WRITE_SERVICES,
    "service_contracts": Action.WRITE_SERVICES,
    "initiatives": Action.WRITE_INITIATIVES,
    "initiative_posts": Action.WRITE_INITIATIVES,
    "initiative_people": Action.WRITE_INITIATIVES,
    "unit_records": Action.WRITE_UNIT_RECORDS,
    "publicity": Action.WRITE_INITIATIVES,
    "course_reviews": Action.WRITE_COURSES,
    "ventures": Action.WRITE_SERVICES,
    "visits": Action.WRITE_SERVICES,
}
READS: Mapping[str, Action] = {name: Action(action.value.replace(".write", ".read")) for name, action in WRITES.items()}
_REFUSED = "这个角色不能成批导入这张表"


@dataclass(frozen=True, slots=True)
class Upload:
    """A sheet on its way in."""

    upload_id: str
    table: TableSpec
    is_dry_run: bool


def begin(connection: Connection, subject: Subject, table: str, *, is_dry_run: bool, at: datetime) -> Upload:
    """Keep that a sheet arrived.

    Raises
    ------
    Forbidden
        When the role may not import this table for the stated purpose. A company's vacancies go through the check and
        another person's approval one by one, so that no sheet of them passes by.
    """
    require(subject, Action.WRITE_IMPORTS)
    require(subject, WRITES[table])
    if not subject.sees_people and not is_dry_run:
        raise Forbidden(_REFUSED)
    upload = Upload(str(uuid4()), IMPORTED[table], is_dry_run)
    record(
        connection,
        subject.by,
        Action.WRITE_IMPORTS.value,
        object_kind="upload",
        object_id=upload.upload_id,
        details={"table": table, "dry-run": is_dry_run},
        at=at,
    )
    UploadRepository(connection, subject).add(
        {
            "upload_id": upload.upload_id,
            "organisation_id": subject.organisation_id,
            "actor": subject.by.actor,
            "table_name": table,
            "is_dry_run": is_dry_run,
            "state": "running",
            "started_at": at,
        }
    )
    return upload


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a sheet."""

    state: str
    report: IngestReport | None
    rejects: str | None


_STATES = {
    "running": "正在导入",
    "done": "已完成",
    "unreadable": "文件无法读取，没有导入：请检查格式、编码（UTF-8 或 GB18030）和表头",
    "broken": "导入中断，已接收的行有效：请用新的编号再发一次",
}
BROKEN = Outcome("broken", None, None)
"""What became of a sheet where nothing else is known: it may be sent again, rows taken before are unchanged."""


def take(
    engine: Engine, subject: Subject, upload: Upload, sheet: Path, mapping: RowMapping | None, on: date
) -> Outcome:
    """Import the sheet of an upload; a file that cannot be read is an outcome, not an error."""
    rejects = sheet.with_name("rejects.csv")
    try:
        report = ingest(
            engine,
            upload.table,
            sheet,
            subject=subject,
            supplied_by=subject.by.actor,
            on=on,
            mapping=mapping,
            dry_run=upload.is_dry_run,
            rejects_path=rejects,
        )
    except ImportBroken as error:
        return Outcome("broken", error.report, _text(rejects))
    except SheetError:
        # The words of this error may hold a header, and a sheet without one has a person's data there.
        return Outcome("unreadable", None, None)
    except PipelineError:
        return Outcome("broken", None, _text(rejects))
    return Outcome("done", report, _text(rejects) if report.rejected else None)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def end(connection: Connection, subject: Subject, upload: Upload, found: Outcome, *, at: datetime) -> dict[str, Any]:
    """Keep what became of an upload and return it as it travels."""
    counts: dict[str, Any] = {}
    if found.report is not None:
        report = found.report
        counts = {
            "read": report.read,
            "accepted": report.accepted,
            "unchanged": report.unchanged,
            "rejected": report.rejected,
            "notes": json.dumps(dict(report.notes)),
        }
    repository = UploadRepository(connection, subject)
    record(
        connection, subject.by, "imports.end", object_kind="upload", object_id=upload.upload_id,
        details={"state": found.state}, at=at,
    )  # fmt: skip
    repository.end(upload.upload_id, {"state": found.state, "ended_at": at, **counts}, found.rejects)
    rejected = int(counts.get("rejected", 0))
    if not upload.is_dry_run and (found.state != "done" or rejected):
        on = at.astimezone(SHANGHAI).date()
        of_import(connection, subject, upload.upload_id, found.state, rejected, at=at, on=on)
    return upload_document(connection, subject, upload.upload_id)


def upload_document(connection: Connection, subject: Subject, upload_id: str) -> dict[str, Any]:
    """Return an upload of the own organisation as it travels.

    Raises
    ------
    NoSuchRecord
        When there is none, or it is another organisation's.
    Forbidden
        When the role may not read imports for the stated purpose.
    """
    found = UploadRepository(connection, subject).get(upload_id)
    if found is None:
        raise NoSuchRecord("没有这条记录")
    require(subject, Action.READ_IMPORTS)
    return _document(found)


def rejected_rows(connection: Connection, subject: Subject, upload_id: str) -> str:
    """Return the rejected rows of an upload as CSV; recorded.

    Raises
    ------
    NoSuchRecord
        When there is no such upload, or it kept none.
    Forbidden
        When the role may not read imports for the stated purpose.
    """
    upload_document(connection, subject, upload_id)
    text = UploadRepository(connection, subject).rejects(upload_id)
    if text is None:
        raise NoSuchRecord("没有这条记录")
    record(connection, subject.by, Action.READ_IMPORTS.value, object_kind="upload", object_id=upload_id)
    return text


def uploads_page(
    connection: Connection, subject: Subject, *, before: Before | None, limit: int
) -> list[dict[str, Any]]:
    """Return the next uploads of the own organisation, the newest first.

    Raises
    ------
    Forbidden
        When the role may not read imports for the stated purpose.
    """
    require(subject, Action.READ_IMPORTS)
    return [_document(row) for row in UploadRepository(connection, subject).page(before=before, limit=limit)]


def _document(row: Mapping[str, Any]) -> dict[str, Any]:
    ended = row["ended_at"]
    return {
        "import_id": row["upload_id"],
        "table": row["table_name"],
        "dry_run": row["is_dry_run"],
        "state": row["state"],
        "state_label": _STATES[row["state"]],
        "started_at": row["started_at"].isoformat(),
        "ended_at": None if ended is None else ended.isoformat(),
        **{name: row[name] for name in ("read", "accepted", "unchanged", "rejected")},
        "notes": json.loads(row["notes"] or "{}"),
    }
