"""`python -m bench.load`: the service under 50 clients, and how its read route compares with a bare FastAPI route.

How the load arrives: each client is a caseworker with a session of their own who asks, reads the answer, waits and asks
again; waiting takes `--think` seconds on average (exponential). `--think 0` asks again at once: then the service is
always saturated, and the times say how long the queue is. The generator runs on the same cores as the service.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from api.settings import models_beside, today
from bench.load_store import Worker, fill, let_in, say
from pipelines.store.bulk import is_empty
from pipelines.store.session import engine_for
from pipelines.synthetic import ProvinceConfig
from tests.support.accounts import KEYS
from tests.support.served import Served, a_free_port

READS = ("person", "vacancy", "list")
MIX = {"person": 40, "vacancy": 25, "list": 20, "shortlist": 15}
"""Of a hundred requests. A shortlist is asked for when a person is there, a person's record around it."""
TARGETS_MS = {"reads": 60.0, "shortlist": 150.0}
LEAST_RATIO = 1 / 3
_RATIO_SECONDS, _RATIO_ROUNDS = 6.0, 3
_PATIENCE = 900.0
_STILL_OPENING = 504
"""What is answered, after a minute each time, while a desk takes longer to open than an answer may."""
Ask = Callable[[], tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens, and the group of its processes."""

    port: int
    group: int


@dataclass
class Times:
    """What came of the requests of one kind; seconds."""

    seconds: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    def failed(self, why: str) -> None:
        """Count an answer that was none."""
        self.errors[why] = self.errors.get(why, 0) + 1

    def document(self, over: float) -> dict[str, Any]:
        """Return the figures."""
        told: dict[str, Any] = {"n": len(self.seconds), "errors": self.errors, "per_second": len(self.seconds) / over}
        if len(self.seconds) > 1:
            cut = statistics.quantiles(self.seconds, n=100, method="inclusive")
            told |= {"p50_ms": cut[49] * 1000, "p95_ms": cut[94] * 1000, "p99_ms": cut[98] * 1000}
            told["max_ms"] = max(self.seconds) * 1000
        return told


class Client:
    """One connection that is kept, speaking as little HTTP as needed: the generator has to cost little."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """Send a request and return the status of the answer, which is read whole."""
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # the server hung up while nobody asked for anything
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        await reader.readexactly(int(length))
        return int(head[9:12])

    def close(self) -> None:
        """Hang up; the next request begins anew."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def request_of(path: str, token: str | None = None) -> bytes:
    """Return a request as it goes over the wire."""
    cookie = "" if token is None else f"Cookie: yougang={token}\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}\r\n".encode()


_CONSTANT = request_of("/constant")


def path_of(kind: str, worker: Worker, chance: random.Random) -> str:
    """Return an address of a kind that the worker may read."""
    if kind == "vacancy":
        return f"/api/v1/vacancies/{chance.choice(worker.vacancies)}"
    if kind == "list":
        return "/api/v1/candidates?limit=20"
    person = f"/api/v1/candidates/{chance.choice(worker.people)}"
    return person if kind == "person" else f"{person}/shortlist?k=20"


async def _client(port: int, ask: Ask, until: float, think: Callable[[], float], found: dict[str, Times]) -> None:
    client = Client(port)
    await asyncio.sleep(think())
    while time.monotonic() < until:
        kind, request = ask()
        times, began = found.setdefault(kind, Times()), time.perf_counter()
        try:
            status = await client.ask(request)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            times.failed(type(error).__name__)
            client.close()
        else:
            if status == 200:
                times.seconds.append(time.perf_counter() - began)
            else:
                times.failed(str(status))
        await asyncio.sleep(think())
    client.close()


def press(port: int, asks: Sequence[Ask], seconds: float, think: float, seed: int) -> dict[str, Times]:
    """Let a client for each of `asks` ask for so long; return what came of it, by kind."""
    chance, found = random.Random(seed), dict[str, Times]()  # a load, no secret

    def wait() -> float:
        return chance.expovariate(1 / think) if think else 0.0

    async def all_clients() -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(_client(port, ask, until, wait, found) for ask in asks))

    asyncio.run(all_clients())
    return found


