"""A stored list says how many of its lines are good matches; of older lists nobody counts it again."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("shortlist_runs", sa.Column("n_strong", sa.Integer()))


def downgrade() -> None:
    """Undo."""
    op.drop_column("shortlist_runs", "n_strong")
