"""Stored lists as a subject: one by its id, the heads of a person's; each read is recorded under the person."""

from typing import Any

from sqlalchemy import Connection

from pipelines.access.audit import record_each
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.access.scope import ScopedCandidates, VisibleCandidate
from pipelines.consent.effects import matching_refused, refuse_unwanted_matching
from pipelines.consent.in_charge import with_in_charge
from pipelines.desk import NoSuchVacancy
from pipelines.documents import shown_document
from pipelines.registers.errors import NoSuchRecord
from pipelines.registers.rows import require
from pipelines.schema import CANDIDATES, VACANCIES
from pipelines.store.repositories import RunRepository, TableRepository
from pipelines.store.visible_runs import Place, VisibleRuns

_TO_MATCH = frozenset({Purpose.JOB_MATCHING, Purpose.DATA_EXCHANGE})


def person_to_match(connection: Connection, subject: Subject, candidate_id: str) -> VisibleCandidate:
    """Return a visible person for whom a list may be made.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read lists for the stated purpose.
    MatchingRefused
        When the person does not want to be matched.
    """
    person = ScopedCandidates(connection, subject).visible(candidate_id, Action.READ_SHORTLIST)
    refuse_unwanted_matching(connection, person)
    return person


def handed_out(connection: Connection, subject: Subject, person: VisibleCandidate) -> None:
    """Record that what was worked out for a person is handed out; looks again, for making it takes a while.

    Raises
    ------
    NoSuchPerson
        When the person is no longer visible.
    MatchingRefused
        When the person withdrew meanwhile.
    """
    person_to_match(connection, subject, person)
    ScopedCandidates(connection, subject).opened(person, Action.READ_SHORTLIST)


def kept_list(
    connection: Connection, subject: Subject, person: VisibleCandidate, document: dict[str, Any]
) -> dict[str, Any]:
    """Return a list as it is handed out and kept, with the human in charge; recorded.

    Raises
    ------
    NoSuchPerson
        When the person is no longer visible.
    MatchingRefused
        When the person withdrew meanwhile.
    """
    handed_out(connection, subject, person)
    told = with_in_charge(connection, subject, document)
    RunRepository(connection).save_document(told)
    return shown_document(told)


def stored_list(connection: Connection, subject: Subject, run_id: str) -> dict[str, Any]:
    """Return a visible list as it was given out; after a withdrawal not to match by, but for a review of it.

    Raises
    ------
    NoSuchRecord
        When there is none, or its person is not visible.
    Forbidden
        When the role may not read lists for the stated purpose.
    MatchingRefused
        When it is asked for to match by, and the person does not want to be matched any more.
    """
    document = VisibleRuns(connection, subject).get(run_id)
    if document is None:
        raise NoSuchRecord("没有这条记录")
    require(subject, Action.READ_SHORTLIST)
    scoped = ScopedCandidates(connection, subject)
    person = scoped.visible(document["candidate_id"], Action.READ_SHORTLIST)
    if subject.purpose in _TO_MATCH and not subject.is_local:
        refuse_unwanted_matching(connection, person)
    scoped.opened(person, Action.READ_SHORTLIST)
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


def to_match(connection: Connection, subject: Subject) -> frozenset[str]:
    """Return the ids of the visible people who may be matched."""
    return frozenset(ScopedCandidates(connection, subject).ids()) - matching_refused(connection)


def people_for(connection: Connection, subject: Subject, document: dict[str, Any]) -> dict[str, Any]:
    """Return the list of people for a vacancy, after each was recorded as read; looks at scope and consent again."""
    asked = [(item["candidate_id"],) for item in document["items"]]
    seen = TableRepository(connection, CANDIDATES, subject).find(asked)
    refused = matching_refused(connection)
    items = [
        item for item in document["items"] if (item["candidate_id"],) in seen and item["candidate_id"] not in refused
    ]
    if items:
        people = [item["candidate_id"] for item in items]
        record_each(connection, subject.by, Action.READ_SHORTLIST.value, object_kind="candidate", object_ids=people)
    return {**document, "items": items}
