"""Services: what was done for a person under 四个一 and beside; a row is never changed."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.cursors import PageDep
from api.row_models import NewService, Service, ServicePage
from api.rows import made_once, page_answer
from matching.vocabulary import ServiceKind
from pipelines.access.roles import Action, Purpose
from pipelines.schema import SERVICES

router = APIRouter(prefix="/services", tags=["services"])


@router.get("", responses={200: {"model": ServicePage}})
@declare(for_action(Action.READ_SERVICES, Purpose.JOB_MATCHING))
def services(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    candidate_id: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
    kind: ServiceKind | None = None,
) -> Response:
    """Return the services for the people whom the subject sees."""
    filters = {"candidate_id": candidate_id, "kind": None if kind is None else kind.value}
    return page_answer(access, subject, SERVICES, Action.READ_SERVICES, page, filters)


@router.post("", status_code=201, responses={201: {"model": Service}, 200: {"model": Service}})
@declare(for_action(Action.WRITE_SERVICES, Purpose.JOB_MATCHING))
def add_service(request: Request, access: AccessDep, subject: SubjectDep, body: NewService) -> Response:
    """Add a service; the same once more is the row that is there."""
    return made_once(request, access, subject, SERVICES, Action.WRITE_SERVICES, body)
