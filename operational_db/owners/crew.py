"""Crew checks: who may ask about whom, the answer on record before it leaves, and no more of people than it rests on.

An owner may ask about people who serve its buildings by a contract, and learns the answer and the certificates that
carry it; a contractor's managers ask about their own people and see all that is missing. The answer itself is the
engine's (`gates.crew`). Source: training-platform seed, US-TC027; D5 and D7.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import Engine, cast, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from operational_db.database import psycopg_connection, unit_of_work
from operational_db.errors import DatabaseUnavailableError, InvalidInputError, NotFoundError
from operational_db.gates import crew_audit
from operational_db.gates.crew import CrewDecision, CrewFacts, decide_crew, record_unavailable, to_disclosed
from operational_db.gates.crew_documents import facts_from, rule_ids_from
from operational_db.identity.rules import Permission, Principal, not_authorized
from operational_db.ledger.append import insert_events
from operational_db.owners.answers import answer_of
from operational_db.owners.lookup import CrewFound, CrewQuestion, look_up
from operational_db.owners.repository import OwnersRepository, can_own_buildings, covers, holds_on, is_member_on
from operational_db.owners.service import NO_BUILDING, NO_UNIT
from operational_db.owners.views import CrewAnswer, DecisionView, ServingPerson
from operational_db.owners.visits import LARGEST_CREW, NO_VISIT
from operational_db.paging import Page, PageRequest
from operational_db.tables.identity import Membership, Person
from operational_db.tables.ledger import LedgerEvent
from operational_db.tables.owners import Building, ServiceContract
from operational_db.types import GateOutcome, new_id

logger = logging.getLogger(__name__)

# An owner waits no longer than this for an answer; it is then told no.
STATEMENT_TIMEOUT_MS = 5_000
# Units of one building in one record.
LARGEST_UNIT_COUNT = 300
NO_PERSON = "Nobody with one of these ids serves this building by a contract on that day. Check the ids and the day."
NO_CONTRACTOR = "No contractor with this id services this building on that day. Check the contracts."
NO_CHECK = "There is no crew check with this id that you may see. Check the id."


@dataclass(frozen=True)
class _Asked:
    """A question as it comes in; without equipment the whole building is meant."""

    building_id: UUID | None
    equipment_ids: tuple[UUID, ...]
    person_ids: tuple[UUID, ...] | None
    contractor_id: UUID | None
    work_on: date | None
    visit_id: UUID | None
    as_known_at: datetime | None


@dataclass(frozen=True)
class _Allowed:
    """A question whose asker may have the answer; of the people of `open_to` also why something is missing."""

    question: CrewQuestion
    open_to: frozenset[UUID]


def check_crew(
    target: Session | Engine,
    principal: Principal,
    *,
    building_id: UUID | None = None,
    equipment_id: UUID | None = None,
    equipment_ids: Sequence[UUID] = (),
    person_ids: Sequence[UUID] | None = None,
    contractor_id: UUID | None = None,
    work_on: date | None = None,
    visit_id: UUID | None = None,
    as_known_at: datetime | None = None,
    now: datetime,
) -> CrewAnswer:
    """Whether people, or anybody of a contractor, are qualified for units of one building, or all of it, on a day.

    Parameters
    ----------
    target
        With the engine the record is durable when this returns, and a database that is away is an answer: not
        qualified. With a session the caller's commit makes it so; only then may the answer leave.
    person_ids
        The crew; None asks about the contractor's people.
    contractor_id
        Whose people; a contractor's manager with one such company need not name it.
    visit_id
        A visit the check is for; building, unit, day and crew are the visit's unless given.
    as_known_at
        For questions about the past: what was known then decides. None is now.

    Raises
    ------
    NotAuthorizedError
        When the principal checks no crews at all.
    NotFoundError
        When building, unit, contractor or one of the people is none the principal may ask about.
    InvalidInputError
        When nobody, nothing or too much is asked about, or the units lie in several buildings (`check_crews`).
    """
    units = (*((equipment_id,) if equipment_id is not None else ()), *equipment_ids)
    people = None if person_ids is None else tuple(person_ids)
    asked = _Asked(building_id, units, people, contractor_id, work_on, visit_id, as_known_at)
    answers = _ask(target, principal, asked, now)
    if len(answers) != 1:
        raise InvalidInputError("These units lie in several buildings. Ask about one building at a time.")
    return answers[0]


def check_crews(
    target: Session | Engine,
    principal: Principal,
    *,
    equipment_ids: Sequence[UUID],
    person_ids: Sequence[UUID],
    work_on: date,
    as_known_at: datetime | None = None,
    now: datetime,
) -> list[CrewAnswer]:
    """People against units of any buildings: one look-up, one commit, an answer and a record for each building.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
        As `check_crew`; nothing is decided then.
    """
    if not equipment_ids:
        raise InvalidInputError("Name the units the crew is to work on.")
    asked = _Asked(None, tuple(equipment_ids), tuple(person_ids), None, work_on, None, as_known_at)
    return _ask(target, principal, asked, now)


def peek_crew(
    session: Session,
    principal: Principal,
    *,
    building_id: UUID,
    equipment_ids: Sequence[UUID] = (),
    person_ids: Sequence[UUID] | None = None,
    contractor_id: UUID | None = None,
    work_on: date,
    now: datetime,
) -> CrewAnswer:
    """What a check would say at this moment, for a chip or an explanation; nothing is recorded, nobody may rely on it.

    Raises
    ------
    NotAuthorizedError, NotFoundError, InvalidInputError
    """
    people = None if person_ids is None else tuple(person_ids)
    asked = _Asked(building_id, tuple(equipment_ids), people, contractor_id, work_on, None, None)
    (allowed,) = _allowed(session, principal, asked)
    (found,) = look_up(session, [allowed.question], now=now)
    decision, facts = _decide(found, now)
    return answer_of(session, decision, facts, found, open_to=allowed.open_to)


def people_who_serve(session: Session, principal: Principal, *, organization_id: UUID, on: date) -> list[ServingPerson]:
    """Whom may be asked about: for an owner the people of its contractors on the day, for a contractor its own.

    Raises
    ------
    NotAuthorizedError
    """
    principal.require(Permission.CHECK_CREWS, organization_id)
    repository = OwnersRepository(session)
    if _is_owner(session, organization_id):
        return repository.serving(repository.contractors_of(organization_id, on=on).keys(), on=on)
    return repository.serving([organization_id], on=on)


def list_decisions(
    session: Session, principal: Principal, *, organization_id: UUID, page: PageRequest | None = None
) -> Page[DecisionView]:
    """Crew checks on record, the latest first: all of an owner's; of a contractor's those its own people made.

    Raises
    ------
    NotAuthorizedError
    """
    if not principal.can(Permission.VIEW_BUILDINGS, organization_id):
        principal.require(Permission.CHECK_CREWS, organization_id)
    page = page or PageRequest()
    condition = LedgerEvent.organization_id == organization_id
    if not _is_owner(session, organization_id):
        body = cast(LedgerEvent.body, JSONB)
        condition = (body["contractor_id"].astext == str(organization_id)) & LedgerEvent.subject_id.in_(
            select(Membership.person_id).where(Membership.organization_id == organization_id)
        )
    conditions = (crew_audit.is_kind(crew_audit.DECIDED), condition)
    total = session.scalar(select(func.count()).select_from(LedgerEvent).where(*conditions)) or 0
    statement = (
        select(LedgerEvent)
        .where(*conditions)
        .order_by(LedgerEvent.occurred_at.desc(), LedgerEvent.id.desc())
        .limit(page.size)
        .offset(page.offset)
    )
    events = [(event, orjson.loads(event.body)) for event in session.scalars(statement)]
    building_ids = {UUID(body["building_id"]) for _, body in events}
    names = {
        found_id: name
        for found_id, name in session.execute(select(Building.id, Building.name).where(Building.id.in_(building_ids)))
    }
    return Page([_decision_view(event, body, names) for event, body in events], total, page.number, page.size)


def decision_of(session: Session, principal: Principal, *, decision_id: UUID) -> CrewAnswer:
    """A recorded check as it was answered, from its record; for the owner's people and whoever asked.

    Raises
    ------
    NotFoundError
    """
    event = visible_decision(session, principal, decision_id)
    body = orjson.loads(event.body)
    facts = facts_from(body["facts"])
    rules = crew_audit.recorded_rules(session)
    terms = tuple(rules[rule_id] for rule_id in rule_ids_from(body["facts"]) if rule_id in rules)
    decision = replace(decide_crew(terms, facts, event.occurred_at), decision_id=decision_id)
    equipment_ids = None if facts.is_whole_building else tuple(unit.id for unit in facts.units if unit.id is not None)
    question = CrewQuestion(
        facts.organization_id, facts.building_id, facts.work_on, (), equipment_ids, visit_id=facts.visit_id
    )
    units = OwnersRepository(session).units_of(facts.building_id, is_in_use_only=False)
    found = CrewFound(question, terms, facts, {unit.equipment_id: unit.name for unit in units})
    return answer_of(session, decision, facts, found, open_to=frozenset())


def visible_decision(session: Session, principal: Principal, decision_id: UUID) -> LedgerEvent:
    """The record of a check, for the owner's people and whoever asked.

    Raises
    ------
    NotFoundError
    """
    event = crew_audit.decided_event(session, decision_id)
    if event is None or event.organization_id is None:
        raise NotFoundError(NO_CHECK)
    is_hers = event.subject_id is not None and principal.is_person(event.subject_id)
    owner_id = event.organization_id
    if not (
        is_hers or principal.can(Permission.CHECK_CREWS, owner_id) or principal.can(Permission.VIEW_BUILDINGS, owner_id)
    ):
        raise NotFoundError(NO_CHECK)
    return event


def _ask(target: Session | Engine, principal: Principal, asked: _Asked, now: datetime) -> list[CrewAnswer]:
    if isinstance(target, Session):
        return _check(target, principal, asked, now)
    try:
        with unit_of_work(target) as session:
            session.execute(text(f"set local statement_timeout = {STATEMENT_TIMEOUT_MS}"))
            answers = _check(session, principal, asked, now)
    except (SQLAlchemyError, psycopg.Error, DatabaseUnavailableError) as error:
        logger.error("crew.record_unavailable", extra={"error": type(error).__name__})
        return [_unavailable(asked, now)]
    return answers


def _check(session: Session, principal: Principal, asked: _Asked, now: datetime) -> list[CrewAnswer]:
    """Look up, decide and record in the session's transaction, which must be committed before the answers leave."""
    allowed = _allowed(session, principal, asked)
    found = look_up(session, [each.question for each in allowed], now=now)
    decided = [_decide(each, now) for each in found]
    events = [
        crew_audit.to_event(decision, each.terms, facts, asked_by_id=principal.actor_id)
        for (decision, facts), each in zip(decided, found, strict=True)
    ]
    session.flush()
    try:
        ids = [event.decision_id for event in events]
        insert_events(psycopg_connection(session.connection()), events, now=now, ids=ids)
    except ValueError as error:
        raise InvalidInputError(
            "This is more than one record holds. Ask about fewer people or units at a time.",
            details={"people": len(asked.person_ids or ()), "units": len(asked.equipment_ids)},
        ) from error
    return [
        answer_of(session, decision, facts, each, open_to=may.open_to)
        for (decision, facts), each, may in zip(decided, found, allowed, strict=True)
    ]


