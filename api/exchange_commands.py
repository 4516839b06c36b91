"""`yougang exchange …`: files for the federation's platforms, the checks before them, and reading them back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.exit_codes import SOME_REJECTED
from api.session import answer, current_engine, session_of
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Purpose, program_subject
from pipelines.exchange.checks import certification
from pipelines.exchange.files import Wanted, read_file, write_file
from pipelines.exchange.sheets import SHEETS
from pipelines.sources.mapping import Mapping as SheetMapping

exchange = typer.Typer(help="交换文件：联网认证、实名制、培训和证书。", no_args_is_help=True, rich_markup_mode=None)
_SUBJECT = program_subject("command-line", Purpose.DATA_EXCHANGE)
_SHOWN = 20
_FIRST_YEAR, _LAST_YEAR = 2015, 2100
Year = Annotated[int | None, typer.Option("--year", min=_FIRST_YEAR, max=_LAST_YEAR, help="用工年度，默认上一年")]
Kind = Annotated[str, typer.Argument(help="certification 联网认证；realname 实名制；training 培训和证书")]
Mapped = Annotated[str | None, typer.Option("--mapping", help="对照文件：平台的列名和用词")]


@exchange.command("check")
def check(
    context: typer.Context, employer_id: Annotated[str, typer.Argument(help="用人单位编号")], year: Year = None
) -> None:
    """联网认证提交前的预审：每人每项，通过、不通过或待补，注明依据；没有姓名和证号。"""
    on = session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        found = certification(connection, _SUBJECT, rulebook(), employer_id, year or on.year - 1, on)
    answer(context, found.as_dict(), found.text)


@exchange.command("write")
def write(
    context: typer.Context,
    kind: Kind,
    out: Annotated[Path, typer.Argument(help="CSV 或 XLSX 文件")],
    employer: Annotated[str | None, typer.Option("--employer", help="联网认证的用人单位编号")] = None,
    year: Year = None,
    mapping: Mapped = None,
) -> None:
    """写出交换文件；内有姓名和残疾人证号，每人记入审计，用后妥善保管。"""
    on = session_of(context).settings.as_of
    wanted = Wanted(kind, on, year or on.year - 1, employer)
    mapped = SheetMapping.load(mapping) if mapping else None
    with current_engine(context).begin() as connection:
        written = write_file(connection, _SUBJECT, rulebook(), wanted, out, mapped)
    answer(
        context, {**written.as_dict(), "file": str(out)}, lambda: [*written_lines(written.as_dict()), f"已写入 {out}"]
    )


def written_lines(told: Mapping[str, Any]) -> list[str]:
    """Return in plain Chinese what a file holds and who is not in it."""
    left = told["left_out"]
    lines = [f"{told['title']}：{told['rows']} 行，其中 {told['asking']} 行有待补的内容（见“待补”列）"]
    if left["refused"]:
        lines.append(f"另有 {left['refused']} 人不同意提供，没有列入")
    if left["elsewhere"]:
        lines.append(f"另有 {left['elsewhere']} 条就业记录的本人不在辖区登记，请其登记地的残联提供")
    return lines


@exchange.command("read")
def read(
    context: typer.Context,
    kind: Kind,
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX 文件")],
    mapping: Mapped = None,
) -> None:
    """读回交换文件：逐行检查能否读懂，不显示内容，也不存入。"""
    rows, problems = read_file(kind, file, SheetMapping.load(mapping) if mapping else None)
    labels = SHEETS[kind].by_name
    document = {
        "kind": kind,
        "rows": len(rows),
        "problems": [{"row": one.row, "column": one.column, "reason": one.reason} for one in problems],
    }
    lines = [f"读到 {len(rows)} 行，{len(problems)} 处读不懂"]
    lines += [f"  第 {one.row} 行 {labels[one.column].label}：{one.reason}" for one in problems[:_SHOWN]]
    answer(context, document, lambda: lines)
    if problems:
        raise typer.Exit(SOME_REJECTED)
