"""Posts by a sheet: the empty one, a try that keeps nothing, and what became of each row, shown in place."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.errors import problem_title
from api.forms import form_sent
from api.idempotency import REPLAYED, Answer, once
from api.pages.posts import has_to_register
from api.pages.render import REQUEST_KEY, page, see_other
from api.pages.words import words
from api.settings import today
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.registers.errors import UploadRefused
from pipelines.registers.uploads import Upload, rejected_rows, upload_document
from pipelines.vacancy_workflow.service import DRAFTS_A_DAY
from pipelines.vacancy_workflow.sheet import MOST_ROWS, begin_sheet, empty_sheet, shown_rows, take_sheet

router = APIRouter(prefix="/posts/sheet", include_in_schema=False)
_WRITE = page_for(Action.WRITE_IMPORTS, Purpose.RECRUITMENT)
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SUFFIXES = (".csv", ".xlsx")
_SHOWN = 200


@router.get("")
@declare(_WRITE)
def ask(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Offer the empty sheet, and take a filled one; a company registers itself first."""
    if has_to_register(access, subject):
        return see_other("/company/edit")
    return _page(request)


def _page(request: Request, refused: str = "", status: int = 200) -> Response:
    return page(request, "post_sheet.html", status, refused=refused, most_rows=MOST_ROWS, a_day=DRAFTS_A_DAY)


@router.get("/empty.xlsx")
@declare(_WRITE)
def empty() -> Response:
    """Return the empty sheet."""
    told = {"Content-Disposition": 'attachment; filename="yougang-posts.xlsx"'}
    return Response(empty_sheet(), media_type=_KIND, headers=told)


@router.post("")
@declare(_WRITE)
def take(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Make a draft of each row of a sheet, or only try; sent twice it is read once."""
    if has_to_register(access, subject):
        return see_other("/company/edit")
    form = form_sent(request)
    file = form.files.get("file")
    if file is None or not file.filename:
        return _page(request, words()("offline.none"), 422)
    suffix = Path(file.filename).suffix.lower()
    if suffix not in _SUFFIXES:
        return _page(request, problem_title(UploadRefused("")), 422)
    is_dry_run = bool(form.text("dry_run"))
    begun: list[Upload] = []

    def work(connection: Connection) -> Answer:
        begun[:] = [begin_sheet(connection, subject, is_dry_run=is_dry_run, at=moment())]
        upload_id = begun[0].upload_id
        return Answer(201, {"import_id": upload_id}, {}, ("upload", upload_id))

    kept = once(request, access, subject, work, key=form.text(REQUEST_KEY))
    if REPLAYED not in kept.headers:
        _read(access, subject, begun[0], file.file, suffix)
    return see_other(f"/posts/sheet/{json.loads(bytes(kept.body))['import_id']}")


def _read(access: Access, subject: Subject, upload: Upload, stream: Any, suffix: str) -> None:
    """Read a sheet in transactions of its own: the answer to the key is kept already, a repeat starts nothing."""
    with tempfile.TemporaryDirectory(prefix="yougang-sheet-") as folder:
        sheet = Path(folder) / f"sheet{suffix}"
        with sheet.open("wb") as out:
            shutil.copyfileobj(stream, out)
        take_sheet(access.engine, subject, upload, sheet, on=today(), now=moment())


@router.get("/{import_id}")
@declare(_WRITE)
def told(request: Request, access: AccessDep, subject: SubjectDep, import_id: str) -> Response:
    """Say what became of a sheet, with the rows that were not taken and why."""
    rows: list[Any] = []
    with access.engine.begin() as connection:
        document = upload_document(connection, subject, import_id)
        if document["rejected"]:
            rows = list(shown_rows(rejected_rows(connection, subject, import_id)))
    return page(
        request, "post_sheet_done.html", upload=document, rows=rows[:_SHOWN], n_more=max(0, len(rows) - _SHOWN)
    )  # fmt: skip


@router.get("/{import_id}/rejects.csv")
@declare(_WRITE)
def rejects(access: AccessDep, subject: SubjectDep, import_id: str) -> Response:
    """Return the rows that were not taken as a file."""
    with access.engine.begin() as connection:
        text = rejected_rows(connection, subject, import_id)
    told = {"Content-Disposition": 'attachment; filename="rejects.csv"'}
    return Response(text.encode(), media_type="text/csv; charset=utf-8", headers=told)
