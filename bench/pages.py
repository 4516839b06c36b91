"""`python -m bench.pages`: every page of the console, asked for by every role: server time and bytes over the wire.

Pages are found by walking the application; one that is not asked for, or that nobody could open, is told at the end.
Each is asked for `--times` times on a kept connection of this machine, after once to warm up; what is worked out beside
the requests is waited for first. `wall` is what passes until the last byte has come, `processor` what the service used
of a processor for it (without the database). On a machine that others use as well `least` says more than the median.
`--line` loads each page in Chromium with an empty cache over a line of 1 Mbit/s with 200 ms delay (`bench.line`).
"""

import argparse
import gzip
import http.client
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from api.access import policy_of
from api.app import create_app
from api.settings import Settings, today
from bench.line import a_line
from bench.load import processor_seconds, wait_for_desk
from bench.load_store import say
from bench.pages_store import Seat, fill_plan, made, objects_in, open_offices, seats
from pipelines.store.session import engine_for, upgrade
from tests.api.test_matrix import all_routes_of
from tests.support.accounts import KEYS
from tests.support.served import Served

MOST_MS, MOST_BYTES, MOST_ON_LINE_MS = 300.0, 120 * 1024, 2000.0
_WAITING = b'hx-trigger="load delay'
_PATIENCE = 240.0
_STATIC = re.compile(rb'(?:href|src)="(/static/[^"]+)"')
_TIMES = """() => { const n = performance.getEntriesByType('navigation')[0];
    const p = performance.getEntriesByName('first-contentful-paint')[0];
    return {answer_ms: Math.round(n.responseStart), seen_ms: Math.round(p ? p.startTime : -1),
    ready_ms: Math.round(n.domContentLoadedEventEnd), whole_ms: Math.round(n.loadEventEnd)}; }"""
_P = "/people/{person}"
PAGES: Mapping[str, Sequence[str]] = {
    "/people/{candidate_id}/facts/{group}": [
        f"{_P}/facts/{group}" for group in ("identity", "functions", "wishes", "abilities", "standing")
    ],
    "/people/{candidate_id}/ask": [f"{_P}/ask?post=%E5%91%98"],
    "/people/{candidate_id}/lists/{run_id}/compare": [f"{_P}/lists/{{run}}/compare?v={{first}}&v={{second}}"],
    "/people/{candidate_id}/income": [f"{_P}/income", f"{_P}/income?vacancy={{first}}"],
    "/people/{candidate_id}/sheets/{kind}": [
        f"{_P}/sheets/person?run={{run}}",
        f"{_P}/sheets/file?run={{run}}",
        f"{_P}/sheets/employer?v={{first}}&run={{run}}",
        f"{_P}/sheets/person.pdf?run={{run}}",
        f"{_P}/sheets/file.pdf?run={{run}}",
    ],
    "/people": ["/people", "/people?limit=50"],
    "/": ["/", "/?limit=50", "/?kind=certificate"],
    "/people/{candidate_id}/compared/{other_id}": [f"{_P}/compared/{{other}}"],
    "/plans": ["/plans?kind=assistance", "/plans?kind=graduate"],
    "/plan-work/{name}": ["/plan-work/workshops"],
    "/tasks": ["/tasks", "/tasks?whose=all&when=due"],
    "/supervision/report.{kind}": [f"/supervision/report.{kind}" for kind in ("docx", "xlsx", "html")],
    "/supervision/units": [f"/supervision/units?duty={duty}" for duty in ("quota", "min_one", "publish")],
    "/supervision/ledger": ["/supervision/ledger"],
    "/supervision/inspections/{inspection_id}": [
        "/supervision/inspections/{inspection}",
        "/supervision/inspections/{inspection}?evidence=1",
    ],
    "/exchange": ["/exchange?employer_id={unit}"],
    "/exchange/files/{kind}": ["/exchange/files/training"],
    "/posts/{vacancy_id}/steps/{name}": [
        f"/posts/{{post}}/steps/{name}" for name in ("tasks", "demands", "accommodations", "terms")
    ],
    "/employers/{employer_id}": ["/employers/{unit}"],
    "/employers/{employer_id}/report": ["/employers/{unit}/report"],
    "/company/report": ["/company/report"],
    "/models/compare": ["/models/compare?one={model}&other={model}"],
    "/models/{version}": ["/models/{model}"],
}
"""How a page is asked for where its address alone does not say it; other places are filled from `_PLACES`."""
_PLACES = {
    "candidate_id": "person", "run_id": "run", "import_id": "upload", "consent_id": "consent", "merge_id": "merge",
    "initiative_id": "event", "course_id": "course", "placement_id": "placement", "vacancy_id": "post",
    "employer_id": "unit", "inspection_id": "inspection", "version": "model", "name": "run_name",
}  # fmt: skip
_EVERYBODYS = ("/", "/notices")
"""Pages that are loaded over the line as every role; of the others the role that waits longest."""
_NEVER = frozenset({"/static/{address}", "/sign-out"})


