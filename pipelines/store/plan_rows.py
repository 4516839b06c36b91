"""The rows behind the plan's figures, as a subject sees them: each row names whose it is, the place and the word.

A figure is the number of these rows, and the rows can be asked for; both come from the same statement.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from matching.duties.clocks import birth_band
from matching.duties.terms import DutyTerms
from matching.entities import Employer
from matching.vocabulary import Education, ServiceKind
from pipelines.access.roles import Subject
from pipelines.schema import EMPLOYERS
from pipelines.store import tables
from pipelines.store.case_files import CaseFiles
from pipelines.store.day_numbers import day_number, months_later
from pipelines.store.duty_rows import DutyRows
from pipelines.store.reach import reach
from pipelines.store.repositories import TableRepository

PlanRow = tuple[str, str | None, Any]
"""Whose, the region as stored, and what it is counted under."""
_COLLEGE = sorted(term.value for term in Education if term.rank >= Education.COLLEGE.rank)
_BLOCK = 5000


@dataclass(frozen=True, slots=True)
class ClockCode:
    """What is counted of a person for the four services: in the denominators or not, and which were given."""

    without_work: bool | None
    wishes: bool | None
    done: tuple[bool, ...]


class PlanRows:
    """The rows of a year until a day."""

    def __init__(self, connection: Connection, subject: Subject, terms: DutyTerms) -> None:
        self.connection, self.subject, self.terms = connection, subject, terms
        self._people = CaseFiles(connection, subject)

    def _visible(self, statement: Select[Any]) -> Select[Any]:
        condition = reach("candidates", self.subject)
        return statement if condition is None else statement.where(condition)

    def entered_work(self, first: date) -> list[PlanRow]:
        """Return the people who began to work from a day on, each once, under the form of that placement.

        A placement that follows another within a day is no beginning: nobody was newly placed by it.
        """
        p, c = tables.CASE_TABLES["placements"].c, tables.CASE_TABLES["candidates"].c
        other = tables.CASE_TABLES["placements"].alias("before")
        goes_on = (
            select(other.c.placement_id)
            .where(
                other.c.candidate_id == p.candidate_id,
                other.c.placement_id != p.placement_id,
                other.c.starts_on < p.starts_on,
                or_(other.c.ends_on.is_(None), day_number(other.c.ends_on) >= day_number(p.starts_on) - 1),
            )
            .exists()
        )
        nth = func.row_number().over(partition_by=p.candidate_id, order_by=(p.starts_on, p.placement_id))
        found = self._visible(
            select(p.candidate_id, c.region, p.form, nth.label("nth")).where(
                c.candidate_id == p.candidate_id, p.starts_on >= first, p.starts_on <= self.terms.on, ~goes_on
            )
        ).subquery()
        wanted = select(found.c.candidate_id, found.c.region, found.c.form).where(found.c.nth == 1)
        return [(row[0], row[1], row[2]) for row in self.connection.execute(wanted)]

    def trained(self) -> list[PlanRow]:
        """Return the people with a training recorded in the year, each once."""
        s, c = tables.CASE_TABLES["services"].c, tables.CASE_TABLES["candidates"].c
        wanted = self._visible(
            select(s.candidate_id, c.region)
            .where(
                c.candidate_id == s.candidate_id,
                s.kind == ServiceKind.TRAINING.value,
                s.on.between(self.terms.year_start, self.terms.on),
            )
            .distinct()
        )
        return [(row[0], row[1], "trained") for row in self.connection.execute(wanted)]

    def graduates(self) -> list[PlanRow]:
        """Return the graduates of the last years not known to work: with a plan of their own, without, or unsure."""
        rows = DutyRows(self.connection, self.subject, self.terms)
        s, g = rows.standing.c, rows.given.c
        left = s.graduated_on
        wanted = (
            select(s.candidate_id, s.region, s.employed, func.coalesce(g.plans, 0))
            .select_from(rows.standing.outerjoin(rows.given, g.candidate_id == s.candidate_id))
            .where(
                s.education.in_(_COLLEGE),
                func.coalesce(s.employed, 0) == 0,
                left <= self.terms.on,
                months_later(left, self.terms.graduate_years * 12) > self.terms.on,
            )
        )
        found = []
        for owner, region, employed, plans in self.connection.execute(wanted):
            word = "with_plan" if plans >= self.terms.graduate_plans else "without_plan"
            found.append((owner, region, "work_unknown" if employed is None else word))
        return found

    def clocks(self) -> Iterator[tuple[str, str | None, ClockCode]]:
        """Yield everybody who is, or may be, of working age and without work, with what was given this year."""
        band, opened = birth_band(self.terms), self._people.birth_of
        if band is None:
            return
        c = tables.CASE_TABLES["candidates"].c
        columns = DutyRows(self.connection, self.subject, self.terms).clock_columns().subquery("clocks")
        wanted = self._visible(
            select(columns, c.birth_date, c.certificate_number, c.sex).where(c.candidate_id == columns.c.candidate_id)
        )
        times = tuple(self.terms.times.values())
        wishes = {"yes": True, "no": False}
        with self.connection.execute(wanted, execution_options={"yield_per": _BLOCK}) as rows:
            for owner, region, employed, wish, *given, birth, number, sex in rows:
                in_age = band.holds(*opened(owner, birth, number, sex))
                if in_age is False:
                    continue
                without_work = True if in_age and employed == 0 else None
                done = tuple(count >= least for count, least in zip(given, times, strict=True))
                yield owner, region, ClockCode(without_work, wishes.get(wish), done)

    def household_members(self) -> list[tuple[Any, ...]]:
        """Return the visible members of households that exited from poverty or are monitored.

        Columns: candidate, region, household, hukou, employed, job wish, birth date and sex.
        """
        c = tables.CASE_TABLES["candidates"].c
        is_kind = or_(c.household_kinds.contains("poverty_exited"), c.household_kinds.contains("monitored"))
        named = self._visible(select(c.household_id).where(is_kind, c.household_id.is_not(None)))
        rows = DutyRows(self.connection, self.subject, self.terms)
        s = rows.standing.c
        wanted = self._visible(
            select(
                c.candidate_id, c.region, c.household_id, c.hukou, s.employed, c.job_wish,
                c.birth_date, c.certificate_number, c.sex,
            ).where(
                s.candidate_id == c.candidate_id,
                or_(c.household_id.in_(named), and_(c.household_id.is_(None), is_kind)),
            )
        )  # fmt: skip
        with self.connection.execute(wanted, execution_options={"yield_per": _BLOCK}) as found:
            return [(*row[:6], *self._people.birth_of(row[0], *row[6:])) for row in found]

    def units(self, kinds: tuple[str, ...]) -> list[Employer]:
        """Return the visible employers of some kinds."""
        repository = TableRepository(self.connection, EMPLOYERS, self.subject)
        wanted = repository._select().where(repository.table.c.kind.in_(kinds))
        return repository._entities(wanted)
