"""What the pages are asked of: somebody of every role, and one of each object, in a store that `bench.load` filled.

The tables of the plan's actions, which the invented province lacks, are filled too, once.
"""

import csv
import json
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, text

from bench.load_store import say
from pipelines.access.organisations import Organisation, Organisations
from pipelines.access.roles import COMMAND_LINE, OrganisationKind, Role, program_subject
from pipelines.access.sessions import Sessions
from pipelines.ingest import ingest
from pipelines.plan_schema import IMPORTED
from tests.support.accounts import FIRM, OFFICE, a_user
from tests.support.served import Served

PROVINCE = "620000"
_PEOPLE, _UNITS, _EVENTS, _POSTS_OF_EVENT = 4000, 4000, 300, 10


@dataclass
class Seat:
    """Somebody of a role; another account takes over where one has asked as often as one may in an hour."""

    name: str
    role: Role
    code: str
    run: str
    headers: dict[str, str] = field(default_factory=dict)
    taken: int = 0

    def sit(self, engine: Engine, on: date) -> None:
        """Sign in as a new account."""
        self.taken += 1
        login = f"pages-{self.run}-{self.name}-{self.taken}"
        with engine.begin() as connection:
            account, at = a_user(connection, login, self.role, self.code)
            opened = Sessions(connection, now=datetime.now(UTC), on=on).open(account.user_id, at, self.role)
        self.headers = {"Cookie": f"yougang={opened.token}", "X-CSRF-Token": opened.csrf_token}

    @property
    def cookie(self) -> str:
        """The token of the session."""
        return self.headers["Cookie"].partition("=")[2]


def seats(county: str) -> list[Seat]:
    """Return somebody of every role; supervisors of a county and of the province."""
    run = secrets.token_hex(3)
    told = [
        ("caseworker", Role.CASEWORKER, county),
        ("supervisor", Role.SUPERVISOR, county),
        ("province", Role.SUPERVISOR, PROVINCE),
        ("poster", Role.COMPANY_POSTER, PROVINCE),
        ("approver", Role.COMPANY_APPROVER, PROVINCE),
        ("analyst", Role.ANALYST, PROVINCE),
        ("auditor", Role.AUDITOR, PROVINCE),
        ("administrator", Role.ADMINISTRATOR, PROVINCE),
    ]
    return [Seat(name, role, code, run) for name, role, code in told]


def _one(connection: Connection, asked: str, **given: Any) -> str:
    return str(connection.execute(text(asked), given).scalars().first())


def _column(connection: Connection, asked: str, **given: Any) -> list[str]:
    return [str(one) for one in connection.execute(text(asked), given).scalars()]


def objects_in(connection: Connection) -> dict[str, str]:
    """Return the county with the most people, the company of the company's pages, and who and what is looked at."""
    county = _one(
        connection, "SELECT region FROM candidates WHERE region IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC"
    )
    firm = Organisations(connection).find(FIRM)
    employer = firm.employer_id if firm is not None else None
    employer = employer or _one(
        connection,
        """SELECT v.employer_id FROM vacancies v JOIN interactions i ON i.vacancy_id = v.vacancy_id
        JOIN employers e ON e.employer_id = v.employer_id WHERE i.kind = 'referred' AND e.region IS NOT NULL
        GROUP BY 1 ORDER BY count(*) DESC, 1""",
    )
    people = _column(
        connection,
        """SELECT c.candidate_id FROM candidates c JOIN interactions i ON i.candidate_id = c.candidate_id
        WHERE c.region = :county GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 3""",
        county=county,
    )
    return {
        "county": county,
        "employer": employer,
        "person": people[0],
        "other": people[1],
        "third": people[2],
        "post": _one(
            connection,
            """SELECT v.vacancy_id FROM vacancies v JOIN interactions i ON i.vacancy_id = v.vacancy_id
            WHERE v.employer_id = :employer AND i.kind = 'referred' GROUP BY 1 ORDER BY count(*) DESC, 1""",
            employer=employer,
        ),
        "unit": _one(
            connection,
            """SELECT e.employer_id FROM employers e JOIN placements p ON p.employer_id = e.employer_id
            WHERE e.region = :county GROUP BY 1 ORDER BY count(*) DESC, 1""",
            county=county,
        ),
        "placement": _one(
            connection,
            """SELECT p.placement_id FROM placements p JOIN candidates c ON c.candidate_id = p.candidate_id
            WHERE c.region = :county AND p.ends_on IS NULL ORDER BY 1""",
            county=county,
        ),
        "course": _one(connection, "SELECT course_id FROM courses ORDER BY 1"),
        "event": "pages-f-000",
        "model": _one(connection, "SELECT version FROM model_versions WHERE status = 'champion'"),
    }


def open_offices(connection: Connection, employer: str) -> None:
    """Let the offices, the company and the analysts' office be there."""
    organisations = Organisations(connection)
    organisations.seed_gansu(by=COMMAND_LINE)
    for wanted in (
        Organisation(FIRM, OrganisationKind.EMPLOYER, "单位", None, employer),
        Organisation(OFFICE, OrganisationKind.ANALYST_OFFICE, "分析", None),
    ):
        if organisations.find(wanted.organisation_id) is None:
            organisations.add(wanted, [], by=COMMAND_LINE)


# ---- the plan's tables ----


