"""Roles, purposes and acts, and what a subject is: permission = role ∩ scope ∩ purpose.

The scope is looked at in `pipelines.access.scope`; here are the role and the purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
    CONTACT = "contact"
    IDENTITY_CHECK = "identity_check"
    BENEFIT_DECISION = "benefit_decision"
    PERSONS_REQUEST = "persons_request"
    RECRUITMENT = "recruitment"
    STATISTICS = "statistics"
    MODEL_TRAINING = "model_training"
    DATA_EXCHANGE = "data_exchange"
    AUDIT = "audit"
    ACCOUNT_ADMINISTRATION = "account_administration"
    OWN_ACCOUNT = "own_account"


class Action(StrEnum):
    """What may be done, as resource and act; a machine's scopes are these words."""

    READ_CANDIDATES = "candidates.read"
    WRITE_CANDIDATES = "candidates.write"
    READ_IDENTITY = "candidates.identity"
    """Name, numbers, phone, address and exact birth date in full; without it they come masked."""
    EXTRACT_CANDIDATE = "candidates.extract"
    ERASE_CANDIDATE = "candidates.erase"
    READ_RELEASED = "candidates.released"
    """What people released to the subject's own company, and nothing more."""
    ANSWER_RELEASED = "candidates.answer"
    """Say for the own company what comes of a referral: an interview, an offer, a place, a refusal with its reason."""
    MERGE_CANDIDATES = "candidates.merge"
    """Put one record into another of the same person, by name, and take it apart again."""
    READ_SHORTLIST = "shortlists.read"
    READ_CONSENTS = "consents.read"
    WRITE_CONSENTS = "consents.write"
    DECIDE_REVIEWS = "reviews.decide"
    """Answer, by name, a person who asks for a human to look at a list again."""
    READ_INTERACTIONS = "interactions.read"
    WRITE_INTERACTIONS = "interactions.write"
    READ_PLACEMENTS = "placements.read"
    WRITE_PLACEMENTS = "placements.write"
    READ_SERVICES = "services.read"
    WRITE_SERVICES = "services.write"
    READ_NOTES = "notes.read"
    """What staff wrote down of a person in words of their own."""
    WRITE_NOTES = "notes.write"
    READ_TASKS = "tasks.read"
    WRITE_TASKS = "tasks.write"
    READ_COURSES = "courses.read"
    WRITE_COURSES = "courses.write"
    READ_INITIATIVES = "initiatives.read"
    """Campaigns and programmes with their posts and people."""
    WRITE_INITIATIVES = "initiatives.write"
    READ_UNIT_RECORDS = "unit_records.read"
    """What units plan, promise, publish and pay."""
    WRITE_UNIT_RECORDS = "unit_records.write"
    READ_EMPLOYERS = "employers.read"
    WRITE_EMPLOYERS = "employers.write"
    VERIFY_EMPLOYERS = "employers.verify"
    """Saying for an office that an employer is who it says it is."""
    READ_VACANCIES = "vacancies.read"
    WRITE_VACANCIES = "vacancies.write"
    APPROVE_VACANCIES = "vacancies.approve"
    READ_RULES = "rules.read"
    RELEASE_RULES = "rules.release"
    """Propose a changed rule book, release one that somebody else proposed, retire one."""
    READ_QUOTA = "quota.read"
    READ_BENEFITS = "benefits.read"
    WRITE_BENEFITS = "benefits.write"
    DECIDE_BENEFITS = "benefits.decide"
    """Approve or refuse a claim that somebody else proposed."""
    READ_MODELS = "models.read"
    WRITE_MODELS = "models.write"
    READ_REPORTS = "reports.read"
    READ_INSPECTIONS = "inspections.read"
    DRAW_INSPECTIONS = "inspections.write"
    """Draw units whose placements are to be looked into."""
    DECIDE_INSPECTIONS = "inspections.decide"
    """Say, by name and with what was seen, what came of an inspection."""
    HAND_OUT_FILES = "exchange.write"
    """Make a file with names and numbers for a platform that must have it; by a person, for data exchange alone."""
    READ_IMPORTS = "imports.read"
    WRITE_IMPORTS = "imports.write"
    READ_AUDIT = "audit.read"
    READ_READS = "audit.reads"
    """Who read whom for which purpose, in the own organisation and below; of the audit nothing else."""
    ADMINISTER = "accounts.write"


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
_CASEWORK = frozenset(
    {
        Action.READ_CANDIDATES,
        Action.WRITE_CANDIDATES,
        Action.MERGE_CANDIDATES,
        Action.READ_SHORTLIST,
        Action.READ_CONSENTS,
        Action.WRITE_CONSENTS,
        Action.DECIDE_REVIEWS,
        Action.READ_INTERACTIONS,
        Action.WRITE_INTERACTIONS,
        Action.READ_PLACEMENTS,
        Action.WRITE_PLACEMENTS,
        Action.READ_SERVICES,
        Action.WRITE_SERVICES,
        Action.READ_NOTES,
        Action.WRITE_NOTES,
        Action.READ_TASKS,
        Action.WRITE_TASKS,
        Action.READ_COURSES,
        Action.WRITE_COURSES,
        Action.READ_INITIATIVES,
        Action.WRITE_INITIATIVES,
        Action.READ_UNIT_RECORDS,
        Action.WRITE_UNIT_RECORDS,
        Action.READ_EMPLOYERS,
        Action.WRITE_EMPLOYERS,
        Action.VERIFY_EMPLOYERS,
        Action.READ_VACANCIES,
        Action.WRITE_VACANCIES,
        # In the place of a company that has nobody else who may; see pipelines.vacancy_workflow.service.
        Action.APPROVE_VACANCIES,
        Action.READ_RULES,
        Action.READ_QUOTA,
        Action.READ_BENEFITS,
        Action.READ_REPORTS,
        Action.READ_INSPECTIONS,
        Action.READ_IMPORTS,
        Action.WRITE_IMPORTS,
    }
)
_READS = frozenset(action for action in _CASEWORK if action.value.endswith(".read"))
_COMPANY = frozenset(
    {
        Action.READ_RELEASED,
        Action.ANSWER_RELEASED,
        Action.READ_COURSES,
        Action.READ_EMPLOYERS,
        Action.WRITE_EMPLOYERS,
        Action.READ_VACANCIES,
        Action.WRITE_VACANCIES,
        Action.READ_RULES,
        Action.READ_QUOTA,
        Action.READ_BENEFITS,
        Action.READ_IMPORTS,
        Action.WRITE_IMPORTS,
    }
)
_INSPECT = frozenset({Action.DRAW_INSPECTIONS, Action.DECIDE_INSPECTIONS})
_CLAIMS = frozenset({Action.WRITE_BENEFITS, Action.DECIDE_BENEFITS})
_FULL_IDENTITY = (Purpose.CONTACT, Purpose.IDENTITY_CHECK, Purpose.BENEFIT_DECISION, Purpose.PERSONS_REQUEST)
_CASEWORKER = {
    Purpose.JOB_MATCHING: _CASEWORK,
    Purpose.DATA_EXCHANGE: _CASEWORK | {Action.HAND_OUT_FILES},
    **{purpose: _READS | {Action.READ_IDENTITY} for purpose in _FULL_IDENTITY},
    Purpose.BENEFIT_DECISION: _READS | {Action.READ_IDENTITY} | _CLAIMS,
    Purpose.PERSONS_REQUEST: _READS
    | {Action.READ_IDENTITY, Action.EXTRACT_CANDIDATE, Action.WRITE_CONSENTS}
    | {Action.DECIDE_REVIEWS},
}
_PERMITTED: Mapping[Role, Mapping[Purpose, frozenset[Action]]] = {
    Role.CASEWORKER: _CASEWORKER,
    Role.SUPERVISOR: {
        **_CASEWORKER,
        Purpose.SUPERVISION: _READS | {Action.READ_MODELS, Action.RELEASE_RULES, Action.READ_READS} | _INSPECT,
        # Erasing cannot be undone, so it is not the caseworker's alone.
        Purpose.PERSONS_REQUEST: _CASEWORKER[Purpose.PERSONS_REQUEST] | {Action.ERASE_CANDIDATE},
    },
    Role.COMPANY_POSTER: {Purpose.RECRUITMENT: _COMPANY, Purpose.DATA_EXCHANGE: _COMPANY},
    Role.COMPANY_APPROVER: {Purpose.RECRUITMENT: _COMPANY | {Action.APPROVE_VACANCIES}},
    Role.ANALYST: {
        Purpose.STATISTICS: frozenset({Action.READ_REPORTS, Action.READ_RULES, Action.READ_COURSES}),
        Purpose.MODEL_TRAINING: frozenset({Action.READ_MODELS, Action.WRITE_MODELS, Action.READ_RULES}),
    },
    Role.AUDITOR: {Purpose.AUDIT: frozenset({Action.READ_AUDIT})},
    Role.ADMINISTRATOR: {Purpose.ACCOUNT_ADMINISTRATION: frozenset({Action.ADMINISTER, Action.READ_RULES})},
}


