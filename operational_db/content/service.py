"""Use cases of content: policies, runbooks, protected features, lessons with their versions, reviews and publication.

Taking a lesson is `assessment`, the checklist is in `rules` and `readiness`, what a changed policy does to evidence in
`recertification`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from operational_db.content import reading, rules
from operational_db.content.body import parse_body
from operational_db.content.drafting import (
    VersionFields,
    coded,
    free_code,
    required,
    set_default_refresh,
    tie_to_policies,
    write_draft,
)
from operational_db.content.permissions import (
    is_visible,
    require_visible,
    require_work_on,
    require_working,
    visible_organizations,
)
from operational_db.content.readiness import gated_actions, readiness_of
from operational_db.content.recertification import end_outdated_evidence, recertify_from, to_change
from operational_db.content.repository import ContentRepository, no_version
from operational_db.content.review_tasks import ask_for_reviews, flag_dependents
from operational_db.content.rules import ReadinessLine, VersionChange
from operational_db.content.views import FeatureView, LessonListItem, PolicyView, ReviewView, RunbookView, VersionView
from operational_db.errors import ConflictError, InvalidInputError, NotAuthorizedError, NotFoundError
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    ContentPublished,
    ContentRetired,
    ContentReviewed,
    PolicyVersionPublished,
)
from operational_db.tables.content import (
    Lesson,
    LessonReleaseCheck,
    LessonReview,
    LessonVersion,
    Policy,
    PolicyVersion,
    ProtectedFeature,
    Runbook,
)
from operational_db.types import (
    GateMode,
    LessonStatus,
    LessonType,
    ReleaseCheck,
    ReviewArea,
    ReviewOutcome,
    ReviewReason,
)


class RunbookStep(TypedDict, total=False):
    """`walkthrough_lesson_id` launches a walkthrough from the step."""

    title: str
    text: str
    walkthrough_lesson_id: UUID | None


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


def create_runbook(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    code: str,
    title: str,
    steps: Sequence[RunbookStep],
    url: str | None = None,
    now: datetime,
) -> Runbook:
    """Register a runbook with its steps, some of which launch a walkthrough.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not change the organization's policies, or a walkthrough does not exist.
    InvalidInputError
        When code, title or a step is empty, or the address is no https address.
    ConflictError
        When the code is taken, or a step launches a lesson that is no walkthrough.
    """
    repository = ContentRepository(session)
    require_work_on(repository, principal, Permission.CHANGE_POLICIES, organization_id)
    if not steps:
        raise InvalidInputError("A runbook needs at least one step.")
    if url is not None and not url.startswith("https://"):
        raise InvalidInputError("The runbook's address starts with https://.")
    runbook = Runbook(
        organization_id=organization_id,
        code=free_code(repository, Runbook, code, organization_id),
        title=required(title, "A runbook needs a title."),
        url=url,
        steps=[_stored_step(repository, principal, step) for step in steps],
        created_at=now,
        updated_at=now,
    )
    session.add(runbook)
    session.flush()
    return runbook


def set_feature(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    action: str,
    title: str,
    explanation: str,
    tip_bullets: Sequence[str],
    policy_code: str,
    runbook_code: str,
    example: str = "",
    lesson_code: str | None = None,
    now: datetime,
) -> ProtectedFeature:
    """Tie a risky feature to its policy, runbook, tip and micro-lesson; said again, it replaces what was said.

    A changed description makes the tip appear again for those who had dismissed it.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not change the organization's policies, or a code stands for nothing.
    InvalidInputError
        When the explanation is not read in 30 to 60 seconds or the tip has not 2 or 3 bullets.
    """
    repository = ContentRepository(session)
    require_work_on(repository, principal, Permission.CHANGE_POLICIES, organization_id)
    rules.require_explanation(explanation, example)
    bullets = [bullet.strip() for bullet in tip_bullets if bullet.strip()]
    if not 2 <= len(bullets) <= 3:
        raise InvalidInputError("A tip has two or three bullets.")
    values: dict[str, object] = {
        "title": required(title, "A feature needs a title."),
        "explanation": explanation.strip(),
        "example": example.strip(),
        "tip_bullets": bullets,
        "policy_id": coded(repository, Policy, policy_code, organization_id).id,
        "runbook_id": coded(repository, Runbook, runbook_code, organization_id).id,
        "lesson_id": coded(repository, Lesson, lesson_code, organization_id).id if lesson_code else None,
    }
    feature = repository.own_feature(required(action, "A feature needs its action's name."), organization_id)
    if feature is None:
        feature = ProtectedFeature(organization_id=organization_id, action=action.strip(), created_at=now, **values)
        feature.updated_at = now
        session.add(feature)
    elif any(getattr(feature, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(feature, name, value)
        feature.updated_at = now
    session.flush()
    return feature


def create_lesson(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    code: str,
    title: str,
    lesson_type: LessonType,
    owner_id: UUID | None = None,
    course_id: UUID | None = None,
    now: datetime,
) -> Lesson:
    """Register a lesson; its content comes with its versions. Its author owns it unless somebody else is named.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not author the organization's lessons, or the course does not exist.
    InvalidInputError
        When a lesson of the type course names none, or another type names one.
    ConflictError
        When the code is taken.
    """
    repository = ContentRepository(session)
    require_work_on(repository, principal, Permission.AUTHOR_LESSONS, organization_id)
    if (lesson_type is LessonType.COURSE) != (course_id is not None):
        raise InvalidInputError("A lesson of the type course names a course of the catalogue; no other type does.")
    if course_id is not None:
        repository.course(course_id)
    lesson = Lesson(
        organization_id=organization_id,
        code=free_code(repository, Lesson, code, organization_id),
        title=required(title, "A lesson needs a title."),
        lesson_type=lesson_type,
        owner_id=owner_id or principal.actor_id,
        course_id=course_id,
        created_at=now,
        updated_at=now,
    )
    session.add(lesson)
    session.flush()
    return lesson


def draft_version(
    session: Session,
    principal: Principal,
    *,
    lesson_id: UUID,
    body: Mapping[str, Any],
    duration_minutes: Decimal,
    change: VersionChange = VersionChange.MINOR,
    now: datetime,
    **fields: Unpack[VersionFields],
) -> LessonVersion:
    """Draft the next version of a lesson; a lesson has one draft at a time.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not author the lesson, or a policy or runbook code stands for nothing.
    InvalidInputError
        When the body is not well formed, naming every place, or a number is out of range.
    ConflictError
        When a draft or a version in review is there already.
    """
    repository = ContentRepository(session)
    lesson = _lesson_for(repository, principal, Permission.AUTHOR_LESSONS, lesson_id)
    versions = repository.versions_of(lesson_id)
    open_version = next((v for v in versions if v.status in (LessonStatus.DRAFT, LessonStatus.IN_REVIEW)), None)
    if open_version is not None:
        raise ConflictError(
            f"Version {open_version.version} is not finished yet. Revise it instead of drafting another.",
            details={"version_id": str(open_version.id)},
        )
    version = LessonVersion(
        lesson_id=lesson_id,
        version=rules.next_version(versions[0].version if versions else None, change),
        status=LessonStatus.DRAFT,
        body={},
        duration_minutes=duration_minutes,
        created_by=principal.actor_id,
        created_at=now,
    )
    write_draft(repository, lesson, version, parse_body(lesson.lesson_type, body), duration_minutes, fields, now=now)
    session.add(version)
    session.flush()
    tie_to_policies(session, repository, lesson, version, fields)
    set_default_refresh(repository, version, fields)
    session.flush()
    return version


def import_lesson(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    code: str,
    title: str,
    lesson_type: LessonType,
    body: Mapping[str, Any],
    duration_minutes: Decimal,
    now: datetime,
    **fields: Unpack[VersionFields],
) -> LessonVersion:
    """Draft the next version of the lesson with this code, or the first one of a new lesson.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
        As `create_lesson` and `draft_version`.
    ConflictError
        When the lesson is of another type, or a draft of it is there already.
    """
    repository = ContentRepository(session)
    require_work_on(repository, principal, Permission.AUTHOR_LESSONS, organization_id)
    lesson = repository.by_code(Lesson, code.strip().upper(), organization_id)
    if lesson is None or lesson.organization_id != organization_id:
        lesson = create_lesson(
            session,
            principal,
            organization_id=organization_id,
            code=code,
            title=title,
            lesson_type=lesson_type,
            now=now,
        )
    elif lesson.lesson_type is not lesson_type:
        raise ConflictError(f"{lesson.code} is a {lesson.lesson_type.replace('_', ' ')}. Choose another code.")
    return draft_version(
        session, principal, lesson_id=lesson.id, body=body, duration_minutes=duration_minutes, now=now, **fields
    )


def revise_version(
    session: Session,
    principal: Principal,
    *,
    version_id: UUID,
    body: Mapping[str, Any],
    duration_minutes: Decimal,
    now: datetime,
    **fields: Unpack[VersionFields],
) -> LessonVersion:
    """Replace what a draft says; fields that are left out keep their values, policies move to their newest version.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
        As `draft_version`.
    ConflictError
        When the version is in review or beyond.
    """
    repository = ContentRepository(session)
    version, lesson = _version_for(repository, principal, Permission.AUTHOR_LESSONS, version_id)
    _require_status(version, LessonStatus.DRAFT)
    write_draft(repository, lesson, version, parse_body(lesson.lesson_type, body), duration_minutes, fields, now=now)
    if "policy_codes" not in fields:
        fields["policy_codes"] = [policy.code for policy, _ in repository.policies_of(version_id)]
    if "runbook_codes" not in fields:
        fields["runbook_codes"] = [runbook.code for runbook in repository.runbooks_of(version_id)]
    tie_to_policies(session, repository, lesson, version, fields)
    set_default_refresh(repository, version, fields)
    session.flush()
    return version


def submit_for_review(session: Session, principal: Principal, *, version_id: UUID, now: datetime) -> list[LessonReview]:
    """Hand a draft in: one task for security and compliance, one for UX, one for each further language.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not author the lesson.
    ConflictError
        When the version is no draft.
    """
    repository = ContentRepository(session)
    version, lesson = _version_for(repository, principal, Permission.AUTHOR_LESSONS, version_id)
    _require_status(version, LessonStatus.DRAFT)
    default = parse_body(lesson.lesson_type, version.body).default_locale
    wanted: list[tuple[ReviewArea, str | None]] = [(ReviewArea.SECURITY_COMPLIANCE, None), (ReviewArea.UX, None)]
    wanted += [(ReviewArea.LOCALIZATION, locale) for locale in version.locales if locale != default]
    version.status = LessonStatus.IN_REVIEW
    version.updated_at = now
    return ask_for_reviews(session, lesson, version, wanted, ReviewReason.PUBLICATION, now=now)


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
        _require_status(version, LessonStatus.IN_REVIEW)
        if outcome is ReviewOutcome.CHANGES_REQUESTED:
            version.status = LessonStatus.DRAFT
            version.updated_at = now
    review.outcome = outcome
    review.reviewer_id = principal.actor_id
    review.comment = comment.strip()
    review.decided_at = now
    session.flush()
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


def record_release_check(
    session: Session,
    principal: Principal,
    *,
    version_id: UUID,
    release_check: ReleaseCheck,
    evidence_id: UUID | None = None,
    targets: Sequence[str] = (),
    now: datetime,
) -> LessonReleaseCheck:
    """Attach a trial to a version that has not shipped: what was tried is looked up, a mere word is not taken.

    Parameters
    ----------
    evidence_id
        For `dry_run` the ledger entry of a decision of a gate of this lesson, made in dry-run mode; for
        `evidence_export` the bundle that was exported.
    targets
        For `links`, the addresses outside of the product that were opened and led where they should.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not work on the lesson, or the entry or bundle does not exist.
    InvalidInputError
        When the entry or bundle is not of this kind, or an address is none of the lesson's.
    ConflictError
        When the version has shipped.
    """
    repository = ContentRepository(session)
    version, lesson = _version_for(repository, principal, Permission.AUTHOR_LESSONS, version_id)
    _require_status(version, LessonStatus.DRAFT, LessonStatus.IN_REVIEW)
    match release_check:
        case ReleaseCheck.DRY_RUN:
            _require_dry_run(repository, lesson, version, evidence_id)
        case ReleaseCheck.EVIDENCE_EXPORT:
            _require_bundle(repository, principal, lesson, evidence_id)
        case ReleaseCheck.LINKS:
            strange = set(targets) - set(rules.external_addresses(parse_body(lesson.lesson_type, version.body)))
            if strange:
                raise InvalidInputError(f"The lesson does not point at {', '.join(sorted(strange))}.")
    check = LessonReleaseCheck(
        lesson_version_id=version_id,
        release_check=release_check,
        evidence_id=evidence_id,
        targets=sorted(set(targets)),
        recorded_by=principal.actor_id,
        recorded_at=now,
    )
    session.add(check)
    session.flush()
    return check


def readiness(session: Session, version: LessonVersion) -> tuple[ReadinessLine, ...]:
    """The ready-to-ship checklist of a version as things stand; each line names what is missing."""
    repository = ContentRepository(session)
    return readiness_of(repository, repository.lesson(version.lesson_id), version)


def publish_version(session: Session, principal: Principal, *, version_id: UUID, now: datetime) -> LessonVersion:
    """Ship a reviewed version in place of the former one, when every line of the checklist is met.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not publish the lesson.
    ConflictError
        When the version is not in review, or something is missing; the message and `details` name it.
    """
    repository = ContentRepository(session)
    version, lesson = _version_for(repository, principal, Permission.PUBLISH_LESSONS, version_id)
    repository.lesson(lesson.id, lock=True)
    if version.status is LessonStatus.PUBLISHED:
        return version
    _require_status(version, LessonStatus.IN_REVIEW)
    open_lines = [line for line in readiness_of(repository, lesson, version) if not line.is_met]
    if open_lines:
        wanting = "; ".join(f"{line.code}: {', '.join(line.missing)}" for line in open_lines)
        raise ConflictError(
            f"'{lesson.title}' {version.version} is not ready to ship. Missing: {wanting}.",
            details={line.code: ", ".join(line.missing) for line in open_lines},
        )
    return put_in_place(session, lesson, version, published_by=principal.actor_id, now=now)


def put_in_place(
    session: Session, lesson: Lesson, version: LessonVersion, *, published_by: UUID | None, now: datetime
) -> LessonVersion:
    """Make the version the published one; callers have checked that it may be. Evidence follows the policies."""
    repository = ContentRepository(session)
    former = repository.published_version(lesson.id)
    if former is not None:
        former.status = LessonStatus.SUPERSEDED
        former.updated_at = now
        session.flush()
    taught = {policy.id: known for policy, known in repository.policies_of(version.id)}
    version.recertify_from = recertify_from(repository, former.id, taught) if former is not None else None
    version.status = LessonStatus.PUBLISHED
    version.published_at = now
    version.published_by = published_by
    version.refresh_due_on = rules.refresh_due_on(now.date(), version.refresh_months)
    version.updated_at = now
    session.flush()
    event = ContentPublished(
        subject_id=None,
        organization_id=lesson.organization_id,
        occurred_at=now,
        lesson_id=lesson.id,
        lesson_version=version.version,
        lesson_type=lesson.lesson_type,
        refresh_due_on=version.refresh_due_on,
        recertify_from=version.recertify_from,
    )
    append_events(session, [event], now=now)
    return version


def retire_lesson(session: Session, principal: Principal, *, lesson_id: UUID, now: datetime) -> LessonVersion:
    """Take the published version out of use; what people proved with it goes on counting until it expires.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not publish the lesson, or nothing is published.
    ConflictError
        When a gate rule in force sends people to the lesson.
    """
    repository = ContentRepository(session)
    lesson = _lesson_for(repository, principal, Permission.PUBLISH_LESSONS, lesson_id)
    version = repository.published_version(lesson_id)
    if version is None:
        raise NotFoundError(f"'{lesson.title}' has no published version.")
    gates = sorted({rule.action for rule in repository.open_gate_rules(None) if rule.lesson_id == lesson_id})
    if gates:
        raise ConflictError(
            f"'{lesson.title}' is what the gate of {', '.join(gates)} asks for. Change the rule first.",
            details={"actions": ", ".join(gates)},
        )
    version.status = LessonStatus.RETIRED
    version.updated_at = now
    session.flush()
    event = ContentRetired(
        subject_id=None,
        organization_id=lesson.organization_id,
        occurred_at=now,
        lesson_id=lesson_id,
        lesson_version=version.version,
    )
    append_events(session, [event], now=now)
    return version


def request_due_refreshes(session: Session, *, now: datetime) -> list[LessonReview]:
    """Ask for a look at every published version whose refresh is due (12 months, critical policies 6); once each."""
    repository = ContentRepository(session)
    repository.lock_refreshes()
    asked: list[LessonReview] = []
    for lesson, version in repository.published_lessons(None):
        if version.refresh_due_on is None or version.refresh_due_on > now.date():
            continue
        if any(review.reason is ReviewReason.REFRESH for review in repository.reviews_of(version.id)):
            continue
        wanted: list[tuple[ReviewArea, str | None]] = [(ReviewArea.SECURITY_COMPLIANCE, None), (ReviewArea.UX, None)]
        asked += ask_for_reviews(session, lesson, version, wanted, ReviewReason.REFRESH, now=now)
    return asked


def feature_of(
    session: Session, action: str, organization_id: UUID | None, *, on: date | None = None, locale: str | None = None
) -> FeatureView:
    """The panel of a feature: the organization's own description, else the platform's.

    Its policy is shown in the version in effect on the day, in the newest one when no day is given.

    Raises
    ------
    NotFoundError
        When nobody described the action.
    """
    repository = ContentRepository(session)
    feature = repository.feature(action, organization_id)
    if feature is None:
        raise NotFoundError(f"There is no protected feature '{action}'. Look at the list of features.")
    return reading.feature_view(repository, feature, on=on, locale=locale)


def list_features(
    session: Session, principal: Principal, *, organization_id: UUID | None, on: date, locale: str | None = None
) -> list[FeatureView]:
    """Every protected feature as the organization sees it. Raises NotFoundError for somebody else's organization."""
    require_visible(principal, organization_id)
    repository = ContentRepository(session)
    return [reading.feature_view(repository, row, on=on, locale=locale) for row in repository.features(organization_id)]


