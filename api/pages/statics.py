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
_BEFORE = {"console.js": "htmx.min.js"}
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
    found = {}
    for path in sorted([*FOLDER.iterdir(), *PICTURES.iterdir()]):
        if path.suffix in _KINDS:
            plain = path.read_bytes()
            if path.name in _BEFORE:
                plain = (FOLDER / _BEFORE[path.name]).read_bytes() + b"\n" + plain
            mark = hashlib.sha256(plain).hexdigest()[:12]
            address = f"{path.stem}.{mark}{path.suffix}"
            found[path.name] = Static(address, _KINDS[path.suffix], plain, gzip.compress(plain, 9, mtime=0))
    return found


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
