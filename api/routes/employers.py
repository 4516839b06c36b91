"""Employers: pages, one of them, a new one, a change, verification by an office, and what a person should look at."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import cells_of
from api.clock import moment
from api.cursors import PageDep
from api.etags import IfMatchVersion, etag, stale
from api.idempotency import Answer, once
from api.rows import page_answer
from api.settings import today
from api.vacancy_models import (
    Employer,
    EmployerPage,
    EmployerPatch,
    NewEmployer,
    ReviewItems,
    Verifying,
    employer_document,
)
from matching.vocabulary import EmployerKind
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.schema import EMPLOYERS
from pipelines.vacancy_workflow.employers import Employers, KnownEmployer, Method

router = APIRouter(prefix="/employers", tags=["employers"])
_READ = for_action(Action.READ_EMPLOYERS, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_EMPLOYERS, Purpose.JOB_MATCHING)
_VERIFY = for_action(Action.VERIFY_EMPLOYERS, Purpose.JOB_MATCHING)
_REVIEW = for_action(Action.READ_PLACEMENTS, Purpose.JOB_MATCHING)
_Region = Annotated[str | None, Query(pattern=r"^\d{6}$", description="所在地区，六位行政区划代码")]


def _employers(connection: Connection, subject: Subject) -> Employers:
    return Employers(connection, subject, on=today(), now=moment())


def _answer(known: KnownEmployer) -> Response:
    return JSONResponse(employer_document(known), headers={"ETag": etag(known.row.version)})


@router.get("", responses={200: {"model": EmployerPage}})
@declare(_READ)
def employers(
    access: AccessDep, subject: SubjectDep, page: PageDep, region: _Region = None, kind: EmployerKind | None = None
) -> Response:
    """Return the employers of the office's places, or the company's own row, by credit code."""
    filters = {"region": region, "kind": None if kind is None else kind.value}
    return page_answer(access, subject, EMPLOYERS, Action.READ_EMPLOYERS, page, filters)


@router.post("", status_code=201, responses={201: {"model": Employer}, 200: {"model": Employer}})
@declare(_WRITE)
def add_employer(request: Request, access: AccessDep, subject: SubjectDep, body: NewEmployer) -> Response:
    """Register an employer by its credit code; a company registers itself only."""
    cells = cells_of(EMPLOYERS, body)

    def work(connection: Connection) -> Answer:
        known, is_new = _employers(connection, subject).add(cells)
        location = f"/api/v1/employers/{known.row.values['employer_id']}"
        headers = {"ETag": etag(known.row.version), "Location": location}
        return Answer(201 if is_new else 200, employer_document(known), headers)

    return once(request, access, subject, work)


@router.get("/{employer_id}", responses={200: {"model": Employer}})
@declare(_READ)
def employer(access: AccessDep, subject: SubjectDep, employer_id: str) -> Response:
    """Return one employer with the verification that holds, and its version as ETag."""
    with access.engine.begin() as connection:
        known = _employers(connection, subject).one(employer_id)
    return _answer(known)


@router.patch("/{employer_id}", responses={200: {"model": Employer}})
@declare(_WRITE)
def change_employer(
    access: AccessDep, subject: SubjectDep, employer_id: str, body: EmployerPatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); under another name an employer has to be verified anew."""
    with access.engine.begin() as connection:
        known = _employers(connection, subject).change(employer_id, cells_of(EMPLOYERS, body), version)
    if known is None:
        stale()
    return _answer(known)


@router.put("/{employer_id}/verification", responses={200: {"model": Employer}})
@declare(_VERIFY)
def verify(
    access: AccessDep, subject: SubjectDep, employer_id: str, body: Verifying, version: IfMatchVersion
) -> Response:
    """Note that a named person of an office saw that the employer is who it says it is, in the row that was read."""
    with access.engine.begin() as connection:
        found = _employers(connection, subject)
        known = found.verify(employer_id, Method(body.method), version)
    if known is None:
        stale()
    return _answer(known)


@router.delete("/{employer_id}/verification", responses={200: {"model": Employer}})
@declare(_VERIFY)
def withdraw_verification(
    access: AccessDep, subject: SubjectDep, employer_id: str, version: IfMatchVersion
) -> Response:
    """End the verification: nothing directed or reserved can be published from now on."""
    with access.engine.begin() as connection:
        known = _employers(connection, subject).withdraw_verification(employer_id, version)
    if known is None:
        stale()
    return _answer(known)


@router.get("/{employer_id}/review-items", responses={200: {"model": ReviewItems}})
@declare(_REVIEW)
def review_items(
    access: AccessDep,
    subject: SubjectDep,
    employer_id: str,
    year: Annotated[int | None, Query(ge=2008, le=2100, description="数据年度；不写就是本年")] = None,
) -> Response:
    """Return the hints on an employer's year, over the people whom the subject sees; they stop nothing."""
    with access.engine.begin() as connection:
        found = _employers(connection, subject).review_items(employer_id, year or today().year)
    return JSONResponse(found)
