"""A store for the load: the invented province at the size asked for, a trained model, caseworkers who are signed in."""

import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from pipelines.access.organisations import Organisations, office_id
from pipelines.access.roles import COMMAND_LINE, Role, program_subject
from pipelines.access.sessions import Sessions
from pipelines.casebook import load_casebook
from pipelines.ingest import ingest
from pipelines.readings import refresh_texts
from pipelines.registry import Registry
from pipelines.schema import CANDIDATES, TABLES
from pipelines.store.repositories import TableRepository, VacancyRepository
from pipelines.store.session import upgrade
from pipelines.synthetic import ProvinceConfig, invent, write_tables
from pipelines.train import train
from tests.support.accounts import a_user

ORDER = ("employers", "vacancies", "candidates", "interactions", "placements", "services", "courses")
_PEOPLE_OF_A_COUNTY, _VACANCIES = 200, 2000


@dataclass(frozen=True, slots=True)
class Worker:
    """A signed-in caseworker, people of the own county, and vacancies."""

    token: str
    people: Sequence[str]
    vacancies: Sequence[str]


def say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def fill(engine: Engine, models: Path, config: ProvinceConfig, tables: Path | None = None) -> None:
    """Fill an empty database: invent, import, train; `tables` are kept, and used again where they are there."""
    upgrade(engine)
    with tempfile.TemporaryDirectory(prefix="yougang-load-") as scratch:
        folder = tables or Path(scratch)
        if not (folder / "candidates.csv").exists():
            say(f"inventing {config.n_candidates:,} people and {config.n_vacancies:,} vacancies")
            folder.mkdir(parents=True, exist_ok=True)
            write_tables(invent(config), folder)
        for name in ORDER:
            file = folder / f"{name}.csv"
            report = ingest(engine, TABLES[name], file, subject=program_subject(), supplied_by="bench", on=config.today)
            say(f"imported {report.accepted:,} {name}")
    with engine.begin() as connection:
        refresh_texts(connection)
    with engine.begin() as connection:
        model = train(load_casebook(connection, program_subject()), until=config.today, progress=say)
    with engine.begin() as connection:
        Registry(connection, models).save(model, by=COMMAND_LINE)


def let_in(engine: Engine, n: int, on: date) -> list[Worker]:
    """Return so many caseworkers of the counties with the most people, each with a session of their own."""
    now, run, found = datetime.now(UTC), secrets.token_hex(3), []
    with engine.begin() as connection:
        Organisations(connection).seed_gansu(by=COMMAND_LINE)
        places, vacancies = _places(connection, n), _vacancies(connection)
        for number in range(n):
            code, people = places[number % len(places)]
            account, at = a_user(connection, f"load-{run}-{number}", Role.CASEWORKER, code)
            opened = Sessions(connection, now=now, on=on).open(account.user_id, at, Role.CASEWORKER)
            found.append(Worker(opened.token, people, vacancies))
    return found


def _places(connection: Connection, n: int) -> list[tuple[str, Sequence[str]]]:
    """Return the counties with the most people, and some of these."""
    by_code: dict[str, list[str]] = {}
    for row in TableRepository(connection, CANDIDATES, program_subject("bench")).rows():
        if row["region"] is not None:
            by_code.setdefault(row["region"], []).append(row["candidate_id"])
    offices = {organisation.organisation_id for organisation in Organisations(connection).all()}
    ours = [place for place in by_code.items() if office_id(place[0]) in offices]
    largest = sorted(ours, key=lambda place: -len(place[1]))[:n]
    return [(code, ids[:_PEOPLE_OF_A_COUNTY]) for code, ids in largest]


def _vacancies(connection: Connection) -> list[str]:
    block = next(VacancyRepository(connection, program_subject("bench")).blocks(_VACANCIES), [])
    return [vacancy.vacancy_id for vacancy in block]
