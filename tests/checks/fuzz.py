"""`python -m tests.checks.fuzz [--minutes 20]`: Schemathesis over every route, as each role in turn and as nobody.

A server of its own over a small invented province, SQLite or an empty PostgreSQL database. Looked for: an answer of
500 or above, a status, type or header that the description does not have, a body that is not as described. How often
somebody may ask is not counted meanwhile, for nothing else would be answered than that it was too often.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from api.app import create_app
from api.rates import Rates
from api.settings import Settings
from matching.rules.rulebook import rulebook
from pipelines.access.organisations import Organisation, Organisations
from pipelines.access.roles import COMMAND_LINE, OrganisationKind, Role
from pipelines.store.session import engine_for
from tests.support.accounts import FIRM, KEYS, OFFICE
from tests.support.province import TODAY, Trained, a_copy
from tests.support.served import Served, let_in

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
OWN_SESSION = "^/api/v1/session"
"""Signing out, or changing the password, would end the run of a role; nobody asks these all the same."""
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Told:
    """What Schemathesis said of one role."""

    role: str
    exit_code: int
    report: Mapping[str, Any]
    text: str


class Unlimited(Served):
    """A server that does not count how often somebody asks."""

    def __init__(self, of: Trained, url: str, folder: Path) -> None:
        super().__init__(url, folder)
        self._models = of.models

    def words(self) -> list[str]:
        """Return the command that starts it."""
        given = ["--serve", str(self.port), "--url", self.url, "--models", str(self._models)]
        return [sys.executable, "-m", "tests.checks.fuzz", *given]


def answer_for_ever(url: str, models: Path, port: int) -> None:
    """Be the server."""
    Rates.take = lambda *_: None  # type: ignore[method-assign]  # nothing is counted in this process
    app = create_app(Settings(database_url=url, models=models, as_of=TODAY, keys=KEYS))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def people_of_each_role(engine: Engine, firm: str, place: str) -> dict[str, dict[str, str]]:
    """Return headers of somebody in each role; nobody has none."""
    with engine.begin() as connection:
        organisations = Organisations(connection)
        organisations.seed_gansu(by=COMMAND_LINE)
        company = Organisation(FIRM, OrganisationKind.EMPLOYER, "单位", None, firm)
        analysts = Organisation(OFFICE, OrganisationKind.ANALYST_OFFICE, "分析室", None)
        for organisation in (company, analysts):
            organisations.add(organisation, [], by=COMMAND_LINE)
    return {NOBODY: {}} | {role.value: let_in(engine, f"fuzz-{role.value}", role, place) for role in Role}


def known_ids(of: Trained, folder: Path) -> None:
    """Write down ids that are there: half of the requests ask for one of them, or most would end at 404."""
    province = of.province
    known: dict[str, list[str]] = {
        "candidate_id": [c.candidate_id for c in province.candidates],
        "vacancy_id": [v.vacancy_id for v in province.vacancies],
        "employer_id": [e.employer_id for e in province.employers],
        "placement_id": [p.placement_id for p in province.placements],
        "course_id": [c.course_id for c in province.courses],
        "rule_id": sorted(rulebook().rules),
    }
    lines = []
    for name, ids in known.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(ids[:200])}", ""]
    lines.append("[parameters]")
    for name in known:
        for where in ("path", "query"):
            lines.append(f'"{where}.{name}" = {{ dictionary = "{name}", probability = 0.5 }}')
    (folder / "schemathesis.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def ask_as(role: str, headers: Mapping[str, str], port: int, seconds: int, folder: Path, seed: int) -> Told:
    """Let Schemathesis ask everything as one role for so long."""
    report = folder / f"{role}.json"
    words = [
        str(Path(sys.executable).parent / "st"), "--no-color", "run", f"http://127.0.0.1:{port}/api/v1/openapi.json",
        "--checks", ",".join(CHECKS), "--max-time", str(seconds), "--continue-on-failure", "--no-shrink",
        "--seed", str(seed), "--warnings", "off", "--suppress-health-check", "all", "--generation-database", "none",
        "--report", "json", "--report-json-path", str(report), "--request-timeout", "60",
        "--phases", "examples,coverage,fuzzing,stateful",
    ]  # fmt: skip
    if role != NOBODY:
        words += ["--exclude-path-regex", OWN_SESSION]
    for name, value in headers.items():
        words += ["--header", f"{name}: {value}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=seconds + 600, check=False)  # noqa: S603  # the tool beside this Python
    document = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return Told(role, done.returncode, document, done.stdout + done.stderr)


def run(seconds: int, roles: Sequence[str], url: str | None, keep: Path | None, seed: int) -> int:
    """Ask as each role and print what came of it; 1 where anything was found."""
    began, wrong = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="yougang-fuzz-") as name:
        folder = keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        of = a_copy(Path(name))
        place, firm = "620000", next(e.employer_id for e in of.province.employers)
        if url is not None:
            _copy_into(of.url, url)
        engine = engine_for(url or of.url, KEYS)
        doors = people_of_each_role(engine, firm, place)
        known_ids(of, folder)
        server = Unlimited(of, url or of.url, folder)
        try:
            server.start()
            for role in roles or list(doors):
                told = ask_as(role, doors[role], server.port, seconds, folder, seed)
                (folder / f"{role}.txt").write_text(told.text, encoding="utf-8")
                sys.stdout.write(f"{role:<18} exit {told.exit_code}  {_summary(told)}\n")
                sys.stdout.flush()
                wrong += told.exit_code != 0
        finally:
            server.kill()
            engine.dispose()
    sys.stdout.write(f"{make_url(url or of.url).get_backend_name()}, {time.monotonic() - began:.0f} s\n")
    return 1 if wrong else 0


def _copy_into(source: str, target: str) -> None:
    """Bring the province into another database, as a restored backup."""
    environment = {**os.environ, "YOUGANG_KEYS": KEYS, "YOUGANG_DATABASE_URL": source}
    with tempfile.TemporaryDirectory(prefix="yougang-fuzz-") as name:
        archive = str(Path(name) / "province.yougang")
        for words in (["backup", archive], ["restore", archive, "--into", target]):
            subprocess.run([sys.executable, "-m", "api.cli", *words], env=environment, check=True)  # noqa: S603  # our own program


def _summary(told: Told) -> str:
    lines = [line.strip() for line in told.text.splitlines() if line.strip()]
    kept = [
        line for line in lines if any(word in line for word in ("generated", "cases", "passed", "failed", "failure"))
    ]
    return " | ".join(kept[-4:])


def main() -> int:
    """Read what is asked and do it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=float, default=20.0)
    asked.add_argument("--role", action="append", default=[], help="one role; all where not given")
    asked.add_argument("--database", help="an empty PostgreSQL database; SQLite where not given")
    asked.add_argument("--keep", type=Path, help="where the reports stay")
    asked.add_argument("--seed", type=int, default=20261124)
    asked.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    asked.add_argument("--url", help=argparse.SUPPRESS)
    asked.add_argument("--models", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.serve is not None:
        answer_for_ever(given.url, given.models, given.serve)
        return 0
    n_roles = len(given.role) or len(Role) + 1
    return run(max(10, round(given.minutes * 60 / n_roles)), given.role, given.database, given.keep, given.seed)


if __name__ == "__main__":
    sys.exit(main())