def mixed(worker: Worker, seed: int) -> Ask:
    """Return what a caseworker asks for, in the proportions of the mix."""
    chance = random.Random(seed)  # a load, no secret
    kinds, weights = list(MIX), list(MIX.values())

    def ask() -> tuple[str, bytes]:
        kind = chance.choices(kinds, weights)[0]
        return kind, request_of(path_of(kind, worker, chance), worker.token)

    return ask


def only(kind: str, worker: Worker, seed: int) -> Ask:
    """Return requests of one kind."""
    chance = random.Random(seed)  # a load, no secret
    return lambda: (kind, request_of(path_of(kind, worker, chance), worker.token))


def processor_seconds(group: int) -> float:
    """Return how much processor time the processes of a group have used; zero where the system does not say."""
    ticks = 0
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            # The name of the program stands in brackets and may hold anything: count from behind it.
            told = entry.read_text(encoding="utf-8").rpartition(")")[2].split()
            if int(told[2]) == group:
                ticks += int(told[11]) + int(told[12])
    return ticks / os.sysconf("SC_CLK_TCK")


# ---- the parts of a run ---------------------------------------------------------------------------------------------


def under_load(port: int, workers: Sequence[Worker], seconds: float, think: float) -> dict[str, Any]:
    """Return the times of each kind under the mix."""
    asks = [mixed(worker, number) for number, worker in enumerate(workers)]
    say(f"warming up, then {len(asks)} clients for {seconds:.0f} s, thinking {think:g} s between two requests")
    press(port, asks, min(10.0, seconds), think, seed=1)
    found = press(port, asks, seconds, think, seed=2)
    reads = Times([s for kind in READS if kind in found for s in found[kind].seconds])
    for kind in READS:
        for why, n in found.get(kind, Times()).errors.items():
            reads.errors[why] = reads.errors.get(why, 0) + n
    return {kind: times.document(seconds) for kind, times in [*sorted(found.items()), ("reads", reads)]}


def compared(ours: Server, bare: Server, workers: Sequence[Worker]) -> dict[str, Any]:
    """Return requests a second of our read routes and of the bare one, taken in turns without any thinking.

    On a machine that others use as well the rates waver; processor time for a request hardly does.
    """
    kinds = ("bare", "vacancy", "person")
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    costs: dict[str, list[float]] = {kind: [] for kind in kinds}
    for turn in range(_RATIO_ROUNDS):
        for kind in kinds:
            asked = bare if kind == "bare" else ours
            asks = [_constantly if kind == "bare" else only(kind, w, turn * 1000 + n) for n, w in enumerate(workers)]
            used = processor_seconds(asked.group)
            times = press(asked.port, asks, _RATIO_SECONDS, 0, turn)[kind]
            if times.errors:
                say(f"{kind}: {times.errors}")
            n = max(1, len(times.seconds) + sum(times.errors.values()))
            rates[kind].append(len(times.seconds) / _RATIO_SECONDS)
            costs[kind].append((processor_seconds(asked.group) - used) / n * 1000)
    rate = {kind: statistics.median(told) for kind, told in rates.items()}
    cost = {kind: statistics.median(told) for kind, told in costs.items()}
    return {
        "per_second": rate,
        "processor_ms": cost,
        "ratio": {kind: rate[kind] / rate["bare"] for kind in kinds[1:]},
        "processor_ratio": {kind: cost["bare"] / cost[kind] if cost[kind] else 0.0 for kind in kinds[1:]},
    }


def _constantly() -> tuple[str, bytes]:
    return "bare", _CONSTANT


