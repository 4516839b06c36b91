"""`yougang quarter` and `drift`: a cycle that stops for a person to decide, and what moves from month to month."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from api.model_commands import who_acts
from api.session import answer, current_engine, say, session_of
from pipelines.access.roles import program_subject
from pipelines.quarter.cycle import Cycle, run_cycle
from pipelines.quarter.drift_now import drift_of_store, note_drift_read
from pipelines.quarter.drift_page import drift_html
from pipelines.quarter.settings import quarter_settings


def quarter(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="运行文件夹；中断后用同一文件夹接着运行")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="同时工作的进程数，默认为处理器数")] = None,
    login: Annotated[str | None, typer.Option("--login", help="运行人的登录名；口令和动态口令随后输入")] = None,
    name: Annotated[str | None, typer.Option("--by", help="还没有账号的数据库：运行人的姓名")] = None,
) -> None:
    """季度重训：摘录、搜索、训练、按时间检验、与现用版本对照、核查、出报告；不自动启用。"""
    settings = session_of(context).settings
    by, said_by, _ = who_acts(context, login, name)
    cycle = Cycle(
        engine=current_engine(context),
        models=settings.models,
        folder=out or settings.models.parent / "quarters" / settings.as_of.isoformat(),
        as_of=settings.as_of,
        by=by,
        made_by=said_by,
        settings=quarter_settings(),
        workers=workers or os.cpu_count() or 1,
        tell=say,
    )
    report = run_cycle(cycle)
    answer(context, report, lambda: _lines(report))


def _lines(report: dict[str, Any]) -> list[str]:
    gates = report["gates"]
    lines = [f"新版本 {report['version']}（挑战者），现用版本 {report['champion']['version']}"]
    lines += [f"  {result['word']:<6} {result['label']}：{result['reason']}" for result in gates["results"]]
    lines.append(f"报告：{report['folder']}/report.html")
    promote = f"yougang models promote {report['version']}"
    if gates["failed"]:
        return [*lines, f"{len(gates['failed'])} 项未通过或需人工核实。仍要启用，由另一人：{promote} --despite 理由"]
    return [*lines, f"全部通过。由人决定是否启用：{promote}"]


def drift_command(
    context: typer.Context,
    months: Annotated[int, typer.Option(min=1, max=24, help="看最近几个整月")] = 6,
    out: Annotated[Path | None, typer.Option(help="把带图的页面写到这个 HTML 文件")] = None,
) -> None:
    """各月的求职者、岗位、结果和得分有什么变化，可能是什么原因。"""
    settings = session_of(context).settings
    with current_engine(context).begin() as connection:
        note_drift_read(connection, program_subject())
    found = drift_of_store(current_engine(context), settings.models, settings.as_of, months=months)
    if out is not None:
        out.write_text(drift_html(found), encoding="utf-8")
    answer(context, found, lambda: _drift_lines(found))


def _drift_lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['months'][0]} 至 {found['months'][-1]}，对照 {found['reference'][0]} 至 {found['reference'][1]}"]
    for alert in found["alerts"]:
        lines += [f"  {alert['text']}", f"      可能的原因：{alert['likely_cause']}"]
    return lines if found["alerts"] else [*lines, "  没有需要提示的变化"]
