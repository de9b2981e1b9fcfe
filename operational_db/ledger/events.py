"""Typed, versioned event kinds. A new kind is a new dataclass here; a changed meaning is a new version of it.

Bodies hold opaque ids, dates, whole numbers, booleans and decimals as text, and no personal data: free text such as a
reason stays in the tables. Appending, sequencing and proofs are in the sibling modules.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import ClassVar
from uuid import UUID

from operational_db.types import (
    CeActivityType,
    CostKind,
    CrewRuleTarget,
    DeclineReason,
    EarlyEndReason,
    EarnedThrough,
    EffectState,
    EquipmentStatus,
    EquipmentType,
    GateMode,
    GateOutcome,
    LearnedModelKind,
    LessonTrigger,
    LessonType,
    MeetingFormat,
    MentoringReach,
    MentorshipSide,
    MentorshipType,
    NearMissKind,
    NotificationChannel,
    OutcomeKind,
    Persona,
    ProficiencyLevel,
    RegisterStanding,
    ReviewArea,
    ReviewOutcome,
    ReviewReason,
    Role,
    VerificationChannel,
    VerificationOutcome,
)

BodyValue = str | int | bool | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """What each event says: whom it is about, for which organization and when it happened (not when it was learned)."""

    kind: ClassVar[str]
    version: ClassVar[int] = 1

    subject_id: UUID | None
    organization_id: UUID | None
    occurred_at: datetime
    # Set for facts that came in by an import: undoing the import takes all of them out of every figure.
    import_id: UUID | None = None

    def body(self) -> dict[str, BodyValue]:
        """The kind's own fields, ready for canonical JSON; keys without a value are left out."""
        return {
            name: value if type(value) in _PLAIN_TYPES else _to_body_value(value)
            for name, value in vars(self).items()
            if value is not None and name not in ENVELOPE_FIELDS
        }


# Columns of their own in the ledger; every other field is part of the body.
ENVELOPE_FIELDS = frozenset({"subject_id", "organization_id", "occurred_at"})
# Exactly these, not their subclasses: an enumeration of text is written by its value.
_PLAIN_TYPES = frozenset({str, int, bool})


def _to_body_value(value: object) -> BodyValue:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        raise TypeError("Bodies hold dates; the instant of an event is its occurred_at.")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return decimal_text(value)
    raise TypeError(f"{type(value).__name__} has no canonical form in an event body.")


def decimal_text(value: Decimal) -> str:
    """The one text of a number: no exponent, no trailing zeros, no minus before zero; 85.50 is written 85.5.

    Raises
    ------
    ValueError
        For NaN and infinity.
    """
    if not value.is_finite():
        raise ValueError(f"{value} is not a number that an event can hold.")
    return format(value.normalize() + 0, "f")


@dataclass(frozen=True, kw_only=True)
class MembershipStarted(Event):
    kind: ClassVar[str] = "membership.started"
    membership_id: UUID
    role: Role
    team_id: UUID | None
    persona: Persona | None
    started_on: date


@dataclass(frozen=True, kw_only=True)
class MembershipEnded(Event):
    kind: ClassVar[str] = "membership.ended"
    membership_id: UUID
    ended_on: date


@dataclass(frozen=True, kw_only=True)
class EnrollmentOpened(Event):
    kind: ClassVar[str] = "enrollment.opened"
    enrollment_id: UUID
    course_id: UUID
    cycle_number: int


@dataclass(frozen=True, kw_only=True)
class ModuleCompleted(Event):
    kind: ClassVar[str] = "module.completed"
    enrollment_id: UUID
    course_id: UUID
    module_id: UUID
    time_spent_minutes: int | None


@dataclass(frozen=True, kw_only=True)
class AttemptGraded(Event):
    """`score` is percent; score and passed are absent for a result that was handed in and never scored."""

    kind: ClassVar[str] = "attempt.graded"
    attempt_id: UUID
    enrollment_id: UUID
    course_id: UUID
    assessment_id: UUID
    attempt_number: int
    score: Decimal | None
    passed: bool | None
    is_banked: bool = False


