"""Clients, import keys, and answers kept for repeated requests."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ROLES = (
    "role IN ('caseworker', 'supervisor', 'company_poster', 'company_approver', 'analyst', 'auditor', 'administrator')"
)
_ZONED = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    _clients()
    _import_keys()
    _kept_answers()


def _clients() -> None:
    op.create_table(
        "clients",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", _ZONED, nullable=False),
        sa.Column("disabled_at", _ZONED, nullable=True),
        sa.CheckConstraint(_ROLES, name=op.f("ck_clients_role_known")),
        sa.CheckConstraint("scopes <> ''", name=op.f("ck_clients_has_a_scope")),
        _organisation("clients"),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_clients")),
    )
    op.create_table(
        "client_secrets",
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("created_at", _ZONED, nullable=False),
        sa.Column("ends_at", _ZONED, nullable=True),
        sa.CheckConstraint(
            "length(secret_hash) >= 66 AND secret_hash LIKE '%.%'", name=op.f("ck_client_secrets_keyed_hash_only")
        ),
        sa.CheckConstraint("created_at <= ends_at", name=op.f("ck_client_secrets_moments_in_order")),
        _client("client_secrets"),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_client_secrets")),
    )
    op.create_index(op.f("ix_client_secrets_client_id"), "client_secrets", ["client_id"], unique=False)
    op.create_table(
        "access_tokens",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", _ZONED, nullable=False),
        sa.Column("expires_at", _ZONED, nullable=False),
        sa.CheckConstraint("length(token_hash) = 64", name=op.f("ck_access_tokens_hash_only")),
        sa.CheckConstraint("created_at < expires_at", name=op.f("ck_access_tokens_moments_in_order")),
        _client("access_tokens"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_tokens")),
    )
    for column in ("client_id", "expires_at"):
        op.create_index(op.f(f"ix_access_tokens_{column}"), "access_tokens", [column], unique=False)


def _import_keys() -> None:
    op.create_table(
        "import_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", _ZONED, nullable=False),
        sa.Column("expires_at", _ZONED, nullable=False),
        sa.Column("revoked_at", _ZONED, nullable=True),
        sa.Column("last_used_at", _ZONED, nullable=True),
        sa.CheckConstraint(
            "role IN ('caseworker', 'supervisor', 'company_poster', 'company_approver')",
            name=op.f("ck_import_keys_role_known"),
        ),
        sa.CheckConstraint(
            "length(key_hash) >= 66 AND key_hash LIKE '%.%'", name=op.f("ck_import_keys_keyed_hash_only")
        ),
        sa.CheckConstraint("created_at < expires_at", name=op.f("ck_import_keys_moments_in_order")),
        _organisation("import_keys"),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_import_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_import_keys_key_hash")),
    )


def _kept_answers() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", _ZONED, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint("length(fingerprint) >= 64", name=op.f("ck_kept_answers_fingerprint_is_a_hash")),
        sa.CheckConstraint("status = 0 OR status BETWEEN 200 AND 299", name=op.f("ck_kept_answers_only_what_was_done")),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_kept_answers")),
    )
    op.create_index(op.f("ix_kept_answers_created_at"), "kept_answers", ["created_at"], unique=False)


def _organisation(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_id_organisations")
    return sa.ForeignKeyConstraint(["organisation_id"], ["organisations.organisation_id"], name=name)


def _client(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["client_id"], ["clients.client_id"], name=op.f(f"fk_{table}_client_id_clients"))


def downgrade() -> None:
    """Undo."""
    for table in ("kept_answers", "import_keys", "access_tokens", "client_secrets", "clients"):
        op.drop_table(table)
