"""Reports: counts by place, exact for staff over their scope, safe for analysts; and the analysts' extract."""

from typing import Any

from fastapi import APIRouter

from api.access import AccessDep, SubjectDep, declare, for_action
from api.settings import today
from pipelines.access.roles import Action, Purpose
from pipelines.reports.reading import report_for, reports_for

router = APIRouter(prefix="/reports", tags=["reports"])
_READ = for_action(Action.READ_REPORTS, Purpose.STATISTICS)


@router.get("")
@declare(_READ)
def reports(subject: SubjectDep) -> dict[str, Any]:
    """Return which reports there are."""
    return {"items": reports_for(subject)}


@router.get("/{name}")
@declare(_READ)
def report(access: AccessDep, subject: SubjectDep, name: str) -> dict[str, Any]:
    """Return one report as the subject may have it; each is recorded."""
    with access.engine.begin() as connection:
        return report_for(connection, subject, name, on=today())
