"""The plan's work by place as pages: one table each, with its clause and what to know of it."""

from fastapi import APIRouter, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.pages.render import page
from api.routes.plan_work import SheetName
from api.rows import acting
from api.settings import today
from pipelines.access.roles import Action, Purpose
from pipelines.plan_work import SHEETS, plan_sheet

router = APIRouter(include_in_schema=False)


@router.get("/plan-work/{name}")
@declare(page_for(Action.READ_SERVICES, Purpose.JOB_MATCHING))
def plan_work(request: Request, access: AccessDep, subject: SubjectDep, name: SheetName) -> Response:
    """Show one table of the plan's work, with the ways to the others."""
    with acting(access, subject, Action.READ_SERVICES) as connection:
        sheet = plan_sheet(connection, subject, name.value, today())
    return page(request, "plan_work.html", sheet=sheet, names=SHEETS, here=name.value)
