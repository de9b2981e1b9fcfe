"""What incidents show to their callers: read-only shapes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from operational_db.proficiency.rules import CertifiedAnswer


@dataclass(frozen=True, slots=True)
class IncidentView:
    """One incident with how many people were involved."""

    incident_id: UUID
    organization_id: UUID
    title: str
    summary: str
    scope: str
    action: str | None
    started_at: datetime
    ended_at: datetime | None
    reported_at: datetime
    people_count: int


@dataclass(frozen=True, slots=True)
class InvolvedPerson:
    person_id: UUID
    display_name: str
    involvement: str


@dataclass(frozen=True, slots=True)
class PersonAtIncident:
    """Whether one person was certified for the scope when the incident began.

    `known_then` is the answer one would have got at that instant; `known_now` takes in what was learned since, such as
    a revocation that reaches back.
    """

    person: InvolvedPerson
    known_then: CertifiedAnswer
    known_now: CertifiedAnswer


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """The post-incident report, as of one instant of knowledge."""

    incident: IncidentView
    as_known_at: datetime
    people: tuple[PersonAtIncident, ...]
    certified_then_count: int
    certified_now_count: int
