"""Gathers what the ready-to-ship checklist asks about a version; the checklist itself is in `rules`."""

from operational_db.content import rules
from operational_db.content.body import LessonBody, parse_body
from operational_db.content.repository import ContentRepository
from operational_db.content.rules import ReadinessFacts, ReadinessLine
from operational_db.tables.content import Lesson, LessonReview, LessonVersion, Policy, Runbook
from operational_db.types import ReviewArea, ReviewReason


def readiness_of(repository: ContentRepository, lesson: Lesson, version: LessonVersion) -> tuple[ReadinessLine, ...]:
    """The checklist of a version as things stand."""
    return rules.readiness_lines(_facts(repository, lesson, version))


def gated_actions(repository: ContentRepository, lesson: Lesson, version: LessonVersion) -> frozenset[str]:
    """Actions whose gate names the lesson, asks for one of its scopes, or for a track it is on."""
    tracks = repository.track_keys_of(lesson.id)
    return frozenset(
        rule.action
        for rule in repository.open_gate_rules(lesson.organization_id)
        if rule.lesson_id == lesson.id
        or any(need.get("scope") in version.scope_tags or need.get("track") in tracks for need in rule.requirements)
    )


def _facts(repository: ContentRepository, lesson: Lesson, version: LessonVersion) -> ReadinessFacts:
    body = parse_body(lesson.lesson_type, version.body)
    policies = repository.policies_of(version.id)
    newest = repository.policy_versions([policy.id for policy, _ in policies])
    checks = repository.release_checks_of(version.id)
    with_validity = repository.scopes_with_validity(version.scope_tags, lesson.organization_id)
    return ReadinessFacts(
        lesson_type=lesson.lesson_type,
        version=version.version,
        body=body,
        duration_minutes=version.duration_minutes,
        pass_threshold=version.pass_threshold,
        scope_tags=version.scope_tags,
        locales=version.locales,
        expected_outcomes=version.expected_outcomes,
        telemetry_hooks=version.telemetry_hooks,
        refresh_months=version.refresh_months,
        rollout_plan=version.rollout_plan,
        fallback=version.fallback,
        # What the platform ships is owned by the platform.
        has_owner=lesson.owner_id is not None or lesson.organization_id is None,
        policies={
            policy.code: (taught, newest[policy.id][-1].version if newest[policy.id] else None, policy.is_critical)
            for policy, taught in policies
        },
        runbook_codes=[runbook.code for runbook in repository.runbooks_of(version.id)],
        broken_links=_broken_links(repository, lesson, body),
        scopes_without_validity=sorted(set(version.scope_tags) - with_validity),
        is_on_track=bool(repository.track_keys_of(lesson.id)),
        gated_actions=gated_actions(repository, lesson, version),
        approvals=_approvals(repository.reviews_of(version.id)),
        release_checks={check.release_check for check in checks},
        tested_addresses={target for check in checks for target in check.targets},
        # Whoever publishes here is named; what came with the product was put in place by its installation.
        is_shipped=lesson.organization_id is None and version.published_at is not None and version.published_by is None,
    )


def _approvals(reviews: list[LessonReview]) -> set[tuple[ReviewArea, str | None]]:
    """What was approved since the version was last handed in: an approval of an earlier draft is none of this one."""
    asked = [review for review in reviews if review.reason is ReviewReason.PUBLICATION]
    latest = max((review.requested_at for review in asked), default=None)
    return {
        (review.area, review.locale)
        for review in asked
        if review.requested_at == latest and review.outcome == "approved"
    }


def _broken_links(repository: ContentRepository, lesson: Lesson, body: LessonBody) -> set[str]:
    broken = {
        f"{kind}:{code}"
        for kind, _, code in (link.target.partition(":") for link in body.links if ":" in link.target)
        if kind in ("policy", "runbook", "lesson") and not _leads_somewhere(repository, lesson, kind, code)
    }
    defined = {definition.code for step in body.steps for definition in step.definitions}
    return broken | {
        code
        for code in defined
        if not _leads_somewhere(repository, lesson, "policy", code)
        and not _leads_somewhere(repository, lesson, "runbook", code)
    }


def _leads_somewhere(repository: ContentRepository, lesson: Lesson, kind: str, code: str) -> bool:
    organization_id = lesson.organization_id
    if kind == "policy":
        return repository.by_code(Policy, code, organization_id) is not None
    if kind == "runbook":
        return repository.by_code(Runbook, code, organization_id) is not None
    target = repository.by_code(Lesson, code, organization_id)
    return target is not None
