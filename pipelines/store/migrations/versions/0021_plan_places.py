"""Places and orders of the plan's work that are of no person: workshops, shops, projects, checklists, contracts."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.base import ExactDecimal
from pipelines.store.migrations.audited import audited_table_triggers

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_TABLES = ("sites", "labour_projects", "office_checks", "service_contracts")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "sites",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        *_texts("name", "unit_id", "region"),
        sa.Column("capacity", sa.Integer(), nullable=True),
        *_texts("brand"),
        *_days("opened_on", "closed_on"),
        _version(),
        sa.CheckConstraint("opened_on <= closed_on", name=op.f("ck_sites_days_in_order")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_sites")),
    )
    op.create_table(
        "labour_projects",
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        *_texts("region", "site_id"),
        sa.Column("places", sa.Integer(), nullable=True),
        *_days("starts_on", "ends_on"),
        _version(),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_labour_projects_days_in_order")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_labour_projects")),
    )
    op.create_table(
        "office_checks",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        *_texts("is_met"),
        *_days("checked_on"),
        *_texts("note"),
        _version(),
        sa.PrimaryKeyConstraint("region", "item", name=op.f("pk_office_checks")),
    )
    op.create_table(
        "service_contracts",
        sa.Column("contract_id", sa.Text(), nullable=False),
        *_texts("provider", "region", "kind"),
        sa.Column("ordered", sa.Integer(), nullable=True),
        sa.Column("amount", ExactDecimal(), nullable=True),
        *_days("starts_on", "ends_on"),
        _version(),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_service_contracts_days_in_order")),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_service_contracts")),
    )
    connection = op.get_bind()
    for table in _TABLES:
        for statement in audited_table_triggers(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=True) for name in names]


def _days(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Date(), nullable=True) for name in names]


def _version() -> sa.Column[int]:
    return sa.Column("row_version", sa.Integer(), server_default="1", nullable=False)


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)
