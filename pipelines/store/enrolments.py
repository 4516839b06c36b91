"""Enrolments beside their plain rows: how many places of a course are taken, and the figures of each course."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, case, func, select

from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.reach import reach

_AWAY = ("left", "absent")


def places_taken(connection: Connection, course_id: str) -> int:
    """Return how many people are enrolled in a course, whoever's they are: its places are everybody's."""
    return all_places_taken(connection, [course_id]).get(course_id, 0)


def all_places_taken(connection: Connection, course_ids: Sequence[str]) -> dict[str, int]:
    """Return how many people are enrolled in each of some courses, whoever's they are; a course of nobody is absent."""
    e = tables.CASE_TABLES["enrolments"].c
    still = e.status.is_(None) | e.status.not_in(_AWAY)
    wanted = select(e.course_id, func.count()).where(e.course_id.in_(course_ids), still).group_by(e.course_id)
    return {row[0]: int(row[1]) for row in connection.execute(wanted)}


def figures(connection: Connection, subject: Subject, course_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return of courses how many visible people are enrolled, finished, left, and hold the certificate, by course."""
    if not course_ids:
        return {}
    e = tables.CASE_TABLES["enrolments"].c
    wanted = select(
        e.course_id,
        func.count().label("enrolled"),
        func.sum(case((e.status == "completed", 1), else_=0)).label("completed"),
        func.sum(case((e.status.in_(_AWAY), 1), else_=0)).label("away"),
        func.sum(case((e.certificate_on.is_not(None), 1), else_=0)).label("certified"),
    ).where(e.course_id.in_(course_ids))
    condition = reach("enrolments", subject)
    if condition is not None:
        wanted = wanted.where(condition)
    rows: Any = connection.execute(wanted.group_by(e.course_id))
    names = ("enrolled", "completed", "away", "certified")
    return {row.course_id: {name: int(getattr(row, name)) for name in names} for row in rows}
