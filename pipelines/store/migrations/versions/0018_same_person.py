"""Records of the same person: marks, decisions, merges; consents follow the person's record, nothing else changes."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.migrations.audited import audited_table_triggers

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_TABLES = ("person_marks", "distinct_people", "person_merges")
_MARKS = ("citizen", "name_birth", "name_phone", "birth_phone")
_JOINED = (
    "EXISTS (SELECT 1 FROM audit WHERE action IN ('candidates.merge', 'candidates.unmerge')"
    " AND object_id = OLD.candidate_id)"
)
_PERSON = "candidate_id, number"
# As 0006 has them, with and without the columns that say whose statement it is and the how manieth.
_BEFORE = (
    "consent_id, candidate_id, number, purpose, recipient, items, act, stated_by, form, has_witness, text_version,"
    " ends_on, stated_at, recorded_at, recorded_by, organisation_id"
)
_AFTER = _BEFORE.replace(" candidate_id, number,", "")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "person_marks",
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in _MARKS),
        sa.CheckConstraint("citizen LIKE '%.%' OR citizen IS NULL", name=op.f("ck_person_marks_keyed_hash_only")),
        _person("person_marks"),
        sa.PrimaryKeyConstraint("candidate_id", name=op.f("pk_person_marks")),
    )
    for name in _MARKS:
        op.create_index(op.f(f"ix_person_marks_{name}"), "person_marks", [name])
    op.create_table(
        "distinct_people",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("decided_at", _ZONED, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.CheckConstraint("candidate_id < other_id", name=op.f("ck_distinct_people_ids_in_order")),
        sa.CheckConstraint("decided_by NOT LIKE 'client:%'", name=op.f("ck_distinct_people_by_a_person")),
        _person("distinct_people"),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_distinct_people")),
        sa.UniqueConstraint("candidate_id", "other_id", name=op.f("uq_distinct_people_candidate_id_other_id")),
    )
    op.create_index(op.f("ix_distinct_people_other_id"), "distinct_people", ["other_id"])
    op.create_table(
        "person_merges",
        sa.Column("merge_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("kept_id", sa.Text(), nullable=False),
        sa.Column("merged_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("merged_at", _ZONED, nullable=False),
        sa.Column("merged_by", sa.Text(), nullable=False),
        sa.Column("undone_at", _ZONED, nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kept_id <> merged_id", name=op.f("ck_person_merges_of_two")),
        sa.CheckConstraint(
            "merged_by NOT LIKE 'client:%' AND undone_by NOT LIKE 'client:%'", name=op.f("ck_person_merges_by_a_person")
        ),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_person_merges_undone_by_somebody")
        ),
        sa.CheckConstraint("merged_at <= undone_at", name=op.f("ck_person_merges_moments_in_order")),
        _person("person_merges"),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_person_merges")),
    )
    for name in ("candidate_id", "merged_id"):
        op.create_index(op.f(f"ix_person_merges_{name}"), "person_merges", [name])
    dialect = op.get_bind().dialect.name
    for table in _TABLES:
        for statement in audited_table_triggers(table, dialect):
            op.get_bind().exec_driver_sql(statement)
    _fix_consents(_AFTER, dialect)
    for statement in _follow(dialect):
        op.get_bind().exec_driver_sql(statement)


def _fix_consents(columns: str, dialect: str) -> None:
    """Make the trigger anew that keeps these columns of a statement as they were recorded."""
    if dialect == "postgresql":
        op.execute("DROP TRIGGER consents_no_change ON consents")
        op.get_bind().exec_driver_sql(
            f"""CREATE TRIGGER consents_no_change BEFORE DELETE OR UPDATE OF {columns} ON consents
    FOR EACH ROW EXECUTE FUNCTION consents_refuse()"""
        )
        return
    op.execute("DROP TRIGGER consents_no_update")
    op.get_bind().exec_driver_sql(
        f"CREATE TRIGGER consents_no_update BEFORE UPDATE OF {columns} ON consents"
        " BEGIN SELECT RAISE(ABORT, 'consents are append-only'); END"
    )


def _follow(dialect: str) -> tuple[str, ...]:
    if dialect == "postgresql":
        return (
            f"""CREATE FUNCTION consents_stay() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF {_JOINED} THEN RETURN NEW; END IF;
              RAISE EXCEPTION 'consents are append-only' USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
            f"CREATE TRIGGER consents_no_other_person BEFORE UPDATE OF {_PERSON} ON consents"
            " FOR EACH ROW EXECUTE FUNCTION consents_stay()",
        )
    return (
        f"CREATE TRIGGER consents_no_other_person BEFORE UPDATE OF {_PERSON} ON consents WHEN NOT {_JOINED}"
        " BEGIN SELECT RAISE(ABORT, 'consents are append-only'); END",
    )


def _person(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_candidate_id_candidates")
    return sa.ForeignKeyConstraint(["candidate_id"], ["candidates.candidate_id"], name=name)


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute("DROP TRIGGER consents_no_other_person ON consents")
        op.execute("DROP FUNCTION consents_stay()")
    else:
        op.execute("DROP TRIGGER consents_no_other_person")
    _fix_consents(_BEFORE, dialect)
    for table in reversed(_TABLES):
        op.drop_table(table)
