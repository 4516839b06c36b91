"""The errors of access; none says whether an account, a person or an organisation exists.

AccessError
├── NotSignedIn        no session, or one that ended
├── LoginRefused       login, password or code wrong, or the account cannot be used: always the same words
├── Forbidden          seen, but not allowed; or a password or second factor has to be set first
├── RequestRefused     a request that did not come from our own page, or over a channel that can be read
├── TooManyRequests    wait; says how long
├── PasswordRefused    a new password that is too weak
├── AccountRefused     what an administrator asked for cannot be done
└── VaultError         a sealed value cannot be opened, or there are no keys
    └── KeysMissing
NoSuchPerson           not there or not visible, which is the same (a `NotFound` of the store)
NoSuchAccount          an account that is not there or not the administrator's, which is the same
"""

from pipelines.errors import PipelineError
from pipelines.store.errors import NotFound


class AccessError(PipelineError):
    """Anything that access control refuses."""


class NotSignedIn(AccessError):
    """There is no session, or it ended."""


class LoginRefused(AccessError):
    """One answer for an unknown login, a wrong password, a wrong code and a locked account."""


class Forbidden(AccessError):
    """The object is visible, the act is not allowed."""


class PasswordChangeRequired(Forbidden):
    """The one-time password has to be replaced first."""


class SecondFactorRequired(Forbidden):
    """The role needs a second factor, and none is set up yet."""


class RequestRefused(AccessError):
    """A state-changing request without its token, from a foreign origin, or over plain HTTP from elsewhere."""


class UnknownPurpose(AccessError):
    """A stated purpose that is none."""


class TooManyRequests(AccessError):
    """Too many attempts in a short time."""

    def __init__(self, message: str, *, seconds: int) -> None:
        """Keep how long to wait."""
        super().__init__(message)
        self.seconds = seconds


class PasswordRefused(AccessError):
    """A new password that is too weak; the message says what it needs."""


class AccountRefused(AccessError):
    """An act on accounts or organisations that cannot be done."""


class VaultError(AccessError):
    """A sealed value that cannot be opened here."""


class KeysMissing(VaultError):
    """No key is configured, or not the one that a value was sealed with."""


class NoSuchPerson(NotFound):
    """The person is not there, or not within the subject's scope: nobody can tell which."""


class NoSuchAccount(NotFound):
    """There is no such account among those that an administrator reaches."""
