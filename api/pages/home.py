"""The first page: what there is to do today, by role; for who sees people, whom to see first and why."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import SIGNED_IN_PAGE, AccessDep, SubjectDep, declare
from api.cursors import PageDep
from api.pages import company
from api.pages.casework import SOON_DAYS, tasks_shown
from api.pages.people import person_line
from api.pages.render import page
from api.rows import acting
from api.settings import today
from matching.duties.terms import DutyKind
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.tasks import Wanted
from pipelines.duties.due import due_document, due_list
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES

router = APIRouter(include_in_schema=False)
_TASKS = 10


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
        return page(request, "today.html", **_due(access, asking, part, kind))
    return page(request, "home.html")


def _due(access: Any, subject: Subject, part: Any, kind: DutyKind | None) -> dict[str, Any]:
    """Return what is due to the visible people, who waits longest first."""
    filters = {"kind": None if kind is None else kind.value}
    after = part.after(subject, filters)
    key = None if after is None else (int(after[0]), str(after[1]), str(after[2]))
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        kinds = () if kind is None else (kind,)
        found = due_list(connection, subject, today(), limit=part.limit, kinds=kinds, after=key)
        ids = [(item.duty.candidate_id,) for item in found.items]
        people = Register(connection, CANDIDATES, subject).repository.find(ids)
        soon = Wanted(until=today() + timedelta(days=SOON_DAYS), is_mine=True)
        is_whole = after is None and kind is None
        tasks, _ = tasks_shown(connection, subject, soon, after=None, limit=_TASKS) if is_whole else ([], False)
    lines = [
        {**due_document(item, found.on), "person": person_line(people[item.duty.candidate_id,])} for item in found.items
    ]
    return {
        "tasks": tasks,
        "lines": lines,
        "on": found.on.isoformat(),
        "kinds": list(DutyKind),
        "kind": kind,
        "following": None if found.next_key is None else part.next(subject, filters, found.next_key),
        "is_first": after is None,
    }
