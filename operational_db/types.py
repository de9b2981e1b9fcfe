"""Vocabulary shared by rules, tables and events: enumerations and id helpers.

Enumerations are stored as their lower-case text value. Nothing here touches the database.
"""

from enum import StrEnum
from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """A time-ordered identifier (UUID version 7, RFC 9562), so that inserts land at the end of an index."""
    return UUID(int=uuid_utils.uuid7().int)


class OrganizationKind(StrEnum):
    SERVICE_COMPANY = "service_company"
    TRADE_SCHOOL = "trade_school"
    BUILDING_OWNER = "building_owner"
    MANUFACTURER = "manufacturer"
    PLATFORM = "platform"


class Role(StrEnum):
    TECHNICIAN = "technician"
    STUDENT = "student"
    MENTOR = "mentor"
    SUPERVISOR = "supervisor"
    COMPANY_MANAGER = "company_manager"
    SCHOOL_ADMIN = "school_admin"
    INSTRUCTOR = "instructor"
    BUILDING_OWNER = "building_owner"
    PRODUCT_TEAM = "product_team"
    AUDITOR = "auditor"
    CONTENT_REVIEWER = "content_reviewer"
    PLATFORM_ADMIN = "platform_admin"


class Persona(StrEnum):
    """The five personas of the embedded training seed."""

    ENGINEER = "engineer"
    OPERATIONS = "operations"
    SECURITY = "security"
    COMPLIANCE_RISK = "compliance_risk"
    PARTNER_INTEGRATOR = "partner_integrator"


class ProviderType(StrEnum):
    MANUFACTURER = "manufacturer"
    SITESYNC = "sitesync"
    COMPANY = "company"
    TRADE_SCHOOL = "trade_school"
    THIRD_PARTY = "third_party"


class CourseCategory(StrEnum):
    MANUFACTURER_EQUIPMENT = "manufacturer_equipment"
    SAFETY_CERTIFICATION = "safety_certification"
    CODE_COMPLIANCE = "code_compliance"
    SOFT_SKILLS = "soft_skills"
    MANAGEMENT = "management"
    TECHNOLOGY = "technology"
    APPRENTICESHIP = "apprenticeship"
    CONTINUING_EDUCATION = "continuing_education"


class CourseLevel(StrEnum):
    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"
    EXPERT = "expert"


class DeliveryMethod(StrEnum):
    ONLINE_SELF_PACED = "online_self_paced"
    ONLINE_INSTRUCTOR_LED = "online_instructor_led"
    IN_PERSON = "in_person"
    BLENDED = "blended"
    ON_THE_JOB = "on_the_job"


class CourseStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class CourseVisibility(StrEnum):
    """Who may find a course: everybody, or only the members of the organization (or one team) that owns it."""

    PUBLIC = "public"
    ORGANIZATION = "organization"
    TEAM = "team"


class PricingModel(StrEnum):
    FREE = "free"
    PAID = "paid"
    SUBSCRIPTION = "subscription"
    EMPLOYER_PAID = "employer_paid"


class ContentType(StrEnum):
    VIDEO = "video"
    TEXT = "text"
    DOCUMENT = "document"
    INTERACTIVE = "interactive"


class AssessmentType(StrEnum):
    QUIZ = "quiz"
    EXAM = "exam"
    PRACTICAL = "practical"


class EnrollmentStatus(StrEnum):
    """`failed` is ours: imported histories know it and the seed does not (a finished course that was not passed)."""

    ENROLLED = "enrolled"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DROPPED = "dropped"
    FAILED = "failed"


OPEN_ENROLLMENT_STATUSES = frozenset({EnrollmentStatus.ENROLLED, EnrollmentStatus.IN_PROGRESS})


class CertificationSource(StrEnum):
    MANUFACTURER = "manufacturer"
    SITESYNC = "sitesync"
    GOVERNMENT = "government"
    INDUSTRY_BODY = "industry_body"
    TRADE_UNION = "trade_union"
    THIRD_PARTY = "third_party"
    EMPLOYER = "employer"
    SELF_REPORTED = "self_reported"


class CertificationCategory(StrEnum):
    EQUIPMENT = "equipment"
    SAFETY = "safety"
    COMPLIANCE = "compliance"
    MANAGEMENT = "management"


class VerificationStatus(StrEnum):
    UNVERIFIED = "unverified"
    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"


class EarnedThrough(StrEnum):
    SITESYNC_COURSE = "sitesync_course"
    EXTERNAL = "external"
    MANUAL = "manual"


class CertificateStatus(StrEnum):
    """Derived at an instant from dates and events, never stored (decision D4)."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    PENDING_VERIFICATION = "pending_verification"


class TrainingStatus(StrEnum):
    """Where a person stands on one required training, derived at an instant."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    OVERDUE = "overdue"
    EXEMPTED = "exempted"


class MentorshipStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class MentorshipType(StrEnum):
    GENERAL = "general"
    CERTIFICATION_PREP = "certification_prep"
    CAREER_TRANSITION = "career_transition"
    SKILL_SPECIFIC = "skill_specific"


class ImportState(StrEnum):
    """Life cycle of an import batch; refused ones keep their report and change nothing."""

    APPLIED = "applied"
    REFUSED = "refused"
    UNDONE = "undone"
