"""Organisations, accounts, sessions, and the audit that the database itself keeps append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KINDS = "'province', 'prefecture', 'county', 'township', 'employer', 'analyst_office'"
_ROLES = (
    "role IN ('caseworker', 'supervisor', 'company_poster', 'company_approver', 'analyst', 'auditor', 'administrator')"
)
_ZONED = sa.DateTime(timezone=True)

# An INSERT OR REPLACE does not fire DELETE triggers; that a row must follow the head stops it all the same.
_SQLITE = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
    """CREATE TRIGGER audit_follows BEFORE INSERT ON audit
    WHEN NOT EXISTS (SELECT 1 FROM audit_head WHERE sequence + 1 = NEW.sequence AND hash = NEW.previous_hash)
    BEGIN SELECT RAISE(ABORT, 'an audit row follows the one before it'); END""",
    """CREATE TRIGGER audit_advances AFTER INSERT ON audit
    BEGIN UPDATE audit_head SET sequence = NEW.sequence, hash = NEW.hash; END""",
    """CREATE TRIGGER audit_head_no_insert BEFORE INSERT ON audit_head
    BEGIN SELECT RAISE(ABORT, 'audit has one head'); END""",
    """CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'audit has one head'); END""",
    """CREATE TRIGGER audit_head_follows BEFORE UPDATE ON audit_head
    WHEN NOT (NEW.id = OLD.id AND NEW.sequence = OLD.sequence AND NEW.hash = OLD.hash)
     AND NOT (NEW.id = OLD.id AND NEW.sequence = OLD.sequence + 1
              AND EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence AND hash = NEW.hash))
    BEGIN SELECT RAISE(ABORT, 'the head follows the audit'); END""",
)
_POSTGRESQL = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE FUNCTION audit_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NOT EXISTS (SELECT 1 FROM audit_head WHERE sequence + 1 = NEW.sequence AND hash = NEW.previous_hash) THEN
        RAISE EXCEPTION 'an audit row follows the one before it' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE FUNCTION audit_advance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN UPDATE audit_head SET sequence = NEW.sequence, hash = NEW.hash; RETURN NULL; END $$""",
    """CREATE FUNCTION audit_head_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.id = OLD.id AND NEW.sequence = OLD.sequence AND NEW.hash = OLD.hash)
         OR (NEW.id = OLD.id AND NEW.sequence = OLD.sequence + 1
             AND EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence AND hash = NEW.hash)) THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'the head follows the audit' USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_follows BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_follow()",
    "CREATE TRIGGER audit_advances AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_advance()",
    """CREATE TRIGGER audit_head_no_change BEFORE INSERT OR DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_follows BEFORE UPDATE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_head_follow()""",
)


def upgrade() -> None:
    """Apply."""
    _organisations()
    _accounts()
    _sessions()
    _audit()


def _organisations() -> None:
    op.create_table(
        "organisations",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_organisations_kind_known")),
        sa.CheckConstraint(
            "parent_id IS NOT NULL OR kind IN ('province', 'employer', 'analyst_office')",
            name=op.f("ck_organisations_division_has_parent"),
        ),
        sa.CheckConstraint("kind <> 'province' OR parent_id IS NULL", name=op.f("ck_organisations_province_is_root")),
        sa.CheckConstraint("parent_id <> organisation_id", name=op.f("ck_organisations_not_its_own_parent")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["organisations.organisation_id"], name=op.f("fk_organisations_parent_id_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisations")),
    )
    op.create_index(op.f("ix_organisations_parent_id"), "organisations", ["parent_id"], unique=False)
    op.create_table(
        "organisation_codes",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("length(code) IN (6, 9)", name=op.f("ck_organisation_codes_code_of_6_or_9_digits")),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_organisation_codes_days_in_order")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_organisation_codes_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "code", "valid_from", name=op.f("pk_organisation_codes")),
    )


def _accounts() -> None:
    op.create_table(
        "users",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("locked_until", _ZONED, nullable=True),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("one_time_until", _ZONED, nullable=True),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_confirmed_at", _ZONED, nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=True),
        sa.Column("created_at", _ZONED, nullable=False),
        sa.CheckConstraint("status IN ('active', 'locked')", name=op.f("ck_users_status_known")),
        sa.CheckConstraint("failed_attempts >= 0", name=op.f("ck_users_attempts_not_negative")),
        sa.CheckConstraint("password_hash LIKE '$argon2id$%'", name=op.f("ck_users_password_is_argon2id")),
        sa.CheckConstraint("login = lower(login)", name=op.f("ck_users_login_in_lower_case")),
        sa.CheckConstraint(
            "totp_confirmed_at IS NULL OR totp_secret IS NOT NULL", name=op.f("ck_users_confirmed_secret_is_there")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_table(
        "memberships",
        sa.Column("membership_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("withdrawn_at", _ZONED, nullable=True),
        sa.CheckConstraint(_ROLES, name=op.f("ck_memberships_role_known")),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_memberships_days_in_order")),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_memberships_user_id_users")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_memberships_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("membership_id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"], unique=False)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("csrf_hash", sa.Text(), nullable=False),
        sa.Column("created_at", _ZONED, nullable=False),
        sa.Column("last_seen_at", _ZONED, nullable=False),
        sa.Column("expires_at", _ZONED, nullable=False),
        sa.Column("revoked_at", _ZONED, nullable=True),
        sa.CheckConstraint(_ROLES, name=op.f("ck_sessions_role_known")),
        sa.CheckConstraint("length(token_hash) = 64 AND length(csrf_hash) = 64", name=op.f("ck_sessions_hashes_only")),
        sa.CheckConstraint("created_at < expires_at", name=op.f("ck_sessions_moments_in_order")),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_sessions_user_id_users")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_sessions_organisation_id_organisations"),
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", _ZONED, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name=op.f("ck_audit_hashes_of_sha256")),
        sa.CheckConstraint(
            "actor <> '' AND purpose <> '' AND action <> ''", name=op.f("ck_audit_says_who_why_and_what")
        ),
        sa.CheckConstraint(
            "actor NOT LIKE 'user%' OR organisation_id IS NOT NULL", name=op.f("ck_audit_person_acts_for_organisation")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    connection = op.get_bind()
    connection.exec_driver_sql(f"INSERT INTO audit_head (id, sequence, hash) VALUES (1, 0, '{'0' * 64}')")  # noqa: S608  # constants
    for statement in _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE:
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    for table in ("audit", "audit_head", "sessions", "memberships", "users", "organisation_codes", "organisations"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for function in ("audit_refuse", "audit_follow", "audit_advance", "audit_head_follow"):
            op.execute(f"DROP FUNCTION {function}()")
