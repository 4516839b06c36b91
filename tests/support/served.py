"""The service as it runs: a process of its own on a port, that a test asks, stops and kills."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine

from api.settings import today
from pipelines.access.roles import Role
from pipelines.access.sessions import Sessions
from tests.support.accounts import KEYS, a_user

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 60


def a_free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The JSON document."""
        return json.loads(self.body)


class Served:
    """A server process over a database; what it writes to standard error lies in a file."""

    def __init__(self, url: str, folder: Path, *, keys: str = KEYS, workers: int = 1) -> None:
        self.url, self.folder, self.keys, self.workers = url, folder, keys, workers
        self.port = a_free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where the server's messages are."""
        return self.folder / "served.log"

    @property
    def pid(self) -> int:
        """The number of the process, which leads a group of its own."""
        assert self.process is not None
        return self.process.pid

    def words(self) -> list[str]:
        """Return the command that starts it."""
        asked = ["--port", str(self.port), "--workers", str(self.workers)]
        return [sys.executable, "-m", "api.cli", "--db", self.url, "serve", *asked]

    def start(self, *, limit_file_size: int | None = None, more: Mapping[str, str] | None = None) -> None:
        """Start, with more of an environment, and wait until it answers."""
        words = self.words()
        if limit_file_size is not None:
            # As on a full disk: no file of the server grows past this size.
            words = ["prlimit", f"--fsize={limit_file_size}", *words]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("YOUGANG_")},
            "PYTHONPATH": str(ROOT),
            "YOUGANG_KEYS": self.keys,
            **(more or {}),
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  # our own program
                words,
                cwd=self.folder,
                env=environment,
                stderr=log,
                stdout=log,
                start_new_session=True,
            )
        self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        """Wait for the first answer."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            try:
                if self.ask("GET", "/healthz").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")[-2000:]
        raise AssertionError("the server does not answer")

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        document: Any = None,
        body: bytes = b"",
        patience: float = _PATIENCE,
    ) -> Heard:
        """Ask once, on a connection of its own."""
        sent = dict(headers or {})
        if document is not None:
            body, sent["Content-Type"] = json.dumps(document).encode(), "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        try:
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            return Heard(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        except http.client.HTTPException as error:
            raise ConnectionError("the answer broke off") from error
        finally:
            connection.close()

    def kill(self) -> None:
        """Kill it at once, with every process that it started: nothing is written any more."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """Tell it to stop as a service manager does, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)

    def _signal(self, number: int) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        self.process.wait(_PATIENCE)


@contextmanager
def served(url: str, folder: Path, **more: Any) -> Iterator[Served]:
    """Give a running server; whatever happens, it is gone afterwards."""
    server = Served(url, folder, **more)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def let_in(engine: Engine, login: str, role: Role, code: str) -> dict[str, str]:
    """Add a user with an open session on this machine; return the headers of their requests."""
    with engine.begin() as connection:
        account, at = a_user(connection, login, role, code)
        opened = Sessions(connection, now=datetime.now(UTC), on=today()).open(account.user_id, at, role)
    return {"Cookie": f"yougang={opened.token}", "X-CSRF-Token": opened.csrf_token}


def address_of(engine: Engine) -> str:
    """Return the whole URL of an engine's database."""
    url = engine.url.render_as_string(hide_password=False)
    assert urlsplit(url).scheme
    return url
