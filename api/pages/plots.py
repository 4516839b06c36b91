"""Charts of counts and measures: parts of a whole, values with their intervals, lines over months.

Told apart by pattern, form and words, never by colour alone; drawn with attributes alone, like `api.pages.charts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import drawsvg as draw
from markupsafe import Markup

from api.pages.charts import BRAND, INK, LINE, PALE, SOFT, drawing, svg
from pipelines.quarter.charts import apart, round_steps

_ROW, _SIZE, _WIDTH = 30, 15, 760
_LEFT, _RIGHT = 190, 130
_DASHES = ("", "9 5", "2 4", "12 4 2 4")


@dataclass(frozen=True, slots=True)
class Parts:
    """A whole of two parts, such as done and still due; None where a number is not told."""

    label: str
    first: int | None
    second: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its interval; None where it was not measured."""

    label: str
    mean: float | None
    low: float | None = None
    high: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Values over the same steps; None where one is not known."""

    label: str
    values: Sequence[float | None]


def parts(title: str, description: str, name: str, rows: Sequence[Parts], legend: tuple[str, str]) -> Markup:
    """Return a bar a row: the first part filled, the second framed, as long as the row's share of the largest."""
    most = max([(row.first or 0) + (row.second or 0) for row in rows] or [0]) or 1
    width = _WIDTH - _LEFT - _RIGHT
    made = drawing(_WIDTH, _ROW * len(rows) + 46, title, description, name)
    _key(made, 8, BRAND, legend[0], is_filled=True)
    _key(made, 260, BRAND, legend[1], is_filled=False)
    for place, row in enumerate(rows):
        y = 38 + _ROW * place
        made.append(draw.Text(row.label, _SIZE, _LEFT - 10, y + 15, text_anchor="end"))
        if row.first is None or row.second is None:
            frame = {"fill": "none", "stroke": SOFT, "stroke_dasharray": "4 4"}
            made.append(draw.Rectangle(_LEFT + 0.5, y + 0.5, width - 1, 19, **frame))
        else:
            one, two = width * row.first / most, width * row.second / most
            if one:
                made.append(draw.Rectangle(_LEFT, y, one, 20, fill=BRAND))
            if two:
                made.append(draw.Rectangle(_LEFT + one + 1, y + 1, max(two - 2, 1), 18, fill=PALE, stroke=BRAND))
        made.append(draw.Text(row.words, _SIZE, _WIDTH - _RIGHT + 10, y + 15))
    return svg(made)


def _key(made: draw.Drawing, x: float, colour: str, text: str, *, is_filled: bool) -> None:
    made.append(draw.Rectangle(x + 1, 7, 22, 16, fill=colour if is_filled else PALE, stroke=colour))
    made.append(draw.Text(text, _SIZE, x + 32, 20))


def counts(title: str, description: str, name: str, rows: Sequence[tuple[str, int | None]]) -> Markup:
    """Return a bar a row with its number behind it; one that is not told is a dashed frame."""
    most = max([n or 0 for _, n in rows] or [0]) or 1
    width = _WIDTH - _LEFT - _RIGHT
    made = drawing(_WIDTH, _ROW * len(rows) + 10, title, description, name)
    for place, (label, n) in enumerate(rows):
        y = 6 + _ROW * place
        made.append(draw.Text(label, _SIZE, _LEFT - 10, y + 15, text_anchor="end"))
        if n is None:
            frame = {"fill": "none", "stroke": SOFT, "stroke_dasharray": "4 4"}
            made.append(draw.Rectangle(_LEFT + 0.5, y + 0.5, width - 1, 19, **frame))
        elif n:
            made.append(draw.Rectangle(_LEFT, y, max(width * n / most, 1), 20, fill=BRAND))
        made.append(draw.Text("" if n is None else str(n), _SIZE, _LEFT + width * (n or 0) / most + 10, y + 15))
    return svg(made)


