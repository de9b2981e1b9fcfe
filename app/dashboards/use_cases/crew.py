"""Crew checks as pages ask and show them: whom one may ask about, the answer on record, former checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Engine

from operational_db.database import read_only_session
from operational_db.identity.rules import Principal
from operational_db.ledger.keys import load_or_create_signer
from operational_db.ledger.witness_client import parse_witnesses
from operational_db.owners import crew
from operational_db.owners.crew_proof import proof_of
from operational_db.owners.views import CrewAnswer, DecisionView, ServingPerson, VisitView
from operational_db.paging import Page, PageRequest
from operational_db.settings import Settings


@dataclass(frozen=True)
class Question:
    """Where, when and who; without people anybody of the contractor is asked about."""

    building_id: UUID
    equipment_id: UUID | None
    contractor_id: UUID | None
    person_ids: tuple[UUID, ...]
    work_on: date
    visit_id: UUID | None = None


def serving_people(
    engine: Engine, principal: Principal, *, organization_id: UUID, contractor_id: UUID | None = None, on: date
) -> Sequence[ServingPerson]:
    """Whom an owner or a contractor may ask about on a day, of all contractors or of one.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        found = crew.people_who_serve(session, principal, organization_id=organization_id, on=on)
    return [each for each in found if contractor_id in (None, each.contractor_id)]


def check(engine: Engine, principal: Principal, *, question: Question, now: datetime) -> CrewAnswer:
    """The answer, on record before it is returned; a database that is away answers no.

    Raises
    ------
    DomainError
        When the question names something or somebody the principal may not ask about.
    """
    return crew.check_crew(
        engine,
        principal,
        building_id=question.building_id,
        equipment_id=question.equipment_id,
        person_ids=question.person_ids or None,
        contractor_id=question.contractor_id,
        work_on=question.work_on,
        visit_id=question.visit_id,
        now=now,
    )


def candidates(
    engine: Engine, principal: Principal, *, visit: VisitView, people: Sequence[ServingPerson], now: datetime
) -> CrewAnswer:
    """What each of a contractor's own people would lack for a visit, were they all to come; nothing is recorded.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return crew.peek_crew(
            session,
            principal,
            building_id=visit.building_id,
            equipment_ids=() if visit.equipment_id is None else (visit.equipment_id,),
            person_ids=[each.person_id for each in people],
            work_on=visit.planned_on,
            now=now,
        )


def recorded(engine: Engine, principal: Principal, *, decision_id: UUID) -> CrewAnswer:
    """A former check as it was answered, made again from its record.

    Raises
    ------
    DomainError
        When the database is down, or there is no such check for the principal.
    """
    with read_only_session(engine) as session:
        return crew.decision_of(session, principal, decision_id=decision_id)


def history(engine: Engine, principal: Principal, *, organization_id: UUID, page: PageRequest) -> Page[DecisionView]:
    """Former checks, the latest first.

    Raises
    ------
    DomainError
        When the database is down, or the principal may not know.
    """
    with read_only_session(engine) as session:
        return crew.list_decisions(session, principal, organization_id=organization_id, page=page)


def proof(engine: Engine, settings: Settings, principal: Principal, *, decision_id: UUID, now: datetime) -> bytes:
    """The proof of a recorded check as a zip file, which can be checked without us.

    Raises
    ------
    DomainError
        When there is no such check for the principal, or what is stored is not what was sealed.
    """
    return proof_of(
        engine,
        principal,
        decision_id=decision_id,
        signer=load_or_create_signer(settings),
        now=now,
        witness_vkeys=[witness.verifier.vkey for witness in parse_witnesses(settings.ledger_witnesses)],
    )