def usual_purpose(role: Role | None, action: Action, otherwise: Purpose) -> Purpose:
    """Return what a role does an act for where nobody said: the first purpose that permits it."""
    found = [purpose for purpose, actions in _PERMITTED.get(role, {}).items() if action in actions] if role else []
    return found[0] if found else otherwise


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
    """Who asks, for which organisation, in which role, and what it answers for on the day.

    `codes` are the division codes of its organisation and everything below; `employer_id` is its own company.
    `client_id` and `scopes` are a machine's: it may do what its role may and its token was given.
    `is_local` is the one trusted user of a database without accounts, or the program's own work: no limits.
    """

    user_id: UserId | None
    organisation_id: OrganisationId | None
    role: Role | None
    codes: frozenset[str]
    purpose: Purpose
    is_local: bool = False
    employer_id: str | None = None
    is_whole_province: bool = False
    """Answers for the root of the tree: sees also those whose region is unknown, so that nobody is lost."""
    client_id: str | None = None
    scopes: frozenset[Action] | None = None
    actor: str = "local"

    @property
    def by(self) -> By:
        """Return who acts, for the audit."""
        if self.client_id is not None:
            return By(f"client:{self.client_id}", self.organisation_id, self.purpose)
        return By(self.actor if self.user_id is None else actor_of(self.user_id), self.organisation_id, self.purpose)

    @property
    def sees_people(self) -> bool:
        """True where the role has to do with people at all; the scope then says with which."""
        return self.is_local or self.role in SEES_PEOPLE

    def stating(self, purpose: Purpose) -> "Subject":
        """Return the same subject for another purpose."""
        return replace(self, purpose=purpose)

    def may(self, action: Action) -> bool:
        """True where the role may do this for the stated purpose, and a machine's token was given it."""
        if self.is_local:
            return True
        if self.scopes is not None and action not in self.scopes:
            return False
        return self.role is not None and action in _PERMITTED.get(self.role, {}).get(self.purpose, frozenset())


def actor_of(user_id: UserId) -> str:
    """Return the name of a user in the audit."""
    return f"user:{user_id}"


def local_subject(purpose: Purpose) -> Subject:
    """Return the one trusted user of a database without accounts."""
    return Subject(None, None, None, frozenset(), purpose, is_local=True)


def program_subject(actor: str = "command-line", purpose: Purpose = Purpose.ACCOUNT_ADMINISTRATION) -> Subject:
    """Return the program at its own work (commands, training, batches): no limits, and named in the audit."""
    return Subject(None, None, None, frozenset(), purpose, is_local=True, actor=actor)
