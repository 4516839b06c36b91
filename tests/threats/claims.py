"""Two counties over one store: a person seen by both offices, a company, and claims on their account."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, insert

from matching.entities import EmployerId
from matching.rules.rulebook import rulebook
from pipelines.access.accounts import Account
from pipelines.access.audit import record
from pipelines.access.organisations import office_id
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.access.sessions import subject_for
from pipelines.claims.ledger import Ledger, Proposal
from pipelines.schema import TABLES
from pipelines.store import tables
from pipelines.store.claims import Claim
from pipelines.store.repositories import TableRepository
from tests.support.accounts import a_user, gansu_with_others
from tests.support.stores import PROGRAM, a_store, noted

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HERE, THERE = "620102", "620502"
PERSON, OTHER_PERSON = "c-here", "c-there"
EMPLOYER = EmployerId("91620102MA00000015")
POST, PUBLIC_POST = "subsidy.post_allowance", "subsidy.public_post"
FLEXIBLE, INSURANCE = "flex.social_subsidy", "subsidy.employer_social_insurance"


@dataclass(frozen=True, slots=True)
class Counties:
    """The store and the staff of its two counties; each person is seen by both."""

    engine: Engine
    here: Subject
    there: Subject
    colleague: Subject


def by(subject: Subject, connection: Connection) -> Ledger:
    """Return the ledger as a subject reaches it."""
    return Ledger(connection, subject, at=NOW)


def a_proposal(**different: Any) -> Proposal:
    """Return a claim of the flexible workers' subsidy for a quarter."""
    usual = Proposal(FLEXIBLE, 202603, 202606, "social_insurance", HERE, candidate_id=PERSON)
    return replace(usual, **different)


def propose(at: Counties, subject: Subject, proposal: Proposal) -> Claim:
    """Propose in a transaction of its own."""
    with at.engine.begin() as connection:
        return by(subject, connection).propose(rulebook(), proposal)


@contextmanager
def two_counties(backend: str, folder: Path) -> Iterator[Counties]:
    """Give a store with an office of each county, one more caseworker here, two people and a company."""
    with a_store(backend, folder) as engine:
        with engine.begin() as connection:
            gansu_with_others(connection)
            users = [
                a_user(connection, login, Role.CASEWORKER, code)
                for login, code in (("here", HERE), ("there", THERE), ("colleague", HERE))
            ]
            _people(connection)
            here, there, colleague = (_subject(connection, *user) for user in users)
        yield Counties(engine, here, there, colleague)


def _subject(connection: Connection, account: Account, at: Any) -> Subject:
    on = NOW.date()
    return subject_for(connection, at, Role.CASEWORKER, Purpose.BENEFIT_DECISION, on, user_id=account.user_id)


def _people(connection: Connection) -> None:
    noted(connection)
    rows = ((PERSON, HERE), (OTHER_PERSON, THERE))
    TableRepository(connection, TABLES["employers"], PROGRAM).insert(
        [{"employer_id": EMPLOYER, "name": "某公司", "region": HERE}]
    )
    people = [{"candidate_id": candidate_id, "region": region} for candidate_id, region in rows]
    TableRepository(connection, TABLES["candidates"], PROGRAM).insert(people)
    placements = [
        {"placement_id": f"p-{candidate_id}", "candidate_id": candidate_id, "employer_id": EMPLOYER}
        for candidate_id, _ in rows
    ]
    TableRepository(connection, TABLES["placements"], PROGRAM).insert(placements)
    for candidate_id, _ in rows:
        for code in (HERE, THERE):
            values = {"assignment_id": str(uuid4()), "candidate_id": candidate_id, "since": NOW}
            connection.execute(insert(tables.assignments).values(**values, organisation_id=office_id(code)))


def audited(connection: Connection) -> Connection:
    """Give a connection whose raw writes the audit answers for: only what guards claims is left to refuse them."""
    record(connection, PROGRAM.by, "test.write", object_kind="test")
    return connection
