"""Loads the facts an evaluation needs, one query a table for a whole organization or a few people."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from operational_db.compliance.evaluation import (
    EnrollmentFacts,
    Evidence,
    ExemptionFacts,
    MembershipFacts,
    OrganizationFacts,
    RecipientFacts,
    RequirementFacts,
)
from operational_db.compliance.rules import category_of_course
from operational_db.credentials.rules import CertificateFacts
from operational_db.tables.catalog import Course
from operational_db.tables.compliance import (
    AssignmentRecipient,
    Exemption,
    TrainingAssignment,
    TrainingRequirement,
)
from operational_db.tables.credentials import Certificate
from operational_db.tables.identity import Membership
from operational_db.tables.learning import Enrollment
from operational_db.types import EnrollmentStatus, VerificationStatus

_LEADS_TO: ColumnElement[UUID | None] = case((Course.leads_to_certification, Course.certification_id))


def load_facts(
    session: Session,
    organization_id: UUID,
    *,
    person_ids: Collection[UUID] | None = None,
    requirement_id: UUID | None = None,
) -> OrganizationFacts:
    """Facts of one organization; all of its people unless some are named, all requirements unless one is named.

    With a requirement named, only what bears on it is read and assignments are left out.
    """
    scope: list[ColumnElement[bool]] = [TrainingRequirement.organization_id == organization_id]
    if requirement_id is not None:
        scope.append(TrainingRequirement.id == requirement_id)
    recipients = [] if requirement_id is not None else load_recipients(session, organization_id, person_ids=person_ids)
    memberships = _memberships(session, organization_id, person_ids)
    people = {membership.person_id for membership in memberships} | {recipient.person_id for recipient in recipients}
    return _gather(session, organization_id, memberships, _requirements(session, scope), recipients, people)


def load_facts_about(
    session: Session, organization_id: UUID, recipients: Sequence[RecipientFacts]
) -> OrganizationFacts:
    """Only what bears on these recipients of the organization's assignments; no memberships."""
    linked = {recipient.requirement_id for recipient in recipients if recipient.requirement_id is not None}
    scope = [TrainingRequirement.organization_id == organization_id, TrainingRequirement.id.in_(linked)]
    people = {recipient.person_id for recipient in recipients}
    return _gather(session, organization_id, [], _requirements(session, scope), recipients, people)


def _gather(
    session: Session,
    organization_id: UUID,
    memberships: Sequence[MembershipFacts],
    requirements: Sequence[RequirementFacts],
    recipients: Sequence[RecipientFacts],
    people: Collection[UUID],
) -> OrganizationFacts:
    certifications = {requirement.needs_certification_id for requirement in requirements}
    certifications |= {recipient.leads_to_certification_id for recipient in recipients}
    wanted = {certification for certification in certifications if certification is not None}
    leading = _courses_by_certification(session, wanted)
    courses = {r.course_id for r in requirements if r.course_id is not None} | {r.course_id for r in recipients}
    for requirement in requirements:
        if requirement.certification_id is not None:
            courses |= leading.get(requirement.certification_id, set())
    return OrganizationFacts(
        organization_id=organization_id,
        memberships=memberships,
        requirements=requirements,
        recipients=recipients,
        exemptions=_exemptions(session, organization_id, people),
        evidence=Evidence(_certificates(session, people, wanted), _enrollments(session, people, courses), leading),
    )


def load_recipients(
    session: Session, organization_id: UUID, *, person_ids: Collection[UUID] | None = None
) -> list[RecipientFacts]:
    """Everybody an assignment of the organization reached, the cancelled included."""
    conditions: list[ColumnElement[bool]] = [TrainingAssignment.organization_id == organization_id]
    if person_ids is not None:
        conditions.append(_is_among(AssignmentRecipient.person_id, person_ids))
    rows = session.execute(
        select(
            AssignmentRecipient.id,
            TrainingAssignment.id,
            TrainingAssignment.organization_id,
            AssignmentRecipient.person_id,
            TrainingAssignment.course_id,
            _LEADS_TO,
            TrainingAssignment.requirement_id,
            TrainingRequirement.category,
            Course.category,
            AssignmentRecipient.assigned_at,
            AssignmentRecipient.due_on,
            TrainingAssignment.is_mandatory,
            TrainingAssignment.minimum_score,
            AssignmentRecipient.cancelled_at,
        )
        .join(TrainingAssignment, TrainingAssignment.id == AssignmentRecipient.assignment_id)
        .join(Course, Course.id == TrainingAssignment.course_id)
        .outerjoin(TrainingRequirement, TrainingRequirement.id == TrainingAssignment.requirement_id)
        .where(*conditions)
        .order_by(AssignmentRecipient.assigned_at.desc(), AssignmentRecipient.id)
    )
    return [_to_recipient_facts(tuple(row)) for row in rows]


