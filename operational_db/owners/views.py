"""Read dataclasses of buildings, units, contracts, visits and crew rules, and the answers of crew checks."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from operational_db.gates.crew import CrewDecision, CrewGap, CrewReason, CrewTerms, MissingReason
from operational_db.types import ContractStatus, EquipmentStatus, EquipmentType, GateOutcome, VisitStatus


@dataclass(frozen=True, slots=True)
class BuildingView:
    building_id: UUID
    organization_id: UUID
    owner_name: str
    name: str
    address: str
    city: str | None
    district: str | None
    postal_code: str | None
    register_id: str | None
    latitude: float | None
    longitude: float | None
    timezone: str
    is_active: bool
    unit_count: int
    next_visit_on: date | None


@dataclass(frozen=True, slots=True)
class EquipmentView:
    equipment_id: UUID
    building_id: UUID
    name: str
    equipment_type: EquipmentType
    manufacturer_id: UUID | None
    manufacturer_name: str | None
    manufacturer_text: str | None
    model: str | None
    register_id: str | None
    status: EquipmentStatus
    installed_on: date | None
    inspected_on: date | None


@dataclass(frozen=True, slots=True)
class ContractView:
    """`building_id` None: all of the owner's buildings. Last day included. Counts only once accepted."""

    contract_id: UUID
    owner_id: UUID
    owner_name: str
    contractor_id: UUID
    contractor_name: str
    building_id: UUID | None
    building_name: str | None
    started_on: date
    ended_on: date | None
    proposed_at: datetime
    accepted_at: datetime | None
    declined_at: datetime | None
    withdrawn_at: datetime | None

    @property
    def status(self) -> ContractStatus:
        if self.accepted_at is not None:
            return ContractStatus.ACCEPTED
        if self.declined_at is not None:
            return ContractStatus.DECLINED
        return ContractStatus.PROPOSED if self.withdrawn_at is None else ContractStatus.WITHDRAWN


@dataclass(frozen=True, slots=True)
class CrewMember:
    person_id: UUID
    display_name: str


@dataclass(frozen=True, slots=True)
class VisitView:
    """`crew` empty: anybody of the contractor may come. `is_unqualified`: an alert about it is open."""

    visit_id: UUID
    contract_id: UUID
    owner_id: UUID
    contractor_id: UUID
    contractor_name: str
    building_id: UUID
    building_name: str
    equipment_id: UUID | None
    equipment_name: str | None
    planned_on: date
    status: VisitStatus
    purpose: str
    is_unqualified: bool
    crew: tuple[CrewMember, ...]


@dataclass(frozen=True, slots=True)
class ServingPerson:
    """Somebody who serves an owner's buildings by a contract."""

    person_id: UUID
    display_name: str
    contractor_id: UUID
    contractor_name: str


@dataclass(frozen=True)
class CrewRuleView:
    """A version of a crew rule; `is_in_effect` today. `text` says it in words."""

    rule_id: UUID
    terms: CrewTerms
    target_name: str
    text: str
    ended_on: date | None
    set_by_id: UUID | None
    set_at: datetime
    is_in_effect: bool


@dataclass(frozen=True, slots=True)
class CarryingCertificate:
    """A certificate the answer rests on, and all that is told of it."""

    certificate_id: UUID
    person_id: UUID
    certification_id: UUID
    certification_code: str
    certification_name: str
    issuing_organization: str
    # None: it never expires.
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class MissingCertificate:
    """What somebody lacks. Why is for her and her company's managers only: None for everybody else."""

    certification_id: UUID
    certification_name: str
    reason: MissingReason | None = None
    expired_on: date | None = None


@dataclass(frozen=True)
class CrewPersonAnswer:
    """`display_name` only of those who were named in the question, or for their own managers."""

    person_id: UUID
    display_name: str | None
    is_qualified: bool
    certificates: tuple[CarryingCertificate, ...]
    missing: tuple[MissingCertificate, ...]


@dataclass(frozen=True, slots=True)
class CrewUnitAnswer:
    equipment_id: UUID | None
    name: str
    is_qualified: bool
    outcome: GateOutcome
    reason: CrewReason
    missing: tuple[str, ...]
    valid_until: date | None


@dataclass(frozen=True)
class CrewAnswer:
    """What a crew check says of one building, by its durable record; `decision` holds ids alone.

    Nothing of people but the certificates that carry the answer and what somebody named lacks.
    """

    decision: CrewDecision
    building_name: str
    units: tuple[CrewUnitAnswer, ...] = ()
    people: tuple[CrewPersonAnswer, ...] = ()
    certificates: tuple[CarryingCertificate, ...] = ()
    gaps: tuple["GapText", ...] = ()

    @property
    def decision_id(self) -> UUID | None:
        """The id of the record; None when it could not be written."""
        return self.decision.decision_id

    @property
    def is_qualified(self) -> bool:
        return self.decision.is_qualified

    @property
    def reason(self) -> CrewReason:
        return self.decision.reason

    @property
    def text(self) -> str:
        return self.decision.text


@dataclass(frozen=True, slots=True)
class GapText:
    """What a rule still lacks, in words."""

    rule_id: UUID | None
    gap: CrewGap
    text: str


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A crew check on record, as lists show it."""

    decision_id: UUID
    decided_at: datetime
    asked_by_id: UUID | None
    contractor_id: UUID | None
    building_id: UUID
    building_name: str
    equipment_id: UUID | None
    visit_id: UUID | None
    work_on: date
    is_qualified: bool
    outcome: GateOutcome
    crew_size: int
