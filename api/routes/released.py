"""People released to a company: in functional terms, by name only where each agreed; and the company's answers."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Body
from api.idempotency import Answer, once
from api.settings import today
from api.vacancy_models import AnswerWord, RefusalWord
from matching.vocabulary import InteractionKind
from pipelines.access.roles import Action, Purpose
from pipelines.consent.answers import answer, take_back
from pipelines.consent.released import ANSWERS, released
from pipelines.consent.words import Refusal

router = APIRouter(prefix="/vacancies", tags=["released"])
_ANSWER = for_action(Action.ANSWER_RELEASED, Purpose.RECRUITMENT)


class NewAnswer(Body):
    """对一次推荐的答复；未录用的须写明原因。"""

    kind: AnswerWord = Field(description="、".join(f"{one.value} {one.label}" for one in ANSWERS))
    reason: Annotated[RefusalWord | None, Field(description="、".join(f"{r.value} {r.label}" for r in Refusal))] = None


@router.get("/{vacancy_id}/released")
@declare(for_action(Action.READ_RELEASED, Purpose.RECRUITMENT))
def released_people(access: AccessDep, subject: SubjectDep, vacancy_id: str) -> dict[str, Any]:
    """Return who was referred to the company's own vacancy, as it may see them now."""
    with access.engine.begin() as connection:
        return released(connection, subject, vacancy_id, on=today())


@router.post("/{vacancy_id}/released/{person}/answers", status_code=201)
@declare(_ANSWER)
def add_answer(
    request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str, person: str, body: NewAnswer
) -> Response:
    """Answer a referral; `person` is the pseudonym under which the company sees somebody."""

    def work(connection: Connection) -> Answer:
        reason = None if body.reason is None else Refusal(body.reason)
        kind = InteractionKind(body.kind)
        answer(connection, subject, vacancy_id, person, kind, reason, on=today())
        return Answer(201, {"person": person, "kind": body.kind, "at": today().isoformat()})

    return once(request, access, subject, work)


@router.post("/{vacancy_id}/released/{person}/answers/undo", status_code=204)
@declare(_ANSWER)
def undo_answer(access: AccessDep, subject: SubjectDep, vacancy_id: str, person: str) -> Response:
    """Take back today's answer to a referral."""
    with access.engine.begin() as connection:
        take_back(connection, subject, vacancy_id, person, on=today())
    return Response(status_code=204)
