"""Which office and which of its people answer for a person: who took the person on, else who answers for the place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, or_, select

from pipelines.access.roles import SEES_PEOPLE
from pipelines.store import tables


@dataclass(frozen=True, slots=True)
class InCharge:
    """An office and, where one is named, the human there."""

    office: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Offices:
    """Who answers for whom, read at once for everybody."""

    of_place: Mapping[str, InCharge] = field(default_factory=dict)
    of_person: Mapping[str, InCharge] = field(default_factory=dict)

    def for_person(self, candidate_id: str, region: str | None) -> InCharge:
        """Return who answers for a person; the place's office stands in where nobody took the person on."""
        taken_on = self.of_person.get(candidate_id)
        return taken_on or self.of_place.get(region or "", InCharge())


def offices(connection: Connection) -> Offices:
    """Read who answers for whom; a person taken on by several is in the charge of the one named, else of the latest."""
    o, k = tables.organisations.c, tables.organisation_codes.c
    places = select(k.code, o.name).join_from(tables.organisations, tables.organisation_codes).order_by(k.valid_from)
    of_place = {row.code: InCharge(row.name) for row in connection.execute(places.where(k.valid_to.is_(None)))}
    return Offices(of_place, _taken_on(connection, None))


def in_charge_of(connection: Connection, candidate_id: str) -> InCharge:
    """Return who answers for one person."""
    taken_on = _taken_on(connection, candidate_id).get(candidate_id)
    if taken_on is not None:
        return taken_on
    o, k, c = tables.organisations.c, tables.organisation_codes.c, tables.CASE_TABLES["candidates"].c
    place = select(o.name).join_from(tables.organisations, tables.organisation_codes)
    place = place.join(tables.CASE_TABLES["candidates"], c.region == k.code)
    place = place.where(c.candidate_id == candidate_id, k.valid_to.is_(None)).order_by(k.valid_from.desc())
    return InCharge(connection.execute(place.limit(1)).scalar())


def _taken_on(connection: Connection, candidate_id: str | None) -> dict[str, InCharge]:
    a, o, u = tables.assignments, tables.organisations, tables.users
    wanted = (
        select(a.c.candidate_id, o.c.name, u.c.display_name)
        .join_from(a, o, a.c.organisation_id == o.c.organisation_id)
        .outerjoin(u, u.c.user_id == a.c.user_id)
        .where(a.c.ended_at.is_(None))
        .order_by(u.c.display_name.is_not(None), a.c.since)
    )
    if candidate_id is not None:
        wanted = wanted.where(a.c.candidate_id == candidate_id)
    # The last written stays: a named human before an office alone, the latest before earlier ones.
    return {row.candidate_id: InCharge(row.name, row.display_name) for row in connection.execute(wanted)}


def display_name(connection: Connection, user_id: str) -> str | None:
    """Return the name of a user as colleagues know it."""
    u = tables.users.c
    return connection.execute(select(u.display_name).where(u.user_id == user_id)).scalar()


def who_asks(connection: Connection, user_id: str, organisation_id: str | None) -> InCharge:
    """Return a user under the name that colleagues know, with the office that they act for."""
    o = tables.organisations.c
    office = connection.execute(select(o.name).where(o.organisation_id == organisation_id)).scalar()
    return InCharge(office, display_name(connection, user_id))


def names_of(connection: Connection, actors: Iterable[str]) -> dict[str, str]:
    """Return the names of those who act, by how the audit calls them; programs have none."""
    ids = {actor.removeprefix("user:") for actor in actors if actor.startswith("user:")}
    if not ids:
        return {}
    u = tables.users.c
    rows = connection.execute(select(u.user_id, u.display_name).where(u.user_id.in_(sorted(ids))))
    return {f"user:{row.user_id}": row.display_name for row in rows}


def colleagues(connection: Connection, organisation_id: str | None, on: date) -> dict[str, str]:
    """Return who works with people at an office on a day, by id, under the name that colleagues know."""
    u, m = tables.users.c, tables.memberships.c
    wanted = select(u.user_id, u.display_name).join_from(tables.users, tables.memberships, u.user_id == m.user_id)
    wanted = wanted.where(
        m.organisation_id == organisation_id,
        m.role.in_(sorted(SEES_PEOPLE)),
        m.valid_from <= on,
        or_(m.valid_to.is_(None), m.valid_to >= on),
        u.status == "active",
    )
    return {row.user_id: row.display_name for row in connection.execute(wanted.order_by(u.display_name, u.user_id))}
