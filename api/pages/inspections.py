"""Inspections as pages of supervisors: the queue, drawing units by a seed, the hints with their evidence, the decision.

A hint is no finding; the evidence of single placements is worked out only when somebody asks for it.
"""

import secrets
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import PageDep
from api.errors import problem_title
from api.etags import stale
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.kept_work import KeptWork
from api.pages.again import CHANGE, Undone, is_confirmed, look_again
from api.pages.render import REQUEST_KEY, ROW_VERSION, page, see_other
from api.pages.tabs import tabs_of
from api.pages.words import words
from api.settings import today
from pipelines.access.names import actor_names
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.inspections.errors import InspectionRefused
from pipelines.inspections.queue import Draw, InspectionOutcome, Inspections, inspection_document
from pipelines.registers.names import employer_names
from pipelines.vacancy_workflow.employers import Employers

router = APIRouter(prefix="/supervision/inspections", include_in_schema=False)
_READ = page_for(Action.READ_INSPECTIONS, Purpose.SUPERVISION)
_DRAW = page_for(Action.DRAW_INSPECTIONS, Purpose.SUPERVISION)
_DECIDE = page_for(Action.DECIDE_INSPECTIONS, Purpose.SUPERVISION)
_HERE = "/supervision/inspections"
_MOST_TEXT = 2000
_MOMENT_SECONDS = 0.15
_FIRST_YEAR, _LAST_YEAR = 2015, 2100


def _queue(connection: Connection, subject: Subject) -> Inspections:
    return Inspections(connection, subject, on=today(), now=moment())


def _address(inspection_id: str) -> str:
    return f"{_HERE}/{quote(inspection_id, safe='')}"


@router.get("")
@declare(_READ)
def inspections(
    request: Request, access: AccessDep, subject: SubjectDep, part: PageDep, decided: bool = False
) -> Response:
    """Show the queue: what is open, or what was decided."""
    return _list(request, access, subject, part, decided=decided)


def _list(
    request: Request,
    access: Any,
    subject: Subject,
    part: Any = None,
    *,
    decided: bool = False,
    form: Form | None = None,
    refused: str = "",
    status: int = 200,
) -> Response:
    filters = {"decided": decided}
    after = None if part is None else part.after(subject, filters)
    with access.engine.begin() as connection:
        last = None if after is None else str(after[0])
        limit = 20 if part is None else part.limit
        found, has_more = _queue(connection, subject).page(after=last, limit=limit, year=None, is_open=not decided)
        names = employer_names(connection, subject, [one.employer_id for one in found])
    year = today().year
    given = {"year": str(year), "seed": str(secrets.randbelow(1_000_000)), "n_random": "5", "n_risk": "5"}
    return page(
        request,
        "inspections.html",
        status,
        tabs=tabs_of(subject, _HERE),
        items=[inspection_document(one) for one in found],
        names=names,
        decided=decided,
        following=part.next(subject, filters, (found[-1].inspection_id,)) if has_more and part is not None else None,
        given=given if form is None else {name: form.text(name) for name in given},
        may_draw=subject.stating(Purpose.SUPERVISION).may(Action.DRAW_INSPECTIONS),
        refused=refused,
    )


