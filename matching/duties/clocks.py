"""The four once-a-year services (四个一): whom they are owed to on a day, what is still missing, and since when.

Two denominators: every person of working age without work is owed one information check a year; each of them who wishes
to work is owed one assessment, one registration and one service as well. What nobody knows stays a question.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from matching.duties.duty import BORN, SEX, WISH, WORK, CaseFile, Duty, Question, the_day_after
from matching.duties.terms import FOR_EVERYBODY, DutyKind, DutyState, DutyTerms
from matching.entities import Candidate
from matching.rules.functions import plus_months
from matching.rules.person import age_in_months
from matching.rules.subjects import employed_on
from matching.vocabulary import ServiceKind, Sex, YesNo

Known = bool | None
"""True, False, or None where nobody knows."""


def both(*parts: Known) -> Known:
    """Return False where one part is false, else None where one is unknown, else True."""
    return False if False in parts else None if None in parts else True


def negated(part: Known) -> Known:
    """Return the opposite; unknown stays unknown."""
    return None if part is None else not part


def in_working_age(born: date | None, sex: Sex | None, terms: DutyTerms) -> Known:
    """True within the band of the real-name system on the day; of an unknown sex only what holds for both.

    Source: 全国残疾人就业实名制系统指南（2012-04-24）.
    """
    if born is None or terms.band is None:
        return None
    age = age_in_months(born, terms.on) // 12
    bands = (terms.band.male, terms.band.female)
    if sex is not None:
        bands = (terms.band.male,) * 2 if sex is Sex.MALE else (terms.band.female,) * 2
    found = {low <= age <= high for low, high in bands}
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class BirthBand:
    """The age band of a day as birth dates: for each sex the day after which and the day until which one was born.

    Texts, as birth dates are stored (ISO 8601): days so written are in the order of days.
    """

    spans: Mapping[str, tuple[str, str]]

    def holds(self, born: date | None, sex: Sex | None) -> Known:
        """Return what `in_working_age` returns, by comparisons: for hundreds of thousands of people."""
        return self.holds_text(None if born is None else born.isoformat(), None if sex is None else sex.value)

    def holds_text(self, born: str | None, sex: str | None) -> Known:
        """Return the same of birth date and sex as they are stored."""
        if born is None:
            return None
        if sex is not None:
            after, until = self.spans[sex]
            return after < born <= until
        found = {after < born <= until for after, until in self.spans.values()}
        return found.pop() if len(found) == 1 else None


def birth_band(terms: DutyTerms) -> BirthBand | None:
    """Return the band of the day as birth dates, or None where none is in force."""
    if terms.band is None:
        return None
    bands = {Sex.MALE: terms.band.male, Sex.FEMALE: terms.band.female}
    return BirthBand(
        {
            sex.value: (_born_by(terms.on, high + 1).isoformat(), _born_by(terms.on, low).isoformat())
            for sex, (low, high) in bands.items()
        }
    )


def _born_by(on: date, years: int) -> date:
    """Return the last birth date of who has completed so many years on a day."""
    try:
        return on.replace(year=on.year - years)
    except ValueError:  # 29 February of a year that has none: who was born on the 28th is the last
        return on.replace(year=on.year - years, day=28)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands on a day as far as the four services go."""

    in_age: Known
    employed: Known
    wishes: Known
    entered: date | None
    """The day from which the person has been without work, where it is known."""
    done: dict[ServiceKind, int]
    """How often each of the four was given this year, until the day."""
    last: dict[ServiceKind, date]
    """When each was last given, in whatever year."""

    def owed(self, kind: ServiceKind) -> Known:
        """True where the person belongs to the denominator of a service."""
        without_work = both(self.in_age, negated(self.employed))
        return without_work if kind is FOR_EVERYBODY else both(without_work, self.wishes)


def standing(file: CaseFile, terms: DutyTerms) -> Standing:
    """Return how a person stands on the day of the terms."""
    person = file.candidate
    done = dict.fromkeys(terms.times, 0)
    last: dict[ServiceKind, date] = {}
    for service in file.services:
        if service.kind in done and service.on <= terms.on:
            done[service.kind] += service.on.year == terms.on.year
            last[service.kind] = max(service.on, last.get(service.kind, service.on))
    return Standing(
        in_age=in_working_age(person.known_birth_date, person.known_sex, terms),
        employed=employed_on(person, file.placements, terms.on),
        wishes=None if person.job_wish is None else person.job_wish is YesNo.YES,
        entered=_entered(file, terms.on),
        done=done,
        last=last,
    )


