"""People of a store for tests of consent: a row, an act, and statements of theirs."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from matching.vocabulary import DisabilityCategory, Education, Function, InteractionKind
from pipelines.access.roles import Subject
from pipelines.consent.ledger import Consents, Statement
from pipelines.consent.texts import current_texts
from pipelines.consent.words import ConsentAct, ConsentPurpose, DisclosedItem
from pipelines.schema import CANDIDATES, INTERACTIONS, PLACEMENTS, VACANCIES
from pipelines.store.repositories import TableRepository
from tests.support.builders import certificate_number
from tests.support.stores import PROGRAM, noted

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
EARLIER = NOW - timedelta(days=10)
TOLD = current_texts()[0].version


def a_person(connection: Connection, candidate_id: str = "c-1", **different: Any) -> str:
    """Store a person with everything sensitive filled in."""
    values = {
        "candidate_id": candidate_id,
        "name": "王小明",
        "phone": "13900001111",
        "address": "某某路7号",
        "category": DisabilityCategory.PHYSICAL,
        "grade": 2,
        "region": "620102",
        "education": Education.SENIOR,
        "birth_date": date(1990, 1, 1),
        "skills": ("打字",),
        "experience": "在福利厂做过三年",
        "functions": {**dict.fromkeys(Function, 0), Function.WALKING: 3},
        **different,
    }
    TableRepository(noted(connection), CANDIDATES, PROGRAM).insert([values])
    return candidate_id


def with_certificate(sequence: int) -> dict[str, Any]:
    """Return a certificate of one's own."""
    return {"certificate_number": certificate_number(sequence=f"{sequence:03d}")}


def a_vacancy(connection: Connection, vacancy_id: str, employer_id: str | None, **different: Any) -> str:
    """Store a vacancy that asks for hands and walking."""
    values = {
        "vacancy_id": vacancy_id,
        "employer_id": employer_id,
        "title": "录入员",
        "region": "620102",
        "demands": {Function.HANDS: 2, Function.WALKING: 3},
        "skills": ("打字",),
        **different,
    }
    TableRepository(noted(connection), VACANCIES, PROGRAM).insert([values])
    return vacancy_id


def acted(
    connection: Connection,
    candidate_id: str,
    vacancy_id: str,
    kind: InteractionKind = InteractionKind.REFERRED,
    at: date = date(2026, 10, 1),
) -> None:
    """Store an act."""
    values = {"candidate_id": candidate_id, "vacancy_id": vacancy_id, "kind": kind, "at": at}
    TableRepository(noted(connection), INTERACTIONS, PROGRAM).insert([values])


def placed(connection: Connection, placement_id: str, candidate_id: str, starts: date, ends: date | None) -> None:
    """Store a placement."""
    values = {"placement_id": placement_id, "candidate_id": candidate_id, "starts_on": starts, "ends_on": ends}
    TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert([values])


def says(
    connection: Connection,
    candidate_id: str,
    act: ConsentAct,
    purpose: ConsentPurpose = ConsentPurpose.MATCHING,
    *,
    subject: Subject = PROGRAM,
    at: datetime = EARLIER,
    items: tuple[DisclosedItem, ...] = (),
    **different: Any,
) -> dict[str, Any]:
    """Record a statement."""
    told = TOLD if act is ConsentAct.GIVEN else None
    statement = Statement(
        **{"purpose": purpose, "act": act, "stated_at": at, "items": items, "text_version": told, **different}
    )
    return Consents(connection, subject).state(candidate_id, statement, now=NOW)


def agrees_to_tell(
    connection: Connection, candidate_id: str, employer_id: str, *items: DisclosedItem, at: datetime = EARLIER
) -> dict[str, Any]:
    """Record a consent to tell one employer."""
    return says(
        connection,
        candidate_id,
        ConsentAct.GIVEN,
        ConsentPurpose.DISCLOSURE,
        at=at,
        items=items or (DisclosedItem.NAME, DisclosedItem.PHONE),
        recipient=employer_id,
    )
