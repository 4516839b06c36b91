"""Candidates: the ranked, explained list of one person."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api.access import SubjectDep, declare, for_action
from api.desk_keeper import DeskKeeper
from api.settings import today
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.access.scope import ScopedCandidates
from pipelines.consent.effects import refuse_unwanted_matching
from pipelines.consent.in_charge import with_in_charge
from pipelines.store.repositories import RunRepository

router = APIRouter(prefix="/candidates", tags=["candidates"])


@router.get("/{candidate_id}/shortlist")
@declare(for_action(Action.READ_SHORTLIST, Purpose.JOB_MATCHING))
def shortlist(
    request: Request,
    subject: SubjectDep,
    candidate_id: str,
    k: Annotated[int, Query(ge=1, le=200)] = 20,
    as_of: Annotated[date | None, Query()] = None,
) -> dict[str, Any]:
    """Return the list of one person whom the subject sees, store it as a run and record the read."""
    keeper: DeskKeeper = request.app.state.keeper
    desk = keeper.desk(as_of or today())
    try:
        with keeper.engine.connect() as connection:
            person = ScopedCandidates(connection, subject).visible(candidate_id, Action.READ_SHORTLIST)
            refuse_unwanted_matching(connection, person)
    except NoSuchPerson:
        if not subject.is_local:
            with keeper.engine.begin() as connection:
                ScopedCandidates(connection, subject).refused(Action.READ_SHORTLIST)
        raise
    document = desk.document(person, k=k)  # takes long: not within the transaction that holds the audit's lock
    with keeper.engine.begin() as connection:
        ScopedCandidates(connection, subject).opened(person, Action.READ_SHORTLIST)
        document = with_in_charge(connection, subject, document)
        RunRepository(connection).save_document(document)
    return document
