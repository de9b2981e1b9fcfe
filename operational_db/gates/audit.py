"""Recorded decisions for those who check them; making one again is `service`'s."""

from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.gates.repository import GateRepository
from operational_db.gates.service import replay_event
from operational_db.gates.views import ReplayResult
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
