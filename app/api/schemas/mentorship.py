"""Bodies of mentorship. Field names are the seed's (training-platform 3.2.4); what it leaves open is ours."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.api.schemas.compliance import RequestBody
from app.learned.mentors import CohortComparison, Match, MenteeList, MentorList
from operational_db.mentorship.profiles import About, Offer, Wish
from operational_db.mentorship.views import (
    FeedbackView,
    MenteeProfileView,
    MentorProfileView,
    MentorshipDetail,
    MentorshipView,
    SessionView,
)
from operational_db.types import (
    DeclineReason,
    EarlyEndReason,
    MeetingFormat,
    MenteeLevel,
    MentoringReach,
    MentorshipSide,
    MentorshipStatus,
    MentorshipType,
    Specialization,
)

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=4000)]
Clock = Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d$")]
PreferredTime = Literal["mornings", "weekdays", "lunchtimes", "evenings", "weekends"]


class WindowBody(RequestBody):
    """A weekly window by the profile's own clock; an end before the start lies on the next day."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    weekday: int = Field(ge=0, le=6, description="0 is Monday.")
    start: Clock = Field(alias="from", examples=["18:00"])
    until: Clock = Field(examples=["21:00"])


class AvailabilityBody(RequestBody):
    """When and how much: windows, or the seed's words for them (evenings are Monday to Friday 18:00 to 21:00)."""

    hours_per_month: int | None = None
    preferred_times: list[PreferredTime] = Field(default_factory=list)
    windows: list[WindowBody] = Field(default_factory=list)


class ProfileFields(RequestBody):
    years_experience: float | None = None
    communication_preferences: list[MeetingFormat] = Field(default_factory=list)
    availability: AvailabilityBody = AvailabilityBody()
    timezone: str | None = Field(default=None, description="IANA zone of the windows; the person's own without.")
    location_city: Line | None = None
    location_region: Line | None = None
    latitude: float | None = None
    longitude: float | None = None
    has_consented: bool = Field(description="Whether the profile may be shown to the other side.")

    def to_about(self, *, is_remote_welcome: bool) -> About:
        return About(
            has_consented=self.has_consented,
            years_experience=self.years_experience,
            communication_preferences=self.communication_preferences,
            hours_per_month=self.availability.hours_per_month,
            availability=[window.model_dump(by_alias=True) for window in self.availability.windows],
            preferred_times=self.availability.preferred_times,
            timezone=self.timezone,
            location_city=self.location_city,
            location_region=self.location_region,
            latitude=self.latitude,
            longitude=self.longitude,
            is_remote_welcome=is_remote_welcome,
        )


class MentorProfileRequest(ProfileFields):
    specializations: list[Specialization] = Field(default_factory=list)
    equipment_expertise: list[Line] = Field(default_factory=list)
    is_accepting_mentees: bool = True
    max_mentees: int = 1
    preferred_mentee_level: list[MenteeLevel] = Field(default_factory=list)
    willing_to_mentor_remote: bool = False
    about: Text = ""

    def to_offer(self) -> Offer:
        return Offer(
            specializations=self.specializations,
            equipment_expertise=self.equipment_expertise,
            is_accepting_mentees=self.is_accepting_mentees,
            max_mentees=self.max_mentees,
            preferred_mentee_levels=self.preferred_mentee_level,
            about=self.about,
        )


class MenteeProfileRequest(ProfileFields):
    current_level: MenteeLevel
    career_goal: Text = ""
    specialization_interest: list[Specialization] = Field(default_factory=list)
    skills_to_develop: list[Line] = Field(default_factory=list)
    timeline_months: int | None = None
    open_to_remote: bool = False

    def to_wish(self) -> Wish:
        return Wish(
            current_level=self.current_level,
            career_goal=self.career_goal,
            specialization_interests=self.specialization_interest,
            skills_to_develop=self.skills_to_develop,
            timeline_months=self.timeline_months,
        )


class AvailabilityView(BaseModel):
    hours_per_month: int | None
    windows: list[dict[str, object]]
    timezone: str


