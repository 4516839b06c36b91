"""Sheets filled in without a line and imported back: the empty one, one of a person, and what became of one."""

import csv
import io
import json
from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.errors import problem_title
from api.forms import form_sent
from api.pages.people import READ
from api.pages.render import REQUEST_KEY, page, see_other
from api.pages.words import words
from api.routes.imports import take_in
from api.rows import acting
from pipelines.access.roles import Action, Purpose
from pipelines.registers.errors import UploadRefused
from pipelines.registers.offline import offline_sheet
from pipelines.registers.uploads import rejected_rows, upload_document
from pipelines.schema import CANDIDATES

router = APIRouter(include_in_schema=False)
_WRITE = page_for(Action.WRITE_IMPORTS, Purpose.JOB_MATCHING)
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHOWN = 200


def _file(content: bytes) -> Response:
    told = {"Content-Disposition": 'attachment; filename="yougang.xlsx"'}
    return Response(content, media_type=_SHEET, headers=told)


@router.get("/offline")
@declare(_WRITE)
def ask(request: Request) -> Response:
    """Offer the empty sheet, and take a filled one."""
    return page(request, "offline.html", refused="")


@router.get("/offline/empty.xlsx")
@declare(_WRITE)
def empty(access: AccessDep, subject: SubjectDep) -> Response:
    """Return the empty sheet."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        return _file(offline_sheet(connection, subject, None))


@router.get("/people/{candidate_id}/offline.xlsx")
@declare(READ)
def of_person(access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Return the sheet of a person, with what is known and not sealed."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        return _file(offline_sheet(connection, subject, candidate_id))


@router.post("/offline")
@declare(_WRITE)
def take(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Import a filled sheet."""
    form = form_sent(request)
    file = form.files.get("file")
    if file is None or not file.filename:
        return page(request, "offline.html", 422, refused=words()("offline.none"))
    try:
        kept = take_in(
            request,
            access,
            subject,
            "candidates",
            file,  # type: ignore[arg-type]  # FastAPI's own class adds nothing that is used
            dry_run=bool(form.text("dry_run")),
            key=form.text(REQUEST_KEY),
        )
    except UploadRefused as error:
        return page(request, "offline.html", 422, refused=problem_title(error))
    return see_other(f"/offline/{json.loads(bytes(kept.body))['import_id']}")


@router.get("/offline/{import_id}")
@declare(_WRITE)
def told(request: Request, access: AccessDep, subject: SubjectDep, import_id: str) -> Response:
    """Say what became of a sheet, with the rows that were not taken and why."""
    rows: list[list[str]] = []
    with access.engine.begin() as connection:
        document: dict[str, Any] = upload_document(connection, subject, import_id)
        if document["rejected"]:
            text = rejected_rows(connection, subject, import_id)
            rows = [_in_words(row) for row in list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))[1:]]
    return page(request, "offline_done.html", upload=document, rows=rows[:_SHOWN], n_more=max(0, len(rows) - _SHOWN))


def _in_words(row: list[str]) -> list[str]:
    """Return a rejected row with its column as people call it; the value is left out, for it may tell of somebody."""
    number, column, _, why = row
    known = CANDIDATES.by_name.get(column)
    return [number, column if known is None else known.label, why]
