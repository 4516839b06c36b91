"""Campaigns and programmes: their days, posts and people, who would fit the posts, and what to offer a person."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Body, cells_of
from api.cursors import PageDep
from api.desk_keeper import DeskKeeper
from api.documents import row_document
from api.etags import IfMatchVersion, etag, stale
from api.idempotency import Answer, once
from api.routes.consents import day_of
from api.row_models import Initiative, InitiativePatch, NewInitiative
from api.rows import acting, note_refused, patched_cells
from api.settings import today
from matching.plan_actions import Step
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.initiatives.ledger import Ledger
from pipelines.initiatives.offers import offers_for
from pipelines.initiatives.suggestions import asked_of, strong_for, told
from pipelines.plan_tables import INITIATIVES

router = APIRouter(tags=["initiatives"])
_READ = for_action(Action.READ_INITIATIVES, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_INITIATIVES, Purpose.JOB_MATCHING)
_LIST = for_action(Action.READ_SHORTLIST, Purpose.JOB_MATCHING)
_PERSON = for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
_Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_Date = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class PostAttached(Body):
    """让一个岗位进入活动或项目。"""

    vacancy_id: _Id


class StepTaken(Body):
    """一个人在活动或项目中的一步；由工作人员决定，系统不自动邀请。"""

    candidate_id: _Id
    step: Annotated[Step, Field(strict=False)]
    on: _Day


@router.get("/initiatives")
@declare(_READ)
def initiatives(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    first: _Date = None,
    last: _Date = None,
    what: Literal["campaign", "programme"] | None = None,
    region: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
) -> Response:
    """Return the campaigns and programmes that touch some days, by first day."""
    filters = {"first": first, "last": last, "what": what, "region": region}
    days = [None if one is None else day_of(name, one) for name, one in (("first", first), ("last", last))]
    after = page.after(subject, filters)
    key = None if after is None else (date.fromisoformat(str(after[0])), str(after[1]))
    with access.engine.begin() as connection:
        found, has_more = Ledger(connection, subject, on=today()).page(
            after=key, limit=page.limit, first=days[0], last=days[1], what=what, region=region
        )
    last_key = (found[-1]["starts_on"] or date.min.isoformat(), found[-1]["initiative_id"]) if has_more else None
    following = None if last_key is None else page.next(subject, filters, last_key)
    return JSONResponse({"items": found, "next_cursor": following})


@router.post("/initiatives", status_code=201, responses={201: {"model": Initiative}, 200: {"model": Initiative}})
@declare(_WRITE)
def add_initiative(request: Request, access: AccessDep, subject: SubjectDep, body: NewInitiative) -> Response:
    """Put a campaign or a place of a programme down; without an id it gets one."""
    cells = cells_of(INITIATIVES, body)
    return added(request, access, subject, cells)


def added(
    request: Request, access: AccessDep, subject: SubjectDep, cells: dict[str, str], key: str | None = None
) -> Response:
    """Add one once, however often the request comes; `key` stands for the request where a form carries it."""

    def work(connection: Connection) -> Answer:
        row, is_new = Ledger(connection, subject, on=today()).add(cells)
        headers = {"ETag": etag(row.version), "Location": f"/api/v1/initiatives/{row.values['initiative_id']}"}
        return Answer(201 if is_new else 200, row_document(INITIATIVES, row.values), headers)

    return once(request, access, subject, work, key=key)


@router.get("/initiatives/{initiative_id}")
@declare(_READ)
def initiative(access: AccessDep, subject: SubjectDep, initiative_id: str) -> Response:
    """Return one with its posts by employer, its visible people, and what followed with each row."""
    with access.engine.begin() as connection:
        document = Ledger(connection, subject, on=today()).one(initiative_id)
    return JSONResponse(document, headers={"ETag": etag(document["row_version"])})


@router.patch("/initiatives/{initiative_id}", responses={200: {"model": Initiative}})
@declare(_WRITE)
def change_initiative(
    access: AccessDep, subject: SubjectDep, initiative_id: str, body: InitiativePatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396), also the day on which it was cancelled."""
    with access.engine.begin() as connection:
        ledger = Ledger(connection, subject, on=today())
        cells = patched_cells(INITIATIVES, body, ledger.register, (initiative_id,))
        row = ledger.change(initiative_id, cells, version)
    if row is None:
        stale()
    return JSONResponse(row_document(INITIATIVES, row.values), headers={"ETag": etag(row.version)})


@router.put("/initiatives/{initiative_id}/posts")
@declare(_WRITE)
def attach_post(access: AccessDep, subject: SubjectDep, initiative_id: str, body: PostAttached) -> dict[str, Any]:
    """Let a vacancy stand at a campaign or programme; the same once more changes nothing."""
    with access.engine.begin() as connection:
        is_new = Ledger(connection, subject, on=today()).attach(initiative_id, body.vacancy_id)
    return {"initiative_id": initiative_id, "vacancy_id": body.vacancy_id, "is_new": is_new}


@router.get("/initiatives/{initiative_id}/suggestions")
@declare(_LIST)
def suggestions(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    initiative_id: str,
    k: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """Return who of the place would be a strong match for the posts; whom to invite is for a person to decide."""
    keeper: DeskKeeper = request.app.state.keeper
    with access.engine.begin() as connection:
        asked = asked_of(connection, subject, initiative_id, today())
    document = strong_for(keeper.desk(today()), asked, k=k)  # takes long: not within a transaction
    with access.engine.begin() as connection:
        return told(connection, subject, initiative_id, document)


@router.put("/initiatives/{initiative_id}/people")
@declare(_WRITE)
def take_step(access: AccessDep, subject: SubjectDep, initiative_id: str, body: StepTaken) -> dict[str, Any]:
    """Keep that a person was invited, came, joined or left; the same once more changes nothing."""
    on = day_of("on", body.on)
    try:
        with access.engine.begin() as connection:
            ledger = Ledger(connection, subject, on=today())
            is_new = ledger.step(initiative_id, body.candidate_id, body.step, on)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_INITIATIVES)
        raise
    return {
        "initiative_id": initiative_id,
        "candidate_id": body.candidate_id,
        "step": body.step.value,
        "step_label": body.step.label,
        "on": body.on,
        "is_new": is_new,
    }


@router.get("/candidates/{candidate_id}/offers")
@declare(_PERSON)
def offers(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return the programmes that a person can be sent to, and what to remind of who would work for themselves."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        return offers_for(connection, subject, candidate_id, today())
