"""Notices: who is told what, and whether it was read; under audit."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_CHECKS = {
    "read_by_a_person": "reader LIKE 'user:%' OR reader = 'local'",
    "says_what": "kind <> '' AND mark <> ''",
    "of_somebody": "n >= 1",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "notices",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("notice_id", "reader", "kind", "because")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("candidate_id", "employer_id", "vacancy_id")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("object_id", "detail")),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("asks", sa.Text(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("made_at", _ZONED, nullable=False),
        *(sa.Column(name, _ZONED, nullable=True) for name in ("seen_at", "ended_at")),
        *(sa.CheckConstraint(text, name=op.f(f"ck_notices_{name}")) for name, text in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.candidate_id"], name=op.f("fk_notices_candidate_id_candidates")
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
        sa.UniqueConstraint("reader", "mark", name=op.f("uq_notices_reader_mark")),
    )
    op.create_index(op.f("ix_notices_candidate_id"), "notices", ["candidate_id"])
    op.create_index(op.f("ix_notices_reader_happened_on_notice_id"), "notices", ["reader", "happened_on", "notice_id"])
    connection = op.get_bind()
    for statement in audited_table_triggers("notices", connection.dialect.name):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Undo; the triggers go with the table."""
    op.drop_table("notices")
