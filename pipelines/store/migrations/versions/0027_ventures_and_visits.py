"""Start-ups and household industries, and single dated visits to people; all under audit."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TABLES = ("ventures", "visits")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ventures",
        sa.Column("venture_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *(_text(name) for name in ("title", "industry", "services", "for_whom")),
        *(_day(name) for name in ("starts_on", "ends_on", "next_check_on", "grant_paid_on")),
        _version(),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_ventures_days_in_order")),
        _to("ventures", "candidate_id", "candidates"),
        sa.PrimaryKeyConstraint("venture_id", name=op.f("pk_ventures")),
    )
    op.create_index(op.f("ix_ventures_candidate_id"), "ventures", ["candidate_id"])
    op.create_table(
        "visits",
        sa.Column("visit_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        *(_text(name) for name in ("venture_id", "enrolment_id", "by")),
        sa.Column("minutes", sa.Integer(), nullable=True),
        *(_text(name) for name in ("about", "is_running")),
        _day("next_on"),
        _version(),
        sa.CheckConstraint('"on" < next_on', name=op.f("ck_visits_next_is_later")),
        sa.CheckConstraint(
            "kind <> 'startup_check' OR venture_id IS NOT NULL", name=op.f("ck_visits_check_of_a_venture")
        ),
        _to("visits", "candidate_id", "candidates"),
        _to("visits", "venture_id", "ventures"),
        _to("visits", "enrolment_id", "enrolments"),
        sa.PrimaryKeyConstraint("visit_id", name=op.f("pk_visits")),
    )
    for name in ("candidate_id", "venture_id", "enrolment_id"):
        op.create_index(op.f(f"ix_visits_{name}"), "visits", [name])
    connection = op.get_bind()
    for table in _TABLES:
        for statement in audited_table_triggers(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def _text(name: str) -> sa.Column[str | None]:
    return sa.Column(name, sa.Text(), nullable=True)


def _day(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=True)


def _version() -> sa.Column[int]:
    return sa.Column("row_version", sa.Integer(), server_default="1", nullable=False)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.{column}"], name=op.f(f"fk_{table}_{column}_{target}"))


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)
