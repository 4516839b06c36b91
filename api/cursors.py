"""Pages of lists: a cursor says after which row the next page begins, and only to whom it was handed out.

A cursor is sealed with an authenticated cipher, bound to the address, the filters and the subject with its scope on
the day: an altered one, another's, or one of another question is refused.
"""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Query, Request

from api.access import MOST_ON_A_PAGE, USUAL_ON_A_PAGE, access_of
from api.problems import CursorRefused
from pipelines.access.keyed import derived
from pipelines.access.roles import Subject
from pipelines.access.vault import Vault

_LONGEST = 2048
_NONCE_BYTES = 12
_USE = "cursors"
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is asked for: at most so many rows, after the row that the cursor stands for."""

    limit: int
    address: str
    cursor: str | None = field(repr=False)
    vault: Vault = field(repr=False)

    def after(self, subject: Subject, filters: Mapping[str, object]) -> Key | None:
        """Return the key of the last row of the page before, or None for the first page.

        Raises
        ------
        CursorRefused
            When the cursor was not handed out for this address and these filters to this subject.
        """
        if self.cursor is None:
            return None
        key_id, _, encoded = self.cursor.partition(".")
        try:
            raw = _decoded(encoded)
            cipher = AESGCM(derived(self.vault.keys[key_id], _USE))
            plain = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], self._context(subject, filters))
        except (KeyError, ValueError, InvalidTag) as error:
            raise CursorRefused("这个翻页位置不能用于此次查询") from error
        return tuple(_value(kind, written) for kind, written in json.loads(plain))

    def next(self, subject: Subject, filters: Mapping[str, object], key: Sequence[object]) -> str:
        """Return the cursor of the page that begins after the row with this key."""
        key_id, nonce = self.vault.current, secrets.token_bytes(_NONCE_BYTES)
        plain = json.dumps([_written(value) for value in key], ensure_ascii=False).encode()
        cipher = AESGCM(derived(self.vault.keys[key_id], _USE))
        sealed = nonce + cipher.encrypt(nonce, plain, self._context(subject, filters))
        return f"{key_id}.{_encoded(sealed)}"

    def _context(self, subject: Subject, filters: Mapping[str, object]) -> bytes:
        who = [subject.by.actor, subject.organisation_id, subject.role, subject.purpose, subject.employer_id]
        scope = [subject.is_whole_province, sorted(subject.codes)]
        asked = sorted((name, str(value)) for name, value in filters.items() if value is not None)
        return json.dumps([self.address, asked, who, scope], ensure_ascii=False).encode()


async def page_of(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)] = USUAL_ON_A_PAGE,
    cursor: Annotated[str | None, Query(max_length=_LONGEST)] = None,
) -> Page:
    """Return the part of a list that a request asks for."""
    return Page(limit, request.url.path, cursor, access_of(request).vault)


PageDep = Annotated[Page, Depends(page_of)]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(encoded: str) -> bytes:
    """Return the bytes of a text that `_encoded` made; no other writing of them is taken."""
    raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    if _encoded(raw) != encoded:
        raise ValueError("not in the one writing")
    return raw


def _written(value: object) -> tuple[str, object]:
    if isinstance(value, datetime):
        return "moment", value.isoformat()
    if isinstance(value, date):
        return "day", value.isoformat()
    return "plain", value


def _value(kind: str, written: Any) -> Any:
    if kind == "moment":
        return datetime.fromisoformat(written)
    return date.fromisoformat(written) if kind == "day" else written
