"""A company's posts: the list, a new one, and its short steps with the live preview of how many people could do it."""

import json
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import PageDep
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.pages.fields import fields_of, wrongs
from api.pages.post_steps import BY_NAME, STEPS, Step, change_of, change_on_top, following, shown_of
from api.pages.render import REQUEST_KEY, ROW_VERSION, page, see_other
from api.settings import today
from api.vacancy_models import id_of
from matching.regions import region_name
from matching.vocabulary import Concession
from pipelines.access.errors import TooManyRequests
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.desk import NoSuchVacancy
from pipelines.registers.errors import Fault, NoSuchEmployer, RowRefused
from pipelines.schema import VACANCIES
from pipelines.vacancy_workflow.content import Content
from pipelines.vacancy_workflow.employers import Employers
from pipelines.vacancy_workflow.errors import DraftQuota, OutdatedWork
from pipelines.vacancy_workflow.listing import STATES, Filters, page_of_vacancies
from pipelines.vacancy_workflow.service import Published, VacancyWork, Work
from pipelines.vacancy_workflow.states import Live, State

router = APIRouter(prefix="/posts", include_in_schema=False)
READ = page_for(Action.READ_VACANCIES, Purpose.RECRUITMENT)
WRITE = page_for(Action.WRITE_VACANCIES, Purpose.RECRUITMENT)
CHIPS = (State.DRAFT, State.CHECKED, State.APPROVED, Live.PUBLISHED, Live.CONFIRMATION_DUE, Live.PAUSED, State.CLOSED)
_TONE = {
    "published": "good", "confirmation_due": "warn", "paused": "bad", "ended": "warn", "draft": "warn",
}  # fmt: skip


def address_of(vacancy_id: str, rest: str = "") -> str:
    """Return an address about a post."""
    return f"/posts/{quote(vacancy_id, safe='')}{rest}"


def work_of(connection: Connection, subject: Subject) -> VacancyWork:
    """Return the acts of a subject as of now."""
    return VacancyWork(connection, subject, on=today(), now=moment())


# ---- the list ----


def line_of(seen: Work | Published) -> dict[str, Any]:
    """Return a post as a list shows it."""
    if isinstance(seen, Published):
        values, state = seen.values, State.PUBLISHED
        closes_on = values.get("closes_on")
        live = Live.ENDED if closes_on is not None and closes_on < today() else None
    else:
        values, state, live = seen.content.values, seen.standing.state, seen.live
    tags = [(state.label, _TONE.get(state.value, ""))]
    if live is not None and live.value != state.value:
        tags.append((live.label, _TONE.get(live.value, "")))
    region, kind = values.get("region"), values.get("kind")
    return {
        "id": id_of(seen),
        "title": values["title"],
        "kind": None if kind is None else kind.label,
        "region": None if region is None else region_name(region),
        "openings": values.get("openings"),
        "closes_on": None if values.get("closes_on") is None else values["closes_on"].isoformat(),
        "tags": tags,
        "return_note": None if isinstance(seen, Published) else seen.standing.return_note,
    }


@router.get("")
@declare(READ)
def posts(
    request: Request, access: AccessDep, subject: SubjectDep, part: PageDep, state: str = "", concession: str = ""
) -> Response:
    """Return the posts that the subject sees: a company its own, with where each stands."""
    wanted = state if state in STATES else None
    relief = next((one for one in Concession if one.value == concession), None)
    filters = {"state": wanted, "concession": None if relief is None else relief.value}
    after = part.after(subject, filters)
    with access.engine.begin() as connection:
        seen, has_more = page_of_vacancies(
            work_of(connection, subject),
            Filters(state=wanted, employer_id=subject.employer_id, concession=filters["concession"]),
            after=None if after is None else after[0],
            limit=part.limit,
        )
    return page(
        request,
        "posts.html",
        lines=[line_of(one) for one in seen],
        chips=CHIPS,
        state=wanted,
        concessions=list(Concession),
        concession=relief,
        following=part.next(subject, filters, (id_of(seen[-1]),)) if has_more else None,
        is_first=after is None,
    )


# ---- a new one ----


def has_to_register(access: Access, subject: Subject) -> bool:
    """True for somebody of a company that has not registered itself: it can have no posts yet."""
    if subject.employer_id is None:
        return False
    try:
        with access.engine.begin() as connection:
            Employers(connection, subject, on=today(), now=moment()).one(subject.employer_id)
    except NoSuchEmployer:
        return True
    return False


