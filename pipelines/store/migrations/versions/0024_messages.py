"""Text messages with what became of each, and who wants none; under audit."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_TABLES = ("messages", "message_choices")
_CHECKS = {
    "to_one": "(candidate_id IS NULL) <> (employer_id IS NULL)",
    "status_known": "status IN ('queued', 'written', 'failed', 'cancelled')",
    "failed_for_a_reason": "(status = 'failed') = (reason IS NOT NULL)",
    "settled_when_no_longer_queued": "(status = 'queued') = (settled_at IS NULL)",
    "written_on_a_day": "(status = 'written') = (written_on IS NOT NULL)",
    "by_a_person": "queued_by NOT LIKE 'client:%'",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "messages",
        sa.Column("message_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("candidate_id", "employer_id")),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("mark", "status")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("reason", "organisation_id")),
        sa.Column("queued_at", _ZONED, nullable=False),
        sa.Column("queued_by", sa.Text(), nullable=False),
        sa.Column("settled_at", _ZONED, nullable=True),
        sa.Column("written_on", sa.Date(), nullable=True),
        *(sa.CheckConstraint(text, name=op.f(f"ck_messages_{name}")) for name, text in _CHECKS.items()),
        _to_person("messages"),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
        sa.UniqueConstraint("mark", name=op.f("uq_messages_mark")),
    )
    for columns in (["candidate_id"], ["employer_id"], ["status", "queued_at", "message_id"]):
        op.create_index(op.f(f"ix_messages_{'_'.join(columns)}"), "messages", columns)
    op.create_table(
        "message_choices",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("choice_id", "candidate_id", "act")),
        sa.Column("recorded_at", _ZONED, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("act IN ('stopped', 'resumed')", name=op.f("ck_message_choices_act_known")),
        sa.CheckConstraint("recorded_by NOT LIKE 'client:%'", name=op.f("ck_message_choices_by_a_person")),
        _to_person("message_choices"),
        sa.PrimaryKeyConstraint("choice_id", name=op.f("pk_message_choices")),
    )
    op.create_index(op.f("ix_message_choices_candidate_id"), "message_choices", ["candidate_id"])
    connection = op.get_bind()
    for table in _TABLES:
        for statement in audited_table_triggers(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def _to_person(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_candidate_id_candidates")
    return sa.ForeignKeyConstraint(["candidate_id"], ["candidates.candidate_id"], name=name)


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)
