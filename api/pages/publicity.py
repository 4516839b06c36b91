"""Publicity of a year as a page: how often by medium, the list, and a form; and reviews of a training project."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.pages.fields import cells_from, fields_of, wrongs
from api.pages.render import REQUEST_KEY, page, see_other
from api.settings import today
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.duties.places import area_of
from pipelines.publicity import publicity_document
from pipelines.publicity_tables import PUBLICITY
from pipelines.registers.errors import AlreadyRegistered, Fault, RowRefused
from pipelines.registers.rows import Register

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_INITIATIVES, Purpose.JOB_MATCHING)
_WRITE = page_for(Action.WRITE_INITIATIVES, Purpose.JOB_MATCHING)
_COLUMNS = tuple(column.name for column in PUBLICITY.columns if column.name != "publicity_id")
_MOST = 300
Year = Annotated[int | None, Query(ge=2000, le=2100)]


@router.get("/publicity")
@declare(_READ)
def publicity(request: Request, access: AccessDep, subject: SubjectDep, year: Year = None) -> Response:
    """Show what was told to the public in a year."""
    return _page(request, access, subject, year or today().year)


def _page(
    request: Request,
    access: Access,
    subject: Subject,
    year: int,
    form: Form | None = None,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Response:
    on = today()
    with access.engine.begin() as connection:
        found = publicity_document(connection, subject, year, on, area_of(connection, None, on))
    return page(
        request,
        "publicity.html",
        status,
        found=found,
        year=year,
        years=list(range(on.year, on.year - 5, -1)),
        most=_MOST,
        fields=[
            replace(one, hint="") if one.name == "title" else one
            for one in fields_of(PUBLICITY, _COLUMNS, {"on": on}, form, faults)
        ],
        faults=wrongs(PUBLICITY, faults, _COLUMNS),
        may_write=subject.may(Action.WRITE_INITIATIVES),
    )


@router.post("/publicity")
@declare(_WRITE)
def add(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Record something told to the public."""
    form = form_sent(request)
    cells = {**cells_from(PUBLICITY, _COLUMNS, {}, form), "publicity_id": f"x-{form.text(REQUEST_KEY)}"}

    def work(connection: Connection) -> Answer:
        Register(connection, PUBLICITY, subject).add(cells, Action.WRITE_INITIATIVES, on=today())
        return Answer(201, None, {})

    try:
        once(request, access, subject, work, key=form.text(REQUEST_KEY))
    except RowRefused as error:
        return _page(request, access, subject, today().year, form, error.faults, 422)
    except AlreadyRegistered as error:
        return _page(request, access, subject, today().year, form, (Fault("on", problem_title(error)),), 409)
    return see_other("/publicity", "publicity_kept")
