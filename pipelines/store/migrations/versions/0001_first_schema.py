"""The first schema: the seven tables, and what the program keeps of its own."""

import sqlalchemy as sa
from alembic import op

from pipelines.store.base import ExactDecimal

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "candidates",
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("certificate_number", sa.Text(), nullable=True),
        sa.Column("certificate_valid_until", sa.Date(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("hukou", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("education", sa.Text(), nullable=True),
        sa.Column("graduated_on", sa.Date(), nullable=True),
        sa.Column("skills", sa.Text(), nullable=True),
        sa.Column("experience", sa.Text(), nullable=True),
        sa.Column("experience_years", ExactDecimal(), nullable=True),
        sa.Column("certificates", sa.Text(), nullable=True),
        sa.Column("wished_occupations", sa.Text(), nullable=True),
        sa.Column("wished_regions", sa.Text(), nullable=True),
        sa.Column("wished_wage_min", ExactDecimal(), nullable=True),
        sa.Column("work_modes", sa.Text(), nullable=True),
        sa.Column("max_commute_km", ExactDecimal(), nullable=True),
        sa.Column("transport", sa.Text(), nullable=True),
        sa.Column("hours_per_day_max", ExactDecimal(), nullable=True),
        sa.Column("functions", sa.Text(), nullable=True),
        sa.Column("accommodations_needed", sa.Text(), nullable=True),
        sa.Column("job_wish", sa.Text(), nullable=True),
        sa.Column("unemployed_since", sa.Date(), nullable=True),
        sa.Column("hard_to_employ_since", sa.Date(), nullable=True),
        sa.Column("hard_to_employ_until", sa.Date(), nullable=True),
        sa.Column("household_id", sa.Text(), nullable=True),
        sa.Column("household_kinds", sa.Text(), nullable=True),
        sa.Column("consent_matching_on", sa.Date(), nullable=True),
        sa.Column("consent_disclosure", sa.Text(), nullable=True),
        sa.CheckConstraint("grade BETWEEN 1 AND 4", name=op.f("ck_candidates_grade_1_to_4")),
        sa.CheckConstraint(
            "hard_to_employ_since <= hard_to_employ_until", name=op.f("ck_candidates_recognition_in_order")
        ),
        sa.PrimaryKeyConstraint("candidate_id", name=op.f("pk_candidates")),
    )
    with op.batch_alter_table("candidates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_candidates_certificate_number"), ["certificate_number"], unique=False)

    op.create_table(
        "courses",
        sa.Column("course_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("skills", sa.Text(), nullable=True),
        sa.Column("certificate", sa.Text(), nullable=True),
        sa.Column("class", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("places", sa.Integer(), nullable=True),
        sa.Column("accommodations", sa.Text(), nullable=True),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_courses_days_in_order")),
        sa.PrimaryKeyConstraint("course_id", name=op.f("pk_courses")),
    )
    op.create_table(
        "employers",
        sa.Column("employer_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("is_school", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("headcount", ExactDecimal(), nullable=True),
        sa.Column("establishment", sa.Integer(), nullable=True),
        sa.Column("average_wage", ExactDecimal(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("employer_id", name=op.f("pk_employers")),
    )
    op.create_table(
        "imports",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supplied_by", sa.Text(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.CheckConstraint("accepted + unchanged + rejected = read", name=op.f("ck_imports_every_row_accounted_for")),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_imports")),
    )
    op.create_table(
        "model_versions",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trained_until", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("champion_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('candidate', 'champion', 'retired')", name=op.f("ck_model_versions_status_known")
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_model_versions")),
    )
    op.create_table(
        "vacancies",
        sa.Column("vacancy_id", sa.Text(), nullable=False),
        sa.Column("employer_id", sa.Text(), nullable=True),
        sa.Column("employer_name", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("occupation", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("welcomes", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("work_mode", sa.Text(), nullable=True),
        sa.Column("openings", sa.Integer(), nullable=True),
        sa.Column("wage_min", ExactDecimal(), nullable=True),
        sa.Column("wage_max", ExactDecimal(), nullable=True),
        sa.Column("hours_per_day", ExactDecimal(), nullable=True),
        sa.Column("days_per_week", ExactDecimal(), nullable=True),
        sa.Column("night_shift", sa.Text(), nullable=True),
        sa.Column("education_min", sa.Text(), nullable=True),
        sa.Column("experience_years_min", ExactDecimal(), nullable=True),
        sa.Column("skills", sa.Text(), nullable=True),
        sa.Column("certificates", sa.Text(), nullable=True),
        sa.Column("contract_months", sa.Integer(), nullable=True),
        sa.Column("social_insurance", sa.Text(), nullable=True),
        sa.Column("demands", sa.Text(), nullable=True),
        sa.Column("accommodations", sa.Text(), nullable=True),
        sa.Column("concessions", sa.Text(), nullable=True),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "CAST(wage_min AS NUMERIC) <= CAST(wage_max AS NUMERIC)", name=op.f("ck_vacancies_wages_in_order")
        ),
        sa.CheckConstraint("openings >= 0", name=op.f("ck_vacancies_openings_not_negative")),
        sa.CheckConstraint("opens_on <= closes_on", name=op.f("ck_vacancies_days_in_order")),
        sa.PrimaryKeyConstraint("vacancy_id", name=op.f("pk_vacancies")),
    )
    op.create_table(
        "fact_sources",
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("supplied_by", sa.Text(), nullable=False),
        sa.Column("supplied_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.candidate_id"], name=op.f("fk_fact_sources_candidate_id_candidates")
        ),
        sa.PrimaryKeyConstraint("candidate_id", "fact", name=op.f("pk_fact_sources")),
    )
    op.create_table(
        "interactions",
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("vacancy_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.candidate_id"], name=op.f("fk_interactions_candidate_id_candidates")
        ),
        sa.ForeignKeyConstraint(
            ["vacancy_id"], ["vacancies.vacancy_id"], name=op.f("fk_interactions_vacancy_id_vacancies")
        ),
        sa.PrimaryKeyConstraint("candidate_id", "vacancy_id", "kind", "at", name=op.f("pk_interactions")),
    )
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_interactions_vacancy_id"), ["vacancy_id"], unique=False)

    op.create_table(
        "placements",
        sa.Column("placement_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("employer_id", sa.Text(), nullable=True),
        sa.Column("vacancy_id", sa.Text(), nullable=True),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("monthly_wage", ExactDecimal(), nullable=True),
        sa.Column("contract_months", sa.Integer(), nullable=True),
        sa.Column("social_insurance", sa.Text(), nullable=True),
        sa.Column("wage_paid_by_bank", sa.Text(), nullable=True),
        sa.Column("attendance_confirmed", sa.Text(), nullable=True),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_placements_days_in_order")),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.candidate_id"], name=op.f("fk_placements_candidate_id_candidates")
        ),
        sa.PrimaryKeyConstraint("placement_id", name=op.f("pk_placements")),
    )
    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_placements_vacancy_id"), ["vacancy_id"], unique=False)

    op.create_table(
        "services",
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.candidate_id"], name=op.f("fk_services_candidate_id_candidates")
        ),
        sa.PrimaryKeyConstraint("candidate_id", "kind", "on", name=op.f("pk_services")),
    )
    op.create_table(
        "shortlist_runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.candidate_id"], name=op.f("fk_shortlist_runs_candidate_id_candidates")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_shortlist_runs")),
    )
    with op.batch_alter_table("shortlist_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_shortlist_runs_candidate_id"), ["candidate_id"], unique=False)

    op.create_table(
        "vacancy_readings",
        sa.Column("vacancy_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vacancy_id"], ["vacancies.vacancy_id"], name=op.f("fk_vacancy_readings_vacancy_id_vacancies")
        ),
        sa.PrimaryKeyConstraint("vacancy_id", name=op.f("pk_vacancy_readings")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("vacancy_readings")
    with op.batch_alter_table("shortlist_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_shortlist_runs_candidate_id"))

    op.drop_table("shortlist_runs")
    op.drop_table("services")
    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_placements_vacancy_id"))

    op.drop_table("placements")
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_interactions_vacancy_id"))

    op.drop_table("interactions")
    op.drop_table("fact_sources")
    op.drop_table("vacancies")
    op.drop_table("model_versions")
    op.drop_table("imports")
    op.drop_table("employers")
    op.drop_table("courses")
    with op.batch_alter_table("candidates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_candidates_certificate_number"))

    op.drop_table("candidates")
