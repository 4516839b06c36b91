"""The exchange files as a page: an employer's year checked before it is handed in, and the files to download."""

import tempfile
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.pages.render import page
from api.routes.exchange import FIRST_YEAR, KINDS, handed_out
from api.settings import today
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose
from pipelines.exchange.checks import certification, states_of
from pipelines.exchange.files import Wanted, write_file
from pipelines.exchange.sheets import SHEETS
from pipelines.registers.errors import NoSuchEmployer

router = APIRouter(prefix="/exchange", include_in_schema=False)
_HAND_OUT = page_for(Action.HAND_OUT_FILES, Purpose.DATA_EXCHANGE)


def _year(text: str) -> int:
    last = today().year
    return int(text) if text.isascii() and text.isdigit() and FIRST_YEAR <= int(text) <= last else last - 1


@router.get("")
@declare(_HAND_OUT)
def exchange(
    request: Request, access: AccessDep, subject: SubjectDep, employer_id: str = "", year: str = ""
) -> Response:
    """Show what an employer's year is checked for, where one is named, and which files there are."""
    wanted, found, is_unknown = _year(year), None, False
    if employer_id:
        try:
            with access.engine.begin() as connection:
                found = certification(connection, subject, rulebook(), employer_id, wanted, today())
        except NoSuchEmployer:
            is_unknown = True
    return page(
        request,
        "exchange.html",
        404 if is_unknown else 200,
        year=wanted,
        years=list(range(today().year, today().year - 5, -1)),
        employer_id=employer_id,
        is_unknown=is_unknown,
        found=None if found is None else found.as_dict(),
        states=None if found is None else states_of(found.lines),
        sheets={name: sheet.label for name, sheet in SHEETS.items() if name != "certification"},
    )


@router.get("/files/{kind}")
@declare(_HAND_OUT)
def file(
    access: AccessDep,
    subject: SubjectDep,
    kind: Literal["certification", "realname", "training"],
    year: str = "",
    employer_id: str | None = None,
) -> Response:
    """Return a file as a workbook; it holds names and numbers, and everybody in it stands in the audit."""
    wanted = Wanted(kind, today(), _year(year), employer_id)
    with tempfile.TemporaryDirectory() as folder, access.engine.begin() as connection:
        out = Path(folder) / f"{kind}.xlsx"
        write_file(connection, subject, rulebook(), wanted, out)
        return handed_out(out.read_bytes(), f"{kind}-{wanted.year}.xlsx", KINDS["xlsx"])
