"""A year of a small province as sheets: what an office imports, and the same lines in a database of their own for SQL.

Every fact is now and then missing and days fall on both sides of every term. The lines lie in SQLite as the sheets say
them, with nothing of the program between them and who counts them there.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine

from tests.support.builders import certificate_number
from tests.support.plan_sheets import imported

REGIONS = ("620102", "620502", "620100", "620171", "620299", "620201", "610102", "")
_KINDS = ("organ", "institution", "state_owned", "organ", "institution", "private")
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_N_EMPLOYERS = 60
Lines = dict[str, list[dict[str, Any]]]


def credit_code(number: int) -> str:
    """Return an invented unified credit code with a right check sign."""
    body = f"11620100MB{number:07d}"
    total = sum(_ALPHABET.index(sign) * (3**place % 31) for place, sign in enumerate(body))
    return body + _ALPHABET[(31 - total % 31) % 31]


class PlanYear:
    """The sheets of a year, drawn by a seed, with days around one day."""

    def __init__(self, seed: int, on: date, n_people: int = 450) -> None:
        self._random, self.on = Random(seed), on
        people = [self._person(number) for number in range(n_people)]
        employers = [self._employer(number) for number in range(_N_EMPLOYERS)]
        owners, firms = [one["candidate_id"] for one in people], [one["employer_id"] for one in employers]
        self.lines: Lines = {
            "employers": employers,
            "candidates": people,
            "placements": [self._placement(n, owner, firms) for n, owner in enumerate(self._several(owners, 0, 2))],
            "services": list(self._services(owners)),
            "unit_records": [one for firm in firms for one in self._records(firm)],
            "publicity": [self._told(number) for number in range(70)],
        }
        self._add_what_goes_on()
        self._add_a_unit_that_just_meets_its_quota()

    # ---- drawing ----

    def _one(self, *choices: Any) -> Any:
        return self._random.choice(choices)

    def _maybe(self, share: float, value: Any) -> Any:
        return value if self._random.random() < share else ""

    def _day(self, first: int, last: int) -> str:
        return (self.on + timedelta(days=self._random.randint(first, last))).isoformat()

    def _several(self, owners: Sequence[str], least: int, most: int) -> Iterator[str]:
        for owner in owners:
            for _ in range(self._random.randint(least, most)):
                yield owner

    def _birthday(self) -> str:
        """Return a birth date, often close to 16, 55 or 60 years or to the age of retirement."""
        if self._random.random() < 0.05:
            return "1972-02-29"
        years, day = self._one(15, 16, 17, 50, 54, 55, 59, 60, 61, 70, *range(22, 48, 2)), self.on
        born = self._one(day, day - timedelta(days=1), day + timedelta(days=1), day.replace(month=1, day=9))
        return date(born.year - years, born.month, min(born.day, 28)).isoformat()

    def _left(self, days: int) -> str:
        """Return a day of leaving school that lies two years back, or one or two days less."""
        return (self.on.replace(year=self.on.year - 2) + timedelta(days=days)).isoformat()

    def _person(self, number: int) -> dict[str, Any]:
        born, sex, grade = self._birthday(), self._one("male", "female"), self._random.randint(1, 4)
        told = {
            "candidate_id": f"c-{number:04d}",
            "region": self._one(*REGIONS),
            "birth_date": self._maybe(0.85, born),
            "sex": self._maybe(0.8, sex),
            "category": self._maybe(0.7, self._one("vision", "hearing", "physical", "mental", "multiple")),
            "grade": self._maybe(0.7, grade),
            "certificate_number": "",
            "certificate_valid_until": self._maybe(0.9, self._day(-300, 2500)),
            "hukou": self._maybe(0.8, self._one("urban", "rural")),
            "job_wish": self._maybe(0.75, self._one("yes", "yes", "no")),
            "unemployed_since": self._maybe(0.75, self._day(-900, 20)),
            "education": self._maybe(
                0.9, self._one("primary", "junior", "vocational", "college", "bachelor", "master")
            ),
            "graduated_on": self._maybe(0.6, self._one(*(self._left(n) for n in range(3)), self._day(-800, 100))),
            "household_id": self._maybe(0.7, f"h-{self._random.randrange(180):03d}"),
            "household_kinds": self._maybe(0.6, self._one("poverty_exited", "monitored", "dibao", "dibao;monitored")),
        }
        if self._random.random() < 0.2:  # the certificate says birth date, sex and grade; the columns are empty
            odd = 2 * self._random.randrange(5) + (sex == "male")
            sequence = f"{number // 5 % 100:02d}{odd}"
            told |= {"birth_date": "", "sex": "", "grade": "", "category": ""}
            told["certificate_number"] = certificate_number(
                self._random.randint(1, 7), grade, birth=born.replace("-", ""), sequence=sequence
            )
        return told

    def _employer(self, number: int) -> dict[str, Any]:
        return {
            "employer_id": credit_code(number),
            "name": f"单位{number}",
            "kind": self._one(*_KINDS),
            "level": self._maybe(0.85, self._one("province", "prefecture", "prefecture", "county")),
            "region": self._one("620102", "620102", "620502", "620502", *REGIONS),
            "is_school": self._maybe(0.8, self._one("no", "no", "no", "yes")),
            "headcount": self._maybe(0.85, self._one(20, 67, 67, 120, 200, 400)),
            "establishment": self._maybe(0.85, self._one(49, 50, 66, 67, 300)),
        }

    def _placement(self, number: int, owner: str, firms: Sequence[str]) -> dict[str, Any]:
        today = self.on.isoformat()
        starts = self._maybe(0.88, self._one(today, *(self._day(-900, 25) for _ in range(20))))
        ends = self._maybe(0.35, self._one(today, *(self._day(-300, 250) for _ in range(9))))
        if starts and ends and ends < starts:
            starts, ends = ends, starts
        return {
            "placement_id": f"p-{number:04d}",
            "candidate_id": owner,
            "employer_id": self._maybe(0.9, self._one(*firms[: _N_EMPLOYERS - 6])),
            "form": self._maybe(0.9, self._one("quota", "quota", "concentrated", "flexible", "farming")),
            "starts_on": starts,
            "ends_on": ends,
            "monthly_wage": self._maybe(0.95, self._one(1909, 1910, 2019, 2020, *[3500] * 12)),
            "contract_months": self._maybe(0.95, self._one(6, 11, 12, 24, *[36] * 12)),
            "social_insurance": self._maybe(0.95, self._one("no", *["yes"] * 12)),
            "attendance_confirmed": self._maybe(0.95, self._one("no", *["yes"] * 12)),
        }

    def _services(self, owners: Sequence[str]) -> Iterator[dict[str, Any]]:
        kinds = (
            "information_check", "ability_assessment", "need_registration", "employment_service", "training",
            "graduate_plan",
        )  # fmt: skip
        seen = set()
        for owner in self._several(owners, 0, 5):
            told = (owner, self._one(*kinds), self._day(-600, -1))
            if told not in seen:
                seen.add(told)
                yield dict(zip(("candidate_id", "kind", "on"), told, strict=True))

    def _records(self, firm: str) -> Iterator[dict[str, Any]]:
        year = self.on.year
        for kind, share in (("publication", 0.4), ("levy_paid", 0.3), ("publication", 0.1)):
            if self._random.random() < share:
                yield {
                    "record_id": f"r-{firm}-{self._random.randrange(10**9)}",
                    "employer_id": firm,
                    "kind": kind,
                    "year": self._one(year, year, year - 1, year - 2),
                    "on": self._day(-250, -1),
                    "place": "政府网站" if kind == "publication" else "",
                }

    def _told(self, number: int) -> dict[str, Any]:
        return {
            "publicity_id": f"w-{number}",
            "region": self._one(*(one for one in REGIONS if one.startswith("62"))),
            "on": self._day(-420, -1),
            "medium": self._one("news", "programme", "new_media", "event"),
            "title": f"宣传{number}",
            "by": "某某日报",
        }

    def _add_what_goes_on(self) -> None:
        """Add jobs that follow another on the next day, which is no beginning, and on the day after, which is one."""
        ended = [one for one in self.lines["placements"] if one["ends_on"]]
        for number, one in enumerate(ended):
            starts = date.fromisoformat(one["ends_on"]) + timedelta(days=1 + number % 2)
            later = {"placement_id": f"q-{number:04d}", "starts_on": starts.isoformat(), "ends_on": ""}
            self.lines["placements"].append({**one, **later})

    def _add_a_unit_that_just_meets_its_quota(self) -> None:
        """Add a unit of 200 with three people of weight one through all months: 3 of 3 required in a whole year."""
        unit = self.lines["employers"][-1]
        unit |= {"kind": "state_owned", "region": "620102", "headcount": 200}
        person, job = self.lines["candidates"][0], self.lines["placements"][0]
        for number in range(3):
            owner, sure = f"d-{number}", {"birth_date": "1985-03-09", "sex": "female", "grade": 3}
            kept = {"certificate_number": "", "certificate_valid_until": f"{self.on.year + 5}-06-01"}
            self.lines["candidates"].append({**person, "candidate_id": owner, **sure, **kept, "household_id": ""})
            terms = {
                "placement_id": f"d-{number}", "candidate_id": owner, "employer_id": unit["employer_id"],
                "starts_on": f"{self.on.year - 2}-02-01", "ends_on": "", "monthly_wage": 2020, "contract_months": 12,
                "social_insurance": "yes", "attendance_confirmed": "yes",
            }  # fmt: skip
            self.lines["placements"].append({**job, **terms})

    # ---- taking in ----

    def taken_in(self, engine: Engine, folder: Path) -> None:
        """Import every sheet; each line is taken."""
        for table, rows in self.lines.items():
            report = imported(engine, folder, table, *_sheet(rows))
            assert (report.rejected, report.accepted) == (0, len(rows)), report.rejections[:3]

    def as_lines(self) -> sqlite3.Connection:
        """Return the lines of the sheets in a database of their own; what is empty is NULL."""
        found = sqlite3.connect(":memory:")
        for table, rows in self.lines.items():
            names = list(rows[0])
            found.execute(f"CREATE TABLE {table} ({', '.join(map(_quoted, names))})")
            found.executemany(
                f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})",
                [[None if row[name] == "" else row[name] for name in names] for row in rows],
            )
        return found


def _quoted(name: str) -> str:
    return f'"{name}"'


def _sheet(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(rows[0])
    return [",".join(names), *(",".join(str(row[name]) for name in names) for row in rows)]
