"""Two companies with people who act for them, over the small province: one with referrals, one that is new."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, func, select, update

from pipelines.access.organisations import Organisation, Organisations
from pipelines.access.roles import COMMAND_LINE, OrganisationId, OrganisationKind, Role
from pipelines.store.tables import CASE_TABLES, organisations, users
from tests.support.accounts import FIRM, PASSWORD, SINCE, quick_passwords, the_accounts
from tests.support.province import TODAY

__all__ = ["NEW_FIRM", "NEW_ID", "OTHER_FIRM", "PASSWORD", "Companies", "companies"]
OTHER_FIRM, NEW_FIRM = OrganisationId("other-firm"), OrganisationId("new-firm")
NEW_ID = "91620000MA00000007"
LOGINS = {
    "poster": (FIRM, Role.COMPANY_POSTER),
    "approver": (FIRM, Role.COMPANY_APPROVER),
    "other-approver": (OTHER_FIRM, Role.COMPANY_APPROVER),
    "new-poster": (NEW_FIRM, Role.COMPANY_POSTER),
}


@dataclass(frozen=True)
class Companies:
    """Which employers the organisations stand for, and a post of the first with people referred to it."""

    employer: str
    other: str
    post: str


def companies(connection: Connection) -> Companies:
    """Let the company of the accounts be one with referred people, and add another and a new one with their people."""
    own, other, post = _found(connection)
    connection.execute(update(organisations).where(organisations.c.organisation_id == FIRM).values(employer_id=own))
    for organisation_id, employer_id in ((OTHER_FIRM, other), (NEW_FIRM, NEW_ID)):
        firm = Organisation(organisation_id, OrganisationKind.EMPLOYER, "单位", None, employer_id)
        Organisations(connection).add(firm, [], by=COMMAND_LINE)
    for login, (place, role) in LOGINS.items():
        accounts = the_accounts(connection)
        account, _ = accounts.create(login, login, by=COMMAND_LINE)
        accounts.grant(account.user_id, place, role, by=COMMAND_LINE, since=SINCE)
        ready = {"password_hash": quick_passwords().hash(PASSWORD), "must_change_password": False}
        connection.execute(update(users).where(users.c.user_id == account.user_id).values(**ready))
    return Companies(own, other, post)


def _found(connection: Connection) -> tuple[str, str, str]:
    v, i, e = (CASE_TABLES[name].c for name in ("vacancies", "interactions", "employers"))
    statement = (
        select(v.employer_id, v.vacancy_id, func.count().label("n"))
        .join(CASE_TABLES["interactions"], i.vacancy_id == v.vacancy_id)
        .join(CASE_TABLES["employers"], e.employer_id == v.employer_id)
        .where(i.kind == "referred", v.closes_on >= TODAY + timedelta(days=30), e.region.is_not(None))
        .group_by(v.employer_id, v.vacancy_id)
        .order_by(func.count().desc(), v.vacancy_id)
    )
    rows = connection.execute(statement).all()
    own = str(rows[0].employer_id)
    other = next(str(row.employer_id) for row in rows if row.employer_id != own)
    return own, other, str(rows[0].vacancy_id)
