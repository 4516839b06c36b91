"""Reports: counts by place, exact for staff over their scope, safe for analysts; and the analysts' extract."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.cursors import PageDep
from api.rows import acting
from api.settings import today
from matching.regions import GANSU
from pipelines.access.roles import Action, Purpose
from pipelines.reports.plan.figures import ALL
from pipelines.reports.plan.report import FIRST_YEAR, LAST_YEAR, plan_report, rows_behind
from pipelines.reports.reading import report_for, reports_for

router = APIRouter(prefix="/reports", tags=["reports"])
_READ = for_action(Action.READ_REPORTS, Purpose.STATISTICS)


class PlanRow(Kept):
    """一个数字背后的一条记录：人、户或单位的编号，地区，计入哪一列。"""

    id: str
    region: str | None
    word: str


class PlanRowPage(Kept):
    """一页记录。"""

    items: list[PlanRow]
    next_cursor: str | None


@router.get("")
@declare(_READ)
def reports(subject: SubjectDep) -> dict[str, Any]:
    """Return which reports there are."""
    return {"items": reports_for(subject)}


@router.get("/plan")
@declare(_READ)
def plan(
    access: AccessDep, subject: SubjectDep, year: Annotated[int, Query(ge=FIRST_YEAR, le=LAST_YEAR)]
) -> dict[str, Any]:
    """Return the plan's figures of a year by prefecture: exact for staff over their scope, else suppressed."""
    with access.engine.begin() as connection:
        return plan_report(connection, subject, year, today())


@router.get("/plan/rows", responses={200: {"model": PlanRowPage}})
@declare(for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING))
def plan_rows(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    year: Annotated[int, Query(ge=FIRST_YEAR, le=LAST_YEAR)],
    figure: Annotated[str, Query(max_length=64)],
    word: Annotated[str, Query(max_length=64)] = ALL,
    area: Annotated[str, Query(max_length=16)] = GANSU,
) -> Response:
    """Return the rows behind one exact number of the plan's figures; who is named in them is recorded."""
    filters = {"year": year, "figure": figure, "word": word, "area": area}
    after = page.after(subject, filters)
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        last = None if after is None else str(after[0])
        cell = (figure, area, word)
        found, has_more = rows_behind(connection, subject, year, today(), cell, after=last, limit=page.limit)
    items = [{"id": owner, "region": region, "word": own} for owner, region, own in found]
    following = page.next(subject, filters, (found[-1][0],)) if has_more else None
    return JSONResponse({"items": items, "next_cursor": following})


@router.get("/{name}")
@declare(_READ)
def report(access: AccessDep, subject: SubjectDep, name: str) -> dict[str, Any]:
    """Return one report as the subject may have it; each is recorded."""
    with access.engine.begin() as connection:
        return report_for(connection, subject, name, on=today())
