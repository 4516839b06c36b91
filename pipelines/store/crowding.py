"""What balances everybody's lists, one set for the whole store: posts that step back, and groups that come forward."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, delete, insert, select

from matching.entities import VacancyId
from pipelines.access.audit import record
from pipelines.access.roles import By
from pipelines.store import tables

BALANCED = "vacancies.balance"


@dataclass(frozen=True, slots=True)
class CrowdedPost:
    """One post under one model: its price in units of the score, and what that rests on.

    `looks` are people per opening; `expected` per opening, in placements where the model knows chances and else in
    looks, stands against `bound`.
    """

    vacancy_id: VacancyId
    model_version: str
    as_of: date
    price: float
    looks: float
    expected: float
    openings: float
    bound: float


@dataclass(frozen=True, slots=True)
class GroupLift:
    """By how much the people of one group come forward in lists of people for a post, under one model."""

    attribute: str
    value: str
    model_version: str
    as_of: date
    lift: float


def replace_crowding(
    connection: Connection, posts: Sequence[CrowdedPost], by: By, *, lifts: Sequence[GroupLift] = ()
) -> None:
    """Put these in the place of all that are there."""
    record(connection, by, BALANCED, object_kind="vacancies", details={"count": len(posts), "groups": len(lifts)})
    connection.execute(delete(tables.crowded_posts))
    connection.execute(delete(tables.exposure_lifts))
    if posts:
        connection.execute(insert(tables.crowded_posts), [asdict(post) for post in posts])
    if lifts:
        connection.execute(insert(tables.exposure_lifts), [asdict(lift) for lift in lifts])


def group_lifts(connection: Connection) -> tuple[GroupLift, ...]:
    """Return which groups come forward, by attribute and value."""
    c = tables.exposure_lifts.c
    rows = connection.execute(select(c.attribute, c.value, c.model_version, c.as_of, c.lift))
    return tuple(sorted((GroupLift(*row) for row in rows), key=lambda lift: (lift.attribute, lift.value)))


def crowding(connection: Connection) -> tuple[CrowdedPost, ...]:
    """Return what is there, by id."""
    c = tables.crowded_posts.c
    columns = (c.vacancy_id, c.model_version, c.as_of, c.price, c.looks, c.expected, c.openings, c.bound)
    rows = connection.execute(select(*columns))
    return tuple(sorted((CrowdedPost(*row) for row in rows), key=lambda post: post.vacancy_id))
