"""One's own notices: what happened or falls due, why it came to oneself, and whether it was read."""

from datetime import date
from typing import Any, Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api.access import SIGNED_IN, AccessDep, SubjectDep, declare
from api.bodies import Body, Kept
from api.clock import moment
from api.cursors import PageDep
from api.notice_places import with_places
from api.routes.due import Ground
from api.settings import today
from pipelines.notices.inbox import MOST_COUNTED, Inbox, Wanted
from pipelines.notices.reminders import remind
from pipelines.notices.words import NoticeKind

router = APIRouter(prefix="/notices", tags=["notices"])


class NoticeAsk(Kept):
    """还要核实的一项事实，以及问谁。"""

    label: str
    who_can_supply: str


class Notice(Kept):
    """一条提醒：什么事、哪一天、为什么提醒您、在哪一页办。"""

    notice_id: str
    kind: NoticeKind
    label: str
    what: str
    why: str
    happened_on: str
    due_on: str | None
    candidate_id: str | None
    vacancy_id: str | None
    title: str | None
    object_id: str | None
    asks: list[NoticeAsk]
    source: Ground | None
    is_read: bool
    is_over: bool = Field(description="已经办了或不再需要；不计入未读")
    page: str | None


class NoticePage(Kept):
    """一页提醒，新的在前。"""

    items: list[Notice]
    unread: int = Field(description=f"未读的条数，最多数到{MOST_COUNTED}")
    next_cursor: str | None


class NoticesSeen(Body):
    """标为已读或未读。"""

    is_read: Literal[True, False] = True


@router.get("", responses={200: {"model": NoticePage}})
@declare(SIGNED_IN)
def notices(
    access: AccessDep, subject: SubjectDep, page: PageDep, unread: bool = False, kind: NoticeKind | None = None
) -> Response:  # fmt: skip
    """Return one's own notices, the newest day first, brought up to the day."""
    filters = {"unread": unread, "kind": None if kind is None else kind.value}
    after = page.after(subject, filters)
    key = None if after is None else (date.fromisoformat(str(after[0])), str(after[1]))
    with access.engine.begin() as connection:
        if key is None:
            remind(connection, subject, on=today(), now=moment())
        inbox = Inbox(connection, subject, on=today())
        found, has_more = inbox.page(Wanted(unread, kind), after=key, limit=page.limit)
        n = inbox.unread()
    last = found[-1] if has_more else None
    following = None if last is None else page.next(subject, filters, (last["happened_on"], last["notice_id"]))
    return JSONResponse({"items": with_places(found), "unread": n, "next_cursor": following})


@router.put("/seen", status_code=204)
@declare(SIGNED_IN)
def see_all(access: AccessDep, subject: SubjectDep) -> Response:
    """Mark all one's own notices as read."""
    with access.engine.begin() as connection:
        Inbox(connection, subject, on=today()).see(None, now=moment())
    return Response(status_code=204)


@router.put("/{notice_id}/seen", status_code=204)
@declare(SIGNED_IN)
def see(access: AccessDep, subject: SubjectDep, notice_id: str, body: NoticesSeen) -> Response:
    """Mark one of one's own notices as read, or as unread again."""
    mark(access, subject, notice_id, is_read=body.is_read)
    return Response(status_code=204)


def mark(access: Any, subject: Any, notice_id: str, *, is_read: bool) -> None:
    """Mark one of the own notices."""
    with access.engine.begin() as connection:
        inbox = Inbox(connection, subject, on=today())
        if is_read:
            inbox.see(notice_id, now=moment())
        else:
            inbox.unsee(notice_id)
