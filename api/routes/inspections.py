"""Inspections (核查): units drawn by chance and for their hints, and what came of it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Body, Kept
from api.clock import moment
from api.cursors import PageDep
from api.etags import IfMatchVersion, etag, stale
from api.idempotency import Answer, once
from api.settings import today
from pipelines.access.roles import Action, Purpose
from pipelines.inspections.queue import (
    MOST_DRAWN,
    MOST_LOOKED_AT,
    Draw,
    InspectionOutcome,
    Inspections,
    inspection_document,
)

router = APIRouter(prefix="/inspections", tags=["inspections"])
_READ = for_action(Action.READ_INSPECTIONS, Purpose.SUPERVISION)
_DRAW = for_action(Action.DRAW_INSPECTIONS, Purpose.SUPERVISION)
_DECIDE = for_action(Action.DECIDE_INSPECTIONS, Purpose.SUPERVISION)
_Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f]+$")]


class NewDraw(Body):
    """抽取要核查的单位：一部分随机，一部分按核查提示；同样的种子和记录抽到同样的单位。"""

    year: int = Field(ge=2015, le=2100, description="用工年度")
    seed: int = Field(ge=0, le=2**31 - 1, description="随机种子")
    n_random: int = Field(default=5, ge=0, le=MOST_DRAWN, description="随机抽取几家")
    n_risk: int = Field(default=5, ge=0, le=MOST_DRAWN, description="按核查提示抽取几家")
    n_looked_at: int = Field(default=100, ge=0, le=MOST_LOOKED_AT, description="按提示抽取时比较几家")
    region: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class InspectionDecision(Body):
    """核查结论：须由具名的工作人员写明理由和看过的材料；不写个人姓名和证号。"""

    outcome: Literal["nothing_found", "corrected", "handed_on", "rights_protection"]
    ground: _Text
    evidence: _Text


class Flag(Kept):
    """一类核查提示，以及涉及多少条就业记录；不是违规结论。"""

    rule_id: str
    title: str
    placements: int
    look_at: str
    source: dict[str, str] | None


class KeptInspection(Kept):
    """一项核查。"""

    inspection_id: str
    employer_id: str
    year: int
    chosen: Literal["random", "risk"]
    chosen_label: str
    seed: int
    flags: list[Flag]
    rules_version: str
    drawn_by: str
    drawn_at: str
    outcome: str | None
    outcome_label: str | None
    ground: str | None
    evidence: str | None
    decided_by: str | None
    decided_at: str | None
    notice: str


class InspectionPage(Kept):
    """一页核查。"""

    items: list[KeptInspection]
    next_cursor: str | None


class Drawn(Kept):
    """这次抽到的单位。"""

    items: list[KeptInspection]


@router.get("", responses={200: {"model": InspectionPage}})
@declare(_READ)
def inspections(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    year: Annotated[int | None, Query(ge=2015, le=2100)] = None,
    open_only: bool = False,
) -> Response:
    """Return the inspections of the employers that the subject sees."""
    filters = {"year": year, "open_only": open_only}
    after = page.after(subject, filters)
    with access.engine.begin() as connection:
        queue = Inspections(connection, subject, on=today(), now=moment())
        last = None if after is None else str(after[0])
        found, has_more = queue.page(after=last, limit=page.limit, year=year, is_open=True if open_only else None)
    following = page.next(subject, filters, (found[-1].inspection_id,)) if has_more else None
    return JSONResponse({"items": [inspection_document(one) for one in found], "next_cursor": following})


@router.post("", status_code=201, responses={201: {"model": Drawn}})
@declare(_DRAW)
def draw_inspections(request: Request, access: AccessDep, subject: SubjectDep, body: NewDraw) -> Response:
    """Draw units to look into: some by chance, some for their hints; each once for a year."""

    def work(connection: Connection) -> Answer:
        queue = Inspections(connection, subject, on=today(), now=moment())
        drawn = [inspection_document(one) for one in queue.draw(Draw(**body.model_dump()))]
        return Answer(201, {"items": drawn}, {}, None)

    return once(request, access, subject, work)


@router.get("/{inspection_id}", responses={200: {"model": KeptInspection}})
@declare(_READ)
def inspection(access: AccessDep, subject: SubjectDep, inspection_id: str) -> Response:
    """Return one inspection with its version; the read is recorded."""
    with access.engine.begin() as connection:
        found = Inspections(connection, subject, on=today(), now=moment()).one(inspection_id)
    return JSONResponse(inspection_document(found), headers={"ETag": etag(found.row_version)})


@router.put("/{inspection_id}/decision", responses={200: {"model": KeptInspection}})
@declare(_DECIDE)
def decide_inspection(
    access: AccessDep, subject: SubjectDep, inspection_id: str, body: InspectionDecision, version: IfMatchVersion
) -> Any:
    """Keep what came of an inspection, with what was seen; only a named person can."""
    with access.engine.begin() as connection:
        queue = Inspections(connection, subject, on=today(), now=moment())
        outcome = InspectionOutcome(body.outcome)
        decided = queue.decide(inspection_id, outcome, ground=body.ground, evidence=body.evidence, version=version)
    if decided is None:
        return stale()
    return JSONResponse(inspection_document(decided), headers={"ETag": etag(decided.row_version)})
