"""What the door itself refuses: the errors of HTTP's own conventions, whatever the route is about.

DoorError
├── VersionMissing      an act on a row without If-Match
├── VersionMalformed    an If-Match that is no single strong tag of ours
├── StaleVersion        somebody changed the row in between
├── CursorRefused       a cursor that was not handed out for this question to this subject
├── RequestKeyMissing   something would be made, and the request has no Idempotency-Key
├── RequestKeyRefused   the key is malformed, or was used for another request
├── RequestTooLarge     the body is larger than the route takes
├── RequestTooSlow      the body did not arrive in time
├── AnswerTooSlow       the answer was given up; what it was about may still come to its end
└── Busy                the service has enough to do; says when to come back
"""

from pipelines.errors import PipelineError


class DoorError(PipelineError):
    """Anything that the door refuses by itself."""


class VersionMissing(DoorError):
    """The request does not say which version it changes."""


class VersionMalformed(DoorError):
    """The version is none of ours."""


class StaleVersion(DoorError):
    """The row is no longer the one that was read."""


class CursorRefused(DoorError):
    """The cursor was altered, or belongs to another question or subject."""


class RequestKeyMissing(DoorError):
    """The request carries no key by which a repeat of it would be known."""


class RequestKeyRefused(DoorError):
    """The key cannot be one, or stands for another request."""


class RequestTooLarge(DoorError):
    """The body is larger than the route takes."""


class RequestTooSlow(DoorError):
    """The body did not arrive in time."""


class AnswerTooSlow(DoorError):
    """The answer was given up; what it was about may still come to its end."""


class Busy(DoorError):
    """There is enough to do at the moment."""

    def __init__(self, message: str, *, seconds: int) -> None:
        """Keep when to come back."""
        super().__init__(message)
        self.seconds = seconds