def bare_server(stack: ExitStack, workers: int) -> Server:
    """Start the bare service beside ours, in as many processes."""
    port = a_free_port()
    words = [sys.executable, "-m", "uvicorn", "bench.bare:app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen([*words, "--no-access-log", "--workers", str(workers)], start_new_session=True)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            asyncio.run(Client(port).ask(_CONSTANT))
            return Server(port, process.pid)
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the bare service does not answer")


def wrong(times: dict[str, Any], ratio: dict[str, Any]) -> list[str]:
    """Return which targets were missed."""
    told = [
        f"{kind}: p95 {times[kind]['p95_ms']:.0f} ms, at most {most:.0f}"
        for kind, most in TARGETS_MS.items()
        if times and times.get(kind, {}).get("p95_ms", float("inf")) > most
    ]
    told += [f"{kind}: errors {row['errors']}" for kind, row in times.items() if row["errors"]]
    told += [f"{kind}: {r:.2f} of the bare route" for kind, r in ratio.get("ratio", {}).items() if r < LEAST_RATIO]
    return told


def main() -> int:
    """Run and print; 1 where a target was missed."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--people", type=int, default=2_000)
    asked.add_argument("--vacancies", type=int, default=1_000)
    asked.add_argument("--database", help="filled where it is empty; a scratch SQLite file where not given")
    asked.add_argument("--tables", type=Path, help="folder that keeps the invented tables for another run")
    asked.add_argument("--models", type=Path, help="folder of models; beside the database where not given")
    asked.add_argument("--clients", type=int, default=50)
    asked.add_argument("--seconds", type=float, default=120)
    asked.add_argument("--think", type=float, default=1.0)
    asked.add_argument("--workers", type=int, default=1, help="processes of the service; more than one on PostgreSQL")
    asked.add_argument("--only-compare", action="store_true", help="leave the load out, compare with the bare route")
    asked.add_argument("--out", type=Path, default=Path("var") / "load.json")
    given = asked.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yougang-load-")))
        document = _run(stack, folder, given)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print_table(document)
    return 1 if document["wrong"] else 0


def _run(stack: ExitStack, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    url = given.database or f"sqlite:///{folder / 'load.db'}"
    models, day = given.models or models_beside(url), today()
    engine = engine_for(url, KEYS)
    stack.callback(engine.dispose)
    if is_empty(engine):
        fill(engine, models, _config(given, day), given.tables)
    workers = let_in(engine, given.clients, day)
    engine.dispose()
    server = Served(url, folder, workers=given.workers)
    stack.callback(server.kill)
    say("starting the service and opening its desk")
    server.start(more={"YOUGANG_MODELS": str(models.resolve())})
    wait_for_desk(server, given.workers)
    times = {} if given.only_compare else under_load(server.port, workers, given.seconds, given.think)
    ratio = compared(Server(server.port, server.pid), bare_server(stack, given.workers), workers)
    return {
        "database": make_url(url).get_backend_name(),
        "people": given.people,
        "vacancies": given.vacancies,
        "clients": given.clients,
        "seconds": given.seconds,
        "think_seconds": given.think,
        "processes": given.workers,
        "cores": os.cpu_count(),
        "mix": MIX,
        "times": times,
        "compared": ratio,
        "wrong": wrong(times, ratio),
    }


def _config(given: argparse.Namespace, day: date) -> ProvinceConfig:
    return ProvinceConfig(today=day, n_candidates=given.people, n_vacancies=given.vacancies)


def wait_for_desk(server: Served, processes: int) -> None:
    """Ask until every process has its desk open; which one answers is chance, so each is asked several times."""
    left, until = 8 * processes if processes > 1 else 1, time.monotonic() + _PATIENCE
    while left:
        heard = server.ask("GET", "/readyz", patience=_PATIENCE)
        if heard.status == 200:
            left -= 1
        elif heard.status != _STILL_OPENING or time.monotonic() > until:
            raise RuntimeError(f"the service is not ready: {heard.status} {heard.body.decode()}")


def print_table(document: dict[str, Any]) -> None:
    """Print what came of it."""
    print(f"{document['database']}, {document['processes']} process(es), {document['clients']} clients")
    for kind, row in document["times"].items():
        spread = "  ".join(
            f"{name} {row[f'{name}_ms']:7.1f} ms" for name in ("p50", "p95", "p99") if f"{name}_ms" in row
        )
        print(f"{kind:<10} {row['n']:>7}  {row['per_second']:7.1f}/s  {spread}  errors {row['errors'] or 'none'}")
    for kind, rate in document["compared"]["per_second"].items():
        cost = document["compared"]["processor_ms"][kind]
        print(f"{kind:<10} {rate:7.0f}/s without thinking, {cost:.2f} ms of processor each")
    for kind, ratio in document["compared"]["ratio"].items():
        of_processor = document["compared"]["processor_ratio"][kind]
        print(
            f"{kind:<10} {ratio:7.2f} of the bare route, {of_processor:.2f} by the processor time of the service alone"
        )
    print("\n".join(document["wrong"]) or "every target met")


if __name__ == "__main__":
    sys.exit(main())
