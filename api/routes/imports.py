"""Imports: a sheet for one table as an upload, what became of it, and its rejected rows to mend."""

import hashlib
import json
import shutil
import tempfile
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.clock import moment
from api.cursors import PageDep
from api.idempotency import REPLAYED, Answer, once
from api.settings import today
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.plan_schema import IMPORTED
from pipelines.registers.errors import UploadRefused
from pipelines.registers.uploads import BROKEN, Upload, begin, end, rejected_rows, take, upload_document, uploads_page
from pipelines.sources.mapping import Mapping
from pipelines.sources.mapping_file import shipped_names

router = APIRouter(prefix="/imports", tags=["imports"])
_READ = for_action(Action.READ_IMPORTS, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_IMPORTS, Purpose.JOB_MATCHING)
_SUFFIXES = (".csv", ".xlsx")
_PIECE = 1 << 20
Table = StrEnum("Table", {name: name for name in IMPORTED})  # type: ignore[misc]  # the names are the interface's


class Import(Kept):
    """一次导入：读入 = 接收 + 未变 + 拒收。"""

    import_id: str
    table: str
    dry_run: bool
    state: str
    state_label: str = ""
    started_at: str
    ended_at: str | None
    read: int | None
    accepted: int | None
    unchanged: int | None
    rejected: int | None
    notes: dict[str, int]


class ImportPage(Kept):
    """一页导入记录，新的在前。"""

    items: list[Import]
    next_cursor: str | None


@router.post("/{table}", status_code=201, responses={201: {"model": Import}})
@declare(_WRITE)
def add_import(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    table: Table,
    file: UploadFile,
    mapping: Annotated[str | None, Form(max_length=64, description="随附对照表的名称")] = None,
    dry_run: Annotated[bool, Form(description="只检查，不写入")] = False,
) -> Response:
    """Take a sheet (CSV or XLSX); rows that cannot be taken are rejected alone and handed out under the import's id."""
    return take_in(request, access, subject, table.value, file, mapping=mapping, dry_run=dry_run)


def take_in(
    request: Request,
    access: Access,
    subject: Subject,
    table: str,
    file: UploadFile,
    *,
    mapping: str | None = None,
    dry_run: bool = False,
    key: str | None = None,
) -> Response:
    """Import a sheet once, however often it is sent; `key` stands for the request where a form carries it."""
    suffix = Path(file.filename or "").suffix.lower()
    if suffix not in _SUFFIXES:
        raise UploadRefused("文件应为 .csv 或 .xlsx")
    if mapping is not None and mapping not in shipped_names():
        raise UploadRefused("没有这个名称的对照表")
    said = json.dumps([table, suffix, mapping, dry_run, _digest(file.file)])
    begun: list[Upload] = []

    def work(connection: Connection) -> Answer:
        begun[:] = [begin(connection, subject, table, is_dry_run=dry_run, at=moment())]
        document = upload_document(connection, subject, begun[0].upload_id)
        return Answer(201, document, {}, ("upload", begun[0].upload_id))

    kept = once(request, access, subject, work, said=said, key=key)
    import_id = json.loads(bytes(kept.body))["import_id"]
    if REPLAYED in kept.headers:
        return _current(access, subject, import_id)
    found = _taken(access, subject, begun[0], file.file, suffix, mapping)
    return JSONResponse(found, status_code=201, headers={"Location": f"/api/v1/imports/{import_id}"})


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(_PIECE):
        digest.update(piece)
    stream.seek(0)
    return digest.hexdigest()


def _taken(
    access: Access, subject: Subject, upload: Upload, stream: BinaryIO, suffix: str, mapping: str | None
) -> dict[str, Any]:
    """Import in transactions of its own: the answer to the key is kept already, so that a repeat starts nothing."""
    with tempfile.TemporaryDirectory(prefix="yougang-import-") as folder:
        sheet = Path(folder) / f"sheet{suffix}"
        with sheet.open("wb") as out:
            shutil.copyfileobj(stream, out)
        found, document = BROKEN, {}
        try:
            read_as = None if mapping is None else Mapping.load(mapping)
            found = take(access.engine, subject, upload, sheet, read_as, today())
        finally:
            # Whatever happened, nobody is left to wait for an import that runs no longer.
            with access.engine.begin() as connection:
                document = end(connection, subject, upload, found, at=moment())
    return document


def _current(access: Access, subject: Subject, import_id: str) -> Response:
    with access.engine.connect() as connection:
        document = upload_document(connection, subject, import_id)
    return JSONResponse(
        document, status_code=201, headers={REPLAYED: "true", "Location": f"/api/v1/imports/{import_id}"}
    )


@router.get("", responses={200: {"model": ImportPage}})
@declare(_READ)
def imports(access: AccessDep, subject: SubjectDep, page: PageDep) -> Response:
    """Return the imports of the own organisation, the newest first."""
    after = page.after(subject, {})
    before: tuple[datetime, str] | None = None if after is None else (after[0], after[1])
    with access.engine.connect() as connection:
        found = uploads_page(connection, subject, before=before, limit=page.limit + 1)
    shown, following = found[: page.limit], None
    if len(found) > page.limit:
        last = shown[-1]
        following = page.next(subject, {}, (datetime.fromisoformat(last["started_at"]), last["import_id"]))
    return JSONResponse({"items": shown, "next_cursor": following})


@router.get("/{import_id}", responses={200: {"model": Import}})
@declare(_READ)
def one_import(access: AccessDep, subject: SubjectDep, import_id: str) -> dict[str, Any]:
    """Return what became of an import."""
    with access.engine.connect() as connection:
        return upload_document(connection, subject, import_id)


@router.get("/{import_id}/rejects", responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}})
@declare(_READ)
def rejects(access: AccessDep, subject: SubjectDep, import_id: str) -> Response:
    """Return the rejected rows of an import as CSV: row number, column, value (masked where personal) and reason."""
    with access.engine.begin() as connection:
        text = rejected_rows(connection, subject, import_id)
    told = {"Content-Disposition": 'attachment; filename="rejects.csv"'}
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=told)
