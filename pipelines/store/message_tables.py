"""Tables of text messages: what is sent to whom and what became of it, and who wants none.

No telephone number and no words are kept: the number is read from the person's record when the file is written, and the
words are those of the template.
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Table, Text

from pipelines.store.base import UtcDateTime, metadata

messages = Table(
    "messages",
    metadata,
    Column("message_id", Text, primary_key=True),
    # To a person, or to the contact of a company.
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), index=True),
    Column("employer_id", Text, index=True),
    Column("template", Text, nullable=False),
    Column("day", Date),
    # What makes it the same message: queued once, however often it is come upon.
    Column("mark", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("organisation_id", Text),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("queued_by", Text, nullable=False),
    Column("settled_at", UtcDateTime),
    # The day of the file that it stands in.
    Column("written_on", Date),
    CheckConstraint("(candidate_id IS NULL) <> (employer_id IS NULL)", name="to_one"),
    CheckConstraint("status IN ('queued', 'written', 'failed', 'cancelled')", name="status_known"),
    CheckConstraint("(status = 'failed') = (reason IS NOT NULL)", name="failed_for_a_reason"),
    CheckConstraint("(status = 'queued') = (settled_at IS NULL)", name="settled_when_no_longer_queued"),
    CheckConstraint("(status = 'written') = (written_on IS NOT NULL)", name="written_on_a_day"),
    CheckConstraint("queued_by NOT LIKE 'client:%'", name="by_a_person"),
)
Index(None, messages.c.status, messages.c.queued_at, messages.c.message_id)

# Who said that they want no text messages, and who wants them again; the last word counts. Each stays.
message_choices = Table(
    "message_choices",
    metadata,
    Column("choice_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False, index=True),
    Column("act", Text, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("recorded_by", Text, nullable=False),
    CheckConstraint("act IN ('stopped', 'resumed')", name="act_known"),
    CheckConstraint("recorded_by NOT LIKE 'client:%'", name="by_a_person"),
)
