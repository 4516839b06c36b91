"""Roles, purposes and acts, and what a subject is: permission = role ∩ scope ∩ purpose.

The scope is looked at in `pipelines.access.scope`; here are the role and the purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

UserId = NewType("UserId", str)
OrganisationId = NewType("OrganisationId", str)


class OrganisationKind(StrEnum):
    """What an organisation is; the first four make the tree of divisions, the others stand beside it."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"
    EMPLOYER = "employer"
    ANALYST_OFFICE = "analyst_office"


class Role(StrEnum):
    """What a user is in an organisation."""

    CASEWORKER = "caseworker"
    SUPERVISOR = "supervisor"
    COMPANY_POSTER = "company_poster"
    COMPANY_APPROVER = "company_approver"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Purpose(StrEnum):
    """What data is used for; stated with each read of a person and kept in the audit."""

    JOB_MATCHING = "job_matching"
    SUPERVISION = "supervision"
    ACCOUNT_ADMINISTRATION = "account_administration"
    OWN_ACCOUNT = "own_account"


class Action(StrEnum):
    """What may be done to a person's record."""

    READ_SHORTLIST = "shortlist.read"


DIVISIONS = frozenset(
    {OrganisationKind.PROVINCE, OrganisationKind.PREFECTURE, OrganisationKind.COUNTY, OrganisationKind.TOWNSHIP}
)
KINDS_OF_ROLE: Mapping[Role, frozenset[OrganisationKind]] = {
    Role.CASEWORKER: DIVISIONS,
    Role.SUPERVISOR: DIVISIONS,
    Role.AUDITOR: DIVISIONS,
    Role.ADMINISTRATOR: DIVISIONS,
    Role.COMPANY_POSTER: frozenset({OrganisationKind.EMPLOYER}),
    Role.COMPANY_APPROVER: frozenset({OrganisationKind.EMPLOYER}),
    Role.ANALYST: frozenset({OrganisationKind.ANALYST_OFFICE}),
}
SEES_PEOPLE = frozenset({Role.CASEWORKER, Role.SUPERVISOR})
NEEDS_SECOND_FACTOR = frozenset(Role) - {Role.COMPANY_POSTER, Role.COMPANY_APPROVER}
PERMITTED: Mapping[Role, frozenset[tuple[Action, Purpose]]] = {
    Role.CASEWORKER: frozenset({(Action.READ_SHORTLIST, Purpose.JOB_MATCHING)}),
    Role.SUPERVISOR: frozenset(
        {(Action.READ_SHORTLIST, Purpose.JOB_MATCHING), (Action.READ_SHORTLIST, Purpose.SUPERVISION)}
    ),
}


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, for which organisation and why: what every audit row begins with."""

    actor: str
    organisation_id: str | None
    purpose: Purpose


COMMAND_LINE = By("command-line", None, Purpose.ACCOUNT_ADMINISTRATION)
"""Whoever may run commands on the machine of the database."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks, for which organisation, in which role, and the division codes it answers for on the day.

    `is_local` is the one trusted user of a database without any account: no role, no limits.
    """

    user_id: UserId | None
    organisation_id: OrganisationId | None
    role: Role | None
    codes: frozenset[str]
    purpose: Purpose
    is_local: bool = False

    @property
    def by(self) -> By:
        """Return who acts, for the audit."""
        return By("local" if self.user_id is None else actor_of(self.user_id), self.organisation_id, self.purpose)

    @property
    def sees_people(self) -> bool:
        """True where the role has to do with people at all; the scope then says with which."""
        return self.is_local or self.role in SEES_PEOPLE

    def may(self, action: Action) -> bool:
        """True where the role may do this for the stated purpose."""
        if self.is_local:
            return True
        return self.role is not None and (action, self.purpose) in PERMITTED.get(self.role, frozenset())


def actor_of(user_id: UserId) -> str:
    """Return the name of a user in the audit."""
    return f"user:{user_id}"


def local_subject(purpose: Purpose) -> Subject:
    """Return the one trusted user of a database without accounts."""
    return Subject(None, None, None, frozenset(), purpose, is_local=True)
