"""Text messages to people: queued, cancelled, stopped; the log of what became of each. No number, no words."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Body, Kept
from api.clock import moment
from api.cursors import PageDep
from api.idempotency import Answer, once
from api.routes.consents import day_of
from api.rows import acting, note_refused
from api.settings import today
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.messages.outbox import NewMessage, Outbox
from pipelines.messages.words import ChoiceAct, MessageStatus, Template, Unsent

router = APIRouter(tags=["messages"])
_READ = for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_CANDIDATES, Purpose.JOB_MATCHING)
_Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class KeptMessage(Kept):
    """一条短信：用哪个模板、到了哪一步；不含号码和内容。"""

    message_id: str
    candidate_id: str | None
    employer_id: str | None
    template: Template
    template_label: str
    day: str | None
    status: MessageStatus
    status_label: str
    reason: Unsent | None
    reason_label: str | None
    queued_at: str
    written_on: str | None


class MessagesOf(Kept):
    """发给一位求职者的短信，新的在前；不能发的写明原因。"""

    items: list[KeptMessage]
    is_stopped: bool
    why_not: Unsent | None
    why_not_label: str | None


class MessagePage(Kept):
    """一页短信，先排队的在前。"""

    items: list[KeptMessage]
    next_cursor: str | None


class MessageSent(Body):
    """给一位求职者发一条短信：模板，以及短信里写的日期。"""

    template: Annotated[Template, Field(strict=False)]
    day: _Day | None = Field(default=None, description="约定面试、材料到期、培训开班须写明哪一天")


class ChoiceSent(Body):
    """本人说不再收短信，或恢复。"""

    act: Annotated[ChoiceAct, Field(strict=False)]


@router.get("/candidates/{candidate_id}/messages", responses={200: {"model": MessagesOf}})
@declare(_READ)
def messages_of(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return the messages to a person, and why none may be sent where that is so."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        return Outbox(connection, subject, on=today(), now=moment()).of(candidate_id)


@router.post("/candidates/{candidate_id}/messages", status_code=201, responses={201: {"model": KeptMessage}})
@declare(_WRITE)
def queue(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: MessageSent
) -> Response:  # fmt: skip
    """Queue a message to a person who agreed; it goes out with the next file."""

    def work(connection: Connection) -> Answer:
        new = NewMessage(body.template, None if body.day is None else day_of("day", body.day))
        document = Outbox(connection, subject, on=today(), now=moment()).queue(candidate_id, new)
        return Answer(201, document, {}, ("candidate", candidate_id))

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_CANDIDATES)
        raise


@router.put("/candidates/{candidate_id}/messages/choice", status_code=204)
@declare(_WRITE)
def choose(access: AccessDep, subject: SubjectDep, candidate_id: str, body: ChoiceSent) -> Response:
    """Note that a person wants no text messages, or wants them again."""
    with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
        Outbox(connection, subject, on=today(), now=moment()).choose(candidate_id, body.act)
    return Response(status_code=204)


@router.get("/messages", responses={200: {"model": MessagePage}})
@declare(_READ)
def log(
    access: AccessDep, subject: SubjectDep, page: PageDep, status: Annotated[MessageStatus | None, Query()] = None
) -> Response:
    """Return the log of messages to the visible people and of the own office, the earliest queued first."""
    filters = {"status": None if status is None else status.value}
    after = page.after(subject, filters)
    key = None if after is None else (after[0], str(after[1]))
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        own = Outbox(connection, subject, on=today(), now=moment())
        found, has_more = own.page(status, after=key, limit=page.limit)
    last = found[-1] if has_more else None
    place = None if last is None else (datetime.fromisoformat(last["queued_at"]), last["message_id"])
    following = None if place is None else page.next(subject, filters, place)
    return JSONResponse({"items": found, "next_cursor": following})


@router.put("/messages/{message_id}/cancellation", status_code=204)
@declare(_WRITE)
def cancel(access: AccessDep, subject: SubjectDep, message_id: str) -> Response:
    """Cancel a message that still waits."""
    with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
        Outbox(connection, subject, on=today(), now=moment()).cancel(message_id)
    return Response(status_code=204)
