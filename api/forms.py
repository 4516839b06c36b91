"""What a form of our own pages sends, read once, and the token that shows that it is one of ours."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

CSRF_FIELD = "csrf_token"
_MOST_FIELDS, _MOST_FILES = 400, 1
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form: texts in their order, and at most one file."""

    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, UploadFile] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field without the space around it; one that was not sent is empty."""
        return self.texts.get(name, ("",))[0].strip()

    def typed(self, name: str) -> str:
        """Return a field as it was typed; a password may begin with a space."""
        return self.texts.get(name, ("",))[0]

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a field, such as those of ticked boxes."""
        return tuple(value.strip() for value in self.texts.get(name, ()) if value.strip())

    def __contains__(self, name: object) -> bool:
        """True where the field was sent, be it empty."""
        return name in self.texts


async def form_of(request: Request) -> Form:
    """Read the form that a request brings; anything else is an empty one."""
    if not request.headers.get("content-type", "").startswith(_FORMS):
        return Form()
    try:
        sent: FormData = await request.form(max_fields=_MOST_FIELDS, max_files=_MOST_FILES)
    except HTTPException:  # what is no form has no token either, and so it is refused
        return Form()
    texts: dict[str, tuple[str, ...]] = {}
    files: dict[str, UploadFile] = {}
    for name, value in sent.multi_items():
        if isinstance(value, str):
            texts[name] = (*texts.get(name, ()), value)
        else:
            files[name] = value
    return Form(texts, files)


def form_sent(request: Request) -> Form:
    """Return the form that the guard read."""
    form: Form = getattr(request.state, "form", Form())
    return form


def masked(token: str) -> str:
    """Return a token as a page carries it: different each time, so that packed lengths tell nothing of it (BREACH)."""
    told = token.encode()
    mask = secrets.token_bytes(len(told))
    return base64.urlsafe_b64encode(mask + bytes(a ^ b for a, b in zip(mask, told, strict=True))).decode()


def unmasked(text: str) -> str:
    """Return the token of a masked one; what is none becomes the empty text."""
    try:
        whole = base64.urlsafe_b64decode(text.encode())
        half = len(whole) // 2
        return bytes(a ^ b for a, b in zip(whole[:half], whole[half:], strict=True)).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
