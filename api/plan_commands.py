"""`yougang plans`, `ventures`, `plan-work`: plans made with people, what they run, and the plan's work by place."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from api.session import answer, current_engine, session_of
from matching.assistance import AssistanceLevel
from matching.plans import PlanKind
from pipelines.access.roles import Purpose, program_subject
from pipelines.caseload.plans import Plans, PlansWanted, asked_span, move_lines, plan_lines, student_lines
from pipelines.caseload.ventures import Ventures, venture_lines
from pipelines.duties.places import area_of
from pipelines.plan_work import SHEETS, plan_sheet
from pipelines.publicity import publicity_document, publicity_lines

SheetName = StrEnum("SheetName", {name: name for name in SHEETS})  # type: ignore[misc]  # the names are the tables'
_DAY = ["%Y-%m-%d"]
_SUBJECT = program_subject("command-line", Purpose.JOB_MATCHING)


def plans(
    context: typer.Context,
    kind: Annotated[
        PlanKind, typer.Option("--kind", help="graduate 一生一策，assistance 就业援助计划")
    ] = PlanKind.GRADUATE,
    level: Annotated[AssistanceLevel | None, typer.Option("--level", help="只看这一援助类别")] = None,
    region: Annotated[str | None, typer.Option("--region", help="行政区划代码或名称；含其下级，默认全省")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="看已结束的")] = False,
    day: Annotated[datetime | None, typer.Option("--on", formats=_DAY, help="看这一天在册的，各类多少份")] = None,
    since: Annotated[datetime | None, typer.Option("--since", formats=_DAY, help="看一段时间的进入和退出：起")] = None,
    until: Annotated[datetime | None, typer.Option("--until", formats=_DAY, help="止，默认今天")] = None,
    without: Annotated[bool, typer.Option("--without", help="看在校数据里还没有计划的学生")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="列出几项")] = 50,
) -> None:
    """与求职者建立的计划（一生一策、就业援助）台账：起止、步骤办了几项、逾期几项、下一步在哪天。"""
    on = session_of(context).settings.as_of
    held_on, first, last = (None if one is None else one.date() for one in (day, since, until))
    span = asked_span(held_on, first, last, on)
    wanted = PlansWanted(kind, is_open=not ended, level=level, region=region, span=span)
    with current_engine(context).begin() as connection:
        own = Plans(connection, _SUBJECT, on=on)
        if without:
            found, has_more = own.without(region, after=None, limit=limit)
            moves: list[dict[str, Any]] = []
        else:
            found, has_more = own.page(wanted, after=None, limit=limit)
            moves = own.moves(wanted)
    document = {"as_of": on.isoformat(), "items": found, "has_more": has_more, "moves": moves}
    lines = student_lines if without else plan_lines
    answer(context, document, lambda: [*move_lines(wanted, moves), *lines(found, has_more=has_more)])


def ventures(
    context: typer.Context, candidate_id: Annotated[str, typer.Argument(metavar="CANDIDATE_ID", help="求职者编号")]
) -> None:
    """一个人的创业和产业帮扶：核查、补贴申领，和辅导员逐次走访。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        document = Ventures(connection, _SUBJECT, on=on).of(candidate_id)
    answer(context, document, lambda: venture_lines(document))


def publicity(
    context: typer.Context,
    year: Annotated[int | None, typer.Option("--year", min=2000, max=2100, help="年度，默认今年")] = None,
    region: Annotated[str | None, typer.Option("--region", help="行政区划代码或名称；含其下级，默认全省")] = None,
) -> None:
    """一年的宣传台账：各种方式的次数、受众，和逐次登记。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        area = area_of(connection, region, on)
        document = publicity_document(connection, _SUBJECT, year or on.year, on, area)
    answer(context, document, lambda: publicity_lines(document))


def plan_work(
    context: typer.Context,
    name: Annotated[
        SheetName,
        typer.Argument(
            help="workshops 辅助性就业，coaches 辅导员，startups 创业跟踪，industry 产业帮扶，"
            "unhelped 还没有产业帮扶的户，massage 盲人按摩，shops 按摩店和补贴，offices 规范化建设，bought 购买服务"
        ),
    ],
) -> None:
    """方案工作的一张表：辅助性就业、就业辅导员、创业、产业帮扶、盲人按摩、规范化建设、购买服务。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        sheet = plan_sheet(connection, _SUBJECT, name.value, on)
    answer(context, sheet.as_dict(on), sheet.lines)
