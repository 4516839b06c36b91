"""Whose people they are within an office: taken on by a caseworker, and handed to another with a note."""

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
from pipelines.caseload.handover import Caseload, Handover
from pipelines.caseload.notes import MOST_WORDS
from pipelines.caseload.planned import Planned

router = APIRouter(tags=["caseload"])
_READ = for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_CANDIDATES, Purpose.JOB_MATCHING)
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
_Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_Words = Annotated[
    str, StringConstraints(min_length=1, max_length=MOST_WORDS, pattern=r"^[^\x00-\x08\x0B\x0C\x0E-\x1F]*$")
]


class ChargeSent(Body):
    """由本机构哪一位工作人员负责；不写就是自己。"""

    user_id: _Id | None = None


class KeptCharge(Kept):
    """负责或曾经负责一位求职者的工作人员。"""

    user_id: str
    name: str | None
    organisation_id: str
    organisation: str | None
    since: str
    ended_at: str | None


class ChargeList(Kept):
    """一位求职者历来由谁负责，早的在前。"""

    items: list[KeptCharge]


class CaseloadItem(Kept):
    """由一位工作人员负责的一位求职者。"""

    candidate_id: str
    since: str


class CaseloadPage(Kept):
    """一页由同一位工作人员负责的求职者。"""

    items: list[CaseloadItem]
    next_cursor: str | None


class HandoverSent(Body):
    """把求职者转交给另一位工作人员或另一个机构；不写哪些人就是全部，待办任务一并转交。"""

    words: _Words = Field(description="转交说明，加密保存")
    happened_on: _Day = Field(description="哪一天转交，今天或31天以内")
    to_user_id: _Id | None = None
    to_organisation_id: _Id | None = Field(default=None, description="接手的机构；不写就是本机构，其他机构由主管转交")
    from_user_id: _Id | None = Field(default=None, description="由谁转出；不写就是自己，其他人的由主管转交")
    candidate_ids: Annotated[list[_Id], Field(min_length=1, max_length=1000)] | None = None


class HandoverDone(Kept):
    """一次转交的结果。"""

    handover_id: str
    n_people: int
    n_tasks: int


class KeptHandover(Kept):
    """一次转交。"""

    handover_id: str
    from_user_id: str
    from_name: str | None
    to_user_id: str | None
    to_name: str | None
    to_organisation_id: str
    to_organisation: str | None
    happened_on: str
    words: str
    n_people: int
    made_at: str
    made_by_name: str | None


class HandoverList(Kept):
    """本机构转出、转入的最近几次，新的在前。"""

    items: list[KeptHandover]


class PlannedSent(Body):
    """预定到以后某一天的转交，也可以约好交回的日子；不写哪些人就是那一天由转出人负责的全部。"""

    words: _Words = Field(description="转交说明，加密保存")
    begins_on: _Day = Field(description="哪一天转交，明天以后、一年以内")
    returns_on: _Day | None = Field(default=None, description="哪一天交回；不写就不交回")
    to_user_id: _Id = Field(description="由本机构哪一位工作人员接手")
    from_user_id: _Id | None = Field(default=None, description="由谁转出；不写就是自己，其他人的由主管办理")
    candidate_ids: Annotated[list[_Id], Field(min_length=1, max_length=1000)] | None = None


class KeptPlanned(Kept):
    """一次预定的转交；`n_people` 为空就是那一天的全部，`held_for` 写明到了日子为什么没有办成。"""

    planned_id: str
    from_user_id: str
    from_name: str | None
    to_user_id: str
    to_name: str | None
    begins_on: str
    returns_on: str | None
    n_people: int | None
    words: str
    status: str
    status_label: str
    held_for: str | None
    handover_id: str | None
    made_by_name: str | None


class PlannedList(Kept):
    """本机构预定的转交，没有了结的在前。"""

    items: list[KeptPlanned]


