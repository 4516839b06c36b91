"""The tree of organisations and the division codes each answers for, with dates.

Scope is looked up here and never cut out of a code: a county may change its code or the office that answers for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Date, ScalarSelect, Select, bindparam, func, insert, or_, select

from matching.regions import GANSU, RegionError, divisions, prefecture, region_code
from pipelines.access.audit import record, record_each
from pipelines.access.errors import AccountRefused
from pipelines.access.roles import By, OrganisationId, OrganisationKind
from pipelines.store import tables

# Beside the 14 prefectures stand two units that answer to the province themselves: 兰州新区 and 甘肃矿区.
BESIDE_PREFECTURES = ("620171", "620299")
SINCE = date(1949, 10, 1)
"""The first day of seeded codes: records may be dated before the office was entered here."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """One node; a company also has its credit code, by which its own rows are found."""

    organisation_id: OrganisationId
    kind: OrganisationKind
    name: str
    parent_id: OrganisationId | None
    employer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a node is on a day, and the codes that it and everything below it answer for."""

    kind: OrganisationKind
    employer_id: str | None
    codes: frozenset[str]


class Organisations:
    """The organisations of a store."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def all(self) -> list[Organisation]:
        """Return every organisation by id."""
        rows = self.connection.execute(_all().order_by(tables.organisations.c.organisation_id))
        return [_organisation(*row) for row in rows]

    def find(self, organisation_id: str) -> Organisation | None:
        """Return one, or None."""
        row = self.connection.execute(_ONE, {"organisation_id": organisation_id}).first()
        return None if row is None else _organisation(*row)

    def add(self, organisation: Organisation, codes: Iterable[str], *, by: By, since: date = SINCE) -> None:
        """Add one with the codes it answers for.

        Raises
        ------
        AccountRefused
            When the id is taken, the parent is missing or does not fit the kind, or a code is none.
        """
        if self.find(organisation.organisation_id) is not None:
            raise AccountRefused("这个机构编号已存在")
        self._accept_parent(organisation)
        answered = dict.fromkeys(_division(code) for code in codes)
        record(
            self.connection,
            by,
            "organisation.add",
            object_kind="organisation",
            object_id=organisation.organisation_id,
            details={"kind": organisation.kind.value},
        )
        self.connection.execute(insert(tables.organisations).values(**_row(organisation)))
        for code in answered:
            values = {"organisation_id": organisation.organisation_id, "code": code, "valid_from": since}
            self.connection.execute(insert(tables.organisation_codes).values(**values))

    def _accept_parent(self, organisation: Organisation) -> None:
        is_root = organisation.kind in (
            OrganisationKind.PROVINCE,
            OrganisationKind.EMPLOYER,
            OrganisationKind.ANALYST_OFFICE,
        )
        if organisation.parent_id is None:
            if not is_root:
                raise AccountRefused("市州、县区和乡镇机构必须写明上级机构")
            return
        parent = self.find(organisation.parent_id)
        if parent is None:
            raise AccountRefused("没有这个上级机构")
        order = list(OrganisationKind)
        if order.index(parent.kind) >= order.index(organisation.kind) or organisation.kind is OrganisationKind.PROVINCE:
            raise AccountRefused("上级机构的层级必须高于本机构")
        # A company or analysts' office stands beside the tree: below a county it would be part of its scope.
        if is_root:
            raise AccountRefused("用人单位和分析机构不设上级机构")

    def standing(self, organisation_id: OrganisationId, on: date) -> Standing | None:
        """Return what a node is and what it and everything below it answer for on a day, or None where it is none."""
        given = {"organisation_id": organisation_id, "on_day": on}
        row = self.connection.execute(_STANDING, given).first()
        return None if row is None else standing_of(row.kind, row.employer_id, row.codes)

    def codes_of_subtree(self, organisation_id: OrganisationId, on: date) -> frozenset[str]:
        """Return the codes that a node and everything below it answer for on a day."""
        given = {"organisation_id": organisation_id, "on_day": on}
        return frozenset(self.connection.execute(_CODES_BELOW, given).scalars())

    def codes(self, on: date) -> dict[OrganisationId, list[str]]:
        """Return the codes that each node itself answers for on a day, without those below it."""
        c = tables.organisation_codes.c
        holds = (c.valid_from <= on, or_(c.valid_to.is_(None), c.valid_to >= on))
        found: dict[OrganisationId, list[str]] = {}
        statement = select(c.organisation_id, c.code).where(*holds).order_by(c.code)
        for organisation_id, code in self.connection.execute(statement):
            found.setdefault(OrganisationId(organisation_id), []).append(code)
        return found

    def codes_with(self, code: str, on: date) -> frozenset[str] | None:
        """Return the codes of the offices that answer for a code on a day, and of everything below them.

        Nobody answers for it: no codes. A store without offices answers None.
        """
        c = tables.organisation_codes.c
        if self.connection.execute(select(c.code).limit(1)).first() is None:
            return None
        holds = (c.code == code, c.valid_from <= on, or_(c.valid_to.is_(None), c.valid_to >= on))
        offices = self.connection.execute(select(c.organisation_id).where(*holds)).scalars().all()
        return frozenset[str]().union(*(self.codes_of_subtree(OrganisationId(office), on) for office in offices))

    def seed_gansu(self, *, by: By) -> int:
        """Add every office of `gansu` that is not there yet; return how many."""
        known = {organisation.organisation_id for organisation in self.all()}
        missing = [(one, codes) for one, codes in gansu() if one.organisation_id not in known]
        # Level by level, so that a hundred offices take a few statements; each has its own row in the audit.
        for kind, level in groupby(missing, key=lambda found: found[0].kind):
            self._add_alike(kind, list(level), by=by)
        return len(missing)

    def _add_alike(self, kind: OrganisationKind, found: list[tuple[Organisation, list[str]]], *, by: By) -> None:
        ids = [one.organisation_id for one, _ in found]
        details = {"kind": kind.value}
        record_each(
            self.connection, by, "organisation.add", object_kind="organisation", object_ids=ids, details=details
        )
        self.connection.execute(insert(tables.organisations), [_row(one) for one, _ in found])
        answered = [
            {"organisation_id": one.organisation_id, "code": code, "valid_from": SINCE}
            for one, codes in found
            for code in codes
        ]
        self.connection.execute(insert(tables.organisation_codes), answered)


def gansu() -> list[tuple[Organisation, list[str]]]:
    """Return the divisions of Gansu as organisations, upper ones first, with the codes each answers for itself.

    市辖区 and 嘉峪关市 (620201) are no offices of their own: the prefecture answers for these codes.
    """
    codes = sorted(code for code in divisions() if code.startswith(GANSU[:2]))
    prefectures = [code for code in codes if code.endswith("00") and code != GANSU]
    merged = {
        code: prefecture(code)
        for code in codes
        if not code.endswith("00")
        and (divisions()[code].name == "市辖区" or divisions()[code].name == divisions()[prefecture(code)].name)
    }
    found = [(_office(GANSU, OrganisationKind.PROVINCE, None), [GANSU])]
    for code in prefectures:
        own = [code, *(merged_code for merged_code, upper in merged.items() if upper == code)]
        found.append((_office(code, OrganisationKind.PREFECTURE, GANSU), own))
    for code in BESIDE_PREFECTURES:
        found.append((_office(code, OrganisationKind.PREFECTURE, GANSU), [code]))
    for code in codes:
        if not code.endswith("00") and code not in merged and code not in BESIDE_PREFECTURES:
            found.append((_office(code, OrganisationKind.COUNTY, prefecture(code)), [code]))
    return found


def _row(organisation: Organisation) -> dict[str, str | None]:
    return {
        "organisation_id": organisation.organisation_id,
        "kind": organisation.kind.value,
        "name": organisation.name,
        "parent_id": organisation.parent_id,
        "employer_id": organisation.employer_id,
    }


def office_id(code: str) -> OrganisationId:
    """Return the id that seeding gives the office of a division."""
    return OrganisationId(f"office-{code}")


def _office(code: str, kind: OrganisationKind, upper: str | None) -> Organisation:
    return Organisation(office_id(code), kind, divisions()[code].name, None if upper is None else office_id(upper))


def _all() -> Select[Any]:
    c = tables.organisations.c
    return select(c.organisation_id, c.kind, c.name, c.parent_id, c.employer_id)


def standing_of(kind: str, employer_id: str | None, codes: str | None) -> Standing:
    """Return a standing of what a database tells of it."""
    return Standing(OrganisationKind(kind), employer_id, frozenset(codes.split(",")) if codes else frozenset())


def codes_below(node: Select[Any]) -> ScalarSelect[str]:
    """Return the part of a statement that tells, with commas between, what a node and everything below answer for.

    `node` is the statement of the node's id; the day is the parameter `on_day`.
    """
    told = func.aggregate_strings(tables.organisation_codes.c.code, ",")
    return _codes_below(node).with_only_columns(told).scalar_subquery()


def _codes_below(node: Select[Any]) -> Select[Any]:
    o, c = tables.organisations, tables.organisation_codes.c
    below = node.cte("below", recursive=True)
    below = below.union(select(o.c.organisation_id).join(below, o.c.parent_id == below.c.organisation_id))
    on = bindparam("on_day", type_=Date)
    return select(c.code).where(
        c.organisation_id.in_(select(below.c.organisation_id)),
        c.valid_from <= on,
        or_(c.valid_to.is_(None), c.valid_to >= on),
    )


def _standing() -> Select[Any]:
    o = tables.organisations.c
    codes = codes_below(_node())
    return select(o.kind, o.employer_id, codes.label("codes")).where(o.organisation_id == bindparam("organisation_id"))


def _node() -> Select[Any]:
    o = tables.organisations.c
    return select(o.organisation_id).where(o.organisation_id == bindparam("organisation_id"))


# Asked at every request: put together once, for that costs more than asking.
_ONE = _all().where(tables.organisations.c.organisation_id == bindparam("organisation_id"))
_CODES_BELOW = _codes_below(_node())
_STANDING = _standing()


def _organisation(
    organisation_id: str, kind: str, name: str, parent_id: str | None, employer_id: str | None
) -> Organisation:
    parent = None if parent_id is None else OrganisationId(parent_id)
    return Organisation(OrganisationId(organisation_id), OrganisationKind(kind), name, parent, employer_id)


def _division(text: str) -> str:
    if len(text) == 9 and text.isascii() and text.isdigit():
        return text
    try:
        return region_code(text)
    except RegionError as error:
        raise AccountRefused(str(error)) from error
