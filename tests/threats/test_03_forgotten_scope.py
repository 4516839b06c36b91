"""3 | I: new endpoint forgets the scope.

CI linter: no query on a scoped table outside the repository base; a test fails if a route has no declared policy.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.access import policy_of
from tests.api.test_matrix import routes_of
from tests.support.service import Service
from tests.threats.doors import by

ROOT = Path(__file__).parents[2]
# The store itself, what finds out who sees whom, and the commands of whoever runs the machine.
INSIDE = ("pipelines/store/", "pipelines/access/scope.py", "api/cli.py")
TABLES, DOORS = {"CASE_TABLES"}, {"program_subject", "local_subject"}


def around_the_door(path: str, source: str) -> Iterator[str]:
    """Yield how a module reaches rows of people or companies past the repositories that take a subject."""
    is_route = path.startswith("api/routes/")
    for node in ast.walk(ast.parse(source)):
        names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
        if isinstance(node, ast.Attribute):
            names = {node.attr}
        if names & TABLES and not path.startswith(INSIDE):
            yield f"{path}: a scoped table"
        if is_route and names & (DOORS | {"execute", "exec_driver_sql"}):
            yield f"{path}: around the subject"


def test_no_module_queries_a_scoped_table_past_the_repositories() -> None:
    found = [
        wrong
        for folder in ("api", "pipelines", "matching", "models")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for wrong in around_the_door(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "from pipelines.store.tables import CASE_TABLES",
        "from pipelines.store import tables\nrows = tables.CASE_TABLES['candidates']",
        "def route(access):\n    return access.engine.connect().execute('SELECT * FROM candidates')",
        "from pipelines.access.roles import program_subject",
    ],
)
def test_each_way_around_the_door_is_found(source: str) -> None:
    assert list(around_the_door("api/routes/new.py", source))


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
