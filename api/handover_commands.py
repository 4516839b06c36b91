"""`yougang handovers`: people handed over on a later day: planned, listed, cancelled, and carried out once a day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from sqlalchemy import Connection

from api.session import answer, current_engine, session_of
from pipelines.access.errors import AccountRefused
from pipelines.caseload.handover import Handover
from pipelines.caseload.planned import Planned, carry_out, office_named, planned_lines
from pipelines.registers.errors import Fault, RowRefused
from pipelines.store.notice_readers import user_named

handovers = typer.Typer(
    help="预定的转交：到了那一天求职者由同事接手，也可以约好交回的日子。", no_args_is_help=True, rich_markup_mode=None
)
_OPTIONS = {
    "happened_on": "--on",
    "returns_on": "--returns",
    "to_user_id": "--to",
    "from_user_id": "--from",
    "words": "--note",
    "candidate_ids": "--person",
}
_Office = Annotated[str, typer.Option("--office", help="机构编号，如 office-620102")]


def _planned(connection: Connection, office: str, on: date) -> Planned:
    """Return the plans of an office as its supervisor may see and change them."""
    subject = office_named(connection, office, on, "command-line")
    return Planned(connection, subject, on=on, now=datetime.now(UTC))


def _user(connection: Connection, login: str) -> str:
    found = user_named(connection, login)
    if found is None:
        raise AccountRefused("没有这个登录名")
    return found


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RowRefused([Fault(option, "应为日期，如 2026-12-01")]) from None


@handovers.command("plan")
def plan_command(
    context: typer.Context,
    office: _Office,
    giver: Annotated[str, typer.Option("--from", help="由谁转出：登录名")],
    receiver: Annotated[str, typer.Option("--to", help="由谁接手：登录名，本机构的同事")],
    begins_on: Annotated[str, typer.Option("--on", help="哪一天转交，明天以后")],
    note: Annotated[str, typer.Option("--note", help="转交说明，加密保存")],
    returns_on: Annotated[str | None, typer.Option("--returns", help="哪一天交回；不写就不交回")] = None,
    people: Annotated[list[str] | None, typer.Option("--person", help="求职者编号，可重复；不写就是全部")] = None,
) -> None:
    """预定一次转交；到了那一天由 `yougang handovers run` 办理，待办任务一并转交。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        handover = Handover(
            words=note,
            happened_on=_day("--on", begins_on),
            to_user_id=_user(connection, receiver),
            from_user_id=_user(connection, giver),
            candidate_ids=tuple(people) if people else None,
        )
        back = None if returns_on is None else _day("--returns", returns_on)
        try:
            made = _planned(connection, office, on).plan(handover, back)
        except RowRefused as error:
            faults = [Fault(_OPTIONS.get(one.column, one.column), one.reason) for one in error.faults]
            raise RowRefused(faults) from error
    answer(context, {"as_of": on.isoformat(), **made}, lambda: planned_lines([made]))


@handovers.command("list")
def list_command(context: typer.Context, office: _Office) -> None:
    """列出一个机构预定的转交，没有了结的在前。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        found = _planned(connection, office, on).open_and_latest()
    answer(context, {"as_of": on.isoformat(), "items": found}, lambda: planned_lines(found))


@handovers.command("cancel")
def cancel_command(
    context: typer.Context, office: _Office, planned_id: Annotated[str, typer.Argument(help="预定的编号")]
) -> None:
    """取消还没有到日子的转交；已经转交的，取消以后交回。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        own = _planned(connection, office, on)
        own.cancel(planned_id)
        left: Sequence[dict[str, object]] = [one for one in own.open_and_latest() if one["planned_id"] == planned_id]
    answer(context, {"as_of": on.isoformat(), "items": list(left)}, lambda: planned_lines(left))


@handovers.command("run")
def run_command(context: typer.Context) -> None:
    """办理今天和以前到期的转交和交回；每天运行一次，重复运行不重复办理。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        done = carry_out(connection, on=on, now=datetime.now(UTC))
    document = {"as_of": on.isoformat(), "begun": done.begun, "ended": done.ended, "held": done.held}
    told = f"{on.isoformat()}：转交 {done.begun} 次，了结 {done.ended} 次，没有办成 {done.held} 次"
    answer(context, document, lambda: [told])
