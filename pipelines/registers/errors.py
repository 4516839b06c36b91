"""The errors of single rows.

NoSuchRecord          not there or not visible, which is the same (a `NotFound` of the store)
NoSuchEmployer        the same of an employer
RegisterError
├── RowRefused        the checks of the import refuse the row; says which columns and why
├── AlreadyRegistered the key is taken, by whomever
├── CertificateTaken  the certificate is registered; never says for whom or where
├── MaskedValue       a masked value came back as if it were one
├── AssignmentRefused an assignment that cannot be made
├── NothingToUndo     no act of today that could be taken back
└── UploadRefused     an upload that cannot be taken; says why
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors import PipelineError
from pipelines.store.errors import NotFound


class NoSuchRecord(NotFound):
    """The record is not there, or not within the subject's reach."""


class NoSuchEmployer(NotFound):
    """The employer is not there, or not within the subject's reach."""


class RegisterError(PipelineError):
    """Anything that the registers refuse."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a row: the column, and what would be right; never the value."""

    column: str
    reason: str


class RowRefused(RegisterError):
    """A row that an import would reject."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep what is wrong."""
        super().__init__("这一行不能接收")
        self.faults = tuple(faults)


class AlreadyRegistered(RegisterError):
    """There is a row with this key already, and it says something else."""


class CertificateTaken(RegisterError):
    """The certificate is registered already."""


class MaskedValue(RowRefused):
    """A value that was masked when it was handed out cannot be written."""


class AssignmentRefused(RegisterError):
    """The organisation cannot take people on, or has the person already."""


class NothingToUndo(RegisterError):
    """There is no act of today that could be taken back."""


class UploadRefused(RegisterError):
    """An upload that cannot be taken; the message is made of the program's own words."""


class NoSuchRule(NotFound):
    """No rule has this id."""


class NoSuchModel(NotFound):
    """No model version has this name."""


class NothingToRestore(RegisterError):
    """No model version answered before the present one."""
