"""Whose people they are within an office, and how they were handed over; under audit."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_TABLES = ("handovers", "caseworkers")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "handovers",
        sa.Column("handover_id", sa.Text(), nullable=False),
        sa.Column("from_user_id", sa.Text(), nullable=False),
        sa.Column("from_organisation_id", sa.Text(), nullable=False),
        sa.Column("to_user_id", sa.Text(), nullable=True),
        sa.Column("to_organisation_id", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("n_people", sa.Integer(), nullable=False),
        sa.Column("made_at", _ZONED, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.CheckConstraint("n_people >= 1", name=op.f("ck_handovers_of_somebody")),
        sa.CheckConstraint("made_by NOT LIKE 'client:%'", name=op.f("ck_handovers_by_a_person")),
        sa.CheckConstraint(
            "to_user_id IS NOT NULL OR to_organisation_id <> from_organisation_id",
            name=op.f("ck_handovers_to_somebody_or_elsewhere"),
        ),
        _to("handovers", "from_user_id", "users.user_id"),
        _to("handovers", "to_user_id", "users.user_id"),
        _to("handovers", "from_organisation_id", "organisations.organisation_id"),
        _to("handovers", "to_organisation_id", "organisations.organisation_id"),
        sa.PrimaryKeyConstraint("handover_id", name=op.f("pk_handovers")),
    )
    for end in ("from", "to"):
        op.create_index(op.f(f"ix_handovers_{end}_organisation_id"), "handovers", [f"{end}_organisation_id"])
    op.create_table(
        "caseworkers",
        sa.Column("charge_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("since", _ZONED, nullable=False),
        sa.Column("ended_at", _ZONED, nullable=True),
        sa.Column("handover_id", sa.Text(), nullable=True),
        sa.CheckConstraint("since <= ended_at", name=op.f("ck_caseworkers_moments_in_order")),
        _to("caseworkers", "candidate_id", "candidates.candidate_id"),
        _to("caseworkers", "organisation_id", "organisations.organisation_id"),
        _to("caseworkers", "user_id", "users.user_id"),
        _to("caseworkers", "handover_id", "handovers.handover_id"),
        sa.PrimaryKeyConstraint("charge_id", name=op.f("pk_caseworkers")),
    )
    op.create_index(op.f("ix_caseworkers_candidate_id"), "caseworkers", ["candidate_id"])
    op.create_index(op.f("ix_caseworkers_organisation_id_user_id"), "caseworkers", ["organisation_id", "user_id"])
    op.create_index(
        "uq_caseworkers_one_at_a_time",
        "caseworkers",
        ["candidate_id", "organisation_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    for table in _TABLES:
        for statement in audited_table_triggers(table, op.get_bind().dialect.name):
            op.get_bind().exec_driver_sql(statement)


def _to(table: str, column: str, where: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{where.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [where], name=name)


def downgrade() -> None:
    """Undo; the triggers go with the tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)
