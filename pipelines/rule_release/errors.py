"""The errors of releases.

ReleaseError
├── ReleaseRefused    an act on a release that cannot be done
└── RulesNotReleased  the rule book at hand is none that two people released
"""

from pipelines.errors import PipelineError


class ReleaseError(PipelineError):
    """Anything about the release of rule books."""


class ReleaseRefused(ReleaseError):
    """An act that cannot be done; the message is made of the program's own words."""


class RulesNotReleased(ReleaseError):
    """The rule book at hand is none that two people released, so that nothing is decided by it."""
