"""Use cases of policies: register one, publish its versions, list those in effect.

What a changed policy does to evidence is in `recertification`, what it asks of lessons in `review_tasks`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.content import reading, rules
from operational_db.content.drafting import (
    free_code,
    required,
)
from operational_db.content.permissions import (
    is_visible,
    require_visible,
    require_work_on,
    visible_organizations,
)
from operational_db.content.recertification import end_outdated_evidence, to_change
from operational_db.content.repository import ContentRepository
from operational_db.content.review_tasks import flag_dependents
from operational_db.content.views import LessonListItem, PolicyView
from operational_db.errors import InvalidInputError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    PolicyVersionPublished,
)
from operational_db.tables.content import (
    LessonReview,
    Policy,
    PolicyVersion,
)


@dataclass(frozen=True)
class PolicyChangeReport:
    """What publishing a policy version set off."""

    policy_version: PolicyVersion
    flagged_lesson_ids: tuple[UUID, ...]
    reviews: tuple[LessonReview, ...]
    # First day on which former evidence no longer counts; None where neither scope nor controls changed.
    recertify_from: date | None
    ended_evidence_count: int


def create_policy(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    code: str,
    title: str,
    is_critical: bool = False,
    now: datetime,
) -> Policy:
    """Register a policy by its code; what it says comes with its versions. Without an organization, the platform's.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not change the organization's policies.
    InvalidInputError
        When code or title is empty.
    ConflictError
        When the code is taken.
    """
    repository = ContentRepository(session)
    require_work_on(repository, principal, Permission.CHANGE_POLICIES, organization_id)
    policy = Policy(
        organization_id=organization_id,
        code=free_code(repository, Policy, code, organization_id),
        title=required(title, "A policy needs a title."),
        is_critical=is_critical,
        created_at=now,
        updated_at=now,
    )
    session.add(policy)
    session.flush()
    return policy


def publish_policy_version(
    session: Session,
    principal: Principal,
    *,
    policy_id: UUID,
    version: str,
    summary: str,
    changes_scope: bool = False,
    changes_controls: bool = False,
    effective_on: date,
    now: datetime,
) -> PolicyChangeReport:
    """Publish a version of a policy; dependent lessons are flagged and get review tasks (seed, Change management).

    Where scope or controls change, evidence of lesson versions that teach the policy as it was ends on `effective_on`:
    until then it counts, from then on people re-certify with a version that teaches the new one. The first version of a
    policy changes nothing that anybody could have learned.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not change the policy.
    InvalidInputError
        When the version is no semantic version, the summary is empty, or the day lies in the past.
    ConflictError
        When the version does not come after the former ones.
    """
    repository = ContentRepository(session)
    policy = _policy_for_change(repository, principal, policy_id)
    former = repository.policy_versions([policy_id])[policy_id]
    rules.require_later(version, [row.version for row in former])
    if effective_on < now.date():
        raise InvalidInputError("A policy takes effect today or later. Choose another day.")
    row = PolicyVersion(
        policy_id=policy_id,
        version=version,
        summary=required(summary, "Say what the version holds or changes."),
        changes_scope=changes_scope and bool(former),
        changes_controls=changes_controls and bool(former),
        effective_on=effective_on,
        published_by=principal.actor_id,
        published_at=now,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    event = PolicyVersionPublished(
        subject_id=None,
        organization_id=policy.organization_id,
        occurred_at=now,
        policy_id=policy_id,
        policy_version=version,
        changes_scope=row.changes_scope,
        changes_controls=row.changes_controls,
        effective_on=effective_on,
    )
    append_events(session, [event], now=now)
    flagged, reviews = flag_dependents(session, repository, policy, row, now=now)
    change = to_change(row)
    ended = end_outdated_evidence(session, policy_id=policy_id, change=change, now=now)
    return PolicyChangeReport(
        policy_version=row,
        flagged_lesson_ids=flagged,
        reviews=reviews,
        recertify_from=effective_on if change.needs_recertification else None,
        ended_evidence_count=ended,
    )


def list_policies(session: Session, principal: Principal, *, on: date) -> list[PolicyView]:
    """The platform's policies and those of the principal's organizations, in the versions in effect on the day."""
    repository = ContentRepository(session)
    return reading.policy_views(repository, repository.policies(visible_organizations(principal)), on=on)


def lessons_teaching(session: Session, principal: Principal, *, policy_id: UUID) -> list[LessonListItem]:
    """Published lessons that teach the policy: what a new version of it flags and sends to review.

    Raises
    ------
    NotFoundError
        When there is no such policy, or it is another organization's.
    """
    repository = ContentRepository(session)
    policy = repository.policy(policy_id)
    require_visible(principal, policy.organization_id, no_policy())
    return [
        reading.lesson_item(lesson, version)
        for version, lesson, _ in repository.published_teaching(policy_id)
        if is_visible(principal, lesson.organization_id)
    ]


def no_policy() -> NotFoundError:
    return NotFoundError("There is no policy with this id. Look it up by its code.")


def _policy_for_change(repository: ContentRepository, principal: Principal, policy_id: UUID) -> Policy:
    policy = repository.policy(policy_id, lock=True)
    require_visible(principal, policy.organization_id, no_policy())
    require_work_on(repository, principal, Permission.CHANGE_POLICIES, policy.organization_id)
    return policy
