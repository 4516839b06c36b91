"""The fixed tables of counts by place as pages: exact for staff over their scope, safe for analysts.

What analysts get is worked out over everything at once, which takes longer than a page may: beside the requests, and
kept a while.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.kept_work import KeptWork
from api.pages.render import page, see_other
from api.pages.supervision import MOMENT_SECONDS, Year
from api.pages.tables import Table
from api.pages.tabs import tabs_of
from api.pages.words import words
from api.routes.unit_records import csv_answer
from api.settings import today
from pipelines.access.audit import record
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.reports.reading import EXTRACT, report_for, reports_for

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_REPORTS, Purpose.SUPERVISION)
HERE, _USUAL, _PATIENCE_SECONDS = "/supervision/tables", "people", 40


def _found(
    request: Request, access: Access, subject: Subject, name: str, year: int, *, wait: float
) -> dict[str, Any] | None:
    """Return a report as of today, or as of the end of a year that is over; analysts get the last month's end alone."""
    on = min(today(), date(year, 12, 31)) if subject.sees_people else today()

    def work() -> dict[str, Any]:
        with access.engine.begin() as connection:
            return report_for(connection, subject, name, on=on)

    kept: KeptWork = request.app.state.kept_reports
    found: dict[str, Any] | None = kept.get((subject, "table", name, on), work, wait=wait)
    if found is not None:
        with access.engine.begin() as connection:
            record(connection, subject.by, Action.READ_REPORTS.value, object_kind="report", object_id=name)
    return found


def _names(subject: Subject) -> dict[str, str]:
    return {one["name"]: one["title"] for one in reports_for(subject) if one["name"] != EXTRACT}


@router.get(HERE)
@declare(_READ)
def report_table(
    request: Request, access: AccessDep, subject: SubjectDep, name: str = _USUAL, year: Year = None
) -> Response:
    """Show one of the tables, by prefecture and county."""
    names = _names(subject)
    wanted, asked = name if name in names else _USUAL, year or today().year
    found = _found(request, access, subject, wanted, asked, wait=MOMENT_SECONDS)
    return page(
        request,
        "report_tables.html",
        tabs=tabs_of(subject, HERE),
        names=names,
        name=wanted,
        year=asked,
        years=list(range(today().year, today().year - 5, -1)) if subject.sees_people else [],
        again=f"{HERE}?name={wanted}&year={asked}",
        found=found,
        table=None if found is None else _table(found),
    )


@router.get(f"{HERE}.csv")
@declare(_READ)
def report_sheet(
    request: Request, access: AccessDep, subject: SubjectDep, name: str = _USUAL, year: Year = None
) -> Response:
    """Hand one of the tables out as a sheet."""
    wanted = name if name in _names(subject) else _USUAL
    found = _found(request, access, subject, wanted, year or today().year, wait=_PATIENCE_SECONDS)
    if found is None:
        return see_other(f"{HERE}?name={wanted}")
    table = _table(found)
    return csv_answer([list(table.heads), *([cell or "" for cell in row] for row in table.rows)], f"table-{wanted}")


def _table(found: dict[str, Any]) -> Table:
    t = words()
    names = [one["name"] for one in found["columns"]]
    rows: Sequence[Sequence[str | None]] = [
        [row["label"], *(t("report_tables.hidden") if row["counts"][one] is None else str(row["counts"][one])
                         for one in names)]
        for row in found["rows"]
    ]  # fmt: skip
    return Table(found["title"], [t("report_tables.place"), *(one["label"] for one in found["columns"])], rows)
