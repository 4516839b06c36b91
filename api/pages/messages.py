"""Text messages to one person as a page: what was sent, a new one, and that the person wants none."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.errors import problem_title
from api.forms import form_sent
from api.idempotency import Answer
from api.pages.casework import Refused, made_once
from api.pages.casework_fields import Asked, word_of
from api.pages.lists import own_address
from api.pages.people import head_of
from api.pages.render import page, see_other
from api.pages.words import words
from api.routes.consents import day_of
from api.rows import acting
from api.settings import today
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.messages.outbox import NewMessage, Outbox
from pipelines.messages.words import OF_COMPANY, ChoiceAct, MessageStatus, Template
from pipelines.registers.errors import RowRefused
from pipelines.registers.people import People

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)
_WRITE = page_for(Action.WRITE_CANDIDATES, Purpose.JOB_MATCHING)
_FIELDS = ("template", "day")


def texts() -> dict[Template, str]:
    """Return the words of every template out of the catalogue."""
    t = words()
    return {one: t(f"message_text.{one.value}") for one in Template}


def _page(
    request: Request,
    access: Access,
    subject: Subject,
    candidate_id: str,
    refused: Refused | None = None,
    status: int = 200,
) -> Response:
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
        told = Outbox(connection, subject, on=today(), now=moment()).of(candidate_id)
    asked = Asked(None, ()) if refused is None else Asked(refused.form, refused.faults)
    said = {one: text for one, text in texts().items() if one not in OF_COMPANY}
    choices = {one.value: f"{one.label}：{text.format(day='×月×日')}" for one, text in said.items()}
    return page(
        request,
        "messages.html",
        status,
        **head_of(row.values),
        **told,
        waiting=MessageStatus.QUEUED.value,
        fields=[
            asked.choice("template", choices, Template.CALL_BACK.value, kind="choice"),
            asked.day("day", ""),
        ],
        faults=asked.told(_FIELDS),
        refused="" if refused is None else refused.said,
    )


@router.get("/people/{candidate_id}/messages")
@declare(_READ)
def messages(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Show the messages to a person and the form for another."""
    return _page(request, access, subject, candidate_id)


@router.post("/people/{candidate_id}/messages")
@declare(_WRITE)
def queue(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Queue a message."""
    form = form_sent(request)

    def work(connection: Connection) -> Answer:
        template = Template(word_of("template", Template, form))
        day = day_of("day", form.text("day")) if form.text("day") else None
        Outbox(connection, subject, on=today(), now=moment()).queue(candidate_id, NewMessage(template, day))
        return Answer(201, None, {}, ("candidate", candidate_id))

    try:
        made_once(request, access, subject, work, Action.WRITE_CANDIDATES)
    except RowRefused as error:
        return _page(request, access, subject, candidate_id, Refused("message", form, error.faults), 422)
    except CaseworkRefused as error:
        refused = Refused("message", form, said=problem_title(error))
        return _page(request, access, subject, candidate_id, refused, 409)
    return see_other(own_address(candidate_id, "/messages"), "message_queued")


@router.post("/people/{candidate_id}/messages/choice")
@declare(_WRITE)
def choose(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Note that a person wants no text messages, or wants them again."""
    act = ChoiceAct.RESUMED if form_sent(request).text("act") == ChoiceAct.RESUMED else ChoiceAct.STOPPED
    with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
        Outbox(connection, subject, on=today(), now=moment()).choose(candidate_id, act)
    return see_other(own_address(candidate_id, "/messages"), f"messages_{act.value}")


@router.post("/people/{candidate_id}/messages/{message_id}/cancellation")
@declare(_WRITE)
def cancel(access: AccessDep, subject: SubjectDep, candidate_id: str, message_id: str) -> Response:
    """Cancel a message that still waits."""
    said = "message_cancelled"
    try:
        with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
            Outbox(connection, subject, on=today(), now=moment()).cancel(message_id)
    except CaseworkRefused:
        said = "message_not_cancelled"
    return see_other(own_address(candidate_id, "/messages"), said)
