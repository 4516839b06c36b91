"""Campaigns and programmes as pages: a month as a calendar, one with posts, people and what followed, whom to invite.

The program tells who would fit; each invitation is ticked and sent by a person.
"""

import calendar
import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.errors import problem_title
from api.etags import stale
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.kept_work import KeptWork
from api.pages.fields import cells_from, fields_of, wrongs
from api.pages.lists import keeper_of, own_address
from api.pages.people import person_line
from api.pages.render import REQUEST_KEY, ROW_VERSION, page, see_other
from api.pages.words import words
from api.routes.consents import day_of
from api.rows import acting
from api.settings import today
from matching.plan_actions import CAMPAIGN, PROGRAMME, Step, initiative_labels
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.desk import Desk
from pipelines.initiatives.ledger import Ledger
from pipelines.initiatives.suggestions import asked_of, look_for, strong_for, told
from pipelines.plan_tables import INITIATIVES
from pipelines.registers.errors import AlreadyRegistered, Fault, RowRefused
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_INITIATIVES, Purpose.JOB_MATCHING)
_WRITE = page_for(Action.WRITE_INITIATIVES, Purpose.JOB_MATCHING)
_LIST = page_for(Action.READ_SHORTLIST, Purpose.JOB_MATCHING)
_HERE, _MOST, _SUGGESTED = "/events", 200, 30
_COLUMNS = tuple(column.name for column in INITIATIVES.columns if column.name not in ("initiative_id", "cancelled_on"))
_MOMENT_SECONDS = 0.15
_MONTH = re.compile(r"20\d\d-(?:0[1-9]|1[0-2])", re.ASCII)


def _address(initiative_id: str, rest: str = "") -> str:
    return f"{_HERE}/{quote(initiative_id, safe='')}{rest}"


def _month_of(text: str) -> date:
    """Return the first day of the month that an address names; of this month where it names none."""
    return date.fromisoformat(f"{text}-01") if _MONTH.fullmatch(text) else today().replace(day=1)


@router.get("/events")
@declare(_READ)
def events(request: Request, access: AccessDep, subject: SubjectDep, month: str = "", what: str = "") -> Response:
    """Show a month: a calendar with what begins on each day, and the list of all that touches it."""
    first = _month_of(month)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    kind = what if what in (CAMPAIGN, PROGRAMME) else None
    with access.engine.begin() as connection:
        found, has_more = Ledger(connection, subject, on=today()).page(
            after=None, limit=_MOST, first=first, last=last, what=kind
        )
    return page(
        request,
        "events.html",
        month=f"{first:%Y-%m}",
        before=f"{first - timedelta(days=1):%Y-%m}",
        after=f"{last + timedelta(days=1):%Y-%m}",
        what=kind or "",
        items=found,
        has_more=has_more,
        weeks=_weeks(first, found),
    )


