"""Who may do what, and by which model, changes only with a word in the audit, as people's rows do since 0004."""

from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers, dropped_table_triggers

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WHOLE = (
    "organisations",
    "organisation_codes",
    "users",
    "memberships",
    "clients",
    "client_secrets",
    "access_tokens",
    "model_versions",
    "uploads",
)
# When one was last used is nobody's act, and is written beside reads that have an audit row of their own.
_BUT_LAST_USE = {
    "sessions": "token_hash, user_id, organisation_id, role, csrf_hash, created_at, expires_at, revoked_at",
    "import_keys": "key_id, key_hash, name, organisation_id, role, created_at, expires_at, revoked_at",
}


def upgrade() -> None:
    """Apply."""
    dialect = op.get_bind().dialect.name
    for table, columns in {**dict.fromkeys(_WHOLE), **_BUT_LAST_USE}.items():
        for statement in audited_table_triggers(table, dialect, columns):
            op.execute(statement)


def downgrade() -> None:
    """Undo."""
    for table in (*_WHOLE, *_BUT_LAST_USE):
        for statement in dropped_table_triggers(table, op.get_bind().dialect.name):
            op.execute(statement)