def list_policies(session: Session, principal: Principal, *, on: date) -> list[PolicyView]:
    """The platform's policies and those of the principal's organizations, in the versions in effect on the day."""
    repository = ContentRepository(session)
    return reading.policy_views(repository, repository.policies(visible_organizations(principal)), on=on)


def list_runbooks(session: Session, principal: Principal) -> list[RunbookView]:
    repository = ContentRepository(session)
    return reading.runbook_views(repository, repository.runbooks(visible_organizations(principal)))


def list_lessons(
    session: Session,
    principal: Principal,
    *,
    lesson_type: LessonType | None = None,
    scope: str | None = None,
    locale: str | None = None,
) -> list[LessonListItem]:
    """Published lessons of the platform and of the principal's organizations, by title."""
    found = ContentRepository(session).published_lessons(
        visible_organizations(principal), lesson_type=lesson_type, scope=scope
    )
    return [reading.lesson_item(lesson, version, locale) for lesson, version in found]


def list_unfinished(session: Session, principal: Principal) -> list[tuple[Lesson, LessonVersion]]:
    """Drafts and versions in review of lessons the principal works on."""
    repository = ContentRepository(session)
    found = repository.versions_in(visible_organizations(principal), [LessonStatus.DRAFT, LessonStatus.IN_REVIEW])
    return [(lesson, version) for lesson, version in found if _works_on(repository, principal, lesson.organization_id)]


