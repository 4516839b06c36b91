"""A sheet as PDF, by reportlab with the Chinese font that every reader of PDF has; nothing of it is kept on disk."""

from functools import cache
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, HRFlowable, Paragraph, SimpleDocTemplate, Spacer

from api.pages.sheet import Part, Sheet

FONT = "STSong-Light"
_PLAIN, _LARGE = 11.0, 18.0


@cache
def _font() -> str:
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    return FONT


def pdf(sheet: Sheet) -> bytes:
    """Return a sheet as PDF; its title names the kind of sheet, and its properties nobody."""
    out = BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
        title=sheet.title, author="", lang="zh-CN", invariant=1,
    )  # fmt: skip
    size = _LARGE if sheet.is_large else _PLAIN
    story: list[Flowable] = [Paragraph(escape(sheet.title), _style(size * 1.5)), Spacer(1, 4 * mm)]
    for part in sheet.parts:
        story += _flowables(part, size)
    document.build(story)
    return out.getvalue()


def _style(size: float, indent: float = 0) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}-{indent}", fontName=_font(), fontSize=size, leading=size * 1.6, wordWrap="CJK", leftIndent=indent,
        spaceAfter=size * 0.3,
    )  # fmt: skip


def _flowables(part: Part, size: float) -> list[Flowable]:
    if part.kind == "heading":
        return [Spacer(1, size * 0.6), Paragraph(escape(part.text), _style(size * 1.2))]
    if part.kind == "note":
        return [Paragraph(escape(part.text), _style(size * 0.85))]
    if part.kind == "list":
        return [Paragraph(f"· {escape(text)}", _style(size, size)) for (text,) in part.rows]
    if part.kind == "facts":
        return [Paragraph(f"{escape(label)}：{escape(value)}", _style(size)) for label, value in part.rows]
    if part.kind == "signature":
        return [Spacer(1, size * 2), Paragraph(escape(part.text), _style(size)), HRFlowable(width="60%", hAlign="LEFT")]
    return [Paragraph(escape(part.text), _style(size))]