def _decide(found: CrewFound, now: datetime) -> tuple[CrewDecision, CrewFacts]:
    """The decision, and the part of the facts that goes on record with it."""
    facts = to_disclosed(found.terms, found.facts)
    return replace(decide_crew(found.terms, facts, now), decision_id=new_id()), facts


def _allowed(session: Session, principal: Principal, asked: _Asked) -> list[_Allowed]:
    """The question by building, as far as the principal may ask it; what is not hers is not told apart from nothing."""
    if not principal.can(Permission.CHECK_CREWS):
        raise not_authorized(Permission.CHECK_CREWS)
    repository = OwnersRepository(session)
    if asked.visit_id is not None:
        asked = _of_visit(repository, principal, asked)
    if asked.work_on is None:
        raise InvalidInputError("Name the day of work.")
    if asked.person_ids is not None and not 0 < len(set(asked.person_ids)) <= LARGEST_CREW:
        raise InvalidInputError(f"Name 1 to {LARGEST_CREW} people, or ask about a contractor.")
    places = _places(repository, asked)
    buildings = {each.id: each for each in session.scalars(select(Building).where(Building.id.in_(places)))}
    servicing = _servicing(session, places, asked.work_on)
    companies = {each for found in servicing.values() for each in found}
    members = _members(session, companies, asked.person_ids, asked.work_on)
    return [
        _allowed_in(principal, asked, asked.work_on, buildings.get(building_id), unit_ids, servicing, members)
        for building_id, unit_ids in places.items()
    ]


