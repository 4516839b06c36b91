"""What people learn and take part in, and the plans made with them, whose steps are tasks; under audit."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_TABLES = ("enrolments", "plans")
_CHECKS = {
    "kind_known": "kind IN ('graduate', 'assistance')",
    "level_known": "level IN ('basic', 'policy', 'hard', 'urgent')",
    "assistance_has_a_level": "(level IS NOT NULL) = (kind = 'assistance')",
    "ending_known": "ending IN ('placed', 'study', 'declined', 'changed', 'other')",
    "ended_for_a_reason": "(ended_on IS NULL) = (ending IS NULL)",
    "ended_by_somebody": "(ended_on IS NULL) = (ended_by IS NULL)",
    "days_in_order": "opened_on <= ended_on",
    "placement_where_placed": "placement_id IS NULL OR (ending IS NOT NULL AND ending = 'placed')",
    "by_a_person": "opened_by NOT LIKE 'client:%' AND ended_by NOT LIKE 'client:%'",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "enrolments",
        sa.Column("enrolment_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("course_id", "title", "place", "tutor")),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("sessions", sa.Integer(), nullable=True),
        sa.Column("attended", sa.Integer(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column("certificate_on", sa.Date(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_enrolments_days_in_order")),
        _to("enrolments", "candidate_id", "candidates.candidate_id"),
        sa.PrimaryKeyConstraint("enrolment_id", name=op.f("pk_enrolments")),
    )
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("level", "adviser_id", "words")),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_at", _ZONED, nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("touched_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("ending", "placement_id", "ended_by")),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        *(sa.CheckConstraint(text, name=op.f(f"ck_plans_{name}")) for name, text in _CHECKS.items()),
        _to("plans", "candidate_id", "candidates.candidate_id"),
        _to("plans", "adviser_id", "users.user_id"),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_plans")),
    )
    for table, name in (
        ("enrolments", "candidate_id"), ("enrolments", "course_id"), ("plans", "candidate_id"), ("plans", "adviser_id"),
    ):  # fmt: skip
        op.create_index(op.f(f"ix_{table}_{name}"), table, [name])
    # Written out: SQLite adds a column with its reference, Alembic does not let it; rebuilding would lose the triggers.
    op.execute("ALTER TABLE tasks ADD COLUMN plan_id TEXT CONSTRAINT fk_tasks_plan_id_plans REFERENCES plans (plan_id)")
    op.create_index(op.f("ix_tasks_plan_id"), "tasks", ["plan_id"])
    connection = op.get_bind()
    for table in _TABLES:
        for statement in audited_table_triggers(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}_{target.partition('.')[0]}"))


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    op.drop_index(op.f("ix_tasks_plan_id"), "tasks")
    op.execute("ALTER TABLE tasks DROP COLUMN plan_id")
    for table in reversed(_TABLES):
        op.drop_table(table)
