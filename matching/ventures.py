"""A person's own start-up or the industry that a household is helped into, and single dated visits: checks, coaches.

Which industries and which services of help there are is dated data (`plan.industries`, `plan.industry_services`).
"""

from dataclasses import dataclass
from datetime import date
from functools import cache

from matching.entities import CandidateId
from matching.plan_actions import named
from matching.rules.dated import rules_on
from matching.vocabulary import Term, YesNo

INDUSTRIES, INDUSTRY_SERVICES = "plan.industries", "plan.industry_services"
_FIRST_DAY = date(2022, 8, 4)


class VentureKind(Term):
    """What is recorded."""

    STARTUP = "startup", "创业"
    INDUSTRY = "industry", "产业帮扶"


class ForWhom(Term):
    """Who of a household runs what it is helped into."""

    PERSON = "person", "本人"
    FAMILY = "family", "家庭成员"


class VisitKind(Term):
    """What a visit is for."""

    STARTUP_CHECK = "startup_check", "创业经营核查"
    COACH_VISIT = "coach_visit", "辅导员走访"


@dataclass(frozen=True, slots=True, kw_only=True)
class Venture:
    """A start-up with the day on which it was registered, or a household's industry with the day of the first help.

    `next_check_on` is a day agreed for a check; `grant_paid_on` the day on which the start-up grant came in. Whether
    a grant was applied for and approved stands in the register of claims alone.
    """

    venture_id: str
    candidate_id: CandidateId
    kind: VentureKind
    title: str | None = None
    industry: str | None = None
    services: tuple[str, ...] = ()
    for_whom: ForWhom | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    next_check_on: date | None = None
    grant_paid_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit on a day: whether a start-up still runs, or what a job coach came for.

    `minutes` may stay unknown; `next_on` is the day agreed for the next one.
    """

    visit_id: str
    candidate_id: CandidateId
    kind: VisitKind
    on: date
    venture_id: str | None = None
    enrolment_id: str | None = None
    by: str | None = None
    minutes: int | None = None
    about: str | None = None
    is_running: YesNo | None = None
    next_on: date | None = None


@cache
def labels_of(parameter: str) -> dict[str, str]:
    """Return every industry or service of help that any version names, by code."""
    versions = rules_on(_FIRST_DAY).parameters[parameter].versions
    return {code: told["text"] for version in versions for code, told in version.value.items()}


def words_on(parameter: str, on: date) -> dict[str, str]:
    """Return the industries or services of help of a day, by code; of a day before the plan, what they are later."""
    return {code: one.label for code, one in named(parameter, max(on, _FIRST_DAY)).items()}
