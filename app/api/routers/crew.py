"""Crew checks over HTTP: ask, see what was answered, make it again, and take the proof away."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.api.dependencies import Context, CurrentPrincipal, ReadSession
from app.api.pagination import PageResponse, Paging, to_page_response
from app.api.schemas.crew import (
    CarryingCertificateBody,
    CrewAnswerBody,
    CrewCheckRequest,
    CrewChecksRequest,
    CrewDecisionBody,
    CrewPersonBody,
    CrewUnitBody,
    ServingPersonBody,
)
from app.api.schemas.gates import ReplayBody
from operational_db import clock
from operational_db.gates.audit import replay_crew_decision_for
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.witness_client import parse_witnesses
from operational_db.owners import crew
from operational_db.owners.crew_proof import proof_of
from operational_db.owners.views import CrewAnswer

router = APIRouter(prefix="/crew", tags=["crew"])

ZIP = "application/zip"
PRIVATE = {"Cache-Control": "no-store"}


@router.post("/check", summary="Check a crew")
def check(body: CrewCheckRequest, context: Context, principal: CurrentPrincipal, response: Response) -> CrewAnswerBody:
    """Qualified or not for units or a building on a day. On record before it is answered; the database away: no."""
    response.headers.update(PRIVATE)
    answer = crew.check_crew(context.engine, principal, **body.model_dump(), now=clock.now())
    return to_answer_body(answer)


@router.post("/checks", summary="Check a crew against units of several buildings")
def check_many(
    body: CrewChecksRequest, context: Context, principal: CurrentPrincipal, response: Response
) -> list[CrewAnswerBody]:
    """An answer and a record for each building."""
    response.headers.update(PRIVATE)
    answers = crew.check_crews(context.engine, principal, **body.model_dump(), now=clock.now())
    return [to_answer_body(answer) for answer in answers]


@router.get("/people", summary="List whom one may ask about")
def list_people(session: ReadSession, principal: CurrentPrincipal, organization_id: UUID) -> list[ServingPersonBody]:
    """For an owner the people of its contractors today, for a contractor its own."""
    found = crew.people_who_serve(session, principal, organization_id=organization_id, on=clock.today())
    return [ServingPersonBody.model_validate(person) for person in found]


@router.get("/decisions", summary="List crew checks on record")
def list_decisions(
    session: ReadSession, principal: CurrentPrincipal, paging: Paging, organization_id: UUID
) -> PageResponse[CrewDecisionBody]:
    page = crew.list_decisions(session, principal, organization_id=organization_id, page=paging)
    return to_page_response(page, CrewDecisionBody.model_validate)


@router.get("/decisions/{decision_id}", summary="See a crew check on record")
def decision_of(decision_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> CrewAnswerBody:
    return to_answer_body(crew.decision_of(session, principal, decision_id=decision_id))


@router.post("/decisions/{decision_id}/replay", summary="Make a recorded crew check again")
def replay(decision_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> ReplayBody:
    """From its record alone, bit for bit."""
    found = replay_crew_decision_for(session, principal, decision_id)
    return ReplayBody(
        decision_id=found.decision_id,
        decided_at=found.decided_at,
        action=found.action,
        is_identical=found.is_identical,
        difference=found.difference,
    )


@router.get(
    "/decisions/{decision_id}/proof",
    summary="Download the proof of a crew check",
    response_class=Response,
    responses={200: {"content": {ZIP: {}}, "description": "A zip file; `verify_bundle.py` in it checks it offline."}},
)
def download_proof(decision_id: UUID, context: Context, principal: CurrentPrincipal) -> Response:
    """The entry of the check, those of the certificates that carry it, and the proof that they stand in the ledger."""
    settings = context.settings
    content = proof_of(
        context.engine,
        principal,
        decision_id=decision_id,
        signer=load_or_create_signer(settings),
        witness_vkeys=[witness.verifier.vkey for witness in parse_witnesses(settings.ledger_witnesses)],
        now=clock.now(),
    )
    name = f"crew-check-{decision_id}.zip"
    return Response(
        content, media_type=ZIP, headers={**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    )


def to_answer_body(answer: CrewAnswer) -> CrewAnswerBody:
    decision = answer.decision
    return CrewAnswerBody(
        decision_id=answer.decision_id,
        building_id=decision.building_id,
        building_name=answer.building_name,
        contractor_id=decision.contractor_id,
        visit_id=decision.visit_id,
        work_on=decision.work_on,
        decided_at=decision.decided_at,
        is_qualified=answer.is_qualified,
        outcome=decision.outcome,
        reason=answer.reason,
        text=answer.text,
        valid_until=decision.valid_until,
        units=[CrewUnitBody.model_validate(unit) for unit in answer.units],
        people=[CrewPersonBody.model_validate(person) for person in answer.people],
        certificates=[CarryingCertificateBody.model_validate(each) for each in answer.certificates],
        missing=[gap.text for gap in answer.gaps],
    )
