"""Passwords: argon2id, one-time passwords, and what a new one needs.

A check costs the same whether there is an account or not; only a few run at a time, each takes 64 MiB.
"""

import secrets
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pipelines.access.errors import PasswordRefused

SHORTEST, LONGEST = 12, 256
_AT_A_TIME = 4
_FEWEST_DIFFERENT = 6
# argon2-cffi's own choice: argon2id, 64 MiB, three passes (RFC 9106, second recommended option).
_USUAL = PasswordHasher()


class Passwords:
    """Makes and checks hashes."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or _USUAL
        self._nobody = _of_nobody(self._hasher)
        self._slots = BoundedSemaphore(_AT_A_TIME)

    def hash(self, password: str) -> str:
        """Return the hash of a password."""
        with self._slots:
            return self._hasher.hash(password)

    def check(self, stored: str | None, password: str) -> bool:
        """Say whether a password is the stored one; without an account the same work is done, and the answer is no."""
        with self._slots:
            try:
                return self._hasher.verify(stored or self._nobody, password) and stored is not None
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, stored: str) -> bool:
        """True where a hash was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)


@cache
def _of_nobody(hasher: PasswordHasher) -> str:
    """Return the hash of a password that nobody knows, against which is checked who has no account."""
    return hasher.hash(secrets.token_urlsafe(16))


def one_time_password() -> str:
    """Return a password to hand over once."""
    return secrets.token_urlsafe(15)


def accept_new(password: str, *, login: str, before: str) -> None:
    """Accept a new password, or say what it lacks.

    Raises
    ------
    PasswordRefused
        When it is too short or long, holds the login, hardly varies, or is the one before.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordRefused(f"新密码应有 {SHORTEST} 至 {LONGEST} 个字符")
    if password == before:
        raise PasswordRefused("新密码不能与原密码相同")
    if login in password.lower():
        raise PasswordRefused("新密码不能包含登录名")
    if len(set(password)) < _FEWEST_DIFFERENT:
        raise PasswordRefused(f"新密码至少要有 {_FEWEST_DIFFERENT} 个不同的字符")
