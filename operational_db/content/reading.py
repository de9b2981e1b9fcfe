"""Content as people read it: policies in effect, runbooks with their walkthroughs, features, lists of lessons."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from operational_db.content.body import LessonBody, text_in
from operational_db.content.readiness import readiness_of
from operational_db.content.repository import ContentRepository
from operational_db.content.rules import reading_seconds
from operational_db.content.views import (
    FeatureView,
    LessonListItem,
    PolicyView,
    ReleaseCheckView,
    ReviewView,
    RunbookStepView,
    RunbookView,
    VersionView,
)
from operational_db.tables.content import (
    Lesson,
    LessonReview,
    LessonVersion,
    Policy,
    PolicyVersion,
    ProtectedFeature,
    Runbook,
)


def policy_view(policy: Policy, versions: Sequence[PolicyVersion], *, on: date | None) -> PolicyView:
    """The policy in the version in effect on the day (the newest without a day); before the first, without one."""
    current = next((version for version in reversed(versions) if on is None or version.effective_on <= on), None)
    return PolicyView(
        id=policy.id,
        organization_id=policy.organization_id,
        code=policy.code,
        title=policy.title,
        is_critical=policy.is_critical,
        version=current.version if current else None,
        summary=current.summary if current else None,
        effective_on=current.effective_on if current else None,
    )


def policy_views(repository: ContentRepository, policies: Sequence[Policy], *, on: date | None) -> list[PolicyView]:
    versions = repository.policy_versions([policy.id for policy in policies])
    return [policy_view(policy, versions[policy.id], on=on) for policy in policies]


def runbook_views(repository: ContentRepository, runbooks: Sequence[Runbook]) -> list[RunbookView]:
    """Runbooks with the titles of the walkthroughs that their steps launch."""
    wanted = {
        UUID(step["walkthrough_lesson_id"])
        for runbook in runbooks
        for step in runbook.steps
        if step.get("walkthrough_lesson_id")
    }
    lessons = repository.lessons_by_id(wanted)
    views = []
    for runbook in runbooks:
        steps = []
        for step in runbook.steps:
            lesson_id = step.get("walkthrough_lesson_id")
            lesson = lessons.get(UUID(lesson_id)) if lesson_id else None
            steps.append(
                RunbookStepView(
                    title=step["title"],
                    text=step["text"],
                    walkthrough_lesson_id=lesson.id if lesson else None,
                    walkthrough_title=lesson.title if lesson else None,
                )
            )
        views.append(
            RunbookView(runbook.id, runbook.organization_id, runbook.code, runbook.title, runbook.url, tuple(steps))
        )
    return views


def lesson_item(lesson: Lesson, version: LessonVersion, locale: str | None = None) -> LessonListItem:
    return LessonListItem(
        id=lesson.id,
        organization_id=lesson.organization_id,
        code=lesson.code,
        title=title_of(lesson, version, locale),
        lesson_type=lesson.lesson_type,
        version_id=version.id,
        version=version.version,
        minutes=version.duration_minutes,
        scope_tags=tuple(version.scope_tags),
        locales=tuple(version.locales),
        course_id=lesson.course_id,
    )


def title_of(lesson: Lesson, version: LessonVersion, locale: str | None) -> str:
    titles = version.body.get("title")
    default = version.body.get("default_locale", "en")
    return text_in(titles, locale, default) if titles else lesson.title


def feature_view(
    repository: ContentRepository, feature: ProtectedFeature, *, on: date | None, locale: str | None = None
) -> FeatureView:
    """The panel of a feature; without a lesson while none is published."""
    policy = repository.policy(feature.policy_id)
    version = repository.published_version(feature.lesson_id) if feature.lesson_id else None
    lesson = repository.lesson(feature.lesson_id) if feature.lesson_id and version else None
    return FeatureView(
        id=feature.id,
        action=feature.action,
        title=feature.title,
        explanation=feature.explanation,
        example=feature.example,
        reading_seconds=reading_seconds(feature.explanation, feature.example),
        tip_bullets=tuple(feature.tip_bullets),
        policy=policy_views(repository, [policy], on=on)[0],
        runbook=runbook_views(repository, [repository.runbook(feature.runbook_id)])[0],
        lesson=lesson_item(lesson, version, locale) if lesson and version else None,
    )


def review_view(review: LessonReview, version: LessonVersion, lesson: Lesson) -> ReviewView:
    return ReviewView(
        id=review.id,
        lesson_id=lesson.id,
        lesson_title=lesson.title,
        lesson_version_id=version.id,
        version=version.version,
        area=review.area,
        reason=review.reason,
        locale=review.locale,
        policy_version_id=review.policy_version_id,
        requested_at=review.requested_at,
        outcome=review.outcome,
        reviewer_id=review.reviewer_id,
        comment=review.comment,
        decided_at=review.decided_at,
    )


def version_view(repository: ContentRepository, lesson: Lesson, version: LessonVersion) -> VersionView:
    """Everything about a version, for those who write and review it."""
    return VersionView(
        id=version.id,
        lesson_id=lesson.id,
        organization_id=lesson.organization_id,
        code=lesson.code,
        title=lesson.title,
        lesson_type=lesson.lesson_type,
        owner_id=lesson.owner_id,
        version=version.version,
        status=version.status,
        objective=version.objective,
        minutes=version.duration_minutes,
        pass_threshold=version.pass_threshold,
        body=version.body,
        scope_tags=tuple(version.scope_tags),
        locales=tuple(version.locales),
        expected_outcomes=tuple(version.expected_outcomes),
        telemetry_hooks=tuple(version.telemetry_hooks),
        refresh_months=version.refresh_months,
        refresh_due_on=version.refresh_due_on,
        recertify_from=version.recertify_from,
        rollout_plan=version.rollout_plan,
        fallback=version.fallback,
        created_by=version.created_by,
        published_at=version.published_at,
        policies={policy.code: taught for policy, taught in repository.policies_of(version.id)},
        runbook_codes=tuple(runbook.code for runbook in repository.runbooks_of(version.id)),
        reviews=tuple(review_view(review, version, lesson) for review in repository.reviews_of(version.id)),
        release_checks=tuple(
            ReleaseCheckView(check.release_check, check.evidence_id, tuple(check.targets), check.recorded_at)
            for check in repository.release_checks_of(version.id)
        ),
        readiness=readiness_of(repository, lesson, version),
    )


def stored_body(body: LessonBody) -> dict[str, object]:
    """The body as it is kept: plain JSON, without what was left out."""
    return body.model_dump(mode="json", exclude_defaults=True)
