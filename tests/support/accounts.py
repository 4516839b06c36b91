"""Accounts for tests: a cheap hash, a vault of its own, and users who are what a test needs."""

from datetime import UTC, date, datetime
from functools import cache

from argon2 import PasswordHasher
from sqlalchemy import Connection, update

from pipelines.access.accounts import Account, Accounts
from pipelines.access.organisations import Organisation, Organisations, office_id
from pipelines.access.passwords import Passwords
from pipelines.access.roles import COMMAND_LINE, OrganisationId, OrganisationKind, Role, UserId
from pipelines.access.vault import Vault
from pipelines.store.tables import users

KEYS = f"k1:{'A' * 43}="
VAULT = Vault.read(KEYS)
PASSWORD = "correct-horse-7"
SINCE = date(2020, 1, 1)
FIRM, OFFICE = OrganisationId("firm"), OrganisationId("analysts")


@cache
def quick_passwords() -> Passwords:
    """Return passwords whose hashes cost next to nothing."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def the_accounts(connection: Connection, now: datetime | None = None) -> Accounts:
    """Return the accounts of a store as of a moment."""
    vault = Vault.read(KEYS)
    return Accounts(connection, passwords=quick_passwords(), vault=vault, now=now or datetime.now(UTC))


def gansu_with_others(connection: Connection) -> None:
    """Add the offices of Gansu, a company and an analysts' office."""
    organisations = Organisations(connection)
    organisations.seed_gansu(by=COMMAND_LINE)
    for organisation_id, kind in ((FIRM, OrganisationKind.EMPLOYER), (OFFICE, OrganisationKind.ANALYST_OFFICE)):
        organisations.add(Organisation(organisation_id, kind, "名称", None), [], by=COMMAND_LINE)


def place_of(role: Role, code: str) -> OrganisationId:
    """Return where somebody has a role: the office of a division, the company or the analysts' office."""
    if role in (Role.COMPANY_POSTER, Role.COMPANY_APPROVER):
        return FIRM
    return OFFICE if role is Role.ANALYST else office_id(code)


def a_user(
    connection: Connection, login: str, role: Role, code: str, *, second_factor: bool = True
) -> tuple[Account, OrganisationId]:
    """Add a user with the tests' password, ready to work."""
    accounts = the_accounts(connection)
    account, _ = accounts.create(login, login, by=COMMAND_LINE)
    at = place_of(role, code)
    accounts.grant(account.user_id, at, role, by=COMMAND_LINE, since=SINCE)
    ready = {"password_hash": quick_passwords().hash(PASSWORD), "must_change_password": False}
    connection.execute(update(users).where(users.c.user_id == account.user_id).values(**ready))
    if second_factor:
        give_second_factor(connection, account.user_id, login)
    return account, at


def give_second_factor(connection: Connection, user_id: UserId, login: str) -> str:
    """Set up a second factor as if it had been confirmed, and return its address."""
    uri = the_accounts(connection).begin_second_factor(user_id, login, by=COMMAND_LINE)
    confirmed = {"totp_confirmed_at": datetime.now(UTC)}
    connection.execute(update(users).where(users.c.user_id == user_id).values(**confirmed))
    return uri
