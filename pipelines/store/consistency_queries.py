"""Queries for contradictions between stored rows; what they mean is said in `pipelines.consistency`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from pipelines.access.vault import Place
from pipelines.store.sealed import vault_of
from pipelines.store.tables import CASE_TABLES

_employers = CASE_TABLES["employers"]
_vacancies = CASE_TABLES["vacancies"]
_candidates = CASE_TABLES["candidates"]
_interactions = CASE_TABLES["interactions"]
_placements = CASE_TABLES["placements"]


@dataclass(frozen=True, slots=True)
class Stated:
    """What a candidate states beside a certificate number, which says the same."""

    candidate_id: str
    certificate_number: str
    category: str | None
    grade: int | None
    birth_date: date | None
    sex: str | None


def _is_current(on: date | None) -> ColumnElement[bool]:
    """True for a placement without an end, or that ends on the day or later."""
    ends_on = _placements.c.ends_on
    return ends_on.is_(None) if on is None else or_(ends_on.is_(None), ends_on >= on)


def overfilled_vacancies(connection: Connection, on: date | None) -> Iterator[tuple[str, int, int]]:
    """Yield vacancy, openings and current placements where there are more of these."""
    v, p = _vacancies.c, _placements.c
    # One person who is recorded twice on a vacancy takes one opening.
    placed = func.count(p.candidate_id.distinct())
    statement = (
        select(v.vacancy_id, v.openings, placed)
        .join(_placements, p.vacancy_id == v.vacancy_id)
        .where(v.openings.is_not(None), _is_current(on))
        .group_by(v.vacancy_id, v.openings)
        .having(placed > v.openings)
        .order_by(v.vacancy_id)
    )
    yield from connection.execute(statement)


def interactions_outside(connection: Connection) -> Iterator[tuple[str, int, int]]:
    """Yield vacancy and the numbers of interactions before it opened and after it closed, where there are any.

    What follows a placement (retention, a late refusal) rightly lies after closing; only looks and applications count.
    """
    v, i = _vacancies.c, _interactions.c
    early = func.count().filter(i.at < v.opens_on)
    late = func.count().filter(and_(i.at > v.closes_on, i.kind.in_(("viewed", "applied"))))
    statement = (
        select(v.vacancy_id, early, late)
        .join(_interactions, i.vacancy_id == v.vacancy_id)
        .group_by(v.vacancy_id)
        .having(early + late > 0)
        .order_by(v.vacancy_id)
    )
    yield from connection.execute(statement)


def certificates(connection: Connection) -> Iterator[Stated]:
    """Yield everybody with a certificate number, opened, with what they state beside it, by id."""
    c, vault = _candidates.c, vault_of(connection)
    statement = (
        select(c.candidate_id, c.certificate_number, c.category, c.grade, c.birth_date, c.sex)
        .where(c.certificate_number.is_not(None))
        .order_by(c.candidate_id)
    )
    for candidate_id, number, category, grade, born, sex in connection.execute(statement):
        opened = {
            name: None if kept is None else vault.open(kept, Place("candidates", name, candidate_id))
            for name, kept in (("certificate_number", number), ("birth_date", born))
        }
        birth_date = None if opened["birth_date"] is None else date.fromisoformat(opened["birth_date"])
        yield Stated(candidate_id, opened["certificate_number"] or "", category, grade, birth_date, sex)


def unknown_employers(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Yield table, id and employer of vacancies and placements whose employer is not stored."""
    for table, key in ((_vacancies, "vacancy_id"), (_placements, "placement_id")):
        employer_id = table.c.employer_id
        statement = (
            select(table.c[key], employer_id)
            .outerjoin(_employers, _employers.c.employer_id == employer_id)
            .where(employer_id.is_not(None), _employers.c.employer_id.is_(None))
            .order_by(table.c[key])
        )
        for own_id, employer in connection.execute(statement):
            yield table.name, own_id, employer


def placements_on_unknown_vacancies(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield placement and vacancy where the vacancy is not stored."""
    p, v = _placements.c, _vacancies.c
    statement = (
        select(p.placement_id, p.vacancy_id)
        .outerjoin(_vacancies, v.vacancy_id == p.vacancy_id)
        .where(p.vacancy_id.is_not(None), v.vacancy_id.is_(None))
        .order_by(p.placement_id)
    )
    yield from connection.execute(statement)


def counted_at_several_employers(connection: Connection, on: date | None) -> Iterator[tuple[str, int]]:
    """Yield candidate and number of employers that count this person to their quota at the same time."""
    p = _placements.c
    employers = func.count(p.employer_id.distinct())
    statement = (
        select(p.candidate_id, employers)
        .where(p.form.in_(("quota", "concentrated")), _is_current(on))
        .group_by(p.candidate_id)
        .having(employers > 1)
        .order_by(p.candidate_id)
    )
    yield from connection.execute(statement)
