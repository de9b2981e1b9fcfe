"""Use cases of reviews: decide one, ask for those that a refresh needs, list those that wait."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.content import reading, rules
from operational_db.content.opening import require_status, works_on
from operational_db.content.permissions import (
    require_visible,
    require_work_on,
    visible_organizations,
)
from operational_db.content.recertification import outdated_from
from operational_db.content.repository import ContentRepository
from operational_db.content.review_tasks import ask_for_reviews
from operational_db.content.views import ReviewView
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    ContentReviewed,
)
from operational_db.tables.content import (
    LessonReview,
    LessonVersion,
)
from operational_db.types import (
    LessonStatus,
    ReviewArea,
    ReviewOutcome,
    ReviewReason,
)


def decide_review(
    session: Session,
    principal: Principal,
    *,
    review_id: UUID,
    outcome: ReviewOutcome,
    comment: str = "",
    now: datetime,
) -> LessonReview:
    """Approve a version from one side, or ask for changes, which makes it a draft again. Said again, nothing changes.

    When every side that was asked to look at a published version again approves it, its next refresh is counted from
    that day.

    Raises
    ------
    NotFoundError
        When the task does not exist or belongs to another organization.
    NotAuthorizedError
        When the principal is no reviewer there, or wrote the version.
    InvalidInputError
        When changes are asked for without saying which.
    ConflictError
        When the task was decided otherwise, or its version has moved on.
    """
    repository = ContentRepository(session)
    review = repository.review(review_id)
    version, lesson = repository.version(review.lesson_version_id, lock=True)
    missing = NotFoundError("There is no review task with this id. Look at the list of open reviews.")
    require_visible(principal, lesson.organization_id, missing)
    require_work_on(repository, principal, Permission.REVIEW_LESSONS, lesson.organization_id)
    _require_another_person(principal, version)
    if review.outcome is not None:
        if review.outcome is outcome and review.reviewer_id == principal.actor_id:
            return review
        raise ConflictError(f"This task was decided already: {review.outcome.replace('_', ' ')}.")
    if outcome is ReviewOutcome.CHANGES_REQUESTED and not comment.strip():
        raise InvalidInputError("Say what is to be changed, so that the author can do it.")
    if review.reason is ReviewReason.PUBLICATION:
        require_status(version, LessonStatus.IN_REVIEW)
        if outcome is ReviewOutcome.CHANGES_REQUESTED:
            version.status = LessonStatus.DRAFT
            version.updated_at = now
    review.outcome = outcome
    review.reviewer_id = principal.actor_id
    review.comment = comment.strip()
    review.decided_at = now
    session.flush()
    if review.reason is not ReviewReason.PUBLICATION:
        _move_refresh(repository, version, now=now)
    event = ContentReviewed(
        subject_id=principal.actor_id,
        organization_id=lesson.organization_id,
        occurred_at=now,
        review_id=review.id,
        lesson_id=lesson.id,
        lesson_version=version.version,
        area=review.area,
        outcome=outcome,
    )
    append_events(session, [event], now=now)
    return review


def request_due_refreshes(session: Session, *, now: datetime) -> list[LessonReview]:
    """Ask for a look at every published version whose refresh is due (12 months, critical policies 6).

    Once each time it falls due: nobody is asked again while a look is open, after changes were asked for, or where a
    policy changed so that a new version is needed anyway.
    """
    repository = ContentRepository(session)
    repository.lock_refreshes()
    asked: list[LessonReview] = []
    for lesson, version in repository.published_lessons(None):
        if version.refresh_due_on is None or version.refresh_due_on > now.date():
            continue
        if _needs_work(repository, version):
            continue
        wanted: list[tuple[ReviewArea, str | None]] = [(ReviewArea.SECURITY_COMPLIANCE, None), (ReviewArea.UX, None)]
        asked += ask_for_reviews(session, lesson, version, wanted, ReviewReason.REFRESH, now=now)
    return asked


def _move_refresh(repository: ContentRepository, version: LessonVersion, *, now: datetime) -> None:
    if version.status is LessonStatus.PUBLISHED and not _needs_work(repository, version):
        version.refresh_due_on = rules.refresh_due_on(now.date(), version.refresh_months)
        version.updated_at = now


def _needs_work(repository: ContentRepository, version: LessonVersion) -> bool:
    """Whether a look at a published version is open or asked for changes, or what it teaches is no longer enough."""
    looks = [each for each in repository.reviews_of(version.id) if each.reason is not ReviewReason.PUBLICATION]
    is_approved = all(each.outcome is ReviewOutcome.APPROVED for each in looks)
    return not is_approved or outdated_from(repository, version.id) is not None


def list_open_reviews(session: Session, principal: Principal) -> list[ReviewView]:
    """Review tasks that nobody decided yet, of lessons the principal works on, oldest first."""
    repository = ContentRepository(session)
    return [
        reading.review_view(review, version, lesson)
        for review, version, lesson in repository.open_reviews(visible_organizations(principal))
        if works_on(repository, principal, lesson.organization_id)
    ]


def _require_another_person(principal: Principal, version: LessonVersion) -> None:
    if principal.actor_id is None or version.created_by == principal.actor_id:
        raise NotAuthorizedError("Somebody other than the author reviews a lesson. Ask a colleague.")
