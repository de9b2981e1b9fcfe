"""Queries on mentorships and what belongs to them. Nothing here decides who may see what."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from operational_db.identity.repository import is_open_on
from operational_db.mentorship.profile_repository import has_ended
from operational_db.mentorship.views import FeedbackView, MentorshipView, MilestoneView
from operational_db.tables.identity import Membership, Person
from operational_db.tables.mentorship import (
    ActionItem,
    MentoringPolicy,
    MentoringSession,
    Mentorship,
    MentorshipFeedback,
    MentorshipMilestone,
    MentorShowing,
    ShownMentor,
)
from operational_db.types import MentoringReach, MentorshipSide, MentorshipStatus

OPEN = (MentorshipStatus.PENDING, MentorshipStatus.ACTIVE)


def asked_side(mentorship: Mentorship) -> MentorshipSide:
    """Who answers the request: the mentor, or the mentee when the mentor offered herself."""
    return MentorshipSide.MENTEE if mentorship.proposed_by_id == mentorship.mentor_id else MentorshipSide.MENTOR


def side_of(mentorship: Mentorship, person_id: UUID) -> MentorshipSide | None:
    if mentorship.mentor_id == person_id:
        return MentorshipSide.MENTOR
    return MentorshipSide.MENTEE if mentorship.mentee_id == person_id else None


class MentorshipRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def mentorship(self, mentorship_id: UUID, *, lock: bool = False) -> Mentorship | None:
        """The mentorship; locked and read afresh when asked."""
        statement = select(Mentorship).where(Mentorship.id == mentorship_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(statement)

    def open_between(self, mentor_id: UUID, mentee_id: UUID) -> Mentorship | None:
        """The requested or running mentorship of the two."""
        statement = select(Mentorship).where(
            Mentorship.mentor_id == mentor_id, Mentorship.mentee_id == mentee_id, Mentorship.status.in_(OPEN)
        )
        return self.session.scalar(statement)

    def is_former_pair(self, one_id: UUID, other_id: UUID) -> bool:
        """Whether the two had a mentorship that began and is over, whoever was the mentor."""
        between = _is_between(one_id, other_id)
        return self.session.scalar(select(Mentorship.id).where(between, has_ended()).limit(1)) is not None

    def came_to_nothing_at(self, one_id: UUID, other_id: UUID) -> datetime | None:
        """When the latest request between the two that never began was over, whoever was to be the mentor."""
        never_began = and_(Mentorship.started_at.is_(None), Mentorship.ended_at.is_not(None))
        statement = select(func.max(Mentorship.ended_at)).where(_is_between(one_id, other_id), never_began)
        return self.session.scalar(statement)

    def is_within_reach(self, one_id: UUID, other_id: UUID, *, on: date) -> bool:
        """Whether every organization of both lets the two be matched."""
        statement = (
            select(Membership.person_id, Membership.organization_id, MentoringPolicy.reach)
            .outerjoin(MentoringPolicy, MentoringPolicy.organization_id == Membership.organization_id)
            .where(Membership.person_id.in_((one_id, other_id)), is_open_on(on))
        )
        rows = self.session.execute(statement).all()
        held = {(person_id, organization_id) for person_id, organization_id, _ in rows}
        for person_id, organization_id, reach in rows:
            other = other_id if person_id == one_id else one_id
            if reach is MentoringReach.NOBODY:
                return False
            if reach is MentoringReach.OWN_PEOPLE and (other, organization_id) not in held:
                return False
        return True

    def showing_with(self, mentee_id: UUID, mentor_id: UUID, *, since: datetime) -> tuple[UUID, ShownMentor] | None:
        """The latest list since then that showed the mentor to the mentee, with her place in it."""
        statement = (
            select(ShownMentor)
            .join(MentorShowing, MentorShowing.id == ShownMentor.showing_id)
            .where(
                MentorShowing.mentee_id == mentee_id,
                ShownMentor.mentor_id == mentor_id,
                MentorShowing.shown_at >= since,
            )
            .order_by(MentorShowing.shown_at.desc())
            .limit(1)
        )
        shown = self.session.scalar(statement)
        return None if shown is None else (shown.showing_id, shown)

    def place_in_showing(self, showing_id: UUID, mentee_id: UUID, mentor_id: UUID) -> ShownMentor | None:
        """The mentor's place in a list that was shown to this very mentee."""
        statement = (
            select(ShownMentor)
            .join(MentorShowing, MentorShowing.id == ShownMentor.showing_id)
            .where(
                ShownMentor.showing_id == showing_id,
                ShownMentor.mentor_id == mentor_id,
                MentorShowing.mentee_id == mentee_id,
            )
        )
        return self.session.scalar(statement)

    def overdue_requests(self, *, now: datetime, limit: int) -> Sequence[Mentorship]:
        """Requests whose time is up, locked; those somebody answers at this moment are left out."""
        statement = (
            select(Mentorship)
            .where(Mentorship.status == MentorshipStatus.PENDING, Mentorship.expires_at <= now)
            .order_by(Mentorship.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return self.session.scalars(statement).all()

    # What belongs to one mentorship

    def milestones(self, mentorship_id: UUID) -> Sequence[MentorshipMilestone]:
        statement = select(MentorshipMilestone).where(MentorshipMilestone.mentorship_id == mentorship_id)
        return self.session.scalars(statement.order_by(MentorshipMilestone.position)).all()

    def milestone(self, mentorship_id: UUID, milestone_id: UUID) -> MentorshipMilestone | None:
        statement = select(MentorshipMilestone).where(
            MentorshipMilestone.id == milestone_id, MentorshipMilestone.mentorship_id == mentorship_id
        )
        return self.session.scalar(statement.with_for_update().execution_options(populate_existing=True))

    def sessions(self, mentorship_id: UUID) -> Sequence[MentoringSession]:
        """Latest first."""
        statement = select(MentoringSession).where(MentoringSession.mentorship_id == mentorship_id)
        return self.session.scalars(statement.order_by(MentoringSession.held_at.desc(), MentoringSession.id)).all()

    def session_of(self, session_id: UUID) -> MentoringSession | None:
        statement = select(MentoringSession).where(MentoringSession.id == session_id)
        return self.session.scalar(statement.with_for_update().execution_options(populate_existing=True))

    def session_held_at(self, mentorship_id: UUID, held_at: datetime) -> MentoringSession | None:
        statement = select(MentoringSession).where(
            MentoringSession.mentorship_id == mentorship_id, MentoringSession.held_at == held_at
        )
        return self.session.scalar(statement)

    def action_items(self, session_ids: Sequence[UUID]) -> Sequence[ActionItem]:
        """By meeting, in the order in which they were written down."""
        statement = select(ActionItem).where(ActionItem.session_id.in_(session_ids))
        return self.session.scalars(statement.order_by(ActionItem.session_id, ActionItem.id)).all()

    def action_item(self, action_item_id: UUID) -> tuple[ActionItem, UUID] | None:
        """The item, locked, with the mentorship it belongs to."""
        statement = (
            select(ActionItem, MentoringSession.mentorship_id)
            .join(MentoringSession, MentoringSession.id == ActionItem.session_id)
            .where(ActionItem.id == action_item_id)
            .with_for_update(of=ActionItem)
            .execution_options(populate_existing=True)
        )
        row = self.session.execute(statement).one_or_none()
        return None if row is None else (row[0], row[1])

    def feedback(self, mentorship_id: UUID) -> Sequence[MentorshipFeedback]:
        return self.session.scalars(
            select(MentorshipFeedback).where(MentorshipFeedback.mentorship_id == mentorship_id)
        ).all()

    # Lists

    def of_person(self, person_id: UUID) -> list[MentorshipView]:
        """Every mentorship the person is or was part of, latest request first."""
        return self._views(or_(Mentorship.mentor_id == person_id, Mentorship.mentee_id == person_id), person_id)

    def view(self, mentorship_id: UUID, person_id: UUID) -> MentorshipView:
        return self._views(Mentorship.id == mentorship_id, person_id)[0]

    def _views(self, wanted: ColumnElement[bool], person_id: UUID) -> list[MentorshipView]:
        mentor, mentee = aliased(Person), aliased(Person)
        held = (
            select(func.count().label("count"), func.coalesce(func.sum(MentoringSession.minutes), 0).label("minutes"))
            .where(MentoringSession.mentorship_id == Mentorship.id)
            .lateral()
        )
        to_do = (
            select(func.count())
            .select_from(ActionItem)
            .join(MentoringSession, MentoringSession.id == ActionItem.session_id)
            .where(MentoringSession.mentorship_id == Mentorship.id, ActionItem.done_at.is_(None))
            .scalar_subquery()
        )
        my_side = case(
            (Mentorship.mentor_id == person_id, MentorshipSide.MENTOR.value), else_=MentorshipSide.MENTEE.value
        )
        rating = (
            select(MentorshipFeedback.rating)
            .where(
                MentorshipFeedback.mentorship_id == Mentorship.id,
                MentorshipFeedback.side == my_side,
                or_(Mentorship.mentor_id == person_id, Mentorship.mentee_id == person_id),
            )
            .scalar_subquery()
        )
        rank = (
            select(ShownMentor.rank)
            .where(ShownMentor.showing_id == Mentorship.showing_id, ShownMentor.mentor_id == Mentorship.mentor_id)
            .scalar_subquery()
        )
        statement = (
            select(
                Mentorship, mentor.display_name, mentee.display_name, held.c.count, held.c.minutes, rating, to_do, rank
            )
            .join(mentor, mentor.id == Mentorship.mentor_id)
            .join(mentee, mentee.id == Mentorship.mentee_id)
            .join(held, onclause=true())
            .where(wanted)
            .order_by(Mentorship.requested_at.desc(), Mentorship.id)
        )
        views = [_to_view(person_id, row) for row in self.session.execute(statement)]
        return self._with_milestones(views)

    def _with_milestones(self, views: list[MentorshipView]) -> list[MentorshipView]:
        statement = (
            select(MentorshipMilestone)
            .where(MentorshipMilestone.mentorship_id.in_([view.mentorship_id for view in views]))
            .order_by(MentorshipMilestone.position)
        )
        done: dict[UUID, list[str]] = {}
        to_do: dict[UUID, list[str]] = {}
        for milestone in self.session.scalars(statement):
            group = to_do if milestone.reached_at is None else done
            group.setdefault(milestone.mentorship_id, []).append(milestone.title)
        return [
            replace(
                view,
                milestones_completed=done.get(view.mentorship_id, ()),
                milestones_remaining=to_do.get(view.mentorship_id, ()),
            )
            for view in views
        ]


def _is_between(one_id: UUID, other_id: UUID) -> ColumnElement[bool]:
    return or_(
        and_(Mentorship.mentor_id == one_id, Mentorship.mentee_id == other_id),
        and_(Mentorship.mentor_id == other_id, Mentorship.mentee_id == one_id),
    )


def _to_view(person_id: UUID, row: Row[*tuple[Any, ...]]) -> MentorshipView:
    mentorship: Mentorship = row[0]
    mentor_name, mentee_name, session_count, session_minutes, my_rating, open_action_count, shown_rank = row[1:]
    return MentorshipView(
        mentorship_id=mentorship.id,
        mentor_id=mentorship.mentor_id,
        mentor_name=mentor_name,
        mentee_id=mentorship.mentee_id,
        mentee_name=mentee_name,
        my_side=side_of(mentorship, person_id),
        mentorship_type=mentorship.mentorship_type,
        status=mentorship.status,
        goals=mentorship.goals,
        duration_months=mentorship.duration_months,
        message=mentorship.message,
        requested_at=mentorship.requested_at,
        expires_at=mentorship.expires_at,
        answered_at=mentorship.answered_at,
        asked_side=asked_side(mentorship),
        proposed_by_id=mentorship.proposed_by_id,
        decline_reason=mentorship.decline_reason,
        decline_note=mentorship.decline_note,
        started_at=mentorship.started_at,
        expected_end_on=mentorship.expected_end_on,
        next_session_at=mentorship.next_session_at,
        ended_at=mentorship.ended_at,
        end_reason=mentorship.end_reason,
        end_note=mentorship.end_note,
        session_count=session_count,
        session_minutes=int(session_minutes),
        my_rating=my_rating,
        open_action_count=open_action_count,
        shown_rank=shown_rank,
    )


def to_milestone_view(milestone: MentorshipMilestone) -> MilestoneView:
    return MilestoneView(milestone.id, milestone.title, milestone.reached_at)


def to_feedback_view(feedback: MentorshipFeedback) -> FeedbackView:
    return FeedbackView(feedback.side, feedback.rating, feedback.comment, feedback.given_at)
