"""Use cases of gates: decide, set and end rules, and make recorded decisions again.

A gate's rule is changed behind a gate of its own (`rule-change`). Source: embedded-training seed, access gating; D5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import orjson
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from operational_db.database import psycopg_connection
from operational_db.errors import GateDeniedError, InvalidInputError, NotFoundError
from operational_db.gates.desk import desk_of, record_all, to_event
from operational_db.gates.documents import facts_from, requirements_from, terms_from
from operational_db.gates.lookup import Asked, Found, look_up, look_up_for
from operational_db.gates.repository import GateRepository, to_terms
from operational_db.gates.rules import GateDecision, GateFacts, GateTerms, Requirement, decide, require_valid_terms
from operational_db.gates.views import GateRuleView, ReplayReport, ReplayResult
from operational_db.identity.rules import Permission, Principal, not_authorized
from operational_db.ledger.append import append_events
from operational_db.ledger.canonical import body_text
from operational_db.ledger.events import GateRuleEnded, GateRuleSet
from operational_db.tables.gates import GateRule
from operational_db.tables.ledger import LedgerEvent
from operational_db.types import GateMode, new_id

RULE_CHANGE = "rule-change"
LONGEST_NAME = 200
# Of decisions that came out otherwise, a report shows so many.
SHOWN_DIFFERENCES = 20


def decide_gate(
    session: Session,
    principal: Principal,
    *,
    action: str,
    person_id: UUID,
    organization_id: UUID | None,
    resource: str | None = None,
    now: datetime,
) -> GateDecision:
    """Decide in the caller's transaction, whose commit makes the record durable: only then may an allow leave.

    Everybody may ask for herself, for others those who may evaluate gates of the organization. Whoever is not of the
    organization, or not at all, is denied.

    Raises
    ------
    NotAuthorizedError
        When the principal may not ask for this person there.
    InvalidInputError
        When action or resource are no names.
    """
    _require_may_ask(principal, person_id, organization_id)
    asked = _asked(action, person_id, organization_id, resource)
    session.flush()
    connection = psycopg_connection(session.connection())
    return record_all(connection, look_up(connection, [(asked, now)]))[0]


def decide_durably(
    engine: Engine,
    principal: Principal,
    *,
    action: str,
    person_id: UUID,
    organization_id: UUID | None,
    resource: str | None = None,
    now: datetime,
) -> GateDecision:
    """Decide in a transaction of its own; the record is durable when this returns.

    Anything that keeps facts or record away is a denial with the reason `record_unavailable`, whatever the mode.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
        As `decide_gate`.
    """
    _require_may_ask(principal, person_id, organization_id)
    return desk_of(engine).decide(engine, _asked(action, person_id, organization_id, resource), now=now)


def decide_many(
    engine: Engine, principal: Principal, *, questions: Sequence[Asked], now: datetime
) -> list[GateDecision]:
    """Decide many questions with one look-up and one commit, in their order; all are denied when it fails.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
        As `decide_gate`, for the first question that is refused; nothing is decided then.
    """
    asked = []
    for each in questions:
        _require_may_ask(principal, each.person_id, each.organization_id)
        asked.append(_asked(each.action, each.person_id, each.organization_id, each.resource))
    return desk_of(engine).decide_many(engine, asked, now=now)


def peek_gate(
    session: Session, principal: Principal, *, action: str, person_id: UUID, organization_id: UUID | None, now: datetime
) -> GateDecision:
    """What the gate would say at this moment, for a chip or an explanation. Nothing is recorded: nothing may go ahead
    on it.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
        As `decide_gate`.
    """
    _require_may_ask(principal, person_id, organization_id)
    session.flush()
    connection = psycopg_connection(session.connection())
    found = look_up(connection, [(_asked(action, person_id, organization_id, None), now)])[0]
    return decide(found.terms, found.facts, now)


def require_gate(
    session: Session, principal: Principal, *, action: str, organization_id: UUID | None, now: datetime
) -> GateDecision | None:
    """Let a use case of our own go on only when its gate allows it; the operator (the system) has no gate.

    An allow is recorded with the use case's own commit. A denial ends the use case, whose transaction is rolled back:
    it is recorded durably first, in a transaction of its own.

    Raises
    ------
    GateDeniedError
    """
    if principal.is_system:
        return None
    session.flush()
    connection = psycopg_connection(session.connection())
    if principal.is_unrestricted and organization_id not in principal.organization_ids:
        # The platform's administrators reach organizations they do not belong to, under the platform's own rule.
        organization_id = None
    asked = _asked(action, principal.person_id, organization_id, None)
    found = look_up(connection, [(asked, now)])[0]
    if decide(found.terms, found.facts, now).is_allowed:
        return record_all(connection, [found])[0]
    bind = session.get_bind()
    # A session that joined somebody's connection leaves it to them what becomes of the transaction.
    raise _denied(desk_of(bind).record(bind, found) if isinstance(bind, Engine) else record_all(connection, [found])[0])


def facts_for(
    session: Session,
    principal: Principal,
    terms: GateTerms,
    *,
    organization_id: UUID,
    person_ids: Sequence[UUID],
    at: datetime,
    as_known_at: datetime | None = None,
) -> list[GateFacts]:
    """The facts of people for any terms, such as a proposal that is to be tried on them; nothing is recorded.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.VIEW_GATES, organization_id)
    session.flush()
    return look_up_for(
        psycopg_connection(session.connection()),
        terms,
        organization_id=organization_id,
        person_ids=person_ids,
        at=at,
        known_at=as_known_at,
    )


