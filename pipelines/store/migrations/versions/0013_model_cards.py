"""Cards of model versions, and the acts by which a version came to answer; both written once and under audit."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_TABLES = ("model_cards", "model_promotions")
_OVERRULED = "failed = '[]' OR act = 'rollback' OR"
_CHECKS = {
    "act_known": "act IN ('promote', 'rollback')",
    "overruled_for_a_reason": f"{_OVERRULED} COALESCE(reason, '') <> ''",
    "overruled_by_another": f"{_OVERRULED} made_by IS NULL OR by <> made_by",
    "says_who": "by <> ''",
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "model_cards",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", _ZONED, nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_model_cards_hash_of_sha256")),
        sa.CheckConstraint("made_by <> ''", name=op.f("ck_model_cards_says_who")),
        sa.ForeignKeyConstraint(
            ["version"], ["model_versions.version"], name=op.f("fk_model_cards_version_model_versions")
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_model_cards")),
    )
    op.create_table(
        "model_promotions",
        sa.Column("promotion_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.Column("failed", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", _ZONED, nullable=False),
        *(sa.CheckConstraint(said, name=op.f(f"ck_model_promotions_{name}")) for name, said in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["version"], ["model_versions.version"], name=op.f("fk_model_promotions_version_model_versions")
        ),
        sa.PrimaryKeyConstraint("promotion_id", name=op.f("pk_model_promotions")),
    )
    op.create_index(op.f("ix_model_promotions_version"), "model_promotions", ["version"])
    dialect = op.get_bind().dialect.name
    for table in _TABLES:
        for statement in (*_written_once(table, dialect), *audited_table_triggers(table, dialect)):
            op.get_bind().exec_driver_sql(statement)


def _written_once(table: str, dialect: str) -> tuple[str, ...]:
    if dialect == "postgresql":
        return (
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION written_once()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION written_once()",
        )
    return tuple(
        f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table}"
        " BEGIN SELECT RAISE(ABORT, 'this is written once'); END"
        for act in ("update", "delete")
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("model_promotions")
    op.drop_table("model_cards")
