"""Bodies of the catalogue in the seed's names: courses, syllabus, paths, company content (3.2.1.1, 3.2.5.2)."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.compliance import RequestBody
from operational_db.catalog.company_content import CustomModuleKind
from operational_db.types import (
    AssessmentType,
    ContentType,
    CourseCategory,
    CourseLevel,
    CourseStatus,
    CourseVisibility,
    DeliveryMethod,
    PricingModel,
    ProviderType,
    Role,
)


class View(BaseModel):
    """Made from the core's read shapes; a field with an alias is called differently there."""

    model_config = ConfigDict(from_attributes=True)


class PrerequisiteBody(View):
    type: str
    id: UUID
    name: str | None


class CourseBody(View):
    """The seed's CourseResponse."""

    id: UUID
    title: str
    slug: str
    description: str
    short_description: str
    provider_type: ProviderType
    provider_id: UUID | None
    provider_name: str
    provider_logo_url: str | None
    category: CourseCategory
    subcategory: str | None
    tags: list[str]
    trade: str
    level: CourseLevel
    prerequisites: list[PrerequisiteBody]
    delivery_method: DeliveryMethod
    estimated_hours: float | None
    module_count: int
    has_video: bool
    has_assessments: bool
    has_practical: bool
    applicable_equipment_types: list[str]
    applicable_manufacturers: list[str]
    applicable_models: list[str]
    leads_to_certification: bool
    certification_id: UUID | None
    certification_name: str | None
    ce_credits: float
    pricing_model: PricingModel
    price: float | None
    currency: str | None
    requires_enrollment: bool
    enrollment_deadline: datetime | None
    max_enrollment: int | None
    available_seats: int | None
    next_session_date: date | None = Field(validation_alias="next_session_on")
    session_location: str | None
    enrollment_count: int
    completion_count: int
    average_rating: float | None
    review_count: int
    user_enrolled: bool
    user_progress_percent: float | None = Field(validation_alias="user_progress_pct")
    user_completed: bool
    user_completed_at: datetime | None
    status: CourseStatus
    visibility: CourseVisibility
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None


class ModuleBody(View):
    id: UUID
    title: str
    description: str
    duration_minutes: int | None
    order: int = Field(validation_alias="order_index")
    content_types: list[str]
    is_required: bool
    user_completed: bool


class AssessmentBody(View):
    """Attempts and best score are the caller's own in the latest cycle."""

    id: UUID
    module_id: UUID | None
    title: str
    type: AssessmentType = Field(validation_alias="assessment_type")
    is_required: bool
    passing_score: int
    attempts_allowed: int | None
    user_attempts: int
    user_best_score: float | None


class MaterialBody(View):
    id: UUID
    title: str
    file_type: str = Field(validation_alias="media_type")
    file_size_bytes: int = Field(validation_alias="size_bytes")
    file_id: UUID
    download_url: str = ""


class SyllabusBody(View):
    """The seed's CourseSyllabus."""

    course_id: UUID
    course_title: str
    learning_objectives: list[str]
    modules: list[ModuleBody]
    assessments: list[AssessmentBody]
    downloadable_materials: list[MaterialBody]


class PathCourseBody(View):
    course_id: UUID
    course_title: str
    order: int = Field(validation_alias="order_index")
    is_required: bool
    user_completed: bool


class PathCertificationBody(BaseModel):
    certification_id: UUID
    name: str


class LearningPathBody(BaseModel):
    """The seed's LearningPath; progress counts the required courses."""

    id: UUID
    title: str
    slug: str
    description: str
    organization_id: UUID | None
    target_role: str
    level: str
    trade: str
    estimated_total_hours: float
    courses: list[PathCourseBody]
    leads_to_certifications: list[PathCertificationBody]
    career_outcomes: list[str]
    user_started: bool
    user_progress_percent: float
    user_completed_courses: int
    user_remaining_courses: int


class PathStepRequest(RequestBody):
    course_id: UUID
    is_required: bool = True


class LearningPathRequest(RequestBody):
    """A path of an organization's own people; its courses in their order."""

    title: str = Field(min_length=1, max_length=255)
    target_role: str = Field(min_length=1, max_length=255)
    level: str = Field(min_length=1, max_length=50)
    description: str = ""
    slug: str | None = Field(default=None, max_length=255)
    trade: str = Field(default="elevators", min_length=1, max_length=100)
    courses: list[PathStepRequest] = Field(min_length=1, max_length=100)
    estimated_total_hours: Decimal | None = Field(default=None, ge=0, le=10_000)
    career_outcomes: list[str] = Field(default_factory=list, max_length=50)
    certification_ids: list[UUID] = Field(
        default_factory=list, max_length=50, description="What finishing it earns; certifications you issue yourselves."
    )


class LearningPathMade(BaseModel):
    path_id: UUID
    slug: str


class PathCertificationsRequest(RequestBody):
    certification_ids: list[UUID] = Field(max_length=50)


class ReviewRequest(RequestBody):
    rating: int = Field(ge=1, le=5)
    comment: str | None = Field(default=None, max_length=4000)


class ReviewBody(View):
    course_id: UUID
    rating: int
    comment: str | None
    updated_at: datetime


class ContentBody(View):
    """Content of an organization; exactly one of text, address and file is there."""

    id: UUID
    organization_id: UUID
    title: str
    description: str
    content_type: ContentType
    content_text: str | None
    content_url: str | None
    file_id: UUID | None
    media_type: str | None
    size_bytes: int | None
    uploaded_by: UUID
    created_at: datetime
    updated_at: datetime


class CustomModuleRequest(RequestBody):
    title: str = Field(min_length=1, max_length=255)
    content_type: CustomModuleKind
    content_id: UUID | None = None
    duration_minutes: int | None = Field(default=None, ge=0, le=10_000)


class CustomCourseRequest(RequestBody):
    """The seed's CompanyCustomCourse as a request; it is published at once."""

    title: str = Field(min_length=1, max_length=255)
    description: str = ""
    category: CourseCategory
    modules: list[CustomModuleRequest] = Field(min_length=1, max_length=100)
    is_mandatory: bool = False
    auto_assign_to_new_employees: bool = False
    auto_assign_to_roles: list[Role] = Field(default_factory=list)
    due_within_days: int = Field(default=30, ge=0, le=3650)
    track_completion: bool = True
    requires_assessment: bool = False
    passing_score: int | None = Field(default=None, ge=0, le=100)
    visibility: CourseVisibility = CourseVisibility.ORGANIZATION
    team_id: UUID | None = None


class CustomModuleBody(View):
    id: UUID
    title: str
    order: int = Field(validation_alias="order_index")
    content_types: list[str]
    duration_minutes: int | None


class CustomCourseBody(View):
    id: UUID
    organization_id: UUID
    title: str
    slug: str
    description: str
    category: CourseCategory
    modules: list[CustomModuleBody]
    is_mandatory: bool
    auto_assign_to_new_employees: bool
    auto_assign_to_roles: list[str]
    track_completion: bool
    requires_assessment: bool
    passing_score: int | None
    visibility: CourseVisibility
    enrollment_count: int
    completion_count: int
    average_score: float | None
    status: CourseStatus
