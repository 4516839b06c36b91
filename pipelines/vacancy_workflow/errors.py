"""The errors of vacancies on their way; none repeats what was sent.

WorkflowError
├── NotPossible        an act that the state does not allow; says which acts it does
├── CheckFails         what was approved no longer passes the check of the day
├── OutdatedWork       somebody changed the vacancy in between
└── AlreadyVerified    the employer is verified already, or is not
OwnWork                approving what one wrote oneself (a `Forbidden`)
OfficeNotNeeded        an office approving where the company has somebody who may (a `Forbidden`)
OfficeOnly             a company changing what only an office may say (a `Forbidden`)
DraftQuota             too many drafts on one day (a `TooManyRequests`)
"""

from collections.abc import Mapping, Sequence

from pipelines.access.errors import Forbidden, TooManyRequests
from pipelines.errors import PipelineError


class WorkflowError(PipelineError):
    """Anything that the way of a vacancy refuses."""

    @property
    def told(self) -> Mapping[str, object]:
        """What the problem document says beside its title: words of the program only."""
        return {}


class NotPossible(WorkflowError):
    """An act that the state does not allow."""

    def __init__(self, state: str, possible: Sequence[str]) -> None:
        """Keep the state and what is possible in it."""
        super().__init__("岗位目前的状态不能这样做")
        self.state, self.possible = state, tuple(possible)

    @property
    def told(self) -> Mapping[str, object]:
        """The state, and the acts that it allows."""
        return {"state": self.state, "possible": list(self.possible)}


class CheckFails(WorkflowError):
    """The vacancy does not pass the check of the day."""

    def __init__(self, codes: Sequence[str]) -> None:
        """Keep the codes of what stands in the way."""
        super().__init__("岗位未通过今天的检查")
        self.codes = tuple(codes)

    @property
    def told(self) -> Mapping[str, object]:
        """The codes of what stands in the way."""
        return {"findings": list(self.codes)}


class OutdatedWork(WorkflowError):
    """The vacancy is no longer the one that was read."""


class AlreadyVerified(WorkflowError):
    """A verification that holds already, or one to withdraw that does not."""


class OwnWork(Forbidden):
    """Nobody approves what they wrote themselves, in whatever role."""


class OfficeNotNeeded(Forbidden):
    """The company has a person of its own who may approve."""


class OfficeOnly(Forbidden):
    """What decides which rules and which office apply is not the company's to say."""


class DraftQuota(TooManyRequests):
    """So many drafts in one day ask about people and not for them."""
