"""Use cases of publication: attach trials, see what is missing, ship a version, take it out of use.

The checklist itself is in `rules`, what it asks about in `readiness`.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from operational_db.content import rules
from operational_db.content.body import parse_body
from operational_db.content.opening import lesson_for, require_status, version_for
from operational_db.content.permissions import (
    is_visible,
)
from operational_db.content.readiness import gated_actions, readiness_of
from operational_db.content.recertification import recertify_from
from operational_db.content.repository import ContentRepository
from operational_db.content.rules import ReadinessLine
from operational_db.errors import ConflictError, InvalidInputError, NotFoundError
from operational_db.evidence import rules as evidence_rules
from operational_db.identity.rules import Permission, Principal
from operational_db.ledger.append import append_events
from operational_db.ledger.events import (
    ContentPublished,
    ContentRetired,
)
from operational_db.tables.content import (
    Lesson,
    LessonReleaseCheck,
    LessonVersion,
)
from operational_db.types import (
    GateMode,
    LessonStatus,
    ReleaseCheck,
)


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
        `evidence_export` a bundle that was exported since the version was drafted and covers one of its scopes.
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
    version, lesson = version_for(repository, principal, Permission.AUTHOR_LESSONS, version_id)
    require_status(version, LessonStatus.DRAFT, LessonStatus.IN_REVIEW)
    match release_check:
        case ReleaseCheck.DRY_RUN:
            _require_dry_run(repository, lesson, version, evidence_id)
        case ReleaseCheck.EVIDENCE_EXPORT:
            _require_bundle(repository, principal, lesson, version, evidence_id)
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


def latest_dry_run(session: Session, principal: Principal, *, version_id: UUID) -> UUID | None:
    """The ledger entry of the latest decision in dry-run mode of a gate of this lesson, to attach as its trial.

    Raises
    ------
    NotAuthorizedError, NotFoundError
        When the principal may not work on the lesson.
    """
    repository = ContentRepository(session)
    version, lesson = version_for(repository, principal, Permission.AUTHOR_LESSONS, version_id)
    return repository.latest_dry_run(gated_actions(repository, lesson, version), lesson.organization_id)


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
    version, lesson = version_for(repository, principal, Permission.PUBLISH_LESSONS, version_id)
    repository.lesson(lesson.id, lock=True)
    if version.status is LessonStatus.PUBLISHED:
        return version
    require_status(version, LessonStatus.IN_REVIEW)
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
    lesson = lesson_for(repository, principal, Permission.PUBLISH_LESSONS, lesson_id)
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
    repository: ContentRepository,
    principal: Principal,
    lesson: Lesson,
    version: LessonVersion,
    evidence_id: UUID | None,
) -> None:
    bundle = repository.bundle(evidence_id) if evidence_id is not None else None
    if bundle is None or not is_visible(principal, bundle.organization_id):
        raise NotFoundError("There is no evidence bundle with this id. Export one, then attach it.")
    if lesson.organization_id is not None and bundle.organization_id != lesson.organization_id:
        raise InvalidInputError("The bundle was exported for another organization. Export one for this one.")
    if bundle.exported_at < version.created_at:
        raise InvalidInputError("The bundle is older than this version. Export one now, then attach it.")
    if not evidence_rules.covers_scopes(bundle.bundle_scope, version.scope_tags):
        raise InvalidInputError(
            "The bundle covers none of the lesson's scopes. Export one of the organization, of a period, or of "
            f"{' or '.join(version.scope_tags) or 'a scope'}."
        )
