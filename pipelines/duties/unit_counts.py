"""How many placed people count for many employers at once: the same months by the same rules as `pipelines.counted`.

One pass over columns: what stays the same over the months of a placement, of a person or of an employer is read once
and repeated. A test holds the counts to those that `yougang quota` gives one by one.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from matching.entities import EmployerId
from matching.rules.bulk import Answers, Columns, columns_of, decide_all
from matching.rules.columns import Column, Reasons, Records, distinct, from_values
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import NO_ESTABLISHMENT, known
from matching.rules.values import Kind, Value, month_index
from matching.vocabulary import YesNo
from pipelines.counted import certificate_valid_at_audit, weight_of
from pipelines.store.staff_rows import Holder, Placed, Staff

Array = npt.NDArray[np.int64]
_MET, _UNKNOWN = 1, -1
_BEFORE_ALL, _AFTER_ALL = -1, 10**6
_Facts = Callable[[Hashable], Mapping[str, Value]]
_FLAGS = {YesNo.YES.value: True, YesNo.NO.value: False}


def counts_of(
    staff: Staff, book: Rulebook, year: int, as_of: date, day: date
) -> dict[EmployerId, tuple[Fraction, Fraction]]:
    """Return for each employer the count that is certain and the count if every open question is answered yes.

    `day` is the one whose weights hold for an unknown grade, as in `pipelines.counted.count_range`.
    """
    found = {employer.employer_id: (Fraction(0), Fraction(0)) for employer in staff.employers}
    which, months = _months(staff.placed, year, as_of)
    if not len(which):
        return found
    outcomes = _outcomes(staff, book, which, months, year, as_of)
    factors, factor_of = _factors(staff, book, year)
    nth = {employer.employer_id: at for at, employer in enumerate(staff.employers)}
    owner = np.array([nth[EmployerId(one.employer_id)] for one in staff.placed], dtype=np.int64)
    n_words = len(factors) * 3
    alike, of = distinct(owner[which] * n_words + factor_of[which] * 3 + outcomes + 1)
    n_alike = np.bincount(of)
    least, most = (weight_of(book, name, day) for name in ("other_weight", "severe_weight"))
    for code, n_months in zip(alike.tolist(), n_alike.tolist(), strict=True):
        employer_id, factor, outcome = (
            staff.employers[code // n_words].employer_id,
            factors[code % n_words // 3],
            code % 3,
        )
        certain, possible = found[employer_id]
        if outcome - 1 == _MET:
            certain += (least if factor is None else factor) * n_months / 12
        if outcome - 1 in (_MET, _UNKNOWN):
            possible += (most if factor is None else factor) * n_months / 12
        found[employer_id] = certain, possible
    return found


def _months(placed: Sequence[Placed], year: int, as_of: date) -> tuple[Array, Array]:
    """Return which placement each month is of, and the month's number from 1: those that `casework.in_month` finds."""
    begins, ends = _spans((one.starts_on, one.ends_on) for one in placed)
    numbers = np.array([m for m in range(1, 13) if date(year, m, 1) <= as_of], dtype=np.int64)
    at = month_index(date(year, 1, 1)) + numbers - 1
    which, nth = np.nonzero((begins[:, None] <= at) & (ends[:, None] >= at))
    return which.astype(np.int64), numbers[nth]


