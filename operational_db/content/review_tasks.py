"""Review tasks as they come into being: at submission, at a due refresh, and when a policy changes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.content.repository import ContentRepository
from operational_db.ledger.append import append_events
from operational_db.ledger.events import ContentFlagged, ContentReviewRequested
from operational_db.tables.content import Lesson, LessonReview, LessonVersion, Policy, PolicyVersion
from operational_db.types import ReviewArea, ReviewReason


def flag_dependents(
    session: Session, repository: ContentRepository, policy: Policy, row: PolicyVersion, *, now: datetime
) -> tuple[tuple[UUID, ...], tuple[LessonReview, ...]]:
    """Flag every published lesson that teaches the policy, and ask for its review before the policy takes effect."""
    flagged: list[UUID] = []
    reviews: list[LessonReview] = []
    for version, lesson, _ in repository.published_teaching(policy.id):
        event = ContentFlagged(
            subject_id=None,
            organization_id=lesson.organization_id,
            occurred_at=now,
            lesson_id=lesson.id,
            lesson_version=version.version,
            policy_id=policy.id,
            policy_version=row.version,
        )
        append_events(session, [event], now=now)
        # Refresh "on policy change": the version must be looked at before the policy takes effect.
        if version.refresh_due_on is None or version.refresh_due_on > row.effective_on:
            version.refresh_due_on = row.effective_on
        wanted: list[tuple[ReviewArea, str | None]] = [(ReviewArea.SECURITY_COMPLIANCE, None), (ReviewArea.UX, None)]
        reviews += ask_for_reviews(
            session, lesson, version, wanted, ReviewReason.POLICY_CHANGE, policy_version=row, now=now
        )
        flagged.append(lesson.id)
    session.flush()
    return tuple(flagged), tuple(reviews)


def ask_for_reviews(
    session: Session,
    lesson: Lesson,
    version: LessonVersion,
    wanted: Sequence[tuple[ReviewArea, str | None]],
    reason: ReviewReason,
    *,
    policy_version: PolicyVersion | None = None,
    now: datetime,
) -> list[LessonReview]:
    """One open task for each side wanted, with its event."""
    reviews = [
        LessonReview(
            lesson_version_id=version.id,
            area=area,
            reason=reason,
            locale=locale,
            policy_version_id=policy_version.id if policy_version else None,
            requested_at=now,
        )
        for area, locale in wanted
    ]
    session.add_all(reviews)
    session.flush()
    events = [
        ContentReviewRequested(
            subject_id=None,
            organization_id=lesson.organization_id,
            occurred_at=now,
            review_id=review.id,
            lesson_id=lesson.id,
            lesson_version=version.version,
            area=review.area,
            reason=reason,
        )
        for review in reviews
    ]
    append_events(session, events, now=now)
    return reviews
