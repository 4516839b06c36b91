"""Indices for what is asked by place, by employer, and in the audit by actor or by object alone."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NEW = (
    ("ix_employers_region", "employers", ["region"]),
    ("ix_vacancies_employer_id", "vacancies", ["employer_id"]),
    ("ix_vacancies_region", "vacancies", ["region"]),
    ("ix_audit_actor_sequence", "audit", ["actor", "sequence"]),
    ("ix_audit_object_id_object_kind", "audit", ["object_id", "object_kind"]),
)
_OLD = ("ix_audit_object_kind_object_id", "audit", ["object_kind", "object_id"])


def upgrade() -> None:
    """Apply."""
    for name, table, columns in _NEW:
        op.create_index(op.f(name), table, columns, unique=False)
    op.drop_index(op.f(_OLD[0]), table_name=_OLD[1])


def downgrade() -> None:
    """Undo."""
    op.create_index(op.f(_OLD[0]), _OLD[1], _OLD[2], unique=False)
    for name, table, _ in _NEW:
        op.drop_index(op.f(name), table_name=table)
