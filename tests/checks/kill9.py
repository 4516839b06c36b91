"""`python -m tests.checks.kill9 [--times 50] [--database URL]`: the server is killed while it writes, again and again.

Writers register people and send in sheets, each with a key of its own, and note what was acknowledged. After every kill
the server starts anew and each request without an answer is sent again with the same key. At the end every
acknowledged write has to be there once, and the audit has to be whole.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from pipelines.access.audit import breaks
from pipelines.access.roles import Role, program_subject
from pipelines.consistency import check
from pipelines.schema import CANDIDATES
from pipelines.store.repositories import TableRepository
from pipelines.store.session import engine_for, upgrade
from tests.support.accounts import KEYS, gansu_with_others
from tests.support.province import TODAY
from tests.support.served import Heard, Served, address_of, let_in

PLACE = "620102"
N_WRITERS, SHEET_ROWS = 3, 400
_BOUNDARY = "yougang-kill9"


@dataclass
class Wrote:
    """What the writers asked for and what they were told; shared by their threads."""

    people: dict[str, str] = field(default_factory=dict)
    """Key of the request to the id that was acknowledged."""
    sheets: dict[str, int] = field(default_factory=dict)
    """Key of the request to the number of the sheet, where the whole of it was acknowledged."""
    open_people: list[str] = field(default_factory=list)
    open_sheets: list[tuple[str, int]] = field(default_factory=list)
    n_again: int = 0
    refused: list[str] = field(default_factory=list)
    """Answers that were neither an acknowledgement nor a clear refusal."""


@dataclass(frozen=True)
class Found:
    """What the database holds at the end."""

    people: frozenset[str]
    """Of the ids that were acknowledged, those that are there."""
    others: int
    """People beside them: those of the sheets, and any that a request made twice."""
    breaks: int
    errors: int


class Ordeal:
    """A database, its server and those who write to it."""

    def __init__(self, engine: Engine, folder: Path, seed: int) -> None:
        self.engine, self.chance = engine, random.Random(seed)  # when to kill, no secret
        upgrade(engine)
        with engine.begin() as connection:
            gansu_with_others(connection)
        self.headers = let_in(engine, "writer", Role.CASEWORKER, PLACE)
        self.server = Served(address_of(engine), folder)
        self.wrote = Wrote()
        self._n_sheets = 0
        self._lock = threading.Lock()

    def run(self, times: int) -> Found:
        """Kill the server so many times, let everything be sent again, and look."""
        try:
            for _ in range(times):
                self._round()
            self.server.start()
            self._send_again()
        finally:
            self.server.kill()
        return self._found()

    def _round(self) -> None:
        self.server.start()
        self._send_again()
        is_over = threading.Event()
        writers = [threading.Thread(target=self._write_people, args=(is_over,)) for _ in range(N_WRITERS)]
        writers.append(threading.Thread(target=self._write_sheets, args=(is_over,)))
        for writer in writers:
            writer.start()
        time.sleep(self.chance.uniform(0.05, 1.2))
        self.server.kill()
        is_over.set()
        for writer in writers:
            writer.join()

    # ---- those who write ----

    def _key(self) -> str:
        with self._lock:
            return str(UUID(int=self.chance.getrandbits(128)))

    def _write_people(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            self._register(self._key())

    def _write_sheets(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            with self._lock:
                self._n_sheets += 1
                number = self._n_sheets
            self._send_sheet(self._key(), number)

    def _send_again(self) -> None:
        people, self.wrote.open_people = self.wrote.open_people, []
        sheets, self.wrote.open_sheets = self.wrote.open_sheets, []
        self.wrote.n_again += len(people) + len(sheets)
        for key in people:
            self._register(key)
        for _, number in sheets:
            # An import that broke off is not taken up again by its key: what was stored is found unchanged.
            self._send_sheet(self._key(), number)

    def _register(self, key: str) -> None:
        try:
            heard = self.server.ask(
                "POST", "/api/v1/candidates", {**self.headers, "Idempotency-Key": key}, document={"region": PLACE}
            )
        except OSError as error:
            self._unanswered(error)
            self.wrote.open_people.append(key)
            return
        if heard.status == 201:
            self.wrote.people[key] = heard.document["candidate_id"]
        else:
            self._not_yet(heard)
            self.wrote.open_people.append(key)

    def _send_sheet(self, key: str, number: int) -> None:
        try:
            heard = self.server.ask("POST", "/api/v1/imports/candidates", self._sheet_headers(key), body=sheet(number))
        except OSError as error:
            self._unanswered(error)
            self.wrote.open_sheets.append((key, number))
            return
        if heard.status == 201 and heard.document["accepted"] is not None:
            told = heard.document
            assert told["accepted"] + told["unchanged"] == SHEET_ROWS, told
            self.wrote.sheets[key] = number
        else:
            self._not_yet(heard)
            self.wrote.open_sheets.append((key, number))

    def _sheet_headers(self, key: str) -> dict[str, str]:
        return {
            **self.headers,
            "Idempotency-Key": key,
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
        }

    def _unanswered(self, error: OSError) -> None:
        if isinstance(error, TimeoutError):
            self.wrote.refused.append("a server that runs gave no answer")
        time.sleep(0.02)  # a server that is gone is not asked a thousand times

    def _not_yet(self, heard: Heard) -> None:
        """Take note of an answer; 429 and 503 say clearly that it has to be asked again later."""
        if heard.status in (429, 503):
            time.sleep(min(int(heard.headers.get("retry-after", "1")), 5))
        else:
            self.wrote.refused.append(f"{heard.status} {heard.body[:200]!r}")

    # ---- what is there at the end ----

    def _found(self) -> Found:
        program = program_subject("kill9")
        with self.engine.connect() as connection:
            people = TableRepository(connection, CANDIDATES, program)
            ids = people.existing("candidate_id", self.wrote.people.values())
            return Found(
                people=frozenset(ids),
                others=people.count() - len(ids),
                breaks=len(list(breaks(connection))),
                errors=sum(finding.is_error for finding in check(connection, on=TODAY)),
            )


def sheet(number: int) -> bytes:
    """Return a sheet of people as a form that a browser sends."""
    rows = "".join(f"sheet-{number}-{row},{PLACE}\n" for row in range(SHEET_ROWS))
    return (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="people.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\ncandidate_id,region\n{rows}\r\n--{_BOUNDARY}--\r\n"
    ).encode()


def faults(wrote: Wrote, found: Found) -> list[str]:
    """Return what does not hold, in words."""
    told = []
    lost = set(wrote.people.values()) - found.people
    if lost:
        told.append(f"{len(lost)} acknowledged people are not there")
    if len(set(wrote.people.values())) != len(wrote.people):
        told.append("two requests were told the same person")
    if wrote.open_people or wrote.open_sheets:
        told.append(f"{len(wrote.open_people) + len(wrote.open_sheets)} requests never were answered")
    expected = SHEET_ROWS * len(set(wrote.sheets.values()))
    if found.others != expected:
        told.append(f"{found.others} people came by sheets and by doubled requests, {expected} were sent")
    if found.breaks:
        told.append(f"the audit is broken in {found.breaks} places")
    if found.errors:
        told.append(f"the stored data contradict themselves in {found.errors} places")
    if wrote.refused:
        told.append(f"{len(wrote.refused)} answers were neither yes nor wait, the first: {wrote.refused[0]}")
    return told


def main() -> int:
    """Run the ordeal and print what came of it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--times", type=int, default=50)
    asked.add_argument("--seed", type=int, default=9)
    asked.add_argument("--database", help="an empty PostgreSQL database; SQLite where not given")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="yougang-kill9-") as folder:
        url = given.database or f"sqlite:///{Path(folder) / 'kill9.db'}"
        engine, began = engine_for(url, KEYS), time.monotonic()
        ordeal = Ordeal(engine, Path(folder), given.seed)
        found = ordeal.run(given.times)
        engine.dispose()
    wrong = faults(ordeal.wrote, found)
    told = {
        "database": make_url(url).get_backend_name(),
        "killed": given.times,
        "people_acknowledged": len(ordeal.wrote.people),
        "sheets_acknowledged": len(ordeal.wrote.sheets),
        "asked_again": ordeal.wrote.n_again,
        "seconds": round(time.monotonic() - began),
        "wrong": wrong,
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
