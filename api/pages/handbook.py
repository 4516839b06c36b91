"""The handbook: chapters in Markdown, open to everybody, with the pictures that the test suite makes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from starlette.exceptions import HTTPException

from api.access import OPEN_PAGE, declare
from api.pages.render import page
from api.pages.statics import static

router = APIRouter(include_in_schema=False)
FOLDER = Path(__file__).resolve().parent.parent / "handbook"
FIRST = "start"
CHAPTERS = (FIRST, "caseworker", "company", "supervisor", "analyst")
_PICTURE = {"loading": "lazy", "decoding": "async", "width": "1000", "height": "640"}
_NOT_IN_ANCHORS = re.compile(r"[^\w -]")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: what the way to it says, and its text as HTML."""

    name: str
    address: str
    title: str
    text: Markup


def address_of(name: str) -> str:
    """Return where a chapter is."""
    return "/help" if name == FIRST else f"/help/{name}"


def anchor(heading: str) -> str:
    """Return the anchor of a heading, as the places where Markdown is read make it."""
    return _NOT_IN_ANCHORS.sub("", heading.lower()).replace(" ", "-")


@cache
def chapters() -> Mapping[str, Chapter]:
    """Return all chapters by name, in their order."""
    return {name: _chapter(name) for name in CHAPTERS}


def _chapter(name: str) -> Chapter:
    reader = MarkdownIt("commonmark", {"html": False})
    tokens = reader.parse((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[place + 1].content))
        _lead(token.children or ())
    text = reader.renderer.render(tokens, reader.options, {})
    # The files are the program's own, and no HTML in them passes.
    return Chapter(name, address_of(name), tokens[1].content, Markup(text))  # noqa: S704


def _lead(tokens: Sequence[Token]) -> None:
    """Let pictures and links between chapters lead to where the console has them."""
    for token in tokens:
        if token.type == "image":
            token.attrs |= {"src": static(Path(str(token.attrs["src"])).name), **_PICTURE}
        elif token.type == "link_open":
            chapter, _, part = str(token.attrs["href"]).partition("#")
            token.attrs["href"] = address_of(chapter.removesuffix(".md")) + (f"#{part}" if part else "")


@router.get("/help")
@declare(OPEN_PAGE)
def first(request: Request) -> Response:
    """Return the first chapter: the common tasks, signing in, and what holds everywhere."""
    return chapter(request, FIRST)


@router.get("/help/{name}")
@declare(OPEN_PAGE)
def chapter(request: Request, name: str) -> Response:
    """Return a chapter."""
    found = chapters().get(name)
    if found is None:
        raise HTTPException(404)
    return page(request, "handbook.html", chapter=found, chapters=list(chapters().values()))