def _allowed_in(
    principal: Principal,
    asked: _Asked,
    work_on: date,
    building: Building | None,
    unit_ids: tuple[UUID, ...] | None,
    servicing: dict[UUID, frozenset[UUID]],
    members: dict[UUID, set[UUID]],
) -> _Allowed:
    if building is None:
        raise NotFoundError(NO_BUILDING)
    contractors = servicing.get(building.id, frozenset())
    # Who checks a contractor's own people, and may see all that is missing.
    own = (
        contractors if principal.is_unrestricted else contractors & principal.organizations_with(Permission.CHECK_CREWS)
    )
    if not principal.can(Permission.CHECK_CREWS, building.organization_id):
        if not own:
            raise NotFoundError(NO_BUILDING if asked.building_id is not None or asked.visit_id else NO_UNIT)
        contractors = own
    if asked.contractor_id is not None:
        if asked.contractor_id not in contractors:
            raise NotFoundError(NO_CONTRACTOR)
        contractors = frozenset({asked.contractor_id})
    if asked.person_ids is None:
        if len(contractors) != 1:
            raise InvalidInputError("Name the people of the crew, or the contractor.")
    else:
        serving = {person_id for each in contractors for person_id in members.get(each, ())}
        if not serving.issuperset(asked.person_ids):
            raise NotFoundError(NO_PERSON)
        # Only the companies the crew comes from go on record.
        contractors = frozenset(each for each in contractors if members.get(each, set()) & set(asked.person_ids))
    if unit_ids is not None and len(unit_ids) > LARGEST_UNIT_COUNT:
        raise InvalidInputError(f"Ask about up to {LARGEST_UNIT_COUNT} units of a building at a time.")
    question = CrewQuestion(
        owner_id=building.organization_id,
        building_id=building.id,
        work_on=work_on,
        contractor_ids=tuple(sorted(contractors)),
        equipment_ids=unit_ids,
        person_ids=None if asked.person_ids is None else tuple(sorted(set(asked.person_ids))),
        visit_id=asked.visit_id,
        known_at=asked.as_known_at,
    )
    open_people = {person_id for each in own for person_id in members.get(each, ())}
    return _Allowed(question, frozenset(open_people))


