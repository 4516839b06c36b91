"""Placements say who insures on which base, what is agreed of remote work, who dispatches to whom, and who counts."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.base import ExactDecimal

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_COLUMNS = (
    "insurance_base",
    "insurance_base_limit",
    "insured_by",
    "remote_agreement",
    "is_dispatch",
    "dispatch_agency",
    "dispatch_host",
    "counted",
)


def upgrade() -> None:
    """Apply."""
    for name in _COLUMNS:
        op.add_column(
            "placements", sa.Column(name, ExactDecimal() if name == "insurance_base" else sa.Text(), nullable=True)
        )


def downgrade() -> None:
    """Undo."""
    for name in reversed(_COLUMNS):
        op.drop_column("placements", name)