def set_gate_rule(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    action: str,
    requirements: Sequence[Requirement | Mapping[str, object]],
    mode: GateMode,
    policy_id: UUID | None = None,
    runbook_id: UUID | None = None,
    lesson_id: UUID | None = None,
    effective_from: date | None = None,
    now: datetime,
) -> GateRule:
    """Add the next version of an owner's rule on an action; earlier ones stay and go on deciding until its first day.

    Parameters
    ----------
    organization_id
        The owner; None is the platform, whose rule holds wherever an organization has none of its own.
    effective_from
        First day it counts; None is today.

    Raises
    ------
    NotAuthorizedError, GateDeniedError
        When the principal may not manage the gates, or the gate `rule-change` says no.
    InvalidInputError
        When the terms cannot mean what they should, start before today, or name what does not exist.
    """
    require_may_manage(principal, organization_id)
    terms = GateTerms(
        action=action,
        mode=mode,
        requirements=tuple(
            each if isinstance(each, Requirement) else requirements_from([each])[0] for each in requirements
        ),
        effective_from=effective_from or now.date(),
        organization_id=organization_id,
        policy_id=policy_id,
        runbook_id=runbook_id,
        lesson_id=lesson_id,
    )
    _require_name(action, "action")
    require_valid_terms(terms)
    if terms.effective_from < now.date() and not principal.is_system:
        raise InvalidInputError("A rule starts today or later: what was decided before stays as it was.")
    require_gate(session, principal, action=RULE_CHANGE, organization_id=organization_id, now=now)
    repository = GateRepository(session)
    missing = repository.unusable_references(
        organization_id, policy_id=policy_id, runbook_id=runbook_id, lesson_id=lesson_id
    )
    if missing:
        raise InvalidInputError(f"There is no such {' and no such '.join(missing)} that this rule may name.")
    repository.lock_action(organization_id, action)
    versions = repository.versions(organization_id, action)
    rule = GateRule(
        id=new_id(),
        organization_id=organization_id,
        action=action,
        version=versions[0].version + 1 if versions else 1,
        mode=mode,
        requirements=[requirement.to_document() for requirement in terms.requirements],
        policy_id=policy_id,
        runbook_id=runbook_id,
        lesson_id=lesson_id,
        effective_from=terms.effective_from,
        created_by=principal.actor_id,
        created_at=now,
        updated_at=now,
    )
    session.add(rule)
    session.flush()
    event = GateRuleSet(
        subject_id=None,
        organization_id=organization_id,
        occurred_at=now,
        rule_id=rule.id,
        rule_version=rule.version,
        action=action,
        mode=mode,
        effective_from=rule.effective_from,
        rule=to_terms(rule).canonical(),
    )
    append_events(session, [event], now=now)
    return rule


def end_gate_rule(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID | None,
    action: str,
    ended_on: date | None = None,
    now: datetime,
) -> list[GateRule]:
    """End an owner's rule on an action, all versions of it; `ended_on` is the first day without, today unless given.

    From then on the platform's rule holds, and where there is none the action is denied. Versions that were to start
    later never do.

    Raises
    ------
    NotAuthorizedError, GateDeniedError, InvalidInputError
    NotFoundError
        When no version is left to end.
    """
    require_may_manage(principal, organization_id)
    last = ended_on or now.date()
    if last < now.date():
        raise InvalidInputError("A rule ends today or later: what was decided before stays as it was.")
    require_gate(session, principal, action=RULE_CHANGE, organization_id=organization_id, now=now)
    repository = GateRepository(session)
    repository.lock_action(organization_id, action)
    ended = [
        rule for rule in repository.versions(organization_id, action) if rule.ended_on is None or rule.ended_on > last
    ]
    if not ended:
        raise NotFoundError(f"There is no rule on {action} of this owner that could be ended.")
    for rule in ended:
        rule.ended_on = last
        rule.updated_at = now
    session.flush()
    events = [
        GateRuleEnded(
            subject_id=None,
            organization_id=organization_id,
            occurred_at=now,
            rule_id=rule.id,
            rule_version=rule.version,
            action=action,
            ended_on=last,
        )
        for rule in ended
    ]
    append_events(session, events, now=now)
    return ended


