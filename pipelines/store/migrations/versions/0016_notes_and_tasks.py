"""Notes on people and tasks with their steps; under audit, and notes and steps append-only."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_TABLES = ("case_notes", "tasks", "task_steps")
# They go only with the person, after the erasure stands in the audit, and change hands only with the person's record.
_ERASED = "EXISTS (SELECT 1 FROM audit WHERE action = 'candidates.erase' AND object_id = OLD.candidate_id)"
_JOINED = (
    "EXISTS (SELECT 1 FROM audit WHERE action IN ('candidates.merge', 'candidates.unmerge')"
    " AND object_id = OLD.candidate_id)"
)
_FIXED = {
    "case_notes": "note_id, happened_on, purpose, corrects, recorded_at, recorded_by, organisation_id",
    "task_steps": 'step_id, task_id, number, act, due_on, owner_id, "at", "by"',
}


def upgrade() -> None:
    """Apply."""
    _case_notes()
    _tasks()
    _task_steps()
    connection = op.get_bind()
    for table in _FIXED:
        for statement in _kept(table, connection.dialect.name):
            connection.exec_driver_sql(statement)
    for table in _TABLES:
        for statement in audited_table_triggers(table, connection.dialect.name):
            connection.exec_driver_sql(statement)


def _kept(table: str, dialect: str) -> tuple[str, ...]:
    """Return the statements that keep the rows of a table as they were written."""
    fixed, said = _FIXED[table], f"{table} are append-only"
    if dialect == "postgresql":
        return (
            f"""CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF TG_OP = 'DELETE' AND {_ERASED} THEN RETURN OLD; END IF;
              RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
            f"CREATE TRIGGER {table}_no_change BEFORE DELETE OR UPDATE OF {fixed} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
            f"""CREATE FUNCTION {table}_stay() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF {_JOINED} THEN RETURN NEW; END IF;
              RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
            f"CREATE TRIGGER {table}_no_other_person BEFORE UPDATE OF candidate_id ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_stay()",
        )
    refuse = f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
    return (
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OF {fixed} ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT {_ERASED} {refuse}",
        f"CREATE TRIGGER {table}_no_other_person BEFORE UPDATE OF candidate_id ON {table} WHEN NOT {_JOINED} {refuse}",
    )


def _case_notes() -> None:
    op.create_table(
        "case_notes",
        sa.Column("note_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("corrects", sa.Text(), nullable=True),
        sa.Column("recorded_at", _ZONED, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('contact', 'visit', 'guidance', 'employer', 'placement', 'training', 'family', 'other')",
            name=op.f("ck_case_notes_purpose_known"),
        ),
        sa.CheckConstraint("corrects <> note_id", name=op.f("ck_case_notes_corrects_another")),
        sa.CheckConstraint("recorded_by NOT LIKE 'client:%'", name=op.f("ck_case_notes_by_a_person")),
        _person("case_notes"),
        sa.ForeignKeyConstraint(["corrects"], ["case_notes.note_id"], name=op.f("fk_case_notes_corrects_case_notes")),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_case_notes")),
        sa.UniqueConstraint("corrects", name=op.f("uq_case_notes_corrects")),
    )
    op.create_index(op.f("ix_case_notes_candidate_id_happened_on"), "case_notes", ["candidate_id", "happened_on"])


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("made_at", _ZONED, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('contact', 'visit', 'papers', 'follow_up', 'employer', 'training', 'other')",
            name=op.f("ck_tasks_kind_known"),
        ),
        sa.CheckConstraint("status IN ('open', 'done', 'dropped')", name=op.f("ck_tasks_status_known")),
        sa.CheckConstraint("row_version >= 1", name=op.f("ck_tasks_row_version_from_1")),
        _person("tasks"),
        _owner("tasks"),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_tasks")),
    )
    op.create_index(op.f("ix_tasks_candidate_id"), "tasks", ["candidate_id"])
    op.create_index(op.f("ix_tasks_status_due_on_task_id"), "tasks", ["status", "due_on", "task_id"])


def _task_steps() -> None:
    op.create_table(
        "task_steps",
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", _ZONED, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_task_steps_numbered_from_one")),
        sa.CheckConstraint(
            "act IN ('made', 'postponed', 'handed', 'done', 'dropped')", name=op.f("ck_task_steps_act_known")
        ),
        sa.CheckConstraint(
            "(act IN ('made', 'postponed')) = (due_on IS NOT NULL)", name=op.f("ck_task_steps_says_the_new_day")
        ),
        sa.CheckConstraint(
            "act NOT IN ('postponed', 'dropped') OR reason IS NOT NULL", name=op.f("ck_task_steps_says_why")
        ),
        _person("task_steps"),
        _owner("task_steps"),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.task_id"], name=op.f("fk_task_steps_task_id_tasks")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_task_steps")),
        sa.UniqueConstraint("task_id", "number", name=op.f("uq_task_steps_task_id_number")),
    )
    op.create_index(op.f("ix_task_steps_candidate_id"), "task_steps", ["candidate_id"])


def _person(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_candidate_id_candidates")
    return sa.ForeignKeyConstraint(["candidate_id"], ["candidates.candidate_id"], name=name)


def _owner(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["owner_id"], ["users.user_id"], name=op.f(f"fk_{table}_owner_id_users"))


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in _FIXED:
            op.execute(f"DROP FUNCTION {table}_refuse()")
            op.execute(f"DROP FUNCTION {table}_stay()")
