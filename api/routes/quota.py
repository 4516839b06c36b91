"""Quota: what an employer has to place, has placed and owes for a year, by the same rules as `yougang quota`."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.access import AccessDep, SubjectDep, declare, for_action
from api.settings import today
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose
from pipelines.registers.cases import quota_document

router = APIRouter(prefix="/quota", tags=["quota"])


@router.get("/{employer_id}")
@declare(for_action(Action.READ_QUOTA, Purpose.JOB_MATCHING))
def quota(
    access: AccessDep,
    subject: SubjectDep,
    employer_id: str,
    year: Annotated[int, Query(ge=2015, le=2100, description="用工年度；次年申报缴费")],
    as_of: Annotated[date | None, Query(description="所问的日期；不写就是今天")] = None,
) -> dict[str, Any]:
    """Return required, placed, gap and levy; lines of people only to who sees the person, none to the company."""
    with access.engine.begin() as connection:
        return quota_document(connection, subject, rulebook(), employer_id, year, as_of or today())
