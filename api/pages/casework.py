"""Notes and tasks as pages: those of one person with their forms, and the tasks of the office by day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import PageDep
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.pages.casework_fields import Asked, word_of
from api.pages.lists import own_address
from api.pages.people import head_of, person_line
from api.pages.render import REQUEST_KEY, ROW_VERSION, page, see_other
from api.pages.words import words
from api.problems import StaleVersion
from api.routes.consents import day_of
from api.rows import acting, note_refused
from api.settings import today
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.handover import Caseload
from pipelines.caseload.notes import NewNote, Notes
from pipelines.caseload.tasks import NewTask, Step, Tasks, Wanted
from pipelines.caseload.words import NotePurpose, TaskAct, TaskKind
from pipelines.messages.outbox import message_document
from pipelines.registers.errors import Fault, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES
from pipelines.store.messages import MessageRepository

router = APIRouter(include_in_schema=False)
_READ_NOTES = page_for(Action.READ_NOTES, Purpose.JOB_MATCHING)
_WRITE_NOTES = page_for(Action.WRITE_NOTES, Purpose.JOB_MATCHING)
_READ_TASKS = page_for(Action.READ_TASKS, Purpose.JOB_MATCHING)
_WRITE_TASKS = page_for(Action.WRITE_TASKS, Purpose.JOB_MATCHING)
SOON_DAYS, _USUAL_DAYS = 7, 14
_STEPS = (TaskAct.DONE, TaskAct.POSTPONED, TaskAct.HANDED, TaskAct.DROPPED)
_NOTE, _TASK = ("purpose", "happened_on", "words"), ("kind", "due_on", "owner_id", "task_words")
NOBODY = "nobody"
"""What the field of owners holds for everybody who sees the person."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that came back: which one, what was sent and why."""

    part: str
    form: Form
    faults: Sequence[Fault] = ()
    said: str = ""


def _page(
    request: Request,
    access: Access,
    subject: Subject,
    candidate_id: str,
    refused: Refused | None = None,
    *,
    correct: str = "",
    status: int = 200,
) -> Response:
    with acting(access, subject, Action.READ_NOTES) as connection:
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
        notes = Notes(connection, subject).of(candidate_id)
        own = Tasks(connection, subject, on=today())
        tasks, owners = own.of(candidate_id), own.colleagues()
        charges = Caseload(connection, subject, on=today(), now=moment()).of(candidate_id)
        sent = [message_document(row) for row in MessageRepository(connection, subject).of(candidate_id)]
    of_note, of_task = (_asked(refused, part) for part in ("note", "task"))
    known = {note["note_id"]: note for note in notes if note["corrected_by"] is None}
    wrong = known.get(correct)
    return page(
        request,
        "casework.html",
        status,
        **head_of(row.values),
        notes=notes,
        sent=sent,
        open_tasks=[task for task in tasks if task["status"] == "open"],
        ended_tasks=[task for task in tasks if task["status"] != "open"],
        steps=_STEPS,
        in_charge=[one for one in charges if one["ended_at"] is None],
        charged_before=[one for one in charges if one["ended_at"] is not None],
        may_take_on=_may_take_on(subject, charges),
        owners=_owners(subject, owners),
        correct=None if wrong is None else wrong["note_id"],
        note_fields=[
            of_note.one_of("purpose", NotePurpose, NotePurpose.CONTACT if wrong is None else wrong["purpose"]),
            of_note.day("happened_on", today().isoformat() if wrong is None else wrong["happened_on"]),
            of_note.area("words", "" if wrong is None else wrong["words"]),
        ],
        task_fields=[
            of_task.one_of("kind", TaskKind, TaskKind.CONTACT),
            of_task.day("due_on", (today() + timedelta(days=_USUAL_DAYS)).isoformat()),
            of_task.choice("owner_id", _owners(subject, owners), subject.user_id or NOBODY),
            of_task.area("task_words"),
        ],
        faults=[*of_note.told(_NOTE), *of_task.told(_TASK)],
        refused="" if refused is None else refused.said,
    )


def _may_take_on(subject: Subject, charges: Sequence[Any]) -> bool:
    own = subject.organisation_id
    return own is not None and not any(one["organisation_id"] == own and one["ended_at"] is None for one in charges)


def _asked(refused: Refused | None, part: str) -> Asked:
    sent = refused is not None and refused.part == part
    return Asked(refused.form, refused.faults) if refused is not None and sent else Asked(None, ())


def _owners(subject: Subject, known: Any) -> dict[str, str]:
    own = {} if subject.user_id is None else {str(subject.user_id): words()("casework.myself")}
    return {NOBODY: words()("casework.anybody"), **own, **{key: name for key, name in known.items() if key not in own}}


@router.get("/people/{candidate_id}/notes")
@declare(_READ_NOTES)
def notes(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, correct: str = "") -> Response:
    """Show what was written down of a person, what there is to do, and the forms for more of both."""
    return _page(request, access, subject, candidate_id, correct=correct)


