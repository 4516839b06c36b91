"""Refusals about lists of duties."""

from pipelines.errors import PipelineError


class NoSuchRegion(PipelineError):
    """A place that is no division, or that no office answers for."""
