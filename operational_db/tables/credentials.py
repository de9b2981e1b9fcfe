"""The certification registry, the certificates people hold, their documents, credits, renewals and registers.

Source: training-platform seed 3.2.2.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import (
    CeActivityType,
    CertificationCategory,
    CertificationSource,
    EarnedThrough,
    RegisterStanding,
    VerificationStatus,
)


class Certification(HasId, HasTimes, Base):
    """A kind of certificate somebody can hold."""

    __tablename__ = "certification_registry"
    __table_args__ = (
        CheckConstraint(
            "validity_period_months is null or validity_period_months > 0",
            name="validity_positive",
        ),
        CheckConstraint("ce_credits_required >= 0 and ce_carry_over_limit >= 0", name="credits_not_negative"),
    )

    name: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="", server_default="")
    source: Mapped[CertificationSource]
    issuing_organization: Mapped[str]
    issuing_organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    category: Mapped[CertificationCategory]
    trade: Mapped[str] = mapped_column(default="elevators", server_default="elevators")
    level: Mapped[str | None]
    prerequisites: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    experience_required: Mapped[str | None]
    training_required: Mapped[str | None]
    exam_required: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    validity_period_months: Mapped[int | None]
    renewal_requirements: Mapped[str | None]
    continuing_education_required: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    can_be_verified: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    verification_url: Mapped[str | None]
    verification_api_endpoint: Mapped[str | None]
    # Credits due by the last day of each cycle. Of those beyond, at most the limit goes into the next cycle, and only
    # what was earned in its last months (all of the cycle when null).
    ce_credits_required: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    ce_carry_over_limit: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    ce_carry_over_months: Mapped[int | None]
    # A renewal may begin so many days before the last day.
    renewal_window_days: Mapped[int] = mapped_column(default=90, server_default=text("90"))
    industry_recognition: Mapped[str | None]
    typical_salary_impact: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class Certificate(HasId, HasTimes, Base):
    """A certificate a person holds or held. Status is derived (D4); a renewal is a new row that names the former one.

    A certificate is valid from `issued_on` through `expires_on`, both days included.
    """

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint("expires_on is null or expires_on >= issued_on", name="expires_after_issue"),
        CheckConstraint("(revoked_at is null) = (revoked_from is null)", name="revocation_complete"),
        Index("ix_certificates_person_id", "person_id", "certification_id"),
        Index("ix_certificates_certification_id", "certification_id"),
        Index("ix_certificates_enrollment_id", "enrollment_id"),
        Index(
            "ix_certificates_expires_on",
            "expires_on",
            postgresql_where=text("revoked_at is null"),
        ),
        Index(
            "ix_certificates_certificate_number",
            "certificate_number",
            postgresql_where=text("certificate_number is not null"),
        ),
        # The few among all that a status list of badges names.
        Index(
            "ix_certificates_not_counting",
            "id",
            postgresql_where=text(
                "revoked_at is not null or withdrawn_at is not null or verification_status <> 'verified'"
            ),
        ),
        # A claim takes nobody's place, nor does one that was withdrawn or revoked.
        Index(
            "uq_certificates_proven_renewal",
            "renews_id",
            unique=True,
            postgresql_where=text(
                "renews_id is not null and withdrawn_at is null and revoked_at is null"
                " and verification_status = 'verified'"
            ),
        ),
        Index("ix_certificates_renews_id", "renews_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    certification_id: Mapped[UUID] = mapped_column(ForeignKey("certification_registry.id"))
    issued_on: Mapped[date]
    expires_on: Mapped[date | None]
    first_earned_on: Mapped[date]
    certificate_number: Mapped[str | None]
    verification_status: Mapped[VerificationStatus] = mapped_column(
        default=VerificationStatus.UNVERIFIED, server_default="unverified"
    )
    verified_at: Mapped[datetime | None]
    verified_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    # The former record of the same certificate that this one puts right; that one is withdrawn.
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("certificates.id"), unique=True)
    register_entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("register_entries.id"), index=True)
    earned_through: Mapped[EarnedThrough]
    enrollment_id: Mapped[UUID | None] = mapped_column(ForeignKey("course_enrollments.id"))
    path_id: Mapped[UUID | None] = mapped_column(ForeignKey("learning_paths.id"))
    track_id: Mapped[UUID | None] = mapped_column(ForeignKey("training_tracks.id"))
    renews_id: Mapped[UUID | None] = mapped_column(ForeignKey("certificates.id"))
    # Two dates of a revocation: when we learned of it, and the first day the certificate no longer counts.
    revoked_at: Mapped[datetime | None]
    revoked_from: Mapped[date | None]
    revocation_reason: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    is_public: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class LearningPathCertification(Base):
    """A certification that finishing all required courses of a path earns (seed: `leads_to_certifications`)."""

    __tablename__ = "learning_path_certifications"

    path_id: Mapped[UUID] = mapped_column(ForeignKey("learning_paths.id"), primary_key=True)
    certification_id: Mapped[UUID] = mapped_column(ForeignKey("certification_registry.id"), primary_key=True)


class TrackCertification(Base):
    """A certification that reaching a level in a training track earns."""

    __tablename__ = "track_certifications"

    track_id: Mapped[UUID] = mapped_column(ForeignKey("training_tracks.id"), primary_key=True)
    certification_id: Mapped[UUID] = mapped_column(ForeignKey("certification_registry.id"), primary_key=True)


class Document(HasId, HasTimes, Base):
    """A file about one person, such as a photographed certificate; its bytes are kept once by their hash.

    A removed document has no file any more; what rested on it still names the document.
    """

    __tablename__ = "documents"
    __table_args__ = (
        Index("ix_documents_person_id", "person_id"),
        CheckConstraint("(file_id is null) = (removed_at is not null)", name="file_until_removed"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_files.id"), index=True)
    uploaded_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    file_name: Mapped[str]
    removed_at: Mapped[datetime | None]


class VerificationCase(HasId, HasTimes, Base):
    """Somebody asked that a certificate's evidence be checked; open until decided, and each decision stays."""

    __tablename__ = "verification_cases"
    __table_args__ = (
        Index("uq_verification_cases_open", "certificate_id", unique=True, postgresql_where=text("decided_at is null")),
        CheckConstraint("(decided_at is null) = (is_approved is null)", name="decision_complete"),
    )

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.id"))
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    requested_at: Mapped[datetime]
    requested_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    is_approved: Mapped[bool | None]
    reason: Mapped[str | None]