@dataclass(frozen=True, kw_only=True)
class EnrollmentCompleted(Event):
    kind: ClassVar[str] = "enrollment.completed"
    enrollment_id: UUID
    course_id: UUID
    final_score: Decimal | None
    ce_credits: Decimal


@dataclass(frozen=True, kw_only=True)
class EnrollmentFailed(Event):
    kind: ClassVar[str] = "enrollment.failed"
    enrollment_id: UUID
    course_id: UUID


@dataclass(frozen=True, kw_only=True)
class EnrollmentDropped(Event):
    kind: ClassVar[str] = "enrollment.dropped"
    enrollment_id: UUID
    course_id: UUID


@dataclass(frozen=True, kw_only=True)
class CertificateIssued(Event):
    """`expires_on` is the last day the certificate counts; absent when it never expires."""

    kind: ClassVar[str] = "certificate.issued"
    certificate_id: UUID
    certification_id: UUID
    issued_on: date
    expires_on: date | None
    earned_through: EarnedThrough
    is_verified: bool
    enrollment_id: UUID | None = None
    path_id: UUID | None = None
    track_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class CertificateRenewed(Event):
    """A new certificate that continues a former one; both stay in the history."""

    kind: ClassVar[str] = "certificate.renewed"
    certificate_id: UUID
    renews_id: UUID
    certification_id: UUID
    issued_on: date
    expires_on: date | None
    earned_through: EarnedThrough
    is_verified: bool
    enrollment_id: UUID | None = None
    path_id: UUID | None = None
    track_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class CertificateVerified(Event):
    """Somebody checked the evidence of a certificate; `is_verified` says with which result."""

    kind: ClassVar[str] = "certificate.verified"
    certificate_id: UUID
    certification_id: UUID
    is_verified: bool


@dataclass(frozen=True, kw_only=True)
class CertificateRevoked(Event):
    """`revoked_from` is the first day the certificate no longer counts; it may lie before `occurred_at`."""

    kind: ClassVar[str] = "certificate.revoked"
    certificate_id: UUID
    certification_id: UUID
    revoked_from: date


@dataclass(frozen=True, kw_only=True)
class CertificateWithdrawn(Event):
    """The holder took a self-reported certificate back, or it was entered in error; it never counted."""

    kind: ClassVar[str] = "certificate.withdrawn"
    certificate_id: UUID
    certification_id: UUID


@dataclass(frozen=True, kw_only=True)
class VerificationCaseOpened(Event):
    """Somebody asked that the evidence of a certificate be checked; `certificate.verified` is the answer."""

    kind: ClassVar[str] = "certificate.verification_opened"
    case_id: UUID
    certificate_id: UUID
    certification_id: UUID


@dataclass(frozen=True, kw_only=True)
class VerificationRequested(Event):
    """A third party asked whether a certificate counts on a day; subject is its holder, absent when it is none of ours.

    `document_format` says what was handed in, such as `link`, `number`, `open-badge-3` or `vc-jwt`.
    """

    kind: ClassVar[str] = "verification.requested"
    request_id: UUID
    certificate_id: UUID | None
    certification_id: UUID | None
    channel: VerificationChannel
    document_format: str
    asked_for: date
    outcome: VerificationOutcome


@dataclass(frozen=True, kw_only=True)
class BadgeIssued(Event):
    kind: ClassVar[str] = "badge.issued"
    badge_id: UUID
    certificate_id: UUID
    certification_id: UUID
    status_list: int
    status_index: int
    credential_sha256: str


@dataclass(frozen=True, kw_only=True)
class CeCreditLogged(Event):
    kind: ClassVar[str] = "ce_credit.logged"
    ce_credit_id: UUID
    certificate_id: UUID
    certification_id: UUID
    credits: Decimal
    activity_type: CeActivityType
    activity_id: UUID | None
    activity_on: date


@dataclass(frozen=True, kw_only=True)
class CeCreditWithdrawn(Event):
    kind: ClassVar[str] = "ce_credit.withdrawn"
    ce_credit_id: UUID
    certificate_id: UUID
    certification_id: UUID


@dataclass(frozen=True, kw_only=True)
class RenewalOpened(Event):
    """Somebody set out to renew a certificate; `certificate.renewed` is the end of it."""

    kind: ClassVar[str] = "renewal.opened"
    renewal_id: UUID
    certificate_id: UUID
    certification_id: UUID


