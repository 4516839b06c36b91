"""Interactions: what happened between a person and a vacancy; a row is never changed, a correction is a new row."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.cursors import PageDep
from api.row_models import Interaction, InteractionPage, NewInteraction
from api.rows import made_once, page_answer
from matching.vocabulary import InteractionKind
from pipelines.access.roles import Action, Purpose
from pipelines.schema import INTERACTIONS

router = APIRouter(prefix="/interactions", tags=["interactions"])
_Id = Annotated[str | None, Query(min_length=1, max_length=128)]


@router.get("", responses={200: {"model": InteractionPage}})
@declare(for_action(Action.READ_INTERACTIONS, Purpose.JOB_MATCHING))
def interactions(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    candidate_id: _Id = None,
    vacancy_id: _Id = None,
    kind: InteractionKind | None = None,
) -> Response:
    """Return what happened between the people whom the subject sees and vacancies."""
    filters = {
        "candidate_id": candidate_id,
        "vacancy_id": vacancy_id,
        "kind": None if kind is None else kind.value,
    }
    return page_answer(access, subject, INTERACTIONS, Action.READ_INTERACTIONS, page, filters)


@router.post("", status_code=201, responses={201: {"model": Interaction}, 200: {"model": Interaction}})
@declare(for_action(Action.WRITE_INTERACTIONS, Purpose.JOB_MATCHING))
def add_interaction(request: Request, access: AccessDep, subject: SubjectDep, body: NewInteraction) -> Response:
    """Add what happened; the same once more is the row that is there, so that a double click refers nobody twice."""
    return made_once(request, access, subject, INTERACTIONS, Action.WRITE_INTERACTIONS, body)