@router.post("")
@declare(_DRAW)
def draw(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Draw units of a year: some by chance, some for their hints."""
    form = form_sent(request)
    numbers = {name: form.text(name) for name in ("year", "seed", "n_random", "n_risk")}
    is_number = all(text.isascii() and text.isdigit() and len(text) <= 10 for text in numbers.values())
    if not is_number or not _FIRST_YEAR <= int(numbers["year"]) <= _LAST_YEAR:
        return _list(request, access, subject, form=form, refused=words()("inspections.numbers"), status=422)
    year, seed, n_random, n_risk = map(int, numbers.values())
    how = Draw(year, seed, n_random, n_risk)

    def work(connection: Connection) -> Answer:
        drawn = _queue(connection, subject).draw(how)
        return Answer(201, {"drawn": len(drawn)}, {"Drawn": str(len(drawn))})

    try:
        done = once(request, access, subject, work, key=form.text(REQUEST_KEY))
    except InspectionRefused as error:
        return _list(request, access, subject, form=form, refused=problem_title(error), status=409)
    return see_other(_HERE, "inspections_drawn", int(done.headers["drawn"]))


@router.get("/{inspection_id}")
@declare(_READ)
def inspection(
    request: Request, access: AccessDep, subject: SubjectDep, inspection_id: str, evidence: bool = False
) -> Response:
    """Show one inspection with the hints that were kept; with the evidence of each placement where it is asked for."""
    return _one(request, access, subject, inspection_id, evidence=evidence)


def _evidence(
    request: Request, access: Any, subject: Subject, employer_id: str, year: int
) -> tuple[str, dict[str, Any] | None]:
    """Return when the hints on an employer were worked out, and these; None while that goes on beside the requests.

    An employer's placements are held against those of everybody, which may take longer than a page.
    """
    on = today()

    def work() -> tuple[str, Any]:
        with access.engine.connect() as connection:
            return moment().isoformat(), Employers(connection, subject, on=on, now=moment()).hints_on(employer_id, year)

    kept: KeptWork = request.app.state.kept_orders
    found = kept.get((subject, "evidence", employer_id, year, on), work, wait=_MOMENT_SECONDS)
    if found is None:
        return "", None
    with access.engine.begin() as connection:
        told = Employers(connection, subject, on=on, now=moment()).told_hints(employer_id, year, found[1])
    return found[0], told


def _one(
    request: Request,
    access: Any,
    subject: Subject,
    inspection_id: str,
    *,
    evidence: bool = False,
    form: Form | None = None,
    refused: str = "",
    status: int = 200,
) -> Response:
    with access.engine.begin() as connection:
        found = _queue(connection, subject).one(inspection_id)
    at, told = _evidence(request, access, subject, found.employer_id, found.year) if evidence else ("", None)
    with access.engine.begin() as connection:
        names = employer_names(connection, subject, [found.employer_id])
        people = actor_names(connection, [found.drawn_by, found.decided_by])
    return page(
        request,
        "inspection.html",
        status,
        one=inspection_document(found),
        version=found.row_version,
        name=names.get(found.employer_id),
        people=people,
        told=told,
        items_at=at,
        again=f"/supervision/inspections/{quote(inspection_id, safe='')}?evidence=1"
        if evidence and told is None
        else "",
        outcomes=list(InspectionOutcome),
        given={name: "" if form is None else form.text(name) for name in ("outcome", "ground", "evidence")},
        may_decide=subject.stating(Purpose.SUPERVISION).may(Action.DECIDE_INSPECTIONS),
        may_state=subject.stating(Purpose.JOB_MATCHING).may(Action.WRITE_PLACEMENTS),
        refused=refused,
    )


@router.post("/{inspection_id}/decision")
@declare(_DECIDE)
def decide(request: Request, access: AccessDep, subject: SubjectDep, inspection_id: str) -> Response:
    """Keep what came of an inspection, with the reason and what was seen; once, and by a named person."""
    form = form_sent(request)
    if CHANGE in form:
        return _one(request, access, subject, inspection_id, form=form)
    outcome = next((one for one in InspectionOutcome if one.value == form.text("outcome")), None)
    version = form.text(ROW_VERSION)

    def write(connection: Connection) -> bool:
        queue = _queue(connection, subject)
        queue.one(inspection_id)
        if outcome is None:
            raise InspectionRefused("须选一项结论")
        decided = queue.decide(
            inspection_id,
            outcome,
            ground=form.text("ground")[:_MOST_TEXT],
            evidence=form.text("evidence")[:_MOST_TEXT],
            version=int(version) if version.isascii() and version.isdigit() else 0,
        )
        return decided is not None

    is_kept = False
    try:
        if is_confirmed(form):
            with access.engine.begin() as connection:
                is_kept = write(connection)
        else:
            with suppress(Undone), access.engine.begin() as connection:
                is_kept = write(connection)
                raise Undone
    except InspectionRefused as error:
        # Nothing was written: what was typed comes back.
        return _one(request, access, subject, inspection_id, form=form, refused=str(error), status=409)
    if not is_kept:
        stale()
    if outcome is not None and not is_confirmed(form):
        return _look_again(request, form, outcome, inspection_id)
    return see_other(_address(inspection_id), "inspection_decided")


def _look_again(request: Request, form: Form, outcome: InspectionOutcome, inspection_id: str) -> Response:
    t = words()
    return look_again(
        request,
        form,
        [
            (t("inspections.outcome"), outcome.label),
            (t("inspections.ground"), form.text("ground")[:_MOST_TEXT]),
            (t("inspections.seen"), form.text("evidence")[:_MOST_TEXT]),
        ],
        address=f"{_address(inspection_id)}/decision",
        title=t("inspections.again"),
        warns=t("inspections.again_warns"),
        do=t("inspections.decide_do"),
    )