def _spans(days: Iterable[tuple[date | None, date | None]]) -> tuple[Array, Array]:
    """Return the first and the last month of spans; an unknown end or beginning does not end them."""
    found = [
        (_BEFORE_ALL if first is None else month_index(first), _AFTER_ALL if last is None else month_index(last))
        for first, last in days
    ]
    both = np.array(found, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _outcomes(staff: Staff, book: Rulebook, which: Array, months: Array, year: int, as_of: date) -> Array:
    """Return for each month whether it counts: 1 yes, 0 no, -1 unknown."""
    firsts = from_values([date(year, month, 1) for month in range(1, 13)], Kind.DATE, Reasons())
    days = firsts.take(months - 1)
    ages = _ages(staff, book, which, months, firsts)
    elsewhere = _is_elsewhere(staff, year)[which, months - 1]
    same = Columns(len(staff.placed), {**_of_employers(staff, book), **_of_placements(staff, book, year, as_of)})
    beside: Mapping[str, Column | Records] = {
        "quota_month": days,
        "age_in_range": Column(Kind.FLAG, ages == _MET, (ages == _UNKNOWN).astype(np.uint64)),
        # Where another employer has the same person in the month, who counts them is for a person to decide.
        "counted_elsewhere": Column(Kind.FLAG, np.zeros(len(which), dtype=bool), elsewhere.astype(np.uint64)),
    }
    columns = Columns(len(which), {**same.take(which).facts, **beside})
    found: Array = decide_all(book, "quota.person_month_eligible", columns, days).outcomes()
    return found


def _of_employers(staff: Staff, book: Rulebook) -> dict[str, Column | Records]:
    """Return what months hang on of their employer, a row a placement."""
    cases = {
        one.employer_id: known(
            {"employer_region": one.region, "in_establishment": False if one.kind in NO_ESTABLISHMENT else None}
        )
        for one in staff.employers
    }
    return _repeated(book, [one.employer_id for one in staff.placed], lambda key: cases[EmployerId(str(key))])


def _of_placements(staff: Staff, book: Rulebook, year: int, as_of: date) -> dict[str, Column | Records]:
    """Return what months hang on of placement and certificate, a row a placement: as `casework.month_facts`."""
    placed, holders = staff.placed, [staff.holders[one.candidate_id] for one in staff.placed]
    each: Mapping[str, Sequence[Hashable]] = {
        "contract_months": [one.contract_months for one in placed],
        "gross_wage": [one.monthly_wage for one in placed],
        "social_insurance_paid": [_FLAGS.get(one.social_insurance or "") for one in placed],
        # Whether somebody whose first day is not known was there at all in a month nobody knows.
        "on_duty": [None if one.starts_on is None else _FLAGS.get(one.attendance_confirmed or "") for one in placed],
    }
    found: dict[str, Column | Records] = {}
    for name, values in each.items():
        found |= _repeated(book, values, _named(name))
    return found | _repeated(book, [one.valid_until for one in holders], lambda until: _validity(until, year, as_of))


def _named(name: str) -> _Facts:
    return lambda value: known({name: value})


def _validity(until: Hashable, year: int, as_of: date) -> dict[str, Value]:
    if not isinstance(until, date):
        return {}
    valid = certificate_valid_at_audit(until, year, as_of)
    return {"certificate_valid_until": until} if valid is None else {"cert_valid": valid}


def _repeated(book: Rulebook, keys: Sequence[Hashable], facts: _Facts) -> dict[str, Column | Records]:
    """Return the facts of each key as columns, each distinct key read once."""
    places: dict[Hashable, int] = {}
    rows = np.array([places.setdefault(key, len(places)) for key in keys], dtype=np.int64)
    return dict(facts_in_columns(book, [facts(key) for key in places]).take(rows).facts)


def _ages(staff: Staff, book: Rulebook, which: Array, months: Array, firsts: Column) -> Array:
    """Return for each month whether the person was of working age on its first day: 1 yes, 0 no, -1 unknown."""
    places: dict[tuple[date | None, str | None], int] = {}
    holders = (staff.holders[one.candidate_id] for one in staff.placed)
    person = np.array([places.setdefault(_born(holder), len(places)) for holder in holders], dtype=np.int64)
    alike, back = distinct(person[which] * 12 + months - 1)
    columns = facts_in_columns(book, [known({"birth_date": born, "sex": sex}) for born, sex in places])
    asked = decide_all(book, "person.working_age_statutory", columns.take(alike // 12), firsts.take(alike % 12))
    found: Array = asked.outcomes()[back]
    return found


def _born(holder: Holder) -> tuple[date | None, str | None]:
    return holder.birth_date, None if holder.sex is None else holder.sex.value


def _is_elsewhere(staff: Staff, year: int) -> npt.NDArray[np.bool_]:
    """Return for each placement and month of the year whether another employer has the same person then."""
    people: dict[str, int] = {}
    employers: dict[str, int] = {}
    begins, ends = _spans((one.starts_on, one.ends_on) for one in staff.everywhere)
    who = np.array([people.setdefault(one.candidate_id, len(people)) for one in staff.everywhere], dtype=np.int64)
    whose = np.array(
        [employers.setdefault(one.employer_id, len(employers)) for one in staff.everywhere], dtype=np.int64
    )
    at = month_index(date(year, 1, 1)) + np.arange(12)
    runs, month = np.nonzero((begins[:, None] <= at) & (ends[:, None] >= at))
    first = np.full((len(people), 12), len(employers), dtype=np.int64)
    last = np.full((len(people), 12), -1, dtype=np.int64)
    np.minimum.at(first, (who[runs], month), whose[runs])
    np.maximum.at(last, (who[runs], month), whose[runs])
    own = np.array([employers[one.employer_id] for one in staff.placed], dtype=np.int64)[:, None]
    row = np.array([people[one.candidate_id] for one in staff.placed], dtype=np.int64)
    there: npt.NDArray[np.bool_] = ((first[row] < own) & (last[row] >= 0)) | (last[row] > own)
    return there


def _factors(staff: Staff, book: Rulebook, year: int) -> tuple[list[Fraction | None], Array]:
    """Return what people count as, None where the grade is not known, and which of these each placement's person is."""
    places: dict[tuple[bool, int | None], int] = {}
    holders = (staff.holders[one.candidate_id] for one in staff.placed)
    kinds = [places.setdefault((one.has_certificate, one.grade), len(places)) for one in holders]
    cases = [
        known({"certificate_kind": "cdpf" if has_any else None, "certificate_grade": grade})
        for has_any, grade in places
    ]
    answered = decide_all(book, "quota.person_weight", facts_in_columns(book, cases), date(year, 12, 31))
    return [number(answered, "weight", row) for row in range(len(cases))], np.array(kinds, dtype=np.int64)


def number(answered: Answers, name: str, row: int) -> Fraction | None:
    """Return a result of one row where it is a number."""
    column = answered.results[name].full(answered.rows)
    value = column.value(row, answered.reasons)
    return value if isinstance(value, Fraction) else None


def facts_in_columns(book: Rulebook, cases: Sequence[Mapping[str, Value]]) -> Columns:
    """Return facts of many cases as columns; names that the book does not know are left out."""
    return columns_of(book, [{name: value for name, value in one.items() if name in book.facts} for one in cases])
