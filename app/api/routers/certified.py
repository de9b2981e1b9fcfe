"""isCertified and nextRequiredTraining: is a person certified for a scope, and what has she to learn for an action?

Also the revocation of what she proved.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime

from app.api.dependencies import CurrentPrincipal, ReadSession, WriteSession
from app.api.schemas.gates import (
    CertifiedBody,
    GateName,
    LessonStepBody,
    RequiredTrainingBody,
    RevokedEvidenceBody,
    RevokeEvidenceRequest,
)
from operational_db import clock
from operational_db.errors import InvalidInputError
from operational_db.proficiency import service
from operational_db.proficiency.rules import CertifiedAnswer

router = APIRouter(tags=["certified"])

Person = Annotated[UUID | None, Query(description="The person; the caller herself when absent.")]
Organization = Annotated[
    UUID | None, Query(description="Whose rules and lessons count besides the platform's; absent: the platform's only.")
]


def _to_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("In UTC this instant lies before the first year or after the last one.") from error


Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]


def to_certified_body(answer: CertifiedAnswer, person_id: UUID) -> CertifiedBody:
    """The answer with its reason as text that is not translated (`reason`) and as a sentence (`text`)."""
    return CertifiedBody(
        scope=answer.scope,
        person_id=person_id,
        at=answer.at,
        as_known_at=answer.as_known_at,
        is_certified=answer.is_certified,
        level=answer.level,
        valid_from=answer.valid_from,
        valid_until=answer.valid_until,
        evidence_ids=list(answer.evidence_ids),
        reason=str(answer.reason),
        text=answer.text,
    )


@router.get("/certified", summary="Is somebody certified for a scope?")
def is_certified(
    session: ReadSession,
    principal: CurrentPrincipal,
    scope: Annotated[GateName, Query(description="Scope tag, such as data-export.")],
    person_id: Person = None,
    organization_id: Organization = None,
    at: Annotated[Instant | None, Query(description="The instant asked about; absent: now.")] = None,
    as_known_at: Annotated[Instant | None, Query(description="By what was known then; absent: now.")] = None,
) -> CertifiedBody:
    """The same answer whenever the same two instants are asked about, however much was learned since."""
    now = clock.now()
    if as_known_at is not None and as_known_at > now:
        raise InvalidInputError("What will be known later is not known yet: ask with as_known_at up to now.")
    person = person_id or principal.person_id
    answer = service.is_certified(
        session,
        principal,
        scope=scope,
        person_id=person,
        at=at or now,
        as_known_at=as_known_at or now,
        organization_id=organization_id,
    )
    return to_certified_body(answer, person)


@router.post("/proficiency/{evidence_id}/revoke", summary="Revoke evidence")
def revoke_evidence(
    evidence_id: UUID, body: RevokeEvidenceRequest, session: WriteSession, principal: CurrentPrincipal
) -> RevokedEvidenceBody:
    """With all that the same result proved and the tracks and certificates it led to; the past as known then stays."""
    row = service.revoke_evidence(
        session,
        principal,
        evidence_id=evidence_id,
        revoked_from=body.revoked_from,
        reason=body.reason,
        now=clock.now(),
    )
    return RevokedEvidenceBody.model_validate(row)


@router.get("/next-required-training", summary="What has somebody to learn for an action?")
def next_required_training(
    session: ReadSession,
    principal: CurrentPrincipal,
    action: Annotated[GateName, Query(description="The gate's action, such as data-export.")],
    person_id: Person = None,
    organization_id: Organization = None,
) -> RequiredTrainingBody:
    """The shortest set of lessons, in order, with the estimated minutes."""
    person = person_id or principal.person_id
    found = service.next_required_training(
        session, principal, action=action, person_id=person, organization_id=organization_id, now=clock.now()
    )
    return RequiredTrainingBody(
        action=action,
        person_id=person,
        lessons=[LessonStepBody.model_validate(step) for step in found.lessons],
        estimated_minutes=float(found.estimated_minutes),
        reason=str(found.reason),
        missing=list(found.missing),
        unreachable=list(found.unreachable),
    )
