"""Evaluates required trainings from plain facts: who has to have what, who has it, since when it is owed.

Pure; the facts are loaded by `facts`. Two sources make a training required: (A) a requirement and a member in its
scope, (B) a mandatory assignment that is not merely the means to meet a requirement.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from operational_db.compliance.rules import is_role_in_scope, required_training_status, requirement_due_on
from operational_db.credentials.rules import CertificateFacts, counts_on, first_uncounted_on
from operational_db.types import Role, TrainingStatus


class RequiredSource(StrEnum):
    REQUIREMENT = "requirement"
    ASSIGNMENT = "assignment"


@dataclass(frozen=True, slots=True)
class MembershipFacts:
    membership_id: UUID
    person_id: UUID
    role: Role
    team_id: UUID | None
    started_on: date
    ended_on: date | None

    def is_open_on(self, on: date) -> bool:
        return self.started_on <= on and (self.ended_on is None or self.ended_on > on)


@dataclass(frozen=True, slots=True)
class RequirementFacts:
    """`needs_certification_id` is the certification that meets it: its own, or the one its course leads to."""

    requirement_id: UUID
    organization_id: UUID
    course_id: UUID | None
    certification_id: UUID | None
    needs_certification_id: UUID | None
    category: str
    role: Role | None
    team_id: UUID | None
    due_within_days: int
    effective_from: date
    ended_on: date | None

    def holds_on(self, on: date) -> bool:
        return self.effective_from <= on and (self.ended_on is None or self.ended_on > on)

    def covers(self, membership: MembershipFacts) -> bool:
        return is_role_in_scope(self.role, membership.role) and self.team_id in {None, membership.team_id}


@dataclass(frozen=True, slots=True)
class RecipientFacts:
    """One person reached by an assignment; `leads_to_certification_id` is what its course leads to."""

    recipient_id: UUID
    assignment_id: UUID
    organization_id: UUID
    person_id: UUID
    course_id: UUID
    leads_to_certification_id: UUID | None
    requirement_id: UUID | None
    category: str
    assigned_at: datetime
    due_on: date | None
    is_mandatory: bool
    minimum_score: Decimal | None
    cancelled_on: date | None


@dataclass(frozen=True, slots=True)
class ExemptionFacts:
    person_id: UUID
    # The requirement or the recipient it excuses from.
    subject_id: UUID
    starts_on: date
    ends_on: date
    ended_on: date | None

    def covers(self, on: date) -> bool:
        return self.starts_on <= on <= self.ends_on and (self.ended_on is None or self.ended_on > on)


@dataclass(frozen=True, slots=True)
class EnrollmentFacts:
    """`completed_at` is set for a completed cycle only, `ended_on` for every cycle that is over."""

    person_id: UUID
    course_id: UUID
    enrolled_on: date
    ended_on: date | None
    completed_at: datetime | None
    final_score: Decimal | None


@dataclass(frozen=True, slots=True)
class RequiredTraining:
    """Where one person stands on one required training on the day asked about."""

    organization_id: UUID
    person_id: UUID
    required_training_id: UUID
    source: RequiredSource
    category: str
    course_id: UUID | None
    certification_id: UUID | None
    team_id: UUID | None
    role: Role
    due_on: date | None
    status: TrainingStatus
    completed_on: date | None
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """The evidence that meets a training: since when, and through which day (None: it does not lapse)."""

    completed_on: date
    valid_until: date | None


class Evidence:
    """Certificates and enrollments of some people, looked up by person and subject."""

    def __init__(
        self,
        certificates: Iterable[CertificateFacts],
        enrollments: Iterable[EnrollmentFacts],
        courses_by_certification: Mapping[UUID, Collection[UUID]],
    ) -> None:
        self._certificates: dict[tuple[UUID, UUID], list[CertificateFacts]] = defaultdict(list)
        for certificate in certificates:
            self._certificates[certificate.person_id, certificate.certification_id].append(certificate)
        self._enrollments: dict[tuple[UUID, UUID], list[EnrollmentFacts]] = defaultdict(list)
        for enrollment in enrollments:
            self._enrollments[enrollment.person_id, enrollment.course_id].append(enrollment)
        self._courses_by_certification = courses_by_certification

    def holding(self, person_id: UUID, certification_id: UUID, on: date) -> Fulfilment | None:
        """The certificate of the kind that counts on the day; of several the one that counts longest."""
        held = [c for c in self._certificates.get((person_id, certification_id), ()) if counts_on(c, on)]
        if not held:
            return None
        longest = max(held, key=lambda c: (c.expires_on or date.max, c.issued_on))
        return Fulfilment(longest.issued_on, longest.expires_on)

    def lapsed_on(self, person_id: UUID, certification_id: UUID, on: date) -> date | None:
        """The first day, by `on`, on which the last certificate that ever counted no longer did."""
        ends = [
            end
            for c in self._certificates.get((person_id, certification_id), ())
            if c.is_verified
            and not c.is_withdrawn
            and (end := first_uncounted_on(c)) is not None
            and c.issued_on < end <= on
        ]
        return max(ends, default=None)

    def completion(
        self,
        person_id: UUID,
        course_id: UUID,
        on: date,
        *,
        since: datetime | None = None,
        minimum_score: Decimal | None = None,
    ) -> Fulfilment | None:
        """The first completion of the course by the day, at or after `since`, with at least the score."""
        completed = [
            e.completed_at.date()
            for e in self._enrollments.get((person_id, course_id), ())
            if e.completed_at is not None
            and e.completed_at.date() <= on
            and (since is None or e.completed_at >= since)
            and (minimum_score is None or (e.final_score is not None and e.final_score >= minimum_score))
        ]
        return Fulfilment(min(completed), None) if completed else None

    def is_studying(self, person_id: UUID, course_id: UUID | None, certification_id: UUID | None, on: date) -> bool:
        """Whether an enrollment in the course, or in a course leading to the certification, is open on the day."""
        courses = {course_id} if course_id is not None else set()
        if course_id is None and certification_id is not None:
            courses.update(self._courses_by_certification.get(certification_id, ()))
        return any(
            e.enrolled_on <= on and (e.ended_on is None or e.ended_on > on)
            for course in courses
            for e in self._enrollments.get((person_id, course), ())
        )


@dataclass(frozen=True)
class OrganizationFacts:
    """Everything an evaluation of one organization needs, loaded set-wise."""

    organization_id: UUID
    memberships: Sequence[MembershipFacts]
    requirements: Sequence[RequirementFacts]
    recipients: Sequence[RecipientFacts]
    exemptions: Sequence[ExemptionFacts]
    evidence: Evidence
    _exempted: dict[tuple[UUID, UUID], list[ExemptionFacts]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_subject: dict[tuple[UUID, UUID], list[ExemptionFacts]] = defaultdict(list)
        for exemption in self.exemptions:
            by_subject[exemption.person_id, exemption.subject_id].append(exemption)
        object.__setattr__(self, "_exempted", by_subject)

    def is_exempted(self, person_id: UUID, subject_id: UUID | None, on: date) -> bool:
        if subject_id is None:
            return False
        return any(exemption.covers(on) for exemption in self._exempted.get((person_id, subject_id), ()))


def required_trainings(facts: OrganizationFacts, *, on: date) -> list[RequiredTraining]:
    """Every required training of every member on the day, one row per person and required training."""
    open_by_person: dict[UUID, list[MembershipFacts]] = defaultdict(list)
    for membership in sorted(facts.memberships, key=lambda m: (m.started_on, m.membership_id)):
        if membership.is_open_on(on):
            open_by_person[membership.person_id].append(membership)
    rows = [
        row
        for requirement in facts.requirements
        if requirement.holds_on(on)
        for person_id, memberships in open_by_person.items()
        if (row := _by_requirement(facts, requirement, person_id, memberships, on)) is not None
    ]
    rows.extend(
        _by_assignment(facts, recipient, open_by_person[recipient.person_id], on)
        for recipient in facts.recipients
        if recipient.person_id in open_by_person and is_required_assignment(recipient, on)
    )
    return rows


def is_required_assignment(recipient: RecipientFacts, on: date) -> bool:
    """Whether the assignment counts as a required training of its own on the day."""
    return (
        recipient.is_mandatory
        and recipient.requirement_id is None
        and recipient.assigned_at.date() <= on
        and (recipient.cancelled_on is None or recipient.cancelled_on > on)
    )


def requirement_fulfilment(
    evidence: Evidence, requirement: RequirementFacts, person_id: UUID, on: date
) -> Fulfilment | None:
    """What meets the requirement on the day: the certificate it needs, or the completed course that leads to none."""
    if requirement.needs_certification_id is not None:
        return evidence.holding(person_id, requirement.needs_certification_id, on)
    if requirement.course_id is None:
        return None
    return evidence.completion(person_id, requirement.course_id, on)


def recipient_fulfilment(evidence: Evidence, recipient: RecipientFacts, on: date) -> Fulfilment | None:
    """What meets the assignment: its course completed since, or before and the certificate it led to still counts."""
    person_id, course_id = recipient.person_id, recipient.course_id
    minimum = recipient.minimum_score
    since = evidence.completion(person_id, course_id, on, since=recipient.assigned_at, minimum_score=minimum)
    if since is not None or recipient.leads_to_certification_id is None:
        return since
    if evidence.completion(person_id, course_id, on, minimum_score=minimum) is None:
        return None
    return evidence.holding(person_id, recipient.leads_to_certification_id, on)


def recipient_status(
    facts: OrganizationFacts,
    recipient: RecipientFacts,
    requirement: RequirementFacts | None,
    *,
    on: date,
) -> tuple[TrainingStatus, Fulfilment | None]:
    """The seed's status of one assignment; one that serves a requirement is also met, or excused, by way of it."""
    fulfilment = recipient_fulfilment(facts.evidence, recipient, on)
    if fulfilment is None and requirement is not None:
        fulfilment = requirement_fulfilment(facts.evidence, requirement, recipient.person_id, on)
    status = required_training_status(
        on=on,
        due_on=recipient.due_on,
        is_exempted=facts.is_exempted(recipient.person_id, recipient.recipient_id, on)
        or facts.is_exempted(recipient.person_id, recipient.requirement_id, on),
        is_completed=fulfilment is not None,
        is_in_progress=facts.evidence.is_studying(recipient.person_id, recipient.course_id, None, on),
    )
    return status, fulfilment


