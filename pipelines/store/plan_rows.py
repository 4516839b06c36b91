"""The rows behind the plan's figures, as a subject sees them: each row names whose it is, the place and the word.

A figure is the number of these rows, and the rows can be asked for; both come from the same statement.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from matching.duties.clocks import BirthBand, birth_band
from matching.duties.terms import DutyTerms
from matching.vocabulary import Education, ServiceKind
from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.case_files import CaseFiles
from pipelines.store.day_numbers import day_number, months_later
from pipelines.store.duty_rows import DutyRows, ready_to_read_whole
from pipelines.store.reach import reach
from pipelines.store.read_ahead import Reading

PlanRow = tuple[str, str | None, Any]
"""Whose, the region as stored, and what it is counted under."""
_OPEN_END = 10**6
_COLLEGE = sorted(term.value for term in Education if term.rank >= Education.COLLEGE.rank)


@dataclass(frozen=True, slots=True)
class ClockCode:
    """What is counted of a person for the four services: in the denominators or not, and which were given."""

    without_work: bool | None
    wishes: bool | None
    done: tuple[bool, ...]


class MemberRow(NamedTuple):
    """A member of a household as stored; birth date and number are sealed."""

    candidate_id: str
    region: str | None
    household_id: str | None
    hukou: str | None
    employed: int | None
    job_wish: str | None
    birth_date: str | None
    certificate_number: str | None
    sex: str | None


class PlanRows:
    """The rows of a year until a day."""

    def __init__(
        self, connection: Connection, subject: Subject, terms: DutyTerms, reading: Reading | None = None
    ) -> None:
        """`reading` carries out the statements, in the order in which the rows are asked for."""
        self.connection, self.subject, self.terms = connection, subject, terms
        self._reading = Reading(connection) if reading is None else reading
        self._people = CaseFiles(connection, subject)
        self._band = birth_band(terms)
        self._in_age: dict[str, bool | None] = {}
        c = tables.CASE_TABLES["candidates"].c
        # The number is long, and needed of few: it comes only where birth date or sex is not there.
        needed = case((or_(c.birth_date.is_(None), c.sex.is_(None)), c.certificate_number)).label("needed_number")
        ready_to_read_whole(connection)
        self._duty_rows = DutyRows(
            connection, subject, terms, beside=(c.birth_date, needed, c.sex, c.hukou, c.household_id)
        )

    def _visible(self, statement: Select[Any]) -> Select[Any]:
        condition = reach("candidates", self.subject)
        return statement if condition is None else statement.where(condition)

    def entered_work(self, firsts: Sequence[date]) -> Iterator[tuple[str, str | None, str | None, tuple[bool, ...]]]:
        """Return the beginnings of work that are the first of their person from one of some days on.

        Whose, region, form, and for each of the days whether it is the first since then. A placement that follows
        another within a day is no beginning: nobody was newly placed by it. One statement for all the days, since
        finding what goes on takes longest.
        """
        p, c = tables.CASE_TABLES["placements"].c, tables.CASE_TABLES["candidates"].c
        day, end = day_number(p.starts_on), func.coalesce(day_number(p.ends_on), _OPEN_END)
        before = func.max(end).over(partition_by=p.candidate_id, order_by=day, range_=(None, -1))
        some = select(
            p.candidate_id, p.placement_id, p.form, p.starts_on, func.coalesce(before < day - 1, True).label("begins")
        ).where(p.starts_on <= self.terms.on)
        b = some.subquery("in_order").c
        nths = [
            case((b.starts_on >= first, func.row_number().over(
                partition_by=(b.candidate_id, b.starts_on >= first), order_by=(b.starts_on, b.placement_id)
            ))).label(f"nth_{n}")
            for n, first in enumerate(firsts)
        ]  # fmt: skip
        found = self._visible(
            select(b.candidate_id, c.region, b.form, *nths).where(
                c.candidate_id == b.candidate_id, b.starts_on >= min(firsts), b.begins
            )
        ).subquery()
        places = [found.c[nth.name] for nth in nths]
        wanted = select(found.c.candidate_id, found.c.region, found.c.form, *places).where(
            or_(*(place == 1 for place in places))
        )
        return (
            (owner, region, form, tuple(place == 1 for place in told))
            for owner, region, form, *told in self._reading.rows(wanted)
        )

    def trained(self) -> Iterator[PlanRow]:
        """Return the people with a training recorded in the year, each once."""
        s, c = tables.CASE_TABLES["services"].c, tables.CASE_TABLES["candidates"].c
        trained = select(s.candidate_id).where(
            s.kind == ServiceKind.TRAINING.value, s.on.between(self.terms.year_start, self.terms.on)
        )
        wanted = self._visible(select(c.candidate_id, c.region).where(c.candidate_id.in_(trained)))
        return ((owner, region, "trained") for owner, region in self._reading.rows(wanted))

    def graduates(self) -> Iterator[PlanRow]:
        """Return the graduates of the last years not known to work: with a plan of their own, without, or unsure."""
        s = self._duty_rows.standing.c
        left, needed = s.graduated_on, self.terms.graduate_plans
        wanted = select(s.candidate_id, s.region, s.employed, self._duty_rows.plans_given()).where(
            s.education.in_(_COLLEGE),
            func.coalesce(s.employed, 0) == 0,
            left <= self.terms.on,
            months_later(left, self.terms.graduate_years * 12) > self.terms.on,
        )
        return (
            (owner, region, "work_unknown" if employed is None else "with_plan" if n >= needed else "without_plan")
            for owner, region, employed, n in self._reading.rows(wanted)
        )

    def clocks(self) -> Iterator[tuple[str, str | None, ClockCode]]:
        """Return everybody who is, or may be, of working age and without work, with what was given this year.

        The same code is the same object for everybody whom it holds of; who was gone through is known for `in_age`.
        """
        if self._band is None:
            return iter(())
        wanted = self._duty_rows.clock_columns("birth_date", "needed_number", "sex")
        return self._coded(self._reading.rows(wanted), self._band)

    def _coded(self, rows: Iterator[Any], band: BirthBand) -> Iterator[tuple[str, str | None, ClockCode]]:
        known, codes = self._in_age, dict[tuple[bool | None, int], ClockCode]()
        spans, opened = band.spans, self._people.open_birth
        in_age: bool | None
        for owner, region, packed, birth, number, sex in rows:
            if birth is None or sex is None:
                in_age = self._holds(owner, birth, number, sex)
            else:
                after, until = spans[sex]
                in_age = after < opened(owner, birth) <= until
            known[owner] = in_age
            if in_age is False:
                continue
            code = codes.get((in_age, packed))
            if code is None:
                code = codes[in_age, packed] = _code(in_age, packed, len(self.terms.times))
            yield owner, region, code

    def _holds(self, owner: str, birth: str | None, number: str | None, sex: str | None) -> bool | None:
        """Return whether somebody is of working age on the day."""
        born = self._people.birth_texts(owner, birth, number, sex)
        return None if self._band is None else self._band.holds_text(*born)

    def household_members(self) -> Iterator[MemberRow]:
        """Return the visible members of households that exited from poverty or are monitored.

        Whether a member is of working age is worked out where it is asked for: of few of them it decides anything.
        """
        c = tables.CASE_TABLES["candidates"].c
        is_kind = or_(c.household_kinds.contains("poverty_exited"), c.household_kinds.contains("monitored"))
        named = self._visible(select(c.household_id).where(is_kind, c.household_id.is_not(None)))
        s = self._duty_rows.standing.c
        is_own = or_(s.household_kinds.contains("poverty_exited"), s.household_kinds.contains("monitored"))
        wanted = select(
            s.candidate_id,
            s.region,
            s.household_id,
            s.hukou,
            s.employed,
            s.job_wish,
            s.birth_date,
            s.needed_number,
            s.sex,
        ).where(or_(s.household_id.in_(named), and_(s.household_id.is_(None), is_own)))
        return map(MemberRow._make, self._reading.rows(wanted))

    def in_age(self, member: MemberRow) -> bool | None:
        """Return whether a member is of working age on the day; None where birth date or sex is not known."""
        if member.candidate_id not in self._in_age:
            born = (member.birth_date, member.certificate_number, member.sex)
            self._in_age[member.candidate_id] = self._holds(member.candidate_id, *born)
        return self._in_age[member.candidate_id]


def _code(in_age: bool | None, packed: int, n_services: int) -> ClockCode:
    """Return what `DutyRows.clock_columns` has packed into a number, of somebody who is or may be of working age."""
    is_unsure, wish, given = packed % 2, packed // 2 % 3, packed // 6
    done = tuple(bool(given >> nth & 1) for nth in range(n_services))
    return ClockCode(True if in_age and not is_unsure else None, (None, True, False)[wish], done)
