"""Plans as pages: those of one person with steps and the posts of the leading actions, and the ledger of the office."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import PageDep
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer
from api.pages.casework import NOBODY, Refused, made_once, version_of
from api.pages.casework_fields import Asked, word_of
from api.pages.lists import own_address
from api.pages.people import head_of, person_line
from api.pages.render import page, see_other
from api.pages.words import words
from api.problems import StaleVersion
from api.routes.consents import day_of
from api.rows import acting
from api.settings import today
from matching.assistance import AssistanceLevel
from matching.plans import PlanEnd, PlanKind
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.assistance import assistance_document
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.lead_posts import lead_posts
from pipelines.caseload.plans import NewPlan, PlanChange, Plans, PlansWanted, asked_span
from pipelines.caseload.tasks import NewTask, Tasks
from pipelines.caseload.words import TaskKind
from pipelines.consent.errors import MatchingRefused
from pipelines.registers.errors import Fault, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES, PLACEMENTS

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_TASKS, Purpose.JOB_MATCHING)
_WRITE = page_for(Action.WRITE_TASKS, Purpose.JOB_MATCHING)
_PLAN = ("plan_kind", "level", "entered_on", "entry_words", "adviser_id", "plan_words")
_STEP = ("kind", "due_on", "task_words")
_OURS = {"words": "plan_words", "kind": "plan_kind"}


def _page(
    request: Request,
    access: Access,
    subject: Subject,
    candidate_id: str,
    refused: Refused | None = None,
    status: int = 200,
) -> Response:
    with acting(access, subject, Action.READ_TASKS) as connection:
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
        found = Plans(connection, subject, on=today()).of(candidate_id)
        colleagues = Tasks(connection, subject, on=today()).colleagues()
        leading = _leading(connection, subject, candidate_id)
        placements = _placements(connection, subject, candidate_id)
        proposed = assistance_document(connection, subject, rulebook(), candidate_id, today())
    parts = {part: _asked(refused, part) for part in ("plan", "step")}
    advisers = {NOBODY: words()("plans.myself"), **colleagues}
    levels = {NOBODY: words()("plans.no_level"), **{one.value: one.label for one in AssistanceLevel}}
    of_plan, of_step = parts["plan"], parts["step"]
    return page(
        request,
        "plans.html",
        status,
        **head_of(row.values),
        open_plans=[one for one in found if one["ended_on"] is None],
        ended_plans=[one for one in found if one["ended_on"] is not None],
        leading=leading,
        assistance=proposed,
        endings=list(PlanEnd),
        placements=placements,
        advisers=advisers,
        nobody=NOBODY,
        on=today().isoformat(),
        plan_fields=[
            of_plan.one_of("plan_kind", PlanKind, PlanKind.GRADUATE),
            of_plan.choice("level", levels, NOBODY),
            of_plan.day("entered_on", today().isoformat()),
            of_plan.area("entry_words"),
            of_plan.choice("adviser_id", advisers, NOBODY),
            of_plan.area("plan_words"),
        ],
        step_fields=[
            of_step.one_of("kind", TaskKind, TaskKind.CONTACT),
            of_step.day("due_on", ""),
            of_step.area("task_words"),
        ],
        faults=[*of_plan.told(_PLAN), *of_step.told(_STEP)],
        refused="" if refused is None else refused.said,
    )


def _asked(refused: Refused | None, part: str) -> Asked:
    return Asked(refused.form, refused.faults) if refused is not None and refused.part == part else Asked(None, ())


def _leading(connection: Connection, subject: Subject, candidate_id: str) -> dict[str, Any] | None:
    """Return the posts of the leading actions, or None where the person does not want to be matched."""
    try:
        return lead_posts(connection, subject, candidate_id)
    except MatchingRefused:
        return None


def _placements(connection: Connection, subject: Subject, candidate_id: str) -> dict[str, str]:
    """Return the person's placements under what tells them apart."""
    register = Register(connection, PLACEMENTS, subject)
    found, _ = register.page(
        after=None, limit=50, filters={"candidate_id": candidate_id}, action=Action.READ_PLACEMENTS
    )  # fmt: skip
    told = {NOBODY: words()("plans.no_placement")}
    for one in found:
        began = one.values["starts_on"]
        form = one.values["form"]
        label = "" if form is None else form.label
        told[one.values["placement_id"]] = f"{words()('plans.day_open') if began is None else began} {label}"
    return told


