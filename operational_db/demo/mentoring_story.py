"""What two people of the demo do in a mentorship once it was accepted: sessions, milestones, feedback, how it ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from operational_db.demo.batch import Batch
from operational_db.demo.chance import Chance
from operational_db.ledger.events import (
    Event,
    MentorshipCancelled,
    MentorshipCompleted,
    MentorshipMilestoneReached,
    MentorshipRated,
    MentorshipSessionLogged,
)
from operational_db.tables.mentorship import ActionItem, MentoringSession, MentorshipFeedback, MentorshipMilestone
from operational_db.types import EarlyEndReason, MeetingFormat, MentorshipSide

MILESTONES = (
    "First job planned together",
    "One fault found alone",
    "Theory of the exam gone through",
    "A day on the route without help",
    "Talk with the supervisor about the next step",
)
TOPICS = (
    "Door faults", "Reading a wiring diagram", "Planning the week", "Exam questions", "Working at height",
    "Talking to tenants", "Measuring insulation", "Handing over a job", "Career next steps",
)  # fmt: skip
PRACTISED = ("Fault finding", "Measuring", "Report writing", "Rigging", "Commissioning")
RESOURCES = ("Manufacturer's manual", "Own notes", "Photo series", "Code extract")
MENTOR_NOTES = (
    "Asks good questions.",
    "Needs more practice with measurements.",
    "Ready for the next step.",
    None,
    None,
)
MENTEE_NOTES = ("Ask again about the relay logic.", "Try it alone next week.", None, None)
TASKS = ("Draw the circuit from memory", "Write down three faults of the week", "Book the exam", "Bring photos")
PRAISE = ("Took the time it needed.", "I learned to look before I measure.", "Clear and patient.", "")
COMPLAINTS = ("We hardly ever found a time.", "Not what I was looking for.", "It petered out.", "")
SESSION_EVERY_DAYS = (12, 38)
EARLY_ENDS = (
    EarlyEndReason.NO_TIME, EarlyEndReason.NOT_A_FIT, EarlyEndReason.GOALS_CHANGED, EarlyEndReason.MOVED_ON,
    EarlyEndReason.UNREACHABLE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MentorshipIds:
    """Whom a mentorship is between, as every one of its events says it."""

    mentee_id: UUID
    organization_id: UUID
    mentorship_id: UUID
    mentor_id: UUID

    def event(self, kind: Callable[..., Event], at: datetime, **more: object) -> Event:
        return kind(
            subject_id=self.mentee_id,
            organization_id=self.organization_id,
            occurred_at=at,
            mentorship_id=self.mentorship_id,
            mentor_id=self.mentor_id,
            **more,
        )

    def own_event(self, kind: Callable[..., Event], at: datetime, **more: object) -> Event:
        """Of the kinds that name the mentorship only."""
        return kind(
            subject_id=self.mentee_id,
            organization_id=self.organization_id,
            occurred_at=at,
            mentorship_id=self.mentorship_id,
            **more,
        )


@dataclass(frozen=True, slots=True)
class Course:
    """How an accepted mentorship goes: when it starts and ends, whether it is completed, what both make of it."""

    started_at: datetime
    ends_at: datetime
    is_completed: bool
    mentee_rating: int
    mentor_rating: int
    formats: tuple[MeetingFormat, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """Why it ended early, when it did, and the mentee's stars for the whole, when she gave any."""

    reason: EarlyEndReason | None = None
    rating: int | None = None


