"""What exchange files refuse: `ExchangeError`, a `PipelineError`, with a leaf for each cause."""

from pipelines.errors import PipelineError


class ExchangeError(PipelineError):
    """A file that cannot be made or read as asked."""


class NoSuchFile(ExchangeError):
    """A kind of file that there is none of, or one for which employer or year was not said."""
