"""All that is kept of one visible person, as a caseworker opens it: record, consents, services, acts, placements."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from pipelines.access.roles import Action, Subject
from pipelines.consent.ledger import Consents
from pipelines.registers.people import People, PersonRecord
from pipelines.registers.rows import Register
from pipelines.schema import EMPLOYERS, INTERACTIONS, PLACEMENTS, SERVICES, VACANCIES
from pipelines.store.repositories import TableRepository

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class PersonFile:
    """What is kept of a person; rows are values by column name, the newest first.

    `posts` are the titles and employers of the vacancies that rows speak of, by id.
    """

    record: PersonRecord
    consents: Mapping[str, Any]
    services: list[dict[str, Any]]
    acts: list[dict[str, Any]]
    placements: list[dict[str, Any]]
    posts: Mapping[str, tuple[str, str]]


def person_file(connection: Connection, subject: Subject, candidate_id: str, *, on: date) -> PersonFile:
    """Return the file of a visible person; each part is recorded as read.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read one of the parts for the stated purpose.
    """
    of_person = {"candidate_id": candidate_id}
    services = _rows(connection, subject, SERVICES, of_person, Action.READ_SERVICES)
    acts = _rows(connection, subject, INTERACTIONS, of_person, Action.READ_INTERACTIONS)
    placements = _rows(connection, subject, PLACEMENTS, of_person, Action.READ_PLACEMENTS)
    consents = Consents(connection, subject).of(candidate_id, on=on)
    vacancy_ids = [row["vacancy_id"] for row in (*acts, *placements) if row["vacancy_id"]]
    posts = titles(connection, subject, vacancy_ids)
    record = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES)
    return PersonFile(
        record=record,
        consents=consents,
        services=sorted(services, key=lambda row: row["on"], reverse=True),
        acts=sorted(acts, key=lambda row: row["at"], reverse=True),
        placements=sorted(placements, key=lambda row: row["starts_on"] or date.min, reverse=True),
        posts=posts,
    )


def _rows(
    connection: Connection, subject: Subject, spec: Any, filters: Mapping[str, Any], action: Action
) -> list[dict[str, Any]]:
    rows, _ = Register(connection, spec, subject).page(after=None, limit=MOST_SHOWN, filters=filters, action=action)
    return [row.values for row in rows]


def titles(connection: Connection, subject: Subject, vacancy_ids: list[str]) -> dict[str, tuple[str, str]]:
    """Return title and employer of vacancies that the subject sees, by id."""
    found = TableRepository(connection, VACANCIES, subject).find([(one,) for one in vacancy_ids])
    employers = {row["employer_id"] for row in found.values() if row["employer_id"]}
    names = TableRepository(connection, EMPLOYERS, subject).find([(one,) for one in employers])
    named = {key[0]: row["name"] for key, row in names.items()}
    return {
        str(key[0]): (row["title"], named.get(row["employer_id"]) or row["employer_name"] or "")
        for key, row in found.items()
    }
