"""Impact preview of a crew rule: which planned visits and which of the last days' checks would come out otherwise.

Checks are asked again with what was known when each was made; nothing is written. A proposal is previewed as if it were
enforced from its first day; checks of days before that are asked as if it had been in effect.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from operational_db.errors import InvalidInputError
from operational_db.gates import crew_audit
from operational_db.gates.crew import CrewDecision, CrewTerms, decide_crew
from operational_db.gates.crew_documents import facts_from
from operational_db.gates.crew_requirements import certifications_of
from operational_db.identity.rules import Permission, Principal
from operational_db.owners.alerts import visit_questions
from operational_db.owners.crew_rules import RequirementInput, proposed_terms
from operational_db.owners.lookup import CrewFound, CrewQuestion, look_up
from operational_db.owners.repository import OwnersRepository
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.owners import Equipment
from operational_db.types import CrewRuleTarget, GateMode

LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class VisitImpact:
    """A planned visit whose crew would be answered otherwise."""

    visit_id: UUID
    building_id: UUID
    building_name: str
    contractor_id: UUID
    planned_on: date
    is_qualified_before: bool
    is_qualified_after: bool


@dataclass(frozen=True, slots=True)
class DecisionImpact:
    """A recorded check that would have come out otherwise."""

    decision_id: UUID
    building_id: UUID
    building_name: str
    decided_at: datetime
    work_on: date
    is_qualified_before: bool
    is_qualified_after: bool


@dataclass(frozen=True)
class CrewRulePreview:
    days: int
    visits_considered: int
    decisions_replayed: int
    visits: tuple[VisitImpact, ...]
    decisions: tuple[DecisionImpact, ...]
    previewed_at: datetime

    @property
    def newly_unqualified_visit_count(self) -> int:
        return sum(not each.is_qualified_after for each in self.visits)


def preview_crew_rule(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    target: CrewRuleTarget,
    target_key: str | UUID = "",
    requirement: RequirementInput,
    effective_from: date | None = None,
    days: int = 90,
    now: datetime,
) -> CrewRulePreview:
    """Hold a proposed rule, new or the next version, against planned visits and the last days' recorded checks.

    Parameters
    ----------
    days
        How far back checks are taken, 1 to 366.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    """
    principal.require(Permission.MANAGE_BUILDINGS, organization_id)
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInputError(f"A preview looks 1 to {LONGEST_DAYS} days back.")
    proposed = proposed_terms(
        session,
        organization_id=organization_id,
        target=target,
        target_key=target_key,
        requirement=requirement,
        mode=GateMode.ENFORCE,
        effective_from=effective_from or now.date(),
    )
    kinds = certifications_of(proposed.requirement)
    planned = visit_questions(session, owner_id=organization_id, from_on=now.date())
    visits = look_up(session, list(planned.values()), now=now, extra_certifications=kinds)
    events = list(
        crew_audit.decided_events(session, since=now - timedelta(days=days), until=now, organization_id=organization_id)
    )
    recorded = _recorded_questions(session, events)
    checks = look_up(session, [question for question, _ in recorded], now=now, extra_certifications=kinds)
    names = _building_names(session, [*planned.values(), *(question for question, _ in recorded)])
    visit_impacts = []
    for visit_id, found in zip(planned, visits, strict=True):
        is_there = found.question.work_on >= proposed.effective_from
        before = decide_crew(found.terms, found.facts, now)
        after = _under(proposed, found, now) if is_there else before
        if before.is_qualified != after.is_qualified:
            visit_impacts.append(_visit_impact(visit_id, found, names, before, after))
    decision_impacts = []
    for (_, event), found in zip(recorded, checks, strict=True):
        is_before = bool(orjson.loads(event.body)["is_qualified"])
        after = _under(proposed, found, event.occurred_at)
        if is_before != after.is_qualified:
            decision_impacts.append(_decision_impact(event, found, names, is_before, after))
    return CrewRulePreview(
        days=days,
        visits_considered=len(planned),
        decisions_replayed=len(recorded),
        visits=tuple(sorted(visit_impacts, key=lambda each: (each.planned_on, each.visit_id))),
        decisions=tuple(decision_impacts),
        previewed_at=now,
    )


def _under(proposed: CrewTerms, found: CrewFound, at: datetime) -> CrewDecision:
    """The answer with the proposal in the place of what is required on its target now."""
    kept = [
        terms for terms in found.terms if (terms.target, terms.target_key) != (proposed.target, proposed.target_key)
    ]
    return decide_crew([*kept, proposed], found.facts, at)


def _recorded_questions(session: Session, events: Iterable[LedgerEvent]) -> list[tuple[CrewQuestion, LedgerEvent]]:
    """The question each record answers, as it was put; units that are gone since are left out."""
    facts_of = [(facts_from(orjson.loads(event.body)["facts"]), event) for event in events]
    unit_ids = {unit.id for facts, _ in facts_of for unit in facts.units if unit.id is not None}
    present = set(session.scalars(select(Equipment.id).where(Equipment.id.in_(unit_ids))))
    recorded = []
    for facts, event in facts_of:
        unit_ids_asked = tuple(unit.id for unit in facts.units if unit.id in present and unit.id is not None)
        question = CrewQuestion(
            owner_id=facts.organization_id,
            building_id=facts.building_id,
            work_on=facts.work_on,
            contractor_ids=_contractors(session, facts.contractor_id, facts.organization_id, facts.work_on),
            equipment_ids=None if facts.is_whole_building or not unit_ids_asked else unit_ids_asked,
            person_ids=tuple(person.id for person in facts.people) if facts.is_crew_named else None,
            visit_id=facts.visit_id,
            known_at=facts.known_at,
        )
        recorded.append((question, event))
    return recorded


def _contractors(session: Session, contractor_id: UUID | None, owner_id: UUID, on: date) -> tuple[UUID, ...]:
    """Whose people they were: a crew of several companies has none on record, but all serve the owner."""
    if contractor_id is not None:
        return (contractor_id,)
    return tuple(sorted(OwnersRepository(session).contractors_of(owner_id, on=on)))


def _building_names(session: Session, questions: Sequence[CrewQuestion]) -> dict[UUID, str]:
    repository = OwnersRepository(session)
    found = {each.building_id: repository.building(each.building_id) for each in questions}
    return {building_id: building.name for building_id, building in found.items() if building is not None}


def _visit_impact(
    visit_id: UUID, found: CrewFound, names: dict[UUID, str], before: CrewDecision, after: CrewDecision
) -> VisitImpact:
    question = found.question
    return VisitImpact(
        visit_id=visit_id,
        building_id=question.building_id,
        building_name=names.get(question.building_id, ""),
        contractor_id=question.contractor_ids[0],
        planned_on=question.work_on,
        is_qualified_before=before.is_qualified,
        is_qualified_after=after.is_qualified,
    )


def _decision_impact(
    event: LedgerEvent, found: CrewFound, names: dict[UUID, str], is_before: bool, after: CrewDecision
) -> DecisionImpact:
    question = found.question
    return DecisionImpact(
        decision_id=event.id,
        building_id=question.building_id,
        building_name=names.get(question.building_id, ""),
        decided_at=event.occurred_at,
        work_on=question.work_on,
        is_qualified_before=is_before,
        is_qualified_after=after.is_qualified,
    )
