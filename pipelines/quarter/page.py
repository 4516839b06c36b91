"""A page of plain HTML that stands alone: no script, nothing loaded from elsewhere."""

from collections.abc import Sequence
from html import escape

_STYLE = """
body{font:16px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#111;
  max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}
th,td{border:1px solid #777;padding:.3rem .6rem;text-align:left;vertical-align:top}
caption{text-align:left;font-weight:bold;padding:.3rem 0}svg{max-width:100%;height:auto}h2{margin-top:2.5rem}
@media (max-width:40rem){thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
  tr,th,td{display:block;border:0}tr{border-bottom:1px solid #777;padding:.4rem 0}th,td{padding:.1rem 0}
  td{overflow-wrap:anywhere}svg{min-width:34rem}
  td[data-head]::before{content:attr(data-head) "："}}
figure{margin:1rem 0;overflow-x:auto}figcaption{font-weight:bold;position:sticky;left:0}
.short{white-space:nowrap}.failed{border-left:.4rem solid #111;padding-left:.8rem}
"""


_SHORT = 6
"""Cells of so few letters are never broken: a narrow column would stand them one below the other."""


def page(title: str, parts: Sequence[str]) -> str:
    """Return a whole page."""
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>",
            *parts,
            "</main></body></html>\n",
        ]
    )


def heading(text: str) -> str:
    """Return a heading of a part."""
    return f"<h2>{escape(text)}</h2>"


def paragraph(text: str, *, is_marked: bool = False) -> str:
    """Return a paragraph; a marked one stands out by a bar."""
    return f'<p class="failed">{escape(text)}</p>' if is_marked else f"<p>{escape(text)}</p>"


def figure(caption: str, drawing: str) -> str:
    """Return a chart under what it shows, which a narrow window moves sideways, by keys too; nothing where none is."""
    if not drawing:
        return ""
    told = escape(caption)
    return f'<figure tabindex="0" aria-label="{told}"><figcaption>{told}</figcaption>{drawing}</figure>'


def table(caption: str, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; None is shown as a dash."""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "\n".join(
        "<tr>"
        + f'<th scope="row">{_cell(row[0])}</th>'
        + "".join(_data_cell(cell, header) for cell, header in zip(row[1:], headers[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    top = f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
    return f'<table class="stack">{top}<tbody>\n{body}\n</tbody></table>'


def _data_cell(value: object, header: str) -> str:
    """Return a cell that says its column where a narrow window stands the columns one below the other."""
    text, kind = _cell(value), ' class="short"'
    return f'<td{kind if len(text) <= _SHORT else ""} data-head="{escape(header)}">{text}</td>'


def _cell(value: object) -> str:
    return "—" if value is None else escape(str(value))
