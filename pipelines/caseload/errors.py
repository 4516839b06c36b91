"""The refusals of casework.

NoSuchNote, NoSuchTask, NoSuchMerge, NoSuchPlan   not there or not visible, which is the same
CaseworkRefused                       what cannot be done so; the message is made of the program's own words
"""

from pipelines.errors import PipelineError
from pipelines.store.errors import NotFound


class NoSuchNote(NotFound):
    """No note of this id on this person, or none that is visible."""


class NoSuchTask(NotFound):
    """No task of this id, or none that is visible."""


class NoSuchMerge(NotFound):
    """No merge of this id, or none that is visible."""


class NoSuchPlan(NotFound):
    """No plan of this id, or none that is visible."""


class CaseworkRefused(PipelineError):
    """Something that cannot be done so."""
