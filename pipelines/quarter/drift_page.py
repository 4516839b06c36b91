"""Drift as a page: alerts first, then what moved by month; each chart with its table."""

from collections.abc import Mapping
from typing import Any

from pipelines.quarter.charts import Line, lines
from pipelines.quarter.page import figure, heading, page, paragraph, table

_MOST = 4


def drift_html(found: Mapping[str, Any]) -> str:
    """Return the page."""
    alerts = [(a["month"], a["label"], a["text"], a["likely_cause"]) for a in found["alerts"]]
    parts = [
        paragraph(
            f"截至 {found['as_of']}；{found['months'][0]} 至 {found['months'][-1]} 各月，"
            f"对照 {found['reference'][0]} 至 {found['reference'][1]}。原因是推断，须由人核实。"
        ),
        heading("提示"),
        table("提示", ("月份", "项目", "变化", "可能的原因"), alerts) if alerts else paragraph("没有需要提示的变化。"),
        heading("各项变化"),
        _chart(found),
        table(
            "稳定性指数（已减去样本误差）",
            ("项目", *found["months"]),
            [
                (found["labels"][name], *(_cell(by_month[month]) for month in found["months"]))
                for name, by_month in found["features"].items()
            ],
        ),
        heading("结果"),
        *(_outcome(name, by_month) for name, by_month in found["outcomes"].items()),
    ]
    return page("数据与结果的变化", [part for part in parts if part])


def _chart(found: Mapping[str, Any]) -> str:
    most = sorted(found["features"], key=lambda name: -max(_value(v) or 0.0 for v in found["features"][name].values()))
    drawn = [
        Line(found["labels"][name], [_value(found["features"][name][month]) for month in found["months"]])
        for name in most[:_MOST]
    ]
    title = "变化最大的几项"
    return figure(title, lines("drift", title, found["months"], drawn, mark=found["limit"]))


def _outcome(name: str, by_month: Mapping[str, Any]) -> str:
    months = list(by_month)
    drawn = lines(f"outcome-{len(name)}", name, months, [Line(name, [_value(by_month[m]) for m in months])])
    return figure(name, drawn) + table(
        name, ("月份", "比例［区间］", "件数"), [(m, _cell(by_month[m]), by_month[m].get("n")) for m in months]
    )


def _value(told: Mapping[str, Any]) -> float | None:
    value = told.get("mean")
    return None if value is None else float(value)


def _cell(told: Mapping[str, Any]) -> str:
    if "mean" not in told:
        return str(told.get("because", "—"))
    return f"{told['mean']:.3f}［{told['low']:.3f}，{told['high']:.3f}］"
