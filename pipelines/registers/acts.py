"""Acts of a person on vacancies as a subject: those that there are, and one of today taken back."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.vocabulary import InteractionKind
from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.registers.errors import NoSuchRecord, NothingToUndo
from pipelines.registers.rows import Register
from pipelines.schema import INTERACTIONS

_MOST = 500


def acts_of(connection: Connection, subject: Subject, candidate_id: str) -> list[Mapping[str, Any]]:
    """Return the acts of a visible person, the oldest first; of one day, the furthest is the last.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read acts for the stated purpose.
    """
    register, order = Register(connection, INTERACTIONS, subject), list(InteractionKind)
    rows, _ = register.page(
        after=None, limit=_MOST, filters={"candidate_id": candidate_id}, action=Action.READ_INTERACTIONS
    )
    return sorted((row.values for row in rows), key=lambda act: (act["at"], order.index(act["kind"])))


def undo(
    connection: Connection, subject: Subject, candidate_id: str, vacancy_id: str, kind: InteractionKind, *, on: date
) -> None:
    """Take back an act that was written down today; the audit keeps that it was, and that it was taken back.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not write acts for the stated purpose.
    NothingToUndo
        When there is no such act of today: what happened on another day is corrected, not undone.
    """
    person = ScopedCandidates(connection, subject).visible(candidate_id, Action.WRITE_INTERACTIONS)
    register = Register(connection, INTERACTIONS, subject)
    key = (str(person), vacancy_id, kind, on)
    if register.stored(key) is None:
        raise NothingToUndo("没有今天登记的这项经过")
    record(connection, subject.by, "interactions.undo", object_kind="candidate", object_id=person)
    if not register.repository.remove(key):
        raise NoSuchRecord("没有这条记录")
