"""Keys made from the vault's: one for each use, so that what one use shows says nothing of another.

Keyed hashes keep what must be recognised and never read again: secrets of machines, keys of imports and of repeats.
Each carries the id of the vault's key, so that they outlive a rotation as long as the older key is still there.
"""

import hashlib
import hmac
from collections.abc import Callable

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipelines.access.vault import Vault

_BYTES = 32


def derived(key: bytes, use: str) -> bytes:
    """Return the key of 32 bytes for one use."""
    return HKDF(algorithm=SHA256(), length=_BYTES, salt=None, info=f"yougang:{use}".encode()).derive(key)


def keyed_hash(vault: Vault, use: str, secret: str) -> str:
    """Return the keyed hash of a secret under the current key, as `id.hex`.

    Raises
    ------
    KeysMissing
        When there is no key.
    """
    return _hash(vault.current, vault.keys[vault.current], use, secret)


def keyed_hasher(vault: Vault, use: str) -> Callable[[str], str]:
    """Return what gives `keyed_hash` of one use for very many secrets: the key of the use is made once.

    Raises
    ------
    KeysMissing
        When there is no key.
    """
    key_id, key = vault.current, derived(vault.keys[vault.current], use)
    return lambda secret: f"{key_id}.{hmac.digest(key, secret.encode(), 'sha256').hex()}"


def keyed_hashes(vault: Vault, use: str, secret: str) -> tuple[str, ...]:
    """Return the keyed hash of a secret under each key, the current one first.

    Raises
    ------
    KeysMissing
        When there is no key.
    """
    older = [key_id for key_id in vault.keys if key_id != vault.current]
    return tuple(_hash(key_id, vault.keys[key_id], use, secret) for key_id in (vault.current, *older))


def metrics_tokens(vault: Vault) -> tuple[str, ...]:
    """Return what a scraper of the metrics may show, one of each key: it opens counts and nothing else."""
    return tuple(f"ygm_{derived(key, 'metrics').hex()}" for key in vault.keys.values())


def _hash(key_id: str, key: bytes, use: str, secret: str) -> str:
    return f"{key_id}.{hmac.new(derived(key, use), secret.encode(), hashlib.sha256).hexdigest()}"
