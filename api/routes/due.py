"""What is due to the people whom the subject sees, who waits longest first."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.cursors import PageDep
from api.rows import acting
from api.settings import today
from matching.duties.households import HouseholdState
from matching.duties.terms import DutyKind, DutyState, terms_on
from matching.vocabulary import ServiceKind
from pipelines.access.roles import Action, Purpose
from pipelines.duties.due import due_list
from pipelines.duties.households import household_list
from pipelines.duties.places import area_of
from pipelines.duties.units import UnitState, unit_list

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


class HouseholdAsk(AskedFact):
    """要向哪一位成员核实哪一项事实。"""

    candidate_id: str


class HouseholdItem(Kept):
    """一户脱贫户或监测户：登记的成员和是否已有一人就业。"""

    household_id: str
    region: str | None
    region_name: str | None
    members: list[str]
    state: HouseholdState
    state_label: str
    asks: list[HouseholdAsk]


class HouseholdPage(Kept):
    """一页家庭，按户号。"""

    as_of: str
    region: str
    region_name: str
    source: Ground | None
    items: list[HouseholdItem]
    notice: str
    next_cursor: str | None


@router.get("/households", responses={200: {"model": HouseholdPage}})
@declare(for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING))
def households(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    region: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    state: HouseholdState | None = None,
) -> Response:
    """Return households exited from poverty or monitored: those without work and unsettled ones, or one state's."""
    filters = {"region": region, "state": None if state is None else state.value}
    after = page.after(subject, filters)
    states = (HouseholdState.WITHOUT, HouseholdState.TO_VERIFY) if state is None else (state,)
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        last = None if after is None else str(after[0])
        found = household_list(connection, subject, today(), region, page.limit, states=states, after=last)
    following = None if found.next_key is None else page.next(subject, filters, (found.next_key,))
    return JSONResponse({**found.as_dict(), "next_cursor": following})


class UnitItem(Kept):
    """一家机关、事业单位或国有企业；null 表示未知。"""

    employer_id: str
    name: str | None
    kind: str | None
    kind_label: str | None
    level: str | None
    level_label: str | None
    region: str | None
    region_name: str | None
    establishment: int | None
    headcount: str | None
    required: str | None
    counted: str
    counted_at_most: str
    gap: str | None
    quota: UnitState
    quota_label: str
    min_one: UnitState
    min_one_label: str
    must_publish: bool | None
    placed: int | None


class UnitList(Kept):
    """一项责任所及的单位，尚未做到的在前。"""

    duty: Literal["min_one", "quota", "publish"]
    title: str
    year: int
    as_of: str
    region: str
    region_name: str
    source: Ground | None
    deadline: str | None
    items: list[UnitItem]
    notice: str


@router.get("/units", responses={200: {"model": UnitList}})
@declare(for_action(Action.READ_REPORTS, Purpose.STATISTICS))
def units(
    access: AccessDep,
    subject: SubjectDep,
    region: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    duty: Literal["min_one", "quota", "publish"] = "min_one",
) -> dict[str, Any]:
    """Return the organs, institutions and state enterprises that a duty concerns; the read is recorded."""
    on = today()
    with access.engine.begin() as connection:
        area = area_of(connection, region, on)
        return unit_list(connection, subject, terms_on(on), area, duty)
