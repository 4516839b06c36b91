"""What is due to the people whom the subject sees, who waits longest first."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.cursors import PageDep
from api.rows import acting
from api.settings import today
from matching.duties.terms import DutyKind, DutyState
from matching.vocabulary import ServiceKind
from pipelines.access.roles import Action, Purpose
from pipelines.duties.due import due_list

router = APIRouter(prefix="/due", tags=["due"])


class DueService(Kept):
    """一项就业服务。"""

    kind: ServiceKind
    label: str


class AskedFact(Kept):
    """还要核实的一项事实，以及问谁。"""

    fact: str
    label: str
    who_can_supply: str


class Ground(Kept):
    """依据的文件、条款，以及核对到什么程度。"""

    document: str
    clause: str
    status: str


class DueItem(Kept):
    """对一个人的一项应办事项。"""

    candidate_id: str
    region: str | None
    region_name: str | None
    kind: DutyKind
    label: str
    state: DutyState = Field(description="due 应办；ask 待核实后才知道是否应办")
    state_label: str
    services: list[DueService] = Field(description="应办而本年还没有的服务")
    open_services: list[DueService] = Field(description="待核实后才知道是否应办的服务")
    asks: list[AskedFact]
    about: list[str] = Field(description="关系到哪些就业记录或岗位")
    since: str = Field(description="从哪一天起应办")
    by: str | None = Field(description="最迟哪一天；没有规定的为 null")
    waiting_since: str
    waited_days: int
    strong_matches: int | None = Field(description="最近一份名单里匹配度高的岗位数；没有名单的为 null")
    reasons: list[str]
    source: Ground


class DuePage(Kept):
    """一页应办事项，等得最久的在前。"""

    as_of: str
    rules_version: str
    region: str
    region_name: str
    items: list[DueItem]
    notice: str
    next_cursor: str | None


@router.get("", responses={200: {"model": DuePage}})
@declare(for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING))
def due(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    region: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    kind: DutyKind | None = None,
) -> Response:
    """Return what is due to the visible people of a place and everything below it; who was shown is recorded."""
    filters = {"region": region, "kind": None if kind is None else kind.value}
    after = page.after(subject, filters)
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        place = None if after is None else (int(after[0]), str(after[1]), str(after[2]))
        kinds = () if kind is None else (kind,)
        found = due_list(connection, subject, today(), region, page.limit, kinds=kinds, after=place)
    following = None if found.next_key is None else page.next(subject, filters, found.next_key)
    return JSONResponse({**found.as_dict(), "next_cursor": following})
