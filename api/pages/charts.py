"""Charts as SVG within the page, drawn by drawsvg with attributes alone: the policy of a page allows no style in it.

Each is told apart by length, pattern and words, never by colour alone, has a title and a description, and the page puts
the same values beside it as a table.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import drawsvg as draw
from markupsafe import Markup

INK, SOFT, LINE, BRAND, PALE = "#0b0c0c", "#484f56", "#b1b8be", "#14486b", "#e9eef2"
_ROW, _LABEL, _BAR, _AFTER, _SIZE = 30, 104, 220, 130, 15


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it is of, how long it is (None where unknown), and that in words."""

    label: str
    value: float | None
    words: str


def drawing(width: float, height: float, title: str, description: str, name: str) -> draw.Drawing:
    """Return an empty drawing that is read out by its title and description; `name` tells it from others of a page."""
    made = draw.Drawing(
        width,
        height,
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",  # a description that were part of the name as well would be read twice
        font_family="Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif",
        fill=INK,
    )
    made.append(draw.Title(title, id=f"{name}-title"))
    made.append(_Description(description, id=f"{name}-desc"))
    return made


class _Description(draw.Title):  # type: ignore[misc]  # the library has no types
    TAG_NAME = "desc"


def svg(made: draw.Drawing) -> Markup:
    """Return a drawing as part of a page; its texts are escaped by the library."""
    told, end, drawn = made.as_svg(header="", skip_js=True, skip_css=True).partition("</desc>")
    # Numbers along the axes are no words to listen to: the values stand in the table beside it.
    unheard = drawn.replace("</svg>", "</g></svg>")
    return Markup(f'{told}{end}<g aria-hidden="true">{unheard}')  # noqa: S704  # written by the library


def bars(title: str, description: str, name: str, rows: Sequence[Bar], most: float) -> Markup:
    """Return horizontal bars, one a row, each with its words behind it; an unknown one is a dashed frame."""
    height = _ROW * len(rows) + 8
    made = drawing(_LABEL + _BAR + _AFTER, height, title, description, name)
    for place, row in enumerate(rows):
        y = _ROW * place + 6
        made.append(draw.Text(row.label, _SIZE, _LABEL - 10, y + 15, text_anchor="end"))
        made.append(draw.Rectangle(_LABEL, y, _BAR, 20, fill=PALE))
        if row.value is None:
            frame = {"fill": "none", "stroke": SOFT, "stroke_dasharray": "4 4"}
            made.append(draw.Rectangle(_LABEL + 0.5, y + 0.5, _BAR - 1, 19, **frame))
        elif row.value:
            made.append(draw.Rectangle(_LABEL, y, _BAR * row.value / most, 20, fill=BRAND))
        made.append(draw.Text(row.words, _SIZE, _LABEL + _BAR + 10, y + 15))
    return svg(made)


_MONTHS_WIDTH, _MONTHS_HEIGHT, _LEFT, _TOP, _FOOT = 720, 260, 44, 26, 30


def _scale(most: float) -> tuple[float, float]:
    """Return a round number above the largest, and the round part in which it is marked."""
    power = 10 ** math.floor(math.log10(most))
    part = next(step * power for step in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if most * 1.1 <= 6 * step * power)
    return part * math.ceil(most * 1.1 / part), part


def month_bars(
    title: str, description: str, rows: Sequence[tuple[int, float, float]], line: float | None, line_label: str
) -> Markup:
    """Return a column for each month: what is certain filled, what may come on top as a dashed frame, and a line."""
    made = drawing(_MONTHS_WIDTH, _MONTHS_HEIGHT, title, description, "months")
    most, part = _scale(max([1.0, *(high for _, __, high in rows), *([] if line is None else [line])]))
    height, step = _MONTHS_HEIGHT - _TOP - _FOOT, (_MONTHS_WIDTH - _LEFT) / max(1, len(rows))

    def y(value: float) -> float:
        return _TOP + height * (1 - value / most)

    for n in range(round(most / part) + 1):
        at = y(part * n)
        made.append(draw.Line(_LEFT, at, _MONTHS_WIDTH, at, stroke=LINE if n else INK, stroke_width=1))
        made.append(draw.Text(f"{part * n:g}", 13, _LEFT - 6, at + 4, text_anchor="end"))
    for place, (month, certain, possible) in enumerate(rows):
        x, width = _LEFT + step * (place + 0.2), step * 0.6
        if certain:
            made.append(draw.Rectangle(x, y(certain), width, y(0) - y(certain), fill=BRAND))
        if possible > certain:
            frame = {"fill": "none", "stroke": SOFT, "stroke_dasharray": "4 4"}
            made.append(draw.Rectangle(x + 0.5, y(possible), width - 1, y(certain) - y(possible), **frame))
        made.append(draw.Text(str(month), 14, x + width / 2, _MONTHS_HEIGHT - 8, text_anchor="middle"))
    if line is not None:
        made.append(draw.Line(_LEFT, y(line), _MONTHS_WIDTH, y(line), stroke="#a51d12", stroke_width=2.5))
        made.append(draw.Text(line_label, 14, _MONTHS_WIDTH - 4, y(line) - 6, text_anchor="end", fill="#a51d12"))
    return svg(made)