def _entered(file: CaseFile, on: date) -> date | None:
    """Return the day on which the person was last known to begin without work: registered, or a job ended."""
    ended = [the_day_after(one.ends_on) for one in file.placements if one.ends_on is not None and one.ends_on < on]
    registered = file.candidate.unemployed_since
    days = [*ended, *([registered] if registered is not None and registered <= on else [])]
    return max(days, default=None)


def four_ones(file: CaseFile, terms: DutyTerms) -> Duty | None:
    """Return what of the four services is still due to a person this year, or None where nothing is.

    Source: 甘政办发〔2022〕97号 二(九).
    """
    ground = terms.grounds.get(DutyKind.FOUR_ONES)
    if ground is None:
        return None
    stands = standing(file, terms)
    undone = [kind for kind, times in terms.times.items() if stands.done[kind] < times]
    missing = tuple(kind for kind in undone if stands.owed(kind) is True)
    unsure = tuple(kind for kind in undone if stands.owed(kind) is None)
    if not missing and not unsure:
        return None
    since, by = _span(file.candidate, stands, terms)
    waited = [
        max((day for day in (stands.entered, _after(stands.last.get(kind))) if day is not None), default=None)
        for kind in (*missing, *unsure)
    ]
    waiting_since = min(day or terms.year_start for day in waited)
    strong = bool(file.strong_matches)
    return Duty(
        candidate_id=file.candidate.candidate_id,
        kind=DutyKind.FOUR_ONES,
        state=DutyState.DUE if missing else DutyState.ASK,
        since=since,
        by=by,
        waiting_since=min(waiting_since, terms.on),
        reason=_told(missing, unsure, stands),
        ground=ground,
        missing=missing,
        open=unsure,
        asks=_questions(file.candidate, stands, unsure),
        strong_matches=file.strong_matches,
        bonus_days=terms.strong_days if strong else 0,
    )


def _after(day: date | None) -> date | None:
    return None if day is None else the_day_after(day)


def _span(person: Candidate, stands: Standing, terms: DutyTerms) -> tuple[date, date]:
    """Return when this year's services fell due and until when they can be given: within the year and the age band."""
    first = [terms.year_start]
    if terms.four_ones_from is not None:
        first.append(terms.four_ones_from)
    if stands.entered is not None:
        first.append(stands.entered)
    last = terms.year_end
    born, sex = person.known_birth_date, person.known_sex
    if born is not None and terms.band is not None and stands.in_age:
        low, high = terms.band.female if sex is Sex.FEMALE else terms.band.male
        first.append(_birthday(born, low))
        last = min(last, _birthday(born, high + 1) - timedelta(days=1))
    return min(max(first), terms.on), max(last, terms.on)


def _birthday(born: date, years: int) -> date:
    """Return the day on which so many years are completed; who was born on 29 February completes them on 1 March."""
    day = plus_months(born, years * 12)
    return day if day.day == born.day else the_day_after(day)


def _questions(person: Candidate, stands: Standing, unsure: tuple[ServiceKind, ...]) -> tuple[Question, ...]:
    """Return the facts without which nobody can say whether a service is owed."""
    if not unsure:
        return ()
    asks = []
    if stands.in_age is None:
        asks.append(BORN if person.known_birth_date is None else SEX)
    if stands.employed is None:
        asks.append(WORK)
    if stands.wishes is None and any(kind is not FOR_EVERYBODY for kind in unsure):
        asks.append(WISH)
    return tuple(asks)


def _told(missing: tuple[ServiceKind, ...], unsure: tuple[ServiceKind, ...], stands: Standing) -> str:
    parts = []
    if missing:
        whom = "就业年龄段未就业" + ("、有就业意愿" if any(kind is not FOR_EVERYBODY for kind in missing) else "")
        parts.append(f"{whom}，本年还没有{'、'.join(kind.label for kind in missing)}")
    if unsure:
        parts.append(f"{'、'.join(kind.label for kind in unsure)}本年还没有，是否应办待核实")
    last = max(stands.last.values(), default=None)
    parts.append("从没有服务记录" if last is None else f"最近一次服务在 {last.isoformat()}")
    return "；".join(parts)
