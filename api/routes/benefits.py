"""Benefits: what a person, an employer or a placement may claim, by the same rules as `yougang benefits`."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.access import AccessDep, SubjectDep, declare, for_action
from api.rows import acting
from api.settings import today
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose
from pipelines.registers.cases import candidate_benefits, employer_benefits, placement_benefits

router = APIRouter(tags=["benefits"])
_READ = for_action(Action.READ_BENEFITS, Purpose.JOB_MATCHING)
_Day = Annotated[date | None, Query(description="所问的日期；不写就是今天")]


@router.get("/candidates/{candidate_id}/benefits")
@router.get("/benefits/candidates/{candidate_id}")
@declare(_READ)
def of_candidate(access: AccessDep, subject: SubjectDep, candidate_id: str, as_of: _Day = None) -> dict[str, Any]:
    """Return what a person may claim: met, not met or unknown, amounts and grounds."""
    with acting(access, subject, Action.READ_BENEFITS) as connection:
        return candidate_benefits(connection, subject, rulebook(), candidate_id, as_of or today())


@router.get("/benefits/employers/{employer_id}")
@declare(_READ)
def of_employer(access: AccessDep, subject: SubjectDep, employer_id: str, as_of: _Day = None) -> dict[str, Any]:
    """Return what an employer may claim; a company's own answer rests on no person's record."""
    with access.engine.begin() as connection:
        return employer_benefits(connection, subject, rulebook(), employer_id, as_of or today())


@router.get("/benefits/placements/{placement_id}")
@declare(_READ)
def of_placement(access: AccessDep, subject: SubjectDep, placement_id: str, as_of: _Day = None) -> dict[str, Any]:
    """Return what can be claimed together for a placement, and by whom."""
    with access.engine.begin() as connection:
        return placement_benefits(connection, subject, rulebook(), placement_id, as_of or today())
