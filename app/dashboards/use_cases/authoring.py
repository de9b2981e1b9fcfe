"""Writing lessons and policies as pages do it: drafts, trials, new policies and versions with what they set off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from app.dashboards.actions import Receipt
from app.dashboards.formats import to_day, to_plural
from operational_db.content import features, policies, publishing, service
from operational_db.content.drafting import VersionFields
from operational_db.content.rules import VersionChange, version_key
from operational_db.content.views import LessonListItem, PolicyView, RunbookView
from operational_db.database import read_only_session, unit_of_work
from operational_db.errors import NotFoundError
from operational_db.evidence.service import list_exports
from operational_db.identity.rules import Principal
from operational_db.paging import PageRequest
from operational_db.types import LessonType, ReleaseCheck


@dataclass(frozen=True)
class PolicyLine:
    """A policy in the version in effect, with its newest version, which may take effect later."""

    policy: PolicyView
    newest: str | None

    @property
    def next_version(self) -> str:
        """A version after the newest: the next minor one, or the first."""
        if self.newest is None:
            return "1.0.0"
        major, minor, _ = version_key(self.newest)
        return f"{major}.{minor + 1}.0"


@dataclass(frozen=True)
class Material:
    """What a lesson of an organization may name."""

    policies: Sequence[PolicyLine]
    runbooks: Sequence[RunbookView]
    lessons: Sequence[LessonListItem]

    @property
    def scope_tags(self) -> list[str]:
        return sorted({tag for lesson in self.lessons for tag in lesson.scope_tags})


def material(engine: Engine, principal: Principal, *, organization_id: UUID | None, on: date) -> Material:
    """Policies, runbooks and published lessons of the organization and the platform.

    Raises
    ------
    DomainError
        When the database is down.
    """
    ours = {None, organization_id}
    with read_only_session(engine) as session:
        newest = {each.id: each.version for each in policies.list_policies(session, principal, on=date.max)}
        return Material(
            [
                PolicyLine(each, newest.get(each.id))
                for each in policies.list_policies(session, principal, on=on)
                if each.organization_id in ours
            ],
            [each for each in features.list_runbooks(session, principal) if each.organization_id in ours],
            [each for each in service.list_lessons(session, principal) if each.organization_id in ours],
        )


@dataclass(frozen=True)
class Draft:
    """What an author saves: a new lesson, the next version of one, or a draft revised."""

    body: Mapping[str, Any]
    duration_minutes: Decimal
    fields: VersionFields
    # One of them: the draft that is revised, the lesson whose next version it is, or what a new lesson is.
    version_id: UUID | None = None
    lesson_id: UUID | None = None
    change: VersionChange = VersionChange.MINOR
    code: str = ""
    title: str = ""
    lesson_type: LessonType = LessonType.MICRO_LESSON


@dataclass(frozen=True)
class Saved(Receipt):
    """A draft that was written."""

    version_id: UUID = field(default=UUID(int=0))


def save(engine: Engine, principal: Principal, draft: Draft, *, organization_id: UUID | None, now: datetime) -> Saved:
    """Write a draft down; the checklist says afterwards what it still lacks.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        if draft.version_id is not None:
            version = service.revise_version(
                session,
                principal,
                version_id=draft.version_id,
                body=draft.body,
                duration_minutes=draft.duration_minutes,
                now=now,
                **draft.fields,
            )
        else:
            lesson_id = draft.lesson_id
            if lesson_id is None:
                lesson_id = service.create_lesson(
                    session,
                    principal,
                    organization_id=organization_id,
                    code=draft.code,
                    title=draft.title,
                    lesson_type=draft.lesson_type,
                    now=now,
                ).id
            version = service.draft_version(
                session,
                principal,
                lesson_id=lesson_id,
                body=draft.body,
                duration_minutes=draft.duration_minutes,
                change=draft.change,
                now=now,
                **draft.fields,
            )
        number, version_id = version.version, version.id
    return Saved(f"Draft {number} is saved.", now, 0, version_id=version_id)


def attach_trial(
    engine: Engine,
    principal: Principal,
    *,
    version_id: UUID,
    organization_id: UUID | None,
    release_check: ReleaseCheck,
    targets: Sequence[str] = (),
    now: datetime,
) -> Receipt:
    """Attach what was tried to a version: the latest dry run of its gate, the latest export, or links that lead on.

    Raises
    ------
    NotFoundError
        When nothing was tried yet; the message says what to do.
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        evidence_id = None
        if release_check is ReleaseCheck.DRY_RUN:
            evidence_id = publishing.latest_dry_run(session, principal, version_id=version_id)
            if evidence_id is None:
                raise NotFoundError(
                    "No gate of this lesson decided in dry-run mode yet. Set its rule in dry run first."
                )
        elif release_check is ReleaseCheck.EVIDENCE_EXPORT:
            exports = list_exports(session, principal, organization_id=organization_id, page=PageRequest(1, 1)).items
            if not exports:
                raise NotFoundError("No evidence was exported yet. Export a bundle on the page Evidence first.")
            evidence_id = exports[0].id
        publishing.record_release_check(
            session,
            principal,
            version_id=version_id,
            release_check=release_check,
            evidence_id=evidence_id,
            targets=targets,
            now=now,
        )
    return Receipt("The trial is attached.", now, 0)


def dependents(engine: Engine, principal: Principal, *, policy_id: UUID) -> Sequence[LessonListItem]:
    """Published lessons that teach the policy.

    Raises
    ------
    DomainError
        When there is no such policy, or the database is down.
    """
    with read_only_session(engine) as session:
        return policies.lessons_teaching(session, principal, policy_id=policy_id)


def create_policy(
    engine: Engine,
    principal: Principal,
    *,
    organization_id: UUID | None,
    code: str,
    title: str,
    is_critical: bool,
    now: datetime,
) -> Receipt:
    """Register a policy; its first version says what it holds.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        made = policies.create_policy(
            session,
            principal,
            organization_id=organization_id,
            code=code,
            title=title,
            is_critical=is_critical,
            now=now,
        )
        name = made.code
    return Receipt(f"{name} is registered. Publish its first version next.", now, 0)


def publish_policy(
    engine: Engine,
    principal: Principal,
    *,
    policy: PolicyView,
    version: str,
    summary: str,
    changes_scope: bool,
    changes_controls: bool,
    effective_on: date,
    now: datetime,
) -> Receipt:
    """Publish a version of a policy; dependent lessons are flagged, and people re-certify where it asks for that.

    Raises
    ------
    DomainError
        When the service refuses or the database is down; nothing was changed then.
    """
    with unit_of_work(engine) as session:
        done = policies.publish_policy_version(
            session,
            principal,
            policy_id=policy.id,
            version=version.strip(),
            summary=summary,
            changes_scope=changes_scope,
            changes_controls=changes_controls,
            effective_on=effective_on,
            now=now,
        )
        flagged, reviews = len(done.flagged_lesson_ids), len(done.reviews)
        again, ended = done.recertify_from, done.ended_evidence_count
    text = (
        f"{policy.code} {version.strip()} is published, in effect from {to_day(effective_on)}: "
        f"{to_plural(flagged, 'lesson is', 'lessons are')} flagged, {to_plural(reviews, 'review')} asked for."
    )
    if again is not None:
        text += (
            f" {to_plural(ended, 'piece', 'pieces')} of evidence counts until {to_day(again)}, then people re-certify."
        )
    return Receipt(text, now, 1 + reviews + ended)
