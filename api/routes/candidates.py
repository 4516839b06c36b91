"""Candidates: the ranked, explained list of one person."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api.access import AccessDep, SubjectDep, declare, for_action
from api.desk_keeper import DeskKeeper
from api.rows import acting
from api.settings import today
from pipelines.access.roles import Action, Purpose
from pipelines.registers.runs import kept_list, person_to_match

router = APIRouter(prefix="/candidates", tags=["candidates"])


@router.get("/{candidate_id}/shortlist")
@declare(for_action(Action.READ_SHORTLIST, Purpose.JOB_MATCHING))
def shortlist(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    candidate_id: str,
    k: Annotated[int, Query(ge=1, le=200)] = 20,
    as_of: Annotated[date | None, Query()] = None,
) -> dict[str, Any]:
    """Return the list of one person whom the subject sees, store it as a run and record the read."""
    keeper: DeskKeeper = request.app.state.keeper
    desk = keeper.desk(as_of or today())
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        person = person_to_match(connection, subject, candidate_id)
    document = desk.document(person, k=k)  # takes long: not within the transaction that holds the audit's lock
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        return kept_list(connection, subject, person, document)
