"""How many placed people count for many employers at once: the same months by the same rules as `pipelines.casework`.

A test holds the counts to those that `yougang quota` gives one by one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np

from matching.entities import Employer, EmployerId, Placement
from matching.rules.bulk import Answers, Columns, columns_of, decide_all
from matching.rules.columns import Reasons, from_values
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import candidate_facts
from matching.rules.values import Kind, Value
from pipelines.casework import Case, in_month, month_facts, weight_of, within_year

_MET, _UNKNOWN = 1, -1


@dataclass(frozen=True, slots=True)
class _Month:
    employer: Employer
    placement: Placement
    month: date


def counts_of(
    case: Case, book: Rulebook, employers: Sequence[Employer], year: int, as_of: date, day: date
) -> dict[EmployerId, tuple[Fraction, Fraction]]:
    """Return for each employer the count that is certain and the count if every open question is answered yes.

    `day` is the one whose weights hold for an unknown grade, as in `pipelines.casework.count_range`.
    """
    found = {employer.employer_id: (Fraction(0), Fraction(0)) for employer in employers}
    months = [
        _Month(employer, placement, month)
        for employer in employers
        for placement in within_year(case, employer, year)
        for month in (date(year, number, 1) for number in range(1, 13))
        if in_month(placement, month) and month <= as_of
    ]
    if not months:
        return found
    people = {one.placement.candidate_id for one in months}
    facts: dict[Any, Mapping[str, Value]] = {
        owner: {} if (person := case.candidates.get(owner)) is None else candidate_facts(person, as_of)
        for owner in people
    }
    outcomes = _outcomes(case, book, months, facts, as_of)
    factors = _factors(book, facts, year)
    least, most = (weight_of(book, name, day) for name in ("other_weight", "severe_weight"))
    alike = Counter(
        (one.employer.employer_id, factors[one.placement.candidate_id], outcome)
        for one, outcome in zip(months, outcomes, strict=True)
    )
    for (employer_id, factor, outcome), n_months in alike.items():
        certain, possible = found[employer_id]
        if outcome == _MET:
            certain += (least if factor is None else factor) * n_months / 12
        if outcome in (_MET, _UNKNOWN):
            possible += (most if factor is None else factor) * n_months / 12
        found[employer_id] = certain, possible
    return found


def _outcomes(
    case: Case, book: Rulebook, months: Sequence[_Month], facts: Mapping[Any, Mapping[str, Value]], as_of: date
) -> list[int]:
    """Return for each month whether it counts: 1 yes, 0 no, -1 unknown.

    What stays the same over the months of a placement is read once and repeated; the rest is put beside it.
    """
    first: dict[str, int] = {}
    for place, one in enumerate(months):
        first.setdefault(one.placement.placement_id, place)
    nth = {placement_id: row for row, placement_id in enumerate(first)}
    each = np.array([nth[one.placement.placement_id] for one in months], dtype=np.int64)
    heads = [months[place] for place in first.values()]
    days = from_values([one.month for one in months], Kind.DATE, Reasons())
    people = columns_of(book, [facts[one.placement.candidate_id] for one in heads]).take(each)
    ages = decide_all(book, "person.working_age_statutory", people, days).outcomes()
    same = facts_in_columns(book, [_over_all_months(one, facts, as_of) for one in heads]).take(each)
    beside = facts_in_columns(book, [_in_this_month(case, one, age) for one, age in zip(months, ages, strict=True)])
    answered = decide_all(
        book, "quota.person_month_eligible", Columns(len(months), {**same.facts, **beside.facts}), days
    )
    found: list[int] = answered.outcomes().tolist()
    return found


_OF_A_MONTH = frozenset({"quota_month", "age_in_range", "counted_elsewhere"})


def _over_all_months(one: _Month, facts: Mapping[Any, Mapping[str, Value]], as_of: date) -> dict[str, Value]:
    person = facts[one.placement.candidate_id]
    told = month_facts(one.employer, one.placement, person, (), one.month, as_of, None)
    return {name: value for name, value in told.items() if name not in _OF_A_MONTH}


def _in_this_month(case: Case, one: _Month, age: int) -> dict[str, Value]:
    told: dict[str, Value] = {"quota_month": one.month}
    if age != _UNKNOWN:
        told["age_in_range"] = bool(age == _MET)
    if not any(
        other.employer_id is not None and other.employer_id != one.placement.employer_id and in_month(other, one.month)
        for other in case.placements_of.get(one.placement.candidate_id, ())
    ):
        told["counted_elsewhere"] = False
    return told


def _factors(book: Rulebook, facts: Mapping[Any, Mapping[str, Value]], year: int) -> dict[Any, Fraction | None]:
    """Return what each person counts as, None where the grade is not known."""
    owners = list(facts)
    columns = facts_in_columns(book, [facts[owner] for owner in owners])
    answered = decide_all(book, "quota.person_weight", columns, date(year, 12, 31))
    return {owner: number(answered, "weight", row) for row, owner in enumerate(owners)}


def number(answered: Answers, name: str, row: int) -> Fraction | None:
    """Return a result of one row where it is a number."""
    column = answered.results[name].full(answered.rows)
    value = column.value(row, answered.reasons)
    return value if isinstance(value, Fraction) else None


def facts_in_columns(book: Rulebook, cases: Sequence[Mapping[str, Value]]) -> Columns:
    """Return facts of many cases as columns; names that the book does not know are left out."""
    return columns_of(book, [{name: value for name, value in one.items() if name in book.facts} for one in cases])
