"""Hand-overs for a later day, with the people chosen; under audit."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_TABLES = ("planned_handovers", "planned_people")
_CHECKS = {
    "status_known": "status IN ('waiting', 'begun', 'ended', 'cancelled')",
    "days_in_order": "begins_on < returns_on",
    "to_another": "from_user_id <> to_user_id",
    "begun_with_a_handover": "handover_id IS NULL OR status IN ('begun', 'ended')",
    "ended_with_a_return": "return_id IS NULL OR status = 'ended'",
    "by_a_person": "made_by NOT LIKE 'client:%'",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "planned_handovers",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("planned_id", "from_user_id")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("from_organisation_id", "to_user_id")),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("returns_on", sa.Date(), nullable=True),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("words", "status")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("held_for", "handover_id", "return_id")),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        *(sa.CheckConstraint(text, name=op.f(f"ck_planned_handovers_{name}")) for name, text in _CHECKS.items()),
        _to("planned_handovers", "from_user_id", "users.user_id"),
        _to("planned_handovers", "to_user_id", "users.user_id"),
        _to("planned_handovers", "from_organisation_id", "organisations.organisation_id"),
        _to("planned_handovers", "handover_id", "handovers.handover_id"),
        _to("planned_handovers", "return_id", "handovers.handover_id"),
        sa.PrimaryKeyConstraint("planned_id", name=op.f("pk_planned_handovers")),
    )
    op.create_table(
        "planned_people",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("row_id", "planned_id", "candidate_id")),
        _to("planned_people", "planned_id", "planned_handovers.planned_id"),
        _to("planned_people", "candidate_id", "candidates.candidate_id"),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_planned_people")),
    )
    for table, columns in (
        ("planned_handovers", ["from_organisation_id"]), ("planned_handovers", ["status", "begins_on"]),
        ("planned_people", ["planned_id"]), ("planned_people", ["candidate_id"]),
    ):  # fmt: skip
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
    connection = op.get_bind()
    for table in _TABLES:
        for statement in audited_table_triggers(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}_{target.partition('.')[0]}"))


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)
