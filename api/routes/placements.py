"""Placements: who works where, since when, and what of it is confirmed."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.cursors import PageDep
from api.etags import IfMatchVersion
from api.row_models import NewPlacement, Placement, PlacementPage, PlacementPatch
from api.rows import changed, made_once, page_answer, row_answer
from matching.vocabulary import PlacementForm
from pipelines.access.roles import Action, Purpose
from pipelines.schema import PLACEMENTS

router = APIRouter(prefix="/placements", tags=["placements"])
_READ = for_action(Action.READ_PLACEMENTS, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_PLACEMENTS, Purpose.JOB_MATCHING)
_Id = Annotated[str | None, Query(min_length=1, max_length=128)]


@router.get("", responses={200: {"model": PlacementPage}})
@declare(_READ)
def placements(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    candidate_id: _Id = None,
    employer_id: _Id = None,
    vacancy_id: _Id = None,
    form: PlacementForm | None = None,
) -> Response:
    """Return the placements of the people whom the subject sees."""
    filters = {
        "candidate_id": candidate_id,
        "employer_id": employer_id,
        "vacancy_id": vacancy_id,
        "form": None if form is None else form.value,
    }
    return page_answer(access, subject, PLACEMENTS, Action.READ_PLACEMENTS, page, filters)


@router.post("", status_code=201, responses={201: {"model": Placement}, 200: {"model": Placement}})
@declare(_WRITE)
def add_placement(request: Request, access: AccessDep, subject: SubjectDep, body: NewPlacement) -> Response:
    """Register a placement; without an id it gets one."""
    action = Action.WRITE_PLACEMENTS
    return made_once(request, access, subject, PLACEMENTS, action, body, made_here="placement_id")


@router.get("/{placement_id}", responses={200: {"model": Placement}})
@declare(_READ)
def placement(access: AccessDep, subject: SubjectDep, placement_id: str) -> Response:
    """Return one placement, with its version as ETag."""
    return row_answer(access, subject, PLACEMENTS, Action.READ_PLACEMENTS, (placement_id,))


@router.patch("/{placement_id}", responses={200: {"model": Placement}})
@declare(_WRITE)
def change_placement(
    access: AccessDep, subject: SubjectDep, placement_id: str, body: PlacementPatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); null says that a fact is unknown again."""
    return changed(access, subject, PLACEMENTS, Action.WRITE_PLACEMENTS, (placement_id,), body, version)
