"""A store with accounts, two people who may release rules, and a rule book in which somebody raised an amount."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from matching.regions import GANSU
from matching.rules.rulebook import HOME, rulebook
from pipelines.access.organisations import office_id
from pipelines.access.roles import By, Purpose, Role, Subject
from pipelines.access.sessions import subject_for
from pipelines.rule_release.releases import Releases
from tests.support.accounts import a_user, gansu_with_others
from tests.support.stores import a_store

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SERVICE = By("service", None, Purpose.ACCOUNT_ADMINISTRATION)
EXEMPT = Path("parameters/levy.small_enterprise_exempt/max_headcount_any_age.yaml")


@dataclass(frozen=True, slots=True)
class Ministry:
    """The store, and who works in it."""

    engine: Engine
    first: Subject
    second: Subject
    in_a_county: Subject


@contextmanager
def a_ministry(backend: str, folder: Path) -> Iterator[Ministry]:
    """Give a store in which the packaged rules were taken on."""
    with a_store(backend, folder) as engine:
        with engine.begin() as connection:
            gansu_with_others(connection)
            first, second, other = (
                _supervisor(connection, login, code)
                for login, code in (("first", GANSU), ("second", GANSU), ("county", "620102"))
            )
            releases(connection).take_on(rulebook(), HOME, by=SERVICE)
        yield Ministry(engine, first, second, other)


def _supervisor(connection: Connection, login: str, code: str) -> Subject:
    account, _ = a_user(connection, login, Role.SUPERVISOR, code)
    return subject_for(
        connection, office_id(code), Role.SUPERVISOR, Purpose.SUPERVISION, NOW.date(), user_id=account.user_id
    )


def releases(connection: Connection) -> Releases:
    """Return the releases of a store at the tests' moment."""
    return Releases(connection, at=NOW)


def a_changed_book(folder: Path) -> Path:
    """Write the packaged rules in which ten times as many staff are still exempt from the levy; return the folder."""
    changed = folder / "changed"
    for part in ("parameters", "facts", "rulebook"):
        shutil.copytree(HOME / part, changed / part)
    text = (changed / EXEMPT).read_text(encoding="utf-8")
    raised = text.replace('value: "30"', 'value: "300"').replace("value: 30\n", "value: 300\n")
    assert raised != text
    (changed / EXEMPT).write_text(raised, encoding="utf-8")
    return changed
