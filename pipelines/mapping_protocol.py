"""What a mapping of a foreign sheet must offer to the importer, so that neither knows how the other works.

A mapping turns one foreign row into cells of one of our tables; reading, checking and storing are left to the importer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Note:
    """Something noticed about a row that does not reject it: low quality, a word that was not understood.

    `code` is short and stable and is what the report counts; `text` is Chinese and holds no personal data.
    """

    column: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Translated:
    """One row in our columns: cells by column name, as text; a column left out, or "", is unknown."""

    cells: dict[str, str]
    notes: tuple[Note, ...] = ()


@runtime_checkable
class RowMapping(Protocol):
    """How a foreign sheet's columns and words become ours."""

    @property
    def export_headers(self) -> Mapping[str, str]:
        """Our column names to the foreign headers used on export; a column that is missing keeps its own name."""

    def check_headers(self, headers: Sequence[str]) -> None:
        """Accept the foreign sheet's headers, given as they stand in the file, in order.

        Raises
        ------
        SheetError
            When a column that the mapping needs is missing; the message names it and the nearest that is there.
        """

    def translate(self, raw: Mapping[str, str]) -> Translated:
        """Turn one row, by foreign header, into our cells.

        Raises
        ------
        pipelines.schema.CellError
            When the row as a whole cannot be a row of ours; it is then rejected with that reason.
        """
