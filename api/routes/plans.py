"""Plans made with people: 一生一策 of students, assistance of who is hard to employ; the ledger of both."""

from datetime import date
from typing import Annotated, Any

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
from api.routes.notes import CaseTask
from api.rows import acting, note_refused
from api.settings import today
from matching.assistance import AssistanceLevel
from matching.plans import PlanEnd, PlanKind
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.caseload.lead_posts import lead_posts
from pipelines.caseload.notes import MOST_WORDS
from pipelines.caseload.plans import NewPlan, PlanChange, Plans, PlansWanted, asked_span

router = APIRouter(tags=["plans"])
_READ = for_action(Action.READ_TASKS, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_TASKS, Purpose.JOB_MATCHING)
_LISTS = for_action(Action.READ_SHORTLIST, Purpose.JOB_MATCHING)
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
_Words = Annotated[str, StringConstraints(max_length=MOST_WORDS, pattern=r"^[^\x00-\x08\x0B\x0C\x0E-\x1F]*$")]
_Day = Annotated[date, Field(strict=False)]
_Region = Annotated[str | None, Query(min_length=1, max_length=64)]


class PlanSent(Body):
    """与一位求职者建立一份计划；不写由谁负责就是自己。"""

    kind: Annotated[PlanKind, Field(strict=False)]
    level: Annotated[AssistanceLevel | None, Field(strict=False)] = Field(
        default=None, description="就业援助计划的援助类别；一生一策不写"
    )
    adviser_id: _Id | None = Field(default=None, description="一对一负责的本机构工作人员")
    words: _Words = Field(default="", description="目标和约定，加密保存，不写证号")
    entered_on: _Day | None = Field(default=None, description="哪一天进入，默认今天；不能早于上一份同类计划结束的那天")
    entry_words: _Words = Field(default="", description="进入的理由，加密保存，不写证号")
    with_usual_steps: bool = Field(default=True, description="按这类计划的常用步骤建立任务")


class PlanChangeSent(Body):
    """换由另一位工作人员负责，或结束计划；只做一项。"""

    adviser_id: _Id | None = None
    ending: Annotated[PlanEnd | None, Field(strict=False)] = None
    placement_id: _Id | None = Field(default=None, description="以已就业结束时，是哪一条就业安置")
    left_on: _Day | None = Field(default=None, description="哪一天退出，默认今天")
    exit_words: _Words = Field(default="", description="退出的理由，加密保存，不写证号")


class PlanSource(Kept):
    """依据的文件和条款。"""

    document: str
    clause: str


class PlanHead(Kept):
    """一份计划。"""

    plan_id: str
    candidate_id: str
    kind: PlanKind
    kind_label: str
    level: AssistanceLevel | None
    level_label: str | None
    adviser_id: str | None
    adviser_name: str | None
    words: str | None
    opened_on: str
    entry_words: str | None = None
    opened_by_name: str | None
    ended_on: str | None
    ending: PlanEnd | None
    ending_label: str | None
    exit_words: str | None = None
    placement_id: str | None
    row_version: int
    source: PlanSource
    n_steps: int
    n_done: int
    n_overdue: int
    next_due_on: str | None


class CasePlan(PlanHead):
    """一份计划和它的步骤。"""

    steps: list[CaseTask]


class PlanList(Kept):
    """一个人的计划，进行中的在前。"""

    items: list[CasePlan]


class PlanLine(PlanHead):
    """台账的一行。"""

    region: str | None
    region_name: str | None
    graduated_on: str | None
    is_employed: bool | None = Field(description="是否就业；不知道为 null")


class PlanMoves(Kept):
    """一类计划在一段时间里的进出；期末等于期初加进入减退出。"""

    level: AssistanceLevel | None
    label: str
    before: int = Field(description="期初在册")
    entered: int = Field(description="期间进入")
    left: int = Field(description="期间退出；退出那天起不再在册")
    after: int = Field(description="期末在册")


class PlanPage(Kept):
    """台账的一页，按建立日期。"""

    items: list[PlanLine]
    next_cursor: str | None
    moves: list[PlanMoves] = Field(default_factory=list, description="问到某一天或某段时间时，各类的份数")


class StudentLine(Kept):
    """在校数据里还没有计划的一位学生。"""

    candidate_id: str
    school: str | None
    subject: str | None
    leaves_on: str | None


class StudentPage(Kept):
    """一页还没有计划的学生，按编号。"""

    items: list[StudentLine]
    next_cursor: str | None


class LeadPost(Kept):
    """名单上的一个岗位。"""

    rank: int
    vacancy_id: str
    title: str
    employer: str | None
    kind: str | None
    outcome: str
    reasons: list[str]


