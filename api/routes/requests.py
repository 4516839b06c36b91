"""What people ask for: their extract, correction, erasure, and the review of a list by a named human."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import Field, StringConstraints

from api.access import Access, AccessDep, SubjectDep, declare, for_action
from api.bodies import Body
from api.clock import moment
from api.etags import IfMatchVersion, etag
from api.idempotency import Answer, once
from api.routes.consents import day_of
from api.rows import acting, note_refused
from api.settings import today
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.consent.extract import extract_lines, own_extract
from pipelines.consent.requests import REVIEWS, RIGHTS, Answered, Asked, Requests
from pipelines.consent.words import RequestKind, Speaker

router = APIRouter(prefix="/candidates/{candidate_id}", tags=["requests"])
_READ = for_action(Action.READ_CONSENTS, Purpose.PERSONS_REQUEST)
_ASK = for_action(Action.WRITE_CONSENTS, Purpose.PERSONS_REQUEST)
_DECIDE = for_action(Action.READ_CONSENTS, Purpose.PERSONS_REQUEST)
_EXTRACT = for_action(Action.EXTRACT_CANDIDATE, Purpose.PERSONS_REQUEST)
_Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0B\x0C\x0E-\x1F]*$")]
_Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class NewRequest(Body):
    """本人或监护人的一项申请；原话加密保存。"""

    kind: Annotated[RequestKind, Field(strict=False)]
    asked_on: _Day | None = None
    asked_by: Annotated[Speaker, Field(strict=False)] = Speaker.PERSON
    words: _Words | None = None


class NewReview(Body):
    """本人或监护人请求由工作人员复核一份名单；不写哪一份，就是今后的名单。"""

    run_id: _Id | None = None
    asked_on: _Day | None = None
    asked_by: Annotated[Speaker, Field(strict=False)] = Speaker.PERSON
    words: _Words | None = None


class NewDecision(Body):
    """由写明姓名的工作人员作出的决定和理由；没有账号时须写明决定人。"""

    is_granted: bool
    reason: _Words
    decided_by: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1F]*$")] | None = None


def _added(request: Request, access: Access, subject: Subject, candidate_id: str, asked: Asked) -> Response:
    def work(connection: Any) -> Answer:
        document = Requests(connection, subject, (asked.kind,)).ask(candidate_id, asked, now=moment())
        return Answer(201, document, {"ETag": etag(1)}, ("candidate", candidate_id))

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_CONSENTS)
        raise


def _listed(access: Access, subject: Subject, candidate_id: str, kinds: Sequence[RequestKind]) -> dict[str, Any]:
    with acting(access, subject, Action.READ_CONSENTS) as connection:
        return {"items": Requests(connection, subject, kinds).of(candidate_id)}


def _one(
    access: Access, subject: Subject, candidate_id: str, request_id: str, kinds: Sequence[RequestKind]
) -> Response:
    with acting(access, subject, Action.READ_CONSENTS) as connection:
        document, version = Requests(connection, subject, kinds).one(candidate_id, request_id)
    return JSONResponse(document, headers={"ETag": etag(version)})


def _decided(
    access: Access,
    subject: Subject,
    place: tuple[str, str],
    kinds: Sequence[RequestKind],
    body: NewDecision,
    version: int,
) -> Response:
    answered = Answered(body.is_granted, body.reason, body.decided_by)
    with acting(access, subject, Action.READ_CONSENTS) as connection:
        requests = Requests(connection, subject, kinds)
        document = requests.decide(*place, answered, version=version, now=moment(), on=today())
    return JSONResponse(document, headers={"ETag": etag(version + 1)})


@router.get("/requests")
@declare(_READ)
def requests(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return what a person asked for about their own record, and how it was decided."""
    return _listed(access, subject, candidate_id, RIGHTS)


@router.post("/requests", status_code=201)
@declare(_ASK)
def ask(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: NewRequest) -> Response:
    """Record that a person asks for an extract, a correction or erasure; the day of the answer is due by law."""
    asked = Asked(body.kind, day_of("asked_on", body.asked_on) if body.asked_on else today(), body.asked_by, body.words)
    return _added(request, access, subject, candidate_id, asked)


@router.get("/requests/{request_id}")
@declare(_READ)
def one_request(access: AccessDep, subject: SubjectDep, candidate_id: str, request_id: str) -> Response:
    """Return one request with its version."""
    return _one(access, subject, candidate_id, request_id, RIGHTS)


@router.post("/requests/{request_id}/decision")
@declare(_DECIDE)
def decide(
    access: AccessDep,
    subject: SubjectDep,
    candidate_id: str,
    request_id: str,
    body: NewDecision,
    version: IfMatchVersion,
) -> Response:
    """Decide a request by name and with a reason; erasure is a supervisor's to decide, and carried out where it may."""
    return _decided(access, subject, (candidate_id, request_id), RIGHTS, body, version)


@router.get("/reviews")
@declare(_READ)
def reviews(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return which lists a person asked a human to look at again, and what came of it."""
    return _listed(access, subject, candidate_id, REVIEWS)


@router.post("/reviews", status_code=201)
@declare(_ASK)
def ask_review(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: NewReview
) -> Response:
    """Record that a person asks for a human to look at a list again (个人信息保护法 第二十四条)."""
    on = day_of("asked_on", body.asked_on) if body.asked_on else today()
    asked = Asked(RequestKind.REVIEW, on, body.asked_by, body.words, body.run_id)
    return _added(request, access, subject, candidate_id, asked)


@router.get("/reviews/{request_id}")
@declare(_READ)
def one_review(access: AccessDep, subject: SubjectDep, candidate_id: str, request_id: str) -> Response:
    """Return one review with its version."""
    return _one(access, subject, candidate_id, request_id, REVIEWS)


@router.post("/reviews/{request_id}/decision")
@declare(_DECIDE)
def decide_review(
    access: AccessDep,
    subject: SubjectDep,
    candidate_id: str,
    request_id: str,
    body: NewDecision,
    version: IfMatchVersion,
) -> Response:
    """Answer a review by name and with a reason; a machine cannot."""
    return _decided(access, subject, (candidate_id, request_id), REVIEWS, body, version)


@router.get("/extract", response_model=None)
@declare(_EXTRACT)
def extract(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Return everything kept of a person, for the person: JSON, or with `Accept: text/plain` a text to read."""
    with acting(access, subject, Action.EXTRACT_CANDIDATE) as connection:
        document = own_extract(connection, subject, candidate_id, now=moment())
    if request.headers.get("accept", "").startswith("text/plain"):
        return PlainTextResponse("\n".join(extract_lines(document)) + "\n")
    return JSONResponse(document)
