"""Records of units as pages: the lists of a year for supervisors, and a company's figures for its own report."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.kept_work import KeptWork
from api.pages.company import is_registered, own_id
from api.pages.fields import cells_from, fields_of, wrongs
from api.pages.render import REQUEST_KEY, page, see_other
from api.pages.supervision import MOMENT_SECONDS
from api.pages.tabs import tabs_of
from api.routes.unit_records import csv_answer, social_file
from api.settings import today
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.duties.places import area_of
from pipelines.duties.unit_ledger import LISTS, ledger_cells, unit_ledger
from pipelines.plan_tables import UNIT_RECORDS
from pipelines.registers.errors import AlreadyRegistered, Fault, RowRefused
from pipelines.registers.rows import Register
from pipelines.reports.social import social_report

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_UNIT_RECORDS, Purpose.SUPERVISION)
_WRITE = page_for(Action.WRITE_UNIT_RECORDS, Purpose.JOB_MATCHING)
_OWN = page_for(Action.READ_QUOTA, Purpose.RECRUITMENT)
_OFFICE = page_for(Action.READ_QUOTA, Purpose.JOB_MATCHING)
_HERE, _USUAL, _MOST = "/supervision/ledger", "directed", 500
_COLUMNS = tuple(column.name for column in UNIT_RECORDS.columns if column.name != "record_id")
Year = Annotated[int | None, Query(ge=2000, le=2100)]
_PATIENCE_SECONDS = 40


@router.get(_HERE)
@declare(_READ)
def ledger(request: Request, access: AccessDep, subject: SubjectDep, name: str = _USUAL, year: Year = None) -> Response:
    """Show one of the lists of a year."""
    return _page(request, access, subject, name if name in LISTS else _USUAL, year or today().year)


def _found(
    request: Request, access: Access, subject: Subject, name: str, year: int, *, wait: float
) -> dict[str, Any] | None:
    """Return a list; what takes longer than a page may is worked out beside the requests and kept a while."""
    on = today()

    def work() -> dict[str, Any]:
        with access.engine.begin() as connection:
            return unit_ledger(connection, subject, name, year, on, area_of(connection, None, on))

    if not LISTS[name].is_long:
        return work()
    kept: KeptWork = request.app.state.kept_reports
    found: dict[str, Any] | None = kept.get((subject, "ledger", name, year, on), work, wait=wait)
    return found


def _page(
    request: Request,
    access: Access,
    subject: Subject,
    name: str,
    year: int,
    form: Form | None = None,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Response:
    on = today()
    reading = subject.stating(Purpose.SUPERVISION)
    found = _found(request, access, reading, name, year, wait=MOMENT_SECONDS)
    return page(
        request,
        "unit_ledger.html",
        status,
        tabs=tabs_of(reading, _HERE),
        lists={one: told.title for one, told in LISTS.items()},
        name=name,
        year=year,
        years=list(range(on.year + 1, on.year - 5, -1)),
        again=f"{_HERE}?name={name}&year={year}",
        found=found,
        most=_MOST,
        fields=fields_of(UNIT_RECORDS, _COLUMNS, {}, form, faults),
        faults=wrongs(UNIT_RECORDS, faults, _COLUMNS),
        may_write=subject.stating(Purpose.JOB_MATCHING).may(Action.WRITE_UNIT_RECORDS),
    )


@router.get(f"{_HERE}.csv")
@declare(_READ)
def ledger_sheet(
    request: Request, access: AccessDep, subject: SubjectDep, name: str = _USUAL, year: Year = None
) -> Response:
    """Hand one of the lists out as a sheet: that of publication is what is made public (公示)."""
    wanted = name if name in LISTS else _USUAL
    found = _found(request, access, subject, wanted, year or today().year, wait=_PATIENCE_SECONDS)
    if found is None:
        return see_other(f"{_HERE}?name={wanted}")
    return csv_answer(ledger_cells(found), f"units-{wanted}")


@router.post(_HERE)
@declare(_WRITE)
def add_record(
    request: Request, access: AccessDep, subject: SubjectDep, name: str = _USUAL, year: Year = None
) -> Response:
    """Keep a record of a unit."""
    form = form_sent(request)
    wanted, asked = name if name in LISTS else _USUAL, year or today().year
    cells = {**cells_from(UNIT_RECORDS, _COLUMNS, {}, form), "record_id": f"u-{form.text(REQUEST_KEY)}"}

    def work(connection: Connection) -> Answer:
        Register(connection, UNIT_RECORDS, subject).add(cells, Action.WRITE_UNIT_RECORDS, on=today())
        return Answer(201, None, {})

    try:
        once(request, access, subject, work, key=form.text(REQUEST_KEY))
    except RowRefused as error:
        return _page(request, access, subject, wanted, asked, form, error.faults, 422)
    except AlreadyRegistered as error:
        fault = Fault("employer_id", problem_title(error))
        return _page(request, access, subject, wanted, asked, form, (fault,), 409)
    return see_other(f"{_HERE}?name={wanted}&year={asked}", "unit_record_kept")


# ---- figures for a report on social responsibility ----


def _social(
    request: Request, access: Access, subject: Subject, employer_id: str, year: int, form: str, *, base: str
) -> Response:
    with access.engine.begin() as connection:
        document = social_report(connection, subject, employer_id, year, today())
    if form in ("csv", "docx"):
        return social_file(document, form)
    this = today().year
    return page(
        request, "social.html", report=document, base=base, year=year, years=list(range(this, this - 5, -1))
    )  # fmt: skip


@router.get("/company/report")
@declare(_OWN)
def own_report(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    year: Year = None,
    form: Literal["page", "csv", "docx"] = "page",
) -> Response:
    """Show a company its own figures, and hand them out."""
    if not is_registered(access, subject):
        return see_other("/company/edit")
    return _social(request, access, subject, own_id(subject), year or today().year, form, base="/company/report")


@router.get("/employers/{employer_id}/report")
@declare(_OFFICE)
def report_of(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    employer_id: str,
    year: Year = None,
    form: Literal["page", "csv", "docx"] = "page",
) -> Response:
    """Show an office the figures of an employer of its places."""
    return _social(
        request, access, subject, employer_id, year or today().year, form, base=str(request.url.path)
    )  # fmt: skip
