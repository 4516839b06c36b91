"""Erasing people: everything kept of them goes, and of at least ten at once a few coarse facts stay for counting.

What stays has fresh random keys, months in place of days, prefectures in place of counties, no text, and nothing that
links a person's row and events; every class of it holds at least ten people of the batch. Fewer than ten leave nothing.
The audit stays, with the old id: it says who read and who erased, and leads to nobody any more.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from matching.entities import Candidate
from matching.regions import prefecture
from matching.rules.person import age_on
from pipelines.access.audit import record
from pipelines.access.roles import By, Purpose, program_subject
from pipelines.consent.errors import ErasureHeld
from pipelines.consent.texts import term
from pipelines.reports.bands import age_band, education_band
from pipelines.reports.generalise import Shown, generalise
from pipelines.store import anonymising
from pipelines.store.repositories import CandidateRepository

_PROGRAM = program_subject("erasure", Purpose.PERSONS_REQUEST)


@dataclass(frozen=True, slots=True)
class Erased:
    """How many people were erased, and how many coarse rows stayed of them."""

    n_people: int
    n_people_kept: int
    n_events_kept: int


def months_before(day: date, months: int) -> date:
    """Return the day some months earlier; the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def held_back(connection: Connection, on: date) -> set[str]:
    """Return whose record has to be kept as evidence: stored, used for nothing else (个人信息保护法 第四十七条)."""
    return anonymising.held(connection, months_before(on, term("placement_evidence_months", on)))


def erase(connection: Connection, candidate_ids: Sequence[str], *, by: By, why: str, on: date) -> Erased:
    """Erase people in the caller's transaction; `why` is a word for the audit.

    Raises
    ------
    ErasureHeld
        When the record of one of them still has to be kept.
    """
    if not candidate_ids:
        return Erased(0, 0, 0)
    if held_back(connection, on) & set(candidate_ids):
        raise ErasureHeld("安置就业的证据仍在保存期内：期满前只存储，不作其他使用")
    wanted = set(candidate_ids)
    people = [CandidateRepository(connection, _PROGRAM).get(candidate_id) for candidate_id in sorted(wanted)]
    kept_people = _kept_people(people, on)
    kept_events = _kept_events(connection, people)
    for person in people:
        record(
            connection,
            by,
            "candidates.erase",
            object_kind="candidate",
            object_id=person.candidate_id,
            details={"why": why},
        )
    anonymising.remove(connection, [person.candidate_id for person in people])
    anonymising.archive(
        connection,
        [
            {"archive_id": _fresh(), "prefecture": place, "age_band": age, "education": education}
            for place, age, education in kept_people
        ],
        [
            {"archive_id": _fresh(), "kind": kind, "month": month, "prefecture": place}
            for kind, month, place in kept_events
        ],
    )
    return Erased(len(people), len(kept_people), len(kept_events))


def _fresh() -> str:
    return str(uuid.uuid4())


def _place(person: Candidate) -> str | None:
    return prefecture(person.region) if person.region else None


def _kept_people(people: Sequence[Candidate], on: date) -> list[Shown]:
    def facts(person: Candidate) -> tuple[str | None, str | None, str | None]:
        return _place(person), age_band(age_on(person, on)), education_band(person.education)

    shown = generalise(
        people,
        lambda person: person.candidate_id,
        (
            facts,
            lambda person: (facts(person)[0], facts(person)[1], None),
            lambda person: (facts(person)[0], None, None),
            lambda _: (None, None, None),
        ),
    )
    return [row for row in shown if row is not None]


def _kept_events(connection: Connection, people: Sequence[Candidate]) -> list[Shown]:
    places = {person.candidate_id: _place(person) for person in people}
    events = anonymising.events_of(connection, list(places))

    def month(event: tuple[str, str, date | None]) -> str | None:
        return None if event[2] is None else event[2].isoformat()[:7]

    shown = generalise(
        events,
        lambda event: event[0],
        (
            lambda event: (event[1], month(event), places[event[0]]),  # type: ignore[index]  # ids of these people
            lambda event: (event[1], month(event), None),
            lambda event: (event[1], None, None),
        ),
    )
    return [row for row in shown if row is not None]
