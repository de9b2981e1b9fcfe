"""The certification registry and the certificates people hold. Source: training-platform seed 3.2.2.1."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import (
    CertificationCategory,
    CertificationSource,
    EarnedThrough,
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
            "uq_certificates_renews_id",
            "renews_id",
            unique=True,
            postgresql_where=text("renews_id is not null"),
        ),
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
    earned_through: Mapped[EarnedThrough]
    enrollment_id: Mapped[UUID | None] = mapped_column(ForeignKey("course_enrollments.id"))
    renews_id: Mapped[UUID | None] = mapped_column(ForeignKey("certificates.id"))
    # Two dates of a revocation: when we learned of it, and the first day the certificate no longer counts.
    revoked_at: Mapped[datetime | None]
    revoked_from: Mapped[date | None]
    revocation_reason: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    is_public: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
