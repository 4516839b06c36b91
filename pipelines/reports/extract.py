"""The extract for analysts: one row for each act, from which no person can be found again in the roster.

No id of anybody, the month in place of the day, and place, age and education only as fine as at least ten people share
them. Rows of one person are not tied together, so that no course of life can be followed.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.entities import Candidate, Interaction
from matching.occupations import classify
from matching.regions import prefecture
from matching.rules.person import age_on
from pipelines.access.roles import Purpose, program_subject
from pipelines.consent.effects import learning_refused
from pipelines.reports.bands import age_band, education_band
from pipelines.reports.generalise import generalise
from pipelines.reports.tables import month_end
from pipelines.store.repositories import CandidateRepository, InteractionRepository, VacancyRepository

_PROGRAM = program_subject("reports", Purpose.STATISTICS)
COLUMNS = ("month", "act", "occupation", "place", "age_band", "education")


@dataclass(frozen=True, slots=True)
class _Act:
    person: Candidate
    act: Interaction
    occupation: str | None


def analysts_extract(connection: Connection, on: date) -> dict[str, Any]:
    """Return the acts up to the last month's end; those that would stand out are made coarser or left out."""
    day, refused = month_end(on), learning_refused(connection)
    people = {p.candidate_id: p for p in CandidateRepository(connection, _PROGRAM).all()}
    families = {v.vacancy_id: classify(v.title) for v in VacancyRepository(connection, _PROGRAM).all()}
    acts = [
        _Act(people[act.candidate_id], act, family.label if (family := families.get(act.vacancy_id)) else None)
        for act in InteractionRepository(connection, _PROGRAM).all()
        if act.at <= day and act.candidate_id in people and act.candidate_id not in refused
    ]

    def age(row: _Act) -> str | None:
        return age_band(age_on(row.person, day))

    def city(row: _Act) -> str | None:
        return prefecture(row.person.region) if row.person.region else None

    def school(row: _Act) -> str | None:
        return education_band(row.person.education)

    shown = generalise(
        acts,
        lambda row: row.person.candidate_id,
        (
            lambda row: (row.person.region, age(row), school(row)),
            lambda row: (row.person.region, None, school(row)),
            lambda row: (city(row), age(row), school(row)),
            lambda row: (city(row), None, school(row)),
            lambda row: (city(row), None, None),
            lambda _: (None, None, None),
        ),
    )
    rows = [
        (row.act.at.isoformat()[:7], row.act.kind.value, row.occupation, *said)
        for row, said in zip(acts, shown, strict=True)
        if said is not None
    ]
    return {
        "as_of": day.isoformat(),
        "columns": list(COLUMNS),
        "rows": sorted(([*row] for row in rows), key=lambda row: tuple(str(value) for value in row)),
        "left_out": "少于10人共有的情况已放宽到市州、全省，仍不足的不列出；未列出的行数不公布",
    }
