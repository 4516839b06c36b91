"""What employers are called, for pages that list what belongs to them; those out of sight have no name there."""

from collections.abc import Iterable

from sqlalchemy import Connection

from pipelines.access.roles import Subject
from pipelines.schema import EMPLOYERS
from pipelines.store.repositories import TableRepository


def employer_names(connection: Connection, subject: Subject, employer_ids: Iterable[str | None]) -> dict[str, str]:
    """Return the names of visible employers by credit code."""
    wanted = [(one,) for one in dict.fromkeys(employer_ids) if one is not None]
    found = TableRepository(connection, EMPLOYERS, subject).find(wanted)
    return {str(key[0]): values["name"] for key, values in found.items() if values.get("name")}
