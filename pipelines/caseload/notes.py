"""Notes on a person: dated, with author and purpose, sealed, and corrected by a further note alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.caseload.errors import CaseworkRefused, NoSuchNote
from pipelines.caseload.words import NotePurpose
from pipelines.registers.errors import Fault, RowRefused
from pipelines.schema import holds_citizen_number
from pipelines.store.case_notes import CaseNoteRepository
from pipelines.store.in_charge import names_of
from pipelines.store.of_people import Row

MOST_WORDS = 4000
EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class NewNote:
    """What is written down; `corrects` is the note that this one stands in the place of."""

    purpose: NotePurpose
    happened_on: date
    words: str
    corrects: str | None = None


class Notes:
    """The notes on the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject
        self.repository = CaseNoteRepository(connection, subject)
        self.people = ScopedCandidates(connection, subject)

    def of(self, candidate_id: str) -> list[dict[str, Any]]:
        """Return the notes on a visible person, the latest day first; the read is recorded.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not read notes for the stated purpose.
        """
        self.people.opened(self.people.visible(candidate_id, Action.READ_NOTES), Action.READ_NOTES)
        rows = self.repository.of(candidate_id)
        names = names_of(self.connection, {row["recorded_by"] for row in rows})
        instead = {row["corrects"]: row["note_id"] for row in rows if row["corrects"]}
        return [note_document(row, names, instead.get(row["note_id"])) for row in rows]

    def add(self, candidate_id: str, note: NewNote, *, on: date, now: datetime) -> dict[str, Any]:
        """Write a note on a visible person.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not write notes for the stated purpose.
        RowRefused
            When nothing is said, too much, or a number of the person; or the day has not come.
        NoSuchNote
            When the note to be corrected is none on this person.
        CaseworkRefused
            When it was corrected already.
        """
        self.people.visible(candidate_id, Action.WRITE_NOTES)
        faults = [*wrong_words("words", note.words), *_wrong_day(note.happened_on, on)]
        if faults:
            raise RowRefused(faults)
        if note.corrects is not None:
            self._accept_correction(candidate_id, note.corrects)
        values: Row = {
            "note_id": str(uuid4()),
            "candidate_id": candidate_id,
            "happened_on": note.happened_on,
            "purpose": note.purpose.value,
            "words": note.words.strip(),
            "corrects": note.corrects,
            "recorded_at": now,
            "recorded_by": self.subject.by.actor,
            "organisation_id": self.subject.organisation_id,
        }
        details: dict[str, str | int | bool] = {"purpose": note.purpose.value, "corrects": note.corrects is not None}
        by, action = self.subject.by, Action.WRITE_NOTES.value
        record(self.connection, by, action, object_kind="candidate", object_id=candidate_id, details=details)
        self.repository.add(values)
        return note_document(values, names_of(self.connection, {values["recorded_by"]}), None)

    def _accept_correction(self, candidate_id: str, note_id: str) -> None:
        if self.repository.find(candidate_id, note_id) is None:
            raise NoSuchNote("没有这条记录")
        if self.repository.is_corrected(note_id):
            raise CaseworkRefused("这条记录已有更正；请更正最新的一条")


def wrong_words(column: str, words: str, *, may_be_empty: bool = False) -> list[Fault]:
    """Return what is wrong with words of somebody's own; a number of the person belongs into its own field."""
    if not words.strip():
        return [] if may_be_empty else [Fault(column, "须写明内容")]
    if len(words) > MOST_WORDS:
        return [Fault(column, f"最多{MOST_WORDS}字")]
    if holds_citizen_number(words):
        return [Fault(column, "不要写身份证号或残疾人证号，证号只填在证件一栏")]
    return []


def _wrong_day(day: date, on: date) -> Sequence[Fault]:
    if day > on:
        return [Fault("happened_on", "不能晚于今天；以后要办的请建任务")]
    return [] if day >= EARLIEST else [Fault("happened_on", "日期过早")]


def note_document(row: Row, names: Mapping[str, str], corrected_by: str | None) -> dict[str, Any]:
    """Return a note as it travels in JSON."""
    purpose = NotePurpose(row["purpose"])
    return {
        "note_id": row["note_id"],
        "candidate_id": row["candidate_id"],
        "happened_on": row["happened_on"].isoformat(),
        "purpose": purpose.value,
        "purpose_label": purpose.label,
        "words": row["words"],
        "corrects": row["corrects"],
        "corrected_by": corrected_by,
        "recorded_at": row["recorded_at"].isoformat(),
        "recorded_by": row["recorded_by"],
        "recorded_by_name": names.get(row["recorded_by"]),
    }
