"""Profiles of mentors and mentees, what was shown to whom, mentorships with their sessions and feedback.

Source: training-platform seed 3.2.4. Notes and messages are texts of the two and are never in the ledger.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from operational_db.tables.base import Base, HasId, HasTimes
from operational_db.tables.catalog import TextList
from operational_db.types import (
    DeclineReason,
    EarlyEndReason,
    MeetingFormat,
    MenteeLevel,
    MentoringReach,
    MentorshipSide,
    MentorshipStatus,
    MentorshipType,
)

NO_TEXTS = text("'{}'")
NO_WINDOWS = text("'[]'")


class MentoringProfile(HasTimes):
    """What both sides say of themselves; `consented_at` is when the person agreed to be shown to others.

    Parameters
    ----------
    availability
        Weekly windows in the profile's own zone: `[{"weekday": 0, "from": "18:00", "until": "21:00"}]`, Monday is 0; a
        window that ends at or before its start runs over midnight.
    """

    years_experience: Mapped[float | None]
    communication_preferences: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    hours_per_month: Mapped[int | None]
    availability: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=NO_WINDOWS)
    timezone: Mapped[str] = mapped_column(server_default="UTC")
    location_city: Mapped[str | None]
    location_region: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    consented_at: Mapped[datetime | None]
    # First day she may be shown again.
    paused_until: Mapped[date | None]


class MentorProfile(MentoringProfile, Base):
    """The certificates she holds and her track record are read from where they are kept."""

    __tablename__ = "mentor_profiles"
    __table_args__ = (
        CheckConstraint("max_mentees between 0 and 50", name="capacity_is_sane"),
        CheckConstraint("years_experience between 0 and 70", name="experience_is_sane"),
        CheckConstraint("(latitude is null) = (longitude is null)", name="coordinates_complete"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    specializations: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    equipment_expertise: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    is_accepting_mentees: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    max_mentees: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    preferred_mentee_levels: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    is_remote_welcome: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    about: Mapped[str] = mapped_column(default="", server_default="")


class MenteeProfile(MentoringProfile, Base):
    __tablename__ = "mentee_profiles"
    __table_args__ = (
        CheckConstraint("years_experience between 0 and 70", name="experience_is_sane"),
        CheckConstraint("timeline_months between 1 and 60", name="timeline_is_sane"),
        CheckConstraint("(latitude is null) = (longitude is null)", name="coordinates_complete"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    current_level: Mapped[MenteeLevel]
    career_goal: Mapped[str] = mapped_column(default="", server_default="")
    specialization_interests: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    skills_to_develop: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    timeline_months: Mapped[int | None]
    is_remote_welcome: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class MentoringPolicy(HasTimes, Base):
    """With whom an organization lets its people be matched; without a row, with everyone."""

    __tablename__ = "mentoring_policies"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    reach: Mapped[MentoringReach] = mapped_column(default=MentoringReach.EVERYONE, server_default="everyone")


class MentorDismissal(Base):
    """A mentee does not want to be shown this mentor again; deleting the row undoes it."""

    __tablename__ = "mentor_dismissals"

    mentee_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    dismissed_at: Mapped[datetime]


class MentorShowing(HasId, Base):
    """One list of mentors shown to a mentee. No model version: the written formula ranked it."""

    __tablename__ = "mentor_showings"
    __table_args__ = (Index("ix_mentor_showings_mentee_id", "mentee_id", "shown_at"),)

    mentee_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    shown_at: Mapped[datetime]
    model_version: Mapped[int | None]
    candidate_count: Mapped[int]


class ShownMentor(Base):
    """`propensity` is the chance that the logging order put this mentor at this rank; `features` as of that moment."""

    __tablename__ = "shown_mentors"
    __table_args__ = (
        UniqueConstraint("showing_id", "rank"),
        CheckConstraint("propensity > 0 and propensity <= 1", name="propensity_is_chance"),
        Index("ix_shown_mentors_mentor_id", "mentor_id"),
    )

    showing_id: Mapped[UUID] = mapped_column(ForeignKey("mentor_showings.id", ondelete="cascade"), primary_key=True)
    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    rank: Mapped[int]
    score: Mapped[float]
    formula_score: Mapped[float]
    chance: Mapped[float | None]
    propensity: Mapped[float]
    is_explored: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    features: Mapped[dict[str, float]] = mapped_column(JSONB)


class Mentorship(HasId, HasTimes, Base):
    """Life cycle: pending -> active | declined | expired; active -> completed | cancelled; pending -> cancelled."""

    __tablename__ = "mentorships"
    __table_args__ = (
        CheckConstraint("mentor_id <> mentee_id", name="two_people"),
        Index(
            "uq_mentorships_open_pair",
            "mentor_id",
            "mentee_id",
            unique=True,
            postgresql_where=text("status in ('pending', 'active')"),
        ),
        Index("ix_mentorships_mentee_id", "mentee_id"),
        Index("ix_mentorships_pending", "expires_at", postgresql_where=text("status = 'pending'")),
    )

    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    mentee_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    mentorship_type: Mapped[MentorshipType]
    status: Mapped[MentorshipStatus] = mapped_column(default=MentorshipStatus.PENDING, server_default="pending")
    goals: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    duration_months: Mapped[int | None]
    message: Mapped[str] = mapped_column(default="", server_default="")
    requested_at: Mapped[datetime]
    # A request without an answer until then expires.
    expires_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    decline_reason: Mapped[DeclineReason | None]
    decline_note: Mapped[str | None]
    started_at: Mapped[datetime | None]
    expected_end_on: Mapped[date | None]
    next_session_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[EarlyEndReason | None]
    end_note: Mapped[str | None]
    # The list it was chosen from; none when the mentee asked without one or a manager proposed it.
    showing_id: Mapped[UUID | None] = mapped_column(ForeignKey("mentor_showings.id"))
    proposed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    # Features of the pair as of the request; without, the request came before they were kept.
    features: Mapped[dict[str, float] | None] = mapped_column(JSONB(none_as_null=True))


class MentorshipMilestone(HasId, HasTimes, Base):
    __tablename__ = "mentorship_milestones"
    __table_args__ = (UniqueConstraint("mentorship_id", "position"),)

    mentorship_id: Mapped[UUID] = mapped_column(ForeignKey("mentorships.id"))
    position: Mapped[int]
    title: Mapped[str]
    reached_at: Mapped[datetime | None]


class MentoringSession(HasId, HasTimes, Base):
    """One meeting. Each side's notes are for that side alone."""

    __tablename__ = "mentoring_sessions"
    __table_args__ = (
        CheckConstraint("minutes between 1 and 720", name="minutes_are_sane"),
        CheckConstraint("mentee_rating between 1 and 5", name="mentee_rating_is_stars"),
        CheckConstraint("mentor_rating between 1 and 5", name="mentor_rating_is_stars"),
        Index("ix_mentoring_sessions_mentorship_id", "mentorship_id", "held_at"),
    )

    mentorship_id: Mapped[UUID] = mapped_column(ForeignKey("mentorships.id"))
    held_at: Mapped[datetime]
    minutes: Mapped[int]
    meeting_format: Mapped[MeetingFormat]
    location: Mapped[str | None]
    topics: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    skills_practiced: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    resources_shared: Mapped[list[str]] = mapped_column(TextList, server_default=NO_TEXTS)
    mentor_notes: Mapped[str | None]
    mentee_notes: Mapped[str | None]
    mentee_rating: Mapped[int | None]
    mentor_rating: Mapped[int | None]
    logged_by_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))


class ActionItem(HasId, HasTimes, Base):
    __tablename__ = "mentoring_action_items"
    __table_args__ = (Index("ix_mentoring_action_items_session_id", "session_id"),)

    session_id: Mapped[UUID] = mapped_column(ForeignKey("mentoring_sessions.id"))
    assignee: Mapped[MentorshipSide]
    task: Mapped[str]
    due_on: Mapped[date | None]
    done_at: Mapped[datetime | None]


class MentorshipFeedback(HasId, HasTimes, Base):
    """What one side says of the whole, once: stars are for programme managers too, comments for the other side only."""

    __tablename__ = "mentorship_feedback"
    __table_args__ = (
        UniqueConstraint("mentorship_id", "side"),
        CheckConstraint("rating between 1 and 5", name="rating_is_stars"),
    )

    mentorship_id: Mapped[UUID] = mapped_column(ForeignKey("mentorships.id"))
    side: Mapped[MentorshipSide]
    rating: Mapped[int]
    comment: Mapped[str] = mapped_column(default="", server_default="")
    given_at: Mapped[datetime]
