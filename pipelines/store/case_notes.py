"""Notes on people as rows: added, and never changed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from pipelines.store.caseload_tables import case_notes
from pipelines.store.of_people import OfPeople, Row


class CaseNoteRepository(OfPeople):
    """The notes on the people whom a subject sees."""

    table = case_notes

    def of(self, candidate_id: str) -> list[Row]:
        """Return the notes on one person, corrected ones too, the latest day first."""
        c = case_notes.c
        wanted = self._readable().where(c.candidate_id == candidate_id)
        wanted = wanted.order_by(c.happened_on.desc(), c.recorded_at.desc(), c.note_id)
        return self._opened(self.connection.execute(wanted))

    def find(self, candidate_id: str, note_id: str) -> Row | None:
        """Return one note on one person, or None."""
        c = case_notes.c
        wanted = self._readable().where(c.candidate_id == candidate_id, c.note_id == note_id.replace("\x00", "\ufffd"))
        found = self._opened(self.connection.execute(wanted))
        return found[0] if found else None

    def is_corrected(self, note_id: str) -> bool:
        """True where another note stands in the place of this one."""
        c = case_notes.c
        return self.connection.execute(self._readable(c.note_id).where(c.corrects == note_id)).first() is not None

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep a note on a person found visible."""
        self.connection.execute(insert(case_notes).values(self._sealed(values)))
