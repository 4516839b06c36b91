"""What balances everybody's lists: by how much a crowded post steps back in each of them."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers, dropped_table_triggers

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "crowded_posts",
        sa.Column("vacancy_id", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("price", sa.Double(), nullable=False),
        sa.Column("looks", sa.Double(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("openings", sa.Double(), nullable=False),
        sa.Column("bound", sa.Double(), nullable=False),
        sa.CheckConstraint("price >= 0", name=op.f("ck_crowded_posts_price_not_negative")),
        sa.CheckConstraint("openings > 0", name=op.f("ck_crowded_posts_openings_above_zero")),
        sa.PrimaryKeyConstraint("vacancy_id", name=op.f("pk_crowded_posts")),
    )
    for statement in audited_table_triggers("crowded_posts", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Undo."""
    for statement in dropped_table_triggers("crowded_posts", op.get_bind().dialect.name):
        op.execute(statement)
    op.drop_table("crowded_posts")
