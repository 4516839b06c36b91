"""Refusals about inspections."""

from pipelines.errors import PipelineError


class NoSuchInspection(PipelineError):
    """No inspection of this id, or none that is visible."""


class InspectionRefused(PipelineError):
    """An inspection that cannot be decided so."""
