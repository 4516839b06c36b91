"""Text out of HTML that somebody sends, and text as HTML: no address in it is kept, no script, no style.

Python's own parser reads it; whatever is not text is dropped, so that nothing has to be judged harmless.
"""

import html
import re
from html.parser import HTMLParser

_DROPPED = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "head", "title"})
_BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "table", "tr", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6", "dd", "dt"}
)
_BLANK = re.compile(r"[ \t\r\f\v]+")
_LINES = re.compile(r"\n{3,}")
_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


class _Text(HTMLParser):
    """Collects the text of a document; blocks become lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dropping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, or a part that is dropped."""
        if tag in _DROPPED:
            self._dropping.append(tag)
        elif tag == "br" or tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a line, or a part that is dropped."""
        if tag in self._dropping:
            del self._dropping[self._dropping.index(tag) :]
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if not self._dropping:
            self.parts.append(data)


def text_of(markup: str) -> str:
    """Return the text of HTML or of plain text, without marks that change how it is shown."""
    parser = _Text()
    parser.feed(markup)
    parser.close()
    text = _UNWANTED.sub("", "".join(parser.parts).replace("\r\n", "\n").replace("\xa0", " "))
    lines = (_BLANK.sub(" ", line).strip() for line in text.split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()


def markup_of(text: str) -> str:
    """Return text as HTML: what could be a mark is escaped, lines stay lines."""
    return html.escape(text, quote=False).replace("\n", "<br>\n")
