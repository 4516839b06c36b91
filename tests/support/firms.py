"""Companies with people who act for them, offices beside them, and a vacancy that is lawful as it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, Engine

from pipelines.access.organisations import Organisation, Organisations, office_id
from pipelines.access.roles import (
    COMMAND_LINE,
    KINDS_OF_ROLE,
    OrganisationId,
    OrganisationKind,
    Purpose,
    Role,
    Subject,
)
from pipelines.access.sessions import subject_for
from pipelines.schema import EMPLOYERS
from pipelines.store.repositories import EmployerRepository
from pipelines.vacancy_workflow.content import Content, Task
from pipelines.vacancy_workflow.employers import Employers, Method
from pipelines.vacancy_workflow.repository import Standing
from pipelines.vacancy_workflow.service import Change, VacancyWork, Work
from tests.support.accounts import SINCE, the_accounts
from tests.support.stores import PROGRAM, noted

FIRM, OTHER_FIRM = "91620000MA00000007", "91110000600037341L"
FIRM_OFFICE, OTHER_FIRM_OFFICE = OrganisationId("firm-7"), OrganisationId("firm-l")
HERE, ELSEWHERE = "620102", "620502"
DAY = date(2026, 11, 24)
LAWFUL: Mapping[str, str] = {
    "title": "文员",
    "description": "整理档案，录入数据。",
    "kind": "open",
    "region": HERE,
    "openings": "2",
    "wage_min": "3000",
    "wage_max": "4000",
    "demands": "hands=3;sitting=2",
    "accommodations": "screen_reader=declared",
    "closes_on": "2027-06-30",
}
TASKS = (Task("录入数据", functions=Task.of({"text": "x", "functions": ["hands"]}).functions),)
CONTACT = "人事部 0931-0000000"


def moment_of(day: date, hour: int = 2) -> datetime:
    """Return a moment within a day of Gansu."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def lawful(**cells: str) -> Content:
    """Return content that passes the check, with other cells."""
    return Content.of_cells({**LAWFUL, **cells}, TASKS, CONTACT)


def two_firms(connection: Connection) -> None:
    """Add the offices of Gansu, a company in each of two counties, and their organisations."""
    Organisations(connection).seed_gansu(by=COMMAND_LINE)
    rows = [
        {"employer_id": FIRM, "name": "甲公司", "region": HERE},
        {"employer_id": OTHER_FIRM, "name": "乙公司", "region": ELSEWHERE},
    ]
    EmployerRepository(noted(connection), PROGRAM).insert([{**dict.fromkeys(EMPLOYERS.by_name), **row} for row in rows])
    for organisation_id, code in ((FIRM_OFFICE, FIRM), (OTHER_FIRM_OFFICE, OTHER_FIRM)):
        firm = Organisation(organisation_id, OrganisationKind.EMPLOYER, "单位", None, code)
        Organisations(connection).add(firm, [], by=COMMAND_LINE)


def somebody(connection: Connection, login: str, role: Role, at: str = HERE, purpose: Purpose | None = None) -> Subject:
    """Return a new user as a subject; `at` is a company's code or the code of a division."""
    account, _ = the_accounts(connection).create(login, login, by=COMMAND_LINE)
    return in_role(connection, account.login, role, at, purpose)


def in_role(connection: Connection, login: str, role: Role, at: str = HERE, purpose: Purpose | None = None) -> Subject:
    """Give a user one more role and return the subject of it."""
    accounts = the_accounts(connection)
    is_company = OrganisationKind.EMPLOYER in KINDS_OF_ROLE[role]
    place = {FIRM: FIRM_OFFICE, OTHER_FIRM: OTHER_FIRM_OFFICE}[at] if is_company else office_id(at)
    user_id = accounts.get(login).user_id
    accounts.grant(user_id, place, role, by=COMMAND_LINE, since=SINCE)
    usual = Purpose.RECRUITMENT if is_company else Purpose.JOB_MATCHING
    return subject_for(connection, place, role, purpose or usual, DAY, user_id=user_id)


@dataclass
class Firm:
    """A store with two companies; each act is a transaction of its own, on a day that goes on."""

    engine: Engine
    poster: Subject
    approver: Subject
    caseworker: Subject
    stranger: Subject
    day: date = DAY

    def later(self, days: int) -> None:
        """Let days go by."""
        self.day += timedelta(days=days)

    def work(self, connection: Connection, subject: Subject) -> VacancyWork:
        """Return the acts of a subject today."""
        return VacancyWork(connection, subject, on=self.day, now=moment_of(self.day))

    def draft(self, subject: Subject | None = None, /, **cells: str) -> Standing:
        """Make a draft that would pass the check, with other cells."""
        with self.engine.begin() as connection:
            who = subject or self.poster
            return self.work(connection, who).draft(lawful(**cells), who.employer_id or FIRM).standing

    def do(self, act: str, subject: Subject, standing: Standing, *more: object) -> Standing:
        """Do an act to the version of a row."""
        with self.engine.begin() as connection:
            done = getattr(self.work(connection, subject), act)(standing.vacancy_id, standing.row_version, *more)
        seen: Work = done[0] if isinstance(done, tuple) else done
        return seen.standing

    def change(self, subject: Subject, standing: Standing, **cells: str) -> Standing:
        """Change cells."""
        return self.do("change", subject, standing, Change(cells))

    def approved(self, subject: Subject | None = None, /, **cells: str) -> Standing:
        """Take a draft as far as approved."""
        checked = self.do("check", self.poster, self.draft(subject, **cells))
        return self.do("approve", self.approver, checked)

    def published(self, **cells: str) -> Standing:
        """Take a draft as far as published."""
        return self.do("publish", self.poster, self.approved(**cells))

    def verify(self, employer_id: str = FIRM) -> None:
        """Let the caseworker verify an employer."""
        with self.engine.begin() as connection:
            employers = Employers(connection, self.caseworker, on=self.day, now=moment_of(self.day))
            version = employers.one(employer_id).row.version
            assert employers.verify(employer_id, Method.LICENCE_SEEN, version) is not None


def a_firm(engine: Engine) -> Firm:
    """Return a store with two companies, where the first has a poster and an approver."""
    with engine.begin() as connection:
        two_firms(connection)
        return Firm(
            engine,
            poster=somebody(connection, "poster", Role.COMPANY_POSTER, FIRM),
            approver=somebody(connection, "approver", Role.COMPANY_APPROVER, FIRM),
            caseworker=somebody(connection, "liwei", Role.CASEWORKER, HERE),
            stranger=somebody(connection, "stranger", Role.COMPANY_APPROVER, OTHER_FIRM),
        )
