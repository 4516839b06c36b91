"""A sheet as PDF, by reportlab with the Chinese font that every reader of PDF has; nothing of it is kept on disk.

It is tagged (`api.pages.pdf_tags`): title, headings, paragraphs and lists are found by a screen reader.
"""

from functools import cache
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer

from api.pages.pdf_tags import Element, TaggedParagraph, UntoldLine, canvas_for
from api.pages.sheet import Part, Sheet
from api.pages.words import words

FONT = "STSong-Light"
_DOT = str.maketrans("·•", "・・")
"""Where a reader puts another font in the place of this one, only the wide dot is no box; names have dots."""
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
        title=sheet.title, author="", lang=words()("lang"), invariant=1,
    )  # fmt: skip
    size, root = _LARGE if sheet.is_large else _PLAIN, Element("Document")
    story: list[Flowable] = [_text(sheet.title, size * 1.5, Element("H1", root)), Spacer(1, 4 * mm)]
    for part in sheet.parts:
        story += _flowables(part, size, root)
    document.build(story, canvasmaker=canvas_for(root))
    return out.getvalue()


def _text(text: str, size: float, element: Element, indent: float = 0, *, is_heading: bool = False) -> TaggedParagraph:
    style = ParagraphStyle(
        f"s{size}-{indent}", fontName=_font(), fontSize=size, leading=size * 1.6, wordWrap="CJK", leftIndent=indent,
        spaceAfter=size * 0.3, keepWithNext=is_heading,
    )  # fmt: skip
    return TaggedParagraph(escape(text.translate(_DOT)), style, element)


def _flowables(part: Part, size: float, root: Element) -> list[Flowable]:
    if part.kind == "heading":
        return [Spacer(1, size * 0.6), _text(part.text, size * 1.2, Element("H2", root), is_heading=True)]
    if part.kind == "note":
        return [_text(part.text, size * 0.85, Element("P", root))]
    if part.kind in ("list", "facts"):
        whole = Element("L", root)
        if part.kind == "list":
            entries = [(f"・{text}", size) for (text,) in part.rows]
        else:
            entries = [(f"{label}：{value}", 0) for label, value in part.rows]
        return [_text(text, size, Element("LBody", Element("LI", whole)), indent) for text, indent in entries]
    if part.kind == "signature":
        signed = _text(part.text, size, Element("P", root))
        return [Spacer(1, size * 2), signed, UntoldLine(width="60%", hAlign="LEFT")]
    return [_text(part.text, size, Element("P", root))]
