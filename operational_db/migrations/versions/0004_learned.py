"""Mentoring profiles, showings, sessions and feedback; costs, outcomes and ROI estimates; learned models."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATUSES = ("pending", "active", "completed", "declined", "cancelled")


_SCHEDULES = (
    "certificate_expiry",
    "scope_expiry",
    "assignment_due",
    "employer_copy",
    "visit_unqualified",
)


def _set_statuses(statuses: tuple[str, ...]) -> None:
    """Autogeneration does not look at the values of a text column's check."""
    op.drop_constraint(op.f("ck_mentorships_mentorshipstatus"), "mentorships")
    op.create_check_constraint(
        op.f("ck_mentorships_mentorshipstatus"), "mentorships", sa.column("status").in_(statuses)
    )


def _set_schedules(schedules: tuple[str, ...]) -> None:
    for table in ("notification_items", "reminder_runs"):
        op.drop_constraint(op.f(f"ck_{table}_reminderschedule"), table)
        op.create_check_constraint(op.f(f"ck_{table}_reminderschedule"), table, sa.column("schedule").in_(schedules))


def upgrade() -> None:
    op.create_table(
        "income_contexts",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("trade", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("cohort_year", sa.BigInteger(), nullable=False),
        sa.Column("years_from_certification", sa.BigInteger(), nullable=False),
        sa.Column("median_income", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("person_count", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_income_contexts")),
        sa.UniqueConstraint(
            "source",
            "trade",
            "jurisdiction",
            "cohort_year",
            "years_from_certification",
            name=op.f("uq_income_contexts_source_trade_jurisdiction_cohort_year_years_from_certification"),
        ),
    )
    op.create_table(
        "learned_models",
        sa.Column(
            "model_kind",
            sa.Enum(
                "mentor_matching",
                "course_recommending",
                name="learnedmodelkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("card", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("trained_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ledger_size", sa.BigInteger(), nullable=False),
        sa.Column("promoted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("retired_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "retired_at is null or promoted_at is not null", name=op.f("ck_learned_models_retired_after_promoted")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learned_models")),
        sa.UniqueConstraint("model_kind", "version", name=op.f("uq_learned_models_model_kind_version")),
    )
    op.create_index(
        "uq_learned_models_serving",
        "learned_models",
        ["model_kind"],
        unique=True,
        postgresql_where=sa.text("promoted_at is not null and retired_at is null"),
    )
    op.create_table(
        "hourly_wages",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_hourly_wages_amount_positive")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_hourly_wages_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_hourly_wages_person_id")),
        sa.PrimaryKeyConstraint("person_id", "organization_id", "starts_on", name=op.f("pk_hourly_wages")),
    )
    op.create_table(
        "mentee_profiles",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "current_level",
            sa.Enum(
                "student",
                "apprentice",
                "junior",
                "mid",
                "transitioning",
                name="menteelevel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("career_goal", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "specialization_interests", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("skills_to_develop", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("timeline_months", sa.BigInteger(), nullable=True),
        sa.Column("is_remote_welcome", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("years_experience", sa.Double(), nullable=True),
        sa.Column(
            "communication_preferences", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("hours_per_month", sa.BigInteger(), nullable=True),
        sa.Column(
            "availability", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("location_city", sa.Text(), nullable=True),
        sa.Column("location_region", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("consented_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(latitude is null) = (longitude is null)", name=op.f("ck_mentee_profiles_coordinates_complete")
        ),
        sa.CheckConstraint("timeline_months between 1 and 60", name=op.f("ck_mentee_profiles_timeline_is_sane")),
        sa.CheckConstraint("years_experience between 0 and 70", name=op.f("ck_mentee_profiles_experience_is_sane")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_mentee_profiles_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_mentee_profiles")),
    )
    op.create_table(
        "mentor_dismissals",
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("dismissed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mentee_id"], ["people.id"], name=op.f("fk_mentor_dismissals_mentee_id")),
        sa.ForeignKeyConstraint(["mentor_id"], ["people.id"], name=op.f("fk_mentor_dismissals_mentor_id")),
        sa.PrimaryKeyConstraint("mentee_id", "mentor_id", name=op.f("pk_mentor_dismissals")),
    )
    op.create_table(
        "mentor_profiles",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("specializations", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("equipment_expertise", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_accepting_mentees", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("max_mentees", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "preferred_mentee_levels", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("is_remote_welcome", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("years_experience", sa.Double(), nullable=True),
        sa.Column(
            "communication_preferences", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("hours_per_month", sa.BigInteger(), nullable=True),
        sa.Column(
            "availability", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("location_city", sa.Text(), nullable=True),
        sa.Column("location_region", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("consented_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(latitude is null) = (longitude is null)", name=op.f("ck_mentor_profiles_coordinates_complete")
        ),
        sa.CheckConstraint("max_mentees between 0 and 50", name=op.f("ck_mentor_profiles_capacity_is_sane")),
        sa.CheckConstraint("years_experience between 0 and 70", name=op.f("ck_mentor_profiles_experience_is_sane")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_mentor_profiles_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_mentor_profiles")),
    )
    op.create_table(
        "mentor_showings",
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column("shown_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("model_version", sa.BigInteger(), nullable=True),
        sa.Column("candidate_count", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["mentee_id"], ["people.id"], name=op.f("fk_mentor_showings_mentee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentor_showings")),
    )
    op.create_index("ix_mentor_showings_mentee_id", "mentor_showings", ["mentee_id", "shown_at"], unique=False)
    op.create_table(
        "mentoring_policies",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column(
            "reach",
            sa.Enum(
                "everyone",
                "own_people",
                "nobody",
                name="mentoringreach",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="everyone",
            nullable=False,
        ),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_mentoring_policies_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_mentoring_policies")),
    )
    op.create_table(
        "outcome_months",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("job_count", sa.BigInteger(), nullable=False),
        sa.Column("first_time_fix_count", sa.BigInteger(), nullable=False),
        sa.Column("first_time_fix_known_count", sa.BigInteger(), nullable=False),
        sa.Column("callback_count", sa.BigInteger(), nullable=False),
        sa.Column("callback_known_count", sa.BigInteger(), nullable=False),
        sa.Column("rework_count", sa.BigInteger(), nullable=False),
        sa.Column("rework_known_count", sa.BigInteger(), nullable=False),
        sa.Column("incident_count", sa.BigInteger(), nullable=False),
        sa.Column("hours", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("hours_known_count", sa.BigInteger(), nullable=False),
        sa.Column("units_maintained", sa.BigInteger(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_outcome_months_month_is_its_first_day")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_outcome_months_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_outcome_months_person_id")),
        sa.PrimaryKeyConstraint("organization_id", "person_id", "month", name=op.f("pk_outcome_months")),
    )
    op.create_table(
        "unit_values",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column(
            "outcome_kind",
            sa.Enum(
                "first_time_fix_rate",
                "callback_rate",
                "rework_rate",
                "incidents",
                "hours_per_job",
                "units_maintained",
                name="outcomekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_unit_values_amount_not_negative")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_unit_values_organization_id")),
        sa.PrimaryKeyConstraint("organization_id", "outcome_kind", "starts_on", name=op.f("pk_unit_values")),
    )
    op.create_table(
        "job_outcomes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("job_number", sa.Text(), nullable=False),
        sa.Column("finished_on", sa.Date(), nullable=False),
        sa.Column("is_first_time_fix", sa.Boolean(), nullable=True),
        sa.Column("is_callback", sa.Boolean(), nullable=True),
        sa.Column("is_rework", sa.Boolean(), nullable=True),
        sa.Column("incident_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("hours", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("units_maintained", sa.BigInteger(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("hours >= 0", name=op.f("ck_job_outcomes_hours_not_negative")),
        sa.CheckConstraint("incident_count >= 0", name=op.f("ck_job_outcomes_incidents_not_negative")),
        sa.CheckConstraint("units_maintained >= 0", name=op.f("ck_job_outcomes_units_not_negative")),
        sa.ForeignKeyConstraint(["import_id"], ["import_batches.id"], name=op.f("fk_job_outcomes_import_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_job_outcomes_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_job_outcomes_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_outcomes")),
        sa.UniqueConstraint("organization_id", "job_number", name=op.f("uq_job_outcomes_organization_id_job_number")),
    )
    op.create_index("ix_job_outcomes_import_id", "job_outcomes", ["import_id"], unique=False)
    op.create_index(
        "ix_job_outcomes_person_id", "job_outcomes", ["organization_id", "person_id", "finished_on"], unique=False
    )
    op.create_table(
        "shown_mentors",
        sa.Column("showing_id", sa.Uuid(), nullable=False),
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("formula_score", sa.Double(), nullable=False),
        sa.Column("chance", sa.Double(), nullable=True),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("is_explored", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("features", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("propensity > 0 and propensity <= 1", name=op.f("ck_shown_mentors_propensity_is_chance")),
        sa.ForeignKeyConstraint(["mentor_id"], ["people.id"], name=op.f("fk_shown_mentors_mentor_id")),
        sa.ForeignKeyConstraint(
            ["showing_id"], ["mentor_showings.id"], name=op.f("fk_shown_mentors_showing_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("showing_id", "mentor_id", name=op.f("pk_shown_mentors")),
        sa.UniqueConstraint("showing_id", "rank", name=op.f("uq_shown_mentors_showing_id_rank")),
    )
    op.create_index("ix_shown_mentors_mentor_id", "shown_mentors", ["mentor_id"], unique=False)
    op.create_table(
        "course_dismissals",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("dismissed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_course_dismissals_course_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_course_dismissals_person_id")),
        sa.PrimaryKeyConstraint("person_id", "course_id", name=op.f("pk_course_dismissals")),
    )
    op.create_table(
        "mentoring_sessions",
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("held_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column(
            "meeting_format",
            sa.Enum(
                "in_person",
                "video",
                "phone",
                "text",
                name="meetingformat",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("skills_practiced", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("resources_shared", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("mentor_notes", sa.Text(), nullable=True),
        sa.Column("mentee_notes", sa.Text(), nullable=True),
        sa.Column("mentee_rating", sa.BigInteger(), nullable=True),
        sa.Column("mentor_rating", sa.BigInteger(), nullable=True),
        sa.Column("logged_by_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("mentee_rating between 1 and 5", name=op.f("ck_mentoring_sessions_mentee_rating_is_stars")),
        sa.CheckConstraint("mentor_rating between 1 and 5", name=op.f("ck_mentoring_sessions_mentor_rating_is_stars")),
        sa.CheckConstraint("minutes between 1 and 720", name=op.f("ck_mentoring_sessions_minutes_are_sane")),
        sa.ForeignKeyConstraint(["logged_by_id"], ["people.id"], name=op.f("fk_mentoring_sessions_logged_by_id")),
        sa.ForeignKeyConstraint(
            ["mentorship_id"], ["mentorships.id"], name=op.f("fk_mentoring_sessions_mentorship_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentoring_sessions")),
    )
    op.create_index(
        "ix_mentoring_sessions_mentorship_id", "mentoring_sessions", ["mentorship_id", "held_at"], unique=False
    )
    op.create_table(
        "mentorship_feedback",
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column(
            "side",
            sa.Enum("mentor", "mentee", name="mentorshipside", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("rating", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("given_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_mentorship_feedback_rating_is_stars")),
        sa.ForeignKeyConstraint(
            ["mentorship_id"], ["mentorships.id"], name=op.f("fk_mentorship_feedback_mentorship_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentorship_feedback")),
        sa.UniqueConstraint("mentorship_id", "side", name=op.f("uq_mentorship_feedback_mentorship_id_side")),
    )
    op.create_table(
        "mentorship_milestones",
        sa.Column("mentorship_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reached_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["mentorship_id"], ["mentorships.id"], name=op.f("fk_mentorship_milestones_mentorship_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentorship_milestones")),
        sa.UniqueConstraint("mentorship_id", "position", name=op.f("uq_mentorship_milestones_mentorship_id_position")),
    )
    op.create_table(
        "roi_estimates",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=True),
        sa.Column(
            "outcome_kind",
            sa.Enum(
                "first_time_fix_rate",
                "callback_rate",
                "rework_rate",
                "incidents",
                "hours_per_job",
                "units_maintained",
                name="outcomekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "effect",
                "no_visible_effect",
                "not_enough_data",
                "pre_trends_differ",
                name="effectstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("effect", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("low", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("high", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("trained_count", sa.BigInteger(), nullable=False),
        sa.Column("compared_count", sa.BigInteger(), nullable=False),
        sa.Column("month_count", sa.BigInteger(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("panel_sha256", sa.Text(), nullable=False),
        sa.Column("ledger_size", sa.BigInteger(), nullable=False),
        sa.Column("estimated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("is_current", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_roi_estimates_course_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_roi_estimates_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roi_estimates")),
    )
    op.create_index(
        "ix_roi_estimates_organization_id", "roi_estimates", ["organization_id", "estimated_at"], unique=False
    )
    op.create_index(
        "uq_roi_estimates_current",
        "roi_estimates",
        [
            "organization_id",
            "outcome_kind",
            sa.literal_column("coalesce(course_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
        ],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "training_costs",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("course_id", sa.Uuid(), nullable=True),
        sa.Column(
            "cost_kind",
            sa.Enum(
                "fee",
                "paid_hours",
                "travel",
                "instructor",
                name="costkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("incurred_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_training_costs_amount_not_negative")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_training_costs_minutes_positive")),
        sa.CheckConstraint(
            "person_id is not null or course_id is not null", name=op.f("ck_training_costs_of_somebody_or_something")
        ),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_training_costs_course_id")),
        sa.ForeignKeyConstraint(["import_id"], ["import_batches.id"], name=op.f("fk_training_costs_import_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_training_costs_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_training_costs_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_costs")),
        sa.UniqueConstraint("organization_id", "source_key", name=op.f("uq_training_costs_organization_id_source_key")),
    )
    op.create_index("ix_training_costs_import_id", "training_costs", ["import_id"], unique=False)
    op.create_index(
        "ix_training_costs_organization_id", "training_costs", ["organization_id", "incurred_on"], unique=False
    )
    op.create_table(
        "mentoring_action_items",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column(
            "assignee",
            sa.Enum("mentor", "mentee", name="mentorshipside", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["mentoring_sessions.id"], name=op.f("fk_mentoring_action_items_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentoring_action_items")),
    )
    op.create_index("ix_mentoring_action_items_session_id", "mentoring_action_items", ["session_id"], unique=False)
    op.add_column(
        "mentorships", sa.Column("goals", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("mentorships", sa.Column("duration_months", sa.BigInteger(), nullable=True))
    op.add_column("mentorships", sa.Column("message", sa.Text(), server_default="", nullable=False))
    op.add_column("mentorships", sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("mentorships", sa.Column("answered_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column(
        "mentorships",
        sa.Column(
            "decline_reason",
            sa.Enum(
                "no_time",
                "enough_mentees",
                "other_specialization",
                "too_far",
                "other_level",
                "other",
                name="declinereason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
    )
    op.add_column("mentorships", sa.Column("decline_note", sa.Text(), nullable=True))
    op.add_column("mentorships", sa.Column("next_session_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column(
        "mentorships",
        sa.Column(
            "end_reason",
            sa.Enum(
                "goals_changed",
                "no_time",
                "not_a_fit",
                "moved_on",
                "unreachable",
                "other",
                name="earlyendreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
    )
    op.add_column("mentorships", sa.Column("end_note", sa.Text(), nullable=True))
    op.add_column("mentorships", sa.Column("showing_id", sa.Uuid(), nullable=True))
    op.add_column("mentorships", sa.Column("proposed_by_id", sa.Uuid(), nullable=True))
    op.add_column(
        "mentorships", sa.Column("features", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.create_index(
        "ix_mentorships_pending",
        "mentorships",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_foreign_key(op.f("fk_mentorships_showing_id"), "mentorships", "mentor_showings", ["showing_id"], ["id"])
    op.create_foreign_key(op.f("fk_mentorships_proposed_by_id"), "mentorships", "people", ["proposed_by_id"], ["id"])
    _set_statuses((*_STATUSES, "expired"))
    _set_schedules((*_SCHEDULES, "mentorship_answer", "mentorship_news"))


def downgrade() -> None:
    op.execute("update mentorships set status = 'cancelled' where status = 'expired'")
    _set_statuses(_STATUSES)
    op.execute("delete from notification_items where schedule in ('mentorship_answer', 'mentorship_news')")
    op.execute("delete from reminder_runs where schedule in ('mentorship_answer', 'mentorship_news')")
    _set_schedules(_SCHEDULES)
    op.drop_constraint(op.f("fk_mentorships_proposed_by_id"), "mentorships", type_="foreignkey")
    op.drop_constraint(op.f("fk_mentorships_showing_id"), "mentorships", type_="foreignkey")
    op.drop_index("ix_mentorships_pending", table_name="mentorships", postgresql_where=sa.text("status = 'pending'"))
    op.drop_column("mentorships", "features")
    op.drop_column("mentorships", "proposed_by_id")
    op.drop_column("mentorships", "showing_id")
    op.drop_column("mentorships", "end_note")
    op.drop_column("mentorships", "end_reason")
    op.drop_column("mentorships", "next_session_at")
    op.drop_column("mentorships", "decline_note")
    op.drop_column("mentorships", "decline_reason")
    op.drop_column("mentorships", "answered_at")
    op.drop_column("mentorships", "expires_at")
    op.drop_column("mentorships", "message")
    op.drop_column("mentorships", "duration_months")
    op.drop_column("mentorships", "goals")
    op.drop_index("ix_mentoring_action_items_session_id", table_name="mentoring_action_items")
    op.drop_table("mentoring_action_items")
    op.drop_index("ix_training_costs_organization_id", table_name="training_costs")
    op.drop_index("ix_training_costs_import_id", table_name="training_costs")
    op.drop_table("training_costs")
    op.drop_index("uq_roi_estimates_current", table_name="roi_estimates", postgresql_where=sa.text("is_current"))
    op.drop_index("ix_roi_estimates_organization_id", table_name="roi_estimates")
    op.drop_table("roi_estimates")
    op.drop_table("mentorship_milestones")
    op.drop_table("mentorship_feedback")
    op.drop_index("ix_mentoring_sessions_mentorship_id", table_name="mentoring_sessions")
    op.drop_table("mentoring_sessions")
    op.drop_table("course_dismissals")
    op.drop_index("ix_shown_mentors_mentor_id", table_name="shown_mentors")
    op.drop_table("shown_mentors")
    op.drop_index("ix_job_outcomes_person_id", table_name="job_outcomes")
    op.drop_index("ix_job_outcomes_import_id", table_name="job_outcomes")
    op.drop_table("job_outcomes")
    op.drop_table("unit_values")
    op.drop_table("outcome_months")
    op.drop_table("mentoring_policies")
    op.drop_index("ix_mentor_showings_mentee_id", table_name="mentor_showings")
    op.drop_table("mentor_showings")
    op.drop_table("mentor_profiles")
    op.drop_table("mentor_dismissals")
    op.drop_table("mentee_profiles")
    op.drop_table("hourly_wages")
    op.drop_index(
        "uq_learned_models_serving",
        table_name="learned_models",
        postgresql_where=sa.text("promoted_at is not null and retired_at is null"),
    )
    op.drop_table("learned_models")
    op.drop_table("income_contexts")
