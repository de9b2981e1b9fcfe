"""Tracks, lessons, gates, notifications, and the tiles and signatures of the published log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from operational_db.migrations import ledger_guard

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_signatures",
        sa.Column("tree_size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("is_witness", sa.Boolean(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tree_size", "key_name", "key_id", name=op.f("pk_ledger_signatures")),
    )
    op.create_table(
        "ledger_tiles",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tile_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("root_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("octet_length(hashes) = 8192", name=op.f("ck_ledger_tiles_tile_is_full")),
        sa.PrimaryKeyConstraint("level", "tile_index", name=op.f("pk_ledger_tiles")),
    )
    op.create_table(
        "reminder_runs",
        sa.Column(
            "schedule",
            sa.Enum(
                "certificate_expiry",
                "scope_expiry",
                "assignment_due",
                name="reminderschedule",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("owed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("schedule", name=op.f("pk_reminder_runs")),
    )
    op.create_table(
        "access_grants",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("granted_on", sa.Date(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "removed_on is null or removed_on >= granted_on", name=op.f("ck_access_grants_removed_after_grant")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_access_grants_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_access_grants_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grants")),
    )
    op.create_index(
        "uq_access_grants_open",
        "access_grants",
        ["organization_id", "person_id", "action", "source"],
        unique=True,
        postgresql_where=sa.text("removed_on is null"),
    )
    op.create_table(
        "evidence_bundles",
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("bundle_scope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tree_size", sa.BigInteger(), nullable=False),
        sa.Column("record_count", sa.BigInteger(), nullable=False),
        sa.Column("manifest_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("exported_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_evidence_bundles_organization_id")
        ),
        sa.ForeignKeyConstraint(["requested_by"], ["people.id"], name=op.f("fk_evidence_bundles_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_bundles")),
    )
    op.create_table(
        "gate_waivers",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("approver_id <> person_id", name=op.f("ck_gate_waivers_approved_by_another")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_gate_waivers_ends_after_start")),
        sa.CheckConstraint("length(trim(reason)) > 0", name=op.f("ck_gate_waivers_reason_given")),
        sa.ForeignKeyConstraint(["approver_id"], ["people.id"], name=op.f("fk_gate_waivers_approver_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_gate_waivers_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_gate_waivers_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_waivers")),
    )
    op.create_index("ix_gate_waivers_person_id", "gate_waivers", ["person_id", "action"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("reported_by", sa.Uuid(), nullable=True),
        sa.Column("reported_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ended_at is null or ended_at >= started_at", name=op.f("ck_incidents_ends_after_start")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_incidents_organization_id")),
        sa.ForeignKeyConstraint(["reported_by"], ["people.id"], name=op.f("fk_incidents_reported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_organization_id", "incidents", ["organization_id"], unique=False)
    op.create_table(
        "near_misses",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "near_miss_kind",
            sa.Enum(
                "rollback",
                "alert_noise",
                "permission_denied",
                "failed_gate",
                name="nearmisskind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_near_misses_organization_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_near_misses_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_near_misses")),
        sa.UniqueConstraint("organization_id", "external_id", name=op.f("uq_near_misses_organization_id_external_id")),
    )
    op.create_index("ix_near_misses_person_id", "near_misses", ["person_id", "action", "occurred_at"], unique=False)
    op.create_table(
        "notification_preferences",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "in_app",
                "email",
                "push",
                "sms",
                name="notificationchannel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("channel <> 'in_app'", name=op.f("ck_notification_preferences_in_app_always")),
        sa.CheckConstraint(
            "not is_enabled or channel = 'email' or address is not null",
            name=op.f("ck_notification_preferences_address_given"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notification_preferences_person_id")),
        sa.PrimaryKeyConstraint("person_id", "channel", name=op.f("pk_notification_preferences")),
    )
    op.create_table(
        "notifications",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("sealed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("read_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notifications_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("person_id", "on_date", name=op.f("uq_notifications_person_id_on_date")),
    )
    op.create_table(
        "policies",
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("is_critical", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_policies_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policies")),
        sa.UniqueConstraint(
            "organization_id", "code", name=op.f("uq_policies_organization_id_code"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "runbooks",
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_runbooks_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runbooks")),
        sa.UniqueConstraint(
            "organization_id", "code", name=op.f("uq_runbooks_organization_id_code"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "scope_rules",
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "certified_at_level",
            sa.Enum(
                "enrolled",
                "completed",
                "proficient",
                "certified",
                name="proficiencylevel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="completed",
            nullable=False,
        ),
        sa.Column(
            "validity_basis",
            sa.Enum(
                "completion",
                "previous_expiry",
                "calendar_day",
                name="validitybasis",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="completion",
            nullable=False,
        ),
        sa.Column("validity_months", sa.BigInteger(), server_default=sa.text("12"), nullable=False),
        sa.Column("calendar_month", sa.BigInteger(), nullable=True),
        sa.Column("calendar_day", sa.BigInteger(), nullable=True),
        sa.Column("minimum_active_days", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("renewal_window_days", sa.BigInteger(), server_default=sa.text("90"), nullable=False),
        sa.Column("grace_days", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(validity_basis = 'calendar_day') = (calendar_month is not null and calendar_day is not null)",
            name=op.f("ck_scope_rules_calendar_day_given"),
        ),
        sa.CheckConstraint("validity_months > 0", name=op.f("ck_scope_rules_validity_positive")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_scope_rules_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scope_rules")),
        sa.UniqueConstraint(
            "organization_id",
            "scope",
            "version",
            name=op.f("uq_scope_rules_organization_id_scope_version"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "training_tracks",
        sa.Column("organization_id", sa.Uuid(), nullable=True),
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
            nullable=False,
        ),
        sa.Column(
            "tier",
            sa.Enum("core", "advanced", name="tracktier", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_training_tracks_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_tracks")),
        sa.UniqueConstraint(
            "organization_id",
            "persona",
            "tier",
            name=op.f("uq_training_tracks_organization_id_persona_tier"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "incident_people",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("involvement", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_people_incident_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_incident_people_person_id")),
        sa.PrimaryKeyConstraint("incident_id", "person_id", name=op.f("pk_incident_people")),
    )
    op.create_table(
        "notification_deliveries",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "in_app",
                "email",
                "push",
                "sms",
                name="notificationchannel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempt_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("next_attempt_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("claimed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("delivered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("given_up_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cancelled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("attempt_count >= 0", name=op.f("ck_notification_deliveries_attempts_not_negative")),
        sa.CheckConstraint(
            "num_nonnulls(delivered_at, given_up_at, cancelled_at) <= 1",
            name=op.f("ck_notification_deliveries_one_end"),
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["notification_deliveries.id"], name=op.f("fk_notification_deliveries_merged_into_id")
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("fk_notification_deliveries_notification_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notification_deliveries_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_deliveries")),
        sa.UniqueConstraint(
            "notification_id", "channel", name=op.f("uq_notification_deliveries_notification_id_channel")
        ),
    )
    op.create_index(
        "ix_notification_deliveries_open",
        "notification_deliveries",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("delivered_at is null and given_up_at is null and cancelled_at is null"),
    )
    op.create_index(
        "ix_notification_deliveries_person_id", "notification_deliveries", ["person_id", "channel"], unique=False
    )
    op.create_table(
        "notification_items",
        sa.Column("notification_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "schedule",
            sa.Enum(
                "certificate_expiry",
                "scope_expiry",
                "assignment_due",
                name="reminderschedule",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("action_path", sa.Text(), nullable=False),
        sa.Column("owed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sent_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("resolved_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name=op.f("fk_notification_items_notification_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_notification_items_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notification_items_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_items")),
    )
    op.create_index(
        op.f("ix_notification_items_notification_id"), "notification_items", ["notification_id"], unique=False
    )
    op.create_index(
        "ix_notification_items_open",
        "notification_items",
        ["schedule", "subject_id"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_index(
        "uq_notification_items_told",
        "notification_items",
        ["person_id", "schedule", "subject_id", "due_on", "step"],
        unique=True,
        postgresql_where=sa.text("resolved_at is null or sent_at is not null"),
    )
    op.create_table(
        "policy_versions",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("changes_scope", sa.Boolean(), nullable=False),
        sa.Column("changes_controls", sa.Boolean(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name=op.f("fk_policy_versions_policy_id")),
        sa.ForeignKeyConstraint(["published_by"], ["people.id"], name=op.f("fk_policy_versions_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_versions")),
        sa.UniqueConstraint("policy_id", "version", name=op.f("uq_policy_versions_policy_id_version")),
    )
    op.create_table(
        "lessons",
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "lesson_type",
            sa.Enum(
                "course",
                "micro_lesson",
                "walkthrough",
                "quiz",
                "simulation",
                name="lessontype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("course_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(lesson_type = 'course') = (course_id is not null)", name=op.f("ck_lessons_course_named")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_lessons_course_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_lessons_organization_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_lessons_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lessons")),
        sa.UniqueConstraint(
            "organization_id", "code", name=op.f("uq_lessons_organization_id_code"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "gate_rules",
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("dry_run", "enforce", name="gatemode", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("requirements", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=True),
        sa.Column("runbook_id", sa.Uuid(), nullable=True),
        sa.Column("lesson_id", sa.Uuid(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_gate_rules_version_positive")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_gate_rules_created_by")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_gate_rules_lesson_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_gate_rules_organization_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name=op.f("fk_gate_rules_policy_id")),
        sa.ForeignKeyConstraint(["runbook_id"], ["runbooks.id"], name=op.f("fk_gate_rules_runbook_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_rules")),
        sa.UniqueConstraint(
            "organization_id",
            "action",
            "version",
            name=op.f("uq_gate_rules_organization_id_action_version"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "lesson_assignments",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("lesson_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("assigned_by", sa.Uuid(), nullable=True),
        sa.Column("assigned_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("cancelled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["assigned_by"], ["people.id"], name=op.f("fk_lesson_assignments_assigned_by")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_assignments_lesson_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_lesson_assignments_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_lesson_assignments_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_assignments")),
    )
    op.create_index("ix_lesson_assignments_organization_id", "lesson_assignments", ["organization_id"], unique=False)
    op.create_index("ix_lesson_assignments_person_id", "lesson_assignments", ["person_id", "lesson_id"], unique=False)
    op.create_table(
        "lesson_versions",
        sa.Column("lesson_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "in_review",
                "published",
                "superseded",
                "retired",
                name="lessonstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="draft",
            nullable=False,
        ),
        sa.Column("objective", sa.Text(), server_default="", nullable=False),
        sa.Column("duration_minutes", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("pass_threshold", sa.BigInteger(), server_default=sa.text("80"), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scope_tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("locales", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{en}'"), nullable=False),
        sa.Column("expected_outcomes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("telemetry_hooks", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("refresh_months", sa.BigInteger(), server_default=sa.text("12"), nullable=False),
        sa.Column("rollout_plan", sa.Text(), server_default="", nullable=False),
        sa.Column("fallback", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("published_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("published_by", sa.Uuid(), nullable=True),
        sa.Column("refresh_due_on", sa.Date(), nullable=True),
        sa.Column("recertify_from", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("duration_minutes > 0", name=op.f("ck_lesson_versions_duration_positive")),
        sa.CheckConstraint("pass_threshold between 0 and 100", name=op.f("ck_lesson_versions_threshold_is_percent")),
        sa.CheckConstraint("refresh_months > 0", name=op.f("ck_lesson_versions_refresh_positive")),
        sa.ForeignKeyConstraint(["created_by"], ["people.id"], name=op.f("fk_lesson_versions_created_by")),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_versions_lesson_id")),
        sa.ForeignKeyConstraint(["published_by"], ["people.id"], name=op.f("fk_lesson_versions_published_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_versions")),
        sa.UniqueConstraint("lesson_id", "version", name=op.f("uq_lesson_versions_lesson_id_version")),
    )
    op.create_index(
        "ix_lesson_versions_scope_tags", "lesson_versions", ["scope_tags"], unique=False, postgresql_using="gin"
    )
    op.create_index(
        "uq_lesson_versions_published",
        "lesson_versions",
        ["lesson_id"],
        unique=True,
        postgresql_where=sa.text("status = 'published'"),
    )
    op.create_table(
        "protected_features",
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("example", sa.Text(), server_default="", nullable=False),
        sa.Column("tip_bullets", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("runbook_id", sa.Uuid(), nullable=False),
        sa.Column("lesson_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cardinality(tip_bullets) between 2 and 3", name=op.f("ck_protected_features_two_or_three_bullets")
        ),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_protected_features_lesson_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_protected_features_organization_id")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name=op.f("fk_protected_features_policy_id")),
        sa.ForeignKeyConstraint(["runbook_id"], ["runbooks.id"], name=op.f("fk_protected_features_runbook_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protected_features")),
        sa.UniqueConstraint(
            "organization_id",
            "action",
            name=op.f("uq_protected_features_organization_id_action"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "reinforcements",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("lesson_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "scheduler_state", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("offered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("finished_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("is_passed", sa.Boolean(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_reinforcements_lesson_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_reinforcements_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_reinforcements_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reinforcements")),
    )
    op.create_index(
        "uq_reinforcements_open",
        "reinforcements",
        ["person_id", "organization_id", "lesson_id"],
        unique=True,
        postgresql_where=sa.text("finished_at is null"),
    )
    op.create_table(
        "track_lessons",
        sa.Column("track_id", sa.Uuid(), nullable=False),
        sa.Column("lesson_id", sa.Uuid(), nullable=False),
        sa.Column("order_index", sa.BigInteger(), nullable=False),
        sa.Column("is_required", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_track_lessons_lesson_id")),
        sa.ForeignKeyConstraint(["track_id"], ["training_tracks.id"], name=op.f("fk_track_lessons_track_id")),
        sa.PrimaryKeyConstraint("track_id", "lesson_id", name=op.f("pk_track_lessons")),
        sa.UniqueConstraint("track_id", "order_index", name=op.f("uq_track_lessons_track_id_order_index")),
    )
    op.create_table(
        "lesson_attempts",
        sa.Column("lesson_version_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column(
            "trigger",
            sa.Enum(
                "browse",
                "assignment",
                "gate",
                "tip",
                "reinforcement",
                "runbook",
                "reminder",
                name="lessontrigger",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempt_number", sa.BigInteger(), nullable=False),
        sa.Column("question_ids", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("score", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("is_passed", sa.Boolean(), nullable=True),
        sa.Column("seconds_taken", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(submitted_at is null) = (score is null)", name=op.f("ck_lesson_attempts_graded_when_submitted")
        ),
        sa.CheckConstraint("score between 0 and 100", name=op.f("ck_lesson_attempts_score_is_percent")),
        sa.ForeignKeyConstraint(
            ["lesson_version_id"], ["lesson_versions.id"], name=op.f("fk_lesson_attempts_lesson_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_lesson_attempts_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_lesson_attempts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_attempts")),
    )
    op.create_index("ix_lesson_attempts_person_id", "lesson_attempts", ["person_id", "lesson_version_id"], unique=False)
    op.create_index(
        "uq_lesson_attempts_open",
        "lesson_attempts",
        ["person_id", "lesson_version_id"],
        unique=True,
        postgresql_where=sa.text("submitted_at is null"),
    )
    op.create_table(
        "lesson_policies",
        sa.Column("lesson_version_id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_version_id"], ["lesson_versions.id"], name=op.f("fk_lesson_policies_lesson_version_id")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name=op.f("fk_lesson_policies_policy_id")),
        sa.PrimaryKeyConstraint("lesson_version_id", "policy_id", name=op.f("pk_lesson_policies")),
    )
    op.create_table(
        "lesson_release_checks",
        sa.Column("lesson_version_id", sa.Uuid(), nullable=False),
        sa.Column(
            "release_check",
            sa.Enum(
                "links",
                "dry_run",
                "evidence_export",
                name="releasecheck",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("evidence_id", sa.Uuid(), nullable=True),
        sa.Column("targets", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_version_id"], ["lesson_versions.id"], name=op.f("fk_lesson_release_checks_lesson_version_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["people.id"], name=op.f("fk_lesson_release_checks_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_release_checks")),
    )
    op.create_index(
        "ix_lesson_release_checks_lesson_version_id", "lesson_release_checks", ["lesson_version_id"], unique=False
    )
    op.create_table(
        "lesson_reviews",
        sa.Column("lesson_version_id", sa.Uuid(), nullable=False),
        sa.Column(
            "area",
            sa.Enum(
                "security_compliance",
                "ux",
                "localization",
                name="reviewarea",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "publication",
                "policy_change",
                "refresh",
                name="reviewreason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("policy_version_id", sa.Uuid(), nullable=True),
        sa.Column("requested_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "approved",
                "changes_requested",
                name="reviewoutcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("reviewer_id", sa.Uuid(), nullable=True),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(outcome is null) = (decided_at is null)", name=op.f("ck_lesson_reviews_decision_complete")
        ),
        sa.ForeignKeyConstraint(
            ["lesson_version_id"], ["lesson_versions.id"], name=op.f("fk_lesson_reviews_lesson_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["policy_version_id"], ["policy_versions.id"], name=op.f("fk_lesson_reviews_policy_version_id")
        ),
        sa.ForeignKeyConstraint(["reviewer_id"], ["people.id"], name=op.f("fk_lesson_reviews_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_reviews")),
    )
    op.create_index("ix_lesson_reviews_lesson_version_id", "lesson_reviews", ["lesson_version_id"], unique=False)
    op.create_table(
        "lesson_runbooks",
        sa.Column("lesson_version_id", sa.Uuid(), nullable=False),
        sa.Column("runbook_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["lesson_version_id"], ["lesson_versions.id"], name=op.f("fk_lesson_runbooks_lesson_version_id")
        ),
        sa.ForeignKeyConstraint(["runbook_id"], ["runbooks.id"], name=op.f("fk_lesson_runbooks_runbook_id")),
        sa.PrimaryKeyConstraint("lesson_version_id", "runbook_id", name=op.f("pk_lesson_runbooks")),
    )
    op.create_table(
        "tip_dismissals",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("feature_id", sa.Uuid(), nullable=False),
        sa.Column("dismissed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["feature_id"], ["protected_features.id"], name=op.f("fk_tip_dismissals_feature_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_tip_dismissals_person_id")),
        sa.PrimaryKeyConstraint("person_id", "feature_id", name=op.f("pk_tip_dismissals")),
    )
    op.create_table(
        "proficiency_evidence",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("track_id", sa.Uuid(), nullable=True),
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
        sa.Column(
            "level",
            sa.Enum(
                "enrolled",
                "completed",
                "proficient",
                "certified",
                name="proficiencylevel",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("lesson_id", sa.Uuid(), nullable=True),
        sa.Column("lesson_version", sa.Text(), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("attempt_number", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("achieved_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_from", sa.Date(), nullable=True),
        sa.Column("revocation_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(revoked_at is null) = (revoked_from is null)", name=op.f("ck_proficiency_evidence_revocation_complete")
        ),
        sa.CheckConstraint("num_nonnulls(scope, track_id) = 1", name=op.f("ck_proficiency_evidence_scope_or_track")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["lesson_attempts.id"], name=op.f("fk_proficiency_evidence_attempt_id")
        ),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_proficiency_evidence_lesson_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_proficiency_evidence_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_proficiency_evidence_person_id")),
        sa.ForeignKeyConstraint(["track_id"], ["training_tracks.id"], name=op.f("fk_proficiency_evidence_track_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proficiency_evidence")),
    )
    op.create_index(
        "ix_proficiency_evidence_expires_on",
        "proficiency_evidence",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text("expires_on is not null"),
    )
    op.create_index(
        "ix_proficiency_evidence_scope",
        "proficiency_evidence",
        ["person_id", "scope"],
        unique=False,
        postgresql_where=sa.text("scope is not null"),
    )
    op.create_index(
        "ix_proficiency_evidence_track",
        "proficiency_evidence",
        ["person_id", "track_id"],
        unique=False,
        postgresql_where=sa.text("track_id is not null"),
    )
    op.create_index(
        "ix_ledger_events_gates",
        "ledger_events",
        ["kind", "occurred_at"],
        unique=False,
        postgresql_where=sa.text("kind in ('gate.decided', 'gate.rule_set')"),
    )
    for statement in ledger_guard.INSTALL_PUBLISHED:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index(
        "ix_ledger_events_gates",
        table_name="ledger_events",
        postgresql_where=sa.text("kind in ('gate.decided', 'gate.rule_set')"),
    )
    op.drop_index(
        "ix_proficiency_evidence_track",
        table_name="proficiency_evidence",
        postgresql_where=sa.text("track_id is not null"),
    )
    op.drop_index(
        "ix_proficiency_evidence_scope",
        table_name="proficiency_evidence",
        postgresql_where=sa.text("scope is not null"),
    )
    op.drop_index(
        "ix_proficiency_evidence_expires_on",
        table_name="proficiency_evidence",
        postgresql_where=sa.text("expires_on is not null"),
    )
    op.drop_table("proficiency_evidence")
    op.drop_table("tip_dismissals")
    op.drop_table("lesson_runbooks")
    op.drop_index("ix_lesson_reviews_lesson_version_id", table_name="lesson_reviews")
    op.drop_table("lesson_reviews")
    op.drop_index("ix_lesson_release_checks_lesson_version_id", table_name="lesson_release_checks")
    op.drop_table("lesson_release_checks")
    op.drop_table("lesson_policies")
    op.drop_index(
        "uq_lesson_attempts_open", table_name="lesson_attempts", postgresql_where=sa.text("submitted_at is null")
    )
    op.drop_index("ix_lesson_attempts_person_id", table_name="lesson_attempts")
    op.drop_table("lesson_attempts")
    op.drop_table("track_lessons")
    op.drop_index(
        "uq_reinforcements_open", table_name="reinforcements", postgresql_where=sa.text("finished_at is null")
    )
    op.drop_table("reinforcements")
    op.drop_table("protected_features")
    op.drop_index(
        "uq_lesson_versions_published", table_name="lesson_versions", postgresql_where=sa.text("status = 'published'")
    )
    op.drop_index("ix_lesson_versions_scope_tags", table_name="lesson_versions", postgresql_using="gin")
    op.drop_table("lesson_versions")
    op.drop_index("ix_lesson_assignments_person_id", table_name="lesson_assignments")
    op.drop_index("ix_lesson_assignments_organization_id", table_name="lesson_assignments")
    op.drop_table("lesson_assignments")
    op.drop_table("gate_rules")
    op.drop_table("lessons")
    op.drop_table("policy_versions")
    op.drop_index(
        "uq_notification_items_told",
        table_name="notification_items",
        postgresql_where=sa.text("resolved_at is null or sent_at is not null"),
    )
    op.drop_index(
        "ix_notification_items_open", table_name="notification_items", postgresql_where=sa.text("resolved_at is null")
    )
    op.drop_index(op.f("ix_notification_items_notification_id"), table_name="notification_items")
    op.drop_table("notification_items")
    op.drop_index("ix_notification_deliveries_person_id", table_name="notification_deliveries")
    op.drop_index(
        "ix_notification_deliveries_open",
        table_name="notification_deliveries",
        postgresql_where=sa.text("delivered_at is null and given_up_at is null and cancelled_at is null"),
    )
    op.drop_table("notification_deliveries")
    op.drop_table("incident_people")
    op.drop_table("training_tracks")
    op.drop_table("scope_rules")
    op.drop_table("runbooks")
    op.drop_table("policies")
    op.drop_table("notifications")
    op.drop_table("notification_preferences")
    op.drop_index("ix_near_misses_person_id", table_name="near_misses")
    op.drop_table("near_misses")
    op.drop_index("ix_incidents_organization_id", table_name="incidents")
    op.drop_table("incidents")
    op.drop_index("ix_gate_waivers_person_id", table_name="gate_waivers")
    op.drop_table("gate_waivers")
    op.drop_table("evidence_bundles")
    op.drop_index("uq_access_grants_open", table_name="access_grants", postgresql_where=sa.text("removed_on is null"))
    op.drop_table("access_grants")
    op.drop_table("reminder_runs")
    op.drop_table("ledger_tiles")
    op.drop_table("ledger_signatures")
