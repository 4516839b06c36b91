"""The service where the ground gives way: killed, stopped, without its database, without room, with a wrong clock."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from pipelines.access.audit import breaks
from pipelines.access.roles import Role, program_subject
from pipelines.access.sessions import Sessions
from pipelines.consistency import check
from pipelines.schema import CANDIDATES
from pipelines.store.repositories import TableRepository
from tests.checks.kill9 import Ordeal, faults
from tests.support.accounts import a_user, gansu_with_others
from tests.support.cut import a_wire
from tests.support.province import TODAY
from tests.support.served import Heard, Served, address_of, let_in, served
from tests.support.stores import BACKENDS, a_store, an_empty_database

PLACE = "620102"
Headers = dict[str, str]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with a_store("sqlite", tmp_path) as engine:
        with engine.begin() as connection:
            gansu_with_others(connection)
        yield engine


def register(server: Served, headers: Headers, key: str) -> Heard:
    return server.ask("POST", "/api/v1/candidates", {**headers, "Idempotency-Key": key}, document={"region": PLACE})


def people(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return {row["candidate_id"] for row in TableRepository(connection, CANDIDATES, program_subject("test")).rows()}


def is_sound(engine: Engine) -> bool:
    with engine.connect() as connection:
        return not list(breaks(connection)) and not any(f.is_error for f in check(connection, on=TODAY))


@pytest.mark.parametrize("kind", BACKENDS)
def test_no_acknowledged_write_is_lost_or_doubled_when_the_server_is_killed(tmp_path: Path, kind: str) -> None:
    """`python -m tests.checks.kill9 --times 50` does it for longer."""
    with an_empty_database(kind, tmp_path) as engine:
        ordeal = Ordeal(engine, tmp_path, seed=3)
        found = ordeal.run(3)
    assert faults(ordeal.wrote, found) == []
    assert len(ordeal.wrote.people) >= 10
    assert ordeal.wrote.sheets


def test_a_server_that_is_told_to_stop_finishes_what_it_began(tmp_path: Path, store: Engine) -> None:
    headers, rows = let_in(store, "writer", Role.CASEWORKER, PLACE), 6000
    body = (
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\ncandidate_id,region\n'
        + "".join(f"person-{row},{PLACE}\n" for row in range(rows))
        + "\r\n--b--\r\n"
    ).encode()
    sent = {**headers, "Idempotency-Key": "one-long-import", "Content-Type": "multipart/form-data; boundary=b"}
    heard: list[Heard] = []
    with served(address_of(store), tmp_path) as server:
        asking = threading.Thread(
            target=lambda: heard.append(server.ask("POST", "/api/v1/imports/candidates", sent, body=body))
        )
        asking.start()
        while not (begun := people(store)):  # it has begun, and most of it is still to come
            time.sleep(0.01)
        assert len(begun) < rows
        server.stop()
        asking.join()
        with pytest.raises(OSError, match=r"refused|broke off"):
            server.ask("GET", "/healthz")
    assert (heard[0].status, heard[0].document["accepted"]) == (201, rows)
    assert len(people(store)) == rows


def test_several_processes_serve_one_database_and_all_stop(tmp_path: Path) -> None:
    with a_store("postgresql", tmp_path) as engine:
        with engine.begin() as connection:
            gansu_with_others(connection)
        headers = let_in(engine, "writer", Role.CASEWORKER, PLACE)
        with served(address_of(engine), tmp_path, workers=2) as server:
            made = {register(server, headers, f"request-{n}").document["candidate_id"] for n in range(12)}
            again = {register(server, headers, f"request-{n}").document["candidate_id"] for n in range(12)}
            server.stop()
            with pytest.raises(OSError, match=r"refused|broke off"):
                server.ask("GET", "/healthz")
        assert made == again == people(engine)


def test_several_processes_are_refused_over_sqlite(tmp_path: Path, store: Engine) -> None:
    server = Served(address_of(store), tmp_path, workers=2)
    with pytest.raises(AssertionError, match="SQLite 数据库只用一个进程"):
        server.start()


def test_while_the_database_restarts_the_answer_says_wait_and_afterwards_all_goes_on(tmp_path: Path) -> None:
    with a_store("postgresql", tmp_path) as engine:
        with engine.begin() as connection:
            gansu_with_others(connection)
        headers = let_in(engine, "writer", Role.CASEWORKER, PLACE)
        url = make_url(address_of(engine))
        with a_wire(url.host or "127.0.0.1", url.port or 5432) as wire:
            through = url.set(host="127.0.0.1", port=wire.port).render_as_string(hide_password=False)
            with served(through, tmp_path) as server:
                told = register(server, headers, "request-1").document["candidate_id"]
                wire.cut()
                away = [register(server, headers, "request-2") for _ in range(3)]
                assert {answer.status for answer in away} == {503}
                assert all(answer.document["type"] == "/problems/database-busy" for answer in away)
                assert all(int(answer.headers["retry-after"]) > 0 for answer in away)
                assert server.ask("GET", "/healthz").status == 200
                wire.mend()
                later = next(a for a in (register(server, headers, "request-2") for _ in range(20)) if a.status == 201)
            assert "Traceback" not in server.log.read_text(encoding="utf-8")
        assert people(engine) == {told, later.document["candidate_id"]}
        assert is_sound(engine)


def test_without_room_on_the_disk_writes_are_refused_and_nothing_acknowledged_is_lost(
    tmp_path: Path, store: Engine
) -> None:
    headers = let_in(store, "writer", Role.CASEWORKER, PLACE)
    file = Path(str(store.url.database))
    store.dispose()
    server, told, refused = Served(address_of(store), tmp_path), set(), []
    try:
        server.start(limit_file_size=file.stat().st_size + 60_000)
        for n in range(60):
            answer = register(server, headers, f"request-{n}")
            if answer.status == 201:
                told.add(answer.document["candidate_id"])
            else:
                refused.append(answer)
            if len(refused) == 3:
                break
        assert {answer.status for answer in refused} == {503}
        assert all(PLACE not in answer.body.decode() for answer in refused)
        assert server.ask("GET", "/healthz").status == 200
        server.kill()
        server.start()  # there is room again
        told.add(register(server, headers, "request-later").document["candidate_id"])
    finally:
        server.kill()
    assert len(told) > 1
    assert people(store) == told
    assert is_sound(store)


@pytest.mark.parametrize(
    ("jump", "is_in"),
    [
        (timedelta(0), True),
        (timedelta(minutes=29), True),
        (timedelta(minutes=31), False),
        (timedelta(days=400), False),
        # Set back, a clock ends no session, and gives none a longer life than it had.
        (timedelta(hours=-3), True),
        (timedelta(days=-400), True),
    ],
)
def test_a_clock_that_jumps_ends_sessions_early_or_not_at_all(store: Engine, jump: timedelta, is_in: bool) -> None:
    began = datetime(2026, 11, 23, 1, tzinfo=UTC)
    with store.begin() as connection:
        account, at = a_user(connection, "worker", Role.CASEWORKER, PLACE)
        opened = Sessions(connection, now=began, on=TODAY).open(account.user_id, at, Role.CASEWORKER)
        found = Sessions(connection, now=began + jump, on=TODAY).current(opened.token)
        assert (found is not None) == is_in
        # Back in time again, nothing lives longer than its twelve hours.
        assert Sessions(connection, now=began + timedelta(hours=12, minutes=1), on=TODAY).current(opened.token) is None
