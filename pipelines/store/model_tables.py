"""What is kept of a model version beside its files: its card, and every act by which it came to answer."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, Text

from pipelines.store.base import UtcDateTime, metadata

model_cards = Table(
    "model_cards",
    metadata,
    Column("version", Text, ForeignKey("model_versions.version"), primary_key=True),
    Column("payload", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    CheckConstraint("length(sha256) = 64", name="hash_of_sha256"),
    CheckConstraint("made_by <> ''", name="says_who"),
)

# `failed` are the gates that the version had not passed, as a JSON list; over them only another person's reason goes.
model_promotions = Table(
    "model_promotions",
    metadata,
    Column("promotion_id", Text, primary_key=True),
    Column("version", Text, ForeignKey("model_versions.version"), nullable=False),
    Column("act", Text, nullable=False),
    Column("made_by", Text),
    Column("failed", Text, nullable=False),
    Column("reason", Text),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("act IN ('promote', 'rollback')", name="act_known"),
    CheckConstraint("failed = '[]' OR act = 'rollback' OR COALESCE(reason, '') <> ''", name="overruled_for_a_reason"),
    CheckConstraint(
        "failed = '[]' OR act = 'rollback' OR made_by IS NULL OR by <> made_by", name="overruled_by_another"
    ),
    CheckConstraint("by <> ''", name="says_who"),
)
Index(None, model_promotions.c.version)