def _by_requirement(
    facts: OrganizationFacts,
    requirement: RequirementFacts,
    person_id: UUID,
    memberships: Sequence[MembershipFacts],
    on: date,
) -> RequiredTraining | None:
    matching = [membership for membership in memberships if requirement.covers(membership)]
    if not matching:
        return None
    fulfilment = requirement_fulfilment(facts.evidence, requirement, person_id, on)
    lapsed_on = None
    if fulfilment is None and requirement.needs_certification_id is not None:
        lapsed_on = facts.evidence.lapsed_on(person_id, requirement.needs_certification_id, on)
    due_on = requirement_due_on(
        member_since=min(membership.started_on for membership in matching),
        effective_from=requirement.effective_from,
        due_within_days=requirement.due_within_days,
        lapsed_on=lapsed_on,
    )
    status = required_training_status(
        on=on,
        due_on=due_on,
        is_exempted=facts.is_exempted(person_id, requirement.requirement_id, on),
        is_completed=fulfilment is not None,
        is_in_progress=facts.evidence.is_studying(person_id, requirement.course_id, requirement.certification_id, on),
    )
    return RequiredTraining(
        organization_id=facts.organization_id,
        person_id=person_id,
        required_training_id=requirement.requirement_id,
        source=RequiredSource.REQUIREMENT,
        category=requirement.category,
        course_id=requirement.course_id,
        certification_id=requirement.needs_certification_id,
        team_id=_team_of(memberships),
        role=matching[0].role,
        due_on=due_on,
        status=status,
        completed_on=None if fulfilment is None else fulfilment.completed_on,
        valid_until=None if fulfilment is None else fulfilment.valid_until,
    )


def _by_assignment(
    facts: OrganizationFacts, recipient: RecipientFacts, memberships: Sequence[MembershipFacts], on: date
) -> RequiredTraining:
    status, fulfilment = recipient_status(facts, recipient, None, on=on)
    return RequiredTraining(
        organization_id=facts.organization_id,
        person_id=recipient.person_id,
        required_training_id=recipient.recipient_id,
        source=RequiredSource.ASSIGNMENT,
        category=recipient.category,
        course_id=recipient.course_id,
        certification_id=recipient.leads_to_certification_id,
        team_id=_team_of(memberships),
        role=memberships[0].role,
        due_on=recipient.due_on,
        status=status,
        completed_on=None if fulfilment is None else fulfilment.completed_on,
        valid_until=None if fulfilment is None else fulfilment.valid_until,
    )


def _team_of(memberships: Sequence[MembershipFacts]) -> UUID | None:
    """The team of the longest-standing open membership that has one."""
    return next((membership.team_id for membership in memberships if membership.team_id is not None), None)
