# ruff: noqa: E501 - expressions as PostgreSQL writes them
"""Every table of the first version, with the ledger's guards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from operational_db.migrations import ledger_guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_checkpoints",
        sa.Column("tree_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root_hash", sa.LargeBinary(), nullable=False),
        sa.Column("frontier", postgresql.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tree_size", name=op.f("pk_ledger_checkpoints")),
    )
    op.create_table(
        "ledger_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_events")),
    )
    op.create_table(
        "ledger_leaves",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("leaf_index >= 0", name=op.f("ck_ledger_leaves_index_not_negative")),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_ledger_leaves")),
    )
    op.create_index("uq_ledger_leaves_event_id", "ledger_leaves", ["event_id"], unique=True)
    op.create_table(
        "ledger_pending",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_ledger_pending")),
    )
    op.create_table(
        "organizations",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "service_company",
                "trade_school",
                "building_owner",
                "manufacturer",
                "platform",
                name="organizationkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("is_simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
    )
    op.create_table(
        "people",
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("is_simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("oidc_subject", sa.Text(), nullable=True),
        sa.Column("erased_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
        sa.UniqueConstraint("oidc_subject", name=op.f("uq_people_oidc_subject")),
    )
    op.create_table(
        "stored_files",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_files")),
        sa.UniqueConstraint("sha256", name=op.f("uq_stored_files_sha256")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_api_tokens_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_tokens_token_sha256")),
    )
    op.create_index(op.f("ix_api_tokens_person_id"), "api_tokens", ["person_id"], unique=False)
    op.create_table(
        "certification_registry",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "manufacturer",
                "sitesync",
                "government",
                "industry_body",
                "trade_union",
                "third_party",
                "employer",
                "self_reported",
                name="certificationsource",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("issuing_organization", sa.Text(), nullable=False),
        sa.Column("issuing_organization_id", sa.Uuid(), nullable=True),
        sa.Column(
            "category",
            sa.Enum(
                "equipment",
                "safety",
                "compliance",
                "management",
                name="certificationcategory",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("trade", sa.Text(), server_default="elevators", nullable=False),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column(
            "prerequisites", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("experience_required", sa.Text(), nullable=True),
        sa.Column("training_required", sa.Text(), nullable=True),
        sa.Column("exam_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("validity_period_months", sa.BigInteger(), nullable=True),
        sa.Column("renewal_requirements", sa.Text(), nullable=True),
        sa.Column("continuing_education_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("can_be_verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("verification_url", sa.Text(), nullable=True),
        sa.Column("industry_recognition", sa.Text(), nullable=True),
        sa.Column("typical_salary_impact", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "validity_period_months is null or validity_period_months > 0",
            name=op.f("ck_certification_registry_validity_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["issuing_organization_id"],
            ["organizations.id"],
            name=op.f("fk_certification_registry_issuing_organization_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certification_registry")),
        sa.UniqueConstraint("code", name=op.f("uq_certification_registry_code")),
    )
    op.create_table(
        "import_batches",
        sa.Column("importer", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "applied", "refused", "undone", name="importstate", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("started_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_import_batches_organization_id")
        ),
        sa.ForeignKeyConstraint(["started_by"], ["people.id"], name=op.f("fk_import_batches_started_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batches")),
    )
    op.create_table(
        "learning_paths",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("target_role", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("trade", sa.Text(), server_default="elevators", nullable=False),
        sa.Column("estimated_total_hours", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("career_outcomes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_learning_paths_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_paths")),
        sa.UniqueConstraint("slug", name=op.f("uq_learning_paths_slug")),
    )
    op.create_table(
        "mentorships",
        sa.Column("mentor_id", sa.Uuid(), nullable=False),
        sa.Column("mentee_id", sa.Uuid(), nullable=False),
        sa.Column(
            "mentorship_type",
            sa.Enum(
                "general",
                "certification_prep",
                "career_transition",
                "skill_specific",
                name="mentorshiptype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "active",
                "completed",
                "declined",
                "cancelled",
                name="mentorshipstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="pending",
            nullable=False,
        ),
        sa.Column("requested_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("expected_end_on", sa.Date(), nullable=True),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("mentor_id <> mentee_id", name=op.f("ck_mentorships_two_people")),
        sa.ForeignKeyConstraint(["mentee_id"], ["people.id"], name=op.f("fk_mentorships_mentee_id")),
        sa.ForeignKeyConstraint(["mentor_id"], ["people.id"], name=op.f("fk_mentorships_mentor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentorships")),
    )
    op.create_index("ix_mentorships_mentee_id", "mentorships", ["mentee_id"], unique=False)
    op.create_index(
        "uq_mentorships_open_pair",
        "mentorships",
        ["mentor_id", "mentee_id"],
        unique=True,
        postgresql_where=sa.text("status in ('pending', 'active')"),
    )
    op.create_table(
        "organization_content",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "content_type",
            sa.Enum(
                "video",
                "text",
                "document",
                "interactive",
                name="contenttype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("content_text", sa.Text(), nullable=True),
        sa.Column("content_url", sa.Text(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("removed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(content_text, content_url, file_id) = 1", name=op.f("ck_organization_content_one_source")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_organization_content_file_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_organization_content_organization_id")
        ),
        sa.ForeignKeyConstraint(["uploaded_by"], ["people.id"], name=op.f("fk_organization_content_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_content")),
    )
    op.create_index(
        "ix_organization_content_organization_id", "organization_content", ["organization_id"], unique=False
    )
    op.create_table(
        "teams",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_teams_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_teams_organization_id_id")),
        sa.UniqueConstraint("organization_id", "name", name=op.f("uq_teams_organization_id_name")),
    )
    op.create_table(
        "courses",
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("short_description", sa.Text(), server_default="", nullable=False),
        sa.Column("learning_objectives", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "provider_type",
            sa.Enum(
                "manufacturer",
                "sitesync",
                "company",
                "trade_school",
                "third_party",
                name="providertype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("provider_id", sa.Uuid(), nullable=True),
        sa.Column("provider_name", sa.Text(), nullable=False),
        sa.Column(
            "visibility",
            sa.Enum(
                "public",
                "organization",
                "team",
                name="coursevisibility",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="public",
            nullable=False,
        ),
        sa.Column("visible_to_team_id", sa.Uuid(), nullable=True),
        sa.Column(
            "category",
            sa.Enum(
                "manufacturer_equipment",
                "safety_certification",
                "code_compliance",
                "soft_skills",
                "management",
                "technology",
                "apprenticeship",
                "continuing_education",
                name="coursecategory",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subcategory", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("trade", sa.Text(), server_default="elevators", nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "beginner",
                "intermediate",
                "advanced",
                "expert",
                name="courselevel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="beginner",
            nullable=False,
        ),
        sa.Column(
            "prerequisites", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column(
            "delivery_method",
            sa.Enum(
                "online_self_paced",
                "online_instructor_led",
                "in_person",
                "blended",
                "on_the_job",
                name="deliverymethod",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("estimated_hours", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("has_video", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("has_assessments", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("has_practical", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "applicable_equipment_types", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "applicable_manufacturers", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("applicable_models", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("leads_to_certification", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("certification_id", sa.Uuid(), nullable=True),
        sa.Column("ce_credits", sa.Numeric(precision=10, scale=2), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "pricing_model",
            sa.Enum(
                "free",
                "paid",
                "subscription",
                "employer_paid",
                name="pricingmodel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="free",
            nullable=False,
        ),
        sa.Column("price", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("requires_enrollment", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("enrollment_deadline", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("max_enrollment", sa.BigInteger(), nullable=True),
        sa.Column("session_starts_on", sa.Date(), nullable=True),
        sa.Column("session_length_days", sa.BigInteger(), nullable=True),
        sa.Column("session_location", sa.Text(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "published",
                "archived",
                name="coursestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="draft",
            nullable=False,
        ),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("is_mandatory", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "search_vector",
            postgresql.TSVECTOR(),
            sa.Computed(
                "(setweight(to_tsvector('english'::regconfig, title), 'A'::\"char\") || setweight(to_tsvector('english'::regconfig, short_description), 'B'::\"char\")) || setweight(to_tsvector('english'::regconfig, description), 'C'::\"char\")",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("max_enrollment is null or max_enrollment >= 0", name=op.f("ck_courses_seats_not_negative")),
        sa.CheckConstraint(
            "not leads_to_certification or certification_id is not null", name=op.f("ck_courses_certification_named")
        ),
        sa.CheckConstraint(
            "price is null or (price >= 0 and currency is not null)", name=op.f("ck_courses_price_has_currency")
        ),
        sa.ForeignKeyConstraint(
            ["certification_id"], ["certification_registry.id"], name=op.f("fk_courses_certification_id")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_courses_created_by")),
        sa.ForeignKeyConstraint(["provider_id"], ["organizations.id"], name=op.f("fk_courses_provider_id")),
        sa.ForeignKeyConstraint(["visible_to_team_id"], ["teams.id"], name=op.f("fk_courses_visible_to_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
        sa.UniqueConstraint("slug", name=op.f("uq_courses_slug")),
    )
    op.create_index("ix_courses_category", "courses", ["category", "subcategory"], unique=False)
    op.create_index("ix_courses_provider", "courses", ["provider_type", "provider_id"], unique=False)
    op.create_index(
        "ix_courses_published", "courses", ["status"], unique=False, postgresql_where=sa.text("status = 'published'")
    )
    op.create_index("ix_courses_search_vector", "courses", ["search_vector"], unique=False, postgresql_using="gin")
    op.create_table(
        "import_changes",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("before_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batches.id"], name=op.f("fk_import_changes_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_changes")),
    )
    op.create_index("ix_import_changes_batch_id", "import_changes", ["batch_id"], unique=False)
    op.create_table(
        "imported_records",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_by_batch_id", sa.Uuid(), nullable=False),
        sa.Column("changed_by_batch_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["changed_by_batch_id"], ["import_batches.id"], name=op.f("fk_imported_records_changed_by_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_batch_id"], ["import_batches.id"], name=op.f("fk_imported_records_created_by_batch_id")
        ),
        sa.PrimaryKeyConstraint("source", "kind", "external_id", name=op.f("pk_imported_records")),
    )
    op.create_index(
        "ix_imported_records_created_by_batch_id", "imported_records", ["created_by_batch_id"], unique=False
    )
    op.create_index("ix_imported_records_record_id", "imported_records", ["record_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "technician",
                "student",
                "mentor",
                "supervisor",
                "company_manager",
                "school_admin",
                "instructor",
                "building_owner",
                "product_team",
                "auditor",
                "content_reviewer",
                "platform_admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "persona",
            sa.Enum(
                "engineer",
                "operations",
                "security",
                "compliance_risk",
                "partner_integrator",
                name="persona",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ended_on is null or ended_on >= started_on", name=op.f("ck_memberships_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            name=op.f("fk_memberships_organization_id_team_id"),
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_memberships_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_memberships_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index("ix_memberships_organization_id", "memberships", ["organization_id"], unique=False)
    op.create_index("ix_memberships_person_id", "memberships", ["person_id"], unique=False)
    op.create_index(
        "uq_memberships_open",
        "memberships",
        ["person_id", "organization_id", "role"],
        unique=True,
        postgresql_where=sa.text("ended_on is null"),
    )
    op.create_table(
        "auto_assignments",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("due_within_days", sa.BigInteger(), server_default=sa.text("30"), nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_auto_assignments_course_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_auto_assignments_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_assignments")),
        sa.UniqueConstraint(
            "organization_id",
            "course_id",
            "role",
            name=op.f("uq_auto_assignments_organization_id_course_id_role"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "course_modules",
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("order_index", sa.BigInteger(), nullable=False),
        sa.Column("duration_minutes", sa.BigInteger(), nullable=True),
        sa.Column("has_video", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("has_text", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("has_quiz", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("has_practical", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_required", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_course_modules_course_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_modules")),
        sa.UniqueConstraint("course_id", "id", name=op.f("uq_course_modules_course_id_id")),
        sa.UniqueConstraint("course_id", "order_index", name=op.f("uq_course_modules_course_id_order_index")),
    )
    op.create_table(
        "course_reviews",
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_course_reviews_rating_range")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_course_reviews_course_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_course_reviews_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_reviews")),
        sa.UniqueConstraint("course_id", "person_id", name=op.f("uq_course_reviews_course_id_person_id")),
    )
    op.create_table(
        "daily_engagement",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("interaction_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("session_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("mobile_session_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_daily_engagement_course_id")),
        sa.ForeignKeyConstraint(["import_id"], ["import_batches.id"], name=op.f("fk_daily_engagement_import_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_daily_engagement_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_daily_engagement_person_id")),
        sa.PrimaryKeyConstraint("person_id", "course_id", "on_date", name=op.f("pk_daily_engagement")),
    )
    op.create_index("ix_daily_engagement_on_date", "daily_engagement", ["on_date"], unique=False)
    op.create_table(
        "learning_path_courses",
        sa.Column("path_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("order_index", sa.BigInteger(), nullable=False),
        sa.Column("is_required", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_learning_path_courses_course_id")),
        sa.ForeignKeyConstraint(["path_id"], ["learning_paths.id"], name=op.f("fk_learning_path_courses_path_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_path_courses")),
        sa.UniqueConstraint("path_id", "course_id", name=op.f("uq_learning_path_courses_path_id_course_id")),
        sa.UniqueConstraint("path_id", "order_index", name=op.f("uq_learning_path_courses_path_id_order_index")),
    )
    op.create_table(
        "training_requirements",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=True),
        sa.Column("certification_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "technician",
                "student",
                "mentor",
                "supervisor",
                "company_manager",
                "school_admin",
                "instructor",
                "building_owner",
                "product_team",
                "auditor",
                "content_reviewer",
                "platform_admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("due_within_days", sa.BigInteger(), server_default=sa.text("30"), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("due_within_days >= 0", name=op.f("ck_training_requirements_due_not_negative")),
        sa.CheckConstraint(
            "ended_on is null or ended_on >= effective_from", name=op.f("ck_training_requirements_ends_after_start")
        ),
        sa.CheckConstraint(
            "num_nonnulls(course_id, certification_id) = 1", name=op.f("ck_training_requirements_one_subject")
        ),
        sa.ForeignKeyConstraint(
            ["certification_id"], ["certification_registry.id"], name=op.f("fk_training_requirements_certification_id")
        ),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_training_requirements_course_id")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_training_requirements_created_by")),
        sa.ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            name=op.f("fk_training_requirements_organization_id_team_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_training_requirements_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_requirements")),
    )
    op.create_index(
        "ix_training_requirements_organization_id", "training_requirements", ["organization_id"], unique=False
    )
    op.create_table(
        "course_assessments",
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "assessment_type",
            sa.Enum(
                "quiz", "exam", "practical", name="assessmenttype", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("is_required", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("question_count", sa.BigInteger(), nullable=True),
        sa.Column("time_limit_minutes", sa.BigInteger(), nullable=True),
        sa.Column("passing_score", sa.BigInteger(), server_default=sa.text("70"), nullable=False),
        sa.Column("attempts_allowed", sa.BigInteger(), server_default=sa.text("3"), nullable=True),
        sa.Column("randomize_questions", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("requires_proctoring", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("proctoring_type", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "attempts_allowed is null or attempts_allowed >= 1", name=op.f("ck_course_assessments_attempts_positive")
        ),
        sa.CheckConstraint(
            "passing_score between 0 and 100", name=op.f("ck_course_assessments_passing_score_is_percent")
        ),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_course_assessments_course_id")),
        sa.ForeignKeyConstraint(["module_id"], ["course_modules.id"], name=op.f("fk_course_assessments_module_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_assessments")),
    )
    op.create_index("ix_course_assessments_course_id", "course_assessments", ["course_id"], unique=False)
    op.create_table(
        "course_enrollments",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("cycle_number", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "enrolled",
                "in_progress",
                "completed",
                "dropped",
                "failed",
                name="enrollmentstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="enrolled",
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("current_module_id", sa.Uuid(), nullable=True),
        sa.Column("time_spent_minutes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("enrolled_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_activity_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("final_score", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status in ('enrolled', 'in_progress')) = (ended_at is null)",
            name=op.f("ck_course_enrollments_end_matches_status"),
        ),
        sa.CheckConstraint("cycle_number >= 1", name=op.f("ck_course_enrollments_cycle_positive")),
        sa.CheckConstraint(
            "final_score is null or final_score between 0 and 100",
            name=op.f("ck_course_enrollments_final_score_is_percent"),
        ),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_course_enrollments_course_id")),
        sa.ForeignKeyConstraint(
            ["current_module_id"], ["course_modules.id"], name=op.f("fk_course_enrollments_current_module_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_course_enrollments_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_course_enrollments_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_enrollments")),
        sa.UniqueConstraint(
            "person_id",
            "course_id",
            "cycle_number",
            name=op.f("uq_course_enrollments_person_id_course_id_cycle_number"),
        ),
    )
    op.create_index("ix_course_enrollments_course_id", "course_enrollments", ["course_id"], unique=False)
    op.create_index("ix_course_enrollments_organization_id", "course_enrollments", ["organization_id"], unique=False)
    op.create_index(
        "uq_course_enrollments_open",
        "course_enrollments",
        ["person_id", "course_id"],
        unique=True,
        postgresql_where=sa.text("status in ('enrolled', 'in_progress')"),
    )
    op.create_table(
        "module_content",
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "content_type",
            sa.Enum(
                "video",
                "text",
                "document",
                "interactive",
                name="contenttype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("order_index", sa.BigInteger(), nullable=False),
        sa.Column("content_text", sa.Text(), nullable=True),
        sa.Column("content_url", sa.Text(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("video_duration_seconds", sa.BigInteger(), nullable=True),
        sa.Column("video_transcript", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(content_text, content_url, file_id) = 1", name=op.f("ck_module_content_one_source")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_module_content_file_id")),
        sa.ForeignKeyConstraint(["module_id"], ["course_modules.id"], name=op.f("fk_module_content_module_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module_content")),
        sa.UniqueConstraint("module_id", "order_index", name=op.f("uq_module_content_module_id_order_index")),
    )
    op.create_table(
        "training_assignments",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("requirement_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "technician",
                "student",
                "mentor",
                "supervisor",
                "company_manager",
                "school_admin",
                "instructor",
                "building_owner",
                "product_team",
                "auditor",
                "content_reviewer",
                "platform_admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("is_mandatory", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("minimum_score", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("assigned_by", sa.Uuid(), nullable=True),
        sa.Column("assigned_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("cancelled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "minimum_score is null or minimum_score between 0 and 100",
            name=op.f("ck_training_assignments_minimum_score_is_percent"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(person_id, role, team_id) = 1", name=op.f("ck_training_assignments_one_target")
        ),
        sa.ForeignKeyConstraint(["assigned_by"], ["people.id"], name=op.f("fk_training_assignments_assigned_by")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_training_assignments_course_id")),
        sa.ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            name=op.f("fk_training_assignments_organization_id_team_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_training_assignments_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_training_assignments_person_id")),
        sa.ForeignKeyConstraint(
            ["requirement_id"], ["training_requirements.id"], name=op.f("fk_training_assignments_requirement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_assignments")),
    )
    op.create_index(
        "ix_training_assignments_organization_id", "training_assignments", ["organization_id"], unique=False
    )
    op.create_table(
        "assessment_attempts",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_number", sa.BigInteger(), nullable=False),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("score", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("is_banked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("time_spent_minutes", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(score is null) = (passed is null)", name=op.f("ck_assessment_attempts_passed_when_scored")
        ),
        sa.CheckConstraint(
            "score is null or score between 0 and 100", name=op.f("ck_assessment_attempts_score_is_percent")
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["course_assessments.id"], name=op.f("fk_assessment_attempts_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["course_enrollments.id"], name=op.f("fk_assessment_attempts_enrollment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_attempts")),
        sa.UniqueConstraint(
            "enrollment_id",
            "assessment_id",
            "attempt_number",
            name=op.f("uq_assessment_attempts_enrollment_id_assessment_id_attempt_number"),
        ),
    )
    op.create_table(
        "assignment_recipients",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cancelled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["training_assignments.id"], name=op.f("fk_assignment_recipients_assignment_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_assignment_recipients_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_recipients")),
        sa.UniqueConstraint(
            "assignment_id", "person_id", name=op.f("uq_assignment_recipients_assignment_id_person_id")
        ),
    )
    op.create_index("ix_assignment_recipients_person_id", "assignment_recipients", ["person_id"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("certification_id", sa.Uuid(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("first_earned_on", sa.Date(), nullable=False),
        sa.Column("certificate_number", sa.Text(), nullable=True),
        sa.Column(
            "verification_status",
            sa.Enum(
                "unverified",
                "pending",
                "verified",
                "failed",
                name="verificationstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="unverified",
            nullable=False,
        ),
        sa.Column("verified_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "earned_through",
            sa.Enum(
                "sitesync_course",
                "external",
                "manual",
                name="earnedthrough",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("renews_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_from", sa.Date(), nullable=True),
        sa.Column("revocation_reason", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("is_public", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(revoked_at is null) = (revoked_from is null)", name=op.f("ck_certificates_revocation_complete")
        ),
        sa.CheckConstraint(
            "expires_on is null or expires_on >= issued_on", name=op.f("ck_certificates_expires_after_issue")
        ),
        sa.ForeignKeyConstraint(
            ["certification_id"], ["certification_registry.id"], name=op.f("fk_certificates_certification_id")
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["course_enrollments.id"], name=op.f("fk_certificates_enrollment_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_certificates_person_id")),
        sa.ForeignKeyConstraint(["renews_id"], ["certificates.id"], name=op.f("fk_certificates_renews_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
    )
    op.create_index("ix_certificates_certification_id", "certificates", ["certification_id"], unique=False)
    op.create_index("ix_certificates_enrollment_id", "certificates", ["enrollment_id"], unique=False)
    op.create_index(
        "ix_certificates_expires_on",
        "certificates",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text("revoked_at is null"),
    )
    op.create_index("ix_certificates_person_id", "certificates", ["person_id", "certification_id"], unique=False)
    op.create_index(
        "uq_certificates_renews_id",
        "certificates",
        ["renews_id"],
        unique=True,
        postgresql_where=sa.text("renews_id is not null"),
    )
    op.create_table(
        "module_completions",
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("module_id", sa.Uuid(), nullable=False),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("time_spent_minutes", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["course_enrollments.id"], name=op.f("fk_module_completions_enrollment_id")
        ),
        sa.ForeignKeyConstraint(["module_id"], ["course_modules.id"], name=op.f("fk_module_completions_module_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_module_completions")),
        sa.UniqueConstraint("enrollment_id", "module_id", name=op.f("uq_module_completions_enrollment_id_module_id")),
    )
    op.create_table(
        "training_exemptions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("requirement_id", sa.Uuid(), nullable=True),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_training_exemptions_ends_after_start")),
        sa.CheckConstraint("length(trim(reason)) > 0", name=op.f("ck_training_exemptions_reason_given")),
        sa.CheckConstraint(
            "num_nonnulls(requirement_id, recipient_id) = 1", name=op.f("ck_training_exemptions_one_subject")
        ),
        sa.ForeignKeyConstraint(["approver_id"], ["people.id"], name=op.f("fk_training_exemptions_approver_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_training_exemptions_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_training_exemptions_person_id")),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["assignment_recipients.id"], name=op.f("fk_training_exemptions_recipient_id")
        ),
        sa.ForeignKeyConstraint(
            ["requirement_id"], ["training_requirements.id"], name=op.f("fk_training_exemptions_requirement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_exemptions")),
    )
    op.create_index("ix_training_exemptions_organization_id", "training_exemptions", ["organization_id"], unique=False)
    op.create_index("ix_training_exemptions_person_id", "training_exemptions", ["person_id"], unique=False)
    for statement in ledger_guard.INSTALL:
        op.execute(statement)


def downgrade() -> None:
    for statement in ledger_guard.REMOVE_BEFORE_TABLES:
        op.execute(statement)
    op.drop_index("ix_training_exemptions_person_id", table_name="training_exemptions")
    op.drop_index("ix_training_exemptions_organization_id", table_name="training_exemptions")
    op.drop_table("training_exemptions")
    op.drop_table("module_completions")
    op.drop_index(
        "uq_certificates_renews_id", table_name="certificates", postgresql_where=sa.text("renews_id is not null")
    )
    op.drop_index("ix_certificates_person_id", table_name="certificates")
    op.drop_index(
        "ix_certificates_expires_on", table_name="certificates", postgresql_where=sa.text("revoked_at is null")
    )
    op.drop_index("ix_certificates_enrollment_id", table_name="certificates")
    op.drop_index("ix_certificates_certification_id", table_name="certificates")
    op.drop_table("certificates")
    op.drop_index("ix_assignment_recipients_person_id", table_name="assignment_recipients")
    op.drop_table("assignment_recipients")
    op.drop_table("assessment_attempts")
    op.drop_index("ix_training_assignments_organization_id", table_name="training_assignments")
    op.drop_table("training_assignments")
    op.drop_table("module_content")
    op.drop_index(
        "uq_course_enrollments_open",
        table_name="course_enrollments",
        postgresql_where=sa.text("status in ('enrolled', 'in_progress')"),
    )
    op.drop_index("ix_course_enrollments_organization_id", table_name="course_enrollments")
    op.drop_index("ix_course_enrollments_course_id", table_name="course_enrollments")
    op.drop_table("course_enrollments")
    op.drop_index("ix_course_assessments_course_id", table_name="course_assessments")
    op.drop_table("course_assessments")
    op.drop_index("ix_training_requirements_organization_id", table_name="training_requirements")
    op.drop_table("training_requirements")
    op.drop_table("learning_path_courses")
    op.drop_index("ix_daily_engagement_on_date", table_name="daily_engagement")
    op.drop_table("daily_engagement")
    op.drop_table("course_reviews")
    op.drop_table("course_modules")
    op.drop_table("auto_assignments")
    op.drop_index("uq_memberships_open", table_name="memberships", postgresql_where=sa.text("ended_on is null"))
    op.drop_index("ix_memberships_person_id", table_name="memberships")
    op.drop_index("ix_memberships_organization_id", table_name="memberships")
    op.drop_table("memberships")
    op.drop_index("ix_imported_records_record_id", table_name="imported_records")
    op.drop_index("ix_imported_records_created_by_batch_id", table_name="imported_records")
    op.drop_table("imported_records")
    op.drop_index("ix_import_changes_batch_id", table_name="import_changes")
    op.drop_table("import_changes")
    op.drop_index("ix_courses_search_vector", table_name="courses", postgresql_using="gin")
    op.drop_index("ix_courses_published", table_name="courses", postgresql_where=sa.text("status = 'published'"))
    op.drop_index("ix_courses_provider", table_name="courses")
    op.drop_index("ix_courses_category", table_name="courses")
    op.drop_table("courses")
    op.drop_table("teams")
    op.drop_index("ix_organization_content_organization_id", table_name="organization_content")
    op.drop_table("organization_content")
    op.drop_index(
        "uq_mentorships_open_pair",
        table_name="mentorships",
        postgresql_where=sa.text("status in ('pending', 'active')"),
    )
    op.drop_index("ix_mentorships_mentee_id", table_name="mentorships")
    op.drop_table("mentorships")
    op.drop_table("learning_paths")
    op.drop_table("import_batches")
    op.drop_table("certification_registry")
    op.drop_index(op.f("ix_api_tokens_person_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_table("stored_files")
    op.drop_table("people")
    op.drop_table("organizations")
    op.drop_table("ledger_pending")
    op.drop_index("uq_ledger_leaves_event_id", table_name="ledger_leaves")
    op.drop_table("ledger_leaves")
    op.drop_table("ledger_events")
    op.drop_table("ledger_checkpoints")
    for statement in ledger_guard.REMOVE_AFTER_TABLES:
        op.execute(statement)
