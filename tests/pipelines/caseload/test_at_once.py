"""Two caseworkers and an import at the same person at once: nothing lost, nothing doubled, clear conflicts.

Caseworkers are threads with connections of their own, the import is a process of its own, as on an office's day.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from pipelines.access.audit import breaks
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.handover import Caseload, Handover
from pipelines.caseload.merges import Merges, Wish
from pipelines.caseload.notes import NewNote, Notes
from pipelines.caseload.tasks import NewTask, Step, Tasks
from pipelines.caseload.words import NotePurpose, TaskAct, TaskKind
from pipelines.ingest import ingest
from pipelines.registers.errors import AlreadyRegistered
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES, SERVICES
from pipelines.store.repositories import CandidateRepository
from tests.support.accounts import KEYS
from tests.support.builders import TODAY
from tests.support.caseload import NOW, two_counties
from tests.support.people import a_person
from tests.support.served import address_of
from tests.support.stores import BACKENDS, PROGRAM, a_store

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = 6


@dataclass
class Office:
    """A store with one person and staff."""

    engine: Engine
    who: dict[str, Subject]


@pytest.fixture(params=BACKENDS)
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    with a_store(request.param, tmp_path) as engine:
        with engine.begin() as connection:
            a_person(connection, "c-1", skills=("打字",), education=None)
            who = two_counties(connection)
        yield Office(engine, who)


def add_skill(office: Office, login: str, skill: str) -> int:
    """Add a skill to those that stand there, reading again as often as somebody was faster; return how often."""
    for n_told in range(200):
        with office.engine.begin() as connection:
            people = People(connection, office.who[login])
            # The version first, as the program reads them: a change in between is then told as a conflict.
            version = people.register.repository.versions([("c-1",)])[("c-1",)]
            values = people.register.stored(("c-1",))
            assert values is not None
        skills = ";".join([*values["skills"], skill])
        with office.engine.begin() as connection:
            done = People(connection, office.who[login]).change("c-1", {"skills": skills}, version, on=TODAY)
        if done is not None:
            return n_told
    raise AssertionError("never taken")


def a_caseworker(office: Office, login: str) -> int:
    told = 0
    for n in range(ROUNDS):
        told += add_skill(office, login, f"{login}{n}")
        with office.engine.begin() as connection:
            note = NewNote(NotePurpose.VISIT, TODAY, f"{login} {n}")
            Notes(connection, office.who[login]).add("c-1", note, on=TODAY, now=NOW)
    return told


def an_import(office: Office, folder: Path, table: str, lines: list[str]) -> None:
    """Import a sheet in a process of its own."""
    sheet = folder / f"{table}.csv"
    sheet.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = [sys.executable, "-m", "api.cli", "--db", address_of(office.engine), "import", table, str(sheet)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YOUGANG_")}
    done = subprocess.run(  # noqa: S603  # our own program
        words, cwd=ROOT, env={**kept, "YOUGANG_KEYS": KEYS}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_everything_that_was_acknowledged_is_there_once(office: Office, tmp_path: Path) -> None:
    sheets = [
        ("candidates", ["candidate_id,education,job_wish", "c-1,senior,yes"]),
        ("services", ["candidate_id,kind,on", "c-1,training,2026-03-01", "c-1,other,2026-03-02"]),
    ]
    with ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(a_caseworker, office, login) for login in ("liwei", "mali")]
        imports = [pool.submit(an_import, office, tmp_path, *sheet) for sheet in sheets]
        told = [one.result() for one in workers]
        for ended in imports:
            ended.result()
    assert len(told) == 2
    an_import(office, tmp_path, *sheets[1])  # the same sheet once more
    expected = {"打字"} | {f"{login}{n}" for login in ("liwei", "mali") for n in range(ROUNDS)}
    with office.engine.begin() as connection:
        person = CandidateRepository(connection, PROGRAM).get("c-1")
        assert set(person.skills or ()) == expected
        assert len(person.skills or ()) == len(expected)
        assert (person.education, person.job_wish) == ("senior", "yes")
        notes = [note["words"] for note in Notes(connection, office.who["liwei"]).of("c-1")]
        assert sorted(notes) == sorted(f"{login} {n}" for login in ("liwei", "mali") for n in range(ROUNDS))
        assert connection.execute(text("SELECT count(*) FROM services")).scalar_one() == 2
        version = CandidateRepository(connection, PROGRAM).versions([("c-1",)])[("c-1",)]
        assert version == 1 + 2 * ROUNDS + 1  # each change and the import's, and no other
        assert list(breaks(connection)) == []


def test_an_import_that_began_before_a_change_was_done_does_not_write_over_it(office: Office, tmp_path: Path) -> None:
    sheet = tmp_path / "people.csv"
    sheet.write_text("candidate_id,education\nc-1,senior\n", encoding="utf-8")
    begun = threading.Event()

    def importing() -> None:
        begun.set()
        ingest(office.engine, CANDIDATES, sheet, subject=PROGRAM, supplied_by="sheet", on=TODAY)

    with office.engine.begin() as connection:
        assert People(connection, office.who["liwei"]).change("c-1", {"skills": "电焊"}, 1, on=TODAY) is not None
        thread = threading.Thread(target=importing)
        thread.start()
        begun.wait()
        time.sleep(1)  # long enough to have read what it is about to write over
    thread.join()
    with office.engine.begin() as connection:
        person = CandidateRepository(connection, PROGRAM).get("c-1")
    assert (person.skills, person.education) == (("电焊",), "senior")


def at_once(office: Office, *acts: Callable[[Any], Any]) -> list[Any]:
    """Do some acts at the same moment, each in a transaction of its own; return what each gave or was refused with."""
    start = threading.Barrier(len(acts))

    def one(act: Callable[[Any], Any]) -> Any:
        start.wait()
        try:
            with office.engine.begin() as connection:
                return act(connection)
        except (CaseworkRefused, NoSuchPerson, IntegrityError) as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_of_two_who_take_a_person_on_or_end_a_task_at_once_one_is_told(office: Office) -> None:
    li, ma = office.who["liwei"], office.who["mali"]
    taken = at_once(
        office,
        lambda connection: Caseload(connection, li, on=TODAY, now=NOW).take_on("c-1", None),
        lambda connection: Caseload(connection, ma, on=TODAY, now=NOW).take_on("c-1", None),
    )
    assert [isinstance(one, CaseworkRefused | IntegrityError) for one in taken].count(True) == 1
    with office.engine.begin() as connection:
        task = Tasks(connection, li, on=TODAY).add("c-1", NewTask(TaskKind.VISIT, "走访", TODAY), now=NOW)
    done = at_once(
        office,
        *(
            lambda connection, asking=asking, act=act: Tasks(connection, asking, on=TODAY).step(
                task["task_id"], Step(act, "理由"), version=1, now=NOW
            )
            for asking, act in ((li, TaskAct.DONE), (ma, TaskAct.DROPPED))
        ),
    )
    assert [one is None for one in done].count(True) == 1
    with office.engine.begin() as connection:
        told = Tasks(connection, li, on=TODAY).of("c-1")[0]
        assert len(told["steps"]) == 2
        assert len(Caseload(connection, li, on=TODAY, now=NOW).of("c-1")) == 1


def test_of_two_who_register_the_same_at_once_one_is_told_and_the_other_is_kept(office: Office) -> None:
    """Of the same service of one day the second neither writes over the first nor is told that it was kept."""
    for day in (f"2026-04-{number:02d}" for number in range(1, ROUNDS + 1)):
        start = threading.Barrier(2)

        def enter(login: str, day: str = day, start: threading.Barrier = start) -> str | None:
            cells = {"candidate_id": "c-1", "kind": "training", "on": day, "by": login}
            with office.engine.begin() as connection:
                register = Register(connection, SERVICES, office.who[login])
                start.wait()
                try:
                    register.add(cells, Action.WRITE_SERVICES, on=TODAY)
                except AlreadyRegistered:
                    return None
            return login

        with ThreadPoolExecutor(2) as pool:
            kept = [one for one in pool.map(enter, ("liwei", "mali")) if one is not None]
        assert len(kept) == 1
        with office.engine.connect() as connection:
            by = text("SELECT by FROM services WHERE candidate_id = 'c-1' AND \"on\" = :day")
            assert connection.execute(by, {"day": day}).scalars().all() == kept


def test_of_two_handovers_and_of_two_merges_at_once_one_is_done_whole(office: Office) -> None:
    li, chief, ma = office.who["liwei"], office.who["chief"], office.who["mali"]
    with office.engine.begin() as connection:
        a_person(connection, "c-2")
        for candidate_id in ("c-1", "c-2"):
            Caseload(connection, li, on=TODAY, now=NOW).take_on(candidate_id, None)
        _, versions = Merges(connection, li, on=TODAY, now=NOW).compare("c-1", "c-2")
    handed = at_once(
        office,
        lambda c: Caseload(c, li, on=TODAY, now=NOW).hand_over(Handover("x", TODAY, to_user_id=ma.user_id)),
        lambda c: Caseload(c, chief, on=TODAY, now=NOW).hand_over(
            Handover("y", TODAY, to_user_id=chief.user_id, from_user_id=li.user_id)
        ),
    )
    assert [isinstance(one, dict) for one in handed].count(True) == 1
    wish = Wish("c-1", "c-2", *versions, "同一人")
    joined = at_once(
        office,
        lambda c: Merges(c, li, on=TODAY, now=NOW).merge(wish),
        lambda c: Merges(c, ma, on=TODAY, now=NOW).merge(wish),
    )
    assert [isinstance(one, str) for one in joined].count(True) == 1
    with office.engine.begin() as connection:
        running = connection.execute(text("SELECT count(*) FROM caseworkers WHERE ended_at IS NULL")).scalar_one()
        assert running == 1
        assert CandidateRepository(connection, PROGRAM).ids() == ["c-1"]
        assert list(breaks(connection)) == []