def intervals(
    title: str, description: str, name: str, rows: Sequence[Interval], *, mark: float | None = None
) -> Markup | None:
    """Return values with their intervals, one a row; `mark` draws what they are held against. None without values."""
    known = [v for row in rows for v in (row.mean, row.low, row.high) if v is not None and isfinite(v)]
    if not known:
        return None
    least, most = min([*known, *([] if mark is None else [mark])]), max([*known, *([] if mark is None else [mark])])
    ticks = round_steps(least, most)
    least, most = min(least, ticks[0]), max(most, ticks[-1])
    pad = (most - least) * 0.04
    least, most = least - pad, most + pad
    height = 14 + _ROW * len(rows)
    made = drawing(_WIDTH, height + 34, title, description, name)

    def x(value: float) -> float:
        return _LEFT + (value - least) / (most - least) * (_WIDTH - _LEFT - _RIGHT)

    made.append(draw.Line(_LEFT, height, _WIDTH - _RIGHT, height, stroke=INK))
    for value in ticks:
        made.append(draw.Line(x(value), height, x(value), height + 5, stroke=INK))
        made.append(draw.Text(f"{value:.4g}", 13, x(value), height + 22, text_anchor="middle"))
    if mark is not None:
        made.append(draw.Line(x(mark), 4, x(mark), height, stroke=SOFT, stroke_dasharray="6 4"))
    for place, row in enumerate(rows):
        y = 20 + _ROW * place
        made.append(draw.Text(row.label, _SIZE, _LEFT - 12, y + 5, text_anchor="end"))
        made.append(draw.Text(row.words, _SIZE, _WIDTH - _RIGHT + 10, y + 5))
        if row.mean is None:
            continue
        if row.low is not None and row.high is not None:
            made.append(draw.Line(x(row.low), y, x(row.high), y, stroke=INK, stroke_width=2))
            for end in (row.low, row.high):
                made.append(draw.Line(x(end), y - 5, x(end), y + 5, stroke=INK, stroke_width=2))
        made.append(draw.Circle(x(row.mean), y, 5, fill=BRAND))
    return svg(made)


def lines(
    title: str, description: str, name: str, steps: Sequence[str], drawn: Sequence[Series], *, mark: float | None = None
) -> Markup | None:
    """Return lines over steps, told apart by dashes and by their names at the end; None without values."""
    known = [value for line in drawn for value in line.values if value is not None]
    if not known or len(steps) < 2:
        return None
    ticks = round_steps(0.0, max([0.0, *known, *([] if mark is None else [mark])]))
    most = ticks[-1]
    left, right, height = 60, 270, 300
    made = drawing(_WIDTH, height, title, description, name)

    def x(at: int) -> float:
        return left + at / (len(steps) - 1) * (_WIDTH - left - right)

    def y(value: float) -> float:
        return height - 46 - max(value, 0.0) / most * (height - 76)

    for at, value in enumerate(ticks):
        made.append(draw.Line(left, y(value), _WIDTH - right, y(value), stroke=LINE if at else INK))
        made.append(draw.Text(f"{value:.4g}", 13, left - 8, y(value) + 5, text_anchor="end"))
    every = max(1, -(-len(steps) // 6))
    for at, step_name in enumerate(steps):
        if at % every == 0:
            made.append(draw.Text(step_name, 13, x(at), height - 22, text_anchor="middle"))
    if mark is not None:
        made.append(draw.Line(left, y(mark), _WIDTH - right, y(mark), stroke=SOFT, stroke_dasharray="6 4"))
    ends: list[tuple[float, str]] = []
    for number, line in enumerate(drawn):
        points = [(x(at), y(value)) for at, value in enumerate(line.values) if value is not None]
        if not points:
            continue
        flat = [part for point in points for part in point]
        dash = {"stroke_dasharray": _DASHES[number % 4]} if _DASHES[number % 4] else {}
        made.append(draw.Lines(*flat, fill="none", stroke=INK, stroke_width=2, **dash))
        for point in points:
            made.append(draw.Circle(*point, 3, fill=BRAND))
        ends.append((points[-1][1] + 5, line.label))
    for end, label in apart(ends):
        made.append(draw.Text(label, _SIZE, _WIDTH - right + 12, end))
    return svg(made)
