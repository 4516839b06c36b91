"""Ages and recognitions of a person on a day; three-valued where a fact may be missing."""

from dataclasses import dataclass
from datetime import date

from matching.entities import Candidate
from matching.rules.dated import Rules
from matching.rules.decision import Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import rulebook
from matching.rules.subjects import candidate_facts
from matching.vocabulary import Education, Sex


def age_in_months(birth_date: date, day: date) -> int:
    """Return completed months of age on a day."""
    months = (day.year - birth_date.year) * 12 + day.month - birth_date.month
    return months - (day.day < birth_date.day)


def age_on(candidate: Candidate, day: date) -> int | None:
    """Return completed years on a day, or None where the birth date is not known."""
    born = candidate.known_birth_date
    return None if born is None else age_in_months(born, day) // 12


def is_under_working_age(candidate: Candidate, rules: Rules) -> bool | None:
    """True below the lowest age at which work is allowed; None where the birth date is not known.

    Source: 劳动法 第十五条.
    """
    age = age_on(candidate, rules.on)
    version = rules.find_or_none("person.minimum_working_age")
    if age is None or version is None:
        return None
    return age < int(version.value)


@dataclass(frozen=True, slots=True)
class RetirementAge:
    """The statutory age in months for one person, earliest and latest that the known facts allow."""

    earliest: int
    latest: int


def retirement_age(birth_date: date, sex: Sex | None, rules: Rules) -> RetirementAge | None:
    """Return the statutory retirement age; for women the group (50 or 55) depends on the post, so both bound it.

    From 2025-01: k whole months from 2025-01 to the month of the old age, delayed by k // step + 1 months up to
    the end of the transition; none before 2025-01.

    Source: 全国人大常委会关于实施渐进式延迟法定退休年龄的决定 (2024-09-13); FACTS retire.statutory_age.
    """
    version = rules.find_or_none("retire.statutory_age")
    if version is None:
        return None
    groups = ("male",) if sex is Sex.MALE else ("female_50", "female_55") if sex is Sex.FEMALE else tuple(version.value)
    start = version.valid_from
    ages = [_delayed(birth_date, version.value[group], start) for group in groups]
    return RetirementAge(min(ages), max(ages))


def _delayed(birth_date: date, group: dict[str, int], start: date) -> int:
    old, end, step = group["from"], group["to"], group["months_per_step"]
    if end == old:
        return old
    reached = birth_date.year * 12 + birth_date.month - 1 + old
    k = reached - (start.year * 12 + start.month - 1)
    return old if k < 0 else min(end, old + k // step + 1)


def is_past_retirement(candidate: Candidate, rules: Rules) -> bool | None:
    """True past the latest statutory age that the facts allow, False before the earliest, None between or unknown."""
    born = candidate.known_birth_date
    if born is None:
        return None
    age = retirement_age(born, candidate.known_sex, rules)
    if age is None:
        return None
    months = age_in_months(born, rules.on)
    return True if months >= age.latest else False if months < age.earliest else None


def is_recognised_hard_to_employ(candidate: Candidate, day: date) -> bool | None:
    """True where recognition as 就业困难人员 runs on the day; one that ended is no; none, or no end, recorded: unknown.

    A certificate alone never makes a person 就业困难人员: recognition is a step of its own (FACTS T11).
    """
    facts = candidate_facts(candidate, day)
    outcome = decide(rulebook(), "person.hard_to_employ", facts, day).outcome
    return None if outcome is Outcome.UNKNOWN else outcome is Outcome.MET


def is_recent_graduate(candidate: Candidate, rules: Rules) -> bool | None:
    """True within the plan's years after leaving college; None where education or the day is not known."""
    if candidate.education is not None and candidate.education.rank < Education.COLLEGE.rank:
        return False
    version = rules.find_or_none("person.graduate_unemployed.within_years")
    if candidate.education is None or candidate.graduated_on is None or version is None:
        return None
    left, months = candidate.graduated_on, int(version.value) * 12
    return left <= rules.on and age_in_months(left, rules.on) < months
