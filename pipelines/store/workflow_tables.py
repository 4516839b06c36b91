"""Tables of a vacancy on its way from draft to published, version by version, and of who verified its employer.

Versions, checks and approvals are written once: triggers of migration 0007 refuse any change. What people are ranked
on is the row in `vacancies`; only publishing writes it.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from pipelines.store.base import UtcDateTime, metadata

STATES = "'draft', 'checked', 'approved', 'published', 'closed'"
METHODS = "'licence_seen', 'public_register', 'site_visit'"
REASONS = "'filled', 'withdrawn', 'employer_closed', 'unlawful', 'other'"

vacancy_versions = Table(
    "vacancy_versions",
    metadata,
    Column("vacancy_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("employer_id", Text),
    Column("content", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("organisation_id", Text),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("vacancy_id", "version", "author"),
    CheckConstraint("version >= 1", name="version_from_1"),
    CheckConstraint("author <> ''", name="says_who"),
)
Index(None, vacancy_versions.c.employer_id, vacancy_versions.c.created_at)

# `published_version` is the version in `vacancies`; a newer one may be on its way beside it.
vacancy_workflow = Table(
    "vacancy_workflow",
    metadata,
    Column("vacancy_id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("approved_by", Text),
    Column("published_version", Integer),
    Column("published_on", Date),
    Column("confirm_from", Date),
    Column("close_reason", Text),
    Column("return_note", Text),
    Column("employer_id", Text),
    Column("kind", Text),
    Column("region", Text),
    Column("row_version", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(
        ["vacancy_id", "version"],
        ["vacancy_versions.vacancy_id", "vacancy_versions.version"],
        name="fk_vacancy_workflow_version_vacancy_versions",
    ),
    CheckConstraint(f"state IN ({STATES})", name="state_known"),
    CheckConstraint("approved_by <> author", name="approved_by_another"),
    CheckConstraint("state NOT IN ('approved', 'published') OR approved_by IS NOT NULL", name="approved_by_somebody"),
    CheckConstraint("published_version BETWEEN 1 AND version", name="published_is_a_version"),
    CheckConstraint("state <> 'published' OR published_version = version", name="published_is_the_newest"),
    CheckConstraint(
        "(published_version IS NULL) = (published_on IS NULL) AND (published_on IS NULL) = (confirm_from IS NULL)",
        name="published_has_its_days",
    ),
    CheckConstraint("published_on < confirm_from", name="days_in_order"),
    CheckConstraint("(state = 'closed') = (close_reason IS NOT NULL)", name="closed_has_a_reason"),
    CheckConstraint(f"close_reason IN ({REASONS})", name="reason_known"),
    CheckConstraint("row_version >= 1", name="row_version_from_1"),
)
Index(None, vacancy_workflow.c.employer_id)
Index(None, vacancy_workflow.c.region)

vacancy_checks = Table(
    "vacancy_checks",
    metadata,
    Column("check_id", Text, primary_key=True),
    Column("vacancy_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("checked_on", Date, nullable=False),
    Column("rules_version", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("findings", Text, nullable=False),
    Column("checked_by", Text, nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(
        ["vacancy_id", "version"],
        ["vacancy_versions.vacancy_id", "vacancy_versions.version"],
        name="fk_vacancy_checks_version_vacancy_versions",
    ),
)
Index(None, vacancy_checks.c.vacancy_id, vacancy_checks.c.version, vacancy_checks.c.checked_at)

# The author stands here once more, and the key sees to it that it is the version's: nobody approves their own.
vacancy_approvals = Table(
    "vacancy_approvals",
    metadata,
    Column("approval_id", Text, primary_key=True),
    Column("vacancy_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("organisation_id", Text),
    Column("approved_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(
        ["vacancy_id", "version", "author"],
        ["vacancy_versions.vacancy_id", "vacancy_versions.version", "vacancy_versions.author"],
        name="fk_vacancy_approvals_version_vacancy_versions",
    ),
    CheckConstraint("approved_by <> author", name="by_another"),
    CheckConstraint("approved_by LIKE 'user:%'", name="by_a_person"),
)

Index(None, vacancy_approvals.c.vacancy_id, vacancy_approvals.c.version)

employer_verifications = Table(
    "employer_verifications",
    metadata,
    Column("verification_id", Text, primary_key=True),
    Column("employer_id", Text, ForeignKey("employers.employer_id"), nullable=False),
    Column("employer_name", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("verified_by", Text, nullable=False),
    Column("organisation_id", Text),
    Column("verified_at", UtcDateTime, nullable=False),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", UtcDateTime),
    CheckConstraint(f"method IN ({METHODS})", name="method_known"),
    CheckConstraint("verified_by NOT LIKE 'client:%'", name="by_a_person"),
    CheckConstraint("verified_at <= withdrawn_at", name="moments_in_order"),
    CheckConstraint("(withdrawn_by IS NULL) = (withdrawn_at IS NULL)", name="withdrawn_by_somebody"),
)
_holds = employer_verifications.c.withdrawn_at.is_(None)
Index(
    "uq_employer_verifications_holding",
    employer_verifications.c.employer_id,
    unique=True,
    sqlite_where=_holds,
    postgresql_where=_holds,
)