def list_open_reviews(session: Session, principal: Principal) -> list[ReviewView]:
    """Review tasks that nobody decided yet, of lessons the principal works on, oldest first."""
    repository = ContentRepository(session)
    return [
        reading.review_view(review, version, lesson)
        for review, version, lesson in repository.open_reviews(visible_organizations(principal))
        if _works_on(repository, principal, lesson.organization_id)
    ]


def version_view(session: Session, principal: Principal, *, version_id: UUID) -> VersionView:
    """A version with its right answers, reviews and checklist, for those who work on it.

    Raises
    ------
    NotFoundError
        When it does not exist or belongs to another organization.
    NotAuthorizedError
        For people of the organization who neither write, review nor publish.
    """
    repository = ContentRepository(session)
    version, lesson = repository.version(version_id)
    require_visible(principal, lesson.organization_id, no_version())
    require_working(repository, principal, lesson.organization_id)
    return reading.version_view(repository, lesson, version)


def _works_on(repository: ContentRepository, principal: Principal, organization_id: UUID | None) -> bool:
    try:
        require_working(repository, principal, organization_id)
    except NotAuthorizedError:
        return False
    return True


def _policy_for_change(repository: ContentRepository, principal: Principal, policy_id: UUID) -> Policy:
    policy = repository.policy(policy_id, lock=True)
    missing = NotFoundError("There is no policy with this id. Look it up by its code.")
    require_visible(principal, policy.organization_id, missing)
    require_work_on(repository, principal, Permission.CHANGE_POLICIES, policy.organization_id)
    return policy


