"""Candidates: the ranked, explained list of one person."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api.desk_keeper import DeskKeeper
from api.settings import today
from pipelines.store.repositories import RunRepository

router = APIRouter(prefix="/candidates", tags=["candidates"])


@router.get("/{candidate_id}/shortlist")
def shortlist(
    request: Request,
    candidate_id: str,
    k: Annotated[int, Query(ge=1, le=200)] = 20,
    as_of: Annotated[date | None, Query()] = None,
) -> dict[str, Any]:
    """Return one person's list and store it as a run."""
    keeper: DeskKeeper = request.app.state.keeper
    document = keeper.desk(as_of or today()).document(candidate_id, k=k)
    with keeper.engine.begin() as connection:
        RunRepository(connection).save_document(document)
    return document