class LeadAction(Kept):
    """一项带头安排行动的岗位。"""

    action: str
    label: str
    n_posts: int
    posts: list[LeadPost]


class LeadPosts(Kept):
    """最近一份名单里三项带头安排行动的岗位；没有名单时 run_id 为 null。"""

    run_id: str | None
    as_of: str | None
    actions: list[LeadAction]


@router.get("/candidates/{candidate_id}/plans", responses={200: {"model": PlanList}})
@declare(_READ)
def plans_of(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return the plans with a person, each with its steps."""
    with acting(access, subject, Action.READ_TASKS) as connection:
        return {"items": Plans(connection, subject, on=today()).of(candidate_id)}


@router.post("/candidates/{candidate_id}/plans", status_code=201, responses={201: {"model": CasePlan}})
@declare(_WRITE)
def open_plan(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: PlanSent
) -> Response:  # fmt: skip
    """Make a plan with a person; a student's is recorded as a service as well."""

    def work(connection: Connection) -> Answer:
        plan = NewPlan(**body.model_dump())
        document = Plans(connection, subject, on=today()).open(candidate_id, plan, now=moment())
        return Answer(201, document, {"ETag": etag(1)}, ("candidate", candidate_id))

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_TASKS)
        raise


@router.get("/candidates/{candidate_id}/lead-posts", responses={200: {"model": LeadPosts}})
@declare(_LISTS)
def posts_of_leading_actions(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return the posts of organs, state enterprises and private companies in a person's newest list."""
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        return lead_posts(connection, subject, candidate_id)


@router.get("/plans", responses={200: {"model": PlanPage}})
@declare(_READ)
def plans(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    kind: PlanKind = PlanKind.GRADUATE,
    is_open: bool = True,
    level: AssistanceLevel | None = None,
    mine: Annotated[bool, Query(description="只看由自己负责的")] = False,
    region: _Region = None,
    held_on: Annotated[date | None, Query(description="这一天在册的")] = None,
    since: Annotated[date | None, Query(description="一段时间里在册、进入或退出的：起")] = None,
    until: Annotated[date | None, Query(description="止，默认今天")] = None,
) -> Response:
    """Return the ledger of plans of a kind, by the day they were opened; who was shown is recorded.

    Open or ended ones, or those of a day or of some days, with how many entered and left each level in them.
    """
    span = asked_span(held_on, since, until, today())
    level_word = None if level is None else level.value
    filters = {"kind": kind.value, "is_open": is_open, "level": level_word, "mine": mine, "region": region}
    if span is not None:
        filters |= {"since": span.since.isoformat(), "until": span.until.isoformat(), "is_day": span.is_day}
    after = page.after(subject, filters)
    key = None if after is None else (date.fromisoformat(str(after[0])), str(after[1]))
    with acting(access, subject, Action.READ_TASKS) as connection:
        wanted = PlansWanted(kind, is_open, level, mine, region, span)
        own = Plans(connection, subject, on=today())
        found, has_more = own.page(wanted, after=key, limit=page.limit)
        moves = own.moves(wanted)
    following = page.next(subject, filters, (found[-1]["opened_on"], found[-1]["plan_id"])) if has_more else None
    return JSONResponse({"items": found, "next_cursor": following, "moves": moves})


@router.get("/plans/students-without", responses={200: {"model": StudentPage}})
@declare(_READ)
def students_without(access: AccessDep, subject: SubjectDep, page: PageDep, region: _Region = None) -> Response:
    """Return the students of the education office's data with whom there is no plan yet; who was shown is recorded."""
    filters = {"region": region}
    after = page.after(subject, filters)
    with acting(access, subject, Action.READ_TASKS) as connection:
        last = None if after is None else str(after[0])
        found, has_more = Plans(connection, subject, on=today()).without(region, after=last, limit=page.limit)
    following = page.next(subject, filters, (found[-1]["candidate_id"],)) if has_more else None
    return JSONResponse({"items": found, "next_cursor": following})


@router.put("/plans/{plan_id}", responses={200: {"model": CasePlan}})
@declare(_WRITE)
def change_plan(
    access: AccessDep, subject: SubjectDep, plan_id: str, body: PlanChangeSent, version: IfMatchVersion
) -> Response:
    """Give an open plan another adviser, or end it; its open steps follow."""
    with acting(access, subject, Action.WRITE_TASKS) as connection:
        change = PlanChange(**body.model_dump())
        document = Plans(connection, subject, on=today()).change(plan_id, change, version=version, now=moment())
    if document is None:
        stale()
    return JSONResponse(document, headers={"ETag": etag(document["row_version"])})
