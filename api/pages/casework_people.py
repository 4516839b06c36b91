"""Whose people they are, as pages: one's own, those of a colleague for a supervisor, and handing them over."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import Page, PageDep
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer
from api.pages.casework import made_once
from api.pages.casework_fields import Asked
from api.pages.lists import own_address
from api.pages.people import person_line
from api.pages.render import page, see_other
from api.pages.words import words
from api.routes.consents import day_of
from api.rows import acting
from api.settings import today
from pipelines.access.errors import Forbidden
from pipelines.access.organisations import office_id
from pipelines.access.roles import Action, Purpose, Role, Subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.handover import Caseload, Handover
from pipelines.caseload.planned import Planned
from pipelines.duties.errors import NoSuchRegion
from pipelines.duties.places import area_of
from pipelines.registers.errors import AssignmentRefused, Fault, RowRefused
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)
_WRITE = page_for(Action.WRITE_CANDIDATES, Purpose.JOB_MATCHING)
_FIELDS = ("to_user_id", "other_office", "handed_on", "returns_on", "handover_words")
_NOBODY = "nobody"
_OURS = {"words": "handover_words", "happened_on": "handed_on", "to_organisation_id": "other_office"}


@router.get("/caseload")
@declare(_READ)
def caseload(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep, of: str = "") -> Response:
    """Show the people in charge of oneself, or for a supervisor of a colleague, with the form to hand them over."""
    return _page(request, access, subject, part, of)


def _page(
    request: Request,
    access: Access,
    subject: Subject,
    part: Page,
    of: str,
    *,
    form: Form | None = None,
    faults: Sequence[Fault] = (),
    refused: str = "",
    status: int = 200,
) -> Response:
    filters = {"of": of}
    after = part.after(subject, filters)
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        own = Caseload(connection, subject, on=today(), now=moment())
        last = None if after is None else str(after[0])
        found: list[dict[str, Any]] = []
        has_more = False
        if subject.organisation_id is not None:
            found, has_more = own.page(of or None, after=last, limit=part.limit)
        people = Register(connection, CANDIDATES, subject).repository.find([(one["candidate_id"],) for one in found])
        known, handovers = own.colleagues(), own.handovers()
        planned = Planned(connection, subject, on=today(), now=moment()).open_and_latest()
    asked = Asked(form, faults)
    owner = of or (subject.user_id or "")
    receivers = {key: name for key, name in known.items() if key != owner}
    return page(
        request,
        "caseload.html",
        status,
        people=[{**one, "person": person_line(people[one["candidate_id"],])} for one in found],
        following=part.next(subject, filters, (found[-1]["candidate_id"],)) if has_more else None,
        of=of,
        owner_name=known.get(owner, ""),
        colleagues=known if subject.role is Role.SUPERVISOR else {},
        handovers=handovers,
        planned=planned,
        chosen=() if form is None else form.all("candidate_ids"),
        fields=[
            asked.choice("to_user_id", {_NOBODY: words()("caseload.nobody"), **receivers}, _NOBODY),
            *([asked.line("other_office")] if subject.role is Role.SUPERVISOR else []),
            asked.day("handed_on", today().isoformat()),
            asked.day("returns_on", ""),
            asked.area("handover_words"),
        ],
        faults=asked.told(_FIELDS),
        refused=refused,
    )


@router.post("/caseload/handovers")
@declare(_WRITE)
def hand_over(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Hand people over, all or those that are ticked."""
    form, done = form_sent(request), {}
    of = form.text("of")

    def work(connection: Connection) -> Answer:
        receiver = form.text("to_user_id")
        handover = Handover(
            words=form.text("handover_words"),
            happened_on=day_of("handed_on", form.text("handed_on")),
            to_user_id=None if receiver in ("", _NOBODY) else receiver,
            to_organisation_id=_office(connection, form.text("other_office")),
            from_user_id=of or None,
            candidate_ids=None if form.text("which") == "all" else form.all("candidate_ids"),
        )
        back = form.text("returns_on")
        if handover.happened_on > today() or back:
            returns_on = day_of("returns_on", back) if back else None
            plans = Planned(connection, subject, on=today(), now=moment())
            done["planned_on"] = plans.plan(handover, returns_on)["begins_on"]
        else:
            done.update(Caseload(connection, subject, on=today(), now=moment()).hand_over(handover))
        return Answer(201, None, {}, None)

    try:
        made_once(request, access, subject, work, Action.WRITE_CANDIDATES)
    except RowRefused as error:
        faults = [Fault(_OURS.get(one.column, one.column), one.reason) for one in error.faults]
        return _page(request, access, subject, part, of, form=form, faults=faults, status=422)
    except (CaseworkRefused, AssignmentRefused, Forbidden) as error:
        return _page(request, access, subject, part, of, form=form, refused=problem_title(error), status=409)
    if "planned_on" in done:
        return see_other("/caseload", "handover_planned")
    return see_other("/caseload", "handed_over", int(done.get("n_people", 0)), int(done.get("n_tasks", 0)))


@router.post("/caseload/planned/{planned_id}/cancellation")
@declare(_WRITE)
def cancel(access: AccessDep, subject: SubjectDep, planned_id: str) -> Response:
    """Cancel a hand-over that has not begun, or the return of one that has."""
    said = "handover_cancelled"
    try:
        with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
            Planned(connection, subject, on=today(), now=moment()).cancel(planned_id)
    except CaseworkRefused:
        said = "handover_over"
    return see_other("/caseload", said)


def _office(connection: Connection, place: str) -> str | None:
    """Return the office of a place given by name or code; nothing given is none.

    Raises
    ------
    RowRefused
        When no office answers for it.
    """
    if not place:
        return None
    try:
        return office_id(area_of(connection, place, today()).code)
    except NoSuchRegion as error:
        raise RowRefused([Fault("other_office", "没有这个地区，或没有机构负责它")]) from error


@router.post("/people/{candidate_id}/caseworker")
@declare(_WRITE)
def take_on(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Put oneself or a colleague in charge of a person who has nobody at this office."""
    form = form_sent(request)
    said = "taken_on"
    try:
        with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
            own = Caseload(connection, subject, on=today(), now=moment())
            own.take_on(candidate_id, None if form.text("user_id") in ("", _NOBODY) else form.text("user_id"))
    except (RowRefused, CaseworkRefused):
        said = "not_taken_on"
    return see_other(own_address(candidate_id, "/notes"), said)