def _lesson_for(repository: ContentRepository, principal: Principal, permission: Permission, lesson_id: UUID) -> Lesson:
    lesson = repository.lesson(lesson_id, lock=True)
    require_work_on(repository, principal, permission, lesson.organization_id)
    return lesson


def _version_for(
    repository: ContentRepository, principal: Principal, permission: Permission, version_id: UUID
) -> tuple[LessonVersion, Lesson]:
    version, lesson = repository.version(version_id, lock=True)
    require_visible(principal, lesson.organization_id, no_version())
    require_work_on(repository, principal, permission, lesson.organization_id)
    return version, lesson


def _require_status(version: LessonVersion, *wanted: LessonStatus) -> None:
    if version.status not in wanted:
        names = " or ".join(status.replace("_", " ") for status in wanted)
        raise ConflictError(
            f"Version {version.version} is {version.status.replace('_', ' ')}; this works while it is {names}.",
            details={"status": str(version.status)},
        )


def _require_another_person(principal: Principal, version: LessonVersion) -> None:
    if principal.actor_id is None or version.created_by == principal.actor_id:
        raise NotAuthorizedError("Somebody other than the author reviews a lesson. Ask a colleague.")


def _require_dry_run(
    repository: ContentRepository, lesson: Lesson, version: LessonVersion, evidence_id: UUID | None
) -> None:
    entry = repository.entry(evidence_id) if evidence_id is not None else None
    if entry is None or (lesson.organization_id is not None and entry.organization_id != lesson.organization_id):
        raise NotFoundError("There is no ledger entry with this id. Name the entry of a decision in dry-run mode.")
    body = orjson.loads(entry.body)
    if entry.kind != "gate.decided" or body.get("mode") != GateMode.DRY_RUN:
        raise InvalidInputError("This entry is no decision in dry-run mode. Try the gate in dry-run mode first.")
    if body.get("action") not in gated_actions(repository, lesson, version):
        raise InvalidInputError(f"The gate of {body.get('action')} does not ask for this lesson.")


def _require_bundle(
    repository: ContentRepository, principal: Principal, lesson: Lesson, evidence_id: UUID | None
) -> None:
    bundle = repository.bundle(evidence_id) if evidence_id is not None else None
    if bundle is None or not is_visible(principal, bundle.organization_id):
        raise NotFoundError("There is no evidence bundle with this id. Export one, then attach it.")
    if lesson.organization_id is not None and bundle.organization_id != lesson.organization_id:
        raise InvalidInputError("The bundle was exported for another organization. Export one for this one.")


def _stored_step(repository: ContentRepository, principal: Principal, step: RunbookStep) -> dict[str, str]:
    stored = {
        "title": required(step.get("title", ""), "Every step needs a title."),
        "text": required(step.get("text", ""), "Every step says what to do."),
    }
    lesson_id = step.get("walkthrough_lesson_id")
    if lesson_id is not None:
        lesson = repository.lesson(lesson_id)
        require_visible(principal, lesson.organization_id)
        if lesson.lesson_type is not LessonType.WALKTHROUGH:
            raise ConflictError(f"'{lesson.title}' is no walkthrough. A step launches walkthroughs only.")
        stored["walkthrough_lesson_id"] = str(lesson_id)
    return stored
