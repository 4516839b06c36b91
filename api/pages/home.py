"""The first page: what there is to do today, by role; for who sees people, whom to see first and why."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import SIGNED_IN_PAGE, AccessDep, SubjectDep, declare
from api.clock import moment
from api.cursors import PageDep
from api.kept_work import KeptWork
from api.pages import company
from api.pages.casework import SOON_DAYS, tasks_shown
from api.pages.people import person_line
from api.pages.render import page
from api.rows import acting
from api.settings import today
from matching.duties.terms import DutyKind
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.tasks import Wanted
from pipelines.duties.due import DuePage, due_document, due_list, due_order, is_wide
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES

router = APIRouter(include_in_schema=False)
_TASKS = 5
_MOMENT_SECONDS = 0.15


@router.get("/")
@declare(SIGNED_IN_PAGE)
def home(
    request: Request, access: AccessDep, subject: SubjectDep, part: PageDep, kind: DutyKind | None = None
) -> Response:
    """Return the first page of whoever looks."""
    if subject.role in company.ROLES:
        return company.home_of(request, access, subject.stating(Purpose.RECRUITMENT))
    asking = subject.stating(Purpose.JOB_MATCHING)
    if asking.sees_people:
        return page(request, "today.html", **_due(request, access, asking, part, kind))
    return page(request, "home.html")


def _due(request: Request, access: Any, subject: Subject, part: Any, kind: DutyKind | None) -> dict[str, Any]:
    """Return what is due to the visible people, who waits longest first.

    Of a province the order is made beside the requests and kept for minutes, which the page says; what each line says
    is looked up anew.
    """
    filters = {"kind": None if kind is None else kind.value}
    after, on = part.after(subject, filters), today()
    key = None if after is None else (int(after[0]), str(after[1]), str(after[2]))
    kinds = () if kind is None else (kind,)

    def work() -> tuple[str, Any]:
        with access.engine.connect() as connection:
            return moment().isoformat(), due_order(connection, subject, on, kinds, key)

    with access.engine.begin() as connection:
        is_kept = is_wide(connection, subject, on)
    kept: KeptWork = request.app.state.kept_orders
    ordered = kept.get((subject, kinds, key, on), work, wait=_MOMENT_SECONDS) if is_kept else None
    found: DuePage | None = None
    people: dict[Any, Any] = {}
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        if not is_kept or ordered is not None:
            keys = None if ordered is None else ordered[1]
            found = due_list(connection, subject, on, limit=part.limit, kinds=kinds, after=key, ordered=keys)
            ids = [(item.duty.candidate_id,) for item in found.items]
            people = dict(Register(connection, CANDIDATES, subject).repository.find(ids))
        soon = Wanted(until=on + timedelta(days=SOON_DAYS), is_mine=True)
        is_whole = after is None and kind is None
        tasks, _ = tasks_shown(connection, subject, soon, after=None, limit=_TASKS) if is_whole else ([], False)
    items = () if found is None else found.items
    lines = [{**due_document(item, on), "person": person_line(people[item.duty.candidate_id,])} for item in items]
    return {
        "tasks": tasks,
        "lines": lines,
        "on": on.isoformat(),
        "kinds": list(DutyKind),
        "kind": kind,
        "ordered_at": None if ordered is None else ordered[0],
        "again": None
        if found is not None
        else str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
        "following": None if found is None or found.next_key is None else part.next(subject, filters, found.next_key),
        "is_first": after is None,
    }
