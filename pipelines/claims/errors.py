"""The errors of claims.

NoSuchClaim       not there or not visible, which is the same (a `NotFound` of the store)
ClaimError
├── ClaimOverlaps the database refuses it: the same is claimed already, or what it may not go together with
└── ClaimRefused  an act that a claim cannot take as it stands
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.errors import PipelineError
from pipelines.store.errors import NotFound


class NoSuchClaim(NotFound):
    """The claim is not there, or not within the subject's reach."""


class ClaimError(PipelineError):
    """Anything that the ledger of claims refuses."""


class ClaimOverlaps(ClaimError):
    """The same benefit, or one that excludes it, is claimed for months in common; never says by whom or where.

    `others` are the claims that hold against it, as far as who asked sees them, and `n_not_shown` how many more there
    are; they are known once the transaction of the refused one is over.
    """

    def __init__(self, message: str, claim: Any = None) -> None:
        """Keep the claim that was refused, for telling who has to know; it is part of no message."""
        super().__init__(message)
        self.claim = claim
        self.others: Sequence[Mapping[str, str]] = ()
        self.n_not_shown = 0

    @property
    def words(self) -> str:
        """The other claims in plain Chinese: which benefit, which months, how far it is; empty where none is known."""
        told = [
            f"{one['title']}（{one['from_month']} 起，{one['to_month']} 前，{one['label']}）" for one in self.others
        ]
        more = [f"另有 {self.n_not_shown} 项不在您的可见范围"] if self.n_not_shown else []
        return "；".join([*told, *more])


class ClaimRefused(ClaimError):
    """An act that cannot be done; the message is made of the program's own words."""
