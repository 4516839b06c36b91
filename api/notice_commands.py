"""`yougang notices`: what users are told, and the notices that come from days, made for everybody once a day."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from api.notice_places import with_places
from api.session import answer, current_engine, session_of
from pipelines.access.errors import AccountRefused
from pipelines.access.roles import Purpose, local_subject
from pipelines.notices.inbox import Inbox, Wanted, notice_lines
from pipelines.notices.reminders import readers, remind_all
from pipelines.notices.words import NoticeKind
from pipelines.store.notice_readers import user_named

notices = typer.Typer(help="提醒：列出，或按日生成到期提醒。", no_args_is_help=True, rich_markup_mode=None)


@notices.command("make")
def make_command(context: typer.Context) -> None:
    """按日期生成全体用户的到期提醒；每天运行一次，重复运行不重复提醒，已办的自动了结。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        done = remind_all(connection, on=on, now=datetime.now(UTC))
    document = {"as_of": on.isoformat(), "made": done.made, "ended": done.ended}
    answer(context, document, lambda: [f"{on.isoformat()}：新提醒 {done.made} 条，了结 {done.ended} 条"])


@notices.command("list")
def list_command(
    context: typer.Context,
    login: Annotated[str | None, typer.Option("--user", help="谁的提醒：登录名；没有账号的不写")] = None,
    is_unread: Annotated[bool, typer.Option("--unread", help="只列未读的")] = False,
    kind: Annotated[NoticeKind | None, typer.Option("--kind", help="只列一种")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="列出几条")] = 50,
) -> None:
    """列出一位用户的提醒，新的在前；只列这位用户按权限能看到的。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        asking = [local_subject(Purpose.JOB_MATCHING)]
        if login is not None:
            asking = list(readers(connection, on, user_named(connection, login) or ""))
        if not asking:
            raise AccountRefused("没有这个登录名，或当天没有任职")
        items: list[dict[str, Any]] = []
        has_more = False
        for reader in asking:
            found, more = Inbox(connection, reader, on=on).page(Wanted(is_unread, kind), after=None, limit=limit)
            items += [one for one in found if one["notice_id"] not in {kept["notice_id"] for kept in items}]
            has_more = has_more or more
    document = {"as_of": on.isoformat(), "items": with_places(items), "has_more": has_more}
    answer(context, document, lambda: notice_lines(items, has_more=has_more))
