"""Bodies of gates: rules, decisions, validity of scopes, previews, and what a person is certified for."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.api.schemas.compliance import RequestBody
from operational_db.types import GateMode, LessonType, ProficiencyLevel, ValidityBasis

# Names of actions, scopes and tracks: nothing that a database could not keep as text.
GateName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class WithinBody(RequestBody):
    """A window: so many months or so many days."""

    months: int | None = Field(default=None, ge=1, le=1200)
    days: int | None = Field(default=None, ge=1, le=1200)

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise ValueError("Give months or days, one of the two.")
        return self


class RequirementOfGate(RequestBody):
    """A level in a scope or a track (`operations/core`), reached within a window."""

    scope: GateName | None = None
    track: GateName | None = None
    level: ProficiencyLevel
    within: WithinBody | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.scope is None) == (self.track is None):
            raise ValueError("Name scope or track, one of the two.")
        return self


class GateRuleRequest(RequestBody):
    """The next version of an owner's rule; without an organization it is the platform's."""

    organization_id: UUID | None
    action: GateName
    requirements: list[RequirementOfGate] = Field(min_length=1, max_length=50)
    mode: GateMode
    policy_id: UUID | None = None
    runbook_id: UUID | None = None
    lesson_id: UUID | None = None
    effective_from: date | None = None


class EndGateRuleRequest(RequestBody):
    organization_id: UUID | None
    action: GateName
    ended_on: date | None = None


class GateRuleBody(BaseModel):
    rule_id: UUID
    organization_id: UUID | None
    action: str
    version: int
    mode: GateMode
    requirements: list[dict[str, object]]
    policy_id: UUID | None
    policy_code: str | None
    runbook_id: UUID | None
    runbook_code: str | None
    lesson_id: UUID | None
    lesson_title: str | None
    effective_from: date
    ended_on: date | None
    is_in_effect: bool


class RevokeEvidenceRequest(RequestBody):
    """From which day on a piece of evidence no longer counts; it may lie in the past or ahead."""

    revoked_from: date
    reason: str = Field(min_length=1, max_length=2_000)


class RevokedEvidenceBody(BaseModel):
    """A revocation's two dates: the first day lost, and when it was recorded."""

    model_config = ConfigDict(from_attributes=True)

    evidence_id: UUID = Field(validation_alias="id")
    person_id: UUID
    level: ProficiencyLevel
    revoked_from: date
    revoked_at: datetime


class DecisionRequest(RequestBody):
    """May the person (the caller, unless named) do the action in the organization?"""

    organization_id: UUID | None
    action: GateName
    person_id: UUID | None = None
    resource: GateName | None = None


class ReplayBody(BaseModel):
    """A recorded decision made again from its record; `difference` says what did not fit."""

    decision_id: UUID
    decided_at: datetime
    action: str
    is_identical: bool
    difference: str | None


class ScopeRuleRequest(RequestBody):
    """How long a certification in a scope (or track) lasts, from when on."""

    organization_id: UUID | None
    scope: GateName
    certified_at_level: ProficiencyLevel = ProficiencyLevel.COMPLETED
    validity_basis: ValidityBasis = ValidityBasis.COMPLETION
    validity_months: int = Field(default=12, ge=1, le=1200)
    calendar_month: int | None = Field(default=None, ge=1, le=12)
    calendar_day: int | None = Field(default=None, ge=1, le=31)
    minimum_active_days: int = Field(default=0, ge=0, le=3660)
    renewal_window_days: int = Field(default=90, ge=0, le=3660)
    grace_days: int = Field(default=0, ge=0, le=3660)
    effective_from: date | None = None


class ScopeRuleBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID | None
    scope: str
    version: int
    certified_at_level: ProficiencyLevel
    validity_basis: ValidityBasis
    validity_months: int
    calendar_month: int | None
    calendar_day: int | None
    minimum_active_days: int
    renewal_window_days: int
    grace_days: int
    effective_from: date


class PolicyChangeRequest(RequestBody):
    policy_id: UUID
    changes_scope: bool
    changes_controls: bool


class PreviewRequest(RequestBody):
    """Exactly one proposal: a rule, other terms of a scope's validity, or a policy change."""

    organization_id: UUID
    days: int = Field(default=90, ge=1, le=366)
    rule: GateRuleRequest | None = None
    validity: ScopeRuleRequest | None = None
    policy_change: PolicyChangeRequest | None = None

    @model_validator(mode="after")
    def _one_proposal(self) -> Self:
        if sum(each is not None for each in (self.rule, self.validity, self.policy_change)) != 1:
            raise ValueError("Give one proposal: rule, validity or policy_change.")
        return self


class ImpactRowBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    person_id: UUID
    display_name: str
    team_id: UUID | None
    team_name: str | None
    action: str
    decision_count: int
    is_changed_today: bool


class ImpactPreviewBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    actions: list[str]
    days: int
    newly_denied: list[ImpactRowBody]
    newly_allowed: list[ImpactRowBody]
    decisions_replayed: int
    decisions_changed: int
    people_considered: int
    previewed_at: datetime


class CertifiedBody(BaseModel):
    """The answer to isCertified: level reached, first and last day, what it rests on, and why."""

    scope: str
    person_id: UUID
    at: datetime
    as_known_at: datetime
    is_certified: bool
    level: ProficiencyLevel | None
    valid_from: date | None
    valid_until: date | None
    evidence_ids: list[UUID]
    reason: str
    text: str


class LessonStepBody(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    lesson_id: UUID
    code: str
    title: str
    lesson_type: LessonType
    minutes: float
    for_scope: str


class RequiredTrainingBody(BaseModel):
    """The answer to nextRequiredTraining: the fewest lessons that make every unmet requirement met."""

    action: str
    person_id: UUID
    lessons: list[LessonStepBody]
    estimated_minutes: float
    reason: str
    missing: list[str]
    unreachable: list[str]
