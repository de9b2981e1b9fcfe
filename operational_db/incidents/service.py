"""Use cases of incidents: report one, name who was involved, and ask whether they were certified for its scope.

Source: embedded-training seed (incident linkage). Titles, summaries and involvements stay in the tables, out of the
ledger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from operational_db.errors import NotFoundError
from operational_db.gates.access import require_name
from operational_db.identity.repository import IdentityRepository
from operational_db.identity.rules import Permission, Principal
from operational_db.incidents import rules
from operational_db.incidents.repository import IncidentRepository
from operational_db.incidents.views import IncidentReport, IncidentView, PersonAtIncident
from operational_db.ledger.append import append_events
from operational_db.ledger.events import IncidentPersonInvolved, IncidentReported
from operational_db.paging import Page, PageRequest
from operational_db.proficiency.repository import ProficiencyRepository
from operational_db.proficiency.rules import CertifiedAnswer, certification_of, utc_day
from operational_db.tables.gates import Incident, IncidentPerson
from operational_db.types import new_id


@dataclass(frozen=True)
class Involvement:
    person_id: UUID
    involvement: str = ""


def report_incident(
    session: Session,
    principal: Principal,
    *,
    organization_id: UUID,
    title: str,
    scope: str,
    started_at: datetime,
    ended_at: datetime | None = None,
    summary: str = "",
    action: str | None = None,
    people: Sequence[Involvement] = (),
    now: datetime,
) -> Incident:
    """Report that something went wrong, and who was involved.

    Parameters
    ----------
    scope
        The scope tag the people involved are asked to have been certified for.

    Raises
    ------
    NotAuthorizedError, InvalidInputError
    NotFoundError
        When somebody named was never a member of the organization.
    """
    principal.require(Permission.REPORT_INCIDENTS, organization_id)
    rules.require_times(started_at, ended_at, now=now)
    require_name(scope, "scope")
    if action is not None:
        require_name(action, "action")
    IdentityRepository(session).organization(organization_id)
    incident = Incident(
        id=new_id(),
        organization_id=organization_id,
        title=rules.require_text(title, "title", rules.LONGEST_TITLE),
        summary=rules.require_text(summary, "summary", rules.LONGEST_TEXT) if summary.strip() else "",
        scope=scope,
        action=action,
        started_at=started_at,
        ended_at=ended_at,
        reported_by=principal.actor_id,
        reported_at=now,
    )
    session.add(incident)
    session.flush()
    event = IncidentReported(
        subject_id=None,
        organization_id=organization_id,
        occurred_at=started_at,
        incident_id=incident.id,
        scope=scope,
    )
    append_events(session, [event], now=now)
    for each in people:
        _involve(session, incident, each, now)
    return incident


def add_person(
    session: Session, principal: Principal, *, incident_id: UUID, person_id: UUID, involvement: str = "", now: datetime
) -> IncidentPerson:
    """Note that somebody was involved; noting her again only changes the words on how.

    Raises
    ------
    NotFoundError, NotAuthorizedError, InvalidInputError
    """
    incident = IncidentRepository(session).incident(incident_id, lock=True)
    if incident is None or not _may_see(principal, incident.organization_id):
        raise _no_incident()
    principal.require(Permission.REPORT_INCIDENTS, incident.organization_id)
    return _involve(session, incident, Involvement(person_id, involvement), now)


def list_incidents(
    session: Session,
    principal: Principal,
    organization_id: UUID,
    *,
    scope: str | None = None,
    page: PageRequest,
) -> Page[IncidentView]:
    """The organization's incidents, latest first. Needs VIEW_GATES or REPORT_INCIDENTS."""
    if not principal.can(Permission.REPORT_INCIDENTS, organization_id):
        principal.require(Permission.VIEW_GATES, organization_id)
    return IncidentRepository(session).incidents(organization_id, scope=scope, page=page)


def incident_report(session: Session, principal: Principal, *, incident_id: UUID, now: datetime) -> IncidentReport:
    """Of everybody involved: certified for the scope when it began, as known then and as known now (EMB-17).

    Raises
    ------
    NotFoundError
        When there is no such incident in an organization whose incidents the principal may see.
    """
    repository = IncidentRepository(session)
    view = repository.view(incident_id)
    if view is None or not _may_see(principal, view.organization_id):
        raise _no_incident()
    people = [
        PersonAtIncident(
            person,
            _certified(session, view, person.person_id, as_known_at=view.started_at),
            _certified(session, view, person.person_id, as_known_at=now),
        )
        for person in repository.involved(incident_id)
    ]
    then_count, now_count = rules.certified_counts(
        (each.known_then.is_certified, each.known_now.is_certified) for each in people
    )
    return IncidentReport(view, now, tuple(people), then_count, now_count)


def _certified(session: Session, incident: IncidentView, person_id: UUID, *, as_known_at: datetime) -> CertifiedAnswer:
    """Not `proficiency.is_certified`: who may see an incident sees this of all involved, who left included."""
    repository = ProficiencyRepository(session)
    on = utc_day(incident.started_at)
    terms = repository.terms_of([incident.scope], incident.organization_id, on=on, as_known_at=as_known_at)
    return certification_of(
        repository.known_scope_evidence(
            person_id, incident.scope, organization_id=incident.organization_id, as_known_at=as_known_at
        ),
        terms[incident.scope],
        at=incident.started_at,
        as_known_at=as_known_at,
        person_id=person_id,
    )


def _involve(session: Session, incident: Incident, person: Involvement, now: datetime) -> IncidentPerson:
    repository = IncidentRepository(session)
    words = rules.require_text(person.involvement, "involvement", 1000) if person.involvement.strip() else ""
    if not repository.was_ever_member(incident.organization_id, person.person_id):
        raise NotFoundError(
            "Your organization has and had no member with this id. Check the id in the list of members.",
            details={"person_id": str(person.person_id)},
        )
    found = repository.involvement(incident.id, person.person_id)
    if found is not None:
        found.involvement = words or found.involvement
        session.flush()
        return found
    made = IncidentPerson(incident_id=incident.id, person_id=person.person_id, involvement=words)
    session.add(made)
    session.flush()
    event = IncidentPersonInvolved(
        subject_id=person.person_id,
        organization_id=incident.organization_id,
        occurred_at=incident.started_at,
        incident_id=incident.id,
    )
    append_events(session, [event], now=now)
    return made


def _may_see(principal: Principal, organization_id: UUID) -> bool:
    return principal.can(Permission.VIEW_GATES, organization_id) or principal.can(
        Permission.REPORT_INCIDENTS, organization_id
    )


def _no_incident() -> NotFoundError:
    return NotFoundError("There is no incident with this id that you may see. Check the id in the list of incidents.")
