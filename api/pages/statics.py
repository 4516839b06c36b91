"""Files that pages load, under addresses with the fingerprint of what is in them, so that browsers keep them."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from api.access import OPEN_PAGE, declare

router = APIRouter(include_in_schema=False)
FOLDER = Path(__file__).resolve().parent.parent / "static"
PICTURES = FOLDER.parent / "handbook/pictures"
_PICTURE = "image/png"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": _PICTURE,
}
STYLE = "console.css"
SCRIPT, SCRIPT_WITH_PARTS = "console.js", "console-parts.js"
_TOGETHER = {SCRIPT_WITH_PARTS: ("htmx.min.js", SCRIPT)}
"""What goes out as one file, for on a county's line each further file waits for a connection of its own."""
_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Static:
    """A file as it goes over the wire."""

    address: str
    kind: str
    plain: bytes
    packed: bytes


@cache
def _files() -> Mapping[str, Static]:
    found: dict[str, Static] = {}
    for path in sorted([*FOLDER.iterdir(), *PICTURES.iterdir()]):
        if path.suffix in _KINDS:
            found[path.name] = _as_sent(path.name, path.read_bytes())
    for name, parts in _TOGETHER.items():
        found[name] = _as_sent(name, b"\n".join(found[part].plain for part in parts))
    return found


def _as_sent(name: str, plain: bytes) -> Static:
    stem, _, kind = name.rpartition(".")
    mark = hashlib.sha256(plain).hexdigest()[:12]
    return Static(f"{stem}.{mark}.{kind}", _KINDS[f".{kind}"], plain, gzip.compress(plain, 9, mtime=0))


@cache
def _by_address() -> Mapping[str, Static]:
    return {file.address: file for file in _files().values()}


def static(name: str) -> str:
    """Return the address of a file.

    Raises
    ------
    KeyError
        When there is no such file.
    """
    return f"/static/{_files()[name].address}"


def mark_of(name: str) -> str:
    """Return the fingerprint of what is in a file.

    Raises
    ------
    KeyError
        When there is no such file.
    """
    return _files()[name].address.split(".")[-2]


def text_of(name: str) -> str:
    """Return what is in a file of text.

    Raises
    ------
    KeyError
        When there is no such file.
    """
    return _files()[name].plain.decode()


def takes_gzip(request: Request) -> bool:
    """True where the browser reads packed answers."""
    return "gzip" in request.headers.get("accept-encoding", "")


@router.get("/static/{address}")
@declare(OPEN_PAGE)
def file(request: Request, address: str) -> Response:
    """Return a file; an address with another fingerprint is none."""
    found = _by_address().get(address)
    if found is None:
        raise HTTPException(404)
    headers = {"Cache-Control": _YEAR, "Vary": "Accept-Encoding"}
    if found.kind == _PICTURE or not takes_gzip(request):  # a picture is packed already
        return Response(found.plain, media_type=found.kind, headers=headers)
    return Response(found.packed, media_type=found.kind, headers={**headers, "Content-Encoding": "gzip"})
