"""Who is placed with many employers in a year: the few columns that the quota needs, in four statements for all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, or_, select

from matching.entities import Employer
from matching.identity import read_certificate
from matching.vocabulary import Sex
from pipelines.access.roles import Subject
from pipelines.schema import EMPLOYERS
from pipelines.store import tables
from pipelines.store.read_ahead import Reading
from pipelines.store.repositories import TableRepository
from pipelines.store.sealed import vault_of


class Placed(NamedTuple):
    """One placement with one of the employers, as far as its months hang on it."""

    placement_id: str
    candidate_id: str
    employer_id: str
    starts_on: date | None
    ends_on: date | None
    monthly_wage: Decimal | None
    contract_months: int | None
    social_insurance: str | None
    attendance_confirmed: str | None


class Holder(NamedTuple):
    """What is stored of a placed person, as far as weight, age and certificate go."""

    birth_date: date | None
    sex: Sex | None
    has_certificate: bool
    """Whether any column of a disability certificate is filled in."""
    grade: int | None
    valid_until: date | None


class Elsewhere(NamedTuple):
    """A placement of one of these people, with whatever employer."""

    candidate_id: str
    employer_id: str
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Staff:
    """Employers with whom they have placed in a year, who these people are, and where else these are placed."""

    employers: Sequence[Employer]
    placed: Sequence[Placed]
    holders: dict[str, Holder]
    everywhere: Sequence[Elsewhere]


class StaffRows(TableRepository):
    """The staff of the employers whom a subject sees: the law counts everybody whom they employ."""

    def __init__(self, connection: Connection, subject: Subject, kinds: Sequence[str] | None = None) -> None:
        """`kinds` are those of the employers; None: all of them."""
        super().__init__(connection, EMPLOYERS, subject)
        self._kinds = () if kinds is None else (self.table.c.kind.in_(kinds),)

    def staff(self, first: date, last: date) -> Staff:
        """Return whoever may have been placed between two days."""
        return self.reading_staff(first, last, Reading(self.connection))()

    def reading_staff(self, first: date, last: date, reading: Reading) -> Callable[[], Staff]:
        """Ask for the same by what carries out statements; what is returned tells it, once."""
        p, c = tables.CASE_TABLES["placements"].c, tables.CASE_TABLES["candidates"].c
        employers = self._entities(self._readable().where(*self._kinds))
        own = (
            p.employer_id.in_(self._readable(self.table.c.employer_id).where(*self._kinds)),
            or_(p.starts_on.is_(None), p.starts_on <= last),
            or_(p.ends_on.is_(None), p.ends_on >= first),
        )
        who = select(p.candidate_id).where(*own)
        placed = reading.rows(select(*(p[name] for name in Placed._fields)).where(*own).order_by(p.placement_id))
        people = reading.rows(
            select(
                c.candidate_id, c.birth_date, c.certificate_number, c.sex, c.category, c.grade,
                c.certificate_valid_until,
            ).where(c.candidate_id.in_(who))
        )  # fmt: skip
        beside = reading.rows(
            select(*(p[name] for name in Elsewhere._fields)).where(p.candidate_id.in_(who), p.employer_id.is_not(None))
        )

        def told() -> Staff:
            own_placed = [Placed._make(row) for row in placed]
            holders = self._holders(people)
            return Staff(employers, own_placed, holders, [Elsewhere._make(row) for row in beside])

        return told

    def _holders(self, people: Iterable[Any]) -> dict[str, Holder]:
        vault, found = vault_of(self.connection), dict[str, Holder]()
        born_of = vault.opener("candidates", "birth_date")
        number_of = vault.opener("candidates", "certificate_number")
        for owner, birth, number, sex, category, grade, until in people:
            born = None if birth is None else date.fromisoformat(born_of(owner, birth))
            known = None if sex is None else Sex(sex)
            has_any = any(item is not None for item in (number, category, grade, until))
            if number is not None:
                told = read_certificate(number_of(owner, number))
                born, known, grade = born or told.birth_date, known or told.sex, told.grade
            found[owner] = Holder(born, known, has_any, grade, until)
        return found