def _of_visit(repository: OwnersRepository, principal: Principal, asked: _Asked) -> _Asked:
    """What was left open, as the visit has it."""
    visit = repository.visit(asked.visit_id) if asked.visit_id is not None else None
    contract = None if visit is None else repository.contract(visit.contract_id)
    is_theirs = contract is not None and (
        principal.can(Permission.CHECK_CREWS, contract.owner_id)
        or principal.can(Permission.CHECK_CREWS, contract.contractor_id)
    )
    if visit is None or contract is None or not is_theirs or asked.building_id not in (None, visit.building_id):
        raise NotFoundError(NO_VISIT)
    crew = tuple(repository.crew_ids(visit.id)) or None
    units = asked.equipment_ids or (() if visit.equipment_id is None else (visit.equipment_id,))
    is_open = asked.person_ids is None and asked.contractor_id is None
    return replace(
        asked,
        building_id=visit.building_id,
        equipment_ids=units,
        person_ids=crew if is_open else asked.person_ids,
        contractor_id=contract.contractor_id if is_open else asked.contractor_id,
        work_on=asked.work_on or visit.planned_on,
    )


def _places(repository: OwnersRepository, asked: _Asked) -> dict[UUID, tuple[UUID, ...] | None]:
    """The units asked about by building; None for all of it."""
    if not asked.equipment_ids:
        if asked.building_id is None:
            raise InvalidInputError("Name a building or units.")
        return {asked.building_id: None}
    found = repository.buildings_of_units(set(asked.equipment_ids))
    places: dict[UUID, tuple[UUID, ...] | None] = {}
    for unit_id in dict.fromkeys(asked.equipment_ids):
        building_id = found.get(unit_id)
        if building_id is None or asked.building_id not in (None, building_id):
            raise NotFoundError(NO_UNIT)
        places[building_id] = (*(places.get(building_id) or ()), unit_id)
    return places


