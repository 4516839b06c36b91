"""A running console over the small province, with somebody of each role, and a browser before it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import uvicorn
from playwright.sync_api import Browser
from sqlalchemy import Connection, Engine

from api.app import create_app
from api.settings import Settings
from pipelines.access.roles import Role
from pipelines.access.sessions import Sessions
from pipelines.store.notices import NewNotice, make
from pipelines.store.session import engine_for
from tests.support.accounts import KEYS, a_user, gansu_with_others, give_second_factor, place_of, the_accounts
from tests.support.browser import Window, a_browser
from tests.support.company import LOGINS, Companies, companies
from tests.support.pages import on_that_day
from tests.support.province import TODAY, a_copy
from tests.support.stores import noted

PROVINCE = "620000"
COUNTY = "620102"


@dataclass
class Console:
    """A running console."""

    engine: Engine
    base: str
    companies: Companies
    models: Path

    def cookie(self, login: str) -> str:
        """Return the token of a new session of somebody who was added."""
        with self.engine.begin() as connection:
            account = the_accounts(connection).get(login)
            if login in LOGINS:
                place, as_role = LOGINS[login]
                sessions = Sessions(noted(connection), now=datetime.now(UTC), on=TODAY)
                return sessions.open(account.user_id, place, as_role).token
            role, code = login.split("-")[0], login.rpartition("-")[2]
            sessions = Sessions(noted(connection), now=datetime.now(UTC), on=TODAY)
            return sessions.open(account.user_id, place_of(Role(role), code), Role(role)).token

    def window(self, browser: Browser, login: str | None = None, *, width: int = 1280, script: bool = True) -> Window:
        """Open a window, signed in where a login is named."""
        window = Window(browser, self.base, width=width, script=script)
        if login is not None:
            window.context.add_cookies([{"name": "yougang", "value": self.cookie(login), "url": self.base}])
        return window

    def code(self, login: str) -> str:
        """Give somebody who has none a second factor, and return a code of it."""
        with self.engine.begin() as connection:
            account = the_accounts(connection).get(login)
            uri = give_second_factor(connection, account.user_id, login)
        return pyotp.TOTP(parse_qs(urlsplit(uri).query)["secret"][0]).now()


def told_of(connection: Connection, login: str) -> None:
    """Give somebody three notices to read."""
    reader = f"user:{the_accounts(connection).get(login).user_id}"
    about = (("answered", "interviewed", "demo-c-00001"), ("task", "visit", "demo-c-00002"))
    new = [
        NewNotice(reader, kind, "charge", f"{kind}:demo", TODAY, candidate_id=owner, detail=word, due_on=TODAY)
        for kind, word, owner in about
    ]
    make(noted(connection), [*new, NewNotice(reader, "handed", "receiver", "handed:demo", TODAY, n=12)])


@contextmanager
def a_console(folder: Path) -> Iterator[Console]:
    """Serve the province on a port of its own, in this process."""
    store = a_copy(folder)
    engine = engine_for(store.url, KEYS)
    with engine.begin() as connection:
        gansu_with_others(noted(connection))
        a_user(connection, f"administrator-{PROVINCE}", Role.ADMINISTRATOR, PROVINCE)
        for role in (Role.CASEWORKER, Role.SUPERVISOR, Role.ANALYST, Role.COMPANY_POSTER):
            a_user(connection, f"{role.value}-{PROVINCE}", role, PROVINCE)
        a_user(connection, f"caseworker-{COUNTY}", Role.CASEWORKER, COUNTY)
        firms = companies(connection)
        told_of(connection, f"caseworker-{PROVINCE}")
        a_user(connection, "signs-in", Role.CASEWORKER, PROVINCE, second_factor=False)
        a_user(connection, "without-script", Role.CASEWORKER, PROVINCE, second_factor=False)
    with on_that_day():
        app = create_app(Settings(database_url=store.url, models=store.models, as_of=TODAY, keys=KEYS))
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + 60
        while not server.started and time.monotonic() < until:
            time.sleep(0.05)
        yield Console(engine, f"http://127.0.0.1:{listening.getsockname()[1]}", firms, store.models)
        server.should_exit = True
        thread.join(30)
        listening.close()
    engine.dispose()


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """One console for the tests of a module."""
    with a_console(tmp_path_factory.mktemp("console")) as served:
        yield served


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for the tests of this folder: while it is open, nothing else may run an event loop in this thread."""
    with a_browser() as opened:
        yield opened