def fill_plan(engine: Engine, found: Mapping[str, str], on: date) -> None:
    """Import campaigns, units' records, learning and sites, where there are none yet."""
    with engine.connect() as connection:
        if _one(connection, "SELECT count(*) FROM initiatives") != "0":
            return
        people = _column(connection, "SELECT candidate_id FROM candidates ORDER BY md5(candidate_id)")[:_PEOPLE]
        own = _column(connection, "SELECT candidate_id FROM candidates WHERE region = :r", r=found["county"])
        posts = _column(connection, "SELECT vacancy_id FROM vacancies ORDER BY md5(vacancy_id)")[: _EVENTS * 10]
        units = _column(connection, "SELECT employer_id FROM employers ORDER BY md5(employer_id)")[:_UNITS]
        regions = _column(connection, "SELECT DISTINCT region FROM candidates WHERE region IS NOT NULL")
    with tempfile.TemporaryDirectory(prefix="yougang-pages-") as folder:
        for name, head, rows in _sheets(found, people + own[:500], posts, [found["employer"], *units], regions, on):
            path = Path(folder) / f"{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as out:
                csv.writer(out).writerows([head.split(","), *rows])
            report = ingest(engine, IMPORTED[name], path, subject=program_subject(), supplied_by="bench", on=on)
            say(f"imported {report.accepted:,} {name}, {report.rejected:,} refused")


def _sheets(
    found: Mapping[str, str], people: list[str], posts: list[str], units: list[str], regions: list[str], on: date
) -> Iterable[tuple[str, str, list[list[Any]]]]:
    events = [f"pages-f-{n:03d}" for n in range(_EVENTS)]
    days = [on + timedelta(days=n % 120 - 60) for n in range(_EVENTS)]
    places = [found["county"], *regions]
    yield (
        "initiatives",
        "initiative_id,kind,title,region,starts_on,ends_on,places",
        [[one, "fair", f"招聘会{n}", places[n % len(places)], days[n], days[n], 50] for n, one in enumerate(events)],
    )
    yield (
        "initiative_posts",
        "initiative_id,vacancy_id",
        [[events[n % _EVENTS], one] for n, one in enumerate(posts[: _EVENTS * _POSTS_OF_EVENT])],
    )
    yield (
        "initiative_people",
        "candidate_id,initiative_id,step,on",
        [[one, events[n % _EVENTS], "invited", on - timedelta(days=3)] for n, one in enumerate(people)],
    )
    yield (
        "unit_records",
        "record_id,employer_id,kind,year,posts",
        [
            [f"pages-u-{n}", one, ("project_plan", "directed_promise")[n % 2], on.year, n % 7]
            for n, one in enumerate(units)
        ],
    )
    yield (
        "enrolments",
        "enrolment_id,candidate_id,kind,course_id,starts_on,status",
        [[f"pages-e-{n}", one, "course", found["course"], on, "attending"] for n, one in enumerate(people)],
    )
    yield (
        "sites",
        "site_id,kind,name,region,capacity",
        [[f"pages-s-{n}", "workshop", f"车间{n}", one, 10] for n, one in enumerate(regions)],
    )


# ---- what is made over the wire ----


def made(server: Served, by_name: Mapping[str, Seat], found: dict[str, str], on: date) -> None:
    """Make one of each object that a page is about, as its user would; what is refused is left out, and said."""
    v1 = "/api/v1"
    person = f"{v1}/candidates/{found['person']}"
    note = {"purpose": "visit", "happened_on": str(on), "words": "x"}
    due = (on + timedelta(days=5)).isoformat()
    sheet = "candidate_id,kind,on\nnobody-1,training,2026-01-02\n"
    asked: list[tuple[str, str, str, str, Any, str]] = [
        ("note", "caseworker", "POST", f"{person}/notes", note, ""),
        ("task", "caseworker", "POST", f"{person}/tasks", {"kind": "contact", "due_on": due, "words": "x"}, "task_id"),
        ("plan", "caseworker", "POST", f"{person}/plans", {"kind": "assistance", "level": "hard"}, "plan_id"),
        (
            "consent",
            "caseworker",
            "POST",
            f"{person}/consents",
            {"purpose": "contact", "act": "refused", "stated_at": f"{on}T08:00:00+08:00"},
            "consent_id",
        ),
        ("run", "caseworker", "GET", f"{person}/shortlist?k=50", None, "run_id"),
        (
            "inspection",
            "supervisor",
            "POST",
            f"{v1}/inspections",
            {"year": on.year, "seed": 7, "n_random": 20, "n_risk": 20},
            "items.inspection_id",
        ),
        ("draft", "poster", "POST", f"{v1}/vacancies", {"title": "文员", "region": found["county"]}, "vacancy_id"),
        ("upload", "caseworker", "POST", f"{v1}/imports/services", sheet, "import_id"),
        (
            "merge",
            "supervisor",
            "POST",
            f"{v1}/merges",
            {
                "kept_id": found["other"], "merged_id": found["third"], "kept_version": 1, "merged_version": 1,
                "words": "x",
            },
            "merge_id",
        ),
    ]  # fmt: skip
    for name, seat, method, path, body, key in asked:
        headers = {**by_name[seat].headers, "Idempotency-Key": str(uuid4())}
        if isinstance(body, str):
            headers["Content-Type"] = "multipart/form-data; boundary=x"
            parts = f'--x\r\nContent-Disposition: form-data; name="file"; filename="s.csv"\r\n\r\n{body}\r\n--x--\r\n'
            heard = server.ask(method, path, headers, body=parts.encode())
        else:
            heard = server.ask(method, path, headers, document=body)
        if heard.status not in (200, 201):
            say(f"no {name}: {heard.status} {heard.body.decode()[:200]}")
        elif key:
            held: Any = json.loads(heard.body)
            if name == "run":
                found |= dict(zip(("first", "second"), (one["vacancy_id"] for one in held["items"]), strict=False))
            for part in key.split("."):
                held = held[part][0] if part == "items" else held[part]
            found[name] = str(held)
