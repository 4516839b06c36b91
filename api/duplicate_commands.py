"""`yougang duplicates`: who may be registered twice, over the whole store; joining is for people at the console."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from api.progress import Progress
from api.session import answer, current_engine
from pipelines.access.roles import Purpose, program_subject
from pipelines.caseload.duplicates import Duplicates

_SUBJECT = program_subject("command-line", Purpose.JOB_MATCHING)
_BLOCK = 5000


def duplicates(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="列出几对")] = 50,
    marks_only: Annotated[bool, typer.Option("--marks-only", help="只做标记，不列出任何人")] = False,
) -> None:
    """可能重复登记的人：写明理由；只列出，不合并。第一次运行要给全部档案做标记，以后只做新的和改过的。"""
    n, after, progress = 0, None, Progress("已做或更新标记")
    while True:
        # One part at a time: what was marked stays marked whatever comes after, and nobody waits for all of it.
        with current_engine(context).begin() as connection:
            done, after = Duplicates(connection, _SUBJECT, now=datetime.now(UTC)).sweep(after, _BLOCK)
        n += done
        progress(n)
        if after is None:
            break
    progress.end()
    if marks_only:
        answer(context, {"marked": n}, lambda: [f"新做或更新标记 {n} 份"])
        return
    with current_engine(context).begin() as connection:
        found, has_more = Duplicates(connection, _SUBJECT, now=datetime.now(UTC)).page(after=None, limit=limit)
    document = {"marked": n, "items": [pair.as_dict() for pair in found], "has_more": has_more}

    def lines() -> list[str]:
        told = [f"{one.first}　{one.second}　{'、'.join(reason.label for reason in one.reasons)}" for one in found]
        more = ["…后面还有；加 --limit 看更多"] if has_more else []
        return [f"新做或更新标记 {n} 份", *(told or ["没有发现可能重复的档案"]), *more]

    answer(context, document, lines)