class StoryTeller:
    """Writes an accepted mentorship up to `now`; what would come later is left open."""

    def __init__(self, chance: Chance, batch: Batch, now: datetime) -> None:
        self.chance = chance
        self.batch = batch
        self.now = now

    def tell(self, ids: MentorshipIds, course: Course) -> Ending:
        """Everything between acceptance and end."""
        self._meet(ids, course)
        self._reach_milestones(ids, course)
        if course.ends_at >= self.now:
            return Ending()
        if course.is_completed:
            self.batch.events.append(ids.event(MentorshipCompleted, course.ends_at))
            return Ending(rating=self._rate(ids, course))
        reason = self.chance.choice(EARLY_ENDS)
        side = self.chance.choice(tuple(MentorshipSide))
        ended = ids.event(MentorshipCancelled, course.ends_at, end_reason=reason, ended_by=side)
        self.batch.events.append(ended)
        return Ending(reason, self._rate(ids, course) if self.chance.happens(0.6) else None)

    def _meet(self, ids: MentorshipIds, course: Course) -> None:
        chance = self.chance
        day = course.started_at.date() + timedelta(days=chance.randrange(2, 14))
        last = min(course.ends_at, self.now)
        while (held_at := chance.after_lunch(day)) < last:
            if held_at > course.started_at:
                self._session(ids, course, held_at)
            day += timedelta(days=chance.randrange(*SESSION_EVERY_DAYS))

    def _session(self, ids: MentorshipIds, course: Course, held_at: datetime) -> None:
        chance = self.chance
        session_id = chance.new_id(held_at)
        minutes = chance.choice((20, 30, 30, 45, 60, 60, 90))
        meeting_format = chance.choice(course.formats)
        # Logged when it was over, as long as that has come.
        logged_at = held_at + timedelta(minutes=minutes)
        if logged_at >= self.now or logged_at >= course.ends_at:
            return
        rating = self._near(course.mentee_rating) if chance.happens(0.45) else None
        self.batch.add(
            MentoringSession,
            session_id,
            ids.mentorship_id,
            held_at,
            minutes,
            meeting_format,
            chance.some(TOPICS, chance.randrange(1, 3)),
            chance.some(PRACTISED, chance.randrange(2)),
            chance.some(RESOURCES, chance.randrange(2)),
            chance.choice(MENTOR_NOTES),
            chance.choice(MENTEE_NOTES),
            rating,
            self._near(course.mentor_rating) if rating is not None and chance.happens(0.4) else None,
            ids.mentee_id if chance.happens(0.5) else ids.mentor_id,
            logged_at,
        )
        self.batch.events.append(
            ids.own_event(
                MentorshipSessionLogged,
                logged_at,
                session_id=session_id,
                held_on=held_at.date(),
                minutes=minutes,
                meeting_format=meeting_format,
            )
        )
        if rating is not None:
            self.batch.events.append(
                ids.own_event(
                    MentorshipRated, logged_at, side=MentorshipSide.MENTEE, rating=rating, session_id=session_id
                )
            )
        if chance.happens(0.3):
            self._agree(session_id, logged_at)

    def _near(self, rating: int) -> int:
        return max(1, min(5, rating + self.chance.choice((-1, 0, 0, 0, 1))))

    def _agree(self, session_id: UUID, at: datetime) -> None:
        """Something one of the two does until they meet again."""
        chance = self.chance
        due_on = at.date() + timedelta(days=chance.randrange(5, 30))
        done_at = at + timedelta(days=chance.randrange(1, 25)) if chance.happens(0.7) else None
        side = chance.choice((MentorshipSide.MENTEE, MentorshipSide.MENTEE, MentorshipSide.MENTOR))
        is_done = done_at is not None and done_at < self.now
        self.batch.add(
            ActionItem, chance.new_id(at), session_id, side, chance.choice(TASKS), due_on, done_at if is_done else None
        )

    def _reach_milestones(self, ids: MentorshipIds, course: Course) -> None:
        chance = self.chance
        titles = chance.some(MILESTONES, chance.randrange(2, 4))
        span = course.ends_at - course.started_at
        for position, title in enumerate(titles):
            milestone_id = chance.new_id(course.started_at)
            at = course.started_at + span * ((position + 0.4 + 0.5 * chance.random()) / len(titles))
            is_reached = at < self.now and chance.happens(0.95 if course.is_completed else 0.35)
            reached_at = at if is_reached else None
            self.batch.add(
                MentorshipMilestone, milestone_id, ids.mentorship_id, position + 1, title, reached_at, course.started_at
            )
            if is_reached:
                self.batch.events.append(ids.own_event(MentorshipMilestoneReached, at, milestone_id=milestone_id))

    def _rate(self, ids: MentorshipIds, course: Course) -> int | None:
        """Both give feedback within the hour it ended, the mentee nearly always; her stars."""
        given: int | None = None
        for side, rating, share in (
            (MentorshipSide.MENTEE, course.mentee_rating, 0.95),
            (MentorshipSide.MENTOR, course.mentor_rating, 0.8),
        ):
            given_at = course.ends_at + timedelta(minutes=self.chance.randrange(1, 55))
            if given_at >= self.now or not self.chance.happens(share):
                continue
            comment = self.chance.choice(PRAISE if rating >= 4 else COMPLAINTS)
            self.batch.add(
                MentorshipFeedback, self.chance.new_id(given_at), ids.mentorship_id, side, rating, comment, given_at
            )
            self.batch.events.append(ids.own_event(MentorshipRated, given_at, side=side, rating=rating))
            if side is MentorshipSide.MENTEE:
                given = rating
        return given
