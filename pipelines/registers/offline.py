"""A person's facts as a sheet to fill in without a line: what is known stands in it, sealed facts do not.

An import erases nothing by an empty cell, so that what was left out stays and what was filled in is taken.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection

from matching.regions import region_name
from matching.vocabulary import Term
from pipelines.access.roles import Action, Subject
from pipelines.registers.people import People
from pipelines.schema import CANDIDATES, LIST_SEPARATOR, ColumnSpec
from pipelines.template import write_template


def offline_sheet(connection: Connection, subject: Subject, candidate_id: str | None) -> bytes:
    """Return the sheet of a visible person, recorded as read; without a person an empty one.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read people for the stated purpose.
    """
    rows = []
    if candidate_id is not None:
        values = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row.values
        rows = [{c.name: _cell(c, values[c.name]) for c in CANDIDATES.columns if not c.sensitive}]
    with TemporaryDirectory(prefix="yougang-offline-") as folder:
        path = Path(folder) / "sheet.xlsx"
        write_template(CANDIDATES, path, rows)
        return path.read_bytes()


def _cell(column: ColumnSpec, value: Any) -> str:
    """Return a value in the words that people write, which the column reads as well."""
    if value in (None, (), {}):
        return ""
    if isinstance(value, Mapping):
        return LIST_SEPARATOR.join(f"{_word(key)}={_word(one)}" for key, one in value.items())
    if column.name in ("region", "wished_regions"):
        return LIST_SEPARATOR.join(map(region_name, (value,) if isinstance(value, str) else value))
    if isinstance(value, tuple):
        return LIST_SEPARATOR.join(map(_word, value))
    return value.label if isinstance(value, Term) else column.format(value)


def _word(value: Any) -> str:
    return value.label if isinstance(value, Term) else str(value)
