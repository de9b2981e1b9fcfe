"""Documents, verification, credits, renewals, registers, badges, buildings, contracts, visits and crew rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SCHEDULES = ("certificate_expiry", "scope_expiry", "assignment_due")


def _set_schedules(schedules: tuple[str, ...]) -> None:
    """Autogeneration does not look at the values of a text column's check."""
    for table in ("notification_items", "reminder_runs"):
        op.drop_constraint(op.f(f"ck_{table}_reminderschedule"), table)
        op.create_check_constraint(op.f(f"ck_{table}_reminderschedule"), table, sa.column("schedule").in_(schedules))


def upgrade() -> None:
    op.create_table(
        "manufacturers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_maker", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manufacturers")),
        sa.UniqueConstraint("name", name=op.f("uq_manufacturers_name")),
    )
    op.create_table(
        "status_lists",
        sa.Column("list_number", sa.BigInteger(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), server_default=sa.text("131072"), nullable=False),
        sa.Column("next_index", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("credential", sa.Text(), nullable=True),
        sa.Column("credential_jwt", sa.Text(), nullable=True),
        sa.Column("built_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("next_index between 0 and capacity", name=op.f("ck_status_lists_index_within_capacity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_lists")),
        sa.UniqueConstraint("list_number", name=op.f("uq_status_lists_list_number")),
    )
    op.create_table(
        "buildings",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("register_id", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(latitude is null) = (longitude is null)", name=op.f("ck_buildings_coordinates_complete")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_buildings_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buildings")),
    )
    op.create_index("ix_buildings_organization_id", "buildings", ["organization_id"], unique=False)
    op.create_index("uq_buildings_register_id", "buildings", ["organization_id", "register_id"], unique=True)
    op.create_table(
        "crew_rules",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column(
            "target",
            sa.Enum(
                "owner",
                "building",
                "equipment_type",
                "manufacturer",
                "model",
                "unit",
                name="crewruletarget",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("target_key", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("dry_run", "enforce", name="gatemode", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("requirement", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("set_by_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_crew_rules_version_positive")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_crew_rules_organization_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["people.id"], name=op.f("fk_crew_rules_set_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crew_rules")),
        sa.UniqueConstraint(
            "organization_id",
            "target",
            "target_key",
            "version",
            name=op.f("uq_crew_rules_organization_id_target_target_key_version"),
        ),
    )
    op.create_table(
        "documents",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("uploaded_by_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("removed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(file_id is null) = (removed_at is not null)", name=op.f("ck_documents_file_until_removed")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["stored_files.id"], name=op.f("fk_documents_file_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_documents_person_id")),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["people.id"], name=op.f("fk_documents_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index(op.f("ix_documents_file_id"), "documents", ["file_id"], unique=False)
    op.create_index("ix_documents_person_id", "documents", ["person_id"], unique=False)
    op.create_table(
        "manufacturer_aliases",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("manufacturer_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["manufacturer_id"], ["manufacturers.id"], name=op.f("fk_manufacturer_aliases_manufacturer_id")
        ),
        sa.PrimaryKeyConstraint("alias", name=op.f("pk_manufacturer_aliases")),
    )
    op.create_index(
        op.f("ix_manufacturer_aliases_manufacturer_id"), "manufacturer_aliases", ["manufacturer_id"], unique=False
    )
    op.create_table(
        "equipment",
        sa.Column("building_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "equipment_type",
            sa.Enum(
                "passenger_elevator",
                "freight_elevator",
                "private_elevator",
                "public_elevator",
                "escalator",
                "dumbwaiter",
                "sidewalk_lift",
                "accessibility_lift",
                "manlift",
                "hvac_unit",
                "electrical_installation",
                name="equipmenttype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("manufacturer_id", sa.Uuid(), nullable=True),
        sa.Column("manufacturer_text", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("register_id", sa.Text(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "dismantled",
                "out_of_jurisdiction",
                "work_in_progress",
                "housing_authority",
                name="equipmentstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="active",
            nullable=False,
        ),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("inspected_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["building_id"], ["buildings.id"], name=op.f("fk_equipment_building_id")),
        sa.ForeignKeyConstraint(["manufacturer_id"], ["manufacturers.id"], name=op.f("fk_equipment_manufacturer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment")),
    )
    op.create_index("ix_equipment_building_id", "equipment", ["building_id"], unique=False)
    op.create_index("ix_equipment_manufacturer_id", "equipment", ["manufacturer_id"], unique=False)
    op.create_index("uq_equipment_register_id", "equipment", ["building_id", "register_id"], unique=True)
    op.create_table(
        "learning_path_certifications",
        sa.Column("path_id", sa.Uuid(), nullable=False),
        sa.Column("certification_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certification_id"],
            ["certification_registry.id"],
            name=op.f("fk_learning_path_certifications_certification_id"),
        ),
        sa.ForeignKeyConstraint(
            ["path_id"], ["learning_paths.id"], name=op.f("fk_learning_path_certifications_path_id")
        ),
        sa.PrimaryKeyConstraint("path_id", "certification_id", name=op.f("pk_learning_path_certifications")),
    )
    op.create_table(
        "register_entries",
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("certification_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("claimed_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "standing",
            sa.Enum(
                "clear",
                "suspended",
                "revoked",
                "contradictory",
                "missing",
                name="registerstanding",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("status_text", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("changed_on", sa.Date(), nullable=True),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["certification_id"], ["certification_registry.id"], name=op.f("fk_register_entries_certification_id")
        ),
        sa.ForeignKeyConstraint(["claimed_by_id"], ["people.id"], name=op.f("fk_register_entries_claimed_by_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_register_entries_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entries")),
    )
    op.create_index("ix_register_entries_claimed_by_id", "register_entries", ["claimed_by_id"], unique=False)
    op.create_index("uq_register_entries_external_id", "register_entries", ["register", "external_id"], unique=True)
    op.create_table(
        "service_contracts",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("contractor_id", sa.Uuid(), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("proposed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("accepted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("declined_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("withdrawn_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "ended_on is null or ended_on >= started_on", name=op.f("ck_service_contracts_ends_after_start")
        ),
        sa.CheckConstraint(
            "num_nonnulls(accepted_at, declined_at, withdrawn_at) <= 1", name=op.f("ck_service_contracts_one_answer")
        ),
        sa.CheckConstraint("owner_id <> contractor_id", name=op.f("ck_service_contracts_two_organizations")),
        sa.ForeignKeyConstraint(["building_id"], ["buildings.id"], name=op.f("fk_service_contracts_building_id")),
        sa.ForeignKeyConstraint(
            ["contractor_id"], ["organizations.id"], name=op.f("fk_service_contracts_contractor_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["organizations.id"], name=op.f("fk_service_contracts_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_contracts")),
    )
    op.create_index("ix_service_contracts_contractor_id", "service_contracts", ["contractor_id"], unique=False)
    op.create_index(
        "uq_service_contracts_open",
        "service_contracts",
        ["owner_id", "contractor_id", "building_id"],
        unique=True,
        postgresql_where=sa.text("ended_on is null and declined_at is null and withdrawn_at is null"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "track_certifications",
        sa.Column("track_id", sa.Uuid(), nullable=False),
        sa.Column("certification_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certification_id"], ["certification_registry.id"], name=op.f("fk_track_certifications_certification_id")
        ),
        sa.ForeignKeyConstraint(["track_id"], ["training_tracks.id"], name=op.f("fk_track_certifications_track_id")),
        sa.PrimaryKeyConstraint("track_id", "certification_id", name=op.f("pk_track_certifications")),
    )
    op.create_table(
        "register_claims",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("claimed_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("is_approved", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(decided_at is null) = (is_approved is null)", name=op.f("ck_register_claims_decision_complete")
        ),
        sa.ForeignKeyConstraint(["claimed_by_id"], ["people.id"], name=op.f("fk_register_claims_claimed_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_register_claims_decided_by_id")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_register_claims_document_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entries.id"], name=op.f("fk_register_claims_entry_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_register_claims_organization_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_register_claims_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_claims")),
    )
    op.create_index(
        "uq_register_claims_open",
        "register_claims",
        ["entry_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("decided_at is null"),
    )
    op.create_table(
        "visits",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("building_id", sa.Uuid(), nullable=False),
        sa.Column("equipment_id", sa.Uuid(), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned", "done", "cancelled", name="visitstatus", native_enum=False, create_constraint=True, length=40
            ),
            server_default="planned",
            nullable=False,
        ),
        sa.Column("purpose", sa.Text(), server_default="", nullable=False),
        sa.Column("settled_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["building_id"], ["buildings.id"], name=op.f("fk_visits_building_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["service_contracts.id"], name=op.f("fk_visits_contract_id")),
        sa.ForeignKeyConstraint(["equipment_id"], ["equipment.id"], name=op.f("fk_visits_equipment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_building_id", "visits", ["building_id", "planned_on"], unique=False)
    op.create_index("ix_visits_contract_id", "visits", ["contract_id"], unique=False)
    op.create_index(
        "ix_visits_planned", "visits", ["planned_on"], unique=False, postgresql_where=sa.text("status = 'planned'")
    )
    op.create_table(
        "visit_alerts",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_alerts_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_alerts")),
    )
    op.create_index("ix_visit_alerts_visit_id", "visit_alerts", ["visit_id"], unique=False)
    op.create_index(
        "uq_visit_alerts_open", "visit_alerts", ["visit_id"], unique=True, postgresql_where=sa.text("closed_at is null")
    )
    op.create_table(
        "visit_people",
        sa.Column("visit_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_visit_people_person_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_people_visit_id")),
        sa.PrimaryKeyConstraint("visit_id", "person_id", name=op.f("pk_visit_people")),
    )
    op.create_table(
        "badges",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("status_list_id", sa.Uuid(), nullable=False),
        sa.Column("status_index", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("issued_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("credential_jwt", sa.Text(), nullable=False),
        sa.Column("shows_name", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_badges_certificate_id")),
        sa.ForeignKeyConstraint(["status_list_id"], ["status_lists.id"], name=op.f("fk_badges_status_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_badges")),
        sa.UniqueConstraint("certificate_id", name=op.f("uq_badges_certificate_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_badges_public_id")),
        sa.UniqueConstraint("status_list_id", "status_index", name=op.f("uq_badges_status_list_id_status_index")),
    )
    op.create_table(
        "ce_credits",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("certification_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("credits", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column(
            "activity_type",
            sa.Enum(
                "course",
                "webinar",
                "conference",
                "other",
                name="ceactivitytype",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("activity_description", sa.Text(), server_default="", nullable=False),
        sa.Column("activity_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("credits > 0", name=op.f("ck_ce_credits_credits_positive")),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_ce_credits_certificate_id")),
        sa.ForeignKeyConstraint(
            ["certification_id"], ["certification_registry.id"], name=op.f("fk_ce_credits_certification_id")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_ce_credits_document_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_ce_credits_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ce_credits")),
    )
    op.create_index("ix_ce_credits_person_id", "ce_credits", ["person_id", "certification_id"], unique=False)
    op.create_index(
        "uq_ce_credits_activity",
        "ce_credits",
        ["person_id", "certification_id", "activity_id"],
        unique=True,
        postgresql_where=sa.text("activity_id is not null and withdrawn_at is null"),
    )
    op.create_index(
        "uq_ce_credits_described",
        "ce_credits",
        ["person_id", "certification_id", "activity_on", sa.literal_column("lower(activity_description)")],
        unique=True,
        postgresql_where=sa.text("activity_id is null and withdrawn_at is null"),
    )
    op.create_table(
        "certificate_renewals",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("renewed_by_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name=op.f("fk_certificate_renewals_certificate_id")
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["people.id"], name=op.f("fk_certificate_renewals_opened_by_id")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_certificate_renewals_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["renewed_by_id"], ["certificates.id"], name=op.f("fk_certificate_renewals_renewed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_renewals")),
    )
    op.create_index(
        "uq_certificate_renewals_open",
        "certificate_renewals",
        ["certificate_id"],
        unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_table(
        "verification_cases",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("requested_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("is_approved", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(decided_at is null) = (is_approved is null)", name=op.f("ck_verification_cases_decision_complete")
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificates.id"], name=op.f("fk_verification_cases_certificate_id")
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["people.id"], name=op.f("fk_verification_cases_decided_by_id")),
        sa.ForeignKeyConstraint(["document_id"], ["documents.id"], name=op.f("fk_verification_cases_document_id")),
        sa.ForeignKeyConstraint(["requested_by_id"], ["people.id"], name=op.f("fk_verification_cases_requested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_cases")),
    )
    op.create_index(
        "uq_verification_cases_open",
        "verification_cases",
        ["certificate_id"],
        unique=True,
        postgresql_where=sa.text("decided_at is null"),
    )
    op.add_column("certificates", sa.Column("verified_by_id", sa.Uuid(), nullable=True))
    op.add_column("certificates", sa.Column("document_id", sa.Uuid(), nullable=True))
    op.add_column("certificates", sa.Column("corrects_id", sa.Uuid(), nullable=True))
    op.add_column("certificates", sa.Column("register_entry_id", sa.Uuid(), nullable=True))
    op.add_column("certificates", sa.Column("path_id", sa.Uuid(), nullable=True))
    op.add_column("certificates", sa.Column("track_id", sa.Uuid(), nullable=True))
    op.drop_index(
        op.f("uq_certificates_renews_id"), table_name="certificates", postgresql_where="(renews_id IS NOT NULL)"
    )
    op.create_index(
        "ix_certificates_certificate_number",
        "certificates",
        ["certificate_number"],
        unique=False,
        postgresql_where=sa.text("certificate_number is not null"),
    )
    op.create_index(
        "ix_certificates_not_counting",
        "certificates",
        ["id"],
        unique=False,
        postgresql_where=sa.text(
            "revoked_at is not null or withdrawn_at is not null or verification_status <> 'verified'"
        ),
    )
    op.create_index(op.f("ix_certificates_register_entry_id"), "certificates", ["register_entry_id"], unique=False)
    op.create_index("ix_certificates_renews_id", "certificates", ["renews_id"], unique=False)
    op.create_unique_constraint(op.f("uq_certificates_corrects_id"), "certificates", ["corrects_id"])
    op.create_index(
        "uq_certificates_proven_renewal",
        "certificates",
        ["renews_id"],
        unique=True,
        postgresql_where=sa.text(
            "renews_id is not null and withdrawn_at is null and revoked_at is null and verification_status = 'verified'"
        ),
    )
    op.create_foreign_key(op.f("fk_certificates_document_id"), "certificates", "documents", ["document_id"], ["id"])
    op.create_foreign_key(op.f("fk_certificates_path_id"), "certificates", "learning_paths", ["path_id"], ["id"])
    op.create_foreign_key(op.f("fk_certificates_track_id"), "certificates", "training_tracks", ["track_id"], ["id"])
    op.create_foreign_key(
        op.f("fk_certificates_register_entry_id"), "certificates", "register_entries", ["register_entry_id"], ["id"]
    )
    op.create_foreign_key(op.f("fk_certificates_verified_by_id"), "certificates", "people", ["verified_by_id"], ["id"])
    op.create_foreign_key(op.f("fk_certificates_corrects_id"), "certificates", "certificates", ["corrects_id"], ["id"])
    op.add_column("certification_registry", sa.Column("verification_api_endpoint", sa.Text(), nullable=True))
    op.add_column(
        "certification_registry",
        sa.Column(
            "ce_credits_required", sa.Numeric(precision=10, scale=2), server_default=sa.text("0"), nullable=False
        ),
    )
    op.add_column(
        "certification_registry",
        sa.Column(
            "ce_carry_over_limit", sa.Numeric(precision=10, scale=2), server_default=sa.text("0"), nullable=False
        ),
    )
    op.add_column("certification_registry", sa.Column("ce_carry_over_months", sa.BigInteger(), nullable=True))
    op.add_column(
        "certification_registry",
        sa.Column("renewal_window_days", sa.BigInteger(), server_default=sa.text("90"), nullable=False),
    )
    op.create_index(
        "ix_ledger_events_certificates",
        "ledger_events",
        ["subject_id"],
        unique=False,
        postgresql_where=sa.text("kind in ('certificate.issued', 'certificate.renewed')"),
    )
    op.create_index(
        "ix_ledger_events_crews",
        "ledger_events",
        ["kind", "occurred_at"],
        unique=False,
        postgresql_where=sa.text("kind in ('crew.decided', 'crew.rule_set')"),
    )
    op.drop_index(
        op.f("ix_notification_items_open"), table_name="notification_items", postgresql_where="(resolved_at IS NULL)"
    )
    op.create_index(
        "ix_notification_items_open",
        "notification_items",
        ["schedule", "due_on"],
        unique=False,
        postgresql_include=["subject_id", "person_id", "id"],
        postgresql_where=sa.text("resolved_at is null and notification_id is not null"),
    )
    op.create_index(
        "ix_notification_items_told",
        "notification_items",
        ["schedule", "due_on"],
        unique=False,
        postgresql_include=["person_id", "subject_id", "step"],
        postgresql_where=sa.text("resolved_at is null or sent_at is not null"),
    )
    op.create_index(
        "ix_notification_items_waiting",
        "notification_items",
        ["schedule", "due_on"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null and sent_at is null and notification_id is not null"),
    )
    op.add_column("stored_files", sa.Column("unused_since", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.create_index(
        "ix_stored_files_unused_since",
        "stored_files",
        ["unused_since"],
        unique=False,
        postgresql_where=sa.text("unused_since is not null"),
    )
    op.create_check_constraint(
        op.f("ck_certification_registry_credits_not_negative"),
        "certification_registry",
        "ce_credits_required >= 0 and ce_carry_over_limit >= 0",
    )
    _set_schedules((*_SCHEDULES, "employer_copy", "visit_unqualified"))


def downgrade() -> None:
    op.execute("delete from notification_items where schedule in ('employer_copy', 'visit_unqualified')")
    op.execute("delete from reminder_runs where schedule in ('employer_copy', 'visit_unqualified')")
    _set_schedules(_SCHEDULES)
    op.drop_constraint(op.f("ck_certification_registry_credits_not_negative"), "certification_registry")
    op.drop_index(
        "ix_stored_files_unused_since", table_name="stored_files", postgresql_where=sa.text("unused_since is not null")
    )
    op.drop_column("stored_files", "unused_since")
    op.drop_index(
        "ix_notification_items_waiting",
        table_name="notification_items",
        postgresql_where=sa.text("resolved_at is null and sent_at is null and notification_id is not null"),
    )
    op.drop_index(
        "ix_notification_items_told",
        table_name="notification_items",
        postgresql_include=["person_id", "subject_id", "step"],
        postgresql_where=sa.text("resolved_at is null or sent_at is not null"),
    )
    op.drop_index(
        "ix_notification_items_open",
        table_name="notification_items",
        postgresql_include=["subject_id", "person_id", "id"],
        postgresql_where=sa.text("resolved_at is null and notification_id is not null"),
    )
    op.create_index(
        op.f("ix_notification_items_open"),
        "notification_items",
        ["schedule", "subject_id"],
        unique=False,
        postgresql_where="(resolved_at IS NULL)",
    )
    op.drop_index(
        "ix_ledger_events_crews",
        table_name="ledger_events",
        postgresql_where=sa.text("kind in ('crew.decided', 'crew.rule_set')"),
    )
    op.drop_index(
        "ix_ledger_events_certificates",
        table_name="ledger_events",
        postgresql_where=sa.text("kind in ('certificate.issued', 'certificate.renewed')"),
    )
    op.drop_column("certification_registry", "renewal_window_days")
    op.drop_column("certification_registry", "ce_carry_over_months")
    op.drop_column("certification_registry", "ce_carry_over_limit")
    op.drop_column("certification_registry", "ce_credits_required")
    op.drop_column("certification_registry", "verification_api_endpoint")
    op.drop_constraint(op.f("fk_certificates_corrects_id"), "certificates", type_="foreignkey")
    op.drop_constraint(op.f("fk_certificates_verified_by_id"), "certificates", type_="foreignkey")
    op.drop_constraint(op.f("fk_certificates_register_entry_id"), "certificates", type_="foreignkey")
    op.drop_constraint(op.f("fk_certificates_track_id"), "certificates", type_="foreignkey")
    op.drop_constraint(op.f("fk_certificates_path_id"), "certificates", type_="foreignkey")
    op.drop_constraint(op.f("fk_certificates_document_id"), "certificates", type_="foreignkey")
    op.drop_index(
        "uq_certificates_proven_renewal",
        table_name="certificates",
        postgresql_where=sa.text(
            "renews_id is not null and withdrawn_at is null and revoked_at is null and verification_status = 'verified'"
        ),
    )
    op.drop_constraint(op.f("uq_certificates_corrects_id"), "certificates", type_="unique")
    op.drop_index("ix_certificates_renews_id", table_name="certificates")
    op.drop_index(op.f("ix_certificates_register_entry_id"), table_name="certificates")
    op.drop_index(
        "ix_certificates_not_counting",
        table_name="certificates",
        postgresql_where=sa.text(
            "revoked_at is not null or withdrawn_at is not null or verification_status <> 'verified'"
        ),
    )
    op.drop_index(
        "ix_certificates_certificate_number",
        table_name="certificates",
        postgresql_where=sa.text("certificate_number is not null"),
    )
    op.create_index(
        op.f("uq_certificates_renews_id"),
        "certificates",
        ["renews_id"],
        unique=True,
        postgresql_where="(renews_id IS NOT NULL)",
    )
    op.drop_column("certificates", "track_id")
    op.drop_column("certificates", "path_id")
    op.drop_column("certificates", "register_entry_id")
    op.drop_column("certificates", "corrects_id")
    op.drop_column("certificates", "document_id")
    op.drop_column("certificates", "verified_by_id")
    op.drop_index(
        "uq_verification_cases_open", table_name="verification_cases", postgresql_where=sa.text("decided_at is null")
    )
    op.drop_table("verification_cases")
    op.drop_index(
        "uq_certificate_renewals_open", table_name="certificate_renewals", postgresql_where=sa.text("closed_at is null")
    )
    op.drop_table("certificate_renewals")
    op.drop_index(
        "uq_ce_credits_described",
        table_name="ce_credits",
        postgresql_where=sa.text("activity_id is null and withdrawn_at is null"),
    )
    op.drop_index(
        "uq_ce_credits_activity",
        table_name="ce_credits",
        postgresql_where=sa.text("activity_id is not null and withdrawn_at is null"),
    )
    op.drop_index("ix_ce_credits_person_id", table_name="ce_credits")
    op.drop_table("ce_credits")
    op.drop_table("badges")
    op.drop_table("visit_people")
    op.drop_index("uq_visit_alerts_open", table_name="visit_alerts", postgresql_where=sa.text("closed_at is null"))
    op.drop_index("ix_visit_alerts_visit_id", table_name="visit_alerts")
    op.drop_table("visit_alerts")
    op.drop_index("ix_visits_planned", table_name="visits", postgresql_where=sa.text("status = 'planned'"))
    op.drop_index("ix_visits_contract_id", table_name="visits")
    op.drop_index("ix_visits_building_id", table_name="visits")
    op.drop_table("visits")
    op.drop_index(
        "uq_register_claims_open", table_name="register_claims", postgresql_where=sa.text("decided_at is null")
    )
    op.drop_table("register_claims")
    op.drop_table("track_certifications")
    op.drop_index(
        "uq_service_contracts_open",
        table_name="service_contracts",
        postgresql_where=sa.text("ended_on is null and declined_at is null and withdrawn_at is null"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_index("ix_service_contracts_contractor_id", table_name="service_contracts")
    op.drop_table("service_contracts")
    op.drop_index("uq_register_entries_external_id", table_name="register_entries")
    op.drop_index("ix_register_entries_claimed_by_id", table_name="register_entries")
    op.drop_table("register_entries")
    op.drop_table("learning_path_certifications")
    op.drop_index("uq_equipment_register_id", table_name="equipment")
    op.drop_index("ix_equipment_manufacturer_id", table_name="equipment")
    op.drop_index("ix_equipment_building_id", table_name="equipment")
    op.drop_table("equipment")
    op.drop_index(op.f("ix_manufacturer_aliases_manufacturer_id"), table_name="manufacturer_aliases")
    op.drop_table("manufacturer_aliases")
    op.drop_index("ix_documents_person_id", table_name="documents")
    op.drop_index(op.f("ix_documents_file_id"), table_name="documents")
    op.drop_table("documents")
    op.drop_table("crew_rules")
    op.drop_index("uq_buildings_register_id", table_name="buildings")
    op.drop_index("ix_buildings_organization_id", table_name="buildings")
    op.drop_table("buildings")
    op.drop_table("status_lists")
    op.drop_table("manufacturers")
