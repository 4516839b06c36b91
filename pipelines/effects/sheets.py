"""The effect of a measure as text and tables in plain Chinese: for a terminal, a document, a workbook or a page."""

from collections.abc import Mapping
from typing import Any

from pipelines.effects.report import FEW, points
from pipelines.reports.plan.layout import BY_HAND, Layout, Sheet


def effect_lines(told: Mapping[str, Any]) -> list[str]:
    """Return the effect in plain Chinese."""
    layout = effect_layout(told)
    lines = [layout.title, *layout.lead]
    for sheet in layout.sheets:
        lines.append(sheet.title)
        lines += [
            "  " + "，".join(f"{head} {cell}" for head, cell in zip(sheet.head, row, strict=True)) for row in sheet.rows
        ]
    return [*lines, layout.notice]


def effect_layout(told: Mapping[str, Any]) -> Layout:
    """Return the effect as text and tables, for a Word document, a workbook or a page."""
    counts, effect, naive = told["counts"], told["effect"], told["naive"]
    lead = [
        f"{told['region_label']}，{told['from']}至{told['to']}，截至 {told['as_of']}。",
        told["verdict"],
        f"比较：领取的 {count_words(counts['received'])} 人，没有领取的 {count_words(counts['others'])} 人"
        f"（{told['start_label']}）。",
    ]
    if naive is not None:
        lead.append(f"不作任何处理直接比较，相差 {points(naive['value'])} 个百分点：两组的人本来就不同，不能当作作用。")
    if effect is not None and effect["e_value"] is not None:
        lead.append(f"E值 {effect['e_value']}，区间靠近零的一端 {effect['e_value_of_bound']}。")
    source = told["source"]
    lead.append(
        f"依据：{source['document']} {source['clause']}“{source['quote']}”；做法和界限是工程约定，须由主管部门核定。"
    )
    sheets = [
        Sheet(
            "effect", "结果", (), ("哪些人", told["outcome_label"], "区间"), tuple(_result_rows(told)), (), "",
        ),
        Sheet(
            "balance", "两组情况相差（标准化差值，每项取最大）",
            (f"超过 {told['told_difference']} 的要当心。",), ("情况", "加权前", "加权后"),
            tuple(_balance_row(row) for row in told["balance"]),
            (), "",
        ),
        Sheet("left_out", "没有算进来的领取者", (), ("原因", "人数"),
              tuple((row["label"], count_words(row["people"])) for row in told["left_out"]), (), ""),
        Sheet("method", "做法", (), ("说明",), tuple((line,) for line in told["method"]), (), ""),
        Sheet("limits", "不能说明什么", (), ("说明",), tuple((line,) for line in told["limits"]), (), ""),
    ]  # fmt: skip
    return Layout(f"扶持政策效果评估：{told['label']}", tuple(lead), tuple(sheets), (), told["notice"])


def _balance_row(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["label"], f"{row['before']:.2f}", "" if row["after"] is None else f"{row['after']:.2f}"


def _result_rows(told: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    effect = told["effect"]
    if effect is None:
        return [("领取与没有领取之差", BY_HAND, "")]
    apart = effect["difference"]
    return [
        ("领取的人", f"{points(effect['received_share'])}%", ""),
        ("情况相近而没有领取的人", f"{points(effect['others_share'])}%", ""),
        ("相差（百分点）", points(apart["value"]), f"{points(apart['low'])} 至 {points(apart['high'])}"),
    ]


def count_words(n: int | None) -> str:
    """Return a count as it is told; None is a small one."""
    return FEW if n is None else str(n)
