"""Campaigns and programmes with their posts and people, and yearly records of units; all under audit."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TABLES = ("initiatives", "initiative_posts", "initiative_people", "unit_records")


def upgrade() -> None:
    """Apply."""
    _initiatives()
    _unit_records()
    connection = op.get_bind()
    for table in _TABLES:
        for statement in audited_table_triggers(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def _initiatives() -> None:
    op.create_table(
        "initiatives",
        sa.Column("initiative_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        *(_text(name) for name in ("organiser", "region", "address", "online")),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("starts_on", "ends_on")),
        sa.Column("places", sa.Integer(), nullable=True),
        *(_text(name) for name in ("contact", "accommodations", "description")),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        _version(),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_initiatives_days_in_order")),
        sa.PrimaryKeyConstraint("initiative_id", name=op.f("pk_initiatives")),
    )
    op.create_index(op.f("ix_initiatives_starts_on"), "initiatives", ["starts_on"])
    op.create_table(
        "initiative_posts",
        sa.Column("initiative_id", sa.Text(), nullable=False),
        sa.Column("vacancy_id", sa.Text(), nullable=False),
        _version(),
        _to("initiative_posts", "initiative_id", "initiatives"),
        _to("initiative_posts", "vacancy_id", "vacancies"),
        sa.PrimaryKeyConstraint("initiative_id", "vacancy_id", name=op.f("pk_initiative_posts")),
    )
    op.create_index(op.f("ix_initiative_posts_vacancy_id"), "initiative_posts", ["vacancy_id"])
    op.create_table(
        "initiative_people",
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("initiative_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        _version(),
        _to("initiative_people", "candidate_id", "candidates"),
        _to("initiative_people", "initiative_id", "initiatives"),
        sa.PrimaryKeyConstraint("candidate_id", "initiative_id", "step", "on", name=op.f("pk_initiative_people")),
    )
    op.create_index(op.f("ix_initiative_people_initiative_id"), "initiative_people", ["initiative_id"])


def _unit_records() -> None:
    op.create_table(
        "unit_records",
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("employer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("on", "until")),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("posts", "reserved")),
        *(_text(name) for name in ("vacancy_id", "relaxations", "reliefs", "concessions", "place", "conditions")),
        _version(),
        sa.CheckConstraint("reserved <= posts", name=op.f("ck_unit_records_reserved_among_posts")),
        _to("unit_records", "employer_id", "employers"),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_unit_records")),
    )
    op.create_index(op.f("ix_unit_records_employer_id"), "unit_records", ["employer_id"])


def _text(name: str) -> sa.Column[str | None]:
    return sa.Column(name, sa.Text(), nullable=True)


def _version() -> sa.Column[int]:
    return sa.Column("row_version", sa.Integer(), server_default="1", nullable=False)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.{column}"], name=op.f(f"fk_{table}_{column}_{target}"))


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)
