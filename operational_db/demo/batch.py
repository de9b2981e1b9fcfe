"""What the demo collects before it writes: rows per table, in the order of the columns named here, and events."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from operational_db.ledger.events import Event
from operational_db.tables.base import Base
from operational_db.tables.catalog import (
    Course,
    CourseAssessment,
    CourseModule,
    LearningPath,
    LearningPathCourse,
    ModuleContent,
)
from operational_db.tables.compliance import AssignmentRecipient, Exemption, TrainingAssignment, TrainingRequirement
from operational_db.tables.credentials import Certificate, Certification
from operational_db.tables.identity import Membership, Organization, Person, Team
from operational_db.tables.learning import AssessmentAttempt, DailyEngagement, Enrollment, ModuleCompletion
from operational_db.tables.mentorship import Mentorship

# In the order in which foreign keys allow them to be written.
COLUMNS: dict[type[Base], tuple[str, ...]] = {
    Person: ("id", "display_name", "email", "timezone", "is_simulated"),
    Organization: ("id", "name", "slug", "kind", "region", "timezone", "is_simulated"),
    Team: ("id", "organization_id", "name"),
    Membership: (
        "id",
        "person_id",
        "organization_id",
        "team_id",
        "role",
        "persona",
        "started_on",
        "ended_on",
    ),
    Certification: (
        "id",
        "name",
        "code",
        "description",
        "source",
        "issuing_organization",
        "issuing_organization_id",
        "category",
        "trade",
        "level",
        "exam_required",
        "validity_period_months",
        "renewal_requirements",
        "continuing_education_required",
        "industry_recognition",
    ),
    Course: (
        "id",
        "title",
        "slug",
        "description",
        "short_description",
        "learning_objectives",
        "provider_type",
        "provider_id",
        "provider_name",
        "visibility",
        "category",
        "tags",
        "trade",
        "level",
        "delivery_method",
        "estimated_hours",
        "has_assessments",
        "applicable_equipment_types",
        "applicable_manufacturers",
        "applicable_models",
        "leads_to_certification",
        "certification_id",
        "ce_credits",
        "pricing_model",
        "price",
        "currency",
        "status",
        "published_at",
    ),
    CourseModule: (
        "id",
        "course_id",
        "title",
        "description",
        "order_index",
        "duration_minutes",
        "has_text",
        "has_quiz",
    ),
    ModuleContent: ("id", "module_id", "title", "content_type", "order_index", "content_text"),
    CourseAssessment: ("id", "course_id", "title", "assessment_type", "question_count", "passing_score"),
    LearningPath: (
        "id",
        "title",
        "slug",
        "description",
        "organization_id",
        "target_role",
        "level",
        "trade",
        "estimated_total_hours",
        "career_outcomes",
    ),
    LearningPathCourse: ("id", "path_id", "course_id", "order_index", "is_required"),
    TrainingRequirement: (
        "id",
        "organization_id",
        "course_id",
        "certification_id",
        "category",
        "role",
        "team_id",
        "due_within_days",
        "effective_from",
        "created_by",
    ),
    Enrollment: (
        "id",
        "person_id",
        "course_id",
        "cycle_number",
        "status",
        "organization_id",
        "time_spent_minutes",
        "enrolled_at",
        "last_activity_at",
        "ended_at",
        "final_score",
    ),
    ModuleCompletion: ("id", "enrollment_id", "module_id", "completed_at", "time_spent_minutes"),
    AssessmentAttempt: (
        "id",
        "enrollment_id",
        "assessment_id",
        "attempt_number",
        "submitted_at",
        "score",
        "passed",
        "time_spent_minutes",
    ),
    Certificate: (
        "id",
        "person_id",
        "certification_id",
        "issued_on",
        "expires_on",
        "first_earned_on",
        "certificate_number",
        "verification_status",
        "verified_at",
        "earned_through",
        "enrollment_id",
        "renews_id",
        "revoked_at",
        "revoked_from",
        "revocation_reason",
    ),
    TrainingAssignment: (
        "id",
        "organization_id",
        "course_id",
        "role",
        "team_id",
        "due_on",
        "is_mandatory",
        "minimum_score",
        "assigned_by",
        "assigned_at",
    ),
    AssignmentRecipient: ("id", "assignment_id", "person_id", "assigned_at", "due_on", "completed_at"),
    Exemption: (
        "id",
        "organization_id",
        "person_id",
        "requirement_id",
        "reason",
        "approver_id",
        "starts_on",
        "ends_on",
    ),
    Mentorship: (
        "id",
        "mentor_id",
        "mentee_id",
        "mentorship_type",
        "status",
        "requested_at",
        "started_at",
        "expected_end_on",
        "ended_at",
    ),
    DailyEngagement: (
        "person_id",
        "course_id",
        "on_date",
        "organization_id",
        "interaction_count",
        "session_count",
        "mobile_session_count",
        "minutes",
    ),
}


@dataclass
class Batch:
    """Rows and events of the simulated industry, complete before anything is written."""

    rows: dict[type[Base], list[Sequence[object]]] = field(default_factory=lambda: {entity: [] for entity in COLUMNS})
    events: list[Event] = field(default_factory=list)

    def add(self, entity: type[Base], *values: object) -> None:
        self.rows[entity].append(values)

    @property
    def row_count(self) -> int:
        return sum(len(rows) for rows in self.rows.values())
