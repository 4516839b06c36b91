"""Tables of machines at the door: clients, secrets and tokens, keys for imports, answers kept for repeats."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from pipelines.store.base import UtcDateTime, metadata

_ROLES = (
    "role IN ('caseworker', 'supervisor', 'company_poster', 'company_approver', 'analyst', 'auditor', 'administrator')"
)

# A machine of an organisation: what it may do is its role's acts, of these its scopes, of these its token's.
clients = Table(
    "clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("organisation_id", Text, ForeignKey("organisations.organisation_id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    CheckConstraint(_ROLES, name="role_known"),
    CheckConstraint("scopes <> ''", name="has_a_scope"),
)

# Two may hold at a time, so that a machine changes over without a gap.
client_secrets = Table(
    "client_secrets",
    metadata,
    Column("secret_hash", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.client_id"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime),
    CheckConstraint("length(secret_hash) >= 66 AND secret_hash LIKE '%.%'", name="keyed_hash_only"),
    CheckConstraint("created_at <= ends_at", name="moments_in_order"),
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("clients.client_id"), nullable=False, index=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    CheckConstraint("length(token_hash) = 64", name="hash_only"),
    CheckConstraint("created_at < expires_at", name="moments_in_order"),
)

import_keys = Table(
    "import_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("organisation_id", Text, ForeignKey("organisations.organisation_id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    CheckConstraint("role IN ('caseworker', 'supervisor', 'company_poster', 'company_approver')", name="role_known"),
    CheckConstraint("length(key_hash) >= 66 AND key_hash LIKE '%.%'", name="keyed_hash_only"),
    CheckConstraint("created_at < expires_at", name="moments_in_order"),
)

# A row is written before the work and in its transaction: of two equal requests at a time the second waits for it.
kept_answers = Table(
    "kept_answers",
    metadata,
    Column("key_hash", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    CheckConstraint("length(fingerprint) >= 64", name="fingerprint_is_a_hash"),
    CheckConstraint("status = 0 OR status BETWEEN 200 AND 299", name="only_what_was_done"),
)

Index(None, kept_answers.c.created_at)
