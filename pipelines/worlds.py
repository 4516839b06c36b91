"""A folder of CSV tables in place of the database: imported into a store of its own, by the same import.

Optional cells that cannot be read become unknown and are counted, so that a world made elsewhere (foreign places, other
words) loses no people and no acts; keys and what a row cannot do without are checked as ever.
"""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pipelines.access.roles import Purpose, program_subject
from pipelines.access.vault import new_key
from pipelines.casebook import Casebook, load_casebook
from pipelines.errors import PipelineError
from pipelines.ingest import ingest
from pipelines.mapping_protocol import Note, Translated
from pipelines.names_in_models import UNKEYED
from pipelines.schema import TABLES, CellError, TableSpec
from pipelines.store.session import engine_for, upgrade

logger = logging.getLogger(__name__)
ORDER = ("employers", "vacancies", "candidates", "interactions", "placements", "services", "courses")


class WorldError(PipelineError):
    """A folder that is no world."""


@dataclass(frozen=True, slots=True)
class LenientMapping:
    """Takes a table's own columns and turns optional cells that cannot be read into unknown."""

    table: TableSpec
    export_headers: Mapping[str, str] = field(default_factory=dict)

    def check_headers(self, headers: Sequence[str]) -> None:
        """Require the key columns; other columns are taken where they are known."""
        known = {name for column in self.table.columns for name in (column.name, column.label)}
        lacking = [c.name for c in self.table.columns if c.required and not {c.name, c.label} & set(headers) & known]
        if lacking:
            raise WorldError(f"{self.table.name}: 缺少必需的列 {'、'.join(lacking)}")

    def translate(self, raw: Mapping[str, str]) -> Translated:
        """Return the cells that can be read."""
        cells: dict[str, str] = {}
        notes: list[Note] = []
        for column in self.table.columns:
            cell = raw.get(column.name) or raw.get(column.label) or ""
            try:
                column.parse(cell)
            except CellError as error:
                if column.required:
                    cells[column.name] = cell
                    continue
                notes.append(Note(column.name, "not_read", str(error)))
                continue
            cells[column.name] = cell
        return Translated(cells, tuple(notes))


_SUBJECT = program_subject("world", Purpose.MODEL_TRAINING)


def load_world(folder: Path, *, today: date) -> Casebook:
    """Import every table of a folder into a store that lives as long as the call, and read it.

    Raises
    ------
    WorldError
        When the folder holds no candidates, vacancies or interactions table.
    """
    files = {name: path for name in ORDER if (path := _file(folder, name)) is not None}
    lacking = [name for name in ("candidates", "vacancies", "interactions") if name not in files]
    if lacking:
        raise WorldError(f"文件夹中缺少表：{'、'.join(f'{name}.csv' for name in lacking)}")
    with tempfile.TemporaryDirectory(prefix="yougang-world-") as scratch:
        engine = engine_for(f"sqlite:///{Path(scratch) / 'world.db'}", new_key("world"))
        try:
            upgrade(engine)
            for name, path in files.items():
                mapping = LenientMapping(TABLES[name])
                report = ingest(
                    engine, TABLES[name], path, mapping=mapping, subject=_SUBJECT, supplied_by="world", on=today
                )
                logger.info("world table=%s read=%d rejected=%d", name, report.read, report.rejected)
            with engine.begin() as connection:
                # Of tables in a folder nothing is kept: under plain names the same tables give the same figures.
                return replace(load_casebook(connection, _SUBJECT), names=UNKEYED)
        finally:
            engine.dispose()


def _file(folder: Path, name: str) -> Path | None:
    for suffix in (".csv", ".csv.gz", ".xlsx"):
        path = folder / f"{name}{suffix}"
        if path.exists():
            return path
    return None
