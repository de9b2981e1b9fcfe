"""Policies, runbooks, protected features; lessons from draft over review to publication (seed, Content lifecycle)."""

from uuid import UUID

from fastapi import APIRouter, status

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.language import Locale
from app.api.schemas.content import (
    DecisionRequest,
    DraftRequest,
    FeatureBody,
    FeatureRequest,
    LessonCreateRequest,
    LessonMade,
    PolicyBody,
    PolicyChangeBody,
    PolicyRequest,
    PolicyVersionRequest,
    ReleaseCheckRequest,
    ReviewBody,
    RunbookBody,
    RunbookRequest,
    VersionBody,
    VersionRequest,
)
from operational_db import clock
from operational_db.content import features, policies, publishing, reviewing
from operational_db.content import service as content
from operational_db.identity.rules import Principal

router = APIRouter(tags=["content"])


@router.get("/policies", summary="Policies in effect")
def list_policies(session: ReadSession, principal: CurrentPrincipal) -> list[PolicyBody]:
    return [PolicyBody.model_validate(view) for view in policies.list_policies(session, principal, on=clock.today())]


@router.post("/policies", status_code=status.HTTP_201_CREATED, summary="Register a policy")
def create_policy(body: PolicyRequest, session: WriteSession, principal: CurrentPrincipal) -> PolicyBody:
    policy = policies.create_policy(session, principal, **body.model_dump(), now=clock.now())
    views = policies.list_policies(session, principal, on=clock.today())
    return PolicyBody.model_validate(next(view for view in views if view.id == policy.id))


@router.post("/policies/{policy_id}/versions", status_code=status.HTTP_201_CREATED, summary="Publish a policy version")
def publish_policy_version(
    policy_id: UUID, body: PolicyVersionRequest, session: WriteSession, principal: CurrentPrincipal
) -> PolicyChangeBody:
    """Flags dependent lessons and asks for their review; re-certification where scope or controls change."""
    report = policies.publish_policy_version(
        session, principal, policy_id=policy_id, **body.model_dump(), now=clock.now()
    )
    return PolicyChangeBody(
        policy_version_id=report.policy_version.id,
        flagged_lesson_ids=list(report.flagged_lesson_ids),
        review_ids=[review.id for review in report.reviews],
        recertify_from=report.recertify_from,
        ended_evidence_count=report.ended_evidence_count,
    )


@router.get("/runbooks", summary="Runbooks")
def list_runbooks(session: ReadSession, principal: CurrentPrincipal) -> list[RunbookBody]:
    return [RunbookBody.model_validate(view) for view in features.list_runbooks(session, principal)]


@router.post("/runbooks", status_code=status.HTTP_201_CREATED, summary="Register a runbook")
def create_runbook(body: RunbookRequest, session: WriteSession, principal: CurrentPrincipal) -> RunbookBody:
    runbook = features.create_runbook(
        session,
        principal,
        organization_id=body.organization_id,
        code=body.code,
        title=body.title,
        url=body.url,
        steps=[
            {"title": step.title, "text": step.text, "walkthrough_lesson_id": step.walkthrough_lesson_id}
            for step in body.steps
        ],
        now=clock.now(),
    )
    views = features.list_runbooks(session, principal)
    return RunbookBody.model_validate(next(view for view in views if view.id == runbook.id))


@router.get("/features", summary="Protected features")
def list_features(
    session: ReadSession, principal: CurrentPrincipal, locale: Locale, organization_id: UUID | None = None
) -> list[FeatureBody]:
    """Each with the explanation of 30-60 seconds, its policy, runbook, tip and micro-lesson."""
    views = features.list_features(session, principal, organization_id=organization_id, on=clock.today(), locale=locale)
    return [FeatureBody.model_validate(view) for view in views]