@router.post("/people/{candidate_id}/notes")
@declare(_WRITE_NOTES)
def add_note(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Write a note, or one that corrects another."""
    form, correct = form_sent(request), form_sent(request).text("corrects")

    def work(connection: Connection) -> Answer:
        note = NewNote(
            NotePurpose(word_of("purpose", NotePurpose, form)),
            day_of("happened_on", form.text("happened_on")),
            form.text("words"),
            correct or None,
        )
        Notes(connection, subject).add(candidate_id, note, on=today(), now=moment())
        return Answer(201, None, {}, ("candidate", candidate_id))

    try:
        made_once(request, access, subject, work, Action.WRITE_NOTES)
    except RowRefused as error:
        refused = Refused("note", form, error.faults)
        return _page(request, access, subject, candidate_id, refused, correct=correct, status=422)
    except CaseworkRefused as error:
        refused = Refused("note", form, said=problem_title(error))
        return _page(request, access, subject, candidate_id, refused, status=409)
    return see_other(own_address(candidate_id, "/notes"), "note_corrected" if correct else "note_added")


def made_once(
    request: Request, access: Access, subject: Subject, work: Callable[[Connection], Answer], action: Action
) -> None:
    """Do the work of a form once, however often it is sent; an attempt on somebody not visible is recorded."""
    try:
        once(request, access, subject, work, key=form_sent(request).text(REQUEST_KEY))
    except NoSuchPerson:
        note_refused(access, subject, action)
        raise


@router.post("/people/{candidate_id}/tasks")
@declare(_WRITE_TASKS)
def add_task(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Put down something to do."""
    form = form_sent(request)

    def work(connection: Connection) -> Answer:
        task = NewTask(
            TaskKind(word_of("kind", TaskKind, form)),
            form.text("task_words"),
            day_of("due_on", form.text("due_on")),
            _owner(form),
        )
        Tasks(connection, subject, on=today()).add(candidate_id, task, now=moment())
        return Answer(201, None, {}, ("candidate", candidate_id))

    try:
        made_once(request, access, subject, work, Action.WRITE_TASKS)
    except RowRefused as error:
        faults = [Fault("task_words" if one.column == "words" else one.column, one.reason) for one in error.faults]
        return _page(request, access, subject, candidate_id, Refused("task", form, faults), status=422)
    return see_other(own_address(candidate_id, "/notes"), "task_added")


def version_of(form: Form) -> int:
    """Return the version that a form was read in; what is no number is a version that nobody has."""
    sent = form.text(ROW_VERSION)
    return int(sent) if sent.isascii() and sent.isdigit() else 0


def _owner(form: Form) -> str | None:
    return None if form.text("owner_id") in ("", NOBODY) else form.text("owner_id")


@router.post("/people/{candidate_id}/tasks/{task_id}/step")
@declare(_WRITE_TASKS)
def step_task(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, task_id: str) -> Response:
    """Do something about an open task: done, put off, handed to a colleague, or no longer needed."""
    form = form_sent(request)
    try:
        act = TaskAct(word_of("act", TaskAct, form))
        due_on = day_of("due_on", form.text("due_on")) if act is TaskAct.POSTPONED else None
        step = Step(act, form.text("reason"), due_on, _owner(form))
        with acting(access, subject, Action.WRITE_TASKS) as connection:
            done = Tasks(connection, subject, on=today()).step(task_id, step, version=version_of(form), now=moment())
    except RowRefused as error:
        said = "；".join(fault.reason for fault in error.faults)
        return _page(request, access, subject, candidate_id, Refused("step", form, said=said), status=422)
    except CaseworkRefused as error:
        refused = Refused("step", form, said=problem_title(error))
        return _page(request, access, subject, candidate_id, refused, status=409)
    if done is None:
        refused = Refused("step", form, said=problem_title(StaleVersion("")))
        return _page(request, access, subject, candidate_id, refused, status=412)
    return see_other(own_address(candidate_id, "/notes"), f"task_{act.value}")


# ---- the tasks of the office ----


def tasks_shown(
    connection: Connection, subject: Subject, wanted: Wanted, *, after: Any, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Return tasks with the person of each as a list shows it."""
    found, has_more = Tasks(connection, subject, on=today()).page(wanted, after=after, limit=limit)
    ids = [(task["candidate_id"],) for task in found]
    people = Register(connection, CANDIDATES, subject).repository.find(ids)
    return [{**task, "person": person_line(people[task["candidate_id"],])} for task in found], has_more


@router.get("/tasks")
@declare(_READ_TASKS)
def tasks(
    request: Request, access: AccessDep, subject: SubjectDep, part: PageDep, whose: str = "mine", when: str = ""
) -> Response:
    """Show the open tasks by day: one's own and nobody's, or everybody's; all, or those that are due by now."""
    is_mine, is_due = whose != "all", when == "due"
    filters = {"whose": "mine" if is_mine else "all", "when": "due" if is_due else ""}
    after = part.after(subject, filters)
    key = None if after is None else (date.fromisoformat(str(after[0])), str(after[1]))
    wanted = Wanted(until=today() if is_due else None, is_mine=is_mine)
    with acting(access, subject, Action.READ_TASKS) as connection:
        found, has_more = tasks_shown(connection, subject, wanted, after=key, limit=part.limit)
    following = part.next(subject, filters, (found[-1]["due_on"], found[-1]["task_id"])) if has_more else None
    return page(
        request, "tasks.html", tasks=found, following=following, is_mine=is_mine, is_due=is_due, is_first=after is None
    )