class MentorProfileBody(BaseModel):
    user_id: UUID
    years_experience: float | None
    specializations: list[str]
    certifications: list[str]
    equipment_expertise: list[str]
    is_accepting_mentees: bool
    max_mentees: int
    current_mentee_count: int
    preferred_mentee_level: list[str]
    communication_preferences: list[str]
    availability: AvailabilityView
    location_city: str | None
    location_region: str | None
    latitude: float | None
    longitude: float | None
    willing_to_mentor_remote: bool
    about: str
    has_consented: bool
    paused_until: date | None
    total_mentees: int
    successful_completions: int
    average_rating: float | None


class MenteeProfileBody(BaseModel):
    user_id: UUID
    current_level: MenteeLevel
    years_experience: float | None
    current_certifications: list[str]
    career_goal: str
    specialization_interest: list[str]
    skills_to_develop: list[str]
    timeline_months: int | None
    communication_preferences: list[str]
    availability: AvailabilityView
    location_city: str | None
    location_region: str | None
    latitude: float | None
    longitude: float | None
    open_to_remote: bool
    has_consented: bool
    paused_until: date | None


class PauseRequest(RequestBody):
    """First day on which the profile is shown again; null ends a pause."""

    until: date | None = None


class ReasonBody(BaseModel):
    """One line of the explanation; the points of all lines add up to the score."""

    title: str
    points: float
    sentence: str


class MatchBody(BaseModel):
    """How well the two suit each other. The chances are null where the written formula ranks."""

    rank: int
    score: float = Field(description="0 to 100.")
    formula_score: float = Field(description="By the written weights 30/20/15/15/10/10, 0 to 100.")
    chance: float | None
    chance_asks: float | None
    chance_succeeds: float | None
    is_explored: bool
    explanation: list[ReasonBody]
    text: str


class MentorBody(BaseModel):
    mentor_id: UUID
    name: str
    location_city: str | None
    location_region: str | None
    organization_name: str | None
    years_experience: float | None
    specializations: list[str]
    equipment_expertise: list[str]
    communication_preferences: list[str]
    willing_to_mentor_remote: bool
    hours_per_month: float | None
    places_left: int
    successful_completions: int
    average_rating: float | None
    about: str
    match: MatchBody


class MentorListBody(BaseModel):
    """Best first. `notice` says why the written formula ranked, where it did."""

    showing_id: UUID | None
    candidate_count: int
    model_version: int | None
    notice: str | None
    mentors: list[MentorBody]


class MenteeBody(BaseModel):
    mentee_id: UUID
    name: str
    location_city: str | None
    location_region: str | None
    organization_name: str | None
    current_level: str
    years_experience: float | None
    career_goal: str
    specialization_interest: list[str]
    skills_to_develop: list[str]
    communication_preferences: list[str]
    open_to_remote: bool
    hours_per_month: float | None
    timeline_months: int | None
    match: MatchBody


class MenteeListBody(BaseModel):
    candidate_count: int
    model_version: int | None
    notice: str | None
    mentees: list[MenteeBody]


class MentorshipRequest(RequestBody):
    """Name the mentor one asks, or the mentee one offers oneself to."""

    mentor_id: UUID | None = None
    mentee_id: UUID | None = None
    mentorship_type: MentorshipType = MentorshipType.GENERAL
    goals: list[Line] = Field(default_factory=list)
    duration_months: int | None = None
    milestones: list[Line] = Field(default_factory=list)
    message: Text = ""
    expected_end_date: date | None = None
    showing_id: UUID | None = Field(default=None, description="The list from which the mentor was chosen.")

    @model_validator(mode="after")
    def _exactly_one(self) -> "MentorshipRequest":
        if (self.mentor_id is None) == (self.mentee_id is None):
            raise ValueError("give either mentor_id, to ask, or mentee_id, to offer yourself")
        if self.mentee_id is not None and self.showing_id is not None:
            raise ValueError("showing_id goes with mentor_id")
        return self

    def plan(self) -> dict[str, object]:
        return {
            "mentorship_type": self.mentorship_type,
            "goals": self.goals,
            "duration_months": self.duration_months,
            "milestones": self.milestones,
            "message": self.message,
            "expected_end_on": self.expected_end_date,
        }


class DeclineRequest(RequestBody):
    reason: DeclineReason | None = None
    note: Text | None = None


