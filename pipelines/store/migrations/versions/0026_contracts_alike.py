"""Placements by their first day: contracts that are alike are looked for among those of the same day."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index(op.f("ix_placements_starts_on"), "placements", ["starts_on"])


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_placements_starts_on"), table_name="placements")
