"""A person's start-ups, industries and visits as a page: what runs, which check is due, the grant, the job coach."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer
from api.pages.casework import made_once, version_of
from api.pages.fields import Field, Option, cells_from, fields_of, wrongs
from api.pages.lists import own_address
from api.pages.people import head_of
from api.pages.render import REQUEST_KEY, page, see_other
from api.problems import StaleVersion
from api.rows import acting, telling_crossed
from api.settings import today
from matching.ventures import INDUSTRIES, INDUSTRY_SERVICES, VisitKind, words_on
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.ventures import Ventures
from pipelines.claims.errors import ClaimError
from pipelines.registers.errors import Fault, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.venture_tables import VENTURES, VISITS

router = APIRouter(prefix="/people/{candidate_id}", include_in_schema=False)
_READ = page_for(Action.READ_SERVICES, Purpose.JOB_MATCHING)
_WRITE = page_for(Action.WRITE_SERVICES, Purpose.JOB_MATCHING)
_CLAIM = page_for(Action.WRITE_BENEFITS, Purpose.BENEFIT_DECISION)
_NEW = ("kind", "title", "industry", "services", "for_whom", "starts_on", "next_check_on")
_LATER = ("ends_on", "next_check_on", "grant_paid_on")
_OF_VISIT = ("on", "by", "minutes", "about", "is_running", "next_on", "venture_id", "enrolment_id")


def _page(
    request: Request,
    access: Access,
    subject: Subject,
    candidate_id: str,
    refused: str = "",
    status: int = 200,
    *,
    form: Form | None = None,
    faults: tuple[Fault, ...] = (),
) -> Response:
    with acting(access, subject, Action.READ_SERVICES) as connection:
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
        found = Ventures(connection, subject, on=today()).of(candidate_id)
    signed_in = getattr(request.state, "signed_in", None)
    return page(
        request,
        "ventures.html",
        status,
        **head_of(row.values),
        found=found,
        fields=[_chosen(one, form) for one in fields_of(VENTURES, _NEW, {}, form, faults)],
        faults=wrongs(VENTURES, faults, _NEW),
        today=today().isoformat(),
        me="" if signed_in is None else signed_in.display_name,
        refused=refused,
    )


def _chosen(field: Field, form: Form | None) -> Field:
    """Return the field of an industry or of services with what the plan names to choose from."""
    if field.name == "title":
        return replace(field, hint="")
    if field.name == "kind":
        return replace(field, options=tuple(one for one in field.options if one.value))
    if field.name not in ("industry", "services"):
        return field
    is_one = field.name == "industry"
    known = words_on(INDUSTRIES if is_one else INDUSTRY_SERVICES, today())
    sent = frozenset() if form is None else frozenset(form.all(field.name))
    options = [Option(code, label, code in sent) for code, label in known.items()]
    if not is_one:
        return replace(field, kind="choices", options=tuple(options))
    return replace(field, kind="select", options=(Option("", "", not sent), *options))


@router.get("/ventures")
@declare(_READ)
def ventures(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Show what a person runs, how it fares, which check is due, the grant, and the visits of their coach."""
    return _page(request, access, subject, candidate_id)


@router.post("/ventures")
@declare(_WRITE)
def add(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Record a start-up, or an industry that the household is helped into."""
    form = form_sent(request)
    cells = {**cells_from(VENTURES, _NEW, {}, form), "venture_id": f"v-{form.text(REQUEST_KEY)}"}

    def work(connection: Connection) -> Answer:
        own = {**cells, "candidate_id": candidate_id}
        Register(connection, VENTURES, subject).add(own, Action.WRITE_SERVICES, on=today())
        return Answer(201, None, {}, ("candidate", candidate_id))

    try:
        made_once(request, access, subject, work, Action.WRITE_SERVICES)
    except RowRefused as error:
        return _page(request, access, subject, candidate_id, status=422, form=form, faults=error.faults)
    return see_other(own_address(candidate_id, "/ventures"), "venture_kept")


def _done(
    request: Request, access: Access, subject: Subject, candidate_id: str, said: str, act: Callable[[], Any]
) -> Response:
    """Do something and lead back; of what is refused the page tells."""
    reading = subject.stating(Purpose.JOB_MATCHING)
    try:
        done = act()
    except RowRefused as error:
        known = {column.name: column.label for spec in (VENTURES, VISITS) for column in spec.columns}
        told = "；".join(
            f"{known[fault.column]}：{fault.reason}" if fault.column in known else fault.reason
            for fault in error.faults
        )
        return _page(request, access, reading, candidate_id, told, 422)
    except (CaseworkRefused, ClaimError) as error:
        return _page(request, access, reading, candidate_id, problem_title(error), 409)
    if done is False:
        return _page(request, access, reading, candidate_id, problem_title(StaleVersion("")), 412)
    return see_other(own_address(candidate_id, "/ventures"), said)


@router.post("/ventures/{venture_id}/change")
@declare(_WRITE)
def change(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, venture_id: str) -> Response:
    """Note the day agreed for a check, the day on which it ended, or on which the grant came in."""
    form = form_sent(request)
    cells = {name: form.text(name) for name in _LATER if form.text(name)}

    def act() -> bool:
        with acting(access, subject, Action.WRITE_SERVICES) as connection:
            register = Register(connection, VENTURES, subject)
            key = (venture_id,)
            return register.change(key, cells, version_of(form), Action.WRITE_SERVICES, on=today()) is not None

    return _done(request, access, subject, candidate_id, "venture_changed", act)


@router.post("/ventures/{venture_id}/claim")
@declare(_CLAIM)
def claim(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, venture_id: str) -> Response:
    """Propose the start-up grant; another person decides it."""

    def act() -> None:
        with telling_crossed(access, subject), acting(access, subject, Action.WRITE_BENEFITS) as connection:
            Ventures(connection, subject, on=today()).claim(venture_id, at=moment())

    return _done(request, access, subject, candidate_id, "grant_proposed", act)


@router.post("/visits")
@declare(_WRITE)
def visit(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Write down a check of a start-up or a visit of a job coach."""
    form = form_sent(request)
    kind = VisitKind.STARTUP_CHECK if form.text("venture_id") else VisitKind.COACH_VISIT
    cells = {name: form.text(name) for name in _OF_VISIT}
    cells |= {"visit_id": f"w-{form.text(REQUEST_KEY)}", "kind": kind.value, "candidate_id": candidate_id}

    def work(connection: Connection) -> Answer:
        Register(connection, VISITS, subject).add(cells, Action.WRITE_SERVICES, on=today())
        return Answer(201, None, {}, ("candidate", candidate_id))

    return _done(
        request, access, subject, candidate_id, "visit_kept",
        lambda: made_once(request, access, subject, work, Action.WRITE_SERVICES),
    )  # fmt: skip
