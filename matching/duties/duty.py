"""One thing that is due to one person: since when, by when, why, and what has to be asked first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from matching.duties.terms import DutyKind, DutyState, Ground
from matching.entities import Candidate, Interaction, Placement, Service
from matching.plans import Enrolment, Plan
from matching.ventures import Venture, Visit
from matching.vocabulary import ServiceKind

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What is stored of one person as far as duties go; `strong_matches` is None where no list was ever made."""

    candidate: Candidate
    placements: Sequence[Placement] = ()
    services: Sequence[Service] = ()
    interactions: Sequence[Interaction] = ()
    strong_matches: int | None = None
    plans: Sequence[Plan] = ()
    """The open plans with the person."""
    enrolments: Sequence[Enrolment] = ()
    ventures: Sequence[Venture] = ()
    visits: Sequence[Visit] = ()
    household_told_on: date | None = None
    """The day on which the kinds of the household were supplied, None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Question:
    """A fact that nobody has supplied: what it is called and who can tell."""

    fact: str
    label: str
    who_can_supply: str

    def as_dict(self) -> dict[str, str]:
        """Return it as it travels in JSON."""
        return {"fact": self.fact, "label": self.label, "who_can_supply": self.who_can_supply}


WORK = Question("employed", "目前是否就业", "本人；村（社区）；用人单位")
WISH = Question("job_wish", "有没有就业意愿", "本人或监护人")
BORN = Question("birth_date", "出生日期", "本人出示身份证或残疾人证")
SEX = Question("sex", "性别", "本人出示身份证或残疾人证")
SCHOOL = Question("education", "学历", "本人；毕业院校、学信网")
LEFT_SCHOOL = Question("graduated_on", "毕业日期", "本人；毕业院校、学信网")


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty towards one person.

    `missing` are the services that are due for certain, `open` those that wait for the answers to `asks`. `since` is
    the day on which it fell due, `waiting_since` the day from which the person has waited, which may be years ago.
    `bonus_days` is by how much a good match moves the person forward.
    """

    candidate_id: str
    kind: DutyKind
    state: DutyState
    since: date
    by: date | None
    waiting_since: date
    reason: str
    ground: Ground
    missing: tuple[ServiceKind, ...] = ()
    open: tuple[ServiceKind, ...] = ()
    asks: tuple[Question, ...] = ()
    about: tuple[str, ...] = ()
    strong_matches: int | None = None
    bonus_days: int = 0

    @property
    def key(self) -> tuple[int, str, str]:
        """What the list is ordered by: who has waited longest, a good match counting as more days waited."""
        return (self.waiting_since - EPOCH).days - self.bonus_days, self.candidate_id, self.kind.value

    def waited_days(self, on: date) -> int:
        """Return how many days the person has waited."""
        return max(0, (on - self.waiting_since).days)


def the_day_after(day: date) -> date:
    """Return the next day."""
    return day + timedelta(days=1)
