"""Who comes forward in lists of people for a post, so that at equal fit people are looked at equally often."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers, dropped_table_triggers

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "exposure_lifts",
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("lift", sa.Double(), nullable=False),
        sa.CheckConstraint("lift > 0", name=op.f("ck_exposure_lifts_lift_above_zero")),
        sa.PrimaryKeyConstraint("attribute", "value", name=op.f("pk_exposure_lifts")),
    )
    for statement in audited_table_triggers("exposure_lifts", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Undo."""
    for statement in dropped_table_triggers("exposure_lifts", op.get_bind().dialect.name):
        op.execute(statement)
    op.drop_table("exposure_lifts")
