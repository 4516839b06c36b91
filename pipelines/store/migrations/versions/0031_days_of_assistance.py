"""Plans say in words why they were entered and left; both lie sealed. Their days were there before."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_COLUMNS = ("entry_words", "exit_words")


def upgrade() -> None:
    """Apply; of plans of before nobody wrote why."""
    for name in _COLUMNS:
        op.add_column("plans", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    """Undo."""
    for name in reversed(_COLUMNS):
        op.drop_column("plans", name)
