"""Courses with their modules, content items and assessments, learning paths, reviews, an organization's own content.

Source: training-platform seed 3.2.1.1 (database schema) and 3.2.5.2.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from operational_db.tables.base import Base, HasId, HasTimes
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
)

TextList = ARRAY(Text)

# Spelt as PostgreSQL prints it back, so that a migration check finds no difference.
SEARCH_VECTOR = (
    "(setweight(to_tsvector('english'::regconfig, title), 'A'::\"char\")"
    " || setweight(to_tsvector('english'::regconfig, short_description), 'B'::\"char\"))"
    " || setweight(to_tsvector('english'::regconfig, description), 'C'::\"char\")"
)


class Course(HasId, HasTimes, Base):
    """A course; `session_starts_on` is set when it is given on dates (a term, a presentation); it sets the cohort."""

    __tablename__ = "courses"
    __table_args__ = (
        CheckConstraint("max_enrollment is null or max_enrollment >= 0", name="seats_not_negative"),
        CheckConstraint(
            "price is null or (price >= 0 and currency is not null)",
            name="price_has_currency",
        ),
        CheckConstraint(
            "not leads_to_certification or certification_id is not null",
            name="certification_named",
        ),
        Index("ix_courses_provider", "provider_type", "provider_id"),
        Index("ix_courses_category", "category", "subcategory"),
        Index("ix_courses_search_vector", "search_vector", postgresql_using="gin"),
        Index(
            "ix_courses_published",
            "status",
            postgresql_where=text("status = 'published'"),
        ),
    )

    title: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="", server_default="")
    short_description: Mapped[str] = mapped_column(default="", server_default="")
    learning_objectives: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    provider_type: Mapped[ProviderType]
    provider_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    provider_name: Mapped[str]
    visibility: Mapped[CourseVisibility] = mapped_column(default=CourseVisibility.PUBLIC, server_default="public")
    visible_to_team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"))
    category: Mapped[CourseCategory]
    subcategory: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    trade: Mapped[str] = mapped_column(default="elevators", server_default="elevators")
    level: Mapped[CourseLevel] = mapped_column(default=CourseLevel.BEGINNER, server_default="beginner")
    # [{"type": "course", "id": "…"}, {"type": "certification", "id": "…"}]
    prerequisites: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    delivery_method: Mapped[DeliveryMethod]
    estimated_hours: Mapped[Decimal | None]
    has_video: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    has_assessments: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    has_practical: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    applicable_equipment_types: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    applicable_manufacturers: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    applicable_models: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    leads_to_certification: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    certification_id: Mapped[UUID | None] = mapped_column(ForeignKey("certification_registry.id"))
    ce_credits: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    pricing_model: Mapped[PricingModel] = mapped_column(default=PricingModel.FREE, server_default="free")
    price: Mapped[Decimal | None]
    currency: Mapped[str | None]
    requires_enrollment: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    enrollment_deadline: Mapped[datetime | None]
    max_enrollment: Mapped[int | None]
    session_starts_on: Mapped[date | None]
    session_length_days: Mapped[int | None]
    session_location: Mapped[str | None]
    status: Mapped[CourseStatus] = mapped_column(default=CourseStatus.DRAFT, server_default="draft")
    published_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    # Assignments of a mandatory company course are mandatory (seed 3.2.5.2).
    is_mandatory: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    search_vector: Mapped[str] = mapped_column(
        TSVECTOR, Computed(SEARCH_VECTOR, persisted=True), deferred=True, deferred_raiseload=True
    )


class CourseModule(HasId, HasTimes, Base):
    __tablename__ = "course_modules"
    __table_args__ = (
        UniqueConstraint("course_id", "order_index"),
        UniqueConstraint("course_id", "id"),
    )

    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    order_index: Mapped[int]
    duration_minutes: Mapped[int | None]
    has_video: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    has_text: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    has_quiz: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    has_practical: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    is_required: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class StoredFile(HasId, HasTimes, Base):
    """A file kept once by its content hash under the installation's files folder.

    `unused_since`: nothing refers to it any more, and its bytes are to be deleted.
    """

    __tablename__ = "stored_files"
    __table_args__ = (
        Index("ix_stored_files_unused_since", "unused_since", postgresql_where=text("unused_since is not null")),
    )

    sha256: Mapped[bytes] = mapped_column(unique=True)
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    file_name: Mapped[str]
    unused_since: Mapped[datetime | None]


class ModuleContent(HasId, HasTimes, Base):
    """One item of a module: exactly one of text, address or stored file."""

    __tablename__ = "module_content"
    __table_args__ = (
        UniqueConstraint("module_id", "order_index"),
        CheckConstraint("num_nonnulls(content_text, content_url, file_id) = 1", name="one_source"),
    )

    module_id: Mapped[UUID] = mapped_column(ForeignKey("course_modules.id"))
    title: Mapped[str]
    content_type: Mapped[ContentType]
    order_index: Mapped[int]
    content_text: Mapped[str | None]
    content_url: Mapped[str | None]
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_files.id"))
    video_duration_seconds: Mapped[int | None]
    video_transcript: Mapped[str | None]


class CourseAssessment(HasId, HasTimes, Base):
    __tablename__ = "course_assessments"
    __table_args__ = (
        CheckConstraint("passing_score between 0 and 100", name="passing_score_is_percent"),
        CheckConstraint(
            "attempts_allowed is null or attempts_allowed >= 1",
            name="attempts_positive",
        ),
        Index("ix_course_assessments_course_id", "course_id"),
    )

    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    module_id: Mapped[UUID | None] = mapped_column(ForeignKey("course_modules.id"))
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    assessment_type: Mapped[AssessmentType]
    is_required: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    question_count: Mapped[int | None]
    time_limit_minutes: Mapped[int | None]
    passing_score: Mapped[int] = mapped_column(default=70, server_default=text("70"))
    attempts_allowed: Mapped[int | None] = mapped_column(default=3, server_default=text("3"))
    randomize_questions: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    requires_proctoring: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    proctoring_type: Mapped[str | None]


class CourseReview(HasId, HasTimes, Base):
    """One rating a person gives a course they finished."""

    __tablename__ = "course_reviews"
    __table_args__ = (
        UniqueConstraint("course_id", "person_id"),
        CheckConstraint("rating between 1 and 5", name="rating_range"),
    )

    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    rating: Mapped[int]
    comment: Mapped[str | None]


class LearningPath(HasId, HasTimes, Base):
    __tablename__ = "learning_paths"

    title: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="", server_default="")
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    target_role: Mapped[str]
    level: Mapped[str]
    trade: Mapped[str] = mapped_column(default="elevators", server_default="elevators")
    estimated_total_hours: Mapped[Decimal | None]
    career_outcomes: Mapped[list[str]] = mapped_column(TextList, default=list, server_default=text("'{}'"))
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class LearningPathCourse(HasId, Base):
    __tablename__ = "learning_path_courses"
    __table_args__ = (
        UniqueConstraint("path_id", "course_id"),
        UniqueConstraint("path_id", "order_index"),
    )

    path_id: Mapped[UUID] = mapped_column(ForeignKey("learning_paths.id"))
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    order_index: Mapped[int]
    is_required: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class OrganizationContent(HasId, HasTimes, Base):
    """Training content an organization uploaded; removal keeps the row, so that courses built on it still resolve."""

    __tablename__ = "organization_content"
    __table_args__ = (
        CheckConstraint("num_nonnulls(content_text, content_url, file_id) = 1", name="one_source"),
        Index("ix_organization_content_organization_id", "organization_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    content_type: Mapped[ContentType]
    content_text: Mapped[str | None]
    content_url: Mapped[str | None]
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_files.id"))
    uploaded_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    removed_at: Mapped[datetime | None]


class AutoAssignment(HasId, HasTimes, Base):
    """A course every new member with the role (or every new member, when the role is null) is assigned on joining."""

    __tablename__ = "auto_assignments"
    __table_args__ = (UniqueConstraint("organization_id", "course_id", "role", postgresql_nulls_not_distinct=True),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    role: Mapped[str | None]
    due_within_days: Mapped[int] = mapped_column(default=30, server_default=text("30"))
    is_mandatory: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
