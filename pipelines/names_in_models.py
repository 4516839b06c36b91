"""Under which name a person is known to a model where it keeps anybody, and how what acts taught is sealed.

The name is a keyed hash, so that a roster tells nothing of a model file. All that acts taught is sealed as well. Left
open, counts by county and employer told who knew somebody's acts whether they were learned from (in the province of
8,000 right in 76 of 100 pairs), and vectors of people's features told it who knew facts alone (55 of 100). Both keys
are made from the vault's current key, and the model says from which. After a rotation the next model has other names;
one learned before goes on answering as long as the key that it was learned under is still in the key file.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from matching.entities import CandidateId
from pipelines.access.errors import KeysMissing, VaultError
from pipelines.access.keyed import derived
from pipelines.access.vault import Vault

_USE, _SEALING, _NOISE = "names in models", "models", "noise"
_LENGTH = 20
_STAND_IN = re.compile(rf"~([0-9a-f]{{{_LENGTH}}})")
_NO_OTHERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Names:
    """Names of people under one key; `key_id` is that of the vault's key, None where there is none.

    Without a key it is the plain hash that models had before: anybody who holds the ids can try them. It serves tables
    that lie in a folder, and is never saved. `others` leads from the names in an extract to these, where the extract
    was made under another key.
    """

    key_id: str | None = None
    key: bytes = field(default=b"", repr=False)
    sealing: bytes = field(default=b"", repr=False)
    others: Mapping[str, str] = field(default_factory=lambda: _NO_OTHERS, repr=False)

    @classmethod
    def under(cls, vault: Vault, key_id: str | None = None) -> "Names":
        """Return the names under the vault's current key, or under the one of this id.

        Raises
        ------
        KeysMissing
            When there is no such key.
        """
        key_id = key_id or vault.current
        if key_id not in vault.keys:
            raise KeysMissing(
                f"这个模型版本是用密钥 {key_id} 学习的，密钥文件中已没有它：请放回旧密钥，或重新训练并启用新版本"
            )
        key = vault.keys[key_id]
        return cls(key_id, derived(key, _USE), derived(key, _SEALING))

    def of(self, candidate_id: str) -> str:
        """Return the name of a person; what stands for an id in an extract (`stand_in`) holds it already."""
        held = _STAND_IN.fullmatch(candidate_id)
        if held:
            return self.others.get(held[1], held[1])
        if self.key_id is None:
            return hashlib.sha256(candidate_id.encode()).hexdigest()[:_LENGTH]
        return hmac.new(self.key, candidate_id.encode(), hashlib.sha256).hexdigest()[:_LENGTH]

    def seed(self, *said: str) -> int:
        """Return a seed of noise that nobody without the key can make again; the same for the same words."""
        return int.from_bytes(hmac.new(self.key, "\x1f".join((_NOISE, *said)).encode(), hashlib.sha256).digest()[:8])

    def seal(self, content: bytes, use: bytes | None = None) -> bytes:
        """Return content sealed; the same for the same, so that equal models are equal bytes (RFC 5297).

        What was sealed for one `use` opens for that one alone.
        """
        return AESSIV(self.sealing).encrypt(content, None if use is None else [use])

    def open(self, sealed: bytes, use: bytes | None = None) -> bytes:
        """Return what was sealed.

        Raises
        ------
        VaultError
            When it was altered, or sealed under another key or for another use.
        """
        try:
            return AESSIV(self.sealing).decrypt(sealed, None if use is None else [use])
        except (InvalidTag, ValueError) as error:
            raise VaultError("加密的部分已损坏，或不是用这个密钥加密的") from error

    def stand_in(self, candidate_id: str) -> CandidateId:
        """Return what stands for a person's id in an extract."""
        return CandidateId(f"~{self.of(candidate_id)}")


UNKEYED = Names()
