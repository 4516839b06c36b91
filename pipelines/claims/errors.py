"""The errors of claims.

NoSuchClaim       not there or not visible, which is the same (a `NotFound` of the store)
ClaimError
├── ClaimOverlaps the database refuses it: the same is claimed already, or what it may not go together with
└── ClaimRefused  an act that a claim cannot take as it stands
"""

from typing import Any

from pipelines.errors import PipelineError
from pipelines.store.errors import NotFound


class NoSuchClaim(NotFound):
    """The claim is not there, or not within the subject's reach."""


class ClaimError(PipelineError):
    """Anything that the ledger of claims refuses."""


class ClaimOverlaps(ClaimError):
    """The same benefit, or one that excludes it, is claimed for months in common; never says by whom or where."""

    def __init__(self, message: str, claim: Any = None) -> None:
        """Keep the claim that was refused, for telling who has to know; it is part of no message."""
        super().__init__(message)
        self.claim = claim


class ClaimRefused(ClaimError):
    """An act that cannot be done; the message is made of the program's own words."""
