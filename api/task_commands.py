"""`yougang tasks`: what staff put down to do, by day; what follows from the rules is `yougang due`."""

from datetime import datetime
from typing import Annotated

import typer

from api.session import answer, current_engine, session_of
from pipelines.access.roles import Purpose, program_subject
from pipelines.caseload.tasks import Tasks, Wanted, task_lines
from pipelines.caseload.words import TaskStatus

_SUBJECT = program_subject("command-line", Purpose.JOB_MATCHING)


def tasks(
    context: typer.Context,
    region: Annotated[str | None, typer.Option("--region", help="行政区划代码或名称；含其下级，默认全省")] = None,
    until: Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="到哪一天为止应办的")] = None,
    status: Annotated[
        TaskStatus, typer.Option("--status", help="open 待办、done 已办、dropped 不再需要")
    ] = TaskStatus.OPEN,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="列出几项")] = 50,
) -> None:
    """工作人员建立的任务：按日期，写明是谁的、过了几天。规则推出的应办事项见 due。"""
    on = session_of(context).settings.as_of
    wanted = Wanted(status, None if until is None else until.date(), region=region)
    with current_engine(context).begin() as connection:
        found, has_more = Tasks(connection, _SUBJECT, on=on).page(wanted, after=None, limit=limit)
    document = {"as_of": on.isoformat(), "items": found, "has_more": has_more}
    answer(context, document, lambda: task_lines(found, has_more=has_more))
