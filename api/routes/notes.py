"""Notes on a person and what there is to do about people: written by named staff, read by who sees the person."""

from datetime import date
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
from api.routes.consents import day_of
from api.rows import acting, note_refused
from api.settings import today
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.caseload.notes import MOST_WORDS, NewNote, Notes
from pipelines.caseload.tasks import NewTask, Step, Tasks, Wanted
from pipelines.caseload.words import NotePurpose, TaskAct, TaskKind, TaskStatus

router = APIRouter(tags=["notes and tasks"])
_READ_NOTES = for_action(Action.READ_NOTES, Purpose.JOB_MATCHING)
_WRITE_NOTES = for_action(Action.WRITE_NOTES, Purpose.JOB_MATCHING)
_READ = for_action(Action.READ_TASKS, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_TASKS, Purpose.JOB_MATCHING)
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
_Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
_Words = Annotated[
    str, StringConstraints(min_length=1, max_length=MOST_WORDS, pattern=r"^[^\x00-\x08\x0B\x0C\x0E-\x1F]*$")
]


class NoteSent(Body):
    """一条个案记录；内容加密保存，写错的用新的一条更正，原来的保留。不写证号。"""

    purpose: Annotated[NotePurpose, Field(strict=False)]
    happened_on: _Day
    words: _Words
    corrects: _Id | None = Field(default=None, description="更正哪一条记录")


class CaseNote(Kept):
    """一条个案记录。"""

    note_id: str
    candidate_id: str
    happened_on: str
    purpose: NotePurpose
    purpose_label: str
    words: str
    corrects: str | None
    corrected_by: str | None = Field(description="被哪一条更正；没有更正的为 null")
    recorded_at: str
    recorded_by: str
    recorded_by_name: str | None


class NoteList(Kept):
    """一个人的个案记录，日期新的在前。"""

    items: list[CaseNote]


class TaskSent(Body):
    """为一个人要办的一件事；没有写由谁办的，由能看到这个人的同事共同负责。"""

    kind: Annotated[TaskKind, Field(strict=False)]
    words: _Words
    due_on: _Day
    owner_id: _Id | None = Field(default=None, description="由本机构哪一位工作人员办")
    plan_id: _Id | None = Field(default=None, description="是哪一份进行中的计划的一步")


class TaskStepSent(Body):
    """对一项任务做了什么：办结、延期（写明新日期和原因）、转交同事、取消（写明原因）。"""

    act: Literal["postponed", "handed", "done", "dropped"]
    reason: _Words | None = None
    due_on: _Day | None = None
    owner_id: _Id | None = None


class CaseTaskStep(Kept):
    """任务的一步。"""

    act: TaskAct
    act_label: str
    due_on: str | None
    owner_id: str | None
    reason: str | None
    at: str
    by: str
    by_name: str | None


class CaseTask(Kept):
    """一项任务。"""

    task_id: str
    candidate_id: str
    kind: TaskKind
    kind_label: str
    plan_id: str | None = Field(default=None, description="是哪一份计划的一步")
    words: str
    due_on: str
    overdue_days: int
    owner_id: str | None
    owner_name: str | None
    status: TaskStatus
    status_label: str
    made_by: str
    made_by_name: str | None
    made_at: str
    row_version: int
    steps: list[CaseTaskStep]


class TaskList(Kept):
    """一个人的任务，按日期。"""

    items: list[CaseTask]


class TaskPage(Kept):
    """一页任务，按日期。"""

    items: list[CaseTask]
    next_cursor: str | None


# ---- notes ----


