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


class CeActivityType(StrEnum):
    """What continuing education credits were earned by (training-platform seed 3.2.2.1, ce_credit_log)."""

    COURSE = "course"
    WEBINAR = "webinar"
    CONFERENCE = "conference"
    OTHER = "other"


class RegisterStanding(StrEnum):
    """What a government register says of a licence, as it was last read.

    `contradictory`: in good standing although past its last day; `missing`: no longer listed.
    """

    CLEAR = "clear"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    CONTRADICTORY = "contradictory"
    MISSING = "missing"


class VerificationChannel(StrEnum):
    """How a third party asked whether a certificate counts."""

    PAGE = "page"
    API = "api"


class VerificationOutcome(StrEnum):
    """What a third party was told; `unknown`: nothing here answers to what was handed in."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    PENDING = "pending"
    INVALID = "invalid"
    UNKNOWN = "unknown"


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
    # Nobody answered the request in time.
    EXPIRED = "expired"


class MentorshipType(StrEnum):
    GENERAL = "general"
    CERTIFICATION_PREP = "certification_prep"
    CAREER_TRANSITION = "career_transition"
    SKILL_SPECIFIC = "skill_specific"


class MentorshipSide(StrEnum):
    MENTOR = "mentor"
    MENTEE = "mentee"


class MenteeLevel(StrEnum):
    """Where a mentee stands; a mentor names the levels she likes to work with."""

    STUDENT = "student"
    APPRENTICE = "apprentice"
    JUNIOR = "junior"
    MID = "mid"
    TRANSITIONING = "transitioning"


class MeetingFormat(StrEnum):
    """How the two like to talk, and how a session was held."""

    IN_PERSON = "in_person"
    VIDEO = "video"
    PHONE = "phone"
    TEXT = "text"


class Specialization(StrEnum):
    """Fields of work that mentors know and mentees want to learn, over the three trades."""

    TRACTION_ELEVATORS = "traction_elevators"
    HYDRAULIC_ELEVATORS = "hydraulic_elevators"
    ESCALATORS = "escalators"
    ELEVATOR_CONTROLS = "elevator_controls"
    ELEVATOR_MODERNIZATION = "elevator_modernization"
    ELEVATOR_INSPECTION = "elevator_inspection"
    COMMERCIAL_HVAC = "commercial_hvac"
    RESIDENTIAL_HVAC = "residential_hvac"
    REFRIGERATION = "refrigeration"
    BOILERS = "boilers"
    BUILDING_AUTOMATION = "building_automation"
    COMMERCIAL_ELECTRICAL = "commercial_electrical"
    RESIDENTIAL_ELECTRICAL = "residential_electrical"
    INDUSTRIAL_ELECTRICAL = "industrial_electrical"
    FIRE_ALARM = "fire_alarm"
    SOLAR = "solar"
    SAFETY = "safety"
    CREW_LEADERSHIP = "crew_leadership"


class DeclineReason(StrEnum):
    NO_TIME = "no_time"
    ENOUGH_MENTEES = "enough_mentees"
    OTHER_SPECIALIZATION = "other_specialization"
    TOO_FAR = "too_far"
    OTHER_LEVEL = "other_level"
    OTHER = "other"


class EarlyEndReason(StrEnum):
    """Why a request was taken back or a mentorship ended before its goals."""

    GOALS_CHANGED = "goals_changed"
    NO_TIME = "no_time"
    NOT_A_FIT = "not_a_fit"
    MOVED_ON = "moved_on"
    UNREACHABLE = "unreachable"
    OTHER = "other"


class MentoringReach(StrEnum):
    """With whom an organization lets its people be matched."""

    EVERYONE = "everyone"
    OWN_PEOPLE = "own_people"
    NOBODY = "nobody"


class CostKind(StrEnum):
    FEE = "fee"
    PAID_HOURS = "paid_hours"
    TRAVEL = "travel"
    INSTRUCTOR = "instructor"


class OutcomeKind(StrEnum):
    """Results of a technician's jobs; rates are per job, incidents and units per month."""

    FIRST_TIME_FIX_RATE = "first_time_fix_rate"
    CALLBACK_RATE = "callback_rate"
    REWORK_RATE = "rework_rate"
    INCIDENTS = "incidents"
    HOURS_PER_JOB = "hours_per_job"
    UNITS_MAINTAINED = "units_maintained"


class EffectState(StrEnum):
    """What can be said of the effect of training on an outcome."""

    EFFECT = "effect"
    NO_VISIBLE_EFFECT = "no_visible_effect"
    NOT_ENOUGH_DATA = "not_enough_data"
    PRE_TRENDS_DIFFER = "pre_trends_differ"


class LearnedModelKind(StrEnum):
    MENTOR_MATCHING = "mentor_matching"
    COURSE_RECOMMENDING = "course_recommending"


class ImportState(StrEnum):
    """Life cycle of an import batch; refused ones keep their report and change nothing."""

    APPLIED = "applied"
    REFUSED = "refused"
    UNDONE = "undone"


