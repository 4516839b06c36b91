"""Tables of casework: notes on people, and tasks with everything that was done about them.

Notes and steps are append-only (triggers of migration 0016): what was wrong is corrected by a new note that names the
old one. What was written in words of somebody's own is sealed.
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from pipelines.store.base import UtcDateTime, metadata

case_notes = Table(
    "case_notes",
    metadata,
    Column("note_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False),
    Column("happened_on", Date, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("words", Text, nullable=False),
    # The note that this one stands in the place of; each is corrected once, and the correction may be corrected.
    Column("corrects", Text, ForeignKey("case_notes.note_id"), unique=True),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("organisation_id", Text),
    CheckConstraint(
        "purpose IN ('contact', 'visit', 'guidance', 'employer', 'placement', 'training', 'family', 'other')",
        name="purpose_known",
    ),
    CheckConstraint("corrects <> note_id", name="corrects_another"),
    CheckConstraint("recorded_by NOT LIKE 'client:%'", name="by_a_person"),
)
Index(None, case_notes.c.candidate_id, case_notes.c.happened_on)

# A plan made with a person: 一生一策 of a student, or assistance of who is hard to employ. Opened and ended plans are
# the ledger (工作台账); its steps are tasks.
plans = Table(
    "plans",
    metadata,
    Column("plan_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    # Of the four-fold assistance which one; a plan of a student has none.
    Column("level", Text),
    # The one adviser (一对一); nobody until one is named.
    Column("adviser_id", Text, ForeignKey("users.user_id"), index=True),
    Column("words", Text),
    # Why it was entered on that day, and left; of plans of before nobody wrote it down.
    Column("entry_words", Text),
    Column("exit_words", Text),
    Column("opened_on", Date, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("organisation_id", Text),
    # The last day on which a step of it was done.
    Column("touched_on", Date),
    Column("ended_on", Date),
    Column("ending", Text),
    Column("placement_id", Text),
    Column("ended_by", Text),
    Column("row_version", Integer, nullable=False, server_default="1"),
    CheckConstraint("kind IN ('graduate', 'assistance')", name="kind_known"),
    CheckConstraint("level IN ('basic', 'policy', 'hard', 'urgent')", name="level_known"),
    CheckConstraint("(level IS NOT NULL) = (kind = 'assistance')", name="assistance_has_a_level"),
    CheckConstraint("ending IN ('placed', 'study', 'declined', 'changed', 'other')", name="ending_known"),
    CheckConstraint("(ended_on IS NULL) = (ending IS NULL)", name="ended_for_a_reason"),
    CheckConstraint("(ended_on IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
    CheckConstraint("opened_on <= ended_on", name="days_in_order"),
    CheckConstraint(
        "placement_id IS NULL OR (ending IS NOT NULL AND ending = 'placed')", name="placement_where_placed"
    ),
    CheckConstraint("opened_by NOT LIKE 'client:%' AND ended_by NOT LIKE 'client:%'", name="by_a_person"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("task_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("due_on", Date, nullable=False),
    # Whose task it is; nobody's is that of everybody who sees the person.
    Column("owner_id", Text, ForeignKey("users.user_id")),
    Column("status", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("organisation_id", Text),
    Column("row_version", Integer, nullable=False, server_default="1"),
    # The plan that it is a step of.
    Column("plan_id", Text, ForeignKey("plans.plan_id"), index=True),
    CheckConstraint(
        "kind IN ('contact', 'visit', 'papers', 'follow_up', 'employer', 'training', 'other')", name="kind_known"
    ),
    CheckConstraint("status IN ('open', 'done', 'dropped')", name="status_known"),
    CheckConstraint("row_version >= 1", name="row_version_from_1"),
)
Index(None, tasks.c.candidate_id)
Index(None, tasks.c.status, tasks.c.due_on, tasks.c.task_id)

task_steps = Table(
    "task_steps",
    metadata,
    Column("step_id", Text, primary_key=True),
    Column("task_id", Text, ForeignKey("tasks.task_id"), nullable=False),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("act", Text, nullable=False),
    Column("due_on", Date),
    Column("owner_id", Text, ForeignKey("users.user_id")),
    Column("reason", Text),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    UniqueConstraint("task_id", "number"),
    CheckConstraint("number >= 1", name="numbered_from_one"),
    CheckConstraint("act IN ('made', 'postponed', 'handed', 'done', 'dropped')", name="act_known"),
    CheckConstraint("(act IN ('made', 'postponed')) = (due_on IS NOT NULL)", name="says_the_new_day"),
    CheckConstraint("act NOT IN ('postponed', 'dropped') OR reason IS NOT NULL", name="says_why"),
)
Index(None, task_steps.c.candidate_id)

# Who hands people over, to whom, from which day and why; the people are those of `caseworkers` with this hand-over.
handovers = Table(
    "handovers",
    metadata,
    Column("handover_id", Text, primary_key=True),
    Column("from_user_id", Text, ForeignKey("users.user_id"), nullable=False),
    Column("from_organisation_id", Text, ForeignKey("organisations.organisation_id"), nullable=False),
    Column("to_user_id", Text, ForeignKey("users.user_id")),
    Column("to_organisation_id", Text, ForeignKey("organisations.organisation_id"), nullable=False),
    Column("happened_on", Date, nullable=False),
    Column("words", Text, nullable=False),
    Column("n_people", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", Text, nullable=False),
    CheckConstraint("n_people >= 1", name="of_somebody"),
    CheckConstraint("made_by NOT LIKE 'client:%'", name="by_a_person"),
    CheckConstraint(
        "to_user_id IS NOT NULL OR to_organisation_id <> from_organisation_id", name="to_somebody_or_elsewhere"
    ),
)
Index(None, handovers.c.from_organisation_id)
Index(None, handovers.c.to_organisation_id)

# Whose people they are, within an office. It says who is in charge and opens nothing: sight follows from the place and
# from `assignments` alone, so that who moves away is gone for the old office whatever stands here.
caseworkers = Table(
    "caseworkers",
    metadata,
    Column("charge_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False, index=True),
    Column("organisation_id", Text, ForeignKey("organisations.organisation_id"), nullable=False),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("handover_id", Text, ForeignKey("handovers.handover_id")),
    CheckConstraint("since <= ended_at", name="moments_in_order"),
)
Index(None, caseworkers.c.organisation_id, caseworkers.c.user_id)
Index(
    "uq_caseworkers_one_at_a_time",
    caseworkers.c.candidate_id,
    caseworkers.c.organisation_id,
    unique=True,
    sqlite_where=caseworkers.c.ended_at.is_(None),
    postgresql_where=caseworkers.c.ended_at.is_(None),
)

# Keyed hashes by which two records of the same person are found; made anew when the record or the key changed.
person_marks = Table(
    "person_marks",
    metadata,
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), primary_key=True),
    Column("row_version", Integer, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("citizen", Text, index=True),
    Column("name_birth", Text, index=True),
    Column("name_phone", Text, index=True),
    Column("birth_phone", Text, index=True),
    # Of the telephone alone, which makes nobody the same person; empty where what stands there is none.
    Column("phone", Text, index=True),
    CheckConstraint("citizen LIKE '%.%' OR citizen IS NULL", name="keyed_hash_only"),
)

# Two people who are alike and were found to be two, by whom and why; the ids in order.
distinct_people = Table(
    "distinct_people",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False),
    Column("other_id", Text, nullable=False, index=True),
    Column("words", Text, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("decided_by", Text, nullable=False),
    UniqueConstraint("candidate_id", "other_id"),
    CheckConstraint("candidate_id < other_id", name="ids_in_order"),
    CheckConstraint("decided_by NOT LIKE 'client:%'", name="by_a_person"),
)

# One record put into another of the same person. `snapshot` is sealed: both records as they were, and every row that
# moved or stood in the way, so that the merge can be undone. `candidate_id` follows the record that was kept.
person_merges = Table(
    "person_merges",
    metadata,
    Column("merge_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False, index=True),
    Column("kept_id", Text, nullable=False),
    Column("merged_id", Text, nullable=False, index=True),
    Column("words", Text, nullable=False),
    Column("snapshot", Text, nullable=False),
    Column("merged_at", UtcDateTime, nullable=False),
    Column("merged_by", Text, nullable=False),
    Column("undone_at", UtcDateTime),
    Column("undone_by", Text),
    CheckConstraint("kept_id <> merged_id", name="of_two"),
    CheckConstraint("merged_by NOT LIKE 'client:%' AND undone_by NOT LIKE 'client:%'", name="by_a_person"),
    CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_by_somebody"),
    CheckConstraint("merged_at <= undone_at", name="moments_in_order"),
)
