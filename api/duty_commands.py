"""`yougang due`: what is due to whom, who waits longest first."""

from typing import Annotated

import typer

from api.session import answer, current_engine, session_of
from matching.duties.terms import DutyKind
from pipelines.access.roles import Purpose, program_subject
from pipelines.duties.due import MOST_AT_ONCE, due_lines, due_list

_SUBJECT = program_subject("command-line", Purpose.JOB_MATCHING)


def due(
    context: typer.Context,
    region: Annotated[str | None, typer.Option("--region", help="行政区划代码或名称；含其下级，默认全省")] = None,
    kind: Annotated[list[DutyKind] | None, typer.Option("--kind", help="只看这一类，可写多次")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST_AT_ONCE, help="列出几项")] = 50,
) -> None:
    """应办的服务与其他事项：等得最久的在前，写明缺什么、何时到期、待核实什么、依据哪一条。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        page = due_list(connection, _SUBJECT, on, region, limit, kinds=kind or ())
    document = {**page.as_dict(), "has_more": page.next_key is not None}
    answer(context, document, lambda: due_lines(page))
