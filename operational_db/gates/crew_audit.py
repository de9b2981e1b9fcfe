"""Crew checks on record: the entry of a decision, and making it again from the ledger alone, bit for bit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.orm import Session

from operational_db.gates.crew import CrewDecision, CrewFacts, CrewTerms, decide_crew
from operational_db.gates.crew_documents import facts_from, rule_ids_from, terms_from_event
from operational_db.gates.views import ReplayReport, ReplayResult
from operational_db.ledger.canonical import body_text
from operational_db.ledger.events import CrewDecided
from operational_db.tables.ledger import LedgerEvent

DECIDED = "crew.decided"
RULE_SET = "crew.rule_set"
# How results and reports of replays name a crew check among the actions of gates.
ACTION = "crew-check"
# Of decisions that came out otherwise, a report shows so many.
SHOWN_DIFFERENCES = 20


def to_event(
    decision: CrewDecision, terms: Sequence[CrewTerms], facts: CrewFacts, *, asked_by_id: UUID | None
) -> CrewDecided:
    """The record of a crew check: facts and answer as canonical JSON, so that it can be made again."""
    if decision.decision_id is None:
        raise ValueError("A decision gets its id before it is recorded.")
    return CrewDecided(
        subject_id=asked_by_id,
        organization_id=facts.organization_id,
        occurred_at=decision.decided_at,
        decision_id=decision.decision_id,
        contractor_id=decision.contractor_id,
        building_id=facts.building_id,
        equipment_id=facts.units[0].id if len(facts.units) == 1 and not facts.is_whole_building else None,
        visit_id=decision.visit_id,
        work_on=decision.work_on,
        outcome=decision.outcome,
        is_qualified=decision.is_qualified,
        crew_size=len(facts.people),
        facts=facts.canonical(terms),
        decision=decision.canonical().decode(),
    )


def decided_event(session: Session, decision_id: UUID) -> LedgerEvent | None:
    """The record of a crew check; it has the id of its entry in the ledger."""
    event = session.get(LedgerEvent, decision_id)
    return event if event is not None and event.kind == DECIDED else None


def decided_events(
    session: Session, *, since: datetime, until: datetime, organization_id: UUID | None = None
) -> Iterator[LedgerEvent]:
    """Crew checks made in a stretch of time (`until` not included), of one owner or all, oldest first."""
    statement = select(LedgerEvent).where(
        is_kind(DECIDED), LedgerEvent.occurred_at >= since, LedgerEvent.occurred_at < until
    )
    if organization_id is not None:
        statement = statement.where(LedgerEvent.organization_id == organization_id)
    ordered = statement.order_by(LedgerEvent.occurred_at, LedgerEvent.id)
    yield from session.scalars(ordered.execution_options(yield_per=2_000))


def recorded_rules(session: Session) -> dict[UUID, CrewTerms]:
    """Every version of every crew rule, as the ledger recorded it."""
    statement = select(LedgerEvent.body, LedgerEvent.organization_id).where(
        is_kind(RULE_SET), LedgerEvent.organization_id.is_not(None)
    )
    rules = (terms_from_event(orjson.loads(body), owner) for body, owner in session.execute(statement) if owner)
    return {terms.rule_id: terms for terms in rules if terms.rule_id is not None}


def replay_event(event: LedgerEvent, rules: Mapping[UUID, CrewTerms]) -> ReplayResult:
    """Make a recorded crew check again: rules and facts from the ledger, the answer compared with what was told."""
    body = orjson.loads(event.body)
    recorded = str(body["decision"]).encode()
    rule_ids = rule_ids_from(body["facts"])
    if any(rule_id not in rules for rule_id in rule_ids):
        return _result(event, body, recorded, None, "The ledger holds no rule with an id the record names.")
    terms = [rules[rule_id] for rule_id in rule_ids]
    facts = facts_from(body["facts"])
    decision = replace(decide_crew(terms, facts, event.occurred_at), decision_id=UUID(body["decision_id"]))
    replayed = decision.canonical()
    difference = None
    if replayed != recorded:
        difference = "Rules and facts lead to another answer than the recorded one."
    elif body_text(to_event(decision, terms, facts, asked_by_id=event.subject_id)) != event.body:
        difference = "The record's summary or facts differ from the answer it holds."
    elif event.organization_id != facts.organization_id:
        difference = "The record is filed under another organization."
    return _result(event, body, recorded, replayed, difference)


def replay_range(
    session: Session, *, since: datetime, until: datetime, organization_id: UUID | None = None
) -> ReplayReport:
    """Make every crew check of a stretch of time (`until` not included) again."""
    rules: dict[UUID, CrewTerms] | None = None
    count = 0
    differing = []
    for event in decided_events(session, since=since, until=until, organization_id=organization_id):
        rules = recorded_rules(session) if rules is None else rules
        count += 1
        result = replay_event(event, rules)
        if not result.is_identical:
            differing.append(result)
    return ReplayReport(count, count - len(differing), tuple(differing[:SHOWN_DIFFERENCES]))


def _result(
    event: LedgerEvent, body: dict[str, str], recorded: bytes, replayed: bytes | None, difference: str | None
) -> ReplayResult:
    return ReplayResult(
        event_id=event.id,
        decision_id=UUID(body["decision_id"]),
        decided_at=event.occurred_at,
        action=ACTION,
        is_identical=difference is None,
        difference=difference,
        recorded=recorded,
        replayed=replayed,
    )


def is_kind(kind: str) -> ColumnElement[bool]:
    """Written into the statement, not bound: only so does the planner see that the partial index has these rows."""
    return LedgerEvent.kind == literal_column(f"'{kind}'")
