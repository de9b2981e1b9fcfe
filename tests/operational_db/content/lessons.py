"""Lessons for the tests of services: the shipped content, a company's own lesson, and the people who work on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.assessment import service as assessment
from operational_db.assessment.views import AttemptResult
from operational_db.content import features, policies, publishing, reviewing, service
from operational_db.identity.rules import Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import GateDecided
from operational_db.tables.content import Lesson, LessonVersion
from operational_db.tables.gates import EvidenceBundle, GateRule, ScopeRule
from operational_db.tables.identity import Organization
from operational_db.types import GateMode, GateOutcome, LessonType, ReleaseCheck, ReviewOutcome, Role, new_id
from tests import builders
from tests.operational_db.principals import create_member

BODY: dict[str, Any] = {
    "slides": [{"id": "s", "title": {"en": "Lockout"}, "text": {"en": "Switch off and lock before you open."}}],
    "checks": [
        {
            "id": "first",
            "prompt": {"en": "What comes first?"},
            "options": [{"id": "a", "text": {"en": "Lock"}}, {"id": "b", "text": {"en": "Open"}}],
            "right": ["a"],
            "explanation": {"en": "Nothing is opened before it is locked."},
            "policy_code": "POL-LOCK-001",
            "slide_id": "s",
        }
    ],
}
FIELDS: dict[str, Any] = {
    "policy_codes": ["POL-LOCK-001"],
    "runbook_codes": ["RB-LOCK"],
    "scope_tags": ["lockout"],
    "locales": ["en"],
    "expected_outcomes": ["Locks before opening"],
    "telemetry_hooks": ["impression", "completion", "score", "expiry"],
    "rollout_plan": "One team first.",
    "fallback": "Back to paper.",
}


@dataclass
class Company:
    """A company with its manager (who writes and publishes), a reviewer and a technician."""

    organization: Organization
    manager: Principal
    reviewer: Principal
    technician: Principal


def create_company(session: Session) -> Company:
    organization = builders.create_organization(session)
    return Company(
        organization=organization,
        manager=create_member(session, organization, Role.COMPANY_MANAGER),
        reviewer=create_member(session, organization, Role.CONTENT_REVIEWER),
        technician=create_member(session, organization),
    )


def draft(session: Session, company: Company, *, now: datetime, **fields: Any) -> LessonVersion:
    """A draft of the company's own micro-lesson, with everything an author can give; policy, runbook and gate exist."""
    organization_id = company.organization.id
    policy = policies.create_policy(
        session,
        company.manager,
        organization_id=organization_id,
        code="POL-LOCK-001",
        title="Lockout",
        now=now,
    )
    policies.publish_policy_version(
        session,
        company.manager,
        policy_id=policy.id,
        version="1.0.0",
        summary="Lock before opening.",
        effective_on=now.date(),
        now=now,
    )
    features.create_runbook(
        session,
        company.manager,
        organization_id=organization_id,
        code="RB-LOCK",
        title="Lock",
        steps=[{"title": "Lock", "text": "Turn the key."}],
        now=now,
    )
    lesson = service.create_lesson(
        session,
        company.manager,
        organization_id=organization_id,
        code="LOCKOUT",
        title="Lockout",
        lesson_type=LessonType.MICRO_LESSON,
        now=now,
    )
    session.add(
        GateRule(
            organization_id=organization_id,
            action="open-controller",
            version=1,
            mode=GateMode.DRY_RUN,
            requirements=[{"scope": "lockout", "level": "completed", "within": {"days": 90}}],
            effective_from=builders.LONG_AGO,
        )
    )
    set_validity(session, company, "lockout")
    return service.draft_version(
        session,
        company.manager,
        lesson_id=lesson.id,
        body=BODY,
        duration_minutes=Decimal(2),
        now=now,
        **{**FIELDS, **fields},
    )


def set_validity(session: Session, company: Company, scope: str) -> None:

    session.add(
        ScopeRule(
            organization_id=company.organization.id,
            scope=scope,
            version=1,
            validity_months=12,
            effective_from=builders.LONG_AGO,
        )
    )
    session.flush()


def try_out(session: Session, company: Company, version: LessonVersion, *, now: datetime) -> None:
    """Attach a dry-run decision and an exported bundle."""
    decision = GateDecided(
        subject_id=company.technician.person_id,
        organization_id=company.organization.id,
        occurred_at=now,
        decision_id=new_id(),
        rule_id=None,
        rule_version=1,
        action="open-controller",
        resource=None,
        mode=GateMode.DRY_RUN,
        outcome=GateOutcome.DENY,
        reason="never_trained",
        evidence_ids="",
        facts="{}",
        decision="{}",
    )
    (entry_id,) = append_events(session, [decision], now=now)
    bundle = EvidenceBundle(
        organization_id=company.organization.id,
        bundle_scope={"kind": "organization", "organization_id": str(company.organization.id)},
        tree_size=1,
        record_count=1,
        manifest_sha256=b"x" * 32,
        exported_at=now,
    )
    session.add(bundle)
    session.flush()
    for check, evidence_id in ((ReleaseCheck.DRY_RUN, entry_id), (ReleaseCheck.EVIDENCE_EXPORT, bundle.id)):
        publishing.record_release_check(
            session, company.manager, version_id=version.id, release_check=check, evidence_id=evidence_id, now=now
        )


def review(session: Session, company: Company, version: LessonVersion, *, now: datetime) -> None:
    """Hand the draft in and have every side of it approved."""
    for task in service.submit_for_review(session, company.manager, version_id=version.id, now=now):
        reviewing.decide_review(session, company.reviewer, review_id=task.id, outcome=ReviewOutcome.APPROVED, now=now)


def publish(session: Session, company: Company, *, now: datetime, **fields: Any) -> LessonVersion:
    """The company's own micro-lesson, published by the book."""
    version = draft(session, company, now=now, **fields)
    try_out(session, company, version, now=now)
    review(session, company, version, now=now)
    return publishing.publish_version(session, company.manager, version_id=version.id, now=now)


def lesson_of(session: Session, code: str) -> Lesson:
    return session.scalars(select(Lesson).where(Lesson.code == code)).one()


def right_answers(session: Session, version_id: object) -> dict[str, list[str]]:
    """What to answer to get everything right."""
    version = session.get(LessonVersion, version_id)
    assert version is not None
    body = version.body
    if body.get("scenario"):
        return {
            decision["id"]: [max(decision["choices"], key=lambda choice: int(choice["points"]))["id"]]
            for decision in body["scenario"]["decisions"]
        }
    if body.get("steps"):
        return {step["id"]: ["done"] for step in body["steps"]}
    return {question["id"]: list(question["right"]) for question in body.get("quiz") or body["checks"]}


def take(
    session: Session,
    principal: Principal,
    lesson: Lesson,
    organization: Organization,
    *,
    now: datetime,
    answers: dict[str, list[str]] | None = None,
) -> AttemptResult:
    """Start an attempt and hand it in a minute later; everything right unless answers are given."""
    attempt = assessment.start_attempt(
        session, principal, lesson_id=lesson.id, organization_id=organization.id, now=now
    )
    return assessment.submit_attempt(
        session,
        principal,
        attempt_id=attempt.id,
        answers=answers if answers is not None else right_answers(session, attempt.lesson_version_id),
        now=now + timedelta(minutes=1),
    )
