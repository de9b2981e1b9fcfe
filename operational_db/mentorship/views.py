"""What mentorship shows to its callers. Notes and comments are already those the reader may see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class MentorProfileView:
    """A mentor's own profile, with what is read from elsewhere: certificates held and track record."""

    person_id: UUID
    years_experience: float | None
    specializations: Sequence[str]
    certifications: Sequence[str]
    equipment_expertise: Sequence[str]
    is_accepting_mentees: bool
    max_mentees: int
    current_mentee_count: int
    preferred_mentee_levels: Sequence[str]
    communication_preferences: Sequence[str]
    hours_per_month: int | None
    availability: Sequence[dict[str, object]]
    timezone: str
    location_city: str | None
    location_region: str | None
    latitude: float | None
    longitude: float | None
    is_remote_welcome: bool
    about: str
    consented_at: datetime | None
    paused_until: date | None
    total_mentees: int
    successful_completions: int
    average_rating: float | None


@dataclass(frozen=True, slots=True)
class MenteeProfileView:
    """A mentee's own profile, with the certificates she holds."""

    person_id: UUID
    current_level: MenteeLevel
    years_experience: float | None
    current_certifications: Sequence[str]
    career_goal: str
    specialization_interests: Sequence[str]
    skills_to_develop: Sequence[str]
    timeline_months: int | None
    communication_preferences: Sequence[str]
    hours_per_month: int | None
    availability: Sequence[dict[str, object]]
    timezone: str
    location_city: str | None
    location_region: str | None
    latitude: float | None
    longitude: float | None
    is_remote_welcome: bool
    consented_at: datetime | None
    paused_until: date | None


@dataclass(frozen=True, slots=True)
class MilestoneView:
    milestone_id: UUID
    title: str
    reached_at: datetime | None


@dataclass(frozen=True, slots=True)
class ActionItemView:
    action_item_id: UUID
    session_id: UUID
    assignee: MentorshipSide
    task: str
    due_on: date | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionView:
    """One meeting as one side sees it: `my_notes` are the reader's own; the other side's are never here."""

    session_id: UUID
    held_at: datetime
    minutes: int
    meeting_format: MeetingFormat
    location: str | None
    topics: Sequence[str]
    skills_practiced: Sequence[str]
    resources_shared: Sequence[str]
    my_notes: str | None
    mentor_rating: int | None
    mentee_rating: int | None
    logged_by: MentorshipSide
    action_items: Sequence[ActionItemView] = ()


@dataclass(frozen=True, slots=True)
class FeedbackView:
    """Stars and comment of one side; only the two sides ever get one."""

    side: MentorshipSide
    rating: int
    comment: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class MentorshipView:
    """One mentorship as one of the two sees it in her list."""

    mentorship_id: UUID
    mentor_id: UUID
    mentor_name: str
    mentee_id: UUID
    mentee_name: str
    # None for whoever looks on without being one of the two.
    my_side: MentorshipSide | None
    mentorship_type: MentorshipType
    status: MentorshipStatus
    goals: Sequence[str]
    duration_months: int | None
    message: str
    requested_at: datetime
    expires_at: datetime | None
    answered_at: datetime | None
    # Who answers the request: the mentor, or the mentee when the mentor offered herself.
    asked_side: MentorshipSide
    proposed_by_id: UUID | None
    decline_reason: DeclineReason | None
    decline_note: str | None
    started_at: datetime | None
    expected_end_on: date | None
    next_session_at: datetime | None
    ended_at: datetime | None
    end_reason: EarlyEndReason | None
    end_note: str | None
    session_count: int
    session_minutes: int
    milestones_completed: Sequence[str] = ()
    milestones_remaining: Sequence[str] = ()
    my_rating: int | None = None
    open_action_count: int = 0
    shown_rank: int | None = None

    @property
    def is_mine_to_answer(self) -> bool:
        return self.status is MentorshipStatus.PENDING and self.my_side is self.asked_side


@dataclass(frozen=True, slots=True)
class MentorshipDetail:
    """A mentorship with everything the reader may see of it."""

    mentorship: MentorshipView
    milestones: Sequence[MilestoneView]
    sessions: Sequence[SessionView]
    my_feedback: FeedbackView | None
    feedback_for_me: FeedbackView | None


@dataclass(frozen=True, slots=True)
class PolicyView:
    organization_id: UUID
    organization_name: str
    reach: MentoringReach


@dataclass(frozen=True, slots=True)
class ExpiryReport:
    """A round of expiring requests."""

    expired_ids: Sequence[UUID] = field(default_factory=tuple)

    @property
    def expired_count(self) -> int:
        return len(self.expired_ids)