@router.get("/people/{candidate_id}/plans")
@declare(_READ)
def plans_of(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Show the plans with a person, each with its steps, and the form for a new one."""
    return _page(request, access, subject, candidate_id)


@router.post("/people/{candidate_id}/plans")
@declare(_WRITE)
def open_plan(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Make a plan with its usual steps."""
    form = form_sent(request)

    def work(connection: Connection) -> Answer:
        level = form.text("level")
        plan = NewPlan(
            PlanKind(word_of("plan_kind", PlanKind, form)),
            None if level in ("", NOBODY) else AssistanceLevel(word_of("level", AssistanceLevel, form)),
            _adviser(form),
            form.text("plan_words"),
            entered_on=day_of("entered_on", form.text("entered_on")) if form.text("entered_on") else None,
            entry_words=form.text("entry_words"),
        )
        Plans(connection, subject, on=today()).open(candidate_id, plan, now=moment())
        return Answer(201, None, {}, ("candidate", candidate_id))

    try:
        made_once(request, access, subject, work, Action.WRITE_TASKS)
    except RowRefused as error:
        faults = [Fault(_OURS.get(one.column, one.column), one.reason) for one in error.faults]
        return _page(request, access, subject, candidate_id, Refused("plan", form, faults), 422)
    except CaseworkRefused as error:
        refused = Refused("plan", form, said=problem_title(error))
        return _page(request, access, subject, candidate_id, refused, 409)
    return see_other(own_address(candidate_id, "/plans"), "plan_opened")


def _adviser(form: Form) -> str | None:
    return None if form.text("adviser_id") in ("", NOBODY) else form.text("adviser_id")


@router.post("/people/{candidate_id}/plans/{plan_id}/steps")
@declare(_WRITE)
def add_step(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, plan_id: str) -> Response:
    """Add a step to an open plan; what is done about steps is done among the person's tasks."""
    form = form_sent(request)

    def work(connection: Connection) -> Answer:
        task = NewTask(
            TaskKind(word_of("kind", TaskKind, form)),
            form.text("task_words"),
            day_of("due_on", form.text("due_on")),
            plan_id=plan_id,
        )
        Tasks(connection, subject, on=today()).add(candidate_id, task, now=moment())
        return Answer(201, None, {}, ("candidate", candidate_id))

    try:
        made_once(request, access, subject, work, Action.WRITE_TASKS)
    except RowRefused as error:
        faults = [Fault("task_words" if one.column == "words" else one.column, one.reason) for one in error.faults]
        return _page(request, access, subject, candidate_id, Refused("step", form, faults), 422)
    return see_other(own_address(candidate_id, "/plans"), "step_added")


@router.post("/people/{candidate_id}/plans/{plan_id}/change")
@declare(_WRITE)
def change_plan(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, plan_id: str) -> Response:
    """Give a plan another adviser, or end it; its open steps follow."""
    form = form_sent(request)
    try:
        placement = form.text("placement_id")
        if form.text("what") == "adviser":
            change = PlanChange(adviser_id=_adviser(form) or subject.user_id)
        else:
            ending = PlanEnd(word_of("ending", PlanEnd, form))
            change = PlanChange(
                ending=ending,
                placement_id=None if placement in ("", NOBODY) else placement,
                left_on=day_of("left_on", form.text("left_on")) if form.text("left_on") else None,
                exit_words=form.text("exit_words"),
            )
        with acting(access, subject, Action.WRITE_TASKS) as connection:
            own = Plans(connection, subject, on=today())
            done = own.change(plan_id, change, version=version_of(form), now=moment())
    except RowRefused as error:
        said = "；".join(fault.reason for fault in error.faults)
        return _page(request, access, subject, candidate_id, Refused("change", form, said=said), 422)
    except CaseworkRefused as error:
        refused = Refused("change", form, said=problem_title(error))
        return _page(request, access, subject, candidate_id, refused, 409)
    if done is None:
        refused = Refused("change", form, said=problem_title(StaleVersion("")))
        return _page(request, access, subject, candidate_id, refused, 412)
    return see_other(own_address(candidate_id, "/plans"), "plan_ended" if change.ending else "plan_handed")


# ---- the ledger ----


@router.get("/plans")
@declare(_READ)
def ledger(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    part: PageDep,
    kind: PlanKind = PlanKind.GRADUATE,
    ended: bool = False,
    whose: str = "all",
    held_on: str = "",
    since: str = "",
    until: str = "",
) -> Response:
    """Show the ledger of plans of a kind by the day they were opened: of everybody, or of those one advises.

    Open or ended ones, or those of a day or of some days with how many entered and left.
    """
    is_mine = whose == "mine"
    days = {"held_on": held_on.strip(), "since": since.strip(), "until": until.strip()}
    fault, span = None, None
    try:
        asked = [day_of(name, text) if text else None for name, text in days.items()]
        span = asked_span(asked[0], asked[1], asked[2], today())
    except RowRefused as error:
        fault = error.faults[0]
    filters = {"kind": kind.value, "ended": ended, "whose": "mine" if is_mine else "all", **days}
    after = part.after(subject, filters)
    key = None if after is None else (date.fromisoformat(str(after[0])), str(after[1]))
    with acting(access, subject, Action.READ_TASKS) as connection:
        wanted = PlansWanted(kind, is_open=not ended, is_mine=is_mine, span=span)
        own = Plans(connection, subject, on=today())
        found, has_more = own.page(wanted, after=key, limit=part.limit)
        moves = own.moves(wanted)
        shown = _with_people(connection, subject, found)
    following = part.next(subject, filters, (found[-1]["opened_on"], found[-1]["plan_id"])) if has_more else None
    return page(
        request, "plans_ledger.html", 200 if fault is None else 422, plans=shown, kinds=list(PlanKind), kind=kind,
        ended=ended, is_mine=is_mine, following=following, is_first=after is None, on=today().isoformat(),
        days=days, span=span, moves=moves, fault=fault,
    )  # fmt: skip


@router.get("/plans/students")
@declare(_READ)
def students(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Show the students of the education office's data with whom there is no plan yet."""
    filters: dict[str, Any] = {}
    after = part.after(subject, filters)
    last = None if after is None else str(after[0])
    with acting(access, subject, Action.READ_TASKS) as connection:
        found, has_more = Plans(connection, subject, on=today()).without(None, after=last, limit=part.limit)
        shown = _with_people(connection, subject, found)
    following = part.next(subject, filters, (found[-1]["candidate_id"],)) if has_more else None
    return page(request, "plans_students.html", students=shown, following=following, is_first=after is None)


def _with_people(connection: Connection, subject: Subject, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    repository = Register(connection, CANDIDATES, subject).repository
    people = repository.find([(one["candidate_id"],) for one in found])
    return [{**one, "person": person_line(people[one["candidate_id"],])} for one in found]
