"""Content as pages show and change it: open reviews, unfinished versions, the checklist, review and publication."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_plural, to_words
from operational_db.content import publishing, reviewing, service
from operational_db.content.views import ReviewView, VersionView
from operational_db.database import read_only_session, unit_of_work
from operational_db.identity.rules import Principal
from operational_db.types import LessonStatus, LessonType, ReviewOutcome


@dataclass(frozen=True)
class Unfinished:
    """A draft, or a version in review."""

    version_id: UUID
    title: str
    lesson_type: LessonType
    version: str
    status: LessonStatus


@dataclass(frozen=True)
class Workbench:
    reviews: Sequence[ReviewView]
    unfinished: Sequence[Unfinished]


def workbench(engine: Engine, principal: Principal) -> Workbench:
    """What waits for the principal's work: reviews nobody decided, versions that have not shipped.

    Raises
    ------
    DomainError
        When the database is down.
    """
    with read_only_session(engine) as session:
        return Workbench(
            reviewing.list_open_reviews(session, principal),
            [
                Unfinished(version.id, lesson.title, lesson.lesson_type, version.version, version.status)
                for lesson, version in service.list_unfinished(session, principal)
            ],
        )


def version_of(engine: Engine, principal: Principal, *, version_id: UUID) -> VersionView:
    """A version with its checklist and reviews.

    Raises
    ------
    DomainError
        When there is none the principal may see, or the database is down.
    """
    with read_only_session(engine) as session:
        return service.version_view(session, principal, version_id=version_id)


def submit(engine: Engine, principal: Principal, *, version_id: UUID, now: datetime) -> Receipt:
    """Hand a draft in for review.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        reviews = service.submit_for_review(session, principal, version_id=version_id, now=now)
    return Receipt(f"Handed in: {to_plural(len(reviews), 'review was', 'reviews were')} asked for.", now, len(reviews))


def decide(
    engine: Engine, principal: Principal, *, review: ReviewView, outcome: ReviewOutcome, comment: str, now: datetime
) -> Receipt:
    """Decide a review.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        reviewing.decide_review(session, principal, review_id=review.id, outcome=outcome, comment=comment, now=now)
    said = "approved" if outcome is ReviewOutcome.APPROVED else "sent back with a comment"
    return Receipt(f"{to_words(review.area)} review of “{review.lesson_title}” {review.version}: {said}.", now, 1)


def publish(engine: Engine, principal: Principal, *, version_id: UUID, now: datetime) -> Receipt:
    """Ship a version whose checklist is complete.

    Raises
    ------
    DomainError
        When something is missing, naming it, or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        version = publishing.publish_version(session, principal, version_id=version_id, now=now)
        number = version.version
    return Receipt(f"Version {number} is published; learners meet it from now on.", now, 1)