class TrackTier(StrEnum):
    """Each persona has a Core track (must be completed) and an Advanced one (for a role or a system)."""

    CORE = "core"
    ADVANCED = "advanced"


class ProficiencyLevel(StrEnum):
    """Ordered as written here: enrolled < completed < proficient < certified (embedded-training seed, tracks)."""

    ENROLLED = "enrolled"
    COMPLETED = "completed"
    PROFICIENT = "proficient"
    CERTIFIED = "certified"


class ValidityBasis(StrEnum):
    """What the end of a scope certification is counted from."""

    COMPLETION = "completion"
    PREVIOUS_EXPIRY = "previous_expiry"
    CALENDAR_DAY = "calendar_day"


class GateMode(StrEnum):
    """Whether a rule's answer is only recorded or also blocks."""

    DRY_RUN = "dry_run"
    ENFORCE = "enforce"


class GateOutcome(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


class LessonType(StrEnum):
    COURSE = "course"
    MICRO_LESSON = "micro_lesson"
    WALKTHROUGH = "walkthrough"
    QUIZ = "quiz"
    SIMULATION = "simulation"


class LessonStatus(StrEnum):
    """Life cycle of one version of a lesson."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class LessonTrigger(StrEnum):
    """What made a person open a lesson."""

    BROWSE = "browse"
    ASSIGNMENT = "assignment"
    GATE = "gate"
    TIP = "tip"
    REINFORCEMENT = "reinforcement"
    RUNBOOK = "runbook"
    REMINDER = "reminder"


class ReviewArea(StrEnum):
    SECURITY_COMPLIANCE = "security_compliance"
    UX = "ux"
    LOCALIZATION = "localization"


class ReviewOutcome(StrEnum):
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"


class ReviewReason(StrEnum):
    """Why a review was asked for."""

    PUBLICATION = "publication"
    POLICY_CHANGE = "policy_change"
    REFRESH = "refresh"


class ReleaseCheck(StrEnum):
    """What is tried out before a lesson version ships, with the trial attached (embedded-training seed, checklist)."""

    LINKS = "links"
    DRY_RUN = "dry_run"
    EVIDENCE_EXPORT = "evidence_export"


class NearMissKind(StrEnum):
    ROLLBACK = "rollback"
    ALERT_NOISE = "alert_noise"
    PERMISSION_DENIED = "permission_denied"
    FAILED_GATE = "failed_gate"


class NotificationChannel(StrEnum):
    IN_APP = "in_app"
    EMAIL = "email"
    PUSH = "push"
    SMS = "sms"


class ReminderSchedule(StrEnum):
    """The three schedules that live side by side (training-platform seed 3.2.2, 3.2.5; embedded-training seed)."""

    CERTIFICATE_EXPIRY = "certificate_expiry"
    SCOPE_EXPIRY = "scope_expiry"
    ASSIGNMENT_DUE = "assignment_due"
    # The seed's `cc_employer`: the managers of whoever holds a certificate that lapses.
    EMPLOYER_COPY = "employer_copy"
    # Ours: a planned visit that nobody of the contractor may do as things stand.
    VISIT_UNQUALIFIED = "visit_unqualified"
    # Ours: a request for mentoring that waits for this person's answer, and what became of one.
    MENTORSHIP_ANSWER = "mentorship_answer"
    MENTORSHIP_NEWS = "mentorship_news"
    # Ours: an owner proposed a service contract that the contractor has not answered.
    CONTRACT_PROPOSED = "contract_proposed"


class EquipmentType(StrEnum):
    """Kinds of units, as registers of elevating devices distinguish them, and those of the other trades."""

    PASSENGER_ELEVATOR = "passenger_elevator"
    FREIGHT_ELEVATOR = "freight_elevator"
    PRIVATE_ELEVATOR = "private_elevator"
    PUBLIC_ELEVATOR = "public_elevator"
    ESCALATOR = "escalator"
    DUMBWAITER = "dumbwaiter"
    SIDEWALK_LIFT = "sidewalk_lift"
    ACCESSIBILITY_LIFT = "accessibility_lift"
    MANLIFT = "manlift"
    HVAC_UNIT = "hvac_unit"
    ELECTRICAL_INSTALLATION = "electrical_installation"


class EquipmentStatus(StrEnum):
    ACTIVE = "active"
    DISMANTLED = "dismantled"
    OUT_OF_JURISDICTION = "out_of_jurisdiction"
    WORK_IN_PROGRESS = "work_in_progress"
    HOUSING_AUTHORITY = "housing_authority"


class CrewRuleTarget(StrEnum):
    """What a crew rule is about, from the widest to the narrowest; all that apply to a unit must be met."""

    OWNER = "owner"
    BUILDING = "building"
    EQUIPMENT_TYPE = "equipment_type"
    MANUFACTURER = "manufacturer"
    MODEL = "model"
    UNIT = "unit"


class ContractStatus(StrEnum):
    """How far the two sides of a service contract agree; only an accepted one counts, on the days it is for."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class VisitStatus(StrEnum):
    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"