@dataclass
class Page:
    """A page as one role asked for it."""

    route: str
    address: str
    seat: str
    status: int
    first_ms: float
    wall_ms: list[float]
    processor_ms: float
    wire: int
    first_load: int
    is_file: bool = False
    line: dict[str, int] | None = None

    @property
    def is_slow(self) -> bool:
        """True where even the quickest answer took too long; files to keep are no pages."""
        return min(self.wall_ms) > MOST_MS and not self.is_file

    def document(self) -> dict[str, Any]:
        """Return the figures."""
        wall = sorted(self.wall_ms)
        return {
            "route": self.route,
            "address": self.address,
            "role": self.seat,
            "status": self.status,
            "first_ms": round(self.first_ms),
            "least_ms": round(wall[0]),
            "median_ms": round(statistics.median(wall)),
            "p95_ms": round(wall[min(len(wall) - 1, int(len(wall) * 0.95))]),
            "processor_ms": round(self.processor_ms),
            "wire_bytes": self.wire,
            "first_load_bytes": self.first_load,
            **({} if self.line is None else {"line": self.line}),
        }


class Reader:
    """Somebody's connection to the service, which is kept."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)

    def ask(self, path: str, headers: Mapping[str, str]) -> tuple[int, bytes, bytes, float]:
        """Return the status, the body as it came and unpacked, and the milliseconds until it was there."""
        sent = {**headers, "Accept": "text/html", "Accept-Encoding": "gzip"}
        began = time.perf_counter()
        self.connection.request("GET", path, headers=sent)
        answer = self.connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        plain = body
        if answer.getheader("Content-Encoding") == "gzip":
            plain = gzip.decompress(body)
        self.disposition = answer.getheader("Content-Disposition") or ""
        self.head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
        return answer.status, body, plain, took


def routes() -> Iterator[str]:
    """Yield the address of every page that is asked for and not sent."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            Settings(database_url=f"sqlite:///{folder}/routes.db", models=Path(folder), as_of=today(), keys=KEYS)
        )
        for method, path, route in all_routes_of(app):
            policy = policy_of(route.endpoint)
            if method == "GET" and policy is not None and policy.is_page and path not in _NEVER:
                yield path


def addresses(route: str, found: Mapping[str, str]) -> list[str]:
    """Return the addresses of a page; none where what it is about is not there."""
    told = PAGES.get(route) or [re.sub(r"\{(\w+)\}", lambda one: f"{{{_PLACES.get(one[1], one[1])}}}", route)]
    return [one.format(**found) for one in told if set(re.findall(r"\{(\w+)\}", one)) <= set(found)]


class Walk:
    """Somebody of each role before a running service."""

    def __init__(self, server: Served, engine: Engine, times: int) -> None:
        self.server, self.engine, self.times = server, engine, times
        self.reader = Reader(server.port)
        self.statics: dict[bytes, int] = {}

    def asked(self, seat: Seat, address: str) -> tuple[int, bytes, bytes, float]:
        """Ask for a page as somebody who may still ask this hour."""
        heard = self.reader.ask(address, seat.headers)
        if heard[0] == 429:
            seat.sit(self.engine, today())
            heard = self.reader.ask(address, seat.headers)
        return heard

    def page(self, route: str, address: str, seat: Seat) -> Page:
        """Ask for a page until what it shows is there, then so many times."""
        status, body, plain, first = self.asked(seat, address)
        if status not in (200, 303):
            return Page(route, address, seat.name, status, first, [first], 0, len(body), 0)
        until = time.monotonic() + _PATIENCE
        while _WAITING in plain and time.monotonic() < until:
            time.sleep(1)
            status, body, plain, _ = self.asked(seat, address)
        wall, used = [], processor_seconds(self.server.pid)
        for _ in range(self.times):
            status, body, plain, took = self.asked(seat, address)
            wall.append(took)
        used = (processor_seconds(self.server.pid) - used) * 1000 / self.times
        wire = len(body) + self.reader.head
        loaded = sum(self._weight(one) for one in set(_STATIC.findall(plain)))
        is_file = self.reader.disposition.startswith("attachment")
        return Page(route, address, seat.name, status, first, wall, used, wire, wire + loaded, is_file)

    def _weight(self, address: bytes) -> int:
        if address not in self.statics:
            _, body, _, _ = self.reader.ask(address.decode(), {})
            self.statics[address] = len(body) + self.reader.head
        return self.statics[address]


def on_the_line(walk: Walk, pages: Sequence[Page], by_name: Mapping[str, Seat], times: int) -> None:
    """Load each page with an empty cache over the slow line, and keep the quickest of so many times.

    `seen` is the first contentful paint, `ready` when the whole page and its scripts are there, `whole` the load event.
    """
    from tests.support.browser import a_browser

    with a_line(walk.server.port) as line, a_browser() as browser:
        base = f"http://127.0.0.1:{line.port}"
        for one in pages:
            if one.status not in (200, 303) or one.is_file:
                continue
            seat = by_name[one.seat]
            walk.asked(seat, one.address)  # so that it is not refused for having been asked for too often
            for _ in range(times):
                context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
                context.add_cookies([{"name": "yougang", "value": seat.cookie, "url": base}])
                line.reset()
                window = context.new_page()
                window.goto(base + one.address, wait_until="load")
                taken: dict[str, int] = window.evaluate(_TIMES)
                taken |= {"connections": line.n_connections, "bytes": line.n_bytes}
                context.close()
                if one.line is None or taken["ready_ms"] < one.line["ready_ms"]:
                    one.line = taken


