"""An employer's year of the quota month by month: as stored, or as the employer itself says who works for it.

A company's own answer rests on no person's record (`pipelines.registers.cases`), so that of the stored placements it is
told a range only. Who works for it the company knows: it may say how many, and of which weight, and what it says is
reckoned by the same rules and kept nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection

from matching.rules.decision import Outcome
from matching.rules.rulebook import NOTICE, Rulebook
from matching.rules.values import plain
from pipelines.access.roles import Action, Subject
from pipelines.counted import CountedPerson, weight_of
from pipelines.quota import quota
from pipelines.registers.cases import employer_case

MONTHS = tuple(range(1, 13))


@dataclass(frozen=True, slots=True)
class Staff:
    """So many people of one weight, on duty from one month of the year to another, both whole."""

    n: int
    is_severe: bool
    first: int
    last: int


def quota_year(
    connection: Connection,
    subject: Subject,
    book: Rulebook,
    employer_id: str,
    year: int,
    as_of: date,
    *,
    staff: Sequence[Staff] = (),
    social_wage: Fraction | None = None,
) -> dict[str, Any]:
    """Return an employer's quota and levy with each month of the year; lines of people are not in it.

    Raises
    ------
    NoSuchEmployer
        When there is none, or none that is visible.
    Forbidden
        When the role may not do this for the stated purpose.
    """
    found = employer_case(connection, subject, employer_id, Action.READ_QUOTA)
    ordinary, severe = (weight_of(book, name, as_of) for name in ("other_weight", "severe_weight"))
    own = [
        sum(
            (one.n * (severe if one.is_severe else ordinary) for one in staff if one.first <= month <= one.last),
            Fraction(),
        )
        for month in MONTHS
    ]
    count = sum(own, Fraction()) / len(MONTHS) if staff else None
    answered = quota(found.case, book, employer_id, year, as_of, social_wage, count)
    required = answered.required.results.get("required")
    months = [
        {"month": month, **_of_month(answered.persons, date(year, month, 1), ordinary, severe)}
        if count is None
        else {"month": month, "certain": plain(told), "if_all_confirmed": plain(told)}
        for month, told in zip(MONTHS, own, strict=True)
    ]
    return {
        "as_of": as_of.isoformat(),
        "notice": NOTICE,
        **{name: told for name, told in answered.as_dict().items() if name != "persons"},
        "is_own_count": count is not None,
        "is_liable": answered.certain.results.get("status") != "not_liable",
        "weights": {"ordinary": plain(ordinary), "severe": plain(severe)},
        "required_decision": answered.required.as_dict(),
        "months": months,
        "monthly_line": plain(required) if isinstance(required, Fraction) else None,
    }


def _of_month(persons: Sequence[CountedPerson], month: date, least: Fraction, most: Fraction) -> dict[str, object]:
    certain = possible = Fraction()
    for person in persons:
        low, high = (least, most) if person.factor is None else (person.factor, person.factor)
        for day, decision in person.months:
            if day == month and decision.outcome is Outcome.MET:
                certain, possible = certain + low, possible + high
            elif day == month and decision.outcome is Outcome.UNKNOWN:
                possible += high
    return {"certain": plain(certain), "if_all_confirmed": plain(possible)}
