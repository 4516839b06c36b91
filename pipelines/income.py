"""What a job leaves a person's household each month, in the first month and after any taper, by the rules of a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from matching.rules.decision import Decision
from matching.rules.income import Curve, citations, income_curve, wages_up_to
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import candidate_facts
from matching.rules.values import Value
from pipelines.case import Case


@dataclass(frozen=True, slots=True)
class Income:
    """Both curves of a person on a day, and the rules that answered."""

    candidate_id: str
    on: date
    rules_version: str
    first: Curve
    later: Curve
    rules: tuple[Decision, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as it travels in JSON."""
        return {
            "candidate_id": self.candidate_id,
            "as_of": self.on.isoformat(),
            "rules_version": self.rules_version,
            "first_month": self.first.as_dict(),
            "after_taper": self.later.as_dict(),
            "rules": [told.as_dict() for told in self.rules],
        }


def income_of(
    case: Case, book: Rulebook, candidate_id: str, on: date, *, wage_max: int, given: Mapping[str, Value] | None = None
) -> Income:
    """Return the income of a person of a case over wages up to `wage_max` yuan a month; `given` are facts beside.

    Raises
    ------
    NoSuchCandidate
        When the case has no such person.
    """
    person = case.candidate(candidate_id)
    own = [placement for placement in case.placements if placement.candidate_id == person.candidate_id]
    known = {**candidate_facts(person, on, own), **(given or {})}
    wages = wages_up_to(wage_max)
    return Income(
        candidate_id=candidate_id,
        on=on,
        rules_version=book.version,
        first=income_curve(book, known, on, wages, month=1),
        later=income_curve(book, known, on, wages),
        rules=citations(book, known, on, wages[-1]),
    )