def main() -> int:
    """Run and print; 1 where a page is too slow or too heavy."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--database", required=True, help="a store that `bench.load --database` filled")
    asked.add_argument("--models", type=Path, required=True, help="the folder of models that `bench.load` was given")
    asked.add_argument("--times", type=int, default=7)
    asked.add_argument("--only", default="", help="only routes in which this regular expression is found")
    asked.add_argument("--line", action="store_true", help="also in a browser over a slow line")
    asked.add_argument("--line-times", type=int, default=3)
    asked.add_argument("--out", type=Path, default=Path("var") / "pages.json")
    given = asked.parse_args()
    on, engine = today(), engine_for(given.database, KEYS)
    upgrade(engine)
    with engine.begin() as connection:
        found = objects_in(connection)
        open_offices(connection, found["employer"])
    fill_plan(engine, found, on)
    everybody = seats(found["county"])
    by_name = {seat.name: seat for seat in everybody}
    for seat in everybody:
        seat.sit(engine, on)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yougang-pages-")))
        server = Served(given.database, folder)
        stack.callback(server.kill)
        server.start(more={"YOUGANG_MODELS": str(given.models.resolve())})
        wait_for_desk(server, 1)
        made(server, by_name, found, on)
        walk, pages, nobody = Walk(server, engine, given.times), list[Page](), list[str]()
        for route in sorted(set(routes())):
            if not re.search(given.only, route):
                continue
            told = [walk.page(route, one, seat) for one in addresses(route, found) for seat in everybody]
            told = [one for one in told if one.status in (200, 303)]
            for one in told:
                say(f"{one.seat:<13} {min(one.wall_ms):5.0f} ms {one.processor_ms:5.0f} cpu  {one.address}")
            pages += told
            nobody += [] if told else [route]
        if given.line:
            everybodys = [one for one in pages if one.address in _EVERYBODYS]
            over_it = {id(one): one for one in [*everybodys, *_one_of_each(pages)]}
            on_the_line(walk, list(over_it.values()), by_name, given.line_times)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    document = {"pages": [one.document() for one in pages], "not_asked": nobody}
    given.out.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    wrong = told_of(pages)
    print("\n".join([*table(pages), *(f"nobody could open {one}" for one in nobody), *wrong]))
    return 1 if wrong else 0


def _one_of_each(pages: Sequence[Page]) -> list[Page]:
    """Return of each page the role that waited longest."""
    slowest: dict[tuple[str, str], Page] = {}
    for one in pages:
        key = (one.route, one.address)
        if key not in slowest or min(one.wall_ms) > min(slowest[key].wall_ms):
            slowest[key] = one
    return list(slowest.values())


def table(pages: Sequence[Page]) -> list[str]:
    """Return a table in Markdown, of each page the slowest role."""
    lines = [
        "| page | role | least ms | median ms | processor ms | first load kB | on the line: seen ms | ready ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in sorted(_one_of_each(pages), key=lambda one: one.is_file):
        row, told = one.document(), _shape(one)
        seen, ready = ("", "") if one.line is None else (one.line["seen_ms"], one.line["ready_ms"])
        lines.append(
            f"| `{told}` | {one.seat} | {row['least_ms']} | {row['median_ms']} | {row['processor_ms']} "
            f"| {one.first_load / 1024:.0f} | {seen} | {ready} |"
        )
    return lines


def _shape(page: Page) -> str:
    """Return the route, with what was asked beside it."""
    query = re.sub(r"=[^&]*(?:-[^&]*|%[^&]*|[0-9]{6}[^&]*)", "=…", page.address.partition("?")[2])
    path = page.address.partition("?")[0].rpartition("/")[2]
    route = re.sub(r"\{(?:kind|name|group)\}", path.partition(".")[0] if ".{" in page.route else path, page.route)
    return route + (f"?{query}" if query else "")


def told_of(pages: Sequence[Page]) -> list[str]:
    """Return which bounds were missed."""
    told = [f"{one.seat} {one.address}: {min(one.wall_ms):.0f} ms" for one in pages if one.is_slow]
    told += [
        f"{one.seat} {one.address}: {one.first_load} bytes"
        for one in pages
        if one.first_load > MOST_BYTES and not one.is_file
    ]
    told += [
        f"{one.seat} {one.address}: seen after {one.line['seen_ms']}, ready after {one.line['ready_ms']} ms on the line"
        for one in pages
        if one.line is not None and max(one.line["seen_ms"], one.line["ready_ms"]) > MOST_ON_LINE_MS
    ]
    return told


if __name__ == "__main__":
    sys.exit(main())