def _to_recipient_facts(columns: tuple[Any, ...]) -> RecipientFacts:
    """From the columns of the query above in their order; a row of so many has no static type to unpack."""
    requirement_category, course_category, cancelled_at = columns[7], columns[8], columns[13]
    return RecipientFacts(
        recipient_id=columns[0],
        assignment_id=columns[1],
        organization_id=columns[2],
        person_id=columns[3],
        course_id=columns[4],
        leads_to_certification_id=columns[5],
        requirement_id=columns[6],
        category=requirement_category or category_of_course(course_category).value,
        assigned_at=columns[9],
        due_on=columns[10],
        is_mandatory=columns[11],
        minimum_score=columns[12],
        cancelled_on=_day(cancelled_at),
    )


def _memberships(session: Session, organization_id: UUID, person_ids: Collection[UUID] | None) -> list[MembershipFacts]:
    conditions = [Membership.organization_id == organization_id]
    if person_ids is not None:
        conditions.append(_is_among(Membership.person_id, person_ids))
    rows = session.execute(
        select(
            Membership.id,
            Membership.person_id,
            Membership.role,
            Membership.team_id,
            Membership.started_on,
            Membership.ended_on,
        ).where(*conditions)
    )
    return [MembershipFacts(*row) for row in rows]


def _requirements(session: Session, conditions: Collection[ColumnElement[bool]]) -> list[RequirementFacts]:
    rows = session.execute(
        select(
            TrainingRequirement.id,
            TrainingRequirement.organization_id,
            TrainingRequirement.course_id,
            TrainingRequirement.certification_id,
            func.coalesce(TrainingRequirement.certification_id, _LEADS_TO),
            TrainingRequirement.category,
            TrainingRequirement.role,
            TrainingRequirement.team_id,
            TrainingRequirement.due_within_days,
            TrainingRequirement.effective_from,
            TrainingRequirement.ended_on,
        )
        .outerjoin(Course, Course.id == TrainingRequirement.course_id)
        .where(*conditions)
        .order_by(TrainingRequirement.id)
    )
    return [RequirementFacts(*row) for row in rows]


def _exemptions(session: Session, organization_id: UUID, person_ids: Collection[UUID]) -> list[ExemptionFacts]:
    rows = session.execute(
        select(
            Exemption.person_id,
            func.coalesce(Exemption.requirement_id, Exemption.recipient_id),
            Exemption.starts_on,
            Exemption.ends_on,
            Exemption.ended_at,
        ).where(Exemption.organization_id == organization_id, _is_among(Exemption.person_id, person_ids))
    )
    return [
        ExemptionFacts(person, subject, start, end, _day(ended_at)) for person, subject, start, end, ended_at in rows
    ]


def _certificates(
    session: Session, person_ids: Collection[UUID], certification_ids: Collection[UUID]
) -> list[CertificateFacts]:
    if not certification_ids:
        return []
    rows = session.execute(
        select(
            Certificate.id,
            Certificate.person_id,
            Certificate.certification_id,
            Certificate.issued_on,
            Certificate.expires_on,
            Certificate.revoked_from,
            Certificate.withdrawn_at.is_not(None),
            Certificate.verification_status == VerificationStatus.VERIFIED,
        ).where(_is_among(Certificate.person_id, person_ids), Certificate.certification_id.in_(certification_ids))
    )
    return [CertificateFacts(*row) for row in rows]


def _enrollments(session: Session, person_ids: Collection[UUID], course_ids: Collection[UUID]) -> list[EnrollmentFacts]:
    if not course_ids:
        return []
    rows = session.execute(
        select(
            Enrollment.person_id,
            Enrollment.course_id,
            Enrollment.enrolled_at,
            Enrollment.ended_at,
            Enrollment.status,
            Enrollment.final_score,
        ).where(_is_among(Enrollment.person_id, person_ids), Enrollment.course_id.in_(course_ids))
    )
    return [
        EnrollmentFacts(
            person_id=person_id,
            course_id=course_id,
            enrolled_on=enrolled_at.date(),
            ended_on=_day(ended_at),
            completed_at=ended_at if status is EnrollmentStatus.COMPLETED else None,
            final_score=final_score,
        )
        for person_id, course_id, enrolled_at, ended_at, status, final_score in rows
    ]


def _courses_by_certification(session: Session, certification_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    courses: dict[UUID, set[UUID]] = defaultdict(set)
    if certification_ids:
        rows = session.execute(
            select(Course.certification_id, Course.id).where(
                Course.leads_to_certification, Course.certification_id.in_(certification_ids)
            )
        )
        for certification_id, course_id in rows:
            if certification_id is not None:
                courses[certification_id].add(course_id)
    return courses


def _is_among(column: InstrumentedAttribute[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """One array parameter instead of one parameter an id, so that tens of thousands of people fit in a statement."""
    return column == func.any(list(ids))


def _day(instant: datetime | None) -> date | None:
    return None if instant is None else instant.date()
