"""Which division codes a place stands for: everything that its office and those below it answer for on the day.

Codes are looked up in the dated tree of organisations, never compared by their beginnings; a store without offices uses
the tree that seeding would make of the division table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import Connection

from matching.regions import GANSU, RegionError, region_code, region_name
from pipelines.access.organisations import Organisations, gansu
from pipelines.access.roles import OrganisationId, OrganisationKind
from pipelines.duties.errors import NoSuchRegion


@dataclass(frozen=True, slots=True)
class Area:
    """A place with the codes that it stands for; None stands for everybody, whatever the code."""

    code: str
    name: str
    codes: frozenset[str] | None


def area_of(connection: Connection, region: str | None, on: date) -> Area:
    """Return what a place, given by code or name, stands for on a day; no place stands for the whole province.

    Raises
    ------
    NoSuchRegion
        When it is no division, or none that an office of the province answers for.
    """
    if region is None:
        return Area(GANSU, region_name(GANSU), None)
    try:
        code = region_code(region)
    except RegionError as error:
        raise NoSuchRegion(str(error)) from error
    if code == GANSU:
        return Area(code, region_name(code), None)
    codes = Organisations(connection).codes_with(code, on)
    if codes is None:
        codes = _codes_without_offices().get(code, frozenset())
    if not codes:
        raise NoSuchRegion("没有机构负责这个地区")
    return Area(code, region_name(code), codes)


@cache
def _codes_without_offices() -> Mapping[str, frozenset[str]]:
    """Return for each code of the province what its office would answer for, by the tree that seeding makes."""
    own = {organisation.organisation_id: frozenset(codes) for organisation, codes in gansu()}
    below = dict(own)
    for organisation, _ in reversed(gansu()):  # lower ones first
        if organisation.parent_id is not None and organisation.kind is not OrganisationKind.PROVINCE:
            below[organisation.parent_id] |= below[organisation.organisation_id]
    return {code: below[office] for office, codes in own.items() for code in codes}


def prefectures_of(connection: Connection, on: date) -> tuple[Area, ...]:
    """Return the areas that answer to the province themselves, with their codes on a day."""
    offices = Organisations(connection)
    tree = [(one, codes) for one, codes in gansu()]
    if everybody := offices.all():
        own = offices.codes(on)
        tree = [(one, own.get(one.organisation_id, [])) for one in everybody]
    upper = {one.organisation_id: one.parent_id for one, _ in tree}
    heads = {one.organisation_id: one for one, _ in tree if one.kind is OrganisationKind.PREFECTURE}
    below: dict[str, set[str]] = {head: set() for head in heads}
    for one, codes in tree:
        at: OrganisationId | None = one.organisation_id
        while at is not None and at not in heads:
            at = upper.get(at)
        if at is not None:
            below[at].update(codes)
    first = {one.organisation_id: codes[0] for one, codes in tree if one.organisation_id in heads and codes}
    areas = [Area(code, heads[head].name, frozenset(below[head])) for head, code in first.items()]
    return tuple(sorted(areas, key=lambda area: area.code))