class CancelRequest(RequestBody):
    """A reason is needed once the mentorship runs; the note is for the other side alone."""

    reason: EarlyEndReason | None = None
    note: Text | None = None


class PlanRequest(RequestBody):
    """What is left out stays."""

    goals: list[Line] | None = None
    duration_months: int | None = None
    expected_end_date: date | None = None
    next_session_scheduled: AwareDatetime | None = None


class MilestonesRequest(RequestBody):
    milestones: list[Line]


class MilestoneBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    milestone_id: UUID
    title: str
    reached_at: datetime | None


class NewActionItemBody(RequestBody):
    assignee: MentorshipSide
    task: Line
    due_date: date | None = None


class SessionRequest(RequestBody):
    """A meeting. Notes and rating are those of the side that logs it; the other's are refused."""

    session_date: AwareDatetime
    duration_minutes: int
    format: MeetingFormat
    location: str | None = Field(default=None, max_length=200)
    topics_discussed: list[Line] = Field(default_factory=list)
    skills_practiced: list[Line] = Field(default_factory=list)
    resources_shared: list[Line] = Field(default_factory=list)
    mentor_notes: Text | None = None
    mentee_notes: Text | None = None
    mentor_rating: int | None = None
    mentee_rating: int | None = None
    action_items: list[NewActionItemBody] = Field(default_factory=list)
    next_session_scheduled: AwareDatetime | None = None


class MySessionRequest(RequestBody):
    """One's own notes and stars; what is left out stays, an empty text clears the notes."""

    notes: Text | None = None
    rating: int | None = None


class ActionItemBody(BaseModel):
    action_item_id: UUID
    assignee: MentorshipSide
    task: str
    due_date: date | None
    done_at: datetime | None


class ActionItemRequest(RequestBody):
    is_done: bool = True


class SessionBody(BaseModel):
    """`my_notes` are the caller's own; there is no way to the other side's."""

    session_id: UUID
    session_date: datetime
    duration_minutes: int
    format: MeetingFormat
    location: str | None
    topics_discussed: list[str]
    skills_practiced: list[str]
    resources_shared: list[str]
    my_notes: str | None
    mentor_rating: int | None
    mentee_rating: int | None
    logged_by: MentorshipSide
    action_items: list[ActionItemBody]


class FeedbackRequest(RequestBody):
    rating: int
    comment: Text = ""


class FeedbackBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    side: MentorshipSide
    rating: int
    comment: str
    given_at: datetime


class MentorshipBody(BaseModel):
    id: UUID
    mentor_id: UUID
    mentor_name: str
    mentee_id: UUID
    mentee_name: str
    my_side: MentorshipSide | None
    status: MentorshipStatus
    mentorship_type: MentorshipType
    goals: list[str]
    duration_months: int | None
    message: str
    requested_at: datetime
    expires_at: datetime | None
    is_mine_to_answer: bool
    decline_reason: DeclineReason | None
    decline_note: str | None
    sessions_completed: int
    minutes_together: int
    next_session_scheduled: datetime | None
    milestones_completed: list[str]
    milestones_remaining: list[str]
    open_action_items: int
    started_at: datetime | None
    expected_end_date: date | None
    completed_at: datetime | None
    ended_at: datetime | None
    end_reason: EarlyEndReason | None
    end_note: str | None
    my_rating: int | None


class MentorshipDetailBody(MentorshipBody):
    milestones: list[MilestoneBody]
    sessions: list[SessionBody]
    my_feedback: FeedbackBody | None
    feedback_for_me: FeedbackBody | None


class DismissalBody(BaseModel):
    mentor_id: UUID
    mentor_name: str
    dismissed_at: datetime


class ReachRequest(RequestBody):
    reach: MentoringReach


class ReachBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    organization_id: UUID
    organization_name: str
    reach: MentoringReach


class AssignmentMethodBody(BaseModel):
    """One way to assign the cohort. `spread` is the Gini coefficient of the load, 0 where all are equally busy."""

    method: str
    description: str
    total_value: float
    share_of_best: float
    matched: int
    unmatched: int
    lowest_value: float | None
    blocking_pairs: int
    spread: float
    busiest_load: int
    idle_mentors: int


class CohortPairBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    mentee_id: UUID
    mentee_name: str
    mentor_id: UUID
    mentor_name: str
    score: float


class CohortBody(BaseModel):
    mentee_count: int
    mentor_count: int
    place_count: int
    notice: str | None
    methods: list[AssignmentMethodBody]
    pairs: dict[str, list[CohortPairBody]]
    unmatched: dict[str, list[str]]


class ProposalRequest(RequestBody):
    method: Literal["greedy", "optimal", "spread", "stable"]
    leave_out: list[UUID] = Field(default_factory=list, description="Mentees for whom nothing is proposed.")
    mentorship_type: MentorshipType = MentorshipType.GENERAL
    duration_months: int | None = None


class RefusedPairBody(BaseModel):
    mentee_id: UUID
    mentor_id: UUID
    reason: str


class ProposalBody(BaseModel):
    requested_count: int
    refused: list[RefusedPairBody]


def to_mentor_profile_body(view: MentorProfileView) -> MentorProfileBody:
    return MentorProfileBody(
        user_id=view.person_id,
        years_experience=view.years_experience,
        specializations=list(view.specializations),
        certifications=list(view.certifications),
        equipment_expertise=list(view.equipment_expertise),
        is_accepting_mentees=view.is_accepting_mentees,
        max_mentees=view.max_mentees,
        current_mentee_count=view.current_mentee_count,
        preferred_mentee_level=list(view.preferred_mentee_levels),
        communication_preferences=list(view.communication_preferences),
        availability=_to_availability(view),
        location_city=view.location_city,
        location_region=view.location_region,
        latitude=view.latitude,
        longitude=view.longitude,
        willing_to_mentor_remote=view.is_remote_welcome,
        about=view.about,
        has_consented=view.consented_at is not None,
        paused_until=view.paused_until,
        total_mentees=view.total_mentees,
        successful_completions=view.successful_completions,
        average_rating=view.average_rating,
    )


def to_mentee_profile_body(view: MenteeProfileView) -> MenteeProfileBody:
    return MenteeProfileBody(
        user_id=view.person_id,
        current_level=view.current_level,
        years_experience=view.years_experience,
        current_certifications=list(view.current_certifications),
        career_goal=view.career_goal,
        specialization_interest=list(view.specialization_interests),
        skills_to_develop=list(view.skills_to_develop),
        timeline_months=view.timeline_months,
        communication_preferences=list(view.communication_preferences),
        availability=_to_availability(view),
        location_city=view.location_city,
        location_region=view.location_region,
        latitude=view.latitude,
        longitude=view.longitude,
        open_to_remote=view.is_remote_welcome,
        has_consented=view.consented_at is not None,
        paused_until=view.paused_until,
    )


def _to_availability(view: MentorProfileView | MenteeProfileView) -> AvailabilityView:
    return AvailabilityView(
        hours_per_month=view.hours_per_month,
        windows=[dict(window) for window in view.availability],
        timezone=view.timezone,
    )


def to_mentor_list_body(found: MentorList) -> MentorListBody:
    return MentorListBody(
        showing_id=found.showing_id,
        candidate_count=found.candidate_count,
        model_version=found.served.version,
        notice=found.notice,
        mentors=[
            MentorBody(
                mentor_id=row.mentor_id,
                name=row.name,
                location_city=row.city,
                location_region=row.region,
                organization_name=row.organization_name,
                years_experience=row.years_experience,
                specializations=list(row.specializations),
                equipment_expertise=list(row.equipment_expertise),
                communication_preferences=list(row.communication_preferences),
                willing_to_mentor_remote=row.is_remote_welcome,
                hours_per_month=row.hours_per_month,
                places_left=row.places_left,
                successful_completions=row.completed_count,
                average_rating=row.average_rating,
                about=row.about,
                match=_to_match(row.match),
            )
            for row in found.rows
        ],
    )


