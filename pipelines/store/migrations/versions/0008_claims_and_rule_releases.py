"""Benefit claims that cannot overlap, and rule books released by two people."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.base import ExactDecimal
from pipelines.store.migrations.audited import audited_table_triggers

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ZONED = sa.DateTime(timezone=True)
_COSTS = (
    "cost_basis IN ('wage', 'social_insurance', 'training', 'equipment', 'facility', 'startup', 'living', 'tax',"
    " 'other')"
)
_WRITTEN_ONCE = (
    "rule_books",
    "claim_rules",
    "claim_exclusions",
    "rule_proposals",
    "rule_releases",
    "rule_signatures",
    "rule_retirements",
)
_AUDITED = ("claims", "rule_proposals", "rule_releases", "rule_signatures", "rule_retirements")
_CHECKS = {
    "claimant_known": "claimant_kind IN ('candidate', 'employer')",
    "person_named": "claimant_kind <> 'candidate' OR candidate_id IS NOT NULL",
    "employer_named": "claimant_kind <> 'employer' OR employer_id IS NOT NULL",
    "months_in_order": "from_month < to_month",
    "months_of_a_year": (
        "from_month BETWEEN 200001 AND 210012 AND to_month BETWEEN 200001 AND 210012"
        " AND from_month % 100 BETWEEN 1 AND 12 AND to_month % 100 BETWEEN 1 AND 12"
    ),
    "cost_known": _COSTS,
    "amount_not_negative": "CAST(amount AS NUMERIC) >= 0",
    "county_of_6_digits": "county LIKE '______'",
    "status_known": "status IN ('proposed', 'approved', 'refused', 'withdrawn')",
    "says_who": "proposed_by <> ''",
    "decided_by_another": "decided_by <> proposed_by",
    "decided_by_a_person": "decided_by LIKE 'user:%'",
    "decided_by_somebody": "status NOT IN ('approved', 'refused') OR decided_by IS NOT NULL",
    "nobody_decided_a_proposal": "status <> 'proposed' OR decided_by IS NULL",
    "refused_for_a_reason": "status <> 'refused' OR ground IS NOT NULL",
    "acts_have_their_moment": (
        "(decided_by IS NULL) = (decided_at IS NULL) AND (withdrawn_by IS NULL) = (withdrawn_at IS NULL)"
        " AND (status = 'withdrawn') = (withdrawn_by IS NOT NULL)"
    ),
    "decided_after_it_was_proposed": "proposed_at <= decided_at",
    "withdrawn_after_it_was_proposed": "proposed_at <= withdrawn_at",
}

# ---- what the triggers refuse ---------------------------------------------------------------------------------------

# The same person; or the same employer, where one of the two claims is for no person in particular.
_SAME = (
    "(o.candidate_id = NEW.candidate_id OR (o.employer_id = NEW.employer_id"
    " AND (o.candidate_id IS NULL OR NEW.candidate_id IS NULL)))"
)
_OVERLAP = "o.from_month < NEW.to_month AND NEW.from_month < o.to_month"
_ONCE = (
    "EXISTS (SELECT 1 FROM claim_rules r WHERE r.rule_id = NEW.rule_id"
    " AND r.rules_version IN (NEW.rules_version, o.rules_version) AND r.once_in_all)"
)
# Either claim's rule book may exclude the other: a book that came later does not make the earlier claim forget.
_EXCLUDED = (
    "EXISTS (SELECT 1 FROM claim_exclusions x WHERE x.rules_version IN (NEW.rules_version, o.rules_version)"
    " AND ((x.rule_id = NEW.rule_id AND x.other_id = o.rule_id)"
    " OR (x.rule_id = o.rule_id AND x.other_id = NEW.rule_id)))"
)
_OTHERS = "NEW.status IN ('proposed', 'approved') AND EXISTS (SELECT 1 FROM claims o WHERE"
_CONFLICT = (
    f"{_OTHERS} o.status IN ('proposed', 'approved') AND {_SAME} AND ("
    f"(o.rule_id = NEW.rule_id AND (({_OVERLAP}) OR {_ONCE})) OR ({_OVERLAP} AND {_EXCLUDED})))"
)
_FIXED = (
    "claim_id",
    "claimant_kind",
    "candidate_id",
    "employer_id",
    "rules_version",
    "rule_id",
    "from_month",
    "to_month",
    "cost_basis",
    "amount",
    "organisation_id",
    "county",
    "proposed_by",
    "proposed_at",
)
_STEP = (
    "(OLD.status = 'proposed' AND NEW.status IN ('approved', 'refused', 'withdrawn'))"
    " OR (OLD.status = 'approved' AND NEW.status = 'withdrawn')"
)
# Claims go only with the person, and only after the erasure stands in the audit.
_ERASED = "EXISTS (SELECT 1 FROM audit WHERE action = 'candidates.erase' AND object_id = OLD.candidate_id)"


def _changed(unlike: str) -> str:
    """Return what holds where an update changes what was claimed, or takes a step that there is not."""
    kept = " OR ".join(f"OLD.{name} {unlike} NEW.{name}" for name in _FIXED)
    decided = (
        f"OLD.decided_by IS NOT NULL AND (OLD.decided_by {unlike} NEW.decided_by OR OLD.decided_at {unlike}"
        f" NEW.decided_at OR OLD.ground {unlike} NEW.ground)"
    )
    return f"NOT ({_STEP}) OR {kept} OR ({decided})"


_OVERLAPS, _KEPT, _ONCE_WRITTEN = "claims overlap", "a claim is not written over", "this is written once"
_SQLITE = (
    f"CREATE TRIGGER claims_overlap BEFORE INSERT ON claims WHEN {_CONFLICT}"
    f" BEGIN SELECT RAISE(ABORT, '{_OVERLAPS}'); END",
    f"CREATE TRIGGER claims_kept BEFORE UPDATE ON claims WHEN {_changed('IS NOT')}"
    f" BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END",
    f"CREATE TRIGGER claims_no_delete BEFORE DELETE ON claims WHEN NOT {_ERASED}"
    f" BEGIN SELECT RAISE(ABORT, '{_KEPT}'); END",
    *(
        f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table}"
        f" BEGIN SELECT RAISE(ABORT, '{_ONCE_WRITTEN}'); END"
        for table in _WRITTEN_ONCE
        for act in ("update", "delete")
    ),
)
_REFUSE = "RAISE EXCEPTION '{0}' USING ERRCODE = '{1}_violation';"
_POSTGRESQL = (
    f"""CREATE FUNCTION claims_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      -- One after another; what the one before committed is seen by the statement after this one.
      PERFORM pg_advisory_xact_lock(hashtext('claims'));
      IF {_CONFLICT} THEN {_REFUSE.format(_OVERLAPS, "exclusion")} END IF;
      RETURN NEW;
    END $$""",
    f"""CREATE FUNCTION claims_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        IF {_changed("IS DISTINCT FROM")} THEN {_REFUSE.format(_KEPT, "integrity_constraint")} END IF;
        RETURN NEW;
      END IF;
      IF {_ERASED} THEN RETURN OLD; END IF;
      {_REFUSE.format(_KEPT, "integrity_constraint")}
    END $$""",
    f"""CREATE FUNCTION written_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      {_REFUSE.format(_ONCE_WRITTEN, "integrity_constraint")}
    END $$""",
    "CREATE TRIGGER claims_overlap BEFORE INSERT ON claims FOR EACH ROW EXECUTE FUNCTION claims_overlap()",
    "CREATE TRIGGER claims_kept BEFORE UPDATE OR DELETE ON claims FOR EACH ROW EXECUTE FUNCTION claims_kept()",
    *(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION written_once()"
        for table in _WRITTEN_ONCE
    ),
    *(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION written_once()"
        for table in ("claims", *_WRITTEN_ONCE)
    ),
)


def upgrade() -> None:
    """Apply."""
    _rules_of_claims()
    _claims()
    _releases()
    dialect = op.get_bind().dialect.name
    statements = list(_POSTGRESQL if dialect == "postgresql" else _SQLITE)
    for table in _AUDITED:
        statements += audited_table_triggers(table, dialect)
    for statement in statements:
        op.get_bind().exec_driver_sql(statement)


def _rules_of_claims() -> None:
    op.create_table(
        "claim_rules",
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("once_in_all", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["rules_version"], ["rule_books.version"], name=op.f("fk_claim_rules_rules_version_rule_books")
        ),
        sa.PrimaryKeyConstraint("rules_version", "rule_id", name=op.f("pk_claim_rules")),
    )
    op.create_table(
        "claim_exclusions",
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        sa.CheckConstraint("rule_id < other_id", name=op.f("ck_claim_exclusions_smaller_id_first")),
        sa.ForeignKeyConstraint(
            ["rules_version", "rule_id"],
            ["claim_rules.rules_version", "claim_rules.rule_id"],
            name=op.f("fk_claim_exclusions_rule_id_claim_rules"),
        ),
        sa.PrimaryKeyConstraint("rules_version", "rule_id", "other_id", name=op.f("pk_claim_exclusions")),
    )


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("claimant_kind", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=True),
        sa.Column("employer_id", sa.Text(), nullable=True),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("from_month", sa.Integer(), nullable=False),
        sa.Column("to_month", sa.Integer(), nullable=False),
        sa.Column("cost_basis", sa.Text(), nullable=False),
        sa.Column("amount", ExactDecimal(), nullable=True),
        sa.Column("organisation_id", sa.Text(), nullable=True),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", _ZONED, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", _ZONED, nullable=True),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", _ZONED, nullable=True),
        sa.Column("row_version", sa.Integer(), server_default="1", nullable=False),
        *(sa.CheckConstraint(said, name=op.f(f"ck_claims_{name}")) for name, said in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.candidate_id"], name=op.f("fk_claims_candidate_id_candidates")
        ),
        sa.ForeignKeyConstraint(
            ["employer_id"], ["employers.employer_id"], name=op.f("fk_claims_employer_id_employers")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.organisation_id"],
            name=op.f("fk_claims_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(
            ["rules_version", "rule_id"],
            ["claim_rules.rules_version", "claim_rules.rule_id"],
            name=op.f("fk_claims_rule_id_claim_rules"),
        ),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("pk_claims")),
    )
    op.create_index(op.f("ix_claims_candidate_id"), "claims", ["candidate_id"])
    op.create_index(op.f("ix_claims_employer_id"), "claims", ["employer_id"])


def _releases() -> None:
    op.create_table(
        "rule_proposals",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", _ZONED, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("effects", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "proposed_by LIKE 'user:%' OR proposed_by = 'installation'",
            name=op.f("ck_rule_proposals_proposed_by_a_person"),
        ),
        sa.CheckConstraint("length(content) = 64", name=op.f("ck_rule_proposals_content_of_sha256")),
        sa.ForeignKeyConstraint(["version"], ["rule_books.version"], name=op.f("fk_rule_proposals_version_rule_books")),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_rule_proposals")),
        sa.UniqueConstraint(
            "release_id", "version", "proposed_by", name=op.f("uq_rule_proposals_release_id_version_proposed_by")
        ),
    )
    own = sa.text("proposed_by = 'installation'")
    op.create_index(
        "uq_rule_proposals_installation",
        "rule_proposals",
        ["proposed_by"],
        unique=True,
        sqlite_where=own,
        postgresql_where=own,
    )
    op.create_table(
        "rule_releases",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", _ZONED, nullable=False),
        sa.CheckConstraint("approved_by <> proposed_by", name=op.f("ck_rule_releases_approved_by_another")),
        sa.CheckConstraint(
            "approved_by LIKE 'user:%' OR proposed_by = 'installation'",
            name=op.f("ck_rule_releases_approved_by_a_person"),
        ),
        sa.ForeignKeyConstraint(
            ["release_id", "version", "proposed_by"],
            ["rule_proposals.release_id", "rule_proposals.version", "rule_proposals.proposed_by"],
            name=op.f("fk_rule_releases_release_id_rule_proposals"),
        ),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_rule_releases")),
    )
    op.create_table(
        "rule_signatures",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.CheckConstraint("length(signature) = 64", name=op.f("ck_rule_signatures_signature_of_sha256")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["rule_releases.release_id"], name=op.f("fk_rule_signatures_release_id_rule_releases")
        ),
        sa.PrimaryKeyConstraint("release_id", "key_id", name=op.f("pk_rule_signatures")),
    )
    op.create_table(
        "rule_retirements",
        sa.Column("release_id", sa.Text(), nullable=False),
        sa.Column("retired_by", sa.Text(), nullable=False),
        sa.Column("retired_at", _ZONED, nullable=False),
        sa.CheckConstraint("retired_by LIKE 'user:%'", name=op.f("ck_rule_retirements_retired_by_a_person")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["rule_releases.release_id"], name=op.f("fk_rule_retirements_release_id_rule_releases")
        ),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_rule_retirements")),
    )


def downgrade() -> None:
    """Undo; triggers go with their tables."""
    dialect = op.get_bind().dialect.name
    for table in ("rule_retirements", "rule_signatures", "rule_releases", "rule_proposals"):
        op.drop_table(table)
    for table in ("claims", "claim_exclusions", "claim_rules"):
        op.drop_table(table)
    if dialect == "sqlite":
        op.execute("DROP TRIGGER rule_books_no_update")
        op.execute("DROP TRIGGER rule_books_no_delete")
        return
    op.execute("DROP TRIGGER rule_books_no_change ON rule_books")
    op.execute("DROP TRIGGER rule_books_no_truncate ON rule_books")
    for function in ("claims_overlap", "claims_kept", "written_once"):
        op.execute(f"DROP FUNCTION {function}()")
