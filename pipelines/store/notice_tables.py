"""The table of notices: to whom something is told, about whom or what, on which day, and whether it was read.

No words are kept: what a notice says is made when it is read, by who reads it, so that it can tell nothing that the
reader's scope of that day does not allow.
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from pipelines.store.base import UtcDateTime, metadata

notices = Table(
    "notices",
    metadata,
    Column("notice_id", Text, primary_key=True),
    # As the audit calls who reads it: a user, or the one trusted user of a store without accounts.
    Column("reader", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # Why it came to this reader: in charge of the person, of the office, whose task or claim it is.
    Column("because", Text, nullable=False),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), index=True),
    Column("employer_id", Text),
    Column("vacancy_id", Text),
    # A task, hand-over, sheet or claim that it is about.
    Column("object_id", Text),
    # A word of the program (the answer, the decision), or nothing.
    Column("detail", Text),
    Column("n", Integer),
    # Which facts are missing and who can supply them, as JSON of the program's own words.
    Column("asks", Text),
    Column("happened_on", Date, nullable=False),
    Column("due_on", Date),
    # What makes it the same notice: made once for each reader, however often it is come upon.
    Column("mark", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime),
    # What fell due was done, or is due no more.
    Column("ended_at", UtcDateTime),
    UniqueConstraint("reader", "mark"),
    CheckConstraint("reader LIKE 'user:%' OR reader = 'local'", name="read_by_a_person"),
    CheckConstraint("kind <> '' AND mark <> ''", name="says_what"),
    CheckConstraint("n >= 1", name="of_somebody"),
)
Index(None, notices.c.reader, notices.c.happened_on, notices.c.notice_id)
