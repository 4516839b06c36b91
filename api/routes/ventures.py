"""Start-ups, household industries and single visits of people, with checks, grants and what is due."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.clock import moment
from api.cursors import PageDep
from api.etags import IfMatchVersion
from api.idempotency import Answer, once
from api.row_models import (
    NewVenture,
    NewVisit,
    Venture,
    VenturePage,
    VenturePatch,
    Visit,
    VisitPage,
    VisitPatch,
)
from api.rows import acting, changed, made_once, page_answer, row_answer, telling_crossed
from api.settings import today
from matching.ventures import VentureKind, VisitKind
from pipelines.access.roles import Action, Purpose
from pipelines.caseload.ventures import Ventures
from pipelines.venture_tables import VENTURES, VISITS

router = APIRouter(tags=["ventures"])
_READ = for_action(Action.READ_SERVICES, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_SERVICES, Purpose.JOB_MATCHING)
_CLAIM = for_action(Action.WRITE_BENEFITS, Purpose.BENEFIT_DECISION)
_Id = Annotated[str | None, Query(min_length=1, max_length=128)]


class StartupCheck(Kept):
    """一次创业经营核查。"""

    on: str
    by: str | None
    about: str | None
    is_running: bool | None
    next_on: str | None


class VentureItem(Kept):
    """一项创业或产业帮扶，和它的核查。"""

    venture_id: str
    kind: VentureKind
    kind_label: str
    title: str | None
    industry: str | None
    industry_label: str | None
    services: list[str]
    for_whom_label: str | None
    starts_on: str | None
    ends_on: str | None
    next_check_on: str | None
    grant_paid_on: str | None
    state: str = Field(description="running 核查仍在经营，stopped 已停止，unknown 待核实")
    check_due_on: str | None = Field(description="应核查的日期；不需要核查为 null")
    checks: list[StartupCheck]
    row_version: int


class StartupGrant(Kept):
    """申领台账里的一项创业补贴；金额 null 是需人工核实。"""

    claim_id: str
    rule_id: str
    title: str
    status: str
    status_label: str
    month: str
    amount: str | None


class CoachItem(Kept):
    """正在进行的就业辅导。"""

    enrolment_id: str
    coach: str | None
    place: str | None
    starts_on: str | None


class CoachVisitItem(Kept):
    """辅导员的一次走访。"""

    visit_id: str
    on: str
    coach: str | None
    minutes: int | None
    about: str | None
    next_on: str | None


class PersonVentures(Kept):
    """一个人的创业、产业帮扶和走访。"""

    candidate_id: str
    as_of: str
    is_watched_household: bool
    ventures: list[VentureItem]
    grants: list[StartupGrant]
    coaches: list[CoachItem]
    visits: list[CoachVisitItem]
    visit_due: str | None


class GrantProposed(Kept):
    """已提出的创业补贴申领，由另一人决定。"""

    claim_id: str
    rule_id: str
    from_month: str
    status: str


@router.get("/ventures", responses={200: {"model": VenturePage}})
@declare(_READ)
def ventures(
    access: AccessDep, subject: SubjectDep, page: PageDep, candidate_id: _Id = None, kind: VentureKind | None = None
) -> Response:
    """Return the start-ups and industries of the people whom the subject sees."""
    filters = {"candidate_id": candidate_id, "kind": None if kind is None else kind.value}
    return page_answer(access, subject, VENTURES, Action.READ_SERVICES, page, filters)


@router.post("/ventures", status_code=201, responses={201: {"model": Venture}, 200: {"model": Venture}})
@declare(_WRITE)
def add_venture(request: Request, access: AccessDep, subject: SubjectDep, body: NewVenture) -> Response:
    """Record a start-up, or an industry that a household is helped into; without an id it gets one."""
    return made_once(request, access, subject, VENTURES, Action.WRITE_SERVICES, body, made_here="venture_id")


@router.get("/ventures/{venture_id}", responses={200: {"model": Venture}})
@declare(_READ)
def venture(access: AccessDep, subject: SubjectDep, venture_id: str) -> Response:
    """Return one, with its version as ETag."""
    return row_answer(access, subject, VENTURES, Action.READ_SERVICES, (venture_id,))


@router.patch("/ventures/{venture_id}", responses={200: {"model": Venture}})
@declare(_WRITE)
def change_venture(
    access: AccessDep, subject: SubjectDep, venture_id: str, body: VenturePatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); null says that a fact is unknown again."""
    return changed(access, subject, VENTURES, Action.WRITE_SERVICES, (venture_id,), body, version)


@router.post("/ventures/{venture_id}/claim", status_code=201, responses={201: {"model": GrantProposed}})
@declare(_CLAIM)
def claim_grant(request: Request, access: AccessDep, subject: SubjectDep, venture_id: str) -> Response:
    """Propose the start-up grant; claimed already, it is refused with the other claim named."""

    def work(connection: Connection) -> Answer:
        claim = Ventures(connection, subject, on=today()).claim(venture_id, at=moment())
        told = {
            "claim_id": claim.claim_id,
            "rule_id": claim.rule_id,
            "from_month": f"{claim.from_month // 100}-{claim.from_month % 100:02d}",
            "status": claim.status,
        }
        return Answer(201, told, {}, None if claim.candidate_id is None else ("candidate", claim.candidate_id))

    with telling_crossed(access, subject):
        return once(request, access, subject, work)


@router.get("/visits", responses={200: {"model": VisitPage}})
@declare(_READ)
def visits(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    candidate_id: _Id = None,
    kind: VisitKind | None = None,
    by: _Id = None,
) -> Response:
    """Return the checks and visits to the people whom the subject sees."""
    filters = {"candidate_id": candidate_id, "kind": None if kind is None else kind.value, "by": by}
    return page_answer(access, subject, VISITS, Action.READ_SERVICES, page, filters)


@router.post("/visits", status_code=201, responses={201: {"model": Visit}, 200: {"model": Visit}})
@declare(_WRITE)
def add_visit(request: Request, access: AccessDep, subject: SubjectDep, body: NewVisit) -> Response:
    """Record a check of a start-up or a visit of a job coach; without an id it gets one."""
    return made_once(request, access, subject, VISITS, Action.WRITE_SERVICES, body, made_here="visit_id")


@router.get("/visits/{visit_id}", responses={200: {"model": Visit}})
@declare(_READ)
def visit(access: AccessDep, subject: SubjectDep, visit_id: str) -> Response:
    """Return one, with its version as ETag."""
    return row_answer(access, subject, VISITS, Action.READ_SERVICES, (visit_id,))


@router.patch("/visits/{visit_id}", responses={200: {"model": Visit}})
@declare(_WRITE)
def change_visit(
    access: AccessDep, subject: SubjectDep, visit_id: str, body: VisitPatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); null says that a fact is unknown again."""
    return changed(access, subject, VISITS, Action.WRITE_SERVICES, (visit_id,), body, version)


@router.get("/candidates/{candidate_id}/ventures", responses={200: {"model": PersonVentures}})
@declare(_READ)
def ventures_of(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return what a person runs, how it fares, the grant, and the visits of their coach."""
    with acting(access, subject, Action.READ_SERVICES) as connection:
        return Ventures(connection, subject, on=today()).of(candidate_id)