class CeCredit(HasId, HasTimes, Base):
    """Continuing education credits of one person toward one certification; an activity counts once for it."""

    __tablename__ = "ce_credits"
    __table_args__ = (
        CheckConstraint("credits > 0", name="credits_positive"),
        Index("ix_ce_credits_person_id", "person_id", "certification_id"),
        Index(
            "uq_ce_credits_activity",
            "person_id",
            "certification_id",
            "activity_id",
            unique=True,
            postgresql_where=text("activity_id is not null and withdrawn_at is null"),
        ),
        Index(
            "uq_ce_credits_described",
            "person_id",
            "certification_id",
            "activity_on",
            text("lower(activity_description)"),
            unique=True,
            postgresql_where=text("activity_id is null and withdrawn_at is null"),
        ),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    certification_id: Mapped[UUID] = mapped_column(ForeignKey("certification_registry.id"))
    # The certificate in whose cycle the activity fell when it was logged.
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.id"))
    credits: Mapped[Decimal]
    activity_type: Mapped[CeActivityType]
    # The enrollment, when it was a course on the platform.
    activity_id: Mapped[UUID | None]
    activity_description: Mapped[str] = mapped_column(default="", server_default="")
    activity_on: Mapped[date]
    recorded_at: Mapped[datetime]
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    withdrawn_at: Mapped[datetime | None]


class CertificateRenewal(HasId, HasTimes, Base):
    """Somebody set out to renew a certificate; open until a renewal was issued or it was called off."""

    __tablename__ = "certificate_renewals"
    __table_args__ = (
        Index(
            "uq_certificate_renewals_open", "certificate_id", unique=True, postgresql_where=text("closed_at is null")
        ),
    )

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[datetime | None]
    renewed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("certificates.id"))


class RegisterEntry(HasId, HasTimes, Base):
    """One licence in one classification of a government register, as it was last read.

    `person_id` is the pseudonymous holder the register gave; `claimed_by_id` the person who proved to be the holder,
    to whom later changes of the entry apply.
    """

    __tablename__ = "register_entries"
    __table_args__ = (
        Index("uq_register_entries_external_id", "register", "external_id", unique=True),
        Index("ix_register_entries_claimed_by_id", "claimed_by_id"),
    )

    register: Mapped[str]
    external_id: Mapped[str]
    certification_id: Mapped[UUID] = mapped_column(ForeignKey("certification_registry.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    claimed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    standing: Mapped[RegisterStanding]
    # As the register writes it.
    status_text: Mapped[str]
    issued_on: Mapped[date]
    expires_on: Mapped[date | None]
    changed_on: Mapped[date | None]
    seen_at: Mapped[datetime]


class RegisterClaim(HasId, HasTimes, Base):
    """A person, or her company for her, says that a register entry is hers; open until decided."""

    __tablename__ = "register_claims"
    __table_args__ = (
        Index(
            "uq_register_claims_open", "entry_id", "person_id", unique=True, postgresql_where=text("decided_at is null")
        ),
        CheckConstraint("(decided_at is null) = (is_approved is null)", name="decision_complete"),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("register_entries.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    document_id: Mapped[UUID | None] = mapped_column(ForeignKey("documents.id"))
    claimed_at: Mapped[datetime]
    claimed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    is_approved: Mapped[bool | None]
    reason: Mapped[str | None]
