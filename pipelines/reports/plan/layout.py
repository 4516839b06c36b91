"""The report as paragraphs and tables in plain Chinese: the one content that every kind of file is written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matching.regions import GANSU
from pipelines.reports.plan.report import coverage

NOT_TOLD, BY_HAND = "不公布", "需人工核实"
_STATUS = {
    "confirmed": "已核对",
    "known-high": "未见原文，较可靠",
    "known-medium": "未见原文，须核对",
    "known-low": "未见原文，存疑",
    "unknown": "未读到",
    "convention": "工程约定",
}
_BAR, _WIDEST = "█", 24


@dataclass(frozen=True, slots=True)
class Sheet:
    """A figure as a table: its words over it, a row for each place, and a chart of one column."""

    name: str
    title: str
    notes: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]
    chart: tuple[tuple[str, int], ...]
    """Places with the number that is drawn; those whose number is not told are left out."""
    chart_title: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole report."""

    title: str
    lead: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    by_hand: tuple[tuple[str, str, str], ...]
    notice: str


def laid_out(report: Mapping[str, Any]) -> Layout:
    """Return a report of `plan_report` as text and tables."""
    return Layout(
        title=report["title"],
        lead=tuple(_lead(report)),
        sheets=tuple(_sheet(figure) for figure in report["figures"]),
        by_hand=tuple((one["title"], one["clause"], one["ask"]) for one in report["not_counted"]),
        notice=report["notice"],
    )


def _lead(report: Mapping[str, Any]) -> list[str]:
    wanted, source = report["target"]["value"], report["target"]["source"]
    placed = _total(report, "placed_in_plan", "entered")
    aim = f"{wanted} 人" if wanted is not None else BY_HAND
    lines = [
        f"截至 {report['as_of']}，规则版本 {report['rules_version']}。",
        f"{report['target']['title']}：{aim}（{source['document']} {source['clause']}，{_STATUS[source['status']]}）。"
        f"{report['target']['by_area']}。",
    ]
    if report["plan_begins"] is not None:
        told = NOT_TOLD if placed is None else f"{placed} 人"
        lines.append(f"自 {report['plan_begins']} 起累计新增就业 {told}。")
    lines.append(report["rule"] or "本报告含准确的小数目，仅供内部使用，不得公布。")
    return lines


def _total(report: Mapping[str, Any], figure: str, word: str) -> int | None:
    found = next(one for one in report["figures"] if one["name"] == figure)
    return next((row["counts"][word] for row in found["rows"] if row["place"] == GANSU), None)


def _sheet(figure: Mapping[str, Any]) -> Sheet:
    columns, gaps = figure["columns"], figure.get("gaps")
    has_share = {"done", "due"} <= {column["name"] for column in columns}
    head = ["地区", *(f"{column['label']}（{figure['unit']}）" for column in columns)]
    head += ["本年已做的比例"] if has_share else []
    head += ["差额（人，可以不是整数）"] if gaps is not None else []
    rows = []
    for row in figure["rows"]:
        cells: list[str | int] = [row["label"], *(_cell(row["counts"][column["name"]]) for column in columns)]
        cells += [coverage(figure, row["place"]) or NOT_TOLD] if has_share else []
        cells += [gaps[row["place"]]] if gaps is not None else []
        rows.append(tuple(cells))
    drawn = columns[-1] if columns[-1]["name"] == "all" else columns[0]
    return Sheet(
        name=figure["name"],
        title=figure["title"],
        notes=tuple(_notes(figure)),
        head=tuple(head),
        rows=tuple(rows),
        chart=tuple(_drawn(figure["rows"], drawn["name"])),
        chart_title=f"{drawn['label']}（{figure['unit']}）",
    )


def _notes(figure: Mapping[str, Any]) -> list[str]:
    source = figure["source"]
    notes = [
        f"口径：{figure['definition']}。",
        f"依据：{source['document']} {source['clause']}（{_STATUS[source['status']]}）。",
        f"数据行：yougang report rows {figure['name']}",
    ]
    if figure.get("deadline"):
        notes.insert(2, f"完成期限：{figure['deadline']}。")
    return notes


def _drawn(rows: Sequence[Mapping[str, Any]], word: str) -> list[tuple[str, int]]:
    told = [(row["label"], row["counts"][word]) for row in rows if row["place"] != GANSU]
    return [(label, n) for label, n in told if n is not None]


def _cell(value: int | None) -> str | int:
    return NOT_TOLD if value is None else value


def bar(value: int, most: int) -> str:
    """Return a bar of text as long as the value's share of the largest."""
    return _BAR * max(0, round(_WIDEST * value / most)) if most else ""


def lines_of(layout: Layout) -> list[str]:
    """Return the report for a terminal: the province of every figure."""
    lines = [layout.title, *layout.lead]
    for sheet in layout.sheets:
        lines.append(sheet.title)
        told = "，".join(f"{head} {cell}" for head, cell in zip(sheet.head[1:], sheet.rows[-1][1:], strict=True))
        lines.append(f"  {sheet.rows[-1][0]}：{told}")
    lines.append(f"{BY_HAND}（不在以上指标中）：")
    lines += [f"  {title}（方案{clause}）：{ask}" for title, clause, ask in layout.by_hand]
    return [*lines, "各市州的数字：加 --json，或用 --out 写成 .docx、.xlsx、.html", layout.notice]
