"""The tables of hand-overs for a later day: whose people go to whom, from when until when, and what became of it."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, Text

from pipelines.store.base import UtcDateTime, metadata

planned_handovers = Table(
    "planned_handovers",
    metadata,
    Column("planned_id", Text, primary_key=True),
    Column("from_user_id", Text, ForeignKey("users.user_id"), nullable=False),
    Column("from_organisation_id", Text, ForeignKey("organisations.organisation_id"), nullable=False, index=True),
    Column("to_user_id", Text, ForeignKey("users.user_id"), nullable=False),
    Column("begins_on", Date, nullable=False),
    # The day on which they come back; none where they stay.
    Column("returns_on", Date),
    # Everybody whom the giver is in charge of on the day, or those of `planned_people`.
    Column("is_whole", Boolean, nullable=False),
    Column("words", Text, nullable=False),
    Column("status", Text, nullable=False),
    # Why the day could not be kept; tried again each day.
    Column("held_for", Text),
    Column("handover_id", Text, ForeignKey("handovers.handover_id")),
    Column("return_id", Text, ForeignKey("handovers.handover_id")),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("row_version", Integer, nullable=False, server_default="1"),
    CheckConstraint("status IN ('waiting', 'begun', 'ended', 'cancelled')", name="status_known"),
    CheckConstraint("begins_on < returns_on", name="days_in_order"),
    CheckConstraint("from_user_id <> to_user_id", name="to_another"),
    CheckConstraint("handover_id IS NULL OR status IN ('begun', 'ended')", name="begun_with_a_handover"),
    CheckConstraint("return_id IS NULL OR status = 'ended'", name="ended_with_a_return"),
    CheckConstraint("made_by NOT LIKE 'client:%'", name="by_a_person"),
)
Index(None, planned_handovers.c.status, planned_handovers.c.begins_on)

planned_people = Table(
    "planned_people",
    metadata,
    Column("row_id", Text, primary_key=True),
    Column("planned_id", Text, ForeignKey("planned_handovers.planned_id"), nullable=False, index=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False, index=True),
)
