"""Mentorship over HTTP: profiles, finding each other, requests, meetings, feedback, an organization's programme.

Source: training-platform seed 3.2.4. Everything of one mentorship is for its two people; others find nothing there.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.api.dependencies import Context, CurrentPrincipal, ReadSession, WriteSession
from app.api.schemas.mentorship import (
    ActionItemBody,
    ActionItemRequest,
    CancelRequest,
    CohortBody,
    DeclineRequest,
    DismissalBody,
    FeedbackBody,
    FeedbackRequest,
    MenteeListBody,
    MenteeProfileBody,
    MenteeProfileRequest,
    MentorListBody,
    MentorProfileBody,
    MentorProfileRequest,
    MentorshipBody,
    MentorshipDetailBody,
    MentorshipRequest,
    MilestoneBody,
    MilestonesRequest,
    MySessionRequest,
    PauseRequest,
    PlanRequest,
    ProposalBody,
    ProposalRequest,
    ReachBody,
    ReachRequest,
    RefusedPairBody,
    SessionBody,
    SessionRequest,
    to_cohort_body,
    to_detail_body,
    to_mentee_list_body,
    to_mentee_profile_body,
    to_mentor_list_body,
    to_mentor_profile_body,
    to_mentorship_body,
    to_session_body,
)
from app.learned import mentors
from operational_db import clock
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.identity.rules import Principal
from operational_db.mentorship import feedback, listing, matching, profiles, requests, sessions
from operational_db.types import MentorshipSide

router = APIRouter(tags=["mentorship"])

PRIVATE = {"Cache-Control": "no-store"}
Top = Annotated[int, Query(ge=1, le=50, description="How many, best first.")]


# Finding each other


@router.get("/mentorship/find-mentor", summary="Find matching mentors")
def find_mentor(
    session: WriteSession, context: Context, principal: CurrentPrincipal, response: Response, top: Top = 20
) -> MentorListBody:
    """Ranked 0 to 100 and explained; what was shown is kept, so that the ranking can be judged by what comes of it."""
    response.headers.update(PRIVATE)
    return to_mentor_list_body(mentors.find_mentors(session, context.settings, principal, now=clock.now(), top=top))


@router.get("/mentorship/find-mentee", summary="Find mentees (for mentors)")
def find_mentee(
    session: ReadSession, context: Context, principal: CurrentPrincipal, response: Response, top: Top = 20
) -> MenteeListBody:
    """People who agreed to be found and have no mentor at present."""
    response.headers.update(PRIVATE)
    return to_mentee_list_body(mentors.find_mentees(session, context.settings, principal, now=clock.now(), top=top))


@router.get("/me/mentorship/dismissals", summary="Mentors I do not want to be shown")
def my_dismissals(session: ReadSession, principal: CurrentPrincipal) -> list[DismissalBody]:
    return [
        DismissalBody(mentor_id=mentor_id, mentor_name=name, dismissed_at=dismissed_at)
        for mentor_id, name, dismissed_at in matching.my_dismissals(session, principal)
    ]


@router.put(
    "/me/mentorship/dismissals/{mentor_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Do not show me this mentor again",
)
def dismiss(mentor_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> None:
    """Neither is one's own profile shown to her."""
    matching.dismiss_mentor(session, principal, mentor_id=mentor_id, now=clock.now())


