"""Charts as SVG within the page, drawn by drawsvg with attributes alone: the policy of a page allows no style in it.

Each is told apart by length, pattern and words, never by colour alone, has a title and a description, and the page puts
the same values beside it as a table.
"""

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
        aria_labelledby=f"{name}-title {name}-desc",
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
    return Markup(made.as_svg(header="", skip_js=True, skip_css=True))  # noqa: S704  # written by the library


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
