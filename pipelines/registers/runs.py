"""Stored lists as a subject: one by its id, the heads of a person's; each read is recorded under the person."""

from typing import Any

from sqlalchemy import Connection

from pipelines.access.audit import record_each
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.desk import NoSuchVacancy
from pipelines.registers.errors import NoSuchRecord
from pipelines.registers.rows import require
from pipelines.schema import VACANCIES
from pipelines.store.repositories import TableRepository
from pipelines.store.visible_runs import Place, VisibleRuns


def stored_list(connection: Connection, subject: Subject, run_id: str) -> dict[str, Any]:
    """Return a visible list as it was given out.

    Raises
    ------
    NoSuchRecord
        When there is none, or its person is not visible.
    Forbidden
        When the role may not read lists for the stated purpose.
    """
    document = VisibleRuns(connection, subject).get(run_id)
    if document is None:
        raise NoSuchRecord("没有这条记录")
    require(subject, Action.READ_SHORTLIST)
    scoped = ScopedCandidates(connection, subject)
    scoped.opened(scoped.visible(document["candidate_id"], Action.READ_SHORTLIST), Action.READ_SHORTLIST)
    return document


def lists_of(
    connection: Connection, subject: Subject, candidate_id: str, *, before: Place | None, limit: int
) -> list[dict[str, Any]]:
    """Return the heads of a visible person's lists, the newest first.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read lists for the stated purpose.
    """
    scoped = ScopedCandidates(connection, subject)
    person = scoped.visible(candidate_id, Action.READ_SHORTLIST)
    found = VisibleRuns(connection, subject).page(person, before=before, limit=limit)
    scoped.opened(person, Action.READ_SHORTLIST)
    return found


def the_vacancy(connection: Connection, subject: Subject, vacancy_id: str) -> str:
    """Return the id of a visible vacancy for which the subject may see people.

    Raises
    ------
    NoSuchVacancy
        When there is none, or none that is visible.
    Forbidden
        When the role may not read lists for the stated purpose.
    """
    key = (vacancy_id.replace("\x00", "\ufffd"),)
    if key not in TableRepository(connection, VACANCIES, subject).versions([key]):
        raise NoSuchVacancy("没有这个岗位编号")
    require(subject, Action.READ_SHORTLIST)
    return key[0]


def people_for(connection: Connection, subject: Subject, document: dict[str, Any]) -> dict[str, Any]:
    """Return the list of people for a vacancy, after each of them was recorded as read; looks at the scope again."""
    visible = set(ScopedCandidates(connection, subject).ids())
    items = [item for item in document["items"] if item["candidate_id"] in visible]
    if items:
        people = [item["candidate_id"] for item in items]
        record_each(connection, subject.by, Action.READ_SHORTLIST.value, object_kind="candidate", object_ids=people)
    return {**document, "items": items}
