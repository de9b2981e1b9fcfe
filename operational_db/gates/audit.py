"""Recorded decisions of gates and of crew checks for those who check them.

Making one again is `service`'s and `crew_audit`'s.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.gates import crew_audit
from operational_db.gates.repository import GateRepository
from operational_db.gates.service import SHOWN_DIFFERENCES, replay_event, replay_range
from operational_db.gates.views import ReplayReport, ReplayResult
from operational_db.identity.rules import Permission, Principal


def replay_decision_for(session: Session, principal: Principal, decision_id: UUID) -> ReplayResult:
    """Make a recorded decision again, for who may see the organization's gates and for the person it was about.

    Raises
    ------
    NotFoundError
        When there is no such decision, or none the principal may see.
    """
    repository = GateRepository(session)
    event = repository.decided_event(decision_id)
    if event is not None:
        is_hers = event.subject_id is not None and principal.is_person(event.subject_id)
        organization_id = event.organization_id
        may_see = principal.is_unrestricted or (
            organization_id is not None and principal.can(Permission.VIEW_GATES, organization_id)
        )
        if is_hers or may_see:
            return replay_event(event, repository.recorded_rules())
    raise NotFoundError("There is no recorded decision with this id that you may see. Check the id.")


def replay_crew_decision_for(session: Session, principal: Principal, decision_id: UUID) -> ReplayResult:
    """Make a recorded crew check again, for who may see the owner's buildings and for the person who asked.

    Raises
    ------
    NotFoundError
        When there is no such check, or none the principal may see.
    """
    event = crew_audit.decided_event(session, decision_id)
    if event is not None:
        is_hers = event.subject_id is not None and principal.is_person(event.subject_id)
        owner_id = event.organization_id
        if is_hers or (owner_id is not None and principal.can(Permission.VIEW_BUILDINGS, owner_id)):
            return crew_audit.replay_event(event, crew_audit.recorded_rules(session))
    raise NotFoundError("There is no recorded crew check with this id that you may see. Check the id.")


def replay_any(session: Session, decision_id: UUID) -> ReplayResult:
    """Make a recorded decision, of a gate or about a crew, again; reading is the auditor's and operator's.

    Raises
    ------
    NotFoundError
        When no decision is recorded under the id.
    """
    crew_event = crew_audit.decided_event(session, decision_id)
    if crew_event is not None:
        return crew_audit.replay_event(crew_event, crew_audit.recorded_rules(session))
    repository = GateRepository(session)
    event = repository.decided_event(decision_id)
    if event is None:
        raise NotFoundError("There is no recorded decision with this id.")
    return replay_event(event, repository.recorded_rules())


def replay_all(
    session: Session, *, since: datetime, until: datetime, organization_id: UUID | None = None
) -> ReplayReport:
    """Make every decision of a stretch of time (`until` not included) again, of gates and about crews."""
    gates = replay_range(session, since=since, until=until, organization_id=organization_id)
    crews = crew_audit.replay_range(session, since=since, until=until, organization_id=organization_id)
    return ReplayReport(
        gates.replayed_count + crews.replayed_count,
        gates.identical_count + crews.identical_count,
        (*gates.differing, *crews.differing)[:SHOWN_DIFFERENCES],
    )
