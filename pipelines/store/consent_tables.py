"""Tables of consents, of what people ask for, of retention, and of what is kept of those who were anonymised.

Consents are append-only: a withdrawal is a new row (triggers of migration 0006). Archived rows have keys of their own
and no moment; on SQLite they lie in the order of these keys, so that no order of writing is left either.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from pipelines.store.base import UtcDateTime, metadata

consents = Table(
    "consents",
    metadata,
    Column("consent_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False),
    # The how manieth statement of this person: two at the same moment have an order all the same.
    Column("number", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("recipient", Text),
    Column("items", Text),
    Column("act", Text, nullable=False),
    Column("stated_by", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("has_witness", Boolean, nullable=False),
    Column("text_version", Text),
    Column("ends_on", Date),
    Column("stated_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("organisation_id", Text),
    Column("particulars", Text),
    UniqueConstraint("candidate_id", "number"),
    CheckConstraint("number >= 1", name="numbered_from_one"),
    CheckConstraint(
        "purpose IN ('matching', 'disclosure', 'statistics_and_training', 'contact')", name="purpose_known"
    ),
    CheckConstraint("(purpose = 'disclosure') = (recipient IS NOT NULL)", name="recipient_of_each_disclosure"),
    CheckConstraint("items IS NULL OR purpose = 'disclosure'", name="items_of_disclosure_only"),
    CheckConstraint("act <> 'given' OR purpose <> 'disclosure' OR items IS NOT NULL", name="says_what_is_disclosed"),
    CheckConstraint("act IN ('given', 'refused', 'withdrawn')", name="act_known"),
    CheckConstraint("act <> 'given' OR text_version IS NOT NULL", name="given_after_being_told"),
    CheckConstraint("stated_by IN ('person', 'guardian')", name="speaker_known"),
    CheckConstraint("form IN ('written', 'electronic', 'oral')", name="form_known"),
    # Withdrawing has to be as easy as giving, so only what is given by word of mouth needs a witness.
    CheckConstraint("act <> 'given' OR form <> 'oral' OR has_witness", name="spoken_consent_has_witness"),
    CheckConstraint("stated_at <= recorded_at", name="moments_in_order"),
)
Index(None, consents.c.recipient, consents.c.candidate_id)
Index(None, consents.c.purpose, consents.c.act)

person_requests = Table(
    "person_requests",
    metadata,
    Column("request_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("about", Text),
    Column("asked_by", Text, nullable=False),
    Column("asked_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("words", Text),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("organisation_id", Text),
    Column("status", Text, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", Text),
    Column("decision", Text),
    Column("row_version", Integer, nullable=False, server_default="1"),
    CheckConstraint("kind IN ('extract', 'correction', 'erasure', 'review')", name="kind_known"),
    CheckConstraint("asked_by IN ('person', 'guardian')", name="speaker_known"),
    CheckConstraint("asked_on <= due_on", name="days_in_order"),
    CheckConstraint("status IN ('open', 'granted', 'refused')", name="status_known"),
    CheckConstraint("(status = 'open') = (decided_by IS NULL)", name="nobody_decided_what_is_open"),
    CheckConstraint(
        "(decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (decision IS NULL)",
        name="decided_when_and_why",
    ),
    CheckConstraint("decided_by NOT LIKE 'client:%'", name="no_machine_decides"),
    CheckConstraint("recorded_at <= decided_at", name="moments_in_order"),
)

retention_warnings = Table(
    "retention_warnings",
    metadata,
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), primary_key=True),
    Column("inactive_since", Date, nullable=False),
    Column("warned_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    CheckConstraint("inactive_since <= warned_on AND warned_on < due_on", name="days_in_order"),
)

archived_people = Table(
    "archived_people",
    metadata,
    Column("archive_id", Text, primary_key=True),
    Column("prefecture", Text),
    Column("age_band", Text),
    Column("education", Text),
    CheckConstraint("prefecture LIKE '____00'", name="prefecture_or_wider"),
    sqlite_with_rowid=False,
)

archived_events = Table(
    "archived_events",
    metadata,
    Column("archive_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("month", Text),
    Column("prefecture", Text),
    CheckConstraint("month LIKE '____-__'", name="month_and_no_day"),
    CheckConstraint("prefecture LIKE '____00'", name="prefecture_or_wider"),
    sqlite_with_rowid=False,
)
