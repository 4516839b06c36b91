"""`yougang initiatives` and `yougang offers`: campaigns, programmes, what followed, and what to offer a person."""

from datetime import datetime
from typing import Annotated

import typer

from api.session import answer, current_engine, session_of
from pipelines.access.roles import Purpose, program_subject
from pipelines.initiatives.ledger import Ledger, ledger_lines, one_lines
from pipelines.initiatives.offers import offer_lines, offers_for

_SUBJECT = program_subject("command-line", Purpose.JOB_MATCHING)
_DAYS = ["%Y-%m-%d"]


def initiatives(
    context: typer.Context,
    initiative_id: Annotated[str | None, typer.Argument(help="只看这一个：岗位、人员和结果")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAYS, help="从哪一天起")] = None,
    last: Annotated[datetime | None, typer.Option("--until", formats=_DAYS, help="到哪一天为止")] = None,
    what: Annotated[str | None, typer.Option("--what", help="campaign 招聘活动、programme 助残项目")] = None,
    region: Annotated[str | None, typer.Option("--region", help="行政区划代码或名称；含其下级，默认全省")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="列出几个")] = 50,
) -> None:
    """招聘活动和助残项目：按日期，有多少岗位、邀请和到场多少人，之后推荐、录用了多少。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        ledger = Ledger(connection, _SUBJECT, on=on)
        if initiative_id is not None:
            document = ledger.one(initiative_id)
            answer(context, document, lambda: one_lines(document))
            return
        days = [None if one is None else one.date() for one in (first, last)]
        found, has_more = ledger.page(
            after=None, limit=limit, first=days[0], last=days[1], what=what, region=region
        )  # fmt: skip
    told = {"as_of": on.isoformat(), "items": found, "has_more": has_more}
    answer(context, told, lambda: ledger_lines(found, has_more=has_more))


def offers(context: typer.Context, candidate_id: Annotated[str, typer.Argument(help="求职者编号")]) -> None:
    """可以向一个人提供的：能转介的助残项目，愿意自己经营时可以提出的照顾，各有理由和条款。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        document = offers_for(connection, _SUBJECT, candidate_id, on)
    answer(context, document, lambda: offer_lines(document))
