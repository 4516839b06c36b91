"""`yougang messages`: queue what is due, write the file of the day, the log, and who wants none. Nothing is sent."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.session import answer, current_engine, session_of
from pipelines.access.roles import Purpose, program_subject
from pipelines.messages.delivery import deliver, queue_due
from pipelines.messages.outbox import Outbox, message_lines
from pipelines.messages.sender import DayFiles
from pipelines.messages.words import ChoiceAct, MessageStatus, Unsent

messages = typer.Typer(
    help="短信：排队、写入每天一个的文件、查看记录；程序自己不发送。", no_args_is_help=True, rich_markup_mode=None
)
_SUBJECT = program_subject("command-line", Purpose.CONTACT)
_READING = program_subject("command-line", Purpose.JOB_MATCHING)
_Id = Annotated[str, typer.Argument(help="求职者编号")]


@messages.command("queue")
def queue_command(
    context: typer.Context,
    region: Annotated[str | None, typer.Option("--region", help="行政区划代码或名称；含其下级，默认全省")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=5000, help="最多看几项应办事项")] = 1000,
) -> None:
    """给同意短信联系、有到期事项的人，以及有推荐没答复的单位排队；重复运行不重复排队。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        done = queue_due(connection, _SUBJECT, on=on, now=datetime.now(UTC), region=region, limit=limit)
    document = {"as_of": on.isoformat(), "queued": done.n, "queued_before": done.n_before, "unsent": done.unsent}

    def lines() -> list[str]:
        why = [f"没有排队：{Unsent(word).label} {n} 项" for word, n in sorted(done.unsent.items())]
        return [f"新排队 {done.n} 条，先前已有 {done.n_before} 条", *why]

    answer(context, document, lines)


@messages.command("write")
def write_command(
    context: typer.Context, folder: Annotated[Path, typer.Argument(help="文件夹：每天一个 messages-日期.jsonl")]
) -> None:
    """把排队的短信写入当天的文件，供发送渠道读取；晚上不写，超过每周上限的等下周；重复运行不重复写。"""
    on, now = session_of(context).settings.as_of, datetime.now(UTC)
    with current_engine(context).begin() as connection:
        from api.pages.messages import texts  # the pages take a second to read in; no other command needs them

        done = deliver(connection, _SUBJECT, DayFiles(folder), texts(), on=on, now=now)
    failed = dict(done.failed or {})
    document = {
        "as_of": on.isoformat(),
        "written": done.written,
        "held_by_hours": done.held_by_hours,
        "held_by_cap": done.held_by_cap,
        "failed": failed,
    }

    def lines() -> list[str]:
        told = [f"写入 {done.written} 条"]
        told += [f"现在是不打扰的时段，{done.held_by_hours} 条等到白天"] if done.held_by_hours else []
        told += [f"已到每七天的上限，{done.held_by_cap} 条等以后"] if done.held_by_cap else []
        return told + [f"没有发出：{Unsent(word).label} {n} 条" for word, n in sorted(failed.items())]

    answer(context, document, lines)


@messages.command("list")
def list_command(
    context: typer.Context,
    status: Annotated[MessageStatus | None, typer.Option("--status", help="只列一种状态")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="列出几条")] = 50,
) -> None:
    """短信记录：给谁、哪个模板、到了哪一步、为什么没有发出；不含号码和内容。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        own = Outbox(connection, _READING, on=on, now=datetime.now(UTC))
        found, has_more = own.page(status, after=None, limit=limit)
    document = {"as_of": on.isoformat(), "items": found, "has_more": has_more}
    answer(context, document, lambda: message_lines(found, has_more=has_more))


@messages.command("stop")
def stop_command(context: typer.Context, candidate_id: _Id) -> None:
    """登记本人不再收短信；排队的也不再发。"""
    _choose(context, candidate_id, ChoiceAct.STOPPED)


@messages.command("resume")
def resume_command(context: typer.Context, candidate_id: _Id) -> None:
    """登记本人恢复收短信；仍须本人同意联系。"""
    _choose(context, candidate_id, ChoiceAct.RESUMED)


def _choose(context: typer.Context, candidate_id: str, act: ChoiceAct) -> None:
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        Outbox(connection, _READING, on=on, now=datetime.now(UTC)).choose(candidate_id, act)
    document = {"candidate_id": candidate_id, "act": act.value}
    answer(context, document, lambda: [f"已登记：{act.label}"])
