"""The audit, for auditors: the newest rows first; that it was read is in it as well."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.cursors import PageDep
from pipelines.access.roles import Action, Purpose
from pipelines.registers.trail import trail_page

router = APIRouter(prefix="/audit", tags=["audit"])
_Word = Annotated[str | None, Query(min_length=1, max_length=128)]


class Event(Kept):
    """一条审计记录，连同它在链上的校验值。"""

    sequence: int
    at: str
    actor: str
    organisation_id: str | None
    purpose: str
    action: str
    object_kind: str
    object_id: str | None
    details: dict[str, Any]
    previous_hash: str
    hash: str


class EventPage(Kept):
    """一页审计记录，新的在前。"""

    items: list[Event]
    next_cursor: str | None


@router.get("", responses={200: {"model": EventPage}})
@declare(for_action(Action.READ_AUDIT, Purpose.AUDIT))
def audit(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    actor: _Word = None,
    action: _Word = None,
    object_kind: _Word = None,
    object_id: _Word = None,
) -> Response:
    """Return the audit rows of the own organisation and everything below it."""
    filters = {"actor": actor, "action": action, "object_kind": object_kind, "object_id": object_id}
    after = page.after(subject, filters)
    with access.engine.begin() as connection:
        before = None if after is None else int(after[0])
        found = trail_page(connection, subject, before=before, limit=page.limit + 1, filters=filters)
    shown = found[: page.limit]
    following = page.next(subject, filters, (shown[-1]["sequence"],)) if len(found) > page.limit else None
    return JSONResponse({"items": shown, "next_cursor": following})
