"""`yougang report …`: the plan's figures of a year, the rows behind a figure, households and units under a duty."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from api.session import answer, current_engine, session_of
from matching.duties.households import HouseholdState
from matching.duties.terms import terms_on
from matching.effects import EffectOutcome, StartingFrom
from matching.regions import GANSU
from pipelines.access.roles import Purpose, program_subject
from pipelines.duties.due import MOST_AT_ONCE
from pipelines.duties.households import household_lines, household_list
from pipelines.duties.places import area_of
from pipelines.duties.unit_ledger import LISTS, ledger_cells, unit_ledger, unit_ledger_lines
from pipelines.duties.units import unit_lines, unit_list
from pipelines.effects.people import end_of
from pipelines.effects.report import Question, effect_document, measures_document
from pipelines.effects.sheets import count_words, effect_layout, effect_lines
from pipelines.export import csv_text
from pipelines.reports.plan.files import check_ending, write_layout, write_report
from pipelines.reports.plan.layout import laid_out, lines_of
from pipelines.reports.plan.report import FIRST_YEAR, LAST_YEAR, plan_report, rows_behind
from pipelines.reports.reading import report_for, report_lines
from pipelines.reports.social import social_cells, social_layout, social_lines, social_report
from pipelines.reports.tables import REPORTS

reports = typer.Typer(help="方案落实情况与工作名单。", no_args_is_help=True, rich_markup_mode=None)
_SUBJECT = program_subject("command-line", Purpose.STATISTICS)
Year = Annotated[int, typer.Option("--year", min=FIRST_YEAR, max=LAST_YEAR, help="年度")]
Region = Annotated[str | None, typer.Option("--region", help="行政区划代码或名称；含其下级，默认全省")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=MOST_AT_ONCE, help="列出几项")]


@reports.command("plan")
def plan(
    context: typer.Context,
    year: Year,
    out: Annotated[Path | None, typer.Option("--out", help="写成文件：.docx、.xlsx 或 .html")] = None,
    exact: Annotated[bool, typer.Option("--exact", help="准确的数字，含小数目；仅供内部使用")] = False,
) -> None:
    """方案各项指标，按市州；小数目不公布，不在指标中的写明在哪里看、向谁核实。"""
    if out is not None:
        check_ending(out)
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        document = plan_report(connection, _SUBJECT, year, on, is_exact=exact)
    if out is not None:
        write_report(document, out)
    written = [] if out is None else [f"已写入 {out}"]
    answer(context, document, lambda: [*lines_of(laid_out(document)), *written])


@reports.command("rows")
def rows(
    context: typer.Context,
    figure: Annotated[str, typer.Argument(help="指标，如 placed；见 report plan --json 的 figures")],
    year: Year,
    word: Annotated[str, typer.Option("--word", help="哪一列，默认合计")] = "all",
    area: Annotated[str, typer.Option("--area", help="哪个市州（代码），默认全省")] = GANSU,
) -> None:
    """一个数字背后的记录：编号、地区、列；数字就是这些记录的条数。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        found, _ = rows_behind(connection, _SUBJECT, year, on, (figure, area, word))
    document = {
        "figure": figure, "year": year, "area": area, "word": word, "count": len(found),
        "rows": [{"id": owner, "region": region, "word": own} for owner, region, own in found],
    }  # fmt: skip
    answer(context, document, lambda: [*(f"{a}\t{b or ''}\t{c}" for a, b, c in found), f"共 {len(found)} 条"])


@reports.command("table")
def table(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help=f"哪张表：{'、'.join(f'{one} {told.title}' for one, told in REPORTS.items())}")
    ],
) -> None:
    """一张固定的统计表，按市州和县区，准确的数字；--as-of 是统计到哪一天，就业援助的进入、退出计当年。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        document = report_for(connection, _SUBJECT, name, on=on)
    answer(context, document, lambda: report_lines(document))


@reports.command("ledger")
def ledger(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(help=f"哪个名单：{'、'.join(f'{one} {told.title}' for one, told in LISTS.items())}")
    ],
    year: Year,
    region: Region = None,
    out: Annotated[Path | None, typer.Option("--out", help="写成 CSV 文件")] = None,
) -> None:
    """单位台账的名单：计划、放宽条件的岗位、公示、定向招聘承诺与落实、残保金、服务点、联盟、平台减免、分级统计。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        document = unit_ledger(connection, _SUBJECT, name, year, on, area_of(connection, region, on))
    if out is not None:
        out.write_bytes(csv_text(ledger_cells(document)))
    written = [] if out is None else [f"已写入 {out}"]
    answer(context, document, lambda: [*unit_ledger_lines(document), *written])


