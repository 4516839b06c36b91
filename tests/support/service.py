"""A service over an empty store, on either database, with routes of a test's own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.access import Access, Policy, declare
from api.app import create_app
from api.settings import Settings
from pipelines.access.roles import Role
from tests.support.accounts import KEYS, a_user, gansu_with_others, place_of, the_accounts
from tests.support.province import TODAY
from tests.support.stores import a_store, noted

HOST = "https://yougang.test"
LOCAL = "https://localhost"
"""Where the one trusted user asks while there is no account."""
OWN, OTHER = "620102", "620502"


class Service:
    """A running service, its store, and ways in."""

    def __init__(self, engine: Engine, client: TestClient, app: FastAPI) -> None:
        self.engine, self.client, self.app = engine, client, app

    @property
    def access(self) -> Access:
        """What the guard uses."""
        access: Access = self.app.state.access
        return access

    def route(self, method: str, path: str, policy: Policy, endpoint: Callable[..., Any]) -> None:
        """Add a route; a policy belongs to a function, so that each route gets one of its own."""

        @wraps(endpoint)
        def own(*args: Any, **kwargs: Any) -> Any:
            return endpoint(*args, **kwargs)

        self.app.add_api_route(path, declare(policy)(own), methods=[method])

    def user(self, login: str, role: Role, code: str = OWN) -> None:
        """Add a user who is ready to work."""
        with self.engine.begin() as connection:
            a_user(connection, login, role, code)

    def enter(self, login: str, role: Role, code: str = OWN) -> dict[str, str]:
        """Sign somebody in past the form and return the headers of their own page."""
        with self.engine.begin() as connection:
            account = the_accounts(connection).get(login)
            opened = self.access.sessions(noted(connection)).open(account.user_id, place_of(role, code), role)
        return {"Cookie": f"__Host-yougang={opened.token}", "X-CSRF-Token": opened.csrf_token}


@contextmanager
def a_service(backend: str, folder: Path, *, keys: str = KEYS, accounts: bool = True) -> Iterator[Service]:
    """Start a service over an empty store; with accounts there are the offices of Gansu and one administrator."""
    with a_store(backend, folder) as engine:
        if accounts:
            with engine.begin() as connection:
                gansu_with_others(connection)
                a_user(connection, "first-admin", Role.ADMINISTRATOR, OWN)
        url = engine.url.render_as_string(hide_password=False)
        app = create_app(Settings(database_url=url, models=folder / "models", as_of=TODAY, keys=keys))
        with TestClient(app, base_url=HOST if accounts else LOCAL, raise_server_exceptions=False) as client:
            yield Service(engine, client, app)