@dataclass(frozen=True, kw_only=True)
class RegisterEntryChanged(Event):
    """What a government register says of a licence has changed; subject is the holder it counts for."""

    kind: ClassVar[str] = "register.entry_changed"
    entry_id: UUID
    certificate_id: UUID | None
    certification_id: UUID
    standing: RegisterStanding
    expires_on: date | None


@dataclass(frozen=True, kw_only=True)
class RegisterEntryClaimed(Event):
    """A person proved to be the holder of an entry; `former_certificate_id` is that of the pseudonymous holder."""

    kind: ClassVar[str] = "register.entry_claimed"
    entry_id: UUID
    certificate_id: UUID
    former_certificate_id: UUID | None
    certification_id: UUID


@dataclass(frozen=True, kw_only=True)
class BuildingChanged(Event):
    """A building was added, changed or taken out of use; `organization_id` is the owner."""

    kind: ClassVar[str] = "building.changed"
    building_id: UUID
    is_active: bool


@dataclass(frozen=True, kw_only=True)
class EquipmentChanged(Event):
    """A unit was added, changed or taken out of use; `organization_id` is the owner."""

    kind: ClassVar[str] = "equipment.changed"
    equipment_id: UUID
    building_id: UUID
    equipment_type: EquipmentType
    status: EquipmentStatus
    manufacturer_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class ServiceContractStarted(Event):
    """`organization_id` is the owner."""

    kind: ClassVar[str] = "contract.started"
    contract_id: UUID
    contractor_id: UUID
    building_id: UUID | None
    started_on: date


@dataclass(frozen=True, kw_only=True)
class ServiceContractEnded(Event):
    kind: ClassVar[str] = "contract.ended"
    contract_id: UUID
    contractor_id: UUID
    ended_on: date


@dataclass(frozen=True, kw_only=True)
class VisitPlanned(Event):
    """Also when a planned visit is moved to another day or another crew; the newest entry of a visit counts."""

    kind: ClassVar[str] = "visit.planned"
    visit_id: UUID
    contract_id: UUID
    contractor_id: UUID
    building_id: UUID
    equipment_id: UUID | None
    planned_on: date
    crew_size: int


@dataclass(frozen=True, kw_only=True)
class VisitSettled(Event):
    """A visit took place or was called off."""

    kind: ClassVar[str] = "visit.settled"
    visit_id: UUID
    contractor_id: UUID
    is_done: bool


@dataclass(frozen=True, kw_only=True)
class CrewRuleSet(Event):
    """`requirement` is canonical JSON of the tree; a later version of the same target replaces this one."""

    kind: ClassVar[str] = "crew.rule_set"
    rule_id: UUID
    rule_version: int
    target: CrewRuleTarget
    target_key: str
    mode: GateMode
    requirement: str
    effective_from: date


@dataclass(frozen=True, kw_only=True)
class CrewRuleEnded(Event):
    kind: ClassVar[str] = "crew.rule_ended"
    rule_id: UUID
    rule_version: int
    ended_on: date


@dataclass(frozen=True, kw_only=True)
class CrewDecided(Event):
    """Subject is the person who asked, organization the owner. Deciding again from `facts` gives the same bytes.

    `facts` and `decision` are canonical JSON; both name people, certificates and rules by their ids alone.
    """

    kind: ClassVar[str] = "crew.decided"
    decision_id: UUID
    contractor_id: UUID | None
    building_id: UUID
    equipment_id: UUID | None
    visit_id: UUID | None
    work_on: date
    outcome: GateOutcome
    is_qualified: bool
    crew_size: int
    facts: str
    decision: str


@dataclass(frozen=True, kw_only=True)
class RequirementSet(Event):
    """Every member in scope needs the course or certification; scope is role and team, absent meaning any."""

    kind: ClassVar[str] = "requirement.set"
    requirement_id: UUID
    course_id: UUID | None
    certification_id: UUID | None
    category: str
    role: Role | None
    team_id: UUID | None
    due_within_days: int
    effective_from: date


@dataclass(frozen=True, kw_only=True)
class RequirementEnded(Event):
    """`ended_on` is the first day the requirement no longer holds."""

    kind: ClassVar[str] = "requirement.ended"
    requirement_id: UUID
    ended_on: date


