"""Staff of two counties over a store, for tests of casework."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from pipelines.access.organisations import office_id
from pipelines.access.roles import Purpose, Role, Subject
from tests.support.accounts import a_user, gansu_with_others
from tests.support.stores import noted

HERE, THERE = "620102", "620502"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def two_counties(connection: Connection) -> dict[str, Subject]:
    """Add the offices and their staff; return who asks, by login."""
    gansu_with_others(noted(connection))
    asked = (
        ("liwei", Role.CASEWORKER, HERE),
        ("mali", Role.CASEWORKER, HERE),
        ("chief", Role.SUPERVISOR, HERE),
        ("far", Role.CASEWORKER, THERE),
        ("head", Role.SUPERVISOR, "620000"),
    )
    return {login: staff(connection, login, role, code) for login, role, code in asked}


def staff(connection: Connection, login: str, role: Role, code: str) -> Subject:
    """Add a user of an office and return them as a subject."""
    account, at = a_user(connection, login, role, code)
    assert at == office_id(code)
    whole = code == "620000"
    return Subject(account.user_id, at, role, frozenset({code}), Purpose.JOB_MATCHING, is_whole_province=whole)
