"""Vacancies from draft to published, version by version."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_STATES = "'draft', 'checked', 'approved', 'published', 'closed'"
_METHODS = "'licence_seen', 'public_register', 'site_visit'"
_REASONS = "'filled', 'withdrawn', 'employer_closed', 'unlawful', 'other'"
_WRITTEN_ONCE = ("vacancy_versions", "vacancy_checks", "vacancy_approvals")
_AUDITED = (*_WRITTEN_ONCE, "vacancy_workflow", "employer_verifications")
_FUNCTION = """CREATE FUNCTION vacancy_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a version is written once' USING ERRCODE = 'integrity_constraint_violation';
    END $$"""


def upgrade() -> None:
    """Apply."""
    _versions()
    _workflow()
    _checks_and_approvals()
    _verifications()
    _written_once()
    for table in _AUDITED:
        for statement in audited_table_triggers(table, op.get_bind().dialect.name):
            op.execute(statement)


def _versions() -> None:
    op.create_table(
        "vacancy_versions",
        sa.Column("vacancy_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("employer_id", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("created_at", _ZONED, nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_vacancy_versions_version_from_1")),
        sa.CheckConstraint("author <> ''", name=op.f("ck_vacancy_versions_says_who")),
        sa.PrimaryKeyConstraint("vacancy_id", "version", name=op.f("pk_vacancy_versions")),
        sa.UniqueConstraint(
            "vacancy_id", "version", "author", name=op.f("uq_vacancy_versions_vacancy_id_version_author")
        ),
    )
    op.create_index(
        op.f("ix_vacancy_versions_employer_id_created_at"), "vacancy_versions", ["employer_id", "created_at"]
    )


def _workflow() -> None:
    op.create_table(
        "vacancy_workflow",
        sa.Column("vacancy_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("confirm_from", sa.Date(), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("return_note", sa.Text(), nullable=True),
        sa.Column("employer_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("changed_at", _ZONED, nullable=False),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_vacancy_workflow_state_known")),
        sa.CheckConstraint("approved_by <> author", name=op.f("ck_vacancy_workflow_approved_by_another")),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'published') OR approved_by IS NOT NULL",
            name=op.f("ck_vacancy_workflow_approved_by_somebody"),
        ),
        sa.CheckConstraint(
            "published_version BETWEEN 1 AND version", name=op.f("ck_vacancy_workflow_published_is_a_version")
        ),
        sa.CheckConstraint(
            "state <> 'published' OR published_version = version",
            name=op.f("ck_vacancy_workflow_published_is_the_newest"),
        ),
        sa.CheckConstraint(
            "(published_version IS NULL) = (published_on IS NULL) AND (published_on IS NULL) = (confirm_from IS NULL)",
            name=op.f("ck_vacancy_workflow_published_has_its_days"),
        ),
        sa.CheckConstraint("published_on < confirm_from", name=op.f("ck_vacancy_workflow_days_in_order")),
        sa.CheckConstraint(
            "(state = 'closed') = (close_reason IS NOT NULL)", name=op.f("ck_vacancy_workflow_closed_has_a_reason")
        ),
        sa.CheckConstraint(f"close_reason IN ({_REASONS})", name=op.f("ck_vacancy_workflow_reason_known")),
        sa.CheckConstraint("row_version >= 1", name=op.f("ck_vacancy_workflow_row_version_from_1")),
        sa.ForeignKeyConstraint(
            ["vacancy_id", "version"],
            ["vacancy_versions.vacancy_id", "vacancy_versions.version"],
            name=op.f("fk_vacancy_workflow_version_vacancy_versions"),
        ),
        sa.PrimaryKeyConstraint("vacancy_id", name=op.f("pk_vacancy_workflow")),
    )
    op.create_index(op.f("ix_vacancy_workflow_employer_id"), "vacancy_workflow", ["employer_id"])
    op.create_index(op.f("ix_vacancy_workflow_region"), "vacancy_workflow", ["region"])


def _checks_and_approvals() -> None:
    op.create_table(
        "vacancy_checks",
        sa.Column("check_id", sa.Text(), nullable=False),
        sa.Column("vacancy_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("checked_by", sa.Text(), nullable=False),
        sa.Column("checked_at", _ZONED, nullable=False),
        sa.ForeignKeyConstraint(
            ["vacancy_id", "version"],
            ["vacancy_versions.vacancy_id", "vacancy_versions.version"],
            name=op.f("fk_vacancy_checks_version_vacancy_versions"),
        ),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_vacancy_checks")),
    )
    op.create_index(
        op.f("ix_vacancy_checks_vacancy_id_version_checked_at"),
        "vacancy_checks",
        ["vacancy_id", "version", "checked_at"],
    )
    op.create_table(
        "vacancy_approvals",
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("vacancy_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("approved_at", _ZONED, nullable=False),
        sa.CheckConstraint("approved_by <> author", name=op.f("ck_vacancy_approvals_by_another")),
        sa.CheckConstraint("approved_by LIKE 'user:%'", name=op.f("ck_vacancy_approvals_by_a_person")),
        sa.ForeignKeyConstraint(
            ["vacancy_id", "version", "author"],
            ["vacancy_versions.vacancy_id", "vacancy_versions.version", "vacancy_versions.author"],
            name=op.f("fk_vacancy_approvals_version_vacancy_versions"),
        ),
        sa.PrimaryKeyConstraint("approval_id", name=op.f("pk_vacancy_approvals")),
    )
    op.create_index(op.f("ix_vacancy_approvals_vacancy_id_version"), "vacancy_approvals", ["vacancy_id", "version"])


def _verifications() -> None:
    op.create_table(
        "employer_verifications",
        sa.Column("verification_id", sa.Text(), nullable=False),
        sa.Column("employer_id", sa.Text(), nullable=False),
        sa.Column("employer_name", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("verified_by", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("verified_at", _ZONED, nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", _ZONED, nullable=True),
        sa.CheckConstraint(f"method IN ({_METHODS})", name=op.f("ck_employer_verifications_method_known")),
        sa.CheckConstraint("verified_by NOT LIKE 'client:%'", name=op.f("ck_employer_verifications_by_a_person")),
        sa.CheckConstraint("verified_at <= withdrawn_at", name=op.f("ck_employer_verifications_moments_in_order")),
        sa.CheckConstraint(
            "(withdrawn_by IS NULL) = (withdrawn_at IS NULL)",
            name=op.f("ck_employer_verifications_withdrawn_by_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.employer_id"], name=op.f("fk_employer_verifications_employer_id_employers")
        ),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_employer_verifications")),
    )
    holds = sa.text("withdrawn_at IS NULL")
    op.create_index(
        "uq_employer_verifications_holding",
        "employer_verifications",
        ["employer_id"],
        unique=True,
        sqlite_where=holds,
        postgresql_where=holds,
    )


def _written_once() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in _WRITTEN_ONCE:
            for act in ("update", "delete"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table}"
                    " BEGIN SELECT RAISE(ABORT, 'a version is written once'); END"
                )
        return
    op.execute(_FUNCTION)
    for table in _WRITTEN_ONCE:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION vacancy_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION vacancy_refuse()"
        )


def downgrade() -> None:
    """Undo; the triggers go with their tables."""
    op.drop_table("employer_verifications")
    op.drop_table("vacancy_approvals")
    op.drop_table("vacancy_checks")
    op.drop_table("vacancy_workflow")
    op.drop_table("vacancy_versions")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION vacancy_refuse()")
