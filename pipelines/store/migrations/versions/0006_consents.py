"""Consents, requests of people, retention, and the archive of those who were anonymised."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_AUDITED = ("consents", "person_requests", "retention_warnings", "archived_people", "archived_events")
# Consents go only with the person, and only after the erasure stands in the audit. Words can be sealed anew, no more.
_ERASED = "EXISTS (SELECT 1 FROM audit WHERE action = 'candidates.erase' AND object_id = OLD.candidate_id)"
_FIXED = (
    "consent_id, candidate_id, number, purpose, recipient, items, act, stated_by, form, has_witness, text_version,"
    " ends_on, stated_at, recorded_at, recorded_by, organisation_id"
)
_SQLITE = (
    f"CREATE TRIGGER consents_no_update BEFORE UPDATE OF {_FIXED} ON consents"
    " BEGIN SELECT RAISE(ABORT, 'consents are append-only'); END",
    "CREATE TRIGGER consents_keep_words BEFORE UPDATE OF particulars ON consents"
    " WHEN (NEW.particulars IS NULL) <> (OLD.particulars IS NULL)"
    " BEGIN SELECT RAISE(ABORT, 'consents are append-only'); END",
    f"CREATE TRIGGER consents_no_delete BEFORE DELETE ON consents WHEN NOT {_ERASED}"
    " BEGIN SELECT RAISE(ABORT, 'consents are append-only'); END",
)
_POSTGRESQL = (
    f"""CREATE FUNCTION consents_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND {_ERASED} THEN RETURN OLD; END IF;
      RAISE EXCEPTION 'consents are append-only' USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
    f"""CREATE TRIGGER consents_no_change BEFORE DELETE OR UPDATE OF {_FIXED} ON consents
    FOR EACH ROW EXECUTE FUNCTION consents_refuse()""",
    """CREATE TRIGGER consents_keep_words BEFORE UPDATE OF particulars ON consents FOR EACH ROW
    WHEN ((NEW.particulars IS NULL) <> (OLD.particulars IS NULL)) EXECUTE FUNCTION consents_refuse()""",
)


def upgrade() -> None:
    """Apply."""
    _consents()
    _person_requests()
    _retention()
    _archive()
    connection = op.get_bind()
    for statement in _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE:
        connection.exec_driver_sql(statement)
    for table in _AUDITED:
        for statement in audited_table_triggers(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("items", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("stated_by", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("has_witness", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("stated_at", _ZONED, nullable=False),
        sa.Column("recorded_at", _ZONED, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("particulars", sa.Text(), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_consents_numbered_from_one")),
        sa.CheckConstraint(
            "purpose IN ('matching', 'disclosure', 'statistics_and_training', 'contact')",
            name=op.f("ck_consents_purpose_known"),
        ),
        sa.CheckConstraint(
            "(purpose = 'disclosure') = (recipient IS NOT NULL)", name=op.f("ck_consents_recipient_of_each_disclosure")
        ),
        sa.CheckConstraint(
            "items IS NULL OR purpose = 'disclosure'", name=op.f("ck_consents_items_of_disclosure_only")
        ),
        sa.CheckConstraint(
            "act <> 'given' OR purpose <> 'disclosure' OR items IS NOT NULL",
            name=op.f("ck_consents_says_what_is_disclosed"),
        ),
        sa.CheckConstraint("act IN ('given', 'refused', 'withdrawn')", name=op.f("ck_consents_act_known")),
        sa.CheckConstraint(
            "act <> 'given' OR text_version IS NOT NULL", name=op.f("ck_consents_given_after_being_told")
        ),
        sa.CheckConstraint("stated_by IN ('person', 'guardian')", name=op.f("ck_consents_speaker_known")),
        sa.CheckConstraint("form IN ('written', 'electronic', 'oral')", name=op.f("ck_consents_form_known")),
        sa.CheckConstraint(
            "act <> 'given' OR form <> 'oral' OR has_witness", name=op.f("ck_consents_spoken_consent_has_witness")
        ),
        sa.CheckConstraint("stated_at <= recorded_at", name=op.f("ck_consents_moments_in_order")),
        _person("consents"),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consents")),
        sa.UniqueConstraint("candidate_id", "number", name=op.f("uq_consents_candidate_id_number")),
    )
    op.create_index(op.f("ix_consents_recipient_candidate_id"), "consents", ["recipient", "candidate_id"])
    op.create_index(op.f("ix_consents_purpose_act"), "consents", ["purpose", "act"])


def _person_requests() -> None:
    op.create_table(
        "person_requests",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("recorded_at", _ZONED, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_at", _ZONED, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('extract', 'correction', 'erasure', 'review')", name=op.f("ck_person_requests_kind_known")
        ),
        sa.CheckConstraint("asked_by IN ('person', 'guardian')", name=op.f("ck_person_requests_speaker_known")),
        sa.CheckConstraint("asked_on <= due_on", name=op.f("ck_person_requests_days_in_order")),
        sa.CheckConstraint("status IN ('open', 'granted', 'refused')", name=op.f("ck_person_requests_status_known")),
        sa.CheckConstraint(
            "(status = 'open') = (decided_by IS NULL)", name=op.f("ck_person_requests_nobody_decided_what_is_open")
        ),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (decision IS NULL)",
            name=op.f("ck_person_requests_decided_when_and_why"),
        ),
        sa.CheckConstraint("decided_by NOT LIKE 'client:%'", name=op.f("ck_person_requests_no_machine_decides")),
        sa.CheckConstraint("recorded_at <= decided_at", name=op.f("ck_person_requests_moments_in_order")),
        _person("person_requests"),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_person_requests")),
    )
    op.create_index(op.f("ix_person_requests_candidate_id"), "person_requests", ["candidate_id"])


def _retention() -> None:
    op.create_table(
        "retention_warnings",
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("inactive_since", sa.Date(), nullable=False),
        sa.Column("warned_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "inactive_since <= warned_on AND warned_on < due_on", name=op.f("ck_retention_warnings_days_in_order")
        ),
        _person("retention_warnings"),
        sa.PrimaryKeyConstraint("candidate_id", name=op.f("pk_retention_warnings")),
    )


def _archive() -> None:
    op.create_table(
        "archived_people",
        sa.Column("archive_id", sa.Text(), nullable=False),
        sa.Column("prefecture", sa.Text(), nullable=True),
        sa.Column("age_band", sa.Text(), nullable=True),
        sa.Column("education", sa.Text(), nullable=True),
        sa.CheckConstraint("prefecture LIKE '____00'", name=op.f("ck_archived_people_prefecture_or_wider")),
        sa.PrimaryKeyConstraint("archive_id", name=op.f("pk_archived_people")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archived_events",
        sa.Column("archive_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=True),
        sa.Column("prefecture", sa.Text(), nullable=True),
        sa.CheckConstraint("month LIKE '____-__'", name=op.f("ck_archived_events_month_and_no_day")),
        sa.CheckConstraint("prefecture LIKE '____00'", name=op.f("ck_archived_events_prefecture_or_wider")),
        sa.PrimaryKeyConstraint("archive_id", name=op.f("pk_archived_events")),
        sqlite_with_rowid=False,
    )


def _person(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_candidate_id_candidates")
    return sa.ForeignKeyConstraint(["candidate_id"], ["candidates.candidate_id"], name=name)


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    for table in ("archived_events", "archived_people", "retention_warnings", "person_requests", "consents"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION consents_refuse()")