@router.put("/features/{action}", summary="Describe a protected feature")
def set_feature(
    action: str, body: FeatureRequest, session: WriteSession, principal: CurrentPrincipal, locale: Locale
) -> FeatureBody:
    features.set_feature(session, principal, action=action, **body.model_dump(), now=clock.now())
    view = features.feature_of(session, action, body.organization_id, on=clock.today(), locale=locale)
    return FeatureBody.model_validate(view)


@router.post("/lessons", status_code=status.HTTP_201_CREATED, summary="Register a lesson")
def create_lesson(body: LessonCreateRequest, session: WriteSession, principal: CurrentPrincipal) -> LessonMade:
    lesson = content.create_lesson(session, principal, **body.model_dump(), now=clock.now())
    return LessonMade.model_validate(lesson)


@router.post("/lessons/{lesson_id}/versions", status_code=status.HTTP_201_CREATED, summary="Draft a version")
def draft_version(
    lesson_id: UUID, body: DraftRequest, session: WriteSession, principal: CurrentPrincipal
) -> VersionBody:
    version = content.draft_version(
        session, principal, lesson_id=lesson_id, **body.model_dump(exclude_none=True), now=clock.now()
    )
    return _version(session, principal, version.id)


@router.get("/lessons/versions/{version_id}", summary="A version with its checklist")
def get_version(version_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> VersionBody:
    return _version(session, principal, version_id)


@router.put("/lessons/versions/{version_id}", summary="Revise a draft")
def revise_version(
    version_id: UUID, body: VersionRequest, session: WriteSession, principal: CurrentPrincipal
) -> VersionBody:
    content.revise_version(
        session, principal, version_id=version_id, **body.model_dump(exclude_none=True), now=clock.now()
    )
    return _version(session, principal, version_id)


@router.post("/lessons/versions/{version_id}/submit", summary="Hand a draft in for review")
def submit_for_review(version_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> VersionBody:
    content.submit_for_review(session, principal, version_id=version_id, now=clock.now())
    return _version(session, principal, version_id)


@router.post("/lessons/versions/{version_id}/release-checks", summary="Attach a trial")
def record_release_check(
    version_id: UUID, body: ReleaseCheckRequest, session: WriteSession, principal: CurrentPrincipal
) -> VersionBody:
    """A dry-run decision, an exported bundle or the addresses opened; what was tried is looked up."""
    publishing.record_release_check(session, principal, version_id=version_id, **body.model_dump(), now=clock.now())
    return _version(session, principal, version_id)


@router.post("/lessons/versions/{version_id}/publish", summary="Publish a version")
def publish_version(version_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> VersionBody:
    """Only when every line of the ready-to-ship checklist is met; else 409, naming what is missing."""
    publishing.publish_version(session, principal, version_id=version_id, now=clock.now())
    return _version(session, principal, version_id)


@router.post("/lessons/{lesson_id}/retire", summary="Retire a lesson")
def retire_lesson(lesson_id: UUID, session: WriteSession, principal: CurrentPrincipal) -> VersionBody:
    version = publishing.retire_lesson(session, principal, lesson_id=lesson_id, now=clock.now())
    return _version(session, principal, version.id)


@router.get("/lessons/reviews", summary="Open review tasks")
def list_open_reviews(session: ReadSession, principal: CurrentPrincipal) -> list[ReviewBody]:
    return [ReviewBody.model_validate(view) for view in reviewing.list_open_reviews(session, principal)]


@router.post("/lessons/reviews/{review_id}/decision", summary="Decide a review task")
def decide_review(
    review_id: UUID, body: DecisionRequest, session: WriteSession, principal: CurrentPrincipal
) -> VersionBody:
    """By somebody other than the author."""
    review = reviewing.decide_review(
        session, principal, review_id=review_id, outcome=body.outcome, comment=body.comment, now=clock.now()
    )
    return _version(session, principal, review.lesson_version_id)


def _version(session: ReadSession, principal: Principal, version_id: UUID) -> VersionBody:
    return VersionBody.model_validate(content.version_view(session, principal, version_id=version_id))
