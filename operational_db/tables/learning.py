"""Enrollments with cycles, module completions, graded attempts; daily engagement (telemetry, outside the ledger).

And which recommended courses somebody does not want, which is no fact of her training and outside the ledger too.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.types import EnrollmentStatus


class Enrollment(HasId, HasTimes, Base):
    """One cycle of one person in one course; at most one cycle is open at a time.

    Life cycle: enrolled -> in_progress (first module or attempt) -> completed | failed | dropped.
    """

    __tablename__ = "course_enrollments"
    __table_args__ = (
        UniqueConstraint("person_id", "course_id", "cycle_number"),
        CheckConstraint("cycle_number >= 1", name="cycle_positive"),
        CheckConstraint(
            "(status in ('enrolled', 'in_progress')) = (ended_at is null)",
            name="end_matches_status",
        ),
        CheckConstraint("final_score is null or final_score between 0 and 100", name="final_score_is_percent"),
        Index(
            "uq_course_enrollments_open",
            "person_id",
            "course_id",
            unique=True,
            postgresql_where=text("status in ('enrolled', 'in_progress')"),
        ),
        Index("ix_course_enrollments_course_id", "course_id"),
        Index("ix_course_enrollments_organization_id", "organization_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    cycle_number: Mapped[int] = mapped_column(default=1)
    status: Mapped[EnrollmentStatus] = mapped_column(default=EnrollmentStatus.ENROLLED, server_default="enrolled")
    # The organization that sponsors the enrollment or whose student the person is; it may see the progress.
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    current_module_id: Mapped[UUID | None] = mapped_column(ForeignKey("course_modules.id"))
    time_spent_minutes: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    enrolled_at: Mapped[datetime]
    last_activity_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # Percent, as in the completion's ledger event; null until completed, or when nothing was scored.
    final_score: Mapped[Decimal | None]

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class ModuleCompletion(HasId, Base):
    __tablename__ = "module_completions"
    __table_args__ = (UniqueConstraint("enrollment_id", "module_id"),)

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("course_enrollments.id"))
    module_id: Mapped[UUID] = mapped_column(ForeignKey("course_modules.id"))
    completed_at: Mapped[datetime]
    time_spent_minutes: Mapped[int | None]


class AssessmentAttempt(HasId, Base):
    """One graded try. `score` is percent; an imported result may lack it (unscored) or be carried over (banked)."""

    __tablename__ = "assessment_attempts"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "assessment_id", "attempt_number"),
        CheckConstraint("score is null or score between 0 and 100", name="score_is_percent"),
        CheckConstraint("(score is null) = (passed is null)", name="passed_when_scored"),
    )

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("course_enrollments.id"))
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("course_assessments.id"))
    attempt_number: Mapped[int]
    submitted_at: Mapped[datetime]
    score: Mapped[Decimal | None]
    passed: Mapped[bool | None]
    is_banked: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    time_spent_minutes: Mapped[int | None]


class DailyEngagement(Base):
    """What one person did in one course on one day; counters only, no clicks."""

    __tablename__ = "daily_engagement"
    __table_args__ = (Index("ix_daily_engagement_on_date", "on_date"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"), primary_key=True)
    on_date: Mapped[date] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    interaction_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    session_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    mobile_session_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    # Null where the source counts interactions only.
    minutes: Mapped[int | None]
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("import_batches.id"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class CourseDismissal(Base):
    """A person does not want to be recommended the course any more, until she takes that back."""

    __tablename__ = "course_dismissals"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"), primary_key=True)
    dismissed_at: Mapped[datetime]
