"""Who of a company may approve: asked of the accounts, live, when an office wants to approve in the company's place."""

from datetime import date

from sqlalchemy import Connection, select

from pipelines.access.accounts import holds_on
from pipelines.access.roles import Role, UserId, actor_of
from pipelines.store.tables import memberships, organisations, users

_OF_A_COMPANY = (Role.COMPANY_POSTER.value, Role.COMPANY_APPROVER.value)


def approvers_of(connection: Connection, employer_id: str, on: date) -> set[str]:
    """Return who may approve for a company on a day, as they stand in the audit."""
    return _members(connection, employer_id, on, (Role.COMPANY_APPROVER.value,))


def members_of(connection: Connection, employer_id: str, on: date) -> set[str]:
    """Return everybody who acts for a company on a day."""
    return _members(connection, employer_id, on, _OF_A_COMPANY)


def _members(connection: Connection, employer_id: str, on: date, roles: tuple[str, ...]) -> set[str]:
    m, o, u = memberships.c, organisations.c, users.c
    statement = (
        select(m.user_id)
        .join(organisations, o.organisation_id == m.organisation_id)
        .join(users, u.user_id == m.user_id)
        .where(o.employer_id == employer_id, m.role.in_(roles), u.status == "active", holds_on(on))
    )
    return {actor_of(UserId(user_id)) for user_id in connection.execute(statement).scalars()}