@router.delete(
    "/me/mentorship/dismissals/{mentor_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Show me this mentor again",
)
def undo_dismissal(mentor_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> None:
    matching.undo_dismissal(session, principal, mentor_id=mentor_id)


# Profiles


@router.get("/me/mentorship/mentor-profile", summary="My profile as a mentor")
def my_mentor_profile(session: ReadSession, principal: CurrentPrincipal) -> MentorProfileBody:
    view = profiles.mentor_profile_of(session, principal, on=clock.today())
    if view is None:
        raise NotFoundError(profiles.NO_PROFILE.format(side=MentorshipSide.MENTOR))
    return to_mentor_profile_body(view)


@router.put("/me/mentorship/mentor-profile", summary="Set my profile as a mentor")
def set_mentor_profile(
    body: MentorProfileRequest, session: WriteSession, principal: CurrentPrincipal
) -> MentorProfileBody:
    """Anew as a whole; certificates and track record are read from where they are kept."""
    about = body.to_about(is_remote_welcome=body.willing_to_mentor_remote)
    profiles.set_mentor_profile(session, principal, about, body.to_offer(), now=clock.now())
    return my_mentor_profile(session, principal)


@router.get("/me/mentorship/mentee-profile", summary="My profile as a mentee")
def my_mentee_profile(session: ReadSession, principal: CurrentPrincipal) -> MenteeProfileBody:
    view = profiles.mentee_profile_of(session, principal, on=clock.today())
    if view is None:
        raise NotFoundError(profiles.NO_PROFILE.format(side=MentorshipSide.MENTEE))
    return to_mentee_profile_body(view)


@router.put("/me/mentorship/mentee-profile", summary="Set my profile as a mentee")
def set_mentee_profile(
    body: MenteeProfileRequest, session: WriteSession, principal: CurrentPrincipal
) -> MenteeProfileBody:
    """Anew as a whole."""
    about = body.to_about(is_remote_welcome=body.open_to_remote)
    profiles.set_mentee_profile(session, principal, about, body.to_wish(), now=clock.now())
    return my_mentee_profile(session, principal)


@router.put(
    "/me/mentorship/{side}-profile/pause", status_code=status.HTTP_204_NO_CONTENT, summary="Pause one of my profiles"
)
def pause_profile(side: MentorshipSide, body: PauseRequest, session: WriteSession, principal: CurrentPrincipal) -> None:
    profiles.pause_profile(session, principal, side=side, until=body.until, now=clock.now())


@router.delete(
    "/me/mentorship/{side}-profile", status_code=status.HTTP_204_NO_CONTENT, summary="Show my profile to nobody"
)
def withdraw_profile(side: MentorshipSide, session: WriteSession, principal: CurrentPrincipal) -> None:
    """Takes back the consent; mentorships that run go on."""
    profiles.withdraw_profile(session, principal, side=side, now=clock.now())


# Requests


@router.post("/mentorship/request", status_code=status.HTTP_201_CREATED, summary="Request mentorship")
def request_mentorship(body: MentorshipRequest, session: WriteSession, principal: CurrentPrincipal) -> MentorshipBody:
    """Ask a mentor, or offer oneself to a mentee; unanswered it expires after 14 days."""
    now = clock.now()
    if body.mentor_id is not None:
        made = mentors.request_mentor(
            session, principal, mentor_id=body.mentor_id, showing_id=body.showing_id, now=now, **body.plan()
        )
    elif body.mentee_id is not None:
        made = mentors.offer_to_mentee(session, principal, mentee_id=body.mentee_id, now=now, **body.plan())
    return _mentorship(session, principal, made.id)


@router.put("/mentorship/request/{mentorship_id}/accept", summary="Accept request")
def accept(mentorship_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> MentorshipBody:
    """The mentor's places are never exceeded: of two acceptances of the last one, one is told what to do."""
    requests.accept(session, principal, mentorship_id=mentorship_id, now=clock.now())
    return _mentorship(session, principal, mentorship_id)


@router.put("/mentorship/request/{mentorship_id}/decline", summary="Decline request")
def decline(
    mentorship_id: UUID, session: WriteSession, principal: CurrentPrincipal, body: DeclineRequest | None = None
) -> MentorshipBody:
    """Whoever was asked turns it down; the note is for the other side alone."""
    wish = body or DeclineRequest()
    requests.decline(
        session, principal, mentorship_id=mentorship_id, reason=wish.reason, note=wish.note, now=clock.now()
    )
    return _mentorship(session, principal, mentorship_id)


# My mentorships


@router.get("/me/mentorship", summary="My mentorship relationships")
def my_mentorships(
    session: ReadSession,
    principal: CurrentPrincipal,
    side: Annotated[MentorshipSide | None, Query(description="Only those in which I am this.")] = None,
) -> list[MentorshipBody]:
    """Latest request first."""
    return [to_mentorship_body(view) for view in listing.my_mentorships(session, principal, side=side)]


@router.get("/mentorship/{mentorship_id}", summary="One of my mentorships")
def mentorship_of(mentorship_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> MentorshipDetailBody:
    """With milestones, meetings, action items and feedback. Notes are the caller's own only."""
    return to_detail_body(listing.mentorship_of(session, principal, mentorship_id=mentorship_id))


@router.post(
    "/mentorship/{mentorship_id}/log-session", status_code=status.HTTP_201_CREATED, summary="Log mentoring session"
)
def log_session(
    mentorship_id: UUID, body: SessionRequest, session: WriteSession, principal: CurrentPrincipal
) -> SessionBody:
    """Either of the two, once for each meeting; the other adds notes and stars of her own."""
    mine, notes, rating = _own(session, principal, mentorship_id, body)
    meeting = sessions.log_session(
        session,
        principal,
        mentorship_id=mine,
        held_at=body.session_date,
        minutes=body.duration_minutes,
        meeting_format=body.format,
        location=body.location,
        topics=body.topics_discussed,
        skills_practiced=body.skills_practiced,
        resources_shared=body.resources_shared,
        notes=notes,
        rating=rating,
        action_items=[sessions.NewActionItem(item.assignee, item.task, item.due_date) for item in body.action_items],
        next_session_at=body.next_session_scheduled,
        now=clock.now(),
    )
    return _session(session, principal, mentorship_id, meeting.id)


@router.put("/mentorship/{mentorship_id}/sessions/{session_id}/mine", summary="My notes and stars of a meeting")
def add_to_session(
    mentorship_id: UUID, session_id: UUID, body: MySessionRequest, session: WriteSession, principal: CurrentPrincipal
) -> SessionBody:
    sessions.add_to_session(
        session, principal, session_id=session_id, notes=body.notes, rating=body.rating, now=clock.now()
    )
    return _session(session, principal, mentorship_id, session_id)


@router.put("/mentorship/{mentorship_id}/action-items/{action_item_id}", summary="Tick off an action item")
def complete_action(
    mentorship_id: UUID,
    action_item_id: UUID,
    session: WriteSession,
    principal: CurrentPrincipal,
    body: ActionItemRequest | None = None,
) -> ActionItemBody:
    is_done = True if body is None else body.is_done
    listing.mentorship_of(session, principal, mentorship_id=mentorship_id)
    item = sessions.complete_action(session, principal, action_item_id=action_item_id, is_done=is_done, now=clock.now())
    return ActionItemBody(
        action_item_id=item.id, assignee=item.assignee, task=item.task, due_date=item.due_on, done_at=item.done_at
    )


@router.put("/mentorship/{mentorship_id}/plan", summary="Change goals, length, end or the next meeting")
def change_plan(
    mentorship_id: UUID, body: PlanRequest, session: WriteSession, principal: CurrentPrincipal
) -> MentorshipBody:
    sessions.change_plan(
        session,
        principal,
        mentorship_id=mentorship_id,
        goals=body.goals,
        duration_months=body.duration_months,
        expected_end_on=body.expected_end_date,
        next_session_at=body.next_session_scheduled,
        now=clock.now(),
    )
    return _mentorship(session, principal, mentorship_id)


@router.put("/mentorship/{mentorship_id}/milestones", summary="Set the milestones ahead")
def set_milestones(
    mentorship_id: UUID, body: MilestonesRequest, session: WriteSession, principal: CurrentPrincipal
) -> list[MilestoneBody]:
    """Those reached stay."""
    made = sessions.set_milestones(
        session, principal, mentorship_id=mentorship_id, titles=body.milestones, now=clock.now()
    )
    return [
        MilestoneBody(milestone_id=milestone.id, title=milestone.title, reached_at=milestone.reached_at)
        for milestone in made
    ]


@router.post("/mentorship/{mentorship_id}/milestones/{milestone_id}/reach", summary="Note a milestone as reached")
def reach_milestone(
    mentorship_id: UUID, milestone_id: UUID, session: WriteSession, principal: CurrentPrincipal
) -> MilestoneBody:
    made = sessions.reach_milestone(
        session, principal, mentorship_id=mentorship_id, milestone_id=milestone_id, now=clock.now()
    )
    return MilestoneBody(milestone_id=made.id, title=made.title, reached_at=made.reached_at)


@router.post("/mentorship/{mentorship_id}/feedback", status_code=status.HTTP_201_CREATED, summary="Provide feedback")
def give_feedback(
    mentorship_id: UUID, body: FeedbackRequest, session: WriteSession, principal: CurrentPrincipal
) -> FeedbackBody:
    """Once it is over, once for each side. The comment is for the other side alone."""
    given = feedback.give_feedback(
        session, principal, mentorship_id=mentorship_id, rating=body.rating, comment=body.comment, now=clock.now()
    )
    return FeedbackBody.model_validate(given)


@router.post("/mentorship/{mentorship_id}/complete", summary="Complete mentorship")
def complete(mentorship_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> MentorshipBody:
    """Either of the two brings a running mentorship to its end; both may give feedback from then on."""
    requests.complete(session, principal, mentorship_id=mentorship_id, now=clock.now())
    return _mentorship(session, principal, mentorship_id)


@router.post("/mentorship/{mentorship_id}/cancel", summary="Take back a request or end a mentorship early")
def cancel(
    mentorship_id: UUID, session: WriteSession, principal: CurrentPrincipal, body: CancelRequest | None = None
) -> MentorshipBody:
    wish = body or CancelRequest()
    requests.cancel(
        session, principal, mentorship_id=mentorship_id, reason=wish.reason, note=wish.note, now=clock.now()
    )
    return _mentorship(session, principal, mentorship_id)


# An organization's programme


@router.get("/organizations/{organization_id}/mentorship/reach", summary="With whom our people may be matched")
def reach_of(organization_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> ReachBody:
    return ReachBody.model_validate(profiles.reach_of(session, principal, organization_id=organization_id))


@router.put("/organizations/{organization_id}/mentorship/reach", summary="Set with whom our people may be matched")
def set_reach(
    organization_id: UUID, body: ReachRequest, session: WriteSession, principal: CurrentPrincipal
) -> ReachBody:
    """Holds for what is found and asked from now on; mentorships that run go on."""
    profiles.set_reach(session, principal, organization_id=organization_id, reach=body.reach, now=clock.now())
    return reach_of(organization_id, session, principal)


@router.get("/organizations/{organization_id}/mentorship/cohort", summary="Compare ways to assign a cohort")
def compare_cohort(
    organization_id: UUID, session: ReadSession, context: Context, principal: CurrentPrincipal, response: Response
) -> CohortBody:
    """Greedy, optimal, evenly spread and stable, on total value, stability and spread."""
    response.headers.update(PRIVATE)
    return to_cohort_body(
        mentors.compare_cohort(session, context.settings, principal, organization_id, now=clock.now())
    )


@router.post(
    "/organizations/{organization_id}/mentorship/cohort/proposals",
    status_code=status.HTTP_201_CREATED,
    summary="Propose an assignment",
)
def propose_cohort(
    organization_id: UUID, body: ProposalRequest, session: WriteSession, context: Context, principal: CurrentPrincipal
) -> ProposalBody:
    """A request for each pair, which the mentor answers and the mentee may take back."""
    made = mentors.propose_cohort(
        session,
        context.settings,
        principal,
        organization_id,
        method=body.method,
        leave_out=body.leave_out,
        mentorship_type=body.mentorship_type,
        duration_months=body.duration_months,
        now=clock.now(),
    )
    return ProposalBody(
        requested_count=len(made.mentorships),
        refused=[
            RefusedPairBody(mentee_id=pair.mentee_id, mentor_id=pair.mentor_id, reason=reason)
            for pair, reason in made.refused
        ],
    )


def _mentorship(session: WriteSession, principal: Principal, mentorship_id: UUID) -> MentorshipBody:
    return to_mentorship_body(listing.mentorship_of(session, principal, mentorship_id=mentorship_id).mentorship)


def _session(session: WriteSession, principal: Principal, mentorship_id: UUID, session_id: UUID) -> SessionBody:
    detail = listing.mentorship_of(session, principal, mentorship_id=mentorship_id)
    for meeting in detail.sessions:
        if meeting.session_id == session_id:
            return to_session_body(meeting)
    raise NotFoundError("The mentorship has no meeting with this id. Reload to see those it has.")


def _own(
    session: WriteSession, principal: Principal, mentorship_id: UUID, body: SessionRequest
) -> tuple[UUID, str | None, int | None]:
    """The caller's own notes and stars; those of the other side are nobody's to write."""
    mine = listing.mentorship_of(session, principal, mentorship_id=mentorship_id).mentorship
    mentor, mentee = (body.mentor_notes, body.mentor_rating), (body.mentee_notes, body.mentee_rating)
    own, other = (mentor, mentee) if mine.my_side is MentorshipSide.MENTOR else (mentee, mentor)
    if other != (None, None):
        raise InvalidInputError(f"You are the {mine.my_side} here: leave out the notes and stars of the other side.")
    return mine.mentorship_id, *own