def rules_of(
    session: Session, principal: Principal, organization_id: UUID | None, *, now: datetime
) -> list[GateRuleView]:
    """Every version of the organization's rules and of the platform's, saying which are in effect today.

    Raises
    ------
    NotAuthorizedError
    """
    if organization_id is None:
        require_may_manage(principal, None)
    else:
        principal.require(Permission.VIEW_GATES, organization_id)
    return GateRepository(session).rules(organization_id, on=now.date())


def terms_in_effect(session: Session, *, action: str, organization_id: UUID | None, now: datetime) -> GateTerms | None:
    """The terms that decide on an action today; None when nothing covers it. What is asked of people is no secret."""
    rule = GateRepository(session).rule_in_effect(organization_id, action, on=now.date())
    return None if rule is None else to_terms(rule)


def replay_decision(session: Session, decision_id: UUID) -> ReplayResult:
    """Make a recorded decision again from its record and compare every byte; reading is the auditor's and operator's.

    Raises
    ------
    NotFoundError
        When no decision is recorded under the id.
    """
    repository = GateRepository(session)
    event = repository.decided_event(decision_id)
    if event is None:
        raise NotFoundError("There is no recorded decision with this id.")
    return replay_event(event, repository.recorded_rules())


def replay_range(
    session: Session, *, since: datetime, until: datetime, organization_id: UUID | None = None
) -> ReplayReport:
    """Make every decision of a stretch of time (`until` not included) again."""
    repository = GateRepository(session)
    rules = repository.recorded_rules()
    count = 0
    differing = []
    for event in repository.decided_events(since=since, until=until, organization_id=organization_id):
        count += 1
        result = replay_event(event, rules)
        if not result.is_identical:
            differing.append(result)
    return ReplayReport(count, count - len(differing), tuple(differing[:SHOWN_DIFFERENCES]))


def replay_event(event: LedgerEvent, rules: Mapping[UUID, str]) -> ReplayResult:
    """Make a recorded decision again: rule and facts from the ledger, the answer compared with what was told.

    Parameters
    ----------
    rules
        Canonical JSON of rule versions by their id, as `gate.rule_set` recorded them.
    """
    body = orjson.loads(event.body)
    recorded = str(body["decision"]).encode()
    rule_id = body.get("rule_id")
    if rule_id is not None and UUID(rule_id) not in rules:
        return _result(event, body, recorded, None, "The ledger holds no rule with the id the record names.")
    terms = None if rule_id is None else terms_from(rules[UUID(rule_id)])
    facts = facts_from(body["facts"])
    now = event.occurred_at
    decision = replace(decide(terms, facts, now), decision_id=UUID(body["decision_id"]))
    replayed = decision.canonical()
    difference = None
    if replayed != recorded:
        difference = "Rule and facts lead to another answer than the recorded one."
    elif body_text(to_event(decision, Found(terms, facts, now))) != event.body:
        difference = "The record's summary or facts differ from the answer it holds."
    elif (event.subject_id, event.organization_id) != (facts.person_id, facts.organization_id):
        difference = "The record is filed under another person or organization."
    return _result(event, body, recorded, replayed, difference)


def _result(
    event: LedgerEvent, body: Mapping[str, str], recorded: bytes, replayed: bytes | None, difference: str | None
) -> ReplayResult:
    return ReplayResult(
        event_id=event.id,
        decision_id=UUID(body["decision_id"]),
        decided_at=event.occurred_at,
        action=body["action"],
        is_identical=difference is None,
        difference=difference,
        recorded=recorded,
        replayed=replayed,
    )


def require_may_manage(principal: Principal, organization_id: UUID | None) -> None:
    """The platform's own rules are its administrators'; an organization's those of whoever manages its gates.

    Raises
    ------
    NotAuthorizedError
    """
    if organization_id is not None:
        principal.require(Permission.MANAGE_GATES, organization_id)
    elif not principal.is_unrestricted:
        raise not_authorized(Permission.ADMINISTER)


def _require_may_ask(principal: Principal, person_id: UUID, organization_id: UUID | None) -> None:
    if principal.is_unrestricted or principal.is_person(person_id):
        return
    if organization_id is None:
        raise not_authorized(Permission.EVALUATE_GATES)
    principal.require(Permission.EVALUATE_GATES, organization_id)


def _asked(action: str, person_id: UUID, organization_id: UUID | None, resource: str | None) -> Asked:
    _require_name(action, "action")
    if resource is not None:
        _require_name(resource, "resource")
    return Asked(action, person_id, organization_id, resource)


def _require_name(name: str, what: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(f"The {what} is a name of 1 to {LONGEST_NAME} printable characters.")


def _denied(decision: GateDecision) -> GateDeniedError:
    return GateDeniedError(
        decision.text,
        details={
            "decision_id": str(decision.decision_id),
            "action": decision.action,
            "reason": str(decision.reason),
            "missing": list(decision.missing),
            "lesson_id": None if decision.lesson_id is None else str(decision.lesson_id),
        },
    )