@dataclass(frozen=True, kw_only=True)
class TrainingAssigned(Event):
    """One person was reached by an assignment; `requirement_id` when it is the means to meet a requirement."""

    kind: ClassVar[str] = "training.assigned"
    assignment_id: UUID
    recipient_id: UUID
    course_id: UUID
    requirement_id: UUID | None
    category: str
    due_on: date | None
    is_mandatory: bool
    minimum_score: Decimal | None


@dataclass(frozen=True, kw_only=True)
class AssignmentCancelled(Event):
    kind: ClassVar[str] = "training.assignment_cancelled"
    assignment_id: UUID
    recipient_id: UUID


@dataclass(frozen=True, kw_only=True)
class ExemptionGranted(Event):
    """Exactly one of requirement and recipient; first and last day included."""

    kind: ClassVar[str] = "exemption.granted"
    exemption_id: UUID
    requirement_id: UUID | None
    recipient_id: UUID | None
    approver_id: UUID
    starts_on: date
    ends_on: date


@dataclass(frozen=True, kw_only=True)
class ExemptionEnded(Event):
    """Taken back before its time; `ended_on` is the first day it no longer holds."""

    kind: ClassVar[str] = "exemption.ended"
    exemption_id: UUID
    ended_on: date


@dataclass(frozen=True, kw_only=True)
class MentorProfileSet(Event):
    """Subject is the mentor. `is_accepting` is false while she pauses or has withdrawn."""

    kind: ClassVar[str] = "mentor.profile_set"
    max_mentees: int
    is_accepting: bool
    paused_until: date | None = None


@dataclass(frozen=True, kw_only=True)
class MentoringReachSet(Event):
    kind: ClassVar[str] = "mentoring.reach_set"
    reach: MentoringReach


@dataclass(frozen=True, kw_only=True)
class MentorsShown(Event):
    """Subject is the mentee; `mentor_ids` in the order shown, parted by blanks; no model version for the formula."""

    kind: ClassVar[str] = "mentors.shown"
    showing_id: UUID
    candidate_count: int
    mentor_ids: str
    model_version: int | None = None


@dataclass(frozen=True, kw_only=True)
class MentorshipRequested(Event):
    """Subject is the mentee."""

    kind: ClassVar[str] = "mentorship.requested"
    mentorship_id: UUID
    mentor_id: UUID
    mentorship_type: MentorshipType
    showing_id: UUID | None = None
    shown_rank: int | None = None


@dataclass(frozen=True, kw_only=True)
class MentorshipAccepted(Event):
    kind: ClassVar[str] = "mentorship.accepted"
    mentorship_id: UUID
    mentor_id: UUID


@dataclass(frozen=True, kw_only=True)
class MentorshipDeclined(Event):
    kind: ClassVar[str] = "mentorship.declined"
    mentorship_id: UUID
    mentor_id: UUID
    decline_reason: DeclineReason | None = None


@dataclass(frozen=True, kw_only=True)
class MentorshipExpired(Event):
    """The mentor did not answer the request in time."""

    kind: ClassVar[str] = "mentorship.expired"
    mentorship_id: UUID
    mentor_id: UUID


@dataclass(frozen=True, kw_only=True)
class MentorshipCompleted(Event):
    kind: ClassVar[str] = "mentorship.completed"
    mentorship_id: UUID
    mentor_id: UUID


@dataclass(frozen=True, kw_only=True)
class MentorshipCancelled(Event):
    """A request taken back, or a mentorship ended before its goals."""

    kind: ClassVar[str] = "mentorship.cancelled"
    mentorship_id: UUID
    mentor_id: UUID
    end_reason: EarlyEndReason | None = None
    ended_by: MentorshipSide | None = None


@dataclass(frozen=True, kw_only=True)
class MentorshipMilestoneReached(Event):
    kind: ClassVar[str] = "mentorship.milestone_reached"
    mentorship_id: UUID
    milestone_id: UUID


