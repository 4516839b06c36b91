"""The errors of the store."""

from pipelines.errors import PipelineError


class StoreError(PipelineError):
    """Anything that the store refuses."""


class NotFound(StoreError):
    """No row with that id."""


class SchemaOutdated(StoreError):
    """The database is not at the newest schema."""


class UnsupportedDatabase(StoreError):
    """A URL of a database other than SQLite and PostgreSQL."""


class OutOfReach(StoreError):
    """A row that is not the subject's to write; nobody is told whether it is there."""
