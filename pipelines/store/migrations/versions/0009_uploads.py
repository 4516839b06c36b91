"""Sheets that came over HTTP, and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "uploads",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", _ZONED, nullable=False),
        sa.Column("ended_at", _ZONED, nullable=True),
        sa.Column("read", sa.Integer(), nullable=True),
        sa.Column("accepted", sa.Integer(), nullable=True),
        sa.Column("unchanged", sa.Integer(), nullable=True),
        sa.Column("rejected", sa.Integer(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("rejects", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'broken', 'unreadable')", name=op.f("ck_uploads_state_known")),
        sa.CheckConstraint("accepted + unchanged + rejected = read", name=op.f("ck_uploads_every_row_accounted_for")),
        sa.CheckConstraint(
            "(state = 'running') = (ended_at IS NULL)", name=op.f("ck_uploads_ended_when_no_longer_running")
        ),
        sa.CheckConstraint("started_at <= ended_at", name=op.f("ck_uploads_moments_in_order")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_uploads_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("upload_id", name=op.f("pk_uploads")),
    )
    op.create_index(
        op.f("ix_uploads_organisation_id_started_at"), "uploads", ["organisation_id", "started_at"], unique=False
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_uploads_organisation_id_started_at"), table_name="uploads")
    op.drop_table("uploads")
