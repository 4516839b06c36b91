"""What is tried out on lists that people are given: a line drawn by lot, and the challenger asked beside the champion.

Both are off until somebody switches them on for the version in use, by name and for a reason; with another version they
are off again. Whose list takes part on which day is worked out from the seed, so that every door gives the same list
all day, and anybody can work it out again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipelines.errors import PipelineError
from pipelines.ranking_model import RankingModel

MOST_BY_LOT = 0.1
"""At most so large a share of the lists has a line that was drawn."""
_WHOLE = 2**64


class TestRefused(PipelineError):
    """A share that is not allowed, no reason, or nobody to be held against."""

    __test__ = False


@dataclass(frozen=True, slots=True)
class Switched:
    """One test as it was switched on: the share of lists that take part, the seed, and who said why."""

    share: float
    seed: int
    by: str
    at: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is kept with the version."""
        return {"share": self.share, "seed": self.seed, "by": self.by, "at": self.at, "reason": self.reason}

    def takes(self, what: str, candidate_id: str, on: date) -> float | None:
        """Return a number from 0 to 1 for a list that takes part, else None."""
        digest = hashlib.sha256(f"{what}|{self.seed}|{on.isoformat()}|{candidate_id}".encode()).digest()
        if int.from_bytes(digest[:8], "big") / _WHOLE >= self.share:
            return None
        return int.from_bytes(digest[8:16], "big") / _WHOLE


@dataclass(frozen=True, slots=True)
class LiveTests:
    """The tests of the version in use; `challenger` is there where it is asked beside."""

    lot: Switched | None = None
    shadow: Switched | None = None
    challenger: tuple[str, RankingModel] | None = None

    def lot_of(self, candidate_id: str, on: date) -> float | None:
        """Return the lot of a person's list on a day; None for one that takes no part."""
        return None if self.lot is None else self.lot.takes("lot", candidate_id, on)

    def asks_beside(self, candidate_id: str, on: date) -> bool:
        """True where the challenger is asked for the same list."""
        return self.shadow is not None and self.shadow.takes("shadow", candidate_id, on) is not None


OFF = LiveTests()


def switched_in(summary: Mapping[str, Any], name: str) -> Switched | None:
    """Return a test as it stands in the summary of a version."""
    found = summary.get("live_tests", {}).get(name)
    return None if found is None else Switched(**found)


def check(name: str, share: float, reason: str) -> None:
    """Refuse what may not be switched on.

    Raises
    ------
    TestRefused
        When the share is out of bounds or nobody says why.
    """
    most = MOST_BY_LOT if name == "lot" else 1.0
    if not 0 < share <= most:
        raise TestRefused(f"参与的名单比例须大于 0，不超过 {most:g}")
    if not reason.strip():
        raise TestRefused("请写明为什么启用，连同何人启用一并保存")