@dataclass(frozen=True, kw_only=True)
class MentorshipSessionLogged(Event):
    """Subject is the mentee; what was said stays with the two."""

    kind: ClassVar[str] = "mentorship.session_logged"
    mentorship_id: UUID
    session_id: UUID
    held_on: date
    minutes: int
    meeting_format: MeetingFormat


@dataclass(frozen=True, kw_only=True)
class MentorshipRated(Event):
    """`side` gave the rating (1 to 5), of one session or, without it, of the mentorship."""

    kind: ClassVar[str] = "mentorship.rated"
    mentorship_id: UUID
    side: MentorshipSide
    rating: int
    session_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingCostRecorded(Event):
    """Subject is the person trained; none for cost of a course as a whole. Without minutes, so that no wage shows."""

    kind: ClassVar[str] = "training.cost_recorded"
    cost_id: UUID
    cost_kind: CostKind
    course_id: UUID | None
    incurred_on: date
    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class TrainingCostWithdrawn(Event):
    kind: ClassVar[str] = "training.cost_withdrawn"
    cost_id: UUID


@dataclass(frozen=True, kw_only=True)
class OutcomeValued(Event):
    """What the organization says one unit of the outcome is worth to it, from a day on."""

    kind: ClassVar[str] = "outcome.valued"
    outcome_kind: OutcomeKind
    starts_on: date
    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class OutcomeMonthRecorded(Event):
    """A technician's jobs of one month, summed; a later version replaces it. `jobs_sha256` is of the jobs' rows.

    `*_known_count` says for how many jobs the source told the result.
    """

    kind: ClassVar[str] = "outcome.month_recorded"
    month: date
    month_version: int
    job_count: int
    first_time_fix_count: int
    first_time_fix_known_count: int
    callback_count: int
    callback_known_count: int
    rework_count: int
    rework_known_count: int
    incident_count: int
    hours: Decimal
    hours_known_count: int
    units_maintained: int
    jobs_sha256: str


@dataclass(frozen=True, kw_only=True)
class RoiEstimated(Event):
    """One outcome's estimated change through training, over all courses or one; `panel_sha256` is of its input."""

    kind: ClassVar[str] = "roi.estimated"
    estimate_id: UUID
    outcome_kind: OutcomeKind
    course_id: UUID | None
    state: EffectState
    effect: Decimal | None
    low: Decimal | None
    high: Decimal | None
    panel_sha256: str
    ledger_size: int


@dataclass(frozen=True, kw_only=True)
class ModelPromoted(Event):
    """A learned model serves from now on; a roll-back promotes the former one again."""

    kind: ClassVar[str] = "model.promoted"
    model_kind: LearnedModelKind
    model_version: int
    artifact_sha256: str
    ledger_size: int


@dataclass(frozen=True, kw_only=True)
class ModelRetired(Event):
    """No learned model of the kind serves any more: the written formula does."""

    kind: ClassVar[str] = "model.retired"
    model_kind: LearnedModelKind
    model_version: int


@dataclass(frozen=True, kw_only=True)
class ImportApplied(Event):
    kind: ClassVar[str] = "import.applied"
    importer: str
    format: str
    added_count: int
    changed_count: int
    refused_count: int


@dataclass(frozen=True, kw_only=True)
class ImportUndone(Event):
    """Every event that names this import no longer counts in any figure; it stays in the ledger."""

    kind: ClassVar[str] = "import.undone"
    undone_import_id: UUID


@dataclass(frozen=True, kw_only=True)
class LessonOpened(Event):
    """Subject is the learner. The first one of a lesson makes its scopes' level `enrolled`."""

    kind: ClassVar[str] = "lesson.opened"
    lesson_id: UUID
    lesson_version: str
    lesson_type: LessonType
    trigger: LessonTrigger


@dataclass(frozen=True, kw_only=True)
class LessonAttemptGraded(Event):
    """One try at a lesson's checks or simulation; `score` is percent, lists are sorted and joined with commas."""

    kind: ClassVar[str] = "lesson.attempt_graded"
    attempt_id: UUID
    lesson_id: UUID
    lesson_version: str
    lesson_type: LessonType
    persona: Persona | None
    track_id: UUID | None
    attempt_number: int
    score: Decimal
    passed: bool
    seconds_taken: int
    trigger: LessonTrigger
    scope_tags: str
    policy_ids: str
    runbook_ids: str


