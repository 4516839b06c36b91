"""Taking people out of the store: when they were last active, what holds their record, and the deletion itself.

Whatever table refers to a person is found in the metadata, so that one added later cannot be forgotten.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, delete, func, insert, or_, select

from pipelines.store import tables
from pipelines.store.caseload_tables import case_notes, plans, task_steps
from pipelines.store.consent_tables import archived_events, archived_people, consents, person_requests
from pipelines.store.whole import metadata

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_MANY = 400
_people, _placements = tables.CASE_TABLES["candidates"], tables.CASE_TABLES["placements"]


def tables_of_people() -> list[Table]:
    """Return every table that refers to a person, those that refer to others first."""
    return [
        table
        for table in reversed(metadata.sorted_tables)
        if any(key.column is _people.c.candidate_id for key in table.foreign_keys)
    ]


def last_active(connection: Connection) -> dict[str, date]:
    """Return the last day on which something is known to have happened with each person.

    A fact supplied, an act, a service, a placement, a statement, a request, an office taking the person on. Lists made
    by the program are none. Of whom nothing is known there is no entry.
    """
    acts, services = tables.CASE_TABLES["interactions"].c, tables.CASE_TABLES["services"].c
    enrolments = tables.CASE_TABLES["enrolments"].c
    steps, visits, ventures = (tables.CASE_TABLES[name].c for name in ("initiative_people", "visits", "ventures"))
    facts, taken = tables.fact_sources.c, tables.assignments.c
    found: dict[str, date] = {}
    for owner, day in (
        (acts.candidate_id, acts["at"]),
        (services.candidate_id, services["on"]),
        (steps.candidate_id, steps["on"]),
        (visits.candidate_id, visits["on"]),
        (ventures.candidate_id, ventures.starts_on),
        (_placements.c.candidate_id, _placements.c.starts_on),
        (_placements.c.candidate_id, _placements.c.ends_on),
        (facts.candidate_id, facts.supplied_on),
        (_people.c.candidate_id, _people.c.consent_matching_on),
        (taken.candidate_id, taken.since),
        (taken.candidate_id, taken.ended_at),
        (consents.c.candidate_id, consents.c.recorded_at),
        (person_requests.c.candidate_id, person_requests.c.recorded_at),
        (case_notes.c.candidate_id, case_notes.c.happened_on),
        (plans.c.candidate_id, plans.c.opened_on),
        (enrolments.candidate_id, enrolments.starts_on),
        (task_steps.c.candidate_id, task_steps.c["at"]),
    ):
        for candidate_id, latest in connection.execute(select(owner, func.max(day)).group_by(owner)):
            if latest is not None:
                when = _day(latest)
                found[candidate_id] = max(when, found.get(candidate_id, when))
    return found


def _day(value: date | datetime) -> date:
    return value.astimezone(_SHANGHAI).date() if isinstance(value, datetime) else value


def employed(connection: Connection, on: date) -> set[str]:
    """Return who is in a placement that is not known to have ended."""
    c = _placements.c
    running = select(c.candidate_id).where(or_(c.ends_on.is_(None), c.ends_on >= on))
    return set(connection.execute(running).scalars())


def held(connection: Connection, since: date) -> set[str]:
    """Return whose placements still have to be proved: those that run, or ended on or after a day."""
    c = _placements.c
    wanted = select(c.candidate_id).where(or_(c.ends_on.is_(None), c.ends_on >= since))
    return set(connection.execute(wanted).scalars())


def events_of(connection: Connection, candidate_ids: Iterable[str]) -> list[tuple[str, str, date | None]]:
    """Return what happened with these people, as person, kind of event and day."""
    acts, services = tables.CASE_TABLES["interactions"].c, tables.CASE_TABLES["services"].c
    kinds = (
        ("interaction", acts.candidate_id, acts.kind, acts["at"]),
        ("service", services.candidate_id, services.kind, services["on"]),
        ("placement", _placements.c.candidate_id, _placements.c.form, _placements.c.starts_on),
    )
    found: list[tuple[str, str, date | None]] = []
    for name, owner, kind, day in kinds:
        for part in _parts(candidate_ids):
            rows = connection.execute(select(owner, kind, day).where(owner.in_(part)))
            found += [(row[0], f"{name}.{row[1] or 'unknown'}", row[2]) for row in rows]
    return found


def remove(connection: Connection, candidate_ids: Sequence[str]) -> None:
    """Delete everything kept of these people; the audit of it has to stand already, for each of them."""
    for part in _parts(candidate_ids):
        decisions = tables.decisions
        placed = select(_placements.c.placement_id).where(_placements.c.candidate_id.in_(part))
        connection.execute(
            delete(decisions).where(
                or_(
                    (decisions.c.subject_kind == "candidate") & decisions.c.subject_id.in_(part),
                    (decisions.c.subject_kind == "placement") & decisions.c.subject_id.in_(placed),
                )
            )
        )
        for table in tables_of_people():
            connection.execute(delete(table).where(table.c.candidate_id.in_(part)))
        connection.execute(delete(_people).where(_people.c.candidate_id.in_(part)))


def archive(connection: Connection, people: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]) -> None:
    """Keep rows of people who were anonymised, in the order of their own random keys and in no other."""
    for table, rows in ((archived_people, people), (archived_events, events)):
        if rows:
            connection.execute(insert(table), sorted((dict(row) for row in rows), key=lambda row: row["archive_id"]))


def archived(connection: Connection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of the archive as they lie in the store: people, events."""
    return (
        [dict(row._mapping) for row in connection.execute(select(archived_people))],
        [dict(row._mapping) for row in connection.execute(select(archived_events))],
    )


def _parts(candidate_ids: Iterable[str]) -> list[list[str]]:
    wanted = list(candidate_ids)
    return [wanted[start : start + _MANY] for start in range(0, len(wanted), _MANY)]