@router.get("/new")
@declare(WRITE)
def new(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Ask the first step of a new post; a company registers itself first."""
    if has_to_register(access, subject):
        return see_other("/company/edit")
    return _step_page(request, STEPS[0], Content({}), None)


@router.post("/new")
@declare(WRITE)
def add(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Make a draft; nothing has to be known for it."""
    form, step = form_sent(request), STEPS[0]
    if has_to_register(access, subject):
        return see_other("/company/edit")

    def work(connection: Connection) -> Answer:
        change = change_of(step, Content({}), form)
        cells = {"title": change_title(form), **change.cells}
        content = Content.of_cells(cells, change.tasks or ())
        seen = work_of(connection, subject).draft(content, form.text("employer_id") or None)
        return Answer(201, {"vacancy_id": id_of(seen)}, {"Location": address_of(id_of(seen))})

    try:
        kept = once(request, access, subject, work, key=form.text(REQUEST_KEY))
    except RowRefused as error:
        return _step_page(request, step, Content({}), None, form=form, faults=tuple(error.faults), status=422)
    except DraftQuota as error:
        return _step_page(request, step, Content({}), None, form=form, refused=problem_title(error), status=429)
    return see_other(address_of(json.loads(bytes(kept.body))["vacancy_id"], "/steps/demands?step=1"), "post_drafted")


def change_title(form: Form) -> str:
    """Return the title of a new post; one without a title yet gets a plain one."""
    return change_of(STEPS[0], Content({"title": "-"}), form).cells.get("title", "-")


# ---- a step ----


def _step(name: str) -> Step:
    if name not in BY_NAME:
        raise HTTPException(404)
    return BY_NAME[name]


def worked_on(connection: Connection, subject: Subject, vacancy_id: str) -> Work:
    """Return a post that the subject works on.

    Raises
    ------
    NoSuchVacancy
        When there is none, or it is only shown to the subject.
    """
    seen = work_of(connection, subject).at_work(vacancy_id)
    if isinstance(seen, Published):
        raise NoSuchVacancy("没有这个岗位编号")
    return seen


@router.get("/{vacancy_id}/steps/{name}")
@declare(WRITE)
def ask(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str, name: str) -> Response:
    """Ask a step of a post, as it stands."""
    step = _step(name)
    with access.engine.begin() as connection:
        seen = worked_on(connection, subject, vacancy_id)
        told = _preview(connection, access, subject, vacancy_id, step, None)
    return _step_page(request, step, seen.content, seen, told=told)


@router.post("/{vacancy_id}/steps/{name}")
@declare(WRITE)
def change(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str, name: str) -> Response:
    """Keep a step, or only show how many people there would be; a change goes back to the check."""
    step, form = _step(name), form_sent(request)
    with access.engine.begin() as connection:
        seen = worked_on(connection, subject, vacancy_id)
    try:
        with access.engine.begin() as connection:
            if form.text("preview"):
                unsaved = change_on_top(step, seen.content, form)
                told = _preview(connection, access, subject, vacancy_id, step, unsaved)
                return _step_page(request, step, seen.content, seen, form=form, told=told)
            sent = form.text(ROW_VERSION)
            version = int(sent) if sent.isascii() and sent.isdigit() else -1
            work_of(connection, subject).change(vacancy_id, version, change_of(step, seen.content, form))
    except RowRefused as error:
        return _step_page(request, step, seen.content, seen, form=form, faults=tuple(error.faults), status=422)
    except (DraftQuota, OutdatedWork) as error:
        status = 429 if isinstance(error, DraftQuota) else 412
        return _step_page(request, step, seen.content, seen, form=form, refused=problem_title(error), status=status)
    next_one = following(step.name)
    if form.text("step") and next_one and not form.text("leave"):
        return see_other(address_of(vacancy_id, f"/steps/{next_one}?step=1"), "post_saved")
    return see_other(address_of(vacancy_id), "post_saved")


def _preview(
    connection: Connection, access: Any, subject: Subject, vacancy_id: str, step: Step, unsaved: Content | None
) -> dict[str, Any] | None:
    """Return how many people could do a post, where a step bears on it."""
    if step.name not in ("demands", "accommodations"):
        return None
    try:
        access.take_preview(subject)
    except TooManyRequests:  # who asked too often is told later; what is written is kept all the same
        return None
    return work_of(connection, subject).previewed(vacancy_id, unsaved)


def _step_page(
    request: Request,
    step: Step,
    content: Content,
    seen: Work | None,
    *,
    form: Form | None = None,
    faults: tuple[Fault, ...] = (),
    refused: str = "",
    told: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    subject: Subject = request.state.subject
    names = step.columns or ("demands",)
    return page(
        request,
        "post_step.html",
        status,
        step=step,
        steps=STEPS,
        vacancy_id=None if seen is None else seen.standing.vacancy_id,
        title=content.values.get("title"),
        is_step=seen is None or bool(request.query_params.get("step")) or bool(form and form.text("step")),
        fields=fields_of(VACANCIES, step.columns, content.values, form, faults),
        faults=wrongs(VACANCIES, faults, names),
        refused=refused,
        version="" if seen is None else form.text(ROW_VERSION) if form else seen.standing.row_version,
        preview=told,
        asks_employer=seen is None and subject.employer_id is None,
        employer_id=form.text("employer_id") if form else "",
        **{"tasks": "", "demands": [], "offered": [], "contact": "", "tied_from": 0, **shown_of(step, content, form)},
    )