def _weeks(first: date, found: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the days of a month in weeks that begin on Monday, each with what runs on it for at most a month."""
    weeks = []
    for week in calendar.Calendar().monthdatescalendar(first.year, first.month):
        days = []
        for day in week:
            held = [one for one in found if _runs(one, day)] if day.month == first.month else []
            days.append({"day": day.day, "is_here": day.month == first.month, "is_today": day == today(), "held": held})
        weeks.append(days)
    return weeks


def _runs(one: dict[str, Any], day: date) -> bool:
    """True on each day of a short one, and on the first day of one that goes on longer than a month or without end."""
    starts, ends = one["starts_on"], one["ends_on"]
    if starts is None:
        return False
    begin = date.fromisoformat(starts)
    end = begin if ends is None else date.fromisoformat(ends)
    return begin <= day <= end if (end - begin).days <= 31 else day == begin


# ---- a new one, and a change ----


def _form_page(
    request: Request,
    form: Form | None = None,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
    *,
    stored: dict[str, Any] | None = None,
    version: int = 0,
) -> Response:
    values = stored or {}
    names = _COLUMNS if stored is None else (*_COLUMNS, "cancelled_on")
    kind = form.text("kind") if form is not None else str(values.get("kind") or "")
    return page(
        request,
        "event_edit.html",
        status,
        fields=[one for one in fields_of(INITIATIVES, names, values, form, faults) if one.name != "kind"],
        faults=wrongs(INITIATIVES, faults, names),
        kinds=list(initiative_labels().items()),
        kind=kind,
        one=None if stored is None else values["initiative_id"],
        version=version,
    )


@router.get("/events/new")
@declare(_WRITE)
def new_event(request: Request) -> Response:
    """Ask what, when and where."""
    return _form_page(request)


@router.post("/events/new")
@declare(_WRITE)
def add_event(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Put one down."""
    form = form_sent(request)
    cells = {**cells_from(INITIATIVES, _COLUMNS, {}, form), "initiative_id": f"i-{form.text(REQUEST_KEY)}"}

    def work(connection: Connection) -> Answer:
        row, _ = Ledger(connection, subject, on=today()).add(cells)
        return Answer(201, None, {"Location": _address(row.values["initiative_id"])})

    try:
        done = once(request, access, subject, work, key=form.text(REQUEST_KEY))
    except RowRefused as error:
        return _form_page(request, form, error.faults, 422)
    except AlreadyRegistered as error:
        return _form_page(request, form, (Fault("title", problem_title(error)),), 409)
    return see_other(done.headers["location"], "event_added")


@router.get("/events/{initiative_id}/edit")
@declare(_WRITE)
def edit_event(request: Request, access: AccessDep, subject: SubjectDep, initiative_id: str) -> Response:
    """Ask what is to be changed."""
    with access.engine.begin() as connection:
        row = Ledger(connection, subject, on=today()).register.look((initiative_id,), Action.WRITE_INITIATIVES)
    return _form_page(request, stored=row.values, version=row.version)


@router.post("/events/{initiative_id}/edit")
@declare(_WRITE)
def change_event(request: Request, access: AccessDep, subject: SubjectDep, initiative_id: str) -> Response:
    """Change one in the version that was read."""
    form = form_sent(request)
    sent = form.text(ROW_VERSION)
    version = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else 0
    names = (*_COLUMNS, "cancelled_on")
    with access.engine.begin() as connection:
        row = Ledger(connection, subject, on=today()).register.look((initiative_id,), Action.WRITE_INITIATIVES)
    cells = cells_from(INITIATIVES, names, row.values, form)
    try:
        with access.engine.begin() as connection:
            done = Ledger(connection, subject, on=today()).change(initiative_id, cells, version)
    except RowRefused as error:
        return _form_page(request, form, error.faults, 422, stored=row.values, version=version)
    if done is None:
        stale()
    return see_other(_address(initiative_id), "event_changed")


# ---- one of them ----


@router.get("/events/{initiative_id}")
@declare(_READ)
def event(request: Request, access: AccessDep, subject: SubjectDep, initiative_id: str) -> Response:
    """Show one with its posts, its people and what followed."""
    return _one(request, access, subject, initiative_id)


def _one(
    request: Request,
    access: Access,
    subject: Subject,
    initiative_id: str,
    *,
    refused: str = "",
    suggested: dict[str, Any] | None = None,
    again: str = "",
    status: int = 200,
) -> Response:
    with access.engine.begin() as connection:
        document = Ledger(connection, subject, on=today()).one(initiative_id)
        shown = {one["candidate_id"] for one in document["participants"]}
        shown |= {one["candidate_id"] for one in ([] if suggested is None else suggested["items"])}
        rows = Register(connection, CANDIDATES, subject).repository.find([(one,) for one in sorted(shown)])
    return page(
        request,
        "event.html",
        status,
        one=document,
        people={str(key[0]): person_line(values) for key, values in rows.items()},
        suggested=None if suggested is None else _with_asks(suggested),
        again=again,
        steps=list(Step),
        day=today().isoformat(),
        may_write=subject.may(Action.WRITE_INITIATIVES),
        refused=refused,
    )


def _with_asks(suggested: dict[str, Any]) -> dict[str, Any]:
    """Return suggestions with what to ask of each person said once, not again at each of their posts."""
    return {**suggested, "items": [{**one, "asks": _asks(one["posts"])} for one in suggested["items"]]}


def _asks(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the posts of a person leave to ask, each with the posts that it concerns where not all of them."""
    concerned: dict[str, list[str]] = {}
    for post in posts:
        for ask in post["missing"]:
            concerned.setdefault(ask["label"], []).append(post["title"])
    return [{"label": label, "posts": () if len(told) == len(posts) else told} for label, told in concerned.items()]


@router.get("/events/{initiative_id}/suggestions")
@declare(_LIST)
def suggestions(request: Request, access: AccessDep, subject: SubjectDep, initiative_id: str) -> Response:
    """Show who would be a strong match for the posts, with boxes to tick: nobody is invited by the program."""
    on, keeper = today(), keeper_of(request)
    with access.engine.begin() as connection:
        look_for(connection, subject, initiative_id, on)

    def work() -> dict[str, Any]:
        with access.engine.connect() as connection:
            asked = asked_of(connection, subject, initiative_id, on)
        desk: Desk = keeper.desk(on)
        return strong_for(desk, asked, k=_SUGGESTED)

    # Holding everybody of a city against the posts takes longer than a page may.
    kept: KeptWork = request.app.state.kept_orders
    document = kept.get((subject, "suggestions", initiative_id, on), work, wait=_MOMENT_SECONDS)
    if document is None:
        return _one(request, access, subject, initiative_id, again=_address(initiative_id, "/suggestions"))
    with access.engine.begin() as connection:
        document = told(connection, subject, initiative_id, document)
    return _one(request, access, subject, initiative_id, suggested=document)


@router.post("/events/{initiative_id}/posts")
@declare(_WRITE)
def attach(request: Request, access: AccessDep, subject: SubjectDep, initiative_id: str) -> Response:
    """Let a vacancy stand at it, by its id."""
    vacancy_id = form_sent(request).text("vacancy_id")
    try:
        with access.engine.begin() as connection:
            Ledger(connection, subject, on=today()).attach(initiative_id, vacancy_id)
    except RowRefused as error:
        refused = "；".join(fault.reason for fault in error.faults)
        return _one(request, access, subject, initiative_id, refused=refused, status=422)
    return see_other(_address(initiative_id), "event_post")


@router.post("/events/{initiative_id}/people")
@declare(_WRITE)
def step(request: Request, access: AccessDep, subject: SubjectDep, initiative_id: str) -> Response:
    """Keep one step of each person who was ticked or named."""
    form = form_sent(request)
    people = list(dict.fromkeys((*form.all("candidate_ids"), *form.all("candidate_id"))))
    taken = next((one for one in Step if one.value == form.text("step")), None)
    if taken is None or not people:
        return _one(request, access, subject, initiative_id, refused=words()("events.choose"), status=422)
    try:
        on = day_of("on", form.text("on") or today().isoformat())
        with acting(access, subject, Action.WRITE_INITIATIVES) as connection:
            ledger = Ledger(connection, subject, on=today())
            n = sum(ledger.step(initiative_id, one, taken, on) for one in people)
    except RowRefused as error:
        refused = "；".join(fault.reason for fault in error.faults)
        return _one(request, access, subject, initiative_id, refused=refused, status=422)
    return see_other(_address(initiative_id), "event_people", n)


@router.post("/people/{candidate_id}/offers")
@declare(_WRITE)
def refer(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Keep that a person was offered a programme, from the person's own page or list."""
    form = form_sent(request)
    taken = next((one for one in Step if one.value == form.text("step")), Step.INVITED)
    try:
        with acting(access, subject, Action.WRITE_INITIATIVES) as connection:
            # The person first: where nobody is seen, nothing is said of the programme.
            Register(connection, CANDIDATES, subject).look((candidate_id,), Action.WRITE_INITIATIVES)
            Ledger(connection, subject, on=today()).step(form.text("initiative_id"), candidate_id, taken, today())
    except RowRefused:
        return see_other(own_address(candidate_id), "offer_full")
    return see_other(own_address(candidate_id), "offer_kept")
