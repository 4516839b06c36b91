"""People: pages, one record, its identity for a stated purpose, a new one, a change, and who has taken one on."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field, StringConstraints

from api.access import PURPOSE_HEADER, AccessDep, SubjectDep, declare, for_action
from api.bodies import Body, Kept, cells_of
from api.clock import moment
from api.cursors import PageDep
from api.documents import row_document
from api.etags import IfMatchVersion, etag, stale
from api.idempotency import Answer, once
from api.read_route import ReadRoute
from api.row_models import Candidate, CandidatePage, CandidatePatch, MaskedCandidate, NewCandidate
from api.rows import acting, address_of, note_refused, page_answer, patched_cells
from api.settings import today
from matching.vocabulary import YesNo
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.consent.effects import refuse_unwanted_contact
from pipelines.registers.masks import in_full, masked
from pipelines.registers.people import People
from pipelines.registers.rows import Row
from pipelines.schema import CANDIDATES
from pipelines.store.assignments import Assignment

router = APIRouter(prefix="/candidates", tags=["candidates"], route_class=ReadRoute)
_READ = for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_CANDIDATES, Purpose.JOB_MATCHING)
_IDENTITY = for_action(Action.READ_IDENTITY, Purpose.JOB_MATCHING)
_SAY_WHY = "完整查看身份信息须在 Yougang-Purpose 中写明目的：contact、identity_check、benefit_decision、persons_request"
Region = Annotated[str | None, Query(pattern=r"^\d{6}$", description="居住地区，六位行政区划代码")]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class NewAssignment(Body):
    """交给哪个办理机构服务；不写就是本机构。"""

    organisation_id: _Id | None = None


class KeptAssignment(Kept):
    """一个办理机构对一位求职者的服务关系。"""

    assignment_id: str
    candidate_id: str
    organisation_id: str
    user_id: str | None
    since: str
    ended_at: str | None


class Assignments(Kept):
    """一位求职者的服务关系。"""

    items: list[KeptAssignment]


class Identity(Kept):
    """一位求职者的身份信息，完整显示。"""

    candidate_id: str
    name: str | None
    certificate_number: str | None
    birth_date: str | None
    address: str | None
    longitude: float | None
    latitude: float | None
    phone: str | None = Field(description="联系电话")


def _document(values: Mapping[str, Any]) -> dict[str, Any]:
    return masked(row_document(CANDIDATES, values))


def _answer(row: Row, sources: Mapping[str, Any] | None = None) -> Response:
    more = {} if sources is None else {"sources": sources}
    return JSONResponse({**_document(row.values), **more}, headers={"ETag": etag(row.version)})


@router.get("", responses={200: {"model": CandidatePage}})
@declare(_READ)
def candidates(
    access: AccessDep, subject: SubjectDep, page: PageDep, region: Region = None, job_wish: YesNo | None = None
) -> Response:
    """Return the people whom the subject sees, by id, sensitive facts masked."""
    wish = None if job_wish is None else job_wish.value
    filters = {"region": region, "job_wish": wish}
    return page_answer(access, subject, CANDIDATES, Action.READ_CANDIDATES, page, filters, told=masked)


@router.post("", status_code=201, responses={201: {"model": MaskedCandidate}, 200: {"model": MaskedCandidate}})
@declare(_WRITE)
def add_candidate(request: Request, access: AccessDep, subject: SubjectDep, body: NewCandidate) -> Response:
    """Register a person; what is not stated is unknown, and without a region the own office takes the person on."""
    cells = cells_of(CANDIDATES, body)

    def work(connection: Any) -> Answer:
        row, is_new = People(connection, subject).add(cells, on=today())
        candidate_id = row.values["candidate_id"]
        headers = {"ETag": etag(row.version), "Location": address_of(CANDIDATES, row.values)}
        return Answer(201 if is_new else 200, _document(row.values), headers, ("candidate", candidate_id))

    return once(request, access, subject, work)


@router.get("/{candidate_id}", responses={200: {"model": Candidate}})
@declare(_READ)
def candidate(access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Return one person, sensitive facts masked, with who supplied each fact and the version as ETag."""
    with acting(access, subject, Action.READ_CANDIDATES, in_one=True) as connection:
        found = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES)
    return _answer(found.row, found.sources)


@router.get("/{candidate_id}/identity", responses={200: {"model": Identity}})
@declare(_IDENTITY)
def identity(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Return the sensitive facts of a person in full, for a purpose stated in `Yougang-Purpose` that permits it.

    Not to contact somebody who does not want that.
    """
    with acting(access, subject, Action.READ_IDENTITY) as connection:
        found = People(connection, subject).one(candidate_id, Action.READ_IDENTITY)
        if PURPOSE_HEADER not in request.headers:
            # The guard finds a purpose for who says none; here that is not enough.
            raise Forbidden(_SAY_WHY)
        if subject.purpose is Purpose.CONTACT:
            refuse_unwanted_contact(connection, candidate_id)
    return JSONResponse(in_full(row_document(CANDIDATES, found.row.values)))


@router.patch("/{candidate_id}", responses={200: {"model": MaskedCandidate}})
@declare(_WRITE)
def change_candidate(
    access: AccessDep, subject: SubjectDep, candidate_id: str, body: CandidatePatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); null says that a fact is unknown again; each gets who supplied it, and the day."""
    with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
        people = People(connection, subject)
        cells = patched_cells(CANDIDATES, body, people.register, (candidate_id,))
        row = people.change(candidate_id, cells, version, on=today())
    if row is None:
        stale()
    return _answer(row)


# ---- who has taken the person on ----


def _told(assignment: Assignment) -> dict[str, Any]:
    ended = assignment.ended_at
    return {
        "assignment_id": assignment.assignment_id,
        "candidate_id": assignment.candidate_id,
        "organisation_id": assignment.organisation_id,
        "user_id": assignment.user_id,
        "since": assignment.since.isoformat(),
        "ended_at": None if ended is None else ended.isoformat(),
    }


@router.get("/{candidate_id}/assignments", responses={200: {"model": Assignments}})
@declare(_READ)
def assignments(access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Return which offices have taken on a person, and until when."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        found = People(connection, subject).assignments(candidate_id)
    return JSONResponse({"items": [_told(one) for one in found]})


@router.post("/{candidate_id}/assignments", status_code=201, responses={201: {"model": KeptAssignment}})
@declare(_WRITE)
def assign(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: NewAssignment
) -> Response:
    """Let an office take a person on beside the people of its own places; to another office only a supervisor can."""
    organisation_id = body.organisation_id or subject.organisation_id or ""

    def work(connection: Any) -> Answer:
        made = People(connection, subject).assign(candidate_id, organisation_id, at=moment())
        return Answer(201, _told(made), {}, ("candidate", candidate_id))

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_CANDIDATES)
        raise


@router.post(
    "/{candidate_id}/assignments/{assignment_id}/end", status_code=200, responses={200: {"model": KeptAssignment}}
)
@declare(_WRITE)
def end_assignment(access: AccessDep, subject: SubjectDep, candidate_id: str, assignment_id: str) -> Response:
    """End an assignment; one that has ended stays as it is."""
    with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
        ended = People(connection, subject).end_assignment(candidate_id, assignment_id, at=moment())
    return JSONResponse(_told(ended))
