"""Sealed values: AES-256-GCM bound to table, column and row, with the key's id in the ciphertext.

A sealed value copied to another row or column does not open. A new key is put in front of the old ones; what the old
ones sealed still opens and is sealed anew when it is written. Where keys come from is the door's affair.
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted  # what `json.dumps` writes of a text

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipelines.access.errors import KeysMissing, VaultError

_VERSION = "v1"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_KEY_ID = re.compile(r"[a-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value stands, and the only place where it opens."""

    table: str
    column: str
    row: str


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals with the first key, opens with any."""

    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "Vault":
        """Read keys, one a line or separated by commas, as `id:base64` of 32 bytes; the first one seals.

        Raises
        ------
        VaultError
            When a key is malformed; no part of it is repeated.
        """
        keys: dict[str, bytes] = {}
        for entry in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
            key_id, _, encoded = entry.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if not _KEY_ID.fullmatch(key_id) or len(key) != _KEY_BYTES or key_id in keys:
                raise VaultError("密钥应写作“编号:Base64”，每个密钥32字节，编号不重复，由小写字母、数字、-、_组成")
            keys[key_id] = key
        return cls(keys)

    @property
    def current(self) -> str:
        """Return the id of the key that seals.

        Raises
        ------
        KeysMissing
            When there is no key.
        """
        if not self.keys:
            raise KeysMissing("没有配置加密密钥：请设置 YOUGANG_KEYS 或 YOUGANG_KEY_FILE")
        return next(iter(self.keys))

    def seal(self, plain: str, place: Place) -> str:
        """Return the sealed form of a text for one place.

        Raises
        ------
        KeysMissing
            When there is no key.
        """
        key_id, nonce = self.current, secrets.token_bytes(_NONCE_BYTES)
        sealed = _cipher(self.keys[key_id]).encrypt(nonce, plain.encode(), _context(key_id, place))
        return f"{_VERSION}.{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, place: Place) -> str:
        """Return the text.

        Raises
        ------
        KeysMissing
            When the key that sealed it is not there.
        VaultError
            When it was altered, or sealed for another place.
        """
        version, key_id, encoded = _parts(sealed)
        if key_id not in self.keys:
            raise KeysMissing("缺少加密这项内容时所用的密钥")
        try:
            if version != _VERSION:
                raise VaultError("加密内容的格式无法识别")
            raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
            opened = _cipher(self.keys[key_id]).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _context(key_id, place))
        except (InvalidTag, ValueError) as error:
            raise VaultError("加密内容已损坏，或不属于这一行") from error
        return opened.decode()

    def opener(self, table: str, column: str) -> Callable[[str, str], str]:
        """Return what opens the sealed values of one column, by row and sealed text: for hundreds of thousands of them.

        It gives what `open` gives and refuses what `open` refuses; only the way of the current key is shorter.
        """
        if not self.keys:
            return lambda row, sealed: self.open(sealed, Place(table, column, row))
        begins = f"{_VERSION}.{self.current}."
        first, begun = len(begins), _begun(self.current, table, column)
        decrypt = _cipher(self.keys[self.current]).decrypt

        def opened(row: str, sealed: str) -> str:
            if not sealed.startswith(begins):
                return self.open(sealed, Place(table, column, row))
            try:
                raw = binascii.a2b_base64(sealed[first:].replace("-", "+").replace("_", "/"))
                plain = decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], f"{begun}, {quoted(row)}]".encode())
            except (InvalidTag, ValueError):
                return self.open(sealed, Place(table, column, row))
            return plain.decode()

        return opened

    def is_current(self, sealed: str) -> bool:
        """True where a value was sealed with the key that seals now."""
        return _parts(sealed)[1] == self.current


def new_key(key_id: str) -> str:
    """Return a fresh key as a line of the key file."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}"


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    # Setting up costs more than opening a name.
    return AESGCM(key)


def _parts(sealed: str) -> tuple[str, str, str]:
    parts = sealed.split(".")
    if len(parts) != 3:
        raise VaultError("加密内容的格式无法识别")
    return parts[0], parts[1], parts[2]


def _context(key_id: str, place: Place) -> bytes:
    """Return what the cipher is bound to; a list as JSON, so that no two places read alike."""
    return f"{_begun(key_id, place.table, place.column)}, {json.dumps(place.row)}]".encode()


@lru_cache(maxsize=256)
def _begun(key_id: str, table: str, column: str) -> str:
    # The same for every row: writing it each time costs more than opening.
    return json.dumps([_VERSION, key_id, table, column])[:-1]
