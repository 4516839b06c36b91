"""People released to a company: in functional terms, and by name only where the person agreed."""

from typing import Any

from fastapi import APIRouter

from api.access import AccessDep, SubjectDep, declare, for_action
from api.settings import today
from pipelines.access.roles import Action, Purpose
from pipelines.consent.released import released

router = APIRouter(prefix="/vacancies", tags=["released"])


@router.get("/{vacancy_id}/released")
@declare(for_action(Action.READ_RELEASED, Purpose.RECRUITMENT))
def released_people(access: AccessDep, subject: SubjectDep, vacancy_id: str) -> dict[str, Any]:
    """Return who was referred to the company's own vacancy, as it may see them now."""
    with access.engine.begin() as connection:
        return released(connection, subject, vacancy_id, on=today())
