"""3 | I: new endpoint forgets the scope.

CI linter: no query on a scoped table outside the repository base; a test fails if a route has no declared policy.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from api.access import policy_of
from tests.api.test_matrix import routes_of
from tests.checks import one_door
from tests.support.service import Service
from tests.threats.doors import by

ROOT = Path(__file__).parents[2]
ROUTE, LOGIC, STORE = "api/routes/new.py", "pipelines/registers/new.py", "pipelines/store/new.py"
WAYS_ROUND = (
    (LOGIC, "from pipelines.store.tables import CASE_TABLES"),
    (LOGIC, "from pipelines.store.tables import CASE_TABLES as held"),
    (LOGIC, "from pipelines.store.tables import *"),
    (LOGIC, "from pipelines.store.tables import shortlist_runs"),
    (LOGIC, "from pipelines.store.consent_tables import consents as c"),
    (LOGIC, "from pipelines.store import tables\nrows = tables.CASE_TABLES['candidates']"),
    (LOGIC, "from pipelines.store import tables as t\nrows = t.assignments"),
    (LOGIC, "import pipelines.store.tables\nrows = pipelines.store.tables.CASE_TABLES"),
    (LOGIC, "import pipelines.store.tables as t"),
    (LOGIC, "from pipelines.store import whole\nwhole.metadata.tables['candidates']"),
    (LOGIC, "from pipelines.store.base import metadata\npeople = metadata.tables['candidates']"),
    (LOGIC, "import importlib\nt = importlib.import_module('pipelines.store.' + 'tables')"),
    (LOGIC, "t = __import__('pipelines.store.tables')"),
    (LOGIC, "import sys\nt = sys.modules['pipelines.store.tables']"),
    (LOGIC, "def f(store):\n    return getattr(store, 'CASE_TABLES')"),
    (LOGIC, "from sqlalchemy import select"),
    (LOGIC, "from sqlalchemy import text as t"),
    (LOGIC, "from sqlalchemy import *"),
    (LOGIC, "import sqlalchemy as sa"),
    (LOGIC, "from sqlalchemy.sql import expression"),
    (LOGIC, "from sqlalchemy.orm import Session"),
    (LOGIC, "import sqlite3"),
    (LOGIC, "from psycopg import connect"),
    (LOGIC, "STATEMENT = 'SELECT name FROM candidates'"),
    (LOGIC, "def f(n):\n    return f'select * from candidates where candidate_id = {n}'"),
    (LOGIC, "STATEMENT = 'DELETE FROM audit'"),
    (LOGIC, "def f(connection, s):\n    return connection.execute(s)"),
    (LOGIC, "def f(connection, s):\n    run = connection.exec_driver_sql\n    return run(s)"),
    (LOGIC, "def f(connection, s):\n    return getattr(connection, 'execute')(s)"),
    (LOGIC, "def f(repository):\n    return repository.connection.scalars(repository.table.select())"),
    (LOGIC, "def f(repository):\n    return repository._select()"),
    (LOGIC, "def f(repository):\n    repository._reach = None"),
    (LOGIC, "class All(CandidateRepository):\n    def open(self):\n        self._reach = None"),
    (LOGIC, "class All(CandidateRepository):\n    def _readable(self, *columns):\n        return super()"),
    (LOGIC, "eval('everything')"),
    (LOGIC, "from pipelines.access.roles import program_subject"),
    (LOGIC, "from pipelines.access.roles import local_subject as me"),
    (LOGIC, "def f(Subject):\n    return Subject(None, None, None, frozenset(), 'x', is_local=True)"),
    (LOGIC, "from dataclasses import replace\ndef f(subject):\n    return replace(subject, is_local=True)"),
    (ROUTE, "def route(access):\n    return access.engine.connect().execute('SELECT * FROM candidates')"),
    (ROUTE, "from pipelines.store.repositories import CandidateRepository"),
    (ROUTE, "from pipelines.store import repositories"),
    (ROUTE, "import pipelines.store.repositories as r"),
    (ROUTE, "from pipelines.store.anonymising import last_active"),
    (ROUTE, "from pipelines.store.reach import reach"),
    (
        STORE,
        "from sqlalchemy import select\nfrom pipelines.store import tables\n"
        "def f(connection):\n    return connection.execute(select(tables.CASE_TABLES['candidates']))",
    ),
    (
        STORE,
        "from pipelines.store.tables import CASE_TABLES\n_people = CASE_TABLES['candidates']\n_again = _people\n"
        "def f(connection):\n    return connection.execute(_again.select())",
    ),
    (
        STORE,
        "from sqlalchemy import select\nfrom pipelines.store.consent_tables import consents\nclass Consents:\n"
        "    def __init__(self, connection, subject):\n        self.subject = subject\n"
        "    def all(self):\n        return self.connection.execute(select(consents))",
    ),
    (
        STORE,
        "from pipelines.store.repositories import CandidateRepository\nclass Some(CandidateRepository):\n"
        "    def all_of(self):\n        return self.connection.execute(select(self.table))",
    ),
    (STORE, "from pipelines.store.base import metadata\ndef f(c):\n    return c.execute(metadata.tables['claims'])"),
    (STORE, "def f(connection):\n    return connection.exec_driver_sql('SELECT 1 FROM placements')"),
    (STORE, "from sqlalchemy import select\nfrom pipelines.store.tables import audit\n_ALL = select(audit)"),
)
RIGHT_WAYS = (
    (LOGIC, '"""Select people from candidates: prose."""\nfrom sqlalchemy import ColumnElement, Connection'),
    (LOGIC, "class Some(CandidateRepository):\n    def ids(self):\n        return self._readable(self.table.c.x)"),
    (LOGIC, "from pipelines.store.tables import SEALED"),
    (ROUTE, "from pipelines.store.claims import Claim"),
    (
        STORE,
        "from sqlalchemy import select\nfrom pipelines.store import tables\nfrom pipelines.store.reach import reach\n"
        "def f(connection, subject):\n"
        "    return connection.execute(select(tables.claims).where(reach('candidates', subject)))",
    ),
    (STORE, "from sqlalchemy import select\nfrom pipelines.store.tables import users\nq = select(users)"),
)


def test_no_module_queries_a_scoped_table_past_the_repositories() -> None:
    found = [way for path, source in one_door.sources() for way in one_door.ways_round(path, source)]
    assert [str(way) for way in found] == []


def test_nothing_is_permitted_that_is_not_there() -> None:
    assert list(one_door.outdated()) == []


@pytest.mark.parametrize(("path", "source"), WAYS_ROUND)
def test_each_way_around_the_door_is_found(path: str, source: str) -> None:
    assert list(one_door.ways_round(path, source))


@pytest.mark.parametrize(("path", "source"), RIGHT_WAYS)
def test_the_right_way_is_let_through(path: str, source: str) -> None:
    assert list(one_door.ways_round(path, source)) == []


def test_every_table_that_names_a_person_or_company_is_scoped() -> None:
    assert {"candidates", "placements", "assignments", "consents", "claims", "audit", "uploads"} <= one_door.SCOPED
    assert "users" not in one_door.SCOPED


def test_make_check_runs_the_checker() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    assert "python -m tests.checks.one_door" in lines
    command = [sys.executable, "-m", "tests.checks.one_door"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0  # noqa: S603  # our own program


def test_every_route_says_what_it_asks_for(house: Service) -> None:
    found = list(routes_of(house.app))
    assert len(found) > 60
    assert [path for _, path, route in found if policy_of(route.endpoint) is None] == []


def check_undeclared_route_is_refused(house: Service) -> None:
    """Add a route that declares nothing and ask it."""

    def forgotten() -> str:
        return "everything"

    house.app.add_api_route("/api/v1/forgotten", forgotten)
    nobody: dict[str, str] = {}
    for headers in (nobody, by(house)):
        answer = house.client.get("/api/v1/forgotten", headers=headers)
        assert answer.status_code == 403
        assert "everything" not in answer.text


def test_route_that_says_nothing_answers_nobody(house: Service) -> None:
    check_undeclared_route_is_refused(house)
