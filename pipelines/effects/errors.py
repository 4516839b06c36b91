"""What can go wrong when the effect of a measure is asked for."""

from pipelines.errors import PipelineError


class NoSuchMeasure(PipelineError):
    """There is no measure of this name."""


class EffectNotAsked(PipelineError):
    """What was asked cannot be compared: months out of order, or too early to follow people up."""
