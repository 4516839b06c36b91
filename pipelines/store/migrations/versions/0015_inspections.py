"""The queue of inspections: units drawn by chance or for their hints, and what came of it; under audit."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_CHECKS = {
    "chosen_known": "chosen IN ('random', 'risk')",
    "outcome_known": "outcome IN ('nothing_found', 'corrected', 'handed_on', 'rights_protection')",
    "decided_whole": "(outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (decided_at IS NULL)"
    " AND (outcome IS NULL) = (ground IS NULL) AND (outcome IS NULL) = (evidence IS NULL)",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "inspections",
        sa.Column("inspection_id", sa.Text(), nullable=False),
        sa.Column("employer_id", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.Column("drawn_at", _ZONED, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", _ZONED, nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        *(sa.CheckConstraint(said, name=op.f(f"ck_inspections_{name}")) for name, said in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.employer_id"], name=op.f("fk_inspections_employer_id_employers")
        ),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_inspections")),
    )
    op.create_index(op.f("ix_inspections_employer_id_year"), "inspections", ["employer_id", "year"], unique=True)
    for statement in audited_table_triggers("inspections", op.get_bind().dialect.name):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Undo; the triggers go with the table."""
    op.drop_table("inspections")
