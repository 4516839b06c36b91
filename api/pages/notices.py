"""One's own notices as a page, and what became of a sheet that one of them tells of."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import SIGNED_IN_PAGE, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import PageDep
from api.forms import form_sent
from api.notice_places import with_places
from api.pages.people import person_line
from api.pages.render import page, see_other
from api.routes.notices import mark
from api.settings import today
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.notices.inbox import Inbox, Wanted
from pipelines.notices.reminders import remind
from pipelines.notices.words import NoticeKind
from pipelines.plan_schema import IMPORTED
from pipelines.registers.rows import Register
from pipelines.registers.uploads import upload_document
from pipelines.schema import CANDIDATES

router = APIRouter(include_in_schema=False)
_IMPORTS = page_for(Action.READ_IMPORTS, Purpose.JOB_MATCHING)
_HERE = "/notices"


@router.get(_HERE)
@declare(SIGNED_IN_PAGE)
def notices(
    request: Request, access: AccessDep, subject: SubjectDep, part: PageDep, all: str = "", kind: str = ""
) -> Response:
    """Show one's own notices: the unread ones, or all."""
    wanted_kind = next((one for one in NoticeKind if one.value == kind), None)
    is_all = all == "1"
    filters = {"all": is_all, "kind": wanted_kind}
    after = part.after(subject, filters)
    key = None if after is None else (date.fromisoformat(str(after[0])), str(after[1]))
    with access.engine.begin() as connection:
        if key is None:
            remind(connection, subject, on=today(), now=moment())
        inbox = Inbox(connection, subject, on=today())
        found, has_more = inbox.page(Wanted(not is_all, wanted_kind), after=key, limit=part.limit)
        people = _people(connection, inbox.subject, found)
    last = found[-1] if has_more else None
    lines = [{**one, "person": people.get(one["candidate_id"])} for one in with_places(found)]
    return page(
        request,
        "notices.html",
        lines=lines,
        is_all=is_all,
        kind=wanted_kind,
        kinds=list(NoticeKind),
        following=None if last is None else part.next(subject, filters, (last["happened_on"], last["notice_id"])),
        is_first=key is None,
        on=today().isoformat(),
    )


def _people(connection: Any, subject: Subject, found: list[dict[str, Any]]) -> dict[str | None, dict[str, Any]]:
    """Return the people of some notices as lists show them, by id; the inbox has recorded that they were shown."""
    ids = [(one["candidate_id"],) for one in found if one["candidate_id"] is not None]
    if not ids or not subject.sees_people:
        return {}
    rows = Register(connection, CANDIDATES, subject).repository.find(ids)
    return {key[0]: person_line(values) for key, values in rows.items()}


@router.post(f"{_HERE}/seen")
@declare(SIGNED_IN_PAGE)
def seen(access: AccessDep, subject: SubjectDep) -> Response:
    """Mark all one's own notices as read."""
    with access.engine.begin() as connection:
        n = Inbox(connection, subject, on=today()).see(None, now=moment())
    return see_other(_HERE, "notices_seen", n)


@router.post(f"{_HERE}/{{notice_id}}/seen")
@declare(SIGNED_IN_PAGE)
def seen_one(request: Request, access: AccessDep, subject: SubjectDep, notice_id: str) -> Response:
    """Mark one as read or unread; `open` leads on to the page where it is done."""
    form = form_sent(request)
    is_read = form.text("is_read") != "no"
    mark(access, subject, notice_id, is_read=is_read)
    return see_other(f"{_HERE}?all=1" if form.text("all") == "1" else _HERE, "notice_seen" if is_read else "")


@router.get("/imports/{import_id}")
@declare(_IMPORTS)
def one_import(request: Request, access: AccessDep, subject: SubjectDep, import_id: str) -> Response:
    """Show what became of a sheet, with its rejected rows to take away."""
    with access.engine.connect() as connection:
        found = upload_document(connection, subject, import_id)
    return page(request, "import.html", found=found, table_label=IMPORTED[found["table"]].label)
