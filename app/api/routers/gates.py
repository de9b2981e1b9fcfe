"""Gates over HTTP: rules and their versions, validity of scopes, decisions and their replay, impact previews."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response, status

from app.api.decisions import decision_context, next_training
from app.api.dependencies import Context, CurrentPrincipal, ReadSession, WriteSession
from app.api.schemas.authzen import DecisionBody
from app.api.schemas.gates import (
    DecisionRequest,
    EndGateRuleRequest,
    GateRuleBody,
    GateRuleRequest,
    ImpactPreviewBody,
    PreviewRequest,
    ReplayBody,
    ScopeRuleBody,
    ScopeRuleRequest,
)
from operational_db import clock
from operational_db.gates import preview, service
from operational_db.gates.audit import replay_decision_for
from operational_db.gates.documents import requirements_from
from operational_db.gates.preview import PolicyChangeProposal, Proposal
from operational_db.gates.rules import GateTerms
from operational_db.gates.views import GateRuleView
from operational_db.proficiency import service as proficiency
from operational_db.proficiency.rules import ScopeRuleTerms

router = APIRouter(prefix="/gates", tags=["gates"])


def to_rule_body(view: GateRuleView) -> GateRuleBody:
    terms = view.terms
    if terms.rule_id is None or terms.version is None:
        raise ValueError("A kept rule has an id and a version.")
    return GateRuleBody(
        rule_id=terms.rule_id,
        organization_id=terms.organization_id,
        action=terms.action,
        version=terms.version,
        mode=terms.mode,
        requirements=[requirement.to_document() for requirement in terms.requirements],
        policy_id=terms.policy_id,
        policy_code=view.policy_code,
        runbook_id=terms.runbook_id,
        runbook_code=view.runbook_code,
        lesson_id=terms.lesson_id,
        lesson_title=view.lesson_title,
        effective_from=terms.effective_from,
        ended_on=view.ended_on,
        is_in_effect=view.is_in_effect,
    )


def _terms(body: GateRuleRequest) -> GateTerms:
    return GateTerms(
        action=body.action,
        mode=body.mode,
        requirements=requirements_from([each.model_dump(exclude_none=True) for each in body.requirements]),
        effective_from=body.effective_from or clock.today(),
        organization_id=body.organization_id,
        policy_id=body.policy_id,
        runbook_id=body.runbook_id,
        lesson_id=body.lesson_id,
    )


def _scope_terms(body: ScopeRuleRequest) -> ScopeRuleTerms:
    return ScopeRuleTerms(**body.model_dump(exclude={"organization_id", "effective_from"}))


@router.get("/rules", summary="List gate rules")
def list_rules(
    session: ReadSession,
    principal: CurrentPrincipal,
    organization_id: Annotated[UUID | None, Query(description="Absent: the platform's rules alone.")] = None,
) -> list[GateRuleBody]:
    """Every version of the organization's rules and of the platform's; `is_in_effect` marks those that decide today."""
    views = service.rules_of(session, principal, organization_id, now=clock.now())
    return [to_rule_body(view) for view in views]


@router.post("/rules", status_code=status.HTTP_201_CREATED, summary="Set a gate rule")
def set_rule(body: GateRuleRequest, session: WriteSession, principal: CurrentPrincipal) -> GateRuleBody:
    """The next version of the owner's rule; preview it first. Itself behind the gate `rule-change`."""
    now = clock.now()
    terms = _terms(body)
    rule = service.set_gate_rule(
        session,
        principal,
        organization_id=body.organization_id,
        action=body.action,
        requirements=terms.requirements,
        mode=body.mode,
        policy_id=body.policy_id,
        runbook_id=body.runbook_id,
        lesson_id=body.lesson_id,
        effective_from=body.effective_from,
        now=now,
    )
    views = service.rules_of(session, principal, body.organization_id, now=now)
    return to_rule_body(next(view for view in views if view.rule_id == rule.id))


@router.post("/rules/end", summary="End a gate rule")
def end_rule(body: EndGateRuleRequest, session: WriteSession, principal: CurrentPrincipal) -> list[GateRuleBody]:
    """End the owner's rule on an action: the platform's holds from then on. Itself behind the gate `rule-change`."""
    now = clock.now()
    ended = service.end_gate_rule(
        session,
        principal,
        organization_id=body.organization_id,
        action=body.action,
        ended_on=body.ended_on,
        now=now,
    )
    ids = {rule.id for rule in ended}
    views = service.rules_of(session, principal, body.organization_id, now=now)
    return [to_rule_body(view) for view in views if view.rule_id in ids]


@router.post("/scope-rules", status_code=status.HTTP_201_CREATED, summary="Set how long a certification lasts")
def set_scope_rule(body: ScopeRuleRequest, session: WriteSession, principal: CurrentPrincipal) -> ScopeRuleBody:
    """Holds for what is earned from its first day on; preview it first. Itself behind the gate `rule-change`."""
    row = proficiency.set_scope_rule(
        session,
        principal,
        organization_id=body.organization_id,
        terms=_scope_terms(body),
        effective_from=body.effective_from,
        now=clock.now(),
    )
    return ScopeRuleBody.model_validate(row)


@router.post("/decisions", summary="Ask a gate", response_model=DecisionBody)
def decide(body: DecisionRequest, context: Context, principal: CurrentPrincipal) -> Response:
    """May the person do the action? Recorded before it is answered; the database away, the answer is no."""
    now = clock.now()
    decision = service.decide_durably(
        context.engine,
        principal,
        action=body.action,
        person_id=body.person_id or principal.person_id,
        organization_id=body.organization_id,
        resource=body.resource,
        now=now,
    )
    training = next_training(context.engine, decision, now=now)
    document = {"decision": decision.is_allowed, "context": decision_context(decision, training)}
    return Response(orjson.dumps(document), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.post("/decisions/{decision_id}/replay", summary="Make a recorded decision again")
def replay(decision_id: UUID, session: ReadSession, principal: CurrentPrincipal) -> ReplayBody:
    """From its record alone, bit for bit."""
    found = replay_decision_for(session, principal, decision_id)
    return ReplayBody(
        decision_id=found.decision_id,
        decided_at=found.decided_at,
        action=found.action,
        is_identical=found.is_identical,
        difference=found.difference,
    )


@router.post("/preview", summary="Preview a rule, validity or policy change")
def preview_change(body: PreviewRequest, session: ReadSession, principal: CurrentPrincipal) -> ImpactPreviewBody:
    """Who would newly be denied or allowed, by recorded decisions of the last days and by today's people."""
    proposed: Proposal
    if body.rule is not None:
        proposed = _terms(body.rule)
    elif body.validity is not None:
        proposed = _scope_terms(body.validity)
    elif body.policy_change is not None:
        proposed = PolicyChangeProposal(**body.policy_change.model_dump())
    else:
        raise ValueError("The body's validator lets no request through without a proposal.")
    found = preview.preview_rule(
        session,
        principal,
        organization_id=body.organization_id,
        proposed=proposed,
        days=body.days,
        now=clock.now(),
    )
    return ImpactPreviewBody.model_validate(found)
