"""The errors of consent and of people's rights.

ConsentError
├── NotTold             the text that the person was told is none, or none of this purpose
├── UnknownRecipient    a recipient that is no registered employer
├── WitnessNeeded       a consent that a guardian has to give, or a witness to see
├── NotYetStated        a statement or request dated after it is entered, or impossibly early
├── MatchingRefused     the person does not want to be matched
├── ContactRefused      the person does not want to be telephoned or visited
├── AlreadyDecided      the request is no longer open
├── ErasureHeld         what the law still wants kept stands in the way
└── NamedPersonNeeded   a machine, or nobody, would decide
NoSuchRequest           not there or not visible, which is the same (a `NotFound` of the store)
NoSuchReport            no report has this name
"""

from pipelines.errors import PipelineError
from pipelines.store.errors import NotFound


class ConsentError(PipelineError):
    """Anything that consent refuses."""


class NotTold(ConsentError):
    """Nobody can agree to what was not told."""


class UnknownRecipient(ConsentError):
    """A disclosure names one registered employer."""


class WitnessNeeded(ConsentError):
    """A guardian has to give this consent, or a witness to see that the person understood."""


class NotYetStated(ConsentError):
    """Nobody stated anything in the future, or before they could."""


class MatchingRefused(ConsentError):
    """The person withdrew or refused matching, or asked for erasure; no list is made."""


class ContactRefused(ConsentError):
    """The person withdrew or refused being telephoned or visited; nobody is given the number for that."""


class AlreadyDecided(ConsentError):
    """The request was decided, or changed since it was read."""


class ErasureHeld(ConsentError):
    """Evidence of a placement is still to be kept; the record is stored and used for nothing else."""


class NamedPersonNeeded(ConsentError):
    """A decision on a person names the human who takes it."""


class NoSuchRequest(NotFound):
    """The request is not there, or not within the subject's reach."""


class NoSuchReport(NotFound):
    """No report has this name."""
