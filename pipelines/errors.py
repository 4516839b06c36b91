"""The errors of the pipelines: one base, every message a Chinese sentence that names no person."""


class PipelineError(Exception):
    """Anything that a pipeline refuses; the message is one sentence for the person at the door."""


class SheetError(PipelineError):
    """A file that cannot be read, or not to its end.

    `row` is the number of the last row (in the file, the header being row 1) that was read in full, where known.
    """

    def __init__(self, message: str, *, row: int | None = None) -> None:
        """Keep the message and how far reading came."""
        super().__init__(message)
        self.row = row


class UnknownTable(PipelineError):
    """A table that is none of the seven."""
