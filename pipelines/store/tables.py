"""The tables of the store: the tables that sheets come in for, and what the program itself keeps.

Columns follow the specifications; constraints are named and carry what must hold between columns. No behaviour here.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from pipelines.plan_schema import IMPORTED
from pipelines.schema import ColumnSpec, TableSpec
from pipelines.store.base import ExactDecimal, UtcDateTime, metadata

_TYPES: Mapping[str, type[TypeEngine[Any]]] = {
    "text": Text,
    "date": Date,
    "integer": Integer,
    "float": Double,
    "decimal": ExactDecimal,
    "term": Text,
    "packed": Text,
}
_REFERENCES = {
    ("interactions", "candidate_id"): "candidates.candidate_id",
    ("interactions", "vacancy_id"): "vacancies.vacancy_id",
    ("services", "candidate_id"): "candidates.candidate_id",
    ("placements", "candidate_id"): "candidates.candidate_id",
    ("enrolments", "candidate_id"): "candidates.candidate_id",
    ("initiative_posts", "initiative_id"): "initiatives.initiative_id",
    ("initiative_posts", "vacancy_id"): "vacancies.vacancy_id",
    ("initiative_people", "initiative_id"): "initiatives.initiative_id",
    ("initiative_people", "candidate_id"): "candidates.candidate_id",
    ("unit_records", "employer_id"): "employers.employer_id",
    ("course_reviews", "course_id"): "courses.course_id",
    ("ventures", "candidate_id"): "candidates.candidate_id",
    ("visits", "candidate_id"): "candidates.candidate_id",
    ("visits", "venture_id"): "ventures.venture_id",
    ("visits", "enrolment_id"): "enrolments.enrolment_id",
}
_NUMERIC = "CAST({0} AS NUMERIC) <= CAST({1} AS NUMERIC)"
_CHECKS: Mapping[str, Mapping[str, str]] = {
    "vacancies": {
        "wages_in_order": _NUMERIC.format("wage_min", "wage_max"),
        "days_in_order": "opens_on <= closes_on",
        "openings_not_negative": "openings >= 0",
    },
    "candidates": {
        "grade_1_to_4": "grade BETWEEN 1 AND 4",
        "recognition_in_order": "hard_to_employ_since <= hard_to_employ_until",
    },
    "placements": {"days_in_order": "starts_on <= ends_on"},
    "courses": {"days_in_order": "starts_on <= ends_on"},
    "enrolments": {"days_in_order": "starts_on <= ends_on"},
    "sites": {"days_in_order": "opened_on <= closed_on"},
    "labour_projects": {"days_in_order": "starts_on <= ends_on"},
    "service_contracts": {"days_in_order": "starts_on <= ends_on"},
    "initiatives": {"days_in_order": "starts_on <= ends_on"},
    "unit_records": {"reserved_among_posts": "reserved <= posts"},
    "course_reviews": {"days_in_order": '"on" <= until'},
    "ventures": {"days_in_order": "starts_on <= ends_on"},
    "visits": {
        "next_is_later": '"on" < next_on',
        "check_of_a_venture": "kind <> 'startup_check' OR venture_id IS NOT NULL",
    },
}


SEALED: Mapping[str, tuple[str, ...]] = {
    "candidates": ("name", "certificate_number", "phone", "address", "birth_date"),
}
"""Columns that hold ciphertext bound to table, column and row; what opens them is `pipelines.store.sealed`."""


def _column(table: TableSpec, spec: ColumnSpec) -> Column[Any]:
    reference = _REFERENCES.get((table.name, spec.name))
    links = [ForeignKey(reference)] if reference else []
    is_key = spec.name in table.key
    of: type[TypeEngine[Any]] = Text if spec.name in SEALED.get(table.name, ()) else _TYPES[spec.stored]
    return Column(spec.name, of, *links, primary_key=is_key, nullable=not (is_key or spec.required))


def _table(spec: TableSpec) -> Table:
    checks = [CheckConstraint(text, name=name) for name, text in _CHECKS.get(spec.name, {}).items()]
    columns = [_column(spec, column) for column in spec.columns]
    # Goes up with every write: what a reader saw is named by it, so that nobody writes over what they did not see.
    version = Column("row_version", Integer, nullable=False, server_default="1")
    return Table(spec.name, metadata, *columns, version, *checks)


CASE_TABLES: Mapping[str, Table] = {name: _table(spec) for name, spec in IMPORTED.items()}
# A keyed hash of the certificate number without its re-issue suffix: for look-up and so that nobody holds two.
CASE_TABLES["candidates"].append_column(Column("certificate_index", Text))

# Which keys sealed what is in here, so that a wrong or missing key is known at once and not at the first name.
vault_keys = Table(
    "vault_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("check_value", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    # From here on nothing is sealed with it any more, and it may be thrown away.
    Column("retired_at", UtcDateTime),
    CheckConstraint("length(check_value) = 64", name="check_is_a_hash"),
    CheckConstraint("made_at <= retired_at", name="moments_in_order"),
)

# Whom an office, or one of its caseworkers, has taken on beside the people of its own places.
assignments = Table(
    "assignments",
    metadata,
    Column("assignment_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False, index=True),
    Column("organisation_id", Text, ForeignKey("organisations.organisation_id"), nullable=False, index=True),
    Column("user_id", Text, ForeignKey("users.user_id")),
    Column("since", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    CheckConstraint("since <= ended_at", name="moments_in_order"),
)

Index(None, CASE_TABLES["interactions"].c.vacancy_id)
Index(None, CASE_TABLES["candidates"].c.certificate_index, unique=True)
for _placed in ("candidates", "employers", "vacancies"):
    Index(None, CASE_TABLES[_placed].c.region)
Index(None, CASE_TABLES["vacancies"].c.employer_id)
for _name in ("candidate_id", "course_id"):
    Index(None, CASE_TABLES["enrolments"].c[_name])
for _name in ("vacancy_id", "candidate_id", "employer_id", "starts_on"):
    Index(None, CASE_TABLES["placements"].c[_name])
Index(None, CASE_TABLES["initiatives"].c.starts_on)
Index(None, CASE_TABLES["initiative_posts"].c.vacancy_id)
Index(None, CASE_TABLES["initiative_people"].c.initiative_id)
Index(None, CASE_TABLES["unit_records"].c.employer_id)
Index(None, CASE_TABLES["ventures"].c.candidate_id)
Index(None, CASE_TABLES["publicity"].c.on)
Index(None, CASE_TABLES["course_reviews"].c.course_id)
for _name in ("candidate_id", "venture_id", "enrolment_id"):
    Index(None, CASE_TABLES["visits"].c[_name])

fact_sources = Table(
    "fact_sources",
    metadata,
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), primary_key=True),
    Column("fact", Text, primary_key=True),
    Column("supplied_by", Text, nullable=False),
    Column("supplied_on", Date, nullable=False),
)

vacancy_readings = Table(
    "vacancy_readings",
    metadata,
    Column("vacancy_id", Text, ForeignKey("vacancies.vacancy_id"), primary_key=True),
    Column("version", Text, nullable=False),
    Column("text_hash", Text, nullable=False),
    Column("payload", Text, nullable=False),
)

# By how much posts step back that everybody's lists would begin with; made anew for all posts at once.
crowded_posts = Table(
    "crowded_posts",
    metadata,
    Column("vacancy_id", Text, primary_key=True),
    Column("model_version", Text, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("price", Double, nullable=False),
    Column("looks", Double, nullable=False),
    Column("expected", Double, nullable=False),
    Column("openings", Double, nullable=False),
    Column("bound", Double, nullable=False),
    CheckConstraint("price >= 0", name="price_not_negative"),
    CheckConstraint("openings > 0", name="openings_above_zero"),
)

# By how much people of a group come forward in lists of people for a post; made anew with the crowded posts.
exposure_lifts = Table(
    "exposure_lifts",
    metadata,
    Column("attribute", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("model_version", Text, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("lift", Double, nullable=False),
    CheckConstraint("lift > 0", name="lift_above_zero"),
)

shortlist_runs = Table(
    "shortlist_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("candidate_id", Text, ForeignKey("candidates.candidate_id"), nullable=False, index=True),
    Column("as_of", Date, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("rules_version", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("payload", Text, nullable=False),
    # How many of its lines are good matches: the order of what is due asks for it of everybody at once.
    Column("n_strong", Integer),
)

rule_books = Table(
    "rule_books",
    metadata,
    Column("version", Text, primary_key=True),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("files", LargeBinary, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", Text, primary_key=True),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("rules_version", Text, ForeignKey("rule_books.version"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("payload", Text, nullable=False),
    CheckConstraint("subject_kind IN ('candidate', 'employer', 'placement')", name="subject_known"),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("version", Text, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("trained_until", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("champion_since", UtcDateTime),
    CheckConstraint("status IN ('candidate', 'champion', 'retired')", name="status_known"),
)

imports = Table(
    "imports",
    metadata,
    Column("import_id", Integer, primary_key=True),
    Column("table_name", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_sha256", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("supplied_by", Text, nullable=False),
    Column("read", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    CheckConstraint("accepted + unchanged + rejected = read", name="every_row_accounted_for"),
)


# ---- organisations, accounts and audit ------------------------------------------------------------------------------

_KINDS = "'province', 'prefecture', 'county', 'township', 'employer', 'analyst_office'"
_ROLES = (
    "role IN ('caseworker', 'supervisor', 'company_poster', 'company_approver', 'analyst', 'auditor', 'administrator')"
)

organisations = Table(
    "organisations",
    metadata,
    Column("organisation_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent_id", Text, ForeignKey("organisations.organisation_id"), index=True),
    # The credit code of a company; not a foreign key, since an account may come before the company's own row.
    Column("employer_id", Text),
    CheckConstraint("employer_id IS NULL OR kind = 'employer'", name="only_a_company_has_a_credit_code"),
    CheckConstraint(f"kind IN ({_KINDS})", name="kind_known"),
    CheckConstraint(
        "parent_id IS NOT NULL OR kind IN ('province', 'employer', 'analyst_office')", name="division_has_parent"
    ),
    CheckConstraint("kind <> 'province' OR parent_id IS NULL", name="province_is_root"),
    CheckConstraint("parent_id <> organisation_id", name="not_its_own_parent"),
)

organisation_codes = Table(
    "organisation_codes",
    metadata,
    Column("organisation_id", Text, ForeignKey("organisations.organisation_id"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    CheckConstraint("length(code) IN (6, 9)", name="code_of_6_or_9_digits"),
    CheckConstraint("valid_from <= valid_to", name="days_in_order"),
)

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("failed_attempts", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
    Column("must_change_password", Boolean, nullable=False),
    Column("one_time_until", UtcDateTime),
    Column("totp_secret", Text),
    Column("totp_confirmed_at", UtcDateTime),
    Column("totp_last_step", BigInteger),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("status IN ('active', 'locked')", name="status_known"),
    CheckConstraint("failed_attempts >= 0", name="attempts_not_negative"),
    CheckConstraint("password_hash LIKE '$argon2id$%'", name="password_is_argon2id"),
    CheckConstraint("login = lower(login)", name="login_in_lower_case"),
    CheckConstraint("totp_confirmed_at IS NULL OR totp_secret IS NOT NULL", name="confirmed_secret_is_there"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("membership_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False, index=True),
    Column("organisation_id", Text, ForeignKey("organisations.organisation_id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    # An end of day is too late for a transfer: what is withdrawn ends at the next request.
    Column("withdrawn_at", UtcDateTime),
    CheckConstraint(_ROLES, name="role_known"),
    CheckConstraint("valid_from <= valid_to", name="days_in_order"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.user_id"), nullable=False, index=True),
    Column("organisation_id", Text, ForeignKey("organisations.organisation_id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("csrf_hash", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    CheckConstraint(_ROLES, name="role_known"),
    CheckConstraint("length(token_hash) = 64 AND length(csrf_hash) = 64", name="hashes_only"),
    CheckConstraint("created_at < expires_at", name="moments_in_order"),
)

# Append-only by triggers (migration 0003); each row carries the hash of the one before it.
audit = Table(
    "audit",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("organisation_id", Text),
    Column("purpose", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_kind", Text, nullable=False),
    Column("object_id", Text),
    Column("details", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name="hashes_of_sha256"),
    CheckConstraint("actor <> '' AND purpose <> '' AND action <> ''", name="says_who_why_and_what"),
    CheckConstraint("actor NOT LIKE 'user%' OR organisation_id IS NOT NULL", name="person_acts_for_organisation"),
)

# By organisation it has none: its rows are read from the newest on, and the key gives them in that order.
Index(None, audit.c.object_id, audit.c.object_kind)
Index(None, audit.c.actor, audit.c.sequence)

# The end of the chain: what locks it while a row is written, and shows where rows were cut off its end.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)
