"""`yougang db`, `import`, `export`, `template`: data in and out."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.command_desk import note, note_people
from api.exit_codes import CHECK_FAILED, SOME_REJECTED
from api.progress import Progress
from api.session import answer, current_engine, session_of
from pipelines.access.roles import Action, program_subject
from pipelines.consistency import check
from pipelines.export import export
from pipelines.ingest import IngestReport, ingest
from pipelines.plan_schema import IMPORTED
from pipelines.readings import refresh_texts
from pipelines.registers.uploads import READS
from pipelines.sources.mapping import Mapping as SheetMapping
from pipelines.sources.quality import LABELS as NOTE_LABELS
from pipelines.store.sealed import accept_keys
from pipelines.store.session import engine_for, is_current
from pipelines.store.tables import SEALED
from pipelines.template import write_template

SHOWN = 20
Kind = StrEnum("Kind", {name: name for name in IMPORTED})  # type: ignore[misc]  # the members are the tables

database = typer.Typer(help="数据库：升级与检查。", no_args_is_help=True, rich_markup_mode=None)


@database.command("upgrade")
def db_upgrade(context: typer.Context) -> None:
    """把数据库升级到最新结构。"""
    engine = current_engine(context)
    answer(context, {"current": is_current(engine)}, lambda: ["数据库结构已是最新"])


@database.command("check")
def db_check(context: typer.Context) -> None:
    """检查数据库结构以及已存数据是否前后一致。"""
    settings = session_of(context).settings
    engine = engine_for(settings.database_url, settings.keys)
    if not is_current(engine):
        answer(context, {"current": False, "findings": []}, lambda: ["数据库结构不是最新：请运行 yougang db upgrade"])
        raise typer.Exit(CHECK_FAILED)
    with engine.begin() as connection:
        accept_keys(connection)
        findings = check(connection, on=settings.as_of)
    document = {"current": True, "findings": [asdict(finding) for finding in findings]}
    lines = [f"{'错误' if f.is_error else '提示'} {f.table} {f.id}：{f.text}" for f in findings]
    answer(context, document, lambda: lines or ["数据前后一致"])
    if any(finding.is_error for finding in findings):
        raise typer.Exit(CHECK_FAILED)


def import_table(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="表")],
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX 文件")],
    mapping: Annotated[str | None, typer.Option(help="对照文件，或随附的名称")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不写入")] = False,
    rejects: Annotated[Path | None, typer.Option(help="把未接收的行写到这个 CSV")] = None,
    by: Annotated[str, typer.Option(help="由谁提供")] = "import",
) -> None:
    """导入一张表：已读 = 接收 + 未变 + 拒收。"""
    settings = session_of(context).settings
    engine = current_engine(context)
    progress = Progress("已读")
    report = ingest(
        engine,
        IMPORTED[kind.value],
        file,
        mapping=SheetMapping.load(mapping) if mapping else None,
        dry_run=dry_run,
        rejects_path=rejects,
        subject=program_subject(),
        supplied_by=by,
        on=settings.as_of,
        progress=progress,
    )
    progress.end()
    if kind.value == "vacancies" and not dry_run and report.accepted:
        with engine.begin() as connection:
            reading = Progress("已识读岗位文本")
            refresh_texts(connection, progress=reading)
            reading.end()
    answer(context, _report_document(report), lambda: _report_lines(report, rejects))
    if report.rejected:
        raise typer.Exit(SOME_REJECTED)


def _report_document(report: IngestReport) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(asdict(report), ensure_ascii=False, default=str))
    return document


def _report_lines(report: IngestReport, rejects: Path | None) -> list[str]:
    lines = [f"已读 {report.read}，接收 {report.accepted}，未变 {report.unchanged}，拒收 {report.rejected}"]
    labels = IMPORTED[report.table].by_name
    for r in report.rejections[:SHOWN]:
        label = f"{labels[r.column].label}（{r.column}）" if r.column in labels else r.column
        value = f"“{r.value}”" if r.value else ""
        lines.append(f"  第 {r.row} 行 {label}{value}：{r.reason}")
    if len(report.rejections) > SHOWN or report.rejected > SHOWN:
        lines.append("  …以上只是一部分" + (f"，全部在 {rejects}" if rejects else "；加 --rejects 文件 可得到全部"))
    told = {**NOTE_LABELS, "kept_known_fact": "表中空着的格没有抹去已登记的内容"}
    lines += [f"  提示 {told.get(code, code)}：{count} 行" for code, count in sorted(report.notes.items())]
    return lines


def export_table(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="表")],
    out: Annotated[Path, typer.Argument(help="CSV 或 XLSX 文件")],
    mapping: Annotated[str | None, typer.Option(help="对照文件，或随附的名称")] = None,
) -> None:
    """导出一张表；导入的原样回来。"""
    people: dict[str, None] = {}
    with current_engine(context).begin() as connection:
        n = export(
            connection,
            IMPORTED[kind.value],
            out,
            subject=program_subject(),
            mapping=SheetMapping.load(mapping) if mapping else None,
            handed_out=people.setdefault,
        )
        action = Action.READ_IDENTITY if kind.value in SEALED else READS[kind.value]
        note(connection, action, kind.value, count=n)
        note_people(connection, action, people)
    answer(context, {"table": kind.value, "rows": n, "file": str(out)}, lambda: [f"已导出 {n} 行到 {out}"])


def template(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="表")],
    out: Annotated[Path, typer.Argument(help="XLSX 文件")],
) -> None:
    """写出一张空表：列名、说明与下拉选项。"""
    write_template(IMPORTED[kind.value], out)
    answer(context, {"table": kind.value, "file": str(out)}, lambda: [f"已写出模板 {out}"])