def to_mentee_list_body(found: MenteeList) -> MenteeListBody:
    return MenteeListBody(
        candidate_count=found.candidate_count,
        model_version=found.served.version,
        notice=found.notice,
        mentees=[
            MenteeBody(
                mentee_id=row.mentee_id,
                name=row.name,
                location_city=row.city,
                location_region=row.region,
                organization_name=row.organization_name,
                current_level=row.current_level,
                years_experience=row.years_experience,
                career_goal=row.career_goal,
                specialization_interest=list(row.specialization_interests),
                skills_to_develop=list(row.skills_to_develop),
                communication_preferences=list(row.communication_preferences),
                open_to_remote=row.is_remote_welcome,
                hours_per_month=row.hours_per_month,
                timeline_months=row.timeline_months,
                match=_to_match(row.match),
            )
            for row in found.rows
        ],
    )


def _to_match(match: Match) -> MatchBody:
    return MatchBody(
        rank=match.rank,
        score=match.score,
        formula_score=match.formula_score,
        chance=match.chance,
        chance_asks=match.chance_asks,
        chance_succeeds=match.chance_succeeds,
        is_explored=match.is_explored,
        explanation=[
            ReasonBody(title=reason.title, points=float(reason.points), sentence=reason.sentence)
            for reason in match.reasons
        ],
        text=match.text,
    )


def to_mentorship_body(view: MentorshipView) -> MentorshipBody:
    return MentorshipBody(
        id=view.mentorship_id,
        mentor_id=view.mentor_id,
        mentor_name=view.mentor_name,
        mentee_id=view.mentee_id,
        mentee_name=view.mentee_name,
        my_side=view.my_side,
        status=view.status,
        mentorship_type=view.mentorship_type,
        goals=list(view.goals),
        duration_months=view.duration_months,
        message=view.message,
        requested_at=view.requested_at,
        expires_at=view.expires_at if view.status is MentorshipStatus.PENDING else None,
        is_mine_to_answer=view.is_mine_to_answer,
        decline_reason=view.decline_reason,
        decline_note=view.decline_note,
        sessions_completed=view.session_count,
        minutes_together=view.session_minutes,
        next_session_scheduled=view.next_session_at,
        milestones_completed=list(view.milestones_completed),
        milestones_remaining=list(view.milestones_remaining),
        open_action_items=view.open_action_count,
        started_at=view.started_at,
        expected_end_date=view.expected_end_on,
        completed_at=view.ended_at if view.status is MentorshipStatus.COMPLETED else None,
        ended_at=view.ended_at,
        end_reason=view.end_reason,
        end_note=view.end_note,
        my_rating=view.my_rating,
    )


def to_detail_body(detail: MentorshipDetail) -> MentorshipDetailBody:
    return MentorshipDetailBody(
        **to_mentorship_body(detail.mentorship).model_dump(),
        milestones=[MilestoneBody.model_validate(milestone) for milestone in detail.milestones],
        sessions=[to_session_body(meeting) for meeting in detail.sessions],
        my_feedback=_to_feedback(detail.my_feedback),
        feedback_for_me=_to_feedback(detail.feedback_for_me),
    )


def to_session_body(view: SessionView) -> SessionBody:
    return SessionBody(
        session_id=view.session_id,
        session_date=view.held_at,
        duration_minutes=view.minutes,
        format=view.meeting_format,
        location=view.location,
        topics_discussed=list(view.topics),
        skills_practiced=list(view.skills_practiced),
        resources_shared=list(view.resources_shared),
        my_notes=view.my_notes,
        mentor_rating=view.mentor_rating,
        mentee_rating=view.mentee_rating,
        logged_by=view.logged_by,
        action_items=[
            ActionItemBody(
                action_item_id=item.action_item_id,
                assignee=item.assignee,
                task=item.task,
                due_date=item.due_on,
                done_at=item.done_at,
            )
            for item in view.action_items
        ],
    )


def _to_feedback(view: FeedbackView | None) -> FeedbackBody | None:
    return None if view is None else FeedbackBody.model_validate(view)


def to_cohort_body(found: CohortComparison) -> CohortBody:
    return CohortBody(
        mentee_count=found.mentee_count,
        mentor_count=found.mentor_count,
        place_count=found.place_count,
        notice=found.served.notice,
        methods=[AssignmentMethodBody.model_validate(row) for row in found.methods.to_dicts()],
        pairs={
            method: [CohortPairBody.model_validate(pair) for pair in pairs] for method, pairs in found.pairs.items()
        },
        unmatched={method: list(names) for method, names in found.unmatched.items()},
    )