@router.get("/candidates/{candidate_id}/notes", responses={200: {"model": NoteList}})
@declare(_READ_NOTES)
def notes(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return the notes on a person, corrected ones too; the read is recorded."""
    with acting(access, subject, Action.READ_NOTES) as connection:
        return {"items": Notes(connection, subject).of(candidate_id)}


@router.post("/candidates/{candidate_id}/notes", status_code=201, responses={201: {"model": CaseNote}})
@declare(_WRITE_NOTES)
def add_note(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: NoteSent
) -> Response:  # fmt: skip
    """Write a note on a person; none is ever changed, a correction is a further one."""

    def work(connection: Connection) -> Answer:
        note = NewNote(body.purpose, day_of("happened_on", body.happened_on), body.words, body.corrects)
        document = Notes(connection, subject).add(candidate_id, note, on=today(), now=moment())
        return Answer(201, document, {}, ("candidate", candidate_id))

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_NOTES)
        raise


# ---- tasks ----


@router.get("/candidates/{candidate_id}/tasks", responses={200: {"model": TaskList}})
@declare(_READ)
def tasks_of(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return the tasks about a person, open and ended; what follows from the rules is under `/due`."""
    with acting(access, subject, Action.READ_TASKS) as connection:
        return {"items": Tasks(connection, subject, on=today()).of(candidate_id)}


@router.post("/candidates/{candidate_id}/tasks", status_code=201, responses={201: {"model": CaseTask}})
@declare(_WRITE)
def add_task(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: TaskSent
) -> Response:  # fmt: skip
    """Put down something to do about a person, by which day and whose it is."""

    def work(connection: Connection) -> Answer:
        task = NewTask(body.kind, body.words, day_of("due_on", body.due_on), body.owner_id, body.plan_id)
        document = Tasks(connection, subject, on=today()).add(candidate_id, task, now=moment())
        headers = {"ETag": etag(1), "Location": f"/api/v1/tasks/{document['task_id']}"}
        return Answer(201, document, headers, ("candidate", candidate_id))

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_TASKS)
        raise


@router.get("/tasks", responses={200: {"model": TaskPage}})
@declare(_READ)
def tasks(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    status: TaskStatus = TaskStatus.OPEN,
    until: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="到哪一天为止应办的")] = None,
    mine: Annotated[bool, Query(description="只看自己的和没有写由谁办的")] = False,
    region: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
) -> Response:
    """Return the tasks about the visible people, by day; who was shown is recorded."""
    filters = {"status": status.value, "until": until, "mine": mine, "region": region}
    after = page.after(subject, filters)
    last = None if until is None else day_of("until", until)
    key = None if after is None else (date.fromisoformat(str(after[0])), str(after[1]))
    with acting(access, subject, Action.READ_TASKS) as connection:
        wanted = Wanted(status, last, mine, region)
        found, has_more = Tasks(connection, subject, on=today()).page(wanted, after=key, limit=page.limit)
    following = page.next(subject, filters, (found[-1]["due_on"], found[-1]["task_id"])) if has_more else None
    return JSONResponse({"items": found, "next_cursor": following})


@router.get("/tasks/{task_id}", responses={200: {"model": CaseTask}})
@declare(_READ)
def task(access: AccessDep, subject: SubjectDep, task_id: str) -> Response:
    """Return one task with its version and its steps."""
    with acting(access, subject, Action.READ_TASKS) as connection:
        document, version = Tasks(connection, subject, on=today()).one(task_id)
    return JSONResponse(document, headers={"ETag": etag(version)})


@router.put("/tasks/{task_id}/step", responses={200: {"model": CaseTask}})
@declare(_WRITE)
def step_task(
    access: AccessDep, subject: SubjectDep, task_id: str, body: TaskStepSent, version: IfMatchVersion
) -> Response:
    """Do something about an open task; every step stays, with who did it and why."""
    due_on = None if body.due_on is None else day_of("due_on", body.due_on)
    step = Step(TaskAct(body.act), body.reason or "", due_on, body.owner_id)
    with acting(access, subject, Action.WRITE_TASKS) as connection:
        document = Tasks(connection, subject, on=today()).step(task_id, step, version=version, now=moment())
    if document is None:
        stale()
    return JSONResponse(document, headers={"ETag": etag(document["row_version"])})