@dataclass(frozen=True, kw_only=True)
class LessonCompleted(Event):
    """Every step of a lesson was gone through; a lesson with checks is completed by a passed attempt."""

    kind: ClassVar[str] = "lesson.completed"
    lesson_id: UUID
    lesson_version: str
    lesson_type: LessonType
    seconds_taken: int


@dataclass(frozen=True, kw_only=True)
class ProficiencyReached(Event):
    """The learner reached a level in a scope or track (exactly one); it happened at `occurred_at`.

    `expires_on` is the last day of a certified level; a gate's own window is counted from `occurred_at` instead.
    """

    kind: ClassVar[str] = "proficiency.reached"
    evidence_id: UUID
    scope: str | None
    track_id: UUID | None
    persona: Persona | None
    level: ProficiencyLevel
    lesson_id: UUID | None
    lesson_version: str | None
    attempt_id: UUID | None
    attempt_number: int | None
    score: Decimal | None
    expires_on: date | None


@dataclass(frozen=True, kw_only=True)
class ProficiencyRevoked(Event):
    """`revoked_from` is the first day the evidence no longer counts; it may lie before `occurred_at`."""

    kind: ClassVar[str] = "proficiency.revoked"
    evidence_id: UUID
    revoked_from: date
    # True when a later version of the policy or lesson took its place; absent for any other reason.
    superseded: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ScopeRuleSet(Event):
    """How long a certification in a scope or track (`persona/tier`) lasts from a day on; `rule` is canonical JSON."""

    kind: ClassVar[str] = "scope.rule_set"
    rule_id: UUID
    rule_version: int
    scope: str
    effective_from: date
    rule: str


@dataclass(frozen=True, kw_only=True)
class GateRuleSet(Event):
    """A rule version came into being; `rule` is its canonical JSON, from which decisions can be replayed."""

    kind: ClassVar[str] = "gate.rule_set"
    rule_id: UUID
    rule_version: int
    action: str
    mode: GateMode
    effective_from: date
    rule: str


@dataclass(frozen=True, kw_only=True)
class GateRuleEnded(Event):
    """`ended_on` is the first day the rule no longer holds."""

    kind: ClassVar[str] = "gate.rule_ended"
    rule_id: UUID
    rule_version: int
    action: str
    ended_on: date


@dataclass(frozen=True, kw_only=True)
class GateDecided(Event):
    """Subject is the person who asked. `facts` and `decision` are canonical JSON: deciding again gives the same bytes.

    `evidence_ids` are sorted and joined with commas; `resource` is an opaque id of the asking product.
    """

    kind: ClassVar[str] = "gate.decided"
    decision_id: UUID
    rule_id: UUID | None
    rule_version: int | None
    action: str
    resource: str | None
    mode: GateMode
    outcome: GateOutcome
    reason: str
    evidence_ids: str
    facts: str
    decision: str


@dataclass(frozen=True, kw_only=True)
class WaiverGranted(Event):
    """First and last day included."""

    kind: ClassVar[str] = "waiver.granted"
    waiver_id: UUID
    action: str
    approver_id: UUID
    starts_on: date
    ends_on: date


@dataclass(frozen=True, kw_only=True)
class WaiverEnded(Event):
    kind: ClassVar[str] = "waiver.ended"
    waiver_id: UUID
    action: str
    ended_on: date


@dataclass(frozen=True, kw_only=True)
class AccessGranted(Event):
    """Another product lets the subject do the action from that day on."""

    kind: ClassVar[str] = "access.granted"
    access_id: UUID
    action: str
    granted_on: date


@dataclass(frozen=True, kw_only=True)
class AccessRemoved(Event):
    """`removed_on` is the first day without the access."""

    kind: ClassVar[str] = "access.removed"
    access_id: UUID
    action: str
    removed_on: date


@dataclass(frozen=True, kw_only=True)
class LessonAssigned(Event):
    """The subject is asked to take a lesson by `due_on`, because the action's gate needs it."""

    kind: ClassVar[str] = "lesson.assigned"
    assignment_id: UUID
    lesson_id: UUID
    action: str
    due_on: date


