"""Who has to know: who is in charge of a person, or else the staff of the office that serves the person or the place.

Readers are named as the audit names them. Only who may work there on the day is a reader; being told opens nothing.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from pipelines.access.accounts import any_account, holds_on
from pipelines.access.roles import SEES_PEOPLE, Role, UserId, actor_of
from pipelines.store import tables
from pipelines.store.caseload_tables import caseworkers

LOCAL = "local"
CHARGE, OFFICE, LOCAL_USER = "charge", "office", "local"
"""Why a reader is told of a person: in charge, of the office, or the one user of a store without accounts."""


def readers_of_person(connection: Connection, candidate_id: str, on: date) -> list[tuple[str, str]]:
    """Return who is told what happens to a person, each with why: who is in charge, where nobody is the office."""
    if not any_account(connection):
        return [(LOCAL, LOCAL_USER)]
    charge = caseworkers.c
    own = select(charge.user_id).where(charge.candidate_id == candidate_id, charge.ended_at.is_(None))
    found = _working(connection, on, tables.memberships.c.user_id.in_(own))
    if found:
        return [(reader, CHARGE) for reader in found]
    a, k, people = tables.assignments.c, tables.organisation_codes.c, tables.CASE_TABLES["candidates"].c
    took_on = select(a.organisation_id).where(a.candidate_id == candidate_id, a.ended_at.is_(None))
    place = select(people.region).where(people.candidate_id == candidate_id).scalar_subquery()
    answers = select(k.organisation_id).where(k.code == place, k.valid_to.is_(None))
    at = tables.memberships.c.organisation_id
    return [(reader, OFFICE) for reader in _working(connection, on, or_(at.in_(took_on), at.in_(answers)))]


def supervisors_of(connection: Connection, organisation_id: str, on: date) -> list[str]:
    """Return who supervises an office on a day."""
    m = tables.memberships.c
    return _working(connection, on, m.organisation_id == organisation_id, roles=(Role.SUPERVISOR,))


def user_named(connection: Connection, login: str) -> str | None:
    """Return who has a login, or None."""
    found = select(tables.users.c.user_id).where(tables.users.c.login == login.strip().lower())
    user_id: str | None = connection.execute(found).scalar()
    return user_id


def members_at_work(connection: Connection, on: date, roles: Iterable[Role]) -> list[tuple[str, str, str]]:
    """Return who works in some roles on a day, as user, organisation and role."""
    m, u = tables.memberships.c, tables.users.c
    wanted = (
        select(m.user_id, m.organisation_id, m.role)
        .join(tables.users, u.user_id == m.user_id)
        .where(u.status == "active", m.role.in_(sorted(roles)), holds_on(on))
        .distinct()
        .order_by(m.organisation_id, m.user_id, m.role)
    )
    return [(row.user_id, row.organisation_id, row.role) for row in connection.execute(wanted)]


def _working(
    connection: Connection, on: date, where: ColumnElement[bool], roles: Iterable[Role] = tuple(SEES_PEOPLE)
) -> list[str]:
    m, u = tables.memberships.c, tables.users.c
    wanted: Any = (
        select(m.user_id)
        .join(tables.users, u.user_id == m.user_id)
        .where(u.status == "active", m.role.in_(sorted(roles)), holds_on(on), where)
    )
    found = connection.execute(wanted.distinct().order_by(m.user_id)).scalars()
    return [actor_of(UserId(user_id)) for user_id in found]
