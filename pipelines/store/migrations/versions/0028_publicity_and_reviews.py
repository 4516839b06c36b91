"""Publicity, publication and evaluation of trainings, services of the alliance, and the claim that a shop names."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TABLES = ("publicity", "course_reviews")
_COLUMNS = (
    ("sites", "claim_id", sa.Text()),
    ("unit_records", "alliance_services", sa.Text()),
    ("unit_records", "served", sa.Integer()),
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "publicity",
        sa.Column("publicity_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        *(_text(name) for name in ("topic", "title", "place", "by")),
        sa.Column("reached", sa.Integer(), nullable=True),
        _version(),
        sa.PrimaryKeyConstraint("publicity_id", name=op.f("pk_publicity")),
    )
    op.create_index(op.f("ix_publicity_on"), "publicity", ["on"])
    op.create_table(
        "course_reviews",
        sa.Column("review_id", sa.Text(), nullable=False),
        sa.Column("course_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        *(_text(name) for name in ("place", "by", "result")),
        _version(),
        sa.CheckConstraint('"on" <= until', name=op.f("ck_course_reviews_days_in_order")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.course_id"], name=op.f("fk_course_reviews_course_id_courses")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_course_reviews")),
    )
    op.create_index(op.f("ix_course_reviews_course_id"), "course_reviews", ["course_id"])
    for table, name, kind in _COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    connection = op.get_bind()
    for table in _TABLES:
        for statement in audited_table_triggers(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def _text(name: str) -> sa.Column[str | None]:
    return sa.Column(name, sa.Text(), nullable=True)


def _version() -> sa.Column[int]:
    return sa.Column("row_version", sa.Integer(), server_default="1", nullable=False)


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    for table, name, _ in reversed(_COLUMNS):
        op.drop_column(table, name)
    for table in reversed(_TABLES):
        op.drop_table(table)
