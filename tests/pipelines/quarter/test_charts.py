"""Charts of reports and notebooks: round figures on the axis; words of the vocabulary for what is drawn."""

import re

import pytest

from pipelines.quarter.charts import Bar, Line, forest, lines
from pipelines.quarter.group_words import group_word
from pipelines.quarter.profile import OTHERS, SCORES, UNKNOWN, bin_word, in_order


def _axis(svg: str) -> list[float]:
    return [float(one) for one in re.findall(r'text-anchor="middle">(-?[0-9.]+)<', svg)]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0705, 0.3121, [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35]),
        (-0.012, 0.154, [-0.05, 0.0, 0.05, 0.1, 0.15, 0.2]),
        (12.0, 87.0, [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]),
        (0.2, 0.2, [0.2, 0.25]),
    ],
)
def test_the_axis_of_a_chart_has_round_figures_that_hold_all_that_is_drawn(
    low: float, high: float, ticks: list[float]
) -> None:
    svg = forest("c", "召回率", [Bar("一级", (low + high) / 2, low, high)])
    assert _axis(svg) == ticks
    assert ticks[0] <= low <= high <= ticks[-1]
    across = [float(x) for x in re.findall(r'<text x="([0-9.]+)" y="[0-9.]+" text-anchor="middle"', svg)]
    assert across == sorted(across)


def test_the_height_of_lines_is_told_in_round_figures_too() -> None:
    svg = lines("l", "变化", ["2026-01", "2026-02"], [Line("工资", [0.0705, 0.312])])
    assert re.findall(r'text-anchor="end">([0-9.]+)<', svg) == ["0", "0.1", "0.2", "0.3", "0.4"]


def test_nothing_drawn_and_all_alike_make_no_fault() -> None:
    assert forest("c", "召回率", [Bar("一级", None)]) == ""
    assert _axis(forest("c", "召回率", [Bar("一级", 0.0)])) == [0.0, 0.2]


def test_groups_and_bins_are_called_by_the_words_of_the_vocabulary() -> None:
    assert (group_word("category", "vision"), group_word("grade", "2"), group_word("sex", "female")) == (
        "视力",
        "二级",
        "女",
    )
    assert (group_word("hukou", "unknown"), group_word("prefecture", "兰州市")) == ("未知", "兰州市")
    assert (bin_word("people.work_modes", "remote;onsite"), bin_word("people.wished_wage", "≥3000")) == (
        "居家、到岗",
        "≥3000",
    )
    assert (bin_word("people.education", UNKNOWN), bin_word("people.place", OTHERS)) == ("未填写", "其他")
    assert bin_word(SCORES, "0") == "得分由低到高的第1个十分之一"


def test_names_of_lines_stand_apart_and_in_the_order_of_their_ends() -> None:
    drawn = [Line("甲", [0.0, 0.0]), Line("乙", [0.0, 0.3]), Line("丙", [0.1, 0.0])]
    chart = lines("n", "标题", ["2026-09", "2026-10"], drawn)
    heights = {label: float(y) for y, label in re.findall(r'y="([0-9.]+)">(甲|乙|丙)</text>', chart)}
    assert heights["乙"] < min(heights["甲"], heights["丙"])
    assert abs(heights["甲"] - heights["丙"]) >= 18


def test_bins_are_read_from_low_to_high_with_the_unknown_last() -> None:
    assert in_order("people.education", ["bachelor", "unknown", "junior", "primary"]) == [
        "primary", "junior", "bachelor", "unknown",
    ]  # fmt: skip
    assert in_order("people.functions", ["unknown", "≥15", "others", "≥5", "<1"]) == [
        "<1",
        "≥5",
        "≥15",
        "others",
        "unknown",
    ]