@reports.command("social")
def social(
    context: typer.Context,
    employer_id: Annotated[str, typer.Argument(help="统一社会信用代码")],
    year: Year,
    out: Annotated[Path | None, typer.Option("--out", help="写成文件：.csv、.docx、.xlsx 或 .html")] = None,
) -> None:
    """一家单位的社会责任报告数据：招用、在岗、稳定就业、定向岗位、便利、减免、扶持、公示，每个数目都有记录。"""
    if out is not None and out.suffix.lower() != ".csv":
        check_ending(out)
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        document = social_report(connection, _SUBJECT, employer_id, year, on)
    if out is not None and out.suffix.lower() == ".csv":
        out.write_bytes(csv_text(social_cells(document)))
    elif out is not None:
        write_layout(social_layout(document), out)
    written = [] if out is None else [f"已写入 {out}"]
    answer(context, document, lambda: [*social_lines(document), *written])


@reports.command("measures")
def measures(
    context: typer.Context,
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM", help="从哪个月，默认上一年全年")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM", help="到哪个月")] = None,
    region: Region = None,
) -> None:
    """一段时间有人领取的补贴和措施；名称用于 report effect。"""
    on = session_of(context).settings.as_of
    begin, end = _months(first, last, on)
    with current_engine(context).begin() as connection:
        area = area_of(connection, region, on)
        document = measures_document(connection, _SUBJECT, begin, end_of(end), area)
    lines = [f"{one['name']}\t{one['label']}\t{count_words(one['people'])}" for one in document["items"]]
    answer(context, document, lambda: lines or ["没有记录"])


@reports.command("effect")
def effect(
    context: typer.Context,
    measure: Annotated[str, typer.Argument(help="补贴或措施，如 claim:training.subsidy；见 report measures")],
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM", help="从哪个月，默认上一年全年")] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM", help="到哪个月")] = None,
    outcome: Annotated[EffectOutcome, typer.Option("--outcome", help="看什么结果")] = EffectOutcome.PLACED,
    start: Annotated[StartingFrom | None, typer.Option("--start", help="当月底没有工作的人还是在业的人")] = None,
    region: Region = None,
    out: Annotated[Path | None, typer.Option("--out", help="写成文件：.docx、.xlsx 或 .html")] = None,
) -> None:
    """一项补贴或措施的效果：领取的人与情况相近而没有领取的人比较，写明做法、区间和不能说明什么。"""
    if out is not None:
        check_ending(out)
    on = session_of(context).settings.as_of
    begin, end = _months(first, last, on)
    with current_engine(context).begin() as connection:
        question = Question(measure, begin, end, outcome, start)
        document = effect_document(connection, _SUBJECT, question, on, area_of(connection, region, on))
    if out is not None:
        write_layout(effect_layout(document), out)
    written = [] if out is None else [f"已写入 {out}"]
    answer(context, document, lambda: [*effect_lines(document), *written])


def _months(first: str | None, last: str | None, on: date) -> tuple[date, date]:
    """Return the first days of two months; last year where nothing is said."""
    try:
        begin = date(on.year - 1, 1, 1) if first is None else date.fromisoformat(f"{first}-01")
        return begin, date(begin.year, 12, 1) if last is None else date.fromisoformat(f"{last}-01")
    except ValueError as error:
        raise typer.BadParameter("月份应写成 YYYY-MM") from error


@reports.command("households")
def households(
    context: typer.Context,
    region: Region = None,
    state: Annotated[list[HouseholdState] | None, typer.Option("--state", help="默认无人就业的和待核实的")] = None,
    limit: Limit = 50,
) -> None:
    """脱贫户、防返贫监测户：至少一人就业，无人就业的和待核实的列出。"""
    on = session_of(context).settings.as_of
    wanted: Any = {} if not state else {"states": tuple(state)}
    with current_engine(context).begin() as connection:
        page = household_list(connection, _SUBJECT, on, region, limit, **wanted)
    document = {**page.as_dict(), "has_more": page.next_key is not None}
    answer(context, document, lambda: household_lines(page))


@reports.command("units")
def units(
    context: typer.Context,
    region: Region = None,
    duty: Annotated[
        str, typer.Option("--duty", help="min_one 至少安排1名；quota 按比例；publish 公示名单")
    ] = "min_one",
) -> None:
    """机关、事业单位和国有企业：编制、应安排、差额、完成期限；或应当公示的名单。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        area = area_of(connection, region, on)
        document = unit_list(connection, _SUBJECT, terms_on(on), area, duty)
    answer(context, document, lambda: unit_lines(document))
