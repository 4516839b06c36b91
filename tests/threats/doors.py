"""A service over a store with a person in each of two counties and staff of both; and the whole trained province."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi.routing import APIRoute
from httpx2 import Response
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from pipelines.access.roles import Role
from pipelines.schema import CANDIDATES, INTERACTIONS, PLACEMENTS, SERVICES, VACANCIES
from pipelines.store.repositories import TableRepository
from pipelines.store.session import engine_for
from tests.api.test_matrix import Province, _settle, routes_of
from tests.support.accounts import KEYS
from tests.support.builders import certificate_number
from tests.support.province import TODAY, a_copy
from tests.support.service import HOST, OTHER, OWN, Service, a_service
from tests.support.stores import PROGRAM, noted

V1 = "/api/v1"
HERE, THERE = "c-here", "c-there"
CANARY = certificate_number(sequence="357")
IDENTITY = {"name": "赵秘密", "phone": "13911112222", "address": "皋兰路甲七号", "certificate_number": CANARY}


@contextmanager
def a_house(folder: Path, backend: str = "sqlite") -> Iterator[Service]:
    """Start a service with a person of each county; the one from there has everything sensitive filled in."""
    with a_service(backend, folder) as service:
        with service.engine.begin() as connection:
            noted(connection)
            people = [{"candidate_id": HERE, "region": OWN}, {"candidate_id": THERE, "region": OTHER, **IDENTITY}]
            TableRepository(connection, CANDIDATES, PROGRAM).insert(
                [{**dict.fromkeys(CANDIDATES.by_name), **person} for person in people]
            )
        for login, role, code in (
            ("here", Role.CASEWORKER, OWN),
            ("there", Role.CASEWORKER, OTHER),
            ("chief", Role.SUPERVISOR, OWN),
        ):
            service.user(login, role, code)
        yield service


def by(service: Service, login: str = "here", role: Role = Role.CASEWORKER, code: str = OWN, **more: str) -> Any:
    """Return the headers of somebody's own page, and a new key for what is made."""
    service.client.cookies.clear()
    return {**service.enter(login, role, code), "Idempotency-Key": str(uuid4()), **more}


def there(service: Service, **more: str) -> Any:
    """Return the headers of the other county's caseworker."""
    return by(service, "there", Role.CASEWORKER, OTHER, **more)


@contextmanager
def a_province(folder: Path) -> Iterator[Province]:
    """Start a service over a trained province of two counties; `theirs` are the other one's objects."""
    store = a_copy(folder)
    engine = engine_for(store.url, KEYS)
    app = create_app(Settings(database_url=store.url, models=store.models, as_of=TODAY, keys=KEYS))
    with TestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
        whole = Province(engine, client)
        _settle(whole)
        yield whole
    engine.dispose()


def writing_routes(app: Any) -> list[tuple[str, str, APIRoute]]:
    """Return every route that changes something."""
    return [found for found in routes_of(app) if found[0] not in ("GET", "HEAD", "OPTIONS")]


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Give the statements that a database is asked meanwhile."""
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def body_of(answer: Response) -> Any:
    """Return a document without the id of its trace."""
    document = json.loads(answer.text)
    return {name: value for name, value in document.items() if name != "trace_id"}


def add_case(engine: Engine, candidate_id: str, region: str, vacancy_id: str, **facts: Any) -> None:
    """Add a person with an act, a placement and a service."""
    with engine.begin() as connection:
        noted(connection)
        rows: Mapping[Any, dict[str, Any]] = {
            CANDIDATES: {"candidate_id": candidate_id, "region": region, **facts},
            INTERACTIONS: {"candidate_id": candidate_id, "vacancy_id": vacancy_id},
            PLACEMENTS: {"placement_id": f"p-{candidate_id}", "candidate_id": candidate_id, "starts_on": TODAY},
            SERVICES: {"candidate_id": candidate_id},
        }
        for spec, row in rows.items():
            blank = dict.fromkeys(spec.by_name)
            if spec is INTERACTIONS:
                blank |= {"kind": spec.column("kind").parse("referred"), "at": TODAY}
            if spec is SERVICES:
                blank |= {"kind": spec.column("kind").parse("training"), "on": TODAY}
            TableRepository(connection, spec, PROGRAM).insert([{**blank, **row}])


def a_post(engine: Engine, vacancy_id: str, **facts: Any) -> str:
    """Add an open vacancy."""
    with engine.begin() as connection:
        row = {**dict.fromkeys(VACANCIES.by_name), "vacancy_id": vacancy_id, "title": "文员", "region": OWN, **facts}
        TableRepository(noted(connection), VACANCIES, PROGRAM).insert([row])
    return vacancy_id


class Heard(logging.Handler):
    """Keeps every line that any logger writes."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line with its arguments and its traceback."""
        self.lines.append(self.format(record) + str(record.__dict__.get("exc_text") or ""))


@contextmanager
def listening() -> Iterator[list[str]]:
    """Give what is logged meanwhile, at any level."""
    heard, root = Heard(), logging.getLogger()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    yield heard.lines
    root.setLevel(level)
    root.removeHandler(heard)
