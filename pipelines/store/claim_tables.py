"""Tables of benefit claims, and of rule books that two people released.

What excludes what stands in tables of its own, by rule book: the triggers of migration 0008 refuse a claim that
overlaps another, whoever writes it. Proposals, releases and their signatures are written once.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from pipelines.store.base import ExactDecimal, UtcDateTime, metadata

COSTS = (
    "cost_basis IN ('wage', 'social_insurance', 'training', 'equipment', 'facility', 'startup', 'living', 'tax',"
    " 'other')"
)

# The rules of a rule book that claims were made under; written with the first of them and never changed.
claim_rules = Table(
    "claim_rules",
    metadata,
    Column("rules_version", Text, ForeignKey("rule_books.version"), primary_key=True),
    Column("rule_id", Text, primary_key=True),
    Column("once_in_all", Boolean, nullable=False),
)

# Which of them may not be claimed together (避免交叉使用); each pair stands here once, the smaller id first.
claim_exclusions = Table(
    "claim_exclusions",
    metadata,
    Column("rules_version", Text, primary_key=True),
    Column("rule_id", Text, primary_key=True),
    Column("other_id", Text, primary_key=True),
    ForeignKeyConstraint(
        ["rules_version", "rule_id"],
        ["claim_rules.rules_version", "claim_rules.rule_id"],
        name="fk_claim_exclusions_rule_id_claim_rules",
    ),
    CheckConstraint("rule_id < other_id", name="smaller_id_first"),
)

# A claim is for a person, for an employer, or for an employer on account of a person.
claims = Table(
    "claims",
    metadata,
    Column("claim_id", Text, primary_key=True),
    Column("claimant_kind", Text, nullable=False),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), index=True),
    Column("employer_id", Text, ForeignKey("employers.employer_id"), index=True),
    Column("rules_version", Text, nullable=False),
    Column("rule_id", Text, nullable=False),
    # Months as 202603; the last one is the first that is no longer claimed for.
    Column("from_month", Integer, nullable=False),
    Column("to_month", Integer, nullable=False),
    Column("cost_basis", Text, nullable=False),
    Column("amount", ExactDecimal),
    Column("organisation_id", Text, ForeignKey("organisations.organisation_id")),
    Column("county", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", UtcDateTime),
    Column("ground", Text),
    Column("withdrawn_by", Text),
    Column("withdrawn_at", UtcDateTime),
    Column("row_version", Integer, nullable=False, server_default="1"),
    ForeignKeyConstraint(
        ["rules_version", "rule_id"],
        ["claim_rules.rules_version", "claim_rules.rule_id"],
        name="fk_claims_rule_id_claim_rules",
    ),
    CheckConstraint("claimant_kind IN ('candidate', 'employer')", name="claimant_known"),
    CheckConstraint("claimant_kind <> 'candidate' OR candidate_id IS NOT NULL", name="person_named"),
    CheckConstraint("claimant_kind <> 'employer' OR employer_id IS NOT NULL", name="employer_named"),
    CheckConstraint("from_month < to_month", name="months_in_order"),
    CheckConstraint(
        "from_month BETWEEN 200001 AND 210012 AND to_month BETWEEN 200001 AND 210012"
        " AND from_month % 100 BETWEEN 1 AND 12 AND to_month % 100 BETWEEN 1 AND 12",
        name="months_of_a_year",
    ),
    CheckConstraint(COSTS, name="cost_known"),
    CheckConstraint("CAST(amount AS NUMERIC) >= 0", name="amount_not_negative"),
    CheckConstraint("county LIKE '______'", name="county_of_6_digits"),
    CheckConstraint("status IN ('proposed', 'approved', 'refused', 'withdrawn')", name="status_known"),
    CheckConstraint("proposed_by <> ''", name="says_who"),
    CheckConstraint("decided_by <> proposed_by", name="decided_by_another"),
    CheckConstraint("decided_by LIKE 'user:%'", name="decided_by_a_person"),
    CheckConstraint("status NOT IN ('approved', 'refused') OR decided_by IS NOT NULL", name="decided_by_somebody"),
    CheckConstraint("status <> 'proposed' OR decided_by IS NULL", name="nobody_decided_a_proposal"),
    CheckConstraint("status <> 'refused' OR ground IS NOT NULL", name="refused_for_a_reason"),
    CheckConstraint(
        "(decided_by IS NULL) = (decided_at IS NULL) AND (withdrawn_by IS NULL) = (withdrawn_at IS NULL)"
        " AND (status = 'withdrawn') = (withdrawn_by IS NOT NULL)",
        name="acts_have_their_moment",
    ),
    CheckConstraint("proposed_at <= decided_at", name="decided_after_it_was_proposed"),
    CheckConstraint("proposed_at <= withdrawn_at", name="withdrawn_after_it_was_proposed"),
)

# ---- rule books that are to come into force --------------------------------------------------------------------------

rule_proposals = Table(
    "rule_proposals",
    metadata,
    Column("release_id", Text, primary_key=True),
    Column("version", Text, ForeignKey("rule_books.version"), nullable=False),
    # The whole hash of the files: the version is short, and another book could be made to have it.
    Column("content", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("as_of", Date, nullable=False),
    # What it would change for the stored people and employers, in counts; no ids, since nothing here can be erased.
    Column("effects", Text, nullable=False),
    UniqueConstraint("release_id", "version", "proposed_by"),
    CheckConstraint("proposed_by LIKE 'user:%' OR proposed_by = 'installation'", name="proposed_by_a_person"),
    CheckConstraint("length(content) = 64", name="content_of_sha256"),
)

# What ran when the first account was made is taken on as it is, once: whoever trusted it then trusted nobody else.
_of_installation = rule_proposals.c.proposed_by == "installation"
Index(
    "uq_rule_proposals_installation",
    rule_proposals.c.proposed_by,
    unique=True,
    sqlite_where=_of_installation,
    postgresql_where=_of_installation,
)

# The proposer stands here once more, and the key sees to it that it is the proposal's: nobody releases their own.
rule_releases = Table(
    "rule_releases",
    metadata,
    Column("release_id", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(
        ["release_id", "version", "proposed_by"],
        ["rule_proposals.release_id", "rule_proposals.version", "rule_proposals.proposed_by"],
        name="fk_rule_releases_release_id_rule_proposals",
    ),
    CheckConstraint("approved_by <> proposed_by", name="approved_by_another"),
    CheckConstraint("approved_by LIKE 'user:%' OR proposed_by = 'installation'", name="approved_by_a_person"),
)

rule_signatures = Table(
    "rule_signatures",
    metadata,
    Column("release_id", Text, ForeignKey("rule_releases.release_id"), primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("signature", Text, nullable=False),
    CheckConstraint("length(signature) = 64", name="signature_of_sha256"),
)

# A released book that may no longer answer.
rule_retirements = Table(
    "rule_retirements",
    metadata,
    Column("release_id", Text, ForeignKey("rule_releases.release_id"), primary_key=True),
    Column("retired_by", Text, nullable=False),
    Column("retired_at", UtcDateTime, nullable=False),
    CheckConstraint("retired_by LIKE 'user:%'", name="retired_by_a_person"),
)
