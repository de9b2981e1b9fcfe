"""Which planned visits nobody qualified can do as things stand: alerts are opened and closed by state.

Who is told, when and how often is the reminders' (`notifications`), which owe by what is open here.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from operational_db.gates.crew import CrewDecision, CrewReason, decide_crew
from operational_db.owners.lookup import CrewFound, CrewQuestion, look_up
from operational_db.owners.repository import OwnersRepository
from operational_db.tables.owners import Building, ServiceContract, Visit, VisitAlert
from operational_db.types import VisitStatus, new_id

# The first step of the reminders, and a day for people whose day it is already.
DAYS_AHEAD = 15
# Visits that are looked at together.
BATCH_SIZE = 1_000


def refresh_visit_alerts(session: Session, *, now: datetime, has_new: bool = True) -> int:
    """Open and close alerts by what is known now; returns how many changed.

    A visit of the days ahead has an alert while its crew (or, when none was named, all of the contractor's people)
    would not be called qualified. Where nothing is required, nobody is alarmed.

    Parameters
    ----------
    has_new
        False only looks at the alerts that are open.
    """
    open_alerts = {
        alert.visit_id: alert for alert in session.scalars(select(VisitAlert).where(VisitAlert.closed_at.is_(None)))
    }
    today = now.date()
    wanted: ColumnElement[bool] = Visit.planned_on.between(
        today - timedelta(days=1), today + timedelta(days=DAYS_AHEAD)
    )
    if not has_new:
        wanted &= Visit.id.in_(open_alerts)
    questions = _questions(session, wanted) if has_new or open_alerts else {}
    unqualified: set[UUID] = set()
    visits = list(questions.items())
    for start in range(0, len(visits), BATCH_SIZE):
        part = visits[start : start + BATCH_SIZE]
        found = look_up(session, [question for _, question in part], now=now)
        unqualified.update(
            visit_id for (visit_id, _), each in zip(part, found, strict=True) if is_unqualified(each, now)
        )
    closed = [alert for visit_id, alert in open_alerts.items() if visit_id not in unqualified]
    for alert in closed:
        alert.closed_at = now
    opened = sorted(unqualified.difference(open_alerts))
    session.add_all([VisitAlert(id=new_id(), visit_id=visit_id, opened_at=now) for visit_id in opened])
    session.flush()
    return len(closed) + len(opened)


def is_unqualified(found: CrewFound, now: datetime) -> bool:
    """Whether a visit's crew would be turned away, as opposed to nothing being asked of it."""
    return alarms(decide_crew(found.terms, found.facts, now))


def alarms(decision: CrewDecision) -> bool:
    return not decision.is_qualified and decision.reason is not CrewReason.NO_RULE


def visit_questions(
    session: Session, *, owner_id: UUID, from_on: date, to_on: date | None = None
) -> dict[UUID, CrewQuestion]:
    """The question each of an owner's planned visits puts, by the visit's id; both days included."""
    wanted = (Building.organization_id == owner_id) & (Visit.planned_on >= from_on)
    if to_on is not None:
        wanted &= Visit.planned_on <= to_on
    return _questions(session, wanted)


def _questions(session: Session, wanted: ColumnElement[bool]) -> dict[UUID, CrewQuestion]:
    statement = (
        select(Visit, Building.organization_id, ServiceContract.contractor_id)
        .join(Building, Building.id == Visit.building_id)
        .join(ServiceContract, ServiceContract.id == Visit.contract_id)
        .where(Visit.status == VisitStatus.PLANNED, wanted)
        .order_by(Visit.id)
    )
    rows = session.execute(statement).all()
    crews = OwnersRepository(session).crews_of([visit.id for visit, _, _ in rows])
    questions: dict[UUID, CrewQuestion] = {}
    for visit, owner_id, contractor_id in rows:
        questions[visit.id] = CrewQuestion(
            owner_id=owner_id,
            building_id=visit.building_id,
            work_on=visit.planned_on,
            contractor_ids=(contractor_id,),
            equipment_ids=None if visit.equipment_id is None else (visit.equipment_id,),
            person_ids=tuple(member.person_id for member in crews.get(visit.id, ())) or None,
            visit_id=visit.id,
        )
    return questions
