"""Bodies of the certification registry, held certificates, continuing education, renewal and verification."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.compliance import RequestBody
from operational_db.badges.views import VerificationReport
from operational_db.credentials.ce_credits import CeCreditView, CeStanding
from operational_db.credentials.progress import CertificationProgress
from operational_db.credentials.renewal_rules import RenewalCode
from operational_db.credentials.verification import CaseView
from operational_db.credentials.views import CertificateView
from operational_db.types import (
    CeActivityType,
    CertificateStatus,
    CertificationCategory,
    CertificationSource,
    EarnedThrough,
    VerificationOutcome,
    VerificationStatus,
)


class FromAttributes(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CertificationBody(FromAttributes):
    """A kind of certificate; `validity_period_months` is null when it never expires."""

    id: UUID
    name: str
    code: str
    description: str
    source: CertificationSource
    issuing_organization: str
    issuing_organization_id: UUID | None
    category: CertificationCategory
    trade: str
    level: str | None
    prerequisites: list[dict[str, Any]]
    experience_required: str | None
    training_required: str | None
    exam_required: bool
    validity_period_months: int | None
    renewal_requirements: str | None
    renewal_window_days: int
    continuing_education_required: bool
    ce_credits_required: float
    ce_carry_over_limit: float
    ce_carry_over_months: int | None
    can_be_verified: bool
    verification_url: str | None
    verification_api_endpoint: str | None
    industry_recognition: str | None
    typical_salary_impact: str | None
    is_active: bool


class AddCertificateRequest(RequestBody):
    """A certificate earned elsewhere. With `document_id` (see `POST /me/documents`) it waits for verification."""

    certification_id: UUID
    issued_on: date
    expires_on: date | None = Field(default=None, description="Left out: as long as the registry says.")
    certificate_number: str | None = Field(default=None, max_length=255)
    document_id: UUID | None = None
    is_public: bool = True


class CorrectCertificateRequest(RequestBody):
    """What is left out stays as it is; null empties it."""

    certification_id: UUID | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    certificate_number: str | None = Field(default=None, max_length=255)
    document_id: UUID | None = None
    is_public: bool | None = None


class HeldCertificateBody(BaseModel):
    """A certificate with the status on the day asked about.

    Credits are null where the kind asks for none; addresses of the badge are null until one was issued.
    """

    id: UUID
    person_id: UUID
    certification_id: UUID
    certification_name: str
    certification_code: str
    issuing_organization: str
    source: CertificationSource
    category: CertificationCategory
    status: CertificateStatus
    days_to_expiry: int | None
    issued_on: date
    expires_on: date | None
    first_earned_on: date
    certificate_number: str | None
    document_id: UUID | None
    verification_status: VerificationStatus
    verified_at: datetime | None
    badge_url: str | None
    badge_assertion_url: str | None
    ce_credits_earned: float | None
    ce_credits_carried_over: float | None
    ce_credits_required: float | None
    ce_credits_short: float | None
    ce_due_on: date | None
    earned_through: EarnedThrough
    course_id: UUID | None
    enrollment_id: UUID | None
    path_id: UUID | None
    track_id: UUID | None
    renews_id: UUID | None
    corrects_id: UUID | None
    revoked_from: date | None
    is_withdrawn: bool
    is_from_register: bool
    is_public: bool
    created_at: datetime
    updated_at: datetime


class PublicCertificateBody(BaseModel):
    """What a person shows to everybody: no number and no papers."""

    id: UUID
    certification_id: UUID
    certification_name: str
    certification_code: str
    issuing_organization: str
    source: CertificationSource
    category: CertificationCategory
    status: CertificateStatus
    issued_on: date
    expires_on: date | None
    first_earned_on: date
    badge_url: str | None


class ExpiringCertificateBody(BaseModel):
    """A certificate that lapses soon and that nothing has renewed yet."""

    id: UUID
    person_id: UUID
    display_name: str
    certification_id: UUID
    certification_name: str
    issuing_organization: str
    expires_on: date | None
    days_to_expiry: int | None


class RenewalStepBody(FromAttributes):
    code: RenewalCode
    text: str
    course_id: UUID | None


class RenewalBody(FromAttributes):
    """What became of one certificate: the one that renewed it, or what is missing."""

    certificate_id: UUID
    renewed_by_id: UUID | None
    missing: list[RenewalStepBody]


class BulkRenewRequest(RequestBody):
    certificate_ids: list[UUID] = Field(min_length=1, max_length=200)


class NextStepBody(FromAttributes):
    text: str
    course_id: UUID | None
    lesson_id: UUID | None


class CertificationProgressBody(FromAttributes):
    certification_id: UUID
    name: str
    steps_done: int
    steps_total: int
    ce_credits_short: float
    text: str
    next_steps: list[NextStepBody]


class CeCreditRequest(RequestBody):
    """An activity elsewhere, or `enrollment_id` for a course completed here before the certificate was recorded."""

    credits: Decimal | None = Field(default=None, gt=0, le=200, decimal_places=2)
    activity_type: CeActivityType | None = None
    activity_on: date | None = None
    activity_description: str = Field(default="", max_length=500)
    document_id: UUID | None = None
    enrollment_id: UUID | None = None


class CeCreditBody(BaseModel):
    """`certificate_id`: the certificate in whose cycle the activity counts."""

    id: UUID
    certificate_id: UUID | None
    certification_id: UUID
    credits: float
    activity_type: CeActivityType
    activity_description: str
    activity_on: date
    recorded_at: datetime
    enrollment_id: UUID | None
    document_id: UUID | None


class CeStandingBody(BaseModel):
    certificate_id: UUID
    earned: float
    carried_over: float
    required: float
    short_by: float
    due_on: date | None


class CeLogBody(BaseModel):
    """Where the cycle stands, and the whole log toward the kind, the latest activity first."""

    standing: CeStandingBody
    credits: list[CeCreditBody]


class VerificationRequest(RequestBody):
    document_id: UUID | None = None


class DecisionRequest(RequestBody):
    is_approved: bool
    reason: str | None = Field(default=None, max_length=2000, description="Needed when it is not approved.")


class VerificationCaseBody(BaseModel):
    case_id: UUID
    certificate_id: UUID
    person_id: UUID
    display_name: str
    certification_id: UUID
    certification_name: str
    issuing_organization: str
    issued_on: date
    expires_on: date | None
    certificate_number: str | None
    document_id: UUID | None
    document_name: str | None
    requested_at: datetime
    requested_by: str | None
    is_own: bool
    decided_at: datetime | None
    decided_by: str | None
    is_approved: bool | None
    reason: str | None


class DocumentBody(BaseModel):
    id: UUID
    file_name: str
    media_type: str
    size_bytes: int
    added_at: datetime


class CheckBody(FromAttributes):
    name: str
    is_passed: bool
    text: str


class PresentedCertificateBody(FromAttributes):
    """As much of the certificate as its holder shows."""

    certification_name: str
    certification_code: str | None
    issuing_organization: str
    issued_on: date | None
    expires_on: date | None
    revoked_from: date | None
    holder_name: str | None
    public_id: str | None
    event_id: UUID | None
    leaf_index: int | None


class VerificationReportBody(BaseModel):
    """The outcome on the day asked about and as of now, and each thing that was checked."""

    outcome: VerificationOutcome
    outcome_now: VerificationOutcome
    is_valid: bool
    on: date
    document_format: str
    checks: list[CheckBody]
    certificate: PresentedCertificateBody | None


def to_held_body(
    view: CertificateView,
    *,
    standing: CeStanding | None = None,
    badge_url: str | None = None,
    badge_assertion_url: str | None = None,
) -> HeldCertificateBody:
    own = ("certificate_id", "display_name")
    values = {name: getattr(view, name) for name in view.__dataclass_fields__ if name not in own}
    asks = standing is not None and standing.required > 0
    return HeldCertificateBody(
        **values,
        id=view.certificate_id,
        badge_url=badge_url,
        badge_assertion_url=badge_assertion_url,
        ce_credits_earned=float(standing.earned) if standing is not None and asks else None,
        ce_credits_carried_over=float(standing.carried_over) if standing is not None and asks else None,
        ce_credits_required=float(standing.required) if standing is not None and asks else None,
        ce_credits_short=float(standing.short_by) if standing is not None and asks else None,
        ce_due_on=standing.due_on if standing is not None and asks else None,
    )


def to_public_body(view: CertificateView, badge_url: str | None) -> PublicCertificateBody:
    return PublicCertificateBody(
        id=view.certificate_id,
        certification_id=view.certification_id,
        certification_name=view.certification_name,
        certification_code=view.certification_code,
        issuing_organization=view.issuing_organization,
        source=view.source,
        category=view.category,
        status=view.status,
        issued_on=view.issued_on,
        expires_on=view.expires_on,
        first_earned_on=view.first_earned_on,
        badge_url=badge_url,
    )


def to_expiring_body(view: CertificateView) -> ExpiringCertificateBody:
    return ExpiringCertificateBody(
        id=view.certificate_id,
        person_id=view.person_id,
        display_name=view.display_name,
        certification_id=view.certification_id,
        certification_name=view.certification_name,
        issuing_organization=view.issuing_organization,
        expires_on=view.expires_on,
        days_to_expiry=view.days_to_expiry,
    )


def to_progress_body(progress: CertificationProgress) -> CertificationProgressBody:
    return CertificationProgressBody(
        certification_id=progress.certification_id,
        name=progress.name,
        steps_done=progress.steps_done,
        steps_total=progress.steps_total,
        ce_credits_short=float(progress.ce_short),
        text=progress.text,
        next_steps=[NextStepBody.model_validate(step) for step in progress.next_steps],
    )


def to_credit_body(view: CeCreditView) -> CeCreditBody:
    values = {name: getattr(view, name) for name in view.__dataclass_fields__ if name not in ("credit_id", "credits")}
    return CeCreditBody(**values, id=view.credit_id, credits=float(view.credits))


def to_standing_body(standing: CeStanding) -> CeStandingBody:
    return CeStandingBody(
        certificate_id=standing.certificate_id,
        earned=float(standing.earned),
        carried_over=float(standing.carried_over),
        required=float(standing.required),
        short_by=float(standing.short_by),
        due_on=standing.due_on,
    )


def to_case_body(view: CaseView) -> VerificationCaseBody:
    held = view.certificate
    return VerificationCaseBody(
        case_id=view.case_id,
        certificate_id=held.certificate_id,
        person_id=held.person_id,
        display_name=held.display_name,
        certification_id=held.certification_id,
        certification_name=held.certification_name,
        issuing_organization=held.issuing_organization,
        issued_on=held.issued_on,
        expires_on=held.expires_on,
        certificate_number=held.certificate_number,
        document_id=view.document_id,
        document_name=view.document_name,
        requested_at=view.requested_at,
        requested_by=view.requested_by,
        is_own=view.is_own,
        decided_at=view.decided_at,
        decided_by=view.decided_by,
        is_approved=view.is_approved,
        reason=view.reason,
    )


def to_report_body(report: VerificationReport) -> VerificationReportBody:
    return VerificationReportBody(
        outcome=report.outcome,
        outcome_now=report.outcome_now,
        is_valid=report.outcome is VerificationOutcome.VALID,
        on=report.on,
        document_format=report.document_format,
        checks=[CheckBody.model_validate(check) for check in report.checks],
        certificate=None if report.certificate is None else PresentedCertificateBody.model_validate(report.certificate),
    )
