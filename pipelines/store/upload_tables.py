"""The table of sheets that came over HTTP: what became of each, and its rejected rows, sealed."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from pipelines.store.base import UtcDateTime, metadata

uploads = Table(
    "uploads",
    metadata,
    Column("upload_id", Text, primary_key=True),
    Column("organisation_id", Text, ForeignKey("organisations.organisation_id")),
    Column("actor", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("is_dry_run", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("read", Integer),
    Column("accepted", Integer),
    Column("unchanged", Integer),
    Column("rejected", Integer),
    Column("notes", Text),
    Column("rejects", Text),
    CheckConstraint("state IN ('running', 'done', 'broken', 'unreadable')", name="state_known"),
    CheckConstraint("accepted + unchanged + rejected = read", name="every_row_accounted_for"),
    CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended_when_no_longer_running"),
    CheckConstraint("started_at <= ended_at", name="moments_in_order"),
)
Index(None, uploads.c.organisation_id, uploads.c.started_at)
