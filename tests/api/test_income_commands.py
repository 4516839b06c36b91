"""The curve of a job's income in words and as a drawing: what is left out is said, and anybody can read the drawing."""

import re
from datetime import date
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from api.income_drawing import HEIGHT, WIDTH, drawing
from api.income_words import income_lines
from matching.rules.evaluation import known_facts
from matching.rules.income import Curve, income_curve, wages_up_to
from matching.rules.rulebook import rulebook

BOOK = rulebook()
DAY = date(2026, 11, 23)
KNOWN: dict[str, object] = {
    "holds_certificate": True,
    "certificate_category": 4,
    "certificate_grade": 1,
    "region": "620924",
    "hukou": "rural",
    "household_kinds": ["dibao"],
    "household_size": 3,
    "dibao_month_standard": 450,
    "household_other_income": 0,
    "dibao_month_benefit": 1350,
    "work_cost_month": 0,
    "taper_months": 6,
    "own_insurance_share": 0,
    "iit_additional_month": 0,
}
SVG = "{http://www.w3.org/2000/svg}"


def curves(*without: str, highest: int = 8000) -> tuple[Curve, Curve]:
    """Return the first month's curve and the one after the taper."""
    facts = known_facts(BOOK, {name: value for name, value in KNOWN.items() if name not in without})
    wages = wages_up_to(highest)
    return income_curve(BOOK, facts, DAY, wages, month=1), income_curve(BOOK, facts, DAY, wages)


def test_the_words_tell_the_cliff_and_from_which_wage_work_pays() -> None:
    lines = income_lines(*curves())
    assert lines[0] == "就业前每月（低保和补贴）：1,810 元"
    assert "渐退期后：注意：工资从 1300 到 1400 元，到手反而减少，少 180 元" in lines
    assert "渐退期后：工资到约 1400 元不再领低保，生活补贴随之停止；护理补贴不受影响" in lines
    assert "渐退期后：工资从约 1600 元起，到手一定比不就业多（按100元一档测算）" in lines
    assert any(line.split() == ["2000", "3,810", "2,230", "0"] for line in lines)


def test_what_is_left_out_is_said_before_the_first_number() -> None:
    lines = income_lines(*curves("dibao_month_standard", "own_insurance_share"))
    assert "低保金" in lines[1]
    assert "没有计入" in lines[1]
    assert "渐退期后：低保金算不出，不能判断从多少工资起比不就业划算" in lines
    assert not any("一定比不就业多" in line for line in lines if line.startswith("渐退期后"))
    assert any(line.startswith("没有计入：本人缴纳的社会保险费") and "问用人单位" in line for line in lines)


def test_a_band_is_printed_with_both_ends() -> None:
    lines = income_lines(*curves("work_cost_month"))
    assert any(line.split()[:1] == ["1000"] and "1,810～2,810" in line for line in lines)
    assert any("▒" in line for line in lines)


@pytest.mark.parametrize("without", [(), ("work_cost_month",), ("dibao_month_standard",), tuple(KNOWN)])
@pytest.mark.parametrize("highest", [100, 8000])
def test_the_drawing_is_named_described_and_inside_its_frame(without: tuple[str, ...], highest: int) -> None:
    text = drawing(*curves(*without, highest=highest))
    root = ElementTree.fromstring(text)  # noqa: S314  # our own drawing
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "就业后每月到手随工资的变化"
    assert "横轴为月工资" in (root.findtext(f"{SVG}desc") or "")
    assert {"月工资（元）", "每月到手（元）", "渐退期后", "第1个月", "就业前"} <= {
        t.text for t in root.iter(f"{SVG}text")
    }
    for line in root.iter(f"{SVG}polyline"):
        for x, y in (pair.split(",") for pair in str(line.get("points")).split()):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT
    assert min(int(size) for size in re.findall(r"font-size=\"(\d+)\"", text)) >= 14


def test_the_two_curves_differ_by_more_than_their_grey() -> None:
    root = ElementTree.fromstring(drawing(*curves()))  # noqa: S314  # our own drawing
    dashes = [line.get("stroke-dasharray") for line in root.iter(f"{SVG}polyline")]
    assert dashes == [None, "10 6"]
    colours = {value for element in root.iter() for name in ("stroke", "fill") if (value := element.get(name))}
    assert all(len(set(re.findall("[0-9a-f]", colour))) == 1 for colour in colours - {"none"})


def test_the_drawing_marks_the_cliff_where_the_words_do() -> None:
    texts = [text.text for text in ElementTree.fromstring(drawing(*curves())).iter(f"{SVG}text")]  # noqa: S314  # ours
    assert "多挣反而少得 180 元" in texts
    assert Fraction(1400) in {cliff.to_wage for cliff in curves()[1].cliffs}