@dataclass(frozen=True, kw_only=True)
class IncidentReported(Event):
    """Has no subject; those involved follow in events of their own."""

    kind: ClassVar[str] = "incident.reported"
    incident_id: UUID
    scope: str


@dataclass(frozen=True, kw_only=True)
class IncidentPersonInvolved(Event):
    kind: ClassVar[str] = "incident.person_involved"
    incident_id: UUID


@dataclass(frozen=True, kw_only=True)
class TipShown(Event):
    kind: ClassVar[str] = "tip.shown"
    feature_id: UUID
    action: str


@dataclass(frozen=True, kw_only=True)
class TipDismissed(Event):
    kind: ClassVar[str] = "tip.dismissed"
    feature_id: UUID
    action: str


@dataclass(frozen=True, kw_only=True)
class NearMissRecorded(Event):
    kind: ClassVar[str] = "near_miss.recorded"
    near_miss_id: UUID
    near_miss_kind: NearMissKind
    action: str


@dataclass(frozen=True, kw_only=True)
class ReinforcementScheduled(Event):
    """A micro-lesson is to be offered at the next entry on or after `due_on`."""

    kind: ClassVar[str] = "reinforcement.scheduled"
    reinforcement_id: UUID
    action: str
    lesson_id: UUID
    due_on: date


@dataclass(frozen=True, kw_only=True)
class ReinforcementFinished(Event):
    """The offered micro-lesson was passed, or put off for good (`passed` false)."""

    kind: ClassVar[str] = "reinforcement.finished"
    reinforcement_id: UUID
    action: str
    lesson_id: UUID
    passed: bool


@dataclass(frozen=True, kw_only=True)
class PolicyVersionPublished(Event):
    kind: ClassVar[str] = "policy.version_published"
    policy_id: UUID
    policy_version: str
    changes_scope: bool
    changes_controls: bool
    effective_on: date


@dataclass(frozen=True, kw_only=True)
class ContentReviewRequested(Event):
    kind: ClassVar[str] = "content.review_requested"
    review_id: UUID
    lesson_id: UUID
    lesson_version: str
    area: ReviewArea
    reason: ReviewReason


@dataclass(frozen=True, kw_only=True)
class ContentReviewed(Event):
    """Subject is the reviewer."""

    kind: ClassVar[str] = "content.reviewed"
    review_id: UUID
    lesson_id: UUID
    lesson_version: str
    area: ReviewArea
    outcome: ReviewOutcome


@dataclass(frozen=True, kw_only=True)
class ContentPublished(Event):
    """`refresh_due_on` is the day by which the version must be looked at again."""

    kind: ClassVar[str] = "content.published"
    lesson_id: UUID
    lesson_version: str
    lesson_type: LessonType
    refresh_due_on: date
    # First day on which evidence of former versions no longer counts; absent when it goes on counting.
    recertify_from: date | None


@dataclass(frozen=True, kw_only=True)
class ContentFlagged(Event):
    """A published version depends on a policy that changed."""

    kind: ClassVar[str] = "content.flagged"
    lesson_id: UUID
    lesson_version: str
    policy_id: UUID
    policy_version: str


@dataclass(frozen=True, kw_only=True)
class ContentRetired(Event):
    kind: ClassVar[str] = "content.retired"
    lesson_id: UUID
    lesson_version: str


@dataclass(frozen=True, kw_only=True)
class ReminderDelivered(Event):
    """One merged notice reached its channel; the items it stood for are in the outbox."""

    kind: ClassVar[str] = "reminder.delivered"
    notification_id: UUID
    channel: NotificationChannel
    item_count: int


@dataclass(frozen=True, kw_only=True)
class EvidenceExported(Event):
    """Subject is the person who exported; `manifest_sha256` is hexadecimal."""

    kind: ClassVar[str] = "evidence.exported"
    bundle_id: UUID
    bundle_scope: str
    tree_size: int
    record_count: int
    manifest_sha256: str


@dataclass(frozen=True, kw_only=True)
class PersonErased(Event):
    """Names and addresses were removed from the tables; the subject's entries stay, pointing at nobody."""

    kind: ClassVar[str] = "person.erased"


EVENT_TYPES: dict[str, type[Event]] = {cls.kind: cls for cls in Event.__subclasses__()}
