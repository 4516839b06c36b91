"""Tags in a PDF, so that a screen reader finds headings, paragraphs and lists in their order.

reportlab writes pages and knows nothing of tags; it lets a page's stream and the document's catalogue be added to, and
ISO 32000-1, 14.6 to 14.8 asks for no more: each text stands between marks with a number, and a tree of elements says
what the numbers are. Nothing is claimed of PDF/UA, which asks for embedded fonts: the Chinese font is the reader's own.
"""

from collections.abc import Sequence
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFObjectReference
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import HRFlowable, Paragraph


class Element:
    """One node of the tree: what it is (`Document`, `H1`, `P`, `L`, …), its children, and its marks as (page, number).

    A text that goes on over a page has a mark on each.
    """

    def __init__(self, role: str, parent: "Element | None" = None) -> None:
        self.role, self.parent = role, parent
        self.children: list[Element] = []
        self.marks: list[tuple[int, int]] = []
        if parent is not None:
            parent.children.append(self)

    def write(self, document: Any, parent: Any, owners: dict[tuple[int, int], Any]) -> Any:
        """Write the element and what is below it; note whose each mark is, and return the reference to it."""
        held = PDFDictionary({"Type": PDFName("StructElem"), "S": PDFName(self.role), "P": parent})
        reference = document.Reference(held)
        marks = [PDFDictionary({"Type": PDFName("MCR"), "Pg": _page(at), "MCID": number}) for at, number in self.marks]
        held["K"] = PDFArray([*marks, *(child.write(document, reference, owners) for child in self.children)])
        owners.update(dict.fromkeys(self.marks, reference))
        return reference


def _page(number: int) -> Any:
    return PDFObjectReference(f"Page{number}")


class TaggedParagraph(Paragraph):  # type: ignore[misc]  # reportlab has no types
    """A paragraph between marks; its parts on two pages are one element."""

    def __init__(self, text: str, style: Any, element: Element | None = None, **more: Any) -> None:
        super().__init__(text, style, **more)
        self.element = element

    def split(self, width: float, height: float) -> Sequence[Any]:
        """Return the parts, which are the same element."""
        parts = super().split(width, height)
        for part in parts:
            part.element = self.element
        return list(parts)

    def drawOn(self, canvas: "TaggedCanvas", x: float, y: float, _sW: float = 0) -> None:  # noqa: N802, N803
        """Draw between marks."""
        canvas.open_mark(self.element)
        super().drawOn(canvas, x, y, _sW)
        canvas.close_mark()


class UntoldLine(HRFlowable):  # type: ignore[misc]  # reportlab has no types
    """A line that a screen reader passes over."""

    def drawOn(self, canvas: "TaggedCanvas", x: float, y: float, _sW: float = 0) -> None:  # noqa: N802, N803
        """Draw as decoration."""
        canvas.open_mark(None)
        super().drawOn(canvas, x, y, _sW)
        canvas.close_mark()


class TaggedCanvas(Canvas):  # type: ignore[misc]  # reportlab has no types
    """A canvas whose texts are marked, and which writes the tree below `root` when it is saved."""

    root: Element
    _page_marks = 0

    def open_mark(self, element: Element | None) -> None:
        """Begin what belongs to an element, or to none."""
        if element is None:
            self._code.append("/Artifact BMC")
            return
        element.marks.append((self._doc.pageCounter, self._page_marks))
        self._code.append(f"/{element.role} <</MCID {self._page_marks}>> BDC")
        self._page_marks += 1

    def close_mark(self) -> None:
        """End it."""
        self._code.append("EMC")

    def showPage(self) -> None:  # noqa: N802
        """End a page; its marks are counted from nought again, and it knows its place in the tree of parents."""
        super().showPage()
        self._page_marks = 0

    def save(self) -> None:
        """Write the tree and end the document."""
        if self._code:
            self.showPage()
        document = self._doc
        tree = PDFDictionary({"Type": PDFName("StructTreeRoot")})
        reference, owners = document.Reference(tree), dict[tuple[int, int], Any]()
        tree["K"] = self.root.write(document, reference, owners)
        numbers: list[Any] = []
        pages = document.Pages.pages
        for at, page in enumerate(pages, 1):
            own = [owners[mark] for mark in sorted(owners) if mark[0] == at]
            numbers += [at - 1, document.Reference(PDFArray(own))]
            page.__NoDefault__ = [*page.__NoDefault__, "StructParents", "Tabs"]  # what reportlab leaves out of a page
            page.StructParents, page.Tabs = at - 1, PDFName("S")
        tree["ParentTree"] = document.Reference(PDFDictionary({"Nums": PDFArray(numbers)}))
        tree["ParentTreeNextKey"] = len(pages)
        document.Catalog.StructTreeRoot = reference
        document.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})
        self.setViewerPreference("DisplayDocTitle", "true")
        super().save()


def canvas_for(root: Element) -> type[TaggedCanvas]:
    """Return the kind of canvas that writes the tree below an element."""
    return type("TreeCanvas", (TaggedCanvas,), {"root": root})
