"""Exchange files for the federation's platforms: what an employer's year is checked for first, and the files."""

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.settings import today
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose
from pipelines.exchange.checks import certification
from pipelines.exchange.files import Wanted, write_file

router = APIRouter(prefix="/exchange", tags=["exchange"])
HAND_OUT = for_action(Action.HAND_OUT_FILES, Purpose.DATA_EXCHANGE)
FIRST_YEAR, LAST_YEAR = 2015, 2100
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Year = Annotated[int, Query(ge=FIRST_YEAR, le=LAST_YEAR)]
EmployerId = Annotated[str, Query(max_length=64)]


@router.get("/certification")
@declare(HAND_OUT)
def checks(access: AccessDep, subject: SubjectDep, employer_id: EmployerId, year: Year) -> dict[str, Any]:
    """Check an employer's year before it is handed in for certification; names and numbers are not in the answer."""
    with access.engine.begin() as connection:
        return certification(connection, subject, rulebook(), employer_id, year, today()).as_dict()


@router.get("/files/{kind}", response_class=Response)
@declare(HAND_OUT)
def file(
    access: AccessDep,
    subject: SubjectDep,
    kind: Literal["certification", "realname", "training"],
    year: Year,
    employer_id: Annotated[str | None, Query(max_length=64)] = None,
    ending: Literal["csv", "xlsx"] = "xlsx",
) -> Response:
    """Return an exchange file: it holds names and certificate numbers, and each person in it stands in the audit."""
    with tempfile.TemporaryDirectory() as folder, access.engine.begin() as connection:
        out = Path(folder) / f"{kind}.{ending}"
        write_file(connection, subject, rulebook(), Wanted(kind, today(), year, employer_id), out)
        content = out.read_bytes()
    return handed_out(content, f"{kind}-{year}.{ending}", KINDS[ending])


def handed_out(content: bytes, name: str, kind: str) -> Response:
    """Return a file to be kept by whoever asked and by nobody on the way."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=kind, headers=headers)
