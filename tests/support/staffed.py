"""The small province as a service with supervisors, a caseworker, an auditor and an analyst, who open its pages."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.access.sessions import subject_for
from pipelines.schema import EMPLOYERS
from pipelines.store.repositories import TableRepository
from pipelines.store.session import engine_for
from pipelines.vacancy_workflow.repository import Standing
from pipelines.vacancy_workflow.service import VacancyWork
from tests.support.accounts import KEYS, a_user, gansu_with_others, place_of, the_accounts
from tests.support.firms import lawful, moment_of
from tests.support.pages import Read, Visitor, on_that_day
from tests.support.province import TODAY, a_copy
from tests.support.service import HOST, OWN, Service
from tests.support.stores import PROGRAM, noted

GANSU = "620000"
PEOPLE = (
    ("chief", Role.SUPERVISOR, OWN), ("province", Role.SUPERVISOR, GANSU), ("second", Role.SUPERVISOR, GANSU),
    ("caseworker", Role.CASEWORKER, OWN), ("elsewhere", Role.CASEWORKER, "620502"), ("auditor", Role.AUDITOR, OWN),
    ("analyst", Role.ANALYST, OWN),
)  # fmt: skip


@contextmanager
def a_staffed_province(folder: Path) -> Iterator[Service]:
    """Start the service on the day of the province."""
    store = a_copy(folder)
    engine = engine_for(store.url, KEYS)
    settings = Settings(database_url=store.url, models=store.models, as_of=TODAY, keys=KEYS)
    with on_that_day(), TestClient(create_app(settings), base_url=HOST) as client:
        with engine.begin() as connection:
            gansu_with_others(noted(connection))
            a_user(connection, "first-admin", Role.ADMINISTRATOR, OWN)
            for login, role, code in PEOPLE:
                a_user(connection, login, role, code)
        yield Service(engine, client, client.app)  # type: ignore[arg-type]  # the application is ours
    engine.dispose()


def visitor(service: Service, login: str) -> Visitor:
    """Somebody signed in."""
    role, code = next((role, code) for name, role, code in PEOPLE if name == login)
    return Visitor(service.client, service.enter(login, role, code))


def worked_out(who: Visitor, address: str) -> Read:
    """Open a page again and again, as a browser without script does, until it is worked out."""
    until = time.monotonic() + 60
    while "正在统计" in (told := who.open(address)).text and time.monotonic() < until:
        time.sleep(0.1)
    return told


def subject_of(service: Service, login: str, purpose: Purpose) -> Subject:
    """Return somebody as the services know them."""
    role, code = next((role, code) for name, role, code in PEOPLE if name == login)
    with service.engine.connect() as connection:
        account = the_accounts(connection).get(login)
        return subject_for(connection, place_of(role, code), role, purpose, TODAY, user_id=account.user_id)


def a_checked_vacancy(service: Service, login: str = "caseworker", **cells: str) -> Standing:
    """Let somebody write a lawful vacancy of an employer of the county and have it checked."""
    subject = subject_of(service, login, Purpose.JOB_MATCHING)
    with service.engine.begin() as connection:
        rows = TableRepository(noted(connection), EMPLOYERS, PROGRAM).rows()
        employer = next(str(row["employer_id"]) for row in rows if row["region"] == OWN)
        work = VacancyWork(connection, subject, on=TODAY, now=moment_of(TODAY))
        seen = work.draft(lawful(**cells), employer)
        return work.check(seen.standing.vacancy_id, seen.standing.row_version)[0].standing
