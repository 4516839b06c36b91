"""Counts of people over fixed cells; who sees them, and what is suppressed, is decided above."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from matching.identity import read_certificate
from matching.plans import PlanKind
from pipelines.access.roles import Subject
from pipelines.store import caseload_tables, tables
from pipelines.store.reach import reach
from pipelines.store.sealed import vault_of

_people = tables.CASE_TABLES["candidates"]


def _within(digits: str) -> ColumnElement[bool]:
    """Return whether a person lives in a division whose code begins so: as a range, which the index answers."""
    return _people.c.region.between(digits, f"{digits}99")


def job_seekers_in(connection: Connection, prefecture: str) -> int:
    """Return how many people of a prefecture look for work, or never said that they do not."""
    c = _people.c
    wanted = select(func.count()).where(_within(prefecture[:4]), or_(c.job_wish.is_(None), c.job_wish != "no"))
    return int(connection.execute(wanted).scalar_one())


def profiles_in(connection: Connection, place: str, *, without: Collection[str]) -> list[tuple[str, str, str]]:
    """Return id, limitations and needs, as their cells, of those whom `job_seekers_in` counts; to be counted only."""
    c = _people.c
    wanted = select(c.candidate_id, c.functions, c.accommodations_needed).where(
        _within(place[:2] if place.endswith("0000") else place[:4]),
        or_(c.job_wish.is_(None), c.job_wish != "no"),
    )
    rows = connection.execute(wanted)
    return [(one, functions or "", needed or "") for one, functions, needed in rows if one not in without]


@dataclass(frozen=True, slots=True)
class Counted:
    """One thing counted: whose it is, the place, and the word that it is counted under."""

    owner: str
    region: str | None
    word: str | None


def statuses(connection: Connection, subject: Subject, on: date) -> list[Counted]:
    """Return each visible person with their standing on the labour market on a day."""
    p = tables.CASE_TABLES["placements"].c
    running = select(p.candidate_id).where(p.starts_on <= on, or_(p.ends_on.is_(None), p.ends_on >= on))
    at_work = set(connection.execute(running).scalars())
    words = {"yes": "looking", "no": "not_looking", None: None}
    return [
        Counted(row.candidate_id, row.region, "employed" if row.candidate_id in at_work else words[row.job_wish])
        for row in connection.execute(_visible(subject, _people.c.job_wish))
    ]


def of_column(connection: Connection, subject: Subject, name: str) -> list[Counted]:
    """Return each visible person with one column's word."""
    return [Counted(*row) for row in connection.execute(_visible(subject, _people.c[name]))]


def births(connection: Connection, subject: Subject) -> list[tuple[str, str | None, date | None]]:
    """Return each visible person with the place and the birth date, from the certificate where it was not stated."""
    c, vault = _people.c, vault_of(connection)
    born_of, number_of = (vault.opener("candidates", name) for name in ("birth_date", "certificate_number"))

    def born(owner: str, sealed: str | None, number: str | None) -> date | None:
        if sealed is not None:
            return date.fromisoformat(born_of(owner, sealed))
        return None if number is None else read_certificate(number_of(owner, number)).birth_date

    wanted = _visible(subject, c.birth_date, case((c.birth_date.is_(None), c.certificate_number)))
    return [(one, region, born(one, sealed, number)) for one, region, sealed, number in connection.execute(wanted)]


def categories(connection: Connection, subject: Subject) -> list[Counted]:
    """Return each visible person with the category of the certificate, else as stated."""
    c, number_of = _people.c, vault_of(connection).opener("candidates", "certificate_number")
    return [
        Counted(one, region, stated if number is None else read_certificate(number_of(one, number)).category.value)
        for one, region, stated, number in connection.execute(_visible(subject, c.category, c.certificate_number))
    ]


def of_table(connection: Connection, subject: Subject, table: str, word: str, day: str, on: date) -> list[Counted]:
    """Return each row of another table up to a day, of visible people, with one column's word."""
    c = tables.CASE_TABLES[table].c
    statement = select(c.candidate_id, _people.c.region, c[word]).where(
        _people.c.candidate_id == c.candidate_id, or_(c[day].is_(None), c[day] <= on)
    )
    condition = reach("candidates", subject)
    return [Counted(*row) for row in connection.execute(statement if condition is None else statement.where(condition))]


def assistance(connection: Connection, subject: Subject, day: str, on: date) -> list[Counted]:
    """Return each plan of assistance of visible people that was opened, or ended, in the year until a day, by level.

    `day` says which: `opened_on` or `ended_on`. A change of level ends one plan and opens another.
    """
    c = caseload_tables.plans.c
    statement = select(c.candidate_id, _people.c.region, c.level).where(
        _people.c.candidate_id == c.candidate_id,
        c.kind == PlanKind.ASSISTANCE.value,
        c[day].between(on.replace(month=1, day=1), on),
    )
    condition = reach("candidates", subject)
    return [Counted(*row) for row in connection.execute(statement if condition is None else statement.where(condition))]


def _visible(subject: Subject, *columns: Any) -> Any:
    statement = select(_people.c.candidate_id, _people.c.region, *columns)
    condition = reach("candidates", subject)
    return statement if condition is None else statement.where(condition)


def without(rows: Sequence[Counted], owners: Iterable[str]) -> list[Counted]:
    """Return the rows of everybody else."""
    left_out = frozenset(owners)
    return [row for row in rows if row.owner not in left_out]