@router.get("/candidates/{candidate_id}/caseworkers", responses={200: {"model": ChargeList}})
@declare(_READ)
def caseworkers(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return who was and is in charge of a person."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        return {"items": Caseload(connection, subject, on=today(), now=moment()).of(candidate_id)}


@router.post("/candidates/{candidate_id}/caseworkers", status_code=201, responses={201: {"model": ChargeList}})
@declare(_WRITE)
def take_on(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: ChargeSent
) -> Response:  # fmt: skip
    """Put somebody of the own office in charge of a person who has nobody there."""

    def work(connection: Connection) -> Answer:
        caseload = Caseload(connection, subject, on=today(), now=moment())
        caseload.take_on(candidate_id, body.user_id)
        return Answer(201, {"items": caseload.of(candidate_id)}, {}, ("candidate", candidate_id))

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_CANDIDATES)
        raise


@router.get("/caseload", responses={200: {"model": CaseloadPage}})
@declare(_READ)
def caseload(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    user_id: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
) -> Response:
    """Return the people in charge of oneself, or for a supervisor of somebody of the office, by id."""
    filters = {"user_id": user_id}
    after = page.after(subject, filters)
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        last = None if after is None else str(after[0])
        own = Caseload(connection, subject, on=today(), now=moment())
        found, has_more = own.page(user_id, after=last, limit=page.limit)
    following = page.next(subject, filters, (found[-1]["candidate_id"],)) if has_more else None
    return JSONResponse({"items": found, "next_cursor": following})


@router.get("/caseload/handovers", responses={200: {"model": HandoverList}})
@declare(_READ)
def handovers(access: AccessDep, subject: SubjectDep) -> dict[str, Any]:
    """Return the latest hand-overs from and to the own office."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        return {"items": Caseload(connection, subject, on=today(), now=moment()).handovers()}


@router.post("/caseload/handovers", status_code=201, responses={201: {"model": HandoverDone}})
@declare(_WRITE)
def hand_over(request: Request, access: AccessDep, subject: SubjectDep, body: HandoverSent) -> Response:
    """Hand people over, all or chosen, with their open tasks; who was in charge before stays on record."""

    def work(connection: Connection) -> Answer:
        given = body.model_dump()
        ids = given.pop("candidate_ids")
        day = day_of("happened_on", given.pop("happened_on"))
        handover = Handover(**given, happened_on=day, candidate_ids=None if ids is None else tuple(ids))
        document = Caseload(connection, subject, on=today(), now=moment()).hand_over(handover)
        return Answer(201, document, {}, None)

    return once(request, access, subject, work)


@router.get("/caseload/planned", responses={200: {"model": PlannedList}})
@declare(_READ)
def planned(access: AccessDep, subject: SubjectDep) -> dict[str, Any]:
    """Return the hand-overs that the own office planned for a later day."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        return {"items": Planned(connection, subject, on=today(), now=moment()).open_and_latest()}


@router.post("/caseload/planned", status_code=201, responses={201: {"model": KeptPlanned}})
@declare(_WRITE)
def plan(request: Request, access: AccessDep, subject: SubjectDep, body: PlannedSent) -> Response:
    """Plan that people go to a colleague on a later day, and come back on another where it names one."""

    def work(connection: Connection) -> Answer:
        ids = body.candidate_ids
        handover = Handover(
            words=body.words,
            happened_on=day_of("begins_on", body.begins_on),
            to_user_id=body.to_user_id,
            from_user_id=body.from_user_id,
            candidate_ids=None if ids is None else tuple(ids),
        )
        back = None if body.returns_on is None else day_of("returns_on", body.returns_on)
        document = Planned(connection, subject, on=today(), now=moment()).plan(handover, back)
        return Answer(201, document, {}, None)

    return once(request, access, subject, work)


@router.post("/caseload/planned/{planned_id}/cancellation", status_code=204)
@declare(_WRITE)
def cancel(access: AccessDep, subject: SubjectDep, planned_id: str) -> Response:
    """Cancel a plan that has not begun, or the return of one that has."""
    with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
        Planned(connection, subject, on=today(), now=moment()).cancel(planned_id)
    return Response(status_code=204)
