"""Printed sheets as PDF: what a screen reader finds in them, by reading the file as ISO 32000-1 says."""

import base64
import re
import zlib

import pytest

from api.pages.pdf import pdf
from api.pages.sheet import Sheet

LONG = "推荐的理由很长，一页放不下。" * 120


class File:
    """The objects of a PDF file, by number."""

    def __init__(self, data: bytes) -> None:
        self.objects = {
            int(number): body
            for number, body in re.findall(rb"^(\d+) 0 obj\s(.*?)\sendobj", data, re.DOTALL | re.MULTILINE)
        }
        self.catalogue = next(body for body in self.objects.values() if b"/Type /Catalog" in body)

    def refs(self, body: bytes, key: str) -> list[int]:
        """Return the objects that an entry names: one, or those of an array."""
        found = re.search(rf"/{key} (\[[^\]]*\]|\d+ 0 R)".encode(), body)
        return [] if found is None else [int(number) for number in re.findall(rb"(\d+) 0 R", found[1])]

    def children(self, number: int) -> list[int]:
        """Return the elements below one: `K` without the pages that its marks name."""
        held = re.search(rb"/K \[(.*)\]", self.objects[number], re.DOTALL)
        told = b"" if held is None else re.sub(rb"<<.*?>>", b"", held[1], flags=re.DOTALL)
        return [int(one) for one in re.findall(rb"(\d+) 0 R", told)]

    def role(self, number: int) -> str:
        """Return what an element is."""
        found = re.search(rb"/S /(\w+)", self.objects[number])
        assert found is not None
        return found[1].decode()

    def roles(self, number: int) -> list[str]:
        """Return what an element is and all below it are, in the order of reading."""
        return [self.role(number), *(role for child in self.children(number) for role in self.roles(child))]

    def pages(self) -> list[bytes]:
        """Return the pages in their order."""
        tree = next(body for body in self.objects.values() if b"/Type /Pages" in body)
        return [self.objects[number] for number in self.refs(tree, "Kids")]

    def stream(self, page: bytes) -> str:
        """Return what draws a page."""
        body = self.objects[self.refs(page, "Contents")[0]]
        packed = body.partition(b"stream")[2].partition(b"endstream")[0].strip()
        if b"ASCII85Decode" in body:
            packed = base64.a85decode(packed.removesuffix(b"~>"))
        return zlib.decompress(packed).decode("latin-1")


@pytest.fixture(scope="module")
def file() -> File:
    """A sheet with every kind of part, longer than a page."""
    sheet = Sheet("求职者档案", is_large=True)
    sheet.line("导语")
    sheet.heading("第一个岗位")
    sheet.line(LONG)
    sheet.list(["理由甲", "理由乙"])
    sheet.facts([("编号", "1")])
    sheet.note("说明")
    sheet.signature("签名")
    return File(pdf(sheet))


def test_file_says_that_it_is_tagged_and_in_which_language(file: File) -> None:
    assert b"/Lang (zh-CN)" in file.catalogue
    assert b"/Marked true" in file.objects[file.refs(file.catalogue, "MarkInfo")[0]]
    assert b"/DisplayDocTitle true" in file.objects[file.refs(file.catalogue, "ViewerPreferences")[0]]
    assert file.refs(file.catalogue, "StructTreeRoot")


def test_title_headings_paragraphs_and_lists_come_in_the_order_of_reading(file: File) -> None:
    root = file.objects[file.refs(file.catalogue, "StructTreeRoot")[0]]
    entry = ["LI", "LBody"]
    assert file.roles(file.refs(root, "K")[0]) == [
        *("Document", "H1", "P", "H2", "P"),
        *("L", *entry, *entry),
        *("L", *entry),
        *("P", "P"),
    ]


def test_every_text_is_marked_and_every_mark_belongs_to_an_element(file: File) -> None:
    root = file.objects[file.refs(file.catalogue, "StructTreeRoot")[0]]
    parents = file.objects[file.refs(root, "ParentTree")[0]]
    pages = file.pages()
    assert len(pages) > 1
    for place, page in enumerate(pages):
        drawn = file.stream(page)
        marks = [int(number) for number in re.findall(r"<</MCID (\d+)>> BDC", drawn)]
        assert marks == list(range(len(marks)))
        outside = re.sub(r"(?:/\w+ <</MCID \d+>> BDC|/Artifact BMC).*?EMC", "", drawn, flags=re.DOTALL)
        assert "Tj" not in outside
        assert f"/StructParents {place}".encode() in page
        owners = dict(re.findall(rb"(\d+) (\d+) 0 R", parents))[str(place).encode()]
        assert len(re.findall(rb"(\d+) 0 R", file.objects[int(owners)])) == len(marks)


def test_what_goes_on_over_a_page_is_one_paragraph(file: File) -> None:
    over = [
        body for body in file.objects.values() if b"/S /P" in body and len(set(re.findall(rb"/Pg (\d+)", body))) > 1
    ]
    assert len(over) == 1


def test_no_dot_is_drawn_that_readers_with_a_font_of_their_own_show_as_a_box() -> None:
    sheet = Sheet("说明")
    sheet.list(["能够胜任"])
    sheet.facts([("姓名", "买买提·江")])
    made = File(pdf(sheet))
    drawn = "".join(made.stream(page) for page in made.pages())
    assert r"0\373" in drawn  # U+30FB, as strings of a PDF spell it
    assert r"\000\267" not in drawn  # U+00B7


def test_no_heading_stands_alone_at_the_foot_of_a_page() -> None:
    sheet = Sheet("岗位介绍", is_large=True)
    for place in range(90):
        sheet.heading(f"{place}. 组装工")
        sheet.line("导语" * (1 + place * 7 % 25))
    made = File(pdf(sheet))
    root = made.objects[made.refs(made.catalogue, "StructTreeRoot")[0]]
    parts = made.children(made.refs(root, "K")[0])
    on = [re.findall(rb"/Pg (\d+)", made.objects[part]) for part in parts]
    headings = [place for place, part in enumerate(parts) if made.role(part) == "H2"]
    assert len({page for pages in on for page in pages}) > 3
    assert len(headings) == 90
    assert all(on[place][0] == on[place + 1][0] for place in headings)