def _servicing(
    session: Session, building_ids: dict[UUID, tuple[UUID, ...] | None], on: date
) -> dict[UUID, frozenset[UUID]]:
    """Who services each building by a contract that holds on the day."""
    statement = (
        select(Building.id, ServiceContract.contractor_id)
        .join(ServiceContract, ServiceContract.owner_id == Building.organization_id)
        .where(Building.id.in_(building_ids), covers(Building.id), holds_on(on))
    )
    found: dict[UUID, set[UUID]] = {}
    for building_id, contractor_id in session.execute(statement):
        found.setdefault(building_id, set()).add(contractor_id)
    return {building_id: frozenset(contractors) for building_id, contractors in found.items()}


def _members(
    session: Session, organization_ids: set[UUID], person_ids: tuple[UUID, ...] | None, on: date
) -> dict[UUID, set[UUID]]:
    """People of the organizations on the day, by organization; only those named, when some are."""
    statement = (
        select(Membership.organization_id, Membership.person_id)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organization_id.in_(organization_ids), is_member_on(on), Person.erased_at.is_(None))
    )
    if person_ids is not None:
        statement = statement.where(Membership.person_id.in_(person_ids))
    members: dict[UUID, set[UUID]] = {}
    for organization_id, person_id in session.execute(statement):
        members.setdefault(organization_id, set()).add(person_id)
    return members


def _unavailable(asked: _Asked, now: datetime) -> CrewAnswer:
    decision = record_unavailable(
        building_id=asked.building_id,
        contractor_id=asked.contractor_id,
        visit_id=asked.visit_id,
        work_on=asked.work_on or now.date(),
        now=now,
    )
    return CrewAnswer(decision, "")


def _is_owner(session: Session, organization_id: UUID) -> bool:
    organization = OwnersRepository(session).organization(organization_id)
    return organization is not None and can_own_buildings(organization)


def _decision_view(event: LedgerEvent, body: dict[str, str], names: dict[UUID, str]) -> DecisionView:
    building_id = UUID(body["building_id"])
    return DecisionView(
        decision_id=event.id,
        decided_at=event.occurred_at,
        asked_by_id=event.subject_id,
        contractor_id=_id(body.get("contractor_id")),
        building_id=building_id,
        building_name=names.get(building_id, ""),
        equipment_id=_id(body.get("equipment_id")),
        visit_id=_id(body.get("visit_id")),
        work_on=date.fromisoformat(body["work_on"]),
        is_qualified=bool(body["is_qualified"]),
        outcome=GateOutcome(body["outcome"]),
        crew_size=int(body["crew_size"]),
    )


def _id(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
